"""Simple forecasts that every other one has to beat, as a point and with honest bands.

    persistence           the last 24 hours again
    same_slot_last_week   what was measured 168 hours before
    mean_profile_30d      the mean of the same local slot over the last 30 days

A slot whose source was not measured takes the one a period earlier, then the mean profile, then
the mean of everything known. The band of each is the point plus quantiles of the errors that it
made over the last four weeks at that time of day, within an hour. Any series will do: load, PV,
prices.
"""

from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

import numpy as np

from domain.horizon import SLOTS_PER_DAY, slot_start
from forecaster.calibration import known_quantiles
from forecaster.local_slots import local_slots
from forecaster.series import LEVELS, Bands, FloatArray, SlotSeries

PROFILE_DAYS = 30
ERROR_DAYS = 28
# Errors of neighbouring slots count too: four weeks alone are few for an outer quantile.
NEIGHBOURS = 4
# Fewer errors than this at a time of day say little about it; those of the whole day are taken.
FEWEST_ERRORS = 20


class Baseline(StrEnum):
    """A simple forecast, by the name it is shown with."""

    PERSISTENCE = "persistence"
    LAST_WEEK = "same_slot_last_week"
    MEAN_PROFILE = "mean_profile_30d"


_LAG = {Baseline.PERSISTENCE: SLOTS_PER_DAY, Baseline.LAST_WEEK: 7 * SLOTS_PER_DAY}
_TRIES = {Baseline.PERSISTENCE: 7, Baseline.LAST_WEEK: 4}


def baseline_point(
    baseline: Baseline, history: SlotSeries, issued_at: datetime, n_slots: int, *, zone: tzinfo
) -> SlotSeries | None:
    """Return a simple forecast of ``n_slots`` slots from the one that contains ``issued_at``.

    Args:
        baseline: Which one.
        history: What was measured; what lies after ``issued_at`` is not looked at.
        issued_at: Aware UTC.
        n_slots: Length of the forecast.
        zone: The home's, for the local time of day.

    Returns:
        A value for every slot; None when nothing was measured in the last two months.
    """
    past = _past(history, issued_at)
    if not np.isfinite(past.values).any():
        return None
    return SlotSeries(start=past.end, values=_point(baseline, past, n_slots, zone))


def baseline_bands(  # noqa: PLR0913  # as every forecaster, and the floor that prices do not have
    baseline: Baseline,
    history: SlotSeries,
    issued_at: datetime,
    n_slots: int,
    *,
    zone: tzinfo,
    floor: float | None = 0.0,
) -> Bands | None:
    """Return a simple forecast with the band its own recent errors give it.

    Arguments as for ``baseline_point``; nothing in the band lies below ``floor``.
    """
    past = _past(history, issued_at)
    if not np.isfinite(past.values).any():
        return None
    point = _point(baseline, past, n_slots, zone)
    columns = np.arange(n_slots) % SLOTS_PER_DAY
    values = np.empty((len(LEVELS), n_slots))
    lags = np.arange(n_slots) // _LAG.get(baseline, n_slots) + 1
    for lag in np.unique(lags).tolist():
        at = lags == lag
        spread = _spread(_errors(baseline, past.values, lag), past.values)
        values[:, at] = point[at] + spread[:, columns[at]]
    if floor is not None:
        values = np.maximum(values, floor)
    return Bands(start=past.end, values=values)


def _past(history: SlotSeries, issued_at: datetime) -> SlotSeries:
    """Return the last two months before ``issued_at``, whole days back from it."""
    start = slot_start(issued_at)
    return history.between(start - timedelta(days=PROFILE_DAYS + ERROR_DAYS), start)


def _point(baseline: Baseline, past: SlotSeries, n_slots: int, zone: tzinfo) -> FloatArray:
    profile = _mean_profile(past, n_slots, zone)
    if baseline is Baseline.MEAN_PROFILE:
        return profile
    lag = _LAG[baseline]
    n_past = len(past.values)
    sources = n_past + np.arange(n_slots)
    sources -= (np.arange(n_slots) // lag + 1) * lag
    values = np.full(n_slots, np.nan)
    for _ in range(_TRIES[baseline]):
        wanted = np.isnan(values) & (sources >= 0)
        values[wanted] = past.values[sources[wanted]]
        sources -= lag
    return np.where(np.isnan(values), profile, values)


def _mean_profile(past: SlotSeries, n_slots: int, zone: tzinfo) -> FloatArray:
    n_past = len(past.values)
    clock = local_slots(past.start, n_past + n_slots, zone).slots
    recent = slice(n_past - PROFILE_DAYS * SLOTS_PER_DAY, n_past)
    values, slots = past.values[recent], clock[recent]
    known = np.isfinite(values)
    sums = np.bincount(slots[known], weights=values[known], minlength=SLOTS_PER_DAY)
    counts = np.bincount(slots[known], minlength=SLOTS_PER_DAY)
    overall = values[known].mean() if known.any() else np.nanmean(past.values)
    profile = np.where(counts > 0, sums / np.maximum(counts, 1), overall)
    return np.asarray(profile[clock[n_past:]])


def _errors(baseline: Baseline, values: FloatArray, lag: int) -> FloatArray:
    """Return outcome minus forecast of the last weeks, shape (ERROR_DAYS, SLOTS_PER_DAY).

    A row is 24 hours, counted back from the issue; ``lag`` is how many periods before the slot
    the forecast's source lies.
    """
    days = values.reshape(-1, SLOTS_PER_DAY)
    outcome = days[-ERROR_DAYS:]
    if baseline is Baseline.MEAN_PROFILE:
        known = np.isfinite(days)
        start = np.zeros((1, SLOTS_PER_DAY))
        sums = np.concatenate([start, np.cumsum(np.where(known, days, 0.0), axis=0)])
        counts = np.concatenate([start, np.cumsum(known, axis=0)])
        n_known = counts[PROFILE_DAYS:-1] - counts[:ERROR_DAYS]
        total = sums[PROFILE_DAYS:-1] - sums[:ERROR_DAYS]
        forecast = np.where(n_known > 0, total / np.maximum(n_known, 1), np.nan)
        return np.asarray(outcome - forecast)
    back = lag * _LAG[baseline] // SLOTS_PER_DAY
    forecast = np.full_like(outcome, np.nan)
    available = days[max(0, len(days) - ERROR_DAYS - back) : len(days) - back]
    forecast[ERROR_DAYS - len(available) :] = available
    return np.asarray(outcome - forecast)


def _spread(errors: FloatArray, values: FloatArray) -> FloatArray:
    """Return the quantiles of the errors by time of day, shape (n_levels, SLOTS_PER_DAY)."""
    shifts = range(-NEIGHBOURS, NEIGHBOURS + 1)
    pooled = np.concatenate([np.roll(errors, shift, axis=1) for shift in shifts])
    spread = known_quantiles(pooled)
    every = errors[np.isfinite(errors)]
    if len(every) < FEWEST_ERRORS:
        # Nothing to judge by: as wide as everything that was measured.
        measured = values[np.isfinite(values)]
        every = measured - np.median(measured)
    of_all = known_quantiles(every[:, np.newaxis])
    few = np.isfinite(pooled).sum(axis=0) < FEWEST_ERRORS
    return np.where(few, of_all, spread)
