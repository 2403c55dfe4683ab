"""Home batteries: what they can take and give, what they lose, and how an inverter uses them."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.site import BatteryMode


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySpec:
    """A home battery with its inverter; powers at the AC side.

    ``charge_efficiency_frac`` and ``discharge_efficiency_frac`` apply between the AC side and the
    cells. ``standby_kw`` is drawn from the cells all the time. Below ``floor_soc_pct`` the
    inverter does not discharge, and makes up for its own standby from the AC side in any mode.
    """

    name: str = "battery"
    title: str = "Hausbatterie"
    capacity_kwh: float = 10.0
    max_charge_kw: float = 5.0
    max_discharge_kw: float = 5.0
    charge_efficiency_frac: float = 0.955
    discharge_efficiency_frac: float = 0.955
    standby_kw: float = 0.012
    floor_soc_pct: float = 5.0
    initial_soc_pct: float = 40.0
    controllable: bool = True

    def __post_init__(self) -> None:
        if self.capacity_kwh <= 0.0:
            raise ValueError(f"a battery needs a capacity, not {self.capacity_kwh} kWh")
        if not 0.0 <= self.initial_soc_pct <= 100.0:  # noqa: PLR2004 - percent
            raise ValueError(f"initial SoC must lie in 0..100 %, not {self.initial_soc_pct}")


# Cells near full take less: full power up to here, this share of it at 100 %.
_TAPER_FROM_FRAC = 0.9
_TAPER_END_FRAC = 0.12


class Battery:
    """A battery and the energy in its cells.

    Per step: stored += charge * charge efficiency - discharge / discharge efficiency - standby.
    """

    __slots__ = (
        "_floor_kwh",
        "charged_total_kwh",
        "discharged_total_kwh",
        "spec",
        "stored_kwh",
    )

    def __init__(self, spec: BatterySpec) -> None:
        self.spec = spec
        self.stored_kwh = spec.capacity_kwh * spec.initial_soc_pct / 100.0
        self.charged_total_kwh = 0.0
        self.discharged_total_kwh = 0.0
        self._floor_kwh = spec.capacity_kwh * spec.floor_soc_pct / 100.0

    @property
    def soc_pct(self) -> float:
        """State of charge, 0 to 100."""
        return 100.0 * self.stored_kwh / self.spec.capacity_kwh

    def most_charge_kw(self, hours: float) -> float:
        """Return the power it can take for ``hours`` without being overfilled."""
        spec = self.spec
        allowed_kw = spec.max_charge_kw
        full_frac = self.stored_kwh / spec.capacity_kwh
        if full_frac > _TAPER_FROM_FRAC:
            way = (full_frac - _TAPER_FROM_FRAC) / (1.0 - _TAPER_FROM_FRAC)
            allowed_kw *= 1.0 - (1.0 - _TAPER_END_FRAC) * way
        room_kwh = spec.capacity_kwh - self.stored_kwh + spec.standby_kw * hours
        return max(0.0, min(allowed_kw, room_kwh / (spec.charge_efficiency_frac * hours)))

    def most_discharge_kw(self, hours: float) -> float:
        """Return the power it can give for ``hours`` without falling below its floor."""
        spec = self.spec
        spare_kwh = self.stored_kwh - self._floor_kwh - spec.standby_kw * hours
        if spare_kwh <= 0.0:
            return 0.0
        return min(spec.max_discharge_kw, spare_kwh * spec.discharge_efficiency_frac / hours)

    def upkeep_kw(self, hours: float) -> float:
        """Return the power it takes in any mode so that standby does not empty it."""
        spec = self.spec
        missing_kwh = self._floor_kwh - self.stored_kwh + spec.standby_kw * hours
        if missing_kwh <= 0.0:
            return 0.0
        return min(missing_kwh / hours, spec.standby_kw) / spec.charge_efficiency_frac

    def advance(self, charge_kw: float, discharge_kw: float, hours: float) -> None:
        """Let the given powers flow for ``hours``."""
        spec = self.spec
        stored_kwh = self.stored_kwh + hours * (
            charge_kw * spec.charge_efficiency_frac
            - discharge_kw / spec.discharge_efficiency_frac
            - spec.standby_kw
        )
        # The limits above keep it inside; this only takes away rounding.
        self.stored_kwh = min(spec.capacity_kwh, max(0.0, stored_kwh))
        self.charged_total_kwh += charge_kw * hours
        self.discharged_total_kwh += discharge_kw * hours


def settle_batteries(
    batteries: Sequence[Battery], mode: BatteryMode, surplus_kw: float, hours: float
) -> tuple[list[float], list[float]]:
    """Return what each battery charges and discharges [kW] while ``surplus_kw`` is left over.

    ``surplus_kw`` is generation minus all consumption at the meter, negative when power is
    missing. Batteries that cannot be controlled are always in normal mode. Several batteries
    share in proportion to what they can do.
    """
    charge_kw = [battery.upkeep_kw(hours) for battery in batteries]
    discharge_kw = [0.0] * len(batteries)
    takes_kw: list[tuple[int, float]] = []
    gives_kw: list[tuple[int, float]] = []
    for index, battery in enumerate(batteries):
        own_mode = mode if battery.spec.controllable else BatteryMode.NORMAL
        if own_mode is BatteryMode.CHARGE:
            charge_kw[index] = max(charge_kw[index], battery.most_charge_kw(hours))
            continue
        if own_mode is not BatteryMode.HOLD_CHARGE:
            takes_kw.append((index, battery.most_charge_kw(hours)))
        if own_mode is not BatteryMode.HOLD:
            gives_kw.append((index, battery.most_discharge_kw(hours)))
    left_kw = surplus_kw - sum(charge_kw)
    if left_kw > 0.0:
        # What is taken for upkeep may count as part of the surplus that is stored.
        total_kw = sum(most_kw for _, most_kw in takes_kw)
        for index, most_kw in takes_kw:
            share_kw = most_kw * min(1.0, left_kw / total_kw) if total_kw > 0.0 else 0.0
            charge_kw[index] = min(most_kw, charge_kw[index] + share_kw)
    elif left_kw < 0.0:
        total_kw = sum(most_kw for _, most_kw in gives_kw)
        for index, most_kw in gives_kw:
            discharge_kw[index] = most_kw * min(1.0, -left_kw / total_kw) if total_kw > 0.0 else 0.0
    return charge_kw, discharge_kw
