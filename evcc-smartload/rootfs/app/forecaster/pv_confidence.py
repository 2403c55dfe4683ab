"""How far the PV forecast of the next 24 hours can be trusted, 0..1, before it is followed calmly.

    raw      = coverage * freshness * accuracy
    accuracy = 1 - expected error of the day's energy
    expected = 0.75 * spread of the coming day * 0.42 + 0.25 * error of the last seven days

The spread of the coming day (half the 80 % band over the middle, both summed) tells clear from
half-cloudy days; the last seven days tell a roof that is understood from one that is not. Days are
the 24 hours before the issue and those before them, so no midnight makes a jump, and a day leaves
its week gradually.
"""

from dataclasses import dataclass

import numpy as np

from domain.horizon import SLOT_H, SLOTS_PER_DAY
from forecaster.pv_forecast import PvForecast

RECENT_DAYS = 7.0
# Held-out days rank by the spread alone as well as by this mix (0.4 to 0.5), by the week alone at
# 0.2 to 0.3; the week is there for a roof whose provider goes wrong.
SPREAD_SHARE = 0.75
# Bands of slots do not add up to that of the day: measured, mean error over spread of the slots.
DAY_PER_SLOTS = 0.42
# Believed of the last seven days before they were seen, as this many days.
USUAL_ERROR_FRAC = 0.33
USUAL_DAYS = 1.5
# Days of which less than this share of the clear energy is known are left out, gradually.
WHOLE_DAY_FRAC = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PvConfidence:
    """The confidence and what it is made of, all 0..1 but the errors, which may exceed 1.

    ``expected_error_frac`` is the mean relative error to expect of the next 24 hours' energy,
    ``recent_error_frac`` that of the last seven days, ``spread_frac`` half the 80 % band of the
    coming day over its middle.
    """

    raw_frac: float
    coverage_frac: float
    freshness_frac: float
    accuracy_frac: float
    expected_error_frac: float
    recent_error_frac: float
    spread_frac: float


def judge_confidence(forecast: PvForecast, *, freshness_frac: float) -> PvConfidence:
    """Judge a forecast.

    Args:
        forecast: As issued; at least 24 hours long for a full judgement.
        freshness_frac: How fresh the provider's curve is, 0..1.
    """
    coverage = _coverage_frac(forecast)
    spread = _spread_frac(forecast)
    recent = _recent_error_frac(forecast)
    expected = SPREAD_SHARE * DAY_PER_SLOTS * spread + (1.0 - SPREAD_SHARE) * recent
    accuracy = max(0.0, 1.0 - expected)
    fresh = min(1.0, max(0.0, freshness_frac))
    return PvConfidence(
        raw_frac=coverage * fresh * accuracy,
        coverage_frac=coverage,
        freshness_frac=fresh,
        accuracy_frac=accuracy,
        expected_error_frac=expected,
        recent_error_frac=recent,
        spread_frac=spread,
    )


def _coverage_frac(forecast: PvForecast) -> float:
    """Return the share of the next day's clear energy about which the provider says something."""
    said = ~np.array(forecast.report.is_continued[:SLOTS_PER_DAY], dtype=np.bool_)
    roof = forecast.roof
    possible = float(roof.clear_kw.sum())
    if possible <= 0.0:
        return float(said.sum()) / SLOTS_PER_DAY
    # A time of day of which nothing is known at all may be as sunny as the others are on average.
    usual_kw = float(roof.clear_kw[roof.is_known].mean())
    weight = np.where(roof.is_known, roof.clear_kw, usual_kw)
    return float(weight[: len(said)][said].sum() / weight.sum())


def _spread_frac(forecast: PvForecast) -> float:
    bands = forecast.bands
    low, middle, high = (
        float(np.nansum(bands.at(level)[:SLOTS_PER_DAY])) for level in (0.1, 0.5, 0.9)
    )
    if high <= 0.0:
        return 1.0 / DAY_PER_SLOTS
    # A middle of nearly nothing under a wide band: the day is unknown, not infinitely so.
    return min((high - low) / 2.0 / max(middle, 0.05 * high), 1.0 / DAY_PER_SLOTS)


def _recent_error_frac(forecast: PvForecast) -> float:
    """Return what was missed of the last seven days' energies, over these energies."""
    measured, expected = forecast.days.learnt_kw, forecast.expected_past_kw
    clear_kw = forecast.roof.clear_kw
    known = np.isfinite(measured) & np.isfinite(expected)
    possible = float(clear_kw.sum())
    if possible <= 0.0:
        return USUAL_ERROR_FRAC
    known_frac = (known * clear_kw).sum(axis=1) / possible
    weight = np.clip(known_frac / WHOLE_DAY_FRAC - 1.0, 0.0, 1.0)
    weight *= np.clip(1.0 - np.arange(len(weight))[::-1] / RECENT_DAYS, 0.0, 1.0)
    came = np.where(known, measured, 0.0).sum(axis=1) * SLOT_H
    said = np.where(known, expected, 0.0).sum(axis=1) * SLOT_H
    believed = USUAL_DAYS * 0.4 * possible * SLOT_H
    missed = float(weight @ np.abs(came - said)) + USUAL_ERROR_FRAC * believed
    return missed / (float(weight @ (came + said)) / 2.0 + believed)
