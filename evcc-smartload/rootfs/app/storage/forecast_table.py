"""Reads and writes forecasts as they were said."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from domain.forecast import BandSeries, ForecastKind, IssuedForecast
from domain.horizon import SLOT, SLOTS_PER_DAY
from forecaster.series import FloatArray
from storage import forecast_codec as codec
from storage.forecast_codec import IndexArray, StepArray
from storage.forecast_curves import OpenedCurves, StoredCurve, find_curves, newest_reference
from storage.stored_values import from_us, slot_instant, slot_number, to_text, to_us

# What stands in the file for a kind; never renumber, 7 is the last that fits.
_CODES = {
    ForecastKind.LOAD: 0,
    ForecastKind.PV: 1,
    ForecastKind.PV_PROVIDER: 2,
    ForecastKind.IMPORT_PRICE: 3,
    ForecastKind.EXPORT_PRICE: 4,
}
KINDS_PER_INSTANT = 8
LONGEST_HORIZON = timedelta(days=10)
"""What was said longer ago says nothing about a slot any more."""
LONGEST_REFERENCE = timedelta(days=1)
"""How far back a curve may refer to another."""
# From here on beginning anew pays, as the next curves will be near this one. Measured with the load
# forecasts of two homes, bytes a forecast at 0.5, 0.7, 0.8, 0.9: 286, 249, 235, 242 and 372, 305,
# 303, 316.
_WORTH_FRAC = 0.8
_US = timedelta(microseconds=1)
# Bounds the memory of a read to some 20 MB however long the time.
_SLOTS_AT_ONCE = 20 * SLOTS_PER_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRow:
    """A forecast in steps, ready to be written."""

    number: int
    code: int
    start_slot: int
    n_known: int
    model: str
    scale: int
    steps: StepArray


def to_row(forecast: IssuedForecast) -> ForecastRow:
    """Return the forecast in steps.

    Raises:
        ValueError: It does not begin on a quarter hour.
    """
    scale, steps = codec.to_steps(forecast.kind, forecast.band)
    code = _CODES[forecast.kind]
    return ForecastRow(
        number=first_number(forecast.issued_at) + code,
        code=code,
        start_slot=slot_number(forecast.band.start),
        n_known=forecast.band.n_known,
        model=to_text(forecast.model),
        scale=scale,
        steps=steps,
    )


def first_number(issued_at: datetime) -> int:
    """Return the lowest number of a forecast issued then or later."""
    return to_us(issued_at) * KINDS_PER_INSTANT


def write_row(connection: sqlite3.Connection, row: ForecastRow) -> None:
    """Keep a forecast; what was said of a kind at an instant stays what was said first."""
    base, blob = _smallest(connection, row)
    connection.execute("INSERT OR IGNORE INTO model (name) VALUES (?)", (row.model,))
    connection.execute(
        "INSERT OR IGNORE INTO forecast"
        " (id, start_slot, n_slots, n_known, model, scale, base, curve)"
        " VALUES (?, ?, ?, ?, (SELECT number FROM model WHERE name = ?), ?, ?, ?)",
        (
            row.number,
            row.start_slot,
            row.steps.shape[1],
            row.n_known,
            row.model,
            row.scale,
            base,
            blob,
        ),
    )


def _smallest(connection: sqlite3.Connection, row: ForecastRow) -> tuple[int | None, bytes | None]:
    """Return the reference and the blob: a difference while that is worth it, else the curve."""
    found = _reference(connection, row)
    if found is not None:
        number, reference = found
        differences = row.steps - reference
        if not differences.any():
            return number, None
        difference = codec.pack(differences)
    curve = codec.pack(codec.from_slot_to_slot(row.steps))
    if found is not None and len(difference) < _WORTH_FRAC * len(curve):
        return number, difference
    return None, curve


def _reference(connection: sqlite3.Connection, row: ForecastRow) -> tuple[int, StepArray] | None:
    """Return the number of an earlier curve and what it says about the slots of ``row``."""
    oldest = row.number - LONGEST_REFERENCE // _US * KINDS_PER_INSTANT
    base = newest_reference(connection, row.code, oldest, row.number)
    if base is None or base.scale != row.scale:
        return None
    offset = row.start_slot - base.start_slot
    opened = OpenedCurves(connection, [base])
    if not 0 <= offset < base.n_slots or not opened.curves:
        return None
    n_slots = row.steps.shape[1]
    slots = codec.reference_slots(offset + np.arange(n_slots), np.array(base.n_slots))
    return base.number, opened.at(np.zeros(n_slots, dtype=np.int64), slots).T


def read_issued(
    connection: sqlite3.Connection, kind: ForecastKind, start: datetime, end: datetime
) -> tuple[IssuedForecast, ...]:
    """Return the forecasts issued from ``start`` to ``end``, rising by issue time."""
    first, last = first_number(start), first_number(end)
    words = {
        number: (n_known, model)
        for number, n_known, model in connection.execute(
            "SELECT id, n_known, coalesce(name, '') FROM forecast"
            " LEFT JOIN model ON model.number = forecast.model"
            " WHERE id >= ? AND id < ? AND id & 7 = ?",
            (first, last, _CODES[kind]),
        )
    }
    opened = OpenedCurves(connection, find_curves(connection, _CODES[kind], first, last))
    lengths = np.array([curve.n_slots for curve in opened.curves], dtype=np.int64)
    ends = np.cumsum(lengths, dtype=np.int64)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    slots = np.arange(len(rows)) - np.repeat(ends - lengths, lengths)
    steps = opened.at(rows, slots)
    forecasts = []
    for curve, last_slot in zip(opened.curves, ends.tolist(), strict=True):
        n_known, model = words[curve.number]
        said = steps[last_slot - curve.n_slots : last_slot]
        values = codec.to_values(kind, curve.scale, said.T)
        band = to_band(slot_instant(curve.start_slot), values, n_known)
        issued_at = from_us(curve.number // KINDS_PER_INSTANT)
        forecasts.append(IssuedForecast(kind=kind, issued_at=issued_at, band=band, model=model))
    return tuple(forecasts)


def to_band(start: datetime, values: FloatArray, n_known: int = 0) -> BandSeries:
    """Return rows p10, p50, p90 (shape (3, n_slots)) as a band; NaN becomes None."""
    low, middle, high = (
        tuple(
            value if known else None
            for value, known in zip(row.tolist(), np.isfinite(row).tolist(), strict=True)
        )
        for row in values
    )
    return BandSeries(start=start, p10=low, p50=middle, p90=high, n_known=n_known)


def read_said_before(
    connection: sqlite3.Connection, kind: ForecastKind, first: int, n_slots: int, lead: timedelta
) -> FloatArray:
    """Return what was last said about each slot at least ``lead`` before it began.

    Args:
        connection: Of a reader.
        kind: What was forecast.
        first: Number of the first slot.
        n_slots: How many slots.
        lead: Zero is what was known when the slot began.

    Returns:
        Rows p10, p50, p90, shape (3, n_slots); NaN where nothing was said early enough by a
        forecast that reaches the slot, or where that one did not know.
    """
    parts = [
        _said_before(connection, kind, position, min(_SLOTS_AT_ONCE, end - position), lead)
        for end in (first + n_slots,)
        for position in range(first, end, _SLOTS_AT_ONCE)
    ]
    return np.concatenate(parts, axis=1) if parts else np.empty((codec.N_ROWS, 0))


def _said_before(
    connection: sqlite3.Connection, kind: ForecastKind, first: int, n_slots: int, lead: timedelta
) -> FloatArray:
    start = slot_instant(first) - lead
    # Up to and including the instant at which the last slot's time is up.
    curves = find_curves(
        connection,
        _CODES[kind],
        first_number(start - LONGEST_HORIZON),
        first_number(start + (n_slots - 1) * SLOT) + KINDS_PER_INSTANT,
    )
    while True:
        chosen = _choose(curves, first, n_slots, lead)
        used = np.unique(chosen[chosen >= 0]).tolist()
        opened = OpenedCurves(connection, [curves[index] for index in used])
        if len(opened.curves) == len(used):
            return _gather(kind, opened, first, chosen)
        # A damaged one counts as never said; the choice falls on the one before it.
        damaged = {curves[index].number for index in used} - {c.number for c in opened.curves}
        curves = [curve for curve in curves if curve.number not in damaged]


def _choose(curves: Sequence[StoredCurve], first: int, n_slots: int, lead: timedelta) -> IndexArray:
    """Return for each slot the last curve that was said early enough and reaches it; -1: none."""
    chosen = np.full(n_slots, -1, dtype=np.int64)
    lead_us, slot_us = lead // _US, SLOT // _US
    for index, curve in enumerate(curves):
        earliest = -((-(curve.number // KINDS_PER_INSTANT) - lead_us) // slot_us)
        begin = max(curve.start_slot, earliest, first) - first
        end = min(curve.start_slot + curve.n_slots - first, n_slots)
        if begin < end:
            chosen[begin:end] = index
    return chosen


def _gather(kind: ForecastKind, opened: OpenedCurves, first: int, chosen: IndexArray) -> FloatArray:
    values = np.full((codec.N_ROWS, len(chosen)), np.nan)
    said = np.flatnonzero(chosen >= 0)
    if said.size:
        rows = np.unique(chosen[said], return_inverse=True)[1]
        starts = np.array([curve.start_slot for curve in opened.curves])[rows]
        scales = np.array([curve.scale for curve in opened.curves])[rows]
        steps = opened.at(rows, first + said - starts)
        values[:, said] = codec.to_values(kind, scales[:, None], steps).T
    return values
