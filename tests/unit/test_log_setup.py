"""Where log lines go and how they look."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from log_setup import set_up_logging

QUIET = ("httpx2", "httpcore2", "uvicorn", "asyncio")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in QUIET}
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def test_an_event_is_one_line_with_time_level_name_and_facts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logging("info")

    structlog.get_logger("smartload").info("decision", mode="live", reason="Puffer 35% · hält")

    (line,) = capsys.readouterr().out.splitlines()
    for part in ("info", "decision", "smartload", "mode=live", "Puffer 35% · hält"):
        assert part in line
    assert line[:4].isdigit()


def test_lines_of_the_standard_library_look_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info")

    logging.getLogger("smartload.persistence").warning("%s cannot be written", "a file")

    (line,) = capsys.readouterr().out.splitlines()
    for part in ("warning", "a file cannot be written", "smartload.persistence"):
        assert part in line


def test_nothing_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("debug")

    structlog.get_logger("smartload").error("page_cannot_start")
    logging.getLogger("smartload").error("failed")

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_less_than_the_level_is_not_shown(
    capsys: pytest.CaptureFixture[str], level: str, shown: list[str]
) -> None:
    set_up_logging(level)
    log = structlog.get_logger("smartload")

    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)(f"this-is-{name}")

    said = capsys.readouterr().out
    assert [
        name for name in ("debug", "info", "warning", "error") if f"this-is-{name}" in said
    ] == (shown)


def test_a_value_from_outside_cannot_fake_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info")

    structlog.get_logger("smartload").info("wish", name="x\n2026-01-01 [error] faked")

    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_failure_brings_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info")

    def fail() -> None:
        raise ValueError("too much sun")

    try:
        fail()
    except ValueError:
        structlog.get_logger("smartload").exception("cycle_failed")

    said = capsys.readouterr().out
    assert said.count("cycle_failed") == 1
    assert "ValueError: too much sun" in said
    assert "Traceback" in said


@pytest.mark.parametrize("name", QUIET)
def test_requests_of_our_own_are_not_lines(capsys: pytest.CaptureFixture[str], name: str) -> None:
    set_up_logging("debug")

    logging.getLogger(name).info("GET /api/state 200")
    logging.getLogger(name).warning("something real")

    said = capsys.readouterr().out
    assert "GET" not in said
    assert "something real" in said


def test_setting_up_twice_does_not_double_lines(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info")
    set_up_logging("info")

    structlog.get_logger("smartload").info("once")

    assert capsys.readouterr().out.count("once") == 1
