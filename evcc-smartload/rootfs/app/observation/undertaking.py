"""One errand at a time, watched: how far it is, how long it takes yet, what came of it."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from observation.errands import Errand, Runner, Running

LONGEST_S = 3600.0
"""A year on a small computer takes less; what takes longer hangs."""
_TELLS_FROM_FRAC = 0.03
"""Before, how long it takes yet is a guess from loading modules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far an errand is; ``eta_s`` is None where that cannot be told."""

    is_running: bool
    progress_frac: float
    eta_s: float | None


class Undertaking:
    """May be asked by any thread; what comes of an errand is told once, unless it is given up."""

    def __init__(
        self, runner: Runner, seconds: Callable[[], float], *, longest_s: float = LONGEST_S
    ) -> None:
        """Do nothing yet; ``seconds`` are real and never jump."""
        self._runner = runner
        self._seconds = seconds
        self._longest_s = longest_s
        self._lock = threading.Lock()
        self._current: _Attempt | None = None

    def start(
        self,
        errand: Errand,
        *,
        on_done: Callable[[Mapping[str, object]], None],
        on_failed: Callable[[str], None],
    ) -> bool:
        """Begin an errand; False when one is running already.

        ``on_done`` and ``on_failed`` are called by another thread, without a lock.
        """
        attempt = _Attempt(self, on_done, on_failed, self._seconds())
        with self._lock:
            if self._current is not None:
                return False
            self._current = attempt
        try:
            running = self._runner.start(errand, attempt)
        except OSError as exc:
            attempt.failed(f"no process could be started ({exc.strerror or exc})")
            return True
        attempt.running = running
        if self._current is not attempt:
            # Given up while it was being started.
            running.stop()
        return True

    def standing(self) -> Standing:
        """Return how far it is; give up what hangs."""
        attempt = self._current
        if attempt is None:
            return Standing(is_running=False, progress_frac=0.0, eta_s=None)
        took_s = self._seconds() - attempt.began_s
        if took_s > self._longest_s:
            attempt.failed(f"it was given up after {took_s / 60.0:.0f} minutes")
            attempt.stop()
            return Standing(is_running=False, progress_frac=0.0, eta_s=None)
        frac = attempt.progress_frac
        eta_s = took_s * (1.0 - frac) / frac if frac >= _TELLS_FROM_FRAC else None
        return Standing(is_running=True, progress_frac=frac, eta_s=eta_s)

    def stop(self) -> bool:
        """Give up what is running; nothing comes of it any more. False when nothing was."""
        attempt = self._current
        if attempt is None or not self._end(attempt):
            return False
        attempt.stop()
        return True

    def _end(self, attempt: "_Attempt") -> bool:
        """Return whether this attempt ends now: the first to say so is right."""
        with self._lock:
            if self._current is not attempt:
                return False
            self._current = None
        return True


class _Attempt:
    """Listens to one errand."""

    def __init__(
        self,
        whole: Undertaking,
        on_done: Callable[[Mapping[str, object]], None],
        on_failed: Callable[[str], None],
        began_s: float,
    ) -> None:
        self._whole = whole
        self._on_done, self._on_failed = on_done, on_failed
        self.began_s = began_s
        self.progress_frac = 0.0
        self.running: Running | None = None

    def progress(self, frac: float) -> None:
        self.progress_frac = frac

    def done(self, answer: Mapping[str, object]) -> None:
        if self._whole._end(self):  # noqa: SLF001  # a part of it
            self._on_done(answer)

    def failed(self, detail: str) -> None:
        if self._whole._end(self):  # noqa: SLF001  # a part of it
            self._on_failed(detail)

    def stop(self) -> None:
        if self.running is not None:
            self.running.stop()
