"""What is remembered of the last months in memory, on one grid of quarter hours that moves on."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from domain.horizon import SLOT, SLOTS_PER_DAY, slot_start
from forecaster.series import FloatArray, SlotSeries, n_slots_between

# The grid moves on in leaps, so that it is copied once a month and not every quarter hour.
LEAP_SLOTS = 30 * SLOTS_PER_DAY


class SlotArchive:
    """Named columns over the last ``keep`` before the newest slot; NaN is not known.

    Belongs to one thread.
    """

    def __init__(self, columns: Sequence[str], *, keep: timedelta, end: datetime) -> None:
        """Begin without anything known.

        Args:
            columns: Their names.
            keep: How far back at least; whole quarter hours.
            end: About now.
        """
        self._n_slots = keep // SLOT + 2 * LEAP_SLOTS
        self._start = slot_start(end) - (self._n_slots - LEAP_SLOTS) * SLOT
        self._columns = {name: np.full(self._n_slots, np.nan) for name in columns}

    @property
    def start(self) -> datetime:
        """The oldest slot that can be kept."""
        return self._start

    def put(self, column: str, start: datetime, values: FloatArray) -> None:
        """Take over what is known of ``values`` from ``start`` on; what is too old falls out."""
        first = self._position(start, len(values))
        skipped = max(0, -first)
        values = values[skipped:]
        target = self._columns[column][first + skipped : first + skipped + len(values)]
        known = np.isfinite(values)
        target[known] = values[known]

    def forget(self, column: str, start: datetime, n_slots: int) -> None:
        """Let ``n_slots`` from ``start`` on be not known."""
        first = max(0, self._position(start, n_slots))
        self._columns[column][first : max(first, first + n_slots)] = np.nan

    def series(self, column: str, start: datetime, end: datetime) -> SlotSeries:
        """Return a column from ``start`` to ``end``; a copy."""
        return SlotSeries(start=self._start, values=self._columns[column]).between(start, end)

    def first_known(self, column: str) -> datetime | None:
        """Return the oldest slot that is known in a column."""
        known = np.flatnonzero(np.isfinite(self._columns[column]))
        return None if known.size == 0 else self._start + int(known[0]) * SLOT

    def n_known(self, column: str) -> int:
        """Return how many slots are known in a column."""
        return int(np.isfinite(self._columns[column]).sum())

    def _position(self, start: datetime, n_slots: int) -> int:
        """Return where ``start`` is, after moving the grid on when the slots lie beyond it."""
        beyond = n_slots_between(self._start, start) + n_slots - self._n_slots
        if beyond > 0:
            leap = min(self._n_slots, -(-beyond // LEAP_SLOTS) * LEAP_SLOTS)
            self._start += -(-beyond // LEAP_SLOTS) * LEAP_SLOTS * SLOT
            for name, values in self._columns.items():
                moved = np.full(self._n_slots, np.nan)
                moved[: self._n_slots - leap] = values[leap:]
                self._columns[name] = moved
        return n_slots_between(self._start, start)


class SaidArchive:
    """What was said about each slot at least so long before, for several such leads.

    A forecast said later replaces an earlier one as long as it was said early enough.
    """

    PARTS = ("p10", "p50", "p90")

    def __init__(self, leads: Sequence[timedelta], *, keep: timedelta, end: datetime) -> None:
        """Begin without anything said; leads are whole quarter hours, 0 or more."""
        self.leads = tuple(leads)
        names = [_name(lead, part) for lead in leads for part in self.PARTS]
        self._slots = SlotArchive(names, keep=keep, end=end)

    def note(
        self,
        issued_at: datetime,
        start: datetime,
        parts: Mapping[str, FloatArray],
        *,
        only_gaps: bool = False,
    ) -> None:
        """Take in a forecast said at ``issued_at`` for the slots from ``start`` on.

        Args:
            issued_at: When.
            start: The first slot.
            parts: Values by name of ``PARTS``; what is not known changes nothing.
            only_gaps: Leave alone what is there already.
        """
        for lead in self.leads:
            # A slot belongs to a lead when the forecast was there that long before it began.
            skipped = max(0, -((start - issued_at - lead) // SLOT))
            first = start + skipped * SLOT
            for part, values in parts.items():
                if skipped >= len(values):
                    continue
                column, said = _name(lead, part), values[skipped:]
                if only_gaps:
                    self._put_into_gaps(column, first, said)
                else:
                    self._slots.put(column, first, said)

    def fill(self, lead: timedelta, start: datetime, band: FloatArray) -> None:
        """Take over what a store kept for ``lead``: rows as in ``PARTS``, from ``start`` on.

        What is there already was said since, and stays.
        """
        for part, values in zip(self.PARTS, band, strict=True):
            self._put_into_gaps(_name(lead, part), start, values)

    def _put_into_gaps(self, column: str, start: datetime, values: FloatArray) -> None:
        there = self._slots.series(column, start, start + len(values) * SLOT).values
        self._slots.put(column, start, np.where(np.isfinite(there), np.nan, values))

    def said(
        self, lead: timedelta, start: datetime, end: datetime, part: str = "p50"
    ) -> SlotSeries:
        """Return what was said ``lead`` before each slot from ``start`` to ``end``."""
        return self._slots.series(_name(lead, part), start, end)


def _name(lead: timedelta, part: str) -> str:
    return f"{lead // SLOT}:{part}"
