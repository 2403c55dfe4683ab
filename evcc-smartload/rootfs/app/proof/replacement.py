"""What a kWh in the cells is worth that one policy has left and another has not."""

import math

import numpy as np

from forecaster.series import FloatArray
from proof.day_slots import PricedSlots

_CHEAP_FRAC = 0.25
"""Refilling has time: the cheapest quarter of a day's quarter hours are enough for it."""


def replacement_value(
    priced: PricedSlots,
    *,
    surplus_kwh: FloatArray,
    usable_kwh: float,
    charge_efficiency_frac: float,
) -> float:
    """Return what a kWh in the cells costs to replace [EUR/kWh]: one value for the whole period.

    What a policy has left at the end it need not fill again, so it is worth what filling costs:
    the mean over the days of what that costs on each of them. On most days that is the mean of the
    cheapest quarter of the import prices; on days whose PV surplus fills the battery it is what
    that surplus would have earned, if that is less. Either is divided by the charging efficiency.
    One value for all days and policies makes days add up, and gives no policy a reason to end a
    day full or empty.

    Args:
        priced: Prices. Days of which too little was measured are left out, unless all are.
        surplus_kwh: PV beyond what the house used at that time, never negative, per quarter
            hour, shape (n_slots,).
        usable_kwh: What the battery holds between empty and full, in cells; 0 without a battery:
            then every day with any surplus fills it.
        charge_efficiency_frac: From AC into the cells, 0 < efficiency <= 1.

    Raises:
        ValueError: There is no quarter hour.
    """
    days = priced.days()
    if not days:
        raise ValueError("without a quarter hour nothing has a price")
    counted = [day for day in days if priced.is_enough(day)] or list(days)
    costs = [
        _refilling_cost(
            priced.import_price_eur_per_kwh[day.slots],
            priced.export_price_eur_per_kwh[day.slots],
            surplus_kwh[day.slots],
            usable_kwh / charge_efficiency_frac,
        )
        for day in counted
    ]
    return math.fsum(costs) / len(costs) / charge_efficiency_frac


def _refilling_cost(
    import_price: FloatArray, export_price: FloatArray, surplus_kwh: FloatArray, to_fill_kwh: float
) -> float:
    """Return what a kWh at the AC side costs on this day [EUR/kWh], bought or not fed in."""
    n_cheap = max(1, round(len(import_price) * _CHEAP_FRAC))
    bought = math.fsum(np.sort(import_price)[:n_cheap].tolist()) / n_cheap
    whole_kwh = math.fsum(surplus_kwh.tolist())
    if whole_kwh <= 0.0 or whole_kwh < to_fill_kwh:
        return bought
    not_sold = math.fsum((export_price * surplus_kwh).tolist()) / whole_kwh
    return min(bought, not_sold)
