"""The other process: an errand goes there, and what comes of it comes back."""

import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from observation.children import APP, ChildRunner
from observation.errands import Observe, Relive
from tests.support.own_history import HOME, metered, recorded_in
from tests.support.remembered_home import DAY, HOUR, TODAY

TIMEOUT_S = 60.0


@dataclass(slots=True)
class Heard:
    """Hears of an errand; ``is_over`` is set when nothing more comes."""

    fracs: list[float] = field(default_factory=list)
    answer: Mapping[str, object] | None = None
    failure: str | None = None
    is_over: threading.Event = field(default_factory=threading.Event)

    def progress(self, frac: float) -> None:
        self.fracs.append(frac)

    def done(self, answer: Mapping[str, object]) -> None:
        self.answer = answer
        self.is_over.set()

    def failed(self, detail: str) -> None:
        self.failure = detail
        self.is_over.set()


def errand(folder: Path) -> Observe:
    return Observe(
        home=HOME,
        history=folder / "history.db",
        now=TODAY + HOUR,
        observed_since=date(2026, 5, 1),
        live_since=None,
    )


def script(text: str) -> ChildRunner:
    """Return a runner of a process that reads its errand and then does as a test says."""
    return ChildRunner((sys.executable, "-c", f"import sys\nsys.stdin.buffer.read()\n{text}"))


def test_a_day_is_lived_again_in_a_process_of_its_own(tmp_path: Path) -> None:
    recorded_in(tmp_path, metered(TODAY - 2 * DAY, TODAY)).close()
    heard, day = Heard(), date(2026, 5, 6)
    relive = Relive(
        home=HOME, history=tmp_path / "history.db", first=day, last=day, folder=tmp_path / "files"
    )

    child = ChildRunner().start(relive, heard)

    assert child.join(TIMEOUT_S)
    assert heard.failure is None
    assert heard.answer is not None
    result = heard.answer["result"]
    assert isinstance(result, dict)
    assert [day["day"] for day in result["days"]] == ["2026-05-06"]
    assert heard.fracs == sorted(heard.fracs)


def test_a_home_without_a_history_is_told_what_is_missing(tmp_path: Path) -> None:
    recorded_in(tmp_path, metered(TODAY - timedelta(days=1), TODAY)).close()
    heard = Heard()

    child = ChildRunner().start(errand(tmp_path), heard)

    assert child.join(TIMEOUT_S)
    assert heard.answer == {"obstacle": "too_few_days", "days_missing": 3}


def test_a_failure_there_is_a_failure_here(tmp_path: Path) -> None:
    heard = Heard()

    # There is no history at all.
    child = ChildRunner().start(errand(tmp_path), heard)

    assert child.join(TIMEOUT_S)
    assert heard.failure is not None
    assert heard.failure.startswith("OperationalError")


def test_a_process_that_dies_is_noticed(tmp_path: Path) -> None:
    heard = Heard()

    child = script("sys.exit(9)").start(errand(tmp_path), heard)

    assert child.join(TIMEOUT_S)
    assert heard.failure == "its process ended with 9"


def test_a_line_that_is_cut_off_is_no_answer(tmp_path: Path) -> None:
    heard = Heard()

    child = script('print(\'{"done": {"rep\', flush=True)').start(errand(tmp_path), heard)

    assert child.join(TIMEOUT_S)
    assert heard.failure == "its process ended with 0"


def test_a_process_that_is_stopped_ends_at_once(tmp_path: Path) -> None:
    heard = Heard()
    waits = script("print('{\"progress\": 0.5}', flush=True)\nimport threading\n"
                   "threading.Event().wait()")  # fmt: skip
    child = waits.start(errand(tmp_path), heard)

    child.stop()

    assert child.join(TIMEOUT_S)
    assert heard.answer is None


def test_the_service_loads_nothing_of_what_works_it_out() -> None:
    """Memory of the service does not grow with what another process needs."""
    import subprocess  # noqa: PLC0415  # of this test only

    code = (
        "import sys, observation.service, observation.children, observation.looking, main\n"
        "print([name for name in sys.modules if name.startswith(('backtest', 'simulator'))"
        " or name in ('observation.work', 'observation.own_past')])"
    )

    loaded = subprocess.run(
        (sys.executable, "-c", code), cwd=APP, capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "[]"
