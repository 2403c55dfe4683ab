"""Fills what was not measured, so that a home can live through it, and finds the long holes."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

import numpy as np

from domain.horizon import SLOTS_PER_DAY
from forecaster.local_slots import local_slots
from forecaster.series import BoolArray, FloatArray

SHORT_GAP_SLOTS = 4
"""So much in a row [slots] is drawn as a line between its neighbours and counts as measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Consecutive slots, ``first`` to ``last`` (outside)."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first


def runs_of(mask: BoolArray) -> list[Run]:
    """Return where ``mask`` is true without a break."""
    padded = np.concatenate(([False], mask, [False])).astype(np.int8)
    edges = np.flatnonzero(np.diff(padded)).tolist()
    return [
        Run(first=first, last=last) for first, last in zip(edges[::2], edges[1::2], strict=True)
    ]


def bridged(values: FloatArray) -> FloatArray:
    """Return ``values`` with gaps of at most an hour drawn as lines; longer ones stay NaN."""
    result = values.copy()
    known = np.isfinite(values)
    for gap in runs_of(~known):
        if len(gap) <= SHORT_GAP_SLOTS and gap.first > 0 and gap.last < len(values):
            ends = (values[gap.first - 1], values[gap.last])
            result[gap.first : gap.last] = np.linspace(*ends, len(gap) + 2)[1:-1]
    return result


def filled(values: FloatArray, start: datetime, zone: tzinfo) -> FloatArray:
    """Return ``values`` with each gap filled from the same local time of the nearest known day.

    That is the last one before it, or the first one after it where there is none; zero where a
    time of day is not known on any day.
    """
    gaps = ~np.isfinite(values)
    if not gaps.any():
        return values
    at = local_slots(start, len(values), zone)
    day = at.days - at.days[0]
    rows = np.full((int(day[-1]) + 1, SLOTS_PER_DAY), np.nan)
    rows[day[~gaps], at.slots[~gaps]] = values[~gaps]
    before = _carried(rows)
    after = _carried(rows[::-1])[::-1]
    carried = np.nan_to_num(np.where(np.isfinite(before), before, after))
    return np.where(gaps, carried[day, at.slots], values)


def _carried(rows: FloatArray) -> FloatArray:
    """Return ``rows`` with what is not known taken from the row above."""
    known = np.isfinite(rows)
    sources = np.where(known, np.arange(len(rows))[:, None], 0)
    np.maximum.accumulate(sources, axis=0, out=sources)
    return np.asarray(rows[sources, np.arange(rows.shape[1])])
