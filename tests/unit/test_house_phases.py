"""What the three phases of the simulated house carry."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.site import BatteryMode
from simulator.default_house import DEFAULT_HOME, default_house
from simulator.house import House
from simulator.phases import load_shares
from simulator.plant import ChargerCommand, PlantReading

NIGHT = datetime(2026, 11, 14, 22, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OFF = ChargerCommand(enabled=False)
TEN_AMPERES = ChargerCommand(enabled=True, current_a=10.0, phases=3)
ON_ONE_PHASE = ChargerCommand(enabled=True, current_a=10.0, phases=1)


def lopsided(start: datetime = NIGHT) -> House:
    """Return the default home with all of its household on the third phase."""
    config = replace(DEFAULT_HOME, load_shares=(0.0, 0.0, 1.0))
    return House(config, seed=3, start=start)


def net_kw(reading: PlantReading) -> float:
    return reading.grid_import_kw - reading.grid_export_kw


def test_a_house_has_its_own_uneven_shares() -> None:
    shares = [load_shares(seed) for seed in range(50)]

    assert shares == [load_shares(seed) for seed in range(50)]
    assert len(set(shares)) == 50
    assert all(sum(one) == pytest.approx(1.0) for one in shares)
    assert all(0.1 < share < 0.7 for one in shares for share in one)


@pytest.mark.parametrize("mode", list(BatteryMode))
@pytest.mark.parametrize("hour", [2, 11])
def test_the_phases_add_up_to_the_grid_power(mode: BatteryMode, hour: int) -> None:
    house = default_house(5, datetime(2026, 6, 14, hour, tzinfo=UTC))

    for dt in (timedelta(seconds=7), MINUTE, timedelta(hours=3)):
        reading = house.step(dt, mode, [TEN_AMPERES, TEN_AMPERES])

        assert sum(reading.grid_phases_kw) == pytest.approx(net_kw(reading), abs=1e-9)


def test_the_household_is_where_its_sockets_are() -> None:
    reading = lopsided().step(MINUTE, BatteryMode.HOLD, [OFF, OFF])

    assert reading.grid_phases_kw == pytest.approx((0.0, 0.0, reading.load_kw), abs=1e-9)


def test_a_car_for_one_phase_charges_on_the_first() -> None:
    reading = lopsided().step(MINUTE, BatteryMode.HOLD, [OFF, TEN_AMPERES])

    assert reading.grid_phases_kw == pytest.approx((2.3, 0.0, reading.load_kw), abs=1e-9)


def test_a_car_that_is_offered_one_phase_charges_on_the_first() -> None:
    reading = lopsided().step(MINUTE, BatteryMode.HOLD, [ON_ONE_PHASE, OFF])

    assert reading.grid_phases_kw == pytest.approx((2.3, 0.0, reading.load_kw), abs=1e-9)


def test_a_car_for_three_phases_charges_evenly() -> None:
    reading = lopsided().step(MINUTE, BatteryMode.HOLD, [TEN_AMPERES, OFF])

    assert reading.grid_phases_kw == pytest.approx((2.3, 2.3, 2.3 + reading.load_kw), abs=1e-9)


def test_a_battery_covers_a_third_of_the_load_on_each_phase() -> None:
    reading = lopsided().step(MINUTE, BatteryMode.NORMAL, [OFF, OFF])

    third_kw = reading.load_kw / 3
    assert reading.grid_phases_kw == pytest.approx((-third_kw, -third_kw, 2 * third_kw), abs=1e-9)


def test_the_sun_feeds_all_phases_evenly() -> None:
    noon = datetime(2026, 6, 14, 11, tzinfo=UTC)

    reading = lopsided(noon).step(MINUTE, BatteryMode.HOLD_CHARGE, [OFF, OFF])

    first_kw, second_kw, third_kw = reading.grid_phases_kw
    assert reading.pv_kw > 2.0
    assert first_kw == second_kw == pytest.approx(-reading.pv_kw / 3, abs=0.01)
    assert third_kw == pytest.approx(first_kw + reading.load_kw)


def test_a_house_stored_before_phases_were_told_apart_goes_on_with_even_ones() -> None:
    house = lopsided()
    house.step(MINUTE, BatteryMode.HOLD, [OFF, OFF])
    state = house.to_state()
    assert isinstance(state["reading"], dict)
    del state["reading"]["grid_phases_kw"]

    house.restore_state(state)

    third_kw = house.reading.load_kw / 3
    assert house.reading.grid_phases_kw == pytest.approx((third_kw,) * 3)
