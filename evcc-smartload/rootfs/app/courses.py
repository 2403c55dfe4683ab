"""How what happened lay within what was said, issue by issue: what windows are made from."""

from datetime import datetime, timedelta

import numpy as np

from domain.forecast import ForecastKind
from domain.horizon import SLOT, SLOTS_PER_DAY, slot_start
from forecaster.scenarios import KEEP, RankArchive, bands_of
from forecaster.series import Bands
from forecaster.window_memory import APART, WindowMemory
from forecaster.windows import WindowCalibration
from home_past import HomePast
from storage.history_store import HistoryStore
from track_record import TrackRecord

FEWEST_SLOTS = 2 * SLOTS_PER_DAY
ONE_DAY = timedelta(days=1)
# Of a day that the store remembers; each is read on its own.
READ_EVERY = 3 * APART


class Courses:
    """Keeps a window memory on what was measured and said; belongs to the cycle's thread."""

    def __init__(self, past: HomePast, record: TrackRecord) -> None:
        """Begin with the calibration that is on record."""
        self._past = past
        self._record = record
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget every path: the clock leapt, and what it said before belongs to another time."""
        self._memory = WindowMemory(self._record.calibration)
        self._said_at: set[datetime] = set()

    @property
    def ranks(self) -> RankArchive:
        """How past outcomes lay within what was said."""
        return self._memory.ranks

    @property
    def calibration(self) -> WindowCalibration:
        """What past windows taught."""
        return self._memory.calibration

    def follow(self, now: datetime, load: Bands, pv: Bands | None) -> None:
        """Learn from what came until now, and remember what is said now."""
        start, until = slot_start(now) - KEEP, slot_start(now)
        sun = self._past.measured_kw(ForecastKind.PV, start, until)
        has_sun = bool(np.isfinite(sun.values).any())
        house = self._past.measured_kw(ForecastKind.LOAD, start, until)
        self._memory.learn(now, house, sun if has_sun else None)
        self._record.note_windows(self._memory.calibration, self._memory.take_verdicts())
        self._memory.note(load, pv)
        self._said_at = {at for at in self._said_at if at >= start} | {load.start}

    def fill(self, load: Bands, pv: Bands | None) -> None:
        """Take in what would have been said at an issue of the past, unless something was."""
        if load.start not in self._said_at:
            self._memory.fill([(load, pv)])

    def read_day(self, store: HistoryStore, midnight: datetime) -> None:
        """Take in what the store has of a day: what was said from its ``midnight`` on."""
        issues: list[tuple[Bands, Bands | None]] = []
        for turn in range(ONE_DAY // READ_EVERY):
            at = midnight + turn * READ_EVERY
            loads, suns = (
                store.read_issued(kind, at, at + SLOT)
                for kind in (ForecastKind.LOAD, ForecastKind.PV)
            )
            if not loads or len(loads[0].band) < FEWEST_SLOTS:
                continue
            load, pv = bands_of(loads[0].band), None
            if suns and suns[0].band.start == load.start and len(suns[0].band) == load.n_slots:
                pv = bands_of(suns[0].band)
            if np.isfinite(load.values).all():
                issues.append((load, pv))
        self._memory.fill(issues)
        self._said_at.update(load.start for load, _ in issues)
