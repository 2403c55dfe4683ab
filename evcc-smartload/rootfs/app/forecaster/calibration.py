"""Bands from errors that were really made: order statistics that stay honest with few errors."""

import numpy as np

from forecaster.series import LEVELS, FloatArray


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
