"""What control must remember across restarts: whose values, whose hands, which stages act."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from domain.control import (
    EvccSetting,
    HoldEnd,
    Lever,
    OwnerHold,
    Ownership,
    SettingValue,
)
from domain.steering import Override, OverrideKind, Stage
from persistence import parse_instant, parse_known_instant, parse_number

CONTROL_VERSION = 2
FORMER_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingWrite:
    """A change on its way: until evcc answers it may hold either value."""

    lever: Lever
    old: SettingValue
    new: SettingValue


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStage:
    """A stage that the owner has released, and when."""

    stage: Stage
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Everything of it. ``automatic_since``: when evcc's own automatic mode was first seen.

    It stays until somebody asks SmartLoad to take over, also after the mode was switched off.
    """

    owned: tuple[Ownership, ...] = ()
    holds: tuple[OwnerHold, ...] = ()
    pending: tuple[PendingWrite, ...] = ()
    released: bool = False
    live: tuple[LiveStage, ...] = ()
    overrides: tuple[Override, ...] = ()
    automatic_since: datetime | None = None


EntryT = TypeVar("EntryT", Ownership, OwnerHold, PendingWrite)


def of_lever(entries: tuple[EntryT, ...], lever: Lever) -> EntryT | None:
    """Return the entry about ``lever``, if there is one."""
    return next((entry for entry in entries if entry.lever == lever), None)


def without(entries: tuple[EntryT, ...], lever: Lever) -> tuple[EntryT, ...]:
    """Return the entries about other levers."""
    return tuple(entry for entry in entries if entry.lever != lever)


def serialise(held: Held) -> str:
    """Return the state file's text."""
    return json.dumps(
        {
            "version": CONTROL_VERSION,
            "released": held.released,
            "automatic_since": _iso(held.automatic_since),
            "owned": [
                {
                    **_lever_to_json(owned.lever),
                    "owner": owned.owner,
                    "ours": owned.ours,
                    "since": owned.since.isoformat(),
                }
                for owned in held.owned
            ],
            "pending": [
                {**_lever_to_json(pending.lever), "old": pending.old, "new": pending.new}
                for pending in held.pending
            ],
            "holds": [
                {
                    **_lever_to_json(hold.lever),
                    "owner": hold.owner,
                    "since": hold.since.isoformat(),
                    "ends": hold.ends.value,
                    "until": _iso(hold.until),
                }
                for hold in held.holds
            ],
            "live": [
                {"stage": live.stage.value, "since": live.since.isoformat()} for live in held.live
            ],
            "overrides": [
                {
                    "kind": override.kind.value,
                    "since": override.since.isoformat(),
                    "until": override.until.isoformat(),
                    "device": override.device,
                }
                for override in held.overrides
            ],
        },
        allow_nan=False,
    )


def parse_held(raw: dict[str, object]) -> Held:
    """Check a state file; raises ValueError, TypeError or KeyError when it is not as written.

    A file of the former version has percents of the SoC settings only.
    """
    if raw["version"] == FORMER_VERSION:
        return _parse_former(raw)
    return Held(
        released=raw["released"] is True,
        automatic_since=parse_instant(raw["automatic_since"]),
        owned=tuple(
            Ownership(
                lever=_lever(entry),
                owner=_value(entry["owner"]),
                ours=_value(entry["ours"]),
                since=parse_known_instant(entry["since"]),
            )
            for entry in _entries(raw["owned"])
        ),
        pending=tuple(
            PendingWrite(lever=_lever(entry), old=_value(entry["old"]), new=_value(entry["new"]))
            for entry in _entries(raw["pending"])
        ),
        holds=tuple(
            OwnerHold(
                lever=_lever(entry),
                owner=_value(entry["owner"]),
                since=parse_known_instant(entry["since"]),
                ends=HoldEnd(str(entry["ends"])),
                until=parse_instant(entry["until"]),
            )
            for entry in _entries(raw["holds"])
        ),
        live=tuple(
            LiveStage(stage=Stage(str(entry["stage"])), since=parse_known_instant(entry["since"]))
            for entry in _entries(raw["live"])
        ),
        overrides=tuple(
            Override(
                kind=OverrideKind(str(entry["kind"])),
                since=parse_known_instant(entry["since"]),
                until=parse_known_instant(entry["until"]),
                device=str(entry["device"]),
            )
            for entry in _entries(raw["overrides"])
        ),
    )


def _parse_former(raw: Mapping[str, object]) -> Held:
    return Held(
        released=raw["released"] is True,
        owned=tuple(
            Ownership(
                lever=Lever(setting=EvccSetting(str(entry["setting"]))),
                owner=parse_number(entry["owner_pct"]),
                ours=parse_number(entry["ours_pct"]),
                since=parse_known_instant(entry["since"]),
            )
            for entry in _entries(raw["owned"])
        ),
        pending=tuple(
            PendingWrite(
                lever=Lever(setting=EvccSetting(str(entry["setting"]))),
                old=parse_number(entry["old_pct"]),
                new=parse_number(entry["new_pct"]),
            )
            for entry in _entries(raw.get("pending", []))
        ),
        holds=tuple(
            OwnerHold(
                lever=Lever(setting=EvccSetting(str(entry["setting"]))),
                owner=parse_number(entry["owner_pct"]),
                since=parse_known_instant(entry["since"]),
                until=parse_known_instant(entry["until"]),
            )
            for entry in _entries(raw["holds"])
        ),
    )


def replaced(held: Held, override: Override) -> Held:
    """Return the state with ``override`` in place of one of its kind for its device."""
    others = tuple(
        one for one in held.overrides if (one.kind, one.device) != (override.kind, override.device)
    )
    return replace(held, overrides=(*others, override))


def _lever_to_json(lever: Lever) -> dict[str, str]:
    return {"setting": lever.setting.value, "device": lever.device}


def _lever(entry: Mapping[str, object]) -> Lever:
    return Lever(setting=EvccSetting(str(entry["setting"])), device=str(entry["device"]))


def _value(value: object) -> SettingValue:
    if value is None or isinstance(value, bool | str):
        return value
    return parse_number(value)


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _entries(value: object) -> list[dict[str, object]]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise TypeError(f"{value!r} is not a list of objects")
    return value
