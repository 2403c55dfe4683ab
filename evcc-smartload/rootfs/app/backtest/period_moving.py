"""Moves what was measured at another time onto the days of prices: whole weeks, whole hours.

A year is 52.18 weeks, so whole weeks keep the weekday and the season to within half a week.
"""

import bisect
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from proof.day_slots import midnight_of

_YEAR = timedelta(days=365.25)
_WEEK = timedelta(weeks=1)
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_DAYS_PER_WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The local days ``first`` to ``last`` (outside) take what was measured ``later`` earlier.

    ``first`` and ``last`` are positions among the days. What was measured at t stands for
    t + ``later``.
    """

    first: int
    last: int
    weeks: int
    later: timedelta


def midnights_between(start: datetime, end: datetime, zone: tzinfo) -> tuple[datetime, ...]:
    """Return all local midnights from ``start`` to ``end`` (both inside), aware UTC."""
    days = (end - start) // _DAY + 3
    first = start.astimezone(zone).date()
    found = (midnight_of(first + day * _DAY, zone) for day in range(days))
    return tuple(midnight for midnight in found if start <= midnight <= end)


def match_days(
    midnights: Sequence[datetime],
    start: datetime,
    end: datetime,
    *,
    hours: int = 0,
) -> tuple[Move, ...]:
    """Return which measured days stand for which days, in as few parts as possible.

    Args:
        midnights: The begins of consecutive local days, and the end of the last.
        start: Where the measurements begin.
        end: Where they end.
        hours: By how much they are moved beside the weeks [h].

    Returns:
        Parts that rise and do not overlap. Days for which nothing was measured in their season are
        in none of them.
    """
    seasonal = _seasonal_weeks(midnights[0] - end, midnights[-1] - start)

    def runs_from(first: int, choices: Iterable[int]) -> Iterator[Move]:
        for weeks in choices:
            later = weeks * _WEEK + hours * _HOUR
            last = _run_end(midnights, first, start, end, later)
            if last > first:
                yield Move(first=first, last=last, weeks=weeks, later=later)

    moves: list[Move] = []
    first = 0
    while first < len(midnights) - 1:
        move = max(runs_from(first, seasonal), key=_preference, default=None)
        if move is None:
            first += 1
            continue
        gap = range(moves[-1].last, first) if moves else range(0)
        if 0 < len(gap) <= _DAYS_PER_WEEK:
            # A measured year is shorter than the weeks from one year to the next.
            nearly = (weeks + more for weeks in seasonal for more in (-1, 1))
            bridge = max(runs_from(gap.start, nearly), key=_preference, default=None)
            if bridge is not None:
                moves.append(replace(bridge, last=min(bridge.last, first)))
        moves.append(move)
        first = move.last
    return tuple(moves)


def _preference(move: Move) -> tuple[int, int]:
    """Return what is larger for a better move: as few parts, and as few weeks as possible."""
    return move.last, -abs(move.weeks)


def _seasonal_weeks(least: timedelta, most: timedelta) -> list[int]:
    """Return the whole weeks next to whole years, from about ``least`` to about ``most``."""
    years = range(math.floor(least / _YEAR) - 1, math.ceil(most / _YEAR) + 2)
    return [round(year * _YEAR / _WEEK) for year in years]


def _run_end(
    midnights: Sequence[datetime], first: int, start: datetime, end: datetime, later: timedelta
) -> int:
    """Return up to which day, from ``first`` on, all are measured; ``first`` when it is not."""
    if midnights[first] < start + later:
        return first
    return max(first, bisect.bisect_right(midnights, end + later) - 1)
