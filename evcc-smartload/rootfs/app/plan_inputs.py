"""From what the service knows to a problem for the planner. Pure.

The first slot is the one that is running, planned as a whole: a cycle begins with a slot, and what
is done for the rest of it does not depend on how much of it is left.
"""

from datetime import datetime

import numpy as np

from config import Config
from domain.horizon import SLOT_H, slot_start
from domain.outlook import Outlook
from domain.plan import SkipCause, Skipped
from domain.site import Loadpoint, SiteSnapshot, SocSettings
from forecaster.series import FloatArray
from planner.assumption import Assumption
from planner.battery_models import BatteryRules, battery_models
from planner.car_wishes import CarPrices, CarWish, Scene, car_wishes
from planner.evcc_rules import CarRule, EvccRules
from planner.expected import Expected, read_expected, skipped
from planner.plan_problem import BatteryModel, PlanProblem, series
from planner.plant import KnownBy, Plant, with_options
from planner.task import BatteryFacts, CarFacts, PlanTask

_CT_PER_EUR = 100.0
_SLOTS_PER_HOUR = 4


def build_task(  # noqa: PLR0913 what a service knows comes from six places
    now: datetime,
    *,
    site: SiteSnapshot | None,
    outlook: Outlook | None,
    cfg: Config,
    plant: Plant,
    buffer_soc_pct: float | None,
) -> PlanTask | Skipped:
    """Return what a plan is made for, or why there can be none.

    Args:
        now: When this is, aware UTC.
        site: The last reading; None: none yet.
        outlook: What is expected; None: nothing yet.
        cfg: The owner's options.
        plant: What the batteries together can, learned or assumed; options go before it.
        buffer_soc_pct: The buffer as decided; None: there is none.
    """
    if site is None:
        return skipped(SkipCause.NO_READING)
    if outlook is None:
        return skipped(SkipCause.NO_FORECAST, "no forecast yet")
    start = slot_start(now)
    expected = read_expected(start, site, outlook, n_most=cfg.plan_hours * _SLOTS_PER_HOUR)
    if isinstance(expected, Skipped):
        return expected
    plant = _with_options(plant, cfg)
    batteries = battery_models(
        site.battery, plant, expected, _battery_rules(site, cfg, buffer_soc_pct)
    )
    wishes = car_wishes(site.loadpoints, site.vehicles, _scene(start, site, expected))
    if not batteries and not wishes:
        return skipped(SkipCause.NOTHING_TO_PLAN)
    models = tuple(model for model, _ in batteries)
    cars = tuple(wish for wish, _ in wishes)
    return PlanTask(
        problem=_problem(site, cfg, expected, models, cars),
        start=start,
        n_known_prices=min(expected.n_known_prices, expected.n_slots),
        evcc_rules=_evcc_rules(site, tuple(_car_rule(site, *wish) for wish in wishes)),
        batteries=tuple(BatteryFacts(name=model.name, title=title) for model, title in batteries),
        cars=tuple(_facts(car) for car in cars),
        assumed=_assumed(
            expected.assumed,
            _assumed_of_plant(plant) if models else _left_out(site),
            *(car.assumed for car in cars),
        ),
    )


def _facts(wish: CarWish) -> CarFacts:
    return CarFacts(
        name=wish.model.name,
        title=wish.title,
        number=wish.number,
        capacity_kwh=wish.capacity_kwh,
        by=wish.by,
    )


def _with_options(plant: Plant, cfg: Config) -> Plant:
    pct = cfg.battery_efficiency_pct
    return with_options(
        plant,
        charge_kw=cfg.battery_charge_kw,
        discharge_kw=cfg.battery_discharge_kw,
        round_trip_frac=None if pct is None else pct / 100.0,
    )


def _battery_rules(site: SiteSnapshot, cfg: Config, buffer_soc_pct: float | None) -> BatteryRules:
    is_controllable = site.battery is not None and site.battery.is_controllable
    return BatteryRules(
        wear_eur_per_kwh=cfg.battery_wear_ct_per_kwh / _CT_PER_EUR,
        # Nobody could carry it out otherwise.
        may_grid_charge=cfg.grid_charging and is_controllable,
        may_feed_cars=cfg.battery_to_car,
        buffer_soc_pct=buffer_soc_pct,
    )


def _scene(start: datetime, site: SiteSnapshot, expected: Expected) -> Scene:
    n_slots = expected.n_slots
    return Scene(
        prices=CarPrices.of(expected.import_price[:n_slots], expected.export_price[:n_slots]),
        start=start,
        n_slots=n_slots,
        limits_are_prices=not site.limits_are_in_grams,
    )


def _problem(
    site: SiteSnapshot,
    cfg: Config,
    expected: Expected,
    batteries: tuple[BatteryModel, ...],
    cars: tuple[CarWish, ...],
) -> PlanProblem:
    n_slots = expected.n_slots
    import_limits_kw = (cfg.grid_import_limit_kw, site.import_limit_kw)
    import_limit_kw = min((kw for kw in import_limits_kw if kw is not None), default=None)
    return PlanProblem(
        slot_h=SLOT_H,
        import_price_eur_per_kwh=series(expected.import_price[:n_slots]),
        export_price_eur_per_kwh=series(expected.export_price[:n_slots]),
        pv_kwh=series(expected.sun_kwh[1][:n_slots]),
        load_kwh=series(expected.load_kwh[:n_slots]),
        import_max_kwh=_limit(import_limit_kw, n_slots),
        export_max_kwh=_limit(site.export_limit_kw, n_slots),
        can_curtail=expected.can_curtail,
        batteries=batteries,
        cars=tuple(car.model for car in cars),
    )


def _limit(limit_kw: float | None, n_slots: int) -> FloatArray | None:
    return None if limit_kw is None else series(np.full(n_slots, limit_kw * SLOT_H))


def _car_rule(site: SiteSnapshot, wish: CarWish, loadpoint: Loadpoint) -> CarRule:
    return CarRule(
        mode=loadpoint.mode,
        has_plan=wish.by is not None,
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


def _left_out(site: SiteSnapshot) -> frozenset[Assumption]:
    return frozenset(() if site.battery is None else {Assumption.BATTERY_LEFT_OUT})


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
