"""What SmartLoad reads out of the answers of evcc's versions."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from domain.site import BatteryMode, ChargeMode, SiteSnapshot, SocSettings, SolarSlot
from domain.tariff import Rate
from errors import EvccUnavailableError, EvccUnreadableError
from evcc_values import to_instant, to_time_zone
from evcc_wire import is_evcc_state, read_battery_mode, read_rates, read_solar, read_state

FIXTURES = Path(__file__).parents[1] / "fixtures" / "evcc"
READ_AT = datetime(2026, 8, 9, 11, 7, 30, tzinfo=UTC)


def fixture(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def site_with(**values: object) -> SiteSnapshot:
    state: dict[str, object] = {"loadpoints": [], **values}
    return read_state(json.dumps(state).encode(), READ_AT)


def rate(start: str, minutes: int, price: float) -> Rate:
    begin = datetime.fromisoformat(start)
    return Rate(start=begin, end=begin + timedelta(minutes=minutes), price_eur_per_kwh=price)


# Versions


def test_the_current_version_is_read_in_kw_without_signs() -> None:
    site = read_state(fixture("state-0.314.json"), READ_AT)

    assert site.read_at == READ_AT
    assert (site.evcc_version, site.title, site.currency) == ("0.314.0", "Haus am Hang", "EUR")
    assert (site.pv_kw, site.home_kw) == (7.2, 0.64)
    assert (site.grid_import_kw, site.grid_export_kw) == (0.0, 0.875)
    assert site.time_zone == ZoneInfo("Europe/Berlin")
    assert site.settings == SocSettings(
        priority_soc_pct=40, buffer_soc_pct=70, buffer_start_soc_pct=90
    )
    assert not site.automatic_mode
    assert site.implausible == ()


def test_the_current_version_gives_all_batteries() -> None:
    battery = read_state(fixture("state-0.314.json"), READ_AT).battery

    assert battery is not None
    assert (battery.soc_pct, battery.capacity_kwh) == (62.4, 15)
    assert (battery.charge_kw, battery.discharge_kw) == (1.6, 0.0)
    assert battery.mode is BatteryMode.UNKNOWN
    assert battery.external_mode is None
    assert battery.is_controllable
    assert battery.discharge_control is True
    assert battery.grid_charge_limit is None
    assert [device.name for device in battery.devices] == ["bat1", "db:9"]
    assert battery.devices[1].title == "Keller"
    assert battery.devices[1].charge_kw == 0.42


def test_the_current_version_gives_loadpoints_and_vehicles() -> None:
    site = read_state(fixture("state-0.314.json"), READ_AT)

    carport, garage = site.loadpoints
    assert (carport.number, carport.name, carport.mode) == (1, "lp-1", ChargeMode.PV)
    assert carport.connected
    assert carport.charging
    assert carport.charge_kw == 4.085
    assert (carport.min_current_a, carport.max_current_a, carport.phases_active) == (6, 16, 3)
    assert (carport.vehicle_name, carport.vehicle_soc_pct) == ("ev_blue", 47.3)
    assert (carport.limit_soc_pct, carport.session_limit_soc_pct) == (80, 0)
    assert carport.session_kwh == pytest.approx(6.1204)
    assert carport.plan_soc_pct == 80
    assert carport.plan_time == datetime(2026, 8, 10, 5, tzinfo=UTC)
    assert (garage.number, garage.mode, garage.smart_cost_limit) == (2, ChargeMode.OFF, 0.22)
    assert garage.vehicle_name is None
    assert garage.vehicle_soc_pct is None
    assert garage.plan_soc_pct is None
    assert not carport.uses_smart_schema
    (vehicle,) = site.vehicles
    assert (vehicle.name, vehicle.capacity_kwh, vehicle.min_soc_pct) == ("ev_blue", 58, 20)


def test_forecast_arrays_are_read_from_the_past_on() -> None:
    site = read_state(fixture("state-0.314.json"), READ_AT)

    assert [one.price_eur_per_kwh for one in site.import_rates] == [0.271, 0.2655, -0.012]
    assert site.import_rates[0] == rate("2026-08-09T11:00:00+00:00", 15, 0.271)
    assert site.export_rates[0].start == datetime(2026, 8, 8, 22, tzinfo=UTC)
    assert site.solar == (
        SolarSlot(start=datetime(2026, 8, 9, 11, tzinfo=UTC), power_kw=7.35),
        SolarSlot(start=datetime(2026, 8, 9, 11, 15, tzinfo=UTC), power_kw=7.2905),
    )


def test_forecast_objects_are_instants_across_the_clock_change() -> None:
    site = read_state(fixture("state-0.313.json"), READ_AT)

    assert site.import_rates == (
        rate("2026-10-25T00:45:00+00:00", 15, 0.25),
        rate("2026-10-25T01:00:00+00:00", 15, 0.24),
    )
    assert [slot.power_kw for slot in site.solar] == [1.5, 1.8]
    assert site.implausible == ()


def test_a_number_of_batteries_is_not_taken_for_a_capacity() -> None:
    battery = read_state(fixture("state-0.313.json"), READ_AT).battery

    assert battery is not None
    assert battery.capacity_kwh is None
    assert battery.soc_pct == 18
    assert battery.mode is battery.external_mode is BatteryMode.HOLD
    assert battery.grid_charge_limit == 0.15
    assert not battery.is_controllable


def test_standby_draw_of_an_inverter_is_no_negative_sun() -> None:
    assert read_state(fixture("state-0.313.json"), READ_AT).pv_kw == 0.0


def test_an_old_version_with_envelope_and_battery_list_is_read() -> None:
    site = read_state(fixture("state-0.202.json"), READ_AT)

    assert (site.grid_import_kw, site.pv_kw, site.currency) == (0.3, 2.0005, "CHF")
    assert site.time_zone is None
    assert site.battery is not None
    assert (site.battery.soc_pct, site.battery.capacity_kwh) == (55, 9.6)
    assert (site.battery.charge_kw, site.battery.discharge_kw) == (0.0, 1.8)
    assert site.battery.devices[0].name == "battery 1"
    (loadpoint,) = site.loadpoints
    assert (loadpoint.name, loadpoint.title) == ("lp-1", "Stellplatz")
    assert (loadpoint.mode, loadpoint.session_kwh) == (ChargeMode.MIN_PV, 0.95)
    assert site.import_rates == site.export_rates == ()
    assert site.solar == ()


def test_the_smart_schema_speaks_of_the_same_modes() -> None:
    site = read_state(fixture("state-smart-mode.json"), READ_AT)

    assert [loadpoint.mode for loadpoint in site.loadpoints] == [
        ChargeMode.PV,
        ChargeMode.MIN_PV,
        ChargeMode.NOW,
        ChargeMode.UNKNOWN,
        ChargeMode.MIN_PV,
    ]
    assert all(loadpoint.uses_smart_schema for loadpoint in site.loadpoints)
    assert site.automatic_mode


def test_without_a_battery_there_are_no_settings() -> None:
    site = read_state(fixture("state-smart-mode.json"), READ_AT)

    assert site.battery is None
    assert site.settings is None


def test_a_temperature_is_not_taken_for_a_soc() -> None:
    heater = read_state(fixture("state-smart-mode.json"), READ_AT).loadpoints[4]

    assert heater.vehicle_soc_pct is None


def test_no_limit_of_a_vehicle_is_no_limit_at_zero() -> None:
    (vehicle,) = read_state(fixture("state-smart-mode.json"), READ_AT).vehicles

    assert (vehicle.min_soc_pct, vehicle.limit_soc_pct) == (0, None)


# Batteries


def two_batteries(first: dict[str, object], second: dict[str, object], **total: object) -> object:
    return {"power": 0, **total, "devices": [first, second]}


def test_a_mean_with_one_unread_battery_is_not_believed() -> None:
    battery = two_batteries(
        {"name": "a", "power": 0, "soc": 80, "capacity": 10},
        {"name": "b", "power": 0},
        soc=40,
        capacity=2,
    )

    site = site_with(battery=battery)

    assert site.battery is not None
    assert site.battery.soc_pct is None
    assert site.battery.capacity_kwh is None
    assert "not every battery" in site.implausible[0]


@pytest.mark.parametrize("soc", [-1, 101, 255, "55", None])
def test_a_soc_that_cannot_be_is_not_known(soc: object) -> None:
    battery = two_batteries(
        {"soc": 50, "capacity": 5, "power": 0}, {"soc": soc, "capacity": 5, "power": 0}, soc=50
    )

    site = site_with(battery=battery)

    assert site.battery is not None
    assert site.battery.soc_pct is None
    assert site.implausible


def test_an_impossible_mean_is_worked_out_again() -> None:
    battery = two_batteries(
        {"soc": 40, "capacity": 10, "power": 0}, {"soc": 70, "capacity": 5, "power": 0}, soc=0
    )

    site = site_with(battery=battery)

    assert site.battery is not None
    assert site.battery.soc_pct == pytest.approx(50)


def test_an_all_zero_battery_without_devices_is_none() -> None:
    assert site_with(battery={"power": 0, "soc": 0, "capacity": 0}).battery is None
    assert site_with(battery=[]).battery is None


def test_a_missing_battery_power_is_the_sum_of_the_devices() -> None:
    battery = {"power": None, "devices": [{"power": 700, "soc": 1}, {"power": -200, "soc": 1}]}

    site = site_with(battery=battery)

    assert site.battery is not None
    assert site.battery.charge_kw == 0.0
    assert site.battery.discharge_kw == pytest.approx(0.5)
    assert site.implausible


def test_a_setting_above_100_counts_as_100() -> None:
    site = site_with(battery={"power": 1, "devices": [{"soc": 5, "power": 1}]}, bufferSoc=850)

    assert site.settings is not None
    assert site.settings.buffer_soc_pct == 100
    assert site.settings.priority_soc_pct is None
    assert site.implausible == ("bufferSoc is 850 in evcc and counts as 100",)


@pytest.mark.parametrize(
    ("wire", "mode"),
    [
        ("holdcharge", BatteryMode.HOLD_CHARGE),
        (3, BatteryMode.CHARGE),
        (0, BatteryMode.UNKNOWN),
        (7, BatteryMode.UNKNOWN),
        (1.5, BatteryMode.UNKNOWN),
        ("sleep", BatteryMode.UNKNOWN),
        ([], BatteryMode.UNKNOWN),
    ],
)
def test_battery_modes_are_read_as_word_and_number(wire: object, mode: BatteryMode) -> None:
    assert read_battery_mode(wire) is mode


# Rates


def rates_of(slots: object) -> tuple[Rate, ...]:
    rates, _ = read_rates(json.dumps({"rates": slots}).encode(), "grid")
    return rates


def test_hourly_rates_of_old_versions_stay_hourly() -> None:
    rates, notes = read_rates(fixture("tariff-grid-hourly.json"), "grid")

    assert rates == (
        rate("2026-01-10T12:00:00+00:00", 60, 0.31),
        rate("2026-01-10T13:00:00+00:00", 60, 0.29),
    )
    assert notes == ()


def test_no_rates_are_an_empty_series() -> None:
    assert read_rates(b'{"rates":null}', "grid") == ((), ())
    assert read_solar(b'{"rates":null}') == ((), ())


def test_rates_are_sorted_and_overlapping_ones_left_out() -> None:
    quarter = 900
    base = 1786273200

    rates, notes = read_rates(
        json.dumps(
            [
                [base + quarter, base + 2 * quarter, 0.2],
                [base, base + quarter, 0.1],
                [base, base + quarter, 0.9],
                [base + 300, base + 1200, 0.9],
                [base + 3 * quarter, base + 3 * quarter, 0.9],
                [base + 3 * quarter, base, 0.9],
                [base + 4 * quarter, base + 5 * quarter, 0.3],
            ]
        ).encode(),
        "grid",
    )

    assert [one.price_eur_per_kwh for one in rates] == [0.1, 0.2, 0.3]
    assert notes == ("tariff grid: 4 of 7 slots left out",)


@pytest.mark.parametrize(
    "slot",
    [
        [1786273200, 1786274100, "0.2"],
        [1786273200, 1786274100],
        [1786273200, 1786274100, True],
        [None, 1786274100, 0.2],
        [1786273200, 99999999999999999999, 0.2],
        {"start": "2026-08-09T13:00:00", "end": "2026-08-09T13:15:00", "value": 0.2},
        {"start": "0001-01-01T00:00:00Z", "end": "2026-08-09T13:15:00Z", "value": 0.2},
        {"start": {}, "end": [], "value": 0.2},
        "text",
        None,
    ],
)
def test_an_unreadable_slot_costs_only_itself(slot: object) -> None:
    assert len(rates_of([slot, [1786274100, 1786275000, 0.3]])) == 1


def test_solar_watts_of_the_tariff_path_become_kw() -> None:
    payload = json.dumps(
        {
            "rates": [
                {
                    "start": "2026-08-09T13:00:00+02:00",
                    "end": "2026-08-09T13:15:00+02:00",
                    "value": 500,
                }
            ]
        }
    ).encode()

    solar, _ = read_solar(payload)

    assert solar == (SolarSlot(start=datetime(2026, 8, 9, 11, tzinfo=UTC), power_kw=0.5),)


def test_solar_slots_are_sorted_and_impossible_ones_left_out() -> None:
    site = site_with(
        forecast={
            "solar": {
                "timeseries": [
                    [1786274100, 200],
                    [1786273200, 100],
                    [1786273200, 300],
                    [1786275000, -5],
                    [1786275900, 1e9],
                ]
            }
        }
    )

    assert [slot.power_kw for slot in site.solar] == [0.1, 0.2]
    assert site.implausible == ("forecast.solar: 3 of 5 slots left out",)


# Zones and times


@pytest.mark.parametrize(
    ("word", "zone"),
    [
        ("CET +01:00", ZoneInfo("Europe/Berlin")),
        ("CEST +02:00", ZoneInfo("Europe/Berlin")),
        ("BST +01:00", ZoneInfo("Europe/London")),
        ("EEST +03:00", ZoneInfo("Europe/Helsinki")),
        ("WET +00:00", ZoneInfo("Europe/Lisbon")),
        ("UTC +00:00", UTC),
        ("UTC", UTC),
        ("-03 -03:30", timezone(-timedelta(hours=3, minutes=30))),
        ("CST +08:00", timezone(timedelta(hours=8))),
        ("CEST +01:00", timezone(timedelta(hours=1))),
        ("Europe/Berlin", None),
        ("X +99:00", None),
        ("", None),
    ],
)
def test_evccs_zone_becomes_one_with_clock_changes_where_known(word: str, zone: object) -> None:
    assert to_time_zone(word) == zone


@pytest.mark.parametrize(
    "value",
    [True, "2026-08-09", "yesterday", "9999-12-31T23:59:59-12:00", -1, 1e300, float("nan"), [], {}],
)
def test_what_is_no_instant_is_none(value: object) -> None:
    assert to_instant(value) is None


def test_nanoseconds_of_evcc_are_read() -> None:
    assert to_instant("2026-08-09T13:00:00.123456789+02:00") == datetime(
        2026, 8, 9, 11, 0, 0, 123456, tzinfo=UTC
    )


# Wrong and unfinished answers


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\n",
        b"404 page not found\n",
        b'{"version": "0.314.0", "loadpoints": [',
        b"\xff\xfe",
        b"null",
        b"[]",
        b"7",
        b'"evcc"',
        b"{}",
        b'{"result": null}',
        b'{"error": "nope"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_state_is_unreadable(payload: bytes) -> None:
    with pytest.raises(EvccUnreadableError):
        read_state(payload, READ_AT)
    assert not is_evcc_state(payload)


@pytest.mark.parametrize("key", ["apiReady", "startupCompleted"])
def test_a_starting_evcc_is_unavailable_but_evcc(key: str) -> None:
    payload = json.dumps({"loadpoints": [], key: False}).encode()

    with pytest.raises(EvccUnavailableError, match="starting"):
        read_state(payload, READ_AT)
    assert is_evcc_state(payload)


def test_an_evcc_that_could_not_start_says_why() -> None:
    with pytest.raises(EvccUnavailableError, match="meter grid cannot create meter: timeout"):
        read_state(fixture("state-fatal.json"), READ_AT)


def test_before_the_first_cycle_nothing_is_made_up() -> None:
    site = site_with(grid=None, battery=None, forecast={}, pv=[])

    assert site.pv_kw is site.home_kw is site.grid_import_kw is site.grid_export_kw is None
    assert site.implausible == ()


def test_wrong_types_cost_only_their_own_value() -> None:
    site = site_with(
        homePower="640",
        pvPower=True,
        grid=[1],
        battery="full",
        forecast=[1, 2],
        vehicles=[1],
        siteTitle=7,
        timezone=3,
        version="0.314.0",
    )

    assert site.evcc_version == "0.314.0"
    assert site.home_kw is site.pv_kw is site.grid_import_kw is None
    assert site.battery is None
    assert "homePower is not a number" in site.implausible
    assert "grid is not an object" in site.implausible


def test_not_a_number_is_not_known() -> None:
    site = read_state(b'{"loadpoints": [], "homePower": NaN, "pvPower": 1e999}', READ_AT)

    assert site.home_kw is site.pv_kw is None
    assert len(site.implausible) == 2


def test_a_broken_loadpoint_leaves_the_others_their_numbers() -> None:
    site = read_state(b'{"loadpoints": [null, {"title": "Second"}]}', READ_AT)

    assert [loadpoint.number for loadpoint in site.loadpoints] == [2]


def test_many_mistakes_do_not_make_a_long_list() -> None:
    site = read_state(json.dumps({"loadpoints": [1] * 500}).encode(), READ_AT)

    assert len(site.implausible) == 20


# What plans need of loadpoints, vehicles and circuits


def test_phases_energies_and_kinds_of_a_loadpoint_are_read() -> None:
    site = site_with(
        loadpoints=[
            {
                "phasesConfigured": 0,
                "chargerPhases1p3p": True,
                "limitEnergy": 12.5,
                "planEnergy": 8,
            },
            {"phasesConfigured": 3, "limitEnergy": 0, "planEnergy": 0},
            {"chargerFeatureHeating": True},
            {"chargerFeatureIntegratedDevice": True, "phasesConfigured": 7},
        ],
        vehicles={"ev": {"phases": 1}},
    )

    auto, fixed, heater, socket = site.loadpoints
    assert (auto.phases_configured, auto.switches_phases) == (0, True)
    assert (auto.limit_kwh, auto.plan_kwh, auto.is_heater) == (12.5, 8, False)
    assert (fixed.phases_configured, fixed.switches_phases) == (3, None)
    assert (fixed.limit_kwh, fixed.plan_kwh) == (None, None)
    assert heater.is_heater
    assert socket.is_heater
    assert socket.phases_configured is None
    assert site.vehicles[0].phases == 1


@pytest.mark.parametrize(
    ("circuits", "limit_kw"),
    [
        ({"main": {"maxPower": 17000}}, 17.0),
        ({"main": {"maxCurrent": 35}}, 24.15),
        ({"main": {"maxPower": 17000, "maxCurrent": 16}}, 11.04),
        ({"main": {"maxPower": 0, "maxCurrent": 0}}, None),
        ({"main": {"maxPower": 30000}, "cars": {"parent": "main", "maxPower": 11000}}, 30.0),
        ({"a": {"maxPower": 17000}, "b": {"maxPower": 9000}}, None),
        ({}, None),
    ],
)
def test_the_main_circuit_limits_the_import(
    circuits: dict[str, object], limit_kw: float | None
) -> None:
    site = site_with(circuits=circuits)

    assert site.import_limit_kw == (None if limit_kw is None else pytest.approx(limit_kw))


@pytest.mark.parametrize(("kind", "in_grams"), [("co2", True), ("priceforecast", False)])
def test_limits_may_be_grams_instead_of_prices(kind: str, *, in_grams: bool) -> None:
    assert site_with(smartCostType=kind).limits_are_in_grams is in_grams


# What control needs


def test_the_boost_of_a_loadpoint_is_read() -> None:
    site = site_with(
        loadpoints=[{"batteryBoost": True, "batteryBoostLimit": 40}, {"batteryBoost": 1}, {}]
    )

    assert [
        (loadpoint.battery_boost, loadpoint.battery_boost_limit_pct)
        for loadpoint in site.loadpoints
    ] == [(True, 40), (None, None), (None, None)]


def test_evccs_own_plan_is_read_in_order_of_time() -> None:
    plan = [
        {
            "start": "2026-08-10T04:00:00+02:00",
            "end": "2026-08-10T04:15:00+02:00",
            "value": 0.21,
        },
        {"start": "2026-08-10T02:00:00+02:00", "end": "2026-08-10T03:00:00+02:00", "value": 0},
        {"start": "2026-08-10T05:00:00+02:00", "end": "soon", "value": 0},
    ]

    site = site_with(loadpoints=[{"plan": plan}, {"plan": None}])

    planned, idle = site.loadpoints
    assert planned.planned == (
        (datetime(2026, 8, 10, 0, tzinfo=UTC), datetime(2026, 8, 10, 1, tzinfo=UTC)),
        (datetime(2026, 8, 10, 2, tzinfo=UTC), datetime(2026, 8, 10, 2, 15, tzinfo=UTC)),
    )
    assert idle.planned == ()
    assert site.implausible == ("loadpoints[1].plan: 1 of 3 slots left out",)


@pytest.mark.parametrize(
    ("values", "has_price_limits"),
    [
        ({"smartCostAvailable": True, "smartCostType": "priceforecast"}, True),
        ({"smartCostAvailable": False, "smartCostType": "pricestatic"}, False),
        ({"smartCostAvailable": False, "smartCostType": "priceforecast"}, False),
        ({"smartCostType": "priceforecast"}, True),
        ({"smartCostType": "pricedynamic"}, True),
        ({"smartCostType": "pricestatic"}, False),
        ({"smartCostType": None}, False),
        ({}, False),
    ],
)
def test_price_limits_do_something_only_with_a_moving_tariff(
    values: dict[str, object], *, has_price_limits: bool
) -> None:
    assert site_with(**values).has_price_limits is has_price_limits


def test_limits_are_compared_with_the_planner_tariff() -> None:
    grid, planner = [1786273200, 1786274100, 0.3], [1786273200, 1786274100, 0.25]

    own = site_with(forecast={"grid": [grid], "planner": [planner]})
    same = site_with(forecast={"grid": [grid], "planner": [grid]})
    old = site_with(forecast={"grid": [grid]})

    assert [rate.price_eur_per_kwh for rate in own.limit_rates] == [0.25]
    assert [rate.price_eur_per_kwh for rate in own.import_rates] == [0.3]
    assert same.limit_rates == same.import_rates
    assert old.limit_rates == old.import_rates


@pytest.mark.parametrize(
    ("interval", "interval_s"), [(30, 30), (10, 10), (0, 1), (None, 30), (-5, 30), ("30", 30)]
)
def test_the_interval_is_at_least_a_second(interval: object, interval_s: float) -> None:
    assert site_with(interval=interval).interval_s == interval_s


@pytest.mark.parametrize(
    ("grid", "phases_a"),
    [
        ({"currents": [-1.3, 4.0, 0.0], "powers": [-300, 900, 0]}, (-1.3, 4.0, 0.0)),
        ({"currents": [1.3, 4.0, 0.0], "powers": [-299, 920, 0]}, (-1.3, 4.0, 0.0)),
        ({"currents": [1.3, 4.0, 0.0]}, (1.3, 4.0, 0.0)),
        ({"currents": [1.3, 4.0, 0.0], "powers": [-299]}, (1.3, 4.0, 0.0)),
        ({"powers": [-230, 460, 0]}, (-1, 2, 0)),
        ({"currents": [7]}, (7,)),
        ({"currents": [7, None, 3], "powers": [230, 0, 690]}, (1, 0, 3)),
        ({"currents": [7, 1e9, 3]}, ()),
        ({"currents": [1, 2, 3, 4]}, ()),
        ({"currents": [], "powers": "many"}, ()),
        ({}, ()),
    ],
)
def test_phases_have_a_current_with_the_direction_of_their_power(
    grid: dict[str, object], phases_a: tuple[float, ...]
) -> None:
    site = site_with(grid={"power": 0, **grid})

    assert site.phase_import_a == pytest.approx(phases_a)


def test_phases_of_old_versions_stand_beside_the_grid_power() -> None:
    site = site_with(gridPower=500, gridCurrents=[1, 2, 3], gridPowers=[-230, 460, 690])

    assert site.grid_import_kw == 0.5
    assert site.phase_import_a == (-1, 2, 3)


@pytest.mark.parametrize(
    ("circuits", "limit_a"),
    [
        ({"main": {"maxCurrent": 35}, "cars": {"parent": "main", "maxCurrent": 16}}, 35),
        ({"main": {"maxPower": 17000}}, None),
        ({"main": {"maxPower": 17000, "maxCurrent": 0}}, None),
        ({"a": {"maxCurrent": 35}, "b": {"maxCurrent": 35}}, None),
        ({}, None),
    ],
)
def test_a_phase_may_carry_what_the_main_circuit_may(
    circuits: dict[str, object], limit_a: float | None
) -> None:
    assert site_with(circuits=circuits).phase_limit_a == limit_a


def test_a_suggestion_of_evccs_optimizer_is_that_of_the_first_battery_with_one() -> None:
    battery = {
        "power": 0,
        "devices": [
            {"soc": 50, "suggestion": None},
            {"soc": 50, "suggestion": {"action": "hold", "charge": 0}},
            {"soc": 50, "suggestion": {"action": "charge"}},
        ],
    }

    site = site_with(battery=battery)

    assert site.battery is not None
    assert site.battery.suggestion == "hold"


def test_without_evccs_optimizer_nothing_is_suggested() -> None:
    battery = read_state(fixture("state-0.314.json"), READ_AT).battery

    assert battery is not None
    assert battery.suggestion is None
