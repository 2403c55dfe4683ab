"""Reads and writes decisions, charging sessions and the state of the imports.

Writing the same thing twice leaves one.
"""

import json
import math
import sqlite3
from collections.abc import Mapping
from datetime import datetime

from domain.history import ChargingSession, EnergySource, ImportProgress, ImportState
from storage.records import Fact, StoredDecision
from storage.stored_values import from_us, to_json, to_real, to_text, to_us

Row = tuple[str | int | float | None, ...]


def to_decision_row(
    at: datetime, kind: str, facts: Mapping[str, Fact]
) -> tuple[int, str, str, str]:
    """Return instant, kind, names and values; a float that is no number is not known."""
    values = [
        None if isinstance(value, float) and not math.isfinite(value) else value
        for value in facts.values()
    ]
    return to_us(at), to_text(kind), to_json(list(facts)), to_json(values)


def write_decision(connection: sqlite3.Connection, row: tuple[int, str, str, str]) -> None:
    """Keep a decision."""
    at_us, kind, names, facts = row
    connection.execute(
        "INSERT OR IGNORE INTO decision_form (kind, names) VALUES (?, ?)", (kind, names)
    )
    (form,) = connection.execute(
        "SELECT number FROM decision_form WHERE kind = ? AND names = ?", (kind, names)
    ).fetchone()
    connection.execute(
        "INSERT INTO decision (at_us, form, facts) SELECT ?1, ?2, ?3 WHERE NOT EXISTS"
        " (SELECT 1 FROM decision WHERE at_us = ?1 AND form = ?2 AND facts = ?3)",
        (at_us, form, facts),
    )


def read_decisions(
    connection: sqlite3.Connection, start: datetime, end: datetime
) -> tuple[StoredDecision, ...]:
    """Return the decisions made from ``start`` to ``end``, in the order they were written."""
    rows = connection.execute(
        "SELECT at_us, kind, names, facts FROM decision"
        " JOIN decision_form ON decision_form.number = decision.form"
        " WHERE at_us >= ? AND at_us < ? ORDER BY at_us, decision.number",
        (to_us(start), to_us(end)),
    )
    return tuple(
        StoredDecision(
            at=from_us(at_us),
            kind=kind,
            facts=dict(zip(json.loads(names), json.loads(facts), strict=True)),
        )
        for at_us, kind, names, facts in rows
    )


def to_session_row(session: ChargingSession) -> Row:
    """Return the session as its columns.

    Raises:
        ValueError: Its energy is no number.
    """
    energy_kwh = to_real(session.energy_kwh)
    if energy_kwh is None:
        raise ValueError(f"the energy of session {session.number} is no number")
    return (
        to_us(session.started_at),
        session.number,
        None if session.finished_at is None else to_us(session.finished_at),
        to_text(session.loadpoint),
        None if session.vehicle is None else to_text(session.vehicle),
        energy_kwh,
        to_real(session.soc_start_pct),
        to_real(session.soc_end_pct),
        to_real(session.solar_pct),
        to_real(session.cost_eur),
    )


def write_session(connection: sqlite3.Connection, row: Row) -> None:
    """Keep a session; what is told later of the same one replaces what was told before."""
    connection.execute(
        "INSERT OR REPLACE INTO session (started_us, number, finished_us, loadpoint, vehicle,"
        " energy_kwh, soc_start_pct, soc_end_pct, solar_pct, cost_eur)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row,
    )


def read_sessions(
    connection: sqlite3.Connection, start: datetime, end: datetime
) -> tuple[ChargingSession, ...]:
    """Return the sessions that began from ``start`` to ``end``, rising."""
    rows = connection.execute(
        "SELECT started_us, number, finished_us, loadpoint, vehicle, energy_kwh, soc_start_pct,"
        " soc_end_pct, solar_pct, cost_eur FROM session"
        " WHERE started_us >= ? AND started_us < ? ORDER BY started_us, number",
        (to_us(start), to_us(end)),
    )
    return tuple(
        ChargingSession(
            started_at=from_us(row[0]),
            number=row[1],
            finished_at=None if row[2] is None else from_us(row[2]),
            loadpoint=row[3],
            vehicle=row[4],
            energy_kwh=row[5],
            soc_start_pct=row[6],
            soc_end_pct=row[7],
            solar_pct=row[8],
            cost_eur=row[9],
        )
        for row in rows
    )


def to_import_row(progress: ImportProgress) -> Row:
    """Return the progress as its columns."""
    return (
        str(progress.source),
        str(progress.state),
        to_real(progress.progress_frac) or 0.0,
        progress.n_slots,
        None if progress.since is None else to_us(progress.since),
        to_text(progress.detail),
    )


def write_import(connection: sqlite3.Connection, row: Row) -> None:
    """Keep how far a source's import is, in place of what was kept before."""
    connection.execute(
        "INSERT OR REPLACE INTO import (source, state, progress_frac, n_slots, since_us, detail)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        row,
    )


def read_imports(connection: sqlite3.Connection) -> tuple[ImportProgress, ...]:
    """Return every import, the most trusted source first."""
    rows = connection.execute(
        "SELECT source, state, progress_frac, n_slots, since_us, detail FROM import"
    )
    imports = [
        ImportProgress(
            source=EnergySource(source),
            state=ImportState(state),
            progress_frac=progress_frac,
            n_slots=n_slots,
            since=None if since_us is None else from_us(since_us),
            detail=detail,
        )
        for source, state, progress_frac, n_slots, since_us, detail in rows
    ]
    order = list(EnergySource)
    return tuple(sorted(imports, key=lambda progress: order.index(progress.source)))
