"""From hourly energies of a home's meters to its quarter hours, and what is left for the house.

Every flow is known by the hour, and by the quarter where finer values add up to their hour; else
each quarter gets a quarter of it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from domain.history import EnergySource, QuarterEnergies
from sources.meter_hours import FloatArray

QUARTERS_PER_HOUR = 4
_QUARTER = timedelta(minutes=15)
# Meters are rounded to 0.001 kWh; twelve roundings and a Wh of the sensor's own.
_SHAPE_TOLERANCE_KWH = 0.013


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One kind of energy [kWh]; NaN is not known. ``quarters_kwh`` has the shape (n_hours, 4)."""

    hours_kwh: FloatArray
    quarters_kwh: FloatArray

    def of_hour(self, index: int) -> FloatArray | None:
        """Return the four quarters of an hour, None when it is not known."""
        if math.isnan(self.hours_kwh[index]):
            return None
        quarters_kwh: FloatArray = self.quarters_kwh[index]
        return quarters_kwh


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeFlows:
    """The flows of a home over the same hours; None for a meter that it does not have."""

    grid_import: Flow | None
    grid_export: Flow | None
    solar: Flow | None
    battery_discharge: Flow | None
    battery_charge: Flow | None

    def quarters(
        self, index: int, start: datetime, cars_kwh: Mapping[str, float] | None
    ) -> list[QuarterEnergies]:
        """Return the quarters of an hour that begins at ``start``, none when nothing is known.

        Args:
            index: Number of the hour in the flows.
            start: When it begins.
            cars_kwh: What each loadpoint took in that hour [kWh]; None is not known, and then
                neither is the house.
        """
        flows = (
            self.solar,
            self.grid_import,
            self.grid_export,
            self.battery_charge,
            self.battery_discharge,
        )
        known = [None if flow is None else flow.of_hour(index) for flow in flows]
        if all(flow is None for flow in known):
            return []
        house = None if cars_kwh is None else self._house(index, sum(cars_kwh.values()))
        by_car = {title: kwh / QUARTERS_PER_HOUR for title, kwh in (cars_kwh or {}).items()}
        rows = [
            [None if flow is None else float(flow[number]) for flow in (*known, house)]
            for number in range(QUARTERS_PER_HOUR)
        ]
        return [
            QuarterEnergies(
                start=start + number * _QUARTER,
                source=EnergySource.HOME_ASSISTANT,
                pv_kwh=solar,
                grid_import_kwh=imported,
                grid_export_kwh=exported,
                battery_charge_kwh=charged,
                battery_discharge_kwh=discharged,
                house_kwh=house_kwh,
                loadpoints_kwh=by_car,
            )
            for number, (solar, imported, exported, charged, discharged, house_kwh) in enumerate(
                rows
            )
        ]

    def _house(self, index: int, cars_kwh: float) -> FloatArray | None:
        """Return the quarters of the house [kWh], None when a meter is missing or wrong."""
        if self.grid_import is None:
            return None
        left_kwh = np.zeros(QUARTERS_PER_HOUR)
        for flow, sign in (
            (self.grid_import, 1.0),
            (self.grid_export, -1.0),
            (self.solar, 1.0),
            (self.battery_discharge, 1.0),
            (self.battery_charge, -1.0),
        ):
            if flow is not None:
                left_kwh += sign * flow.quarters_kwh[index]
        mean_kwh = float(left_kwh.mean()) - cars_kwh / QUARTERS_PER_HOUR
        if not mean_kwh > 0.0:  # also NaN; cut off at 0 it would look measured
            return None
        # Meters tick at different moments, so the hour can be right where a quarter is not. And
        # nobody knows when within the hour a car charged: the shape is lost with it.
        if cars_kwh > 0.0 or not (left_kwh > 0.0).all():
            return np.full(QUARTERS_PER_HOUR, mean_kwh)
        return left_kwh


def shaped(hours_kwh: FloatArray, pieces_kwh: FloatArray) -> FloatArray:
    """Return the quarters [kWh], shape (n_hours, 4).

    Args:
        hours_kwh: Energy of each hour [kWh], shape (n_hours,).
        pieces_kwh: The same in equal pieces of an hour, a multiple of four to each; NaN where one
            is missing.
    """
    even = np.repeat(hours_kwh[:, np.newaxis] / QUARTERS_PER_HOUR, QUARTERS_PER_HOUR, axis=1)
    fine: FloatArray = pieces_kwh.reshape(hours_kwh.size, QUARTERS_PER_HOUR, -1).sum(axis=2)
    agrees = np.abs(fine.sum(axis=1) - hours_kwh) <= _SHAPE_TOLERANCE_KWH
    return np.where(agrees[:, np.newaxis], fine, even)
