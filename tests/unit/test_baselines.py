from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from forecaster.baselines import Baseline, baseline_bands, baseline_point
from forecaster.scoring import coverage_frac
from forecaster.series import SlotSeries
from tests.support.synthetic_load import MONDAY, household, with_values

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


def numbered(n_days: int) -> SlotSeries:
    return SlotSeries(start=MONDAY, values=np.arange(n_days * 96, dtype=np.float64))


def point(baseline: Baseline, history: SlotSeries, n_slots: int = 192) -> np.ndarray:
    found = baseline_point(baseline, history, history.end, n_slots, zone=UTC)
    assert found is not None
    return found.values


def test_persistence_is_the_last_24_hours_again_and_again() -> None:
    history = numbered(40)

    values = point(Baseline.PERSISTENCE, history)

    assert values.tolist() == [*history.values[-96:], *history.values[-96:]]


def test_the_same_slot_last_week_lies_168_hours_back() -> None:
    history = numbered(40)

    values = point(Baseline.LAST_WEEK, history)

    assert values.tolist() == history.values[-672:-480].tolist()


def test_the_mean_profile_is_the_mean_of_30_days() -> None:
    history = numbered(60)

    values = point(Baseline.MEAN_PROFILE, history, 96)

    assert values == pytest.approx(history.values.reshape(60, 96)[-30:].mean(axis=0))


def test_the_mean_profile_follows_the_clock_on_the_wall() -> None:
    history = household(30, BERLIN, start=datetime(2026, 2, 27, 23, tzinfo=UTC))
    after = datetime(2026, 3, 29, 22, tzinfo=UTC)  # local midnight, a day after the clocks moved

    found = baseline_point(Baseline.MEAN_PROFILE, history, after, 96, zone=BERLIN)

    assert found is not None
    assert abs(int(np.argmax(found.values)) / 4 - 19.5) < 1.5


@pytest.mark.parametrize("baseline", Baseline)
def test_a_gap_is_filled_from_earlier_and_never_with_zero(baseline: Baseline) -> None:
    whole = household(60)
    history = with_values(whole, whole.end - DAY, whole.end, np.nan)

    values = point(baseline, history)

    assert (values >= 0.2).all()


@pytest.mark.parametrize("baseline", Baseline)
def test_nothing_after_the_issue_is_looked_at(baseline: Baseline) -> None:
    history = household(50)
    issued_at = history.start + 40 * DAY
    changed = with_values(history, issued_at, history.end, 99.0)

    bands = [
        baseline_bands(baseline, series, issued_at, 96, zone=UTC) for series in (history, changed)
    ]

    assert bands[0] is not None
    assert bands[1] is not None
    assert np.array_equal(bands[0].values, bands[1].values)


@pytest.mark.parametrize("baseline", Baseline)
def test_without_any_measurement_there_is_no_forecast(baseline: Baseline) -> None:
    nothing = SlotSeries(start=MONDAY, values=np.full(960, np.nan))

    assert baseline_point(baseline, nothing, nothing.end, 96, zone=UTC) is None
    assert baseline_bands(baseline, nothing, nothing.end, 96, zone=UTC) is None


@pytest.mark.parametrize("baseline", Baseline)
@pytest.mark.parametrize("n_slots_known", [1, 40, 96, 300, 2000])
def test_a_short_history_gives_a_rising_band(baseline: Baseline, n_slots_known: int) -> None:
    history = household(30)
    issued_at = history.start + n_slots_known * timedelta(minutes=15)

    bands = baseline_bands(baseline, history, issued_at, 192, zone=UTC)

    assert bands is not None
    assert np.isfinite(bands.values).all()
    assert (np.diff(bands.values, axis=0) >= 0).all()


@pytest.mark.parametrize("baseline", Baseline)
def test_the_band_holds_about_80_of_100_outcomes(baseline: Baseline) -> None:
    history = household(120)
    inside = []
    for day in range(65, 118):
        issued_at = history.start + day * DAY + timedelta(hours=day % 24)
        bands = baseline_bands(baseline, history, issued_at, 96, zone=UTC)
        outcome = history.between(issued_at, issued_at + DAY).values
        assert bands is not None
        inside.append(coverage_frac(bands.at(0.1), bands.at(0.9), outcome))

    assert 0.74 < np.mean(inside) < 0.88


def test_prices_may_lie_below_zero() -> None:
    prices = SlotSeries(start=MONDAY, values=np.tile(np.linspace(-0.1, 0.1, 96), 40))

    bands = baseline_bands(Baseline.PERSISTENCE, prices, prices.end, 96, zone=UTC, floor=None)

    assert bands is not None
    assert bands.at(0.5)[0] == pytest.approx(-0.1)
