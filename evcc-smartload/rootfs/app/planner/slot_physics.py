"""What a home can do in one slot: batteries and chargers within their limits, the grid the rest.

For rules that go through the slots one after the other and wish for something in each; here is
what becomes of the wish. Energies are kWh per slot at the AC side, states of charge cell side.
"""

import math
from collections.abc import Sequence

import numpy as np

from planner.dispatch import Dispatch
from planner.plan_problem import BatteryModel, CarModel, PlanProblem, series

EPS_KWH = 1e-9
"""Less than this is rounding."""


class BatteryState:
    """A battery on its way through the slots."""

    __slots__ = (
        "_charge_eff",
        "_charge_max_kwh",
        "_discharge_eff",
        "_discharge_max_kwh",
        "_high_kwh",
        "_low_kwh",
        "_slot_h",
        "_taper",
        "charged",
        "discharged",
        "soc_kwh",
    )

    def __init__(self, battery: BatteryModel, slot_h: float) -> None:
        self._charge_eff = battery.charge_efficiency_frac
        self._discharge_eff = battery.discharge_efficiency_frac
        self._charge_max_kwh = battery.charge_max_kw * slot_h
        self._discharge_max_kwh = battery.discharge_max_kw * slot_h
        self._low_kwh = battery.soc_min_kwh
        self._high_kwh = battery.soc_max_kwh
        self._slot_h = slot_h
        self._taper = tuple((point.soc_kwh, point.charge_max_kw) for point in battery.taper)
        self.soc_kwh = battery.soc_kwh
        self.charged: list[float] = []
        self.discharged: list[float] = []

    def most_charge_kwh(self) -> float:
        """Return what it can take in a slot that begins now; 0 when it is full or fuller."""
        room_kwh = (self._high_kwh - self.soc_kwh) / self._charge_eff
        most_kwh = min(self._charge_max_kwh, room_kwh)
        if self._taper:
            most_kwh = min(most_kwh, _taper_kw(self._taper, self.soc_kwh) * self._slot_h)
        return max(0.0, most_kwh)

    def most_discharge_kwh(self) -> float:
        """Return what it can give in a slot; 0 when it is at its lower limit or below."""
        spare_kwh = (self.soc_kwh - self._low_kwh) * self._discharge_eff
        return max(0.0, min(self._discharge_max_kwh, spare_kwh))

    def move(self, charge_kwh: float, discharge_kwh: float) -> None:
        """Let a slot pass in which so much flows."""
        self.soc_kwh += charge_kwh * self._charge_eff - discharge_kwh / self._discharge_eff
        self.charged.append(charge_kwh)
        self.discharged.append(discharge_kwh)


def _taper_kw(points: Sequence[tuple[float, float]], soc_kwh: float) -> float:
    """Return the limit [kW]: straight lines between the points, flat outside them."""
    before_kwh, before_kw = points[0]
    if soc_kwh <= before_kwh:
        return before_kw
    for at_kwh, at_kw in points[1:]:
        if soc_kwh <= at_kwh:
            way = (soc_kwh - before_kwh) / (at_kwh - before_kwh)
            return before_kw + way * (at_kw - before_kw)
        before_kwh, before_kw = at_kwh, at_kw
    return before_kw


class Charger:
    """What a car's charger can do in one slot: nothing, or something within its ranges."""

    __slots__ = ("high_kwh", "low_kwh", "spans")

    def __init__(self, car: CarModel, slot_h: float) -> None:
        self.spans = tuple((span.low_kw * slot_h, span.high_kw * slot_h) for span in car.ranges)
        self.low_kwh = self.spans[0][0] if self.spans else math.inf
        """The least besides nothing; infinite when it can do nothing at all."""
        self.high_kwh = self.spans[-1][1] if self.spans else 0.0

    def at_most(self, kwh: float) -> float:
        """Return the most it can do without doing more than ``kwh``."""
        best = 0.0
        for low_kwh, high_kwh in self.spans:
            if kwh < low_kwh - EPS_KWH:
                break
            best = min(max(kwh, low_kwh), high_kwh)
        return max(0.0, best)

    def at_least(self, kwh: float) -> float:
        """Return the least it can do without doing less than ``kwh``; its most if it cannot."""
        if kwh <= EPS_KWH:
            return 0.0
        for low_kwh, high_kwh in self.spans:
            if kwh <= high_kwh:
                return max(kwh, low_kwh)
        return self.high_kwh

    def within_room(self, kwh: float, room_kwh: float, *, is_last: bool = False) -> float:
        """Return the most it can do without ``kwh`` or ``room_kwh`` being exceeded.

        Where that would leave a rest too small to be charged at all, the rest is made big enough,
        unless this slot is the last one.
        """
        does_kwh = self.at_most(min(kwh, room_kwh))
        rest_kwh = room_kwh - does_kwh
        if not is_last and EPS_KWH < rest_kwh < self.low_kwh:
            return self.at_most(min(kwh, room_kwh - self.low_kwh)) or does_kwh
        return does_kwh


def window_of(car: CarModel, n_slots: int) -> range:
    """Return the slots in which ``car`` is at its charger."""
    return range(min(car.arrival_slot, n_slots), min(max(car.deadline_slot, 0), n_slots))


def limit_list(limit: np.ndarray | None, n_slots: int) -> list[float]:
    """Return a limit per slot as floats, infinite when there is none."""
    return [math.inf] * n_slots if limit is None else limit.tolist()


def settled(
    problem: PlanProblem,
    charge: Sequence[Sequence[float]],
    discharge: Sequence[Sequence[float]],
    car: Sequence[Sequence[float]],
) -> Dispatch:
    """Return the dispatch in which the grid covers what batteries and cars leave over.

    PV is turned down only where it cannot be fed in.

    Args:
        problem: The home.
        charge: Per battery, per slot.
        discharge: Per battery, per slot.
        car: Per car, per slot.
    """
    net = problem.load_kwh - problem.pv_kwh
    for taken in (*charge, *car):
        net = net + np.asarray(taken)
    for given in discharge:
        net = net - np.asarray(given)
    left = np.maximum(-net, 0.0)
    curtail = np.zeros(problem.n_slots)
    if problem.can_curtail and problem.export_max_kwh is not None:
        curtail = np.minimum(np.maximum(left - problem.export_max_kwh, 0.0), problem.pv_kwh)
    return Dispatch(
        grid_import_kwh=series(np.maximum(net, 0.0)),
        grid_export_kwh=series(left - curtail),
        curtail_kwh=series(curtail),
        charge_kwh=tuple(series(values) for values in charge),
        discharge_kwh=tuple(series(values) for values in discharge),
        car_kwh=tuple(series(values) for values in car),
    )
