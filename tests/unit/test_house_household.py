import statistics
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from simulator.household import HolidayCalendar, Household
from simulator.local_time import CELL_S, day_bounds_s, epoch_s

BERLIN = ZoneInfo("Europe/Berlin")


def day_powers_kw(household: Household, day: date) -> list[float]:
    start_s, end_s = day_bounds_s(day, BERLIN)
    return [household.cell_kw(cell) for cell in range(start_s // CELL_S, end_s // CELL_S)]


def day_kwh(household: Household, day: date) -> float:
    return sum(day_powers_kw(household, day)) * CELL_S / 3600.0


def test_a_year_is_close_to_the_configured_consumption() -> None:
    household = Household(5, BERLIN, yearly_kwh=4000.0)
    first = date(2026, 1, 1)

    # Every fifth day meets all weekdays and seasons alike.
    sampled = [day_kwh(household, first + timedelta(days=day)) for day in range(0, 365, 5)]

    assert statistics.mean(sampled) * 365 == pytest.approx(4000.0, rel=0.12)


def test_consumption_scales_with_the_configuration() -> None:
    day = date(2026, 4, 15)

    small = day_kwh(Household(1, BERLIN, yearly_kwh=2000.0), day)
    large = day_kwh(Household(1, BERLIN, yearly_kwh=6000.0), day)

    assert large == pytest.approx(3.0 * small)


def test_nights_are_quiet_and_evenings_are_not() -> None:
    household = Household(2, BERLIN, yearly_kwh=4000.0)
    days = [date(2026, 1, 5) + timedelta(days=day) for day in range(14)]

    nights, evenings = [], []
    for day in days:
        powers = day_powers_kw(household, day)
        nights.append(statistics.mean(powers[2 * 120 : 5 * 120]))
        evenings.append(statistics.mean(powers[18 * 120 : 22 * 120]))

    assert statistics.mean(evenings) > 3.0 * statistics.mean(nights)
    assert min(nights) > 0.08


def test_cooking_makes_peaks_of_several_kilowatts() -> None:
    household = Household(2, BERLIN, yearly_kwh=4000.0)

    peaks = [max(day_powers_kw(household, date(2026, 1, 5) + timedelta(days=d))) for d in range(7)]

    assert 2.5 < max(peaks) < 12.0


def test_a_holiday_leaves_only_standby_and_the_fridge() -> None:
    calendar = HolidayCalendar(1)
    days = [date(2026, 1, 1) + timedelta(days=day) for day in range(1, 730)]
    away = next(d for d in days if calendar.is_away(d) and calendar.is_away(d - timedelta(days=1)))

    assert day_kwh(Household(1, BERLIN, yearly_kwh=4000.0), away) < 7.0


def test_holidays_are_rare() -> None:
    days = [date(2020, 1, 1) + timedelta(days=day) for day in range(3650)]

    share = statistics.mean(HolidayCalendar(4).is_away(day) for day in days)

    assert 0.01 < share < 0.12


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 5, 1), 24)]
)
def test_clock_change_days_have_their_own_length(day: date, hours: int) -> None:
    powers = day_powers_kw(Household(1, BERLIN, yearly_kwh=4000.0), day)

    assert len(powers) == hours * 120
    assert min(powers) > 0.0


def test_the_order_of_asking_changes_nothing() -> None:
    cell = int(epoch_s(datetime(2026, 5, 5, 17, 0, tzinfo=UTC))) // CELL_S
    forward = Household(3, BERLIN, yearly_kwh=4000.0)
    backward = Household(3, BERLIN, yearly_kwh=4000.0)

    ahead = [forward.cell_kw(cell + step) for step in range(0, 20_000, 500)]
    behind = [backward.cell_kw(cell + step) for step in reversed(range(0, 20_000, 500))]

    assert ahead == behind[::-1]
