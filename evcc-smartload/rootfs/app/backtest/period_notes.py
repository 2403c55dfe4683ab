"""What was done to measured data, for whoever is to believe the figures."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, tzinfo

import numpy as np

from backtest.period_cutting import Part
from backtest.period_joining import Joined
from domain.horizon import SLOT, SLOT_H, SLOTS_PER_DAY
from domain.proof import PeriodNote, PeriodNoteCode
from forecaster.series import BoolArray
from proof.gaps import runs_of
from sources.measured_folder import MeasuredHome, PriceSeries

_MINUTE = timedelta(minutes=1)


def notes_on_inputs(home: MeasuredHome, prices: PriceSeries) -> Iterator[PeriodNote]:
    """Yield what the data are."""
    yield PeriodNote(
        code=PeriodNoteCode.LOAD, facts={"home": home.name, "column": home.load_column}
    )
    if home.step > SLOT:
        yield PeriodNote(code=PeriodNoteCode.LONG_STEPS, facts={"minutes": home.step // _MINUTE})
    if home.pv is None:
        yield PeriodNote(code=PeriodNoteCode.NO_PV)
    elif home.pv_forecast is None:
        yield PeriodNote(code=PeriodNoteCode.NO_PV_FORECAST)
    else:
        yield PeriodNote(code=PeriodNoteCode.PV_FORECAST_RECORDED)
    if prices.step > SLOT:
        yield PeriodNote(
            code=PeriodNoteCode.LONG_PRICES,
            facts={"prices": prices.name, "minutes": prices.step // _MINUTE},
        )


def notes_on_moving(joined: Joined, home: MeasuredHome, zone: tzinfo) -> Iterator[PeriodNote]:
    """Yield by how much the home was moved in time, and what that costs."""
    if joined.is_moved:
        yield PeriodNote(code=PeriodNoteCode.WEATHER_UNLINKED, facts={"home": home.name})
        for move in joined.moves:
            yield PeriodNote(
                code=PeriodNoteCode.MOVED_WEEKS,
                facts={
                    "weeks": move.weeks,
                    "first": _day(joined.midnights[move.first], zone),
                    "last": _last_day(joined.midnights[move.last], zone),
                },
            )
    n_used = sum(move.last - move.first for move in joined.moves)
    n_twice = n_used - len(_measured_days(joined))
    if n_twice:
        yield PeriodNote(code=PeriodNoteCode.DAYS_TWICE, facts={"days": n_twice})
    if joined.hours:
        yield PeriodNote(
            code=PeriodNoteCode.MOVED_HOURS, facts={"hours": joined.hours, "zone": str(zone)}
        )


def notes_on_gaps(joined: Joined, lived: BoolArray) -> Iterator[PeriodNote]:
    """Yield how much of ``lived`` (whether each slot was measured) is there."""
    yield PeriodNote(
        code=PeriodNoteCode.MEASURED,
        facts={"measured_frac": float(np.mean(lived)), "bridged": joined.n_bridged},
    )
    gaps = runs_of(~lived)
    if gaps:
        yield PeriodNote(
            code=PeriodNoteCode.FILLED,
            facts={
                "slots": int((~lived).sum()),
                "gaps": len(gaps),
                "longest_h": max(len(gap) for gap in gaps) * SLOT_H,
            },
        )


def notes_on_holes(joined: Joined, parts: Sequence[Part], zone: tzinfo) -> Iterator[PeriodNote]:
    """Yield which days are in no part."""
    borders = (0, *itertools.chain(*((part.first, part.last) for part in parts)))
    ends = (*borders[1:], len(joined.midnights) - 1)
    for last, first in zip(borders[::2], ends[::2], strict=True):
        if last < first:
            yield PeriodNote(
                code=PeriodNoteCode.LEFT_OUT,
                facts={
                    "days": first - last,
                    "first": _day(joined.midnights[last], zone),
                    "last": _last_day(joined.midnights[first], zone),
                },
            )


def note_on_past(n_slots: int, n_measured: int) -> PeriodNote:
    """Return how much is known as past when the period begins."""
    if not n_slots:
        return PeriodNote(code=PeriodNoteCode.NO_PAST)
    return PeriodNote(
        code=PeriodNoteCode.PAST,
        facts={
            "days": round(n_slots / SLOTS_PER_DAY),
            "measured_days": n_measured / SLOTS_PER_DAY,
        },
    )


def _measured_days(joined: Joined) -> set[int]:
    """Return the home's days that are used, as ordinals."""
    return {
        (joined.midnights[position] - move.later).toordinal()
        for move in joined.moves
        for position in range(move.first, move.last)
    }


def _day(instant: datetime, zone: tzinfo) -> str:
    return instant.astimezone(zone).date().isoformat()


def _last_day(end: datetime, zone: tzinfo) -> str:
    return _day(end - SLOT, zone)
