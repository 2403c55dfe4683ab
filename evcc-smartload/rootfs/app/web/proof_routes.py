"""What the page may ask of the report and of back-tests; who works them out is somebody else."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Protocol

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse

from domain.observation import Started
from domain.state import SystemState
from planner.wording_figures import Lang
from state_store import zone_of_home
from web import refusals
from web.refusals import RefusedError
from web.schemas import OR_NOT_THERE, REFUSALS, BacktestPeriod, Done

LONGEST_BACKTEST = timedelta(days=400)
_KEEPS_NOTHING = {"Cache-Control": "no-store"}


class ProofDesk(Protocol):
    """Works out the report and back-tests; any thread may ask, and nothing takes long."""

    def proof(self) -> Mapping[str, object]:
        """Return the answer of ``GET /proof``."""
        ...

    def backtest(self) -> Mapping[str, object]:
        """Return the answer of ``GET /proof/backtest``."""
        ...

    def start_backtest(self, first: date, last: date) -> Started:
        """Begin to live through the local days ``first`` to ``last``, both inside."""
        ...

    def cancel_backtest(self) -> None:
        """Give up the back-test that is running, if one is."""
        ...

    def backtest_file(self, kind: str) -> Path | None:
        """Return a file of the finished back-test: json, csv, html.de or html.en."""
        ...


Find = Callable[[], ProofDesk | None]


def add_proof(
    app: FastAPI,
    *,
    desk: Find,
    now: Callable[[], datetime],
    state: Callable[[], SystemState | None],
    language: Callable[[Request], Lang],
) -> None:
    """Add the routes below ``/proof``.

    Args:
        app: The service.
        desk: Whom to ask; None: nothing can be worked out here.
        now: Tells the time.
        state: What is known of the home.
        language: Which one a reader likes.
    """
    _add_report(app, desk)
    _add_backtest(app, desk, now, state)
    _add_files(app, desk, language)


def _add_report(app: FastAPI, desk: Find) -> None:
    @app.get("/proof", responses=REFUSALS)
    def proof() -> JSONResponse:
        """Return the report: what was paid, and what others would have paid."""
        return JSONResponse(_found(desk).proof(), headers=_KEEPS_NOTHING)


def _add_backtest(
    app: FastAPI,
    desk: Find,
    now: Callable[[], datetime],
    state: Callable[[], SystemState | None],
) -> None:
    @app.get("/proof/backtest", responses=REFUSALS)
    def backtest() -> JSONResponse:
        """Return how far the back-test is, and what it came to."""
        return JSONResponse(_found(desk).backtest(), headers=_KEEPS_NOTHING)

    @app.post("/proof/backtest", status_code=202, responses=REFUSALS)
    def start(body: BacktestPeriod) -> Done:
        """Live through local days of the past once more, once per policy."""
        found, known = _found(desk), state()
        if known is None:
            raise RefusedError(refusals.STARTING)
        today = _today(now(), zone_of_home(known.service))
        if not body.first <= body.last < today:
            raise RefusedError(refusals.NO_PERIOD)
        if body.last - body.first >= LONGEST_BACKTEST:
            raise RefusedError(refusals.period_too_long(LONGEST_BACKTEST))
        answer = found.start_backtest(body.first, body.last)
        if answer is Started.RUNNING:
            raise RefusedError(refusals.BACKTEST_RUNNING)
        if answer is Started.NO_HISTORY:
            raise RefusedError(refusals.NO_HISTORY)
        return Done()

    @app.delete("/proof/backtest", responses=REFUSALS)
    def cancel() -> Done:
        """Give up the back-test that is running, if one is."""
        _found(desk).cancel_backtest()
        return Done()


def _add_files(app: FastAPI, desk: Find, language: Callable[[Request], Lang]) -> None:
    @app.get("/proof/backtest.html", responses=OR_NOT_THERE, response_class=FileResponse)
    def page(request: Request) -> FileResponse:
        """Return the finished back-test as a page to keep, in the reader's language."""
        return _file(desk, f"html.{language(request)}", "text/html", "smartload-backtest.html")

    @app.get("/proof/backtest.csv", responses=OR_NOT_THERE, response_class=FileResponse)
    def table() -> FileResponse:
        """Return its days as a table."""
        return _file(desk, "csv", "text/csv", "smartload-backtest.csv")

    @app.get("/proof/backtest.json", responses=OR_NOT_THERE, response_class=FileResponse)
    def everything() -> FileResponse:
        """Return all of it, with what it takes to do it again."""
        return _file(desk, "json", "application/json", "smartload-backtest.json")


def _file(desk: Find, kind: str, media_type: str, name: str) -> FileResponse:
    path = _found(desk).backtest_file(kind)
    if path is None:
        raise RefusedError(refusals.NO_BACKTEST)
    return FileResponse(path, media_type=media_type, filename=name, headers=_KEEPS_NOTHING)


def _found(desk: Find) -> ProofDesk:
    found = desk()
    if found is None:
        raise RefusedError(refusals.NO_HISTORY)
    return found


def _today(now: datetime, zone: tzinfo) -> date:
    return now.astimezone(zone).date()
