"""What is wrong at the moment, as facts that the page and the log put into words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ProblemCode(StrEnum):
    """Everything that can be wrong and that an owner may want to know."""

    EVCC_NOT_FOUND = "evcc_not_found"
    EVCC_UNREACHABLE = "evcc_unreachable"
    EVCC_UNREADABLE = "evcc_unreadable"
    EVCC_AUTOMATIC_MODE = "evcc_automatic_mode"
    EVCC_STALE_METERS = "evcc_stale_meters"
    EVCC_IMPLAUSIBLE = "evcc_implausible"
    EVCC_AUTOMATIC_ENDED = "evcc_automatic_ended"
    FOREIGN_CONTROL = "foreign_control"
    WRITE_NOT_CONFIRMED = "write_not_confirmed"
    WRITE_BUDGET_SPENT = "write_budget_spent"
    FUSE_NEAR_LIMIT = "fuse_near_limit"
    NO_BATTERY = "no_battery"
    NO_BATTERY_SOC = "no_battery_soc"
    NO_SOLAR_FORECAST = "no_solar_forecast"
    NO_PRICES = "no_prices"
    BUFFER_NOT_APPLIED = "buffer_not_applied"
    BUFFER_MISSING = "buffer_missing"
    STORE_NOT_WRITABLE = "store_not_writable"
    STORE_WAS_UNREADABLE = "store_was_unreadable"
    CONFIG_INVALID = "config_invalid"
    CLOCK_NOT_SET = "clock_not_set"
    FORECAST_FAILED = "forecast_failed"
    PLAN_FAILED = "plan_failed"
    STEER_FAILED = "steer_failed"
    CYCLE_FAILED = "cycle_failed"


class Severity(StrEnum):
    """How much it matters: information, degraded, or wrong and needing someone."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that is wrong since an instant; ``detail`` is English, ``facts`` its figures."""

    code: ProblemCode
    severity: Severity
    since: datetime
    detail: str
    facts: Mapping[str, str] = field(default_factory=dict)
