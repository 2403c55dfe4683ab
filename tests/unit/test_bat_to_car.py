"""Whether the home battery helps a car: gate after gate, each with its figures.

In the scene the battery gives 1 kWh in this quarter hour, 0.2 kWh to the house and 0.8 kWh to the
car, where a kWh costs 40 ct. Later the house needs it at 25 ct.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from control.bat_to_car import BatToCarRules, BatToCarWish, decide_bat_to_car
from control.gates import full_power_kw
from control.reasons import because
from control.worth import cost_of_use_eur_per_kwh, stored_value_eur_per_kwh
from domain.control import EvccSetting, Lever, Wanted
from domain.horizon import SLOT
from domain.plan import Plan
from domain.site import ChargeMode, SiteSnapshot, Vehicle
from domain.steering import CommandCode, Gate, GateCode, Stage
from tests.support.told_plan import (
    CAR,
    NOON,
    PLANT,
    told_car,
    told_loadpoint,
    told_plan,
    told_reading,
    told_site,
)

N_SLOTS = 8
CAR_KWH = 0.8
LOSSY = replace(PLANT, round_trip_frac=0.81)  # 90 % each way
SITE = told_site(told_loadpoint())
RULES = BatToCarRules(is_allowed=True, buffer_soc_pct=30.0, wear_eur_per_kwh=0.0, plant=PLANT)
ORDER = tuple(GateCode)


def first(kwh: float) -> tuple[float, ...]:
    return (kwh, *(0.0,) * (N_SLOTS - 1))


def feeding(
    *,
    discharge: float = 1.0,
    car_kwh: float = CAR_KWH,
    now: float = 0.4,
    later: float | Sequence[float] = 0.3,
    marginal: float = 0.25,
) -> Plan:
    rest = (later,) * (N_SLOTS - 1) if isinstance(later, float) else tuple(later)
    return told_plan(
        N_SLOTS,
        buy=(now, *rest),
        load=0.2,
        discharge=first(discharge),
        cars={CAR: first(car_kwh)},
        marginal=marginal,
    )


FEEDING = feeding()


def decide(
    plan: Plan | None = FEEDING, site: SiteSnapshot = SITE, rules: BatToCarRules = RULES
) -> BatToCarWish:
    return decide_bat_to_car(plan=plan, site=site, rules=rules, now=NOON)


def closed(wish: BatToCarWish) -> Gate:
    """The gate that is closed; all before it are open, and none after it was asked."""
    gates = wish.report.gates
    assert tuple(gate.code for gate in gates) == ORDER
    number = [gate.is_open for gate in gates].index(False)
    assert all(gate.is_open for gate in gates[:number])
    assert all(gate.is_open is None and not gate.facts for gate in gates[number + 1 :])
    assert not wish.report.is_active
    assert wish.wanted == ()
    return gates[number]


def facts_of(wish: BatToCarWish, code: GateCode) -> dict[str, float | int | str]:
    return dict(next(gate.facts for gate in wish.report.gates if gate.code is code))


# -- all are open --------------------------------------------------------------------------------


def test_with_every_gate_open_the_battery_helps() -> None:
    report = decide().report

    assert report.is_active
    assert (report.device, report.title) == (CAR, "e-Golf")
    assert tuple(gate.code for gate in report.gates) == ORDER


def test_the_limit_is_written_before_the_boost_begins() -> None:
    wish = decide(rules=replace(RULES, buffer_soc_pct=30.4))

    reason = because(CommandCode.BAT_TO_CAR, car=CAR, value=0.25, price=0.4, buffer_soc_pct=30.4)
    limit, boost = EvccSetting.BATTERY_BOOST_LIMIT, EvccSetting.BATTERY_BOOST
    assert wish.wanted == tuple(
        Wanted(
            lever=Lever(setting=setting, device=CAR), value=value, stage=Stage.CARS, reason=reason
        )
        # A car on three phases runs on with 4.14 kW for 3.5 minutes: 2.4 % of 10 kWh.
        for setting, value in ((limit, 33.0), (boost, True))
    )


def test_a_car_that_is_set_to_now_is_served_without_a_boost() -> None:
    wish = decide(rules=replace(RULES, set_to_now=frozenset({CAR})))

    assert wish.report.is_active
    assert wish.wanted == ()


def test_of_two_cars_it_is_the_one_that_gets_the_most() -> None:
    plan = told_plan(
        N_SLOTS,
        buy=(0.4, *(0.3,) * (N_SLOTS - 1)),
        load=0.2,
        discharge=first(1.0),
        cars={CAR: first(0.3), "lp-2": first(0.5)},
        marginal=0.25,
    )

    report = decide(plan, told_site(told_loadpoint(), told_loadpoint("lp-2"))).report

    assert (report.device, report.is_active) == ("lp-2", True)


# -- gate after gate -----------------------------------------------------------------------------


def test_without_the_owners_leave_nothing_else_is_asked() -> None:
    assert closed(decide(rules=replace(RULES, is_allowed=False))).code is GateCode.ALLOWED


def test_without_a_car_there_is_nobody_to_help() -> None:
    wish = decide(site=told_site(told_loadpoint(connected=False)))

    assert closed(wish).code is GateCode.CAR_WANTS
    assert (wish.report.device, wish.report.title) == ("", "")


def test_a_heater_is_no_car() -> None:
    assert closed(decide(site=told_site(told_loadpoint(is_heater=True)))).code is GateCode.CAR_WANTS


@pytest.mark.parametrize("mode", [ChargeMode.OFF, ChargeMode.NOW, ChargeMode.UNKNOWN])
def test_only_a_car_that_follows_the_sun_is_helped(mode: ChargeMode) -> None:
    gate = closed(decide(site=told_site(told_loadpoint(mode=mode))))

    assert gate.code is GateCode.CAR_WANTS
    assert gate.facts["car"] == CAR


def test_a_car_at_its_limit_wants_nothing() -> None:
    full = told_loadpoint(vehicle_soc_pct=80.0, limit_soc_pct=80.0)

    gate = closed(decide(site=told_site(full)))

    assert gate.code is GateCode.CAR_WANTS
    assert gate.facts == {"car": CAR, "soc_pct": 80.0, "limit_soc_pct": 80.0}


def test_a_session_at_its_limit_wants_nothing() -> None:
    full = told_loadpoint(session_kwh=8.0, limit_kwh=8.0)

    assert closed(decide(site=told_site(full))).code is GateCode.CAR_WANTS


@pytest.mark.parametrize(
    "site",
    [
        told_site(told_loadpoint(battery_boost=None)),
        told_site(told_loadpoint(battery_boost_limit_pct=None)),
        told_site(told_loadpoint(), battery=told_reading(capacity_kwh=None)),
        told_site(told_loadpoint(), battery=None),
    ],
    ids=["no boost", "no limit", "unknown capacity", "no battery"],
)
def test_evcc_has_to_have_a_boost_that_ends(site: SiteSnapshot) -> None:
    assert closed(decide(site=site)).code is GateCode.BOOST_AVAILABLE


def test_two_percent_above_what_a_car_takes_until_it_stops_are_needed_to_begin() -> None:
    gate = closed(decide(site=told_site(told_loadpoint(), soc_pct=34.4)))

    assert gate.code is GateCode.ABOVE_BUFFER
    assert gate.facts == {"soc_pct": 34.4, "buffer_soc_pct": 30.0}


# 4.14 kW for the 3.5 minutes until evcc has switched the car off are 2.415 % of 10 kWh.
@pytest.mark.parametrize(("soc_pct", "goes_on"), [(32.5, True), (32.4, False)])
def test_a_boost_ends_while_the_car_can_run_on_above_the_buffer(
    soc_pct: float, *, goes_on: bool
) -> None:
    site = told_site(told_loadpoint(), soc_pct=soc_pct)

    assert decide(site=site, rules=replace(RULES, active=CAR)).report.is_active is goes_on


def test_another_cars_help_is_not_gone_on_with() -> None:
    site = told_site(told_loadpoint(), soc_pct=31.0)

    gate = closed(decide(site=site, rules=replace(RULES, active="lp-2")))

    assert gate.code is GateCode.ABOVE_BUFFER


@pytest.mark.parametrize("buffer_pct", [None, 0.0, 99.5], ids=["none", "off", "no limit to evcc"])
def test_without_a_buffer_to_end_at_the_battery_is_not_emptied(buffer_pct: float | None) -> None:
    site = told_site(told_loadpoint(), soc_pct=100.0)

    gate = closed(decide(site=site, rules=replace(RULES, buffer_soc_pct=buffer_pct, active=CAR)))

    assert gate.code is GateCode.ABOVE_BUFFER


def test_an_unknown_state_of_charge_is_not_above_the_buffer() -> None:
    gate = closed(decide(site=told_site(told_loadpoint(), soc_pct=None)))

    assert gate.code is GateCode.ABOVE_BUFFER


def test_without_a_plan_nobody_agrees() -> None:
    assert closed(decide(None)).code is GateCode.PLAN_AGREES


@pytest.mark.parametrize(
    "plan",
    [feeding(discharge=0.25), feeding(discharge=0.6, car_kwh=0.0)],
    ids=["50 Wh more than the house lacks", "the car waits"],
)
def test_the_plan_has_to_give_the_car_something(plan: Plan) -> None:
    assert closed(decide(plan)).code is GateCode.PLAN_AGREES


def test_a_plan_that_gives_less_than_half_of_what_a_boost_takes_does_not_agree() -> None:
    # By itself it would give 1 kWh to house and car.
    gate = closed(decide(feeding(discharge=0.4, car_kwh=2.75)))

    assert gate.code is GateCode.PLAN_AGREES
    assert gate.facts == {"kwh": 0.2}


def test_what_the_car_gets_by_plan_is_told() -> None:
    assert facts_of(decide(), GateCode.PLAN_AGREES) == {"kwh": 0.8}


@pytest.mark.parametrize(("now", "is_open"), [(0.26, True), (0.25, False)])
def test_it_has_to_replace_dearer_energy_than_it_is(now: float, *, is_open: bool) -> None:
    wish = decide(feeding(now=now))

    assert wish.report.is_active is is_open
    assert facts_of(wish, GateCode.WORTH_IT) == {"value": 0.25, "price": now}


def test_energy_of_which_nothing_is_known_is_not_given_away() -> None:
    plan = told_plan(1, buy=0.4, load=0.2, discharge=1.0, cars={CAR: CAR_KWH})
    balanced = replace(plan, batteries=(replace(plan.batteries[0], start_kwh=4.0),))

    gate = closed(decide(balanced))

    assert gate.code is GateCode.WORTH_IT
    assert gate.facts == {"price": 0.4}


# -- no cheaper window ---------------------------------------------------------------------------

CHEAP_AT_THREE = (0.3, 0.3, 0.2, 0.3, 0.3, 0.3, 0.3)


def test_a_cheaper_quarter_hour_with_room_for_all_is_waited_for() -> None:
    gate = closed(decide(feeding(later=CHEAP_AT_THREE)))

    assert gate.code is GateCode.NO_CHEAPER_WINDOW
    assert gate.facts == {
        "price": 0.25,
        "best_price": 0.2,
        "best_at": (NOON + 3 * SLOT).isoformat(),
    }


def test_one_that_comes_too_late_is_not() -> None:
    plan = feeding(later=CHEAP_AT_THREE)
    car = replace(plan.cars[0], by=NOON + 3 * SLOT)

    assert decide(replace(plan, cars=(car,))).report.is_active


def test_one_whose_price_is_not_published_is_not_without_a_deadline() -> None:
    plan = replace(feeding(later=CHEAP_AT_THREE), n_known_prices=3)

    assert decide(plan).report.is_active


def test_one_is_not_enough_for_a_car_that_needs_two() -> None:
    # 11 kW are 2.76 kWh a quarter hour.
    plan = feeding(later=CHEAP_AT_THREE)
    car = told_car(CAR, (CAR_KWH, 2.5, *(0.0,) * 6), N_SLOTS)

    wish = decide(replace(plan, cars=(car,)))

    assert facts_of(wish, GateCode.NO_CHEAPER_WINDOW) == {
        "price": 0.25,
        "best_price": 0.3,
        "best_at": (NOON + SLOT).isoformat(),
    }
    assert wish.report.is_active


def test_what_is_missing_to_the_target_counts_as_needed() -> None:
    plan = feeding(later=CHEAP_AT_THREE)
    car = replace(plan.cars[0], target_kwh=23.0)  # 3 kWh in the car are 3.3 kWh at the socket

    assert decide(replace(plan, cars=(car,))).report.is_active


def test_a_car_that_has_no_time_to_wait_is_helped() -> None:
    plan = feeding(later=CHEAP_AT_THREE)
    car = replace(plan.cars[0], by=NOON + SLOT)

    wish = decide(replace(plan, cars=(car,)))

    assert facts_of(wish, GateCode.NO_CHEAPER_WINDOW) == {"price": 0.25}
    assert wish.report.is_active


@pytest.mark.parametrize(
    ("changes", "phases", "power_kw"),
    [
        ({}, None, 11.04),
        ({"phases_active": 1}, None, 3.68),
        ({"phases_active": 1, "switches_phases": True}, None, 11.04),
        ({"phases_configured": 1, "switches_phases": True}, None, 3.68),
        ({"max_current_a": 32.0}, 2, 14.72),
        ({"max_current_a": None, "phases_active": None}, None, 11.04),
    ],
)
def test_what_a_car_can_charge_with(
    changes: dict[str, object], phases: int | None, power_kw: float
) -> None:
    loadpoint = replace(told_loadpoint(vehicle_name="golf"), **changes)  # type: ignore[arg-type]
    site = told_site(loadpoint, vehicles=(Vehicle(name="golf", title="e-Golf", phases=phases),))

    assert full_power_kw(site, loadpoint) == pytest.approx(power_kw)


# -- what stored energy is worth -----------------------------------------------------------------


def value_of(plan: Plan, *, wear: float = 0.0, is_lossy: bool = False) -> float | None:
    return stored_value_eur_per_kwh(
        plan, 0, plant=LOSSY if is_lossy else PLANT, wear_eur_per_kwh=wear
    )


def test_it_is_worth_the_dearest_that_it_can_replace() -> None:
    plan = told_plan(load=0.2, marginal=(0.4, 0.2, 0.31, 0.25))

    assert value_of(plan) == 0.31


def test_losses_and_wear_on_the_way_out_make_it_worth_less() -> None:
    plan = told_plan(load=0.2, marginal=0.32)

    assert value_of(plan, wear=0.02, is_lossy=True) == pytest.approx(0.3 * 0.9)


def test_taken_out_again_it_costs_what_it_would_replace() -> None:
    cost = cost_of_use_eur_per_kwh(0.27, plant=LOSSY, wear_eur_per_kwh=0.02)

    assert cost == pytest.approx(0.32)


def test_where_the_battery_gives_all_it_can_more_would_not_be_used() -> None:
    plan = told_plan(load=2.0, discharge=(0.0, 1.0, 0.0, 0.0), marginal=(0.3, 0.5, 0.3, 0.3))

    assert value_of(plan) == 0.3


def test_where_the_house_lacks_nothing_it_replaces_nothing() -> None:
    plan = told_plan(pv=(0.0, 1.0, 0.0, 0.0), load=0.2, marginal=(0.3, 0.5, 0.3, 0.3))

    assert value_of(plan) == 0.3


def test_it_replaces_what_is_charged_later_with_its_losses() -> None:
    plan = told_plan(charge=(0.0, 0.5, 0.0, 0.0), pv=(0.0, 0.5, 0.0, 0.0), marginal=0.09)

    assert value_of(plan, is_lossy=True) == pytest.approx(0.1)


def test_a_battery_that_is_full_again_carries_nothing_past_that() -> None:
    plan = told_plan(
        charge=(0.0, 1.0, 0.0, 0.0),
        pv=(0.0, 1.0, 0.0, 0.0),
        load=(0.2, 0.0, 0.2, 0.2),
        start_kwh=9.0,
        marginal=(0.4, 0.08, 0.5, 0.5),
    )

    assert value_of(plan) == 0.08


def test_without_marginal_values_the_meters_price_counts() -> None:
    plan = told_plan(load=0.2, buy=(0.4, 0.28, 0.26, 0.27))

    assert value_of(plan) == 0.28


def test_without_marginal_values_stored_sun_is_worth_its_feed_in() -> None:
    plan = told_plan(pv=(0.0, 1.0, 0.0, 0.0), charge=(0.0, 0.5, 0.0, 0.0), sell=0.09)

    assert value_of(plan) == 0.09


def test_what_is_left_at_the_end_is_worth_what_the_plan_says() -> None:
    # From 5 to 3 kWh, which the plan counts as a loss of 0.6 EUR.
    plan = told_plan(2, pv=1.0, discharge=(1.0, 1.0), marginal=0.2)

    assert value_of(replace(plan, cost=replace(plan.cost, stored_eur=0.6))) == pytest.approx(0.3)


def test_where_nothing_can_be_told_of_it_nothing_is() -> None:
    assert value_of(told_plan(2)) is None
