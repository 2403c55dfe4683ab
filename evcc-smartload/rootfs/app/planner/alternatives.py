"""What else could be done, and what it would cost: the opposite decision, a rule less."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from domain.plan import Decision, OwnerRule, ReserveCost, RuleCost, WhatIf
from planner.dispatch import Dispatch, battery_soc, lacking_eur
from planner.outcome import NoPlanError
from planner.plan_problem import BatteryModel, CarModel, Flow, Pin, PlanProblem, Reserve
from planner.solved import Solve, Solved, counted_eur
from planner.task import PlanTask

# What moves less in a slot does not count as a decision [kWh].
_MOVES_KWH = 1e-3
_DAY_H = 24.0


# -- the opposite decision for the present slot --------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alternative:
    """The opposite of what is decided about a device, as what would have to happen."""

    device: str
    decision: Decision
    opposite: Decision
    pin: Pin
    holds: int
    """For how many slots the decision stays."""


def what_ifs(solved: Solved, solve: Solve) -> tuple[WhatIf, ...]:
    """Return for each device what the opposite decision now would cost more.

    Both plans count what deviating from the last plan costs, for that is what was decided by, and
    both have all that comes later open. A device without another choice (a full battery, a car that
    is done) is left out, and so is one whose decision was weighed over several courses and seems
    dearer on the expected one alone.
    """
    task, memory = solved.task, solved.memory
    base_eur = solved.counted_eur
    if solved.pins:
        try:
            base_eur = counted_eur(solve(solved.decided_now, memory), memory)
        except NoPlanError:
            return ()
    found = []
    for one in _alternatives(task.problem, solved.outcome.dispatch):
        try:
            other = solve(replace(task.problem, pins=(one.pin,)), memory)
        except NoPlanError:
            continue
        flow = _flow(other.dispatch, one.pin)
        if not one.pin.low_kwh - _MOVES_KWH <= flow <= one.pin.high_kwh + _MOVES_KWH:
            continue  # it could not be done, so there is no choice to price
        extra_eur = counted_eur(other, memory) - base_eur
        if solved.pins and extra_eur < 0.0:
            continue
        found.append(
            WhatIf(
                device=one.device,
                decision=one.decision,
                opposite=one.opposite,
                # Whoever is forced cannot be better off; what is below zero is the proof's gap.
                extra_eur=max(extra_eur, 0.0),
                holds_until=_end_of(task, one.holds),
            )
        )
    return tuple(found)


def _end_of(task: PlanTask, n_slots: int) -> datetime:
    return task.start + n_slots * task.slot


def _flow(dispatch: Dispatch, pin: Pin) -> float:
    flows = {
        Flow.CHARGE: dispatch.charge_kwh,
        Flow.DISCHARGE: dispatch.discharge_kwh,
        Flow.CAR: dispatch.car_kwh,
    }
    return float(flows[pin.flow][pin.index][pin.slot])


def _alternatives(problem: PlanProblem, dispatch: Dispatch) -> Iterator[_Alternative]:
    for index, battery in enumerate(problem.batteries):
        one = _other_way(problem, dispatch, index, battery)
        if one is not None:
            yield one
    for index, car in enumerate(problem.cars):
        another = _other_moment(problem, dispatch, index, car)
        if another is not None:
            yield another


def _other_way(
    problem: PlanProblem, dispatch: Dispatch, index: int, battery: BatteryModel
) -> _Alternative | None:
    charge, discharge = dispatch.charge_kwh[index], dispatch.discharge_kwh[index]
    decision = decision_of(float(charge[0]), float(discharge[0]))
    decisions = [decision_of(float(c), float(d)) for c, d in zip(charge, discharge, strict=True)]
    holds = next(
        (slot for slot, other in enumerate(decisions) if other is not decision), len(decisions)
    )
    opposite, pin = Decision.REST, Pin(flow=Flow.CHARGE, index=index, slot=0, low_kwh=0, high_kwh=0)
    if decision is Decision.DISCHARGE:
        pin = replace(pin, flow=Flow.DISCHARGE)
    elif decision is Decision.REST:
        active = _activity(problem, index, battery)
        if active is None:
            return None
        opposite, pin = active
    return _Alternative(
        device=battery.name, decision=decision, opposite=opposite, pin=pin, holds=holds
    )


def decision_of(charge_kwh: float, discharge_kwh: float) -> Decision:
    """Return what a battery does in a slot with these flows."""
    if charge_kwh > _MOVES_KWH:
        return Decision.CHARGE
    return Decision.DISCHARGE if discharge_kwh > _MOVES_KWH else Decision.REST


def _activity(
    problem: PlanProblem, index: int, battery: BatteryModel
) -> tuple[Decision, Pin] | None:
    """Return what a resting battery could do instead: serve the house, else charge."""
    net_kwh = float(problem.load_kwh[0] - problem.pv_kwh[0])
    stored = (battery.soc_kwh - battery.soc_min_kwh) * battery.discharge_efficiency_frac
    gives = min(net_kwh, stored, battery.discharge_max_kw * problem.slot_h)
    if gives > _MOVES_KWH:
        pin = Pin(flow=Flow.DISCHARGE, index=index, slot=0, low_kwh=gives, high_kwh=gives)
        return Decision.DISCHARGE, pin
    room = (battery.soc_max_kwh - battery.soc_kwh) / battery.charge_efficiency_frac
    takes = min(room, battery.charge_max_kw * problem.slot_h)
    takes = takes if battery.may_grid_charge else min(takes, max(-net_kwh, 0.0))
    if battery.taper:
        takes = min(takes, battery.taper[-1].charge_max_kw * problem.slot_h)
    if takes <= _MOVES_KWH:
        return None
    pin = Pin(flow=Flow.CHARGE, index=index, slot=0, low_kwh=takes, high_kwh=takes)
    return Decision.CHARGE, pin


def _other_moment(
    problem: PlanProblem, dispatch: Dispatch, index: int, car: CarModel
) -> _Alternative | None:
    """Return the other choice for a car that is there and whose owner has not decided."""
    is_there = car.arrival_slot <= 0 < car.deadline_slot
    is_decided = car.fixed_kwh is not None or float(car.surely_kwh(problem.n_slots)[0]) > 0.0
    if not is_there or is_decided or not car.ranges:
        return None
    charges = dispatch.car_kwh[index] > _MOVES_KWH
    holds = next((slot for slot, other in enumerate(charges) if other != charges[0]), len(charges))
    if charges[0]:
        pin = Pin(flow=Flow.CAR, index=index, slot=0, low_kwh=0.0, high_kwh=0.0)
        return _Alternative(
            device=car.name,
            decision=Decision.CHARGE,
            opposite=Decision.REST,
            pin=pin,
            holds=holds,
        )
    most = min(car.max_kw * problem.slot_h, car.room_kwh / car.charge_efficiency_frac)
    if most < max(car.ranges[0].low_kw * problem.slot_h, _MOVES_KWH):
        return None
    least = max(car.ranges[0].low_kw * problem.slot_h, _MOVES_KWH)
    pin = Pin(flow=Flow.CAR, index=index, slot=0, low_kwh=least, high_kwh=most)
    return _Alternative(
        device=car.name, decision=Decision.REST, opposite=Decision.CHARGE, pin=pin, holds=holds
    )


# -- a rule less ---------------------------------------------------------------------------------


def rule_costs(solved: Solved, solve: Solve) -> tuple[RuleCost, ...]:
    """Return what each rule of the owner costs in this plan, by doing without it.

    Compared are the cheapest plans that owe nothing to the last one.
    """
    problem, free = solved.task.problem, solved.free
    days = problem.n_slots * problem.slot_h / _DAY_H
    found = []
    for rule, device, relaxed in (
        *_buffer_relaxed(problem),
        *_batteries_relaxed(problem),
        *_cars_relaxed(problem),
        *_grid_relaxed(problem),
    ):
        try:
            other = solve(relaxed, None)
        except NoPlanError:
            continue
        base_eur = free.cost.total_eur
        if rule is OwnerRule.BUFFER:
            # Without the buffer its price is not paid either: only money is compared.
            base_eur -= _buffer_eur(problem, free.dispatch)
        eur = max(base_eur - other.cost.total_eur, 0.0)
        found.append(RuleCost(rule=rule, device=device, eur=eur, eur_per_day=eur / days))
    return tuple(found)


_Relaxed = Iterator[tuple[OwnerRule, str, PlanProblem]]


def _buffer_relaxed(problem: PlanProblem) -> _Relaxed:
    batteries = problem.batteries
    if any(_has_buffer(one) or one.cars_above_kwh > 0.0 for one in batteries):
        without = tuple(
            replace(one, reserve=_without_buffer(one.reserve), cars_above_kwh=0.0)
            for one in batteries
        )
        yield OwnerRule.BUFFER, "", replace(problem, batteries=without)


def _has_buffer(battery: BatteryModel) -> bool:
    return battery.reserve is not None and bool(battery.reserve.soc_kwh.any())


def _without_buffer(reserve: Reserve | None) -> Reserve | None:
    """Return what is left of a reserve: that the battery should be full for a while."""
    if reserve is None or reserve.full is None:
        return None
    return replace(reserve, soc_kwh=np.zeros_like(reserve.soc_kwh))


def _buffer_eur(problem: PlanProblem, dispatch: Dispatch) -> float:
    """Return what is missing of the buffers alone [EUR]."""
    eur = 0.0
    for index, battery in enumerate(problem.batteries):
        if battery.reserve is not None:
            soc = battery_soc(battery, dispatch, index)
            lacking = lacking_eur(battery.reserve, soc, problem.slot_h)
            eur += float(lacking[~battery.reserve.is_full_wanted].sum())
    return eur


def _batteries_relaxed(problem: PlanProblem) -> _Relaxed:
    batteries = problem.batteries
    for index, battery in enumerate(batteries):
        relaxed = {}
        if battery.soc_min_kwh > 0.0:
            relaxed[OwnerRule.MIN_SOC] = _emptier(battery)
        if not battery.may_grid_charge:
            relaxed[OwnerRule.NO_GRID_CHARGE] = replace(battery, may_grid_charge=True)
        if not battery.may_feed_cars and problem.cars:
            relaxed[OwnerRule.NO_BATTERY_TO_CAR] = replace(battery, may_feed_cars=True)
        for rule, other in relaxed.items():
            changed = (*batteries[:index], other, *batteries[index + 1 :])
            yield rule, battery.name, replace(problem, batteries=changed)


def _cars_relaxed(problem: PlanProblem) -> _Relaxed:
    for index, car in enumerate(problem.cars):
        if car.deadline_slot < problem.n_slots and car.fixed_kwh is None:
            later = replace(car, deadline_slot=problem.n_slots)
            changed = (*problem.cars[:index], later, *problem.cars[index + 1 :])
            yield OwnerRule.DEADLINE, car.name, replace(problem, cars=changed)


def _grid_relaxed(problem: PlanProblem) -> _Relaxed:
    if problem.import_max_kwh is not None:
        yield OwnerRule.IMPORT_LIMIT, "", replace(problem, import_max_kwh=None)
    if problem.export_max_kwh is not None:
        yield OwnerRule.EXPORT_LIMIT, "", replace(problem, export_max_kwh=None)


def _emptier(battery: BatteryModel) -> BatteryModel:
    """Return the battery without its lower limit, its energy worth what it was."""
    if not battery.terminal:
        return replace(battery, soc_min_kwh=0.0)
    first = battery.terminal[0]
    below = replace(first, width_kwh=first.width_kwh + battery.soc_min_kwh)
    return replace(battery, soc_min_kwh=0.0, terminal=(below, *battery.terminal[1:]))


def reserve_cost(
    task: PlanTask, dispatch: Dispatch, rules: tuple[RuleCost, ...]
) -> ReserveCost | None:
    """Return what the buffer costs in this plan; None where there is none.

    Args:
        task: What is planned.
        dispatch: The plan in use.
        rules: What each rule costs, the buffer among them.
    """
    wanted, short = np.zeros(dispatch.n_slots), np.zeros(dispatch.n_slots)
    price = None
    for index, battery in enumerate(task.problem.batteries):
        if battery.reserve is None or not _has_buffer(battery):
            continue
        price = battery.reserve.eur_per_kwh_h
        wanted += battery.reserve.soc_kwh
        soc = battery_soc(battery, dispatch, index)
        short += np.maximum(battery.reserve.soc_kwh - soc, 0.0)
    if price is None:
        return None
    cost = next((one for one in rules if one.rule is OwnerRule.BUFFER), None)
    return ReserveCost(
        soc_kwh=tuple(wanted.tolist()),
        eur_per_kwh_h=price,
        eur=0.0 if cost is None else cost.eur,
        eur_per_day=0.0 if cost is None else cost.eur_per_day,
        short_kwh=float(short.max()),
    )
