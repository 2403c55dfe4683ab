"""The page's back-test: one at a time, how far it is, what came of it."""

from datetime import date
from pathlib import Path

import pytest

from domain.observation import Obstacle, Started
from observation.backtest_desk import BACKTEST_FOLDER, BacktestDesk
from observation.errands import BACKTEST_FILES, Relive
from tests.support.errand_fakes import HeldRunner
from tests.support.own_history import HOME
from tests.support.web_service import StillClock

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)
RESULT = {"n_days": 31, "excluded_frac": 0.0, "sums": [], "days": []}


class Asked:
    """A desk whose clock and errands are the test's."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.runner, self.folder = StillClock(), HeldRunner(), folder
        (folder / "history.db").touch()
        self.desk = BacktestDesk(
            folder, folder / "history.db", seconds=self.clock.monotonic_s, runner=self.runner
        )

    def start(self) -> Started:
        return self.desk.start(HOME, FIRST, LAST)

    def finish(self) -> None:
        """Let the other process write its files and say what came of it."""
        folder = self.folder / BACKTEST_FOLDER
        folder.mkdir(exist_ok=True)
        for name in BACKTEST_FILES.values():
            (folder / name).write_text(name)
        self.runner.answer({"result": RESULT})


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return Asked(tmp_path)


def test_before_anything_was_asked_it_is_idle(asked: Asked) -> None:
    assert asked.desk.status() == {
        "state": "idle",
        "progress_frac": 0.0,
        "eta_s": None,
        "detail": "",
        "from": None,
        "to": None,
        "result": None,
    }


def test_the_days_that_were_asked_for_are_lived_through(asked: Asked) -> None:
    assert asked.start() is Started.STARTED

    errand = asked.runner.last.errand
    assert isinstance(errand, Relive)
    assert (errand.first, errand.last) == (FIRST, LAST)
    assert asked.desk.status()["state"] == "running"


def test_a_second_one_is_refused_while_the_first_runs(asked: Asked) -> None:
    asked.start()

    assert asked.start() is Started.RUNNING
    assert len(asked.runner.begun) == 1


def test_without_a_home_or_a_history_there_is_nothing_to_live_through(asked: Asked) -> None:
    assert asked.desk.start(None, FIRST, LAST) is Started.NO_HISTORY

    (asked.folder / "history.db").unlink()
    assert asked.start() is Started.NO_HISTORY


def test_how_long_it_takes_follows_from_how_far_it_is(asked: Asked) -> None:
    asked.start()

    asked.runner.last.listener.progress(0.25)
    asked.clock.real_s += 20.0

    told = asked.desk.status()
    assert (told["progress_frac"], told["eta_s"]) == (0.25, 60)


def test_how_long_it_takes_is_not_guessed_at_the_beginning(asked: Asked) -> None:
    asked.start()

    asked.runner.last.listener.progress(0.01)
    asked.clock.real_s += 20.0

    assert asked.desk.status()["eta_s"] is None


def test_what_came_of_it_is_told_and_can_be_downloaded(asked: Asked) -> None:
    asked.start()
    asked.finish()

    told = asked.desk.status()
    csv = asked.desk.file("csv")
    assert (told["state"], told["progress_frac"], told["result"]) == ("done", 1.0, RESULT)
    assert csv is not None
    assert csv.read_text() == "backtest.csv"


def test_while_the_next_one_runs_there_is_nothing_to_download(asked: Asked) -> None:
    asked.start()
    asked.finish()

    asked.start()

    assert asked.desk.file("csv") is None


def test_a_cancelled_one_is_over_at_once_and_says_nothing_more(asked: Asked) -> None:
    asked.start()

    asked.desk.cancel()
    asked.finish()

    assert asked.runner.last.is_stopped
    assert asked.desk.status()["state"] == "cancelled"
    assert asked.start() is Started.STARTED


def test_cancelling_nothing_changes_nothing(asked: Asked) -> None:
    asked.start()
    asked.finish()

    asked.desk.cancel()

    assert asked.desk.status()["state"] == "done"


def test_a_failure_is_told(asked: Asked) -> None:
    asked.start()

    asked.runner.last.listener.failed("RuntimeError: broken")

    told = asked.desk.status()
    assert (told["state"], told["detail"]) == ("failed", "RuntimeError: broken")
    assert asked.start() is Started.STARTED


def test_what_is_in_the_way_is_told_as_a_failure(asked: Asked) -> None:
    asked.start()

    asked.runner.answer({"obstacle": Obstacle.NO_PRICES.value})

    assert asked.desk.status()["detail"] == Obstacle.NO_PRICES.sentence
