"""What policies came to in the same past: days, sums, differences, and what they are told as."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


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
    what perfect foresight saves against them, None where that is nothing. ``self_sufficiency_frac``
    is the share of what house and cars used that was not bought, at home or elsewhere, at least 0;
    ``self_consumption_frac`` that of the PV which was not sold.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedPeriod:
    """Which past was lived again, and what has to be known to live it once more.

    ``excluded_frac`` is the share of days that are not counted. ``notes`` are plain sentences that
    an owner must know to believe the figures (moved by weeks, what was assumed). ``settings`` are
    all choices by name, ``inputs`` the SHA-256 of each file or table by name, ``versions`` those of
    what the figures depend on, by name; empty: as they run here.
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
    notes: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """Everything a report is made of; ``sums`` and ``results`` are in the same order."""

    period: ReplayedPeriod
    results: tuple[PolicyResult, ...]
    sums: tuple[PolicySums, ...]
