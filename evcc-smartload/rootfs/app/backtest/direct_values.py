"""Single values of the simulated evcc as its client would read them from an answer."""

from datetime import UTC, datetime
from math import isfinite

# What the client believes (``evcc_values``, ``evcc_wire``); the bounds here are no wider.
MOST_W = 1_000_000.0
MOST_A = 1_000.0
MOST_SESSION_KWH = 1_000.0
MOST_CAPACITY_KWH = 10_000.0
LONGEST_INTERVAL_S = 86_400.0
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_MOST_PCT = 100.0


class UnusualStateError(Exception):
    """The home holds something that evcc's answer or its reader would change: ask for that."""


def require(condition: bool) -> None:  # noqa: FBT001  # a condition reads best by position
    """Raise ``UnusualStateError`` unless ``condition``."""
    if not condition:
        raise UnusualStateError


def within(value: float, most: float) -> float:
    """Return a value of 0 to ``most``."""
    if 0.0 <= value <= most:
        return float(value)
    raise UnusualStateError


def pct(value: float) -> float:
    """Return a share of 0 to 100."""
    return within(value, _MOST_PCT)


def rounded(value: float, digits: int, most: float) -> float:
    """Return a signed value with evcc's decimals, whose zero has no sign."""
    if -most <= value <= most:
        return round(float(value), digits) + 0.0
    raise UnusualStateError


def optional_limit(value: float | None) -> float | None:
    """Return a price limit, which evcc does not round."""
    if value is None:
        return None
    require(isfinite(value))
    return value + 0.0
