"""Reads and writes the quarter hours."""

import sqlite3
import struct
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from forecaster.energy_columns import EnergyColumns
from forecaster.series import FloatArray
from storage.energy_rows import COLUMNS, STEPS_PER_KWH, Drawn, EnergyRow, merge
from storage.stored_values import slot_instant

_NAMES = ", ".join(column for _, column, _ in COLUMNS)
_READ_ONE = f"SELECT sources, loadpoints, {_NAMES} FROM energy WHERE slot = ?"  # noqa: S608  # our own names
_REPLACE = (
    f"INSERT OR REPLACE INTO energy (slot, sources, loadpoints, {_NAMES}) "  # noqa: S608  # our own names
    f"VALUES (?, ?, ?{', ?' * len(COLUMNS)})"
)
_READ_MANY = f"SELECT slot, {_NAMES} FROM energy WHERE slot >= ? AND slot < ?"  # noqa: S608  # our own names
# Fetched at once; more makes Python's collector look at all of them again and again.
_ROWS_AT_ONCE = 2000
_DRAWN = struct.Struct("<HBi")
_DRAWN_ARRAY = np.dtype([("number", "<u2"), ("source", "u1"), ("energy_dwh", "<i4")])
_MAX_LOADPOINTS = 2**16 - 1


def write_rows(connection: sqlite3.Connection, rows: Sequence[EnergyRow]) -> None:
    """Merge quarter hours into the table."""
    titles = {title for row in rows for title in row.loadpoints}
    numbers = {title: _loadpoint_number(connection, title) for title in sorted(titles, key=str)}
    for titled in rows:
        by_number: dict[Hashable, Drawn] = {
            numbers[title]: drawn for title, drawn in titled.loadpoints.items()
        }
        row = replace(titled, loadpoints=by_number)
        found = connection.execute(_READ_ONE, (row.slot,)).fetchone()
        if found is not None:
            stored = EnergyRow(
                slot=row.slot,
                sources=found[0],
                values=tuple(found[2:]),
                loadpoints=_to_drawn(found[1]),
            )
            row = merge(stored, row)
            if row == stored:
                continue
        blob = _to_blob(row.loadpoints)
        connection.execute(_REPLACE, (row.slot, row.sources, blob, *row.values))


def _loadpoint_number(connection: sqlite3.Connection, title: Hashable) -> int:
    query = "SELECT number FROM loadpoint WHERE title = ?"
    found = connection.execute(query, (title,)).fetchone()
    if found is None:
        connection.execute("INSERT INTO loadpoint (title) VALUES (?)", (title,))
        found = connection.execute(query, (title,)).fetchone()
    number = int(found[0])
    if number > _MAX_LOADPOINTS:
        raise ValueError(f"more than {_MAX_LOADPOINTS} loadpoints")
    return number


def _to_blob(loadpoints: Mapping[Hashable, Drawn]) -> bytes | None:
    packed = b"".join(
        _DRAWN.pack(number, drawn.source, drawn.energy_dwh) for number, drawn in loadpoints.items()
    )
    return packed or None


def _to_drawn(blob: bytes | None) -> dict[Hashable, Drawn]:
    return {
        number: Drawn(energy_dwh=energy_dwh, source=source)
        for number, source, energy_dwh in _DRAWN.iter_unpack(blob or b"")
    }


def read_columns(connection: sqlite3.Connection, first: int, n_slots: int) -> EnergyColumns:
    """Return ``n_slots`` quarter hours from number ``first`` on; NaN where nothing is known."""
    columns = {name: np.full(n_slots, np.nan) for name, _, _ in COLUMNS}
    cursor = connection.execute(_READ_MANY, (first, first + n_slots))
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        # None becomes NaN in the conversion, for the whole table at once.
        table = np.array(rows, dtype=np.float64)
        positions = table[:, 0].astype(np.int64) - first
        for index, (name, _, steps_per_unit) in enumerate(COLUMNS, start=1):
            columns[name][positions] = table[:, index] / steps_per_unit
    return EnergyColumns(
        start=slot_instant(first),
        n_slots=n_slots,
        pv_kwh=columns["pv_kwh"],
        house_kwh=columns["house_kwh"],
        grid_import_kwh=columns["grid_import_kwh"],
        grid_export_kwh=columns["grid_export_kwh"],
        battery_charge_kwh=columns["battery_charge_kwh"],
        battery_discharge_kwh=columns["battery_discharge_kwh"],
        battery_soc_pct=columns["battery_soc_pct"],
        import_eur_per_kwh=columns["import_eur_per_kwh"],
        export_eur_per_kwh=columns["export_eur_per_kwh"],
        is_curtailed=columns["is_curtailed"],
        loadpoints_kwh=_read_loadpoints(connection, first, n_slots),
    )


def _read_loadpoints(
    connection: sqlite3.Connection, first: int, n_slots: int
) -> dict[str, FloatArray]:
    rows = connection.execute(
        "SELECT slot, loadpoints FROM energy"
        " WHERE slot >= ? AND slot < ? AND loadpoints IS NOT NULL",
        (first, first + n_slots),
    ).fetchall()
    blobs = [blob for _, blob in rows]
    table = np.frombuffer(b"".join(blobs), dtype=_DRAWN_ARRAY)
    n_each = np.array([len(blob) // _DRAWN.size for blob in blobs], dtype=np.int64)
    slots = np.array([slot for slot, _ in rows], dtype=np.int64)
    positions = np.repeat(slots - first, n_each)
    energies: dict[str, FloatArray] = {}
    for number, title in connection.execute("SELECT number, title FROM loadpoint ORDER BY number"):
        chosen = table["number"] == number
        if chosen.any():
            energies[title] = np.full(n_slots, np.nan)
            energies[title][positions[chosen]] = table["energy_dwh"][chosen] / STEPS_PER_KWH
    return energies
