"""Where local days lie in UTC; a local day has 23, 24 or 25 hours."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CELL_S = 30
"""Grid [s] on which sun and household are constant; every step is cut along it."""


def epoch_s(instant: datetime) -> float:
    """Return the seconds since 1970."""
    return (instant - EPOCH).total_seconds()


def local_date(instant: datetime, zone: tzinfo) -> date:
    """Return the calendar day at ``instant``."""
    return instant.astimezone(zone).date()


def day_start(day: date, zone: tzinfo) -> datetime:
    """Return local midnight at which ``day`` begins, in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def day_bounds_s(day: date, zone: tzinfo) -> tuple[int, int]:
    """Return the first second of ``day`` and the first after it [s since 1970]."""
    return (
        int(epoch_s(day_start(day, zone))),
        int(epoch_s(day_start(day + timedelta(days=1), zone))),
    )


def wall_clock_s(day: date, hour: float, zone: tzinfo) -> int:
    """Return the instant [s since 1970] when clocks show ``hour`` on ``day``, on the cell grid.

    Hours of 24 and more fall on the next day. A time skipped in spring is taken as if the clock
    had not been changed yet.
    """
    naive = datetime.combine(day, time.min) + timedelta(hours=hour)
    shown = naive.replace(tzinfo=zone).astimezone(UTC)
    return int(epoch_s(shown) // CELL_S) * CELL_S
