"""How what happened lay within what was said, followed issue by issue: ranks and windows."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from domain.forecast import ForecastKind
from domain.horizon import SLOT, SLOTS_PER_DAY, slot_start
from forecaster.scenarios import RankArchive, bands_of, rank_path
from forecaster.series import Bands
from forecaster.windows import need_kwh, window_energy
from home_past import HomePast
from storage.history_store import HistoryStore
from track_record import TrackRecord

# Issues whose course is followed to its end: often enough for every time of day.
FOLLOWED_EVERY = timedelta(hours=3)
# Lengths of the windows that are judged, whatever the owner looks at.
JUDGED_WINDOWS = (timedelta(hours=6), timedelta(hours=12), timedelta(hours=24))
FEWEST_SLOTS = 2 * SLOTS_PER_DAY
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Followed:
    """What was said at an issue, until its course is known."""

    load: Bands
    pv: Bands


class Courses:
    """Keeps the ranks of past issues, and lets windows teach; belongs to the cycle's thread."""

    def __init__(self, past: HomePast, record: TrackRecord) -> None:
        """Begin without a course."""
        self._past = past
        self._record = record
        self._ranks = RankArchive()
        self._followed: deque[_Followed] = deque()

    @property
    def ranks(self) -> RankArchive:
        """The courses that are known to their end."""
        return self._ranks

    def follow(self, now: datetime, load: Bands, pv: Bands | None) -> None:
        """Remember what was said now and then, and turn what has come to its end into ranks."""
        sun = pv or Bands(start=load.start, values=np.zeros_like(load.values))
        last = self._followed[-1].load.start if self._followed else None
        if last is None or load.start - last >= FOLLOWED_EVERY:
            self._followed.append(_Followed(load=load, pv=sun))
            for length in JUDGED_WINDOWS:
                said = window_energy(
                    load,
                    sun,
                    self._ranks,
                    load.start,
                    load.start + length,
                    calibration=self._record.calibration,
                )
                if said is not None:
                    self._record.open_window(said)
        while self._followed and self._followed[0].load.end <= now:
            followed = self._followed.popleft()
            self.add_path(followed.load, followed.pv)

    def add_path(self, load: Bands, pv: Bands) -> None:
        """Take in what was said at an issue whose course is known by now."""
        start, end = load.start, load.end
        self._ranks = self._ranks.with_path(
            rank_path(
                load,
                pv,
                self._past.measured_kw(ForecastKind.LOAD, start, end),
                self._past.measured_kw(ForecastKind.PV, start, end),
            )
        )

    def judge_windows(self, now: datetime) -> None:
        """Let the windows that are over teach."""
        for said in self._record.take_ended(slot_start(now)):
            load, pv = (
                self._past.measured_kw(kind, said.start, said.end).values
                for kind in (ForecastKind.LOAD, ForecastKind.PV)
            )
            # A home without PV has none at all, which is not the same as one that was not read.
            if not np.isfinite(self._past.pv_kw(slot_start(now)).values).any():
                pv = np.zeros_like(load)
            self._record.learn_window(said, need_kwh(load, pv))

    def read_day(self, store: HistoryStore, midnight: datetime, now: datetime) -> None:
        """Follow what was said on a day before this start to its end, from the store."""
        for turn in range(ONE_DAY // FOLLOWED_EVERY):
            at = midnight + turn * FOLLOWED_EVERY
            said = [
                store.read_issued(kind, at, at + SLOT)
                for kind in (ForecastKind.LOAD, ForecastKind.PV)
            ]
            if not said[0] or len(said[0][0].band) < FEWEST_SLOTS:
                continue
            load = bands_of(said[0][0].band)
            pv = Bands(start=load.start, levels=load.levels, values=np.zeros_like(load.values))
            if said[1] and said[1][0].band.start == load.start:
                pv = bands_of(said[1][0].band)
            if load.end <= now and np.isfinite(load.values).all() and pv.n_slots == load.n_slots:
                self.add_path(load, pv)
