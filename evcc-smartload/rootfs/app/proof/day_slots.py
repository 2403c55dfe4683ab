"""Which quarter hours are a local day, and whether enough of them was measured."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise

import numpy as np

from domain.horizon import SLOT
from forecaster.local_slots import local_slots
from forecaster.series import BoolArray, FloatArray

LEAST_MEASURED_FRAC = 0.9
"""A day counts when at least so much of it was measured: at most ten of its 96 quarter hours, two
and a half hours, are then filled values, which are the same for all policies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySlots:
    """A local day: where its quarter hours stand in the arrays of a period.

    ``n_whole`` is how many the day has: 92, 96 or 100. ``slots`` are fewer on a day that the period
    begins or ends in.
    """

    day: date
    slots: slice
    n_whole: int

    def has(self, slot: int) -> bool:
        """Return whether this index of the period's arrays is on this day."""
        return bool(self.slots.start <= slot < self.slots.stop)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PricedSlots:
    """What is the same for all policies, per quarter hour, shape (n_slots,).

    ``start`` is aware UTC, ``zone`` says where days begin, ``is_measured`` is where load, PV and
    price were really measured.
    """

    start: datetime
    zone: tzinfo
    import_price_eur_per_kwh: FloatArray
    export_price_eur_per_kwh: FloatArray
    is_measured: BoolArray

    def days(self) -> tuple[DaySlots, ...]:
        """Return the local days that these quarter hours touch, in order."""
        return days_of(self.start, len(self.is_measured), self.zone)

    def is_enough(self, day: DaySlots) -> bool:
        """Return whether a day counts; one that the period cuts off lacks what lies outside."""
        return is_enough(self.is_measured, day)


def midnight_of(day: date, zone: tzinfo) -> datetime:
    """Return when a local day begins, aware UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def is_enough(is_measured: BoolArray, day: DaySlots) -> bool:
    """Return whether enough of a day was measured for it to count."""
    return int(is_measured[day.slots].sum()) >= LEAST_MEASURED_FRAC * day.n_whole


def days_of(start: datetime, n_slots: int, zone: tzinfo) -> tuple[DaySlots, ...]:
    """Return the local days that ``n_slots`` quarter hours from ``start`` (aware UTC) on touch."""
    if not n_slots:
        return ()
    ordinals = local_slots(start, n_slots, zone).days
    cuts = [0, *(np.flatnonzero(np.diff(ordinals)) + 1).tolist(), n_slots]
    return tuple(
        DaySlots(
            day=(day := date.fromordinal(int(ordinals[first]))),
            slots=slice(first, end),
            n_whole=_n_slots_of(day, zone),
        )
        for first, end in pairwise(cuts)
    )


def _n_slots_of(day: date, zone: tzinfo) -> int:
    return (midnight_of(day + timedelta(days=1), zone) - midnight_of(day, zone)) // SLOT
