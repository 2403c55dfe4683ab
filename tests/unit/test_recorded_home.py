from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.site import BatteryMode
from simulator.battery import BatterySpec
from simulator.home import SimulatedHome
from simulator.plant import CarSpec
from simulator.recorded_home import CarWishes, RecordedEvcc, recorded_home
from simulator.recorded_house import HomeStay, MeasuredCar, RecordedHouse
from simulator.recorded_market import RecordedMarket
from tests.support.simulated_evcc import MovableClock

BERLIN = ZoneInfo("Europe/Berlin")
# Local midnight of a Monday.
START = datetime(2026, 1, 11, 23, 0, tzinfo=UTC)
N_SLOTS = 2 * 96
STEP = timedelta(minutes=5)
FULL_KW = 3 * 16 * 0.23
WAITING = {"priority_soc_pct": 10.0, "buffer_soc_pct": 90.0, "buffer_start_soc_pct": 95.0}


def after(**span: float) -> datetime:
    return START + timedelta(**span)


def stay(arrives: datetime, leaves: datetime, wanted_soc_pct: float | None = None) -> HomeStay:
    return HomeStay(arrives=arrives, leaves=leaves, used_kwh=0.0, wanted_soc_pct=wanted_soc_pct)


ALL_DAY = stay(START, after(days=2))


class Past:
    """A recorded home and the clock that moves it."""

    def __init__(
        self,
        *cars: Sequence[HomeStay],
        pv_kw: float = 0.0,
        price_eur_per_kwh: Sequence[float] = (0.3,) * N_SLOTS,
        wishes: CarWishes | None = None,
        site: Mapping[str, object] = WAITING,
        interval_s: float = 300.0,
    ) -> None:
        names = [f"car{number}" for number in range(1, len(cars) + 1)]
        self.house = RecordedHouse(
            start=START,
            load_kw=[0.5] * N_SLOTS,
            pv_kw=[pv_kw] * N_SLOTS,
            batteries=(BatterySpec(standby_kw=0.0, initial_soc_pct=50.0),),
            cars=[
                MeasuredCar(
                    spec=CarSpec(name=name, title=name, capacity_kwh=50.0),
                    stays=stays,
                    initial_soc_pct=40.0,
                )
                for name, stays in zip(names, cars, strict=True)
            ],
        )
        market = RecordedMarket(
            start=START,
            import_eur_per_kwh=price_eur_per_kwh,
            export_eur_per_kwh=(0.08,) * N_SLOTS,
            zone=BERLIN,
        )
        self.clock = MovableClock(START)
        self.home: SimulatedHome = recorded_home(
            self.house,
            market,
            None,
            clock=self.clock,
            evcc=RecordedEvcc(
                zone=BERLIN,
                site=site,
                wishes={} if wishes is None else dict.fromkeys(names, wishes),
                interval_s=interval_s,
            ),
        )

    def live(self, until: datetime) -> None:
        while self.clock.now() < until:
            self.clock.move(STEP)
            self.home.tick()

    def car_soc_pct(self) -> float:
        soc_pct = self.house.reading.chargers[0].car_soc_pct
        assert soc_pct is not None
        return soc_pct


@pytest.mark.parametrize("n_cars", [0, 1, 2])
def test_each_car_has_its_own_loadpoint_for_the_sun(n_cars: int) -> None:
    past = Past(*[[ALL_DAY]] * n_cars)

    loadpoints = past.home.site.loadpoints
    assert [loadpoint.plugged_car for loadpoint in loadpoints] == ["car1", "car2"][:n_cars]
    assert all(loadpoint.is_plain_pv for loadpoint in loadpoints)


def test_the_owners_settings_are_evccs() -> None:
    past = Past([ALL_DAY], wishes=CarWishes(min_soc_pct=20, limit_soc_pct=70))

    assert past.home.site.settings.site.buffer_soc_pct == 90.0
    assert past.home.site.settings.vehicles["car1"].limit_soc_pct == 70


def test_a_car_without_sun_and_plan_waits() -> None:
    past = Past([ALL_DAY])

    past.live(after(hours=3))

    assert past.car_soc_pct() == 40.0


def test_a_car_takes_what_is_left_of_the_sun() -> None:
    # The battery fills up meanwhile, so that evcc finds all of the sun for the car.
    past = Past([ALL_DAY], pv_kw=7.4)

    past.live(after(hours=1))

    assert past.house.reading.chargers[0].charge_kw == pytest.approx(10 * 0.69, abs=0.01)


def test_a_car_below_its_minimum_charges_at_once() -> None:
    past = Past([ALL_DAY], wishes=CarWishes(min_soc_pct=60))

    past.live(after(minutes=10))

    assert past.house.reading.chargers[0].charge_kw == pytest.approx(FULL_KW)


@pytest.mark.parametrize("limit_pct", [55, 60])
def test_charging_ends_at_the_limit_and_not_an_interval_later(limit_pct: int) -> None:
    past = Past([ALL_DAY], wishes=CarWishes(limit_soc_pct=limit_pct))
    past.home.move_slider("loadpoints/1/mode", "now")

    past.live(after(hours=2))

    assert past.car_soc_pct() == pytest.approx(limit_pct, abs=0.2)


def test_a_car_leaves_with_what_its_owner_wanted_for_that_stay() -> None:
    leaves = after(hours=7, minutes=3)
    past = Past([stay(after(hours=1, seconds=50), leaves, 80.0)])

    past.live(after(hours=8))

    (left,) = past.house.departures
    assert left.at == leaves
    assert 80.0 <= left.soc_pct < 80.5


def test_a_plan_uses_the_cheapest_hours() -> None:
    prices = [0.4] * N_SLOTS
    prices[8:20] = [0.1] * 12
    past = Past([stay(START, after(hours=7), 80.0)], price_eur_per_kwh=prices)

    past.live(after(hours=2))
    before_pct = past.car_soc_pct()
    past.live(after(hours=5))

    assert before_pct == 40.0
    assert past.car_soc_pct() == pytest.approx(80.0, abs=0.5)


def test_a_stay_without_wish_takes_the_last_plan_away() -> None:
    past = Past([stay(START, after(hours=4), 60.0), stay(after(hours=5), after(hours=20))])
    past.live(after(hours=6))

    assert past.home.site.settings.vehicles["car1"].plan_time is None


def test_a_repeating_plan_is_carried_out() -> None:
    plan = {"weekdays": [1], "time": "07:00", "tz": "Europe/Berlin", "soc": 70, "active": True}
    past = Past([ALL_DAY], wishes=CarWishes(repeating_plans=(plan,)))

    past.live(after(hours=7))

    assert past.car_soc_pct() == pytest.approx(70.0, abs=0.3)


@pytest.mark.parametrize("n_cars", [1, 2])
def test_five_minutes_do_what_evccs_own_interval_does(n_cars: int) -> None:
    stays = [[stay(after(hours=1), after(hours=12), 70.0)]] * n_cars
    pasts = [
        Past(*stays, pv_kw=6.0, site={"buffer_soc_pct": 60.0}, interval_s=interval_s)
        for interval_s in (30.0, 300.0)
    ]

    for past in pasts:
        past.live(after(hours=14))

    fine, coarse = (past.house.reading for past in pasts)
    assert coarse.grid_import_total_kwh == pytest.approx(fine.grid_import_total_kwh, rel=0.04)
    assert coarse.grid_export_total_kwh == pytest.approx(fine.grid_export_total_kwh, rel=0.04)
    assert pasts[1].home.site.cycles < pasts[0].home.site.cycles / 4


# --- what is told takes effect at once


def test_a_battery_mode_waits_for_the_next_cycle_unless_it_is_settled() -> None:
    past = Past()
    past.home.move_slider("batterymode", "charge")
    untouched = past.home.site.inverter_mode

    past.home.settle(past.clock.now())

    assert untouched is not BatteryMode.CHARGE
    assert past.home.site.inverter_mode is BatteryMode.CHARGE


def test_what_was_settled_holds_for_the_whole_interval_after() -> None:
    past = Past()
    past.live(after(minutes=15))
    past.home.move_slider("batterymode", "charge")
    past.home.settle(past.clock.now())

    past.live(after(minutes=20))

    assert past.house.reading.batteries[0].charge_kw == pytest.approx(5.0)


def test_every_loadpoint_is_settled() -> None:
    past = Past([ALL_DAY], [ALL_DAY])
    past.live(after(minutes=5))
    for name in ("car1", "car2"):
        past.home.site.settings.vehicles[name].min_soc_pct = 90

    past.home.settle(past.clock.now())

    assert [command.enabled for command in past.home.site.commands] == [True, True]


def test_settling_changes_nothing_when_nothing_was_told() -> None:
    pasts = [Past([ALL_DAY], pv_kw=9.0), Past([ALL_DAY], pv_kw=9.0)]
    for _ in range(12):
        for past in pasts:
            past.live(past.clock.now() + STEP)
        pasts[1].home.settle(pasts[1].clock.now())

        assert pasts[1].home.site.commands == pasts[0].home.site.commands


def test_a_battery_mode_outlasts_a_quarter_hour() -> None:
    past = Past()
    past.live(after(minutes=15))
    past.home.move_slider("batterymode", "hold")

    past.live(after(minutes=30))

    assert past.home.site.battery.mode is BatteryMode.HOLD


def test_a_battery_mode_that_nobody_repeats_ends() -> None:
    past = Past()
    past.live(after(minutes=15))
    past.home.move_slider("batterymode", "hold")

    past.live(after(minutes=40))

    assert past.home.site.battery.mode is BatteryMode.NORMAL


def test_the_battery_is_held_as_soon_as_evcc_would_see_a_plan_charging() -> None:
    past = Past([stay(START, after(hours=2), 80.0)], site={"battery_discharge_control": True})

    past.live(after(minutes=20))

    # Half a minute at 5 kW, and not five.
    assert past.house.reading.batteries[0].discharged_total_kwh < 0.1 + 0.5 / 3


@pytest.mark.parametrize("pv_kw", [0.0, 3.0])
def test_a_boost_rises_as_fast_as_evccs_own(pv_kw: float) -> None:
    pasts = [Past([ALL_DAY], pv_kw=pv_kw, interval_s=interval_s) for interval_s in (30.0, 300.0)]
    for past in pasts:
        past.live(after(minutes=15))
        past.home.move_slider("loadpoints/1/batteryboost", value=True)
        past.home.settle(past.clock.now())

        past.live(after(minutes=45))

    fine, coarse = (past.house.reading for past in pasts)
    assert fine.chargers[0].total_kwh > 1.0
    assert coarse.chargers[0].total_kwh == pytest.approx(fine.chargers[0].total_kwh, rel=0.06)
    assert coarse.grid_import_total_kwh == pytest.approx(fine.grid_import_total_kwh, abs=0.05)


def test_settling_does_not_take_back_the_first_step_of_a_boost() -> None:
    past = Past([ALL_DAY], pv_kw=7.0)
    past.live(after(minutes=30))
    past.home.move_slider("loadpoints/1/batteryboost", value=True)
    (first,) = past.home.site.commands

    past.home.settle(past.clock.now())

    assert past.home.site.commands == [first]
    assert first.current_a == 16.0
