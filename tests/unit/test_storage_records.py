import math
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from domain.history import ChargingSession, EnergySource, ImportProgress, ImportState
from storage.history_store import HistoryStore
from storage.records import Fact, StoredCommand, StoredDecision
from tests.support.history_builder import DAY, START, open_store

FACTS: dict[str, Fact] = {"target_pct": 42.5, "reason": "Süden", "applied": False, "limit": None}
SESSION = ChargingSession(
    number=7,
    started_at=START + timedelta(hours=1, seconds=3),
    finished_at=None,
    loadpoint="Garage",
    vehicle=None,
    energy_kwh=1.5,
)


def write_command(store: HistoryStore, accepted: float | None = 40.0) -> None:
    store.write_command(
        START, "bufferSoc", wanted=42.0, accepted=accepted, succeeded=True, reason="night"
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


def test_a_command_comes_back_and_is_kept_once(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        for accepted in (40.0, 40.0, None):
            write_command(store, accepted)
        store.flush()

        found = store.read_commands(START, START + DAY)

    first = StoredCommand(
        at=START, setting="bufferSoc", wanted=42.0, accepted=40.0, succeeded=True, reason="night"
    )
    assert found == (first, replace(first, accepted=None))


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
