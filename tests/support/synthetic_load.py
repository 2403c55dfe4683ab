"""A household whose load is known by construction, for the forecasters' tests."""

from datetime import UTC, datetime, timedelta, tzinfo

import numpy as np

from domain.horizon import SLOTS_PER_DAY
from forecaster.local_slots import local_slots
from forecaster.series import SlotSeries

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
BASE_KW = 0.2


def household(
    n_days: int, zone: tzinfo = UTC, *, start: datetime = MONDAY, seed: int = 1
) -> SlotSeries:
    """Return a house with mornings and evenings, later and busier at weekends, and its noise."""
    n_slots = n_days * SLOTS_PER_DAY
    at = local_slots(start, n_slots, zone)
    weekend = (at.days - 1) % 7 >= 5
    hour = at.slots / 4.0
    morning = np.exp(-0.5 * ((hour - np.where(weekend, 10.0, 7.0)) / 1.0) ** 2)
    evening = np.exp(-0.5 * ((hour - 19.5) / 1.5) ** 2)
    noise = np.random.default_rng(seed).gamma(4.0, 0.25, n_slots)
    return SlotSeries(
        start=start,
        values=BASE_KW + (0.8 * morning + 1.4 * evening + 0.3 * weekend * (hour > 8)) * noise,
    )


def with_values(history: SlotSeries, begin: datetime, end: datetime, kw: float) -> SlotSeries:
    """Return the history with ``kw`` from ``begin`` to ``end``."""
    values = history.values.copy()
    slots = slice(*((at - history.start) // timedelta(minutes=15) for at in (begin, end)))
    values[slots] = kw
    return SlotSeries(start=history.start, values=values)
