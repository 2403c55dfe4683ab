"""What a kWh is worth in each slot, with all choices as they are.

That is the price of the slot's balance, and of every limit that a kWh more of load would move: a
battery that may only store surplus, or only serve the house, has its limit from the load.
"""

from dataclasses import replace

import numpy as np

from planner.bounds import charge_limit, net_kwh
from planner.choices import every_choice
from planner.dive import Dived, Relaxed
from planner.layout import BALANCE_ROW, may_only_serve, must_store_surplus, rows_of
from planner.plan_problem import FloatArray, PlanProblem
from planner.settled import settled_as, settled_bounds
from planner.solver import INFINITY, Solution


def marginals(problem: PlanProblem, relaxed: Relaxed, plan: Dived) -> FloatArray | None:
    """Return what one kWh more of load would cost in each slot [EUR/kWh], None if unknown.

    ``relaxed.linear`` may end with other bounds.
    """
    solution = _without_cuts(problem, relaxed, plan) if relaxed.model.cuts else plan.solution
    row_dual, col_dual = solution.row_dual, solution.col_dual
    if row_dual is None or col_dual is None:
        return None
    n = problem.n_slots
    value: FloatArray = row_dual[BALANCE_ROW : BALANCE_ROW + n].copy()
    net, house = net_kwh(problem), problem.load_kwh - problem.pv_kwh
    layout = relaxed.model.layout
    rows = rows_of(problem, layout)
    # What goes beyond fuse or export limit is what cannot be avoided, and that moves, too.
    for over, sign in ((layout.over_import, 1.0), (layout.over_export, -1.0)):
        if over >= 0:
            unavoidable = relaxed.model.bounds.col_upper[over : over + n] > 0.0
            bound_dual = np.minimum(col_dual[over : over + n], 0.0)
            value += sign * np.where(unavoidable, bound_dual, 0.0)
    for index, battery in enumerate(problem.batteries):
        cols, owner = layout.batteries[index], rows.owner[index]
        charged = np.minimum(col_dual[cols.charge : cols.charge + n], 0.0)
        given = np.minimum(col_dual[cols.discharge : cols.discharge + n], 0.0)
        if must_store_surplus(battery, problem):
            value -= np.where(net < 0.0, row_dual[owner : owner + n], 0.0)
            owner += n
        if not battery.may_grid_charge:
            power_kwh = battery.charge_max_kw * problem.slot_h
            limit = charge_limit(battery, problem)
            value -= np.where((limit > 0.0) & (limit < power_kwh), charged, 0.0)
        if may_only_serve(battery, problem):
            value += np.where(house > 0.0, row_dual[owner : owner + n], 0.0)
        elif not battery.may_export:
            power_kwh = battery.discharge_max_kw * problem.slot_h
            value += np.where((house > 0.0) & (house < power_kwh), given, 0.0)
    return value


def _without_cuts(problem: PlanProblem, relaxed: Relaxed, plan: Dived) -> Solution:
    """Solve with every choice settled: the tightening rows say nothing then, and go."""
    made = settled_as(problem, plan.dispatch, every_choice(problem, plan.dispatch))
    bounds = settled_bounds(problem, relaxed.model, made)
    row_upper = bounds.row_upper.copy()
    row_upper[relaxed.model.layout.n_rows :] = INFINITY
    relaxed.linear.change(replace(bounds, row_upper=row_upper))
    solution = relaxed.linear.solve(time_limit_s=1.0)
    return plan.solution if solution.col_value is None else solution
