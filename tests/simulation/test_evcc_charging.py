"""How the simulated evcc charges cars: delays, phases, limits, plans, prices, two loadpoints."""

from datetime import UTC, timedelta

import pytest

from simulator.evcc_version import SMART_MODE_VERSION
from tests.support.fake_plant import FakeCharger, FakeMarket, FakePlant
from tests.support.simulated_evcc import START, Evcc, pv_car, two_chargers

FULL_KW = 11.04


def wire_time(hours: float) -> str:
    return (START + timedelta(hours=hours)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def car(mode: str, *, by_hour: dict[int, float] | None = None, soc_pct: float = 30.0) -> Evcc:
    plant = FakePlant(at=START, batteries=[])
    plant.plug("ev_blue", soc_pct=soc_pct)
    market = FakeMarket(until=START + timedelta(days=2), by_hour=by_hour or {})
    return Evcc(plant, market=market, initial_loadpoints=({"mode": mode},))


# --- surplus


def test_a_car_starts_only_after_the_enable_delay() -> None:
    evcc = pv_car(pv_kw=0.0)
    evcc.run(minutes=2)
    evcc.plant.pv_kw = 4.0

    evcc.run(seconds=60)
    early_kw = evcc.car_kw
    waiting = evcc.loadpoint
    evcc.run(seconds=90)

    assert early_kw == 0.0
    assert waiting["pvAction"] == "enable"
    assert 0 < waiting["pvRemaining"] <= 60
    assert evcc.car_kw > 0.0


def test_a_car_just_plugged_in_starts_without_delay() -> None:
    evcc = pv_car(pv_kw=4.0)

    evcc.run(seconds=30)

    assert evcc.car_kw > 0.0


def test_a_short_cloud_resets_the_disable_timer() -> None:
    evcc = pv_car(pv_kw=4.0)
    evcc.run(minutes=5)

    for _ in range(4):
        evcc.plant.pv_kw = 0.0
        evcc.run(minutes=2)
        evcc.plant.pv_kw = 4.0
        evcc.run(minutes=1)
        assert evcc.car_kw > 0.0


def test_an_enable_threshold_replaces_the_minimum_power() -> None:
    evcc = pv_car(pv_kw=1.0)
    evcc.run(minutes=5)
    assert evcc.car_kw == 0.0

    evcc.post("loadpoints/1/enable/threshold/-400")
    evcc.run(minutes=3)

    assert evcc.car_kw == pytest.approx(1.38)


def test_a_disable_threshold_tolerates_that_much_deficit() -> None:
    evcc = pv_car(pv_kw=3.0)
    evcc.post("loadpoints/1/disable/threshold/2000")
    evcc.run(minutes=5)
    evcc.plant.pv_kw = 0.5

    evcc.run(minutes=30)

    assert evcc.car_kw == pytest.approx(1.38)


def test_delays_are_those_of_the_owner_and_are_answered_in_nanoseconds() -> None:
    evcc = pv_car(pv_kw=4.0)
    evcc.run(minutes=5)

    answer = evcc.post("loadpoints/1/disable/delay/600")
    evcc.plant.pv_kw = 0.0
    evcc.run(minutes=9)

    assert answer == 600_000_000_000
    assert evcc.loadpoint["disableDelay"] == 600
    assert evcc.car_kw > 0.0
    evcc.run(minutes=10)
    assert evcc.car_kw == 0.0


def test_little_sun_charges_on_one_phase_and_much_sun_on_three() -> None:
    evcc = pv_car(soc_pct=100.0, pv_kw=2.5)
    evcc.plant.batteries[0].max_kw = 0.0
    evcc.run(minutes=10)
    one_phase_kw, one_phase = evcc.car_kw, evcc.loadpoint["phasesActive"]

    evcc.plant.pv_kw = 9.0
    evcc.run(minutes=10)

    assert one_phase_kw == pytest.approx(8 * 0.23)
    assert one_phase == 1
    assert evcc.loadpoint["phasesActive"] == 3
    assert evcc.car_kw == pytest.approx(12 * 0.69)


def test_a_fading_sun_first_scales_down_after_the_disable_delay() -> None:
    evcc = pv_car(soc_pct=100.0, pv_kw=9.0)
    evcc.plant.batteries[0].max_kw = 0.0
    evcc.run(minutes=10)
    evcc.plant.pv_kw = 2.5

    evcc.run(minutes=2)
    at_minimum = evcc.loadpoint
    evcc.run(minutes=4)

    assert at_minimum["phasesActive"] == 3
    assert at_minimum["phaseAction"] == "scale1p"
    assert evcc.loadpoint["phasesActive"] == 1
    assert evcc.car_kw == pytest.approx(8 * 0.23)


def test_currents_are_bounded_by_the_owners_minimum_and_maximum() -> None:
    evcc = car("now")

    evcc.post("loadpoints/1/maxcurrent/10")
    evcc.run(minutes=2)
    limited_kw = evcc.car_kw
    evcc.post("loadpoints/1/mode/minpv")
    evcc.post("loadpoints/1/mincurrent/8")
    evcc.run(minutes=10)

    assert limited_kw == pytest.approx(10 * 0.69)
    assert evcc.car_kw == pytest.approx(8 * 0.23)


# --- limits and modes


def test_off_charges_nothing_and_now_charges_at_full_power() -> None:
    evcc = car("off")
    assert evcc.car_kwh_during(minutes=30) == 0.0

    assert evcc.post("loadpoints/1/mode/now") == "now"

    assert evcc.car_kwh_during(hours=1) == pytest.approx(FULL_KW, rel=0.01)


def test_a_soc_limit_ends_charging_and_vanishes_when_the_car_leaves() -> None:
    evcc = car("now")
    evcc.post("loadpoints/1/limitsoc/40")

    evcc.run(hours=2)
    reached_pct = evcc.plant.chargers[0].soc_pct
    evcc.plant.unplug()
    evcc.run(minutes=1)

    assert reached_pct == pytest.approx(40.0, abs=0.2)
    assert evcc.loadpoint["limitSoc"] == 0
    assert evcc.loadpoint["effectiveLimitSoc"] == 100


def test_an_energy_limit_holds_for_a_guest_and_vanishes_when_the_car_leaves() -> None:
    evcc = car("now")
    evcc.send("DELETE", "/api/loadpoints/1/vehicle")
    evcc.post("loadpoints/1/limitenergy/5.5")

    kwh = evcc.car_kwh_during(hours=2)
    evcc.plant.unplug()
    evcc.run(minutes=1)

    assert kwh == pytest.approx(5.5, abs=0.1)
    assert evcc.loadpoint["limitEnergy"] == 0


def test_below_its_minimum_soc_a_car_charges_at_full_power_in_pv_mode() -> None:
    evcc = car("pv", soc_pct=15.0)

    evcc.post("vehicles/ev_blue/minsoc/20")
    evcc.run(minutes=2)
    at_first = evcc.loadpoint
    evcc.run(hours=2)

    assert at_first["minSocNotReached"] is True
    assert at_first["chargePower"] == pytest.approx(FULL_KW * 1000)
    assert evcc.plant.chargers[0].soc_pct == pytest.approx(20.0, abs=1.5)


def test_a_vehicles_own_mode_is_applied_when_it_is_plugged_in() -> None:
    evcc = car("off")
    evcc.plant.unplug()
    evcc.run(minutes=1)
    evcc.post("vehicles/ev_blue/mode/now")

    evcc.plant.plug("ev_blue")
    evcc.run(minutes=2)

    assert evcc.loadpoint["mode"] == "now"
    assert evcc.car_kw == pytest.approx(FULL_KW)


def test_plain_smart_leaves_always_charge_alone_and_once_ends_with_the_session() -> None:
    plant = FakePlant(at=START)
    plant.plug("ev_blue")
    evcc = Evcc(plant, version=SMART_MODE_VERSION)

    evcc.post("loadpoints/1/alwayscharge/once")
    mode = evcc.post("loadpoints/1/mode/smart")
    evcc.run(minutes=5)
    charging_kw, during = evcc.car_kw, evcc.loadpoint
    plant.unplug()
    evcc.run(minutes=1)

    assert (mode, during["alwaysCharge"]) == ("smart", "once")
    assert charging_kw == pytest.approx(1.38)
    assert evcc.loadpoint["alwaysCharge"] == "off"


@pytest.mark.parametrize(("word", "always_charge"), [("pv", "off"), ("minpv", "on")])
def test_the_newest_schema_translates_older_modes(word: str, always_charge: str) -> None:
    evcc = Evcc(version=SMART_MODE_VERSION)

    assert evcc.post(f"loadpoints/1/mode/{word}") == "smart"
    assert evcc.loadpoint["mode"] == "smart"
    assert evcc.loadpoint["alwaysCharge"] == always_charge


# --- prices


def test_a_smart_cost_limit_charges_at_full_power_in_cheap_hours_only() -> None:
    evcc = car("pv", by_hour={11: 0.10})
    evcc.post("loadpoints/1/smartcostlimit/0.10")

    before_kwh = evcc.car_kwh_during(hours=1)
    cheap_kwh = evcc.car_kwh_during(hours=1)
    after_kwh = evcc.car_kwh_during(hours=1)

    assert before_kwh == 0.0
    assert cheap_kwh == pytest.approx(FULL_KW, rel=0.03)
    assert after_kwh < 1.0


def test_somebody_can_set_a_smart_cost_limit_and_remove_it() -> None:
    evcc = car("pv")
    evcc.home.move_slider("loadpoints/1/smartcostlimit", 0.30)
    evcc.run(minutes=2)
    cheap_kw = evcc.car_kw

    evcc.home.move_slider("loadpoints/1/smartcostlimit", None)
    evcc.run(minutes=10)

    assert cheap_kw == pytest.approx(FULL_KW)
    assert evcc.car_kw == 0.0


@pytest.mark.parametrize(
    ("kind", "charges"), [("priceforecast", True), ("pricedynamic", True), ("pricestatic", False)]
)
def test_a_limit_is_compared_with_a_price_that_moves_only(kind: str, *, charges: bool) -> None:
    plant = FakePlant(at=START, batteries=[])
    plant.plug("ev_blue")
    evcc = Evcc(plant, smart_cost_type=kind, initial_loadpoints=({"mode": "pv"},))
    evcc.post("loadpoints/1/smartcostlimit/1.0")

    kwh = evcc.car_kwh_during(minutes=30)

    assert (kwh > 5.0) is charges
    assert evcc.state["smartCostAvailable"] is charges


@pytest.mark.parametrize(("kind", "hours"), [("pricestatic", 7 * 24), ("pricedynamic", 48)])
def test_a_price_that_is_not_forecast_is_the_same_in_all_slots(kind: str, hours: int) -> None:
    market = FakeMarket(until=START + timedelta(days=1), by_hour={11: 0.10, 13: 0.50})

    slots = Evcc(market=market, smart_cost_type=kind).state["forecast"]["grid"]

    assert {price for _, _, price in slots} == {0.3}
    assert (slots[-1][1] - slots[0][0]) / 3600 == hours


def test_smart_feed_in_priority_stops_pv_charging_while_feeding_in_pays_well() -> None:
    plant = FakePlant(at=START, pv_kw=8.0, batteries=[])
    plant.plug("ev_blue")
    market = FakeMarket(until=START + timedelta(days=1), exports_by_hour={11: 0.30})
    evcc = Evcc(plant, market=market, feed_in_is_fixed=False, initial_loadpoints=({"mode": "pv"},))
    evcc.post("loadpoints/1/smartfeedinprioritylimit/0.30")

    before_kwh = evcc.car_kwh_during(hours=1)
    evcc.run(minutes=2)
    dear_kwh = evcc.car_kwh_during(minutes=55)

    assert before_kwh > 5.0
    assert dear_kwh == 0.0


# --- plans


def test_a_plan_reaches_its_soc_in_time_in_the_cheapest_hours() -> None:
    evcc = car("pv", by_hour={13: 0.05, 15: 0.10})

    answer = evcc.post(f"vehicles/ev_blue/plan/soc/60/{wire_time(8)}")
    evcc.run(hours=3)
    before_pct = evcc.plant.chargers[0].soc_pct
    evcc.run(hours=1)
    after_cheapest_pct = evcc.plant.chargers[0].soc_pct
    evcc.run(hours=3)

    assert answer == {"soc": 60, "time": wire_time(8)}
    assert before_pct == pytest.approx(30.0)
    assert after_cheapest_pct == pytest.approx(30.0 + 100 * FULL_KW / 58, abs=1.0)
    assert evcc.plant.chargers[0].soc_pct == pytest.approx(60.0, abs=0.5)


def test_without_known_prices_a_plan_is_the_latest_stretch() -> None:
    evcc = car("pv")
    evcc.home.faults.set(no_prices=True)
    evcc.run(minutes=15)

    evcc.post(f"vehicles/ev_blue/plan/soc/45/{wire_time(6)}")
    early_kwh = evcc.car_kwh_during(hours=4)
    evcc.run(hours=2)

    assert early_kwh == 0.0
    assert evcc.plant.chargers[0].soc_pct == pytest.approx(45.0, abs=1.5)


def test_a_plan_does_not_charge_when_the_mode_is_off() -> None:
    evcc = car("off")
    evcc.post(f"vehicles/ev_blue/plan/soc/60/{wire_time(1)}")

    assert evcc.car_kwh_during(hours=1) == 0.0


def test_an_energy_plan_serves_a_guest() -> None:
    evcc = car("pv")
    evcc.send("DELETE", "/api/loadpoints/1/vehicle")

    answer = evcc.post(f"loadpoints/1/plan/energy/11/{wire_time(3)}")
    kwh = evcc.car_kwh_during(hours=3)

    assert answer == {"energy": 11, "time": wire_time(3)}
    assert kwh == pytest.approx(11.0, abs=0.3)


def test_a_repeating_plan_is_shown_and_carried_out() -> None:
    evcc = car("pv")
    plans = b'[{"weekdays":[3],"time":"16:00","tz":"Europe/Berlin","soc":50,"active":true}]'

    evcc.post("vehicles/ev_blue/plan/repeating", plans)
    evcc.run(minutes=1)
    shown = evcc.loadpoint
    evcc.run(hours=4)

    assert shown["effectivePlanTime"] == "2026-06-10T14:00:00Z"
    assert shown["effectivePlanId"] == 2
    assert evcc.plant.chargers[0].soc_pct == pytest.approx(50.0, abs=1.5)


# --- two loadpoints


def test_the_loadpoint_with_the_higher_priority_gets_the_surplus() -> None:
    plant = two_chargers()
    plant.pv_kw, plant.batteries = 5.0, []
    plant.plug("ev_blue", 0)
    plant.plug("ev_red", 1)
    evcc = Evcc(plant, initial_loadpoints=({"mode": "pv"}, {"mode": "pv"}))
    evcc.post("loadpoints/1/phases/1")
    evcc.post("loadpoints/2/phases/1")
    evcc.run(minutes=15)

    evcc.post("loadpoints/2/priority/1")
    evcc.run(minutes=30)

    assert plant.chargers[1].power_kw == pytest.approx(16 * 0.23)
    assert plant.chargers[0].power_kw == 0.0


def test_each_of_two_loadpoints_is_regulated_every_other_cycle() -> None:
    plant = FakePlant(at=START, chargers=[FakeCharger(), FakeCharger()])
    plant.plug("ev_blue", 0)
    plant.plug("ev_red", 1)
    evcc = Evcc(plant, initial_loadpoints=({"mode": "now"}, {"mode": "now"}))

    at_first = [lp for lp in evcc.state["loadpoints"] if "enabled" in lp]
    evcc.run(seconds=30)
    after_one = [lp for lp in evcc.state["loadpoints"] if "enabled" in lp]

    assert (len(at_first), len(after_one)) == (1, 2)


def test_assigning_a_vehicle_takes_it_from_the_other_loadpoint() -> None:
    plant = two_chargers()
    plant.plug("ev_blue", 0)
    plant.plug("ev_red", 1)
    evcc = Evcc(plant)
    evcc.run(minutes=1)

    answer = evcc.post("loadpoints/2/vehicle/ev_blue")

    assert answer == {"vehicle": "Blue hatch"}
    assert [lp["vehicleName"] for lp in evcc.state["loadpoints"]] == ["", "ev_blue"]
    assert evcc.state["loadpoints"][1]["vehicleSoc"] == 0
