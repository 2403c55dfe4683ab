"""Which settled choices might better be turned round: guided by the solution's marginal values.

The linear problem is convex, so what a turn is worth at today's marginal values is the most that
it can be worth. Turns that cannot pay are left out; the others are tried in the order of what they
would bring if only the meter answered to them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from planner.bounds import charge_limit, discharge_limit, most_in_kwh, most_out_kwh
from planner.dispatch import Dispatch, overload_price
from planner.layout import BALANCE_ROW
from planner.model import PlanModel
from planner.plan_problem import FloatArray, PlanProblem
from planner.settled import FIRST, OFF, OPEN, SECOND, ChoiceArray, Settlement
from planner.solver import Solution

# So many slots of a car that could be switched on, and as many that could be switched off.
_BEST_SLOTS = 6
# A battery's turn brings a third of the most it can, as a rule; to sort it among those of cars.
_TURN_SHARE = 0.3
_ON_KWH = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """Choices to be turned round together.

    Args:
        kind: Name of the settlement's field.
        index: Of the car or battery; 0 for the meter.
        choices: (slot, new choice).
        most_eur: What it can bring at most.
        likely_eur: What it is likely to bring.
    """

    kind: str
    index: int
    choices: tuple[tuple[int, int], ...]
    most_eur: float
    likely_eur: float

    def applied(self, made: Settlement) -> Settlement:
        """Return ``made`` with these choices turned round."""
        turned = made.copy()
        arrays: ChoiceArray | tuple[ChoiceArray, ...] = getattr(turned, self.kind)
        into = arrays[self.index] if isinstance(arrays, tuple) else arrays
        for slot, choice in self.choices:
            into[slot] = choice
        return turned


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Point:
    """A linear solution with its marginal values."""

    value: FloatArray
    col_dual: FloatArray
    row_dual: FloatArray


def flips_of(  # noqa: PLR0913  # a point, and what it is the point of
    problem: PlanProblem,
    model: PlanModel,
    made: Settlement,
    solution: Solution,
    dispatch: Dispatch,
    *,
    least_eur: float,
) -> list[Flip]:
    """Return the turns that may bring ``least_eur``, most promising first."""
    value, col_dual, row_dual = solution.col_value, solution.col_dual, solution.row_dual
    if value is None or col_dual is None or row_dual is None:
        return []
    point = _Point(value=value, col_dual=col_dual, row_dual=row_dual)
    layout = model.layout
    found: list[Flip] = []
    for index, car in enumerate(problem.cars):
        if car.fixed_kwh is None and any(span.low_kw > 0.0 for span in car.ranges):
            found += _car_flips(problem, model, made, point, dispatch, index)
    for index, battery in enumerate(problem.batteries):
        cols = layout.batteries[index]
        charge = _Side(first=cols.charge, most=charge_limit(battery, problem))
        discharge = _Side(first=cols.discharge, most=discharge_limit(battery, problem))
        found += _turns(point, made.direction[index], ("direction", index), charge, discharge)
    bought = _Side(first=layout.grid_import, most=most_in_kwh(problem))
    sold = _Side(first=layout.grid_export, most=most_out_kwh(problem))
    found += _turns(point, made.grid, ("grid", 0), bought, sold)
    worth = [flip for flip in found if flip.most_eur > least_eur]
    worth.sort(key=lambda flip: -flip.likely_eur)
    return worth


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Side:
    """One of two flows that exclude each other: its block, and the most it can be [kWh]."""

    first: int
    most: FloatArray


def _turns(
    point: _Point, chosen: ChoiceArray, of: tuple[str, int], one: _Side, other: _Side
) -> Iterator[Flip]:
    """Yield what could be turned between two flows."""
    for slot in np.flatnonzero(chosen != OPEN).tolist():
        opened, closed = (other, one) if chosen[slot] == FIRST else (one, other)
        gain = -point.col_dual[opened.first + slot] * opened.most[slot]
        loss = max(-point.col_dual[closed.first + slot], 0.0) * point.value[closed.first + slot]
        yield Flip(
            kind=of[0],
            index=of[1],
            choices=((slot, SECOND if chosen[slot] == FIRST else FIRST),),
            most_eur=float(gain - loss),
            likely_eur=float(gain - loss) * _TURN_SHARE,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slot:
    slot: int
    most_eur: float
    likely_eur: float


def _car_flips(  # noqa: PLR0913, PLR0917  # what a turn depends on
    problem: PlanProblem,
    model: PlanModel,
    made: Settlement,
    point: _Point,
    dispatch: Dispatch,
    index: int,
) -> Iterator[Flip]:
    """Yield slots to be switched on, off, and one for another."""
    on, off = _car_slots(problem, model, made, point, dispatch, index)
    for slots, choice in ((off, 0), (on, OFF)):
        for one in slots:
            yield Flip(
                kind="car_range",
                index=index,
                choices=((one.slot, choice),),
                most_eur=one.most_eur,
                likely_eur=one.likely_eur,
            )
    for one in on:
        for other in off:
            yield Flip(
                kind="car_range",
                index=index,
                choices=((one.slot, OFF), (other.slot, 0)),
                most_eur=one.most_eur + other.most_eur,
                likely_eur=one.likely_eur + other.likely_eur,
            )


def _car_slots(  # noqa: PLR0913, PLR0917  # what a turn depends on
    problem: PlanProblem,
    model: PlanModel,
    made: Settlement,
    point: _Point,
    dispatch: Dispatch,
    index: int,
) -> tuple[list[_Slot], list[_Slot]]:
    """Return the slots best switched off, of those that are on, and best switched on."""
    car, kwh, n = problem.cars[index], dispatch.car_kwh[index], problem.n_slots
    first = model.layout.cars[index].power
    dual = point.col_dual[first : first + n]
    balance = point.row_dual[BALANCE_ROW : BALANCE_ROW + n]
    least = car.ranges[0].low_kw * problem.slot_h
    value = _value_of_a_kwh(model, dual, balance, first)
    meter = _Meter(problem, dispatch)
    on_likely = meter.change_eur(np.full(n, least)) + least * value
    off_likely = meter.change_eur(-kwh) - kwh * value
    is_there = model.bounds.col_upper[first : first + n] > 0.0
    is_on = (kwh > _ON_KWH) & is_there & (car.surely_kwh(n) <= 0.0)
    is_off = (kwh <= _ON_KWH) & is_there
    is_off &= (made.car_range[index] == OFF) | (made.car_range[index] == OPEN)
    on = _best(np.flatnonzero(is_on), dual * kwh, off_likely)
    off = _best(np.flatnonzero(is_off), -dual * least, on_likely)
    return on, off


def _value_of_a_kwh(model: PlanModel, dual: FloatArray, balance: FloatArray, first: int) -> float:
    """Return what a kWh more (AC) is worth to a car, the same in all slots [EUR/kWh].

    A reduced cost is the cost, plus the slot's marginal value, minus this.
    """
    cost = model.bounds.cost[first : first + len(dual)]
    return float(np.median(cost + balance - dual))


def _best(slots: np.ndarray, most: FloatArray, likely: FloatArray) -> list[_Slot]:
    order = slots[np.argsort(-likely[slots], kind="stable")][:_BEST_SLOTS]
    return [
        _Slot(slot=slot, most_eur=float(most[slot]), likely_eur=float(likely[slot]))
        for slot in order.tolist()
    ]


class _Meter:
    """What the meter alone would make of a change."""

    def __init__(self, problem: PlanProblem, dispatch: Dispatch) -> None:
        self._problem = problem
        self._over_eur = overload_price(problem)
        self._net_kwh = dispatch.grid_import_kwh - dispatch.grid_export_kwh
        self._now_eur = self._cost(self._net_kwh)

    def change_eur(self, more_kwh: FloatArray) -> FloatArray:
        """Return what taking so much more would bring in each slot [EUR]."""
        gained: FloatArray = self._now_eur - self._cost(self._net_kwh + more_kwh)
        return gained

    def _cost(self, net_kwh: FloatArray) -> FloatArray:
        problem = self._problem
        cost: FloatArray = problem.import_price_eur_per_kwh * np.maximum(
            net_kwh, 0.0
        ) - problem.export_price_eur_per_kwh * np.maximum(-net_kwh, 0.0)
        if problem.import_max_kwh is not None:
            cost = cost + self._over_eur * np.maximum(net_kwh - problem.import_max_kwh, 0.0)
        return cost
