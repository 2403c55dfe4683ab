"""InfluxQL statements sent to an InfluxDB, one request at a time, and its answers as tables.

Version 1 is meant; 2 and 3 answer the same request where their version-1 compatibility is set up.
Nothing of httpx2 leaves this module, and the password appears in no text.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError

from errors import PastSourceRefusedError, PastSourceUnavailableError

_LARGEST_ANSWER_BYTES = 32_000_000  # a day of minutes of a home with ten loadpoints has 2 MB
_CONNECT_TIMEOUT_S = 5.0
_LONGEST_SHOWN_CHARS = 200
_NO_ANSWER = "not an answer of InfluxDB"


@dataclass(frozen=True, slots=True, kw_only=True)
class InfluxAccess:
    """Where the database is, and who may read it; without a user nobody is named."""

    url: str
    database: str = "evcc"
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One series of an answer: its tags, and rows of a Unix time [s] with the selected values."""

    tags: Mapping[str, str]
    rows: Sequence[tuple[int, tuple[float | None, ...]]]


class _WireSeries(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    tags: dict[str, str] = {}
    values: list[list[float | None]] = []
    partial: bool = False


class _WireResult(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    statement_id: int = 0
    series: list[_WireSeries] = []
    error: str | None = None
    partial: bool = False


class _WireAnswer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    results: list[_WireResult] | None = None
    error: str | None = None


class InfluxConnection:
    """Questions to one database of one InfluxDB."""

    def __init__(
        self,
        access: InfluxAccess,
        *,
        timeout_s: float,
        transport: httpx2.BaseTransport | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = access.url.rstrip("/")
        self._database = access.database
        self._user = access.user
        self._timeout_s = timeout_s
        self._monotonic_s = monotonic_s
        has_login = access.user or access.password
        self._client = httpx2.Client(
            transport=transport,
            # In a header: what stands in an address ends up in logs.
            auth=(access.user or "", access.password or "") if has_login else None,
            timeout=httpx2.Timeout(timeout_s, connect=min(_CONNECT_TIMEOUT_S, timeout_s)),
            headers={"Accept": "application/json", "User-Agent": "SmartLoad"},
            trust_env=False,
            follow_redirects=False,
        )

    def close(self) -> None:
        self._client.close()

    def ask(self, statements: Sequence[str]) -> list[list[Table]]:
        """Return the tables of each statement, in the statements' order.

        Raises:
            PastSourceUnavailableError: No connection, no answer in time, a fault of the server.
            PastSourceRefusedError: Wrong password, no such database, not an InfluxDB.
        """
        status, body = self._get({"db": self._database, "epoch": "s", "q": "; ".join(statements)})
        answer = self._parsed(status, body)
        if answer.error is not None or answer.results is None:
            raise self._refusal(status, answer.error or _NO_ANSWER)
        errors = [result.error for result in answer.results if result.error is not None]
        if errors:
            if len(statements) > 1:
                # Of several statements InfluxDB tells only that they were "not executed".
                self.ask(statements[:1])
            raise self._refusal(status, errors[0])
        tables: list[list[Table]] = [[] for _ in statements]
        for result in answer.results:
            if result.partial or any(series.partial for series in result.series):
                raise PastSourceUnavailableError(
                    f"InfluxDB at {self._url} cuts its answers off: "
                    "raise max-row-limit in its configuration, or set it to 0"
                )
            if result.statement_id < len(tables):
                tables[result.statement_id] = [_to_table(series) for series in result.series]
        return tables

    def _get(self, parameters: Mapping[str, str]) -> tuple[int, bytes]:
        deadline_s = self._monotonic_s() + self._timeout_s
        try:
            with self._client.stream("GET", f"{self._url}/query", params=parameters) as response:
                return response.status_code, self._read(response, deadline_s)
        except httpx2.TimeoutException as err:
            raise self._too_slow() from err
        except httpx2.ConnectError as err:
            raise PastSourceUnavailableError(
                f"InfluxDB does not answer at {self._url}: "
                "check that it runs, and the option influx_url"
            ) from err
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, UnicodeError) as err:
            raise PastSourceRefusedError(
                f"{self._url} is no address: check the option influx_url"
            ) from err
        except (httpx2.HTTPError, httpx2.StreamError) as err:
            raise PastSourceUnavailableError(
                f"the connection to InfluxDB at {self._url} broke off"
            ) from err

    def _read(self, response: httpx2.Response, deadline_s: float) -> bytes:
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            chunks.append(chunk)
            size += len(chunk)
            if size > _LARGEST_ANSWER_BYTES:
                raise PastSourceUnavailableError(f"the answer from {self._url} does not end")
            # The library's time limit is for each piece; drops can go on for ever.
            if self._monotonic_s() > deadline_s:
                raise self._too_slow()
        return b"".join(chunks)

    def _parsed(self, status: int, body: bytes) -> _WireAnswer:
        try:
            return _WireAnswer.model_validate_json(body)
        except ValidationError as err:
            raise self._refusal(status, _NO_ANSWER) from err

    def _refusal(
        self, status: int, reason: str
    ) -> PastSourceRefusedError | PastSourceUnavailableError:
        """Return the error for an answer that is none, with what the owner can do."""
        if status == httpx2.codes.UNAUTHORIZED:
            whom = f"the user {self._user}" if self._user else "reading without a password"
            return PastSourceRefusedError(
                f"InfluxDB at {self._url} refuses {whom}: "
                "check the options influx_user and influx_password"
            )
        shown = "".join(char for char in reason if char.isprintable())[:_LONGEST_SHOWN_CHARS]
        if status == httpx2.codes.FORBIDDEN or "not authorized" in reason:
            return PastSourceRefusedError(
                f"the user {self._user} may not read the database {self._database} of InfluxDB "
                f"at {self._url}: give it the right to read there ({shown})"
            )
        if "database not found" in reason:
            return PastSourceRefusedError(
                f"InfluxDB at {self._url} has no database {self._database}: "
                "check the option influx_database; it is the one in evcc's own settings"
            )
        if reason != _NO_ANSWER and status == httpx2.codes.OK:
            return self._failed(status, shown)  # one of the statements, such as a query timeout
        if status >= httpx2.codes.INTERNAL_SERVER_ERROR:
            return self._failed(status, shown)
        return PastSourceRefusedError(
            f"{self._url} does not answer like an InfluxDB (status {status}): "
            "check the option influx_url"
        )

    def _failed(self, status: int, reason: str) -> PastSourceUnavailableError:
        return PastSourceUnavailableError(
            f"InfluxDB at {self._url} failed (status {status}): {reason}"
        )

    def _too_slow(self) -> PastSourceUnavailableError:
        return PastSourceUnavailableError(
            f"InfluxDB at {self._url} took longer than {self._timeout_s:g} s to answer"
        )


def _to_table(series: _WireSeries) -> Table:
    return Table(
        tags=series.tags,
        rows=[
            (int(values[0]), tuple(values[1:]))
            for values in series.values
            if values and values[0] is not None
        ],
    )
