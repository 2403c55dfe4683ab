"""Finds stored curves and turns many of them into steps at once."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from storage import forecast_codec as codec
from storage.forecast_codec import IndexArray, StepArray

_FIELDS = "id, start_slot, n_slots, scale, base, curve"
_KIND_BITS = 7


class StoredCurve(NamedTuple):
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


class OpenedCurves:
    """Curves whose values can be picked.

    ``curves`` are the undamaged ones, in the order that was asked for; one that refers to a damaged
    one is damaged too.
    """

    def __init__(self, connection: sqlite3.Connection, curves: Sequence[StoredCurve]) -> None:
        """Inflate the curves and what they refer to."""
        bases = _with_bases(connection, curves)
        planes = _inflated([*bases.values(), *(c for c in curves if c.base is not None)])
        self.curves = [
            curve
            for curve in curves
            if (curve.number in planes or curve.blob is None)
            and (curve.number if curve.base is None else curve.base) in planes
        ]
        whole = [base for number, base in bases.items() if number in planes]
        row_of = {base.number: row for row, base in enumerate(whole)}
        used = [row_of[c.number if c.base is None else c.base] for c in self.curves]
        self._planes = planes
        self._base_steps = _summed_up(whole, planes)
        self._base_rows = np.array(used, dtype=np.int64)
        self._n_reference = np.array([whole[row].n_slots for row in used], dtype=np.int64)
        self._offsets = np.array(
            [
                c.start_slot - whole[row].start_slot
                for c, row in zip(self.curves, used, strict=True)
            ],
            dtype=np.int64,
        )

    def at(self, rows: IndexArray, slots: IndexArray) -> StepArray:
        """Return p10, p50, p90 of ``slots`` of the curves ``rows``, shape (n, 3).

        Only what is asked for is put together: of a day of curves often a slot each.
        """
        references = codec.reference_slots(slots + self._offsets[rows], self._n_reference[rows])
        steps = self._base_steps[self._base_rows[rows], :, references]
        differing = (
            (curve.n_slots, index)
            for index, curve in enumerate(self.curves)
            if curve.base is not None and curve.blob is not None
        )
        for n_slots, indices in _grouped(differing):
            planes = codec.split([self._planes[self.curves[i].number] for i in indices], n_slots)
            place = np.full(len(self.curves), -1, dtype=np.int64)
            place[indices] = np.arange(len(indices))
            picks = np.flatnonzero(place[rows] >= 0)
            found = planes[place[rows[picks]], :, :, slots[picks]]
            steps[picks] += codec.join(found[:, 0], found[:, 1])
        return steps


def _with_bases(
    connection: sqlite3.Connection, curves: Sequence[StoredCurve]
) -> dict[int, StoredCurve]:
    bases = {curve.number: curve for curve in curves if curve.base is None}
    missing = {curve.base for curve in curves if curve.base is not None} - bases.keys()
    for number in sorted(missing):
        found = connection.execute(
            f"SELECT {_FIELDS} FROM forecast WHERE id = ? AND base IS NULL",  # noqa: S608  # our own names
            (number,),
        ).fetchone()
        if found is not None:
            bases[number] = StoredCurve(*found)
    return bases


def _inflated(curves: Iterable[StoredCurve]) -> dict[int, bytes]:
    planes = {
        curve.number: codec.inflate(curve.blob, curve.n_slots)
        for curve in curves
        if curve.blob is not None
    }
    return {number: found for number, found in planes.items() if found is not None}


def _summed_up(bases: Sequence[StoredCurve], planes: Mapping[int, bytes]) -> StepArray:
    longest = max((base.n_slots for base in bases), default=0)
    steps = np.full((len(bases), codec.N_ROWS, longest), codec.UNKNOWN, dtype=np.int16)
    for n_slots, indices in _grouped((base.n_slots, row) for row, base in enumerate(bases)):
        split = codec.split([planes[bases[index].number] for index in indices], n_slots)
        steps[indices, :, :n_slots] = codec.summed_up(codec.join(split[:, 0], split[:, 1]))
    return steps


def _grouped(pairs: Iterable[tuple[int, int]]) -> list[tuple[int, list[int]]]:
    groups: dict[int, list[int]] = {}
    for key, index in pairs:
        groups.setdefault(key, []).append(index)
    return list(groups.items())
