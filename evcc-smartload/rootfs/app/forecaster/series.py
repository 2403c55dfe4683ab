"""Quarter-hour series as arrays: what the forecasters compute with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from domain.forecast import BandSeries
from domain.horizon import SLOT, SLOT_H

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

LEVELS: tuple[float, ...] = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
"""The quantiles every forecaster gives, rising."""


def n_slots_between(start: datetime, end: datetime) -> int:
    """Return the whole quarter hours from ``start`` to ``end``; negative when it lies before.

    Raises:
        ValueError: The two are not a whole number of quarter hours apart.
    """
    n_slots, rest = divmod(end - start, SLOT)
    if rest:
        raise ValueError(f"{start} and {end} do not lie on one grid of quarter hours")
    return n_slots


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotSeries:
    """Values of consecutive quarter hours from ``start`` (aware UTC) on; NaN is not known."""

    start: datetime
    values: FloatArray

    @property
    def end(self) -> datetime:
        """The end of the last slot (outside)."""
        return self.start + len(self.values) * SLOT

    def between(self, start: datetime, end: datetime) -> "SlotSeries":
        """Return the slots from ``start`` to ``end``, NaN where this series has none."""
        n_slots = max(0, n_slots_between(start, end))
        values = np.full(n_slots, np.nan)
        offset = n_slots_between(self.start, start)
        first, last = max(0, offset), min(len(self.values), offset + n_slots)
        if first < last:
            values[first - offset : last - offset] = self.values[first:last]
        return SlotSeries(start=start, values=values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """A forecast: ``values[i]`` is the quantile ``levels[i]`` of each slot from ``start`` on.

    Shape of ``values``: (n_levels, n_slots). Levels rise, and so do the values of each slot.
    """

    start: datetime
    values: FloatArray
    levels: tuple[float, ...] = LEVELS

    @property
    def n_slots(self) -> int:
        """The number of slots."""
        return int(self.values.shape[1])

    @property
    def end(self) -> datetime:
        """The end of the last slot (outside)."""
        return self.start + self.n_slots * SLOT

    def at(self, level: float) -> FloatArray:
        """Return the quantile ``level`` of every slot, interpolated, held beyond the outer ones."""
        if level in self.levels:
            return np.asarray(self.values[self.levels.index(level)])
        position = float(np.interp(level, self.levels, range(len(self.levels))))
        below = int(position)
        above = min(below + 1, len(self.levels) - 1)
        share = position - below
        return np.asarray(self.values[below] * (1.0 - share) + self.values[above] * share)

    def to_band_series(self, digits: int = 3) -> BandSeries:
        """Return middle and 80 % band in the form that is stored and shown."""
        low, middle, high = (to_tuple(self.at(level), digits) for level in (0.1, 0.5, 0.9))
        return BandSeries(start=self.start, p10=low, p50=middle, p90=high)


def to_tuple(values: FloatArray, digits: int = 3) -> tuple[float | None, ...]:
    """Return values in the form that is stored and shown: rounded, not known as None."""
    rounded = np.round(values, digits).tolist()
    known = np.isfinite(values)
    if known.all():
        return tuple(rounded)
    return tuple(
        value if is_known else None for value, is_known in zip(rounded, known.tolist(), strict=True)
    )


def to_kwh(values_kw: FloatArray) -> FloatArray:
    """Return the energies [kWh] of quarter hours with these mean powers [kW]."""
    return values_kw * SLOT_H


def series_of(start: datetime, values: Sequence[float | None]) -> SlotSeries:
    """Return a series of ``values``; None becomes not known."""
    return SlotSeries(start=start, values=to_array(values))


@lru_cache(maxsize=64)
def kept_array(values: tuple[float | None, ...]) -> FloatArray:
    """Return ``values`` as ``to_array`` does, but made once: nobody may write to it."""
    array = to_array(values)
    array.setflags(write=False)
    return array


def to_array(values: Sequence[float | None]) -> FloatArray:
    """Return ``values`` as an array; None becomes not known."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
