"""What SmartLoad expects of the next days, how sure it is, and how right it was: as shown."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.forecast import BandSeries, ForecastKind, ModelChoice, WindowEnergy


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceParts:
    """How far the PV forecast can be trusted and what that is made of, all 0..1.

    ``raw_frac`` is the product of the three parts; ``confidence_frac`` follows it calmly.
    """

    confidence_frac: float
    raw_frac: float
    coverage_frac: float
    freshness_frac: float
    accuracy_frac: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One forecast with the model behind it."""

    kind: ForecastKind
    band: BandSeries
    choice: ModelChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What was said a day before about each quarter hour, and what happened; equally long."""

    kind: ForecastKind
    said: BandSeries
    measured: tuple[float | None, ...]


class WindowPurpose(StrEnum):
    """Which stretch of time an energy is for."""

    UNTIL_SURPLUS = "until_surplus"
    """From now until the PV covers the house again."""
    NIGHT = "night"
    """From the coming end of the surplus to the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedWindow:
    """What the house will need from the battery over a window: load minus PV, where positive."""

    purpose: WindowPurpose
    energy: WindowEnergy


@dataclass(frozen=True, slots=True, kw_only=True)
class DayEnergy:
    """What a kind brings or takes over a local day, or over what is left of it.

    Quantiles of the sum, not sums of quantiles. ``is_whole`` is False for the rest of today.
    """

    kind: ForecastKind
    day: date
    is_whole: bool
    energy: WindowEnergy


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """Nobody seems to be at home since ``since``: the house uses ``share_frac`` of its usual.

    ``until`` is when they come back, where the owner has said that; None: nobody knows.
    """

    since: datetime
    share_frac: float
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Everything that is expected, as said at ``issued_at``.

    All series begin at ``start`` and have one length, at least 192 slots; ``provider_kw`` is
    what evcc's provider says about PV. ``comparisons`` cover the last two days.
    ``history_days`` is how many days of measured house load this builds on.
    """

    issued_at: datetime
    start: datetime
    expectations: tuple[Expectation, ...]
    provider_kw: tuple[float | None, ...]
    confidence: ConfidenceParts
    days: tuple[DayEnergy, ...] = ()
    windows: tuple[NamedWindow, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    holidays: tuple[date, ...] = ()
    away: Away | None = None
    history_days: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadAccuracy:
    """How right forecasts were that were said ``lead_h`` hours before; None: nothing to judge."""

    lead_h: float
    n_slots: int
    mae: float | None
    bias: float | None
    coverage_frac: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayAccuracy:
    """One local day: what was said a day before and what came [kWh], and how it compares.

    ``said_kwh`` is the sum of the middles of its quarter hours.
    """

    day: date
    said_kwh: float | None
    measured_kwh: float | None
    mae: float | None
    coverage_frac: float | None
    confidence_frac: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """How right one kind of forecast was, said a day before, over the last weeks.

    ``mae``, ``bias`` and ``pinball`` are in the kind's unit; ``bias`` is forecast minus outcome.
    ``nrmse_frac`` is by the mean outcome. ``coverage_frac`` is the share of quarter hours inside
    the 80 % band. ``skill_frac`` is 1 minus the pinball loss over that of ``reference``.
    ``bias_by_hour`` has 24 values, by local hour.
    """

    kind: ForecastKind
    n_days: int
    mae: float | None
    bias: float | None
    nrmse_frac: float | None
    pinball: float | None
    coverage_frac: float | None
    skill_frac: float | None
    reference: str
    bias_by_hour: tuple[float | None, ...]
    by_lead: tuple[LeadAccuracy, ...]
    by_day: tuple[DayAccuracy, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceBand:
    """Days whose confidence lay in a band, and the relative error of their PV energy."""

    from_frac: float
    to_frac: float
    n_days: int
    error_frac: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyReport:
    """How right SmartLoad was between ``since`` and ``until``.

    ``window_coverage_frac`` is the share of windows whose need lay inside its 80 % band.
    ``confidence_rank_correlation`` is Spearman's between a day's confidence and its error;
    negative is good.
    """

    since: datetime
    until: datetime
    accuracies: tuple[Accuracy, ...]
    window_coverage_frac: float | None = None
    n_windows: int = 0
    confidence_rank_correlation: float | None = None
    confidence_bands: tuple[ConfidenceBand, ...] = ()
