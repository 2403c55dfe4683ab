"""Wishes from the page to the cycle; the page never calls evcc itself."""

import threading
from dataclasses import dataclass
from enum import StrEnum

from domain.steering import Override, OverrideKind, Stage, StageMode


class Wish(StrEnum):
    """What somebody asked for, in a word."""

    TAKE_CONTROL = "take_control"
    RELEASE = "release"
    REFRESH = "refresh"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStage:
    """Let battery or cars act, or observe again; the buffer has its own rules for this."""

    stage: Stage
    mode: StageMode


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOverride:
    """A wish that ends by itself; one of the same kind for the same device is replaced."""

    override: Override


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOverride:
    """End such a wish before its time."""

    kind: OverrideKind
    device: str = ""


AnyWish = Wish | SetStage | StartOverride | EndOverride


class Inbox:
    """Holds wishes until the cycle takes them, and wakes it; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wishes: list[AnyWish] = []
        self._stopping = False
        self.wake = threading.Event()

    def put(self, wish: AnyWish) -> None:
        """Add a wish and wake the cycle."""
        with self._lock:
            self._wishes.append(wish)
        self.wake.set()

    def take(self) -> tuple[AnyWish, ...]:
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
