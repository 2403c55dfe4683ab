"""Whether the home battery helps a car, and if not, why not.

evcc's battery boost empties the battery into a car as fast as it can, down to a limit. It is
allowed only while every gate is open, asked in the order of ``GateCode``; the first that is closed
ends it, because figures of later ones would mean nothing.
"""

import math
from dataclasses import dataclass
from datetime import datetime

from control.flows import cars_there, flows_of, intent_of, self_consumption, slot_in_force
from control.gates import GATES, BatToCarRules, Present, Question
from control.reasons import because, facts_of
from domain.control import EvccSetting, Lever, SettingValue, Wanted
from domain.plan import Plan
from domain.site import Loadpoint, SiteSnapshot
from domain.steering import BatToCar, CommandCode, Gate, Stage
from planner.plant import Plant

__all__ = ["BatToCarRules", "BatToCarWish", "decide_bat_to_car"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatToCarWish:
    """What holds, and the settings that make it so, in the order in which to write them."""

    report: BatToCar
    wanted: tuple[Wanted, ...] = ()


def decide_bat_to_car(
    *, plan: Plan | None, site: SiteSnapshot, rules: BatToCarRules, now: datetime
) -> BatToCarWish:
    """Return whether the battery helps the car that it would give the most to.

    Where the plan gives none anything it is the first that is connected, so that there is always
    something to tell.

    Args:
        plan: The plan in force; None: there is none.
        site: The newest reading as the owner has it: their values where ours stand.
        rules: What the owner allows, what the home can, what holds now.
        now: When this is, aware UTC.
    """
    present = _present(plan, site, rules.plant, now)
    scene = Question(site=site, rules=rules, loadpoint=_chosen(site, present), now=present)
    gates: list[Gate] = []
    is_open = True
    for code, ask in GATES:
        if not is_open:
            gates.append(Gate(code=code, is_open=None))
            continue
        is_open, figures = ask(scene)
        gates.append(Gate(code=code, is_open=is_open, facts=facts_of(**figures)))
    report = BatToCar(
        is_active=is_open, device=scene.device, title=_title(scene), gates=tuple(gates)
    )
    return BatToCarWish(report=report, wanted=_levers(scene) if is_open else ())


def _present(plan: Plan | None, site: SiteSnapshot, plant: Plant, now: datetime) -> Present | None:
    slot = slot_in_force(plan, now)
    if plan is None or slot is None:
        return None
    flows = flows_of(plan, slot, cars_there(plan, site))
    intent = intent_of(flows, self_consumption(plan, slot, flows, plant))
    return Present(plan=plan, slot=slot, flows=flows, intent=intent)


def _chosen(site: SiteSnapshot, now: Present | None) -> Loadpoint | None:
    there = [one for one in site.loadpoints if one.connected and not one.is_heater]
    if now is None or now.flows.feeds_cars_kwh <= 0.0:
        return there[0] if there else None
    cars = now.flows.cars
    # What the battery gives is shared as the cars charge; of equal ones it is the first.
    return max(there, key=lambda one: cars.get(one.name, 0.0), default=None)


def _title(scene: Question) -> str:
    loadpoint = scene.loadpoint
    return "" if loadpoint is None else loadpoint.vehicle_title or loadpoint.title


def _levers(scene: Question) -> tuple[Wanted, ...]:
    """Return the limit first, or a boost would begin without one."""
    cost, floor_pct = scene.cost_eur_per_kwh, scene.floor_pct
    if scene.device in scene.rules.set_to_now or floor_pct is None:
        return ()
    reason = because(
        CommandCode.BAT_TO_CAR,
        car=scene.device,
        value=cost,
        price=None if scene.now is None else scene.now.price,
        buffer_soc_pct=scene.rules.buffer_soc_pct,
    )
    values: tuple[tuple[EvccSetting, SettingValue], ...] = (
        (EvccSetting.BATTERY_BOOST_LIMIT, float(math.ceil(floor_pct))),
        (EvccSetting.BATTERY_BOOST, True),
    )
    return tuple(
        Wanted(
            lever=Lever(setting=setting, device=scene.device),
            value=value,
            stage=Stage.CARS,
            reason=reason,
        )
        for setting, value in values
    )
