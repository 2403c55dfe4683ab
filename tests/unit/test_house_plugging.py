"""Cars that come and go when a test says so, beside their own calendar."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from domain.site import BatteryMode
from simulator.default_home import default_home
from simulator.default_house import default_house
from simulator.house import House
from simulator.plant import ChargerCommand
from tests.support.simulated_evcc import MovableClock

FAMILY, CITY = "familienauto", "stadtflitzer"
# A Tuesday: the family car is at work from a quarter past seven to five o'clock.
NOON = datetime(2026, 11, 17, 11, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 16, 23, 0, tzinfo=UTC)
OFF = ChargerCommand(enabled=False)
FULL = ChargerCommand(enabled=True, current_a=16.0, phases=3)


def family_car_is_there(house: House) -> bool:
    return any(charger.car_name == FAMILY for charger in house.reading.chargers)


def run_until(house: House, instant: datetime) -> None:
    house.step(instant - house.reading.at, BatteryMode.NORMAL, [OFF, OFF])


def test_a_car_that_is_away_comes_home_and_can_be_charged() -> None:
    house = default_house(8, NOON)
    assert not family_car_is_there(house)

    house.plug_in(FAMILY)
    reading = house.step(timedelta(minutes=10), BatteryMode.NORMAL, [FULL, OFF])

    assert reading.chargers[0].car_name == FAMILY
    assert reading.chargers[0].charge_kw == pytest.approx(11.04)


def test_a_car_that_came_early_stays_until_its_next_trip() -> None:
    house = default_house(8, NOON)
    house.plug_in(FAMILY)

    run_until(house, datetime(2026, 11, 18, 4, 0, tzinfo=UTC))
    at_night = family_car_is_there(house)
    run_until(house, datetime(2026, 11, 18, 11, 0, tzinfo=UTC))

    assert at_night
    assert not family_car_is_there(house)


def test_a_car_is_emptier_by_its_trip_when_it_comes_early() -> None:
    early, on_time = default_house(8, NIGHT), default_house(8, NIGHT)
    run_until(early, NOON)
    early.plug_in(FAMILY)
    for house in (early, on_time):
        run_until(house, datetime(2026, 11, 17, 20, 0, tzinfo=UTC))

    assert early.reading.chargers[0].car_soc_pct == on_time.reading.chargers[0].car_soc_pct


def test_an_unplugged_car_is_not_charged() -> None:
    house = default_house(8, NIGHT)

    house.unplug(FAMILY)
    reading = house.step(timedelta(minutes=10), BatteryMode.NORMAL, [FULL, OFF])

    assert not reading.chargers[0].connected
    assert reading.chargers[0].charge_kw == 0.0


def test_an_unplugged_car_goes_on_its_trips_and_is_plugged_in_again_after_one() -> None:
    house = default_house(8, NIGHT)
    house.unplug(FAMILY)

    run_until(house, datetime(2026, 11, 17, 20, 0, tzinfo=UTC))

    assert family_car_is_there(house)


def test_plugging_in_twice_is_plugging_in_once() -> None:
    house = default_house(8, NIGHT)

    house.plug_in(FAMILY)

    run_until(house, NIGHT + timedelta(minutes=10))
    assert [charger.car_name for charger in house.reading.chargers] == [FAMILY, CITY]


def test_a_cable_that_is_not_there_cannot_be_pulled() -> None:
    house = default_house(8, NOON)

    with pytest.raises(ValueError, match="not plugged in"):
        house.unplug(FAMILY)
    with pytest.raises(ValueError, match="no car"):
        house.plug_in("hovercraft")


@pytest.mark.parametrize("hours", [0.1, 8.0, 20.0])
def test_a_house_whose_car_came_early_goes_on_the_same_after_a_restart(hours: float) -> None:
    house = default_house(8, NOON)
    house.plug_in(FAMILY)
    house.step(timedelta(hours=hours), BatteryMode.NORMAL, [FULL, OFF])

    restored = default_house(8, NOON)
    restored.restore_state(json.loads(json.dumps(house.to_state())))

    dt = timedelta(minutes=30)
    for _ in range(60):
        assert restored.step(dt, BatteryMode.NORMAL, [OFF, OFF]) == house.step(
            dt, BatteryMode.NORMAL, [OFF, OFF]
        )


def test_evcc_sees_a_car_that_comes_and_goes() -> None:
    clock = MovableClock(NOON)
    home = default_home(seed=8, start=NOON, clock=clock)
    home.plug_in(FAMILY)
    clock.move(timedelta(minutes=1))
    home.tick()
    came = home.site.loadpoints[0].plugged_car

    home.unplug(FAMILY)
    clock.move(timedelta(minutes=1))
    home.tick()

    assert came == FAMILY
    assert home.site.loadpoints[0].plugged_car is None
