"""From one value a minute to quarter hours: time-weighted means, and gaps that stay gaps.

evcc writes a point in each of its cycles: every 30 s by default, every few minutes at the slowest,
and out of turn when something happens, so a plain mean would count the busy minutes twice. Here
each minute counts once, with the mean of its points. A minute without a point keeps the one before
for up to ``LONGEST_HOLD_MIN`` minutes; a quarter hour with a minute that is still unknown is a gap.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

LONGEST_HOLD_MIN = 5
"""How long a value stands in for minutes without one; evcc itself restarts well within this."""
MINUTES_PER_QUARTER = 15
MOST_KW = 200.0
"""More than any home's connection carries; what is above it is a fault of a meter."""

_MINUTE_S = 60
_W_PER_KW = 1000.0
_QUARTERS_PER_HOUR = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class MinuteSpan:
    """A range of whole quarter hours, seen minute by minute, with what the hold needs before it.

    ``start_s`` is the Unix time of the first quarter hour [s].
    """

    start_s: int
    n_quarters: int

    @property
    def first_minute_s(self) -> int:
        """Where the series begin: ``LONGEST_HOLD_MIN`` before the first quarter hour."""
        return self.start_s - LONGEST_HOLD_MIN * _MINUTE_S

    @property
    def end_s(self) -> int:
        """The end of the last quarter hour."""
        return self.start_s + self.n_quarters * MINUTES_PER_QUARTER * _MINUTE_S

    def series(self, values: Mapping[int, float] | Iterable[tuple[int, float]]) -> FloatArray:
        """Return one value a minute from values by Unix time [s]; NaN where there is none."""
        pairs = values.items() if isinstance(values, Mapping) else values
        n_minutes = (self.end_s - self.first_minute_s) // _MINUTE_S
        series = np.full(n_minutes, np.nan)
        for time_s, value in pairs:
            index = (time_s - self.first_minute_s) // _MINUTE_S
            if 0 <= index < n_minutes:
                series[index] = value
        return series


def quarter_kwh(minutes_w: FloatArray) -> FloatArray:
    """Return the energy of each quarter hour [kWh]; NaN is a gap.

    Args:
        minutes_w: Power by the minute [W], from ``MinuteSpan.series``; NaN where nothing was
            recorded.
    """
    known_w = np.where(np.abs(minutes_w) > MOST_KW * _W_PER_KW, np.nan, minutes_w)
    by_quarter = held(known_w)[LONGEST_HOLD_MIN:].reshape(-1, MINUTES_PER_QUARTER)
    kwh: FloatArray = by_quarter.mean(axis=1) / _W_PER_KW / _QUARTERS_PER_HOUR
    return kwh


def at_quarter_starts(minutes: FloatArray) -> FloatArray:
    """Return a state (not a flow) at the start of each quarter hour; NaN where it is unknown.

    That is the value of the minute before, else of the first minute after.
    """
    known = held(minutes)
    before = known[LONGEST_HOLD_MIN - 1 : -1 : MINUTES_PER_QUARTER]
    after = known[LONGEST_HOLD_MIN::MINUTES_PER_QUARTER]
    return np.where(np.isnan(before), after, before)


def held(minutes: FloatArray) -> FloatArray:
    """Return ``minutes`` with each value kept for up to ``LONGEST_HOLD_MIN`` minutes after it."""
    result = minutes.copy()
    for age_min in range(1, LONGEST_HOLD_MIN + 1):
        older = np.full_like(minutes, np.nan)
        older[age_min:] = minutes[:-age_min]
        result = np.where(np.isnan(result), older, result)
    return result
