"""How the past comes in: newest first, ever further back, on after failures and restarts."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.forecast import IssuedForecast
from domain.history import (
    ChargingSession,
    EnergySource,
    ImportProgress,
    ImportState,
    QuarterEnergies,
)
from errors import EvccRejectedError, EvccUnavailableError, PastSourceRefusedError, SmartLoadError
from evcc_history import RecordedPast
from history_import import LONGEST_PAUSE, Destination, HistoryImport

NOW = datetime(2026, 11, 22, 12, 7, tzinfo=UTC)
END = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SLOT = timedelta(minutes=15)
DAY = timedelta(days=1)
KEEP = timedelta(days=100)


class Clock:
    """Waits at once; ``at_wait`` sees each instant before time goes there."""

    def __init__(self, now: datetime = NOW) -> None:
        self.time = now
        self.waits: list[timedelta] = []
        self.at_wait: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self.time

    def monotonic_s(self) -> float:
        return 0.0

    def wait_until(self, instant: datetime, wake: threading.Event) -> bool:
        self.waits.append(instant - self.time)
        self.at_wait()
        self.time = max(self.time, instant)
        return wake.is_set()


@dataclass
class Recorder:
    """A recorder with one quarter hour a day since ``since``; ``errors`` come first."""

    since: datetime = datetime(2026, 8, 20, tzinfo=UTC)
    source: EnergySource = EnergySource.INFLUX
    errors: list[SmartLoadError] = field(default_factory=list)
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)
    before_answer: Callable[[], None] = lambda: None

    def read_energies(self, start: datetime, end: datetime) -> Sequence[QuarterEnergies]:
        self.asked.append((start, end))
        self.before_answer()
        if self.errors:
            raise self.errors.pop(0)
        days = [self.since + number * DAY for number in range((end - self.since) // DAY + 1)]
        return [
            QuarterEnergies(start=day, source=self.source, house_kwh=0.1)
            for day in days
            if start <= day < end
        ]


class Evcc(Recorder):
    """One that recorded a solar forecast too."""

    def read_past(self, start: datetime, end: datetime) -> RecordedPast:
        energies = tuple(self.read_energies(start, end))
        return RecordedPast(
            energies=energies, forecast_kwh={quarter.start: 0.5 for quarter in energies}
        )


@dataclass
class Months:
    """Keeps one session a month; ``errors`` come first."""

    asked: list[tuple[int, int]] = field(default_factory=list)
    errors: list[SmartLoadError] = field(default_factory=list)

    def read_sessions(self, year: int, month: int) -> Sequence[ChargingSession]:
        self.asked.append((year, month))
        if self.errors:
            raise self.errors.pop(0)
        return [
            ChargingSession(
                number=year * 12 + month,
                started_at=datetime(year, month, 1, tzinfo=UTC),
                finished_at=None,
                loadpoint="Carport",
                vehicle=None,
                energy_kwh=5.0,
            )
        ]


@dataclass
class Store:
    """What outlives a restart."""

    energies: dict[tuple[EnergySource, datetime], QuarterEnergies] = field(default_factory=dict)
    forecasts: list[IssuedForecast] = field(default_factory=list)
    sessions: dict[int, ChargingSession] = field(default_factory=dict)
    imports: dict[EnergySource, ImportProgress] = field(default_factory=dict)
    is_full: bool = False

    def put_energies(self, energies: Sequence[QuarterEnergies]) -> None:
        if self.is_full:
            raise SmartLoadError("the disk is full")
        self.energies |= {(quarter.source, quarter.start): quarter for quarter in energies}

    def stored_until(self, source: EnergySource) -> datetime | None:
        starts = [start for one, start in self.energies if one is source]
        return max(starts) + SLOT if starts else None

    def destination(self) -> Destination:
        return Destination(
            put_energies=self.put_energies,
            put_forecasts=self.forecasts.extend,
            put_sessions=lambda found: self.sessions.update({one.number: one for one in found}),
            read_imports=lambda: tuple(self.imports.values()),
            write_import=lambda progress: self.imports.update({progress.source: progress}),
            stored_until=self.stored_until,
        )

    def days(self, source: EnergySource = EnergySource.INFLUX) -> list[datetime]:
        return sorted(start for one, start in self.energies if one is source)


def importer(
    store: Store, *sources: Recorder, clock: Clock | None = None, sessions: Months | None = None
) -> HistoryImport:
    return HistoryImport(
        sources, store.destination(), clock=clock or Clock(), keep=KEEP, sessions=sessions
    )


def days_from(first: datetime, n_days: int) -> list[datetime]:
    return [first + number * DAY for number in range(n_days)]


def test_everything_recorded_comes_in_the_newest_first() -> None:
    store, recorder = Store(), Recorder()

    work = importer(store, recorder)
    work.run()

    assert store.days() == days_from(recorder.since, 95)
    assert recorder.asked[0] == (END - 7 * DAY, END)
    assert all(
        after[1] == before[0]
        for before, after in zip(recorder.asked, recorder.asked[1:], strict=False)
    )
    assert work.progress == (
        ImportProgress(
            source=EnergySource.INFLUX,
            state=ImportState.DONE,
            progress_frac=1.0,
            n_slots=95,
            since=recorder.since,
        ),
    )


def test_nothing_is_asked_for_that_would_not_be_kept() -> None:
    recorder = Recorder(since=datetime(2020, 1, 1, tzinfo=UTC))

    importer(Store(), recorder).run()

    assert recorder.asked[-1][0] == END - KEEP


def test_two_months_of_silence_end_the_search() -> None:
    recorder = Recorder(since=END - 10 * DAY)
    work = importer(Store(), recorder)

    work.run()

    assert work.progress[0].state is ImportState.DONE
    assert recorder.asked[-1][0] == END - 77 * DAY  # nine weeks before the oldest week


def test_a_recorder_without_anything_has_nothing_to_give() -> None:
    store, recorder = Store(), Recorder(since=NOW + DAY)
    work = importer(store, recorder)

    work.run()

    assert work.progress[0].state is ImportState.UNAVAILABLE
    assert len(recorder.asked) == 9
    assert store.imports[EnergySource.INFLUX].state is ImportState.UNAVAILABLE


def test_progress_rises_while_it_runs() -> None:
    clock = Clock()
    work = importer(Store(), Recorder(), clock=clock)
    seen: list[ImportProgress] = []
    clock.at_wait = lambda: seen.append(work.progress[0])

    work.run()

    fracs = [progress.progress_frac for progress in seen]
    assert fracs == sorted(fracs)
    assert fracs[0] == pytest.approx(0.07)
    assert (seen[0].state, seen[0].n_slots) == (ImportState.RUNNING, 7)
    assert seen[0].since == datetime(2026, 11, 16, tzinfo=UTC)


def test_recorded_solar_forecasts_come_in_too() -> None:
    store = Store()

    importer(store, Evcc(source=EnergySource.EVCC)).run()

    assert len(store.forecasts) == len(store.days(EnergySource.EVCC)) == 95


# --- restarts


def stop_after(work: HistoryImport, recorder: Recorder, n_chunks: int) -> None:
    """Let the process die while chunk ``n_chunks`` is under way."""

    def count() -> None:
        if len(recorder.asked) == n_chunks:
            work.stop()

    recorder.before_answer = count


def test_a_restart_goes_on_where_it_was() -> None:
    store, recorder = Store(), Recorder()
    first = importer(store, recorder)
    stop_after(first, recorder, 4)
    first.run()
    n_before = len(store.days())

    again = Recorder()
    importer(store, again, clock=Clock(NOW + 2 * DAY)).run()

    assert n_before == 21
    assert store.days() == days_from(recorder.since, 97)
    asked_again = [start for start, end in again.asked if end <= END - 21 * DAY]
    assert len(again.asked) - len(asked_again) == 2  # the days since, and what was not used


def test_once_done_a_later_start_only_fills_what_was_missed() -> None:
    store = Store()
    importer(store, Recorder()).run()

    later = Recorder()
    work = importer(store, later, clock=Clock(NOW + 20 * DAY))
    work.run()

    assert later.asked[0][0] == store.stored_until(EnergySource.INFLUX) - 20 * DAY  # type: ignore[operator]  # it has some
    assert later.asked[-1][1] == END + 20 * DAY
    assert len(later.asked) == 3
    assert store.days() == days_from(later.since, 115)
    assert work.progress[0].state is ImportState.DONE


def test_a_kill_while_filling_what_was_missed_loses_nothing() -> None:
    store = Store()
    importer(store, Recorder()).run()
    killed = Recorder()
    work = importer(store, killed, clock=Clock(NOW + 30 * DAY))
    stop_after(work, killed, 3)
    work.run()

    importer(store, Recorder(), clock=Clock(NOW + 30 * DAY)).run()

    assert store.days() == days_from(killed.since, 125)


def test_a_history_that_was_lost_is_imported_again() -> None:
    store, recorder = Store(), Recorder()
    importer(store, recorder).run()
    store.energies.clear()

    importer(store, Recorder()).run()

    assert store.days() == days_from(recorder.since, 95)


# --- failures


def test_a_failure_is_tried_again_after_growing_pauses() -> None:
    clock, store = Clock(), Store()
    errors: list[SmartLoadError] = [EvccUnavailableError("evcc is away") for _ in range(9)]
    work = importer(store, Recorder(errors=errors), clock=clock)

    work.run()

    pauses = [wait for wait in clock.waits if wait > timedelta(seconds=5)]
    minutes = [round(pause.total_seconds() / 60, 1) for pause in pauses]
    assert minutes == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert work.progress[0].state is ImportState.DONE
    assert len(store.days()) == 95


def test_a_failure_is_said_while_it_lasts() -> None:
    clock = Clock()
    work = importer(Store(), Recorder(errors=[EvccUnavailableError("away")]), clock=clock)
    seen: list[tuple[ImportState, str]] = []
    clock.at_wait = lambda: seen.append((work.progress[0].state, work.progress[0].detail))

    work.run()

    assert seen[0] == (ImportState.FAILED, "away")
    assert seen[2] == (ImportState.RUNNING, "")


@pytest.mark.parametrize(
    ("error", "state", "pause_h"),
    [
        (EvccRejectedError("no such path", status=404), ImportState.UNAVAILABLE, 6),
        (EvccRejectedError("database offline", status=400), ImportState.FAILED, 1),
        (PastSourceRefusedError("wrong password"), ImportState.FAILED, 1),
    ],
)
def test_what_asking_again_does_not_help_is_asked_seldom(
    error: SmartLoadError, state: ImportState, pause_h: int
) -> None:
    clock = Clock()
    work = importer(Store(), Recorder(errors=[error]), clock=clock)
    seen: list[ImportState] = []
    clock.at_wait = lambda: seen.append(work.progress[0].state)

    work.run()

    assert seen[0] is state
    assert max(clock.waits) == pytest.approx(timedelta(hours=pause_h), abs=timedelta(seconds=1))


def test_a_source_that_never_answers_does_not_hold_up_the_others() -> None:
    clock, store = Clock(), Store()
    dead = Recorder(errors=[EvccUnavailableError("away")] * 1000, source=EnergySource.EVCC)
    work = importer(store, dead, Recorder(), clock=clock)

    def stop_when_waiting_long() -> None:
        if clock.waits[-1] >= LONGEST_PAUSE - timedelta(seconds=1):
            work.stop()

    clock.at_wait = stop_when_waiting_long

    work.run()

    assert len(store.days()) == 95
    assert [progress.state for progress in work.progress] == [ImportState.FAILED, ImportState.DONE]


def test_a_store_that_takes_nothing_is_tried_again() -> None:
    clock, store = Clock(), Store(is_full=True)
    work = importer(store, Recorder(), clock=clock)

    def make_room() -> None:
        store.is_full = len(clock.waits) < 4

    clock.at_wait = make_room

    work.run()

    assert len(store.days()) == 95


def test_what_is_not_kept_for_good_is_put_again() -> None:
    clock, store = Clock(), Store()
    answers = [False, False, True]
    recorder = Recorder(since=END - 5 * DAY)
    destination = replace(store.destination(), settle=lambda: answers.pop(0) if answers else True)
    work = HistoryImport([recorder], destination, clock=clock, keep=7 * DAY)
    seen: list[str] = []
    clock.at_wait = lambda: seen.append(work.progress[0].detail)

    work.run()

    assert recorder.asked == [(END - 7 * DAY, END)] * 3
    assert "cannot be written" in seen[0]
    assert work.progress[0].n_slots == 5


def test_a_clock_that_cannot_be_right_is_waited_for() -> None:
    clock = Clock(datetime(1970, 1, 1, tzinfo=UTC))
    recorder = Recorder()

    def set_the_clock() -> None:
        if len(clock.waits) == 3:
            clock.time = NOW

    clock.at_wait = set_the_clock

    importer(Store(), recorder, clock=clock).run()

    assert recorder.asked[0][1] == END


def test_an_unexpected_end_is_said() -> None:
    def break_down() -> None:
        raise ZeroDivisionError

    work = importer(Store(), Recorder(before_answer=break_down))

    with pytest.raises(ZeroDivisionError):
        work.run()

    assert work.progress[0].state is ImportState.FAILED
    assert "log" in work.progress[0].detail


# --- sessions


def test_sessions_come_in_by_month_and_then_every_hour() -> None:
    clock, store, months = Clock(), Store(), Months()
    work = importer(store, clock=clock, sessions=months)
    hours: list[timedelta] = []

    def stop_after_three_hours() -> None:
        if clock.waits[-1] > timedelta(minutes=5):
            hours.append(clock.waits[-1])
        if len(hours) == 3:
            work.stop()

    clock.at_wait = stop_after_three_hours

    work.run()

    assert months.asked == [
        *[(2026, 11), (2026, 10), (2026, 9), (2026, 8)],
        *[(2026, 11), (2026, 11)],
    ]
    assert len(store.sessions) == 4


def test_at_the_turn_of_the_year_both_years_are_asked() -> None:
    clock, months = Clock(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)), Months()
    work = importer(Store(), clock=clock, sessions=months)

    def stop_on_second_round() -> None:
        if len(months.asked) >= 6:
            work.stop()

    clock.at_wait = stop_on_second_round

    work.run()

    assert months.asked[:4] == [(2026, 12), (2026, 11), (2026, 10), (2026, 9)]
    assert months.asked[4:] == [(2027, 1), (2026, 12)]


def test_sessions_that_cannot_be_read_are_tried_again() -> None:
    clock, months = Clock(), Months(errors=[EvccUnavailableError("away")])
    work = importer(Store(), clock=clock, sessions=months)

    def stop_after_two() -> None:
        if len(months.asked) == 2:
            work.stop()

    clock.at_wait = stop_after_two

    work.run()

    assert months.asked == [(2026, 11), (2026, 11)]


# --- the thread


def test_stopping_does_not_wait_for_an_answer_and_does_not_use_it() -> None:
    store, asked, answered = Store(), threading.Event(), threading.Event()

    def answer_late() -> None:
        asked.set()
        answered.wait(60)

    recorder = Recorder(before_answer=answer_late)
    work = HistoryImport([recorder], store.destination(), clock=Clock(), keep=KEEP)
    work.start()
    asked.wait(60)

    work.ask_to_stop()
    was_alive = work.is_alive
    answered.set()
    work.join(60)

    assert was_alive
    assert store.energies == {}


def test_the_thread_imports_while_others_look() -> None:
    store = Store()
    work = importer(store, Recorder())

    work.start()
    work.join(60)

    assert work.progress[0].state is ImportState.DONE
    assert len(store.days()) == 95
