"""What a kWh is worth is what a problem with a little more load costs more."""

from dataclasses import replace

import numpy as np
import pytest

from planner.exact import plan_exactly
from planner.plan_problem import PlanProblem, series
from tests.support.plan_problems import battery, car, pieces, problem, random_problem

STEP_KWH = 1e-3


def cost(of: PlanProblem) -> float:
    return plan_exactly(of, seconds=lambda: 0.0, time_limit_s=20.0).cost.total_eur


def with_load(of: PlanProblem, slot: int, kwh: float) -> PlanProblem:
    load = of.load_kwh.copy()
    load[slot] += kwh
    return replace(of, load_kwh=series(load))


def assert_marginals_are_true(home: PlanProblem) -> None:
    plan = plan_exactly(home, seconds=lambda: 0.0, time_limit_s=20.0)
    assert plan.marginal_eur_per_kwh is not None
    for slot in range(home.n_slots):
        more = (cost(with_load(home, slot, STEP_KWH)) - plan.cost.total_eur) / STEP_KWH
        less = (plan.cost.total_eur - cost(with_load(home, slot, -STEP_KWH))) / STEP_KWH
        low, high = sorted((less, more))
        assert low - 2e-3 <= plan.marginal_eur_per_kwh[slot] <= high + 2e-3, slot


PRICES = [0.11, 0.13, 0.42, 0.37, 0.21, 0.33]
LOAD = [0.6, 0.7, 2.3, 1.9, 0.8, 1.1]
SUN = [0.0, 0.4, 0.9, 3.7, 2.9, 0.2]


@pytest.mark.parametrize("may_grid_charge", [True, False])
@pytest.mark.parametrize("may_export", [True, False])
def test_a_kwh_is_worth_what_it_replaces(*, may_grid_charge: bool, may_export: bool) -> None:
    home = problem(
        6,
        buy=PRICES,
        load=LOAD,
        pv=SUN,
        batteries=[
            battery(
                soc_kwh=2.2,
                charge_max_kw=1.7,
                discharge_max_kw=1.6,
                charge_efficiency_frac=0.93,
                terminal=pieces((3.0, 0.17), (7.0, 0.12)),
                may_grid_charge=may_grid_charge,
                may_export=may_export,
            )
        ],
    )

    assert_marginals_are_true(home)


def test_a_kwh_is_worth_little_where_feed_in_pays_more_than_buying_costs() -> None:
    home = problem(
        6,
        buy=PRICES,
        sell=[0.2, 0.1, 0.5, 0.3, 0.3, 0.3],
        load=LOAD,
        pv=SUN,
        batteries=[battery(soc_kwh=2.2, charge_max_kw=1.7, charge_efficiency_frac=0.93)],
    )

    assert_marginals_are_true(home)


def test_a_kwh_is_worth_less_than_nothing_where_prices_are_negative() -> None:
    home = problem(
        6,
        buy=[-0.11, -0.13, 0.42, -0.07, 0.21, 0.33],
        sell=-0.2,
        load=LOAD,
        pv=[0.1 * kwh for kwh in SUN],
        batteries=[battery(soc_kwh=9.0, charge_max_kw=1.7, charge_efficiency_frac=0.93)],
    )

    assert_marginals_are_true(home)


def test_a_battery_that_serves_cars_too_is_no_exception() -> None:
    home = problem(
        6,
        buy=PRICES,
        load=LOAD,
        pv=SUN,
        batteries=[battery(soc_kwh=4.1, may_export=False, discharge_max_kw=3.0)],
        cars=[car(ranges=(), wish=pieces((5.0, 0.0)))],
    )

    assert_marginals_are_true(home)


@pytest.mark.parametrize("seed", range(4))
def test_on_a_realistic_day_without_cars_too(seed: int) -> None:
    rng = np.random.default_rng(seed)

    assert_marginals_are_true(random_problem(rng, n_slots=8, slot_h=1.0, max_cars=0))


def test_a_fuse_makes_a_kwh_dear() -> None:
    home = problem(
        6,
        buy=PRICES,
        load=LOAD,
        pv=SUN,
        import_max=1.05,
        batteries=[battery(soc_kwh=0.3, charge_max_kw=1.7, charge_efficiency_frac=0.93)],
    )

    assert_marginals_are_true(home)


def test_what_cannot_be_fed_in_makes_a_kwh_welcome() -> None:
    home = problem(
        6,
        buy=PRICES,
        load=LOAD,
        pv=SUN,
        export_max=1.2,
        batteries=[battery(soc_kwh=8.7, charge_max_kw=1.7, charge_efficiency_frac=0.93)],
    )

    assert_marginals_are_true(home)
