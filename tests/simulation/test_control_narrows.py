"""What must hold in the narrow places: restarts, other controllers, the fuse, the last minutes."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config import Config
from domain.control import CommandRecord, Lever, SettingValue
from domain.site import BatteryMode
from domain.steering import CommandCode, OverrideKind, Stage, WriteOutcome
from simulator.site_view import MainCircuit
from tests.support.steered_home import MODE, Build, SteeredHome, homes_in
from tests.support.told_plan import CAR, told_plan

LATE_H = 60.0 / 3600.0
LOAD_KW, LOAD_KWH = 1.0, 0.25
FULL_KW, FULL_KWH = 11.04, 2.76
CHEAP, DEAR = 0.2, 0.3
FUSE_A = 20
WATCHED = Config(main_fuse_a=FUSE_A)
HELPFUL = Config(battery_to_car=True, battery_wear_ct_per_kwh=0.0)
OBSERVING: frozenset[Stage] = frozenset()
BUFFER_PCT, HOUSE_KW = 40.0, 0.3


@pytest.fixture
def steered(tmp_path: Path) -> Iterator[Build]:
    yield from homes_in(tmp_path)


def serving(n_slots: int = 8) -> Any:
    return told_plan(n_slots, load=LOAD_KWH, discharge=LOAD_KWH)


def keeping(n_slots: int = 8) -> Any:
    return told_plan(n_slots, load=LOAD_KWH)


def buying(kwh: float, n_slots: int = 4, start_kwh: float = 5.0) -> Any:
    return told_plan(n_slots, load=LOAD_KWH, charge=kwh, start_kwh=start_kwh)


def charging(n_slots: int = 8) -> Any:
    return told_plan(n_slots, load=LOAD_KWH, discharge=LOAD_KWH, buy=CHEAP, cars={CAR: FULL_KWH})


def helping(steered: Build, **options: Any) -> SteeredHome:
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


def told(records: list[CommandRecord]) -> list[tuple[Lever, SettingValue, CommandCode]]:
    return [(one.lever, one.wanted, one.reason.code) for one in records]


def test_a_battery_serves_the_house_again_when_the_car_has_charged(steered: Build) -> None:
    plan = told_plan(load=LOAD_KWH, discharge=LOAD_KWH, cars={CAR: (FULL_KWH, 0.0, 0.0, 0.0)},
                     buy=(0.2, 0.3, 0.3, 0.3))  # fmt: skip
    home = steered(plan=plan, prices=(0.2, 0.3))
    home.run(minutes=15)

    flowed = home.run(minutes=15)

    # evcc takes three minutes to switch the car off; the grid serves it, and the house, until then.
    assert flowed.given_kwh == pytest.approx(LOAD_KWH * 11.0 / 15.0, abs=LOAD_KW * LATE_H)


def test_nothing_is_bought_while_the_fuse_has_no_room(steered: Build) -> None:
    home = steered(plan=buying(1.0, start_kwh=2.0), soc_pct=20.0, cfg=WATCHED, load_kw=8.0)

    flowed = home.run(hours=1)

    assert flowed.charged_kwh == 0.0
    assert home.phases_a[-1][0] > 0.8 * FUSE_A


def test_one_loaded_phase_keeps_the_battery_from_buying(steered: Build) -> None:
    home = steered(plan=buying(0.5), cfg=WATCHED, load_kw=4.0, load_shares=(0.8, 0.1, 0.1))

    flowed = home.run(minutes=15)

    assert flowed.charged_kwh == 0.0


def test_the_limit_of_evccs_circuit_holds_where_it_is_lower(steered: Build) -> None:
    circuit = MainCircuit(max_current_a=10.0)
    home = steered(plan=buying(0.5), load_kw=3.0, evcc={"circuit": circuit})

    flowed = home.run(minutes=15)

    assert flowed.charged_kwh == 0.0


def test_the_home_draws_no_more_than_the_owners_limit(steered: Build) -> None:
    home = steered(plan=buying(0.5), cfg=Config(grid_import_limit_kw=4.5))

    flowed = home.run(minutes=15)

    assert flowed.charged_kwh == 0.0


def test_a_mode_that_evcc_forgets_at_once_is_not_confirmed_and_not_sent_anew(
    steered: Build,
) -> None:
    home = steered(plan=keeping(), stages=frozenset({Stage.BATTERY}))
    home.wire.lost["batterymode/hold"] = "2"

    home.run(minutes=14)

    assert [one.outcome for one in home.records()] == [WriteOutcome.NOT_CONFIRMED]


def test_an_inverter_is_normal_after_a_restart_between_two_readings(steered: Build) -> None:
    home = steered(plan=keeping())
    home.run(minutes=5)

    home.home.restart(crash=True)
    home.pass_time(timedelta(seconds=20))
    home.plan = serving()
    home.run(minutes=2)

    assert home.inverter_mode is BatteryMode.NORMAL
    assert home.controller.owned == ()


@pytest.mark.parametrize("phases", [1, 3])
def test_a_car_gets_nothing_of_what_the_buffer_keeps(steered: Build, phases: int) -> None:
    home = helping(steered, car_phases=phases)

    home.run(minutes=40)
    until_charged = home.house.reading.batteries[0].soc_pct
    flowed = home.run(minutes=10)

    # 1 %, and one interval at the battery's full power.
    house_pct = 100.0 * HOUSE_KW / 10.0 * 10.0 / 60.0
    assert flowed.car_kwh == 0.0
    assert until_charged >= BUFFER_PCT - 1.0 - 0.4 - house_pct


def test_a_boost_limit_that_is_the_owners_already_is_on_record_neither_way(
    steered: Build, tmp_path: Path
) -> None:
    owner = {"evcc": {"initial_loadpoints": ({"mode": "pv", "boost_limit_pct": 40},)}}
    options: dict[str, Any] = {
        "plan": told_plan(
            4, load=0.075, discharge=(1.0, 0.075, 0.075, 0.075), start_kwh=8.0, buy=0.4,
            cars={CAR: (0.925, 0.0, 0.0, 0.0)}, marginal=(0.4, 0.15, 0.15, 0.15),
        ),
        "prices": (0.4,), "cfg": HELPFUL, "buffer_soc_pct": 40.0, "soc_pct": 80.0,
        "load_kw": 0.3, "car_phases": 1,
    } | owner  # fmt: skip
    live = steered(**options)
    live.run(minutes=20)
    (tmp_path / "observing").mkdir()
    observing = steered(folder=tmp_path / "observing", stages=OBSERVING, **options)

    observing.run(minutes=20)

    assert told(observing.records()) == told(live.records())


def test_nobody_is_told_that_the_battery_helps_when_the_owner_has_stopped_it(
    steered: Build,
) -> None:
    home = helping(steered)
    home.run(minutes=5)

    home.home.move_slider("loadpoints/1/batteryBoost", "false")
    home.run(minutes=5)

    assert home.steering.bat_to_car is not None
    assert not home.steering.bat_to_car.is_active


def test_evccs_automatic_mode_is_not_written_to(steered: Build) -> None:
    home = steered(plan=charging(), prices=(CHEAP,))
    home.run(minutes=5)
    before = len(home.wire.commands)

    home.home.faults.set(automatic_mode=True)
    home.run(minutes=10)

    assert len(home.wire.commands) == before
    assert home.cost_limit == CHEAP


def test_a_limit_that_evcc_does_not_take_is_not_said_to_be_the_owners_hand(
    steered: Build,
) -> None:
    home = steered(plan=charging(), prices=(CHEAP,))
    home.wire.lost["smartcostlimit/0.2"] = "0.2"

    home.run(minutes=14)

    assert home.controller.holds == ()


def test_a_limit_that_evcc_did_not_take_is_sent_again_after_a_quarter_of_an_hour(
    steered: Build,
) -> None:
    home = steered(plan=charging(), prices=(CHEAP,))
    home.wire.lost["smartcostlimit/0.2"] = "0.2"
    home.run(minutes=10)

    home.wire.lost.clear()
    home.run(minutes=7)

    assert home.cost_limit == CHEAP


def test_a_mode_lapses_while_evcc_takes_orders_and_cannot_be_read(steered: Build) -> None:
    home = steered(plan=buying(1.0, start_kwh=2.0), soc_pct=20.0)
    home.run(minutes=5)

    # evcc swallows its own encoding errors: 200 without a body, and the order is carried out.
    home.home.faults.set(empty_200=True)
    home.run(seconds=90)

    assert home.inverter_mode is BatteryMode.NORMAL


def test_somebody_elses_mode_is_not_overwritten_before_it_was_seen(steered: Build) -> None:
    home = steered(plan=keeping())
    home.run(minutes=2)

    home.home.move_slider("batterymode", "charge")
    home.steering.keeper.keep_if_due()
    home.run(seconds=60)

    assert home.inverter_mode is BatteryMode.CHARGE


def test_no_phase_is_above_the_fuse_because_the_battery_begins_to_buy(steered: Build) -> None:
    home = steered(plan=buying(1.0, start_kwh=2.0), soc_pct=20.0, cfg=WATCHED, load_kw=8.0)

    home.run(minutes=10)

    assert max(max(phases) for phases in home.phases_a) <= FUSE_A


def test_a_boost_that_ends_with_the_mode_is_no_hand(steered: Build) -> None:
    home = helping(steered)
    home.run(minutes=5)

    # evcc itself ends a boost when the mode is changed.
    home.home.move_slider("loadpoints/1/mode", "minpv")
    home.run(minutes=5)

    assert [one.lever for one in home.controller.holds] == [MODE]
    assert home.is_boosting


def test_a_boosts_limit_is_the_owners_again_when_they_have_stopped_the_boost(
    steered: Build,
) -> None:
    home = helping(steered)
    home.run(minutes=5)

    home.home.move_slider("loadpoints/1/batteryBoost", "false")
    home.run(minutes=5)

    assert home.boost_limit_pct == 100


def test_what_the_owner_has_stopped_is_not_asked_for_again(steered: Build) -> None:
    home = helping(steered)
    home.run(minutes=5)

    home.home.move_slider("loadpoints/1/batteryBoost", "false")
    home.run(minutes=1)

    assert [one for one in home.records() if one.outcome is WriteOutcome.REFUSED] == []


def test_nothing_is_refused_when_charging_now_ends_and_a_boost_goes_on(steered: Build) -> None:
    home = helping(steered)
    home.run(minutes=5)

    home.ask(OverrideKind.CHARGE_NOW, CAR, minutes=5)
    home.run(minutes=7)

    assert WriteOutcome.REFUSED not in {one.outcome for one in home.records()}
