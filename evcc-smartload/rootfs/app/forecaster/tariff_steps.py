"""Tariffs that repeat exactly: fixed ones, day and night zones, other steps on weekends.

Such a tariff is not forecast, it is continued: the price of a slot is the one of the same local
slot on the last day of its kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from domain.horizon import SLOTS_PER_DAY
from forecaster.series import FloatArray

# A day-ahead market has as many prices as hours; contracts with zones have two or three, four with
# an expensive evening.
MOST_ZONES = 4
DAYS_TO_AGREE = 7
# After a change of the contract so many whole days under the new one are enough.
DAYS_AFTER_A_CHANGE = 3
# Prices are given in tenths of a cent or finer; below this two are the same.
SAME_EUR_PER_KWH = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTariff:
    """What a step tariff costs on a day: low, middle and high, each of shape (96,) [EUR/kWh].

    The three are one where a day of this kind was seen.
    """

    by_kind: dict[int, FloatArray]
    newest: FloatArray
    lowest: float
    highest: float

    def day(self, kind: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the prices of a day of this kind (0 workday, 1 Saturday, 2 Sunday, holiday)."""
        seen = self.by_kind.get(kind)
        if seen is not None:
            return seen, seen, seen
        low, high = np.full(SLOTS_PER_DAY, self.lowest), np.full(SLOTS_PER_DAY, self.highest)
        return low, self.newest, high


def recognise_steps(days: FloatArray, kinds: Sequence[int]) -> StepTariff | None:
    """Return the step tariff that explains the newest days; None when none does.

    Args:
        days: Prices [EUR/kWh] by local day and slot of the day, shape (n_days, 96), the oldest
            first; NaN is not known (a day with 23 hours has four such slots). At least one day
            must be known as a whole.
        kinds: The kind of each of these days.
    """
    newest = days[-DAYS_TO_AGREE:]
    known = newest[np.isfinite(newest)]
    whole = np.isfinite(newest).sum(axis=1) >= SLOTS_PER_DAY - 4
    if not whole.any() or _n_different(known) > MOST_ZONES:
        return None
    by_kind: dict[int, FloatArray] = {}
    n_agreeing = 0
    for row in reversed(range(max(0, len(days) - DAYS_TO_AGREE), len(days))):
        day, kind = days[row], kinds[row]
        seen = by_kind.get(kind, np.full(SLOTS_PER_DAY, np.nan))
        both = np.isfinite(seen) & np.isfinite(day)
        if (np.abs(seen[both] - day[both]) > SAME_EUR_PER_KWH).any():
            if n_agreeing < DAYS_AFTER_A_CHANGE:
                return None
            break
        by_kind[kind] = np.where(np.isnan(seen), day, seen)
        n_agreeing += _is_whole(day)
    return StepTariff(
        by_kind={kind: _without_gaps(day) for kind, day in by_kind.items() if _is_whole(day)},
        newest=_without_gaps(newest[np.flatnonzero(whole)[-1]]),
        lowest=float(known.min()),
        highest=float(known.max()),
    )


def _is_whole(day: FloatArray) -> bool:
    return bool(np.isfinite(day).sum() >= SLOTS_PER_DAY - 4)


def _n_different(prices: FloatArray) -> int:
    ranked = np.sort(prices)
    return 1 + int((np.diff(ranked) > SAME_EUR_PER_KWH).sum())


def _without_gaps(day: FloatArray) -> FloatArray:
    """Hold the price before through the hour that a spring day leaves out."""
    known = np.flatnonzero(np.isfinite(day))
    before = np.maximum(np.searchsorted(known, np.arange(len(day)), side="right") - 1, 0)
    return np.asarray(day[known[before]])
