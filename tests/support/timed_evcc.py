"""A simulated evcc on a port of this machine whose time is told by each request."""

import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from simulator.evcc_messages import ApiRequest
from simulator.home import SimulatedHome
from tests.support.sim_service import SteppedClock


class TimedEvcc:
    """Serves ``home``; the header ``X-Now`` of a request moves its clock forward."""

    def __init__(self, home: SimulatedHome, clock: SteppedClock) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(home, clock))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler_for(home: SimulatedHome, clock: SteppedClock) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            now = datetime.fromisoformat(self.headers["X-Now"])
            clock.move_to(max(clock.now(), now))
            path, _, query = self.path.partition("?")
            answer = home.handle(
                ApiRequest(method=self.command, path=path, query=query, body=b"", headers={})
            )
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() != "content-length":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815  # the server's own names

        def log_message(self, *args: object) -> None:
            """Say nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except (ConnectionError, BrokenPipeError):
                return  # the process on the other side was killed, as it should be

    return Handler
