"""What the three SoC settings make a car in pv mode do, judged by the energy it gets."""

import pytest

from simulator.evcc_version import BATTERY_ARRAY_VERSION
from tests.support.fake_plant import FakePlant
from tests.support.simulated_evcc import START, Evcc, pv_car

ONE_PHASE_MINIMUM_KW = 1.38
THREE_PHASE_MINIMUM_KW = 4.14


def charging_car(*, soc_pct: float, **site: float) -> Evcc:
    """Return a car that charges with the sun, the moment before clouds come."""
    evcc = pv_car(soc_pct=soc_pct, pv_kw=6.0, **site)
    evcc.post("loadpoints/1/phases/1")
    evcc.run(minutes=10)
    assert evcc.car_kw > ONE_PHASE_MINIMUM_KW
    evcc.plant.pv_kw = 0.0
    return evcc


def test_above_buffer_soc_a_charging_car_stays_at_its_minimum_without_time_limit() -> None:
    evcc = charging_car(soc_pct=60.0, buffer_soc_pct=50.0)

    evcc.run(minutes=10)
    kwh = evcc.car_kwh_during(hours=2)

    assert kwh == pytest.approx(2 * ONE_PHASE_MINIMUM_KW, rel=0.01)
    assert evcc.plant.reading.batteries[0].discharge_kw == pytest.approx(1.88)
    assert evcc.plant.reading.grid_import_kw == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("soc_pct", "buffer_soc_pct"),
    [
        pytest.param(40.0, 50.0, id="below the buffer"),
        pytest.param(50.0, 50.0, id="exactly at the buffer"),
        pytest.param(60.0, 0.0, id="0 is off, not down to 0"),
        pytest.param(100.0, 100.0, id="100 is off"),
    ],
)
def test_without_buffer_a_charging_car_stops_after_the_disable_delay(
    soc_pct: float, buffer_soc_pct: float
) -> None:
    evcc = charging_car(soc_pct=soc_pct, buffer_soc_pct=buffer_soc_pct)

    evcc.run(minutes=2)
    during_delay_kw = evcc.car_kw
    evcc.run(minutes=3)

    assert during_delay_kw == pytest.approx(ONE_PHASE_MINIMUM_KW)
    assert evcc.car_kw == 0.0


def test_above_buffer_soc_a_waiting_car_is_not_started() -> None:
    evcc = pv_car(soc_pct=60.0, buffer_soc_pct=50.0)

    assert evcc.car_kwh_during(hours=1) == 0.0


def test_above_the_minimum_a_buffered_car_follows_the_sun_only() -> None:
    evcc = pv_car(soc_pct=60.0, pv_kw=3.0, buffer_soc_pct=50.0)
    evcc.post("loadpoints/1/phases/1")

    evcc.run(minutes=20)

    assert evcc.car_kw == pytest.approx(10 * 0.23)
    assert evcc.plant.reading.batteries[0].discharge_kw == 0.0


def test_at_buffer_start_soc_a_car_starts_at_its_minimum_without_delay() -> None:
    evcc = pv_car(soc_pct=79.0, buffer_soc_pct=50.0, buffer_start_soc_pct=80.0)
    evcc.run(minutes=10)
    assert evcc.car_kw == 0.0
    evcc.plant.batteries[0].soc_pct = 80.0

    evcc.run(seconds=60)

    assert evcc.car_kw == pytest.approx(ONE_PHASE_MINIMUM_KW)


def test_enough_surplus_at_buffer_start_soc_waits_for_the_ordinary_delay() -> None:
    evcc = pv_car(soc_pct=90.0, buffer_start_soc_pct=80.0)
    evcc.post("loadpoints/1/mode/off")
    evcc.run(minutes=5)
    evcc.plant.pv_kw = 6.0
    evcc.run(seconds=30)

    evcc.post("loadpoints/1/mode/pv")
    evcc.run(seconds=30)
    at_once_kw = evcc.car_kw
    evcc.run(seconds=60)

    assert at_once_kw == 0.0
    assert evcc.car_kw > 0.0


def test_before_0_302_buffer_start_soc_had_to_be_exceeded() -> None:
    plant = FakePlant(at=START)
    plant.batteries[0].soc_pct, plant.batteries[0].frozen = 80.0, True
    plant.plug("ev_blue")
    evcc = Evcc(
        plant,
        version=BATTERY_ARRAY_VERSION,
        initial_site={"buffer_start_soc_pct": 80.0},
        initial_loadpoints=({"mode": "pv"},),
    )

    assert evcc.car_kwh_during(minutes=10) == 0.0


def test_buffer_start_soc_without_buffer_starts_and_later_stops_by_the_delay() -> None:
    evcc = pv_car(soc_pct=80.0, buffer_start_soc_pct=80.0)
    evcc.run(minutes=2)
    started_kw = evcc.car_kw
    evcc.plant.batteries[0].soc_pct = 79.0

    evcc.run(minutes=2)
    during_delay_kw = evcc.car_kw
    evcc.run(minutes=3)

    assert started_kw == pytest.approx(ONE_PHASE_MINIMUM_KW)
    assert during_delay_kw == pytest.approx(ONE_PHASE_MINIMUM_KW)
    assert evcc.car_kw == 0.0


def test_min_pv_charges_from_the_battery_even_below_priority_soc() -> None:
    evcc = pv_car(soc_pct=15.0, priority_soc_pct=40.0, buffer_soc_pct=60.0)

    evcc.post("loadpoints/1/mode/minpv")
    evcc.run(minutes=5)

    assert evcc.car_kw == pytest.approx(ONE_PHASE_MINIMUM_KW)
    assert evcc.plant.reading.batteries[0].discharge_kw == pytest.approx(1.88)


def test_between_priority_and_buffer_the_car_takes_what_the_battery_is_charged_with() -> None:
    evcc = pv_car(soc_pct=50.0, pv_kw=3.0, priority_soc_pct=40.0)

    evcc.run(minutes=20)

    assert evcc.car_kw == pytest.approx(10 * 0.23)
    assert evcc.plant.reading.batteries[0].charge_kw == pytest.approx(0.2)


def test_below_priority_soc_the_car_leaves_the_battery_its_charging_power() -> None:
    evcc = pv_car(soc_pct=30.0, pv_kw=4.0, priority_soc_pct=40.0)

    kwh = evcc.car_kwh_during(hours=1)

    assert kwh == 0.0
    assert evcc.plant.reading.batteries[0].charge_kw == pytest.approx(3.5)


def test_below_priority_soc_the_car_takes_what_would_be_exported() -> None:
    evcc = pv_car(soc_pct=30.0, pv_kw=8.0, priority_soc_pct=40.0)

    evcc.run(minutes=20)

    assert evcc.car_kw == pytest.approx(10 * 0.23)
    assert evcc.plant.reading.batteries[0].charge_kw == pytest.approx(5.0)
    assert evcc.plant.reading.grid_export_kw >= 0.1


def test_a_battery_that_covers_the_car_counts_as_a_deficit_without_buffer() -> None:
    evcc = pv_car(soc_pct=70.0, pv_kw=6.0)
    evcc.run(minutes=10)
    evcc.plant.pv_kw = 1.0

    evcc.run(minutes=10)

    assert evcc.car_kw == 0.0


def test_residual_power_above_zero_keeps_that_much_export() -> None:
    plain, keeping = pv_car(soc_pct=100.0, pv_kw=3.0), pv_car(soc_pct=100.0, pv_kw=3.0)
    keeping.post("residualpower/1000")

    for evcc in (plain, keeping):
        evcc.post("loadpoints/1/phases/1")
        evcc.plant.batteries[0].max_kw = 0.0
        evcc.run(minutes=20)

    assert keeping.plant.reading.grid_export_kw >= 1.0
    assert plain.car_kw - keeping.car_kw == pytest.approx(4 * 0.23)


def test_residual_power_below_zero_allows_that_much_import() -> None:
    evcc = pv_car(pv_kw=2.0)
    evcc.plant.batteries[0].max_kw = 0.0
    evcc.post("residualpower/-1000")
    evcc.post("loadpoints/1/phases/1")

    evcc.run(minutes=20)

    assert 0.7 < evcc.plant.reading.grid_import_kw <= 1.0


def test_battery_boost_drains_the_battery_into_the_car_until_its_limit() -> None:
    evcc = pv_car(soc_pct=60.0, pv_kw=1.0, priority_soc_pct=70.0)
    evcc.plant.batteries[0].frozen = False
    evcc.post("loadpoints/1/batteryboostlimit/40")

    evcc.post("loadpoints/1/batteryboost/true")
    evcc.run(minutes=5)
    boosted_kw = evcc.plant.reading.batteries[0].discharge_kw
    evcc.run(hours=2)

    assert boosted_kw == pytest.approx(5.0, abs=0.3)
    assert evcc.plant.batteries[0].soc_pct == pytest.approx(40.0, abs=4.0)
    assert evcc.loadpoint["batteryBoost"] is True


@pytest.mark.parametrize("mode", ["off", "now"])
def test_battery_boost_is_refused_outside_the_pv_modes(mode: str) -> None:
    evcc = pv_car()
    evcc.post(f"loadpoints/1/mode/{mode}")

    refusal = evcc.refusal("loadpoints/1/batteryboost/true")

    assert refusal == (400, "battery boost is only available in PV modes")


def test_a_mode_change_ends_the_boost() -> None:
    evcc = pv_car(soc_pct=60.0)
    evcc.post("loadpoints/1/batteryboost/1")

    evcc.post("loadpoints/1/mode/pv")

    assert evcc.loadpoint["batteryBoost"] is False


def test_a_boost_ends_when_the_car_leaves() -> None:
    evcc = pv_car(soc_pct=60.0)
    evcc.post("loadpoints/1/batteryboost/true")
    evcc.run(minutes=2)
    assert evcc.car_kw > 0.0

    evcc.plant.unplug()
    evcc.run(minutes=1)
    evcc.plant.plug("ev_blue")
    evcc.run(minutes=5)

    assert evcc.loadpoint["batteryBoost"] is False
    assert evcc.car_kw == 0.0


@pytest.mark.parametrize(
    ("soc_pct", "limit_pct", "is_drained"),
    [
        pytest.param(41.0, 40, True, id="above the limit"),
        pytest.param(40.0, 40, True, id="at the limit"),
        pytest.param(39.0, 40, False, id="below the limit"),
        pytest.param(10.0, 100, True, id="100 is no limit"),
    ],
)
def test_a_boost_drains_the_battery_down_to_its_limit(
    soc_pct: float, limit_pct: int, *, is_drained: bool
) -> None:
    evcc = pv_car(soc_pct=soc_pct)
    evcc.post(f"loadpoints/1/batteryboostlimit/{limit_pct}")
    evcc.post("loadpoints/1/batteryboost/true")

    kwh = evcc.car_kwh_during(hours=1)

    assert (kwh > 4.0) is is_drained
    assert is_drained or kwh == 0.0


def test_below_the_boosts_limit_the_car_still_comes_before_recharging() -> None:
    plain, boosted = (pv_car(soc_pct=30.0, pv_kw=4.0, priority_soc_pct=50.0) for _ in range(2))
    boosted.post("loadpoints/1/batteryboostlimit/40")
    boosted.post("loadpoints/1/batteryboost/true")

    plain_kwh = plain.car_kwh_during(hours=1)
    boosted_kwh = boosted.car_kwh_during(hours=1)

    assert plain_kwh == 0.0
    assert boosted_kwh == pytest.approx(3.3, abs=0.3)


def test_a_boost_does_nothing_while_the_battery_is_held() -> None:
    evcc = pv_car(soc_pct=60.0)
    evcc.post("batterymode/hold")
    evcc.run(seconds=50)
    evcc.post("batterymode/hold")
    evcc.post("loadpoints/1/batteryboost/true")

    kwh = evcc.car_kwh_during(seconds=50)

    assert evcc.state["batteryMode"] == "hold"
    assert kwh == 0.0
