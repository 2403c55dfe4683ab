"""Every change that was sent to evcc, with what came of it, kept for good."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from domain.control import EvccSetting
from domain.ports import WriteGuard
from storage.history_store import HistoryStore


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """A write that evcc has not confirmed yet."""

    at: datetime
    setting: EvccSetting
    old_pct: float
    new_pct: float


class WriteLedger:
    """A write guard that asks another one and keeps a record; belongs to the cycle's thread."""

    def __init__(self, guard: WriteGuard, store: HistoryStore, now: Callable[[], datetime]) -> None:
        self._guard = guard
        self._store = store
        self._now = now
        self._sent: _Sent | None = None

    def before_write(self, setting: EvccSetting, old_pct: float, new_pct: float) -> None:
        """Ask the guard; what it lets through is on record once its outcome is known."""
        self.settle()
        self._guard.before_write(setting, old_pct, new_pct)
        self._sent = _Sent(at=self._now(), setting=setting, old_pct=old_pct, new_pct=new_pct)

    def after_write(self, setting: EvccSetting, accepted_pct: float) -> None:
        """Note what evcc accepted."""
        sent, self._sent = self._sent, None
        if sent is not None:
            self._record(sent, accepted_pct)
        self._guard.after_write(setting, accepted_pct)

    def settle(self) -> None:
        """Record as failed what evcc did not confirm; called when the writing is over."""
        sent, self._sent = self._sent, None
        if sent is not None:
            self._record(sent, None)

    def _record(self, sent: _Sent, accepted_pct: float | None) -> None:
        self._store.write_command(
            sent.at,
            sent.setting.value,
            wanted=sent.new_pct,
            accepted=accepted_pct,
            succeeded=accepted_pct is not None,
            reason=f"was {sent.old_pct:g}",
        )
