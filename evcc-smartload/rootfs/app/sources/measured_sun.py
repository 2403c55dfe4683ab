"""Where on the globe a roof stands east to west, told by when its sun is highest."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import numpy as np

from domain.horizon import SLOT
from forecaster.series import SlotSeries

_HOUR = timedelta(hours=1)
# A zone with the usual clock changes for each standard offset [h] from UTC.
_ZONES = {
    -10: "Pacific/Honolulu",
    -9: "America/Anchorage",
    -8: "America/Los_Angeles",
    -7: "America/Denver",
    -6: "America/Chicago",
    -5: "America/New_York",
    -4: "America/Halifax",
    0: "Europe/London",
    1: "Europe/Berlin",
    2: "Europe/Helsinki",
    10: "Australia/Sydney",
}


def noon_utc_h(roofs: Iterable[SlotSeries | None]) -> float | None:
    """Return the hour of UTC around which the PV of ``roofs`` lies, 0 to 24; None without any."""
    noon = 0j
    for pv in roofs:
        if pv is None:
            continue
        first_h = pv.start.hour + pv.start.minute / 60.0
        hours = first_h + (np.arange(len(pv.values)) + 0.5) * (SLOT / _HOUR)
        noon += complex((np.nan_to_num(pv.values) * np.exp(2j * np.pi * hours / 24.0)).sum())
    if not noon:
        return None
    return float(np.angle(noon)) * 24.0 / (2.0 * np.pi) % 24.0


def guess_zone(noon_h: float | None) -> ZoneInfo:
    """Return the zone whose standard time has twelve at ``noon_h`` of UTC; UTC without."""
    if noon_h is None:
        return ZoneInfo("UTC")
    return ZoneInfo(_ZONES[min(_ZONES, key=lambda offset: abs(offset - (12.0 - noon_h)))])


def noon_of_zone_utc_h(zone: tzinfo, year: int) -> float:
    """Return the hour of UTC at which standard time of ``zone`` shows twelve in ``year``."""
    offsets = [
        datetime(year, month, 1, tzinfo=UTC).astimezone(zone).utcoffset() for month in (1, 7)
    ]
    standard = min(offset or timedelta(0) for offset in offsets)
    return (12.0 - standard / _HOUR) % 24.0
