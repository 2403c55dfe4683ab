"""What evcc says about the home, in SmartLoad's words: kW, kWh, percent, no signs, aware UTC."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from domain.tariff import Rate

# evcc's own default, until it was read.
UNTOLD_CURRENCY = "EUR"
# An inverter holds the export a little below its limit, and the two meters are not one.
_AT_LIMIT_FRAC = 0.95
# What a home regulated to zero export still shows at the grid, and the least sun worth a judgement.
_ZERO_GRID_KW = 0.05
_LEAST_PV_KW = 0.3
_FULL_SOC_PCT = 97.0


class BatteryMode(StrEnum):
    """Battery modes of evcc; a word we do not know becomes UNKNOWN, evcc's word for idle."""

    UNKNOWN = "unknown"
    NORMAL = "normal"
    HOLD = "hold"
    CHARGE = "charge"
    HOLD_CHARGE = "holdcharge"


class ChargeMode(StrEnum):
    """Loadpoint modes in one vocabulary for both of evcc's schemas.

    In the newer schema evcc's ``smart`` is PV, and ``smart`` with ``alwaysCharge`` on or once is
    MIN_PV.
    """

    OFF = "off"
    NOW = "now"
    MIN_PV = "minpv"
    PV = "pv"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryDevice:
    """One battery as evcc lists it; None means evcc did not say."""

    name: str
    title: str | None = None
    soc_pct: float | None = None
    capacity_kwh: float | None = None
    charge_kw: float = 0.0
    discharge_kw: float = 0.0
    controllable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySnapshot:
    """All home batteries together.

    ``soc_pct`` is None when not every device reported one (evcc's own mean is wrong then).
    ``capacity_kwh`` is None unless every device has one (evcc's own sum counts batteries then).
    """

    soc_pct: float | None
    capacity_kwh: float | None
    charge_kw: float
    discharge_kw: float
    mode: BatteryMode = BatteryMode.UNKNOWN
    external_mode: BatteryMode | None = None
    devices: tuple[BatteryDevice, ...] = ()
    discharge_control: bool | None = None
    """Whether evcc holds the battery while a car charges fast; None when evcc does not say."""
    grid_charge_limit: float | None = None
    """At or below it evcc charges from the grid: EUR/kWh, or g/kWh with a CO2 tariff."""
    suggestion: str | None = None
    """What evcc's own optimizer suggests for the batteries, in its words; None: nothing."""

    @property
    def is_controllable(self) -> bool:
        """Whether evcc can command at least one of the batteries."""
        return any(device.controllable for device in self.devices)


@dataclass(frozen=True, slots=True, kw_only=True)
class SocSettings:
    """evcc's three SoC settings [%] as the state shows them; 0 means off, None not known."""

    priority_soc_pct: float | None = None
    buffer_soc_pct: float | None = None
    buffer_start_soc_pct: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loadpoint:
    """A charging point; ``number`` is evcc's 1-based position, valid for this snapshot only."""

    number: int
    name: str
    title: str
    mode: ChargeMode
    connected: bool
    charging: bool
    charge_kw: float
    min_current_a: float | None = None
    max_current_a: float | None = None
    phases_active: int | None = None
    phases_configured: int | None = None
    """The phases that the owner has set; 0: evcc chooses."""
    switches_phases: bool | None = None
    """Whether the charger can change between one and three phases."""
    is_heater: bool = False
    """A heater or another device that is no car."""
    vehicle_name: str | None = None
    vehicle_title: str | None = None
    vehicle_soc_pct: float | None = None
    limit_soc_pct: float | None = None
    """The limit in effect, from session or vehicle."""
    session_limit_soc_pct: float | None = None
    """The limit set for this session only; 0 is none."""
    session_kwh: float | None = None
    limit_kwh: float | None = None
    """What this session is limited to [kWh], where no SoC is known; None: no such limit."""
    plan_soc_pct: float | None = None
    plan_kwh: float | None = None
    """What the plan wants of this session [kWh], where no SoC is known."""
    plan_time: datetime | None = None
    smart_cost_limit: float | None = None
    uses_smart_schema: bool = False
    battery_boost: bool | None = None
    """Whether the home battery is being emptied into the car; None: evcc has no boost."""
    battery_boost_limit_pct: float | None = None
    """The battery's state of charge at which a boost ends; None: evcc has no such limit."""
    planned: tuple[tuple[datetime, datetime], ...] = ()
    """When evcc's own plan charges, as stretches from start to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A vehicle that evcc knows; ``name`` is evcc's key."""

    name: str
    title: str
    capacity_kwh: float | None = None
    phases: int | None = None
    """The most phases that it charges with."""
    min_soc_pct: float | None = None
    limit_soc_pct: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarSlot:
    """A stretch of the provider's solar forecast and its mean power."""

    start: datetime
    power_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSnapshot:
    """One reading of evcc.

    Flows are mean powers of the moment, never negative. ``import_rates``, ``export_rates`` and
    ``solar`` are sorted by start and may begin in the past; empty means evcc has none.
    ``settings`` is None without a battery. ``time_zone`` has at least the right offset for now.
    """

    read_at: datetime
    evcc_version: str
    title: str
    currency: str
    time_zone: tzinfo | None
    pv_kw: float | None
    home_kw: float | None
    grid_import_kw: float | None
    grid_export_kw: float | None
    battery: BatterySnapshot | None
    settings: SocSettings | None
    loadpoints: tuple[Loadpoint, ...] = ()
    vehicles: tuple[Vehicle, ...] = ()
    import_rates: tuple[Rate, ...] = ()
    export_rates: tuple[Rate, ...] = ()
    solar: tuple[SolarSlot, ...] = ()
    automatic_mode: bool = False
    export_limit_kw: float | None = None
    """The export that the inverter is known to be held to; None: no limit is known."""
    import_limit_kw: float | None = None
    """What evcc's load management lets the home draw; None: no limit is known."""
    limits_are_in_grams: bool = False
    """Whether the limits for cheap energy are g/kWh of CO2 instead of prices."""
    has_price_limits: bool = False
    """Whether evcc compares price limits with a tariff that changes; else they do nothing."""
    limit_rates: tuple[Rate, ...] = ()
    """The prices that evcc compares limits with: its planner tariff; as ``import_rates``."""
    interval_s: float = 30.0
    """How often evcc regulates."""
    phase_import_a: tuple[float, ...] = ()
    """Current of each phase from the grid [A], export negative; empty: not measured."""
    phase_limit_a: float | None = None
    """What evcc's load management lets a phase carry; None: no limit is known."""
    production_is_limited: bool | None = None
    """Whether the grid operator limits the production now; None when evcc does not say."""
    implausible: tuple[str, ...] = ()
    """What was left out because it could not be true, one short English sentence each."""

    @property
    def is_curtailed(self) -> bool | None:
        """Whether the PV is held back, so that its power says nothing about the sun.

        True when evcc says so, when the export stands at its known limit, or when PV and demand
        are equal although nothing evens them out: no car that charges, no battery but a full one
        at rest. None when evcc does not tell the flows.
        """
        if self.production_is_limited:
            return True
        if self.pv_kw is None or self.grid_import_kw is None or self.grid_export_kw is None:
            return None
        if self.pv_kw < _LEAST_PV_KW:
            return False
        if self.export_limit_kw is not None:
            return self.grid_export_kw >= _AT_LIMIT_FRAC * self.export_limit_kw
        return max(self.grid_import_kw, self.grid_export_kw) < _ZERO_GRID_KW and not self._evens_out

    @property
    def _evens_out(self) -> bool:
        """Whether a battery or a car takes what PV and demand differ by."""
        if any(loadpoint.charging for loadpoint in self.loadpoints):
            return True
        battery = self.battery
        if battery is None:
            return False
        if max(battery.charge_kw, battery.discharge_kw) >= _ZERO_GRID_KW:
            return True
        return battery.soc_pct is None or battery.soc_pct < _FULL_SOC_PCT
