"""What cannot be said linearly: either-or choices in single slots.

A car charges with a power of its ranges or not at all, a battery charges or discharges, the meter
counts in or out, and the owner's rules about grid charging, feed-in and cars hold. The linear
model seldom breaks one of these; where it does, the choice is decided by a whole number.
"""

from dataclasses import dataclass

import numpy as np

from planner.bounds import car_limit
from planner.dispatch import Dispatch, battery_soc
from planner.layout import BoolArray, burning_slots, swapping_slots
from planner.plan_problem import CarModel, FloatArray, PlanProblem

# Below this two flows do not count as flowing at once [kWh in a slot].
CONFLICT_KWH = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Conflicts:
    """Where a choice is open: boolean arrays of shape (n_slots,), per battery or car if a tuple."""

    car_range: tuple[BoolArray, ...]
    direction: tuple[BoolArray, ...]
    grid: BoolArray
    grid_charge: tuple[BoolArray, ...]
    export: tuple[BoolArray, ...]
    feed: BoolArray

    def __or__(self, other: "Conflicts") -> "Conflicts":
        """Return both together."""

        def either(one: tuple[BoolArray, ...], two: tuple[BoolArray, ...]) -> tuple[BoolArray, ...]:
            return tuple(a | b for a, b in zip(one, two, strict=True))

        return Conflicts(
            car_range=either(self.car_range, other.car_range),
            direction=either(self.direction, other.direction),
            grid=self.grid | other.grid,
            grid_charge=either(self.grid_charge, other.grid_charge),
            export=either(self.export, other.export),
            feed=self.feed | other.feed,
        )

    @property
    def count(self) -> int:
        """How many there are."""
        per_device = (*self.car_range, *self.direction, *self.grid_charge, *self.export)
        return int(sum(one.sum() for one in (*per_device, self.grid, self.feed)))


def house_need(problem: PlanProblem, curtail_kwh: FloatArray) -> FloatArray:
    """Return what batteries may give that are kept from cars [kWh].

    What the house alone needs beyond the sun, and what evcc gives cars of them anyway.
    """
    house = np.maximum(problem.load_kwh - problem.pv_kwh + curtail_kwh, 0.0)
    need: FloatArray = house + problem.fed_kwh
    return need


def find_conflicts(problem: PlanProblem, dispatch: Dispatch) -> Conflicts:
    """Return which choices ``dispatch`` leaves open, in both directions at once."""
    imports = dispatch.grid_import_kwh > CONFLICT_KWH
    exports = dispatch.grid_export_kwh > CONFLICT_KWH
    charges = [kwh > CONFLICT_KWH for kwh in dispatch.charge_kwh]
    discharges = [kwh > CONFLICT_KWH for kwh in dispatch.discharge_kwh]
    none = np.zeros(problem.n_slots, dtype=np.bool_)
    return Conflicts(
        car_range=tuple(
            none if car.fixed_kwh is not None else _outside_ranges(car, kwh, problem.slot_h)
            for car, kwh in zip(problem.cars, dispatch.car_kwh, strict=True)
        ),
        direction=tuple(c & d for c, d in zip(charges, discharges, strict=True)),
        grid=imports & exports,
        grid_charge=tuple(
            none if battery.may_grid_charge else c & imports
            for battery, c in zip(problem.batteries, charges, strict=True)
        ),
        export=tuple(
            none if battery.may_export else d & exports
            for battery, d in zip(problem.batteries, discharges, strict=True)
        ),
        feed=_wrong_feed(problem, dispatch),
    )


def _outside_ranges(car: CarModel, kwh: FloatArray, slot_h: float) -> BoolArray:
    inside = kwh <= CONFLICT_KWH
    for span in car.ranges:
        inside |= (kwh >= span.low_kw * slot_h - CONFLICT_KWH) & (
            kwh <= span.high_kw * slot_h + CONFLICT_KWH
        )
    return ~inside


def _wrong_feed(problem: PlanProblem, dispatch: Dispatch) -> BoolArray:
    """Return the slots in which a car is charged from a battery that may not."""
    wrong = np.zeros(problem.n_slots, dtype=np.bool_)
    if not problem.cars or not needs_feed_rule(problem):
        return wrong
    charging = np.any([kwh > CONFLICT_KWH for kwh in dispatch.car_kwh], axis=0)
    need = house_need(problem, dispatch.curtail_kwh) + CONFLICT_KWH
    kept_out = [not battery.may_feed_cars for battery in problem.batteries]
    if any(kept_out):
        given = np.sum(dispatch.discharge_kwh, axis=0, where=np.array(kept_out)[:, None])
        wrong |= charging & (given > need)
    beyond_need = np.sum(dispatch.discharge_kwh, axis=0) > need
    for index, battery in enumerate(problem.batteries):
        if battery.may_feed_cars and battery.cars_above_kwh > 0.0:
            soc = battery_soc(battery, dispatch, index)
            gives = dispatch.discharge_kwh[index] > CONFLICT_KWH
            is_low = soc < battery.cars_above_kwh - CONFLICT_KWH
            wrong |= charging & beyond_need & gives & is_low
    return wrong


def needs_feed_rule(problem: PlanProblem) -> bool:
    """Whether the owner keeps a battery from cars at all."""
    return any(
        not battery.may_feed_cars or battery.cars_above_kwh > 0.0 for battery in problem.batteries
    )


def suspects(problem: PlanProblem, found: Conflicts) -> Conflicts:
    """Return ``found`` with the slots that would break the same rule when these are mended."""
    none = np.zeros(problem.n_slots, dtype=np.bool_)
    burns, swaps = burning_slots(problem), swapping_slots(problem)
    car_slots = np.any([car_limit(car, problem) > 0.0 for car in problem.cars] or [none], axis=0)

    def spread(one: BoolArray, to: BoolArray) -> BoolArray:
        return one | to if one.any() else one

    return Conflicts(
        car_range=tuple(
            none
            if car.fixed_kwh is not None
            # A car that charges at all takes its least power: without that the search for who
            # feeds it would get lost among tiny powers.
            else spread(one | found.feed, _is_choice(car) & (car_limit(car, problem) > 0.0))
            for car, one in zip(problem.cars, found.car_range, strict=True)
        ),
        direction=tuple(spread(one, burns) for one in found.direction),
        grid=spread(found.grid, swaps),
        grid_charge=found.grid_charge,
        export=found.export,
        feed=spread(found.feed, car_slots) if needs_feed_rule(problem) else none,
    )


def _is_choice(car: CarModel) -> bool:
    return any(span.low_kw > 0.0 for span in car.ranges)


def every_choice(problem: PlanProblem, dispatch: Dispatch) -> Conflicts:
    """Return every choice in every slot; feeding cars only where none is fed from a battery."""
    everywhere = np.ones(problem.n_slots, dtype=np.bool_)
    nowhere = np.zeros(problem.n_slots, dtype=np.bool_)
    return Conflicts(
        car_range=tuple(everywhere if car.fixed_kwh is None else nowhere for car in problem.cars),
        direction=(everywhere,) * len(problem.batteries),
        grid=everywhere,
        grid_charge=tuple(
            nowhere if battery.may_grid_charge else everywhere for battery in problem.batteries
        ),
        export=tuple(
            nowhere if battery.may_export else everywhere for battery in problem.batteries
        ),
        feed=find_conflicts(problem, dispatch).feed,
    )
