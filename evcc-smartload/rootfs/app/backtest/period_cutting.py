"""Cuts joined days into parts around long holes, and tells how much past each part has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

import numpy as np

from backtest.period_joining import Joined
from domain.horizon import SLOTS_PER_DAY
from errors import MeasuredDataError
from proof.gaps import runs_of

LONGEST_GAP_SLOTS = 7 * SLOTS_PER_DAY
"""A longer one [slots] cuts the period: a home lived on copied days would prove nothing."""
_HALF_MEASURED = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Days without a long hole: positions of its first midnight and of its end."""

    first: int
    last: int


def parts_of(joined: Joined) -> list[Part]:
    """Return the days between the long holes; at the edges a day without anything is a hole."""
    n_slots = len(joined.is_measured)
    holes = [
        gap
        for gap in runs_of(~joined.is_measured)
        if len(gap) > LONGEST_GAP_SLOTS
        or (len(gap) >= SLOTS_PER_DAY and (gap.first == 0 or gap.last == n_slots))
    ]
    slots = [joined.slot_of(midnight) for midnight in joined.midnights]
    begins = [0, *(hole.last for hole in holes)]
    finishes = [*(hole.first for hole in holes), n_slots]
    parts = []
    for begin, finish in zip(begins, finishes, strict=True):
        first = int(np.searchsorted(slots, begin, side="left"))
        last = int(np.searchsorted(slots, finish, side="right")) - 1
        if first < last:
            parts.append(Part(first=first, last=last))
    return parts


def parts_within(
    joined: Joined,
    parts: Sequence[Part],
    start: date | None,
    end: date | None,
    zone: tzinfo,
) -> list[Part]:
    """Return what of ``parts`` lies from ``start`` to the day before ``end``; None: no limit.

    Raises:
        MeasuredDataError: That is nothing.
    """
    days = [midnight.astimezone(zone).date() for midnight in joined.midnights]
    if start is not None and end is not None and start >= end:
        raise MeasuredDataError(
            f"The period ends on {end}, not after its start on {start}: choose a later end."
        )
    for asked in (start, end):
        if asked is not None and not days[0] <= asked <= days[-1]:
            raise MeasuredDataError(
                f"There is nothing on {asked}: home and prices have {days[0]} to {days[-1]} in "
                "common (the last day outside). Choose days within."
            )
    begin = days.index(start) if start is not None else 0
    finish = days.index(end) if end is not None else len(days) - 1
    cut = [Part(first=max(part.first, begin), last=min(part.last, finish)) for part in parts]
    left = [part for part in cut if part.first < part.last]
    if not left:
        raise MeasuredDataError(
            f"Home and prices have no day without a long hole from {days[begin]} to "
            f"{days[finish]}. Choose other days."
        )
    return left


def past_from_day(joined: Joined, first: int, warm_up_days: int) -> int:
    """Return the day from which on the past is known: so many measured days before ``first``."""
    found, past_from = 0, first
    for day in range(first - 1, -1, -1):
        if found == warm_up_days:
            break
        begin, end = (joined.slot_of(joined.midnights[at]) for at in (day, day + 1))
        if float(np.mean(joined.is_measured[begin:end])) > _HALF_MEASURED:
            found, past_from = found + 1, day
    return past_from
