"""Takes over what can still be read of a history that was set aside.

Damage is usually a page or two: each table is read from its beginning up to the damage, and from
its end back to it. A file that was damaged before it was brought up to date is read as it is.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from storage.database import reading
from storage.migrations import FORMER_COMMANDS

# With the column by which each table is read in either direction.
_TABLES = (
    ("energy", "slot"),
    ("loadpoint", "number"),
    ("model", "number"),
    ("forecast", "id"),
    ("decision_form", "number"),
    ("decision", "number"),
    ("command", "at_us"),
    ("session", "started_us"),
    ("import", "source"),
)

# The same of tables as they were before; their columns are in the order of today's.
_FORMER = (("command", "number", FORMER_COMMANDS),)

Row = tuple[object, ...]


def rescue(aside: Path, connection: sqlite3.Connection) -> int:
    """Copy every readable row of the file ``aside`` into a new one; return how many.

    Raises:
        sqlite3.Error: The new file cannot be written; nothing was copied.
    """
    n_rows = 0
    connection.execute("BEGIN IMMEDIATE")
    try:
        for table, key in _TABLES:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            query = f"SELECT {', '.join(columns)} FROM {table}"  # noqa: S608  # our own names
            n_rows += _copy(aside, query, key, connection, table)
        for table, key, query in _FORMER:
            n_rows += _copy(aside, query, key, connection, table)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return n_rows


def _copy(aside: Path, query: str, key: str, connection: sqlite3.Connection, table: str) -> int:
    return sum(_insert(connection, table, row) for row in _readable(aside, query, key))


def _readable(aside: Path, query: str, key: str) -> Iterator[Row]:
    for order in ("ASC", "DESC"):
        try:
            with reading(aside) as old:
                yield from old.execute(f"{query} ORDER BY {key} {order}")
        except sqlite3.Error:
            continue  # what lies behind the damage is read from the other end
        return


def _insert(connection: sqlite3.Connection, table: str, row: Row) -> int:
    places = ", ".join("?" * len(row))
    try:
        query = f"INSERT OR IGNORE INTO {table} VALUES ({places})"  # noqa: S608  # our own names
        return connection.execute(query, row).rowcount
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        return 0  # damaged into something that no column takes
