"""From what the service knows to a problem for the planner. Pure.

The first slot is the one that is running, planned as a whole: a cycle begins with a slot, and what
is done for the rest of it does not depend on how much of it is left.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from config import Config
from domain.horizon import SLOT_H, SLOTS_PER_HOUR, slot_start
from domain.outlook import Outlook
from domain.plan import SkipCause, Skipped
from domain.site import BatteryMode, Loadpoint, SiteSnapshot, SocSettings
from domain.steering import Override, OverrideKind
from forecaster.series import FloatArray
from planner.assumption import Assumption
from planner.battery_models import BatteryRules, battery_models
from planner.car_least import with_what_is_certain
from planner.car_prices import CarPrices
from planner.car_wishes import CHARGE_EFFICIENCY_FRAC, CarWish, Scene, car_wishes
from planner.evcc_rules import CarRule, EvccRules
from planner.expected import Expected, read_expected, skipped
from planner.owner_wishes import charge_now_slots, full_window, slots_before, until_of
from planner.plan_problem import BatteryModel, PlanProblem, series
from planner.plant import KnownBy, Plant, with_options
from planner.task import BatteryFacts, CarFacts, PlanTask

_CT_PER_EUR = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerAsks:
    """What the owner asks for beside their settings, and what is not in our hand.

    Args:
        overrides: What they asked for on the page, still in force.
        held_mode: The battery mode that somebody else imposes; None: nobody does.
        battery_in_hand: Whether SmartLoad could command the battery if it wanted to.
        buffer_in_evcc_pct: The buffer that evcc goes by now, ours or the owner's; None: not known.
    """

    overrides: tuple[Override, ...] = ()
    held_mode: BatteryMode | None = None
    battery_in_hand: bool = True
    buffer_in_evcc_pct: float | None = None


NOTHING_ASKED = OwnerAsks()


def build_task(  # noqa: PLR0913 what a service knows comes from seven places
    now: datetime,
    *,
    site: SiteSnapshot | None,
    outlook: Outlook | None,
    cfg: Config,
    plant: Plant,
    buffer_soc_pct: float | None,
    asked: OwnerAsks = NOTHING_ASKED,
) -> PlanTask | Skipped:
    """Return what a plan is made for, or why there can be none.

    Args:
        now: When this is, aware UTC.
        site: The last reading, with the owner's values where SmartLoad has changed them; None:
            none yet.
        outlook: What is expected; None: nothing yet.
        cfg: The owner's options.
        plant: What the batteries together can, learned or assumed; options go before it.
        buffer_soc_pct: The buffer as decided; None: there is none.
        asked: What the owner asks for, and what is not in our hand.
    """
    if site is None:
        return skipped(SkipCause.NO_READING)
    if outlook is None:
        return skipped(SkipCause.NO_FORECAST, "no forecast yet")
    start = slot_start(now)
    expected = read_expected(start, site, outlook, n_most=cfg.plan_hours * SLOTS_PER_HOUR)
    if isinstance(expected, Skipped):
        return expected
    plant = plant_with_options(plant, cfg)
    rules = _battery_rules(start, site, cfg, expected, asked)
    batteries = battery_models(
        None if asked.held_mode is BatteryMode.CHARGE else site.battery,
        plant,
        expected,
        replace(rules, buffer_soc_pct=buffer_soc_pct),
    )
    wishes = car_wishes(site.loadpoints, site.vehicles, _scene(start, site, expected, asked))
    if not batteries and not wishes:
        is_taken = asked.held_mode is BatteryMode.CHARGE
        return skipped(
            SkipCause.NOTHING_TO_PLAN, "somebody else charges the battery" if is_taken else ""
        )
    models = tuple(model for model, _ in batteries)
    cars = tuple(wish for wish, _ in wishes)
    evcc_rules = _evcc_rules(site, tuple(_car_rule(site, *wish) for wish in wishes))
    return PlanTask(
        problem=with_what_is_certain(
            _problem(site, cfg, expected, models, cars), _rules_in_force(evcc_rules, asked)
        ),
        start=start,
        n_known_prices=min(expected.n_known_prices, expected.n_slots),
        evcc_rules=evcc_rules,
        batteries=tuple(BatteryFacts(name=model.name, title=title) for model, title in batteries),
        cars=tuple(_facts(car) for car in cars),
        assumed=_assumed(
            expected.assumed,
            _assumed_of_plant(plant) if models else frozenset(),
            _assumed_of_hand(site, asked, is_planned=bool(models)),
            *(car.assumed for car in cars),
        ),
    )


def plant_with_options(plant: Plant, cfg: Config) -> Plant:
    """Return what the batteries can, by what the owner says of them and else by ``plant``."""
    pct = cfg.battery_efficiency_pct
    return with_options(
        plant,
        charge_kw=cfg.battery_charge_kw,
        discharge_kw=cfg.battery_discharge_kw,
        round_trip_frac=None if pct is None else pct / 100.0,
    )


def _facts(wish: CarWish) -> CarFacts:
    return CarFacts(
        name=wish.model.name,
        title=wish.title,
        number=wish.number,
        capacity_kwh=wish.capacity_kwh,
        by=wish.by,
    )


def _battery_rules(
    start: datetime, site: SiteSnapshot, cfg: Config, expected: Expected, asked: OwnerAsks
) -> BatteryRules:
    """Return what the batteries may and should do, without the buffer."""
    battery = site.battery
    is_controllable = battery is not None and battery.is_controllable and asked.battery_in_hand
    # evcc holds the battery then while a car charges fast: the owner's rule goes before the option.
    holds_for_cars = battery is not None and battery.discharge_control is True
    return BatteryRules(
        wear_eur_per_kwh=cfg.battery_wear_ct_per_kwh / _CT_PER_EUR,
        # Nobody could carry it out otherwise.
        may_grid_charge=cfg.grid_charging and is_controllable,
        may_feed_cars=cfg.battery_to_car and not holds_for_cars,
        buffer_soc_pct=None,
        full_window=full_window(
            start,
            until_of(asked.overrides, OverrideKind.KEEP_FULL),
            expected.n_slots,
            site.time_zone or UTC,
        ),
        may_charge=asked.held_mode is not BatteryMode.HOLD_CHARGE,
        may_discharge=asked.held_mode is not BatteryMode.HOLD,
    )


def _scene(start: datetime, site: SiteSnapshot, expected: Expected, asked: OwnerAsks) -> Scene:
    n_slots = expected.n_slots
    holiday_until = until_of(asked.overrides, OverrideKind.HOLIDAY)
    return Scene(
        prices=CarPrices.of(
            expected.import_price[:n_slots],
            expected.export_price[:n_slots],
            efficiency_frac=CHARGE_EFFICIENCY_FRAC,
        ),
        start=start,
        n_slots=n_slots,
        limits_are_prices=not site.limits_are_in_grams,
        now_slots=charge_now_slots(asked.overrides, start, n_slots),
        empty_slots=slots_before(start, holiday_until, n_slots),
    )


def _problem(
    site: SiteSnapshot,
    cfg: Config,
    expected: Expected,
    batteries: tuple[BatteryModel, ...],
    cars: tuple[CarWish, ...],
) -> PlanProblem:
    n_slots = expected.n_slots
    return PlanProblem(
        slot_h=SLOT_H,
        import_price_eur_per_kwh=series(expected.import_price[:n_slots]),
        export_price_eur_per_kwh=series(expected.export_price[:n_slots]),
        pv_kwh=series(expected.sun_kwh[1][:n_slots]),
        load_kwh=series(expected.load_kwh[:n_slots]),
        import_max_kwh=_import_limit(site, cfg, n_slots),
        export_max_kwh=_limit(site.export_limit_kw, n_slots),
        can_curtail=expected.can_curtail,
        batteries=batteries,
        cars=tuple(car.model for car in cars),
    )


def _import_limit(site: SiteSnapshot, cfg: Config, n_slots: int) -> FloatArray | None:
    limits_kw = (cfg.grid_import_limit_kw, site.import_limit_kw)
    return _limit(min((kw for kw in limits_kw if kw is not None), default=None), n_slots)


def _limit(limit_kw: float | None, n_slots: int) -> FloatArray | None:
    return None if limit_kw is None else series(np.full(n_slots, limit_kw * SLOT_H))


def _car_rule(site: SiteSnapshot, wish: CarWish, loadpoint: Loadpoint) -> CarRule:
    return CarRule(
        mode=loadpoint.mode,
        has_plan=wish.by is not None,
        is_charging=loadpoint.charging,
        now_slots=wish.now_slots,
        smart_cost_limit_eur_per_kwh=(
            None if site.limits_are_in_grams else loadpoint.smart_cost_limit
        ),
    )


def _evcc_rules(site: SiteSnapshot, cars: tuple[CarRule, ...]) -> EvccRules:
    settings, battery = site.settings or SocSettings(), site.battery
    grid_charge_limit = None
    if battery is not None and battery.is_controllable and not site.limits_are_in_grams:
        grid_charge_limit = battery.grid_charge_limit
    return EvccRules(
        cars=cars,
        priority_soc_pct=settings.priority_soc_pct or 0.0,
        buffer_soc_pct=settings.buffer_soc_pct or 0.0,
        buffer_start_soc_pct=settings.buffer_start_soc_pct or 0.0,
        discharge_control=battery is not None and battery.discharge_control is True,
        grid_charge_limit_eur_per_kwh=grid_charge_limit,
    )


def _rules_in_force(rules: EvccRules, asked: OwnerAsks) -> EvccRules:
    """Return evcc's rules with the buffer that it goes by, which may be SmartLoad's."""
    buffer_pct = asked.buffer_in_evcc_pct
    return rules if buffer_pct is None else replace(rules, buffer_soc_pct=buffer_pct)


def _assumed_of_hand(
    site: SiteSnapshot, asked: OwnerAsks, *, is_planned: bool
) -> frozenset[Assumption]:
    """Return whether the battery is planned as it is, within limits, or not at all."""
    if site.battery is None:
        return frozenset()
    if asked.held_mode is BatteryMode.CHARGE:
        return frozenset({Assumption.BATTERY_TAKEN})
    if not is_planned:
        return frozenset({Assumption.BATTERY_LEFT_OUT})
    is_held = asked.held_mode in {BatteryMode.HOLD, BatteryMode.HOLD_CHARGE}
    return frozenset({Assumption.BATTERY_HELD} if is_held else ())


def _assumed_of_plant(plant: Plant) -> frozenset[Assumption]:
    known_by = {
        Assumption.CHARGE_POWER: plant.charge_known_by,
        Assumption.DISCHARGE_POWER: plant.discharge_known_by,
        Assumption.EFFICIENCY: plant.efficiency_known_by,
        Assumption.SOC_MIN: KnownBy.ASSUMED,
    }
    return frozenset(name for name, by in known_by.items() if by is KnownBy.ASSUMED)


def _assumed(*parts: frozenset[Assumption]) -> tuple[str, ...]:
    """Return the names of all that was assumed, in one order."""
    every = frozenset().union(*parts)
    return tuple(one.value for one in Assumption if one in every)
