"""Runs the HTTP service in a thread of its own beside the cycle."""

import asyncio
import logging
import socket
import threading

import uvicorn
from fastapi import FastAPI

from web.broadcast import Broadcast

_log = logging.getLogger("smartload.web")


class _Server(uvicorn.Server):
    """Ends the streams when it stops; uvicorn would wait for them, and they have no end."""

    def __init__(self, config: uvicorn.Config, broadcast: Broadcast) -> None:
        super().__init__(config)
        self._broadcast = broadcast

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._broadcast.close()
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            # Its reader does not read, so what waits in its buffer would never be taken.
            connection.transport.abort()
        await asyncio.sleep(0)


class WebServer:
    """uvicorn in one thread; starts before anything else so that there always is a page."""

    def __init__(self, app: FastAPI, *, host: str, port: int) -> None:
        """Bind at once, so that a port in use is known before anything is started.

        Raises:
            OSError: The address cannot be bound.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
            # Only a listening socket keeps others from the port; early visitors wait a moment.
            self._socket.listen()
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self._server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="none",
                timeout_graceful_shutdown=1,
                timeout_keep_alive=30,
            ),
            app.state.broadcast,
        )
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    @property
    def is_serving(self) -> bool:
        """Whether the thread is alive; it ends on its own only when something broke."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float) -> None:
        """Stop serving; open streams are ended."""
        self._server.should_exit = True
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            _log.debug("the web thread did not end within %.1f s", timeout_s)
