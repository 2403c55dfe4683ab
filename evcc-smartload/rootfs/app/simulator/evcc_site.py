"""The simulated evcc's control loop: meters, one loadpoint a cycle, then the battery mode."""

from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, tzinfo

from domain.horizon import SLOT_H, slot_start
from domain.site import BatteryMode
from simulator.battery_control import WATCHDOG, BatteryControl
from simulator.cars import VOLTAGE_KV
from simulator.energy_history import EnergyHistory, house_series
from simulator.evcc_loadpoint import (
    Loadpoint,
    LoadpointConfig,
    Vehicle,
)
from simulator.evcc_settings import (
    EvccSettings,
    LoadpointSettings,
    SiteSettings,
    VehicleSettings,
)
from simulator.evcc_tariffs import EvccTariffs
from simulator.evcc_version import CURRENT_VERSION, EvccVersion
from simulator.faults import FaultState
from simulator.phases import PhaseValues
from simulator.plant import BatteryReading, CarSpec, ChargerCommand, PlantReading
from simulator.site_view import MainCircuit, SiteView
from simulator.wire_format import rfc3339

# Below prioritySoc evcc leaves this much export, so that the battery's own control sees surplus.
_PRIORITY_RESIDUAL_W = 100.0
_FULL_PCT = 100.0
_KEPT_SESSIONS = 400
_KEPT_LOG_LINES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteConfig:
    """What the installer configured."""

    title: str
    currency: str
    zone: tzinfo
    version: EvccVersion = CURRENT_VERSION
    interval_s: float = 30.0
    busy_interval_s: float | None = None
    """How soon the next cycle comes while something is under way; None: as always."""
    battery_mode_lasts: timedelta = WATCHDOG
    """How long a battery mode from outside holds that is not sent again."""
    keeps_history: bool = True
    """Energies are stored for ``GET /api/history/energy``."""
    loadpoints: tuple[LoadpointConfig, ...]
    circuit: MainCircuit | None = None
    """Load management; None without."""
    battery_max_soc_pct: float = 0.0
    """Where grid charging ends; 0 and 100 mean it does not."""
    smart_cost_type: str | None = "priceforecast"
    """The kind of the price: ``pricestatic`` stays, ``pricedynamic`` is known for now only."""
    feed_in_is_fixed: bool = True
    initial_site: dict[str, object] = field(default_factory=dict)
    initial_loadpoints: tuple[dict[str, object], ...] = ()
    initial_vehicles: dict[str, dict[str, object]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Meters:
    """What evcc last read; W, positive for import and for discharging."""

    grid_w: float = 0.0
    pv_w: float = 0.0
    battery_w: float = 0.0
    home_w: float = 0.0
    soc_pct: float = 0.0
    capacity_kwh: float = 0.0


@dataclass(slots=True, kw_only=True)
class ChargedTotals:
    """What all finished sessions add up to."""

    sessions: int = 0
    energy_kwh: float = 0.0
    solar_kwh: float = 0.0
    cost: float = 0.0

    def to_state(self) -> dict[str, float]:
        """Return the sums, JSON-serialisable."""
        return asdict(self)

    def restore_state(self, state: dict[str, float]) -> None:
        """Continue from what ``to_state`` returned."""
        self.sessions = int(state["sessions"])
        self.energy_kwh, self.solar_kwh = state["energy_kwh"], state["solar_kwh"]
        self.cost = state["cost"]


class EvccSite:
    """evcc between its start and its end: everything it knows and decides.

    A restart makes a new one; what survives is in ``settings.saved``, ``history``, ``sessions``
    and in the inverter's and the chargers' last commands.
    """

    def __init__(
        self,
        config: SiteConfig,
        cars: Sequence[CarSpec],
        tariffs: EvccTariffs,
        reading: PlantReading,
    ) -> None:
        self.config = config
        self.tariffs = tariffs
        self.reading = reading
        self.grid_reading = reading
        """The last reading in which the grid meter answered."""
        self.vehicles = {car.name: Vehicle(spec=car, settings=VehicleSettings()) for car in cars}
        self.settings = EvccSettings(
            site=SiteSettings(),
            loadpoints=[LoadpointSettings() for _ in config.loadpoints],
            vehicles={name: vehicle.settings for name, vehicle in self.vehicles.items()},
        )
        self.loadpoints = [
            Loadpoint(lp_config, settings, self.vehicles, config.version)
            for lp_config, settings in zip(config.loadpoints, self.settings.loadpoints, strict=True)
        ]
        self.battery = BatteryControl(
            max_soc_pct=config.battery_max_soc_pct, lasts=config.battery_mode_lasts
        )
        self.meters = Meters()
        self.history = EnergyHistory(
            house_series(reading, [(lp.name, lp.title) for lp in config.loadpoints])
        )
        self.sessions: deque[dict[str, object]] = deque(maxlen=_KEPT_SESSIONS)
        self.charged = ChargedTotals()
        self.log: deque[tuple[int, dict[str, object]]] = deque(maxlen=_KEPT_LOG_LINES)
        self.log_number = 0
        self.cycles = 0
        self.has_regulated = False
        """A first cycle was completed, so that grid and home are known."""
        self.grid_failed = False
        self._view = SiteView(planner_rates=tariffs.grid, circuit=config.circuit)
        self._slot_end: datetime | None = None
        self._turn = 0
        self._turns_due = 0

    def take_over(self, old: "EvccSite") -> None:
        """Take from the evcc before a restart what outlives it: database, inverter, chargers."""
        self.history, self.sessions, self.charged = old.history, old.sessions, old.charged
        self.battery.inverter_mode = old.battery.inverter_mode
        for loadpoint, before in zip(self.loadpoints, old.loadpoints, strict=True):
            loadpoint.command, loadpoint.offered_a = before.command, before.offered_a
            loadpoint.regulator.phases = before.regulator.phases

    # --- what there is

    @property
    def has_battery(self) -> bool:
        """Whether there is a battery meter."""
        return bool(self.reading.batteries)

    @property
    def has_controllable_battery(self) -> bool:
        """Whether a battery's mode can be commanded."""
        return any(battery.controllable for battery in self.reading.batteries)

    @property
    def grid_currents_a(self) -> PhaseValues:
        """What the grid meter last read on each phase, import positive."""
        first_kw, second_kw, third_kw = self.grid_reading.grid_phases_kw
        return first_kw / VOLTAGE_KV, second_kw / VOLTAGE_KV, third_kw / VOLTAGE_KV

    @property
    def commands(self) -> list[ChargerCommand]:
        """What the chargers are told until the next cycle."""
        return [loadpoint.command for loadpoint in self.loadpoints]

    @property
    def inverter_mode(self) -> BatteryMode:
        """What the batteries were last told."""
        return self.battery.inverter_mode

    # --- the cycle

    def cycle(self, now: datetime, reading: PlantReading, dt_s: float, faults: FaultState) -> None:
        """Read the meters, regulate the loadpoint whose turn it is, decide the battery mode."""
        self.cycles += 1
        self.reading = reading
        self.settings.flush_if_due(now)
        if self._slot_end is None or now >= self._slot_end:
            self._begin_slot(now, reading)
        self._refresh_tariffs(now, faults)
        self._read_chargers(now, reading, dt_s)
        self._read_batteries(reading, faults)
        if faults.stale:
            self._note_grid_failure()
            return
        self.grid_failed = False
        self._read_grid(reading)
        self.has_regulated = True
        if self.loadpoints:
            self._pass_turn(dt_s)
            self.regulate(self._turn, now)
        self._control_battery(now, reading)

    @property
    def is_busy(self) -> bool:
        """Whether evcc's next cycle should come as soon as evcc's own would."""
        return self._turns_due > 0 or any(loadpoint.is_busy for loadpoint in self.loadpoints)

    def _pass_turn(self, dt_s: float) -> None:
        """Let it be the next loadpoint's turn.

        Where cycles are rare, a loadpoint that has nothing to decide is left out, and after a
        long interval each of the others has a turn.
        """
        n_loadpoints, busy_s = len(self.loadpoints), self.config.busy_interval_s
        order = [(self._turn + step) % n_loadpoints for step in range(1, n_loadpoints + 1)]
        if busy_s is None:
            self._turn = order[0]
            return
        waiting = [index for index in order if self.loadpoints[index].has_something_to_decide]
        self._turn = waiting[0] if waiting else order[0]
        self._turns_due = len(waiting) - 1 if dt_s > busy_s else max(0, self._turns_due - 1)

    def regulate(self, index: int, now: datetime, *, is_again: bool = False) -> None:
        """Decide for one loadpoint from the meters' last values; ``is_again``: once more."""
        if self.grid_failed or not self.has_regulated:
            return
        loadpoint = self.loadpoints[index]
        self._look_from(loadpoint)
        loadpoint.regulate(now, self._view, is_again=is_again)

    def settle(self, now: datetime, faults: FaultState) -> None:
        """Carry out at once what was set since the last cycle, from what was read then.

        It is as if every loadpoint had its turn now, and the batteries after them.
        """
        if faults.stale:
            return
        self._refresh_tariffs(now, faults)
        for index in range(len(self.loadpoints)):
            self.regulate(index, now, is_again=True)
        self._control_battery(now, self.reading)

    def _refresh_tariffs(self, now: datetime, faults: FaultState) -> None:
        view, tariffs = self._view, self.tariffs
        if not faults.stale and tariffs.refresh(now, faults):
            view.planner_rates = tariffs.grid
            view.planner_price = tariffs.planner_price
            view.feed_in_price = None if tariffs.feed_in_is_fixed else tariffs.feed_in_price

    def _begin_slot(self, now: datetime, reading: PlantReading) -> None:
        start = slot_start(now)
        if self.config.keeps_history:
            solar_w = self.tariffs.solar_w
            self.history.close_slot(start, reading, (solar_w or 0.0) / 1000.0 * SLOT_H)
        self._slot_end = start + timedelta(minutes=15)

    def _read_chargers(self, now: datetime, reading: PlantReading, dt_s: float) -> None:
        view = self._view
        charge_kw = 0.0
        for charger in reading.chargers:
            charge_kw += charger.charge_kw
        if charge_kw > 0.0:
            own_kw = reading.pv_kw - reading.grid_export_kw - reading.load_kw
            for battery in reading.batteries:
                own_kw += battery.discharge_kw - battery.charge_kw
            view.green_share = min(1.0, max(0.0, own_kw / charge_kw))
            view.import_price = self.tariffs.grid_price or 0.0
            view.export_price = self.tariffs.feed_in_price or 0.0
        for loadpoint, charger in zip(self.loadpoints, reading.chargers, strict=True):
            if loadpoint.connected and not (
                charger.connected and charger.car_name == loadpoint.plugged_car
            ):
                self._end_session(loadpoint, now)
                self.settings.note_change()
            loadpoint.meter(charger, now, dt_s, view)

    def _read_batteries(self, reading: PlantReading, faults: FaultState) -> None:
        meters = self.meters
        power_kw = energy_kwh = capacity_kwh = 0.0
        for battery in reading.batteries:
            power_kw += battery.discharge_kw - battery.charge_kw
            energy_kwh += battery.soc_pct * battery.capacity_kwh
            capacity_kwh += battery.capacity_kwh
        meters.battery_w = 0.0 if faults.battery_power_zero else power_kw * 1000.0
        meters.pv_w = reading.pv_kw * 1000.0
        if not reading.batteries:
            return
        if faults.soc_missing:
            self._read_batteries_without_first(reading.batteries)
        elif capacity_kwh > 0:
            meters.soc_pct = min(_FULL_PCT, energy_kwh / capacity_kwh)
            meters.capacity_kwh = capacity_kwh

    def _read_batteries_without_first(self, batteries: Sequence[BatteryReading]) -> None:
        if len(batteries) == 1:
            # Every reading failed: evcc keeps the last SoC.
            return
        # evcc counts a missing SoC as 0 and, without its capacity, weighs all batteries alike.
        self.meters.soc_pct = sum(battery.soc_pct for battery in batteries[1:]) / len(batteries)
        self.meters.capacity_kwh = float(len(batteries))

    def _read_grid(self, reading: PlantReading) -> None:
        meters = self.meters
        self.grid_reading = reading
        meters.grid_w = (reading.grid_import_kw - reading.grid_export_kw) * 1000.0
        charge_w = 0.0
        for loadpoint in self.loadpoints:
            charge_w += loadpoint.charge_w
        meters.home_w = max(0.0, meters.grid_w + meters.pv_w + meters.battery_w - charge_w)

    def _note_grid_failure(self) -> None:
        if not self.grid_failed:
            self.grid_failed = True
            self.warn("grid meter: i/o timeout")

    def warn(self, message: str, level: str = "warn") -> None:
        """Write a line to evcc's log, which only the WebSocket shows."""
        self.log_number += 1
        self.log.append((self.log_number, {"message": message, "level": level}))

    # --- the site's power as a loadpoint sees it

    def _look_from(self, loadpoint: Loadpoint) -> None:
        view, meters, site = self._view, self.meters, self.settings.site
        residual_w, adjustment_w = site.residual_power_w, 0.0
        battery_w = meters.battery_w
        soc_pct = meters.soc_pct
        view.is_buffered = view.is_start = False
        if self.has_battery:
            is_low = soc_pct < site.priority_soc_pct
            if is_low and residual_w <= 0:
                adjustment_w += residual_w - _PRIORITY_RESIDUAL_W
                residual_w = _PRIORITY_RESIDUAL_W
            if is_low and battery_w < 0:
                adjustment_w += battery_w
                battery_w = 0.0
            else:
                view.is_buffered = 0 < site.buffer_soc_pct < soc_pct
                view.is_start = self._may_start(soc_pct, site.buffer_start_soc_pct)
        power_w = meters.grid_w + battery_w + residual_w
        if len(self.loadpoints) > 1:
            power_w += self._shared_with(loadpoint)
        view.power_w = power_w
        view.boost_adjustment_w = adjustment_w
        view.battery_discharge_w = meters.battery_w
        view.battery_is_held = self.battery.mode is BatteryMode.HOLD
        view.circuit_w, view.circuit_a = meters.grid_w, max(self.grid_currents_a)
        view.soc_pct = soc_pct

    def _may_start(self, soc_pct: float, start_pct: float) -> bool:
        if self.config.version.starts_above_only:
            return 0 < start_pct < soc_pct
        return 0 < start_pct <= soc_pct

    def _shared_with(self, loadpoint: Loadpoint) -> float:
        """Return what others have first claim on, less what they would give up [W]."""
        power_w = 0.0
        for other in self.loadpoints:
            if other is loadpoint or not other.is_plain_pv or not other.connected:
                continue
            if other.settings.priority > loadpoint.settings.priority:
                power_w += other.reserved_w
            elif other.settings.priority < loadpoint.settings.priority:
                power_w -= other.charge_w
        return power_w

    # --- the batteries

    def _control_battery(self, now: datetime, reading: PlantReading) -> None:
        site, price = self.settings.site, self.tariffs.planner_price
        self.battery.watch(now)
        limit = site.battery_grid_charge_limit
        is_held = site.battery_discharge_control and any(
            loadpoint.is_fast_charging for loadpoint in self.loadpoints
        )
        self.battery.cycle(
            reading,
            grid_charge_active=limit is not None and price is not None and price <= limit,
            discharge_is_held=is_held,
        )

    # --- sessions

    def _end_session(self, loadpoint: Loadpoint, now: datetime) -> None:
        session = loadpoint.session
        if session is None or not session.is_worth_storing:
            return
        totals = self.charged
        totals.sessions += 1
        totals.energy_kwh += session.charged_kwh
        totals.solar_kwh += session.solar_kwh
        totals.cost += session.cost
        zone = self.config.zone
        row = session.to_row(
            number=totals.sessions,
            title=loadpoint.config.title,
            soc_end_pct=loadpoint.reported_soc_pct,
            zone=zone,
        )
        self.sessions.appendleft(row | {"finished": rfc3339(now, zone)})
