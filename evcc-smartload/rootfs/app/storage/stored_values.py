"""How instants, measurements and words become what a column holds, and back."""

import json
import math
from datetime import UTC, datetime, timedelta

from domain.horizon import SLOT

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Whole numbers up to here survive a float; no measurement comes near.
_LARGEST = 2**53


def slot_number(start: datetime) -> int:
    """Return the quarter hour that begins at ``start`` as a number that rises by one a slot.

    Raises:
        ValueError: No quarter hour begins there.
    """
    number, rest = divmod(start - EPOCH, SLOT)
    if rest:
        raise ValueError(f"no quarter hour begins at {start}")
    return number


def slot_instant(number: int) -> datetime:
    """Return the start of the quarter hour ``number``."""
    return EPOCH + number * SLOT


def to_us(instant: datetime) -> int:
    """Return ``instant`` (aware) in microseconds since 1970."""
    return (instant - EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """Return the instant that ``to_us`` made a number of."""
    return EPOCH + microseconds * _MICROSECOND


def to_steps(value: float | None, steps_per_unit: int) -> int | None:
    """Return ``value`` in whole steps, saturated at 2**53; what is no number is not known."""
    if value is None or not math.isfinite(value):
        return None
    return round(max(-_LARGEST, min(_LARGEST, value * steps_per_unit)))


def to_real(value: float | None) -> float | None:
    """Return ``value`` for a REAL column; what is no number is not known."""
    return None if value is None or not math.isfinite(value) else float(value)


def to_text(text: str) -> str:
    """Return ``text`` without what no file can hold (half a surrogate pair)."""
    return text.encode("utf-8", "replace").decode("utf-8")


def to_json(value: object) -> str:
    """Return a value of JSON's kinds as text.

    Raises:
        ValueError: Something in it is a float but no number.
    """
    return to_text(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
