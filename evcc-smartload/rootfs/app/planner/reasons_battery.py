"""Why a battery does in each slot what it does.

Ranks: the slots that matter are those from the last time the battery ran empty (or the plan's
beginning) to the next time (or the plan's end): within them energy can be moved. Rank 1 is the
cheapest; slots of one price share a rank.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from domain.plan import Reason, ReasonCode
from planner.dispatch import battery_soc
from planner.plan_problem import BatteryModel
from planner.reasons_scene import TOLERANCE_KWH, Facts, Scene, energy_of, price_of
from planner.stored_energy import Layer, Purpose, Trace, purpose_of, trace

_HALF = 0.5
_SAME_EUR_PER_KWH = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """Slots within which energy can be moved: ``first`` to ``last``, both inside."""

    first: int
    last: int
    prices: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """A battery's way through the slots; lists have one entry per slot."""

    scene: Scene
    battery: BatteryModel
    net_kwh: list[float]
    soc_kwh: list[float]
    trace: Trace
    worth: list[float]
    use: list[str]
    stretches: list[_Stretch]
    next_charge: list[int | None]
    end_eur_per_kwh: float
    purposes: dict[tuple[float, ...], Purpose | None]
    """Of layers (by identity), as many slots ask for the same."""


def battery_reasons(scene: Scene, index: int) -> list[Reason]:
    """Return one reason per slot for battery ``index``."""
    course = _course(scene, index)
    return [_reason(course, slot) for slot in range(scene.n_slots)]


def _course(scene: Scene, index: int) -> _Course:
    battery = scene.problem.batteries[index]
    charge, discharge = scene.dispatch.charge_kwh[index], scene.dispatch.discharge_kwh[index]
    gains = charge * battery.charge_efficiency_frac - discharge / battery.discharge_efficiency_frac
    soc = battery_soc(battery, scene.dispatch, index).tolist()
    net = (charge - discharge).tolist()
    use = [
        _main_use(house, car, grid)
        for house, car, grid in zip(scene.to_house, scene.to_car, scene.to_grid, strict=True)
    ]
    return _Course(
        scene=scene,
        battery=battery,
        net_kwh=net,
        soc_kwh=soc,
        trace=trace(battery.soc_kwh - battery.soc_min_kwh, gains.tolist()),
        worth=[
            sell if what == "grid" else buy
            for buy, sell, what in zip(scene.buy, scene.sell, use, strict=True)
        ],
        use=use,
        stretches=_stretches(scene, battery, soc),
        next_charge=next_slots([kwh > TOLERANCE_KWH for kwh in net]),
        end_eur_per_kwh=_end_value(battery, soc[-1]),
        purposes={},
    )


def _main_use(house_kwh: float, car_kwh: float, grid_kwh: float) -> str:
    if house_kwh >= max(car_kwh, grid_kwh):
        return "house"
    return "car" if car_kwh >= grid_kwh else "grid"


def next_slots(hits: Sequence[bool]) -> list[int | None]:
    """Return for each slot the next one after it that is a hit."""
    found: list[int | None] = [None] * len(hits)
    coming: int | None = None
    for slot in range(len(hits) - 1, -1, -1):
        found[slot] = coming
        if hits[slot]:
            coming = slot
    return found


def _stretches(scene: Scene, battery: BatteryModel, soc_kwh: list[float]) -> list[_Stretch]:
    """Return for each slot the stretch it belongs to."""
    floor_kwh = battery.soc_min_kwh + TOLERANCE_KWH
    ends: list[int] = []
    before_kwh = battery.soc_kwh
    for slot, kwh in enumerate(soc_kwh):
        if kwh <= floor_kwh < before_kwh:
            ends.append(slot)
        before_kwh = kwh
    if not ends or ends[-1] != scene.n_slots - 1:
        ends.append(scene.n_slots - 1)
    every: list[_Stretch] = []
    first = 0
    for last in ends:
        prices = sorted(scene.buy[first : last + 1])
        every += [_Stretch(first=first, last=last, prices=prices)] * (last + 1 - first)
        first = last + 1
    return every


def _end_value(battery: BatteryModel, soc_kwh: float) -> float:
    """Return what the last stored kWh is worth at the plan's end [EUR/kWh]."""
    left_kwh = soc_kwh - battery.soc_min_kwh
    for piece in battery.terminal:
        left_kwh -= piece.width_kwh
        if left_kwh <= TOLERANCE_KWH:
            return piece.eur_per_kwh
    return battery.terminal[-1].eur_per_kwh if battery.terminal else 0.0


def _reason(course: _Course, slot: int) -> Reason:
    kwh = course.net_kwh[slot]
    if kwh > TOLERANCE_KWH:
        code, facts = _charging(course, slot)
    elif kwh < -TOLERANCE_KWH:
        code, facts = _giving(course, slot)
    else:
        code, facts = _idle(course, slot)
    return Reason(code=code, device=course.battery.name, facts=facts)


# -- it charges ----------------------------------------------------------------------------------


def _charging(course: _Course, slot: int) -> tuple[ReasonCode, Facts]:
    scene, battery = course.scene, course.battery
    shares = scene.sun_frac if battery.may_grid_charge else scene.bound_sun_frac
    if shares[slot] < _HALF:
        facts = {**scene.bought(slot), **_rank(course, slot)}
        given_up = scene.buy[slot]
        code = ReasonCode.BATTERY_CHARGES_GRID
    else:
        facts = {**scene.fed_in(slot), **scene.value(slot)}
        given_up = _lost_feed_in(scene, slot)
        code = ReasonCode.BATTERY_CHARGES_SUN
        if _is_feed_in_limited(scene, slot):
            facts["feed_in_is_limited"] = 1
    facts |= _wish(course, slot)
    if _is_to_be_full(course, slot):
        return code, facts
    layer = course.trace.charged[slot]
    purpose = None if layer is None else _purpose_of_layer(course, layer)
    if purpose is None:
        return code, facts | _kept(course, course.battery.charge_efficiency_frac, given_up)
    through_frac = battery.charge_efficiency_frac * battery.discharge_efficiency_frac
    saves = through_frac * (purpose.eur_per_kwh - battery.wear_eur_per_kwh) - given_up
    return code, {**facts, **_purpose(scene, purpose), "saves_per_kwh": price_of(saves)}


def _lost_feed_in(scene: Scene, slot: int) -> float:
    """Return what a kWh of sun would bring if it were not stored."""
    if _is_feed_in_limited(scene, slot) or scene.curtailed[slot] > TOLERANCE_KWH:
        return 0.0
    return max(scene.sell[slot], 0.0) if scene.problem.can_curtail else scene.sell[slot]


def _is_feed_in_limited(scene: Scene, slot: int) -> bool:
    limit = scene.problem.export_max_kwh
    return limit is not None and scene.exported[slot] >= float(limit[slot]) - TOLERANCE_KWH


def _purpose_of_layer(course: _Course, layer: Layer) -> Purpose | None:
    key = (id(layer),)
    if key not in course.purposes:
        course.purposes[key] = purpose_of(layer.uses, course.worth, course.use)
    return course.purposes[key]


def _purpose(scene: Scene, purpose: Purpose) -> Facts:
    facts: Facts = {
        "for_from": scene.instants[purpose.first],
        "for_until": scene.instants[purpose.last + 1],
        "for_price": price_of(purpose.eur_per_kwh),
        "for_use": purpose.use,
    }
    if scene.is_forecast(purpose.last):
        facts["for_is_forecast"] = 1
    return facts


def _kept(course: _Course, kept_frac: float, given_up: float) -> Facts:
    """Return that energy is left for the time after the plan, if it is worth something then."""
    if course.end_eur_per_kwh <= 0.0:
        return {}
    return {
        "kept_value": price_of(course.end_eur_per_kwh),
        "saves_per_kwh": price_of(kept_frac * course.end_eur_per_kwh - given_up),
    }


def _is_to_be_full(course: _Course, slot: int) -> bool:
    """Tell whether the owner wants it full, which goes before what its energy is for later."""
    reserve = course.battery.reserve
    return reserve is not None and bool(reserve.is_full_wanted[slot])


def _wish(course: _Course, slot: int) -> Facts:
    """Return that it should be full, or the buffer when the battery is not above it."""
    reserve = course.battery.reserve
    if _is_to_be_full(course, slot):
        return {"wish": "full"}
    if reserve is None or course.soc_kwh[slot] > float(reserve.soc_kwh[slot]) + TOLERANCE_KWH:
        return {}
    return {"wish": "reserve", "reserve_kwh": energy_of(reserve.soc_kwh[slot])}


def _rank(course: _Course, slot: int) -> Facts:
    scene, stretch = course.scene, course.stretches[slot]
    return rank_facts(scene, slot, stretch.prices, stretch.last)


def rank_facts(scene: Scene, slot: int, prices: list[float], last: int) -> Facts:
    """Return the rank of a slot's price among sorted ``prices`` of slots up to ``last``."""
    facts: Facts = {
        "rank": bisect_left(prices, scene.buy[slot] - _SAME_EUR_PER_KWH) + 1,
        "of": len(prices),
        "until": scene.instants[last + 1],
    }
    if scene.is_forecast(last):
        facts["rank_is_forecast"] = 1
    return facts


# -- it gives ------------------------------------------------------------------------------------


def _giving(course: _Course, slot: int) -> tuple[ReasonCode, Facts]:
    scene = course.scene
    match course.use[slot]:
        case "house":
            facts = {**scene.bought(slot), **_rank(course, slot), **scene.value(slot)}
            return ReasonCode.BATTERY_SERVES_HOUSE, facts
        case "car":
            charging = max(range(len(scene.cars)), key=lambda index: scene.cars[index][slot])
            name: Facts = {"car": scene.problem.cars[charging].name}
            return (
                ReasonCode.BATTERY_SERVES_CAR,
                {**name, **scene.bought(slot), **scene.value(slot)},
            )
        case _:
            return ReasonCode.BATTERY_SELLS, {**scene.fed_in(slot), **scene.value(slot)}


# -- it does nothing -----------------------------------------------------------------------------


def _idle(course: _Course, slot: int) -> tuple[ReasonCode, Facts]:
    scene, battery, soc_kwh = course.scene, course.battery, course.soc_kwh[slot]
    is_buying = scene.imported[slot] > TOLERANCE_KWH
    is_selling = scene.exported[slot] > TOLERANCE_KWH
    if soc_kwh <= battery.soc_min_kwh + TOLERANCE_KWH and not is_selling:
        return ReasonCode.BATTERY_IS_EMPTY, scene.bought(slot) if is_buying else {}
    if is_buying and _could_serve(course, slot):
        return ReasonCode.BATTERY_KEEPS, _keeping(course, slot)
    if soc_kwh >= battery.soc_max_kwh - TOLERANCE_KWH:
        return ReasonCode.BATTERY_IS_FULL, scene.fed_in(slot) if is_selling else {}
    charge = course.next_charge[slot]
    if charge is None or not is_selling:
        return ReasonCode.BATTERY_RESTS, {}
    return ReasonCode.BATTERY_RESTS, {"next_at": scene.instants[charge]}


def _could_serve(course: _Course, slot: int) -> bool:
    """Tell whether what is bought could come from the battery instead."""
    scene, battery = course.scene, course.battery
    if scene.house_lacks[slot] > TOLERANCE_KWH:
        return True
    is_free = course.soc_kwh[slot] > battery.cars_above_kwh + TOLERANCE_KWH
    return battery.may_feed_cars and is_free and scene.cars_kwh[slot] > TOLERANCE_KWH


def _keeping(course: _Course, slot: int) -> Facts:
    scene, price = course.scene, course.scene.buy[slot]
    facts = {**scene.bought(slot), **scene.value(slot), **_wish(course, slot)}
    if _is_to_be_full(course, slot):
        return facts
    layers = course.trace.held[slot]
    # There is one tuple of layers for all slots until something flows, so what is later for the
    # first slot that asks is later for the others too.
    key = (id(layers), price)
    if key not in course.purposes:
        uses = (
            (later, kwh)
            for layer in layers
            for later, kwh in layer.uses
            if later > slot and course.worth[later] > price + _SAME_EUR_PER_KWH
        )
        course.purposes[key] = purpose_of(uses, course.worth, course.use)
    purpose = course.purposes[key]
    if purpose is not None:
        saves = price_of(purpose.eur_per_kwh - price)
        return {**facts, **_purpose(scene, purpose), "saves_per_kwh": saves}
    if any(layer.kwh > TOLERANCE_KWH for layer in layers):
        out_frac = course.battery.discharge_efficiency_frac
        given_up = (price - course.battery.wear_eur_per_kwh) * out_frac
        facts |= _kept(course, 1.0, given_up)
    return facts
