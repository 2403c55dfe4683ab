"""How open choices are settled from the linear solution: so that what is rounded off is carried on.

Sum-up rounding: in each slot the side is taken whose share of the time has been neglected most so
far. A battery that would charge and discharge half of each slot takes turns; a car that would
charge with a third of its least power charges in every third slot.

Source:
    Sager, S., Bock, H. G., Diehl, M. (2012), The integer approximation error in mixed-integer
    optimal control, Mathematical Programming 133.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from planner.choices import Conflicts
from planner.dispatch import Dispatch
from planner.layout import BoolArray
from planner.plan_problem import CarModel, FloatArray, PlanProblem
from planner.settled import FIRST, LIMITED, OFF, SECOND, ChoiceArray, Settlement, range_of

# From this share on a choice is rounded up.
_HALF = 0.5


class CarRounding(StrEnum):
    """Where a car's power that cannot be ends up."""

    CARRY = "carry"
    """What is left over is carried on to the next slot."""
    UP = "up"
    DOWN = "down"
    BEST = "best"
    """As many slots as the energy needs, those with most of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """A way of rounding.

    Args:
        rounding: What becomes of a car's power.
        phase: The share that a battery's first turn is ahead.
        feed: What is done where a car would be charged from a battery that may not.
    """

    rounding: CarRounding
    phase: float = 0.0
    feed: int = LIMITED


def settle_open(
    problem: PlanProblem,
    dispatch: Dispatch,
    conflicts: Conflicts,
    made: Settlement,
    style: Style,
) -> None:
    """Settle in ``made`` what ``dispatch`` leaves open.

    What follows from another choice of the same slot waits: with a battery's direction or a car's
    power settled the meter has but one left, mostly.
    """
    waits = np.zeros(problem.n_slots, dtype=np.bool_)
    for index, car in enumerate(problem.cars):
        where = conflicts.car_range[index]
        if where.any():
            _round_car(
                car, problem.slot_h, dispatch.car_kwh[index], where, made, index, style.rounding
            )
    for index, battery in enumerate(problem.batteries):
        where = conflicts.direction[index]
        if where.any():
            charged = dispatch.charge_kwh[index] / max(battery.charge_max_kw, 1e-9)
            given = dispatch.discharge_kwh[index] / max(battery.discharge_max_kw, 1e-9)
            _take_turns(made.direction[index], where, charged, given, style.phase)
            waits |= where
    _settle_meter(problem, dispatch, conflicts, made, waits)
    made.feed[conflicts.feed] = style.feed


def _settle_meter(
    problem: PlanProblem,
    dispatch: Dispatch,
    conflicts: Conflicts,
    made: Settlement,
    waits: BoolArray,
) -> None:
    bought, sold = dispatch.grid_import_kwh, dispatch.grid_export_kwh
    where = conflicts.grid & ~waits
    # What is bought beyond what is sold is what flows; the other way there may be none.
    made.grid[where] = np.where(bought >= sold, FIRST, SECOND)[where]
    for index in range(len(problem.batteries)):
        charge, discharge = dispatch.charge_kwh[index], dispatch.discharge_kwh[index]
        for into, where, one, other in (
            (made.grid_charge[index], conflicts.grid_charge[index], charge, bought),
            (made.export[index], conflicts.export[index], discharge, sold),
        ):
            open_ = where & ~waits
            into[open_] = np.where(one >= other, FIRST, SECOND)[open_]


def _take_turns(
    into: ChoiceArray, where: BoolArray, first: FloatArray, second: FloatArray, phase: float
) -> None:
    """Settle one of two flows in each slot so that each gets its share over the slots."""
    carry = phase
    for slot in np.flatnonzero(where).tolist():
        carry += float(first[slot] / (first[slot] + second[slot]))
        into[slot] = FIRST if carry >= _HALF else SECOND
        carry -= 1.0 if into[slot] == FIRST else 0.0


def _round_car(  # noqa: PLR0913, PLR0917  # one car's share of settle_open
    car: CarModel,
    slot_h: float,
    kwh: FloatArray,
    where: BoolArray,
    made: Settlement,
    index: int,
    rounding: CarRounding,
) -> None:
    below = range_of(car, kwh, slot_h)
    into, carry = made.car_range[index], 0.0
    if rounding is CarRounding.BEST and not (below[where] != OFF).any():
        # the number of slots that the energy needs, those with the most of it
        slots = np.flatnonzero(where)
        low = car.ranges[0].low_kw * slot_h
        count = round(float(kwh[slots].sum()) / low)
        into[slots] = OFF
        into[slots[np.argsort(-kwh[slots], kind="stable")[:count]]] = 0
        return
    for slot in np.flatnonzero(where).tolist():
        beneath = int(below[slot])
        level = 0.0 if beneath == OFF else car.ranges[beneath].high_kw * slot_h
        above = 0 if beneath == OFF else beneath + 1
        step = car.ranges[above].low_kw * slot_h - level
        carry += float(kwh[slot]) - level
        goes_up = rounding is CarRounding.UP or (
            rounding in {CarRounding.CARRY, CarRounding.BEST} and carry >= _HALF * step
        )
        into[slot] = above if goes_up else beneath
        carry -= step if goes_up else 0.0
