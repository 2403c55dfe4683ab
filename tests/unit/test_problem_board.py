"""Since when something is wrong, and what the log says of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from diagnosis import Finding
from domain.problem import ProblemCode, Severity
from problem_board import ProblemBoard

NOW = datetime(2026, 6, 21, 12, 0, tzinfo=UTC)
SLOT = timedelta(minutes=15)


def finding(
    code: ProblemCode, severity: Severity = Severity.WARNING, detail: str = "wrong"
) -> Finding:
    return Finding(code=code, severity=severity, detail=detail)


NO_PRICES = finding(ProblemCode.NO_PRICES)
AWAY = finding(ProblemCode.EVCC_UNREACHABLE, detail="timed out")


def events(log: list[Any]) -> list[tuple[str, str]]:
    return [(line["event"], line["code"]) for line in log]


def test_a_problem_keeps_when_it_began() -> None:
    board = ProblemBoard()
    for slot in range(4):
        problems = board.update([NO_PRICES], NOW + SLOT * slot)

    assert [(p.code, p.since) for p in problems] == [(ProblemCode.NO_PRICES, NOW)]
    assert board.problems == problems


def test_a_problem_that_comes_again_begins_anew() -> None:
    board = ProblemBoard()
    board.update([NO_PRICES], NOW)
    board.update([], NOW + SLOT)

    (problem,) = board.update([NO_PRICES], NOW + 2 * SLOT)

    assert problem.since == NOW + 2 * SLOT


def test_the_log_has_one_line_at_the_beginning_and_one_at_the_end() -> None:
    board = ProblemBoard()
    with capture_logs() as log:
        for slot in range(10):
            board.update([AWAY], NOW + SLOT * slot)
        board.update([], NOW + SLOT * 10)
        board.update([], NOW + SLOT * 11)

    assert log == [
        {"event": "problem_began", "code": "evcc_unreachable", "detail": "timed out",
         "log_level": "warning"},
        {"event": "problem_ended", "code": "evcc_unreachable", "lasted_min": 150,
         "log_level": "info"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("severity", "level"),
    [(Severity.INFO, "info"), (Severity.WARNING, "warning"), (Severity.ERROR, "error")],
)
def test_the_line_is_as_loud_as_the_problem_is_grave(severity: Severity, level: str) -> None:
    with capture_logs() as log:
        ProblemBoard().update([finding(ProblemCode.CYCLE_FAILED, severity)], NOW)

    assert [line["log_level"] for line in log] == [level]


def test_each_problem_has_lines_of_its_own() -> None:
    board = ProblemBoard()
    with capture_logs() as log:
        board.update([NO_PRICES], NOW)
        board.update([NO_PRICES, AWAY], NOW + SLOT)
        board.update([AWAY], NOW + 2 * SLOT)

    assert events(log) == [
        ("problem_began", "no_prices"),
        ("problem_began", "evcc_unreachable"),
        ("problem_ended", "no_prices"),
    ]


def test_text_and_severity_follow_the_last_finding_without_a_line() -> None:
    board = ProblemBoard()
    board.update([AWAY], NOW)
    worse = finding(ProblemCode.EVCC_UNREACHABLE, Severity.ERROR, "refused")
    with capture_logs() as log:
        (problem,) = board.update([worse], NOW + SLOT)

    assert (problem.detail, problem.severity, problem.since) == ("refused", Severity.ERROR, NOW)
    assert log == []


def test_one_code_found_twice_is_shown_once() -> None:
    second = finding(ProblemCode.NO_PRICES, detail="other")

    (problem,) = ProblemBoard().update([NO_PRICES, second], NOW)

    assert problem.detail == "wrong"


def test_problems_stand_in_the_order_they_were_found() -> None:
    board = ProblemBoard()
    board.update([NO_PRICES], NOW)

    problems = board.update([AWAY, NO_PRICES], NOW + SLOT)

    assert [p.code for p in problems] == [ProblemCode.EVCC_UNREACHABLE, ProblemCode.NO_PRICES]
