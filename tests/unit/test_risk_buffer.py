"""The risk-based buffer: parts, windows, bounds, price and calm."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from forecaster.refill import NeedCalibration, NeedSaid, need_that_came
from risk_buffer import WindowEnd, settled_target
from tests.support.risky_home import BATTERY, EVENING, HOUR, courses, decide, prices

CHEAP_NIGHT = (4.0, 8.0, 0.10)


def test_the_need_of_an_evening_is_what_the_house_draws_until_the_sun() -> None:
    decided = decide()

    assert decided.parts.night_kwh == pytest.approx(12 * 0.3, rel=0.1)
    assert decided.parts.error_kwh > 0.2
    assert abs(decided.end - (EVENING + 12 * HOUR)) <= HOUR
    assert decided.ends_by is WindowEnd.SURPLUS


def test_parts_add_up_to_the_need() -> None:
    decided = decide(outage_kwh=2.0)

    parts = decided.parts
    assert decided.need_kwh == pytest.approx(
        parts.night_kwh + parts.error_kwh + parts.outage_kwh, abs=1e-9
    )
    assert decided.need_kwh == pytest.approx(decide().need_kwh + 2.0, abs=1e-9)


def test_the_target_is_the_state_of_charge_that_the_need_takes() -> None:
    decided = decide()

    wanted_pct = 5.0 + 100.0 * decided.need_kwh / 0.95 / 10.0
    assert wanted_pct <= decided.target_pct < wanted_pct + 5.0


def test_while_enough_sun_is_still_to_come_only_the_floor_is_held_back() -> None:
    assert decide(courses(hour=13)).target_pct == 10


def test_the_last_hour_of_sun_does_not_count_as_a_night_s_refill() -> None:
    assert decide(courses(hour=21.5, load_kw=0.5)).target_pct > 50


def test_a_dull_day_leaves_what_it_does_not_refill_to_be_held() -> None:
    bright, dull = (decide(courses(hour=13, sun_kw=kw)) for kw in (3.0, 0.6))

    assert dull.need_kwh > bright.need_kwh + 1.0


def test_a_cheap_night_ends_the_window() -> None:
    ahead = courses()

    decided = decide(ahead, at=prices(ahead, CHEAP_NIGHT))

    assert decided.ends_by is WindowEnd.CHEAP
    assert decided.end == EVENING + 4 * HOUR
    assert decided.need_kwh < decide(ahead).need_kwh


def test_a_cheap_night_is_no_refill_where_nobody_may_buy_for_the_battery() -> None:
    ahead = courses()
    cannot = replace(BATTERY, may_grid_charge=False)

    decided = decide(ahead, at=prices(ahead, CHEAP_NIGHT), battery=cannot)

    assert decided.ends_by is WindowEnd.SURPLUS


@pytest.mark.parametrize(("eur_per_kwh", "is_cheap"), [(0.24, True), (0.26, False)])
def test_cheap_is_what_costs_less_than_it_saves_after_losses_and_wear(
    eur_per_kwh: float, *, is_cheap: bool
) -> None:
    ahead = courses()

    decided = decide(ahead, at=prices(ahead, (4.0, 8.0, eur_per_kwh)))

    assert (decided.ends_by is WindowEnd.CHEAP) is is_cheap


def test_half_an_hour_is_too_short_to_refill() -> None:
    ahead = courses()

    decided = decide(ahead, at=prices(ahead, (4.0, 4.5, 0.05)))

    assert decided.ends_by is WindowEnd.SURPLUS


def test_without_sun_in_sight_a_day_is_looked_ahead() -> None:
    decided = decide(courses(sun_kw=0.0, load_kw=0.3))

    assert decided.ends_by is WindowEnd.HORIZON
    assert decided.end == EVENING + 24 * HOUR


def test_more_than_the_battery_holds_is_all_of_it() -> None:
    assert decide(courses(load_kw=2.0)).target_pct == 100


def test_what_is_held_and_not_needed_has_a_price() -> None:
    sure, half_sure = decide(confidence=0.95), decide(confidence=0.5)

    assert sure.price_eur_per_day is not None
    assert half_sure.price_eur_per_day is not None
    assert 0.0 <= half_sure.price_eur_per_day < sure.price_eur_per_day < 0.5


def test_without_prices_nothing_is_said_about_the_price() -> None:
    ahead = courses()
    unknown = replace(prices(ahead), buy=np.full(ahead.net_kw.shape[1], np.nan))

    assert decide(ahead, at=unknown).price_eur_per_day is None


@pytest.mark.parametrize(
    ("raw_pct", "last_pct", "target"),
    [
        (31.0, None, 35),
        (31.0, 35, 35),
        (20.1, 50, 50),
        (19.9, 50, 30),
        (36.0, 35, 50),
        (31.0, 33, 45),
        (10.0, 60, 10),
        (100.0, 95, 100),
        (10.0, 5, 10),
    ],
)
def test_the_target_stands_while_it_is_enough_and_not_far_too_much(
    raw_pct: float, last_pct: float | None, target: int
) -> None:
    assert settled_target(raw_pct, last_pct) == target


def test_noise_on_a_steady_need_writes_once() -> None:
    noise = np.random.default_rng(3).uniform(-4.0, 4.0, 96)
    targets: list[int] = []
    for raw_pct in 42.0 + noise:
        targets.append(settled_target(float(raw_pct), targets[-1] if targets else None))

    assert np.count_nonzero(np.diff(targets)) <= 1


def test_a_miss_stretches_and_hits_shrink_until_as_many_are_missed_as_asked() -> None:
    said = NeedSaid(
        start=EVENING,
        end=EVENING + timedelta(hours=12),
        level=0.9,
        need_kwh=4.0,
        has_surplus=False,
    )

    missed = NeedCalibration().learned(said, 5.0)
    after_nine_hits = missed
    for _ in range(9):
        after_nine_hits = after_nine_hits.learned(said, 3.0)

    assert missed.stretches[False] > 1.04
    assert after_nine_hits.stretches[False] == pytest.approx(1.0, abs=1e-6)


def test_what_was_not_measured_teaches_nothing() -> None:
    hole = np.array([0.3, np.nan, 0.3])

    assert np.isnan(need_that_came(hole, np.zeros(3), BATTERY.refilling))
