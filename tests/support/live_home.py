"""A SmartLoad that acts with all stages, built as the service builds it, on a steady home.

Sun and load stand where a test puts them, and the car is at home as long as a test wants. Energy is
cheap from ``NOON`` for three hours: battery and car are bought for then. Time is moved, not waited
for, and the mode is kept in force meanwhile, as the service's own thread does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx2

from clock import next_slot_start
from command_line import HISTORY_NAME
from config import Config
from domain.config_problem import ConfigProblem
from domain.control import CommandRecord, EvccSetting, Lever
from domain.history import EnergySource, QuarterEnergies
from domain.horizon import SLOT, SLOTS_PER_DAY
from domain.plan import Plan, Skipped
from domain.site import BatteryMode
from domain.state import CycleKind, SystemState
from domain.steering import ControlRung, Override, OverrideKind, Stage, StageMode
from domain.tariff import Rate
from inbox import StartOverride
from main import build_parts, next_look, turn
from mode_keeper import KEEP_EVERY
from ownership import hand_back
from parts import Parts
from planner.fast import plan_fast
from planner.horizon_planner import HorizonPlanner, PlanResult
from planner.outcome import Outcome
from planner.plan_problem import PlanProblem
from planner.task import PlanTask
from simulator.default_home import default_options
from simulator.evcc_site import EvccSite
from simulator.home import SimulatedHome
from simulator.transport import SimulatorTransport
from site_watch import Evcc
from storage.history_store import HistoryStore
from tests.support.fake_plant import FakeSolar
from tests.support.sim_service import EVCC_URL, UNEXPLAINED, SteppedClock, installation_at
from tests.support.steady_house import GOLF, SteadyHouse
from tests.support.told_plan import CAR, NOON

CAR_LIMIT = Lever(setting=EvccSetting.SMART_COST_LIMIT, device=CAR)
CAR_MODE = Lever(setting=EvccSetting.CHARGE_MODE, device=CAR)
BOOST = Lever(setting=EvccSetting.BATTERY_BOOST, device=CAR)
BOOST_LIMIT = Lever(setting=EvccSetting.BATTERY_BOOST_LIMIT, device=CAR)

LOAD_KW = 1.0

_LEAD = timedelta(minutes=1)
_MIDNIGHT = NOON - timedelta(hours=12)
_KNOWN_SLOTS = 3 * SLOTS_PER_DAY
_CHEAP_HOURS = range(12, 15)
OWNERS = {
    "bufferSoc": 50.0,
    "prioritySoc": 10.0,
    "bufferStartSoc": 80.0,
    "mode": "pv",
    "smartCostLimit": None,
    "batteryBoost": False,
    "batteryBoostLimit": 100,
    "batteryMode": BatteryMode.UNKNOWN,
}
"""What the owner has set in evcc."""


class KilledError(BaseException):
    """The process ends here, as by kill -9."""


class Break(StrEnum):
    """What befalls a command on its way to evcc."""

    BEFORE = "before"
    """The connection breaks before evcc has it."""
    AFTER = "after"
    """It breaks before evcc's answer is back: the command took effect."""
    DIES_BEFORE = "dies_before"
    """SmartLoad is killed while it sends."""
    DIES_AFTER = "dies_after"
    """SmartLoad is killed while it waits for the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A request that is to change something; ``keeps`` a mode in force that is in force."""

    at: datetime
    path: str
    keeps: bool = False


@dataclass(slots=True)
class Wire(httpx2.BaseTransport):
    """The way of one SmartLoad to evcc: notes every command, and breaks where a test says."""

    home: SimulatedHome
    commands: list[Command] = field(default_factory=list)
    breaks: Callable[[str], Break | None] = lambda _: None
    before_command: Callable[[str], None] = lambda _: None
    after_command: Callable[[str], None] = lambda _: None
    n_requests: int = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        transport = SimulatorTransport(self.home)
        self.n_requests += 1
        if request.method == "GET":
            return transport.handle_request(request)
        path = f"{request.method} {request.url.path.removeprefix('/api/')}"
        self.home.tick()
        mode = self.home.site.battery.external_mode
        keeps = path == f"POST batterymode/{mode.value}"
        self.before_command(path)
        self.commands.append(Command(at=self.home.at, path=path, keeps=keeps))
        how = self.breaks(path)
        if how is Break.BEFORE:
            raise httpx2.ConnectError("Connection refused", request=request)
        if how is Break.DIES_BEFORE:
            raise KilledError
        answer = transport.handle_request(request)
        self.after_command(path)
        if how is Break.AFTER:
            raise httpx2.ReadError("Connection reset by peer", request=request)
        if how is Break.DIES_AFTER:
            raise KilledError
        return answer

    def changes(self) -> list[str]:
        """Return what was sent, without what only keeps a mode in force."""
        return [command.path for command in self.commands if not command.keeps]

    def forget(self) -> None:
        """Begin to note anew."""
        self.commands.clear()
        self.n_requests = 0


@dataclass(frozen=True, slots=True)
class CheapNoon:
    """Prices of two days, low for three hours from noon on; no two quarter hours cost the same."""

    def import_rates(self, now: datetime) -> list[Rate]:
        """Return what is known from midnight on."""
        return [_rate(number, _price(number)) for number in range(_KNOWN_SLOTS)]

    def export_rates(self, now: datetime) -> list[Rate]:
        """Return what feeding in brings."""
        return [_rate(number, 0.08) for number in range(_KNOWN_SLOTS)]


def _rate(number: int, price: float) -> Rate:
    start = _MIDNIGHT + number * SLOT
    return Rate(start=start, end=start + SLOT, price_eur_per_kwh=price)


def _price(number: int) -> float:
    hour = number % SLOTS_PER_DAY // 4
    return (0.10 if hour in _CHEAP_HOURS else 0.36) + 0.0007 * (number * 37 % 61)


@dataclass(slots=True)
class ToldPlanner:
    """Returns a plan that a test has told, whatever the task."""

    told: Plan | None

    def plan(
        self, now: datetime, task: PlanTask | Skipped, *, net_courses_kwh: object = None
    ) -> PlanResult:
        return PlanResult(plan=self.told)

    def explain(self, is_stopping: Callable[[], bool]) -> None:
        return None


def remember_a_week(path: Path) -> None:
    """Let SmartLoad know the house, so that each forecast is like the one before."""
    store = HistoryStore(path, now=NOON)
    begin = _MIDNIGHT - 7 * SLOTS_PER_DAY * SLOT
    store.write_energies(
        [
            QuarterEnergies(
                start=start, source=EnergySource.EVCC, house_kwh=LOAD_KW / 4.0, pv_kwh=0.0
            )
            for number in range((NOON - begin) // SLOT)
            if (start := begin + number * SLOT) < NOON - SLOT
        ]
    )
    store.close()


def plan_soon(problem: PlanProblem, /, **named: Any) -> Outcome:
    """Plan by the fast path and call it proved: to prove it takes long where nothing is lost."""
    return replace(plan_fast(problem, **named), gap_eur=0.0)


def steady_home(clock: SteppedClock, *, soc_pct: float = 50.0) -> SimulatedHome:
    """Return a home with one battery of 10 kWh and one car that is to be ready in the morning."""
    house = SteadyHouse(
        clock.now(),
        load_kw=LOAD_KW,
        pv_kw=0.0,
        soc_pct=soc_pct,
        load_shares=(0.5, 0.3, 0.2),
        car_phases=3,
    )
    wish = {"weekdays": [1], "time": "07:00", "tz": "Europe/Berlin", "soc": 70, "active": True}
    return SimulatedHome(
        plant=house,
        market=CheapNoon(),
        solar=FakeSolar(0.0),
        clock=clock,
        options=replace(
            default_options(house),
            initial_vehicles={GOLF: {"limit_soc_pct": 80, "repeating_plans": [wish]}},
        ),
    )


@dataclass(slots=True, kw_only=True)
class LiveHome:
    """The home and one SmartLoad on it; several may have a ``shared`` home and its ``clock``.

    It has looked once when this is built, a minute before ``NOON``; the next turn acts.
    """

    folder: Path
    stages: frozenset[Stage] = frozenset(Stage)
    cfg: Config = field(default_factory=lambda: Config(battery_to_car=True, plan_hours=24))
    plan: Plan | None = None
    """A told plan; None: the service plans itself."""
    clock: SteppedClock = field(default_factory=lambda: SteppedClock(NOON - _LEAD))
    shared: SimulatedHome | None = None
    """A home on that clock; None: one of its own."""
    own_clock: SteppedClock | None = None
    """The clock of SmartLoad's machine, where it goes wrong."""
    remembers: bool = True
    """Whether SmartLoad has known the house for a week."""
    home: SimulatedHome = field(init=False)
    wire: Wire = field(init=False)
    parts: Parts = field(init=False)
    _next_slot: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.home = self.shared or steady_home(self.clock)
        if self.remembers:
            remember_a_week(self.folder / HISTORY_NAME)
        self.start()
        for stage in self.stages - {Stage.BUFFER}:
            self.parts.controller.set_stage(stage, StageMode.LIVE)
        if Stage.BUFFER in self.stages:
            assert self.parts.buffer_calc is not None
            self.parts.buffer_calc.activate_live()

    # -- what SmartLoad lives through

    def start(self, *, config_problems: tuple[ConfigProblem, ...] = ()) -> None:
        """Build the service (again) and let it look; nothing but the disk is remembered."""
        self.wire = Wire(self.home)
        clock = self.own_clock or self.clock
        self.parts = build_parts(
            self.cfg,
            replace(installation_at(clock.now()), config_problems=config_problems),
            clock=clock,
            evcc_at=Evcc(url=EVCC_URL, transport=self.wire),
            data_dir=self.folder,
            plan_limits=UNEXPLAINED,
        )
        self.tell(self.plan)
        self.turn(CycleKind.START)

    def tell(self, plan: Plan | None) -> None:
        """Let this be the plan from the next cycle on; None: as it was."""
        self.plan = plan
        self.parts.planning._planner = (
            HorizonPlanner(seconds=self.clock.monotonic_s, limits=UNEXPLAINED, exact=plan_soon)
            if plan is None
            else ToldPlanner(plan)  # type: ignore[assignment]
        )

    def turn(self, kind: CycleKind | None = None) -> None:
        """Let it turn once, with what was asked for on the page."""
        now = self.parts.clock.now()
        wishes = self.parts.inbox.take()
        self._next_slot = next_slot_start(now)
        turn(self.parts, now, kind or (CycleKind.CHANGE if wishes else None), wishes)

    def beat(self, span: timedelta | None = None) -> None:
        """Let time pass, as long as the service waits, and turn."""
        self.pass_time(next_look(self.parts) if span is None else span)
        now = self.parts.clock.now()
        is_slot = now >= self._next_slot or next_slot_start(now) < self._next_slot
        self.turn(CycleKind.SLOT if is_slot else None)

    def run(self, **span: float) -> None:
        """Let it turn for a while."""
        until = self.clock.now() + timedelta(**span)
        while self.clock.now() < until:
            self.beat(min(next_look(self.parts), until - self.clock.now()))

    def act(self) -> None:
        """Let the cheap hours begin: what is planned is carried out and confirmed."""
        self.beat(_LEAD)
        self.run(minutes=3)

    def pass_time(self, span: timedelta) -> None:
        """Let house and evcc live on; the mode in force is sent again by its own thread."""
        until = self.clock.now() + span
        while self.clock.now() < until:
            step = min(KEEP_EVERY, until - self.clock.now())
            self.clock.move_to(self.clock.now() + step)
            if self.own_clock is not None:
                self.own_clock.move_to(self.own_clock.now() + step)
            self.home.tick()
            self.parts.steering.keeper.keep_if_due()

    def kill(self) -> None:
        """End it as kill -9 does: nothing is handed back."""
        self.parts.steering.keeper.let_go()
        self.parts.evcc.close()
        self.parts.memory.close(10.0)

    def stop(self) -> None:
        """End it as the service ends when it is asked to."""
        self.parts.inbox.stop()
        hand_back(self.parts)
        self.parts.evcc.close()
        self.parts.memory.close(10.0)

    def ask(self, kind: OverrideKind, device: str = "", **span: float) -> None:
        """Ask for something on the page, for a while from now on."""
        now = self.parts.clock.now()
        override = Override(kind=kind, since=now, until=now + timedelta(**span), device=device)
        self.parts.inbox.put(StartOverride(override=override))

    # -- what is there

    @property
    def state(self) -> SystemState:
        """What the page is told."""
        state = self.parts.store.snapshot()["state"]
        assert isinstance(state, SystemState)
        return state

    @property
    def rung(self) -> ControlRung:
        """How much SmartLoad does."""
        rung = self.state.control.rung
        assert rung is not None
        return rung

    @property
    def site(self) -> EvccSite:
        """The running evcc."""
        return self.home.site

    def settings(self) -> dict[str, object]:
        """Return what evcc holds, by the names of ``OWNERS``."""
        site, point = self.site.settings.site, self.site.loadpoints[0]
        return {
            "bufferSoc": site.buffer_soc_pct,
            "prioritySoc": site.priority_soc_pct,
            "bufferStartSoc": site.buffer_start_soc_pct,
            "mode": point.settings.mode,
            "smartCostLimit": point.settings.smart_cost_limit,
            "batteryBoost": point.boost,
            "batteryBoostLimit": point.settings.boost_limit_pct,
            "batteryMode": self.site.battery.external_mode,
        }

    def owned(self) -> set[str]:
        """Return the settings that hold SmartLoad's value."""
        return {one.lever.setting.value for one in self.parts.controller.owned}

    def records(self) -> Sequence[CommandRecord]:
        """Return what is on record, in order."""
        history = self.parts.memory.history
        assert history.flush()
        return history.read_commands(NOON - timedelta(days=2), NOON + timedelta(days=9))
