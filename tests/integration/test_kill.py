"""Pulling the plug a hundred times: nothing that was shown as saved is lost."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from domain.control import BUFFER
from main import turn
from ownership import hand_back
from simulator.default_home import default_home
from tests.support.sim_service import SteppedClock, build_service
from tests.support.timed_evcc import TimedEvcc

ROOT = Path(__file__).parents[2]
START = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)
KILLS = 100
OWNER_PCT = 50.0


class Victims:
    """Processes that are born to be killed."""

    def __init__(self) -> None:
        app = ROOT / "evcc-smartload/rootfs/app"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.kill_victim"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{app}{os.pathsep}{ROOT}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def live_and_die(
        self, order: dict[str, object], n_lines: int, n_turns: int
    ) -> list[dict[str, Any]]:
        """Let one live until it has said ``n_lines``, kill it soon after; return all it said."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        said: list[dict[str, Any]] = []
        pid = json.loads(self._process.stdout.readline())["pid"]
        while len(said) < n_lines:
            said.append(json.loads(self._process.stdout.readline()))
        for _ in range(n_turns):
            pass  # a moment that differs from kill to kill
        os.kill(pid, signal.SIGKILL)
        while True:
            line = self._process.stdout.readline()
            if '{"dead"' in line:
                # What stands before it on this line is torn: it was not shown.
                return said
            said.append(json.loads(line))

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


@pytest.fixture
def victims() -> Iterator[Victims]:
    born = Victims()
    yield born
    born.close()


def check_nothing_was_lost(data_dir: Path, said: list[dict[str, Any]]) -> None:
    saved = json.loads((data_dir / "smartload_buffer_model.json").read_text())
    shown = [line["last_event"] for line in said if "last_event" in line]
    assert shown[-1] in [event["ts"] for event in saved["log"]]
    assert saved["deployment_ts"] is not None or saved["live_override"] is not None
    did = [line["did"] for line in said if "did" in line]
    if did and "did" in said[-1]:
        assert saved["live_override"] is (did[-1] == "activate")
    assert list(data_dir.glob("*.unreadable-*")) == []


def check_the_owner_can_have_their_value_back(data_dir: Path, buffer_pct: float) -> None:
    if buffer_pct == OWNER_PCT:
        return
    control = json.loads((data_dir / "smartload_control.json").read_text())
    assert [owned["owner"] for owned in control["owned"]] == [OWNER_PCT]


@pytest.mark.long
def test_a_hundred_kills_lose_nothing_that_was_shown(tmp_path: Path, victims: Victims) -> None:
    clock = SteppedClock(START)
    home = default_home(seed=3, start=START, clock=clock)
    evcc = TimedEvcc(home, clock)
    chance = random.Random(11)
    n_live = n_changed = 0

    for number in range(KILLS):
        order = {
            "data": str(tmp_path),
            "evcc": evcc.url,
            "now": clock.now().isoformat(),
            "seed": number,
        }
        said = victims.live_and_die(order, chance.randrange(1, 9), chance.randrange(200_000))

        check_nothing_was_lost(tmp_path, said)
        buffer_pct = home.flat_state()["bufferSoc"]
        assert isinstance(buffer_pct, float | int)
        check_the_owner_can_have_their_value_back(tmp_path, buffer_pct)
        n_live += any(line.get("mode") == "live" for line in said)
        n_changed += buffer_pct != OWNER_PCT
    evcc.close()

    assert n_live > KILLS / 5, "the kills hardly ever met a service that writes"
    assert n_changed > 0
    service = build_service(tmp_path, start=clock.now(), clock=clock, home=home)
    turn(service.parts, clock.now(), None)
    hand_back(service.parts)
    assert home.flat_state()["bufferSoc"] == OWNER_PCT
    assert BUFFER not in [owned.lever for owned in service.parts.controller.owned]
