"""How many measured days a first report still needs, told before another process looks closer."""

from datetime import date, timedelta

from observation.measured import Measured
from observation.own_home import OwnHome
from observation.recorded import RecordedPast
from proof.day_slots import days_of, is_enough, midnight_of
from proof.observation import LEAST_FOR_REPORT


def days_missing(home: OwnHome, recorded: RecordedPast, *, since: date, until: date) -> int | None:
    """Return how many measured days are missing from ``since`` to ``until`` (local, both inside).

    0 is enough for a report. None: waiting does not help.

    Raises:
        sqlite3.Error: What was recorded cannot be read.
    """
    if not (home.capacity_kwh if home.has_battery else home.loadpoints):
        return None
    start = midnight_of(since, home.zone)
    end = midnight_of(until + timedelta(days=1), home.zone)
    measured = Measured(home, recorded.read_energies(start, end))
    days = days_of(start, len(measured.is_measured), home.zone)
    n_measured = sum(is_enough(measured.is_measured, day) for day in days)
    return max(0, LEAST_FOR_REPORT - n_measured)
