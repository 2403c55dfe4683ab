"""Answers of ``/api/history/energy`` as evcc writes them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

SLOT = timedelta(minutes=15)


def slot(
    start: datetime,
    energy: object = 0.1,
    *,
    returned: object = 0,
    soc: object = None,
    zone: tzinfo = UTC,
) -> dict[str, Any]:
    times = [at.astimezone(zone).isoformat().replace("+00:00", "Z") for at in (start, start + SLOT)]
    found = {"start": times[0], "end": times[1], "energy": energy, "returnEnergy": returned}
    return found if soc is None else found | {"socTemp": soc}


def series(
    group: str, starts: Sequence[datetime], *, title: str | None = None, **values: Any
) -> dict[str, Any]:
    """Return a series whose slots are all alike; ``is_temp`` makes it a heater's."""
    is_temp = values.pop("is_temp", False)
    found = {
        "title": title or group,
        "group": group,
        "data": [slot(start, **values) for start in starts],
    }
    return found | {"isTemp": True} if is_temp else found


def starts_from(first: datetime, n_slots: int) -> list[datetime]:
    return [first + number * SLOT for number in range(n_slots)]


def body(*all_series: object) -> bytes:
    return json.dumps(all_series).encode() + b"\n"
