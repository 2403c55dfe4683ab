"""The least battery throughput that a cost allows, and a problem a slot later."""

from dataclasses import replace

import numpy as np

from planner.bounds import Ties
from planner.choices import Conflicts, find_conflicts, suspects
from planner.dispatch import Dispatch, battery_soc, car_soc
from planner.mixed import add_choices
from planner.model import PlanModel, build_model, dispatch_of
from planner.plan_memory import car_later
from planner.plan_problem import FloatArray, PlanProblem, series
from planner.solver import (
    INFINITY,
    Bounds,
    LinearModel,
    Matrix,
    MixedLimits,
    Solution,
    matrix_of,
    solve_mixed,
)

# The model's cost without what breaks ties is the money alone.
NO_TIES = Ties(throughput_eur_per_kwh=0.0, later_eur_per_kwh_slot=0.0, order_eur_per_kwh=0.0)
# So much more than the optimum may be paid for less throughput [EUR].
ALLOWED_EUR = 1e-4
_MOST_ROUNDS = 8


def throughput_kwh(dispatch: Dispatch) -> float:
    """Return what all batteries take and give together [kWh, AC]."""
    return float(sum(kwh.sum() for kwh in (*dispatch.charge_kwh, *dispatch.discharge_kwh)))


def least_throughput_kwh(
    problem: PlanProblem, cost_eur: float, *, time_limit_s: float
) -> float | None:
    """Return the least throughput of a plan that costs ``cost_eur`` at most, a bound if unproved.

    None when nothing was found in time.
    """
    model = build_model(problem, ties=NO_TIES)
    limited = _with_cost_row(model, cost_eur + ALLOWED_EUR - model.constant_eur)
    nothing = find_conflicts(problem, _nothing(problem))
    open_ = suspects(problem, nothing)
    for _ in range(_MOST_ROUNDS):
        found = _solved(problem, limited, open_, time_limit_s)
        if found.col_value is None:
            return None
        dispatch = dispatch_of(problem, model.layout, found.col_value)
        conflicts = find_conflicts(problem, dispatch)
        if conflicts.count == 0:
            break
        open_ |= suspects(problem, conflicts)
    return found.objective if found.bound is None else found.bound


def _solved(
    problem: PlanProblem, model: PlanModel, open_: Conflicts, time_limit_s: float
) -> Solution:
    mixed = add_choices(problem, model, open_)
    if not len(mixed.integer):
        return LinearModel(mixed.matrix, mixed.bounds).solve(time_limit_s=time_limit_s)
    limits = MixedLimits(abs_gap=1e-3, time_limit_s=time_limit_s)
    return solve_mixed(mixed.matrix, mixed.bounds, mixed.integer, limits)


def _nothing(problem: PlanProblem) -> Dispatch:
    zeros = np.zeros(problem.n_slots)
    return Dispatch(
        grid_import_kwh=zeros,
        grid_export_kwh=zeros,
        curtail_kwh=zeros,
        charge_kwh=(zeros,) * len(problem.batteries),
        discharge_kwh=(zeros,) * len(problem.batteries),
        car_kwh=(zeros,) * len(problem.cars),
    )


def _with_cost_row(model: PlanModel, most_eur: float) -> PlanModel:
    """Turn the cost into a limit, and throughput into what is minimised."""
    bounds, row = model.bounds, model.n_rows
    priced = np.flatnonzero(bounds.cost).astype(np.int32)
    cols = np.repeat(np.arange(model.matrix.n_cols, dtype=np.int32), np.diff(model.matrix.start))
    matrix: Matrix = matrix_of(
        np.concatenate([model.matrix.row, np.full(len(priced), row, dtype=np.int32)]),
        np.concatenate([cols, priced]),
        np.concatenate([model.matrix.value, bounds.cost[priced]]),
        n_cols=model.matrix.n_cols,
    )
    cost = np.zeros_like(bounds.cost)
    for battery in model.layout.batteries:
        cost[model.layout.block(battery.charge)] = 1.0
        cost[model.layout.block(battery.discharge)] = 1.0
    return replace(
        model,
        matrix=matrix,
        bounds=Bounds(
            cost=cost,
            col_lower=bounds.col_lower,
            col_upper=bounds.col_upper,
            row_lower=np.append(bounds.row_lower, -INFINITY),
            row_upper=np.append(bounds.row_upper, most_eur),
        ),
    )


def one_slot_later(problem: PlanProblem, dispatch: Dispatch) -> PlanProblem:
    """Return the problem after the first slot of ``dispatch``; the first slot becomes the last."""

    def rolled(values: FloatArray) -> FloatArray:
        return series(np.roll(values, -1))

    def limit(values: FloatArray | None) -> FloatArray | None:
        return None if values is None else rolled(values)

    return replace(
        problem,
        import_price_eur_per_kwh=rolled(problem.import_price_eur_per_kwh),
        export_price_eur_per_kwh=rolled(problem.export_price_eur_per_kwh),
        pv_kwh=rolled(problem.pv_kwh),
        load_kwh=rolled(problem.load_kwh),
        import_max_kwh=limit(problem.import_max_kwh),
        export_max_kwh=limit(problem.export_max_kwh),
        batteries=tuple(
            replace(battery, soc_kwh=float(battery_soc(battery, dispatch, index)[0]))
            for index, battery in enumerate(problem.batteries)
        ),
        cars=tuple(
            car_later(
                car,
                soc_kwh=float(car_soc(car, dispatch, index)[0]),
                passed=1,
                n_slots=problem.n_slots,
            )
            for index, car in enumerate(problem.cars)
        ),
    )
