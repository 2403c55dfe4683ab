"""Perfect foresight counted as every policy is."""

from collections.abc import Iterator

import numpy as np

from backtest.foresight import CAR_EFFICIENCY_FRAC, Foresight
from backtest.foresight_cars import READY_WITHIN_PCT
from backtest.period import Period
from domain.horizon import SLOT_H
from proof.accounting import Departure, SlotBook


def book_of(found: Foresight, period: Period) -> SlotBook:
    """Return what was found for ``period`` as a policy's book: nothing was set, nothing decided."""
    live = slice(period.live_from, period.n_slots)
    n, cars_kwh = len(found.import_kwh), found.car_kwh.sum(axis=0)
    into_cars = CAR_EFFICIENCY_FRAC * np.concatenate(([0.0], np.cumsum(cars_kwh)))
    return SlotBook(
        import_kwh=found.import_kwh,
        export_kwh=found.export_kwh,
        pv_kwh=period.pv_kw[live] * SLOT_H,
        load_kwh=period.load_kw[live] * SLOT_H,
        cars_kwh=cars_kwh,
        discharge_kwh=found.discharge_kwh,
        away_kwh=found.away_kwh,
        stored_kwh=found.soc_kwh + into_cars,
        is_below_buffer=np.zeros(n, dtype=np.bool_),
        writes=np.zeros(n, dtype=np.int64),
        decisions=np.zeros(n, dtype=np.int64),
        switches=np.zeros(n, dtype=np.int64),
        departures=tuple(_departures(found, period)),
    )


def _departures(found: Foresight, period: Period) -> Iterator[Departure]:
    for (index, number), left_kwh in found.left_kwh.items():
        car = period.cars[index]
        stay = car.stays[number]
        if stay.wanted_soc_pct is not None:
            left_pct = 100.0 * left_kwh / car.capacity_kwh
            is_ready = left_pct >= stay.wanted_soc_pct - READY_WITHIN_PCT - 1e-6
            yield Departure(at=stay.leaves, is_ready=is_ready)
