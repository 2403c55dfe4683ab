"""What one cycle works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Protocol

from clock import Clock
from config import Config
from controller import Controller
from domain.config_problem import ConfigProblem
from domain.outlook import Outlook
from domain.state import CycleReport, DemoStatus
from domain.steering import ControlRung, Stage
from evcc_client import EvccClient
from forecaster.pv import PVForecaster
from health import Heartbeat
from inbox import Inbox
from memory import Memory
from observation.service import ObservationService
from persistence import StateFile
from planning import Planning
from problem_board import ProblemBoard
from site_watch import Reading, SiteWatch
from state_store import StateStore
from steering import Steering
from storage.history_store import HistoryStore
from write_ledger import WriteLedger

if TYPE_CHECKING:
    # Loaded by main, in a way that lets the service run without them.
    from buffers import RiskInCycle
    from dynamic_buffer import DynamicBufferCalc

# Steps that may fail without stopping a cycle, by their event in the log; all others are forecasts.
PLAN_FAILED = "plan_failed"
EXPLAIN_FAILED = "explain_failed"
STEER_FAILED = "steer_failed"
PROOF_FAILED = "proof_failed"
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


class CycleMemory(Protocol):
    """What a cycle asks of the memory: ``Memory``, or a past that is lived again."""

    @property
    def outlook(self) -> Outlook | None:
        """What is expected; None before the first forecast."""
        ...

    def forecast(
        self,
        now: datetime,
        pv: "PVForecaster",
        reading: Reading,
        *,
        every: timedelta,
        holiday_until: datetime | None = None,
    ) -> None:
        """Say what is expected, unless it was said less than ``every`` ago."""
        ...

    def note_decision(self, now: datetime, buffer_result: Mapping[str, object] | None) -> None:
        """Keep the cycle's decision about the buffer."""
        ...

    def use_time_zone(self, zone: tzinfo) -> None:
        """Take ``zone`` for the home's from now on."""
        ...


@dataclass(slots=True, kw_only=True)
class CycleParts:
    """What decides and acts; built once, used by the cycle's thread only."""

    cfg: Config
    installation: Installation
    clock: Clock
    evcc: EvccClient
    controller: Controller
    pv_forecaster: PVForecaster
    memory: CycleMemory
    planning: Planning
    ledger: WriteLedger
    steering: Steering
    buffer_calc: "DynamicBufferCalc | None"
    risk: "RiskInCycle | None" = None
    """The risk-based buffer beside it: in its place where the owner chose it, else only shown."""
    forecast_every: Callable[[], timedelta] = lambda: timedelta(0)
    """How old a forecast may become before there is another one."""
    plan_every: Callable[[], timedelta | None] = lambda: timedelta(0)
    """How old a plan may become before there is another one; None: there is none at all."""
    buffer_decided: tuple[float, bool] | None = None
    """Where the buffer was last decided to stand [%], and whether evcc has it."""
    failures: dict[str, str] = field(default_factory=dict)
    """What lately failed without stopping a cycle, by the event in the log."""

    def live_stages(self, now: datetime) -> frozenset[Stage]:
        """Return the stages that act: released by the owner, and nobody else has the say."""
        if not self.controller.has_say:
            return frozenset()
        acting = {
            stage for stage in (Stage.BATTERY, Stage.CARS) if self.controller.live_since(stage)
        }
        return frozenset(acting | ({Stage.BUFFER} if self.is_live(now) else set()))

    @property
    def chosen_buffer(self) -> "DynamicBufferCalc | None":
        """The calculator that sets the buffer."""
        if self.risk is not None and self.risk.calc.is_chosen:
            return self.risk.calc
        return self.buffer_calc

    def buffer_result(self, now: datetime) -> dict[str, object] | None:
        """Return what the calculator that sets the buffer last said; nothing is worked out."""
        if self.risk is not None and self.risk.calc.is_chosen:
            return self.risk.result(now)
        return None if self.buffer_calc is None else self.buffer_calc.result(now)

    def is_live(self, now: datetime) -> bool:
        """Whether the buffer is applied to evcc."""
        return self.buffer_calc is not None and self.buffer_calc.period(now)[0] == "live"


@dataclass(slots=True, kw_only=True)
class Parts(CycleParts):
    """A whole service: what watches, remembers and shows beside what decides and acts."""

    memory: Memory
    watch: SiteWatch
    store: StateStore
    inbox: Inbox
    heartbeat: Heartbeat
    board: ProblemBoard
    proof: ObservationService | None = None
    """Works out the report on the past, and back-tests; None: nobody asks for them."""
    poll: Callable[[], timedelta] = lambda: POLL
    after_cycle: Callable[[datetime], None] = lambda _: None
    n_cycles: int = 0
    last_cycle: CycleReport | None = None
    cycle_failure: str | None = None
    rung: ControlRung | None = None

    @property
    def state_files(self) -> tuple[StateFile | HistoryStore, ...]:
        """Every file that must survive a restart."""
        files: tuple[StateFile | HistoryStore | None, ...] = (
            None if self.buffer_calc is None else self.buffer_calc.state_file,
            None if self.risk is None else self.risk.calc.state_file,
            self.controller.state_file,
            self.pv_forecaster.state_file,
            None if self.proof is None else self.proof.state_file,
            *self.memory.state_files,
        )
        return tuple(file for file in files if file is not None)

    @property
    def can_save(self) -> bool:
        """Whether everything that must survive a restart is on disk."""
        return all(file.save_problem is None for file in self.state_files)
