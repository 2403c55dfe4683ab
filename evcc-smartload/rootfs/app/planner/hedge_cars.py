"""What cars leave of the sun and the house's needs in each course that is weighed.

A car in the mode PV takes the sun before the battery does, in a bright course more than in a dark
one, and evcc keeps it at its least power where the battery is above its buffer. Where the last plan
buys for a car, the battery is held anyway, so there is nothing to weigh in these slots.
"""

from dataclasses import dataclass

import numpy as np

from domain.site import ChargeMode
from forecaster.series import BoolArray
from planner.car_wishes import BOUGHT_FRAC
from planner.model import Memory
from planner.plan_problem import CarModel, FloatArray, PlanProblem
from planner.slot_physics import EPS_KWH, Charger, window_of
from planner.task import PlanTask


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Left:
    """What is left to the battery.

    Args:
        net_kwh: What house and cars need beyond the sun in each course, negative what they leave
            of it; shape (n_courses, n_slots).
        is_held: Slots in which a car is bought for and the battery rests, shape (n_slots,).
    """

    net_kwh: FloatArray
    is_held: BoolArray


def with_cars(task: PlanTask, net_kwh: FloatArray, last: Memory | None) -> Left | None:
    """Return what house and cars leave to the battery in each course.

    Args:
        task: What is to be planned.
        net_kwh: Load less PV in each course, shape (n_courses, n_slots), not longer than the plan.
        last: What the last plan wants in these slots; None: there is none.

    Returns:
        None where the cars cannot be told: they are in other modes, may have the battery's energy,
        are bought for in the first slot, or there is no last plan for them.
    """
    problem = task.problem
    cars = [
        (index, car)
        for index, car in enumerate(problem.cars)
        if car.fixed_kwh is not None or car.room_kwh > EPS_KWH
    ]
    n_slots = net_kwh.shape[1]
    held = np.zeros(n_slots, dtype=np.bool_)
    if not cars:
        return Left(net_kwh=net_kwh, is_held=held)
    if last is None or any(battery.may_feed_cars for battery in problem.batteries):
        return None
    if any(task.evcc_rules.cars[index].mode is not ChargeMode.PV for index, _ in cars):
        return None
    left = net_kwh.copy()
    for index, car in cars:
        wanted = last.car_kwh[index][:n_slots]
        is_bought = _is_bought(problem, car, wanted)
        left += _takes(problem, car, left, is_bought, wanted)
        held |= is_bought
    if held[0]:
        return None
    left[:, held] = 0.0
    return Left(net_kwh=left, is_held=held)


def _is_bought(problem: PlanProblem, car: CarModel, wanted: FloatArray) -> BoolArray:
    n_slots = len(wanted)
    sun = np.maximum(problem.pv_kwh[:n_slots] - problem.load_kwh[:n_slots], 0.0)
    full_kwh = car.max_kw * problem.slot_h
    is_bought: BoolArray = np.maximum(wanted - sun, 0.0) >= BOUGHT_FRAC * full_kwh
    return is_bought


def _takes(
    problem: PlanProblem, car: CarModel, net: FloatArray, is_bought: BoolArray, wanted: FloatArray
) -> FloatArray:
    """Return what a car charges in each course [kWh, AC], until it is full."""
    n_slots = len(wanted)
    charger = Charger(car, problem.slot_h)
    fed = np.zeros(problem.n_slots) if car.fed_kwh is None else car.fed_kwh
    kept = np.where(fed[:n_slots] > EPS_KWH, charger.low_kwh, 0.0)
    takes = np.where(-net >= charger.low_kwh, np.minimum(-net, charger.high_kwh), kept)
    takes = np.where(is_bought, wanted, takes)
    there, slots = window_of(car, n_slots), np.arange(n_slots)
    takes *= (slots >= there.start) & (slots < there.stop)
    room_kwh = car.room_kwh / car.charge_efficiency_frac
    before = np.cumsum(takes, axis=1) - takes
    full: FloatArray = np.clip(room_kwh - before, 0.0, takes)
    return full
