import socket
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from domain.history import EnergySource, QuarterEnergies
from errors import PastSourceRefusedError, PastSourceUnavailableError
from sources.home_assistant import HomeAssistantPast, LoadpointsKwh
from sources.home_assistant_socket import HomeAssistantAccess, websocket_url
from tests.support.fake_home_assistant import TOKEN, FakeHomeAssistant

NOON = datetime(2026, 6, 12, 12, 0, tzinfo=UTC)
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
DAY = timedelta(days=1)

GRID = {"type": "grid", "stat_energy_from": "sensor.import", "stat_energy_to": "sensor.export"}
SOLAR = {"type": "solar", "stat_energy_from": "sensor.solar"}
BATTERY = {"type": "battery", "stat_energy_from": "sensor.out", "stat_energy_to": "sensor.in"}


@pytest.fixture
def home() -> Iterator[FakeHomeAssistant]:
    with FakeHomeAssistant() as running:
        running.preferences = {"energy_sources": [GRID, SOLAR, BATTERY]}
        yield running


def no_cars(_start: datetime, _end: datetime) -> Mapping[str, float]:
    return {}


def past_of(
    home: FakeHomeAssistant, *, token: str = TOKEN, cars: LoadpointsKwh | None = no_cars
) -> HomeAssistantPast:
    access = HomeAssistantAccess(websocket_url=websocket_url(home.url), token=token)
    return HomeAssistantPast(access, loadpoints_kwh=cars, timeout_s=10.0)


def read(
    home: FakeHomeAssistant, *, hours: int = 1, cars: LoadpointsKwh | None = no_cars
) -> Sequence[QuarterEnergies]:
    return past_of(home, cars=cars).read_energies(NOON, NOON + hours * HOUR)


def count_all(home: FakeHomeAssistant, hours: int = 6) -> None:
    """A calm home: what comes in, less what goes out, is 0.8 kWh an hour."""
    start = NOON - 3 * HOUR
    home.count("sensor.import", start, *[0.4] * hours)
    home.count("sensor.export", start, *[1.0] * hours)
    home.count("sensor.solar", start, *[2.0] * hours)
    home.count("sensor.out", start, *[0.2] * hours)
    home.count("sensor.in", start, *[0.8] * hours)


def house_kwh(quarters: Sequence[QuarterEnergies]) -> list[float | None]:
    """The house by the hour."""
    by_hour = [quarters[index : index + 4] for index in range(0, len(quarters), 4)]
    return [
        None
        if any(one.house_kwh is None for one in hour)
        else round(sum(one.house_kwh or 0.0 for one in hour), 6)
        for hour in by_hour
    ]


def test_an_hour_is_spread_over_its_quarters_and_the_house_is_what_is_left(
    home: FakeHomeAssistant,
) -> None:
    count_all(home)

    quarters = read(home)

    assert [quarter.start for quarter in quarters] == [NOON + index * QUARTER for index in range(4)]
    for quarter in quarters:
        assert quarter.source is EnergySource.HOME_ASSISTANT
        assert quarter.grid_import_kwh == pytest.approx(0.1)
        assert quarter.grid_export_kwh == pytest.approx(0.25)
        assert quarter.pv_kwh == pytest.approx(0.5)
        assert quarter.battery_discharge_kwh == pytest.approx(0.05)
        assert quarter.battery_charge_kwh == pytest.approx(0.2)
        assert quarter.house_kwh == pytest.approx(0.2)
        assert quarter.battery_soc_pct is None


def test_five_minutes_give_the_hour_its_shape(home: FakeHomeAssistant) -> None:
    home.preferences = {"energy_sources": [GRID]}
    home.count("sensor.import", NOON - 3 * HOUR, *[1.2] * 6)
    home.count("sensor.export", NOON - 3 * HOUR, *[0.0] * 6)
    home.count_finely("sensor.import", NOON - HOUR, *[0.1] * 12, *[0.2] * 3, *[0.0667] * 9)
    home.count_finely("sensor.export", NOON - HOUR, *[0.0] * 24)

    quarters = read(home)

    assert [quarter.house_kwh for quarter in quarters] == pytest.approx(
        [0.6, 0.2, 0.2, 0.2], abs=1e-3
    )


def test_five_minutes_that_do_not_add_up_are_not_used(home: FakeHomeAssistant) -> None:
    home.preferences = {"energy_sources": [GRID]}
    home.count("sensor.import", NOON - 3 * HOUR, *[1.2] * 6)
    home.count("sensor.export", NOON - 3 * HOUR, *[0.0] * 6)
    home.count_finely("sensor.import", NOON - HOUR, *[0.1] * 12, *[0.3] * 3, *[None] * 9)

    quarters = read(home)

    assert [quarter.house_kwh for quarter in quarters] == pytest.approx([0.3] * 4)


def test_the_older_form_with_lists_of_flows_is_read_too(home: FakeHomeAssistant) -> None:
    home.preferences = {
        "energy_sources": [
            {
                "type": "grid",
                "flow_from": [
                    {"stat_energy_from": "sensor.day", "entity_energy_price": None},
                    {"stat_energy_from": "sensor.night"},
                ],
                "flow_to": [{"stat_energy_to": "sensor.export"}],
                "cost_adjustment_day": 0.0,
            },
            {
                "type": "solar",
                "stat_energy_from": "sensor.solar",
                "config_entry_solar_forecast": [],
            },
            {"type": "gas", "stat_energy_from": "sensor.gas"},
        ]
    }
    for meter, kwh in (("day", 0.5), ("night", 0.1), ("export", 0.2), ("solar", 0.4), ("gas", 9.0)):
        home.count(f"sensor.{meter}", NOON - 3 * HOUR, *[kwh] * 6)

    quarters = read(home)

    assert quarters[0].grid_import_kwh == pytest.approx(0.15)
    assert house_kwh(quarters) == [0.8]
    assert "sensor.gas" not in home.asked[1]["statistic_ids"]


def test_a_grid_that_takes_nothing_back_and_no_battery_are_none(home: FakeHomeAssistant) -> None:
    home.preferences = {
        "energy_sources": [
            {"type": "grid", "stat_energy_from": "sensor.import", "stat_energy_to": None}
        ]
    }
    home.count("sensor.import", NOON - 3 * HOUR, *[0.4] * 6)

    quarters = read(home)

    assert quarters[0].grid_export_kwh is None
    assert quarters[0].pv_kwh is None
    assert quarters[0].battery_charge_kwh is None
    assert house_kwh(quarters) == [0.4]


def test_a_missing_hour_and_the_jump_after_it_are_left_out(home: FakeHomeAssistant) -> None:
    home.preferences = {"energy_sources": [GRID]}
    home.count("sensor.import", NOON - 3 * HOUR, 0.4, 0.4, 0.4, None, None, 1.2, 0.4)
    home.count("sensor.export", NOON - 3 * HOUR, *[0.0] * 7)

    quarters = read(home, hours=4)

    assert [quarter.start for quarter in quarters if quarter.grid_import_kwh is not None] == [
        NOON + 3 * HOUR + index * QUARTER for index in range(4)
    ]


def test_an_hour_in_which_home_assistant_slept_is_not_believed(home: FakeHomeAssistant) -> None:
    # Its own statistics have a 0 for the time it was away, and make up for it afterwards.
    home.preferences = {"energy_sources": [GRID]}
    home.count("sensor.import", NOON - 3 * HOUR, 0.4, 0.4, 0.4, 0.0, 0.8, 0.4)
    home.count("sensor.export", NOON - 3 * HOUR, *[0.0] * 6)

    quarters = read(home, hours=3)

    assert [quarter.start for quarter in quarters] == [
        NOON + 2 * HOUR + index * QUARTER for index in range(4)
    ]


def test_an_inverter_that_sleeps_at_night_leaves_no_gap(home: FakeHomeAssistant) -> None:
    home.preferences = {"energy_sources": [GRID, SOLAR]}
    home.count("sensor.import", NOON - 3 * HOUR, *[0.4] * 10)
    home.count("sensor.export", NOON - 3 * HOUR, *[0.0] * 10)
    home.count("sensor.solar", NOON - 3 * HOUR, 0.3, 0.2, 0.1, None, None, None, 0.02, 0.5)

    quarters = read(home, hours=5)

    assert house_kwh(quarters) == [0.4, 0.4, 0.4, 0.42, 0.9]
    assert quarters[0].pv_kwh == 0.0


def test_a_meter_that_was_reset_or_jumps_makes_a_gap_for_the_house(home: FakeHomeAssistant) -> None:
    home.preferences = {"energy_sources": [GRID, SOLAR]}
    home.count("sensor.import", NOON - 3 * HOUR, *[0.4] * 8)
    home.count("sensor.export", NOON - 3 * HOUR, *[0.0] * 8)
    home.count("sensor.solar", NOON - 3 * HOUR, 0.3, 0.3, 0.3, -800.0, 0.3, 9e5, 0.3)

    quarters = read(home, hours=4)

    assert house_kwh(quarters) == [None, 0.7, None, 0.7]
    assert [quarter.pv_kwh for quarter in quarters[:4]] == [None] * 4
    assert quarters[0].grid_import_kwh == pytest.approx(0.1)


def test_a_house_that_would_have_used_less_than_nothing_is_not_known(
    home: FakeHomeAssistant,
) -> None:
    home.preferences = {"energy_sources": [GRID, SOLAR]}
    home.count("sensor.import", NOON - 3 * HOUR, *[0.0] * 6)
    home.count("sensor.export", NOON - 3 * HOUR, *[2.0] * 6)
    home.count("sensor.solar", NOON - 3 * HOUR, *[1.5] * 6)

    quarters = read(home)

    assert house_kwh(quarters) == [None]
    assert quarters[0].pv_kwh == pytest.approx(0.375)


def test_without_knowledge_of_the_cars_the_house_is_not_known(home: FakeHomeAssistant) -> None:
    count_all(home)

    ignorant = read(home, cars=None)
    unsure = read(home, cars=lambda _start, _end: None)
    sure = read(home, cars=lambda _start, _end: {"Garage": 0.6})
    contradicted = read(home, cars=lambda _start, _end: {"Garage": 2.0})

    assert house_kwh(ignorant) == house_kwh(unsure) == house_kwh(contradicted) == [None]
    assert ignorant[0].pv_kwh == pytest.approx(0.5)
    assert house_kwh(sure) == [0.2]
    assert sure[0].loadpoints_kwh == {"Garage": pytest.approx(0.15)}


@pytest.mark.parametrize(
    ("day", "n_hours"),
    [(datetime(2026, 3, 28, 23, tzinfo=UTC), 23), (datetime(2026, 10, 24, 22, tzinfo=UTC), 25)],
)
def test_days_of_23_and_25_hours_are_read_whole(
    home: FakeHomeAssistant, day: datetime, n_hours: int
) -> None:
    home.preferences = {"energy_sources": [GRID]}
    home.count("sensor.import", day - 3 * HOUR, *[0.4] * 40)
    home.count("sensor.export", day - 3 * HOUR, *[0.0] * 40)

    quarters = past_of(home).read_energies(day, day + n_hours * HOUR)

    assert [quarter.start for quarter in quarters] == [
        day + index * QUARTER for index in range(4 * n_hours)
    ]
    assert house_kwh(quarters) == [0.4] * n_hours


def test_a_year_is_asked_for_by_the_month_over_one_connection(home: FakeHomeAssistant) -> None:
    count_all(home)

    past_of(home).read_energies(NOON - 365 * DAY, NOON)

    commands = [asked["type"] for asked in home.asked]
    assert commands[0] == "energy/get_prefs"
    assert commands.count("energy/get_prefs") == 1
    spans = [
        datetime.fromisoformat(asked["end_time"]) - datetime.fromisoformat(asked["start_time"])
        for asked in home.asked[1:]
    ]
    assert max(spans) <= 33 * DAY  # with a day around it
    assert [asked["id"] for asked in home.asked] == sorted({a["id"] for a in home.asked})


def test_only_whole_quarters_within_the_range_are_returned(home: FakeHomeAssistant) -> None:
    count_all(home)

    quarters = past_of(home).read_energies(NOON + timedelta(minutes=10), NOON + 3 * QUARTER)

    assert [quarter.start for quarter in quarters] == [NOON + QUARTER, NOON + 2 * QUARTER]


def test_statistics_that_are_not_there_give_nothing(home: FakeHomeAssistant) -> None:
    assert read(home, hours=48) == []
    assert past_of(home).read_energies(NOON, NOON) == []


def test_a_wrong_token_is_said_without_it(home: FakeHomeAssistant) -> None:
    past = past_of(home, token="s3cret")  # noqa: S106 made up

    with pytest.raises(PastSourceRefusedError, match="home_assistant_token") as raised:
        past.read_energies(NOON, NOON + HOUR)

    assert "s3cret" not in str(raised.value)
    assert "s3cret" not in repr(past._access)


def test_the_token_is_in_no_log_even_on_debug(
    home: FakeHomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    count_all(home)
    caplog.set_level("DEBUG")

    read(home)

    client_lines = [
        record for record in caplog.records if not record.name.startswith("websockets.server")
    ]
    assert not any(TOKEN in record.getMessage() for record in client_lines)


def test_a_home_assistant_that_restarts_is_unavailable_until_it_is_back(
    home: FakeHomeAssistant,
) -> None:
    count_all(home)
    home.status = 502
    with pytest.raises(PastSourceUnavailableError, match="restarts or updates"):
        read(home)

    home.status = None
    home.answers_before_restart = 2
    with pytest.raises(PastSourceUnavailableError, match="broke off"):
        read(home)

    home.answers_before_restart = None
    assert house_kwh(read(home)) == [0.8]


@pytest.mark.parametrize(
    ("command", "code", "error", "text"),
    [
        ("energy/get_prefs", "not_found", PastSourceRefusedError, "Settings, Dashboards, Energy"),
        ("energy/get_prefs", "unknown_command", PastSourceUnavailableError, "not started"),
        ("energy/get_prefs", "unauthorized", PastSourceRefusedError, "administrator"),
        ("recorder/statistics_during_period", "unknown_error", PastSourceUnavailableError, "No pr"),
    ],
)
def test_a_refused_command_says_what_to_do(
    home: FakeHomeAssistant, command: str, code: str, error: type[Exception], text: str
) -> None:
    home.error_codes = {command: code}

    with pytest.raises(error, match=text):
        read(home)


def test_a_dashboard_without_meters_says_what_to_do(home: FakeHomeAssistant) -> None:
    home.preferences = {"energy_sources": [{"type": "gas", "stat_energy_from": "sensor.gas"}]}

    with pytest.raises(PastSourceRefusedError, match="Settings, Dashboards, Energy"):
        read(home)


@pytest.mark.parametrize("preferences", [None, [], {"energy_sources": "all"}, 7])
def test_a_dashboard_of_an_unknown_form_is_said(
    home: FakeHomeAssistant, preferences: object
) -> None:
    home.preferences = preferences

    with pytest.raises(PastSourceRefusedError, match="form that is not known"):
        read(home)


def test_nobody_there_is_unavailable_and_another_server_is_refused(
    home: FakeHomeAssistant,
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = HomeAssistantPast(
            HomeAssistantAccess(
                websocket_url=f"ws://127.0.0.1:{probe.getsockname()[1]}/", token=TOKEN
            )
        )
        with pytest.raises(PastSourceUnavailableError, match="does not answer"):
            nobody.read_energies(NOON, NOON + HOUR)

    elsewhere = HomeAssistantPast(
        HomeAssistantAccess(websocket_url=websocket_url(f"{home.url}/evcc"), token=TOKEN)
    )
    with pytest.raises(PastSourceRefusedError, match="status 404"):
        elsewhere.read_energies(NOON, NOON + HOUR)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://homeassistant.local:8123", "ws://homeassistant.local:8123/api/websocket"),
        ("https://home.example/ha/", "wss://home.example/ha/api/websocket"),
    ],
)
def test_the_websocket_stands_below_the_address(url: str, expected: str) -> None:
    assert websocket_url(url) == expected
