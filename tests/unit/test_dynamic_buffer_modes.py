"""When the buffer is only observed, when it is applied, and how the owner decides that."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from errors import ClockNotSetError, ExtensionTooShortError
from tests.support.buffer_fakes import DAY, T0, Bench

PERIOD = timedelta(days=14)
SECOND = timedelta(seconds=1)
WRONG_CLOCK = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def mode_and_days(bench: Bench, now: datetime) -> tuple[object, object]:
    result = bench.start().step(0.5, 0.0, [], now)
    return result["mode"], result["days_remaining"]


# Auto


def test_the_first_call_starts_the_observation(bench: Bench) -> None:
    calc = bench.start()

    assert calc._live_override is None
    assert calc._determine_mode(T0) == "observation"
    assert calc._deployment_ts == T0
    assert calc._live_activation_ts() == T0 + PERIOD

    calc._determine_mode(T0 + DAY)
    assert calc._deployment_ts == T0


@pytest.mark.parametrize(
    ("elapsed", "mode"),
    [
        (timedelta(0), "observation"),
        (PERIOD - timedelta(microseconds=1), "observation"),
        (PERIOD, "live"),
        (PERIOD + SECOND, "live"),
    ],
)
def test_the_observation_ends_at_exactly_fourteen_days(
    bench: Bench, elapsed: timedelta, mode: str
) -> None:
    calc = bench.start()
    calc._determine_mode(T0)

    assert calc._determine_mode(T0 + elapsed) == mode


def test_the_observation_goes_on_over_a_restart(bench: Bench) -> None:
    bench.start().step(0.5, 0.0, [], T0)

    assert mode_and_days(bench, T0 + 5 * DAY) == ("observation", 9)
    assert mode_and_days(bench, T0 + PERIOD) == ("live", None)


def test_the_first_live_cycle_writes(bench: Bench) -> None:
    calc = bench.start()
    calc.step(1.0, 0.0, [], T0)
    calc.step(1.0, 0.0, [], T0 + PERIOD - SECOND)
    assert bench.evcc.told == []

    calc.step(1.0, 0.0, [], T0 + PERIOD)

    assert bench.evcc.told == [20]


@pytest.mark.parametrize(
    ("elapsed", "days"),
    [
        (timedelta(0), 14),
        (SECOND, 14),
        (DAY - SECOND, 14),
        (DAY, 13),
        (13 * DAY - SECOND, 2),
        (13 * DAY, 1),
        (PERIOD - SECOND, 1),
    ],
)
def test_days_remaining_are_whole_days_rounded_up(
    bench: Bench, elapsed: timedelta, days: int
) -> None:
    calc = bench.start()
    calc.step(0.5, 0.0, [], T0)

    remaining = calc.step(0.5, 0.0, [], T0 + elapsed)["days_remaining"]

    assert remaining == days
    assert isinstance(remaining, int)


# Going live by hand


def test_activating_goes_live_with_the_next_cycle(bench: Bench) -> None:
    calc = bench.start()
    calc.step(1.0, 0.0, [], T0)

    calc.activate_live()

    assert calc._live_override is True
    assert calc.result(T0)["mode"] == "live"
    assert bench.evcc.told == []
    calc.step(1.0, 0.0, [], T0)
    assert bench.evcc.told == [20]


def test_activation_survives_a_restart(bench: Bench) -> None:
    bench.start().activate_live()

    assert mode_and_days(bench, T0) == ("live", None)


def test_activation_needs_no_right_clock(bench: Bench) -> None:
    bench.start().activate_live()

    assert mode_and_days(bench, WRONG_CLOCK) == ("live", None)


# Observing longer


def test_extending_observes_from_now_and_then_goes_live(bench: Bench) -> None:
    calc = bench.start()
    calc.step(0.5, 0.0, [], T0)
    bench.clock.at = T0 + 13 * DAY

    calc.extend_observation()

    until = T0 + 27 * DAY
    assert calc._live_override is False
    assert calc._observation_extended_until == calc._live_activation_ts() == until
    assert calc.result()["observation_live_at"] == until.isoformat()
    assert calc._determine_mode(until - SECOND) == "observation"
    assert calc._determine_mode(until) == "live"


def test_an_extension_may_have_another_length(bench: Bench) -> None:
    calc = bench.start()

    calc.extend_observation(90)

    assert calc.result()["days_remaining"] == 90
    assert calc._days_remaining(T0 + DAY / 2) == 90


def test_an_extension_survives_a_restart(bench: Bench) -> None:
    bench.start().extend_observation(30)

    assert mode_and_days(bench, T0 + 20 * DAY) == ("observation", 10)
    assert mode_and_days(bench, T0 + 30 * DAY) == ("live", None)


def test_extending_takes_back_an_activation(bench: Bench) -> None:
    calc = bench.start_live()
    calc.step(1.0, 0.0, [], T0)

    calc.extend_observation(3)
    result = calc.step(0.0, 0.0, [], T0)

    assert result["mode"] == "observation"
    assert bench.evcc.told == [20]


def test_activating_ends_an_extension(bench: Bench) -> None:
    calc = bench.start()
    calc.extend_observation(30)

    calc.activate_live()

    assert calc.result()["mode"] == "live"
    assert calc.result()["observation_live_at"] is None


def test_an_extension_needs_a_right_clock(bench: Bench) -> None:
    calc = bench.start()
    bench.clock.at = WRONG_CLOCK

    with pytest.raises(ClockNotSetError):
        calc.extend_observation()

    assert calc._live_override is None


def test_refused_without_a_deadline_counts_as_auto(bench: Bench) -> None:
    calc = bench.start()
    calc._live_override = False
    calc._observation_extended_until = None

    assert calc._determine_mode(T0) == "observation"
    assert calc._deployment_ts == T0
    assert calc._determine_mode(T0 + PERIOD) == "live"


def test_an_extension_shorter_than_what_runs_is_refused_with_its_end(bench: Bench) -> None:
    calc = bench.start()
    calc.step(0.5, 0.0, [], T0)

    with pytest.raises(ExtensionTooShortError) as refused:
        calc.check_extension(13)

    assert refused.value.ends_at == T0 + PERIOD
    assert refused.value.extra_days == 13
    assert (T0 + PERIOD).isoformat() in str(refused.value)


def test_an_extension_as_long_as_what_runs_is_allowed(bench: Bench) -> None:
    calc = bench.start()
    calc.step(0.5, 0.0, [], T0)

    calc.check_extension(14)
    bench.clock.at = T0 + 13 * DAY
    calc.check_extension(1)


def test_once_live_any_extension_is_allowed(bench: Bench) -> None:
    calc = bench.start_live()

    calc.check_extension(1)


def test_an_extension_is_measured_against_a_running_extension(bench: Bench) -> None:
    calc = bench.start()
    calc.extend_observation(30)

    with pytest.raises(ExtensionTooShortError):
        calc.check_extension(29)
    calc.check_extension(31)


# Wrong clocks


def test_a_clock_before_2025_starts_nothing_and_never_goes_live(bench: Bench) -> None:
    calc = bench.start()

    assert calc._determine_mode(WRONG_CLOCK) == "observation"
    assert calc._determine_mode(datetime(2024, 12, 31, 23, 59, tzinfo=UTC)) == "observation"
    assert calc._deployment_ts is None
    result = calc.step(1.0, 0.0, [], WRONG_CLOCK)
    assert result["days_remaining"] == 14
    assert result["observation_live_at"] is None


def test_the_first_plausible_instant_is_2025(bench: Bench) -> None:
    calc = bench.start()
    start = datetime(2025, 1, 1, tzinfo=UTC)

    calc._determine_mode(start)

    assert calc._deployment_ts == start


def test_the_jump_to_the_right_time_begins_the_observation_there(bench: Bench) -> None:
    calc = bench.start()
    calc.step(0.5, 0.0, [], WRONG_CLOCK)

    result = calc.step(0.5, 0.0, [], T0)

    assert calc._deployment_ts == T0
    assert result["mode"] == "observation"
    assert result["days_remaining"] == 14


def test_a_clock_that_falls_back_before_2025_neither_goes_live_nor_starts_over(
    bench: Bench,
) -> None:
    bench.start().step(0.5, 0.0, [], T0)
    calc = bench.start()

    assert calc._determine_mode(WRONG_CLOCK) == "observation"
    assert calc._deployment_ts == T0


def test_a_deployment_in_the_future_is_set_to_now(bench: Bench) -> None:
    bench.start().step(0.5, 0.0, [], T0 + 365 * DAY)
    calc = bench.start()

    result = calc.step(0.5, 0.0, [], T0)

    assert calc._deployment_ts == T0
    assert result["days_remaining"] == 14


def test_a_running_extension_is_not_cut_by_a_wrong_clock(bench: Bench) -> None:
    calc = bench.start()
    calc.extend_observation(30)

    assert calc._determine_mode(WRONG_CLOCK) == "observation"
    assert calc._observation_extended_until == T0 + 30 * DAY
