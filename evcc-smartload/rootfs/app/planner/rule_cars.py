"""When cars charge, by rules: in the slots where it costs least, as far as the wish is worth it.

What a slot costs is what its grid costs with the car less what it costs without: surplus that
would be turned down is free, other surplus costs its feed-in, the rest is bought.
"""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from planner.dispatch import overload_price, value_of
from planner.plan_problem import CarModel, FloatArray, PlanProblem
from planner.slot_physics import EPS_KWH, Charger, limit_list, window_of


class GridCost:
    """What the grid costs in a slot, by what is asked from it."""

    __slots__ = ("_buy", "_cap", "_curtails", "_overload", "_sell", "fuse")

    def __init__(
        self, problem: PlanProblem, buy: FloatArray | None = None, sell: FloatArray | None = None
    ) -> None:
        buy = problem.import_price_eur_per_kwh if buy is None else buy
        sell = problem.export_price_eur_per_kwh if sell is None else sell
        self._buy: list[float] = buy.tolist()
        self._sell: list[float] = sell.tolist()
        self._cap = limit_list(problem.export_max_kwh, problem.n_slots)
        self._curtails = problem.can_curtail
        self._overload = overload_price(problem)
        self.fuse = limit_list(problem.import_max_kwh, problem.n_slots)

    def eur(self, slot: int, net_kwh: float) -> float:
        """Return what ``net_kwh`` costs; negative is fed in."""
        if net_kwh >= 0.0:
            return net_kwh * self._buy[slot]
        sold_kwh, price = min(-net_kwh, self._cap[slot]), self._sell[slot]
        if self._curtails:
            return -sold_kwh * max(price, 0.0)
        return -sold_kwh * price + (-net_kwh - sold_kwh) * self._overload

    def levels(self, slot: int, net_kwh: float, charger: Charger) -> list[float]:
        """Return the powers at which what the next kWh costs may change, rising [kWh]."""
        most_kwh = charger.at_most(min(charger.high_kwh, self.fuse[slot] - net_kwh))
        if most_kwh <= 0.0:
            return []
        left_kwh = max(0.0, -net_kwh)
        free_kwh = charger.at_most(min(most_kwh, max(0.0, left_kwh - self._cap[slot])))
        sun_kwh = charger.at_most(min(most_kwh, left_kwh))
        found = {free_kwh, sun_kwh, most_kwh, min(charger.low_kwh, most_kwh)}
        return sorted(kwh for kwh in found if kwh > EPS_KWH)


class _Step(NamedTuple):
    """Raising a car's energy in a slot, and what a kWh of it costs."""

    eur_per_kwh: float
    slot: int
    from_kwh: float
    to_kwh: float


def cheapest_charging(
    problem: PlanProblem, grid: GridCost, net: Sequence[float]
) -> list[list[float]]:
    """Return what each car charges in each slot [kWh], the one with the least time to spare first.

    Args:
        problem: The home.
        grid: What the grid costs.
        net: What is asked from the grid with nothing but what cars charge surely [kWh].
    """
    asked = list(net)
    charged = sure_charging(problem)
    for index in _by_slack(problem):
        others = [net_kwh - kwh for net_kwh, kwh in zip(asked, charged[index], strict=True)]
        found = _Greedy(problem, problem.cars[index], grid).charge(others)
        charged[index] = found
        asked = [net_kwh + kwh for net_kwh, kwh in zip(others, found, strict=True)]
    return charged


def soonest_charging(
    problem: PlanProblem, grid: GridCost, net: Sequence[float]
) -> list[list[float]]:
    """As ``cheapest_charging``, but at full power from arrival on."""
    asked = list(net)
    charged = sure_charging(problem)
    for index in _by_slack(problem):
        car = problem.cars[index]
        charger, window = Charger(car, problem.slot_h), window_of(car, problem.n_slots)
        # What later slots surely need is spoken for.
        room_kwh = car.room_kwh / car.charge_efficiency_frac - sum(charged[index])
        for slot in window:
            least_kwh = charged[index][slot]
            most_kwh = min(charger.high_kwh, grid.fuse[slot] - asked[slot] + least_kwh)
            is_last = slot == window.stop - 1
            room_kwh += least_kwh
            kwh = max(least_kwh, charger.within_room(most_kwh, room_kwh, is_last=is_last))
            charged[index][slot] = kwh
            asked[slot] += kwh - least_kwh
            room_kwh -= kwh
    return charged


def sure_charging(problem: PlanProblem) -> list[list[float]]:
    """Return what each car charges in each slot whatever is planned."""
    return [car.surely_kwh(problem.n_slots).tolist() for car in problem.cars]


def _by_slack(problem: PlanProblem) -> list[int]:
    """Return the cars that are to be planned, the one with the least time to spare first."""

    def slack_h(index: int) -> float:
        car = problem.cars[index]
        if car.max_kw <= 0.0:
            return math.inf
        need_h = car.room_kwh / (car.charge_efficiency_frac * car.max_kw)
        return len(window_of(car, problem.n_slots)) * problem.slot_h - need_h

    planned = [index for index, car in enumerate(problem.cars) if car.fixed_kwh is None]
    return sorted(planned, key=lambda index: (slack_h(index), index))


class _Greedy:
    """Takes the cheapest steps until nothing more is worth it."""

    def __init__(self, problem: PlanProblem, car: CarModel, grid: GridCost) -> None:
        self._car = car
        self._grid = grid
        self._charger = Charger(car, problem.slot_h)
        self._window = window_of(car, problem.n_slots)
        self._least_kwh: list[float] = car.surely_kwh(problem.n_slots).tolist()
        self._kwh: list[float] = self._least_kwh.copy()
        self._sum_kwh = sum(self._kwh)
        self._room_kwh = car.room_kwh / car.charge_efficiency_frac

    def charge(self, net: Sequence[float]) -> list[float]:
        """Return what the car charges in each slot while ``net`` is asked besides."""
        steps = [step for slot in self._window for step in self._steps(slot, net[slot])]
        for step in sorted(steps):
            rest_kwh = self._worth_kwh(step.eur_per_kwh) - self._sum_kwh
            if rest_kwh <= EPS_KWH:
                break
            if abs(self._kwh[step.slot] - step.from_kwh) > EPS_KWH:
                continue
            wished_kwh = min(step.to_kwh, step.from_kwh + rest_kwh)
            kwh = self._charger.at_most(wished_kwh)
            if kwh > step.from_kwh + EPS_KWH:
                self._set(step.slot, kwh)
            elif step.from_kwh <= 0.0:
                self._take_rest(step, rest_kwh)
        return self._kwh

    def _set(self, slot: int, kwh: float) -> None:
        self._sum_kwh += kwh - self._kwh[slot]
        self._kwh[slot] = kwh

    def _take_rest(self, step: _Step, rest_kwh: float) -> None:
        """Charge a rest below the least power: a little more than wished, or less elsewhere."""
        low_kwh = self._charger.low_kwh
        if low_kwh > step.to_kwh + EPS_KWH:
            return
        if self._sum_kwh + low_kwh <= self._room_kwh + EPS_KWH:
            if self._worth_eur(low_kwh) > step.eur_per_kwh * low_kwh:
                self._set(step.slot, low_kwh)
            return
        too_much_kwh = low_kwh - rest_kwh
        for slot in reversed(self._window):
            less_kwh = self._kwh[slot] - too_much_kwh
            is_possible = (
                less_kwh > 0.0
                and less_kwh >= self._least_kwh[slot] - EPS_KWH
                and self._charger.at_most(less_kwh) >= less_kwh - EPS_KWH
            )
            if is_possible:
                self._set(slot, less_kwh)
                self._set(step.slot, low_kwh)
                return

    def _worth_kwh(self, eur_per_kwh: float) -> float:
        """Return how much the owner wants charged at a price [kWh, AC side]."""
        efficiency = self._car.charge_efficiency_frac
        return sum(
            piece.width_kwh / efficiency
            for piece in self._car.wish
            if piece.eur_per_kwh * efficiency > eur_per_kwh
        )

    def _worth_eur(self, more_kwh: float) -> float:
        efficiency, wish = self._car.charge_efficiency_frac, self._car.wish
        now_kwh = self._sum_kwh * efficiency
        then = value_of(wish, now_kwh + more_kwh * efficiency, is_open=False)
        return then - value_of(wish, now_kwh, is_open=False)

    def _steps(self, slot: int, net_kwh: float) -> list[_Step]:
        """Return the steps of a slot, each dearer than the one before (joined where it is not)."""
        least_kwh = self._least_kwh[slot]
        found = self._grid.levels(slot, net_kwh, self._charger)
        levels = [least_kwh, *(kwh for kwh in found if kwh > least_kwh + EPS_KWH)]
        costs = [self._grid.eur(slot, net_kwh + kwh) for kwh in levels]
        steps: list[_Step] = []
        for (kwh, eur), (next_kwh, next_eur) in itertools.pairwise(zip(levels, costs, strict=True)):
            step = _Step((next_eur - eur) / (next_kwh - kwh), slot, kwh, next_kwh)
            while steps and steps[-1].eur_per_kwh > step.eur_per_kwh:
                before = steps.pop()
                share = (step.to_kwh - step.from_kwh) / (step.to_kwh - before.from_kwh)
                joined = share * step.eur_per_kwh + (1.0 - share) * before.eur_per_kwh
                step = _Step(joined, slot, before.from_kwh, step.to_kwh)
            steps.append(step)
        return steps
