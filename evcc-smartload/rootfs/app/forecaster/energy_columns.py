"""The home's past as arrays: one value a quarter hour and quantity, NaN where nothing is known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from domain.horizon import SLOT, SLOT_H
from forecaster.series import FloatArray, SlotSeries

QUANTITIES: tuple[str, ...] = (
    "pv_kwh",
    "house_kwh",
    "grid_import_kwh",
    "grid_export_kwh",
    "battery_charge_kwh",
    "battery_discharge_kwh",
    "battery_soc_pct",
    "import_eur_per_kwh",
    "export_eur_per_kwh",
    "is_curtailed",
)
"""The arrays of ``EnergyColumns``, named and in the order as in ``domain.history``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyColumns:
    """Consecutive quarter hours from ``start`` (aware UTC) on; every array has ``n_slots`` values.

    NaN was not measured, never zero. ``house_kwh`` is without cars and battery;
    ``battery_soc_pct`` is the state at the slot's start; ``is_curtailed`` is 1 where the PV was
    held back and 0 where it was not. ``loadpoints_kwh`` is by title.
    """

    start: datetime
    n_slots: int
    pv_kwh: FloatArray
    house_kwh: FloatArray
    grid_import_kwh: FloatArray
    grid_export_kwh: FloatArray
    battery_charge_kwh: FloatArray
    battery_discharge_kwh: FloatArray
    battery_soc_pct: FloatArray
    import_eur_per_kwh: FloatArray
    export_eur_per_kwh: FloatArray
    is_curtailed: FloatArray
    loadpoints_kwh: Mapping[str, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        arrays = [getattr(self, name) for name in QUANTITIES]
        if any(
            array.shape != (self.n_slots,) for array in (*arrays, *self.loadpoints_kwh.values())
        ):
            raise ValueError(f"every quantity must have {self.n_slots} values")

    @property
    def end(self) -> datetime:
        """The end of the last slot (outside)."""
        return self.start + self.n_slots * SLOT

    def series(self, values: FloatArray) -> SlotSeries:
        """Return one of the arrays with its place in time, in its own unit."""
        return SlotSeries(start=self.start, values=values)

    def power(self, energy_kwh: FloatArray) -> SlotSeries:
        """Return one of the energies as mean power [kW] with its place in time."""
        return SlotSeries(start=self.start, values=energy_kwh / SLOT_H)


def nothing_measured(start: datetime, n_slots: int) -> EnergyColumns:
    """Return a past of which nothing is known."""
    return EnergyColumns(
        start=start,
        n_slots=n_slots,
        pv_kwh=np.full(n_slots, np.nan),
        house_kwh=np.full(n_slots, np.nan),
        grid_import_kwh=np.full(n_slots, np.nan),
        grid_export_kwh=np.full(n_slots, np.nan),
        battery_charge_kwh=np.full(n_slots, np.nan),
        battery_discharge_kwh=np.full(n_slots, np.nan),
        battery_soc_pct=np.full(n_slots, np.nan),
        import_eur_per_kwh=np.full(n_slots, np.nan),
        export_eur_per_kwh=np.full(n_slots, np.nan),
        is_curtailed=np.full(n_slots, np.nan),
    )
