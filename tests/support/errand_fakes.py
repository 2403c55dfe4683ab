"""Errands that a test does itself, when it wants to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from observation.errands import Errand, Listener


@dataclass(slots=True)
class HeldErrand:
    """An errand that waits for the test."""

    errand: Errand
    listener: Listener
    is_stopped: bool = False

    def stop(self) -> None:
        self.is_stopped = True


@dataclass(slots=True)
class HeldRunner:
    """Begins errands and does nothing with them; ``can_start`` False: no process can be started."""

    begun: list[HeldErrand] = field(default_factory=list)
    can_start: bool = True

    def start(self, errand: Errand, listener: Listener) -> HeldErrand:
        if not self.can_start:
            raise OSError(12, "Cannot allocate memory")
        held = HeldErrand(errand, listener)
        self.begun.append(held)
        return held

    @property
    def last(self) -> HeldErrand:
        """The errand that was begun last."""
        return self.begun[-1]

    def answer(self, answer: Mapping[str, object]) -> None:
        """Let the last errand be done."""
        self.last.listener.done(answer)
