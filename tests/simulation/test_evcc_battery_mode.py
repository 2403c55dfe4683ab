"""Who decides the battery's mode, judged by what the inverter does."""

from datetime import timedelta

import pytest

from domain.site import BatteryMode
from tests.support.fake_plant import FakeBattery, FakeMarket, FakePlant
from tests.support.simulated_evcc import START, Evcc


def house(*, car: bool = False, prices: dict[int, float] | None = None, **site: object) -> Evcc:
    plant = FakePlant(at=START, load_kw=1.0)
    if car:
        plant.plug("ev_blue")
    market = FakeMarket(until=START + timedelta(days=2), by_hour=prices or {})
    return Evcc(
        plant, market=market, initial_site=dict(site), initial_loadpoints=({"mode": "off"},)
    )


def discharge_kw(evcc: Evcc) -> float:
    return evcc.plant.reading.batteries[0].discharge_kw


def test_an_outside_hold_is_carried_out_by_the_next_cycle_not_by_the_post() -> None:
    evcc = house()

    answer = evcc.post("batterymode/hold")
    before = evcc.state

    assert answer == 2
    assert before["batteryMode"] == "unknown"
    assert before["batteryModeExternal"] == "hold"
    evcc.run(seconds=60)
    assert evcc.state["batteryMode"] == "hold"
    assert discharge_kw(evcc) == 0.0


def test_an_outside_mode_that_is_not_repeated_ends_after_60_s_and_normal_is_sent_once() -> None:
    evcc = house()
    evcc.post("batterymode/hold")

    evcc.run(minutes=5)

    assert evcc.plant.modes_seen == [BatteryMode.UNKNOWN, BatteryMode.HOLD, BatteryMode.NORMAL]
    assert evcc.state["batteryModeExternal"] == "unknown"
    assert evcc.state["batteryMode"] == "normal"
    assert discharge_kw(evcc) == pytest.approx(1.0)


def test_an_outside_mode_repeated_in_time_stays() -> None:
    evcc = house()

    for _ in range(20):
        evcc.post("batterymode/hold")
        evcc.run(seconds=30)

    assert evcc.state["batteryMode"] == "hold"
    assert BatteryMode.NORMAL not in evcc.plant.modes_seen


@pytest.mark.parametrize("release", ["delete", "unknown"])
def test_a_released_mode_gives_way_to_normal(release: str) -> None:
    evcc = house()
    evcc.post("batterymode/charge")
    evcc.run(seconds=30)

    if release == "delete":
        assert evcc.send("DELETE", "/api/batterymode").body == b"0\n"
    else:
        assert evcc.post("batterymode/unknown") == 0
    evcc.run(seconds=30)

    assert evcc.state["batteryMode"] == "normal"


def test_somebody_else_can_impose_a_mode_and_release_it() -> None:
    evcc = house()

    evcc.home.move_slider("batterymode", "hold")
    evcc.run(minutes=1)
    held_kw = discharge_kw(evcc)
    evcc.home.move_slider("batterymode", None)
    evcc.run(minutes=1)

    assert held_kw == 0.0
    assert discharge_kw(evcc) == pytest.approx(1.0)


def test_the_external_mode_is_absent_until_somebody_used_it() -> None:
    assert "batteryModeExternal" not in house().state


def test_an_outside_wish_outranks_grid_charging_and_normal_suppresses_a_hold() -> None:
    evcc = house(car=True, battery_grid_charge_limit=0.5, battery_discharge_control=True)
    evcc.post("loadpoints/1/mode/now")

    evcc.post("batterymode/normal")
    evcc.run(seconds=60)

    assert evcc.state["batteryMode"] == "normal"
    assert discharge_kw(evcc) == pytest.approx(5.0)


def test_grid_charging_outranks_discharge_control() -> None:
    evcc = house(car=True, battery_grid_charge_limit=0.5, battery_discharge_control=True)
    evcc.post("loadpoints/1/mode/now")

    evcc.run(minutes=2)

    assert evcc.state["batteryMode"] == "charge"
    assert evcc.state["batteryGridChargeActive"] is True


def test_discharge_control_holds_for_fast_charging_and_ends_with_it() -> None:
    evcc = house(car=True, battery_discharge_control=True)
    evcc.post("loadpoints/1/mode/now")
    evcc.run(minutes=2)
    held_kw = discharge_kw(evcc)

    evcc.post("loadpoints/1/mode/off")
    evcc.run(minutes=2)

    assert held_kw == 0.0
    assert evcc.car_kw == 0.0
    assert evcc.state["batteryMode"] == "normal"
    assert discharge_kw(evcc) == pytest.approx(1.0)


def test_discharge_control_never_holds_for_min_pv() -> None:
    evcc = house(car=True, battery_discharge_control=True)
    evcc.post("loadpoints/1/mode/minpv")

    evcc.run(minutes=5)

    assert evcc.car_kw > 0.0
    assert discharge_kw(evcc) > 1.0
    assert evcc.state["batteryMode"] == "unknown"


def test_the_grid_charge_limit_is_inclusive_and_ends_with_the_cheap_hour() -> None:
    evcc = house(prices={10: 0.10}, battery_grid_charge_limit=0.10)

    evcc.run(minutes=30)
    charging_kw = evcc.plant.reading.batteries[0].charge_kw
    evcc.run(minutes=31)

    assert charging_kw == pytest.approx(3.0)
    assert evcc.state["batteryMode"] == "normal"
    assert evcc.state["batteryGridChargeActive"] is False


def test_a_static_price_never_charges_the_battery_from_the_grid() -> None:
    evcc = Evcc(
        FakePlant(at=START),
        smart_cost_type="pricestatic",
        initial_site={"battery_grid_charge_limit": 1.0},
    )

    evcc.run(minutes=5)

    assert evcc.state["batteryMode"] == "unknown"
    assert evcc.state["smartCostAvailable"] is False


def test_grid_charging_ends_at_the_configured_soc_while_the_state_says_charge() -> None:
    plant = FakePlant(at=START, batteries=[FakeBattery(soc_pct=78.0)])
    evcc = Evcc(plant, initial_site={"battery_grid_charge_limit": 0.5}, battery_max_soc_pct=80.0)

    evcc.run(hours=1)

    assert plant.batteries[0].soc_pct == pytest.approx(80.0, abs=1.0)
    assert evcc.state["batteryMode"] == "charge"


def test_without_a_controllable_battery_a_mode_is_silently_ignored() -> None:
    evcc = Evcc(FakePlant(at=START, batteries=[FakeBattery(controllable=False)]))

    assert evcc.post("batterymode/hold") == 0
    evcc.run(minutes=1)

    assert evcc.state["batteryMode"] == "unknown"
    assert evcc.refusal("batterydischargecontrol/true") == (
        400,
        "battery control not available",
    )


def test_a_clean_stop_releases_a_held_battery_and_a_crash_does_not() -> None:
    clean, crashed = house(), house()
    for evcc in (clean, crashed):
        evcc.post("batterymode/hold")
        evcc.run(seconds=30)

    clean.home.restart()
    crashed.home.restart(crash=True)
    for evcc in (clean, crashed):
        evcc.run(minutes=2)

    assert discharge_kw(clean) == pytest.approx(1.0)
    assert discharge_kw(crashed) == 0.0
    assert crashed.state["batteryMode"] == "unknown"
    assert "batteryModeExternal" not in crashed.state
