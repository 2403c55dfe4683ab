"""Words for acting on a plan: stages, wishes for settings, gates, overrides, the ladder of control.

Values of settings are ``float | str | bool | None`` as in ``domain.control``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

Fact = float | int | str


class Stage(StrEnum):
    """A part of what SmartLoad controls, released by the owner on its own."""

    BUFFER = "buffer"
    BATTERY = "battery"
    CARS = "cars"


class StageMode(StrEnum):
    """Whether a stage acts."""

    OBSERVING = "observing"
    """Everything is decided and logged, nothing is written."""
    LIVE = "live"


class CommandCode(StrEnum):
    """Why a setting should have a value; the facts that belong to it in brackets.

    Prices EUR/kWh, instants ISO 8601, shares percent, powers kW, currents A. Every fact may be
    missing.
    """

    BUFFER_DECIDED = "buffer_decided"
    """The dynamic buffer decided so; its own log says why."""
    BATTERY_KEEPS = "battery_keeps"
    """Its energy is worth more later (price, value, until)."""
    BATTERY_PROTECTED = "battery_protected"
    """A car charges fast, and the battery is not for it (car)."""
    BATTERY_BUYS = "battery_buys"
    """Bought now for later (price, to_soc_pct, until)."""
    BATTERY_HAS_BOUGHT = "battery_has_bought"
    """What was to be bought in this quarter hour is in (soc_pct)."""
    BATTERY_LEAVES_SUN = "battery_leaves_sun"
    """Feeding in is worth more now, or room is kept for later sun (export_price, until)."""
    BATTERY_AGAINST_RULE = "battery_against_rule"
    """A rule in evcc would charge it from the grid now, and the plan would not (price, limit)."""
    FUSE_RELIEF = "fuse_relief"
    """A phase of the main fuse is too near its limit to buy (phase, current_a, limit_a)."""
    SAFE_NORMAL = "safe_normal"
    """evcc was restarted while a mode was in force; the inverter is set to normal once."""
    CAR_CHEAP = "car_cheap"
    """Now is one of the planned quarter hours (car, price, limit, until)."""
    CAR_NOW = "car_now"
    """The same where evcc's price limit does nothing (car, price, until)."""
    BAT_TO_CAR = "bat_to_car"
    """The battery helps the car (car, value, price, buffer_soc_pct)."""
    OWNER_ASKED = "owner_asked"
    """The button for charging now on the page (car, until)."""
    HANDED_BACK = "handed_back"
    """The owner's value again, because SmartLoad no longer needs its own (why)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandReason:
    """Why a setting should have a value."""

    code: CommandCode
    facts: Mapping[str, Fact] = field(default_factory=dict)


class WriteOutcome(StrEnum):
    """What became of a command."""

    SENT = "sent"
    """evcc accepted it; no reading has shown it yet."""
    CONFIRMED = "confirmed"
    """A later reading of evcc shows it."""
    NOT_CONFIRMED = "not_confirmed"
    """Readings do not show it; it is not repeated blindly."""
    FAILED = "failed"
    """evcc refused or did not answer."""
    REFUSED = "refused"
    """SmartLoad did not send it: the owner's hand, the write budget, a limit."""
    SIMULATED = "simulated"
    """The stage observes: it would have been sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneNow:
    """What a stage does with one setting at this moment, or would do while it observes.

    ``value`` None is the owner's value: nothing is imposed. ``is_applied`` says that evcc has it.
    """

    setting: str
    device: str
    title: str
    value: float | str | bool | None
    reason: CommandReason | None
    is_applied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReport:
    """A stage as it is shown; ``ends_at`` is when an observation ends by itself, if it does."""

    stage: Stage
    mode: StageMode
    since: datetime | None
    ends_at: datetime | None = None
    done: tuple[DoneNow, ...] = ()


class ControlLevel(StrEnum):
    """How much SmartLoad can do at the moment, from all to nothing."""

    PLAN = "plan"
    """A plan is carried out (or observed)."""
    OLD_PLAN = "old_plan"
    """The last good plan, moved on."""
    RULES = "rules"
    """A plan of a few rules."""
    BUFFER_ONLY = "buffer_only"
    """No plan: battery and cars are evcc's, the buffer is decided."""
    HANDS_OFF = "hands_off"
    """Nothing is written."""


class MissingCode(StrEnum):
    """What is missing for the level above."""

    EVCC = "evcc"
    """No reading of evcc."""
    AUTOMATIC = "automatic"
    """evcc's own automatic mode is on, or was and nobody took over since."""
    RELEASED = "released"
    """The owner gave evcc its values back."""
    CONFIG = "config"
    """Wrong options: SmartLoad only observes."""
    CLOCK = "clock"
    """The clock cannot be right."""
    DISK = "disk"
    """The owner's values could not be remembered, so none is changed."""
    PRICES = "prices"
    FORECAST = "forecast"
    BATTERY_SOC = "battery_soc"
    METERS = "meters"
    """The powers do not add up: a meter does not answer."""
    SOLVER = "solver"
    """No plan could be solved or verified."""
    NO_GAIN = "no_gain"
    """No plan is better than evcc's own rules."""
    NOTHING_TO_CONTROL = "nothing_to_control"
    """Neither battery nor car."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Something that is missing, and since when; ``detail`` is English."""

    code: MissingCode
    since: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRung:
    """Where on the ladder SmartLoad stands, since when, and what is missing for more."""

    level: ControlLevel
    since: datetime
    missing: tuple[Missing, ...] = ()


class GateCode(StrEnum):
    """What must hold before the home battery helps a car, in the order it is asked."""

    ALLOWED = "allowed"
    """The option ``battery_to_car``."""
    CAR_WANTS = "car_wants"
    """Connected, in a PV mode, below its limit (car)."""
    BOOST_AVAILABLE = "boost_available"
    """evcc has a boost with a limit, and a battery that it knows."""
    ABOVE_BUFFER = "above_buffer"
    """More is stored than the buffer keeps (soc_pct, buffer_soc_pct)."""
    PLAN_AGREES = "plan_agrees"
    """The plan lets the battery serve the car in this quarter hour (kwh)."""
    WORTH_IT = "worth_it"
    """What is stored is worth less than what it replaces, with losses and wear (value, price)."""
    NO_CHEAPER_WINDOW = "no_cheaper_window"
    """No cheaper quarter hour comes before the car must be ready (price, best_price, best_at)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One condition, whether it holds (None: not asked, an earlier one failed), its figures."""

    code: GateCode
    is_open: bool | None
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatToCar:
    """Whether the home battery helps a car, and what decided it.

    ``device`` is evcc's name of the loadpoint, ``title`` the car's; empty without a car.
    ``is_active`` is what holds (live) or would hold (observing).
    """

    is_active: bool
    device: str
    title: str
    gates: tuple[Gate, ...]

    @property
    def first_closed(self) -> Gate | None:
        """The first gate that fails."""
        return next((gate for gate in self.gates if gate.is_open is False), None)


class OverrideKind(StrEnum):
    """What an owner can ask for on the page, for a while."""

    CHARGE_NOW = "charge_now"
    """A car is charged at full power."""
    KEEP_FULL = "keep_full"
    """The home battery is filled and kept full."""
    HOLIDAY = "holiday"
    """Nobody is at home: little consumption, no car is charged without a plan of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A wish that ends by itself; ``device`` is evcc's name of the loadpoint, else empty."""

    kind: OverrideKind
    since: datetime
    until: datetime
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteCount:
    """What was written to evcc since the local midnight, and the bounds.

    ``by_lever`` has (setting, device, count, bound) for each that was written.
    """

    n_today: int
    most_per_day: int
    by_lever: tuple[tuple[str, str, int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinions:
    """What evcc's automatic mode does with the battery, and what SmartLoad would do (modes)."""

    since: datetime
    is_on: bool
    """False: it was switched off, and nobody has asked SmartLoad to take over yet."""
    evcc_mode: str
    our_mode: str
    our_reason: CommandReason | None
