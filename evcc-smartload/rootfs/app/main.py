"""SmartLoad: builds the parts and tells the story of one cycle in order.

python main.py --evcc-url http://my-evcc:7070      a real evcc, in real time
python main.py --demo                              a simulated home
python main.py backtest --data DIR                 what it would have been worth on measured homes
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from acting import (
    as_owner_has_it,
    asks_of,
    help_car,
    holiday_until,
    preview_buffer,
    prices_ahead,
    steer,
    step_risk,
)
from clock import Clock, SystemClock, next_slot_start
from command_line import (
    HISTORY_NAME,
    OPTIONS_PATH,
    back_up_history,
    load_options,
    make_folder,
    parse_arguments,
    restore_missing,
    zone_of,
)
from config import Config
from controller import Controller
from domain.control import HoldEnd
from domain.ports import BufferSetter
from domain.site import UNTOLD_CURRENCY
from domain.state import CycleKind, CycleReport, SystemState
from evcc_client import EvccClient
from evcc_discovery import APP_CANDIDATES
from forecaster.pv import PVForecaster
from health import Heartbeat
from inbox import AnyWish, Inbox
from log_setup import set_up_logging
from memory import Memory, MemoryOptions
from mode_keeper import KEEP_EVERY, ModeKeeper
from observation.children import ChildRunner
from observation.looking import look_at_home
from observation.service import ObservationService
from ownership import hand_back, settle_ownership
from parts import (
    EXPLAIN_FAILED,
    PLAN_FAILED,
    PROOF_FAILED,
    STEER_FAILED,
    CycleParts,
    Installation,
    Parts,
)
from past_options import holidays_of, pasts_of, sessions_of
from planner.horizon_planner import HorizonPlanner, TimeLimits
from planning import Planning, plan_in_short
from problem_board import ProblemBoard
from serving import serve, web_for
from site_watch import Evcc, Reading, watch_for
from situation import buffer_decided, conclude, describe
from state_store import StateStore, zone_of_home
from steering import Steering
from storage.history_store import HistoryStore
from wishes import fulfil
from write_ledger import WriteLedger

if TYPE_CHECKING:
    # Loaded where they are needed: the simulator for a demo only, the buffer so that the service
    # runs without it when it cannot start.
    from buffers import RiskInCycle
    from demo import Demo
    from dynamic_buffer import DynamicBufferCalc

# Where evcc usually is when both run on the owner's own machines.
STAND_ALONE_CANDIDATES = ("http://localhost:7070", "http://evcc.local:7070", "http://evcc:7070")

PLAN_LIMITS = TimeLimits()
KEEPER_STOP_S = 0.2

log = structlog.get_logger("smartload")


# -- one cycle -----------------------------------------------------------------------------------


def run_cycle(parts: Parts, now: datetime, kind: CycleKind, reading: Reading) -> None:
    """Decide, apply, show and remember, once; ``reading`` is evcc's answer of this moment."""
    # Whose values stand in evcc comes first: one of them may be the owner's hand.
    settle_ownership(parts, now, reading)

    # What evcc has stored since is more exact than our readings. Its time to answer is not ours.
    every = parts.forecast_every()
    succeeds(parts, "fetch_failed", lambda: parts.memory.fetch(now, reading, every=every))
    started_s = parts.clock.monotonic_s()

    buffer_result = decide_and_act(parts, now, kind, reading)

    # Everyone who looks sees the same state, and the log gets one line of it.
    parts.n_cycles += 1
    parts.last_cycle = CycleReport(
        count=parts.n_cycles,
        kind=kind,
        at=now,
        next_at=next_slot_start(now),
        duration_ms=(parts.clock.monotonic_s() - started_s) * 1000.0,
    )
    state = conclude(parts, describe(parts, now, reading), reading)
    parts.store.update(
        state=state, plan_summary=summarise_plan(parts, state), buffer_result=buffer_result
    )
    log_decision(kind, state, buffer_result)

    # The first cycle adopts what is there; from now on writes go out.
    parts.controller.begin()


def decide_and_act(
    parts: CycleParts, now: datetime, kind: CycleKind, reading: Reading
) -> dict[str, object] | None:
    """Forecast, plan, decide and carry out; return what was decided of the buffer.

    Everything that has an effect on the home is in here: a past that is lived again to see what
    SmartLoad would have been worth turns the same steps.
    """
    controller, pv_forecaster, buffer_calc = (
        parts.controller,
        parts.pv_forecaster,
        parts.buffer_calc,
    )

    # What the next days bring; when that cannot be said, nothing is trusted.
    if not succeeds(
        parts,
        "forecast_failed",
        lambda: parts.memory.forecast(
            now,
            pv_forecaster,
            reading,
            every=parts.forecast_every(),
            holiday_until=holiday_until(parts, now),
        ),
    ):
        pv_forecaster.distrust(now)
    pv_96 = pv_forecaster.slots_kw
    state = prices_ahead(now, reading)

    # What battery and cars should do, and why, with the buffer as it is about to be decided.
    buffer_pct = preview_buffer(parts, now, state, reading)
    make_plan(parts, now, kind, reading, buffer_pct)

    # Whether the home battery helps a car: evcc's boost, down to the buffer (bat-to-EV).
    is_steering = steers(parts, lambda: help_car(parts, now, reading, buffer_pct))

    # Where the buffer should stand and, once live, evcc told so.
    buffer_result: dict[str, object] | None = None
    if buffer_calc is not None and not controller._bat_to_ev_active:  # noqa: SLF001  # specified
        try:
            buffer_result = buffer_calc.step(
                pv_confidence=pv_forecaster.confidence,
                price_spread=state.price_spread,
                pv_96=pv_96 or [],
                now=now.astimezone(UTC),
            )
        except Exception as exc:  # noqa: BLE001  # specified: a warning, and the cycle goes on
            log.warning("buffer_step_failed", error=str(exc) or type(exc).__name__)
        parts.ledger.settle()
        parts.buffer_decided = buffer_decided(buffer_result)
        parts.memory.note_decision(now, buffer_result)
    elif buffer_calc is not None:
        buffer_result = buffer_calc.result(now)

    # The risk-based buffer beside it: in its place where the owner chose it, else only shown.
    buffer_result = step_risk(parts, now, state, buffer_result)

    # The battery's mode and the cars' limits follow the plan, or a recorder takes them.
    if is_steering:
        steers(parts, lambda: steer(parts, now, reading, buffer_pct))

    return buffer_result


def make_plan(
    parts: CycleParts, now: datetime, kind: CycleKind, reading: Reading, buffer_pct: float | None
) -> None:
    """Plan from now on, unless a past is being lived through; a failure ends nothing."""
    every, last = parts.plan_every(), parts.planning.tried_at
    if every is None:
        return
    is_recent = last is not None and timedelta(0) <= now - last < every
    if is_recent and kind is not CycleKind.CHANGE:
        return
    if not succeeds(
        parts,
        PLAN_FAILED,
        lambda: parts.planning.update(
            now,
            as_owner_has_it(parts, reading),
            parts.memory.outlook,
            buffer_soc_pct=buffer_pct,
            asked=asks_of(parts, now, reading),
        ),
    ):
        parts.planning.fail(now, parts.failures[PLAN_FAILED])


def explain_plan(parts: Parts, now: datetime, reading: Reading) -> None:
    """Find out what else could be done, and show it."""
    if parts.planning.explain(lambda: parts.inbox.is_stopping):
        show(parts, now, reading)


def summarise_plan(parts: Parts, state: SystemState) -> dict[str, object] | None:
    """Return the plan in short, as everyone sees it; None without one."""
    currency = UNTOLD_CURRENCY if state.site is None else state.site.currency
    return parts.planning.summary(state.now, zone=zone_of_home(state.service), currency=currency)


def succeeds(parts: CycleParts, failed: str, step: Callable[[], None]) -> bool:
    """Do a step that the buffer and the page must not wait for; return whether it succeeded.

    A failure is logged as the event ``failed`` when it is a new one, and kept for the page.
    """
    try:
        step()
    except Exception as exc:
        failure = f"{type(exc).__name__}: {exc}"
        if failure != parts.failures.get(failed):
            log.exception(failed)
        parts.failures[failed] = failure
        return False
    parts.failures.pop(failed, None)
    return True


def steers(parts: CycleParts, step: Callable[[], None]) -> bool:
    """Do a step of acting; where it fails nobody watches what is imposed, so that may lapse."""
    if succeeds(parts, STEER_FAILED, step):
        return True
    parts.steering.pause()
    return False


def look_back(parts: Parts, now: datetime) -> None:
    """See how right the forecasts were, and tidy up; nothing else depends on it."""
    parts.memory.look_back(now)
    parts.memory.tidy(now)


def log_decision(
    kind: CycleKind, state: SystemState, buffer_result: Mapping[str, object] | None
) -> None:
    """Write the one line of this cycle."""
    events = None if buffer_result is None else buffer_result["log_recent"]
    last = events[-1] if isinstance(events, list) and events else {}
    log.info(
        "decision",
        kind=kind.value,
        slot=state.now.isoformat(timespec="minutes"),
        mode=last.get("mode"),
        buffer_soc_pct=last.get("new_buffer_pct"),
        applied=last.get("applied"),
        reason=last.get("reason"),
        in_charge=state.control.in_charge.value,
        stale=state.site_is_stale,
        **plan_in_short(state),
    )


# -- the loop ------------------------------------------------------------------------------------


def run_loop(
    parts: Parts,
    *,
    until: datetime | None = None,
    on_started: Callable[[], None] = lambda: None,
) -> None:
    """Turn until asked to stop: a cycle at start, at each quarter hour and on a real change.

    In between evcc is polled, so that the page is current and a change is noticed. ``until``
    ends the loop at that time; ``on_started`` is called after the first cycle.
    """
    clock, inbox = parts.clock, parts.inbox
    turn(parts, clock.now(), CycleKind.START)
    on_started()
    next_slot = next_slot_start(clock.now())
    while until is None or clock.now() < until:
        clock.wait_until(min(next_slot, clock.now() + next_look(parts)), inbox.wake)
        wishes = inbox.take()
        if inbox.is_stopping:
            return
        now = clock.now()
        # A clock that was set back would otherwise wait for a slot far away.
        if now >= next_slot or next_slot_start(now) < next_slot:
            turn(parts, now, CycleKind.SLOT, wishes)
            next_slot = next_slot_start(now)
        else:
            turn(parts, now, CycleKind.CHANGE if wishes else None, wishes)


def next_look(parts: Parts) -> timedelta:
    """Return how long to wait before evcc is looked at again; an imposed mode must not lapse."""
    return min(parts.poll(), KEEP_EVERY) if parts.steering.is_imposing else parts.poll()


def turn(
    parts: Parts, now: datetime, kind: CycleKind | None, wishes: Sequence[AnyWish] = ()
) -> None:
    """Fulfil wishes, read evcc and run the cycle that is due; without one show what was read.

    Nothing that happens in here ends the loop: the next quarter hour comes in any case.
    """
    try:
        for wish in wishes:
            fulfil(parts, wish)
        reading = parts.watch.read(now)
        parts.memory.observe(now, reading, parts.poll())
        succeeds(parts, PROOF_FAILED, lambda: look_at_home(parts, now, reading))
        if kind is None and reading.changed:
            kind = CycleKind.CHANGE
        if kind is not None:
            run_cycle(parts, now, kind, reading)
            parts.cycle_failure = None
            parts.heartbeat.cycled(parts.clock.monotonic_s(), can_save=parts.can_save)
            parts.after_cycle(now)
            # What else could be done takes many times a plan's time, and nothing waits for it.
            succeeds(parts, EXPLAIN_FAILED, lambda: explain_plan(parts, now, reading))
        else:
            settle_ownership(parts, now, reading)
            steers(parts, lambda: act(parts, now, reading))
            show(parts, now, reading)
            parts.heartbeat.turned(parts.clock.monotonic_s())
        # How right it all was is looked at piece by piece, when everything else is done.
        succeeds(parts, "look_back_failed", lambda: look_back(parts, now))
    except Exception as exc:
        # The one broad net of the service: whatever a cycle trips over, the next one comes. The
        # page learns of it with the next look at evcc, and until a cycle succeeds.
        failure = f"{type(exc).__name__}: {exc}"
        if failure != parts.cycle_failure:
            log.exception("cycle_failed")
        parts.cycle_failure = failure
        parts.steering.pause()
        parts.heartbeat.turned(parts.clock.monotonic_s())


def act(parts: CycleParts, now: datetime, reading: Reading) -> None:
    """Between two cycles the plan is carried out by what the newest reading shows."""
    # Not what was last decided of the buffer: while the battery helps a car that stands still, and
    # the limit of the boost would go back and forth between the two.
    buffer_pct = parts.steering.buffer_soc_pct
    help_car(parts, now, reading, buffer_pct)
    steer(parts, now, reading, buffer_pct)


def show(parts: Parts, now: datetime, reading: Reading) -> None:
    """Publish the present state without deciding anything."""
    state = conclude(parts, describe(parts, now, reading), reading)
    parts.store.update(
        state=state,
        plan_summary=summarise_plan(parts, state),
        buffer_result=parts.buffer_result(now),
    )


# -- building ------------------------------------------------------------------------------------


def build_parts(  # noqa: PLR0913  # where everything is, by name
    cfg: Config,
    installation: Installation,
    *,
    clock: Clock,
    evcc_at: Evcc,
    data_dir: Path,
    import_clock: Clock | None = None,
    environ: Mapping[str, str] | None = None,
    plan_limits: TimeLimits = PLAN_LIMITS,
) -> Parts:
    """Build everything the cycle works with; nothing is read from evcc yet."""
    now = clock.now()
    zone = installation.fixed_zone or UTC
    controller = Controller(
        data_dir / "smartload_control.json",
        clock.now,
        zone,
        may_write=not installation.config_problems,
        hold_ends=None if cfg.owner_hold == "auto" else HoldEnd(cfg.owner_hold),
    )
    history = HistoryStore(data_dir / HISTORY_NAME, now=now, keep_days=cfg.history_days)
    ledger = WriteLedger(controller, history, clock.now, zone)
    evcc = EvccClient(
        evcc_at.url or evcc_at.candidates[0], guard=ledger, transport=evcc_at.transport
    )
    steering = Steering(
        cfg=cfg,
        controller=controller,
        ledger=ledger,
        evcc=evcc,
        keeper=ModeKeeper(evcc, clock.now),
        now=clock.now,
    )
    buffer_calc = build_buffer(cfg, steering, data_dir / "smartload_buffer_model.json", clock)
    memory = Memory(
        MemoryOptions(
            data_dir=data_dir,
            keep=timedelta(days=cfg.history_days),
            zone=zone,
            holidays=lambda home: holidays_of(cfg.holidays, home),
            pasts=pasts_of(
                cfg,
                environ or {},
                lambda: sessions_of(evcc, clock.now(), cfg.history_days),
            ),
        ),
        history,
        evcc,
        clock,
        import_clock=import_clock,
    )
    risk = build_risk_buffer(
        cfg,
        steering,
        data_dir / "smartload_risk_buffer.json",
        clock,
        formula=buffer_calc,
        memory=memory,
    )
    if buffer_calc is not None:
        buffer_calc.use_time_zone(zone)
    if risk is not None:
        risk.calc.use_time_zone(zone)
    return Parts(
        cfg=cfg,
        installation=installation,
        clock=clock,
        evcc=evcc,
        watch=watch_for(evcc, evcc_at, now),
        controller=controller,
        pv_forecaster=PVForecaster(now, data_dir / "smartload_pv_model.json"),
        memory=memory,
        planning=Planning(
            cfg, history, HorizonPlanner(seconds=clock.monotonic_s, limits=plan_limits)
        ),
        ledger=ledger,
        steering=steering,
        buffer_calc=buffer_calc,
        risk=risk,
        store=StateStore(),
        inbox=Inbox(),
        heartbeat=Heartbeat(clock.monotonic_s()),
        board=ProblemBoard(),
    )


def build_buffer(
    cfg: Config, evcc: BufferSetter, path: Path, clock: Clock
) -> "DynamicBufferCalc | None":
    """Build the dynamic buffer; the service runs without it when that fails."""
    buffer_calc = None
    try:
        from dynamic_buffer import DynamicBufferCalc  # noqa: PLC0415  # specified

        if cfg.buffer_strategy == "risk":
            from buffers import formula_in_shadow  # noqa: PLC0415  # as the buffer itself

            buffer_calc = formula_in_shadow(cfg, path, clock.now)
        else:
            buffer_calc = DynamicBufferCalc(cfg, evcc, path=path, clock=clock.now)
        log.info("buffer_ready", battery_min_soc_pct=cfg.battery_min_soc)
    except Exception as exc:  # noqa: BLE001  # specified: a warning, and the service goes on
        log.warning("buffer_missing", error=str(exc) or type(exc).__name__)
    return buffer_calc


def build_risk_buffer(  # noqa: PLR0913  # what a calculator is built from
    cfg: Config,
    evcc: BufferSetter,
    path: Path,
    clock: Clock,
    *,
    formula: "DynamicBufferCalc | None",
    memory: Memory,
) -> "RiskInCycle | None":
    """Build the risk-based buffer; the service runs without it when that fails."""
    if formula is None:
        return None
    try:
        from buffers import build_risk  # noqa: PLC0415  # as the buffer itself

        return build_risk(cfg, evcc, path, clock.now, formula=formula, knowledge=memory)
    except Exception as exc:  # noqa: BLE001  # as the buffer itself
        log.warning("risk_buffer_missing", error=str(exc) or type(exc).__name__)
        return None


# -- the process ---------------------------------------------------------------------------------


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the service, or the command that is named; return the exit code."""
    if argv[:1] == ["backtest"]:
        from backtest.command import main as backtest  # noqa: PLC0415  # the service needs none of it

        return backtest(argv[1:], environ)
    # Until there is something to hand back, being asked to stop simply ends us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    arguments = parse_arguments(argv)
    loaded = load_options(arguments, environ)
    cfg = loaded.config
    set_up_logging(cfg.log_level)
    data_dir = Path(cfg.data_dir, "demo") if arguments.demo else Path(cfg.data_dir)
    if arguments.backup is not None:
        return back_up_history(data_dir, arguments.backup)
    make_folder(data_dir)
    restore_missing(data_dir)
    demo = build_demo(cfg, data_dir, fresh=arguments.fresh) if arguments.demo else None
    clock: Clock
    if demo is not None:
        clock = demo.clock
        evcc_at = Evcc(url=demo.evcc_url, transport=demo.transport)
    else:
        clock = SystemClock()
        candidates = APP_CANDIDATES if loaded.is_app else STAND_ALONE_CANDIDATES
        evcc_at = Evcc(url=cfg.evcc_url, candidates=candidates)
    installation = Installation(
        started_at=clock.now(),
        config_problems=loaded.problems,
        options_path=str(OPTIONS_PATH if loaded.is_app else arguments.options or "SMARTLOAD_*"),
        fixed_zone=None if demo else zone_of(cfg, environ),
        demo=None if demo is None else demo.status,
    )
    parts = build_parts(
        cfg,
        installation,
        clock=clock,
        evcc_at=evcc_at,
        data_dir=data_dir,
        import_clock=None if demo is None else demo.import_clock,
        environ=environ,
    )
    begin_import = parts.memory.importing.start
    if demo is not None:
        # What the simulated evcc recorded is there at once, so that the demo is always the same.
        begin_import = parts.memory.importing.run
        parts = replace(
            parts,
            poll=demo.poll,
            forecast_every=demo.forecast_every,
            plan_every=demo.plan_every,
            after_cycle=demo.after_cycle,
        )
    proof = ObservationService(data_dir, data_dir / HISTORY_NAME, clock=clock, runner=ChildRunner())
    parts = replace(parts, proof=proof)
    try:
        web = web_for(parts, loaded, demo=demo)
    except OSError as exc:
        log.error("page_cannot_start", address=cfg.bind_address, port=cfg.port, why=exc.strerror,
                  what_to_do="set the options bind_address or port")  # fmt: skip
        return 2
    log.info("page", url=f"http://{cfg.bind_address}:{web.port}/")

    def keep_every_s() -> float:
        return KEEP_EVERY.total_seconds() / (1.0 if demo is None else demo.clock.speed)

    def is_alive() -> bool:
        return parts.heartbeat.is_turning(clock.monotonic_s())

    def cycle() -> None:
        parts.steering.keeper.start(keep_every_s, is_alive)
        run_loop(parts, on_started=begin_import)
        parts.steering.keeper.stop(KEEPER_STOP_S)
        hand_back(parts)

    try:
        return serve(parts, web, cycle=cycle)
    finally:
        parts.evcc.close()
        if demo is not None:
            demo.close()


def build_demo(cfg: Config, data_dir: Path, *, fresh: bool) -> "Demo":
    """Build the simulated home with its evcc and its clock."""
    from demo import Demo  # noqa: PLC0415  # only a demo needs the simulator

    return Demo(data_dir, seed=cfg.demo_seed, speed=cfg.demo_speed, fresh=fresh)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
