"""A client in the same process as its simulated evcc: what it reads, sends, and leaves to evcc."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from backtest.direct_client import DirectClient
from backtest.direct_reading import DirectReader, read_directly
from backtest.direct_values import UnusualStateError
from domain.control import BATTERY_MODE, BUFFER, EvccSetting, Lever, SettingValue
from domain.site import BatteryMode, ChargeMode, SiteSnapshot, SolarSlot
from domain.tariff import Rate
from errors import EvccAutomaticModeError, EvccUnavailableError, WriteRefusedError
from evcc_client import EvccClient
from simulator.evcc_messages import ApiRequest, ApiResponse
from simulator.evcc_version import SMART_MODE_VERSION
from simulator.transport import SimulatorTransport
from tests.support.fake_plant import FakeCharger, FakeMarket, FakePlant, FakeSolar
from tests.support.simulated_evcc import START, Evcc, pv_car

MODE = Lever(setting=EvccSetting.CHARGE_MODE, device="lp-1")


class Refusing:
    """A guard that lets nothing through."""

    def before_write(self, lever: Lever, old: SettingValue, new: SettingValue) -> None:
        raise WriteRefusedError("not today")

    def after_write(self, lever: Lever, accepted: SettingValue) -> None:
        raise AssertionError


@pytest.fixture
def evcc() -> Evcc:
    return pv_car(soc_pct=50.0, buffer_soc_pct=40.0)


@pytest.fixture
def client(evcc: Evcc) -> Iterator[DirectClient]:
    client = DirectClient(evcc.home)
    yield client
    client.close()


@pytest.fixture
def requests(evcc: Evcc, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the paths that evcc is asked for from now on."""
    paths: list[str] = []
    handle = evcc.home.handle

    def handle_and_note(request: ApiRequest) -> ApiResponse:
        paths.append(request.path)
        return handle(request)

    monkeypatch.setattr(evcc.home, "handle", handle_and_note)
    return paths


def over_wire(evcc: Evcc) -> SiteSnapshot:
    """Return what any client reads of ``evcc`` now."""
    client = EvccClient("http://evcc", transport=SimulatorTransport(evcc.home))
    try:
        return client.read_site(evcc.clock.now())
    finally:
        client.close()


# Reading


def test_a_reading_asks_evcc_nothing(evcc: Evcc, client: DirectClient, requests: list[str]) -> None:
    site = client.read_site(START)

    assert site.title == "Test"
    assert requests == []


def test_a_reading_brings_the_home_to_its_time(evcc: Evcc) -> None:
    later = START + timedelta(minutes=15)

    site = read_directly(evcc.home, later)

    assert site.read_at == later
    assert evcc.home.at == later


def test_prices_that_did_not_change_are_the_same_ones(evcc: Evcc) -> None:
    reader = DirectReader(evcc.home)
    before = reader.read(START)

    after = reader.read(START + timedelta(minutes=15))

    assert after.import_rates is before.import_rates


def test_prices_that_are_over_are_left_out(evcc: Evcc) -> None:
    reader = DirectReader(evcc.home)
    before = reader.read(START)
    evcc.run(hours=3)

    after = reader.read(evcc.clock.now())

    assert after.import_rates == before.import_rates[-len(after.import_rates) :]
    assert after == over_wire(evcc)


class OverlappingMarket(FakeMarket):
    """Every price twice."""

    def import_rates(self, now: object) -> list[Rate]:
        rates = super().import_rates(START)
        return sorted([*rates, *rates], key=lambda rate: rate.start)


def test_prices_that_the_client_would_not_all_take_are_read_over_the_wire() -> None:
    evcc = Evcc(market=OverlappingMarket(until=START + timedelta(days=1)))
    evcc.run(minutes=5)
    client = DirectClient(evcc.home)

    site = client.read_site(evcc.clock.now())

    assert site == over_wire(evcc)
    assert site.implausible


class OddPowers(FakeSolar):
    """Powers that are another number after they were told in watts."""

    def forecast(self, now: object) -> list[SolarSlot]:
        slots = super().forecast(START)
        return [SolarSlot(start=slot.start, power_kw=0.003 * n) for n, slot in enumerate(slots)]


def test_a_forecast_has_the_figures_that_evcc_tells() -> None:
    evcc = Evcc(solar=OddPowers())
    evcc.run(minutes=5)

    site = read_directly(evcc.home, evcc.clock.now())

    assert site.solar == over_wire(evcc).solar


@pytest.mark.parametrize("fault", ["soc_missing", "stale", "curtailed", "no_prices", "wrong_types"])
def test_a_fault_is_read_as_evcc_tells_it(evcc: Evcc, client: DirectClient, fault: str) -> None:
    evcc.home.faults.set(**{fault: True})
    evcc.run(minutes=20)

    assert client.read_site(evcc.clock.now()) == over_wire(evcc)


def test_without_evcc_there_is_no_reading_to_act_on(evcc: Evcc, client: DirectClient) -> None:
    client.read_site(START)
    evcc.home.faults.set(offline=True)

    with pytest.raises(EvccUnavailableError):
        client.read_site(START)
    with pytest.raises(EvccUnavailableError):
        client.set_buffer_soc(60)


def test_an_evcc_that_starts_is_not_read() -> None:
    evcc = Evcc(FakePlant(at=START, batteries=[], chargers=[]))
    evcc.home.restart()

    with pytest.raises(EvccUnavailableError):
        DirectClient(evcc.home).read_site(START)


def test_a_loadpoint_that_had_no_turn_yet_is_read_over_the_wire() -> None:
    evcc = Evcc(FakePlant(at=START, chargers=[FakeCharger(), FakeCharger()]))
    client = DirectClient(evcc.home)

    assert client.read_site(START) == over_wire(evcc)
    assert client.n_asked == 1


def test_a_limit_that_evcc_does_not_show_is_not_read() -> None:
    evcc = Evcc(initial_site={"battery_grid_charge_limit": 0.2})

    assert read_directly(evcc.home, START) == over_wire(evcc)


def test_after_a_start_it_is_read_directly_again(evcc: Evcc, client: DirectClient) -> None:
    client.read_site(START)
    evcc.home.restart()
    evcc.run(minutes=2)

    site = client.read_site(evcc.clock.now())

    assert site == over_wire(evcc)
    assert client.n_asked == 0


def test_a_share_beyond_100_is_left_to_the_wire(evcc: Evcc, client: DirectClient) -> None:
    evcc.home.move_slider("bufferStartSoc", 120)

    with pytest.raises(UnusualStateError):
        read_directly(evcc.home, START)
    assert client.read_site(START) == over_wire(evcc)
    assert client.n_asked == 1


# Writing


def test_what_is_written_is_in_force_and_read(evcc: Evcc, client: DirectClient) -> None:
    client.read_site(START)

    applied = client.set_buffer_soc(60)

    settings = client.read_site(START).settings
    assert applied.accepted_pct == 60.0
    assert settings is not None
    assert settings.buffer_soc_pct == 60.0


def test_a_mode_is_written_in_the_words_of_the_newer_schema() -> None:
    plant = FakePlant(at=START)
    plant.plug("ev_blue")
    evcc = Evcc(plant, version=SMART_MODE_VERSION, initial_loadpoints=({"mode": "pv"},))
    evcc.run(minutes=1)
    client = DirectClient(evcc.home)
    client.read_site(evcc.clock.now())

    client.write(MODE, "minpv")

    assert client.read_site(evcc.clock.now()).loadpoints[0].mode is ChargeMode.MIN_PV


def test_a_guard_is_asked_before_anything_is_sent(evcc: Evcc) -> None:
    client = DirectClient(evcc.home, guard=Refusing())
    client.read_site(START)

    with pytest.raises(WriteRefusedError):
        client.set_buffer_soc(60)
    assert evcc.home.site.settings.site.buffer_soc_pct == 40.0


def test_a_bound_that_moved_since_the_reading_is_respected(
    evcc: Evcc, client: DirectClient
) -> None:
    client.read_site(START)
    evcc.home.move_slider("bufferStartSoc", 70)

    assert client.set_buffer_soc(90).accepted_pct == 70.0


# The battery mode


def test_keeping_a_mode_in_force_asks_evcc_nothing(
    evcc: Evcc, client: DirectClient, requests: list[str]
) -> None:
    client.read_site(START)
    client.write(BATTERY_MODE, "hold")
    requests.clear()

    client.keep_battery_mode(BatteryMode.HOLD)

    assert requests == []


def test_a_mode_that_is_kept_does_not_end(evcc: Evcc, client: DirectClient) -> None:
    client.read_site(START)
    client.write(BATTERY_MODE, "hold")

    for _ in range(6):
        evcc.run(seconds=45)
        client.keep_battery_mode(BatteryMode.HOLD)

    assert evcc.home.site.battery.mode is BatteryMode.HOLD


def test_a_mode_that_is_not_kept_ends(evcc: Evcc, client: DirectClient) -> None:
    client.read_site(START)
    client.write(BATTERY_MODE, "hold")
    evcc.run(seconds=45)
    client.keep_battery_mode(BatteryMode.HOLD)

    evcc.run(seconds=120)

    assert evcc.home.site.battery.mode is BatteryMode.NORMAL


def test_a_mode_that_evcc_dropped_is_imposed_again(evcc: Evcc, client: DirectClient) -> None:
    client.read_site(START)
    client.write(BATTERY_MODE, "hold")
    evcc.run(seconds=120)

    client.keep_battery_mode(BatteryMode.HOLD)

    evcc.run(seconds=30)
    assert evcc.home.site.battery.mode is BatteryMode.HOLD


def test_a_mode_of_somebody_else_is_not_kept(evcc: Evcc, client: DirectClient) -> None:
    evcc.home.move_slider("batteryMode", "charge")
    client.read_site(START)

    with pytest.raises(WriteRefusedError):
        client.keep_battery_mode(BatteryMode.HOLD)


def test_evccs_own_automatic_refuses_a_mode_in_force(evcc: Evcc, client: DirectClient) -> None:
    client.read_site(START)
    client.write(BATTERY_MODE, "hold")
    evcc.home.faults.set(automatic_mode=True)

    with pytest.raises(EvccAutomaticModeError):
        client.keep_battery_mode(BatteryMode.HOLD)


def test_a_buffer_that_stands_already_is_not_sent(
    evcc: Evcc, client: DirectClient, requests: list[str]
) -> None:
    client.read_site(START)

    client.write(BUFFER, 40.0)

    assert requests == []
