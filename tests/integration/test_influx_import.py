"""The past from evcc's InfluxDB, against a real InfluxDB that holds what evcc writes."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import httpx2
import pytest

from domain.history import EnergySource, QuarterEnergies
from errors import PastSourceRefusedError, PastSourceUnavailableError
from sources.influx import InfluxPast
from sources.influx_query import InfluxAccess
from tests.support.influx_server import ADMIN, ADMIN_PASSWORD, InfluxServer, point

NOON = datetime(2026, 6, 12, 12, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
CYCLE = timedelta(seconds=30)

_databases = count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    with InfluxServer(tmp_path_factory.mktemp("influx")) as running:
        yield running


@pytest.fixture
def database(server: InfluxServer) -> str:
    name = f"evcc{next(_databases)}"
    server.query(f'CREATE DATABASE "{name}"')
    return name


def cycles(start: datetime, end: datetime, step: timedelta = CYCLE) -> Iterable[datetime]:
    """evcc's cycles do not fall on full minutes."""
    at = start + timedelta(seconds=7)
    while at < end:
        yield at
        at += step


def constant(
    measurement: str,
    value: float,
    *,
    start: datetime = NOON,
    end: datetime = NOON + QUARTER,
    step: timedelta = CYCLE,
    **tags: str,
) -> list[str]:
    return [point(measurement, at, value, **tags) for at in cycles(start, end, step)]


def read(
    server: InfluxServer, database: str, start: datetime = NOON, end: datetime = NOON + QUARTER
) -> Sequence[QuarterEnergies]:
    past = InfluxPast(InfluxAccess(url=server.url, database=database))
    try:
        return past.read_energies(start, end)
    finally:
        past.close()


def test_a_quarter_hour_of_a_whole_home_comes_out_exactly(
    server: InfluxServer, database: str
) -> None:
    server.write(
        database,
        [
            *constant("homePower", 400.0),
            *constant("pvPower", 6000.0),
            *constant("gridPower", -800.0),
            *constant("batteryPower", -1200.0),
            *constant("batterySoc", 61.5, start=NOON - timedelta(minutes=1)),
            *constant("chargePower", 3600.0, loadpoint="Garage", vehicle="e-Golf"),
            *constant("chargePower", 0.0, loadpoint="Stellplatz, links"),
            point("tariffGrid", NOON + timedelta(seconds=9), 0.31),
            point("tariffFeedIn", NOON - timedelta(days=40), 0.08),
        ],
    )

    (quarter,) = read(server, database)

    assert quarter == QuarterEnergies(
        start=NOON,
        source=EnergySource.INFLUX,
        pv_kwh=1.5,
        house_kwh=0.1,
        grid_import_kwh=0.0,
        grid_export_kwh=0.2,
        battery_charge_kwh=0.3,
        battery_discharge_kwh=0.0,
        battery_soc_pct=61.5,
        import_eur_per_kwh=0.31,
        export_eur_per_kwh=0.08,
        loadpoints_kwh={"Garage": 0.9, "Stellplatz, links": 0.0},
    )


def test_import_and_export_within_a_minute_do_not_cancel_each_other(
    server: InfluxServer, database: str
) -> None:
    swinging = [
        point("gridPower", at, 2000.0 if number % 2 else -1000.0)
        for number, at in enumerate(cycles(NOON, NOON + QUARTER))
    ]
    server.write(database, swinging)

    (quarter,) = read(server, database)

    assert quarter.grid_import_kwh == pytest.approx(0.25)
    assert quarter.grid_export_kwh == pytest.approx(0.125)


def test_devices_of_their_own_are_not_added_to_their_sum(
    server: InfluxServer, database: str
) -> None:
    server.write(
        database,
        [
            *constant("pvPower", 4000.0),
            *constant("pvPower", 3000.0, id="1", title="Süd"),
            *constant("pvPower", 1000.0, id="2"),
            *constant("batteryPower", 800.0),
            *constant("batteryPower", 800.0, id="1"),
            *constant("batterySoc", 50.0),
            *constant("batterySoc", 10.0, id="1"),
        ],
    )

    (quarter,) = read(server, database)

    assert quarter.pv_kwh == 1.0
    assert quarter.battery_discharge_kwh == pytest.approx(0.2)
    assert quarter.battery_soc_pct == 50.0


def test_busy_minutes_do_not_count_more_than_quiet_ones(
    server: InfluxServer, database: str
) -> None:
    # A car is plugged in: evcc runs a cycle every second for a minute.
    busy_end = NOON + timedelta(minutes=1)
    server.write(
        database,
        [
            *constant("homePower", 3100.0, end=busy_end, step=timedelta(seconds=1)),
            *constant("homePower", 100.0, start=busy_end),
        ],
    )

    (quarter,) = read(server, database)

    assert quarter.house_kwh == pytest.approx((3.1 + 14 * 0.1) / 60)


def test_a_car_that_changes_keeps_its_loadpoint(server: InfluxServer, database: str) -> None:
    half = NOON + timedelta(minutes=7)
    server.write(
        database,
        [
            *constant("chargePower", 4000.0, end=half, loadpoint="Garage", vehicle="Zoe"),
            *constant("chargePower", 4000.0, start=half, loadpoint="Garage"),
        ],
    )

    (quarter,) = read(server, database)

    assert quarter.loadpoints_kwh == {"Garage": 1.0}


@pytest.mark.parametrize(("minutes_away", "is_gap"), [(4, False), (8, True)])
def test_a_short_silence_is_bridged_and_a_long_one_is_a_gap(
    server: InfluxServer, database: str, minutes_away: int, *, is_gap: bool
) -> None:
    stop = NOON + timedelta(minutes=3)
    server.write(
        database,
        [
            *constant("homePower", 400.0, end=stop),
            *constant("homePower", 400.0, start=stop + timedelta(minutes=minutes_away)),
        ],
    )

    quarters = read(server, database)

    assert [quarter.house_kwh for quarter in quarters] == ([] if is_gap else [pytest.approx(0.1)])


def test_a_missing_quarter_is_left_out_and_what_was_not_measured_is_none(
    server: InfluxServer, database: str
) -> None:
    server.write(
        database,
        [
            *constant("homePower", 400.0),
            *constant("homePower", 800.0, start=NOON + 2 * QUARTER, end=NOON + 3 * QUARTER),
        ],
    )

    quarters = read(server, database, NOON - 4 * QUARTER, NOON + 4 * QUARTER)

    assert [quarter.start for quarter in quarters] == [NOON, NOON + 2 * QUARTER]
    assert [quarter.house_kwh for quarter in quarters] == pytest.approx([0.1, 0.2])
    assert quarters[0].pv_kwh is None
    assert quarters[0].grid_import_kwh is None
    assert quarters[0].battery_charge_kwh is None
    assert quarters[0].battery_soc_pct is None
    assert quarters[0].import_eur_per_kwh is None


def test_zeros_that_stand_for_a_fault_are_not_believed(server: InfluxServer, database: str) -> None:
    server.write(
        database,
        [
            *constant("homePower", 0.0),
            *constant("pvPower", 0.0),
            *constant("batteryPower", 0.0),
            *constant("batterySoc", 0.0),
        ],
    )

    (quarter,) = read(server, database)

    assert quarter.house_kwh is None  # evcc cuts contradictions of its meters off at 0
    assert quarter.battery_soc_pct is None  # evcc's word for a failed reading
    assert quarter.pv_kwh == 0.0
    assert quarter.battery_charge_kwh == 0.0


def test_a_house_with_a_silent_loadpoint_is_not_known(server: InfluxServer, database: str) -> None:
    end = NOON + 2 * QUARTER
    server.write(
        database,
        [
            *constant("homePower", 400.0, end=end),
            *constant("chargePower", 0.0, loadpoint="Garage"),
        ],
    )

    quarters = read(server, database, NOON, end)

    assert [quarter.start for quarter in quarters] == [NOON]
    assert quarters[0].house_kwh == pytest.approx(0.1)


def test_a_meters_impossible_power_makes_a_gap(server: InfluxServer, database: str) -> None:
    server.write(
        database,
        [
            *constant("homePower", 5e8),
            *constant("gridPower", 400.0),
        ],
    )

    (quarter,) = read(server, database)

    assert quarter.house_kwh is None
    assert quarter.grid_import_kwh == pytest.approx(0.1)


def test_a_price_holds_until_the_next_and_a_moving_one_not_across_a_gap(
    server: InfluxServer, database: str
) -> None:
    end = NOON + 8 * QUARTER
    changes = {0: 0.30, 2: 0.20, 7: 0.25}
    server.write(
        database,
        [
            *constant("homePower", 400.0, end=NOON + 4 * QUARTER),
            *constant("homePower", 400.0, start=NOON + 6 * QUARTER, end=end),
            *(
                point("tariffGrid", NOON + number * QUARTER + timedelta(seconds=12), price)
                for number, price in changes.items()
            ),
            point("tariffFeedIn", NOON - timedelta(days=2), 0.08),
        ],
    )

    quarters = read(server, database, NOON, end)

    assert [quarter.import_eur_per_kwh for quarter in quarters] == [
        0.30,
        0.30,
        0.20,
        0.20,
        None,
        0.25,
    ]
    assert {quarter.export_eur_per_kwh for quarter in quarters} == {0.08}


@pytest.mark.parametrize(
    ("day", "n_quarters"),
    [(datetime(2026, 3, 28, 23, tzinfo=UTC), 92), (datetime(2026, 10, 24, 22, tzinfo=UTC), 100)],
)
def test_days_of_23_and_25_hours_are_read_whole(
    server: InfluxServer, database: str, day: datetime, n_quarters: int
) -> None:
    end = day + n_quarters * QUARTER
    server.write(
        database, constant("homePower", 400.0, start=day, end=end, step=timedelta(minutes=2))
    )

    quarters = read(server, database, day, end)

    assert [quarter.start for quarter in quarters] == [
        day + index * QUARTER for index in range(n_quarters)
    ]
    assert {quarter.house_kwh for quarter in quarters} == {0.1}


def test_a_range_that_does_not_begin_on_a_quarter_gives_whole_quarters_only(
    server: InfluxServer, database: str
) -> None:
    server.write(database, constant("homePower", 400.0, end=NOON + 3 * QUARTER))

    quarters = read(
        server, database, NOON + timedelta(minutes=1), NOON + 3 * QUARTER - timedelta(seconds=1)
    )

    assert [quarter.start for quarter in quarters] == [NOON + QUARTER]


def test_an_empty_database_gives_nothing(server: InfluxServer, database: str) -> None:
    assert read(server, database, NOON - timedelta(days=3), NOON) == []


def test_a_missing_database_is_named_with_the_option(server: InfluxServer) -> None:
    with pytest.raises(PastSourceRefusedError, match=r"no database evc:.*influx_database"):
        read(server, "evc")


def test_a_password_opens_and_a_wrong_one_is_said(tmp_path: Path) -> None:
    with InfluxServer(tmp_path, with_auth=True) as server:
        server.query('CREATE DATABASE "evcc"')
        server.query("CREATE USER guest WITH PASSWORD 'none'")
        server.write("evcc", constant("homePower", 400.0))
        allowed = InfluxPast(InfluxAccess(url=server.url, user=ADMIN, password=ADMIN_PASSWORD))
        refused = {
            user: InfluxPast(InfluxAccess(url=server.url, user=user, password=password))
            for user, password in ((ADMIN, "s3cret"), (None, None), ("guest", "none"))
        }

        (quarter,) = allowed.read_energies(NOON, NOON + QUARTER)
        texts = {}
        for user, past in refused.items():
            with pytest.raises(PastSourceRefusedError) as raised:
                past.read_energies(NOON, NOON + QUARTER)
            texts[user] = str(raised.value)
            past.close()
        server.kill()
        with pytest.raises(PastSourceUnavailableError) as died:
            allowed.read_energies(NOON, NOON + QUARTER)
        allowed.close()

    assert quarter.house_kwh == pytest.approx(0.1)
    assert "refuses the user admin" in texts[ADMIN]
    assert "influx_password" in texts[ADMIN]
    assert "refuses reading without a password" in texts[None]
    assert "user guest may not read the database evcc" in texts["guest"]
    assert "influx_url" in str(died.value)
    assert not any("s3cret" in text for text in texts.values())


def test_a_server_that_dies_in_the_middle_of_its_answer_ends_the_reading(tmp_path: Path) -> None:
    with InfluxServer(tmp_path) as server:
        server.query('CREATE DATABASE "evcc"')
        past = InfluxPast(InfluxAccess(url=server.url))
        past._connection._client.event_hooks = {"response": [lambda _: server.kill()]}

        with pytest.raises(PastSourceUnavailableError):
            past.read_energies(NOON - timedelta(days=3), NOON)
        past.close()


def test_what_is_no_influxdb_is_said(server: InfluxServer) -> None:
    past = InfluxPast(InfluxAccess(url=f"{server.url}/ping"))

    with pytest.raises(PastSourceRefusedError, match="does not answer like an InfluxDB"):
        past.read_energies(NOON, NOON + QUARTER)
    past.close()


def test_the_password_is_in_no_address_and_no_text(server: InfluxServer) -> None:
    access = InfluxAccess(url=server.url, user="me", password="s3cret")  # noqa: S106 made up
    past = InfluxPast(access)
    seen: list[httpx2.Request] = []
    past._connection._client.event_hooks = {"request": [seen.append]}

    with pytest.raises(PastSourceRefusedError):
        past.read_energies(NOON, NOON + QUARTER)
    past.close()

    assert "s3cret" not in str(seen[0].url)
    assert "s3cret" not in repr(access)
