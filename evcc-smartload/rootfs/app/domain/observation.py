"""What is told of the owner's own past: what it cost, what it would have cost, what follows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from domain.control import Lever, SettingValue
from domain.proof import Band
from domain.steering import CommandReason, Fact


class AdviceCode(StrEnum):
    """What the owner is recommended; the facts that belong to it in brackets."""

    WAIT = "wait"
    """It is too early to judge (days)."""
    ACTIVATE = "activate"
    """It observes, and acting would have been cheaper."""
    NOT_WORTH = "not_worth"
    """It observes, and evcc's own rules do as well."""
    KEEP = "keep"
    """It acts, and that does not cost more."""
    LOOK = "look"
    """It acts, and that costs more."""


class NoteCode(StrEnum):
    """What has to be known to believe the figures; the facts that belong to it in brackets."""

    FEW_DAYS = "few_days"
    """The band is wide because there are few days (days)."""
    PRICES_ASSUMED = "prices_assumed"
    """Prices were not recorded throughout (days)."""
    FORECASTS_REMADE = "forecasts_remade"
    """The provider's forecasts were not recorded, and are worked out from the past (days)."""
    BATTERY_ASSUMED = "battery_assumed"
    """Power or losses of the battery are not known."""
    CARS_UNKNOWN = "cars_unknown"
    """When cars were there is concluded from what they charged."""
    PAID_UNKNOWN = "paid_unknown"
    """What was paid was not measured on every day that counts."""
    SETTINGS_CHANGED = "settings_changed"
    """A setting changed in that time; all of it is worked out with the present ones (since)."""
    MODEL_DEVIATES = "model_deviates"
    """While it only observed, evcc's rules in the model cost clearly not what was paid."""
    PARTLY_LIVE = "partly_live"
    """SmartLoad acted for a part of the time (since)."""


class Obstacle(StrEnum):
    """Why there can be no report of a past."""

    NO_CAPACITY = "no_capacity"
    """There is a battery, and evcc does not say how much it holds."""
    NO_PRICES = "no_prices"
    """What a kWh costs was never recorded."""
    NO_LOAD = "no_load"
    """What the house uses was never recorded."""
    NOTHING_TO_CONTROL = "nothing_to_control"
    """There is neither a battery nor a car that charged."""
    TOO_FEW_DAYS = "too_few_days"
    """Too few days were measured well enough."""

    @property
    def sentence(self) -> str:
        """What it means, in English."""
        return _SENTENCES[self]


_SENTENCES = {
    Obstacle.NO_CAPACITY: "evcc does not say how many kWh the home battery holds",
    Obstacle.NO_PRICES: "no price of a kWh was recorded",
    Obstacle.NO_LOAD: "the consumption of the house was not recorded",
    Obstacle.NOTHING_TO_CONTROL: "there is neither a home battery nor a car that charged",
    Obstacle.TOO_FEW_DAYS: "too few days were measured",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What the owner is recommended, with its figures."""

    code: AdviceCode
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that has to be known, with its figures."""

    code: NoteCode
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedDay:
    """A local day: as it was, by evcc's rules alone, by SmartLoad, and at best [EUR].

    ``paid_eur`` is by the meters, ``evcc_eur`` what evcc's rules would have paid; the others are
    that less what they save. None: not known, or not replayed.
    """

    day: date
    is_counted: bool
    paid_eur: float | None
    evcc_eur: float | None
    ours_eur: float | None
    possible_eur: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSaving:
    """What a calendar month's counted days saved against evcc's rules; ``month`` is its first."""

    month: date
    saving_eur: float
    n_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NightSums:
    """How the nights after sunny days went: from the end of the surplus to the next energy.

    ``bridged`` nights needed nothing from the grid for the house; ``kept_kwh`` is what the battery
    gave the house in all of them.
    """

    nights: int
    bridged: int
    kept_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferFigures:
    """What a way to set the buffer cost against none of ours, and what it protected."""

    strategy: str
    is_chosen: bool
    cost_eur_per_day: float | None
    nights: NightSums
    departures: int
    ready: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A setting that SmartLoad changed, or would have changed; ``title`` is the loadpoint's."""

    at: datetime
    lever: Lever
    title: str
    before: SettingValue
    wanted: SettingValue
    reason: CommandReason


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationReport:
    """The report on the owner's own past, ``since`` to ``until`` (both inside).

    Sums are those of the days that count. ``ours_eur`` and ``saving_eur`` have a band.
    """

    since: date
    until: date
    n_days: int
    n_counted: int
    excluded_frac: float
    currency: str
    paid_eur: float | None
    evcc_eur: float
    ours_eur: Band
    saving_eur: Band
    possible_eur: float | None
    captured_frac: float | None
    months: tuple[MonthSaving, ...]
    days: tuple[ObservedDay, ...]
    changes: tuple[Change, ...]
    buffers: tuple[BufferFigures, ...]
    advice: Advice
    notes: tuple[Note, ...]


class Started(StrEnum):
    """What came of asking for a back-test."""

    STARTED = "started"
    RUNNING = "running"
    """One is running already."""
    NO_HISTORY = "no_history"
    """Nothing was recorded that it could work with."""
