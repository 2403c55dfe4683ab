"""The home's history: what others write to and read from."""

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from domain.control import CommandRecord
from domain.forecast import BandSeries, ForecastKind, IssuedForecast
from domain.history import ChargingSession, ImportProgress, QuarterEnergies
from forecaster.energy_columns import EnergyColumns, nothing_measured
from forecaster.series import FloatArray, n_slots_between
from storage import (
    command_table,
    energy_rows,
    energy_table,
    forecast_table,
    record_tables,
    retention,
)
from storage.backup import back_up
from storage.database import bytes_on_disk, check, is_damage, reading
from storage.history_file import HistoryFile
from storage.records import Fact, HistorySummary, StoredDecision
from storage.stored_values import slot_instant, slot_number
from storage.writer import MAX_WEIGHT, HistoryWriter, Importance, Work

T = TypeVar("T")

_log = logging.getLogger("smartload.history")

# A curve in memory is about four quarter hours large.
_FORECAST_WEIGHT = 4


class HistoryStore:
    """A history in one SQLite file; any thread may write and read.

    Writes return at once: a thread of its own brings them to the disk. Reads show what is on the
    disk; ``flush`` first to see one's own writes. Whatever the disk does, nothing here raises for
    it: ``problem`` says what is wrong, what could not be written waits in memory, and what cannot
    be read is as if it had not been measured.
    """

    def __init__(
        self, path: Path, *, now: datetime, keep_days: int = 400, max_waiting: int = MAX_WEIGHT
    ) -> None:
        """Open or begin the history.

        Args:
            path: The file; its folder must exist for anything to be kept.
            now: Names the file that is set aside when it cannot be read.
            keep_days: How many days are kept, >= 1.
            max_waiting: How much may wait in memory, in quarter hours.
        """
        if keep_days < 1:
            raise ValueError(f"at least one day must be kept, not {keep_days}")
        self._path = path
        self._keep_days = keep_days
        self._file = HistoryFile(path, now)
        self._writer = HistoryWriter(self._file, max_weight=max_waiting)
        self._read_problem: str | None = None

    @property
    def problem(self) -> str | None:
        """What is wrong now, or went wrong when the file was opened; None: nothing."""
        return self.save_problem or self._read_problem or self.load_problem

    @property
    def save_problem(self) -> str | None:
        """What keeps the history from being written now; one English sentence."""
        return self._writer.problem

    @property
    def load_problem(self) -> str | None:
        """That a file was unreadable and where it is kept; stays until the next start."""
        return self._file.load_problem

    @property
    def n_lost(self) -> int:
        """How many records were given up because nothing could be written for too long."""
        return self._writer.n_lost

    # Writing

    def write_energies(self, quarters: Sequence[QuarterEnergies]) -> None:
        """Merge quarter hours with what is known, column by column.

        None never replaces a value; a source replaces what a less trusted one and what itself
        said before; a price stays as it was first known.

        Raises:
            ValueError: One does not begin on a quarter hour; none is written.
        """
        rows = [energy_rows.to_row(quarter) for quarter in quarters]
        if rows:
            self._writer.submit(
                Work(
                    write=partial(energy_table.write_rows, rows=rows),
                    importance=Importance.MEASURED,
                    weight=len(rows),
                    n_records=len(rows),
                )
            )

    def write_forecast(self, forecast: IssuedForecast) -> None:
        """Keep what was said at an instant; said twice for one instant, the first one counts.

        Powers are kept in 10 W, prices in 0.001 EUR/kWh (``storage.forecast_codec``).

        Raises:
            ValueError: It does not begin on a quarter hour.
        """
        row = forecast_table.to_row(forecast)
        self._writer.submit(
            Work(
                write=partial(forecast_table.write_row, row=row),
                importance=Importance.FORECAST,
                weight=_FORECAST_WEIGHT,
            )
        )

    def write_decision(self, at: datetime, kind: str, facts: Mapping[str, Fact]) -> None:
        """Keep a decision with its facts; the same one twice is one."""
        row = record_tables.to_decision_row(at, kind, facts)
        write = partial(record_tables.write_decision, row=row)
        self._writer.submit(Work(write=write, importance=Importance.DECISION))

    def write_command(self, record: CommandRecord) -> None:
        """Keep a command and what came of it; told again, it replaces what was told before.

        A command is known by its instant and its lever.
        """
        row = command_table.to_row(record)
        self._writer.submit(
            Work(
                write=partial(command_table.write_row, row=row),
                importance=Importance.MEASURED,
                key=f"command {command_table.name_of(row)}",
            )
        )

    def write_sessions(self, sessions: Sequence[ChargingSession]) -> None:
        """Keep charging sessions; one that is known already is replaced.

        Raises:
            ValueError: An energy is no number; none is written.
        """
        for row in [record_tables.to_session_row(session) for session in sessions]:
            write = partial(record_tables.write_session, row=row)
            self._writer.submit(Work(write=write, importance=Importance.MEASURED))

    def write_import(self, progress: ImportProgress) -> None:
        """Keep how far a source's import is."""
        row = record_tables.to_import_row(progress)
        self._writer.submit(
            Work(
                write=partial(record_tables.write_import, row=row),
                importance=Importance.MEASURED,
                key=f"import {progress.source}",
            )
        )

    def sweep(self, now: datetime) -> None:
        """Delete what is older than ``keep_days``; meant to be called once a day."""
        self._writer.submit(
            Work(
                write=partial(retention.sweep, now=now, keep_days=self._keep_days),
                importance=Importance.MEASURED,
                n_records=0,
                key="sweep",
                has_own_transactions=True,
            )
        )

    def flush(self, timeout_s: float = 30.0) -> bool:
        """Wait until everything written so far is in the file; False when that is not possible."""
        return self._writer.flush(timeout_s)

    def close(self, timeout_s: float = 10.0) -> bool:
        """Write what is left and let go of the file; False when something was left unwritten."""
        return self._writer.close(timeout_s)

    def backup(self, target: Path) -> None:
        """Copy the history, everything written so far included, into one file.

        Raises:
            OSError: It cannot be read, or ``target`` cannot be written; the text says why.
        """
        self.flush()
        back_up(self._path, target)

    # Reading

    def read_energies(self, start: datetime, end: datetime) -> EnergyColumns:
        """Return every quarter hour from ``start`` to ``end``; NaN where nothing is known.

        Raises:
            ValueError: The two are no starts of quarter hours.
        """
        first, n_slots = slot_number(start), max(0, n_slots_between(start, end))
        query = partial(energy_table.read_columns, first=first, n_slots=n_slots)
        return self._read(query, nothing_measured(start, n_slots))

    def read_issued(
        self, kind: ForecastKind, start: datetime, end: datetime
    ) -> tuple[IssuedForecast, ...]:
        """Return the forecasts issued from ``start`` to ``end``, rising by issue time."""
        return self._read(partial(forecast_table.read_issued, kind=kind, start=start, end=end), ())

    def read_said_before_array(
        self, kind: ForecastKind, start: datetime, end: datetime, lead: timedelta
    ) -> FloatArray:
        """Return what was last said about each slot at least ``lead`` before it began.

        Returns:
            p10, p50, p90, shape (3, n_slots), in the kind's unit; NaN where nothing was said in
            time by a forecast that reaches the slot, or where that one did not know.

        Raises:
            ValueError: ``start`` or ``end`` is no start of a quarter hour.
        """
        first, n_slots = slot_number(start), max(0, n_slots_between(start, end))
        query = partial(
            forecast_table.read_said_before, kind=kind, first=first, n_slots=n_slots, lead=lead
        )
        return self._read(query, np.full((3, n_slots), np.nan))

    def read_said_before(
        self, kind: ForecastKind, start: datetime, end: datetime, lead: timedelta
    ) -> BandSeries:
        """Return ``read_said_before_array`` in the form that is shown."""
        return forecast_table.to_band(start, self.read_said_before_array(kind, start, end, lead))

    def read_decisions(self, start: datetime, end: datetime) -> tuple[StoredDecision, ...]:
        """Return the decisions made from ``start`` to ``end``, rising."""
        return self._read(partial(record_tables.read_decisions, start=start, end=end), ())

    def read_commands(self, start: datetime, end: datetime) -> tuple[CommandRecord, ...]:
        """Return the commands from ``start`` to ``end``, rising, with what came of them."""
        return self._read(partial(command_table.read_commands, start=start, end=end), ())

    def read_sessions(self, start: datetime, end: datetime) -> tuple[ChargingSession, ...]:
        """Return the charging sessions that began from ``start`` to ``end``, rising."""
        return self._read(partial(record_tables.read_sessions, start=start, end=end), ())

    def read_imports(self) -> tuple[ImportProgress, ...]:
        """Return how far each source's import is, the most trusted source first."""
        return self._read(record_tables.read_imports, ())

    def summary(self) -> HistorySummary:
        """Return how much there is."""
        nothing = HistorySummary(first=None, last=None, n_days=0, n_bytes=0)
        extent = self._read(_read_extent, nothing)
        return replace(extent, n_bytes=bytes_on_disk(self._path))

    def _read(self, query: Callable[[sqlite3.Connection], T], nothing: T) -> T:
        try:
            with reading(self._path) as connection:
                found = query(connection)
        except (sqlite3.Error, ValueError) as exc:
            # A ValueError: a value that nobody wrote, damage that SQLite cannot notice.
            if isinstance(exc, sqlite3.Error) and is_damage(exc):
                # The writer looks for itself, and sets the file aside when it is so.
                self._writer.submit(
                    Work(write=check, importance=Importance.MEASURED, n_records=0, key="check")
                )
            if self._read_problem is None and self._path.exists():
                self._read_problem = f"{self._path.name} cannot be read ({exc})"
                _log.error(self._read_problem)
            return nothing
        self._read_problem = None
        return found


def _read_extent(connection: sqlite3.Connection) -> HistorySummary:
    first, last = connection.execute("SELECT min(slot), max(slot) FROM energy").fetchone()
    return HistorySummary(
        first=None if first is None else slot_instant(first),
        last=None if last is None else slot_instant(last),
        n_days=retention.measured_days(connection),
        n_bytes=0,
    )
