"""Every command to evcc: whether it may go out, why it did, and what became of it, kept for good.

A command is on record before it is sent, so that a process that dies in between loses none. What
evcc says of it is not believed until a later reading shows it. Whatever the disk does, commands go
on; what could not be kept is told by the store.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo

from clock import EARLIEST_PLAUSIBLE_NOW
from control import budget, confirmation
from control.budget import MOST_PER_DAY, Change
from control.confirmation import Watched
from domain.control import CommandRecord, Lever, SettingValue
from domain.levers import is_same_value
from domain.ports import CommandStore, WriteGuard
from domain.site import SiteSnapshot
from domain.steering import CommandCode, CommandReason, Stage, WriteCount, WriteOutcome
from errors import WriteRefusedError

# A local day and the one before it, wherever the home is; and what a clock that was then ahead
# wrote. More is not asked: a date that is quite wrong must not count again with every start.
_RECALLED = timedelta(days=2)
_AHEAD = timedelta(days=1)
_MOST_CHANGES = 4 * MOST_PER_DAY
_NEXT_INSTANT = timedelta(microseconds=1)
_SAME_INSTANT = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cause:
    """Why something is written."""

    stage: Stage
    reason: CommandReason


# The buffer's step writes by itself, as specified; all others say why.
_BUFFER = _Cause(stage=Stage.BUFFER, reason=CommandReason(code=CommandCode.BUFFER_DECIDED))


class WriteLedger:
    """A write guard that asks another one and keeps a record; belongs to the cycle's thread."""

    def __init__(
        self,
        guard: WriteGuard,
        store: CommandStore,
        now: Callable[[], datetime],
        zone: tzinfo = UTC,
    ) -> None:
        """Recall what was sent of late.

        Args:
            guard: Is asked after the budget, and told.
            store: Keeps the records.
            now: Returns the current aware instant.
            zone: The home's zone; a day of the budget begins at its midnight.
        """
        self._guard = guard
        self._store = store
        self._now = now
        self._zone = zone
        self._cause = _BUFFER
        self._sent: CommandRecord | None = None
        self._last: dict[Lever, CommandRecord] = {}
        self._watched: dict[Lever, Watched] = {}
        self._changes: tuple[Change, ...] = ()
        self._titles: Mapping[str, str] = {}
        self._has_recalled = False
        self._recall(now())

    def use_time_zone(self, zone: tzinfo) -> None:
        """Use the home's zone that evcc told."""
        self._zone = zone

    # Writing

    @contextmanager
    def because(self, stage: Stage, reason: CommandReason) -> Iterator[None]:
        """Say why something is written inside this context; outside it is the buffer's step."""
        before, self._cause = self._cause, _Cause(stage=stage, reason=reason)
        try:
            yield
        finally:
            self._cause = before

    def before_write(self, lever: Lever, old: SettingValue, new: SettingValue) -> None:
        """Ask budget and guard, and put on record what they let through.

        Raises:
            WriteRefusedError: Too much was changed today, which is on record; or the guard's.
        """
        self.settle()
        now, cause = self._now(), self._cause
        why = self._over_budget(lever, new, cause.reason.code, now)
        if why is not None:
            self.refuse(lever, old, new, cause.stage, cause.reason, why)
            raise WriteRefusedError(why)
        self._guard.before_write(lever, old, new)
        older = self._watched.get(lever)
        if older is not None and confirmation.is_waiting(older.record):
            self._update(confirmation.superseded(older.record, now))
        record = self._new_record(
            cause,
            lever,
            before=old,
            wanted=new,
            outcome=WriteOutcome.FAILED,
            detail=confirmation.UNANSWERED,
        )
        self._watched[lever] = Watched(record=record, since=record.at)
        self._sent = record

    def after_write(self, lever: Lever, accepted: SettingValue) -> None:
        """Note what evcc accepted."""
        sent, self._sent = self._sent, None
        if sent is not None:
            self._update(replace(sent, accepted=accepted, outcome=WriteOutcome.SENT, detail=""))
        self._guard.after_write(lever, accepted)

    def settle(self, detail: str = "") -> None:
        """Record as failed what evcc did not answer to; called when the writing is over.

        ``detail`` is what went wrong, where that is known.
        """
        sent, self._sent = self._sent, None
        if sent is not None:
            self._update(replace(sent, settled_at=self._now(), detail=detail or sent.detail))

    # What is not sent

    def refuse(  # noqa: PLR0913, PLR0917  # what a command is
        self,
        lever: Lever,
        before: SettingValue,
        wanted: SettingValue,
        stage: Stage,
        reason: CommandReason,
        detail: str,
    ) -> None:
        """Record that a command was not sent, and why; the same again right after it is one."""
        last = self._last.get(lever)
        if (
            last is not None
            and last.outcome is WriteOutcome.REFUSED
            and last.detail == detail
            and is_same_value(last.wanted, wanted)
        ):
            return
        self._new_record(
            _Cause(stage=stage, reason=reason),
            lever,
            before=before,
            wanted=wanted,
            outcome=WriteOutcome.REFUSED,
            detail=detail,
        )

    def simulate(
        self,
        lever: Lever,
        before: SettingValue,
        wanted: SettingValue,
        stage: Stage,
        reason: CommandReason,
    ) -> None:
        """Record a command that would have been sent."""
        self._new_record(
            _Cause(stage=stage, reason=reason),
            lever,
            before=before,
            wanted=wanted,
            outcome=WriteOutcome.SIMULATED,
        )

    # What became of it

    def note_reading(self, site: SiteSnapshot, now: datetime) -> None:
        """See which commands a reading shows."""
        self._recall(now)
        self._titles = {one.name: one.title for one in site.loadpoints}
        for lever, watched in tuple(self._watched.items()):
            seen = confirmation.look_again(watched, site, now)
            self._watched[lever] = seen
            if seen.record != watched.record:
                self._update(seen.record)

    @property
    def unconfirmed(self) -> tuple[CommandRecord, ...]:
        """The last command of each lever, where readings do not show it; the oldest first.

        What was wanted otherwise since then, though it was not sent, makes it a thing of the past.
        """
        found = (
            watched.record
            for lever, watched in self._watched.items()
            if watched.record.outcome is WriteOutcome.NOT_CONFIRMED
            and is_same_value(self._last[lever].wanted, watched.record.wanted)
        )
        return tuple(sorted(found, key=lambda record: record.at))

    def may_repeat(self, lever: Lever, value: SettingValue, now: datetime) -> bool:
        """Return whether ``value`` may be sent, or was tried in vain a moment ago."""
        watched = self._watched.get(lever)
        return confirmation.may_repeat(None if watched is None else watched.record, value, now)

    # How much it was

    def count(self, now: datetime) -> WriteCount:
        """Return how much was changed since the local midnight."""
        self._recall(now)
        self._changes = budget.with_clock(self._changes, now)
        return budget.count_today(self._changes, now, self._zone)

    def _over_budget(
        self, lever: Lever, new: SettingValue, code: CommandCode, now: datetime
    ) -> str | None:
        if budget.is_exempt(lever, new, code):
            return None
        title = self._titles.get(lever.device, lever.device)
        name = f"{lever.setting.value} ({title})" if title else lever.setting.value
        return budget.refusal(self.count(now), lever, name)

    # The records

    def _new_record(  # noqa: PLR0913  # what a command is
        self,
        cause: _Cause,
        lever: Lever,
        *,
        before: SettingValue,
        wanted: SettingValue,
        outcome: WriteOutcome,
        detail: str = "",
    ) -> CommandRecord:
        record = CommandRecord(
            at=self._unused_instant(lever),
            lever=lever,
            stage=cause.stage,
            before=before,
            wanted=wanted,
            accepted=None,
            outcome=outcome,
            reason=cause.reason,
            detail=detail,
        )
        self._last[lever] = record
        self._store.write_command(record)
        return record

    def _unused_instant(self, lever: Lever) -> datetime:
        """Return now, or just after the last command of the lever: a record is known by both."""
        now, last = self._now(), self._last.get(lever)
        if last is None or not timedelta(0) <= last.at - now < _SAME_INSTANT:
            return now
        return last.at + _NEXT_INSTANT

    def _update(self, record: CommandRecord) -> None:
        """Keep what is known now of the last command that was sent to its lever."""
        lever = record.lever
        self._watched[lever] = replace(self._watched[lever], record=record)
        # A refusal may have come since.
        if self._last[lever].at == record.at:
            self._last[lever] = record
        if budget.is_change(record) and not self._is_counted(record):
            change = Change(at=record.at, lever=lever)
            self._changes = (*self._changes, change)[-_MOST_CHANGES:]
        self._store.write_command(record)

    def _is_counted(self, record: CommandRecord) -> bool:
        return any(
            (change.at, change.lever) == (record.at, record.lever) for change in self._changes
        )

    def _recall(self, now: datetime) -> None:
        """Take in what an earlier run sent, once the clock can be right."""
        if self._has_recalled or now < EARLIEST_PLAUSIBLE_NOW:
            return
        self._has_recalled = True
        last: dict[Lever, CommandRecord] = {}
        watched: dict[Lever, Watched] = {}
        changes: list[Change] = []
        for record in self._store.read_commands(now - _RECALLED, now + _AHEAD):
            last[record.lever] = record
            if confirmation.was_sent(record):
                watched[record.lever] = Watched(record=record, since=record.at, is_recalled=True)
            if budget.is_change(record):
                changes.append(Change(at=record.at, lever=record.lever))
        self._last = last | self._last
        self._watched = watched | self._watched
        self._changes = (*changes, *self._changes)[-_MOST_CHANGES:]
