"""What the PV forecast is, how it learns, and how far it says it can be trusted."""

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
from forecaster.pv import PVForecaster, coverage, follow_calmly, freshness, slots_from

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


def live_through(
    forecaster: PVForecaster,
    start: datetime,
    duration: timedelta,
    *,
    measured_kw: Callable[[datetime], float] = sun_kw,
    forecast: Callable[[datetime], tuple[SolarSlot, ...]] = two_days,
) -> datetime:
    """Turn as the service does: a measurement, then an update, every quarter hour."""
    now = start
    while now < start + duration:
        forecaster.observe(now, measured_kw(now))
        forecaster.update(now, forecast(now))
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
    assert slots[0] == pytest.approx(8.0)
    assert forecaster.report().slots_start == MIDNIGHT + 12 * HOUR


def test_unknown_slots_are_zero_to_those_who_add_them_up() -> None:
    forecaster = PVForecaster(MIDNIGHT)

    forecaster.update(MIDNIGHT, quarter_hours(MIDNIGHT, [1.0] * 4))

    assert forecaster.slots_kw == (1.0,) * 4 + (0.0,) * 92


def test_without_any_forecast_there_are_no_slots() -> None:
    forecaster = PVForecaster(MIDNIGHT)
    assert forecaster.slots_kw == ()

    forecaster.update(MIDNIGHT, [])

    assert forecaster.slots_kw == ()
    assert forecaster.confidence == 0.0


# The bias


def bias(forecaster: PVForecaster) -> float:
    return forecaster.report().bias_frac


def test_without_history_nothing_is_corrected() -> None:
    forecaster = PVForecaster(MIDNIGHT)

    forecaster.update(MIDNIGHT, two_days(MIDNIGHT))

    assert bias(forecaster) == 1.0


@pytest.mark.parametrize("truth", [0.7, 1.25])
def test_a_constant_bias_is_learned_over_days_and_applied(truth: float) -> None:
    forecaster = PVForecaster(MIDNIGHT)

    now = live_through(forecaster, MIDNIGHT, 6 * DAY, measured_kw=lambda at: truth * sun_kw(at))
    forecaster.update(now + 12 * HOUR, two_days(now + 12 * HOUR))

    assert bias(forecaster) == pytest.approx(truth, abs=0.06)
    assert forecaster.slots_kw[0] == pytest.approx(8.0 * bias(forecaster))


def test_one_bad_day_moves_a_settled_bias_only_a_little() -> None:
    forecaster = PVForecaster(MIDNIGHT)
    now = live_through(forecaster, MIDNIGHT, 6 * DAY)

    live_through(forecaster, now, DAY, measured_kw=lambda at: 0.3 * sun_kw(at))

    assert 0.8 < bias(forecaster) < 1.0


def test_the_bias_moves_slowly_all_day() -> None:
    forecaster = PVForecaster(MIDNIGHT)
    now = live_through(forecaster, MIDNIGHT, 3 * DAY)
    seen = [bias(forecaster)]
    for _ in range(96):
        now = live_through(forecaster, now, SLOT, measured_kw=lambda at: 3.0 * sun_kw(at))
        seen.append(bias(forecaster))

    assert max(abs(after - before) for before, after in pairwise(seen)) < 0.05


@pytest.mark.parametrize("n_days_before", [0, 3])
@pytest.mark.parametrize("factor", [0.0, 5.0])
def test_a_dawn_that_is_far_off_does_not_move_the_bias_much(
    n_days_before: int, factor: float
) -> None:
    forecaster = PVForecaster(MIDNIGHT)
    now = live_through(forecaster, MIDNIGHT, n_days_before * DAY)
    before = bias(forecaster)

    live_through(
        forecaster,
        now,
        7 * HOUR,
        measured_kw=lambda at: factor * sun_kw(at),
    )

    assert bias(forecaster) == pytest.approx(before, abs=0.1)


@pytest.mark.parametrize(("factor", "bound"), [(0.0, 0.5), (100.0, 1.5)])
def test_the_bias_is_bounded(factor: float, bound: float) -> None:
    forecaster = PVForecaster(MIDNIGHT)

    live_through(forecaster, MIDNIGHT, 8 * DAY, measured_kw=lambda at: factor * sun_kw(at))

    assert bias(forecaster) == bound


def test_the_night_teaches_nothing() -> None:
    forecaster = PVForecaster(MIDNIGHT)
    now = live_through(forecaster, MIDNIGHT, 3 * DAY)
    before = bias(forecaster)

    live_through(forecaster, now, 5 * HOUR, measured_kw=lambda _: 0.5)

    assert bias(forecaster) == before


@pytest.mark.parametrize("measured", [None, -1.0, float("nan"), float("inf")])
def test_a_measurement_that_cannot_be_true_teaches_nothing(measured: float | None) -> None:
    forecaster = PVForecaster(MIDNIGHT)
    noon = MIDNIGHT + 12 * HOUR

    for k in range(40):
        forecaster.observe(noon + k * SLOT, measured)
        forecaster.update(noon + k * SLOT, two_days(noon))

    assert bias(forecaster) == 1.0


def test_a_slot_is_judged_by_the_mean_of_its_samples() -> None:
    noon = MIDNIGHT + 12 * HOUR

    def learned_from(samples_kw: list[float]) -> float:
        forecaster = PVForecaster(MIDNIGHT)
        forecaster.update(noon, two_days(noon))
        for k, power_kw in enumerate(samples_kw):
            forecaster.observe(noon + k * timedelta(seconds=30), power_kw)
        forecaster.observe(noon + SLOT, None)
        return bias(forecaster)

    assert learned_from([4.0, 8.0, 6.0]) == pytest.approx(learned_from([6.0]))
    assert learned_from([6.0]) < 1.0


def test_the_forecast_that_is_judged_is_the_one_that_was_known_first() -> None:
    forecaster = PVForecaster(MIDNIGHT)
    noon = MIDNIGHT + 12 * HOUR
    forecaster.update(MIDNIGHT, two_days(MIDNIGHT))
    forecaster.update(noon - SLOT, two_days(MIDNIGHT, factor=0.5))

    forecaster.observe(noon, 8.0)
    forecaster.observe(noon + SLOT, None)

    assert bias(forecaster) == pytest.approx(1.0)


# How far it can be trusted


def test_coverage_is_the_share_of_slots_with_a_forecast() -> None:
    assert coverage([1.0, None, 0.0, None]) == 0.5
    assert coverage([]) == 0.0


@pytest.mark.parametrize(
    ("hours", "share"), [(0, 1.0), (6, 1.0), (18, 0.5), (30, 0.0), (100, 0.0), (-5, 1.0)]
)
def test_freshness_falls_from_six_hours_to_nothing_at_thirty(hours: float, share: float) -> None:
    assert freshness(timedelta(hours=hours)) == pytest.approx(share)


def test_a_short_forecast_is_trusted_less() -> None:
    short, full = PVForecaster(MIDNIGHT), PVForecaster(MIDNIGHT)

    short.update(MIDNIGHT, quarter_hours(MIDNIGHT, [1.0] * 48))
    full.update(MIDNIGHT, quarter_hours(MIDNIGHT, [1.0] * 96))

    assert short.report().coverage_frac == 0.5
    assert short.confidence == pytest.approx(full.confidence / 2)


def test_a_forecast_that_stops_changing_grows_old() -> None:
    forecaster = PVForecaster(MIDNIGHT)
    stuck = quarter_hours(MIDNIGHT, [1.0] * 400)
    now, seen = MIDNIGHT, []
    while now <= MIDNIGHT + 31 * HOUR:
        forecaster.update(now, stuck)
        seen.append(forecaster.report().freshness_frac)
        now += SLOT

    assert seen[24] == 1.0
    assert seen[72] == pytest.approx(0.5)
    assert seen[-1] == 0.0
    assert forecaster.confidence == 0.0


def test_slots_that_merely_pass_are_no_news() -> None:
    forecaster = PVForecaster(MIDNIGHT)
    stuck = quarter_hours(MIDNIGHT, [1.0] * 400)
    for k in range(73):
        # Some versions of evcc drop what is over, some keep it.
        forecaster.update(MIDNIGHT + k * SLOT, stuck[k if k % 2 else 0 :])

    assert forecaster.report().freshness_frac == pytest.approx(0.5)


def test_a_new_forecast_is_fresh_again() -> None:
    forecaster = PVForecaster(MIDNIGHT)
    forecaster.update(MIDNIGHT, quarter_hours(MIDNIGHT, [1.0] * 300))
    forecaster.update(MIDNIGHT + 20 * HOUR, quarter_hours(MIDNIGHT, [1.1] * 300))

    assert forecaster.report().freshness_frac == 1.0


def test_accuracy_starts_where_a_usual_forecast_is() -> None:
    forecaster = PVForecaster(MIDNIGHT)

    forecaster.update(MIDNIGHT, two_days(MIDNIGHT))

    assert forecaster.report().accuracy_frac == pytest.approx(0.7)
    assert forecaster.confidence == pytest.approx(0.7)


def test_days_that_come_as_forecast_raise_the_accuracy() -> None:
    forecaster = PVForecaster(MIDNIGHT)

    live_through(forecaster, MIDNIGHT, 5 * DAY)

    assert 0.93 < forecaster.report().accuracy_frac <= 1.0
    assert forecaster.confidence > 0.85


def test_days_that_come_differently_lower_it() -> None:
    forecaster = PVForecaster(MIDNIGHT)

    live_through(
        forecaster,
        MIDNIGHT,
        6 * DAY,
        measured_kw=lambda at: sun_kw(at) * (1.8 if at.day % 2 else 0.2),
    )

    assert forecaster.report().accuracy_frac < 0.5
    assert forecaster.confidence < 0.6


# A forecast that goes and comes back


def test_no_forecast_is_no_confidence_at_once() -> None:
    forecaster = PVForecaster(MIDNIGHT)
    now = live_through(forecaster, MIDNIGHT, 2 * DAY)
    assert forecaster.confidence > 0.6

    forecaster.update(now, [])

    assert forecaster.confidence == 0.0
    assert forecaster.slots_kw == ()


def test_it_comes_back_smoothly() -> None:
    forecaster = PVForecaster(MIDNIGHT)
    now = live_through(forecaster, MIDNIGHT, 3 * DAY)
    before = forecaster.confidence
    forecaster.update(now, [])
    seen = [forecaster.confidence]
    for k in range(1, 80):
        forecaster.update(now + k * SLOT, two_days(now + k * SLOT))
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


def test_everything_learned_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "pv.json"
    before = PVForecaster(MIDNIGHT, path)
    now = live_through(before, MIDNIGHT, 3 * DAY, measured_kw=lambda at: 0.8 * sun_kw(at))

    after = PVForecaster(now, path)
    assert after.state_file is not None
    assert after.state_file.load_problem is None
    assert after.confidence == before.confidence
    for forecaster in (before, after):
        live_through(forecaster, now, 6 * HOUR)

    assert after.report() == before.report()


def test_a_stuck_forecast_is_as_old_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "pv.json"
    stuck = quarter_hours(MIDNIGHT, [1.0] * 400)
    PVForecaster(MIDNIGHT, path).update(MIDNIGHT, stuck)

    after = PVForecaster(MIDNIGHT, path)
    after.update(MIDNIGHT + 18 * HOUR, stuck)

    assert after.report().freshness_frac == pytest.approx(0.5)


GOOD: dict[str, object] = {
    "version": 1,
    "learned": {},
    "first_known_kw": {},
    "changed_at": None,
    "smoothed_frac": None,
    "confidence_frac": None,
    "updated_at": None,
}


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"learned": []},
        {"learned": {"peak_kw": "8"}},
        {"learned": {"peak_kw": -1.0}},
        {"learned": {"unheard_of": 1.0}},
        {"first_known_kw": {"today": 1.0}},
        {"first_known_kw": {"2026-03-02T00:00:00+00:00": None}},
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
    now = live_through(forecaster, MIDNIGHT, DAY)
    size = path.stat().st_size

    live_through(forecaster, now, DAY)

    assert path.stat().st_size < 1.2 * size
