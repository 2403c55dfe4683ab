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
# What a missing kWh costs an hour, as a share of what the dear quarter of the prices is above the
# cheap one. So much that what the battery holds is not given in the evening to be bought again at
# night, which brings the difference less losses and wear for some four hours; so little that what
# it lacks is not bought in a dear hour that is over within four. With a fixed tariff there is no
# difference, and a cent is enough to be full early.
FULL_SHARE_PER_H = 0.2
FULL_LEAST_EUR_PER_KWH_H = 0.01
DEAR_QUANTILE, CHEAP_QUANTILE = 0.75, 0.25


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


def full_prices(
    start: datetime, until: datetime | None, import_price: FloatArray, zone: tzinfo
) -> FloatArray | None:
    """Return what a kWh costs by the hour that a full battery misses [EUR/kWh h].

    In the last slot another price is added, for the kWh and not for the hour: that of the dear
    quarter of the prices. Until then no kWh is worth more to the house than that, so it is not
    given away in the last hours, and one that is missing is bought at any price below that.

    Args:
        start: Start of the first slot.
        until: Until when it should be full; None: nobody wants it.
        import_price: Of the slots that are planned [EUR/kWh], shape (n_slots,).
        zone: The home's, for the evening.

    Returns:
        Shape (n_slots,), 0 where it is not asked for; None: nowhere.
    """
    if until is None:
        return None
    n_slots = len(import_price)
    begin = _full_from(until, zone)
    # A reserve holds at the end of a slot, so the slot that ends with the beginning is the first.
    first, end = max(0, -((start - begin) // SLOT) - 1), (until - start) // SLOT
    if first >= min(end, n_slots):
        return None
    dear, cheap = np.quantile(import_price, (DEAR_QUANTILE, CHEAP_QUANTILE)).tolist()
    prices = np.zeros(n_slots)
    prices[first:end] = max(FULL_SHARE_PER_H * (dear - cheap), FULL_LEAST_EUR_PER_KWH_H)
    if end <= n_slots:
        prices[end - 1] += max(dear, 0.0) / SLOT_H
    return series(prices)


def _full_from(until: datetime, zone: tzinfo) -> datetime:
    """Return from when a battery should be full that is wanted so until ``until``."""
    local = until.astimezone(zone)
    evening = datetime.combine(local.date(), FULL_FROM, zone)
    if evening >= until:
        evening = datetime.combine(local.date() - timedelta(days=1), FULL_FROM, zone)
    return min(evening, until - FULL_FOR_AT_LEAST)
