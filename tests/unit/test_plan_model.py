from dataclasses import replace

import numpy as np
import pytest

from bench.planner_least import NO_TIES
from planner.dispatch import cost_of
from planner.exact import plan_exactly
from planner.fast import relax
from planner.model import Memory, build_model, dispatch_of
from planner.plan_problem import Flow, Pin, PlanProblem, Reserve, TaperPoint, series
from planner.solver import LinearModel
from planner.verify import verify
from tests.support.plan_courses import moved_kwh
from tests.support.plan_problems import THREE_PHASES, battery, car, pieces, problem, random_problem


def cheap_night() -> PlanProblem:
    return problem(
        6,
        buy=[0.1, 0.1, 0.4, 0.4, 0.4, 0.1],
        load=[0.5, 0.5, 2.0, 2.0, 2.0, 0.5],
        batteries=[battery(soc_kwh=0.0)],
    )


def solved_cost(of: PlanProblem, memory: Memory | None = None) -> tuple[float, float, float]:
    """Return the model's cost, the dispatch's, and what it moves against the memory [kWh]."""
    model = build_model(of, memory, ties=NO_TIES)
    solution = LinearModel(model.matrix, model.bounds).solve(time_limit_s=5.0)
    assert solution.col_value is not None
    dispatch = dispatch_of(of, model.layout, solution.col_value)
    moved = 0.0 if memory is None else moved_kwh(memory, dispatch)
    return solution.objective + model.constant_eur, cost_of(of, dispatch).total_eur, moved


@pytest.mark.parametrize("seed", range(12))
def test_the_model_counts_what_the_flows_cost(seed: int) -> None:
    home = random_problem(np.random.default_rng(seed), n_slots=24, slot_h=1.0, max_batteries=2)
    # Feed-in above the price would let the linear model buy and sell at once.
    home = replace(home, export_price_eur_per_kwh=home.import_price_eur_per_kwh * 0.5)

    modelled, counted, _ = solved_cost(home)

    assert modelled == pytest.approx(counted, abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_the_model_counts_what_deviating_from_the_last_plan_costs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    home = random_problem(rng, n_slots=24, slot_h=1.0)
    home = replace(home, export_price_eur_per_kwh=home.import_price_eur_per_kwh * 0.5)
    memory = Memory(
        charge_kwh=tuple(rng.uniform(0.0, 3.0, 24) for _ in home.batteries),
        discharge_kwh=tuple(rng.uniform(0.0, 3.0, 24) for _ in home.batteries),
        car_kwh=tuple(
            rng.uniform(0.0, 9.0, 24) if one.fixed_kwh is None else one.fixed_kwh
            for one in home.cars
        ),
        net_kwh=np.zeros(24),
        reach=17,
        eur_per_kwh=0.01,
    )

    modelled, counted, moved = solved_cost(home, memory)

    assert modelled == pytest.approx(counted + 0.01 * moved, abs=1e-6)


def test_ties_cost_less_than_what_counts() -> None:
    for seed in range(6):
        home = random_problem(np.random.default_rng(seed), n_slots=96)
        tied = relax(home, None, time_limit_s=5.0)
        free = build_model(home, ties=NO_TIES)

        least = LinearModel(free.matrix, free.bounds).solve(time_limit_s=5.0).objective

        assert tied.solution.col_value is not None
        assert float(free.bounds.cost @ tied.solution.col_value) - least < 5e-4


def test_a_matrix_is_used_again_for_the_same_home() -> None:
    home = cheap_night()
    first = build_model(home)

    dearer = build_model(
        replace(home, import_price_eur_per_kwh=home.import_price_eur_per_kwh * 2.0), like=first
    )
    other = build_model(replace(home, batteries=(battery(charge_efficiency_frac=0.9),)), like=first)

    assert dearer.matrix is first.matrix
    assert other.matrix is not first.matrix


def test_a_used_matrix_gives_the_same_model() -> None:
    home = cheap_night()
    later = replace(
        home,
        load_kwh=home.load_kwh * 1.5,
        batteries=(battery(soc_kwh=3.0, may_export=False, soc_max_kwh=8.0),),
    )

    kept, anew = build_model(later, like=build_model(home)), build_model(later)

    for name in ("cost", "col_lower", "col_upper", "row_lower", "row_upper"):
        assert np.array_equal(getattr(kept.bounds, name), getattr(anew.bounds, name)), name
    assert np.array_equal(kept.matrix.value, anew.matrix.value)
    assert kept.constant_eur == anew.constant_eur


def test_ordinary_prices_need_no_tightening() -> None:
    assert build_model(cheap_night()).cuts == ()


def test_negative_prices_burn_nothing_in_the_linear_model() -> None:
    home = problem(
        4,
        slot_h=0.25,
        buy=[-0.2, -0.2, 0.3, 0.3],
        sell=-0.3,
        load=0.5,
        batteries=[
            battery(soc_kwh=10.0, charge_efficiency_frac=0.9, discharge_efficiency_frac=0.9)
        ],
    )

    plain = build_model(home, is_tight=False)
    tight = build_model(home)

    costs = [
        LinearModel(one.matrix, one.bounds).solve(time_limit_s=5.0).objective
        for one in (plain, tight)
    ]
    assert costs[1] > costs[0] + 0.01


def test_selling_dearer_than_buying_gains_little_in_the_linear_model() -> None:
    rng = np.random.default_rng(3)
    home = problem(
        48,
        buy=rng.uniform(0.2, 0.4, 48).tolist(),
        sell=rng.uniform(0.2, 0.5, 48).tolist(),
        load=rng.uniform(0.2, 2.0, 48).tolist(),
        pv=np.maximum(rng.uniform(-3.0, 4.0, 48), 0.0).tolist(),
        batteries=[battery(charge_efficiency_frac=0.9)],
    )
    best = plan_exactly(home, seconds=lambda: 0.0, time_limit_s=20.0)

    plain = build_model(home, is_tight=False)
    solution = LinearModel(plain.matrix, plain.bounds).solve(time_limit_s=5.0)
    tight = relax(home, None, time_limit_s=5.0)

    loose_eur = best.cost.total_eur - solution.objective - plain.constant_eur
    tight_eur = best.cost.total_eur - tight.objective - tight.model.constant_eur
    assert loose_eur > 0.5
    assert tight_eur < 0.3 * loose_eur


def test_a_start_outside_the_limits_recovers() -> None:
    above = problem(3, load=1.0, batteries=[battery(soc_kwh=10.0, soc_max_kwh=8.0)])
    below = problem(3, load=1.0, batteries=[battery(soc_kwh=0.5, soc_min_kwh=2.0)])

    for home in (above, below):
        relaxed = relax(home, None, time_limit_s=5.0)

        assert verify(home, relaxed.dispatch) == ()


def test_a_taper_limits_the_charge_near_full() -> None:
    taper = (
        TaperPoint(soc_kwh=5.0, charge_max_kw=4.0),
        TaperPoint(soc_kwh=10.0, charge_max_kw=0.5),
    )
    home = problem(
        8,
        buy=[0.1] * 4 + [0.5] * 4,
        load=[0.0] * 4 + [4.0] * 4,
        batteries=[battery(soc_kwh=3.0, taper=taper)],
    )

    relaxed = relax(home, None, time_limit_s=5.0)

    assert verify(home, relaxed.dispatch) == ()
    # 4 kW up to 5 kWh, then 0.7 kW less per kWh; it is at 7 kWh when the second slot begins.
    assert relaxed.dispatch.charge_kwh[0][:2].tolist() == pytest.approx([4.0, 2.6])


def test_a_reserve_is_held_when_that_is_cheaper() -> None:
    def home(eur: float) -> PlanProblem:
        reserve = Reserve(soc_kwh=series([3.0] * 4), eur_per_kwh_h=eur)
        return problem(4, load=2.0, batteries=[battery(reserve=reserve)])

    dear, cheap = (relax(home(eur), None, time_limit_s=5.0).dispatch for eur in (1.0, 0.001))

    assert dear.discharge_kwh[0].sum() == pytest.approx(2.0)
    assert cheap.discharge_kwh[0].sum() == pytest.approx(5.0)


def test_a_car_that_charges_by_its_owner_may_get_more_than_its_wish() -> None:
    home = problem(
        3, cars=[car(ranges=(THREE_PHASES,), fixed_kwh=series([5.0] * 3), wish=pieces((10.0, 1.0)))]
    )

    modelled, counted, _ = solved_cost(home)

    assert modelled == pytest.approx(counted)
    assert counted == pytest.approx(15.0 * 0.3)


@pytest.mark.parametrize(("low", "high"), [(2.0, 4.0), (0.0, 0.0), (1.0, 1.0)])
def test_a_pinned_flow_is_what_it_is_pinned_to(low: float, high: float) -> None:
    home = replace(
        cheap_night(), pins=(Pin(flow=Flow.CHARGE, index=0, slot=1, low_kwh=low, high_kwh=high),)
    )

    charged = relax(home, None, time_limit_s=5.0).dispatch.charge_kwh[0][1]

    assert low - 1e-6 <= charged <= high + 1e-6


def test_a_battery_in_pv_only_mode_stores_what_another_one_gives() -> None:
    home = problem(
        2,
        buy=[0.3, 0.3],
        pv=[0.0, 4.0],
        load=1.0,
        batteries=[
            battery(name="one", may_grid_charge=False),
            battery(name="two", may_export=False),
        ],
    )

    plan = plan_exactly(home, seconds=lambda: 0.0, time_limit_s=5.0)

    assert verify(home, plan.dispatch) == ()
    assert plan.is_proved
