"""What one cycle knows and publishes: the frozen parts of the shared state."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.config_problem import ConfigProblem
from domain.control import ControlStatus
from domain.history import ImportProgress
from domain.outlook import AccuracyReport, Outlook
from domain.plan import Plan, Skipped
from domain.problem import Problem
from domain.site import SiteSnapshot


class CycleKind(StrEnum):
    """Why a cycle ran: at start, at a quarter hour, or because something meaningful changed."""

    START = "start"
    SLOT = "slot"
    CHANGE = "change"


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleReport:
    """The last finished cycle; ``duration_ms`` without the time evcc took to answer."""

    count: int
    kind: CycleKind
    at: datetime
    next_at: datetime
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EvccStatus:
    """The connection to evcc; ``since`` is when ``reachable`` last changed."""

    url: str | None
    reachable: bool
    since: datetime
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoStatus:
    """The simulated home: its speed, and how much of its past has been lived through (0..1)."""

    speed: float
    progress_frac: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """What the service says of itself."""

    version: str
    started_at: datetime
    language: str
    time_zone: str | None
    utc_offset_min: int
    observe_only: bool
    config_problems: tuple[ConfigProblem, ...]
    options_path: str
    demo: DemoStatus | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PvReport:
    """The PV forecast in force and how far it is trusted; shares 0..1, powers kW."""

    confidence_frac: float
    raw_frac: float
    coverage_frac: float
    freshness_frac: float
    accuracy_frac: float
    bias_frac: float
    slots_start: datetime | None
    slots_kw: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryStatus:
    """What is kept of the home's past.

    ``first`` and ``last`` are the oldest and the newest quarter hour that is kept, None while
    there is none; ``n_days`` is how many days of quarter hours there are in all, gaps left out.
    ``problem`` is one English sentence while nothing can be kept.
    """

    first: datetime | None
    last: datetime | None
    n_days: float
    size_bytes: int
    imports: tuple[ImportProgress, ...]
    problem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemState:
    """Everything of one moment, as it is shown.

    ``price_spread`` is P80 - P20 of the import prices known from ``now`` on [EUR/kWh]. ``site``
    is the last reading of evcc; ``site_is_stale`` says that it is not a current one.
    ``outlook`` and ``accuracy`` are None until they were worked out for the first time,
    ``history`` where nothing is kept. Without a ``plan`` evcc does what it does, and
    ``plan_skipped`` says why there is none.
    """

    now: datetime
    service: ServiceStatus
    evcc: EvccStatus
    site: SiteSnapshot | None
    site_is_stale: bool
    price_spread: float
    pv: PvReport
    control: ControlStatus
    cycle: CycleReport | None
    problems: tuple[Problem, ...]
    outlook: Outlook | None = None
    accuracy: AccuracyReport | None = None
    history: HistoryStatus | None = None
    plan: Plan | None = None
    plan_skipped: tuple[Skipped, ...] = ()
    buffer_shadow: Mapping[str, object] | None = None
    """What the buffer that is not the chosen one says, in the form of a step."""
    proof_summary: Mapping[str, object] | None = None
    """The report on the past in short; None until the home was seen by who works it out."""
