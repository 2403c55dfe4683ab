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
mind in every slot. And what the last plan told of a slot is kept until that has cost more than next
to nothing, in one slot or added up over some of them.

Source: Chong, E., Givan, R., Chang, H. S. (2000), A framework for simulation-based network control
via hindsight optimization, IEEE CDC.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from domain.horizon import SLOT_H
from planner.acts import Act, Slots, act_told, pins_of, stored_now_kwh, usable_kwh
from planner.cost_ahead import FAR_SLOTS, cost_ahead
from planner.hedge_cars import Left, with_cars
from planner.model import Memory
from planner.plan_problem import FloatArray, Pin, PlanProblem
from planner.task import PlanTask

# What departing from self-use has to bring in a slot, on average over the courses.
MARGIN_EUR = 0.0002
# What keeping to what was told may cost in all, before it is given up.
STAY_EUR = 0.002
# For so long it is decided what will be done.
_AHEAD_SLOTS = 32
_LEAST_KWH = 1e-6


class Hedged(NamedTuple):
    """What was decided before a plan is made.

    ``task`` has the next hours decided, ``gain_eur`` is what that saves on average against serving,
    and ``owed_eur`` what it has cost so far to keep to what was told.
    """

    task: PlanTask
    gain_eur: float = 0.0
    owed_eur: float = 0.0


def hedged(
    task: PlanTask, net_kwh: FloatArray | None, last: Memory | None, *, owed_eur: float = 0.0
) -> Hedged:
    """Return the task with the next hours decided.

    As it is, with a saving of 0, where nothing can be weighed: without courses, where hardly
    anything is ahead, where the owner wants the battery full, with batteries that share or that can
    store nothing, and with cars that are not told enough of (``planner.hedge_cars``).

    Args:
        task: What is to be planned.
        net_kwh: Load less PV in each course, shape (n_courses, n_slots); None: not known.
        last: What the last plan wants in these slots; None: there is none.
        owed_eur: What was returned the last time.
    """
    problem = task.problem
    if net_kwh is None or not _is_alone(problem) or problem.slot_h != SLOT_H:
        return Hedged(task)
    left = with_cars(task, net_kwh[:, : problem.n_slots], last)
    if left is None or left.net_kwh.shape[1] <= FAR_SLOTS:
        return Hedged(task)
    return _decided(task, left, last, owed_eur)


def _is_alone(problem: PlanProblem) -> bool:
    """Tell whether one battery is all there is to decide on, besides cars."""
    if len(problem.batteries) != 1 or problem.pins:
        return False
    battery = problem.batteries[0]
    wants_full = battery.reserve is not None and battery.reserve.full is not None
    can_store = usable_kwh(battery) > _LEAST_KWH
    return can_store and not (battery.taper or battery.may_export or wants_full)


def _decided(task: PlanTask, left: Left, last: Memory | None, owed_eur: float) -> Hedged:
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
        act, owed_then_eur = chosen_of(eur, act_told(last, begin), owed_eur if step == 0 else 0.0)
        if step == 0:
            # Later slots are decided again before they come.
            owed_eur = owed_then_eur
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
    return Hedged(replace(task, problem=replace(problem, pins=tuple(pins))), gain_eur, owed_eur)


class Chosen(NamedTuple):
    """An act, and what it has cost so far to keep to what was told [EUR]."""

    act: Act
    owed_eur: float = 0.0


def chosen_of(eur: Mapping[Act, float], told: Act | None, owed_eur: float = 0.0) -> Chosen:
    """Return the cheapest act, if it is worth departing from what else would be done.

    Args:
        eur: What each act costs on average.
        told: What the last plan said; None: it said nothing.
        owed_eur: What it has cost so far to keep to what was told.
    """
    cheapest = min(eur, key=lambda act: eur[act])
    if eur[cheapest] >= eur[Act.SERVE] - MARGIN_EUR:
        cheapest = Act.SERVE
    if told is None or told is cheapest or told not in eur:
        return Chosen(cheapest)
    owed_eur += max(eur[told] - eur[cheapest], 0.0)
    return Chosen(told, owed_eur) if owed_eur < STAY_EUR else Chosen(cheapest)
