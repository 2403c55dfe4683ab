"""The plan of a few rules: what each rule does, and what holds in every home."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from planner.dispatch import Dispatch, cost_of
from planner.plan_problem import (
    BatteryModel,
    CarModel,
    FloatArray,
    PlanProblem,
    PowerRange,
    Reserve,
    series,
)
from planner.rule_plan import rule_dispatch
from planner.verify import verify
from tests.support import plan_problems
from tests.support.plan_problems import pieces
from tests.support.random_homes import broken_physics, random_home

FOUR_TO_ELEVEN = PowerRange(low_kw=4.0, high_kw=11.0)
EPS_KWH = 1e-6


# Homes whose feed-in pays nothing.
problem = partial(plan_problems.problem, sell=0.0)


def battery(soc_kwh: float, **changes: Any) -> BatteryModel:
    """Return a battery of 5 kW that loses a tenth of what it charges, changed as told."""
    return plan_problems.battery(
        soc_kwh=soc_kwh,
        charge_max_kw=5.0,
        discharge_max_kw=5.0,
        charge_efficiency_frac=0.9,
        **changes,
    )


def car(*wish: tuple[float, float], **changes: Any) -> CarModel:
    """Return a car of 4 to 11 kW with a wish of (kWh, EUR/kWh), changed as told."""
    return plan_problems.car(ranges=(FOUR_TO_ELEVEN,), wish=pieces(*wish), **changes)


def kwh(values: FloatArray) -> list[float]:
    return [round(float(value), 6) for value in values]


# Batteries


def test_energy_is_kept_for_the_dearest_slots() -> None:
    home = problem(
        4,
        buy=[0.30, 0.40, 0.25, 0.50],
        load=[2, 2, 2, 2],
        batteries=(battery(3, may_grid_charge=False),),
    )

    flows = rule_dispatch(home)

    assert kwh(flows.discharge_kwh[0]) == [0, 1, 0, 2]


def test_the_battery_serves_the_house_at_once_where_energy_suffices() -> None:
    home = problem(
        3,
        buy=[0.20, 0.30, 0.40],
        pv=[0, 5, 0],
        load=[2, 1, 2],
        batteries=(battery(2, may_grid_charge=False),),
    )

    flows = rule_dispatch(home)

    assert kwh(flows.discharge_kwh[0]) == [2, 0, 2]


def test_the_battery_buys_what_a_dearer_slot_pays_for() -> None:
    home = problem(
        3,
        buy=[0.20, 0.25, 0.50],
        load=[0, 0, 3],
        batteries=(battery(0),),
    )

    flows = rule_dispatch(home)

    assert kwh(flows.charge_kwh[0] * 0.9) == [3, 0, 0]
    assert kwh(flows.discharge_kwh[0]) == [0, 0, 3]


@pytest.mark.parametrize(
    ("later", "wear", "bought"), [(0.21, 0.0, 0.0), (0.24, 0.05, 0.0), (0.24, 0.0, 3.0)]
)
def test_losses_and_wear_must_be_paid_for(later: float, wear: float, bought: float) -> None:
    home = problem(
        2,
        buy=[0.20, later],
        load=[0, 3],
        batteries=(battery(0, wear_eur_per_kwh=wear),),
    )

    flows = rule_dispatch(home)

    assert kwh(flows.discharge_kwh[0]) == [0, bought]


def test_a_battery_that_may_not_buy_takes_surplus_only() -> None:
    home = problem(
        3,
        buy=[0.10, 0.10, 0.50],
        pv=[0, 2, 0],
        load=[1, 1, 5],
        batteries=(battery(0, may_grid_charge=False),),
    )

    flows = rule_dispatch(home)

    assert kwh(flows.charge_kwh[0]) == [0, 1, 0]


def test_only_a_battery_that_may_sells_when_feed_in_pays() -> None:
    home = problem(2, sell=[0.1, 0.4], batteries=(battery(4),))
    forbidden = replace(home, batteries=(battery(4, may_export=False),))

    sells, keeps = rule_dispatch(home), rule_dispatch(forbidden)

    assert kwh(sells.grid_export_kwh) == [0, 4]
    assert kwh(keeps.discharge_kwh[0]) == [0, 0]


def test_what_is_worth_more_at_the_end_is_left() -> None:
    stored = pieces((2.0, 0.5), (8.0, 0.1))
    home = problem(2, load=[4, 4], batteries=(battery(6, terminal=stored),))

    flows = rule_dispatch(home)

    assert kwh(flows.discharge_kwh[0]) == [4, 0]


def test_the_reserve_is_kept_while_its_price_is_worth_it() -> None:
    reserve = Reserve(soc_kwh=series([3, 3]), eur_per_kwh_h=1.0)
    home = problem(2, load=[3, 3], batteries=(battery(5, reserve=reserve),))
    cheap = replace(reserve, eur_per_kwh_h=0.01)
    less_dear = replace(home, batteries=(battery(5, reserve=cheap),))

    kept, used = rule_dispatch(home), rule_dispatch(less_dear)

    assert kwh(np.cumsum(kept.discharge_kwh[0])) == [2, 2]
    assert kwh(np.cumsum(used.discharge_kwh[0]))[-1] == 5


def test_a_battery_that_may_not_feed_cars_serves_the_house_beside_one() -> None:
    home = problem(1, load=[1], batteries=(battery(8, may_feed_cars=False),), cars=(car((4, 1.0)),))

    flows = rule_dispatch(home)

    assert kwh(flows.car_kwh[0]) == [4]
    assert kwh(flows.discharge_kwh[0]) == [1]


def test_cars_are_fed_only_from_above_the_buffer() -> None:
    home = problem(1, load=[1], batteries=(battery(8, cars_above_kwh=5.0),), cars=(car((4, 1.0)),))

    flows = rule_dispatch(home)

    assert kwh(flows.discharge_kwh[0]) == [3]


def test_the_battery_relieves_the_fuse() -> None:
    home = problem(
        2,
        buy=[0.5, 0.1],
        load=[2, 6],
        import_max=[4, 4],
        batteries=(battery(2, may_grid_charge=False),),
    )

    flows = rule_dispatch(home)

    assert kwh(flows.grid_import_kwh) == [2, 4]


def test_pv_is_turned_down_where_feeding_in_costs_money() -> None:
    home = problem(2, pv=[3, 3], sell=[-0.1, 0.1], can_curtail=True)

    flows = rule_dispatch(home)

    assert kwh(flows.curtail_kwh) == [3, 0]


def test_where_the_grid_pays_it_is_used_instead_of_the_roof() -> None:
    home = problem(
        1,
        pv=[3],
        load=[2],
        buy=[-0.2],
        sell=[-0.2],
        can_curtail=True,
    )

    flows = rule_dispatch(home)

    assert kwh(flows.grid_import_kwh) == [2]


# Cars


def test_a_car_charges_in_the_cheapest_slots_before_its_deadline() -> None:
    prices = [0.30, 0.20, 0.35, 0.10, 0.40, 0.01]
    home = problem(6, buy=prices, cars=(car((22, 1.0), deadline_slot=5),))

    flows = rule_dispatch(home)

    assert kwh(flows.car_kwh[0]) == [0, 11, 0, 11, 0, 0]


def test_a_car_prefers_surplus_to_bought_energy() -> None:
    home = problem(3, pv=[0, 6, 5], cars=(car((11, 1.0)),))

    flows = rule_dispatch(home)

    assert kwh(flows.car_kwh[0]) == [0, 6, 5]


@pytest.mark.parametrize(("worth", "charged"), [(0.35, [11, 11]), (0.2, [0, 11]), (0.05, [0, 0])])
def test_what_is_not_worth_its_price_is_not_charged(worth: float, charged: list[float]) -> None:
    home = problem(2, buy=[0.3, 0.1], cars=(car((22, worth)),))

    flows = rule_dispatch(home)

    assert kwh(flows.car_kwh[0]) == charged


def test_a_rest_below_the_least_power_is_charged_with_less_elsewhere() -> None:
    prices = [0.1, 0.2]
    home = problem(2, buy=prices, cars=(car((13, 1.0)),))

    flows = rule_dispatch(home)

    assert kwh(flows.car_kwh[0]) == [9, 4]


def test_two_cars_share_the_fuse_and_the_one_in_a_hurry_comes_first() -> None:
    home = problem(
        2,
        load=[1, 1],
        import_max=[12, 12],
        cars=(car((11, 1.0)), car((11, 1.0), name="hurry", deadline_slot=1)),
    )

    flows = rule_dispatch(home)

    assert [kwh(flow) for flow in flows.car_kwh] == [[0, 11], [11, 0]]


def test_a_car_leaves_to_the_battery_what_is_worth_more_there() -> None:
    home = problem(
        4,
        buy=[0.50, 0.31, 0.30, 0.50],
        pv=[4, 0, 0, 0],
        load=[0, 0, 0, 4],
        batteries=(battery(0, may_grid_charge=False),),
        cars=(car((5, 1.0)),),
    )

    flows = rule_dispatch(home)

    assert kwh(flows.car_kwh[0]) == [0, 0, 5, 0]
    assert kwh(flows.discharge_kwh[0]) == [0, 0, 0, 3.6]


def test_what_the_owner_has_fixed_stays_as_it_is() -> None:
    home = problem(3, cars=(car((5, 1.0), fixed_kwh=series([0, 2.5, 11])),))

    flows = rule_dispatch(home)

    assert kwh(flows.car_kwh[0]) == [0, 2.5, 11]


# Every home


@pytest.mark.parametrize("block", range(4))
def test_every_rule_is_kept_in_every_home(block: int) -> None:
    for seed in range(block * 30, block * 30 + 30):
        home, _ = random_home(seed)

        flows = rule_dispatch(home)

        assert broken_physics(home, flows) == [], seed
        assert broken_owner_rules(home, flows) == [], seed
        assert [found for found in verify(home, flows) if not found.is_soft] == [], seed


@pytest.mark.parametrize("has_terminal", [True, False])
def test_one_battery_never_costs_more_than_one_that_rests(*, has_terminal: bool) -> None:
    for seed in range(40):
        home, _ = random_home(seed)
        batteries = [b if has_terminal else replace(b, terminal=()) for b in home.batteries[:1]]
        home = replace(home, cars=(), batteries=tuple(batteries))

        flows = rule_dispatch(home)

        most_eur = cost_of(home, _resting(home)).total_eur
        assert cost_of(home, flows).total_eur <= most_eur + EPS_KWH, seed


def test_the_same_home_gets_the_same_plan() -> None:
    home, _ = random_home(7)

    first, second = rule_dispatch(home), rule_dispatch(home)

    assert _as_bytes(first) == _as_bytes(second)


def broken_owner_rules(home: PlanProblem, flows: Dispatch) -> list[str]:
    """Return the owner's rules that are not kept, in plain numbers."""
    found = []
    for slot in range(home.n_slots):
        is_fed = any(flow[slot] > EPS_KWH for flow in flows.car_kwh)
        need = home.load_kwh[slot] - home.pv_kwh[slot] + flows.curtail_kwh[slot]
        need = max(0.0, need) + EPS_KWH
        given = [flow[slot] for flow in flows.discharge_kwh]
        kept_away = sum(
            kwh for kwh, b in zip(given, home.batteries, strict=True) if not b.may_feed_cars
        )
        if is_fed and kept_away > need:
            found.append(f"cars are fed in {slot}")
        for index, b in enumerate(home.batteries):
            steps = flows.charge_kwh[index] * b.charge_efficiency_frac
            steps = steps - flows.discharge_kwh[index] / b.discharge_efficiency_frac
            soc_kwh = b.soc_kwh + float(steps[: slot + 1].sum())
            charges, gives = flows.charge_kwh[index][slot] > EPS_KWH, given[index] > EPS_KWH
            is_low = b.may_feed_cars and soc_kwh < b.cars_above_kwh - EPS_KWH
            if not b.may_grid_charge and charges and flows.grid_import_kwh[slot] > EPS_KWH:
                found.append(f"{b.name} buys in {slot}")
            if not b.may_export and gives and flows.grid_export_kwh[slot] > EPS_KWH:
                found.append(f"{b.name} sells in {slot}")
            if is_fed and gives and is_low and sum(given) > need:
                found.append(f"{b.name} feeds a car below its buffer in {slot}")
    return found


def _resting(home: PlanProblem) -> Dispatch:
    net = home.load_kwh - home.pv_kwh
    left, zero = np.maximum(-net, 0.0), np.zeros(home.n_slots)
    cap = home.export_max_kwh
    curtailed = np.maximum(left - cap, 0.0) if home.can_curtail and cap is not None else zero
    return Dispatch(
        grid_import_kwh=np.maximum(net, 0.0),
        grid_export_kwh=left - curtailed,
        curtail_kwh=curtailed,
        charge_kwh=tuple(zero for _ in home.batteries),
        discharge_kwh=tuple(zero for _ in home.batteries),
        car_kwh=(),
    )


def _as_bytes(flows: Dispatch) -> list[bytes]:
    every = [flows.grid_import_kwh, flows.grid_export_kwh, flows.curtail_kwh]
    every += [*flows.charge_kwh, *flows.discharge_kwh, *flows.car_kwh]
    return [values.tobytes() for values in every]
