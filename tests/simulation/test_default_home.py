"""The demo's home as a whole: believable, balanced through evcc's answers, the same every time."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulator.default_home import default_home
from simulator.evcc_messages import ApiRequest
from simulator.home import SimulatedHome
from tests.support.simulated_evcc import MovableClock

SUMMER = datetime(2026, 6, 10, tzinfo=UTC)


def home_at(start: datetime, seed: int = 1) -> tuple[SimulatedHome, MovableClock]:
    clock = MovableClock(start)
    return default_home(seed=seed, start=start, clock=clock), clock


def get(home: SimulatedHome, path: str, query: str = "") -> Any:
    return json.loads(home.handle(ApiRequest(method="GET", path=path, query=query)).body)


@pytest.mark.parametrize("start", [SUMMER, datetime(2026, 10, 24, 12, tzinfo=UTC)])
def test_every_state_of_two_days_balances(start: datetime) -> None:
    home, clock = home_at(start)

    for _ in range(192):
        clock.move(timedelta(minutes=15))
        state = get(home, "/api/state")
        charge_w = sum(lp.get("chargePower", 0) for lp in state["loadpoints"])
        supply_w = state["grid"]["power"] + state["pvPower"] + state["battery"]["power"]
        assert supply_w == pytest.approx(state["homePower"] + charge_w, abs=1.0)


def test_over_a_summer_week_cars_charge_mostly_from_the_sun() -> None:
    home, clock = home_at(SUMMER)
    clock.move(timedelta(days=7))

    state = get(home, "/api/state")
    energies = {
        series["group"]: sum(day["energy"] for day in series["data"])
        for series in get(home, "/api/history/energy", "aggregate=day&grouped=true")
    }

    assert state["siteTitle"] == "Haus am Hang"
    assert state["statistics"]["total"]["solarPercentage"] > 60
    assert energies["loadpoint"] > 10
    assert energies["pv"] > energies["home"]
    assert len(state["forecast"]["grid"]) >= 40


def test_the_same_seed_gives_the_same_week_and_another_one_another() -> None:
    states = []
    for seed in (1, 1, 2):
        home, clock = home_at(SUMMER, seed)
        clock.move(timedelta(days=1))
        states.append(get(home, "/api/state"))

    assert states[0] == states[1]
    assert states[0] != states[2]


def test_a_home_restored_from_its_state_lives_on_alike() -> None:
    home, clock = home_at(SUMMER)
    clock.move(timedelta(days=1))
    home.tick()
    saved = json.loads(json.dumps(home.to_state()))

    other, other_clock = home_at(SUMMER)
    other.restore_state(saved)
    for moved in (clock, other_clock):
        moved.move(SUMMER + timedelta(days=2) - moved.now())

    first, second = get(home, "/api/state"), get(other, "/api/state")
    assert second["pvPower"] == first["pvPower"]
    assert second["homePower"] == pytest.approx(first["homePower"], abs=1.0)
    assert second["battery"]["soc"] == pytest.approx(first["battery"]["soc"], abs=5.0)
    assert second["historyUpdated"] == first["historyUpdated"]
