"""How right the forecasts were, as it is shown to the owner."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from domain.forecast import ForecastKind
from domain.horizon import SLOTS_PER_DAY
from domain.outlook import Accuracy, DayAccuracy
from forecaster.accuracy import (
    DAY_BEFORE,
    LEADS,
    Said,
    judge_accuracy,
    meaning_of_confidence,
)
from forecaster.series import FloatArray, SlotSeries

BERLIN = ZoneInfo("Europe/Berlin")
# Local midnight in summer.
START = datetime(2026, 6, 30, 22, tzinfo=UTC)
N_SLOTS = 10 * SLOTS_PER_DAY


def said(middle: FloatArray, width: float = 0.5) -> Said:
    return Said(low=np.maximum(middle - width, 0.0), middle=middle, high=middle + width)


def judge(
    outcome: FloatArray,
    middle: FloatArray,
    *,
    start: datetime = START,
    width: float = 0.5,
) -> Accuracy:
    band = said(middle, width)
    return judge_accuracy(
        kind=ForecastKind.LOAD,
        outcome=SlotSeries(start=start, values=outcome),
        said_by_lead=dict.fromkeys(LEADS, band),
        reference="same_slot_last_week",
        skill_frac=0.2,
        zone=BERLIN,
    )


def test_a_perfect_forecast_has_no_error() -> None:
    outcome = np.ones(N_SLOTS)

    accuracy = judge(outcome, outcome)

    assert (accuracy.mae, accuracy.bias, accuracy.coverage_frac) == (0.0, 0.0, 1.0)
    assert accuracy.nrmse_frac == 0.0
    assert accuracy.n_days == 10


def test_too_much_promised_is_a_positive_bias_of_the_local_hour() -> None:
    outcome = np.ones(N_SLOTS)
    middle = outcome.copy()
    eight_local = 8 * 4
    for day in range(10):
        middle[day * SLOTS_PER_DAY + eight_local : day * SLOTS_PER_DAY + eight_local + 4] += 0.3

    accuracy = judge(outcome, middle)

    assert accuracy.bias_by_hour[8] == pytest.approx(0.3)
    assert accuracy.bias_by_hour[9] == pytest.approx(0.0)
    assert accuracy.bias == pytest.approx(0.3 / 24)


def test_the_sun_is_judged_in_daylight_only() -> None:
    outcome = np.zeros(N_SLOTS)
    middle = np.zeros(N_SLOTS)
    outcome[40:60], middle[40:60] = 2.0, 3.0
    band = Said(low=middle, middle=middle, high=middle)

    accuracy = judge_accuracy(
        kind=ForecastKind.PV,
        outcome=SlotSeries(start=START, values=outcome),
        said_by_lead=dict.fromkeys(LEADS, band),
        reference="persistence",
        skill_frac=None,
        zone=BERLIN,
    )

    assert accuracy.mae == pytest.approx(1.0)
    assert accuracy.coverage_frac == 0.0
    assert accuracy.by_lead[0].n_slots == 20


def test_what_was_not_measured_is_not_judged() -> None:
    outcome = np.ones(N_SLOTS)
    outcome[: 2 * SLOTS_PER_DAY] = np.nan
    middle = np.ones(N_SLOTS)
    middle[: 3 * SLOTS_PER_DAY] = 99.0

    accuracy = judge(outcome, middle)

    assert accuracy.by_lead[0].n_slots == 8 * SLOTS_PER_DAY
    assert accuracy.by_day[0].day == date(2026, 7, 3)


def test_without_anything_to_judge_nothing_is_claimed() -> None:
    nothing = np.full(N_SLOTS, np.nan)

    accuracy = judge(np.ones(N_SLOTS), nothing)

    assert accuracy.n_days == 0
    assert accuracy.mae is accuracy.coverage_frac is accuracy.pinball is None
    assert set(accuracy.bias_by_hour) == {None}


@pytest.mark.parametrize(
    ("start", "n_slots"),
    [(datetime(2026, 3, 28, 23, tzinfo=UTC), 92), (datetime(2026, 10, 24, 22, tzinfo=UTC), 100)],
)
def test_a_day_of_23_or_25_hours_is_one_day(start: datetime, n_slots: int) -> None:
    outcome = np.full(n_slots, 2.0)

    accuracy = judge(outcome, outcome, start=start)

    assert len(accuracy.by_day) == 1
    assert accuracy.by_day[0].measured_kwh == pytest.approx(n_slots / 2)


def day_of(index: int, confidence_frac: float, error_frac: float) -> DayAccuracy:
    return DayAccuracy(
        day=date(2026, 7, 1) + timedelta(days=index),
        said_kwh=10.0 * (1.0 + error_frac / 2),
        measured_kwh=10.0 * (1.0 - error_frac / 2),
        mae=0.1,
        coverage_frac=0.8,
        confidence_frac=confidence_frac,
    )


def test_a_confidence_that_means_something_has_a_negative_rank_correlation() -> None:
    days = tuple(day_of(index, 0.4 + 0.05 * index, 0.6 - 0.05 * index) for index in range(11))

    correlation, bands = meaning_of_confidence(days)

    assert correlation == pytest.approx(-1.0)
    assert sum(band.n_days for band in bands) == len(days)
    errors = [band.error_frac for band in bands if band.error_frac is not None]
    assert errors == sorted(errors, reverse=True)


def test_days_without_sun_say_nothing_about_confidence() -> None:
    dark = DayAccuracy(
        day=date(2026, 12, 1),
        said_kwh=0.1,
        measured_kwh=0.3,
        mae=0.1,
        coverage_frac=0.8,
        confidence_frac=0.5,
    )

    correlation, bands = meaning_of_confidence((dark,))

    assert correlation is None
    assert all(band.n_days == 0 for band in bands)


def test_the_main_lead_is_a_day() -> None:
    assert DAY_BEFORE in LEADS
