"""The history as another process reads it: only looking, nothing is begun, moved or repaired."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from domain.control import CommandRecord
from domain.forecast import ForecastKind
from domain.history import ChargingSession
from forecaster.energy_columns import EnergyColumns
from forecaster.series import FloatArray, n_slots_between
from storage import command_table, energy_table, forecast_table, record_tables
from storage.database import reading
from storage.stored_values import slot_number


class RecordedPast(Protocol):
    """What was recorded of the home; ``HistoryStore`` is one, and so is ``RecordedFile``."""

    def read_energies(self, start: datetime, end: datetime) -> EnergyColumns:
        """Return every quarter hour from ``start`` to ``end``; NaN where nothing is known."""
        ...

    def read_said_before_array(
        self, kind: ForecastKind, start: datetime, end: datetime, lead: timedelta
    ) -> FloatArray:
        """Return p10, p50, p90 of what was last said ``lead`` before each slot."""
        ...

    def read_sessions(self, start: datetime, end: datetime) -> tuple[ChargingSession, ...]:
        """Return the charging sessions that began from ``start`` to ``end``, rising."""
        ...

    def read_commands(self, start: datetime, end: datetime) -> tuple[CommandRecord, ...]:
        """Return the commands from ``start`` to ``end``, rising."""
        ...


class RecordedFile:
    """A history's file, read beside the service that writes it.

    All methods raise ``sqlite3.Error`` where the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read_energies(self, start: datetime, end: datetime) -> EnergyColumns:
        n_slots = max(0, n_slots_between(start, end))
        with reading(self._path) as connection:
            return energy_table.read_columns(connection, slot_number(start), n_slots)

    def read_said_before_array(
        self, kind: ForecastKind, start: datetime, end: datetime, lead: timedelta
    ) -> FloatArray:
        n_slots = max(0, n_slots_between(start, end))
        with reading(self._path) as connection:
            return forecast_table.read_said_before(
                connection, kind=kind, first=slot_number(start), n_slots=n_slots, lead=lead
            )

    def read_sessions(self, start: datetime, end: datetime) -> tuple[ChargingSession, ...]:
        with reading(self._path) as connection:
            return record_tables.read_sessions(connection, start, end)

    def read_commands(self, start: datetime, end: datetime) -> tuple[CommandRecord, ...]:
        with reading(self._path) as connection:
            return command_table.read_commands(connection, start, end)
