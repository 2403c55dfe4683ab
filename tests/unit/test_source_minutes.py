import numpy as np
import pytest

from sources.minutes import LONGEST_HOLD_MIN, MinuteSpan, at_quarter_starts, held, quarter_kwh

SPAN = MinuteSpan(start_s=900_000, n_quarters=2)


def minutes(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(values, dtype=np.float64)


def test_a_series_begins_before_its_first_quarter_for_the_value_that_is_held() -> None:
    series = SPAN.series({900_000 - 60: 4.0, 900_000: 5.0, 901_799: 6.0, 901_800: 7.0, 0: 8.0})

    assert series.size == LONGEST_HOLD_MIN + 30
    assert series[LONGEST_HOLD_MIN - 1] == 4.0
    assert series[LONGEST_HOLD_MIN] == 5.0
    assert series[-1] == 6.0
    assert np.isfinite(series).sum() == 3


def test_a_value_is_held_for_five_minutes_and_not_longer() -> None:
    nan = float("nan")

    result = held(minutes(1.0, nan, nan, 2.0, nan, nan, nan, nan, nan, nan, 3.0))

    np.testing.assert_array_equal(result, [1, 1, 1, 2, 2, 2, 2, 2, 2, nan, 3])


def test_energy_is_the_time_weighted_mean_and_an_unknown_minute_makes_a_gap() -> None:
    power_w = {900_000 + 60 * minute: 1000.0 if minute < 5 else 250.0 for minute in range(15)}

    first, second = quarter_kwh(SPAN.series(power_w))

    assert first == pytest.approx((5 * 1.0 + 10 * 0.25) / 60)
    assert np.isnan(second)


def test_an_impossible_power_is_not_known() -> None:
    power_w = {900_000 + 60 * minute: 300_000.0 for minute in range(30)}

    assert np.isnan(quarter_kwh(SPAN.series(power_w))).all()


def test_a_state_at_the_start_is_the_one_before_else_the_first_after() -> None:
    before = at_quarter_starts(SPAN.series({899_940: 50.0, 900_000: 51.0, 900_900 - 120: 60.0}))
    after = at_quarter_starts(SPAN.series({900_000: 51.0}))

    np.testing.assert_array_equal(before, [50.0, 60.0])
    np.testing.assert_array_equal(after, [51.0, float("nan")])
