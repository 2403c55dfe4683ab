"""A steady home behind a simulated evcc, steered by a told plan with SmartLoad's own parts.

Time is moved, not waited for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx2

from config import Config
from controller import Controller
from diagnosis import is_balanced
from domain.control import CommandRecord, EvccSetting, Lever
from domain.plan import Plan
from domain.site import BatteryMode, SiteSnapshot
from domain.steering import Override, OverrideKind, Stage, StageMode
from errors import SourceError
from evcc_client import EvccClient
from mode_keeper import KEEP_EVERY, ModeKeeper
from simulator.default_home import default_options
from simulator.evcc_site import EvccSite
from simulator.home import SimulatedHome
from simulator.phases import PhaseValues
from simulator.transport import SimulatorTransport
from steering import Moment, Steering
from storage.history_store import HistoryStore
from tests.support.sim_service import SteppedClock
from tests.support.steady_house import GOLF, SteadyHouse, SteadyLoad, SteadySun, ToldMarket
from tests.support.told_plan import CAR, NOON, PLANT
from write_ledger import WriteLedger

__all__ = [
    "BOOST",
    "BOOST_LIMIT",
    "LIMIT",
    "MODE",
    "Build",
    "Flowed",
    "SteadyLoad",
    "SteadySun",
    "SteeredHome",
    "homes_in",
]

LIMIT = Lever(setting=EvccSetting.SMART_COST_LIMIT, device=CAR)
MODE = Lever(setting=EvccSetting.CHARGE_MODE, device=CAR)
BOOST = Lever(setting=EvccSetting.BATTERY_BOOST, device=CAR)
BOOST_LIMIT = Lever(setting=EvccSetting.BATTERY_BOOST_LIMIT, device=CAR)
ACTING = frozenset({Stage.BATTERY, Stage.CARS})

_LEAD = timedelta(minutes=1)


class Wire(SimulatorTransport):
    """The way to evcc: notes commands; those to one of ``lost`` are answered and not carried out.

    ``lost`` has ends of paths such as ``smartcostlimit/0.2``, each with the body of its answer.
    """

    def __init__(self, home: SimulatedHome) -> None:
        super().__init__(home)
        self.commands: list[str] = []
        self.lost: dict[str, str] = {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if request.method == "GET":
            return super().handle_request(request)
        self.commands.append(f"{request.method} {path}")
        for end, body in self.lost.items():
            if path.endswith(end):
                headers = {"content-type": "application/json"}
                return httpx2.Response(200, headers=headers, text=f"{body}\n", request=request)
        return super().handle_request(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flowed:
    """What flowed during a span [kWh], and the battery's SoC at its end."""

    bought_kwh: float
    sold_kwh: float
    charged_kwh: float
    given_kwh: float
    car_kwh: float
    soc_pct: float


@dataclass(slots=True, kw_only=True)
class SteeredHome:
    """The home, its evcc, and SmartLoad's control on it.

    SmartLoad has looked once, a minute before noon, when this is built: at noon the plan begins.
    ``turn`` is what the service does with each reading, every 20 s while a mode is in force.
    """

    folder: Path
    plan: Plan | None = None
    prices: Sequence[float] = (0.3,)
    stages: frozenset[Stage] = ACTING
    cfg: Config = field(default_factory=lambda: Config(battery_wear_ct_per_kwh=0.0))
    buffer_soc_pct: float | None = None
    load_kw: float = 1.0
    pv_kw: float = 0.0
    soc_pct: float = 50.0
    load_shares: PhaseValues = (0.5, 0.3, 0.2)
    car_phases: int = 3
    has_car: bool = True
    evcc: dict[str, Any] = field(default_factory=dict)
    """Changes of the simulated evcc's configuration."""
    clock: SteppedClock = field(init=False)
    house: SteadyHouse = field(init=False)
    home: SimulatedHome = field(init=False)
    wire: Wire = field(init=False)
    phases_a: list[PhaseValues] = field(default_factory=list)
    """What the phases carried in each of evcc's intervals [A]."""
    controller: Controller = field(init=False)
    history: HistoryStore = field(init=False)
    ledger: WriteLedger = field(init=False)
    client: EvccClient = field(init=False)
    steering: Steering = field(init=False)
    _is_started: bool = False

    def __post_init__(self) -> None:
        self.clock = SteppedClock(NOON - _LEAD)
        self.house = SteadyHouse(
            self.clock.now(),
            load_kw=self.load_kw,
            pv_kw=self.pv_kw,
            soc_pct=self.soc_pct,
            load_shares=self.load_shares,
            car_phases=self.car_phases,
        )
        config = replace(
            default_options(self.house),
            feed_in_is_fixed=False,
            initial_site={},
            initial_vehicles={GOLF: {"limit_soc_pct": 80}},
        )
        self.home = SimulatedHome(
            plant=self.house,
            market=ToldMarket(self.prices),
            solar=None,
            clock=self.clock,
            options=replace(config, **self.evcc),
        )
        if not self.has_car:
            self.home.unplug(GOLF)
        self.wire = Wire(self.home)
        self.start()
        for stage in self.stages:
            self.controller.set_stage(stage, StageMode.LIVE)
        self.pass_time(_LEAD)

    # -- what SmartLoad does

    def start(self) -> None:
        """Start SmartLoad (again) and let it look; nothing but the disk is remembered."""
        now = self.clock.now
        if self._is_started:
            self.close()
        self._is_started = True
        self.controller = Controller(self.folder / "control.json", now, UTC)
        self.history = HistoryStore(self.folder / "history.db", now=now())
        self.ledger = WriteLedger(self.controller, self.history, now, UTC)
        self.client = EvccClient("http://evcc:7070", guard=self.ledger, transport=self.wire)
        self.steering = Steering(
            cfg=self.cfg,
            controller=self.controller,
            ledger=self.ledger,
            evcc=self.client,
            keeper=ModeKeeper(self.client, now),
            now=now,
        )
        self.turn()
        self.controller.begin()

    def turn(self) -> None:
        """Read evcc, see whose values stand there, and carry out what the plan wants now."""
        now = self.clock.now()
        try:
            site = self.client.read_site(now)
        except SourceError:
            self.controller.evcc_went_away()
            self.steering.pause()
            self.ledger.settle()
            return
        self.controller.note_reading(site, live=self.live, now=now)
        self.ledger.note_reading(site, now)
        if self._owes_all(site):
            for owned in reversed(self.controller.owned):
                self.steering.give_back(owned.lever)
        moment = Moment(
            now=now,
            site=site,
            plan=self.plan,
            plant=PLANT,
            buffer_soc_pct=self.buffer_soc_pct,
            live=self.live,
            meters_add_up=is_balanced(site),
        )
        self.steering.help_car(moment)
        self.steering.steer(moment)
        self.ledger.settle()

    def _owes_all(self, site: SiteSnapshot) -> bool:
        controller = self.controller
        return controller.has_begun and not controller.has_say and not site.automatic_mode

    @property
    def live(self) -> frozenset[Stage]:
        """The stages that act."""
        if not self.controller.has_say:
            return frozenset()
        return frozenset(stage for stage in Stage if self.controller.live_since(stage))

    def stop(self) -> None:
        """Stop as the service does when it is asked to: everything is handed back."""
        for owned in reversed(self.controller.owned):
            self.steering.give_back(owned.lever)

    def close(self) -> None:
        """End what was started."""
        self.client.close()
        self.history.close()

    def ask(self, kind: OverrideKind, device: str = "", **span: float) -> None:
        """Ask for something on the page, for a while from now on."""
        now = self.clock.now()
        override = Override(kind=kind, since=now, until=now + timedelta(**span), device=device)
        self.controller.start_override(override)

    # -- time

    def run(self, **span: float) -> Flowed:
        """Let SmartLoad turn for a while; return what flowed."""
        return self._during(timedelta(**span), is_steered=True)

    def leave_alone(self, **span: float) -> Flowed:
        """Let time pass without SmartLoad, as if its process had died; return what flowed."""
        return self._during(timedelta(**span), is_steered=False)

    def _during(self, span: timedelta, *, is_steered: bool) -> Flowed:
        before, until = self._totals(), self.clock.now() + span
        while self.clock.now() < until:
            if is_steered:
                self.turn()
            self.pass_time(min(KEEP_EVERY / 2, until - self.clock.now()))
            if is_steered:
                # The thread that keeps a mode in force has a rhythm of its own.
                self.steering.keeper.keep()
            self.pass_time(min(KEEP_EVERY / 2, until - self.clock.now()))
        bought, sold, charged, given, car = (
            now - then for now, then in zip(self._totals(), before, strict=True)
        )
        return Flowed(
            bought_kwh=bought,
            sold_kwh=sold,
            charged_kwh=charged,
            given_kwh=given,
            car_kwh=car,
            soc_pct=self.house.reading.batteries[0].soc_pct,
        )

    def pass_time(self, span: timedelta) -> None:
        """Let house and evcc live on, and note what the phases carry."""
        until = self.clock.now() + span
        while self.clock.now() < until:
            # No longer than evcc's interval, so that none of its readings is missed.
            self.clock.move_to(min(until, self.clock.now() + KEEP_EVERY))
            before = self.house.reading
            self.home.tick()
            if self.house.reading is not before:
                self.phases_a.append(self.home.site.grid_currents_a)

    def _totals(self) -> tuple[float, ...]:
        reading = self.house.reading
        (battery,), (charger,) = reading.batteries, reading.chargers
        return (
            reading.grid_import_total_kwh,
            reading.grid_export_total_kwh,
            battery.charged_total_kwh,
            battery.discharged_total_kwh,
            charger.total_kwh,
        )

    # -- what is there

    @property
    def site(self) -> EvccSite:
        """The running evcc."""
        return self.home.site

    @property
    def inverter_mode(self) -> BatteryMode:
        """What the inverter was last told."""
        return self.site.inverter_mode

    @property
    def imposed_mode(self) -> BatteryMode:
        """What is imposed on evcc from outside."""
        return self.site.battery.external_mode

    @property
    def charge_mode(self) -> str:
        """The charge mode in evcc's words."""
        settings = self.site.loadpoints[0].settings
        return self.site.config.version.mode_word(settings.mode, settings.always_charge)

    @property
    def cost_limit(self) -> float | None:
        """The charging point's limit for cheap energy."""
        return self.site.loadpoints[0].settings.smart_cost_limit

    @property
    def boost_limit_pct(self) -> int:
        """Where a boost ends."""
        return self.site.loadpoints[0].settings.boost_limit_pct

    @property
    def is_boosting(self) -> bool:
        """Whether the battery is being emptied into the car."""
        return self.site.loadpoints[0].boost

    @property
    def battery_kw(self) -> float:
        """What the battery gives; negative while it charges."""
        battery = self.house.reading.batteries[0]
        return battery.discharge_kw - battery.charge_kw

    @property
    def car_kw(self) -> float:
        """What the car charges with."""
        return self.house.reading.chargers[0].charge_kw

    @property
    def settings(self) -> dict[str, object]:
        """All of evcc's settings, and what is imposed on it."""
        self.site.settings.note_change()
        self.site.settings.flush()
        return self.site.settings.saved | {
            "batteryMode": (self.site.battery.external, self.imposed_mode),
            "batteryBoost": self.is_boosting,
        }

    def records(self, lever: Lever | None = None) -> list[CommandRecord]:
        """Return what is on record of a lever, or of all, in order."""
        assert self.history.flush()
        found = self.history.read_commands(NOON - _LEAD, self.clock.now() + _LEAD)
        return [record for record in found if lever in {None, record.lever}]


class Build(Protocol):
    """Builds a home that is steered."""

    def __call__(self, **options: Any) -> SteeredHome: ...


def homes_in(folder: Path) -> Iterator[Build]:
    """Yield what builds homes, for a fixture, and end them after the test."""
    built: list[SteeredHome] = []

    def build(**options: Any) -> SteeredHome:
        built.append(SteeredHome(**{"folder": folder} | options))
        return built[-1]

    yield build
    for home in built:
        home.close()
