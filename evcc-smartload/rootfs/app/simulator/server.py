"""The simulated evcc on a port: HTTP, WebSocket, and a way to switch faults from outside."""

import asyncio
import json
import socket
import threading

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from simulator.evcc_messages import ApiRequest, ApiResponse, EvccOfflineError, error_answer
from simulator.evcc_socket import StateStream
from simulator.home import SimulatedHome
from simulator.wire_format import to_json_line

FAULTS_PATH = "/sim/faults"
# Watchdogs run and cars move even when nobody asks, this often in real time.
_TICK_S = 0.15
_MAILBOX = 1024
_POLICY_VIOLATION = 1008
_START_LIMIT_S = 10.0
_STOP_LIMIT_S = 5.0
_BAD_REQUEST = 400


class EvccApp:
    """The ASGI application over a simulated home."""

    def __init__(self, home: SimulatedHome) -> None:
        self._home = home
        self._stream = StateStream(home)
        self._mailboxes: set[asyncio.Queue[str | None]] = set()
        # Between a newcomer's first messages and its place in the list, no change may be lost.
        self._stream_lock = asyncio.Lock()
        self._ticker: asyncio.Task[None] | None = None
        self.started = threading.Event()
        self.is_stopping = False
        self.connections: dict[object, asyncio.BaseTransport] = {}
        """Open connections by the client's address, kept by the server's protocol."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
        else:
            await self._serve_request(scope, receive, send)

    # --- life

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._ticker = asyncio.create_task(self._tick())
        await send({"type": "lifespan.startup.complete"})
        self.started.set()
        await receive()
        self._ticker.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            await asyncio.to_thread(self._home.tick)
            if not self._mailboxes:
                continue
            if self._home.faults.active.offline:
                self._close_sockets()
                continue
            async with self._stream_lock:
                for message in await asyncio.to_thread(self._stream.changes):
                    self._broadcast(_text(message))

    def _broadcast(self, text: str) -> None:
        for mailbox in list(self._mailboxes):
            try:
                mailbox.put_nowait(text)
            except asyncio.QueueFull:
                # Too far behind: emptied, so that the end is the next thing it gets.
                self._mailboxes.discard(mailbox)
                while not mailbox.empty():
                    mailbox.get_nowait()
                mailbox.put_nowait(None)

    def _close_sockets(self) -> None:
        for transport in list(self.connections.values()):
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()

    # --- HTTP

    async def _serve_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        request = ApiRequest(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode(),
            body=body,
            headers={key.decode().lower(): value.decode() for key, value in scope["headers"]},
        )
        if request.path == FAULTS_PATH:
            response = await asyncio.to_thread(self._switch_faults, request)
        else:
            await self._hesitate()
            if self.is_stopping:
                await self._break_off(scope, receive)
                return
            try:
                response = await asyncio.to_thread(self._home.handle, request)
            except EvccOfflineError:
                await self._break_off(scope, receive)
                return
        await self._respond(response, scope, receive, send)

    async def _hesitate(self) -> None:
        """Wait as long as evcc is slow, but not past the server's end."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._home.faults.active.slow_s
        while not self.is_stopping and (left_s := until_s - loop.time()) > 0:  # noqa: ASYNC110  # set by another thread
            await asyncio.sleep(min(_TICK_S, left_s))

    async def _respond(
        self, response: ApiResponse, scope: Scope, receive: Receive, send: Send
    ) -> None:
        headers = {"content-length": str(len(response.body))} | response.headers
        pairs = [(key.encode(), value.encode()) for key, value in headers.items()]
        await send({"type": "http.response.start", "status": response.status, "headers": pairs})
        if response.is_cut:
            await send({"type": "http.response.body", "body": response.body, "more_body": True})
            await self._break_off(scope, receive)
        else:
            await send({"type": "http.response.body", "body": response.body})

    async def _break_off(self, scope: Scope, receive: Receive) -> None:
        """Close the connection as a process that dies does."""
        transport = self.connections.get(tuple(scope["client"] or ()))
        if transport is not None:
            transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass

    def _switch_faults(self, request: ApiRequest) -> ApiResponse:
        """Carry out a request like ``{"set": {"offline": true}, "restart": {"crash": true}}``."""
        home = self._home
        try:
            wishes = json.loads(request.body or b"{}")
            if wishes.get("clear"):
                home.faults.clear()
            home.faults.set(**wishes.get("set", {}))
            if "restart" in wishes:
                home.restart(**wishes["restart"])
            if "move_slider" in wishes:
                home.move_slider(**wishes["move_slider"])
        except (ValueError, TypeError, AttributeError) as error:
            return error_answer(_BAD_REQUEST, str(error))
        active = home.faults.active
        body = to_json_line({name: getattr(active, name) for name in active.__slots__})
        return ApiResponse(status=200, headers={"content-type": "application/json"}, body=body)

    # --- WebSocket

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if scope["path"] != "/ws" or self._home.faults.active.offline:
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept"})
        mailbox: asyncio.Queue[str | None] = asyncio.Queue(_MAILBOX)
        async with self._stream_lock:
            first = await asyncio.to_thread(
                self._stream.first_messages, is_first=not self._mailboxes
            )
            for message in first:
                mailbox.put_nowait(_text(message))
            self._mailboxes.add(mailbox)
        writer = asyncio.create_task(_write(mailbox, send))
        reader = asyncio.create_task(_read(receive))
        try:
            await asyncio.wait({writer, reader}, return_when=asyncio.FIRST_COMPLETED)
            left = reader.done() and reader.result() == "websocket.disconnect"
            if not left:
                # The client spoke, or does not read: evcc closes either way.
                await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        finally:
            self._mailboxes.discard(mailbox)
            # An upgraded connection no longer tells the HTTP protocol when it ends.
            self.connections.pop(tuple(scope["client"] or ()), None)
            writer.cancel()
            reader.cancel()


async def _read(receive: Receive) -> str:
    """Return the type of the next thing that happens on the client's side."""
    return str((await receive())["type"])


async def _write(mailbox: asyncio.Queue[str | None], send: Send) -> None:
    while (text := await mailbox.get()) is not None:
        await send({"type": "websocket.send", "text": text})


def _text(message: dict[str, object]) -> str:
    return to_json_line(message).decode().rstrip("\n")


def _protocol_of(app: EvccApp, home: SimulatedHome) -> type[asyncio.Protocol]:
    """Return a protocol that drops connections while evcc is offline."""

    class DroppingProtocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own signature
            super().connection_made(transport)
            self._peer = tuple(transport.get_extra_info("peername") or ())
            self._is_switchboard = False
            app.connections[self._peer] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            app.connections.pop(self._peer, None)
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            # The switchboard stays reachable, or nobody could end the fault. A body may come in a
            # packet of its own, after the one that names the path.
            if b" HTTP/1." in data:
                self._is_switchboard = FAULTS_PATH.encode() in data
            if home.faults.active.offline and not self._is_switchboard:
                self.transport.abort()
                return
            super().data_received(data)

    return DroppingProtocol


class EvccServer:
    """A simulated evcc on 127.0.0.1, served by a thread."""

    def __init__(self, home: SimulatedHome, *, port: int = 0) -> None:
        self._app = EvccApp(home)
        self._socket = socket.create_server(("127.0.0.1", port), backlog=512)
        config = uvicorn.Config(
            self._app,
            http=_protocol_of(self._app, home),
            ws="websockets-sansio",
            lifespan="on",
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="simulated-evcc", daemon=True
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def start(self) -> None:
        """Start serving; returns when requests are answered.

        Raises:
            RuntimeError: The server did not come up.
        """
        self._thread.start()
        if not self._app.started.wait(_START_LIMIT_S):
            raise RuntimeError("the simulated evcc did not start")

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._app.is_stopping = True
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(_STOP_LIMIT_S)
        self._socket.close()
