"""Either-or choices as whole numbers: the linear model with a column for each open choice."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from planner.bounds import most_in_kwh, most_out_kwh
from planner.choices import CONFLICT_KWH, Conflicts, house_need
from planner.dispatch import Dispatch
from planner.layout import BoolArray, may_burn
from planner.model import PlanModel
from planner.plan_problem import CarModel, FloatArray, PlanProblem
from planner.settled import range_of
from planner.solver import INFINITY, Bounds, IntArray, Matrix, matrix_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MixedModel:
    """A model with its choices: the linear columns first, then one column per open choice.

    ``guess`` is a plan as a point of this model, None when none was given.
    """

    matrix: Matrix
    bounds: Bounds
    integer: IntArray
    guess: FloatArray | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Guess:
    """A plan to begin with: its flows, and its point of the linear model, shape (n_cols,)."""

    dispatch: Dispatch
    col_value: FloatArray


def add_choices(
    problem: PlanProblem, model: PlanModel, open_: Conflicts, guess: Guess | None = None
) -> MixedModel:
    """Return ``model`` with a whole number for each choice that is open."""
    ext = _Extension(problem, model, None if guess is None else guess.dispatch)
    _add_ranges(ext, open_)
    _add_pairs(ext, open_)
    _add_feed(ext, open_)
    base, added = model.bounds, ext.n_cols - model.layout.n_cols
    if added == 0:
        return MixedModel(
            matrix=model.matrix,
            bounds=base,
            integer=np.zeros(0, dtype=np.int32),
            guess=None if guess is None else guess.col_value,
        )
    return MixedModel(
        matrix=ext.matrix(),
        bounds=Bounds(
            cost=np.concatenate([base.cost, np.zeros(added)]),
            col_lower=np.concatenate([base.col_lower, np.zeros(added)]),
            col_upper=np.concatenate([base.col_upper, np.ones(added)]),
            row_lower=np.concatenate([base.row_lower, *ext.row_lower]),
            row_upper=np.concatenate([base.row_upper, *ext.row_upper]),
        ),
        integer=np.arange(model.layout.n_cols, ext.n_cols, dtype=np.int32),
        guess=None if guess is None else np.concatenate([guess.col_value, *ext.guessed]),
    )


class _Extension:
    """Columns and rows to be added while they are written down."""

    def __init__(self, problem: PlanProblem, model: PlanModel, guess: Dispatch | None) -> None:
        self.problem = problem
        self.model = model
        self.layout = model.layout
        self.guess = guess
        self.n_cols = model.layout.n_cols
        self.n_rows = model.n_rows
        self.row_lower: list[FloatArray] = []
        self.row_upper: list[FloatArray] = []
        self.guessed: list[FloatArray] = []
        # The columns that say in which range a car charges, by car and slot.
        self.car_on: list[dict[int, list[int]]] = []
        self._row: list[IntArray] = []
        self._col: list[IntArray] = []
        self._value: list[FloatArray] = []

    def binaries(self, slots: IntArray, guess: Callable[[Dispatch], BoolArray]) -> IntArray:
        """Return a new column that is 0 or 1 for each of ``slots``.

        Args:
            slots: Where.
            guess: What it is in a plan, shape (n_slots,).
        """
        count = len(slots)
        cols = np.arange(self.n_cols, self.n_cols + count, dtype=np.int32)
        self.n_cols += count
        if self.guess is not None:
            self.guessed.append(guess(self.guess)[slots].astype(np.float64))
        return cols

    def rows(self, lower: FloatArray | float, upper: FloatArray | float, count: int) -> IntArray:
        """Return so many new rows with these bounds."""
        rows = np.arange(self.n_rows, self.n_rows + count, dtype=np.int32)
        self.n_rows += count
        self.row_lower.append(np.broadcast_to(np.asarray(lower, dtype=float), (count,)))
        self.row_upper.append(np.broadcast_to(np.asarray(upper, dtype=float), (count,)))
        return rows

    def put(self, rows: IntArray, cols: IntArray, value: FloatArray | float) -> None:
        """Put a coefficient into each of ``rows``."""
        self._row.append(rows)
        self._col.append(cols)
        self._value.append(np.broadcast_to(np.asarray(value, dtype=float), rows.shape))

    def put_flow(self, rows: IntArray, blocks: tuple[int, ...], slots: IntArray) -> None:
        """Put a flow, which may have two blocks of columns, into each of ``rows``."""
        for first in blocks:
            if first >= 0:
                self.put(rows, (first + slots).astype(np.int32), 1.0)

    def matrix(self) -> Matrix:
        """Return the model's coefficients with those that were added."""
        matrix = self.model.matrix
        cols = np.repeat(np.arange(matrix.n_cols, dtype=np.int32), np.diff(matrix.start))
        return matrix_of(
            np.concatenate([matrix.row, *self._row]),
            np.concatenate([cols, *self._col]),
            np.concatenate([matrix.value, *self._value]),
            n_cols=self.n_cols,
        )

    def car_blocks(self, index: int) -> tuple[int, ...]:
        """Return the blocks of a car's power."""
        cols = self.layout.cars[index]
        return (cols.power, cols.more_power)

    def discharge_blocks(self, index: int) -> tuple[int, ...]:
        """Return the blocks of what a battery gives."""
        cols = self.layout.batteries[index]
        return (cols.discharge, cols.more_discharge)


def _slots(where: BoolArray) -> IntArray:
    return np.flatnonzero(where).astype(np.int32)


def _flows(kwh: FloatArray) -> BoolArray:
    flows: BoolArray = kwh > CONFLICT_KWH
    return flows


def _add_ranges(ext: _Extension, open_: Conflicts) -> None:
    """Add a column for each range in each open slot."""
    slot_h = ext.problem.slot_h
    for index, car in enumerate(ext.problem.cars):
        slots = _slots(open_.car_range[index])
        by_slot: dict[int, list[int]] = {int(slot): [] for slot in slots}
        ext.car_on.append(by_slot)
        if not len(slots):
            continue
        at_most = ext.rows(-INFINITY, 0.0, len(slots))
        at_least = ext.rows(0.0, INFINITY, len(slots))
        ext.put_flow(at_most, ext.car_blocks(index), slots)
        ext.put_flow(at_least, ext.car_blocks(index), slots)
        one_of = ext.rows(-INFINITY, 1.0, len(slots)) if len(car.ranges) > 1 else None
        for number, span in enumerate(car.ranges):

            def chosen(
                of: Dispatch, car: CarModel = car, i: int = index, k: int = number
            ) -> BoolArray:
                is_chosen: BoolArray = range_of(car, of.car_kwh[i], slot_h) == k
                return is_chosen

            on = ext.binaries(slots, chosen)
            ext.put(at_most, on, -span.high_kw * slot_h)
            ext.put(at_least, on, -span.low_kw * slot_h)
            if one_of is not None:
                ext.put(one_of, on, 1.0)
            for slot, col in zip(slots.tolist(), on.tolist(), strict=True):
                by_slot[slot].append(col)


# -- two flows that exclude each other -----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Side:
    """One of two flows: its blocks, the most it can be, and what it is in a plan."""

    blocks: tuple[int, ...]
    most: FloatArray | float
    of: Callable[[Dispatch], FloatArray]


def _add_pairs(ext: _Extension, open_: Conflicts) -> None:
    problem, layout = ext.problem, ext.layout
    bought = _Side(
        blocks=(layout.grid_import, layout.over_import),
        most=most_in_kwh(problem),
        of=lambda plan: plan.grid_import_kwh,
    )
    sold = _Side(
        blocks=(layout.grid_export, layout.over_export),
        most=most_out_kwh(problem),
        of=lambda plan: plan.grid_export_kwh,
    )
    _either_or(ext, _slots(open_.grid), bought, sold)
    for index, battery in enumerate(problem.batteries):
        cols = layout.batteries[index]
        charged = _Side(
            blocks=(cols.charge, cols.more_charge),
            most=battery.charge_max_kw * problem.slot_h,
            of=lambda plan, i=index: plan.charge_kwh[i],  # type: ignore[misc]  # bound at once
        )
        given = _Side(
            blocks=ext.discharge_blocks(index),
            most=battery.discharge_max_kw * problem.slot_h,
            of=lambda plan, i=index: plan.discharge_kwh[i],  # type: ignore[misc]  # bound at once
        )
        _either_or(ext, _slots(open_.direction[index]), charged, given)
        _either_or(ext, _slots(open_.grid_charge[index]), charged, bought)
        _either_or(ext, _slots(open_.export[index]), given, sold)


def _either_or(ext: _Extension, slots: IntArray, one: _Side, other: _Side) -> None:
    """Let one of two flows be zero in each of ``slots``."""
    if not len(slots):
        return
    n = ext.layout.n_slots
    first_max = np.broadcast_to(np.asarray(one.most), (n,))[slots]
    other_max = np.broadcast_to(np.asarray(other.most), (n,))[slots]
    choice = ext.binaries(slots, lambda plan: _flows(one.of(plan)))
    rows = ext.rows(-INFINITY, 0.0, len(slots))
    ext.put_flow(rows, one.blocks, slots)
    ext.put(rows, choice, -first_max)
    rows = ext.rows(-INFINITY, other_max, len(slots))
    ext.put_flow(rows, other.blocks, slots)
    ext.put(rows, choice, other_max)


# -- cars from batteries -------------------------------------------------------------------------


def _add_feed(ext: _Extension, open_: Conflicts) -> None:
    """Let no car charge, or the batteries give the house's need, or be above their limit."""
    slots = _slots(open_.feed)
    if not len(slots):
        return
    batteries = ext.problem.batteries
    charging = _add_charging(ext, slots)
    kept_out = [index for index, one in enumerate(batteries) if not one.may_feed_cars]
    if kept_out:
        _keep_to_need(ext, slots, kept_out, charging, None)
    limited = [
        index
        for index, one in enumerate(batteries)
        if one.may_feed_cars and one.cars_above_kwh > 0.0
    ]
    if limited:
        feeding = ext.binaries(slots, lambda plan: _is_beyond_need(ext.problem, plan))
        _keep_to_need(ext, slots, list(range(len(batteries))), charging, feeding)
        for index in limited:
            _keep_above(ext, slots, index, feeding)


def _is_beyond_need(problem: PlanProblem, plan: Dispatch) -> BoolArray:
    given: FloatArray = np.sum(plan.discharge_kwh, axis=0)
    return _flows(given - house_need(problem, plan.curtail_kwh))


def _add_charging(ext: _Extension, slots: IntArray) -> IntArray:
    """Return columns that are 1 where any car charges."""
    problem = ext.problem
    charging = ext.binaries(slots, lambda plan: _flows(np.sum(plan.car_kwh, axis=0)))
    for index, car in enumerate(problem.cars):
        rows = ext.rows(-INFINITY, 0.0, len(slots))
        ext.put_flow(rows, ext.car_blocks(index), slots)
        most = car.max_kw * problem.slot_h
        if car.fixed_kwh is not None:
            most = float(car.fixed_kwh.max())
        ext.put(rows, charging, -most)
        known = [
            (row, col)
            for row, slot in enumerate(slots.tolist())
            for col in ext.car_on[index].get(slot, [])
        ]
        if known:
            # Tighter than the powers alone: a car that is on charges.
            rows = ext.rows(-INFINITY, 0.0, len(known))
            ext.put(rows, np.array([col for _, col in known], dtype=np.int32), 1.0)
            ext.put(rows, charging[[row for row, _ in known]], -1.0)
    return charging


def _keep_to_need(
    ext: _Extension,
    slots: IntArray,
    batteries: list[int],
    charging: IntArray,
    feeding: IntArray | None,
) -> None:
    """Let these batteries give the house's need at most, where a car charges.

    The need is ``max(0, net + curtailed)`` and what evcc lets cars have anyway. Where there is a
    surplus to lose first it is decided by a choice of its own whether there is any.
    """
    problem, layout = ext.problem, ext.layout
    net = problem.load_kwh[slots] - problem.pv_kwh[slots]
    served = problem.served_kwh[slots]
    most = sum(problem.batteries[index].discharge_max_kw for index in batteries) * problem.slot_h
    # What they could give beyond the need; a car that charges takes it away.
    beyond = np.maximum(most - served, 0.0)

    def bounded(where: BoolArray) -> IntArray:
        upper = served + beyond
        rows = ext.rows(-INFINITY, upper[where], int(where.sum()))
        for index in batteries:
            ext.put_flow(rows, ext.discharge_blocks(index), slots[where])
        ext.put(rows, charging[where], beyond[where])
        if feeding is not None:
            ext.put(rows, feeding[where], -beyond[where])
        return rows

    def curtailed(rows: IntArray, where: BoolArray) -> None:
        if layout.curtail >= 0:
            ext.put(rows, (layout.curtail + slots[where]).astype(np.int32), -1.0)

    short = net >= 0.0
    curtailed(bounded(short), short)
    surplus = ~short
    if not surplus.any():
        return
    rows = bounded(surplus)
    if layout.curtail >= 0 and may_burn(problem):
        over = problem.load_kwh - problem.pv_kwh
        needs = ext.binaries(slots[surplus], lambda plan: _flows(over + plan.curtail_kwh))
        ext.put(rows, needs, -most)
        rows = bounded(surplus)
        curtailed(rows, surplus)
        ext.put(rows, needs, -net[surplus])


def _keep_above(ext: _Extension, slots: IntArray, index: int, feeding: IntArray) -> None:
    """Let a battery that gives be above its limit where cars are fed."""
    battery, cols = ext.problem.batteries[index], ext.layout.batteries[index]
    lowest = min(battery.soc_min_kwh, battery.soc_kwh)
    rise = max(battery.cars_above_kwh - lowest, 0.0)
    if len(ext.problem.batteries) == 1:
        # Nobody else could be the one that feeds: soc >= lowest + rise * feeding.
        rows = ext.rows(lowest, INFINITY, len(slots))
        ext.put_flow(rows, (cols.soc,), slots)
        ext.put(rows, feeding, -rise)
        return
    gives = ext.binaries(slots, lambda plan: _flows(plan.discharge_kwh[index]))
    rows = ext.rows(-INFINITY, 0.0, len(slots))
    ext.put_flow(rows, ext.discharge_blocks(index), slots)
    ext.put(rows, gives, -battery.discharge_max_kw * ext.problem.slot_h)
    # soc >= limit where both are 1: soc >= lowest + rise * (gives + feeding - 1)
    rows = ext.rows(lowest - rise, INFINITY, len(slots))
    ext.put_flow(rows, (cols.soc,), slots)
    ext.put(rows, gives, -rise)
    ext.put(rows, feeding, -rise)
