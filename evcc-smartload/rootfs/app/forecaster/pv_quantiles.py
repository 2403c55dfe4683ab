"""How wrong the roof's forecast usually is: quantiles of its errors by lead and by level.

The level is the expected share of the clear power: clear days are safe, half-cloudy ones are not.
Errors are shares of the clear power too, weighed by how near their level and how recent they are;
what one roof's day-ahead forecast usually misses is believed as a few days of errors, and is all
there is at first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecaster.local_slots import IntArray
from forecaster.pv_roof import Roof
from forecaster.series import LEVELS, FloatArray

NODES = (0.0, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9, 1.05)
BANDWIDTH = 0.1
HALF_LIFE_DAYS = 30.0
# The believed errors count as this many days; days, as the slots of a day err together.
PRIOR_DAYS = 3.0
# Half the middle's shift is believed at this many days at a level. Below 10, an unbiased roof got
# 3 to 6 % worse; the roofs that were measured lose 1 % by it.
MIDDLE_DAYS = 30.0
# Few days know little of the next one: their band is wider by this over (1 + days at the level).
WIDER_FRAC = 0.25
# Measured at one roof a day ahead: 18 % of the peak, most at half-cloudy levels.
PRIOR_BASE = 0.10
PRIOR_BULGE = 0.5
UNSEEN_GROWTH = 0.7
_NORMAL = (-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645)
_N_PRIOR = 21


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorTable:
    """Quantiles of measured minus expected, shares of the clear power, (n_nodes, n_levels)."""

    quantiles: FloatArray


def read_tables(tables: Sequence[ErrorTable], which: IntArray, shares: FloatArray) -> FloatArray:
    """Return the quantiles at expected shares.

    Args:
        tables: By lead.
        which: Index of the table to read for each slot, shape (n_readings, n_slots).
        shares: Expected shares of the clear power, shape (n_slots,).

    Returns:
        Shape (n_levels, n_readings, n_slots).
    """
    nodes = np.array(NODES)
    at = np.clip(np.searchsorted(nodes, shares, side="right") - 1, 0, len(nodes) - 2)
    part = np.clip((shares - nodes[at]) / (nodes[at + 1] - nodes[at]), 0.0, 1.0)[:, np.newaxis]
    quantiles = np.stack([table.quantiles for table in tables])
    read = quantiles[which, at] * (1.0 - part) + quantiles[which, at + 1] * part
    return np.moveaxis(read, -1, 0)


def learn_errors(
    expected_kw: FloatArray, measured_kw: FloatArray, roof: Roof, usual_frac: float = 1.0
) -> ErrorTable:
    """Learn from past days.

    Args:
        expected_kw: What would have been expected, shape (n_days, 96) [kW]; NaN unknown.
        measured_kw: What came, same shape.
        roof: Gives the level.
        usual_frac: How much of what is usually missed a day ahead is believed at this lead.
    """
    n_days = len(expected_kw)
    daylight = np.flatnonzero(roof.is_daylight)
    clear_kw = np.maximum(roof.clear_kw[daylight], 1e-9)
    shares = (expected_kw[:, daylight] / clear_kw).ravel()
    errors = (measured_kw[:, daylight] / clear_kw).ravel() - shares
    recent = np.repeat(0.5 ** (np.arange(n_days)[::-1] / HALF_LIFE_DAYS), len(daylight))
    known = np.isfinite(errors)
    shares, errors, recent = shares[known], errors[known], recent[known]
    order = np.argsort(errors)
    shares, errors, recent = shares[order], errors[order], recent[order]
    away = (np.clip(shares, 0.0, 1.05) - np.array(NODES)[:, np.newaxis]) / BANDWIDTH
    # Seven digits of a weight are enough, and take a quarter of the time.
    weights = recent * np.exp((-0.5 * away**2).astype(np.float32))
    usual = np.stack([usual_frac * usual_errors(node, roof.seen_frac) for node in NODES])
    return ErrorTable(quantiles=_blended(errors, weights, usual, max(len(daylight), 1)))


def usual_errors(node: float, seen_frac: float) -> FloatArray:
    """Return what one roof's forecast usually misses at a level, by ``LEVELS``; more if unseen."""
    unseen = 1.0 + UNSEEN_GROWTH * (1.0 - seen_frac)
    return np.asarray(unseen * _usual_spread(node) * np.array(_NORMAL))


def _usual_spread(node: float) -> float:
    level = min(max(node, 0.0), 1.0)
    return PRIOR_BASE + PRIOR_BULGE * level * (1.0 - level)


def _blended(
    errors: FloatArray, weights: FloatArray, usual: FloatArray, per_day: int
) -> FloatArray:
    """Return weighted quantiles of seen and believed errors at each level, (n_nodes, n_levels).

    Args:
        errors: What was missed, rising, shape (n_errors,).
        weights: What each counts at each node, shape (n_nodes, n_errors).
        usual: What is usually missed at each node, shape (n_nodes, n_levels).
        per_day: How many errors a day has.
    """
    n_nodes = len(weights)
    middles = (np.arange(_N_PRIOR) + 0.5) / _N_PRIOR
    usual = np.stack([np.interp(middles, LEVELS, row) for row in usual])
    # A day is worth what the kernel leaves of a day spread evenly over all levels.
    believed = PRIOR_DAYS * per_day * min(1.0, BANDWIDTH * 2.5) / _N_PRIOR
    # Both rise: the usual ones go to their places among the errors.
    is_usual = np.zeros((n_nodes, len(errors) + _N_PRIOR), dtype=np.bool_)
    places = np.searchsorted(errors, usual, side="right") + np.arange(_N_PRIOR)
    np.put_along_axis(is_usual, places, values=True, axis=1)
    values, mass = np.empty(is_usual.shape), np.empty(is_usual.shape)
    values[is_usual], mass[is_usual] = usual.ravel(), believed
    values[~is_usual], mass[~is_usual] = np.tile(errors, n_nodes), weights.ravel()
    heights = np.cumsum(mass, axis=1)
    heights, total = heights - 0.5 * mass, heights[:, [-1]]
    wanted = total * np.array(LEVELS)
    quantiles = np.stack([np.interp(*row) for row in zip(wanted, heights, values, strict=True)])
    middle = quantiles[:, [LEVELS.index(0.5)]]
    n_days = weights.sum(axis=1, keepdims=True) / per_day
    moved = middle * n_days / (n_days + MIDDLE_DAYS)
    wider = 1.0 + WIDER_FRAC / (1.0 + n_days)
    return np.asarray(moved + wider * (quantiles - middle))
