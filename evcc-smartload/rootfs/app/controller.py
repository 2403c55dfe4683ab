"""What SmartLoad changes in evcc: whose value it was, who has the say now, how it is given back.

The controller guards every write: it remembers the owner's own value on disk before the first
change, refuses while the owner (or evcc's automatic mode, or a wrong configuration) has the say,
and hands the value back when it is no longer needed, on stop, on request and when observing again.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from control.hands import (
    Look,
    came_or_went,
    end_of_local_day,
    hold_for,
    judge,
    levers_of,
    lifted,
    modes_changed,
    stage_of,
    with_ours,
)
from control.held import (
    CONTROL_VERSION,
    FORMER_VERSION,
    Held,
    LiveStage,
    PendingWrite,
    of_lever,
    parse_held,
    replaced,
    serialise,
    without,
)
from domain.control import (
    BATTERY_MODE,
    BUFFER,
    ControlStatus,
    EvccSetting,
    HoldEnd,
    InCharge,
    Lever,
    OwnerHold,
    Ownership,
    SettingValue,
)
from domain.levers import UNKNOWN, Unknown, is_same_value, loadpoint_of, value_in, with_value
from domain.ports import SettingWriter
from domain.site import BatteryMode, SiteSnapshot
from domain.steering import Override, OverrideKind, Stage, StageMode
from errors import EvccUnavailableError, SourceError, WriteRefusedError
from persistence import StateFile, UnkeptFile

# No override is meant to last longer; a clock that was set back must not make one endless.
LONGEST_OVERRIDE = timedelta(days=61)


class Controller:
    """Guards SmartLoad's writes to evcc; belongs to the cycle's thread."""

    def __init__(
        self,
        path: Path | None,
        now: Callable[[], datetime],
        zone: tzinfo,
        *,
        may_write: bool = True,
        hold_ends: HoldEnd | None = None,
    ) -> None:
        """Load what an earlier run still owed the owner.

        Args:
            path: State file, written before the first change of a setting; None keeps nothing.
            now: Returns the current aware instant.
            zone: The home's zone; the owner's hand is lifted at its midnight.
            may_write: False when a wrong configuration lets SmartLoad only observe.
            hold_ends: How long a setting that the owner changed stays theirs; None: a charging
                point's until the car leaves, all others until midnight.
        """
        self._now = now
        self._zone = zone
        self._may_write = may_write
        self._hold_ends = hold_ends
        self._file = (
            UnkeptFile()
            if path is None
            else StateFile(
                lambda: path, version=CONTROL_VERSION, former=frozenset({FORMER_VERSION})
            )
        )
        self._held = self._file.load(parse_held, now()) or Held()
        self._last: SiteSnapshot | None = None
        self._was_interrupted = False
        self._mode_may_have_stuck = False
        # What evcc held before a write to a charging point that no reading has shown yet.
        self._unseen: dict[Lever, SettingValue] = {}
        self._has_begun = False
        self._handing_back = False
        # True exactly while the home battery helps a car; the buffer step then pauses.
        self._bat_to_ev_active = False

    # -- what holds --------------------------------------------------------------------------

    @property
    def owned(self) -> tuple[Ownership, ...]:
        """The settings that hold our value instead of the owner's, oldest first."""
        return self._held.owned

    @property
    def holds(self) -> tuple[OwnerHold, ...]:
        """The settings that are in the owner's hand."""
        return self._held.holds

    @property
    def released(self) -> bool:
        """Whether the owner wants SmartLoad to observe everything."""
        return self._held.released

    @property
    def automatic_since(self) -> datetime | None:
        """Since when evcc's own automatic mode has the say; until somebody asks us to take over."""
        return self._held.automatic_since

    @property
    def has_say(self) -> bool:
        """Whether SmartLoad may change evcc at all."""
        held = self._held
        return self._may_write and not held.released and held.automatic_since is None

    @property
    def has_begun(self) -> bool:
        """Whether the first cycle, which only looks, is over."""
        return self._has_begun

    @property
    def may_write(self) -> bool:
        """Whether the options are right."""
        return self._may_write

    @property
    def bat_to_ev_active(self) -> bool:
        """Whether the home battery helps a car, for real."""
        return self._bat_to_ev_active

    @property
    def state_file(self) -> StateFile:
        """Where the state is kept, with what was wrong with it."""
        return self._file

    @property
    def can_save(self) -> bool:
        """Whether the last attempt to persist succeeded."""
        return self._file.save_problem is None

    def owned_value(self, lever: Lever) -> SettingValue | Unknown:
        """Return our value of a setting; UNKNOWN where it holds the owner's."""
        owned = of_lever(self._held.owned, lever)
        return UNKNOWN if owned is None else owned.ours

    def hold_on(self, lever: Lever) -> OwnerHold | None:
        """Return the owner's hand on a setting, if it is there."""
        hold = of_lever(self._held.holds, lever)
        return None if hold is None or (hold.until and hold.until <= self._now()) else hold

    def as_owner_has_it(self, site: SiteSnapshot) -> SiteSnapshot:
        """Return a reading with the owner's values in place of ours."""
        for owned in self._held.owned:
            site = with_value(site, owned.lever, owned.owner)
        return site

    def use_time_zone(self, zone: tzinfo) -> None:
        """Use the home's zone that evcc told."""
        self._zone = zone

    def begin(self) -> None:
        """The first cycle, which adopts what is there, is over: from now on writes go out."""
        self._has_begun = True

    def set_bat_to_ev(self, *, active: bool) -> None:
        """Note whether the home battery helps a car, for real."""
        self._bat_to_ev_active = active

    # -- stages ------------------------------------------------------------------------------

    def live_since(self, stage: Stage) -> datetime | None:
        """Return since when the owner lets ``stage`` act; None while it observes.

        The buffer's observation is its own; it is not asked here.
        """
        return next((live.since for live in self._held.live if live.stage is stage), None)

    def set_stage(self, stage: Stage, mode: StageMode) -> None:
        """Let ``stage`` act or observe; survives a restart."""
        if (self.live_since(stage) is not None) == (mode is StageMode.LIVE):
            return
        others = tuple(live for live in self._held.live if live.stage is not stage)
        if mode is StageMode.LIVE:
            others = (*others, LiveStage(stage=stage, since=self._now()))
        self._keep(replace(self._held, live=others))

    # -- overrides ---------------------------------------------------------------------------

    def overrides(self, now: datetime) -> tuple[Override, ...]:
        """Return what the owner asked for and has not ended yet."""
        return tuple(one for one in self._held.overrides if now < one.until)

    def start_override(self, override: Override) -> None:
        """Take on a wish that ends by itself; what the owner asks for here ends their hold."""
        holds = without(
            self._held.holds, Lever(setting=EvccSetting.CHARGE_MODE, device=override.device)
        )
        self._keep(replaced(replace(self._held, holds=holds), override))

    def end_override(self, kind: OverrideKind, device: str = "") -> None:
        """End such a wish before its time."""
        left = tuple(
            one for one in self._held.overrides if (one.kind, one.device) != (kind, device)
        )
        self._keep(replace(self._held, overrides=left))

    def _lapse_overrides(self, site: SiteSnapshot, now: datetime) -> Held:
        """Return the state without overrides that are over, or whose car has left.

        What seems to begin in the future, or to last for months, is of a clock that was set back.
        """
        left = []
        for told in self._held.overrides:
            one = told
            if told.since > now:
                one = replace(told, since=now, until=now + (told.until - told.since))
            if one.until <= now or one.until - now > LONGEST_OVERRIDE:
                continue
            loadpoint = loadpoint_of(site, one.device) if one.device else None
            is_gone = one.kind is OverrideKind.CHARGE_NOW and (
                loadpoint is None or not loadpoint.connected
            )
            if not is_gone:
                left.append(one)
        return replace(self._held, overrides=tuple(left))

    # -- readings ----------------------------------------------------------------------------

    def evcc_went_away(self) -> None:
        """Note that evcc did not answer: what changes until it is back is not a hand."""
        self._was_interrupted = True

    def note_reading(
        self, site: SiteSnapshot, *, live: frozenset[Stage], now: datetime
    ) -> float | None:
        """Take in evcc's settings; return the buffer [%] when somebody else put it there.

        Args:
            site: The reading.
            live: The stages that act; elsewhere a change is adopted, not respected as a hand.
            now: When this is.
        """
        midnight = end_of_local_day(now, self._zone)
        held = lifted(self._lapse_overrides(site, now), site, now, midnight)
        if site.automatic_mode and held.automatic_since is None:
            held = replace(held, automatic_since=now)
        has_say = self._may_write and not held.released and held.automatic_since is None
        moved, switched = came_or_went(self._last, site), modes_changed(self._last, site)
        foreign_pct: float | None = None
        for lever in levers_of(site):
            value = value_in(site, lever)
            if isinstance(value, Unknown):
                continue
            look = Look(
                lever=lever,
                at=now,
                value=value,
                previous=UNKNOWN if self._last is None else value_in(self._last, lever),
                was_interrupted=self._was_interrupted,
                # A boost ends with the mode it was begun in.
                is_evccs_doing=lever.device in moved
                or (lever.setting is EvccSetting.BATTERY_BOOST and lever.device in switched),
                before_ours=self._unseen.get(lever, UNKNOWN),
                is_live=stage_of(lever) in live and has_say,
            )
            verdict = judge(held, look, hold_for(look, self._hold_ends, site, midnight))
            held = verdict.held
            ours = of_lever(held.owned, lever)
            if ours is None or is_same_value(value, ours.ours):
                self._unseen.pop(lever, None)
            if verdict.is_foreign and lever == BUFFER and isinstance(value, float | int):
                foreign_pct = float(value)
        # An evcc that has just started does not tell of its batteries at all.
        is_gone = value_in(site, BATTERY_MODE) in {None, UNKNOWN}
        if is_gone and site.automatic_mode:
            # It commands the batteries itself now.
            held = replace(held, owned=without(held.owned, BATTERY_MODE))
        is_owned = of_lever(held.owned, BATTERY_MODE) is not None
        self._mode_may_have_stuck = is_owned and is_gone
        self._last = site
        self._was_interrupted = False
        self._keep(held)
        return foreign_pct

    @property
    def mode_may_have_stuck(self) -> bool:
        """Whether an inverter may still be in a mode that we imposed and evcc has forgotten.

        evcc sets it back when ours lapses; one that was restarted meanwhile, however quickly, knows
        of none.
        """
        return self._mode_may_have_stuck

    # -- the guard of every write ------------------------------------------------------------

    def before_write(self, lever: Lever, old: SettingValue, new: SettingValue) -> None:
        """Remember the owner's value, or refuse.

        Raises:
            WriteRefusedError: The owner has the say, SmartLoad only observes or has just started,
                or the owner's value could not be put on disk first.
        """
        if not self._handing_back:
            self._check_allowed(lever)
        before = self._held
        pending = PendingWrite(lever=lever, old=old, new=new)
        held = replace(before, pending=(*without(before.pending, lever), pending))
        is_first = of_lever(before.owned, lever) is None and not self._handing_back
        if is_first:
            ownership = Ownership(lever=lever, owner=old, ours=new, since=self._now())
            held = replace(held, owned=(*before.owned, ownership))
        self._keep(held)
        if is_first and not self.can_save:
            self._keep(before)
            raise WriteRefusedError(
                "dein eigener Wert konnte nicht gesichert werden (Speicher nicht beschreibbar)"
            )

    def _check_allowed(self, lever: Lever) -> None:
        if not self._has_begun:
            raise WriteRefusedError("SmartLoad ist gerade gestartet und sieht erst nur zu")
        if not self._may_write:
            raise WriteRefusedError("die Konfiguration ist fehlerhaft, SmartLoad beobachtet nur")
        if self._held.released:
            raise WriteRefusedError("die Steuerung wurde zurückgegeben")
        if self._held.automatic_since is not None:
            raise WriteRefusedError("evcc steuert selbst (automatischer Modus)")
        hold = self.hold_on(lever)
        if hold is not None:
            raise WriteRefusedError(self._told(hold))

    def _told(self, hold: OwnerHold) -> str:
        shown = _in_words(hold.owner)
        if hold.lever.setting in {EvccSetting.BUFFER_SOC, EvccSetting.BATTERY_BOOST_LIMIT}:
            shown += "%"
        match hold.ends:
            case HoldEnd.WHEN_GONE:
                return f"jemand anderes gibt in evcc den Batteriemodus {shown} vor"
            case HoldEnd.CAR_LEAVES:
                return f"in evcc von Hand auf {shown} gestellt, gilt, bis das Auto abfährt"
            case HoldEnd.RESUME:
                return f"in evcc von Hand auf {shown} gestellt, gilt, bis du übergibst"
            case HoldEnd.MIDNIGHT:
                until = (hold.until or self._now()).astimezone(self._zone)
                return f"in evcc von Hand auf {shown} gestellt, gilt bis {until:%d.%m. %H:%M}"

    def after_write(self, lever: Lever, accepted: SettingValue) -> None:
        """Note what evcc accepted; at the owner's own value nothing is owed any more."""
        if self._last is not None:
            self._last = with_value(self._last, lever, accepted)
        if lever == BATTERY_MODE:
            self._mode_may_have_stuck = False
        pending = of_lever(self._held.pending, lever)
        if pending is not None and lever.device:
            self._unseen[lever] = pending.old
        held = replace(self._held, pending=without(self._held.pending, lever))
        self._keep(with_ours(held, lever, accepted))

    # -- giving back -------------------------------------------------------------------------

    def hand_back(
        self, evcc: SettingWriter, levers: Iterable[Lever] | None = None
    ) -> tuple[Ownership, ...]:
        """Put the owner's values back, the newest first; return what could not be given back now.

        A value that somebody moved meanwhile stays theirs. What fails (evcc away) stays on
        disk and is given back, or taken on, after the next start.

        Args:
            evcc: Who writes them.
            levers: Only these; None: all.
        """
        asked = None if levers is None else set(levers)
        owed = [one for one in self._held.owned if asked is None or one.lever in asked]
        kept: list[Ownership] = []
        for ownership in reversed(owed):
            if not self._was_moved(ownership) and not self._gave_back(evcc, ownership):
                kept.append(ownership)
                continue
            self._keep(replace(self._held, owned=without(self._held.owned, ownership.lever)))
        return tuple(kept)

    def _gave_back(self, evcc: SettingWriter, ownership: Ownership) -> bool:
        self._handing_back = True
        try:
            if ownership.lever == BATTERY_MODE and self._mode_may_have_stuck:
                # Only a mode that evcc knows of is set back to normal when it is released.
                evcc.write(BATTERY_MODE, BatteryMode.NORMAL.value)
            evcc.write(ownership.lever, ownership.owner)
        except EvccUnavailableError:
            self.evcc_went_away()
            return False
        except (SourceError, WriteRefusedError):
            return False
        finally:
            self._handing_back = False
        return True

    def _was_moved(self, ownership: Ownership) -> bool:
        """Whether the last reading shows that the value is not ours any more."""
        lever = ownership.lever
        is_unanswered = of_lever(self._held.pending, lever) is not None
        if is_unanswered or self._last is None:
            return False
        value = value_in(self._last, lever)
        if lever == BATTERY_MODE:
            return False
        if isinstance(value, Unknown):
            # The charging point is gone for now; its value is still owed.
            return False
        return not is_same_value(value, ownership.ours)

    def note_automatic(self, now: datetime) -> None:
        """Note that evcc's own automatic mode has refused a write: it has the say."""
        if self._held.automatic_since is None:
            self._keep(replace(self._held, automatic_since=now))

    def release(self) -> None:
        """Write nothing more until ``resume``; survives a restart."""
        self._keep(replace(self._held, released=True, overrides=()))

    def resume(self, *, evcc_is_automatic: bool = False) -> None:
        """Take the wheel again: the owner said so, which also ends their hold.

        Where evcc's own automatic mode is on, it keeps the say until it is switched off there.
        """
        since = self._held.automatic_since if evcc_is_automatic else None
        holds = tuple(one for one in self._held.holds if one.ends is HoldEnd.WHEN_GONE)
        self._keep(replace(self._held, released=False, holds=holds, automatic_since=since))

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
        hold = self.hold_on(BUFFER)
        until: datetime | None = None
        if evcc_is_automatic or self._held.automatic_since is not None:
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
        return ControlStatus(
            in_charge=in_charge,
            until=until,
            owned=self._held.owned,
            holds=self._held.holds,
            overrides=self.overrides(self._now()),
        )

    # -- persistence -------------------------------------------------------------------------

    def _keep(self, held: Held) -> None:
        """Take on ``held`` and put it on disk, again and again while the disk does not take it."""
        if held == self._held and self.can_save:
            return
        self._held = held
        self._file.save(serialise(held))


def _in_words(value: SettingValue) -> str:
    match value:
        case bool():
            return "an" if value else "aus"
        case float() | int():
            return f"{value:g}"
        case None:
            return "keinen Wert"
        case _:
            return value
