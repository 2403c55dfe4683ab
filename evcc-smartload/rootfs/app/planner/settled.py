"""Either-or choices that are settled: which one, in which slot, and what bounds that makes."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from planner.bounds import idle_kwh
from planner.choices import CONFLICT_KWH, Conflicts, house_need
from planner.dispatch import Dispatch
from planner.layout import BoolArray
from planner.model import PlanModel
from planner.plan_problem import CarModel, FloatArray, PlanProblem
from planner.solver import INFINITY, Bounds

ChoiceArray = npt.NDArray[np.int8]

OPEN = -1
"""Not settled: the linear model has it as it likes."""
OFF = -2
"""A car does not charge; from 0 on it charges in the range of that number."""
FIRST = 0
"""The first of two flows is possible: charge, import."""
SECOND = 1
"""The second of two flows is possible: discharge, export."""
LIMITED = 0
"""What batteries give while a car charges is limited to the house's need."""
ABOVE = 1
"""Batteries that may feed cars above their limit stay above it."""
WAITING = 2
"""No car charges that need not."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settlement:
    """One choice per slot, `OPEN` where it is not settled; arrays of shape (n_slots,).

    Pairs: ``direction`` charge or discharge, ``grid`` import or export, ``grid_charge`` charge or
    import, ``export`` discharge or export.
    """

    car_range: tuple[ChoiceArray, ...]
    direction: tuple[ChoiceArray, ...]
    grid: ChoiceArray
    grid_charge: tuple[ChoiceArray, ...]
    export: tuple[ChoiceArray, ...]
    feed: ChoiceArray

    @classmethod
    def free(cls, problem: PlanProblem) -> Self:
        """Return everything open."""

        def one() -> ChoiceArray:
            return np.full(problem.n_slots, OPEN, dtype=np.int8)

        batteries = range(len(problem.batteries))
        return cls(
            car_range=tuple(one() for _ in problem.cars),
            direction=tuple(one() for _ in batteries),
            grid=one(),
            grid_charge=tuple(one() for _ in batteries),
            export=tuple(one() for _ in batteries),
            feed=one(),
        )

    @classmethod
    def idle(cls, problem: PlanProblem) -> Self:
        """Return choices with which any home gets along.

        Batteries give nothing, and cars that need not charge wait.
        """
        made = cls.free(problem)
        for index, battery in enumerate(problem.batteries):
            made.direction[index][:] = FIRST
            if not battery.may_grid_charge:
                made.grid_charge[index][:] = SECOND
        for index, car in enumerate(problem.cars):
            if car.fixed_kwh is None:
                surely = car.surely_kwh(problem.n_slots)
                made.car_range[index][:] = range_of(car, surely, problem.slot_h)
        made.grid[:] = np.where(idle_kwh(problem) >= 0.0, FIRST, SECOND)
        return made

    def copy(self) -> Self:
        """Return one that can be changed without this one."""

        def all_of(arrays: tuple[ChoiceArray, ...]) -> tuple[ChoiceArray, ...]:
            return tuple(array.copy() for array in arrays)

        return replace(
            self,
            car_range=all_of(self.car_range),
            direction=all_of(self.direction),
            grid=self.grid.copy(),
            grid_charge=all_of(self.grid_charge),
            export=all_of(self.export),
            feed=self.feed.copy(),
        )


def settled_as(problem: PlanProblem, dispatch: Dispatch, which: Conflicts) -> Settlement:
    """Return the choices ``which`` as ``dispatch`` has made them, the larger of two flows first."""
    made = Settlement.free(problem)

    def larger(into: ChoiceArray, where: BoolArray, first: FloatArray, second: FloatArray) -> None:
        into[where] = np.where(second > first, SECOND, FIRST)[where]

    bought, sold = dispatch.grid_import_kwh, dispatch.grid_export_kwh
    larger(made.grid, which.grid, bought, sold)
    for index in range(len(problem.batteries)):
        charge, discharge = dispatch.charge_kwh[index], dispatch.discharge_kwh[index]
        larger(made.direction[index], which.direction[index], charge, discharge)
        larger(made.grid_charge[index], which.grid_charge[index], charge, bought)
        larger(made.export[index], which.export[index], discharge, sold)
    for index, car in enumerate(problem.cars):
        where = which.car_range[index]
        chosen = range_of(car, dispatch.car_kwh[index], problem.slot_h)
        made.car_range[index][where] = chosen[where]
    made.feed[which.feed] = LIMITED
    return made


def range_of(car: CarModel, kwh: FloatArray, slot_h: float) -> ChoiceArray:
    """Return the range that each slot's energy lies in, the one below it where it lies between."""
    chosen = np.full(len(kwh), OFF, dtype=np.int8)
    is_on = kwh > CONFLICT_KWH
    for index, span in enumerate(car.ranges):
        chosen[is_on & (kwh >= span.low_kw * slot_h - CONFLICT_KWH)] = index
    return chosen


def settled_bounds(problem: PlanProblem, model: PlanModel, made: Settlement) -> Bounds:
    """Return the model's bounds with the choices that are made."""
    layout = model.layout
    lower, upper = model.bounds.col_lower.copy(), model.bounds.col_upper.copy()

    def close(blocks: tuple[int, ...], where: BoolArray) -> None:
        if where.any():
            for first in blocks:
                if first >= 0:
                    upper[first : first + layout.n_slots][where] = 0.0

    bought, sold = (
        (layout.grid_import, layout.over_import),
        (layout.grid_export, layout.over_export),
    )
    _open_meter(problem, model, made, upper)
    close(sold, made.grid == FIRST)
    close(bought, made.grid == SECOND)
    for index, cols in enumerate(layout.batteries):
        charge, discharge = (
            (cols.charge, cols.more_charge),
            (cols.discharge, cols.more_discharge),
        )
        close(discharge, made.direction[index] == FIRST)
        close(charge, made.direction[index] == SECOND)
        close(bought, made.grid_charge[index] == FIRST)
        close(charge, made.grid_charge[index] == SECOND)
        close(sold, made.export[index] == FIRST)
        close(discharge, made.export[index] == SECOND)
    for index, car in enumerate(problem.cars):
        _bound_car(problem, model, index, car, made.car_range[index], (lower, upper))
    _limit_feed(problem, model, made.feed, (lower, upper))
    for index, car in enumerate(problem.cars):
        if car.fixed_kwh is None:
            powers = layout.cars[index]
            may_wait = car.surely_kwh(problem.n_slots) <= 0.0
            close((powers.power, powers.more_power), may_wait & (made.feed == WAITING))
    return replace(model.bounds, col_lower=lower, col_upper=upper)


def _open_meter(
    problem: PlanProblem, model: PlanModel, made: Settlement, upper: FloatArray
) -> None:
    """Let the meter count as it must where its direction is settled.

    The other direction is closed, so no bound is needed against buying to sell.
    """
    layout, n = model.layout, model.layout.n_slots
    for choice, first, limit in (
        (FIRST, layout.grid_import, problem.import_max_kwh),
        (SECOND, layout.grid_export, problem.export_max_kwh),
    ):
        where = made.grid == choice
        upper[first : first + n][where] = INFINITY if limit is None else limit[where]


def _bound_car(  # noqa: PLR0913, PLR0917  # one car's share of settled_bounds
    problem: PlanProblem,
    model: PlanModel,
    index: int,
    car: CarModel,
    chosen: ChoiceArray,
    bounds: tuple[FloatArray, FloatArray],
) -> None:
    """Bound a car's power to its range, or to zero."""
    where = chosen != OPEN
    if not where.any():
        return
    lows = np.array([*(span.low_kw * problem.slot_h for span in car.ranges), 0.0])
    highs = np.array([*(span.high_kw * problem.slot_h for span in car.ranges), 0.0])
    # The last entry is for a car that is off: OFF + 1 is -1.
    place = np.where(chosen == OFF, -1, chosen)[where]
    cols, n = model.layout.cars[index], model.layout.n_slots
    lower, upper = bounds
    first = np.arange(cols.power, cols.power + n)[where]
    if cols.more_power < 0:
        lower[first] = np.maximum(lower[first], lows[place])
        upper[first] = np.minimum(upper[first], highs[place])
        return
    # The first part is used up before the second costs more, so bounds of the sum split clearly.
    more = np.arange(cols.more_power, cols.more_power + n)[where]
    least = np.maximum(lower[first] + lower[more], lows[place])
    most = np.minimum(upper[first] + upper[more], highs[place])
    kept = upper[first].copy()
    lower[first], upper[first] = np.minimum(least, kept), np.minimum(most, kept)
    lower[more], upper[more] = np.maximum(least - kept, 0.0), np.maximum(most - kept, 0.0)


def _limit_feed(
    problem: PlanProblem,
    model: PlanModel,
    chosen: ChoiceArray,
    bounds: tuple[FloatArray, FloatArray],
) -> None:
    """Leave batteries no more than the house's need, or keep them above their limits."""
    lower, upper = bounds
    limited, above = chosen == LIMITED, chosen == ABOVE
    n = model.layout.n_slots
    never = [index for index, one in enumerate(problem.batteries) if not one.may_feed_cars]
    partly = [
        index
        for index, one in enumerate(problem.batteries)
        if one.may_feed_cars and one.cars_above_kwh > 0.0
    ]
    _share_need(problem, model, [*never, *partly], limited, upper)
    _share_need(problem, model, never, above, upper)
    for index in partly:
        first, battery = model.layout.batteries[index].soc, problem.batteries[index]
        places = np.arange(first, first + n)[above]
        lower[places] = np.minimum(np.maximum(lower[places], battery.cars_above_kwh), upper[places])


def _share_need(
    problem: PlanProblem,
    model: PlanModel,
    batteries: list[int],
    where: BoolArray,
    upper: FloatArray,
) -> None:
    """Leave these batteries the house's need together, shared by their power."""
    if not where.any() or not batteries:
        return
    n = model.layout.n_slots
    power_kw = sum(problem.batteries[index].discharge_max_kw for index in batteries)
    need = house_need(problem, np.zeros(problem.n_slots))[where]
    for index in batteries:
        cols = model.layout.batteries[index]
        share = problem.batteries[index].discharge_max_kw / power_kw if power_kw > 0.0 else 0.0
        left = share * need
        for first in (cols.discharge, cols.more_discharge):
            if first >= 0:
                places = np.arange(first, first + n)[where]
                upper[places] = np.minimum(upper[places], left)
                left = left - upper[places]
