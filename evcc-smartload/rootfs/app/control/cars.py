"""Which limit for cheap energy, or which charge mode, makes evcc charge a car as it is planned.

Sun needs nothing: evcc's PV mode charges with it. Where the plan buys for a car, evcc has to charge
at full power, and the least that makes it do so is its limit for cheap energy: the mode stays, and
a limit that is left behind by a crash only charges in cheap hours. Where evcc has no changing price
to compare a limit with, the mode becomes "now" for the quarter hour.

Of what the owner set nothing is made smaller: a limit of theirs that covers a quarter hour, evcc's
own plans and the least state of charge charge the car, and SmartLoad does not prevent it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from control.flows import cars_there, flows_of, slot_in_force, start_of
from control.reasons import because
from domain.control import EvccSetting, Lever, SettingValue, Wanted
from domain.horizon import SLOT_H
from domain.levers import loadpoint_of
from domain.plan import CarCourse, Plan
from domain.site import ChargeMode, Loadpoint, SiteSnapshot
from domain.steering import CommandCode, CommandReason, Stage
from domain.tariff import Rate
from planner.car_wishes import BOUGHT_FRAC, power_ranges

# evcc takes six decimals; four are a hundredth of a cent, and more only where prices are as near.
_DECIMALS = (4, 5, 6)
# A limit that stands is left higher than needed by so much: after the dearest of the quarter hours
# has passed a lower one would do, but each change is written, and this bounds what a limit may
# cost that is left behind.
_SPARE_EUR_PER_KWH = 0.05
_REGULATED = frozenset({ChargeMode.PV, ChargeMode.MIN_PV})


@dataclass(frozen=True, slots=True, kw_only=True)
class CarWish:
    """What a loadpoint's settings should be; nothing: they are the owner's."""

    device: str
    wanted: tuple[Wanted, ...] = ()

    @property
    def is_set_to_now(self) -> bool:
        """Whether the charge mode is wanted to be "now", in which evcc has no boost."""
        return any(one.lever.setting is EvccSetting.CHARGE_MODE for one in self.wanted)


class _Need(StrEnum):
    """What a limit has to do in a slot."""

    LET_IN = "let_in"
    """The plan buys for the car: the price has to be at or below the limit."""
    KEEP_OUT = "keep_out"
    """The car waits: the price has to be above it."""
    EITHER = "either"
    """It charges with that much sun, or the owner's own limit charges it anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """The limit for the longest time from now on that one limit can serve.

    ``below`` is the lowest price that it has to keep out, None where there is none.
    """

    limit: float
    below: float | None

    def is_served_by(self, limit: float) -> bool:
        """Tell whether another limit keeps out as much and is hardly more than is needed."""
        keeps_out = self.below is None or limit < self.below
        return keeps_out and limit <= self.limit + _SPARE_EUR_PER_KWH


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """A car, its loadpoint as the owner set it, and the slots from the present one on."""

    plan: Plan
    slot: int
    car: CarCourse
    cars: tuple[CarCourse, ...]
    site: SiteSnapshot
    loadpoint: Loadpoint
    now: datetime
    full_kwh: float
    """What the car takes in a slot at full power."""

    def buys(self, slot: int) -> bool:
        """Tell whether the plan buys so much for the car in ``slot`` that full power is right."""
        bought_kwh = flows_of(self.plan, slot, self.cars).bought_for(self.car.name)
        return bought_kwh >= BOUGHT_FRAC * self.full_kwh

    def need(self, slot: int, price: float) -> _Need:
        """Return what a limit has to do in ``slot``, at evcc's price there."""
        owner = self.loadpoint.smart_cost_limit
        if owner is not None and price <= owner:
            return _Need.EITHER
        if self.buys(slot):
            return _Need.LET_IN
        # What takes little sun would take full power as well, and buy it.
        is_near_full = self.car.charge_kwh[slot] >= BOUGHT_FRAC * self.full_kwh
        return _Need.EITHER if is_near_full else _Need.KEEP_OUT

    def end_of(self, slots: Sequence[bool]) -> datetime:
        """Return when the run of slots that hold ends, ``slots`` from the present one on."""
        n_run = next((number for number, holds in enumerate(slots) if not holds), len(slots))
        return start_of(self.plan, self.slot + n_run)

    def wish(self, setting: EvccSetting, value: SettingValue, reason: CommandReason) -> CarWish:
        lever = Lever(setting=setting, device=self.loadpoint.name)
        wanted = Wanted(lever=lever, value=value, stage=Stage.CARS, reason=reason)
        return CarWish(device=self.loadpoint.name, wanted=(wanted,))


def decide_car(
    *,
    plan: Plan | None,
    site: SiteSnapshot,
    device: str,
    in_force: Mapping[Lever, SettingValue],
    now: datetime,
) -> CarWish:
    """Return what a loadpoint's settings should be for the plan's present slot.

    Args:
        plan: The plan in force; None: there is none.
        site: The newest reading as the owner has it: their values where ours stand.
        device: evcc's name of the loadpoint.
        in_force: What evcc holds by our doing.
        now: When this is, aware UTC.
    """
    nothing = CarWish(device=device)
    slot, loadpoint = slot_in_force(plan, now), loadpoint_of(site, device)
    if plan is None or slot is None or loadpoint is None:
        return nothing
    if not loadpoint.connected or loadpoint.is_heater or loadpoint.mode not in _REGULATED:
        return nothing
    cars = cars_there(plan, site)
    car = next((one for one in cars if one.name == device), None)
    if car is None:
        return nothing
    vehicle = next((one for one in site.vehicles if one.name == loadpoint.vehicle_name), None)
    ranges, _ = power_ranges(loadpoint, vehicle)
    scene = _Scene(
        plan=plan,
        slot=slot,
        car=car,
        cars=cars,
        site=site,
        loadpoint=loadpoint,
        now=now,
        full_kwh=ranges[-1].high_kw * SLOT_H,
    )
    prices = _limit_prices(scene)
    if not prices:
        return _set_to_now(scene) if scene.buys(slot) else nothing
    standing = in_force.get(Lever(setting=EvccSetting.SMART_COST_LIMIT, device=device))
    if isinstance(standing, bool) or not isinstance(standing, float | int):
        standing = None
    return _set_limit(scene, prices, standing) or nothing


def _limit_prices(scene: _Scene) -> tuple[float, ...]:
    """Return the prices that evcc compares limits with, from now on to the first one missing.

    Nothing where a limit would do nothing, or would be grams of CO2.
    """
    site = scene.site
    if site.limits_are_in_grams or not site.has_price_limits:
        return ()
    return _prices_at(
        site.limit_rates,
        [
            max(scene.now, start_of(scene.plan, slot))
            for slot in range(scene.slot, scene.plan.n_slots)
        ],
    )


def _prices_at(rates: Sequence[Rate], instants: Sequence[datetime]) -> tuple[float, ...]:
    """Return the price at each of rising ``instants``, up to the first that has none."""
    prices: list[float] = []
    position = 0
    for instant in instants:
        while position < len(rates) and rates[position].end <= instant:
            position += 1
        if position == len(rates) or rates[position].start > instant:
            break
        prices.append(rates[position].price_eur_per_kwh)
    return tuple(prices)


def _set_to_now(scene: _Scene) -> CarWish:
    plan, slot = scene.plan, scene.slot
    reason = because(
        CommandCode.CAR_NOW,
        car=scene.car.name,
        price=plan.import_price_eur_per_kwh[slot],
        until=scene.end_of([scene.buys(later) for later in range(slot, plan.n_slots)]),
    )
    return scene.wish(EvccSetting.CHARGE_MODE, ChargeMode.NOW.value, reason)


def _set_limit(scene: _Scene, prices: tuple[float, ...], standing: float | None) -> CarWish | None:
    """Return the limit to have; the one that stands by our doing, as long as it serves."""
    needs = [scene.need(scene.slot + number, price) for number, price in enumerate(prices)]
    owner = scene.loadpoint.smart_cost_limit
    if standing is not None and owner is not None and standing < owner:
        standing = None  # it would keep out what the owner lets in
    if standing is not None and standing < prices[0] and needs[0] is not _Need.LET_IN:
        return _stay_out(scene, prices, needs, standing)
    span = _span(prices, needs)
    if span is None or needs[0] is _Need.KEEP_OUT:
        return None
    if standing is not None and standing >= prices[0] and span.is_served_by(standing):
        return _let_in(scene, prices, standing)
    return _let_in(scene, prices, span.limit) if needs[0] is _Need.LET_IN else None


def _span(prices: Sequence[float], needs: Sequence[_Need]) -> _Span | None:
    """Return the limit that is right for as long as one limit can be; None: none is needed."""
    dearest: float | None = None
    below: float | None = None
    span = None
    for price, need in zip(prices, needs, strict=True):
        if need is _Need.EITHER:
            continue
        if need is _Need.LET_IN:
            dearest = price if dearest is None else max(dearest, price)
        else:
            below = price if below is None else min(below, price)
        if dearest is None:
            continue
        limit = _limit_between(dearest, below)
        if limit is None:
            break
        span = _Span(limit=limit, below=below)
    return span


def _limit_between(dearest: float, below: float | None) -> float | None:
    """Return ``dearest`` rounded up, but below ``below``; None: nothing lies between."""
    for decimals in _DECIMALS:
        limit = round(dearest, decimals)
        if limit < dearest:
            limit = round(limit + 10.0**-decimals, decimals)
        if below is None or limit < below:
            return limit
    return None


def _let_in(scene: _Scene, prices: Sequence[float], limit: float) -> CarWish:
    reason = because(
        CommandCode.CAR_CHEAP,
        car=scene.car.name,
        price=prices[0],
        limit=limit,
        until=scene.end_of([price <= limit for price in prices]),
    )
    return scene.wish(EvccSetting.SMART_COST_LIMIT, limit, reason)


def _stay_out(
    scene: _Scene, prices: Sequence[float], needs: Sequence[_Need], limit: float
) -> CarWish | None:
    """Keep a limit that lets the car wait, when it is to be let in again."""
    following = next((number for number, need in enumerate(needs) if need is _Need.LET_IN), None)
    if following is None:
        return None
    reason = because(
        CommandCode.CAR_CHEAP,
        car=scene.car.name,
        price=prices[0],
        limit=limit,
        next_at=start_of(scene.plan, scene.slot + following),
    )
    return scene.wish(EvccSetting.SMART_COST_LIMIT, limit, reason)
