import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.forecast import ForecastKind
from domain.steering import WriteOutcome
from storage.history_store import HistoryStore
from storage.migrations import MIGRATIONS, migrate
from storage.stored_values import to_us
from tests.support.history_builder import DAY, START, command, open_store, quarter, said

PER_DAY = 96
MICROSECOND = timedelta(microseconds=1)


def write_days(store: HistoryStore, first: int, n_days: int) -> None:
    for day in range(first, first + n_days):
        store.write_energies(
            [quarter(day * PER_DAY + number, house_kwh=0.1) for number in range(PER_DAY)]
        )
        store.write_forecast(said([0.5] * PER_DAY, issued=day * PER_DAY))
        store.write_decision(START + day * DAY, "buffer", {"day": day})
        store.write_command(command(START + day * DAY))


def test_what_is_older_than_is_kept_goes_in_every_table(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db", keep_days=10) as store:
        write_days(store, 0, 15)

        store.sweep(START + 14 * DAY + timedelta(hours=3))
        store.flush()

        assert store.summary().first == START + 4 * DAY
        assert len(store.read_issued(ForecastKind.LOAD, START, START + 20 * DAY)) == 11
        assert len(store.read_decisions(START, START + 20 * DAY)) == 11
        assert len(store.read_commands(START, START + 20 * DAY)) == 11


def test_nothing_young_goes(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db", keep_days=10) as store:
        write_days(store, 0, 10)

        store.sweep(START + 9 * DAY)
        store.flush()

        assert store.summary().n_days == 10


def test_a_clock_that_jumps_ahead_deletes_nothing(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db", keep_days=10) as store:
        write_days(store, 0, 10)

        store.sweep(START + 30_000 * DAY)
        store.flush()

        assert store.summary().n_days == 10


def test_days_under_a_wrong_clock_cost_as_many_old_ones(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db", keep_days=10) as store:
        write_days(store, 0, 10)
        write_days(store, 3000, 2)

        store.sweep(START + 3002 * DAY)
        store.flush()

        assert store.summary().n_days == 10
        assert store.summary().first == START + 2 * DAY


def test_a_clock_that_falls_behind_deletes_nothing(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db", keep_days=10) as store:
        write_days(store, 0, 15)

        store.sweep(START - 3000 * DAY)
        store.flush()

        assert store.summary().n_days == 15


def test_keeping_fewer_days_takes_effect_at_once(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db", keep_days=100) as store:
        write_days(store, 0, 30)
        store.sweep(START + 29 * DAY)

    with open_store(tmp_path / "history.db", keep_days=5) as store:
        store.sweep(START + 29 * DAY)
        store.flush()

        assert store.summary().first == START + 24 * DAY


def test_a_kept_forecast_outlives_the_one_it_refers_to(tmp_path: Path) -> None:
    curve = [round(0.01 * (number * 37 % 101), 2) for number in range(192)]
    with open_store(tmp_path / "history.db", keep_days=2) as store:
        for number in range(80, 110):
            store.write_forecast(said(curve[number - 80 :], issued=number))
        for day in (2, 3):
            store.write_forecast(said([0.0], issued=day * PER_DAY))

        store.sweep(START + 3 * DAY)
        store.flush()

        kept = store.read_issued(ForecastKind.LOAD, START + DAY, START + 2 * DAY)
        assert [forecast.band.p50 for forecast in kept] == [
            tuple(curve[number - 80 :]) for number in range(96, 110)
        ]


def test_the_file_stops_growing_once_days_are_deleted(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    sizes = []
    with open_store(path, keep_days=5) as store:
        for day in range(20):
            write_days(store, day, 1)
            store.sweep(START + day * DAY)
            store.flush()
            sizes.append(path.stat().st_size)

    assert max(sizes[6:]) <= sizes[6] * 1.1
    assert sizes[19] == path.stat().st_size


def test_a_step_that_fails_leaves_nothing_of_itself() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        broken = (*MIGRATIONS, ("broken", ("CREATE TABLE half (a)", "CREATE TABLE half (a)")))
        with pytest.raises(sqlite3.OperationalError):
            migrate(connection, broken)

        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
        done = [name for (name,) in connection.execute("SELECT name FROM migration")]

    assert "half" not in names
    assert set(done) == {"first_tables", "commands_of_levers"}


def begin_former(path: Path) -> None:
    """Begin a history as it was before commands had levers, with a few of them."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, MIGRATIONS[:1])
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.executemany(
            "INSERT INTO command (at_us, setting, wanted, accepted, succeeded, reason)"
            " VALUES (?, 'bufferSoc', ?, ?, ?, ?)",
            [
                (to_us(START), 30.0, None, 0, "was 50"),
                (to_us(START), 35.0, 35.0, 1, "was 50"),
                (to_us(START + DAY), 42.5, 42.5, 1, "was 62.5"),
                (to_us(START + 2 * DAY), None, None, 0, "by hand"),
            ],
        )


def test_commands_of_a_former_history_are_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    begin_former(path)

    with open_store(path) as store:
        found = store.read_commands(START, START + 3 * DAY)

    failed, confirmed = WriteOutcome.FAILED, WriteOutcome.CONFIRMED
    assert found == (
        command(START, wanted=30.0, accepted=None, outcome=failed, settled_at=START),
        command(START + MICROSECOND, wanted=35.0, accepted=35.0, settled_at=START),
        replace(
            command(START + DAY, wanted=42.5, accepted=42.5, outcome=confirmed),
            before=62.5,
            settled_at=START + DAY,
        ),
        replace(
            command(START + 2 * DAY, wanted=None, accepted=None, outcome=failed, detail="by hand"),
            before=None,
            settled_at=START + 2 * DAY,
        ),
    )


def test_a_former_history_that_is_set_aside_loses_no_command(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    begin_former(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO migration (name) VALUES ('from_the_future')")

    with open_store(path) as store:
        found = store.read_commands(START, START + 3 * DAY)

        assert store.load_problem is not None
        assert "4 records were taken over from it" in store.load_problem
    assert [one.wanted for one in found] == [30.0, 35.0, 42.5, None]


def test_a_later_step_runs_on_a_history_that_exists(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with open_store(path) as store:
        store.write_energies([quarter(house_kwh=0.1)])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(
            connection, (*MIGRATIONS, ("more", ("ALTER TABLE energy ADD COLUMN heat INTEGER",)))
        )
        row = connection.execute("SELECT house_dwh, heat FROM energy").fetchone()

    assert row == (1000, None)
