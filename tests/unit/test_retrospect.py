"""Looking back: every day once, with what was known at its midnight, one piece at a time."""

import itertools
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from domain.forecast import ForecastKind
from domain.horizon import FORECAST_SLOTS, SLOT
from domain.tariff import Rate
from forecaster.competition import OUR_MODEL, SIMPLE_MODELS
from forecaster.series import FloatArray
from tests.support.remembered_home import (
    BERLIN,
    DAY,
    HOUR,
    TODAY,
    RememberedHome,
    house_kw,
    quarters,
    said,
    sun_kw,
)
from track_record import DAYS_KEPT
from web.forecast_json import accuracy_to_json

LOAD, PV, PROVIDER = ForecastKind.LOAD, ForecastKind.PV, ForecastKind.PV_PROVIDER
YESTERDAY = TODAY.astimezone(BERLIN).date() - DAY


@pytest.fixture
def home(tmp_path: Path) -> Iterator[RememberedHome]:
    built = RememberedHome(tmp_path)
    yield built
    built.store.close()


def losses(home: RememberedHome, kind: ForecastKind, day: date = YESTERDAY) -> FloatArray:
    models = (OUR_MODEL[kind], *SIMPLE_MODELS)
    return np.array([home.record._losses(kind, model, day + DAY)[-1] for model in models])


def say_provider(home: RememberedHome, start: datetime, end: datetime, level: float = 1.0) -> None:
    """Let the provider say the truth about the roof, or a multiple of it, once an hour."""
    for index in range((end - start) // HOUR):
        at = start + index * HOUR
        forecast = said(PROVIDER, at, 0.0)
        curve = tuple(level * sun_kw(at + slot * SLOT) for slot in range(FORECAST_SLOTS))
        band = type(forecast.band)(start=at, p10=curve, p50=curve, p90=curve)
        home.past.take_forecast(
            type(forecast)(kind=PROVIDER, issued_at=at, band=band, model="provider")
        )


# Only what was known then


def rehearsed(folder: Path, *, is_absurd_afterwards: bool) -> tuple[FloatArray, ...]:
    """Return what was said on, and lost about, yesterday, when absurdities followed or not."""
    folder.mkdir()
    home = RememberedHome(folder)
    midnight = TODAY - DAY
    home.past.take(quarters(midnight - 9 * DAY, midnight + DAY, pv=sun_kw))
    say_provider(home, midnight - 9 * DAY, midnight + HOUR // 2)
    prices = tuple(
        Rate(
            start=midnight - 9 * DAY + turn * HOUR,
            end=midnight - 9 * DAY + (turn + 1) * HOUR,
            price_eur_per_kwh=0.2 + turn % 24 / 100,
        )
        for turn in range(10 * 24)
    )
    home.past.take_prices(prices, (), TODAY)
    if is_absurd_afterwards:
        after = TODAY + 3 * DAY
        # The day itself is the outcome; what follows it may be anything.
        home.past.take(quarters(TODAY, after, house=lambda _: 99.0, pv=lambda _: 99.0))
        say_provider(home, midnight + HOUR, after, level=50.0)
        later = tuple(
            Rate(start=TODAY + turn * HOUR, end=TODAY + (turn + 1) * HOUR, price_eur_per_kwh=9.0)
            for turn in range(72)
        )
        home.past.take_prices(later, (), TODAY)
    home.retrospect._rehearse(YESTERDAY)
    bands = [
        part.values
        for kind in (LOAD, PV)
        for lead in (timedelta(0), DAY, 2 * DAY)
        for part in home.past.said(kind, lead, midnight, midnight + FORECAST_SLOTS * SLOT)
    ]
    verdicts = [losses(home, kind) for kind in (LOAD, PV, ForecastKind.IMPORT_PRICE)]
    home.store.close()
    return (*verdicts, *bands)


def test_nothing_that_came_after_midnight_changes_a_rehearsal(tmp_path: Path) -> None:
    then = rehearsed(tmp_path / "then", is_absurd_afterwards=False)
    later = rehearsed(tmp_path / "later", is_absurd_afterwards=True)

    assert np.isfinite(np.concatenate(then[:3])).all()
    for of_then, of_later in zip(then, later, strict=True):
        np.testing.assert_array_equal(of_then, of_later)


def said_before(folder: Path, *, outcome_kw: float) -> FloatArray:
    """Return what is said of yesterday when its house load turned out as this."""
    folder.mkdir()
    home = RememberedHome(folder)
    home.past.take(quarters(TODAY - 4 * DAY, TODAY - DAY))
    home.past.take(quarters(TODAY - DAY, TODAY, house=lambda _: outcome_kw))
    home.retrospect._rehearse(YESTERDAY)
    home.store.close()
    return home.past.said(LOAD, timedelta(0), TODAY - DAY, TODAY)[1].values


def test_the_outcome_of_the_day_itself_is_not_known_to_the_competitors(tmp_path: Path) -> None:
    usual = said_before(tmp_path / "usual", outcome_kw=0.5)
    wild = said_before(tmp_path / "wild", outcome_kw=9.0)

    assert np.isfinite(usual).all()
    np.testing.assert_array_equal(usual, wild)


def test_a_roof_whose_provider_was_not_heard_that_day_is_not_judged(home: RememberedHome) -> None:
    home.past.take(quarters(TODAY - 4 * DAY, TODAY, pv=sun_kw))
    say_provider(home, TODAY - 60 * HOUR, TODAY)

    home.look_back_to_the_end()

    # Of one that was heard for half a day it is not kept what it said of the whole next day.
    assert np.isnan(losses(home, PV, YESTERDAY - DAY)).all()
    assert np.isfinite(losses(home, PV)).all()
    assert np.isfinite(losses(home, LOAD, YESTERDAY - DAY)).all()


def test_a_roof_that_no_provider_knows_is_judged_by_its_own_past(home: RememberedHome) -> None:
    home.past.take(quarters(TODAY - 4 * DAY, TODAY, pv=sun_kw))

    home.look_back_to_the_end()

    assert np.isfinite(losses(home, PV)).all()


# Every day once


def test_one_piece_at_a_time_and_then_there_is_nothing_left(home: RememberedHome) -> None:
    home.past.take(quarters(TODAY - 5 * DAY, TODAY))
    judged = []

    while home.retrospect.look_back(TODAY):
        days = [TODAY.astimezone(BERLIN).date() - back * DAY for back in range(1, DAYS_KEPT + 1)]
        judged.append(sum(home.record.is_judged(LOAD, day) for day in days))

    assert judged[-1] == DAYS_KEPT
    assert all(after - before in {0, 1} for before, after in itertools.pairwise(judged))
    assert not home.retrospect.look_back(TODAY + HOUR // 2)


def test_the_day_after_there_is_one_day_more(home: RememberedHome) -> None:
    home.past.take(quarters(TODAY - 5 * DAY, TODAY))
    home.look_back_to_the_end()
    verdict = losses(home, LOAD)
    home.past.take(quarters(TODAY, TODAY + DAY, house=lambda _: 0.1))
    home.past.take_forecast(said(LOAD, TODAY - DAY, 1.0))
    home.past.take_forecast(said(LOAD, TODAY, 1.0))

    n_pieces = home.look_back_to_the_end(TODAY + DAY)

    assert n_pieces == 2  # the day and the report
    assert home.record.is_judged(LOAD, YESTERDAY + DAY)
    np.testing.assert_array_equal(losses(home, LOAD), verdict)


def test_a_day_of_a_home_without_prices_and_sun_is_judged_once(home: RememberedHome) -> None:
    home.past.take(quarters(TODAY - 4 * DAY, TODAY))
    home.look_back_to_the_end()
    before = losses(home, LOAD)

    # Everybody would do better now, as the past of that day has become longer.
    home.past.take(quarters(TODAY - 9 * DAY, TODAY - 4 * DAY))
    home.retrospect.note_new_past()
    home.look_back_to_the_end()

    np.testing.assert_array_equal(losses(home, LOAD), before)


def test_a_day_is_judged_when_its_measurements_come(home: RememberedHome) -> None:
    home.past.take(quarters(TODAY - 4 * DAY, TODAY - DAY))
    home.look_back_to_the_end()
    assert np.isnan(losses(home, LOAD)).all()

    home.past.take(quarters(TODAY - DAY, TODAY))
    home.retrospect.note_new_past()
    home.look_back_to_the_end()

    assert np.isfinite(losses(home, LOAD)).all()


def test_a_clock_that_is_not_set_judges_nothing(home: RememberedHome) -> None:
    assert not home.retrospect.look_back(datetime(1970, 1, 1, 0, 5, tzinfo=UTC))


def test_a_forecaster_that_fails_is_not_asked_about_that_day_again(
    home: RememberedHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.past.take(quarters(TODAY - 3 * DAY, TODAY))
    n_asked = 0

    def fail(*_: object, **__: object) -> None:
        nonlocal n_asked
        n_asked += 1
        raise ArithmeticError

    monkeypatch.setattr("forecaster.competition.forecast_load", fail)
    for _ in range(100):
        try:
            if not home.retrospect.look_back(TODAY):
                break
        except ArithmeticError:
            pass

    assert 0 < n_asked <= 3
    assert home.retrospect.report is not None


# What was never said


def test_what_would_have_been_said_stands_in_and_what_was_said_stays(home: RememberedHome) -> None:
    home.past.take(quarters(TODAY - 4 * DAY, TODAY))
    home.past.take_forecast(said(LOAD, TODAY - 2 * DAY, 7.0))

    home.look_back_to_the_end()

    middle = home.past.said(LOAD, DAY, TODAY - 3 * DAY, TODAY)[1].values
    assert np.isfinite(middle).all()
    assert (middle[-96:] == 7.0).all()
    assert (middle[:-96] < 7.0).all()


def test_what_would_have_been_said_is_the_same_after_a_restart(tmp_path: Path) -> None:
    home = RememberedHome(tmp_path)
    home.past.take(quarters(TODAY - 4 * DAY, TODAY))
    home.past.take_forecast(said(LOAD, TODAY - 2 * DAY, 7.0))
    home.look_back_to_the_end()
    home.record.save(TODAY.date())
    before = home.past.said(LOAD, DAY, TODAY - 4 * DAY, TODAY)[1].values
    verdict, report = losses(home, LOAD), home.retrospect.report
    home.store.close()

    again = RememberedHome(tmp_path)
    again.look_back_to_the_end()

    after = again.past.said(LOAD, DAY, TODAY - 4 * DAY, TODAY)[1].values
    np.testing.assert_allclose(after, before, atol=0.002)
    np.testing.assert_array_equal(losses(again, LOAD), verdict)
    assert report is not None
    assert again.retrospect.report is not None
    assert again.retrospect.report.accuracies[0].n_days == report.accuracies[0].n_days
    again.store.close()


def test_a_leap_of_the_clock_and_back_is_looked_at_anew(home: RememberedHome) -> None:
    home.past.take(quarters(TODAY - 4 * DAY, TODAY))
    home.look_back_to_the_end()
    verdict = losses(home, LOAD)

    for now in (TODAY + 400 * DAY, TODAY):
        home.past.follow_clock(now)
        home.courses.begin_anew()
        home.retrospect.begin_anew()
        home.look_back_to_the_end(now)

    np.testing.assert_array_equal(losses(home, LOAD), verdict)
    assert home.retrospect.report is not None
    assert home.retrospect.report.until == TODAY


# The report


def test_without_anything_there_is_an_empty_report(home: RememberedHome) -> None:
    home.look_back_to_the_end()

    assert home.retrospect.report is not None
    shown = accuracy_to_json(home.retrospect.report)
    assert shown["accuracies"] == []


def test_the_report_says_how_right_it_was(home: RememberedHome) -> None:
    home.past.take(quarters(TODAY - 5 * DAY, TODAY, pv=sun_kw))
    say_provider(home, TODAY - 5 * DAY, TODAY)

    home.look_back_to_the_end()

    report = home.retrospect.report
    assert report is not None
    by_kind = {one.kind: one for one in report.accuracies}
    assert set(by_kind) == {LOAD, PV}
    assert by_kind[LOAD].n_days == 4
    assert (by_kind[LOAD].mae or math.inf) < 0.4
    assert (by_kind[PV].nrmse_frac or math.inf) < 0.2
    assert all(lead.n_slots > 0 for lead in by_kind[LOAD].by_lead)
    # What is said at midnight reaches more than 48 h ahead only in the dark.
    assert [lead.n_slots > 0 for lead in by_kind[PV].by_lead] == [True, True, True, False]


@pytest.mark.parametrize(("day", "n_hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_days_on_which_the_clock_changes_are_judged_like_any(
    tmp_path: Path, day: date, n_hours: int
) -> None:
    begin = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
    now = begin + n_hours * HOUR + 2 * DAY + 5 * HOUR
    home = RememberedHome(tmp_path, now)
    home.past.take(quarters(begin - 4 * DAY, now, pv=sun_kw))

    home.look_back_to_the_end(now)

    for one in (day - DAY, day, day + DAY):
        assert np.isfinite(losses(home, LOAD, one)).all()
        assert np.isfinite(losses(home, PV, one)).all()
    assert home.retrospect.report is not None
    load = next(one for one in home.retrospect.report.accuracies if one.kind is LOAD)
    (of_day,) = (one for one in load.by_day if one.day == day)
    whole_kwh = sum(house_kw(begin + slot * SLOT) / 4 for slot in range(n_hours * 4))
    assert of_day.measured_kwh == pytest.approx(whole_kwh)
    home.store.close()
