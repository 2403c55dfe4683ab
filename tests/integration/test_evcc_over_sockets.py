"""The client on real connections: used again, cut off, refused."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from errors import EvccUnavailableError
from evcc_client import EvccClient

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
SLOT = [1795335300, 1795336200, 0.3]
STATE = json.dumps(
    {
        "apiReady": True,
        "siteTitle": "Wire",
        "forecast": {"grid": [SLOT], "feedin": [SLOT], "solar": {"timeseries": [[SLOT[0], 500]]}},
    }
).encode()


class Wire(ThreadingHTTPServer):
    """A server on loopback that counts connections and may cut its answers off."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.connections = 0
        self.announced_bytes = len(STATE)
        self.closes_silently = False
        self.has_closed = threading.Event()

    def process_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        super().shutdown_request(request)
        self.has_closed.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Wire

    def do_GET(self) -> None:
        known = self.path == "/api/state"
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(self.server.announced_bytes if known else 0))
        self.end_headers()
        self.wfile.write(STATE if known else b"")
        self.close_connection = self.server.closes_silently or self.server.announced_bytes != len(
            STATE
        )

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Stay silent."""


@pytest.fixture
def wire() -> Iterator[Wire]:
    server = Wire()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(wire: Wire) -> Iterator[EvccClient]:
    client = EvccClient(wire.url, timeout_s=5)
    yield client
    client.close()


def test_a_connection_is_used_again(wire: Wire, client: EvccClient) -> None:
    for _ in range(5):
        assert client.read_site(NOW).title == "Wire"

    assert wire.connections == 1


def test_a_connection_that_evcc_closed_is_opened_again(wire: Wire, client: EvccClient) -> None:
    wire.closes_silently = True
    client.read_site(NOW)
    assert wire.has_closed.wait(60)

    assert client.read_site(NOW).title == "Wire"
    assert wire.connections == 2


def test_half_an_answer_is_unavailable_and_the_next_one_is_read(
    wire: Wire, client: EvccClient
) -> None:
    wire.announced_bytes = len(STATE) + 100
    with pytest.raises(EvccUnavailableError, match="broke off"):
        client.read_site(NOW)

    wire.announced_bytes = len(STATE)
    assert client.read_site(NOW).title == "Wire"


def test_a_port_where_nobody_listens_is_unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = EvccClient(f"http://127.0.0.1:{taken.getsockname()[1]}", timeout_s=5)

        with pytest.raises(EvccUnavailableError, match="does not answer"):
            client.read_site(NOW)
        client.close()


def test_a_server_that_never_answers_runs_into_the_time_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = EvccClient(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.1)

        with pytest.raises(EvccUnavailableError, match="longer than"):
            client.read_site(NOW)
        client.close()
