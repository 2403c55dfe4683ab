"""Whether our own loop is alive: what ``/healthz`` answers from."""

import threading

# The loop turns at least every half minute; evcc's slowest answer and a slow disk fit in between.
LONGEST_SILENCE_S = 150.0
# Two quarter hours and some: one failed cycle is an event, two are a standstill.
LONGEST_WITHOUT_CYCLE_S = 2100.0


class Heartbeat:
    """The cycle's signs of life in real seconds that never jump; thread-safe."""

    def __init__(self, monotonic_s: float) -> None:
        self._lock = threading.Lock()
        self._turned_s = self._cycled_s = monotonic_s
        self._can_save = True

    def turned(self, monotonic_s: float) -> None:
        """The loop went round."""
        with self._lock:
            self._turned_s = monotonic_s

    def cycled(self, monotonic_s: float, *, can_save: bool) -> None:
        """A cycle came to its end; ``can_save`` says whether its result is on disk."""
        with self._lock:
            self._turned_s = self._cycled_s = monotonic_s
            self._can_save = can_save

    def is_turning(self, monotonic_s: float) -> bool:
        """Return whether the loop went round of late."""
        with self._lock:
            return monotonic_s - self._turned_s <= LONGEST_SILENCE_S

    def complaint(self, monotonic_s: float) -> str | None:
        """Return what is wrong with us, or None. evcc being away is not our illness."""
        with self._lock:
            if monotonic_s - self._turned_s > LONGEST_SILENCE_S:
                return "the loop stands still"
            if monotonic_s - self._cycled_s > LONGEST_WITHOUT_CYCLE_S:
                return "no cycle came to its end"
            if not self._can_save:
                return "the store cannot be written"
            return None
