"""What a plan makes cars do, and the battery for them, judged by the energy that flows."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config import Config
from domain.steering import CommandCode, GateCode
from simulator.evcc_messages import ApiRequest
from tests.support.steady_house import GOLF
from tests.support.steered_home import (
    BOOST,
    BOOST_LIMIT,
    LIMIT,
    MODE,
    Build,
    SteeredHome,
    homes_in,
)
from tests.support.told_plan import CAR, NOON, told_plan

# Two of evcc's intervals.
LATE_H = 60.0 / 3600.0
LOAD_KWH = 0.25
FULL_KW, FULL_KWH = 11.04, 2.76
LEAST_KW, ONE_PHASE_KW = 4.14, 1.38
# evcc lets a car go on at its least power before it switches it off.
RUN_ON_KWH = LEAST_KW * 3.0 / 60.0
CHEAP, DEAR = 0.2, 0.3
WAITS_BETWEEN = (CHEAP, DEAR, CHEAP, DEAR)
MIN_PV: dict[str, object] = {"mode": "pv", "always_charge": "on"}


@pytest.fixture
def steered(tmp_path: Path) -> Iterator[Build]:
    yield from homes_in(tmp_path)


def charging(*kwh: float, prices: Sequence[float] = WAITS_BETWEEN, **told: Any) -> Any:
    """Return a plan in which the car charges so much in each quarter hour."""
    return told_plan(
        len(kwh),
        load=LOAD_KWH,
        discharge=LOAD_KWH,
        buy=prices,
        cars={CAR: kwh},
        **told,
    )


def between_dear_hours(steered: Build, **options: Any) -> SteeredHome:
    """Return a home whose car charges in the first and the third of four quarter hours."""
    plan = charging(FULL_KWH, 0.0, FULL_KWH, 0.0)
    return steered(plan=plan, prices=WAITS_BETWEEN, **options)


# The limit for cheap energy


def test_a_car_charges_at_full_power_in_its_planned_quarter_hour(steered: Build) -> None:
    home = between_dear_hours(steered)

    flowed = home.run(minutes=15)

    assert flowed.car_kwh == pytest.approx(FULL_KWH, abs=FULL_KW * LATE_H)
    assert home.charge_mode == "pv"


def test_a_car_waits_in_the_dear_quarter_hours_and_charges_again_after_them(
    steered: Build,
) -> None:
    home = between_dear_hours(steered)
    home.run(minutes=15)

    waited, charged = home.run(minutes=15), home.run(minutes=15)

    assert waited.car_kwh <= RUN_ON_KWH + FULL_KW * LATE_H
    assert charged.car_kwh == pytest.approx(FULL_KWH, abs=FULL_KW * LATE_H)


def test_one_limit_serves_charging_waiting_and_charging(steered: Build) -> None:
    home = between_dear_hours(steered)

    home.run(minutes=45)

    assert home.cost_limit == CHEAP
    assert len(home.records(LIMIT)) == 1


def test_the_limit_is_gone_when_nothing_more_is_planned(steered: Build) -> None:
    home = between_dear_hours(steered)
    home.run(minutes=45)

    flowed = home.run(minutes=15)

    assert home.cost_limit is None
    assert home.charge_mode == "pv"
    assert flowed.car_kwh <= RUN_ON_KWH + FULL_KW * LATE_H


def test_the_owners_own_limit_is_back_afterwards(steered: Build) -> None:
    owner = ({"mode": "pv", "smart_cost_limit": 0.1},)
    home = between_dear_hours(steered, evcc={"initial_loadpoints": owner})
    home.run(minutes=15)
    during = home.cost_limit

    home.run(minutes=45)

    assert (during, home.cost_limit) == (CHEAP, 0.1)


def test_the_owners_own_limit_charges_a_car_that_is_to_wait(steered: Build) -> None:
    owner = ({"mode": "pv", "smart_cost_limit": 0.35},)
    home = steered(
        plan=charging(0.0, 0.0, 0.0, 0.0), prices=(DEAR,), evcc={"initial_loadpoints": owner}
    )

    flowed = home.run(minutes=15)

    assert flowed.car_kwh == pytest.approx(FULL_KWH, abs=FULL_KW * LATE_H)


def test_a_min_pv_car_charges_at_full_power_as_planned_and_goes_on_as_it_was(
    steered: Build,
) -> None:
    home = between_dear_hours(steered, evcc={"initial_loadpoints": (MIN_PV,)})

    planned, between = home.run(minutes=15), home.run(minutes=15)

    assert planned.car_kwh == pytest.approx(FULL_KWH, abs=FULL_KW * LATE_H)
    assert between.car_kwh == pytest.approx(ONE_PHASE_KW / 4.0, abs=RUN_ON_KWH)
    assert home.charge_mode == "minpv"


@pytest.mark.parametrize("mode", ["off", "now"])
def test_a_charging_point_that_is_off_or_fast_is_left_alone(steered: Build, mode: str) -> None:
    home = between_dear_hours(steered, evcc={"initial_loadpoints": ({"mode": mode},)})

    flowed = home.run(minutes=15)

    assert flowed.car_kwh == pytest.approx(0.0 if mode == "off" else FULL_KWH, rel=0.01)
    assert home.charge_mode == mode
    assert home.records(LIMIT) == []


def test_a_car_that_comes_in_a_planned_quarter_hour_charges(steered: Build) -> None:
    home = between_dear_hours(steered, has_car=False)
    home.run(minutes=5)

    home.home.plug_in(GOLF)
    flowed = home.run(minutes=10)

    assert flowed.car_kwh == pytest.approx(FULL_KW / 6.0, abs=1.5 * FULL_KW * LATE_H)


def test_a_car_that_leaves_takes_the_limit_with_it(steered: Build) -> None:
    home = between_dear_hours(steered)
    home.run(minutes=5)

    home.home.unplug(GOLF)
    home.run(minutes=2)

    assert home.cost_limit is None
    assert home.controller.owned == ()


# Where price limits do nothing


@pytest.mark.parametrize("tariff", ["pricestatic", "co2"])
def test_without_price_limits_a_car_charges_by_its_mode_as_planned(
    steered: Build, tariff: str
) -> None:
    home = between_dear_hours(steered, evcc={"smart_cost_type": tariff})

    planned, between = home.run(minutes=15), home.run(minutes=15)

    assert planned.car_kwh == pytest.approx(FULL_KWH, abs=FULL_KW * LATE_H)
    assert between.car_kwh <= RUN_ON_KWH + FULL_KW * LATE_H
    assert home.cost_limit is None


@pytest.mark.parametrize(("mode", "owner"), [("pv", {"mode": "pv"}), ("minpv", MIN_PV)])
def test_without_price_limits_the_owners_mode_is_back_after_the_quarter_hour(
    steered: Build, mode: str, owner: dict[str, object]
) -> None:
    options = {"smart_cost_type": "pricestatic", "initial_loadpoints": (owner,)}
    home = between_dear_hours(steered, evcc=options)
    home.run(minutes=15)
    during = home.charge_mode

    home.run(minutes=1)

    assert (during, home.charge_mode) == ("now", mode)
    assert [one.reason.code for one in home.records(MODE)] == [
        CommandCode.CAR_NOW,
        CommandCode.HANDED_BACK,
    ]


# Deadlines do not hang on SmartLoad


def plan_in_evcc(home: SteeredHome, soc_pct: int, at: datetime) -> None:
    """Let the owner plan a departure in evcc."""
    path = f"/api/vehicles/{GOLF}/plan/soc/{soc_pct}/{at:%Y-%m-%dT%H:%M:%SZ}"
    answer = home.home.handle(ApiRequest(method="POST", path=path))
    assert answer.status == 200


def test_a_car_that_waits_is_still_charged_by_evccs_own_plan(steered: Build) -> None:
    home = between_dear_hours(steered)
    home.plan = charging(0.0, 0.0, 0.0, 0.0, prices=(DEAR,) * 4)
    plan_in_evcc(home, 34, NOON + timedelta(hours=1))

    home.run(hours=1)

    assert home.house.reading.chargers[0].car_soc_pct == pytest.approx(34.0, abs=0.5)


def test_a_limit_that_lets_a_car_wait_does_not_keep_it_from_evccs_own_plan(
    steered: Build,
) -> None:
    home = between_dear_hours(steered)
    home.run(minutes=16)
    plan_in_evcc(home, 75, NOON + timedelta(hours=2))

    flowed = home.run(minutes=14)

    assert home.cost_limit == CHEAP
    assert flowed.car_kwh == pytest.approx(FULL_KW * 14.0 / 60.0, abs=2.0 * FULL_KW * LATE_H)


def test_a_car_below_its_least_soc_is_charged_though_it_is_to_wait(steered: Build) -> None:
    options = {"initial_vehicles": {GOLF: {"limit_soc_pct": 80, "min_soc_pct": 50}}}
    home = steered(plan=charging(0.0, 0.0, 0.0, 0.0), prices=(DEAR,), evcc=options)

    flowed = home.run(minutes=15)

    assert flowed.car_kwh == pytest.approx(FULL_KWH, abs=FULL_KW * LATE_H)


# SmartLoad dies


def test_a_limit_that_is_left_behind_charges_in_cheap_quarter_hours_only(steered: Build) -> None:
    home = between_dear_hours(steered)
    home.run(minutes=5)

    home.leave_alone(minutes=10)
    dear, cheap = home.leave_alone(minutes=15), home.leave_alone(minutes=15)

    assert dear.car_kwh <= RUN_ON_KWH + FULL_KW * LATE_H
    assert cheap.car_kwh == pytest.approx(FULL_KWH, abs=FULL_KW * LATE_H)


def test_the_next_start_gives_a_limit_back_that_nothing_wants(steered: Build) -> None:
    home = between_dear_hours(steered)
    home.run(minutes=5)
    home.leave_alone(minutes=30)

    home.plan = None
    home.start()
    home.run(minutes=1)

    assert home.cost_limit is None
    assert home.controller.owned == ()


def test_the_next_start_goes_on_with_a_limit_that_is_still_wanted(steered: Build) -> None:
    home = between_dear_hours(steered)
    home.run(minutes=5)
    home.leave_alone(minutes=25)

    home.start()
    home.run(minutes=5)

    assert home.cost_limit == CHEAP
    assert len(home.records(LIMIT)) == 1


def test_the_next_start_gives_the_owners_mode_back(steered: Build) -> None:
    home = between_dear_hours(steered, evcc={"smart_cost_type": "pricestatic"})
    home.run(minutes=5)
    home.leave_alone(minutes=15)
    left_behind = home.charge_mode

    home.start()
    home.run(minutes=1)

    assert (left_behind, home.charge_mode) == ("now", "pv")


# The battery helps the car

HELPFUL = Config(battery_to_car=True, battery_wear_ct_per_kwh=0.0)
BUFFER_PCT = 40.0
HOUSE_KW = 0.3
# 16 A on one phase: what the battery can give besides the house.
BOOST_KW = 3.68


def helping(steered: Build, **options: Any) -> SteeredHome:
    """Return a home whose battery serves house and car: energy is dear now and cheap later."""
    plan = told_plan(
        8,
        load=HOUSE_KW / 4.0,
        discharge=1.0,
        start_kwh=6.0,
        cars={CAR: 1.0 - HOUSE_KW / 4.0},
        buy=0.4,
        marginal=(0.4, *[0.15] * 7),
    )
    given = {
        "plan": plan,
        "prices": (0.4,),
        "cfg": HELPFUL,
        "buffer_soc_pct": BUFFER_PCT,
        "soc_pct": 60.0,
        "load_kw": HOUSE_KW,
        "car_phases": 1,
    }
    return steered(**given | options)


def test_a_battery_helps_a_car_with_all_that_it_can(steered: Build) -> None:
    home = helping(steered)

    flowed = home.run(minutes=15)

    assert flowed.car_kwh == pytest.approx(BOOST_KW / 4.0, abs=2.0 * BOOST_KW * LATE_H)
    assert flowed.given_kwh == pytest.approx(flowed.car_kwh + HOUSE_KW / 4.0, abs=0.05)


def test_hardly_anything_is_bought_while_the_battery_helps(steered: Build) -> None:
    home = helping(steered)

    flowed = home.run(minutes=15)

    assert flowed.bought_kwh <= 0.05


def test_a_battery_stops_helping_at_the_buffer(steered: Build) -> None:
    home = helping(steered, soc_pct=45.0)

    home.run(seconds=20)
    while home.is_boosting:
        home.run(seconds=20)

    assert home.house.reading.batteries[0].soc_pct == pytest.approx(BUFFER_PCT, abs=0.7)
    assert home.steering.bat_to_car is not None
    assert home.steering.bat_to_car.first_closed is not None
    assert home.steering.bat_to_car.first_closed.code is GateCode.ABOVE_BUFFER


def test_the_flag_of_helping_is_up_exactly_while_the_boost_is_on(steered: Build) -> None:
    home = helping(steered, soc_pct=45.0)

    seen = set()
    for _ in range(15 * 3):
        home.run(seconds=20)
        seen.add((home.is_boosting, home.controller.bat_to_ev_active))

    assert seen == {(True, True), (False, False)}


def test_boost_and_its_limit_are_the_owners_again_when_a_gate_closes(steered: Build) -> None:
    home = helping(steered)
    home.run(minutes=5)
    during = (home.is_boosting, home.boost_limit_pct)

    home.plan = charging(0.0, 0.0, 0.0, 0.0)
    home.run(seconds=20)

    assert during == (True, 41)
    assert (home.is_boosting, home.boost_limit_pct) == (False, 100)
    assert home.controller.owned == ()


def test_the_limit_stands_before_the_boost_begins(steered: Build) -> None:
    home = helping(steered)

    home.run(minutes=1)

    assert [one.rsplit("/", 2)[1] for one in home.wire.commands] == [
        "batteryboostlimit",
        "batteryboost",
    ]


def test_a_boost_that_is_left_behind_ends_at_the_buffer(steered: Build) -> None:
    home = helping(steered, soc_pct=45.0)
    home.run(minutes=5)

    home.leave_alone(minutes=10)
    flowed = home.leave_alone(minutes=5)

    # Without sun the house goes on using what is stored.
    assert flowed.soc_pct >= BUFFER_PCT - 1.4 - 100.0 * HOUSE_KW * 10.0 / 60.0 / 10.0
    assert flowed.car_kwh == 0.0


def test_the_next_start_ends_a_boost_that_nothing_wants(steered: Build) -> None:
    home = helping(steered)
    home.run(minutes=5)
    home.leave_alone(minutes=5)

    home.plan = None
    home.start()
    home.run(seconds=40)

    assert (home.is_boosting, home.boost_limit_pct) == (False, 100)
    assert not home.controller.bat_to_ev_active


def test_a_boost_ends_when_the_car_leaves(steered: Build) -> None:
    home = helping(steered)
    home.run(minutes=5)

    home.home.unplug(GOLF)
    home.run(minutes=1)
    flowed = home.run(minutes=5)

    assert flowed.given_kwh == pytest.approx(HOUSE_KW / 12.0)
    assert home.boost_limit_pct == 100
    assert not home.controller.bat_to_ev_active


def test_a_car_of_which_the_owner_does_not_want_the_battery_to_charge_gets_nothing(
    steered: Build,
) -> None:
    home = helping(steered, cfg=Config(battery_to_car=False))

    flowed = home.run(minutes=15)

    assert flowed.car_kwh == 0.0
    assert home.records(BOOST) == []
    assert home.records(BOOST_LIMIT) == []
