"""Where quarter hours stand in the local day: profiles follow the clock on the wall."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from domain.horizon import SLOT, SLOTS_PER_DAY

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSlots:
    """The local day (proleptic ordinal) and the slot of that day, 0..95, of consecutive slots.

    On a day with 23 hours four slots do not occur; on one with 25 hours four occur twice.
    """

    days: IntArray
    slots: IntArray


def local_slots(start: datetime, n_slots: int, zone: tzinfo) -> LocalSlots:
    """Return where each of ``n_slots`` quarter hours from ``start`` (aware UTC) on stands."""
    first = start.astimezone(UTC)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    into_day, first_day = (first - midnight) // SLOT, first.toordinal()
    n_days = -(-(into_day + n_slots) // SLOTS_PER_DAY)
    offsets = [_offsets_in_slots(first_day + day, zone) for day in range(n_days)]
    positions = into_day + np.arange(n_slots)
    if offsets:
        positions += np.concatenate(offsets)[into_day : into_day + n_slots]
    return LocalSlots(days=first_day + positions // SLOTS_PER_DAY, slots=positions % SLOTS_PER_DAY)


# Two years' days: every forecast looks the same months up again.
@lru_cache(maxsize=800)
def _offsets_in_slots(day: int, zone: tzinfo) -> IntArray:
    """Return the local time's offset from UTC, in slots, of each slot of a day of UTC."""
    midnight = datetime.fromordinal(day).replace(tzinfo=UTC)

    def offset_of(slot: int) -> int:
        local = (midnight + slot * SLOT).astimezone(zone)
        return (local.utcoffset() or timedelta(0)) // SLOT

    first, last = offset_of(0), offset_of(SLOTS_PER_DAY - 1)
    if first == last:
        return np.full(SLOTS_PER_DAY, first, dtype=np.int64)
    return np.array([offset_of(slot) for slot in range(SLOTS_PER_DAY)], dtype=np.int64)
