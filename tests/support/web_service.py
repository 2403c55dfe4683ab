"""The HTTP service with stand-ins for the cycle: in process, or on a real port of loopback."""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.control import CommandRecord
from errors import ClockNotSetError, ExtensionTooShortError
from health import Heartbeat
from inbox import Inbox
from state_store import StateStore
from tests.support.shown_state import NOON, buffer_event
from web.access import AccessRules
from web.app import WebParts, create_app
from web.proof_routes import ProofDesk
from web.server import WebServer

LOCAL = ("127.0.0.1", 50000)
STRANGER = ("192.168.1.20", 50000)
TIMEOUT_S = 60.0
PASSWORD = "sunny-afternoon"  # noqa: S105  # made up for tests


class StillClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now_is = NOON
        self.real_s = 1000.0

    def now(self) -> datetime:
        return self.now_is

    def monotonic_s(self) -> float:
        return self.real_s

    def wait_until(self, instant: datetime, wake: threading.Event) -> bool:
        self.now_is = instant
        return wake.is_set()


class RecordedBuffer:
    """Takes what the page asks of the dynamic buffer and remembers it."""

    def __init__(self) -> None:
        self.is_live = False
        self.extended_days: list[int] = []
        self.ends_at = NOON
        self.clock_is_set = True
        self.events = [buffer_event(number) for number in range(700)]

    def activate_live(self) -> None:
        self.is_live = True

    def extend_observation(self, extra_days: int = 14) -> None:
        if not self.clock_is_set:
            raise ClockNotSetError("the clock says 1970")
        self.extended_days.append(extra_days)

    def check_extension(self, extra_days: int) -> None:
        if NOON + timedelta(days=extra_days) < self.ends_at:
            raise ExtensionTooShortError(ends_at=self.ends_at, extra_days=extra_days)

    def log(self) -> list[dict[str, object]]:
        return self.events


class RecordedSpeed:
    """The simulated home's clock as far as the page knows it."""

    def __init__(self) -> None:
        self.speed: float | None = None

    def set_speed(self, speed: float) -> None:
        self.speed = speed


@dataclass(slots=True, kw_only=True)
class Service:
    """Everything the HTTP service works with, for a test to look at and to change."""

    static_dir: Path
    rules: AccessRules = field(default_factory=lambda: AccessRules(is_app=False))
    store: StateStore = field(default_factory=StateStore)
    inbox: Inbox = field(default_factory=Inbox)
    clock: StillClock = field(default_factory=StillClock)
    heartbeat: Heartbeat = field(default_factory=lambda: Heartbeat(1000.0))
    buffer: RecordedBuffer | None = field(default_factory=RecordedBuffer)
    risk_buffer: RecordedBuffer | None = field(default_factory=RecordedBuffer)
    demo: RecordedSpeed | None = field(default_factory=RecordedSpeed)
    commands: tuple[CommandRecord, ...] = ()
    proof: ProofDesk | None = None

    def writes(self, start: datetime, end: datetime) -> tuple[CommandRecord, ...]:
        """Return the commands of that time, rising."""
        return tuple(one for one in self.commands if start <= one.at < end)

    def app(self) -> FastAPI:
        """Build the service."""
        return create_app(
            WebParts(
                store=self.store,
                inbox=self.inbox,
                heartbeat=self.heartbeat,
                clock=self.clock,
                rules=self.rules,
                buffer=lambda: self.buffer,
                risk_buffer=lambda: self.risk_buffer,
                writes=self.writes,
                demo=self.demo,
                proof=self.proof,
                static_dir=self.static_dir,
            )
        )

    def client(
        self, peer: tuple[str, int] = LOCAL, base_url: str = "http://localhost:8099"
    ) -> TestClient:
        """Return a client in the same process that comes from ``peer``."""
        return TestClient(
            self.app(),
            base_url=base_url,
            client=peer,
            raise_server_exceptions=False,
            follow_redirects=False,
        )


def build_page(folder: Path) -> Path:
    """Write a page as the bundler does: one document, its assets beside it, relative links."""
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(
        '<!doctype html><html><head><meta charset="utf-8" /><title>SmartLoad</title>'
        '<link rel="icon" href="./icon.svg" />'
        '<script type="module" src="./assets/index.js"></script>'
        '<link rel="stylesheet" href="./assets/index.css"></head><body>Größe</body></html>',
        encoding="utf-8",
    )
    (folder / "icon.svg").write_text("<svg/>")
    (folder / "assets" / "index.js").write_text("export {};")
    (folder / "assets" / "index.css").write_text('@charset "utf-8";')
    return folder


class FromPeer:
    """ASGI middleware that lets a request of this machine look as if it came from elsewhere."""

    def __init__(self, app: ASGIApp, peer: str) -> None:
        self._app = app
        self._peer = peer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "client": (self._peer, 50000)}
        await self._app(scope, receive, send)


@contextlib.contextmanager
def running(app: FastAPI) -> Iterator[WebServer]:
    """Serve ``app`` on a free port of loopback and stop it in the end."""
    server = WebServer(app, host="127.0.0.1", port=0)
    server.start()
    try:
        yield server
    finally:
        server.stop(TIMEOUT_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class SseMessage:
    """One message of an event stream; a comment has no fields but ``comment``."""

    id: str | None = None
    event: str | None = None
    data: str | None = None
    comment: str | None = None


class SseReader:
    """Reads an event stream over a real connection."""

    def __init__(self, port: int, path: str = "/events") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        self._connection.request("GET", path, headers={"Accept": "text/event-stream"})
        self.answer = self._connection.getresponse()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.close()
        self._connection.close()

    def read(self) -> SseMessage | None:
        """Return the next message; None when the stream has ended."""
        fields: dict[str, str] = {}
        while (line := self.answer.readline()) not in {b"\n", b""}:
            name, _, value = line.decode("ascii").rstrip("\n").partition(": ")
            fields["comment" if name in {"", ":"} else name] = value or name
        if not fields:
            return None
        return SseMessage(
            id=fields.get("id"),
            event=fields.get("event"),
            data=fields.get("data"),
            comment=fields.get("comment"),
        )
