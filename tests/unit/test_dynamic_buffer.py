"""The dynamic buffer's decision, its cycle and the events it leaves."""

import dataclasses
import json
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import dynamic_buffer
from domain.control import AppliedSetting, EvccSetting
from dynamic_buffer import BufferEvent, DynamicBufferCalc, compute_target
from errors import EvccAutomaticModeError, EvccRejectedError, EvccUnavailableError
from tests.support.buffer_fakes import T0, Bench, Options, events, last_event

SLOT = timedelta(minutes=15)
BERLIN = ZoneInfo("Europe/Berlin")
EVENT_KEYS = [
    "ts",
    "mode",
    "pv_confidence",
    "price_spread_ct",
    "hour_of_day",
    "expected_pv_kw",
    "old_buffer_pct",
    "new_buffer_pct",
    "reason",
    "applied",
]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


# The names


def test_constants_are_the_specified_ones() -> None:
    assert dynamic_buffer.HARD_FLOOR_PCT == 10
    assert dynamic_buffer.PRACTICAL_MIN_PCT == 20
    assert dynamic_buffer.CONFIDENCE_REDUCTION_THRESHOLD == 0.65
    assert dynamic_buffer.OBSERVATION_PERIOD_SECONDS == 14 * 86400
    assert dynamic_buffer.MAX_LOG_ENTRIES == 700
    assert dynamic_buffer.BUFFER_MODEL_PATH == "/data/smartload_buffer_model.json"
    assert dynamic_buffer.BUFFER_MODEL_VERSION == 1


def test_the_calculator_starts_at_the_owners_reserve_with_its_client_and_lock(bench: Bench) -> None:
    bench.options.battery_min_soc = 45

    calc = bench.start()

    assert calc._current_buffer_pct == 45
    assert calc._evcc is bench.evcc
    assert isinstance(calc._lock, type(threading.Lock()))


def test_path_and_clock_may_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.json"
    monkeypatch.setattr(dynamic_buffer, "BUFFER_MODEL_PATH", str(path))
    before = datetime.now(UTC)  # noqa: TID251  # the default is the computer's clock

    result = DynamicBufferCalc(Options(), Bench(tmp_path).evcc).step(0.5, 0.0, [])

    ts = datetime.fromisoformat(str(last_event(result)["ts"]))
    assert before <= ts <= datetime.now(UTC)  # noqa: TID251
    assert ts.utcoffset() == timedelta(0)
    assert path.exists()


# Events


def test_an_event_is_a_slots_dataclass_with_the_ten_fields() -> None:
    assert [f.name for f in dataclasses.fields(BufferEvent)] == EVENT_KEYS
    assert "__slots__" in vars(BufferEvent)


def test_an_event_is_written_in_the_units_people_read() -> None:
    event = BufferEvent(
        ts=T0,
        mode="live",
        pv_confidence=0.82,
        price_spread_ct=14.0,
        hour_of_day=12,
        expected_pv_kw=8.5,
        old_buffer_pct=30,
        new_buffer_pct=25,
        reason="Konfidenz 82%",
        applied=True,
    )

    written = event.to_dict()

    assert list(written) == EVENT_KEYS
    assert written["ts"] == "2026-03-02T12:00:00+00:00"
    assert written["pv_confidence"] == pytest.approx(82.0)
    assert written["price_spread_ct"] == pytest.approx(14.0)
    assert json.loads(json.dumps(written, allow_nan=False)) == written


def test_an_event_carries_everything_the_decision_was_made_from(bench: Bench) -> None:
    result = bench.start().step(0.9, 0.14, [0.5] * 96, T0)

    assert last_event(result) == {
        "ts": "2026-03-02T12:00:00+00:00",
        "mode": "observation",
        "pv_confidence": 90.0,
        "price_spread_ct": 14.0,
        "hour_of_day": 12,
        "expected_pv_kw": 8.0,
        "old_buffer_pct": 30,
        "new_buffer_pct": 20,
        "reason": "Konfidenz 90% · Spread 14ct · Puffer 20% · [Simulation]",
        "applied": False,
    }


# The target


@pytest.mark.parametrize(
    ("base", "confidence", "target"),
    [
        *[(30, 0.65, 30), (30, 0.75, 30), (30, 0.80, 25)],
        *[(30, 0.90, 25), (30, 0.95, 20), (30, 1.0, 20)],
        *[(40, 0.80, 30), (40, 0.90, 25), (40, 1.0, 20)],
        *[(50, 0.85, 35), (50, 1.0, 20)],
    ],
)
def test_worked_values(bench: Bench, base: int, confidence: float, target: int) -> None:
    bench.options.battery_min_soc = base

    assert bench.start()._compute_target(confidence, 0.0, [], T0) == target


@pytest.mark.parametrize("confidence", [0.0, 0.3, 0.65])
def test_up_to_the_threshold_nothing_is_reduced_whatever_speaks_for_it(confidence: float) -> None:
    target = compute_target(base_pct=90, confidence=confidence, spread_eur_per_kwh=0.5, hour=7)

    assert target == 90


def test_a_large_spread_reduces_a_tenth_more() -> None:
    def target(spread: float) -> int:
        return compute_target(base_pct=70, confidence=0.825, spread_eur_per_kwh=spread, hour=12)

    assert target(0.0) == 45
    assert target(0.10) == 45
    assert target(0.1001) == 40
    assert target(9.0) == 40


@pytest.mark.parametrize("hour", range(24))
def test_the_morning_reduces_a_tenth_more_from_five_to_ten_included(hour: int) -> None:
    target = compute_target(base_pct=70, confidence=0.825, spread_eur_per_kwh=0.0, hour=hour)

    assert target == (40 if 5 <= hour <= 10 else 45)


def test_the_bonuses_never_reduce_more_than_there_is_room() -> None:
    assert compute_target(base_pct=90, confidence=1.0, spread_eur_per_kwh=0.5, hour=7) == 20


@pytest.mark.parametrize("spread", [0.0, 0.2])
@pytest.mark.parametrize("hour", [3, 7])
def test_targets_stay_in_bounds_and_never_rise_with_confidence(spread: float, hour: int) -> None:
    for base in range(20, 91):
        targets = [
            compute_target(base_pct=base, confidence=k / 200, spread_eur_per_kwh=spread, hour=hour)
            for k in range(120, 201)
        ]

        assert all(20 <= target <= base for target in targets)
        assert all(target == base or target % 5 == 0 for target in targets)
        assert targets == sorted(targets, reverse=True)


def test_rounding_never_lifts_the_target_over_the_owners_reserve() -> None:
    just_reduced = 0.65 + 0.35 * 0.01

    assert compute_target(base_pct=33, confidence=just_reduced, spread_eur_per_kwh=0, hour=0) == 33
    assert compute_target(base_pct=23, confidence=1.0, spread_eur_per_kwh=0, hour=0) == 20


@pytest.mark.parametrize(
    ("base", "target"), [(20, 20), (19, 19), (12, 12), (10, 10), (5, 10), (0, 10), (-3, 10)]
)
def test_a_reserve_without_room_is_kept_but_never_under_the_hard_floor(
    base: int, target: int
) -> None:
    assert compute_target(base_pct=base, confidence=1.0, spread_eur_per_kwh=1, hour=7) == target


def test_the_forecast_power_does_not_change_the_target(bench: Bench) -> None:
    calc = bench.start()

    assert calc._compute_target(0.9, 0.0, [], T0) == calc._compute_target(0.9, 0.0, [9.0] * 96, T0)


# The cycle


def test_observing_writes_nothing_and_says_so(bench: Bench) -> None:
    calc = bench.start()

    result = calc.step(1.0, 0.0, [], T0)

    assert bench.evcc.told == []
    assert result["mode"] == "observation"
    assert result["current_buffer_pct"] == 30
    assert last_event(result)["applied"] is False
    assert last_event(result)["new_buffer_pct"] == 20
    assert str(last_event(result)["reason"]).endswith(" · [Simulation]")


def test_live_writes_a_changed_target_and_keeps_it_as_the_current_value(bench: Bench) -> None:
    calc = bench.start_live()

    result = calc.step(1.0, 0.0, [], T0)

    assert bench.evcc.told == [20]
    assert result["current_buffer_pct"] == calc._current_buffer_pct == 20
    assert last_event(result)["old_buffer_pct"] == 30
    assert last_event(result)["new_buffer_pct"] == 20
    assert last_event(result)["applied"] is True
    assert last_event(result)["reason"] == "Konfidenz 100% · Spread 0ct · Puffer 20%"


def test_live_writes_only_when_the_target_differs_from_the_current_value(bench: Bench) -> None:
    calc = bench.start_live()

    calc.step(0.3, 0.0, [], T0)
    for k in range(5):
        calc.step(1.0, 0.0, [], T0 + k * SLOT)

    assert bench.evcc.told == [20]


@pytest.mark.parametrize(("live", "applied"), [(True, True), (False, False)])
def test_each_step_appends_exactly_one_event_even_when_nothing_changed(
    bench: Bench, *, live: bool, applied: bool
) -> None:
    calc = bench.start_live() if live else bench.start()

    for k in range(4):
        result = calc.step(0.3, 0.0, [], T0 + k * SLOT)

        assert len(calc.log()) == k + 1
        assert last_event(result)["applied"] is applied
        assert last_event(result)["ts"] == (T0 + k * SLOT).isoformat()


def test_the_result_has_exactly_the_specified_keys(bench: Bench) -> None:
    result = bench.start().step(0.5, 0.0, [], T0)

    assert set(result) == {
        "current_buffer_pct",
        "mode",
        "days_remaining",
        "log_recent",
        "observation_live_at",
    }
    assert result["days_remaining"] == 14
    assert result["observation_live_at"] == (T0 + timedelta(days=14)).isoformat()


def test_live_knows_neither_days_nor_an_end(bench: Bench) -> None:
    result = bench.start_live().step(0.5, 0.0, [], T0)

    assert result["days_remaining"] is None
    assert result["observation_live_at"] is None


def test_the_result_shows_the_last_hundred_events_oldest_first(bench: Bench) -> None:
    calc = bench.start()
    for k in range(130):
        result = calc.step(0.5, 0.0, [], T0 + k * SLOT)

    shown = [event["ts"] for event in events(result)]

    assert shown == [(T0 + k * SLOT).isoformat() for k in range(30, 130)]


def test_the_log_keeps_seven_hundred_events_and_drops_the_oldest(bench: Bench) -> None:
    calc = bench.start()
    for k in range(720):
        calc.step(0.5, 0.0, [], T0 + k * SLOT)

    log = calc.log()

    assert len(log) == 700
    assert log[0]["ts"] == (T0 + 20 * SLOT).isoformat()
    assert log[-1]["ts"] == (T0 + 719 * SLOT).isoformat()


def test_asking_for_the_result_computes_logs_and_writes_nothing(bench: Bench) -> None:
    calc = bench.start_live()
    stepped = calc.step(0.5, 0.0, [], T0)
    written = bench.path.read_bytes()

    asked = calc.result(T0)

    assert asked == stepped
    assert len(calc.log()) == 1
    assert bench.evcc.told == []
    assert bench.path.read_bytes() == written


# A write that fails


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (RuntimeError("Stecker gezogen"), "Stecker gezogen"),
        (RuntimeError(), "RuntimeError"),
        (EvccUnavailableError("timeout"), "evcc antwortet nicht"),
        (EvccRejectedError("zu klein", status=400), "zu klein"),
        (EvccAutomaticModeError("no", status=409), "die Automatik von evcc steuert selbst"),
        (False, "evcc hat abgelehnt"),
    ],
)
def test_a_failed_write_is_not_applied_and_says_why(
    bench: Bench,
    answer: bool | Exception,  # noqa: FBT001  # parametrised
    why: str,
) -> None:
    calc = bench.start_live()
    bench.evcc.answer = answer

    result = calc.step(1.0, 0.0, [], T0)

    event = last_event(result)
    assert result["current_buffer_pct"] == 30
    assert event["applied"] is False
    assert event["old_buffer_pct"] == event["new_buffer_pct"] == 30
    reason = str(event["reason"])
    assert reason.startswith("Konfidenz 100% · Spread 0ct · Puffer 20% · nicht übernommen: ")
    assert why in reason
    assert calc.not_applied == reason


def test_a_failed_write_is_tried_again_in_the_next_cycle(bench: Bench) -> None:
    calc = bench.start_live()
    bench.evcc.answer = False
    calc.step(1.0, 0.0, [], T0)
    bench.evcc.answer = True

    result = calc.step(1.0, 0.0, [], T0 + SLOT)

    assert bench.evcc.told == [20, 20]
    assert result["current_buffer_pct"] == 20
    assert last_event(result)["applied"] is True
    assert calc.not_applied is None


def test_none_and_true_count_as_success(bench: Bench) -> None:
    calc = bench.start_live()

    bench.evcc.answer = None
    assert calc.step(1.0, 0.0, [], T0)["current_buffer_pct"] == 20
    bench.evcc.answer = True
    assert calc.step(0.0, 0.0, [], T0)["current_buffer_pct"] == 30


def test_an_interrupt_is_not_swallowed(bench: Bench) -> None:
    calc = bench.start_live()
    bench.evcc.answer = KeyboardInterrupt()

    with pytest.raises(KeyboardInterrupt):
        calc.step(1.0, 0.0, [], T0)


# The owner's other settings in evcc


def limited_answer(accepted_pct: float, by: EvccSetting = EvccSetting.PRIORITY_SOC) -> object:
    return AppliedSetting(
        setting=EvccSetting.BUFFER_SOC,
        wanted_pct=20.0,
        accepted_pct=accepted_pct,
        limited_by=by,
        limit_pct=accepted_pct,
    )


def test_a_limited_write_is_applied_with_the_value_evcc_took_and_names_the_limit(
    bench: Bench,
) -> None:
    bench.options.battery_min_soc = 60
    calc = bench.start_live()
    bench.evcc.answer = limited_answer(40.0)  # type: ignore[assignment]  # an AppliedSetting

    result = calc.step(1.0, 0.0, [], T0)

    event = last_event(result)
    assert result["current_buffer_pct"] == 40
    assert (event["old_buffer_pct"], event["new_buffer_pct"], event["applied"]) == (60, 40, True)
    assert event["reason"] == (
        "Konfidenz 100% · Spread 0ct · Puffer 20% · begrenzt durch prioritySoc 40%"
    )


def test_the_upper_limit_is_named_as_well(bench: Bench) -> None:
    bench.options.battery_min_soc = 60
    calc = bench.start_live()
    bench.evcc.answer = limited_answer(25.0, EvccSetting.BUFFER_START_SOC)  # type: ignore[assignment]  # an AppliedSetting

    result = calc.step(1.0, 0.0, [], T0)

    assert str(last_event(result)["reason"]).endswith(" · begrenzt durch bufferStartSoc 25%")


def test_an_accepted_value_without_a_limit_needs_no_note(bench: Bench) -> None:
    calc = bench.start_live()
    bench.evcc.answer = AppliedSetting(
        setting=EvccSetting.BUFFER_SOC, wanted_pct=20.0, accepted_pct=20.0
    )

    result = calc.step(1.0, 0.0, [], T0)

    assert result["current_buffer_pct"] == 20
    assert last_event(result)["reason"] == "Konfidenz 100% · Spread 0ct · Puffer 20%"


# A value that somebody else put into evcc


def test_a_value_reported_from_evcc_becomes_the_current_one_and_is_told_once(bench: Bench) -> None:
    calc = bench.start_live()
    calc.step(0.0, 0.0, [], T0)
    calc.report_evcc_value(55.0)

    first = calc.step(0.0, 0.0, [], T0 + SLOT)
    second = calc.step(0.0, 0.0, [], T0 + 2 * SLOT)

    assert bench.evcc.told == [30]
    assert last_event(first)["old_buffer_pct"] == 55
    assert str(last_event(first)["reason"]).endswith(" · in evcc geändert: 30% → 55%")
    assert "geändert" not in str(last_event(second)["reason"])


def test_what_evcc_holds_before_the_first_decision_was_changed_by_nobody(bench: Bench) -> None:
    calc = bench.start()
    calc.report_evcc_value(55.0)

    result = calc.step(0.0, 0.0, [], T0)

    assert str(last_event(result)["reason"]).endswith(" · in evcc steht: 55%")


def test_a_reported_value_that_is_the_target_is_not_written_again(bench: Bench) -> None:
    calc = bench.start_live()
    calc.report_evcc_value(20.0)

    result = calc.step(1.0, 0.0, [], T0)

    assert bench.evcc.told == []
    assert result["current_buffer_pct"] == 20


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 30.0])
def test_a_reported_value_that_is_none_or_known_changes_nothing(bench: Bench, value: float) -> None:
    calc = bench.start()
    calc.report_evcc_value(value)

    result = calc.step(0.0, 0.0, [], T0)

    assert result["current_buffer_pct"] == 30
    assert "geändert" not in str(last_event(result)["reason"])


# Hours and zones


def test_without_a_zone_the_hour_of_now_as_given_counts(bench: Bench) -> None:
    plus_five = timezone(timedelta(hours=5))

    result = bench.start().step(0.5, 0.0, [], datetime(2026, 3, 2, 7, tzinfo=plus_five))

    assert last_event(result)["hour_of_day"] == 7


def test_a_naive_now_is_taken_as_utc(bench: Bench) -> None:
    bench.options.time_zone = "Europe/Berlin"

    naive = datetime(2026, 7, 1, 12)  # noqa: DTZ001  # the case
    result = bench.start().step(0.5, 0.0, [], naive)

    assert last_event(result)["ts"] == "2026-07-01T12:00:00+00:00"
    assert last_event(result)["hour_of_day"] == 14


@pytest.mark.parametrize(
    ("utc", "hour", "target"),
    [
        # Spring: the night of 29 March has no 02:00 to 03:00.
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), 1, 45),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), 3, 45),
        (datetime(2026, 3, 29, 3, 0, tzinfo=UTC), 5, 40),
        (datetime(2026, 3, 29, 8, 59, tzinfo=UTC), 10, 40),
        (datetime(2026, 3, 29, 9, 0, tzinfo=UTC), 11, 45),
        (datetime(2026, 3, 28, 3, 59, tzinfo=UTC), 4, 45),
        # Autumn: the night of 25 October has 02:00 to 03:00 twice.
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 2, 45),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), 2, 45),
        (datetime(2026, 10, 25, 3, 59, tzinfo=UTC), 4, 45),
        (datetime(2026, 10, 25, 4, 0, tzinfo=UTC), 5, 40),
        (datetime(2026, 10, 25, 9, 59, tzinfo=UTC), 10, 40),
        (datetime(2026, 10, 25, 10, 0, tzinfo=UTC), 11, 45),
    ],
)
def test_the_morning_is_the_homes_morning_also_when_clocks_change(
    bench: Bench, utc: datetime, hour: int, target: int
) -> None:
    bench.options = Options(battery_min_soc=70, time_zone="Europe/Berlin")

    result = bench.start().step(0.825, 0.0, [], utc)

    assert last_event(result)["hour_of_day"] == hour
    assert last_event(result)["new_buffer_pct"] == target


def test_the_zone_evcc_tells_is_used_unless_the_configuration_names_one(bench: Bench) -> None:
    told = bench.start()
    told.use_time_zone(BERLIN)
    bench.options.time_zone = "Asia/Tokyo"
    named = bench.start()
    named.use_time_zone(BERLIN)

    assert last_event(told.step(0.5, 0.0, [], T0))["hour_of_day"] == 13
    assert last_event(named.step(0.5, 0.0, [], T0))["hour_of_day"] == 21


def test_an_unknown_zone_leaves_the_hour_as_given(bench: Bench) -> None:
    bench.options.time_zone = "Mars/Olympus_Mons"

    assert last_event(bench.start().step(0.5, 0.0, [], T0))["hour_of_day"] == 12


# The words and figures shown


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("live", "Konfidenz 82% · Spread 14ct · Puffer 25%"),
        ("observation", "Konfidenz 82% · Spread 14ct · Puffer 25% · [Simulation]"),
    ],
)
def test_the_reason_is_german_and_exact(bench: Bench, mode: str, reason: str) -> None:
    assert bench.start()._build_reason(0.82, 0.14, 25, mode) == reason


def test_the_next_four_hours_are_the_first_sixteen_values(bench: Bench) -> None:
    calc = bench.start()

    assert calc._sum_next_4h_pv([1.0] * 16 + [100.0] * 80) == pytest.approx(16.0)
    assert calc._sum_next_4h_pv([2.0, 3.0]) == pytest.approx(5.0)
    assert calc._sum_next_4h_pv([]) == 0.0


# What does not make sense


@pytest.mark.parametrize("confidence", [float("nan"), float("inf"), -float("inf"), None, "0.9", []])
def test_a_confidence_that_is_no_finite_number_counts_as_zero(
    bench: Bench, confidence: float
) -> None:
    event = last_event(bench.start().step(confidence, 0.0, [], T0))

    assert event["pv_confidence"] == 0.0
    assert event["new_buffer_pct"] == 30


@pytest.mark.parametrize(("confidence", "shown"), [(1.7, 100.0), (-0.2, 0.0)])
def test_a_confidence_outside_its_range_is_clamped(
    bench: Bench, confidence: float, shown: float
) -> None:
    assert last_event(bench.start().step(confidence, 0.0, [], T0))["pv_confidence"] == shown


@pytest.mark.parametrize("spread", [float("nan"), float("inf"), None])
def test_a_spread_that_is_not_finite_counts_as_zero(bench: Bench, spread: float) -> None:
    event = last_event(bench.start().step(0.9, spread, [], T0))

    assert event["price_spread_ct"] == 0.0
    assert event["new_buffer_pct"] == 25
    assert "Spread 0ct" in str(event["reason"])


def test_forecast_powers_that_are_not_finite_count_as_zero(bench: Bench) -> None:
    powers = [1.0, float("nan"), float("inf"), -float("inf"), 2.0]

    assert last_event(bench.start().step(0.5, 0.0, powers, T0))["expected_pv_kw"] == 3.0


def test_no_forecast_at_all_is_no_power(bench: Bench) -> None:
    nothing: list[float] = None  # type: ignore[assignment]  # a caller's slip

    assert last_event(bench.start().step(0.5, 0.0, nothing, T0))["expected_pv_kw"] == 0.0
