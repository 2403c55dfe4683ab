"""evcc's load management: a car takes no more than the main circuit has room for."""

import pytest

from simulator.site_view import MainCircuit
from tests.support.fake_plant import FakeBattery, FakePlant
from tests.support.simulated_evcc import START, Evcc

FULL_KW = 11.04


def charging_car(circuit: MainCircuit | None, *, load_kw: float = 0.5) -> Evcc:
    """Return a home without battery and sun whose car charges as fast as it may."""
    plant = FakePlant(at=START, load_kw=load_kw, batteries=[])
    plant.plug("ev_blue")
    evcc = Evcc(plant, circuit=circuit, initial_loadpoints=({"mode": "now"},))
    evcc.run(minutes=5)
    return evcc


def test_without_load_management_a_car_is_not_limited() -> None:
    evcc = charging_car(None, load_kw=10.0)

    assert evcc.car_kw == pytest.approx(FULL_KW)
    assert "circuits" not in evcc.state


def test_a_car_leaves_the_fullest_phase_below_its_limit() -> None:
    evcc = charging_car(MainCircuit(max_current_a=20.0), load_kw=4.6)

    currents_a = evcc.state["grid"]["currents"]

    assert evcc.car_kw == pytest.approx(10 * 0.69)
    assert max(currents_a) == pytest.approx(20.0)


def test_a_car_leaves_the_home_below_its_power_limit() -> None:
    evcc = charging_car(MainCircuit(max_power_w=8000.0), load_kw=2.0)

    assert evcc.car_kw == pytest.approx(8 * 0.69)
    assert evcc.state["grid"]["power"] <= 8000


def test_a_car_gives_way_to_the_household_and_comes_back() -> None:
    evcc = charging_car(MainCircuit(max_current_a=16.0))

    evcc.plant.load_kw = 5.75
    evcc.run(minutes=1)
    while_cooking_kw = evcc.car_kw
    evcc.plant.load_kw = 0.5
    evcc.run(minutes=2)

    assert while_cooking_kw == 0.0
    assert evcc.car_kw == pytest.approx(14 * 0.69)


def test_a_charging_battery_is_not_limited() -> None:
    plant = FakePlant(at=START, load_kw=3.0, batteries=[FakeBattery()])
    evcc = Evcc(plant, circuit=MainCircuit(max_power_w=4000.0))
    evcc.post("batterymode/charge")

    evcc.run(minutes=1)

    assert evcc.state["grid"]["power"] == 6000


def test_the_state_shows_what_the_circuit_carries_and_may_carry() -> None:
    evcc = charging_car(MainCircuit(max_current_a=35.0, max_power_w=17000.0), load_kw=2.3)

    state = evcc.state

    assert state["circuits"] == {
        "main": {
            "title": "Hausanschluss",
            "power": state["grid"]["power"],
            "current": max(state["grid"]["currents"]),
            "maxPower": 17000,
            "maxCurrent": 35,
        }
    }
