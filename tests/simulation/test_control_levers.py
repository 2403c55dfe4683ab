"""What a plan makes the home battery do, row by row of the mapping in docs/control.md.

Judged by the energy that flows and by what the inverter was told. evcc acts once in 30 s, so after
each change the old flows go on for up to two of its intervals.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from config import Config
from domain.control import BATTERY_MODE
from domain.site import BatteryMode
from domain.steering import CommandCode, Stage, StageMode, WriteOutcome
from simulator.evcc_version import EvccVersion
from tests.support.steady_house import GOLF
from tests.support.steered_home import Build, SteeredHome, homes_in
from tests.support.told_plan import CAR, told_plan

# Two of evcc's intervals.
LATE_H = 60.0 / 3600.0
# The house draws 1 kW all day, as is planned.
LOAD_KW, LOAD_KWH = 1.0, 0.25
FULL_KW, FULL_KWH = 11.04, 2.76
FUSE_A = 20
WATCHED = Config(main_fuse_a=FUSE_A)


@pytest.fixture
def steered(tmp_path: Path) -> Iterator[Build]:
    yield from homes_in(tmp_path)


def serving(n_slots: int = 4) -> Any:
    """Return a plan in which the battery serves the house, as it would by itself."""
    return told_plan(n_slots, load=LOAD_KWH, discharge=LOAD_KWH)


def keeping(n_slots: int = 4) -> Any:
    """Return a plan in which the battery keeps its energy."""
    return told_plan(n_slots, load=LOAD_KWH)


def buying(kwh: float, n_slots: int = 4, start_kwh: float = 5.0) -> Any:
    """Return a plan in which the battery buys so much in each quarter hour."""
    return told_plan(n_slots, load=LOAD_KWH, charge=kwh, start_kwh=start_kwh)


# Follows the house


def test_a_battery_that_is_to_serve_the_house_does(steered: Build) -> None:
    home = steered(plan=serving())

    flowed = home.run(minutes=15)

    assert flowed.given_kwh == pytest.approx(LOAD_KWH)
    assert flowed.bought_kwh == pytest.approx(0.0)


def test_a_battery_that_is_to_take_the_sun_does(steered: Build) -> None:
    home = steered(plan=told_plan(pv=0.75, load=LOAD_KWH, charge=0.5), pv_kw=3.0, has_car=False)

    flowed = home.run(minutes=15)

    assert flowed.charged_kwh == pytest.approx(0.5)


def test_nothing_is_imposed_on_a_battery_that_does_as_planned_by_itself(steered: Build) -> None:
    home = steered(plan=serving())

    home.run(minutes=15)

    assert home.wire.commands == []
    assert home.inverter_mode is BatteryMode.UNKNOWN


def test_the_owners_discharge_control_holds_where_nothing_is_imposed(steered: Build) -> None:
    home = steered(plan=serving(), evcc={"initial_site": {"battery_discharge_control": True}})
    home.home.move_slider("loadpoints/1/mode", "now")

    flowed = home.run(minutes=15)

    assert flowed.given_kwh < LOAD_KWH / 5.0


# Keeps


def test_a_battery_that_is_to_keep_gives_nothing_and_the_grid_covers_the_house(
    steered: Build,
) -> None:
    home = steered(plan=keeping())

    flowed = home.run(minutes=15)

    assert flowed.given_kwh <= LOAD_KW * LATE_H
    assert flowed.bought_kwh == pytest.approx(LOAD_KWH, abs=LOAD_KW * LATE_H)


def test_a_battery_that_keeps_still_takes_sun_that_was_not_expected(steered: Build) -> None:
    home = steered(plan=keeping(), has_car=False)
    home.run(minutes=5)

    home.house.sun.kw = 3.0
    flowed = home.run(minutes=10)

    assert flowed.charged_kwh == pytest.approx(2.0 / 6.0, rel=0.1)


# A car charges fast


def test_a_car_that_charges_fast_gets_nothing_from_the_battery(steered: Build) -> None:
    plan = told_plan(load=LOAD_KWH, discharge=LOAD_KWH, cars={CAR: FULL_KWH})
    home = steered(plan=plan)

    flowed = home.run(minutes=15)

    assert flowed.car_kwh == pytest.approx(FULL_KWH, rel=0.05)
    assert flowed.given_kwh <= LOAD_KW * LATE_H
    assert [one.reason.code for one in home.records(BATTERY_MODE)] == [
        CommandCode.BATTERY_PROTECTED
    ]


def test_a_battery_serves_the_house_again_some_minutes_after_the_car_has_charged(
    steered: Build,
) -> None:
    plan = told_plan(
        load=LOAD_KWH,
        discharge=LOAD_KWH,
        cars={CAR: (FULL_KWH, 0.0, 0.0, 0.0)},
        buy=(0.2, 0.3, 0.3, 0.3),
    )
    home = steered(plan=plan, prices=(0.2, 0.3))
    home.run(minutes=20)

    flowed = home.run(minutes=10)

    assert flowed.given_kwh == pytest.approx(LOAD_KW / 6.0)
    assert flowed.car_kwh == 0.0


# Buys


@pytest.mark.parametrize("kwh", [0.3, 0.6, 0.95])
def test_a_battery_buys_what_is_planned_and_no_more(steered: Build, kwh: float) -> None:
    home = steered(plan=buying(kwh))

    flowed = home.run(minutes=15)

    assert flowed.soc_pct == pytest.approx(50.0 + 10.0 * kwh, abs=1.0)
    assert flowed.bought_kwh == pytest.approx(kwh + LOAD_KWH, abs=0.1)


def test_a_battery_that_buys_for_an_hour_ends_where_it_is_planned(steered: Build) -> None:
    home = steered(plan=buying(0.5))

    flowed = home.run(hours=1)

    assert flowed.soc_pct == pytest.approx(70.0, abs=1.0)


def test_a_battery_keeps_what_it_has_bought_until_the_quarter_hour_is_over(steered: Build) -> None:
    home = steered(plan=buying(0.3))
    home.run(minutes=7)

    flowed = home.run(minutes=8)

    assert flowed.given_kwh == pytest.approx(0.0)
    assert flowed.charged_kwh == pytest.approx(0.0)


def test_a_battery_that_has_more_than_is_planned_buys_nothing(steered: Build) -> None:
    home = steered(plan=buying(0.5), soc_pct=57.0)

    flowed = home.run(minutes=15)

    assert flowed.charged_kwh == pytest.approx(0.0)
    assert flowed.soc_pct == pytest.approx(57.0, abs=0.4)


# Leaves the sun


def leaving_sun(n_slots: int = 4) -> Any:
    """Return a plan in which 2 kW of sun go to the grid."""
    return told_plan(n_slots, pv=0.75, load=LOAD_KWH)


def test_a_battery_leaves_the_sun_to_the_grid(steered: Build) -> None:
    home = steered(plan=leaving_sun(), pv_kw=3.0, has_car=False)

    flowed = home.run(minutes=15)

    assert flowed.sold_kwh == pytest.approx(0.5, abs=2.0 * LATE_H)
    assert flowed.charged_kwh <= 2.0 * LATE_H


def test_a_battery_that_leaves_the_sun_serves_the_house_under_a_cloud(steered: Build) -> None:
    home = steered(plan=leaving_sun(), pv_kw=3.0, has_car=False)
    home.run(minutes=5)

    home.house.sun.kw = 0.0
    flowed = home.run(minutes=10)

    assert flowed.given_kwh == pytest.approx(LOAD_KW / 6.0, abs=LOAD_KW * LATE_H)


def test_an_evcc_that_cannot_leave_the_sun_stores_it(steered: Build) -> None:
    version = EvccVersion(number="0.308.0", has_forecast_objects=True)
    home = steered(plan=leaving_sun(), pv_kw=3.0, has_car=False, evcc={"version": version})

    flowed = home.run(minutes=15)

    assert flowed.charged_kwh == pytest.approx(0.5)
    assert home.wire.commands == []


def test_leaving_the_sun_lifts_no_hold_of_the_owners_discharge_control(steered: Build) -> None:
    owner = {"battery_discharge_control": True}
    home = steered(plan=leaving_sun(), pv_kw=3.0, evcc={"initial_site": owner})
    home.home.move_slider("loadpoints/1/mode", "now")
    home.run(minutes=1)

    flowed = home.run(minutes=14)

    assert flowed.given_kwh == pytest.approx(0.0)


# Against a rule of evcc

RULE: Mapping[str, object] = {"battery_grid_charge_limit": 0.35, "grid_charge_limit_was_set": True}


def test_without_smartload_evccs_rule_buys(steered: Build) -> None:
    home = steered(plan=serving(), stages=frozenset(), evcc={"initial_site": dict(RULE)})

    flowed = home.run(minutes=15)

    assert flowed.charged_kwh == pytest.approx(1.0, rel=0.05)


def test_a_rule_of_evcc_does_not_buy_what_the_plan_does_not(steered: Build) -> None:
    home = steered(plan=serving(), evcc={"initial_site": dict(RULE)})
    home.run(minutes=1)

    flowed = home.run(minutes=14)

    assert flowed.charged_kwh == pytest.approx(0.0)
    assert flowed.given_kwh == pytest.approx(LOAD_KW * 14.0 / 60.0)
    assert home.site.settings.site.battery_grid_charge_limit == 0.35


def test_where_the_owners_discharge_control_holds_a_rule_is_outvoted_by_a_hold(
    steered: Build,
) -> None:
    owner = dict(RULE) | {"battery_discharge_control": True}
    plan = told_plan(load=LOAD_KWH, discharge=1.0, cars={CAR: FULL_KWH})
    home = steered(plan=plan, evcc={"initial_site": owner})
    home.home.move_slider("loadpoints/1/mode", "now")
    home.run(minutes=1)

    flowed = home.run(minutes=14)

    assert flowed.charged_kwh == pytest.approx(0.0)
    assert flowed.given_kwh == pytest.approx(0.0)


def test_evccs_rule_holds_again_when_smartload_dies(steered: Build) -> None:
    home = steered(plan=serving(), evcc={"initial_site": dict(RULE)})
    home.run(minutes=15)

    home.leave_alone(seconds=120)
    flowed = home.leave_alone(minutes=10)

    assert flowed.charged_kwh == pytest.approx(4.0 / 6.0)


# How a mode ends


@pytest.mark.parametrize(
    ("plan", "pv_kw", "mode"),
    [
        pytest.param(keeping(), 0.0, BatteryMode.HOLD, id="hold"),
        pytest.param(buying(0.9), 0.0, BatteryMode.CHARGE, id="charge"),
        pytest.param(leaving_sun(), 3.0, BatteryMode.HOLD_CHARGE, id="holdcharge"),
    ],
)
def test_ninety_seconds_after_smartload_has_died_the_battery_is_back_to_normal(
    steered: Build, plan: Any, pv_kw: float, mode: BatteryMode
) -> None:
    home = steered(plan=plan, pv_kw=pv_kw, has_car=False)
    home.run(minutes=5)
    assert home.inverter_mode is mode

    home.leave_alone(seconds=90)

    assert home.inverter_mode is BatteryMode.NORMAL
    assert home.imposed_mode is BatteryMode.UNKNOWN


def test_a_mode_stays_in_force_as_long_as_it_is_wanted(steered: Build) -> None:
    home = steered(plan=keeping())
    home.run(minutes=1)

    flowed = home.run(minutes=45)

    assert flowed.given_kwh == 0.0
    assert len(home.records(BATTERY_MODE)) == 1


def test_a_mode_that_nothing_wants_any_more_is_released(steered: Build) -> None:
    home = steered(plan=told_plan(load=LOAD_KWH, discharge=(0.0, LOAD_KWH, LOAD_KWH, LOAD_KWH)))
    home.run(minutes=15)

    flowed = home.run(minutes=15)

    assert flowed.given_kwh == pytest.approx(LOAD_KWH, abs=LOAD_KW * LATE_H)
    assert home.wire.commands[-1] == "DELETE /api/batterymode"
    assert home.inverter_mode is BatteryMode.NORMAL


def test_evccs_own_rules_go_on_after_a_release(steered: Build) -> None:
    plan = told_plan(
        load=LOAD_KWH, charge=(0.0, 1.0, 0.0, 0.0), discharge=(LOAD_KWH, 0.0, 0.0, 0.0)
    )
    home = steered(plan=plan, evcc={"initial_site": dict(RULE)})
    home.run(minutes=15)

    home.plan = None
    flowed = home.run(minutes=15)

    assert flowed.charged_kwh == pytest.approx(1.0, rel=0.1)


def test_a_stage_that_observes_again_gives_the_battery_back(steered: Build) -> None:
    home = steered(plan=keeping())
    home.run(minutes=5)

    home.controller.set_stage(Stage.BATTERY, StageMode.OBSERVING)
    flowed = home.run(minutes=6)

    assert flowed.given_kwh == pytest.approx(0.1, abs=LOAD_KW * LATE_H)
    assert home.controller.owned == ()


def test_a_service_that_is_stopped_gives_the_battery_back(steered: Build) -> None:
    home = steered(plan=keeping())
    home.run(minutes=5)

    home.stop()
    home.leave_alone(seconds=30)

    assert home.inverter_mode is BatteryMode.NORMAL
    assert home.imposed_mode is BatteryMode.UNKNOWN


def test_a_mode_lapses_while_evcc_cannot_be_reached(steered: Build) -> None:
    home = steered(plan=keeping())
    home.run(minutes=5)

    home.home.faults.set(offline=True)
    home.run(seconds=90)
    home.home.faults.clear()

    assert home.inverter_mode is BatteryMode.NORMAL


# The main fuse


def buying_after_a_rest(kwh: float) -> Any:
    """Return a plan that keeps for a quarter hour, and then buys for three.

    A battery at rest hides nothing of what the house draws.
    """
    return told_plan(load=LOAD_KWH, charge=(0.0, kwh, kwh, kwh), start_kwh=2.0)


def longest_above(home: SteeredHome, limit_a: float) -> int:
    """Return in how many of evcc's intervals on end a phase was above ``limit_a``."""
    longest = run = 0
    for phases in home.phases_a:
        run = run + 1 if max(phases) > limit_a else 0
        longest = max(longest, run)
    return longest


def buying_behind_a_fuse(steered: Build, **options: Any) -> SteeredHome:
    """Return a home that buys for the whole hour; its car is set to charge at full power."""
    home = steered(plan=buying(1.0, start_kwh=2.0, n_slots=5), soc_pct=20.0, cfg=WATCHED, **options)
    home.run(minutes=5)
    assert home.battery_kw == pytest.approx(-4.0)
    home.home.move_slider("loadpoints/1/mode", "now")
    return home


def test_buying_ends_when_a_car_takes_the_fuse(steered: Build) -> None:
    home = buying_behind_a_fuse(steered)

    home.run(seconds=60)
    flowed = home.run(minutes=5)

    assert flowed.charged_kwh == 0.0
    assert flowed.car_kwh == pytest.approx(FULL_KW / 12.0)


def test_no_phase_is_above_the_fuse_for_longer_than_two_of_evccs_intervals(steered: Build) -> None:
    home = buying_behind_a_fuse(steered)

    home.run(minutes=20)

    assert max(max(phases) for phases in home.phases_a) > FUSE_A
    assert longest_above(home, FUSE_A) <= 2


def test_buying_goes_on_after_five_calm_minutes(steered: Build) -> None:
    home = buying_behind_a_fuse(steered)
    home.run(minutes=5)

    home.home.unplug(GOLF)
    calm = home.run(minutes=5)
    home.run(minutes=2)
    bought = home.run(minutes=3)

    assert calm.charged_kwh == 0.0
    assert bought.charged_kwh == pytest.approx(0.2)


def test_as_much_load_on_all_phases_leaves_room_for_buying(steered: Build) -> None:
    home = steered(plan=buying(0.5), cfg=WATCHED, load_kw=4.0, load_shares=(0.4, 0.3, 0.3))

    flowed = home.run(minutes=15)

    assert flowed.soc_pct == pytest.approx(55.0, abs=1.0)


# What evcc does not carry out


def test_a_mode_that_the_inverter_does_not_take_is_not_confirmed_and_not_sent_anew(
    steered: Build,
) -> None:
    home = steered(plan=keeping(), stages=frozenset({Stage.BATTERY}))
    # A broken grid meter: evcc takes orders and carries out none.
    home.home.faults.set(stale=True)

    home.run(minutes=15)

    assert [one.outcome for one in home.records()] == [WriteOutcome.NOT_CONFIRMED]


# evcc is restarted


def test_a_mode_is_imposed_again_after_a_restart_of_evcc(steered: Build) -> None:
    home = steered(plan=keeping())
    home.run(minutes=5)

    home.home.restart()
    home.run(seconds=60)
    flowed = home.run(minutes=5)

    assert flowed.given_kwh == 0.0
    assert home.imposed_mode is BatteryMode.HOLD


@pytest.mark.parametrize("crash", [True, False])
def test_an_inverter_is_normal_when_nothing_is_wanted_after_evcc_was_away(
    steered: Build, *, crash: bool
) -> None:
    home = steered(plan=keeping())
    home.run(minutes=5)

    home.home.faults.set(offline=True)
    home.run(seconds=40)
    home.home.restart(crash=crash)
    home.home.faults.clear()
    home.plan = serving()
    home.run(minutes=2)

    assert home.inverter_mode is BatteryMode.NORMAL
    assert home.imposed_mode is BatteryMode.UNKNOWN
    assert home.controller.owned == ()


def test_an_inverter_is_normal_after_smartload_and_evcc_were_both_killed(steered: Build) -> None:
    home = steered(plan=keeping())
    home.run(minutes=5)

    home.home.restart(crash=True)
    home.leave_alone(seconds=60)
    home.plan = serving()
    home.start()
    home.run(minutes=2)

    assert home.inverter_mode is BatteryMode.NORMAL
    assert home.controller.owned == ()


# Somebody else's mode


def test_somebody_elses_mode_is_left_alone_until_it_is_gone(steered: Build) -> None:
    home = steered(plan=keeping())
    home.run(minutes=2)

    home.home.move_slider("batterymode", "charge")
    during = home.run(seconds=60)
    home.run(seconds=60)
    after = home.run(minutes=5)

    assert during.charged_kwh > 0.0
    assert after.charged_kwh == 0.0
    assert after.given_kwh == 0.0
