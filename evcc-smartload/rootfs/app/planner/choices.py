"""What cannot be said linearly: either-or choices in single slots.

A car charges with a power of its ranges or not at all, a battery charges or discharges, the meter
counts in or out, and the owner's rules about grid charging, feed-in and cars hold. The linear
model seldom breaks one of these; where it does, the choice is decided by a whole number.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from planner.dispatch import Dispatch, battery_soc
from planner.model import Memory, PlanModel, car_limit, most_in_kwh, most_out_kwh
from planner.plan_problem import CarModel, FloatArray, PlanProblem
from planner.solver import INFINITY, Bounds, IntArray, Matrix, matrix_of

BoolArray = npt.NDArray[np.bool_]

# Below this two flows do not count as flowing at once [kWh in a slot].
CONFLICT_KWH = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Conflicts:
    """Where a choice is open: boolean arrays of shape (n_slots,), per battery or car if a tuple."""

    car_range: tuple[BoolArray, ...]
    direction: tuple[BoolArray, ...]
    grid: BoolArray
    grid_charge: tuple[BoolArray, ...]
    export: tuple[BoolArray, ...]
    feed: BoolArray

    def __or__(self, other: "Conflicts") -> "Conflicts":
        """Return both together."""

        def either(one: tuple[BoolArray, ...], two: tuple[BoolArray, ...]) -> tuple[BoolArray, ...]:
            return tuple(a | b for a, b in zip(one, two, strict=True))

        return Conflicts(
            car_range=either(self.car_range, other.car_range),
            direction=either(self.direction, other.direction),
            grid=self.grid | other.grid,
            grid_charge=either(self.grid_charge, other.grid_charge),
            export=either(self.export, other.export),
            feed=self.feed | other.feed,
        )

    @property
    def count(self) -> int:
        """How many there are."""
        per_device = (*self.car_range, *self.direction, *self.grid_charge, *self.export)
        return int(sum(one.sum() for one in (*per_device, self.grid, self.feed)))


def house_need(problem: PlanProblem, curtail_kwh: FloatArray) -> FloatArray:
    """Return what the house alone needs beyond the sun in each slot [kWh]."""
    need: FloatArray = np.maximum(problem.load_kwh - problem.pv_kwh + curtail_kwh, 0.0)
    return need


def find_conflicts(problem: PlanProblem, dispatch: Dispatch) -> Conflicts:
    """Return which choices ``dispatch`` leaves open, in both directions at once."""
    imports = dispatch.grid_import_kwh > CONFLICT_KWH
    exports = dispatch.grid_export_kwh > CONFLICT_KWH
    charges = [kwh > CONFLICT_KWH for kwh in dispatch.charge_kwh]
    discharges = [kwh > CONFLICT_KWH for kwh in dispatch.discharge_kwh]
    none = np.zeros(problem.n_slots, dtype=np.bool_)
    return Conflicts(
        car_range=tuple(
            none if car.fixed_kwh is not None else _outside_ranges(car, kwh, problem.slot_h)
            for car, kwh in zip(problem.cars, dispatch.car_kwh, strict=True)
        ),
        direction=tuple(c & d for c, d in zip(charges, discharges, strict=True)),
        grid=imports & exports,
        grid_charge=tuple(
            none if battery.may_grid_charge else c & imports
            for battery, c in zip(problem.batteries, charges, strict=True)
        ),
        export=tuple(
            none if battery.may_export else d & exports
            for battery, d in zip(problem.batteries, discharges, strict=True)
        ),
        feed=_wrong_feed(problem, dispatch),
    )


def _outside_ranges(car: CarModel, kwh: FloatArray, slot_h: float) -> BoolArray:
    inside = kwh <= CONFLICT_KWH
    for span in car.ranges:
        inside |= (kwh >= span.low_kw * slot_h - CONFLICT_KWH) & (
            kwh <= span.high_kw * slot_h + CONFLICT_KWH
        )
    return ~inside


def _wrong_feed(problem: PlanProblem, dispatch: Dispatch) -> BoolArray:
    """Return the slots in which a car is charged from a battery that may not."""
    wrong = np.zeros(problem.n_slots, dtype=np.bool_)
    if not problem.cars or not needs_feed_rule(problem):
        return wrong
    charging = np.any([kwh > CONFLICT_KWH for kwh in dispatch.car_kwh], axis=0)
    need = house_need(problem, dispatch.curtail_kwh) + CONFLICT_KWH
    kept_out = [not battery.may_feed_cars for battery in problem.batteries]
    if any(kept_out):
        given = np.sum(dispatch.discharge_kwh, axis=0, where=np.array(kept_out)[:, None])
        wrong |= charging & (given > need)
    beyond_need = np.sum(dispatch.discharge_kwh, axis=0) > need
    for index, battery in enumerate(problem.batteries):
        if battery.may_feed_cars and battery.cars_above_kwh > 0.0:
            soc = battery_soc(battery, dispatch, index)
            gives = dispatch.discharge_kwh[index] > CONFLICT_KWH
            is_low = soc < battery.cars_above_kwh - CONFLICT_KWH
            wrong |= charging & beyond_need & gives & is_low
    return wrong


def needs_feed_rule(problem: PlanProblem) -> bool:
    """Whether the owner keeps a battery from cars at all."""
    return any(
        not battery.may_feed_cars or battery.cars_above_kwh > 0.0 for battery in problem.batteries
    )


def suspects(problem: PlanProblem, found: Conflicts) -> Conflicts:
    """Return ``found`` with the slots that would break the same rule when these are mended."""
    none = np.zeros(problem.n_slots, dtype=np.bool_)
    burns = (problem.import_price_eur_per_kwh < 0.0) | (problem.export_price_eur_per_kwh < 0.0)
    swaps = problem.export_price_eur_per_kwh >= problem.import_price_eur_per_kwh
    car_slots = np.any([car_limit(car, problem) > 0.0 for car in problem.cars] or [none], axis=0)

    def spread(one: BoolArray, to: BoolArray) -> BoolArray:
        return one | to if one.any() else one

    return Conflicts(
        car_range=tuple(
            none
            if car.fixed_kwh is not None
            else spread(one, _is_choice(car) & (car_limit(car, problem) > 0.0))
            for car, one in zip(problem.cars, found.car_range, strict=True)
        ),
        direction=tuple(spread(one, burns) for one in found.direction),
        grid=spread(found.grid, swaps),
        grid_charge=found.grid_charge,
        export=found.export,
        feed=spread(found.feed, car_slots) if needs_feed_rule(problem) else none,
    )


def _is_choice(car: CarModel) -> bool:
    return any(span.low_kw > 0.0 for span in car.ranges)


# -- choices as whole numbers --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MixedModel:
    """A model with its choices: the linear columns first, then one column per open choice."""

    matrix: Matrix
    bounds: Bounds
    integer: IntArray
    constant_eur: float


@dataclass(slots=True, kw_only=True)
class _Extension:
    """Columns and rows to be added while they are written down."""

    model: PlanModel
    n_cols: int
    n_rows: int
    row: list[IntArray] = field(default_factory=list)
    col: list[IntArray] = field(default_factory=list)
    value: list[FloatArray] = field(default_factory=list)
    cost: list[FloatArray] = field(default_factory=list)
    row_lower: list[FloatArray] = field(default_factory=list)
    row_upper: list[FloatArray] = field(default_factory=list)

    def binaries(self, count: int, cost: FloatArray | None = None) -> IntArray:
        """Return so many new columns that are 0 or 1."""
        cols = np.arange(self.n_cols, self.n_cols + count, dtype=np.int32)
        self.n_cols += count
        self.cost.append(np.zeros(count) if cost is None else cost)
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
        self.row.append(rows)
        self.col.append(cols)
        self.value.append(np.broadcast_to(np.asarray(value, dtype=float), rows.shape))

    def put_flow(self, rows: IntArray, blocks: tuple[int, ...], slots: IntArray) -> None:
        """Put a flow, which may have two blocks of columns, into each of ``rows``."""
        for first in blocks:
            if first >= 0:
                self.put(rows, (first + slots).astype(np.int32), 1.0)


def add_choices(
    problem: PlanProblem, memory: Memory | None, model: PlanModel, open_: Conflicts
) -> MixedModel:
    """Return ``model`` with a whole number for each choice that is open."""
    ext = _Extension(model=model, n_cols=model.layout.n_cols, n_rows=model.layout.n_rows)
    constant = model.constant_eur
    car_on = _add_ranges(problem, memory, ext, open_)
    if memory is not None:
        constant += _switch_constant(problem, memory, open_)
    _add_directions(problem, ext, open_)
    _add_grid(problem, ext, open_)
    _add_battery_rules(problem, ext, open_)
    _add_feed(problem, ext, open_, car_on)
    base, added = model.bounds, ext.n_cols - model.layout.n_cols
    if added == 0:
        return MixedModel(
            matrix=model.matrix,
            bounds=base,
            integer=np.zeros(0, dtype=np.int32),
            constant_eur=constant,
        )
    return MixedModel(
        matrix=_joined(model.matrix, ext),
        bounds=Bounds(
            cost=np.concatenate([base.cost, *ext.cost]),
            col_lower=np.concatenate([base.col_lower, np.zeros(added)]),
            col_upper=np.concatenate([base.col_upper, np.ones(added)]),
            row_lower=np.concatenate([base.row_lower, *ext.row_lower]),
            row_upper=np.concatenate([base.row_upper, *ext.row_upper]),
        ),
        integer=np.arange(model.layout.n_cols, ext.n_cols, dtype=np.int32),
        constant_eur=constant,
    )


def _joined(matrix: Matrix, ext: _Extension) -> Matrix:
    cols = np.repeat(np.arange(matrix.n_cols, dtype=np.int32), np.diff(matrix.start))
    return matrix_of(
        np.concatenate([matrix.row, *ext.row]),
        np.concatenate([cols, *ext.col]),
        np.concatenate([matrix.value, *ext.value]),
        n_cols=ext.n_cols,
    )


def _slots(where: BoolArray) -> IntArray:
    return np.flatnonzero(where).astype(np.int32)


def _car_blocks(ext: _Extension, index: int) -> tuple[int, ...]:
    cols = ext.model.layout.cars[index]
    return (cols.power, cols.more_power)


def _add_ranges(
    problem: PlanProblem, memory: Memory | None, ext: _Extension, open_: Conflicts
) -> list[dict[int, list[int]]]:
    """Add a column for each range in each open slot; return them by car and slot."""
    found: list[dict[int, list[int]]] = []
    for index, car in enumerate(problem.cars):
        slots = _slots(open_.car_range[index])
        by_slot: dict[int, list[int]] = {int(slot): [] for slot in slots}
        found.append(by_slot)
        if not len(slots):
            continue
        at_most = ext.rows(-INFINITY, 0.0, len(slots))
        at_least = ext.rows(0.0, INFINITY, len(slots))
        ext.put_flow(at_most, _car_blocks(ext, index), slots)
        ext.put_flow(at_least, _car_blocks(ext, index), slots)
        one_of = ext.rows(-INFINITY, 1.0, len(slots)) if len(car.ranges) > 1 else None
        switch = _switch_cost(memory, index, slots)
        for span in car.ranges:
            on = ext.binaries(len(slots), switch)
            ext.put(at_most, on, -span.high_kw * problem.slot_h)
            ext.put(at_least, on, -span.low_kw * problem.slot_h)
            if one_of is not None:
                ext.put(one_of, on, 1.0)
            for slot, col in zip(slots.tolist(), on.tolist(), strict=True):
                by_slot[slot].append(col)
    return found


def _switch_cost(memory: Memory | None, index: int, slots: IntArray) -> FloatArray | None:
    """Switching a car on where it was planned off costs like a kWh at another time, and back."""
    if memory is None:
        return None
    was_on = memory.car_kwh[index][slots] > CONFLICT_KWH
    known = slots < memory.reach
    cost: FloatArray = np.where(
        known, np.where(was_on, -memory.eur_per_kwh, memory.eur_per_kwh), 0.0
    )
    return cost


def _switch_constant(problem: PlanProblem, memory: Memory, open_: Conflicts) -> float:
    constant = 0.0
    for index in range(len(problem.cars)):
        slots = _slots(open_.car_range[index])
        known = slots[slots < memory.reach]
        was_on = memory.car_kwh[index][known] > CONFLICT_KWH
        constant += memory.eur_per_kwh * float(was_on.sum())
    return constant


def _either_or(  # noqa: PLR0913, PLR0917  # two sides of one choice
    ext: _Extension,
    slots: IntArray,
    one: tuple[int, ...],
    most_one: FloatArray | float,
    other: tuple[int, ...],
    most_other: FloatArray | float,
) -> None:
    """Let one of two flows be zero in each of ``slots``."""
    if not len(slots):
        return
    n = ext.model.layout.n_slots
    first_max = np.broadcast_to(np.asarray(most_one), (n,))[slots]
    other_max = np.broadcast_to(np.asarray(most_other), (n,))[slots]
    choice = ext.binaries(len(slots))
    rows = ext.rows(-INFINITY, 0.0, len(slots))
    ext.put_flow(rows, one, slots)
    ext.put(rows, choice, -first_max)
    rows = ext.rows(-INFINITY, other_max, len(slots))
    ext.put_flow(rows, other, slots)
    ext.put(rows, choice, other_max)


def _add_directions(problem: PlanProblem, ext: _Extension, open_: Conflicts) -> None:
    for index, battery in enumerate(problem.batteries):
        cols = ext.model.layout.batteries[index]
        _either_or(
            ext,
            _slots(open_.direction[index]),
            (cols.charge, cols.more_charge),
            battery.charge_max_kw * problem.slot_h,
            (cols.discharge, cols.more_discharge),
            battery.discharge_max_kw * problem.slot_h,
        )


def _add_grid(problem: PlanProblem, ext: _Extension, open_: Conflicts) -> None:
    layout = ext.model.layout
    _either_or(
        ext,
        _slots(open_.grid),
        (layout.grid_import, layout.over_import),
        most_in_kwh(problem),
        (layout.grid_export, layout.over_export),
        most_out_kwh(problem),
    )


def _add_battery_rules(problem: PlanProblem, ext: _Extension, open_: Conflicts) -> None:
    layout = ext.model.layout
    for index, battery in enumerate(problem.batteries):
        cols = layout.batteries[index]
        _either_or(
            ext,
            _slots(open_.grid_charge[index]),
            (cols.charge, cols.more_charge),
            battery.charge_max_kw * problem.slot_h,
            (layout.grid_import, layout.over_import),
            most_in_kwh(problem),
        )
        _either_or(
            ext,
            _slots(open_.export[index]),
            (cols.discharge, cols.more_discharge),
            battery.discharge_max_kw * problem.slot_h,
            (layout.grid_export, layout.over_export),
            most_out_kwh(problem),
        )


def _add_feed(
    problem: PlanProblem,
    ext: _Extension,
    open_: Conflicts,
    car_on: list[dict[int, list[int]]],
) -> None:
    """Let no car charge, or the batteries give the house's need, or be above their limit."""
    slots = _slots(open_.feed)
    if not len(slots):
        return
    layout, n = ext.model.layout, len(slots)
    charging = ext.binaries(n)
    for index, car in enumerate(problem.cars):
        rows = ext.rows(-INFINITY, 0.0, n)
        ext.put_flow(rows, _car_blocks(ext, index), slots)
        ext.put(rows, charging, -car.max_kw * problem.slot_h)
        known = [
            (row, col)
            for row, slot in enumerate(slots.tolist())
            for col in car_on[index].get(slot, [])
        ]
        if known:
            # Tighter than the powers alone: a car that is on charges.
            rows = ext.rows(-INFINITY, 0.0, len(known))
            ext.put(rows, np.array([col for _, col in known], dtype=np.int32), 1.0)
            ext.put(rows, charging[[row for row, _ in known]], -1.0)
    net = problem.load_kwh[slots] - problem.pv_kwh[slots]
    need = np.maximum(net, 0.0)
    most = sum(battery.discharge_max_kw for battery in problem.batteries) * problem.slot_h
    kept_out = [index for index, one in enumerate(problem.batteries) if not one.may_feed_cars]
    if kept_out:
        rows = _needs_rows(ext, slots, need + most, net, kept_out)
        ext.put(rows, charging, most)
    limited = [
        index
        for index, one in enumerate(problem.batteries)
        if one.may_feed_cars and one.cars_above_kwh > 0.0
    ]
    if not limited:
        return
    feeding = ext.binaries(n)
    rows = _needs_rows(ext, slots, need + most, net, list(range(len(problem.batteries))))
    ext.put(rows, charging, most)
    ext.put(rows, feeding, -most)
    for index in limited:
        battery, cols = problem.batteries[index], layout.batteries[index]
        gives = ext.binaries(n)
        rows = ext.rows(-INFINITY, 0.0, n)
        ext.put_flow(rows, (cols.discharge, cols.more_discharge), slots)
        ext.put(rows, gives, -battery.discharge_max_kw * problem.slot_h)
        # soc >= limit where it gives and something is fed: soc - limit*(gives + feeding) >= -limit
        rows = ext.rows(-battery.cars_above_kwh, INFINITY, n)
        ext.put_flow(rows, (cols.soc,), slots)
        ext.put(rows, gives, -battery.cars_above_kwh)
        ext.put(rows, feeding, -battery.cars_above_kwh)


def _needs_rows(
    ext: _Extension, slots: IntArray, upper: FloatArray, net: FloatArray, batteries: list[int]
) -> IntArray:
    """Add rows: what these batteries give, without what PV is turned down, is at most ``upper``."""
    layout = ext.model.layout
    rows = ext.rows(-INFINITY, upper, len(slots))
    for index in batteries:
        cols = layout.batteries[index]
        ext.put_flow(rows, (cols.discharge, cols.more_discharge), slots)
    if layout.curtail >= 0:
        # Turning PV down makes need only where there is no surplus to lose first.
        short = net >= 0.0
        ext.put(rows[short], (layout.curtail + slots[short]).astype(np.int32), -1.0)
    return rows


# -- choices as bounds ---------------------------------------------------------------------------


def settled_bounds(
    problem: PlanProblem, model: PlanModel, dispatch: Dispatch, which: Conflicts
) -> Bounds:
    """Return the model's bounds with the choices ``which`` settled as ``dispatch`` has them.

    Args:
        problem: The problem.
        model: Its linear model.
        dispatch: Where two flows exclude each other the larger one stays possible; a car's power
            must be zero or within a range.
        which: The choices that are settled.
    """
    layout = model.layout
    lower, upper = model.bounds.col_lower.copy(), model.bounds.col_upper.copy()

    def close(blocks: tuple[int, ...], where: BoolArray) -> None:
        for first in blocks:
            if first >= 0:
                upper[first : first + layout.n_slots][where] = 0.0

    for index, cols in enumerate(layout.batteries):
        charge, discharge = dispatch.charge_kwh[index], dispatch.discharge_kwh[index]
        gives = discharge > charge
        close((cols.charge, cols.more_charge), which.direction[index] & gives)
        close((cols.discharge, cols.more_discharge), which.direction[index] & ~gives)
        buys = dispatch.grid_import_kwh > charge
        close((cols.charge, cols.more_charge), which.grid_charge[index] & buys)
        close((layout.grid_import,), which.grid_charge[index] & ~buys)
        sells = dispatch.grid_export_kwh > discharge
        close((cols.discharge, cols.more_discharge), which.export[index] & sells)
        close((layout.grid_export, layout.over_export), which.export[index] & ~sells)
    imports = dispatch.grid_import_kwh > dispatch.grid_export_kwh
    close((layout.grid_import, layout.over_import), which.grid & ~imports)
    close((layout.grid_export, layout.over_export), which.grid & imports)
    for index, car in enumerate(problem.cars):
        _settle_car(problem, model, index, car, dispatch.car_kwh[index], which, (lower, upper))
    return replace(model.bounds, col_lower=lower, col_upper=upper)


def _settle_car(  # noqa: PLR0913, PLR0917  # one car's share of settled_bounds
    problem: PlanProblem,
    model: PlanModel,
    index: int,
    car: CarModel,
    kwh: FloatArray,
    which: Conflicts,
    bounds: tuple[FloatArray, FloatArray],
) -> None:
    """Bound a car's power to the range it is in, or to zero."""
    where = which.car_range[index]
    if not where.any():
        return
    low, high = range_around(car, kwh, problem.slot_h)
    cols, n = model.layout.cars[index], model.layout.n_slots
    lower, upper = bounds
    first = slice(cols.power, cols.power + n)
    if cols.more_power < 0:
        lower[first] = np.where(where, low, lower[first])
        upper[first] = np.where(where, high, upper[first])
        return
    # The first part is used up before the second costs more, so bounds of the sum split clearly.
    more = slice(cols.more_power, cols.more_power + n)
    kept = upper[first].copy()
    lower[first] = np.where(where, np.minimum(low, kept), lower[first])
    upper[first] = np.where(where, np.minimum(high, kept), kept)
    lower[more] = np.where(where, np.maximum(low - kept, 0.0), lower[more])
    upper[more] = np.where(where, np.maximum(high - kept, 0.0), upper[more])


def range_around(car: CarModel, kwh: FloatArray, slot_h: float) -> tuple[FloatArray, FloatArray]:
    """Return the ends of the range [kWh] that each slot's energy lies in; zeros where it is off."""
    low, high = np.zeros_like(kwh), np.zeros_like(kwh)
    is_on = kwh > CONFLICT_KWH
    for span in car.ranges:
        inside = is_on & (kwh >= span.low_kw * slot_h - CONFLICT_KWH)
        low = np.where(inside, span.low_kw * slot_h, low)
        high = np.where(inside, span.high_kw * slot_h, high)
    return low, high
