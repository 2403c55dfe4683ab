import statistics
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from simulator.default_house import default_house, default_solar_provider
from simulator.local_time import CELL_S, day_start, epoch_s

BERLIN = ZoneInfo("Europe/Berlin")
HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class Outcome:
    """Half-hour means of one day [kW]: measured, and forecast by two issues."""

    actual_kw: list[float]
    day_ahead_kw: list[float]
    morning_kw: list[float]

    @property
    def rest_of_day(self) -> "Outcome":
        return Outcome(self.actual_kw[20:], self.day_ahead_kw[20:], self.morning_kw[20:])


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    house = default_house(2, datetime(2026, 1, 1, tzinfo=UTC))
    service = default_solar_provider(house)

    def actual_kw(start: datetime) -> float:
        first = int(epoch_s(start)) // CELL_S
        # Every third cell is enough for a mean and three times as fast.
        return statistics.fmean(house.pv.cell_kw(cell) for cell in range(first, first + 60, 3))

    def forecast_kw(now: datetime, starts: list[datetime]) -> list[float]:
        powers = {slot.start: slot.power_kw for slot in service.forecast(now)}
        return [(powers[start] + powers[start + HALF_HOUR / 2]) / 2 for start in starts]

    result = []
    for offset in range(0, 360, 6):
        midnight = day_start(date(2026, 1, 1) + timedelta(days=offset), BERLIN)
        starts = [midnight + slot * HALF_HOUR for slot in range(46)]
        result.append(
            Outcome(
                [actual_kw(start) for start in starts],
                forecast_kw(midnight - timedelta(hours=6), starts),
                forecast_kw(midnight + timedelta(hours=8), starts),
            )
        )
    return result


def energy_error_frac(actual_kw: list[list[float]], forecast_kw: list[list[float]]) -> float:
    """Mean absolute error of the days' energies per mean energy."""
    pairs = [(sum(a), sum(f)) for a, f in zip(actual_kw, forecast_kw, strict=True)]
    return sum(abs(f - a) for a, f in pairs) / sum(a for a, _ in pairs)


def test_the_day_ahead_error_is_that_of_one_roof(outcomes: list[Outcome]) -> None:
    error_frac = energy_error_frac(
        [day.actual_kw for day in outcomes], [day.day_ahead_kw for day in outcomes]
    )

    assert 0.15 < error_frac < 0.33


def test_the_morning_issue_is_better_than_the_evening_before(outcomes: list[Outcome]) -> None:
    rest = [day.rest_of_day for day in outcomes]
    actual = [day.actual_kw for day in rest]

    evening = energy_error_frac(actual, [day.day_ahead_kw for day in rest])
    morning = energy_error_frac(actual, [day.morning_kw for day in rest])

    assert 0.04 < morning < 0.85 * evening


def test_errors_hang_together_over_the_day_as_measured_ones_do(outcomes: list[Outcome]) -> None:
    days = [
        [f - a for f, a in zip(day.day_ahead_kw, day.actual_kw, strict=True) if f or a]
        for day in outcomes
    ]

    def autocorrelation(lag: int) -> float:
        pairs = [pair for day in days for pair in zip(day, day[lag:], strict=False)]
        return statistics.correlation([a for a, _ in pairs], [b for _, b in pairs])

    # Measured on a French roof: 0.83, 0.50 and 0.22 after half an hour, two and four hours.
    assert autocorrelation(1) == pytest.approx(0.83, abs=0.1)
    assert autocorrelation(4) == pytest.approx(0.50, abs=0.15)
    assert autocorrelation(8) == pytest.approx(0.22, abs=0.18)


def test_the_forecast_still_knows_sunny_days_from_dull_ones(outcomes: list[Outcome]) -> None:
    actual = [sum(day.actual_kw) for day in outcomes]
    forecast = [sum(day.day_ahead_kw) for day in outcomes]

    assert statistics.correlation(actual, forecast) > 0.75


def test_a_forecast_covers_three_local_days_in_quarter_hours() -> None:
    service = default_solar_provider(default_house(1, datetime(2026, 6, 1, tzinfo=UTC)))

    slots = service.forecast(datetime(2026, 6, 1, 15, 7, tzinfo=UTC))

    assert slots[0].start == day_start(date(2026, 6, 1), BERLIN)
    assert len(slots) == 3 * 96
    assert all(b.start - a.start == timedelta(minutes=15) for a, b in pairwise(slots))
    assert all(slot.power_kw >= 0.0 for slot in slots)
    assert slots[4].power_kw == 0.0
    assert max(slot.power_kw for slot in slots) > 1.0


def test_a_clock_change_inside_the_forecast_changes_its_length() -> None:
    service = default_solar_provider(default_house(1, datetime(2026, 3, 1, tzinfo=UTC)))

    assert len(service.forecast(datetime(2026, 3, 28, 12, tzinfo=UTC))) == 3 * 96 - 4


def test_the_forecast_changes_about_every_three_hours() -> None:
    service = default_solar_provider(default_house(1, datetime(2026, 6, 1, tzinfo=UTC)))
    morning = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)

    issues = {service.issued_at(morning + timedelta(minutes=m)) for m in range(720)}
    answers = {tuple(service.forecast(morning + timedelta(minutes=m))) for m in range(0, 720, 30)}

    assert len(issues) == 5
    assert len(answers) == 5
    assert all(service.issued_at(instant) == instant for instant in issues)


def test_the_same_issue_is_answered_the_same_by_another_service() -> None:
    now = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
    early = default_solar_provider(default_house(4, datetime(2026, 5, 1, tzinfo=UTC)))
    late = default_solar_provider(default_house(4, now))

    for hours in range(48):
        early.forecast(now - timedelta(hours=48 - hours))

    assert early.forecast(now) == late.forecast(now)
