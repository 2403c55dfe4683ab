"""One HTTP request to evcc at a time, with a time limit, and every failure as one of our errors.

Part of the evcc edge (``evcc_client`` and the modules named ``evcc_*``). Nothing of httpx2 leaves
this module, and the password that an address may carry appears in no text.
"""

import time
from collections.abc import Callable
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

import httpx2

from errors import (
    EvccAutomaticModeError,
    EvccRejectedError,
    EvccUnavailableError,
    EvccUnreadableError,
)
from evcc_values import to_text
from evcc_wire import read_json

_LARGEST_ANSWER_BYTES = 8_000_000  # a state with a week of forecasts has about 100 kB
# evcc closes a connection that was idle for 120 s; we let go of it before.
_KEEP_IDLE_S = 60.0
_MOST_CONNECTIONS = 4


class EvccHttp:
    """Requests to one evcc over connections that are used again. Thread-safe."""

    def __init__(
        self,
        base_url: str,
        *,
        transport: httpx2.BaseTransport | None,
        timeout_s: float,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base_url = base_url.strip().rstrip("/")
        self._shown_url = without_password(self._base_url)
        self._timeout_s = timeout_s
        self._monotonic_s = monotonic_s
        self._client = httpx2.Client(
            transport=transport,
            timeout=timeout_s,
            limits=httpx2.Limits(max_connections=_MOST_CONNECTIONS, keepalive_expiry=_KEEP_IDLE_S),
            headers={"Accept": "application/json", "User-Agent": "SmartLoad"},
            # evcc is at home: no proxy and no .netrc of the environment has a say.
            trust_env=False,
            follow_redirects=False,
        )

    @property
    def shown_url(self) -> str:
        """The address as it may be shown."""
        return self._shown_url

    def close(self) -> None:
        self._client.close()

    def get(self, path: str) -> bytes:
        """Return the body of a 200.

        Raises:
            EvccUnavailableError: No connection, no answer in time, 5xx, a redirect.
            EvccRejectedError: 4xx, with evcc's own text.
        """
        return self._request("GET", path)

    def send(self, method: Literal["POST", "DELETE"], path: str) -> object:
        """Send a command and return evcc's answer; raises as ``get``, and when it is unreadable."""
        return read_json(self._request(method, path))

    def _request(self, method: str, path: str) -> bytes:
        started_s = self._monotonic_s()
        try:
            with self._client.stream(method, self._base_url + path) as response:
                body = self._read(response, started_s + self._timeout_s)
        except httpx2.TimeoutException as err:
            raise self._too_slow() from err
        except httpx2.ConnectError as err:
            raise EvccUnavailableError(
                f"evcc does not answer at {self._shown_url}: {to_text(str(err))}"
            ) from err
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, UnicodeError) as err:
            raise EvccUnavailableError(f"{self._shown_url} is no address of an evcc") from err
        except (httpx2.HTTPError, httpx2.StreamError) as err:
            raise EvccUnavailableError(
                f"the connection to evcc at {self._shown_url} broke off"
            ) from err
        self._check_status(response, path, body)
        return body

    def _read(self, response: httpx2.Response, deadline_s: float) -> bytes:
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            chunks.append(chunk)
            size += len(chunk)
            if size > _LARGEST_ANSWER_BYTES:
                raise EvccUnreadableError(f"the answer from {self._shown_url} does not end")
            # The library's time limit is for each piece; drops can go on for ever.
            if self._monotonic_s() > deadline_s:
                raise self._too_slow()
        return b"".join(chunks)

    def _too_slow(self) -> EvccUnavailableError:
        return EvccUnavailableError(
            f"evcc at {self._shown_url} took longer than {self._timeout_s:g} s to answer"
        )

    def _check_status(self, response: httpx2.Response, path: str, body: bytes) -> None:
        status = response.status_code
        if status == httpx2.codes.OK:
            return
        if status == httpx2.codes.CONFLICT:
            reason = _own_text(body) or "its own automatic mode is in charge"
            raise EvccAutomaticModeError(f"evcc refused: {reason}", status=status)
        if response.is_redirect:
            raise EvccUnavailableError(
                f"{self._shown_url} sends us elsewhere instead of answering; "
                "the address must be evcc's own, without a login page before it"
            )
        if response.is_client_error:
            reason = _own_text(body) or f"status {status} for {path}"
            raise EvccRejectedError(f"evcc refused: {reason}", status=status)
        raise EvccUnavailableError(f"evcc at {self._shown_url} answered with status {status}")


def without_password(url: str) -> str:
    """Return ``url`` without the user and password it may carry."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the given address"
    if "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _own_text(body: bytes) -> str | None:
    """Return the text of evcc's ``{"error": ...}``."""
    try:
        answer = read_json(body)
    except EvccUnreadableError:
        return None
    text = answer.get("error") if isinstance(answer, dict) else None
    return to_text(text) if isinstance(text, str) else None
