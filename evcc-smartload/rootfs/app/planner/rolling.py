"""Planning again and again: the model is kept, and begins where the last plan ended."""

from collections.abc import Callable
from dataclasses import replace

from planner.dive import HASTY, QUICK, dive
from planner.fast import outcome_of, relaxed_of
from planner.model import Memory, PlanModel, build_model
from planner.outcome import Outcome
from planner.plan_problem import PlanProblem
from planner.settled import Settlement
from planner.solver import Basis, LinearModel
from planner.start import idle_basis, moved_basis

# A gap up to this may stay from one plan to the next [EUR]; beyond it every plan looks anew.
_BEARABLE_EUR = 0.02


class RollingPlanner:
    """The fast path with its model kept; belongs to one thread.

    Most of what was best a slot ago still is, so a plan is found sooner than from scratch. It costs
    the same; only where it is not proved to be the best it may cost some 2 ct more, by what the
    last plan's gap already was.
    """

    def __init__(self, *, seconds: Callable[[], float]) -> None:
        """Take a clock that only goes forward [s]."""
        self._seconds = seconds
        self._linear: LinearModel | None = None
        self._model: PlanModel | None = None
        self._basis: Basis | None = None
        self._made: Settlement | None = None
        self._gap_eur = 0.0

    def plan(
        self,
        problem: PlanProblem,
        *,
        moved: int,
        time_limit_s: float,
        memory: Memory | None = None,
    ) -> Outcome:
        """Return a good plan.

        Args:
            problem: Checked.
            moved: How many slots have passed since the problem before; any home may follow any
                other, it only takes longer when they have little in common.
            time_limit_s: For the linear problem.
            memory: The last plan, from which deviating costs something.

        Raises:
            NoPlanError: There is none, or time was up in the linear problem.
        """
        last, basis = self._model, self._basis
        model = build_model(problem, memory, like=last)
        linear = self._linear
        if linear is None:
            linear = LinearModel(model.matrix, model.bounds)
        else:
            linear.replace(model.matrix, model.bounds)
        self._linear, self._model, self._basis = linear, model, None
        hint, self._made = self._made, None
        if last is not None and basis is not None and last.structure == model.structure:
            linear.start_from(moved_basis(basis, last, problem, model, moved))
            hint = None if hint is None else hint.moved(moved)
        else:
            hint = None
            linear.start_from(idle_basis(problem, model))
        begin_s = self._seconds()
        relaxed = relaxed_of(problem, model, linear, time_limit_s=time_limit_s)
        self._basis = linear.basis()
        effort = QUICK if self._seconds() - begin_s < time_limit_s else HASTY
        if hint is not None:
            # The last plan moved on will do if it is as good as it was: a gap that a search could
            # not close a slot ago is seldom closed by the next one.
            effort = replace(
                effort, near_eur=max(effort.near_eur, min(self._gap_eur, _BEARABLE_EUR))
            )
        plan = dive(problem, relaxed, effort, hint=hint)
        outcome = outcome_of(problem, relaxed, plan)
        self._made = None if plan is None else plan.made
        self._gap_eur = outcome.gap_eur or 0.0
        return outcome
