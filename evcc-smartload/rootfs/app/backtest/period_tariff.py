"""What an owner pays and gets for a kilowatt-hour at a wholesale price."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from domain.proof import PeriodNote, PeriodNoteCode
from forecaster.series import FloatArray


class FeedIn(StrEnum):
    """How feeding in is paid."""

    FIXED = "fixed"
    MARKET = "market"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """A dynamic tariff: (wholesale + surcharge) x (1 + VAT); feeding in as ``feed_in`` says.

    ``surcharge_eur_per_kwh`` is net: grid fee, taxes, levies and margin. ``feed_in_eur_per_kwh``
    holds for FIXED; MARKET pays the wholesale price of the slot, below zero too.
    """

    surcharge_eur_per_kwh: float = 0.162
    vat_frac: float = 0.19
    feed_in: FeedIn = FeedIn.FIXED
    feed_in_eur_per_kwh: float = 0.08

    def import_eur_per_kwh(self, wholesale_eur_per_kwh: FloatArray) -> FloatArray:
        """Return what buying costs in each slot."""
        return (wholesale_eur_per_kwh + self.surcharge_eur_per_kwh) * (1.0 + self.vat_frac)

    def export_eur_per_kwh(self, wholesale_eur_per_kwh: FloatArray) -> FloatArray:
        """Return what feeding in brings in each slot."""
        if self.feed_in == FeedIn.MARKET:
            return wholesale_eur_per_kwh.copy()
        return np.full(len(wholesale_eur_per_kwh), self.feed_in_eur_per_kwh)

    def told(self) -> PeriodNote:
        """Return the tariff as it is told of a period."""
        return PeriodNote(
            code=PeriodNoteCode.TARIFF,
            facts={
                "surcharge_eur_per_kwh": self.surcharge_eur_per_kwh,
                "vat_frac": self.vat_frac,
                "feed_in": self.feed_in.value,
                "feed_in_eur_per_kwh": self.feed_in_eur_per_kwh,
            },
        )
