"""What a car in evcc's PV mode charges whatever a plan wants: sun, and above the buffer more."""

from dataclasses import replace
from typing import Any

import pytest

from domain.forecast import ForecastKind
from domain.outlook import Outlook
from domain.site import SiteSnapshot
from plan_inputs import OwnerAsks
from planner.fast import plan_fast
from planner.plan_problem import ProblemError, series
from planner.task import PlanTask
from planner.verify import Rule, verify
from tests.support.plan_problems import car, problem
from tests.support.planned_home import (
    BATTERY,
    LOAD,
    N_FORECAST,
    SELLS,
    built,
    expectation,
    outlook_of,
    rates,
    the_car,
    with_car,
)

LEAST_KWH, FULL_KWH = 3 * 6 * 0.230 * 0.25, 3 * 16 * 0.230 * 0.25
DARK = outlook_of(LOAD, SELLS)


def sun(*kw: float) -> Outlook:
    """An outlook with so much PV in the first slots and none after them; the house uses 0.8 kW."""
    values: list[float | None] = [*kw, *[0.0] * (N_FORECAST - len(kw))]
    return outlook_of(LOAD, expectation(ForecastKind.PV, values), SELLS)


def home(soc_pct: float = 30.0, **of_car: Any) -> SiteSnapshot:
    """A home with a priority of 20, a buffer of 40 and a start at 90 %."""
    devices = (replace(BATTERY.devices[0], soc_pct=soc_pct),)
    return replace(with_car(**of_car), battery=replace(BATTERY, soc_pct=soc_pct, devices=devices))


def least_of(task: PlanTask, n_slots: int) -> list[float]:
    least: list[float] = the_car(task).surely_kwh(task.problem.n_slots)[:n_slots].tolist()
    return least


def fed_of(task: PlanTask, n_slots: int) -> list[float]:
    fed = the_car(task).fed_kwh
    return [0.0] * n_slots if fed is None else fed[:n_slots].tolist()


def test_it_takes_what_the_sun_leaves_where_that_is_its_least_power() -> None:
    task = built(home(), sun(8.8, 4.0, 8.8))

    assert least_of(task, 4) == pytest.approx([2.0, 0.0, 2.0, 0.0])
    assert fed_of(task, 4) == [0.0] * 4


def test_it_takes_no_more_than_it_can() -> None:
    assert least_of(built(home(), sun(20.0)), 1) == pytest.approx([FULL_KWH])


def test_it_takes_nothing_while_the_battery_comes_first() -> None:
    task = built(home(soc_pct=10.0), sun(6.8))

    assert least_of(task, 1) == [0.0]


def test_a_car_that_is_full_takes_nothing() -> None:
    sunny = sun(*[12.0] * 40)

    least = least_of(built(home(vehicle_soc_pct=76.0), sunny), 40)

    assert sum(least) == pytest.approx(2.0 / 0.9)


def test_below_the_buffer_it_ends_with_the_sun() -> None:
    assert least_of(built(home(soc_pct=35.0, charging=True), DARK), 4) == [0.0] * 4


def test_above_the_buffer_evcc_keeps_a_car_that_charges_at_its_least_power() -> None:
    task = built(home(soc_pct=48.0, charging=True), DARK)

    # 0.8 kWh above the buffer: after a quarter hour it is below.
    assert least_of(task, 3) == pytest.approx([LEAST_KWH, 0.0, 0.0])
    assert fed_of(task, 3) == pytest.approx([LEAST_KWH, 0.0, 0.0])


def test_of_what_evcc_keeps_it_at_the_sun_gives_its_part() -> None:
    task = built(home(soc_pct=80.0, charging=True), sun(2.8))

    assert least_of(task, 1) == pytest.approx([LEAST_KWH])
    assert fed_of(task, 1) == pytest.approx([LEAST_KWH - 0.5])


def test_a_car_that_does_not_charge_is_not_started_by_the_buffer() -> None:
    assert least_of(built(home(soc_pct=80.0), DARK), 4) == [0.0] * 4


def test_the_buffer_that_stands_in_evcc_counts() -> None:
    site = home(soc_pct=35.0, charging=True)

    task = built(site, DARK, asked=OwnerAsks(buffer_in_evcc_pct=20.0))

    assert least_of(task, 1) == pytest.approx([LEAST_KWH])


def test_what_the_owners_limit_lets_in_is_certain() -> None:
    site = replace(home(smart_cost_limit=0.2), import_rates=rates(0.3, 0.2, 0.3))

    least = least_of(built(site, DARK), 8)

    assert least[:4] == pytest.approx([FULL_KWH] * 4)
    assert least[4:] == [0.0] * 4


def test_a_plan_lets_the_battery_serve_what_evcc_gives_the_car_of_it() -> None:
    task = built(home(soc_pct=80.0, charging=True), DARK)
    dear = replace(
        task.problem, import_price_eur_per_kwh=series([0.6] + [0.2] * (task.problem.n_slots - 1))
    )

    plan = plan_fast(dear, seconds=lambda: 0.0, time_limit_s=10.0).dispatch

    assert plan.discharge_kwh[0][0] == pytest.approx(4.5 * 0.25, abs=1e-3)
    assert not verify(dear, plan)
    house_alone = replace(dear, cars=(replace(the_car(task), fed_kwh=None),))
    assert [one.rule for one in verify(house_alone, plan)] == [Rule.CAR_FROM_BATTERY]


@pytest.mark.parametrize("fed", [series([6.0, 0.0]), series([1.0]), series([-1.0, 0.0])])
def test_no_more_comes_out_of_batteries_than_a_car_takes(fed: Any) -> None:
    one = car(least_kwh=series([5.0, 0.0]), fed_kwh=fed)

    with pytest.raises(ProblemError, match="fed_kwh"):
        problem(2, cars=[one]).checked()
