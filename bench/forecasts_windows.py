"""What the house needs over whole windows: is the quantile of the sum right?

Every six hours a forecast is issued for two days, and with every third one the need of the next 6,
12 and 24 hours, until the next surplus and of the coming night is said. Only paths and windows
that were over by then have taught anything. Beside it stand two wrong ways: the sums of the
slots' quantiles, and slots that know nothing of each other.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from bench import forecasts_guard
from bench.walk_forward import issue_times, peak_memory_mb, table
from domain.forecast import WindowEnergy
from domain.horizon import SLOT, SLOT_H, slot_start
from forecaster import scoring
from forecaster.load import forecast_load
from forecaster.pv_forecast import forecast_pv
from forecaster.pv_past import MAX_ROWS, PvPast
from forecaster.scenarios import KEEP, RankArchive, RankPath, rank_path, read_at_ranks
from forecaster.series import Bands, FloatArray
from forecaster.windows import (
    WindowCalibration,
    need_kwh,
    night,
    until_surplus,
    window_energy,
    window_scenarios,
)
from sources.measured_folder import MeasuredHome, find_homes, open_folder

DAY = timedelta(days=1)
APART = timedelta(hours=6)
# Windows 18 h apart wander over the day; thinned out, the paths become fewer first.
THINNING = 3
N_SLOTS = 192
WARM_UP = timedelta(days=35)
LENGTHS_H = (6, 12, 24)
LEVELS = (0.1, 0.5, 0.9)
OURS, UNCALIBRATED, ASSUMED = "calibrated", "scenarios alone", "assumed paths alone"
SUMS, INDEPENDENT = "sums of slot quantiles", "independent slots"
WAYS = (OURS, UNCALIBRATED, ASSUMED, SUMS, INDEPENDENT)


class NoHolidays:
    """Measured homes do not say in which region they stand."""

    def is_holiday(self, day: date) -> bool:  # noqa: ARG002  # the port's signature
        return False


@dataclass
class Walk:
    """What was said about the windows of one home, by kind of window and way."""

    home: str
    came: dict[str, list[float]] = field(default_factory=dict)
    said: dict[tuple[str, str], list[tuple[float, ...]]] = field(default_factory=dict)
    paths: list[RankPath] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)
    memory_mb: float = 0.0


def sections(folder: Path, *, every: int) -> Iterator[str]:
    homes = [
        home
        for home in find_homes(open_folder(folder))
        if home.load is not None and home.pv is not None
    ]
    if not homes:
        yield "No home with load and PV: nothing was measured."
        return
    walks = [walk for walk in (walk_home(home, every=every) for home in homes) if walk.came]
    if not walks:
        yield f"No home is longer than {WARM_UP.days + 2} days: nothing was measured."
        return
    kinds = list(dict.fromkeys(kind for walk in walks for kind in walk.came))
    yield "Need over a window [kWh], all homes; every home weighs the same in a row."
    yield table(
        ("window", "way", "windows", "in band %", "below p90 %", "pinball kWh", "mean need kWh"),
        [row for kind in kinds for row in rows_of(walks, kind)],
    )
    yield "The calibrated 80 % band by home [%]."
    yield table(
        ("home", *kinds),
        [(walk.home, *(f"{coverage(walk, kind, OURS):.1f}" for kind in kinds)) for walk in walks],
    )
    took_ms = 1000 * np.concatenate([walk.took_s for walk in walks])
    yield (
        f"The windows of one issue: {np.median(took_ms):.1f} ms of one core in the middle, "
        f"{np.quantile(took_ms, 0.99):.1f} ms at the 99th percentile, "
        f"{max(walk.memory_mb for walk in walks):.1f} MB."
    )
    yield from forecasts_guard.sections(folder, every=every)


def walk_home(home: MeasuredHome, *, every: int) -> Walk:
    assert home.load is not None
    assert home.pv is not None
    start = slot_start(home.load.start + WARM_UP)
    end = home.load.end - N_SLOTS * SLOT
    walk, calibration = Walk(home=home.name), WindowCalibration()
    open_windows: list[tuple[WindowEnergy, float]] = []
    for turn, now in enumerate(issue_times(start, end, every=every, apart=APART)):
        load, pv = say_load(home, now), say_pv(home, now)
        for past, came in sorted(open_windows, key=lambda one: one[0].end):
            if past.end <= now:
                calibration = calibration.learned(past, came)
        open_windows = [one for one in open_windows if one[0].end > now]
        if turn % max(1, THINNING // every) == 0:
            open_windows += say_windows(walk, home, load, pv, calibration)
        walk.paths.append(rank_path(load, pv, home.load, home.pv))
    if not walk.paths:
        return walk
    ranks = past_paths(walk.paths, walk.paths[-1].start, timedelta(0))
    walk.memory_mb = peak_memory_mb(
        lambda: window_energy(load, pv, ranks, load.start, load.start + DAY)
    )
    return walk


def say_windows(
    walk: Walk, home: MeasuredHome, load: Bands, pv: Bands, calibration: WindowCalibration
) -> Iterator[tuple[WindowEnergy, float]]:
    """Say and note the windows of one issue; yield those that can be judged, with what came."""
    took_s, now = 0.0, load.start
    for kind, (begin, until) in windows_of(load, pv, now).items():
        if until == load.end:
            continue  # no surplus in sight: the window has no end of its own
        ranks = past_paths(walk.paths, now, until - now)
        began = time.process_time()
        said = window_energy(load, pv, ranks, begin, until, calibration=calibration)
        took_s += time.process_time() - began
        need = need_of(home, begin, until)
        if said is not None and np.isfinite(need):
            note(walk, kind, need, said, other_ways(load, pv, ranks, begin, until))
            yield said, need
    walk.took_s.append(took_s)


def say_load(home: MeasuredHome, now: datetime) -> Bands:
    assert home.load is not None
    return forecast_load(home.load, now, N_SLOTS, zone=home.zone, holidays=NoHolidays())


def say_pv(home: MeasuredHome, now: datetime) -> Bands:
    """Return the PV forecast; a provider's curve is taken as known 24 h before each slot."""
    assert home.pv is not None
    first = max(home.pv.start, now - MAX_ROWS * DAY)
    said, provider = {}, None
    if home.pv_forecast is not None:
        said = {DAY: home.pv_forecast.between(first, now)}
        provider = home.pv_forecast.between(now, now + DAY)
    past = PvPast(measured=home.pv.between(first, now), said=said)
    return forecast_pv(past, provider, issued_at=now, n_slots=N_SLOTS, zone=home.zone).bands


def windows_of(load: Bands, pv: Bands, now: datetime) -> dict[str, tuple[datetime, datetime]]:
    windows = {f"next {hours} h": (now, now + timedelta(hours=hours)) for hours in LENGTHS_H}
    found = {"until surplus": until_surplus(load, pv, now), "night": night(load, pv, now)}
    return windows | {kind: window for kind, window in found.items() if window is not None}


def past_paths(paths: list[RankPath], now: datetime, length: timedelta) -> RankArchive:
    """Return what was known of the paths: those whose window of this length was over."""
    return RankArchive(
        paths=tuple(path for path in paths if now - KEEP <= path.start <= now - length)
    )


def need_of(home: MeasuredHome, start: datetime, end: datetime) -> float:
    assert home.load is not None
    assert home.pv is not None
    return need_kwh(home.load.between(start, end).values, home.pv.between(start, end).values)


def note(
    walk: Walk, kind: str, need: float, said: WindowEnergy, others: dict[str, tuple[float, ...]]
) -> None:
    walk.came.setdefault(kind, []).append(need)
    ours = (said.p10_kwh, said.p50_kwh, said.p90_kwh)
    for way, quantiles in (others | {OURS: ours}).items():
        walk.said.setdefault((kind, way), []).append(quantiles)


def other_ways(
    load: Bands, pv: Bands, ranks: RankArchive, start: datetime, end: datetime
) -> dict[str, tuple[float, ...]]:
    ways = {}
    for way, archive in ((UNCALIBRATED, ranks), (ASSUMED, RankArchive())):
        sums = window_scenarios(load, pv, archive, start, end)
        assert sums is not None
        ways[way] = tuple(sums.need_quantile(level) for level in LEVELS)
    window = slice((start - load.start) // SLOT, (end - load.start) // SLOT)
    ways[SUMS] = tuple(
        float(np.maximum(load.at(level) - pv.at(1 - level), 0.0)[window].sum() * SLOT_H)
        for level in LEVELS
    )
    drawn = np.random.default_rng(1).random((2, 200, window.stop - window.start))
    load_kw = read_at_ranks(load.values[:, window], load.levels, drawn[0])
    pv_kw = read_at_ranks(pv.values[:, window], pv.levels, drawn[1])
    needs = np.maximum(load_kw - pv_kw, 0.0).sum(axis=1) * SLOT_H
    ways[INDEPENDENT] = tuple(np.quantile(needs, LEVELS).tolist())
    return ways


def rows_of(walks: list[Walk], kind: str) -> Iterator[tuple[str, ...]]:
    having = [walk for walk in walks if kind in walk.came]
    n_windows = sum(len(walk.came[kind]) for walk in having)
    for way in WAYS:
        yield (
            kind,
            way,
            str(n_windows),
            f"{np.mean([coverage(walk, kind, way) for walk in having]):.1f}",
            f"{np.mean([below_p90(walk, kind, way) for walk in having]):.1f}",
            f"{np.mean([pinball(walk, kind, way) for walk in having]):.3f}",
            f"{np.mean([np.mean(walk.came[kind]) for walk in having]):.2f}",
        )


def coverage(walk: Walk, kind: str, way: str) -> float:
    if kind not in walk.came:
        return float("nan")
    came, (low, _, high) = arrays(walk, kind, way)
    return 100 * scoring.coverage_frac(low, high, came)


def below_p90(walk: Walk, kind: str, way: str) -> float:
    came, (_, _, high) = arrays(walk, kind, way)
    return 100 * float((came <= high).mean())


def pinball(walk: Walk, kind: str, way: str) -> float:
    came, said = arrays(walk, kind, way)
    return scoring.mean_pinball(said, came, LEVELS)


def arrays(walk: Walk, kind: str, way: str) -> tuple[FloatArray, FloatArray]:
    return np.array(walk.came[kind]), np.array(walk.said[kind, way]).T
