"""What is expected of the slots to come, on one grid: load, sun and prices.

Series are the middle of each forecast; published prices go before forecast ones. What lies after
the horizon is kept, too: it is what energy left at the end may be for.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np

from domain.forecast import BandSeries, ForecastKind
from domain.horizon import SLOT, SLOT_H, SLOTS_PER_DAY, slot_of_hour
from domain.outlook import Outlook
from domain.plan import Rung, SkipCause, Skipped
from domain.site import SiteSnapshot
from domain.tariff import Rate
from forecaster.series import FloatArray, kept_array, to_array
from planner.assumption import Assumption

# Below, a plan is no better than the rules of evcc.
SHORTEST_SLOTS = SLOTS_PER_DAY // 2
_SUN_SHINES_KW = 0.1
# Swanson's rule: the mean of a skewed quantity from its 10, 50 and 90 % quantiles. Hurst, A. et al.
# (2000), Swanson's 30-40-30 rule, AAPG Bulletin 84(12).
_TAIL_WEIGHT = 0.3
# How far the planned sun leans from its mean towards its 90 % quantile. Not at all: since the
# running slot is weighed over several courses (planner/hedge.py) the mean saves the most, with
# cars, too (docs/planner.md).
_SUN_LEAN_FRAC = 0.0
# As far as forecasts reach.
_WHOLE_SLOTS = 2 * SLOTS_PER_DAY


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expected:
    """Everything that is expected [kWh, EUR/kWh], of which ``n_slots`` are planned.

    Args:
        sun_kwh: A dark, the middle and a bright course of the PV.
        n_known_prices: So many import prices at the beginning are published.
        n_past_of_hour: So many slots of the first one's hour are over.
    """

    n_slots: int
    load_kwh: FloatArray
    sun_kwh: tuple[FloatArray, FloatArray, FloatArray]
    import_price: FloatArray
    export_price: FloatArray
    n_known_prices: int
    n_past_of_hour: int
    can_curtail: bool
    assumed: frozenset[Assumption]

    @property
    def worth_of_surplus(self) -> FloatArray:
        """What a kWh of PV brings that nobody takes [EUR/kWh]."""
        return np.maximum(self.export_price, 0.0) if self.can_curtail else self.export_price


def skipped(cause: SkipCause, detail: str = "") -> Skipped:
    """Return that there is nothing to plan with."""
    return Skipped(rung=Rung.EXACT, cause=cause, detail=detail)


def read_expected(
    start: datetime, site: SiteSnapshot, outlook: Outlook, *, n_most: int
) -> Expected | Skipped:
    """Return what is expected from ``start`` on, at most ``n_most`` slots of it to be planned.

    Args:
        start: Start of the first slot.
        site: For published prices, and whether there is sun.
        outlook: Forecasts; they may have been made some slots before.
        n_most: Longest horizon [slots].
    """
    bands = {expected.kind: expected.band for expected in outlook.expectations}
    load = bands.get(ForecastKind.LOAD)
    if load is None:
        return skipped(SkipCause.NO_FORECAST, "the house load is not forecast")
    load_kw = _mean(start, load)
    n_all = _n_leading(load_kw)
    if n_all < SHORTEST_SLOTS:
        return skipped(SkipCause.NO_FORECAST, f"the forecast ends after {n_all * SLOT_H:g} h")
    sun = bands.get(ForecastKind.PV)
    if sun is None and site.pv_kw is not None and site.pv_kw > _SUN_SHINES_KW:
        return skipped(SkipCause.NO_FORECAST, "there is PV, but no forecast of it")
    buys, n_known = _prices(start, n_all, site.import_rates, bands.get(ForecastKind.IMPORT_PRICE))
    if not np.isfinite(buys).any():
        return skipped(SkipCause.NO_PRICES)
    sells, _ = _prices(start, n_all, site.export_rates, bands.get(ForecastKind.EXPORT_PRICE))
    lacking = {
        Assumption.NO_SUN: sun is None,
        Assumption.IMPORT_PRICE: not np.isfinite(buys).all(),
        Assumption.EXPORT_PRICE: not np.isfinite(sells).all(),
        Assumption.AS_THE_DAY_BEFORE: _WHOLE_SLOTS <= n_all < n_most,
    }
    # Forecasts reach two days; what an owner plans beyond is like the last day that is forecast.
    # One that ends early says that something is wrong, and shortens the plan.
    is_whole = n_all >= _WHOLE_SLOTS
    n_ahead = max(n_all, n_most) if is_whole else n_all
    dark, middle, bright = (_repeated(course, n_ahead) for course in _sun(start, n_all, sun))
    return Expected(
        n_slots=min(n_most, n_ahead),
        load_kwh=_repeated(np.maximum(load_kw[:n_all], 0.0) * SLOT_H, n_ahead),
        sun_kwh=(dark, middle, bright),
        import_price=_repeated(_as_the_day_before(buys), n_ahead),
        export_price=_repeated(np.nan_to_num(sells, nan=0.0), n_ahead),
        n_known_prices=n_known,
        n_past_of_hour=slot_of_hour(start),
        can_curtail=site.export_limit_kw is not None,
        assumed=frozenset(name for name, is_lacking in lacking.items() if is_lacking),
    )


def _from(start: datetime, band: BandSeries, values: tuple[float | None, ...]) -> FloatArray:
    """Return the values of a band from ``start`` on."""
    offset = (start - band.start) // SLOT
    if offset >= 0:
        return kept_array(values)[offset:]
    return np.concatenate((np.full(-offset, np.nan), to_array(values)))


def _mean(start: datetime, band: BandSeries) -> FloatArray:
    """Return the mean of what a band says, from ``start`` on; the middle where it has no width.

    Costs are nearly linear in energies, so what counts for a plan is the mean. Use of a house and
    power of a roof are skewed: the median of each quarter hour, added up, misses a third of a day.
    """
    low, middle, high = (_from(start, band, values) for values in (band.p10, band.p50, band.p90))
    mean = _TAIL_WEIGHT * (low + high) + (1.0 - 2.0 * _TAIL_WEIGHT) * middle
    return np.where(np.isfinite(mean), mean, middle)


def _n_leading(values: FloatArray) -> int:
    """Return how many values at the beginning are known."""
    unknown = np.flatnonzero(~np.isfinite(values))
    return int(unknown[0]) if unknown.size else len(values)


def _fitted(values: FloatArray, n_slots: int) -> FloatArray:
    """Return ``n_slots`` values, NaN where there are none."""
    fitted = np.full(n_slots, np.nan)
    fitted[: min(n_slots, len(values))] = values[:n_slots]
    return fitted


def _sun(
    start: datetime, n_slots: int, band: BandSeries | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return a dark, the expected and a bright course of the PV [kWh]."""
    if band is None:
        nothing = np.zeros(n_slots)
        return nothing, nothing, nothing
    mean, high = _mean(start, band), _from(start, band, band.p90)
    middle = _fitted(mean + _SUN_LEAN_FRAC * (high - mean), n_slots)
    dark, bright = (
        np.where(np.isfinite(outer), outer, middle)
        for outer in (
            _fitted(_from(start, band, values), n_slots) for values in (band.p10, band.p90)
        )
    )
    dark, middle, bright = (
        np.maximum(np.nan_to_num(course, nan=0.0), 0.0) * SLOT_H
        for course in (dark, middle, bright)
    )
    return dark, middle, bright


def _prices(
    start: datetime, n_slots: int, rates: tuple[Rate, ...], band: BandSeries | None
) -> tuple[FloatArray, int]:
    """Return prices [EUR/kWh], NaN where nothing says any, and how many are published.

    ``rates`` are sorted and do not overlap.
    """
    prices = np.full(n_slots, np.nan)
    if rates:
        begins_s, ends_s, eur_per_kwh = _laid_out(_SameTuple(rates))
        slots_s = start.timestamp() + np.arange(n_slots) * SLOT.total_seconds()
        # A slot has the price that holds at its beginning.
        at = np.searchsorted(begins_s, slots_s, side="right") - 1
        holds = (at >= 0) & (slots_s < ends_s[at])
        prices[holds] = eur_per_kwh[at[holds]]
    n_known = _n_leading(prices)
    if band is not None:
        expected = _fitted(_from(start, band, band.p50), n_slots)
        prices = np.where(np.isfinite(prices), prices, expected)
        if n_known == 0:
            n_known = max(0, band.n_known - max(0, (start - band.start) // SLOT))
    return prices, n_known


class _SameTuple:
    """Rates as a key: equal is only the very same tuple, which is told without looking into it."""

    __slots__ = ("rates",)

    def __init__(self, rates: tuple[Rate, ...]) -> None:
        self.rates = rates

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SameTuple) and self.rates is other.rates

    def __hash__(self) -> int:
        return id(self.rates)


@lru_cache(maxsize=4)
def _laid_out(same: _SameTuple) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return when rates begin and end [s since 1970] and what they are [EUR/kWh]."""
    rates = same.rates
    return (
        np.array([rate.start.timestamp() for rate in rates]),
        np.array([rate.end.timestamp() for rate in rates]),
        np.array([rate.price_eur_per_kwh for rate in rates]),
    )


def _repeated(values: FloatArray, n_slots: int) -> FloatArray:
    """Return ``n_slots`` values: where a series ends its last day comes again."""
    while len(values) < n_slots:
        values = np.concatenate((values, values[-SLOTS_PER_DAY:]))
    return values[:n_slots]


def _as_the_day_before(prices: FloatArray) -> FloatArray:
    """Return prices without gaps: of the day before, else the mean."""
    if np.isfinite(prices).all():
        return prices
    filled = prices.copy()
    for slot in np.flatnonzero(~np.isfinite(filled)):
        if slot >= SLOTS_PER_DAY:
            filled[slot] = filled[slot - SLOTS_PER_DAY]
    return np.where(np.isfinite(filled), filled, np.nanmean(prices))
