"""What happens while SmartLoad acts: cars come, evcc restarts, clocks jump, processes die."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config import Config
from domain.control import BATTERY_MODE, InCharge
from domain.plan import Plan
from domain.site import BatteryMode
from domain.steering import (
    ControlLevel,
    OverrideKind,
    Stage,
    StageMode,
    WriteOutcome,
)
from inbox import EndOverride, SetStage, Wish
from tests.support.live_home import OWNERS, Break, KilledError, LiveHome, steady_home
from tests.support.sim_service import SteppedClock
from tests.support.steady_house import GOLF
from tests.support.told_plan import CAR, NOON, told_plan

LOAD_KWH = 0.25
FULL_KWH = 2.76
HOUR = timedelta(hours=1)
LEAD = timedelta(minutes=1)
EVCC_INTERVAL = timedelta(seconds=30)


def keeping() -> Plan:
    """Return a plan in which the battery keeps its energy."""
    return told_plan(16, load=LOAD_KWH)


def serving() -> Plan:
    """Return a plan in which nothing is to be imposed."""
    return told_plan(16, load=LOAD_KWH, discharge=LOAD_KWH)


def charging() -> Plan:
    """Return a plan in which energy is bought for the car."""
    return told_plan(8, load=LOAD_KWH, discharge=LOAD_KWH, cars={CAR: FULL_KWH}, buy=0.12)


def helping() -> Plan:
    """Return a plan in which the battery serves house and car."""
    return told_plan(
        8,
        load=LOAD_KWH,
        discharge=1.0,
        start_kwh=6.0,
        cars={CAR: 1.0 - LOAD_KWH},
        buy=0.4,
        marginal=(0.4, *[0.15] * 7),
    )


class Build:
    """Builds homes in which SmartLoad acts, and ends what is left of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._built: list[LiveHome] = []

    def __call__(self, plan: Plan | None, *, soc_pct: float = 50.0, **options: Any) -> LiveHome:
        folder = self._folder / str(len(self._built))
        folder.mkdir()
        clock = options.pop("clock", None) or SteppedClock(NOON - LEAD)
        shared = options.pop("shared", None) or steady_home(clock, soc_pct=soc_pct)
        cfg = Config(battery_to_car=True, plan_hours=24, battery_wear_ct_per_kwh=0.0)
        live = LiveHome(folder=folder, plan=plan, clock=clock, shared=shared, cfg=cfg, **options)
        self._built.append(live)
        return live

    def close(self) -> None:
        for live in self._built:
            live.kill()


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    builder = Build(tmp_path)
    yield builder
    builder.close()


Phase = Callable[[Build], LiveHome]


def mode_imposed(build: Build) -> LiveHome:
    live = build(keeping())
    live.act()
    assert "batteryMode" in live.owned()
    return live


def limit_set(build: Build) -> LiveHome:
    live = build(charging())
    live.act()
    assert "smartCostLimit" in live.owned()
    return live


def boost_on(build: Build) -> LiveHome:
    live = build(helping(), soc_pct=60.0)
    live.act()
    assert "batteryBoost" in live.owned()
    return live


def charging_now(build: Build) -> LiveHome:
    live = build(keeping())
    live.act()
    live.ask(OverrideKind.CHARGE_NOW, CAR, minutes=90)
    live.turn()
    live.run(minutes=1)
    assert live.settings()["mode"] == "now"
    return live


phases = pytest.mark.parametrize("phase", [mode_imposed, limit_set, boost_on, charging_now])


# A car comes


def test_a_car_that_is_plugged_in_is_charged_as_planned_with_the_next_look(build: Build) -> None:
    live = build(None)
    live.home.unplug(GOLF)
    live.act()
    live.wire.forget()

    live.home.plug_in(GOLF)
    live.pass_time(EVCC_INTERVAL)
    live.beat()

    assert live.settings()["smartCostLimit"] is not None
    assert live.records()[-1].at == live.clock.now()


def test_a_car_that_leaves_takes_its_limit_with_it_with_the_next_look(build: Build) -> None:
    live = build(None)
    live.act()
    assert live.settings()["smartCostLimit"] is not None

    live.home.unplug(GOLF)
    live.pass_time(EVCC_INTERVAL)
    live.beat()

    assert live.settings()["smartCostLimit"] is None


# Two SmartLoads


def together(first: LiveHome, second: LiveHome, minutes: int) -> None:
    """Let both turn in turns, each every 20 s."""
    for _ in range(3 * minutes):
        for one, other in ((first, second), (second, first)):
            one.pass_time(timedelta(seconds=10))
            other.parts.steering.keeper.keep_if_due()
            one.turn()


@pytest.mark.parametrize("starts", [0, 1], ids=["one after the other", "at once"])
def test_of_two_smartloads_one_steps_back_within_a_minute(build: Build, starts: int) -> None:
    first = build(keeping())
    second_plan = told_plan(16, load=LOAD_KWH, charge=1.0)
    if starts:
        second = build(second_plan, clock=first.clock, shared=first.home)
    else:
        first.act()
        second = build(second_plan, clock=first.clock, shared=first.home)

    together(first, second, minutes=1)
    changes = [len(one.wire.changes()) for one in (first, second)]
    together(first, second, minutes=3)

    holders = [one for one in (first, second) if "batteryMode" in one.owned()]
    assert len(holders) == 1
    assert [len(one.wire.changes()) for one in (first, second)] == changes


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=str)
@pytest.mark.parametrize("plan", [keeping, charging, helping])
def test_when_two_smartloads_have_stopped_everything_is_the_owners(
    build: Build, order: tuple[int, int], plan: Callable[[], Plan]
) -> None:
    first = build(plan(), soc_pct=60.0)
    first.act()
    second = build(plan(), clock=first.clock, shared=first.home)
    together(first, second, minutes=2)

    one, other = ((first, second)[number] for number in order)
    one.stop()
    for _ in range(6):
        other.beat(timedelta(seconds=20))
    other.stop()
    other.pass_time(timedelta(minutes=1))

    assert first.settings() == OWNERS
    assert first.site.inverter_mode in {BatteryMode.NORMAL, BatteryMode.UNKNOWN}


# evcc restarts in the middle of a command


@pytest.mark.parametrize("how", [Break.BEFORE, Break.AFTER])
@pytest.mark.parametrize("crash", [False, True], ids=["stopped", "crashed"])
@pytest.mark.parametrize("lever", ["buffersoc", "batterymode", "smartcostlimit"])
def test_an_evcc_that_restarts_in_the_middle_of_a_command_is_nobodys_hand(
    build: Build, how: Break, lever: str, *, crash: bool
) -> None:
    live = build(None)
    hit: list[str] = []

    def break_once(path: str) -> Break | None:
        if lever not in path or hit:
            return None
        hit.append(path)
        if how is Break.BEFORE:
            live.home.restart(crash=crash)
        return how

    def restart_after(path: str) -> None:
        if hit == [path] and how is Break.AFTER:
            live.home.restart(crash=crash)
            hit.append("restarted")

    live.wire.breaks, live.wire.after_command = break_once, restart_after
    live.beat(LEAD)
    assert hit
    # The buffer is decided each quarter hour.
    for _ in range(17):
        live.beat(LEAD)

    assert live.owned() == {"bufferSoc", "batteryMode", "smartCostLimit"}
    assert live.parts.controller.holds == ()
    live.stop()
    live.pass_time(timedelta(minutes=1))
    assert live.settings() == OWNERS


# kill -9


@phases
def test_the_first_cycle_after_a_kill_writes_nothing(build: Build, phase: Phase) -> None:
    live = phase(build)

    live.kill()
    live.start()

    assert live.wire.commands == []


@phases
@pytest.mark.parametrize("pause", [timedelta(seconds=30), timedelta(minutes=10)], ids=str)
def test_the_next_start_goes_on_with_what_is_still_wanted(
    build: Build, phase: Phase, pause: timedelta
) -> None:
    live = phase(build)
    before = live.owned()

    live.kill()
    live.pass_time(pause)
    live.start()
    live.run(minutes=1)

    assert live.owned() == before
    assert live.parts.controller.holds == ()


@phases
@pytest.mark.parametrize("pause", [timedelta(seconds=30), timedelta(minutes=10)], ids=str)
def test_the_next_start_gives_back_what_nothing_wants_any_more(
    build: Build, phase: Phase, pause: timedelta
) -> None:
    live = phase(build)

    live.kill()
    live.pass_time(pause)
    live.plan = serving()
    live.start()
    live.parts.inbox.put(EndOverride(kind=OverrideKind.CHARGE_NOW, device=CAR))
    live.turn()
    live.run(minutes=2)

    assert live.settings() == OWNERS | {"bufferSoc": live.settings()["bufferSoc"]}
    assert live.site.inverter_mode in {BatteryMode.NORMAL, BatteryMode.UNKNOWN}
    assert live.owned() <= {"bufferSoc"}


@pytest.mark.parametrize("how", [Break.DIES_BEFORE, Break.DIES_AFTER])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_kill_in_the_middle_of_a_command_leaves_nothing_behind(
    build: Build, how: Break, number: int
) -> None:
    live = build(None)
    sent: list[str] = []

    def die(path: str) -> Break | None:
        sent.append(path)
        return how if len(sent) == number + 1 else None

    live.wire.breaks = die
    with pytest.raises(KilledError):
        live.act()

    live.kill()
    live.start()
    live.run(minutes=1)
    live.stop()
    live.pass_time(timedelta(minutes=1))

    assert live.settings() == OWNERS


# Clocks


def with_clock_of_its_own(build: Build, phase: Phase) -> tuple[LiveHome, SteppedClock]:
    """Return a home in a phase whose SmartLoad has a clock that may go wrong."""
    own = SteppedClock(NOON - LEAD)

    class Skewed(Build):
        def __call__(self, plan: Plan | None, *, soc_pct: float = 50.0, **_: Any) -> LiveHome:
            return build(plan, soc_pct=soc_pct, own_clock=own)

    return phase(Skewed(Path())), own


@pytest.mark.parametrize("back", [HOUR, timedelta(days=365)], ids=["an hour", "a year"])
@pytest.mark.parametrize("phase", [mode_imposed, limit_set, boost_on])
def test_a_clock_that_goes_back_costs_nothing_once_it_is_right(
    build: Build, phase: Phase, back: timedelta
) -> None:
    live, own = with_clock_of_its_own(build, phase)
    before = live.owned()

    own.move_to(own.now() - back)
    live.run(minutes=5)
    own.move_to(live.clock.now())
    live.run(minutes=2)

    assert live.owned() >= before
    assert live.parts.controller.holds == ()
    assert live.parts.failures == {}
    assert live.parts.cycle_failure is None


@pytest.mark.parametrize("back", [HOUR, timedelta(days=365)], ids=["an hour", "a year"])
def test_a_clock_that_goes_back_lengthens_no_wish(build: Build, back: timedelta) -> None:
    live, own = with_clock_of_its_own(build, charging_now)

    own.move_to(own.now() - back)
    for _ in range(91):
        live.beat(LEAD)

    assert live.settings()["mode"] == "pv"


@pytest.mark.parametrize("back", [HOUR, timedelta(days=365)], ids=["an hour", "a year"])
def test_what_is_ours_is_given_back_whatever_the_clock_says(build: Build, back: timedelta) -> None:
    live, own = with_clock_of_its_own(build, limit_set)

    own.move_to(own.now() - back)
    live.run(minutes=2)
    live.stop()
    live.pass_time(LEAD)

    assert live.settings() == OWNERS


# evcc's own automatic mode


@phases
def test_evccs_automatic_mode_stops_every_hand_of_ours(build: Build, phase: Phase) -> None:
    live = phase(build)
    live.wire.forget()

    live.home.faults.set(automatic_mode=True)
    live.run(minutes=5)

    assert live.wire.changes() == []
    assert live.rung.level is ControlLevel.HANDS_OFF
    assert live.state.control.opinions is not None
    assert live.state.control.opinions.is_on


@phases
def test_after_evccs_automatic_mode_all_is_the_owners_and_smartload_an_adviser(
    build: Build, phase: Phase
) -> None:
    live = phase(build)
    live.home.faults.set(automatic_mode=True)
    live.run(minutes=3)

    live.home.faults.clear()
    live.run(minutes=2)
    live.wire.forget()
    live.run(minutes=3)

    assert live.settings() == OWNERS
    assert live.wire.commands == []
    assert live.state.control.in_charge is InCharge.EVCC_AUTOMATIC
    assert live.state.control.opinions is not None
    assert not live.state.control.opinions.is_on


@phases
def test_told_to_take_over_smartload_does_again_what_it_did(build: Build, phase: Phase) -> None:
    live = phase(build)
    before = live.owned()
    live.home.faults.set(automatic_mode=True)
    live.run(minutes=3)
    live.home.faults.clear()
    live.run(minutes=2)

    live.parts.inbox.put(Wish.TAKE_CONTROL)
    live.turn()
    live.run(minutes=1)

    assert live.owned() >= before


# Released, observed, stopped


@phases
def test_release_hands_everything_back_and_goes_on_simulating(build: Build, phase: Phase) -> None:
    live = phase(build)

    live.parts.inbox.put(Wish.RELEASE)
    live.turn()
    live.wire.forget()
    live.tell(told_plan(16, load=LOAD_KWH, charge=1.0))
    live.run(minutes=15)

    assert live.settings() == OWNERS
    assert live.wire.commands == []
    simulated = [
        one.wanted
        for one in live.records()
        if one.lever == BATTERY_MODE and one.outcome is WriteOutcome.SIMULATED
    ]
    assert simulated[-1] == BatteryMode.CHARGE.value


def test_a_stop_right_after_a_lost_command_gives_everything_back(build: Build) -> None:
    live = build(None)
    live.wire.breaks = lambda path: Break.BEFORE if "smartcostlimit" in path else None
    live.beat(LEAD)
    assert live.owned() >= {"bufferSoc", "batteryMode"}

    live.stop()
    live.pass_time(LEAD)

    assert live.settings() == OWNERS


def test_the_limit_of_a_boost_follows_the_buffer_once_a_quarter_hour(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = boost_on(build)
    targets = iter(range(31, 60))
    # While the battery helps a car the buffer stands still, and what it would be goes on.
    monkeypatch.setattr(type(live.parts.buffer_calc), "preview", lambda *_, **__: next(targets))
    live.wire.forget()

    for _ in range(28):
        live.beat(LEAD)

    limits = [path.rpartition("/")[2] for path in live.wire.changes()]
    assert limits == ["32", "33"]


@phases
def test_a_stop_gives_the_newest_back_first_with_one_request_each(
    build: Build, phase: Phase
) -> None:
    live = phase(build)
    owned = [one.lever.setting.value for one in live.parts.controller.owned]
    live.wire.forget()

    live.stop()

    given = [
        command.path.split("/")[-1 if "DELETE" in command.path else -2].split()[-1]
        for command in live.wire.commands
    ]
    assert given == [name.lower() for name in reversed(owned)]
    assert live.wire.n_requests == len(owned)
    live.pass_time(LEAD)
    assert live.settings() == OWNERS


def test_what_a_stage_would_have_done_is_not_taken_back_when_it_may_act(build: Build) -> None:
    live = build(keeping(), stages=frozenset())
    live.act()
    assert [one.outcome for one in live.records()] == [WriteOutcome.SIMULATED]

    live.parts.inbox.put(SetStage(stage=Stage.BATTERY, mode=StageMode.LIVE))
    live.turn()
    live.run(minutes=1)

    assert [(one.outcome, one.wanted) for one in live.records()] == [
        (WriteOutcome.SIMULATED, BatteryMode.HOLD.value),
        (WriteOutcome.CONFIRMED, BatteryMode.HOLD.value),
    ]
