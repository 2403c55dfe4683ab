"""Keeps the report on the owner's past: works it out once a day, and remembers it."""

import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path

import structlog

from clock import EARLIEST_PLAUSIBLE_NOW, Clock
from domain.observation import Obstacle
from observation.days_missing import days_missing
from observation.errands import Observe, Runner
from observation.kept_proof import PROOF_VERSION, KeptProof, parse, serialise
from observation.own_home import OwnHome, Settings, replayed_settings
from observation.recorded import RecordedFile
from observation.undertaking import Undertaking
from persistence import StateFile
from proof.observation import MOST_DAYS, window_of
from web.proof_json import summary_to_json

PROOF_NAME = "smartload_proof.json"
# When the day before is complete: evcc stores its last quarter hour within minutes.
MADE_FROM = time(0, 10)
# A start has more urgent things to do, and an import may be about to begin.
SETTLE_S = 60.0
TRY_AGAIN_S = 3600.0

log = structlog.get_logger("smartload.observation")


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeNow:
    """What a look shows. ``home`` is None while evcc does not answer.

    ``live_since`` is known of stages that the owner released by hand. ``is_past_complete`` is
    False while a past is being imported, or lived through.
    """

    home: OwnHome | None
    is_live: bool = False
    live_since: datetime | None = None
    is_past_complete: bool = True


class ProofKeeper:
    """The cycle looks in; pages ask; another process works. Any thread may call anything."""

    def __init__(self, data_dir: Path, history: Path, *, clock: Clock, runner: Runner) -> None:
        """Read what is kept; nothing is worked out yet."""
        self._history = history
        self._clock = clock
        self._lock = threading.Lock()
        self._file = StateFile(lambda: data_dir / PROOF_NAME, version=PROOF_VERSION)
        self._kept = self._file.load(parse, clock.now()) or KeptProof()
        self._work = Undertaking(runner, clock.monotonic_s)
        self._home: OwnHome | None = None
        self._counted_for: date | None = None
        self._days_missing: int | None = None
        self._first_look_s: float | None = None
        self._failed_s: float | None = None
        self._failure = ""

    @property
    def state_file(self) -> StateFile:
        """Where it is kept, with what was wrong with it."""
        return self._file

    @property
    def home(self) -> OwnHome | None:
        """The home as it was last seen."""
        return self._home

    def look(self, now: datetime, seen: HomeNow, *, may_begin: bool = True) -> None:
        """Take in how things are, and begin with a report when one is due; returns at once.

        Args:
            now: When this is, aware UTC.
            seen: The home and whether SmartLoad acts.
            may_begin: False: the computer is busy with a back-test.
        """
        if now < EARLIEST_PLAUSIBLE_NOW:
            return
        # What hangs is given up when somebody looks.
        self._work.standing()
        self._home = seen.home or self._home
        if self._home is None:
            return
        today = now.astimezone(self._home.zone)
        self._note_standing(today.date(), now, seen)
        self._note_settings(replayed_settings(self._home), now)
        if not seen.is_past_complete:
            return
        if self._first_look_s is None:
            self._first_look_s = self._clock.monotonic_s()
        self._count_days(self._home, today.date())
        if may_begin and self._is_due(today):
            self._begin(self._home, now, today.date())

    def proof(self) -> dict[str, object]:
        """Return the answer of ``GET /proof``."""
        standing, kept = self._work.standing(), self._kept
        return {
            **self._standing_to_json(kept, is_running=standing.is_running),
            "progress_frac": round(standing.progress_frac, 4)
            if standing.is_running
            else float(kept.report is not None),
            "detail": self._failure or ("" if kept.obstacle is None else kept.obstacle.sentence),
            "obstacle": None if kept.obstacle is None else kept.obstacle.value,
            "live_since": None if kept.live_since is None else kept.live_since.isoformat(),
            "days_missing": self._missing_days(kept),
            "report": kept.report,
        }

    def summary(self) -> dict[str, object] | None:
        """Return ``proof_summary`` of the state message; None before the first look."""
        if self._home is None:
            return None
        kept, is_running = self._kept, self._work.standing().is_running
        standing = self._standing_to_json(kept, is_running=is_running)
        missing = {"days_missing": self._missing_days(kept)}
        return summary_to_json(standing | missing, kept.report)

    def close(self) -> None:
        """Give up what is being worked out; the next start begins it anew."""
        self._work.stop()

    def _standing_to_json(self, kept: KeptProof, *, is_running: bool) -> dict[str, object]:
        state = "collecting" if kept.report is None else "ready"
        if is_running:
            state = "working"
        elif self._failure:
            state = "failed"
        return {
            "state": state,
            "made_at": None if kept.made_at is None else kept.made_at.isoformat(),
            "is_live": kept.live_since is not None,
        }

    def _missing_days(self, kept: KeptProof) -> int | None:
        if kept.report is not None:
            return None
        return self._days_missing if kept.made_for is None else kept.days_missing

    # -- once a day ----------------------------------------------------------------------------

    def _count_days(self, home: OwnHome, today: date) -> None:
        """Find out how far the first report is, until it is worked out for the first time."""
        kept = self._kept
        if kept.made_for is not None or self._counted_for == today:
            return
        since, until = window_of(
            today,
            observed_since=kept.observed_since or today,
            recorded_since=today - MOST_DAYS,
        )
        try:
            recorded = RecordedFile(self._history)
            self._days_missing = days_missing(home, recorded, since=since, until=until)
        except sqlite3.Error as exc:
            # The report itself will say what is wrong with the file.
            log.debug("days_not_counted", why=str(exc))
        self._counted_for = today

    def _is_due(self, today: datetime) -> bool:
        real_s = self._clock.monotonic_s()
        if self._first_look_s is None or real_s - self._first_look_s < SETTLE_S:
            return False
        if self._failed_s is not None and real_s - self._failed_s < TRY_AGAIN_S:
            return False
        made_for = self._kept.made_for
        if made_for is None:
            return True
        return made_for != today.date() and today.time() >= MADE_FROM

    def _begin(self, home: OwnHome, now: datetime, today: date) -> None:
        kept = self._kept
        self._work.start(
            Observe(
                home=home,
                history=self._history,
                now=now,
                observed_since=kept.observed_since or today,
                live_since=kept.live_since,
                settings_since=kept.settings_since,
                former=kept.days,
            ),
            on_done=lambda answer: self._take(answer, today),
            on_failed=self._fail,
        )

    def _take(self, answer: Mapping[str, object], today: date) -> None:
        report, days = answer.get("report"), answer.get("days")
        if isinstance(report, dict) and isinstance(days, list):
            made_at = self._clock.now()
            self._keep(
                lambda kept: replace(
                    kept,
                    made_at=made_at,
                    made_for=today,
                    days_missing=None,
                    obstacle=None,
                    report=report,
                    days=tuple(days),
                )
            )
            log.info("report_made", until=report["until"], days=report["n_counted"])
        else:
            obstacle, missing = Obstacle(str(answer["obstacle"])), answer.get("days_missing")
            n_missing = missing if isinstance(missing, int) else None
            self._keep(
                lambda kept: replace(
                    kept,
                    made_for=today,
                    days_missing=n_missing,
                    # How many days are missing is said by their number.
                    obstacle=obstacle if n_missing is None else None,
                )
            )
            log.info("report_not_possible", why=obstacle.value)
        self._failure, self._failed_s = "", None

    def _fail(self, detail: str) -> None:
        log.warning("report_failed", why=detail)
        self._failure, self._failed_s = detail, self._clock.monotonic_s()

    # -- what is kept --------------------------------------------------------------------------

    def _note_standing(self, today: date, now: datetime, seen: HomeNow) -> None:
        kept = self._kept
        live_since = (kept.live_since or seen.live_since or now) if seen.is_live else None
        observed_since = kept.observed_since or today
        if (live_since, observed_since) != (kept.live_since, kept.observed_since):
            self._keep(
                lambda kept: replace(kept, live_since=live_since, observed_since=observed_since)
            )

    def _note_settings(self, settings: Settings, now: datetime) -> None:
        former = self._kept.settings
        # What was never seen before, as an option of a newer version, has not changed.
        is_changed = any(former.get(name, value) != value for name, value in settings.items())
        seen = {**former, **settings}
        if is_changed or seen != former:
            since = now if is_changed else self._kept.settings_since
            self._keep(lambda kept: replace(kept, settings=seen, settings_since=since))

    def _keep(self, change: Callable[[KeptProof], KeptProof]) -> None:
        with self._lock:
            self._kept = change(self._kept)
            number = self._file.take_number()
            text = serialise(self._kept)
        self._file.write(number, text)
