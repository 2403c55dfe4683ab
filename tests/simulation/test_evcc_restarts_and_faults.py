"""What survives a restart of the simulated evcc, and what its faults look like from outside."""

import json
import threading
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from simulator.evcc_version import FORECAST_OBJECTS_VERSION
from simulator.transport import SimulatorTransport
from tests.support.fake_plant import FakeBattery, FakePlant
from tests.support.simulated_evcc import START, Evcc, two_chargers


def client_of(evcc: Evcc, timeout_s: float = 5.0) -> httpx2.Client:
    return httpx2.Client(
        transport=SimulatorTransport(evcc.home), base_url="http://evcc", timeout=timeout_s
    )


# --- persistence


def test_a_clean_stop_keeps_what_was_just_set() -> None:
    evcc = Evcc()
    evcc.post("buffersoc/55")
    evcc.post("loadpoints/1/enable/delay/300")

    evcc.home.restart()
    evcc.run(minutes=1)

    assert evcc.state["bufferSoc"] == 55
    assert evcc.loadpoint["enableDelay"] == 60


def test_a_crash_loses_what_was_set_within_the_last_minute() -> None:
    evcc = Evcc()
    evcc.post("buffersoc/40")
    evcc.run(minutes=2)
    evcc.post("buffersoc/55")

    evcc.home.restart(crash=True)
    evcc.run(minutes=1)

    assert evcc.state["bufferSoc"] == 40


def test_a_lost_database_leaves_evccs_own_defaults() -> None:
    evcc = Evcc(initial_site={"buffer_soc_pct": 50.0}, initial_loadpoints=({"mode": "pv"},))

    evcc.home.restart(lose_settings=True)
    evcc.run(minutes=1)

    assert evcc.state["bufferSoc"] == 0
    assert evcc.loadpoint["mode"] == "off"


def test_plans_limits_and_vehicle_settings_survive_a_restart() -> None:
    plant = FakePlant(at=START)
    plant.plug("ev_blue")
    evcc = Evcc(plant)
    evcc.post("vehicles/ev_blue/plan/soc/80/2026-06-11T05:00:00Z")
    evcc.post("loadpoints/1/limitsoc/90")

    evcc.home.restart()
    evcc.run(minutes=2)

    assert evcc.loadpoint["effectivePlanTime"] == "2026-06-11T05:00:00Z"
    assert evcc.loadpoint["limitSoc"] == 90


def test_evcc_starts_step_by_step() -> None:
    evcc = Evcc()
    evcc.home.restart()

    statuses = []
    for _ in range(4):
        response = evcc.send("GET", "/api/state")
        ready = json.loads(response.body)["apiReady"] if response.status == 200 else None
        statuses.append((response.status, ready, evcc.send("POST", "/api/residualpower/0").status))
        evcc.run(seconds=6)

    assert statuses == [
        (404, None, 404),
        (404, None, 404),
        (200, True, 200),
        (200, True, 200),
    ]


def test_shortly_after_the_start_the_state_is_there_before_the_other_routes() -> None:
    evcc = Evcc()
    evcc.home.restart()
    evcc.run(seconds=11)

    state = evcc.state

    assert state["apiReady"] is False
    assert state["grid"] is None
    assert evcc.send("POST", "/api/buffersoc/50").status == 404


def test_a_home_goes_on_from_its_saved_state() -> None:
    plant = FakePlant(at=START, pv_kw=3.0)
    plant.plug("ev_blue")
    evcc = Evcc(plant, initial_loadpoints=({"mode": "pv"},))
    evcc.post("buffersoc/35")
    evcc.run(hours=3)
    plant.unplug()
    evcc.run(minutes=1)

    saved = json.loads(json.dumps(evcc.home.to_state()))
    other = Evcc(FakePlant(at=START))
    other.home.restore_state(saved)
    other.clock.move(evcc.clock.now() - other.clock.now())

    assert other.state["bufferSoc"] == 35
    assert other.get("/api/sessions") == evcc.get("/api/sessions")
    assert other.get("/api/history/energy") == evcc.get("/api/history/energy")
    assert other.home.at == evcc.home.at


# --- faults


def test_offline_refuses_connections() -> None:
    evcc = Evcc()
    evcc.home.faults.set(offline=True)

    with client_of(evcc) as client, pytest.raises(httpx2.ConnectError):
        client.get("/api/state")

    evcc.home.faults.set(offline=False)
    with client_of(evcc) as client:
        assert client.get("/api/state").json()["apiReady"] is True


def test_a_slow_evcc_runs_into_the_read_timeout_but_carries_the_request_out() -> None:
    evcc = Evcc()
    evcc.home.faults.set(slow_s=6.0)

    with client_of(evcc, timeout_s=5.0) as client, pytest.raises(httpx2.ReadTimeout):
        client.post("/api/buffersoc/50")
    with client_of(evcc, timeout_s=7.0) as client:
        assert client.get("/api/state").json()["bufferSoc"] == 50


def test_half_answers_break_the_connection() -> None:
    evcc = Evcc()
    evcc.home.faults.set(half_answers=True)

    with client_of(evcc) as client, pytest.raises(httpx2.RemoteProtocolError):
        client.get("/api/state")


def test_empty_answers_are_200() -> None:
    evcc = Evcc()
    evcc.home.faults.set(empty_200=True)

    with client_of(evcc) as client:
        response = client.get("/api/state")

    assert (response.status_code, response.content) == (200, b"")


def test_wrong_types_keep_the_keys() -> None:
    evcc = Evcc()
    evcc.home.faults.set(wrong_types=True)

    assert evcc.state["homePower"] == "640 W"
    assert evcc.state["loadpoints"] == {"0": None}


def test_a_failed_grid_meter_freezes_its_values_and_the_chargers() -> None:
    plant = FakePlant(at=START, pv_kw=6.0, batteries=[])
    plant.plug("ev_blue")
    evcc = Evcc(plant, initial_loadpoints=({"mode": "pv"},))
    evcc.run(minutes=10)
    before = evcc.state

    evcc.home.faults.set(stale=True)
    plant.pv_kw, plant.load_kw = 1.0, 2.0
    evcc.run(minutes=30)
    during = evcc.state

    assert during["grid"] == before["grid"]
    assert during["homePower"] == before["homePower"]
    assert during["pvPower"] == 1000
    assert during["loadpoints"][0]["offeredCurrent"] == before["loadpoints"][0]["offeredCurrent"]
    evcc.home.faults.clear()
    evcc.run(minutes=10)
    assert evcc.state["homePower"] == 2000


def test_an_unreadable_battery_power_counts_as_zero() -> None:
    evcc = Evcc(FakePlant(at=START, load_kw=1.0))
    evcc.home.faults.set(battery_power_zero=True)
    evcc.run(minutes=1)

    state = evcc.state

    assert state["battery"]["power"] == 0
    assert state["battery"]["devices"][0]["power"] == 0
    assert state["homePower"] == 0


def test_one_missing_soc_of_two_makes_the_mean_wrong_and_the_capacity_a_count() -> None:
    plant = FakePlant(at=START, batteries=[FakeBattery(soc_pct=60.0), FakeBattery(soc_pct=80.0)])
    evcc = Evcc(plant)
    evcc.home.faults.set(soc_missing=True)
    evcc.run(seconds=30)

    battery = evcc.state["battery"]

    assert battery["soc"] == pytest.approx(40.0, abs=0.2)
    assert battery["capacity"] == 2
    assert "soc" not in battery["devices"][0]
    assert "soc" in battery["devices"][1]


def test_a_single_missing_soc_keeps_the_last_one() -> None:
    plant = FakePlant(at=START, load_kw=4.0)
    evcc = Evcc(plant)
    evcc.home.faults.set(soc_missing=True)
    evcc.run(minutes=30)

    assert evcc.state["battery"]["soc"] == 50
    assert "soc" not in evcc.state["battery"]["devices"][0]


def test_late_prices_end_at_local_midnight() -> None:
    evcc = Evcc()
    evcc.home.faults.set(prices_late=True)
    evcc.run(minutes=15)

    last = evcc.get("/api/tariff/grid")["rates"][-1]

    assert last["end"] == "2026-06-11T00:00:00+02:00"


def test_a_failed_price_source_leaves_null_rates_and_the_last_price() -> None:
    evcc = Evcc()
    evcc.home.faults.set(no_prices=True)
    evcc.run(minutes=15)

    assert evcc.send("GET", "/api/tariff/grid").body == b'{"rates":null}\n'
    assert "grid" not in evcc.state["forecast"]
    assert evcc.state["tariffGrid"] == 0.3


def test_a_failed_solar_forecast_is_outdated_and_gone_from_the_state() -> None:
    evcc = Evcc()
    evcc.home.faults.set(no_solar=True)
    evcc.run(minutes=15)

    response = evcc.send("GET", "/api/tariff/solar")

    assert (response.status, json.loads(response.body)) == (404, {"error": "outdated"})
    assert "solar" not in evcc.state["forecast"]


def test_a_home_without_solar_forecast_says_so() -> None:
    response = Evcc(has_solar=False).send("GET", "/api/tariff/solar")

    assert json.loads(response.body) == {"error": "tariff not available"}


def test_an_evcc_that_does_not_get_up_answers_404_until_it_does() -> None:
    evcc = Evcc()
    evcc.home.faults.set(starting=True)
    evcc.run(hours=1)
    assert evcc.send("GET", "/api/state").status == 404

    evcc.home.faults.set(starting=False)
    evcc.run(seconds=5)
    assert evcc.send("GET", "/api/state").status == 404
    evcc.run(minutes=1)
    assert evcc.state["apiReady"] is True


def test_somebody_can_move_a_slider() -> None:
    evcc = Evcc()
    evcc.home.move_slider("bufferSoc", 65.0)
    evcc.home.move_slider("loadpoints/1/mode", "now")

    assert evcc.state["bufferSoc"] == 65
    assert evcc.loadpoint["mode"] == "now"
    with pytest.raises(ValueError, match="priority soc must be smaller"):
        evcc.home.move_slider("prioritySoc", 70)


@pytest.mark.parametrize("change", [{"gremlins": True}, {"offline": 1.5}, {"slow_s": -1.0}])
def test_an_unknown_fault_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="fault"):
        Evcc().home.faults.set(**change)


# --- the whole


@pytest.mark.parametrize("day", [datetime(2026, 3, 28, 20, tzinfo=UTC), START])
def test_power_balances_through_the_whole_stack(day: datetime) -> None:
    plant = two_chargers()
    plant.at = day
    plant.plug("ev_blue", 0)
    plant.plug("ev_red", 1)
    evcc = Evcc(
        plant,
        version=FORECAST_OBJECTS_VERSION,
        initial_site={"buffer_soc_pct": 30.0, "buffer_start_soc_pct": 70.0},
        initial_loadpoints=({"mode": "pv"}, {"mode": "minpv"}),
    )

    for quarter in range(96):
        plant.pv_kw = 0.1 * (quarter * 7 % 90)
        plant.load_kw = 0.2 + 0.05 * (quarter * 5 % 40)
        evcc.run(minutes=15)
        state = evcc.state
        charge_w = sum(lp["chargePower"] for lp in state["loadpoints"])
        supply_w = state["grid"]["power"] + state["pvPower"] + state["battery"]["power"]
        assert supply_w == pytest.approx(state["homePower"] + charge_w, abs=1.0)
        assert state["homePower"] == pytest.approx(plant.load_kw * 1000, abs=1.0)


def test_threads_share_a_home_without_losing_settings() -> None:
    evcc = Evcc()
    start = threading.Barrier(4)

    def post(value: int) -> None:
        start.wait()
        for _ in range(25):
            evcc.post(f"loadpoints/1/priority/{value}")
            evcc.post(f"buffersoc/{value}")
            evcc.clock.move(timedelta(seconds=1))

    threads = [threading.Thread(target=post, args=(value,)) for value in (10, 20, 30, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert evcc.state["bufferSoc"] in (10, 20, 30, 40)
    assert evcc.loadpoint["priority"] in (10, 20, 30, 40)
