"""What the simulated evcc sees of the simulated house, and what it can tell it.

The house (physics) implements ``Plant``; the simulated evcc only ever talks to that. Signs inside
the simulator follow SmartLoad's rule: flows are never negative; evcc's own signs appear only where
its answers are built.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from domain.site import BatteryMode, SolarSlot
from domain.tariff import Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerCommand:
    """What evcc offers a car: nothing, or a current [A] on 1 or 3 phases."""

    enabled: bool
    current_a: float = 0.0
    phases: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CarSpec:
    """A car of the home."""

    name: str
    title: str
    capacity_kwh: float
    phases: int = 3
    max_current_a: float = 16.0
    limit_soc_pct: float = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerReading:
    """A charging point at the end of a step."""

    connected: bool
    charge_kw: float
    currents_a: tuple[float, float, float] = (0.0, 0.0, 0.0)
    car_name: str | None = None
    car_soc_pct: float | None = None
    total_kwh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryReading:
    """A home battery at the end of a step; powers at the AC side."""

    name: str
    title: str
    capacity_kwh: float
    soc_pct: float
    charge_kw: float
    discharge_kw: float
    charged_total_kwh: float
    discharged_total_kwh: float
    controllable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantReading:
    """The house at the end of a step; powers are means over the step.

    ``pv_kw + grid_import_kw + sum(discharge) = load_kw + grid_export_kw + sum(charge) + sum(cars)``

    ``grid_phases_kw`` alone has a sign: what each phase draws, negative where it feeds in. Together
    they are the import less the export.
    """

    at: datetime
    pv_kw: float
    load_kw: float
    grid_import_kw: float
    grid_export_kw: float
    grid_phases_kw: tuple[float, float, float]
    batteries: tuple[BatteryReading, ...]
    chargers: tuple[ChargerReading, ...]
    pv_total_kwh: float
    grid_import_total_kwh: float
    grid_export_total_kwh: float


class Plant(Protocol):
    """A house that can be stepped through time."""

    cars: tuple[CarSpec, ...]
    n_chargers: int

    def step(
        self,
        dt: timedelta,
        battery_mode: BatteryMode,
        chargers: Sequence[ChargerCommand],
    ) -> PlantReading:
        """Advance by ``dt`` under these commands and return what the meters then say."""
        ...

    def plug_in(self, car_name: str) -> None:
        """Let a car come home now, if it is away, and plug it in.

        Raises:
            ValueError: There is no such car, or no free charger.
        """
        ...

    def unplug(self, car_name: str) -> None:
        """Pull a car's cable; it stays at home until its next trip.

        Raises:
            ValueError: There is no such car, or it is not plugged in.
        """
        ...

    @property
    def reading(self) -> PlantReading:
        """The last reading; at the start one with flows of the first instant."""
        ...

    def to_state(self) -> dict[str, object]:
        """Return everything that cannot be recomputed from seed and time, JSON-serialisable."""
        ...

    def restore_state(self, state: dict[str, object]) -> None:
        """Continue from what ``to_state`` returned."""
        ...


class Market(Protocol):
    """Prices as they are known at an instant."""

    def import_rates(self, now: datetime) -> list[Rate]:
        """Published quarter-hour import prices from the last local midnight on [EUR/kWh gross]."""
        ...

    def export_rates(self, now: datetime) -> list[Rate]:
        """Feed-in payment, same form."""
        ...


class SolarProvider(Protocol):
    """A solar forecast service."""

    def forecast(self, now: datetime) -> list[SolarSlot]:
        """The newest issue at ``now``: quarter-hour powers from local midnight, about 3 days."""
        ...
