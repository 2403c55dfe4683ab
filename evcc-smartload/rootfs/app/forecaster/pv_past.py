"""What a roof gave and what the provider had said about it, cut into days that end at the issue.

A row is 24 hours, counted back from the slot in which the forecast is made, so that column ``j``
of every row has the lead and the sun of the slots ``j``, ``j + 96`` and so on of the forecast. Rows
are 24 hours of UTC: the sun does not know about clock changes, so days of 23 and 25 hours need no
care.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from domain.horizon import SLOTS_PER_DAY
from forecaster.series import BoolArray, FloatArray, SlotSeries, n_slots_between

ONE_DAY = timedelta(days=1)
# Two months: long enough for errors at every level, short enough for one season.
MAX_ROWS = 60
# The lead that decides what the roof's correction is learned from: a day ahead, or the nearest.
MAIN_LEAD = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class PvPast:
    """A roof's past.

    Args:
        measured: Mean power [kW]; NaN was not measured.
        said: The provider's power [kW] as it was known that long before each slot; any lead, or
            all, may be missing.
        excluded: True where the PV was held back, as long as ``measured``; None: nowhere.
    """

    measured: SlotSeries
    said: Mapping[timedelta, SlotSeries] = field(default_factory=dict)
    excluded: BoolArray | None = None

    def __post_init__(self) -> None:
        if self.excluded is not None and len(self.excluded) != len(self.measured.values):
            raise ValueError("excluded must be as long as measured")


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDays:
    """The last days before ``start``, shape (n_days, 96) each [kW]; the last row ends there.

    ``measured_kw`` is everything measured, ``learnt_kw`` only what says something about the sun.
    """

    start: datetime
    measured_kw: FloatArray
    learnt_kw: FloatArray
    said_kw: Mapping[timedelta, FloatArray]

    @property
    def n_days(self) -> int:
        """The number of rows."""
        return len(self.measured_kw)

    @property
    def evidence_days(self) -> float:
        """How many days' worth of measurements there are."""
        return float(np.isfinite(self.learnt_kw).sum()) / SLOTS_PER_DAY

    def main_said_kw(self) -> FloatArray:
        """Return what was said about a day ahead, else at the nearest lead that is known."""
        said = np.full_like(self.measured_kw, np.nan)
        for lead in sorted(self.said_kw, key=lambda lead: abs(lead - MAIN_LEAD)):
            said = np.where(np.isnan(said), self.said_kw[lead], said)
        return said


def past_days(past: PvPast, start: datetime, curtailed: BoolArray) -> PastDays:
    """Cut a past into the days before ``start``.

    Args:
        past: Anything after ``start`` is not looked at.
        start: The slot in which the forecast is made.
        curtailed: Slots of ``past.measured`` that say nothing about the sun.
    """
    oldest = min([past.measured.start, *(said.start for said in past.said.values())])
    n_days = min(MAX_ROWS, max(1, -(-n_slots_between(oldest, start) // SLOTS_PER_DAY)))
    learnt = np.where(curtailed, np.nan, past.measured.values)

    def rows(values: FloatArray, first: datetime) -> FloatArray:
        series = SlotSeries(start=first, values=values)
        return series.between(start - n_days * ONE_DAY, start).values.reshape(-1, SLOTS_PER_DAY)

    return PastDays(
        start=start,
        measured_kw=rows(past.measured.values, past.measured.start),
        learnt_kw=rows(learnt, past.measured.start),
        said_kw={lead: rows(said.values, said.start) for lead, said in past.said.items()},
    )


def day_weights(n_days: int, half_life_days: float, n_until: int | None = None) -> FloatArray:
    """Return how much each day counts for each later one, shape (n_until, n_days).

    Row ``d`` holds the weights of the days before day ``d``; it sees neither that day nor a later
    one. ``n_until`` is ``n_days`` + 1 by default: the last row is for the coming day.
    """
    until = np.arange(n_days + 1 if n_until is None else n_until)
    age = until[:, np.newaxis] - np.arange(n_days)[np.newaxis, :] - 1
    return np.where(age >= 0, 0.5 ** (np.maximum(age, 0) / half_life_days), 0.0)
