"""What is kept of the home's past: energies per quarter hour, charging sessions, where from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class EnergySource(StrEnum):
    """Who measured a quarter hour, from the most to the least trusted.

    EVCC are evcc's own stored energies (differences of the meters' counters), INFLUX and
    HOME_ASSISTANT what these recorded, LIVE the mean of our own readings of evcc.
    """

    EVCC = "evcc"
    INFLUX = "influx"
    HOME_ASSISTANT = "home_assistant"
    LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarterEnergies:
    """What flowed in the quarter hour from ``start`` on [kWh]; None was not measured, never zero.

    ``house_kwh`` is without cars and battery. ``battery_soc_pct`` is the state at ``start``.
    ``loadpoints_kwh`` is by the loadpoint's title. ``is_curtailed`` says that the PV was held
    back, so that it says nothing about the sun; None is not known. Prices are those that held,
    as they were known then.
    """

    start: datetime
    source: EnergySource
    pv_kwh: float | None = None
    house_kwh: float | None = None
    grid_import_kwh: float | None = None
    grid_export_kwh: float | None = None
    battery_charge_kwh: float | None = None
    battery_discharge_kwh: float | None = None
    battery_soc_pct: float | None = None
    import_eur_per_kwh: float | None = None
    export_eur_per_kwh: float | None = None
    is_curtailed: bool | None = None
    loadpoints_kwh: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingSession:
    """One charging session as evcc keeps it; titles, not names. ``finished_at`` None: running."""

    number: int
    started_at: datetime
    finished_at: datetime | None
    loadpoint: str
    vehicle: str | None
    energy_kwh: float
    soc_start_pct: float | None = None
    soc_end_pct: float | None = None
    solar_pct: float | None = None
    cost_eur: float | None = None


class ImportState(StrEnum):
    """How far an import of the past is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNAVAILABLE = "unavailable"
    """The source has nothing to give (an evcc before 0.305, an empty database)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress:
    """One source's import; ``progress_frac`` 0..1, ``detail`` one English sentence when it failed.

    ``n_slots`` quarter hours have been taken over so far, the oldest from ``since`` on.
    """

    source: EnergySource
    state: ImportState
    progress_frac: float = 0.0
    n_slots: int = 0
    since: datetime | None = None
    detail: str = ""
