"""Forecasts and their accuracy as the JSON that ``/forecast`` and ``/forecast/accuracy`` carry.

Names are those of the types in ``domain/``; the form is described in docs/http-api.md.
"""

from collections.abc import Iterable

from domain.forecast import BandSeries, ForecastKind, ModelChoice, WindowEnergy
from domain.outlook import (
    Accuracy,
    AccuracyReport,
    Comparison,
    ConfidenceBand,
    ConfidenceParts,
    DayAccuracy,
    DayEnergy,
    Expectation,
    LeadAccuracy,
    NamedWindow,
    Outlook,
)

_PRICES = frozenset({ForecastKind.IMPORT_PRICE, ForecastKind.EXPORT_PRICE})
_POWER_DIGITS = 3
_PRICE_DIGITS = 5
_FRAC_DIGITS = 4


def forecast_to_json(outlook: Outlook | None, accuracy: AccuracyReport | None) -> dict[str, object]:
    """Return what is expected; without an outlook its parts are null and its lists empty.

    ``accuracy`` adds how right each kind of forecast lately was, in short.
    """
    short = [] if accuracy is None else [_accuracy_in_short(one) for one in accuracy.accuracies]
    if outlook is None:
        return {
            "issued_at": None,
            "start": None,
            "expectations": [],
            "provider_kw": [],
            "confidence": None,
            "days": [],
            "windows": [],
            "comparisons": [],
            "holidays": [],
            "away": None,
            "history_days": 0.0,
            "accuracy": short,
        }
    away = outlook.away
    return {
        "issued_at": outlook.issued_at.isoformat(),
        "start": outlook.start.isoformat(),
        "expectations": [_expectation(one) for one in outlook.expectations],
        "provider_kw": _all_rounded(outlook.provider_kw, _POWER_DIGITS),
        "confidence": _confidence(outlook.confidence),
        "days": [_day_energy(one) for one in outlook.days],
        "windows": [_window(window) for window in outlook.windows],
        "comparisons": [_comparison(one) for one in outlook.comparisons],
        "holidays": [day.isoformat() for day in outlook.holidays],
        "away": None
        if away is None
        else {
            "since": away.since.isoformat(),
            "until": None if away.until is None else away.until.isoformat(),
            "share_frac": _rounded(away.share_frac, _FRAC_DIGITS),
        },
        "history_days": _rounded(outlook.history_days, 1),
        "accuracy": short,
    }


def accuracy_to_json(report: AccuracyReport | None) -> dict[str, object]:
    """Return how right the last weeks' forecasts were; null and empty before there is any."""
    if report is None:
        return {
            "since": None,
            "until": None,
            "accuracies": [],
            "window_coverage_frac": None,
            "n_windows": 0,
            "confidence_rank_correlation": None,
            "confidence_bands": [],
        }
    return {
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        "accuracies": [_accuracy(accuracy) for accuracy in report.accuracies],
        "window_coverage_frac": _rounded(report.window_coverage_frac, _FRAC_DIGITS),
        "n_windows": report.n_windows,
        "confidence_rank_correlation": _rounded(report.confidence_rank_correlation, _FRAC_DIGITS),
        "confidence_bands": [_confidence_band(band) for band in report.confidence_bands],
    }


# -- what is expected ----------------------------------------------------------------------------


def _expectation(expectation: Expectation) -> dict[str, object]:
    digits = _digits_of(expectation.kind)
    return {
        "kind": expectation.kind.value,
        "band": _band(expectation.band, digits),
        "choice": _choice(expectation.choice, digits),
    }


def _band(band: BandSeries, digits: int) -> dict[str, object]:
    return {
        "start": band.start.isoformat(),
        "n_known": band.n_known,
        "p10": _all_rounded(band.p10, digits),
        "p50": _all_rounded(band.p50, digits),
        "p90": _all_rounded(band.p90, digits),
    }


def _choice(choice: ModelChoice, digits: int) -> dict[str, object]:
    return {
        "model": choice.model,
        "reason": choice.reason.value,
        "candidates": [
            {
                "model": candidate.model,
                "loss_kw": _rounded(candidate.loss_kw, digits + 1),
                "n_days": candidate.n_days,
            }
            for candidate in choice.candidates
        ],
    }


def _confidence(parts: ConfidenceParts) -> dict[str, object]:
    return {
        "confidence_frac": _rounded(parts.confidence_frac, _FRAC_DIGITS),
        "raw_frac": _rounded(parts.raw_frac, _FRAC_DIGITS),
        "coverage_frac": _rounded(parts.coverage_frac, _FRAC_DIGITS),
        "freshness_frac": _rounded(parts.freshness_frac, _FRAC_DIGITS),
        "accuracy_frac": _rounded(parts.accuracy_frac, _FRAC_DIGITS),
    }


def _window(window: NamedWindow) -> dict[str, object]:
    return {"purpose": window.purpose.value, "energy": _energy(window.energy)}


def _day_energy(one: DayEnergy) -> dict[str, object]:
    return {
        "kind": one.kind.value,
        "day": one.day.isoformat(),
        "is_whole": one.is_whole,
        "energy": _energy(one.energy),
    }


def _energy(energy: WindowEnergy) -> dict[str, object]:
    return {
        "start": energy.start.isoformat(),
        "end": energy.end.isoformat(),
        "p10_kwh": _rounded(energy.p10_kwh, _POWER_DIGITS),
        "p50_kwh": _rounded(energy.p50_kwh, _POWER_DIGITS),
        "p90_kwh": _rounded(energy.p90_kwh, _POWER_DIGITS),
    }


def _comparison(comparison: Comparison) -> dict[str, object]:
    digits = _digits_of(comparison.kind)
    return {
        "kind": comparison.kind.value,
        "said": _band(comparison.said, digits),
        "measured": _all_rounded(comparison.measured, digits),
    }


# -- how right it was ----------------------------------------------------------------------------


def _accuracy_in_short(accuracy: Accuracy) -> dict[str, object]:
    digits = _digits_of(accuracy.kind)
    return {
        "kind": accuracy.kind.value,
        "n_days": accuracy.n_days,
        "mae": _rounded(accuracy.mae, digits),
        "bias": _rounded(accuracy.bias, digits),
        "nrmse_frac": _rounded(accuracy.nrmse_frac, _FRAC_DIGITS),
        "pinball": _rounded(accuracy.pinball, digits + 1),
        "coverage_frac": _rounded(accuracy.coverage_frac, _FRAC_DIGITS),
        "skill_frac": _rounded(accuracy.skill_frac, _FRAC_DIGITS),
        "reference": accuracy.reference,
    }


def _accuracy(accuracy: Accuracy) -> dict[str, object]:
    digits = _digits_of(accuracy.kind)
    return {
        **_accuracy_in_short(accuracy),
        "bias_by_hour": _all_rounded(accuracy.bias_by_hour, digits),
        "by_lead": [_lead(lead, digits) for lead in accuracy.by_lead],
        "by_day": [_day(day, digits) for day in accuracy.by_day],
    }


def _lead(lead: LeadAccuracy, digits: int) -> dict[str, object]:
    return {
        "lead_h": lead.lead_h,
        "n_slots": lead.n_slots,
        "mae": _rounded(lead.mae, digits),
        "bias": _rounded(lead.bias, digits),
        "coverage_frac": _rounded(lead.coverage_frac, _FRAC_DIGITS),
    }


def _day(day: DayAccuracy, digits: int) -> dict[str, object]:
    return {
        "day": day.day.isoformat(),
        "said_kwh": _rounded(day.said_kwh, _POWER_DIGITS),
        "measured_kwh": _rounded(day.measured_kwh, _POWER_DIGITS),
        "mae": _rounded(day.mae, digits),
        "coverage_frac": _rounded(day.coverage_frac, _FRAC_DIGITS),
        "confidence_frac": _rounded(day.confidence_frac, _FRAC_DIGITS),
    }


def _confidence_band(band: ConfidenceBand) -> dict[str, object]:
    return {
        "from_frac": _rounded(band.from_frac, _FRAC_DIGITS),
        "to_frac": _rounded(band.to_frac, _FRAC_DIGITS),
        "n_days": band.n_days,
        "error_frac": _rounded(band.error_frac, _FRAC_DIGITS),
    }


# -- numbers and instants ------------------------------------------------------------------------


def _digits_of(kind: ForecastKind) -> int:
    return _PRICE_DIGITS if kind in _PRICES else _POWER_DIGITS


def _rounded(value: float | None, digits: int) -> float | None:
    # Adding zero turns the minus zero of a rounded small number into a plain one.
    return None if value is None else round(value, digits) + 0.0


def _all_rounded(values: Iterable[float | None], digits: int) -> list[float | None]:
    return [_rounded(value, digits) for value in values]
