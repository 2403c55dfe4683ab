"""Why a plan differs from the last one: one input swapped at a time, so that the parts add up."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from domain.plan import ChangeCause, ChangePart, PlanChange
from planner.dispatch import battery_soc, car_soc
from planner.outcome import NoPlanError, Outcome
from planner.plan_memory import car_later, moved_kwh, moved_on
from planner.plan_problem import FloatArray, PlanProblem, Reserve
from planner.solved import Solve, Solved


def change_since(last: Solved, now: Solved, solve: Solve) -> PlanChange | None:
    """Return what changed since the last plan, in money and by input.

    From the last problem to the new one in steps, each solved without memory: the horizon moves
    on, then PV, load, prices, what the batteries hold, the cars and at last everything else take
    their new values. The steps' differences add up to the whole.

    Returns:
        None when the two cannot be compared, or when one of the steps has no plan.
    """
    passed = last.task.slots_until(now.task.start)
    if now.memory is None or passed is None:
        return None
    costs, causes = [last.free.cost.total_eur], []
    try:
        for cause, problem in _steps(last, now.task.problem, passed):
            costs.append(solve(problem, None).cost.total_eur)
            causes.append(cause)
        again = solve(now.decided, None) if now.pins else now.free
    except NoPlanError:
        return None
    # The last step is the new problem itself.
    costs.append(now.free.cost.total_eur)
    causes.append(ChangeCause.RULES)
    return PlanChange(
        since=last.task.start,
        total_eur=costs[-1] - costs[0],
        parts=tuple(
            ChangePart(cause=cause, eur=after - before)
            for cause, (before, after) in zip(causes, pairwise(costs), strict=True)
        ),
        moved_kwh=moved_kwh(now.memory, now.outcome.dispatch),
        kept_gain_eur=max(now.outcome.cost.total_eur - again.cost.total_eur, 0.0),
    )


def _steps(
    last: Solved, new: PlanProblem, passed: int
) -> Iterator[tuple[ChangeCause, PlanProblem]]:
    problem = _moved_on(last.task.problem, new, passed, last.free)
    yield ChangeCause.TIME, problem
    problem = replace(problem, pv_kwh=new.pv_kwh)
    yield ChangeCause.PV, problem
    problem = replace(problem, load_kwh=new.load_kwh)
    yield ChangeCause.LOAD, problem
    problem = replace(
        problem,
        import_price_eur_per_kwh=new.import_price_eur_per_kwh,
        export_price_eur_per_kwh=new.export_price_eur_per_kwh,
    )
    yield ChangeCause.PRICE, problem
    batteries = tuple(
        replace(before, soc_kwh=now.soc_kwh)
        for before, now in zip(problem.batteries, new.batteries, strict=True)
    )
    problem = replace(problem, batteries=batteries)
    yield ChangeCause.SOC, problem
    problem = replace(problem, cars=new.cars)
    yield ChangeCause.CARS, problem


def _moved_on(old: PlanProblem, new: PlanProblem, passed: int, outcome: Outcome) -> PlanProblem:
    """Return the old inputs over the new slots; what lies beyond them is as it is now."""
    n = new.n_slots

    def series_of(before: FloatArray, now: FloatArray) -> FloatArray:
        kept = before[passed:][:n]
        moved: FloatArray = np.concatenate([kept, now[len(kept) :]])
        return moved

    def limit_of(before: FloatArray | None) -> FloatArray | None:
        return None if before is None else _held(before, passed, n)

    def soc_at(course: FloatArray, start_kwh: float) -> float:
        return start_kwh if passed == 0 else float(course[passed - 1])

    batteries = tuple(
        replace(
            before,
            soc_kwh=soc_at(battery_soc(before, outcome.dispatch, index), before.soc_kwh),
            # What energy is worth at the end belongs to the end, which has moved.
            terminal=now.terminal,
            reserve=None if before.reserve is None else _later(before.reserve, passed, n),
        )
        for index, (before, now) in enumerate(zip(old.batteries, new.batteries, strict=True))
    )
    cars = tuple(
        car_later(
            car,
            soc_kwh=soc_at(car_soc(car, outcome.dispatch, index), car.soc_kwh),
            passed=passed,
            n_slots=n,
        )
        for index, car in enumerate(old.cars)
    )
    return replace(
        new,
        pv_kwh=series_of(old.pv_kwh, new.pv_kwh),
        load_kwh=series_of(old.load_kwh, new.load_kwh),
        import_price_eur_per_kwh=series_of(
            old.import_price_eur_per_kwh, new.import_price_eur_per_kwh
        ),
        export_price_eur_per_kwh=series_of(
            old.export_price_eur_per_kwh, new.export_price_eur_per_kwh
        ),
        import_max_kwh=limit_of(old.import_max_kwh),
        export_max_kwh=limit_of(old.export_max_kwh),
        can_curtail=old.can_curtail,
        batteries=batteries,
        cars=cars,
    )


def _later(reserve: Reserve, passed: int, n_slots: int) -> Reserve:
    full = reserve.full
    if full is not None:
        full = replace(full, eur_per_kwh_h=moved_on(full.eur_per_kwh_h, passed, n_slots))
    return replace(reserve, soc_kwh=_held(reserve.soc_kwh, passed, n_slots), full=full)


def _held(values: FloatArray, passed: int, n_slots: int) -> FloatArray:
    """Return a series from slot ``passed`` on, its last value held where it ends."""
    kept = values[passed:][:n_slots]
    held: FloatArray = np.concatenate([kept, np.full(n_slots - len(kept), values[-1])])
    return held
