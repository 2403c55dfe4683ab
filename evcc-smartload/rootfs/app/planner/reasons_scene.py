"""A problem and its dispatch as reasons see them: plain numbers per slot, and what feeds what.

The sun serves the house first, then what charges, then the grid. Batteries serve the house
first, then cars, then the grid. What charges from several sources takes the same share of each.
"""

import math
from dataclasses import dataclass

import numpy as np

from domain.plan import Fact
from planner.dispatch import Dispatch
from planner.plan_problem import FloatArray, PlanProblem

TOLERANCE_KWH = 1e-4
"""Less than this is rounding."""
PRICE_DIGITS = 5
ENERGY_DIGITS = 3

Facts = dict[str, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What reasons are made from; lists have one entry per slot, energies are kWh.

    ``instants`` has the beginning of each slot and the end of the last one. ``house_lacks`` is
    what the sun leaves of the house's use. ``to_house``, ``to_car`` and ``to_grid`` are where
    discharged energy goes. ``bound_sun_frac`` is the share of the sun in what batteries charge
    that may not buy, ``sun_frac`` in what else charges.
    """

    problem: PlanProblem
    dispatch: Dispatch
    instants: tuple[str, ...]
    n_known: int
    buy: list[float]
    sell: list[float]
    marginal: list[float] | None
    imported: list[float]
    exported: list[float]
    curtailed: list[float]
    cars: list[list[float]]
    cars_kwh: list[float]
    house_lacks: list[float]
    to_house: list[float]
    to_car: list[float]
    to_grid: list[float]
    bound_sun_frac: list[float]
    sun_frac: list[float]

    @property
    def n_slots(self) -> int:
        """How many slots there are."""
        return len(self.buy)

    def bought(self, slot: int) -> Facts:
        """Return the price of buying in ``slot``, marked when it is a forecast."""
        return self._marked(slot, {"price": self.buy[slot]})

    def fed_in(self, slot: int) -> Facts:
        """Return the price of feeding in, marked when it is a forecast."""
        return self._marked(slot, {"export_price": self.sell[slot]})

    def value(self, slot: int) -> Facts:
        """Return what one kWh more used would cost, if that is known."""
        if self.marginal is None or not math.isfinite(self.marginal[slot]):
            return {}
        return {"value": self.marginal[slot]}

    def is_forecast(self, slot: int) -> bool:
        """Tell whether the prices of ``slot`` are a forecast."""
        return slot >= self.n_known

    def _marked(self, slot: int, facts: Facts) -> Facts:
        return {**facts, "is_forecast": 1} if self.is_forecast(slot) else facts


def price_of(eur_per_kwh: float) -> float:
    """Return a price as facts carry it."""
    return round(float(eur_per_kwh), PRICE_DIGITS) + 0.0


def energy_of(kwh: float) -> float:
    """Return an energy as facts carry it."""
    return round(float(kwh), ENERGY_DIGITS) + 0.0


def scene_of(
    problem: PlanProblem,
    dispatch: Dispatch,
    *,
    instants: tuple[str, ...],
    marginal_eur_per_kwh: FloatArray | None,
    n_known_prices: int,
) -> Scene:
    """Return what reasons are made from; arguments as of ``explain``."""
    shares = _shares(problem, dispatch)
    return Scene(
        problem=problem,
        dispatch=dispatch,
        instants=instants,
        n_known=n_known_prices,
        buy=_rounded(problem.import_price_eur_per_kwh),
        sell=_rounded(problem.export_price_eur_per_kwh),
        marginal=None if marginal_eur_per_kwh is None else _rounded(marginal_eur_per_kwh),
        imported=dispatch.grid_import_kwh.tolist(),
        exported=dispatch.grid_export_kwh.tolist(),
        curtailed=dispatch.curtail_kwh.tolist(),
        cars=[car.tolist() for car in dispatch.car_kwh],
        cars_kwh=shares["cars"].tolist(),
        house_lacks=shares["house_lacks"].tolist(),
        to_house=shares["to_house"].tolist(),
        to_car=shares["to_car"].tolist(),
        to_grid=shares["to_grid"].tolist(),
        bound_sun_frac=shares["bound_sun_frac"].tolist(),
        sun_frac=shares["sun_frac"].tolist(),
    )


def _rounded(prices: FloatArray) -> list[float]:
    rounded: list[float] = (np.round(prices, PRICE_DIGITS) + 0.0).tolist()
    return rounded


def _shares(problem: PlanProblem, dispatch: Dispatch) -> dict[str, FloatArray]:
    """Return where discharged energy goes and how much of what is charged is the sun's."""
    nothing = np.zeros(problem.n_slots)
    net = [
        charge - discharge
        for charge, discharge in zip(dispatch.charge_kwh, dispatch.discharge_kwh, strict=True)
    ]
    given = sum((np.maximum(-one, 0.0) for one in net), nothing)
    taken = [np.maximum(one, 0.0) for one in net]
    cars = sum(dispatch.car_kwh, nothing)
    sun = problem.pv_kwh - dispatch.curtail_kwh
    lacks = np.maximum(problem.load_kwh - sun, 0.0)
    surplus = np.maximum(sun - problem.load_kwh, 0.0)
    draw = sum(taken, cars)
    to_house = np.minimum(given, lacks)
    rest = given - to_house
    to_car = np.minimum(np.minimum(rest, np.maximum(draw - surplus, 0.0)), cars)
    bound = sum(
        (one for one, battery in zip(taken, problem.batteries, strict=True)
         if not battery.may_grid_charge),
        nothing,
    )  # fmt: skip
    bound_sun = np.minimum(surplus, bound)
    return {
        "cars": cars,
        "house_lacks": lacks,
        "to_house": to_house,
        "to_car": to_car,
        "to_grid": rest - to_car,
        "bound_sun_frac": _frac(bound_sun, bound),
        "sun_frac": _frac(np.minimum(surplus - bound_sun, draw - bound), draw - bound),
    }


def _frac(part: FloatArray, whole: FloatArray) -> FloatArray:
    frac: FloatArray = np.where(whole > TOLERANCE_KWH, part / np.maximum(whole, TOLERANCE_KWH), 0.0)
    return frac
