"""The last plan moved on, slot by slot as far as the home of now still allows it."""

from dataclasses import dataclass

from planner.dispatch import Dispatch
from planner.model import Memory
from planner.plan_problem import BatteryModel, CarModel, PlanProblem
from planner.slot_physics import EPS_KWH, BatteryState, Charger, limit_list, settled, window_of


def shifted_dispatch(problem: PlanProblem, memory: Memory) -> Dispatch:
    """Return what the last plan wanted, within the limits of ``problem``.

    Where the last plan does not reach, batteries serve the house and store what is left of the
    sun. Physics, fuse and export limit, and the owner's rules hold.

    Args:
        problem: The home of now.
        memory: The last plan in its slots.
    """
    cars = [_Car(problem, index, car, memory) for index, car in enumerate(problem.cars)]
    states = [BatteryState(battery, problem.slot_h) for battery in problem.batteries]
    surplus = (problem.pv_kwh - problem.load_kwh).tolist()
    served = problem.served_kwh.tolist()
    fuse = limit_list(problem.import_max_kwh, problem.n_slots)
    most_out = limit_list(problem.export_max_kwh, problem.n_slots)
    # What one battery buys or sells, another must not: then none does.
    may_buy = all(battery.may_grid_charge for battery in problem.batteries)
    may_sell = all(battery.may_export for battery in problem.batteries)
    for slot in range(problem.n_slots):
        left = _Left(
            kwh=surplus[slot],
            buys_kwh=fuse[slot] if may_buy else 0.0,
            sells_kwh=most_out[slot] if may_sell else 0.0,
            house_kwh=served[slot],
        )
        # What cars charge surely comes first.
        left.kwh -= sum(car.surely_kwh[slot] for car in cars)
        for car in cars:
            left.kwh -= car.charge(slot, left.kwh + fuse[slot]) - car.surely_kwh[slot]
        is_charging = any(car.course[slot] > EPS_KWH for car in cars)
        left.is_for_house = is_charging and not all(map(_may_feed_now, problem.batteries, states))
        for index, state in enumerate(states):
            if slot < memory.reach:
                wished = (
                    float(memory.charge_kwh[index][slot]),
                    float(memory.discharge_kwh[index][slot]),
                )
            else:
                wished = max(left.kwh, 0.0), max(-left.kwh, 0.0)
            charge_kwh, discharge_kwh = left.share(state, *wished)
            state.move(charge_kwh, discharge_kwh)
    return settled(
        problem,
        [state.charged for state in states],
        [state.discharged for state in states],
        [car.course for car in cars],
    )


class _Car:
    """A car on its way through the slots: as planned, within its window, its room and the fuse."""

    def __init__(self, problem: PlanProblem, index: int, car: CarModel, memory: Memory) -> None:
        self.course: list[float] = []
        self.surely_kwh: list[float] = car.surely_kwh(problem.n_slots).tolist()
        self._is_fixed = car.fixed_kwh is not None
        self._wished = memory.car_kwh[index][: memory.reach].tolist()
        self._charger, self._window = Charger(car, problem.slot_h), window_of(car, problem.n_slots)
        # What later slots surely need is spoken for.
        self._room_kwh = car.room_kwh / car.charge_efficiency_frac - sum(self.surely_kwh)

    def charge(self, slot: int, most_kwh: float) -> float:
        """Return what it charges where ``most_kwh`` are to be had besides what it surely gets."""
        kwh = self.surely_kwh[slot]
        self._room_kwh += kwh
        is_wished = slot < len(self._wished) and self._wished[slot] > EPS_KWH
        if not self._is_fixed and slot in self._window and is_wished:
            wished_kwh = self._charger.within_room(
                min(self._wished[slot], max(most_kwh + kwh, 0.0)),
                self._room_kwh,
                is_last=slot == self._window[-1],
            )
            kwh = max(kwh, wished_kwh)
        self._room_kwh -= kwh
        self.course.append(kwh)
        return kwh


def _may_feed_now(battery: BatteryModel, state: BatteryState) -> bool:
    """Return whether a car may be charged from it, however much it gives in this slot."""
    given_kwh = state.most_discharge_kwh() / battery.discharge_efficiency_frac
    return battery.may_feed_cars and state.soc_kwh - given_kwh >= battery.cars_above_kwh


@dataclass(slots=True, kw_only=True)
class _Left:
    """What a slot leaves for batteries [kWh]; ``kwh`` is surplus, negative: need.

    ``buys_kwh`` and ``sells_kwh`` are the most that batteries may buy and sell, ``house_kwh`` what
    the house still needs. Where it ``is_for_house`` cars get nothing from batteries.
    """

    kwh: float
    buys_kwh: float
    sells_kwh: float
    house_kwh: float
    is_for_house: bool = False

    def share(
        self, state: BatteryState, charge_kwh: float, discharge_kwh: float
    ) -> tuple[float, float]:
        """Return what a battery takes and gives of it; one of the two is zero."""
        if charge_kwh > EPS_KWH:
            most_kwh = min(state.most_charge_kwh(), max(self.kwh + self.buys_kwh, 0.0))
            charge_kwh = min(charge_kwh, most_kwh)
            self.kwh -= charge_kwh
            return charge_kwh, 0.0
        most_kwh = min(state.most_discharge_kwh(), max(-self.kwh + self.sells_kwh, 0.0))
        if self.is_for_house:
            most_kwh = min(most_kwh, self.house_kwh)
        discharge_kwh = min(discharge_kwh, most_kwh)
        self.kwh += discharge_kwh
        self.house_kwh = max(self.house_kwh - discharge_kwh, 0.0)
        return 0.0, discharge_kwh
