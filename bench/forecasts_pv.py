"""How right the PV forecast is: walk-forward over measured roofs, as they are and distorted.

A home's provider curve is taken as known 24 h before each slot, as its issue times are not known;
beyond, there is none. Roofs are made from it by changing the curve, never the measurements:

    as logged      the curve as it is
    unbiased       times one constant, so that its energy over the whole file is right (this
                   constant knows the future; it only makes the roof, no forecaster sees it)
    honest         a synthetic provider: the measured shape over two hours times a daily lognormal
                   error of 35 %, seeded
    +30 %, -30 %   unbiased, times 1.3 or 0.7
    shade          unbiased, but the roof gives 40 % of what is said after 13:00 UTC
    east, west     unbiased, 1.5 h too early or too late

Scores count daylight only (a clear day of the fortnight gives more than 3 % of the peak), as nights
are always right. A run of ours without a provider is scored against simple forecasts.
"""

import contextlib
import itertools
import math
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from bench import walk_forward as wf
from domain.horizon import SLOT, SLOTS_PER_DAY
from forecaster import pv_correction, pv_forecast, pv_intraday, pv_quantiles, pv_roof, scoring
from forecaster.baselines import Baseline, baseline_bands
from forecaster.pv_confidence import PvConfidence, judge_confidence
from forecaster.pv_forecast import PvForecast, forecast_pv
from forecaster.pv_past import MAX_ROWS, PvPast
from forecaster.series import LEVELS, Bands, FloatArray, SlotSeries
from sources.measured_folder import MeasuredHome, find_homes, open_folder, tables_with
from sources.measured_table import Table

N_SLOTS = 192
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
WARM_UP = timedelta(days=20)
LEADS_H = (1, 6, 24)
# Issues come 7 h apart; this many are passed over, so that a run over all roofs takes minutes.
THINNING = 2
SHADE_FROM_UTC_H = 13.0
NATIONAL = ("measured_pu", "fc_intraday_pu", "fc_dayahead_11h_pu", "fc_dayahead_18h_pu")
CONFIDENCE_EDGES = (0.0, 0.5, 0.65, 0.8, 1.0)

Curve = Callable[[datetime], SlotSeries | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoofCase:
    """A roof with what a provider says about it; ``said`` is by lead, ``curve`` as known then."""

    name: str
    measured: SlotSeries
    step: timedelta
    zone: ZoneInfo
    said: dict[timedelta, SlotSeries]
    curve: Curve

    def forecast(self, issued_at: datetime, seen: timedelta = MAX_ROWS * DAY) -> PvForecast:
        """Return our forecast from the last ``seen`` before ``issued_at``."""
        first = max(self.measured.start, issued_at - seen)
        return forecast_pv(
            PvPast(
                measured=self.measured.between(first, issued_at),
                said={lead: said.between(first, issued_at) for lead, said in self.said.items()},
            ),
            self.curve(issued_at),
            issued_at=issued_at,
            n_slots=N_SLOTS,
            zone=self.zone,
        )

    def issues(self, every: int) -> list[datetime]:
        """Return when forecasts are issued: from the warm-up on, wandering over the day."""
        end = self.measured.end - N_SLOTS * SLOT
        thinning = every * THINNING
        while math.gcd(thinning, 24) > 1:
            thinning += 1  # else only some hours of the day would ever be asked at
        return wf.issue_times(self.measured.start + WARM_UP, end, every=thinning)


def sections(folder: Path, *, every: int) -> Iterator[str]:
    """Yield the markdown blocks; ``every`` takes every n-th issue only."""
    homes = [home for home in find_homes(open_folder(folder)) if home.pv is not None]
    confident: list[FloatArray] = []
    for home in homes:
        if home.pv_forecast is None:
            yield from _own_section(home, every)
            continue
        cases = list(roofs_of(home))
        yield from _roof_section(home.name, cases, every)
        yield from _lead_section(cases[0], every)
        yield _half_table(cases, every)
        yield _perturbed_table(cases, every * 8)
        yield _first_days_table(cases[:2], every)
        confident += [judged_days(case, every) for case in cases]
        yield _confidence_section(home.name, cases, confident[-len(cases) :])
        yield _cost(cases[0])
    for table in tables_with(open_folder(folder), NATIONAL):
        case = national_case(table)
        if case is not None:
            yield from _lead_section(case, every)
            yield _confidence_section(case.name, [case], [judged_days(case, every)])
    if confident:
        yield "### Confidence over all roofs\n\n" + _confidence_table(np.vstack(confident))


def roofs_of(home: MeasuredHome) -> Iterator[RoofCase]:
    """Yield a home's roofs, as it is first."""
    measured, logged = home.pv, home.pv_forecast
    if measured is None or logged is None:
        return
    said = logged.between(measured.start, measured.end).values
    both = np.isfinite(said) & np.isfinite(measured.values)
    unbiased = said * measured.values[both].sum() / said[both].sum()
    first_h = measured.start.hour + measured.start.minute / 60.0
    hours = (first_h + np.arange(len(said)) * 0.25) % 24.0
    curves = {
        "as logged": said,
        "unbiased": unbiased,
        "honest": _honest(measured.values),
        "+30 %": unbiased * 1.3,
        "-30 %": unbiased * 0.7,
        "shade": np.where(hours >= SHADE_FROM_UTC_H, unbiased / 0.4, unbiased),
        "east": np.roll(unbiased, -6),
        "west": np.roll(unbiased, 6),
    }
    for name, values in curves.items():
        series = SlotSeries(start=measured.start, values=values)
        yield RoofCase(
            name=name,
            measured=measured,
            step=home.step,
            zone=home.zone,
            said={DAY: series},
            curve=lambda at, series=series: series.between(at, at + DAY),  # type: ignore[misc]  # mypy cannot see the default
        )


def _honest(measured_kw: FloatArray) -> FloatArray:
    rng = np.random.default_rng(3)
    n_days = len(measured_kw) // SLOTS_PER_DAY + 1
    daily = np.exp(rng.normal(-0.06, 0.35, n_days)).repeat(SLOTS_PER_DAY)[: len(measured_kw)]
    smooth = np.convolve(np.nan_to_num(measured_kw), np.full(8, 0.125), mode="same")
    return np.where(np.isfinite(measured_kw), smooth * daily, np.nan)


def national_case(table: Table) -> RoofCase | None:
    """Return a fleet with forecasts really issued ahead; None when a column is empty."""
    zone = ZoneInfo("Europe/Brussels")
    found = {name: table.series(name) for name in (*NATIONAL, "fc_weekahead_pu")}
    columns = {name: series for name, series in found.items() if series is not None}
    if not set(NATIONAL) <= set(columns):
        return None
    intraday, morning, evening = (columns[name] for name in NATIONAL[1:])
    week = columns.get("fc_weekahead_pu")

    def curve(at: datetime) -> SlotSeries:
        local = at.astimezone(zone)
        midnight = at - timedelta(hours=local.hour, minutes=local.minute)
        tomorrow = evening if local.hour >= 18 else morning if local.hour >= 11 else week
        parts = [
            intraday.between(at, at + HOUR),
            evening.between(at + HOUR, max(at + HOUR, midnight + DAY)),
        ]
        for source, until in ((tomorrow, midnight + 2 * DAY), (week, at + N_SLOTS * SLOT)):
            begin = at + sum(len(part.values) for part in parts) * SLOT
            if source is not None and until > begin:
                parts.append(source.between(begin, until))
        return SlotSeries(start=at, values=np.concatenate([part.values for part in parts]))

    said = {timedelta(0): intraday, 12 * HOUR: evening, DAY: morning}
    if week is not None:
        said[2 * DAY] = week
    name = table.rows.file.stem
    measured = columns["measured_pu"]
    return RoofCase(
        name=name, measured=measured, step=table.step, zone=zone, said=said, curve=curve
    )


def _walk(case: RoofCase, name: str, forecaster: wf.Forecaster, issues: list[datetime]) -> wf.Run:
    run = wf.walk(name, forecaster, case.measured, issues, n_slots=N_SLOTS, step=case.step)
    daylight = _daylight(case.measured)
    lit = np.stack(
        [daylight.between(at, at + N_SLOTS * SLOT).values[:: case.step // SLOT] for at in issues]
    )
    return wf.Run(
        name=run.name,
        issues=run.issues,
        step=run.step,
        forecasts=run.forecasts,
        outcomes=np.where(lit > 0.0, run.outcomes, np.nan),
        update_s=run.update_s,
    )


def _daylight(measured: SlotSeries) -> SlotSeries:
    """Return 1 where a clear day of the fortnight around gives more than 3 % of the peak."""
    n_days = -(-len(measured.values) // SLOTS_PER_DAY)
    rows = measured.between(measured.start, measured.start + n_days * DAY).values
    rows = np.nan_to_num(rows).reshape(n_days, SLOTS_PER_DAY)
    clear = np.stack([rows[max(0, day - 7) : day + 8].max(axis=0) for day in range(n_days)])
    threshold = 0.03 * np.quantile(rows, 0.999)
    return SlotSeries(start=measured.start, values=(clear > threshold).ravel().astype(np.float64))


def _raw(case: RoofCase) -> wf.Forecaster:
    def forecaster(at: datetime) -> Bands | None:
        curve = case.curve(at)
        if curve is None:
            return None
        values = curve.between(at, at + N_SLOTS * SLOT).values
        return Bands(start=at, values=np.tile(values, (len(LEVELS), 1)))

    return forecaster


def _ours(case: RoofCase) -> wf.Forecaster:
    return lambda at: case.forecast(at).bands


def _simple(case: RoofCase, baseline: Baseline) -> wf.Forecaster:
    return lambda at: baseline_bands(baseline, case.measured, at, N_SLOTS, zone=case.zone)


def _first_day(run: wf.Run) -> wf.Run:
    n_steps = DAY // run.step
    return wf.Run(
        name=run.name,
        issues=run.issues,
        step=run.step,
        forecasts=run.forecasts[:, :, :n_steps],
        outcomes=run.outcomes[:, :n_steps],
        update_s=run.update_s,
    )


def _change_pct(ours: float, raw: float) -> str:
    return f"{100.0 * (ours / raw - 1.0):+.1f}"


def _pair(case: RoofCase, issues: list[datetime]) -> tuple[wf.Run, wf.Run]:
    raw = _walk(case, "provider", _raw(case), issues)
    raw, ours = wf.known_by_all([raw, _walk(case, "ours", _ours(case), issues)])
    return raw, ours


def _roof_section(name: str, cases: list[RoofCase], every: int) -> Iterator[str]:
    rows = []
    for case in cases:
        raw, ours = _pair(case, case.issues(every))
        cells = [case.name]
        day_raw, day_ours = wf.score(_first_day(raw)), wf.score(_first_day(ours))
        cells += [f"{day_raw.mae:.3f}", f"{day_ours.mae:.3f}"]
        cells.append(_change_pct(day_ours.mae, day_raw.mae))
        for lead in LEADS_H:
            at = wf.score(ours, lead_h=lead)
            cells.append(_change_pct(at.mae, wf.score(raw, lead_h=lead).mae))
        cells += [f"{100 * day_ours.coverage_frac:.1f}", f"{day_ours.pinball:.4f}"]
        rows.append(cells)
    header = ["roof", "provider MAE [kW]", "ours", "change %", "at 1 h %", "at 6 h %", "at 24 h %"]
    header += ["in 80 % band %", "pinball"]
    yield f"### {name}: the next 24 h by roof\n\n" + wf.table(header, rows)


def _lead_section(case: RoofCase, every: int) -> Iterator[str]:
    issues = case.issues(every)
    runs = [
        _walk(case, "provider", _raw(case), issues),
        _walk(case, "ours", _ours(case), issues),
        _walk(case, "persistence", _simple(case, Baseline.PERSISTENCE), issues),
        _walk(case, "30-day mean", _simple(case, Baseline.MEAN_PROFILE), issues),
    ]
    yield f"### {case.name}: by lead\n\n" + _by_lead(case, runs, (1, 6, 24, 48))
    hours = [wf.bias_by_hour(run, case.zone) for run in runs[:2]]
    lit = [hour for hour in range(24) if np.isfinite(hours[1][hour])]
    rows = [
        [run.name, *(f"{by_hour[hour]:+.2f}" for hour in lit)]
        for run, by_hour in zip(runs, hours, strict=False)
    ]
    yield "Bias by local hour:\n\n" + wf.table(["", *(f"{hour}" for hour in lit)], rows)


def _by_lead(case: RoofCase, runs: list[wf.Run], leads_h: tuple[int, ...]) -> str:
    capacity = wf.capacity_kw(case.measured)
    rows = []
    for lead in leads_h:
        for run in runs:
            here = wf.score(run, lead_h=lead)
            if np.isnan(here.mae):
                continue
            mean = scoring.mean_known(run.outcomes)
            cells = wf.figures(here, capacity=capacity, mean=mean)
            if run.name == "provider":
                cells[4] = "–"
            rows.append([f"{lead} h, {run.name}", *cells])
    return wf.table(["lead", *wf.FIGURES], rows)


def _own_section(home: MeasuredHome, every: int) -> Iterator[str]:
    if home.pv is None:
        return
    case = RoofCase(
        name=f"{home.name}, no provider",
        measured=home.pv,
        step=home.step,
        zone=home.zone,
        said={},
        curve=lambda _at: None,
    )
    issues = case.issues(every)
    runs = [
        _walk(case, "ours", _ours(case), issues),
        _walk(case, "persistence", _simple(case, Baseline.PERSISTENCE), issues),
        _walk(case, "30-day mean", _simple(case, Baseline.MEAN_PROFILE), issues),
    ]
    yield f"### {case.name}: by lead\n\n" + _by_lead(case, runs, (1, 6, 24, 48))


def _half_table(cases: list[RoofCase], every: int) -> str:
    rows = []
    for case in cases:
        issues = case.issues(every)
        middle = len(issues) // 2
        cells = [case.name]
        for half in (issues[:middle], issues[middle:]):
            raw, ours = (wf.score(_first_day(run)) for run in _pair(case, half))
            cells += [_change_pct(ours.mae, raw.mae), f"{100 * ours.coverage_frac:.1f}"]
        rows.append(cells)
    header = ["roof", "first half %", "in band %", "second half %", "in band %"]
    return "Halves of the file, MAE against the provider:\n\n" + wf.table(header, rows)


_PERTURBED = (
    (pv_correction, "SLOT_HALF_LIFE_DAYS"),
    (pv_correction, "SLOT_PRIOR_DAYS"),
    (pv_correction, "LEVEL_PRIOR_DAYS"),
    (pv_correction, "GUARD_HALF_LIFE_DAYS"),
    (pv_intraday, "PRIOR_DAYS"),
    (pv_quantiles, "BANDWIDTH"),
    (pv_quantiles, "HALF_LIFE_DAYS"),
    (pv_quantiles, "PRIOR_DAYS"),
    (pv_roof, "CAP_MARGIN_FRAC"),
    (pv_forecast, "GROWTH_PER_DAY"),
)


def _perturbed_table(cases: list[RoofCase], every: int) -> str:
    chosen = [case for case in cases if case.name in {"as logged", "honest", "shade"}]
    rows = []
    for module, constant in ((None, ""), *_PERTURBED):
        for factor in (1.0,) if module is None else (0.6, 1.6):
            with _changed(module, constant, factor):
                scores = [
                    [wf.score(_first_day(run)) for run in _pair(case, case.issues(every))]
                    for case in chosen
                ]
            label = "as it is" if module is None else f"{module.__name__}.{constant} x {factor}"
            rows.append(
                [
                    label.removeprefix("forecaster."),
                    *(_change_pct(ours.mae, raw.mae) for raw, ours in scores),
                    f"{100 * np.mean([ours.coverage_frac for _, ours in scores]):.1f}",
                ]
            )
    header = ["constant", *(case.name for case in chosen), "in band %"]
    return "Constants changed, MAE against the provider [%]:\n\n" + wf.table(header, rows)


@contextlib.contextmanager
def _changed(module: object, constant: str, factor: float) -> Iterator[None]:
    if module is None:
        yield
        return
    before = getattr(module, constant)
    setattr(module, constant, before * factor)
    try:
        yield
    finally:
        setattr(module, constant, before)


def _first_days_table(cases: list[RoofCase], every: int) -> str:
    rows = []
    for case in cases:
        for days in (0.0, 0.5, 1.0, 2.0, 4.0, 7.0, 14.0):
            issues = case.issues(every * 3)

            def young(at: datetime, case: RoofCase = case, days: float = days) -> Bands:
                return case.forecast(at, seen=days * DAY).bands

            raw = _walk(case, "provider", _raw(case), issues)
            raw, ours = wf.known_by_all([raw, _walk(case, "ours", young, issues)])
            first, said = wf.score(_first_day(ours)), wf.score(_first_day(raw))
            cells = [f"{case.name}, {days:g} days", f"{first.mae:.3f}"]
            cells += [_change_pct(first.mae, said.mae), f"{100 * first.coverage_frac:.1f}"]
            rows.append(cells)
    header = ["history", "MAE [kW]", "against the provider %", "in 80 % band %"]
    return "With little history:\n\n" + wf.table(header, rows)


def judged_days(case: RoofCase, every: int) -> FloatArray:
    """Return confidence and relative error of the next 24 h's energy, shape (n_issues, 2).

    The error is over the mean of what was said and what came, but at least 2 % of a clear day's.
    """
    judged = []
    for at in case.issues(every):
        forecast = case.forecast(at)
        came = case.measured.between(at, at + DAY).values
        if np.isnan(came).any() or np.isnan(forecast.bands.at(0.5)[:SLOTS_PER_DAY]).any():
            continue
        confidence: PvConfidence = judge_confidence(forecast, freshness_frac=1.0)
        if confidence.coverage_frac < 0.9:
            continue
        said = float(forecast.bands.at(0.5)[:SLOTS_PER_DAY].sum())
        base = max((said + came.sum()) / 2.0, 0.02 * float(forecast.roof.clear_kw.sum()))
        judged.append([confidence.raw_frac, abs(came.sum() - said) / base])
    return np.array(judged).reshape(-1, 2)


def _confidence_section(name: str, cases: list[RoofCase], judged: list[FloatArray]) -> str:
    rows = []
    for case, days in zip(cases, judged, strict=True):
        rows.append([case.name, *_confidence_cells(days)])
    return f"### Confidence: {name}\n\n" + wf.table(_confidence_header("roof"), rows)


def _confidence_header(first: str) -> list[str]:
    bands = [
        f"error at {low:g}–{high:g} % (n)" for low, high in itertools.pairwise(CONFIDENCE_EDGES)
    ]
    return [first, "forecasts", "rank correlation", "median", *bands]


def _confidence_cells(days: FloatArray) -> list[str]:
    confidence, error = days[:, 0], days[:, 1]
    correlation = scoring.rank_correlation(confidence, error)
    cells = [f"{len(days)}", f"{correlation:+.2f}", f"{np.median(confidence):.2f}"]
    for low, high in itertools.pairwise(CONFIDENCE_EDGES):
        inside = (confidence >= low) & (confidence < high + (high == 1.0))
        n_inside = int(inside.sum())
        cells.append(f"{100 * error[inside].mean():.0f} ({n_inside})" if n_inside else "–")
    return cells


def _confidence_table(days: FloatArray) -> str:
    return wf.table(_confidence_header(""), [["all", *_confidence_cells(days)]])


def _cost(case: RoofCase) -> str:
    issues = case.issues(40)[-8:]
    took = []
    for at in issues:
        began = time.perf_counter()
        case.forecast(at)
        took.append(time.perf_counter() - began)
    tracemalloc.start()
    case.forecast(issues[-1])
    peak_mb = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return f"One update: {1e3 * float(np.median(took)):.0f} ms, {peak_mb:.1f} MB at most."
