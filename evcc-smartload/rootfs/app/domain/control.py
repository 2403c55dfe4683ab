"""Words for what SmartLoad changes in evcc: the settings, whose value stands there, who decides."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.steering import (
    BatToCar,
    CommandReason,
    ControlRung,
    Opinions,
    Override,
    Stage,
    StageReport,
    WriteCount,
    WriteOutcome,
)

SettingValue = float | str | bool | None
"""What a setting holds; None: not set (a limit that was removed, a mode that was released)."""


class EvccSetting(StrEnum):
    """A setting of evcc that SmartLoad may change, by evcc's own name."""

    BUFFER_SOC = "bufferSoc"
    PRIORITY_SOC = "prioritySoc"
    BUFFER_START_SOC = "bufferStartSoc"
    BATTERY_MODE = "batteryMode"
    """The mode imposed from outside; it lapses 60 s after it was last sent."""
    CHARGE_MODE = "mode"
    SMART_COST_LIMIT = "smartCostLimit"
    BATTERY_BOOST = "batteryBoost"
    BATTERY_BOOST_LIMIT = "batteryBoostLimit"


SOC_SETTINGS = frozenset(
    {EvccSetting.BUFFER_SOC, EvccSetting.PRIORITY_SOC, EvccSetting.BUFFER_START_SOC}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """One setting of one device.

    ``device`` is evcc's name of the loadpoint, empty for the site: positions change when evcc
    restarts, names do not.
    """

    setting: EvccSetting
    device: str = ""


BUFFER = Lever(setting=EvccSetting.BUFFER_SOC)
BATTERY_MODE = Lever(setting=EvccSetting.BATTERY_MODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedSetting:
    """What evcc holds after a write of one of its SoC settings.

    ``limited_by`` names evcc's setting that stood in the way, ``limit_pct`` its value, when
    ``accepted_pct`` differs from ``wanted_pct``. ``sent`` is False when evcc had the value already.
    """

    setting: EvccSetting
    wanted_pct: float
    accepted_pct: float
    limited_by: EvccSetting | None = None
    limit_pct: float | None = None
    sent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """A setting that SmartLoad has changed: the owner's value and ours."""

    lever: Lever
    owner: SettingValue
    ours: SettingValue
    since: datetime


class HoldEnd(StrEnum):
    """When SmartLoad may touch a setting again that the owner has changed."""

    MIDNIGHT = "midnight"
    CAR_LEAVES = "car_leaves"
    RESUME = "resume"
    """When they say so."""
    WHEN_GONE = "when_gone"
    """When the battery mode that somebody else imposes is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerHold:
    """A setting the owner moved by hand; SmartLoad leaves it alone.

    ``until`` is known where the hold ends at a time; None: when the car leaves or they say so.
    """

    lever: Lever
    owner: SettingValue
    since: datetime
    ends: HoldEnd = HoldEnd.MIDNIGHT
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A value that a setting should have now, and why; what nobody wants is the owner's."""

    lever: Lever
    value: SettingValue
    stage: Stage
    reason: CommandReason


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRecord:
    """A command as it is remembered; ``before`` is what evcc held, ``detail`` what went wrong.

    ``accepted`` is None until evcc answered. ``settled_at`` is when a reading confirmed it or it
    was given up.
    """

    at: datetime
    lever: Lever
    stage: Stage
    before: SettingValue
    wanted: SettingValue
    accepted: SettingValue
    outcome: WriteOutcome
    reason: CommandReason
    detail: str = ""
    settled_at: datetime | None = None


class InCharge(StrEnum):
    """Who decides at this moment."""

    OBSERVING = "observing"
    LIVE = "live"
    OWNER = "owner"
    EVCC_AUTOMATIC = "evcc_automatic"
    RELEASED = "released"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlStatus:
    """Who decides, until when, what the owner gets back, and what each stage does.

    ``in_charge`` and ``until`` are about the buffer; ``stages`` has all three. ``rung`` says how
    much of what SmartLoad could do it does at the moment, and what is missing for more.
    """

    in_charge: InCharge
    until: datetime | None
    owned: tuple[Ownership, ...]
    holds: tuple[OwnerHold, ...] = ()
    stages: tuple[StageReport, ...] = ()
    rung: ControlRung | None = None
    overrides: tuple[Override, ...] = ()
    bat_to_car: BatToCar | None = None
    writes: WriteCount | None = None
    opinions: Opinions | None = None
    """While evcc's own automatic mode is in charge: what it does and what SmartLoad would."""
