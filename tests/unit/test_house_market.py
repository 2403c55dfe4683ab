import statistics
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from simulator.default_house import default_market
from simulator.local_time import day_start
from simulator.market import DayAheadMarket

BERLIN = ZoneInfo("Europe/Berlin")
SLOT = timedelta(minutes=15)


def year_of_auctions() -> dict[datetime, float]:
    market = default_market(3)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    # Every fifth day meets all weekdays and seasons alike.
    starts = [
        start + timedelta(days=d) + slot * SLOT for d in range(0, 365, 5) for slot in range(96)
    ]
    return {start: market.wholesale_eur_per_kwh(start) for start in starts}


@pytest.fixture(scope="module")
def auctions() -> dict[datetime, float]:
    return year_of_auctions()


def local(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


def mean_at(auctions: dict[datetime, float], months: set[int], hours: set[int]) -> float:
    return statistics.mean(
        price
        for start, price in auctions.items()
        if start.month in months and start.astimezone(BERLIN).hour in hours
    )


def test_wholesale_prices_are_those_of_recent_years(auctions: dict[datetime, float]) -> None:
    assert 0.07 < statistics.mean(auctions.values()) < 0.12
    assert 0.015 < statistics.mean(price < 0 for price in auctions.values()) < 0.06
    assert max(auctions.values()) > 0.25
    assert -0.5 < min(auctions.values()) < -0.02


def test_noon_is_cheap_in_summer_and_evenings_are_dear(auctions: dict[datetime, float]) -> None:
    noon = mean_at(auctions, {5, 6, 7, 8}, {12, 13, 14})
    evening = mean_at(auctions, {5, 6, 7, 8}, {19, 20})

    assert noon < 0.6 * evening


def test_the_morning_is_dearer_than_the_night(auctions: dict[datetime, float]) -> None:
    every_month = set(range(1, 13))

    assert mean_at(auctions, every_month, {7, 8}) > mean_at(auctions, every_month, {2, 3}) + 0.01


def test_gross_prices_carry_fees_and_vat() -> None:
    market = default_market(3)
    rates = market.import_rates(local(date(2026, 5, 4), 9))

    for rate in rates:
        net = market.wholesale_eur_per_kwh(rate.start) + 0.162
        assert rate.price_eur_per_kwh == pytest.approx(1.19 * net, abs=1e-5)
    assert 0.2 < statistics.mean(rate.price_eur_per_kwh for rate in rates) < 0.45


def test_tomorrow_is_unknown_at_noon_and_known_at_two() -> None:
    market = default_market(1)

    for offset in range(40):
        day = date(2026, 2, 1) + timedelta(days=offset)
        end_of_day = day_start(day + timedelta(days=1), BERLIN)
        assert market.import_rates(local(day, 12))[-1].end == end_of_day
        end_of_next = day_start(day + timedelta(days=2), BERLIN)
        assert market.import_rates(local(day, 14))[-1].end == end_of_next


def test_publication_is_between_quarter_to_one_and_ten_past_one() -> None:
    market = default_market(1)
    days = [date(2026, 3, 1) + timedelta(days=offset) for offset in range(60)]

    published = [market.published_at(day) for day in days]

    for day, instant in zip(days, published, strict=True):
        eve = day - timedelta(days=1)
        assert local(eve, 12, 45) <= instant <= local(eve, 13, 10)
    assert len({instant.astimezone(BERLIN).minute for instant in published}) > 10


def test_prices_begin_at_local_midnight_and_follow_each_other() -> None:
    now = local(date(2026, 7, 1), 18)

    rates = default_market(2).import_rates(now)

    assert rates[0].start == day_start(date(2026, 7, 1), BERLIN)
    assert all(a.end == b.start for a, b in pairwise(rates))
    assert all(rate.end - rate.start == SLOT for rate in rates)


@pytest.mark.parametrize(
    ("day", "n_slots"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100), (date(2026, 7, 1), 96)]
)
def test_clock_change_days_have_92_and_100_prices(day: date, n_slots: int) -> None:
    assert len(default_market(2).import_rates(local(day, 9))) == n_slots


def test_withheld_prices_appear_when_they_are_released() -> None:
    market = default_market(2)
    afternoon = local(date(2026, 7, 1), 18)

    market.withholds_tomorrow = True
    withheld = market.import_rates(afternoon)
    next_day = market.import_rates(afternoon + timedelta(hours=8))
    market.withholds_tomorrow = False
    released = market.import_rates(afternoon)

    assert len(withheld) == 96
    assert next_day[0].start == day_start(date(2026, 7, 2), BERLIN)
    assert len(released) == 192
    assert released[:96] == withheld


def test_a_published_price_never_changes() -> None:
    day = date(2026, 5, 4)

    seen_early = default_market(7).import_rates(local(day, 15))
    seen_late = default_market(7).import_rates(local(day + timedelta(days=1), 15))

    assert seen_late[:96] == seen_early[96:]


def test_feed_in_is_fixed_and_covers_today_and_tomorrow() -> None:
    rates = DayAheadMarket(1, feed_in_eur_per_kwh=0.0786).export_rates(local(date(2026, 5, 4), 8))

    assert len(rates) == 192
    assert {rate.price_eur_per_kwh for rate in rates} == {0.0786}


def test_callers_may_change_the_list_they_were_given() -> None:
    market = default_market(1)
    now = local(date(2026, 5, 4), 8)

    market.import_rates(now).clear()

    assert len(market.import_rates(now)) == 96
