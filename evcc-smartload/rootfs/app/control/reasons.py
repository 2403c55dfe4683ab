"""Reasons of commands, with those figures that are known."""

import math
from datetime import datetime

from domain.steering import CommandCode, CommandReason, Fact

_PRICE_DIGITS = 5

Figure = Fact | datetime | None


def because(code: CommandCode, **figures: Figure) -> CommandReason:
    """Return the reason with its facts; what is not known, or is no number, is left out.

    Numbers have five digits, enough for a price; instants become ISO 8601.
    """
    return CommandReason(code=code, facts=facts_of(**figures))


def facts_of(**figures: Figure) -> dict[str, Fact]:
    """Return figures as facts, as of ``because``."""
    facts: dict[str, Fact] = {}
    for name, figure in figures.items():
        if isinstance(figure, datetime):
            facts[name] = figure.isoformat()
        elif isinstance(figure, float):
            if math.isfinite(figure):
                facts[name] = round(figure, _PRICE_DIGITS) + 0.0
        elif figure is not None:
            facts[name] = figure
    return facts
