"""Costs and bounds of the linear model: all of it that changes from one plan to the next."""

from dataclasses import dataclass

import numpy as np

from planner.dispatch import overload_price, value_of
from planner.layout import (
    Layout,
    is_above_taper,
    may_only_serve,
    must_store_surplus,
    swapping_slots,
    taper_lines,
)
from planner.plan_problem import (
    BatteryModel,
    CarModel,
    FloatArray,
    Flow,
    Pin,
    PlanProblem,
    ValuePiece,
)
from planner.solver import INFINITY, Bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Ties:
    """Costs that are none, so that of plans that cost the same always the same one is found.

    Towards less throughput, earlier slots, and the first of two batteries that are worth the same.

    Args:
        throughput_eur_per_kwh: For each kWh that a battery takes or gives.
        later_eur_per_kwh_slot: For each kWh that a battery or a car moves, by the slot.
        order_eur_per_kwh: For each kWh of a device, by its number.
    """

    throughput_eur_per_kwh: float
    later_eur_per_kwh_slot: float
    order_eur_per_kwh: float


# A battery's cycle that gains less than 2e-5 EUR/kWh is not made, which costs a plan less than
# 0.05 ct a day. Ten times less would be lost in the solver's tolerance.
TIES = Ties(throughput_eur_per_kwh=1e-5, later_eur_per_kwh_slot=2e-8, order_eur_per_kwh=1e-6)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Memory:
    """What the last plan wanted in the slots of this problem.

    Args:
        charge_kwh: Per battery, shape (n_slots,); where the last plan did not reach, ``reach``
            ends.
        discharge_kwh: Per battery, shape (n_slots,).
        car_kwh: Per car, shape (n_slots,).
        net_kwh: What house and cars needed beyond the PV in that plan, negative what was left of
            it, shape (n_slots,).
        reach: So many slots at the beginning were planned before.
        eur_per_kwh: What each kWh costs that is planned otherwise than before.
    """

    charge_kwh: tuple[FloatArray, ...]
    discharge_kwh: tuple[FloatArray, ...]
    car_kwh: tuple[FloatArray, ...]
    net_kwh: FloatArray
    reach: int
    eur_per_kwh: float


class _Sheet:
    """Costs and bounds while they are written down."""

    def __init__(
        self, problem: PlanProblem, memory: Memory | None, layout: Layout, ties: Ties
    ) -> None:
        n = layout.n_slots
        self.cost = np.zeros(layout.n_cols)
        self.lower = np.zeros(layout.n_cols)
        self.upper = np.full(layout.n_cols, INFINITY)
        self.row_lower = np.zeros(layout.n_rows)
        self.row_upper = np.zeros(layout.n_rows)
        self.problem = problem
        self.memory = memory
        self.layout = layout
        self.ties = ties
        self.net_kwh = net_kwh(problem)
        self.later: FloatArray = ties.later_eur_per_kwh_slot * np.arange(n, dtype=np.float64)
        self._row = n

    def cols(self, first: int) -> slice:
        """Return where the block that begins at ``first`` stands."""
        return slice(first, first + self.layout.n_slots)

    def rows(self, count: int) -> slice:
        """Return where the next ``count`` rows stand."""
        self._row += count
        return slice(self._row - count, self._row)

    def write_flow(
        self,
        blocks: tuple[int, int],
        cost: FloatArray,
        least: FloatArray,
        most: FloatArray,
        before: FloatArray | None,
    ) -> None:
        """Write a flow; with ``before`` in two parts, of which the first is what was planned."""
        first, more = (self.cols(block) for block in blocks)
        self.cost[first], self.lower[first], self.upper[first] = cost, least, most
        memory = self.memory
        if memory is None:
            return
        if before is None:
            self.upper[more] = 0.0
            return
        is_known = np.arange(len(cost)) < memory.reach
        kept = np.where(is_known, np.minimum(before, most), most)
        change_eur = np.where(is_known, memory.eur_per_kwh, 0.0)
        self.cost[first] = cost - change_eur
        self.cost[more] = cost + change_eur
        self.lower[first] = np.minimum(least, kept)
        self.upper[first] = kept
        self.lower[more] = np.maximum(least - kept, 0.0)
        self.upper[more] = most - kept


def bounds_of(
    problem: PlanProblem, memory: Memory | None, layout: Layout, ties: Ties = TIES
) -> Bounds:
    """Return costs and bounds of ``problem``, without those of tightening rows."""
    sheet = _Sheet(problem, memory, layout, ties)
    _write_grid(sheet)
    for index in range(len(problem.batteries)):
        _write_battery(sheet, index)
    for index in range(len(problem.cars)):
        _write_car(sheet, index)
    return Bounds(
        cost=sheet.cost,
        col_lower=sheet.lower,
        col_upper=sheet.upper,
        row_lower=sheet.row_lower,
        row_upper=sheet.row_upper,
    )


def _write_grid(sheet: _Sheet) -> None:
    problem, layout = sheet.problem, sheet.layout
    over_eur = overload_price(problem)
    # Nobody buys only to sell: without bounds a feed-in above the price would have no end. Where
    # there is no need of them they would only hide what a kWh is worth.
    swaps = swapping_slots(problem)
    most_in = np.where(swaps, most_in_kwh(problem), INFINITY)
    most_out = np.where(swaps, most_out_kwh(problem), INFINITY)
    bought, sold = sheet.cols(layout.grid_import), sheet.cols(layout.grid_export)
    sheet.cost[bought] = problem.import_price_eur_per_kwh
    sheet.cost[sold] = -problem.export_price_eur_per_kwh
    sheet.upper[bought], sheet.upper[sold] = most_in, most_out
    idle = idle_kwh(problem)
    if problem.import_max_kwh is not None:
        over = sheet.cols(layout.over_import)
        sheet.upper[bought] = np.minimum(problem.import_max_kwh, most_in)
        # What is bought while nothing is planned cannot be avoided; more would be on purpose.
        sheet.upper[over] = np.maximum(idle - problem.import_max_kwh, 0.0)
        sheet.cost[over] = problem.import_price_eur_per_kwh + over_eur
    if problem.export_max_kwh is not None:
        sheet.upper[sold] = np.minimum(problem.export_max_kwh, most_out)
        if layout.over_export >= 0:
            over = sheet.cols(layout.over_export)
            sheet.upper[over] = np.maximum(-idle - problem.export_max_kwh, 0.0)
            sheet.cost[over] = over_eur - problem.export_price_eur_per_kwh
    if layout.curtail >= 0:
        sheet.upper[sheet.cols(layout.curtail)] = problem.pv_kwh
    balance = slice(0, layout.n_slots)
    sheet.row_lower[balance] = sheet.row_upper[balance] = problem.load_kwh - problem.pv_kwh


def _write_battery(sheet: _Sheet, index: int) -> None:
    problem, memory = sheet.problem, sheet.memory
    battery, cols = problem.batteries[index], sheet.layout.batteries[index]
    ties = sheet.ties
    tie = ties.throughput_eur_per_kwh + ties.order_eur_per_kwh * index + sheet.later
    sheet.write_flow(
        (cols.charge, cols.more_charge),
        tie,
        *_pinned(problem, Flow.CHARGE, index, charge_limit(battery, problem)),
        None if memory is None else memory.charge_kwh[index],
    )
    sheet.write_flow(
        (cols.discharge, cols.more_discharge),
        battery.wear_eur_per_kwh + tie,
        *_pinned(problem, Flow.DISCHARGE, index, discharge_limit(battery, problem)),
        None if memory is None else memory.discharge_kwh[index],
    )
    soc = sheet.cols(cols.soc)
    sheet.lower[soc] = min(battery.soc_min_kwh, battery.soc_kwh)
    sheet.upper[soc] = max(battery.soc_max_kwh, battery.soc_kwh)
    _write_battery_rows(sheet, index)


def _write_battery_rows(sheet: _Sheet, index: int) -> None:
    problem, n = sheet.problem, sheet.layout.n_slots
    battery, cols = problem.batteries[index], sheet.layout.batteries[index]
    balance = sheet.rows(n)
    sheet.row_lower[balance.start] = sheet.row_upper[balance.start] = battery.soc_kwh
    if battery.reserve is not None:
        prices = battery.reserve.prices_eur_per_kwh_h
        sheet.cost[sheet.cols(cols.lacking)] = prices * problem.slot_h
        rows = sheet.rows(n)
        sheet.row_lower[rows], sheet.row_upper[rows] = battery.reserve.wanted_kwh, INFINITY
    if cols.terminal >= 0:
        _write_terminal(sheet, battery, cols.terminal)
    elif battery.terminal:
        sheet.cost[cols.soc + n - 1] -= battery.terminal[0].eur_per_kwh
    for at_zero_kw, slope in taper_lines(battery):
        rows = sheet.rows(n)
        sheet.row_lower[rows] = -INFINITY
        sheet.row_upper[rows] = at_zero_kw * problem.slot_h
        sheet.row_upper[rows.start] += slope * problem.slot_h * battery.soc_kwh
    if must_store_surplus(battery, problem):
        rows = sheet.rows(n)
        sheet.row_lower[rows] = -INFINITY
        sheet.row_upper[rows] = np.maximum(-sheet.net_kwh, 0.0)
    if may_only_serve(battery, problem):
        rows = sheet.rows(n)
        sheet.row_lower[rows] = -INFINITY
        # What cars get is in the row itself where the battery may feed them.
        own = np.maximum(problem.load_kwh - problem.pv_kwh, 0.0)
        sheet.row_upper[rows] = own if battery.may_feed_cars else problem.served_kwh


def _write_terminal(sheet: _Sheet, battery: BatteryModel, first: int) -> None:
    last = len(battery.terminal) - 1
    for index, piece in enumerate(battery.terminal):
        sheet.cost[first + index] = -piece.eur_per_kwh
        sheet.lower[first + index] = -INFINITY if index == 0 else 0.0
        sheet.upper[first + index] = INFINITY if index == last else piece.width_kwh
    row = sheet.rows(1)
    sheet.row_lower[row] = sheet.row_upper[row] = -battery.soc_min_kwh


def _write_car(sheet: _Sheet, index: int) -> None:
    problem, memory = sheet.problem, sheet.memory
    car, cols = problem.cars[index], sheet.layout.cars[index]
    limit = car_limit(car, problem)
    if car.fixed_kwh is None:
        least, most = _pinned(problem, Flow.CAR, index, limit)
        least = np.maximum(least, car.surely_kwh(problem.n_slots))
    else:
        least = most = car.fixed_kwh
    sheet.write_flow(
        (cols.power, cols.more_power),
        sheet.later + sheet.ties.order_eur_per_kwh * index,
        least,
        most,
        None if memory is None or car.fixed_kwh is not None else memory.car_kwh[index],
    )
    pieces = slice(cols.wish, cols.wish + len(car.wish))
    sheet.cost[pieces] = [-piece.eur_per_kwh for piece in car.wish]
    sheet.upper[pieces] = [piece.width_kwh for piece in car.wish]
    row = sheet.rows(1)
    if car.fixed_kwh is not None:
        # What the owner has decided may go beyond the wish; what it is worth is known already.
        charged_kwh = float(car.fixed_kwh.sum()) * car.charge_efficiency_frac
        sheet.lower[pieces] = sheet.upper[pieces] = _filled(car.wish, charged_kwh)
        sheet.row_lower[row], sheet.row_upper[row] = -INFINITY, INFINITY


def _filled(pieces: tuple[ValuePiece, ...], kwh: float) -> list[float]:
    parts = []
    for piece in pieces:
        parts.append(min(kwh, piece.width_kwh))
        kwh -= parts[-1]
    return parts


def _pinned(
    problem: PlanProblem, flow: Flow, index: int, most: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the least and the most of a flow with the decisions that are forced on it."""
    pins: list[Pin] = [one for one in problem.pins if one.flow is flow and one.index == index]
    least = np.zeros_like(most)
    if not pins:
        return least, most
    most = most.copy()
    for pin in pins:
        least[pin.slot] = max(least[pin.slot], pin.low_kwh)
        most[pin.slot] = min(most[pin.slot], pin.high_kwh)
    return least, most


# -- what can flow at most -----------------------------------------------------------------------


def net_kwh(problem: PlanProblem) -> FloatArray:
    """Return what house and decided cars need beyond the PV in each slot; surplus is negative."""
    net: FloatArray = problem.load_kwh - problem.pv_kwh
    for car in problem.cars:
        net = net if car.fixed_kwh is None else net + car.fixed_kwh
    return net


def idle_kwh(problem: PlanProblem) -> FloatArray:
    """Return what is needed beyond the PV in each slot while nothing is planned."""
    idle: FloatArray = problem.load_kwh - problem.pv_kwh
    for car in problem.cars:
        idle = idle + car.surely_kwh(problem.n_slots)
    return idle


def charge_limit(battery: BatteryModel, problem: PlanProblem) -> FloatArray:
    """Return the most it may charge in each slot [kWh]."""
    limit_kw = battery.charge_max_kw
    if is_above_taper(battery):
        limit_kw = min(limit_kw, battery.taper[-1].charge_max_kw)
    elif battery.taper:
        limit_kw = min(limit_kw, battery.taper[0].charge_max_kw)
    limit = np.full(problem.n_slots, limit_kw * problem.slot_h)
    if battery.may_grid_charge:
        return limit
    others_kw = sum(other.discharge_max_kw for other in problem.batteries if other is not battery)
    surplus = np.maximum(others_kw * problem.slot_h - idle_kwh(problem), 0.0)
    kept: FloatArray = np.minimum(limit, surplus)
    return kept


def discharge_limit(battery: BatteryModel, problem: PlanProblem) -> FloatArray:
    """Return the most it may discharge in each slot [kWh]."""
    limit = np.full(problem.n_slots, battery.discharge_max_kw * problem.slot_h)
    if battery.may_export or may_only_serve(battery, problem):
        return limit
    kept: FloatArray = np.minimum(limit, problem.served_kwh)
    return kept


def car_limit(car: CarModel, problem: PlanProblem) -> FloatArray:
    """Return the most a car that is planned may take in each slot [kWh, AC]."""
    slots = np.arange(problem.n_slots)
    is_there = (slots >= car.arrival_slot) & (slots < car.deadline_slot)
    limit: FloatArray = np.where(
        is_there & (car.fixed_kwh is None), car.max_kw * problem.slot_h, 0.0
    )
    return limit


def taken_limit(problem: PlanProblem) -> FloatArray:
    """Return the most that batteries, planned cars and turning PV down can take in each slot."""
    power_kw = sum(battery.charge_max_kw for battery in problem.batteries)
    most = np.full(problem.n_slots, power_kw * problem.slot_h)
    for car in problem.cars:
        most = most + car_limit(car, problem)
    return most + problem.pv_kwh if problem.can_curtail else most


def given_limit(problem: PlanProblem) -> float:
    """Return the most that can be fed in from batteries in a slot [kWh]."""
    power_kw = sum(battery.discharge_max_kw for battery in problem.batteries if battery.may_export)
    return float(power_kw * problem.slot_h)


def most_in_kwh(problem: PlanProblem) -> FloatArray:
    """Return what the meter can count in at most while nothing is fed in, in each slot [kWh]."""
    most: FloatArray = np.maximum(net_kwh(problem) + taken_limit(problem), 0.0)
    return most


def most_out_kwh(problem: PlanProblem) -> FloatArray:
    """Return what the meter can count out at most while nothing is bought, in each slot [kWh]."""
    most: FloatArray = np.maximum(given_limit(problem) - net_kwh(problem), 0.0)
    return most


def constant_of(problem: PlanProblem, memory: Memory | None) -> float:
    """Return what the columns' costs leave out [EUR]."""
    constant = 0.0
    for index, battery in enumerate(problem.batteries):
        if len(battery.terminal) == 1:
            constant += battery.terminal[0].eur_per_kwh * battery.soc_kwh
        elif battery.terminal:
            above_kwh = battery.soc_kwh - battery.soc_min_kwh
            constant += value_of(battery.terminal, above_kwh, is_open=True)
        if memory is not None:
            reach = memory.reach
            kept = memory.charge_kwh[index][:reach], memory.discharge_kwh[index][:reach]
            constant += memory.eur_per_kwh * float(kept[0].sum() + kept[1].sum())
    for index, car in enumerate(problem.cars):
        constant += sum(piece.width_kwh * piece.eur_per_kwh for piece in car.wish)
        if memory is not None and car.fixed_kwh is None:
            constant += memory.eur_per_kwh * float(memory.car_kwh[index][: memory.reach].sum())
    return constant
