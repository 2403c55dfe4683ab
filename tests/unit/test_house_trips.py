from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from simulator.household import HolidayCalendar
from simulator.local_time import EPOCH
from simulator.trips import Habit, Trip, TripCalendar

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = [date(2026, 1, 1) + timedelta(days=day) for day in range(365)]


def calendar(habit: Habit, seed: int = 1) -> TripCalendar:
    return TripCalendar(seed, "car", habit, BERLIN, HolidayCalendar(seed))


def hour(epoch_s: int) -> float:
    local = (EPOCH + timedelta(seconds=epoch_s)).astimezone(BERLIN)
    return local.hour + local.minute / 60


def all_trips(habit: Habit) -> list[Trip]:
    return [trip for day in DAYS for trip in calendar(habit).trips_of_day(day)]


def test_a_commuter_leaves_in_the_morning_and_is_back_by_evening() -> None:
    trips = calendar(Habit.COMMUTER)
    away = HolidayCalendar(1)
    working_days = [day for day in DAYS if day.weekday() in (1, 2) and not away.is_away(day)]

    for day in working_days:
        commute = trips.trips_of_day(day)[0]
        assert 6.5 < hour(commute.leave_s) < 8.0
        assert 15.5 < hour(commute.back_s) < 18.5


def test_trips_of_a_car_never_overlap() -> None:
    for habit in Habit:
        trips = all_trips(habit)
        assert all(trip.leave_s < trip.back_s for trip in trips)
        assert all(a.back_s < b.leave_s for a, b in pairwise(trips))


def test_yearly_driving_is_that_of_ordinary_cars() -> None:
    commuter_kwh = sum(trip.used_kwh for trip in all_trips(Habit.COMMUTER))
    errands_kwh = sum(trip.used_kwh for trip in all_trips(Habit.ERRANDS))

    assert 1800 < commuter_kwh < 4000
    assert 600 < errands_kwh < 2000


def test_walking_from_trip_to_trip_meets_every_trip_once() -> None:
    for habit in Habit:
        expected = all_trips(habit)
        trips = calendar(habit)
        walked: list[Trip] = []
        at_s = datetime(2025, 12, 31, 23, 0, tzinfo=UTC).timestamp()
        while len(walked) < len(expected):
            trip = trips.first_ending_from(at_s)
            if trip.leave_s >= expected[0].leave_s:
                walked.append(trip)
            at_s = trip.back_s + 1
        assert walked == expected


def test_the_family_car_is_away_for_a_whole_holiday() -> None:
    away = HolidayCalendar(1)
    first = next(
        day for day in DAYS if away.is_away(day) and not away.is_away(day - timedelta(days=1))
    )
    trips = calendar(Habit.COMMUTER)
    third_noon = datetime(first.year, first.month, first.day, 11, 0, tzinfo=UTC) + timedelta(days=2)

    journey = trips.first_ending_from(third_noon.timestamp())

    assert journey == trips.trips_of_day(first)[0]
    assert journey.leave_s < third_noon.timestamp()
    assert journey.back_s - journey.leave_s > 3 * 86_400
