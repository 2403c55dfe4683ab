"""The house load: what it may be in each quarter hour to come, as quantiles.

    samples     the same local time on earlier days, weighted (``forecaster.load_samples``)
    + prior     a typical household, of a weight that fades within days of history
    levels      which quantiles of these to take: calibrated on the last weeks' hindcasts
    away        a mixture of the load since everybody left and of their return

All of it is a pure function of what was measured before ``issued_at``.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo

import numpy as np

from domain.horizon import SLOT_H, SLOTS_PER_DAY, slot_start
from domain.outlook import Away
from domain.ports import HolidayCalendar
from forecaster.calibration import (
    calibrated_levels,
    ranks_among,
    weighted_quantiles,
)
from forecaster.load_samples import Past, Samples, past_of, samples_for, trust_by_age
from forecaster.series import LEVELS, Bands, FloatArray, SlotSeries

# A German household of three uses about 3500 kWh a year (BDEW): 0.4 kW.
TYPICAL_KW = 0.4
# How a typical load is spread about its mean, at LEVELS, and by hour: rough values of four homes
# and of the BDEW's standard profile H0. They are wide on purpose and matter for days only.
TYPICAL_SPREAD = (0.2, 0.27, 0.42, 0.7, 1.25, 2.2, 3.0)
TYPICAL_SHAPE = (0.65,) * 6 + (1.0,) * 11 + (1.5,) * 5 + (1.0,) * 2
# Of a house of unknown size the band is wider still: the spread to this power.
UNKNOWN_SIZE = 1.35
# So many days of history weigh as much as the typical household. Measured with 2 to 14 days of
# history: less leaves 60 to 75 of 100 outcomes in the 80 % band.
PRIOR_DAYS = 2.0

# So many slots at once: what is computed of them stays in the processor's cache.
BLOCK_SLOTS = 96
# Hindcasts for the calibration: issued 31 h apart, so that they wander over the day.
HINDCAST_EVERY = 124
HINDCAST_DAYS = 28
# What came on a day that is believed less than this is no error of the forecast.
FREAK_TRUST = 0.5
HINDCAST_SLOTS = np.arange(2, 2 * SLOTS_PER_DAY, 7)

# That people who seem to be away really are and stay so: at once, and how it fades [h].
AWAY_FRAC = 0.7
AWAY_LASTS_H = 24.0


def forecast_load(  # noqa: PLR0913  # what a forecast depends on
    history: SlotSeries,
    issued_at: datetime,
    n_slots: int,
    *,
    zone: tzinfo,
    holidays: HolidayCalendar,
    live_kw: float | None = None,
    away: Away | None = None,
    levels: FloatArray | None = None,
) -> Bands:
    """Return the load of ``n_slots`` quarter hours from the one that contains ``issued_at`` on.

    Args:
        history: House load without cars and battery [kW]; NaN was not measured. What lies after
            the start of the running quarter hour is not looked at.
        issued_at: Aware UTC.
        n_slots: Length of the forecast.
        zone: The home's, for weekdays and the time of day.
        holidays: Days that are lived like a Sunday.
        live_kw: The load at this moment; None is not known.
        away: That nobody is at home (``forecaster.away``).
        levels: What ``learn_levels`` returned lately; without it that is worked out here, which
            takes longer than all the rest.

    Returns:
        Quantiles at ``LEVELS`` [kW], not negative, also without any history.
    """
    start = slot_start(issued_at)
    past = past_of(history, start, n_slots, zone, holidays)
    slots = past.n_past + np.arange(n_slots)
    levels = levels if levels is not None else hindcast_levels(past)
    blocks = [slots[first : first + BLOCK_SLOTS] for first in range(0, n_slots, BLOCK_SLOTS)]
    found = [samples_for(past, past.n_past, block, live_kw) for block in blocks]
    scale_kw = _scale_kw(found, live_kw)
    mixed = [
        with_prior(samples, past, block, scale_kw)
        for samples, block in zip(found, blocks, strict=True)
    ]
    values = np.concatenate(
        [weighted_quantiles(one.values_kw, one.weights, levels) for one in mixed], axis=1
    )
    if away is not None:
        since = history.between(max(history.start, slot_start(away.since)), start).values
        values = _mixed_with_away(values, since, n_slots)
    return Bands(start=start, values=np.maximum.accumulate(np.maximum(values, 0.0), axis=0))


def learn_levels(
    history: SlotSeries, issued_at: datetime, *, zone: tzinfo, holidays: HolidayCalendar
) -> FloatArray:
    """Return which quantiles of earlier days to read, as the last weeks teach; good for hours."""
    return hindcast_levels(past_of(history, slot_start(issued_at), 1, zone, holidays))


def hindcast_levels(past: Past) -> FloatArray:
    """Return which quantiles of the samples were the wanted ones over the last weeks."""
    ranks, n_days = [], set()
    # A broken meter must not widen the band of the weeks after it.
    freak = np.repeat(trust_by_age(past)[::-1] < FREAK_TRUST, SLOTS_PER_DAY)
    oldest = max(SLOTS_PER_DAY, past.n_past - HINDCAST_DAYS * SLOTS_PER_DAY)
    for turn, origin in enumerate(range(past.n_past - HINDCAST_EVERY, oldest, -HINDCAST_EVERY)):
        slots = origin + HINDCAST_SLOTS + turn % 7
        slots = slots[slots < past.n_past]
        outcomes = np.where(freak[slots], np.nan, past.values[slots])
        if not np.isfinite(outcomes).any():
            continue
        samples = samples_for(past, origin, slots)
        if samples is None:
            continue
        samples = with_prior(samples, past, slots, _scale_kw([samples], None))
        ranks.append(ranks_among(samples.values_kw, samples.weights, outcomes))
        n_days.add(origin // SLOTS_PER_DAY)
    if not ranks:
        return np.array(LEVELS)
    return calibrated_levels(np.concatenate(ranks), len(n_days))


def with_prior(samples: Samples | None, past: Past, slots: np.ndarray, scale_kw: float) -> Samples:
    """Return the samples with those of a typical household of that mean beside them."""
    n_days = 0 if samples is None else samples.n_days
    hours = past.positions[slots] % SLOTS_PER_DAY // 4
    spread = np.array(TYPICAL_SPREAD)[:, np.newaxis]
    if samples is None:
        spread = spread**UNKNOWN_SIZE
    typical_kw = scale_kw * spread * np.array(TYPICAL_SHAPE)[hours]
    edges = np.array([0.0, *(np.array(LEVELS[1:]) + np.array(LEVELS[:-1])) / 2.0, 1.0])
    shares = np.diff(edges)[:, np.newaxis] * np.ones(len(slots))
    if samples is None:
        return Samples(values_kw=typical_kw, weights=shares, n_days=0)
    share = PRIOR_DAYS / (PRIOR_DAYS + n_days)
    weight = np.maximum(samples.weights.sum(axis=0), 1e-12) * share / (1.0 - share)
    return Samples(
        values_kw=np.concatenate([samples.values_kw, typical_kw]),
        weights=np.concatenate([samples.weights, shares * weight]),
        n_days=n_days,
    )


def _scale_kw(samples: Sequence[Samples | None], live_kw: float | None) -> float:
    """Return the mean [kW] of a household like this one, by all that is known of it."""
    energy = total = 0.0
    for one in samples:
        if one is not None:
            known_kw = np.where(np.isnan(one.values_kw), 0.0, one.values_kw)
            energy += float((known_kw * one.weights).sum())
            total += float(one.weights.sum())
    if total > 0.0:
        return energy / total
    if live_kw is None:
        return TYPICAL_KW
    # One glance says something about a house, but a kettle is not its mean.
    return float(np.sqrt(TYPICAL_KW * np.clip(live_kw, TYPICAL_KW / 8.0, TYPICAL_KW * 8.0)))


def _mixed_with_away(values: FloatArray, since_kw: FloatArray, n_slots: int) -> FloatArray:
    """Return the mixture of the usual quantiles and of the load since everybody left."""
    empty_kw = since_kw[np.isfinite(since_kw)]
    if not len(empty_kw):
        return values
    levels = np.array(LEVELS)
    stays = AWAY_FRAC * np.exp(-np.arange(n_slots) * SLOT_H / AWAY_LASTS_H)
    edges = np.array([0.0, *(levels[1:] + levels[:-1]) / 2.0, 1.0])
    shares = np.diff(edges)[:, np.newaxis]
    low = np.quantile(empty_kw, levels)[:, np.newaxis] * np.ones(n_slots)
    return weighted_quantiles(
        np.concatenate([values, low]),
        np.concatenate([shares * (1.0 - stays), shares * stays]),
        levels,
    )
