"""The planner against an optimum that is worked out the slow and obvious way."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from planner.exact import plan_exactly
from planner.fast import plan_fast
from planner.outcome import Outcome
from planner.plan_problem import PlanProblem
from planner.verify import verify
from tests.support.obvious_milp import obvious_optimum
from tests.support.plan_problems import problems, random_problem

PROVED_EUR = 1e-3
FOREVER_S = 1e6

quiet = settings(
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def standing() -> float:
    return 0.0


def assert_agrees(home: PlanProblem) -> None:
    optimum_eur, _ = obvious_optimum(home)

    exact = plan_exactly(home, seconds=standing, time_limit_s=60.0)
    fast = plan_fast(home, seconds=standing, time_limit_s=FOREVER_S)

    assert exact.is_proved
    assert exact.cost.total_eur == pytest.approx(optimum_eur, abs=PROVED_EUR)
    for plan in (exact, fast):
        assert [one for one in verify(home, plan.dispatch) if not one.is_soft] == []
    assert_gap_is_true(fast, optimum_eur)


def assert_gap_is_true(plan: Outcome, optimum_eur: float) -> None:
    assert plan.gap_eur is not None
    dearer_eur = plan.cost.total_eur - optimum_eur
    assert -PROVED_EUR <= dearer_eur <= plan.gap_eur + PROVED_EUR


@settings(quiet, max_examples=140)
@given(problems(max_slots=6))
def test_any_home_has_the_obvious_optimum(home: PlanProblem) -> None:
    assert_agrees(home)


@settings(quiet, max_examples=40)
@given(problems(max_slots=10, max_batteries=1, max_cars=1))
def test_a_home_with_one_of_each_has_the_obvious_optimum(home: PlanProblem) -> None:
    assert_agrees(home)


@pytest.mark.parametrize("seed", range(40))
def test_a_realistic_day_has_the_obvious_optimum(seed: int) -> None:
    rng = np.random.default_rng(seed)

    assert_agrees(random_problem(rng, n_slots=10, slot_h=1.0, max_cars=1 + seed % 2))


@pytest.mark.parametrize("seed", range(10))
def test_several_batteries_have_the_obvious_optimum(seed: int) -> None:
    rng = np.random.default_rng(1000 + seed)

    assert_agrees(random_problem(rng, n_slots=6, slot_h=2.0, max_batteries=3, max_cars=1))
