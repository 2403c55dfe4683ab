"""What is remembered of a plan: how it was made, what it promised, what it did at once.

The plan itself is far too large to be kept every quarter of an hour.
"""

import math
from datetime import datetime

from domain.horizon import SLOT
from domain.plan import Plan

PLAN_KIND = "plan"
NOW_PREFIX = "now "
_MONEY_DIGITS = 4
_MS_DIGITS = 1


def plan_facts(plan: Plan, now: datetime) -> dict[str, str | float | None]:
    """Return what to remember of a plan, to be kept as a decision of the kind ``PLAN_KIND``.

    What is done in the slot of ``now`` stands under ``now`` and the device's name, as the reason's
    code; a device without a name is the PV. No slot: nothing of the kind.
    """
    slot = (now - plan.start) // SLOT
    reasons = plan.reasons[slot] if 0 <= slot < len(plan.reasons) else ()
    return {
        "made_at": plan.made_at.isoformat(timespec="seconds"),
        "rung": plan.rung.value,
        "status": plan.status.value,
        "cost_eur": _rounded(plan.cost.total_eur, _MONEY_DIGITS),
        "baseline_eur": _rounded(plan.baseline.total_eur, _MONEY_DIGITS),
        "saving_eur": _rounded(plan.baseline.total_eur - plan.cost.total_eur, _MONEY_DIGITS),
        "gap_eur": _rounded(plan.gap_eur, _MONEY_DIGITS),
        "solve_ms": _rounded(plan.solve_ms, _MS_DIGITS),
        # The first reason of a device is what is done with it.
        **{f"{NOW_PREFIX}{one.device}": one.code.value for one in reversed(reasons)},
    }


def _rounded(value: float | None, digits: int) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return round(value, digits) + 0.0
