"""A task that was solved, with what the plan owes to the last one."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from planner.model import Memory
from planner.outcome import Outcome
from planner.plan_memory import deviation_eur
from planner.plan_problem import Pin, PlanProblem
from planner.task import PlanTask

Solve = Callable[[PlanProblem, Memory | None], Outcome]
"""Finds the cheapest plan; raises NoPlanError."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """What was planned, how, and what could have been.

    Args:
        task: What is planned, with everything still open.
        pins: What was decided of it before the plan was made (``planner.hedge``).
        outcome: The plan in use.
        memory: The last plan that it was made with, if there was one.
        free: The cheapest plan on the expected course that owes nothing to anybody.
    """

    task: PlanTask
    pins: tuple[Pin, ...]
    outcome: Outcome
    memory: Memory | None
    free: Outcome

    @property
    def decided(self) -> PlanProblem:
        """The problem with all that was decided of it."""
        return replace(self.task.problem, pins=self.pins)

    @property
    def decided_now(self) -> PlanProblem:
        """The problem with what was decided of the running slot, and the rest open."""
        now = tuple(pin for pin in self.pins if pin.slot == 0)
        return replace(self.task.problem, pins=now)

    @property
    def counted_eur(self) -> float:
        """What the plan was chosen by [EUR]: its cost and what deviating counts."""
        return counted_eur(self.outcome, self.memory)


def counted_eur(outcome: Outcome, memory: Memory | None) -> float:
    """Return a plan's cost together with what deviating from the last plan counts [EUR]."""
    return outcome.cost.total_eur + deviation_eur(memory, outcome.dispatch)
