"""Why a car charges in a slot, or does not.

Ranks: the slots that matter are those of the car's window, from now or its arrival to its
deadline or the plan's end. Rank 1 is the cheapest; slots of one price share a rank.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from domain.plan import Reason, ReasonCode
from planner.dispatch import car_soc
from planner.plan_problem import CarModel
from planner.reasons_battery import next_slots, rank_facts
from planner.reasons_scene import TOLERANCE_KWH, Facts, Scene, energy_of

# So much of a window may be left unused, and so much of the power, for there to be no choice.
_UNUSED_FRAC = 0.1
_FULL_POWER_FRAC = 0.9
_FULL_SLOTS_FRAC = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stay:
    """A car's time at its charger: slots ``first`` to ``last``, both inside."""

    scene: Scene
    car: CarModel
    first: int
    last: int
    charge_kwh: list[float]
    surely_kwh: list[float]
    fed_kwh: list[float]
    soc_kwh: list[float]
    prices: list[float]
    next_charge: list[int | None]
    has_no_choice: bool
    by: datetime | None


def car_reasons(scene: Scene, index: int, by: datetime | None) -> list[Reason | None]:
    """Return one entry per slot for car ``index``, None where it is not there.

    ``by`` is the owner's deadline.
    """
    car = scene.problem.cars[index]
    first, end = max(car.arrival_slot, 0), min(car.deadline_slot, scene.n_slots)
    if first >= end:
        return [None] * scene.n_slots
    charge = scene.cars[index]
    stay = _Stay(
        scene=scene,
        car=car,
        first=first,
        last=end - 1,
        charge_kwh=charge,
        surely_kwh=car.surely_kwh(scene.n_slots).tolist(),
        fed_kwh=[0.0] * scene.n_slots if car.fed_kwh is None else car.fed_kwh.tolist(),
        soc_kwh=car_soc(car, scene.dispatch, index).tolist(),
        prices=sorted(scene.buy[first:end]),
        next_charge=next_slots([kwh > TOLERANCE_KWH for kwh in charge]),
        # Without the owner's deadline there is nothing to be late for.
        has_no_choice=by is not None and _has_no_choice(scene, car, charge[first:end], first),
        by=by,
    )
    return [_reason(stay, slot) if first <= slot < end else None for slot in range(scene.n_slots)]


def _has_no_choice(scene: Scene, car: CarModel, charge: list[float], first: int) -> bool:
    """Tell whether the car needs nearly all of its window, at nearly all of its power."""
    if car.deadline_slot > scene.n_slots:
        return False
    used = [offset for offset, kwh in enumerate(charge) if kwh > TOLERANCE_KWH]
    if not used or len(charge) - len(used) > _UNUSED_FRAC * len(charge):
        return False
    full_kwh = _FULL_POWER_FRAC * car.max_kw * scene.problem.slot_h
    limit = scene.problem.import_max_kwh

    def is_full(offset: int) -> bool:
        slot = first + offset
        is_limited = (
            limit is not None and scene.imported[slot] >= float(limit[slot]) - TOLERANCE_KWH
        )
        return is_limited or charge[offset] >= full_kwh

    return sum(map(is_full, used)) >= _FULL_SLOTS_FRAC * len(used)


def _reason(stay: _Stay, slot: int) -> Reason:
    facts: Facts = {"car": stay.car.name}
    if stay.charge_kwh[slot] > TOLERANCE_KWH:
        code, more = _charging(stay, slot)
    else:
        code, more = _idle(stay, slot)
    return Reason(code=code, device=stay.car.name, facts=facts | more)


def _charging(stay: _Stay, slot: int) -> tuple[ReasonCode, Facts]:
    scene = stay.scene
    if stay.car.fixed_kwh is not None:
        return ReasonCode.CAR_CHARGES_BY_OWNER, scene.bought(slot)
    sun_frac = scene.sun_frac[slot]
    battery_frac = scene.to_car[slot] / scene.cars_kwh[slot]
    if sun_frac >= max(battery_frac, 1.0 - sun_frac - battery_frac):
        return ReasonCode.CAR_CHARGES_SUN, scene.fed_in(slot)
    if stay.charge_kwh[slot] <= stay.surely_kwh[slot] + TOLERANCE_KWH:
        if stay.fed_kwh[slot] > TOLERANCE_KWH:
            return ReasonCode.CAR_CHARGES_ABOVE_BUFFER, {}
        return ReasonCode.CAR_CHARGES_BY_OWNER, scene.bought(slot)
    facts = {**scene.bought(slot), **_by(stay)}
    if stay.has_no_choice:
        return ReasonCode.CAR_CHARGES_FOR_DEADLINE, facts
    facts |= rank_facts(scene, slot, stay.prices, stay.last)
    if battery_frac > 1.0 - sun_frac - battery_frac:
        facts["source"] = "battery"
    return ReasonCode.CAR_CHARGES_CHEAP, facts


def _idle(stay: _Stay, slot: int) -> tuple[ReasonCode, Facts]:
    scene, coming = stay.scene, stay.next_charge[slot]
    if coming is None or coming > stay.last:
        return ReasonCode.CAR_IS_DONE, {
            "reached_kwh": energy_of(stay.soc_kwh[slot]),
            "target_kwh": energy_of(stay.car.target_kwh),
            "until": scene.instants[stay.last + 1],
        }
    facts = {**scene.bought(slot), "next_at": scene.instants[coming]}
    if stay.car.fixed_kwh is None and scene.sun_frac[coming] > _source_of_rest(scene, coming):
        facts["next_source"] = "sun"
        return ReasonCode.CAR_WAITS, facts
    facts["next_price"] = scene.buy[coming]
    if scene.is_forecast(coming):
        facts["next_is_forecast"] = 1
    return ReasonCode.CAR_WAITS, facts


def _source_of_rest(scene: Scene, slot: int) -> float:
    """Return the larger share that a car charges from battery or grid."""
    battery_frac = scene.to_car[slot] / scene.cars_kwh[slot]
    return max(battery_frac, 1.0 - scene.sun_frac[slot] - battery_frac)


def _by(stay: _Stay) -> Facts:
    return {} if stay.by is None else {"by": stay.by.astimezone(UTC).isoformat()}
