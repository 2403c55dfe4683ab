"""Who may look and who may change things.

| peer                                  | looking         | changing        |
|---------------------------------------|-----------------|-----------------|
| Home Assistant's ingress (as an app)  | yes             | yes             |
| this machine, by a name of its own    | yes             | yes             |
| anyone else, as an app                | with password   | with password   |
| anyone else, stand-alone              | yes             | with password   |

A request that a page of another origin sends is refused whoever forwards it.
"""

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

INGRESS_PEER = "172.30.32.2"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# What belongs to the owner; the rest (page, health check) says nothing private, and the page has to
# load before it can ask for the password.
PRIVATE_PATHS = (
    "/status",
    "/events",
    "/forecast",
    "/plan",
    "/proof",
    "/openapi.json",
    "/buffer/",
    "/control/",
    "/demo/",
)
# What a proxy adds when it passes on somebody else's request.
FORWARDING_HEADERS = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRules:
    """How this installation is reached."""

    is_app: bool
    password: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request is not served, in both languages."""

    status: int
    code: str
    text_de: str
    text_en: str


def check_access(
    rules: AccessRules, *, peer: str | None, method: str, path: str, headers: Mapping[str, str]
) -> Refusal | None:
    """Return why a request must be refused, or None when it may pass.

    Args:
        rules: How this installation is reached.
        peer: Address of the other end; None when unknown (then it is a stranger). An IPv4 address
            may be written as IPv6, as a socket for both sees it.
        method: HTTP method in capitals.
        path: Path without prefix and query.
        headers: Request headers, names in lower case.
    """
    changes = method not in SAFE_METHODS
    peer = None if peer is None else peer.removeprefix("::ffff:")
    if changes and not _is_same_origin(headers, through_ingress=_is_ingress(rules, peer)):
        return Refusal(
            status=403,
            code="foreign_origin",
            text_de="Diese Anfrage kommt von einer fremden Seite und wird nicht ausgeführt.",
            text_en="This request comes from a foreign page and is not carried out.",
        )
    if _is_ingress(rules, peer) or _is_this_machine(peer, headers):
        return None
    if not changes and not (rules.is_app and path.startswith(PRIVATE_PATHS)):
        return None
    # A header cannot carry blanks at its ends, so they cannot count.
    password = (rules.password or "").strip()
    if not password:
        return _NO_PASSWORD_SET
    if _has_password(headers, password):
        return None
    return Refusal(
        status=401,
        code="password_required",
        text_de="Dafür ist das Passwort aus der Option „password“ nötig.",
        text_en="This needs the password from the option “password”.",
    )


_NO_PASSWORD_SET = Refusal(
    status=403,
    code="no_password_set",
    text_de="Von anderen Geräten aus geht das nur mit Passwort, und es ist keines gesetzt: "
    "Option „password“ (mindestens 8 Zeichen) setzen und neu starten.",
    text_en="From other devices this needs a password, and none is set: "
    "set the option “password” (8 characters or more) and restart.",
)


def _is_ingress(rules: AccessRules, peer: str | None) -> bool:
    return rules.is_app and peer == INGRESS_PEER


def _is_this_machine(peer: str | None, headers: Mapping[str, str]) -> bool:
    """Return whether peer and host name are loopback.

    The name is checked too: a reverse proxy on this machine, or a foreign page that lets its own
    name point here, comes from loopback as well but with another name. A proxy that uses our own
    name mostly tells that it forwards.
    """
    if any(name in headers for name in FORWARDING_HEADERS):
        return False
    return _is_loopback(peer) and _is_loopback(_host_of(headers.get("host", "")))


def _is_loopback(host: str | None) -> bool:
    if host is None:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_same_origin(headers: Mapping[str, str], *, through_ingress: bool) -> bool:
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    hosts = {headers.get("host", "").lower()}
    if through_ingress and "x-forwarded-host" in headers:
        hosts.add(headers["x-forwarded-host"].lower())
    return _netloc_of(origin) in hosts - {""}


def _netloc_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _host_of(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _has_password(headers: Mapping[str, str], password: str) -> bool:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    given = given.strip()
    # A header is read as ISO 8859-1, which browsers send; most other tools send UTF-8.
    readings = (given, given.encode("latin-1", "replace").decode("utf-8", "replace"))
    return scheme.lower() == "bearer" and any(
        hmac.compare_digest(reading.encode(), password.encode()) for reading in readings
    )
