"""Where the simplex begins: with a home that does nothing."""

import numpy as np

from planner.layout import rows_of
from planner.model import PlanModel
from planner.plan_problem import PlanProblem
from planner.solver import AT_LOWER, BASIC, Basis


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
