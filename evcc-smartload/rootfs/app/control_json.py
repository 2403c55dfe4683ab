"""What is controlled as JSON: for the state message, and for the log of what was written.

The form is described in docs/http-api.md. Only the standard library is needed to load it.
"""

from collections.abc import Mapping
from datetime import datetime

from domain.control import CommandRecord, ControlStatus, Lever, OwnerHold, Ownership
from domain.site import SiteSnapshot
from domain.steering import (
    BatToCar,
    CommandReason,
    ControlRung,
    DoneNow,
    Fact,
    Opinions,
    Override,
    StageReport,
    WriteCount,
)

Titles = Mapping[str, str]
"""What people call a loadpoint, by evcc's name of it."""

# Five decimals, as with prices: finer figures than any of these are measured.
_DECIMALS = 5


def titles_of(site: SiteSnapshot | None) -> Titles:
    """Return the loadpoints' titles; the name where evcc has no title."""
    loadpoints = () if site is None else site.loadpoints
    return {one.name: one.title or one.name for one in loadpoints}


def control_to_json(control: ControlStatus, site: SiteSnapshot | None) -> dict[str, object]:
    """Return ``control`` of the state message.

    A setting has the title of its loadpoint, a wish that of the car there. A loadpoint that is not
    in the reading any more goes by its name.
    """
    titles = titles_of(site)
    cars = dict(titles)
    if site is not None:
        cars |= {one.name: one.vehicle_title for one in site.loadpoints if one.vehicle_title}
    return {
        "in_charge": control.in_charge.value,
        "until": _iso(control.until),
        "owner_values": [_owned_to_json(owned, titles) for owned in control.owned],
        "holds": [_hold_to_json(hold, titles) for hold in control.holds],
        "stages": [_stage_to_json(stage) for stage in control.stages],
        "rung": None if control.rung is None else _rung_to_json(control.rung),
        "overrides": [_override_to_json(one, cars) for one in control.overrides],
        "bat_to_car": None
        if control.bat_to_car is None
        else _bat_to_car_to_json(control.bat_to_car),
        "writes": None if control.writes is None else _writes_to_json(control.writes, titles),
        "opinions": None if control.opinions is None else _opinions_to_json(control.opinions),
    }


def command_to_json(record: CommandRecord, titles: Titles) -> dict[str, object]:
    """Return an entry of the log of writes."""
    return {
        "at": record.at.isoformat(),
        **_lever_to_json(record.lever, titles),
        "stage": record.stage.value,
        "before": record.before,
        "wanted": record.wanted,
        "accepted": record.accepted,
        "outcome": record.outcome.value,
        "reason": _reason_to_json(record.reason),
        "detail": record.detail,
        "settled_at": _iso(record.settled_at),
    }


def _lever_to_json(lever: Lever, titles: Titles) -> dict[str, object]:
    return {
        "setting": lever.setting.value,
        "device": lever.device,
        "title": _title(lever.device, titles),
    }


def _title(device: str, titles: Titles) -> str:
    return titles.get(device, device)


def _owned_to_json(owned: Ownership, titles: Titles) -> dict[str, object]:
    return {
        **_lever_to_json(owned.lever, titles),
        "owner": owned.owner,
        "ours": owned.ours,
        "since": owned.since.isoformat(),
    }


def _hold_to_json(hold: OwnerHold, titles: Titles) -> dict[str, object]:
    return {
        **_lever_to_json(hold.lever, titles),
        "value": hold.owner,
        "since": hold.since.isoformat(),
        "until": _iso(hold.until),
        "ends": hold.ends.value,
    }


def _stage_to_json(stage: StageReport) -> dict[str, object]:
    return {
        "stage": stage.stage.value,
        "mode": stage.mode.value,
        "since": _iso(stage.since),
        "ends_at": _iso(stage.ends_at),
        "done": [_done_to_json(done) for done in stage.done],
    }


def _done_to_json(done: DoneNow) -> dict[str, object]:
    return {
        "setting": done.setting,
        "device": done.device,
        "title": done.title,
        "value": done.value,
        "reason": None if done.reason is None else _reason_to_json(done.reason),
        "is_applied": done.is_applied,
    }


def _reason_to_json(reason: CommandReason) -> dict[str, object]:
    return {"code": reason.code.value, "facts": _facts_to_json(reason.facts)}


def _facts_to_json(facts: Mapping[str, Fact]) -> dict[str, object]:
    return {
        name: round(value, _DECIMALS) if isinstance(value, float) else value
        for name, value in facts.items()
    }


def _rung_to_json(rung: ControlRung) -> dict[str, object]:
    return {
        "level": rung.level.value,
        "since": rung.since.isoformat(),
        "missing": [
            {
                "code": missing.code.value,
                "since": missing.since.isoformat(),
                "detail": missing.detail,
            }
            for missing in rung.missing
        ],
    }


def _override_to_json(override: Override, cars: Titles) -> dict[str, object]:
    return {
        "kind": override.kind.value,
        "device": override.device,
        "title": _title(override.device, cars),
        "since": override.since.isoformat(),
        "until": override.until.isoformat(),
    }


def _bat_to_car_to_json(bat_to_car: BatToCar) -> dict[str, object]:
    return {
        "is_active": bat_to_car.is_active,
        "device": bat_to_car.device,
        "title": bat_to_car.title,
        "gates": [
            {
                "code": gate.code.value,
                "is_open": gate.is_open,
                "facts": _facts_to_json(gate.facts),
            }
            for gate in bat_to_car.gates
        ],
    }


def _writes_to_json(writes: WriteCount, titles: Titles) -> dict[str, object]:
    return {
        "n_today": writes.n_today,
        "most_per_day": writes.most_per_day,
        "by_lever": [
            {
                "setting": setting,
                "device": device,
                "title": _title(device, titles),
                "n": n_writes,
                "most": most,
            }
            for setting, device, n_writes, most in writes.by_lever
        ],
    }


def _opinions_to_json(opinions: Opinions) -> dict[str, object]:
    reason = opinions.our_reason
    return {
        "since": opinions.since.isoformat(),
        "is_on": opinions.is_on,
        "evcc_mode": opinions.evcc_mode,
        "our_mode": opinions.our_mode,
        "our_reason": None if reason is None else _reason_to_json(reason),
    }


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
