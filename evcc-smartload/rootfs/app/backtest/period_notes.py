"""Plain sentences on what was done to measured data, for whoever is to believe the figures."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, tzinfo

import numpy as np

from backtest.period_cutting import Part
from backtest.period_gaps import runs_of
from backtest.period_joining import Joined
from domain.horizon import SLOT, SLOT_H, SLOTS_PER_DAY
from forecaster.series import BoolArray
from sources.measured_folder import MeasuredHome, PriceSeries

_LOADS = {
    "load_base_kw": "the house without controllable loads and cars (load_base_kw)",
    "load_total_kw": "the house with its controllable loads (load_total_kw)",
}


def notes_on_inputs(home: MeasuredHome, prices: PriceSeries) -> Iterator[str]:
    """Yield what the data are."""
    what = _LOADS.get(home.load_column, f"the whole house ({home.load_column})")
    minutes = home.step // timedelta(minutes=1)
    yield f"The load of {home.name} is {what}."
    if home.step > SLOT:
        yield (
            f"Load and PV are means over {minutes} minutes, so that shorter peaks are missing: "
            "peak figures are too kind."
        )
    if home.pv is None:
        yield "The home has no measured PV; it is taken as zero."
    elif home.pv_forecast is None:
        yield "The home has no recorded PV forecast."
    else:
        yield "The PV forecast is the recorded one; when it was issued is not known."
    if prices.step > SLOT:
        yield (
            f"Prices of {prices.name} hold for {prices.step // timedelta(minutes=1)} minutes each "
            "and are the same in all its quarter hours."
        )


def notes_on_moving(joined: Joined, home: MeasuredHome, zone: tzinfo) -> Iterator[str]:
    """Yield by how much the home was moved in time, and what that costs."""
    if joined.is_moved:
        parts = [
            f"by {move.weeks} weeks for {_day(joined.midnights[move.first], zone)} to "
            f"{_last_day(joined.midnights[move.last], zone)}"
            for move in joined.moves
        ]
        yield (
            f"{home.name} was measured at another time than the prices and is moved by whole "
            f"weeks, so that season and weekday fit: {', '.join(parts)}. The link between weather "
            "and price is lost: a sunny day of the home may meet a dull day's price."
        )
    n_used = sum(move.last - move.first for move in joined.moves)
    n_twice = n_used - len(_measured_days(joined))
    if n_twice:
        yield f"{n_twice} of its days are used twice, in two years."
    if joined.hours:
        side = "before" if joined.hours > 0 else "after"
        yield (
            f"Its sun stands highest {abs(joined.hours)} h {side} that of {zone}, so it "
            f"is also moved by {joined.hours:+d} h: noon is noon, "
            "but its habits may be up to an hour off the clock."
        )


def notes_on_gaps(joined: Joined, lived: BoolArray) -> Iterator[str]:
    """Yield how much of ``lived`` (whether each slot was measured) is there."""
    gaps = runs_of(~lived)
    yield (
        f"{100 * float(np.mean(lived)):.1f} % of the quarter hours were measured"
        + (
            f" (of all data {joined.n_bridged} in gaps of at most an hour, drawn as lines)."
            if joined.n_bridged
            else "."
        )
    )
    if gaps:
        longest_h = max(len(gap) for gap in gaps) * SLOT_H
        yield (
            f"{int((~lived).sum())} quarter hours in {len(gaps)} gaps, the longest {longest_h:g} h,"
            " are filled with the same time of the nearest measured day and count as not measured."
        )


def notes_on_holes(joined: Joined, parts: Sequence[Part], zone: tzinfo) -> Iterator[str]:
    """Yield which days are in no part."""
    borders = (0, *itertools.chain(*((part.first, part.last) for part in parts)))
    ends = (*borders[1:], len(joined.midnights) - 1)
    for last, first in zip(borders[::2], ends[::2], strict=True):
        if last < first:
            yield (
                f"The {first - last} days from {_day(joined.midnights[last], zone)} to "
                f"{_last_day(joined.midnights[first], zone)} are left out, as there is a long hole "
                "without measurements."
            )


def note_on_past(n_slots: int, n_measured: int) -> str:
    """Return how much is known as past when the period begins."""
    if not n_slots:
        return "Nothing was measured before: the forecasts begin without a past."
    return (
        f"Of the {n_slots / SLOTS_PER_DAY:.0f} day(s) before it, known as past only, "
        f"{n_measured / SLOTS_PER_DAY:.1f} days' worth were measured."
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
