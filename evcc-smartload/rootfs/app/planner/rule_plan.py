"""The plan of a few rules, for when no solver is at hand.

Cars charge in their cheapest slots and batteries by the price levels of what lies ahead
(``rule_cars``, ``rule_levels``). A handful of such plans is made, with plain self-consumption
and charging at once among them, and the cheapest is taken: so none of them is ever cheaper.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from planner.dispatch import Dispatch, cost_of
from planner.plan_problem import BatteryModel, PlanProblem
from planner.rule_battery import run_battery, run_self_consumption
from planner.rule_cars import GridCost, cheapest_charging, soonest_charging, sure_charging
from planner.rule_levels import Surroundings, surroundings
from planner.slot_physics import BatteryState, settled

_BatteryRule = Callable[[PlanProblem, BatteryModel, Surroundings], BatteryState]
_Charging = Sequence[Sequence[float]]

_LOOKS = 3
"""How often cars are planned anew by what the batteries then make of it."""


def rule_dispatch(problem: PlanProblem) -> Dispatch:
    """Return a plan by rules; it keeps physics and all rules of the owner.

    Fuse and export limit are exceeded only where house, what cars charge surely and rules leave
    these rules no other way.

    Args:
        problem: A problem that ``checked()`` lets pass.
    """
    net = (problem.load_kwh - problem.pv_kwh + np.sum(sure_charging(problem), axis=0)).tolist()
    grid = GridCost(problem)
    soonest = soonest_charging(problem, grid, net)
    plans = [
        _with_batteries(problem, soonest, run_self_consumption)[0],
        _with_batteries(problem, soonest, run_battery)[0],
        _with_batteries(problem, cheapest_charging(problem, grid, net), run_self_consumption)[0],
    ]
    for _ in range(_LOOKS if problem.cars and problem.batteries else 1):
        cheapest = cheapest_charging(problem, grid, net)
        plan, around = _with_batteries(problem, cheapest, run_battery)
        plans.append(plan)
        if len(problem.batteries) > 1:
            plans.append(_with_batteries(problem, cheapest, run_battery, is_reversed=True)[0])
        grid = GridCost(problem, around.buy_eur_per_kwh, around.sell_eur_per_kwh)
    return min(plans, key=lambda plan: cost_of(problem, plan).total_eur)


def _with_batteries(
    problem: PlanProblem, charging: _Charging, rule: _BatteryRule, *, is_reversed: bool = False
) -> tuple[Dispatch, Surroundings]:
    """Let one battery after the other do what is left to do, the first one first."""
    around = surroundings(problem, charging)
    order = problem.batteries[::-1] if is_reversed else problem.batteries
    states = [rule(problem, battery, around) for battery in order]
    if is_reversed:
        states.reverse()
    charged, given = [state.charged for state in states], [state.discharged for state in states]
    return _turned_down(problem, settled(problem, charged, given, charging)), around


def _turned_down(problem: PlanProblem, plan: Dispatch) -> Dispatch:
    """Turn PV down where feeding in costs money, and where the grid pays for what is bought."""
    if not problem.can_curtail:
        return plan
    spare = problem.pv_kwh - plan.curtail_kwh
    sold = np.where(problem.export_price_eur_per_kwh < 0.0, plan.grid_export_kwh, 0.0)
    sold = np.minimum(sold, spare)
    left = plan.grid_export_kwh - sold
    may_import = (problem.import_price_eur_per_kwh < 0.0) & (left <= 0.0)
    for battery, charged in zip(problem.batteries, plan.charge_kwh, strict=True):
        if not battery.may_grid_charge:
            may_import &= charged <= 0.0
    bought = spare - sold
    if problem.import_max_kwh is not None:
        bought = np.minimum(bought, np.maximum(problem.import_max_kwh - plan.grid_import_kwh, 0.0))
    bought = np.where(may_import, bought, 0.0)
    return replace(
        plan,
        grid_import_kwh=plan.grid_import_kwh + bought,
        grid_export_kwh=left,
        curtail_kwh=plan.curtail_kwh + sold + bought,
    )
