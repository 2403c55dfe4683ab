"""In which words a plan is told: the planner's sentences, for one reader."""

from datetime import datetime, tzinfo

from domain.plan import Plan
from planner.wording import Wording
from planner.wording_figures import Lang


def plan_words(
    plan: Plan | None, lang: Lang, *, zone: tzinfo, currency: str, now: datetime
) -> Wording:
    """Return the words in which ``plan`` is told; batteries and cars have their titles.

    Args:
        plan: What is told; None while there is none.
        lang: The reader's language.
        zone: The home's.
        currency: ISO code of the home's money.
        now: Decides what is today.
    """
    names = {} if plan is None else _names(plan)
    return Wording(lang=lang, names=names, zone=zone, now=now, currency=currency)


def _names(plan: Plan) -> dict[str, str]:
    """Return what people call each battery and car; what nobody named has no entry."""
    titles = {battery.name: battery.title for battery in plan.batteries}
    titles |= {car.name: car.title for car in plan.cars}
    return {name: title for name, title in titles.items() if title}
