import numpy as np
import pytest

from domain.proof import Band
from proof.bootstrap import LEAST_DAYS, band_of_sum, block_days


def width(band: Band) -> float:
    assert band.low is not None
    assert band.high is not None
    return band.high - band.low


@pytest.mark.parametrize(("n_days", "length"), [(1, 1), (3, 1), (14, 2), (30, 3), (365, 7)])
def test_blocks_grow_with_the_days(n_days: int, length: int) -> None:
    assert block_days(n_days) == length


def test_the_same_seed_gives_the_same_band() -> None:
    daily = np.random.default_rng(1).normal(0.3, 1.0, 60)

    assert band_of_sum(daily, seed=4) == band_of_sum(daily, seed=4)
    assert band_of_sum(daily, seed=4) != band_of_sum(daily, seed=5)


def test_days_that_are_nothing_have_a_band_of_nothing() -> None:
    assert band_of_sum(np.zeros(2), seed=1) == Band(low=0.0, middle=0.0, high=0.0)


def test_days_that_are_alike_leave_no_doubt() -> None:
    band = band_of_sum(np.full(30, 0.5), seed=1)

    assert (band.low, band.middle, band.high) == pytest.approx((15.0, 15.0, 15.0))


@pytest.mark.parametrize("n_days", range(LEAST_DAYS))
def test_too_few_days_have_no_band(n_days: int) -> None:
    band = band_of_sum(np.arange(1.0, n_days + 1.0), seed=1)

    assert (band.low, band.high) == (None, None)
    assert band.middle == sum(range(n_days + 1))


def test_days_that_go_together_are_less_sure() -> None:
    alternating = np.tile([1.0, -1.0], 100) + 0.1
    in_spells = np.repeat(np.tile([1.0, -1.0], 10), 10) + 0.1

    assert width(band_of_sum(in_spells, seed=1)) > 2 * width(band_of_sum(alternating, seed=1))


@pytest.mark.parametrize(("n_days", "least", "most"), [(7, 0.76, 0.92), (14, 0.74, 0.88)])
def test_the_band_of_few_independent_days_is_as_sure_as_it_says(
    n_days: int, least: float, most: float
) -> None:
    rng = np.random.default_rng(2)

    held = 0
    for _ in range(200):
        band = band_of_sum(rng.normal(0.0, 1.0, n_days), seed=1)
        assert band.low is not None
        assert band.high is not None
        held += band.low <= 0.0 <= band.high

    assert least <= held / 200 <= most
