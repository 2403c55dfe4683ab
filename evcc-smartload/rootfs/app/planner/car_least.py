"""What cars charge whatever a plan wants: at full power because the owner asks, or by their mode.

evcc keeps a car in the mode Min+PV at its least power until it is full, and follows the sun above
that. So for as many slots as that takes on the expected sun the least power is certain; what is
above it is free, in these slots and after them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.plan_problem import CarModel, FloatArray, series
from planner.slot_physics import EPS_KWH, Charger, window_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Certain:
    """What is certain about a car: full power for ``now_slots`` slots, and its mode's least."""

    car: CarModel
    now_slots: int
    keeps_least: bool


def least_energies(
    certain: Sequence[Certain],
    *,
    surplus_kwh: FloatArray,
    import_max_kwh: FloatArray | None,
    slot_h: float,
) -> list[FloatArray | None]:
    """Return what each car charges at least in each slot [kWh, AC]; None: nothing is certain.

    What the owner has fixed comes first, then one car after the other; evcc throttles cars to
    what the fuse leaves.

    Args:
        certain: The cars.
        surplus_kwh: What the sun leaves of the house's use in each slot, negative where it does
            not cover it, shape (n_slots,).
        import_max_kwh: The fuse, shape (n_slots,); None: there is none.
        slot_h: Length of a slot [h].
    """
    n_slots = len(surplus_kwh)
    sun_kwh = np.array(surplus_kwh)
    for one in certain:
        if one.car.fixed_kwh is not None:
            sun_kwh -= one.car.fixed_kwh
    fuse_kwh = np.full(n_slots, np.inf) if import_max_kwh is None else import_max_kwh
    found: list[FloatArray | None] = []
    for one in certain:
        if one.car.fixed_kwh is not None or not (one.now_slots or one.keeps_least):
            found.append(None)
            continue
        least, charged = _course(one, sun_kwh, sun_kwh + fuse_kwh, slot_h)
        sun_kwh -= charged
        found.append(series(least) if least.any() else None)
    return found


def _course(
    one: Certain, sun_kwh: FloatArray, most_kwh: FloatArray, slot_h: float
) -> tuple[FloatArray, FloatArray]:
    """Return what is certain in each slot, and what evcc would charge on the expected sun."""
    n_slots = len(sun_kwh)
    least, charged = np.zeros(n_slots), np.zeros(n_slots)
    charger, window = Charger(one.car, slot_h), window_of(one.car, n_slots)
    room_kwh = one.car.room_kwh / one.car.charge_efficiency_frac
    for slot in window:
        is_now = slot < one.now_slots
        if room_kwh < charger.low_kwh or not (is_now or one.keeps_least):
            break
        wanted_kwh = charger.high_kwh if is_now else max(charger.low_kwh, float(sun_kwh[slot]))
        kwh = charger.within_room(min(wanted_kwh, float(most_kwh[slot])), room_kwh)
        if kwh > EPS_KWH:
            charged[slot] = kwh
            least[slot] = kwh if is_now else charger.low_kwh
            room_kwh -= kwh
    return least, charged
