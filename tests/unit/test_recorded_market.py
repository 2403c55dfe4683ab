import math
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from simulator.local_time import day_start
from simulator.recorded_market import RecordedMarket
from simulator.recorded_provider import RecordedProvider

BERLIN = ZoneInfo("Europe/Berlin")
# Four days around the change to summer time.
FIRST_DAY = date(2026, 3, 27)
SPRING = date(2026, 3, 29)
AUTUMN = date(2026, 10, 25)
N_SLOTS = 6 * 96


def local(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), BERLIN).astimezone(UTC)


def market(first_day: date = FIRST_DAY, published: time = time(13, 0)) -> RecordedMarket:
    return RecordedMarket(
        start=day_start(first_day, BERLIN),
        import_eur_per_kwh=[0.2 + slot / 1000.0 for slot in range(N_SLOTS)],
        export_eur_per_kwh=[0.08] * N_SLOTS,
        zone=BERLIN,
        published=published,
    )


def provider(said_kw: list[float]) -> RecordedProvider:
    return RecordedProvider(start=day_start(FIRST_DAY, BERLIN), said_kw=said_kw, zone=BERLIN)


def test_in_the_morning_prices_end_at_midnight() -> None:
    rates = market().import_rates(local(FIRST_DAY, 12, 59))

    assert (rates[0].start, rates[-1].end) == (
        local(FIRST_DAY, 0),
        local(FIRST_DAY + timedelta(days=1), 0),
    )


def test_tomorrow_is_published_at_one_o_clock() -> None:
    rates = market().import_rates(local(FIRST_DAY, 13))

    assert rates[-1].end == local(FIRST_DAY + timedelta(days=2), 0)


def test_the_hour_of_publication_is_a_choice() -> None:
    rates = market(published=time(14, 30)).import_rates(local(FIRST_DAY, 14, 29))

    assert len(rates) == 96


@pytest.mark.parametrize(("day", "n_slots"), [(SPRING, 92), (AUTUMN, 100)])
def test_a_day_on_which_clocks_change_has_its_own_length(day: date, n_slots: int) -> None:
    rates = market(day - timedelta(days=1)).import_rates(local(day, 8))

    assert len(rates) == n_slots
    assert (rates[0].start, rates[-1].end) == (local(day, 0), local(day + timedelta(days=1), 0))


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_publication_follows_the_clock_on_the_wall(day: date) -> None:
    prices = market(day - timedelta(days=1))

    before = prices.import_rates(local(day, 12, 59))
    after = prices.import_rates(local(day, 13))

    assert before[-1].end == local(day + timedelta(days=1), 0)
    assert after[-1].end == local(day + timedelta(days=2), 0)


def test_each_quarter_hour_has_its_own_price() -> None:
    rates = market().import_rates(local(FIRST_DAY, 13))

    assert [rate.price_eur_per_kwh for rate in rates[94:98]] == pytest.approx(
        [0.294, 0.295, 0.296, 0.297]
    )


def test_the_same_list_is_handed_out_while_nothing_new_is_known() -> None:
    prices = market()

    assert prices.import_rates(local(FIRST_DAY, 13)) is prices.import_rates(local(FIRST_DAY, 23))
    assert prices.export_rates(local(FIRST_DAY, 0)) is prices.export_rates(local(FIRST_DAY, 23))


def test_what_feeding_in_brings_is_known_for_tomorrow() -> None:
    rates = market().export_rates(local(FIRST_DAY, 6))

    assert rates[-1].end == local(FIRST_DAY + timedelta(days=2), 0)


def test_prices_end_where_the_past_ends() -> None:
    rates = market().import_rates(market_end() - timedelta(minutes=15))

    assert rates[-1].end == market_end()


def market_end() -> datetime:
    return day_start(FIRST_DAY, BERLIN) + N_SLOTS * timedelta(minutes=15)


def test_a_provider_speaks_of_three_days() -> None:
    slots = provider([1.0] * N_SLOTS).forecast(local(FIRST_DAY, 17))

    # The third is the day that has 23 hours.
    assert slots[0].start == local(FIRST_DAY, 0)
    assert len(slots) == 96 + 96 + 92


def test_what_was_not_said_is_left_out() -> None:
    slots = provider([1.0, math.nan, 3.0]).forecast(local(FIRST_DAY, 17))

    assert [slot.power_kw for slot in slots] == [1.0, 3.0]
    assert slots[1].start == local(FIRST_DAY, 0, 30)


def test_a_forecast_is_the_same_list_all_day() -> None:
    solar = provider([1.0] * N_SLOTS)

    assert solar.forecast(local(SPRING, 0)) is solar.forecast(local(SPRING, 23, 45))
    assert solar.forecast(local(SPRING, 0)) is not solar.forecast(local(SPRING, 0) + timedelta(1))
