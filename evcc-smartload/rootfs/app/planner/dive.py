"""Diving: choices are settled and the linear problem is solved again, until none is left open.

A solve from where the last one ended takes a tenth of the first; so several ways of rounding are
tried, and the best plan is made better by turning single choices round.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.choices import Conflicts, find_conflicts, needs_feed_rule
from planner.dispatch import Dispatch
from planner.flips import Flip, flips_of
from planner.model import PlanModel, dispatch_of
from planner.plan_problem import PlanProblem
from planner.rounding import CarRounding, Style, settle_open
from planner.settled import (
    ABOVE,
    FIRST,
    OPEN,
    SECOND,
    WAITING,
    Settlement,
    range_of,
    settled_bounds,
)
from planner.solver import LinearModel, Solution

# A plan that is so near to the linear problem's cost is the best there is [EUR].
NEAR_EUR = 3e-4
# So often new conflicts are settled on the way; from the fourth time on all that is left at once.
_MOST_STEPS = 8
_PATIENT_STEPS = 3
# A plan must be so much better to be taken instead [EUR]; less is the solver's tolerance.
_BETTER_EUR = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """When to look no further: by solves, not by time, so that any machine finds the same plan.

    Args:
        most_solves: After so many no more plans are tried.
        near_eur: A plan so near to the linear problem's cost is good enough.
    """

    most_solves: int
    near_eur: float


# On hard problems 8 solves leave a third more of the gap, and 30 take away a twentieth of it.
QUICK = Effort(most_solves=16, near_eur=NEAR_EUR)
# When time is up: the first plan there is.
HASTY = Effort(most_solves=1, near_eur=NEAR_EUR)
# The exact path has the time to look for less throughput at the same cost, too.
THOROUGH = Effort(most_solves=60, near_eur=2e-6)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relaxed:
    """The linear problem solved: what nothing can beat, and which choices it leaves open."""

    model: PlanModel
    linear: LinearModel
    solution: Solution
    dispatch: Dispatch
    conflicts: Conflicts

    @property
    def objective(self) -> float:
        """What the model counts [EUR], ties and memory included."""
        return self.solution.objective


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dived:
    """A point with some choices settled; a plan when no conflict is left."""

    made: Settlement
    solution: Solution
    dispatch: Dispatch
    conflicts: Conflicts

    @property
    def objective(self) -> float:
        """What the model counts [EUR], ties and memory included."""
        return self.solution.objective


_PLAIN = (Style(rounding=CarRounding.CARRY),)
_FOR_CARS = (
    Style(rounding=CarRounding.BEST),
    Style(rounding=CarRounding.UP),
    Style(rounding=CarRounding.DOWN),
)
_FOR_FEEDING = (
    Style(rounding=CarRounding.CARRY, feed=WAITING),
    Style(rounding=CarRounding.CARRY, feed=ABOVE),
)
_FOR_TURNS = (
    Style(rounding=CarRounding.CARRY, phase=0.5),
    Style(rounding=CarRounding.CARRY, phase=-0.5),
)


def dive(
    problem: PlanProblem,
    relaxed: Relaxed,
    effort: Effort = QUICK,
    *,
    hint: Settlement | None = None,
) -> Dived | None:
    """Return a good plan, None when there is none; ``relaxed.linear`` ends with other bounds.

    Args:
        problem: The problem.
        relaxed: Its linear solution.
        effort: When to look no further.
        hint: Choices to try first: what was best a slot ago mostly still is.
    """
    begin = Dived(
        made=Settlement.free(problem),
        solution=relaxed.solution,
        dispatch=relaxed.dispatch,
        conflicts=relaxed.conflicts,
    )
    if relaxed.conflicts.count == 0:
        return begin
    diver = _Diver(problem, relaxed, effort)
    if hint is not None:
        diver.take_settled(hint)
    for style in () if diver.is_done else _styles(problem, relaxed.conflicts):
        diver.take(diver.settle(begin, style))
        if diver.is_done:
            break
    if diver.best is None:
        # Always possible, unless decisions are forced.
        diver.take_settled(Settlement.idle(problem))
    diver.improve()
    return diver.best


def _styles(problem: PlanProblem, conflicts: Conflicts) -> Sequence[Style]:
    has_car = any(one.any() for one in conflicts.car_range)
    has_turns = any(one.any() for one in conflicts.direction)
    has_feeding = bool(problem.cars) and needs_feed_rule(problem)
    return (
        *_PLAIN,
        *(_FOR_CARS if has_car else ()),
        *(_FOR_FEEDING if has_feeding else ()),
        *(_FOR_TURNS if has_turns else ()),
    )


class _Diver:
    """One search: the best plan so far, and how many solves are left."""

    def __init__(self, problem: PlanProblem, relaxed: Relaxed, effort: Effort) -> None:
        self._problem = problem
        self._relaxed = relaxed
        self._left = effort.most_solves
        if needs_feed_rule(problem) and problem.cars:
            # Who may feed a car depends on the state of charge, and so on all slots before.
            self._left *= 2
        self._near_eur = effort.near_eur
        self.best: Dived | None = None

    @property
    def is_done(self) -> bool:
        """Whether to look no further: the plan is the best, or it was looked long enough."""
        if self.best is None:
            return False
        return self._left <= 0 or self.best.objective - self._relaxed.objective <= self._near_eur

    def take(self, one: Dived | None) -> bool:
        """Keep a plan if it is better than the best so far; return whether it is."""
        if one is None or (
            self.best is not None and one.objective > self.best.objective - _BETTER_EUR
        ):
            return False
        self.best = one
        return True

    def take_settled(self, made: Settlement) -> None:
        """Begin with the plan that follows from these choices, if there is one."""
        self.take(self.settle(self._solved(made), Style(rounding=CarRounding.UP)))

    def settle(self, one: Dived | None, style: Style) -> Dived | None:
        """Return a plan that follows from ``one``; None when there is none, or no better one."""
        for step in range(_MOST_STEPS):
            if one is None or one.conflicts.count == 0:
                return one
            if self.best is not None and one.objective >= self.best.objective:
                return None
            one = self._step(one, style, step)
        return one if one is not None and one.conflicts.count == 0 else None

    def _step(self, one: Dived, style: Style, step: int) -> Dived | None:
        """Settle what is open in the best of the ways there are."""
        rest = step >= _PATIENT_STEPS
        if step == 0 or not any(where.any() for where in one.conflicts.car_range):
            found = self._rounded(one, style, rest=rest)
            if found is not None:
                return found
            return self._rounded(one, replace(style, rounding=CarRounding.DOWN), rest=True)
        # Switched off alone, what is missing would turn up in the next slot, and so on.
        up = self._rounded(one, replace(style, rounding=CarRounding.UP), rest=rest)
        down = self._rounded(one, replace(style, rounding=CarRounding.DOWN), cars=True, rest=rest)
        return _best((up, down))

    def _rounded(
        self, one: Dived, style: Style, *, cars: bool = False, rest: bool = False
    ) -> Dived | None:
        """Settle what is open, and with ``cars`` or ``rest`` what could become so."""
        made = one.made.copy()
        settle_open(self._problem, one.dispatch, one.conflicts, made, style)
        if cars or rest:
            _settle_cars(self._problem, one.dispatch, made)
        if rest:
            _settle_rest(self._problem, one.dispatch, made)
        return self._solved(made)

    def _solved(self, made: Settlement) -> Dived | None:
        self._left -= 1
        relaxed = self._relaxed
        relaxed.linear.change(settled_bounds(self._problem, relaxed.model, made))
        solution = relaxed.linear.solve(time_limit_s=1.0)
        if solution.col_value is None:
            return None
        dispatch = dispatch_of(self._problem, relaxed.model.layout, solution.col_value)
        return Dived(
            made=made,
            solution=solution,
            dispatch=dispatch,
            conflicts=find_conflicts(self._problem, dispatch),
        )

    def improve(self) -> None:
        """Turn choices round as long as that makes the best plan better."""
        while self.best is not None and not self.is_done:
            best = self.best
            flips = flips_of(
                self._problem,
                self._relaxed.model,
                best.made,
                best.solution,
                best.dispatch,
                least_eur=self._near_eur / 2.0,
            )
            if not self._take_first(best, flips):
                return

    def _take_first(self, best: Dived, flips: Sequence[Flip]) -> bool:
        """Try turns in their order; return whether one made the plan better."""
        for flip in flips:
            if self.is_done:
                return False
            turned = self.settle(
                self._solved(flip.applied(best.made)), Style(rounding=CarRounding.UP)
            )
            if self.take(turned):
                return True
        return False


def _best(found: Iterable[Dived | None]) -> Dived | None:
    """Return the cheapest that there is."""
    return min(
        (one for one in found if one is not None), key=lambda one: one.objective, default=None
    )


def _settle_cars(problem: PlanProblem, dispatch: Dispatch, made: Settlement) -> None:
    """Settle every slot of every car as it is."""
    for index, car in enumerate(problem.cars):
        if car.fixed_kwh is None:
            chosen = range_of(car, dispatch.car_kwh[index], problem.slot_h)
            into = made.car_range[index]
            into[:] = np.where(into == OPEN, chosen, into)


def _settle_rest(problem: PlanProblem, dispatch: Dispatch, made: Settlement) -> None:
    """Settle every direction and the meter in every slot as they are."""
    pairs = [
        (made.direction[index], dispatch.charge_kwh[index], dispatch.discharge_kwh[index])
        for index in range(len(problem.batteries))
    ]
    pairs.append((made.grid, dispatch.grid_import_kwh, dispatch.grid_export_kwh))
    for into, first, second in pairs:
        into[:] = np.where(into == OPEN, np.where(second > first, SECOND, FIRST), into)
