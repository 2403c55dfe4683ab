"""A period's cars as a linear problem sees them: when they are there, and what they may take."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from backtest.period import Period, RecordedCar, Stay
from domain.horizon import SLOT, SLOT_H
from forecaster.series import FloatArray

LEAST_AT_HOME_FRAC = 0.05
"""What a car comes home with at least: before it is emptier than that, it charges elsewhere."""
# A departure counts as ready when at most this is missing.
READY_WITHIN_PCT = 1.0
_VOLTAGE_KV = 0.23


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CarStay:
    """A stay as far as it lies in what is lived through.

    Energies in cells but for ``most_kwh``, which is what it can take in each of ``slots`` (AC).
    ``start_kwh`` is what the car has before its first stay, None for the others; ``wanted_kwh`` is
    what it must leave with, 0 where nothing is asked for or the stay outlasts the period.
    """

    car: int
    stay: int
    slots: slice
    most_kwh: FloatArray
    capacity_kwh: float
    least_kwh: float
    start_kwh: float | None
    used_kwh: float
    wanted_kwh: float
    is_over: bool


def stays_of(period: Period, *, must_be_ready: bool) -> Iterator[CarStay]:
    """Yield the stays that are lived through, car by car, rising."""
    for index, car in enumerate(period.cars):
        start_kwh: float | None = car.capacity_kwh * car.initial_soc_pct / 100.0
        for number, stay in enumerate(car.stays):
            if stay.leaves > period.start + period.live_from * SLOT and stay.arrives < period.end:
                yield _stay_of(period, index, number, start_kwh, must_be_ready=must_be_ready)
                start_kwh = None


def _stay_of(
    period: Period, index: int, number: int, start_kwh: float | None, *, must_be_ready: bool
) -> CarStay:
    car = period.cars[index]
    stay = car.stays[number]
    begin = period.start + period.live_from * SLOT
    first, most_kwh = _most_kwh(period, car, stay)
    is_over = stay.leaves <= period.end
    wanted_pct = stay.wanted_soc_pct if must_be_ready and is_over else None
    floor_kwh = LEAST_AT_HOME_FRAC * car.capacity_kwh
    return CarStay(
        car=index,
        stay=number,
        slots=slice(first, first + len(most_kwh)),
        most_kwh=most_kwh,
        capacity_kwh=car.capacity_kwh,
        # One that is there from the beginning may be emptier than that.
        least_kwh=floor_kwh if start_kwh is None else min(floor_kwh, start_kwh),
        start_kwh=start_kwh,
        used_kwh=stay.used_kwh if stay.arrives > begin else 0.0,
        wanted_kwh=0.0
        if wanted_pct is None
        else car.capacity_kwh * max(wanted_pct - READY_WITHIN_PCT, 0.0) / 100.0,
        is_over=is_over,
    )


def _most_kwh(period: Period, car: RecordedCar, stay: Stay) -> tuple[int, FloatArray]:
    """Return the first slot it is there in, and what it can take in that and all that follow."""
    begin, n = period.start + period.live_from * SLOT, period.n_slots - period.live_from
    arrives, leaves = (stay.arrives - begin) / SLOT, (stay.leaves - begin) / SLOT
    arrives, leaves = max(arrives, 0.0), min(leaves, float(n))
    first, end = int(arrives), int(np.ceil(leaves))
    slots = np.arange(first, end)
    there = np.minimum(slots + 1.0, leaves) - np.maximum(slots, arrives)
    most_kw = car.phases * car.max_current_a * _VOLTAGE_KV
    return first, most_kw * SLOT_H * there
