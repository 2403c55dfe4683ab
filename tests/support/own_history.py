"""A home's recorded history, and the home as it is now: what its report is made from."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from config import Config
from domain.history import QuarterEnergies
from domain.site import ChargeMode, Loadpoint, SocSettings
from observation.own_home import OwnHome
from planner.plant import KnownBy, Plant
from storage.history_store import HistoryStore
from tests.support.remembered_home import BERLIN, TODAY, quarters, sun_kw

GARAGE = Loadpoint(
    number=1,
    name="lp-1",
    title="Garage",
    mode=ChargeMode.PV,
    connected=False,
    charging=False,
    charge_kw=0.0,
)
HEAT_PUMP = replace(GARAGE, number=2, name="lp-2", title="Wärmepumpe", is_heater=True)
PLANT = Plant(
    charge_max_kw=5.0,
    discharge_max_kw=5.0,
    round_trip_frac=0.9,
    charge_known_by=KnownBy.LEARNED,
    discharge_known_by=KnownBy.LEARNED,
    efficiency_known_by=KnownBy.LEARNED,
)
HOME = OwnHome(
    name="Mein Haus",
    zone=BERLIN,
    currency="EUR",
    cfg=Config(),
    plant=PLANT,
    has_battery=True,
    capacity_kwh=10.0,
    settings=SocSettings(priority_soc_pct=20.0, buffer_soc_pct=50.0, buffer_start_soc_pct=80.0),
    loadpoints=(GARAGE,),
)


def metered(start: datetime, end: datetime) -> list[QuarterEnergies]:
    """Return quarter hours with sun, prices that are low at night, and what the grid gave."""
    return [metered_slot(quarter) for quarter in quarters(start, end, pv=sun_kw)]


def metered_slot(quarter: QuarterEnergies) -> QuarterEnergies:
    """Return a quarter hour without a battery, with its prices."""
    lacking_kwh = (quarter.house_kwh or 0.0) - (quarter.pv_kwh or 0.0)
    is_night = quarter.start.astimezone(BERLIN).hour < 6
    return replace(
        quarter,
        grid_import_kwh=max(lacking_kwh, 0.0),
        grid_export_kwh=max(-lacking_kwh, 0.0),
        import_eur_per_kwh=0.2 if is_night else 0.35,
        export_eur_per_kwh=0.08,
    )


def recorded_in(folder: Path, energies: list[QuarterEnergies]) -> HistoryStore:
    """Return a history that has all of ``energies`` on the disk."""
    store = HistoryStore(folder / "history.db", now=TODAY)
    store.write_energies(energies)
    assert store.flush()
    return store
