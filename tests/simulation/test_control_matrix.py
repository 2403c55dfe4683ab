"""Each fault of evcc and of our own: how much is still done, what is missing, how it recovers.

The table in docs/control.md says the same in words. The home buys for battery and car when a fault
begins, and its buffer is lowered: what became of the three levers shows what was written.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from domain.config_problem import ConfigProblem
from domain.site import BatteryMode
from domain.steering import ControlLevel, ControlRung, MissingCode
from inbox import Wish
from planner.horizon_planner import HorizonPlanner
from planner.outcome import NoPlanError, Outcome
from tests.support.live_home import OWNERS, LiveHome, steady_home
from tests.support.sim_service import SteppedClock
from tests.support.steady_house import GOLF, SteadyHouse
from tests.support.told_plan import NOON

PLAN, OLD_PLAN, RULES = ControlLevel.PLAN, ControlLevel.OLD_PLAN, ControlLevel.RULES
BUFFER_ONLY, HANDS_OFF = ControlLevel.BUFFER_ONLY, ControlLevel.HANDS_OFF


# -- faults ---------------------------------------------------------------------------------------


def fault(**switches: bool | float) -> Callable[[LiveHome], None]:
    """Return what switches a fault of the simulated evcc on."""

    def begin(live: LiveHome) -> None:
        live.home.faults.set(**switches)

    return begin


def mend(live: LiveHome) -> None:
    live.home.faults.clear()


def freeze_the_meter(live: LiveHome) -> None:
    live.home.faults.set(stale=True)
    # What stands still shows when something else moves.
    shine(live, 8.0)


def thaw_the_meter(live: LiveHome) -> None:
    live.home.faults.clear()
    shine(live, 0.0)


def shine(live: LiveHome, kw: float) -> None:
    assert isinstance(live.home.plant, SteadyHouse)
    live.home.plant.sun.kw = kw
    live.pass_time(timedelta(seconds=60))


def planner_of(live: LiveHome) -> HorizonPlanner:
    return live.parts.planning._planner


def never(*_: object, **__: object) -> Outcome:
    raise NoPlanError("nothing is feasible")


class RaisingPlanner:
    """A planner with a mistake of ours."""

    def plan(self, now: datetime, task: object, *, net_courses_kwh: object) -> None:
        raise RuntimeError("a mistake of ours")


def break_the_planner(live: LiveHome) -> None:
    live.parts.planning._planner = RaisingPlanner()  # type: ignore[assignment]


def find_nothing(live: LiveHome) -> None:
    planner_of(live).exact = planner_of(live).fast = never


def find_nothing_and_know_nothing(live: LiveHome) -> None:
    find_nothing(live)
    planner_of(live)._last = None


def find_what_cannot_be(live: LiveHome) -> None:
    found = planner_of(live).fast

    def dream(*args: object, **named: object) -> Outcome:
        outcome = found(*args, **named)  # type: ignore[arg-type]
        # Twice of what the grid has to cover: the balance does not hold.
        np.multiply(outcome.dispatch.grid_import_kwh, 2.0, out=outcome.dispatch.grid_import_kwh)
        return outcome

    planner_of(live).exact = planner_of(live).fast = dream


def plan_again(live: LiveHome) -> None:
    live.tell(None)


def block_the_disk(live: LiveHome) -> None:
    (live.folder / "smartload_control.json.tmp").mkdir()
    # The owner's hand is something to remember.
    live.home.move_slider("loadpoints/1/batteryBoostLimit", 90)


def free_the_disk(live: LiveHome) -> None:
    (live.folder / "smartload_control.json.tmp").rmdir()
    live.home.move_slider("loadpoints/1/batteryBoostLimit", 100)


def mistype_an_option(live: LiveHome) -> None:
    live.kill()
    wrong = ConfigProblem(option="battery_min_soc", given="x", allowed="20 to 90 %")
    live.start(config_problems=(wrong,))


def correct_the_option(live: LiveHome) -> None:
    live.kill()
    live.start()


def wish(asked: Wish) -> Callable[[LiveHome], None]:
    def put(live: LiveHome) -> None:
        live.parts.inbox.put(asked)

    return put


def take_over(live: LiveHome) -> None:
    live.home.faults.clear()
    live.turn()
    live.parts.inbox.put(Wish.TAKE_CONTROL)


def forget_the_time(live: LiveHome) -> None:
    clock = live.parts.clock
    assert isinstance(clock, SteppedClock)
    clock.move_to(datetime(2000, 1, 1, 0, 1, tzinfo=UTC))


def know_the_time(live: LiveHome) -> None:
    clock = live.parts.clock
    assert isinstance(clock, SteppedClock)
    clock.move_to(live.clock.now())


# -- the table -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A fault, and what is to be seen while it lasts.

    ``battery``, ``limit`` and ``buffer`` tell whether SmartLoad's value stands there; ``is_silent``
    that nothing at all is sent to evcc once the fault was seen.
    """

    name: str
    begin: Callable[[LiveHome], None]
    end: Callable[[LiveHome], None] = mend
    level: ControlLevel = PLAN
    missing: frozenset[MissingCode] = field(default_factory=frozenset)
    battery: bool = True
    limit: bool = True
    buffer: bool = True
    is_silent: bool = False
    has_car: bool = True

    @property
    def planned(self) -> set[str]:
        """The settings that hold SmartLoad's value without the fault."""
        return {"batteryMode", "bufferSoc"} | ({"smartCostLimit"} if self.has_car else set())


def missing(*codes: MissingCode) -> frozenset[MissingCode]:
    return frozenset(codes)


def unreadable(name: str, **switches: bool | float) -> Row:
    """Return the row of an evcc that cannot be read: all of it is the same."""
    return Row(
        name=name,
        begin=fault(**switches),
        level=HANDS_OFF,
        missing=missing(MissingCode.EVCC),
        battery=False,
        is_silent=True,
    )


MATRIX = (
    unreadable("offline", offline=True),
    unreadable("slow", slow_s=60.0),
    unreadable("half answers", half_answers=True),
    unreadable("empty 200", empty_200=True),
    unreadable("starting", starting=True),
    Row(
        name="wrong types",
        begin=fault(wrong_types=True),
        level=BUFFER_ONLY,
        missing=missing(MissingCode.NOTHING_TO_CONTROL),
        battery=False,
    ),
    Row(
        name="stale grid meter",
        begin=freeze_the_meter,
        end=thaw_the_meter,
        missing=missing(MissingCode.METERS),
    ),
    Row(name="battery power zero", begin=fault(battery_power_zero=True)),
    # The car alone does as well by evcc's own plan.
    Row(
        name="soc missing",
        begin=fault(soc_missing=True),
        missing=missing(MissingCode.BATTERY_SOC, MissingCode.NO_GAIN),
        battery=False,
        limit=False,
    ),
    Row(name="prices late", begin=fault(prices_late=True)),
    Row(name="no solar", begin=fault(no_solar=True)),
    # Prices are expected as they were; where evcc has none a limit does nothing.
    Row(name="no prices", begin=fault(no_prices=True), limit=False),
    Row(name="curtailed", begin=fault(curtailed=True)),
    Row(
        name="automatic mode",
        begin=fault(automatic_mode=True),
        end=take_over,
        level=HANDS_OFF,
        missing=missing(MissingCode.AUTOMATIC),
        battery=False,
        is_silent=True,
    ),
    Row(
        name="planner raises",
        begin=break_the_planner,
        end=plan_again,
        level=BUFFER_ONLY,
        missing=missing(MissingCode.SOLVER),
        battery=False,
        limit=False,
    ),
    Row(
        name="solver finds nothing",
        begin=find_nothing,
        end=plan_again,
        level=OLD_PLAN,
        missing=missing(MissingCode.SOLVER),
        has_car=False,
    ),
    Row(
        name="solver has never found anything",
        begin=find_nothing_and_know_nothing,
        end=plan_again,
        level=RULES,
        missing=missing(MissingCode.SOLVER),
    ),
    Row(
        name="plan not verified",
        begin=find_what_cannot_be,
        end=plan_again,
        level=OLD_PLAN,
        missing=missing(MissingCode.SOLVER),
        has_car=False,
    ),
    Row(
        name="disk read-only",
        begin=block_the_disk,
        end=free_the_disk,
        missing=missing(MissingCode.DISK),
    ),
    Row(
        name="wrong options",
        begin=mistype_an_option,
        end=correct_the_option,
        level=HANDS_OFF,
        missing=missing(MissingCode.CONFIG),
        battery=False,
        limit=False,
        buffer=False,
    ),
    Row(
        name="released by the owner",
        begin=wish(Wish.RELEASE),
        end=wish(Wish.TAKE_CONTROL),
        level=HANDS_OFF,
        missing=missing(MissingCode.RELEASED),
        battery=False,
        limit=False,
        buffer=False,
    ),
    # The prices that evcc has are of another day.
    Row(
        name="clock before 2025",
        begin=forget_the_time,
        end=know_the_time,
        level=BUFFER_ONLY,
        missing=missing(MissingCode.CLOCK, MissingCode.PRICES),
        battery=False,
        limit=False,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of a fault: while it lasted, after it, and when SmartLoad had been stopped."""

    row: Row
    rung: ControlRung
    settings: Mapping[str, object]
    sent: Sequence[str]
    rung_after: ControlRung
    owned_after: set[str]
    failures_after: Mapping[str, str]
    settings_left: Mapping[str, object]
    inverter_left: BatteryMode


def begun(folder: Path, row: Row) -> LiveHome:
    """Return a home in which SmartLoad does all it can."""
    start = NOON - timedelta(seconds=20)
    clock = SteppedClock(start)
    home = steady_home(clock)
    if not row.has_car:
        home.unplug(GOLF)
    live = LiveHome(folder=folder, clock=clock, shared=home, own_clock=SteppedClock(start))
    live.run(seconds=100)
    assert live.owned() == row.planned
    return live


def befall(live: LiveHome, row: Row) -> None:
    """Let the fault come and be seen."""
    row.begin(live)
    live.turn()


def last(live: LiveHome) -> None:
    """Let time pass until a quarter hour has begun."""
    for _ in range(17):
        live.beat(timedelta(seconds=60))


def recover(live: LiveHome, row: Row) -> None:
    """Let the fault end, evcc see it, and SmartLoad turn with a cycle and a new plan."""
    row.end(live)
    live.pass_time(timedelta(seconds=60))
    live.parts.inbox.put(Wish.REFRESH)
    live.turn()
    live.run(seconds=60)


def live_through(folder: Path, row: Row) -> Seen:
    live = begun(folder, row)
    befall(live, row)
    live.wire.forget()
    last(live)
    rung, settings, sent = live.rung, live.settings(), [one.path for one in live.wire.commands]
    recover(live, row)
    rung_after, owned_after = live.rung, live.owned()
    failures = dict(live.parts.failures)
    live.stop()
    live.pass_time(timedelta(seconds=60))
    return Seen(
        row=row,
        rung=rung,
        settings=settings,
        sent=sent,
        rung_after=rung_after,
        owned_after=owned_after,
        failures_after=failures,
        settings_left=live.settings(),
        inverter_left=live.site.inverter_mode,
    )


@pytest.fixture(scope="module", params=MATRIX, ids=lambda row: row.name)
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What was seen of each fault, lived through once."""
    return live_through(tmp_path_factory.mktemp("matrix"), request.param)


def test_the_level_is_told(seen: Seen) -> None:
    assert seen.rung.level is seen.row.level


def test_what_is_missing_is_told(seen: Seen) -> None:
    assert {one.code for one in seen.rung.missing} == seen.row.missing


def test_no_more_is_written_than_the_level_allows(seen: Seen) -> None:
    row, settings = seen.row, seen.settings

    assert (settings["batteryMode"] is not BatteryMode.UNKNOWN) == row.battery
    assert (settings["smartCostLimit"] is not None) == (row.limit and row.has_car)
    assert (settings["bufferSoc"] != OWNERS["bufferSoc"]) == row.buffer


def test_nothing_at_all_is_sent_to_an_evcc_that_is_not_known_or_not_ours(seen: Seen) -> None:
    assert not seen.row.is_silent or seen.sent == []


def test_it_recovers_by_itself_to_the_level_before(seen: Seen) -> None:
    assert (seen.rung_after.level, seen.rung_after.missing) == (PLAN, ())
    assert seen.owned_after == seen.row.planned
    assert seen.failures_after == {}


def test_nothing_is_left_behind(seen: Seen) -> None:
    assert seen.settings_left == OWNERS
    assert seen.inverter_left is BatteryMode.NORMAL


@pytest.fixture
def stale(tmp_path: Path) -> Iterator[LiveHome]:
    """A home that buys for the battery when the grid meter stops."""
    (row,) = (one for one in MATRIX if one.name == "stale grid meter")
    live = begun(tmp_path, row)
    assert live.settings()["batteryMode"] is BatteryMode.CHARGE
    befall(live, row)
    yield live
    live.kill()


def test_what_is_missing_is_told_with_its_beginning(stale: LiveHome) -> None:
    began = stale.clock.now()

    stale.run(minutes=2)

    assert [one.since for one in stale.rung.missing] == [began]


def test_nothing_is_bought_while_a_meter_stands_still(stale: LiveHome) -> None:
    assert stale.settings()["batteryMode"] is BatteryMode.HOLD


def test_without_a_disk_nothing_is_changed_for_the_first_time(tmp_path: Path) -> None:
    (tmp_path / "smartload_control.json.tmp").mkdir()
    live = LiveHome(folder=tmp_path)

    live.act()

    assert live.wire.commands == []
    assert MissingCode.DISK in {one.code for one in live.rung.missing}
    live.kill()


@pytest.mark.parametrize(
    ("switches", "code"),
    [({"no_prices": True}, MissingCode.PRICES), ({"no_solar": True}, MissingCode.FORECAST)],
    ids=str,
)
def test_without_prices_or_sun_from_the_start_there_is_no_plan(
    tmp_path: Path, switches: dict[str, bool], code: MissingCode
) -> None:
    clock = SteppedClock(NOON - timedelta(minutes=2))
    home = steady_home(clock)
    assert isinstance(home.plant, SteadyHouse)
    home.plant.sun.kw = 0.5
    home.faults.set(**switches)
    clock.move_to(NOON - timedelta(minutes=1))
    live = LiveHome(folder=tmp_path, clock=clock, shared=home, remembers=False)

    live.act()

    assert live.rung.level is BUFFER_ONLY
    assert [one.code for one in live.rung.missing] == [code]
    assert live.owned() <= {"bufferSoc"}
    live.kill()
