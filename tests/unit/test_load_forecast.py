import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from domain.outlook import Away
from forecaster import scoring
from forecaster.load import forecast_load
from forecaster.series import Bands, SlotSeries
from tests.support.synthetic_load import BASE_KW, MONDAY, household, with_values

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
NOTHING = SlotSeries(start=MONDAY, values=np.empty(0))


class Holidays:
    def __init__(self, *days: date) -> None:
        self._days = days

    def is_holiday(self, day: date) -> bool:
        return day in self._days


def forecast(history: SlotSeries, issued_at: datetime, **options: object) -> Bands:
    arguments: dict[str, object] = {"zone": UTC, "holidays": Holidays(), **options}
    return forecast_load(history, issued_at, 192, **arguments)  # type: ignore[arg-type]  # by name


def loss(history: SlotSeries, truth: SlotSeries, issued_at: datetime) -> float:
    bands = forecast(history, issued_at)
    outcome = truth.between(issued_at, issued_at + 2 * DAY).values
    return scoring.mean_pinball(bands.values[[1, 3, 5]], outcome)


def test_without_history_the_band_is_wide_and_rises() -> None:
    bands = forecast(NOTHING, MONDAY)

    assert np.isfinite(bands.values).all()
    assert (bands.at(0.9) > 4 * bands.at(0.1)).all()
    assert 0.1 < bands.at(0.5).mean() < 0.6


def test_without_history_a_busy_house_is_expected_to_be_a_bigger_one() -> None:
    idle, busy = (forecast(NOTHING, MONDAY, live_kw=kw).at(0.5).mean() for kw in (0.1, 3.0))

    assert 1.5 * idle < busy < 30 * idle


def test_more_history_makes_it_better() -> None:
    truth = household(60)
    losses = []
    for n_days in (0, 1, 3, 7, 14, 28):
        issues = [MONDAY + 30 * DAY + number * timedelta(hours=29) for number in range(10)]
        losses.append(
            np.mean([loss(truth.between(at - n_days * DAY, at), truth, at) for at in issues])
        )

    assert all(after < 1.02 * before for before, after in itertools.pairwise(losses))
    assert losses[3] < 0.7 * losses[0]


@pytest.mark.parametrize("n_days", [1, 3, 7, 14])
def test_with_little_history_the_band_is_honest(n_days: int) -> None:
    truth = household(60)
    inside = []
    for number in range(20):
        at = MONDAY + 20 * DAY + number * timedelta(hours=31)
        bands = forecast(truth.between(at - n_days * DAY, at), at)
        outcome = truth.between(at, at + 2 * DAY).values
        inside.append(scoring.coverage_frac(bands.at(0.1), bands.at(0.9), outcome))

    assert 0.7 < np.mean(inside) < 0.97


def test_the_band_of_a_long_history_holds_80_of_100_outcomes() -> None:
    truth = household(120)
    inside = []
    for number in range(16):
        at = MONDAY + 70 * DAY + number * timedelta(hours=31)
        bands = forecast(truth, at)
        outcome = truth.between(at, at + 2 * DAY).values
        inside.append(scoring.coverage_frac(bands.at(0.1), bands.at(0.9), outcome))

    assert 0.76 < np.mean(inside) < 0.84


def test_nothing_after_the_issue_is_looked_at() -> None:
    history = household(60)
    issued_at = MONDAY + 50 * DAY + timedelta(hours=5)

    honest = forecast(history, issued_at)
    tempted = forecast(with_values(history, issued_at, history.end, 99.0), issued_at)

    assert np.array_equal(honest.values, tempted.values)


def test_weekends_differ_from_working_days() -> None:
    history = household(56)
    friday = MONDAY + 53 * DAY

    bands = forecast(history, friday - DAY + timedelta(hours=24))

    late_morning = slice(10 * 4, 11 * 4)
    friday_kw, saturday_kw = bands.at(0.5)[:96], bands.at(0.5)[96:]
    assert saturday_kw[late_morning].mean() > 1.5 * friday_kw[late_morning].mean()


def test_a_holiday_is_like_a_sunday() -> None:
    history = household(56)
    monday = MONDAY + 49 * DAY

    working = forecast(history, monday).at(0.5)
    holiday = forecast(history, monday, holidays=Holidays(monday.date())).at(0.5)

    seven, ten = slice(28, 32), slice(40, 44)
    assert holiday[ten].mean() > 1.8 * working[ten].mean()
    assert holiday[seven].mean() < working[seven].mean()


@pytest.mark.parametrize("kw", [20.0, 4.0, 0.0])
@pytest.mark.parametrize("days_ago", [0, 1, 3, 7])
def test_one_freak_day_hardly_moves_the_forecast(kw: float, days_ago: int) -> None:
    history = household(60)
    ended = history.end - days_ago * DAY
    freak = with_values(history, ended - DAY, ended, kw)
    issued_at = history.end

    missing = with_values(history, ended - DAY, ended, np.nan)
    # From the second day on: what just happened may say something about the next hours.
    usual, after, without = (
        forecast(series, issued_at).values[:, 96:] for series in (history, freak, missing)
    )

    assert np.abs(after[3] - without[3]).mean() < 0.1 * usual[3].mean()
    assert np.abs(after[3] - usual[3]).mean() < 0.15 * usual[3].mean()
    assert np.abs(after[5] - usual[5]).mean() < 0.2 * usual[5].mean()


def test_a_rising_level_is_followed() -> None:
    history = household(60)
    grown = SlotSeries(
        start=history.start, values=history.values * np.linspace(1.0, 3.0, len(history.values))
    )

    bands = forecast(grown, grown.end)

    truth = household(62).values[-192:] * 3.0
    assert bands.at(0.5).mean() == pytest.approx(np.median(truth) + 0.6, rel=0.4)
    assert bands.at(0.5).mean() > 1.2 * 2.0 * forecast(history, history.end).at(0.5).mean()


def test_what_is_measured_now_moves_the_next_hour_and_not_tomorrow() -> None:
    values = household(60).values
    # Evenings of this house are either busy or not, as a whole.
    hours = np.arange(len(values)) // 4 % 24
    busy = np.random.default_rng(3).random(60).repeat(96) < 0.5
    values = np.where((hours >= 17) & (hours < 23) & busy, values + 2.0, values)
    history = SlotSeries(start=MONDAY, values=values)
    issued_at = MONDAY + 58 * DAY + timedelta(hours=19)

    idle, cooking = (forecast(history, issued_at, live_kw=kw).at(0.5) for kw in (0.5, 5.0))

    assert cooking[:4].mean() > idle[:4].mean() + 0.5
    assert cooking[96:].mean() == pytest.approx(idle[96:].mean(), rel=0.05)


def test_a_gap_of_two_months_still_leaves_the_days_before_it() -> None:
    history = household(180)
    gap = with_values(history, MONDAY + 60 * DAY, MONDAY + 179 * DAY, np.nan)
    issued_at = MONDAY + 178 * DAY

    bands = forecast(gap, issued_at)

    usual = forecast(history, issued_at)
    assert np.abs(bands.at(0.5) - usual.at(0.5)).mean() < 0.25 * usual.at(0.5).mean()


def test_while_away_the_low_level_is_expected_and_the_return_is_in_the_band() -> None:
    left = MONDAY + 54 * DAY
    history = with_values(household(60), left, MONDAY + 60 * DAY, BASE_KW)
    issued_at = left + timedelta(hours=40)

    home = forecast(history, issued_at)
    away = forecast(history, issued_at, away=Away(since=left, share_frac=0.3))

    assert away.at(0.5)[:96].mean() <= home.at(0.5)[:96].mean()
    assert away.at(0.9).max() > 4 * BASE_KW
    assert (np.diff(away.values, axis=0) >= 0).all()


@pytest.mark.parametrize(
    ("midnight", "n_slots"),
    [(datetime(2026, 3, 28, 23, tzinfo=UTC), 92), (datetime(2026, 10, 24, 22, tzinfo=UTC), 100)],
)
def test_on_days_with_23_and_25_hours_the_evening_stays_in_the_evening(
    midnight: datetime, n_slots: int
) -> None:
    history = household(60, BERLIN, start=midnight - 58 * DAY)

    bands = forecast(history, midnight, zone=BERLIN)

    truth = history.between(midnight, midnight + n_slots * timedelta(minutes=15)).values
    expected = np.argmax(np.convolve(truth, np.ones(9), "same"))
    found = np.argmax(np.convolve(bands.at(0.5)[:n_slots], np.ones(9), "same"))
    assert abs(int(found) - int(expected)) <= 3
