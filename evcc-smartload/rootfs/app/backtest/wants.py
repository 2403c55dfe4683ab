"""What a plan wants of battery and cars in a quarter hour: by that, changes of mind are counted."""

from control.flows import Intent, flows_of, intent_of, self_consumption
from domain.plan import Plan, Rung
from planner.plant import Plant

# A car that is planned less than this in a quarter hour is not charged [kWh].
_IDLE_KWH = 0.05


def wants_of(plan: Plan | None, slot: int, plant: Plant) -> tuple[str, ...]:
    """Return what a plan wants in a slot: of the battery, then of each car.

    Two plans that want the same lead to the same commands, whatever their figures are. Empty where
    there is no plan, or it does not reach.
    """
    if plan is None or not 0 <= slot < plan.n_slots:
        return ()
    flows = flows_of(plan, slot, plan.cars)
    battery = Intent.FOLLOWS
    if plan.rung is not Rung.HANDS_OFF:
        battery = intent_of(flows, self_consumption(plan, slot, flows, plant))
    return battery, *("charges" if kwh > _IDLE_KWH else "waits" for kwh in flows.cars.values())
