"""A task that was solved, with what the plan owes to the last one."""

from collections.abc import Callable
from dataclasses import dataclass

from planner.model import Memory
from planner.outcome import Outcome
from planner.plan_memory import deviation_eur
from planner.plan_problem import PlanProblem
from planner.task import PlanTask

Solve = Callable[[PlanProblem, Memory | None], Outcome]
"""Finds the cheapest plan; raises NoPlanError."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """What was planned, how, and what could have been.

    Args:
        task: What is planned.
        outcome: The plan in use.
        memory: The last plan that it was made with, if there was one.
        free: The cheapest plan that owes nothing to the last one.
    """

    task: PlanTask
    outcome: Outcome
    memory: Memory | None
    free: Outcome

    @property
    def counted_eur(self) -> float:
        """What the plan was chosen by [EUR]: its cost and what deviating counts."""
        return counted_eur(self.outcome, self.memory)


def counted_eur(outcome: Outcome, memory: Memory | None) -> float:
    """Return a plan's cost together with what deviating from the last plan counts [EUR]."""
    return outcome.cost.total_eur + deviation_eur(memory, outcome.dispatch)
