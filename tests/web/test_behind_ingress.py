"""The service behind a path prefix, reached as through Home Assistant's ingress."""

import gzip
import http.client
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

import pytest

from inbox import Wish
from tests.support.prefix_proxy import BROWSERS_HOST, PREFIX, ingress_to
from tests.support.shown_plan import shown_plan
from tests.support.shown_state import full_state
from tests.support.web_service import TIMEOUT_S, FromPeer, Service, SseReader, running
from web.access import INGRESS_PEER, AccessRules

OWN_ORIGIN = {"Origin": f"https://{BROWSERS_HOST}", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def ingress(service: Service) -> Iterator[int]:
    service.rules = AccessRules(is_app=True)
    app = service.app()
    app.add_middleware(FromPeer, peer=INGRESS_PEER)
    with running(app) as server, ingress_to(server.port) as port:
        yield port


def fetch(
    port: int,
    path: str,
    *,
    body: object = None,
    headers: dict[str, str] | None = None,
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    method = "GET" if body is None else "POST"
    sent = None if body is None else json.dumps(body)
    content = {} if body is None else {"Content-Type": "application/json"}
    connection.request(method, path, sent, {**content, **(headers or {})})
    answer = connection.getresponse()
    read = answer.read()
    connection.close()
    return answer, read


def test_a_packed_plan_arrives_below_the_prefix(service: Service, ingress: int) -> None:
    service.store.update(replace(full_state(), plan=shown_plan()))

    answer, body = fetch(
        ingress, f"{PREFIX}/plan?lang=en", headers={"Accept-Encoding": "gzip, deflate"}
    )

    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
    assert json.loads(gzip.decompress(body))["n_slots"] == 192


def test_the_page_and_all_it_names_load_below_the_prefix(ingress: int) -> None:
    answer, page = fetch(ingress, f"{PREFIX}/")

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html"
    assert page.decode("utf-8").index('<meta charset="utf-8"') < 100
    links = re.findall(r'(?:src|href)="([^"]+)"', page.decode("utf-8"))
    assert len(links) == 3
    for link in links:
        resolved = urlsplit(urljoin(f"https://{BROWSERS_HOST}{PREFIX}/", link))
        assert resolved.netloc == BROWSERS_HOST
        assert resolved.path.startswith(f"{PREFIX}/")
        assert fetch(ingress, resolved.path)[0].status == 200


def test_the_state_survives_the_loss_of_its_charset(service: Service, ingress: int) -> None:
    service.store.update(full_state())

    answer, body = fetch(ingress, f"{PREFIX}/status")

    assert answer.headers["Content-Type"] == "application/json"
    assert body.isascii()
    assert json.loads(body)["site"]["loadpoints"][0]["vehicle_title"] == "Škoda ☀"


def test_events_stream_through(service: Service, ingress: int) -> None:
    service.store.update(full_state())
    with SseReader(ingress, f"{PREFIX}/events") as reader:
        first = reader.read()
        service.store.update(full_state())
        second = reader.read()
    assert first is not None
    assert second is not None
    assert (first.id, second.id) == ("1", "2")


def test_the_owner_changes_things_without_a_password(service: Service, ingress: int) -> None:
    for path, body in (
        ("buffer/activate-live", {}),
        ("buffer/extend-obs", {"days": 30}),
        ("control/release", {}),
        ("control/resume", {}),
    ):
        assert fetch(ingress, f"{PREFIX}/{path}", body=body, headers=OWN_ORIGIN)[0].status == 200

    assert service.inbox.take() == (
        Wish.TAKE_CONTROL,
        Wish.REFRESH,
        Wish.RELEASE,
        Wish.TAKE_CONTROL,
    )


def test_a_foreign_page_changes_nothing_through_ingress(service: Service, ingress: int) -> None:
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        answer, body = fetch(ingress, f"{PREFIX}/control/release", body={}, headers=headers)
        assert (answer.status, json.loads(body)["code"]) == (403, "foreign_origin")
    assert service.inbox.take() == ()


def test_nothing_leads_out_of_the_prefix(ingress: int) -> None:
    for path in ("nothing", "status/", "assets", "buffer/log/", "index"):
        answer, body = fetch(ingress, f"{PREFIX}/{path}")
        assert answer.status == 404
        assert answer.headers["Location"] is None
        assert json.loads(body)["code"] == "not_found"


def test_the_proxy_of_these_tests_refuses_what_ingress_refuses(ingress: int) -> None:
    for query in ("?a=../b", "?a=<script>x</script>", "?a=/b/", "?q=concat(1)"):
        assert fetch(ingress, f"{PREFIX}/status{query}")[0].status == 400


def test_without_ingress_its_headers_open_nothing(service: Service) -> None:
    service.rules = AccessRules(is_app=True)
    app = service.app()
    app.add_middleware(FromPeer, peer="172.30.33.9")
    with running(app) as server, ingress_to(server.port) as port:
        assert fetch(port, f"{PREFIX}/")[0].status == 200
        assert fetch(port, f"{PREFIX}/status")[0].status == 403
        assert fetch(port, f"{PREFIX}/control/release", body={})[0].status == 403
    assert service.inbox.take() == ()
