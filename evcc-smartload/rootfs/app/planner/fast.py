"""The fast path: the linear problem, and choices settled by diving from its solution."""

from dataclasses import dataclass, replace

import numpy as np

from planner.choices import Conflicts, find_conflicts, settled_bounds
from planner.dispatch import Dispatch
from planner.model import Memory, PlanModel, build_model, dispatch_of
from planner.outcome import NoPlanError
from planner.plan_problem import FloatArray, PlanProblem
from planner.solver import LinearModel, Solution

_MOST_STEPS = 12
# From this share of its minimum power on, a car is rounded up to it.
_ROUND_UP_FRAC = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relaxed:
    """The linear problem solved: what nothing can beat, and which choices it leaves open."""

    model: PlanModel
    linear: LinearModel
    solution: Solution
    dispatch: Dispatch
    conflicts: Conflicts

    @property
    def objective(self) -> float:
        """What the model counts [EUR], ties and memory included."""
        return self.solution.objective


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dived:
    """A plan without open choices, and what the model counts for it [EUR]."""

    dispatch: Dispatch
    solution: Solution

    @property
    def objective(self) -> float:
        """What the model counts [EUR], ties and memory included."""
        return self.solution.objective


def relax(problem: PlanProblem, memory: Memory | None, *, time_limit_s: float) -> Relaxed:
    """Solve the linear problem.

    Raises:
        NoPlanError: It has no solution, or time was up.
    """
    model = build_model(problem, memory)
    linear = LinearModel(model.matrix, model.bounds)
    solution = linear.solve(time_limit_s=time_limit_s)
    if solution.col_value is None:
        raise NoPlanError(f"the linear problem ended as {solution.status.value}")
    dispatch = dispatch_of(problem, model.layout, solution.col_value)
    return Relaxed(
        model=model,
        linear=linear,
        solution=solution,
        dispatch=dispatch,
        conflicts=find_conflicts(problem, dispatch),
    )


def dive(problem: PlanProblem, relaxed: Relaxed) -> Dived | None:
    """Settle open choices and solve again until none is left; None when that leads nowhere."""
    model, linear = relaxed.model, relaxed.linear
    dispatch, conflicts, solution = relaxed.dispatch, relaxed.conflicts, relaxed.solution
    for _ in range(_MOST_STEPS):
        if conflicts.count == 0:
            break
        wanted = _rounded(problem, dispatch, conflicts)
        so_far = replace(model, bounds=linear.bounds)
        linear.change(settled_bounds(problem, so_far, wanted, conflicts))
        solution = linear.solve(time_limit_s=1.0)
        if solution.col_value is None:
            break
        dispatch = dispatch_of(problem, model.layout, solution.col_value)
        conflicts = find_conflicts(problem, dispatch)
    linear.change(model.bounds)
    if conflicts.count or solution.col_value is None:
        return None
    return Dived(dispatch=dispatch, solution=solution)


def _rounded(problem: PlanProblem, dispatch: Dispatch, conflicts: Conflicts) -> Dispatch:
    """Round each car's impossible powers so that what is left over is carried on."""
    cars = [
        _carried(car.ranges[0].low_kw * problem.slot_h, kwh, where) if where.any() else kwh
        for car, kwh, where in zip(problem.cars, dispatch.car_kwh, conflicts.car_range, strict=True)
    ]
    return replace(dispatch, car_kwh=tuple(cars))


def _carried(least_kwh: float, kwh: FloatArray, where: np.ndarray) -> FloatArray:
    rounded, carry = kwh.copy(), 0.0
    for slot in np.flatnonzero(where).tolist():
        carry += float(kwh[slot])
        rounded[slot] = least_kwh if carry >= _ROUND_UP_FRAC * least_kwh else 0.0
        carry -= rounded[slot]
    return rounded
