"""What a solar provider said in a measured past, handed out day by day."""

import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

from domain.horizon import SLOT, slot_start
from domain.site import SolarSlot
from simulator.local_time import day_start, local_date

_KEPT_DAYS = 2


class RecordedProvider:
    """A provider's forecast, one value for each quarter hour; implements ``SolarProvider``.

    Its forecast of a day does not change until that day is over. The same list object is handed
    out all day: it must not be changed.
    """

    def __init__(
        self, *, start: datetime, said_kw: Sequence[float], zone: tzinfo, n_days: int = 3
    ) -> None:
        """Take what was said of quarter hours from ``start`` on.

        Args:
            start: Start of the first quarter hour, aware UTC.
            said_kw: Plain floats; NaN: nothing was said.
            zone: In which days begin.
            n_days: How many local days are handed out, today first.

        Raises:
            ValueError: ``start`` is not on a quarter hour.
        """
        if start != slot_start(start):
            raise ValueError("what was said must begin with a quarter hour")
        self._start, self._said_kw, self._zone, self._n_days = start, said_kw, zone, n_days
        self._slots_of = lru_cache(maxsize=_KEPT_DAYS)(self._compute_slots)

    def forecast(self, now: datetime) -> list[SolarSlot]:
        return self._slots_of(local_date(now, self._zone))

    def _compute_slots(self, first: date) -> list[SolarSlot]:
        begin = day_start(first, self._zone)
        end = day_start(first + timedelta(days=self._n_days), self._zone)
        slots = range(
            max(0, (begin - self._start) // SLOT),
            min(len(self._said_kw), (end - self._start) // SLOT),
        )
        return [
            SolarSlot(start=self._start + slot * SLOT, power_kw=self._said_kw[slot])
            for slot in slots
            if not math.isnan(self._said_kw[slot])
        ]
