"""The exact path: the cheapest plan there is, proved, or the best one in the time there was."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from planner.choices import Conflicts, add_choices, find_conflicts, settled_bounds, suspects
from planner.dispatch import Dispatch, cost_of
from planner.fast import Relaxed, dive, relax
from planner.model import Memory, PlanModel, dispatch_of
from planner.outcome import NoPlanError, Outcome
from planner.plan_problem import FloatArray, PlanProblem
from planner.solver import LinearModel, MixedLimits, Solution, SolveStatus, solve_mixed

# How near a plan must be to the best [EUR]. A third of what "proved" allows: the ties that are
# broken and the solver's own tolerance take their share.
_SEARCH_GAP_EUR = 3e-4
# Choices that come up only when others are settled are added; this often is never needed twice
# over, and after it the last plan found is mended instead.
_MOST_ROUNDS = 8


def plan_exactly(
    problem: PlanProblem,
    *,
    seconds: Callable[[], float],
    time_limit_s: float,
    memory: Memory | None = None,
) -> Outcome:
    """Return the cheapest plan.

    Args:
        problem: Checked.
        seconds: A clock that only goes forward [s].
        time_limit_s: When it is over the best plan so far is returned, with its gap.
        memory: The last plan, from which deviating costs something.

    Raises:
        NoPlanError: There is none, or none was found in time.
    """
    end_s = seconds() + time_limit_s
    relaxed = relax(problem, memory, time_limit_s=time_limit_s)
    if relaxed.conflicts.count == 0:
        return _outcome(problem, relaxed.model, relaxed.solution, relaxed.dispatch, gap_eur=0.0)
    quick = dive(problem, relaxed)
    if quick is not None and quick.objective - relaxed.objective <= _SEARCH_GAP_EUR:
        # The linear problem's cost cannot be beaten, and this plan has it.
        gap = max(quick.objective - relaxed.objective, 0.0)
        return _outcome(problem, relaxed.model, quick.solution, quick.dispatch, gap_eur=gap)
    found, gap = _search(problem, memory, relaxed, end_s, seconds)
    if found is None and quick is not None:
        found, gap = quick.dispatch, quick.objective - relaxed.objective
    if found is None:
        raise NoPlanError("no plan was found in time", is_time_up=seconds() >= end_s)
    return settle(problem, relaxed, found, gap_eur=gap)


def _search(
    problem: PlanProblem,
    memory: Memory | None,
    relaxed: Relaxed,
    end_s: float,
    seconds: Callable[[], float],
) -> tuple[Dispatch | None, float | None]:
    """Search with whole numbers for the choices that are open, until none is left open."""
    open_ = suspects(problem, relaxed.conflicts)
    model = relaxed.model
    best: Dispatch | None = None
    for _ in range(_MOST_ROUNDS):
        mixed = add_choices(problem, memory, model, open_)
        limits = MixedLimits(abs_gap=_SEARCH_GAP_EUR, time_limit_s=end_s - seconds())
        solution = solve_mixed(mixed.matrix, mixed.bounds, mixed.integer, limits)
        if solution.col_value is None:
            return best, None
        dispatch = dispatch_of(problem, model.layout, solution.col_value)
        conflicts = find_conflicts(problem, dispatch)
        gap = None if solution.bound is None else max(solution.objective - solution.bound, 0.0)
        if conflicts.count == 0:
            return dispatch, gap
        if solution.status is not SolveStatus.OPTIMAL:
            return best, None
        open_ |= suspects(problem, conflicts)
    return best, None


def settle(
    problem: PlanProblem, relaxed: Relaxed, dispatch: Dispatch, *, gap_eur: float | None
) -> Outcome:
    """Return ``dispatch`` with everything linear made best for its choices, and the marginals."""
    bounds = settled_bounds(problem, relaxed.model, dispatch, every_choice(problem))
    linear = LinearModel(relaxed.model.matrix, bounds)
    solution = linear.solve(time_limit_s=10.0)
    settled = dispatch
    if solution.col_value is not None:
        again = dispatch_of(problem, relaxed.model.layout, solution.col_value)
        if find_conflicts(problem, again).count == 0:
            settled = again
    return _outcome(problem, relaxed.model, solution, settled, gap_eur=gap_eur)


def every_choice(problem: PlanProblem) -> Conflicts:
    """Return every choice in every slot."""
    everywhere = np.ones(problem.n_slots, dtype=np.bool_)
    nowhere = np.zeros(problem.n_slots, dtype=np.bool_)
    return Conflicts(
        car_range=tuple(everywhere if car.fixed_kwh is None else nowhere for car in problem.cars),
        direction=(everywhere,) * len(problem.batteries),
        grid=everywhere,
        grid_charge=tuple(
            nowhere if battery.may_grid_charge else everywhere for battery in problem.batteries
        ),
        export=tuple(
            nowhere if battery.may_export else everywhere for battery in problem.batteries
        ),
        feed=nowhere,
    )


def _outcome(
    problem: PlanProblem,
    model: PlanModel,
    solution: Solution,
    dispatch: Dispatch,
    *,
    gap_eur: float | None,
) -> Outcome:
    return Outcome(
        dispatch=dispatch,
        cost=cost_of(problem, dispatch),
        gap_eur=gap_eur,
        marginal_eur_per_kwh=_marginals(model, solution),
    )


def _marginals(model: PlanModel, solution: Solution) -> FloatArray:
    """Return the price of the balance in each slot: what one kWh more of load would cost."""
    first, n = model.layout.balance_row, model.layout.n_slots
    if solution.row_dual is None:
        return np.full(n, np.nan)
    return solution.row_dual[first : first + n].copy()
