"""What is kept of the report in a file, so that it survives a restart."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from domain.observation import Obstacle
from observation.own_home import Settings
from persistence import parse_instant
from web.proof_json import days_from_json

PROOF_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptProof:
    """What survives a restart; ``made_for`` is the local day on which it was last worked out.

    ``obstacle`` is in the way where waiting alone does not help. ``settings`` are those that were
    seen last; ``settings_since`` is when one of them was last found changed, None: never.
    """

    observed_since: date | None = None
    live_since: datetime | None = None
    settings: Settings = field(default_factory=dict)
    settings_since: datetime | None = None
    made_at: datetime | None = None
    made_for: date | None = None
    days_missing: int | None = None
    obstacle: Obstacle | None = None
    report: Mapping[str, object] | None = None
    days: tuple[Mapping[str, object], ...] = ()


def serialise(kept: KeptProof) -> str:
    """Return the text of the file."""
    return json.dumps(
        {
            "version": PROOF_VERSION,
            "observed_since": _iso(kept.observed_since),
            "live_since": _iso(kept.live_since),
            "settings": dict(kept.settings),
            "settings_since": _iso(kept.settings_since),
            "made_at": _iso(kept.made_at),
            "made_for": _iso(kept.made_for),
            "days_missing": kept.days_missing,
            "obstacle": None if kept.obstacle is None else kept.obstacle.value,
            "report": kept.report,
            "days": kept.days,
        },
        allow_nan=False,
    )


def parse(raw: dict[str, object]) -> KeptProof:
    """Check the file; raises ValueError, TypeError or KeyError when it is not as written."""
    report, days, missing = raw["report"], raw["days"], raw["days_missing"]
    if not (report is None or isinstance(report, dict)):
        raise TypeError("the report is no object")
    if report is not None and not {"since", "until", "recommendation", "days"} <= set(report):
        raise KeyError("report")
    if not (missing is None or isinstance(missing, int)) or not isinstance(days, list):
        raise TypeError("days are missing")
    days_from_json(days)
    return KeptProof(
        observed_since=_parse_day(raw["observed_since"]),
        live_since=parse_instant(raw["live_since"]),
        settings=_parse_settings(raw.get("settings")),
        settings_since=parse_instant(raw.get("settings_since")),
        made_at=parse_instant(raw["made_at"]),
        made_for=_parse_day(raw["made_for"]),
        days_missing=missing,
        obstacle=None if raw.get("obstacle") is None else Obstacle(str(raw["obstacle"])),
        report=report,
        days=tuple(days),
    )


def _parse_settings(value: object) -> Settings:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError("settings are no object")
    return value


def _parse_day(value: object) -> date | None:
    return None if value is None else date.fromisoformat(str(value))


def _iso(moment: date | None) -> str | None:
    return None if moment is None else moment.isoformat()
