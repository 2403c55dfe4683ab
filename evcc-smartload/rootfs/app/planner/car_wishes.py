"""What cars want, from what evcc says about loadpoints and vehicles.

A wish is priced (``planner.car_prices``): what the owner asked for, what their plan asks for after
the horizon, and anything up to the limit. While nobody is at home, because the owner says so, cars
get only what was asked for. What they charge whatever a plan wants is in ``planner.car_least``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from domain.horizon import SLOT, SLOT_H
from domain.site import ChargeMode, Loadpoint, Vehicle
from planner.assumption import Assumption
from planner.car_prices import CarPrices, Shares
from planner.plan_problem import CarModel, FloatArray, PowerRange, series

PHASE_VOLTAGE_V = 230.0
ASSUMED_MIN_CURRENT_A, ASSUMED_MAX_CURRENT_A = 6.0, 16.0  # evcc's own defaults
# From the socket to the cells; evcc reckons with the same.
CHARGE_EFFICIENCY_FRAC = 0.9
# What a session at home takes in the median, where nothing else is known, and what one that has
# taken that much already may still take.
USUAL_SESSION_KWH, STILL_KWH = 8.0, 2.0
# evcc buys for a car at full power or not at all: where a plan wants less than this part of it, not
# at all is nearer. What is then still missing of a wish with a time evcc's own plan sees to.
BOUGHT_FRAC = 0.5
# Of the time between the horizon and a deadline after it, a car may be away for a part.
_SURE_TIME_FRAC = 0.5
_IDLE_MODES = frozenset({ChargeMode.OFF, ChargeMode.UNKNOWN})
# What evcc charges in these modes it charges with nobody at home, too.
_STUBBORN_MODES = frozenset({ChargeMode.NOW, ChargeMode.MIN_PV})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What wishes are judged by.

    Args:
        prices: What a kWh is worth.
        start: Of the first slot.
        n_slots: How many slots there are.
        limits_are_prices: Whether limits for cheap energy are EUR/kWh, not grams of CO2.
        now_slots: For how many slots the owner wants a car charged at full power, by the name of
            its loadpoint.
        empty_slots: For so many slots nobody is at home, because the owner says so.
    """

    prices: CarPrices
    start: datetime
    n_slots: int
    limits_are_prices: bool = True
    now_slots: Mapping[str, int] = field(default_factory=dict)
    empty_slots: int = 0

    def cheap_limit(self, loadpoint: Loadpoint) -> float | None:
        """Return the price at or below which evcc charges at full power [EUR/kWh]."""
        return loadpoint.smart_cost_limit if self.limits_are_prices else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CarWish:
    """A car in the plan, and what is shown of it.

    ``capacity_kwh`` is None when energies are above an unknown state; ``by`` is the deadline. For
    ``now_slots`` slots the owner wants it charged at full power.
    """

    model: CarModel
    title: str
    number: int
    capacity_kwh: float | None
    by: datetime | None
    assumed: frozenset[Assumption]
    now_slots: int = 0


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
        charges = loadpoint.mode not in _IDLE_MODES or loadpoint.name in scene.now_slots
        if loadpoint.connected and charges and not loadpoint.is_heater:
            wish = _wish(loadpoint, by_name.get(loadpoint.vehicle_name or ""), scene)
            if wish is not None:
                found.append((wish, loadpoint))
    return tuple(found)


def _wish(loadpoint: Loadpoint, vehicle: Vehicle | None, scene: Scene) -> CarWish | None:
    n_slots, now_slots = scene.n_slots, scene.now_slots.get(loadpoint.name, 0)
    ranges, assumed = power_ranges(loadpoint, vehicle)
    energies = _energies(loadpoint, vehicle)
    if loadpoint.mode in _IDLE_MODES:
        # It charges because the owner asks for that now, and rests again after it.
        energies = replace(energies, least_kwh=0.0, target_kwh=None)
        n_slots = now_slots
    by = None if energies.target_kwh is None else loadpoint.plan_time
    if by is not None and by <= scene.start:
        by = None
    top_kw = ranges[-1].high_kw
    shares = _shares(energies, by, scene, top_kw)
    is_now = loadpoint.mode is ChargeMode.NOW
    first_slot = 0
    if not (now_slots or loadpoint.mode in _STUBBORN_MODES):
        shares, first_slot = _with_nobody_at_home(shares, scene)
    deadline_slot = n_slots if by is None else min(n_slots, max(1, (by - scene.start) // SLOT))
    needed_h = shares.asked_kwh / (top_kw * CHARGE_EFFICIENCY_FRAC)
    prices = scene.prices.for_slack(needed_h, deadline_slot * SLOT_H)
    wish = prices.pieces(shares, scene.cheap_limit(loadpoint))
    if not wish or first_slot >= n_slots:
        return None
    return CarWish(
        model=CarModel(
            name=loadpoint.name,
            capacity_kwh=energies.capacity_kwh or energies.soc_kwh + shares.total_kwh,
            soc_kwh=energies.soc_kwh,
            target_kwh=energies.soc_kwh + shares.asked_kwh,
            arrival_slot=first_slot,
            deadline_slot=n_slots if is_now else deadline_slot,
            ranges=ranges,
            charge_efficiency_frac=CHARGE_EFFICIENCY_FRAC,
            wish=wish,
            fixed_kwh=_all_at_once(shares.total_kwh, top_kw, n_slots) if is_now else None,
        ),
        title=loadpoint.vehicle_title or loadpoint.title,
        number=loadpoint.number,
        capacity_kwh=energies.capacity_kwh,
        by=by,
        assumed=assumed | ({Assumption.CAR_NEED} if energies.is_usual else frozenset()),
        now_slots=now_slots,
    )


def _shares(energies: _Energies, by: datetime | None, scene: Scene, top_kw: float) -> Shares:
    """Return what of the room is asked for, may come after the horizon, and is free."""
    asked_kwh = max(0.0, energies.least_kwh - energies.soc_kwh)
    later_kwh = 0.0
    if by is not None and energies.target_kwh is not None:
        missing_kwh = max(asked_kwh, energies.target_kwh - energies.soc_kwh)
        hours_after = (by - scene.start - scene.n_slots * SLOT).total_seconds() / 3600.0
        after_kwh = max(0.0, hours_after) * _SURE_TIME_FRAC * top_kw * CHARGE_EFFICIENCY_FRAC
        asked_kwh, later_kwh = _split(missing_kwh, asked_kwh, after_kwh)
    end_kwh = max(energies.limit_kwh, energies.target_kwh or 0.0, energies.least_kwh)
    free_kwh = max(0.0, end_kwh - energies.soc_kwh - asked_kwh - later_kwh)
    return Shares(asked_kwh=asked_kwh, later_kwh=later_kwh, free_kwh=free_kwh)


def _with_nobody_at_home(shares: Shares, scene: Scene) -> tuple[Shares, int]:
    """Return what is still wanted, and from which slot on.

    A car of which something was asked for gets that at any time and no more; another one waits
    for its owner.
    """
    if not scene.empty_slots:
        return shares, 0
    if shares.asked_kwh + shares.later_kwh > 0.0:
        return replace(shares, free_kwh=0.0), 0
    return shares, scene.empty_slots


def _split(missing_kwh: float, least_kwh: float, after_kwh: float) -> tuple[float, float]:
    """Return what must be charged within the horizon, and what may come after it."""
    asked_kwh = max(least_kwh, missing_kwh - after_kwh)
    return asked_kwh, missing_kwh - asked_kwh


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


def power_ranges(
    loadpoint: Loadpoint, vehicle: Vehicle | None
) -> tuple[tuple[PowerRange, ...], frozenset[Assumption]]:
    """Return the powers that car and charger can hold, and what was assumed of them.

    One range per number of phases, rising.
    """
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
