"""When a car is on the road: each day's trips are a pure function of seed, car and date."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from enum import StrEnum

from simulator.household import HolidayCalendar
from simulator.local_time import EPOCH, local_date, wall_clock_s
from simulator.noise import Dice
from simulator.weather import winter_frac

_MONDAY, _THURSDAY, _FRIDAY, _SATURDAY, _SUNDAY = 0, 3, 4, 5, 6
_WINTER_EXTRA_FRAC = 0.3
# A car that never leaves would be looked for for ever.
_SEARCH_DAYS = 60


class Habit(StrEnum):
    """How a car is used."""

    COMMUTER = "commuter"
    ERRANDS = "errands"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A time away from home [s since 1970] and what it takes from the car's battery.

    ``plugs_in`` tells whether the driver thinks of the cable on return.
    """

    leave_s: int
    back_s: int
    used_kwh: float
    plugs_in: bool = True


class TripCalendar:
    """All trips of one car."""

    def __init__(
        self, seed: int, car: str, habit: Habit, zone: tzinfo, holidays: HolidayCalendar
    ) -> None:
        self._seed = seed
        self._car = car
        self._habit = habit
        self._zone = zone
        self._holidays = holidays

    def first_ending_from(self, epoch_s: float) -> Trip:
        """Return the first trip that ends at or after ``epoch_s``."""
        # The day before counts, as a trip may end past midnight, and so does all of a holiday.
        day = local_date(EPOCH + timedelta(seconds=epoch_s), self._zone) - timedelta(days=1)
        while self._holidays.is_away(day):
            day -= timedelta(days=1)
        for _ in range(_SEARCH_DAYS):
            for trip in self.trips_of_day(day):
                if trip.back_s >= epoch_s:
                    return trip
            day += timedelta(days=1)
        never_s = int(epoch_s) + _SEARCH_DAYS * 86_400
        return Trip(leave_s=never_s, back_s=never_s + 3600, used_kwh=0.0)

    def trips_of_day(self, day: date) -> tuple[Trip, ...]:
        """Return the trips that begin on ``day``, in order, without overlap."""
        if self._holidays.is_away(day):
            return tuple(self._holiday_trip(day))
        dice = Dice(self._seed, f"trips of {self._car}", day.toordinal())
        plans = (
            self._commuter_day(day, dice)
            if self._habit is Habit.COMMUTER
            else self._errands_day(day, dice)
        )
        cold_frac = 1.0 + _WINTER_EXTRA_FRAC * winter_frac(wall_clock_s(day, 12.0, self._zone))
        return tuple(
            Trip(
                leave_s=wall_clock_s(day, leave_h, self._zone),
                back_s=wall_clock_s(day, back_h, self._zone),
                used_kwh=round(used_kwh * cold_frac, 3),
                plugs_in=dice.happens(f"plugs in {number}", 0.88),
            )
            for number, (leave_h, back_h, used_kwh) in enumerate(plans)
        )

    def _holiday_trip(self, day: date) -> Iterator[Trip]:
        """Yield the journey of the family car on the first day of a holiday."""
        if self._habit is not Habit.COMMUTER or self._holidays.is_away(day - timedelta(days=1)):
            return
        last = day
        while self._holidays.is_away(last + timedelta(days=1)):
            last += timedelta(days=1)
        yield Trip(
            leave_s=wall_clock_s(day, 0.5, self._zone),
            back_s=wall_clock_s(last, 22.5, self._zone),
            used_kwh=35.0,
        )

    def _commuter_day(self, day: date, dice: Dice) -> Iterator[tuple[float, float, float]]:
        """Yield (leaves at, back at, kWh), hours local."""
        weekday = day.weekday()
        if weekday < _SATURDAY:
            home_office = weekday in (_MONDAY, _FRIDAY) and dice.happens("home office", 0.4)
            if not home_office:
                back_h = dice.around("back", 17.0, 0.5)
                yield dice.around("leave", 7.25, 0.2), back_h, dice.around("commute", 8.5, 1.0)
            if weekday == _THURSDAY and dice.happens("sports", 0.6):
                yield (
                    dice.around("sports time", 19.4, 0.2),
                    dice.around("sports end", 21.8, 0.2),
                    3.0,
                )
        elif weekday == _SATURDAY:
            if dice.happens("shopping", 0.8):
                leave_h = dice.around("shopping time", 10.3, 0.6)
                yield leave_h, leave_h + dice.between("shopping length", 1.2, 3.0), 4.5
            if dice.happens("evening out", 0.3):
                yield (
                    dice.around("evening time", 18.5, 0.4),
                    dice.around("evening end", 23.0, 0.4),
                    6.0,
                )
        elif dice.happens("outing", 0.55):
            leave_h = dice.around("outing time", 10.5, 0.7)
            back_h = leave_h + dice.between("outing length", 4.0, 9.0)
            yield leave_h, back_h, dice.between("outing energy", 9.0, 26.0)

    def _errands_day(self, day: date, dice: Dice) -> Iterator[tuple[float, float, float]]:
        """Yield (leaves at, back at, kWh), hours local."""
        weekday = day.weekday()
        if weekday == _SUNDAY:
            if dice.happens("visit", 0.3):
                leave_h = dice.around("visit time", 14.5, 0.5)
                yield leave_h, leave_h + dice.between("visit length", 1.5, 3.5), 3.0
            return
        if weekday < _SATURDAY and dice.happens("morning", 0.65):
            leave_h = dice.around("morning time", 8.0, 0.3)
            yield leave_h, dice.around("morning end", 12.8, 0.4), dice.between("to work", 2.0, 4.0)
        if dice.happens("afternoon", 0.5):
            leave_h = dice.around("afternoon time", 15.3, 0.6)
            back_h = leave_h + dice.between("afternoon length", 0.6, 2.2)
            yield leave_h, back_h, dice.between("errand", 1.0, 3.5)
