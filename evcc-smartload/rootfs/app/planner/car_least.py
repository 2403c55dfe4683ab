"""What cars charge whatever a plan wants, by evcc's own rules on the expected sun.

A car that is to charge now, or whose limit allows the price, charges at full power. One in the mode
Min+PV is kept at its least power until it is full, one in the mode PV takes what the sun leaves
where that is its least power or more, and once it charges evcc keeps it there for as long as the
battery is above its buffer. More than that is free.
"""

from dataclasses import replace

import numpy as np

from domain.site import ChargeMode
from forecaster.series import BoolArray
from planner.evcc_rules import CarRule, EvccRules, evcc_rules_dispatch
from planner.plan_problem import CarModel, FloatArray, PlanProblem, series
from planner.slot_physics import EPS_KWH, Charger

_BY_SUN = frozenset({ChargeMode.PV, ChargeMode.MIN_PV})


def with_what_is_certain(problem: PlanProblem, rules: EvccRules) -> PlanProblem:
    """Return the problem with what each car charges at least, and has of the batteries.

    evcc's own plans are left out: what a car has by then evcc does not charge again.

    Args:
        problem: The home; what the owner has fixed stays as it is.
        rules: What the owner set in evcc, with the buffer that is in force there.
    """
    certain = [
        car.fixed_kwh is None and _says_something(rule)
        for car, rule in zip(problem.cars, rules.cars, strict=True)
    ]
    if not any(certain):
        return problem
    planless = replace(rules, cars=tuple(replace(rule, has_plan=False) for rule in rules.cars))
    dispatch = evcc_rules_dispatch(problem, planless)
    left_kwh = problem.pv_kwh - problem.load_kwh
    cars = []
    for car, rule, kwh, is_certain in zip(
        problem.cars, rules.cars, dispatch.car_kwh, certain, strict=True
    ):
        told = _with_certain(car, rule, kwh, left_kwh, problem) if is_certain else car
        cars.append(told)
        left_kwh = left_kwh - told.surely_kwh(problem.n_slots)
    return replace(problem, cars=tuple(cars))


def _says_something(rule: CarRule) -> bool:
    return rule.now_slots > 0 or rule.mode in _BY_SUN


def _with_certain(
    car: CarModel, rule: CarRule, kwh: FloatArray, left_kwh: FloatArray, problem: PlanProblem
) -> CarModel:
    """Return the car with what is certain of ``kwh``, which is what evcc would charge.

    ``left_kwh`` is what the sun leaves for it, negative where it lacks.
    """
    charger = Charger(car, problem.slot_h)
    charges = kwh > EPS_KWH
    is_fast = charges & _is_fast(rule, problem.import_price_eur_per_kwh)
    least_kwh, fed_kwh = np.where(charges, kwh, 0.0), np.zeros(len(kwh))
    if problem.import_max_kwh is not None:
        # Batteries are kept from cars that charge fast: only the fuse is there for them.
        most_kwh = left_kwh + problem.import_max_kwh
        for slot in np.flatnonzero(is_fast & (least_kwh > most_kwh)):
            least_kwh[slot] = charger.at_most(float(most_kwh[slot]))
    if rule.mode is ChargeMode.MIN_PV:
        least_kwh[charges & ~is_fast] = charger.low_kwh
    elif rule.mode is ChargeMode.PV:
        fed_kwh = np.where(is_fast, 0.0, np.maximum(least_kwh - np.maximum(left_kwh, 0.0), 0.0))
    return replace(
        car,
        least_kwh=series(least_kwh) if least_kwh.any() else None,
        fed_kwh=series(fed_kwh) if (fed_kwh > EPS_KWH).any() else None,
    )


def _is_fast(rule: CarRule, prices: FloatArray) -> BoolArray:
    """Return in which slots it charges at full power whatever the sun does."""
    is_fast: BoolArray = np.arange(len(prices)) < rule.now_slots
    limit = rule.smart_cost_limit_eur_per_kwh
    return is_fast if limit is None else is_fast | (prices <= limit)
