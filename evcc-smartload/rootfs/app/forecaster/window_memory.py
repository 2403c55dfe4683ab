"""What past forecasts teach about windows, as the service goes on: one object to wire."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.forecast import WindowEnergy
from domain.horizon import SLOT, slot_start
from forecaster.scenarios import RankArchive, rank_path
from forecaster.series import Bands, SlotSeries
from forecaster.windows import WindowCalibration, need_kwh, window_energy

# Paths of one hour are hardly different; those of two days are still waiting for what comes.
APART = timedelta(hours=1)
JUDGED_APART = timedelta(hours=6)
JUDGED_H = (6, 12, 24)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowVerdict:
    """Whether the need of a window that is over lay within its 80 % band."""

    end: datetime
    is_inside: bool


class WindowMemory:
    """Past paths and what windows turned out to be; belongs to one thread.

    Every hour an issue is kept until all of it came. Every six hours the needs of the next 6, 12
    and 24 hours are said, to be held against what comes, whatever windows the owner sees.
    """

    def __init__(self, calibration: WindowCalibration | None = None) -> None:
        """Begin with nothing but a calibration that was kept."""
        self.ranks = RankArchive()
        self.calibration = calibration or WindowCalibration()
        self._waiting: list[tuple[Bands, Bands | None]] = []
        self._said: list[WindowEnergy] = []
        self._judged_at: datetime | None = None
        self._learned_at: datetime | None = None
        self._verdicts: list[WindowVerdict] = []

    def take_verdicts(self) -> list["WindowVerdict"]:
        """Return what came of the windows that ended since the last call."""
        verdicts, self._verdicts = self._verdicts, []
        return verdicts

    def note(self, load: Bands, pv: Bands | None) -> None:
        """Take in what is said now; more often than every hour does no harm."""
        if self._waiting and load.start - self._waiting[-1][0].start < APART:
            return
        self._waiting.append((load, pv))
        if self._judged_at is None or load.start - self._judged_at >= JUDGED_APART:
            self._judged_at = load.start
            self._say(load, pv)

    def fill(self, issues: Iterable[tuple[Bands, Bands | None]]) -> None:
        """Take in what a store kept of past issues, the oldest first; then ``learn``."""
        self._waiting[:0] = issues

    def learn(self, now: datetime, load_kw: SlotSeries, pv_kw: SlotSeries | None) -> None:
        """Hold what was said against what came until ``now``, at most once an hour.

        Args:
            now: Aware UTC; what is measured later is not looked at.
            load_kw: House load [kW]; NaN was not measured. Must reach two days back.
            pv_kw: The same of PV; None is a home without.
        """
        if self._learned_at is not None and now - self._learned_at < APART:
            return
        self._learned_at = now
        until = slot_start(now)
        load_kw = load_kw.between(load_kw.start, until)
        pv_kw = None if pv_kw is None else pv_kw.between(pv_kw.start, until)
        self.ranks = self.ranks.with_paths(
            rank_path(load, pv, load_kw, pv_kw)
            for load, pv in self._waiting
            if load.start + APART <= now
        )
        self._waiting = [one for one in self._waiting if one[0].end > now]
        for said in [one for one in self._said if one.end <= now]:
            house = load_kw.between(said.start, said.end).values
            roof = 0.0 * house if pv_kw is None else pv_kw.between(said.start, said.end).values
            need = need_kwh(house, roof)
            self.calibration = self.calibration.learned(said, need)
            if math.isfinite(need):
                is_inside = said.p10_kwh <= need <= said.p90_kwh
                self._verdicts.append(WindowVerdict(end=said.end, is_inside=is_inside))
        self._said = [one for one in self._said if one.end > now]

    def _say(self, load: Bands, pv: Bands | None) -> None:
        for hours in JUDGED_H:
            end = load.start + timedelta(hours=hours)
            if end - load.start > load.n_slots * SLOT:
                continue
            said = window_energy(
                load, pv, self.ranks, load.start, end, calibration=self.calibration
            )
            if said is not None:
                self._said.append(said)
