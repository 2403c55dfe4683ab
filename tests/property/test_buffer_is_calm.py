"""A noisy confidence does not make the buffer chatter.

Noise of +-0.02 on the forecaster's raw confidence around any steady value causes at most two
writes a day; the morning's bonus alone, which comes and goes, explains two.
"""

import math
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.horizon import SLOT
from domain.site import SolarSlot
from dynamic_buffer import DynamicBufferCalc, compute_target
from forecaster.pv import PVForecaster, follow_calmly
from forecaster.pv_confidence import PvConfidence
from tests.support.buffer_fakes import Bench, FakeEvcc, Options

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
FIRST_DAY = MIDNIGHT.date()
NOISE = 0.02
STEADY = [k / 200 for k in range(201)]
BASES = (30, 40, 50, 90)
SPREADS = (0.0, 0.2)
N_DAYS = 3
NOWS = [MIDNIGHT + k * SLOT for k in range(96 * N_DAYS)]
RANDOM = random.Random(2026)
UNIFORM = [RANDOM.uniform(-NOISE, NOISE) for _ in range(96 * N_DAYS)]
EXTREMES = [RANDOM.choice((-NOISE, NOISE)) for _ in range(96 * N_DAYS)]

NOISES: dict[str, Callable[[int], float]] = {
    "uniform": UNIFORM.__getitem__,
    "extremes": EXTREMES.__getitem__,
    "up and down": lambda k: NOISE if k % 2 else -NOISE,
    "half days": lambda k: NOISE if k // 48 % 2 else -NOISE,
    "whole days": lambda k: NOISE if k // 96 % 2 else -NOISE,
    "mornings": lambda k: -NOISE if 20 <= k % 96 < 44 else NOISE,
    "waves": lambda k: NOISE * math.sin(k / 7.0),
    "steady": lambda _: 0.0,
}

target_of = cache(compute_target)


def raw_frac(steady: float, noise: float) -> float:
    return min(1.0, max(0.0, steady + noise))


def confidences(raw: list[float]) -> list[tuple[datetime, float]]:
    """Follow a raw confidence from midnight on; return the hours' distinct confidences."""
    followed: list[tuple[datetime, float]] = []
    calm = None
    for k, (now, raw_now) in enumerate(zip(NOWS, raw, strict=True)):
        calm = follow_calmly(calm, raw_now, now)
        if k % 4 == 0 or followed[-1][1] != calm.confidence_frac:
            followed.append((now, calm.confidence_frac))
    return followed


def writes_per_day(
    followed: list[tuple[datetime, float]], base_pct: int, spread: float
) -> Counter[date]:
    """Return how often a live buffer is written."""
    writes: Counter[date] = Counter()
    current = base_pct
    for now, confidence in followed:
        target = target_of(
            base_pct=base_pct, confidence=confidence, spread_eur_per_kwh=spread, hour=now.hour
        )
        writes[now.date()] += target != current
        current = target
    return writes


def assert_calm(writes: Counter[date]) -> None:
    assert all(n <= (3 if day == FIRST_DAY else 2) for day, n in writes.items()), writes


@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES.keys())
def test_noise_around_any_steady_value_causes_no_more_writes_than_the_morning(
    noise: Callable[[int], float],
) -> None:
    for steady in STEADY:
        followed = confidences([raw_frac(steady, noise(k)) for k in range(96 * N_DAYS)])
        for base_pct in BASES:
            for spread in SPREADS:
                assert_calm(writes_per_day(followed, base_pct, spread))


@given(
    steady=st.floats(0.0, 1.0),
    noise=st.lists(st.floats(-NOISE, NOISE), min_size=1, max_size=60),
    repeats=st.integers(1, 24),
    base_pct=st.integers(20, 90),
    spread=st.sampled_from(SPREADS),
)
def test_no_noise_can_be_found_that_causes_more(
    steady: float, noise: list[float], repeats: int, base_pct: int, spread: float
) -> None:
    raw = [raw_frac(steady, noise[k // repeats % len(noise)]) for k in range(96 * N_DAYS)]

    assert_calm(writes_per_day(confidences(raw), base_pct, spread))


@pytest.mark.parametrize("start", [0.0, 1.0])
@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES.keys())
def test_a_value_reached_from_elsewhere_is_as_calm_once_it_is_reached(
    start: float, noise: Callable[[int], float]
) -> None:
    for steady in STEADY[::8]:
        raw = [start] * 4
        raw += [raw_frac(steady, noise(k)) for k in range(96 * N_DAYS - 4)]
        followed = confidences(raw)
        for base_pct in BASES:
            writes = writes_per_day(followed, base_pct, 0.0)
            # The way there, and the noise's first low and high.
            del writes[FIRST_DAY], writes[FIRST_DAY + timedelta(days=1)]
            assert_calm(writes)


def told_by_the_real_forecaster(steady: float) -> list[tuple[float, tuple[float, ...]]]:
    """Return its confidence and its curve [kW] at each of ``NOWS``, whatever a buffer does."""
    forecaster = PVForecaster(MIDNIGHT)
    told = []
    with pytest.MonkeyPatch.context() as patch:
        for k, now in enumerate(NOWS):
            judged = confidence_of(raw_frac(steady, EXTREMES[k]))
            patch.setattr("forecaster.pv.judge_confidence", lambda *_, is_=judged, **__: is_)
            forecaster.update(now, [SolarSlot(start=now, power_kw=1.0)])
            told.append((forecaster.confidence, forecaster.slots_kw))
    return told


@pytest.mark.parametrize("steady", [0.7, 0.78, 0.86, 0.95])
def test_the_real_forecaster_and_calculator_are_calm_together(
    tmp_path: Path, steady: float
) -> None:
    told = told_by_the_real_forecaster(steady)
    for base_pct in (30, 90):
        evcc = FakeEvcc()
        bench = Bench(tmp_path / "no disk", Options(battery_min_soc=base_pct), evcc)
        calc = DynamicBufferCalc(bench.options, evcc, path=bench.path, clock=bench.clock.now)
        calc.activate_live()
        writes: Counter[date] = Counter()
        for now, (confidence, slots_kw) in zip(NOWS, told, strict=True):
            before = len(evcc.told)
            calc.step(confidence, 0.0, slots_kw, now)
            writes[now.date()] += len(evcc.told) - before

        del writes[FIRST_DAY]  # the way to the first value
        assert_calm(writes)


def confidence_of(raw: float) -> PvConfidence:
    return PvConfidence(
        raw_frac=raw,
        coverage_frac=1.0,
        freshness_frac=1.0,
        accuracy_frac=raw,
        expected_error_frac=1.0 - raw,
        recent_error_frac=1.0 - raw,
        spread_frac=1.0,
    )
