"""The courses by which a decision is weighed: around what is said, and always the same ones."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from domain.forecast import ForecastKind
from domain.outlook import Expectation
from forecaster.series import FloatArray
from planner.courses import N_COURSES, net_courses
from tests.support.planned_home import N_FORECAST, START, expectation, outlook_of


def spread(kind: ForecastKind, low: float, middle: float, high: float) -> Expectation:
    plain = expectation(kind, [middle] * N_FORECAST)
    band = replace(plain.band, p10=(low,) * N_FORECAST, p90=(high,) * N_FORECAST)
    return replace(plain, band=band)


LOAD = spread(ForecastKind.LOAD, 0.6, 1.0, 1.4)
PV = spread(ForecastKind.PV, 1.0, 2.0, 3.0)


def courses_of(
    *said: Expectation, n_slots: int = 192, later: timedelta = timedelta(0)
) -> FloatArray:
    found = net_courses(START + later, n_slots, outlook_of(*said))
    assert found is not None
    return found


def test_a_forecast_without_a_width_has_one_course() -> None:
    certain = expectation(ForecastKind.LOAD, [0.8] * N_FORECAST)

    net_kwh = courses_of(certain)

    assert net_kwh.shape == (N_COURSES, 192)
    assert net_kwh == pytest.approx(0.2, abs=1e-5)


def test_courses_lie_evenly_around_what_is_said() -> None:
    net_kwh = courses_of(LOAD)

    assert net_kwh.mean() == pytest.approx(0.25, abs=0.005)
    assert np.quantile(net_kwh, (0.1, 0.9)) == pytest.approx((0.15, 0.35), abs=0.02)


def test_sun_is_taken_off_the_load() -> None:
    assert courses_of(LOAD, PV).mean() == pytest.approx(-0.25, abs=0.01)


def test_what_is_off_now_is_still_off_a_quarter_hour_later() -> None:
    net_kwh = courses_of(LOAD) - 0.25

    assert np.corrcoef(net_kwh[:, :-1].ravel(), net_kwh[:, 1:].ravel())[0, 1] > 0.7


def test_they_end_where_the_forecast_of_the_house_ends() -> None:
    short = replace(LOAD, band=replace(LOAD.band, p50=(1.0,) * 40 + (None,) * (N_FORECAST - 40)))

    assert courses_of(short, later=timedelta(hours=1)).shape == (N_COURSES, 36)


def test_without_a_forecast_of_the_house_there_are_none() -> None:
    assert net_courses(START, 192, outlook_of(PV)) is None
