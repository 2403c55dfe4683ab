from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from domain.outlook import Away
from forecaster.away import emptied, find_away, lived_in
from forecaster.series import LEVELS, Bands, SlotSeries
from tests.support.synthetic_load import BASE_KW, MONDAY, household, with_values

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
LEFT = MONDAY + 42 * DAY + 9 * HOUR


def abandoned(n_days: int = 10) -> SlotSeries:
    return with_values(household(70), LEFT, LEFT + n_days * DAY, BASE_KW)


def test_a_house_that_stays_at_its_base_is_empty() -> None:
    away = find_away(abandoned(), LEFT + 40 * HOUR, zone=UTC)

    assert away is not None
    assert abs(away.since - LEFT) < 3 * HOUR
    assert 0.1 < away.share_frac < 0.6


def test_a_long_absence_is_known_from_its_beginning() -> None:
    away = find_away(abandoned(14), LEFT + 13 * DAY, zone=UTC)

    assert away is not None
    assert abs(away.since - LEFT) < 3 * HOUR


def test_one_quiet_day_is_not_enough() -> None:
    assert find_away(abandoned(), LEFT + 24 * HOUR, zone=UTC) is None


def test_the_first_evening_at_home_ends_it() -> None:
    history = abandoned(4)
    back = LEFT + 4 * DAY

    assert find_away(history, back, zone=UTC) is not None
    assert find_away(history, back + 12 * HOUR, zone=UTC) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_house_that_is_lived_in_is_never_empty(seed: int) -> None:
    history = household(60, ZoneInfo("Europe/Berlin"), seed=seed)

    for number in range(30):
        at = MONDAY + 20 * DAY + number * 31 * HOUR
        assert find_away(history, at, zone=ZoneInfo("Europe/Berlin")) is None


def test_a_gap_is_no_absence() -> None:
    history = with_values(household(60), LEFT, LEFT + 3 * DAY, np.nan)

    assert find_away(history, LEFT + 3 * DAY, zone=UTC) is None


def test_with_little_history_nobody_can_tell() -> None:
    history = household(8)
    empty = with_values(history, MONDAY + 5 * DAY, MONDAY + 8 * DAY, BASE_KW)

    assert find_away(empty, MONDAY + 8 * DAY, zone=UTC) is None


def test_a_house_without_peaks_cannot_be_told_from_an_empty_one() -> None:
    flat = SlotSeries(start=MONDAY, values=np.full(60 * 96, 0.5))

    assert find_away(flat, flat.end, zone=UTC) is None


def test_a_house_that_never_used_anything_has_nobody_to_miss() -> None:
    nothing = SlotSeries(start=MONDAY, values=np.zeros(40 * 96))

    assert find_away(nothing, nothing.end, zone=UTC) is None


# Said by the owner


def usual(n_slots: int = 192) -> Bands:
    values = np.array(LEVELS)[:, np.newaxis] * np.ones(n_slots)
    return Bands(start=LEFT, values=values)


def test_who_says_that_they_leave_is_believed_at_once_and_until_they_are_back() -> None:
    until = LEFT + 30 * HOUR

    bands, away = emptied(usual(), household(42), found=None, told_at=LEFT, until=until)

    assert (bands.at(0.9)[:120] < 2.0 * BASE_KW).all()
    assert np.array_equal(bands.values[:, 120:], usual().values[:, 120:])
    assert (away.since, away.until) == (LEFT, until)
    assert 0.0 < away.share_frac < 0.6


def test_an_empty_house_not_seen_yet_uses_the_tenth_percentile() -> None:
    history = household(42)

    bands, _ = emptied(usual(), history, found=None, told_at=LEFT, until=LEFT + DAY)

    assert bands.at(0.5)[0] == pytest.approx(np.quantile(history.values, 0.1), rel=0.02)


def test_an_empty_house_that_was_measured_uses_what_it_has_used_since() -> None:
    history = with_values(household(42), LEFT - 2 * DAY, LEFT, 0.33)
    found = Away(since=LEFT - 2 * DAY, share_frac=0.4)

    bands, away = emptied(usual(), history, found=found, told_at=LEFT, until=LEFT + DAY)

    assert bands.values[:, 0] == pytest.approx([0.33] * len(LEVELS))
    assert away.since == found.since


def test_an_empty_house_of_which_nothing_was_measured_uses_little() -> None:
    nothing = SlotSeries(start=LEFT, values=np.empty(0))

    bands, _ = emptied(usual(), nothing, found=None, told_at=LEFT, until=LEFT + DAY)

    assert bands.at(0.5)[0] == pytest.approx(0.1)


def test_a_house_that_will_be_empty_for_longer_than_is_forecast_is_empty_throughout() -> None:
    bands, _ = emptied(usual(), household(42), found=None, told_at=LEFT, until=LEFT + 21 * DAY)

    assert (bands.at(0.95) < 2.0 * BASE_KW).all()


def test_a_return_within_a_quarter_hour_leaves_that_quarter_hour_usual() -> None:
    until = LEFT + timedelta(minutes=40)

    bands, _ = emptied(usual(), household(42), found=None, told_at=LEFT, until=until)

    assert bands.at(0.5)[1] < bands.at(0.5)[2] == 0.5


def test_what_an_empty_house_used_says_nothing_about_the_return() -> None:
    history = household(42)

    known = np.isfinite(lived_in(history, history.end - DAY).values)

    assert known[:-96].all()
    assert not known[-96:].any()
