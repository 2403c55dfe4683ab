"""A simulated house whose sun and load stand where a test puts them, and prices told slot by slot.

Its battery has 10 kWh and 4 kW and loses nothing, as in ``told_plan``; its car is at home until it
is unplugged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.tariff import Rate
from simulator.battery import BatterySpec
from simulator.cars import CarConfig
from simulator.house import House, HouseConfig
from simulator.household import Household
from simulator.phases import PhaseValues
from simulator.plant import CarSpec
from simulator.pv import PvSystem
from simulator.sun import Place, Roof
from simulator.weather import LocalWeather
from tests.support.told_plan import CAPACITY_KWH, PLANT, told_rates

GOLF = "golf"

# A Sunday without trips around ``told_plan.NOON``.
_SEED = 5
_KNOWN_SLOTS = 16


class SteadyLoad(Household):
    """A household that uses ``kw`` all the time."""

    def __init__(self, kw: float) -> None:
        super().__init__(_SEED, UTC, yearly_kwh=4000.0)
        self.kw = kw

    def cell_kw(self, cell: int) -> float:
        return self.kw


class SteadySun(PvSystem):
    """A roof that gives ``kw`` all the time."""

    def __init__(self, kw: float) -> None:
        super().__init__(
            (Roof(peak_kw=9.0, tilt_deg=35.0, azimuth_deg=190.0),),
            inverter_kw=8.5,
            place=Place(latitude_deg=51.0, longitude_deg=10.0),
            weather=LocalWeather(_SEED),
        )
        self.kw = kw

    def cell_kw(self, cell: int) -> float:
        return self.kw


@dataclass(frozen=True, slots=True)
class ToldMarket:
    """Prices told slot by slot from noon; the last one goes on for the rest of four hours."""

    prices: Sequence[float]

    def import_rates(self, now: datetime) -> list[Rate]:
        known = [*self.prices, *[self.prices[-1]] * (_KNOWN_SLOTS - len(self.prices))]
        return list(told_rates(*known))

    def export_rates(self, now: datetime) -> list[Rate]:
        return list(told_rates(*[0.08] * _KNOWN_SLOTS))


class SteadyHouse(House):
    """A house with one battery, one car on one charger, and flows that stand still."""

    def __init__(  # noqa: PLR0913  # what a test may want to vary, each by its name
        self,
        start: datetime,
        *,
        load_kw: float,
        pv_kw: float,
        soc_pct: float,
        load_shares: PhaseValues,
        car_phases: int,
    ) -> None:
        battery = BatterySpec(
            capacity_kwh=CAPACITY_KWH,
            max_charge_kw=PLANT.charge_max_kw,
            max_discharge_kw=PLANT.discharge_max_kw,
            charge_efficiency_frac=1.0,
            discharge_efficiency_frac=1.0,
            standby_kw=0.0,
            initial_soc_pct=soc_pct,
        )
        golf = CarSpec(name=GOLF, title="e-Golf", capacity_kwh=60.0, phases=car_phases)
        config = HouseConfig(
            batteries=(battery,),
            cars=(CarConfig(spec=golf, initial_soc_pct=30.0),),
            n_chargers=1,
            # The house itself never relieves its fuse.
            fuse_a=1000.0,
            load_shares=load_shares,
        )
        super().__init__(config, seed=_SEED, start=start)
        self.load, self.sun = SteadyLoad(load_kw), SteadySun(pv_kw)
        self.household, self.pv = self.load, self.sun
        # What flows at the first instant was read from the sun and the load of the seed.
        self._reading = self._first_reading()
