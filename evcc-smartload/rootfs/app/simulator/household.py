"""The household's own consumption: a family that cooks, washes, sleeps and goes on holiday."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from functools import lru_cache

from simulator.local_time import CELL_S, EPOCH, day_bounds_s, local_date, wall_clock_s
from simulator.noise import Dice, SmoothNoise, normal_share, stream, uniform
from simulator.weather import winter_frac

# What the habits below add up to over a year, mean of ten seeds; the configured yearly
# consumption is reached by scaling them.
_HABITS_KWH_PER_YEAR = 4070.0

_STANDBY_KW = 0.13
_FRIDGE_KW = 0.085
_FRIDGE_CYCLE_S = 3000
_HEATING_PUMP_KW = 0.055
_HOLIDAY_BLOCK_DAYS = 28
_SATURDAY, _SUNDAY = 5, 6
_HOME_OFFICE_DAYS = (0, 2, 4)


@dataclass(frozen=True, slots=True)
class _Use:
    """Something is on for a while: seconds since 1970, seconds, kW."""

    start_s: int
    duration_s: int
    power_kw: float


class HolidayCalendar:
    """On which days nobody is at home: about two or three short holidays a year."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def is_away(self, day: date) -> bool:
        """Return whether the family is away on ``day``, nights included."""
        block, position = divmod(day.toordinal(), _HOLIDAY_BLOCK_DAYS)
        dice = Dice(self._seed, "holiday", block)
        if not dice.happens("taken", 0.2):
            return False
        first = int(dice.between("first day", 1, 15))
        return first <= position < first + int(dice.between("length", 4, 12))


class Household:
    """Consumption without cars and battery, constant within a cell of the time grid."""

    def __init__(self, seed: int, zone: tzinfo, *, yearly_kwh: float) -> None:
        self.holidays = HolidayCalendar(seed)
        self._seed = seed
        self._zone = zone
        self._scale_frac = yearly_kwh / _HABITS_KWH_PER_YEAR
        self._presence = SmoothNoise(seed, "presence", [(2400.0, 0.8), (600.0, 0.6)])
        self._fridge = stream(seed, "fridge")
        self._uses_of = lru_cache(maxsize=4)(self._plan_uses)
        self._powers_of = lru_cache(maxsize=3)(self._compute_day)
        self._first_cell = 0
        self._powers: tuple[float, ...] = ()

    def cell_kw(self, cell: int) -> float:
        """Return the power of the grid cell ``cell`` (starts ``cell * CELL_S`` after 1970)."""
        position = cell - self._first_cell
        if not 0 <= position < len(self._powers):
            day = local_date(EPOCH + timedelta(seconds=cell * CELL_S), self._zone)
            self._first_cell = day_bounds_s(day, self._zone)[0] // CELL_S
            self._powers = self._powers_of(day)
            position = cell - self._first_cell
        return self._powers[position]

    def _compute_day(self, day: date) -> tuple[float, ...]:
        start_s, end_s = day_bounds_s(day, self._zone)
        powers = [_STANDBY_KW] * ((end_s - start_s) // CELL_S)
        for use in self._uses(day, start_s, end_s):
            first = (use.start_s - start_s) // CELL_S
            last = first + max(1, use.duration_s // CELL_S)
            for position in range(max(0, first), min(len(powers), last)):
                powers[position] += use.power_kw
        return tuple(power * self._scale_frac for power in powers)

    def _uses(self, day: date, start_s: int, end_s: int) -> Iterator[_Use]:
        # A dryer started late runs past midnight, so yesterday's uses count too.
        yield from self._uses_of(day - timedelta(days=1))
        yield from self._uses_of(day)
        yield from self._fridge_cycles(start_s, end_s)
        if winter_frac(start_s) > 0.35:  # noqa: PLR2004 - the heating season, October to April
            yield _Use(start_s, end_s - start_s, _HEATING_PUMP_KW)
        if not self.holidays.is_away(day):
            yield from self._being_there(day, start_s, end_s)

    def _fridge_cycles(self, start_s: int, end_s: int) -> Iterator[_Use]:
        for cycle in range(start_s // _FRIDGE_CYCLE_S - 1, end_s // _FRIDGE_CYCLE_S + 1):
            draw = uniform(self._fridge, cycle)
            begins_s = cycle * _FRIDGE_CYCLE_S + int(draw * 900) // CELL_S * CELL_S
            warm_s = 300.0 * (1.0 - winter_frac(begins_s))
            yield _Use(begins_s, int(900 + warm_s + 300 * draw), _FRIDGE_KW)

    def _being_there(self, day: date, start_s: int, end_s: int) -> Iterator[_Use]:
        """Screens, lamps, small things: follows who is awake and at home, and the dark."""
        dice = Dice(self._seed, "rhythm", day.toordinal())
        weekend = day.weekday() >= _SATURDAY
        wake_s = wall_clock_s(day, dice.around("wake", 8.2 if weekend else 6.4, 0.35), self._zone)
        sleep_s = wall_clock_s(day, dice.around("sleep", 23.0, 0.5), self._zone)
        evening_s = wall_clock_s(day, 17.0, self._zone)
        home = weekend or self._works_at_home(day)
        dark_kw = 0.13 * winter_frac(start_s)
        for begins_s in range(start_s, end_s, 300):
            if not wake_s <= begins_s < sleep_s:
                continue
            level_kw = 0.30 if begins_s >= evening_s else 0.22 if home else 0.07
            if begins_s >= evening_s or begins_s < wake_s + 5400:
                level_kw += dark_kw
            restless_frac = 0.3 + 1.4 * normal_share(self._presence.at(begins_s))
            yield _Use(begins_s, 300, level_kw * restless_frac)

    def _works_at_home(self, day: date) -> bool:
        dice = Dice(self._seed, "work", day.toordinal())
        return day.weekday() in _HOME_OFFICE_DAYS and dice.happens("at home", 0.5)

    def _plan_uses(self, day: date) -> tuple[_Use, ...]:
        if self.holidays.is_away(day):
            return ()
        dice = Dice(self._seed, "appliances", day.toordinal())
        hours = (
            *self._meals(day, dice),
            *self._cleaning(day, dice),
        )
        return tuple(
            _Use(
                wall_clock_s(day, start_h, self._zone), int(minutes * 60 // CELL_S * CELL_S), power
            )
            for start_h, minutes, power in hours
        )

    def _meals(self, day: date, dice: Dice) -> Iterator[tuple[float, float, float]]:
        """Yield (hour, minutes, kW)."""
        weekend = day.weekday() >= _SATURDAY
        breakfast_h = dice.around("breakfast", 8.8 if weekend else 6.7, 0.3)
        yield breakfast_h, dice.between("kettle", 3, 6), 2.0
        yield breakfast_h + 0.1, dice.between("toaster", 3, 8), 0.9
        if weekend and dice.happens("rolls", 0.6):
            yield from _oven(breakfast_h - 0.3, 18)
        if weekend or self._works_at_home(day):
            yield from _hob(dice.around("lunch", 12.5, 0.4), dice.between("lunch length", 20, 45))
            yield dice.between("coffee", 14.5, 16.5), dice.between("coffee length", 3, 6), 1.6
        if dice.happens("dinner", 0.85):
            dinner_h = dice.around("dinner time", 18.6, 0.5)
            yield from _hob(dinner_h, dice.between("dinner length", 20, 45))
            if dice.happens("oven", 0.3):
                yield from _oven(dinner_h - 0.2, dice.between("oven length", 30, 60))
        yield dice.between("tea", 20.0, 22.0), 3.5, 2.0

    def _cleaning(self, day: date, dice: Dice) -> Iterator[tuple[float, float, float]]:
        """Yield (hour, minutes, kW)."""
        weekend = day.weekday() >= _SATURDAY
        yield dice.around("hair dryer", 7.0, 0.3), dice.between("hair dryer length", 2, 7), 1.5
        if dice.happens("dishwasher", 0.7):
            hour = dice.between("dishwasher time", 19.3, 21.5)
            yield hour, 70, 0.06
            yield hour + 0.15, 16, 1.95
            yield hour + 0.85, 13, 1.95
        if dice.happens("washing", 0.75 if weekend else 0.3):
            hour = (
                dice.between("washing time", 9.5, 14.0)
                if weekend
                else dice.between("washing time", 16.5, 19.0)
            )
            for load in range(2 if dice.happens("second load", 0.35) else 1):
                yield hour + 2.0 * load, 95, 0.18
                yield hour + 2.0 * load + 0.1, 22, 1.9
                if dice.happens(f"dryer {load}", 0.3 + 0.4 * winter_frac(_noon_s(day))):
                    yield hour + 2.0 * load + 1.8, 95, 0.75
        if day.weekday() != _SUNDAY and dice.happens("hoover", 0.3):
            yield dice.between("hoover time", 10.0, 18.5), dice.between("hoover length", 8, 25), 0.8


def _hob(start_h: float, minutes: float) -> Iterator[tuple[float, float, float]]:
    """Yield a hob that first heats, then keeps simmering in bursts."""
    yield start_h, 6.0, 2.1
    bursts = int((minutes - 6.0) // 3.0)
    for burst in range(bursts):
        yield start_h + (6.0 + 3.0 * burst) / 60.0, 1.5, 1.5


def _oven(start_h: float, minutes: float) -> Iterator[tuple[float, float, float]]:
    """Yield an oven that heats up, then holds its temperature in bursts."""
    yield start_h, 9.0, 2.4
    bursts = int((minutes - 9.0) // 5.0)
    for burst in range(max(0, bursts)):
        yield start_h + (9.0 + 5.0 * burst) / 60.0, 2.0, 2.2


def _noon_s(day: date) -> float:
    return (day - EPOCH.date()).days * 86_400.0 + 43_200.0
