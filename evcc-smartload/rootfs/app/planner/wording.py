"""A plan in sentences: one short true sentence for a reason, or the same in full.

A fact that is missing makes a sentence shorter, never wrong; a price that is a forecast is called
expected.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property

from domain.plan import (
    PlanChange,
    PlanStatus,
    Reason,
    RuleCost,
    Rung,
    Skipped,
    UnmetWish,
    WhatIf,
)
from planner.wording_de import GERMAN
from planner.wording_en import ENGLISH
from planner.wording_figures import Figures, Lang, Said, Texts

_TEXTS: Mapping[Lang, Texts] = {"de": GERMAN, "en": ENGLISH}


@dataclass(frozen=True, kw_only=True)
class Wording:
    """Tells a plan to one reader.

    Args:
        lang: The reader's language.
        names: What the owner calls a device, by its name in the plan; a device without one is
            told as "the home battery" or "the car".
        zone: Where times are told for.
        now: Decides what is today and tomorrow.
        currency: evcc's code, such as EUR or CHF.
    """

    lang: Lang
    names: Mapping[str, str]
    zone: tzinfo
    now: datetime
    currency: str = "EUR"

    def sentence(self, reason: Reason) -> str:
        """Say in one sentence what is done and why."""
        return self._texts.reasons[reason.code](self._said(reason))

    def detail(self, reason: Reason) -> str:
        """Say the same in full, with every number."""
        said = self._said(reason)
        return " ".join([self._texts.reasons[reason.code](said), *self._texts.further(said)])

    def unmet(self, wish: UnmetWish) -> str:
        """Say what a wish misses: "e-Golf: 63 % instead of 80 % by 07:00"."""
        text = self._texts.unmet(self._figures, wish)
        title = wish.title or self.names.get(wish.car, "")
        return f"{title}: {text}" if title else text

    def what_if(self, one: WhatIf) -> str:
        """Say what the opposite decision would cost; whose it is stands in front, if named."""
        text = self._texts.what_if(self._figures, one)
        name = self.names.get(one.device)
        return f"{name}: {text}" if name else text

    def rule(self, cost: RuleCost) -> str:
        """Say what a rule of the owner costs."""
        text = self._texts.rule(self._figures, cost)
        name = self.names.get(cost.device)
        return f"{name}: {text}" if name else text

    def change(self, change: PlanChange) -> str:
        """Say how this plan's cost differs from the last one's, and why most."""
        return self._texts.change(self._figures, change)

    def skipped(self, one: Skipped) -> str:
        """Say which way to plan could not be used and why."""
        return self._texts.skipped(one)

    def assumed(self, name: str) -> str:
        """Say what was assumed; a name that is not known is told as it is."""
        texts = self._texts
        return texts.assumed.get(name) or texts.assumed_otherwise(name.replace("_", " "))

    def rung(self, rung: Rung) -> str:
        """Return how a plan was made, in a few words."""
        return self._texts.rungs[rung]

    def status(self, status: PlanStatus) -> str:
        """Return how good a plan is known to be, in a few words."""
        return self._texts.statuses[status]

    @property
    def _texts(self) -> Texts:
        return _TEXTS[self.lang]

    @cached_property
    def _figures(self) -> Figures:
        return Figures(
            style=self._texts.style, zone=self.zone, now=self.now, currency=self.currency
        )

    def _said(self, reason: Reason) -> Said:
        return Said(reason=reason, figures=self._figures, names=self.names)
