"""The event stream and the server over real connections on loopback."""

import asyncio
import http.client
import json
import socket
from contextlib import ExitStack, suppress

import pytest

import web.app
from tests.support.shown_state import bare_state, full_state
from tests.support.story import run_story
from tests.support.web_service import TIMEOUT_S, Service, SseMessage, SseReader, running
from web.server import WebServer

N_READERS = 200
N_NEVER_READING = 20
# Twelve of them fill every buffer between the service and a reader that does not read.
LARGE: dict[str, object] = {"text": "x" * 40_000}
N_LARGE = 12


def version_of(message: SseMessage | None) -> int:
    assert message is not None
    assert message.event == "state"
    assert message.data is not None
    shown = json.loads(message.data)["version"]
    assert isinstance(shown, int)
    assert message.id == str(shown)
    return shown


def test_a_reader_gets_the_whole_state_and_then_one_message_a_change(service: Service) -> None:
    service.store.update(full_state())
    with running(service.app()) as server, SseReader(server.port) as reader:
        assert reader.answer.status == 200
        assert reader.answer.headers["content-type"].startswith("text/event-stream")
        assert reader.answer.headers["cache-control"] == "no-store"
        first = reader.read()
        assert version_of(first) == 1
        assert first is not None
        assert first.data is not None
        with_status = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
        with_status.request("GET", "/status")
        assert json.loads(first.data) == json.load(with_status.getresponse())
        with_status.close()
        for version in (2, 3, 4):
            service.store.update(full_state())
            assert version_of(reader.read()) == version


def test_a_silent_stream_carries_heartbeat_comments(service: Service) -> None:
    service.store.update(bare_state())
    app = service.app()
    app.state.broadcast._heartbeat_s = 0.01
    with running(app) as server, SseReader(server.port) as reader:
        version_of(reader.read())
        comments = {reader.read() for _ in range(3)} - {None}
        assert SseMessage(comment="heartbeat") in comments


def test_who_reconnects_gets_the_whole_state_again(service: Service) -> None:
    service.store.update(bare_state())
    with running(service.app()) as server:
        with SseReader(server.port) as reader:
            assert version_of(reader.read()) == 1
        service.store.update(full_state())
        with SseReader(server.port) as reader:
            message = reader.read()
            while version_of(message) < 2:
                message = reader.read()
            assert message is not None
            assert json.loads(message.data or "")["site"]["title"] == "Zuhause"


def test_too_many_streams_are_refused_and_places_become_free(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web.app, "MOST_READERS", 2)
    service.store.update(bare_state())
    app = service.app()
    with running(app) as server:
        with ExitStack() as stack:
            readers = [stack.enter_context(SseReader(server.port)) for _ in range(2)]
            for reader in readers:
                version_of(reader.read())
            refused = stack.enter_context(SseReader(server.port))
            assert refused.answer.status == 503
            assert json.load(refused.answer)["code"] == "too_many_readers"
        for _ in range(1000):
            # Each request gives the service a turn to notice that they are gone.
            with SseReader(server.port) as again:
                if again.answer.status == 200:
                    break
        assert again.answer.status == 200


async def read_to(port: int, version: int) -> None:
    """Read a stream until it has shown a version."""
    stream, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    writer.write(b"GET /events HTTP/1.0\r\nHost: localhost\r\n\r\n")
    while (line := await stream.readline()) != b"id: %d\n" % version:
        assert line, "the stream ended early"
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


def connect_and_never_read(port: int) -> socket.socket:
    never = socket.socket()
    never.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    never.settimeout(TIMEOUT_S)
    never.connect(("127.0.0.1", port))
    never.sendall(b"GET /events HTTP/1.0\r\nHost: localhost\r\n\r\n")
    return never


def test_readers_that_never_read_hold_nobody_up(service: Service) -> None:
    app = service.app()

    async def story(port: int) -> None:
        reading = [
            asyncio.create_task(read_to(port, N_LARGE)) for _ in range(N_READERS - N_NEVER_READING)
        ]
        while app.state.broadcast.n_readers < N_READERS:  # noqa: ASYNC110  # it has no event
            await asyncio.sleep(0)
        for _ in range(N_LARGE):
            await asyncio.to_thread(service.store.update, full_state(), LARGE)
        await asyncio.gather(*reading)

    with ExitStack() as stack:
        server = WebServer(app, host="127.0.0.1", port=0)
        # Small buffers, so that a reader that does not read is felt soon.
        server._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        server.start()
        for _ in range(N_NEVER_READING):
            stack.enter_context(connect_and_never_read(server.port))
        run_story(story(server.port), TIMEOUT_S)
        with SseReader(server.port) as late:
            assert version_of(late.read()) == N_LARGE
    server.stop(TIMEOUT_S)
    assert not server._thread.is_alive()


def test_before_the_first_state_a_stream_is_alive_and_says_nothing(service: Service) -> None:
    app = service.app()
    app.state.broadcast._heartbeat_s = 0.01
    with running(app) as server, SseReader(server.port) as reader:
        assert reader.read() == SseMessage(comment="heartbeat")
        service.store.update(bare_state())
        message = reader.read()
        while message == SseMessage(comment="heartbeat"):
            message = reader.read()
        assert version_of(message) == 1


def test_stopping_ends_the_streams_at_once(service: Service) -> None:
    service.store.update(bare_state())
    server = WebServer(service.app(), host="127.0.0.1", port=0)
    server.start()
    with SseReader(server.port) as first, SseReader(server.port) as second:
        version_of(first.read())
        version_of(second.read())

        server.stop(TIMEOUT_S)

        assert not server._thread.is_alive()
        assert first.read() is None
        assert second.read() is None


def test_a_reader_that_never_reads_does_not_keep_the_service_from_stopping(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.store.update(bare_state())
    server = WebServer(service.app(), host="127.0.0.1", port=0)
    server.start()
    with connect_and_never_read(server.port), SseReader(server.port) as reader:
        version_of(reader.read())
        for version in range(2, 5):
            service.store.update(full_state(), {"text": "x" * 8_000_000})
            while version_of(reader.read()) < version:
                pass

        server.stop(TIMEOUT_S)

        assert not server._thread.is_alive()


def test_a_port_in_use_is_known_at_once(service: Service) -> None:
    first = WebServer(service.app(), host="127.0.0.1", port=0)
    with pytest.raises(OSError, match="in use"):
        WebServer(service.app(), host="127.0.0.1", port=first.port)
    first.start()
    first.stop(TIMEOUT_S)


def test_an_address_of_another_machine_cannot_be_served(service: Service) -> None:
    with pytest.raises(OSError, match="assign"):
        WebServer(service.app(), host="192.0.2.1", port=0)


def test_the_port_is_free_after_a_stop(service: Service) -> None:
    with running(service.app()) as server:
        port = server.port
    again = WebServer(service.app(), host="127.0.0.1", port=port)
    again.start()
    again.stop(TIMEOUT_S)
    assert not again._thread.is_alive()


def test_who_comes_before_the_service_is_up_is_served(service: Service) -> None:
    server = WebServer(service.app(), host="127.0.0.1", port=0)
    with socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT_S) as early:
        early.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        server.start()
        assert early.recv(15) == b"HTTP/1.1 200 OK"
    server.stop(TIMEOUT_S)


CROOKED = [
    b"nonsense\r\n\r\n",
    b"GET /status HTTP/1.1\r\n\r\n",
    b"GET http://evil.example/status HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /status HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"POST /control/release HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    b"POST /control/release HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET /%ff%fe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
]


def test_crooked_requests_are_refused_and_leave_the_service_running(service: Service) -> None:
    with running(service.app()) as server:
        for text in CROOKED:
            with socket.create_connection(("127.0.0.1", server.port), TIMEOUT_S) as crooked:
                crooked.sendall(text)
                assert crooked.recv(10).startswith(b"HTTP/1.1 4"), text
        with SseReader(server.port, "/healthz") as healthy:
            assert healthy.answer.status == 200
    assert service.inbox.take() == ()
