"""What became of a command, by what evcc shows after it; and when it may be sent again. Pure.

evcc's answer is not believed: a command is ``sent`` until a later reading shows it. One that is
not shown is neither repeated blindly nor forgotten.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.control import CommandRecord, EvccSetting, SettingValue
from domain.levers import Unknown, is_same_value, value_in
from domain.site import SiteSnapshot
from domain.steering import WriteOutcome

UNANSWERED = "no answer, or refused"
SUPERSEDED = "superseded"
RESTARTED = "restarted"

# evcc acts in its next cycle and shows it in the one after; a slow device delays both.
_LEAST_WAIT_S = 60.0
_CYCLES_TO_WAIT = 2
_READINGS_TO_MISS = 2
_LONGEST_WAIT = timedelta(seconds=150)
_PAUSES = {
    WriteOutcome.NOT_CONFIRMED: timedelta(minutes=15),
    WriteOutcome.FAILED: timedelta(minutes=1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The last command that was sent to a lever, and what the readings since then show.

    ``since`` is when it was sent by the clock as it goes now. ``is_recalled``: an earlier run of
    SmartLoad sent it, and what happened in between is not known.
    """

    record: CommandRecord
    since: datetime
    missed_at: datetime | None = None
    n_missed: int = 0
    is_recalled: bool = False


def look_again(watched: Watched, site: SiteSnapshot, now: datetime) -> Watched:
    """Return what a reading tells of a command.

    Shown, it is confirmed, however late; also one whose answer was lost, but that soon. Not shown
    in two readings that had the time to show it, it is not confirmed. A reading from before the
    command, or one that does not say what the lever holds, tells nothing.
    """
    record = watched.record
    if now < watched.since:
        # The clock was set back: how long it has been is not known, so the waiting begins anew.
        return replace(watched, since=now, missed_at=None, n_missed=0)
    if not _is_open(record) or site.read_at <= watched.since:
        return watched
    is_shown = _shows(site, record)
    if is_shown is None:
        return watched
    wait = timedelta(seconds=max(_LEAST_WAIT_S, _CYCLES_TO_WAIT * site.interval_s))
    age = site.read_at - watched.since
    if not is_shown:
        return _missed(watched, site.read_at, now, had_time=age >= wait)
    if record.outcome is WriteOutcome.FAILED and age > wait:
        return watched
    return replace(watched, record=_confirmed(record, now))


def _missed(watched: Watched, read_at: datetime, now: datetime, *, had_time: bool) -> Watched:
    """Return what it tells that a reading does not show a command."""
    record = watched.record
    if record.outcome is not WriteOutcome.SENT:
        return watched
    if watched.is_recalled:
        return replace(watched, record=replace(record, settled_at=now, detail=RESTARTED))
    if not had_time or read_at == watched.missed_at:
        return watched
    watched = replace(watched, missed_at=read_at, n_missed=watched.n_missed + 1)
    if watched.n_missed < _READINGS_TO_MISS:
        return watched
    given_up = replace(record, outcome=WriteOutcome.NOT_CONFIRMED, settled_at=now)
    return replace(watched, record=given_up)


def superseded(record: CommandRecord, now: datetime) -> CommandRecord:
    """Return what is left of a command when a newer one goes to its lever."""
    if not is_waiting(record):
        return record
    return replace(record, settled_at=now, detail=SUPERSEDED)


def is_waiting(record: CommandRecord) -> bool:
    """Return whether evcc took it and no reading has told more yet."""
    return record.outcome is WriteOutcome.SENT and record.settled_at is None


def was_sent(record: CommandRecord) -> bool:
    """Return whether it went to evcc, whatever came of it."""
    return record.outcome not in {WriteOutcome.REFUSED, WriteOutcome.SIMULATED}


def may_repeat(last: CommandRecord | None, value: SettingValue, now: datetime) -> bool:
    """Return whether ``value`` may be sent to a lever whose last command was ``last``.

    What no reading has shown yet waits until one could, what was not confirmed for a quarter of an
    hour, what failed for a minute. The buffer
    is decided each quarter hour, which is pause enough. A clock that was set back makes no pause
    longer.
    """
    if last is None or last.lever.setting is EvccSetting.BUFFER_SOC:
        return True
    pause = _LONGEST_WAIT if is_waiting(last) else _PAUSES.get(last.outcome)
    if pause is None or not is_same_value(last.wanted, value):
        return True
    return not timedelta(0) <= now - last.at < pause


def _is_open(record: CommandRecord) -> bool:
    """Return whether a reading could still change what is known of it."""
    return is_waiting(record) or record.outcome in _PAUSES


def _confirmed(record: CommandRecord, now: datetime) -> CommandRecord:
    is_answered = record.outcome is not WriteOutcome.FAILED
    return replace(
        record,
        accepted=record.accepted if is_answered else record.wanted,
        outcome=WriteOutcome.CONFIRMED,
        detail="",
        settled_at=now,
    )


def _shows(site: SiteSnapshot, record: CommandRecord) -> bool | None:
    """Return whether the lever holds what was commanded; None: the reading does not say."""
    if record.lever.setting is EvccSetting.BATTERY_MODE and record.wanted is not None:
        # What is imposed is only our own word again; what is in force came back from the devices.
        return None if site.battery is None else site.battery.mode.value == record.wanted
    held = value_in(site, record.lever)
    if isinstance(held, Unknown):
        return None
    is_answered = record.outcome is not WriteOutcome.FAILED
    return is_same_value(held, record.accepted if is_answered else record.wanted)
