"""What the page may ask of control: wishes for the cycle, and the log of what was written.

Nothing here calls evcc. A wish that could not be fulfilled as things stand is refused at once; what
the others come to is in the state.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Annotated

from fastapi import FastAPI, Query, Response

from clock import EARLIEST_PLAUSIBLE_NOW
from control_json import command_to_json, titles_of
from domain.control import CommandRecord, InCharge
from domain.levers import loadpoint_of
from domain.state import SystemState
from domain.steering import Override, OverrideKind, Stage, StageMode
from inbox import EndOverride, Inbox, SetStage, StartOverride, Wish
from state_store import zone_of_home
from web import refusals
from web.refusals import RefusedError
from web.schemas import (
    OR_NOT_THERE,
    REFUSALS,
    ChargeNow,
    Done,
    EndWish,
    Holiday,
    KeepFull,
    StageChange,
    Until,
    WriteLog,
)

LONGEST_KEEP_FULL = timedelta(days=7)
LONGEST_HOLIDAY = timedelta(days=60)
# "For tonight" ends in the morning, but not in one that is about to begin.
MORNING = time(8)
SHORTEST_NIGHT = timedelta(hours=6)
MOST_WRITES = 500
# What is written in this very moment counts.
_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlParts:
    """Whom the routes ask; ``writes`` returns the commands from one instant to another."""

    inbox: Inbox
    now: Callable[[], datetime]
    state: Callable[[], SystemState | None]
    writes: Callable[[datetime, datetime], Sequence[CommandRecord]]


def add_control(app: FastAPI, parts: ControlParts) -> None:
    """Add the routes below ``/control/``."""
    _add_say(app, parts)
    _add_orders(app, parts)
    _add_holiday_and_end(app, parts)
    _add_writes(app, parts)


def next_morning(now: datetime, zone: tzinfo) -> datetime:
    """Return the next 08:00 by the home's clock that is at least 6 h away, in UTC."""
    day = now.astimezone(zone).date()
    while True:
        morning = datetime.combine(day, MORNING, tzinfo=zone).astimezone(UTC)
        if morning - now >= SHORTEST_NIGHT:
            return morning
        day += timedelta(days=1)


def _add_say(app: FastAPI, parts: ControlParts) -> None:
    @app.post("/control/release", responses=REFUSALS)
    def release() -> Done:
        """Give evcc its own settings back and write nothing until ``/control/resume``."""
        parts.inbox.put(Wish.RELEASE)
        return Done()

    @app.post("/control/resume", responses=REFUSALS)
    def resume() -> Done:
        """Take the wheel again; also ends each hold by the owner's hand in evcc."""
        state = parts.state()
        if state is not None and _is_automatic(state):
            raise RefusedError(refusals.EVCC_AUTOMATIC)
        parts.inbox.put(Wish.TAKE_CONTROL)
        return Done()

    @app.post("/control/stage", responses=REFUSALS)
    def stage(body: StageChange) -> Done:
        """Let the battery or the cars act, or only observe again."""
        if body.mode == "live":
            _check_say(_known(parts))
        parts.inbox.put(SetStage(stage=Stage(body.stage), mode=StageMode(body.mode)))
        return Done()


def _add_orders(app: FastAPI, parts: ControlParts) -> None:
    @app.post("/control/charge-now", responses=OR_NOT_THERE)
    def charge_now(body: ChargeNow) -> Until:
        """Charge a car at full power for a while, whatever the plan says."""
        state = _known(parts)
        _check_say(state)
        _check_car(state, body.device)
        until = _now(parts) + timedelta(minutes=body.minutes)
        return _start(parts, OverrideKind.CHARGE_NOW, until, body.device)

    @app.post("/control/keep-full", responses=REFUSALS)
    def keep_full(body: KeepFull | None = None) -> Until:
        """Fill the home battery and keep it full until then; without a time until the morning."""
        state = _known(parts)
        _check_say(state)
        battery = None if state.site is None else state.site.battery
        if battery is None or not battery.is_controllable:
            raise RefusedError(refusals.NO_BATTERY)
        now = _now(parts)
        until = None if body is None else body.until
        if until is None:
            until = next_morning(now, zone_of_home(state.service))
        _check_end(until, now, LONGEST_KEEP_FULL)
        return _start(parts, OverrideKind.KEEP_FULL, until)


def _add_holiday_and_end(app: FastAPI, parts: ControlParts) -> None:
    @app.post("/control/holiday", responses=REFUSALS)
    def holiday(body: Holiday) -> Until:
        """Expect an empty house until then, and charge no car without a plan of its own."""
        _check_end(body.until, _now(parts), LONGEST_HOLIDAY)
        return _start(parts, OverrideKind.HOLIDAY, body.until)

    @app.post("/control/end", responses=OR_NOT_THERE)
    def end(body: EndWish) -> Done:
        """End a wish before its time."""
        wish = EndOverride(kind=OverrideKind(body.kind), device=body.device)
        running = _known(parts).control.overrides
        if not any((one.kind, one.device) == (wish.kind, wish.device) for one in running):
            raise RefusedError(refusals.NO_OVERRIDE)
        parts.inbox.put(wish)
        return Done()


def _add_writes(app: FastAPI, parts: ControlParts) -> None:
    @app.get("/control/writes", responses=REFUSALS)
    def writes(response: Response, days: Annotated[int, Query(ge=1, le=31)] = 7) -> WriteLog:
        """Return what was written to evcc, or would have been, and what came of it."""
        now, state = parts.now(), parts.state()
        titles = titles_of(None if state is None else state.site)
        records = sorted(
            parts.writes(now - timedelta(days=days), now + _MOMENT),
            key=lambda record: record.at,
            reverse=True,
        )
        response.headers["Cache-Control"] = "no-store"
        return WriteLog(
            writes=[command_to_json(record, titles) for record in records[:MOST_WRITES]],
            more=len(records) > MOST_WRITES,
        )


def _start(parts: ControlParts, kind: OverrideKind, until: datetime, device: str = "") -> Until:
    override = Override(kind=kind, since=parts.now(), until=until, device=device)
    parts.inbox.put(StartOverride(override=override))
    return Until(until=until)


def _now(parts: ControlParts) -> datetime:
    now = parts.now()
    if now < EARLIEST_PLAUSIBLE_NOW:
        raise RefusedError(refusals.CLOCK_NOT_SET)
    return now


def _known(parts: ControlParts) -> SystemState:
    state = parts.state()
    if state is None:
        raise RefusedError(refusals.STARTING)
    return state


def _is_automatic(state: SystemState) -> bool:
    """Whether evcc's own automatic mode is on."""
    return state.site is not None and state.site.automatic_mode


def _check_say(state: SystemState) -> None:
    """Refuse what would have to be written to evcc while SmartLoad writes nothing."""
    if _is_automatic(state):
        raise RefusedError(refusals.EVCC_AUTOMATIC)
    if state.service.observe_only:
        raise RefusedError(refusals.OBSERVE_ONLY)
    # An automatic mode that is off keeps the say until somebody lets SmartLoad take over.
    if state.control.in_charge in {InCharge.RELEASED, InCharge.EVCC_AUTOMATIC}:
        raise RefusedError(refusals.RELEASED)


def _check_car(state: SystemState, device: str) -> None:
    loadpoint = None if state.site is None else loadpoint_of(state.site, device)
    if loadpoint is None:
        raise RefusedError(refusals.no_loadpoint(titles_of(state.site)))
    if loadpoint.is_heater or not loadpoint.connected:
        raise RefusedError(refusals.no_car(loadpoint.title or loadpoint.name))


def _check_end(until: datetime, now: datetime, longest: timedelta) -> None:
    if not now < until <= now + longest:
        raise RefusedError(refusals.end_out_of_range(longest))
