"""The only module that reads the wall clock and waits."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from domain.horizon import SLOT

# Small computers start with a clock in the past; nothing before this instant can be real.
EARLIEST_PLAUSIBLE_NOW = datetime(2025, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Tells the time and waits for it; tests pass one they can move."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return real seconds that never jump, for measuring durations."""
        ...

    def wait_until(self, instant: datetime, wake: threading.Event) -> bool:
        """Wait for ``instant``; return True when ``wake`` was set before it came.

        A clock that is set back meanwhile does not make the wait longer.
        """
        ...


class SystemClock:
    """The computer's clock."""

    # A wall clock can jump (first network contact, suspend): look at it at least this often.
    _LONGEST_NAP_S = 30.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()

    def wait_until(self, instant: datetime, wake: threading.Event) -> bool:
        longest_until_s = self.monotonic_s() + (instant - self.now()).total_seconds()
        while True:
            left_s = min(
                (instant - self.now()).total_seconds(), longest_until_s - self.monotonic_s()
            )
            if left_s <= 0:
                return wake.is_set()
            if wake.wait(min(left_s, self._LONGEST_NAP_S)):
                return True


class SimulatedClock:
    """A clock that first jumps, then runs at a chosen multiple of real time.

    Before ``fast_forward_until`` a wait returns at once with the clock moved to the
    instant waited for; after it, time passes ``speed`` times as fast as real time.
    Thread-safe.
    """

    def __init__(self, start: datetime, *, speed: float, fast_forward_until: datetime) -> None:
        self._lock = threading.Lock()
        self._origin = start
        self._fast_forward_until = fast_forward_until
        self._speed = speed
        self._origin_real_s: float | None = None if start < fast_forward_until else time.monotonic()

    @property
    def speed(self) -> float:
        """Simulated seconds per real second once the fast-forward is over."""
        with self._lock:
            return self._speed

    def set_speed(self, speed: float) -> None:
        """Change the speed from now on; time does not jump."""
        with self._lock:
            self._origin, self._origin_real_s = (
                self._now_unlocked(),
                None if self._origin_real_s is None else time.monotonic(),
            )
            self._speed = speed

    @property
    def is_fast_forwarding(self) -> bool:
        """Whether waits still return at once."""
        with self._lock:
            return self._origin_real_s is None

    def now(self) -> datetime:
        with self._lock:
            return self._now_unlocked()

    def _now_unlocked(self) -> datetime:
        if self._origin_real_s is None:
            return self._origin
        passed_s = (time.monotonic() - self._origin_real_s) * self._speed
        return self._origin + timedelta(seconds=passed_s)

    def monotonic_s(self) -> float:
        return time.monotonic()

    def wait_until(self, instant: datetime, wake: threading.Event) -> bool:
        while True:
            with self._lock:
                if self._origin_real_s is None:
                    if wake.is_set():
                        return True
                    self._origin = max(self._origin, instant)
                    if self._origin >= self._fast_forward_until:
                        self._origin_real_s = time.monotonic()
                    return False
                left_s = (instant - self._now_unlocked()).total_seconds() / self._speed
            if left_s <= 0:
                return wake.is_set()
            # The speed may change while we wait, so look again soon.
            if wake.wait(min(left_s, 0.5)):
                return True


def next_slot_start(now: datetime) -> datetime:
    """Return the first slot boundary strictly after ``now``."""
    into_slot = timedelta(minutes=now.minute % 15, seconds=now.second, microseconds=now.microsecond)
    return now - into_slot + SLOT
