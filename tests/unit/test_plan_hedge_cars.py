"""What cars leave to the battery in each course that is weighed."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from domain.site import ChargeMode
from planner.evcc_rules import CarRule, EvccRules
from planner.hedge import Hedged, hedged
from planner.hedge_cars import with_cars
from planner.model import Memory
from planner.plan_problem import CarModel, FloatArray, PlanProblem, PowerRange, series
from planner.task import BatteryFacts, PlanTask
from tests.support.plan_problems import battery, car, pieces, problem

START = datetime(2026, 4, 24, 10, 0, tzinfo=UTC)
N = 160
LEAST_KWH, FULL_KWH = 0.35, 2.75
LOAD_KWH = 0.125


def the_car(**changes: Any) -> CarModel:
    span = PowerRange(low_kw=4.0 * LEAST_KWH, high_kw=4.0 * FULL_KWH)
    return car(**({"ranges": (span,), "wish": pieces((20.0, 0.1))} | changes))


def home(*cars: CarModel, **of_battery: Any) -> PlanProblem:
    kept_out = {"may_feed_cars": False, "may_export": False, "terminal": pieces((10.0, 0.08))}
    return problem(
        N,
        slot_h=0.25,
        buy=[0.20] * 80 + [0.40] * 40 + [0.20] * 40,
        load=LOAD_KWH,
        batteries=[battery(**(kept_out | of_battery))],
        cars=cars,
    )


def task_of(of: PlanProblem, mode: ChargeMode = ChargeMode.PV) -> PlanTask:
    return PlanTask(
        start=START,
        problem=of,
        n_known_prices=N,
        evcc_rules=EvccRules(cars=tuple(CarRule(mode=mode) for _ in of.cars)),
        batteries=tuple(BatteryFacts(name=one.name, title="") for one in of.batteries),
    )


def last_plan(*car_kwh: float) -> Memory:
    """A last plan in which the car charges so much in the first slots, and the battery rests."""
    wanted = np.zeros(N)
    wanted[: len(car_kwh)] = car_kwh
    return Memory(
        charge_kwh=(np.zeros(N),),
        discharge_kwh=(np.zeros(N),),
        car_kwh=(wanted,),
        net_kwh=np.full(N, LOAD_KWH),
        reach=N,
        eur_per_kwh=0.0,
    )


def courses(*first_kwh: float) -> FloatArray:
    """One course, with so much sun beyond the load in the first slots (negative: it lacks)."""
    net = np.full((1, N), LOAD_KWH)
    net[0, : len(first_kwh)] = [-kwh for kwh in first_kwh]
    return net


def left_of(of: PlanProblem, net: FloatArray, last: Memory, n_slots: int) -> list[float]:
    left = with_cars(task_of(of), net, last)
    assert left is not None
    found: list[float] = left.net_kwh[0, :n_slots].tolist()
    return found


def test_a_home_without_cars_is_as_it_was() -> None:
    net = courses(1.0)

    left = with_cars(task_of(home()), net, None)

    assert left is not None
    assert left.net_kwh is net
    assert not left.is_held.any()


def test_a_car_that_is_full_is_none() -> None:
    net = courses(1.0)

    left = with_cars(task_of(home(the_car(wish=()))), net, None)

    assert left is not None
    assert left.net_kwh is net


def test_the_sun_goes_to_the_car_where_it_is_enough_for_its_least_power() -> None:
    left = left_of(home(the_car()), courses(1.0, 0.3, 5.0), last_plan(), 4)

    assert left == pytest.approx([0.0, -0.3, -5.0 + FULL_KWH, LOAD_KWH])


def test_a_bright_course_gives_it_more_than_a_dark_one() -> None:
    both = np.vstack([courses(2.0), courses(0.1)])

    left = with_cars(task_of(home(the_car())), both, last_plan())

    assert left is not None
    assert left.net_kwh[:, 0] == pytest.approx([0.0, -0.1])


def test_when_it_is_full_the_sun_is_the_batterys() -> None:
    left = left_of(home(the_car(wish=pieces((3.0, 0.1)))), courses(2.0, 2.0, 2.0), last_plan(), 3)

    assert left == pytest.approx([0.0, -1.0, -2.0])


def test_what_evcc_gives_it_above_the_buffer_is_asked_of_the_battery() -> None:
    least = series([LEAST_KWH, LEAST_KWH] + [0.0] * (N - 2))
    fed = the_car(least_kwh=least, fed_kwh=least)

    left = left_of(home(fed), courses(-0.2, -0.2, -0.2), last_plan(), 3)

    assert left == pytest.approx([0.2 + LEAST_KWH, 0.2 + LEAST_KWH, 0.2])


def test_while_it_is_bought_for_there_is_nothing_to_weigh() -> None:
    left = left_of(home(the_car()), courses(), last_plan(0.0, FULL_KWH), 3)

    assert left == pytest.approx([LOAD_KWH, 0.0, LOAD_KWH])


@pytest.mark.parametrize(
    ("of", "mode", "last"),
    [
        pytest.param(home(the_car()), ChargeMode.PV, None, id="no last plan"),
        pytest.param(home(the_car()), ChargeMode.MIN_PV, last_plan(), id="another mode"),
        pytest.param(home(the_car()), ChargeMode.PV, last_plan(FULL_KWH), id="bought for now"),
        pytest.param(
            home(the_car(), may_feed_cars=True), ChargeMode.PV, last_plan(), id="fed by the battery"
        ),
    ],
)
def test_the_plan_decides_where_a_car_cannot_be_told(
    of: PlanProblem, mode: ChargeMode, last: Memory | None
) -> None:
    task = task_of(of, mode)

    assert with_cars(task, courses(), last) is None
    assert hedged(task, courses(), last) == Hedged(task)


def test_energy_is_kept_for_the_evening_when_the_car_takes_the_sun() -> None:
    sunny = courses(*[0.8] * 24)
    kept = home(may_grid_charge=False, soc_kwh=5.0)
    with_one = replace(kept, cars=(the_car(),))
    later = np.roll(sunny, 20, axis=1)

    alone = hedged(task_of(kept), later, None).task
    beside = hedged(task_of(with_one), later, last_plan()).task

    served, held = alone.problem.pins[1], beside.problem.pins[1]
    assert served.high_kwh == pytest.approx(LOAD_KWH)
    assert held.high_kwh == 0.0
