from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from planner import exact as exact_path
from planner.dispatch import battery_soc
from planner.exact import plan_exactly
from planner.model import Memory
from planner.outcome import NoPlanError, Outcome
from planner.plan_problem import Flow, Pin, PlanProblem, series
from planner.solver import Solution, SolveStatus
from planner.verify import verify
from tests.support.plan_courses import after, moved_kwh, remembered
from tests.support.plan_problems import (
    ONE_PHASE,
    THREE_PHASES,
    battery,
    car,
    pieces,
    problem,
    random_problem,
)


def standing() -> float:
    return 0.0


def exact(
    of: PlanProblem,
    *,
    memory: Memory | None = None,
    seconds: Callable[[], float] = standing,
    limit_s: float = 20.0,
) -> Outcome:
    return plan_exactly(of, seconds=seconds, time_limit_s=limit_s, memory=memory)


def hard_home() -> PlanProblem:
    """Return a home whose linear solution leaves choices that rounding does not settle best."""
    rng = np.random.default_rng(4)
    return problem(
        24,
        buy=np.round(rng.uniform(-0.15, 0.3, 24), 3).tolist(),
        sell=0.1,
        load=0.8,
        pv=np.round(rng.uniform(0.0, 3.0, 24), 2).tolist(),
        batteries=[battery(soc_kwh=3.0, charge_efficiency_frac=0.9)],
        cars=[car(ranges=(THREE_PHASES,), wish=pieces((9.0, 1.0), (8.0, 0.12)), deadline_slot=20)],
    )


def test_a_battery_is_filled_when_it_is_cheap() -> None:
    home = problem(
        4, buy=[0.1, 0.1, 0.4, 0.4], load=[0.0, 0.0, 3.0, 3.0], batteries=[battery(soc_kwh=0.0)]
    )

    plan = exact(home)

    assert plan.is_proved
    assert plan.cost.total_eur == pytest.approx(0.6)
    assert plan.dispatch.charge_kwh[0].sum() == pytest.approx(6.0)


def test_a_kwh_more_costs_what_it_is_replaced_by() -> None:
    home = problem(
        3,
        buy=[0.1, 0.4, 0.5],
        load=[0.0, 3.0, 3.0],
        batteries=[battery(soc_kwh=0.0, charge_max_kw=4.0)],
    )

    plan = exact(home)

    # The battery's 4 kWh replace the dearest first, so what is bought in between sets its value.
    assert plan.marginal_eur_per_kwh is not None
    assert plan.marginal_eur_per_kwh.tolist() == pytest.approx([0.1, 0.4, 0.4], abs=1e-4)


def test_a_car_takes_its_least_power_or_none() -> None:
    home = problem(
        3, pv=[2.0, 2.0, 2.0], sell=0.1, cars=[car(ranges=(THREE_PHASES,), wish=pieces((6.0, 0.2)))]
    )

    plan = exact(home)

    # 4.14 kWh need 2.14 kWh bought at 0.30; that is worth less than 0.2 each.
    assert plan.dispatch.car_kwh[0].tolist() == pytest.approx([0.0, 0.0, 0.0])


def test_between_two_ranges_no_power_is_possible() -> None:
    home = problem(
        1, pv=4.0, sell=0.25, cars=[car(ranges=(ONE_PHASE, THREE_PHASES), wish=pieces((4.0, 0.4)))]
    )

    plan = exact(home)

    assert plan.dispatch.car_kwh[0][0] == pytest.approx(3.68)


def test_a_wish_out_of_reach_is_met_as_far_as_it_goes() -> None:
    home = problem(2, cars=[car(ranges=(ONE_PHASE,), wish=pieces((10.0, 2.0)))])

    plan = exact(home)

    assert plan.is_proved
    assert plan.dispatch.car_kwh[0].sum() == pytest.approx(2 * 3.68)
    assert plan.cost.missing_eur == pytest.approx((10.0 - 2 * 3.68) * 2.0)


def test_a_car_is_fed_from_the_battery_only_above_the_buffer() -> None:
    home = problem(
        2,
        buy=0.5,
        load=0.5,
        batteries=[battery(soc_kwh=8.0, cars_above_kwh=6.0)],
        cars=[car(ranges=(ONE_PHASE,), wish=pieces((7.36, 0.6)))],
    )

    plan = exact(home)

    assert verify(home, plan.dispatch) == ()
    soc = battery_soc(home.batteries[0], plan.dispatch, 0)
    beyond = plan.dispatch.discharge_kwh[0] - 0.5
    assert (soc[beyond > 1e-6] >= 6.0 - 1e-6).all()
    assert plan.dispatch.discharge_kwh[0].sum() > 1.0 + 1e-6


def test_forced_decisions_are_never_cheaper() -> None:
    home = hard_home()
    free = exact(home)

    for low, high in ((0.0, 0.0), (4.14, 11.04)):
        pin = Pin(flow=Flow.CAR, index=0, slot=3, low_kwh=low, high_kwh=high)
        forced = exact(replace(home, pins=(pin,)))

        assert low - 1e-6 <= forced.dispatch.car_kwh[0][3] <= high + 1e-6
        assert forced.cost.total_eur >= free.cost.total_eur - 1e-3


def test_no_less_throughput_costs_as_little() -> None:
    # The same price all day: the battery has nothing to do, and does nothing.
    home = problem(
        24,
        buy=0.3,
        load=1.0,
        batteries=[battery(terminal=pieces((10.0, 0.3)))],
    )

    plan = exact(home)

    assert plan.dispatch.charge_kwh[0].sum() == pytest.approx(0.0)
    assert plan.dispatch.discharge_kwh[0].sum() == pytest.approx(0.0)


def test_of_equal_moments_the_earlier_one_is_taken() -> None:
    home = problem(
        4, buy=[0.1, 0.1, 0.1, 0.4], load=[0.0, 0.0, 0.0, 4.0], batteries=[battery(soc_kwh=0.0)]
    )

    plan = exact(home)

    assert plan.dispatch.charge_kwh[0].tolist() == pytest.approx([4.0, 0.0, 0.0, 0.0])


# -- time ----------------------------------------------------------------------------------------


def test_when_time_is_up_the_best_plan_so_far_is_returned() -> None:
    home = hard_home()
    times = iter([0.0])

    plan = exact(home, seconds=lambda: next(times, 100.0), limit_s=1.0)
    best = exact(home)

    assert [one for one in verify(home, plan.dispatch) if not one.is_soft] == []
    assert plan.gap_eur is not None
    assert -1e-3 <= plan.cost.total_eur - best.cost.total_eur <= plan.gap_eur + 1e-3


def test_a_search_is_told_how_much_time_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float] = []

    def search(*args: object, **kwargs: object) -> Solution:
        told.append(args[3].time_limit_s)  # type: ignore[attr-defined]  # the limits
        return Solution(status=SolveStatus.TIME_IS_UP, objective=np.inf, bound=None, col_value=None)

    monkeypatch.setattr(exact_path, "solve_mixed", search)
    times = iter([0.0, 0.4])

    plan = exact(hard_home(), seconds=lambda: next(times, 0.5), limit_s=1.0)

    assert len(told) == 1
    assert told[0] == pytest.approx(0.6, rel=0.1)
    assert not plan.is_proved


def test_a_search_that_fails_leaves_the_quick_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    home = hard_home()

    def search(*args: object, **kwargs: object) -> Solution:
        return Solution(status=SolveStatus.FAILED, objective=np.inf, bound=None, col_value=None)

    monkeypatch.setattr(exact_path, "solve_mixed", search)

    plan = exact(home)

    assert [one for one in verify(home, plan.dispatch) if not one.is_soft] == []


def test_what_is_forced_and_cannot_be_is_no_plan() -> None:
    home = replace(
        problem(2, batteries=[battery(soc_kwh=0.0)]),
        pins=(Pin(flow=Flow.DISCHARGE, index=0, slot=0, low_kwh=3.0, high_kwh=4.0),),
    )

    with pytest.raises(NoPlanError):
        exact(home)


# -- memory --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_with_nothing_new_the_next_plan_is_the_same_plan(seed: int) -> None:
    home = random_problem(np.random.default_rng(40 + seed), n_slots=24, slot_h=1.0)
    first = exact(home)
    later, memory = after(home, first.dispatch), remembered(first.dispatch)

    second = exact(later, memory=memory)

    assert moved_kwh(memory, second.dispatch) < 1e-3


def test_a_small_change_of_prices_moves_nothing() -> None:
    home = problem(
        6,
        buy=[0.20, 0.21, 0.20, 0.4, 0.4, 0.4],
        load=[0.0, 0.0, 0.0, 1.5, 1.5, 1.5],
        batteries=[battery(soc_kwh=0.0)],
    )
    first = exact(home)
    memory = remembered(first.dispatch, 0)
    changed = replace(home, import_price_eur_per_kwh=series([0.2015, 0.21, 0.20, 0.4, 0.4, 0.4]))

    calm, restless = exact(changed, memory=memory), exact(changed)

    assert moved_kwh(memory, calm.dispatch) == pytest.approx(0.0, abs=1e-6)
    assert moved_kwh(memory, restless.dispatch) > 1.0


def test_a_plan_changes_when_the_change_pays() -> None:
    home = problem(
        6,
        buy=[0.20, 0.21, 0.20, 0.4, 0.4, 0.4],
        load=[0.0, 0.0, 0.0, 1.5, 1.5, 1.5],
        batteries=[battery(soc_kwh=0.0)],
    )
    memory = remembered(exact(home).dispatch, 0)
    changed = replace(home, import_price_eur_per_kwh=series([0.25, 0.21, 0.20, 0.4, 0.4, 0.4]))

    plan = exact(changed, memory=memory)

    assert plan.cost.total_eur == pytest.approx(exact(changed).cost.total_eur)
    assert moved_kwh(memory, plan.dispatch) > 1.0


def test_a_plan_is_the_same_each_time() -> None:
    home = hard_home()

    one, two = exact(home), exact(home)

    assert np.array_equal(one.dispatch.car_kwh[0], two.dispatch.car_kwh[0])
    assert np.array_equal(one.dispatch.charge_kwh[0], two.dispatch.charge_kwh[0])
