"""What evcc would do where it has nothing to decide: the battery stores the sun for the house.

The same as `evcc_rules` in a tenth of the time, for plans that are made by the thousand.
"""

from planner.dispatch import Dispatch
from planner.evcc_rules import EvccRules
from planner.plan_problem import BatteryModel, PlanProblem
from planner.slot_physics import EPS_KWH, settled


def self_use_dispatch(problem: PlanProblem, rules: EvccRules) -> Dispatch | None:
    """Return what evcc and the inverter would do; None where evcc has something to decide.

    That is with cars that can take anything, with batteries that share, and with grid charging.
    """
    limit = rules.grid_charge_limit_eur_per_kwh
    if limit is not None and bool((problem.import_price_eur_per_kwh <= limit).any()):
        return None
    if len(problem.batteries) != 1 or problem.batteries[0].taper:
        return None
    if any(car.room_kwh > EPS_KWH or car.fixed_kwh is not None for car in problem.cars):
        return None
    charged, discharged = _courses(problem, problem.batteries[0])
    nothing = [0.0] * problem.n_slots
    return settled(problem, [charged], [discharged], [nothing] * len(problem.cars))


def _courses(problem: PlanProblem, battery: BatteryModel) -> tuple[list[float], list[float]]:
    """Return what the battery charges and discharges in each slot [kWh]."""
    gain, loss = battery.charge_efficiency_frac, battery.discharge_efficiency_frac
    most_in = battery.charge_max_kw * problem.slot_h
    most_out = battery.discharge_max_kw * problem.slot_h
    low, high, soc = battery.soc_min_kwh, battery.soc_max_kwh, battery.soc_kwh
    charged, discharged = [], []
    for surplus in (problem.pv_kwh - problem.load_kwh).tolist():
        taken = given = 0.0
        if surplus > 0.0:
            taken = max(min(surplus, most_in, (high - soc) / gain), 0.0)
            soc += taken * gain
        else:
            given = max(min(-surplus, most_out, (soc - low) * loss), 0.0)
            soc -= given / loss
        charged.append(taken)
        discharged.append(given)
    return charged, discharged
