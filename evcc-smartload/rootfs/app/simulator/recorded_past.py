"""A past that the simulated evcc recorded before the simulation began, made up cheaply.

It is no physics: a sun of the season with a cloud factor a day, a household with mornings and
evenings, a battery that takes what is left. It is enough to import and to learn from, and adds up:
import + PV + discharge = house + charge + export.
"""

import math
from collections.abc import Iterator
from datetime import datetime, tzinfo
from random import Random

from domain.horizon import SLOT, SLOT_H
from simulator.energy_history import Energy, Series
from simulator.local_time import local_date

_SOLAR_NOON_H = 11.5
_BATTERY_KWH = 10.0
_MOST_BATTERY_KWH = 1.0  # a slot at 4 kW


def recorded_past(
    series: tuple[Series, ...], start: datetime, end: datetime, *, zone: tzinfo, seed: int = 1
) -> Iterator[tuple[datetime, tuple[Energy, ...]]]:
    """Yield a value of each series for every slot from ``start`` to ``end``, rising.

    Args:
        series: Of ``EnergyHistory``; a second battery rests, nothing is charged at loadpoints.
        start: First slot, aware UTC.
        end: Behind the last slot.
        zone: Of the household's habits.
        seed: Another seed gives other clouds and other evenings.
    """
    soc_kwh = _BATTERY_KWH / 2
    while start < end:
        sky = Random(f"{seed} {local_date(start, zone)}").uniform(0.15, 1.0)
        pv_kwh, forecast_kwh = _pv_kwh(start) * sky, _pv_kwh(start) * (0.4 + 0.5 * sky)
        house_kwh = _house_kwh(start, zone, Random(f"{seed} {start}").random())
        surplus_kwh = pv_kwh - house_kwh
        wanted_kwh = max(-_MOST_BATTERY_KWH, min(_MOST_BATTERY_KWH, surplus_kwh))
        has_battery = any(one.group == "battery" for one in series)
        charge_kwh = max(-soc_kwh, min(_BATTERY_KWH - soc_kwh, wanted_kwh)) if has_battery else 0.0
        grid_kwh = surplus_kwh - charge_kwh
        soc_pct = round(100.0 * soc_kwh / _BATTERY_KWH, 1)
        by_group = {
            "grid": Energy(max(0.0, -grid_kwh), max(0.0, grid_kwh)),
            "pv": Energy(pv_kwh),
            "home": Energy(house_kwh),
            "forecast": Energy(forecast_kwh),
            "battery": Energy(max(0.0, charge_kwh), max(0.0, -charge_kwh), soc_pct),
            "loadpoint": Energy(0.0),
        }
        energies = []
        for one in series:
            energies.append(by_group[one.group])
            if one.group == "battery":
                by_group["battery"] = Energy(0.0, 0.0, 50.0)
        yield start, tuple(energies)
        soc_kwh += charge_kwh
        start += SLOT


def _pv_kwh(start: datetime) -> float:
    """Return what a clear sky gives in a slot: longer and higher days in summer."""
    season = math.cos(2.0 * math.pi * (start.timetuple().tm_yday - 172) / 365.0)
    half_day_h = 6.0 + 2.0 * season
    from_noon_h = abs(start.hour + start.minute / 60.0 - _SOLAR_NOON_H)
    if from_noon_h >= half_day_h:
        return 0.0
    return (5.0 + 3.0 * season) * math.cos(math.pi / 2.0 * from_noon_h / half_day_h) * SLOT_H


def _house_kwh(start: datetime, zone: tzinfo, luck: float) -> float:
    local = start.astimezone(zone)
    hour = local.hour + local.minute / 60.0
    is_weekend = local.weekday() >= 5  # noqa: PLR2004  # Saturday
    base_kw = 0.25 + 0.1 * luck
    morning_kw = 0.8 * math.exp(-((hour - (9.0 if is_weekend else 7.0)) ** 2))
    evening_kw = 1.2 * math.exp(-((hour - 19.0) ** 2) / 4.0)
    return (base_kw + (morning_kw + evening_kw) * (0.7 + 0.6 * luck)) * SLOT_H
