"""Whatever is asked, in whatever form: an answer, never a failure."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.support.shown_state import full_state
from tests.support.web_service import Service, build_page

PATHS = [
    "/",
    "/healthz",
    "/status",
    "/forecast",
    "/forecast/accuracy",
    "/plan",
    "/plan?lang=de",
    "/plan?lang=fr",
    "/buffer/log",
    "/buffer/activate-live",
    "/buffer/extend-obs",
    "/control/release",
    "/control/resume",
    "/control/stage",
    "/control/charge-now",
    "/control/keep-full",
    "/control/holiday",
    "/control/end",
    "/control/writes",
    "/control/writes?days=31",
    "/control/writes?days=x",
    "/demo/speed",
    "/openapi.json",
    "/assets/index.js",
]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["days", "speed", "until", "", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
# Half right, so that what the routes do themselves is reached.
ALMOST = st.fixed_dictionaries(
    {},
    optional={
        "stage": st.sampled_from(["battery", "buffer"]),
        "mode": st.just("live"),
        "device": st.sampled_from(["lp-1", ""]) | st.text(max_size=8),
        "minutes": st.integers(0, 2000),
        "until": st.none() | st.datetimes(timezones=st.timezones()).map(str) | st.text(max_size=8),
        "kind": st.sampled_from(["charge_now", "holiday", "nap"]),
    },
)
BODIES = st.one_of(
    ALMOST.map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=60),
    JSON_VALUES.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries({"days": JSON_VALUES}).map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries({"speed": JSON_VALUES}).map(lambda value: json.dumps(value).encode()),
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("page")
    service = Service(static_dir=build_page(folder / "static"))
    state = full_state()
    service.store.update(replace(state, service=replace(state.service, observe_only=False)))
    with service.client() as client:
        yield client


REQUESTS = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
        "path": st.sampled_from(PATHS) | st.binary(max_size=12).map(lambda raw: f"/{quote(raw)}"),
        "content": BODIES,
        "headers": st.fixed_dictionaries(
            {
                "content-type": st.sampled_from(["application/json", "text/plain", "", "\xfc"]),
                "accept-language": st.sampled_from(["de", "en", "\xfc", ""]),
            }
        ),
    }
)


@settings(max_examples=150, deadline=None)
@given(asked=REQUESTS)
def test_every_request_gets_an_answer_that_is_not_a_failure(
    client: TestClient, asked: dict[str, Any]
) -> None:
    headers = {name: value.encode("latin-1") for name, value in asked["headers"].items()}

    answer = client.request(
        asked["method"], asked["path"], content=asked["content"], headers=headers
    )

    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400 and asked["method"] != "HEAD":
        assert set(answer.json()) == {"error", "code"}


@settings(max_examples=100, deadline=None)
@given(body=JSON_VALUES)
def test_only_whole_days_in_range_are_accepted(client: TestClient, body: object) -> None:
    answer = client.post(
        "/buffer/extend-obs",
        content=json.dumps(body),
        headers={"content-type": "application/json"},
    )

    accepted = body is None or (
        isinstance(body, dict)
        and set(body) <= {"days"}
        and all(type(days) is int and 1 <= days <= 90 for days in body.values())
    )
    assert answer.status_code == (200 if accepted else 400)
