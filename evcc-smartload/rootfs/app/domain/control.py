"""Words for what SmartLoad changes in evcc, and how it is given back."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EvccSetting(StrEnum):
    """A site setting of evcc that SmartLoad may change, by evcc's own name."""

    BUFFER_SOC = "bufferSoc"
    PRIORITY_SOC = "prioritySoc"
    BUFFER_START_SOC = "bufferStartSoc"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedSetting:
    """What evcc holds after a write.

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
    """A setting that SmartLoad has changed: the owner's value and ours, both percent."""

    setting: EvccSetting
    owner_pct: float
    ours_pct: float
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerHold:
    """A setting the owner moved by hand; SmartLoad leaves it alone until ``until``."""

    setting: EvccSetting
    owner_pct: float
    since: datetime
    until: datetime


class InCharge(StrEnum):
    """Who decides the buffer at this moment."""

    OBSERVING = "observing"
    LIVE = "live"
    OWNER = "owner"
    EVCC_AUTOMATIC = "evcc_automatic"
    RELEASED = "released"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlStatus:
    """Who decides the buffer, until when, and what the owner gets back."""

    in_charge: InCharge
    until: datetime | None
    owned: tuple[Ownership, ...]
