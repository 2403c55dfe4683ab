"""The linear part of the plan's model: columns, rows and costs as arrays.

Symbols and equations stand in docs/planner.md under the same names. What cannot be said linearly
(a car's minimum power, one direction at a time) is added by ``choices``.
"""

import itertools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from planner.dispatch import Dispatch, overload_price, value_of
from planner.plan_problem import BatteryModel, CarModel, Flow, FloatArray, Pin, PlanProblem
from planner.solver import INFINITY, Bounds, IntArray, Matrix, matrix_of

# Ties are broken towards less throughput and earlier slots. Together they cost a plan less than
# 0.1 ct; ten times less is lost in the solver's tolerance.
THROUGHPUT_TIE_EUR_PER_KWH = 2e-5
LATER_TIE_EUR_PER_KWH_SLOT = 2e-7
# Two batteries that are worth the same would take turns; the first one goes first.
ORDER_TIE_EUR_PER_KWH = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Memory:
    """What the last plan wanted in the slots of this problem.

    Args:
        charge_kwh: Per battery, shape (n_slots,); where the last plan did not reach, ``reach``
            ends.
        discharge_kwh: Per battery, shape (n_slots,).
        car_kwh: Per car, shape (n_slots,).
        reach: So many slots at the beginning were planned before.
        eur_per_kwh: What each kWh costs that is planned otherwise than before.
    """

    charge_kwh: tuple[FloatArray, ...]
    discharge_kwh: tuple[FloatArray, ...]
    car_kwh: tuple[FloatArray, ...]
    reach: int
    eur_per_kwh: float


class _Entries(NamedTuple):
    row: IntArray
    col: IntArray
    value: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryColumns:
    """First columns of a battery's blocks of n_slots; -1: the block does not exist."""

    charge: int
    discharge: int
    soc: int
    lacking: int
    terminal: int
    more_charge: int
    more_discharge: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CarColumns:
    """First columns of a car's blocks; ``wish`` has one column per piece."""

    power: int
    wish: int
    more_power: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Which column is what, and which row."""

    n_slots: int
    grid_import: int
    grid_export: int
    curtail: int
    over_import: int
    over_export: int
    batteries: tuple[BatteryColumns, ...]
    cars: tuple[CarColumns, ...]
    n_cols: int
    balance_row: int
    n_rows: int

    def block(self, first: int) -> IntArray:
        """Return the columns of the block that begins at ``first``."""
        return np.arange(first, first + self.n_slots, dtype=np.int32)


def structure_of(problem: PlanProblem, memory: Memory | None) -> tuple[object, ...]:
    """Return what two problems must share so that one model can be used for both."""
    return (
        problem.n_slots,
        problem.slot_h,
        problem.can_curtail,
        problem.import_max_kwh is None,
        problem.export_max_kwh is None,
        memory is None,
        tuple(
            (
                battery.charge_efficiency_frac,
                battery.discharge_efficiency_frac,
                battery.reserve is None,
                len(battery.terminal),
                _taper_lines(battery),
                _is_bound_to_house(battery, problem),
                _may_only_serve(battery, problem),
            )
            for battery in problem.batteries
        ),
        tuple((car.charge_efficiency_frac, len(car.wish)) for car in problem.cars),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanModel:
    """A problem as a linear one: minimise ``bounds.cost @ x + constant_eur``."""

    layout: Layout
    matrix: Matrix
    bounds: Bounds
    constant_eur: float


def build_model(problem: PlanProblem, memory: Memory | None = None) -> PlanModel:
    """Return the linear model of ``problem``, matrix and all."""
    layout = _layout(problem, memory)
    return PlanModel(
        layout=layout,
        matrix=_matrix(problem, layout),
        bounds=_bounds(problem, memory, layout),
        constant_eur=_constant(problem, memory),
    )


def update_model(model: PlanModel, problem: PlanProblem, memory: Memory | None) -> PlanModel:
    """Return the model of a problem that has the structure of the one ``model`` was built for."""
    return PlanModel(
        layout=model.layout,
        matrix=model.matrix,
        bounds=_bounds(problem, memory, model.layout),
        constant_eur=_constant(problem, memory),
    )


# -- what is where -------------------------------------------------------------------------------


def _layout(problem: PlanProblem, memory: Memory | None) -> Layout:
    n = problem.n_slots
    following = 0

    def take(exists: bool, count: int = n) -> int:  # noqa: FBT001  # a private allocator
        nonlocal following
        if not exists:
            return -1
        first = following
        following += count
        return first

    grid_import, grid_export = take(exists=True), take(exists=True)
    curtail = take(problem.can_curtail)
    over_import = take(problem.import_max_kwh is not None)
    over_export = take(problem.export_max_kwh is not None and not problem.can_curtail)
    batteries = tuple(
        BatteryColumns(
            charge=take(exists=True),
            discharge=take(exists=True),
            soc=take(exists=True),
            lacking=take(battery.reserve is not None),
            terminal=take(len(battery.terminal) > 1, len(battery.terminal)),
            more_charge=take(memory is not None),
            more_discharge=take(memory is not None),
        )
        for battery in problem.batteries
    )
    cars = tuple(
        CarColumns(
            power=take(exists=True),
            wish=take(exists=True, count=len(car.wish)),
            more_power=take(memory is not None),
        )
        for car in problem.cars
    )
    return Layout(
        n_slots=n,
        grid_import=grid_import,
        grid_export=grid_export,
        curtail=curtail,
        over_import=over_import,
        over_export=over_export,
        batteries=batteries,
        cars=cars,
        n_cols=following,
        balance_row=0,
        n_rows=n + _n_other_rows(problem),
    )


def _n_other_rows(problem: PlanProblem) -> int:
    n = problem.n_slots
    rows = 0
    for battery in problem.batteries:
        rows += n
        rows += n if battery.reserve is not None else 0
        rows += 1 if len(battery.terminal) > 1 else 0
        rows += n * len(_taper_lines(battery))
        rows += n if _may_only_serve(battery, problem) else 0
    return rows + len(problem.cars)


def _taper_lines(battery: BatteryModel) -> tuple[tuple[float, float], ...]:
    """Return (power at SoC 0 [kW], slope [kW/kWh]) of each falling piece of the taper."""
    points = battery.taper
    if battery.soc_kwh > battery.soc_max_kwh:
        return ()  # its lines would go below zero up there; the last point's power holds instead
    lines = []
    for before, after in itertools.pairwise(points):
        slope = (after.charge_max_kw - before.charge_max_kw) / (after.soc_kwh - before.soc_kwh)
        if slope < 0.0:
            lines.append((before.charge_max_kw - slope * before.soc_kwh, slope))
    return tuple(lines)


def _is_bound_to_house(battery: BatteryModel, problem: PlanProblem) -> bool:
    """Whether it may give the house's need and nothing more, in every slot."""
    has_cars = bool(problem.cars)
    return not battery.may_export and (not battery.may_feed_cars or not has_cars)


def _may_only_serve(battery: BatteryModel, problem: PlanProblem) -> bool:
    """Whether it may give to house and cars, but feed nothing in."""
    return not battery.may_export and battery.may_feed_cars and bool(problem.cars)


# -- coefficients --------------------------------------------------------------------------------


def _matrix(problem: PlanProblem, layout: Layout) -> Matrix:
    n = layout.n_slots
    slots = np.arange(n, dtype=np.int32)
    entries: list[_Entries] = []

    def put(row: int | IntArray, first_col: int, value: float, count: int = n) -> None:
        if first_col < 0:
            return
        cols = np.arange(first_col, first_col + count, dtype=np.int32)
        rows = np.broadcast_to(np.asarray(row, dtype=np.int32), (count,))
        entries.append(_Entries(rows, cols, np.full(count, value)))

    balance = slots + layout.balance_row
    put(balance, layout.grid_import, 1.0)
    put(balance, layout.over_import, 1.0)
    put(balance, layout.grid_export, -1.0)
    put(balance, layout.over_export, -1.0)
    put(balance, layout.curtail, -1.0)
    for car_cols in layout.cars:
        put(balance, car_cols.power, -1.0)
        put(balance, car_cols.more_power, -1.0)
    row = n
    for battery, cols in zip(problem.batteries, layout.batteries, strict=True):
        for first in (cols.charge, cols.more_charge):
            put(balance, first, -1.0)
            put(row + slots, first, -battery.charge_efficiency_frac)
        for first in (cols.discharge, cols.more_discharge):
            put(balance, first, 1.0)
            put(row + slots, first, 1.0 / battery.discharge_efficiency_frac)
        put(row + slots, cols.soc, 1.0)
        put(row + slots[1:], cols.soc, -1.0, n - 1)
        row += n
        if cols.lacking >= 0:
            put(row + slots, cols.soc, 1.0)
            put(row + slots, cols.lacking, 1.0)
            row += n
        if cols.terminal >= 0:
            put(row, cols.terminal, 1.0, len(battery.terminal))
            put(row, cols.soc + n - 1, -1.0, 1)
            row += 1
        for _, slope in _taper_lines(battery):
            put(row + slots, cols.charge, 1.0)
            put(row + slots, cols.more_charge, 1.0)
            put(row + slots[1:], cols.soc, -slope * problem.slot_h, n - 1)
            row += n
        if _may_only_serve(battery, problem):
            put(row + slots, cols.discharge, 1.0)
            put(row + slots, cols.more_discharge, 1.0)
            put(row + slots, layout.curtail, -1.0)
            for car_cols in layout.cars:
                put(row + slots, car_cols.power, -1.0)
                put(row + slots, car_cols.more_power, -1.0)
            row += n
    for car, car_cols in zip(problem.cars, layout.cars, strict=True):
        put(row, car_cols.power, car.charge_efficiency_frac)
        put(row, car_cols.more_power, car.charge_efficiency_frac)
        put(row, car_cols.wish, -1.0, len(car.wish))
        row += 1
    return matrix_of(
        np.concatenate([entry.row for entry in entries]),
        np.concatenate([entry.col for entry in entries]),
        np.concatenate([entry.value for entry in entries]),
        n_cols=layout.n_cols,
    )


# -- costs and bounds ----------------------------------------------------------------------------


class _Sheet:
    """Costs and bounds while they are written down."""

    def __init__(self, layout: Layout) -> None:
        self.cost = np.zeros(layout.n_cols)
        self.lower = np.zeros(layout.n_cols)
        self.upper = np.full(layout.n_cols, INFINITY)
        self.row_lower = np.zeros(layout.n_rows)
        self.row_upper = np.zeros(layout.n_rows)
        self._layout = layout

    def cols(self, first: int) -> slice:
        """Return where the block that begins at ``first`` stands."""
        return slice(first, first + self._layout.n_slots)


def _bounds(problem: PlanProblem, memory: Memory | None, layout: Layout) -> Bounds:
    sheet = _Sheet(layout)
    n = layout.n_slots
    over_eur = overload_price(problem)
    later: FloatArray = LATER_TIE_EUR_PER_KWH_SLOT * np.arange(n, dtype=np.float64)
    sheet.cost[sheet.cols(layout.grid_import)] = problem.import_price_eur_per_kwh
    sheet.cost[sheet.cols(layout.grid_export)] = -problem.export_price_eur_per_kwh
    # Nobody buys only to sell: without these bounds a feed-in above the price would have no end.
    most_in, most_out = most_in_kwh(problem), most_out_kwh(problem)
    sheet.upper[sheet.cols(layout.grid_import)] = most_in
    sheet.upper[sheet.cols(layout.grid_export)] = most_out
    if problem.import_max_kwh is not None:
        sheet.upper[sheet.cols(layout.grid_import)] = np.minimum(problem.import_max_kwh, most_in)
        sheet.upper[sheet.cols(layout.over_import)] = most_in
        sheet.cost[sheet.cols(layout.over_import)] = problem.import_price_eur_per_kwh + over_eur
    if problem.export_max_kwh is not None:
        sheet.upper[sheet.cols(layout.grid_export)] = np.minimum(problem.export_max_kwh, most_out)
    if layout.over_export >= 0:
        sheet.upper[sheet.cols(layout.over_export)] = most_out
        sheet.cost[sheet.cols(layout.over_export)] = over_eur - problem.export_price_eur_per_kwh
    if layout.curtail >= 0:
        sheet.upper[sheet.cols(layout.curtail)] = problem.pv_kwh
    net_kwh = problem.load_kwh - problem.pv_kwh
    sheet.row_lower[:n] = sheet.row_upper[:n] = net_kwh
    row = n
    for index in range(len(problem.batteries)):
        row = _write_battery(sheet, problem, layout, memory, index, row, later)
    for index, car in enumerate(problem.cars):
        _write_car(sheet, problem, layout, memory, index, later)
        wish = layout.cars[index].wish
        for piece_index, piece in enumerate(car.wish):
            sheet.cost[wish + piece_index] = -piece.eur_per_kwh
            sheet.upper[wish + piece_index] = piece.width_kwh
        row += 1
    for pin in problem.pins:
        _write_pin(sheet, layout, pin)
    return Bounds(
        cost=sheet.cost,
        col_lower=sheet.lower,
        col_upper=sheet.upper,
        row_lower=sheet.row_lower,
        row_upper=sheet.row_upper,
    )


def _write_battery(  # noqa: PLR0913, PLR0917  # one sheet, written in order
    sheet: _Sheet,
    problem: PlanProblem,
    layout: Layout,
    memory: Memory | None,
    index: int,
    row: int,
    later: FloatArray,
) -> int:
    """Write one battery's costs and bounds; return the next free row."""
    battery, cols = problem.batteries[index], layout.batteries[index]
    n, slot_h = layout.n_slots, problem.slot_h
    net_kwh = problem.load_kwh - problem.pv_kwh
    tie = THROUGHPUT_TIE_EUR_PER_KWH + ORDER_TIE_EUR_PER_KWH * index + later
    charge_max, discharge_max = _battery_limits(battery, problem)
    _write_flow(
        sheet,
        (cols.charge, cols.more_charge),
        tie,
        charge_max,
        memory,
        None if memory is None else memory.charge_kwh[index],
    )
    _write_flow(
        sheet,
        (cols.discharge, cols.more_discharge),
        battery.wear_eur_per_kwh + tie,
        discharge_max,
        memory,
        None if memory is None else memory.discharge_kwh[index],
    )
    sheet.lower[sheet.cols(cols.soc)] = min(battery.soc_min_kwh, battery.soc_kwh)
    sheet.upper[sheet.cols(cols.soc)] = max(battery.soc_max_kwh, battery.soc_kwh)
    sheet.row_lower[row] = sheet.row_upper[row] = battery.soc_kwh
    row += n
    if battery.reserve is not None:
        sheet.cost[sheet.cols(cols.lacking)] = battery.reserve.eur_per_kwh_h * slot_h
        sheet.row_lower[row : row + n] = battery.reserve.soc_kwh
        sheet.row_upper[row : row + n] = INFINITY
        row += n
    if cols.terminal >= 0:
        last = len(battery.terminal) - 1
        for piece_index, piece in enumerate(battery.terminal):
            col = cols.terminal + piece_index
            sheet.cost[col] = -piece.eur_per_kwh
            sheet.lower[col] = -INFINITY if piece_index == 0 else 0.0
            sheet.upper[col] = INFINITY if piece_index == last else piece.width_kwh
        sheet.row_lower[row] = sheet.row_upper[row] = -battery.soc_min_kwh
        row += 1
    elif battery.terminal:
        sheet.cost[cols.soc + n - 1] -= battery.terminal[0].eur_per_kwh
    for at_zero_kw, slope in _taper_lines(battery):
        sheet.row_lower[row : row + n] = -INFINITY
        sheet.row_upper[row : row + n] = at_zero_kw * slot_h
        sheet.row_upper[row] += slope * slot_h * battery.soc_kwh
        row += n
    if _may_only_serve(battery, problem):
        sheet.row_lower[row : row + n] = -INFINITY
        sheet.row_upper[row : row + n] = np.maximum(net_kwh, 0.0)
        row += n
    return row


def _battery_limits(battery: BatteryModel, problem: PlanProblem) -> tuple[FloatArray, FloatArray]:
    """Return the most it may charge and discharge in each slot [kWh]."""
    n, net_kwh = problem.n_slots, problem.load_kwh - problem.pv_kwh
    charge_max_kw = battery.charge_max_kw
    if battery.taper and battery.soc_kwh > battery.soc_max_kwh:
        charge_max_kw = min(charge_max_kw, battery.taper[-1].charge_max_kw)
    elif battery.taper:
        charge_max_kw = min(charge_max_kw, battery.taper[0].charge_max_kw)
    charge_max = np.full(n, charge_max_kw * problem.slot_h)
    discharge_max = np.full(n, battery.discharge_max_kw * problem.slot_h)
    if not battery.may_grid_charge:
        charge_max = np.minimum(charge_max, np.maximum(-net_kwh, 0.0))
    if _is_bound_to_house(battery, problem):
        discharge_max = np.minimum(discharge_max, np.maximum(net_kwh, 0.0))
    return charge_max, discharge_max


def _write_flow(  # noqa: PLR0913, PLR0917  # one sheet, written in order
    sheet: _Sheet,
    blocks: tuple[int, int],
    cost: FloatArray,
    most: FloatArray,
    memory: Memory | None,
    before: FloatArray | None,
) -> None:
    """Write a flow; with a memory in two parts, of which the first is what was planned before."""
    first, more = (sheet.cols(block) for block in blocks)
    sheet.cost[first] = cost
    sheet.upper[first] = most
    if memory is None or before is None:
        return
    kept = np.minimum(before, most)
    is_known = np.arange(len(cost)) < memory.reach
    change_eur = np.where(is_known, memory.eur_per_kwh, 0.0)
    sheet.cost[first] = cost - change_eur
    sheet.cost[more] = cost + change_eur
    sheet.upper[first] = np.where(is_known, kept, most)
    sheet.upper[more] = np.where(is_known, most - kept, 0.0)


def _write_car(  # noqa: PLR0913, PLR0917  # one sheet, written in order
    sheet: _Sheet,
    problem: PlanProblem,
    layout: Layout,
    memory: Memory | None,
    index: int,
    later: FloatArray,
) -> None:
    car, cols = problem.cars[index], layout.cars[index]
    _write_flow(
        sheet,
        (cols.power, cols.more_power),
        later + ORDER_TIE_EUR_PER_KWH * index,
        car_limit(car, problem),
        memory if car.fixed_kwh is None else None,
        None if memory is None else memory.car_kwh[index],
    )
    if car.fixed_kwh is not None:
        sheet.lower[sheet.cols(cols.power)] = car.fixed_kwh
        sheet.upper[sheet.cols(cols.power)] = car.fixed_kwh
        if cols.more_power >= 0:
            sheet.upper[sheet.cols(cols.more_power)] = 0.0


def _write_pin(sheet: _Sheet, layout: Layout, pin: Pin) -> None:
    """Narrow the bounds of a pinned flow, which may have two parts, as far as they allow."""
    if pin.flow is Flow.CAR:
        car = layout.cars[pin.index]
        first, more = car.power, car.more_power
    else:
        battery = layout.batteries[pin.index]
        charges = pin.flow is Flow.CHARGE
        first = battery.charge if charges else battery.discharge
        more = battery.more_charge if charges else battery.more_discharge
    col = first + pin.slot
    kept = sheet.upper[col]
    sheet.upper[col] = max(min(kept, pin.high_kwh), sheet.lower[col])
    sheet.lower[col] = min(max(pin.low_kwh, sheet.lower[col]), sheet.upper[col])
    if more >= 0:
        # The first part is used up before the second begins.
        most = sheet.upper[more + pin.slot]
        sheet.upper[more + pin.slot] = min(max(pin.high_kwh - kept, 0.0), most)
        sheet.lower[more + pin.slot] = min(max(pin.low_kwh - kept, 0.0), most)


def most_in_kwh(problem: PlanProblem) -> FloatArray:
    """Return what the meter can count in at most, in each slot [kWh]."""
    power_kw = sum(battery.charge_max_kw for battery in problem.batteries)
    power_kw += sum(car.max_kw for car in problem.cars)
    most: FloatArray = problem.load_kwh + power_kw * problem.slot_h
    for car in problem.cars:
        most = most if car.fixed_kwh is None else most + car.fixed_kwh
    return most


def most_out_kwh(problem: PlanProblem) -> FloatArray:
    """Return what the meter can count out at most, in each slot [kWh]."""
    power_kw = sum(battery.discharge_max_kw for battery in problem.batteries)
    most: FloatArray = problem.pv_kwh + power_kw * problem.slot_h
    return most


def car_limit(car: CarModel, problem: PlanProblem) -> FloatArray:
    """Return the most a car may take in each slot [kWh, AC]."""
    slots = np.arange(problem.n_slots)
    is_there = (slots >= car.arrival_slot) & (slots < car.deadline_slot)
    limit: FloatArray = np.where(is_there, car.max_kw * problem.slot_h, 0.0)
    return limit


def _constant(problem: PlanProblem, memory: Memory | None) -> float:
    """Return what the columns' costs leave out [EUR]."""
    constant = 0.0
    for index, battery in enumerate(problem.batteries):
        if len(battery.terminal) == 1:
            constant += battery.terminal[0].eur_per_kwh * battery.soc_kwh
        elif battery.terminal:
            constant += _value_at_start(battery)
        if memory is not None:
            reach = memory.reach
            kept = memory.charge_kwh[index][:reach], memory.discharge_kwh[index][:reach]
            constant += memory.eur_per_kwh * float(kept[0].sum() + kept[1].sum())
    for index, car in enumerate(problem.cars):
        constant += sum(piece.width_kwh * piece.eur_per_kwh for piece in car.wish)
        if memory is not None and car.fixed_kwh is None:
            constant += memory.eur_per_kwh * float(memory.car_kwh[index][: memory.reach].sum())
    return constant


def _value_at_start(battery: BatteryModel) -> float:
    return value_of(battery.terminal, battery.soc_kwh - battery.soc_min_kwh, is_open=True)


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
        if more >= 0:
            values = values + x[more : more + n]
        clean: FloatArray = np.where(values < _DUST_KWH, 0.0, values)
        return clean

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


_DUST_KWH = 1e-7


def _wiped(values: FloatArray) -> FloatArray:
    clean: FloatArray = np.where(values < _DUST_KWH, 0.0, values)
    return clean


def _sum(flows: tuple[FloatArray, ...], n: int) -> FloatArray:
    total: FloatArray = np.sum(flows, axis=0) if flows else np.zeros(n)
    return total
