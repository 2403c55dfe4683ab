"""Days of faults, hands, buttons and kills on the demo's home, with all stages live.

The owner's cars are to be ready on workdays. Everything that SmartLoad sends is noted on its way to
evcc and compared with its records; in the end evcc's settings have to be exactly the owner's.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import structlog

from config import Config
from domain.control import CommandRecord, EvccSetting, Lever
from domain.site import BatteryMode
from domain.steering import Override, OverrideKind, Stage, StageMode, WriteOutcome
from inbox import AnyWish, EndOverride, SetStage, StartOverride, Wish
from main import build_parts, run_loop
from ownership import hand_back
from parts import Parts
from planner.horizon_planner import TimeLimits
from simulator.default_home import default_options
from simulator.default_house import default_house, default_market, default_solar_provider
from simulator.home import SimulatedHome
from simulator.transport import SimulatorTransport
from site_watch import Evcc
from tests.support.live_home import KilledError
from tests.support.sim_service import EVCC_URL, SteppedClock, installation_at

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
LEARNS = timedelta(days=1)
CALM = timedelta(hours=3)
READY_HOUR, READY_SOC_PCT = 7, 60
SATURDAY = 5
LOADPOINTS = ("lp-1", "lp-2")
FUSE_A, VOLTAGE_KV = 35.0, 0.23
INTERVAL_S = 60.0
FAULTS: tuple[dict[str, bool | float], ...] = (
    {"offline": True},
    {"slow_s": 60.0},
    {"half_answers": True},
    {"wrong_types": True},
    {"empty_200": True},
    {"stale": True},
    {"battery_power_zero": True},
    {"soc_missing": True},
    {"prices_late": True},
    {"no_solar": True},
    {"no_prices": True},
    {"automatic_mode": True},
    {"curtailed": True},
    {"starting": True},
)
OFF: dict[str, bool | float] = {
    name: 0.0 if name == "slow_s" else False for fault in FAULTS for name in fault
}
# While these last evcc itself does not regulate, or does not know what a plan of its own costs.
EXCUSES = frozenset({"stale", "starting", "no_prices", "hand", "evcc_crash", "evcc_restart"})
_PATHS = {
    "batterymode": EvccSetting.BATTERY_MODE,
    "buffersoc": EvccSetting.BUFFER_SOC,
    "smartcostlimit": EvccSetting.SMART_COST_LIMIT,
    "mode": EvccSetting.CHARGE_MODE,
    "alwayscharge": EvccSetting.CHARGE_MODE,
    "batteryboost": EvccSetting.BATTERY_BOOST,
    "batteryboostlimit": EvccSetting.BATTERY_BOOST_LIMIT,
}
_PATH = re.compile(r"/api/(?:loadpoints/(\d)/)?([a-z]+)(?:/.*)?")
_BAD_EVENTS = frozenset(
    {"cycle_failed", "steer_failed", "plan_failed", "forecast_failed", "explain_failed"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A command on its way to evcc."""

    at: datetime
    lever: Lever


@dataclass(slots=True)
class Findings:
    """What came of it; ``wrong`` is empty when everything held."""

    wrong: list[str] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
    departures: int = 0
    excused: int = 0
    commands: int = 0
    per_day: Counter[object] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)


class NotingTransport(httpx2.BaseTransport):
    """Notes what is sent, as long as it changes something."""

    def __init__(self, home: SimulatedHome, note: Callable[[Lever], None]) -> None:
        self._to_home = SimulatorTransport(home)
        self._home, self._note = home, note

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method != "GET":
            path = request.url.path
            found = _PATH.fullmatch(path)
            assert found is not None, path
            number, word = found.groups()
            self._home.tick()
            mode = self._home.site.battery.external_mode
            if path != f"/api/batterymode/{mode.value}":
                device = "" if number is None else LOADPOINTS[int(number) - 1]
                self._note(Lever(setting=_PATHS[word], device=device))
        return self._to_home.handle_request(request)


def build_home(seed: int, start: datetime, clock: SteppedClock) -> SimulatedHome:
    """Return the demo's home, with cars that are to be ready on workdays."""
    plant = default_house(seed, start)
    options = default_options(plant)
    wish = {
        "weekdays": [1, 2, 3, 4, 5],
        "time": f"{READY_HOUR:02}:00",
        "tz": "Europe/Berlin",
        "soc": READY_SOC_PCT,
        "active": True,
    }
    vehicles = {
        name: row | {"repeating_plans": [wish]} for name, row in options.initial_vehicles.items()
    }
    return SimulatedHome(
        plant=plant,
        market=default_market(seed),
        solar=default_solar_provider(plant),
        clock=clock,
        options=replace(options, initial_vehicles=vehicles, interval_s=INTERVAL_S),
    )


class Soak:
    """One home, one owner, and what befalls them."""

    def __init__(self, folder: Path, *, days: float, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.clock = SteppedClock(START)
        self.home = build_home(seed, START, self.clock)
        self.until = START + LEARNS + timedelta(days=days)
        self.found = Findings()
        self.owner: dict[str, object] = self.settings()
        self.sent: list[Sent] = []
        self.lines: Counter[str] = Counter()
        self.happened: list[tuple[datetime, str]] = []
        self._events = False
        self._next = START
        self._ends: datetime | None = None
        self._plugged: dict[int, tuple[datetime, str, float]] = {}
        self._over_fuse = 0
        self.parts = self.build()

    # -- the service

    def build(self) -> Parts:
        """Build the service (again); nothing but the disk is remembered."""
        parts = build_parts(
            Config(battery_to_car=True, plan_hours=24),
            installation_at(self.clock.now()),
            clock=self.clock,
            evcc_at=Evcc(url=EVCC_URL, transport=NotingTransport(self.home, self._note)),
            data_dir=self.folder,
            plan_limits=TimeLimits(plan_s=0.3, explain_s=0.0),
        )
        return replace(
            parts,
            poll=lambda: timedelta(minutes=5),
            forecast_every=lambda: timedelta(hours=4),
            plan_every=lambda: timedelta(hours=1) if self._events else None,
        )

    def _note(self, lever: Lever) -> None:
        controller = self.parts.controller
        now = self.clock.now()
        self.sent.append(Sent(at=now, lever=lever))
        if controller._handing_back:
            return
        if not controller.has_say:
            self._complain(f"{lever} was sent although somebody else has the say")
        if controller.hold_on(lever) is not None:
            self._complain(f"{lever} was sent although it is in the owner's hand")

    def _complain(self, what: str) -> None:
        self.found.wrong.append(f"{self.clock.now():%Y-%m-%d %H:%M:%S} {what}")

    # -- living

    def run(self) -> Findings:
        """Live through all of it, and look at the end."""
        before = structlog.get_config()
        structlog.configure(processors=[self._take])
        try:
            run_loop(self.parts, until=START + LEARNS)
            self._let_act()
            self._events = True
            self._next = self.clock.now() + timedelta(hours=1)
            self.clock.before_moving = self._before_moving
            self._live_until(self.until)
            self._events = False
            self.home.faults.set(**OFF)
            self._events = True
            self._next = self.until + timedelta(days=99)
            self.parts.inbox.put(Wish.TAKE_CONTROL)
            self._live_until(self.until + CALM)
            self.parts.inbox.stop()
            hand_back(self.parts)
        finally:
            structlog.configure(**before)
        self._judge()
        self.parts.memory.close(10.0)
        return self.found

    def _let_act(self) -> None:
        assert self.parts.buffer_calc is not None
        self.parts.buffer_calc.activate_live()
        for stage in (Stage.BATTERY, Stage.CARS):
            self.parts.controller.set_stage(stage, StageMode.LIVE)

    def _live_until(self, end: datetime) -> None:
        while self.clock.now() < end:
            try:
                run_loop(self.parts, until=end)
            except KilledError:
                self.parts.steering.keeper.let_go()
                self.parts.evcc.close()
                self.parts.memory.close(10.0)
                self.parts = self.build()

    def _take(self, _: object, __: str, event: MutableMapping[str, Any]) -> str:
        name = str(event["event"])
        self.lines[name] += 1
        if name in _BAD_EVENTS:
            self._complain(f"{name}: {event.get('exc_info') or event.get('error')!r}")
        raise structlog.DropEvent

    def _before_moving(self, instant: datetime) -> None:
        self._watch(instant)
        if self._ends is not None and instant >= self._ends:
            self.home.faults.set(**OFF)
            self._ends = None
        if instant < self._next or self._ends is not None:
            return
        self._next = instant + timedelta(hours=self.random.uniform(0.5, 6))
        what = self.random.choice((*range(len(FAULTS)), *(range(100, 111))))
        if what < len(FAULTS):
            fault = FAULTS[what]
            self.home.faults.set(**fault)
            self._ends = instant + timedelta(hours=self.random.uniform(0.1, 5))
            self._mark(instant, next(iter(fault)))
            self.happened.append((self._ends, next(iter(fault))))
            return
        self._befall(what, instant)

    def _mark(self, instant: datetime, what: str) -> None:
        self.found.events[what] += 1
        self.happened.append((instant, what))

    def _befall(self, what: int, instant: datetime) -> None:
        """Let something befall SmartLoad, evcc or the settings."""
        draw = self.random
        device = draw.randrange(len(LOADPOINTS)) + 1
        match what:
            case 100:
                self._mark(instant, "killed")
                raise KilledError
            case 101 | 102:
                is_crash = what == 101
                self._mark(instant, "evcc_crash" if is_crash else "evcc_restart")
                self.home.restart(crash=is_crash)
            case 103:
                self._hand(instant, "bufferSoc", float(draw.randrange(20, 80, 5)))
            case 104:
                limit = draw.choice((None, 0.15, 0.2, 0.25))
                self._hand(instant, f"loadpoints/{device}/smartCostLimit", limit)
            case 105:
                self._hand(instant, f"loadpoints/{device}/mode", draw.choice(("pv", "pv", "off")))
            case _:
                self._press(instant, self._button(what, instant))

    def _button(self, what: int, instant: datetime) -> AnyWish:
        """Return what the owner presses on the page."""
        draw = self.random
        match what:
            case 106:
                return self._charge_now(instant)
            case 107:
                return self._asked(OverrideKind.KEEP_FULL, instant, 10)
            case 108:
                self.happened.append((instant + timedelta(hours=20), "hand"))
                return self._asked(OverrideKind.HOLIDAY, instant, 20)
            case 109:
                return draw.choice((Wish.RELEASE, Wish.TAKE_CONTROL))
            case _:
                stage = draw.choice((Stage.BATTERY, Stage.CARS))
                mode = draw.choice((StageMode.LIVE, StageMode.LIVE, StageMode.OBSERVING))
                return SetStage(stage=stage, mode=mode)

    def _hand(self, instant: datetime, setting: str, value: float | str | None) -> None:
        try:
            self.home.move_slider(setting, value)
        except ValueError:
            return
        self.owner[setting] = value
        self._mark(instant, "hand")
        self.happened.append((instant + timedelta(hours=24), "hand"))

    def _charge_now(self, instant: datetime) -> AnyWish:
        device = self.random.choice(LOADPOINTS)
        if self.random.random() < 0.2:
            return EndOverride(kind=OverrideKind.CHARGE_NOW, device=device)
        wish = self._asked(OverrideKind.CHARGE_NOW, instant, 1.5)
        return StartOverride(override=replace(wish.override, device=device))

    @staticmethod
    def _asked(kind: OverrideKind, instant: datetime, hours: float) -> StartOverride:
        until = instant + timedelta(hours=hours)
        return StartOverride(override=Override(kind=kind, since=instant, until=until))

    def _press(self, instant: datetime, wish: AnyWish) -> None:
        name = wish.value if isinstance(wish, Wish) else type(wish).__name__
        self._mark(instant, name)
        self.parts.inbox.put(wish)

    # -- watching

    def _watch(self, instant: datetime) -> None:
        """See who left how full, and whether a phase stays above the fuse while we buy."""
        self.home.advance_to(instant)
        reading = self.home.plant.reading
        for position, charger in enumerate(reading.chargers):
            before = self._plugged.get(position)
            if charger.connected and charger.car_name and charger.car_soc_pct is not None:
                if before is None or before[1] != charger.car_name:
                    before = (instant, charger.car_name, charger.car_soc_pct)
                self._plugged[position] = (before[0], charger.car_name, charger.car_soc_pct)
            elif before is not None and not charger.connected:
                del self._plugged[position]
                self._left(instant, *before)
        buys = self.home.site.battery.external_mode is BatteryMode.CHARGE
        most_a = max(reading.grid_phases_kw) / VOLTAGE_KV
        self._over_fuse = self._over_fuse + 1 if buys and most_a > FUSE_A else 0
        if self._over_fuse > 6:
            self._complain(f"{most_a:.0f} A on a phase while the battery buys")

    def _left(self, instant: datetime, since: datetime, car: str, soc_pct: float) -> None:
        local = instant.astimezone(BERLIN)
        if local.weekday() >= SATURDAY or not READY_HOUR <= local.hour < READY_HOUR + 2:
            return
        self.found.departures += 1
        if soc_pct >= READY_SOC_PCT - 2.0:
            return
        capacity_kwh = next(one.capacity_kwh for one in self.home.plant.cars if one.name == car)
        missing_kwh = (READY_SOC_PCT - soc_pct) / 100.0 * capacity_kwh
        could_kwh = (instant - since).total_seconds() / 3600.0 * 3.6 * 0.9
        is_excused = any(since <= at <= instant + timedelta(hours=24) and what in EXCUSES
                         for at, what in self.happened)  # fmt: skip
        if missing_kwh > could_kwh or is_excused:
            self.found.excused += 1
        else:
            self._complain(f"{car} left with {soc_pct:.0f} %")

    # -- the end

    def settings(self) -> dict[str, object]:
        """Return what evcc holds that SmartLoad may change."""
        site = self.home.site.settings.site
        found: dict[str, object] = {"bufferSoc": site.buffer_soc_pct}
        for number, one in enumerate(self.home.site.settings.loadpoints, start=1):
            found[f"loadpoints/{number}/mode"] = one.mode
            found[f"loadpoints/{number}/smartCostLimit"] = one.smart_cost_limit
            found[f"loadpoints/{number}/batteryBoostLimit"] = one.boost_limit_pct
        return found

    def _judge(self) -> None:
        self.home.advance_to(self.clock.now() + timedelta(minutes=3))
        held = self.settings()
        for setting, value in self.owner.items():
            if held[setting] != value:
                self._complain(f"{setting} is {held[setting]} and was {value}")
        if self.home.site.battery.external_mode is not BatteryMode.UNKNOWN:
            self._complain("a battery mode is still imposed")
        if self.home.site.inverter_mode not in {BatteryMode.UNKNOWN, BatteryMode.NORMAL}:
            self._complain(f"the inverter is in {self.home.site.inverter_mode}")
        if self.parts.controller.owned:
            self._complain(f"owed: {self.parts.controller.owned}")
        history = self.parts.memory.history
        history.flush(30.0)
        records = history.read_commands(START, self.clock.now() + timedelta(hours=1))
        self._explain(records)

    def _explain(self, records: tuple[CommandRecord, ...]) -> None:
        on_record = Counter((one.lever, one.at.replace(microsecond=0)) for one in records)
        for sent in self.sent:
            if not on_record[sent.lever, sent.at.replace(microsecond=0)]:
                self._complain(f"{sent.lever} was sent at {sent.at} and is on no record")
        taken = {WriteOutcome.SENT, WriteOutcome.CONFIRMED, WriteOutcome.NOT_CONFIRMED}
        for one in records:
            self.found.kinds[f"{one.reason.code.value} {one.outcome.value}"] += 1
            if one.outcome in taken:
                self.found.per_day[one.at.astimezone(BERLIN).date()] += 1
        self.found.commands = sum(self.found.per_day.values())
