"""The last plan moved on, slot by slot as far as the home of now still allows it."""

from typing import NamedTuple

from planner.dispatch import Dispatch
from planner.model import Memory
from planner.plan_problem import BatteryModel, CarModel, PlanProblem
from planner.slot_physics import EPS_KWH, BatteryState, Charger, settled, window_of


def shifted_dispatch(problem: PlanProblem, memory: Memory) -> Dispatch:
    """Return what the last plan wanted, within the limits of ``problem``.

    Where the last plan does not reach, batteries serve the house and store what is left of the
    sun. Physics and the owner's rules hold.

    Args:
        problem: The home of now.
        memory: The last plan in its slots.
    """
    cars = [_car_course(problem, index, car, memory) for index, car in enumerate(problem.cars)]
    states = [BatteryState(battery, problem.slot_h) for battery in problem.batteries]
    surplus = (problem.pv_kwh - problem.load_kwh).tolist()
    # What one battery buys or sells, another must not: then none does.
    may = _Grid(
        buy=all(battery.may_grid_charge for battery in problem.batteries),
        sell=all(battery.may_export for battery in problem.batteries),
    )
    for slot in range(problem.n_slots):
        charging = sum(course[slot] for course in cars)
        left_kwh, need_kwh = surplus[slot] - charging, max(-surplus[slot], 0.0)
        feeds = all(map(_may_feed_now, problem.batteries, states))
        for index, state in enumerate(states):
            if slot < memory.reach:
                wished = (
                    float(memory.charge_kwh[index][slot]),
                    float(memory.discharge_kwh[index][slot]),
                )
            else:
                wished = max(left_kwh, 0.0), max(-left_kwh, 0.0)
            is_kept = charging > EPS_KWH and not feeds
            house_kwh = need_kwh if is_kept else None
            charge_kwh, discharge_kwh = _battery_move(
                state, may, wished, _Left(kwh=left_kwh, need_kwh=house_kwh)
            )
            state.move(charge_kwh, discharge_kwh)
            left_kwh += discharge_kwh - charge_kwh
            need_kwh = max(need_kwh - discharge_kwh, 0.0)
    return settled(
        problem,
        [state.charged for state in states],
        [state.discharged for state in states],
        cars,
    )


def _car_course(problem: PlanProblem, index: int, car: CarModel, memory: Memory) -> list[float]:
    """Return what the car charges in each slot: as planned, within its window and its room."""
    if car.fixed_kwh is not None:
        return [float(kwh) for kwh in car.fixed_kwh]
    charger, window = Charger(car, problem.slot_h), window_of(car, problem.n_slots)
    room_kwh = car.room_kwh / car.charge_efficiency_frac
    course = []
    for slot in range(problem.n_slots):
        wished = float(memory.car_kwh[index][slot]) if slot < memory.reach else 0.0
        kwh = 0.0
        if slot in window and wished > EPS_KWH:
            kwh = charger.within_room(wished, room_kwh, is_last=slot == window[-1])
        room_kwh -= kwh
        course.append(kwh)
    return course


class _Grid(NamedTuple):
    """Whether batteries may buy and sell."""

    buy: bool
    sell: bool


class _Left(NamedTuple):
    """What a slot leaves for a battery [kWh].

    ``kwh`` is what sun, house, cars and the batteries before it leave over; negative: need.
    ``need_kwh`` is what the house alone still needs where cars get nothing from batteries, else
    None.
    """

    kwh: float
    need_kwh: float | None


def _may_feed_now(battery: BatteryModel, state: BatteryState) -> bool:
    """Return whether a car may be charged from it, however much it gives in this slot."""
    given_kwh = state.most_discharge_kwh() / battery.discharge_efficiency_frac
    return battery.may_feed_cars and state.soc_kwh - given_kwh >= battery.cars_above_kwh


def _battery_move(
    state: BatteryState,
    may: _Grid,
    wished: tuple[float, float],
    left: _Left,
) -> tuple[float, float]:
    """Return what the battery charges and discharges [kWh]; one of the two is zero."""
    charge_kwh, discharge_kwh = wished
    if charge_kwh > EPS_KWH:
        most_kwh = state.most_charge_kwh()
        if not may.buy:
            most_kwh = min(most_kwh, max(left.kwh, 0.0))
        return min(charge_kwh, most_kwh), 0.0
    most_kwh = state.most_discharge_kwh()
    if not may.sell:
        most_kwh = min(most_kwh, max(-left.kwh, 0.0))
    if left.need_kwh is not None:
        most_kwh = min(most_kwh, left.need_kwh)
    return 0.0, min(discharge_kwh, most_kwh)
