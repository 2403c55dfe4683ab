"""Nobody beats perfect foresight: not by any rule, and not by the exact planner, which meets it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from backtest.foresight import CAR_EFFICIENCY_FRAC, Foresight, foresight
from backtest.foresight_book import book_of
from backtest.period import Period, RecordedCar, Stay
from domain.horizon import SLOT, SLOT_H
from planner.dispatch import Dispatch
from planner.evcc_rules import EvccRules, evcc_rules_dispatch
from planner.exact import plan_exactly
from planner.plan_problem import (
    BatteryModel,
    CarModel,
    PlanProblem,
    PowerRange,
    ValuePiece,
    series,
)
from planner.rule_plan import rule_dispatch
from proof.accounting import book_days
from proof.day_slots import PricedSlots
from simulator.battery import BatterySpec

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 3, 9, 23, 0, tzinfo=UTC)
N_SLOTS = 64
SPEC = BatterySpec(
    capacity_kwh=8.0,
    max_charge_kw=4.0,
    max_discharge_kw=3.0,
    standby_kw=0.0,
    initial_soc_pct=30.0,
)
WORTH = 0.22


def period_of(seed: int, *, with_car: bool = False, least_price: float = 0.05) -> Period:
    rng = np.random.default_rng(seed)
    hour = np.arange(N_SLOTS) / 4.0
    sun = np.maximum(np.sin((hour - 5.0) / 9.0 * np.pi), 0.0)
    stay = Stay(
        arrives=START + 5 * SLOT + timedelta(minutes=4),
        leaves=START + 40 * SLOT + timedelta(minutes=11),
        used_kwh=2.0,
        wanted_soc_pct=60.0,
    )
    car = RecordedCar(
        name="car",
        title="Car",
        capacity_kwh=40.0,
        phases=1,
        max_current_a=16.0,
        initial_soc_pct=45.0,
        stays=(stay, replace(stay, arrives=START + 55 * SLOT, leaves=START + 90 * SLOT)),
    )
    return Period(
        name="home",
        prices="prices",
        start=START,
        zone=BERLIN,
        load_kw=rng.gamma(2.0, 0.4, N_SLOTS),
        pv_kw=rng.uniform(0.0, 6.0) * sun * rng.uniform(0.3, 1.0, N_SLOTS),
        import_price_eur_per_kwh=np.maximum(rng.normal(0.28, 0.12, N_SLOTS), least_price),
        export_price_eur_per_kwh=np.full(N_SLOTS, min(0.05, least_price)),
        pv_said_kw=None,
        is_measured=np.ones(N_SLOTS, dtype=np.bool_),
        cars=(car,) if with_car else (),
    )


def known(period: Period, *, may_grid_charge: bool = True, ready: bool = True) -> Foresight:
    return foresight(
        period,
        SPEC,
        may_grid_charge=may_grid_charge,
        replacement_eur_per_kwh=WORTH,
        must_be_ready=ready,
    )


def problem_of(period: Period, *, may_grid_charge: bool = True) -> PlanProblem:
    """Return the same home as the planner knows it; its car is worth nothing but its wish."""
    spec = SPEC
    battery = BatteryModel(
        name="battery",
        capacity_kwh=spec.capacity_kwh,
        soc_kwh=spec.capacity_kwh * spec.initial_soc_pct / 100.0,
        soc_min_kwh=spec.capacity_kwh * spec.floor_soc_pct / 100.0,
        soc_max_kwh=spec.capacity_kwh,
        charge_max_kw=spec.max_charge_kw,
        discharge_max_kw=spec.max_discharge_kw,
        charge_efficiency_frac=spec.charge_efficiency_frac,
        discharge_efficiency_frac=spec.discharge_efficiency_frac,
        terminal=(ValuePiece(width_kwh=spec.capacity_kwh, eur_per_kwh=WORTH),),
        may_grid_charge=may_grid_charge,
        may_export=False,
    )
    cars = tuple(
        CarModel(
            name=car.name,
            capacity_kwh=car.capacity_kwh,
            soc_kwh=16.0,
            target_kwh=24.0,
            arrival_slot=6,
            deadline_slot=40,
            ranges=(PowerRange(low_kw=1.38, high_kw=3.68),),
            charge_efficiency_frac=CAR_EFFICIENCY_FRAC,
            wish=(ValuePiece(width_kwh=8.0, eur_per_kwh=2.0),),
        )
        for car in period.cars
    )
    return PlanProblem(
        slot_h=SLOT_H,
        import_price_eur_per_kwh=series(period.import_price_eur_per_kwh),
        export_price_eur_per_kwh=series(period.export_price_eur_per_kwh),
        pv_kwh=series(period.pv_kw * SLOT_H),
        load_kwh=series(period.load_kw * SLOT_H),
        batteries=(battery,),
        cars=cars,
    ).checked()


def cost_of(period: Period, dispatch: Dispatch) -> float:
    """What a policy's flows cost, counted as a back-test does."""
    stored = float(dispatch.charge_kwh[0].sum()) * SPEC.charge_efficiency_frac
    stored -= float(dispatch.discharge_kwh[0].sum()) / SPEC.discharge_efficiency_frac
    stored += CAR_EFFICIENCY_FRAC * sum(float(kwh.sum()) for kwh in dispatch.car_kwh)
    bought = float(period.import_price_eur_per_kwh @ dispatch.grid_import_kwh)
    sold = float(period.export_price_eur_per_kwh @ dispatch.grid_export_kwh)
    return bought - sold - WORTH * stored


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("with_car", [False, True])
def test_no_rule_is_cheaper(seed: int, with_car: bool) -> None:  # noqa: FBT001
    period = period_of(seed, with_car=with_car)
    problem = problem_of(period)

    bound = known(period).bound_eur

    for dispatch in (
        evcc_rules_dispatch(problem, EvccRules.default(problem)),
        evcc_rules_dispatch(
            problem, replace(EvccRules.default(problem), grid_charge_limit_eur_per_kwh=0.2)
        ),
        rule_dispatch(problem),
    ):
        assert bound <= cost_of(period, dispatch) + 1e-7


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("may_grid_charge", [False, True])
@pytest.mark.parametrize("least_price", [0.05, -0.1])
def test_the_exact_plan_of_a_short_period_meets_the_bound(
    seed: int,
    may_grid_charge: bool,  # noqa: FBT001
    least_price: float,
) -> None:
    period = period_of(seed, least_price=least_price)
    problem = problem_of(period, may_grid_charge=may_grid_charge)

    found = known(period, may_grid_charge=may_grid_charge)
    plan = plan_exactly(problem, seconds=lambda: 0.0, time_limit_s=20.0)

    assert found.bound_eur <= plan.cost.total_eur + 1e-6
    if least_price > 0.0:
        # Where losing energy pays, a battery that does either in a slot is dearer than one that may
        # take turns within it.
        assert found.bound_eur == pytest.approx(plan.cost.total_eur, abs=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_its_flows_are_those_of_a_home(seed: int) -> None:
    period = period_of(seed, with_car=True)

    found = known(period)

    net = (period.load_kw - period.pv_kw) * SLOT_H
    taken = found.charge_kwh - found.discharge_kwh + found.car_kwh.sum(axis=0)
    assert found.import_kwh - found.export_kwh == pytest.approx(net + taken, abs=1e-9)
    assert (found.discharge_kwh <= np.maximum(net, 0.0) + found.car_kwh[0] + 1e-6).all()
    assert found.soc_kwh.min() >= 0.05 * SPEC.capacity_kwh - 1e-6
    assert found.soc_kwh.max() <= SPEC.capacity_kwh + 1e-6
    assert found.cost_eur == pytest.approx(found.bound_eur, abs=1e-6)


def test_a_car_leaves_with_what_is_wanted_and_comes_home_with_less() -> None:
    period = period_of(1, with_car=True)

    found = known(period)

    assert found.left_kwh[0, 0] >= 0.59 * 40.0 - 1e-6
    assert not found.car_kwh[0, :5].any()
    assert not found.car_kwh[0, 41:55].any()
    assert (0, 1) not in found.left_kwh


def test_a_car_that_comes_too_empty_has_charged_elsewhere() -> None:
    period = period_of(1, with_car=True)
    car = period.cars[0]
    stays = (car.stays[0], replace(car.stays[1], used_kwh=39.0))
    period = replace(period, cars=(replace(car, stays=stays),))

    found = known(period)

    assert found.away_kwh.sum() == pytest.approx(2.0 + 39.0 - found.left_kwh[0, 0], abs=1e-6)
    assert np.flatnonzero(found.away_kwh > 1e-9).tolist() == [55]


def test_a_target_out_of_reach_is_asked_for_as_far_as_it_can_be() -> None:
    period = period_of(1, with_car=True)
    car = period.cars[0]
    short = replace(car.stays[0], leaves=car.stays[0].arrives + timedelta(hours=1))
    period = replace(period, cars=(replace(car, stays=(short,)),))

    found = known(period)

    assert found.left_kwh[0, 0] <= 16.0 + CAR_EFFICIENCY_FRAC * 3.68 + 1e-6


def test_without_a_battery_the_sun_is_used_or_sold() -> None:
    period = period_of(3)

    found = foresight(period, None, may_grid_charge=True, replacement_eur_per_kwh=WORTH)

    net = (period.load_kw - period.pv_kw) * SLOT_H
    price = np.where(net > 0.0, period.import_price_eur_per_kwh, period.export_price_eur_per_kwh)
    assert found.bound_eur == pytest.approx(float(price @ net))
    assert not found.charge_kwh.any()


def test_more_is_known_than_is_lived_through() -> None:
    period = period_of(4)
    later = replace(period, live_from=32)

    found = known(later)

    assert found.import_kwh.shape == (32,)
    assert found.soc_kwh[0] == pytest.approx(0.3 * SPEC.capacity_kwh)


def test_its_book_comes_to_what_it_costs() -> None:
    period = period_of(2, with_car=True)
    found = known(period)

    book = book_of(found, period)
    days = book_days(
        book,
        PricedSlots(
            start=period.start,
            zone=BERLIN,
            import_price_eur_per_kwh=period.import_price_eur_per_kwh,
            export_price_eur_per_kwh=period.export_price_eur_per_kwh,
            is_measured=period.is_measured,
        ),
        replacement_eur_per_kwh=WORTH,
    )

    assert sum(day.cost_eur for day in days) == pytest.approx(found.bound_eur, abs=1e-6)
    assert [one.is_ready for one in book.departures] == [True]
