"""A plan in short, as the state message carries it: what is done now, what comes next.

Both languages are in it, since every reader gets the same message.
"""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from domain.horizon import SLOT
from domain.plan import Plan, PlannedAction, Reason, Rung
from planner.actions import next_actions
from planner.wording import Wording
from planner.wording_figures import Lang
from web.accepted import LANGUAGES
from web.plan_json import ENERGY_DIGITS, MONEY_DIGITS, MS_DIGITS, Shown, rounded, saving_eur
from web.plan_words import plan_words


def plan_summary(plan: Plan, now: datetime, *, zone: tzinfo, currency: str) -> Shown:
    """Return a plan in short.

    Args:
        plan: What is told.
        now: Which slot is the present one.
        zone: The home's, for the times in its sentences.
        currency: ISO code of the home's money.
    """
    words = {
        lang: plan_words(plan, lang, zone=zone, currency=currency, now=now) for lang in LANGUAGES
    }
    return {
        "made_at": plan.made_at.isoformat(),
        "rung": plan.rung.value,
        "status": plan.status.value,
        "cost_eur": rounded(plan.cost.total_eur, MONEY_DIGITS),
        "baseline_eur": rounded(plan.baseline.total_eur, MONEY_DIGITS),
        "saving_eur": saving_eur(plan),
        "solve_ms": rounded(plan.solve_ms, MS_DIGITS),
        "is_explained": plan.is_explained,
        "until": (plan.start + plan.n_slots * SLOT).isoformat(),
        "now": [_action(one, words) for one in present_actions(plan, now)],
        "next": [_action(one, words) for one in next_actions(plan.actions, now)],
        "unmet": [
            {
                "car": wish.car,
                "text": {lang: one.unmet(wish) for lang, one in words.items()},
            }
            for wish in plan.unmet
        ],
    }


def nothing_planned(at: datetime) -> Shown:
    """Return in short that there is no plan since ``at``; ``GET /plan`` says why."""
    return {
        "made_at": at.isoformat(),
        "rung": Rung.HANDS_OFF.value,
        "status": None,
        "cost_eur": None,
        "baseline_eur": None,
        "saving_eur": None,
        "solve_ms": None,
        "is_explained": True,
        "until": at.isoformat(),
        "now": [],
        "next": [],
        "unmet": [],
    }


def present_actions(plan: Plan, now: datetime) -> tuple[PlannedAction, ...]:
    """Return what is done in the slot of ``now``, one action per device."""
    slot = (now - plan.start) // SLOT
    if not 0 <= slot < plan.n_slots:
        return ()
    first = {reason.device: reason for reason in reversed(plan.reasons[slot])}
    return tuple(
        _stretch(plan, slot, reason)
        for reason in plan.reasons[slot]
        if first[reason.device] is reason
    )


def _stretch(plan: Plan, slot: int, reason: Reason) -> PlannedAction:
    """Return the action that ``slot`` belongs to; what is not listed as one moves nothing."""
    at = plan.start + slot * SLOT
    for action in plan.actions:
        same = (action.reason.device, action.reason.code) == (reason.device, reason.code)
        if same and action.start <= at < action.end:
            return action
    end = slot
    while end < plan.n_slots and any(
        (other.device, other.code) == (reason.device, reason.code) for other in plan.reasons[end]
    ):
        end += 1
    return PlannedAction(start=at, end=plan.start + end * SLOT, kwh=0.0, reason=reason)


def _action(action: PlannedAction, words: Mapping[Lang, Wording]) -> Shown:
    return {
        "start": action.start.isoformat(),
        "end": action.end.isoformat(),
        "kwh": rounded(action.kwh, ENERGY_DIGITS),
        "code": action.reason.code.value,
        "device": action.reason.device,
        "text": {lang: one.sentence(action.reason) for lang, one in words.items()},
    }
