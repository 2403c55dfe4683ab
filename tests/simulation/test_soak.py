"""Sixty days of faults, hands and restarts: nothing escapes, no quarter hour is missed."""

import random
from collections import Counter
from collections.abc import MutableMapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import structlog

from domain.horizon import slot_start
from domain.state import CycleKind
from main import run_loop
from simulator.home import SimulatedHome
from tests.support.sim_service import SimService, build_service

BERLIN = ZoneInfo("Europe/Berlin")
# From late August on, so that the autumn clock change lies in it.
START = datetime(2026, 8, 31, 22, 0, tzinfo=UTC)
DAYS = 60
END = START + timedelta(days=DAYS, hours=1)  # local midnight again, an hour later in UTC
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
    {"starting": True},
)
OFF: dict[str, bool | float] = {
    name: 0.0 if name == "slow_s" else False for fault in FAULTS for name in fault
}


class Mischief:
    """Switches faults on and off, restarts evcc and moves its slider, at seeded random times."""

    def __init__(self, home: SimulatedHome, seed: int) -> None:
        self._home = home
        self._random = random.Random(seed)
        self._next = START + timedelta(days=1)
        self._ends: datetime | None = None
        self.counts: Counter[str] = Counter()

    def __call__(self, instant: datetime) -> None:
        if self._ends is not None and instant >= self._ends:
            self._home.faults.set(**OFF)
            self._ends = None
        if instant < self._next or self._ends is not None:
            return
        self._next = instant + timedelta(hours=self._random.uniform(2, 20))
        what = self._random.randrange(len(FAULTS) + 3)
        if what < len(FAULTS):
            fault = FAULTS[what]
            self._home.faults.set(**fault)
            self._ends = instant + timedelta(hours=self._random.uniform(0.2, 8))
            self.counts[next(iter(fault))] += 1
        elif what == len(FAULTS):
            self._home.restart(crash=True)
            self.counts["crash"] += 1
        elif what == len(FAULTS) + 1:
            self._home.restart(lose_settings=True)
            self.counts["lost_settings"] += 1
        else:
            self._home.move_slider("bufferSoc", float(self._random.randrange(10, 80, 5)))
            self.counts["slider"] += 1


class CycleLog:
    """Remembers every cycle and every log line."""

    def __init__(self) -> None:
        self.slots: list[datetime] = []
        self.lines: list[MutableMapping[str, Any]] = []

    def take(self, _: object, __: str, event: MutableMapping[str, Any]) -> str:
        self.lines.append(event)
        raise structlog.DropEvent


def expected_slots(day: date) -> int:
    begin = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
    following = day + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, tzinfo=BERLIN).astimezone(UTC)
    return round((end - begin) / timedelta(minutes=15))


def run_soak(service: SimService, log: CycleLog, until: datetime) -> None:
    parts = service.parts

    def note(now: datetime) -> None:
        if parts.last_cycle is not None and parts.last_cycle.kind is not CycleKind.CHANGE:
            log.slots.append(slot_start(now))

    parts.after_cycle = note
    before = structlog.get_config()
    structlog.configure(processors=[log.take])
    try:
        run_loop(parts, until=until)
    finally:
        structlog.configure(**before)


@pytest.mark.long
def test_sixty_days_of_faults_hands_and_restarts(tmp_path: Path) -> None:
    service = build_service(
        tmp_path,
        start=START,
        poll=timedelta(minutes=15),
        interval_s=60.0,
        battery_min_soc=50,
        # Two months of forecasts in every quarter hour would take ten minutes.
        forecast_every=timedelta(hours=12),
    )
    service.clock.before_moving = mischief = Mischief(service.home, seed=7)
    log = CycleLog()

    run_soak(service, log, END)

    assert len(mischief.counts) >= len(FAULTS), "some fault never came up"
    assert [line for line in log.lines if line["event"] == "cycle_failed"] == []
    by_day = Counter(slot.astimezone(BERLIN).date() for slot in log.slots)
    days = [START.astimezone(BERLIN).date() + timedelta(days=index) for index in range(DAYS)]
    assert {day: by_day[day] for day in days} == {day: expected_slots(day) for day in days}
    assert by_day[date(2026, 10, 25)] == 100
    decisions = [line for line in log.lines if line["event"] == "decision"]
    assert len(decisions) == service.parts.n_cycles
    began = Counter(line["code"] for line in log.lines if line["event"] == "problem_began")
    ended = Counter(line["code"] for line in log.lines if line["event"] == "problem_ended")
    still = Counter(problem.code.value for problem in service.parts.board.problems)
    assert began == ended + still
    unreachable = ("offline", "slow_s", "half_answers", "starting")
    assert began["evcc_unreachable"] == sum(mischief.counts[fault] for fault in unreachable)
    assert began["evcc_unreadable"] == mischief.counts["empty_200"]
    assert began["evcc_automatic_mode"] == mischief.counts["automatic_mode"]


@pytest.mark.parametrize(("day", "n_slots"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100)])
def test_a_day_on_which_the_clock_changes_has_all_its_quarter_hours(
    tmp_path: Path, day: date, n_slots: int
) -> None:
    begin = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
    service = build_service(tmp_path, start=begin, poll=timedelta(minutes=15), interval_s=60.0)
    log = CycleLog()

    run_soak(service, log, until=begin + timedelta(hours=50))

    by_day = Counter(slot.astimezone(BERLIN).date() for slot in log.slots)
    assert by_day[day] == n_slots
    assert by_day[day + timedelta(days=1)] == 96
