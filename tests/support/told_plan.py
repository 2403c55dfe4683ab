"""Plans and readings told number by number, for what is decided from them.

Slots begin at ``NOON``; a single number holds in all of them. The home has a battery of 10 kWh
without losses that takes and gives 4 kW, 1 kWh a slot; nobody is charging.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from domain.horizon import SLOT
from domain.plan import BatteryCourse, CarCourse, Plan, PlanCost, PlanStatus, Rung
from domain.site import (
    BatteryDevice,
    BatterySnapshot,
    ChargeMode,
    Loadpoint,
    SiteSnapshot,
    SocSettings,
)
from domain.tariff import Rate
from planner.plant import Plant

NOON = datetime(2026, 6, 21, 12, 0, tzinfo=UTC)
CAPACITY_KWH = 10.0
PLANT = Plant(charge_max_kw=4.0, discharge_max_kw=4.0, round_trip_frac=1.0)
CAR = "lp-1"

PerSlot = float | Sequence[float]

_NO_COST = PlanCost(
    import_eur=0.0,
    export_eur=0.0,
    wear_eur=0.0,
    stored_eur=0.0,
    missing_eur=0.0,
    reserve_eur=0.0,
    overload_eur=0.0,
)


def told_plan(  # noqa: PLR0913  # a plan has that many series, and most are left out
    n_slots: int = 4,
    *,
    buy: PerSlot = 0.3,
    sell: PerSlot = 0.08,
    pv: PerSlot = 0.0,
    load: PerSlot = 0.0,
    charge: PerSlot = 0.0,
    discharge: PerSlot = 0.0,
    start_kwh: float = 5.0,
    cars: Mapping[str, PerSlot] | None = None,
    marginal: float | Sequence[float | None] | None = None,
    **changes: Any,
) -> Plan:
    """Return a plan with these flows [kWh], whose meter covers the rest."""
    charged, given = _slots(charge, n_slots), _slots(discharge, n_slots)
    courses = tuple(told_car(name, kwh, n_slots) for name, kwh in (cars or {}).items())
    sun, use = _slots(pv, n_slots), _slots(load, n_slots)
    net = [
        use[slot] + sum(car.charge_kwh[slot] for car in courses) + charged[slot]
        - sun[slot] - given[slot]
        for slot in range(n_slots)
    ]  # fmt: skip
    plan = Plan(
        made_at=NOON,
        start=NOON,
        import_price_eur_per_kwh=_slots(buy, n_slots),
        export_price_eur_per_kwh=_slots(sell, n_slots),
        n_known_prices=n_slots,
        pv_kwh=sun,
        load_kwh=use,
        grid_import_kwh=tuple(max(0.0, kwh) for kwh in net),
        grid_export_kwh=tuple(max(0.0, -kwh) for kwh in net),
        curtail_kwh=(0.0,) * n_slots,
        batteries=(told_battery(charged, given, start_kwh),),
        cars=courses,
        marginal_eur_per_kwh=(
            (marginal,) * n_slots if marginal is None or isinstance(marginal, float)
            else tuple(marginal)
        ),
        reasons=((),) * n_slots,
        cost=_NO_COST,
        baseline=_NO_COST,
        status=PlanStatus.PROVEN,
        gap_eur=0.0,
        solve_ms=1.0,
        rung=Rung.EXACT,
    )  # fmt: skip
    return replace(plan, **changes)


def told_battery(
    charge: Sequence[float],
    discharge: Sequence[float],
    start_kwh: float,
    *,
    capacity_kwh: float = CAPACITY_KWH,
    name: str = "home",
) -> BatteryCourse:
    """Return a battery without losses, which holds what was put into it."""
    soc, left = [], start_kwh
    for taken, given in zip(charge, discharge, strict=True):
        left += taken - given
        soc.append(left)
    return BatteryCourse(
        name=name,
        title="Speicher",
        capacity_kwh=capacity_kwh,
        start_kwh=start_kwh,
        charge_kwh=tuple(charge),
        discharge_kwh=tuple(discharge),
        soc_kwh=tuple(soc),
    )


def told_car(name: str, kwh: PerSlot, n_slots: int, by: datetime | None = None) -> CarCourse:
    """Return a car that charges so much in each slot, and wants no more."""
    charge = _slots(kwh, n_slots)
    soc = tuple(20.0 + sum(charge[: slot + 1]) for slot in range(n_slots))
    return CarCourse(
        name=name,
        title="e-Golf",
        number=1,
        capacity_kwh=60.0,
        start_kwh=20.0,
        target_kwh=20.0,
        by=by,
        charge_kwh=charge,
        soc_kwh=soc,
    )


def told_site(*loadpoints: Loadpoint, soc_pct: float | None = 50.0, **changes: Any) -> SiteSnapshot:
    """Return a reading of a home with a battery that evcc can command, changed as told."""
    site = SiteSnapshot(
        read_at=NOON,
        evcc_version="0.313.1",
        title="Zuhause",
        currency="EUR",
        time_zone=UTC,
        pv_kw=0.0,
        home_kw=0.4,
        grid_import_kw=0.4,
        grid_export_kw=0.0,
        battery=told_reading(soc_pct=soc_pct),
        settings=SocSettings(buffer_soc_pct=30.0),
        loadpoints=loadpoints,
    )
    return replace(site, **changes)


def told_reading(**changes: Any) -> BatterySnapshot:
    """Return what evcc says of a battery, changed as told."""
    plain = BatterySnapshot(
        soc_pct=50.0,
        capacity_kwh=CAPACITY_KWH,
        charge_kw=0.0,
        discharge_kw=0.0,
        devices=(BatteryDevice(name="db:1", controllable=True),),
    )
    return replace(plain, **changes)


def told_loadpoint(name: str = CAR, **changes: Any) -> Loadpoint:
    """Return a charging point in PV mode with a car that is connected and rests."""
    plain = Loadpoint(
        number=1,
        name=name,
        title="Carport",
        mode=ChargeMode.PV,
        connected=True,
        charging=False,
        charge_kw=0.0,
        max_current_a=16.0,
        phases_active=3,
        vehicle_title="e-Golf",
        battery_boost=False,
        battery_boost_limit_pct=100.0,
    )
    return replace(plain, **changes)


def told_rates(*prices: float) -> tuple[Rate, ...]:
    """Return published prices, one a slot."""
    return tuple(
        Rate(
            start=NOON + number * SLOT,
            end=NOON + (number + 1) * SLOT,
            price_eur_per_kwh=price,
        )
        for number, price in enumerate(prices)
    )


def _slots(values: PerSlot, n_slots: int) -> tuple[float, ...]:
    if isinstance(values, float | int):
        return (float(values),) * n_slots
    assert len(values) == n_slots, "one number for each slot"
    return tuple(values)
