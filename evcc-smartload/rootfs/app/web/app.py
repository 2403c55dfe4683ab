"""The HTTP service: the page, the state, and the few things that can be asked for.

Every answer is relative to wherever the service is reached, so it works behind a path prefix.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from clock import Clock
from domain.control import CommandRecord
from domain.ports import BufferControl
from domain.state import SystemState
from errors import ClockNotSetError, ExtensionTooShortError
from health import Heartbeat
from inbox import Inbox, Wish
from planner.wording_figures import Lang
from state_store import StateStore
from version import VERSION
from web import refusals
from web.accepted import LANGUAGES, accepts_gzip, preferred_language
from web.access import AccessRules
from web.broadcast import Broadcast, encode_json
from web.control_routes import ControlParts, add_control
from web.forecast_json import accuracy_to_json, forecast_to_json
from web.guard import PAGE_HEADERS, Guard, refuse
from web.plan_answer import PlanAnswers
from web.proof_routes import ProofDesk, add_proof
from web.refusals import RefusedError
from web.schemas import (
    REFUSALS,
    Activated,
    BufferLog,
    DemoSpeed,
    Done,
    Extended,
    ExtendObservation,
    Health,
)

STATIC_DIR = Path(__file__).parent / "static"
# More streams than a household has screens; beyond it somebody leaks them.
MOST_READERS = 500


class DemoControl(Protocol):
    """The clock of the simulated home."""

    def set_speed(self, speed: float) -> None:
        """Let simulated time pass ``speed`` times as fast as real time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebParts:
    """What the service shows and whom it asks."""

    store: StateStore
    inbox: Inbox
    heartbeat: Heartbeat
    clock: Clock
    rules: AccessRules
    buffer: Callable[[], BufferControl | None]
    risk_buffer: Callable[[], BufferControl | None] = lambda: None
    writes: Callable[[datetime, datetime], Sequence[CommandRecord]] = lambda *_: ()
    """Returns the commands to evcc from one instant to another."""
    demo: DemoControl | None = None
    proof: ProofDesk | None = None
    """Works out the report and back-tests; None: nothing of that can be asked for."""
    static_dir: Path = STATIC_DIR


def create_app(parts: WebParts) -> FastAPI:
    """Build the service; it starts and stops distributing states with its lifespan."""
    broadcast = Broadcast(parts.store)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        pump = asyncio.create_task(broadcast.run())
        try:
            yield
        finally:
            pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pump

    app = FastAPI(
        title="SmartLoad",
        version=VERSION,
        description="The dynamic buffer of a home with evcc: what it does, and why.",
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.broadcast = broadcast
    app.add_middleware(Guard, rules=parts.rules)
    _add_errors(app)
    _add_reading(app, parts, broadcast)
    _add_forecast(app, parts.store)
    _add_plan(app, parts.store)
    _add_buffer(app, parts)
    add_control(app, _control_parts(parts))
    add_proof(
        app,
        desk=lambda: parts.proof,
        now=parts.clock.now,
        state=lambda: _state_of(parts.store),
        language=lambda request: _language_of(request, parts.store),
    )
    _add_demo(app, parts)
    _add_page(app, parts.static_dir)
    return app


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(RefusedError)
    async def refused(request: Request, exc: RefusedError) -> Response:
        return refuse(request.headers, exc.refusal)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, exc: RequestValidationError) -> Response:
        return refuse(request.headers, refusals.invalid(exc))

    @app.exception_handler(HTTPException)
    async def other(request: Request, exc: HTTPException) -> Response:
        return refuse(request.headers, refusals.from_http(exc), exc.headers)

    @app.exception_handler(Exception)
    async def failed(request: Request, _: Exception) -> Response:
        # The framework logs the traceback; the guard is passed by, so its headers are added here.
        return refuse(request.headers, refusals.FAILED, PAGE_HEADERS)


def _add_reading(app: FastAPI, parts: WebParts, broadcast: Broadcast) -> None:
    @app.get("/healthz", responses={503: {"model": Health}})
    async def healthz(response: Response) -> Health:
        """Whether the loop is alive and can save; never whether evcc is."""
        complaint = parts.heartbeat.complaint(parts.clock.monotonic_s())
        if complaint is not None:
            response.status_code = 503
        return Health(ok=complaint is None, complaint=complaint)

    @app.get("/status", responses=REFUSALS)
    def status() -> Response:
        """Return the whole state, as the events carry it."""
        snapshot = parts.store.snapshot()
        if snapshot["version"] == 0:
            raise RefusedError(refusals.STARTING)
        return Response(
            encode_json(snapshot),
            media_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    @app.get(
        "/events",
        responses={200: {"content": {"text/event-stream": {}}}, **REFUSALS},
        response_class=StreamingResponse,
    )
    async def events() -> StreamingResponse:
        """Stream the whole state now and at each change, with heartbeats."""
        if broadcast.n_readers >= MOST_READERS:
            raise RefusedError(refusals.TOO_MANY_READERS)
        return StreamingResponse(
            broadcast.stream(),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


def _add_forecast(app: FastAPI, store: StateStore) -> None:
    @app.get("/forecast", responses=REFUSALS)
    def forecast() -> Response:
        """Return what is expected of the next days; its parts are null before the first one."""
        state = _state_of(store)
        outlook, accuracy = (state.outlook, state.accuracy) if state else (None, None)
        return _json(forecast_to_json(outlook, accuracy))

    @app.get("/forecast/accuracy", responses=REFUSALS)
    def forecast_accuracy() -> Response:
        """Return how right the forecasts of the last weeks were; null before there is any."""
        state = _state_of(store)
        return _json(accuracy_to_json(state.accuracy if state else None))


def _add_plan(app: FastAPI, store: StateStore) -> None:
    answers = PlanAnswers()

    @app.get("/plan", responses=REFUSALS)
    def plan(request: Request, lang: Lang | None = None) -> Response:
        """Return the plan and why it is as it is; without one it is empty and says why.

        ``lang`` is the language of the sentences: the owner's or the browser's if not given.
        """
        state = _state_of(store)
        told_in = lang or _language_of(request, store)
        packed = accepts_gzip(request.headers.get("accept-encoding", ""))
        return Response(
            answers.answer(state, told_in, packed=packed),
            media_type="application/json",
            headers={
                "Cache-Control": "no-store",
                "Vary": "Accept-Encoding, Accept-Language",
                **({"Content-Encoding": "gzip"} if packed else {}),
            },
        )


def _language(state: SystemState | None, accepted: str) -> Lang:
    configured = "auto" if state is None else state.service.language
    known = [lang for lang in LANGUAGES if lang == configured]
    return known[0] if known else preferred_language(accepted)


def _language_of(request: Request, store: StateStore) -> Lang:
    return _language(_state_of(store), request.headers.get("accept-language", ""))


def _json(answer: dict[str, object]) -> Response:
    return Response(
        json.dumps(answer, allow_nan=False, separators=(",", ":")),
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def _state_of(store: StateStore) -> SystemState | None:
    state = store.snapshot()["state"]
    return state if isinstance(state, SystemState) else None


def _add_buffer(app: FastAPI, parts: WebParts) -> None:
    def buffer() -> BufferControl:
        control = parts.buffer()
        if control is None:
            raise RefusedError(refusals.NO_BUFFER)
        return control

    @app.get("/buffer/log", responses=REFUSALS)
    def log(strategy: Literal["formula", "risk"] = "formula") -> BufferLog:
        """Return every stored event, up to 700 (seven days), oldest first.

        ``strategy`` is whose: the formula's, or the risk-based buffer's.
        """
        if strategy == "formula":
            return BufferLog(events=buffer().log())
        risk_buffer = parts.risk_buffer()
        if risk_buffer is None:
            raise RefusedError(refusals.NO_BUFFER)
        return BufferLog(events=risk_buffer.log())

    @app.post("/buffer/activate-live", responses=REFUSALS)
    def activate_live() -> Activated:
        """Go live now; evcc's ``bufferSoc`` follows within seconds."""
        buffer().activate_live()
        parts.inbox.put(Wish.TAKE_CONTROL)
        return Activated()

    @app.post("/buffer/extend-obs", responses=REFUSALS)
    def extend_observation(body: ExtendObservation | None = None) -> Extended:
        """Observe for some days from now; refused when the running period lasts longer."""
        days = (body or ExtendObservation()).days
        control = buffer()
        try:
            control.check_extension(days)
            control.extend_observation(days)
        except ExtensionTooShortError as exc:
            raise RefusedError(refusals.too_short(exc, _utc_offset(parts.store))) from exc
        except ClockNotSetError as exc:
            raise RefusedError(refusals.CLOCK_NOT_SET) from exc
        parts.inbox.put(Wish.REFRESH)
        return Extended(extended_days=days)


def _utc_offset(store: StateStore) -> timedelta:
    state = _state_of(store)
    return timedelta(minutes=0 if state is None else state.service.utc_offset_min)


def _control_parts(parts: WebParts) -> ControlParts:
    return ControlParts(
        inbox=parts.inbox,
        now=parts.clock.now,
        state=lambda: _state_of(parts.store),
        writes=parts.writes,
    )


def _add_demo(app: FastAPI, parts: WebParts) -> None:
    if parts.demo is not None:
        clock = parts.demo

        @app.post("/demo/speed", responses=REFUSALS)
        def set_speed(body: DemoSpeed) -> Done:
            """Let the simulated home live faster or slower."""
            clock.set_speed(body.speed)
            parts.inbox.put(Wish.REFRESH)
            return Done()


def _add_page(app: FastAPI, static_dir: Path) -> None:
    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    def page() -> Response:
        index = static_dir / "index.html"
        if not index.is_file():
            return HTMLResponse(_NO_PAGE, status_code=503)
        return FileResponse(index, headers={"Cache-Control": "no-cache"})

    if static_dir.is_dir():
        app.mount("/", StaticFiles(directory=static_dir), name="static")


_NO_PAGE = (
    '<!doctype html><meta charset="utf-8"><title>SmartLoad</title>'
    "<p>Die Seite ist noch nicht gebaut / the page has not been built yet: <code>make page</code>."
)
