"""The home of the demo: a house on a hillside with its owner's settings in evcc."""

import dataclasses
from datetime import datetime
from zoneinfo import ZoneInfo

from clock import Clock
from simulator.default_house import default_house, default_market, default_solar_provider
from simulator.evcc_loadpoint import LoadpointConfig
from simulator.evcc_site import SiteConfig
from simulator.evcc_version import CURRENT_VERSION, EvccVersion
from simulator.home import SimulatedHome
from simulator.plant import Plant


def default_options(plant: Plant, version: EvccVersion = CURRENT_VERSION) -> SiteConfig:
    """Return the configuration of the house on the hillside that the demo shows."""
    loadpoints = (
        LoadpointConfig(name="lp-1", title="Carport"),
        LoadpointConfig(name="lp-2", title="Garage"),
    )[: plant.n_chargers]
    return SiteConfig(
        title="Haus am Hang",
        currency="EUR",
        zone=ZoneInfo("Europe/Berlin"),
        version=version,
        loadpoints=loadpoints,
        initial_site={
            "priority_soc_pct": 10.0,
            "buffer_soc_pct": 50.0,
            "buffer_start_soc_pct": 80.0,
        },
        initial_loadpoints=tuple({"mode": "pv"} for _ in loadpoints),
        initial_vehicles={car.name: {"min_soc_pct": 20, "limit_soc_pct": 80} for car in plant.cars},
    )


def default_home(
    *,
    seed: int,
    start: datetime,
    clock: Clock,
    version: EvccVersion = CURRENT_VERSION,
    interval_s: float = 30.0,
) -> SimulatedHome:
    """Return the demo's home at ``start``: the same seed gives the same house and weather."""
    plant = default_house(seed, start)
    options = dataclasses.replace(default_options(plant, version), interval_s=interval_s)
    return SimulatedHome(
        plant=plant,
        market=default_market(seed),
        solar=default_solar_provider(plant),
        clock=clock,
        options=options,
    )
