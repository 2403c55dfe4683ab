"""Observing, overrides, the owner's hand and a restarted evcc, judged by what the home does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config import Config
from domain.control import BATTERY_MODE, CommandRecord, Lever, SettingValue
from domain.site import BatteryMode
from domain.steering import CommandCode, OverrideKind, Stage, StageMode, WriteOutcome
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
from tests.support.told_plan import CAR, told_plan

# Two of evcc's intervals.
LATE_H = 60.0 / 3600.0
LOAD_KWH = 0.25
FULL_KW, FULL_KWH = 11.04, 2.76
CHEAP, DEAR = 0.2, 0.3
OBSERVING: frozenset[Stage] = frozenset()
HELPFUL = Config(battery_to_car=True, battery_wear_ct_per_kwh=0.0)


@pytest.fixture
def steered(tmp_path: Path) -> Iterator[Build]:
    yield from homes_in(tmp_path)


def serving(n_slots: int = 8) -> Any:
    """Return a plan that wants nothing."""
    return told_plan(n_slots, load=LOAD_KWH, discharge=LOAD_KWH)


def keeping(n_slots: int = 8) -> Any:
    """Return a plan in which the battery keeps its energy."""
    return told_plan(n_slots, load=LOAD_KWH)


def charging(n_slots: int = 8) -> Any:
    """Return a plan in which the car charges all the time."""
    return told_plan(n_slots, load=LOAD_KWH, discharge=LOAD_KWH, buy=CHEAP, cars={CAR: FULL_KWH})


def eventful() -> Any:
    """Return a plan that wants something of each lever, and nothing in the end.

    Nothing of it depends on what became of it.
    """
    return told_plan(
        6,
        load=(0.0, 0.0, 0.075, 0.075, 0.075, LOAD_KWH),
        pv=(0.75, 0.0, 0.0, 0.0, 0.0, 0.0),
        discharge=(0.0, 0.0, 0.0, 0.075, 1.0, LOAD_KWH),
        cars={CAR: (0.0, 0.0, 0.0, FULL_KWH, 0.925, 0.0)},
        buy=(0.4, 0.4, 0.4, CHEAP, 0.4, 0.4),
        marginal=(0.4, 0.4, 0.4, CHEAP, 0.4, 0.15),
        start_kwh=8.0,
    )


EVENTFUL_PRICES = (0.4, 0.4, 0.4, CHEAP, 0.4, 0.4)


def at_events(steered: Build, stages: frozenset[Stage]) -> SteeredHome:
    return steered(
        plan=eventful(), prices=EVENTFUL_PRICES, stages=stages, cfg=HELPFUL, buffer_soc_pct=40.0,
        soc_pct=80.0, load_kw=0.3, car_phases=1,
    )  # fmt: skip


def told(records: list[CommandRecord]) -> list[tuple[Lever, SettingValue, CommandCode]]:
    """Return what is on record, without its time."""
    return [(one.lever, one.wanted, one.reason.code) for one in records]


# Observing


def test_an_observed_plan_sends_nothing_and_leaves_evccs_settings_alone(steered: Build) -> None:
    home = at_events(steered, OBSERVING)
    before = home.settings

    home.run(minutes=76)

    assert home.wire.commands == []
    assert home.settings == before
    assert home.controller.owned == ()


def test_what_is_observed_is_on_record_as_it_would_be_carried_out(
    steered: Build, tmp_path: Path
) -> None:
    live = at_events(steered, frozenset({Stage.BATTERY, Stage.CARS}))
    live.run(minutes=76)
    (tmp_path / "observing").mkdir()
    observing = at_events(
        lambda **options: steered(folder=tmp_path / "observing", **options), OBSERVING
    )

    observing.run(minutes=76)

    assert {one.outcome for one in observing.records()} == {WriteOutcome.SIMULATED}
    assert told(observing.records()) == told(live.records())
    assert {one.lever for one in live.records()} == {BATTERY_MODE, LIMIT, BOOST, BOOST_LIMIT}


def test_an_observed_charge_mode_is_on_record_as_it_would_be_carried_out(
    steered: Build, tmp_path: Path
) -> None:
    options: dict[str, Any] = {
        "plan": told_plan(load=LOAD_KWH, discharge=LOAD_KWH, cars={CAR: (FULL_KWH, 0.0, 0.0, 0.0)}),
        "evcc": {"smart_cost_type": "pricestatic"},
    }
    live = steered(**options)
    live.run(minutes=16)
    (tmp_path / "observing").mkdir()
    observing = steered(folder=tmp_path / "observing", stages=OBSERVING, **options)

    observing.run(minutes=16)

    assert told(observing.records(MODE)) == told(live.records(MODE))
    assert observing.charge_mode == "pv"


def test_a_stage_that_acts_does_not_carry_along_one_that_observes(steered: Build) -> None:
    home = steered(plan=charging(), prices=(CHEAP,), stages=frozenset({Stage.BATTERY}))

    flowed = home.run(minutes=15)

    assert flowed.car_kwh == 0.0
    assert home.cost_limit is None
    assert home.inverter_mode is BatteryMode.HOLD


# Overrides


def test_charging_now_is_carried_out_while_the_cars_are_observed(steered: Build) -> None:
    home = steered(plan=serving(), stages=OBSERVING)
    home.ask(OverrideKind.CHARGE_NOW, CAR, minutes=30)

    flowed = home.run(minutes=15)

    assert flowed.car_kwh == pytest.approx(FULL_KWH, abs=FULL_KW * LATE_H)


@pytest.mark.parametrize("stages", [OBSERVING, frozenset({Stage.BATTERY, Stage.CARS})])
def test_charging_now_ends_by_itself_with_the_owners_mode(
    steered: Build, stages: frozenset[Stage]
) -> None:
    home = steered(plan=serving(), stages=stages)
    home.ask(OverrideKind.CHARGE_NOW, CAR, minutes=5)
    home.run(minutes=4)
    during = home.charge_mode

    home.run(minutes=2)

    assert (during, home.charge_mode) == ("now", "pv")
    assert home.controller.owned == ()


def test_charging_now_ends_when_the_car_leaves(steered: Build) -> None:
    home = steered(plan=serving())
    home.ask(OverrideKind.CHARGE_NOW, CAR, minutes=90)
    home.run(minutes=2)

    home.home.unplug(GOLF)
    home.run(minutes=2)
    home.home.plug_in(GOLF)
    flowed = home.run(minutes=5)

    assert flowed.car_kwh == 0.0
    assert home.charge_mode == "pv"


def test_charging_now_survives_a_restart_of_smartload(steered: Build) -> None:
    home = steered(plan=serving())
    home.ask(OverrideKind.CHARGE_NOW, CAR, minutes=30)
    home.run(minutes=2)

    home.start()
    flowed = home.run(minutes=5)

    assert flowed.car_kwh == pytest.approx(FULL_KW / 12.0)


def test_charging_now_ends_the_owners_hold_of_the_mode(steered: Build) -> None:
    home = steered(plan=serving())
    home.run(minutes=1)
    home.home.move_slider("loadpoints/1/mode", "minpv")
    home.run(minutes=1)

    home.ask(OverrideKind.CHARGE_NOW, CAR, minutes=5)
    home.run(minutes=1)
    during = home.charge_mode
    home.run(minutes=5)

    assert (during, home.charge_mode) == ("now", "minpv")


def test_keeping_full_fills_the_battery_while_it_is_observed(steered: Build) -> None:
    plan = told_plan(load=LOAD_KWH, charge=0.5)
    home = steered(plan=plan, stages=OBSERVING)
    home.ask(OverrideKind.KEEP_FULL, hours=8)

    flowed = home.run(minutes=15)

    assert flowed.soc_pct == pytest.approx(55.0, abs=1.0)


def test_after_keeping_full_an_observed_battery_is_the_owners_again(steered: Build) -> None:
    home = steered(plan=keeping(), stages=OBSERVING)
    home.ask(OverrideKind.KEEP_FULL, minutes=5)
    home.run(minutes=5)
    during = home.inverter_mode

    home.run(minutes=2)

    assert during is BatteryMode.HOLD
    assert home.inverter_mode is BatteryMode.NORMAL
    assert home.controller.owned == ()


# The owner's hand


def test_a_limit_that_the_owner_moves_stays_theirs(steered: Build) -> None:
    home = steered(plan=charging(), prices=(CHEAP,))
    home.run(minutes=5)

    home.home.move_slider("loadpoints/1/smartCostLimit", 0.15)
    home.run(minutes=5)
    flowed = home.run(minutes=15)

    assert home.cost_limit == 0.15
    assert flowed.car_kwh == 0.0


def test_a_limit_that_the_owner_removes_stays_removed(steered: Build) -> None:
    home = steered(plan=charging(), prices=(CHEAP,))
    home.run(minutes=5)

    home.home.move_slider("loadpoints/1/smartCostLimit", None)
    home.run(minutes=15)

    assert home.cost_limit is None


def test_the_next_car_is_charged_as_planned_again(steered: Build) -> None:
    home = steered(plan=charging(), prices=(CHEAP,))
    home.run(minutes=5)
    home.home.move_slider("loadpoints/1/smartCostLimit", 0.15)
    home.run(minutes=5)

    home.home.unplug(GOLF)
    home.run(minutes=2)
    home.home.plug_in(GOLF)
    home.run(minutes=2)
    flowed = home.run(minutes=5)

    assert flowed.car_kwh == pytest.approx(FULL_KW / 12.0)
    assert home.cost_limit == CHEAP


def test_a_car_that_the_owner_switches_off_stays_off(steered: Build) -> None:
    home = steered(plan=charging(), prices=(CHEAP,))
    home.run(minutes=5)

    home.home.move_slider("loadpoints/1/mode", "off")
    flowed = home.run(minutes=15)

    assert flowed.car_kwh <= FULL_KW * LATE_H
    assert home.charge_mode == "off"
    assert home.cost_limit is None


def test_a_mode_that_the_owner_takes_back_is_not_set_again(steered: Build) -> None:
    home = steered(plan=charging(), evcc={"smart_cost_type": "pricestatic"})
    home.run(minutes=5)

    home.home.move_slider("loadpoints/1/mode", "pv")
    home.run(minutes=15)

    assert home.charge_mode == "pv"


def helping(steered: Build) -> SteeredHome:
    plan = told_plan(8, load=0.075, discharge=1.0, start_kwh=8.0, cars={CAR: 0.925}, buy=0.4,
                     marginal=(0.4, *[0.15] * 7))  # fmt: skip
    home = steered(plan=plan, prices=(0.4,), cfg=HELPFUL, buffer_soc_pct=40.0, soc_pct=80.0,
                   load_kw=0.3, car_phases=1)  # fmt: skip
    home.run(minutes=5)
    assert home.is_boosting
    return home


def test_a_boost_that_the_owner_stops_is_not_begun_again(steered: Build) -> None:
    home = helping(steered)

    home.home.move_slider("loadpoints/1/batteryBoost", "false")
    home.run(minutes=5)
    flowed = home.run(minutes=10)

    assert not home.is_boosting
    assert flowed.car_kwh == 0.0
    assert not home.controller.bat_to_ev_active


def test_a_stopped_boost_begins_again_with_the_next_car(steered: Build) -> None:
    home = helping(steered)
    home.home.move_slider("loadpoints/1/batteryBoost", "false")
    home.run(minutes=5)

    home.home.unplug(GOLF)
    home.run(minutes=2)
    home.home.plug_in(GOLF)
    home.run(minutes=2)

    assert home.is_boosting


# Who has the say


def test_giving_evcc_back_ends_everything(steered: Build) -> None:
    home = steered(plan=charging(), prices=(CHEAP,))
    home.run(minutes=5)

    home.controller.release()
    home.run(minutes=2)

    assert home.cost_limit is None
    assert home.inverter_mode is BatteryMode.NORMAL
    assert home.controller.owned == ()


def test_a_car_stage_that_observes_again_gives_its_limit_back(steered: Build) -> None:
    home = steered(plan=charging(), prices=(CHEAP,))
    home.run(minutes=5)

    home.controller.set_stage(Stage.CARS, StageMode.OBSERVING)
    home.run(minutes=1)

    assert home.cost_limit is None


def test_evccs_automatic_mode_has_the_say(steered: Build) -> None:
    home = steered(plan=charging(), prices=(CHEAP,))
    home.run(minutes=5)

    home.home.faults.set(automatic_mode=True)
    home.run(minutes=5)

    assert home.inverter_mode is BatteryMode.NORMAL
    assert [one.lever for one in home.controller.owned] == [LIMIT]


def test_what_was_changed_is_given_back_when_evccs_automatic_mode_is_off(steered: Build) -> None:
    home = steered(plan=charging(), prices=(CHEAP,))
    home.run(minutes=5)
    home.home.faults.set(automatic_mode=True)
    home.run(minutes=5)

    home.home.faults.clear()
    home.run(minutes=2)

    assert home.cost_limit is None
    assert home.controller.owned == ()


# evcc loses or does not carry out


def test_a_limit_that_evcc_lost_in_a_crash_is_set_again(steered: Build) -> None:
    home = steered(plan=charging(), prices=(CHEAP,))
    home.run(seconds=40)
    home.home.faults.set(offline=True)
    home.run(seconds=40)

    home.home.restart(lose_settings=True, crash=True)
    home.home.move_slider("loadpoints/1/mode", "pv")
    home.home.faults.clear()
    home.run(minutes=2)

    assert home.cost_limit == CHEAP


def test_a_limit_that_evcc_does_not_take_is_not_confirmed_and_not_sent_again(
    steered: Build,
) -> None:
    home = steered(plan=charging(), prices=(CHEAP,))
    home.wire.lost["smartcostlimit/0.2"] = "0.2"

    home.run(minutes=14)

    sent = [one for one in home.records(LIMIT) if one.outcome is not WriteOutcome.REFUSED]
    assert [one.outcome for one in sent] == [WriteOutcome.NOT_CONFIRMED]
