"""Opening the file: settings, migrations, and what to do when it cannot be read."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from storage.migrations import NewerHistoryError, migrate

_BUSY_MS = 5000
# SQLite moves the log into the file at 1000 pages (4 MB); after that the log shrinks to this.
_WAL_LIMIT_BYTES = 1_048_576
_COMPANIONS = ("", "-wal", "-shm")

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PASSING = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PROTOCOL,
    }
)


class UnreadableHistoryError(Exception):
    """The file is damaged, or is not a history of ours; it must be set aside."""


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code of ``error``; 0 when it came from elsewhere."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF if isinstance(code, int) else 0


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether the file's content is at fault."""
    return primary_code(error) in _DAMAGED


def is_passing(error: sqlite3.Error) -> bool:
    """Return whether the disk or somebody else is at fault, so that trying again may help."""
    return primary_code(error) in _PASSING


def open_writer(path: Path, *, is_first: bool = True) -> sqlite3.Connection:
    """Open the file for writing, begin it when it is missing, bring its tables up to date.

    After an unclean end (a log was left) the whole file is checked when it ``is_first`` opened.

    Raises:
        UnreadableHistoryError: It is damaged, newer, or something else.
        sqlite3.Error: The disk does not let us.
    """
    was_left_open = _has_content(path.with_name(path.name + "-wal"))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        # Only has an effect on a new file, and only before anything is written to it.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        # Survives a killed process; a power cut may cost the last commits, never the file.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
        if is_first and was_left_open:
            check(connection)
        migrate(connection)
    except NewerHistoryError as exc:
        connection.close()
        raise UnreadableHistoryError(str(exc)) from exc
    except sqlite3.Error as exc:
        connection.close()
        if is_passing(exc):
            raise
        raise UnreadableHistoryError(str(exc)) from exc
    except UnreadableHistoryError:
        connection.close()
        raise
    return connection


def check(connection: sqlite3.Connection) -> None:
    """Raise ``UnreadableHistoryError`` when the file is damaged."""
    try:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as exc:
        if is_damage(exc):
            raise UnreadableHistoryError(str(exc)) from exc
        raise
    if found != "ok":
        raise UnreadableHistoryError(" ".join(str(found).split()))


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection that cannot write and sees one moment; it never blocks the writer.

    Raises:
        sqlite3.Error: There is no file, or it cannot be read.
    """
    connection = _open_reader(path)
    try:
        connection.execute("BEGIN")
        yield connection
    finally:
        connection.close()


def _open_reader(path: Path) -> sqlite3.Connection:
    uri = f"file:{quote(str(path))}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        # In a folder that nobody can write to there is no place for the log's index; without a
        # log the file alone is complete, and nobody changes it.
        if not path.exists() or _has_content(path.with_name(path.name + "-wal")):
            raise
        return sqlite3.connect(f"{uri}&immutable=1", uri=True, isolation_level=None)
    return connection


def set_aside(path: Path, now: datetime) -> Path:
    """Rename the file and its log to ``*.unreadable-<time>``; return the new name.

    Raises:
        OSError: It cannot be renamed.
    """
    stem = f"{path.name}.unreadable-{now:%Y%m%dT%H%M%S}"
    name, number = stem, 1
    while path.with_name(name).exists():
        number += 1
        name = f"{stem}-{number}"
    for companion in _COMPANIONS:
        old = path.with_name(path.name + companion)
        if old.exists():
            old.replace(path.with_name(name + companion))
    return path.with_name(name)


def bytes_on_disk(path: Path) -> int:
    """Return the size of the file and its log [bytes]."""
    files = (path.with_name(path.name + companion) for companion in _COMPANIONS)
    return sum(file.stat().st_size for file in files if file.exists())


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False
