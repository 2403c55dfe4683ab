"""English sentences about a plan."""

from domain.plan import (
    ChangeCause,
    Decision,
    OwnerRule,
    PlanChange,
    PlanStatus,
    RuleCost,
    Rung,
    SkipCause,
    Skipped,
    UnmetWish,
    WhatIf,
)
from planner.wording_en_reasons import REASONS, further
from planner.wording_figures import SAME_EUR, SHOWN_EUR, Figures, Style, Texts

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
STYLE = Style(
    decimal=".",
    thousands=",",
    symbol_first=True,
    range_word="to",
    between="between",
    and_="and",
    at_midnight="midnight",
    yesterday="yesterday",
    today="today",
    tomorrow="tomorrow",
    weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    day_of_year=lambda day: f"{day.day} {_MONTHS[day.month - 1]}",
    expected="expected",
    zones={},
)


def unmet(figures: Figures, wish: UnmetWish) -> str:
    """Return "63 % instead of 80 % by 07:00", in kWh when the capacity is not known."""
    reached, target = figures.reached_and_target(wish)
    by = "" if wish.by is None else f" by {figures.until(wish.by)}"
    return f"{reached} instead of {target}{by}"


_VERBS = {
    Decision.CHARGE: "charging",
    Decision.DISCHARGE: "discharging",
    Decision.REST: "waiting",
}


def what_if(figures: Figures, one: WhatIf) -> str:
    """Return "Charging now instead of waiting costs €0.42 more."."""
    head = f"{_VERBS[one.opposite].capitalize()} now instead of {_VERBS[one.decision]} costs"
    if one.extra_eur < SAME_EUR:
        return f"{head} the same."
    return f"{head} {figures.money(one.extra_eur)} more."


_RULES = {
    OwnerRule.BUFFER: "Keeping the buffer",
    OwnerRule.MIN_SOC: "Keeping the home battery's lower limit",
    OwnerRule.NO_GRID_CHARGE: "Not charging the home battery from the grid",
    OwnerRule.NO_BATTERY_TO_CAR: "Not charging cars from the home battery",
    OwnerRule.DEADLINE: "Being charged by the time you want",
    OwnerRule.IMPORT_LIMIT: "Keeping to the limit of what is bought",
    OwnerRule.EXPORT_LIMIT: "Keeping to the limit of what is fed in",
}


def rule(figures: Figures, cost: RuleCost) -> str:
    """Return what a rule costs in the plan, and by the day."""
    head = f"{_RULES[cost.rule]} costs"
    if cost.eur < SAME_EUR:
        return f"{head} nothing in this plan."
    return (
        f"{head} {figures.money(cost.eur)} in this plan ({figures.money(cost.eur_per_day)} a day)."
    )


_CAUSES = {
    ChangeCause.PV: "solar forecast",
    ChangeCause.LOAD: "forecast of the house",
    ChangeCause.PRICE: "prices",
    ChangeCause.SOC: "state of charge",
    ChangeCause.CARS: "cars",
    ChangeCause.RULES: "rules and limits",
    ChangeCause.TIME: "time moving on",
}


def change(figures: Figures, change: PlanChange) -> str:
    """Return by how much and by what the cost changed, and what keeping the plan costs."""
    since = figures.when(change.since)
    if abs(change.total_eur) < SHOWN_EUR:
        head = f"Since the plan of {since} the cost has stayed the same"
    else:
        way = "dearer" if change.total_eur > 0.0 else "cheaper"
        amount = figures.money(abs(change.total_eur))
        head = f"Since the plan of {since} it has become {amount} {way}"
    parts = [
        f"{_CAUSES[part.cause]} {figures.signed_money(part.eur)}"
        for part in figures.biggest(change.parts)
    ]
    texts = [f"{head} ({', '.join(parts)})." if parts else f"{head}."]
    if change.kept_gain_eur >= SAME_EUR:
        gain = figures.money(change.kept_gain_eur)
        texts.append(f"The plan stays as it was where it can; a new one would gain {gain}.")
    return " ".join(texts)


RUNGS = {
    Rung.EXACT: "worked out exactly",
    Rung.FAST: "worked out fast, without proof",
    Rung.SHIFTED: "last good plan, carried on",
    Rung.RULES: "simple rules",
    Rung.HANDS_OFF: "no plan",
}
STATUSES = {
    PlanStatus.PROVEN: "proven optimal",
    PlanStatus.UNPROVEN: "not proven",
}
_SKIPPED_RUNGS = {
    Rung.EXACT: "No exact plan",
    Rung.FAST: "No plan by the fast method",
    Rung.SHIFTED: "The last plan is not carried on",
    Rung.RULES: "No plan by simple rules",
    Rung.HANDS_OFF: "No plan",
}
# Without these there is no way to plan at all; which one was to be the first says nothing.
_NOTHING_CAUSES = {
    SkipCause.NO_PRICES: "Prices are missing.",
    SkipCause.NO_FORECAST: "A forecast is missing.",
    SkipCause.NO_READING: "evcc has not reported yet.",
    SkipCause.BAD_INPUT: "What is known does not fit together.",
    SkipCause.NOTHING_TO_PLAN: "There is neither a home battery nor a car to plan.",
}
_SKIP_CAUSES = {
    SkipCause.TIME_IS_UP: "there was not enough time.",
    SkipCause.SOLVER_FAILED: "the solver failed.",
    SkipCause.NOT_VERIFIED: "it did not pass the check.",
    SkipCause.NOT_BETTER: "it would not cost less than evcc's own rules.",
    SkipCause.NO_LAST_PLAN: "there is none that still holds.",
}


def skipped(one: Skipped) -> str:
    """Return why nothing can be planned, or which way to plan could not be used and why."""
    why_nothing = _NOTHING_CAUSES.get(one.cause)
    return why_nothing or f"{_SKIPPED_RUNGS[one.rung]}: {_SKIP_CAUSES[one.cause]}"


ASSUMED = {
    "soc_min": "How far the home battery can be discharged is assumed.",
    "charge_power": "How fast the home battery charges is assumed.",
    "discharge_power": "How much power the home battery gives is assumed.",
    "efficiency": "What the home battery loses is assumed.",
    "battery_left_out": "Planned without the home battery: its charge or capacity is missing.",
    "battery_held": "Somebody else limits the home battery: the plan assumes that this goes on.",
    "battery_taken": "Planned without the home battery: somebody else is charging it.",
    "export_price": "Where no feed-in price is known, feeding in counts nothing.",
    "import_price": "Where a price is missing, that of the day before counts.",
    "as_the_day_before": "What comes after the forecasts is assumed to be like their last day.",
    "no_sun": "There is no solar forecast: planned without sun.",
    "car_phases": "How many phases a car charges with is assumed: one or three.",
    "car_current": "Which current a car charges with is assumed: 6 to 16 A.",
    "car_need": "How much a car needs is assumed: as much as usual.",
}


ENGLISH = Texts(
    style=STYLE,
    reasons=REASONS,
    further=further,
    unmet=unmet,
    what_if=what_if,
    rule=rule,
    change=change,
    skipped=skipped,
    assumed=ASSUMED,
    assumed_otherwise=lambda name: f"Assumed: {name}.",
    rungs=RUNGS,
    statuses=STATUSES,
)
