"""Whether everybody has left: the house has stayed at its base for a day and a night.

    peak   of a day: its busiest hour but one in twenty
    base   of a day: what a tenth of its quarter hours stay below
    quiet  every hour on end below  base + QUIET_SHARE * (low usual peak - base)

``low usual peak`` is that of the calmest tenth of the days on which the house was lived in. A
quiet stretch of ``FEWEST_QUIET`` contains an evening and a morning, and ends with the first busy
hour. A house whose heat pump or pool keeps running is never taken for empty.

Who says that they are away is believed at once, and until when they said. What the empty house
uses is what it has used since they left; until a day and a half of that was measured, the quietest
fifth of its quarter hours, whose middle is the tenth percentile.
"""

from datetime import datetime, timedelta, tzinfo

import numpy as np

from domain.horizon import SLOT, SLOTS_PER_DAY, SLOTS_PER_HOUR, slot_start
from domain.outlook import Away
from forecaster.local_slots import IntArray, local_slots
from forecaster.series import Bands, FloatArray, SlotSeries

AWAY_HISTORY = timedelta(days=60)
FEWEST_QUIET = timedelta(hours=36)
FEWEST_DAYS = 14
QUIET_SHARE = 0.5
CALM_DAYS = 0.1
# A peak below this many times the base cannot be told from a fridge.
CLEAR_PEAK = 1.6
# Without so much of it measured, a stretch says nothing.
FEWEST_MEASURED_SHARE = 0.8
# The day on which the clock is set back.
LONGEST_DAY_SLOTS = SLOTS_PER_DAY + 4
QUIETEST_SHARE = 0.2
# What an empty house uses before anything was measured in it: the usual forecast's low quantile.
LOW_LEVEL = 0.1


def find_away(history: SlotSeries, issued_at: datetime, *, zone: tzinfo) -> Away | None:
    """Return since when nobody seems to be at home; None when somebody is, or nobody can tell.

    Args:
        history: House load [kW] as for the forecast; what lies after ``issued_at`` is not used.
        issued_at: Aware UTC.
        zone: The home's.
    """
    end = slot_start(issued_at)
    past = history.between(end - AWAY_HISTORY, end)
    days = _days(past, zone)
    if len(days) < FEWEST_DAYS:
        return None
    bases, peaks, means = days.T
    base_kw = float(np.median(bases))
    lived_in = peaks > base_kw + QUIET_SHARE * (np.median(peaks) - base_kw)
    if not lived_in.any():
        return None
    peak_kw = float(np.quantile(peaks[lived_in], CALM_DAYS))
    if peak_kw < CLEAR_PEAK * base_kw:
        return None
    n_quiet = _quiet_slots(past.values, base_kw + QUIET_SHARE * (peak_kw - base_kw))
    stretch = past.values[len(past.values) - n_quiet :]
    measured = stretch[np.isfinite(stretch)]
    if n_quiet * SLOT < FEWEST_QUIET or len(measured) < FEWEST_MEASURED_SHARE * n_quiet:
        return None
    share_frac = float(measured.mean() / np.median(means[lived_in]))
    return Away(since=end - n_quiet * SLOT, share_frac=min(1.0, share_frac))


def lived_in(history: SlotSeries, left_at: datetime) -> SlotSeries:
    """Return the history with what was measured from ``left_at`` on not known.

    It says nothing about the time after the return.
    """
    values = history.values.copy()
    values[max(0, (slot_start(left_at) - history.start) // SLOT) :] = np.nan
    return SlotSeries(start=history.start, values=values)


def emptied(
    usual: Bands, history: SlotSeries, *, found: Away | None, told_at: datetime, until: datetime
) -> tuple[Bands, Away]:
    """Return a forecast for a house that the owner has called empty, and what is shown of it.

    Args:
        usual: The forecast as if somebody were at home.
        history: House load [kW]; what lies after the forecast's start is not used.
        found: What ``find_away`` returned.
        told_at: When they said so.
        until: When they come back; whole quarter hours before it are those of an empty house.
    """
    empty_kw = _empty_kw(usual, history, found)
    n_empty = min(max(0, (until - usual.start) // SLOT), usual.n_slots)
    values = usual.values.copy()
    values[:, :n_empty] = np.quantile(empty_kw, usual.levels)[:, np.newaxis]
    usual_kw = float(usual.at(0.5).mean())
    share_frac = float(empty_kw.mean()) / usual_kw if usual_kw > 0.0 else 1.0
    since = told_at if found is None else found.since
    away = Away(since=since, share_frac=min(1.0, share_frac), until=until)
    return Bands(start=usual.start, values=values, levels=usual.levels), away


def _empty_kw(usual: Bands, history: SlotSeries, found: Away | None) -> FloatArray:
    """Return samples of what the empty house uses [kW], at least one."""
    begin = usual.start - AWAY_HISTORY if found is None else slot_start(found.since)
    values = history.between(begin, usual.start).values
    known = np.sort(values[np.isfinite(values)])
    if not len(known):
        return usual.at(LOW_LEVEL)
    if found is not None:
        return known
    return known[: max(1, round(QUIETEST_SHARE * len(known)))]


def _days(past: SlotSeries, zone: tzinfo) -> FloatArray:
    """Return base, peak and mean of each local day that was mostly measured, shape (n_days, 3)."""
    at = local_slots(past.start, len(past.values), zone).days
    values, hours = _rows(at, past.values), _rows(at, _hourly_means(past.values))
    n_known = np.isfinite(values).sum(axis=1)
    enough = (n_known >= FEWEST_MEASURED_SHARE * SLOTS_PER_DAY) & np.isfinite(hours).any(axis=1)
    values, hours, n_known = values[enough], hours[enough], n_known[enough]
    means = np.where(np.isfinite(values), values, 0.0).sum(axis=1) / n_known
    return np.stack([_known_quantile(values, 0.1), _known_quantile(hours, 0.95), means], axis=1)


def _rows(at: IntArray, values: FloatArray) -> FloatArray:
    """Return the values of each day of ``at``, which rise, as a row that NaN fills up."""
    _, first, row = np.unique(at, return_index=True, return_inverse=True)
    rows = np.full((len(first), LONGEST_DAY_SLOTS), np.nan)
    rows[row, np.arange(len(at)) - first[row]] = np.where(np.isfinite(values), values, np.nan)
    return rows


def _known_quantile(rows: FloatArray, level: float) -> FloatArray:
    """Return a quantile of what is known in each row, as ``np.quantile``; each knows something."""
    ranked = np.sort(rows, axis=1)  # NaN goes to the end
    n_known = np.isfinite(ranked).sum(axis=1)
    position = level * (n_known - 1)
    below = position.astype(np.int64)
    at, share = np.arange(len(rows)), position - below
    low, high = ranked[at, below], ranked[at, np.minimum(below + 1, n_known - 1)]
    # From the nearer end, as numpy does it.
    from_low, from_high = low + (high - low) * share, high - (high - low) * (1.0 - share)
    return np.asarray(np.where(share < 0.5, from_low, from_high))  # noqa: PLR2004  # the middle


def _hourly_means(values: FloatArray) -> FloatArray:
    """Return the mean of each slot and the three before it; NaN where one was not measured."""
    padded = np.concatenate([np.full(SLOTS_PER_HOUR - 1, np.nan), values])
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, SLOTS_PER_HOUR).mean(axis=1))


def _quiet_slots(values: FloatArray, quiet_kw: float) -> int:
    """Return how many slots on end, back from the last, belong to no busy hour."""
    busy = np.flatnonzero(_hourly_means(values) > quiet_kw)
    if len(busy):
        return len(values) - 1 - int(busy[-1])
    first_known = np.flatnonzero(np.isfinite(values))
    return len(values) - int(first_known[0]) if len(first_known) else 0
