"""SmartLoad in charge of a past: the service's own cycle, on the simulated home of a back-test."""

from datetime import datetime, timedelta, tzinfo

import numpy as np

from backtest.clockwork import MovedClock, ReplayHistory, UnkeptBuffer, UnkeptRisk
from backtest.direct_client import DirectClient
from backtest.knowledge import Knowledge, knowledge_of
from backtest.period import Period
from backtest.settings import BacktestSettings
from backtest.wants import wants_of
from buffers import RISK, RiskInCycle
from config import Config
from controller import Controller
from domain.control import BATTERY_MODE
from domain.forecast import ForecastKind
from domain.horizon import SLOT
from domain.outlook import Outlook
from domain.plan import Plan
from domain.proof import Policy
from domain.site import BatteryMode
from domain.state import CycleKind
from domain.steering import Stage, StageMode
from dynamic_buffer import DynamicBufferCalc
from forecaster.pv import PVForecaster
from forecaster.scenarios import RankArchive
from forecaster.series import SlotSeries
from main import act, decide_and_act
from mode_keeper import ModeKeeper
from ownership import settle_ownership
from parts import CycleParts, Installation
from planner.horizon_planner import HorizonPlanner, TimeLimits
from planner.rolling import RollingPlanner
from planning import Planning
from risk_buffer_calc import WritesNothing
from simulator.home import SimulatedHome
from site_watch import Reading
from steering import Steering
from write_ledger import WriteLedger

# A plan may take as long as it needs: the clock stands still.
_LIMITS = TimeLimits(plan_s=60.0, explain_s=0.0)
_ALWAYS = timedelta(0)


class KnownPv(PVForecaster):
    """The PV forecast of a past, as it was known then."""

    def __init__(self, now: datetime, knowledge: Knowledge) -> None:
        super().__init__(now)
        self._knowledge = knowledge

    @property
    def confidence(self) -> float:
        return self._knowledge.confidence

    @property
    def slots_kw(self) -> tuple[float, ...]:
        return self._knowledge.slots_kw

    def distrust(self, now: datetime) -> None:
        """Fail: a past that cannot be forecast must not go on unnoticed."""
        raise RuntimeError(f"nothing could be forecast at {now}")


class KnownPast:
    """The memory of a service that lives a past again."""

    def __init__(self, period: Period, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._measured_kw = {
            kind: SlotSeries(
                start=period.start, values=np.where(period.is_measured, power_kw, np.nan)
            )
            for kind, power_kw in (
                (ForecastKind.LOAD, period.load_kw),
                (ForecastKind.PV, period.pv_kw),
            )
        }

    @property
    def ranks(self) -> RankArchive:
        """How past outcomes lay within what was said."""
        return self._knowledge.ranks

    def measured_kw(self, kind: ForecastKind, start: datetime, end: datetime) -> SlotSeries:
        """Return what was measured; who asks for what is over by then."""
        return self._measured_kw[kind].between(start, end)

    @property
    def outlook(self) -> Outlook | None:
        return self._knowledge.outlook

    def forecast(
        self,
        now: datetime,
        pv: PVForecaster,
        reading: Reading,
        *,
        every: timedelta,
        holiday_until: datetime | None = None,
    ) -> None:
        """Take what was known then."""
        del pv, reading, every, holiday_until
        self._knowledge.update(now)

    def note_decision(self, now: datetime, buffer_result: object) -> None:
        """Forget it."""

    def use_time_zone(self, zone: tzinfo) -> None:
        """Do nothing: the period has its own."""


class InCharge:
    """What a policy does beside evcc: all of SmartLoad, or its buffer alone."""

    def __init__(
        self,
        policy: Policy,
        *,
        home: SimulatedHome,
        clock: MovedClock,
        period: Period,
        settings: BacktestSettings,
    ) -> None:
        """Build the parts of a cycle; nothing is decided yet."""
        self._clock = clock
        self._home = home
        self._history = ReplayHistory()
        self.n_plans = 0
        self._last_plan: Plan | None = None
        self._connected: tuple[bool, ...] = ()
        is_planning = policy is Policy.SMARTLOAD
        knowledge = knowledge_of(period, settings)
        self._parts = self._build(policy, period, settings, knowledge)
        if is_planning:
            for stage in settings.stages - {Stage.BUFFER}:
                self._parts.controller.set_stage(stage, StageMode.LIVE)

    def _build(
        self,
        policy: Policy,
        period: Period,
        settings: BacktestSettings,
        knowledge: Knowledge,
    ) -> CycleParts:
        clock, cfg = self._clock, settings.options()
        if policy is Policy.RISK:
            cfg = cfg.model_copy(update={"buffer_strategy": RISK})
        now = clock.now()
        controller = Controller(None, clock.now, period.zone)
        ledger = WriteLedger(controller, self._history, clock.now, period.zone)
        evcc = DirectClient(self._home, guard=ledger)
        steering = Steering(
            cfg=cfg,
            controller=controller,
            ledger=ledger,
            evcc=evcc,
            keeper=ModeKeeper(evcc, clock.now),
            now=clock.now,
        )
        memory = KnownPast(period, knowledge)
        buffer_calc, risk = _buffers(cfg, steering, clock, memory)
        buffer_calc.use_time_zone(period.zone)
        if Stage.BUFFER in settings.stages:
            buffer_calc.activate_live()
        return CycleParts(
            cfg=cfg,
            installation=Installation(
                started_at=now, config_problems=(), options_path="", fixed_zone=period.zone
            ),
            clock=clock,
            evcc=evcc,
            controller=controller,
            pv_forecaster=KnownPv(now, knowledge),
            memory=memory,
            planning=Planning(cfg, self._history, _planner(clock)),
            ledger=ledger,
            steering=steering,
            buffer_calc=buffer_calc,
            risk=risk,
            forecast_every=lambda: _ALWAYS,
            plan_every=lambda: _ALWAYS if policy is Policy.SMARTLOAD else None,
        )

    def begin_slot(self, now: datetime) -> None:
        """Turn a cycle: a quarter hour begins."""
        self._cycle(now, CycleKind.SLOT)

    def look(self, now: datetime) -> None:
        """Look at the home within a quarter hour: a car that came or left is worth a cycle."""
        connected = self._plugged()
        if connected != self._connected:
            self._cycle(now, CycleKind.CHANGE)
        elif self._needs_watching():
            act(self._parts, now, self._read(now))
            self._home.settle(now)

    def end_slot(self) -> tuple[int, bool]:
        """Return how many settings were changed since the last time, and whether plans differ.

        They differ when the plan wants something else now than the one before wanted for now.
        """
        n_writes = len(self._history.sent)
        self._history.sent.clear()
        plan, last = self._parts.planning.result.plan, self._last_plan
        self._last_plan = plan
        is_switched = False
        if plan is not None and last is not None and plan is not last:
            passed = (plan.start - last.start) // SLOT
            plant = self._parts.planning.plant
            is_switched = wants_of(plan, 0, plant) != wants_of(last, passed, plant)
        return n_writes, is_switched

    @property
    def buffer_soc_pct(self) -> float | None:
        """Where the buffer was last decided to stand [%]."""
        decided = self._parts.buffer_decided
        return None if decided is None else decided[0]

    def _cycle(self, now: datetime, kind: CycleKind) -> None:
        parts, reading = self._parts, self._read(now)
        settle_ownership(parts, now, reading)
        decide_and_act(parts, now, kind, reading)
        if parts.failures:
            raise RuntimeError(f"{now}: {parts.failures}")
        self.n_plans += parts.plan_every() is not None
        parts.controller.begin()
        self._connected = self._plugged()
        # The simulated evcc is coarse: what it was just told would come an interval late.
        self._home.settle(now)

    def _read(self, now: datetime) -> Reading:
        site = self._parts.evcc.read_site(now)
        return Reading(site=site, error=None, changed=False)

    def _plugged(self) -> tuple[bool, ...]:
        return tuple(one.connected for one in self._home.plant.reading.chargers)

    def _needs_watching(self) -> bool:
        """Whether what is under way may have to end before the quarter hour does."""
        parts = self._parts
        mode = parts.controller.owned_value(BATTERY_MODE)
        if mode == BatteryMode.CHARGE.value or parts.controller.bat_to_ev_active:
            return True
        # A car that the battery is kept from may run on at its least power, which is no reason.
        chargers = self._home.plant.reading.chargers
        return mode == BatteryMode.HOLD.value and any(one.charge_kw > 0.0 for one in chargers)


def _buffers(
    cfg: Config, steering: Steering, clock: MovedClock, memory: KnownPast
) -> tuple[DynamicBufferCalc, RiskInCycle | None]:
    """Return the formula's buffer, and beside it the one of the risk where that is asked for."""
    if cfg.buffer_strategy != RISK:
        return UnkeptBuffer(cfg, steering, clock=clock.now), None
    formula = UnkeptBuffer(cfg, WritesNothing(), clock=clock.now)
    calc = UnkeptRisk(cfg, steering, clock=clock.now, is_chosen=True, period=formula.period)
    return formula, RiskInCycle(calc, formula, cfg, memory)


def _planner(clock: MovedClock) -> HorizonPlanner:
    return HorizonPlanner(
        seconds=clock.monotonic_s, limits=_LIMITS, fast=RollingPlanner(), shows=False
    )
