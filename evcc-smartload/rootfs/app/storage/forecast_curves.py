"""Finds stored curves and turns many of them into steps at once."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from storage import forecast_codec as codec
from storage.forecast_codec import StepArray

Key = TypeVar("Key")

_FIELDS = "id, start_slot, n_slots, scale, base, curve"
_KIND_BITS = 7


@dataclass(frozen=True, slots=True)
class StoredCurve:
    """A row of the table without its words; ``base`` None: the blob is the curve itself.

    ``blob`` None: no difference to ``base``.
    """

    number: int
    start_slot: int
    n_slots: int
    scale: int
    base: int | None
    blob: bytes | None


def find_curves(
    connection: sqlite3.Connection, code: int, first: int, end: int
) -> list[StoredCurve]:
    """Return the curves of the kind ``code`` with numbers from ``first`` to ``end``, rising."""
    rows = connection.execute(
        f"SELECT {_FIELDS} FROM forecast WHERE id >= ? AND id < ? AND id & {_KIND_BITS} = ?",  # noqa: S608  # our own names
        (first, end, code),
    )
    return [StoredCurve(*row) for row in rows]


def newest_reference(
    connection: sqlite3.Connection, code: int, first: int, end: int
) -> StoredCurve | None:
    """Return the last of these curves that stands for itself."""
    found = connection.execute(
        f"SELECT {_FIELDS} FROM forecast WHERE id >= ? AND id < ? AND id & {_KIND_BITS} = ?"  # noqa: S608  # our own names
        " AND base IS NULL ORDER BY id DESC LIMIT 1",
        (first, end, code),
    ).fetchone()
    return None if found is None else StoredCurve(*found)


def decode(
    connection: sqlite3.Connection, curves: Sequence[StoredCurve]
) -> tuple[list[StoredCurve], StepArray]:
    """Return those curves that are undamaged and their steps.

    The steps' shape is (n_curves, 3, longest), "not known" beyond each curve's end.
    """
    bases = {curve.number: curve for curve in curves if curve.base is None}
    missing = {curve.base for curve in curves if curve.base is not None} - bases.keys()
    for number in sorted(missing):
        found = connection.execute(
            f"SELECT {_FIELDS} FROM forecast WHERE id = ? AND base IS NULL",  # noqa: S608  # our own names
            (number,),
        ).fetchone()
        if found is not None:
            bases[number] = StoredCurve(*found)
    planes = _inflated([*bases.values(), *(curve for curve in curves if curve.base is not None)])
    whole = [
        curve
        for curve in curves
        if curve.number in planes and (curve.base is None or curve.base in planes)
    ]
    used = {number: bases[number] for number in bases.keys() & planes.keys()}
    return whole, _steps(whole, used, planes)


def _inflated(curves: Iterable[StoredCurve]) -> dict[int, bytes]:
    planes: dict[int, bytes] = {}
    for curve in curves:
        if curve.blob is not None:
            found = codec.inflate(curve.blob, curve.n_slots)
        else:
            found = None if curve.base is None else bytes(2 * codec.N_ROWS * curve.n_slots)
        if found is not None:
            planes[curve.number] = found
    return planes


def _steps(
    curves: Sequence[StoredCurve],
    bases: Mapping[int, StoredCurve],
    planes: Mapping[int, bytes],
) -> StepArray:
    longest = max((curve.n_slots for curve in curves), default=0)
    steps = np.full((len(curves), codec.N_ROWS, longest), codec.UNKNOWN, dtype=np.int16)
    own = [(curve.n_slots, index) for index, curve in enumerate(curves) if curve.base is None]
    for n_slots, indices in _grouped(own):
        differences = codec.unpack([planes[curves[index].number] for index in indices], n_slots)
        steps[indices, :, :n_slots] = codec.summed_up(differences)
    if len(own) == len(curves):
        return steps
    base_steps = _steps(list(bases.values()), {}, planes)
    row_of = {number: row for row, number in enumerate(bases)}
    referring = [
        ((curve.n_slots, bases[curve.base].n_slots), index)
        for index, curve in enumerate(curves)
        if curve.base is not None
    ]
    for (n_slots, n_reference), indices in _grouped(referring):
        group = [curves[index] for index in indices]
        rows = np.array([row_of[curve.base] for curve in group if curve.base is not None])
        starts = np.array([curve.start_slot for curve in bases.values()])[rows]
        offsets = np.array([curve.start_slot for curve in group]) - starts
        slots = codec.reference_slots(offsets, n_slots, n_reference)
        references = base_steps[rows[:, None], :, slots].transpose(0, 2, 1)
        differences = codec.unpack([planes[curve.number] for curve in group], n_slots)
        steps[indices, :, :n_slots] = references + differences
    return steps


def _grouped(pairs: Iterable[tuple[Key, int]]) -> list[tuple[Key, list[int]]]:
    groups: dict[Key, list[int]] = {}
    for key, index in pairs:
        groups.setdefault(key, []).append(index)
    return list(groups.items())
