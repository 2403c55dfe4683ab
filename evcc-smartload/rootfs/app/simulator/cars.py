"""Cars: where they are, how full they are, and what they take from a charger."""

from dataclasses import dataclass
from typing import Protocol

from simulator.plant import CarSpec, ChargerCommand
from simulator.trips import Habit, Trip

VOLTAGE_KV = 0.23
# IEC 61851-1: a charger cannot offer less, and a car takes nothing below it.
MIN_CURRENT_A = 6.0
CHARGE_EFFICIENCY_FRAC = 0.9
"""What a car's cells get of a kWh at the charger."""

_TAPER_FROM_FRAC = 0.96
_TAPER_END_FRAC = 0.25
# Emptier than the first, a driver stops at a fast charger and leaves it with the second.
_RESCUE_BELOW_FRAC = 0.08
_RESCUE_TO_FRAC = 0.5
# Emptier than this, nobody forgets the cable.
_ALWAYS_PLUG_BELOW_FRAC = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class CarConfig:
    """A car and how it is used."""

    spec: CarSpec
    habit: Habit = Habit.COMMUTER
    initial_soc_pct: float = 50.0


class Calendar(Protocol):
    """When a car is on the road."""

    def first_ending_from(self, epoch_s: float) -> Trip:
        """Return the first trip that ends at or after ``epoch_s``."""
        ...


class Car:
    """A car that comes and goes; ``charger`` is the position it is plugged in at, or None."""

    def __init__(
        self, spec: CarSpec, calendar: Calendar, epoch_s: float, *, initial_soc_pct: float
    ) -> None:
        self.spec = spec
        self.stored_kwh = spec.capacity_kwh * initial_soc_pct / 100.0
        self.charger: int | None = None
        self._calendar = calendar
        self._trip = calendar.first_ending_from(epoch_s)
        self.is_away = self._trip.leave_s < epoch_s
        self.changes_at_s = self._next_change_s()

    @property
    def soc_pct(self) -> float:
        """State of charge, 0 to 100."""
        return 100.0 * self.stored_kwh / self.spec.capacity_kwh

    def resume(self, epoch_s: float, *, stored_kwh: float, charger: int | None) -> None:
        """Continue from a stored state; whether it is away follows from the time.

        Changes due exactly at ``epoch_s`` have not happened yet.
        """
        self.stored_kwh = stored_kwh
        self.charger = charger
        self._trip = self._calendar.first_ending_from(epoch_s)
        self.is_away = self._trip.leave_s < epoch_s
        if self.is_away and charger is not None:  # it was fetched home early
            self.is_away = False
            self._trip = self._calendar.first_ending_from(self._trip.back_s + 1)
        self.changes_at_s = self._next_change_s()

    def leave(self) -> None:
        """Drive away, unplugged."""
        self.is_away = True
        self.charger = None
        self.changes_at_s = self._next_change_s()

    def come_back(self) -> bool:
        """Return home with what the trip left in the battery; whether the driver plugs it in."""
        trip = self._trip
        self.stored_kwh = left_kwh = self._brought_home_kwh(self.stored_kwh - trip.used_kwh)
        self.is_away = False
        self._trip = self._calendar.first_ending_from(trip.back_s + 1)
        self.changes_at_s = self._next_change_s()
        return trip.plugs_in or left_kwh < _ALWAYS_PLUG_BELOW_FRAC * self.spec.capacity_kwh

    def accepted_kw(self, command: ChargerCommand, hours: float) -> float:
        """Return the power the car draws for ``hours`` when offered ``command``."""
        if not command.enabled or command.current_a < MIN_CURRENT_A:
            return 0.0
        spec = self.spec
        room_kwh = spec.capacity_kwh * spec.limit_soc_pct / 100.0 - self.stored_kwh
        if room_kwh <= 0.0:
            return 0.0
        current_a = min(command.current_a, spec.max_current_a)
        power_kw = current_a * VOLTAGE_KV * self.phases_used(command)
        full_frac = self.stored_kwh / spec.capacity_kwh
        if full_frac > _TAPER_FROM_FRAC:
            way = (full_frac - _TAPER_FROM_FRAC) / (1.0 - _TAPER_FROM_FRAC)
            power_kw *= 1.0 - (1.0 - _TAPER_END_FRAC) * way
        return min(power_kw, room_kwh / (CHARGE_EFFICIENCY_FRAC * hours))

    def phases_used(self, command: ChargerCommand) -> int:
        """Return on how many phases the car charges at this offer."""
        return max(1, min(command.phases, self.spec.phases))

    def charge(self, power_kw: float, hours: float) -> None:
        """Take ``power_kw`` for ``hours``."""
        stored_kwh = self.stored_kwh + power_kw * hours * CHARGE_EFFICIENCY_FRAC
        self.stored_kwh = min(self.spec.capacity_kwh, stored_kwh)

    def _brought_home_kwh(self, left_kwh: float) -> float:
        """Return what it has when it comes home, given what the trip left; negative: too little."""
        capacity_kwh = self.spec.capacity_kwh
        if left_kwh < _RESCUE_BELOW_FRAC * capacity_kwh:
            return _RESCUE_TO_FRAC * capacity_kwh
        return left_kwh

    def _next_change_s(self) -> int:
        return self._trip.back_s if self.is_away else self._trip.leave_s
