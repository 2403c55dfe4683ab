"""The day-ahead market of the simulated country: quarter-hour prices, and when they are known."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.horizon import SLOT
from domain.tariff import Rate
from simulator.local_time import EPOCH, day_bounds_s, local_date
from simulator.noise import Dice, SmoothNoise
from simulator.sun import Place, clear_sky, sun_direction
from simulator.weather import NationalWeather, winter_frac

_SLOT_S = int(SLOT.total_seconds())
_COUNTRY = Place(latitude_deg=51.0, longitude_deg=10.0)
_SATURDAY, _SUNDAY = 5, 6

# Gigawatts of a country like Germany: what sun and wind can deliver at best.
_SOLAR_PEAK_GW = 64.0
_WIND_PEAK_GW = 60.0

# Demand over a working day [GW]: local hour, power.
_DEMAND_GW = (
    (0.0, 45.0),
    (3.0, 42.5),
    (5.0, 45.0),
    (7.5, 58.5),
    (9.0, 60.5),
    (12.0, 61.0),
    (15.0, 57.0),
    (17.5, 60.5),
    (19.0, 62.5),
    (20.5, 58.0),
    (22.5, 51.0),
    (24.0, 45.0),
)
# Price at which the plants needed for the remaining demand are willing to run: GW, EUR/MWh.
_MERIT_ORDER = (
    (-40.0, -260.0),
    (-18.0, -75.0),
    (-8.0, -12.0),
    (0.0, -1.0),
    (8.0, 12.0),
    (15.0, 50.0),
    (25.0, 76.0),
    (38.0, 98.0),
    (48.0, 128.0),
    (55.0, 165.0),
    (60.0, 260.0),
    (66.0, 600.0),
    (75.0, 1200.0),
)

_FIRST_PUBLICATION = time(12, 45)
_PUBLICATION_SPREAD_MIN = 26


class DayAheadMarket:
    """Prices of an owner with a quarter-hourly tariff; implements ``Market``.

    ``withholds_tomorrow`` keeps the next day's prices back for as long as it is set.
    """

    def __init__(
        self,
        seed: int,
        *,
        time_zone: str = "Europe/Berlin",
        surcharge_eur_per_kwh: float = 0.162,
        vat_frac: float = 0.19,
        feed_in_eur_per_kwh: float = 0.08,
    ) -> None:
        """Set the tariff: grid fee, levies and margin net of VAT, then VAT on everything."""
        self.withholds_tomorrow = False
        self._seed = seed
        self._zone = ZoneInfo(time_zone)
        self._surcharge_eur_per_kwh = surcharge_eur_per_kwh
        self._vat_frac = vat_frac
        self._feed_in_eur_per_kwh = feed_in_eur_per_kwh
        self._weather = NationalWeather(seed)
        self._mood = SmoothNoise(seed, "market", [(10 * 3600.0, 0.8), (5400.0, 0.6)])
        self._quirk = SmoothNoise(seed, "quarters", [(900.0, 1.0)])
        self._rates_of = lru_cache(maxsize=8)(self._compute_rates)

    def import_rates(self, now: datetime) -> list[Rate]:
        today = local_date(now, self._zone)
        tomorrow = today + timedelta(days=1)
        rates = self._rates_of(today)[0]
        if not self.withholds_tomorrow and now >= self.published_at(tomorrow):
            rates += self._rates_of(tomorrow)[0]
        return list(rates)

    def export_rates(self, now: datetime) -> list[Rate]:
        """Feed-in payment of today and tomorrow: fixed, hence always known."""
        today = local_date(now, self._zone)
        return [*self._rates_of(today)[1], *self._rates_of(today + timedelta(days=1))[1]]

    def published_at(self, day: date) -> datetime:
        """Return when the prices of ``day`` become known: the day before, 12:45 to 13:10 local."""
        dice = Dice(self._seed, "publication", day.toordinal())
        late_min = int(dice.between("minute", 0, _PUBLICATION_SPREAD_MIN))
        first = datetime.combine(day - timedelta(days=1), _FIRST_PUBLICATION, self._zone)
        return first.astimezone(EPOCH.tzinfo) + timedelta(minutes=late_min)

    def wholesale_eur_per_kwh(self, start: datetime) -> float:
        """Return the auction's price of the quarter that begins at ``start``."""
        local = start.astimezone(self._zone)
        begin_s = int((start - EPOCH).total_seconds())
        hour = local.hour + local.minute / 60.0
        return self._auction_eur_per_mwh(begin_s, local.date(), hour) / 1000.0

    def _compute_rates(self, day: date) -> tuple[tuple[Rate, ...], tuple[Rate, ...]]:
        starts = [
            EPOCH + timedelta(seconds=start_s)
            for start_s in range(*day_bounds_s(day, self._zone), _SLOT_S)
        ]
        imports = tuple(
            Rate(start=start, end=start + SLOT, price_eur_per_kwh=self._gross_eur_per_kwh(start))
            for start in starts
        )
        exports = tuple(
            Rate(start=start, end=start + SLOT, price_eur_per_kwh=self._feed_in_eur_per_kwh)
            for start in starts
        )
        return imports, exports

    def _gross_eur_per_kwh(self, start: datetime) -> float:
        net = self.wholesale_eur_per_kwh(start) + self._surcharge_eur_per_kwh
        return round(net * (1.0 + self._vat_frac), 5)

    def _auction_eur_per_mwh(self, begin_s: int, day: date, hour: float) -> float:
        middle_s = begin_s + _SLOT_S / 2
        wind_gw = _WIND_PEAK_GW * self._weather.wind_share(middle_s)
        remaining_gw = self._demand_gw(middle_s, day, hour) - self._solar_gw(middle_s) - wind_gw
        price = _along(_MERIT_ORDER, remaining_gw + 2.0 * self._mood.at(middle_s))
        # Hourly products meet quarters in which sun and demand move on: a saw tooth that leans
        # the way the remaining demand is going.
        before_gw = self._demand_gw(middle_s - 1800, day, hour - 0.5) - self._solar_gw(
            middle_s - 1800
        )
        after_gw = self._demand_gw(middle_s + 1800, day, hour + 0.5) - self._solar_gw(
            middle_s + 1800
        )
        lean = max(-9.0, min(9.0, after_gw - before_gw))
        quarter = (begin_s // _SLOT_S) % 4 - 1.5
        return price + 1.6 * lean * quarter + 2.5 * self._quirk.at(middle_s)

    def _demand_gw(self, epoch_s: float, day: date, hour: float) -> float:
        demand_gw = _along(_DEMAND_GW, hour % 24.0)
        if day.weekday() >= _SATURDAY:
            # At weekends the industry's share is missing, most of all in the morning.
            asleep_gw = 5.0 if day.weekday() == _SUNDAY else 3.0
            morning_gw = max(0.0, 4.0 - abs(hour - 8.0))
            demand_gw -= 4.0 + asleep_gw + morning_gw
        return demand_gw + 7.0 * (winter_frac(epoch_s) - 0.5)

    def _solar_gw(self, epoch_s: float) -> float:
        sky = clear_sky(sun_direction(epoch_s, _COUNTRY))
        if sky.level_w_per_m2 <= 0.0:
            return 0.0
        cover_frac = self._weather.cover_frac(epoch_s)
        return _SOLAR_PEAK_GW * sky.level_w_per_m2 / 1000.0 * (1.0 - 0.72 * cover_frac)


def _along(points: Sequence[tuple[float, float]], position: float) -> float:
    """Return the value of a line through ``points``, constant beyond its ends."""
    index = bisect_right(points, (position, float("inf")))
    if index == 0:
        return points[0][1]
    if index == len(points):
        return points[-1][1]
    (x0, y0), (x1, y1) = points[index - 1], points[index]
    return y0 + (y1 - y0) * (position - x0) / (x1 - x0)
