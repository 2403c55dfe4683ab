"""Plans battery and cars over the slots to come, again in every cycle, and says why.

From the best plan there is down to none at all: each rung is verified before it is used, must
cost less than evcc's own rules on the same forecast, and says why the better ones were not.
"""

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, runtime_checkable

from domain.plan import (
    BatteryCourse,
    CarCourse,
    Plan,
    PlanCost,
    PlanStatus,
    Reason,
    Rung,
    SkipCause,
    Skipped,
    UnmetWish,
)
from planner.actions import actions_of
from planner.alternatives import reserve_cost, rule_costs, what_ifs
from planner.changes import change_since
from planner.dispatch import Dispatch, battery_soc, car_soc, cost_of
from planner.evcc_rules import evcc_rules_dispatch
from planner.exact import plan_exactly
from planner.fast import plan_fast
from planner.hedge import hedged
from planner.model import Memory
from planner.outcome import NoPlanError, Outcome
from planner.plan_memory import memory_of
from planner.plan_problem import FloatArray, PlanProblem, ProblemError
from planner.reasons import explain
from planner.rule_plan import rule_dispatch
from planner.self_use import self_use_dispatch
from planner.shifted import shifted_dispatch
from planner.solved import Solved, counted_eur
from planner.task import PlanTask
from planner.verify import verify

# A plan that saves less is not worth an intervention [EUR].
LEAST_SAVING_EUR = 0.001
# What is missing of a wish below this is a matter of rounding [kWh].
_MISSING_KWH = 0.05
# An old plan moved on says little after this: prices and sun have become others.
LONGEST_SHIFT = timedelta(hours=6)
_SOLVED = frozenset({Rung.EXACT, Rung.FAST})


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """How long planning may take [s].

    ``plan_s`` is for each path to a plan; ``explain_s`` is for exact looks at alternatives, of
    which each gets ``alternative_s``. With an ``explain_s`` of 0 none is looked at.
    """

    plan_s: float = 0.8
    explain_s: float = 1.0
    alternative_s: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanResult:
    """A plan, or why there is none; ``skipped`` is from best rung to last."""

    plan: Plan | None
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Used:
    """A dispatch that may be used, and by which rung."""

    rung: Rung
    outcome: Outcome
    memory: Memory | None

    def more(self, gain_eur: float) -> float:
        """Return what the decided slot saves; only a solved plan keeps to what was decided."""
        return gain_eur if self.rung in _SOLVED else 0.0


class _Unexplained(NamedTuple):
    """A plan that was just made, how it is shown until then, and the one before it."""

    plan: Plan
    solved: Solved
    before: Solved | None


class Path(Protocol):
    """A way to solve a problem, such as ``plan_exactly``; raises NoPlanError."""

    def __call__(
        self,
        problem: PlanProblem,
        /,
        *,
        seconds: Callable[[], float],
        time_limit_s: float,
        memory: Memory | None = None,
    ) -> Outcome:
        """Return the cheapest plan it finds in time."""
        ...


@runtime_checkable
class FollowingPath(Path, Protocol):
    """A path that begins where it ended the last time, and so has to know when that was."""

    def follow(self, task: PlanTask) -> None:
        """Take the task that the next problem is of."""
        ...


@dataclass(slots=True, kw_only=True)
class HorizonPlanner:
    """Keeps the last plan; belongs to the cycle's thread.

    Args:
        seconds: A clock that only goes forward [s].
        limits: How long it may take.
        exact: The path of the first rung.
        fast: The path of the second one, and of what is solved for explanations only.
        shows: Whether somebody looks at the plan. If not, the second rung is the first one, and
            what is only looked at is left out: reasons and actions. With cars that can charge it
            is not asked whether evcc's own rules are as good: they are not, and to know it takes
            as long as the plan. Its own cost stands in the place of theirs then.
    """

    seconds: Callable[[], float]
    limits: TimeLimits = field(default_factory=TimeLimits)
    exact: Path = plan_exactly
    fast: Path = plan_fast
    shows: bool = True
    _last: Solved | None = None
    _unexplained: "_Unexplained | None" = None
    _owed_eur: float = 0.0

    def plan(
        self,
        now: datetime,
        task: PlanTask | Skipped,
        *,
        net_courses_kwh: FloatArray | None = None,
    ) -> PlanResult:
        """Return the best plan that can be made and may be used.

        Args:
            now: When this is, aware UTC.
            task: What is to be planned, or why nothing can be.
            net_courses_kwh: Load less PV as it may come, shape (n_courses, n_slots), by which the
                running slot is decided; None: by what is expected alone.
        """
        self._unexplained = None
        if isinstance(task, Skipped):
            return self._without_task(now, task)
        began_s = self.seconds()
        skipped: list[Skipped] = []
        try:
            task.problem.checked()
        except ProblemError as exc:
            wrong = Skipped(rung=Rung.EXACT, cause=SkipCause.BAD_INPUT, detail=str(exc))
            return PlanResult(plan=None, skipped=(wrong,))
        asked = task
        memory = self._memory(asked)
        task, gain_eur, self._owed_eur = hedged(
            asked, net_courses_kwh, memory, owed_eur=self._owed_eur
        )
        if isinstance(self.fast, FollowingPath):
            self.fast.follow(task)
        choose = self._best if self.shows else self._first
        used, baseline_cost = choose(task, skipped, gain_eur)
        solve_ms = (self.seconds() - began_s) * 1000.0
        is_solved = used.rung in _SOLVED
        is_open = is_solved and self.shows and self.limits.explain_s > 0.0
        plan = replace(
            _shown(now, task, used, baseline_cost, is_told=self.shows),
            solve_ms=solve_ms,
            skipped=tuple(skipped),
            is_explained=not is_open,
        )
        if is_solved:
            solved = Solved(
                task=asked,
                pins=task.problem.pins,
                outcome=used.outcome,
                memory=used.memory,
                free=used.outcome,
            )
            self._unexplained = _Unexplained(plan, solved, self._last) if is_open else None
            self._last = solved
        return PlanResult(plan=plan, skipped=tuple(skipped))

    def explain(self, is_stopping: Callable[[], bool] = lambda: False) -> PlanResult | None:
        """Return the last result with what else could be; None where nothing is left to explain.

        Asked before each solve, ``is_stopping`` ends it early: what was not solved is left out.

        It takes many solves, and nothing waits for it. The fast path does them. Where it cannot
        prove its plan the exact one looks again, as long as there is time: a decision should not
        seem dearer than it is.
        """
        unexplained, self._unexplained = self._unexplained, None
        if unexplained is None:
            return None
        plan, solved, before = unexplained
        end_s = self.seconds() + self.limits.explain_s

        def quickly(problem: PlanProblem, memory: Memory | None) -> Outcome:
            if is_stopping():
                raise NoPlanError("the service stops", is_time_up=True)
            return self._fast(problem, memory)

        def solve(problem: PlanProblem, memory: Memory | None) -> Outcome:
            quick = quickly(problem, memory)
            left_s = min(end_s - self.seconds(), self.limits.alternative_s)
            if quick.is_proved or left_s <= 0.0:
                return quick
            try:
                exact = self._exact(problem, memory, time_limit_s=left_s)
            except NoPlanError:
                return quick
            return min(quick, exact, key=lambda one: counted_eur(one, memory))

        if solved.memory is not None or solved.pins:
            with contextlib.suppress(NoPlanError):
                without = quickly(solved.task.problem, None)
                if without.cost.total_eur < solved.free.cost.total_eur:
                    solved = replace(solved, free=without)
        self._last = solved
        rules = rule_costs(solved, quickly)
        plan = replace(
            plan,
            what_if=what_ifs(solved, solve),
            rules=rules,
            change=None if before is None else change_since(before, solved, quickly),
            reserve=reserve_cost(solved.task, solved.outcome.dispatch, rules),
            is_explained=True,
        )
        return PlanResult(plan=plan, skipped=plan.skipped)

    # -- the ladder ----------------------------------------------------------------------------

    def _best(
        self, task: PlanTask, skipped: list[Skipped], gain_eur: float
    ) -> tuple[_Used, PlanCost]:
        """Return the first rung that holds and is better than evcc's own rules, and their cost.

        ``gain_eur`` is what the decided slot saves on average over what may come. In ``skipped``
        it is noted why the rungs before did not. At the end of the ladder evcc's own rules are the
        plan: what they do is what will happen.
        """
        hands_off = _by_evcc(task)
        baseline = hands_off.cost
        for used in self._holding(task, skipped):
            saving_eur = baseline.total_eur - used.outcome.cost.total_eur + used.more(gain_eur)
            if saving_eur >= LEAST_SAVING_EUR:
                return used, baseline
            skipped.append(_not_better(used.rung, saving_eur))
            gap_eur = used.outcome.gap_eur
            if gap_eur is not None and used.outcome.is_proved:
                # Nothing can be cheaper than what is proved; worse plans need not be tried. Where
                # hours were decided by what else may come, nothing is proved beyond them.
                gap_eur = None if task.problem.pins else max(saving_eur, 0.0) + gap_eur
                hands_off = replace(
                    hands_off,
                    gap_eur=gap_eur,
                    marginal_eur_per_kwh=used.outcome.marginal_eur_per_kwh,
                )
                break
        return _Used(rung=Rung.HANDS_OFF, outcome=hands_off, memory=None), baseline

    def _first(
        self, task: PlanTask, skipped: list[Skipped], gain_eur: float
    ) -> tuple[_Used, PlanCost]:
        """Return the first rung that holds; whether it is better only where that is told soon."""
        dispatch = self_use_dispatch(task.problem, task.evcc_rules)
        hands_off = None if dispatch is None else _unproved(task, dispatch)
        for used in self._holding(task, skipped):
            if hands_off is None:
                return used, used.outcome.cost
            saving_eur = hands_off.cost.total_eur - used.outcome.cost.total_eur
            saving_eur += used.more(gain_eur)
            if saving_eur >= LEAST_SAVING_EUR:
                return used, hands_off.cost
            skipped.append(_not_better(used.rung, saving_eur))
            break
        last = _by_evcc(task) if hands_off is None else hands_off
        return _Used(rung=Rung.HANDS_OFF, outcome=last, memory=None), last.cost

    def _holding(self, task: PlanTask, skipped: list[Skipped]) -> Iterator[_Used]:
        """Make one plan after the other, and yield those that may be used."""
        memory = self._memory(task)
        rungs: tuple[tuple[Rung, Callable[[], Outcome], Memory | None], ...] = (
            (Rung.EXACT, lambda: self._exact(task.problem, memory), memory),
            (Rung.FAST, lambda: self._fast(task.problem, memory), memory),
            (Rung.SHIFTED, lambda: self._shifted(task), None),
            (Rung.RULES, lambda: _unproved(task, rule_dispatch(task.problem)), None),
        )
        for rung, make, counted in rungs if self.shows else rungs[1:]:
            try:
                outcome = make()
            except NoPlanError as exc:
                cause = SkipCause.TIME_IS_UP if exc.is_time_up else SkipCause.SOLVER_FAILED
                if rung is Rung.SHIFTED:
                    cause = SkipCause.NO_LAST_PLAN
                skipped.append(Skipped(rung=rung, cause=cause, detail=str(exc)))
                continue
            fault = _fault(task, outcome)
            if fault is None:
                yield _Used(rung=rung, outcome=outcome, memory=counted)
            else:
                skipped.append(Skipped(rung=rung, cause=SkipCause.NOT_VERIFIED, detail=fault))

    def _memory(self, task: PlanTask) -> Memory | None:
        last = self._last
        return None if last is None else memory_of(last.task, last.outcome.dispatch, task)

    def _exact(
        self, problem: PlanProblem, memory: Memory | None, *, time_limit_s: float | None = None
    ) -> Outcome:
        limit_s = self.limits.plan_s if time_limit_s is None else time_limit_s
        return self.exact(problem, seconds=self.seconds, time_limit_s=limit_s, memory=memory)

    def _fast(self, problem: PlanProblem, memory: Memory | None) -> Outcome:
        return self.fast(
            problem, seconds=self.seconds, time_limit_s=self.limits.plan_s, memory=memory
        )

    def _shifted(self, task: PlanTask) -> Outcome:
        """Return the last plan moved on, as far as the home still allows it.

        Raises:
            NoPlanError: There is none, or it is too old.
        """
        last = self._last
        if last is None or task.start - last.task.start > LONGEST_SHIFT:
            raise NoPlanError("there is no plan of the last hours")
        memory = memory_of(last.task, last.outcome.dispatch, task)
        if memory is None:
            raise NoPlanError("the last plan was for another home")
        return _unproved(task, shifted_dispatch(task.problem, memory))

    def _without_task(self, now: datetime, missing: Skipped) -> PlanResult:
        """Return no plan; the last one is kept for when its inputs are back."""
        last = self._last
        if last is not None and now - last.task.start > LONGEST_SHIFT:
            self._last = None
        return PlanResult(plan=None, skipped=(missing,))


# -- what is told of it --------------------------------------------------------------------------


def _unproved(task: PlanTask, dispatch: Dispatch) -> Outcome:
    """Return an outcome of which nothing is proved, and no marginal value is known."""
    return Outcome(
        dispatch=dispatch,
        cost=cost_of(task.problem, dispatch),
        gap_eur=None,
        marginal_eur_per_kwh=None,
    )


def _not_better(rung: Rung, saving_eur: float) -> Skipped:
    return Skipped(rung=rung, cause=SkipCause.NOT_BETTER, detail=f"saves {saving_eur:.4f}")


def _by_evcc(task: PlanTask) -> Outcome:
    """Return what happens without a plan."""
    return _unproved(task, evcc_rules_dispatch(task.problem, task.evcc_rules))


def _fault(task: PlanTask, outcome: Outcome) -> str | None:
    """Return why a plan may not be used; None when it may."""
    violations = [one for one in verify(task.problem, outcome.dispatch) if not one.is_soft]
    if not violations:
        return None
    first = violations[0]
    detail = f"{first.rule.value} {first.device} in slot {first.slot}: {first.excess_kwh:.4f}"
    return f"{detail} kWh ({len(violations)} in all)"


def _shown(
    now: datetime, task: PlanTask, used: _Used, baseline: PlanCost, *, is_told: bool
) -> Plan:
    """Return the plan as it is shown, without what takes further solves to tell.

    Without ``is_told`` also without its reasons, and what would be made of them.
    """
    problem, outcome, dispatch = task.problem, used.outcome, used.outcome.dispatch
    marginal = outcome.marginal_eur_per_kwh
    reasons = _reasons(task, outcome) if is_told else ()
    return Plan(
        made_at=now,
        start=task.start,
        import_price_eur_per_kwh=_floats(problem.import_price_eur_per_kwh),
        export_price_eur_per_kwh=_floats(problem.export_price_eur_per_kwh),
        n_known_prices=task.n_known_prices,
        pv_kwh=_floats(problem.pv_kwh),
        load_kwh=_floats(problem.load_kwh),
        grid_import_kwh=_floats(dispatch.grid_import_kwh),
        grid_export_kwh=_floats(dispatch.grid_export_kwh),
        curtail_kwh=_floats(dispatch.curtail_kwh),
        batteries=_battery_courses(task, dispatch),
        cars=_car_courses(task, dispatch),
        marginal_eur_per_kwh=_known(marginal, problem.n_slots),
        reasons=reasons,
        cost=outcome.cost,
        baseline=baseline,
        status=PlanStatus.PROVEN if outcome.is_proved else PlanStatus.UNPROVEN,
        gap_eur=outcome.gap_eur,
        solve_ms=0.0,
        rung=used.rung,
        actions=actions_of(reasons, problem, dispatch, start=task.start, slot=task.slot)
        if is_told
        else (),
        unmet=_unmet(task, dispatch),
        assumed=task.assumed,
    )


def _reasons(task: PlanTask, outcome: Outcome) -> tuple[tuple[Reason, ...], ...]:
    return explain(
        task.problem,
        outcome.dispatch,
        start=task.start,
        slot=task.slot,
        marginal_eur_per_kwh=outcome.marginal_eur_per_kwh,
        n_known_prices=task.n_known_prices,
        by={car.name: car.by for car in task.cars},
    )


def _floats(values: FloatArray) -> tuple[float, ...]:
    return tuple(values.tolist())


def _known(values: FloatArray | None, n_slots: int) -> tuple[float | None, ...]:
    """Return a series with None for what is not known."""
    if values is None:
        return (None,) * n_slots
    return tuple(value if math.isfinite(value) else None for value in values.tolist())


def _battery_courses(task: PlanTask, dispatch: Dispatch) -> tuple[BatteryCourse, ...]:
    return tuple(
        BatteryCourse(
            name=facts.name,
            title=facts.title,
            capacity_kwh=battery.capacity_kwh,
            start_kwh=battery.soc_kwh,
            charge_kwh=_floats(dispatch.charge_kwh[index]),
            discharge_kwh=_floats(dispatch.discharge_kwh[index]),
            soc_kwh=_floats(battery_soc(battery, dispatch, index)),
        )
        for index, (facts, battery) in enumerate(
            zip(task.batteries, task.problem.batteries, strict=True)
        )
    )


def _car_courses(task: PlanTask, dispatch: Dispatch) -> tuple[CarCourse, ...]:
    return tuple(
        CarCourse(
            name=facts.name,
            title=facts.title,
            number=facts.number,
            capacity_kwh=facts.capacity_kwh,
            start_kwh=car.soc_kwh,
            target_kwh=car.target_kwh,
            by=facts.by,
            charge_kwh=_floats(dispatch.car_kwh[index]),
            soc_kwh=_floats(car_soc(car, dispatch, index)),
        )
        for index, (facts, car) in enumerate(zip(task.cars, task.problem.cars, strict=True))
    )


def _unmet(task: PlanTask, dispatch: Dispatch) -> tuple[UnmetWish, ...]:
    """Return the wishes that the plan does not meet, and what is missing."""
    found = []
    for index, (facts, car) in enumerate(zip(task.cars, task.problem.cars, strict=True)):
        reached = float(car_soc(car, dispatch, index)[-1])
        if car.target_kwh - reached > _MISSING_KWH:
            found.append(
                UnmetWish(
                    car=facts.name,
                    title=facts.title,
                    target_kwh=car.target_kwh,
                    reached_kwh=reached,
                    capacity_kwh=facts.capacity_kwh,
                    by=facts.by,
                )
            )
    return tuple(found)
