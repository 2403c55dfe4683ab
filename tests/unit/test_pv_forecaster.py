"""Which PV forecast is in force, and how calmly its confidence is followed."""

import json
import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from domain.horizon import SLOT
from domain.site import SolarSlot
from forecaster.pv import PVForecaster, follow_calmly, freshness, slots_from
from forecaster.pv_past import PvPast
from forecaster.series import series_of

# Midnight of a March day without a change of clocks.
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def slot(at: datetime, power_kw: float) -> SolarSlot:
    return SolarSlot(start=at, power_kw=power_kw)


def quarter_hours(start: datetime, powers_kw: Iterable[float]) -> tuple[SolarSlot, ...]:
    return tuple(slot(start + k * SLOT, power_kw) for k, power_kw in enumerate(powers_kw))


def sun_kw(at: datetime) -> float:
    """A clear day from 06:00 to 18:00 UTC, 8 kW at noon."""
    hour = at.hour + at.minute / 60
    return max(0.0, 8.0 * math.sin(math.pi * (hour - 6.0) / 12.0))


def two_days(now: datetime, factor: float = 1.0) -> tuple[SolarSlot, ...]:
    """Today's and tomorrow's forecast, a little different every hour."""
    start = now.replace(hour=0, minute=0, second=0)
    return sunny_days(start, factor * (1.0 + 1e-9 * now.hour))


@cache
def sunny_days(start: datetime, factor: float) -> tuple[SolarSlot, ...]:
    return quarter_hours(start, [factor * sun_kw(start + k * SLOT) for k in range(2 * 96)])


def past_until(
    now: datetime, n_days: int = 20, *, measured_kw: Callable[[datetime], float] = sun_kw
) -> PvPast:
    """Days for which the provider had said a clear sky, a day before."""
    start = now - n_days * DAY
    slots = [start + k * SLOT for k in range(n_days * 96)]
    return PvPast(
        measured=series_of(start, [measured_kw(at) for at in slots]),
        said={DAY: series_of(start, [sun_kw(at) for at in slots])},
    )


def live_through(forecaster: PVForecaster, start: datetime, duration: timedelta) -> datetime:
    """Update as the service does, every quarter hour."""
    past, now = past_until(start), start
    while now < start + duration:
        forecaster.update(now, two_days(now), past=past)
        now += SLOT
    return now


# Quarter hours from now


def test_quarter_hours_are_taken_as_they_are() -> None:
    solar = quarter_hours(MIDNIGHT, [1.0, 2.0, 3.0, 4.0])

    assert slots_from(solar, MIDNIGHT, 4) == [1.0, 2.0, 3.0, 4.0]


def test_hourly_values_hold_for_their_hour() -> None:
    solar = [slot(MIDNIGHT + k * HOUR, float(k + 1)) for k in range(3)]

    assert slots_from(solar, MIDNIGHT, 8) == [1.0] * 4 + [2.0] * 4


def test_a_first_slot_in_the_past_still_holds_now() -> None:
    solar = [slot(MIDNIGHT - 30 * timedelta(minutes=1), 1.0), slot(MIDNIGHT + HOUR / 2, 2.0)]

    assert slots_from(solar, MIDNIGHT, 3) == [1.0, 1.0, 2.0]


def test_before_the_first_and_after_the_last_value_nothing_is_known() -> None:
    solar = quarter_hours(MIDNIGHT + SLOT, [1.0, 2.0])

    assert slots_from(solar, MIDNIGHT, 5) == [None, 1.0, 2.0, None, None]


def test_a_gap_by_day_is_unknown_after_an_hour() -> None:
    solar = [slot(MIDNIGHT, 1.0), slot(MIDNIGHT + 2 * HOUR, 2.0)]

    assert slots_from(solar, MIDNIGHT, 9) == [1.0] * 4 + [None] * 4 + [2.0]


def test_a_night_the_provider_leaves_out_is_dark_and_not_unknown() -> None:
    dusk, dawn = MIDNIGHT - 4 * HOUR, MIDNIGHT + 6 * HOUR
    solar = [slot(dusk - SLOT, 0.3), slot(dusk, 0.0), slot(dawn, 0.02), slot(dawn + SLOT, 0.4)]

    powers = slots_from(solar, dusk, 41)

    assert powers[:40] == [0.0] * 40
    assert powers[40] == 0.02


def test_a_negative_forecast_is_no_power() -> None:
    assert slots_from([slot(MIDNIGHT, -0.4)], MIDNIGHT, 1) == [0.0]


def test_no_forecast_is_nothing_known() -> None:
    assert slots_from([], MIDNIGHT, 3) == [None, None, None]


def test_the_forecaster_gives_ninety_six_quarter_hours_from_the_running_one() -> None:
    forecaster = PVForecaster(MIDNIGHT)
    now = MIDNIGHT + 12 * HOUR + timedelta(minutes=7, seconds=30)

    forecaster.update(now, two_days(now))

    slots = forecaster.slots_kw
    assert len(slots) == 96
    assert slots[0] == pytest.approx(8.0, rel=0.05)
    assert forecaster.report().slots_start == MIDNIGHT + 12 * HOUR


def test_unknown_slots_are_zero_to_those_who_add_them_up() -> None:
    forecaster = PVForecaster(MIDNIGHT)

    forecaster.update(MIDNIGHT + 10 * HOUR, sunny_days(MIDNIGHT, 1.0)[40:44])

    assert len(forecaster.slots_kw) == 96
    assert all(math.isfinite(power_kw) for power_kw in forecaster.slots_kw)
    assert forecaster.slots_kw[20] == 0.0


def test_without_any_forecast_there_are_no_slots() -> None:
    forecaster = PVForecaster(MIDNIGHT)
    assert forecaster.slots_kw == ()

    forecaster.update(MIDNIGHT, [])

    assert forecaster.slots_kw == ()
    assert forecaster.confidence == 0.0


# How far it can be trusted


@pytest.mark.parametrize(
    ("hours", "share"), [(0, 1.0), (6, 1.0), (18, 0.5), (30, 0.0), (100, 0.0), (-5, 1.0)]
)
def test_freshness_falls_from_six_hours_to_nothing_at_thirty(hours: float, share: float) -> None:
    assert freshness(timedelta(hours=hours)) == pytest.approx(share)


def test_a_short_forecast_is_trusted_less() -> None:
    short, full = PVForecaster(MIDNIGHT), PVForecaster(MIDNIGHT)

    short.update(MIDNIGHT, sunny_days(MIDNIGHT, 1.0)[:48])
    full.update(MIDNIGHT, sunny_days(MIDNIGHT, 1.0))

    assert short.report().coverage_frac < 0.7
    assert full.report().coverage_frac == 1.0
    assert short.confidence < full.confidence


def test_a_forecast_that_stops_changing_grows_old() -> None:
    forecaster = PVForecaster(MIDNIGHT)
    stuck = sunny_days(MIDNIGHT, 1.0)
    now, seen = MIDNIGHT, []
    while now <= MIDNIGHT + 31 * HOUR:
        forecaster.update(now, stuck)
        seen.append(forecaster.report().freshness_frac)
        now += HOUR

    assert seen[6] == 1.0
    assert seen[18] == pytest.approx(0.5)
    assert seen[-1] == 0.0
    assert forecaster.confidence == 0.0


def test_slots_that_merely_pass_are_no_news() -> None:
    forecaster = PVForecaster(MIDNIGHT)
    stuck = sunny_days(MIDNIGHT, 1.0)
    for k in range(73):
        # Some versions of evcc drop what is over, some keep it.
        forecaster.update(MIDNIGHT + k * SLOT, stuck[k if k % 2 else 0 :])

    assert forecaster.report().freshness_frac == pytest.approx(0.5)


def test_a_new_forecast_is_fresh_again() -> None:
    forecaster = PVForecaster(MIDNIGHT)
    forecaster.update(MIDNIGHT, sunny_days(MIDNIGHT, 1.0))
    forecaster.update(MIDNIGHT + 20 * HOUR, sunny_days(MIDNIGHT, 1.1))

    assert forecaster.report().freshness_frac == 1.0


def test_without_a_past_a_forecast_is_trusted_as_a_usual_one() -> None:
    forecaster = PVForecaster(MIDNIGHT)

    forecaster.update(MIDNIGHT, two_days(MIDNIGHT))

    assert 0.4 < forecaster.confidence < 0.75


def test_days_that_came_as_forecast_raise_the_confidence() -> None:
    forecaster, stranger = PVForecaster(MIDNIGHT), PVForecaster(MIDNIGHT)

    forecaster.update(MIDNIGHT, two_days(MIDNIGHT), past=past_until(MIDNIGHT))
    stranger.update(MIDNIGHT, two_days(MIDNIGHT))

    assert forecaster.confidence > 0.85
    assert forecaster.confidence > stranger.confidence


def test_days_that_came_differently_lower_it() -> None:
    forecaster = PVForecaster(MIDNIGHT)
    came_differently = past_until(
        MIDNIGHT, measured_kw=lambda at: sun_kw(at) * (1.8 if at.day % 2 else 0.1)
    )

    forecaster.update(MIDNIGHT, two_days(MIDNIGHT), past=came_differently)

    assert forecaster.confidence < 0.6


def test_a_curve_that_stands_still_day_and_night_is_no_forecast() -> None:
    forecaster = PVForecaster(MIDNIGHT)

    forecaster.update(MIDNIGHT, quarter_hours(MIDNIGHT, [1.0] * 192), past=past_until(MIDNIGHT))

    assert forecaster.confidence == 0.0


# A forecast that goes and comes back


def test_no_forecast_is_no_confidence_at_once() -> None:
    forecaster = PVForecaster(MIDNIGHT)
    now = live_through(forecaster, MIDNIGHT, 3 * HOUR)
    assert forecaster.confidence > 0.6

    forecaster.update(now, [])

    assert forecaster.confidence == 0.0
    assert forecaster.slots_kw == ()


def test_a_home_with_a_past_expects_its_usual_sun_when_the_provider_is_silent() -> None:
    forecaster = PVForecaster(MIDNIGHT)

    forecaster.update(MIDNIGHT, [], past=past_until(MIDNIGHT))

    assert forecaster.slots_kw[48] > 4.0
    assert forecaster.confidence == 0.0


def test_it_comes_back_smoothly() -> None:
    forecaster = PVForecaster(MIDNIGHT)
    now = live_through(forecaster, MIDNIGHT, 3 * HOUR)
    before = forecaster.confidence
    forecaster.update(now, [])
    seen = [forecaster.confidence]
    for k in range(1, 80):
        moment = now + k * SLOT
        forecaster.update(moment, two_days(moment), past=past_until(MIDNIGHT))
        seen.append(forecaster.confidence)

    steps = [after - behind for behind, after in pairwise(seen)]
    assert all(0.0 <= step < 0.12 for step in steps)
    assert seen[4] < before / 2
    assert seen[-1] == pytest.approx(before, abs=0.05)


def test_a_jump_of_the_raw_confidence_is_followed_within_hours() -> None:
    calm = follow_calmly(None, 0.9, MIDNIGHT)

    for k in range(1, 49):
        calm = follow_calmly(calm, 0.5, MIDNIGHT + k * SLOT)

    assert calm.confidence_frac == pytest.approx(0.5, abs=0.05)


def test_a_clock_that_goes_back_moves_nothing() -> None:
    calm = follow_calmly(None, 0.9, MIDNIGHT)

    back = follow_calmly(calm, 0.5, MIDNIGHT - DAY)

    assert back.confidence_frac == calm.confidence_frac


# Restarts


def test_the_confidence_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "pv.json"
    before = PVForecaster(MIDNIGHT, path)
    now = live_through(before, MIDNIGHT, 3 * HOUR)

    after = PVForecaster(now, path)
    assert after.state_file is not None
    assert after.state_file.load_problem is None
    assert after.confidence == before.confidence
    for forecaster in (before, after):
        live_through(forecaster, now, HOUR)

    assert after.report() == before.report()


def test_a_stuck_forecast_is_as_old_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "pv.json"
    stuck = sunny_days(MIDNIGHT, 1.0)
    PVForecaster(MIDNIGHT, path).update(MIDNIGHT, stuck)

    after = PVForecaster(MIDNIGHT, path)
    after.update(MIDNIGHT + 18 * HOUR, stuck)

    assert after.report().freshness_frac == pytest.approx(0.5)


GOOD: dict[str, object] = {
    "version": 1,
    "changed_at": None,
    "smoothed_frac": None,
    "confidence_frac": None,
    "updated_at": None,
}


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"changed_at": 5},
        {"solar": [["2026-03-02T00:00:00+00:00"]]},
        {"solar": {}},
        {"updated_at": "2026-03-02T00:00:00+00:00", "smoothed_frac": 5.0, "confidence_frac": 0.5},
        {"updated_at": "2026-03-02T00:00:00+00:00", "smoothed_frac": 0.5},
    ],
)
def test_a_model_that_cannot_be_trusted_is_kept_aside_and_learning_starts_over(
    tmp_path: Path, change: dict[str, object]
) -> None:
    path = tmp_path / "pv.json"
    path.write_text(json.dumps(GOOD | change), encoding="utf-8")

    forecaster = PVForecaster(MIDNIGHT, path)

    assert forecaster.state_file is not None
    assert forecaster.state_file.load_problem is not None
    assert forecaster.confidence == 0.0
    assert not path.exists()
    assert len(list(tmp_path.iterdir())) == 1


def test_an_empty_model_is_a_good_one(tmp_path: Path) -> None:
    path = tmp_path / "pv.json"
    path.write_text(json.dumps(GOOD), encoding="utf-8")

    forecaster = PVForecaster(MIDNIGHT, path)

    assert forecaster.state_file is not None
    assert forecaster.state_file.load_problem is None


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    forecaster = PVForecaster(MIDNIGHT, tmp_path / "missing" / "pv.json")

    forecaster.update(MIDNIGHT, two_days(MIDNIGHT))

    assert forecaster.confidence > 0.0
    assert forecaster.state_file is not None
    assert forecaster.state_file.save_problem is not None


def test_what_is_remembered_does_not_grow(tmp_path: Path) -> None:
    path = tmp_path / "pv.json"
    forecaster = PVForecaster(MIDNIGHT, path)
    now = live_through(forecaster, MIDNIGHT, 2 * HOUR)
    size = path.stat().st_size

    live_through(forecaster, now, 6 * HOUR)

    assert path.stat().st_size < 1.2 * size
