"""What the last plan wanted, moved on to the slots of the next one."""

import numpy as np

from planner.dispatch import Dispatch
from planner.model import Memory
from planner.plan_problem import FloatArray
from planner.task import PlanTask

# What a kWh costs that is planned otherwise than the last time [EUR/kWh]: half a cent for 2.5 kWh
# moved. A plan changes when the change pays more than that.
MEMORY_EUR_PER_KWH = 0.002


def moved_on(values: FloatArray, passed: int, n_slots: int) -> FloatArray:
    """Return a series of the last plan from slot ``passed`` on, with zeros where it ends."""
    kept = values[passed:][:n_slots]
    moved: FloatArray = np.concatenate([kept, np.zeros(n_slots - len(kept))])
    return moved


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
    n = task.problem.n_slots

    def all_moved(flows: tuple[FloatArray, ...]) -> tuple[FloatArray, ...]:
        return tuple(moved_on(values, passed, n) for values in flows)

    return Memory(
        charge_kwh=all_moved(dispatch.charge_kwh),
        discharge_kwh=all_moved(dispatch.discharge_kwh),
        car_kwh=all_moved(dispatch.car_kwh),
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
