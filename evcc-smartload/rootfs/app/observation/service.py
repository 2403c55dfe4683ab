"""The report and the back-test as the rest of the service knows them."""

from datetime import date, datetime
from pathlib import Path

from clock import Clock
from domain.observation import Started
from observation.backtest_desk import BacktestDesk
from observation.errands import Runner
from observation.keeper import HomeNow, ProofKeeper


class ObservationService:
    """Any thread may call anything; nothing here takes long."""

    def __init__(self, data_dir: Path, history: Path, *, clock: Clock, runner: Runner) -> None:
        """Read what is kept of the report.

        Args:
            data_dir: Where it is kept.
            history: The file of the home's history.
            clock: Tells the time.
            runner: Does what takes long.
        """
        self._keeper = ProofKeeper(data_dir, history, clock=clock, runner=runner)
        self._desk = BacktestDesk(data_dir, history, seconds=clock.monotonic_s, runner=runner)
        self.state_file = self._keeper.state_file

    def look(self, now: datetime, seen: HomeNow) -> None:
        """Take in how things are, and begin what is due."""
        self._keeper.look(now, seen, may_begin=not self._desk.is_running)

    def summary(self) -> dict[str, object] | None:
        """Return ``proof_summary`` of the state message."""
        return self._keeper.summary()

    def proof(self) -> dict[str, object]:
        """Return the answer of ``GET /proof``."""
        return self._keeper.proof()

    def backtest(self) -> dict[str, object]:
        """Return the answer of ``GET /proof/backtest``."""
        return self._desk.status()

    def start_backtest(self, first: date, last: date) -> Started:
        """Begin to live through the local days ``first`` to ``last``, both inside."""
        return self._desk.start(self._keeper.home, first, last)

    def cancel_backtest(self) -> None:
        """Give up the back-test that is running, if one is."""
        self._desk.cancel()

    def backtest_file(self, kind: str) -> Path | None:
        """Return a file of the finished back-test by its kind; None: none is finished."""
        return self._desk.file(kind)

    def close(self) -> None:
        """Give up everything that is under way."""
        self._keeper.close()
        self._desk.cancel()
