"""What the command line does besides starting the service: the history's backup and its return."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from command_line import (
    BACKUP_NAME,
    HISTORY_NAME,
    back_up_history,
    parse_arguments,
    restore_missing,
)
from domain.history import EnergySource, QuarterEnergies
from main import main
from storage.history_store import HistoryStore

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def write_history(folder: Path) -> HistoryStore:
    store = HistoryStore(folder / HISTORY_NAME, now=NOON)
    store.write_energies(
        [QuarterEnergies(start=NOON, source=EnergySource.EVCC, pv_kwh=1.25, house_kwh=0.5)]
    )
    assert store.flush()
    return store


def pv_kwh(path: Path) -> float:
    store = HistoryStore(path, now=NOON)
    try:
        return float(store.read_energies(NOON, NOON + HOUR).pv_kwh[0])
    finally:
        store.close()


def test_a_history_in_use_is_copied_into_one_file(tmp_path: Path) -> None:
    store = write_history(tmp_path)
    target = tmp_path / "copy.db"

    code = main(["--data", str(tmp_path), "--backup", str(target)], {})

    store.close()
    assert code == 0
    assert pv_kwh(target) == 1.25


def test_without_a_name_the_copy_lies_beside_the_history(tmp_path: Path) -> None:
    write_history(tmp_path).close()

    assert back_up_history(tmp_path, Path()) == 0

    assert pv_kwh(tmp_path / BACKUP_NAME) == 1.25


def test_a_restored_backup_brings_the_history_back(tmp_path: Path) -> None:
    write_history(tmp_path).close()
    back_up_history(tmp_path, Path())
    for file in tmp_path.glob(f"{HISTORY_NAME}*"):
        file.unlink()

    restore_missing(tmp_path)

    assert pv_kwh(tmp_path / HISTORY_NAME) == 1.25


def test_a_history_that_is_there_is_not_replaced_by_an_older_copy(tmp_path: Path) -> None:
    write_history(tmp_path).close()
    (tmp_path / BACKUP_NAME).write_bytes(b"an old copy")

    restore_missing(tmp_path)

    assert pv_kwh(tmp_path / HISTORY_NAME) == 1.25


def test_a_copy_that_cannot_be_read_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / BACKUP_NAME).write_bytes(b"no database" * 1000)

    restore_missing(tmp_path)

    assert not (tmp_path / HISTORY_NAME).exists()


def test_before_there_is_a_history_a_backup_has_nothing_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert back_up_history(tmp_path, Path()) == 0
    assert "no history" in capsys.readouterr().out


def test_a_backup_that_cannot_be_written_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_history(tmp_path).close()

    assert back_up_history(tmp_path, tmp_path / "missing" / "copy.db") == 1

    assert "missing" in capsys.readouterr().err


def test_the_service_is_started_unless_a_backup_is_asked_for() -> None:
    assert parse_arguments(["--demo"]).backup is None
    assert parse_arguments(["--backup"]).backup == Path()
