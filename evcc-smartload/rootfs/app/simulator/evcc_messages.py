"""Requests to, and answers of, the simulated evcc, independent of how they travel."""

from dataclasses import dataclass, field

from simulator.wire_format import to_json_line

_JSON = "application/json"
_JSON_ERROR = "application/json; charset=UTF-8"
_TEXT = "text/plain; charset=utf-8"


class EvccOfflineError(Exception):
    """Nothing listens: there is no answer at all."""


class ApiError(Exception):
    """A request that is answered with an error object."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """A request: path without query, query as it stands in the URL."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiResponse:
    """An answer; ``is_cut`` when the connection breaks in the middle of ``body``."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    is_cut: bool = False


def json_answer(value: object, *, has_envelope: bool = False) -> ApiResponse:
    """Return 200 with ``value``."""
    body = to_json_line({"result": value} if has_envelope else value)
    return ApiResponse(status=200, headers={"content-type": _JSON}, body=body)


def error_answer(status: int, message: str) -> ApiResponse:
    """Return evcc's error object."""
    body = to_json_line({"error": message})
    return ApiResponse(status=status, headers={"content-type": _JSON_ERROR}, body=body)


def text_answer(status: int, text: str) -> ApiResponse:
    """Return a plain text, as for unknown routes and missing authentication."""
    return ApiResponse(status=status, headers={"content-type": _TEXT}, body=text.encode())


def not_found() -> ApiResponse:
    """Return the answer for a path that no route matches."""
    return text_answer(404, "404 page not found\n")


def moved(request: ApiRequest, path: str) -> ApiResponse:
    """Return the redirect to the cleaned path."""
    location = f"{path}?{request.query}" if request.query else path
    is_read = request.method in ("GET", "HEAD")
    body = f'<a href="{location}">Moved Permanently</a>.\n\n' if is_read else ""
    headers = {"location": location, "content-type": "text/html; charset=utf-8"}
    return ApiResponse(status=301, headers=headers, body=body.encode())
