"""Which battery mode carries out a plan.

The battery has 10 kWh, takes and gives 1 kWh a quarter hour, and stands at 5 kWh (50 %).
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from control.battery import (
    BatteryChoice,
    BatteryWish,
    decide_battery,
    knows_hold_charge,
)
from control.fuse import FuseWatch
from control.reasons import because
from domain.horizon import SLOT
from domain.plan import Plan, Reason, ReasonCode, Rung
from domain.site import BatteryDevice, BatteryMode, ChargeMode, SiteSnapshot, Vehicle
from domain.steering import CommandCode
from tests.support.told_plan import (
    CAR,
    NOON,
    PLANT,
    told_battery,
    told_loadpoint,
    told_plan,
    told_rates,
    told_reading,
    told_site,
)

PLAIN = BatteryChoice(plant=PLANT)
HOME = told_site()
MINUTE = timedelta(minutes=1)
NOTHING = BatteryWish()

BUYS = told_plan(charge=(0.5, 0.0, 0.0, 0.0), buy=(0.2, 0.3, 0.3, 0.3))  # to 55 %
SERVES = told_plan(load=0.2, discharge=0.2)
KEEPS = told_plan(load=0.2, buy=0.25)
STORES = told_plan(pv=1.0, load=0.2, charge=0.8, start_kwh=1.0)
LEAVES_SUN = told_plan(pv=1.0, load=0.2, sell=0.12)
SPARES_CAR = told_plan(load=0.2, discharge=0.2, cars={CAR: 2.75})


def decide(
    plan: Plan | None,
    site: SiteSnapshot = HOME,
    choice: BatteryChoice = PLAIN,
    *,
    minutes: float = 0.0,
) -> BatteryWish:
    return decide_battery(plan=plan, site=site, choice=choice, now=NOON + minutes * MINUTE)


def code_of(wish: BatteryWish) -> CommandCode | None:
    return None if wish.reason is None else wish.reason.code


def at_soc(soc_pct: float | None) -> SiteSnapshot:
    return told_site(soc_pct=soc_pct)


# -- nobody wants anything -----------------------------------------------------------------------


def test_without_a_plan_nothing_is_imposed() -> None:
    assert decide(None) == NOTHING


@pytest.mark.parametrize("minutes", [-1.0, 60.0])
def test_a_plan_that_does_not_cover_now_imposes_nothing(minutes: float) -> None:
    assert decide(BUYS, minutes=minutes) == NOTHING


def test_a_plan_that_is_evccs_own_rules_imposes_nothing() -> None:
    assert decide(replace(BUYS, rung=Rung.HANDS_OFF)) == NOTHING


def test_a_battery_that_evcc_cannot_command_is_left_alone() -> None:
    battery = told_reading(devices=(BatteryDevice(name="db:1", controllable=False),))

    assert decide(BUYS, told_site(battery=battery)) == NOTHING


def test_a_home_without_a_battery_is_left_alone() -> None:
    assert decide(BUYS, told_site(battery=None)) == NOTHING


def test_a_plan_without_the_battery_imposes_nothing_on_it() -> None:
    assert decide(replace(BUYS, batteries=())) == NOTHING


@pytest.mark.parametrize("plan", [SERVES, STORES], ids=["serves", "stores"])
def test_what_the_battery_would_do_by_itself_needs_no_mode(plan: Plan) -> None:
    assert decide(plan).mode is None


def test_the_slot_that_counts_is_the_one_of_now() -> None:
    plan = told_plan(charge=(0.0, 0.0, 0.5, 0.0))

    modes = [decide(plan, minutes=15.0 * slot).mode for slot in range(4)]

    assert modes == [None, None, BatteryMode.CHARGE, None]


# -- it buys -------------------------------------------------------------------------------------


def test_what_the_plan_buys_is_charged_up_to_where_the_slot_ends() -> None:
    wish = decide(BUYS)

    assert wish.mode is BatteryMode.CHARGE
    assert wish.reason == because(
        CommandCode.BATTERY_BUYS, price=0.2, to_soc_pct=55.0, until=NOON + SLOT
    )


@pytest.mark.parametrize(("bought_kwh", "mode"), [(0.05, None), (0.06, BatteryMode.CHARGE)])
def test_buying_next_to_nothing_is_not_worth_a_mode(
    bought_kwh: float, mode: BatteryMode | None
) -> None:
    plan = told_plan(pv=0.5, load=0.2, charge=0.3 + bought_kwh)

    assert decide(plan).mode is mode


def test_sun_that_a_car_takes_is_not_there_for_the_battery() -> None:
    plan = told_plan(pv=1.0, load=0.2, charge=0.5, cars={CAR: 0.8})

    assert decide(plan, told_site(told_loadpoint())).mode is BatteryMode.CHARGE


def test_a_car_that_has_left_leaves_its_sun_to_the_battery() -> None:
    plan = told_plan(pv=1.0, load=0.2, charge=0.5, cars={CAR: 0.8})

    assert decide(plan, told_site(told_loadpoint(connected=False))).mode is None


def test_once_it_is_in_the_rest_of_the_slot_is_waited_for() -> None:
    wish = decide(BUYS, at_soc(55.0))

    assert wish.mode is BatteryMode.HOLD
    assert wish.reason == because(CommandCode.BATTERY_HAS_BOUGHT, soc_pct=55.0)


@pytest.mark.parametrize(("soc_pct", "mode"), [(53.5, "hold"), (53.0, "charge")])
def test_it_buys_again_in_a_slot_only_when_it_has_lost_two_percent(
    soc_pct: float, mode: str
) -> None:
    bought = decide(BUYS, at_soc(55.0))

    again = decide(BUYS, at_soc(soc_pct), replace(PLAIN, before=bought), minutes=5.0)

    assert again.mode == mode


def test_what_was_bought_in_the_last_slot_does_not_stop_this_one() -> None:
    plan = told_plan(charge=(0.5, 0.1, 0.0, 0.0))
    bought = decide(plan, at_soc(55.0), minutes=14.0)

    wish = decide(plan, at_soc(55.0), replace(PLAIN, before=bought), minutes=15.0)

    assert wish.mode is BatteryMode.CHARGE


def test_of_two_batteries_the_larger_counts_for_more() -> None:
    small = told_battery((0.5,), (0.0,), 1.0, capacity_kwh=5.0)  # to 30 %
    large = told_battery((0.0,), (0.0,), 9.0, capacity_kwh=15.0, name="cellar")  # at 60 %
    plan = told_plan(1, batteries=(small, large))

    wish = decide(plan)

    assert wish.reason is not None
    assert wish.reason.facts["to_soc_pct"] == 52.5


def test_two_batteries_that_charge_each_other_buy_nothing() -> None:
    gives = told_battery((0.0,), (0.5,), 5.0)
    takes = told_battery((0.5,), (0.0,), 5.0, name="cellar")

    assert decide(told_plan(1, batteries=(gives, takes))).mode is None


def test_it_never_buys_without_knowing_the_state_of_charge() -> None:
    wish = decide(BUYS, at_soc(None))

    assert (wish.mode, code_of(wish)) == (BatteryMode.HOLD, CommandCode.BATTERY_KEEPS)


def test_a_full_battery_is_not_charged_whatever_the_plan_thinks() -> None:
    plan = told_plan(1, charge=0.5, start_kwh=9.5)

    assert decide(plan, at_soc(99.0)).mode is BatteryMode.HOLD


def test_where_the_fuse_has_no_room_energy_is_kept_at_least() -> None:
    reason = because(CommandCode.FUSE_RELIEF, phase=2, current_a=33.0, limit_a=35.0)
    fuse = FuseWatch(may_charge=False, is_relief=True, reason=reason)

    wish = decide(BUYS, choice=replace(PLAIN, fuse=fuse))

    assert (wish.mode, wish.reason) == (BatteryMode.HOLD, reason)


# -- it leaves sun -------------------------------------------------------------------------------


def test_sun_that_the_plan_feeds_in_is_kept_out_of_the_battery() -> None:
    wish = decide(LEAVES_SUN)

    assert wish.mode is BatteryMode.HOLD_CHARGE
    assert wish.reason == because(
        CommandCode.BATTERY_LEAVES_SUN, export_price=0.12, until=NOON + 4 * SLOT
    )


@pytest.mark.parametrize(("stored_kwh", "mode"), [(0.39, "holdcharge"), (0.4, None)])
def test_half_of_the_sun_is_better_stored_than_left(stored_kwh: float, mode: str | None) -> None:
    assert decide(told_plan(pv=1.0, load=0.2, charge=stored_kwh)).mode == mode


def test_sun_for_which_there_is_no_room_needs_no_mode() -> None:
    assert decide(told_plan(pv=1.0, load=0.2, start_kwh=10.0)).mode is None


def test_a_glimpse_of_sun_needs_no_mode() -> None:
    assert decide(told_plan(pv=0.24, load=0.2)).mode is None


@pytest.mark.parametrize(
    ("version", "knows"),
    [
        ("0.308.2", False),
        ("v0.209.0", False),
        ("0.309.0", True),
        ("0.313.1-nightly (a1b2c3d)", True),
        ("1.2", True),
        ("", True),
        ("nightly", True),
    ],
)
def test_which_versions_of_evcc_can_stop_charging(version: str, *, knows: bool) -> None:
    assert knows_hold_charge(version) is knows


def test_an_evcc_that_cannot_stop_charging_is_left_alone() -> None:
    assert decide(LEAVES_SUN, told_site(evcc_version="0.308.2")).mode is None


# -- it keeps ------------------------------------------------------------------------------------


def test_energy_that_is_worth_more_later_is_kept() -> None:
    wish = decide(KEEPS)

    assert wish.mode is BatteryMode.HOLD
    assert wish.reason == because(CommandCode.BATTERY_KEEPS, price=0.25, until=NOON + 4 * SLOT)


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        pytest.param({"for_price": 0.31}, {"value": 0.31}, id="it replaces dearer electricity"),
        pytest.param({"kept_value": 0.28}, {"value": 0.28}, id="it is left for after the plan"),
        pytest.param({"kept_value": 0.24}, {}, id="on this course alone it is worth less"),
        pytest.param({}, {}, id="nothing is told"),
    ],
)
def test_what_kept_energy_is_worth_later_is_told_where_that_is_more(
    facts: dict[str, float], told: dict[str, float]
) -> None:
    why = Reason(code=ReasonCode.BATTERY_KEEPS, device="home", facts={"price": 0.25, **facts})

    reason = decide(replace(KEEPS, reasons=((why,),) * 4)).reason

    assert reason is not None
    assert {key: reason.facts[key] for key in ("value",) if key in reason.facts} == told


def test_a_plan_without_reasons_is_carried_out_too() -> None:
    assert decide(replace(KEEPS, reasons=())).mode is BatteryMode.HOLD


def test_it_is_told_until_when_energy_is_kept() -> None:
    plan = told_plan(load=0.2, discharge=(0.0, 0.0, 0.2, 0.0))

    wish = decide(plan, minutes=20.0)

    assert wish.reason is not None
    assert wish.reason.facts["until"] == (NOON + 2 * SLOT).isoformat()


def test_a_value_that_is_not_known_is_not_told() -> None:
    wish = decide(replace(KEEPS, marginal_eur_per_kwh=(None,) * 4))

    assert wish.reason is not None
    assert "value" not in wish.reason.facts


@pytest.mark.parametrize(("given_kwh", "mode"), [(0.09, "hold"), (0.1, None)])
def test_half_of_what_the_house_needs_is_better_given_than_kept(
    given_kwh: float, mode: str | None
) -> None:
    assert decide(told_plan(load=0.2, discharge=given_kwh)).mode == mode


def test_keeping_next_to_nothing_is_not_worth_a_mode() -> None:
    assert decide(told_plan(load=0.02)).mode is None


def test_an_empty_battery_keeps_nothing() -> None:
    # It stands at its lower limit of 5 %.
    assert decide(told_plan(load=0.2, start_kwh=0.5)).mode is None


# -- a car charges fast --------------------------------------------------------------------------


def test_a_car_that_may_not_be_fed_is_kept_off_the_battery() -> None:
    wish = decide(SPARES_CAR, told_site(told_loadpoint()))

    assert wish.mode is BatteryMode.HOLD
    assert wish.reason == because(CommandCode.BATTERY_PROTECTED, car=CAR)


def test_a_car_that_has_left_needs_no_protection() -> None:
    assert decide(SPARES_CAR, told_site(told_loadpoint(connected=False))).mode is None


def test_a_car_that_the_owner_switched_off_needs_no_protection() -> None:
    assert decide(SPARES_CAR, told_site(told_loadpoint(mode=ChargeMode.OFF))).mode is None


def test_a_car_that_might_be_fed_is_not_why_energy_is_kept() -> None:
    choice = replace(PLAIN, may_feed_cars=True, buffer_soc_pct=30.0)

    assert code_of(decide(SPARES_CAR, told_site(told_loadpoint()), choice)) is (
        CommandCode.BATTERY_KEEPS
    )


@pytest.mark.parametrize("buffer_pct", [0.0, 60.0], ids=["feeds no car", "above the battery"])
def test_what_the_buffer_keeps_is_protected(buffer_pct: float) -> None:
    choice = replace(PLAIN, may_feed_cars=True, buffer_soc_pct=buffer_pct)

    assert code_of(decide(SPARES_CAR, told_site(told_loadpoint()), choice)) is (
        CommandCode.BATTERY_PROTECTED
    )


def test_energy_that_is_kept_from_the_house_too_is_kept_for_its_value() -> None:
    plan = told_plan(load=0.2, cars={CAR: 2.75})

    assert code_of(decide(plan, told_site(told_loadpoint()))) is CommandCode.BATTERY_KEEPS


def test_a_battery_that_feeds_the_car_is_left_to_it() -> None:
    plan = told_plan(load=0.2, discharge=1.0, cars={CAR: 2.75})

    assert decide(plan, told_site(told_loadpoint())).mode is None


# -- against a rule of evcc ----------------------------------------------------------------------


def ruled(price: float = 0.1, **changes: object) -> SiteSnapshot:
    """A home in which evcc charges the battery at 15 ct and below."""
    site = told_site(
        battery=told_reading(grid_charge_limit=0.15),
        limit_rates=told_rates(price),
        has_price_limits=True,
    )
    return replace(site, **changes)  # type: ignore[arg-type]  # names of fields


def test_evcc_is_kept_from_buying_what_the_plan_does_not() -> None:
    wish = decide(SERVES, ruled())

    assert wish.mode is BatteryMode.NORMAL
    assert wish.reason == because(CommandCode.BATTERY_AGAINST_RULE, price=0.1, limit=0.15)


def test_a_price_at_the_limit_counts_as_evcc_counts_it() -> None:
    assert decide(SERVES, ruled(0.15)).mode is BatteryMode.NORMAL


@pytest.mark.parametrize(
    "site",
    [
        ruled(0.16),
        ruled(limit_rates=()),
        ruled(limits_are_in_grams=True),
        ruled(has_price_limits=False),
        ruled(battery=told_reading(grid_charge_limit=None)),
    ],
    ids=["too dear", "no price", "grams", "a fixed price", "no rule"],
)
def test_a_rule_that_does_not_charge_now_is_left_alone(site: SiteSnapshot) -> None:
    assert decide(SERVES, site).mode is None


def test_a_rule_that_charges_as_planned_is_not_in_the_way() -> None:
    assert decide(BUYS, ruled()).mode is BatteryMode.CHARGE


def test_a_rule_is_countered_also_where_sun_cannot_be_left() -> None:
    assert decide(LEAVES_SUN, ruled(evcc_version="0.308.2")).mode is BatteryMode.NORMAL


# -- the owner's discharge control ---------------------------------------------------------------

FAST = told_loadpoint(mode=ChargeMode.NOW, charging=True)
CONTROLLED = told_reading(grid_charge_limit=0.15, discharge_control=True)


def test_a_hold_of_the_owner_is_not_lifted_against_a_rule() -> None:
    wish = decide(SERVES, ruled(battery=CONTROLLED, loadpoints=(FAST,)))

    assert (wish.mode, code_of(wish)) == (BatteryMode.HOLD, CommandCode.BATTERY_AGAINST_RULE)


def test_a_hold_of_the_owner_is_not_lifted_to_leave_sun() -> None:
    site = told_site(FAST, battery=told_reading(discharge_control=True))

    assert decide(LEAVES_SUN, site).mode is None


@pytest.mark.parametrize(
    ("changes", "is_fast"),
    [
        ({"mode": ChargeMode.NOW}, True),
        ({"planned": ((NOON, NOON + SLOT),)}, True),
        ({"planned": ((NOON + SLOT, NOON + 2 * SLOT),)}, False),
        ({"vehicle_name": "golf", "vehicle_soc_pct": 19.0}, True),
        ({"vehicle_name": "golf", "vehicle_soc_pct": 20.0}, False),
        ({"smart_cost_limit": 0.1}, True),
        ({"smart_cost_limit": 0.09}, False),
        ({}, False),
    ],
    ids=[
        "now", "planned", "planned later", "below its least", "at its least",
        "cheap", "not cheap", "sun",
    ],
)  # fmt: skip
def test_what_evcc_takes_for_fast_charging(changes: dict[str, object], *, is_fast: bool) -> None:
    loadpoint = replace(told_loadpoint(charging=True), **changes)  # type: ignore[arg-type]
    golf = Vehicle(name="golf", title="e-Golf", min_soc_pct=20.0)

    wish = decide(SERVES, ruled(battery=CONTROLLED, loadpoints=(loadpoint,), vehicles=(golf,)))

    assert wish.mode is (BatteryMode.HOLD if is_fast else BatteryMode.NORMAL)


def test_a_car_that_rests_holds_nothing() -> None:
    resting = replace(FAST, charging=False)

    wish = decide(SERVES, ruled(battery=CONTROLLED, loadpoints=(resting,)))

    assert wish.mode is BatteryMode.NORMAL
