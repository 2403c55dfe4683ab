"""What was known of the sun at each moment of a past that is lived again."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from backtest.knowledge_load import known_before
from domain.outlook import ConfidenceParts
from forecaster.pv import CalmConfidence, follow_calmly
from forecaster.pv_confidence import judge_confidence
from forecaster.pv_forecast import PvForecast, PvLearned, follow_pv, forecast_pv
from forecaster.pv_past import MAIN_LEAD, MAX_ROWS, ONE_DAY, PvPast
from forecaster.series import Bands, FloatArray, SlotSeries
from place import Place

# Errors and ratios change over weeks, a clear day's power over days.
LEARN_EVERY = timedelta(days=1)
# What the provider's errors are learned from reaches as far back as the forecast looks.
_BACK = MAX_ROWS * ONE_DAY + ONE_DAY
NO_CONFIDENCE = ConfidenceParts(
    confidence_frac=0.0, raw_frac=0.0, coverage_frac=0.0, freshness_frac=0.0, accuracy_frac=0.0
)


class SunKnowledge:
    """Forecasts the PV as the service does, from a provider's curve where there is one.

    The provider is one that says today and tomorrow at each local midnight. When really recorded
    curves were renewed within the day is not known, so they are always taken for fresh.
    """

    def __init__(self, pv_kw: SlotSeries, said_kw: SlotSeries | None, place: Place) -> None:
        """Forecast from ``pv_kw``; of it only what came before an issue is looked at."""
        self._pv = pv_kw
        self._said = said_kw
        self._place = place
        self._learned: PvLearned | None = None
        self._learned_at: datetime | None = None
        self._forecast: PvForecast | None = None
        self._calm: CalmConfidence | None = None
        self.confidence = NO_CONFIDENCE
        """How far the last issue can be trusted."""
        self.provider_kw: FloatArray = np.empty(0)
        """What the provider said at the last issue; empty without one."""

    def issue(self, start: datetime, n_slots: int) -> Bands | None:
        """Return what is expected of ``n_slots`` from ``start`` on; None: nothing is known."""
        provider = self._provider(start, n_slots)
        if self._learned_at is None or not start < self._learned_at + LEARN_EVERY:
            self._learned, self._learned_at = None, start
        forecast = forecast_pv(
            self._past(start),
            provider,
            issued_at=start,
            n_slots=n_slots,
            zone=self._place.zone,
            learned=self._learned,
        )
        self._learned = forecast.learned
        self._forecast = forecast
        self._judge(start, forecast, has_provider=provider is not None)
        self.provider_kw = np.empty(0) if provider is None else provider.values
        return _known(forecast.bands)

    def follow(self, start: datetime) -> Bands | None:
        """Return the rest of the last issue from ``start`` on, as the sun has shown since."""
        if self._forecast is None:
            return None
        return _known(follow_pv(self._forecast, known_before(self._pv, start, ONE_DAY), start))

    def _past(self, start: datetime) -> PvPast:
        measured = known_before(self._pv, start, _BACK)
        said = {} if self._said is None else {MAIN_LEAD: known_before(self._said, start, _BACK)}
        return PvPast(measured=measured, said=said)

    def _provider(self, start: datetime, n_slots: int) -> SlotSeries | None:
        """Return what was said by local midnight of today and tomorrow; None: nothing."""
        if self._said is None:
            return None
        end = self._place.midnight(self._place.day_of(start) + 2 * ONE_DAY)
        values = np.full(n_slots, np.nan)
        told = self._said.between(start, end).values[:n_slots]
        values[: len(told)] = told
        return SlotSeries(start=start, values=values) if np.isfinite(told).any() else None

    def _judge(self, start: datetime, forecast: PvForecast, *, has_provider: bool) -> None:
        judged = judge_confidence(forecast, freshness_frac=1.0)
        raw_frac = judged.raw_frac if has_provider else 0.0
        self._calm = follow_calmly(self._calm, raw_frac, start)
        self.confidence = replace(
            NO_CONFIDENCE,
            confidence_frac=self._calm.confidence_frac,
            raw_frac=judged.raw_frac,
            coverage_frac=judged.coverage_frac,
            freshness_frac=judged.freshness_frac,
            accuracy_frac=judged.accuracy_frac,
        )


def _known(bands: Bands) -> Bands | None:
    """Return bands without gaps; None where nothing is known of any slot."""
    if not np.isfinite(bands.values).any():
        return None
    # Slots of which nothing is known at all are those that were always dark.
    return Bands(start=bands.start, values=np.nan_to_num(bands.values))
