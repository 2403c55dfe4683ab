"""What SmartLoad changes in evcc: whose value it was, who has the say now, how it is given back.

The controller guards every write: it remembers the owner's own value on disk before the first
change, refuses while the owner (or a wrong configuration) has the say, and hands the value back
on stop, on request and when observing again. A value that evcc holds without our doing is the
owner's hand, unless evcc was away in between: then evcc has lost it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import TypeVar

from domain.control import ControlStatus, EvccSetting, InCharge, OwnerHold, Ownership
from domain.ports import SettingWriter
from domain.site import SocSettings
from errors import SourceError, WriteRefusedError
from persistence import StateFile, parse_known_instant, parse_number

CONTROL_VERSION = 1
SAME_PCT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingWrite:
    """A change on its way: until evcc answers it may hold either value [%]."""

    setting: EvccSetting
    old_pct: float
    new_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The persisted part: what we changed, what the owner holds, whether they took evcc back."""

    owned: tuple[Ownership, ...] = ()
    holds: tuple[OwnerHold, ...] = ()
    pending: tuple[PendingWrite, ...] = ()
    released: bool = False


EntryT = TypeVar("EntryT", Ownership, OwnerHold, PendingWrite)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a reading of evcc means: the new state, and the buffer if it is not what we thought."""

    held: Held
    foreign_pct: float | None = None


def end_of_local_day(now: datetime, zone: tzinfo) -> datetime:
    """Return the next local midnight."""
    local = now.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return (midnight + timedelta(days=1)).replace(tzinfo=zone).astimezone(now.tzinfo)


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferReading:
    """evcc's ``bufferSoc`` [%] in a reading, and what is known about the time before it.

    ``previous_pct`` is None when this is the first since SmartLoad started;
    ``was_interrupted`` says that evcc was away since then.
    """

    at: datetime
    buffer_pct: float
    previous_pct: float | None
    was_interrupted: bool
    is_live: bool


def judge_reading(held: Held, reading: BufferReading, *, hold_until: datetime) -> Verdict:
    """Decide who put evcc's ``bufferSoc`` where it is.

    Returns:
        The new state, with the owner's hand held until ``hold_until`` where it was theirs.
        ``foreign_pct`` is set when the value is not one that we put there.
    """
    buffer = EvccSetting.BUFFER_SOC
    pending = _of(held.pending, buffer)
    held = replace(
        held,
        # A clock that was set back would otherwise stretch a hold far beyond the next midnight.
        holds=tuple(
            replace(hold, until=min(hold.until, hold_until))
            for hold in held.holds
            if hold.until > reading.at
        ),
        pending=_without(held.pending, buffer),
    )
    ours = _of(held.owned, buffer)
    expected_pct = reading.previous_pct if ours is None else ours.ours_pct
    as_found = Verdict(held=_with_ours(held, buffer, reading.buffer_pct))
    foreign = replace(as_found, foreign_pct=reading.buffer_pct)
    if expected_pct is None:
        return foreign
    if pending is None and _is_same(reading.buffer_pct, expected_pct):
        return as_found
    # A write whose answer was lost has taken effect, or has not: neither is a hand.
    is_unanswered = pending is not None and _is_one_of(
        reading.buffer_pct, pending.old_pct, pending.new_pct
    )
    # evcc was away and came back with another value: it lost ours. What it lost it to may be an
    # earlier one of ours, so the owner's own value is still the one we remember.
    is_lost = reading.previous_pct is not None and reading.was_interrupted
    is_back_since_we_ended = (
        reading.previous_pct is None
        and ours is not None
        and _is_same(reading.buffer_pct, ours.owner_pct)
    )
    if is_unanswered or is_lost or is_back_since_we_ended:
        return foreign
    held = replace(held, owned=_without(held.owned, buffer))
    if not reading.is_live:
        return replace(foreign, held=held)
    hold = OwnerHold(
        setting=buffer, owner_pct=reading.buffer_pct, since=reading.at, until=hold_until
    )
    return replace(foreign, held=replace(held, holds=(*_without(held.holds, buffer), hold)))


def _with_ours(held: Held, setting: EvccSetting, pct: float) -> Held:
    """Note that evcc holds ``pct`` by our doing; at the owner's own value nothing is owed."""
    owned = _of(held.owned, setting)
    if owned is None:
        return held
    others = _without(held.owned, setting)
    if _is_same(pct, owned.owner_pct):
        return replace(held, owned=others)
    return replace(held, owned=(*others, replace(owned, ours_pct=pct)))


def _is_same(one_pct: float, other_pct: float) -> bool:
    return abs(one_pct - other_pct) <= SAME_PCT


def _is_one_of(pct: float, *others_pct: float) -> bool:
    return any(_is_same(pct, other_pct) for other_pct in others_pct)


def _of(entries: tuple[EntryT, ...], setting: EvccSetting) -> EntryT | None:
    return next((entry for entry in entries if entry.setting is setting), None)


def _without(entries: tuple[EntryT, ...], setting: EvccSetting) -> tuple[EntryT, ...]:
    return tuple(entry for entry in entries if entry.setting is not setting)


class Controller:
    """Guards SmartLoad's writes to evcc; belongs to the cycle's thread."""

    def __init__(
        self, path: Path, now: Callable[[], datetime], zone: tzinfo, *, may_write: bool = True
    ) -> None:
        """Load what an earlier run still owed the owner.

        Args:
            path: State file, written before the first change of a setting.
            now: Returns the current aware instant.
            zone: The home's zone; the owner's hand is lifted at its midnight.
            may_write: False when a wrong configuration lets SmartLoad only observe.
        """
        self._now = now
        self._zone = zone
        self._may_write = may_write
        self._file = StateFile(lambda: path, version=CONTROL_VERSION)
        self._held = self._file.load(_parse_held, now()) or Held()
        self._last_pct: float | None = None
        self._was_interrupted = False
        self._handing_back = False
        # Becomes true with the support of cars from the home battery; the buffer then pauses.
        self._bat_to_ev_active = False

    @property
    def owned(self) -> tuple[Ownership, ...]:
        """The settings that hold our value instead of the owner's."""
        return self._held.owned

    @property
    def has_say(self) -> bool:
        """Whether SmartLoad may change evcc at all: not released, and the options are right."""
        return self._may_write and not self._held.released

    @property
    def state_file(self) -> StateFile:
        """Where the state is kept, with what was wrong with it."""
        return self._file

    @property
    def can_save(self) -> bool:
        """Whether the last attempt to persist succeeded."""
        return self._file.save_problem is None

    def use_time_zone(self, zone: tzinfo) -> None:
        """Use the home's zone that evcc told."""
        self._zone = zone

    # -- readings ----------------------------------------------------------------------------

    def evcc_went_away(self) -> None:
        """Note that evcc could not be read: what changes until it is back is not a hand."""
        self._was_interrupted = True

    def note_reading(
        self, settings: SocSettings | None, *, is_live: bool, now: datetime
    ) -> float | None:
        """Take in evcc's settings; return the buffer [%] when somebody else put it there."""
        if settings is None or settings.buffer_soc_pct is None:
            return None
        verdict = judge_reading(
            self._held,
            BufferReading(
                at=now,
                buffer_pct=settings.buffer_soc_pct,
                previous_pct=self._last_pct,
                was_interrupted=self._was_interrupted,
                is_live=is_live,
            ),
            hold_until=end_of_local_day(now, self._zone),
        )
        self._last_pct = settings.buffer_soc_pct
        self._was_interrupted = False
        self._keep(verdict.held)
        return verdict.foreign_pct

    # -- the guard of every write ------------------------------------------------------------

    def before_write(self, setting: EvccSetting, old_pct: float, new_pct: float) -> None:
        """Remember the owner's value, or refuse.

        Raises:
            WriteRefusedError: The owner has the say, SmartLoad only observes, or the owner's
                value could not be put on disk first.
        """
        if not self._handing_back:
            self._check_allowed(setting)
        before = self._held
        pending = PendingWrite(setting=setting, old_pct=old_pct, new_pct=new_pct)
        held = replace(before, pending=(*_without(before.pending, setting), pending))
        is_first = _of(before.owned, setting) is None
        if is_first:
            ownership = Ownership(
                setting=setting, owner_pct=old_pct, ours_pct=new_pct, since=self._now()
            )
            held = replace(held, owned=(*before.owned, ownership))
        self._keep(held)
        if is_first and not self.can_save:
            self._keep(before)
            raise WriteRefusedError(
                "dein eigener Wert konnte nicht gesichert werden (Speicher nicht beschreibbar)"
            )

    def _check_allowed(self, setting: EvccSetting) -> None:
        if not self._may_write:
            raise WriteRefusedError("die Konfiguration ist fehlerhaft, SmartLoad beobachtet nur")
        if self._held.released:
            raise WriteRefusedError("die Steuerung wurde zurückgegeben")
        hold = self._hold_on(setting)
        if hold is not None:
            until = hold.until.astimezone(self._zone)
            raise WriteRefusedError(
                f"in evcc von Hand auf {hold.owner_pct:g}% gestellt, gilt bis {until:%d.%m. %H:%M}"
            )

    def after_write(self, setting: EvccSetting, accepted_pct: float) -> None:
        """Note what evcc accepted; at the owner's own value nothing is owed any more."""
        if setting is EvccSetting.BUFFER_SOC:
            self._last_pct = accepted_pct
        held = replace(self._held, pending=_without(self._held.pending, setting))
        self._keep(_with_ours(held, setting, accepted_pct))

    def _hold_on(self, setting: EvccSetting) -> OwnerHold | None:
        hold = _of(self._held.holds, setting)
        return None if hold is None or hold.until <= self._now() else hold

    # -- giving back -------------------------------------------------------------------------

    def hand_back(self, evcc: SettingWriter) -> tuple[Ownership, ...]:
        """Put the owner's values back; return what could not be given back now.

        A value that somebody moved meanwhile stays theirs. What fails (evcc away) stays on
        disk and is given back, or taken on, after the next start.
        """
        kept: list[Ownership] = []
        for ownership in self._held.owned:
            if self._was_moved(ownership):
                continue
            self._handing_back = True
            try:
                evcc.write_setting(ownership.setting, ownership.owner_pct)
            except (SourceError, WriteRefusedError):
                kept.append(ownership)
            finally:
                self._handing_back = False
        self._keep(replace(self._held, owned=tuple(kept)))
        return tuple(kept)

    def _was_moved(self, ownership: Ownership) -> bool:
        is_unanswered = _of(self._held.pending, ownership.setting) is not None
        if ownership.setting is not EvccSetting.BUFFER_SOC or is_unanswered:
            return False
        if self._last_pct is None:
            return False
        return not _is_same(self._last_pct, ownership.ours_pct)

    def release(self) -> None:
        """Write nothing more until ``resume``; survives a restart."""
        self._keep(replace(self._held, released=True))

    def resume(self) -> None:
        """Take the wheel again: the owner said so, which also ends their hold."""
        self._keep(replace(self._held, released=False, holds=()))

    # -- what is shown -----------------------------------------------------------------------

    def status(
        self,
        *,
        is_live: bool,
        observation_ends_at: datetime | None,
        is_degraded: bool,
        evcc_is_automatic: bool,
    ) -> ControlStatus:
        """Return who decides the buffer, and until when."""
        hold = self._hold_on(EvccSetting.BUFFER_SOC)
        until: datetime | None = None
        if evcc_is_automatic:
            in_charge = InCharge.EVCC_AUTOMATIC
        elif self._held.released:
            in_charge = InCharge.RELEASED
        elif is_degraded or not self._may_write:
            in_charge = InCharge.DEGRADED
        elif not is_live:
            in_charge, until = InCharge.OBSERVING, observation_ends_at
        elif hold is not None:
            in_charge, until = InCharge.OWNER, hold.until
        else:
            in_charge = InCharge.LIVE
        return ControlStatus(in_charge=in_charge, until=until, owned=self._held.owned)

    # -- persistence -------------------------------------------------------------------------

    def _keep(self, held: Held) -> None:
        """Take on ``held`` and put it on disk, again and again while the disk does not take it."""
        if held == self._held and self.can_save:
            return
        self._held = held
        self._file.save(_serialise(held))


def _serialise(held: Held) -> str:
    return json.dumps(
        {
            "version": CONTROL_VERSION,
            "released": held.released,
            "owned": [
                {
                    "setting": owned.setting.value,
                    "owner_pct": owned.owner_pct,
                    "ours_pct": owned.ours_pct,
                    "since": owned.since.isoformat(),
                }
                for owned in held.owned
            ],
            "pending": [
                {
                    "setting": pending.setting.value,
                    "old_pct": pending.old_pct,
                    "new_pct": pending.new_pct,
                }
                for pending in held.pending
            ],
            "holds": [
                {
                    "setting": hold.setting.value,
                    "owner_pct": hold.owner_pct,
                    "since": hold.since.isoformat(),
                    "until": hold.until.isoformat(),
                }
                for hold in held.holds
            ],
        },
        allow_nan=False,
    )


def _parse_held(raw: dict[str, object]) -> Held:
    """Check a state file; raises ValueError, TypeError or KeyError when it is not as written."""
    return Held(
        released=raw["released"] is True,
        owned=tuple(
            Ownership(
                setting=EvccSetting(str(entry["setting"])),
                owner_pct=parse_number(entry["owner_pct"]),
                ours_pct=parse_number(entry["ours_pct"]),
                since=parse_known_instant(entry["since"]),
            )
            for entry in _entries(raw["owned"])
        ),
        pending=tuple(
            PendingWrite(
                setting=EvccSetting(str(entry["setting"])),
                old_pct=parse_number(entry["old_pct"]),
                new_pct=parse_number(entry["new_pct"]),
            )
            for entry in _entries(raw.get("pending", []))
        ),
        holds=tuple(
            OwnerHold(
                setting=EvccSetting(str(entry["setting"])),
                owner_pct=parse_number(entry["owner_pct"]),
                since=parse_known_instant(entry["since"]),
                until=parse_known_instant(entry["until"]),
            )
            for entry in _entries(raw["holds"])
        ),
    )


def _entries(value: object) -> list[dict[str, object]]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise TypeError(f"{value!r} is not a list of objects")
    return value
