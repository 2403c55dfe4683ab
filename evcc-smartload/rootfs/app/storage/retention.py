"""What is deleted, and when: nightly, whole UTC days, oldest first.

A day goes when it is older than ``keep_days`` *and* at least ``keep_days`` younger days hold
anything. The second half needs no clock: one that jumps to the future costs as many old days as
were written under the wrong date, not all of them.
"""

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.horizon import SLOTS_PER_DAY
from storage.forecast_table import KINDS_PER_INSTANT, LONGEST_REFERENCE
from storage.stored_values import to_us

_DAY_US = 86_400_000_000
_IDS_PER_DAY = _DAY_US * KINDS_PER_INSTANT
_REFERENCE_IDS = LONGEST_REFERENCE // timedelta(microseconds=1) * KINDS_PER_INSTANT
# Where days are counted: table, column, its numbers per day.
_COUNTED = (
    ("energy", "slot", SLOTS_PER_DAY),
    ("forecast", "id", _IDS_PER_DAY),
    ("decision", "at_us", _DAY_US),
)
_SWEPT = (
    ("energy", "slot", SLOTS_PER_DAY),
    ("decision", "at_us", _DAY_US),
    ("command", "at_us", _DAY_US),
    ("session", "started_us", _DAY_US),
)


def sweep(connection: sqlite3.Connection, now: datetime, keep_days: int) -> None:
    """Delete what is too old, give the space back, and move the log into the file."""
    days = days_held(connection)
    cutoff = first_kept_day(days, to_us(now) // _DAY_US, keep_days)
    for day in days:
        if day < cutoff:
            # A day at a time: the log stays small, also when many go at once.
            _delete_before(connection, day + 1)
    connection.execute("PRAGMA incremental_vacuum").fetchall()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def first_kept_day(days: Iterable[int], today: int, keep_days: int) -> int:
    """Return the first day that is kept; ``days`` are those that hold anything."""
    rising = sorted(days)
    by_age = today - keep_days
    if len(rising) <= keep_days:
        return min(by_age, rising[0]) if rising else by_age
    return min(by_age, rising[-keep_days])


def days_held(connection: sqlite3.Connection) -> list[int]:
    """Return the days since 1970 that hold energies, forecasts or decisions, rising."""
    days: set[int] = set()
    for table, column, per_day in _COUNTED:
        days |= _days_in(connection, table, column, per_day)
    return sorted(days)


def measured_days(connection: sqlite3.Connection) -> int:
    """Return in how many UTC days any quarter hour was measured."""
    return len(_days_in(connection, "energy", "slot", SLOTS_PER_DAY))


def _days_in(connection: sqlite3.Connection, table: str, column: str, per_day: int) -> set[int]:
    # One step of the index a day, rather than reading every row.
    query = f"SELECT min({column}) FROM {table} WHERE {column} >= ?"  # noqa: S608  # our own names
    days: set[int] = set()
    (value,) = connection.execute(f"SELECT min({column}) FROM {table}").fetchone()  # noqa: S608  # as above
    while value is not None:
        day = value // per_day
        days.add(day)
        (value,) = connection.execute(query, ((day + 1) * per_day,)).fetchone()
    return days


def _delete_before(connection: sqlite3.Connection, day: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for table, column, per_day in _SWEPT:
            connection.execute(f"DELETE FROM {table} WHERE {column} < ?", (day * per_day,))  # noqa: S608  # our own names
        first = day * _IDS_PER_DAY
        # A curve that a younger one refers to stays for as long as that one.
        connection.execute(
            "DELETE FROM forecast WHERE id < ?1 AND id NOT IN"
            " (SELECT base FROM forecast WHERE id >= ?1 AND id < ?2 AND base IS NOT NULL)",
            (first, first + _REFERENCE_IDS + 1),
        )
        connection.execute(
            "DELETE FROM decision_form WHERE number NOT IN (SELECT form FROM decision)"
        )
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
