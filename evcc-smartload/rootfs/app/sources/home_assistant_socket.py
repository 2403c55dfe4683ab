"""Home Assistant's WebSocket: log in, ask one command at a time, every failure as one of ours.

Nothing of websockets leaves this module, and the token appears in no text.
"""

import itertools
import json
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
)
from websockets.sync.client import ClientConnection, connect

from errors import PastSourceError, PastSourceRefusedError, PastSourceUnavailableError

SUPERVISOR_URL = "ws://supervisor/core/websocket"
"""Where the Supervisor passes an app on to Home Assistant."""

# A month of five-minute values of eight meters has 5 MB; the Supervisor passes on 64.
_LARGEST_MESSAGE_BYTES = 64 * 1024 * 1024
_CONNECT_TIMEOUT_S = 10.0
_HTTP_UNAUTHORIZED, _HTTP_FORBIDDEN, _HTTP_SERVER_ERROR = 401, 403, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeAssistantAccess:
    """The address of the WebSocket, a token, and how the owner names the two.

    ``what_to_check`` is what the owner should do when the token is refused.
    """

    websocket_url: str
    token: str = field(repr=False)
    what_to_check: str = "make a new long-lived one for the option home_assistant_token"


def websocket_url(url: str) -> str:
    """Return the address of the WebSocket of a Home Assistant at an http or https address."""
    parts = urlsplit(url.rstrip("/"))
    scheme = "wss" if parts.scheme == "https" else "ws"
    return f"{scheme}://{parts.netloc}{parts.path}/api/websocket"


class CommandError(Exception):
    """Home Assistant refused a command; ``code`` is its word for why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _WireError(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    code: str = "unknown"
    message: str = ""


class _WireMessage(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    type: str
    id: int | None = None
    success: bool = False
    result: Any = None
    error: _WireError = _WireError()


class HomeAssistantSocket:
    """One logged-in connection, from ``with`` to its end."""

    def __init__(
        self,
        access: HomeAssistantAccess,
        *,
        timeout_s: float,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._access = access
        self._url = access.websocket_url
        self._timeout_s = timeout_s
        self._monotonic_s = monotonic_s
        self._numbers = itertools.count(1)
        self._until_exit = ExitStack()

    def __enter__(self) -> Self:
        """Connect and log in.

        Raises:
            PastSourceUnavailableError: Home Assistant is away or restarts.
            PastSourceRefusedError: The token is wrong, or it is not Home Assistant.
        """
        self._connection = self._until_exit.enter_context(self._connecting())
        try:
            self._log_in()
        except PastSourceError:
            self._until_exit.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._until_exit.close()

    def ask(self, command: str, **fields: object) -> object:
        """Send a command and return its result.

        Raises:
            PastSourceUnavailableError: The connection broke, or there was no answer in time.
            CommandError: Home Assistant refused the command.
        """
        number = next(self._numbers)
        deadline_s = self._monotonic_s() + self._timeout_s
        self._send({"id": number, "type": command, **fields})
        while True:
            answer = self._receive(deadline_s)
            if answer.id == number and answer.type == "result":
                break
        if not answer.success:
            raise CommandError(answer.error.code, answer.error.message)
        return answer.result

    def _connecting(self) -> ClientConnection:
        try:
            return connect(
                self._url,
                open_timeout=min(_CONNECT_TIMEOUT_S, self._timeout_s),
                close_timeout=1.0,
                max_size=_LARGEST_MESSAGE_BYTES,
                proxy=None,  # Home Assistant is at home
                user_agent_header="SmartLoad",
                # On the level "debug" the library's own logger would write the token.
                logger=logging.Logger("websockets", logging.CRITICAL),  # noqa: LOG001 must stay outside of the log
            )
        except InvalidStatus as err:
            raise self._not_opened(err.response.status_code) from err
        except (InvalidURI, InvalidProxy, InvalidHandshake) as err:
            raise PastSourceRefusedError(
                f"{self._url} does not answer like Home Assistant: "
                "check the option home_assistant_url"
            ) from err
        except (OSError, EOFError) as err:  # TimeoutError is an OSError
            raise PastSourceUnavailableError(
                f"Home Assistant does not answer at {self._url}: "
                "check that it runs, and its address"
            ) from err

    def _not_opened(self, status: int) -> PastSourceError:
        if status >= _HTTP_SERVER_ERROR:
            return PastSourceUnavailableError(
                f"Home Assistant is not there yet (status {status}): it restarts or updates"
            )
        if status in {_HTTP_UNAUTHORIZED, _HTTP_FORBIDDEN}:
            return PastSourceRefusedError(
                f"Home Assistant refuses the connection (status {status}): "
                "check its address, and what stands before it"
            )
        return PastSourceRefusedError(
            f"{self._url} does not answer like Home Assistant (status {status}): "
            "check the option home_assistant_url"
        )

    def _log_in(self) -> None:
        deadline_s = self._monotonic_s() + self._timeout_s
        greeting = self._receive(deadline_s)
        if greeting.type == "auth_required":
            self._send({"type": "auth", "access_token": self._access.token})
            greeting = self._receive(deadline_s)
        if greeting.type == "auth_invalid":
            raise PastSourceRefusedError(
                f"Home Assistant refuses the token: {self._access.what_to_check}"
            )
        if greeting.type != "auth_ok":
            raise PastSourceRefusedError(
                f"{self._url} does not speak like Home Assistant: "
                "check the option home_assistant_url"
            )

    def _send(self, message: Mapping[str, object]) -> None:
        try:
            self._connection.send(json.dumps(message))
        except (ConnectionClosed, OSError) as err:
            raise self._broken() from err

    def _receive(self, deadline_s: float) -> _WireMessage:
        try:
            raw = self._connection.recv(timeout=max(0.0, deadline_s - self._monotonic_s()))
        except TimeoutError as err:
            raise PastSourceUnavailableError(
                f"Home Assistant took longer than {self._timeout_s:g} s to answer"
            ) from err
        except (ConnectionClosed, OSError) as err:
            raise self._broken() from err
        try:
            return _WireMessage.model_validate_json(raw)
        except ValidationError as err:
            raise PastSourceRefusedError(
                f"{self._url} does not speak like Home Assistant: "
                "check the option home_assistant_url"
            ) from err

    def _broken(self) -> PastSourceUnavailableError:
        return PastSourceUnavailableError(
            "the connection to Home Assistant broke off: it restarts, or the network failed"
        )
