"""Prices: which one holds, which are known from now on, and how far they lie apart."""

import math
import statistics
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.tariff import Rate, percentile, price_spread, rate_at, rates_from

NOW = datetime(2026, 6, 21, 12, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
PRICES = st.floats(min_value=-10.0, max_value=10.0)
SHARES = st.floats(min_value=0.0, max_value=1.0)


def rates(*prices: float, start: datetime = NOW) -> tuple[Rate, ...]:
    return tuple(
        Rate(start=start + HOUR * number, end=start + HOUR * (number + 1), price_eur_per_kwh=price)
        for number, price in enumerate(prices)
    )


@given(values=st.lists(PRICES, min_size=1, max_size=200), share=SHARES)
def test_a_percentile_lies_within_its_values(values: list[float], share: float) -> None:
    assert min(values) <= percentile(values, share) <= max(values)


@given(values=st.lists(PRICES, min_size=1, max_size=50), low=SHARES, high=SHARES)
def test_a_higher_percentile_is_not_smaller(values: list[float], low: float, high: float) -> None:
    low, high = sorted((low, high))

    assert percentile(values, low) <= percentile(values, high)


@given(values=st.lists(PRICES, min_size=1, max_size=50), share=SHARES, data=st.data())
def test_order_does_not_matter(values: list[float], share: float, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(values))

    assert percentile(shuffled, share) == percentile(values, share)


@given(values=st.lists(PRICES, min_size=2, max_size=60))
def test_percentiles_are_those_of_the_standard_library(values: list[float]) -> None:
    fifths = statistics.quantiles(values, n=5, method="inclusive")

    assert percentile(values, 0.2) == pytest.approx(fifths[0], abs=1e-9)
    assert percentile(values, 0.8) == pytest.approx(fifths[3], abs=1e-9)


def test_ends_and_middle_of_a_percentile() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.0) == 1.0
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([3.0, 1.0, 2.0], 1.0) == 3.0
    assert percentile([1.0, 2.0], 0.25) == 1.25


@pytest.mark.parametrize("share", [-0.01, 1.01, math.nan])
def test_a_share_outside_of_0_to_1_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        percentile([1.0], share)


def test_no_value_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="at least one"):
        percentile([], 0.5)


@given(prices=st.lists(PRICES, max_size=60))
def test_a_spread_is_a_number_from_0_to_the_whole_range(prices: list[float]) -> None:
    spread = price_spread(rates(*prices), NOW)

    assert math.isfinite(spread)
    assert 0.0 <= spread <= max(prices, default=0.0) - min(prices, default=0.0)


@given(price=PRICES, n_slots=st.integers(min_value=0, max_value=200))
def test_a_static_tariff_has_no_spread(price: float, n_slots: int) -> None:
    assert price_spread(rates(*[price] * n_slots), NOW) == 0.0


@given(past=st.lists(PRICES, max_size=30), future=st.lists(PRICES, max_size=30))
def test_past_prices_do_not_count(past: list[float], future: list[float]) -> None:
    before = rates(*past, start=NOW - HOUR * len(past))
    after = rates(*future)

    assert price_spread((*before, *after), NOW) == price_spread(after, NOW)


def test_the_price_that_holds_now_counts() -> None:
    running = rates(0.1, 0.5, start=NOW - HOUR / 2)

    assert price_spread(running, NOW) == pytest.approx(0.24)
    assert price_spread(running, NOW + HOUR / 2) == 0.0


def test_a_rate_holds_from_its_start_until_before_its_end() -> None:
    first, second = known = rates(0.1, 0.2)

    assert rate_at(known, NOW) is first
    assert rate_at(known, NOW + HOUR - timedelta(microseconds=1)) is first
    assert rate_at(known, NOW + HOUR) is second
    assert rate_at(known, NOW + 2 * HOUR) is None
    assert rate_at(known, NOW - timedelta(microseconds=1)) is None
    assert rates_from(known, NOW + HOUR) == (second,)


@pytest.mark.parametrize("length", [timedelta(0), -HOUR])
def test_a_rate_that_ends_before_it_starts_is_refused(length: timedelta) -> None:
    with pytest.raises(ValueError, match="end after"):
        Rate(start=NOW, end=NOW + length, price_eur_per_kwh=0.1)
