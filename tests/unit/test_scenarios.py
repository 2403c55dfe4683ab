"""Scenarios: the bands of today read at the ranks of the past."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.forecast import BandSeries
from domain.horizon import SLOT, SLOTS_PER_DAY
from forecaster.scenarios import (
    KEEP,
    RankArchive,
    RankPath,
    bands_of,
    make_scenarios,
    rank_path,
    ranks_of,
    read_at_ranks,
)
from forecaster.series import LEVELS, Bands, FloatArray, SlotSeries

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
DAY = timedelta(days=1)
SPREAD = np.array([-0.3, -0.2, -0.1, 0.0, 0.1, 0.3, 0.5])


def bands(middle_kw: float, n_slots: int = SLOTS_PER_DAY, start: datetime = NOW) -> Bands:
    return Bands(start=start, values=np.repeat(middle_kw + SPREAD[:, None], n_slots, axis=1))


def path(start: datetime, load: float, pv: float = 0.5, n_slots: int = SLOTS_PER_DAY) -> RankPath:
    return RankPath(start=start, load=np.full(n_slots, load), pv=np.full(n_slots, pv))


def ranks(outcome: float, values: FloatArray) -> float:
    return float(ranks_of(values[:, None], LEVELS, np.array([outcome]))[0])


@pytest.mark.parametrize(("level", "offset_kw"), list(zip(LEVELS, SPREAD, strict=True)))
def test_an_outcome_on_a_quantile_has_its_level(level: float, offset_kw: float) -> None:
    assert ranks(1.0 + offset_kw, 1.0 + SPREAD) == pytest.approx(level)


def test_between_two_quantiles_the_level_is_interpolated() -> None:
    assert ranks(1.05, 1.0 + SPREAD) == pytest.approx((0.5 + 0.75) / 2)


def test_beyond_the_outer_quantiles_ranks_thin_out_and_never_end() -> None:
    outer = [ranks(kw, 1.0 + SPREAD) for kw in (1.5, 1.7, 2.0, 100.0)]

    assert outer == sorted(outer)
    assert outer[0] == pytest.approx(0.95)
    assert 0.95 < outer[1] < outer[2] < outer[3] < 1.0


def test_what_is_not_measured_has_no_rank() -> None:
    assert np.isnan(ranks(float("nan"), 1.0 + SPREAD))


def test_a_night_says_nothing_about_ranks() -> None:
    assert np.isnan(ranks(0.0, np.zeros(7)))


def test_one_value_for_several_quantiles_has_the_middle_of_their_levels() -> None:
    dawn = np.array([0.0, 0.0, 0.0, 0.1, 0.2, 0.3, 0.4])

    # Nothing lies below zero: it stands for every level up to 0.25.
    assert ranks(0.0, dawn) == pytest.approx(0.125)


def test_reading_the_bands_at_the_ranks_gives_back_what_happened() -> None:
    values = np.abs(np.random.default_rng(1).gamma(2.0, 0.3, (7, 50))).cumsum(axis=0)
    outcome = np.linspace(0.2, 8.0, 50)

    found = ranks_of(values, LEVELS, outcome)
    read = read_at_ranks(values, LEVELS, found[None, :])

    bounded = (found > 0.002) & (found < 0.998)
    assert bounded.sum() > 20
    assert read[0, bounded] == pytest.approx(outcome[bounded])


def test_three_stored_levels_are_enough_for_ranks() -> None:
    stored = BandSeries(start=NOW, p10=(0.2, None), p50=(0.5, None), p90=(1.0, None))

    said = bands_of(stored)
    found = ranks_of(said.values, said.levels, np.array([0.5, 0.5]))

    assert found[0] == pytest.approx(0.5)
    assert np.isnan(found[1])


def test_a_path_knows_what_was_measured_and_leaves_the_rest_open() -> None:
    measured = SlotSeries(start=NOW, values=np.full(10, 1.1))

    found = rank_path(bands(1.0), None, measured, None)

    assert found.load[:10] == pytest.approx(np.full(10, 0.75))
    assert np.isnan(found.load[10:]).all()
    assert np.isnan(found.pv).all()


def test_an_archive_keeps_the_last_weeks_and_one_path_an_issue() -> None:
    archive = RankArchive()
    for days in range(100):
        archive = archive.with_paths([path(NOW + days * DAY, 0.2)])
    archive = archive.with_paths([path(NOW + 99 * DAY, 0.8)])

    assert len(archive.paths) == KEEP // DAY + 1
    assert archive.paths[-1].load[0] == pytest.approx(0.8)
    assert [one.start for one in archive.paths] == sorted(one.start for one in archive.paths)


def test_without_a_past_scenarios_are_the_assumed_ones() -> None:
    courses = make_scenarios(bands(1.0), bands(0.5), RankArchive(), NOW, NOW + 6 * SLOT)

    assert courses.weights.sum() == pytest.approx(1.0)
    low, high = np.quantile(courses.load_kw[:, 3], [0.1, 0.9])
    assert low == pytest.approx(0.8, abs=0.05)
    assert high == pytest.approx(1.3, abs=0.06)


def test_assumed_paths_hang_together_over_hours() -> None:
    courses = make_scenarios(bands(1.0), bands(2.0), RankArchive(), NOW, NOW + 48 * SLOT)

    def correlation(kw: FloatArray, apart: int) -> float:
        return float(np.corrcoef(kw[:, 10], kw[:, 10 + apart])[0, 1])

    assert correlation(courses.pv_kw, 4) > correlation(courses.pv_kw, 16) > 0.1
    assert correlation(courses.pv_kw, 4) == pytest.approx(0.69, abs=0.12)


def test_the_same_question_has_the_same_answer() -> None:
    first, again = (
        make_scenarios(bands(1.0), bands(0.5), RankArchive(), NOW, NOW + 9 * SLOT) for _ in range(2)
    )

    assert (first.load_kw == again.load_kw).all()
    assert (first.pv_kw == again.pv_kw).all()


def test_the_home_s_own_paths_outweigh_the_assumed_ones() -> None:
    archive = RankArchive(paths=tuple(path(NOW - days * DAY, 0.9) for days in range(60, 0, -1)))

    courses = make_scenarios(bands(1.0), None, archive, NOW, NOW + 6 * SLOT)

    own = np.isclose(courses.load_kw, 1.3).all(axis=1)
    assert courses.weights[own].sum() > 0.5


def test_only_issues_at_about_the_same_time_of_day_are_taken() -> None:
    offsets = (timedelta(hours=1), timedelta(hours=-1), timedelta(hours=6), timedelta(hours=12))
    archive = RankArchive(
        paths=tuple(path(NOW - 2 * DAY + offset, 0.9) for offset in sorted(offsets))
    )

    courses = make_scenarios(bands(1.0), None, archive, NOW, NOW + 6 * SLOT)

    assert np.isclose(courses.load_kw, 1.3).all(axis=1).sum() == 2


def test_a_day_with_many_issues_weighs_no_more_than_one() -> None:
    often = tuple(path(NOW - 2 * DAY + k * SLOT, 0.9) for k in range(-4, 4))
    archive = RankArchive(paths=(*often, path(NOW - DAY, 0.1)))

    courses = make_scenarios(bands(1.0), None, archive, NOW, NOW + 6 * SLOT)

    weights = courses.weights
    busy = weights[np.isclose(courses.load_kw, 1.3).all(axis=1)].sum()
    quiet = weights[np.isclose(courses.load_kw, 0.8).all(axis=1)].sum()
    assert busy == pytest.approx(quiet, rel=0.1)


def test_a_path_whose_window_is_not_over_teaches_nothing() -> None:
    unfinished = path(NOW - DAY, 0.9)
    unfinished.load[3:] = np.nan

    courses = make_scenarios(
        bands(1.0), None, RankArchive(paths=(unfinished,)), NOW, NOW + 20 * SLOT
    )
    without = make_scenarios(bands(1.0), None, RankArchive(), NOW, NOW + 20 * SLOT)

    assert len(courses.weights) == len(without.weights)


def test_a_missing_hour_in_a_path_is_bridged() -> None:
    gap = path(NOW - DAY, 0.9)
    gap.load[8:12] = np.nan

    courses = make_scenarios(bands(1.0), None, RankArchive(paths=(gap,)), NOW, NOW + 40 * SLOT)

    assert np.isclose(courses.load_kw, 1.3).all(axis=1).sum() == 1


@pytest.mark.parametrize(
    ("first", "last"), [(-1, 4), (4, 4), (5, 4), (0, SLOTS_PER_DAY + 1)], ids=str
)
def test_a_window_outside_the_forecast_is_refused(first: int, last: int) -> None:
    with pytest.raises(ValueError, match="not within"):
        make_scenarios(bands(1.0), None, RankArchive(), NOW + first * SLOT, NOW + last * SLOT)


def test_load_and_pv_of_different_hours_are_refused() -> None:
    with pytest.raises(ValueError, match="from one slot on"):
        make_scenarios(bands(1.0), bands(1.0, start=NOW + SLOT), RankArchive(), NOW, NOW + 4 * SLOT)
