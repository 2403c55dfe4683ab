"""Which mode the home battery should have, so that it does what the plan wants of it.

evcc knows no power and no single battery: a mode lets all of them serve, hold, charge or only
serve. So the plan's quarter hour is compared with what the battery would do by itself, and a mode
is imposed only where that is something else.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from control.flows import (
    Intent,
    SlotFlows,
    cars_there,
    flows_of,
    intent_of,
    self_consumption,
    slot_in_force,
    soc_pct_after,
    start_of,
)
from control.fuse import FuseWatch
from control.reasons import because
from domain.plan import CarCourse, Plan, ReasonCode
from domain.site import BatteryMode, BatterySnapshot, ChargeMode, Loadpoint, SiteSnapshot
from domain.steering import CommandCode, CommandReason
from domain.tariff import rate_at
from planner.plant import Plant

FULL_SOC_PCT = 99.0
# evcc shows whole percent on most batteries, and a battery at rest loses some.
_AGAIN_BELOW_PCT = 2.0
_KNOWS_HOLD_CHARGE = (0, 309)
# evcc's own delay before it switches a car off for lack of sun, and some intervals.
_RUNS_ON = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryWish:
    """The mode to impose and why; None: none, the battery does as it and evcc would.

    ``slot`` is the start of the slot it was decided for, None where no plan is in force.
    """

    mode: BatteryMode | None = None
    reason: CommandReason | None = None
    slot: datetime | None = None


NOTHING = BatteryWish()
_ROOM = FuseWatch()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryChoice:
    """What a mode is decided from, besides plan and reading.

    Args:
        plant: What the batteries together can.
        may_feed_cars: The owner lets the battery charge cars.
        buffer_soc_pct: What is kept from cars; 0 keeps all of it, None nothing.
        fuse: Whether there is room for charging from the grid.
        before: What was decided last: what has been bought in a slot is not bought again.
    """

    plant: Plant
    may_feed_cars: bool = False
    buffer_soc_pct: float | None = None
    fuse: FuseWatch = _ROOM
    before: BatteryWish = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """The slot in force and all it is judged by."""

    plan: Plan
    slot: int
    now: datetime
    site: SiteSnapshot
    battery: BatterySnapshot
    choice: BatteryChoice
    cars: tuple[CarCourse, ...]

    def flows(self, slot: int) -> SlotFlows:
        return flows_of(self.plan, slot, self.cars)

    def intent(self, slot: int) -> Intent:
        flows = self.flows(slot)
        return intent_of(flows, self_consumption(self.plan, slot, flows, self.choice.plant))

    @property
    def price(self) -> float:
        return self.plan.import_price_eur_per_kwh[self.slot]

    @property
    def until(self) -> datetime:
        """When the plan wants something else of the battery."""
        wanted = self.intent(self.slot)
        end = self.slot + 1
        while end < self.plan.n_slots and self.intent(end) is wanted:
            end += 1
        return start_of(self.plan, end)

    def wish(self, mode: BatteryMode | None, reason: CommandReason | None = None) -> BatteryWish:
        return BatteryWish(mode=mode, reason=reason, slot=start_of(self.plan, self.slot))

    def keeps(self) -> BatteryWish:
        """Hold, because energy is worth more later."""
        reason = because(
            CommandCode.BATTERY_KEEPS,
            price=self.price,
            value=self._worth_later,
            until=self.until,
        )
        return self.wish(BatteryMode.HOLD, reason)

    @property
    def _worth_later(self) -> float | None:
        """What the kept energy is worth later, if the plan itself says that it is more than now.

        It may not: what is kept was weighed over more courses than the one that is expected. And a
        plan that nobody looks at has no reasons.
        """
        reasons = self.plan.reasons[self.slot] if self.plan.reasons else ()
        facts = next((one.facts for one in reasons if one.code is ReasonCode.BATTERY_KEEPS), {})
        value = facts.get("for_price", facts.get("kept_value"))
        return value if isinstance(value, float) and value > self.price else None

    def leaves_sun(self) -> BatteryWish:
        """Only serve, because feeding in is worth more, or room is kept for later sun."""
        price = self.plan.export_price_eur_per_kwh[self.slot]
        reason = because(CommandCode.BATTERY_LEAVES_SUN, export_price=price, until=self.until)
        return self.wish(BatteryMode.HOLD_CHARGE, reason)


def decide_battery(
    *, plan: Plan | None, site: SiteSnapshot, choice: BatteryChoice, now: datetime
) -> BatteryWish:
    """Return the mode that carries out the plan's present slot.

    Args:
        plan: The plan in force; None: there is none.
        site: The newest reading, as evcc has it.
        choice: What the owner allows, what the home can, what was decided last.
        now: When this is, aware UTC.
    """
    slot, battery = slot_in_force(plan, now), site.battery
    if plan is None or slot is None or not plan.batteries:
        return NOTHING
    if battery is None or not battery.is_controllable:
        return NOTHING
    return _carry_out(
        _Scene(
            plan=plan,
            slot=slot,
            now=now,
            site=site,
            battery=battery,
            choice=choice,
            cars=cars_there(plan, site),
        )
    )


def _carry_out(scene: _Scene) -> BatteryWish:
    match scene.intent(scene.slot):
        case Intent.BUYS:
            return _buy(scene)
        case Intent.LEAVES_SUN if _may_stop_charging(scene):
            return scene.leaves_sun()
        case Intent.KEEPS:
            return scene.keeps()
        case Intent.KEEPS_FROM_CAR:
            return scene.keeps() if _may_feed(scene) else _protect(scene)
        case _ if _runs_on(scene):
            return _protect(scene)
        case _:
            return _leave(scene)


def _buy(scene: _Scene) -> BatteryWish:
    """Charge until what is planned for the slot is in, then keep it."""
    soc_pct, to_soc_pct = scene.battery.soc_pct, soc_pct_after(scene.plan, scene.slot)
    if soc_pct is None or to_soc_pct is None:
        return scene.keeps()
    before = scene.choice.before
    had_bought = (
        before.slot == start_of(scene.plan, scene.slot)
        and before.reason is not None
        and before.reason.code is CommandCode.BATTERY_HAS_BOUGHT
    )
    is_in = soc_pct > to_soc_pct - _AGAIN_BELOW_PCT if had_bought else soc_pct >= to_soc_pct
    if is_in or soc_pct >= FULL_SOC_PCT:
        reason = because(CommandCode.BATTERY_HAS_BOUGHT, soc_pct=soc_pct)
        return scene.wish(BatteryMode.HOLD, reason)
    if not scene.choice.fuse.may_charge:
        reason = scene.choice.fuse.reason or because(CommandCode.FUSE_RELIEF)
        return scene.wish(BatteryMode.HOLD, reason)
    reason = because(
        CommandCode.BATTERY_BUYS,
        price=scene.price,
        to_soc_pct=to_soc_pct,
        until=start_of(scene.plan, scene.slot + 1),
    )
    return scene.wish(BatteryMode.CHARGE, reason)


def _may_feed(scene: _Scene) -> bool:
    """Tell whether the battery might charge a car now; then it is kept for another reason."""
    buffer_pct = scene.choice.buffer_soc_pct
    soc_pct = soc_pct_after(scene.plan, scene.slot)
    is_free = buffer_pct is None or (
        buffer_pct != 0.0 and soc_pct is not None and soc_pct > buffer_pct
    )
    return scene.choice.may_feed_cars and is_free


def _protect(scene: _Scene) -> BatteryWish:
    cars = scene.flows(scene.slot).cars
    car = max(cars, key=lambda name: cars[name], default=None)
    return scene.wish(BatteryMode.HOLD, because(CommandCode.BATTERY_PROTECTED, car=car))


def _runs_on(scene: _Scene) -> bool:
    """Tell whether a car that was charging fast still does, until evcc switches it off."""
    before = scene.choice.before
    was_protected = (
        before.reason is not None and before.reason.code is CommandCode.BATTERY_PROTECTED
    )
    return (
        was_protected
        and not _may_feed(scene)
        and scene.now - start_of(scene.plan, scene.slot) < _RUNS_ON
        and any(one.charging for one in scene.site.loadpoints)
    )


def _leave(scene: _Scene) -> BatteryWish:
    """Impose nothing, unless evcc itself would buy what the plan does not."""
    limit, rate = scene.battery.grid_charge_limit, rate_at(scene.site.limit_rates, scene.now)
    if limit is None or rate is None or rate.price_eur_per_kwh > limit:
        return scene.wish(None)
    if scene.site.limits_are_in_grams or not scene.site.has_price_limits:
        return scene.wish(None)
    mode = BatteryMode.HOLD if _discharge_is_held(scene) else BatteryMode.NORMAL
    reason = because(CommandCode.BATTERY_AGAINST_RULE, price=rate.price_eur_per_kwh, limit=limit)
    return scene.wish(mode, reason)


def _may_stop_charging(scene: _Scene) -> bool:
    """Tell whether evcc can, and that mode, which lets a battery serve, lifts no hold."""
    return knows_hold_charge(scene.site.evcc_version) and not _discharge_is_held(scene)


def knows_hold_charge(evcc_version: str) -> bool:
    """Tell whether evcc has the mode, from 0.309 on; a version that says nothing counts as new."""
    found = re.search(r"(\d+)\.(\d+)", evcc_version)
    return found is None or (int(found[1]), int(found[2])) >= _KNOWS_HOLD_CHARGE


def _discharge_is_held(scene: _Scene) -> bool:
    """Tell whether the owner's discharge control wants a hold now."""
    return scene.battery.discharge_control is True and any(
        _charges_fast(scene.site, one, scene.now) for one in scene.site.loadpoints
    )


def _charges_fast(site: SiteSnapshot, loadpoint: Loadpoint, now: datetime) -> bool:
    """Tell whether evcc takes a loadpoint for fast charging, by its own rules."""
    if not loadpoint.charging:
        return False
    if loadpoint.mode is ChargeMode.NOW:
        return True
    if any(start <= now < end for start, end in loadpoint.planned):
        return True
    least_pct = next(
        (one.min_soc_pct for one in site.vehicles if one.name == loadpoint.vehicle_name), None
    )
    soc_pct = loadpoint.vehicle_soc_pct
    if least_pct is not None and soc_pct is not None and soc_pct < least_pct:
        return True
    limit, rate = loadpoint.smart_cost_limit, rate_at(site.limit_rates, now)
    does_something = site.has_price_limits or site.limits_are_in_grams
    return (
        does_something and limit is not None and rate is not None
        and rate.price_eur_per_kwh <= limit
    )  # fmt: skip
