"""What a plan does, as stretches of time: slots in which a device does the same are one action."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import numpy as np

from domain.plan import Fact, PlannedAction, Reason, ReasonCode
from planner.dispatch import Dispatch
from planner.plan_problem import FloatArray, PlanProblem
from planner.reasons_scene import energy_of, price_of

_NOTHING_HAPPENS = frozenset(
    {
        ReasonCode.BATTERY_IS_EMPTY,
        ReasonCode.BATTERY_IS_FULL,
        ReasonCode.BATTERY_RESTS,
        ReasonCode.CAR_WAITS,
        ReasonCode.CAR_IS_DONE,
    }
)
# They hold for one slot only; over a stretch they are left out where the slots differ.
_OF_ONE_SLOT = ("of", "until", "value", "reserve_kwh", "limit_kw", "wish", "source", "kept_value")
_FORECAST_MARKS = ("is_forecast", "rank_is_forecast", "for_is_forecast")


def actions_of(
    reasons: Sequence[Sequence[Reason]],
    problem: PlanProblem,
    dispatch: Dispatch,
    *,
    start: datetime,
    slot: timedelta,
) -> tuple[PlannedAction, ...]:
    """Return what is done, sorted by its beginning, then by the device's name.

    Slots in a row in which a device has the same code are one action with the reason of the
    first; its prices are told as ``price_from`` and ``price_to`` (``export_price_from`` and
    ``_to``), ``saves_per_kwh`` and ``for_price`` are means by energy, what is not the same in all
    slots is left out; ``rank`` is that of the dearest slot. Resting, waiting and being full, empty
    or done are no actions. Keeping is one that moves nothing.
    """
    flows = _flows(problem, dispatch)
    found: list[PlannedAction] = []
    for first, members in _stretches(reasons):
        reason = members[0]
        moved = flows.get(reason.device)
        kwh = _moved_kwh(moved, reason.code, first, len(members))
        found.append(
            PlannedAction(
                start=start + first * slot,
                end=start + (first + len(members)) * slot,
                kwh=energy_of(kwh.sum()),
                reason=_merged(members, kwh),
            )
        )
    return tuple(sorted(found, key=lambda action: (action.start, action.reason.device)))


def next_actions(
    actions: Iterable[PlannedAction], now: datetime, count: int = 3
) -> tuple[PlannedAction, ...]:
    """Return the first ``count`` actions that begin after ``now``."""
    coming = (action for action in actions if action.start > now)
    return tuple(sorted(coming, key=lambda action: (action.start, action.reason.device))[:count])


def _flows(problem: PlanProblem, dispatch: Dispatch) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return by device what goes in and out; the sun, without a name, is turned down."""
    flows = {"": (dispatch.curtail_kwh, dispatch.curtail_kwh)}
    for index, battery in enumerate(problem.batteries):
        flows[battery.name] = (dispatch.charge_kwh[index], dispatch.discharge_kwh[index])
    for index, car in enumerate(problem.cars):
        flows[car.name] = (dispatch.car_kwh[index], dispatch.car_kwh[index])
    return flows


_GIVES = frozenset(
    {
        ReasonCode.BATTERY_SERVES_HOUSE,
        ReasonCode.BATTERY_SERVES_CAR,
        ReasonCode.BATTERY_SELLS,
    }
)


def _moved_kwh(
    moved: tuple[FloatArray, FloatArray] | None, code: ReasonCode, first: int, n_slots: int
) -> FloatArray:
    if moved is None or code is ReasonCode.BATTERY_KEEPS:
        return np.zeros(n_slots)
    return moved[1 if code in _GIVES else 0][first : first + n_slots]


def _stretches(reasons: Sequence[Sequence[Reason]]) -> list[tuple[int, list[Reason]]]:
    """Return (first slot, its reasons) of each stretch in which something happens."""
    found: list[tuple[int, list[Reason]]] = []
    running: dict[str, tuple[int, list[Reason]]] = {}
    for slot, row in enumerate(reasons):
        going_on: dict[str, tuple[int, list[Reason]]] = {}
        for reason in row:
            if reason.code in _NOTHING_HAPPENS:
                continue
            stretch = running.get(reason.device)
            if stretch is None or stretch[1][0].code is not reason.code:
                stretch = (slot, [])
                found.append(stretch)
            stretch[1].append(reason)
            going_on[reason.device] = stretch
        running = going_on
    return found


def _merged(members: list[Reason], kwh: FloatArray) -> Reason:
    first = members[0]
    if len(members) == 1:
        return first
    facts: dict[str, Fact] = dict(first.facts)
    for name in _OF_ONE_SLOT:
        if any(member.facts.get(name) != first.facts.get(name) for member in members):
            facts.pop(name, None)
    for name in ("price", "export_price"):
        facts |= _range(members, name)
    for name in ("saves_per_kwh", "for_price"):
        facts |= _mean(members, name, kwh)
    facts |= _purpose_span(members)
    for mark in _FORECAST_MARKS:
        if any(member.facts.get(mark) for member in members):
            facts[mark] = 1
    _rank_dearest(members, facts)
    if "kwh" in facts:
        facts["kwh"] = energy_of(kwh.sum())
    return Reason(code=first.code, device=first.device, facts=facts)


def _numbers(members: Iterable[Reason], name: str) -> list[float]:
    told = (member.facts.get(name) for member in members)
    return [float(number) for number in told if isinstance(number, float | int)]


def _range(members: list[Reason], name: str) -> dict[str, Fact]:
    prices = _numbers(members, name)
    if not prices or min(prices) == max(prices):
        return {}
    return {f"{name}_from": min(prices), f"{name}_to": max(prices)}


def _rank_dearest(members: list[Reason], facts: dict[str, Fact]) -> None:
    """Put the highest rank into ``facts``, none where not all are ranked among the same slots."""
    ranks = _numbers(members, "rank")
    if len(ranks) == len(members) and "of" in facts and "until" in facts:
        facts["rank"] = int(max(ranks))
        return
    for name in ("rank", "of", "rank_is_forecast"):
        facts.pop(name, None)


def _mean(members: list[Reason], name: str, kwh: FloatArray) -> dict[str, Fact]:
    """Return the mean of a fact that all members have, weighted by what they move."""
    numbers = _numbers(members, name)
    if len(numbers) < len(members):
        return {}
    weights = kwh if kwh.sum() > 0.0 else np.ones(len(members))
    return {name: price_of(np.average(numbers, weights=weights))}


def _purpose_span(members: list[Reason]) -> dict[str, Fact]:
    """Return from when to when the energy of all members is used."""
    spans = [
        (str(member.facts["for_from"]), str(member.facts["for_until"]))
        for member in members
        if "for_from" in member.facts and "for_until" in member.facts
    ]
    if not spans:
        return {}
    # All instants are UTC and written the same way, so their order is that of their texts.
    return {
        "for_from": min(first for first, _ in spans),
        "for_until": max(last for _, last in spans),
    }
