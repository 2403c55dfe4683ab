"""A loadpoint of the simulated evcc: who is plugged in, what is offered, and why."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.battery_boost import BOOST_STEP_W, BoostStep
from simulator.charging_plan import PlanGoal, PlanSlot, is_planned, lay_plan
from simulator.charging_session import ChargingSession
from simulator.evcc_settings import LoadpointSettings, SettingRefusedError, VehicleSettings
from simulator.evcc_version import EvccVersion
from simulator.plan_goals import SocGoals, energy_goal
from simulator.plant import CarSpec, ChargerCommand, ChargerReading
from simulator.pv_regulation import (
    MOST_PHASES,
    VOLTAGE_V,
    CarView,
    SurplusRegulator,
    SurplusView,
    TimerKind,
)
from simulator.site_view import SiteView

_NO_LIMIT_PCT = 100
# evcc plans a car's charging with this share arriving in its battery.
_CHARGE_EFFICIENCY_FRAC = 0.9
_OFF_COMMAND = ChargerCommand(enabled=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadpointConfig:
    """What the installer configured."""

    name: str
    title: str
    default_mode: str = ""
    """Mode that returns when a car leaves; empty for none."""
    max_phases: int = MOST_PHASES
    switches_phases: bool = True
    has_fine_steps: bool = False
    """The charger takes currents between whole amperes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A vehicle evcc knows: what it is and what its owner set."""

    spec: CarSpec
    settings: VehicleSettings


class Loadpoint:
    """One charging point; read every cycle, regulated when its turn comes."""

    def __init__(
        self,
        config: LoadpointConfig,
        settings: LoadpointSettings,
        vehicles: dict[str, Vehicle],
        version: EvccVersion,
    ) -> None:
        self.config = config
        self.settings = settings
        self._vehicles = vehicles
        self._version = version
        self.regulator = SurplusRegulator()
        self.regulator.phases = config.max_phases
        self.command = _OFF_COMMAND
        self.offered_a = 0.0
        self.charge_w = 0.0
        self.currents_a: tuple[float, float, float] = (0.0, 0.0, 0.0)
        self.total_kwh = 0.0
        self.connected = False
        self.charging = False
        self.was_regulated = False
        self.had_remaining = False
        """A remaining duration was shown once, so its keys stay in the state."""
        self.vehicle: Vehicle | None = None
        self.reported_soc_pct: float | None = None
        self.plugged_car: str | None = None
        self.boost = False
        self._boost_step = BoostStep()
        self.session: ChargingSession | None = None
        """The current or, after the car has left, the last visit."""
        self.min_soc_not_reached = False
        self.plan_active = False
        self.plan: list[PlanSlot] = []
        self._soc_goals = SocGoals()
        self._read_under = (0.0, config.max_phases)
        """Current and phases that were offered before the first turn after the last reading."""
        self._is_newly_read = True
        self.smart_cost_active = False
        self.smart_feed_in_active = False

    # --- what it is

    @property
    def active_phases(self) -> int:
        """Phases that charger and car both use."""
        if self.vehicle is None:
            return self.regulator.phases
        return min(self.regulator.phases, self.vehicle.spec.phases)

    @property
    def car_phases(self) -> int:
        """Phases in use when the charger offers all it has."""
        if self.vehicle is None:
            return self.config.max_phases
        return min(self.config.max_phases, self.vehicle.spec.phases)

    @property
    def vehicle_soc_pct(self) -> float | None:
        """The vehicle's SoC; None when it is unknown, as for a guest."""
        if self.vehicle is None or self.vehicle.spec.name != self.plugged_car:
            return None
        return self.reported_soc_pct

    @property
    def effective_limit_soc_pct(self) -> int:
        """SoC at which charging ends; 100 without a limit."""
        vehicle_limit = self.vehicle.settings.limit_soc_pct if self.vehicle else 0
        return self.settings.limit_soc_pct or vehicle_limit or _NO_LIMIT_PCT

    @property
    def effective_min_soc_pct(self) -> int:
        """SoC below which the car is charged at full power."""
        vehicle_min = self.vehicle.settings.min_soc_pct if self.vehicle else 0
        return max(self.settings.min_soc_pct, vehicle_min)

    @property
    def max_power_w(self) -> float:
        """Power at full current on all phases."""
        return self.settings.max_current_a * VOLTAGE_V * self.car_phases

    @property
    def is_pv_like(self) -> bool:
        """Whether surplus regulates it (pv, minpv, smart)."""
        return self.settings.mode == "pv"

    @property
    def is_plain_pv(self) -> bool:
        """Whether it may be switched off for lack of sun."""
        return self.settings.mode == "pv" and self.settings.always_charge == "off"

    @property
    def reserved_w(self) -> float:
        """Power it is about to start with, which loadpoints of lower priority leave alone."""
        is_waiting = self.regulator.pv_timer.kind is TimerKind.ENABLE
        least_w = self.settings.min_current_a * VOLTAGE_V * self.active_phases
        return least_w if is_waiting else 0.0

    @property
    def has_something_to_decide(self) -> bool:
        """Whether a turn can change anything: a car is there, or its charger is on still."""
        return self.connected or self.command.enabled or not self.was_regulated

    @property
    def is_busy(self) -> bool:
        """Whether something is under way: the charger just switched, or a timer runs.

        A boost is under way until it stands still: it rises by steps, one in each cycle.
        """
        regulator, (read_a, read_phases) = self.regulator, self._read_under
        return (
            (self.offered_a > 0) != (read_a > 0)
            or regulator.phases != read_phases
            or (self.boost and self.offered_a != read_a)
            or regulator.pv_timer.kind is not TimerKind.INACTIVE
            or regulator.phase_timer.kind is not TimerKind.INACTIVE
        )

    @property
    def is_fast_charging(self) -> bool:
        """Whether the car charges regardless of surplus right now."""
        return self.charging and (
            self.settings.mode == "now"
            or self.plan_active
            or self.min_soc_not_reached
            or self.smart_cost_active
        )

    # --- what the owner does

    def set_mode(self, mode: str, always_charge: str | None) -> None:
        """Change the mode; ends a boost."""
        self.settings.mode = mode
        if always_charge is not None:
            self.settings.always_charge = always_charge
        self.boost = False
        self.regulator.reset_timers()

    def take_vehicle(self, vehicle: Vehicle | None) -> None:
        """Say which vehicle is plugged in; None for a guest."""
        self.vehicle = vehicle
        self.plan_active, self.plan = False, []

    def set_phases(self, phases: int) -> int:
        """Set the phases: 0 automatic, 1 or 3.

        Raises:
            SettingRefusedError: The charger cannot, in evcc's words.
        """
        config = self.config
        if phases not in (0, 1, MOST_PHASES):
            raise SettingRefusedError(f"invalid number of phases: {phases}")
        if phases > config.max_phases:
            raise SettingRefusedError(
                "cannot configure more phases than physically connected: "
                f"{phases} > {config.max_phases}"
            )
        if phases == 0 and not config.switches_phases:
            raise SettingRefusedError("charger does not support phase switching")
        self.settings.phases_configured = phases
        return phases

    def set_boost(self, wanted: bool) -> bool:  # noqa: FBT001  # the value itself
        """Switch the battery boost.

        Raises:
            SettingRefusedError: The mode has no boost.
        """
        if wanted and not self.is_pv_like:
            raise SettingRefusedError("battery boost is only available in PV modes")
        self._boost_step.begin(is_fresh=wanted and not self.boost)
        self.boost = wanted
        return wanted

    # --- what the meters say, every cycle

    def meter(self, reading: ChargerReading, now: datetime, dt_s: float, site: SiteView) -> None:
        """Take over what charger and car report."""
        if reading.connected != self.connected or reading.car_name != self.plugged_car:
            if self.connected:
                self._unplug(now)
            if reading.connected:
                self._plug(reading, now)
        self._boost_step.note_reading()
        self._is_newly_read = True
        charge_kw = reading.charge_kw
        self.charge_w = charge_kw * 1000.0
        self.charging = charge_kw > 0.0
        self.total_kwh = reading.total_kwh
        self.reported_soc_pct = reading.car_soc_pct
        if charge_kw > 0.0 and self.session is not None:
            self.currents_a = reading.currents_a
            energy_kwh = charge_kw * dt_s / 3600.0
            session = self.session
            session.charged_kwh += energy_kwh
            session.charge_s += dt_s
            session.solar_kwh += energy_kwh * site.green_share
            price = site.import_price + site.green_share * (site.export_price - site.import_price)
            session.cost += energy_kwh * price
        elif not self.charging:
            self.currents_a = (0.0, 0.0, 0.0)

    def _plug(self, reading: ChargerReading, now: datetime) -> None:
        self.connected = True
        self.plugged_car = reading.car_name
        self.vehicle = self._vehicles.get(reading.car_name or "")
        self.regulator.skips_delay = True
        self.regulator.reset_timers()
        wanted = self._version.parse_mode(self.vehicle.settings.mode) if self.vehicle else None
        if wanted is not None:
            self.set_mode(*wanted)
        self.session = ChargingSession(
            created=now,
            vehicle_title=self.vehicle.spec.title if self.vehicle else "",
            meter_start_kwh=reading.total_kwh,
            soc_start_pct=reading.car_soc_pct,
        )

    def _unplug(self, now: datetime) -> None:
        settings = self.settings
        if self.session is not None:
            self.session.left_at = now
        self.connected = False
        self.plugged_car = None
        self.vehicle = None
        settings.limit_soc_pct = 0
        settings.limit_energy_kwh = 0.0
        if settings.always_charge == "once":
            settings.always_charge = "off"
        if self.config.default_mode:
            settings.mode = self.config.default_mode
        self.boost = self.plan_active = self.min_soc_not_reached = False
        self.smart_cost_active = self.smart_feed_in_active = False
        self.plan = []
        self.regulator.reset_timers()

    # --- what it decides, when its turn comes

    def regulate(self, now: datetime, site: SiteView, *, is_again: bool = False) -> None:
        """Decide what to offer the car until the next turn.

        Args:
            now: When that is.
            site: What the meters say of the site.
            is_again: A turn after them is over: what was offered then has no effect on them yet.
        """
        self.was_regulated = True
        if self._is_newly_read:
            self._read_under, self._is_newly_read = (self.offered_a, self.regulator.phases), False
        if not self.connected:
            self._offer(0.0)
            return
        self._follow_phase_setting()
        self._update_conditions(now, site)
        current_a = self._fixed_current()
        if current_a is None:
            current_a = self._surplus_current(now, site, is_again=is_again)
            self.regulator.skips_delay = False
        else:
            self.regulator.reset_timers()
        self._offer(self._within_circuit(current_a, site))

    def _within_circuit(self, current_a: float, site: SiteView) -> float:
        """Return what load management leaves of a current; nothing below the minimum."""
        allowed_a = site.allowed_a(
            current_a,
            drawn_a=max(self.currents_a),
            charge_w=self.charge_w,
            phases=self.active_phases,
        )
        return allowed_a if allowed_a >= min(current_a, self.settings.min_current_a) else 0.0

    def _follow_phase_setting(self) -> None:
        configured = self.settings.phases_configured
        if configured:
            self.regulator.phases = configured
        elif not self.config.switches_phases:
            self.regulator.phases = self.config.max_phases

    def _update_conditions(self, now: datetime, site: SiteView) -> None:
        settings, soc_pct = self.settings, self.vehicle_soc_pct
        self.min_soc_not_reached = soc_pct is not None and soc_pct < self.effective_min_soc_pct
        self._update_plan(now, site)
        limit, price = settings.smart_cost_limit, site.planner_price
        self.smart_cost_active = limit is not None and price is not None and price <= limit
        floor, feed_in = settings.smart_feed_in_limit, site.feed_in_price
        self.smart_feed_in_active = floor is not None and feed_in is not None and feed_in >= floor

    def _fixed_current(self) -> float | None:
        """Return the current that does not depend on surplus; None when surplus decides."""
        mode = self.settings.mode
        if mode == "off":
            return 0.0
        if self.min_soc_not_reached or self.plan_active:
            return self._full_current()
        if self._is_limit_reached():
            return 0.0
        if mode == "now" or self.smart_cost_active:
            return self._full_current()
        return self._feed_in_first_current() if self.smart_feed_in_active else None

    def _feed_in_first_current(self) -> float:
        if self.is_plain_pv:
            return 0.0
        if self._may_switch_phases:
            self.regulator.phases = 1
        return self.settings.min_current_a

    def _is_limit_reached(self) -> bool:
        soc_pct = self.vehicle_soc_pct
        if soc_pct is None:
            limit_kwh, session = self.settings.limit_energy_kwh, self.session
            return 0 < limit_kwh <= (session.charged_kwh if session is not None else 0.0)
        limit_pct = self.effective_limit_soc_pct
        return limit_pct < _NO_LIMIT_PCT and soc_pct >= limit_pct

    def _full_current(self) -> float:
        if self._may_switch_phases:
            self.regulator.phases = MOST_PHASES
        return self.settings.max_current_a

    @property
    def _may_switch_phases(self) -> bool:
        config = self.config
        return (
            config.switches_phases
            and self.settings.phases_configured == 0
            and config.max_phases == MOST_PHASES
        )

    def _surplus_current(self, now: datetime, site: SiteView, *, is_again: bool) -> float:
        settings, regulator = self.settings, self.regulator
        power_w = site.power_w
        is_draining = False
        if self.boost:
            power_w += site.boost_adjustment_w
            limit_pct = settings.boost_limit_pct
            is_above = limit_pct >= _NO_LIMIT_PCT or site.soc_pct >= limit_pct
            is_draining = is_above and not site.battery_is_held
            if is_draining:
                power_w -= self._boost_power_w(site, is_again=is_again)
        view = SurplusView(
            power_w=power_w,
            is_buffered=site.is_buffered,
            is_start=site.is_start,
            is_always=settings.always_charge != "off",
            is_draining=is_draining,
            enable_threshold_w=settings.enable_threshold_w,
            disable_threshold_w=settings.disable_threshold_w,
            enable_delay_s=settings.enable_delay_s,
            disable_delay_s=settings.disable_delay_s,
            min_current_a=settings.min_current_a,
            max_current_a=settings.max_current_a,
        )
        before_a, phases = self._read_under if is_again else (self.offered_a, regulator.phases)
        if self._may_switch_phases:
            regulator.scale_phases(now, view, self.charge_w, self.car_phases)
        active = self.active_phases
        drawn_a, offered_a = max(self.currents_a), self.offered_a
        if regulator.phases != phases and self.charging:
            # The same power on another number of phases is another current.
            drawn_a = offered_a = before_a = self.charge_w / (VOLTAGE_V * active)
        car = CarView(
            active_phases=active,
            drawn_a=drawn_a,
            offered_a=offered_a,
            read_under_a=before_a,
            is_charging=self.charging,
        )
        return regulator.current_a(now, view, car)

    def _boost_power_w(self, site: SiteView, *, is_again: bool) -> float:
        if self._boost_step.take_first(is_again=is_again):
            self.regulator.skips_delay = True
            step_w = self.max_power_w
        else:
            ampere_w = 0.0 if self.config.has_fine_steps else VOLTAGE_V * self.active_phases
            step_w = BOOST_STEP_W + ampere_w
        return max(0.0, site.battery_discharge_w) + step_w

    def _offer(self, current_a: float) -> None:
        if not self.config.has_fine_steps:
            current_a = float(int(current_a))
        self.offered_a = current_a
        phases = self.regulator.phases
        command = self.command
        if current_a <= 0:
            self.command = _OFF_COMMAND
        elif not command.enabled or command.current_a != current_a or command.phases != phases:
            self.command = ChargerCommand(enabled=True, current_a=current_a, phases=phases)

    # --- plans

    def goal(self, now: datetime) -> PlanGoal | None:
        """Return the plan that counts: the owner's next one, or the next repetition."""
        if self.vehicle is None or self.vehicle_soc_pct is None:
            return energy_goal(self.settings)
        return self._soc_goals.next_of(self.vehicle.settings, now)

    def need(self, goal: PlanGoal) -> timedelta:
        """Return how long full power must be drawn for ``goal``."""
        soc_pct, vehicle = self.vehicle_soc_pct, self.vehicle
        if vehicle is not None and soc_pct is not None:
            share = max(0.0, goal.soc_pct - soc_pct) / 100.0
            energy_kwh = share * vehicle.spec.capacity_kwh / _CHARGE_EFFICIENCY_FRAC
        else:
            charged_kwh = self.session.charged_kwh if self.session else 0.0
            energy_kwh = max(0.0, goal.energy_kwh - charged_kwh)
        return timedelta(hours=energy_kwh * 1000.0 / self.plan_power_w)

    @property
    def plan_power_w(self) -> float:
        """Power that plans count on."""
        if self.vehicle is None:
            return self.max_power_w
        current_a = min(self.settings.max_current_a, self.vehicle.spec.max_current_a)
        return current_a * VOLTAGE_V * self.car_phases

    def _update_plan(self, now: datetime, site: SiteView) -> None:
        goal = self.goal(now)
        if goal is None:
            self.plan_active, self.plan = False, []
            return
        need = self.need(goal)
        if now >= goal.time:
            # A plan that was being carried out goes on until its goal is reached.
            self.plan_active = self.plan_active and need > timedelta(0)
            if not self.plan_active:
                self._drop_static_plan()
            return
        self.plan = lay_plan(site.cheapest_rates, now, goal, need)
        self.plan_active = is_planned(self.plan, now)

    def _drop_static_plan(self) -> None:
        self.plan = []
        if self.vehicle is not None and self.vehicle_soc_pct is not None:
            self.vehicle.settings.plan_time = None
            self.vehicle.settings.plan_soc_pct = 0
        else:
            self.settings.plan_time = None
            self.settings.plan_energy_kwh = 0.0
