"""How right the forecasts of the last weeks were: what was said before against what came."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo

import numpy as np

from domain.forecast import ForecastKind
from domain.horizon import SLOT, SLOTS_PER_DAY
from domain.outlook import Accuracy, ConfidenceBand, DayAccuracy, LeadAccuracy
from forecaster.scoring import (
    bias,
    coverage_frac,
    mean_absolute_error,
    mean_known,
    mean_pinball,
    rank_correlation,
)
from forecaster.series import BoolArray, FloatArray, SlotSeries, to_kwh

DAY_BEFORE = timedelta(hours=24)
LEADS = (timedelta(hours=1), timedelta(hours=6), DAY_BEFORE, timedelta(hours=48))
# A night is forecast right by everybody; judging it would flatter the sun's forecast.
DARK_KW = 0.02
# A day is judged as one when most of it was measured and forecast.
SHORTEST_DAY_SLOTS = SLOTS_PER_DAY // 2
# A relative error of a day with hardly any sun says nothing.
LEAST_DAY_KWH = 0.5
CONFIDENCE_BORDERS = (0.0, 0.5, 0.65, 0.8, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said about each slot: p10, p50, p90, all of one length; NaN is nothing."""

    low: FloatArray
    middle: FloatArray
    high: FloatArray

    def stacked(self) -> FloatArray:
        """Return the three as rows."""
        return np.stack([self.low, self.middle, self.high])


def judge_accuracy(  # noqa: PLR0913  # each is a series or a fact of its own, passed by name
    *,
    kind: ForecastKind,
    outcome: SlotSeries,
    said_by_lead: Mapping[timedelta, Said],
    reference: str,
    skill_frac: float | None,
    zone: tzinfo,
    confidence_by_day: Mapping[date, float] | None = None,
) -> Accuracy:
    """Return how right the forecasts were.

    Args:
        kind: Of what; PV is judged in daylight only.
        outcome: What was measured; NaN is left out.
        said_by_lead: For each lead what was said that long before, as long as ``outcome``; the
            one of 24 h is the main one.
        reference: The simple forecast that skill is measured against.
        skill_frac: 1 minus our mean loss over that of ``reference``.
        zone: Of the home; days and hours are local.
        confidence_by_day: How far each day was trusted beforehand, 0..1.
    """
    said = said_by_lead[DAY_BEFORE]
    judged = _judged(kind, said, outcome.values)
    measured = np.where(judged, outcome.values, np.nan)
    hours, days = _local_times(outcome, zone)
    mae = mean_absolute_error(said.middle, measured)
    mean_outcome = mean_known(np.where(np.isfinite(said.middle), measured, np.nan))
    by_day = _by_day(said, outcome.values, measured, days, confidence_by_day or {})
    return Accuracy(
        kind=kind,
        n_days=len(by_day),
        mae=_known(mae),
        bias=_known(bias(said.middle, measured)),
        nrmse_frac=_known(
            math.sqrt(mean_known((measured - said.middle) ** 2)) / mean_outcome
            if mean_outcome > 0.0
            else math.nan
        ),
        pinball=_known(mean_pinball(said.stacked(), measured)),
        coverage_frac=_known(coverage_frac(said.low, said.high, measured)),
        skill_frac=skill_frac,
        reference=reference,
        bias_by_hour=tuple(
            _known(bias(said.middle[hours == hour], measured[hours == hour])) for hour in range(24)
        ),
        by_lead=tuple(
            _by_lead(kind, lead, said_then, outcome.values)
            for lead, said_then in sorted(said_by_lead.items())
        ),
        by_day=by_day,
    )


def meaning_of_confidence(
    days: tuple[DayAccuracy, ...],
) -> tuple[float | None, tuple[ConfidenceBand, ...]]:
    """Return the rank correlation of confidence and relative error, and the error per band."""
    judged = [
        (day.confidence_frac, abs(day.said_kwh - day.measured_kwh) / _base_kwh(day))
        for day in days
        if day.confidence_frac is not None
        and day.said_kwh is not None
        and day.measured_kwh is not None
        and _base_kwh(day) >= LEAST_DAY_KWH
    ]
    confidence = np.array([pair[0] for pair in judged])
    error = np.array([pair[1] for pair in judged])
    bands = []
    for low, high in itertools.pairwise(CONFIDENCE_BORDERS):
        inside = (confidence >= low) & ((confidence < high) | (high == CONFIDENCE_BORDERS[-1]))
        bands.append(
            ConfidenceBand(
                from_frac=low,
                to_frac=high,
                n_days=int(inside.sum()),
                error_frac=_known(float(error[inside].mean()) if inside.any() else math.nan),
            )
        )
    return _known(rank_correlation(confidence, error)), tuple(bands)


def _base_kwh(day: DayAccuracy) -> float:
    # The mean of both keeps a day without sun from dividing by nearly nothing.
    return ((day.said_kwh or 0.0) + (day.measured_kwh or 0.0)) / 2.0


def _judged(kind: ForecastKind, said: Said, outcome: FloatArray) -> BoolArray:
    known = np.isfinite(said.middle) & np.isfinite(outcome)
    if kind is ForecastKind.PV:
        known &= said.high > DARK_KW
    return known


def _by_lead(kind: ForecastKind, lead: timedelta, said: Said, outcome: FloatArray) -> LeadAccuracy:
    judged = _judged(kind, said, outcome)
    measured = np.where(judged, outcome, np.nan)
    return LeadAccuracy(
        lead_h=lead / timedelta(hours=1),
        n_slots=int(judged.sum()),
        mae=_known(mean_absolute_error(said.middle, measured)),
        bias=_known(bias(said.middle, measured)),
        coverage_frac=_known(coverage_frac(said.low, said.high, measured)),
    )


def _by_day(
    said: Said,
    outcome: FloatArray,
    measured: FloatArray,
    days: list[date],
    confidence_by_day: Mapping[date, float],
) -> tuple[DayAccuracy, ...]:
    judged = []
    numbers = np.array([day.toordinal() for day in days])
    for number in np.unique(numbers):
        of_day = (numbers == number) & np.isfinite(said.middle) & np.isfinite(outcome)
        if of_day.sum() < SHORTEST_DAY_SLOTS:
            continue
        day = date.fromordinal(int(number))
        judged.append(
            DayAccuracy(
                day=day,
                said_kwh=_known(float(to_kwh(said.middle[of_day]).sum())),
                measured_kwh=_known(float(to_kwh(outcome[of_day]).sum())),
                mae=_known(mean_absolute_error(said.middle[of_day], measured[of_day])),
                coverage_frac=_known(
                    coverage_frac(said.low[of_day], said.high[of_day], measured[of_day])
                ),
                confidence_frac=confidence_by_day.get(day),
            )
        )
    return tuple(judged)


def _local_times(series: SlotSeries, zone: tzinfo) -> tuple[FloatArray, list[date]]:
    local = [(series.start + index * SLOT).astimezone(zone) for index in range(len(series.values))]
    return np.array([moment.hour for moment in local]), [moment.date() for moment in local]


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
