"""Prices of a measured past, known from the hour on at which they were published then."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from domain.horizon import SLOT, slot_start
from domain.tariff import Rate
from simulator.local_time import EPOCH, day_start, local_date

FIRST_PUBLICATION = time(13, 0)
_KEPT_DAYS = 4


class RecordedMarket:
    """Prices as they were; implements ``Market``.

    The same list object is handed out until something else is known: it must not be changed.
    """

    def __init__(
        self,
        *,
        start: datetime,
        import_eur_per_kwh: Sequence[float],
        export_eur_per_kwh: Sequence[float],
        zone: tzinfo,
        published: time = FIRST_PUBLICATION,
    ) -> None:
        """Take prices of quarter hours from ``start`` on.

        Args:
            start: Start of the first quarter hour, aware UTC.
            import_eur_per_kwh: What is paid, gross; plain floats.
            export_eur_per_kwh: What feeding in brings.
            zone: In which days begin and prices are published.
            published: When tomorrow's import prices become known, local.

        Raises:
            ValueError: The prices are not equally many or not on quarter hours.
        """
        if len(import_eur_per_kwh) != len(export_eur_per_kwh) or start != slot_start(start):
            raise ValueError("prices must be equally many and begin with a quarter hour")
        self._start, self._zone, self._published = start, zone, published
        self._import_eur_per_kwh = import_eur_per_kwh
        self._export_eur_per_kwh = export_eur_per_kwh
        self._today = local_date(start, zone)
        self._begins = self._ends = self._publication = start
        self._imports_of = lru_cache(maxsize=_KEPT_DAYS)(self._compute_imports)
        self._exports_of = lru_cache(maxsize=_KEPT_DAYS)(self._compute_exports)

    def import_rates(self, now: datetime) -> list[Rate]:
        self._look_at(now)
        return self._imports_of(self._today, 1 + (now >= self._publication))

    def export_rates(self, now: datetime) -> list[Rate]:
        """Feed-in payment of today and tomorrow, as if it were always known."""
        self._look_at(now)
        return self._exports_of(self._today)

    def _look_at(self, now: datetime) -> None:
        """Find out which local day it is, unless it is the same still."""
        if self._begins <= now < self._ends:
            return
        self._today = today = local_date(now, self._zone)
        self._begins = day_start(today, self._zone)
        self._ends = day_start(today + timedelta(days=1), self._zone)
        published = datetime.combine(today, self._published, self._zone)
        self._publication = published.astimezone(EPOCH.tzinfo)

    def _compute_imports(self, first: date, n_days: int) -> list[Rate]:
        return self._rates(self._import_eur_per_kwh, first, n_days)

    def _compute_exports(self, first: date) -> list[Rate]:
        return self._rates(self._export_eur_per_kwh, first, 2)

    def _rates(self, prices: Sequence[float], first: date, n_days: int) -> list[Rate]:
        begin = day_start(first, self._zone)
        end = day_start(first + timedelta(days=n_days), self._zone)
        slots = range(
            max(0, (begin - self._start) // SLOT), min(len(prices), (end - self._start) // SLOT)
        )
        return [
            Rate(
                start=self._start + slot * SLOT,
                end=self._start + (slot + 1) * SLOT,
                price_eur_per_kwh=prices[slot],
            )
            for slot in slots
        ]
