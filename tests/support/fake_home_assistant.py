"""A small Home Assistant on a loopback port: its WebSocket, a dashboard, long-term statistics.

It keeps a sum for each meter and hour, as the recorder does, and works out the change the same way:
the difference to the last row before, however long ago that is.
"""

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

TOKEN = "a-long-lived-token"  # noqa: S105 made up
HOUR, FIVE_MINUTES = timedelta(hours=1), timedelta(minutes=5)


class FakeHomeAssistant:
    """Answers from ``with`` to its end; what is set may be changed at any time."""

    def __init__(self) -> None:
        self.preferences: object = {"energy_sources": []}
        self.sums_kwh: dict[str, dict[datetime, float]] = {}
        self.fine_sums_kwh: dict[str, dict[datetime, float]] = {}
        self.error_codes: dict[str, str] = {}
        self.status: int | None = None
        self.answers_before_restart: int | None = None
        self.asked: list[dict[str, Any]] = []
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._server = serve(self._talk, "127.0.0.1", 0, process_request=self._admit)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        assert self._thread is not None
        self._server.shutdown()
        self._thread.join()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.socket.getsockname()[1]}"

    def count(self, meter: str, start: datetime, *hours_kwh: float | None) -> None:
        """Let a meter run from ``start``; None is an hour without a row."""
        self._run(self.sums_kwh.setdefault(meter, {}), start, HOUR, hours_kwh)

    def count_finely(self, meter: str, start: datetime, *pieces_kwh: float | None) -> None:
        """The same in steps of five minutes."""
        self._run(self.fine_sums_kwh.setdefault(meter, {}), start, FIVE_MINUTES, pieces_kwh)

    @staticmethod
    def _run(
        sums: dict[datetime, float],
        start: datetime,
        step: timedelta,
        changes: tuple[float | None, ...],
    ) -> None:
        total = max(sums.items())[1] if sums else 1000.0
        for number, change in enumerate(changes):
            if change is not None:
                total += change
                sums[start + number * step] = total

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if self.status is not None:
            return connection.respond(HTTPStatus(self.status), "Bad Gateway")
        if request.path != "/api/websocket":
            return connection.respond(HTTPStatus.NOT_FOUND, "404: Not Found")
        return None

    def _talk(self, connection: ServerConnection) -> None:
        connection.send(json.dumps({"type": "auth_required", "ha_version": "2026.11.0"}))
        if json.loads(connection.recv()).get("access_token") != TOKEN:
            connection.send(json.dumps({"type": "auth_invalid", "message": "Invalid access token"}))
            return
        connection.send(json.dumps({"type": "auth_ok", "ha_version": "2026.11.0"}))
        for raw in connection:
            if self.answers_before_restart is not None:
                self.answers_before_restart -= 1
                if self.answers_before_restart < 0:
                    return
            asked = json.loads(raw)
            self.asked.append(asked)
            connection.send(json.dumps({"id": 999, "type": "event", "event": {}}))
            connection.send(json.dumps(self._answer(asked)))

    def _answer(self, asked: Mapping[str, Any]) -> dict[str, object]:
        code = self.error_codes.get(asked["type"])
        head = {"id": asked["id"], "type": "result"}
        if code is not None:
            return {**head, "success": False, "error": {"code": code, "message": "No prefs"}}
        if asked["type"] == "energy/get_prefs":
            return {**head, "success": True, "result": self.preferences}
        return {**head, "success": True, "result": self._statistics(asked)}

    def _statistics(self, asked: Mapping[str, Any]) -> dict[str, list[dict[str, float | None]]]:
        assert asked["types"] == ["change"]
        assert asked["units"] == {"energy": "kWh"}
        step = HOUR if asked["period"] == "hour" else FIVE_MINUTES
        kept = self.sums_kwh if step == HOUR else self.fine_sums_kwh
        start, end = (datetime.fromisoformat(asked[key]) for key in ("start_time", "end_time"))
        answer = {}
        for meter in asked["statistic_ids"]:
            rows: list[dict[str, float | None]] = []
            before: float | None = None
            for at, total in sorted(kept.get(meter, {}).items()):
                if start <= at < end:
                    change = None if before is None else total - before
                    rows.append({"start": _ms(at), "end": _ms(at + step), "change": change})
                before = total
            if rows:
                answer[meter] = rows
        return answer


def _ms(at: datetime) -> float:
    return at.astimezone(UTC).timestamp() * 1000
