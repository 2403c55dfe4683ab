"""The physics behind one meter: whatever sun, household, batteries and cars do, it balances.

A step is cut where sun or household change and where a car comes or goes, so a step of an hour and
its parts do the same, but for batteries and cars that fill up or run empty in between.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.site import BatteryMode
from simulator.battery import Battery, BatterySpec, settle_batteries
from simulator.cars import MIN_CURRENT_A, VOLTAGE_KV, Car
from simulator.house_state import HouseState
from simulator.local_time import EPOCH
from simulator.phases import PHASES, PhaseValues, on_first
from simulator.plant import (
    BatteryReading,
    CarSpec,
    ChargerCommand,
    ChargerReading,
    PlantReading,
)

_MICROSECOND = timedelta(microseconds=1)
US_PER_S = 1_000_000
_US_PER_H = 3600 * US_PER_S
_NEVER_S = 1 << 40


@dataclass(frozen=True, slots=True)
class _Commands:
    """What the house is told during a step."""

    battery_mode: BatteryMode
    chargers: Sequence[ChargerCommand]


@dataclass(slots=True)
class _Sums:
    """Weighted powers of a step [kW]; after the last cell they are its means."""

    pv_kw: float = 0.0
    load_kw: float = 0.0
    import_kw: float = 0.0
    export_kw: float = 0.0
    battery_charge_kw: list[float] = field(default_factory=list)
    battery_discharge_kw: list[float] = field(default_factory=list)
    charger_kw: list[float] = field(default_factory=list)
    cars_phases_kw: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])


class PhysicalHouse(ABC):
    """A home behind a meter; implements ``Plant``. Each car has the charger of its own position."""

    def __init__(  # noqa: PLR0913  # what a home is made of, each by its name
        self,
        *,
        start: datetime,
        batteries: Sequence[BatterySpec],
        cars: Sequence[Car],
        n_chargers: int,
        fuse_a: float,
        load_shares: PhaseValues,
    ) -> None:
        """Begin at ``start``; ``_powers_at`` must be able to answer already."""
        self.cars: tuple[CarSpec, ...] = tuple(car.spec for car in cars)
        self.n_chargers = n_chargers
        self._load_shares = load_shares
        self._fuse_kw = 3.0 * VOLTAGE_KV * fuse_a
        self._at_us = (start - EPOCH) // _MICROSECOND
        self._at = start
        self._batteries = [Battery(spec) for spec in batteries]
        self._cars = list(cars)
        self._plugged: list[Car | None] = [None] * n_chargers
        for car in self._cars:
            if not car.is_away:
                self._plug_in(car)
        self._pv_total_kwh = 0.0
        self._import_total_kwh = 0.0
        self._export_total_kwh = 0.0
        self._charger_totals_kwh = [0.0] * n_chargers
        self._reading = self._first_reading()

    @abstractmethod
    def _powers_at(self, at_us: int) -> tuple[float, float, int]:
        """Return PV and load [kW] at an instant, and until when both stay [us since 1970]."""

    @property
    def reading(self) -> PlantReading:
        return self._reading

    def step(
        self, dt: timedelta, battery_mode: BatteryMode, chargers: Sequence[ChargerCommand]
    ) -> PlantReading:
        """Advance by ``dt``.

        Raises:
            ValueError: ``dt`` is not positive, or there is not one command per charger.
        """
        step_us = dt // _MICROSECOND
        if step_us <= 0:
            raise ValueError(f"a step must take time, not {dt}")
        if len(chargers) != self.n_chargers:
            raise ValueError(f"{len(chargers)} commands for {self.n_chargers} chargers")
        commands = _Commands(battery_mode, chargers)
        sums = self._no_sums()
        now_us, end_us = self._at_us, self._at_us + step_us
        while now_us < end_us:
            self._move_cars(now_us // US_PER_S)
            pv_kw, load_kw, until_us = self._powers_at(now_us)
            until_us = min(until_us, end_us, self._next_move_us())
            self._flow(
                (pv_kw, load_kw),
                (until_us - now_us) / _US_PER_H,
                (until_us - now_us) / step_us,
                commands,
                sums,
            )
            now_us = until_us
        self._at_us = end_us
        self._at += dt
        self._count(sums, step_us / _US_PER_H)
        self._reading = self._make_reading(sums, chargers)
        return self._reading

    def plug_in(self, car_name: str) -> None:
        car = self._car_named(car_name)
        if car.charger is not None:
            return
        if None not in self._plugged:
            raise ValueError(f"no charger is free for {car_name}")
        if car.is_away:
            car.come_back()
        self._plug_in(car)

    def unplug(self, car_name: str) -> None:
        car = self._car_named(car_name)
        if car.charger is None:
            raise ValueError(f"{car_name} is not plugged in")
        self._plugged[car.charger] = None
        car.charger = None

    def _car_named(self, name: str) -> Car:
        for car in self._cars:
            if car.spec.name == name:
                return car
        raise ValueError(f"this house has no car {name}")

    def to_state(self) -> dict[str, object]:
        return HouseState(
            reading=self._reading,
            battery_stored_kwh=tuple(battery.stored_kwh for battery in self._batteries),
            car_stored_kwh=tuple(car.stored_kwh for car in self._cars),
            car_chargers=tuple(car.charger for car in self._cars),
        ).to_json()

    def restore_state(self, state: dict[str, object]) -> None:
        """Continue from what ``to_state`` of a house of the same shape returned.

        Raises:
            ValueError: The state is damaged or belongs to another kind of house; nothing changed.
        """
        read = HouseState.from_json(state)
        if not read.fits(
            n_batteries=len(self._batteries), n_cars=len(self._cars), n_chargers=self.n_chargers
        ):
            raise ValueError("the stored state belongs to a house with other batteries or cars")
        reading = read.reading
        self._reading = reading
        self._at = reading.at
        self._at_us = (reading.at - EPOCH) // _MICROSECOND
        self._pv_total_kwh = reading.pv_total_kwh
        self._import_total_kwh = reading.grid_import_total_kwh
        self._export_total_kwh = reading.grid_export_total_kwh
        self._charger_totals_kwh = [charger.total_kwh for charger in reading.chargers]
        for battery, shown, stored_kwh in zip(
            self._batteries, reading.batteries, read.battery_stored_kwh, strict=True
        ):
            battery.stored_kwh = stored_kwh
            battery.charged_total_kwh = shown.charged_total_kwh
            battery.discharged_total_kwh = shown.discharged_total_kwh
        self._plugged = [None] * self.n_chargers
        for car, stored_kwh, charger in zip(
            self._cars, read.car_stored_kwh, read.car_chargers, strict=True
        ):
            car.resume(self._at_us / US_PER_S, stored_kwh=stored_kwh, charger=charger)
            if charger is not None:
                self._plugged[charger] = car

    def _no_sums(self) -> _Sums:
        n_batteries = len(self._batteries)
        return _Sums(
            battery_charge_kw=[0.0] * n_batteries,
            battery_discharge_kw=[0.0] * n_batteries,
            charger_kw=[0.0] * self.n_chargers,
        )

    def _move_cars(self, now_s: int) -> None:
        """Let cars leave and come back whose time has come."""
        for car in self._cars:
            while car.changes_at_s <= now_s:
                if car.is_away:
                    if car.come_back():
                        self._plug_in(car)
                else:
                    if car.charger is not None:
                        self._plugged[car.charger] = None
                    car.leave()

    def _next_move_us(self) -> int:
        """Return when the next car comes or goes."""
        return min((car.changes_at_s for car in self._cars), default=_NEVER_S) * US_PER_S

    def _plug_in(self, car: Car) -> None:
        """Plug the car in at its own charger, else at any free one, else not at all."""
        own = self._cars.index(car)
        wishes = sorted(range(self.n_chargers), key=lambda position: position != own)
        for position in wishes:
            if self._plugged[position] is None:
                self._plugged[position] = car
                car.charger = position
                return

    def _flow(
        self,
        pv_and_load_kw: tuple[float, float],
        hours: float,
        weight: float,
        commands: _Commands,
        sums: _Sums,
    ) -> None:
        """Let constant power flow for ``hours`` and add it to ``sums`` with ``weight``."""
        pv_kw, load_kw = pv_and_load_kw
        car_kw = [
            0.0 if car is None else car.accepted_kw(command, hours)
            for car, command in zip(self._plugged, commands.chargers, strict=True)
        ]
        surplus_kw = pv_kw - load_kw - sum(car_kw)
        charge_kw, discharge_kw = settle_batteries(
            self._batteries, commands.battery_mode, surplus_kw, hours
        )
        net_kw = surplus_kw + sum(discharge_kw) - sum(charge_kw)
        if net_kw < -self._fuse_kw:
            self._relieve_fuse(-net_kw - self._fuse_kw, charge_kw, car_kw, commands.chargers, hours)
            net_kw = pv_kw - load_kw - sum(car_kw) + sum(discharge_kw) - sum(charge_kw)

        for index, battery in enumerate(self._batteries):
            battery.advance(charge_kw[index], discharge_kw[index], hours)
            sums.battery_charge_kw[index] += charge_kw[index] * weight
            sums.battery_discharge_kw[index] += discharge_kw[index] * weight
        for position, car in enumerate(self._plugged):
            if car is not None and car_kw[position] > 0.0:
                car.charge(car_kw[position], hours)
                mean_kw = car_kw[position] * weight
                sums.charger_kw[position] += mean_kw
                phases = car.phases_used(commands.chargers[position])
                for phase in range(phases):
                    sums.cars_phases_kw[phase] += mean_kw / phases
        sums.pv_kw += pv_kw * weight
        sums.load_kw += load_kw * weight
        if net_kw >= 0.0:
            sums.export_kw += net_kw * weight
        else:
            sums.import_kw -= net_kw * weight

    def _relieve_fuse(
        self,
        excess_kw: float,
        charge_kw: list[float],
        car_kw: list[float],
        chargers: Sequence[ChargerCommand],
        hours: float,
    ) -> None:
        """Take ``excess_kw`` off what batteries, then cars draw, in place."""
        for index, battery in enumerate(self._batteries):
            cut_kw = min(excess_kw, charge_kw[index] - battery.upkeep_kw(hours))
            charge_kw[index] -= cut_kw
            excess_kw -= cut_kw
        for position in reversed(range(self.n_chargers)):
            car = self._plugged[position]
            if car is None or excess_kw <= 0.0:
                continue
            left_kw = max(0.0, car_kw[position] - excess_kw)
            least_kw = MIN_CURRENT_A * VOLTAGE_KV * car.phases_used(chargers[position])
            if left_kw < least_kw:
                left_kw = 0.0
            excess_kw -= car_kw[position] - left_kw
            car_kw[position] = left_kw

    def _count(self, sums: _Sums, hours: float) -> None:
        self._pv_total_kwh += sums.pv_kw * hours
        self._import_total_kwh += sums.import_kw * hours
        self._export_total_kwh += sums.export_kw * hours
        for position, power_kw in enumerate(sums.charger_kw):
            self._charger_totals_kwh[position] += power_kw * hours

    def _first_reading(self) -> PlantReading:
        """Return what flows at the first instant, with nothing charging."""
        sums = self._no_sums()
        sums.pv_kw, sums.load_kw, _ = self._powers_at(self._at_us)
        sums.export_kw = max(0.0, sums.pv_kw - sums.load_kw)
        sums.import_kw = max(0.0, sums.load_kw - sums.pv_kw)
        return self._make_reading(sums, [ChargerCommand(enabled=False)] * self.n_chargers)

    def _grid_phases_kw(self, sums: _Sums) -> PhaseValues:
        inverters_kw = sums.pv_kw + sum(sums.battery_discharge_kw) - sum(sums.battery_charge_kw)
        even_kw = -inverters_kw / PHASES
        first_kw, second_kw, third_kw = sums.cars_phases_kw
        first_share, second_share, third_share = self._load_shares
        return (
            first_kw + even_kw + sums.load_kw * first_share,
            second_kw + even_kw + sums.load_kw * second_share,
            third_kw + even_kw + sums.load_kw * third_share,
        )

    def _make_reading(self, sums: _Sums, chargers: Sequence[ChargerCommand]) -> PlantReading:
        return PlantReading(
            at=self._at,
            pv_kw=sums.pv_kw,
            load_kw=sums.load_kw,
            grid_import_kw=sums.import_kw,
            grid_export_kw=sums.export_kw,
            grid_phases_kw=self._grid_phases_kw(sums),
            batteries=tuple(
                BatteryReading(
                    name=battery.spec.name,
                    title=battery.spec.title,
                    capacity_kwh=battery.spec.capacity_kwh,
                    soc_pct=battery.soc_pct,
                    charge_kw=charge_kw,
                    discharge_kw=discharge_kw,
                    charged_total_kwh=battery.charged_total_kwh,
                    discharged_total_kwh=battery.discharged_total_kwh,
                    controllable=battery.spec.controllable,
                )
                for battery, charge_kw, discharge_kw in zip(
                    self._batteries, sums.battery_charge_kw, sums.battery_discharge_kw, strict=True
                )
            ),
            chargers=tuple(
                _charger_reading(self._plugged[position], chargers[position], power_kw, total_kwh)
                for position, (power_kw, total_kwh) in enumerate(
                    zip(sums.charger_kw, self._charger_totals_kwh, strict=True)
                )
            ),
            pv_total_kwh=self._pv_total_kwh,
            grid_import_total_kwh=self._import_total_kwh,
            grid_export_total_kwh=self._export_total_kwh,
        )


def _charger_reading(
    car: Car | None, command: ChargerCommand, power_kw: float, total_kwh: float
) -> ChargerReading:
    if car is None:
        return ChargerReading(connected=False, charge_kw=power_kw, total_kwh=total_kwh)
    return ChargerReading(
        connected=True,
        charge_kw=power_kw,
        currents_a=on_first(power_kw / VOLTAGE_KV, car.phases_used(command)),
        car_name=car.spec.name,
        car_soc_pct=car.soc_pct,
        total_kwh=total_kwh,
    )
