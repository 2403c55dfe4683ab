"""A house whose sun and load stand where a test puts them, with a battery that evens out."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from domain.site import BatteryMode, SolarSlot
from domain.tariff import Rate
from simulator.phases import PhaseValues, on_first
from simulator.plant import (
    BatteryReading,
    CarSpec,
    ChargerCommand,
    ChargerReading,
    PlantReading,
)

VOLTAGE_V = 230.0
SLOT = timedelta(minutes=15)
GRID_CHARGE_KW = 3.0


@dataclass
class FakeBattery:
    soc_pct: float = 50.0
    capacity_kwh: float = 10.0
    max_kw: float = 5.0
    controllable: bool = True
    frozen: bool = False
    """The SoC stands still, whatever flows."""
    charged_kwh: float = 0.0
    discharged_kwh: float = 0.0

    def limits_kw(self, mode: BatteryMode) -> tuple[float, float]:
        charge = 0.0 if self.soc_pct >= 100 or mode is BatteryMode.HOLD_CHARGE else self.max_kw
        can_discharge = self.soc_pct > 0 and mode not in (BatteryMode.HOLD, BatteryMode.CHARGE)
        return charge, self.max_kw if can_discharge else 0.0


@dataclass
class FakeCharger:
    car: str | None = None
    soc_pct: float = 30.0
    total_kwh: float = 0.0
    power_kw: float = 0.0
    current_a: float = 0.0
    phases: int = 0


@dataclass
class FakePlant:
    """Constant flows; all of a step happens at the power of its start."""

    at: datetime
    pv_kw: float = 0.0
    load_kw: float = 0.5
    load_shares: PhaseValues = (0.5, 0.3, 0.2)
    batteries: list[FakeBattery] = field(default_factory=lambda: [FakeBattery()])
    chargers: list[FakeCharger] = field(default_factory=lambda: [FakeCharger()])
    cars: tuple[CarSpec, ...] = (
        CarSpec(name="ev_blue", title="Blue hatch", capacity_kwh=58.0),
        CarSpec(name="ev_red", title="Red van", capacity_kwh=77.0),
    )
    modes_seen: list[BatteryMode] = field(default_factory=list)
    _pv_kwh: float = 0.0
    _import_kwh: float = 0.0
    _export_kwh: float = 0.0
    _reading: PlantReading | None = None

    def __post_init__(self) -> None:
        self.n_chargers = len(self.chargers)

    @property
    def reading(self) -> PlantReading:
        if self._reading is None:
            idle = [ChargerCommand(enabled=False)] * self.n_chargers
            self._reading = self._measure(timedelta(0), BatteryMode.UNKNOWN, idle)
        return self._reading

    def plug(self, car: str, charger: int = 0, soc_pct: float = 30.0) -> None:
        self.chargers[charger] = replace(self.chargers[charger], car=car, soc_pct=soc_pct)

    def plug_in(self, car_name: str) -> None:
        self.plug(car_name)

    def unplug(self, car_name: str = "ev_blue") -> None:
        for position, charger in enumerate(self.chargers):
            if charger.car == car_name:
                self.chargers[position] = replace(charger, car=None, power_kw=0.0)

    def step(
        self, dt: timedelta, battery_mode: BatteryMode, chargers: Sequence[ChargerCommand]
    ) -> PlantReading:
        self.at += dt
        if not self.modes_seen or self.modes_seen[-1] is not battery_mode:
            self.modes_seen.append(battery_mode)
        self._reading = self._measure(dt, battery_mode, chargers)
        return self._reading

    def _measure(
        self, dt: timedelta, mode: BatteryMode, commands: Sequence[ChargerCommand]
    ) -> PlantReading:
        hours = dt.total_seconds() / 3600.0
        for charger, command in zip(self.chargers, commands, strict=True):
            self._charge(charger, command, hours)
        cars_kw = sum(charger.power_kw for charger in self.chargers)
        surplus_kw = self.pv_kw - self.load_kw - cars_kw
        readings = []
        for number, battery in enumerate(self.batteries, start=1):
            most_charge, most_discharge = battery.limits_kw(mode)
            wanted_kw = GRID_CHARGE_KW if mode is BatteryMode.CHARGE else surplus_kw
            power_kw = max(-most_discharge, min(most_charge, wanted_kw))
            surplus_kw -= power_kw
            if not battery.frozen:
                battery.soc_pct += 100.0 * power_kw * hours / battery.capacity_kwh
                battery.soc_pct = max(0.0, min(100.0, battery.soc_pct))
            battery.charged_kwh += max(0.0, power_kw) * hours
            battery.discharged_kwh += max(0.0, -power_kw) * hours
            readings.append(
                BatteryReading(
                    name=f"bat{number}",
                    title=f"Battery {number}",
                    capacity_kwh=battery.capacity_kwh,
                    soc_pct=battery.soc_pct,
                    charge_kw=max(0.0, power_kw),
                    discharge_kw=max(0.0, -power_kw),
                    charged_total_kwh=battery.charged_kwh,
                    discharged_total_kwh=battery.discharged_kwh,
                    controllable=battery.controllable,
                )
            )
        self._pv_kwh += self.pv_kw * hours
        self._import_kwh += max(0.0, -surplus_kw) * hours
        self._export_kwh += max(0.0, surplus_kw) * hours
        return PlantReading(
            at=self.at,
            pv_kw=self.pv_kw,
            load_kw=self.load_kw,
            grid_import_kw=max(0.0, -surplus_kw),
            grid_export_kw=max(0.0, surplus_kw),
            grid_phases_kw=self._grid_phases_kw(surplus_kw),
            batteries=tuple(readings),
            chargers=tuple(self._read_charger(charger) for charger in self.chargers),
            pv_total_kwh=self._pv_kwh,
            grid_import_total_kwh=self._import_kwh,
            grid_export_total_kwh=self._export_kwh,
        )

    def _grid_phases_kw(self, surplus_kw: float) -> PhaseValues:
        cars = [on_first(one.power_kw, one.phases) for one in self.chargers if one.phases]
        cars_kw = sum(charger.power_kw for charger in self.chargers)
        inverters_kw = surplus_kw + self.load_kw + cars_kw
        first, second, third = (
            self.load_kw * share + sum(car[phase] for car in cars) - inverters_kw / 3
            for phase, share in enumerate(self.load_shares)
        )
        return first, second, third

    def _charge(self, charger: FakeCharger, command: ChargerCommand, hours: float) -> None:
        spec = next((car for car in self.cars if car.name == charger.car), None)
        charger.power_kw = charger.current_a = 0.0
        charger.phases = 0
        if spec is None or not command.enabled or charger.soc_pct >= spec.limit_soc_pct:
            return
        charger.phases = min(command.phases, spec.phases)
        charger.current_a = min(command.current_a, spec.max_current_a)
        charger.power_kw = charger.current_a * VOLTAGE_V * charger.phases / 1000.0
        charger.total_kwh += charger.power_kw * hours
        charger.soc_pct += 100.0 * charger.power_kw * hours / spec.capacity_kwh

    def _read_charger(self, charger: FakeCharger) -> ChargerReading:
        currents = [charger.current_a if n < charger.phases else 0.0 for n in range(3)]
        return ChargerReading(
            connected=charger.car is not None,
            charge_kw=charger.power_kw,
            currents_a=(currents[0], currents[1], currents[2]),
            car_name=charger.car,
            car_soc_pct=charger.soc_pct if charger.car else None,
            total_kwh=charger.total_kwh,
        )

    def to_state(self) -> dict[str, object]:
        return {"at": self.at.isoformat(), "soc_pct": [b.soc_pct for b in self.batteries]}

    def restore_state(self, state: dict[str, object]) -> None:
        self.at = datetime.fromisoformat(str(state["at"]))
        socs = state["soc_pct"]
        assert isinstance(socs, list)
        for battery, soc_pct in zip(self.batteries, socs, strict=True):
            battery.soc_pct = soc_pct
        self._reading = None


@dataclass
class FakeMarket:
    """Prices by hour of the UTC day, known until ``until``."""

    until: datetime
    price_eur_per_kwh: float = 0.30
    by_hour: dict[int, float] = field(default_factory=dict)
    export_eur_per_kwh: float = 0.08
    exports_by_hour: dict[int, float] = field(default_factory=dict)

    def import_rates(self, now: datetime) -> list[Rate]:
        return self._rates(now, self.by_hour, self.price_eur_per_kwh)

    def export_rates(self, now: datetime) -> list[Rate]:
        return self._rates(now, self.exports_by_hour, self.export_eur_per_kwh)

    def _rates(self, now: datetime, by_hour: dict[int, float], price: float) -> list[Rate]:
        start = now.replace(hour=0, minute=0, second=0, microsecond=0)
        rates = []
        while start < self.until:
            value = by_hour.get(start.hour, price)
            rates.append(Rate(start=start, end=start + SLOT, price_eur_per_kwh=value))
            start += SLOT
        return rates


@dataclass
class FakeSolar:
    """A forecast of one power for three days."""

    power_kw: float = 2.0

    def forecast(self, now: datetime) -> list[SolarSlot]:
        start = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return [
            SolarSlot(start=start + SLOT * number, power_kw=self.power_kw) for number in range(288)
        ]
