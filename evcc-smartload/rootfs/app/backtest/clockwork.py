"""Time that somebody moves, and state that nothing keeps: what a past is lived again with."""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.control import CommandRecord
from dynamic_buffer import DynamicBufferCalc
from forecaster.energy_columns import EnergyColumns, nothing_measured
from forecaster.series import n_slots_between
from risk_buffer_calc import RiskBufferCalc
from storage.records import Fact


class MovedClock:
    """A clock that stands still until it is moved.

    Real time stands still as well: a plan may take as long as it needs, so that a slow computer
    finds the same one.
    """

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def monotonic_s(self) -> float:
        return 0.0

    def move_to(self, instant: datetime) -> None:
        """Let it be ``instant``."""
        self._now = instant

    def wait_until(self, instant: datetime, wake: threading.Event) -> bool:
        self._now = max(self._now, instant)
        return wake.is_set()


class ReplayHistory:
    """Takes what a service would keep; of commands only those that evcc was sent are counted."""

    def __init__(self) -> None:
        self.sent: dict[tuple[datetime, str], CommandRecord] = {}
        """Commands that changed evcc since this was last emptied, by instant and lever."""

    def write_command(self, record: CommandRecord) -> None:
        if record.accepted is not None or record.outcome.value in _SENT:
            self.sent[record.at, f"{record.lever}"] = record

    def read_commands(self, start: datetime, end: datetime) -> Sequence[CommandRecord]:
        del start, end
        return ()

    def write_decision(self, at: datetime, kind: str, facts: Mapping[str, Fact]) -> None:
        """Forget it: a plan is looked at when it is made."""

    def read_energies(self, start: datetime, end: datetime) -> EnergyColumns:
        """Return that nothing is known: the options say what the battery can."""
        return nothing_measured(start, n_slots_between(start, end))


_SENT = frozenset({"sent", "confirmed", "not_confirmed"})


class UnkeptBuffer(DynamicBufferCalc):
    """The specified buffer with nothing on the disk."""

    def _load(self) -> None:
        """Begin anew."""

    def _save(self) -> None:
        """Forget it."""


class UnkeptRisk(RiskBufferCalc):
    """The risk-based buffer with nothing on the disk."""

    def _load(self) -> None:
        """Begin anew."""

    def _save(self) -> None:
        """Forget it."""
