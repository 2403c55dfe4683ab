"""The PV forecast with its quantiles: the provider's curve as this roof and its errors teach.

    screen      what the provider cannot mean is unknown (pv_plausibility)
    correct     by time of day and level, as far as it helps (pv_correction)
    nudge       by what the last hours have shown (pv_intraday)
    bands       by what was missed before at that lead and level (pv_quantiles)
    continue    where the provider says nothing: from the roof's own past (pv_continuation)

Nothing is below 0 or above what the roof can plausibly give at that time of day, and nights are 0.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

import numpy as np

from domain.horizon import SLOTS_PER_DAY, slot_start
from forecaster.pv_continuation import own_past_kw
from forecaster.pv_correction import Correction, learn_correction
from forecaster.pv_intraday import REACH_SLOTS, STEPS_AHEAD, carry_at, learn_carries, surprises
from forecaster.pv_past import ONE_DAY, PastDays, PvPast, past_days
from forecaster.pv_plausibility import (
    ImplausibleSpan,
    curtailed_slots,
    screen_provider,
    screen_said,
)
from forecaster.pv_quantiles import ErrorTable, learn_errors, read_tables
from forecaster.pv_roof import Roof, survey_roof
from forecaster.series import (
    LEVELS,
    Bands,
    BoolArray,
    FloatArray,
    SlotSeries,
    n_slots_between,
)

MODEL = "provider_corrected"
MODEL_WITHOUT_PROVIDER = "own_past"

_MIDDLE = LEVELS.index(0.5)
_HOUR = timedelta(hours=1)
# Leads [h] whose errors are learned; the short ones profit from what the day has shown.
_LONG_LEADS_H = (24.0, 48.0)
_LEADS_H = (*(steps / 4.0 for steps in STEPS_AHEAD), *_LONG_LEADS_H)
# Errors grow by about this much for every day beyond the longest lead that is known.
GROWTH_PER_DAY = 0.1


# What was learned serves issues of so many slots more; a day of 25 hours is one.
REUSED_SLOTS = SLOTS_PER_DAY + 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PvForecastReport:
    """How a forecast came about.

    ``ratio`` is what each quarter hour of the next 24 h is multiplied with before levels are put
    right, ``strength_frac`` how much of the correction is used. ``is_continued`` is by slot: from
    the roof's own past, as the provider says nothing (sane) there. ``surprise_frac`` is what the
    last two hours gave beyond what was expected, as a share of the clear power; ``carry_frac`` is
    how much of it the next hour is expected to keep. ``clear_kw`` is a clear day from the issue on.
    ``is_curtailed`` belongs to the measured past.
    """

    model: str
    ratio: tuple[float, ...]
    roof_ratio: float
    strength_frac: float
    is_continued: tuple[bool, ...]
    implausible: tuple[ImplausibleSpan, ...]
    carry_frac: float
    surprise_frac: float
    clear_kw: tuple[float, ...]
    evidence_days: float
    is_curtailed: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True)
class PvForecast:
    """The quantiles [kW] from the issue's slot on, and how they came about."""

    bands: Bands
    report: PvForecastReport
    days: PastDays
    expected_past_kw: FloatArray
    roof: Roof
    learned: "PvLearned"
    """Good for the issues of the next hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A curve before its errors are looked at, and what it would have been on past days [kW].

    ``by_lead_kw`` is by lead [h], shape (n_days, 96) each; ``coming_kw`` has a value everywhere.
    """

    coming_kw: FloatArray
    by_lead_kw: dict[float, FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taught:
    """What a source's past taught about its errors.

    ``near`` and ``day_ahead`` [kW] are what it said of the past, soon before and a day before, and
    what it says of the coming slots. ``tables`` are by lead [h].
    """

    near: SlotSeries
    day_ahead: SlotSeries
    longest_lead_h: float
    carries: FloatArray
    tables: Mapping[float, ErrorTable]


@dataclass(frozen=True, slots=True, kw_only=True)
class PvLearned:
    """What a roof's past taught by ``start``, with which each column of a day begins there.

    ``own_coming_kw`` is what the roof's own past says of the slots from ``start`` on. ``own`` and
    ``provided`` are None where that source was not asked.
    """

    start: datetime
    roof: Roof
    correction: Correction
    own_coming_kw: FloatArray
    own: _Taught | None
    provided: _Taught | None

    def from_slot(self, start: datetime) -> "PvLearned":
        """Return the same, with columns that begin at a later slot; nothing new is learned."""
        moved = n_slots_between(self.start, start)
        roof, ratio = self.roof, self.correction.ratio
        return replace(
            self,
            start=start,
            roof=Roof(
                clear_kw=np.roll(roof.clear_kw, -moved),
                cap_kw=np.roll(roof.cap_kw, -moved),
                seen_frac=roof.seen_frac,
                is_known=np.roll(roof.is_known, -moved),
            ),
            correction=replace(self.correction, ratio=np.roll(ratio, -moved)),
            own_coming_kw=self.own_coming_kw[moved:],
        )


def forecast_pv(  # noqa: PLR0913  # everything the forecast is made of, by name
    past: PvPast,
    provider: SlotSeries | None,
    *,
    issued_at: datetime,
    n_slots: int,
    zone: tzinfo,  # noqa: ARG001  # the sun keeps UTC; part of every forecaster's signature
    export_limit_kw: float | None = None,
    live_kw: float | None = None,
    learned: PvLearned | None = None,
) -> PvForecast:
    """Forecast PV for ``n_slots`` quarter hours from the one that contains ``issued_at``.

    Args:
        past: What was measured and said; what lies after ``issued_at`` is not looked at.
        provider: The provider's curve as it is known now [kW], NaN unknown; None: there is none.
        issued_at: Aware UTC.
        n_slots: Length of the forecast.
        zone: The home's.
        export_limit_kw: What may be fed in at most; None: no limit is known.
        live_kw: PV measured right now.
        learned: What an issue of the last hours had learned from the past; without it that is
            worked out here, which takes longer than all the rest.

    Returns:
        Bands; NaN only at times of day for which nothing was ever measured or said.
    """
    start = slot_start(issued_at)
    curtailed = curtailed_slots(past.measured, export_limit_kw)
    if past.excluded is not None:
        curtailed |= past.excluded
    known = provider or SlotSeries(start=start, values=np.full(0, np.nan))
    now_kw = known.between(start, start + n_slots * timedelta(minutes=15))
    days = past_days(past, start, curtailed)
    has_provider = bool(np.isfinite(now_kw.values).any())
    known_before = _reusable(learned, start, n_slots, has_provider=has_provider)
    roof = survey_roof(days, now_kw.values) if known_before is None else known_before.roof
    screened = screen_provider(now_kw, days, roof)
    if known_before is None:
        days = _without_nonsense(days, roof)
        fresh = _learn(days, roof, screened.power_kw)
    elif has_provider:
        fresh = known_before
    else:
        # Without a provider the last hours are the news.
        fresh = _renewed(known_before, days, n_slots)
    correction = fresh.correction
    expected_kw = correction.apply(screened.power_kw, roof)
    is_continued = np.isnan(expected_kw)
    own_kw = fresh.own_coming_kw[:n_slots]
    coming_kw = np.where(is_continued, own_kw, expected_kw)
    source = fresh.own if fresh.provided is None or is_continued.all() else fresh.provided
    if source is None:
        raise ValueError("neither the provider nor the roof's own past was learned from")
    bands_kw, surprise = _source_bands(source, coming_kw, days, roof, live_kw)
    if source is not fresh.own and fresh.own is not None and is_continued.any():
        own_bands_kw, _ = _source_bands(fresh.own, own_kw, days, roof, live_kw)
        bands_kw = np.where(is_continued, own_bands_kw, bands_kw)
    return PvForecast(
        bands=Bands(start=start, values=_plausible(bands_kw, roof)),
        report=PvForecastReport(
            model=MODEL_WITHOUT_PROVIDER if is_continued.all() else MODEL,
            ratio=tuple(correction.ratio.tolist()),
            roof_ratio=correction.roof_ratio,
            strength_frac=correction.strength_frac,
            is_continued=tuple(is_continued.tolist()),
            implausible=screened.spans,
            carry_frac=float(source.carries[2]),
            surprise_frac=surprise,
            clear_kw=tuple(roof.clear_kw.tolist()),
            evidence_days=days.evidence_days,
            is_curtailed=curtailed,
        ),
        days=days,
        expected_past_kw=_past_rows(source.day_ahead, days),
        roof=roof,
        learned=fresh,
    )


def follow_pv(forecast: PvForecast, measured: SlotSeries, start: datetime) -> Bands:
    """Return the rest of a forecast from a later slot on, with what the sun has shown since.

    Args:
        forecast: Issued within the last hours.
        measured: Mean power [kW] of at least the last two hours; what lies after ``start`` is not
            looked at.
        start: Aware UTC, the start of a slot.
    """
    moved = n_slots_between(forecast.bands.start, start)
    learned, roof = forecast.learned, forecast.roof
    is_provided = learned.provided is not None and forecast.report.model == MODEL
    taught = learned.provided if is_provided else learned.own
    values = forecast.bands.values[:, moved:].copy()
    if taught is not None:
        clear_kw, cap_kw = np.roll(roof.clear_kw, -moved), np.roll(roof.cap_kw, -moved)
        came = measured.between(start - ONE_DAY, start).values
        said = taught.near.between(start - ONE_DAY, start).values
        seen = surprises(came, said, clear_kw)[-1]
        n_slots = min(REACH_SLOTS, values.shape[1], SLOTS_PER_DAY)
        steps = np.arange(1.0, n_slots + 1.0)
        now_frac = carry_at(taught.carries, steps) * seen
        then_frac = carry_at(taught.carries, steps + moved) * forecast.report.surprise_frac
        change_kw = (now_frac - then_frac) * clear_kw[:n_slots]
        values[:, :n_slots] = np.clip(values[:, :n_slots] + change_kw, 0.0, cap_kw[:n_slots])
    return Bands(start=start, values=values)


def _reusable(
    learned: PvLearned | None, start: datetime, n_slots: int, *, has_provider: bool
) -> PvLearned | None:
    """Return what was learned before, for an issue at ``start``; None where it does not fit."""
    if learned is None or start < learned.start:
        return None
    if has_provider != (learned.provided is not None):
        return None
    moved = learned.from_slot(start)
    is_short = len(moved.own_coming_kw) < n_slots
    return None if is_short or (moved.own is None) else moved


def _learn(days: PastDays, roof: Roof, screened_kw: FloatArray) -> PvLearned:
    """Learn from the past what an issue needs: of both sources, or of the one that is asked."""
    correction = learn_correction(days, roof)
    expected_kw = correction.apply(screened_kw, roof)
    is_continued = np.isnan(expected_kw)
    own = _own_source(days, roof, len(expected_kw) + REUSED_SLOTS)
    provided = own_taught = None
    if not is_continued.all():
        provider = _provider_source(days, correction, roof, expected_kw, own)
        provided = _teach(provider, days, roof, _LEADS_H)
    if is_continued.any():
        # The hours ahead of a roof with a provider need no bands of its own past.
        leads_h = _LEADS_H if is_continued[:SLOTS_PER_DAY].any() else _LONG_LEADS_H
        own_taught = _teach(own, days, roof, leads_h)
    return PvLearned(
        start=days.start,
        roof=roof,
        correction=correction,
        own_coming_kw=own.coming_kw,
        own=own_taught,
        provided=provided,
    )


def _renewed(learned: PvLearned, days: PastDays, n_slots: int) -> PvLearned:
    """Return what was learned before with what the roof's own past says by now."""
    if learned.own is None:
        return learned
    own = _own_source(days, learned.roof, n_slots + REUSED_SLOTS)
    said = _said_by(own, days)
    return replace(
        learned,
        own_coming_kw=own.coming_kw,
        own=replace(learned.own, near=said[0], day_ahead=said[1]),
    )


def _teach(source: _Source, days: PastDays, roof: Roof, leads_h: tuple[float, ...]) -> _Taught:
    by_lead_kw = source.by_lead_kw
    carries = learn_carries(days, by_lead_kw[min(by_lead_kw)], roof)
    near, day_ahead = _said_by(source, days)
    return _Taught(
        near=near,
        day_ahead=day_ahead,
        longest_lead_h=max(by_lead_kw),
        carries=carries,
        tables=_error_tables(days, by_lead_kw, carries, roof, leads_h),
    )


def _said_by(source: _Source, days: PastDays) -> tuple[SlotSeries, SlotSeries]:
    """Return what a source said soon before and a day before, and what it says now."""
    by_lead_kw = source.by_lead_kw
    start = days.start - days.n_days * ONE_DAY
    near, day_ahead = (
        np.concatenate([by_lead_kw[lead_h].ravel(), source.coming_kw])
        for lead_h in (min(by_lead_kw), min(by_lead_kw, key=lambda lead_h: abs(lead_h - 24.0)))
    )
    return SlotSeries(start=start, values=near), SlotSeries(start=start, values=day_ahead)


def _past_rows(said: SlotSeries, days: PastDays) -> FloatArray:
    """Return what was said of past days, shape (n_days, 96)."""
    past = said.between(days.start - days.n_days * ONE_DAY, days.start)
    return past.values.reshape(-1, SLOTS_PER_DAY)


def _plausible(bands_kw: FloatArray, roof: Roof) -> FloatArray:
    """Return the bands within what the roof can give, rising, NaN where it is not known at all."""
    columns = np.arange(bands_kw.shape[1]) % SLOTS_PER_DAY
    plausible_kw = np.sort(np.clip(bands_kw, 0.0, roof.cap_kw[columns]), axis=0)
    plausible_kw[:, ~roof.is_known[columns]] = np.nan
    return plausible_kw


def _without_nonsense(days: PastDays, roof: Roof) -> PastDays:
    return PastDays(
        start=days.start,
        measured_kw=days.measured_kw,
        learnt_kw=days.learnt_kw,
        said_kw={lead: screen_said(said, days, roof) for lead, said in days.said_kw.items()},
    )


def _own_source(days: PastDays, roof: Roof, n_slots: int) -> _Source:
    first_past, first = own_past_kw(days, roof, 1)
    second_past, second = own_past_kw(days, roof, 2)
    n_later = max(0, -(-n_slots // SLOTS_PER_DAY) - 1)
    coming_kw = np.concatenate([first, np.tile(second, n_later)])[:n_slots]
    return _Source(coming_kw=coming_kw, by_lead_kw={24.0: first_past, 48.0: second_past})


def _provider_source(
    days: PastDays,
    correction: Correction,
    roof: Roof,
    expected_kw: FloatArray,
    own: _Source,
) -> _Source:
    main = correction.apply_to_past(days.main_said_kw(), roof)
    by_lead = {24.0: main}
    for lead, said in days.said_kw.items():
        corrected = correction.apply_to_past(said, roof)
        by_lead[lead / _HOUR] = np.where(np.isnan(corrected), main, corrected)
    own_kw = own.coming_kw[: len(expected_kw)]
    coming_kw = np.where(np.isnan(expected_kw), own_kw, expected_kw)
    return _Source(coming_kw=coming_kw, by_lead_kw=by_lead)


def _source_bands(
    taught: _Taught, coming_kw: FloatArray, days: PastDays, roof: Roof, live_kw: float | None
) -> tuple[FloatArray, float]:
    """Return quantiles [kW] of what a source says, and the surprise of the last hours."""
    surprise = _surprise_now(days, taught.near, roof, live_kw, coming_kw)
    n_slots = len(coming_kw)
    steps = np.arange(n_slots, dtype=np.float64) + (1.0 if live_kw is None else 0.5)
    carry = carry_at(taught.carries, steps)
    clear_kw = roof.clear_kw[np.arange(n_slots) % SLOTS_PER_DAY]
    middle_kw = coming_kw + carry * surprise * clear_kw
    return _bands(middle_kw, clear_kw, taught.tables, taught.longest_lead_h), surprise


def _surprise_now(
    days: PastDays,
    near: SlotSeries,
    roof: Roof,
    live_kw: float | None,
    coming_kw: FloatArray,
) -> float:
    measured = days.learnt_kw[-1:].ravel()
    expected = near.between(days.start - ONE_DAY, days.start).values
    clear = roof.clear_kw
    if live_kw is not None and len(coming_kw):
        measured = np.append(measured, live_kw)
        expected = np.append(expected, coming_kw[0])
        clear = np.append(clear, roof.clear_kw[0])
    return float(surprises(measured, expected, clear)[-1])


def _error_tables(
    days: PastDays,
    expected_past: dict[float, FloatArray],
    carries: FloatArray,
    roof: Roof,
    leads_h: tuple[float, ...],
) -> dict[float, ErrorTable]:
    """Return what is missed by lead [h]."""
    tables: dict[float, ErrorTable] = {}
    near = expected_past[min(expected_past)].ravel()
    measured = days.learnt_kw.ravel()
    clear = np.tile(roof.clear_kw, days.n_days)
    seen = surprises(measured, near, clear)
    for lead_h in leads_h:
        expected = expected_past[_nearest_lead(expected_past, lead_h)].ravel()
        ahead = round(lead_h * 4)
        carry = 0.0
        if ahead in STEPS_AHEAD:
            carry = float(carries[STEPS_AHEAD.index(ahead)])
            shown = np.concatenate([np.zeros(ahead), seen[:-ahead]])
            expected = np.maximum(0.0, expected + carry * shown * clear)
        tables[lead_h] = learn_errors(
            expected.reshape(-1, SLOTS_PER_DAY),
            days.learnt_kw,
            roof,
            usual_frac=float(np.sqrt(1.0 - min(carry, 0.9) ** 2)),
        )
    return tables


def _nearest_lead(known: Iterable[float], lead_h: float) -> float:
    """Return the known lead [h] whose errors stand for those at ``lead_h``.

    A shorter one is the more flattering, so it must be twice as near.
    """

    def distance(known_h: float) -> float:
        ratio = float(np.log((known_h + 1.0) / (lead_h + 1.0)))
        return ratio if ratio >= 0.0 else -2.0 * ratio

    return min(known, key=distance)


def _bands(
    middle_kw: FloatArray,
    clear_kw: FloatArray,
    tables: Mapping[float, ErrorTable],
    longest_known_h: float,
) -> FloatArray:
    n_slots = len(middle_kw)
    shares = np.clip(middle_kw / np.maximum(clear_kw, 1e-9), 0.0, 1.05)
    leads_h = np.array(list(tables))
    position = np.interp((np.arange(n_slots) + 1) / 4.0, leads_h, np.arange(len(leads_h)))
    below = np.minimum(position.astype(int), len(leads_h) - 2)
    part = position - below
    of_levels = read_tables(list(tables.values()), np.stack([below, below + 1]), shares)
    errors = of_levels[:, 0] * (1.0 - part) + of_levels[:, 1] * part
    beyond_days = np.maximum(0.0, np.arange(n_slots) / 4.0 - max(longest_known_h, 24.0)) / 24.0
    errors = errors[_MIDDLE] + (1.0 + GROWTH_PER_DAY * beyond_days) * (errors - errors[_MIDDLE])
    return np.asarray(np.maximum(0.0, middle_kw) + errors * clear_kw)
