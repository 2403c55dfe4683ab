"""The house a newcomer sees: one battery, two cars, a sunny roof, and its market."""

from datetime import datetime

from simulator.cars import CarConfig
from simulator.house import House, HouseConfig
from simulator.market import DayAheadMarket
from simulator.plant import CarSpec
from simulator.solar_provider import SolarForecastService
from simulator.trips import Habit

FAMILY_CAR = CarConfig(
    spec=CarSpec(
        name="familienauto", title="Familienauto", capacity_kwh=58.0, phases=3, limit_soc_pct=90.0
    ),
    habit=Habit.COMMUTER,
    initial_soc_pct=52.0,
)
CITY_CAR = CarConfig(
    spec=CarSpec(name="stadtflitzer", title="Stadtflitzer", capacity_kwh=30.0, phases=1),
    habit=Habit.ERRANDS,
    initial_soc_pct=61.0,
)
DEFAULT_HOME = HouseConfig(cars=(FAMILY_CAR, CITY_CAR), n_chargers=2)


def default_house(seed: int, start: datetime) -> House:
    """Return the default home at ``start`` (aware UTC)."""
    return House(DEFAULT_HOME, seed=seed, start=start)


def default_market(seed: int) -> DayAheadMarket:
    """Return a German market; with the house's own seed it has the weather of the house."""
    return DayAheadMarket(seed)


def default_solar_provider(house: House) -> SolarForecastService:
    """Return the forecast service the owner of ``house`` has set up."""
    return SolarForecastService(house)
