"""evcc's settings: what can be set, what is refused in which words, what survives a restart."""

from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import ClassVar, Self

FLUSH_EVERY = timedelta(seconds=60)

CHARGING_STRATEGIES = (
    "charge_before_export",
    "attenuate_demand_peaks",
    "attenuate_feedin_peaks",
    "attenuate_grid_peaks",
    "none",
)

_NO_BATTERY = "battery not configured"
_NO_CONTROL = "battery control not available"


class SettingRefusedError(Exception):
    """evcc refuses a value; the text is evcc's own."""


class Persisted:
    """A group of settings that can be written to the database and read back."""

    _RUNTIME_ONLY: ClassVar[frozenset[str]] = frozenset()
    __slots__ = ()

    def to_row(self) -> dict[str, object]:
        """Return the persisted settings, JSON-serialisable."""
        row: dict[str, object] = {}
        for entry in fields(self):  # type: ignore[arg-type]  # every child is a dataclass
            if entry.name not in self._RUNTIME_ONLY:
                value = getattr(self, entry.name)
                row[entry.name] = value.isoformat() if isinstance(value, datetime) else value
        return row

    def load_row(self, row: dict[str, object]) -> Self:
        """Take over what ``to_row`` returned; unknown keys are ignored."""
        known = {entry.name for entry in fields(self)}  # type: ignore[arg-type]  # see above
        for name, value in row.items():
            if name in known and name not in self._RUNTIME_ONLY:
                is_time = name.endswith("_time") and isinstance(value, str)
                setattr(self, name, datetime.fromisoformat(str(value)) if is_time else value)
        return self


@dataclass(slots=True, kw_only=True)
class SiteSettings(Persisted):
    """Settings of the site; the three SoC settings [%] are checked against each other only."""

    priority_soc_pct: float = 0.0
    buffer_soc_pct: float = 0.0
    buffer_start_soc_pct: float = 0.0
    battery_discharge_control: bool = False
    battery_grid_discharge: bool = False
    battery_grid_charge_limit: float | None = None
    grid_charge_limit_was_set: bool = False
    residual_power_w: float = 0.0
    grid_export_limit_w: float = 0.0
    solar_adjusted: bool = False
    charging_strategy: str = CHARGING_STRATEGIES[0]

    def set_priority_soc(self, value_pct: float, *, has_battery: bool) -> float:
        """Set ``prioritySoc``; refused above a buffer that is not 0."""
        _require(has_battery, _NO_BATTERY)
        if self.buffer_soc_pct != 0 and value_pct > self.buffer_soc_pct:
            raise SettingRefusedError("priority soc must be smaller or equal than buffer soc")
        self.priority_soc_pct = value_pct
        return value_pct

    def set_buffer_soc(self, value_pct: float, *, has_battery: bool) -> float:
        """Set ``bufferSoc``; refused below the priority and above a start that is not 0."""
        _require(has_battery, _NO_BATTERY)
        if value_pct != 0 and value_pct < self.priority_soc_pct:
            raise SettingRefusedError("buffer soc must not be smaller than priority soc")
        if self.buffer_start_soc_pct != 0 and value_pct > self.buffer_start_soc_pct:
            raise SettingRefusedError("buffer soc must be smaller or equal than buffer start soc")
        self.buffer_soc_pct = value_pct
        return value_pct

    def set_buffer_start_soc(self, value_pct: float, *, has_battery: bool) -> float:
        """Set ``bufferStartSoc``; refused below the buffer."""
        _require(has_battery, _NO_BATTERY)
        if value_pct != 0 and value_pct < self.buffer_soc_pct:
            raise SettingRefusedError("buffer start soc must be larger than buffer soc")
        self.buffer_start_soc_pct = value_pct
        return value_pct

    def set_discharge_control(self, value: bool, *, is_controllable: bool) -> bool:  # noqa: FBT001  # the value itself
        """Set ``batteryDischargeControl``."""
        _require(is_controllable, _NO_CONTROL)
        self.battery_discharge_control = value
        return value

    def set_grid_discharge(self, value: bool, *, is_controllable: bool) -> bool:  # noqa: FBT001  # the value itself
        """Set ``batteryGridDischarge``; informs evcc's optimizer only."""
        _require(is_controllable, _NO_CONTROL)
        self.battery_grid_discharge = value
        return value

    def set_grid_charge_limit(self, value: float | None, *, is_controllable: bool) -> float | None:
        """Set ``batteryGridChargeLimit`` [currency/kWh]; None removes it."""
        _require(is_controllable, _NO_CONTROL)
        self.battery_grid_charge_limit = value
        self.grid_charge_limit_was_set = True
        return value

    def set_charging_strategy(self, name: str) -> str:
        """Set the strategy of evcc's own optimizer."""
        if name not in CHARGING_STRATEGIES:
            raise SettingRefusedError(f"invalid optimizer charging strategy: {name}")
        self.charging_strategy = name
        return name


@dataclass(slots=True, kw_only=True)
class LoadpointSettings(Persisted):
    """Settings of a loadpoint.

    ``mode`` is off, pv or now; Min+PV is pv with ``always_charge`` on or once, as in evcc's
    newer schema.
    """

    _RUNTIME_ONLY: ClassVar[frozenset[str]] = frozenset({"enable_delay_s", "disable_delay_s"})

    mode: str = "off"
    always_charge: str = "off"
    min_current_a: float = 6.0
    max_current_a: float = 16.0
    phases_configured: int = 0
    priority: int = 0
    min_soc_pct: int = 0
    limit_soc_pct: int = 0
    limit_energy_kwh: float = 0.0
    enable_threshold_w: float = 0.0
    disable_threshold_w: float = 0.0
    enable_delay_s: int = 60
    disable_delay_s: int = 180
    smart_cost_limit: float | None = None
    smart_feed_in_limit: float | None = None
    boost_limit_pct: int = 100
    plan_energy_kwh: float = 0.0
    plan_time: datetime | None = None
    plan_continuous: bool = False
    plan_precondition_s: int = 0

    def to_row(self) -> dict[str, object]:
        """Return the persisted settings; ``once`` ends with the session, so it is not kept."""
        row = Persisted.to_row(self)
        if self.always_charge == "once":
            row["always_charge"] = "off"
        return row

    def set_min_current(self, value_a: float) -> float:
        """Set the smallest current [A]; refused above the largest."""
        if value_a > self.max_current_a:
            raise SettingRefusedError("min current must be smaller or equal than max current")
        self.min_current_a = value_a
        return value_a

    def set_max_current(self, value_a: float) -> float:
        """Set the largest current [A]; refused below the smallest."""
        if value_a < self.min_current_a:
            raise SettingRefusedError("max current must be greater or equal than min current")
        self.max_current_a = value_a
        return value_a


@dataclass(slots=True, kw_only=True)
class VehicleSettings(Persisted):
    """What the owner set for a vehicle; 0 means none."""

    min_soc_pct: int = 0
    limit_soc_pct: int = 0
    mode: str = ""
    """The word that was set; empty for none."""
    plan_soc_pct: int = 0
    plan_time: datetime | None = None
    plan_continuous: bool = False
    plan_precondition_s: int = 0
    repeating_plans: list[dict[str, object]] | None = None


@dataclass(slots=True, kw_only=True)
class EvccSettings:
    """All settings of an evcc together, and evcc's habit of saving them once a minute."""

    site: SiteSettings
    loadpoints: list[LoadpointSettings]
    vehicles: dict[str, VehicleSettings]
    saved: dict[str, object] = field(default_factory=dict)
    is_dirty: bool = True
    next_flush: datetime | None = None

    def note_change(self) -> None:
        """Remember that something was set since the last flush."""
        self.is_dirty = True

    def flush_if_due(self, now: datetime) -> None:
        """Save once a minute; a crash before that loses the changes."""
        if self.next_flush is None:
            self.next_flush = now + FLUSH_EVERY
        elif now >= self.next_flush:
            self.flush()
            self.next_flush = now + FLUSH_EVERY

    def flush(self) -> None:
        """Write everything that persists to the database."""
        if not self.is_dirty:
            return
        self.saved = {
            "site": self.site.to_row(),
            "loadpoints": [loadpoint.to_row() for loadpoint in self.loadpoints],
            "vehicles": {name: vehicle.to_row() for name, vehicle in self.vehicles.items()},
        }
        self.is_dirty = False

    def load(self, saved: dict[str, object], *, has_battery: bool) -> None:
        """Apply what was saved; without a battery the site's values stay in the database only."""
        self.saved = saved
        site = saved.get("site")
        if isinstance(site, dict) and has_battery:
            self.site.load_row(site)
        rows = saved.get("loadpoints")
        if isinstance(rows, list):
            for loadpoint, row in zip(self.loadpoints, rows, strict=False):
                loadpoint.load_row(row)
        vehicles = saved.get("vehicles")
        if isinstance(vehicles, dict):
            for name, row in vehicles.items():
                if name in self.vehicles:
                    self.vehicles[name].load_row(row)
        self.is_dirty = False


def _require(condition: bool, message: str) -> None:  # noqa: FBT001  # a condition reads best by position
    if not condition:
        raise SettingRefusedError(message)
