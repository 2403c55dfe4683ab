"""What solving a problem came to."""

from dataclasses import dataclass

from domain.plan import PlanCost
from planner.dispatch import Dispatch
from planner.plan_problem import FloatArray

# A plan is proved when no other can be more than this cheaper [EUR].
PROVED_EUR = 1e-3


class NoPlanError(Exception):
    """No plan was found; ``is_time_up`` says whether only time was missing."""

    def __init__(self, text: str, *, is_time_up: bool = False) -> None:
        """Say why."""
        super().__init__(text)
        self.is_time_up = is_time_up


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """A dispatch, what it costs, and how good it is known to be.

    Args:
        cost: Of the dispatch alone, without what deviating from the last plan costs.
        gap_eur: How much cheaper another plan could be at most; None when nothing is known.
        marginal_eur_per_kwh: What one kWh more used in each slot would cost, with all choices as
            they are; shape (n_slots,); None when nothing is known. None when no solver was asked.
    """

    dispatch: Dispatch
    cost: PlanCost
    gap_eur: float | None
    marginal_eur_per_kwh: FloatArray | None

    @property
    def is_proved(self) -> bool:
        """Whether no plan is more than a tenth of a cent cheaper."""
        return self.gap_eur is not None and self.gap_eur <= PROVED_EUR
