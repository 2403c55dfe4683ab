"""Whether a plan is what evcc and an inverter do by themselves, told without going through it."""

import numpy as np

from planner.dispatch import Dispatch, battery_soc
from planner.evcc_rules import EvccRules
from planner.plan_problem import FloatArray, PlanProblem

# Flows that differ by less are the same [kWh]: in 48 h that is less than 0.01 ct.
_SAME_KWH = 1e-6


def is_as_evcc(problem: PlanProblem, rules: EvccRules, dispatch: Dispatch) -> bool:
    """Return whether ``dispatch`` is what would happen without a plan, and so saves nothing.

    The battery stores all surplus it can and gives all the house needs, in each slot from where it
    stands in this plan; so it stands there without a plan, too. False where that is not certain:
    with cars, with several batteries, a fuse, or grid charging by evcc.
    """
    limit = rules.grid_charge_limit_eur_per_kwh
    if problem.cars or problem.import_max_kwh is not None or len(problem.batteries) > 1:
        return False
    if limit is not None and bool((problem.import_price_eur_per_kwh <= limit).any()):
        return False
    if dispatch.curtail_kwh.any():
        return False
    if not problem.batteries:
        return True
    battery, surplus = problem.batteries[0], problem.pv_kwh - problem.load_kwh
    soc = np.concatenate(([battery.soc_kwh], battery_soc(battery, dispatch, 0)[:-1]))
    takes = np.minimum(surplus, (battery.soc_max_kwh - soc) / battery.charge_efficiency_frac)
    takes = np.minimum(takes, battery.charge_max_kw * problem.slot_h)
    if battery.taper:
        limit_kw = np.interp(
            soc,
            [point.soc_kwh for point in battery.taper],
            [point.charge_max_kw for point in battery.taper],
        )
        takes = np.minimum(takes, limit_kw * problem.slot_h)
    gives = np.minimum(-surplus, (soc - battery.soc_min_kwh) * battery.discharge_efficiency_frac)
    gives = np.minimum(gives, battery.discharge_max_kw * problem.slot_h)
    return _is_same(dispatch.charge_kwh[0], takes) and _is_same(dispatch.discharge_kwh[0], gives)


def _is_same(kwh: FloatArray, most: FloatArray) -> bool:
    return bool((np.abs(kwh - np.maximum(most, 0.0)) < _SAME_KWH).all())
