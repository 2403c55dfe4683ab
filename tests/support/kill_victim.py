"""A real SmartLoad process that a test kills: started once, it forks a service per command.

Reads lines ``{"data": folder, "evcc": url, "now": ISO time, "seed": n}`` from standard input. For
each it forks a child that runs SmartLoad's own loop as fast as it can, and writes what was shown:
first ``{"pid": n}``, then a line for each cycle and for each thing the owner did. When the child is
dead ``{"dead": n}`` follows.
"""

import importlib
import json
import os
import random
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import structlog

from config import Config
from holiday_calendar import find_calendar
from main import build_parts, run_loop
from parts import Installation, Parts
from site_watch import Evcc
from tests.support.sim_service import SteppedClock

LONGEST_LIFE = timedelta(days=10)


class TimedTransport(httpx2.BaseTransport):
    """Tells the simulated evcc what time it is in this process."""

    def __init__(self, clock: SteppedClock) -> None:
        self._clock = clock
        self._http = httpx2.HTTPTransport(verify=False)  # evcc speaks plain HTTP here

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["X-Now"] = self._clock.now().isoformat()
        return self._http.handle_request(request)


def say(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def live(order: dict[str, str | int]) -> None:
    clock = SteppedClock(datetime.fromisoformat(str(order["now"])))
    parts = build_parts(
        Config(battery_min_soc=40),
        Installation(started_at=clock.now(), config_problems=(), options_path="", fixed_zone=None),
        clock=clock,
        evcc_at=Evcc(url=str(order["evcc"]), transport=TimedTransport(clock)),
        data_dir=Path(str(order["data"])),
    )
    owner = random.Random(order["seed"])
    parts = replace(
        parts,
        poll=lambda: timedelta(minutes=15),
        # With one in every cycle there would be little else to be killed in.
        forecast_every=lambda: timedelta(hours=1),
        plan_every=lambda: None,
        after_cycle=lambda _: be_seen(parts, owner),
    )
    run_loop(parts, until=clock.now() + LONGEST_LIFE)


def be_seen(parts: Parts, owner: random.Random) -> None:
    """Say what the page shows after a cycle, and let the owner press a button now and then."""
    calculator = parts.buffer_calc
    assert calculator is not None
    shown = parts.store.snapshot()["buffer_result"]
    assert isinstance(shown, dict)
    say(
        now=parts.clock.now().isoformat(),
        last_event=shown["log_recent"][-1]["ts"],
        mode=shown["mode"],
        buffer_pct=shown["current_buffer_pct"],
    )
    match owner.randrange(6):
        case 0:
            calculator.activate_live()
            say(did="activate")
        case 1:
            calculator.extend_observation(owner.randrange(20, 90))
            say(did="extend")
        case _:
            pass


def keep_quiet(*_: object) -> str:
    raise structlog.DropEvent


def load_what_a_service_loads_later() -> None:
    """Load it once, so that it does not take most of every life."""
    for name in ("dynamic_buffer", "numpy.ma"):
        importlib.import_module(name)
    find_calendar("DE", None)
    httpx2.HTTPTransport(verify=False).close()


def main() -> None:
    structlog.configure(processors=[keep_quiet])
    load_what_a_service_loads_later()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            say(pid=os.getpid())
            live(order)
            os._exit(0)
        os.waitpid(pid, 0)
        say(dead=pid)


if __name__ == "__main__":
    main()
