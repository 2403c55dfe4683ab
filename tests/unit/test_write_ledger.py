"""Every command to evcc is on record with its cause and with what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import httpx2
import pytest

from control.budget import MOST_PER_DAY, MOST_PER_LEVER
from controller import Controller
from domain.control import (
    BATTERY_MODE,
    BUFFER,
    CommandRecord,
    EvccSetting,
    Lever,
    SettingValue,
)
from domain.ports import WriteGuard
from domain.steering import CommandCode, CommandReason, Stage, WriteOutcome
from errors import EvccRejectedError, EvccUnavailableError, WriteRefusedError
from evcc_client import EvccClient
from storage.history_store import HistoryStore
from tests.support.owned_evcc import BERLIN, START
from tests.support.small_evcc import SmallEvcc, refused
from write_ledger import WriteLedger

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CAR_MODE = Lever(setting=EvccSetting.CHARGE_MODE, device="db:4")
CAR_LIMIT = Lever(setting=EvccSetting.SMART_COST_LIMIT, device="db:4")
BUFFER_DECIDED = CommandReason(code=CommandCode.BUFFER_DECIDED)
CAR_NOW = CommandReason(code=CommandCode.CAR_NOW, facts={"car": "Kombi", "price": 0.21})
KEEPS = CommandReason(code=CommandCode.BATTERY_KEEPS, facts={"value": 0.3})
HANDED_BACK = CommandReason(code=CommandCode.HANDED_BACK)


class LivedEvcc(SmallEvcc):
    """One whose battery is in a mode, which follows what is imposed once a cycle has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.mode_in_force = "unknown"

    def state(self) -> dict[str, object]:
        return super().state() | {"batteryMode": self.mode_in_force}

    def regulate(self) -> None:
        """Carry out what is imposed, as evcc does in its next cycle."""
        imposed = self.battery_mode_external
        self.mode_in_force = "normal" if imposed in {None, "unknown"} else str(imposed)


class OpenGuard:
    """Lets everything through."""

    def before_write(self, lever: Lever, old: SettingValue, new: SettingValue) -> None:
        pass

    def after_write(self, lever: Lever, accepted: SettingValue) -> None:
        pass


class FailingGuard(OpenGuard):
    """Lets everything through and cannot note that it happened."""

    def after_write(self, lever: Lever, accepted: SettingValue) -> None:
        raise OSError("the disk is gone")


@dataclass(slots=True, kw_only=True)
class Recorded:
    """A client and its ledger before a small evcc; time stands still until it is moved."""

    path: Path
    guard: WriteGuard = field(default_factory=OpenGuard)
    zone: tzinfo = BERLIN
    now: datetime = START
    evcc: LivedEvcc = field(default_factory=LivedEvcc)
    store: HistoryStore = field(init=False)
    ledger: WriteLedger = field(init=False)
    client: EvccClient = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.store = HistoryStore(self.path, now=self.now)
        self.ledger = WriteLedger(self.guard, self.store, lambda: self.now, self.zone)
        self.client = EvccClient(
            "http://evcc:7070", guard=self.ledger, transport=self.evcc.transport
        )
        self.client.read_site(self.now)

    def stop(self) -> None:
        self.client.close()
        self.store.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def read(self, passed: timedelta = 30 * SECOND) -> None:
        """Let time go by, read evcc and tell the ledger."""
        self.now += passed
        self.ledger.note_reading(self.client.read_site(self.now), self.now)

    def write(
        self,
        lever: Lever,
        value: SettingValue,
        reason: CommandReason = CAR_NOW,
        stage: Stage = Stage.CARS,
    ) -> None:
        with self.ledger.because(stage, reason):
            self.client.write(lever, value)

    def change_limit(self, number: int, passed: timedelta = MINUTE) -> None:
        """Send the car's price limit, another one for each number."""
        self.now += passed
        self.write(CAR_LIMIT, round(0.01 * (number + 1), 2))

    def spend(self, n_changes: int) -> None:
        for number in range(n_changes):
            self.change_limit(number)

    def commands(self) -> tuple[CommandRecord, ...]:
        self.store.flush()
        return self.store.read_commands(START - 3 * DAY, START + 30 * DAY)


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Recorded]:
    built = Recorded(path=tmp_path / "history.db")
    yield built
    built.stop()


def outcomes(recorded: Recorded) -> list[WriteOutcome]:
    return [record.outcome for record in recorded.commands()]


# What was sent


def test_what_evcc_accepted_is_on_record(recorded: Recorded) -> None:
    recorded.client.set_buffer_soc(42)
    recorded.ledger.settle()

    (command,) = recorded.commands()
    assert command == CommandRecord(
        at=START,
        lever=BUFFER,
        stage=Stage.BUFFER,
        before=50.0,
        wanted=42.0,
        accepted=42.0,
        outcome=WriteOutcome.SENT,
        reason=BUFFER_DECIDED,
    )


def test_what_evcc_refused_is_on_record(recorded: Recorded) -> None:
    recorded.evcc.fault = lambda request: refused("no") if request.method == "POST" else None

    with pytest.raises(EvccRejectedError):
        recorded.client.set_buffer_soc(42)
    recorded.ledger.settle("evcc says no")

    (command,) = recorded.commands()
    assert (command.wanted, command.accepted) == (42.0, None)
    assert (command.outcome, command.detail) == (WriteOutcome.FAILED, "evcc says no")


def die(request: httpx2.Request) -> None:
    if request.method == "POST":
        raise httpx2.ReadError("gone", request=request)


def test_a_write_during_which_evcc_died_is_on_record(recorded: Recorded) -> None:
    recorded.evcc.fault = die

    with pytest.raises(EvccUnavailableError):
        recorded.client.set_buffer_soc(42)
    recorded.ledger.settle()

    (command,) = recorded.commands()
    assert (command.wanted, command.outcome) == (42.0, WriteOutcome.FAILED)
    assert command.settled_at == START


def test_a_write_during_which_we_die_is_on_record(recorded: Recorded) -> None:
    recorded.ledger.before_write(BUFFER, 50.0, 42.0)

    (command,) = recorded.commands()

    assert (command.wanted, command.outcome) == (42.0, WriteOutcome.FAILED)
    assert command.settled_at is None


def test_a_second_try_with_other_bounds_is_a_command_of_its_own(recorded: Recorded) -> None:
    recorded.evcc.priority_soc = 35.0

    recorded.client.set_buffer_soc(30)
    recorded.ledger.settle()

    assert [(one.wanted, one.accepted) for one in recorded.commands()] == [
        (30.0, None),
        (35.0, 35.0),
    ]
    assert [one.settled_at for one in recorded.commands()] == [START, None]


def test_what_was_settled_is_not_recorded_again(recorded: Recorded) -> None:
    recorded.client.set_buffer_soc(42)

    recorded.ledger.settle()
    recorded.ledger.settle()

    assert outcomes(recorded) == [WriteOutcome.SENT]


def test_what_the_guard_keeps_back_was_never_sent(tmp_path: Path) -> None:
    guard = Controller(tmp_path / "control.json", lambda: START, BERLIN, may_write=False)
    recorded = Recorded(path=tmp_path / "history.db", guard=guard)

    with pytest.raises(WriteRefusedError):
        recorded.client.set_buffer_soc(42)
    recorded.ledger.settle()

    assert recorded.commands() == ()
    assert recorded.evcc.commands == []
    recorded.stop()


def test_what_the_controller_lets_through_is_on_record(tmp_path: Path) -> None:
    guard = Controller(tmp_path / "control.json", lambda: START, BERLIN)
    recorded = Recorded(path=tmp_path / "history.db", guard=guard)
    guard.note_reading(recorded.client.read_site(START), live=frozenset(Stage), now=START)
    guard.begin()

    recorded.client.set_buffer_soc(42)

    assert outcomes(recorded) == [WriteOutcome.SENT]
    assert [owned.owner for owned in guard.owned] == [50.0]
    recorded.stop()


def test_an_accepted_write_is_no_failed_one_because_the_guard_failed_afterwards(
    tmp_path: Path,
) -> None:
    recorded = Recorded(path=tmp_path / "history.db", guard=FailingGuard())
    recorded.ledger.before_write(BUFFER, 50.0, 42.0)

    with pytest.raises(OSError, match="gone"):
        recorded.ledger.after_write(BUFFER, 42.0)
    recorded.ledger.settle()

    assert outcomes(recorded) == [WriteOutcome.SENT]
    recorded.stop()


# Why it was sent


def test_a_command_has_the_cause_it_was_sent_for(recorded: Recorded) -> None:
    recorded.write(CAR_MODE, "now")

    (command,) = recorded.commands()
    assert (command.stage, command.reason) == (Stage.CARS, CAR_NOW)
    assert (command.before, command.wanted) == ("pv", "now")


def test_a_cause_ends_with_its_context_also_when_the_write_failed(recorded: Recorded) -> None:
    recorded.evcc.fault = die
    with pytest.raises(EvccUnavailableError), recorded.ledger.because(Stage.CARS, CAR_NOW):
        recorded.client.set_buffer_soc(40)
    recorded.evcc.fault = lambda _: None
    recorded.read()

    recorded.client.set_buffer_soc(42)

    assert [one.reason for one in recorded.commands()] == [CAR_NOW, BUFFER_DECIDED]


def test_of_two_causes_the_inner_one_counts_and_then_the_outer_one_again(
    recorded: Recorded,
) -> None:
    with recorded.ledger.because(Stage.BATTERY, KEEPS):
        recorded.write(CAR_MODE, "now")
        recorded.client.set_buffer_soc(42)

    found = {one.lever: one.reason for one in recorded.commands()}
    assert found == {CAR_MODE: CAR_NOW, BUFFER: KEEPS}


# What was not sent


def test_the_same_refusal_again_is_one(recorded: Recorded) -> None:
    for detail in ("von Hand", "von Hand", "zu viel", "von Hand"):
        recorded.ledger.refuse(CAR_MODE, "pv", "now", Stage.CARS, CAR_NOW, detail)

    found = recorded.commands()
    assert [one.detail for one in found] == ["von Hand", "zu viel", "von Hand"]
    assert {one.outcome for one in found} == {WriteOutcome.REFUSED}


def test_a_refusal_after_something_else_happened_is_another_one(recorded: Recorded) -> None:
    recorded.ledger.refuse(CAR_MODE, "pv", "now", Stage.CARS, CAR_NOW, "von Hand")
    recorded.write(CAR_MODE, "now")
    recorded.ledger.refuse(CAR_MODE, "pv", "now", Stage.CARS, CAR_NOW, "von Hand")

    assert outcomes(recorded) == [WriteOutcome.REFUSED, WriteOutcome.SENT, WriteOutcome.REFUSED]


def test_the_same_refusal_is_one_while_an_earlier_command_is_confirmed(
    recorded: Recorded,
) -> None:
    recorded.write(CAR_MODE, "now")
    recorded.ledger.refuse(CAR_MODE, "now", "pv", Stage.CARS, CAR_NOW, "von Hand")
    recorded.read()
    recorded.ledger.refuse(CAR_MODE, "now", "pv", Stage.CARS, CAR_NOW, "von Hand")

    assert outcomes(recorded) == [WriteOutcome.CONFIRMED, WriteOutcome.REFUSED]


def test_the_same_refusal_after_a_restart_is_still_one(recorded: Recorded) -> None:
    recorded.ledger.refuse(CAR_MODE, "pv", "now", Stage.CARS, CAR_NOW, "von Hand")
    recorded.restart()
    recorded.ledger.refuse(CAR_MODE, "pv", "now", Stage.CARS, CAR_NOW, "von Hand")

    assert len(recorded.commands()) == 1


def test_a_simulated_command_has_the_form_of_a_real_one(recorded: Recorded) -> None:
    recorded.ledger.simulate(CAR_MODE, "pv", "now", Stage.CARS, CAR_NOW)

    (command,) = recorded.commands()
    assert command == CommandRecord(
        at=START,
        lever=CAR_MODE,
        stage=Stage.CARS,
        before="pv",
        wanted="now",
        accepted=None,
        outcome=WriteOutcome.SIMULATED,
        reason=CAR_NOW,
    )
    assert recorded.evcc.commands == []


# What became of it


def test_a_command_that_a_reading_shows_is_confirmed(recorded: Recorded) -> None:
    recorded.write(CAR_MODE, "now")

    recorded.read()

    (command,) = recorded.commands()
    assert (command.outcome, command.settled_at) == (
        WriteOutcome.CONFIRMED,
        START + 30 * SECOND,
    )


def test_a_battery_mode_is_confirmed_when_it_is_in_force(recorded: Recorded) -> None:
    recorded.write(BATTERY_MODE, "hold", KEEPS, Stage.BATTERY)

    recorded.read()
    imposed = outcomes(recorded)
    recorded.evcc.regulate()
    recorded.read()

    assert imposed == [WriteOutcome.SENT]
    assert outcomes(recorded) == [WriteOutcome.CONFIRMED]


def test_a_released_battery_mode_is_confirmed_when_nobody_imposes_one(recorded: Recorded) -> None:
    recorded.write(BATTERY_MODE, "hold", KEEPS, Stage.BATTERY)
    recorded.evcc.regulate()
    recorded.read()

    recorded.write(BATTERY_MODE, None, HANDED_BACK, Stage.BATTERY)
    recorded.read()

    assert outcomes(recorded) == [WriteOutcome.CONFIRMED, WriteOutcome.CONFIRMED]


def test_a_command_that_readings_do_not_show_is_not_confirmed_and_told(
    recorded: Recorded,
) -> None:
    recorded.write(CAR_MODE, "now")
    recorded.evcc.mode = "pv"

    recorded.read(59 * SECOND)
    recorded.read(SECOND)
    told_early = recorded.ledger.unconfirmed
    recorded.read()

    (command,) = recorded.commands()
    assert told_early == ()
    assert command.outcome is WriteOutcome.NOT_CONFIRMED
    assert recorded.ledger.unconfirmed == (command,)


def give_up(recorded: Recorded) -> None:
    """Send the car's mode, and let evcc forget it."""
    recorded.write(CAR_MODE, "now")
    recorded.evcc.mode = "pv"
    recorded.read(MINUTE)
    recorded.read()


def test_what_is_shown_after_all_is_confirmed_and_told_no_more(recorded: Recorded) -> None:
    give_up(recorded)

    recorded.evcc.mode = "now"
    recorded.read()

    assert outcomes(recorded) == [WriteOutcome.CONFIRMED]
    assert recorded.ledger.unconfirmed == ()


def test_a_newer_write_ends_the_warning(recorded: Recorded) -> None:
    give_up(recorded)

    recorded.write(CAR_MODE, "minpv")

    assert recorded.ledger.unconfirmed == ()


def test_a_refusal_of_the_same_keeps_the_warning_and_of_another_ends_it(
    recorded: Recorded,
) -> None:
    give_up(recorded)

    recorded.ledger.refuse(CAR_MODE, "pv", "now", Stage.CARS, CAR_NOW, "von Hand")
    same = len(recorded.ledger.unconfirmed)
    recorded.ledger.refuse(CAR_MODE, "pv", "off", Stage.CARS, CAR_NOW, "von Hand")

    assert (same, len(recorded.ledger.unconfirmed)) == (1, 0)


def test_a_newer_write_supersedes_one_that_waits(recorded: Recorded) -> None:
    recorded.write(CAR_MODE, "now")
    recorded.now += SECOND
    recorded.write(CAR_MODE, "minpv")

    recorded.read()

    older, newer = recorded.commands()
    assert (older.outcome, older.detail) == (WriteOutcome.SENT, "superseded")
    assert older.settled_at == START + SECOND
    assert newer.outcome is WriteOutcome.CONFIRMED


def test_a_newer_write_leaves_one_that_was_confirmed(recorded: Recorded) -> None:
    recorded.write(CAR_MODE, "now")
    recorded.read()

    recorded.write(CAR_MODE, "minpv")

    assert outcomes(recorded) == [WriteOutcome.CONFIRMED, WriteOutcome.SENT]


def lose_answer(recorded: Recorded) -> None:
    """Send the buffer; evcc takes it, and its answer is lost."""

    def fault(request: httpx2.Request) -> None:
        if request.method == "POST":
            recorded.evcc.buffer_soc = 42.0
            raise httpx2.ReadTimeout("lost", request=request)

    recorded.evcc.fault = fault
    with pytest.raises(EvccUnavailableError):
        recorded.client.set_buffer_soc(42)
    recorded.ledger.settle()
    recorded.evcc.fault = lambda _: None


def test_a_command_whose_answer_was_lost_is_confirmed_and_counted_when_it_is_shown(
    recorded: Recorded,
) -> None:
    lose_answer(recorded)
    before = recorded.ledger.count(recorded.now).n_today

    recorded.read()

    (command,) = recorded.commands()
    assert (command.outcome, command.accepted) == (WriteOutcome.CONFIRMED, 42.0)
    assert (before, recorded.ledger.count(recorded.now).n_today) == (0, 1)


def test_a_clock_that_is_set_back_settles_nothing(recorded: Recorded) -> None:
    recorded.write(CAR_MODE, "now")
    recorded.evcc.mode = "pv"

    recorded.read(-HOUR)
    recorded.read()
    recorded.read(29 * SECOND)
    waiting = outcomes(recorded)
    recorded.evcc.mode = "now"
    recorded.read()

    assert waiting == [WriteOutcome.SENT]
    assert outcomes(recorded) == [WriteOutcome.CONFIRMED]


# Restarts


def test_a_command_of_an_earlier_run_is_confirmed_when_it_is_shown(recorded: Recorded) -> None:
    recorded.write(CAR_MODE, "now")
    recorded.restart()

    recorded.read()

    assert outcomes(recorded) == [WriteOutcome.CONFIRMED]


def test_what_became_of_a_command_of_an_earlier_run_is_not_guessed(recorded: Recorded) -> None:
    recorded.write(CAR_MODE, "now")
    recorded.evcc.mode = "pv"
    recorded.now += 8 * HOUR
    recorded.restart()

    for _ in range(4):
        recorded.read()

    (command,) = recorded.commands()
    assert (command.outcome, command.detail) == (WriteOutcome.SENT, "restarted")
    assert recorded.ledger.unconfirmed == ()


def test_a_warning_outlives_a_restart(recorded: Recorded) -> None:
    give_up(recorded)
    recorded.restart()

    assert [one.lever for one in recorded.ledger.unconfirmed] == [CAR_MODE]
    assert not recorded.ledger.may_repeat(CAR_MODE, "now", recorded.now)


def test_a_command_from_before_the_clock_was_set_is_not_forgotten_for_older_ones(
    recorded: Recorded,
) -> None:
    recorded.write(CAR_MODE, "now")
    recorded.now = datetime(1970, 1, 1, tzinfo=START.tzinfo)
    recorded.restart()
    recorded.write(CAR_MODE, "off")
    recorded.evcc.mode = "pv"

    recorded.now = START + HOUR
    recorded.read()
    recorded.read()

    (command,) = recorded.ledger.unconfirmed
    assert command.wanted == "off"
    assert not recorded.ledger.may_repeat(CAR_MODE, "off", command.at + MINUTE)


# Trying again


def test_what_was_not_confirmed_may_be_sent_again_after_a_quarter_of_an_hour(
    recorded: Recorded,
) -> None:
    give_up(recorded)

    early = recorded.ledger.may_repeat(CAR_MODE, "now", START + 15 * MINUTE - SECOND)
    another = recorded.ledger.may_repeat(CAR_MODE, "minpv", START + 2 * MINUTE)
    later = recorded.ledger.may_repeat(CAR_MODE, "now", START + 15 * MINUTE)

    assert (early, another, later) == (False, True, True)


# How much it was


def test_a_lever_is_changed_so_often_a_day_and_no_more(recorded: Recorded) -> None:
    recorded.read()
    recorded.spend(MOST_PER_LEVER)

    with pytest.raises(
        WriteRefusedError,
        match=r"^heute schon 24 Änderungen an smartCostLimit \(Carport\); morgen wieder$",
    ):
        recorded.change_limit(MOST_PER_LEVER)

    assert recorded.ledger.count(recorded.now).by_lever == (
        ("smartCostLimit", "db:4", MOST_PER_LEVER, MOST_PER_LEVER),
    )
    assert len(recorded.evcc.commands) == MOST_PER_LEVER


def test_what_the_budget_refused_is_on_record_once(recorded: Recorded) -> None:
    recorded.spend(MOST_PER_LEVER)

    for _ in range(3):
        with pytest.raises(WriteRefusedError):
            recorded.change_limit(MOST_PER_LEVER)

    *_, last = recorded.commands()
    assert (last.outcome, last.reason) == (WriteOutcome.REFUSED, CAR_NOW)
    assert "heute schon 24 Änderungen" in last.detail
    assert len(recorded.commands()) == MOST_PER_LEVER + 1


def test_all_levers_together_are_changed_so_often_a_day(recorded: Recorded) -> None:
    for number in range(MOST_PER_DAY):
        lever = Lever(setting=EvccSetting.SMART_COST_LIMIT, device=f"db:{number % 4}")
        recorded.now += SECOND
        recorded.ledger.before_write(lever, None, 0.2)
        recorded.ledger.after_write(lever, 0.2)

    with pytest.raises(WriteRefusedError, match="heute schon 80 Änderungen"):
        recorded.client.set_buffer_soc(42)

    assert recorded.ledger.count(recorded.now).n_today == MOST_PER_DAY


def test_giving_back_is_never_refused_by_the_budget_and_counts(recorded: Recorded) -> None:
    recorded.spend(MOST_PER_LEVER)

    recorded.write(CAR_LIMIT, None, HANDED_BACK)

    assert recorded.evcc.smart_cost_limit is None
    assert recorded.ledger.count(recorded.now).n_today == MOST_PER_LEVER + 1


def test_tomorrow_is_another_day_in_the_home_and_not_in_utc(recorded: Recorded) -> None:
    recorded.spend(MOST_PER_LEVER)
    midnight = datetime(2026, 3, 3, tzinfo=BERLIN)
    recorded.now = midnight - 2 * MINUTE
    with pytest.raises(WriteRefusedError):
        recorded.change_limit(MOST_PER_LEVER)

    recorded.now = midnight - MINUTE
    recorded.change_limit(MOST_PER_LEVER)

    assert recorded.ledger.count(recorded.now).n_today == 1


def test_a_home_elsewhere_begins_its_day_elsewhere(recorded: Recorded) -> None:
    recorded.change_limit(0)
    late = datetime(2026, 3, 2, 23, 30, tzinfo=START.tzinfo)

    in_berlin = recorded.ledger.count(late).n_today
    recorded.ledger.use_time_zone(START.tzinfo or BERLIN)

    assert (in_berlin, recorded.ledger.count(late).n_today) == (0, 1)


def test_what_was_not_sent_or_not_taken_costs_nothing(recorded: Recorded) -> None:
    recorded.ledger.simulate(CAR_MODE, "pv", "now", Stage.CARS, CAR_NOW)
    recorded.ledger.refuse(CAR_MODE, "pv", "now", Stage.CARS, CAR_NOW, "von Hand")
    recorded.evcc.fault = die
    with pytest.raises(EvccUnavailableError):
        recorded.client.set_buffer_soc(42)
    recorded.ledger.settle()

    assert recorded.ledger.count(recorded.now).n_today == 0


def test_a_restart_does_not_forget_what_was_changed_today(recorded: Recorded) -> None:
    recorded.spend(MOST_PER_LEVER)

    recorded.restart()

    assert recorded.ledger.count(recorded.now).n_today == MOST_PER_LEVER
    with pytest.raises(WriteRefusedError):
        recorded.change_limit(MOST_PER_LEVER)


def test_a_clock_that_is_set_back_does_not_reset_the_budget(recorded: Recorded) -> None:
    recorded.spend(MOST_PER_LEVER)

    recorded.now -= DAY
    in_the_past = recorded.ledger.count(recorded.now).n_today
    recorded.now += DAY

    assert in_the_past == MOST_PER_LEVER
    assert recorded.ledger.count(recorded.now).n_today == MOST_PER_LEVER


@pytest.mark.parametrize("has_restarted", [False, True])
def test_what_was_done_under_a_date_far_ahead_does_not_block_for_long(
    recorded: Recorded, *, has_restarted: bool
) -> None:
    recorded.now += 20 * DAY
    recorded.spend(MOST_PER_LEVER)
    recorded.now -= 20 * DAY
    today = recorded.ledger.count(recorded.now).n_today

    recorded.now += DAY
    if has_restarted:
        recorded.restart()

    assert today == MOST_PER_LEVER
    assert recorded.ledger.count(recorded.now).n_today == 0


def test_a_clock_that_is_not_set_yet_forgets_nothing(recorded: Recorded) -> None:
    recorded.spend(MOST_PER_LEVER)
    right = recorded.now
    recorded.now = datetime(1970, 1, 1, tzinfo=START.tzinfo)
    recorded.restart()

    recorded.now = right + MINUTE

    assert recorded.ledger.count(recorded.now).n_today == MOST_PER_LEVER


# The disk


def test_without_a_disk_everything_goes_on(tmp_path: Path) -> None:
    recorded = Recorded(path=tmp_path / "missing" / "history.db")

    recorded.write(CAR_MODE, "now")
    recorded.evcc.mode = "pv"
    recorded.read(MINUTE)
    recorded.read()

    assert [one.lever for one in recorded.ledger.unconfirmed] == [CAR_MODE]
    assert recorded.ledger.count(recorded.now).n_today == 1
    assert recorded.commands() == ()
    recorded.client.close()


def test_a_history_that_cannot_be_read_does_not_keep_the_ledger_from_starting(
    tmp_path: Path,
) -> None:
    (tmp_path / "history.db").mkdir()
    recorded = Recorded(path=tmp_path / "history.db")

    recorded.write(CAR_MODE, "now")

    assert recorded.ledger.count(recorded.now).n_today == 1
    recorded.client.close()
