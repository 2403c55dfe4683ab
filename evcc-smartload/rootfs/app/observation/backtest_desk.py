"""The page's back-test: a period of the owner's past, lived again when they ask for it."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import structlog

from domain.observation import Obstacle, Started
from observation.errands import BACKTEST_FILES, Relive, Runner
from observation.own_home import OwnHome
from observation.undertaking import Undertaking

BACKTEST_FOLDER = "backtest"

log = structlog.get_logger("smartload.observation")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Test:
    """The back-test that was asked for last."""

    state: str = "idle"
    first: date | None = None
    last: date | None = None
    detail: str = ""
    result: Mapping[str, object] | None = None


class BacktestDesk:
    """One back-test at a time; its result and its files stay until the next one or a restart."""

    def __init__(
        self, data_dir: Path, history: Path, *, seconds: Callable[[], float], runner: Runner
    ) -> None:
        """Do nothing yet; ``seconds`` are real and never jump."""
        self._folder = data_dir / BACKTEST_FOLDER
        self._history = history
        self._work = Undertaking(runner, seconds)
        self._lock = threading.Lock()
        self._test = _Test()

    @property
    def is_running(self) -> bool:
        """Whether one is running."""
        return self._work.standing().is_running

    def start(self, home: OwnHome | None, first: date, last: date) -> Started:
        """Begin to live through the local days ``first`` to ``last``, both inside."""
        if home is None or not self._history.exists():
            return Started.NO_HISTORY
        with self._lock:
            # Of two that ask at once, the second one finds it running.
            if self._test.state == "running" and self.is_running:
                return Started.RUNNING
            self._test = asked = _Test(state="running", first=first, last=last)
        self._work.start(
            Relive(home=home, history=self._history, first=first, last=last, folder=self._folder),
            on_done=lambda answer: self._take(asked, answer),
            on_failed=lambda detail: self._fail(asked, detail),
        )
        return Started.STARTED

    def cancel(self) -> None:
        """Give up what is running; what was found before is gone with it."""
        with self._lock:
            asked = self._test
            if self._work.stop():
                self._test = _Test(state="cancelled", first=asked.first, last=asked.last)

    def status(self) -> dict[str, object]:
        """Return the answer of ``GET /proof/backtest``."""
        standing, test = self._work.standing(), self._test
        return {
            "state": test.state,
            "progress_frac": 1.0 if test.state == "done" else round(standing.progress_frac, 4),
            "eta_s": None if standing.eta_s is None else round(standing.eta_s),
            "detail": test.detail,
            "from": None if test.first is None else test.first.isoformat(),
            "to": None if test.last is None else test.last.isoformat(),
            "result": test.result,
        }

    def file(self, kind: str) -> Path | None:
        """Return a file of the finished back-test by its kind; None: none is finished."""
        path = self._folder / BACKTEST_FILES[kind]
        return path if self._test.state == "done" and path.is_file() else None

    def _take(self, asked: _Test, answer: Mapping[str, object]) -> None:
        result = answer.get("result")
        if isinstance(result, dict):
            self._end(_Test(state="done", first=asked.first, last=asked.last, result=result))
        else:
            self._fail(asked, Obstacle(str(answer["obstacle"])).sentence)

    def _fail(self, asked: _Test, detail: str) -> None:
        log.warning("backtest_failed", why=detail)
        self._end(_Test(state="failed", first=asked.first, last=asked.last, detail=detail))

    def _end(self, test: _Test) -> None:
        with self._lock:
            self._test = test
