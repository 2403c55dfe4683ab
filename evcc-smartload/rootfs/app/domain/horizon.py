"""Quarter-hour slots: the grid on which everything in SmartLoad stands."""

from datetime import datetime, timedelta

SLOT = timedelta(minutes=15)
SLOT_H = 0.25
SLOTS_PER_HOUR = 4
SLOTS_PER_DAY = 96
FORECAST_SLOTS = 2 * SLOTS_PER_DAY + 12
"""How far ahead everything is forecast: two days, and three hours so that each slot was forecast
two days before it came."""


def slot_of_hour(instant: datetime) -> int:
    """Return which slot of its hour contains ``instant``, 0..3."""
    return instant.minute * SLOTS_PER_HOUR // 60


def slot_start(instant: datetime) -> datetime:
    """Return the start of the slot that contains ``instant`` (starts are inside, ends are not)."""
    return instant - timedelta(
        minutes=instant.minute % 15, seconds=instant.second, microseconds=instant.microsecond
    )
