"""Plans once a cycle: what the service knows becomes a task, the planner's result what is shown."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Protocol

from config import Config
from domain.horizon import SLOT_H, slot_start
from domain.outlook import Outlook
from domain.plan import Plan, Rung, SkipCause, Skipped
from domain.site import SiteSnapshot
from domain.state import SystemState
from forecaster.energy_columns import EnergyColumns
from plan_inputs import OwnerAsks, build_task, plant_with_options
from planner.courses import net_courses
from planner.horizon_planner import HorizonPlanner, PlanResult
from planner.plan_facts import PLAN_KIND, plan_facts
from planner.plant import Plant, PlantPast, assumed_plant, learn_plant
from planner.task import PlanTask
from site_watch import Reading
from storage.records import Fact
from web.plan_summary import nothing_planned, plan_summary

# What a battery can do is learned from its last months, once a day.
LEARNED_FROM = timedelta(days=60)


class PlanHistory(Protocol):
    """Keeps plans, and knows what the batteries did."""

    def write_decision(self, at: datetime, kind: str, facts: Mapping[str, Fact]) -> None:
        """Keep a decision with its facts."""
        ...

    def read_energies(self, start: datetime, end: datetime) -> EnergyColumns:
        """Return every quarter hour from ``start`` to ``end``; NaN where nothing is known."""
        ...


class Planning:
    """Belongs to the cycle's thread."""

    def __init__(self, cfg: Config, history: PlanHistory, planner: HorizonPlanner) -> None:
        """Plan with the owner's options; nothing is read yet."""
        self._cfg = cfg
        self._history = history
        self._planner = planner
        self._plant = assumed_plant(None)
        self._learned_from: tuple[date, float] | None = None
        self._result = PlanResult(plan=None)
        self._tried_at: datetime | None = None
        self._summary: dict[str, object] | None = None
        self._summary_of: tuple[Plan, datetime] | None = None

    @property
    def tried_at(self) -> datetime | None:
        """When a plan was last tried; None: never."""
        return self._tried_at

    @property
    def plant(self) -> Plant:
        """What the batteries together can: what the owner says of them goes before the rest."""
        return plant_with_options(self._plant, self._cfg)

    @property
    def result(self) -> PlanResult:
        """The last plan, or why there is none."""
        return self._result

    def update(
        self,
        now: datetime,
        reading: Reading,
        outlook: Outlook | None,
        *,
        buffer_soc_pct: float | None,
        asked: OwnerAsks,
    ) -> None:
        """Plan from now on.

        Args:
            now: When this is, aware UTC.
            reading: evcc as it is, with the owner's values where SmartLoad has changed them.
            outlook: What is expected.
            buffer_soc_pct: What the buffer holds back of the battery; None: nothing.
            asked: What the owner asks for, and what is not in our hand.
        """
        self._tried_at = now
        task = self._task(now, reading, outlook, buffer_soc_pct=buffer_soc_pct, asked=asked)
        courses = None
        if outlook is not None and not isinstance(task, Skipped):
            courses = net_courses(task.start, task.problem.n_slots, outlook)
        self._result = self._planner.plan(now, task, net_courses_kwh=courses)
        plan = self._result.plan
        if plan is not None:
            self._history.write_decision(now, PLAN_KIND, plan_facts(plan, now))

    def explain(self, is_stopping: Callable[[], bool]) -> bool:
        """Find out what else could be, when that is still open; return whether it was."""
        plan = self._result.plan
        if plan is None or plan.is_explained:
            return False
        explained = self._planner.explain(is_stopping)
        if explained is None:
            return False
        self._result = explained
        return True

    def fail(self, now: datetime, detail: str) -> None:
        """Show that planning itself failed; the last plan is not shown as if it were a new one."""
        self._tried_at = now
        self._result = PlanResult(
            plan=None,
            skipped=(Skipped(rung=Rung.EXACT, cause=SkipCause.SOLVER_FAILED, detail=detail),),
        )

    def summary(self, now: datetime, *, zone: tzinfo, currency: str) -> dict[str, object] | None:
        """Return the plan in short for the present slot; None before the first one was tried."""
        plan = self._result.plan
        if plan is None:
            return None if self._tried_at is None else nothing_planned(self._tried_at)
        shown = (plan, slot_start(now))
        if self._summary is None or self._summary_of != shown:
            self._summary = plan_summary(plan, now, zone=zone, currency=currency)
            self._summary_of = shown
        return self._summary

    def _task(
        self,
        now: datetime,
        reading: Reading,
        outlook: Outlook | None,
        *,
        buffer_soc_pct: float | None,
        asked: OwnerAsks,
    ) -> PlanTask | Skipped:
        site = reading.site if reading.is_fresh else None
        return build_task(
            now,
            site=site,
            outlook=outlook,
            cfg=self._cfg,
            plant=self._plant_of(now, site),
            buffer_soc_pct=buffer_soc_pct,
            asked=asked,
        )

    def _plant_of(self, now: datetime, site: SiteSnapshot | None) -> Plant:
        """Return what the batteries can do, learned anew each day and when they change.

        Where evcc does not tell their capacity, what was learned before holds.
        """
        battery = None if site is None else site.battery
        capacity_kwh = None if battery is None else battery.capacity_kwh
        if capacity_kwh is None or self._learned_from == (now.date(), capacity_kwh):
            return self._plant
        end = slot_start(now)
        past = self._history.read_energies(end - LEARNED_FROM, end)
        self._plant = learn_plant(
            PlantPast(
                charge_kwh=past.battery_charge_kwh,
                discharge_kwh=past.battery_discharge_kwh,
                soc_pct=past.battery_soc_pct,
            ),
            capacity_kwh=capacity_kwh,
            slot_h=SLOT_H,
        )
        self._learned_from = (now.date(), capacity_kwh)
        return self._plant


def plan_in_short(state: SystemState) -> dict[str, object]:
    """Return what the cycle's line in the log says of the plan."""
    plan = state.plan
    if plan is None:
        return {"plan": [skipped.cause.value for skipped in state.plan_skipped]}
    return {
        "plan": plan.rung.value,
        "plan_status": plan.status.value,
        "plan_cost_eur": round(plan.cost.total_eur, 3),
        "plan_saving_eur": round(plan.baseline.total_eur - plan.cost.total_eur, 3),
        "plan_ms": round(plan.solve_ms),
    }
