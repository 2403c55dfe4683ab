"""Clocks tell aware UTC, wait no longer than asked, and slots follow each other."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from clock import SimulatedClock, SystemClock, next_slot_start

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PATIENCE_S = 60.0


class RealTime:
    """Stands in for the computer's monotonic clock."""

    def __init__(self) -> None:
        self.s = 1000.0

    def monotonic(self) -> float:
        return self.s


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> RealTime:
    time = RealTime()
    monkeypatch.setattr("clock.time", SimpleNamespace(monotonic=time.monotonic))
    return time


class WakeAfter(threading.Event):
    """An event on which a wait passes real time at once, up to a moment when it is set."""

    def __init__(self, real: RealTime, *, set_at_s: float = float("inf")) -> None:
        super().__init__()
        self.real = real
        self.set_at_s = set_at_s
        self.naps_s: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.naps_s.append(timeout)
        if self.real.s + timeout >= self.set_at_s:
            self.set()
            return True
        self.real.s += timeout
        return False


def result_of(work: Callable[[], bool]) -> bool:
    """Run ``work`` in a thread; fail instead of hanging when it does not return."""
    results: list[bool] = []
    thread = threading.Thread(target=lambda: results.append(work()), daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    assert results, "still waiting"
    return results[0]


# Slots


@pytest.mark.parametrize(
    ("now", "following"),
    [
        ("12:00:00", "12:15:00"),
        ("12:00:00.000001", "12:15:00"),
        ("12:14:59.999999", "12:15:00"),
        ("12:15:00", "12:30:00"),
        ("12:52:30", "13:00:00"),
    ],
)
def test_the_next_slot_starts_strictly_later(now: str, following: str) -> None:
    day = "2026-03-02T{}+00:00"

    assert next_slot_start(datetime.fromisoformat(day.format(now))) == datetime.fromisoformat(
        day.format(following)
    )


def test_the_last_slot_of_a_day_is_followed_by_the_first_of_the_next() -> None:
    late = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)

    assert next_slot_start(late) == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "n_slots"), [((2026, 3, 29), 92), ((2026, 7, 1), 96), ((2026, 10, 25), 100)]
)
def test_a_local_day_has_its_slots(day: tuple[int, int, int], n_slots: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime(*day, tzinfo=berlin).astimezone(UTC)
    count = 0
    while now.astimezone(berlin).timetuple()[:3] == day:
        now = next_slot_start(now)
        count += 1

    assert count == n_slots


# The computer's clock


def test_the_system_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_waiting_for_the_past_returns_at_once() -> None:
    clock, wake = SystemClock(), threading.Event()

    assert result_of(lambda: clock.wait_until(clock.now() - HOUR, wake)) is False
    wake.set()
    assert result_of(lambda: clock.wait_until(clock.now() - HOUR, wake)) is True


def test_an_event_ends_the_wait_at_once() -> None:
    clock, wake, waiting = SystemClock(), threading.Event(), threading.Event()

    class Noticed(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waiting.set()
            return wake.wait(timeout)

    def set_while_waiting() -> None:
        assert waiting.wait(PATIENCE_S)
        wake.set()

    setter = threading.Thread(target=set_while_waiting, daemon=True)
    setter.start()

    assert result_of(lambda: clock.wait_until(clock.now() + HOUR, Noticed())) is True
    setter.join(PATIENCE_S)


def test_an_event_that_is_set_already_needs_no_wait() -> None:
    clock, wake = SystemClock(), threading.Event()
    wake.set()

    assert result_of(lambda: clock.wait_until(clock.now() + HOUR, wake)) is True


def test_a_wall_clock_that_jumps_during_a_wait_is_noticed(real: RealTime) -> None:
    class Jumping(SystemClock):
        def now(self) -> datetime:
            return START if real.s < 1020.0 else START + 24 * HOUR

    wake = WakeAfter(real)

    assert Jumping().wait_until(START + HOUR, wake) is False
    assert max(wake.naps_s) <= 30.0
    assert len(wake.naps_s) == 1


def test_a_wall_clock_that_is_set_back_does_not_make_the_wait_longer(real: RealTime) -> None:
    class SetBack(SystemClock):
        def now(self) -> datetime:
            passed = timedelta(seconds=real.s - 1000.0)
            return START + passed - (HOUR if real.s >= 1010.0 else timedelta(0))

    wake = WakeAfter(real)

    assert SetBack().wait_until(START + timedelta(seconds=40), wake) is False
    assert real.s == 1040.0


# The simulated clock


def fast_clock(*, speed: float = 360.0, days: float = 1.0) -> SimulatedClock:
    return SimulatedClock(START, speed=speed, fast_forward_until=START + days * timedelta(days=1))


def test_before_the_end_of_the_fast_forward_a_wait_jumps(real: RealTime) -> None:
    clock, wake = fast_clock(), WakeAfter(real)
    assert clock.is_fast_forwarding

    for k in range(1, 5):
        assert clock.wait_until(START + k * HOUR, wake) is False
        assert clock.now() == START + k * HOUR

    assert wake.naps_s == []


def test_the_past_is_no_reason_to_go_back(real: RealTime) -> None:
    clock = fast_clock()

    clock.wait_until(START - HOUR, WakeAfter(real))

    assert clock.now() == START


def test_an_event_keeps_the_fast_forward_from_jumping(real: RealTime) -> None:
    clock, wake = fast_clock(), WakeAfter(real)
    wake.set()

    assert clock.wait_until(START + HOUR, wake) is True
    assert clock.now() == START


def test_while_it_jumps_real_time_does_not_count(real: RealTime) -> None:
    clock = fast_clock()

    real.s += 100.0

    assert clock.now() == START


def test_after_the_fast_forward_time_runs_at_its_speed(real: RealTime) -> None:
    clock, wake = fast_clock(), WakeAfter(real)
    clock.wait_until(START + 24 * HOUR, wake)
    assert not clock.is_fast_forwarding

    real.s += 10.0

    assert clock.now() == START + 25 * HOUR


def test_a_clock_without_a_past_runs_from_the_beginning(real: RealTime) -> None:
    clock = SimulatedClock(START, speed=60.0, fast_forward_until=START)

    real.s += 60.0

    assert not clock.is_fast_forwarding
    assert clock.now() == START + HOUR


def test_a_wait_lasts_as_long_as_the_speed_says(real: RealTime) -> None:
    clock = SimulatedClock(START, speed=360.0, fast_forward_until=START)

    assert clock.wait_until(START + HOUR, WakeAfter(real)) is False

    assert real.s == pytest.approx(1010.0)
    assert clock.now() >= START + HOUR


def test_a_simulated_wait_ends_with_the_event(real: RealTime) -> None:
    clock = SimulatedClock(START, speed=1.0, fast_forward_until=START)

    assert clock.wait_until(START + HOUR, WakeAfter(real, set_at_s=1002.0)) is True
    assert clock.now() < START + HOUR


def test_a_new_speed_counts_from_now_on_and_makes_no_jump(real: RealTime) -> None:
    clock = SimulatedClock(START, speed=3600.0, fast_forward_until=START)
    real.s += 1.0
    before = clock.now()

    clock.set_speed(60.0)

    assert clock.speed == 60.0
    assert clock.now() == before == START + HOUR
    real.s += 60.0
    assert clock.now() == START + 2 * HOUR


def test_a_new_speed_does_not_end_the_fast_forward(real: RealTime) -> None:
    clock = fast_clock()

    clock.set_speed(60.0)
    real.s += 10.0

    assert clock.is_fast_forwarding
    assert clock.now() == START


def test_durations_are_measured_in_real_seconds(real: RealTime) -> None:
    clock = fast_clock()
    before_s = clock.monotonic_s()

    real.s += 5.0

    assert clock.monotonic_s() - before_s == 5.0
