"""Bands from errors that were really made: order statistics that stay honest with few errors."""

import numpy as np

from forecaster.local_slots import IntArray
from forecaster.series import LEVELS, FloatArray

# How many independent errors weigh as much as the belief that no correction is needed.
CALM = 7.0


def known_quantiles(errors: FloatArray, levels: tuple[float, ...] = LEVELS) -> FloatArray:
    """Return quantiles of each column, NaN left out; a column without any number gives NaN.

    The position of a level among n values is ``level * (n + 1)``, as in conformal prediction, so
    that few errors give a wider band than their own quantiles would. The smallest and the largest
    error hold beyond.

    Args:
        errors: Any unit, shape (n_errors, n_columns).
        levels: 0 < level < 1.

    Returns:
        Shape (n_levels, n_columns).

    Source:
        Hyndman, R. J., Fan, Y. (1996), Sample quantiles in statistical packages, type 6.
    """
    n_columns = errors.shape[1]
    if not len(errors):
        return np.full((len(levels), n_columns), np.nan)
    ranked = np.sort(errors, axis=0)  # NaN goes to the end
    n_known = np.isfinite(ranked).sum(axis=0)
    columns = np.arange(n_columns)
    rows = np.empty((len(levels), n_columns))
    for row, level in enumerate(levels):
        position = np.clip(level * (n_known + 1.0) - 1.0, 0.0, np.maximum(n_known - 1.0, 0.0))
        below = position.astype(np.int64)
        above = np.minimum(below + 1, np.maximum(n_known - 1, 0))
        share = position - below
        rows[row] = ranked[below, columns] * (1.0 - share) + ranked[above, columns] * share
    return rows


def weighted_quantiles(values: FloatArray, weights: FloatArray, levels: FloatArray) -> FloatArray:
    """Return quantiles of each column of weighted samples, interpolated between samples.

    Args:
        values: Samples, shape (n_samples, n_columns); NaN only where the weight is 0.
        weights: Not negative, same shape; each column has some weight.
        levels: 0..1, shape (n_levels,); beyond the outermost samples these hold.

    Returns:
        Shape (n_levels, n_columns).
    """
    # One row a column: what is sorted lies together in memory.
    of_column, shares = np.ascontiguousarray(values.T), np.ascontiguousarray(weights.T)
    n_columns, n_samples = of_column.shape
    columns = np.arange(n_columns) * n_samples
    order = _order(of_column) + columns[:, np.newaxis]
    shares = shares.take(order)
    heights = np.cumsum(shares, axis=1)
    total = heights[:, -1:].copy()
    heights -= 0.5 * shares
    heights /= total
    # The last sample with weight: NaN and what cannot occur stand beyond it or weigh nothing.
    last = np.maximum(np.isfinite(of_column).sum(axis=1) - 1, 0)
    above = np.minimum(_n_below(heights, np.asarray(levels)), last)
    below = np.maximum(above - 1, 0)
    low, high = heights.take(columns + below), heights.take(columns + above)
    share = np.clip((levels[:, np.newaxis] - low) / np.maximum(high - low, 1e-12), 0.0, 1.0)
    at_below, at_above = (of_column.take(order.take(columns + at)) for at in (below, above))
    return np.asarray(at_below * (1.0 - share) + at_above * share)


def _order(rows: FloatArray) -> IntArray:
    """Return what sorts each row, NaN last.

    Where each value stands is put into the last bits of the value itself (the first 13 digits are
    left): sorting numbers takes a third of the time of sorting their places.
    """
    n_places = 1 << max(1, rows.shape[1] - 1).bit_length()
    marked = np.where(np.isnan(rows), np.finfo(np.float64).max, rows).view(np.int64)
    marked &= -n_places
    marked |= np.arange(rows.shape[1])
    ranked = marked.view(np.float64)
    ranked.sort(axis=1)
    places = ranked.view(np.int64)
    places &= n_places - 1
    return places


def _n_below(heights: FloatArray, levels: FloatArray) -> IntArray:
    """Return how many of each row's rising heights (0..1) lie below each level, (levels, rows)."""
    n_rows, n_samples = heights.shape
    # One search through all rows on end: each stands two above the one before.
    offsets = 2.0 * np.arange(n_rows)
    on_end = (heights + offsets[:, np.newaxis]).ravel()
    found = np.searchsorted(on_end, (levels[:, np.newaxis] + offsets).ravel(), side="left")
    return np.asarray(found.reshape(-1, n_rows) - np.arange(n_rows) * n_samples)


def ranks_among(values: FloatArray, weights: FloatArray, outcomes: FloatArray) -> FloatArray:
    """Return the share of the weight that lies below each outcome, 0..1; NaN where not known.

    With honest samples these ranks (the probability integral transform) are spread evenly.
    """
    below = np.where(values < outcomes, weights, 0.0).sum(axis=0)
    equal = np.where(values == outcomes, weights, 0.0).sum(axis=0)
    total = weights.sum(axis=0)
    known = np.isfinite(outcomes) & (total > 0.0)
    return np.where(known, (below + 0.5 * equal) / np.maximum(total, 1e-300), np.nan)


def calibrated_levels(
    ranks: FloatArray, n_independent: float, levels: tuple[float, ...] = LEVELS
) -> FloatArray:
    """Return which quantiles of the samples to take so that outcomes fall below them as often.

    Where outcomes of the last weeks fell below the p10 of the samples in 15 of 100 cases, the p10
    to give is a lower one. The correction is trusted by ``n_independent``, the number of errors
    that do not repeat each other (about one a day), against ``CALM`` of no correction.

    Args:
        ranks: As by ``ranks_among``, any shape, NaN left out.
        n_independent: Not negative.
        levels: What is wanted, rising.

    Source:
        Kuleshov, V., Fenner, N., Ermon, S. (2018), Accurate uncertainties for deep learning using
        calibrated regression, ICML.
    """
    wanted = np.array(levels)
    known = ranks[np.isfinite(ranks)]
    if not len(known):
        return wanted
    found = known_quantiles(known[:, np.newaxis], levels)[:, 0]
    share = n_independent / (n_independent + CALM)
    return np.asarray(np.maximum.accumulate(share * found + (1.0 - share) * wanted))
