import math
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.control import EvccSetting, Lever
from domain.history import ChargingSession, EnergySource, ImportProgress, ImportState
from domain.steering import CommandCode, CommandReason, Stage, WriteOutcome
from storage.records import Fact, StoredDecision
from tests.support.history_builder import DAY, START, command, open_store

FACTS: dict[str, Fact] = {"target_pct": 42.5, "reason": "Süden", "applied": False, "limit": None}
SESSION = ChargingSession(
    number=7,
    started_at=START + timedelta(hours=1, seconds=3),
    finished_at=None,
    loadpoint="Garage",
    vehicle=None,
    energy_kwh=1.5,
)


def test_a_decision_comes_back_with_its_facts(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.write_decision(START, "buffer", FACTS)
        store.flush()

        found = store.read_decisions(START, START + DAY)

    assert found == (StoredDecision(at=START, kind="buffer", facts=FACTS),)


def test_the_same_decision_twice_is_one_and_another_at_the_same_instant_is_two(
    tmp_path: Path,
) -> None:
    with open_store(tmp_path / "history.db") as store:
        for facts in (FACTS, FACTS, {**FACTS, "applied": True}):
            store.write_decision(START, "buffer", facts)
        store.flush()

        found = store.read_decisions(START, START + DAY)

    assert [decision.facts["applied"] for decision in found] == [False, True]


def test_a_fact_that_is_no_number_is_not_known(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.write_decision(START, "buffer", {"a": math.nan, "b": math.inf, "c": "\ud800"})
        store.flush()

        (found,) = store.read_decisions(START, START + DAY)

    assert found.facts == {"a": None, "b": None, "c": "?"}
    assert store.problem is None


MODE_COMMAND = command(
    lever=Lever(setting=EvccSetting.CHARGE_MODE, device="db:4"),
    stage=Stage.CARS,
    wanted="now",
    accepted="now",
    outcome=WriteOutcome.NOT_CONFIRMED,
    reason=CommandReason(code=CommandCode.CAR_NOW, facts={"car": "Süd", "price": 0.25, "slots": 3}),
    detail="evcc shows pv",
    settled_at=START + timedelta(seconds=90),
)


def test_a_command_comes_back_and_is_kept_once(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        for record in (MODE_COMMAND, MODE_COMMAND):
            store.write_command(record)
            store.flush()

        assert store.read_commands(START, START + DAY) == (MODE_COMMAND,)


def test_what_is_told_later_of_a_command_replaces_what_was_told_before(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.write_command(command(accepted=None, outcome=WriteOutcome.FAILED))
        store.write_command(command(outcome=WriteOutcome.SENT))
        store.flush()
        store.write_command(command(outcome=WriteOutcome.CONFIRMED))
        store.flush()

        assert store.read_commands(START, START + DAY) == (command(),)


def test_commands_to_two_levers_at_one_instant_are_two(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.write_command(MODE_COMMAND)
        store.write_command(command())
        store.flush()

        assert store.read_commands(START, START + DAY) == (command(), MODE_COMMAND)


def test_a_value_that_is_no_number_is_not_known(tmp_path: Path) -> None:
    reason = CommandReason(code=CommandCode.BAT_TO_CAR, facts={"price": math.nan, "value": 0.2})
    with open_store(tmp_path / "history.db") as store:
        store.write_command(command(wanted=math.inf, accepted=math.nan, reason=reason))
        store.flush()

        (found,) = store.read_commands(START, START + DAY)

    assert (found.wanted, found.accepted, found.reason.facts) == (None, None, {"value": 0.2})


@pytest.mark.parametrize(
    ("column", "rotten"),
    [("setting", "heat"), ("wanted", "[1]"), ("accepted", "not JSON"), ("facts", "3")],
)
def test_a_command_that_nobody_wrote_does_not_stop_the_reader(
    tmp_path: Path, column: str, rotten: str
) -> None:
    path = tmp_path / "history.db"
    with open_store(path) as store:
        store.write_command(command())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE command SET {column} = ?", (rotten,))  # noqa: S608  # of above
        connection.commit()

    with open_store(path) as store:
        assert store.read_commands(START, START + DAY) == ()
        assert store.problem is not None
        assert "history.db cannot be read" in store.problem


def test_a_running_session_is_replaced_by_the_finished_one(tmp_path: Path) -> None:
    finished = replace(
        SESSION,
        finished_at=START + timedelta(hours=4),
        vehicle="Kombi",
        energy_kwh=11.2,
        soc_start_pct=30.0,
        soc_end_pct=80.0,
        solar_pct=64.5,
        cost_eur=1.23,
    )

    with open_store(tmp_path / "history.db") as store:
        store.write_sessions([SESSION])
        store.write_sessions([finished])
        store.flush()

        assert store.read_sessions(START, START + DAY) == (finished,)


def test_a_number_that_evcc_gives_again_is_another_session(tmp_path: Path) -> None:
    later = replace(SESSION, started_at=SESSION.started_at + timedelta(hours=2))

    with open_store(tmp_path / "history.db") as store:
        store.write_sessions([later, SESSION])
        store.flush()

        assert store.read_sessions(START, START + DAY) == (SESSION, later)


def test_an_import_is_kept_as_it_was_told_last(tmp_path: Path) -> None:
    live = ImportProgress(source=EnergySource.INFLUX, state=ImportState.FAILED, detail="no answer")
    running = ImportProgress(
        source=EnergySource.EVCC,
        state=ImportState.RUNNING,
        progress_frac=0.5,
        n_slots=960,
        since=START,
    )

    with open_store(tmp_path / "history.db") as store:
        store.write_import(live)
        store.write_import(replace(running, progress_frac=0.1))
        store.write_import(running)
        store.flush()

        assert store.read_imports() == (running, live)


def test_a_record_that_cannot_be_stored_does_not_hold_up_the_others(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.write_decision(START, "before", {})
        store.write_sessions([replace(SESSION, number=2**70)])
        store.write_decision(START, "after", {})
        is_saved = store.flush()

        assert is_saved
        assert [found.kind for found in store.read_decisions(START, START + DAY)] == [
            "before",
            "after",
        ]
        assert store.n_lost == 1
        assert store.problem is not None
        assert "1 records were lost" in store.problem


def test_a_value_that_nobody_wrote_does_not_stop_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with open_store(path) as store:
        store.write_decision(START, "buffer", FACTS)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE decision SET facts = 'rotten'")
        connection.commit()

    with open_store(path) as store:
        assert store.read_decisions(START, START + DAY) == ()
        assert store.problem is not None
        assert "history.db cannot be read" in store.problem
