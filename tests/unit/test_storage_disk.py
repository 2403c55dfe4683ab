import logging
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from domain.forecast import ForecastKind
from domain.horizon import SLOT
from storage.history_store import HistoryStore
from tests.support.history_builder import DAY, START, open_store, quarter, said

NOBODY = 65_534


def house_kwh(path: Path, n_slots: int = 1) -> list[float]:
    with open_store(path) as store:
        values: list[float] = store.read_energies(START, START + n_slots * SLOT).house_kwh.tolist()
        return values


@pytest.mark.parametrize("content", [b"this is no database" * 500, b"SQLite format 3\0broken"])
def test_a_file_that_is_no_history_is_set_aside_and_a_new_one_begun(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(content)

    with open_store(path) as store:
        store.write_energies([quarter(house_kwh=0.5)])
        is_saved = store.flush()

        assert is_saved
        assert store.save_problem is None
        assert store.problem is not None
        assert "kept as history.db.unreadable-20260328T000000" in store.problem
    assert (tmp_path / "history.db.unreadable-20260328T000000").read_bytes() == content
    assert house_kwh(path) == [0.5]


def test_two_unreadable_files_are_both_kept(tmp_path: Path) -> None:
    for content in (b"first" * 1000, b"second" * 1000):
        (tmp_path / "history.db").write_bytes(content)
        with open_store(tmp_path / "history.db"):
            pass

    kept = sorted(file.name for file in tmp_path.glob("*.unreadable-*"))
    assert kept == [
        "history.db.unreadable-20260328T000000",
        "history.db.unreadable-20260328T000000-2",
    ]


def test_a_history_of_a_newer_smartload_is_set_aside_and_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with open_store(path) as store:
        store.write_energies([quarter(house_kwh=0.1)])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO migration (name) VALUES ('from_the_future')")
        connection.commit()

    with open_store(path) as store:
        assert store.load_problem is not None
        assert "written by a newer SmartLoad (from_the_future)" in store.load_problem
        assert store.read_energies(START, START + SLOT).house_kwh.tolist() == [0.1]


def test_damage_that_is_met_while_reading_does_not_stop_the_service(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with open_store(path) as store:
        store.write_energies([quarter(number, house_kwh=0.1) for number in range(5000)])
    with path.open("r+b") as file:
        file.seek(5 * 4096)
        file.write(b"\xa5" * (path.stat().st_size - 5 * 4096))

    with open_store(path) as store:
        past = store.read_energies(START, START + 50 * DAY)
        store.write_energies([quarter(house_kwh=0.7)])
        is_saved = store.flush()

        assert past.n_slots == 4800
        assert is_saved
        assert store.load_problem is not None
        assert store.read_energies(START, START + SLOT).house_kwh.tolist() == [0.7]
    assert len(list(tmp_path.glob("*.unreadable-20260328T000000"))) == 1


def test_what_lies_around_the_damage_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with open_store(path) as store:
        store.write_energies([quarter(number, house_kwh=0.1) for number in range(20_000)])
        store.write_decision(START, "buffer", {"target_pct": 40.0})
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xa5" * 4096)

    with open_store(path) as store:
        store.read_energies(START, START + 300 * DAY)
        store.flush()

        assert store.load_problem is not None
        assert "records were taken over from it" in store.load_problem
        past = store.read_energies(START, START + 20_000 * SLOT)
        n_known = int(np.isfinite(past.house_kwh).sum())
        assert 19_000 < n_known < 20_000
        assert np.isfinite(past.house_kwh[[0, -1]]).all()
        assert len(store.read_decisions(START, START + DAY)) == 1


def test_a_folder_that_comes_late_gets_everything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "mounted" / "history.db"

    with caplog.at_level(logging.INFO), open_store(path) as store:
        store.write_energies([quarter(house_kwh=0.1)])
        was_saved = store.flush()
        told = store.problem
        nothing_yet = store.read_energies(START, START + SLOT)
        store.write_energies([quarter(1, house_kwh=0.2)])
        path.parent.mkdir()
        is_saved = store.flush()

        assert (was_saved, is_saved) == (False, True)
        assert told is not None
        assert told.startswith("history.db cannot be written (it cannot be opened or created)")
        assert np.isnan(nothing_yet.house_kwh).all()
        assert store.problem is None
    assert house_kwh(path, 2) == [0.1, 0.2]
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


def test_a_file_that_was_deleted_meanwhile_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with open_store(path) as store:
        store.write_energies([quarter(house_kwh=0.1)])
        store.flush()
        for file in tmp_path.iterdir():
            file.unlink()
        store.write_energies([quarter(1, house_kwh=0.2)])
        store.flush()

        assert store.problem is None
    assert house_kwh(path, 2) == pytest.approx([np.nan, 0.2], nan_ok=True)


def test_what_is_least_important_is_given_up_first_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "mounted" / "history.db"
    with open_store(path, max_waiting=10) as store:
        store.write_forecast(said([1.0], issued=0))
        store.write_decision(START, "buffer", {"old": True})
        store.write_forecast(said([2.0], issued=1))
        store.write_energies([quarter(number, house_kwh=0.1) for number in range(5)])
        told = store.problem
        path.parent.mkdir()
        store.flush()

        assert told is not None
        assert "1 records were lost" in told
        assert store.n_lost == 1
        kept = store.read_issued(ForecastKind.LOAD, START, START + DAY)
        assert [forecast.band.p50 for forecast in kept] == [(2.0,)]
        assert len(store.read_decisions(START, START + DAY)) == 1
        assert store.summary().last == START + 4 * SLOT


@pytest.fixture
def somebody_else() -> Iterator[Path]:
    """A folder that this process may read but not write, whoever runs it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with open_store(folder / "history.db") as store:
            store.write_energies([quarter(house_kwh=0.3)])
        folder.chmod(0o555)
        (folder / "history.db").chmod(0o444)
        was_root = os.geteuid() == 0
        if was_root:
            os.seteuid(NOBODY)
        yield folder
        if was_root:
            os.seteuid(0)
        folder.chmod(0o755)


def test_a_read_only_history_can_be_read_and_says_that_it_is_not_written(
    somebody_else: Path,
) -> None:
    with open_store(somebody_else / "history.db") as store:
        store.write_energies([quarter(house_kwh=0.9)])
        is_saved = store.flush()

        assert not is_saved
        assert store.problem is not None
        assert "read-only" in store.problem
        assert store.read_energies(START, START + SLOT).house_kwh.tolist() == [0.3]
        assert store.summary().n_days == 1


def test_a_backup_is_one_file_that_a_store_opens(tmp_path: Path) -> None:
    copy = tmp_path / "copies" / "backup.db"
    copy.parent.mkdir()
    with open_store(tmp_path / "history.db") as store:
        store.write_energies([quarter(house_kwh=0.1)])
        store.backup(copy)
        store.write_energies([quarter(1, house_kwh=0.2)])
        store.flush()

    assert [file.name for file in copy.parent.iterdir()] == ["backup.db"]
    assert house_kwh(copy, 2) == pytest.approx([0.1, np.nan], nan_ok=True)


def test_a_backup_that_fails_leaves_the_one_before(tmp_path: Path) -> None:
    copy = tmp_path / "backup.db"
    copy.write_text("the one before")
    store = HistoryStore(tmp_path / "missing" / "history.db", now=START)

    with pytest.raises(OSError, match=r"history\.db could not be copied"):
        store.backup(copy)
    store.close()

    assert copy.read_text() == "the one before"
    assert [file.name for file in tmp_path.iterdir()] == ["backup.db"]
