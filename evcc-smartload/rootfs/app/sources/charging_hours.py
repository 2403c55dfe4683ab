"""What cars charged within an hour, as far as evcc's charging sessions can tell."""

import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from domain.history import ChargingSession

_STILL_RUNNING = datetime.max.replace(tzinfo=UTC)


class ChargingHours:
    """Answers from sessions; a session says how much was charged, but not when within it.

    So an hour without a session had no charging, an hour that holds whole sessions had theirs,
    and an hour that a session reaches into is not known. Nor is anything before the first session:
    evcc may not have been there. Loadpoints without sessions (a heat pump) stay unseen.
    """

    def __init__(self, sessions: Iterable[ChargingSession]) -> None:
        self._sessions = sorted(sessions, key=lambda session: session.started_at)
        # The latest end so far: all sessions before the first that is later have ended, too.
        self._latest_ends = list(itertools.accumulate(map(_end_of, self._sessions), max))

    def __call__(self, start: datetime, end: datetime) -> Mapping[str, float] | None:
        """Return the energy by loadpoint [kWh] from ``start`` to ``end``; None is not known."""
        if not self._sessions or start < self._sessions[0].started_at:
            return None
        charged_kwh: dict[str, float] = {}
        for session in self._sessions[bisect_right(self._latest_ends, start) :]:
            if session.started_at >= end:
                break
            if _end_of(session) <= start:
                continue
            if session.started_at < start or _end_of(session) > end:
                return None
            earlier_kwh = charged_kwh.get(session.loadpoint, 0.0)
            charged_kwh[session.loadpoint] = earlier_kwh + session.energy_kwh
        return charged_kwh


class ChargingHoursWhenNeeded:
    """``ChargingHours`` of sessions that are read at the first question, and then kept."""

    def __init__(self, read_sessions: Callable[[], Iterable[ChargingSession]]) -> None:
        self._read_sessions = read_sessions
        self._hours: ChargingHours | None = None

    def __call__(self, start: datetime, end: datetime) -> Mapping[str, float] | None:
        """Answer as ``ChargingHours``; raises what ``read_sessions`` raises."""
        if self._hours is None:
            self._hours = ChargingHours(self._read_sessions())
        return self._hours(start, end)


def _end_of(session: ChargingSession) -> datetime:
    return session.finished_at or _STILL_RUNNING
