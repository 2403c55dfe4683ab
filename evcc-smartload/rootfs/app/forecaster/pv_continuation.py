"""What the roof itself says: where the provider says nothing, or nothing sane, or does not exist.

    own_lag = w * (the day lag days before) + (1 - w) * (fading mean of the days until then)

``w`` is what would have been best on the last weeks: high where weather lasts, low where it does
not. Bands then come from its own errors by level, as for a provider.
"""

import numpy as np

from domain.horizon import SLOTS_PER_DAY
from forecaster.pv_past import PastDays, day_weights
from forecaster.pv_roof import Roof
from forecaster.series import FloatArray

MEAN_HALF_LIFE_DAYS = 10.0
GUARD_HALF_LIFE_DAYS = 20.0
GUARD_SHARPNESS_FRAC = 0.01
WEIGHTS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# Believed before anything was seen: this share of a clear day, as this many days.
PRIOR_SHARE = 0.6
PRIOR_DAYS = 1.0
# Half an hour around: yesterday's single clouds do not come back.
KERNEL = np.array((1.0, 2.0, 3.0, 2.0, 1.0))


def own_past_kw(days: PastDays, roof: Roof, lag: int) -> tuple[FloatArray, FloatArray]:
    """Return what the roof's own past said ``lag`` days ahead [kW].

    Args:
        days: Its past.
        roof: Gives the shape where nothing was measured.
        lag: Whole days, 1 or more.

    Returns:
        For the past days, shape (n_days, 96), and for the ``lag``-th day from the issue on, (96,).
    """
    n_days = days.n_days
    known = np.isfinite(days.learnt_kw)
    learnt_kw = np.where(known, days.learnt_kw, 0.0)
    # Row d + lag - 1 knows the days before d only.
    weights = day_weights(n_days, MEAN_HALF_LIFE_DAYS)
    prior_kw = PRIOR_DAYS * PRIOR_SHARE * roof.clear_kw
    mean = (weights @ learnt_kw + prior_kw) / (weights @ known + PRIOR_DAYS)
    last = np.vstack([np.full((1, SLOTS_PER_DAY), np.nan), _smooth(learnt_kw, known)])
    last = np.where(np.isnan(last), mean, last)
    mean, last = _shifted(mean, lag - 1), _shifted(last, lag - 1)
    weight = _best_weight(mean[:n_days], last[:n_days], days.learnt_kw)
    said = mean + weight * (last - mean)
    return said[:n_days], said[-1]


def _shifted(rows: FloatArray, n_rows: int) -> FloatArray:
    """Return the rows as they come ``n_rows`` later; the coming day keeps the newest."""
    if n_rows == 0:
        return rows
    n_missing = min(n_rows, len(rows) - 1)
    past = np.vstack([np.full((n_missing, SLOTS_PER_DAY), np.nan), rows[:-1]])[: len(rows) - 1]
    return np.vstack([past, rows[-1:]])


def _smooth(learnt_kw: FloatArray, known: FloatArray) -> FloatArray:
    if not learnt_kw.size:
        return learnt_kw
    total = np.convolve(learnt_kw.ravel(), KERNEL, mode="same")
    weight = np.convolve(known.ravel().astype(np.float64), KERNEL, mode="same")
    smooth = np.where(weight > 0.5 * KERNEL.sum(), total / np.maximum(weight, 1e-9), np.nan)
    return smooth.reshape(learnt_kw.shape)


def _best_weight(mean_kw: FloatArray, last_kw: FloatArray, measured_kw: FloatArray) -> float:
    age = np.arange(len(measured_kw))[::-1, np.newaxis]
    recent = 0.5 ** (age / GUARD_HALF_LIFE_DAYS)
    losses = np.array(
        [
            np.nansum(recent * np.abs(measured_kw - mean_kw - weight * (last_kw - mean_kw)))
            for weight in WEIGHTS
        ]
    )
    votes = np.exp(-(losses - losses.min()) / max(GUARD_SHARPNESS_FRAC * losses.min(), 1e-9))
    return float(np.array(WEIGHTS) @ votes / votes.sum())
