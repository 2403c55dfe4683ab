"""docs/http-api.md describes every route, every refusal and every field of the state message."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import pytest
from fastapi import FastAPI

from domain.control import EvccSetting, HoldEnd, InCharge
from domain.plan import ChangeCause, OwnerRule, ReasonCode, Rung, SkipCause
from domain.problem import ProblemCode
from domain.steering import (
    CommandCode,
    ControlLevel,
    GateCode,
    MissingCode,
    OverrideKind,
    Stage,
    StageMode,
    WriteOutcome,
)
from health import LONGEST_SILENCE_S, LONGEST_WITHOUT_CYCLE_S, Heartbeat
from tests.support.app_imports import APP_ROOT, REPOSITORY
from tests.support.model_ts import MODEL_TS, field_paths, mismatches, read_model
from tests.support.shown_state import full_state
from tests.support.web_service import Service
from web.access import FORWARDING_HEADERS
from web.app import MOST_READERS
from web.broadcast import HEARTBEAT_S
from web.control_routes import (
    LONGEST_HOLIDAY,
    LONGEST_KEEP_FULL,
    MORNING,
    MOST_WRITES,
    SHORTEST_NIGHT,
)
from web.guard import LARGEST_BODY_BYTES
from web.schemas import ChargeNow

TEXT = (REPOSITORY / "docs" / "http-api.md").read_text(encoding="utf-8")
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]
MODEL = read_model()


def first_cells(section: str) -> list[str]:
    """Return what stands in code in the first cells of a section's tables."""
    part = TEXT[TEXT.index(section) :]
    end = part.find("\n## ", 1)
    return re.findall(r"^\| `([^`]+)` \|", part if end < 0 else part[:end], re.MULTILINE)


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    return Service(static_dir=tmp_path).app()


def test_every_route_is_described_and_no_other(app: FastAPI) -> None:
    routes = {
        f"{method.upper()} {path}"
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }

    assert set(first_cells("# The HTTP API")) == routes | {"GET /", "GET /openapi.json"}


def test_every_route_that_is_asked_for_has_an_example(app: FastAPI) -> None:
    for path in app.openapi()["paths"]:
        assert re.search(rf"curl .*localhost:8099{path}\b", TEXT), f"no example of {path}"


def test_every_field_of_the_state_message_is_described_and_no_other() -> None:
    documented = [cell for cell in first_cells("## The state message") if not is_problem(cell)]

    assert sorted(documented) == sorted(set(field_paths(MODEL["State"], MODEL)))


@pytest.mark.parametrize(
    ("section", "type_name"),
    [("## The forecast", "Forecast"), ("## The forecast's accuracy", "AccuracyReport")],
)
def test_every_field_of_the_forecast_is_described_and_no_other(
    section: str, type_name: str
) -> None:
    documented = first_cells(f"{section}\n")

    assert sorted(documented) == sorted(set(field_paths(MODEL[type_name], MODEL)))


def test_every_field_of_the_plan_is_described_and_no_other() -> None:
    documented = [cell for cell in first_cells("## The plan\n") if cell not in set(ReasonCode)]

    assert sorted(documented) == sorted(set(field_paths(MODEL["PlanJson"], MODEL)))


def test_every_reason_of_a_plan_is_described_with_its_facts() -> None:
    documented = dict(
        re.findall(r"^\| `(\w+)` \| [^|]+ \| ((?:`\w+`,? ?)*)\|$", TEXT, re.MULTILINE)
    )
    source = (APP_ROOT / "domain" / "plan.py").read_text(encoding="utf-8")
    meant = dict(re.findall(r'= "((?:battery|car|pv)_\w+)"\s+"""([^"]+)"""', source))

    assert set(meant) == set(ReasonCode)
    for code, meaning in meant.items():
        facts = re.search(r"\(([^()]*)\)", meaning)
        named = facts[1].split(", ") if facts else []
        assert re.findall(r"\w+", documented[code]) == named, code


@pytest.mark.parametrize("words", [Rung, SkipCause, OwnerRule, ChangeCause])
def test_every_word_of_a_plan_is_described(words: type[StrEnum]) -> None:
    section = TEXT[TEXT.index("## The plan\n") :]

    for word in words:
        assert f"`{word}`" in section


def test_every_field_of_the_log_of_writes_is_described_and_no_other() -> None:
    documented = first_cells("## The log of writes\n")

    assert sorted(documented) == sorted(set(field_paths(MODEL["WriteLog"], MODEL)))


def test_the_example_of_a_write_has_the_form_the_page_expects() -> None:
    (log,) = [example for example in EXAMPLES if "writes" in example]

    assert mismatches(log, MODEL["WriteLog"], MODEL) == []


def test_every_reason_of_a_command_is_described_with_its_facts() -> None:
    section = TEXT[TEXT.index("## Reasons of a command\n") : TEXT.index("## The forecast\n")]
    documented = dict(
        re.findall(r"^\| `(\w+)` \| [^|]+ \| ((?:`\w+`,? ?)*)\|$", section, re.MULTILINE)
    )
    source = (APP_ROOT / "domain" / "steering.py").read_text(encoding="utf-8")
    words = source[source.index("class CommandCode") : source.index("class CommandReason")]
    meant = dict(re.findall(r'= "(\w+)"\s+"""([^"]+)"""', words))

    assert set(documented) == set(meant) == set(CommandCode)
    for code, meaning in meant.items():
        facts = re.search(r"\(([^()]*)\)", meaning)
        named = facts[1].split(", ") if facts else []
        assert re.findall(r"\w+", documented[code]) == named, code


@pytest.mark.parametrize(
    "words",
    [
        ControlLevel,
        EvccSetting,
        GateCode,
        HoldEnd,
        InCharge,
        MissingCode,
        OverrideKind,
        Stage,
        StageMode,
        WriteOutcome,
    ],
)
def test_every_word_of_control_is_described(words: type[StrEnum]) -> None:
    log = TEXT[TEXT.index("## The log of writes\n") : TEXT.index("## The state message\n")]
    section = TEXT[TEXT.index("### Control\n") : TEXT.index("### Plan\n")]

    for word in words:
        assert f"`{word}`" in log + section


def test_the_text_names_the_bounds_of_wishes_and_log() -> None:
    section = " ".join(
        TEXT[TEXT.index("## Control\n") : TEXT.index("## The state message\n")].split()
    )
    minutes = ChargeNow.model_json_schema()["properties"]["minutes"]
    longest = f"{minutes['minimum']} to {minutes['maximum']}; {minutes['default']} if not given"

    assert longest in section
    assert f"at most {LONGEST_KEEP_FULL.days} days ahead" in section
    assert f"{MORNING:%H:%M} by the home's clock" in section
    assert f"at least {SHORTEST_NIGHT // timedelta(hours=1)} h away" in section
    assert f"at most {LONGEST_HOLIDAY.days} days ahead" in section
    assert f"{MOST_WRITES} at most" in section


WISHES = re.findall(
    r"localhost:8099(/control/[\w-]+) -H '[^']+' -d '([^']+)'\n```\n\n```json\n(.+)\n```", TEXT
)


@pytest.mark.parametrize(("path", "body", "answer"), WISHES, ids=[wish[0] for wish in WISHES])
def test_a_wish_as_it_is_described_is_taken_and_answered_so(
    tmp_path: Path, path: str, body: str, answer: str
) -> None:
    state, service = full_state(), Service(static_dir=tmp_path)
    service.store.update(replace(state, service=replace(state.service, observe_only=False)))

    given = service.client().post(path, json=json.loads(body))

    assert (given.status_code, given.json()) == (200, json.loads(answer))


def is_problem(cell: str) -> bool:
    return cell in set(ProblemCode)


def test_every_problem_is_described() -> None:
    cells = first_cells("### Problems")

    assert {cell for cell in cells if is_problem(cell)} == {code.value for code in ProblemCode}


def test_every_refusal_is_described_with_its_status() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (APP_ROOT / "web").glob("*.py"))
    raised = set(re.findall(r'status=(\d{3}),\s+code="(\w+)"', sources))
    documented = set(re.findall(r"^\| (\d{3}) \| `(\w+)` \|", TEXT, re.MULTILINE))

    assert documented == raised
    assert set(re.findall(r'code="(\w+)"', sources)) == {code for _, code in raised} | {
        "not_possible"
    }
    assert "| any other | `not_possible` |" in TEXT


def test_examples_of_events_have_the_form_the_page_expects() -> None:
    (log,) = [example for example in EXAMPLES if "events" in example]

    for event in log["events"]:
        assert mismatches(event, MODEL["BufferEvent"], MODEL) == []


def test_the_text_names_the_limits_the_code_has() -> None:
    assert f"{LARGEST_BODY_BYTES:_}".replace("_", " ") + " bytes" in TEXT
    assert f"{MOST_READERS} event streams" in TEXT
    assert f"After {HEARTBEAT_S:.0f} s without a change" in TEXT
    assert f"not turned for {LONGEST_SILENCE_S:.0f} s" in TEXT
    assert f"for {LONGEST_WITHOUT_CYCLE_S / 60:.0f} minutes" in TEXT
    for header in FORWARDING_HEADERS:
        assert f"`{header}`" in TEXT.lower()


def test_every_complaint_of_health_is_described() -> None:
    heartbeat = Heartbeat(0.0)
    complaints = {heartbeat.complaint(LONGEST_SILENCE_S + 1)}
    heartbeat.turned(LONGEST_WITHOUT_CYCLE_S + 1)
    complaints.add(heartbeat.complaint(LONGEST_WITHOUT_CYCLE_S + 1))
    heartbeat.cycled(0.0, can_save=False)
    complaints.add(heartbeat.complaint(0.0))

    for complaint in complaints:
        assert f"`{complaint}`" in " ".join(TEXT.split())


def test_the_pages_model_names_this_description() -> None:
    assert "docs/http-api.md" in MODEL_TS.read_text(encoding="utf-8")
