"""Whether an hour of a rising meter can be believed, in Home Assistant's long-term statistics.

Home Assistant keeps a sum per meter and hour; the change is the difference to the hour before that
has one. So what was not noticed while a sensor or Home Assistant was away arrives at once, in the
first hour after. Such an hour is not known, as are those that were missed.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from sources.minutes import MOST_KW

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

ASLEEP_KWH = 0.05
"""A meter that was silent and then shows at most this much more [kWh] counted nothing meanwhile.

That is an inverter at night, which many turn off: its hours are zero, and known to be."""


def believed_kwh(changes_kwh: Mapping[int, float | None], n_hours: int) -> FloatArray:
    """Return the energy of each hour of one meter [kWh]; NaN where it cannot be told.

    Args:
        changes_kwh: Change by the number of the hour [kWh]; what is missing was not recorded.
        n_hours: Length of the result. The first hour recorded is never known, as nobody can tell
            what it counts from.
    """
    hours_kwh = np.full(n_hours, np.nan)
    last: int | None = None
    for hour in sorted(hour for hour in changes_kwh if 0 <= hour < n_hours):
        change_kwh = changes_kwh[hour]
        if change_kwh is None:
            continue
        missed = slice(last + 1 if last is not None else hour, hour)
        was_missed = last is None or last + 1 < hour
        if 0.0 <= change_kwh <= (ASLEEP_KWH if was_missed else MOST_KW) and last is not None:
            hours_kwh[missed] = 0.0
            hours_kwh[hour] = change_kwh
        last = hour
    return hours_kwh


def recorded(meters_kwh: Iterable[Mapping[int, float | None]], n_hours: int) -> BoolArray:
    """Return the hours in which Home Assistant was there, from all meters together.

    While it is away its statistics go on with changes of 0, and then make up for them in one hour.
    A home in which nothing at all moves does not exist, so such hours are not believed, nor is
    the one after.

    Args:
        meters_kwh: Change by the number of the hour [kWh], for each meter.
        n_hours: Length of the result.
    """
    has_moved = np.zeros(n_hours, dtype=np.bool_)
    for changes_kwh in meters_kwh:
        for hour, change_kwh in changes_kwh.items():
            if 0 <= hour < n_hours and change_kwh:
                has_moved[hour] = True
    is_recorded: BoolArray = has_moved.copy()
    is_recorded[1:] &= has_moved[:-1]
    return is_recorded
