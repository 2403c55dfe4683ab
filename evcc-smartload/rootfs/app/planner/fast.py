"""The fast path: the linear problem, and its open choices settled in a few more solves."""

from collections.abc import Callable

from planner.choices import find_conflicts
from planner.dispatch import cost_of
from planner.dive import HASTY, QUICK, Dived, Relaxed, dive
from planner.marginals import marginals
from planner.model import Memory, PlanModel, build_model, dispatch_of
from planner.outcome import NoPlanError, Outcome
from planner.plan_problem import PlanProblem
from planner.solver import LinearModel, SolveStatus
from planner.start import idle_basis


def plan_fast(
    problem: PlanProblem,
    *,
    seconds: Callable[[], float],
    time_limit_s: float,
    memory: Memory | None = None,
) -> Outcome:
    """Return a good plan in milliseconds; how good is part of it.

    Args:
        problem: Checked.
        seconds: A clock that only goes forward [s].
        time_limit_s: For the linear problem; what follows takes a few milliseconds more, less
            when it is over.
        memory: The last plan, from which deviating costs something.

    Raises:
        NoPlanError: There is none, or none was found in time.
    """
    end_s = seconds() + time_limit_s
    relaxed = relax(problem, memory, time_limit_s=time_limit_s)
    effort = QUICK if seconds() < end_s else HASTY
    return outcome_of(problem, relaxed, dive(problem, relaxed, effort))


def relax(problem: PlanProblem, memory: Memory | None, *, time_limit_s: float) -> Relaxed:
    """Solve the linear problem from its beginning.

    Raises:
        NoPlanError: It has no solution, or time was up.
    """
    model = build_model(problem, memory)
    linear = LinearModel(model.matrix, model.bounds)
    linear.start_from(idle_basis(problem, model))
    return relaxed_of(problem, model, linear, time_limit_s=time_limit_s)


def relaxed_of(
    problem: PlanProblem, model: PlanModel, linear: LinearModel, *, time_limit_s: float
) -> Relaxed:
    """Solve the linear problem from where ``linear`` stands.

    Raises:
        NoPlanError: It has no solution, or time was up.
    """
    solution = linear.solve(time_limit_s=time_limit_s)
    if solution.col_value is None:
        raise NoPlanError(
            f"the linear problem ended as {solution.status.value}",
            is_time_up=solution.status is SolveStatus.TIME_IS_UP,
        )
    dispatch = dispatch_of(problem, model.layout, solution.col_value)
    return Relaxed(
        model=model,
        linear=linear,
        solution=solution,
        dispatch=dispatch,
        conflicts=find_conflicts(problem, dispatch),
    )


def outcome_of(problem: PlanProblem, relaxed: Relaxed, plan: Dived | None) -> Outcome:
    """Return what diving came to.

    Raises:
        NoPlanError: It found no plan.
    """
    if plan is None:
        raise NoPlanError("no plan was found by settling the open choices")
    return Outcome(
        dispatch=plan.dispatch,
        cost=cost_of(problem, plan.dispatch),
        gap_eur=max(plan.objective - relaxed.objective, 0.0),
        marginal_eur_per_kwh=marginals(problem, relaxed, plan),
    )
