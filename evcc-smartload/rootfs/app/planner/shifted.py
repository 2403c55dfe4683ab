"""The last plan moved on, slot by slot as far as the home of now still allows it."""

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
    for slot in range(problem.n_slots):
        charging = sum(course[slot] for course in cars)
        left_kwh, need_kwh = surplus[slot] - charging, max(-surplus[slot], 0.0)
        for index, (battery, state) in enumerate(zip(problem.batteries, states, strict=True)):
            if slot < memory.reach:
                wished = (
                    float(memory.charge_kwh[index][slot]),
                    float(memory.discharge_kwh[index][slot]),
                )
            else:
                wished = max(left_kwh, 0.0), max(-left_kwh, 0.0)
            charge_kwh, discharge_kwh = _battery_move(
                battery, state, wished, left_kwh, need_kwh if charging > EPS_KWH else None
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


def _battery_move(
    battery: BatteryModel,
    state: BatteryState,
    wished: tuple[float, float],
    left_kwh: float,
    need_kwh: float | None,
) -> tuple[float, float]:
    """Return what the battery charges and discharges; one of the two is zero.

    Args:
        battery: Its limits and rules.
        state: Where it stands.
        wished: What it should charge and discharge [kWh].
        left_kwh: What sun, house, cars and the batteries before it leave over; negative: need.
        need_kwh: What the house alone still needs; None while no car charges.
    """
    charge_kwh, discharge_kwh = wished
    if charge_kwh > EPS_KWH:
        most_kwh = state.most_charge_kwh()
        if not battery.may_grid_charge:
            most_kwh = min(most_kwh, max(left_kwh, 0.0))
        return min(charge_kwh, most_kwh), 0.0
    most_kwh = state.most_discharge_kwh()
    if not battery.may_export:
        most_kwh = min(most_kwh, max(-left_kwh, 0.0))
    discharge_kwh = min(discharge_kwh, most_kwh)
    if need_kwh is not None and discharge_kwh > need_kwh:
        after_kwh = state.soc_kwh - discharge_kwh / battery.discharge_efficiency_frac
        is_allowed = battery.may_feed_cars and after_kwh >= battery.cars_above_kwh
        discharge_kwh = discharge_kwh if is_allowed else need_kwh
    return 0.0, discharge_kwh
