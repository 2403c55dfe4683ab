"""The questions that are asked before the home battery helps a car, one for each ``GateCode``.

A kWh from the battery costs what it would be worth later, with losses and wear
(``control.worth``). It has to cost less than the bought energy that it replaces, and than buying
for the car in a quarter hour that comes before the car has to be ready.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from control.flows import LEAST_KWH, Intent, SlotFlows, start_of
from control.reasons import Figure
from control.worth import cost_of_use_eur_per_kwh, stored_value_eur_per_kwh
from domain.horizon import SLOT, SLOT_H
from domain.plan import CarCourse, Plan
from domain.site import ChargeMode, Loadpoint, SiteSnapshot
from domain.steering import GateCode
from planner.car_wishes import (
    ASSUMED_MAX_CURRENT_A,
    ASSUMED_MIN_CURRENT_A,
    CHARGE_EFFICIENCY_FRAC,
    PHASE_VOLTAGE_V,
)
from planner.plant import Plant

_START_ABOVE_PCT = 2.0
# evcc's own delay before it switches a car off for lack of sun, and an interval.
_RUNS_ON_H = (180.0 + 30.0) / 3600.0
_FEEDS_KWH = 0.05
# evcc takes 100 for "no limit".
_NO_LIMIT_PCT = 100
_BOOSTED = frozenset({ChargeMode.PV, ChargeMode.MIN_PV})


@dataclass(frozen=True, slots=True, kw_only=True)
class BatToCarRules:
    """What the owner allows, and what the home can.

    Args:
        is_allowed: The option ``battery_to_car``.
        buffer_soc_pct: What the battery keeps for the house; None or 0: nothing is for cars.
        wear_eur_per_kwh: Cost of one kWh taken out.
        plant: What the batteries together can.
        active: evcc's name of the loadpoint that the battery helps already; empty: none.
        set_to_now: Loadpoints that get the charge mode "now" by the plan. evcc has no boost there,
            and the battery serves such a car without one.
        in_hand: Loadpoints whose boost the owner has just ended.
    """

    is_allowed: bool
    buffer_soc_pct: float | None
    wear_eur_per_kwh: float
    plant: Plant
    active: str = ""
    set_to_now: frozenset[str] = frozenset()
    in_hand: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """The plan's present slot."""

    plan: Plan
    slot: int
    flows: SlotFlows
    intent: Intent

    @property
    def price(self) -> float:
        return self.plan.import_price_eur_per_kwh[self.slot]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What gates are judged by; ``now`` is None without a plan."""

    site: SiteSnapshot
    rules: BatToCarRules
    loadpoint: Loadpoint | None
    now: Present | None

    @property
    def device(self) -> str:
        return "" if self.loadpoint is None else self.loadpoint.name

    @property
    def floor_pct(self) -> float | None:
        """Where a boost has to end so that the buffer stays untouched; None: nothing is for cars.

        A car runs on at its least power until evcc switches it off.
        """
        buffer_pct, loadpoint = self.rules.buffer_soc_pct, self.loadpoint
        battery = self.site.battery
        if not buffer_pct or loadpoint is None or battery is None or not battery.capacity_kwh:
            return buffer_pct or None
        kwh = least_power_kw(self.site, loadpoint) * _RUNS_ON_H / self.rules.plant.one_way_frac
        return buffer_pct + 100.0 * kwh / battery.capacity_kwh

    @property
    def course(self) -> CarCourse | None:
        cars = () if self.now is None else self.now.plan.cars
        return next((one for one in cars if one.name == self.device), None)

    @property
    def cost_eur_per_kwh(self) -> float | None:
        """What a kWh from the battery costs; None: not known."""
        if self.now is None:
            return None
        rules, now = self.rules, self.now
        value = stored_value_eur_per_kwh(
            now.plan, now.slot, plant=rules.plant, wear_eur_per_kwh=rules.wear_eur_per_kwh
        )
        if value is None:
            return None
        return cost_of_use_eur_per_kwh(
            value, plant=rules.plant, wear_eur_per_kwh=rules.wear_eur_per_kwh
        )


Answer = tuple[bool, dict[str, Figure]]
"""Whether a gate is open, and its figures."""


def _is_allowed(scene: Question) -> Answer:
    return scene.rules.is_allowed, {}


def _car_wants(scene: Question) -> Answer:
    loadpoint = scene.loadpoint
    if loadpoint is None:
        return False, {}
    soc_pct, limit_pct = loadpoint.vehicle_soc_pct, loadpoint.limit_soc_pct
    is_below = soc_pct is None or limit_pct is None or soc_pct < limit_pct
    kwh, limit_kwh = loadpoint.session_kwh, loadpoint.limit_kwh
    has_room = not limit_kwh or kwh is None or kwh < limit_kwh
    is_in_hand = loadpoint.name in scene.rules.in_hand
    return loadpoint.mode in _BOOSTED and is_below and has_room and not is_in_hand, {
        "car": loadpoint.name,
        "soc_pct": soc_pct,
        "limit_soc_pct": limit_pct,
    }


def _boost_is_available(scene: Question) -> Answer:
    loadpoint, battery = scene.loadpoint, scene.site.battery
    knows_battery = battery is not None and battery.capacity_kwh is not None
    has_boost = (
        loadpoint is not None
        and loadpoint.battery_boost is not None
        and loadpoint.battery_boost_limit_pct is not None
    )
    return knows_battery and has_boost, {}


def _is_above_buffer(scene: Question) -> Answer:
    soc_pct = None if scene.site.battery is None else scene.site.battery.soc_pct
    buffer_pct = scene.rules.buffer_soc_pct
    facts: dict[str, Figure] = {"soc_pct": soc_pct, "buffer_soc_pct": buffer_pct}
    floor_pct = scene.floor_pct
    if soc_pct is None or floor_pct is None or math.ceil(floor_pct) >= _NO_LIMIT_PCT:
        return False, facts
    above_pct = 0.0 if scene.rules.active == scene.device else _START_ABOVE_PCT
    return soc_pct > floor_pct + above_pct, facts


def _plan_agrees(scene: Question) -> Answer:
    """A boost takes all that the battery can, so a plan that would hold it does not agree."""
    if scene.now is None:
        return False, {}
    flows = scene.now.flows
    kwh = flows.feeds_cars_kwh if flows.cars.get(scene.device, 0.0) > LEAST_KWH else 0.0
    return kwh > _FEEDS_KWH and scene.now.intent is Intent.FOLLOWS, {"kwh": kwh}


def _is_worth_it(scene: Question) -> Answer:
    if scene.now is None:
        return False, {}
    cost, price = scene.cost_eur_per_kwh, scene.now.price
    return cost is not None and cost < price, {"value": cost, "price": price}


def _no_cheaper_window(scene: Question) -> Answer:
    """Look for as many cheaper quarter hours as the car needs at full power.

    The one that counts is the dearest of the cheapest so many: below what the battery costs, all of
    it could be bought cheaper. Where there are fewer, the car cannot wait for them.
    """
    now, course, loadpoint = scene.now, scene.course, scene.loadpoint
    cost = scene.cost_eur_per_kwh
    if now is None or course is None or loadpoint is None or cost is None:
        return False, {}
    plan = now.plan
    end = plan.n_known_prices if course.by is None else (course.by - plan.start) // SLOT
    prices = plan.import_price_eur_per_kwh
    cheapest = sorted(range(now.slot + 1, min(end, plan.n_slots)), key=lambda slot: prices[slot])
    full_kwh = full_power_kw(scene.site, loadpoint) * SLOT_H
    needed_kwh = _still_needed_kwh(course, now.slot)
    n_needed = max(1, math.ceil(needed_kwh / full_kwh - LEAST_KWH))
    if len(cheapest) < n_needed:
        return True, {"price": cost}
    decisive = cheapest[n_needed - 1]
    best = prices[decisive]
    return best >= cost, {
        "price": cost,
        "best_price": best,
        "best_at": start_of(plan, decisive),
    }


def _still_needed_kwh(course: CarCourse, slot: int) -> float:
    """Return what the car has still to charge [kWh, AC], by plan or to its target."""
    has_kwh = course.soc_kwh[slot - 1] if slot > 0 else course.start_kwh
    to_target_kwh = (course.target_kwh - has_kwh) / CHARGE_EFFICIENCY_FRAC
    return max(sum(course.charge_kwh[slot:]), to_target_kwh, 0.0)


def full_power_kw(site: SiteSnapshot, loadpoint: Loadpoint) -> float:
    """Return what a car can charge with; evcc's own defaults where nobody tells."""
    current_a = loadpoint.max_current_a or ASSUMED_MAX_CURRENT_A
    return current_a * _phases(site, loadpoint) * PHASE_VOLTAGE_V / 1000.0


def least_power_kw(site: SiteSnapshot, loadpoint: Loadpoint) -> float:
    """Return the least that a car charges with; where evcc switches phases, on one."""
    current_a = loadpoint.min_current_a or ASSUMED_MIN_CURRENT_A
    switches = loadpoint.switches_phases and not loadpoint.phases_configured
    phases = 1 if switches else _phases(site, loadpoint)
    return current_a * phases * PHASE_VOLTAGE_V / 1000.0


def _phases(site: SiteSnapshot, loadpoint: Loadpoint) -> int:
    most = next(
        (one.phases for one in site.vehicles if one.name == loadpoint.vehicle_name), None
    ) or 3  # fmt: skip
    phases = loadpoint.phases_configured or None
    if phases is None and not loadpoint.switches_phases:
        phases = loadpoint.phases_active or None
    return min(phases or most, most)


GATES: tuple[tuple[GateCode, Callable[[Question], Answer]], ...] = (
    (GateCode.ALLOWED, _is_allowed),
    (GateCode.CAR_WANTS, _car_wants),
    (GateCode.BOOST_AVAILABLE, _boost_is_available),
    (GateCode.ABOVE_BUFFER, _is_above_buffer),
    (GateCode.PLAN_AGREES, _plan_agrees),
    (GateCode.WORTH_IT, _is_worth_it),
    (GateCode.NO_CHEAPER_WINDOW, _no_cheaper_window),
)
