"""Which of the plans that an owner set counts: the next one."""

from datetime import datetime, timedelta

from simulator.charging_plan import PlanGoal, next_repetition
from simulator.evcc_settings import LoadpointSettings, VehicleSettings


def energy_goal(settings: LoadpointSettings) -> PlanGoal | None:
    """Return the plan of a loadpoint whose car's SoC is not known."""
    if settings.plan_time is None:
        return None
    return PlanGoal(
        number=1,
        time=settings.plan_time,
        energy_kwh=settings.plan_energy_kwh,
        continuous=settings.plan_continuous,
        precondition=timedelta(seconds=settings.plan_precondition_s),
    )


class SocGoals:
    """The plans of vehicles; when a repeating one comes is found anew only when it has come."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[dict[str, object], datetime, datetime | None]] = {}

    def next_of(self, owner: VehicleSettings, now: datetime) -> PlanGoal | None:
        """Return the owner's next plan, or the next repetition."""
        goals = []
        if owner.plan_time is not None:
            goals.append((owner.plan_time, 1, owner.plan_soc_pct))
        for number, plan in enumerate(owner.repeating_plans or (), start=2):
            at = self._next_repetition(plan, now) if plan["active"] else None
            if at is not None:
                goals.append((at, number, int(str(plan["soc"]))))
        if not goals:
            return None
        at, number, soc_pct = min(goals)
        return PlanGoal(
            number=number,
            time=at,
            soc_pct=soc_pct,
            continuous=owner.plan_continuous,
            precondition=timedelta(seconds=owner.plan_precondition_s),
        )

    def _next_repetition(self, plan: dict[str, object], now: datetime) -> datetime | None:
        found = self._found.get(id(plan))
        if found is not None and found[0] is plan and found[1] <= now:
            at = found[2]
            if at is None or now < at:
                return at
        at = next_repetition(plan, now)
        self._found[id(plan)] = plan, now, at
        return at
