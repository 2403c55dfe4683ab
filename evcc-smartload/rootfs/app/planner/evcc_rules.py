"""What evcc and an inverter in self-consumption would do on the same forecast, without SmartLoad.

Slot by slot, with the mean of a slot as its power: cars by their charge mode, plan and evcc's SoC
settings, the battery by what is left over. Delays of evcc within a slot (starting, stopping,
phases) do not exist here, nor does its residual power.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from domain.site import ChargeMode
from planner.dispatch import Dispatch
from planner.plan_problem import CarModel, PlanProblem
from planner.slot_physics import (
    EPS_KWH,
    BatteryState,
    Charger,
    limit_list,
    settled,
    window_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarRule:
    """What the owner set in evcc for a car; a mode that is not known counts as PV.

    Args:
        mode: Charge mode of its loadpoint.
        has_plan: Whether evcc has a plan for it: its target by its deadline.
        smart_cost_limit_eur_per_kwh: At or below this price it charges at full power.
        now_slots: For so many slots at the beginning it is in mode "now" instead.
        is_charging: Whether it charges as the first slot begins.
    """

    mode: ChargeMode = ChargeMode.PV
    has_plan: bool = False
    smart_cost_limit_eur_per_kwh: float | None = None
    now_slots: int = 0
    is_charging: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EvccRules:
    """What the owner set in evcc: ``cars`` in the order of the problem, SoC settings 0 for off.

    Args:
        priority_soc_pct: Below it the battery is charged before cars.
        buffer_soc_pct: Above it a car that charges is kept at its least power.
        buffer_start_soc_pct: From it on a car is started without sun.
        discharge_control: Whether the battery is held while a car charges fast.
        grid_charge_limit_eur_per_kwh: At or below this price the battery charges from the grid.
    """

    cars: tuple[CarRule, ...] = ()
    priority_soc_pct: float = 0.0
    buffer_soc_pct: float = 0.0
    buffer_start_soc_pct: float = 0.0
    discharge_control: bool = False
    grid_charge_limit_eur_per_kwh: float | None = None

    @classmethod
    def default(cls, problem: PlanProblem) -> Self:
        """Return evcc as most have it: every car in PV mode with a plan, nothing else set."""
        return cls(cars=tuple(CarRule(has_plan=True) for _ in problem.cars))


def evcc_rules_dispatch(problem: PlanProblem, rules: EvccRules) -> Dispatch:
    """Return what evcc and the inverter would do.

    It obeys physics, not the rules that a plan keeps for the owner (reserve, grid charging, what
    may feed cars): evcc does not know them. The fuse throttles cars, then charging from the grid;
    a held battery gives what the fuse cannot.

    Raises:
        ValueError: ``rules`` are for another number of cars.
    """
    if len(rules.cars) != len(problem.cars):
        raise ValueError(f"rules for {len(rules.cars)} cars, but there are {len(problem.cars)}")
    home = _Home(problem, rules)
    for slot in range(problem.n_slots):
        home.step(slot)
    return settled(
        problem,
        [battery.charged for battery in home.batteries],
        [battery.discharged for battery in home.batteries],
        [car.charged for car in home.cars],
    )


class _Car:
    """A car on its way through the slots."""

    __slots__ = (
        "_better",
        "_target_kwh",
        "charged",
        "charger",
        "fixed",
        "is_regulated",
        "mode",
        "room_kwh",
        "rule",
        "window",
    )

    def __init__(self, problem: PlanProblem, car: CarModel, rule: CarRule) -> None:
        self.rule = rule
        self.mode = rule.mode
        self.window = window_of(car, problem.n_slots)
        self.charger = Charger(car, problem.slot_h)
        self.fixed = None if car.fixed_kwh is None else car.fixed_kwh.tolist()
        self.is_regulated = self.fixed is None and self.mode not in {ChargeMode.OFF, ChargeMode.NOW}
        self.room_kwh = car.room_kwh / car.charge_efficiency_frac
        """What it can still take, AC side."""
        target_kwh = (car.target_kwh - car.soc_kwh) / car.charge_efficiency_frac
        self._target_kwh = min(target_kwh, self.room_kwh)
        has_plan = rule.has_plan and self.is_regulated and self._target_kwh > 0.0
        self._better = (
            _better_slots(problem.import_price_eur_per_kwh, self.window) if has_plan else None
        )
        self.charged: list[float] = []

    @property
    def was_charging(self) -> bool:
        return self.charged[-1] > EPS_KWH if self.charged else self.rule.is_charging

    def may_charge(self, slot: int) -> bool:
        """Return whether evcc decides about it in ``slot``."""
        return (
            self.fixed is None
            and (self.mode is not ChargeMode.OFF or self._is_now(slot))
            and slot in self.window
        )

    def _is_now(self, slot: int) -> bool:
        return self.mode is ChargeMode.NOW or slot < self.rule.now_slots

    def planned_kwh(self, slot: int) -> float:
        """Return what evcc's plan charges in ``slot``.

        evcc lays its plan anew all the time: as many of the cheapest slots as it takes at full
        power, the later ones first where prices are equal, the dearest one only in part.
        """
        if self._better is None:
            return 0.0
        missing_kwh = self._target_kwh - self._better[slot] * self.charger.high_kwh
        return self.charger.at_least(min(missing_kwh, self.charger.high_kwh))

    def fast_kwh(self, slot: int, price: float) -> float:
        """Return what it charges in ``slot`` whatever the sun does, because it charges fast."""
        if not self.may_charge(slot):
            return 0.0
        limit = self.rule.smart_cost_limit_eur_per_kwh
        if self._is_now(slot) or (limit is not None and price <= limit):
            return self.charger.high_kwh
        return self.planned_kwh(slot)

    def within_limits(self, slot: int, kwh: float) -> float:
        """Return what it charges in ``slot`` when it may have ``kwh``."""
        is_last = slot == self.window.stop - 1
        return self.charger.within_room(kwh, self.room_kwh, is_last=is_last)

    def move(self, kwh: float) -> None:
        """Let a slot pass in which it charges ``kwh``."""
        self.room_kwh -= kwh
        self._target_kwh -= kwh
        self.charged.append(kwh)


def _better_slots(prices: np.ndarray, window: range) -> list[int]:
    """Return for each slot how many later ones in ``window`` a plan would take before it."""
    inside = prices[window.start : window.stop]
    is_better = np.triu(inside[np.newaxis, :] <= inside[:, np.newaxis], k=1)
    counts = np.zeros(len(prices), dtype=np.int64)
    counts[window.start : window.stop] = np.count_nonzero(is_better, axis=1)
    found: list[int] = counts.tolist()
    return found


class _Slot:
    """What is left in one slot while cars are being served."""

    __slots__ = (
        "fast_kwh",
        "forced_kwh",
        "fuse_kwh",
        "gives_kwh",
        "price",
        "surplus_kwh",
        "takes_kwh",
    )

    def __init__(self, price: float, surplus_kwh: float, fuse_kwh: float) -> None:
        self.price = price
        self.surplus_kwh = surplus_kwh
        self.fuse_kwh = fuse_kwh
        self.fast_kwh: list[float] = []
        """What each car charges whatever the sun does, because it charges fast."""
        self.takes_kwh = 0.0
        self.gives_kwh = 0.0
        self.forced_kwh = 0.0
        """What the battery charges whatever the sun does."""


class _Home:
    """The home on its way through the slots."""

    def __init__(self, problem: PlanProblem, rules: EvccRules) -> None:
        self._rules = rules
        self.batteries = [BatteryState(battery, problem.slot_h) for battery in problem.batteries]
        self.cars = [
            _Car(problem, car, rule) for car, rule in zip(problem.cars, rules.cars, strict=True)
        ]
        self._capacity_kwh = sum(battery.capacity_kwh for battery in problem.batteries)
        self._prices = problem.import_price_eur_per_kwh.tolist()
        self._surplus = (problem.pv_kwh - problem.load_kwh).tolist()
        self._fuse = limit_list(problem.import_max_kwh, problem.n_slots)

    def step(self, index: int) -> None:
        """Let slot ``index`` pass."""
        fixed = [car.fixed[index] if car.fixed is not None else 0.0 for car in self.cars]
        slot = _Slot(self._prices[index], self._surplus[index] - sum(fixed), self._fuse[index])
        takes = [battery.most_charge_kwh() for battery in self.batteries]
        gives = [battery.most_discharge_kwh() for battery in self.batteries]
        slot.fast_kwh = [car.fast_kwh(index, slot.price) for car in self.cars]
        slot.takes_kwh, slot.gives_kwh = sum(takes), sum(gives)
        limit = self._rules.grid_charge_limit_eur_per_kwh
        spare_kwh = slot.surplus_kwh + slot.fuse_kwh
        is_charging = limit is not None and slot.price <= limit and spare_kwh > 0.0
        if is_charging:
            slot.forced_kwh = min(slot.takes_kwh, spare_kwh)
        is_held = is_charging
        may_hold = (
            self._rules.discharge_control
            and not is_charging
            and (any(slot.fast_kwh) or sum(fixed) > EPS_KWH)
        )
        charged = self._serve_cars(index, slot, is_held=is_held or may_hold)
        if may_hold:
            is_held = sum(fixed) > EPS_KWH or any(
                kwh > EPS_KWH and fast_kwh > 0.0
                for kwh, fast_kwh in zip(charged, slot.fast_kwh, strict=True)
            )
            if not is_held:
                charged = self._serve_cars(index, slot, is_held=False)
        for car, kwh, fixed_kwh in zip(self.cars, charged, fixed, strict=True):
            car.move(fixed_kwh if car.fixed is not None else kwh)
        slot.surplus_kwh -= sum(charged)
        self._move_batteries(slot, takes, gives, is_held=is_held)

    def _serve_cars(self, index: int, slot: _Slot, *, is_held: bool) -> list[float]:
        """Return what each car charges: what it must, then in order what the sun leaves."""
        most_kwh = slot.surplus_kwh + slot.fuse_kwh - slot.forced_kwh
        if not is_held:
            most_kwh += slot.gives_kwh
        charged = []
        for car, fast_kwh in zip(self.cars, slot.fast_kwh, strict=True):
            kwh = 0.0
            if car.may_charge(index):
                wished_kwh = max(fast_kwh, self._least_kwh(car))
                kwh = car.within_limits(index, min(wished_kwh, most_kwh))
            charged.append(kwh)
            most_kwh -= kwh
        sun_kwh = slot.surplus_kwh - sum(charged)
        if sun_kwh > EPS_KWH and self._has_priority():
            sun_kwh -= slot.takes_kwh
        sun_kwh = min(sun_kwh, most_kwh)
        for position, car in enumerate(self.cars):
            if sun_kwh > EPS_KWH and car.is_regulated and index in car.window:
                base_kwh = charged[position]
                kwh = car.within_limits(index, base_kwh + sun_kwh)
                charged[position] = max(base_kwh, kwh)
                sun_kwh -= charged[position] - base_kwh
        return charged

    def _least_kwh(self, car: _Car) -> float:
        """Return what evcc keeps ``car`` at without sun."""
        if car.mode is ChargeMode.MIN_PV:
            return car.charger.low_kwh
        if not car.is_regulated or self._has_priority() or not self.batteries:
            return 0.0
        soc_pct, rules = self._soc_pct(), self._rules
        keeps = 0.0 < rules.buffer_soc_pct < soc_pct and car.was_charging
        starts = 0.0 < rules.buffer_start_soc_pct <= soc_pct
        return car.charger.low_kwh if keeps or starts else 0.0

    def _soc_pct(self) -> float:
        if self._capacity_kwh <= 0.0:
            return 0.0
        stored_kwh = sum(battery.soc_kwh for battery in self.batteries)
        return min(100.0, 100.0 * stored_kwh / self._capacity_kwh)

    def _has_priority(self) -> bool:
        """Whether the battery comes before cars."""
        return bool(self.batteries) and self._soc_pct() < self._rules.priority_soc_pct

    def _move_batteries(
        self, slot: _Slot, takes: Sequence[float], gives: Sequence[float], *, is_held: bool
    ) -> None:
        """Let the batteries do what an inverter does, in proportion to what each can."""
        left_kwh = slot.surplus_kwh
        charge_kwh = max(slot.forced_kwh, min(slot.takes_kwh, left_kwh))
        missing_kwh = -left_kwh - slot.fuse_kwh if is_held else -left_kwh
        discharge_kwh = 0.0 if charge_kwh > 0.0 else min(slot.gives_kwh, missing_kwh)
        charge_frac = charge_kwh / slot.takes_kwh if charge_kwh > 0.0 else 0.0
        discharge_frac = discharge_kwh / slot.gives_kwh if discharge_kwh > 0.0 else 0.0
        for battery, take_kwh, give_kwh in zip(self.batteries, takes, gives, strict=True):
            battery.move(take_kwh * charge_frac, give_kwh * discharge_frac)
