"""SmartLoad's own parts on a simulated home in the same process; time is moved, not waited for."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from config import Config
from main import build_parts
from parts import Installation, Parts
from planner.horizon_planner import TimeLimits
from simulator.default_home import default_home
from simulator.home import SimulatedHome
from simulator.transport import SimulatorTransport
from site_watch import Evcc

EVCC_URL = "http://evcc.test:7070"
# Explaining a plan takes many times what planning takes, and few tests look at it.
UNEXPLAINED = TimeLimits(plan_s=60.0, explain_s=0.0)
# The limits are real time, whatever a test's clock says: where a plan is looked at, a busy machine
# must not find another one.
UNHURRIED = TimeLimits(plan_s=60.0, explain_s=60.0, alternative_s=60.0)
# Where a plan is not looked at, whatever is found at once will do.
AT_ONCE = TimeLimits(plan_s=0.05, explain_s=0.0)
UNPLANNED = timedelta(minutes=1)


class SteppedClock:
    """A clock whose waits return at once, with the time moved to the instant waited for.

    ``before_moving`` is told each instant before the clock goes there: the place where a test lets
    things happen.
    """

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._real_s = 0.0
        self.before_moving: Callable[[datetime], None] = lambda _: None

    def now(self) -> datetime:
        return self._now

    def move_to(self, instant: datetime) -> None:
        """Let time pass, or jump back."""
        self._real_s += max(0.0, (instant - self._now).total_seconds())
        self._now = instant

    def monotonic_s(self) -> float:
        return self._real_s

    def wait_until(self, instant: datetime, wake: threading.Event) -> bool:
        if wake.is_set():
            return True
        self.before_moving(instant)
        if wake.is_set():
            return True
        if instant > self._now:
            self.move_to(instant)
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class SimService:
    """A service on a simulated home."""

    parts: Parts
    home: SimulatedHome
    clock: SteppedClock


def installation_at(now: datetime) -> Installation:
    return Installation(
        started_at=now, config_problems=(), options_path="test.yaml", fixed_zone=None
    )


def build_service(  # noqa: PLR0913  # what a test may want to vary, each by its name
    data_dir: Path,
    *,
    start: datetime,
    clock: SteppedClock | None = None,
    home: SimulatedHome | None = None,
    seed: int = 1,
    battery_min_soc: int = 30,
    poll: timedelta = timedelta(minutes=5),
    interval_s: float = 30.0,
    forecast_every: timedelta = timedelta(0),
    plan_every: timedelta | None = None,
    plan_limits: TimeLimits = AT_ONCE,
) -> SimService:
    """Build the parts as ``main`` does, on a home that may have been running before.

    A forecast costs more than all the rest of a cycle; weeks of simulated time do with a few a
    day (``forecast_every``). Then nothing is planned, which costs more still, unless it is told how
    often (``plan_every``); ``UNPLANNED`` is for a forecast in every cycle and no plan.
    """
    if plan_every is None and forecast_every == timedelta(0):
        plan_every = timedelta(0)
    clock = clock or SteppedClock(start)
    home = home or default_home(seed=seed, start=start, clock=clock, interval_s=interval_s)
    parts = build_parts(
        Config(battery_min_soc=battery_min_soc),
        installation_at(clock.now()),
        clock=clock,
        evcc_at=Evcc(url=EVCC_URL, transport=SimulatorTransport(home)),
        data_dir=data_dir,
        plan_limits=plan_limits,
    )
    parts = replace(
        parts,
        poll=lambda: poll,
        forecast_every=lambda: forecast_every,
        plan_every=lambda: plan_every,
    )
    return SimService(parts=parts, home=home, clock=clock)
