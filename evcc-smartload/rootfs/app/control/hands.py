"""Who put a setting of evcc where it is: SmartLoad, evcc itself, or somebody's hand. Pure.

A value that evcc holds without our doing is the owner's hand, unless evcc was away in between
(then it has lost ours) or changes it by itself when a car comes or goes. An imposed battery mode
lapses after 60 s: that it is gone is nobody's hand, but another one is somebody else's.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from control.held import Held, of_lever, without
from domain.control import (
    SOC_SETTINGS,
    EvccSetting,
    HoldEnd,
    Lever,
    OwnerHold,
    Ownership,
    SettingValue,
)
from domain.levers import UNKNOWN, Unknown, is_same_value
from domain.site import Loadpoint, SiteSnapshot
from domain.steering import Stage

LOADPOINT_SETTINGS = (
    EvccSetting.CHARGE_MODE,
    EvccSetting.SMART_COST_LIMIT,
    EvccSetting.BATTERY_BOOST,
    EvccSetting.BATTERY_BOOST_LIMIT,
)
# What evcc itself changes when a car comes, goes or is recognised, or when a mode changes.
_EVCCS_OWN = frozenset({EvccSetting.CHARGE_MODE, EvccSetting.BATTERY_BOOST})


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A setting in a reading, and what is known of the time before it.

    ``previous`` is UNKNOWN when this is the first reading since SmartLoad started;
    ``was_interrupted`` says that evcc was away since the last one, ``is_evccs_doing`` that a car
    came, went or was recognised at that loadpoint since then.
    """

    lever: Lever
    at: datetime
    value: SettingValue
    previous: SettingValue | Unknown
    was_interrupted: bool
    is_evccs_doing: bool
    is_live: bool
    before_ours: SettingValue | Unknown = UNKNOWN
    """What evcc held before a write of ours that it took and no reading has shown yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a look means: the new state, and whether the value is not the one we put there."""

    held: Held
    is_foreign: bool = False


def stage_of(lever: Lever) -> Stage:
    """Return the stage that acts by this setting."""
    if lever.setting in SOC_SETTINGS:
        return Stage.BUFFER
    return Stage.CARS if lever.device else Stage.BATTERY


def levers_of(site: SiteSnapshot) -> tuple[Lever, ...]:
    """Return every setting that is watched."""
    found = [Lever(setting=EvccSetting.BUFFER_SOC), Lever(setting=EvccSetting.BATTERY_MODE)]
    found += [
        Lever(setting=setting, device=loadpoint.name)
        for loadpoint in site.loadpoints
        for setting in LOADPOINT_SETTINGS
    ]
    return tuple(found)


def came_or_went(before: SiteSnapshot | None, site: SiteSnapshot) -> frozenset[str]:
    """Return the loadpoints at which a car came, went or was recognised since ``before``."""
    if before is None:
        return frozenset()
    known = {one.name: _who(one) for one in before.loadpoints}
    return frozenset(
        one.name for one in site.loadpoints if one.name in known and known[one.name] != _who(one)
    )


def modes_changed(before: SiteSnapshot | None, site: SiteSnapshot) -> frozenset[str]:
    """Return the loadpoints whose charge mode is another one than in ``before``."""
    if before is None:
        return frozenset()
    known = {one.name: one.mode for one in before.loadpoints}
    return frozenset(
        one.name for one in site.loadpoints if known.get(one.name, one.mode) is not one.mode
    )


def _who(loadpoint: Loadpoint) -> tuple[bool, str | None]:
    return loadpoint.connected, loadpoint.vehicle_name


def judge(held: Held, look: Look, hold: OwnerHold) -> Verdict:
    """Decide who put a setting where it is.

    Args:
        held: What is known.
        look: The setting in this reading.
        hold: The hold that begins where it was a hand.
    """
    lever = look.lever
    pending = of_lever(held.pending, lever)
    held = replace(held, pending=without(held.pending, lever))
    ours = of_lever(held.owned, lever)
    if lever.setting is EvccSetting.BATTERY_MODE:
        return _judge_mode(held, look, hold, unanswered=None if pending is None else pending.new)
    expected = look.previous if ours is None else ours.ours
    as_found = Verdict(held=with_ours(held, lever, look.value))
    if isinstance(expected, Unknown):
        return replace(as_found, is_foreign=True)
    if pending is None and is_same_value(look.value, expected):
        return as_found
    # A write whose answer was lost has taken effect, or has not: neither is a hand.
    is_unanswered = pending is not None and (
        is_same_value(look.value, pending.old) or is_same_value(look.value, pending.new)
    )
    if is_unanswered or _has_other_cause(look, ours):
        return replace(as_found, is_foreign=True)
    return _moved(held, look, hold)


def _has_other_cause(look: Look, ours: Ownership | None) -> bool:
    """Whether the value can have changed without a hand: evcc was away, or we were."""
    if isinstance(look.previous, Unknown):
        return ours is not None and is_same_value(look.value, ours.owner)
    if not isinstance(look.before_ours, Unknown) and is_same_value(look.value, look.before_ours):
        return True  # it was never carried out
    # evcc was away and came back with another value: it lost ours. What it lost it to may be an
    # earlier one of ours, so the owner's own value is still the one we remember.
    return look.was_interrupted


def _moved(held: Held, look: Look, hold: OwnerHold) -> Verdict:
    """Return what follows from a value that is not ours: it is a hand where we would act."""
    lever = look.lever
    held = replace(held, owned=without(held.owned, lever))
    is_evccs_doing = look.is_evccs_doing and lever.setting in _EVCCS_OWN
    if look.is_live and not is_evccs_doing:
        held = replace(held, holds=(*without(held.holds, lever), hold))
    return Verdict(held=held, is_foreign=True)


def _judge_mode(held: Held, look: Look, hold: OwnerHold, *, unanswered: SettingValue) -> Verdict:
    """Decide who imposed the battery mode; ``unanswered`` is one of ours on its way."""
    lever = look.lever
    ours = of_lever(held.owned, lever)
    if look.value is None:
        # Nobody imposes one (any more): ours has lapsed or was released, a foreign one is gone.
        holds = tuple(
            one for one in held.holds if one.lever != lever or one.ends is not HoldEnd.WHEN_GONE
        )
        return Verdict(held=replace(held, holds=holds), is_foreign=False)
    known = [value for value in (None if ours is None else ours.ours, unanswered) if value]
    if any(is_same_value(look.value, value) for value in known):
        return Verdict(held=held)
    held = replace(held, owned=without(held.owned, lever))
    hold = replace(hold, ends=HoldEnd.WHEN_GONE, until=None)
    return Verdict(held=replace(held, holds=(*without(held.holds, lever), hold)), is_foreign=True)


def with_ours(held: Held, lever: Lever, value: SettingValue) -> Held:
    """Note that evcc holds ``value`` by our doing; at the owner's own value nothing is owed."""
    owned = of_lever(held.owned, lever)
    if owned is None:
        return held
    others = without(held.owned, lever)
    if is_same_value(value, owned.owner):
        return replace(held, owned=others)
    return replace(
        held,
        owned=tuple(replace(one, ours=value) if one.lever == lever else one for one in held.owned),
    )


def lifted(held: Held, site: SiteSnapshot, now: datetime, midnight: datetime) -> Held:
    """Return the state without the holds that are over.

    A clock that was set back would otherwise stretch a hold far beyond the next midnight.
    """
    gone = {one.name for one in site.loadpoints if not one.connected}
    holds = []
    for hold in held.holds:
        until = hold.until
        if hold.ends is HoldEnd.CAR_LEAVES and hold.lever.device in gone:
            continue
        if hold.ends is HoldEnd.MIDNIGHT:
            if until is None or until <= now:
                continue
            until = min(until, midnight)
        holds.append(replace(hold, until=until))
    return replace(held, holds=tuple(holds))


def hold_for(look: Look, wish: HoldEnd | None, site: SiteSnapshot, midnight: datetime) -> OwnerHold:
    """Return the hold that a hand on this setting begins.

    Args:
        look: The setting.
        wish: How long the owner wants it; None: until the car leaves or until midnight.
        site: The reading.
        midnight: The next local one.
    """
    device = look.lever.device
    is_connected = any(one.name == device and one.connected for one in site.loadpoints)
    ends = wish or (HoldEnd.CAR_LEAVES if is_connected else HoldEnd.MIDNIGHT)
    return OwnerHold(
        lever=look.lever,
        owner=look.value,
        since=look.at,
        ends=ends,
        until=midnight if ends is HoldEnd.MIDNIGHT else None,
    )


def end_of_local_day(now: datetime, zone: tzinfo) -> datetime:
    """Return the next local midnight."""
    local = now.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return (midnight + timedelta(days=1)).replace(tzinfo=zone).astimezone(now.tzinfo)
