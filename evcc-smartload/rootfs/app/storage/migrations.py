"""The tables, as named steps: each runs once, in one transaction, and is recorded in the file.

A released step is never edited; a change is a new step at the end of ``MIGRATIONS``.
"""

import sqlite3
from collections.abc import Sequence

_FIRST_TABLES = (
    # Energies in tenths of a watt-hour, SoC in hundredths of a percent, prices in 0.00001 EUR/kWh.
    # ``slot`` is the start in seconds / 900; ``sources`` says who measured each column, three bits
    # a column from the left column on. ``loadpoints`` is seven bytes for each that was measured:
    # its number (2), its source (1), tenths of a watt-hour (4), low bytes first.
    """CREATE TABLE energy (
        slot INTEGER PRIMARY KEY,
        sources INTEGER NOT NULL,
        pv_dwh INTEGER,
        house_dwh INTEGER,
        grid_import_dwh INTEGER,
        grid_export_dwh INTEGER,
        battery_charge_dwh INTEGER,
        battery_discharge_dwh INTEGER,
        battery_soc_cpct INTEGER,
        import_price INTEGER,
        export_price INTEGER,
        is_curtailed INTEGER,
        loadpoints BLOB
    ) STRICT""",
    "CREATE TABLE loadpoint (number INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE) STRICT",
    "CREATE TABLE model (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
    # ``id`` is the issue time in microseconds * 8 + the kind. ``base`` is the row that this one
    # tells the difference to; ``curve`` is NULL when there is none.
    """CREATE TABLE forecast (
        id INTEGER PRIMARY KEY,
        start_slot INTEGER NOT NULL,
        n_slots INTEGER NOT NULL,
        n_known INTEGER NOT NULL,
        model INTEGER NOT NULL,
        scale INTEGER NOT NULL,
        base INTEGER,
        curve BLOB
    ) STRICT""",
    # What every decision of a kind repeats: its name and those of its facts, as a JSON list.
    """CREATE TABLE decision_form (
        number INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        names TEXT NOT NULL,
        UNIQUE (kind, names)
    ) STRICT""",
    """CREATE TABLE decision (
        number INTEGER PRIMARY KEY,
        at_us INTEGER NOT NULL,
        form INTEGER NOT NULL,
        facts TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX decision_at ON decision (at_us)",
    """CREATE TABLE command (
        number INTEGER PRIMARY KEY,
        at_us INTEGER NOT NULL,
        setting TEXT NOT NULL,
        wanted REAL,
        accepted REAL,
        succeeded INTEGER NOT NULL,
        reason TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX command_at ON command (at_us)",
    # evcc's numbers begin anew with a new evcc database, hence both.
    """CREATE TABLE session (
        started_us INTEGER NOT NULL,
        number INTEGER NOT NULL,
        finished_us INTEGER,
        loadpoint TEXT NOT NULL,
        vehicle TEXT,
        energy_kwh REAL NOT NULL,
        soc_start_pct REAL,
        soc_end_pct REAL,
        solar_pct REAL,
        cost_eur REAL,
        PRIMARY KEY (started_us, number)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE import (
        source TEXT PRIMARY KEY,
        state TEXT NOT NULL,
        progress_frac REAL NOT NULL,
        n_slots INTEGER NOT NULL,
        since_us INTEGER,
        detail TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
)

FORMER_COMMANDS = """SELECT
    at_us + (
        SELECT count(*) FROM command AS earlier
        WHERE earlier.at_us = command.at_us AND earlier.setting = command.setting
            AND earlier.number < command.number
    ) AS at_us,
    setting,
    '' AS device,
    'buffer' AS stage,
    CASE WHEN reason LIKE 'was %' THEN CAST(CAST(substr(reason, 5) AS REAL) AS TEXT)
        ELSE 'null' END AS before,
    coalesce(CAST(wanted AS TEXT), 'null') AS wanted,
    coalesce(CAST(accepted AS TEXT), 'null') AS accepted,
    CASE succeeded WHEN 0 THEN 'failed' ELSE 'confirmed' END AS outcome,
    'buffer_decided' AS reason,
    '{}' AS facts,
    CASE WHEN reason LIKE 'was %' THEN '' ELSE reason END AS detail,
    at_us AS settled_us
FROM command"""
"""The first tables' commands in the columns of ``commands_of_levers``.

They were the buffer's, and their reason said what stood there before. Two at one instant differ
in their number only, which becomes microseconds.
"""

_COMMANDS_OF_LEVERS = (
    # Values (``before``, ``wanted``, ``accepted``) and ``facts`` are JSON: a number, a word, a
    # truth value or null; an object. ``device`` is evcc's name of the loadpoint, '' the site.
    """CREATE TABLE lever_command (
        at_us INTEGER NOT NULL,
        setting TEXT NOT NULL,
        device TEXT NOT NULL,
        stage TEXT NOT NULL,
        before TEXT NOT NULL,
        wanted TEXT NOT NULL,
        accepted TEXT NOT NULL,
        outcome TEXT NOT NULL,
        reason TEXT NOT NULL,
        facts TEXT NOT NULL,
        detail TEXT NOT NULL,
        settled_us INTEGER,
        PRIMARY KEY (at_us, setting, device)
    ) STRICT, WITHOUT ROWID""",
    f"INSERT OR IGNORE INTO lever_command {FORMER_COMMANDS}",
    "DROP TABLE command",
    "ALTER TABLE lever_command RENAME TO command",
)

MIGRATIONS: tuple[tuple[str, Sequence[str]], ...] = (
    ("first_tables", _FIRST_TABLES),
    ("commands_of_levers", _COMMANDS_OF_LEVERS),
)


class NewerHistoryError(Exception):
    """The file holds steps that this SmartLoad does not know: a newer one wrote it."""


def migrate(
    connection: sqlite3.Connection,
    migrations: Sequence[tuple[str, Sequence[str]]] = MIGRATIONS,
) -> None:
    """Bring the file to the newest tables; nothing happens when it is there already.

    Raises:
        NewerHistoryError: A newer SmartLoad wrote it.
        sqlite3.Error: It cannot be read or written, or is something else.
    """
    done = _done(connection)
    names = [name for name, _ in migrations]
    unknown = sorted(done - set(names))
    if unknown:
        raise NewerHistoryError(f"written by a newer SmartLoad ({', '.join(unknown)})")
    for name, statements in migrations:
        if name not in done:
            _run(connection, name, statements)


def _done(connection: sqlite3.Connection) -> set[str]:
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'migration'").fetchone()
    if found is None:
        return set()
    return {name for (name,) in connection.execute("SELECT name FROM migration")}


def _run(connection: sqlite3.Connection, name: str, statements: Sequence[str]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY) STRICT")
        for statement in statements:
            connection.execute(statement)
        connection.execute("INSERT INTO migration (name) VALUES (?)", (name,))
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
