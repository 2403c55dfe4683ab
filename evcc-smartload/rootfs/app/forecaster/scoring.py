"""How good a forecast was: the measures of the field, for quarter hours and for windows.

Everywhere, slots with NaN in forecast or outcome are left out, and a measure without any slot is
NaN. Source: Gneiting, T., Raftery, A. (2007), Strictly proper scoring rules, prediction, and
estimation, JASA 102(477).
"""

import numpy as np

from forecaster.series import FloatArray


def pinball_loss(forecast: FloatArray, outcome: FloatArray, level: float) -> FloatArray:
    """Return the loss of a forecast of the quantile ``level`` per slot; lower is better.

    Args:
        forecast: Forecast of that quantile, any unit.
        outcome: What happened, same unit; shapes must broadcast.
        level: 0 < level < 1.

    Raises:
        ValueError: The level is out of range.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"a quantile level must lie between 0 and 1, not {level}")
    missed = outcome - forecast
    return np.maximum(level * missed, (level - 1.0) * missed)


def mean_pinball(
    forecasts: FloatArray, outcome: FloatArray, levels: tuple[float, ...] = (0.1, 0.5, 0.9)
) -> float:
    """Return the mean pinball loss over levels and slots.

    Args:
        forecasts: Shape (n_levels, n_slots), one row a level of ``levels``.
        outcome: Shape (n_slots,).
        levels: As many as ``forecasts`` has rows.
    """
    losses = [
        pinball_loss(row, outcome, level) for row, level in zip(forecasts, levels, strict=True)
    ]
    return mean_known(np.stack(losses))


def coverage_frac(low: FloatArray, high: FloatArray, outcome: FloatArray) -> float:
    """Return the share of outcomes within ``low`` and ``high``, both included, 0..1."""
    known = np.isfinite(low) & np.isfinite(high) & np.isfinite(outcome)
    if not known.any():
        return float("nan")
    inside = (outcome[known] >= low[known]) & (outcome[known] <= high[known])
    return float(inside.mean())


def mean_absolute_error(forecast: FloatArray, outcome: FloatArray) -> float:
    """Return the mean absolute error, in the unit of both."""
    return mean_known(np.abs(outcome - forecast))


def root_mean_square_error(forecast: FloatArray, outcome: FloatArray) -> float:
    """Return the root of the mean squared error, in the unit of both."""
    return float(np.sqrt(mean_known((outcome - forecast) ** 2)))


def bias(forecast: FloatArray, outcome: FloatArray) -> float:
    """Return the mean of forecast minus outcome: positive when too much was promised."""
    return mean_known(forecast - outcome)


def mean_known(values: FloatArray) -> float:
    """Return the mean of what is not NaN; NaN when nothing is."""
    known = np.isfinite(values)
    return float(values[known].mean()) if known.any() else float("nan")


def rank_correlation(first: FloatArray, second: FloatArray) -> float:
    """Return Spearman's rank correlation, -1..1; NaN for fewer than three pairs or no variation.

    Ties get their mean rank.
    """
    known = np.isfinite(first) & np.isfinite(second)
    if known.sum() < 3:  # noqa: PLR2004  # two points always lie on a line
        return float("nan")
    ranks = [_mean_ranks(values[known]) for values in (first, second)]
    deviations = [rank - rank.mean() for rank in ranks]
    scale = float(np.sqrt((deviations[0] ** 2).sum() * (deviations[1] ** 2).sum()))
    if scale == 0.0:
        return float("nan")
    return float((deviations[0] * deviations[1]).sum() / scale)


def _mean_ranks(values: FloatArray) -> FloatArray:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray(((last - counts + 1 + last) / 2.0)[inverse], dtype=np.float64)
