"""What everyone sees of a moment: the state put together, what is wrong, how much is done."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from control.ladder import Standing, step_to
from diagnosis import Circumstances, diagnose, is_balanced
from domain.control import BATTERY_MODE, BUFFER, ControlStatus, HoldEnd, InCharge
from domain.problem import Problem
from domain.site import BatteryMode, SiteSnapshot
from domain.state import ServiceStatus, SystemState
from domain.steering import (
    CommandCode,
    CommandReason,
    DoneNow,
    Opinions,
    Stage,
    StageMode,
    StageReport,
)
from domain.tariff import price_spread
from parts import EXPLAIN_FAILED, PLAN_FAILED, PROOF_FAILED, STEER_FAILED, Parts
from site_watch import Reading
from version import VERSION


def describe(parts: Parts, now: datetime, reading: Reading) -> SystemState:
    """Put together what is known before anything is decided; the rest is as it last was."""
    site = reading.site
    return SystemState(
        now=now,
        service=_describe_service(parts, now, reading),
        evcc=parts.watch.status,
        site=site,
        site_is_stale=not reading.is_fresh,
        price_spread=0.0 if site is None else price_spread(site.import_rates, now),
        pv=parts.pv_forecaster.report(),
        outlook=parts.memory.outlook,
        accuracy=parts.memory.retrospect.report,
        history=parts.memory.status(now),
        control=_describe_control(parts, now, reading),
        cycle=parts.last_cycle,
        problems=parts.board.problems,
    )


def conclude(parts: Parts, state: SystemState, reading: Reading) -> SystemState:
    """Add to ``state`` what a decision changes: the plan, who has the say, and what is wrong."""
    control = _describe_control(parts, state.now, reading)
    planned = parts.planning.result
    return replace(
        state,
        plan=planned.plan,
        plan_skipped=() if planned.plan is not None else planned.skipped,
        control=control,
        cycle=parts.last_cycle,
        problems=_find_problems(parts, state.now, reading, control),
        buffer_shadow=None if parts.risk is None else parts.risk.shadow_result(state.now),
        proof_summary=None if parts.proof is None else parts.proof.summary(),
    )


def _describe_service(parts: Parts, now: datetime, reading: Reading) -> ServiceStatus:
    installation = parts.installation
    told = None if reading.site is None else reading.site.time_zone
    zone = installation.fixed_zone or told or UTC
    offset = now.astimezone(zone).utcoffset() or timedelta(0)
    return ServiceStatus(
        version=VERSION,
        started_at=installation.started_at,
        language=parts.cfg.language,
        time_zone=getattr(zone, "key", None),
        utc_offset_min=round(offset / timedelta(minutes=1)),
        observe_only=bool(installation.config_problems),
        config_problems=installation.config_problems,
        options_path=installation.options_path,
        demo=None if installation.demo is None else installation.demo(),
    )


def _describe_control(parts: Parts, now: datetime, reading: Reading) -> ControlStatus:
    live_at = None if parts.buffer_calc is None else parts.buffer_calc.period(now)[1]
    status = parts.controller.status(
        is_live=parts.is_live(now),
        observation_ends_at=live_at,
        is_degraded=not reading.is_fresh or parts.buffer_calc is None,
        evcc_is_automatic=reading.site is not None and reading.site.automatic_mode,
    )
    return _with_stages(parts, status, now, reading)


def _find_problems(
    parts: Parts, now: datetime, reading: Reading, control: ControlStatus
) -> tuple[Problem, ...]:
    buffer_calc, files = parts.chosen_buffer, parts.state_files
    findings = diagnose(
        Circumstances(
            now=now,
            evcc_url=parts.watch.status.url,
            site=reading.site,
            evcc_error=reading.error,
            config_problems=parts.installation.config_problems,
            has_buffer=buffer_calc is not None,
            unreadable=tuple(file.load_problem for file in files if file.load_problem),
            unwritable=tuple(file.save_problem for file in files if file.save_problem),
            forecast_failure=next(
                (
                    text
                    for event, text in parts.failures.items()
                    if event not in {PLAN_FAILED, EXPLAIN_FAILED, STEER_FAILED, PROOF_FAILED}
                ),
                None,
            ),
            plan_failure=parts.failures.get(PLAN_FAILED),
            steer_failure=parts.failures.get(STEER_FAILED),
            cycle_failure=parts.cycle_failure,
            # Where somebody else has the say, a decision that is not applied is as it should be.
            not_applied=buffer_calc.not_applied
            if buffer_calc is not None
            and control.in_charge is InCharge.LIVE
            and parts.controller.has_begun
            else None,
            unconfirmed=parts.ledger.unconfirmed,
            budget_spent=_spent(control),
            foreign_mode=_foreign_mode(parts),
            fuse_relief=_relief(parts),
            automatic_ended=control.opinions is not None and not control.opinions.is_on,
        )
    )
    return parts.board.update(findings, now)


def _spent(control: ControlStatus) -> tuple[str, ...]:
    """Return the settings that may not be changed any more today."""
    writes = control.writes
    if writes is None:
        return ()
    if writes.n_today >= writes.most_per_day:
        return tuple(dict.fromkeys(setting for setting, *_ in writes.by_lever))
    return tuple(
        dict.fromkeys(setting for setting, _, count, most in writes.by_lever if count >= most)
    )


def _foreign_mode(parts: Parts) -> str | None:
    """Return the battery mode that somebody else imposes."""
    hold = parts.controller.hold_on(BATTERY_MODE)
    return str(hold.owner) if hold is not None and hold.ends is HoldEnd.WHEN_GONE else None


def _relief(parts: Parts) -> Mapping[str, str] | None:
    reason = parts.steering.relief
    return None if reason is None else {name: str(fact) for name, fact in reason.facts.items()}


# -- what battery, cars and buffer do ---------------------------------------------------------


def _with_stages(
    parts: Parts, status: ControlStatus, now: datetime, reading: Reading
) -> ControlStatus:
    """Return the status with stages, ladder, gates, counts and, if need be, both opinions."""
    controller, steering = parts.controller, parts.steering
    parts.rung = step_to(parts.rung, _standing(parts, now, reading))
    return replace(
        status,
        stages=tuple(_stage(parts, stage, now) for stage in Stage),
        rung=parts.rung,
        bat_to_car=steering.bat_to_car,
        writes=parts.ledger.count(now),
        opinions=None
        if controller.automatic_since is None
        else _opinions(parts, controller.automatic_since, reading.site),
    )


def _standing(parts: Parts, now: datetime, reading: Reading) -> Standing:
    site, result = reading.site, parts.planning.result
    return Standing(
        now=now,
        site=site,
        is_fresh=reading.is_fresh,
        problem="" if reading.error is None else str(reading.error),
        is_automatic=parts.controller.automatic_since is not None,
        is_released=parts.controller.released,
        is_configured=parts.controller.may_write,
        can_save=parts.controller.can_save,
        meters_add_up=site is None or is_balanced(site),
        was_planned=parts.planning.tried_at is not None,
        plan=result.plan,
        skipped=result.skipped,
    )


def _stage(parts: Parts, stage: Stage, now: datetime) -> StageReport:
    is_live = stage in parts.live_stages(now)
    mode = StageMode.LIVE if is_live else StageMode.OBSERVING
    if stage is not Stage.BUFFER:
        return StageReport(
            stage=stage,
            mode=mode,
            since=parts.controller.live_since(stage) if is_live else None,
            done=parts.steering.done.get(stage, ()),
        )
    ends_at = None if parts.buffer_calc is None or is_live else parts.buffer_calc.period(now)[1]
    return StageReport(
        stage=stage, mode=mode, since=None, ends_at=ends_at, done=_buffer_done(parts)
    )


def _buffer_done(parts: Parts) -> tuple[DoneNow, ...]:
    target = parts.buffer_decided
    if target is None:
        return ()
    return (
        DoneNow(
            setting=BUFFER.setting.value,
            device="",
            title="",
            value=target[0],
            reason=CommandReason(code=CommandCode.BUFFER_DECIDED),
            is_applied=target[1],
        ),
    )


def buffer_decided(buffer_result: Mapping[str, object] | None) -> tuple[float, bool] | None:
    """Return where the buffer was last decided to stand [%], and whether evcc has it."""
    events = None if buffer_result is None else buffer_result["log_recent"]
    if not isinstance(events, list) or not events or not isinstance(events[-1], dict):
        return None
    pct = events[-1].get("new_buffer_pct")
    if not isinstance(pct, int | float):
        return None
    return float(pct), events[-1].get("applied") is True


def _opinions(parts: Parts, since: datetime, site: SiteSnapshot | None) -> Opinions:
    battery = None if site is None else site.battery
    ours = next(iter(parts.steering.done.get(Stage.BATTERY, ())), None)
    theirs = BatteryMode.UNKNOWN.value if battery is None else battery.mode.value
    return Opinions(
        since=since,
        is_on=site is not None and site.automatic_mode,
        evcc_mode=theirs if battery is None else battery.suggestion or theirs,
        our_mode=BatteryMode.NORMAL.value if ours is None else str(ours.value),
        our_reason=None if ours is None else ours.reason,
    )
