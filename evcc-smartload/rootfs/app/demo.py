"""The demo: SmartLoad on a simulated home that has ten days behind it and then runs fast.

The past is lived through by the very same cycle code, against the very same evcc interface; only
the clock jumps instead of waiting. Before that evcc recorded a month on its own, to be imported.
What has happened is kept, so the next start goes on from there.
"""

import json
import logging
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import structlog

from clock import Clock, SimulatedClock
from domain.state import DemoStatus
from persistence import StateFile, parse_known_instant
from simulator.default_home import default_home
from simulator.home import SimulatedHome
from simulator.server import EvccServer
from simulator.transport import SimulatorTransport

# A changeable spring: sun, clouds and a few negative prices. Fixed, so that every newcomer sees
# the same days and a report about the demo can be followed.
DEMO_START = datetime(2026, 4, 20, 6, 0, tzinfo=UTC)
PAST = timedelta(days=10)
# What evcc recorded before SmartLoad came: as much as the simulated one keeps beside the ten days.
RECORDED = timedelta(days=30)
LONGEST_BREATH = timedelta(seconds=1)
# A month in steps of an interval of 30 s would take longer than the ten days themselves.
RECORDED_INTERVAL_S = 900.0
# evcc's usual port, so that the simulated one can be looked at where people expect it.
EVCC_PORT = 7070
# Only the cycles: the confidence comes out the same, in three quarters of the time.
POLL_WHILE_FAST_FORWARDING = timedelta(minutes=15)
# A forecast costs more than a simulated quarter hour, and that one is seen by nobody.
FORECAST_WHILE_FAST_FORWARDING = timedelta(hours=6)
SHORTEST_POLL = timedelta(seconds=30)
# At 360 times real time the page still changes about once a second.
REAL_POLL = timedelta(seconds=1)
SAVE_EVERY_REAL_S = 2.0
STATE_VERSION = 1
BAR_CELLS = 40

log = structlog.get_logger("smartload.demo")
_LOGGER = logging.getLogger("smartload")


class DemoTransport(httpx2.BaseTransport):
    """Talks to the simulated evcc directly while the past is lived through, then over HTTP."""

    def __init__(
        self,
        direct: httpx2.BaseTransport,
        *,
        is_direct: Callable[[], bool],
        serve: Callable[[], None],
    ) -> None:
        """Remember both ways; ``serve`` is called before each request over HTTP."""
        self._direct = direct
        self._http = httpx2.HTTPTransport()
        self._is_direct = is_direct
        self._serve = serve

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._is_direct():
            return self._direct.handle_request(request)
        self._serve()
        return self._http.handle_request(request)

    def close(self) -> None:
        self._direct.close()
        self._http.close()


class StandingClock:
    """Tells another clock's time, and lets nobody wait: what is done with it takes no time.

    Who wants to wait for longer than a breath is told to stop: it would wait for ever.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic_s(self) -> float:
        return self._clock.monotonic_s()

    def wait_until(self, instant: datetime, wake: threading.Event) -> bool:
        return wake.is_set() or instant - self.now() > LONGEST_BREATH


class Demo:
    """The simulated home, its evcc on a port of this machine, and its clock."""

    def __init__(self, data_dir: Path, *, seed: int, speed: float, fresh: bool = False) -> None:
        """Continue the home that ``data_dir`` remembers, or begin a new one.

        Args:
            data_dir: Folder of this demo only; cleared when beginning anew. Where it is missing,
                nothing is kept.
            seed: Which home; another seed begins anew.
            speed: Simulated seconds per real second once the past is lived through.
            fresh: Begin anew in any case.
        """
        self._seed = seed
        self._speed = speed
        self._file = StateFile(lambda: data_dir / "home.json", version=STATE_VERSION)
        kept = None if fresh else self._file.load(self._revive, DEMO_START)
        if kept is None:
            for file in data_dir.glob("*.json"):
                file.unlink()
            # The history's file has companions of its own beside it.
            for file in data_dir.glob("*.db*"):
                file.unlink()
        self.clock, self.home = kept or self._begin(DEMO_START, DEMO_START + PAST)
        if kept is None:
            self.home.restore_state(_live_before(DEMO_START, seed))
        self.import_clock = StandingClock(self.clock)
        self._server = _bind_server(self.home)
        self._is_serving = False
        self.evcc_url = self._server.url
        self.transport = DemoTransport(
            SimulatorTransport(self.home),
            is_direct=lambda: self.clock.is_fast_forwarding,
            serve=self._serve,
        )
        log.info(
            "simulated_evcc", url=self.evcc_url, time=self.clock.now().isoformat(), new=kept is None
        )
        self._saved_real_s = self.clock.monotonic_s()
        self._shown_cells = -1
        self._lives_through_past = kept is None
        if self._lives_through_past:
            # Nobody reads a thousand decisions; warnings of the past still come through.
            _LOGGER.setLevel(logging.WARNING)

    def _serve(self) -> None:
        # Only now: serving the past to nobody would cost a fifth of the time it takes to live it.
        if not self._is_serving:
            self._is_serving = True
            self._server.start()

    def status(self) -> DemoStatus:
        """Return the speed and, while the past is lived through, how much of it is."""
        return DemoStatus(speed=self.clock.speed, progress_frac=self._progress_frac())

    def _progress_frac(self) -> float | None:
        if not self.clock.is_fast_forwarding:
            return None
        return round((self.clock.now() - DEMO_START) / PAST, 3)

    def poll(self) -> timedelta:
        """Return how often evcc is looked at between two cycles, in simulated time."""
        if self.clock.is_fast_forwarding:
            return POLL_WHILE_FAST_FORWARDING
        return max(SHORTEST_POLL, REAL_POLL * self.clock.speed)

    def forecast_every(self) -> timedelta:
        """Return how old a forecast may become before there is another one."""
        return FORECAST_WHILE_FAST_FORWARDING if self.clock.is_fast_forwarding else timedelta(0)

    def plan_every(self) -> timedelta | None:
        """Return how old a plan may become; the past is lived through without."""
        return None if self.clock.is_fast_forwarding else timedelta(0)

    def after_cycle(self, now: datetime) -> None:
        """Show the progress, and keep the home so that the next start goes on from here."""
        progress_frac = self._progress_frac()
        if progress_frac is not None:
            self._show_progress(progress_frac)
        elif self._lives_through_past:
            self._lives_through_past = False
            self._show_progress(1.0)
            _LOGGER.setLevel(logging.NOTSET)
        real_s = self.clock.monotonic_s()
        if progress_frac is None and real_s - self._saved_real_s >= SAVE_EVERY_REAL_S:
            self._saved_real_s = real_s
            self.save(now)

    def _show_progress(self, progress_frac: float) -> None:
        cells = int(progress_frac * BAR_CELLS)
        if cells == self._shown_cells:
            return
        self._shown_cells = cells
        if sys.stderr.isatty():
            bar = "█" * cells + "·" * (BAR_CELLS - cells)
            end = "\n" if cells == BAR_CELLS else ""
            sys.stderr.write(f"\rLiving through {PAST.days} days  {bar} {progress_frac:4.0%}{end}")
        elif cells % (BAR_CELLS // 4) == 0:
            sys.stderr.write(f"Living through {PAST.days} days: {progress_frac:.0%}\n")
        sys.stderr.flush()

    def save(self, now: datetime) -> None:
        """Keep the home as it is at ``now``."""
        state = {
            "version": STATE_VERSION,
            "seed": self._seed,
            "now": now.isoformat(),
            "home": self.home.to_state(),
        }
        self._file.save(json.dumps(state))

    def close(self) -> None:
        """Stop the simulated evcc."""
        if not self.clock.is_fast_forwarding:
            self.save(self.clock.now())
        self._server.stop()

    def _begin(self, start: datetime, live_from: datetime) -> tuple[SimulatedClock, SimulatedHome]:
        clock = SimulatedClock(start, speed=self._speed, fast_forward_until=live_from)
        return clock, default_home(seed=self._seed, start=start, clock=clock)

    def _revive(self, raw: dict[str, object]) -> tuple[SimulatedClock, SimulatedHome] | None:
        """Build the kept home; one that does not take its state is set aside as unreadable."""
        now, state = parse_known_instant(raw["now"]), raw["home"]
        if not isinstance(state, dict):
            raise TypeError("home is missing")
        if raw["seed"] != self._seed:
            return None
        clock, home = self._begin(now, now)
        home.restore_state(state)
        return clock, home


def _live_before(start: datetime, seed: int) -> dict[str, object]:
    """Let house and evcc live for a month without SmartLoad; return what that leaves behind."""
    begin = start - RECORDED
    clock = SimulatedClock(begin, speed=1.0, fast_forward_until=start)
    home = default_home(seed=seed, start=begin, clock=clock, interval_s=RECORDED_INTERVAL_S)
    home.advance_to(start)
    return home.to_state()


def _bind_server(home: SimulatedHome) -> EvccServer:
    """Bind the simulated evcc to its usual port, or to a free one when that is taken."""
    try:
        return EvccServer(home, port=EVCC_PORT)
    except OSError:
        return EvccServer(home, port=0)
