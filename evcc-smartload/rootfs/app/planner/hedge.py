"""What the battery should do in the next hours, weighed over several courses of what may come.

A plan is made for one course. What it holds back for a dear evening, or buys for it, is worth
little when the sun comes after all, and is sold then for what feed-in pays. So before a plan is
made, each thing that evcc's levers can do in the running slot is followed over several courses:
what it costs now, and what the best use of the energy that is then stored costs in each of them
(``planner/cost_ahead.py``).

Within a course everything is known, which makes keeping energy a little too good; so departing
from what the battery does by itself has to earn a margin.

What will be decided in the coming hours, if all comes as expected, is decided in the same way and
stands in the plan: it would say otherwise what nobody will do when the time comes, and change its
mind in every slot. And what the last plan told of a slot is kept as long as nothing else is better
by more than next to nothing.

Source: Chong, E., Givan, R., Chang, H. S. (2000), A framework for simulation-based network control
via hindsight optimization, IEEE CDC.
"""

from collections.abc import Mapping
from dataclasses import replace

from domain.horizon import SLOT_H
from planner.acts import Act, Slots, act_told, pins_of, stored_now_kwh, usable_kwh
from planner.cost_ahead import FAR_SLOTS, cost_ahead
from planner.hedge_cars import Left, with_cars
from planner.model import Memory
from planner.plan_problem import FloatArray, Pin, PlanProblem
from planner.task import PlanTask

# What departing from self-use has to bring in a slot, on average over the courses.
MARGIN_EUR = 0.0002
# What departing from the last plan has to bring in a slot.
STAY_EUR = 0.003
# For so long it is decided what will be done.
_AHEAD_SLOTS = 32
_LEAST_KWH = 1e-6


def hedged(
    task: PlanTask, net_kwh: FloatArray | None, last: Memory | None
) -> tuple[PlanTask, float]:
    """Return the task with the next hours decided, and what that saves against serving [EUR].

    As it is, with a saving of 0, where nothing can be weighed: without courses, where hardly
    anything is ahead, where the owner wants the battery full, with batteries that share or that can
    store nothing, and with cars that are not told enough of (``planner.hedge_cars``).

    Args:
        task: What is to be planned.
        net_kwh: Load less PV in each course, shape (n_courses, n_slots); None: not known.
        last: What the last plan wants in these slots; None: there is none.
    """
    problem = task.problem
    if net_kwh is None or not _is_alone(problem) or problem.slot_h != SLOT_H:
        return task, 0.0
    left = with_cars(task, net_kwh[:, : problem.n_slots], last)
    if left is None or left.net_kwh.shape[1] <= FAR_SLOTS:
        return task, 0.0
    pins, gain_eur = _decided(task, left, last)
    return replace(task, problem=replace(problem, pins=pins)), gain_eur


def _is_alone(problem: PlanProblem) -> bool:
    """Tell whether one battery is all there is to decide on, besides cars."""
    if len(problem.batteries) != 1 or problem.pins:
        return False
    battery = problem.batteries[0]
    wants_full = battery.reserve is not None and battery.reserve.full is not None
    can_store = usable_kwh(battery) > _LEAST_KWH
    return can_store and not (battery.taper or battery.may_export or wants_full)


def _decided(task: PlanTask, left: Left, last: Memory | None) -> tuple[tuple[Pin, ...], float]:
    """Return what is decided of the next hours, and what it saves on average [EUR]."""
    problem = task.problem
    stored_kwh = stored_now_kwh(problem.batteries[0])
    costs = cost_ahead(
        problem, left.net_kwh, start=task.start, stored_kwh=stored_kwh, near_slots=_AHEAD_SLOTS
    )
    slots, has_cars = Slots(problem), bool(problem.cars)
    pins: list[Pin] = []
    gain_eur, begin = 0.0, 0
    for step, end in enumerate(costs.ends):
        eur = costs.eur(step, stored_kwh)
        act = best_of(eur, act_told(last, begin), n_slots=end - begin)
        gain_eur += eur[Act.SERVE] - eur[act]
        for slot in range(begin, end):
            if left.is_held[slot]:
                continue
            moved = slots.moved(act, slot, stored_kwh)
            stored_kwh = slots.stored_after(stored_kwh, moved)
            if not slots.is_overloaded(slot):
                # Later a car may have the sun that the battery would store.
                pins += pins_of(moved, slot, may_leave_sun=has_cars and slot > 0)
        begin = end
    return tuple(pins), gain_eur


def best_of(eur: Mapping[Act, float], told: Act | None, *, n_slots: int = 1) -> Act:
    """Return the cheapest act, if it is worth departing from what else would be done.

    Args:
        eur: What each act costs on average.
        told: What the last plan said; None: it said nothing.
        n_slots: For how long it is done.
    """
    cheapest = min(eur, key=lambda act: eur[act])
    if eur[cheapest] >= eur[Act.SERVE] - MARGIN_EUR * n_slots:
        cheapest = Act.SERVE
    is_as_good = told is not None and told in eur and eur[told] - eur[cheapest] < STAY_EUR * n_slots
    return told if told is not None and is_as_good else cheapest
