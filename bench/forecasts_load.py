"""The house load forecast over measured homes, against simple ones; see bench/forecasts.py."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from bench.walk_forward import (
    FIGURES,
    LEADS_H,
    Forecaster,
    Run,
    bias_by_hour,
    capacity_kw,
    figures,
    issue_times,
    known_by_all,
    peak_memory_mb,
    score,
    table,
    walk,
)
from domain.horizon import SLOTS_PER_DAY
from forecaster.away import AWAY_HISTORY, find_away
from forecaster.baselines import Baseline, baseline_bands, baseline_point
from forecaster.load import forecast_load
from forecaster.series import LEVELS, Bands, SlotSeries
from holiday_calendar import NoHolidays
from sources.measured_folder import MeasuredHome, find_homes, open_folder

N_SLOTS = 2 * SLOTS_PER_DAY
LEARNED = timedelta(days=30)
OURS = "SmartLoad"
MEMORY_HISTORY_DAYS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeRuns:
    """All forecasters over one home; the first run is ours."""

    home: MeasuredHome
    load: SlotSeries
    runs: tuple[Run, ...]

    @property
    def mean_kw(self) -> float:
        return float(np.nanmean(self.load.values))


def sections(folder: Path, *, every: int = 1) -> Iterator[str]:
    """Yield the tables of the house load, one block after another."""
    homes = [home for home in find_homes(open_folder(folder)) if home.load is not None]
    results = []
    for home in homes:
        result = run_home(home, every=every)
        if result is None:
            yield f"### {home.name}\n\nShorter than {LEARNED.days + 2} days: left out."
            continue
        results.append(result)
        yield f"### {home.name}\n\n" + describe(result)
        yield by_lead(result)
    if not results:
        yield "No home with a measured load."
        return
    yield "### All homes: pinball loss against the simple forecasts\n\n" + compare(results)
    yield "### All homes: bias by local hour [kW]\n\n" + bias_table(results)
    yield "### All homes: away detection\n\n" + away_table(results)
    yield "### One update\n\n" + cost(results)


def forecasters(home: MeasuredHome, load: SlotSeries) -> dict[str, Forecaster]:
    """Return every competitor by name, ours first."""
    found: dict[str, Forecaster] = {
        OURS: lambda at: forecast_load(load, at, N_SLOTS, zone=home.zone, holidays=NoHolidays())
    }
    for baseline in Baseline:
        found[baseline.value] = partial(_point, baseline, home, load)
    for baseline in Baseline:
        found[f"{baseline.value}, own band"] = partial(_banded, baseline, home, load)
    return found


def _point(baseline: Baseline, home: MeasuredHome, load: SlotSeries, at: datetime) -> Bands | None:
    point = baseline_point(baseline, load, at, N_SLOTS, zone=home.zone)
    if point is None:
        return None
    return Bands(start=point.start, values=np.tile(point.values, (len(LEVELS), 1)))


def _banded(baseline: Baseline, home: MeasuredHome, load: SlotSeries, at: datetime) -> Bands | None:
    return baseline_bands(baseline, load, at, N_SLOTS, zone=home.zone)


def run_home(home: MeasuredHome, *, every: int) -> HomeRuns | None:
    """Walk over a home; None when it is too short."""
    if home.load is None:
        return None
    load = home.load
    first, last = load.start + LEARNED, load.end - timedelta(days=2)
    issues = issue_times(first, last, every=every)
    if not issues:
        return None
    runs = [
        walk(name, forecaster, load, issues, n_slots=N_SLOTS, step=home.step)
        for name, forecaster in forecasters(home, load).items()
    ]
    return HomeRuns(home=home, load=load, runs=tuple(known_by_all(runs)))


def describe(result: HomeRuns) -> str:
    """Return what the home is and the measures of every forecaster over the 48 hours."""
    home, capacity, mean = result.home, capacity_kw(result.load), result.mean_kw
    rows = [[run.name, *figures(score(run), capacity=capacity, mean=mean)] for run in result.runs]
    minutes = home.step // timedelta(minutes=1)
    return (
        f"{minutes}-minute data, {home.zone}, mean {mean:.2f} kW, capacity {capacity:.2f} kW, "
        f"{len(result.runs[0].issues)} issues, 48 h ahead; powers in kW.\n\n"
        + table(["forecaster", *FIGURES], rows)
    )


def by_lead(result: HomeRuns) -> str:
    """Return the measures by lead time, ours beside the best of the simple ones' bands."""
    capacity, mean = capacity_kw(result.load), result.mean_kw
    ours, *others = result.runs
    rows = []
    for lead_h in LEADS_H:
        scores = {run.name: score(run, lead_h=lead_h) for run in others}
        best = min(scores, key=lambda name: scores[name].pinball)
        for name, found in ((ours.name, score(ours, lead_h=lead_h)), (best, scores[best])):
            rows.append([f"{lead_h} h: {name}", *figures(found, capacity=capacity, mean=mean)])
    return table(["the hour that ends after", *FIGURES], rows)


def compare(results: list[HomeRuns]) -> str:
    """Return by how much our pinball loss lies below each simple forecast's [%], per home."""
    names = [run.name for run in results[0].runs[1:]]
    rows, every_row = [], []
    for result in results:
        ours, *others = (score(run) for run in result.runs)
        below = [100.0 * (1.0 - ours.pinball / other.pinball) for other in others]
        every_row.append([ours.pinball, 100.0 * ours.coverage_frac, *below])
        rows.append([result.home.name, *_cells(every_row[-1])])
    rows.append(["mean over homes", *_cells(np.mean(every_row, axis=0).tolist())])
    return (
        "How far SmartLoad's loss lies below [%]; a simple forecast is first a single curve, then "
        "has the band of its own errors.\n\n"
        + table(["home", "pinball kW", "in band %", *names], rows)
    )


def _cells(row: list[float]) -> list[str]:
    pinball, *shares = row
    return [f"{pinball:.4f}", *(f"{share:.1f}" for share in shares)]


def bias_table(results: list[HomeRuns]) -> str:
    """Return p50 minus outcome by local hour, per home."""
    biases = [bias_by_hour(result.runs[0], result.home.zone) for result in results]
    biases.append(np.mean(biases, axis=0))
    rows = [[f"{hour:02d}", *(f"{bias[hour]:+.2f}" for bias in biases)] for hour in range(24)]
    return table(["hour", *(result.home.name for result in results), "mean"], rows)


def away_table(results: list[HomeRuns]) -> str:
    """Return how often each home was taken for empty, looked at every six hours."""
    rows = []
    for result in results:
        load = result.load
        looks = issue_times(load.start + LEARNED, load.end, apart=timedelta(hours=6))
        looks = [
            at for at in looks if np.isfinite(load.between(at - AWAY_HISTORY, at).values).any()
        ]
        found = [find_away(load, at, zone=result.home.zone) is not None for at in looks]
        days = {at.date() for at, is_away in zip(looks, found, strict=True) if is_away}
        all_days = {at.date() for at in looks}
        rows.append([result.home.name, f"{len(all_days)}", f"{len(days)}",
                     f"{100.0 * len(days) / max(1, len(all_days)):.1f}"])  # fmt: skip
    return table(["home", "days", "days with an alarm", "share %"], rows)


def cost(results: list[HomeRuns]) -> str:
    """Return time and memory of an update with a full history."""
    rows = []
    for result in results:
        took = 1000.0 * result.runs[0].update_s
        load, home = result.load, result.home
        n_days = len(load.values) // SLOTS_PER_DAY
        repeats = -(-MEMORY_HISTORY_DAYS // n_days)
        values = np.tile(load.values[: n_days * SLOTS_PER_DAY], repeats)
        values = values[-MEMORY_HISTORY_DAYS * SLOTS_PER_DAY :]
        long = SlotSeries(start=load.start, values=values)
        update = partial(
            forecast_load, long, long.end, N_SLOTS, zone=home.zone, holidays=NoHolidays()
        )
        rows.append([home.name, f"{np.median(took):.0f}", f"{np.quantile(took, 0.95):.0f}",
                     f"{peak_memory_mb(update):.0f}"])  # fmt: skip
    return (
        f"Calibration included; memory beyond {MEMORY_HISTORY_DAYS} days of history.\n\n"
        + table(["home", "median ms", "95 % ms", "peak MB"], rows)
    )
