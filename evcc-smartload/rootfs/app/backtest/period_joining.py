"""Puts a measured home and prices onto the same local days, moved where they are of two times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import numpy as np

from backtest.period_moving import Move, match_days, midnights_between
from domain.horizon import SLOT
from errors import MeasuredDataError
from forecaster.series import BoolArray, FloatArray, SlotSeries
from proof.gaps import bridged
from sources.measured_folder import MeasuredHome, PriceSeries
from sources.measured_sun import noon_of_zone_utc_h

_HOURS_AWAY = 2.0
"""A sun that is less off [h] belongs to the same zone: a roof to the east, or one further west."""
_HALF_DAY_H, _DAY_H = 12.0, 24.0
_MIDNIGHTS_OF_A_DAY = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Joined:
    """A home and prices on the days between ``midnights``; NaN where nothing was measured.

    Gaps of at most an hour are bridged. ``moves`` tell which of the home's time stands for which
    days, ``hours`` how much of that is for its sun.
    ``n_bridged`` are slots that were drawn as lines.
    """

    midnights: tuple[datetime, ...]
    moves: tuple[Move, ...]
    hours: int
    load_kw: FloatArray
    pv_kw: FloatArray
    wholesale_eur_per_kwh: FloatArray
    pv_said_kw: FloatArray | None
    is_measured: BoolArray
    n_bridged: int

    @property
    def is_moved(self) -> bool:
        """Whether home and prices are of different times."""
        return any(move.weeks for move in self.moves)

    def slot_of(self, instant: datetime) -> int:
        """Return the index of the slot that begins at ``instant``."""
        return (instant - self.midnights[0]) // SLOT


def join(home: MeasuredHome, prices: PriceSeries, zone: tzinfo) -> Joined:
    """Return both on the local days of ``zone`` that both have.

    Raises:
        MeasuredDataError: The home has no load, or there is no such day.
    """
    if home.load is None:
        raise MeasuredDataError(
            f"{home.name} has no measured load: add a column load_base_kw or load_kw, "
            "or choose another home."
        )
    load, wholesale = _known_part(home.load), _known_part(prices.prices)
    hours = _hours_to_noon(home, zone)
    later = timedelta(hours=hours)
    start, end = max(load.start + later, wholesale.start), min(load.end + later, wholesale.end)
    midnights = midnights_between(start, end, zone) if start < end else ()
    if len(midnights) >= _MIDNIGHTS_OF_A_DAY:
        moves: tuple[Move, ...] = (Move(first=0, last=len(midnights) - 1, weeks=0, later=later),)
    else:
        midnights, moves = _moved_days(load, wholesale, zone, hours)
    if not moves:
        raise MeasuredDataError(
            f"{home.name} and {prices.name} have no whole day in common, not even moved by whole "
            "weeks: take more measurements or other prices."
        )
    return _on_days(home, wholesale, midnights, moves, hours)


def _moved_days(
    load: SlotSeries, wholesale: SlotSeries, zone: tzinfo, hours: int
) -> tuple[tuple[datetime, ...], tuple[Move, ...]]:
    midnights = midnights_between(wholesale.start, wholesale.end, zone)
    if len(midnights) < _MIDNIGHTS_OF_A_DAY:
        return (), ()
    moves = match_days(midnights, load.start, load.end, hours=hours)
    if not moves:
        return (), ()
    first = moves[0].first
    shifted = tuple(
        Move(first=move.first - first, last=move.last - first, weeks=move.weeks, later=move.later)
        for move in moves
    )
    return midnights[first : moves[-1].last + 1], shifted


def _on_days(
    home: MeasuredHome,
    wholesale: SlotSeries,
    midnights: tuple[datetime, ...],
    moves: tuple[Move, ...],
    hours: int,
) -> Joined:
    load_kw = _moved(home.load, midnights, moves)
    pv_kw = np.zeros(len(load_kw)) if home.pv is None else _moved(home.pv, midnights, moves)
    price = wholesale.between(midnights[0], midnights[-1]).values
    raw = (load_kw, pv_kw, price)
    whole = tuple(bridged(values) for values in raw)
    was_known: BoolArray = np.logical_and.reduce(np.isfinite(raw))
    is_known: BoolArray = np.logical_and.reduce(np.isfinite(whole))
    has_said = home.pv is not None and home.pv_forecast is not None
    return Joined(
        midnights=midnights,
        moves=moves,
        hours=hours,
        load_kw=whole[0],
        pv_kw=whole[1],
        wholesale_eur_per_kwh=whole[2],
        pv_said_kw=_moved(home.pv_forecast, midnights, moves) if has_said else None,
        is_measured=is_known,
        n_bridged=int((is_known & ~was_known).sum()),
    )


def _moved(
    series: SlotSeries | None, midnights: Sequence[datetime], moves: Sequence[Move]
) -> FloatArray:
    """Return a home's series on the days, NaN where no move reaches."""
    values = np.full((midnights[-1] - midnights[0]) // SLOT, np.nan)
    for move in moves:
        if series is None:
            break
        begin, finish = midnights[move.first], midnights[move.last]
        target = slice((begin - midnights[0]) // SLOT, (finish - midnights[0]) // SLOT)
        values[target] = series.between(begin - move.later, finish - move.later).values
    return values


def _known_part(series: SlotSeries) -> SlotSeries:
    """Return a series from its first known slot to its last."""
    known = np.flatnonzero(np.isfinite(series.values))
    first, last = int(known[0]), int(known[-1]) + 1
    return SlotSeries(start=series.start + first * SLOT, values=series.values[first:last])


def _hours_to_noon(home: MeasuredHome, zone: tzinfo) -> int:
    """Return by how much a home is moved so that its sun is highest at the zone's noon [h]."""
    if home.pv is None or home.noon_utc_h is None:
        return 0
    off_h = noon_of_zone_utc_h(zone, home.pv.start.year) - home.noon_utc_h
    off_h = (off_h + _HALF_DAY_H) % _DAY_H - _HALF_DAY_H
    return round(off_h) if abs(off_h) >= _HOURS_AWAY else 0
