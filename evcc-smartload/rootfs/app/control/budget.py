"""How often evcc may be changed in a day: a bound against anything that goes in circles. Pure.

Each change is written to evcc's database, and some to devices that wear. Sending a battery mode
in force again is no change.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from domain.control import CommandRecord, EvccSetting, Lever, SettingValue
from domain.steering import CommandCode, WriteCount, WriteOutcome

MOST_PER_LEVER = 24
MOST_PER_DAY = 80

# What makes things safe, gives them back, or was asked for by hand goes out whatever was before.
_ALWAYS = frozenset(
    {
        CommandCode.HANDED_BACK,
        CommandCode.SAFE_NORMAL,
        CommandCode.FUSE_RELIEF,
        CommandCode.OWNER_ASKED,
    }
)
_CHANGES = frozenset({WriteOutcome.SENT, WriteOutcome.CONFIRMED, WriteOutcome.NOT_CONFIRMED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A command that evcc took.

    ``noticed_at`` is when ``at`` was first seen to lie in the future: the clock was set back.
    """

    at: datetime
    lever: Lever
    noticed_at: datetime | None = None


def is_change(record: CommandRecord) -> bool:
    """Return whether evcc took the command; what failed or never went out costs nothing."""
    return record.outcome in _CHANGES


def is_exempt(lever: Lever, new: SettingValue, code: CommandCode) -> bool:
    """Return whether a write goes out whatever the count; it is counted all the same."""
    return code in _ALWAYS or (lever.setting is EvccSetting.BATTERY_MODE and new is None)


def with_clock(changes: Sequence[Change], now: datetime) -> tuple[Change, ...]:
    """Return the changes, those that lie in the future noticed.

    They count on the day on which they were noticed: so a clock that is set back takes nothing
    off today's count, and what was done under a wrong date does not count day after day.
    """
    return tuple(
        replace(change, noticed_at=min(now, change.noticed_at or now))
        if change.at > now
        else change
        for change in changes
    )


def count_today(changes: Sequence[Change], now: datetime, zone: tzinfo) -> WriteCount:
    """Return how much was changed since the local midnight, the most changed lever first."""
    today = now.astimezone(zone).date()
    counts = Counter(
        change.lever
        for change in with_clock(changes, now)
        if _counts_at(change, now).astimezone(zone).date() == today
    )
    return WriteCount(
        n_today=counts.total(),
        most_per_day=MOST_PER_DAY,
        by_lever=tuple(
            (lever.setting.value, lever.device, n, MOST_PER_LEVER)
            for lever, n in counts.most_common()
        ),
    )


def refusal(count: WriteCount, lever: Lever, name: str) -> str | None:
    """Return why ``lever`` may not be changed any more today, in German; None: it may.

    Args:
        count: What was changed today.
        lever: What is to be changed.
        name: What the owner knows it by.
    """
    n_lever = next(
        (
            n
            for setting, device, n, _ in count.by_lever
            if (setting, device) == (lever.setting.value, lever.device)
        ),
        0,
    )
    if n_lever >= MOST_PER_LEVER:
        return f"heute schon {n_lever} Änderungen an {name}; morgen wieder"
    if count.n_today >= MOST_PER_DAY:
        return f"heute schon {count.n_today} Änderungen in evcc; morgen wieder"
    return None


def _counts_at(change: Change, now: datetime) -> datetime:
    return change.noticed_at if change.at > now and change.noticed_at else change.at
