from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from forecaster.away import find_away
from forecaster.series import SlotSeries
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
