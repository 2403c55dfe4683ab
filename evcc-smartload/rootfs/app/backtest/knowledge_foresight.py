"""Everything that is to come, known exactly: for a plan that no forecast spoils."""

from dataclasses import replace
from datetime import datetime

import numpy as np

from backtest.knowledge_sun import NO_CONFIDENCE
from backtest.period import Period
from domain.forecast import BandSeries, ChoiceReason, ForecastKind, ModelChoice
from domain.horizon import FORECAST_SLOTS, SLOTS_PER_DAY, slot_start
from domain.outlook import Expectation, Outlook
from forecaster.scenarios import RankArchive
from forecaster.series import LEVELS, Bands, FloatArray, n_slots_between, to_tuple

_CHOICE = ModelChoice(model="foresight", reason=ChoiceReason.BEST)
_CERTAIN = replace(
    NO_CONFIDENCE,
    confidence_frac=1.0,
    raw_frac=1.0,
    coverage_frac=1.0,
    freshness_frac=1.0,
    accuracy_frac=1.0,
)
_DIGITS = {ForecastKind.IMPORT_PRICE: 5, ForecastKind.EXPORT_PRICE: 5}


class ForesightKnowledge:
    """Knows a period to its end; beyond it the last day comes again. Stands in for ``WalkForward``.

    The middle and both edges of every forecast are what came, and all prices are published.
    """

    def __init__(self, period: Period) -> None:
        """Know all of ``period``."""
        self._period = period
        self._has_pv = bool((period.pv_kw > 0.0).any())
        series = {
            ForecastKind.LOAD: period.load_kw,
            ForecastKind.PV: period.pv_kw,
            ForecastKind.IMPORT_PRICE: period.import_price_eur_per_kwh,
            ForecastKind.EXPORT_PRICE: period.export_price_eur_per_kwh,
        }
        if not self._has_pv:
            del series[ForecastKind.PV]
        self._values = {kind: _continued(values) for kind, values in series.items()}
        self._told = {
            kind: to_tuple(values, _DIGITS.get(kind, 3)) for kind, values in self._values.items()
        }
        self._outlook: Outlook | None = None
        self.ranks = RankArchive()
        """Empty: nothing lies beside what is said."""

    @property
    def outlook(self) -> Outlook:
        """What comes, as of the last update.

        Raises:
            ValueError: There was none.
        """
        if self._outlook is None:
            raise ValueError("nothing is expected before the first update")
        return self._outlook

    @property
    def confidence(self) -> float:
        """How far the PV forecast can be trusted: 1, and 0 without PV."""
        return 1.0 if self._has_pv else 0.0

    @property
    def slots_kw(self) -> tuple[float, ...]:
        """PV [kW] of the 96 quarter hours from the last update on; empty without any."""
        pv = self.pv_bands
        return () if pv is None else tuple(pv.values[0, :SLOTS_PER_DAY].tolist())

    @property
    def load_bands(self) -> Bands:
        """What the house uses [kW], from the last update on; all levels are the same."""
        return self._bands(ForecastKind.LOAD)

    @property
    def pv_bands(self) -> Bands | None:
        """What the PV gives [kW], from the last update on; None without PV."""
        return self._bands(ForecastKind.PV) if self._has_pv else None

    def published_until(self, now: datetime) -> datetime:  # noqa: ARG002  # as ``WalkForward``
        """Return how far prices are published: to the end."""
        return self._period.end

    def update(self, now: datetime) -> None:
        """Say what comes from ``now`` (aware UTC) on, within the period."""
        start = slot_start(now)
        first = n_slots_between(self._period.start, start)
        if not 0 <= first < self._period.n_slots:
            raise ValueError(f"{now} is not within the period")
        self._outlook = Outlook(
            issued_at=now,
            start=start,
            expectations=tuple(
                Expectation(kind=kind, band=self._band(kind, start, first), choice=_CHOICE)
                for kind in self._told
            ),
            provider_kw=(),
            confidence=_CERTAIN if self._has_pv else NO_CONFIDENCE,
            history_days=first / SLOTS_PER_DAY,
        )

    def _band(self, kind: ForecastKind, start: datetime, first: int) -> BandSeries:
        came = self._told[kind][first : first + FORECAST_SLOTS]
        is_price = kind in _DIGITS
        return BandSeries(
            start=start, p10=came, p50=came, p90=came, n_known=len(came) if is_price else 0
        )

    def _bands(self, kind: ForecastKind) -> Bands:
        start = self.outlook.start
        first = n_slots_between(self._period.start, start)
        came = self._values[kind][first : first + FORECAST_SLOTS]
        return Bands(start=start, values=np.tile(came, (len(LEVELS), 1)))


def _continued(values: FloatArray) -> FloatArray:
    """Return the values and behind them their last day, as long as a forecast from the end is."""
    n_days = -(-FORECAST_SLOTS // SLOTS_PER_DAY)
    return np.concatenate([values, np.tile(values[-SLOTS_PER_DAY:], n_days)])
