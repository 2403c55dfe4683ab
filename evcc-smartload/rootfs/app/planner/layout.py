"""Which column and which row of the linear model stands for what."""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.plan_problem import BatteryModel, PlanProblem
from planner.solver import IntArray

BoolArray = npt.NDArray[np.bool_]

BALANCE_ROW = 0
"""The first n_slots rows: what comes in goes out."""


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
    """First columns of each block; -1: the block does not exist."""

    n_slots: int
    grid_import: int
    grid_export: int
    curtail: int
    over_import: int
    over_export: int
    batteries: tuple[BatteryColumns, ...]
    cars: tuple[CarColumns, ...]
    n_cols: int
    n_rows: int

    def block(self, first: int) -> IntArray:
        """Return the columns of the block that begins at ``first``."""
        return np.arange(first, first + self.n_slots, dtype=np.int32)


class _Allocator:
    """Gives out columns, one after the other."""

    def __init__(self, n_slots: int) -> None:
        self.n_slots = n_slots
        self.following = 0

    def block(self, *, exists: bool = True) -> int:
        """Return the first of n_slots new columns, -1 if they shall not exist."""
        return self.columns(self.n_slots) if exists else -1

    def columns(self, count: int) -> int:
        """Return the first of ``count`` new columns."""
        first = self.following
        self.following += count
        return first


def layout_of(problem: PlanProblem, *, with_memory: bool) -> Layout:
    """Return which columns and rows the model of ``problem`` has; tightening rows come after."""
    take = _Allocator(problem.n_slots)
    grid_import, grid_export = take.block(), take.block()
    curtail = take.block(exists=problem.can_curtail)
    over_import = take.block(exists=problem.import_max_kwh is not None)
    # PV that can be turned down never has to be fed in.
    over_export = take.block(exists=problem.export_max_kwh is not None and not problem.can_curtail)
    batteries = tuple(
        BatteryColumns(
            charge=take.block(),
            discharge=take.block(),
            soc=take.block(),
            lacking=take.block(exists=battery.reserve is not None),
            terminal=take.columns(len(battery.terminal)) if len(battery.terminal) > 1 else -1,
            more_charge=take.block(exists=with_memory),
            more_discharge=take.block(exists=with_memory),
        )
        for battery in problem.batteries
    )
    cars = tuple(
        CarColumns(
            power=take.block(),
            wish=take.columns(len(car.wish)),
            more_power=take.block(exists=with_memory),
        )
        for car in problem.cars
    )
    return Layout(
        n_slots=problem.n_slots,
        grid_import=grid_import,
        grid_export=grid_export,
        curtail=curtail,
        over_import=over_import,
        over_export=over_export,
        batteries=batteries,
        cars=cars,
        n_cols=take.following,
        n_rows=problem.n_slots + _n_device_rows(problem),
    )


def _n_device_rows(problem: PlanProblem) -> int:
    n = problem.n_slots
    rows = 0
    for battery in problem.batteries:
        rows += n
        rows += n if battery.reserve is not None else 0
        rows += 1 if len(battery.terminal) > 1 else 0
        rows += n * len(taper_lines(battery))
        rows += n if must_store_surplus(battery, problem) else 0
        rows += n if may_only_serve(battery, problem) else 0
    return rows + len(problem.cars)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """First rows of the blocks that have one row per slot.

    Args:
        stored: Per battery, its balance.
        owner: Per battery, the rows of the owner's rules.
        every: All of them.
    """

    stored: tuple[int, ...]
    owner: tuple[int, ...]
    every: tuple[int, ...]


def rows_of(problem: PlanProblem, layout: Layout) -> Rows:
    """Return where the rows of the model stand."""
    n, row = layout.n_slots, layout.n_slots
    stored, owner, every = [], [], [BALANCE_ROW]
    for battery in problem.batteries:
        stored.append(row)
        n_before = 1 if battery.reserve is None else 2
        n_taper = len(taper_lines(battery))
        n_owner = must_store_surplus(battery, problem) + may_only_serve(battery, problem)
        # A row of the value at the end stands between them.
        after = row + n * n_before + (1 if len(battery.terminal) > 1 else 0)
        owner.append(after + n * n_taper)
        every += [row + n * index for index in range(n_before)]
        every += [after + n * index for index in range(n_taper + n_owner)]
        row = after + n * (n_taper + n_owner)
    return Rows(stored=tuple(stored), owner=tuple(owner), every=tuple(every))


def structure_of(problem: PlanProblem, *, with_memory: bool) -> tuple[object, ...]:
    """Return what two problems must share so that one matrix can be used for both."""
    return (
        problem.n_slots,
        problem.slot_h,
        problem.can_curtail,
        problem.import_max_kwh is None,
        problem.export_max_kwh is None,
        with_memory,
        tuple(
            (
                battery.charge_efficiency_frac,
                battery.discharge_efficiency_frac,
                battery.reserve is None,
                len(battery.terminal),
                taper_lines(battery),
                must_store_surplus(battery, problem),
                may_only_serve(battery, problem),
                battery.may_feed_cars,
            )
            for battery in problem.batteries
        ),
        tuple((car.charge_efficiency_frac, len(car.wish)) for car in problem.cars),
    )


def taper_lines(battery: BatteryModel) -> tuple[tuple[float, float], ...]:
    """Return (power at SoC 0 [kW], slope [kW/kWh]) of each falling piece of the taper."""
    if is_above_taper(battery):
        return ()
    lines = []
    for before, after in itertools.pairwise(battery.taper):
        slope = (after.charge_max_kw - before.charge_max_kw) / (after.soc_kwh - before.soc_kwh)
        if slope < 0.0:
            lines.append((before.charge_max_kw - slope * before.soc_kwh, slope))
    return tuple(lines)


def is_above_taper(battery: BatteryModel) -> bool:
    """Whether the taper's lines would go below zero where the battery starts.

    Above its limit it does not charge until it is back, and the last point's power holds for the
    whole horizon instead of the lines.
    """
    return bool(battery.taper) and battery.soc_kwh > max(
        battery.soc_max_kwh, battery.taper[-1].soc_kwh
    )


def must_store_surplus(battery: BatteryModel, problem: PlanProblem) -> bool:
    """Whether a row must keep it to surplus: other batteries give surplus, too."""
    return not battery.may_grid_charge and len(problem.batteries) > 1


def may_only_serve(battery: BatteryModel, problem: PlanProblem) -> bool:
    """Whether a row must keep it to what is needed: by more than the house's load alone."""
    if battery.may_export:
        return False
    feeds_cars = battery.may_feed_cars and bool(problem.cars)
    return feeds_cars or len(problem.batteries) > 1 or (problem.can_curtail and may_burn(problem))


def may_burn(problem: PlanProblem) -> bool:
    """Whether energy may be worth less than nothing in some slot, so that losing it pays."""
    has_no_way_out = problem.export_max_kwh is not None and not problem.can_curtail
    return has_no_way_out or bool(burning_slots(problem).any())


def burning_slots(problem: PlanProblem) -> BoolArray:
    """Return where a kWh more may be worth less than nothing, shape (n_slots,)."""
    burns: BoolArray = (problem.import_price_eur_per_kwh < 0.0) | (
        problem.export_price_eur_per_kwh < 0.0
    )
    if problem.export_max_kwh is not None and not problem.can_curtail:
        burns |= problem.pv_kwh - problem.load_kwh > problem.export_max_kwh
    return burns


def swapping_slots(problem: PlanProblem) -> BoolArray:
    """Return where buying and selling at once would pay, or cost nothing; shape (n_slots,)."""
    swaps: BoolArray = problem.export_price_eur_per_kwh >= problem.import_price_eur_per_kwh
    return swaps
