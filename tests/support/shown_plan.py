"""A plan to show: a home with sun, a battery and cars, whose flows add up in every quarter hour.

It is made by a few rules of thumb, good enough to look at, and says something of everything that
a plan can say.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar, cast

from domain.horizon import SLOT, SLOT_H, SLOTS_PER_DAY, slot_start
from domain.plan import (
    BatteryCourse,
    CarCourse,
    ChangeCause,
    ChangePart,
    Decision,
    OwnerRule,
    Plan,
    PlanChange,
    PlanCost,
    PlannedAction,
    PlanStatus,
    Reason,
    ReasonCode,
    ReserveCost,
    RuleCost,
    Rung,
    SkipCause,
    Skipped,
    UnmetWish,
    WhatIf,
)

NOON = datetime(2026, 6, 21, 12, 0, tzinfo=UTC)
BATTERY = "home"
CAPACITY_KWH = 10.0
BATTERY_MAX_KWH = 5.0 * SLOT_H
EFFICIENCY_FRAC = 0.95
CAR_KWH = 11.0 * SLOT_H
CAR_TITLES = ("e-Golf", "Škoda Enyaq", "Twingo", "Lastenrad")
EXPORT_EUR_PER_KWH = 0.0812

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    """What comes from outside, slot by slot."""

    start: datetime
    prices: tuple[float, ...]
    pv: tuple[float, ...]
    load: tuple[float, ...]

    @property
    def n_slots(self) -> int:
        return len(self.prices)

    def at(self, slot: int) -> datetime:
        return self.start + slot * SLOT


@dataclass(slots=True)
class _Flows:
    """What happens, slot by slot, while it is being worked out."""

    charge: list[float] = field(default_factory=list)
    discharge: list[float] = field(default_factory=list)
    soc: list[float] = field(default_factory=list)
    bought: list[float] = field(default_factory=list)
    sold: list[float] = field(default_factory=list)
    reasons: list[tuple[Reason, ...]] = field(default_factory=list)


def shown_plan(
    now: datetime = NOON,
    *,
    n_slots: int = 2 * SLOTS_PER_DAY,
    has_battery: bool = True,
    n_cars: int = 1,
) -> Plan:
    """Return a plan of ``n_slots`` quarter hours from the one of ``now`` on."""
    day = _day(slot_start(now), n_slots)
    cars = tuple(_car(number, day) for number in range(1, n_cars + 1))
    flows = _flows(day, cars, has_battery=has_battery)
    cost = _cost(day, flows)
    return Plan(
        made_at=now,
        start=day.start,
        import_price_eur_per_kwh=day.prices,
        export_price_eur_per_kwh=(EXPORT_EUR_PER_KWH,) * n_slots,
        n_known_prices=min(n_slots, 48),
        pv_kwh=day.pv,
        load_kwh=day.load,
        grid_import_kwh=tuple(flows.bought),
        grid_export_kwh=tuple(flows.sold),
        curtail_kwh=(0.0,) * n_slots,
        batteries=(_battery(flows),) if has_battery else (),
        cars=cars,
        # What the last slot's kWh would cost nobody can tell.
        marginal_eur_per_kwh=(*day.prices[:-1], None),
        reasons=tuple(flows.reasons),
        cost=cost,
        baseline=replace(cost, import_eur=cost.import_eur + 0.842),
        status=PlanStatus.UNPROVEN,
        gap_eur=0.0123,
        solve_ms=38.44,
        rung=Rung.FAST,
        skipped=(
            Skipped(rung=Rung.EXACT, cause=SkipCause.TIME_IS_UP, detail="no proof within 1.0 s"),
        ),
        actions=_actions(day, flows, cars),
        unmet=tuple(_unmet(car) for car in cars[:1]),
        what_if=_what_if(day, cars, has_battery=has_battery),
        rules=_rules(cars, has_battery=has_battery),
        reserve=_reserve(n_slots) if has_battery else None,
        change=_change(now),
        assumed=("wear", "charge_efficiency"),
    )


def enlarged(plan: Plan, factor: float) -> Plan:
    """Return ``plan`` with every number that is not a count multiplied."""
    return _enlarged(plan, factor)


def _enlarged(value: T, factor: float) -> T:
    larger: object = value
    if isinstance(value, float):
        larger = value * factor
    elif isinstance(value, tuple):
        larger = tuple(_enlarged(one, factor) for one in value)
    elif isinstance(value, Mapping):
        larger = {name: _enlarged(one, factor) for name, one in value.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        parts = {part.name: getattr(value, part.name) for part in fields(value)}
        larger = replace(value, **{name: _enlarged(one, factor) for name, one in parts.items()})
    return cast("T", larger)


# -- what flows ----------------------------------------------------------------------------------


def _day(start: datetime, n_slots: int) -> _Day:
    instants = [start + slot * SLOT for slot in range(n_slots)]
    hours = [instant.hour + instant.minute / 60 for instant in instants]
    return _Day(
        start=start,
        prices=tuple(round(0.28 + 0.12 * math.sin((hour - 3) / 6 * math.pi), 4) for hour in hours),
        pv=tuple(max(0.0, 1.6 * math.sin((hour - 4) / 16 * math.pi)) for hour in hours),
        load=tuple(0.35 if 17 <= hour < 22 else 0.123 for hour in hours),
    )


def _battery(flows: _Flows) -> BatteryCourse:
    return BatteryCourse(
        name=BATTERY,
        title="Speicher",
        capacity_kwh=CAPACITY_KWH,
        start_kwh=4.0,
        charge_kwh=tuple(flows.charge),
        discharge_kwh=tuple(flows.discharge),
        soc_kwh=tuple(flows.soc),
    )


def _car(number: int, day: _Day) -> CarCourse:
    """A car that charges for two hours, the later the higher its number."""
    first = min(40 + 8 * number, max(0, day.n_slots - 8))
    charge = [CAR_KWH * (first <= slot < first + 8) for slot in range(day.n_slots)]
    knows_soc = number != 3
    start_kwh = 24.0 if knows_soc else 0.0
    soc = [start_kwh + 0.9 * sum(charge[: slot + 1]) for slot in range(day.n_slots)]
    return CarCourse(
        name=f"lp-{number}",
        title=CAR_TITLES[(number - 1) % len(CAR_TITLES)],
        number=number,
        capacity_kwh=60.0 if knows_soc else None,
        start_kwh=start_kwh,
        target_kwh=start_kwh + 26.0,
        by=day.start + timedelta(hours=19) if number != 2 else None,
        charge_kwh=tuple(charge),
        soc_kwh=tuple(soc),
    )


def _flows(day: _Day, cars: tuple[CarCourse, ...], *, has_battery: bool) -> _Flows:
    """Surplus is stored, what is missing is taken out, the grid does the rest."""
    flows, soc = _Flows(), 4.0
    for slot in range(day.n_slots):
        for_cars = sum(car.charge_kwh[slot] for car in cars)
        surplus = day.pv[slot] - day.load[slot]
        charge = discharge = 0.0
        if has_battery:
            room = (CAPACITY_KWH - soc) / EFFICIENCY_FRAC
            charge = min(BATTERY_MAX_KWH, room, max(0.0, surplus))
            discharge = min(BATTERY_MAX_KWH, soc * EFFICIENCY_FRAC, max(0.0, -surplus))
        soc += charge * EFFICIENCY_FRAC - discharge / EFFICIENCY_FRAC
        net = day.load[slot] + for_cars + charge - day.pv[slot] - discharge
        flows.charge.append(charge)
        flows.discharge.append(discharge)
        flows.soc.append(soc)
        flows.bought.append(max(0.0, net))
        flows.sold.append(max(0.0, -net))
        done = [_battery_reason(day, slot, charge, discharge)] if has_battery else []
        flows.reasons.append((*done, *(_car_reason(car, day, slot) for car in cars)))
    return flows


def _cost(day: _Day, flows: _Flows) -> PlanCost:
    bought = sum(price * kwh for price, kwh in zip(day.prices, flows.bought, strict=True))
    sold = -EXPORT_EUR_PER_KWH * sum(flows.sold)
    wear, stored = 0.01 * sum(flows.discharge), -0.2 * (flows.soc[-1] - 4.0)
    return PlanCost(
        import_eur=bought,
        export_eur=sold,
        wear_eur=wear,
        stored_eur=stored,
        missing_eur=0.31,
        reserve_eur=0.05,
        overload_eur=0.0,
    )


# -- why -----------------------------------------------------------------------------------------


def _battery_reason(day: _Day, slot: int, charge: float, discharge: float) -> Reason:
    price, value = day.prices[slot], 0.21
    if charge > 0.0:
        code = ReasonCode.BATTERY_CHARGES_SUN
        return Reason(
            code=code, device=BATTERY, facts={"export_price": EXPORT_EUR_PER_KWH, "value": value}
        )
    if discharge > 0.0:
        rank = sorted(day.prices, reverse=True).index(price) + 1
        return Reason(
            code=ReasonCode.BATTERY_SERVES_HOUSE,
            device=BATTERY,
            facts={"price": price, "rank": rank, "of": day.n_slots, "value": value},
        )
    return Reason(code=ReasonCode.BATTERY_RESTS, device=BATTERY)


def _car_reason(car: CarCourse, day: _Day, slot: int) -> Reason:
    price = day.prices[slot]
    if car.charge_kwh[slot] > 0.0:
        rank = sorted(day.prices).index(price) + 1
        facts: dict[str, float | int | str] = {
            "car": car.name,
            "price": price,
            "rank": rank,
            "of": day.n_slots,
        }
        if car.by is not None:
            facts["by"] = car.by.isoformat()
        return Reason(code=ReasonCode.CAR_CHARGES_CHEAP, device=car.name, facts=facts)
    later = [at for at in range(slot, day.n_slots) if car.charge_kwh[at] > 0.0]
    if not later:
        return Reason(code=ReasonCode.CAR_IS_DONE, device=car.name, facts={"car": car.name})
    return Reason(
        code=ReasonCode.CAR_WAITS,
        device=car.name,
        facts={
            "car": car.name,
            "price": price,
            "next_at": day.at(later[0]).isoformat(),
            "next_price": day.prices[later[0]],
        },
    )


def _actions(day: _Day, flows: _Flows, cars: tuple[CarCourse, ...]) -> tuple[PlannedAction, ...]:
    """Stretches in which a device moves energy in one way, by their beginning."""
    moved = {car.name: car.charge_kwh for car in cars}
    moved[BATTERY] = tuple(map(max, flows.charge, flows.discharge))
    actions: list[PlannedAction] = []
    for slot, reasons in enumerate(flows.reasons):
        for reason in reasons:
            kwh = moved[reason.device][slot]
            if kwh == 0.0:
                continue
            before = _before(actions, reason, day.at(slot))
            if before is None:
                actions.append(
                    PlannedAction(start=day.at(slot), end=day.at(slot + 1), kwh=kwh, reason=reason)
                )
            else:
                longer = replace(actions[before], end=day.at(slot + 1))
                actions[before] = replace(longer, kwh=longer.kwh + kwh)
    return tuple(actions)


def _before(actions: list[PlannedAction], reason: Reason, at: datetime) -> int | None:
    """The action that goes on with ``reason`` at an instant."""
    for number, action in enumerate(actions):
        done = (action.reason.device, action.reason.code)
        if done == (reason.device, reason.code) and action.end == at:
            return number
    return None


def _unmet(car: CarCourse) -> UnmetWish:
    return UnmetWish(
        car=car.name,
        title=car.title,
        target_kwh=car.target_kwh,
        reached_kwh=max(car.soc_kwh),
        capacity_kwh=car.capacity_kwh,
        by=car.by,
    )


def _what_if(day: _Day, cars: tuple[CarCourse, ...], *, has_battery: bool) -> tuple[WhatIf, ...]:
    told = [
        WhatIf(
            device=BATTERY,
            decision=Decision.CHARGE,
            opposite=Decision.REST,
            extra_eur=0.1234567,
            holds_until=day.at(20),
        )
    ]
    waiting = [
        WhatIf(
            device=car.name,
            decision=Decision.REST,
            opposite=Decision.CHARGE,
            extra_eur=0.42,
            holds_until=None,
        )
        for car in cars
    ]
    return (*(told if has_battery else ()), *waiting)


def _rules(cars: tuple[CarCourse, ...], *, has_battery: bool) -> tuple[RuleCost, ...]:
    of_battery = (
        RuleCost(rule=OwnerRule.BUFFER, device=BATTERY, eur=0.12, eur_per_day=0.06),
        RuleCost(rule=OwnerRule.NO_GRID_CHARGE, device=BATTERY, eur=0.31, eur_per_day=0.155),
    )
    of_cars = tuple(
        RuleCost(rule=OwnerRule.DEADLINE, device=car.name, eur=0.2, eur_per_day=0.1) for car in cars
    )
    limit = RuleCost(rule=OwnerRule.IMPORT_LIMIT, device="", eur=0.0, eur_per_day=0.0)
    return (*(of_battery if has_battery else ()), *of_cars, limit)


def _reserve(n_slots: int) -> ReserveCost:
    return ReserveCost(
        soc_kwh=(3.0,) * n_slots,
        eur_per_kwh_h=0.004,
        eur=0.05,
        eur_per_day=0.025,
        short_kwh=0.8,
    )


def _change(now: datetime) -> PlanChange:
    return PlanChange(
        since=now - SLOT,
        total_eur=0.21,
        parts=(
            ChangePart(cause=ChangeCause.PV, eur=0.3),
            ChangePart(cause=ChangeCause.SOC, eur=-0.09),
        ),
        moved_kwh=2.5,
        kept_gain_eur=0.002,
    )
