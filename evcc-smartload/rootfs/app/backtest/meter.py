"""Reads the simulated home at the end of every quarter hour, and counts what was done to it."""

from collections.abc import Sequence

import numpy as np

from proof.accounting import Departure, SlotBook
from simulator.plant import PlantReading

# What a car's battery gets of a kWh at the charger; as the simulated cars have it.
CAR_EFFICIENCY_FRAC = 0.9


class Meter:
    """Counts one policy; quarter hours come one after the other."""

    def __init__(self, n_slots: int, reading: PlantReading) -> None:
        """Begin with what the meters say now."""
        self._slot = 0
        self._last = reading
        self._import = np.zeros(n_slots)
        self._export = np.zeros(n_slots)
        self._pv = np.zeros(n_slots)
        self._load = np.zeros(n_slots)
        self._cars = np.zeros(n_slots)
        self._discharge = np.zeros(n_slots)
        self._away = np.zeros(n_slots)
        self._stored = np.zeros(n_slots + 1)
        self._below = np.zeros(n_slots, dtype=np.bool_)
        self._writes = np.zeros(n_slots, dtype=np.int64)
        self._decisions = np.zeros(n_slots, dtype=np.int64)
        self._switches = np.zeros(n_slots, dtype=np.int64)
        self._away_before_kwh = 0.0
        self._stored[0] = _stored_kwh(reading)

    def close_slot(
        self,
        reading: PlantReading,
        *,
        away_total_kwh: float = 0.0,
        buffer_soc_pct: float | None = None,
        n_writes: int = 0,
        is_switched: bool = False,
    ) -> None:
        """Book the quarter hour that ends with ``reading``.

        Args:
            reading: What the meters say at its end.
            away_total_kwh: What cars have charged elsewhere since the beginning (cells).
            buffer_soc_pct: Where the buffer stands; None: there is none.
            n_writes: How many settings of evcc were changed in it.
            is_switched: Whether the plan wants something else now than the plan before did.
        """
        slot, last = self._slot, self._last
        bought_kwh = reading.grid_import_total_kwh - last.grid_import_total_kwh
        sold_kwh = reading.grid_export_total_kwh - last.grid_export_total_kwh
        pv_kwh = reading.pv_total_kwh - last.pv_total_kwh
        cars_kwh = sum(one.total_kwh for one in reading.chargers) - sum(
            one.total_kwh for one in last.chargers
        )
        taken_kwh = given_kwh = 0.0
        for battery, before in zip(reading.batteries, last.batteries, strict=True):
            taken_kwh += battery.charged_total_kwh - before.charged_total_kwh
            given_kwh += battery.discharged_total_kwh - before.discharged_total_kwh
        self._import[slot] = bought_kwh
        self._export[slot] = sold_kwh
        self._pv[slot] = pv_kwh
        self._load[slot] = bought_kwh + pv_kwh + given_kwh - sold_kwh - taken_kwh - cars_kwh
        self._cars[slot] = cars_kwh
        self._discharge[slot] = given_kwh
        self._away[slot] = away_total_kwh - self._away_before_kwh
        self._stored[slot + 1] = _stored_kwh(reading)
        if buffer_soc_pct is not None and reading.batteries:
            self._below[slot] = reading.batteries[0].soc_pct < buffer_soc_pct
        self._writes[slot] = n_writes
        self._decisions[slot] = n_writes > 0
        self._switches[slot] = is_switched
        self._away_before_kwh = away_total_kwh
        self._last = reading
        self._slot += 1

    def book(self, departures: Sequence[Departure]) -> SlotBook:
        """Return everything that was counted."""
        return SlotBook(
            import_kwh=self._import,
            export_kwh=self._export,
            pv_kwh=self._pv,
            load_kwh=self._load,
            cars_kwh=self._cars,
            discharge_kwh=self._discharge,
            away_kwh=self._away,
            stored_kwh=self._stored,
            is_below_buffer=self._below,
            writes=self._writes,
            decisions=self._decisions,
            switches=self._switches,
            departures=tuple(departures),
        )


def _stored_kwh(reading: PlantReading) -> float:
    """Return what the batteries hold, and all that went into cars so far (cells)."""
    held = sum(one.capacity_kwh * one.soc_pct / 100.0 for one in reading.batteries)
    return held + CAR_EFFICIENCY_FRAC * sum(one.total_kwh for one in reading.chargers)
