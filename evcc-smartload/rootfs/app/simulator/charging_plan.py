"""Charging plans as the simulated evcc lays them: which slots before the target are used.

The cheapest slots up to the target are chosen, the later of two equally cheap ones first. Without
prices, and for continuous plans, the plan is the latest stretch that still reaches the target.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.tariff import Rate

_DAYS_OF_A_WEEK = 7


class PlanSlot(NamedTuple):
    """A stretch of a plan; the price is 0 when none is known."""

    start: datetime
    end: datetime
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanGoal:
    """What a plan wants: a SoC [%] or an energy [kWh] at an instant; ``number`` counts from 1."""

    number: int
    time: datetime
    soc_pct: float = 0.0
    energy_kwh: float = 0.0
    continuous: bool = False
    precondition: timedelta = timedelta(0)


def cheapest_first(rates: Iterable[Rate]) -> list[Rate]:
    """Return rates that do not overlap in the order in which plans use them."""
    return sorted(rates, key=lambda rate: (rate.price_eur_per_kwh, -rate.start.timestamp()))


def lay_plan(
    rates: Iterable[Rate], now: datetime, goal: PlanGoal, need: timedelta
) -> list[PlanSlot]:
    """Return the stretches in which to charge at full power for ``need``, earliest first.

    Args:
        rates: Known prices, the cheapest first.
        now: Nothing is planned before.
        goal: Nothing is planned after its time.
        need: How long full power is wanted.
    """
    need = min(need, goal.time - now)
    if need <= timedelta(0):
        return []
    tail = min(goal.precondition, need)
    head = need - tail
    end = goal.time - tail
    slots = [] if goal.continuous else _cheapest(rates, now, end, head)
    if not slots and head > timedelta(0):
        slots = [PlanSlot(end - head, end, 0.0)]
    if tail > timedelta(0):
        slots.append(PlanSlot(end, goal.time, 0.0))
    return slots


def is_planned(slots: Sequence[PlanSlot], now: datetime) -> bool:
    """Return whether the plan charges at ``now``."""
    return any(slot.start <= now < slot.end for slot in slots)


def next_repetition(plan: dict[str, object], now: datetime) -> datetime | None:
    """Return the next instant of a repeating plan; None when it has no weekday."""
    zone = ZoneInfo(str(plan["tz"]))
    weekdays = plan["weekdays"]
    hour, minute = (int(part) for part in str(plan["time"]).split(":"))
    local = now.astimezone(zone).replace(hour=hour, minute=minute, second=0, microsecond=0)
    for days in range(_DAYS_OF_A_WEEK + 1):
        candidate = local + timedelta(days=days)
        sunday_first = (candidate.weekday() + 1) % _DAYS_OF_A_WEEK
        is_wanted = isinstance(weekdays, list) and sunday_first in weekdays
        if is_wanted and candidate.astimezone(UTC) > now:
            return candidate.astimezone(UTC)
    return None


def _cheapest(
    rates: Iterable[Rate], now: datetime, end: datetime, need: timedelta
) -> list[PlanSlot]:
    chosen: list[PlanSlot] = []
    for rate in rates:
        if need <= timedelta(0):
            break
        if rate.start >= end or rate.end <= now:
            continue
        slot = PlanSlot(max(rate.start, now), min(rate.end, end), rate.price_eur_per_kwh)
        length = slot.end - slot.start
        # Only the last and most expensive slot is used in part, and then as late as possible.
        chosen.append(slot if length <= need else slot._replace(start=slot.end - need))
        need -= length
    if need > timedelta(0):
        # The known prices do not reach the target: the rest is charged right before it.
        return []
    return sorted(chosen)
