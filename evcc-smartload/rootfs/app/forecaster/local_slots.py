"""Where quarter hours stand in the local day: profiles follow the clock on the wall."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

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
    offsets = _offsets_in_slots(first, n_slots, zone)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    positions = (first - midnight) // SLOT + np.arange(n_slots) + offsets
    return LocalSlots(
        days=first.toordinal() + positions // SLOTS_PER_DAY, slots=positions % SLOTS_PER_DAY
    )


def _offsets_in_slots(first: datetime, n_slots: int, zone: tzinfo) -> IntArray:
    """Return the local time's offset from UTC, in slots; looked up once a day, as that is slow."""

    def offset_of(position: int) -> int:
        local = (first + position * SLOT).astimezone(zone)
        return (local.utcoffset() or timedelta(0)) // SLOT

    offsets = np.empty(n_slots, dtype=np.int64)
    for begin in range(0, n_slots, SLOTS_PER_DAY):
        end = min(begin + SLOTS_PER_DAY, n_slots)
        before, after = offset_of(begin), offset_of(end)
        offsets[begin:end] = before
        if before != after:
            offsets[begin:end] = [offset_of(position) for position in range(begin, end)]
    return offsets
