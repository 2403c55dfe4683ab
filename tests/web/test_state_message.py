"""The form of the state message is a contract with the page: its model.ts says the same."""

import json
from datetime import UTC
from pathlib import Path

import pytest

from domain.problem import ProblemCode
from domain.state import SystemState
from dynamic_buffer import BufferEvent, DynamicBufferCalc
from state_store import StateStore, _snapshot_to_json_dict
from tests.support.model_ts import OneOf, Word, mismatches, read_model
from tests.support.shown_plan import shown_plan
from tests.support.shown_state import NOON, bare_state, buffer_result, full_state
from web.broadcast import encode_state
from web.plan_summary import plan_summary

MODEL = read_model()
Shown = dict[str, object]


def full_summary() -> Shown:
    plan = shown_plan()
    return plan_summary(plan, NOON, zone=UTC, currency="EUR")


BARE = (bare_state(), None, None)
FULL = (full_state(), full_summary(), buffer_result())
Which = tuple[SystemState, Shown | None, Shown | None]


def shown(which: Which) -> Shown:
    store = StateStore()
    store.update(*which)
    return _snapshot_to_json_dict(store.snapshot())


@pytest.mark.parametrize("which", [BARE, FULL], ids=["bare", "full"])
def test_a_state_has_exactly_the_form_the_page_expects(which: Which) -> None:
    assert mismatches(shown(which), MODEL["State"], MODEL) == []


@pytest.mark.parametrize("which", [BARE, FULL], ids=["bare", "full"])
def test_a_message_carries_what_status_answers(which: Which) -> None:
    store = StateStore()
    store.update(*which)

    lines = encode_state(store.snapshot()).decode("ascii").split("\n")

    assert lines[:2] == ["id: 1", "event: state"]
    assert lines[3:] == ["", ""]
    assert json.loads(lines[2].removeprefix("data: ")) == shown(which)


def test_the_full_state_of_these_tests_leaves_nothing_open() -> None:
    def empty_fields(value: object, where: str) -> list[str]:
        if value is None or value in ([], {}):
            return [where]
        inside: list[list[str]] = []
        if isinstance(value, dict):
            inside = [empty_fields(inner, f"{where}.{key}") for key, inner in value.items()]
        if isinstance(value, list):
            inside = [empty_fields(inner, f"{where}[]") for inner in value]
        return [field for fields in inside for field in fields]

    assert empty_fields(shown(FULL), "") == []


def test_a_difference_would_be_noticed() -> None:
    state = shown(FULL)
    state["surprise"] = 1
    del state["cycle"]
    state["now"] = 12
    state["evcc"] = {**dict(state["evcc"]), "reachable": "yes"}  # type: ignore[call-overload]  # it is a dict

    assert sorted(mismatches(state, MODEL["State"], MODEL)) == [
        ".cycle is missing",
        ".evcc.reachable: 'yes' is not boolean",
        ".now: 12 is not string",
        ".surprise is not in model.ts",
    ]


def test_the_page_knows_every_problem() -> None:
    named = MODEL["ProblemCode"]

    assert isinstance(named, OneOf)
    words = {option.name.strip('"') for option in named.options if isinstance(option, Word)}
    assert words == {code.value for code in ProblemCode}


def test_the_buffers_own_result_has_the_form_the_page_expects(tmp_path: Path) -> None:
    class Cfg:
        battery_min_soc = 30

    class Evcc:
        def set_buffer_soc(self, target_pct: float) -> None:
            """Accept everything."""

    calc = DynamicBufferCalc(Cfg(), Evcc(), path=tmp_path / "buffer.json", clock=lambda: NOON)

    observing = calc.step(0.9, 0.2, [5.0] * 96, NOON)
    calc.activate_live()
    live = calc.step(0.9, 0.2, [], NOON)

    for result in (observing, live):
        assert mismatches(result, MODEL["BufferResult"], MODEL) == []
    assert set(BufferEvent.__dataclass_fields__) == set(calc.log()[0])
