"""The house load by libraries, at the same issues as ours: loss, band, time, memory.

    make bench-forecasts DATA=<folder> JUDGES=1
    .venv-judges/bin/python bench/judges.py <folder> [--every N] [--only NAME]

Each judge runs in a process of its own and imports its library there, so that its memory is its
own. All are asked about once a week (``--every N``: every N-th of these), on hourly means, which is
kind to the libraries: on quarter hours the slower ones would need minutes for an update. Boosting
and quantile regression learn anew every 30 days.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "evcc-smartload/rootfs/app"), str(ROOT)]

import numpy as np  # noqa: E402  # the path comes first

from bench.walk_forward import issue_times, table  # noqa: E402
from forecaster import scoring  # noqa: E402
from forecaster.baselines import Baseline, baseline_bands  # noqa: E402
from forecaster.load import forecast_load  # noqa: E402
from forecaster.local_slots import local_slots  # noqa: E402
from forecaster.series import FloatArray  # noqa: E402
from holiday_calendar import NoHolidays  # noqa: E402
from sources.measured_folder import MeasuredHome, find_homes, open_folder  # noqa: E402

LEVELS = (0.1, 0.5, 0.9)
HOURS = 48
EVERY = 25  # of the issues that are 7 h apart: about one a week, wandering over the day
TRAIN_DAYS = 60
REFIT_HOURS = 30 * 24

# Hourly means up to the issue, the home, the issue's index -> quantiles (3, HOURS).
Judge = Callable[[FloatArray, MeasuredHome, int], FloatArray]


def hourly(home: MeasuredHome) -> FloatArray:
    assert home.load is not None
    whole = len(home.load.values) // 4 * 4
    return np.asarray(home.load.values[:whole].reshape(-1, 4).mean(axis=1))


def ours(_past: FloatArray, home: MeasuredHome, index: int) -> FloatArray:
    assert home.load is not None
    at = home.load.start + index * timedelta(hours=1)
    bands = forecast_load(home.load, at, 4 * HOURS, zone=home.zone, holidays=NoHolidays())
    return _hours_of(bands.values[[1, 3, 5]])


def mean_profile(_past: FloatArray, home: MeasuredHome, index: int) -> FloatArray:
    assert home.load is not None
    at = home.load.start + index * timedelta(hours=1)
    bands = baseline_bands(Baseline.MEAN_PROFILE, home.load, at, 4 * HOURS, zone=home.zone)
    return np.full((3, HOURS), np.nan) if bands is None else _hours_of(bands.values[[1, 3, 5]])


def _hours_of(values: FloatArray) -> FloatArray:
    return np.asarray(values.reshape(3, HOURS, 4).mean(axis=2))


def _filled(past: FloatArray, days: int = TRAIN_DAYS) -> FloatArray:
    """The last days with gaps filled by the hour's mean: the classical models take no gaps."""
    recent = past[-days * 24 :].copy()
    profile = np.array([scoring.mean_known(recent[hour::24]) for hour in range(24)])
    profile = np.where(np.isfinite(profile), profile, scoring.mean_known(recent))
    gaps = np.isnan(recent)
    recent[gaps] = profile[np.arange(len(recent))[gaps] % 24]
    return recent


def statsmodels_ets() -> Judge:
    library = import_module("statsmodels.tsa.holtwinters")

    def judge(past: FloatArray, _home: MeasuredHome, _index: int) -> FloatArray:
        train = _filled(past)
        fitted = library.ExponentialSmoothing(
            train, seasonal="add", seasonal_periods=24, initialization_method="estimated"
        ).fit()
        middle = np.asarray(fitted.forecast(HOURS))
        residuals = np.asarray(fitted.resid).reshape(-1, 24)
        low, high = (np.tile(np.quantile(residuals, level, axis=0), 2) for level in (0.1, 0.9))
        return np.stack([middle + low, middle, middle + high])

    return judge


def statsmodels_quantreg() -> Judge:
    library = import_module("statsmodels.regression.quantile_regression")
    models: dict[tuple[str, int], Any] = {}

    def judge(past: FloatArray, home: MeasuredHome, index: int) -> FloatArray:
        def fit() -> list[Any]:
            # Its solver takes a minute for what boosting learns from in a second.
            rows, outcomes = training_rows(past, home, apart_h=31)
            design = _design(rows)
            model = library.QuantReg(outcomes, design)
            return [model.fit(q=level, max_iter=200).params for level in LEVELS]

        parameters = _refitted(models, home, index, fit)
        design = _design(features(past, home, len(past)))
        return np.stack([design @ row for row in parameters])

    return judge


def _design(rows: FloatArray) -> FloatArray:
    known = np.nan_to_num(rows[:, 2:], nan=float(np.nanmean(rows[:, 3:])))
    return np.column_stack([np.ones(len(rows)), known])


def statsforecast_mstl() -> Judge:
    return _statsforecast("MSTL")


def statsforecast_autoets() -> Judge:
    return _statsforecast("AutoETS")


def statsforecast_seasonal_naive() -> Judge:
    return _statsforecast("SeasonalNaive")


def _statsforecast(name: str) -> Judge:
    models = import_module("statsforecast.models")
    make: dict[str, Callable[[], Any]] = {
        "MSTL": lambda: models.MSTL(season_length=[24, 168]),
        "AutoETS": lambda: models.AutoETS(season_length=24),
        "SeasonalNaive": lambda: models.SeasonalNaive(season_length=168),
    }

    def judge(past: FloatArray, _home: MeasuredHome, _index: int) -> FloatArray:
        said = make[name]().forecast(y=_filled(past), h=HOURS, level=[80])
        return np.stack([said["lo-80"], said["mean"], said["hi-80"]])

    return judge


def scikit_boosting() -> Judge:
    library = import_module("sklearn.ensemble")

    def learn(rows: FloatArray, outcomes: FloatArray, level: float) -> Any:
        return library.HistGradientBoostingRegressor(
            loss="quantile", quantile=level, max_iter=120, max_leaf_nodes=15, learning_rate=0.06,
            min_samples_leaf=200,
        ).fit(rows, outcomes)  # fmt: skip

    return _boosting(learn)


def lightgbm() -> Judge:
    library = import_module("lightgbm")

    def learn(rows: FloatArray, outcomes: FloatArray, level: float) -> Any:
        options = {
            "objective": "quantile", "alpha": level, "num_leaves": 15, "learning_rate": 0.06,
            "min_data_in_leaf": 200, "feature_fraction": 0.7, "verbose": -1, "num_threads": 1,
        }  # fmt: skip
        return library.train(options, library.Dataset(rows, outcomes), 120)

    return _boosting(learn)


def _boosting(learn: Callable[[FloatArray, FloatArray, float], Any]) -> Judge:
    models: dict[tuple[str, int], Any] = {}

    def judge(past: FloatArray, home: MeasuredHome, index: int) -> FloatArray:
        def fit() -> list[Any]:
            rows, outcomes = training_rows(past, home)
            return [learn(rows, outcomes, level) for level in LEVELS]

        fitted = _refitted(models, home, index, fit)
        coming = features(past, home, len(past))
        return np.sort(np.stack([model.predict(coming) for model in fitted]), axis=0)

    return judge


def _refitted(
    models: dict[tuple[str, int], Any], home: MeasuredHome, index: int, fit: Callable[[], Any]
) -> Any:
    key = (home.name, index // REFIT_HOURS)
    if key not in models:
        models[key] = fit()
    return models[key]


def training_rows(
    past: FloatArray, home: MeasuredHome, apart_h: int = 7
) -> tuple[FloatArray, FloatArray]:
    """What was known at earlier issues and what came."""
    origins = range(max(15 * 24, len(past) - 150 * 24), len(past) - HOURS, apart_h)
    rows = np.concatenate([features(past[:origin], home, origin) for origin in origins])
    outcomes = np.concatenate([past[origin : origin + HOURS] for origin in origins])
    known = np.isfinite(outcomes)
    return rows[known], outcomes[known]


def features(past: FloatArray, home: MeasuredHome, origin: int) -> FloatArray:
    """Local hour, weekday, lead, lags and rolling quantiles of each hour to come."""
    assert home.load is not None
    coming = origin + np.arange(HOURS)
    at = local_slots(home.load.start + origin * timedelta(hours=1), 4 * HOURS, home.zone)
    ages = np.arange(1, 29)[:, np.newaxis]
    sources = coming - 24 * ages
    days = np.where(
        (sources >= 0) & (sources < origin), past[np.clip(sources, 0, origin - 1)], np.nan
    )
    near = np.concatenate([days, np.roll(days, 1, axis=1), np.roll(days, -1, axis=1)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing known in a column: NaN is meant
        columns = [
            at.slots[::4] // 4, (at.days[::4] - 1) % 7, coming - origin,
            days[0], days[1], days[6], days[13],
            np.nanmean(days[:7], axis=0), np.nanmean(days, axis=0),
            *np.nanquantile(days, LEVELS, axis=0), *np.nanquantile(near, LEVELS, axis=0),
            *(np.full(HOURS, np.nanmean(past[-hours:])) for hours in (1, 3, 6, 24, 168)),
        ]  # fmt: skip
    return np.column_stack(columns).astype(np.float64)


def _ready(judge: Judge) -> Callable[[], Judge]:
    return lambda: judge


JUDGES: dict[str, Callable[[], Judge]] = {
    "SmartLoad": _ready(ours),
    "mean_profile_30d, own band": _ready(mean_profile),
    "statsmodels Holt-Winters": statsmodels_ets,
    "statsmodels quantile regression": statsmodels_quantreg,
    "statsforecast SeasonalNaive": statsforecast_seasonal_naive,
    "statsforecast AutoETS": statsforecast_autoets,
    "statsforecast MSTL": statsforecast_mstl,
    "scikit-learn HistGradientBoosting": scikit_boosting,
    "LightGBM": lightgbm,
}


def run(name: str, folder: Path, every: int) -> dict[str, float]:
    """Score one judge over all homes, in this process."""
    homes = [home for home in find_homes(open_folder(folder)) if home.load is not None]
    series = [hourly(home) for home in homes]
    before_mb = _resident_mb()
    judge = JUDGES[name]()
    losses, coverages, took = [], [], []
    warnings.simplefilter("ignore")
    for home, values in zip(homes, series, strict=True):
        assert home.load is not None
        last = home.load.end - timedelta(days=2)
        said, came = [], []
        for at in issue_times(home.load.start + timedelta(days=60), last, every=every):
            index = (at - home.load.start) // timedelta(hours=1)
            if np.isfinite(values[index - 14 * 24 : index]).mean() < 0.5:
                continue  # after a gap of weeks the classical models have nothing to stand on
            began = time.process_time()
            said.append(judge(values[:index], home, index))
            took.append(1000.0 * (time.process_time() - began))
            came.append(values[index : index + HOURS])
        forecasts, outcomes = np.concatenate(said, axis=1), np.concatenate(came)
        losses.append(scoring.mean_pinball(np.maximum(forecasts, 0.0), outcomes))
        coverages.append(scoring.coverage_frac(forecasts[0], forecasts[2], outcomes))
    return {
        "pinball_kw": float(np.mean(losses)),
        "coverage_frac": float(np.mean(coverages)),
        "mean_ms": float(np.mean(took)),
        "most_ms": float(np.max(took)),
        "resident_mb": _resident_mb() - before_mb,
    }


def _resident_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("--only", choices=JUDGES, help="one judge, in this process, as JSON")
    chosen = parser.parse_args()
    if chosen.only:
        print(json.dumps(run(chosen.only, chosen.folder, EVERY * chosen.every)))
        return 0
    rows = []
    for name in JUDGES:
        command = [sys.executable, __file__, str(chosen.folder), "--every", str(chosen.every)]
        done = subprocess.run(
            [*command, "--only", name], capture_output=True, text=True, check=False
        )
        if done.returncode:
            rows.append([name, "failed", done.stderr.strip().splitlines()[-1], "", "", ""])
            continue
        found = json.loads(done.stdout)
        rows.append([name, f"{found['pinball_kw']:.4f}", f"{100 * found['coverage_frac']:.1f}",
                     f"{found['mean_ms']:.0f}", f"{found['most_ms']:.0f}",
                     f"{found['resident_mb']:.0f}"])  # fmt: skip
        print(f"{name}: done", file=sys.stderr, flush=True)
    print("## House load: what libraries would do\n")
    print(table(["forecaster", "pinball kW", "in band %", "mean ms", "most ms", "MB"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
