"""Prices per slot, and what a decision and the page want to know about them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A price that holds from ``start`` (inside) to ``end`` (outside); both aware UTC."""

    start: datetime
    end: datetime
    price_eur_per_kwh: float

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"a rate must end after it starts: {self.start} .. {self.end}")


def rate_at(rates: Iterable[Rate], instant: datetime) -> Rate | None:
    """Return the rate that holds at ``instant``, found by search; None when there is none."""
    return next((rate for rate in rates if rate.start <= instant < rate.end), None)


def rates_from(rates: Iterable[Rate], now: datetime) -> tuple[Rate, ...]:
    """Return the rates that have not ended at ``now``, in their order."""
    return tuple(rate for rate in rates if rate.end > now)


def with_past(
    known: Iterable[Rate], fresh: Sequence[Rate], *, since: datetime, now: datetime
) -> tuple[Rate, ...]:
    """Put those of ``known`` that are over in front of ``fresh``, back to ``since``.

    Sources drop what is past; the day's chart and its comparison need it.
    """
    border = min(fresh[0].start, now) if fresh else now
    past = (rate for rate in known if rate.end <= border and rate.start >= since)
    return (*past, *fresh)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the linearly interpolated percentile of ``values``.

    Args:
        values: At least one finite number, any order.
        share: Position, 0 (smallest) to 1 (largest).

    Raises:
        ValueError: ``values`` is empty or ``share`` lies outside 0..1.
    """
    if not values:
        raise ValueError("a percentile needs at least one value")
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share must lie in 0..1, not {share}")
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def price_spread(rates: Iterable[Rate], now: datetime) -> float:
    """Return P80 - P20 of the prices known from ``now`` on [EUR/kWh]; 0 when none is known."""
    prices = [rate.price_eur_per_kwh for rate in rates_from(rates, now)]
    if not prices:
        return 0.0
    return percentile(prices, 0.8) - percentile(prices, 0.2)
