"""What another process works out: the report, and a back-test with its files."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from backtest.live import Lived
from backtest.run import Task, priced_slots
from domain.control import BATTERY_MODE
from domain.proof import Policy, PolicyResult
from domain.steering import Stage, WriteOutcome
from observation import work
from observation.errands import BACKTEST_FILES, Observe, Relive
from proof.accounting import SlotBook, book_days
from storage.history_store import HistoryStore
from tests.support.history_builder import command
from tests.support.own_history import HOME, metered, recorded_in
from tests.support.remembered_home import DAY, HOUR, TODAY

IMPORT_KWH = {
    Policy.NO_BATTERY: 0.30,
    Policy.EVCC: 0.20,
    Policy.FORMULA: 0.21,
    Policy.RISK: 0.19,
    Policy.SMARTLOAD: 0.15,
    Policy.FORESIGHT: 0.10,
}
"""What each policy buys in each quarter hour, where nothing is really lived through."""


def book(policy: Policy, n_slots: int) -> SlotBook:
    zeros, whole = np.zeros(n_slots), np.zeros(n_slots, dtype=np.int64)
    return SlotBook(
        import_kwh=np.full(n_slots, IMPORT_KWH[policy]),
        export_kwh=zeros,
        pv_kwh=zeros,
        load_kwh=zeros,
        cars_kwh=zeros,
        discharge_kwh=zeros,
        away_kwh=zeros,
        stored_kwh=np.zeros(n_slots + 1),
        is_below_buffer=np.zeros(n_slots, dtype=np.bool_),
        writes=whole,
        decisions=whole,
        switches=whole,
    )


def carried_out(task: Task, progress: Callable[[float], None]) -> PolicyResult:
    priced = priced_slots(task.period)
    progress(0.5)
    progress(1.0)
    return PolicyResult(
        policy=task.policy,
        days=book_days(
            book(task.policy, len(priced.is_measured)),
            priced,
            replacement_eur_per_kwh=task.replacement_eur_per_kwh,
        ),
    )


def lived(policy: Policy, period: object, *_: object) -> Lived:
    n_slots = period.n_slots - period.live_from  # type: ignore[attr-defined]  # a period
    return Lived(book=book(policy, n_slots), n_plans=0)


@pytest.fixture(autouse=True)
def nothing_is_lived_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """How a past is lived through has its own tests, and takes seconds for a day."""
    monkeypatch.setattr(work, "carry_out", carried_out)
    monkeypatch.setattr(work, "live", lived)


def store_in(folder: Path, n_days: int = 20) -> HistoryStore:
    return recorded_in(folder, metered(TODAY - n_days * DAY, TODAY))


def errand(folder: Path, former: tuple[dict[str, object], ...] = ()) -> Observe:
    return Observe(
        home=HOME,
        history=folder / "history.db",
        now=TODAY + HOUR,
        observed_since=date(2026, 5, 1),
        live_since=None,
        former=former,
    )


def observed(folder: Path, store: HistoryStore, **more: object) -> dict[str, object]:
    fracs: list[float] = []
    answer = work.observe(errand(folder, **more), store, fracs.append)  # type: ignore[arg-type]
    assert fracs == sorted(fracs)
    return answer


def report_in(answer: dict[str, object]) -> dict[str, object]:
    report = answer["report"]
    assert isinstance(report, dict)
    return report


def test_a_report_is_of_the_last_two_weeks_at_least(tmp_path: Path) -> None:
    report = report_in(observed(tmp_path, store_in(tmp_path)))

    assert (report["since"], report["until"]) == ("2026-04-23", "2026-05-06")
    assert (report["n_days"], report["n_counted"]) == (14, 14)
    assert report["recommendation"] == {"code": "activate", "facts": {}}


def test_both_buffers_are_told_with_their_nights(tmp_path: Path) -> None:
    buffers = report_in(observed(tmp_path, store_in(tmp_path)))["buffers"]

    assert isinstance(buffers, list)
    assert [(one["strategy"], one["is_chosen"], one["nights"]) for one in buffers] == [
        ("formula", True, 13),
        ("risk", False, 13),
    ]


def test_days_of_earlier_reports_are_kept_as_they_were(tmp_path: Path) -> None:
    old: dict[str, object] = {
        "day": "2026-03-01",
        "is_counted": True,
        "paid_eur": None,
        "evcc_eur": 3.0,
        "ours_eur": 1.0,
        "possible_eur": None,
    }

    answer = observed(tmp_path, store_in(tmp_path), former=(old,))

    days, months = answer["days"], report_in(answer)["months"]
    assert isinstance(days, list)
    assert isinstance(months, list)
    assert (len(days), days[0]) == (15, old)
    assert months[0] == {"month": "2026-03", "saving_eur": 2.0, "n_days": 1}


def test_a_home_with_too_few_days_is_told_how_many_are_missing(tmp_path: Path) -> None:
    answer = observed(tmp_path, store_in(tmp_path, n_days=3))

    assert answer == {"obstacle": "too_few_days", "days_missing": 1}


def test_a_home_of_which_nothing_was_recorded_waits_for_its_first_days(tmp_path: Path) -> None:
    answer = observed(tmp_path, HistoryStore(tmp_path / "history.db", now=TODAY))

    assert answer == {"obstacle": "no_load", "days_missing": 4}


@pytest.mark.parametrize(
    ("since", "answer"),
    [
        (date(2026, 5, 7), {"obstacle": "too_few_days", "days_missing": 4}),
        (date(2026, 5, 6), {"obstacle": "no_prices", "days_missing": None}),
    ],
)
def test_on_the_first_day_nothing_is_said_of_prices(
    tmp_path: Path, since: date, answer: dict[str, object]
) -> None:
    unpriced = [replace(one, import_eur_per_kwh=None) for one in metered(TODAY - 9 * DAY, TODAY)]
    store = recorded_in(tmp_path, unpriced)

    asked = replace(errand(tmp_path), observed_since=since)

    assert work.observe(asked, store, lambda _: None) == answer


def test_what_was_changed_is_told_newest_first_and_not_what_was_refused(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    outcomes = (WriteOutcome.SIMULATED, WriteOutcome.REFUSED, WriteOutcome.CONFIRMED)
    for index, outcome in enumerate(outcomes):
        store.write_command(
            command(
                TODAY - DAY + index * HOUR,
                lever=BATTERY_MODE,
                stage=Stage.BATTERY,
                wanted=f"mode {index}",
                outcome=outcome,
            )
        )
    store.flush()

    changes = report_in(observed(tmp_path, store))["changes"]

    assert isinstance(changes, list)
    assert [change["wanted"] for change in changes] == ["mode 2", "mode 0"]


def test_changes_are_the_newest_hundred(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for index in range(work.MOST_CHANGES + 5):
        store.write_command(command(TODAY - DAY + index * HOUR / 10, wanted=float(index)))
    store.flush()

    changes = report_in(observed(tmp_path, store))["changes"]

    assert isinstance(changes, list)
    assert len(changes) == work.MOST_CHANGES
    assert changes[0]["wanted"] == work.MOST_CHANGES + 4


def test_a_backtest_has_a_result_and_files_to_keep(tmp_path: Path) -> None:
    folder = tmp_path / "backtest"
    relive = Relive(
        home=HOME,
        history=tmp_path / "history.db",
        first=date(2026, 5, 2),
        last=date(2026, 5, 6),
        folder=folder,
    )

    answer = work.relive(relive, store_in(tmp_path), lambda _: None)

    result = answer["result"]
    assert isinstance(result, dict)
    assert [sums["policy"] for sums in result["sums"]] == [policy.value for policy in Policy]
    assert len(result["days"]) == 5
    assert {path.name for path in folder.iterdir()} == set(BACKTEST_FILES.values())


def test_a_backtest_of_days_that_were_not_recorded_says_so(tmp_path: Path) -> None:
    relive = Relive(
        home=HOME,
        history=tmp_path / "history.db",
        first=date(2020, 5, 2),
        last=date(2020, 5, 6),
        folder=tmp_path,
    )

    assert work.relive(relive, store_in(tmp_path), lambda _: None) == {"obstacle": "no_load"}
