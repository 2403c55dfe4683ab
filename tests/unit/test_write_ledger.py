"""Every change that is sent to evcc is on record with what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from controller import Controller
from domain.control import EvccSetting
from errors import EvccRejectedError, EvccUnavailableError, WriteRefusedError
from evcc_client import EvccClient
from storage.history_store import HistoryStore
from storage.records import StoredCommand
from tests.support.owned_evcc import BERLIN, START
from tests.support.small_evcc import SmallEvcc, refused
from write_ledger import WriteLedger

MINUTE = timedelta(minutes=1)


@dataclass(slots=True, kw_only=True)
class Recorded:
    evcc: SmallEvcc
    client: EvccClient
    ledger: WriteLedger
    store: HistoryStore

    def commands(self) -> tuple[StoredCommand, ...]:
        self.store.flush()
        return self.store.read_commands(START - MINUTE, START + MINUTE)


def build(tmp_path: Path, *, may_write: bool = True) -> Recorded:
    evcc = SmallEvcc()
    store = HistoryStore(tmp_path / "history.db", now=START)
    guard = Controller(tmp_path / "control.json", lambda: START, BERLIN, may_write=may_write)
    ledger = WriteLedger(guard, store, lambda: START)
    client = EvccClient("http://evcc:7070", guard=ledger, transport=evcc.transport)
    site = client.read_site(START)
    guard.note_reading(site.settings, is_live=True, now=START)
    return Recorded(evcc=evcc, client=client, ledger=ledger, store=store)


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Recorded]:
    built = build(tmp_path)
    yield built
    built.client.close()
    built.store.close()


def test_what_evcc_accepted_is_on_record(recorded: Recorded) -> None:
    recorded.client.set_buffer_soc(42)
    recorded.ledger.settle()

    (command,) = recorded.commands()
    assert command == StoredCommand(
        at=START,
        setting=EvccSetting.BUFFER_SOC.value,
        wanted=42.0,
        accepted=42.0,
        succeeded=True,
        reason="was 50",
    )


def test_what_evcc_refused_is_on_record(recorded: Recorded) -> None:
    recorded.evcc.fault = lambda request: refused("no") if request.method == "POST" else None

    with pytest.raises(EvccRejectedError):
        recorded.client.set_buffer_soc(42)
    recorded.ledger.settle()

    (command,) = recorded.commands()
    assert (command.wanted, command.accepted, command.succeeded) == (42.0, None, False)


def test_a_write_during_which_evcc_died_is_on_record(recorded: Recorded) -> None:
    def die(request: httpx2.Request) -> None:
        if request.method == "POST":
            raise httpx2.ReadError("gone", request=request)

    recorded.evcc.fault = die

    with pytest.raises(EvccUnavailableError):
        recorded.client.set_buffer_soc(42)
    recorded.ledger.settle()

    (command,) = recorded.commands()
    assert (command.wanted, command.succeeded) == (42.0, False)


def test_a_second_try_with_other_bounds_is_a_command_of_its_own(recorded: Recorded) -> None:
    recorded.evcc.priority_soc = 35.0

    recorded.client.set_buffer_soc(30)
    recorded.ledger.settle()

    assert [(one.wanted, one.accepted) for one in recorded.commands()] == [
        (30.0, None),
        (35.0, 35.0),
    ]


def test_what_was_settled_is_not_recorded_again(recorded: Recorded) -> None:
    recorded.client.set_buffer_soc(42)

    recorded.ledger.settle()
    recorded.ledger.settle()

    assert len(recorded.commands()) == 1


def test_what_the_guard_keeps_back_was_never_sent(tmp_path: Path) -> None:
    recorded = build(tmp_path, may_write=False)

    with pytest.raises(WriteRefusedError):
        recorded.client.set_buffer_soc(42)
    recorded.ledger.settle()

    assert recorded.commands() == ()
    assert recorded.evcc.commands == []
    recorded.client.close()
    recorded.store.close()


class FailingGuard:
    """Lets everything through and cannot note that it happened."""

    def before_write(self, setting: EvccSetting, old_pct: float, new_pct: float) -> None:
        pass

    def after_write(self, setting: EvccSetting, accepted_pct: float) -> None:
        raise OSError("the disk is gone")


def test_an_accepted_write_is_no_failed_one_because_the_guard_failed_afterwards(
    tmp_path: Path,
) -> None:
    store = HistoryStore(tmp_path / "history.db", now=START)
    ledger = WriteLedger(FailingGuard(), store, lambda: START)
    ledger.before_write(EvccSetting.BUFFER_SOC, 50.0, 42.0)

    with pytest.raises(OSError, match="gone"):
        ledger.after_write(EvccSetting.BUFFER_SOC, 42.0)
    ledger.settle()

    store.flush()
    (command,) = store.read_commands(START, START + MINUTE)
    assert command.succeeded
    store.close()
