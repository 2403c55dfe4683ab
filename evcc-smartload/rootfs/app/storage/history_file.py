"""One history file: opened when it can be, set aside when it cannot be read."""

import logging
import os
import sqlite3
from datetime import datetime
from pathlib import Path

from storage.database import UnreadableHistoryError, open_writer, set_aside
from storage.rescue import rescue

_log = logging.getLogger("smartload.history")


class HistoryFile:
    """Where the history is, and what happened to the file that was there; used by one thread."""

    def __init__(self, path: Path, now: datetime) -> None:
        """Remember the place; ``now`` names a file that must be set aside."""
        self.path = path
        self.now = now
        self.load_problem: str | None = None
        self._aside: Path | None = None
        self._why = ""
        self._opened: tuple[int, int] | None = None

    def connect(self) -> sqlite3.Connection:
        """Open the file for writing; one that cannot be read is set aside and a new one begun.

        Raises:
            sqlite3.Error: The disk does not let us.
            OSError: The unreadable file cannot be set aside.
            UnreadableHistoryError: Not even a new file can be read.
        """
        try:
            connection = open_writer(self.path, is_first=self._opened is None)
        except UnreadableHistoryError as exc:
            self.give_up(str(exc))
            connection = open_writer(self.path)
        try:
            self._take_over(connection)
        except sqlite3.Error:
            connection.close()
            raise
        self._opened = self._identity()
        return connection

    def give_up(self, why: str) -> None:
        """Set the file aside; nobody may have it open.

        Raises:
            OSError: It cannot be renamed.
        """
        self._aside = set_aside(self.path, self.now)
        self._why = why
        self.load_problem = self._told("starting afresh")

    def _take_over(self, connection: sqlite3.Connection) -> None:
        if self._aside is None:
            return
        n_rows = rescue(self._aside, connection)
        if n_rows:
            self.load_problem = self._told(f"{n_rows} records were taken over from it")
        _log.error(self.load_problem)
        self._aside = None

    def _told(self, what_now: str) -> str:
        kept = "" if self._aside is None else f"kept as {self._aside.name}; "
        return f"{self.path.name} was unreadable ({self._why}); {kept}{what_now}"

    def is_still_there(self) -> bool:
        """Return whether the file is the one that was opened: not deleted, not replaced."""
        return self._opened is not None and self._identity() == self._opened

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self.path)  # noqa: PTH116  # asked before every batch
        except OSError:
            return None
        return status.st_dev, status.st_ino
