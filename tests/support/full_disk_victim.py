"""A process whose disk is full: its files may not grow beyond a limit, until they may again.

    python -m tests.support.full_disk_victim FILE

Prints one JSON object of what it saw.
"""

import json
import logging
import resource
import sys
from pathlib import Path

from storage.history_store import HistoryStore
from tests.support.history_builder import START, quarter

N_QUARTERS = 9_000


class Told(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.levels: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.levels.append(record.levelname)


def let_files_grow_to(n_bytes: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, most))


def main() -> None:
    path = Path(sys.argv[1])
    told = Told()
    logger = logging.getLogger("smartload")
    logger.addHandler(told)
    logger.setLevel(logging.INFO)
    store = HistoryStore(path, now=START)
    store.write_energies([quarter(0, house_kwh=0.1)])
    saw: dict[str, object] = {"saved_before": store.flush()}
    let_files_grow_to(128 * 1024)
    failed = 0
    for first in range(1, N_QUARTERS, 500):
        store.write_energies(
            [quarter(number, house_kwh=number / 1e4) for number in range(first, first + 500)]
        )
        failed += not store.flush()
    saw |= {
        "failed": failed,
        "problem": store.problem,
        "read_while_full": store.summary().last is not None,
    }
    let_files_grow_to(resource.RLIM_INFINITY)
    saw |= {
        "saved_after": store.flush(),
        "problem_after": store.problem,
        "told": told.levels,
        "n_lost": store.n_lost,
    }
    store.close()
    sys.stdout.write(json.dumps(saw) + "\n")


if __name__ == "__main__":
    main()
