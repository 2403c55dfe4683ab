"""A reverse proxy that does to requests and answers what Home Assistant's ingress does.

It takes the path prefix off on the way in and rewrites nothing on the way out, cuts the charset
off the content type, refuses what looks like an attack, and passes event streams on as they come.
"""

import contextlib
import http.client
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from tests.support.web_service import TIMEOUT_S

PREFIX = "/api/hassio_ingress/Q0qTb-51JAlzFw"
BROWSERS_HOST = "ha.example:8123"
_SUSPICIOUS = re.compile(
    r"\.\./|<.*script.*>|concat\s*\(|union.*select|=/[\w.]*/", re.IGNORECASE | re.DOTALL
)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A stream that its reader left ends only when the service writes again.
    block_on_close = False

    def __init__(self, target_port: int, browsers_host: str | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target_port = target_port
        self.browsers_host = browsers_host


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:  # the base class fixes the name
        self._forward(None)

    def do_POST(self) -> None:  # the base class fixes the name
        self._forward(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def _forward(self, body: bytes | None) -> None:
        self.close_connection = True
        if not self.path.startswith(f"{PREFIX}/"):
            self.send_error(404)
            return
        if _SUSPICIOUS.search(unquote(self.path)):
            self.send_error(400)
            return
        target = http.client.HTTPConnection("127.0.0.1", self.server.target_port, TIMEOUT_S)
        with contextlib.closing(target):
            target.request(
                self.command, self.path.removeprefix(PREFIX), body, self._headers_inwards()
            )
            answer = target.getresponse()
            with answer, contextlib.suppress(ConnectionError):
                self._answer(answer)

    def _headers_inwards(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in {"content-length", "connection", "x-ingress-path"}
        }
        return {
            **kept,
            "Host": "c1a2-evcc-smartload:8099",
            "X-Ingress-Path": PREFIX,
            "X-Remote-User-Id": "0123456789abcdef",
            "X-Forwarded-For": "192.168.1.20",
            "X-Forwarded-Host": self.server.browsers_host or self.headers["Host"],
            "X-Forwarded-Proto": "https",
            "X-Hass-Source": "core.ingress",
        }

    def _answer(self, answer: http.client.HTTPResponse) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() == "content-type":
                self.send_header(name, value.partition(";")[0])
            elif name.lower() not in {"transfer-encoding", "content-length", "connection"}:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        while part := answer.read1():
            self.wfile.write(part)
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def ingress_to(target_port: int, *, browsers_host: str | None = BROWSERS_HOST) -> Iterator[int]:
    """Forward to a service on this machine; give the proxy's own port.

    ``browsers_host`` is what the browser calls Home Assistant; None takes it from each request.
    """
    server = _Server(target_port, browsers_host)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(TIMEOUT_S)
