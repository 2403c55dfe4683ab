"""How a policy brought the house through the nights: what a buffer is there for."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from domain.horizon import SLOT_H
from domain.observation import NightSums
from forecaster.series import BoolArray, FloatArray
from proof.accounting import SlotBook
from proof.day_slots import DaySlots, PricedSlots

CHEAP_FRAC = 0.25
"""The cheapest quarter of a day's quarter hours is when a battery would be refilled anyway."""
NEEDED_NOTHING_KWH = 0.1
"""Less than this from the grid in a whole night is evcc's regulation, not a need."""
LEAST_SLOTS = 4
"""A shorter gap between two surpluses or before a cheap hour [slots] is no night."""
_SURPLUS_KW = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """Quarter hours ``first`` to ``end`` (outside)."""

    first: int
    end: int


def nights_of(priced: PricedSlots, *, pv_kw: FloatArray, load_kw: FloatArray) -> list[Night]:
    """Return the nights after days with a surplus: until the next surplus or cheap quarter hour.

    Args:
        priced: Prices and days. Nights of days that do not count are left out.
        pv_kw: Of the same quarter hours, shape (n_slots,).
        load_kw: The same of the house without cars.
    """
    has_surplus = pv_kw > load_kw + _SURPLUS_KW
    days = priced.days()
    is_cheap = _cheap_slots(priced, days)
    nights = []
    for today, tomorrow in pairwise(days):
        sunny = np.flatnonzero(has_surplus[today.slots])
        if not len(sunny) or not (priced.is_enough(today) and priced.is_enough(tomorrow)):
            continue
        first = today.slots.start + int(sunny[-1]) + 1
        refills = np.flatnonzero((has_surplus | is_cheap)[first : tomorrow.slots.stop])
        end = first + int(refills[0]) if len(refills) else tomorrow.slots.stop
        if end - first >= LEAST_SLOTS:
            nights.append(Night(first=first, end=end))
    return nights


def sum_nights(
    nights: list[Night], book: SlotBook, *, pv_kw: FloatArray, load_kw: FloatArray
) -> NightSums:
    """Return how ``book`` brought the house through ``nights``; arrays as in ``nights_of``.

    What is bought while a car charges counts as the car's.
    """
    for_house_kwh = np.maximum(book.import_kwh - book.cars_kwh, 0.0)
    lacking_kwh = np.maximum(load_kw - pv_kw, 0.0) * SLOT_H
    given_kwh = np.minimum(book.discharge_kwh, lacking_kwh)
    return NightSums(
        nights=len(nights),
        bridged=sum(
            math.fsum(for_house_kwh[night.first : night.end].tolist()) < NEEDED_NOTHING_KWH
            for night in nights
        ),
        kept_kwh=math.fsum(
            math.fsum(given_kwh[night.first : night.end].tolist()) for night in nights
        ),
    )


def _cheap_slots(priced: PricedSlots, days: tuple[DaySlots, ...]) -> BoolArray:
    """Return where a day's price is among its cheapest; nowhere on a day with one price."""
    is_cheap = np.zeros(len(priced.is_measured), dtype=np.bool_)
    for day in days:
        price = priced.import_price_eur_per_kwh[day.slots]
        bound = np.sort(price)[max(0, round(len(price) * CHEAP_FRAC) - 1)]
        # A night tariff may be cheap for half of the day: its price is the bound then.
        is_cheap[day.slots] = (price <= bound) & (price < np.median(price))
    return is_cheap
