"""The fast path with its model kept from one quarter hour to the next.

Most of what was best a slot ago still is: the simplex goes on where it ended, moved on by the slots
that have passed, and the choices of the last plan are tried first. A proved plan costs the same as
one that is made anew.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from planner.dive import HASTY, QUICK, Effort, dive
from planner.fast import outcome_of, relaxed_of
from planner.model import Memory, PlanModel, build_model
from planner.outcome import Outcome
from planner.plan_problem import PlanProblem
from planner.settled import OPEN, ChoiceArray, Settlement
from planner.solver import Basis, LinearModel
from planner.start import Moves, idle_basis, moved_basis, moves_of
from planner.task import PlanTask

# A gap up to this may stay from one plan to the next [EUR]; beyond it every plan looks anew.
_BEARABLE_EUR = 0.02


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Kept:
    """What is known of the last plan: its model, where its linear problem ended, its choices.

    ``made`` is None where there was no plan.
    """

    problem: PlanProblem
    model: PlanModel
    basis: Basis
    made: Settlement | None
    gap_eur: float


class RollingPlanner:
    """A ``Path`` that keeps its model; belongs to one thread.

    Any home may follow any other, it only takes longer when they have little in common. Where a
    plan is not proved to be the best it may cost some 2 ct more than one that is made anew, by what
    the last plan's gap already was; so it depends on the plans before it.
    """

    def __init__(self, effort: Effort = QUICK) -> None:
        """Know no plan yet; ``effort`` is when a search for better choices ends."""
        self._effort = effort
        self._linear: LinearModel | None = None
        self._kept: _Kept | None = None
        self._task: PlanTask | None = None
        self._passed = 0
        self._moves: tuple[tuple[object, ...], Moves] | None = None

    def follow(self, task: PlanTask) -> None:
        """Say which task the next problem is of: when it starts tells how many slots have passed.

        Without this none have.
        """
        last, self._task = self._task, task
        passed = None if last is None else last.slots_until(task.start)
        if passed is None:
            self._kept = None
        self._passed += passed or 0

    def __call__(
        self,
        problem: PlanProblem,
        /,
        *,
        seconds: Callable[[], float],
        time_limit_s: float,
        memory: Memory | None = None,
    ) -> Outcome:
        """Return a good plan.

        Raises:
            NoPlanError: There is none, or time was up in the linear problem.
        """
        passed, self._passed = self._passed, 0
        return self.plan(
            problem, moved=passed, seconds=seconds, time_limit_s=time_limit_s, memory=memory
        )

    def plan(
        self,
        problem: PlanProblem,
        *,
        moved: int,
        seconds: Callable[[], float],
        time_limit_s: float,
        memory: Memory | None = None,
    ) -> Outcome:
        """Return a good plan.

        Args:
            problem: Checked.
            moved: How many slots have passed since the problem before.
            seconds: A clock that only goes forward [s].
            time_limit_s: For the linear problem.
            memory: The last plan, from which deviating costs something.

        Raises:
            NoPlanError: There is none, or time was up in the linear problem.
        """
        last, self._kept = self._kept, None
        model = build_model(problem, memory, like=None if last is None else last.model)
        linear = self._begun(problem, model, last, moved)
        begin_s = seconds()
        relaxed = relaxed_of(problem, model, linear, time_limit_s=time_limit_s)
        basis = linear.basis()
        effort = self._effort if seconds() - begin_s < time_limit_s else HASTY
        hint = None
        if last is not None and last.made is not None and _names(last.problem) == _names(problem):
            hint = moved_choices(last.made, problem.n_slots, moved)
            # The last plan moved on will do if it is as good as it was: a gap that a search could
            # not close a slot ago is seldom closed by the next one.
            bearable_eur = min(last.gap_eur, _BEARABLE_EUR)
            effort = replace(effort, near_eur=max(effort.near_eur, bearable_eur))
        plan = dive(problem, relaxed, effort, hint=hint)
        outcome = outcome_of(problem, relaxed, plan)
        self._kept = _Kept(
            problem=problem,
            model=model,
            basis=basis,
            made=None if plan is None else plan.made,
            gap_eur=outcome.gap_eur or 0.0,
        )
        return outcome

    def _begun(
        self, problem: PlanProblem, model: PlanModel, last: _Kept | None, moved: int
    ) -> LinearModel:
        """Return the linear problem, put to where it begins."""
        linear = self._linear
        if linear is None:
            linear = self._linear = LinearModel(model.matrix, model.bounds)
        else:
            linear.replace(model.matrix, model.bounds)
        idle = idle_basis(problem, model)
        if last is None or problem.slot_h != last.problem.slot_h:
            linear.start_from(idle)
            return linear
        moves = self._moves_since(last, problem, model, moved)
        linear.go_on_from(moved_basis((last.model, last.basis), (model, idle), moves, moved))
        return linear

    def _moves_since(
        self, last: _Kept, problem: PlanProblem, model: PlanModel, moved: int
    ) -> Moves:
        """Return what of the last model goes on, mostly the same as a slot before."""
        devices = _names(last.problem), _names(problem)
        key = (last.model.structure, model.structure, devices, moved)
        if self._moves is None or self._moves[0] != key:
            found = moves_of((last.problem, last.model.layout), (problem, model.layout), moved)
            self._moves = key, found
        return self._moves[1]


def moved_choices(made: Settlement, n_slots: int, passed: int) -> Settlement:
    """Return the choices for ``n_slots`` from ``passed`` slots later on; new ones are open."""

    def later(array: ChoiceArray) -> ChoiceArray:
        moved = np.full(n_slots, OPEN, dtype=np.int8)
        kept = array[passed : passed + n_slots]
        moved[: len(kept)] = kept
        return moved

    def all_of(arrays: tuple[ChoiceArray, ...]) -> tuple[ChoiceArray, ...]:
        return tuple(later(array) for array in arrays)

    return replace(
        made,
        car_range=all_of(made.car_range),
        direction=all_of(made.direction),
        grid=later(made.grid),
        grid_charge=all_of(made.grid_charge),
        export=all_of(made.export),
        feed=later(made.feed),
    )


def _names(problem: PlanProblem) -> tuple[str, ...]:
    return *(one.name for one in problem.batteries), *(one.name for one in problem.cars)
