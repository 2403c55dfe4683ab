"""Energy over windows: quantiles of their own, and the windows an owner asks about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.forecast import WindowEnergy
from domain.horizon import SLOTS_PER_DAY
from domain.outlook import WindowPurpose
from forecaster.scenarios import RankArchive, RankPath, ranks_of
from forecaster.series import LEVELS, Bands, FloatArray
from forecaster.windows import (
    STRETCH_LIMITS,
    WindowCalibration,
    named_windows,
    need_kwh,
    night,
    until_surplus,
    window_energy,
    window_scenarios,
)

MIDNIGHT = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
N_SLOTS = 2 * SLOTS_PER_DAY
SPREAD = np.array([0.6, 0.7, 0.85, 1.0, 1.2, 1.6, 2.0])
NORMAL = np.array([-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645])


def bands(middle_kw: FloatArray) -> Bands:
    return Bands(start=MIDNIGHT, values=middle_kw * SPREAD[:, None])


def hours(*of_hours: tuple[float, float, float]) -> FloatArray:
    """Two days at 0 kW but for (from hour, to hour, kW)."""
    values = np.zeros(N_SLOTS)
    for begin, end, kw in of_hours:
        values[int(begin * 4) : int(end * 4)] = kw
    return values


STEADY = bands(np.full(N_SLOTS, 0.5))
SUNNY = bands(hours((8, 18, 3.0), (32, 42, 3.0)))


def at(hour: float) -> datetime:
    return MIDNIGHT + hour * HOUR


def test_a_window_s_quantiles_lie_within_the_sums_of_its_slots() -> None:
    said = window_energy(STEADY, None, RankArchive(), at(0), at(12))

    assert said is not None
    sums = [STEADY.at(level)[:48].sum() / 4 for level in (0.1, 0.5, 0.9)]
    assert sums[0] < said.p10_kwh < said.p50_kwh < said.p90_kwh < sums[2]
    assert said.p50_kwh == pytest.approx(sums[1], rel=0.1)


def test_a_home_whose_errors_last_has_wider_windows_than_one_whose_errors_cancel() -> None:
    levels = np.linspace(0.02, 0.98, 49)

    def archive(*, lasting: bool) -> RankArchive:
        drawn = np.random.default_rng(7)
        return RankArchive(
            paths=tuple(
                RankPath(
                    start=MIDNIGHT - (49 - k) * DAY,
                    load=np.full(N_SLOTS, level) if lasting else drawn.random(N_SLOTS),
                    pv=np.full(N_SLOTS, 0.5),
                )
                for k, level in enumerate(levels)
            )
        )

    wide, narrow = (
        window_energy(STEADY, None, archive(lasting=lasting), at(0), at(12))
        for lasting in (True, False)
    )

    assert wide is not None
    assert narrow is not None
    assert wide.p90_kwh - wide.p10_kwh > 1.5 * (narrow.p90_kwh - narrow.p10_kwh)


def test_pv_lowers_the_need_and_a_surplus_does_not_pay_for_the_night() -> None:
    with_sun = window_scenarios(STEADY, SUNNY, RankArchive(), at(0), at(24))

    assert with_sun is not None
    assert with_sun.need_quantile(0.5) == pytest.approx(0.5 * 14, rel=0.15)
    assert with_sun.net_quantile(0.5) < 0


def test_any_level_can_be_asked_for() -> None:
    sums = window_scenarios(STEADY, SUNNY, RankArchive(), at(0), at(8))

    assert sums is not None
    asked = [sums.need_quantile(level) for level in (0.05, 0.3, 0.5, 0.7, 0.95)]
    assert asked == sorted(asked)


def test_what_is_not_known_makes_a_window_unknown() -> None:
    values = SUNNY.values.copy()
    values[:, 10] = np.nan

    said = window_energy(STEADY, replace(SUNNY, values=values), RankArchive(), at(0), at(8))

    assert said is None


def test_the_need_of_a_past_window_is_what_pv_did_not_cover() -> None:
    assert need_kwh(np.array([1.0, 1.0, 0.5]), np.array([0.0, 2.0, 0.5])) == pytest.approx(0.25)
    assert np.isnan(need_kwh(np.array([1.0, np.nan]), np.array([0.0, 0.0])))


def test_the_window_ends_where_the_pv_covers_the_house_again() -> None:
    assert until_surplus(STEADY, SUNNY, at(0) + timedelta(minutes=7)) == (at(0), at(8))


def test_during_a_surplus_nothing_is_needed_until_the_next() -> None:
    assert until_surplus(STEADY, SUNNY, at(12)) is None


def test_a_short_gap_in_the_clouds_is_no_surplus() -> None:
    pv = bands(hours((6, 6.75, 3.0), (9, 18, 3.0), (32, 42, 3.0)))

    assert until_surplus(STEADY, pv, at(2)) == (at(2), at(9))


def test_the_last_minutes_of_a_surplus_are_none() -> None:
    assert until_surplus(STEADY, SUNNY, at(17.5)) == (at(17.5), at(32))


def test_cooking_at_noon_does_not_begin_a_night() -> None:
    load = bands(np.maximum(hours((12, 12.5, 4.0)), 0.5))

    assert night(load, SUNNY, at(10)) == (at(18), at(32))


def test_before_sunrise_the_night_is_the_coming_one() -> None:
    assert night(STEADY, SUNNY, at(2)) == (at(18), at(32))


def test_without_a_surplus_in_sight_the_window_is_the_whole_forecast() -> None:
    dark = bands(hours((10, 14, 0.2)))

    assert until_surplus(STEADY, dark, at(3)) == (at(3), STEADY.end)
    assert night(STEADY, dark, at(3)) is None


def test_an_empty_house_is_not_covered_by_a_dark_roof() -> None:
    nothing = bands(np.zeros(N_SLOTS))

    assert until_surplus(nothing, nothing, at(0)) == (at(0), nothing.end)


def test_windows_are_found_across_a_clock_change() -> None:
    # 29 March 2026: the day has 23 hours; slots are in UTC and care not.
    start = datetime(2026, 3, 28, 23, tzinfo=UTC)
    load, pv = (replace(one, start=start) for one in (STEADY, SUNNY))

    assert until_surplus(load, pv, start) == (start, start + 8 * HOUR)


def test_both_windows_are_named() -> None:
    found = named_windows(STEADY, SUNNY, RankArchive(), at(1))

    assert [one.purpose for one in found] == [WindowPurpose.UNTIL_SURPLUS, WindowPurpose.NIGHT]
    assert (found[0].energy.start, found[0].energy.end) == (at(1), at(8))
    assert found[1].energy.p50_kwh == pytest.approx(7.0, rel=0.15)


def test_a_home_without_pv_has_no_such_windows() -> None:
    assert named_windows(STEADY, None, RankArchive(), at(1)) == ()


def said(low: float, middle: float, high: float, length: timedelta = 6 * HOUR) -> WindowEnergy:
    return WindowEnergy(
        start=MIDNIGHT, end=MIDNIGHT + length, p10_kwh=low, p50_kwh=middle, p90_kwh=high
    )


def test_windows_above_the_band_stretch_its_upper_half() -> None:
    calibration = WindowCalibration().learned(said(1, 2, 3), 5.0)

    assert calibration.stretch(6 * HOUR).above > 1.0
    assert calibration.stretch(6 * HOUR).below < 1.0


def test_windows_teach_only_those_of_like_length() -> None:
    calibration = WindowCalibration().learned(said(1, 2, 3), 5.0)

    assert calibration.stretch(24 * HOUR) == WindowCalibration().stretch(24 * HOUR)


def test_a_window_that_was_not_measured_teaches_nothing() -> None:
    assert WindowCalibration().learned(said(1, 2, 3), float("nan")) == WindowCalibration()


def test_a_side_without_width_cannot_be_judged() -> None:
    calibration = WindowCalibration().learned(said(0, 0, 1), 0.5)

    assert calibration.stretch(6 * HOUR).below == 1.0


def test_the_stretch_stays_within_limits() -> None:
    calibration = WindowCalibration()
    for _ in range(200):
        calibration = calibration.learned(said(1, 2, 3), 50.0)

    stretch = calibration.stretch(6 * HOUR)
    assert (stretch.below, stretch.above) == STRETCH_LIMITS


def test_bands_that_are_too_narrow_are_stretched_until_they_hold() -> None:
    # The truth varies more than is said, and all day alike.
    drawn = np.random.default_rng(5).standard_normal(350)
    narrow = Bands(start=MIDNIGHT, values=np.repeat((2.0 + 0.2 * NORMAL)[:, None], 24, axis=1))
    calibration, inside = WindowCalibration(), []
    for score in drawn.tolist():
        energy = window_energy(narrow, None, RankArchive(), at(0), at(6), calibration=calibration)
        assert energy is not None
        need = (2.0 + 0.3 * score) * 6.0
        inside.append(energy.p10_kwh <= need <= energy.p90_kwh)
        calibration = calibration.learned(energy, need)

    assert np.mean(inside[:50]) < 0.7
    assert np.mean(inside[-250:]) == pytest.approx(0.8, abs=0.05)


def test_own_paths_teach_how_long_errors_last() -> None:
    # Errors that last all day: the assumed paths are too tame, the home's own are right.
    drawn = np.random.default_rng(6).standard_normal(160)
    bands_ = Bands(start=MIDNIGHT, values=np.repeat((2.0 + 0.3 * NORMAL)[:, None], 48, axis=1))
    paths = tuple(
        RankPath(
            start=MIDNIGHT - (60 - k) * DAY,
            load=ranks_of(bands_.values, LEVELS, np.full(48, 2.0 + 0.3 * score)),
            pv=np.full(48, np.nan),
        )
        for k, score in enumerate(drawn[:60].tolist())
    )

    needs = (2.0 + 0.3 * drawn[60:]) * 12.0

    def coverage(archive: RankArchive) -> float:
        energy = window_energy(bands_, None, archive, at(0), at(12))
        assert energy is not None
        return float(((needs >= energy.p10_kwh) & (needs <= energy.p90_kwh)).mean())

    assert coverage(RankArchive(paths=paths)) > coverage(RankArchive()) + 0.1
