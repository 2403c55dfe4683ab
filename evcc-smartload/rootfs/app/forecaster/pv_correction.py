"""The provider's curve corrected for this roof: by time of day, by level, and only if it helps.

    ratio_j   = (sum of measured + k * typical * ratio) / (sum of said + k * typical)
    share     = a + b * ratio_j * said / clear     a, b from a ridge regression towards 0, 1
    corrected = said + s * (clear * share - said)  s: what would have been best lately

Sums run over days, fading, and over neighbouring quarter hours, so that neither dawn nor one cloudy
morning moves much; the ratio of a time of day is drawn to that of the roof, and that to 1. Every
day of the past is corrected with what was known before it, so that its errors are honest.
"""

from dataclasses import dataclass

import numpy as np

from domain.horizon import SLOTS_PER_DAY
from forecaster.pv_past import PastDays, day_weights
from forecaster.pv_roof import Roof
from forecaster.series import BoolArray, FloatArray

# A shade must be learned within two weeks, and moves with the season.
SLOT_HALF_LIFE_DAYS = 12.0
ROOF_HALF_LIFE_DAYS = 20.0
# How many typical days the belief counts: in "like the rest of the day", and in "no bias".
SLOT_PRIOR_DAYS = 2.0
ROOF_PRIOR_DAYS = 1.5
LEVEL_PRIOR_DAYS = 4.0
# Typical energy of a slot is at least this share of the roof's highest: dawn cannot explode.
DIM_FRAC = 0.04
RATIO_RANGE = (0.1, 3.0)
# An hour around a slot, the nearer the more.
KERNEL = (0.1, 0.2, 0.4, 0.2, 0.1)
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
GUARD_HALF_LIFE_DAYS = 10.0
# What the whole correction must gain at least to be used: an unbiased roof is left alone.
GUARD_TOLERANCE_FRAC = 0.02
# Strengths whose losses differ by this share count e times as much as each other: no jumps.
GUARD_SHARPNESS_FRAC = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What has been learned about the provider's curve at this roof.

    ``ratio`` is by column of the day, ``offset_frac`` and ``slope_frac`` act on shares of the clear
    power. ``strength_frac`` 0..1 is how much of all this is applied. All hold for the coming day;
    ``by_day`` are the same for each past day, from what was known before it.
    """

    ratio: FloatArray
    roof_ratio: float
    offset_frac: float
    slope_frac: float
    strength_frac: float
    by_day: "_ByDay"

    def apply(self, said_kw: FloatArray, roof: Roof) -> FloatArray:
        """Return the corrected curve [kW] of slots from the issue on; NaN stays."""
        columns = np.arange(len(said_kw)) % SLOTS_PER_DAY
        clear_kw, ratio = roof.clear_kw[columns], self.ratio[columns]
        whole = _levelled(said_kw * ratio, clear_kw, self.offset_frac, self.slope_frac)
        return np.asarray(said_kw + self.strength_frac * (whole - said_kw))

    def apply_to_past(self, said_kw: FloatArray, roof: Roof) -> FloatArray:
        """Return past days as they would have been corrected then, shape (n_days, 96) [kW]."""
        then = self.by_day
        whole = _levelled(
            said_kw * then.ratio,
            roof.clear_kw,
            then.offset_frac[:, np.newaxis],
            then.slope_frac[:, np.newaxis],
        )
        return np.asarray(said_kw + then.strength_frac[:, np.newaxis] * (whole - said_kw))


@dataclass(frozen=True, slots=True, kw_only=True)
class _ByDay:
    ratio: FloatArray
    offset_frac: FloatArray
    slope_frac: FloatArray
    strength_frac: FloatArray


def learn_correction(days: PastDays, roof: Roof) -> Correction:
    """Learn from past days how the provider's curve must be changed for this roof."""
    said_kw, measured_kw = days.main_said_kw(), days.learnt_kw
    known = np.isfinite(said_kw) & np.isfinite(measured_kw)
    said = np.where(known, said_kw, 0.0)
    measured = np.where(known, measured_kw, 0.0)
    ratio, roof_ratio = _ratios(said, measured, roof)
    offset, slope = _levels(said * ratio[:-1], measured, known, roof)
    whole = _levelled(said * ratio[:-1], roof.clear_kw, offset[:-1, None], slope[:-1, None])
    strength = _strengths(said, np.where(known, whole, 0.0), measured)
    return Correction(
        ratio=ratio[-1],
        roof_ratio=float(roof_ratio[-1]),
        offset_frac=float(offset[-1]),
        slope_frac=float(slope[-1]),
        strength_frac=float(strength[-1]),
        by_day=_ByDay(
            ratio=ratio[:-1],
            offset_frac=offset[:-1],
            slope_frac=slope[:-1],
            strength_frac=strength[:-1],
        ),
    )


def _ratios(
    said_kw: FloatArray, measured_kw: FloatArray, roof: Roof
) -> tuple[FloatArray, FloatArray]:
    """Return the ratio by day and column, and that of the whole roof by day."""
    n_days = len(said_kw)
    slow = day_weights(n_days, ROOF_HALF_LIFE_DAYS)
    typical_kw = np.maximum(roof.clear_kw * 0.5, DIM_FRAC * roof.peak_kw)
    believed = ROOF_PRIOR_DAYS * max(float((roof.clear_kw * 0.5).sum()), 1e-9)
    of_roof = (slow @ measured_kw.sum(axis=1) + believed) / (slow @ said_kw.sum(axis=1) + believed)
    fast = day_weights(n_days, SLOT_HALF_LIFE_DAYS)
    prior_kw = SLOT_PRIOR_DAYS * np.maximum(typical_kw, 1e-9)
    numerator = fast @ _blur(measured_kw) + prior_kw * of_roof[:, np.newaxis]
    ratio = numerator / (fast @ _blur(said_kw) + prior_kw)
    return np.clip(ratio, *RATIO_RANGE), of_roof


def _blur(days_kw: FloatArray) -> FloatArray:
    if not days_kw.size:
        return days_kw
    return np.convolve(days_kw.ravel(), KERNEL, mode="same").reshape(days_kw.shape)


def _levels(
    said_kw: FloatArray, measured_kw: FloatArray, known: BoolArray, roof: Roof
) -> tuple[FloatArray, FloatArray]:
    """Return offset and slope of measured on said shares of the clear power, by day."""
    clear_kw = np.maximum(roof.clear_kw, 1e-9)
    weight = known * np.where(roof.is_daylight, roof.clear_kw, 0.0)
    x, y = said_kw / clear_kw, measured_kw / clear_kw
    x, y = np.minimum(x, 1.5), np.minimum(y, 1.5)
    w = day_weights(len(said_kw), ROOF_HALF_LIFE_DAYS)

    def total(values: FloatArray) -> FloatArray:
        return np.asarray(w @ (weight * values).sum(axis=1))

    day = max(float(np.where(roof.is_daylight, roof.clear_kw, 0.0).sum()), 1e-9)
    prior = LEVEL_PRIOR_DAYS * day
    # The belief: days spread over all levels, on which share is what was said.
    n = total(np.ones_like(x)) + prior
    sx, sy = total(x) + 0.5 * prior, total(y) + 0.5 * prior
    sxx, sxy = total(x * x) + 0.33 * prior, total(x * y) + 0.33 * prior
    slope = (n * sxy - sx * sy) / np.maximum(n * sxx - sx * sx, 1e-9)
    slope = np.clip(slope, 0.2, 1.5)
    offset = (sy - slope * sx) / n
    return offset, slope


def _levelled(
    said_kw: FloatArray,
    clear_kw: FloatArray,
    offset: FloatArray | float,
    slope: FloatArray | float,
) -> FloatArray:
    return np.maximum(0.0, clear_kw * offset + slope * said_kw)


def _strengths(said_kw: FloatArray, whole_kw: FloatArray, measured_kw: FloatArray) -> FloatArray:
    """Return by day how much of the correction would have been best on the days before."""
    w = day_weights(len(said_kw), GUARD_HALF_LIFE_DAYS)
    losses = np.stack(
        [
            w @ np.abs(measured_kw - said_kw - s * (whole_kw - said_kw)).sum(axis=1)
            for s in STRENGTHS
        ]
    )
    losses *= 1.0 + GUARD_TOLERANCE_FRAC * np.array(STRENGTHS)[:, np.newaxis]
    least = np.maximum(losses.min(axis=0), 1e-9)
    votes = np.exp(-((losses - losses.min(axis=0)) / least) / GUARD_SHARPNESS_FRAC)
    return np.asarray((np.array(STRENGTHS) @ votes) / votes.sum(axis=0))
