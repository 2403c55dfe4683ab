"""How far the PV forecast can be trusted: what it is made of, and that it means something."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from domain.horizon import SLOT, SLOTS_PER_DAY
from forecaster.pv_confidence import PvConfidence, judge_confidence
from forecaster.pv_forecast import forecast_pv
from forecaster.pv_past import PvPast
from forecaster.scoring import rank_correlation
from forecaster.series import FloatArray, SlotSeries

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HOURS = np.arange(SLOTS_PER_DAY) / 4.0
CLEAR_KW = np.where((HOURS > 5.0) & (HOURS < 19.0), 6.0 * np.sin(np.pi * (HOURS - 5.0) / 14.0), 0.0)


def judge(
    measured: FloatArray,
    said: FloatArray,
    issued_at: datetime,
    *,
    horizon: timedelta = timedelta(hours=36),
    freshness_frac: float = 1.0,
) -> PvConfidence:
    said_series = SlotSeries(start=START, values=said.ravel())
    forecast = forecast_pv(
        PvPast(measured=SlotSeries(start=START, values=measured.ravel()), said={DAY: said_series}),
        said_series.between(issued_at, issued_at + horizon),
        issued_at=issued_at,
        n_slots=192,
        zone=BERLIN,
    )
    return judge_confidence(forecast, freshness_frac=freshness_frac)


def days(levels: FloatArray, missed: FloatArray) -> tuple[FloatArray, FloatArray]:
    said = levels[:, np.newaxis] * CLEAR_KW
    return np.clip(levels + missed, 0.03, 1.0)[:, np.newaxis] * CLEAR_KW, said


def changing(n_days: int = 70) -> tuple[FloatArray, FloatArray]:
    """Clear days are safe, half-cloudy ones are not."""
    rng = np.random.default_rng(5)
    levels = rng.uniform(0.15, 0.98, n_days)
    return days(levels, rng.normal(0.0, 1.0, n_days) * 0.9 * levels * (1.0 - levels))


def test_it_is_the_product_of_its_parts() -> None:
    judged = judge(*changing(), START + 40 * DAY, freshness_frac=0.5)

    product = judged.coverage_frac * judged.freshness_frac * judged.accuracy_frac
    assert judged.raw_frac == product
    assert judged.coverage_frac == 1.0
    assert judged.freshness_frac == 0.5


def test_days_of_higher_confidence_have_smaller_errors() -> None:
    measured, said = changing()
    confidence, missed = [], []
    for day in range(20, 68, 2):
        judged = judge(measured, said, START + day * DAY)
        confidence.append(judged.raw_frac)
        missed.append(abs(measured[day] - said[day]).sum() / (measured[day] + said[day]).sum())

    assert rank_correlation(np.array(confidence), np.array(missed)) < -0.3


def test_a_good_roof_on_clear_days_is_trusted_enough_for_the_buffer_to_react() -> None:
    measured, said = days(np.full(40, 0.9), np.tile([0.03, -0.03], 20))

    judged = judge(measured, said, START + 30 * DAY)

    assert 0.75 < judged.raw_frac <= 1.0


def test_without_history_it_does_not_let_the_buffer_react() -> None:
    measured, said = changing()

    judged = judge(measured[:0], said, START)

    assert 0.0 < judged.raw_frac <= 0.65


def test_no_provider_gives_no_confidence() -> None:
    measured, said = changing()

    assert judge(measured, np.full_like(said, np.nan), START + 30 * DAY).raw_frac == 0.0


def test_half_a_day_of_the_provider_counts_by_the_sun_in_it() -> None:
    judged = judge(*changing(), START + 30 * DAY, horizon=timedelta(hours=12))

    assert 0.4 < judged.coverage_frac < 0.6


def test_a_bad_week_costs_confidence() -> None:
    levels = np.full(40, 0.6)
    good, bad = np.zeros(40), np.zeros(40)
    bad[23:30] = [-0.4, 0.35, -0.45, 0.3, -0.4, 0.35, -0.3]

    calm, shaken = (judge(*days(levels, missed), START + 30 * DAY) for missed in (good, bad))

    assert shaken.raw_frac < calm.raw_frac - 0.05


def test_it_moves_smoothly_through_day_and_night() -> None:
    measured, said = days(np.full(45, 0.7), np.tile([0.1, -0.1, 0.0], 15))

    raw = [
        judge(measured, said, START + 40 * DAY + k * SLOT).raw_frac
        for k in range(0, SLOTS_PER_DAY, 3)
    ]

    assert np.abs(np.diff(raw)).max() < 0.04
