"""A real InfluxDB 1.x on a free loopback port, with its own folder and nothing of the machine's."""

import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2
import pytest

from tests.support.free_port import free_port

ADMIN, ADMIN_PASSWORD = "admin", "of the house"

_CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  auth-enabled = {auth}
  log-enabled = false
"""


class InfluxServer:
    """The program ``influxd``, from ``with`` to its end."""

    def __init__(self, folder: Path, *, with_auth: bool = False) -> None:
        program = shutil.which("influxd")
        if program is None:
            pytest.fail("influxd is missing: run tools/ensure_influxd.sh", pytrace=False)
        self._with_auth = with_auth
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        config = folder / "influxdb.conf"
        config.write_text(
            _CONFIG.format(folder=folder, port=port, auth=str(with_auth).lower()), "utf-8"
        )
        self._process = subprocess.Popen(
            [program, "-config", config], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        log: list[bytes] = []
        assert self._process.stderr is not None
        for line in self._process.stderr:
            log.append(line)
            if b"Listening on HTTP" in line:
                break
        else:
            pytest.fail(f"influxd did not start: {b''.join(log).decode()}", pytrace=False)
        # Nobody wants the rest; but a pipe that is full would hold influxd up.
        self._drain = threading.Thread(target=deque, args=(self._process.stderr, 0), daemon=True)
        self._drain.start()
        if with_auth:
            self.query(f"CREATE USER {ADMIN} WITH PASSWORD '{ADMIN_PASSWORD}' WITH ALL PRIVILEGES")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._drain.join()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def query(self, statement: str) -> None:
        """Run a statement that changes something."""
        self._post("/query", {}, {"q": statement})

    def write(self, database: str, lines: Iterable[str]) -> None:
        """Write points in line protocol, times in seconds."""
        self._post("/write", {"db": database, "precision": "s"}, "\n".join(lines))

    def _post(self, path: str, parameters: dict[str, str], body: str | dict[str, str]) -> None:
        answer = httpx2.post(
            self.url + path,
            params=parameters,
            content=body if isinstance(body, str) else None,
            data=body if isinstance(body, dict) else None,
            auth=(ADMIN, ADMIN_PASSWORD) if self._with_auth else None,
            timeout=60.0,
            trust_env=False,
        )
        assert answer.is_success, answer.text
        assert '"error"' not in answer.text, answer.text


def point(measurement: str, at: datetime, value: float, **tags: str) -> str:
    """Return a point as evcc writes it: the field ``value`` is a float, times are full seconds."""
    labels = "".join(f",{name}={_escaped(text)}" for name, text in sorted(tags.items()))
    return f"{measurement}{labels} value={value!r} {int(at.timestamp())}"


def _escaped(text: str) -> str:
    return text.replace(" ", r"\ ").replace(",", r"\,").replace("=", r"\=")
