"""What the owner asks for on the page for a while, as slots of a plan and prices in them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta, tzinfo

import numpy as np

from domain.horizon import SLOT, SLOT_H
from domain.steering import Override, OverrideKind
from planner.plan_problem import FloatArray, series

# A battery that is wanted full at an instant is to be so from the evening before it, and for some
# hours at least.
FULL_FROM = time(18)
FULL_FOR_AT_LEAST = timedelta(hours=6)
# Above this quantile of the prices nothing is bought to be full, unless there is no other time.
DEAR_QUANTILE = 0.75
# What every missing kWh costs an hour at least, as below the buffer: sooner is better.
FULL_LEAST_EUR_PER_KWH_H = 0.002


def until_of(overrides: Sequence[Override], kind: OverrideKind) -> datetime | None:
    """Return until when the owner wants ``kind``; None: they do not."""
    return max((one.until for one in overrides if one.kind is kind), default=None)


def charge_now_slots(
    overrides: Sequence[Override], start: datetime, n_slots: int
) -> Mapping[str, int]:
    """Return for how many slots each loadpoint charges at full power, by evcc's name of it.

    The running slot counts as a whole; a last slot in which the wish ends is free.
    """
    return {
        one.device: min(max(1, (one.until - start) // SLOT), n_slots)
        for one in overrides
        if one.kind is OverrideKind.CHARGE_NOW and one.until > start
    }


def slots_before(start: datetime, until: datetime | None, n_slots: int) -> int:
    """Return how many slots begin before ``until``, none without it."""
    if until is None or until <= start:
        return 0
    return min(-((start - until) // SLOT), n_slots)


def full_window(
    start: datetime, until: datetime | None, n_slots: int, zone: tzinfo
) -> range | None:
    """Return at the end of which slots a battery should be full; None: of none.

    Args:
        start: Start of the first slot.
        until: Until when it should be full; None: nobody wants it.
        n_slots: How many slots there are.
        zone: The home's, for the evening.
    """
    if until is None:
        return None
    begin = _full_from(until, zone)
    first, end = -((start - begin) // SLOT) - 1, (until - start) // SLOT
    window = range(max(0, first), min(end, n_slots))
    return window or None


def full_prices(
    window: range, import_price: FloatArray, *, one_way_frac: float, wear_eur_per_kwh: float
) -> FloatArray:
    """Return what a kWh costs by the hour that a full battery misses [EUR/kWh h].

    It is the least price with which within the window nothing is given away, however dear it is
    and however cheap it could be bought back, and what is missing is bought at once at any price
    that is not among the dearest quarter, and not in it while another time is to come. With
    ``S_t`` as the sum of the prices from slot t to the window's end, that is for all t < u

        S_t - S_u >= (p_t - w) * b - p_u / a  giving in t and buying back in u must not pay
        S_t - S_u >= (p_t - p_u) / a          nor waiting from t, unless it is dear, for u

    After the window energy may be had for nothing: the sun may be about to rise.

    Args:
        window: The slots at whose ends it should be full.
        import_price: Of the slots that are planned [EUR/kWh], shape (n_slots,).
        one_way_frac: Efficiency of charging ``a``, and of discharging ``b``.
        wear_eur_per_kwh: Of one kWh taken out ``w``.

    Returns:
        Shape (n_slots,), 0 outside the window.
    """
    gives_eur = (import_price - wear_eur_per_kwh) * one_way_frac
    buys_eur = import_price / one_way_frac
    is_dear = import_price > np.quantile(import_price, DEAR_QUANTILE)
    worth_eur = np.where(is_dear, gives_eur, np.maximum(gives_eur, buys_eur))
    prices = np.zeros(len(import_price))
    sum_eur = later_eur = 0.0
    for slot in reversed(window):
        before_eur = max(
            sum_eur + FULL_LEAST_EUR_PER_KWH_H * SLOT_H, float(worth_eur[slot]) + later_eur
        )
        prices[slot] = (before_eur - sum_eur) / SLOT_H
        sum_eur = before_eur
        later_eur = max(later_eur, sum_eur - float(buys_eur[slot]))
    return series(prices)


def _full_from(until: datetime, zone: tzinfo) -> datetime:
    """Return from when a battery should be full that is wanted so until ``until``."""
    local = until.astimezone(zone)
    evening = datetime.combine(local.date(), FULL_FROM, zone)
    if evening >= until:
        evening = datetime.combine(local.date() - timedelta(days=1), FULL_FROM, zone)
    return min(evening, until - FULL_FOR_AT_LEAST)
