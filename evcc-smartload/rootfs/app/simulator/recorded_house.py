"""A home that lives through a measured past: sun, household and cars are as they were.

What is measured are quarter hours, so that a step within one of them is a single calculation, but
where a car comes or goes.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from domain.horizon import SLOT, slot_start
from simulator.battery import BatterySpec
from simulator.cars import Car
from simulator.local_time import EPOCH, epoch_s
from simulator.phases import PhaseValues, even
from simulator.physical_house import US_PER_S, PhysicalHouse
from simulator.plant import CarSpec
from simulator.trips import Trip

LEAST_AT_HOME_FRAC = 0.05
"""What a car comes home with at least: before it is emptier than that, it charges elsewhere."""

_SLOT_US = int(SLOT.total_seconds()) * US_PER_S
_EVEN_SHARES = even(1.0)
# Before and after everything that can be measured [s since 1970].
_ALWAYS_S, _NEVER_S = -(1 << 40), 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeStay:
    """A car at home and plugged in from ``arrives`` to ``leaves``; aware UTC, whole seconds.

    ``used_kwh`` is what it used since it left the last time (cells). ``wanted_soc_pct`` is what its
    owner wants by ``leaves``; None: nothing.
    """

    arrives: datetime
    leaves: datetime
    used_kwh: float
    wanted_soc_pct: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredCar:
    """A car and its stays, which are rising and do not overlap.

    ``initial_soc_pct`` is what it has when the past begins, at home or away; a stay that began
    by then takes nothing off it any more.
    """

    spec: CarSpec
    stays: Sequence[HomeStay]
    initial_soc_pct: float = 50.0

    def __post_init__(self) -> None:
        instants = [instant for stay in self.stays for instant in (stay.arrives, stay.leaves)]
        if any(after < before for before, after in pairwise(instants)):
            raise ValueError(f"the stays of {self.spec.name} overlap or are not rising")


@dataclass(frozen=True, slots=True, kw_only=True)
class CarLeft:
    """A car has left with ``stored_kwh`` in its cells; ``wanted_soc_pct`` is that of its stay."""

    car: str
    at: datetime
    soc_pct: float
    stored_kwh: float
    wanted_soc_pct: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CarCame:
    """A car has come with ``stored_kwh`` in its cells.

    That is what it left with, less ``used_kwh``, plus ``away_kwh`` that it charged elsewhere.
    """

    car: str
    at: datetime
    soc_pct: float
    stored_kwh: float
    used_kwh: float
    away_kwh: float


class RecordedHouse(PhysicalHouse):
    """A home whose sun, household and cars were measured; implements ``Plant``.

    ``departures`` and ``arrivals`` list what cars did, in the order of time for each car.
    """

    def __init__(  # noqa: PLR0913  # what was measured and what the home has, each by its name
        self,
        *,
        start: datetime,
        load_kw: Sequence[float],
        pv_kw: Sequence[float],
        batteries: Sequence[BatterySpec] = (),
        cars: Sequence[MeasuredCar] = (),
        fuse_a: float = 35.0,
        load_shares: PhaseValues = _EVEN_SHARES,
    ) -> None:
        """Begin at the first quarter hour.

        Args:
            start: Start of the first quarter hour, aware UTC.
            load_kw: The house without cars and batteries, mean of each quarter hour; plain floats.
            pv_kw: The same of the PV.
            batteries: Home batteries; none is fine.
            cars: Each has its own charger.
            fuse_a: Main fuse for each phase [A].
            load_shares: How the load spreads over the phases; together 1.

        Raises:
            ValueError: The series are empty, not equally long or not on quarter hours.
        """
        if len(load_kw) != len(pv_kw) or not load_kw or start != slot_start(start):
            raise ValueError("load and PV must be equally long and begin with a quarter hour")
        self._first_us = (start - EPOCH) // timedelta(microseconds=1)
        self._load_kw, self._pv_kw = load_kw, pv_kw
        self.departures: list[CarLeft] = []
        self.arrivals: list[CarCame] = []
        self.measured_cars = tuple(cars)
        self._listed = [_ListedCar(car, start, self.departures, self.arrivals) for car in cars]
        super().__init__(
            start=start,
            batteries=batteries,
            cars=self._listed,
            n_chargers=len(cars),
            fuse_a=fuse_a,
            load_shares=load_shares,
        )

    @property
    def away_total_kwh(self) -> float:
        """What cars have charged elsewhere since the start (cells)."""
        return sum(car.away_total_kwh for car in self._listed)

    def _powers_at(self, at_us: int) -> tuple[float, float, int]:
        slot = (at_us - self._first_us) // _SLOT_US
        if not 0 <= slot < len(self._load_kw):
            raise ValueError(f"nothing was measured {slot} quarter hours after the start")
        return self._pv_kw[slot], self._load_kw[slot], self._first_us + (slot + 1) * _SLOT_US


class _Stays:
    """The trips between a car's stays; implements ``Calendar``."""

    def __init__(self, stays: Sequence[HomeStay], start: datetime) -> None:
        ahead = [stay for stay in stays if stay.leaves > start]
        leaves_s, trips = _ALWAYS_S, []
        for stay in ahead:
            if stay.arrives > start:
                trips.append(
                    Trip(leave_s=leaves_s, back_s=_whole_s(stay.arrives), used_kwh=stay.used_kwh)
                )
            leaves_s = _whole_s(stay.leaves)
        trips.append(Trip(leave_s=leaves_s, back_s=_NEVER_S, used_kwh=0.0))
        self._trips = trips
        self._backs_s = [trip.back_s for trip in trips]

    def first_ending_from(self, epoch_s: float) -> Trip:
        last = len(self._trips) - 1
        return self._trips[min(last, bisect_left(self._backs_s, epoch_s))]


class _ListedCar(Car):
    """A car whose coming and going is written down."""

    def __init__(
        self,
        measured: MeasuredCar,
        start: datetime,
        departures: list[CarLeft],
        arrivals: list[CarCame],
    ) -> None:
        super().__init__(
            measured.spec,
            _Stays(measured.stays, start),
            epoch_s(start),
            initial_soc_pct=measured.initial_soc_pct,
        )
        self.away_total_kwh = 0.0
        self._departures, self._arrivals = departures, arrivals
        self._wanted_soc_pct = {
            _whole_s(stay.leaves): stay.wanted_soc_pct for stay in measured.stays
        }

    def leave(self) -> None:
        self._departures.append(
            CarLeft(
                car=self.spec.name,
                at=EPOCH + timedelta(seconds=self.changes_at_s),
                soc_pct=self.soc_pct,
                stored_kwh=self.stored_kwh,
                wanted_soc_pct=self._wanted_soc_pct.get(self.changes_at_s),
            )
        )
        super().leave()

    def come_back(self) -> bool:
        at, used_kwh, before_kwh = self.changes_at_s, self._trip.used_kwh, self.away_total_kwh
        plugs_in = super().come_back()
        self._arrivals.append(
            CarCame(
                car=self.spec.name,
                at=EPOCH + timedelta(seconds=at),
                soc_pct=self.soc_pct,
                stored_kwh=self.stored_kwh,
                used_kwh=used_kwh,
                away_kwh=self.away_total_kwh - before_kwh,
            )
        )
        return plugs_in

    def _brought_home_kwh(self, left_kwh: float) -> float:
        away_kwh = max(0.0, LEAST_AT_HOME_FRAC * self.spec.capacity_kwh - left_kwh)
        self.away_total_kwh += away_kwh
        return left_kwh + away_kwh


def _whole_s(instant: datetime) -> int:
    return int(epoch_s(instant))
