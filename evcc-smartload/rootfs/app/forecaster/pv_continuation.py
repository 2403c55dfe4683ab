"""What the roof usually gives at a time of day: where the provider says nothing, or nothing sane.

Weighted quantiles of the measured share of the clear power around that time of day, the last weeks,
recent days more. The first day ahead leans to days that followed days like the last one.
"""

import numpy as np

from domain.horizon import SLOTS_PER_DAY
from forecaster.pv_past import PastDays
from forecaster.pv_roof import Roof
from forecaster.series import LEVELS, FloatArray

DAYS = 40
HALF_LIFE_DAYS = 20.0
# Every second slot of two hours around.
SHIFTS = (-4, -2, 0, 2, 4)
# How much a day after one like the last counts, beside 1 for any; it fades with the lead.
LIKENESS = 2.0
LIKENESS_WIDTH = 0.15
# Believed before anything was seen: anything between a dark and a clear day.
PRIOR_SHARES = (0.05, 0.15, 0.3, 0.45, 0.55, 0.65, 0.75, 0.85, 0.93, 1.0)
PRIOR_DAYS = 1.5


def usual_bands_kw(days: PastDays, roof: Roof, n_slots: int) -> FloatArray:
    """Return quantiles of the power from the issue on, shape (n_levels, n_slots) [kW].

    NaN everywhere when neither a measured nor a said power was ever above 0.
    """
    if roof.peak_kw <= 0.0:
        return np.full((len(LEVELS), n_slots), np.nan)
    recent_kw = days.learnt_kw[-DAYS:]
    clear_kw = np.maximum(roof.clear_kw, 1e-9)
    shares = np.minimum(recent_kw / clear_kw, 1.1)
    values = []
    for day in range(-(-n_slots // SLOTS_PER_DAY)):
        weights = _day_weights(recent_kw, roof, day + 1)
        quantiles = _column_quantiles(shares, weights)
        values.append(quantiles * roof.clear_kw)
    return np.hstack(values)[:, :n_slots]


def _day_weights(recent_kw: FloatArray, roof: Roof, lag: int) -> FloatArray:
    n_days = len(recent_kw)
    weights = 0.5 ** ((n_days - 1 - np.arange(n_days)) / HALF_LIFE_DAYS)
    levels = _day_levels(recent_kw, roof)
    if n_days <= lag or np.isnan(levels[-1]):
        return weights
    before = np.concatenate([np.full(lag, np.nan), levels[:-lag]])
    distance = (before - levels[-1]) / LIKENESS_WIDTH
    alike = np.where(np.isnan(distance), 0.0, np.exp(-0.5 * np.nan_to_num(distance) ** 2))
    return np.asarray(weights * (1.0 + LIKENESS / lag**2 * alike))


def _day_levels(days_kw: FloatArray, roof: Roof) -> FloatArray:
    """Return each day's share of a clear day's energy; NaN when half of it is unknown."""
    known = np.isfinite(days_kw)
    clear = (known * roof.clear_kw).sum(axis=1)
    total = roof.clear_kw.sum()
    level = np.where(known, days_kw, 0.0).sum(axis=1) / np.maximum(clear, 1e-9)
    return np.where(clear > 0.5 * total, level, np.nan)


def _column_quantiles(shares: FloatArray, day_weights: FloatArray) -> FloatArray:
    pool = np.concatenate([np.roll(shares, shift, axis=1) for shift in SHIFTS])
    weights = np.tile(day_weights, len(SHIFTS))[:, np.newaxis] * np.isfinite(pool)
    usual = np.repeat(np.array(PRIOR_SHARES)[:, np.newaxis], SLOTS_PER_DAY, axis=1)
    believed = np.full_like(usual, PRIOR_DAYS * len(SHIFTS) / len(PRIOR_SHARES))
    values = np.concatenate([np.nan_to_num(pool), usual])
    mass = np.concatenate([weights, believed])
    order = np.argsort(values, axis=0)
    values = np.take_along_axis(values, order, axis=0)
    mass = np.take_along_axis(mass, order, axis=0)
    position = (np.cumsum(mass, axis=0) - 0.5 * mass) / mass.sum(axis=0)
    return np.stack(
        [
            np.interp(LEVELS, position[:, column], values[:, column])
            for column in range(SLOTS_PER_DAY)
        ],
        axis=1,
    )
