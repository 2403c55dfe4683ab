"""Pulling the plug and filling the disk: nothing that was said to be saved is missing."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from domain.forecast import ForecastKind
from domain.horizon import SLOT
from tests.support.full_disk_victim import N_QUARTERS
from tests.support.history_builder import START, open_store

ROOT = Path(__file__).parents[2]
KILLS = 40


def start_victim(program: str, *arguments: str) -> subprocess.Popen[str]:
    app = ROOT / "evcc-smartload/rootfs/app"
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.support.{program}", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{app}{os.pathsep}{ROOT}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


class Victims:
    """Processes that write history and are born to be killed."""

    def __init__(self, path: Path) -> None:
        self._process = start_victim("history_victim", str(path))

    def live_and_die(self, first: int, n_lines: int, n_turns: int) -> int:
        """Let one say ``n_lines``, kill it soon after; return the last number it said."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{first}\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        said = [int(self._process.stdout.readline()) for _ in range(n_lines)]
        for _ in range(n_turns):
            pass  # a moment that differs from kill to kill
        os.kill(pid, signal.SIGKILL)
        while "dead" not in (line := self._process.stdout.readline()):
            said.append(int(line))
        return said[-1]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture
def victims(tmp_path: Path) -> Iterator[Victims]:
    born = Victims(tmp_path / "history.db")
    yield born
    born.close()


def check_it_is_whole(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def check_nothing_is_missing(path: Path, last: int) -> None:
    with open_store(path) as store:
        past = store.read_energies(START, START + (last + 1) * SLOT)
        decisions = store.read_decisions(START, START + (last + 1) * SLOT)
        issued = store.read_issued(ForecastKind.LOAD, START, START + (last + 1) * SLOT)

        assert store.problem is None
    np.testing.assert_allclose(past.house_kwh, np.arange(last + 1) % 100 / 100)
    assert [decision.facts["number"] for decision in decisions] == list(range(last + 1))
    assert [forecast.band.p50[1] for forecast in issued] == [
        (number * 7 + 1) % 50 / 10 for number in range(last + 1)
    ]


def test_forty_kills_lose_nothing_that_was_said_to_be_saved(
    tmp_path: Path, victims: Victims
) -> None:
    path = tmp_path / "history.db"
    chance = random.Random(5)
    last = -1
    n_left_open = 0

    for number in range(KILLS):
        last = victims.live_and_die(last + 1, chance.randrange(1, 6), chance.randrange(100_000))
        n_left_open += path.with_name("history.db-wal").exists()
        if number % 8 == 0:
            check_it_is_whole(path)
            check_nothing_is_missing(path, last)

    check_it_is_whole(path)
    check_nothing_is_missing(path, last)
    assert n_left_open > KILLS / 2, "the kills hardly ever met a history that was open"
    assert list(tmp_path.glob("*.unreadable-*")) == []


def test_a_full_disk_is_told_once_and_everything_arrives_when_there_is_room(
    tmp_path: Path,
) -> None:
    path = tmp_path / "history.db"

    with start_victim("full_disk_victim", str(path)) as victim:
        said, _ = victim.communicate(timeout=300)
    saw = json.loads(said)

    assert victim.returncode == 0
    assert saw["failed"] > 3
    assert "history.db cannot be written (the disk" in saw["problem"]
    assert saw["read_while_full"]
    assert saw["saved_after"]
    assert saw["problem_after"] is None
    # Closing the file empties its log, so that a little more fits now and then.
    assert saw["told"] == ["ERROR", "INFO"] * (len(saw["told"]) // 2)
    assert len(saw["told"]) < saw["failed"]
    assert saw["n_lost"] == 0
    check_it_is_whole(path)
    with open_store(path) as store:
        past = store.read_energies(START + SLOT, START + N_QUARTERS * SLOT)
    assert np.isfinite(past.house_kwh).all()
