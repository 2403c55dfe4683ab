"""Every route of the HTTP service: what it answers, what it does, and what it refuses."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from health import LONGEST_SILENCE_S, LONGEST_WITHOUT_CYCLE_S
from inbox import Wish
from tests.support.shown_state import NOON, bare_state, buffer_event, buffer_result, full_state
from tests.support.web_service import LOCAL, PASSWORD, STRANGER, RecordedBuffer, Service
from web.access import AccessRules
from web.app import STATIC_DIR
from web.guard import LARGEST_BODY_BYTES, PAGE_HEADERS


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with service.client() as client:
        yield client


def buffer_of(service: Service) -> RecordedBuffer:
    assert service.buffer is not None
    return service.buffer


# -- reading -------------------------------------------------------------------------------------


def test_status_is_the_whole_state(service: Service, client: TestClient) -> None:
    service.store.update(full_state(), None, buffer_result())

    answer = client.get("/status")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    shown = answer.json()
    assert shown["version"] == 1
    assert shown["site"]["loadpoints"][0]["vehicle_title"] == "Škoda ☀"
    assert shown["buffer"] == buffer_result()


def test_before_the_first_cycle_there_is_no_status(client: TestClient) -> None:
    answer = client.get("/status")

    assert (answer.status_code, answer.json()["code"]) == (503, "starting")


def test_half_a_character_in_a_name_from_outside_does_not_stop_the_status(
    service: Service, client: TestClient
) -> None:
    service.store.update(bare_state(), {"name": "\ud83d"}, None)

    assert client.get("/status").json()["plan_summary"] == {"name": "\ud83d"}


def test_a_number_that_json_cannot_carry_is_an_error_that_says_so(
    service: Service, client: TestClient
) -> None:
    service.store.update(bare_state(), {"number": float("nan")}, None)

    answer = client.get("/status")

    assert answer.status_code == 500
    assert answer.json()["code"] == "failed"
    for name, value in PAGE_HEADERS.items():
        assert answer.headers[name] == value


def test_the_log_has_every_stored_event_oldest_first(service: Service, client: TestClient) -> None:
    answer = client.get("/buffer/log")

    assert answer.status_code == 200
    assert answer.json() == {"events": buffer_of(service).events}
    assert len(answer.json()["events"]) == 700


def test_each_strategy_has_its_own_log(service: Service, client: TestClient) -> None:
    service.risk_buffer = RecordedBuffer()
    service.risk_buffer.events = [buffer_event(7)]

    answers = {
        name: client.get(f"/buffer/log?strategy={name}").json() for name in ("formula", "risk")
    }

    assert answers["formula"] == {"events": buffer_of(service).events}
    assert answers["risk"] == {"events": [buffer_event(7)]}


def test_a_strategy_that_is_not_there_has_no_log(service: Service, client: TestClient) -> None:
    service.risk_buffer = None

    assert client.get("/buffer/log?strategy=risk").status_code == 503
    assert client.get("/buffer/log?strategy=hope").status_code == 400


def test_the_page_is_served_with_its_assets(client: TestClient) -> None:
    page = client.get("/")

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-cache"
    assert client.get("/assets/index.js").headers["content-type"].startswith("text/javascript")
    assert client.get("/icon.svg").headers["content-type"].startswith("image/svg+xml")
    assert client.head("/").status_code == 200


def test_without_a_built_page_the_service_says_what_to_do(tmp_path: Path) -> None:
    client = Service(static_dir=tmp_path / "nothing").client()

    answer = client.get("/")

    assert answer.status_code == 503
    assert "make page" in answer.text
    assert '<meta charset="utf-8">' in answer.text
    assert client.get("/healthz").status_code == 200


# -- health --------------------------------------------------------------------------------------


def test_health_is_good_right_after_the_start(client: TestClient) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"ok": True, "complaint": None})


def test_health_fails_when_the_loop_is_silent(service: Service, client: TestClient) -> None:
    service.clock.real_s += LONGEST_SILENCE_S + 1

    answer = client.get("/healthz")

    assert answer.status_code == 503
    assert answer.json() == {"ok": False, "complaint": "the loop stands still"}


def test_health_fails_when_no_cycle_ends(service: Service, client: TestClient) -> None:
    service.clock.real_s += LONGEST_WITHOUT_CYCLE_S + 1
    service.heartbeat.turned(service.clock.real_s)

    assert client.get("/healthz").json()["complaint"] == "no cycle came to its end"


def test_health_fails_when_nothing_can_be_saved(service: Service, client: TestClient) -> None:
    service.heartbeat.cycled(service.clock.real_s, can_save=False)

    answer = client.get("/healthz")

    assert answer.status_code == 503
    assert answer.json()["complaint"] == "the store cannot be written"


def test_health_is_good_while_evcc_is_away(service: Service, client: TestClient) -> None:
    service.heartbeat.cycled(service.clock.real_s, can_save=True)
    service.store.update(bare_state())

    assert client.get("/status").json()["evcc"]["reachable"] is False
    assert client.get("/healthz").status_code == 200


def test_health_is_open_to_everyone_and_says_nothing_private(service: Service) -> None:
    service.rules = AccessRules(is_app=True)
    service.store.update(full_state())

    answer = service.client(STRANGER).get("/healthz")

    assert answer.status_code == 200
    assert set(answer.json()) == {"ok", "complaint"}


# -- changing ------------------------------------------------------------------------------------


def test_activating_goes_live_and_wakes_the_cycle(service: Service, client: TestClient) -> None:
    answer = client.post("/buffer/activate-live")

    assert (answer.status_code, answer.json()) == (200, {"ok": True, "mode": "live"})
    assert buffer_of(service).is_live
    assert service.inbox.wake.is_set()
    assert service.inbox.take() == (Wish.TAKE_CONTROL,)


@pytest.mark.parametrize("days", [1, 14, 90])
def test_observation_is_extended_by_whole_days(
    service: Service, client: TestClient, days: int
) -> None:
    answer = client.post("/buffer/extend-obs", json={"days": days})

    assert answer.status_code == 200
    assert answer.json() == {"ok": True, "mode": "observation", "extended_days": days}
    assert buffer_of(service).extended_days == [days]
    assert service.inbox.take() == (Wish.REFRESH,)


@pytest.mark.parametrize("body", [{"json": {}}, {"content": b""}, {}])
def test_observation_is_extended_by_14_days_when_none_are_named(
    service: Service, client: TestClient, body: dict[str, object]
) -> None:
    answer = client.post("/buffer/extend-obs", **body)  # type: ignore[arg-type]  # json or content

    assert answer.json()["extended_days"] == 14
    assert buffer_of(service).extended_days == [14]


BAD_DAYS = ["0", "91", "-1", '"3"', "true", "1.5", "1.0", "NaN", "Infinity", "null", "[1]", "{}"]


@pytest.mark.parametrize("days", [*BAD_DAYS, "1e400", "9" * 30])
def test_other_days_are_refused_with_what_is_allowed(
    service: Service, client: TestClient, days: str
) -> None:
    answer = client.post(
        "/buffer/extend-obs",
        content=f'{{"days": {days}}}',
        headers={"content-type": "application/json"},
    )

    assert answer.status_code == 400
    assert answer.json() == {
        "error": "The request is not valid: “days” must be a whole number from 1 to 90.",
        "code": "invalid",
    }
    assert buffer_of(service).extended_days == []
    assert service.inbox.take() == ()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{", "not valid JSON"),
        (b"days=3", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[" * 5000, "not valid JSON"),
        (b'{"days": ' + b"1" * 5000 + b"}", "not valid JSON"),
        (b"[3]", "must be a JSON object"),
        (b"3", "must be a JSON object"),
        (b'"days"', "must be a JSON object"),
        (b'{"days": 3, "day": 4}', "“day” is not known here"),
        (b'{"Days": 3}', "“Days” is not known here"),
        (b'{"\\ud83d": 3}', "must be a JSON object"),
        (b'{"%s": 3}' % (b"x" * 5000), f"“{'x' * 40}” is not known here"),
    ],
)
def test_a_bad_body_is_refused_with_a_clear_text(
    service: Service, client: TestClient, body: bytes, text: str
) -> None:
    answer = client.post(
        "/buffer/extend-obs", content=body, headers={"content-type": "application/json"}
    )

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert text in answer.json()["error"]
    assert buffer_of(service).extended_days == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_what_a_form_of_a_foreign_page_can_send_is_refused(
    service: Service, client: TestClient, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"content-type": content_type}

    answer = client.post("/buffer/extend-obs", content=b'{"days": 3}', headers=headers)

    assert answer.status_code == 400
    assert "application/json" in answer.json()["error"]
    assert buffer_of(service).extended_days == []


def test_a_huge_body_is_refused(client: TestClient) -> None:
    answer = client.post("/buffer/extend-obs", content=b" " * (LARGEST_BODY_BYTES + 1))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_body_without_a_length_is_refused(client: TestClient) -> None:
    answer = client.post("/buffer/extend-obs", content=iter([b'{"days"', b": 3}"]))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "9" * 5000, "", "+5", "1_0"])
def test_a_length_that_is_no_number_is_refused(client: TestClient, length: str) -> None:
    request = client.build_request("POST", "/control/release", content=b"")
    request.headers["content-length"] = length.encode().decode("latin-1")

    assert client.send(request).status_code == 413


def test_a_shorter_observation_than_the_running_one_is_refused_with_its_end(
    service: Service, client: TestClient
) -> None:
    buffer_of(service).ends_at = datetime.fromisoformat("2026-07-05T14:00:00+02:00")

    answer = client.post("/buffer/extend-obs", json={"days": 3})

    assert answer.status_code == 409
    assert answer.json()["code"] == "extension_too_short"
    assert "05 July 2026 at 12:00" in answer.json()["error"]
    assert "3 days" in answer.json()["error"]
    assert buffer_of(service).extended_days == []


def test_an_observation_as_long_as_the_running_one_is_accepted(
    service: Service, client: TestClient
) -> None:
    buffer_of(service).ends_at = NOON + timedelta(days=3)

    assert client.post("/buffer/extend-obs", json={"days": 3}).status_code == 200


def test_without_a_set_clock_nothing_is_extended(service: Service, client: TestClient) -> None:
    buffer_of(service).clock_is_set = False

    answer = client.post("/buffer/extend-obs", json={"days": 3})

    assert (answer.status_code, answer.json()["code"]) == (503, "clock_not_set")
    assert service.inbox.take() == ()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/buffer/log"), ("POST", "/buffer/activate-live"), ("POST", "/buffer/extend-obs")],
)
def test_without_a_calculator_its_routes_say_so(
    service: Service, client: TestClient, method: str, path: str
) -> None:
    service.buffer = None
    service.store.update(bare_state())

    answer = client.request(method, path)

    assert (answer.status_code, answer.json()["code"]) == (503, "buffer_missing")
    assert service.inbox.take() == ()
    assert client.get("/status").status_code == 200


@pytest.mark.parametrize(
    ("path", "wish"), [("/control/release", Wish.RELEASE), ("/control/resume", Wish.TAKE_CONTROL)]
)
def test_control_is_a_wish_for_the_cycle(
    service: Service, client: TestClient, path: str, wish: Wish
) -> None:
    answer = client.post(path, json={})

    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert service.inbox.take() == (wish,)


def test_the_demos_speed_is_set(service: Service, client: TestClient) -> None:
    assert client.post("/demo/speed", json={"speed": 360}).json() == {"ok": True}

    assert service.demo is not None
    assert service.demo.speed == 360.0
    assert service.inbox.take() == (Wish.REFRESH,)


@pytest.mark.parametrize("speed", ["0", "0.5", "3601", "NaN", "1e999", '"60"', "true", "null"])
def test_another_speed_is_refused(service: Service, client: TestClient, speed: str) -> None:
    answer = client.post(
        "/demo/speed",
        content=f'{{"speed": {speed}}}',
        headers={"content-type": "application/json"},
    )

    assert answer.status_code == 400
    assert "“speed” must be a number from 1 to 3600" in answer.json()["error"]
    assert service.demo is not None
    assert service.demo.speed is None


def test_a_missing_speed_is_named(client: TestClient) -> None:
    assert "“speed” is missing" in client.post("/demo/speed", json={}).json()["error"]


def test_a_real_home_has_no_speed(service: Service) -> None:
    service.demo = None

    assert service.client().post("/demo/speed", json={"speed": 60}).status_code in {404, 405}


# -- errors, languages, headers ------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/status/", "/buffer", "/buffer/log/", "/assets/", "/%00", "/..%2f..", "/%2f"],
)
def test_an_unknown_path_is_a_404_in_json(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert answer.json() == {"error": "There is no such thing here.", "code": "not_found"}


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/status"), ("DELETE", "/"), ("PUT", "/buffer/extend-obs")]
)
def test_a_wrong_method_is_a_405_in_json(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path)

    assert answer.status_code == 405
    assert answer.json()["code"] == "wrong_method"


@pytest.mark.parametrize(
    ("language", "is_german"),
    [
        ("de", True),
        ("de-DE,de;q=0.9,en;q=0.8", True),
        ("DE-at", True),
        ("en-GB,de;q=0.5", False),
        ("fr", False),
        ("", False),
    ],
)
def test_refusals_speak_the_browsers_language(
    service: Service, client: TestClient, language: str, *, is_german: bool
) -> None:
    headers = {"accept-language": language}
    buffer_of(service).ends_at = NOON + timedelta(days=30)
    texts = [
        client.get("/nothing", headers=headers),
        client.put("/status", headers=headers),
        client.post("/buffer/extend-obs", json={"days": 0}, headers=headers),
        client.post("/buffer/extend-obs", json={"dayz": 1}, headers=headers),
        client.post("/buffer/extend-obs", json=[], headers=headers),
        client.post("/buffer/extend-obs", json={"days": 3}, headers=headers),
        client.post("/demo/speed", json={}, headers=headers),
        client.post("/buffer/extend-obs", content=b"x" * 20_000, headers=headers),
        service.client(STRANGER).post("/control/release", headers=headers),
    ]

    for answer in texts:
        text = answer.json()["error"]
        words = set(text.lower().replace(".", "").replace(",", "").split())
        assert bool(words & {"das", "diese", "die", "der", "von", "ist"}) is is_german, text


def test_every_answer_has_the_security_headers(service: Service, client: TestClient) -> None:
    answers = [
        client.get("/"),
        client.get("/status"),
        client.get("/healthz"),
        client.get("/assets/index.js"),
        client.get("/nothing"),
        client.post("/buffer/extend-obs", json={"days": 0}),
        client.post("/buffer/extend-obs", content=b"x" * 20_000),
        client.post("/control/release", headers={"origin": "https://evil.example"}),
    ]

    for answer in answers:
        for name, value in PAGE_HEADERS.items():
            assert answer.headers[name] == value
        assert "x-frame-options" not in answer.headers
        assert "set-cookie" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers
    assert "frame-ancestors 'self'" in PAGE_HEADERS["Content-Security-Policy"]


def test_a_missing_password_is_asked_for(service: Service) -> None:
    service.rules = AccessRules(is_app=True, password=PASSWORD)
    service.store.update(bare_state())
    client = service.client(STRANGER)

    answer = client.get("/status")

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    with_password = {"authorization": f"Bearer {PASSWORD}"}
    assert client.get("/status", headers=with_password).status_code == 200


def test_a_stranger_changes_nothing(service: Service) -> None:
    for client in (service.client(STRANGER), service.client(LOCAL, "http://evil.example")):
        for path in ("/buffer/activate-live", "/buffer/extend-obs", "/control/release"):
            assert client.post(path).status_code == 403

    assert not buffer_of(service).is_live
    assert service.inbox.take() == ()


@pytest.mark.parametrize("path", ["/status/", "/buffer/log/", "/assets", "/%2fevil.example"])
def test_nothing_is_redirected(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert not answer.is_redirect
    assert "location" not in answer.headers


@pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="the page is not built")
def test_the_built_page_has_relative_links_only() -> None:
    text = (STATIC_DIR / "index.html").read_text(encoding="utf-8")

    assert 'src="/' not in text
    assert 'href="/' not in text
    assert "//" not in text.replace("<!--", "")
    assert text.index("charset") < 200


# -- OpenAPI -------------------------------------------------------------------------------------


def test_the_openapi_document_lists_every_route(client: TestClient) -> None:
    document = client.get("/openapi.json").json()

    assert document["openapi"].startswith("3.1")
    listed = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert listed == {
        ("GET", "/healthz"),
        ("GET", "/status"),
        ("GET", "/events"),
        ("GET", "/forecast"),
        ("GET", "/forecast/accuracy"),
        ("GET", "/plan"),
        ("GET", "/buffer/log"),
        ("POST", "/buffer/activate-live"),
        ("POST", "/buffer/extend-obs"),
        ("POST", "/control/release"),
        ("POST", "/control/resume"),
        ("POST", "/control/stage"),
        ("POST", "/control/charge-now"),
        ("POST", "/control/keep-full"),
        ("POST", "/control/holiday"),
        ("POST", "/control/end"),
        ("GET", "/control/writes"),
        ("GET", "/proof"),
        ("GET", "/proof/backtest"),
        ("POST", "/proof/backtest"),
        ("DELETE", "/proof/backtest"),
        ("GET", "/proof/backtest.html"),
        ("GET", "/proof/backtest.csv"),
        ("GET", "/proof/backtest.json"),
        ("POST", "/demo/speed"),
    }


def test_the_openapi_document_is_sound(client: TestClient) -> None:
    document = client.get("/openapi.json").json()

    for ref in references(document):
        part = document
        assert ref.startswith("#/"), f"{ref} needs the network"
        for name in ref[2:].split("/"):
            part = part[name]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            codes = set(operation["responses"])
            # What is only begun is accepted.
            begins = (method, path) == ("post", "/proof/backtest")
            assert ("202" if begins else "200") in codes
            assert operation["summary"]
            assert operation["description"], f"{method} {path} says nothing"
            assert "422" not in codes, "a bad body is answered with 400"
    operations = [op["operationId"] for item in document["paths"].values() for op in item.values()]
    assert len(operations) == len(set(operations))
    days = document["components"]["schemas"]["ExtendObservation"]["properties"]["days"]
    assert (days["minimum"], days["maximum"], days["default"]) == (1, 90, 14)


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_refusals_have_the_form_the_openapi_document_says(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]

    assert set(schemas["ErrorAnswer"]["properties"]) == {"error", "code"}
    assert set(client.get("/nothing").json()) == {"error", "code"}
    assert json.loads(client.get("/nothing").text)["code"] == "not_found"
