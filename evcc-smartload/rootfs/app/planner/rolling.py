"""Planning again and again: the model is kept, and begins where the last plan ended."""

from collections.abc import Callable

from planner.dive import HASTY, QUICK, dive
from planner.fast import outcome_of, relaxed_of
from planner.model import Memory, PlanModel, build_model
from planner.outcome import Outcome
from planner.plan_problem import PlanProblem
from planner.settled import Settlement
from planner.solver import Basis, LinearModel
from planner.start import idle_basis, moved_basis


class RollingPlanner:
    """The fast path with its model kept; belongs to one thread.

    A plan costs what it costs from scratch, it is only found sooner: most of what was best a slot
    ago still is.
    """

    def __init__(self, *, seconds: Callable[[], float]) -> None:
        """Take a clock that only goes forward [s]."""
        self._seconds = seconds
        self._linear: LinearModel | None = None
        self._model: PlanModel | None = None
        self._basis: Basis | None = None
        self._made: Settlement | None = None

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
        plan = dive(problem, relaxed, effort, hint=hint)
        self._made = None if plan is None else plan.made
        return outcome_of(problem, relaxed, plan)
