"""Numbers, prices, energies and local times as an owner reads them in a sentence."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Literal

from domain.plan import (
    ChangePart,
    PlanChange,
    PlanStatus,
    Reason,
    ReasonCode,
    RuleCost,
    Rung,
    Skipped,
    UnmetWish,
    WhatIf,
)

Lang = Literal["de", "en"]

SAME_EUR = 0.00005
"""Below, two costs are told as the same."""
SHOWN_EUR = 0.005
"""Below, a part of a change is not told."""
_N_PARTS = 2
_FEW_FRAC = 1 / 3

_MINUS = "\u2212"
_MINOR_UNITS = {"EUR": "ct", "USD": "¢", "GBP": "p"}
"""The units that small prices are spoken in; other currencies are told in full."""
_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}
_DAYS_A_WEEKDAY_NAMES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What of numbers and times differs between languages.

    ``range_word`` stands between two numbers, ``between`` and ``and_`` around two times,
    ``at_midnight`` is how a day's last instant is told. ``zones`` are a zone's short names.
    """

    decimal: str
    thousands: str
    symbol_first: bool
    range_word: str
    between: str
    and_: str
    at_midnight: str
    yesterday: str
    today: str
    tomorrow: str
    weekdays: tuple[str, ...]
    day_of_year: Callable[[datetime], str]
    expected: str
    zones: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Writes figures for one reader; ``now`` decides what is today."""

    style: Style
    zone: tzinfo
    now: datetime
    currency: str

    def number(self, value: float, digits: int) -> str:
        """Return "1.234,5"; a number that rounds to zero has no sign."""
        plain = f"{abs(value):,.{digits}f}"
        sign = _MINUS if value < 0.0 and any(digit in "123456789" for digit in plain) else ""
        style = self.style
        marks = str.maketrans({",": style.thousands, ".": style.decimal})
        return sign + plain.translate(marks)

    def price(self, eur_per_kwh: float, *, is_expected: bool = False) -> str:
        """Return a price in short, "23,4 ct", marked when it is a forecast."""
        text = f"{self._price_number(eur_per_kwh)} {self._price_unit}"
        return self._marked(text, is_expected=is_expected)

    def price_range(self, low: float, high: float, *, is_expected: bool = False) -> str:
        """Return "20,1 bis 23,4 ct", one price where the two look the same."""
        low_text, high_text = self._price_number(low), self._price_number(high)
        if low_text == high_text:
            return self.price(low, is_expected=is_expected)
        text = f"{low_text} {self.style.range_word} {high_text} {self._price_unit}"
        return self._marked(text, is_expected=is_expected)

    def money(self, eur: float) -> str:
        """Return "0,42 €"; less than a hundredth in the minor unit, "0,3 ct"."""
        minor = _MINOR_UNITS.get(self.currency)
        if minor is not None and 0.0 < abs(eur) < 0.01:  # noqa: PLR2004  # what money rounds away
            return f"{self.number(eur * 100.0, 1)} {minor}"
        number, symbol = self.number(eur, 2), _SYMBOLS.get(self.currency)
        if symbol is None or not self.style.symbol_first:
            return f"{number} {symbol or self.currency}"
        sign = _MINUS if number.startswith(_MINUS) else ""
        return f"{sign}{symbol}{number.removeprefix(_MINUS)}"

    def signed_money(self, eur: float) -> str:
        """Return money with its sign."""
        return self.money(eur) if eur < 0.0 else f"+{self.money(eur)}"

    def kwh(self, kwh: float) -> str:
        """Return "3,2 kWh"; little energy with a digit more."""
        return f"{self.number(kwh, 1 if abs(kwh) >= 1.0 or kwh == 0.0 else 2)} kWh"

    def kw(self, kw: float) -> str:
        """Return "4,8 kW"."""
        return f"{self.number(kw, 1)} kW"

    def reached_and_target(self, wish: UnmetWish) -> tuple[str, str]:
        """Return "63 %" and "80 %", in kWh when the capacity is not known.

        What is not reached never looks reached.
        """
        capacity_kwh = wish.capacity_kwh
        if capacity_kwh is None or not capacity_kwh > 0.0:
            reached, target, unit, least_digits = wish.reached_kwh, wish.target_kwh, "kWh", 1
        else:
            to_pct = 100.0 / capacity_kwh
            reached, target = wish.reached_kwh * to_pct, wish.target_kwh * to_pct
            unit, least_digits = "%", 0
        texts = ("", "")
        for digits in range(least_digits, 4):
            texts = (self.number(reached, digits), self.number(target, digits))
            if texts[0] != texts[1]:
                break
        return f"{texts[0]} {unit}", f"{texts[1]} {unit}"

    def when(self, instant: datetime) -> str:
        """Return the local time, with its day where that is not today: "morgen 06:15"."""
        local = instant.astimezone(self.zone)
        day = self._day(local)
        return f"{day} {self._time(local)}" if day else self._time(local)

    def until(self, instant: datetime) -> str:
        """Return an end; the end of today is no time of tomorrow."""
        is_midnight, before = self._ends_day(instant)
        if is_midnight and not self._day(before):
            return self.style.at_midnight
        return self.when(instant)

    def span(self, start: datetime, end: datetime) -> str:
        """Return "morgen zwischen 06:00 und 09:00"."""
        style, first = self.style, start.astimezone(self.zone)
        is_midnight, before = self._ends_day(end)
        day, last_day = self._day(first), self._day(before)
        end_text = style.at_midnight if is_midnight else self._time(end.astimezone(self.zone))
        if first.date() == before.date():
            prefix = f"{day} " if day else ""
            return f"{prefix}{style.between} {self._time(first)} {style.and_} {end_text}"
        last = f"{last_day or style.today} {end_text}"
        return f"{style.between} {self.when(start)} {style.and_} {last}"

    def biggest(self, parts: Iterable[ChangePart]) -> list[ChangePart]:
        """Return the biggest parts of a change, those that are too small to tell left out."""
        shown = (part for part in parts if abs(part.eur) >= SHOWN_EUR)
        return sorted(shown, key=lambda part: -abs(part.eur))[:_N_PARTS]

    # -- parts ---------------------------------------------------------------------------------

    @property
    def _price_unit(self) -> str:
        return _MINOR_UNITS.get(self.currency) or f"{self.currency}/kWh"

    def _price_number(self, eur_per_kwh: float) -> str:
        if self.currency in _MINOR_UNITS:
            return self.number(eur_per_kwh * 100.0, 1)
        return self.number(eur_per_kwh, 3)

    def _marked(self, text: str, *, is_expected: bool) -> str:
        return f"{text} ({self.style.expected})" if is_expected else text

    def _time(self, local: datetime) -> str:
        text = f"{local:%H:%M}"
        first, second = local.replace(fold=0), local.replace(fold=1)
        if first.utcoffset() == second.utcoffset():
            return text
        # In autumn an hour is there twice.
        name = local.tzname() or ""
        return f"{text} {self.style.zones.get(name, name)}"

    def _ends_day(self, instant: datetime) -> tuple[bool, datetime]:
        """Tell whether a local day ends at ``instant``, and return the local time just before."""
        local = instant.astimezone(self.zone)
        before = (instant - timedelta(microseconds=1)).astimezone(self.zone)
        is_midnight = (local.hour, local.minute) == (0, 0) and before.date() != local.date()
        return is_midnight, before if is_midnight else local

    def _day(self, local: datetime) -> str:
        """Return the name of a local day, none for today."""
        style = self.style
        days = (local.date() - self.now.astimezone(self.zone).date()).days
        near = {-1: style.yesterday, 0: "", 1: style.tomorrow}
        if days in near:
            return near[days]
        weekday = style.weekdays[local.weekday()]
        if 0 < days <= _DAYS_A_WEEKDAY_NAMES:
            return weekday
        return f"{weekday} {style.day_of_year(local)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The facts of a reason, written; None where a fact is missing."""

    reason: Reason
    figures: Figures
    names: Mapping[str, str]

    def number(self, fact: str) -> float | None:
        """Return a number that is one."""
        value = self.reason.facts.get(fact)
        is_number = isinstance(value, float | int) and math.isfinite(value)
        return float(value) if is_number and value is not None else None

    def count(self, fact: str) -> int | None:
        """Return a whole number."""
        value = self.number(fact)
        return None if value is None else round(value)

    def word(self, fact: str) -> str:
        """Return a word, empty when there is none."""
        value = self.reason.facts.get(fact)
        return value if isinstance(value, str) else ""

    def has(self, mark: str) -> bool:
        """Tell whether a mark is set."""
        return bool(self.reason.facts.get(mark))

    def price(self, fact: str = "price", mark: str = "is_forecast") -> str | None:
        """Return a price, or the range of a stretch, marked when it is a forecast."""
        low, high = self.number(f"{fact}_from"), self.number(f"{fact}_to")
        if low is not None and high is not None:
            return self.figures.price_range(low, high, is_expected=self.has(mark))
        value = self.number(fact)
        return None if value is None else self.figures.price(value, is_expected=self.has(mark))

    def is_among_cheapest(self) -> bool:
        """Tell whether few of the ranked slots are cheaper."""
        rank, of = self.count("rank"), self.count("of")
        return rank is not None and of is not None and rank <= _FEW_FRAC * of

    def is_cheaper_later(self) -> bool:
        """Tell whether the next slot costs less than this one."""
        now, later = self.number("price"), self.number("next_price")
        return now is not None and later is not None and later < now

    def plain_price(self, fact: str) -> str | None:
        """Return an amount per kWh that is worked out, without its sign."""
        value = self.number(fact)
        return None if value is None else self.figures.price(abs(value))

    def kwh(self, fact: str) -> str | None:
        """Return an energy."""
        value = self.number(fact)
        return None if value is None else self.figures.kwh(value)

    def kw(self, fact: str) -> str | None:
        """Return a power."""
        value = self.number(fact)
        return None if value is None else self.figures.kw(value)

    def is_negative(self, fact: str) -> bool:
        """Tell whether a price is below zero, in all of a stretch."""
        high = self.number(f"{fact}_to")
        value = self.number(fact) if high is None else high
        return value is not None and value < 0.0

    def may_be_negative(self, fact: str) -> bool:
        """Tell whether a price is below zero, in some of a stretch."""
        low = self.number(f"{fact}_from")
        value = self.number(fact) if low is None else low
        return value is not None and value < 0.0

    def at(self, fact: str) -> str | None:
        """Return a beginning."""
        instant = self._instant(fact)
        return None if instant is None else self.figures.when(instant)

    def until(self, fact: str) -> str | None:
        """Return an end."""
        instant = self._instant(fact)
        return None if instant is None else self.figures.until(instant)

    def span(self, first: str, last: str) -> str | None:
        """Return a time from an instant to another."""
        start, end = self._instant(first), self._instant(last)
        return None if start is None or end is None else self.figures.span(start, end)

    def name(self, default: str) -> str:
        """Return the device's name."""
        return self.names.get(self.reason.device) or default

    def car(self, default: str) -> str:
        """Return the name of the car among the facts."""
        return self.names.get(self.word("car")) or default

    def _instant(self, fact: str) -> datetime | None:
        try:
            instant = datetime.fromisoformat(self.word(fact))
        except ValueError:
            return None
        return instant if instant.tzinfo is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What a language has to say; ``further`` are the sentences that a detail has besides."""

    style: Style
    reasons: Mapping[ReasonCode, Callable[[Said], str]]
    further: Callable[[Said], list[str]]
    unmet: Callable[[Figures, UnmetWish], str]
    what_if: Callable[[Figures, WhatIf], str]
    rule: Callable[[Figures, RuleCost], str]
    change: Callable[[Figures, PlanChange], str]
    skipped: Callable[[Skipped], str]
    assumed: Mapping[str, str]
    assumed_otherwise: Callable[[str], str]
    rungs: Mapping[Rung, str]
    statuses: Mapping[PlanStatus, str]
