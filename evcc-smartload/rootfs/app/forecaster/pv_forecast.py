"""The PV forecast with its quantiles: the provider's curve as this roof and its errors teach.

    screen      what the provider cannot mean is unknown (pv_plausibility)
    correct     by time of day and level, as far as it helps (pv_correction)
    nudge       by what the last hours have shown (pv_intraday)
    bands       by what was missed before at that lead and level (pv_quantiles)
    continue    where the provider says nothing: from the roof's own past (pv_continuation)

Nothing is below 0 or above what the roof can plausibly give at that time of day, and nights are 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import numpy as np

from domain.horizon import SLOTS_PER_DAY, slot_start
from forecaster.pv_continuation import own_past_kw
from forecaster.pv_correction import Correction, learn_correction
from forecaster.pv_intraday import STEPS_AHEAD, carry_at, learn_carries, surprises
from forecaster.pv_past import PastDays, PvPast, past_days
from forecaster.pv_plausibility import (
    ImplausibleSpan,
    curtailed_slots,
    screen_provider,
    screen_said,
)
from forecaster.pv_quantiles import ErrorTable, learn_errors
from forecaster.pv_roof import Roof, survey_roof
from forecaster.series import LEVELS, Bands, BoolArray, FloatArray, SlotSeries

MODEL = "provider_corrected"
MODEL_WITHOUT_PROVIDER = "own_past"

_MIDDLE = LEVELS.index(0.5)
_HOUR = timedelta(hours=1)
# Leads [h] whose errors are learned; the short ones profit from what the day has shown.
_LONG_LEADS_H = (24.0, 48.0)
_LEADS_H = (*(steps / 4.0 for steps in STEPS_AHEAD), *_LONG_LEADS_H)
# Errors grow by about this much for every day beyond the longest lead that is known.
GROWTH_PER_DAY = 0.1


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


def forecast_pv(  # noqa: PLR0913  # everything the forecast is made of, by name
    past: PvPast,
    provider: SlotSeries | None,
    *,
    issued_at: datetime,
    n_slots: int,
    zone: tzinfo,  # noqa: ARG001  # the sun keeps UTC; part of every forecaster's signature
    export_limit_kw: float | None = None,
    live_kw: float | None = None,
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
    roof = survey_roof(days, now_kw.values)
    screened = screen_provider(now_kw, days, roof)
    days = _without_nonsense(days, roof)
    correction = learn_correction(days, roof)
    expected_kw = correction.apply(screened.power_kw, roof)
    is_continued = np.isnan(expected_kw)
    own = _own_source(days, roof, n_slots)
    is_provided = not is_continued.all()
    source = _provider_source(days, correction, roof, expected_kw, own) if is_provided else own
    bands_kw, surprise, carries = _source_bands(source, days, roof, live_kw, _LEADS_H)
    if is_provided and is_continued.any():
        # The hours ahead of a roof with a provider need no bands of its own past.
        leads_h = _LEADS_H if is_continued[:SLOTS_PER_DAY].any() else _LONG_LEADS_H
        own_bands_kw, _, _ = _source_bands(own, days, roof, live_kw, leads_h)
        bands_kw = np.where(is_continued, own_bands_kw, bands_kw)
    return PvForecast(
        bands=Bands(start=start, values=_plausible(bands_kw, roof)),
        report=PvForecastReport(
            model=MODEL if is_provided else MODEL_WITHOUT_PROVIDER,
            ratio=tuple(correction.ratio.tolist()),
            roof_ratio=correction.roof_ratio,
            strength_frac=correction.strength_frac,
            is_continued=tuple(is_continued.tolist()),
            implausible=screened.spans,
            carry_frac=float(carries[2]),
            surprise_frac=surprise,
            clear_kw=tuple(roof.clear_kw.tolist()),
            evidence_days=days.evidence_days,
            is_curtailed=curtailed,
        ),
        days=days,
        expected_past_kw=source.by_lead_kw[min(source.by_lead_kw, key=lambda h: abs(h - 24.0))],
        roof=roof,
    )


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A curve before its errors are looked at, and what it would have been on past days [kW].

    ``by_lead_kw`` is by lead [h], shape (n_days, 96) each; ``coming_kw`` has a value everywhere.
    """

    coming_kw: FloatArray
    by_lead_kw: dict[float, FloatArray]


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
    coming_kw = np.where(np.isnan(expected_kw), own.coming_kw, expected_kw)
    return _Source(coming_kw=coming_kw, by_lead_kw=by_lead)


def _source_bands(
    source: _Source,
    days: PastDays,
    roof: Roof,
    live_kw: float | None,
    leads_h: tuple[float, ...],
) -> tuple[FloatArray, float, FloatArray]:
    """Return quantiles [kW], the surprise of the last hours and how much of it is carried on."""
    near = source.by_lead_kw[min(source.by_lead_kw)]
    carries = learn_carries(days, near, roof)
    surprise = _surprise_now(days, near, roof, live_kw, source.coming_kw)
    n_slots = len(source.coming_kw)
    steps = np.arange(n_slots, dtype=np.float64) + (1.0 if live_kw is None else 0.5)
    carry = carry_at(carries, steps)
    clear_kw = roof.clear_kw[np.arange(n_slots) % SLOTS_PER_DAY]
    tables = _error_tables(days, source.by_lead_kw, carries, roof, leads_h)
    middle_kw = source.coming_kw + carry * surprise * clear_kw
    return _bands(middle_kw, clear_kw, tables, max(source.by_lead_kw)), surprise, carries


def _surprise_now(
    days: PastDays,
    expected_kw: FloatArray,
    roof: Roof,
    live_kw: float | None,
    coming_kw: FloatArray,
) -> float:
    measured = days.learnt_kw[-1:].ravel()
    expected = expected_kw[-1:].ravel()
    clear = np.tile(roof.clear_kw, len(measured) // SLOTS_PER_DAY)
    if live_kw is not None and len(coming_kw):
        measured = np.append(measured, live_kw)
        expected = np.append(expected, coming_kw[0])
        clear = np.append(clear, roof.clear_kw[0])
    if not len(measured):
        return 0.0
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
    tables: dict[float, ErrorTable],
    longest_known_h: float,
) -> FloatArray:
    n_slots = len(middle_kw)
    shares = np.clip(middle_kw / np.maximum(clear_kw, 1e-9), 0.0, 1.05)
    by_lead = np.stack([table.at(shares) for table in tables.values()])
    leads_h = np.array(list(tables))
    position = np.interp((np.arange(n_slots) + 1) / 4.0, leads_h, np.arange(len(leads_h)))
    below = np.minimum(position.astype(int), len(leads_h) - 2)
    part = position - below
    slots = np.arange(n_slots)
    errors = by_lead[below, :, slots].T * (1.0 - part) + by_lead[below + 1, :, slots].T * part
    beyond_days = np.maximum(0.0, np.arange(n_slots) / 4.0 - max(longest_known_h, 24.0)) / 24.0
    errors = errors[_MIDDLE] + (1.0 + GROWTH_PER_DAY * beyond_days) * (errors - errors[_MIDDLE])
    return np.asarray(np.maximum(0.0, middle_kw) + errors * clear_kw)
