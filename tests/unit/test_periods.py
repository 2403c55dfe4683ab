import hashlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from backtest.period import Period, RecordedCar, Stay
from backtest.period_tariff import FeedIn, Tariff
from backtest.periods import PlainCar, choose_car, make_period, make_periods, read_periods
from backtest.report_words import Words, note_text
from backtest.report_words_de import GERMAN
from backtest.report_words_en import ENGLISH
from domain.horizon import SLOT, SLOTS_PER_DAY
from domain.proof import PeriodNoteCode as NoteCode
from errors import MeasuredDataError
from forecaster.series import FloatArray, SlotSeries
from planner.wording_figures import Figures
from sources.measured_folder import MeasuredHome, PriceSeries, open_folder
from sources.measured_sessions import CarUser, Session
from sources.measured_sun import noon_utc_h
from tests.support.measured_files import sun_at, write_series, write_sessions

BERLIN = ZoneInfo("Europe/Berlin")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EPOCH = datetime(2000, 1, 3, tzinfo=UTC)
"""A Monday; the load of most homes here is the time since then [h], so that it tells its origin."""

Gaps = tuple[tuple[datetime, datetime], ...]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]  # year, month, day, hour


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN).astimezone(UTC)  # type: ignore[misc, arg-type]  # as utc


def series(start: datetime, end: datetime, of: Callable[[FloatArray], FloatArray]) -> SlotSeries:
    first_h = (start - EPOCH) / HOUR
    hours: FloatArray = first_h + 0.25 * np.arange((end - start) // SLOT, dtype=np.float64)
    return SlotSeries(start=start, values=of(hours))


def own_time_h(hours: FloatArray) -> FloatArray:
    return hours


def sun(noon_h: float) -> Callable[[FloatArray], FloatArray]:
    return lambda hours: np.maximum(0.0, 4.0 - np.abs((hours - noon_h + 12.0) % 24.0 - 12.0))


def without(whole: SlotSeries, gaps: Gaps) -> SlotSeries:
    values = whole.values.copy()
    for begin, end in gaps:
        values[(begin - whole.start) // SLOT : (end - whole.start) // SLOT] = np.nan
    return replace(whole, values=values)


def a_home(
    start: datetime, end: datetime, *, gaps: Gaps = (), noon_h: float = 11.5
) -> MeasuredHome:
    pv = series(start, end, sun(noon_h))
    return MeasuredHome(
        name="home",
        file="home.csv",
        sha256="h",
        step=SLOT,
        zone=BERLIN,
        noon_utc_h=noon_utc_h([pv]),
        load_column="load_kw",
        load=without(series(start, end, own_time_h), gaps),
        pv=pv,
        pv_forecast=None,
    )


def some_prices(start: datetime, end: datetime, gaps: Gaps = ()) -> PriceSeries:
    prices = series(start, end, lambda hours: hours % 24.0 / 100.0)
    return PriceSeries(
        name="de", file="de.csv", sha256="p", step=HOUR, prices=without(prices, gaps)
    )


def of_one_time(days: int, gaps: Gaps = ()) -> tuple[MeasuredHome, PriceSeries]:
    """A home and prices from 1 May 2024 on, local time."""
    start, end = local(2024, 5, 1), local(2024, 5, 1) + days * DAY
    return a_home(start, end, gaps=gaps), some_prices(start, end)


def measured_at(period: Period, index: int) -> datetime:
    return EPOCH + float(period.load_kw[index]) * HOUR


def noted(period: Period) -> list[tuple[NoteCode, dict[str, object]]]:
    return [(note.code, dict(note.facts)) for note in period.notes]


def codes(period: Period) -> set[NoteCode]:
    return {note.code for note in period.notes}


def test_home_and_prices_of_one_time_share_whole_local_days() -> None:
    home = a_home(utc(2024, 4, 29, 10), utc(2024, 5, 20))
    prices = some_prices(local(2024, 5, 1), utc(2024, 5, 9, 6))

    period = make_period(home, prices)

    assert (period.start, period.end) == (local(2024, 5, 1), local(2024, 5, 9))
    assert (period.zone, period.live_from) == (BERLIN, 0)
    assert measured_at(period, 0) == period.start
    assert period.is_measured.all()
    assert not codes(period) & {NoteCode.MOVED_WEEKS, NoteCode.MOVED_HOURS}


def test_the_zone_of_the_prices_can_be_told() -> None:
    zone = ZoneInfo("Europe/Helsinki")

    period = make_period(*of_one_time(5), zone=zone)

    assert period.start == datetime(2024, 5, 2, tzinfo=zone).astimezone(UTC)
    assert period.zone is zone


def test_the_owner_pays_price_and_surcharge_with_vat_and_gets_a_fixed_price() -> None:
    home, prices = of_one_time(2)

    period = make_period(home, prices, tariff=Tariff(surcharge_eur_per_kwh=0.1, vat_frac=0.2))

    np.testing.assert_allclose(period.import_price_eur_per_kwh, (prices.prices.values + 0.1) * 1.2)
    np.testing.assert_array_equal(period.export_price_eur_per_kwh, np.full(192, 0.08))


def test_feeding_in_can_bring_the_market_price() -> None:
    home, prices = of_one_time(2)

    period = make_period(home, prices, tariff=Tariff(feed_in=FeedIn.MARKET))

    np.testing.assert_array_equal(period.export_price_eur_per_kwh, prices.prices.values)


def test_the_days_of_clock_changes_are_as_long_as_they_are() -> None:
    spring = make_period(
        a_home(local(2024, 3, 30), local(2024, 4, 2)),
        some_prices(local(2024, 3, 30), local(2024, 4, 2)),
    )
    autumn = make_period(
        a_home(local(2024, 10, 27), local(2024, 10, 28)),
        some_prices(local(2024, 10, 27), local(2024, 10, 28)),
    )

    assert spring.n_slots == 96 + 92 + 96
    assert spring.end == local(2024, 4, 2)
    assert autumn.n_slots == 100


def test_a_year_of_another_time_is_moved_by_weeks_in_two_parts() -> None:
    home = a_home(local(2016, 8, 1), local(2017, 8, 1))
    prices = some_prices(local(2024, 1, 1), local(2025, 1, 1))

    period = make_period(home, prices)

    assert (period.start, period.n_slots) == (local(2024, 1, 1), 366 * SLOTS_PER_DAY)
    for index in range(0, period.n_slots, 37):
        at, origin = period.start + index * SLOT, measured_at(period, index)
        assert (at - origin) % timedelta(weeks=1) == timedelta(0)
        years = round((at - origin) / timedelta(days=365.25))
        assert abs(at - origin - years * timedelta(days=365.25)) < timedelta(days=5)
    assert period.is_measured.all()
    assert [facts for code, facts in noted(period) if code == NoteCode.MOVED_WEEKS] == [
        {"weeks": 365, "first": "2024-01-01", "last": "2024-07-29"},
        {"weeks": 417, "first": "2024-07-30", "last": "2024-12-31"},
    ]
    assert (NoteCode.WEATHER_UNLINKED, {"home": "home"}) in noted(period)
    assert (NoteCode.DAYS_TWICE, {"days": 2}) in noted(period)


def test_a_home_that_was_measured_after_the_prices_is_moved_back() -> None:
    home = a_home(local(2025, 1, 1), local(2026, 1, 1))

    period = make_period(home, some_prices(local(2022, 5, 1), local(2022, 5, 9)))

    assert measured_at(period, 0) == period.start + timedelta(weeks=157)


def test_a_home_year_covers_a_price_year_whose_weeks_do_not_fit_exactly() -> None:
    # Two and three years are 104 and 157 weeks: 53 weeks apart, six days more than the home has.
    home = a_home(local(2021, 7, 1), local(2022, 7, 1))

    period = make_period(home, some_prices(local(2024, 1, 1), local(2025, 1, 1)))

    assert period.is_measured.all()


def test_only_days_whose_season_was_measured_are_lived() -> None:
    home = a_home(local(2020, 5, 1), local(2020, 7, 1))

    period = make_period(home, some_prices(local(2024, 1, 1), local(2025, 1, 1)))

    assert local(2024, 4, 20) < period.start < local(2024, 5, 10)
    assert local(2024, 6, 20) < period.end < local(2024, 7, 10)


def test_a_home_on_another_side_of_the_globe_is_moved_to_its_noon() -> None:
    home = a_home(utc(2016, 1, 1), utc(2017, 1, 1), noon_h=20.0)

    period = make_period(home, some_prices(local(2024, 3, 1), local(2024, 3, 11)))

    noon_h = noon_utc_h([SlotSeries(start=period.start, values=period.pv_kw)])
    assert noon_h == pytest.approx(11.0, abs=0.2)
    assert (period.start - measured_at(period, 0)) % timedelta(weeks=1) == timedelta(
        days=7
    ) - 9 * HOUR
    assert (NoteCode.MOVED_HOURS, {"hours": -9, "zone": "Europe/Berlin"}) in noted(period)


def test_a_roof_that_only_looks_west_stays_where_it_is() -> None:
    home = a_home(utc(2024, 5, 1), utc(2024, 5, 9), noon_h=12.5)

    period = make_period(home, some_prices(utc(2024, 5, 1), utc(2024, 5, 9)))

    assert measured_at(period, 0) == period.start


def test_a_gap_of_an_hour_is_drawn_as_a_line_and_counts_as_measured() -> None:
    gap = (local(2024, 5, 2, 8), local(2024, 5, 2, 9))

    period = make_period(*of_one_time(4, gaps=(gap,)))

    assert period.is_measured.all()
    np.testing.assert_allclose(np.diff(period.load_kw), 0.25)
    assert (NoteCode.MEASURED, {"measured_frac": 1.0, "bridged": 4}) in noted(period)


def test_a_longer_gap_is_the_day_before_and_does_not_count() -> None:
    gap = (local(2024, 5, 3, 8), local(2024, 5, 3, 10))

    period = make_period(*of_one_time(4, gaps=(gap,)))

    filled = slice(2 * 96 + 32, 2 * 96 + 40)
    assert not period.is_measured[filled].any()
    assert (~period.is_measured).sum() == 8
    np.testing.assert_array_equal(period.load_kw[filled], period.load_kw[96 + 32 : 96 + 40])
    assert (NoteCode.FILLED, {"slots": 8, "gaps": 1, "longest_h": 2.0}) in noted(period)


def test_a_gap_on_the_first_day_is_the_day_after() -> None:
    gap = (local(2024, 5, 1, 8), local(2024, 5, 1, 10))

    period = make_period(*of_one_time(4, gaps=(gap,)))

    np.testing.assert_array_equal(period.load_kw[32:40], period.load_kw[96 + 32 : 96 + 40])


def test_a_gap_after_a_clock_change_is_filled_by_the_clock() -> None:
    start, end = local(2024, 3, 29), local(2024, 4, 3)
    home = a_home(start, end, gaps=((local(2024, 3, 31, 7), local(2024, 3, 31, 9)),))

    period = make_period(home, some_prices(start, end))

    index = (local(2024, 3, 31, 7) - start) // SLOT
    assert measured_at(period, index) == local(2024, 3, 30, 7)


def test_where_no_price_is_known_nothing_counts() -> None:
    home, prices = of_one_time(4)
    gap = (local(2024, 5, 3, 8), local(2024, 5, 3, 11))

    period = make_period(home, some_prices(local(2024, 5, 1), prices.prices.end, gaps=(gap,)))

    assert (~period.is_measured).sum() == 12
    assert np.isfinite(period.import_price_eur_per_kwh).all()


def test_a_hole_of_a_week_is_filled() -> None:
    gap = (local(2024, 5, 11), local(2024, 5, 18))

    period = make_period(*of_one_time(40, gaps=(gap,)))

    assert (~period.is_measured).sum() == 7 * SLOTS_PER_DAY
    assert np.isfinite(period.load_kw).all()


HOLE = (local(2024, 6, 20, 12), local(2024, 7, 1, 12))


def test_a_longer_hole_cuts_the_period_and_the_second_knows_the_past_across_it() -> None:
    first, second = make_periods(*of_one_time(80, gaps=(HOLE,)))

    assert (first.start, first.end) == (local(2024, 5, 1), local(2024, 6, 20))
    assert (first.live_from, second.end) == (0, local(2024, 7, 20))
    assert second.start + second.live_from * SLOT == local(2024, 7, 2)
    past = second.is_measured[: second.live_from]
    assert 28 * SLOTS_PER_DAY <= past.sum() <= 29 * SLOTS_PER_DAY
    assert (
        NoteCode.LEFT_OUT,
        {"days": 12, "first": "2024-06-20", "last": "2024-07-01"},
    ) in noted(first)


def test_one_period_is_refused_where_there_are_two() -> None:
    home, prices = of_one_time(80, gaps=(HOLE,))

    with pytest.raises(
        MeasuredDataError, match=r"2 periods, .*2024-05-01 to 2024-06-20, 2024-07-02"
    ):
        make_period(home, prices)


def test_one_of_two_is_chosen_by_its_days() -> None:
    home, prices = of_one_time(80, gaps=(HOLE,))

    period = make_period(home, prices, start=date(2024, 7, 2))

    assert period.start + period.live_from * SLOT == local(2024, 7, 2)


def test_what_comes_before_the_wanted_start_is_past_only() -> None:
    period = make_period(*of_one_time(60), start=date(2024, 6, 10), end=date(2024, 6, 20))

    assert period.live_from == 28 * SLOTS_PER_DAY
    assert period.start == local(2024, 5, 13)
    assert period.end == local(2024, 6, 20)
    assert (NoteCode.PAST, {"days": 28, "measured_days": 28.0}) in noted(period)


def test_as_much_past_is_known_as_there_is() -> None:
    some = make_period(*of_one_time(60), start=date(2024, 5, 6))
    asked = make_period(*of_one_time(60), start=date(2024, 5, 6), warm_up_days=2)
    none = make_period(*of_one_time(60))

    assert [one.live_from // SLOTS_PER_DAY for one in (some, asked, none)] == [5, 2, 0]
    assert NoteCode.NO_PAST in codes(none)


def test_a_start_with_a_time_is_its_local_day() -> None:
    period = make_period(*of_one_time(9), start=utc(2024, 5, 3, 23), warm_up_days=0)

    assert period.start == local(2024, 5, 4)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (date(2024, 4, 30), None, "nothing on 2024-04-30: .*2024-05-01 to 2024-05-10"),
        (None, date(2024, 5, 11), "nothing on 2024-05-11"),
        (date(2024, 5, 5), date(2024, 5, 5), "ends on 2024-05-05, not after"),
    ],
)
def test_days_that_are_not_there_are_refused(
    start: date | None, end: date | None, said: str
) -> None:
    home, prices = of_one_time(9)

    with pytest.raises(MeasuredDataError, match=said):
        make_periods(home, prices, start=start, end=end)


def test_days_within_a_hole_are_refused() -> None:
    home, prices = of_one_time(80, gaps=(HOLE,))

    with pytest.raises(MeasuredDataError, match="no day without a long hole"):
        make_periods(home, prices, start=date(2024, 6, 22), end=date(2024, 6, 25))


def test_a_home_without_load_is_refused() -> None:
    home, prices = of_one_time(3)

    with pytest.raises(MeasuredDataError, match="home has no measured load"):
        make_periods(replace(home, load=None), prices)


def test_less_than_a_day_is_refused() -> None:
    home = a_home(local(2023, 5, 1, 6), local(2023, 5, 1, 18))

    with pytest.raises(MeasuredDataError, match="no whole day in common"):
        make_periods(home, some_prices(local(2024, 1, 1), local(2025, 1, 1)))


def test_a_home_without_pv_has_none() -> None:
    home, prices = of_one_time(3)

    period = make_period(replace(home, pv=None, noon_utc_h=None), prices)

    assert not period.pv_kw.any()
    assert period.is_measured.all()
    assert NoteCode.NO_PV in codes(period)


def test_what_a_provider_did_not_say_stays_unknown() -> None:
    home, prices = of_one_time(3)
    unsaid = (local(2024, 5, 2), local(2024, 5, 3))
    assert home.pv is not None

    period = make_period(replace(home, pv_forecast=without(home.pv, (unsaid,))), prices)

    assert period.pv_said_kw is not None
    assert np.isnan(period.pv_said_kw).sum() == SLOTS_PER_DAY
    assert period.is_measured.all()


def test_a_period_is_read_from_files_and_says_which(tmp_path: Path) -> None:
    start, end = utc(2024, 4, 30, 22), utc(2024, 5, 10, 22)
    home = write_series(
        tmp_path / "homes/one_2024.csv.gz", start, end, load_kw=lambda _at: 0.5, pv_kw=sun_at(11.0)
    )
    prices = write_series(
        tmp_path / "de_2024.csv", start, end, price_eur_per_kwh=lambda at: at.hour / 100
    )

    (period,) = read_periods(tmp_path, home="one", prices="de", car="commuter")

    assert (period.name, period.prices) == ("one_2024", "de_2024")
    assert period.inputs == {
        "homes/one_2024.csv.gz": hashlib.sha256(home.read_bytes()).hexdigest(),
        "de_2024.csv": hashlib.sha256(prices.read_bytes()).hexdigest(),
    }
    assert period.n_slots == 10 * SLOTS_PER_DAY
    np.testing.assert_allclose(np.diff(period.import_price_eur_per_kwh.reshape(-1, 4)), 0.0)
    assert (NoteCode.LONG_PRICES, {"prices": "de_2024", "minutes": 60}) in noted(period)
    assert (NoteCode.LONG_STEPS, {"minutes": 60}) in noted(period)


@pytest.mark.parametrize("words", [GERMAN, ENGLISH], ids=["de", "en"])
@pytest.mark.parametrize("car", [PlainCar.COMMUTER, "measured"])
def test_what_is_noted_of_a_period_can_be_told(words: Words, car: str) -> None:
    start, end = local(2016, 8, 1), local(2017, 8, 1)
    far = a_home(start, end, gaps=((local(2016, 9, 1), local(2016, 9, 12)),), noon_h=20.0)
    home = replace(far, step=HOUR, pv_forecast=far.pv)
    user = evenings(utc(2018, 11, 10), 200, energy_kwh=59.0) if car == "measured" else None
    prices = some_prices(local(2024, 1, 1), local(2025, 1, 1))
    figures = Figures(style=words.style, zone=UTC, now=EPOCH, currency="EUR")

    periods = make_periods(home, prices, car=user or PlainCar.COMMUTER)

    for period in periods:
        for note in period.notes:
            assert note_text(note, words, figures).endswith(".")


# --- cars

YEAR = (local(2024, 3, 1), local(2025, 3, 1))


def a_user(
    sessions: list[tuple[datetime, float, float]],
    *,
    power_kw: float | None = 7.2,
    battery_kwh: float | None = 60.0,
) -> CarUser:
    """Sessions are begin, length [h] and energy [kWh]."""
    return CarUser(
        name="ASK:P1",
        sessions=tuple(
            Session(begins=begins, ends=begins + length_h * HOUR, energy_kwh=energy_kwh)
            for begins, length_h, energy_kwh in sessions
        ),
        power_kw=power_kw,
        battery_kwh=battery_kwh,
        inputs={"ev.csv": "e"},
    )


def evenings(start: datetime, n_days: int, energy_kwh: float = 10.0) -> CarUser:
    return a_user([(start + day * DAY + 17 * HOUR, 12.0, energy_kwh) for day in range(n_days)])


def car_of(user: CarUser | PlainCar, days: int = 20) -> RecordedCar:
    (car,) = make_period(*of_one_time(days), car=user).cars
    return car


def pairs(car: RecordedCar) -> Iterator[tuple[Stay, Stay]]:
    return itertools.pairwise(car.stays)


def test_without_a_car_none_comes() -> None:
    assert make_period(*of_one_time(2), car=PlainCar.NONE).cars == ()


def test_sessions_keep_weekday_and_hour_and_their_file_is_named() -> None:
    wednesday = utc(2019, 1, 2, 17)
    user = a_user([(wednesday + timedelta(weeks=week), 12.0, 10.0) for week in range(52)])

    period = make_period(*of_one_time(21), car=user)

    arrivals = [stay.arrives for stay in period.cars[0].stays]
    assert arrivals == [utc(2024, 5, day, 17) for day in (1, 8, 15)]
    assert period.inputs["ev.csv"] == "e"
    (car,) = (facts for code, facts in noted(period) if code == NoteCode.CAR_MEASURED)
    assert (car["stays"], car["weeks_least"], car["weeks_most"]) == (3, 261, 261)


def test_a_user_of_a_year_covers_any_year() -> None:
    home, prices = a_home(*YEAR), some_prices(*YEAR)

    period = make_period(home, prices, car=evenings(utc(2018, 11, 10), 365))

    (car,) = period.cars
    assert len(car.stays) == pytest.approx(365, abs=1)
    assert all(before.leaves < after.arrives for before, after in pairs(car))


def test_what_was_metered_less_losses_was_used_on_the_road() -> None:
    car = car_of(evenings(utc(2019, 1, 1), 365, energy_kwh=10.0))

    assert {stay.used_kwh for stay in car.stays[1:]} == {9.0}


def test_no_more_than_most_of_the_battery_is_used() -> None:
    twice = [(utc(2023, 5, 3, 8), 4.0, 36.0), (utc(2023, 5, 3, 10), 9.0, 36.0)]
    user = a_user([(utc(2023, 4, 25, 8), 4.0, 5.0), *twice, (utc(2023, 5, 22, 8), 4.0, 5.0)])

    period = make_period(*of_one_time(10), car=user)

    stay = max(period.cars[0].stays, key=lambda stay: stay.used_kwh)
    assert stay.used_kwh == pytest.approx(0.7 * 60.0)
    assert stay.leaves - stay.arrives == 11 * HOUR
    assert (NoteCode.CAR_USE_LIMITED, {"stays": 1, "most_used_frac": 0.7}) in noted(period)


@pytest.mark.parametrize(
    ("battery_kwh", "largest_kwh", "capacity_kwh"),
    [(60.0, 10.0, 60.0), (None, 10.0, 50.0), (25.0, 20.0, 32.0)],
)
def test_the_battery_is_as_estimated_but_large_enough(
    battery_kwh: float | None, largest_kwh: float, capacity_kwh: float
) -> None:
    user = replace(evenings(utc(2019, 1, 1), 365, largest_kwh), battery_kwh=battery_kwh)

    assert car_of(user).capacity_kwh == pytest.approx(capacity_kwh)


@pytest.mark.parametrize(("power_kw", "phases"), [(3.6, 1), (4.5, 3), (7.2, 3), (None, 3)])
def test_a_slow_car_has_one_phase(power_kw: float | None, phases: int) -> None:
    car = car_of(replace(evenings(utc(2019, 1, 1), 365), power_kw=power_kw))

    assert (car.phases, car.max_current_a, car.initial_soc_pct) == (phases, 16.0, 60.0)


def test_only_a_stay_of_three_hours_wants_a_level() -> None:
    stays = [(utc(2023, 5, 8, 8), 2.9, 3.0), (utc(2023, 5, 9, 8), 3.0, 3.0)]
    user = a_user([(utc(2023, 4, 25, 8), 4.0, 5.0), *stays, (utc(2023, 6, 1, 8), 4.0, 5.0)])

    car = car_of(user)

    assert [stay.wanted_soc_pct for stay in car.stays] == [None, 80.0]


def test_a_stay_that_has_begun_is_cut_and_one_that_goes_on_is_not() -> None:
    user = a_user([(utc(2019, 1, 1, 20) + day * DAY, 11.0, 5.0) for day in range(365)])

    period = make_period(*of_one_time(5), car=user)

    (car,) = period.cars
    assert (car.stays[0].arrives, car.stays[0].used_kwh) == (period.start, 0.0)
    assert car.stays[-1].arrives < period.end < car.stays[-1].leaves


def test_where_no_session_was_measured_the_car_is_away() -> None:
    user = evenings(utc(2023, 5, 4), 5)

    period = make_period(*of_one_time(20), car=user)

    assert len(period.cars[0].stays) == 5
    assert NoteCode.CAR_AWAY in codes(period)


def test_a_commuter_is_at_home_at_night_and_most_of_the_weekend() -> None:
    home, prices = a_home(*YEAR), some_prices(*YEAR)

    period = make_period(home, prices, car=PlainCar.COMMUTER)

    (car,) = period.cars
    assert (car.capacity_kwh, car.phases) == (58.0, 3)
    clock = [stay.arrives.astimezone(BERLIN) for stay in car.stays[1:]]
    assert {f"{at:%a %H:%M}" for at in clock} == {
        "Mon 17:30", "Tue 17:30", "Wed 17:30", "Thu 17:30", "Fri 17:30", "Sat 13:00",
    }  # fmt: skip
    assert {f"{stay.leaves.astimezone(BERLIN):%H:%M}" for stay in car.stays} == {"07:15", "10:00"}
    used = [stay.used_kwh for stay, at in zip(car.stays[1:], clock, strict=True) if at.hour == 17]
    assert np.mean(used) == pytest.approx(9.0, abs=0.05)
    assert len(set(used)) == 5


def test_a_commuter_is_the_same_whenever_the_period_begins() -> None:
    whole, late = (
        make_period(*of_one_time(30), car=PlainCar.COMMUTER, start=start, warm_up_days=0)
        for start in (None, date(2024, 5, 13))
    )

    assert late.cars[0].stays[1:] == whole.cars[0].stays[-len(late.cars[0].stays) + 1 :]


@pytest.mark.parametrize(("asked", "name"), [("auto", "ASK:often"), ("ASK:rare", "ASK:rare")])
def test_a_user_is_chosen_by_name_or_as_the_busiest(tmp_path: Path, asked: str, name: str) -> None:
    for user, count in (("often", 400), ("rare", 80)):
        sessions = [
            (f"{at:%Y-%m-%dT18:00:00Z}", f"{at:%Y-%m-%dT23:00:00Z}", 5.0)
            for at in (utc(2019, 1, 1) + day * DAY for day in range(count))
        ]
        write_sessions(tmp_path / f"{user}.csv", sessions, user=user)

    car = choose_car(open_folder(tmp_path), asked)

    assert isinstance(car, CarUser)
    assert car.name == name


@pytest.mark.parametrize("asked", ["none", "commuter"])
def test_a_plain_car_needs_no_sessions(tmp_path: Path, asked: str) -> None:
    write_series(tmp_path / "home.csv", utc(2024, 5, 1), utc(2024, 5, 2), load_kw=lambda _at: 1.0)

    assert choose_car(open_folder(tmp_path), asked) == asked
