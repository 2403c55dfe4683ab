"""How evcc writes values: compact JSON, rounded numbers, RFC 3339 with offset."""

import json
import math
from datetime import datetime, tzinfo

ZERO_TIME = "0001-01-01T00:00:00Z"
NS_PER_S = 1_000_000_000


def plain_number(value: float) -> float | int:
    """Return ``value`` as evcc prints it: a whole number without a decimal point."""
    if math.isinf(value) or math.isnan(value):
        return value
    whole = int(value)
    return whole if whole == value else value


def optional_number(value: float | None) -> float | int | None:
    """Return an optional number, which evcc does not round."""
    return None if value is None else plain_number(value)


def rounded(value: float | None) -> float | int | None:
    """Return a top-level number of the state: 3 decimals, null when it is no number."""
    if value is None or not math.isfinite(value):
        return None
    return plain_number(round(value, 3))


def rfc3339(instant: datetime, zone: tzinfo) -> str:
    """Return ``instant`` in local time with its offset, ``Z`` for UTC."""
    text = instant.astimezone(zone).isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def to_json_line(value: object) -> bytes:
    """Return compact JSON and a newline; empty when a number cannot be written, as evcc does."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        # evcc swallows encoding errors: the answer is 200 with an empty body.
        return b""
    return text.encode() + b"\n"
