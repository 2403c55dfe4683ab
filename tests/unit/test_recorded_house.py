from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.site import BatteryMode
from simulator.battery import BatterySpec
from simulator.cars import CHARGE_EFFICIENCY_FRAC, CarConfig
from simulator.house import House, HouseConfig
from simulator.phases import even
from simulator.plant import CarSpec, ChargerCommand, PlantReading
from simulator.recorded_house import HomeStay, MeasuredCar, RecordedHouse

START = datetime(2026, 1, 10, 23, 0, tzinfo=UTC)
STEP = timedelta(minutes=5)
SLOT = timedelta(minutes=15)
GOLF = CarSpec(name="golf", title="e-Golf", capacity_kwh=50.0)
LOSSLESS = BatterySpec(
    charge_efficiency_frac=1.0, discharge_efficiency_frac=1.0, standby_kw=0.0, initial_soc_pct=50.0
)
FULL_POWER = ChargerCommand(enabled=True, current_a=16.0)
OFF = ChargerCommand(enabled=False)


def after(**span: float) -> datetime:
    return START + timedelta(**span)


def home(
    *stays: HomeStay,
    batteries: tuple[BatterySpec, ...] = (),
    fuse_a: float = 35.0,
    soc_pct: float = 50.0,
) -> RecordedHouse:
    """A day at 0.4 kW with one car."""
    car = MeasuredCar(spec=GOLF, stays=stays, initial_soc_pct=soc_pct)
    return RecordedHouse(
        start=START,
        load_kw=[0.4] * 96,
        pv_kw=[0.0] * 96,
        batteries=batteries,
        cars=(car,),
        fuse_a=fuse_a,
    )


def at_home(
    arrives: datetime, leaves: datetime, *, used_kwh: float = 0.0, wanted_soc_pct: float = 80.0
) -> HomeStay:
    return HomeStay(
        arrives=arrives, leaves=leaves, used_kwh=used_kwh, wanted_soc_pct=wanted_soc_pct
    )


def live(house: RecordedHouse, until: datetime, command: ChargerCommand = OFF) -> PlantReading:
    while house.reading.at < until:
        house.step(STEP, BatteryMode.NORMAL, [command] * house.n_chargers)
    return house.reading


def balance_kw(reading: PlantReading) -> float:
    sources_kw = reading.pv_kw + reading.grid_import_kw
    sinks_kw = reading.load_kw + reading.grid_export_kw
    batteries_kw = sum(one.discharge_kw - one.charge_kw for one in reading.batteries)
    return sources_kw + batteries_kw - sinks_kw - sum(one.charge_kw for one in reading.chargers)


powers = st.lists(st.tuples(st.floats(0.0, 9.0), st.floats(0.0, 9.0)), min_size=8, max_size=8)
told = st.tuples(
    st.integers(1, 1800),
    st.sampled_from(list(BatteryMode)),
    st.builds(ChargerCommand, enabled=st.booleans(), current_a=st.floats(0.0, 32.0)),
)


@settings(deadline=None, max_examples=50)
@given(series=powers, plan=st.lists(told, min_size=1, max_size=4))
def test_energy_in_is_energy_out_whatever_was_measured(
    series: list[tuple[float, float]], plan: list[tuple[int, BatteryMode, ChargerCommand]]
) -> None:
    stay = at_home(after(seconds=77), after(seconds=2345), used_kwh=4.0)
    house = RecordedHouse(
        start=START,
        load_kw=[load_kw for load_kw, _ in series],
        pv_kw=[pv_kw for _, pv_kw in series],
        batteries=(BatterySpec(),),
        cars=(MeasuredCar(spec=GOLF, stays=(stay,)),),
    )

    readings = [
        house.step(timedelta(seconds=seconds), mode, [command]) for seconds, mode, command in plan
    ]

    assert [balance_kw(reading) for reading in readings] == pytest.approx([0.0] * len(plan))


def test_what_was_measured_is_what_the_meters_count() -> None:
    house = RecordedHouse(start=START, load_kw=[1.0, 2.0, 0.5], pv_kw=[0.0, 4.0, 2.5])

    for _ in range(9):
        house.step(STEP, BatteryMode.NORMAL, [])

    assert house.reading.pv_total_kwh == pytest.approx(6.5 / 4)
    assert house.reading.grid_import_total_kwh == pytest.approx(1.0 / 4)
    assert house.reading.grid_export_total_kwh == pytest.approx(4.0 / 4)


def test_a_step_over_two_quarter_hours_is_the_mean_of_both() -> None:
    house = RecordedHouse(start=START, load_kw=[1.0, 2.0], pv_kw=[0.0, 0.0])
    house.step(timedelta(minutes=10), BatteryMode.NORMAL, [])

    reading = house.step(timedelta(minutes=20), BatteryMode.NORMAL, [])

    assert reading.load_kw == pytest.approx((5 * 1.0 + 15 * 2.0) / 20)


def test_one_long_step_does_what_many_short_ones_do() -> None:
    houses = [
        RecordedHouse(
            start=START, load_kw=[0.5, 3.0] * 6, pv_kw=[2.0, 0.0] * 6, batteries=(LOSSLESS,)
        )
        for _ in range(2)
    ]

    houses[0].step(timedelta(hours=3), BatteryMode.NORMAL, [])
    for _ in range(360):
        houses[1].step(timedelta(seconds=30), BatteryMode.NORMAL, [])

    long, short = (house.reading for house in houses)
    assert long.batteries[0].soc_pct == pytest.approx(short.batteries[0].soc_pct)
    assert long.grid_import_total_kwh == pytest.approx(short.grid_import_total_kwh)


def test_the_same_sun_and_load_make_the_same_house_as_a_made_up_one() -> None:
    battery = BatterySpec(initial_soc_pct=70.0)
    config = HouseConfig(
        roofs=(),
        yearly_load_kwh=0.0,
        batteries=(battery,),
        cars=(CarConfig(spec=GOLF, initial_soc_pct=50.0),),
        n_chargers=1,
        load_shares=even(1.0),
    )
    # A night, in which cars stay at home.
    made_up = House(config, seed=1, start=START)
    recorded = RecordedHouse(
        start=START,
        load_kw=[0.0] * 20,
        pv_kw=[0.0] * 20,
        batteries=(battery,),
        cars=(MeasuredCar(spec=GOLF, stays=(at_home(START, after(hours=5)),)),),
    )

    for mode in (BatteryMode.NORMAL, BatteryMode.CHARGE, BatteryMode.HOLD) * 20:
        for house in (made_up, recorded):
            house.step(timedelta(seconds=30), mode, [FULL_POWER])

    assert recorded.reading == made_up.reading


def test_nothing_flows_after_what_was_measured() -> None:
    house = RecordedHouse(start=START, load_kw=[1.0], pv_kw=[0.0])

    with pytest.raises(ValueError, match="nothing was measured"):
        house.step(timedelta(minutes=16), BatteryMode.NORMAL, [])


@pytest.mark.parametrize(
    ("start", "load_kw"), [(START, [1.0]), (START + STEP, [1.0, 1.0]), (START, [])]
)
def test_series_that_do_not_fit_are_refused(start: datetime, load_kw: list[float]) -> None:
    with pytest.raises(ValueError, match="equally long"):
        RecordedHouse(start=start, load_kw=load_kw, pv_kw=[0.0] * 2)


def test_a_car_charges_from_the_second_in_which_it_comes() -> None:
    house = home(at_home(after(seconds=100), after(hours=5)))

    reading = house.step(STEP, BatteryMode.NORMAL, [FULL_POWER])

    assert reading.chargers[0].connected
    assert reading.chargers[0].charge_kw == pytest.approx(3 * 16 * 0.23 * 200 / 300)


def test_a_car_charges_until_the_second_in_which_it_leaves() -> None:
    house = home(at_home(START, after(seconds=400)))

    reading = live(house, after(minutes=10), FULL_POWER)

    assert not reading.chargers[0].connected
    assert reading.chargers[0].total_kwh == pytest.approx(3 * 16 * 0.23 * 400 / 3600)


def test_a_car_that_is_there_when_the_past_begins_has_its_first_soc() -> None:
    house = home(at_home(after(hours=-3), after(hours=5), used_kwh=20.0), soc_pct=62.0)

    assert house.reading.chargers[0].car_soc_pct == 62.0


def test_a_car_comes_home_with_what_it_used_less() -> None:
    house = home(at_home(after(minutes=7), after(hours=5), used_kwh=10.0), soc_pct=50.0)

    reading = live(house, after(minutes=10))

    assert reading.chargers[0].car_soc_pct == pytest.approx(30.0)
    assert house.away_total_kwh == 0.0


def test_a_car_that_would_come_home_empty_has_charged_elsewhere() -> None:
    house = home(at_home(after(minutes=7), after(hours=5), used_kwh=30.0), soc_pct=50.0)

    reading = live(house, after(minutes=10))

    assert reading.chargers[0].car_soc_pct == pytest.approx(5.0)
    assert house.away_total_kwh == pytest.approx(7.5)


def test_departures_tell_what_the_car_had_and_what_was_wanted() -> None:
    leaves = after(minutes=33, seconds=20)
    house = home(at_home(START, leaves, wanted_soc_pct=70.0), soc_pct=60.0)

    live(house, after(hours=1))

    (left,) = house.departures
    assert (left.car, left.at, left.wanted_soc_pct) == ("golf", leaves, 70.0)
    assert left.soc_pct == pytest.approx(60.0)
    assert left.stored_kwh == pytest.approx(30.0)


def test_every_kilowatt_hour_of_a_car_is_accounted_for() -> None:
    house = home(
        at_home(START, after(hours=2)),
        at_home(after(hours=9), after(hours=10), used_kwh=40.0),
        at_home(after(hours=12), after(hours=20), used_kwh=25.0),
    )

    reading = live(house, after(hours=18), FULL_POWER)

    charged_kwh = CHARGE_EFFICIENCY_FRAC * reading.chargers[0].total_kwh
    used_kwh = sum(arrival.used_kwh for arrival in house.arrivals)
    stored_kwh = GOLF.capacity_kwh * (reading.chargers[0].car_soc_pct or 0.0) / 100.0
    assert 25.0 + charged_kwh + house.away_total_kwh - used_kwh == pytest.approx(stored_kwh)


def test_what_left_comes_back_less_what_was_used() -> None:
    house = home(
        at_home(START, after(hours=2)), at_home(after(hours=9), after(hours=10), used_kwh=4.0)
    )

    live(house, after(hours=11), FULL_POWER)

    came, left = house.arrivals[0], house.departures[0]
    assert came.stored_kwh == pytest.approx(left.stored_kwh - 4.0)
    assert (came.at, came.away_kwh) == (after(hours=9), 0.0)


def test_stays_that_touch_are_a_short_trip() -> None:
    house = home(
        at_home(START, after(hours=1)), at_home(after(hours=1), after(hours=2), used_kwh=5.0)
    )

    reading = live(house, after(minutes=90))

    assert reading.chargers[0].car_soc_pct == pytest.approx(40.0)


def test_stays_that_overlap_are_refused() -> None:
    stays = (at_home(START, after(hours=3)), at_home(after(hours=2), after(hours=4)))

    with pytest.raises(ValueError, match="overlap"):
        MeasuredCar(spec=GOLF, stays=stays)


def test_a_past_that_begins_in_the_middle_forgets_the_stays_before() -> None:
    house = home(
        at_home(after(hours=-9), after(hours=-8)),
        at_home(after(hours=3), after(hours=4), used_kwh=5.0),
    )

    live(house, after(hours=2))

    assert (house.departures, house.arrivals) == ([], [])
    assert not house.reading.chargers[0].connected


def test_the_fuse_takes_charging_back() -> None:
    house = home(at_home(START, after(hours=5)), batteries=(LOSSLESS,), fuse_a=16.0)

    reading = house.step(STEP, BatteryMode.CHARGE, [FULL_POWER])

    assert reading.grid_import_kw == pytest.approx(3 * 16 * 0.23)
    # The battery gives way first, then the car for what the house itself uses.
    assert reading.batteries[0].charge_kw == 0.0
    assert reading.chargers[0].charge_kw == pytest.approx(3 * 16 * 0.23 - 0.4)


def test_a_home_needs_neither_battery_nor_car() -> None:
    house = RecordedHouse(start=START, load_kw=[1.0], pv_kw=[3.0])

    reading = house.step(SLOT, BatteryMode.NORMAL, [])

    assert (reading.batteries, reading.chargers, reading.grid_export_kw) == ((), (), 2.0)


def test_a_house_goes_on_from_its_state() -> None:
    stays = (at_home(after(hours=-1), after(hours=2)), at_home(after(hours=3), after(hours=5)))
    house, restored = home(*stays, batteries=(LOSSLESS,)), home(*stays, batteries=(LOSSLESS,))
    live(house, after(hours=2, minutes=30), FULL_POWER)

    restored.restore_state(house.to_state())

    until = after(hours=4)
    assert live(restored, until, FULL_POWER) == live(house, until, FULL_POWER)
