"""What the service knows becomes a problem that the planner can solve."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from config import Config
from domain.forecast import ForecastKind
from domain.outlook import Outlook
from domain.plan import SkipCause, Skipped
from domain.site import (
    BatteryDevice,
    ChargeMode,
    SiteSnapshot,
)
from plan_inputs import build_task
from planner.car_prices import URGENT_SHARE
from planner.plant import assumed_plant
from tests.support.planned_home import (
    BATTERY,
    BUYS,
    HOUR,
    LOAD,
    N_FORECAST,
    NOW,
    OUTLOOK,
    PLANT,
    PV,
    SELLS,
    SITE,
    START,
    VEHICLE,
    built,
    expectation,
    outlook_of,
    rates,
    the_car,
    with_car,
)


def skipped(site: SiteSnapshot | None = SITE, outlook: Outlook | None = OUTLOOK) -> SkipCause:
    inputs = build_task(
        NOW, site=site, outlook=outlook, cfg=Config(), plant=PLANT, buffer_soc_pct=40.0
    )
    assert isinstance(inputs, Skipped)
    return inputs.cause


# Time and series


def test_the_running_slot_is_the_first_and_the_horizon_as_long_as_the_option_says() -> None:
    inputs = built()

    assert inputs.start == START
    assert inputs.problem.n_slots == 192
    assert built(cfg=Config(plan_hours=24)).problem.n_slots == 96


def test_beyond_the_forecasts_their_last_day_comes_again() -> None:
    task = built(cfg=Config(plan_hours=72))

    load, buys = task.problem.load_kwh, task.problem.import_price_eur_per_kwh
    assert task.problem.n_slots == 288
    assert load[-40:].tolist() == load[-136:-96].tolist()
    assert buys[-40:].tolist() == buys[-136:-96].tolist()
    assert "as_the_day_before" in task.assumed
    assert "as_the_day_before" not in built().assumed


def test_hourly_prices_are_laid_onto_quarter_hours_and_the_forecast_follows() -> None:
    inputs = built()

    prices = inputs.problem.import_price_eur_per_kwh
    assert prices[:5].tolist() == [0.20, 0.20, 0.20, 0.20, 0.25]
    assert prices[15:18].tolist() == [0.35, 0.30, 0.30]
    assert inputs.n_known_prices == 16


def test_powers_become_energies() -> None:
    problem = built().problem

    assert problem.load_kwh.tolist() == [pytest.approx(0.2)] * 192
    assert problem.pv_kwh.max() == pytest.approx(1.0)
    assert problem.pv_kwh.sum() == pytest.approx(2 * 6 * 4.0)


def test_an_older_outlook_is_read_from_now_on() -> None:
    older = START - 2 * HOUR
    steps: list[float | None] = [float(index) for index in range(N_FORECAST)]
    outlook = outlook_of(expectation(ForecastKind.LOAD, steps, start=older), PV, BUYS, start=older)

    problem = built(outlook=outlook).problem

    assert problem.load_kwh[0] == pytest.approx(8 * 0.25)
    assert problem.n_slots == 192


def test_a_forecast_that_ends_early_shortens_the_plan() -> None:
    short = expectation(ForecastKind.LOAD, [0.8] * 120 + [None] * 84)

    assert built(outlook=outlook_of(short, PV, BUYS)).problem.n_slots == 120


def test_without_prices_for_feed_in_it_brings_nothing_and_that_is_said() -> None:
    inputs = built(replace(SITE, export_rates=()), outlook_of(LOAD, PV, BUYS))

    assert not inputs.problem.export_price_eur_per_kwh.any()
    assert "export_price" in inputs.assumed
    assert "export_price" not in built().assumed


def test_prices_that_nobody_forecasts_are_those_of_the_day_before() -> None:
    day = [0.1 + 0.01 * hour for hour in range(30)]
    inputs = built(
        replace(SITE, import_rates=rates(*day, start=START)), outlook_of(LOAD, PV, SELLS)
    )

    prices = inputs.problem.import_price_eur_per_kwh
    assert prices[4 * 30] == pytest.approx(prices[4 * 6])
    assert np.isfinite(prices).all()
    assert "import_price" in inputs.assumed


# When there can be no plan


def test_what_is_missing_is_named() -> None:
    assert skipped(site=None) is SkipCause.NO_READING
    assert skipped(outlook=None) is SkipCause.NO_FORECAST
    assert skipped(outlook=outlook_of(PV, BUYS)) is SkipCause.NO_FORECAST
    short = expectation(ForecastKind.LOAD, [0.8] * 40)
    assert skipped(outlook=outlook_of(short, PV, BUYS)) is SkipCause.NO_FORECAST
    assert skipped(replace(SITE, import_rates=()), outlook_of(LOAD, PV)) is SkipCause.NO_PRICES
    assert skipped(replace(SITE, battery=None)) is SkipCause.NOTHING_TO_PLAN


def test_sun_that_nobody_forecasts_is_not_planned_without() -> None:
    dark = outlook_of(LOAD, BUYS, SELLS)

    assert skipped(replace(SITE, pv_kw=2.0), dark) is SkipCause.NO_FORECAST
    at_night = built(replace(SITE, pv_kw=0.0), dark)
    assert not at_night.problem.pv_kwh.any()
    assert "no_sun" in at_night.assumed


def test_a_battery_of_unknown_charge_is_left_out() -> None:
    blind = replace(BATTERY, soc_pct=None, devices=(replace(BATTERY.devices[0], soc_pct=None),))

    inputs = built(with_car(replace(SITE, battery=blind)))

    assert inputs.problem.batteries == ()
    assert inputs.assumed == ("battery_left_out",)
    assert skipped(replace(SITE, battery=blind)) is SkipCause.NOTHING_TO_PLAN


# Batteries


def test_the_battery_is_what_evcc_and_the_plant_say() -> None:
    inputs = built()

    (battery,) = inputs.problem.batteries
    assert (battery.name, inputs.batteries[0].title) == ("bat1", "Keller")
    assert (battery.capacity_kwh, battery.soc_kwh, battery.soc_max_kwh) == (10.0, 5.0, 10.0)
    assert battery.soc_min_kwh == pytest.approx(0.5)
    assert (battery.charge_max_kw, battery.discharge_max_kw) == (6.0, 4.5)
    assert battery.charge_efficiency_frac == pytest.approx(0.9)
    assert battery.wear_eur_per_kwh == pytest.approx(0.02)
    assert battery.may_grid_charge
    assert not battery.may_export
    assert not battery.may_feed_cars
    assert inputs.assumed == ("soc_min",)


def test_what_was_assumed_of_the_plant_is_said_and_options_end_it() -> None:
    assumed = built(plant=assumed_plant(10.0)).assumed
    told = built(
        plant=assumed_plant(10.0),
        cfg=Config(battery_charge_kw=3.0, battery_discharge_kw=2.0, battery_efficiency_pct=90.0),
    )

    assert assumed == ("soc_min", "charge_power", "discharge_power", "efficiency")
    assert told.assumed == ("soc_min",)
    assert told.problem.batteries[0].charge_max_kw == 3.0
    assert told.problem.batteries[0].charge_efficiency_frac == pytest.approx(0.9**0.5)


def test_several_batteries_share_the_plant_by_their_capacity() -> None:
    small = BatteryDevice(name="bat2", soc_pct=20.0, capacity_kwh=5.0, controllable=True)
    both = replace(BATTERY, capacity_kwh=15.0, devices=(BATTERY.devices[0], small))

    first, second = built(replace(SITE, battery=both)).problem.batteries

    assert [first.charge_max_kw, second.charge_max_kw] == pytest.approx([4.0, 2.0])
    assert second.soc_kwh == pytest.approx(1.0)
    for battery in (first, second):
        room_kwh = battery.soc_max_kwh - battery.soc_min_kwh
        assert sum(piece.width_kwh for piece in battery.terminal) == pytest.approx(room_kwh)


def test_batteries_that_tell_too_little_are_planned_as_one() -> None:
    silent = BatteryDevice(name="bat2", soc_pct=20.0)
    both = replace(BATTERY, capacity_kwh=15.0, devices=(BATTERY.devices[0], silent))

    (battery,) = built(replace(SITE, battery=both)).problem.batteries

    assert (battery.capacity_kwh, battery.soc_kwh) == (15.0, 7.5)


def test_the_buffer_is_a_priced_reserve_and_out_of_the_cars_reach() -> None:
    (battery,) = built(cfg=Config(battery_to_car=True)).problem.batteries

    assert battery.reserve is not None
    assert battery.reserve.soc_kwh.tolist() == [4.0] * 192
    assert battery.reserve.eur_per_kwh_h == 0.0002
    assert battery.cars_above_kwh == 4.0
    assert battery.may_feed_cars


def test_a_buffer_that_is_off_keeps_nothing_and_feeds_no_car() -> None:
    (battery,) = built(cfg=Config(battery_to_car=True), buffer_soc_pct=0.0).problem.batteries

    assert battery.reserve is None
    assert not battery.may_feed_cars


def test_the_grid_charges_only_what_evcc_can_control_and_the_owner_allows() -> None:
    stubborn = replace(BATTERY, devices=(replace(BATTERY.devices[0], controllable=False),))

    assert not built(replace(SITE, battery=stubborn)).problem.batteries[0].may_grid_charge
    assert not built(cfg=Config(grid_charging=False)).problem.batteries[0].may_grid_charge


def test_energy_left_at_the_end_is_worth_the_coming_night() -> None:
    calm = expectation(ForecastKind.LOAD, [0.3] * N_FORECAST)

    (battery,) = built(outlook=outlook_of(calm, PV, BUYS, SELLS)).problem.batteries

    # At 16 o'clock the night is ahead, at a price of 30 ct that never changes.
    assert battery.terminal[0].eur_per_kwh == pytest.approx((0.30 - 0.02) * 0.9)
    assert battery.terminal[-1].eur_per_kwh < 0.10


# Limits of the home


@pytest.mark.parametrize(
    ("option_kw", "evcc_kw", "most_kwh"),
    [(None, None, None), (20.0, None, 5.0), (None, 17.0, 4.25), (20.0, 17.0, 4.25)],
)
def test_the_lower_limit_for_drawing_holds(
    option_kw: float | None, evcc_kw: float | None, most_kwh: float | None
) -> None:
    limits = built(
        replace(SITE, import_limit_kw=evcc_kw), cfg=Config(grid_import_limit_kw=option_kw)
    ).problem.import_max_kwh

    assert (None if limits is None else limits.tolist()) == (
        None if most_kwh is None else [most_kwh] * 192
    )


def test_a_limit_of_feed_in_means_that_pv_can_be_turned_down() -> None:
    limited = built(replace(SITE, export_limit_kw=4.8)).problem
    free = built().problem

    assert limited.export_max_kwh is not None
    assert limited.export_max_kwh[0] == pytest.approx(1.2)
    assert limited.can_curtail
    assert free.export_max_kwh is None
    assert not free.can_curtail


def test_what_the_owner_set_in_evcc_is_known_for_the_comparison() -> None:
    battery = replace(BATTERY, discharge_control=True, grid_charge_limit=0.15)
    site = with_car(replace(SITE, battery=battery), smart_cost_limit=0.18)

    rules = built(site).evcc_rules

    assert (rules.priority_soc_pct, rules.buffer_soc_pct, rules.buffer_start_soc_pct) == (
        20.0,
        40.0,
        90.0,
    )
    assert rules.discharge_control
    assert rules.grid_charge_limit_eur_per_kwh == 0.15
    (rule,) = rules.cars
    assert (rule.mode, rule.has_plan) == (ChargeMode.PV, False)
    assert rule.smart_cost_limit_eur_per_kwh == 0.18


def test_grams_of_co2_are_not_taken_for_prices() -> None:
    battery = replace(BATTERY, grid_charge_limit=150.0)
    site = with_car(
        replace(SITE, battery=battery, limits_are_in_grams=True), smart_cost_limit=180.0
    )

    inputs = built(site)

    assert inputs.evcc_rules.grid_charge_limit_eur_per_kwh is None
    assert inputs.evcc_rules.cars[0].smart_cost_limit_eur_per_kwh is None
    assert the_car(inputs).wish[0].eur_per_kwh < 1.0


# Cars


def test_a_car_without_a_plan_takes_sun_that_would_be_fed_in_and_buys_only_what_is_cheap() -> None:
    inputs = built(with_car())

    car = the_car(inputs)
    (piece,) = car.wish
    assert (car.name, car.soc_kwh, car.room_kwh) == ("lp-2", 20.0, 20.0)
    at_the_socket = piece.eur_per_kwh * car.charge_efficiency_frac
    assert 0.08 < at_the_socket < 0.25  # of an hour at 20 ct, one at 25 and all others at 30
    assert (car.arrival_slot, car.deadline_slot) == (0, 192)
    assert inputs.cars[0].by is None
    assert (inputs.cars[0].number, inputs.cars[0].title) == (2, "Blau")


def test_a_plan_is_worth_more_than_any_price_until_its_target() -> None:
    by = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
    inputs = built(with_car(plan_soc_pct=70.0, plan_time=by))

    car = the_car(inputs)
    assert car.target_kwh == 35.0
    assert car.deadline_slot == 14 * 4
    assert inputs.cars[0].by == by
    assert inputs.evcc_rules.cars[0].has_plan
    widths = [piece.width_kwh for piece in car.wish]
    assert widths == pytest.approx([5.0, 5.0, 5.0, 5.0])
    dearest = inputs.problem.import_price_eur_per_kwh.max()
    times = [piece.eur_per_kwh / dearest for piece in car.wish[:3]]
    assert times == pytest.approx([12, 11, 10], rel=URGENT_SHARE)
    assert car.wish[3].eur_per_kwh < dearest


def test_a_deadline_after_the_horizon_asks_now_only_for_what_cannot_wait() -> None:
    soon_after = datetime(2026, 3, 11, 17, 0, tzinfo=UTC)
    far_after = datetime(2026, 3, 13, 17, 0, tzinfo=UTC)
    soon = the_car(built(with_car(plan_soc_pct=100.0, plan_time=soon_after)))
    far = the_car(built(with_car(plan_soc_pct=100.0, plan_time=far_after)))

    # Half of the hour after the horizon counts, at 11 kW and 90 %.
    assert soon.target_kwh == pytest.approx(50.0 - 0.5 * 11.04 * 0.9)
    assert far.target_kwh == far.soc_kwh
    assert 0.08 < far.wish[0].eur_per_kwh < 0.40
    assert soon.deadline_slot == far.deadline_slot == 192


def test_of_two_cars_the_one_with_less_slack_comes_first_in_each_third() -> None:
    soon, late = NOW + 3 * HOUR, NOW + 20 * HOUR
    urgent = the_car(built(with_car(plan_soc_pct=80.0, plan_time=soon))).wish
    patient = the_car(built(with_car(plan_soc_pct=80.0, plan_time=late))).wish

    for third in range(3):
        assert urgent[third].eur_per_kwh > patient[third].eur_per_kwh
    for third in range(2):
        assert patient[third].eur_per_kwh > urgent[third + 1].eur_per_kwh


def test_a_plan_that_is_over_is_none() -> None:
    inputs = built(with_car(plan_soc_pct=70.0, plan_time=NOW - HOUR))

    assert inputs.cars[0].by is None
    assert len(the_car(inputs).wish) == 1


def test_a_vehicles_least_charge_comes_first() -> None:
    site = with_car()
    site = replace(site, vehicles=(replace(VEHICLE, min_soc_pct=52.0),))

    car = the_car(built(site))

    assert car.target_kwh == pytest.approx(26.0)
    assert car.wish[0].eur_per_kwh > 4.0


def test_a_car_that_charges_now_is_not_planned_but_counted() -> None:
    car = the_car(built(with_car(mode=ChargeMode.NOW)))

    assert car.fixed_kwh is not None
    assert car.fixed_kwh.max() == pytest.approx(11.04 * 0.25)
    assert car.fixed_kwh.sum() * car.charge_efficiency_frac == pytest.approx(20.0)
    assert (np.diff(car.fixed_kwh) <= 0.0).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": ChargeMode.OFF},
        {"mode": ChargeMode.UNKNOWN},
        {"connected": False},
        {"is_heater": True},
        {"vehicle_soc_pct": 80.0},
    ],
)
def test_who_cannot_or_need_not_charge_is_not_in_the_plan(changes: dict[str, object]) -> None:
    inputs = built(with_car(**changes))

    assert inputs.problem.cars == ()
    assert inputs.cars == ()
    assert inputs.evcc_rules.cars == ()


@pytest.mark.parametrize(
    ("changes", "room_kwh", "assumed"),
    [
        ({}, 8.0 * 0.9, True),
        ({"session_kwh": 7.5}, 2.0 * 0.9, True),
        ({"limit_kwh": 15.0, "session_kwh": 5.0}, 10.0 * 0.9, False),
    ],
)
def test_a_car_of_unknown_charge_gets_what_the_session_says_or_the_usual(
    changes: dict[str, object], room_kwh: float, *, assumed: bool
) -> None:
    inputs = built(with_car(vehicle_soc_pct=None, **changes))

    assert the_car(inputs).soc_kwh == 0.0
    assert the_car(inputs).room_kwh == pytest.approx(room_kwh)
    assert inputs.cars[0].capacity_kwh is None
    assert ("car_need" in inputs.assumed) is assumed


def test_a_plan_in_kwh_is_a_target_above_what_is_in_the_car() -> None:
    by = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)

    car = the_car(
        built(with_car(vehicle_soc_pct=None, plan_kwh=12.0, session_kwh=2.0, plan_time=by))
    )

    assert car.target_kwh == pytest.approx(10.0 * 0.9)
    assert car.deadline_slot == 56


@pytest.mark.parametrize(
    ("changes", "ranges"),
    [
        ({}, [(4.14, 11.04)]),
        ({"phases_configured": 1}, [(1.38, 3.68)]),
        ({"phases_configured": 0, "switches_phases": True}, [(1.38, 3.68), (4.14, 11.04)]),
        (
            {"phases_configured": 0, "switches_phases": True, "max_current_a": 32.0},
            [(1.38, 22.08)],
        ),
        ({"phases_configured": None, "phases_active": 2}, [(2.76, 7.36)]),
        ({"phases_configured": None, "phases_active": None}, [(1.38, 3.68), (4.14, 11.04)]),
        ({"min_current_a": None, "max_current_a": None}, [(4.14, 11.04)]),
    ],
)
def test_a_charger_holds_one_range_of_power_per_number_of_phases(
    changes: dict[str, object], ranges: list[tuple[float, float]]
) -> None:
    car = the_car(built(with_car(**changes)))

    assert [end for span in car.ranges for end in (span.low_kw, span.high_kw)] == pytest.approx(
        [end for span in ranges for end in span]
    )


def test_a_car_with_one_phase_charges_with_one() -> None:
    site = with_car(phases_configured=0, switches_phases=True)
    site = replace(site, vehicles=(replace(VEHICLE, phases=1),))

    (span,) = the_car(built(site)).ranges

    assert span.high_kw == pytest.approx(3.68)


def test_a_limit_for_cheap_energy_is_what_a_kwh_is_worth_at_the_socket() -> None:
    car = the_car(built(with_car(smart_cost_limit=0.33)))

    assert car.wish[0].eur_per_kwh * car.charge_efficiency_frac == pytest.approx(0.33)


def test_a_limit_far_above_all_prices_does_not_turn_wishes_round() -> None:
    by = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)

    car = the_car(built(with_car(smart_cost_limit=99.0, plan_soc_pct=70.0, plan_time=by)))

    assert car.wish[-1].eur_per_kwh == car.wish[-2].eur_per_kwh


def test_the_same_knowledge_gives_the_same_problem() -> None:
    first, second = built(with_car()), built(with_car())

    assert first.assumed == second.assumed
    assert first.problem.batteries[0].terminal == second.problem.batteries[0].terminal
    assert first.problem.cars[0].wish == second.problem.cars[0].wish
