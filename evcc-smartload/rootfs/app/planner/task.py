"""A planning task: a problem, when its slots are, and whose devices it is about."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from planner.evcc_rules import EvccRules
from planner.plan_problem import PlanProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryFacts:
    """A battery of the problem as evcc calls it."""

    name: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CarFacts:
    """A car of the problem as evcc calls it.

    ``number`` is evcc's 1-based position of the loadpoint. Where ``capacity_kwh`` is None its
    energies in the problem are above an unknown state. ``by`` is the owner's deadline.
    """

    name: str
    title: str
    number: int
    capacity_kwh: float | None
    by: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTask:
    """What is to be planned; ``batteries`` and ``cars`` are in the order of the problem.

    Args:
        start: Beginning of the first slot, aware UTC.
        problem: The numbers.
        n_known_prices: So many slots at the beginning have published prices.
        evcc_rules: What evcc would do without a plan.
        assumed: Names of what nobody told and was assumed.
    """

    start: datetime
    problem: PlanProblem
    n_known_prices: int
    evcc_rules: EvccRules
    batteries: tuple[BatteryFacts, ...] = ()
    cars: tuple[CarFacts, ...] = ()
    assumed: tuple[str, ...] = ()

    @property
    def slot(self) -> timedelta:
        """Length of a slot."""
        return timedelta(hours=self.problem.slot_h)

    def slots_until(self, later: datetime) -> int | None:
        """Return how many whole slots ``later`` is after the start; None: it is none of them."""
        passed, rest = divmod(later - self.start, self.slot)
        return None if rest or not 0 <= passed < self.problem.n_slots else passed
