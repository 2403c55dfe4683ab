"""Makes periods that can be lived again from measured homes, prices and charging sessions."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import TypedDict, Unpack
from zoneinfo import ZoneInfo

from backtest.period import Period
from backtest.period_cars import CarInPeriod, commuter, measured_car
from backtest.period_cutting import Part, parts_of, parts_within, past_from_day
from backtest.period_joining import Joined, join
from backtest.period_notes import (
    note_on_past,
    notes_on_gaps,
    notes_on_holes,
    notes_on_inputs,
    notes_on_moving,
)
from backtest.period_tariff import Tariff
from domain.horizon import SLOT
from domain.proof import PeriodNote
from errors import MeasuredDataError
from forecaster.series import FloatArray
from proof.gaps import filled
from sources.measured_folder import (
    Folder,
    MeasuredHome,
    PriceSeries,
    choose_homes,
    choose_prices,
    open_folder,
)
from sources.measured_sessions import CarUser, choose_user

USUAL_TARIFF = Tariff()
MARKET_ZONE = ZoneInfo("Europe/Berlin")
WARM_UP_DAYS = 28
AUTO = "auto"


class PlainCar(StrEnum):
    """Cars that need no measurements."""

    NONE = "none"
    COMMUTER = "commuter"


Car = PlainCar | CarUser


class Terms(TypedDict, total=False):
    """What ``make_periods`` takes beside home, prices and car."""

    tariff: Tariff
    start: date | None
    end: date | None
    warm_up_days: int
    zone: tzinfo


def read_periods(
    folder: Path,
    *,
    home: str | None = None,
    prices: str | None = None,
    car: str = PlainCar.NONE,
    **terms: Unpack[Terms],
) -> tuple[Period, ...]:
    """Return every period of the homes and prices that an owner asked for in a folder.

    ``home`` and ``prices`` are names as in ``sources.measured_folder``, ``car`` as in
    ``choose_car``; the rest is as in ``make_periods``.

    Raises:
        MeasuredDataError: Something cannot be used; the text says what to do.
    """
    opened = open_folder(folder)
    chosen_prices = choose_prices(opened, prices)
    chosen_car = choose_car(opened, car)
    return tuple(
        period
        for one_home in choose_homes(opened, home)
        for one_price in chosen_prices
        for period in make_periods(one_home, one_price, car=chosen_car, **terms)
    )


def choose_car(folder: Folder, asked: str) -> Car:
    """Return the car an owner asked for.

    Args:
        folder: Where the charging sessions are; not read for a plain car.
        asked: "none", "commuter", "auto" (the user with most sessions) or ``LOCATION:USER``.

    Raises:
        MeasuredDataError: There is no such user.
    """
    if asked in set(PlainCar):
        return PlainCar(asked)
    return choose_user(folder, None if asked == AUTO else asked)


def make_period(
    home: MeasuredHome,
    prices: PriceSeries,
    *,
    car: Car = PlainCar.NONE,
    **terms: Unpack[Terms],
) -> Period:
    """Return the one period of a home and prices; as ``make_periods``.

    Raises:
        MeasuredDataError: As there, or a hole cuts the data into several.
    """
    periods = make_periods(home, prices, car=car, **terms)
    if len(periods) > 1:
        spans = ", ".join(_span_of(period) for period in periods)
        raise MeasuredDataError(
            f"{home.name} falls into {len(periods)} periods, as nothing was measured between them: "
            f"{spans}. Choose start and end within one."
        )
    return periods[0]


def make_periods(  # noqa: PLR0913  # all that a period is chosen by
    home: MeasuredHome,
    prices: PriceSeries,
    *,
    tariff: Tariff = USUAL_TARIFF,
    car: Car = PlainCar.NONE,
    start: date | None = None,
    end: date | None = None,
    warm_up_days: int = WARM_UP_DAYS,
    zone: tzinfo = MARKET_ZONE,
) -> tuple[Period, ...]:
    """Return what home and prices have in common, as one period, or several around long holes.

    Args:
        home: Is moved by whole weeks where it is of another time than the prices, and by whole
            hours where its sun is far from the zone's noon.
        prices: Wholesale.
        tariff: What is paid at that price.
        car: That comes and goes.
        start: The first local day to live through; None: the first there is.
        end: The local day after the last; None: all there are.
        warm_up_days: So many measured days before are known as past, as far as there are any.
        zone: That of the prices, whose days are lived through.

    Raises:
        MeasuredDataError: There is nothing in common, or not on the days asked for.
    """
    joined = join(home, prices, zone)
    parts = parts_of(joined)
    wanted = parts_within(joined, parts, _day_of(start, zone), _day_of(end, zone), zone)
    common = (
        *notes_on_inputs(home, prices),
        *notes_on_moving(joined, home, zone),
        *notes_on_holes(joined, parts, zone),
        tariff.told(),
    )
    whole = _Whole(home=home, prices=prices, joined=joined, tariff=tariff, zone=zone, notes=common)
    return tuple(_period_of(whole, part, car, warm_up_days) for part in wanted)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Whole:
    """All that periods are cut from, and the notes that they share."""

    home: MeasuredHome
    prices: PriceSeries
    joined: Joined
    tariff: Tariff
    zone: tzinfo
    notes: tuple[PeriodNote, ...]


def _period_of(whole: _Whole, part: Part, car: Car, warm_up_days: int) -> Period:
    joined = whole.joined
    begin = joined.midnights[past_from_day(joined, part.first, warm_up_days)]
    start, end = joined.midnights[part.first], joined.midnights[part.last]
    slots = slice(joined.slot_of(begin), joined.slot_of(end))
    live_from = joined.slot_of(start) - slots.start
    is_measured = joined.is_measured[slots]
    wholesale = _filled(whole, joined.wholesale_eur_per_kwh)[slots]
    comes = _car_in(car, begin, end, whole.zone)
    return Period(
        name=whole.home.name,
        prices=whole.prices.name,
        start=begin,
        zone=whole.zone,
        load_kw=_filled(whole, joined.load_kw)[slots],
        pv_kw=_filled(whole, joined.pv_kw)[slots],
        import_price_eur_per_kwh=whole.tariff.import_eur_per_kwh(wholesale),
        export_price_eur_per_kwh=whole.tariff.export_eur_per_kwh(wholesale),
        pv_said_kw=None if joined.pv_said_kw is None else joined.pv_said_kw[slots],
        is_measured=is_measured,
        live_from=live_from,
        cars=tuple(one.car for one in comes),
        notes=(
            *whole.notes,
            *notes_on_gaps(joined, is_measured[live_from:]),
            note_on_past(live_from, int(is_measured[:live_from].sum())),
            *(note for one in comes for note in one.notes),
        ),
        inputs={
            whole.home.file: whole.home.sha256,
            whole.prices.file: whole.prices.sha256,
            **(car.inputs if isinstance(car, CarUser) else {}),
        },
    )


def _filled(whole: _Whole, values: FloatArray) -> FloatArray:
    return filled(values, whole.joined.midnights[0], whole.zone)


def _car_in(car: Car, start: datetime, end: datetime, zone: tzinfo) -> tuple[CarInPeriod, ...]:
    if isinstance(car, CarUser):
        return (measured_car(car, start, end, zone),)
    if car == PlainCar.COMMUTER:
        return (commuter(start, end, zone),)
    return ()


def _day_of(asked: date | None, zone: tzinfo) -> date | None:
    if isinstance(asked, datetime):
        return asked.astimezone(zone).date()
    return asked


def _span_of(period: Period) -> str:
    first = (period.start + period.live_from * SLOT).astimezone(period.zone).date()
    return f"{first} to {period.end.astimezone(period.zone).date()}"
