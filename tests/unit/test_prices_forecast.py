"""Prices beyond the published ones: facts stay facts, the rest is an honest expectation."""

from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from domain.horizon import SLOT, SLOTS_PER_DAY
from forecaster.local_slots import local_slots
from forecaster.prices import PriceForecast, forecast_prices
from forecaster.series import FloatArray, SlotSeries

BERLIN = ZoneInfo("Europe/Berlin")
# A Monday; the market has published until the end of Tuesday.
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PUBLISHED_UNTIL = datetime(2026, 3, 3, 23, tzinfo=UTC)
N_KNOWN = (PUBLISHED_UNTIL - NOON) // SLOT
FOUR_DAYS = 4 * SLOTS_PER_DAY

PriceOf = Callable[[date, float], float]


class Holidays:
    def __init__(self, *days: date) -> None:
        self._days = days

    def is_holiday(self, day: date) -> bool:
        return day in self._days


def prices(
    price_of: PriceOf, end: datetime, n_days: float = 60, zone: tzinfo = BERLIN
) -> SlotSeries:
    """Prices by local day and hour of the day, ``n_days`` up to ``end``."""
    n_slots = int(n_days * SLOTS_PER_DAY)
    start = end - n_slots * SLOT
    place = local_slots(start, n_slots, zone)
    values = [
        price_of(date.fromordinal(day), slot / 4)
        for day, slot in zip(place.days.tolist(), place.slots.tolist(), strict=True)
    ]
    return SlotSeries(start=start, values=np.array(values))


def day_and_night(_: date, hour: float) -> float:
    return 0.32 if 6 <= hour < 22 else 0.24


def market(day: date, hour: float) -> float:
    """Two peaks, cheaper at weekends, every day a little different."""
    wobble = 0.03 * np.sin(day.toordinal() * 2.4) + 0.01 * np.sin(day.toordinal() * 7.1 + hour)
    weekend = -0.05 if day.isoweekday() >= 6 else 0.0
    return float(0.3 + wobble + weekend + 0.08 * np.cos((hour - 19) / 12 * np.pi * 2))


def say(
    published: SlotSeries,
    now: datetime = NOON,
    n_slots: int = FOUR_DAYS,
    holidays: Holidays | None = None,
) -> PriceForecast:
    return forecast_prices(published, now, n_slots, zone=BERLIN, holidays=holidays or Holidays())


def truth(price_of: PriceOf, start: datetime, n_slots: int) -> FloatArray:
    return prices(price_of, start + n_slots * SLOT, n_slots / SLOTS_PER_DAY).values


def test_published_prices_are_facts_without_a_band() -> None:
    published = prices(market, PUBLISHED_UNTIL)

    said = say(published)

    assert said.n_known == N_KNOWN
    expected = truth(market, NOON, N_KNOWN)
    for level in (0.05, 0.5, 0.95):
        assert said.bands.at(level)[:N_KNOWN] == pytest.approx(expected)


def test_what_is_published_for_longer_than_asked_is_all_fact() -> None:
    said = say(prices(market, PUBLISHED_UNTIL), n_slots=20)

    assert said.n_known == 20
    assert (said.bands.at(0.1) == said.bands.at(0.9)).all()


def test_beyond_the_published_prices_there_is_a_band_around_the_usual_day() -> None:
    said = say(prices(market, PUBLISHED_UNTIL))

    ahead = slice(N_KNOWN, None)
    came = truth(market, NOON, FOUR_DAYS)[ahead]
    assert (said.bands.at(0.9) > said.bands.at(0.1))[ahead].all()
    assert np.abs(said.bands.at(0.5)[ahead] - came).mean() < 0.03
    inside = (came >= said.bands.at(0.05)[ahead]) & (came <= said.bands.at(0.95)[ahead])
    assert inside.mean() > 0.7


def test_quantiles_rise_with_their_level() -> None:
    said = say(prices(market, PUBLISHED_UNTIL))

    assert (np.diff(said.bands.values, axis=0) >= 0).all()


def test_a_weekend_is_expected_to_cost_what_weekends_cost() -> None:
    thursday_evening = datetime(2026, 3, 5, 23, tzinfo=UTC)

    said = say(prices(market, thursday_evening), thursday_evening, 2 * SLOTS_PER_DAY)

    friday, saturday = np.split(said.bands.at(0.5), 2)
    assert saturday.mean() < friday.mean() - 0.02


def test_a_holiday_is_priced_like_a_sunday() -> None:
    published = prices(market, PUBLISHED_UNTIL)
    wednesday = slice(N_KNOWN, N_KNOWN + SLOTS_PER_DAY)

    usual = say(published).bands.at(0.5)[wednesday]
    rest = say(published, holidays=Holidays(date(2026, 3, 4))).bands.at(0.5)[wednesday]

    assert rest.mean() < usual.mean() - 0.02


def test_negative_prices_are_expected_where_they_are_usual() -> None:
    def sunny(day: date, hour: float) -> float:
        return market(day, hour) - (0.35 if 11 <= hour < 15 else 0.0)

    said = say(prices(sunny, PUBLISHED_UNTIL))

    noons = truth(sunny, NOON, FOUR_DAYS) < 0
    assert (said.bands.at(0.5)[N_KNOWN:][noons[N_KNOWN:]] < 0.02).all()
    assert said.bands.at(0.1)[N_KNOWN:].min() < -0.02


def test_a_scarcity_evening_does_not_come_back_in_the_expectation() -> None:
    def scarce(day: date, hour: float) -> float:
        spike = 0.9 if day == date(2026, 3, 3) and 17 <= hour < 20 else 0.0
        return market(day, hour) + spike

    calm, after = (say(prices(one, PUBLISHED_UNTIL)) for one in (market, scarce))

    raised = after.bands.at(0.5)[N_KNOWN:] - calm.bands.at(0.5)[N_KNOWN:]
    assert raised.max() < 0.06
    assert raised.mean() < 0.02


def test_errors_grow_with_the_days_ahead() -> None:
    walk = np.cumsum(np.random.default_rng(3).normal(0.0, 0.02, 100))

    def drifting(day: date, hour: float) -> float:
        return float(0.3 + walk[day.toordinal() % 100] + 0.05 * np.sin(hour))

    said = say(prices(drifting, PUBLISHED_UNTIL))

    width = (said.bands.at(0.9) - said.bands.at(0.1))[N_KNOWN:]
    assert width[2 * SLOTS_PER_DAY :].mean() > width[:SLOTS_PER_DAY].mean()


def test_a_fixed_tariff_goes_on_exactly() -> None:
    said = say(prices(lambda _, __: 0.29, PUBLISHED_UNTIL, n_days=2))

    assert said.bands.values == pytest.approx(np.full((7, FOUR_DAYS), 0.29))
    assert said.n_known == N_KNOWN


@pytest.mark.parametrize("clock_change", [date(2026, 3, 29), date(2026, 10, 25)])
def test_day_and_night_zones_follow_the_clock_on_the_wall(clock_change: date) -> None:
    # From the morning two days before the change to two days after it.
    end = datetime(
        clock_change.year, clock_change.month, clock_change.day - 1, tzinfo=BERLIN
    ).astimezone(UTC)

    said = say(prices(day_and_night, end), end, FOUR_DAYS)

    expected = truth(day_and_night, end, FOUR_DAYS)
    assert said.n_known == 0
    for level in (0.05, 0.5, 0.95):
        assert said.bands.at(level) == pytest.approx(expected)


def test_a_zone_of_days_never_seen_has_a_band_over_all_its_prices() -> None:
    friday_evening = datetime(2026, 3, 6, 23, tzinfo=UTC)

    said = say(prices(day_and_night, friday_evening, 1), friday_evening, SLOTS_PER_DAY)

    assert (said.bands.at(0.1) == 0.24).all()
    assert (said.bands.at(0.9) == 0.32).all()


def test_a_new_contract_is_continued_after_three_days() -> None:
    def raised(day: date, hour: float) -> float:
        return day_and_night(day, hour) + (0.02 if day >= date(2026, 2, 28) else 0.0)

    said = say(prices(raised, PUBLISHED_UNTIL))

    assert said.bands.at(0.1) == pytest.approx(truth(raised, NOON, FOUR_DAYS))


def test_a_price_that_changes_once_a_day_is_flat_within_a_day() -> None:
    def daily(day: date, _: float) -> float:
        return 0.3 + 0.02 * float(np.sin(day.toordinal() * 2.4))

    said = say(prices(daily, PUBLISHED_UNTIL))

    wednesday = said.bands.at(0.5)[N_KNOWN : N_KNOWN + SLOTS_PER_DAY]
    assert np.ptp(wednesday) == pytest.approx(0.0, abs=1e-9)


def test_one_day_of_history_gives_a_wide_band() -> None:
    one_day, long = (say(prices(market, PUBLISHED_UNTIL, n_days=days)) for days in (1, 60))

    widths = [
        (said.bands.at(0.9) - said.bands.at(0.1))[N_KNOWN:].mean() for said in (one_day, long)
    ]
    assert np.isfinite(one_day.bands.values[:, N_KNOWN:]).all()
    assert widths[0] > 1.5 * widths[1]


def test_a_few_hours_are_enough_for_a_first_guess() -> None:
    said = say(prices(market, NOON + 20 * SLOT, n_days=40 / SLOTS_PER_DAY))

    assert said.n_known == 20
    assert np.isfinite(said.bands.values).all()


def test_without_any_price_nothing_is_known() -> None:
    said = say(SlotSeries(start=NOON, values=np.full(8, np.nan)))

    assert said.n_known == 0
    assert np.isnan(said.bands.values).all()


def test_a_price_that_is_missing_among_the_published_ones_is_expected() -> None:
    published = prices(market, PUBLISHED_UNTIL)
    published.values[-60:-50] = np.nan

    said = say(published)

    assert said.n_known == N_KNOWN - 60
    gap = said.bands.values[:, N_KNOWN - 60 : N_KNOWN - 50]
    assert (gap[-1] > gap[0]).all()
    assert (np.ptp(said.bands.values[:, N_KNOWN - 50 : N_KNOWN], axis=0) == 0).all()


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2025, 10, 26)])
def test_days_with_23_and_25_hours_are_priced_by_the_clock(day: date) -> None:
    def evening_peak(_: date, hour: float) -> float:
        return 0.3 + 0.01 * hour + (0.2 if hour == 19 else 0.0)

    # Everything up to the end of the day before is published; the peak is at 19:00 local.
    end = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)

    said = say(prices(evening_peak, end), end, SLOTS_PER_DAY)

    peak = datetime(day.year, day.month, day.day, 19, tzinfo=BERLIN).astimezone(UTC)
    assert int(np.argmax(said.bands.at(0.5))) == (peak - end) // SLOT
