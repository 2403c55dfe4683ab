"""What each lever that the client moves does to a simulated home, judged by what flows there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from domain.control import BATTERY_MODE, BUFFER, EvccSetting, Lever
from domain.site import BatteryMode, SiteSnapshot
from errors import WriteRefusedError
from evcc_client import EvccClient
from simulator.evcc_version import CURRENT_VERSION, ENVELOPE_VERSION, SMART_MODE_VERSION
from simulator.site_view import MainCircuit
from simulator.transport import SimulatorTransport
from tests.support.fake_plant import FakeMarket, FakePlant
from tests.support.simulated_evcc import START, Evcc, pv_car

MODE = Lever(setting=EvccSetting.CHARGE_MODE, device="lp-1")
COST_LIMIT = Lever(setting=EvccSetting.SMART_COST_LIMIT, device="lp-1")
BOOST = Lever(setting=EvccSetting.BATTERY_BOOST, device="lp-1")
BOOST_LIMIT = Lever(setting=EvccSetting.BATTERY_BOOST_LIMIT, device="lp-1")
FULL_KW = 11.04


@dataclass(slots=True)
class Steered:
    """A simulated home and a client that commands it."""

    evcc: Evcc
    client: EvccClient

    def read(self) -> SiteSnapshot:
        return self.client.read_site(self.evcc.clock.now())

    def run_keeping(self, mode: BatteryMode, *, times: int) -> None:
        """Let time pass, with the mode sent again every 25 s."""
        for _ in range(times):
            self.client.keep_battery_mode(mode)
            self.evcc.run(seconds=25)

    @property
    def discharge_kw(self) -> float:
        return self.evcc.plant.reading.batteries[0].discharge_kw

    @property
    def charge_kw(self) -> float:
        return self.evcc.plant.reading.batteries[0].charge_kw


def steered(evcc: Evcc) -> Steered:
    client = EvccClient("http://evcc", transport=SimulatorTransport(evcc.home))
    both = Steered(evcc, client)
    both.read()
    return both


@pytest.fixture
def home() -> Iterator[Steered]:
    """Return a home with a car in pv mode at night, and a battery half full."""
    home = steered(pv_car(soc_pct=50.0))
    yield home
    home.client.close()


# The battery's mode


def test_a_held_battery_gives_nothing_as_long_as_the_hold_is_kept(home: Steered) -> None:
    home.client.write(BATTERY_MODE, "hold")

    home.run_keeping(BatteryMode.HOLD, times=12)

    assert home.discharge_kw == 0.0
    assert home.read().battery.external_mode is BatteryMode.HOLD  # type: ignore[union-attr]  # it has one


def test_a_hold_that_nobody_keeps_is_over_after_two_minutes(home: Steered) -> None:
    home.client.write(BATTERY_MODE, "hold")

    home.evcc.run(minutes=2)

    assert home.discharge_kw == pytest.approx(0.5)


def test_a_released_battery_serves_the_house_again(home: Steered) -> None:
    home.client.write(BATTERY_MODE, "hold")
    home.run_keeping(BatteryMode.HOLD, times=4)

    home.client.write(BATTERY_MODE, None)
    home.evcc.run(minutes=1)

    assert home.discharge_kw == pytest.approx(0.5)


def test_a_battery_buys_from_the_grid(home: Steered) -> None:
    home.client.write(BATTERY_MODE, "charge")

    home.evcc.run(minutes=1)

    assert home.charge_kw == pytest.approx(3.0)
    assert home.evcc.plant.reading.grid_import_kw == pytest.approx(3.5)


def test_a_battery_leaves_the_sun_to_the_grid() -> None:
    home = steered(Evcc(FakePlant(at=START, pv_kw=4.0)))

    home.client.write(BATTERY_MODE, "holdcharge")
    home.evcc.run(minutes=1)

    assert home.charge_kw == 0.0
    assert home.evcc.plant.reading.grid_export_kw == pytest.approx(3.5)


def test_a_mode_imposed_by_somebody_else_stays_theirs(home: Steered) -> None:
    home.client.write(BATTERY_MODE, "hold")
    home.evcc.run(seconds=25)
    home.evcc.home.move_slider("batterymode", "charge")
    home.read()

    with pytest.raises(WriteRefusedError, match="charge statt hold"):
        home.client.keep_battery_mode(BatteryMode.HOLD)
    home.evcc.run(seconds=55)

    assert home.charge_kw == pytest.approx(3.0)


# Cars


@pytest.mark.parametrize("version", [CURRENT_VERSION, SMART_MODE_VERSION, ENVELOPE_VERSION])
def test_a_car_is_charged_now_and_then_again_by_the_sun(version: object) -> None:
    plant = FakePlant(at=START)
    plant.plug("ev_blue")
    home = steered(Evcc(plant, version=version, initial_loadpoints=({"mode": "pv"},)))  # type: ignore[arg-type]  # one of them

    home.client.write(MODE, "now")
    home.evcc.run(minutes=1)
    now_kw = home.evcc.car_kw
    home.client.write(MODE, "pv")
    home.evcc.run(minutes=10)

    assert now_kw == pytest.approx(FULL_KW)
    assert home.evcc.car_kw == 0.0


def test_a_car_charges_below_a_price_until_the_limit_is_removed() -> None:
    plant = FakePlant(at=START)
    plant.plug("ev_blue")
    market = FakeMarket(until=START + timedelta(days=2), price_eur_per_kwh=0.2)
    home = steered(Evcc(plant, market=market, initial_loadpoints=({"mode": "pv"},)))

    home.client.write(COST_LIMIT, 0.2)
    home.evcc.run(minutes=2)
    cheap_kw = home.evcc.car_kw
    home.client.write(COST_LIMIT, None)
    home.evcc.run(minutes=10)

    assert cheap_kw == pytest.approx(FULL_KW)
    assert home.evcc.car_kw == 0.0


def test_a_boost_empties_the_battery_into_the_car_down_to_its_limit(home: Steered) -> None:
    home.evcc.plant.batteries[0].frozen = False
    home.client.write(BOOST_LIMIT, 35)

    home.client.write(BOOST, True)
    home.evcc.run(minutes=5)
    boosted_kw = home.discharge_kw
    home.evcc.run(minutes=25)
    drained_pct = home.evcc.plant.batteries[0].soc_pct
    later_kwh = home.evcc.car_kwh_during(hours=1)

    assert boosted_kw == pytest.approx(5.0, abs=0.3)
    assert 31.0 < drained_pct < 35.0
    assert later_kwh == 0.0


def test_a_boost_that_is_ended_leaves_the_battery_to_the_house(home: Steered) -> None:
    home.client.write(BOOST, True)
    home.evcc.run(minutes=5)

    home.client.write(BOOST, False)
    home.evcc.run(minutes=10)

    assert home.evcc.car_kw == 0.0
    assert home.discharge_kw == pytest.approx(0.5)


def test_a_low_buffer_lets_the_battery_keep_a_charging_car_going() -> None:
    home = steered(pv_car(soc_pct=60.0, pv_kw=6.0, buffer_soc_pct=80.0))
    home.evcc.run(minutes=10)
    home.evcc.plant.pv_kw = 1.0

    home.client.write(BUFFER, 50)
    home.evcc.run(minutes=20)

    assert home.evcc.car_kw == pytest.approx(1.38)
    assert home.discharge_kw == pytest.approx(0.88)


# What the client reads of such a home


@pytest.mark.parametrize("pv_kw", [0.0, 9.0])
def test_the_phases_of_a_reading_add_up_to_its_grid_power(pv_kw: float) -> None:
    plant = FakePlant(at=START, load_kw=2.0, pv_kw=pv_kw)
    plant.plug("ev_blue")
    home = steered(Evcc(plant, initial_loadpoints=({"mode": "pv"},)))
    home.evcc.run(minutes=5)

    site = home.read()

    assert site.grid_import_kw is not None
    assert site.grid_export_kw is not None
    net_kw = site.grid_import_kw - site.grid_export_kw
    assert sum(site.phase_import_a) * 0.23 == pytest.approx(net_kw, abs=0.01)
    assert len(set(site.phase_import_a)) == 3


def test_the_limit_of_a_main_circuit_is_read_and_holds_for_a_car() -> None:
    plant = FakePlant(at=START, load_kw=2.3, batteries=[])
    plant.plug("ev_blue")
    home = steered(
        Evcc(
            plant,
            circuit=MainCircuit(max_current_a=16.0),
            initial_loadpoints=({"mode": "now"},),
        )
    )
    home.evcc.run(minutes=5)

    site = home.read()

    assert site.phase_limit_a == 16.0
    assert site.import_limit_kw == pytest.approx(11.04)
    assert max(site.phase_import_a) <= 16.0
    assert home.evcc.car_kw == pytest.approx(11 * 0.69)


@pytest.mark.parametrize("version", [CURRENT_VERSION, ENVELOPE_VERSION])
@pytest.mark.parametrize(
    ("kind", "has_price_limits"),
    [("priceforecast", True), ("pricedynamic", True), ("pricestatic", False)],
)
def test_whether_price_limits_do_anything_is_read_of_every_version(
    version: object, kind: str, *, has_price_limits: bool
) -> None:
    home = steered(Evcc(version=version, smart_cost_type=kind))  # type: ignore[arg-type]  # one of them

    assert home.read().has_price_limits is has_price_limits


def test_an_interval_below_a_second_is_read_as_one() -> None:
    assert steered(Evcc(interval_s=0.5)).read().interval_s == 1.0
    assert steered(Evcc(interval_s=10.0)).read().interval_s == 10.0


def test_evccs_own_plan_is_read_as_it_will_be_carried_out() -> None:
    plant = FakePlant(at=START, batteries=[])
    plant.plug("ev_blue")
    market = FakeMarket(until=START + timedelta(days=2), by_hour={13: 0.05})
    home = steered(Evcc(plant, market=market, initial_loadpoints=({"mode": "pv"},)))
    home.evcc.post("vehicles/ev_blue/plan/soc/40/2026-06-10T18:00:00Z")
    home.evcc.run(minutes=1)

    planned = home.read().loadpoints[0].planned
    kwh_before = home.evcc.car_kwh_during(hours=2, minutes=59)
    kwh_planned = home.evcc.car_kwh_during(hours=1)

    starts_at, ends_at = planned[0][0], planned[-1][1]
    assert starts_at >= START + timedelta(hours=3)
    assert ends_at == START + timedelta(hours=4)
    assert kwh_before == 0.0
    assert kwh_planned > 5.0
