"""Whether a dispatch is one that a home can carry out, worked out anew from its flows alone.

Nothing here is shared with the model or with the costs: a slip there must not hide itself here.
What each rule means, exactly, stands at `Rule`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from planner.dispatch import Dispatch
from planner.plan_problem import BatteryModel, CarModel, FloatArray, PlanProblem

SLOT_TOLERANCE_KWH = 1e-5
"""What a flow of one slot may be off: ten times what a solver lets a row be off."""

SOC_TOLERANCE_KWH = 1e-4
"""What a state of charge may be off: the slots' errors add up over the horizon."""


class Rule(StrEnum):
    """What every dispatch must obey; "charges", "imports" and so on mean: above the tolerance.

    ``t`` is a slot; the house's need is ``max(0, load_t - pv_t + curtail_t)``.
    """

    FORM = "form"
    """One array of n_slots numbers per flow, battery and car. If not, nothing else is checked."""
    NOT_FINITE = "not_finite"
    """Every flow is a finite number. If not, nothing else is checked."""
    NEGATIVE = "negative"
    """No flow is below 0."""
    BALANCE = "balance"
    """PV + import + all discharge = load + export + all charge + all cars + curtailment."""
    CURTAILMENT = "curtailment"
    """At most the PV is turned down, and nothing where ``can_curtail`` is False."""
    GRID_BOTH_WAYS = "grid_both_ways"
    """No slot both imports and exports."""
    IMPORT_LIMIT = "import_limit"
    """Import is at most ``import_max_kwh``; soft as far as it is exceeded with all devices idle."""
    EXPORT_LIMIT = "export_limit"
    """Export is at most ``export_max_kwh``; soft like ``IMPORT_LIMIT``, with the PV as it is."""
    BATTERY_BOTH_WAYS = "battery_both_ways"
    """No battery both charges and discharges in one slot; two batteries may."""
    CHARGE_POWER = "charge_power"
    """Charge is at most ``charge_max_kw * slot_h``."""
    DISCHARGE_POWER = "discharge_power"
    """Discharge is at most ``discharge_max_kw * slot_h``."""
    TAPER = "taper"
    """Charge is at most the taper's power at the slot's beginning, times ``slot_h``."""
    SOC_LOW = "soc_low"
    """At every slot's end the SoC is at least ``soc_min_kwh``, or the start if that is lower."""
    SOC_HIGH = "soc_high"
    """At every slot's end the SoC is at most ``soc_max_kwh``, or the start if that is higher."""
    GRID_CHARGE = "grid_charge"
    """A battery with ``may_grid_charge`` False does not charge in a slot that imports."""
    BATTERY_EXPORT = "battery_export"
    """A battery with ``may_export`` False does not discharge in a slot that exports."""
    CAR_FROM_BATTERY = "car_from_battery"
    """In a slot in which a car charges, all batteries with ``may_feed_cars`` False together
    discharge at most the house's need."""
    CAR_BELOW_BUFFER = "car_below_buffer"
    """In a slot in which a car charges and all batteries together discharge more than the house's
    need, every battery with ``may_feed_cars`` and ``cars_above_kwh`` above 0 that discharges has at
    least ``cars_above_kwh`` at the slot's end."""
    CAR_AWAY = "car_away"
    """A car charges only in ``arrival_slot <= t < deadline_slot``."""
    CAR_POWER = "car_power"
    """A car charges with nothing or within one of its ranges."""
    CAR_ROOM = "car_room"
    """A car gets at most the widths of its wish, together (cell side)."""
    CAR_LEAST = "car_least"
    """A car with ``least_kwh`` charges at least that."""
    CAR_FIXED = "car_fixed"
    """A car with ``fixed_kwh`` charges exactly that; window, ranges and room are the owner's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that a dispatch breaks.

    Args:
        rule: Which one.
        slot: Where; None when it belongs to no single slot.
        device: Name of the battery or the car; empty for the house and for several together.
        excess_kwh: By how much; infinite where it cannot be measured.
        is_soft: Whether the dispatch may be used all the same: physics may leave no other way.
    """

    rule: Rule
    slot: int | None
    device: str = ""
    excess_kwh: float
    is_soft: bool = False


def verify(problem: PlanProblem, dispatch: Dispatch) -> tuple[Violation, ...]:
    """Return every rule that ``dispatch`` breaks, one entry per slot and device.

    Args:
        problem: A problem that ``checked()`` lets pass.
        dispatch: Any flows at all.

    Returns:
        Nothing when the dispatch can be used; soft violations do not speak against it.
    """
    unusable = tuple(_wrong_form(problem, dispatch))
    if unusable:
        return unusable
    charge = _together(dispatch.charge_kwh, problem)
    discharge = _together(dispatch.discharge_kwh, problem)
    cars = _together(dispatch.car_kwh, problem)
    found = [*_wrong_signs(problem, dispatch)]
    found += _wrong_grid(problem, dispatch, charge + cars - discharge)
    for index, battery in enumerate(problem.batteries):
        found += _wrong_battery(problem, dispatch, battery, index)
    found += _wrong_car_feeding(problem, dispatch, is_fed=cars > SLOT_TOLERANCE_KWH)
    for car, kwh in zip(problem.cars, dispatch.car_kwh, strict=True):
        found += _wrong_car(problem, car, kwh)
    return tuple(found)


def _together(flows: tuple[FloatArray, ...], problem: PlanProblem) -> FloatArray:
    return np.sum(flows, axis=0) if flows else np.zeros(len(problem.pv_kwh))


def _flows_by_device(
    problem: PlanProblem, dispatch: Dispatch
) -> Iterator[tuple[tuple[FloatArray, ...], tuple[str, ...]]]:
    house = (dispatch.grid_import_kwh, dispatch.grid_export_kwh, dispatch.curtail_kwh)
    batteries = tuple(battery.name for battery in problem.batteries)
    yield house, ("", "", "")
    yield dispatch.charge_kwh, batteries
    yield dispatch.discharge_kwh, batteries
    yield dispatch.car_kwh, tuple(car.name for car in problem.cars)


def _wrong_form(problem: PlanProblem, dispatch: Dispatch) -> Iterator[Violation]:
    n_slots = len(problem.pv_kwh)
    for flows, devices in _flows_by_device(problem, dispatch):
        if len(flows) != len(devices):
            yield Violation(rule=Rule.FORM, slot=None, excess_kwh=np.inf)
            continue
        for flow, device in zip(flows, devices, strict=True):
            if flow.shape != (n_slots,):
                yield Violation(rule=Rule.FORM, slot=None, device=device, excess_kwh=np.inf)
                continue
            for slot in np.flatnonzero(~np.isfinite(flow)):
                yield Violation(
                    rule=Rule.NOT_FINITE, slot=int(slot), device=device, excess_kwh=np.inf
                )


def _over(
    rule: Rule,
    excess_kwh: FloatArray,
    device: str = "",
    *,
    tolerance_kwh: float = SLOT_TOLERANCE_KWH,
    is_soft: bool = False,
) -> Iterator[Violation]:
    """Name the slots in which ``excess_kwh``, shape (n_slots,), is above the tolerance."""
    for slot in np.flatnonzero(excess_kwh > tolerance_kwh):
        yield Violation(
            rule=rule,
            slot=int(slot),
            device=device,
            excess_kwh=float(excess_kwh[slot]),
            is_soft=is_soft,
        )


def _wrong_signs(problem: PlanProblem, dispatch: Dispatch) -> Iterator[Violation]:
    for flows, devices in _flows_by_device(problem, dispatch):
        for flow, device in zip(flows, devices, strict=True):
            yield from _over(Rule.NEGATIVE, -flow, device)


def _wrong_grid(
    problem: PlanProblem, dispatch: Dispatch, devices_kwh: FloatArray
) -> Iterator[Violation]:
    """Check meter and roof; ``devices_kwh`` is what batteries and cars take, negative: give."""
    bought, sold, curtailed = (
        dispatch.grid_import_kwh,
        dispatch.grid_export_kwh,
        dispatch.curtail_kwh,
    )
    left = problem.pv_kwh - curtailed + bought - sold - problem.load_kwh - devices_kwh
    yield from _over(Rule.BALANCE, np.abs(left))
    most = problem.pv_kwh if problem.can_curtail else np.zeros_like(problem.pv_kwh)
    yield from _over(Rule.CURTAILMENT, curtailed - most)
    yield from _over(Rule.GRID_BOTH_WAYS, np.minimum(bought, sold))
    idle = problem.load_kwh - problem.pv_kwh
    for car in problem.cars:
        for forced in (car.fixed_kwh, car.least_kwh):
            idle = idle if forced is None else idle + forced
    if problem.import_max_kwh is not None:
        yield from _beyond(Rule.IMPORT_LIMIT, bought, idle, problem.import_max_kwh)
    if problem.export_max_kwh is not None:
        yield from _beyond(Rule.EXPORT_LIMIT, sold, -idle, problem.export_max_kwh)


def _beyond(
    rule: Rule, flow: FloatArray, idle: FloatArray, limit: FloatArray
) -> Iterator[Violation]:
    """Name what is beyond a limit of the grid; soft where idle devices would be no better."""
    avoidable = flow - np.maximum(limit, idle)
    is_avoidable = avoidable > SLOT_TOLERANCE_KWH
    yield from _over(rule, np.where(is_avoidable, avoidable, 0.0))
    yield from _over(rule, np.where(is_avoidable, 0.0, flow - limit), is_soft=True)


def _stored(battery: BatteryModel, charge: FloatArray, discharge: FloatArray) -> FloatArray:
    """Return what is stored before the first slot and at each slot's end, shape (n_slots + 1,)."""
    steps = battery.charge_efficiency_frac * charge - discharge / battery.discharge_efficiency_frac
    return np.add.accumulate(np.concatenate(([battery.soc_kwh], steps)))


def _wrong_battery(
    problem: PlanProblem, dispatch: Dispatch, battery: BatteryModel, index: int
) -> Iterator[Violation]:
    charge, discharge = dispatch.charge_kwh[index], dispatch.discharge_kwh[index]
    soc, name, slot_h = _stored(battery, charge, discharge), battery.name, problem.slot_h
    yield from _over(Rule.BATTERY_BOTH_WAYS, np.minimum(charge, discharge), name)
    yield from _over(Rule.CHARGE_POWER, charge - battery.charge_max_kw * slot_h, name)
    yield from _over(Rule.DISCHARGE_POWER, discharge - battery.discharge_max_kw * slot_h, name)
    if battery.taper:
        # The limit falls with the SoC, so a SoC that is off by its tolerance is given the benefit.
        limit_kw = np.interp(
            soc[:-1] - SOC_TOLERANCE_KWH,
            [point.soc_kwh for point in battery.taper],
            [point.charge_max_kw for point in battery.taper],
        )
        yield from _over(Rule.TAPER, charge - limit_kw * slot_h, name)
    lowest = min(battery.soc_min_kwh, battery.soc_kwh)
    highest = max(battery.soc_max_kwh, battery.soc_kwh)
    yield from _over(Rule.SOC_LOW, lowest - soc[1:], name, tolerance_kwh=SOC_TOLERANCE_KWH)
    yield from _over(Rule.SOC_HIGH, soc[1:] - highest, name, tolerance_kwh=SOC_TOLERANCE_KWH)
    if not battery.may_grid_charge:
        yield from _over(Rule.GRID_CHARGE, np.minimum(charge, dispatch.grid_import_kwh), name)
    if not battery.may_export:
        yield from _over(Rule.BATTERY_EXPORT, np.minimum(discharge, dispatch.grid_export_kwh), name)


def _wrong_car_feeding(
    problem: PlanProblem, dispatch: Dispatch, *, is_fed: npt.NDArray[np.bool_]
) -> Iterator[Violation]:
    """Check which batteries feed cars; ``is_fed`` tells in which slots any car charges."""
    if not is_fed.any() or not problem.batteries:
        return
    need = np.maximum(problem.load_kwh - problem.pv_kwh + dispatch.curtail_kwh, 0.0)
    for car in problem.cars:
        need = need if car.fed_kwh is None else need + car.fed_kwh
    pairs = list(zip(problem.batteries, dispatch.discharge_kwh, strict=True))
    never = [discharge for battery, discharge in pairs if not battery.may_feed_cars]
    if never:
        beyond = np.where(is_fed, np.sum(never, axis=0) - need, 0.0)
        yield from _over(Rule.CAR_FROM_BATTERY, beyond)
    beyond = np.sum(dispatch.discharge_kwh, axis=0) - need
    feeds = is_fed & (beyond > SLOT_TOLERANCE_KWH)
    for index, (battery, discharge) in enumerate(pairs):
        if not (battery.may_feed_cars and battery.cars_above_kwh > 0.0):
            continue
        soc = _stored(battery, dispatch.charge_kwh[index], discharge)[1:]
        is_asked = feeds & (discharge > SLOT_TOLERANCE_KWH)
        lacking = np.where(is_asked, battery.cars_above_kwh - soc, 0.0)
        yield from _over(
            Rule.CAR_BELOW_BUFFER, lacking, battery.name, tolerance_kwh=SOC_TOLERANCE_KWH
        )


def _wrong_car(problem: PlanProblem, car: CarModel, kwh: FloatArray) -> Iterator[Violation]:
    if car.fixed_kwh is not None:
        yield from _over(Rule.CAR_FIXED, np.abs(kwh - car.fixed_kwh), car.name)
        return
    slots = np.arange(len(kwh))
    is_away = (slots < car.arrival_slot) | (slots >= car.deadline_slot)
    yield from _over(Rule.CAR_AWAY, np.where(is_away, kwh, 0.0), car.name)
    if car.least_kwh is not None:
        yield from _over(Rule.CAR_LEAST, car.least_kwh - kwh, car.name)
    off = np.abs(kwh)
    for span in car.ranges:
        low_kwh, high_kwh = span.low_kw * problem.slot_h, span.high_kw * problem.slot_h
        off = np.minimum(off, np.maximum(np.maximum(low_kwh - kwh, kwh - high_kwh), 0.0))
    yield from _over(Rule.CAR_POWER, off, car.name)
    room_kwh = sum(piece.width_kwh for piece in car.wish)
    too_much = float(kwh.sum()) * car.charge_efficiency_frac - room_kwh
    if too_much > SOC_TOLERANCE_KWH:
        yield Violation(rule=Rule.CAR_ROOM, slot=None, device=car.name, excess_kwh=too_much)
