"""Planning again and again with the model kept, which begins where the last plan ended.

The service plans each time anew: what this saves is some milliseconds a quarter hour.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from planner.dive import HASTY, QUICK, dive
from planner.fast import outcome_of, relaxed_of
from planner.layout import Layout, rows_of
from planner.model import Memory, PlanModel, build_model
from planner.outcome import Outcome
from planner.plan_problem import PlanProblem
from planner.settled import OPEN, ChoiceArray, Settlement
from planner.solver import BASIC, Basis, LinearModel, StatusArray
from planner.start import idle_basis

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
            hint = None if hint is None else moved_choices(hint, moved)
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


def moved_choices(made: Settlement, passed: int) -> Settlement:
    """Return the choices ``passed`` slots later; what is new is open."""

    def later(array: ChoiceArray) -> ChoiceArray:
        fresh = np.full(min(passed, len(array)), OPEN, dtype=np.int8)
        return np.concatenate([array[passed:], fresh])

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


def moved_basis(
    last: Basis, last_model: PlanModel, problem: PlanProblem, model: PlanModel, moved: int
) -> Basis:
    """Return where the last plan ended, ``moved`` slots later; what is new begins idle.

    Args:
        last: Where the last solve ended.
        last_model: Of the same structure as ``model``.
        problem: What is solved now.
        model: Its model.
        moved: How many slots have passed.
    """
    idle = idle_basis(problem, model)
    cols, rows = last.cols.copy(), idle.rows.copy()
    layout = model.layout
    rows[: layout.n_rows] = last.rows[: layout.n_rows]
    for first in _col_blocks(layout):
        _move(cols, idle.cols, first, layout.n_slots, moved)
    for first in rows_of(problem, layout).every:
        _move(rows, idle.rows, first, layout.n_slots, moved)
    _move_cuts(last.rows, last_model, rows, model, moved)
    return Basis(cols=cols, rows=rows)


def _move(into: StatusArray, idle: StatusArray, first: int, n_slots: int, moved: int) -> None:
    end = first + n_slots
    passed = min(moved, n_slots)
    into[first : end - passed] = into[first + passed : end].copy()
    into[end - passed : end] = idle[end - passed : end]


def _move_cuts(
    last_rows: StatusArray, last_model: PlanModel, rows: StatusArray, model: PlanModel, moved: int
) -> None:
    before = {}
    row = last_model.layout.n_rows
    for cut in last_model.cuts:
        for slot in cut.slots.tolist():
            before[cut.name, slot] = last_rows[row]
            row += 1
    row = model.layout.n_rows
    for cut in model.cuts:
        for slot in cut.slots.tolist():
            rows[row] = before.get((cut.name, slot + moved), BASIC)
            row += 1


def _col_blocks(layout: Layout) -> list[int]:
    firsts = [layout.grid_import, layout.grid_export, layout.curtail]
    firsts += [layout.over_import, layout.over_export]
    for cols in layout.batteries:
        firsts += [cols.charge, cols.discharge, cols.soc, cols.lacking]
        firsts += [cols.more_charge, cols.more_discharge]
    for car in layout.cars:
        firsts += [car.power, car.more_power]
    return [first for first in firsts if first >= 0]
