"""A plan as it is used, shown and explained: what flows when, what it costs, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Rung(StrEnum):
    """How a plan was made, from best to last."""

    EXACT = "exact"
    """The optimum, proved or with a known gap."""
    FAST = "fast"
    """A good plan in milliseconds, without proof."""
    SHIFTED = "shifted"
    """The last good plan, moved on."""
    RULES = "rules"
    """A few rules: price quantiles, surplus, deadlines."""
    HANDS_OFF = "hands_off"
    """No plan: evcc does what it does."""


class SkipCause(StrEnum):
    """Why a better rung could not be used."""

    NO_PRICES = "no_prices"
    NO_FORECAST = "no_forecast"
    NO_READING = "no_reading"
    BAD_INPUT = "bad_input"
    TIME_IS_UP = "time_is_up"
    SOLVER_FAILED = "solver_failed"
    NOT_VERIFIED = "not_verified"
    NOT_BETTER = "not_better"
    """It would not cost less than evcc's own rules on the same forecast."""
    NO_LAST_PLAN = "no_last_plan"
    NOTHING_TO_PLAN = "nothing_to_plan"
    """Neither battery nor car."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A rung that could not be used; ``detail`` is English."""

    rung: Rung
    cause: SkipCause
    detail: str = ""


class PlanStatus(StrEnum):
    """What is known of how good a plan is."""

    PROVEN = "proven"
    """No plan with the same decisions in the next hours is over a tenth of a cent cheaper."""
    UNPROVEN = "unproven"
    """At most ``gap_eur`` dearer than the best there is; None: nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCost:
    """What a plan costs until its end [EUR], by what it is for; negative is a gain.

    ``stored_eur`` is minus the value of the energy that the batteries gain, ``missing_eur`` the
    price of what the wishes of cars miss, ``reserve_eur`` of what the buffer misses,
    ``overload_eur`` of what goes beyond fuse or export limit where physics leaves no other way.
    """

    import_eur: float
    export_eur: float
    wear_eur: float
    stored_eur: float
    missing_eur: float
    reserve_eur: float
    overload_eur: float

    @property
    def total_eur(self) -> float:
        """All of it."""
        return (
            self.import_eur
            + self.export_eur
            + self.wear_eur
            + self.stored_eur
            + self.missing_eur
            + self.reserve_eur
            + self.overload_eur
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryCourse:
    """What a battery does in each slot [kWh]; ``soc_kwh`` is at the slot's end."""

    name: str
    title: str
    capacity_kwh: float
    start_kwh: float
    charge_kwh: tuple[float, ...]
    discharge_kwh: tuple[float, ...]
    soc_kwh: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CarCourse:
    """What a car does in each slot [kWh]; ``soc_kwh`` is at the slot's end.

    ``number`` is evcc's 1-based position of the loadpoint. Energies are kWh above an unknown
    state where ``capacity_kwh`` is None. ``by`` is the owner's deadline, None where there is none.
    """

    name: str
    title: str
    number: int
    capacity_kwh: float | None
    start_kwh: float
    target_kwh: float
    by: datetime | None
    charge_kwh: tuple[float, ...]
    soc_kwh: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmetWish:
    """A wish that cannot be met, and what is missing."""

    car: str
    title: str
    target_kwh: float
    reached_kwh: float
    capacity_kwh: float | None
    by: datetime | None

    @property
    def missing_kwh(self) -> float:
        """What is missing [kWh]."""
        return self.target_kwh - self.reached_kwh


class ReasonCode(StrEnum):
    """What is done with a device in a slot and why; the facts that belong to it in brackets.

    Prices are EUR/kWh, instants ISO 8601, energies kWh, powers kW.
    """

    BATTERY_CHARGES_GRID = "battery_charges_grid"
    """Bought now for later (price, rank, of, for_from, for_until, for_price, saves_per_kwh)."""
    BATTERY_CHARGES_SUN = "battery_charges_sun"
    """Surplus is stored (export_price, value)."""
    BATTERY_SERVES_HOUSE = "battery_serves_house"
    """It replaces bought energy (price, rank, of, value)."""
    BATTERY_SERVES_CAR = "battery_serves_car"
    """It helps to charge a car (price, value, car)."""
    BATTERY_SELLS = "battery_sells"
    """It is worth more fed in than kept (export_price, value)."""
    BATTERY_KEEPS = "battery_keeps"
    """Energy is kept although the house buys (price, value, for_from, for_until, for_price)."""
    BATTERY_IS_EMPTY = "battery_is_empty"
    """Nothing left above its lower limit (price)."""
    BATTERY_IS_FULL = "battery_is_full"
    """No room left (export_price)."""
    BATTERY_RESTS = "battery_rests"
    """Nothing to do."""
    CAR_CHARGES_CHEAP = "car_charges_cheap"
    """Among the cheapest slots before the deadline (car, price, rank, of, by)."""
    CAR_CHARGES_SUN = "car_charges_sun"
    """From surplus (car, export_price)."""
    CAR_CHARGES_FOR_DEADLINE = "car_charges_for_deadline"
    """There is no time left to choose (car, price, by)."""
    CAR_CHARGES_BY_OWNER = "car_charges_by_owner"
    """The owner said now (car)."""
    CAR_CHARGES_ABOVE_BUFFER = "car_charges_above_buffer"
    """evcc keeps it at its least power while the battery is above the buffer (car)."""
    CAR_WAITS = "car_waits"
    """It charges later, cheaper (car, price, next_at, next_price)."""
    CAR_IS_DONE = "car_is_done"
    """Its wish is met, or will be by what is not worth more (car)."""
    PV_IS_TURNED_DOWN = "pv_is_turned_down"
    """Feeding in costs money or is not allowed (export_price, kwh)."""


Fact = float | int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that is done, and why; ``device`` is the name of the battery or the car."""

    code: ReasonCode
    device: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAction:
    """A stretch of slots in which a device does one thing; ``kwh`` is what it moves."""

    start: datetime
    end: datetime
    kwh: float
    reason: Reason


class Decision(StrEnum):
    """What is decided about a device for the present slot."""

    CHARGE = "charge"
    DISCHARGE = "discharge"
    REST = "rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What the opposite decision for the present slot would cost more [EUR], never negative."""

    device: str
    decision: Decision
    opposite: Decision
    extra_eur: float
    holds_until: datetime | None = None
    """Until when the decision stays as it is in this plan."""


class OwnerRule(StrEnum):
    """A rule of the owner that a plan keeps."""

    BUFFER = "buffer"
    MIN_SOC = "min_soc"
    NO_GRID_CHARGE = "no_grid_charge"
    NO_BATTERY_TO_CAR = "no_battery_to_car"
    DEADLINE = "deadline"
    IMPORT_LIMIT = "import_limit"
    EXPORT_LIMIT = "export_limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCost:
    """What a rule costs in this plan: relaxing it would save so much [EUR], never negative."""

    rule: OwnerRule
    device: str
    eur: float
    eur_per_day: float


class ChangeCause(StrEnum):
    """An input whose change changed the plan."""

    PV = "pv"
    LOAD = "load"
    PRICE = "price"
    SOC = "soc"
    CARS = "cars"
    RULES = "rules"
    """Limits, reserve, options."""
    TIME = "time"
    """The horizon moved on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePart:
    """What one input's change did to the cost [EUR]."""

    cause: ChangeCause
    eur: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """Why this plan differs from the last one; the parts add up to ``total_eur``.

    ``moved_kwh`` is how much energy of the common slots is planned at another time,
    ``kept_gain_eur`` what a plan without memory of the last one would gain.
    """

    since: datetime
    total_eur: float
    parts: tuple[ChangePart, ...]
    moved_kwh: float
    kept_gain_eur: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveCost:
    """The buffer as a priced reserve: what it costs in this plan."""

    soc_kwh: tuple[float, ...]
    eur_per_kwh_h: float
    eur: float
    eur_per_day: float
    short_kwh: float
    """The most that is missing at any time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What battery and cars should do from ``start`` on, slot by slot.

    All series have one length; energies [kWh] per slot. ``n_known_prices`` slots at the beginning
    have published prices. ``marginal_eur_per_kwh`` is what one kWh more used in a slot would cost.
    ``reasons`` has for each slot what is done and why. ``baseline`` is what evcc's own rules would
    cost on the same forecast. ``gap_eur`` is None when nothing is proved.
    """

    made_at: datetime
    start: datetime
    import_price_eur_per_kwh: tuple[float, ...]
    export_price_eur_per_kwh: tuple[float, ...]
    n_known_prices: int
    pv_kwh: tuple[float, ...]
    load_kwh: tuple[float, ...]
    grid_import_kwh: tuple[float, ...]
    grid_export_kwh: tuple[float, ...]
    curtail_kwh: tuple[float, ...]
    batteries: tuple[BatteryCourse, ...]
    cars: tuple[CarCourse, ...]
    marginal_eur_per_kwh: tuple[float | None, ...]
    reasons: tuple[tuple[Reason, ...], ...]
    cost: PlanCost
    baseline: PlanCost
    status: PlanStatus
    gap_eur: float | None
    solve_ms: float
    rung: Rung
    skipped: tuple[Skipped, ...] = ()
    actions: tuple[PlannedAction, ...] = ()
    unmet: tuple[UnmetWish, ...] = ()
    what_if: tuple[WhatIf, ...] = ()
    rules: tuple[RuleCost, ...] = ()
    reserve: ReserveCost | None = None
    change: PlanChange | None = None
    is_explained: bool = True
    """Whether what takes further solves (what if, rules, change) has been looked at."""
    assumed: tuple[str, ...] = ()
    """What nobody told and was assumed, one name of docs/planner.md each."""

    @property
    def n_slots(self) -> int:
        """How many slots are planned."""
        return len(self.load_kwh)
