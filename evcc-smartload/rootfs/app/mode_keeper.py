"""Keeps an imposed battery mode in force: evcc drops it 60 s after it was last sent.

A thread of its own, since a cycle may take longer than that when evcc answers slowly. It sends
only while the cycle's thread lives: a mode dies with us by design.
"""

import threading
from collections.abc import Callable
from datetime import timedelta

import structlog

from domain.site import BatteryMode
from errors import EvccAutomaticModeError, SourceError, WriteRefusedError
from evcc_client import EvccClient

# One request may get lost, and evcc checks its 60 s every second.
KEEP_EVERY = timedelta(seconds=20)

log = structlog.get_logger("smartload")


class ModeKeeper:
    """Sends the mode again; ``impose`` and ``let_go`` are called by the cycle's thread."""

    def __init__(self, evcc: EvccClient) -> None:
        self._evcc = evcc
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
            self._mode = mode

    def let_go(self) -> None:
        """Send nothing more; after this no late request undoes a release."""
        with self._lock:
            self._mode = None

    def keep(self) -> None:
        """Send the mode again, if there is one; evcc's refusal is logged once and no disaster."""
        with self._lock:
            if self._mode is None:
                return
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

    def start(self, every_s: Callable[[], float], is_alive: Callable[[], bool]) -> None:
        """Keep it in a thread from now on.

        Args:
            every_s: How long to wait between two sendings, in real seconds.
            is_alive: Whether the cycle still turns.
        """

        def run() -> None:
            while not self._stop.wait(every_s()):
                if is_alive():
                    self.keep()

        self._thread = threading.Thread(target=run, name="mode-keeper", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
