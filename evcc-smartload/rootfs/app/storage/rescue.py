"""Takes over what can still be read of a history that was set aside.

Damage is usually a page or two: each table is read from its beginning up to the damage, and from
its end back to it.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from storage.database import reading

# With the column by which each table is read in either direction.
_TABLES = (
    ("energy", "slot"),
    ("loadpoint", "number"),
    ("model", "number"),
    ("forecast", "id"),
    ("decision_form", "number"),
    ("decision", "number"),
    ("command", "number"),
    ("session", "started_us"),
    ("import", "source"),
)

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
            for row in _readable(aside, table, key, columns):
                n_rows += _insert(connection, table, row)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return n_rows


def _readable(aside: Path, table: str, key: str, columns: list[str]) -> Iterator[Row]:
    names = ", ".join(columns)
    for order in ("ASC", "DESC"):
        try:
            with reading(aside) as old:
                yield from old.execute(f"SELECT {names} FROM {table} ORDER BY {key} {order}")  # noqa: S608  # our own names
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
