"""What the last plan wanted, moved on to the slots of the next one."""

from dataclasses import replace

import numpy as np

from planner.dispatch import Dispatch
from planner.model import Memory
from planner.plan_problem import CarModel, FloatArray, series
from planner.task import PlanTask

# What a kWh costs that is planned otherwise than the last time [EUR/kWh]: half a cent for 2.5 kWh
# moved. A plan changes when the change pays more than that.
MEMORY_EUR_PER_KWH = 0.002


def moved_on(values: FloatArray, passed: int, n_slots: int) -> FloatArray:
    """Return a series of the last plan from slot ``passed`` on, with zeros where it ends."""
    kept = values[passed:][:n_slots]
    moved: FloatArray = np.concatenate([kept, np.zeros(n_slots - len(kept))])
    return moved


def car_later(car: CarModel, *, soc_kwh: float, passed: int, n_slots: int) -> CarModel:
    """Return the car ``passed`` slots later, charged to ``soc_kwh`` by then.

    Args:
        car: As it was; what it charged since comes off the first pieces of its wish.
        soc_kwh: What is stored now, not less than before.
        passed: How many slots have passed.
        n_slots: Of the horizon it gets.
    """
    charged_kwh, wish = soc_kwh - car.soc_kwh, []
    for piece in car.wish:
        taken_kwh = min(charged_kwh, piece.width_kwh)
        charged_kwh -= taken_kwh
        wish.append(replace(piece, width_kwh=piece.width_kwh - taken_kwh))

    def later(kwh: FloatArray | None) -> FloatArray | None:
        return None if kwh is None else series(moved_on(kwh, passed, n_slots))

    return replace(
        car,
        soc_kwh=soc_kwh,
        arrival_slot=max(car.arrival_slot - passed, 0),
        deadline_slot=max(car.deadline_slot - passed, 0),
        wish=tuple(wish),
        fixed_kwh=later(car.fixed_kwh),
        least_kwh=later(car.least_kwh),
        fed_kwh=later(car.fed_kwh),
    )


def memory_of(
    last: PlanTask,
    dispatch: Dispatch,
    task: PlanTask,
    *,
    eur_per_kwh: float = MEMORY_EUR_PER_KWH,
) -> Memory | None:
    """Return what ``dispatch`` of the last task wanted in the slots of ``task``.

    None when nothing can be compared: other slots, other batteries or other cars.
    """
    passed = last.slots_until(task.start)
    is_same_home = [one.name for one in last.batteries] == [one.name for one in task.batteries]
    is_same_home &= [one.name for one in last.cars] == [one.name for one in task.cars]
    if passed is None or not is_same_home or last.slot != task.slot:
        return None
    n, before = task.problem.n_slots, last.problem
    net_kwh = sum(dispatch.car_kwh, before.load_kwh - before.pv_kwh)

    def all_moved(flows: tuple[FloatArray, ...]) -> tuple[FloatArray, ...]:
        return tuple(moved_on(values, passed, n) for values in flows)

    return Memory(
        charge_kwh=all_moved(dispatch.charge_kwh),
        discharge_kwh=all_moved(dispatch.discharge_kwh),
        car_kwh=all_moved(dispatch.car_kwh),
        net_kwh=moved_on(net_kwh, passed, n),
        reach=min(last.problem.n_slots - passed, n),
        eur_per_kwh=eur_per_kwh,
    )


def moved_kwh(memory: Memory, dispatch: Dispatch) -> float:
    """Return how much energy ``dispatch`` plans otherwise than before [kWh]."""
    pairs = (
        *zip(memory.charge_kwh, dispatch.charge_kwh, strict=True),
        *zip(memory.discharge_kwh, dispatch.discharge_kwh, strict=True),
        *zip(memory.car_kwh, dispatch.car_kwh, strict=True),
    )
    reach = memory.reach
    return float(sum(np.abs(now[:reach] - before[:reach]).sum() for before, now in pairs))


def deviation_eur(memory: Memory | None, dispatch: Dispatch) -> float:
    """Return what ``dispatch`` counts for deviating from the last plan [EUR]."""
    return 0.0 if memory is None else memory.eur_per_kwh * moved_kwh(memory, dispatch)
