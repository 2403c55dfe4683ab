"""What a kWh in a car is worth. Three things give it a value.

* What the owner asked for, a plan with a time or a vehicle's least state of charge: far above any
  price, so that it is met wherever physics allows. Three pieces, the first of them worth the most,
  so that of several cars that cannot all be served each gets its first third first.
* What a plan asks for after the horizon: only what could not be charged after it counts like
  that. The rest is worth what it will probably cost then.
* Anything up to the limit: what charging usually costs at a good moment, less a good part. So it
  takes sun that would be fed in, not sun that the house needs later, and it is bought only at
  prices that are low for the days ahead, or at the limit for cheap energy that the owner set.
"""

from dataclasses import dataclass, replace

import numpy as np

from planner.plan_problem import FloatArray, ValuePiece

# A kWh that the owner asked for is worth so many times the dearest price, first third first; a
# price that is nowhere above 10 ct would not say enough.
ASKED_TIMES = (12.0, 11.0, 10.0)
URGENT_SHARE = 0.05
_LEAST_PRICE_EUR_PER_KWH = 0.10
# What the time after the horizon will probably cost, and what charging without haste is worth.
_LATER_QUANTILE = 0.25
_GOOD_QUANTILE, _GOOD_SHARE = 0.1, 0.8
# Just above feeding in, or a plan would not care.
_ABOVE_EXPORT_EUR_PER_KWH = 0.01
_LEAST_KWH = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What a car has room for [kWh, cell side].

    ``asked_kwh`` is what the owner asked for within the horizon, ``later_kwh`` what may still
    come after it, ``free_kwh`` all the rest.
    """

    asked_kwh: float
    later_kwh: float
    free_kwh: float

    @property
    def total_kwh(self) -> float:
        """All of it."""
        return self.asked_kwh + self.later_kwh + self.free_kwh


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CarPrices:
    """What a car's wishes are priced by, from the prices of the horizon [EUR/kWh].

    ``efficiency_frac`` is from the socket to the cells.
    """

    asked: float
    later: float
    good: float
    efficiency_frac: float

    @classmethod
    def of(
        cls, import_price: FloatArray, export_price: FloatArray, *, efficiency_frac: float
    ) -> "CarPrices":
        """Return the values of a kWh in a car; ``later`` and ``good`` have the losses in them."""
        dearest = max(float(np.abs(import_price).max()), _LEAST_PRICE_EUR_PER_KWH)
        ranked, last = np.sort(import_price), len(import_price) - 1
        # As by ``np.quantile``, which takes ten times as long.
        later, good = np.interp(
            (last * _LATER_QUANTILE, last * _GOOD_QUANTILE), np.arange(len(ranked)), ranked
        ).tolist()
        sold = (float(export_price.max()) + _ABOVE_EXPORT_EUR_PER_KWH) / efficiency_frac
        good = max(_GOOD_SHARE * good, sold)
        return cls(
            asked=dearest,
            later=max(later / efficiency_frac, good),
            good=good,
            efficiency_frac=efficiency_frac,
        )

    def for_slack(self, needed_h: float, left_h: float) -> "CarPrices":
        """Return the prices for a car that needs so much of the time that is left.

        Within the same third the car with less slack comes first: its energy is worth up to
        ``URGENT_SHARE`` more, too little to get its second third before another's first.
        """
        urgency = min(needed_h / left_h, 1.0)
        return replace(self, asked=self.asked * (1.0 + URGENT_SHARE * urgency))

    def pieces(self, shares: Shares, cheap: float | None) -> tuple[ValuePiece, ...]:
        """Return what the next kWh is worth; ``cheap`` is the owner's limit for cheap energy."""
        good = self.good
        if cheap is not None:
            # evcc charges at that price and below, so that much it is worth at the socket.
            good = max(good, cheap / self.efficiency_frac)
        third_kwh = shares.asked_kwh / len(ASKED_TIMES)
        most = ASKED_TIMES[-1] * self.asked
        good = min(good, most)
        pieces = [
            *((third_kwh, times * self.asked) for times in ASKED_TIMES),
            (shares.later_kwh, min(max(self.later, good), most)),
            (shares.free_kwh, good),
        ]
        return tuple(
            ValuePiece(width_kwh=width, eur_per_kwh=value)
            for width, value in pieces
            if width > _LEAST_KWH / len(ASKED_TIMES)
        )
