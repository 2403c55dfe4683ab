"""The past of a simulated evcc, read as the service reads it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from domain.history import EnergySource, ImportState, QuarterEnergies
from domain.horizon import SLOT
from domain.ports import PastSource
from errors import EvccRejectedError, EvccUnavailableError, SourceError
from evcc_client import EvccClient
from history_import import Destination, HistoryImport
from simulator.default_home import default_home
from simulator.evcc_version import BATTERY_ARRAY_VERSION, CURRENT_VERSION, EvccVersion
from simulator.home import SimulatedHome
from simulator.transport import SimulatorTransport
from slot_meter import SlotMeter, range_to_fetch
from tests.support.fake_plant import FakePlant
from tests.support.simulated_evcc import Evcc, MovableClock

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
SPRING = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@contextmanager
def client_of(home: SimulatedHome) -> Iterator[EvccClient]:
    client = EvccClient("http://evcc:7070", transport=SimulatorTransport(home))
    try:
        yield client
    finally:
        client.close()


def home_at(now: datetime, version: EvccVersion = CURRENT_VERSION) -> Evcc:
    return Evcc(FakePlant(at=now, pv_kw=2.0, load_kw=0.6), version=version)


def balance_kwh(quarter: QuarterEnergies) -> float:
    """Return what came in less what went out; 0 when it adds up."""
    flows = (
        quarter.pv_kwh, quarter.grid_import_kwh, quarter.battery_discharge_kwh,
        quarter.house_kwh, quarter.grid_export_kwh, quarter.battery_charge_kwh,
    )  # fmt: skip
    known = [flow for flow in flows if flow is not None]
    assert len(known) == 6
    return sum(known[:3]) - sum(known[3:]) - sum(quarter.loadpoints_kwh.values())


def test_the_client_is_a_source_of_the_past() -> None:
    with client_of(home_at(NOW).home) as client:
        source: PastSource = client

        assert source.source is EnergySource.EVCC


def test_weeks_come_back_as_quarter_hours_that_add_up() -> None:
    evcc = home_at(NOW)
    evcc.home.remember_past(10 * DAY)

    with client_of(evcc.home) as client:
        past = client.read_past(NOW - 9 * DAY, NOW)

    assert [quarter.start for quarter in past.energies] == [
        NOW - 9 * DAY + number * SLOT for number in range(9 * 96)
    ]
    assert all(abs(balance_kwh(quarter)) < 0.005 for quarter in past.energies)
    socs_pct = [quarter.battery_soc_pct for quarter in past.energies]
    assert all(soc_pct is not None and 0 <= soc_pct <= 100 for soc_pct in socs_pct)
    assert len(past.forecast_kwh) == 9 * 96


@pytest.mark.parametrize("change", [AUTUMN, SPRING], ids=["25 hours", "23 hours"])
def test_days_of_the_clock_change_are_complete(change: datetime) -> None:
    evcc = home_at(change + 3 * DAY)
    evcc.home.remember_past(6 * DAY)

    with client_of(evcc.home) as client:
        client.read_site(change + 3 * DAY)
        energies = client.read_energies(change - DAY, change + DAY)

    starts = [quarter.start for quarter in energies]
    expected = [change - DAY + number * SLOT for number in range(192)]
    # Nothing lies before the first slot after the change that could vouch for it.
    assert starts == [start for start in expected if start != AUTUMN]
    assert all(abs(balance_kwh(quarter)) < 0.005 for quarter in energies)


def test_before_evcc_was_read_the_double_hour_stays_a_gap() -> None:
    evcc = home_at(AUTUMN + DAY)
    evcc.home.remember_past(3 * DAY)

    with client_of(evcc.home) as client:
        energies = client.read_energies(AUTUMN - DAY, AUTUMN + DAY)

    starts = {quarter.start for quarter in energies}
    doubled = {AUTUMN + number * SLOT for number in range(-4, 5)}
    assert starts == {AUTUMN - DAY + number * SLOT for number in range(192)} - doubled


def test_what_evcc_missed_is_missing() -> None:
    evcc = home_at(NOW)
    evcc.home.remember_past(2 * DAY)
    evcc.run(hours=1)
    evcc.home.restart()  # its collector begins anew, in the middle of a quarter hour
    evcc.run(hours=1)

    with client_of(evcc.home) as client:
        energies = client.read_energies(NOW - DAY, NOW + timedelta(hours=2))

    starts = [quarter.start for quarter in energies]
    assert len(starts) == len(set(starts)) <= 96 + 8
    assert all(abs(balance_kwh(quarter)) < 0.005 for quarter in energies)


def test_an_evcc_before_0_305_has_no_past_to_give() -> None:
    evcc = home_at(NOW, BATTERY_ARRAY_VERSION)

    with client_of(evcc.home) as client, pytest.raises(EvccRejectedError) as refused:
        client.read_energies(NOW - DAY, NOW)

    assert refused.value.status == httpx2.codes.NOT_FOUND


def test_an_evcc_that_starts_is_not_taken_for_an_old_one() -> None:
    evcc = home_at(NOW)
    evcc.home.faults.set(starting=True)

    with client_of(evcc.home) as client, pytest.raises(EvccUnavailableError):
        client.read_energies(NOW - DAY, NOW)


@pytest.mark.parametrize(
    "fault", [{"offline": True}, {"half_answers": True}, {"empty_200": True}, {"slow_s": 20.0}]
)
def test_a_broken_evcc_is_an_error_of_a_source(fault: dict[str, bool | float]) -> None:
    evcc = home_at(NOW)
    evcc.home.remember_past(DAY)
    evcc.home.faults.set(**fault)

    with client_of(evcc.home) as client:
        for read in (
            lambda: client.read_past(NOW - DAY, NOW),
            lambda: client.read_sessions(2026, 11),
        ):
            with pytest.raises(SourceError):
                read()


def test_a_long_answer_does_not_hold_up_a_reading() -> None:
    evcc = home_at(NOW)
    asked, answered = threading.Event(), threading.Event()
    inner = SimulatorTransport(evcc.home)

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/api/history/energy":
            asked.set()
            answered.wait(60)
        return inner.handle_request(request)

    client = EvccClient("http://evcc:7070", transport=httpx2.MockTransport(answer))
    thread = threading.Thread(target=client.read_energies, args=(NOW - DAY, NOW))
    thread.start()
    asked.wait(60)

    site = client.read_site(NOW)

    answered.set()
    thread.join()
    client.close()
    assert site.pv_kw == 2.0


def test_reading_on_after_evcc_was_found_elsewhere_is_an_error_of_a_source() -> None:
    with client_of(home_at(NOW).home) as client:
        client.close()

        with pytest.raises(EvccUnavailableError):
            client.read_energies(NOW - DAY, NOW)


def test_sessions_of_a_month_are_read() -> None:
    plant = FakePlant(at=NOW)
    plant.plug("ev_blue")
    evcc = Evcc(plant, initial_loadpoints=({"mode": "now"},))
    evcc.run(hours=1)
    plant.unplug()
    evcc.run(minutes=1)

    with client_of(evcc.home) as client:
        (session,) = client.read_sessions(2026, 11)
        earlier = client.read_sessions(2026, 10)

    assert (session.loadpoint, session.vehicle) == ("Carport", "Blue hatch")
    assert session.energy_kwh == pytest.approx(plant.chargers[0].total_kwh, abs=0.001)
    assert session.started_at == NOW
    assert session.finished_at is not None
    assert earlier == ()


def test_our_own_measuring_agrees_with_evccs_counters() -> None:
    clock = MovableClock(NOW.replace(month=6))
    start = clock.now()
    home, meter = default_home(seed=3, start=start, clock=clock), SlotMeter()
    live: list[QuarterEnergies] = []

    with client_of(home) as client:
        for _ in range(60 * 2 + 1):
            now = clock.now()
            live += meter.observe(now, client.read_site(now), poll=timedelta(minutes=1))
            clock.move(timedelta(minutes=1))
        recorded = {quarter.start: quarter for quarter in client.read_energies(start, start + DAY)}

    assert len(live) == 8
    both = [(quarter, recorded[quarter.start]) for quarter in live if quarter.start in recorded]
    assert len(both) == 7
    for ours, theirs in both:
        assert ours.pv_kwh == pytest.approx(theirs.pv_kwh, abs=0.06)
        assert ours.house_kwh == pytest.approx(theirs.house_kwh, abs=0.06)
        assert ours.battery_soc_pct == pytest.approx(theirs.battery_soc_pct, abs=1.0)
        assert ours.loadpoints_kwh.keys() == theirs.loadpoints_kwh.keys()


def test_after_an_outage_evccs_own_quarter_hours_close_the_gap() -> None:
    evcc = home_at(NOW)
    evcc.run(hours=30)
    now = evcc.clock.now() + timedelta(minutes=1)

    asked = range_to_fetch(now, stored_until=NOW + timedelta(hours=2))

    assert asked is not None
    with client_of(evcc.home) as client:
        energies = client.read_energies(*asked)
    assert [quarter.start for quarter in energies] == [
        NOW + timedelta(hours=2) + number * SLOT for number in range(28 * 4)
    ]


def test_all_that_evcc_recorded_is_imported() -> None:
    now = AUTUMN + 2 * DAY
    evcc = home_at(now)
    evcc.home.remember_past(8 * DAY)
    kept: dict[datetime, QuarterEnergies] = {}
    n_forecasts = 0

    def put_forecasts(forecasts: object) -> None:
        nonlocal n_forecasts
        assert isinstance(forecasts, tuple)
        n_forecasts += len(forecasts)

    with client_of(evcc.home) as client:
        client.read_site(now)
        work = HistoryImport(
            [client],
            Destination(
                put_energies=lambda found: kept.update({one.start: one for one in found}),
                put_forecasts=put_forecasts,
                put_sessions=lambda _: None,
                read_imports=tuple,
                write_import=lambda _: None,
                stored_until=lambda _: None,
            ),
            clock=evcc.clock,
            keep=400 * DAY,
        )
        work.run()

    # All but the very first slot and the one after the clock change, which nothing vouches for.
    assert len(kept) == n_forecasts == 8 * 96 - 2
    assert work.progress[0].state is ImportState.DONE
    assert work.progress[0].since == now - 8 * DAY + SLOT
