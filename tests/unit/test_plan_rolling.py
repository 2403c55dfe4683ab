"""A planner that keeps its model: it costs what planning anew costs, whatever comes and goes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.plan import Rung, SkipCause
from planner.evcc_rules import EvccRules, evcc_rules_dispatch
from planner.fast import plan_fast
from planner.horizon_planner import HorizonPlanner
from planner.model import build_model
from planner.outcome import NoPlanError, Outcome
from planner.plan_memory import memory_of
from planner.plan_problem import PlanProblem, Reserve, series
from planner.rolling import RollingPlanner
from planner.self_use import self_use_dispatch
from planner.start import moves_of
from planner.task import BatteryFacts, CarFacts, PlanTask
from tests.support.plan_problems import battery, car, pieces, problem, random_problem

NOON = datetime(2026, 4, 24, 11, 0, tzinfo=UTC)
SLOT = timedelta(minutes=15)
N_SLOTS = 96
FOREVER_S = 1e6


def standing_still() -> float:
    return 0.0


def home_at(slot: int, *, soc_kwh: float = 3.0, n_cars: int = 0) -> PlanProblem:
    """A home whose forecasts are a little different each time; the end's value has 2 to 4 pieces.

    Args:
        slot: The first slot, counted from the beginning of a made-up year.
        soc_kwh: What the battery holds.
        n_cars: How many cars are there.
    """
    rng = np.random.default_rng(slot)
    hour = (np.arange(slot, slot + N_SLOTS) % 96) / 4.0
    sun = np.maximum(np.sin((hour - 6.0) / 12.0 * np.pi), 0.0) * rng.uniform(0.8, 1.2)
    price = 0.28 + 0.06 * np.cos((hour - 19.0) / 24.0 * 4.0 * np.pi)
    wanted = np.where(hour < 7.0, 3.0, 1.0)
    return problem(
        N_SLOTS,
        slot_h=0.25,
        buy=np.round(price, 3).tolist(),
        sell=0.08,
        pv=(1.2 * sun).tolist(),
        load=rng.uniform(0.05, 0.3, N_SLOTS).tolist(),
        batteries=[
            battery(
                soc_kwh=soc_kwh,
                may_export=False,
                wear_eur_per_kwh=0.02,
                terminal=pieces(*[(2.0, 0.2 - 0.02 * index) for index in range(2 + slot % 3)]),
                reserve=Reserve(soc_kwh=series(wanted), eur_per_kwh_h=0.002),
            )
        ],
        cars=[car(name=f"car {index}", wish=pieces((6.0, 0.25))) for index in range(n_cars)],
    )


def task_at(slot: int, *, soc_kwh: float = 3.0, n_cars: int = 0) -> PlanTask:
    of = home_at(slot, soc_kwh=soc_kwh, n_cars=n_cars)
    return task_of(of, NOON + slot * SLOT)


def task_of(of: PlanProblem, start: datetime) -> PlanTask:
    return PlanTask(
        start=start,
        problem=of,
        n_known_prices=of.n_slots,
        evcc_rules=EvccRules.default(of),
        batteries=tuple(BatteryFacts(name=one.name, title="Battery") for one in of.batteries),
        cars=tuple(
            CarFacts(name=one.name, title="Car", number=number, capacity_kwh=None, by=None)
            for number, one in enumerate(of.cars, start=1)
        ),
    )


def rolled(path: RollingPlanner, task: PlanTask, last: tuple[PlanTask, Outcome] | None) -> Outcome:
    memory = None if last is None else memory_of(last[0], last[1].dispatch, task)
    path.follow(task)
    return path(task.problem, seconds=standing_still, time_limit_s=FOREVER_S, memory=memory)


def anew(task: PlanTask, last: tuple[PlanTask, Outcome] | None) -> Outcome:
    memory = None if last is None else memory_of(last[0], last[1].dispatch, task)
    return plan_fast(task.problem, seconds=standing_still, time_limit_s=FOREVER_S, memory=memory)


@pytest.mark.parametrize("step", [1, 3])
def test_a_proved_plan_costs_what_one_made_anew_costs(step: int) -> None:
    path, last, soc_kwh = RollingPlanner(), None, 3.0

    for slot in range(0, 24 * step, step):
        task = task_at(slot, soc_kwh=soc_kwh)
        plan, fresh = rolled(path, task, last), anew(task, last)

        assert plan.is_proved
        assert plan.cost.total_eur == pytest.approx(fresh.cost.total_eur, abs=1e-6)
        last, soc_kwh = (task, plan), min(9.0, soc_kwh + 0.2)


def test_cars_may_come_and_go() -> None:
    path, last = RollingPlanner(), None

    for slot, n_cars in enumerate((0, 1, 2, 1, 1, 0)):
        task = task_at(slot, n_cars=n_cars)
        plan, fresh = rolled(path, task, last), anew(task, last)

        assert plan.cost.total_eur <= fresh.cost.total_eur + 0.005
        last = task, plan


def test_a_day_without_plans_is_no_hindrance() -> None:
    path = RollingPlanner()
    first = task_at(0)
    rolled(path, first, None)
    later = task_at(150)

    plan = rolled(path, later, None)

    assert plan.cost.total_eur == pytest.approx(anew(later, None).cost.total_eur, abs=1e-6)


def test_every_column_and_row_that_stays_is_found_again() -> None:
    home = home_at(0, n_cars=1)
    layout = build_model(home).layout

    moves = moves_of((home, layout), (home, layout), 0)

    assert moves.cols.tolist() == list(range(layout.n_cols))
    assert moves.rows.tolist() == list(range(layout.n_rows))


# -- planning without being looked at ------------------------------------------------------------


def unseen(fast: Callable[..., Outcome] | None = None) -> HorizonPlanner:
    return HorizonPlanner(
        seconds=standing_still, fast=RollingPlanner() if fast is None else fast, shows=False
    )


def test_a_plan_nobody_looks_at_is_the_one_that_would_be_shown() -> None:
    hidden = unseen()
    shown = HorizonPlanner(seconds=standing_still, exact=plan_fast)

    for slot in range(8):
        task = task_at(slot)
        one, other = (planner.plan(task.start, task).plan for planner in (hidden, shown))

        assert one is not None
        assert other is not None
        assert one.rung is Rung.FAST
        assert one.cost.total_eur == pytest.approx(other.cost.total_eur, abs=1e-6)
        assert one.batteries[0].charge_kwh == pytest.approx(other.batteries[0].charge_kwh, abs=1e-6)


def test_a_plan_nobody_looks_at_tells_nothing() -> None:
    task = task_at(0)
    planner = unseen()

    plan = planner.plan(task.start, task).plan

    assert plan is not None
    assert (plan.reasons, plan.actions) == ((), ())
    assert plan.is_explained
    assert planner.explain() is None


def plain() -> PlanTask:
    """A home with one price, where nothing is better than what evcc does."""
    of = problem(
        16,
        slot_h=0.25,
        buy=0.30,
        sell=0.05,
        pv=[1.5] * 8 + [0.0] * 8,
        load=0.4,
        batteries=[battery(soc_kwh=1.0, may_export=False, terminal=pieces((10.0, 0.1)))],
    )
    return task_of(of, NOON)


def test_what_evcc_does_anyway_is_left_to_it() -> None:
    task = plain()

    hidden = unseen().plan(task.start, task)
    shown = HorizonPlanner(seconds=standing_still, exact=plan_fast).plan(task.start, task)

    assert hidden.plan is not None
    assert shown.plan is not None
    assert hidden.plan.rung is shown.plan.rung is Rung.HANDS_OFF
    assert hidden.plan.cost.total_eur == pytest.approx(shown.plan.cost.total_eur, abs=1e-5)


def test_without_a_solver_nobody_looks_at_a_plan_by_rules_either() -> None:
    def failing(*_: object, **__: object) -> Outcome:
        raise NoPlanError("broken")

    task = task_at(0)

    result = unseen(failing).plan(task.start, task)

    assert result.plan is not None
    assert result.plan.rung is Rung.RULES
    assert [(one.rung, one.cause) for one in result.skipped] == [
        (Rung.FAST, SkipCause.SOLVER_FAILED),
        (Rung.SHIFTED, SkipCause.NO_LAST_PLAN),
    ]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_told_soon_of_evcc_is_what_evcc_does(seed: int) -> None:
    home = random_problem(np.random.default_rng(seed), n_slots=48, slot_h=0.5)
    home = replace(home, cars=(), batteries=home.batteries[:1])
    rules = EvccRules.default(home)

    soon = self_use_dispatch(home, rules)

    if soon is None:
        assert len(home.batteries) != 1 or home.batteries[0].taper
        return
    by_steps = evcc_rules_dispatch(home, rules)
    assert soon.charge_kwh[0] == pytest.approx(by_steps.charge_kwh[0], abs=1e-9)
    assert soon.discharge_kwh[0] == pytest.approx(by_steps.discharge_kwh[0], abs=1e-9)


def test_where_evcc_decides_nothing_is_told_soon() -> None:
    home = home_at(0)
    charges_cheaply = EvccRules(grid_charge_limit_eur_per_kwh=0.25)

    assert self_use_dispatch(home, charges_cheaply) is None
    assert self_use_dispatch(home_at(0, n_cars=1), EvccRules.default(home_at(0, n_cars=1))) is None
