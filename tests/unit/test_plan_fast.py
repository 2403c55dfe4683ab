from dataclasses import replace

import numpy as np
import pytest

from planner.exact import plan_exactly
from planner.fast import plan_fast
from planner.outcome import NoPlanError, Outcome
from planner.plan_problem import Flow, Pin, PlanProblem, PowerRange, series
from planner.rolling import RollingPlanner
from planner.verify import verify
from tests.support.plan_courses import after, remembered
from tests.support.plan_problems import (
    ONE_PHASE,
    THREE_PHASES,
    battery,
    car,
    pieces,
    problem,
    random_problem,
)

FOREVER_S = 1e6


class Clock:
    """Says the same time until it is moved; each question may cost some time."""

    def __init__(self, step_s: float = 0.0) -> None:
        self.now_s = 0.0
        self.step_s = step_s

    def __call__(self) -> float:
        self.now_s += self.step_s
        return self.now_s


def fast(of: PlanProblem) -> Outcome:
    return plan_fast(of, seconds=Clock(), time_limit_s=FOREVER_S)


def exact(of: PlanProblem) -> Outcome:
    return plan_exactly(of, seconds=Clock(), time_limit_s=20.0)


def broken(of: PlanProblem, plan: Outcome) -> list[object]:
    return [one for one in verify(of, plan.dispatch) if not one.is_soft]


@pytest.mark.parametrize("seed", range(25))
def test_a_plan_keeps_every_rule_and_knows_how_good_it_is(seed: int) -> None:
    home = random_problem(np.random.default_rng(seed), n_slots=16, slot_h=1.0, max_cars=1)

    quick, best = fast(home), exact(home)

    assert broken(home, quick) == []
    assert quick.gap_eur is not None
    # Ties are counted in the gap and not in the cost.
    assert quick.cost.total_eur - best.cost.total_eur <= quick.gap_eur + 1e-3
    assert quick.marginal_eur_per_kwh is not None
    assert quick.marginal_eur_per_kwh.shape == (16,)


def test_a_problem_without_choices_is_proved_at_once() -> None:
    home = problem(8, buy=[0.1, 0.4] * 4, load=1.0, batteries=[battery()])

    plan = fast(home)

    assert plan.is_proved
    assert plan.gap_eur == pytest.approx(0.0, abs=1e-9)


def test_the_same_problem_has_the_same_plan() -> None:
    home = random_problem(np.random.default_rng(7), n_slots=48, slot_h=0.5)

    one, two = fast(home), fast(home)

    assert np.array_equal(one.dispatch.grid_import_kwh, two.dispatch.grid_import_kwh)
    for first, second in zip(one.dispatch.car_kwh, two.dispatch.car_kwh, strict=True):
        assert np.array_equal(first, second)


def test_what_a_car_cannot_take_in_one_slot_is_carried_on() -> None:
    # 0.5 kWh of sun in each slot, and a car that takes no less than 1.38 kWh.
    home = problem(
        12,
        slot_h=1.0,
        pv=0.5,
        buy=0.4,
        sell=0.05,
        batteries=[battery(soc_kwh=0.0, capacity_kwh=3.0, soc_max_kwh=3.0)],
        cars=[car(ranges=(ONE_PHASE,), wish=pieces((5.0, 1.0)))],
    )

    plan = fast(home)

    assert broken(home, plan) == []
    assert plan.dispatch.car_kwh[0].sum() == pytest.approx(5.0)
    assert plan.cost.total_eur == pytest.approx(exact(home).cost.total_eur, abs=0.02)


def test_a_battery_takes_turns_where_losing_energy_pays() -> None:
    home = problem(
        8,
        slot_h=0.25,
        buy=-0.1,
        sell=-0.2,
        load=1.5,
        batteries=[
            battery(
                soc_kwh=9.5,
                charge_efficiency_frac=0.9,
                discharge_efficiency_frac=0.9,
                terminal=pieces((10.0, 0.02)),
            )
        ],
    )

    plan = fast(home)

    assert broken(home, plan) == []
    assert plan.cost.total_eur <= exact(home).cost.total_eur + 0.005


def test_a_rest_too_small_to_charge_is_no_reason_to_charge_it_slot_after_slot() -> None:
    home = problem(
        24,
        slot_h=1.0,
        buy=[0.3 + 0.001 * slot for slot in range(24)],
        cars=[car(ranges=(PowerRange(low_kw=4.14, high_kw=11.0),), wish=pieces((12.0, 2.0)))],
    )

    plan = fast(home)

    assert broken(home, plan) == []
    assert plan.cost.missing_eur == pytest.approx(0.0, abs=1e-6)
    assert (plan.dispatch.car_kwh[0] > 0.0).sum() == 2


def test_a_start_from_which_the_solver_ends_without_knowing_is_begun_anew() -> None:
    # Nothing may be fed in, what is left of the sun has nowhere to go, and the cars are away.
    home = problem(
        5,
        slot_h=0.25,
        buy=-0.08,
        sell=0.08,
        pv=[1.4, 1.5, 1.2, 0.0, 0.7],
        load=[0.7, 0.3, 0.4, 0.1, 0.7],
        export_max=0.0,
        batteries=[
            battery(
                name="one",
                capacity_kwh=5.0,
                soc_kwh=4.8,
                soc_max_kwh=5.0,
                charge_max_kw=0.0,
                discharge_max_kw=0.0,
                discharge_efficiency_frac=0.9,
                wear_eur_per_kwh=0.01,
                may_grid_charge=False,
                may_export=False,
                may_feed_cars=False,
            ),
            battery(
                name="two",
                soc_kwh=4.2,
                charge_max_kw=1.0,
                discharge_max_kw=0.0,
                charge_efficiency_frac=0.9,
                discharge_efficiency_frac=0.9,
                may_grid_charge=False,
                may_export=False,
                may_feed_cars=False,
                cars_above_kwh=7.0,
            ),
        ],
        cars=[
            car(deadline_slot=0, ranges=(PowerRange(low_kw=0.0, high_kw=3.68),)),
            car(deadline_slot=0, ranges=(ONE_PHASE, THREE_PHASES)),
        ],
    )

    plan = fast(home)

    assert broken(home, plan) == []
    assert plan.is_proved


def test_decisions_that_are_forced_and_cannot_be_are_no_plan() -> None:
    home = replace(
        problem(2, batteries=[battery(soc_kwh=0.0)]),
        pins=(Pin(flow=Flow.DISCHARGE, index=0, slot=0, low_kwh=3.0, high_kwh=4.0),),
    )

    with pytest.raises(NoPlanError) as told:
        fast(home)

    assert not told.value.is_time_up


def test_when_time_is_up_the_first_plan_will_do() -> None:
    home = random_problem(np.random.default_rng(3), n_slots=24, slot_h=1.0)

    plan = plan_fast(home, seconds=Clock(step_s=10.0), time_limit_s=5.0)

    assert broken(home, plan) == []


# -- planning again ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
def test_a_kept_model_plans_like_a_new_one(seed: int) -> None:
    home = random_problem(np.random.default_rng(100 + seed), n_slots=30, slot_h=1.0)
    rolling = RollingPlanner()
    plan = rolling.plan(home, moved=0, seconds=Clock(), time_limit_s=FOREVER_S)

    for _ in range(4):
        home = rolled_on(home, plan)
        plan = rolling.plan(home, moved=1, seconds=Clock(), time_limit_s=FOREVER_S)
        anew = fast(home)

        assert broken(home, plan) == []
        assert plan.cost.total_eur <= anew.cost.total_eur + 1e-3


def rolled_on(home: PlanProblem, plan: Outcome) -> PlanProblem:
    """Return the problem a slot later, as long as before: the last slot comes twice."""
    later = after(home, plan.dispatch)
    n = home.n_slots

    def longer(values: np.ndarray) -> np.ndarray:
        return series([*values, values[-1]])

    return replace(
        later,
        import_price_eur_per_kwh=longer(later.import_price_eur_per_kwh),
        export_price_eur_per_kwh=longer(later.export_price_eur_per_kwh),
        pv_kwh=longer(later.pv_kwh),
        load_kwh=longer(later.load_kwh),
        import_max_kwh=None if later.import_max_kwh is None else longer(later.import_max_kwh),
        export_max_kwh=None if later.export_max_kwh is None else longer(later.export_max_kwh),
        batteries=tuple(
            one
            if one.reserve is None
            else replace(one, reserve=replace(one.reserve, soc_kwh=longer(one.reserve.soc_kwh)))
            for one in later.batteries
        ),
        cars=tuple(
            one
            if one.fixed_kwh is None
            else replace(one, fixed_kwh=series([*one.fixed_kwh, 0.0])[:n])
            for one in later.cars
        ),
    ).checked()


def test_a_kept_model_takes_any_other_home() -> None:
    rng = np.random.default_rng(5)
    rolling = RollingPlanner()

    for n_slots, moved in ((24, 0), (12, 3), (24, 40), (24, 1), (24, 0)):
        home = random_problem(rng, n_slots=n_slots, slot_h=1.0)
        plan = rolling.plan(home, moved=moved, seconds=Clock(), time_limit_s=FOREVER_S)

        assert broken(home, plan) == []
        assert plan.cost.total_eur == pytest.approx(fast(home).cost.total_eur, abs=0.2)


def test_a_kept_model_survives_a_problem_without_a_plan() -> None:
    home = problem(4, buy=[0.1, 0.4, 0.1, 0.4], load=1.0, batteries=[battery(soc_kwh=0.0)])
    forced = replace(
        home, pins=(Pin(flow=Flow.DISCHARGE, index=0, slot=0, low_kwh=3.0, high_kwh=4.0),)
    )
    rolling = RollingPlanner()
    rolling.plan(home, moved=0, seconds=Clock(), time_limit_s=FOREVER_S)

    with pytest.raises(NoPlanError):
        rolling.plan(forced, moved=0, seconds=Clock(), time_limit_s=FOREVER_S)
    plan = rolling.plan(home, moved=0, seconds=Clock(), time_limit_s=FOREVER_S)

    assert plan.cost.total_eur == pytest.approx(fast(home).cost.total_eur)


def test_a_kept_model_keeps_to_the_last_plan_too() -> None:
    home = random_problem(np.random.default_rng(11), n_slots=24, slot_h=1.0)
    rolling = RollingPlanner()
    first = rolling.plan(home, moved=0, seconds=Clock(), time_limit_s=FOREVER_S)
    later, memory = after(home, first.dispatch), remembered(first.dispatch)

    kept = rolling.plan(later, moved=1, seconds=Clock(), time_limit_s=FOREVER_S, memory=memory)
    anew = plan_fast(later, seconds=Clock(), time_limit_s=FOREVER_S, memory=memory)

    assert kept.cost.total_eur == pytest.approx(anew.cost.total_eur, abs=1e-3)
