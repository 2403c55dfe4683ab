"""Wishes from the page to the cycle; the page never calls evcc itself."""

import threading
from enum import StrEnum


class Wish(StrEnum):
    """What somebody asked for."""

    TAKE_CONTROL = "take_control"
    RELEASE = "release"
    REFRESH = "refresh"


class Inbox:
    """Holds wishes until the cycle takes them, and wakes it; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wishes: list[Wish] = []
        self._stopping = False
        self.wake = threading.Event()

    def put(self, wish: Wish) -> None:
        """Add a wish and wake the cycle."""
        with self._lock:
            self._wishes.append(wish)
        self.wake.set()

    def take(self) -> tuple[Wish, ...]:
        """Return the wishes since the last call, oldest first."""
        with self._lock:
            wishes, self._wishes = tuple(self._wishes), []
            if not self._stopping:
                self.wake.clear()
        return wishes

    def stop(self) -> None:
        """Ask the cycle to end."""
        with self._lock:
            self._stopping = True
        self.wake.set()

    @property
    def is_stopping(self) -> bool:
        """Whether the cycle was asked to end."""
        with self._lock:
            return self._stopping
