"""What policies came to in the same past: days, sums, differences, and what they are told as."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from domain.steering import Fact


class Policy(StrEnum):
    """Who decides about battery and cars."""

    NO_BATTERY = "no_battery"
    """There is no home battery; evcc charges the cars by the owner's settings."""
    EVCC = "evcc"
    """evcc's own rules with the owner's settings: self-consumption, plans, limits."""
    FORMULA = "formula"
    """evcc's rules, with the buffer set by the specified formula."""
    RISK = "risk"
    """evcc's rules, with the buffer set by the risk of the forecasts."""
    SMARTLOAD = "smartload"
    """SmartLoad's plan, through the levers that evcc has."""
    FORESIGHT = "foresight"
    """Perfect knowledge of everything to come: the bound that nobody can beat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBook:
    """One local day of one policy.

    ``cash_eur`` is what was paid less what was earned; ``stored_kwh`` is how much was charged into
    battery and cars and not used from them, in cells: how much more battery and cars at home hold
    at the day's end than at its beginning, less what came in with cars, plus what left with them,
    plus ``away_kwh``. ``cost_eur`` is the cash with that credited at its replacement value.
    ``is_counted`` is False where too little was measured: no sum has such a day. Energies are kWh
    at the AC side; ``house_kwh`` and ``cars_kwh`` are what was used, ``battery_kwh`` what the
    battery gave, ``away_kwh`` what cars had to charge elsewhere because they left too empty (in
    cells; it is paid for in ``cash_eur``). ``peak_kw`` is the highest import over a quarter hour.
    ``ready`` of ``departures`` cars left with what their owner asked for. ``writes`` are settings
    of evcc that were changed, ``decisions`` those of them that plan or buffer wanted anew,
    ``switches`` how often what the plan wants now differs from what the plan before wanted for now.
    ``below_buffer_h`` is how long the battery stood below the buffer.
    """

    day: date
    is_counted: bool
    cash_eur: float
    stored_kwh: float
    cost_eur: float
    bought_kwh: float = 0.0
    sold_kwh: float = 0.0
    pv_kwh: float = 0.0
    house_kwh: float = 0.0
    cars_kwh: float = 0.0
    battery_kwh: float = 0.0
    away_kwh: float = 0.0
    peak_kw: float = 0.0
    departures: int = 0
    ready: int = 0
    writes: int = 0
    decisions: int = 0
    switches: int = 0
    below_buffer_h: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyResult:
    """One policy over the whole period; ``took_s`` is the processor time it took."""

    policy: Policy
    days: tuple[DayBook, ...]
    replans: int = 0
    took_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """An estimate with its 80 % band from resampled days.

    All three are exactly 0 where nothing differed on any day. ``low`` and ``high`` are None where
    there are too few days to say how sure the estimate is.
    """

    low: float | None
    middle: float
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySums:
    """What a policy came to over all counted days.

    ``saving_eur`` is against evcc's own rules, with its band; ``captured_frac`` is the share of
    what perfect foresight saves against them, None where that is nothing. ``of_battery_frac`` is
    the share of what it saves with the battery against a home without one; None where that was not
    lived through, or is nothing. ``self_sufficiency_frac`` is the share of what house and cars used
    that was not bought, at home or elsewhere, at least 0; ``self_consumption_frac`` that of the PV
    which was not sold.
    """

    policy: Policy
    n_days: int
    cost_eur: float
    cash_eur: float
    saving_eur: Band
    captured_frac: float | None
    bought_kwh: float
    sold_kwh: float
    battery_kwh: float
    self_sufficiency_frac: float | None
    self_consumption_frac: float | None
    peak_kw: float
    departures: int
    ready: int
    away_kwh: float
    writes_per_day: float
    decisions_per_day: float
    switches_per_day: float
    replans: int
    took_s: float
    worst_month_saving_eur: float | None = None
    """The smallest saving of a calendar month against evcc's own rules; below 0 it cost more."""
    of_battery_frac: float | None = None


class PeriodNoteCode(StrEnum):
    """What was done to a past, or is assumed of it; the facts that belong to it in brackets."""

    LOAD = "load"
    """What the load is (home, column)."""
    LONG_STEPS = "long_steps"
    """Load and PV are means over more than a quarter of an hour (minutes)."""
    NO_PV = "no_pv"
    """No PV was measured; it is taken as zero."""
    NO_PV_FORECAST = "no_pv_forecast"
    """What a provider said of the sun was not recorded."""
    PV_FORECAST_RECORDED = "pv_forecast_recorded"
    """What a provider said was recorded; when it was said is not known."""
    LONG_PRICES = "long_prices"
    """Prices hold for more than a quarter of an hour (prices, minutes)."""
    MOVED_WEEKS = "moved_weeks"
    """Days live on what was measured so many weeks before (weeks, first, last)."""
    WEATHER_UNLINKED = "weather_unlinked"
    """Some days are moved, so that weather and price no longer belong together (home)."""
    DAYS_TWICE = "days_twice"
    """Some measured days are lived twice (days)."""
    MOVED_HOURS = "moved_hours"
    """A home of another zone is moved so that noon is noon (hours, zone)."""
    LEFT_OUT = "left_out"
    """Days within a long hole are not lived (days, first, last)."""
    TARIFF = "tariff"
    """What a kilowatt-hour costs at a market price (surcharge_eur_per_kwh, vat_frac, feed_in,
    feed_in_eur_per_kwh)."""
    MEASURED = "measured"
    """How much was measured (measured_frac, bridged)."""
    FILLED = "filled"
    """What was not measured is filled, and does not count (slots, gaps, longest_h)."""
    NO_PAST = "no_past"
    """Nothing was measured before."""
    PAST = "past"
    """How much of the time before was measured (days, measured_days)."""
    CAR_MEASURED = "car_measured"
    """The car's stays were measured at another home (title, stays, weeks_least, weeks_most,
    used_frac, capacity_kwh, wanted_soc_pct, wanted_from_h)."""
    CAR_USE_LIMITED = "car_use_limited"
    """Some stays charged more than a car can have used (stays, most_used_frac)."""
    CAR_AWAY = "car_away"
    """On some days there are no stays to move (days)."""
    CAR_MADE_UP = "car_made_up"
    """The car follows a rule (back, leaves, used_kwh, capacity_kwh)."""
    PRICES_ASSUMED = "prices_assumed"
    """Prices were not recorded throughout (days)."""
    FORECASTS_REMADE = "forecasts_remade"
    """The provider's forecasts were not recorded, and are worked out from the past (days)."""
    BATTERY_ASSUMED = "battery_assumed"
    """Power or losses of the battery are not known."""
    CARS_UNKNOWN = "cars_unknown"
    """When cars were there is concluded from what they charged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodNote:
    """Something that has to be known to believe the figures, with its own figures.

    Days are local, as ISO dates; ``last`` is inside.
    """

    code: PeriodNoteCode
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedPeriod:
    """Which past was lived again, and what has to be known to live it once more.

    ``excluded_frac`` is the share of days that are not counted. ``notes`` are what an owner must
    know to believe the figures (moved by weeks, what was assumed). ``settings`` are all choices by
    name, ``inputs`` the SHA-256 of each file or table by name, ``versions`` those of what the
    figures depend on, by name; empty: as they run here.
    """

    home: str
    prices: str
    start: datetime
    end: datetime
    n_days: int
    excluded_frac: float
    seed: int
    version: str
    replacement_eur_per_kwh: float
    notes: tuple[PeriodNote, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """Everything a report is made of; ``sums`` and ``results`` are in the same order."""

    period: ReplayedPeriod
    results: tuple[PolicyResult, ...]
    sums: tuple[PolicySums, ...]
