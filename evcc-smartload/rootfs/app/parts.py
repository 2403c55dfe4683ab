"""What one cycle works with, and how its state is put together for those who look."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from clock import Clock
from config import Config
from controller import Controller
from diagnosis import Circumstances, diagnose
from domain.config_problem import ConfigProblem
from domain.control import ControlStatus, InCharge
from domain.problem import Problem
from domain.state import CycleReport, DemoStatus, ServiceStatus, SystemState
from domain.tariff import price_spread
from evcc_client import EvccClient
from forecaster.pv import PVForecaster
from health import Heartbeat
from inbox import Inbox
from memory import Memory
from persistence import StateFile
from planning import Planning
from problem_board import ProblemBoard
from site_watch import Reading, SiteWatch
from state_store import StateStore
from storage.history_store import HistoryStore
from version import VERSION
from write_ledger import WriteLedger

if TYPE_CHECKING:
    # Loaded by main, in a way that lets the service run without it.
    from dynamic_buffer import DynamicBufferCalc

# Steps that may fail without stopping a cycle, by their event in the log; all others are forecasts.
PLAN_FAILED = "plan_failed"
EXPLAIN_FAILED = "explain_failed"
# evcc refreshes its readings every 30 s; a car that was plugged in is noticed within that.
POLL = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """How and where this service runs; ``fixed_zone`` is the zone that configuration names."""

    started_at: datetime
    config_problems: tuple[ConfigProblem, ...]
    options_path: str
    fixed_zone: tzinfo | None
    demo: Callable[[], DemoStatus] | None = None


@dataclass(slots=True, kw_only=True)
class Parts:
    """Built once; used by the cycle's thread only."""

    cfg: Config
    installation: Installation
    clock: Clock
    evcc: EvccClient
    watch: SiteWatch
    controller: Controller
    pv_forecaster: PVForecaster
    memory: Memory
    planning: Planning
    ledger: WriteLedger
    buffer_calc: "DynamicBufferCalc | None"
    store: StateStore
    inbox: Inbox
    heartbeat: Heartbeat
    board: ProblemBoard
    poll: Callable[[], timedelta] = lambda: POLL
    forecast_every: Callable[[], timedelta] = lambda: timedelta(0)
    """How old a forecast may become before there is another one."""
    after_cycle: Callable[[datetime], None] = lambda _: None
    n_cycles: int = 0
    last_cycle: CycleReport | None = None
    cycle_failure: str | None = None
    failures: dict[str, str] = field(default_factory=dict)
    """What lately failed without stopping a cycle, by the event in the log."""

    @property
    def state_files(self) -> tuple[StateFile | HistoryStore, ...]:
        """Every file that must survive a restart."""
        files: tuple[StateFile | HistoryStore | None, ...] = (
            None if self.buffer_calc is None else self.buffer_calc.state_file,
            self.controller.state_file,
            self.pv_forecaster.state_file,
            *self.memory.state_files,
        )
        return tuple(file for file in files if file is not None)

    @property
    def can_save(self) -> bool:
        """Whether everything that must survive a restart is on disk."""
        return all(file.save_problem is None for file in self.state_files)

    def is_live(self, now: datetime) -> bool:
        """Whether the buffer is applied to evcc."""
        return self.buffer_calc is not None and self.buffer_calc.period(now)[0] == "live"


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
        outlook=parts.memory.forecasting.outlook,
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
    return parts.controller.status(
        is_live=parts.is_live(now),
        observation_ends_at=live_at,
        is_degraded=not reading.is_fresh or parts.buffer_calc is None,
        evcc_is_automatic=reading.site is not None and reading.site.automatic_mode,
    )


def _find_problems(
    parts: Parts, now: datetime, reading: Reading, control: ControlStatus
) -> tuple[Problem, ...]:
    buffer_calc, files = parts.buffer_calc, parts.state_files
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
                    if event not in {PLAN_FAILED, EXPLAIN_FAILED}
                ),
                None,
            ),
            plan_failure=parts.failures.get(PLAN_FAILED),
            cycle_failure=parts.cycle_failure,
            # Where somebody else has the say, a decision that is not applied is as it should be.
            not_applied=buffer_calc.not_applied
            if buffer_calc is not None and control.in_charge is InCharge.LIVE
            else None,
        )
    )
    return parts.board.update(findings, now)
