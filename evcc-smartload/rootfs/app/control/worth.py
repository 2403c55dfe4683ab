"""What a kWh in the home battery is worth to the plan, and what it costs to take it out.

A kWh that is kept goes where it is worth the most among the quarter hours that it can reach: it
replaces what is bought there for the house, or what is charged there, and it reaches no further
than to where the battery is full anyway. ``Plan.marginal_eur_per_kwh`` is what a kWh more used in a
slot would cost, so in a slot ``s`` it is worth, per kWh in the cells,

    (marginal_s - wear) * out    where the house lacks something and the battery can give more
    marginal_s / into            where the battery charges

with the efficiencies ``out`` and ``into``. By the optimality of the plan none of these is more than
what the last stored kWh is worth, and where the battery gives or takes with part of its power it
is just that. A battery that is nowhere full may also keep energy for the time after the plan, which
is worth what the plan says on average of the energy that it gains or loses until its end.
"""

from control.flows import LEAST_KWH, SlotFlows, flows_of
from domain.horizon import SLOT_H
from domain.plan import Plan
from planner.plant import Plant

_FULL_FRAC = 0.99
# The average over less is made of rounding.
_LEAST_GAIN_KWH = 0.5


def stored_value_eur_per_kwh(
    plan: Plan, slot: int, *, plant: Plant, wear_eur_per_kwh: float
) -> float | None:
    """Return what a kWh in the cells at the end of ``slot`` is worth later; None: not known.

    Args:
        plan: The plan in force, with all its cars.
        slot: The slot after which it is kept.
        plant: Efficiencies and powers of the batteries together.
        wear_eur_per_kwh: Cost of one kWh taken out.
    """
    efficiency_frac = plant.one_way_frac
    full_kwh = _FULL_FRAC * sum(one.capacity_kwh for one in plan.batteries)
    most_kwh = plant.discharge_max_kw * SLOT_H
    found: list[float] = []
    for later in range(slot + 1, plan.n_slots):
        flows = flows_of(plan, later, plan.cars)
        worth = _worth_of_use(plan, later)
        if worth is not None and _could_use_more(flows, most_kwh):
            found.append((worth - wear_eur_per_kwh) * efficiency_frac)
        if worth is not None and flows.charge_kwh > LEAST_KWH:
            found.append(worth / efficiency_frac)
        if sum(one.soc_kwh[later] for one in plan.batteries) >= full_kwh:
            break
    else:
        found += _after_the_plan(plan)
    return max(found, default=None)


def cost_of_use_eur_per_kwh(
    value_eur_per_kwh: float, *, plant: Plant, wear_eur_per_kwh: float
) -> float:
    """Return what a kWh out of the battery costs, with losses and wear."""
    return value_eur_per_kwh / plant.one_way_frac + wear_eur_per_kwh


def _worth_of_use(plan: Plan, slot: int) -> float | None:
    """Return what a kWh more used in ``slot`` costs; without marginal values the meter's price."""
    marginal = plan.marginal_eur_per_kwh[slot]
    if marginal is not None:
        return marginal
    if plan.grid_import_kwh[slot] > LEAST_KWH:
        return plan.import_price_eur_per_kwh[slot]
    if plan.grid_export_kwh[slot] > LEAST_KWH:
        return plan.export_price_eur_per_kwh[slot]
    return None


def _could_use_more(flows: SlotFlows, most_kwh: float) -> bool:
    return flows.house_lacks_kwh > LEAST_KWH and flows.discharge_kwh < most_kwh - LEAST_KWH


def _after_the_plan(plan: Plan) -> list[float]:
    gained_kwh = sum(one.soc_kwh[-1] - one.start_kwh for one in plan.batteries)
    if abs(gained_kwh) < _LEAST_GAIN_KWH:
        return []
    return [-plan.cost.stored_eur / gained_kwh]
