"""The made-up home: sun, household, cars and batteries of a seed.

Sun and household are pure functions of seed and time, constant within a cell of 30 s. A step is cut
along these cells, so a step of an hour and 120 steps of 30 s do the same.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from simulator.battery import BatterySpec
from simulator.cars import Car, CarConfig
from simulator.household import Household
from simulator.local_time import CELL_S, epoch_s
from simulator.phases import PhaseValues, load_shares
from simulator.physical_house import US_PER_S, PhysicalHouse
from simulator.pv import PvSystem
from simulator.sun import Place, Roof
from simulator.trips import TripCalendar
from simulator.weather import LocalWeather

_CELL_US = CELL_S * US_PER_S

_MIDDLE_OF_GERMANY = Place(latitude_deg=51.0, longitude_deg=10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseConfig:
    """A home. Each car has the charger of its own position, if there are that many.

    ``yearly_load_kwh`` is the household without cars and batteries; a year differs from it by some
    percent. ``fuse_a`` is the main fuse per phase: charging from the grid is reduced so that the
    import stays below three times that, batteries first, then the last car. ``load_shares`` says
    how the household's load spreads over the phases; None: as the seed has it.
    """

    time_zone: str = "Europe/Berlin"
    place: Place = _MIDDLE_OF_GERMANY
    roofs: tuple[Roof, ...] = (Roof(peak_kw=9.0, tilt_deg=35.0, azimuth_deg=190.0),)
    inverter_kw: float = 8.5
    yearly_load_kwh: float = 4000.0
    batteries: tuple[BatterySpec, ...] = (BatterySpec(),)
    cars: tuple[CarConfig, ...] = ()
    n_chargers: int = 0
    fuse_a: float = 35.0
    load_shares: PhaseValues | None = None


class House(PhysicalHouse):
    """A simulated home; implements ``Plant``."""

    def __init__(self, config: HouseConfig, *, seed: int, start: datetime) -> None:
        self.config = config
        self.seed = seed
        self.zone = ZoneInfo(config.time_zone)
        self.weather = LocalWeather(seed)
        self.pv = PvSystem(
            config.roofs, inverter_kw=config.inverter_kw, place=config.place, weather=self.weather
        )
        self.household = Household(seed, self.zone, yearly_kwh=config.yearly_load_kwh)
        super().__init__(
            start=start,
            batteries=config.batteries,
            cars=[self._make_car(car, start) for car in config.cars],
            n_chargers=config.n_chargers,
            fuse_a=config.fuse_a,
            load_shares=config.load_shares or load_shares(seed),
        )

    def _powers_at(self, at_us: int) -> tuple[float, float, int]:
        cell = at_us // _CELL_US
        return self.pv.cell_kw(cell), self.household.cell_kw(cell), (cell + 1) * _CELL_US

    def _make_car(self, config: CarConfig, start: datetime) -> Car:
        calendar = TripCalendar(
            self.seed, config.spec.name, config.habit, self.zone, self.household.holidays
        )
        return Car(config.spec, calendar, epoch_s(start), initial_soc_pct=config.initial_soc_pct)
