"""The linear part of the plan's model: columns, rows and costs as arrays.

Symbols and equations stand in docs/planner.md under the same names. What cannot be said linearly
(a car's minimum power, one direction at a time) is added by ``mixed``.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from planner.bounds import TIES, Memory, Ties, bounds_of, constant_of
from planner.cuts import Cut, cuts_of
from planner.dispatch import Dispatch
from planner.layout import (
    BALANCE_ROW,
    BatteryColumns,
    Layout,
    layout_of,
    may_only_serve,
    must_store_surplus,
    structure_of,
    taper_lines,
)
from planner.plan_problem import BatteryModel, FloatArray, PlanProblem
from planner.solver import INFINITY, Bounds, IntArray, Matrix, matrix_of

__all__ = ["Memory", "PlanModel", "build_model", "dispatch_of"]

_DUST_KWH = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanModel:
    """A problem as a linear one: minimise ``bounds.cost @ x + constant_eur``.

    ``cuts`` are the rows after ``layout.n_rows``; ``structure`` is what problems share that can
    have the same ``matrix``.
    """

    layout: Layout
    matrix: Matrix
    bounds: Bounds
    constant_eur: float
    cuts: tuple[Cut, ...]
    structure: tuple[object, ...]

    @property
    def n_rows(self) -> int:
        """How many rows there are, those of the cuts included."""
        return len(self.bounds.row_lower)


def build_model(
    problem: PlanProblem,
    memory: Memory | None = None,
    *,
    like: PlanModel | None = None,
    ties: Ties = TIES,
    is_tight: bool = True,
) -> PlanModel:
    """Return the linear model of ``problem``.

    Args:
        problem: Checked.
        memory: The last plan, from which deviating costs something.
        like: An earlier model; its matrix is used again when it is the same.
        ties: What breaks ties.
        is_tight: Whether to add the rows that leave less to whole numbers.
    """
    structure = structure_of(problem, with_memory=memory is not None)
    is_alike = like is not None and like.structure == structure
    layout = (
        like.layout
        if like is not None and is_alike
        else layout_of(problem, with_memory=memory is not None)
    )
    cuts = cuts_of(problem, layout) if is_tight else ()
    bounds = bounds_of(problem, memory, layout, ties)
    if like is not None and is_alike and not cuts and not like.cuts:
        matrix = like.matrix
    else:
        matrix = _matrix(problem, layout, cuts)
    return PlanModel(
        layout=layout,
        matrix=matrix,
        bounds=_with_cuts(bounds, cuts),
        constant_eur=constant_of(problem, memory),
        cuts=cuts,
        structure=structure,
    )


def _with_cuts(bounds: Bounds, cuts: tuple[Cut, ...]) -> Bounds:
    if not cuts:
        return bounds
    upper = np.concatenate([cut.upper for cut in cuts])
    return replace(
        bounds,
        row_lower=np.concatenate([bounds.row_lower, np.full(len(upper), -INFINITY)]),
        row_upper=np.concatenate([bounds.row_upper, upper]),
    )


# -- coefficients --------------------------------------------------------------------------------


class _Entries(NamedTuple):
    row: IntArray
    col: IntArray
    value: FloatArray


class _Coefficients:
    """The coefficients while they are written down, device by device."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.slots = np.arange(layout.n_slots, dtype=np.int32)
        self._entries: list[_Entries] = []
        self._row = layout.n_slots

    def rows(self, count: int) -> IntArray:
        """Return the next ``count`` rows."""
        first, self._row = self._row, self._row + count
        return np.arange(first, self._row, dtype=np.int32)

    def put(self, rows: IntArray, first_col: int, value: float) -> None:
        """Put ``value`` into each of ``rows``, in columns from ``first_col`` on, if it exists."""
        if first_col < 0:
            return
        cols = np.arange(first_col, first_col + len(rows), dtype=np.int32)
        self._entries.append(_Entries(rows, cols, np.full(len(rows), value)))

    def put_at(self, rows: IntArray, cols: IntArray, values: FloatArray) -> None:
        """Put each of ``values`` into its row and column."""
        self._entries.append(_Entries(rows, cols, values))

    def put_into(self, row: IntArray, first_col: int, count: int, value: float) -> None:
        """Put ``value`` into one row, in ``count`` columns."""
        if first_col >= 0 and count > 0:
            self.put(np.repeat(row, count).astype(np.int32), first_col, value)

    def matrix(self) -> Matrix:
        """Return them all."""
        return matrix_of(
            np.concatenate([entry.row for entry in self._entries]),
            np.concatenate([entry.col for entry in self._entries]),
            np.concatenate([entry.value for entry in self._entries]),
            n_cols=self.layout.n_cols,
        )


def _matrix(problem: PlanProblem, layout: Layout, cuts: tuple[Cut, ...]) -> Matrix:
    written = _Coefficients(layout)
    balance = written.slots + BALANCE_ROW
    for first in (layout.grid_import, layout.over_import):
        written.put(balance, first, 1.0)
    for first in (layout.grid_export, layout.over_export, layout.curtail):
        written.put(balance, first, -1.0)
    for battery, cols in zip(problem.batteries, layout.batteries, strict=True):
        _write_battery(written, problem, battery, cols)
    for car, car_cols in zip(problem.cars, layout.cars, strict=True):
        row = written.rows(1)
        for first in (car_cols.power, car_cols.more_power):
            written.put(balance, first, -1.0)
            written.put_into(row, first, layout.n_slots, car.charge_efficiency_frac)
        written.put_into(row, car_cols.wish, len(car.wish), -1.0)
    for cut in cuts:
        rows = written.rows(len(cut.slots))
        for blocks, values in cut.terms:
            for first in blocks:
                if first >= 0:
                    written.put_at(rows, (first + cut.slots).astype(np.int32), values)
    return written.matrix()


def _write_battery(
    written: _Coefficients, problem: PlanProblem, battery: BatteryModel, cols: BatteryColumns
) -> None:
    n = written.layout.n_slots
    balance, charged = written.slots + BALANCE_ROW, (cols.charge, cols.more_charge)
    discharged = (cols.discharge, cols.more_discharge)
    rows = written.rows(n)
    _put_all(written, balance, charged, -1.0)
    _put_all(written, rows, charged, -battery.charge_efficiency_frac)
    _put_all(written, balance, discharged, 1.0)
    _put_all(written, rows, discharged, 1.0 / battery.discharge_efficiency_frac)
    written.put(rows, cols.soc, 1.0)
    written.put(rows[1:], cols.soc, -1.0)
    if cols.lacking >= 0:
        rows = written.rows(n)
        _put_all(written, rows, (cols.soc, cols.lacking), 1.0)
    if cols.terminal >= 0:
        row = written.rows(1)
        written.put_into(row, cols.terminal, len(battery.terminal), 1.0)
        written.put(row, cols.soc + n - 1, -1.0)
    for _, slope in taper_lines(battery):
        rows = written.rows(n)
        _put_all(written, rows, charged, 1.0)
        written.put(rows[1:], cols.soc, -slope * problem.slot_h)
    _write_owner_rules(written, problem, battery, cols)


def _write_owner_rules(
    written: _Coefficients, problem: PlanProblem, battery: BatteryModel, cols: BatteryColumns
) -> None:
    layout, n = written.layout, written.layout.n_slots
    others = [other for other in layout.batteries if other is not cols]
    if must_store_surplus(battery, problem):
        rows = written.rows(n)
        _put_all(written, rows, (cols.charge, cols.more_charge), 1.0)
        for other in others:
            _put_all(written, rows, (other.discharge, other.more_discharge), -1.0)
    if may_only_serve(battery, problem):
        rows = written.rows(n)
        _put_all(written, rows, (cols.discharge, cols.more_discharge), 1.0)
        written.put(rows, layout.curtail, -1.0)
        for other in others:
            _put_all(written, rows, (other.charge, other.more_charge), -1.0)
        for car in layout.cars if battery.may_feed_cars else ():
            _put_all(written, rows, (car.power, car.more_power), -1.0)


def _put_all(written: _Coefficients, rows: IntArray, blocks: tuple[int, ...], value: float) -> None:
    for first in blocks:
        written.put(rows, first, value)


# -- back to flows -------------------------------------------------------------------------------


def dispatch_of(problem: PlanProblem, layout: Layout, x: FloatArray) -> Dispatch:
    """Return the flows of a point, with what is only the solver's tolerance wiped off.

    The grid's share follows from the others, so that every slot balances exactly.
    """
    n = layout.n_slots

    def flow(first: int, more: int = -1) -> FloatArray:
        if first < 0:
            return np.zeros(n)
        values = x[first : first + n]
        return _wiped(values if more < 0 else values + x[more : more + n])

    charge = tuple(flow(cols.charge, cols.more_charge) for cols in layout.batteries)
    discharge = tuple(flow(cols.discharge, cols.more_discharge) for cols in layout.batteries)
    cars = tuple(flow(cols.power, cols.more_power) for cols in layout.cars)
    curtail = np.minimum(flow(layout.curtail), problem.pv_kwh)
    bought = flow(layout.grid_import, layout.over_import)
    sold = flow(layout.grid_export, layout.over_export)
    needed = (problem.load_kwh - problem.pv_kwh + curtail + _sum(charge, n) + _sum(cars, n)) - _sum(
        discharge, n
    )
    # Buying and selling at once is a choice of its own; only the difference is settled here.
    both = np.minimum(bought, sold)
    return Dispatch(
        grid_import_kwh=_wiped(np.maximum(needed, 0.0) + both),
        grid_export_kwh=_wiped(np.maximum(-needed, 0.0) + both),
        curtail_kwh=curtail,
        charge_kwh=charge,
        discharge_kwh=discharge,
        car_kwh=cars,
    )


def _wiped(values: npt.NDArray[np.float64]) -> FloatArray:
    clean: FloatArray = np.where(values < _DUST_KWH, 0.0, values)
    return clean


def _sum(flows: tuple[FloatArray, ...], n: int) -> FloatArray:
    total: FloatArray = np.sum(flows, axis=0) if flows else np.zeros(n)
    return total
