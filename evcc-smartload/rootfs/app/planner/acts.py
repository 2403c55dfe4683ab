"""What evcc's levers can make of a battery in a slot, and what then flows."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from planner.bounds import idle_kwh
from planner.model import Memory
from planner.plan_problem import BatteryModel, Flow, Pin, PlanProblem

# What a solver leaves between two bounds.
_SLACK_KWH = 1e-6
# A plan that moves less in a slot does nothing in it.
_IDLE_KWH = 0.01


class Act(IntEnum):
    """What evcc's levers can make of a battery."""

    SERVE = 0
    """Store the sun and serve the house, as it does by itself."""
    KEEP = 1
    LEAVE_SUN = 2
    BUY = 3


class Moved(NamedTuple):
    """What flows in a slot [kWh, AC]; one of the two is 0."""

    charge_kwh: float
    discharge_kwh: float


def usable_kwh(battery: BatteryModel) -> float:
    """Return what lies between the lowest and the highest state of charge."""
    return battery.soc_max_kwh - battery.soc_min_kwh


class Slots:
    """The slots of a home with one battery, of which acts make flows."""

    def __init__(self, problem: PlanProblem) -> None:
        """Look at ``problem``, on the course that is expected."""
        battery, limit = problem.batteries[0], problem.import_max_kwh
        self._battery = battery
        self._usable_kwh = usable_kwh(battery)
        self._most_in_kwh = battery.charge_max_kw * problem.slot_h
        self._most_out_kwh = battery.discharge_max_kw * problem.slot_h
        self._net_kwh: list[float] = idle_kwh(problem).tolist()
        self._served_kwh: list[float] = problem.served_kwh.tolist()
        self._limit_kwh: list[float] = (
            [np.inf] * problem.n_slots if limit is None else limit.tolist()
        )

    def is_overloaded(self, slot: int) -> bool:
        """Whether more is needed in a slot than the fuse lets in: the battery has to help."""
        return self._net_kwh[slot] > self._limit_kwh[slot]

    def moved(self, act: Act, slot: int, stored_kwh: float) -> Moved:
        """Return what an act lets flow in a slot that begins with so much usable energy."""
        battery, net_kwh = self._battery, self._net_kwh[slot]
        room_kwh = (self._usable_kwh - stored_kwh) / battery.charge_efficiency_frac
        takes_kwh = max(min(room_kwh, self._most_in_kwh), 0.0)
        if act is Act.BUY:
            left_kwh = max(self._limit_kwh[slot] - net_kwh, 0.0)
            return Moved(min(takes_kwh, left_kwh), 0.0)
        out_kwh = min(stored_kwh * battery.discharge_efficiency_frac, self._most_out_kwh)
        gives_kwh = max(min(net_kwh, out_kwh, self._served_kwh[slot]), 0.0)
        return Moved(
            0.0 if act is Act.LEAVE_SUN else max(min(-net_kwh, takes_kwh), 0.0),
            0.0 if act is Act.KEEP else gives_kwh,
        )

    def stored_after(self, stored_kwh: float, moved: Moved) -> float:
        """Return how much usable energy is stored after a slot."""
        battery = self._battery
        after_kwh = (
            stored_kwh
            + moved.charge_kwh * battery.charge_efficiency_frac
            - moved.discharge_kwh / battery.discharge_efficiency_frac
        )
        return min(max(after_kwh, 0.0), self._usable_kwh)


def stored_now_kwh(battery: BatteryModel) -> float:
    """Return how much of what is stored may be used; more than fits counts as what fits."""
    return min(max(battery.soc_kwh - battery.soc_min_kwh, 0.0), usable_kwh(battery))


def pins_of(moved: Moved, slot: int, *, may_leave_sun: bool = False) -> tuple[Pin, Pin]:
    """Return what holds a plan to these flows of its first battery.

    With ``may_leave_sun`` it may charge less: a car may have the sun.
    """
    charge_kwh, discharge_kwh = moved
    least_kwh = 0.0 if may_leave_sun else max(charge_kwh - _SLACK_KWH, 0.0)
    return (
        Pin(flow=Flow.CHARGE, index=0, slot=slot, low_kwh=least_kwh, high_kwh=charge_kwh),
        Pin(
            flow=Flow.DISCHARGE,
            index=0,
            slot=slot,
            low_kwh=max(discharge_kwh - _SLACK_KWH, 0.0),
            high_kwh=discharge_kwh,
        ),
    )


def act_told(last: Memory | None, slot: int) -> Act | None:
    """Return what the last plan wanted of its first battery in a slot.

    None where there is none, it does not reach, or every act would have been the same.
    """
    if last is None or slot >= last.reach:
        return None
    net_kwh = float(last.net_kwh[slot])
    if float(last.charge_kwh[0][slot]) > max(-net_kwh, 0.0) + _IDLE_KWH:
        return Act.BUY
    if float(last.discharge_kwh[0][slot]) > _IDLE_KWH:
        return Act.SERVE
    return Act.KEEP if net_kwh > _IDLE_KWH else None
