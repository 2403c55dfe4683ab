"""The door of the HTTP service: every request passes ``check_access`` and a size limit first."""

import re
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.access import AccessRules, Refusal, check_access

LARGEST_BODY_BYTES = 10_000
# Home Assistant shows the page in a frame of its own origin; scripts and styles are all ours.
PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_UNAUTHORIZED = 401
_LENGTH = re.compile("[0-9]{1,9}")
_TOO_LARGE = Refusal(
    status=413,
    code="too_large",
    text_de="Die Anfrage ist zu groß oder ohne Längenangabe.",
    text_en="The request is too large or does not tell its length.",
)


class Guard:
    """ASGI middleware; streams pass through it untouched."""

    def __init__(self, app: ASGIApp, rules: AccessRules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        peer = scope.get("client")
        refusal = check_access(
            self._rules,
            peer=peer[0] if peer else None,
            method=scope["method"],
            path=scope["path"],
            headers=headers,
        )
        if refusal is None and _is_too_large(headers):
            refusal = _TOO_LARGE

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(PAGE_HEADERS)
            await send(message)

        answer = self._app if refusal is None else refuse(headers, refusal)
        await answer(scope, receive, send_with_headers)


def refuse(
    headers: Mapping[str, str], refusal: Refusal, extra: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return a refusal in the language the browser asked for, with ``extra`` headers."""
    german = headers.get("accept-language", "").lower().startswith("de")
    challenge = {"WWW-Authenticate": "Bearer"} if refusal.status == _UNAUTHORIZED else {}
    return JSONResponse(
        {"error": refusal.text_de if german else refusal.text_en, "code": refusal.code},
        status_code=refusal.status,
        headers={"Cache-Control": "no-store", **challenge, **(extra or {})},
    )


def _is_too_large(headers: Mapping[str, str]) -> bool:
    if "transfer-encoding" in headers:
        # No caller of ours streams a body, and without a length it could be endless.
        return True
    length = headers.get("content-length", "0")
    return not _LENGTH.fullmatch(length) or int(length) > LARGEST_BODY_BYTES
