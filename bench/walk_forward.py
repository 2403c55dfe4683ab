"""Walks over a measured series, issues forecasts from what was known then, and scores them.

Every forecaster is asked at the same instants. These are 7 hours apart, so that they wander over
the day and every hour of it is forecast from every distance. Scores are on the file's own step: the
quarter hours within are averaged, a quantile of the mean being the mean of the quantiles because
the outcomes within a step are one value.
"""

import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import numpy as np

from domain.horizon import SLOT, SLOT_H
from forecaster import scoring
from forecaster.local_slots import local_slots
from forecaster.series import Bands, FloatArray, SlotSeries

ISSUE_EVERY = timedelta(hours=7)
SCORED = (0.1, 0.5, 0.9)
LEADS_H = (1, 6, 24, 48)

Forecaster = Callable[[datetime], Bands | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one forecaster said at every issue, beside what came.

    ``forecasts`` has the shape (n_issues, 3, n_steps) for p10, p50 and p90, ``outcomes``
    (n_issues, n_steps); ``update_s`` is the processor time each issue took.
    """

    name: str
    issues: tuple[datetime, ...]
    step: timedelta
    forecasts: FloatArray
    outcomes: FloatArray
    update_s: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The measures of a run, in the unit of the series where not a share."""

    mae: float
    rmse: float
    pinball: float
    coverage_frac: float
    bias: float


def issue_times(
    start: datetime, end: datetime, *, every: int = 1, apart: timedelta = ISSUE_EVERY
) -> list[datetime]:
    """Return the instants from ``start`` to ``end`` at which forecasts are issued.

    ``every`` takes every n-th of them only.
    """
    n_issues = max(0, (end - start) // apart)
    return [start + position * apart for position in range(0, n_issues, every)]


def walk(  # noqa: PLR0913  # one run is all of these
    name: str,
    forecaster: Forecaster,
    measured: SlotSeries,
    issues: Iterable[datetime],
    *,
    n_slots: int,
    step: timedelta,
) -> Run:
    """Ask ``forecaster`` at every issue and keep what it said and what came.

    A forecaster that says nothing (None) is scored nowhere at that issue. It must cut off what
    was measured after the issue by itself.
    """
    said, came, took = [], [], []
    at = list(issues)
    for issued_at in at:
        began = time.process_time()
        bands = forecaster(issued_at)
        took.append(time.process_time() - began)
        said.append(
            np.full((len(SCORED), n_slots), np.nan)
            if bands is None
            else np.stack([bands.at(level) for level in SCORED])[:, :n_slots]
        )
        came.append(measured.between(issued_at, issued_at + n_slots * SLOT).values)
    return Run(
        name=name,
        issues=tuple(at),
        step=step,
        forecasts=_by_step(np.array(said).reshape(len(at), len(SCORED), n_slots), step),
        outcomes=_by_step(np.array(came).reshape(len(at), n_slots), step),
        update_s=np.array(took),
    )


def _by_step(values: FloatArray, step: timedelta) -> FloatArray:
    per_step = step // SLOT
    return np.asarray(values.reshape(*values.shape[:-1], -1, per_step).mean(axis=-1))


def known_by_all(runs: Sequence[Run]) -> list[Run]:
    """Return the runs with only those outcomes that every one of them had a forecast for."""
    known = np.all([np.isfinite(run.forecasts).all(axis=1) for run in runs], axis=0)
    return [
        Run(
            name=run.name,
            issues=run.issues,
            step=run.step,
            forecasts=run.forecasts,
            outcomes=np.where(known, run.outcomes, np.nan),
            update_s=run.update_s,
        )
        for run in runs
    ]


def score(run: Run, *, lead_h: int | None = None) -> Score:
    """Return the measures of a run; ``lead_h`` takes the hour that ends so long after the issue."""
    n_steps = run.outcomes.shape[1]
    starts_h = np.arange(n_steps) * (run.step / timedelta(hours=1))
    chosen = (
        np.ones(n_steps, dtype=bool)
        if lead_h is None
        else (starts_h >= lead_h - 1) & (starts_h < lead_h)
    )
    outcomes = run.outcomes[:, chosen].ravel()
    low, middle, high = (run.forecasts[:, row][:, chosen].ravel() for row in range(3))
    return Score(
        mae=scoring.mean_absolute_error(middle, outcomes),
        rmse=scoring.root_mean_square_error(middle, outcomes),
        pinball=scoring.mean_pinball(np.stack([low, middle, high]), outcomes, SCORED),
        coverage_frac=scoring.coverage_frac(low, high, outcomes),
        bias=scoring.bias(middle, outcomes),
    )


def bias_by_hour(run: Run, zone: tzinfo) -> FloatArray:
    """Return the mean of p50 minus outcome for each local hour, shape (24,)."""
    per_step = run.step // SLOT
    n_slots = run.outcomes.shape[1] * per_step
    hours = np.stack(
        [local_slots(at, n_slots, zone).slots[::per_step] * SLOT_H // 1 for at in run.issues]
    )
    errors = run.forecasts[:, 1] - run.outcomes
    return np.array([scoring.mean_known(errors[hours == hour]) for hour in range(24)])


def capacity_kw(measured: SlotSeries) -> float:
    """Return what stands for the largest power: the 99.9th percentile of what was measured."""
    return float(np.nanquantile(measured.values, 0.999))


def peak_memory_mb(update: Callable[[], object]) -> float:
    """Return the memory [MB] that ``update`` holds at its most, beyond what was held before."""
    update()  # imports and caches are not the update's
    tracemalloc.start()
    try:
        update()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a markdown table; every column but the first is right-aligned."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, rule, *rows))


def figures(score_: Score, *, capacity: float, mean: float) -> list[str]:
    """Return the cells of a score: MAE, both nRMSE [%], pinball, coverage [%], bias."""
    return [
        f"{score_.mae:.3f}",
        f"{100 * score_.rmse / capacity:.1f}",
        f"{100 * score_.rmse / mean:.1f}",
        f"{score_.pinball:.4f}",
        f"{100 * score_.coverage_frac:.1f}",
        f"{score_.bias:+.3f}",
    ]


FIGURES = ("MAE", "nRMSE cap. %", "nRMSE mean %", "pinball", "in band %", "bias")


def mean_of(rows: Sequence[FloatArray]) -> Iterator[float]:
    """Yield the mean of each column over homes."""
    yield from np.mean(rows, axis=0).tolist()
