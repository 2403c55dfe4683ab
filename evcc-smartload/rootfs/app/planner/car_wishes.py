"""What cars want, from what evcc says about loadpoints and vehicles.

A wish is priced: what the next kWh in the car is worth. Three things give it a value.

* What the owner asked for, a plan with a time or a vehicle's least state of charge: far above any
  price, so that it is met wherever physics allows. Three pieces, the first of them worth the most,
  so that of several cars that cannot all be served each gets its first third first.
* What a plan asks for after the horizon: only what could not be charged after it counts like
  that. The rest is worth what it will probably cost then.
* Anything up to the limit: what charging usually costs at a good moment, less a good part. So it
  takes sun that would be fed in, not sun that the house needs later, and it is bought only at
  prices that are low for the days ahead, or at the limit for cheap energy that the owner set.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from domain.horizon import SLOT, SLOT_H
from domain.site import ChargeMode, Loadpoint, Vehicle
from planner.assumption import Assumption
from planner.plan_problem import CarModel, FloatArray, PowerRange, ValuePiece, series

PHASE_VOLTAGE_V = 230.0
ASSUMED_MIN_CURRENT_A, ASSUMED_MAX_CURRENT_A = 6.0, 16.0  # evcc's own defaults
# From the socket to the cells; evcc reckons with the same.
CHARGE_EFFICIENCY_FRAC = 0.9
# What a session at home takes in the median, where nothing else is known, and what one that has
# taken that much already may still take.
USUAL_SESSION_KWH, STILL_KWH = 8.0, 2.0
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
# Of the time between the horizon and a deadline after it, a car may be away for a part.
_SURE_TIME_FRAC = 0.5
_LEAST_KWH = 0.01


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CarPrices:
    """What a car's wishes are priced by, from the prices of the horizon [EUR/kWh]."""

    asked: float
    later: float
    good: float

    @classmethod
    def of(cls, import_price: FloatArray, export_price: FloatArray) -> "CarPrices":
        """Return the values of a kWh in a car; ``later`` and ``good`` have the losses in them."""
        dearest = max(float(np.abs(import_price).max()), _LEAST_PRICE_EUR_PER_KWH)
        later, good = np.quantile(import_price, (_LATER_QUANTILE, _GOOD_QUANTILE)).tolist()
        sold = (float(export_price.max()) + _ABOVE_EXPORT_EUR_PER_KWH) / CHARGE_EFFICIENCY_FRAC
        good = max(_GOOD_SHARE * good, sold)
        return cls(asked=dearest, later=max(later / CHARGE_EFFICIENCY_FRAC, good), good=good)

    def for_slack(self, needed_h: float, left_h: float) -> "CarPrices":
        """Return the prices for a car that needs so much of the time that is left.

        Within the same third the car with less slack comes first: its energy is worth up to
        ``URGENT_SHARE`` more, too little to get its second third before another's first.
        """
        urgency = min(needed_h / left_h, 1.0)
        return replace(self, asked=self.asked * (1.0 + URGENT_SHARE * urgency))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What wishes are judged by: prices, the first slot's start and how many slots there are.

    ``limits_are_prices`` says whether limits for cheap energy are EUR/kWh, not grams of CO2.
    """

    prices: CarPrices
    start: datetime
    n_slots: int
    limits_are_prices: bool = True

    def cheap_limit(self, loadpoint: Loadpoint) -> float | None:
        """Return the price at or below which evcc charges at full power [EUR/kWh]."""
        return loadpoint.smart_cost_limit if self.limits_are_prices else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CarWish:
    """A car in the plan, and what is shown of it.

    ``capacity_kwh`` is None when energies are above an unknown state; ``by`` is the deadline.
    """

    model: CarModel
    title: str
    number: int
    capacity_kwh: float | None
    by: datetime | None
    assumed: frozenset[Assumption]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Energies:
    """Cell side [kWh]: what is in, what was asked for, and where charging ends."""

    capacity_kwh: float | None
    soc_kwh: float
    least_kwh: float
    target_kwh: float | None
    limit_kwh: float
    is_usual: bool = False


def car_wishes(
    loadpoints: Sequence[Loadpoint], vehicles: Sequence[Vehicle], scene: Scene
) -> tuple[tuple[CarWish, Loadpoint], ...]:
    """Return the wishes of the cars that are connected and may charge, each with its loadpoint.

    Heaters, modes without charging and cars that want nothing are left out.
    """
    by_name = {vehicle.name: vehicle for vehicle in vehicles}
    found = []
    for loadpoint in loadpoints:
        charges = loadpoint.mode not in {ChargeMode.OFF, ChargeMode.UNKNOWN}
        if loadpoint.connected and charges and not loadpoint.is_heater:
            wish = _wish(loadpoint, by_name.get(loadpoint.vehicle_name or ""), scene)
            if wish is not None:
                found.append((wish, loadpoint))
    return tuple(found)


def _wish(loadpoint: Loadpoint, vehicle: Vehicle | None, scene: Scene) -> CarWish | None:
    start, n_slots = scene.start, scene.n_slots
    ranges, assumed = _ranges(loadpoint, vehicle)
    energies = _energies(loadpoint, vehicle)
    by = None if energies.target_kwh is None else loadpoint.plan_time
    if by is not None and by <= start:
        by = None
    top_kw = ranges[-1].high_kw
    asked_kwh = max(0.0, energies.least_kwh - energies.soc_kwh)
    later_kwh = 0.0
    if by is not None and energies.target_kwh is not None:
        missing_kwh = max(asked_kwh, energies.target_kwh - energies.soc_kwh)
        hours_after = (by - start - n_slots * SLOT).total_seconds() / 3600.0
        after_kwh = max(0.0, hours_after) * _SURE_TIME_FRAC * top_kw * CHARGE_EFFICIENCY_FRAC
        asked_kwh, later_kwh = _split(missing_kwh, asked_kwh, after_kwh)
    end_kwh = max(energies.limit_kwh, energies.target_kwh or 0.0, energies.least_kwh)
    free_kwh = max(0.0, end_kwh - energies.soc_kwh - asked_kwh - later_kwh)
    deadline_slot = n_slots if by is None else min(n_slots, max(1, (by - start) // SLOT))
    needed_h = asked_kwh / (top_kw * CHARGE_EFFICIENCY_FRAC)
    prices = scene.prices.for_slack(needed_h, deadline_slot * SLOT_H)
    wish = _pieces(asked_kwh, later_kwh, free_kwh, prices, scene.cheap_limit(loadpoint))
    if not wish:
        return None
    room_kwh = asked_kwh + later_kwh + free_kwh
    is_now = loadpoint.mode is ChargeMode.NOW
    return CarWish(
        model=CarModel(
            name=loadpoint.name,
            capacity_kwh=energies.capacity_kwh or energies.soc_kwh + room_kwh,
            soc_kwh=energies.soc_kwh,
            target_kwh=energies.soc_kwh + asked_kwh,
            arrival_slot=0,
            deadline_slot=n_slots if is_now else deadline_slot,
            ranges=ranges,
            charge_efficiency_frac=CHARGE_EFFICIENCY_FRAC,
            wish=wish,
            fixed_kwh=_all_at_once(room_kwh, top_kw, n_slots) if is_now else None,
        ),
        title=loadpoint.vehicle_title or loadpoint.title,
        number=loadpoint.number,
        capacity_kwh=energies.capacity_kwh,
        by=by,
        assumed=assumed | ({Assumption.CAR_NEED} if energies.is_usual else frozenset()),
    )


def _split(missing_kwh: float, least_kwh: float, after_kwh: float) -> tuple[float, float]:
    """Return what must be charged within the horizon, and what may come after it."""
    asked_kwh = max(least_kwh, missing_kwh - after_kwh)
    return asked_kwh, missing_kwh - asked_kwh


def _pieces(
    asked_kwh: float, later_kwh: float, free_kwh: float, prices: CarPrices, cheap: float | None
) -> tuple[ValuePiece, ...]:
    good = prices.good
    if cheap is not None:
        # evcc charges at that price and below, so that much it is worth at the socket.
        good = max(good, cheap / CHARGE_EFFICIENCY_FRAC)
    thirds = [(asked_kwh / len(ASKED_TIMES), times * prices.asked) for times in ASKED_TIMES]
    most = ASKED_TIMES[-1] * prices.asked
    good = min(good, most)
    pieces = [*thirds, (later_kwh, min(max(prices.later, good), most)), (free_kwh, good)]
    return tuple(
        ValuePiece(width_kwh=width, eur_per_kwh=value)
        for width, value in pieces
        if width > _LEAST_KWH / len(ASKED_TIMES)
    )


def _energies(loadpoint: Loadpoint, vehicle: Vehicle | None) -> _Energies:
    capacity_kwh = None if vehicle is None else vehicle.capacity_kwh
    if capacity_kwh is None or loadpoint.vehicle_soc_pct is None:
        return _session_energies(loadpoint)
    least_pct = 0.0 if vehicle is None else vehicle.min_soc_pct or 0.0
    limit_pct = 100.0 if loadpoint.limit_soc_pct is None else loadpoint.limit_soc_pct
    per_pct = capacity_kwh / 100.0
    return _Energies(
        capacity_kwh=capacity_kwh,
        soc_kwh=loadpoint.vehicle_soc_pct * per_pct,
        least_kwh=least_pct * per_pct,
        target_kwh=None if loadpoint.plan_soc_pct is None else loadpoint.plan_soc_pct * per_pct,
        limit_kwh=limit_pct * per_pct,
    )


def _session_energies(loadpoint: Loadpoint) -> _Energies:
    """Return energies above what is in the car now; evcc counts a session at the socket."""
    charged_kwh = loadpoint.session_kwh or 0.0
    planned_kwh, limit_kwh = loadpoint.plan_kwh, loadpoint.limit_kwh
    is_usual = limit_kwh is None and planned_kwh is None
    if limit_kwh is None:
        usual_kwh = max(USUAL_SESSION_KWH, charged_kwh + STILL_KWH)
        limit_kwh = usual_kwh if planned_kwh is None else planned_kwh
    if planned_kwh is None and loadpoint.plan_soc_pct is not None:
        planned_kwh = limit_kwh  # how much is missing to that SoC is not known
    target_kwh = None
    if planned_kwh is not None:
        target_kwh = max(0.0, planned_kwh - charged_kwh) * CHARGE_EFFICIENCY_FRAC
    return _Energies(
        capacity_kwh=None,
        soc_kwh=0.0,
        least_kwh=0.0,
        target_kwh=target_kwh,
        limit_kwh=max(0.0, limit_kwh - charged_kwh) * CHARGE_EFFICIENCY_FRAC,
        is_usual=is_usual,
    )


def _ranges(
    loadpoint: Loadpoint, vehicle: Vehicle | None
) -> tuple[tuple[PowerRange, ...], frozenset[Assumption]]:
    """Return the powers that car and charger can hold, one range per number of phases."""
    assumed = set()
    low_a, high_a = loadpoint.min_current_a, loadpoint.max_current_a
    if not low_a or not high_a:
        assumed.add(Assumption.CAR_CURRENT)
    low_a, high_a = low_a or ASSUMED_MIN_CURRENT_A, high_a or ASSUMED_MAX_CURRENT_A
    most = 3 if vehicle is None or vehicle.phases is None else vehicle.phases
    known = loadpoint.phases_configured or None
    if loadpoint.switches_phases and known is None:
        counts = {1, most}
    elif known is not None or loadpoint.phases_active is not None:
        counts = {min(known or loadpoint.phases_active or most, most)}
    else:
        assumed.add(Assumption.CAR_PHASES)
        counts = {1, most}
    spans: list[PowerRange] = []
    for count in sorted(counts):
        per_a = count * PHASE_VOLTAGE_V / 1000.0
        span = PowerRange(low_kw=low_a * per_a, high_kw=max(low_a, high_a) * per_a)
        if spans and span.low_kw <= spans[-1].high_kw:
            span = PowerRange(low_kw=spans.pop().low_kw, high_kw=span.high_kw)
        spans.append(span)
    return tuple(spans), frozenset(assumed)


def _all_at_once(room_kwh: float, power_kw: float, n_slots: int) -> FloatArray:
    """Return energies per slot [kWh, AC] at full power until there is no room left."""
    most_kwh = power_kw * SLOT_H
    wanted_kwh = room_kwh / CHARGE_EFFICIENCY_FRAC
    return series(np.clip(wanted_kwh - most_kwh * np.arange(n_slots), 0.0, most_kwh))
