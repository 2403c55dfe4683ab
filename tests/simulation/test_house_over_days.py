import json
import statistics
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.site import BatteryMode
from simulator.battery import BatterySpec
from simulator.default_house import CITY_CAR, DEFAULT_HOME, FAMILY_CAR, default_house
from simulator.house import House, HouseConfig
from simulator.local_time import CELL_S, epoch_s
from simulator.plant import ChargerCommand, Plant, PlantReading
from simulator.solar_provider import SolarForecastService

START = datetime(2026, 11, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OFF = ChargerCommand(enabled=False)
FULL = ChargerCommand(enabled=True, current_a=16.0, phases=3)


def run(
    house: Plant, steps: int, dt: timedelta, chargers: Sequence[ChargerCommand]
) -> list[PlantReading]:
    return [house.step(dt, BatteryMode.NORMAL, chargers) for _ in range(steps)]


def test_two_houses_of_one_seed_are_the_same_bit_for_bit() -> None:
    first = run(default_house(5, START), 600, timedelta(minutes=2), [FULL, OFF])
    second = run(default_house(5, START), 600, timedelta(minutes=2), [FULL, OFF])

    assert first == second


def test_another_seed_is_another_house() -> None:
    first = run(default_house(5, START), 5, MINUTE, [OFF, OFF])
    second = run(default_house(6, START), 5, MINUTE, [OFF, OFF])

    assert first != second


@pytest.mark.parametrize("dt", [timedelta(seconds=7), timedelta(minutes=1), timedelta(hours=1)])
def test_how_time_is_cut_changes_nothing(dt: timedelta) -> None:
    start = datetime(2026, 6, 15, 8, 0, 10, tzinfo=UTC)
    whole = default_house(5, start)
    whole_reading = whole.step(timedelta(hours=7), BatteryMode.NORMAL, [FULL, FULL])
    cut = default_house(5, start)

    cut_reading = run(cut, timedelta(hours=7) // dt, dt, [FULL, FULL])[-1]

    assert cut_reading.at == whole_reading.at
    assert cut_reading.pv_total_kwh == pytest.approx(whole_reading.pv_total_kwh, rel=1e-9)
    # The limits of a battery or car near full are looked at once a piece of time.
    assert cut_reading.grid_import_total_kwh == pytest.approx(
        whole_reading.grid_import_total_kwh, rel=1e-3
    )
    assert cut_reading.batteries[0].soc_pct == pytest.approx(
        whole_reading.batteries[0].soc_pct, abs=0.05
    )


def test_within_a_cell_sun_and_load_read_the_same_however_short_the_step() -> None:
    start = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
    long = default_house(5, start).step(timedelta(seconds=30), BatteryMode.NORMAL, [OFF, OFF])

    short = default_house(5, start).step(timedelta(seconds=1), BatteryMode.NORMAL, [OFF, OFF])

    assert (short.pv_kw, short.load_kw) == (long.pv_kw, long.load_kw)


@pytest.mark.parametrize("steps_before", [0, 1, 37, 430, 1020, 1999])
def test_a_restored_house_continues_as_if_nothing_had_happened(steps_before: int) -> None:
    dt = timedelta(minutes=3)
    original = default_house(8, START)
    run(original, steps_before, dt, [FULL, FULL])

    stored = json.loads(json.dumps(original.to_state()))
    restored = default_house(8, START - timedelta(days=3))
    restored.restore_state(stored)

    assert restored.reading == original.reading
    assert run(restored, 500, dt, [FULL, OFF]) == run(original, 500, dt, [FULL, OFF])


def test_a_house_restored_at_the_minute_a_car_leaves_or_returns_continues_the_same() -> None:
    dt = timedelta(seconds=30)
    original = default_house(8, datetime(2026, 11, 17, 5, 0, tzinfo=UTC))
    connected = original.reading.chargers[0].connected
    changes = 0
    for _ in range(1600):
        before = original.to_state()
        reading = original.step(dt, BatteryMode.NORMAL, [FULL, FULL])
        if reading.chargers[0].connected != connected:
            connected = reading.chargers[0].connected
            changes += 1
            restored = default_house(8, START)
            restored.restore_state(before)
            assert restored.step(dt, BatteryMode.NORMAL, [FULL, FULL]) == reading

    assert changes == 2


@pytest.mark.parametrize(
    "damage",
    [
        {},
        {"reading": []},
        {"reading": {}, "battery_stored_kwh": [], "car_stored_kwh": [], "car_chargers": []},
        {"reading": None},
    ],
)
def test_a_damaged_state_is_refused_and_changes_nothing(damage: dict[str, object]) -> None:
    house = default_house(1, START)
    before = house.to_state()

    with pytest.raises(ValueError, match="state"):
        house.restore_state(damage)

    assert house.to_state() == before


def test_the_state_of_another_kind_of_house_is_refused() -> None:
    bare = House(HouseConfig(batteries=()), seed=1, start=START)

    with pytest.raises(ValueError, match="other batteries or cars"):
        default_house(1, START).restore_state(bare.to_state())


def test_a_house_without_a_roof_gets_no_sun_and_is_promised_none() -> None:
    day = datetime(2026, 6, 15, tzinfo=UTC)
    house = House(HouseConfig(roofs=()), seed=1, start=day)

    readings = run(house, 24, timedelta(hours=1), [OFF] * house.n_chargers)

    assert {reading.pv_kw for reading in readings} == {0.0}
    assert {slot.power_kw for slot in SolarForecastService(house).forecast(day)} == {0.0}


def test_cars_come_and_go_and_get_emptier_on_the_road() -> None:
    house = default_house(3, datetime(2026, 11, 15, 23, 0, tzinfo=UTC))

    readings = run(house, 5 * 24 * 12, timedelta(minutes=5), [OFF, OFF])

    family = [reading.chargers[0] for reading in readings]
    socs = [charger.car_soc_pct for charger in family if charger.car_soc_pct is not None]
    assert {charger.connected for charger in family} == {True, False}
    assert min(socs) < 52.0
    assert max(socs) == 52.0


def test_a_car_stops_at_its_own_limit() -> None:
    house = default_house(3, datetime(2026, 11, 14, 20, 0, tzinfo=UTC))

    readings = run(house, 240, timedelta(minutes=2), [FULL, OFF])

    assert max(reading.chargers[0].car_soc_pct or 0.0 for reading in readings) == pytest.approx(
        90.0
    )
    assert readings[-1].chargers[0].charge_kw == 0.0


def test_a_car_takes_what_is_offered_on_the_phases_it_has() -> None:
    offer = ChargerCommand(enabled=True, current_a=10.0, phases=3)
    house = default_house(3, datetime(2026, 11, 14, 22, 0, tzinfo=UTC))

    family, city = house.step(MINUTE, BatteryMode.NORMAL, [offer, offer]).chargers

    assert family.charge_kw == pytest.approx(6.9)
    assert family.currents_a == pytest.approx((10.0, 10.0, 10.0))
    assert city.charge_kw == pytest.approx(2.3)
    assert city.currents_a == pytest.approx((10.0, 0.0, 0.0))


def test_below_six_amperes_nothing_flows() -> None:
    offer = ChargerCommand(enabled=True, current_a=5.9, phases=1)
    house = default_house(3, datetime(2026, 11, 14, 22, 0, tzinfo=UTC))

    assert house.step(MINUTE, BatteryMode.NORMAL, [offer, offer]).chargers[0].charge_kw == 0.0


def test_the_battery_helps_a_car_at_night_unless_it_is_held() -> None:
    night = datetime(2026, 11, 14, 22, 0, tzinfo=UTC)
    offer = ChargerCommand(enabled=True, current_a=6.0, phases=1)

    normal = default_house(3, night).step(MINUTE, BatteryMode.NORMAL, [offer, OFF])
    held = default_house(3, night).step(MINUTE, BatteryMode.HOLD, [offer, OFF])

    assert normal.batteries[0].discharge_kw == pytest.approx(normal.load_kw + 1.38)
    assert normal.grid_import_kw == pytest.approx(0.0, abs=1e-9)
    assert held.grid_import_kw == pytest.approx(held.load_kw + 1.38)


def test_the_main_fuse_is_never_overloaded_by_charging() -> None:
    config = replace(DEFAULT_HOME, fuse_a=20.0)
    house = House(config, seed=3, start=datetime(2026, 11, 14, 20, 0, tzinfo=UTC))

    reading = house.step(MINUTE, BatteryMode.CHARGE, [FULL, FULL])

    assert reading.grid_import_kw <= 3 * 0.23 * 20.0 + 1e-9
    assert reading.chargers[0].charge_kw > 0.0


@pytest.mark.parametrize(
    "config",
    [
        HouseConfig(batteries=()),
        HouseConfig(
            batteries=(BatterySpec(name="one"), BatterySpec(name="two", controllable=False)),
            cars=(FAMILY_CAR,),
            n_chargers=1,
        ),
        HouseConfig(cars=(FAMILY_CAR, CITY_CAR), n_chargers=1),
        HouseConfig(cars=(CITY_CAR,), n_chargers=2),
    ],
    ids=["bare", "two batteries, one car", "two cars, one charger", "a spare charger"],
)
def test_other_homes_live_as_well(config: HouseConfig) -> None:
    house = House(config, seed=2, start=START)

    readings = run(house, 4 * 96, timedelta(minutes=15), [FULL] * config.n_chargers)

    assert len(readings[-1].batteries) == len(config.batteries)
    assert len(readings[-1].chargers) == config.n_chargers
    assert readings[-1].grid_import_total_kwh > 0.0


def test_a_wrong_number_of_commands_or_no_time_is_refused() -> None:
    house = default_house(1, START)

    with pytest.raises(ValueError, match="commands"):
        house.step(MINUTE, BatteryMode.NORMAL, [OFF])
    with pytest.raises(ValueError, match="must take time"):
        house.step(timedelta(0), BatteryMode.NORMAL, [OFF, OFF])


def test_the_first_reading_balances_without_a_step() -> None:
    reading = default_house(1, datetime(2026, 6, 15, 10, 0, tzinfo=UTC)).reading

    assert reading.at == datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
    assert reading.pv_kw + reading.grid_import_kw == pytest.approx(
        reading.load_kw + reading.grid_export_kw
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_the_roof_yields_what_german_roofs_do(seed: int) -> None:
    house = default_house(seed, START)
    first = int(epoch_s(datetime(2026, 1, 1, tzinfo=UTC))) // CELL_S
    # Every seventh slot, looked at in three places: never long the same hours of a day.
    slots = range(first, first + 365 * 2880, 7 * 30)

    mean_kw = statistics.fmean(
        house.pv.cell_kw(slot + look) for slot in slots for look in (5, 15, 25)
    )

    yearly_kwh = mean_kw * 8760.0
    assert 850.0 < yearly_kwh / 9.0 < 1050.0


def test_a_cloudy_day_has_fast_changes_and_nights_none() -> None:
    house = default_house(1, START)
    noon = int(epoch_s(datetime(2026, 6, 1, 8, 0, tzinfo=UTC))) // CELL_S
    swings = [
        abs(house.pv.cell_kw(cell + 2) - house.pv.cell_kw(cell))
        for day in range(10)
        for cell in range(noon + day * 2880, noon + day * 2880 + 960)
    ]

    assert max(swings) > 1.5
    assert house.pv.cell_kw(noon - 7 * 120) == 0.0
