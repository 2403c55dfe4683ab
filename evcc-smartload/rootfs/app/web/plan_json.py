"""A plan as the JSON that ``GET /plan`` carries.

Names are those of the types in ``domain/plan.py``; the form is described in docs/http-api.md.
"""

import math
from collections.abc import Callable, Iterable, Mapping

from domain.horizon import SLOT
from domain.plan import (
    BatteryCourse,
    CarCourse,
    Plan,
    PlanChange,
    PlanCost,
    PlannedAction,
    Reason,
    ReserveCost,
    RuleCost,
    Rung,
    Skipped,
    UnmetWish,
    WhatIf,
)
from planner.wording import Wording

SCHEMA = 1
ENERGY_DIGITS = 4
PRICE_DIGITS = 5
MONEY_DIGITS = 4
MS_DIGITS = 1

Shown = dict[str, object]


def plan_to_json(plan: Plan | None, skipped: Iterable[Skipped], words: Wording) -> Shown:
    """Return a plan with its sentences; without one everything is null or empty.

    Args:
        plan: What is shown.
        skipped: Why there is no plan; not looked at when there is one.
        words: Language, names, place and time of the sentences.
    """
    if plan is None:
        return _no_plan(skipped, words)
    told = _Reasons(words)
    return {
        "schema": SCHEMA,
        "made_at": plan.made_at.isoformat(),
        "start": plan.start.isoformat(),
        "slot_min": SLOT.seconds // 60,
        "n_slots": plan.n_slots,
        "n_known_prices": plan.n_known_prices,
        "rung": plan.rung.value,
        "skipped": [_skipped(one, words) for one in plan.skipped],
        "status": plan.status.value,
        "gap_eur": rounded(plan.gap_eur, MONEY_DIGITS),
        "solve_ms": rounded(plan.solve_ms, MS_DIGITS),
        "cost": _cost(plan.cost),
        "baseline": _cost(plan.baseline),
        "saving_eur": saving_eur(plan),
        "import_price_eur_per_kwh": _prices(plan.import_price_eur_per_kwh),
        "export_price_eur_per_kwh": _prices(plan.export_price_eur_per_kwh),
        "pv_kwh": _energies(plan.pv_kwh),
        "load_kwh": _energies(plan.load_kwh),
        "grid_import_kwh": _energies(plan.grid_import_kwh),
        "grid_export_kwh": _energies(plan.grid_export_kwh),
        "curtail_kwh": _energies(plan.curtail_kwh),
        "batteries": [_battery(one) for one in plan.batteries],
        "cars": [_car(one) for one in plan.cars],
        "marginal_eur_per_kwh": _prices(plan.marginal_eur_per_kwh),
        "reasons": [[told.to_json(one) for one in slot] for slot in plan.reasons],
        "actions": [_action(one, told.to_json) for one in plan.actions],
        "unmet": [_unmet(one, words) for one in plan.unmet],
        "what_if": [_what_if(one, words) for one in plan.what_if],
        "rules": [_rule(one, words) for one in plan.rules],
        "reserve": None if plan.reserve is None else _reserve(plan.reserve),
        "change": None if plan.change is None else _change(plan.change, words),
        "is_explained": plan.is_explained,
        "assumed": [{"name": name, "sentence": words.assumed(name)} for name in plan.assumed],
    }


def _no_plan(skipped: Iterable[Skipped], words: Wording) -> Shown:
    unknown = (
        "made_at", "start", "status", "gap_eur", "solve_ms", "cost", "baseline", "saving_eur",
        "reserve", "change",
    )  # fmt: skip
    empty = (
        "import_price_eur_per_kwh", "export_price_eur_per_kwh", "pv_kwh", "load_kwh",
        "grid_import_kwh", "grid_export_kwh", "curtail_kwh", "batteries", "cars",
        "marginal_eur_per_kwh", "reasons", "actions", "unmet", "what_if", "rules", "assumed",
    )  # fmt: skip
    return {
        "schema": SCHEMA,
        "slot_min": SLOT.seconds // 60,
        "n_slots": 0,
        "n_known_prices": 0,
        "rung": Rung.HANDS_OFF.value,
        "is_explained": True,
        "skipped": [_skipped(one, words) for one in skipped],
        **dict.fromkeys(unknown),
        **{name: [] for name in empty},
    }


def saving_eur(plan: Plan) -> float | None:
    """Return how much less the plan costs than evcc's own rules [EUR]."""
    return rounded(plan.baseline.total_eur - plan.cost.total_eur, MONEY_DIGITS)


# -- what is done --------------------------------------------------------------------------------


def _cost(cost: PlanCost) -> Shown:
    return {
        "import_eur": rounded(cost.import_eur, MONEY_DIGITS),
        "export_eur": rounded(cost.export_eur, MONEY_DIGITS),
        "wear_eur": rounded(cost.wear_eur, MONEY_DIGITS),
        "stored_eur": rounded(cost.stored_eur, MONEY_DIGITS),
        "missing_eur": rounded(cost.missing_eur, MONEY_DIGITS),
        "reserve_eur": rounded(cost.reserve_eur, MONEY_DIGITS),
        "overload_eur": rounded(cost.overload_eur, MONEY_DIGITS),
        "total_eur": rounded(cost.total_eur, MONEY_DIGITS),
    }


def _battery(course: BatteryCourse) -> Shown:
    return {
        "name": course.name,
        "title": course.title,
        "capacity_kwh": rounded(course.capacity_kwh, ENERGY_DIGITS),
        "start_kwh": rounded(course.start_kwh, ENERGY_DIGITS),
        "charge_kwh": _energies(course.charge_kwh),
        "discharge_kwh": _energies(course.discharge_kwh),
        "soc_kwh": _energies(course.soc_kwh),
    }


def _car(course: CarCourse) -> Shown:
    return {
        "name": course.name,
        "title": course.title,
        "number": course.number,
        "capacity_kwh": rounded(course.capacity_kwh, ENERGY_DIGITS),
        "start_kwh": rounded(course.start_kwh, ENERGY_DIGITS),
        "target_kwh": rounded(course.target_kwh, ENERGY_DIGITS),
        "by": None if course.by is None else course.by.isoformat(),
        "charge_kwh": _energies(course.charge_kwh),
        "soc_kwh": _energies(course.soc_kwh),
    }


def _action(action: PlannedAction, reason: Callable[[Reason], Shown]) -> Shown:
    return {
        "start": action.start.isoformat(),
        "end": action.end.isoformat(),
        "kwh": rounded(action.kwh, ENERGY_DIGITS),
        "reason": reason(action.reason),
    }


# -- why -----------------------------------------------------------------------------------------


class _Reasons:
    """Tells reasons; equal ones, as of many slots in a row, are worded once."""

    def __init__(self, words: Wording) -> None:
        self._words = words
        self._told: dict[tuple[object, ...], Shown] = {}

    def to_json(self, reason: Reason) -> Shown:
        key = (reason.code, reason.device, *reason.facts.items())
        told = self._told.get(key)
        if told is None:
            told = self._told[key] = {
                "code": reason.code.value,
                "device": reason.device,
                "facts": _facts(reason.facts),
                "sentence": self._words.sentence(reason),
                "detail": self._words.detail(reason),
            }
        return told


def _facts(facts: Mapping[str, float | int | str]) -> Shown:
    """Return the facts as they are shown; one that is no number is left out."""
    rough = {
        name: rounded(value, PRICE_DIGITS) if isinstance(value, float) else value
        for name, value in facts.items()
    }
    return {name: value for name, value in rough.items() if value is not None}


def _skipped(one: Skipped, words: Wording) -> Shown:
    return {
        "rung": one.rung.value,
        "cause": one.cause.value,
        "detail": one.detail,
        "sentence": words.skipped(one),
    }


def _unmet(wish: UnmetWish, words: Wording) -> Shown:
    return {
        "car": wish.car,
        "title": wish.title,
        "target_kwh": rounded(wish.target_kwh, ENERGY_DIGITS),
        "reached_kwh": rounded(wish.reached_kwh, ENERGY_DIGITS),
        "missing_kwh": rounded(wish.missing_kwh, ENERGY_DIGITS),
        "capacity_kwh": rounded(wish.capacity_kwh, ENERGY_DIGITS),
        "by": None if wish.by is None else wish.by.isoformat(),
        "sentence": words.unmet(wish),
    }


def _what_if(one: WhatIf, words: Wording) -> Shown:
    return {
        "device": one.device,
        "decision": one.decision.value,
        "opposite": one.opposite.value,
        "extra_eur": rounded(one.extra_eur, MONEY_DIGITS),
        "holds_until": None if one.holds_until is None else one.holds_until.isoformat(),
        "sentence": words.what_if(one),
    }


def _rule(cost: RuleCost, words: Wording) -> Shown:
    return {
        "rule": cost.rule.value,
        "device": cost.device,
        "eur": rounded(cost.eur, MONEY_DIGITS),
        "eur_per_day": rounded(cost.eur_per_day, MONEY_DIGITS),
        "sentence": words.rule(cost),
    }


def _reserve(reserve: ReserveCost) -> Shown:
    return {
        "soc_kwh": _energies(reserve.soc_kwh),
        "eur_per_kwh_h": rounded(reserve.eur_per_kwh_h, PRICE_DIGITS),
        "eur": rounded(reserve.eur, MONEY_DIGITS),
        "eur_per_day": rounded(reserve.eur_per_day, MONEY_DIGITS),
        "short_kwh": rounded(reserve.short_kwh, ENERGY_DIGITS),
    }


def _change(change: PlanChange, words: Wording) -> Shown:
    return {
        "since": change.since.isoformat(),
        "total_eur": rounded(change.total_eur, MONEY_DIGITS),
        "parts": [
            {"cause": part.cause.value, "eur": rounded(part.eur, MONEY_DIGITS)}
            for part in change.parts
        ],
        "moved_kwh": rounded(change.moved_kwh, ENERGY_DIGITS),
        "kept_gain_eur": rounded(change.kept_gain_eur, MONEY_DIGITS),
        "sentence": words.change(change),
    }


# -- numbers -------------------------------------------------------------------------------------


def rounded(value: float | None, digits: int) -> float | None:
    """Return ``value`` as it is sent; None, "not known", for what is no number."""
    if value is None or not math.isfinite(value):
        return None
    # Adding zero turns the minus zero of a rounded small number into a plain one.
    return round(value, digits) + 0.0


def _energies(values: Iterable[float]) -> list[float | None]:
    return [rounded(value, ENERGY_DIGITS) for value in values]


def _prices(values: Iterable[float | None]) -> list[float | None]:
    return [rounded(value, PRICE_DIGITS) for value in values]
