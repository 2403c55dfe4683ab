"""The exact bodies, status codes and refusals of the simulated evcc's HTTP interface."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from simulator.evcc_version import (
    BATTERY_ARRAY_VERSION,
    CURRENT_VERSION,
    ENVELOPE_VERSION,
    SMART_MODE_VERSION,
    EvccVersion,
)
from tests.support.fake_plant import FakeBattery, FakePlant
from tests.support.simulated_evcc import START, Evcc, two_chargers

NOT_FOUND = (404, b"404 page not found\n")


@pytest.fixture
def evcc() -> Evcc:
    plant = two_chargers()
    plant.plug("ev_blue")
    return Evcc(plant)


# --- bodies and kinds of refusal


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("buffersoc/50", b"50\n"),
        ("buffersoc/12.5", b"12.5\n"),
        ("buffersoc/150", b"150\n"),
        ("buffersoc/.5", b"0.5\n"),
        ("batterydischargecontrol/true", b"true\n"),
        ("batterydischargecontrol/0", b"false\n"),
        ("batterygriddischarge/t", b"true\n"),
        ("batterygridchargelimit/-0.05", b"-0.05\n"),
        ("batterymode/holdcharge", b"4\n"),
        ("residualpower/-100", b"-100\n"),
        ("gridexportlimit/0", b"0\n"),
        ("solaradjusted/1", b"true\n"),
        ("smartcostlimit/0.2", b"0.2\n"),
        ("optimize", b'{"Err":{}}\n'),
        ("optimizerchargingstrategy/none", b'"none"\n'),
        ("loadpoints/1/mode/minpv", b'"minpv"\n'),
        ("loadpoints/1/limitsoc/80", b"80\n"),
        ("loadpoints/1/mintemp/20", b"20\n"),
        ("loadpoints/2/mincurrent/6.5", b"6.5\n"),
        ("loadpoints/1/phases/0", b"0\n"),
        ("loadpoints/1/priority/2", b"2\n"),
        ("loadpoints/1/enable/threshold/-500", b"-500\n"),
        ("loadpoints/1/enable/delay/60", b"60000000000\n"),
        ("loadpoints/1/disable/delay/0", b"0\n"),
        ("loadpoints/1/batteryboostlimit/100", b"100\n"),
        ("loadpoints/1/vehicle/ev_red", b'{"vehicle":"Red van"}\n'),
        ("vehicles/ev_blue/minsoc/20", b'{"soc":20}\n'),
        ("vehicles/ev_blue/limitsoc/80", b'{"soc":80}\n'),
        ("vehicles/ev_blue/mode/pv", b'{"mode":"pv"}\n'),
    ],
)
def test_a_setter_answers_the_bare_effective_value(evcc: Evcc, path: str, body: bytes) -> None:
    response = evcc.send("POST", f"/api/{path}")

    assert (response.status, response.body) == (200, body)
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "path",
    [
        "buffersoc/-5",
        "buffersoc/1e1",
        "buffersoc/12,5",
        "buffersoc/",
        "batterydischargecontrol/on",
        "batterymode/Hold",
        "loadpoints/3/mode/pv",
        "loadpoints/0/mode/pv",
        "loadpoints/01/mode/pv",
        "loadpoints/lp-1/mode/pv",
        "loadpoints/1/minsoc/20",
        "loadpoints/1/targetsoc/20",
        "loadpoints/1/limitsoc/12.5",
        "loadpoints/1/alwayscharge/on",
        "nothing",
    ],
)
def test_a_path_that_matches_no_route_is_a_plain_404(evcc: Evcc, path: str) -> None:
    response = evcc.send("POST", f"/api/{path.rstrip('/')}")

    assert (response.status, response.body) == NOT_FOUND
    assert response.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("buffersoc/1.2.3", 'strconv.ParseFloat: parsing "1.2.3": invalid syntax'),
        ("batterydischargecontrol/tru", 'strconv.ParseBool: parsing "tru": invalid syntax'),
        (
            "loadpoints/1/limitsoc/99999999999999999999",
            'strconv.Atoi: parsing "99999999999999999999": value out of range',
        ),
        ("batterymode/drain", "drain does not belong to BatteryMode values"),
        ("optimizerchargingstrategy/a_b", "invalid optimizer charging strategy: a_b"),
        ("loadpoints/1/mode/smart", "invalid value: smart"),
        ("loadpoints/1/phases/2", "invalid number of phases: 2"),
        (
            "loadpoints/1/mincurrent/17",
            "min current must be smaller or equal than max current",
        ),
        (
            "loadpoints/1/maxcurrent/5",
            "max current must be greater or equal than min current",
        ),
        ("loadpoints/1/vehicle/nobody", "not found: nobody"),
        ("vehicles/nobody/minsoc/20", "not found: nobody"),
        ("vehicles/ev_blue/plan/soc/80/2020-01-01T00:00:00Z", "timestamp is in the past"),
        ("loadpoints/1/plan/energy/5/2020-01-01T00:00:00Z", "timestamp is in the past"),
    ],
)
def test_a_wrong_value_is_a_json_400(evcc: Evcc, path: str, message: str) -> None:
    response = evcc.send("POST", f"/api/{path}")

    assert response.status == 400
    assert json.loads(response.body) == {"error": message}
    assert response.headers["content-type"] == "application/json; charset=UTF-8"
    assert response.body.endswith(b"\n")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/buffersoc/50"),
        ("POST", "/api/state"),
        ("HEAD", "/api/state"),
        ("OPTIONS", "/api/state"),
        ("DELETE", "/api/loadpoints/1/mode/pv"),
    ],
)
def test_a_known_path_with_another_method_is_an_empty_405(
    evcc: Evcc, method: str, path: str
) -> None:
    response = evcc.send(method, path)

    assert (response.status, response.body) == (405, b"")


def test_options_is_answered_where_something_can_be_changed(evcc: Evcc) -> None:
    assert evcc.send("OPTIONS", "/api/buffersoc/50").status == 200


@pytest.mark.parametrize(
    ("path", "location"),
    [("/api/buffersoc/50/", "/api/buffersoc/50"), ("/api//state", "/api/state?jq=.x")],
)
def test_an_unclean_path_is_redirected(evcc: Evcc, path: str, location: str) -> None:
    query = location.partition("?")[2]

    response = evcc.send("POST", path, query)

    assert (response.status, response.headers["location"]) == (301, location)


@pytest.mark.parametrize(
    "path", ["/api/config/site", "/api/system/log", "/api/auth/apikey", "/api/db/backup"]
)
def test_protected_areas_need_a_login(evcc: Evcc, path: str) -> None:
    response = evcc.send("GET", path)

    assert (response.status, response.body) == (401, b"Unauthorized\n")


# --- the three SoC settings


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("prioritysoc/51", "priority soc must be smaller or equal than buffer soc"),
        ("buffersoc/19", "buffer soc must not be smaller than priority soc"),
        ("buffersoc/81", "buffer soc must be smaller or equal than buffer start soc"),
        ("bufferstartsoc/49", "buffer start soc must be larger than buffer soc"),
    ],
)
def test_soc_settings_out_of_order_are_refused_and_nothing_changes(path: str, message: str) -> None:
    evcc = Evcc(
        initial_site={
            "priority_soc_pct": 20.0,
            "buffer_soc_pct": 50.0,
            "buffer_start_soc_pct": 80.0,
        }
    )

    assert evcc.refusal(path) == (400, message)

    state = evcc.state
    assert (state["prioritySoc"], state["bufferSoc"], state["bufferStartSoc"]) == (20, 50, 80)


@pytest.mark.parametrize(
    "path",
    ["prioritysoc/50", "buffersoc/20", "buffersoc/80", "bufferstartsoc/50", "buffersoc/0",
     "bufferstartsoc/0", "prioritysoc/0"],
)  # fmt: skip
def test_equal_soc_settings_and_zero_are_accepted(path: str) -> None:
    evcc = Evcc(
        initial_site={
            "priority_soc_pct": 20.0,
            "buffer_soc_pct": 50.0,
            "buffer_start_soc_pct": 80.0,
        }
    )

    assert evcc.post(path) == int(path.rpartition("/")[2])


@pytest.mark.parametrize("name", ["prioritysoc", "buffersoc", "bufferstartsoc"])
def test_without_a_battery_soc_settings_are_refused_and_show_as_zero(name: str) -> None:
    evcc = Evcc(FakePlant(at=START, batteries=[]), initial_site={"buffer_soc_pct": 50.0})

    assert evcc.refusal(f"{name}/50") == (400, "battery not configured")
    assert evcc.state["bufferSoc"] == 0
    assert evcc.state["battery"] is None


# --- evcc's own automatic mode


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "buffersoc/50"),
        ("POST", "prioritysoc/5"),
        ("POST", "bufferstartsoc/90"),
        ("POST", "batterymode/hold"),
        ("DELETE", "batterymode"),
        ("POST", "batterygridchargelimit/0.1"),
        ("POST", "batterydischargecontrol/true"),
        ("POST", "loadpoints/1/mode/now"),
    ],
)
def test_automatic_mode_refuses_what_the_optimizer_decides(method: str, path: str) -> None:
    evcc = Evcc(version=SMART_MODE_VERSION)
    evcc.home.faults.set(automatic_mode=True)

    response = evcc.send(method, f"/api/{path}")

    assert response.status == 409
    assert response.body == b'{"error":"not available in automatic mode"}\n'
    assert evcc.state["optimizer"] is True
    assert evcc.state["optimizerAutomatic"] is True


def test_after_automatic_mode_settings_can_be_changed_again() -> None:
    evcc = Evcc()
    evcc.home.faults.set(automatic_mode=True)
    evcc.home.faults.clear()

    assert evcc.post("buffersoc/50") == 50
    assert "optimizerAutomatic" not in evcc.state


# --- tariffs


def test_a_tariff_has_local_quarter_hours_and_may_begin_in_the_past(evcc: Evcc) -> None:
    evcc.run(minutes=50)

    rates = evcc.get("/api/tariff/grid")["rates"]

    assert rates[0] == {
        "start": "2026-06-10T12:00:00+02:00",
        "end": "2026-06-10T12:15:00+02:00",
        "value": 0.3,
    }
    assert datetime.fromisoformat(rates[0]["start"]) < evcc.clock.now() - timedelta(minutes=45)


def test_a_fixed_feed_in_tariff_has_seven_local_days_from_midnight(evcc: Evcc) -> None:
    rates = evcc.get("/api/tariff/feedin")["rates"]

    assert len(rates) == 672
    assert rates[0]["start"] == "2026-06-10T00:00:00+02:00"
    assert {rate["value"] for rate in rates} == {0.08}


def test_a_fixed_tariff_over_the_clock_change_has_an_hour_more_and_both_offsets() -> None:
    evcc = Evcc(FakePlant(at=datetime(2026, 10, 24, 8, tzinfo=UTC)))

    starts = [rate["start"] for rate in evcc.get("/api/tariff/feedin")["rates"]]

    assert len(starts) == 676
    assert starts.index("2026-10-25T02:00:00+02:00") + 4 == starts.index(
        "2026-10-25T02:00:00+01:00"
    )


@pytest.mark.parametrize(
    ("usage", "message"),
    [
        ("co2", "tariff not available"),
        ("temperature", "tariff not available"),
        ("water", "water does not belong to TariffUsage values"),
    ],
)
def test_an_unknown_tariff_is_a_json_404(evcc: Evcc, usage: str, message: str) -> None:
    response = evcc.send("GET", f"/api/tariff/{usage}")

    assert (response.status, json.loads(response.body)) == (404, {"error": message})


def test_a_capital_letter_in_a_tariff_is_a_plain_404(evcc: Evcc) -> None:
    response = evcc.send("GET", "/api/tariff/feedIn")

    assert (response.status, response.body) == NOT_FOUND


# --- jq


@pytest.mark.parametrize(
    ("expression", "status", "body"),
    [
        (".bufferSoc", 200, b"0\n"),
        (".result.bufferSoc", 200, b"0\n"),
        (".battery.devices[0].name", 200, b'"bat1"\n'),
        (".apiReady|select(.)", 200, b"true\n"),
        ("{bufferSoc,prioritySoc}", 200, b'{"bufferSoc":0,"prioritySoc":0}\n'),
        (".nothing", 200, b"null\n"),
        (".optimizer|select(.)", 400, b'{"error":"jq: empty result"}\n'),
        (
            ".bufferSoc.x",
            400,
            b'{"error":"jq: query failed: expected an object but got: number"}\n',
        ),
        ("map(.)", 400, b'{"error":"jq: unsupported query: map(.)"}\n'),
    ],
)
def test_the_state_can_be_filtered(evcc: Evcc, expression: str, status: int, body: bytes) -> None:
    response = evcc.send("GET", "/api/state", f"jq={expression}")

    assert (response.status, response.body) == (status, body)


# --- stored energies and sessions


def test_the_energy_history_holds_complete_quarter_hours() -> None:
    evcc = Evcc(FakePlant(at=START, pv_kw=4.0, load_kw=0.8))
    evcc.run(hours=2, minutes=10)

    home = evcc.get("/api/history/energy", "group=home")
    grouped = evcc.get("/api/history/energy", "aggregate=day&grouped=true&group=pv")

    assert len(home) == 1
    assert len(home[0]["data"]) == 8
    assert home[0]["data"][0] == {
        "start": "2026-06-10T12:00:00+02:00",
        "end": "2026-06-10T12:15:00+02:00",
        "energy": 0.2,
        "returnEnergy": 0,
    }
    assert grouped[0]["data"][0]["energy"] == 8
    assert "title" not in grouped[0]


def test_the_energy_history_refuses_what_evcc_refuses(evcc: Evcc) -> None:
    assert evcc.send("GET", "/api/history/energy").body == b"null\n"
    assert evcc.send("GET", "/api/history/energy", "from=today").status == 400
    refused = evcc.send("GET", "/api/history/energy", "aggregate=1h")
    assert (refused.status, refused.body) == (500, b'{"error":"invalid aggregate value"}\n')


def test_a_finished_session_is_listed_with_its_energy() -> None:
    plant = FakePlant(at=START)
    plant.plug("ev_blue")
    evcc = Evcc(plant, initial_loadpoints=({"mode": "now"},))
    evcc.run(hours=1)
    running = evcc.get("/api/sessions")
    plant.unplug()
    evcc.run(minutes=1)

    finished = evcc.get("/api/sessions", "year=2026&month=6")

    assert running[0]["finished"] == "0001-01-01T00:00:00Z"
    assert len(finished) == 1
    assert finished[0]["chargedEnergy"] == pytest.approx(plant.chargers[0].total_kwh, abs=0.001)
    assert finished[0]["chargeDuration"] == pytest.approx(3600e9, rel=0.02)
    assert (finished[0]["loadpoint"], finished[0]["vehicle"]) == ("Carport", "Blue hatch")
    assert evcc.get("/api/sessions", "year=2025") == []


# --- versions


def test_old_versions_wrap_their_answers() -> None:
    evcc = Evcc(version=ENVELOPE_VERSION)

    assert set(evcc.get("/api/state")) == {"result"}
    assert evcc.send("POST", "/api/buffersoc/50").body == b'{"result":50}\n'
    assert evcc.get("/api/tariff/grid")["result"]["rates"][0]["price"] == 0.3


def test_before_0_301_batteries_are_a_list_beside_their_sums() -> None:
    plant = FakePlant(at=START, batteries=[FakeBattery(soc_pct=80.0), FakeBattery(soc_pct=40.0)])

    state = Evcc(plant, version=BATTERY_ARRAY_VERSION).state

    assert [device["soc"] for device in state["battery"]] == [80, 40]
    assert (state["batterySoc"], state["batteryCapacity"]) == (60, 20)
    assert state["batteryPower"] == pytest.approx(500.0)


@pytest.mark.parametrize(
    ("version", "first_rate"),
    [
        (CURRENT_VERSION, [1781085600, 1781086500, 0.3]),
        (
            BATTERY_ARRAY_VERSION,
            {
                "start": "2026-06-10T12:00:00+02:00",
                "end": "2026-06-10T12:15:00+02:00",
                "value": 0.3,
            },
        ),
    ],
)
def test_the_forecast_has_the_versions_shape(version: EvccVersion, first_rate: object) -> None:
    forecast = Evcc(version=version).state["forecast"]

    assert forecast["grid"][0] == first_rate
    assert forecast["planner"] == forecast["grid"]
    assert set(forecast["solar"]) == {
        "scale", "today", "tomorrow", "dayAfterTomorrow", "timeseries",
    }  # fmt: skip


def test_the_solar_forecast_counts_what_remains_of_today_in_watt_hours() -> None:
    solar = Evcc().state["forecast"]["solar"]

    # 2 kW from 12:00 to 24:00 local time.
    assert solar["today"] == {"energy": 24000, "complete": True}
    assert solar["tomorrow"]["energy"] == 48000


def test_keys_are_absent_until_evcc_has_something_to_say(evcc: Evcc) -> None:
    evcc.home.faults.set(stale=True)
    evcc.home.restart()
    evcc.run(minutes=2)

    state = evcc.state

    assert state["grid"] is None
    assert state["battery"] is None
    assert "homePower" not in state
    assert "connected" not in state["loadpoints"][0]
    assert "batteryGridChargeLimit" not in state


def test_a_removed_grid_charge_limit_stays_in_the_state_as_null(evcc: Evcc) -> None:
    evcc.post("batterygridchargelimit/0.1")
    assert evcc.state["batteryGridChargeLimit"] == 0.1

    assert evcc.send("DELETE", "/api/batterygridchargelimit").body == b"null\n"

    assert evcc.state["batteryGridChargeLimit"] is None


def test_a_site_wide_price_limit_overwrites_every_loadpoints_own(evcc: Evcc) -> None:
    evcc.post("loadpoints/1/smartcostlimit/0.5")

    evcc.post("smartcostlimit/0.2")
    limits = [lp["smartCostLimit"] for lp in evcc.state["loadpoints"]]
    evcc.send("DELETE", "/api/loadpoints/2/smartcostlimit")

    assert limits == [0.2, 0.2]
    assert [lp["smartCostLimit"] for lp in evcc.state["loadpoints"]] == [0.2, None]


def test_repeating_plans_are_checked_and_echoed(evcc: Evcc) -> None:
    path = "vehicles/ev_blue/plan/repeating"
    plan = {"weekdays": [1, 5], "time": "07:00", "tz": "Europe/Berlin", "soc": 80, "active": True}

    def with_change(**change: object) -> bytes:
        return json.dumps([plan | change]).encode()

    assert evcc.post(path, with_change()) == [plan]
    assert evcc.state["vehicles"]["ev_blue"]["repeatingPlans"] == [plan]
    assert evcc.refusal(path, with_change(weekdays=[7])) == (400, "weekday out of range: 7")
    assert evcc.refusal(path, with_change(tz="Mars")) == (400, "invalid timezone: Mars")
    assert evcc.refusal(path, with_change(time="25:00")) == (400, "invalid time: 25:00")


def test_a_plan_can_be_previewed(evcc: Evcc) -> None:
    evcc.run(minutes=1)

    preview = evcc.get("/api/loadpoints/1/plan/static/preview/soc/60/2026-06-10T20:00:00Z")
    refused = evcc.send(
        "GET", "/api/loadpoints/1/plan/static/preview/energy/6/2026-06-10T20:00:00Z"
    )

    assert preview["power"] == 11040
    assert preview["duration"] == pytest.approx(0.3 * 58 / 0.9 / 11.04 * 3600, abs=2)
    assert evcc.get("/api/loadpoints/1/plan")["planTime"] == "0001-01-01T00:00:00Z"
    assert refused.status == 400
