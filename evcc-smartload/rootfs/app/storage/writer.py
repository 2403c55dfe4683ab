"""The one thread that writes: others hand work over and never wait for the disk.

Work that cannot be written stays in memory and is tried again with the next work, and once a
minute. When too much waits, the oldest of the least important is given up, and counted.
"""

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from storage.database import UnreadableHistoryError, is_damage, is_passing, primary_code
from storage.history_file import HistoryFile

_log = logging.getLogger("smartload.history")

MAX_WEIGHT = 60_000
"""How much may wait; a quarter hour weighs 1 (about 400 bytes). 400 days of one import fit."""
_BATCH_WEIGHT = 4_000
_RETRY_S = 60.0
_WHY = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_PERM: "it is read-only",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened or created",
    sqlite3.SQLITE_BUSY: "another program holds it",
    sqlite3.SQLITE_LOCKED: "another program holds it",
    sqlite3.SQLITE_IOERR: "the disk does not take it",
}


class Importance(IntEnum):
    """What is given up first when too much waits: the lowest."""

    FORECAST = 0
    DECISION = 1
    MEASURED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Something to be written. ``write`` is repeatable and is given the only writing connection.

    ``n_records`` is what is lost with it. Of two with one ``key`` only the later one is needed.
    ``has_own_transactions``: ``write`` begins and ends them itself.
    """

    write: Callable[[sqlite3.Connection], None]
    importance: Importance
    weight: int = 1
    n_records: int = 1
    key: str = ""
    has_own_transactions: bool = False


class HistoryWriter:
    """Writes work in the order it comes, in batches, on a thread of its own."""

    def __init__(self, file: HistoryFile, *, max_weight: int = MAX_WEIGHT) -> None:
        """Open the file and begin; when that fails, ``problem`` says so and work waits."""
        self._file = file
        self._max_weight = max_weight
        self._changed = threading.Condition()
        self._pending: deque[Work] = deque()
        self._in_flight: list[Work] = []
        self._why: str | None = None
        self._n_failures = 0
        self._n_lost = 0
        self._is_prodded = False
        self._is_closing = False
        self._connection: sqlite3.Connection | None = None
        self._note(self._save([]))
        self._thread = threading.Thread(target=self._run, name="history-writer", daemon=True)
        self._thread.start()

    @property
    def problem(self) -> str | None:
        """What keeps the history from being written, in one English sentence; None: nothing."""
        with self._changed:
            if self._why is None and not self._n_lost:
                return None
            name, lost = self._file.path.name, f"{self._n_lost} records were lost"
            if self._why is None:
                return f"{name} can be written again, but {lost}"
            waiting = sum(work.n_records for work in (*self._in_flight, *self._pending))
            told = f"{name} cannot be written ({self._why}); {waiting} records wait in memory"
            return f"{told}, {lost}" if self._n_lost else told

    @property
    def n_lost(self) -> int:
        """How many records did not fit into memory while nothing could be written."""
        with self._changed:
            return self._n_lost

    def submit(self, work: Work) -> None:
        """Hand work over; returns at once."""
        with self._changed:
            if work.key:
                self._pending = deque(old for old in self._pending if old.key != work.key)
            self._pending.append(work)
            self._make_room()
            self._is_prodded = True
            self._changed.notify_all()

    def _make_room(self) -> None:
        weight = sum(work.weight for work in (*self._in_flight, *self._pending))
        while weight > self._max_weight and len(self._pending) > 1:
            # The newest is never the victim; of equals the first is the oldest.
            victim = min(list(self._pending)[:-1], key=lambda work: work.importance)
            self._pending.remove(victim)
            self._n_lost += victim.n_records
            weight -= victim.weight

    def flush(self, timeout_s: float) -> bool:
        """Try at once and wait; return whether everything handed over so far is in the file."""
        with self._changed:
            # An attempt under way may still fail for a reason that has just gone away.
            enough_failures = self._n_failures + (2 if self._in_flight else 1)
            self._is_prodded = True
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._is_idle() or self._n_failures >= enough_failures, timeout_s
            )
            return self._is_idle()

    def _is_idle(self) -> bool:
        return not self._pending and not self._in_flight

    def close(self, timeout_s: float) -> bool:
        """Write what is left, end the thread; return whether everything is in the file."""
        is_saved = self.flush(timeout_s)
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        if not is_saved:
            _log.error("%s; they are lost now", self.problem)
        return is_saved

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._why is None:
                    self._changed.wait_for(lambda: self._pending or self._is_closing)
                else:
                    self._changed.wait_for(lambda: self._is_prodded or self._is_closing, _RETRY_S)
                self._is_prodded = False
                if self._is_closing:
                    break
                self._in_flight = self._take_batch()
                batch = list(self._in_flight)
            n_saved, why = self._save_each(batch)
            with self._changed:
                self._pending.extendleft(reversed(batch[n_saved:]))
                self._in_flight = []
                self._note(why)
                self._changed.notify_all()
        self._disconnect()

    def _take_batch(self) -> list[Work]:
        batch: list[Work] = []
        weight = 0
        while self._pending and weight < _BATCH_WEIGHT:
            if batch and (self._pending[0].has_own_transactions or batch[0].has_own_transactions):
                break
            batch.append(self._pending.popleft())
            weight += batch[-1].weight
        return batch

    def _note(self, why: str | None) -> None:
        """Remember the outcome of an attempt, and say once when it changes."""
        if why is not None:
            self._n_failures += 1
        if (why is None) != (self._why is None):
            name = self._file.path.name
            if why is None:
                _log.info("%s can be written again", name)
            else:
                _log.error("%s cannot be written (%s); work waits in memory", name, why)
        self._why = why

    def _save_each(self, batch: Sequence[Work]) -> tuple[int, str | None]:
        """Write a batch; return how many of it are settled, and what is wrong."""
        try:
            why = self._save(batch)
            return (len(batch) if why is None else 0), why
        except (sqlite3.Error, ArithmeticError, ValueError, TypeError, LookupError) as exc:
            self._disconnect()
            if len(batch) == 1:
                # It would fail for ever, and everything behind it with it.
                _log.exception("a record of the history cannot be written and is lost")
                with self._changed:
                    self._n_lost += batch[0].n_records
                return 1, None
            _log.debug("one of %s records cannot be written (%s)", len(batch), exc)
        for index, work in enumerate(batch):
            _, why = self._save_each([work])
            if why is not None:
                return index, why
        return len(batch), None

    def _save(self, batch: Sequence[Work]) -> str | None:
        """Write a batch in one transaction; return what keeps it from that."""
        damage = ""
        for _ in range(2):
            try:
                self._write(self._connected(), batch)
            except UnreadableHistoryError as exc:
                damage = str(exc)
            except sqlite3.Error as exc:
                if is_passing(exc):
                    # A new connection is the way back from whatever state this one is in.
                    self._disconnect()
                    return _WHY.get(primary_code(exc), str(exc))
                if not is_damage(exc):
                    raise
                damage = str(exc)
            except OSError as exc:
                self._disconnect()
                return exc.strerror or str(exc)
            else:
                return None
            self._disconnect()
            try:
                self._file.give_up(damage)
            except OSError as exc:
                return f"it is damaged and cannot be set aside, {exc.strerror or exc}"
        return damage

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None and not self._file.is_still_there():
            self._disconnect()
        if self._connection is None:
            self._connection = self._file.connect()
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @staticmethod
    def _write(connection: sqlite3.Connection, batch: Sequence[Work]) -> None:
        if not batch:
            return
        if batch[0].has_own_transactions:
            batch[0].write(connection)
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            for work in batch:
                work.write(connection)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
