"""What must hold of every decision from a plan to evcc's levers, whatever plan and home say."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from control.bat_to_car import BatToCarRules, BatToCarWish, decide_bat_to_car
from control.battery import BatteryChoice, BatteryWish, decide_battery
from control.cars import decide_car
from control.flows import LEAST_KWH, slot_in_force, soc_pct_after
from control.fuse import FuseLimits, FuseWatch, watch_fuse
from domain.control import EvccSetting, Lever, SettingValue
from domain.horizon import SLOT
from domain.plan import Plan, Rung
from domain.site import BatteryMode, ChargeMode, Loadpoint, SiteSnapshot
from domain.steering import GateCode
from domain.tariff import rate_at
from planner.plant import Plant
from tests.support.told_plan import (
    NOON,
    PLANT,
    told_battery,
    told_loadpoint,
    told_plan,
    told_rates,
    told_reading,
    told_site,
)

NAMES = ("lp-1", "lp-2")
ROOM = FuseWatch()
NOTHING = BatteryWish()
# What is drawn is large: so many take half a second.
SOME = settings(max_examples=50)

PERCENT = st.sampled_from((30.0, 50.0, 60.0, 0.0, 98.9, 99.0, 100.0))
UNKNOWN = st.none()
PRICES = st.integers(-10, 40).map(lambda ct: ct / 100)
ENERGIES = st.sampled_from((0.0, 0.0, 0.0, 0.05, 0.2, 1.0, 2.75))
FLAGS = st.booleans()
MOSTLY = st.sampled_from((True, True, True, False))
RARELY = st.sampled_from((False, False, False, True))
MOMENTS = st.sampled_from((0, 0, 1, 2, 3, -1, 8)).map(
    lambda slots: NOON + slots * SLOT + timedelta(minutes=3)
)


def per_slot(values: st.SearchStrategy[Any], n_slots: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=n_slots, max_size=n_slots)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    n_slots = draw(st.integers(4, 8))
    energies = per_slot(ENERGIES, n_slots)
    batteries = tuple(
        told_battery(
            draw(energies),
            draw(energies),
            draw(st.sampled_from((5.0, 0.0, 10.0))),
            capacity_kwh=draw(st.sampled_from((10.0, 10.0, 5.0, 0.0))),
            name=f"battery {number}",
        )
        for number in range(draw(st.sampled_from((1, 1, 2, 0))))
    )
    known = per_slot(st.one_of(UNKNOWN, PRICES), n_slots)
    plan = told_plan(
        n_slots,
        buy=draw(per_slot(PRICES, n_slots)),
        sell=draw(per_slot(PRICES, n_slots)),
        pv=draw(energies),
        load=draw(energies),
        cars={name: draw(energies) for name in NAMES[: draw(st.sampled_from((2, 2, 1, 0)))]},
        marginal=draw(known),
        batteries=batteries,
        rung=draw(
            st.sampled_from(
                (Rung.EXACT, Rung.EXACT, Rung.FAST, Rung.SHIFTED, Rung.RULES, Rung.HANDS_OFF)
            )
        ),
    )
    deadlines = st.one_of(UNKNOWN, st.integers(-1, 14).map(lambda slots: NOON + slots * SLOT))
    return replace(plan, cars=tuple(replace(car, by=draw(deadlines)) for car in plan.cars))


@st.composite
def loadpoints(draw: st.DrawFn) -> tuple[Loadpoint, ...]:
    return tuple(
        told_loadpoint(
            name,
            mode=draw(st.sampled_from((ChargeMode.PV, ChargeMode.PV, *ChargeMode))),
            connected=draw(MOSTLY),
            charging=draw(FLAGS),
            is_heater=draw(RARELY),
            vehicle_soc_pct=draw(st.one_of(UNKNOWN, PERCENT)),
            limit_soc_pct=draw(st.one_of(UNKNOWN, PERCENT)),
            smart_cost_limit=draw(st.one_of(UNKNOWN, PRICES)),
            battery_boost=draw(st.one_of(UNKNOWN, FLAGS)),
            battery_boost_limit_pct=draw(st.one_of(UNKNOWN, PERCENT)),
            max_current_a=draw(st.sampled_from((None, 0.0, 16.0))),
            phases_active=draw(st.sampled_from((None, 0, 1, 3))),
        )
        for name in NAMES[: draw(st.sampled_from((2, 2, 1, 0)))]
    )


@st.composite
def sites(draw: st.DrawFn) -> SiteSnapshot:
    battery = told_reading(
        soc_pct=draw(st.one_of(UNKNOWN, PERCENT)),
        capacity_kwh=draw(st.sampled_from((None, 0.0, 10.0))),
        discharge_control=draw(st.one_of(UNKNOWN, FLAGS)),
        grid_charge_limit=draw(st.one_of(UNKNOWN, PRICES)),
    )
    return told_site(
        *draw(loadpoints()),
        battery=draw(st.sampled_from((battery, battery, battery, None))),
        evcc_version=draw(st.sampled_from(("0.308.0", "0.313.1", "", "?"))),
        limit_rates=told_rates(
            *draw(st.one_of(st.lists(PRICES, min_size=8, max_size=8), st.lists(PRICES, max_size=2)))
        ),
        has_price_limits=draw(MOSTLY),
        limits_are_in_grams=draw(RARELY),
    )


PLANS = st.one_of(st.none(), plans())
PLANTS = st.sampled_from(
    (PLANT, Plant(charge_max_kw=0.0, discharge_max_kw=0.0, round_trip_frac=0.8))
)


@SOME
@given(plan=PLANS, site=sites(), plant=PLANTS, now=MOMENTS, may_charge=FLAGS)
def test_the_battery_is_charged_only_below_what_is_planned_and_where_there_is_room(
    plan: Plan | None, site: SiteSnapshot, plant: Plant, now: Any, *, may_charge: bool
) -> None:
    choice = BatteryChoice(plant=plant, fuse=replace(ROOM, may_charge=may_charge))

    wish = decide_battery(plan=plan, site=site, choice=choice, now=now)

    if wish.mode is BatteryMode.CHARGE:
        slot = slot_in_force(plan, now)
        assert plan is not None
        assert slot is not None
        assert site.battery is not None
        assert site.battery.soc_pct is not None
        to_soc_pct = soc_pct_after(plan, slot)
        assert to_soc_pct is not None
        assert site.battery.soc_pct < min(99.0, to_soc_pct)
        assert may_charge


@SOME
@given(plan=PLANS, site=sites(), now=MOMENTS)
def test_every_mode_that_is_imposed_has_a_reason(
    plan: Plan | None, site: SiteSnapshot, now: Any
) -> None:
    wish = decide_battery(plan=plan, site=site, choice=BatteryChoice(plant=PLANT), now=now)

    assert (wish.mode is None) == (wish.reason is None)


@SOME
@given(plan=PLANS, site=sites(), now=MOMENTS)
def test_the_same_decision_follows_from_itself(
    plan: Plan | None, site: SiteSnapshot, now: Any
) -> None:
    choice = BatteryChoice(plant=PLANT)
    wish = decide_battery(plan=plan, site=site, choice=choice, now=now)

    again = decide_battery(plan=plan, site=site, choice=replace(choice, before=wish), now=now)

    assert again.mode is wish.mode


STANDING = st.one_of(UNKNOWN, PRICES)


def in_force(limits: Sequence[float | None]) -> dict[Lever, SettingValue]:
    return {
        Lever(setting=EvccSetting.SMART_COST_LIMIT, device=name): limit
        for name, limit in zip(NAMES, limits, strict=True)
        if limit is not None
    }


@SOME
@given(plan=plans(), site=sites(), now=MOMENTS, limits=st.tuples(STANDING, STANDING))
def test_a_car_is_never_let_in_while_it_should_wait(
    plan: Plan, site: SiteSnapshot, now: Any, limits: tuple[float | None, float | None]
) -> None:
    slot, rate = slot_in_force(plan, now), rate_at(site.limit_rates, now)
    for loadpoint in site.loadpoints:
        wish = decide_car(
            plan=plan, site=site, device=loadpoint.name, in_force=in_force(limits), now=now
        )

        if not wish.wanted:
            continue
        assert slot is not None
        kwh = next(car.charge_kwh[slot] for car in plan.cars if car.name == loadpoint.name)
        (wanted,) = wish.wanted
        if wanted.lever.setting is EvccSetting.CHARGE_MODE:
            assert kwh > LEAST_KWH
            continue
        assert rate is not None
        assert isinstance(wanted.value, float)
        owner = loadpoint.smart_cost_limit
        is_owners = owner is not None and rate.price_eur_per_kwh <= owner
        assert kwh > LEAST_KWH or rate.price_eur_per_kwh > wanted.value or is_owners


@SOME
@given(plan=plans(), site=sites(), now=MOMENTS, limits=st.tuples(STANDING, STANDING))
def test_what_the_owner_lets_in_is_never_kept_out(
    plan: Plan, site: SiteSnapshot, now: Any, limits: tuple[float | None, float | None]
) -> None:
    for loadpoint in site.loadpoints:
        wish = decide_car(
            plan=plan, site=site, device=loadpoint.name, in_force=in_force(limits), now=now
        )

        owner = loadpoint.smart_cost_limit
        for wanted in wish.wanted:
            if wanted.lever.setting is EvccSetting.SMART_COST_LIMIT and owner is not None:
                assert isinstance(wanted.value, float)
                assert wanted.value >= owner


@SOME
@given(plan=plans(), site=sites(), now=MOMENTS, limits=st.tuples(STANDING, STANDING))
def test_a_wish_that_is_carried_out_stays_what_it_is(
    plan: Plan, site: SiteSnapshot, now: Any, limits: tuple[float | None, float | None]
) -> None:
    for loadpoint in site.loadpoints:
        device, ours = loadpoint.name, in_force(limits)
        wish = decide_car(plan=plan, site=site, device=device, in_force=ours, now=now)

        done = {wanted.lever: wanted.value for wanted in wish.wanted}
        again = decide_car(plan=plan, site=site, device=device, in_force=done, now=now)

        assert again == wish


@SOME
@given(
    plan=PLANS,
    site=sites(),
    plant=PLANTS,
    now=MOMENTS,
    buffer_pct=st.one_of(UNKNOWN, PERCENT),
    active=st.sampled_from(("", *NAMES)),
)
def test_gates_are_asked_in_their_order_up_to_the_first_that_is_closed(  # noqa: PLR0913, PLR0917
    plan: Plan | None,
    site: SiteSnapshot,
    plant: Plant,
    now: Any,
    buffer_pct: float | None,
    active: str,
) -> None:
    rules = BatToCarRules(
        is_allowed=True,
        buffer_soc_pct=buffer_pct,
        wear_eur_per_kwh=0.02,
        plant=plant,
        active=active,
    )

    wish: BatToCarWish = decide_bat_to_car(plan=plan, site=site, rules=rules, now=now)

    gates = wish.report.gates
    answers = [gate.is_open for gate in gates]
    n_open = next((number for number, answer in enumerate(answers) if not answer), len(answers))
    assert tuple(gate.code for gate in gates) == tuple(GateCode)
    assert (
        answers[n_open:] == [False, *[None] * (len(answers) - n_open - 1)][: len(answers) - n_open]
    )
    assert wish.report.is_active == (n_open == len(answers))
    assert bool(wish.wanted) == wish.report.is_active


READINGS = st.tuples(
    st.lists(st.floats(-40.0, 40.0), max_size=3).map(tuple),
    st.one_of(UNKNOWN, st.floats(0.0, 30.0)),
    FLAGS,
)


@SOME
@given(
    readings=st.lists(READINGS, min_size=1, max_size=8),
    phase_a=st.one_of(UNKNOWN, st.floats(10.0, 63.0)),
    limit_kw=st.one_of(UNKNOWN, st.floats(1.0, 30.0)),
)
def test_there_is_room_only_below_every_limit(
    readings: list[tuple[tuple[float, ...], float | None, bool]],
    phase_a: float | None,
    limit_kw: float | None,
) -> None:
    watch = ROOM
    for number, (phases_a, import_kw, is_charging) in enumerate(readings):
        watch = watch_fuse(
            watch,
            site=told_site(phase_import_a=phases_a, grid_import_kw=import_kw),
            limits=FuseLimits(phase_a=phase_a, import_kw=limit_kw),
            charge_kw=4.0,
            is_charging=is_charging,
            now=NOON + number * timedelta(minutes=2),
        )

        if not watch.may_charge:
            continue
        if phase_a is not None:
            assert all(amps <= 0.9 * phase_a for amps in phases_a)
        if limit_kw is not None:
            assert import_kw is not None
            assert import_kw <= limit_kw
