"""The real service on a simulated home, with its loop in a thread and its page on a port.

Time stands still until a test moves it; the loop then does what is due, as it would in real time,
and the test goes on when that is done. Only what the page makes of it is still to be waited for.
"""

import shutil
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from config import Config
from domain.config_problem import ConfigProblem
from dynamic_buffer import DynamicBufferCalc
from main import build_parts, run_loop
from ownership import hand_back
from parts import Parts
from planner.horizon_planner import TimeLimits
from simulator.default_home import default_home
from simulator.home import SimulatedHome
from simulator.transport import SimulatorTransport
from site_watch import Evcc
from tests.support.sim_service import (
    EVCC_URL,
    UNEXPLAINED,
    SteppedClock,
    build_service,
    installation_at,
)
from tests.support.web_service import TIMEOUT_S, FromPeer
from web.access import AccessRules
from web.app import WebParts, create_app
from web.server import WebServer

# A sunny noon, local time 13:00: the forecast can be trusted and prices are known until midnight.
NOON = datetime(2026, 4, 24, 11, 0, tzinfo=UTC)
POLL = timedelta(seconds=30)
_LOOK_S = 0.005


class HeldClock(SteppedClock):
    """A clock whose waits end when a test has moved it there, or when the waiter is woken."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._came_to_wait = threading.Condition()
        self._waits_until: datetime | None = None
        self._wake = threading.Event()

    def wait_until(self, instant: datetime, wake: threading.Event) -> bool:
        with self._came_to_wait:
            self._waits_until, self._wake = instant, wake
            self._came_to_wait.notify_all()
        try:
            while self.now() < instant:
                if wake.wait(_LOOK_S):
                    return True
            return wake.is_set()
        finally:
            self._waits_until = None

    def _is_waited_at(self) -> bool:
        instant = self._waits_until
        return instant is not None and self.now() < instant and not self._wake.is_set()

    def let_finish(self) -> None:
        """Return when the waiter has done everything that was due, and waits again."""
        with self._came_to_wait:
            assert self._came_to_wait.wait_for(self._is_waited_at, TIMEOUT_S), "the loop hangs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a service and its home had come to at ``at``."""

    at: datetime
    data_dir: Path
    home: dict[str, object]


def live_through(data_dir: Path, *, until: datetime, duration: timedelta, live: bool) -> Past:
    """Let a service decide for a while; ``live`` lets the owner go live at half time."""
    service = build_service(
        data_dir,
        start=until - duration,
        poll=timedelta(minutes=15),
        forecast_every=timedelta(hours=2),
    )
    if live:
        run_loop(service.parts, until=until - duration / 2)
        assert service.parts.buffer_calc is not None
        service.parts.buffer_calc.activate_live()
    run_loop(service.parts, until=until)
    service.parts.memory.close(TIMEOUT_S)
    return Past(at=until, data_dir=data_dir, home=service.home.to_state())


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How the service is installed."""

    rules: AccessRules = field(default_factory=lambda: AccessRules(is_app=False))
    peer: str | None = None
    """Address that every request seems to come from; None leaves it as it is."""
    config_problems: tuple[ConfigProblem, ...] = ()
    start: datetime = NOON
    plan_limits: TimeLimits = UNEXPLAINED


class ServedHome:
    """A service that can be stopped and started again, and the home it works for."""

    def __init__(
        self, data_dir: Path, past: Past | None = None, setting: Setting | None = None
    ) -> None:
        self._setting = setting or Setting()
        self._data_dir = data_dir
        start = self._setting.start if past is None else past.at
        self.clock = HeldClock(start)
        self.home: SimulatedHome = default_home(seed=1, start=start, clock=self.clock)
        data_dir.mkdir(parents=True, exist_ok=True)
        if past is not None:
            shutil.copytree(past.data_dir, data_dir, dirs_exist_ok=True)
            self.home.restore_state(past.home)
        self.port = 0
        self._parts: Parts | None = None
        self._web: WebServer | None = None
        self._loop: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The page's address on this machine."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def buffer(self) -> DynamicBufferCalc:
        """The running calculator."""
        assert self._parts is not None
        assert self._parts.buffer_calc is not None
        return self._parts.buffer_calc

    @property
    def buffer_in_evcc_pct(self) -> float:
        """What evcc holds as ``bufferSoc`` [%]."""
        value = self.home.flat_state()["bufferSoc"]
        assert isinstance(value, int | float)
        return value

    def move(self, duration: timedelta) -> None:
        """Let time pass, and the loop do what is due then.

        The clock moves only while the loop waits: moved in the middle of a turn, it would make the
        loop count its next poll from the new time, which never comes.
        """
        if self._loop is None:
            self.clock.move_to(self.clock.now() + duration)
            return
        self.clock.let_finish()
        self.clock.move_to(self.clock.now() + duration)
        self.clock.let_finish()

    def start(self) -> None:
        """Start, on the port of the last time if there was one; return after the first cycle."""
        setting = self._setting
        parts = build_parts(
            Config(battery_min_soc=30),
            replace(installation_at(self.clock.now()), config_problems=setting.config_problems),
            clock=self.clock,
            evcc_at=Evcc(url=EVCC_URL, transport=SimulatorTransport(self.home)),
            data_dir=self._data_dir,
            plan_limits=setting.plan_limits,
        )
        self._parts = replace(parts, poll=lambda: POLL)
        self._web = self._serve(self._parts)
        self.port = self._web.port
        self._loop = threading.Thread(target=run_loop, args=(self._parts,), daemon=True)
        self._web.start()
        self._loop.start()
        self.clock.let_finish()

    def _serve(self, parts: Parts) -> WebServer:
        app = create_app(
            WebParts(
                store=parts.store,
                inbox=parts.inbox,
                heartbeat=parts.heartbeat,
                clock=parts.clock,
                rules=self._setting.rules,
                buffer=lambda: parts.buffer_calc,
                risk_buffer=lambda: None if parts.risk is None else parts.risk.calc,
                writes=parts.memory.history.read_commands,
            )
        )
        if self._setting.peer is not None:
            app.add_middleware(FromPeer, peer=self._setting.peer)
        return WebServer(app, host="127.0.0.1", port=self.port)

    def stop(self) -> None:
        """Stop as on SIGTERM: the owner's values go back, then the page goes."""
        assert self._parts is not None
        assert self._loop is not None
        assert self._web is not None
        self._parts.inbox.stop()
        self._loop.join(TIMEOUT_S)
        self._loop = None
        hand_back(self._parts)
        self._web.stop(TIMEOUT_S)
        self._parts.memory.close(TIMEOUT_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
