"""Who may look and who may change things: a table of who asks, how, and at which home."""

from collections.abc import Mapping

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.web_service import PASSWORD
from web.access import FORWARDING_HEADERS, INGRESS_PEER, AccessRules, Refusal, check_access

UMLAUTS = "größer-als-8"
CORRECT = {"authorization": f"Bearer {PASSWORD}"}
OWN_NAME = {"host": "localhost:8099"}
APP = AccessRules(is_app=True, password=PASSWORD)
APP_OPEN = AccessRules(is_app=True)
ALONE = AccessRules(is_app=False, password=PASSWORD)
ALONE_OPEN = AccessRules(is_app=False)
NEIGHBOUR = "192.168.1.20"
OTHER_APP = "172.30.33.5"


def ask(
    rules: AccessRules,
    peer: str | None,
    method: str,
    headers: Mapping[str, str] | None = None,
    path: str = "/status",
) -> Refusal | None:
    return check_access(
        rules, peer=peer, method=method, path=path, headers={**OWN_NAME, **(headers or {})}
    )


def code(refusal: Refusal | None) -> str:
    return "ok" if refusal is None else refusal.code


@pytest.mark.parametrize(
    ("rules", "peer", "looks", "changes", "changes_with_password"),
    [
        (APP, INGRESS_PEER, "ok", "ok", "ok"),
        (APP_OPEN, INGRESS_PEER, "ok", "ok", "ok"),
        (APP, "127.0.0.1", "ok", "ok", "ok"),
        (APP, "::1", "ok", "ok", "ok"),
        (APP, NEIGHBOUR, "password_required", "password_required", "ok"),
        (APP, OTHER_APP, "password_required", "password_required", "ok"),
        (APP, "172.30.32.1", "password_required", "password_required", "ok"),
        (APP, None, "password_required", "password_required", "ok"),
        (APP_OPEN, NEIGHBOUR, "no_password_set", "no_password_set", "no_password_set"),
        (APP_OPEN, OTHER_APP, "no_password_set", "no_password_set", "no_password_set"),
        (ALONE, "127.0.0.1", "ok", "ok", "ok"),
        (ALONE, "127.8.8.8", "ok", "ok", "ok"),
        (ALONE, "::1", "ok", "ok", "ok"),
        (ALONE, "::ffff:127.0.0.1", "ok", "ok", "ok"),
        (ALONE, NEIGHBOUR, "ok", "password_required", "ok"),
        (ALONE, INGRESS_PEER, "ok", "password_required", "ok"),
        (ALONE, None, "ok", "password_required", "ok"),
        (ALONE, "not an address", "ok", "password_required", "ok"),
        (ALONE_OPEN, NEIGHBOUR, "ok", "no_password_set", "no_password_set"),
        (ALONE_OPEN, INGRESS_PEER, "ok", "no_password_set", "no_password_set"),
    ],
)
def test_who_may_look_and_who_may_change(
    rules: AccessRules, peer: str | None, looks: str, changes: str, changes_with_password: str
) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        assert code(ask(rules, peer, method)) == looks
    for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "get", "X"):
        assert code(ask(rules, peer, method)) == changes
        assert code(ask(rules, peer, method, CORRECT)) == changes_with_password


@pytest.mark.parametrize("path", ["/", "/healthz", "/icon.svg", "/assets/index.js"])
def test_page_and_health_of_an_app_are_open_to_everyone(path: str) -> None:
    assert ask(APP, NEIGHBOUR, "GET", path=path) is None


@pytest.mark.parametrize(
    "path",
    [
        "/status",
        "/events",
        "/forecast",
        "/forecast/accuracy",
        "/plan",
        "/buffer/log",
        "/openapi.json",
        "/control/release",
        "/control/writes",
    ],
)
def test_what_belongs_to_the_owner_of_an_app_needs_the_password(path: str) -> None:
    assert code(ask(APP, NEIGHBOUR, "GET", path=path)) == "password_required"
    assert ask(APP, NEIGHBOUR, "GET", CORRECT, path=path) is None


@pytest.mark.parametrize("peer", [NEIGHBOUR, OTHER_APP, "127.0.0.1"])
def test_ingress_headers_are_believed_from_ingress_only(peer: str) -> None:
    claimed = {
        "host": "smartload.home",
        "x-ingress-path": "/api/hassio_ingress/abc",
        "x-remote-user-id": "abc",
        "x-forwarded-for": "127.0.0.1",
        "x-hass-source": "core.ingress",
    }

    assert code(ask(APP, peer, "POST", claimed)) == "password_required"
    assert ask(APP, INGRESS_PEER, "POST", claimed) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8099",
        "localhost.evil.example",
        "192.168.1.5:8099",
        "127.0.0.1.evil.example",
        "",
        "[",
    ],
)
def test_a_foreign_name_that_leads_here_is_not_this_machine(host: str) -> None:
    assert code(ask(ALONE, "127.0.0.1", "POST", {"host": host})) == "password_required"
    assert code(ask(APP, "127.0.0.1", "GET", {"host": host})) == "password_required"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8099", "127.0.0.1:8099", "[::1]:8099"])
def test_this_machine_has_several_names(host: str) -> None:
    assert ask(APP, "127.0.0.1", "POST", {"host": host}) is None


@pytest.mark.parametrize("header", FORWARDING_HEADERS)
def test_a_reverse_proxy_on_this_machine_passes_on_strangers(header: str) -> None:
    assert code(ask(ALONE, "127.0.0.1", "POST", {header: "x"})) == "password_required"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:1234"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://["},
        {"origin": "null", "host": ""},
        {"origin": "https://evil.example", "x-forwarded-host": "evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://localhost:8099"},
        {"sec-fetch-site": ""},
    ],
)
def test_a_page_of_another_origin_changes_nothing(headers: dict[str, str]) -> None:
    for rules in (APP, ALONE):
        for peer in ("127.0.0.1", NEIGHBOUR):
            assert code(ask(rules, peer, "POST", {**CORRECT, **headers})) == "foreign_origin"


def test_our_own_page_may_change_things() -> None:
    own = {"origin": "http://localhost:8099", "sec-fetch-site": "same-origin"}

    assert ask(ALONE, "127.0.0.1", "POST", own) is None


def test_looking_needs_no_origin_since_browsers_hide_the_answer_themselves() -> None:
    assert ask(ALONE, NEIGHBOUR, "GET", {"origin": "https://evil.example"}) is None


@pytest.mark.parametrize("host", ["ha.example:8123", "c1a2-smartload:8099", "172.30.33.4:8099"])
def test_through_ingress_the_page_has_home_assistants_origin(host: str) -> None:
    inside = {"host": host, "x-forwarded-host": "ha.example:8123"}

    assert ask(APP, INGRESS_PEER, "POST", {**inside, "origin": "https://ha.example:8123"}) is None
    foreign = ask(APP, INGRESS_PEER, "POST", {**inside, "origin": "https://evil.example"})
    assert code(foreign) == "foreign_origin"


@pytest.mark.parametrize(
    "given_header",
    [
        "",
        "Bearer",
        "Bearer ",
        PASSWORD,
        f"Basic {PASSWORD}",
        f"Bearer {PASSWORD}x",
        f"Bearer {PASSWORD[:-1]}",
        f"Bearer {PASSWORD.upper()}",
        f"Bearer {PASSWORD} {PASSWORD}",
    ],
)
def test_a_wrong_password_is_refused(given_header: str) -> None:
    refusal = ask(ALONE, NEIGHBOUR, "POST", {"authorization": given_header})

    assert refusal is not None
    assert (refusal.status, refusal.code) == (401, "password_required")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_may_be_written_in_any_case(scheme: str) -> None:
    assert ask(ALONE, NEIGHBOUR, "POST", {"authorization": f"{scheme} {PASSWORD}"}) is None


@pytest.mark.parametrize("as_sent", [UMLAUTS.encode(), UMLAUTS.encode("latin-1")])
def test_umlauts_of_a_password_count_however_they_are_sent(as_sent: bytes) -> None:
    rules = AccessRules(is_app=False, password=UMLAUTS)

    sent = {"authorization": f"Bearer {as_sent.decode('latin-1')}"}

    assert ask(rules, NEIGHBOUR, "POST", sent) is None
    assert code(ask(rules, NEIGHBOUR, "POST", {"authorization": "Bearer groesser"})) != "ok"


@pytest.mark.parametrize("empty", [None, "", "   "])
def test_an_empty_password_opens_nothing(empty: str | None) -> None:
    rules = AccessRules(is_app=False, password=empty)

    assert code(ask(rules, NEIGHBOUR, "POST", {"authorization": "Bearer "})) == "no_password_set"


def test_a_refusal_names_the_option_and_never_the_password() -> None:
    for refusal in (ask(ALONE, NEIGHBOUR, "POST"), ask(ALONE_OPEN, NEIGHBOUR, "POST")):
        assert refusal is not None
        for text in (refusal.text_de, refusal.text_en):
            assert "password" in text
            assert PASSWORD not in text


HEADER_NAMES = [
    "origin",
    "host",
    "authorization",
    "sec-fetch-site",
    "x-forwarded-host",
    "x-forwarded-for",
    "x-ingress-path",
    "x-remote-user-id",
]
HEADER_VALUES = st.one_of(
    st.sampled_from(
        [
            "localhost",
            "localhost:8099",
            "127.0.0.1",
            "http://localhost:8099",
            "same-origin",
            "none",
            "null",
            "Bearer ",
            "Bearer sunny",
            "http://[",
            INGRESS_PEER,
        ]
    ),
    st.text(st.characters(max_codepoint=255), max_size=30),
)


@given(
    rules=st.sampled_from([APP, APP_OPEN, ALONE, ALONE_OPEN]),
    peer=st.one_of(
        st.none(),
        st.ip_addresses().map(str),
        st.sampled_from([NEIGHBOUR, OTHER_APP, "172.30.32.1", "172.30.32.3", "localhos"]),
        st.text(max_size=20),
    ),
    method=st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "TRACE"]),
    path=st.sampled_from(["/buffer/activate-live", "/control/release", "/", "//", "/healthz"]),
    headers=st.dictionaries(st.sampled_from(HEADER_NAMES), HEADER_VALUES),
)
def test_nobody_outside_changes_anything_without_the_password(
    rules: AccessRules, peer: str | None, method: str, path: str, headers: dict[str, str]
) -> None:
    plain = (peer or "").removeprefix("::ffff:")
    assume(not plain.startswith("127.") and plain not in {"::1", "localhost"})
    assume(not (rules.is_app and plain == INGRESS_PEER))
    assume(PASSWORD not in headers.get("authorization", ""))

    refusal = check_access(rules, peer=peer, method=method, path=path, headers=headers)

    assert refusal is not None
    assert refusal.status in {401, 403}


@given(headers=st.dictionaries(st.sampled_from(HEADER_NAMES), HEADER_VALUES))
def test_through_a_foreign_page_not_even_the_owners_browser_changes_anything(
    headers: dict[str, str],
) -> None:
    foreign = {**headers, "origin": "https://evil.example", "host": "ha.example"}
    assume(foreign.get("x-forwarded-host") != "evil.example")

    for peer in (INGRESS_PEER, "127.0.0.1", "::1", NEIGHBOUR):
        assert ask(APP, peer, "POST", foreign) is not None
