"""Takes over, in the background, what others recorded of the home before SmartLoad did.

One thread goes back through the past of each source, the newest first, so that forecasts profit at
once. How far it got is remembered: a restart goes on from there, and once a source is done, a later
start only fills what was missed since.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

import structlog

from clock import EARLIEST_PLAUSIBLE_NOW, Clock
from domain.forecast import IssuedForecast
from domain.history import (
    ChargingSession,
    EnergySource,
    ImportProgress,
    ImportState,
    QuarterEnergies,
)
from domain.horizon import slot_start
from domain.ports import PastSource
from errors import EvccRejectedError, PastSourceRefusedError, SmartLoadError
from evcc_history import RecordedPast, issued_forecasts

CHUNK = timedelta(days=7)
# A recorder that gave nothing for two months was not there yet.
LONGEST_SILENCE = timedelta(days=62)
SHORTEST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
# An old evcc may be updated while SmartLoad runs.
UNAVAILABLE_PAUSE = timedelta(hours=6)
SESSIONS_EVERY = timedelta(hours=1)
# A car may stay plugged in over a holiday; its session changes until it leaves.
LONGEST_SESSION = timedelta(days=21)
# Between two requests, so that a small computer is not kept busy by its past.
_BREATH = timedelta(milliseconds=200)
_CLOCK_PAUSE = timedelta(seconds=10)
_STOP_S = 1.0
_ONE_DAY = timedelta(days=1)
_MOST_DOUBLINGS = 10
_NOT_FOUND = 404
_NOTHING = "it has recorded nothing yet"
_ENDED = "the import ended unexpectedly; the log says why"

log = structlog.get_logger("smartload.history_import")


@runtime_checkable
class ForecastRecorder(Protocol):
    """A past that holds solar forecasts too."""

    def read_past(self, start: datetime, end: datetime) -> RecordedPast:
        """Return both; raises as ``PastSource.read_energies``."""
        ...


class SessionSource(Protocol):
    """Something that keeps charging sessions."""

    def read_sessions(self, year: int, month: int) -> Sequence[ChargingSession]:
        """Return those of a month; raise ``SourceError`` when there is no useful answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where the past goes, and where it stands how far that got; called by the import's thread.

    What is given twice must count once. All may raise a ``SmartLoadError``; then it is tried again
    later. ``stored_until`` returns where the newest stored quarter hour ends, of that source or,
    where that is not known, of any; None when the history is empty. ``settle`` waits until what
    was put is kept for good, so that the past does not pile up in memory; False: it cannot be now.
    """

    put_energies: Callable[[Sequence[QuarterEnergies]], None]
    put_forecasts: Callable[[Sequence[IssuedForecast]], None]
    put_sessions: Callable[[Sequence[ChargingSession]], None]
    read_imports: Callable[[], Sequence[ImportProgress]]
    write_import: Callable[[ImportProgress], None]
    stored_until: Callable[[EnergySource], datetime | None]
    settle: Callable[[], bool] = lambda: True


class HistoryImport:
    """Imports the past of several sources, one request after the other.

    A source that fails is tried again after growing pauses, while the others go on. ``start`` must
    not be called while a simulated clock fast-forwards: waiting would move it.
    """

    def __init__(
        self,
        sources: Sequence[PastSource],
        destination: Destination,
        *,
        clock: Clock,
        keep: timedelta,
        sessions: SessionSource | None = None,
    ) -> None:
        """Read how far it got; build it before anything new is stored.

        Args:
            sources: Imported in this order.
            destination: Where to.
            clock: Tells the time and waits.
            keep: How far back at most.
            sessions: Where charging sessions come from; asked every hour from then on.
        """
        remembered = {progress.source: progress for progress in destination.read_imports()}
        self._destination = destination
        self._clock = clock
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._pasts = [
            _Past(
                source,
                remembered.get(source.source),
                stored_until=destination.stored_until(source.source),
                keep=keep,
            )
            for source in sources
        ]
        self._sessions = [] if sessions is None else [_Sessions(sessions, keep=keep)]
        self._progress = {past.progress.source: past.progress for past in self._pasts}

    @property
    def progress(self) -> tuple[ImportProgress, ...]:
        """How far each source is, in their order; may be asked by any thread."""
        with self._lock:
            return tuple(self._progress.values())

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Import in a thread of its own, which never keeps the process from ending."""
        self._thread = threading.Thread(target=self.run, name="history-import", daemon=True)
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Let it end soon; returns at once."""
        self._stop.set()

    def stop(self) -> None:
        """End within a second; what a request still under way brings later is not used."""
        self.ask_to_stop()
        self.join(_STOP_S)

    def join(self, timeout_s: float) -> None:
        """Wait for the thread's end; a request to a slow source may outlast it."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def run(self) -> None:
        """Import until all is there, with sessions until ``stop``; ``start`` calls it."""
        try:
            self._run()
        except BaseException:
            for past in self._pasts:
                past.give_up()
                self._show(past.progress)
            raise

    def _run(self) -> None:
        while self._clock.now() < EARLIEST_PLAUSIBLE_NOW:
            if self._wait(self._clock.now() + _CLOCK_PAUSE):
                return
        jobs: list[_Past | _Sessions] = [*self._pasts, *self._sessions]
        for each in jobs:
            each.plan(self._clock.now())
        while True:
            now = self._clock.now()
            waiting = [(job.due_at, job) for job in jobs if job.due_at is not None]
            if not waiting:
                return
            job = next((job for due_at, job in waiting if due_at <= now), None)
            if job is not None:
                self._work_on(job, now)
            pause_until = now + _BREATH if job else min(due_at for due_at, _ in waiting)
            if self._wait(pause_until):
                return

    def _wait(self, until: datetime) -> bool:
        return self._clock.wait_until(until, self._stop)

    def _work_on(self, job: "_Past | _Sessions", now: datetime) -> None:
        """Do one request of a job and put away what it brought."""
        had_failed = job.n_failures > 0
        try:
            if isinstance(job, _Past):
                self._import_past(job)
            else:
                self._import_sessions(job, now)
        except SmartLoadError as error:
            job.fail(error, now)
            if not had_failed:
                log.warning("history_import_failed", past=job.name, error=str(error))
        else:
            if had_failed:
                log.info("history_import_goes_on", past=job.name)
        if isinstance(job, _Past):
            self._show(job.progress)

    def _import_past(self, past: "_Past") -> None:
        start, end = past.next_chunk()
        forecasts: Sequence[IssuedForecast] = ()
        if isinstance(past.source, ForecastRecorder):
            recorded = past.source.read_past(start, end)
            energies: Sequence[QuarterEnergies] = recorded.energies
            forecasts = issued_forecasts(recorded.forecast_kwh)
        else:
            energies = past.source.read_energies(start, end)
        if self._stop.is_set():
            return
        if energies:
            self._destination.put_energies(energies)
        if forecasts:
            self._destination.put_forecasts(forecasts)
        self._settle()
        past.take(energies)
        self._destination.write_import(past.to_remember)
        if past.due_at is None:
            progress = past.progress
            log.info("history_import_done", past=past.name, n_slots=progress.n_slots)

    def _import_sessions(self, sessions: "_Sessions", now: datetime) -> None:
        found = sessions.source.read_sessions(*sessions.months[0])
        if self._stop.is_set():
            return
        if found:
            self._destination.put_sessions(found)
            self._settle()
        sessions.take(now)

    def _settle(self) -> None:
        if not self._destination.settle():
            raise SmartLoadError("the history cannot be written at the moment")

    def _show(self, progress: ImportProgress) -> None:
        with self._lock:
            self._progress[progress.source] = progress


class _Past:
    """What is left to read of one source.

    First forward what was missed since the last run, as the newest stored quarter hour tells where
    to go on after a kill; then ever further back. ``due_at`` is when to go on, None never.
    """

    def __init__(
        self,
        source: PastSource,
        remembered: ImportProgress | None,
        *,
        stored_until: datetime | None,
        keep: timedelta,
    ) -> None:
        self.source = source
        self.name = source.source.value
        self.due_at: datetime | None = None
        self.n_failures = 0
        self._keep = keep
        self._stored_until = stored_until
        self._missed: tuple[datetime, datetime] | None = None
        self._back: tuple[datetime, datetime] | None = None
        self._silence = timedelta(0)
        self._was_done = False
        self.progress = ImportProgress(source=source.source, state=ImportState.WAITING)
        # A history that was lost or cleared has nothing of what is remembered.
        if remembered is not None and remembered.since is not None and stored_until is not None:
            self._was_done = remembered.state is ImportState.DONE
            self.progress = replace(remembered, state=ImportState.WAITING, detail="")

    def plan(self, now: datetime) -> None:
        """Decide what to read, and begin."""
        end, oldest = slot_start(now), slot_start(now - self._keep)
        back_from = end
        if self.progress.since is not None and self._stored_until is not None:
            missed_from = max(self._stored_until, oldest)
            self._missed = (missed_from, end) if missed_from < end else None
            back_from = oldest if self._was_done else self.progress.since
        self._back = (oldest, back_from) if oldest < back_from else None
        self.due_at = now
        self._update(ImportState.RUNNING)

    def next_chunk(self) -> tuple[datetime, datetime]:
        """Return the range to read next.

        Raises:
            ValueError: Nothing is left.
        """
        if self._missed is not None:
            start, end = self._missed
            return start, min(start + CHUNK, end)
        if self._back is None:
            raise ValueError(f"nothing is left to read of {self.name}")
        oldest, end = self._back
        return max(oldest, end - CHUNK), end

    def take(self, energies: Sequence[QuarterEnergies]) -> None:
        """Go on behind the chunk that brought ``energies``."""
        start, end = self.next_chunk()
        self.n_failures = 0
        if self._missed is not None:
            self._missed = (end, self._missed[1]) if end < self._missed[1] else None
        elif self._back is not None:
            self._silence = energies[0].start - start if energies else self._silence + (end - start)
            is_over = start <= self._back[0] or self._silence >= LONGEST_SILENCE
            self._back = None if is_over else (self._back[0], start)
        if energies:
            first = energies[0].start
            since = first if self.progress.since is None else min(first, self.progress.since)
            n_slots = self.progress.n_slots + len(energies)
            self.progress = replace(self.progress, since=since, n_slots=n_slots)
        self._update(ImportState.RUNNING)

    def fail(self, error: SmartLoadError, now: datetime) -> None:
        """Try again after a pause."""
        state = ImportState.FAILED
        pause = _pause(self.n_failures, error)
        if isinstance(error, EvccRejectedError) and error.status == _NOT_FOUND:
            state, pause = ImportState.UNAVAILABLE, UNAVAILABLE_PAUSE
        self.n_failures += 1
        self.due_at = now + pause
        self.progress = replace(self.progress, state=state, detail=str(error))

    def give_up(self) -> None:
        """Say that nothing more will come."""
        if self.due_at is not None:
            self.due_at = None
            self.progress = replace(self.progress, state=ImportState.FAILED, detail=_ENDED)

    @property
    def to_remember(self) -> ImportProgress:
        """The progress for the next start; filling what was missed does not undo a DONE."""
        if self._was_done:
            return replace(self.progress, state=ImportState.DONE, progress_frac=1.0)
        return self.progress

    def _update(self, state: ImportState) -> None:
        spans = [end - start for start, end in filter(None, (self._missed, self._back))]
        progress_frac = 1.0 - min(1.0, sum(spans, timedelta(0)) / self._keep)
        detail = ""
        if not spans:
            self.due_at = None
            state = ImportState.DONE if self.progress.n_slots else ImportState.UNAVAILABLE
            detail = "" if self.progress.n_slots else _NOTHING
        self.progress = replace(
            self.progress, state=state, progress_frac=progress_frac, detail=detail
        )


class _Sessions:
    """Which months' charging sessions are to be read next; goes on for ever."""

    def __init__(self, source: SessionSource, *, keep: timedelta) -> None:
        self.source = source
        self.name = "sessions"
        self.due_at: datetime | None = None
        self.n_failures = 0
        self.months: list[tuple[int, int]] = []
        self._keep = keep

    def plan(self, now: datetime) -> None:
        """Begin with all months, the newest first."""
        self.months = _months_back(now, now - self._keep)
        self.due_at = now

    def take(self, now: datetime) -> None:
        """Go on behind the first of ``months``; after the last one wait for new sessions."""
        self.n_failures = 0
        del self.months[0]
        if not self.months:
            # A session belongs to the month in which it began, in evcc's zone.
            self.months = _months_back(now + _ONE_DAY, now - LONGEST_SESSION)
            self.due_at = now + SESSIONS_EVERY

    def fail(self, error: SmartLoadError, now: datetime) -> None:
        """Try again after a pause."""
        self.due_at = now + _pause(self.n_failures, error)
        self.n_failures += 1


def _pause(n_failures: int, error: SmartLoadError) -> timedelta:
    """Return how long to wait before the next try."""
    if isinstance(error, EvccRejectedError | PastSourceRefusedError):
        return LONGEST_PAUSE
    return min(LONGEST_PAUSE, SHORTEST_PAUSE * 2.0 ** min(n_failures, _MOST_DOUBLINGS))


def _months_back(newest: datetime, oldest: datetime) -> list[tuple[int, int]]:
    """Return the months from the one of ``newest`` back to the one of ``oldest``."""
    first = oldest.year * 12 + oldest.month - 1
    last = newest.year * 12 + newest.month - 1
    return [(number // 12, number % 12 + 1) for number in range(last, first - 1, -1)]
