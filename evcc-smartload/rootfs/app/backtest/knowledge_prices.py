"""Which prices were known at each moment of a past that is lived again, and what follows."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from domain.forecast import BandSeries
from domain.horizon import FORECAST_SLOTS
from forecaster.prices import forecast_prices
from forecaster.series import SlotSeries, n_slots_between
from place import Place

ONE_DAY = timedelta(days=1)
# When the day-ahead auction's results for tomorrow are out, local time.
PUBLISHED_AT_H = 13
_DIGITS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What is known and expected from a local midnight on, until ``until`` is published."""

    day: date
    until: datetime
    band: BandSeries | None


class Publication:
    """Tells how far prices are published; worked out once a quarter hour for all of them."""

    def __init__(self, end: datetime, place: Place) -> None:
        """Publish up to ``end`` at most."""
        self._end = end
        self._place = place

    def at(self, now: datetime) -> tuple[date, datetime]:
        """Return the local day, and until when prices are known: tomorrow's at 13:00 local time."""
        local = now.astimezone(self._place.zone)
        n_days = 2 if local.hour >= PUBLISHED_AT_H else 1
        until = self._place.midnight(local.date() + n_days * ONE_DAY)
        return local.date(), min(until, self._end)


class PriceKnowledge:
    """Hands out published prices, and beyond them what the service would expect.

    What is expected changes with what is published only, so that it is worked out twice a day.
    """

    def __init__(self, prices_eur_per_kwh: SlotSeries, place: Place) -> None:
        """Know only as much of the prices as had been published."""
        self._prices = prices_eur_per_kwh
        self._place = place
        self._said: _Said | None = None

    def issue(self, start: datetime, day: date, until: datetime) -> BandSeries | None:
        """Return the prices of ``FORECAST_SLOTS`` from ``start`` on; None: nothing is known.

        ``day`` is the local one of ``start``, ``until`` is how far prices are published.
        """
        said = self._said
        if said is None or (said.day, said.until) != (day, until):
            said = _Said(day=day, until=until, band=self._say(self._place.midnight(day), until))
            self._said = said
        if said.band is None:
            return None
        band, passed = said.band, n_slots_between(said.band.start, start)
        here = slice(passed, passed + FORECAST_SLOTS)
        return BandSeries(
            start=start,
            p10=band.p10[here],
            p50=band.p50[here],
            p90=band.p90[here],
            n_known=min(max(0, band.n_known - passed), FORECAST_SLOTS),
        )

    def _say(self, midnight: datetime, until: datetime) -> BandSeries | None:
        n_today = n_slots_between(
            midnight, self._place.midnight(self._place.day_of(midnight) + ONE_DAY)
        )
        n_published = n_slots_between(self._prices.start, until)
        published = SlotSeries(start=self._prices.start, values=self._prices.values[:n_published])
        said = forecast_prices(
            published,
            midnight,
            FORECAST_SLOTS + n_today,
            zone=self._place.zone,
            holidays=self._place.holidays,
        )
        if not np.isfinite(said.bands.values).any():
            return None
        band = said.bands.to_band_series(_DIGITS)
        return BandSeries(
            start=midnight, p10=band.p10, p50=band.p50, p90=band.p90, n_known=said.n_known
        )
