"""What was recorded of a home, as quarter hours of power and price."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from domain.horizon import SLOT_H
from domain.site import Loadpoint
from forecaster.energy_columns import EnergyColumns
from forecaster.series import BoolArray, FloatArray
from observation.own_home import OwnHome
from proof.day_slots import days_of, is_enough
from proof.gaps import bridged


class Measured:
    """Load, PV [kW] and prices of a home; NaN where nothing was recorded."""

    def __init__(self, home: OwnHome, past: EnergyColumns) -> None:
        self.past = past
        self.home = home
        house_kwh = past.house_kwh + heaters_kwh(past.loadpoints_kwh, home.loadpoints, past.n_slots)
        self.load_kw: FloatArray = bridged(np.maximum(house_kwh, 0.0) / SLOT_H)
        self.has_pv = bool((np.nan_to_num(past.pv_kwh) > 0.0).any())
        self.pv_kw: FloatArray = (
            bridged(np.maximum(past.pv_kwh, 0.0) / SLOT_H)
            if self.has_pv
            else np.zeros(past.n_slots)
        )
        self.buys = past.import_eur_per_kwh
        self.pays = past.export_eur_per_kwh
        self.is_known: BoolArray = np.isfinite(self.load_kw) & np.isfinite(self.pv_kw)
        """Where load and PV can be learned from; prices are recorded since SmartLoad runs only."""
        self.is_measured: BoolArray = self.is_known & np.isfinite(self.buys)

    def first_day(self, is_measured: BoolArray) -> date | None:
        """Return the first local day with enough of ``is_measured``; None: there is none."""
        days = days_of(self.past.start, self.past.n_slots, self.home.zone)
        return next((day.day for day in days if is_enough(is_measured, day)), None)


def heaters_kwh(
    loadpoints_kwh: Mapping[str, FloatArray], loadpoints: Sequence[Loadpoint], n_slots: int
) -> FloatArray:
    """Return what heaters at loadpoints used [kWh] per quarter hour: evcc's house has none of it.

    Quarter hours in which one was not metered count as zero: most of them are off.
    """
    total = np.zeros(n_slots)
    for one in loadpoints:
        if one.is_heater and one.title in loadpoints_kwh:
            total += np.nan_to_num(loadpoints_kwh[one.title])
    return total
