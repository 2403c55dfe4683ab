"""What evcc's own rules do on a forecast: each rule on a worked example, physics on many homes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from domain.site import ChargeMode
from planner.dispatch import Dispatch, battery_soc
from planner.evcc_rules import CarRule, EvccRules, evcc_rules_dispatch
from planner.plan_problem import BatteryModel, CarModel, FloatArray, PowerRange, series
from planner.verify import Rule, verify
from tests.support import plan_problems
from tests.support.plan_problems import pieces, problem
from tests.support.random_homes import broken_physics, random_home

FOUR_TO_ELEVEN = PowerRange(low_kw=4.0, high_kw=11.0)

# evcc does not know what the owner told SmartLoad about the battery.
RULES_OF_A_PLAN = {Rule.GRID_CHARGE, Rule.CAR_FROM_BATTERY, Rule.CAR_BELOW_BUFFER}


def battery(soc_kwh: float, **changes: Any) -> BatteryModel:
    """Return a battery of 5 kW without losses, changed as told."""
    strong = plan_problems.battery(soc_kwh=soc_kwh, charge_max_kw=5.0, discharge_max_kw=5.0)
    return replace(strong, **changes)


def car(room_kwh: float = 50.0, **changes: Any) -> CarModel:
    """Return a car of 4 to 11 kW that wants ``room_kwh`` more, changed as told."""
    wanting = plan_problems.car(
        capacity_kwh=80.0,
        soc_kwh=10.0,
        target_kwh=10.0 + room_kwh,
        ranges=(FOUR_TO_ELEVEN,),
        wish=pieces((room_kwh, 1.0)),
    )
    return replace(wanting, **changes)


def one_car(mode: ChargeMode, **changes: object) -> EvccRules:
    return replace(EvccRules(cars=(CarRule(mode=mode),)), **changes)  # type: ignore[arg-type]


def kwh(values: FloatArray) -> list[float]:
    return [round(float(value), 6) for value in values]


# The battery


def test_surplus_is_stored_and_given_back_to_the_house() -> None:
    home = problem(3, pv=[4, 1, 0], load=[1, 1, 2], batteries=(battery(0),))

    flows = evcc_rules_dispatch(home, EvccRules.default(home))

    assert kwh(flows.charge_kwh[0]) == [3, 0, 0]
    assert kwh(flows.discharge_kwh[0]) == [0, 0, 2]
    assert kwh(flows.grid_import_kwh) == [0, 0, 0]


def test_what_cannot_be_fed_in_is_turned_down_whatever_feed_in_pays() -> None:
    home = problem(
        2,
        pv=[6, 6],
        sell=[-0.1, 0.1],
        export_max=[4, 4],
        can_curtail=True,
    )

    flows = evcc_rules_dispatch(home, EvccRules())

    assert kwh(flows.grid_export_kwh) == [4, 4]
    assert kwh(flows.curtail_kwh) == [2, 2]


def test_at_the_grid_charge_limit_the_battery_charges_from_the_grid() -> None:
    home = problem(
        3,
        buy=[0.21, 0.20, 0.19],
        load=[1, 1, 1],
        batteries=(battery(1),),
    )

    flows = evcc_rules_dispatch(home, EvccRules(grid_charge_limit_eur_per_kwh=0.20))

    assert kwh(flows.charge_kwh[0]) == [0, 5, 5]
    assert kwh(flows.grid_import_kwh) == [0, 6, 6]


def test_grid_charging_stops_at_the_fuse() -> None:
    home = problem(1, load=[1], import_max=[3], batteries=(battery(1, name="b"),))

    flows = evcc_rules_dispatch(home, EvccRules(grid_charge_limit_eur_per_kwh=0.30))

    assert kwh(flows.charge_kwh[0]) == [2]


def test_several_batteries_share_by_what_they_can() -> None:
    small = battery(10, discharge_max_kw=1.0)
    home = problem(1, load=[3], batteries=(battery(10), small))

    flows = evcc_rules_dispatch(home, EvccRules())

    assert kwh(flows.discharge_kwh[0]) == [2.5]
    assert kwh(flows.discharge_kwh[1]) == [0.5]


# Charge modes


def test_off_never_charges_not_even_for_a_plan() -> None:
    home = problem(3, pv=[9, 9, 9], cars=(car(deadline_slot=3),))
    rules = EvccRules(cars=(CarRule(mode=ChargeMode.OFF, has_plan=True),))

    flows = evcc_rules_dispatch(home, rules)

    assert kwh(flows.car_kwh[0]) == [0, 0, 0]


def test_now_charges_at_full_power_until_the_limit() -> None:
    home = problem(4, cars=(car(26.0, arrival_slot=1),))

    flows = evcc_rules_dispatch(home, one_car(ChargeMode.NOW))

    assert kwh(flows.car_kwh[0]) == [0, 11, 11, 4]


def test_a_rest_too_small_to_be_charged_is_avoided() -> None:
    home = problem(3, cars=(car(12.0),))

    flows = evcc_rules_dispatch(home, one_car(ChargeMode.NOW))

    assert kwh(flows.car_kwh[0]) == [8, 4, 0]


def test_pv_follows_the_surplus_from_the_least_power_on() -> None:
    home = problem(4, pv=[3.9, 5, 7, 20], load=[0, 1, 1, 1], cars=(car(),))

    flows = evcc_rules_dispatch(home, one_car(ChargeMode.PV))

    assert kwh(flows.car_kwh[0]) == [0, 4, 6, 11]
    assert kwh(flows.grid_export_kwh) == [3.9, 0, 0, 8]


def test_pv_does_not_stop_between_the_powers_of_one_and_three_phases() -> None:
    both = (PowerRange(low_kw=1.4, high_kw=3.7), FOUR_TO_ELEVEN)
    home = problem(2, pv=[3.9, 4.5], cars=(car(ranges=both),))

    flows = evcc_rules_dispatch(home, one_car(ChargeMode.PV))

    assert kwh(flows.car_kwh[0]) == [3.7, 4.5]


def test_minpv_charges_at_least_with_the_least_power() -> None:
    home = problem(3, pv=[0, 2, 6], cars=(car(),))

    flows = evcc_rules_dispatch(home, one_car(ChargeMode.MIN_PV))

    assert kwh(flows.car_kwh[0]) == [4, 4, 6]
    assert kwh(flows.grid_import_kwh) == [4, 2, 0]


def test_a_fast_car_comes_before_one_that_follows_the_sun() -> None:
    home = problem(1, pv=[16], cars=(car(), car(name="other")))
    rules = EvccRules(cars=(CarRule(mode=ChargeMode.PV), CarRule(mode=ChargeMode.NOW)))

    flows = evcc_rules_dispatch(home, rules)

    assert [kwh(flow) for flow in flows.car_kwh] == [[5], [11]]


def test_below_the_smart_cost_limit_a_car_charges_at_full_power() -> None:
    home = problem(2, buy=[0.2, 0.21], cars=(car(),))
    rules = EvccRules(cars=(CarRule(mode=ChargeMode.PV, smart_cost_limit_eur_per_kwh=0.2),))

    flows = evcc_rules_dispatch(home, rules)

    assert kwh(flows.car_kwh[0]) == [11, 0]


def test_what_the_owner_has_fixed_is_obeyed_exactly() -> None:
    home = problem(3, cars=(car(fixed_kwh=series([0, 2.5, 11])),))

    flows = evcc_rules_dispatch(home, one_car(ChargeMode.NOW))

    assert kwh(flows.car_kwh[0]) == [0, 2.5, 11]


def test_the_fuse_throttles_cars_not_the_house() -> None:
    home = problem(
        2,
        load=[2, 14],
        import_max=[12, 12],
        cars=(car(), car(name="other")),
    )
    rules = EvccRules(cars=(CarRule(mode=ChargeMode.NOW), CarRule(mode=ChargeMode.NOW)))

    flows = evcc_rules_dispatch(home, rules)

    assert [kwh(flow) for flow in flows.car_kwh] == [[10, 0], [0, 0]]
    assert kwh(flows.grid_import_kwh) == [12, 14]


# Plans


def test_a_plan_takes_the_cheapest_slots_before_the_deadline() -> None:
    prices = [0.30, 0.20, 0.35, 0.10, 0.40, 0.01]
    home = problem(6, buy=prices, cars=(car(22.0, deadline_slot=5),))

    flows = evcc_rules_dispatch(home, EvccRules.default(home))

    assert kwh(flows.car_kwh[0]) == [0, 11, 0, 11, 0, 0]


def test_a_plan_on_a_flat_tariff_starts_as_late_as_it_can() -> None:
    home = problem(6, cars=(car(16.0, deadline_slot=5),))

    flows = evcc_rules_dispatch(home, EvccRules.default(home))

    assert kwh(flows.car_kwh[0]) == [0, 0, 0, 5, 11, 0]


def test_a_plan_uses_its_dearest_slot_in_part() -> None:
    prices = [0.10, 0.20, 0.30]
    home = problem(3, buy=prices, cars=(car(17.0, deadline_slot=3),))

    flows = evcc_rules_dispatch(home, EvccRules.default(home))

    assert kwh(flows.car_kwh[0]) == [11, 6, 0]


def test_a_plan_needs_less_after_the_sun_has_charged() -> None:
    home = problem(
        3,
        buy=[0.3, 0.3, 0.2],
        pv=[7, 0, 0],
        cars=(car(11.0, deadline_slot=3),),
    )

    flows = evcc_rules_dispatch(home, EvccRules.default(home))

    assert kwh(flows.car_kwh[0]) == [7, 0, 4]


def test_an_unreachable_target_is_charged_for_all_the_time() -> None:
    home = problem(4, cars=(car(50.0, arrival_slot=1, deadline_slot=3),))

    flows = evcc_rules_dispatch(home, EvccRules.default(home))

    assert kwh(flows.car_kwh[0]) == [0, 11, 11, 0]


# Discharge control


def test_discharge_control_holds_the_battery_while_a_car_charges_fast() -> None:
    home = problem(3, load=[1, 1, 1], batteries=(battery(5),), cars=(car(11.0, arrival_slot=1),))

    held = evcc_rules_dispatch(home, one_car(ChargeMode.NOW, discharge_control=True))
    free = evcc_rules_dispatch(home, one_car(ChargeMode.NOW))

    assert kwh(held.discharge_kwh[0]) == [1, 0, 1]
    assert kwh(free.discharge_kwh[0]) == [1, 4, 0]


def test_discharge_control_does_not_hold_for_minpv() -> None:
    home = problem(1, batteries=(battery(5),), cars=(car(),))

    flows = evcc_rules_dispatch(home, one_car(ChargeMode.MIN_PV, discharge_control=True))

    assert kwh(flows.discharge_kwh[0]) == [4]


def test_a_held_battery_still_takes_surplus() -> None:
    home = problem(1, pv=[13], batteries=(battery(5),), cars=(car(),))

    flows = evcc_rules_dispatch(home, one_car(ChargeMode.NOW, discharge_control=True))

    assert kwh(flows.charge_kwh[0]) == [2]


def test_a_plan_slot_holds_the_battery_too() -> None:
    home = problem(2, load=[1, 1], batteries=(battery(5),), cars=(car(11.0),))
    rules = EvccRules(cars=(CarRule(has_plan=True),), discharge_control=True)

    flows = evcc_rules_dispatch(home, rules)

    assert kwh(flows.car_kwh[0]) == [0, 11]
    assert kwh(flows.discharge_kwh[0]) == [1, 0]


# SoC settings


def test_above_the_buffer_the_battery_keeps_a_charging_car_going() -> None:
    home = problem(3, pv=[5, 1, 1], batteries=(battery(8),), cars=(car(),))

    above = evcc_rules_dispatch(home, one_car(ChargeMode.PV, buffer_soc_pct=60.0))
    below = evcc_rules_dispatch(home, one_car(ChargeMode.PV, buffer_soc_pct=80.0))

    assert kwh(above.car_kwh[0]) == [5, 4, 0]  # 80 %, 80 %, then 50 %: below it
    assert kwh(above.discharge_kwh[0]) == [0, 3, 0]
    assert kwh(below.car_kwh[0]) == [5, 0, 0]


def test_above_the_buffer_a_car_that_does_not_charge_is_not_started() -> None:
    home = problem(1, batteries=(battery(8),), cars=(car(),))

    flows = evcc_rules_dispatch(home, one_car(ChargeMode.PV, buffer_soc_pct=50.0))

    assert kwh(flows.car_kwh[0]) == [0]


def test_from_the_start_level_on_a_car_is_started_without_sun() -> None:
    home = problem(2, batteries=(battery(8),), cars=(car(),))

    flows = evcc_rules_dispatch(home, one_car(ChargeMode.PV, buffer_start_soc_pct=80.0))

    assert kwh(flows.car_kwh[0]) == [4, 0]
    assert kwh(flows.discharge_kwh[0]) == [4, 0]


def test_below_the_priority_the_battery_comes_before_the_car() -> None:
    home = problem(2, pv=[10, 10], batteries=(battery(4),), cars=(car(),))

    flows = evcc_rules_dispatch(home, one_car(ChargeMode.PV, priority_soc_pct=50.0))

    assert kwh(flows.charge_kwh[0]) == [5, 0]
    assert kwh(flows.car_kwh[0]) == [5, 10]


def test_a_buffer_of_zero_or_a_hundred_is_off() -> None:
    home = problem(2, pv=[5, 1], batteries=(battery(10),), cars=(car(),))

    for off_pct in (0.0, 100.0):
        flows = evcc_rules_dispatch(home, one_car(ChargeMode.PV, buffer_soc_pct=off_pct))

        assert kwh(flows.car_kwh[0]) == [5, 0]


# Every home


@pytest.mark.parametrize("block", range(4))
def test_every_home_gets_flows_it_can_have(block: int) -> None:
    for seed in range(block * 50, block * 50 + 50):
        home, rules = random_home(seed)

        flows = evcc_rules_dispatch(home, rules)

        assert broken_physics(home, flows) == [], seed
        hard = {found.rule for found in verify(home, flows) if not found.is_soft}
        assert hard <= RULES_OF_A_PLAN, seed


def test_the_house_alone_is_what_exceeds_the_fuse() -> None:
    for seed in range(100):
        home, rules = random_home(seed)
        if home.import_max_kwh is None:
            continue

        flows = evcc_rules_dispatch(home, rules)

        fixed = sum(c.fixed_kwh for c in home.cars if c.fixed_kwh is not None)
        must = home.load_kwh + fixed - home.pv_kwh
        over = flows.grid_import_kwh - np.maximum(must, home.import_max_kwh)
        assert over.max() < 1e-6, seed


def test_the_same_home_gets_the_same_flows() -> None:
    home, rules = random_home(7)

    first, second = (_as_bytes(evcc_rules_dispatch(home, rules)) for _ in range(2))

    assert first == second


def test_rules_for_another_number_of_cars_are_refused() -> None:
    with pytest.raises(ValueError, match="rules for 0 cars, but there are 1"):
        evcc_rules_dispatch(problem(1, cars=(car(),)), EvccRules())


def test_a_start_outside_the_limits_is_not_driven_further_out() -> None:
    full = battery(9.5, soc_max_kwh=8.0)
    empty = battery(1.0, name="empty", soc_min_kwh=2.0)
    home = problem(2, pv=[3, 0], load=[0, 9], batteries=(full, empty))

    flows = evcc_rules_dispatch(home, EvccRules())

    assert kwh(battery_soc(full, flows, 0)) == [9.5, 4.5]
    assert kwh(battery_soc(empty, flows, 1)) == [4.0, 2.0]


def _as_bytes(flows: Dispatch) -> list[bytes]:
    every = [flows.grid_import_kwh, flows.grid_export_kwh, flows.curtail_kwh]
    every += [*flows.charge_kwh, *flows.discharge_kwh, *flows.car_kwh]
    return [values.tobytes() for values in every]
