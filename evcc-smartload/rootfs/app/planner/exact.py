"""The exact path: the cheapest plan there is, proved, or the best one in the time there was."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from planner.choices import Conflicts, every_choice, find_conflicts, suspects
from planner.dispatch import Dispatch, cost_of
from planner.dive import NEAR_EUR, THOROUGH, Dived, Relaxed, dive
from planner.fast import relax
from planner.marginals import marginals
from planner.mixed import Guess, add_choices
from planner.model import Memory, dispatch_of
from planner.outcome import NoPlanError, Outcome
from planner.plan_problem import PlanProblem
from planner.settled import Settlement, settled_as, settled_bounds
from planner.solver import MixedLimits, Solution, SolveStatus, solve_mixed

# How near a search must come to the best [EUR]. A third of what "proved" allows: the ties that are
# broken and the solver's own tolerance take their share.
_SEARCH_GAP_EUR = 3e-4
# Choices that come up only when others are settled are added; this often is never needed twice
# over, and after it the best plan so far is used.
_MOST_ROUNDS = 8
# Of the time that is left a search takes at most so much: mending its point takes the rest.
_SEARCH_SHARE = 0.95
# Less than this is not worth another search [s].
_LEAST_SEARCH_S = 0.002


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
    search = _Search(problem, relaxed, dive(problem, relaxed, THOROUGH))
    open_ = suspects(problem, relaxed.conflicts)
    for _ in range(_MOST_ROUNDS):
        left_s = end_s - seconds()
        if search.is_done or left_s < _LEAST_SEARCH_S:
            break
        found = search.look(open_, time_limit_s=left_s * _SEARCH_SHARE)
        if found is None:
            break
        open_ |= found
    return search.outcome(is_time_up=seconds() >= end_s)


@dataclass(slots=True)
class _Search:
    """The best plan so far, and what no plan can be below."""

    problem: PlanProblem
    relaxed: Relaxed
    best: Dived | None

    bound_eur: float = -np.inf

    def __post_init__(self) -> None:
        self.bound_eur = self.relaxed.objective

    @property
    def gap_eur(self) -> float:
        """How much cheaper another plan could be."""
        return np.inf if self.best is None else self.best.objective - self.bound_eur

    @property
    def is_done(self) -> bool:
        """Whether nothing better is worth looking for."""
        return self.gap_eur <= NEAR_EUR

    def look(self, open_: Conflicts, *, time_limit_s: float) -> Conflicts | None:
        """Search with whole numbers for the choices in ``open_``.

        Returns:
            What else must be opened; None when the search has ended.
        """
        model = self.relaxed.model
        guess = None
        if self.best is not None and self.best.solution.col_value is not None:
            guess = Guess(dispatch=self.best.dispatch, col_value=self.best.solution.col_value)
        mixed = add_choices(self.problem, model, open_, guess)
        limits = MixedLimits(abs_gap=_SEARCH_GAP_EUR, time_limit_s=time_limit_s)
        solution = solve_mixed(mixed.matrix, mixed.bounds, mixed.integer, limits, guess=mixed.guess)
        if solution.bound is not None:
            self.bound_eur = max(self.bound_eur, solution.bound)
        if solution.col_value is None:
            return None
        dispatch = dispatch_of(self.problem, model.layout, solution.col_value)
        conflicts = find_conflicts(self.problem, dispatch)
        self._take(solution, dispatch, conflicts)
        if solution.status is not SolveStatus.OPTIMAL or conflicts.count == 0:
            return None
        return suspects(self.problem, conflicts)

    def _take(self, solution: Solution, dispatch: Dispatch, conflicts: Conflicts) -> None:
        """Keep the plan that a search's point leads to, if it is the best so far."""
        made = settled_as(self.problem, dispatch, every_choice(self.problem, dispatch))
        settled = _solved(self.problem, self.relaxed, made)
        if settled is None and conflicts.count == 0:
            settled = Dived(made=made, solution=solution, dispatch=dispatch, conflicts=conflicts)
        if settled is not None and settled.objective < self._best_objective:
            self.best = settled

    @property
    def _best_objective(self) -> float:
        return np.inf if self.best is None else self.best.objective

    def outcome(self, *, is_time_up: bool) -> Outcome:
        """Return the best plan with its gap, and what energy is worth in each slot.

        Raises:
            NoPlanError: There is none.
        """
        best = self.best
        if best is None:
            raise NoPlanError("no plan was found", is_time_up=is_time_up)
        return Outcome(
            dispatch=best.dispatch,
            cost=cost_of(self.problem, best.dispatch),
            gap_eur=max(self.gap_eur, 0.0),
            marginal_eur_per_kwh=marginals(self.problem, self.relaxed, best),
        )


def _solved(problem: PlanProblem, relaxed: Relaxed, made: Settlement) -> Dived | None:
    """Return what is best with these choices; None when that leaves other choices open."""
    relaxed.linear.change(settled_bounds(problem, relaxed.model, made))
    solution = relaxed.linear.solve(time_limit_s=1.0)
    if solution.col_value is None:
        return None
    dispatch = dispatch_of(problem, relaxed.model.layout, solution.col_value)
    conflicts = find_conflicts(problem, dispatch)
    if conflicts.count:
        return None
    return Dived(made=made, solution=solution, dispatch=dispatch, conflicts=conflicts)
