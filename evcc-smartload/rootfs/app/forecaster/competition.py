"""What each competitor says, or would have said: ours and the simple ones, from one past."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from domain.forecast import ForecastKind
from domain.outlook import Away
from domain.ports import HolidayCalendar
from forecaster.baselines import Baseline, baseline_bands
from forecaster.load import forecast_load
from forecaster.prices import forecast_prices
from forecaster.pv_forecast import forecast_pv
from forecaster.pv_past import PvPast
from forecaster.series import Bands, FloatArray, SlotSeries

LOAD_MODEL = "similar_days"
PV_MODEL = "provider_corrected"
PRICE_MODEL = "published_shape"
SIMPLE_MODELS: tuple[str, ...] = tuple(Baseline)
OUR_MODEL: Mapping[ForecastKind, str] = {
    ForecastKind.LOAD: LOAD_MODEL,
    ForecastKind.PV: PV_MODEL,
    ForecastKind.IMPORT_PRICE: PRICE_MODEL,
    ForecastKind.EXPORT_PRICE: PRICE_MODEL,
}

Competitors = Mapping[str, Callable[[], Bands | None]]
"""By model, what works its forecast out; None comes from one that has nothing to go by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """When a forecast is made, for how many slots, and where."""

    at: datetime
    n_slots: int
    zone: tzinfo
    holidays: HolidayCalendar


def load_competitors(
    history: SlotSeries,
    issue: Issue,
    *,
    live_kw: float | None = None,
    away: Away | None = None,
    levels: FloatArray | None = None,
) -> Competitors:
    """Return who says how the house load [kW] goes on; arguments as for ``forecast_load``."""

    def ours() -> Bands:
        return forecast_load(
            history,
            issue.at,
            issue.n_slots,
            zone=issue.zone,
            holidays=issue.holidays,
            live_kw=live_kw,
            away=away,
            levels=levels,
        )

    return {LOAD_MODEL: ours, **simple_competitors(history, issue, floor=0.0)}


def pv_competitors(past: PvPast, provider: SlotSeries | None, issue: Issue) -> Competitors:
    """Return who says how the PV [kW] goes on; arguments as for ``forecast_pv``."""

    def ours() -> Bands:
        return forecast_pv(
            past, provider, issued_at=issue.at, n_slots=issue.n_slots, zone=issue.zone
        ).bands

    return {PV_MODEL: ours, **simple_competitors(past.measured, issue, floor=0.0)}


def price_competitors(published: SlotSeries, issue: Issue) -> Competitors:
    """Return who says how prices [EUR/kWh] go on beyond ``published``."""

    def ours() -> Bands:
        return forecast_prices(
            published, issue.at, issue.n_slots, zone=issue.zone, holidays=issue.holidays
        ).bands

    return {PRICE_MODEL: ours, **simple_competitors(published, issue, floor=None)}


def simple_competitors(history: SlotSeries, issue: Issue, *, floor: float | None) -> Competitors:
    """Return the simple models on ``history``; nothing they say lies below ``floor``."""

    def one(baseline: Baseline) -> Callable[[], Bands | None]:
        return lambda: baseline_bands(
            baseline, history, issue.at, issue.n_slots, zone=issue.zone, floor=floor
        )

    return {baseline.value: one(baseline) for baseline in Baseline}
