"""Keeps an imposed battery mode in force: evcc drops it 60 s after it was last sent.

A thread of its own, since a cycle may take longer than that when evcc answers slowly. It sends
only while the cycle's thread lives: a mode dies with us by design.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from domain.site import BatteryMode
from errors import EvccAutomaticModeError, SourceError, WriteRefusedError
from evcc_client import EvccClient

# One request may get lost, and evcc checks its 60 s every second.
KEEP_EVERY = timedelta(seconds=20)
# So long the cycle may be late before the thread sends in its place.
DUE_AFTER = timedelta(seconds=30)

log = structlog.get_logger("smartload")


class ModeKeeper:
    """Sends the mode again; ``impose`` and ``let_go`` are called by the cycle's thread."""

    def __init__(self, evcc: EvccClient, now: Callable[[], datetime]) -> None:
        self._evcc = evcc
        self._now = now
        self._sent_at: datetime | None = None
        self._lock = threading.Lock()
        self._mode: BatteryMode | None = None
        self._has_failed = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def mode(self) -> BatteryMode | None:
        """The mode that is kept in force; None: none."""
        return self._mode

    def impose(self, mode: BatteryMode) -> None:
        """Keep a mode in force that evcc has just accepted."""
        with self._lock:
            self._mode, self._sent_at = mode, self._now()

    def let_go(self) -> None:
        """Send nothing more; after this no late request undoes a release."""
        with self._lock:
            self._mode = None

    def keep(self) -> None:
        """Send the mode again, if there is one; evcc's refusal is logged once and no disaster."""
        with self._lock:
            self._send()

    def keep_if_due(self) -> None:
        """Send it where the cycle, which knows best who imposes what, has not done so in time."""
        with self._lock:
            age = None if self._sent_at is None else self._now() - self._sent_at
            if age is None or not timedelta(0) <= age < DUE_AFTER:
                self._send()

    def _send(self) -> None:
        if self._mode is not None:
            try:
                self._evcc.keep_battery_mode(self._mode)
            except EvccAutomaticModeError:
                # The next reading says so, too.
                self._mode = None
            except (SourceError, WriteRefusedError) as exc:
                if not self._has_failed:
                    log.warning("battery_mode_not_kept", mode=self._mode.value, error=str(exc))
                self._has_failed = True
            else:
                self._has_failed = False
                self._sent_at = self._now()

    def start(self, every_s: Callable[[], float], is_alive: Callable[[], bool]) -> None:
        """Keep it in a thread from now on.

        Args:
            every_s: How long to wait between two sendings, in real seconds.
            is_alive: Whether the cycle still turns.
        """

        def run() -> None:
            while not self._stop.wait(every_s()):
                if is_alive():
                    self.keep_if_due()

        self._thread = threading.Thread(target=run, name="mode-keeper", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
