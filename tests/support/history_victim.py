"""Processes that write history as fast as they can until they are killed.

    python -m tests.support.history_victim FILE

Reads a number from a line of standard input, forks a child that writes cycles from that number on,
and says its pid; the child says each number that is on the disk. Meanwhile a thread of it reads,
sweeps and copies, as the service does. When it is dead, "dead" follows.
"""

import os
import sys
import threading
from datetime import timedelta
from pathlib import Path

from domain.forecast import ForecastKind
from domain.horizon import SLOT
from domain.steering import WriteOutcome
from storage.history_store import HistoryStore
from tests.support.history_builder import START, command, quarter, said


def say(word: object) -> None:
    # One write a line: a kill leaves it out or leaves it whole.
    os.write(sys.stdout.fileno(), f"{word}\n".encode())


def write_cycle(store: HistoryStore, number: int) -> None:
    store.write_energies([quarter(number, house_kwh=number % 100 / 100, pv_kwh=0.5)])
    store.write_forecast(said([(number * 7 + slot) % 50 / 10 for slot in range(96)], issued=number))
    # Each is sent first and confirmed later, as in life.
    for outcome in (WriteOutcome.SENT, WriteOutcome.CONFIRMED):
        store.write_command(command(START + number * SLOT, wanted=number % 100, outcome=outcome))
    store.write_decision(START + number * SLOT, "buffer", {"number": number})


def look_around(store: HistoryStore, path: Path) -> None:
    while True:
        store.read_said_before_array(
            ForecastKind.LOAD, START, START + 96 * SLOT, timedelta(hours=1)
        )
        store.sweep(START)
        store.backup(path.with_name("copy.db"))


def live(path: Path, first: int) -> None:
    store = HistoryStore(path, now=START)
    threading.Thread(target=look_around, args=(store, path), daemon=True).start()
    number = first
    while True:
        write_cycle(store, number)
        if number % 3 == 0 and store.flush():
            say(number)
        number += 1


def main() -> None:
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            say(os.getpid())
            live(Path(sys.argv[1]), int(line))
        os.waitpid(pid, 0)
        say("dead")


if __name__ == "__main__":
    main()
