"""What a car charges whatever a plan wants is in every plan, and the rest is still the best."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.dispatch import Dispatch
from planner.exact import plan_exactly
from planner.fast import plan_fast
from planner.model import Memory
from planner.plan_problem import FloatArray, PlanProblem, series
from planner.rule_plan import rule_dispatch
from planner.shifted import shifted_dispatch
from planner.verify import verify
from tests.support.obvious_milp import obvious_optimum
from tests.support.plan_problems import least_kwh, problems, random_problem

PROVED_EUR = 1e-3
FOREVER_S = 1e6

quiet = settings(
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)


def standing() -> float:
    return 0.0


def broken(home: PlanProblem, plan: Dispatch) -> list[str]:
    return [one.rule.value for one in verify(home, plan) if not one.is_soft]


def forced_home(
    seed: int, *, is_full_power: bool, is_fed: bool = False, n_slots: int = 10
) -> PlanProblem:
    """A realistic day on which every car that is not fixed charges from its arrival on.

    ``is_fed`` lets evcc give it half of that out of the batteries.
    """
    rng = np.random.default_rng(seed)
    home = random_problem(rng, n_slots=n_slots, slot_h=1.0, max_cars=2)
    cars = []
    for car in home.cars:
        if car.fixed_kwh is None:
            kw = car.max_kw if is_full_power else car.ranges[0].low_kw
            n_first = int(rng.integers(1, n_slots))
            forced = least_kwh(car, n_slots, slot_h=1.0, n_first=n_first, kw=kw)
            fed = series(0.5 * forced) if is_fed else None
            cars.append(replace(car, least_kwh=forced, fed_kwh=fed))
        else:
            cars.append(car)
    return replace(home, cars=tuple(cars)).checked()


SEEDS = [seed for seed in range(60) if forced_home(seed, is_full_power=True).cars]


def has_least(home: PlanProblem) -> bool:
    return any(car.least_kwh is not None and car.least_kwh.any() for car in home.cars)


def any_memory(home: PlanProblem, rng: np.random.Generator) -> Memory:
    def flows(n_devices: int) -> tuple[FloatArray, ...]:
        return tuple(rng.uniform(0.0, 4.0, home.n_slots) for _ in range(n_devices))

    n_batteries = len(home.batteries)
    return Memory(
        charge_kwh=flows(n_batteries),
        discharge_kwh=flows(n_batteries),
        car_kwh=flows(len(home.cars)),
        net_kwh=np.zeros(home.n_slots),
        reach=int(rng.integers(0, home.n_slots + 1)),
        eur_per_kwh=0.01,
    )


@pytest.mark.parametrize(
    ("is_full_power", "is_fed"), [(True, False), (False, False), (False, True)]
)
@pytest.mark.parametrize("seed", SEEDS[:25])
def test_a_car_that_charges_from_now_on_has_the_obvious_optimum(
    seed: int, *, is_full_power: bool, is_fed: bool
) -> None:
    home = forced_home(seed, is_full_power=is_full_power, is_fed=is_fed)
    optimum_eur, _ = obvious_optimum(home)

    exact = plan_exactly(home, seconds=standing, time_limit_s=60.0)

    assert broken(home, exact.dispatch) == []
    assert exact.cost.total_eur == pytest.approx(optimum_eur, abs=PROVED_EUR)


@pytest.mark.parametrize("seed", SEEDS[:25])
def test_the_fast_path_finds_a_plan_with_it_and_knows_how_good_it_is(seed: int) -> None:
    home = forced_home(seed, is_full_power=True)
    optimum_eur, _ = obvious_optimum(home)

    fast = plan_fast(home, seconds=standing, time_limit_s=FOREVER_S)

    assert broken(home, fast.dispatch) == []
    assert fast.gap_eur is not None
    assert -PROVED_EUR <= fast.cost.total_eur - optimum_eur <= fast.gap_eur + PROVED_EUR


def fed(home: PlanProblem) -> PlanProblem:
    """The same home, whose cars get all that is certain out of batteries."""
    cars = tuple(replace(car, fed_kwh=car.least_kwh) for car in home.cars)
    return replace(home, cars=cars).checked()


@settings(quiet, max_examples=20)
@given(problems(max_slots=12).filter(has_least), st.integers(0, 2**32 - 1))
def test_what_evcc_gives_cars_out_of_batteries_breaks_no_rule_on_any_rung(
    home: PlanProblem, seed: int
) -> None:
    home = fed(home)
    memory = any_memory(home, np.random.default_rng(seed))

    fast = plan_fast(home, seconds=standing, time_limit_s=FOREVER_S).dispatch

    for plan in (fast, rule_dispatch(home), shifted_dispatch(home, memory)):
        assert broken(home, plan) == []


@settings(quiet, max_examples=20)
@given(problems(max_slots=12).filter(has_least), st.integers(0, 2**32 - 1))
def test_any_home_keeps_to_it_while_it_remembers_the_last_plan(
    home: PlanProblem, seed: int
) -> None:
    memory = any_memory(home, np.random.default_rng(seed))

    fast = plan_fast(home, seconds=standing, time_limit_s=FOREVER_S, memory=memory)

    assert broken(home, fast.dispatch) == []


@settings(quiet, max_examples=20)
@given(problems(max_slots=16).filter(has_least))
def test_the_plan_of_rules_keeps_to_it(home: PlanProblem) -> None:
    assert broken(home, rule_dispatch(home)) == []


@settings(quiet, max_examples=20)
@given(problems(max_slots=16).filter(has_least), st.integers(0, 2**32 - 1))
def test_the_last_plan_moved_on_keeps_to_it(home: PlanProblem, seed: int) -> None:
    memory = any_memory(home, np.random.default_rng(seed))

    assert broken(home, shifted_dispatch(home, memory)) == []
