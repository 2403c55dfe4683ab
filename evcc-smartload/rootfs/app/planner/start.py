"""Where the simplex begins: with a home that does nothing, or where the last plan ended."""

import numpy as np

from planner.layout import Layout, rows_of
from planner.model import PlanModel
from planner.plan_problem import PlanProblem
from planner.solver import AT_LOWER, BASIC, Basis, StatusArray


def idle_basis(problem: PlanProblem, model: PlanModel) -> Basis:
    """Return the basis of doing nothing: the meter covers the house, batteries stay as they are.

    It halves the time of the first solve: most of what the simplex would do is to find this.
    """
    layout = model.layout
    cols = np.full(layout.n_cols, AT_LOWER, dtype=np.int8)
    rows = np.full(model.n_rows, BASIC, dtype=np.int8)
    rows[: layout.n_slots] = AT_LOWER
    buys = problem.load_kwh >= problem.pv_kwh
    cols[layout.block(layout.grid_import)[buys]] = BASIC
    cols[layout.block(layout.grid_export)[~buys]] = BASIC
    for first in rows_of(problem, layout).stored:
        rows[first : first + layout.n_slots] = AT_LOWER
    for battery in layout.batteries:
        cols[layout.block(battery.soc)] = BASIC
    return Basis(cols=cols, rows=rows)


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
