"""Prices and the solar forecast as evcc holds them: refreshed every quarter-hour."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from domain.horizon import SLOT, SLOT_H, slot_start
from domain.site import SolarSlot
from domain.tariff import Rate
from simulator.evcc_settings import SettingRefusedError
from simulator.faults import FaultState
from simulator.local_time import EPOCH, day_start, local_date
from simulator.plant import Market, SolarProvider
from simulator.wire_format import plain_number, rfc3339

USAGES = ("grid", "feedin", "co2", "planner", "solar", "temperature")
# With these, evcc compares limits with the price.
MOVING_KINDS = frozenset({"priceforecast", "pricedynamic"})
_STATIC_HORIZON_DAYS = 7
_STATIC_PRICE = 0.30
# A price that is known for now only is taken to stay, this long.
_KNOWN_NOW = timedelta(hours=48)
# evcc sums produced against forecast energy only once this much was produced today.
_SCALE_FROM_KWH = 0.5


class TariffUnavailableError(SettingRefusedError):
    """There is no such tariff at the moment; answered with 404."""


class EvccTariffs:
    """The rates evcc holds for the current quarter-hour."""

    def __init__(
        self,
        *,
        market: Market,
        solar: SolarProvider | None,
        zone: tzinfo,
        smart_cost_type: str | None = "priceforecast",
        feed_in_is_fixed: bool = True,
    ) -> None:
        self._market = market
        self._provider = solar
        self.zone = zone
        self.smart_cost_type = smart_cost_type
        self.feed_in_is_fixed = feed_in_is_fixed
        self.grid: list[Rate] = []
        self.feed_in: list[Rate] = []
        self.solar: list[SolarSlot] = []
        self.grid_price: float | None = None
        """The import price now; stays at its last value when the source fails."""
        self.feed_in_price: float | None = None
        self.planner_price: float | None = None
        """The price that limits are compared with; None when there is no rate now."""
        self.solar_w: float | None = None
        self._slot: datetime | None = None
        self._faults: tuple[bool, ...] = ()
        self._today = EPOCH, EPOCH, EPOCH.date()
        """When the local day begins and ends that was last looked at, and which one it is."""
        self._kept: tuple[list[Rate], int, list[Rate]] = ([], 0, [])
        self._shapes: dict[bool, dict[str, object]] = {}
        self._fixed_weeks: dict[tuple[datetime, float], list[Rate]] = {}
        self._feed_in_wire: dict[bool, tuple[list[Rate], object]] = {}
        self._solar_wire: dict[bool, tuple[list[SolarSlot], object]] = {}

    def refresh(self, now: datetime, faults: FaultState) -> bool:
        """Fetch what is known at ``now``; return whether anything was fetched."""
        switches = (faults.prices_late, faults.no_solar, faults.no_prices)
        if self._slot is not None and now < self._slot + SLOT and switches == self._faults:
            return False
        self._slot, self._faults = slot_start(now), switches
        self._shapes = {}
        self._fetch_prices(now, faults)
        self.solar = []
        if self._provider is not None and not faults.no_solar:
            self.solar = self._provider.forecast(now)
            slot = _slot_at(self.solar, now)
            self.solar_w = self.solar_w if slot is None else slot.power_kw * 1000.0
        return True

    def local_midnight(self, now: datetime, days: int) -> datetime:
        """Return the start of the local day ``days`` after today's."""
        begins, ends, today = self._today
        if not begins <= now < ends:
            today = local_date(now, self.zone)
            begins, ends = (day_start(today + timedelta(days=n), self.zone) for n in (0, 1))
            self._today = begins, ends, today
        return begins if days == 0 else day_start(today + timedelta(days=days), self.zone)

    def usage(self, usage: str, price_key: str) -> list[dict[str, object]] | None:
        """Return the rates of ``GET /api/tariff/{usage}``; None when there are none.

        Raises:
            TariffUnavailableError: With evcc's words.
        """
        if usage not in USAGES:
            raise TariffUnavailableError(f"{usage} does not belong to TariffUsage values")
        if usage in ("co2", "temperature") or (usage == "solar" and self._provider is None):
            raise TariffUnavailableError("tariff not available")
        if usage == "solar":
            if not self.solar:
                raise TariffUnavailableError("outdated")
            return self._solar_objects(price_key)
        rates = self.feed_in if usage == "feedin" else self.grid
        return self._rate_objects(rates, price_key) or None

    def forecast(self, *, as_objects: bool, price_key: str) -> dict[str, object]:
        """Return the state's ``forecast`` without the parts that move within the slot."""
        shape = self._shapes.get(as_objects)
        if shape is None:
            shape = self._build_forecast(as_objects=as_objects, price_key=price_key)
            self._shapes[as_objects] = shape
        return shape

    def scale(self, produced_kwh: float, now: datetime) -> float:
        """Return produced over forecast energy of today so far; 1 without enough of either."""
        midnight = self.local_midnight(now, 0)
        forecast_kwh = sum(
            slot.power_kw * SLOT_H for slot in self.solar if midnight <= slot.start < now - SLOT
        )
        if produced_kwh <= _SCALE_FROM_KWH or forecast_kwh <= 0:
            return 1.0
        return produced_kwh / forecast_kwh

    def _fetch_prices(self, now: datetime, faults: FaultState) -> None:
        published = [] if faults.no_prices else self._market.import_rates(now)
        feed_in = [] if faults.no_prices else self._market.export_rates(now)
        if faults.prices_late:
            tomorrow = self.local_midnight(now, 1)
            published = [rate for rate in published if rate.start < tomorrow]
            feed_in = [rate for rate in feed_in if rate.start < tomorrow]
        # Sources with hourly slots keep the whole hour: up to three quarter-hours are past.
        hour = now.replace(minute=0, second=0, microsecond=0)
        self.grid = self._as_its_kind(self._rates_from(hour, published), now)
        if self.feed_in_is_fixed and feed_in:
            feed_in = self._week_of(feed_in[0].price_eur_per_kwh, now)
        self.feed_in = feed_in
        grid, feed_in_now = _rate_at(self.grid, now), _rate_at(self.feed_in, now)
        if grid is not None:
            self.grid_price = grid.price_eur_per_kwh
        if feed_in_now is not None:
            self.feed_in_price = feed_in_now.price_eur_per_kwh
        moves = self.smart_cost_type in MOVING_KINDS
        self.planner_price = grid.price_eur_per_kwh if grid is not None and moves else None

    def _rates_from(self, hour: datetime, published: list[Rate]) -> list[Rate]:
        """Return what is not over; the same list again while that is the same."""
        first = _first_from(published, hour)
        source, position, rates = self._kept
        if source is not published or position != first:
            rates = published[first:]
            self._kept = published, first, rates
        return rates

    def _as_its_kind(self, rates: list[Rate], now: datetime) -> list[Rate]:
        """Return prices as a tariff of this home's kind gives them."""
        if rates and self.smart_cost_type == "pricestatic":
            return self._week_of(_STATIC_PRICE, now)
        rate = _rate_at(rates, now)
        if rate is not None and self.smart_cost_type == "pricedynamic":
            first = slot_start(now)
            return _slots_of(rate.price_eur_per_kwh, first, first + _KNOWN_NOW)
        return rates

    def _week_of(self, price: float, now: datetime) -> list[Rate]:
        """Return seven local days of one price, as evcc makes of a fixed tariff."""
        midnight = self.local_midnight(now, 0)
        known = self._fixed_weeks.get((midnight, price))
        if known is None:
            known = _slots_of(price, midnight, self.local_midnight(now, _STATIC_HORIZON_DAYS))
            # Feed-in and, where it is static, the price of the grid; those of yesterday go.
            self._fixed_weeks = {
                key: rates for key, rates in self._fixed_weeks.items() if key[0] == midnight
            }
            self._fixed_weeks[midnight, price] = known
        return known

    def _build_forecast(self, *, as_objects: bool, price_key: str) -> dict[str, object]:
        forecast: dict[str, object] = {}
        if self.grid:
            wire = self._rates_wire(self.grid, price_key, as_objects=as_objects)
            forecast["grid"] = forecast["planner"] = wire
        if self.feed_in:
            rates, wire = self._feed_in_wire.get(as_objects, (None, None))
            if rates is not self.feed_in:
                # A week of one price is the largest part and stays the same all day.
                wire = self._rates_wire(self.feed_in, price_key, as_objects=as_objects)
                self._feed_in_wire[as_objects] = (self.feed_in, wire)
            forecast["feedin"] = wire
        if self.solar and self._slot is not None:
            forecast["solar"] = self._solar_member(self._slot, as_objects=as_objects)
        return forecast

    def _solar_member(self, now: datetime, *, as_objects: bool) -> dict[str, object]:
        midnights = [self.local_midnight(now, day) for day in range(4)]
        member: dict[str, object] = {"scale": 1}
        days = ("today", "tomorrow", "dayAfterTomorrow")
        for name, start, end in zip(days, midnights, midnights[1:], strict=False):
            slots = [slot for slot in self.solar if max(start, now) <= slot.start < end]
            member[name] = {
                "energy": plain_number(round(sum(s.power_kw for s in slots) * 1000 * SLOT_H, 1)),
                "complete": bool(self.solar) and self.solar[-1].start + SLOT >= end,
            }
        known = self._solar_wire.get(as_objects)
        if known is None or known[0] != self.solar:
            # The same from one issue of the provider's to the next.
            known = self.solar, self._solar_points(as_objects=as_objects)
            self._solar_wire[as_objects] = known
        member["timeseries"] = known[1]
        return member

    def _solar_points(self, *, as_objects: bool) -> list[object]:
        return [
            {"ts": rfc3339(slot.start, self.zone), "val": plain_number(slot.power_kw * 1000.0)}
            if as_objects
            else [int(slot.start.timestamp()), plain_number(slot.power_kw * 1000.0)]
            for slot in self.solar
        ]

    def _rates_wire(self, rates: list[Rate], price_key: str, *, as_objects: bool) -> object:
        return self._rate_objects(rates, price_key) if as_objects else _rate_triples(rates)

    def _rate_objects(self, rates: Sequence[Rate], price_key: str) -> list[dict[str, object]]:
        return [
            {
                "start": rfc3339(rate.start, self.zone),
                "end": rfc3339(rate.end, self.zone),
                price_key: plain_number(rate.price_eur_per_kwh),
            }
            for rate in rates
        ]

    def _solar_objects(self, price_key: str) -> list[dict[str, object]]:
        return [
            {
                "start": rfc3339(slot.start, self.zone),
                "end": rfc3339(slot.start + SLOT, self.zone),
                price_key: plain_number(slot.power_kw * 1000.0),
            }
            for slot in self.solar
        ]


def _slots_of(price: float, start: datetime, end: datetime) -> list[Rate]:
    return [
        Rate(start=slot, end=slot + SLOT, price_eur_per_kwh=price)
        for slot in (start + SLOT * n for n in range((end - start) // SLOT))
    ]


def _rate_triples(rates: Sequence[Rate]) -> list[list[float]]:
    return [
        [
            int(rate.start.timestamp()),
            int(rate.end.timestamp()),
            plain_number(rate.price_eur_per_kwh),
        ]
        for rate in rates
    ]


def _first_from(rates: Sequence[Rate], instant: datetime) -> int:
    return bisect_right(rates, instant, key=lambda rate: rate.end)


def _rate_at(rates: Sequence[Rate], instant: datetime) -> Rate | None:
    position = bisect_right(rates, instant, key=lambda rate: rate.start) - 1
    if position < 0 or rates[position].end <= instant:
        return None
    return rates[position]


def _slot_at(slots: Sequence[SolarSlot], instant: datetime) -> SolarSlot | None:
    position = bisect_right(slots, instant, key=lambda slot: slot.start) - 1
    if position < 0 or slots[position].start + SLOT <= instant:
        return None
    return slots[position]
