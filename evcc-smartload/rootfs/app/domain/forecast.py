"""Forecasts as they are stored, shown and decided with: quantiles per quarter hour."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ForecastKind(StrEnum):
    """What is forecast, and in which unit."""

    LOAD = "load"
    """House without cars and battery, mean power [kW]."""
    PV = "pv"
    """PV as we expect it, mean power [kW]."""
    PV_PROVIDER = "pv_provider"
    """PV as evcc's provider says, mean power [kW]; a single curve."""
    IMPORT_PRICE = "import_price"
    """[EUR/kWh]; published prices have no band."""
    EXPORT_PRICE = "export_price"


@dataclass(frozen=True, slots=True, kw_only=True)
class BandSeries:
    """A quantity per quarter hour from ``start`` on: middle and 80 % band, equally long.

    None is not known. ``n_known`` slots at the beginning are facts rather than forecasts
    (published prices).
    """

    start: datetime
    p10: tuple[float | None, ...]
    p50: tuple[float | None, ...]
    p90: tuple[float | None, ...]
    n_known: int = 0

    def __post_init__(self) -> None:
        if not len(self.p10) == len(self.p50) == len(self.p90):
            raise ValueError("the quantiles of a band must have one length")

    def __len__(self) -> int:
        return len(self.p50)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedForecast:
    """A forecast as it was said at ``issued_at``."""

    kind: ForecastKind
    issued_at: datetime
    band: BandSeries
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One competitor for a forecast and its mean pinball loss [kW] on the recent days."""

    model: str
    loss_kw: float | None
    n_days: int


class ChoiceReason(StrEnum):
    """Why a model is in use."""

    BEST = "best"
    """It had the smallest loss on the recent days."""
    TOO_LITTLE_HISTORY = "too_little_history"
    """There is nothing to judge by yet; the default is used."""
    KEPT = "kept"
    """Another one was a little better, not by enough to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """Which model is in use for a forecast, against whom, and why."""

    model: str
    reason: ChoiceReason
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowEnergy:
    """Energy over a whole window [kWh], as quantiles of its own (they do not add over slots)."""

    start: datetime
    end: datetime
    p10_kwh: float
    p50_kwh: float
    p90_kwh: float
