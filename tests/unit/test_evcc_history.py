"""What evcc's stored energies and sessions become; what is no quarter hour's energy is a gap."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from domain.forecast import ForecastKind
from domain.history import ChargingSession, EnergySource, QuarterEnergies
from errors import EvccUnreadableError
from evcc_history import (
    EnergyRequest,
    RecordedPast,
    issued_forecasts,
    read_past,
    read_sessions,
    requests_for,
)
from tests.support.recorded_energies import SLOT, body, series, slot, starts_from

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 8, 9, 10, 0, tzinfo=UTC)
DAY_BEFORE = START - timedelta(days=1)
N_BEFORE = 96
EVER = starts_from(DAY_BEFORE, N_BEFORE + 8)
# Clocks in Berlin are set back at 01:00 UTC.
AUTUMN = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)


def asked(hours: float = 2.0, start: datetime = START) -> EnergyRequest:
    return EnergyRequest(
        asked_from=start - timedelta(days=1), start=start, end=start + timedelta(hours=hours)
    )


def past(payload: bytes, request: EnergyRequest | None = None) -> RecordedPast:
    return read_past(payload, request or asked(), {})


def quarters(payload: bytes, **capacities_kwh: float) -> dict[datetime, QuarterEnergies]:
    found = read_past(payload, asked(), capacities_kwh)
    return {quarter.start: quarter for quarter in found.energies}


def without(starts: list[datetime], *gone: datetime) -> list[datetime]:
    return [start for start in starts if start not in gone]


# --- one quarter hour


def test_each_group_lands_in_its_own_flow() -> None:
    answer = body(
        series("pv", EVER, energy=1.2),
        series("home", EVER, energy=0.3),
        series("grid", EVER, energy=0.01, returned=0.5),
        series("battery", EVER, energy=0.4, returned=0.02, soc=63.5),
        series("loadpoint", EVER, title="Carport", energy=0.0),
        series("loadpoint", EVER, title="Boiler", energy=0.25, soc=48, is_temp=True),
        series("consumer", EVER, energy=0.2),
        series("temperature", EVER, energy=0, soc=21, is_temp=True),
    )

    first = past(answer).energies[0]

    assert first == QuarterEnergies(
        start=START,
        source=EnergySource.EVCC,
        pv_kwh=1.2,
        house_kwh=0.3,
        grid_import_kwh=0.01,
        grid_export_kwh=0.5,
        battery_charge_kwh=0.4,
        battery_discharge_kwh=0.02,
        battery_soc_pct=63.5,
        loadpoints_kwh={"Carport": 0.0, "Boiler": 0.25},
    )


def test_what_was_not_asked_for_is_left_out() -> None:
    starts = [quarter.start for quarter in past(body(series("home", EVER))).energies]

    assert starts == starts_from(START, 8)


def test_a_missing_quarter_hour_is_missing_and_not_zero() -> None:
    found = quarters(body(series("home", without(EVER, START + 3 * SLOT))))

    assert START + 3 * SLOT not in found
    assert found[START + 2 * SLOT].house_kwh == 0.1


def test_the_slot_after_a_gap_may_hold_the_gaps_energy_and_is_none() -> None:
    # evcc credits it with all that the meter counted while evcc was off.
    answer = series("grid", without(EVER, START + SLOT, START + 2 * SLOT))
    for one in answer["data"]:
        if one["start"] == slot(START + 3 * SLOT)["start"]:
            one["energy"] = 4.5

    found = quarters(body(answer))

    assert START + 3 * SLOT not in found
    assert found[START + 4 * SLOT].grid_import_kwh == 0.1


def test_the_first_slot_of_all_may_be_incomplete_and_is_none() -> None:
    found = quarters(body(series("home", starts_from(START, 8))))

    assert min(found) == START + SLOT


@pytest.mark.parametrize("energy", [13423.7, -0.5, "1.0", None, True, float("nan")])
def test_an_impossible_energy_is_a_gap(energy: object) -> None:
    answer = series("pv", EVER)
    answer["data"][N_BEFORE + 2]["energy"] = energy

    found = quarters(body(answer, series("home", EVER)))

    assert [found[start].pv_kwh for start in starts_from(START, 5)] == [0.1, 0.1, None, None, 0.1]
    assert found[START + 2 * SLOT].house_kwh == 0.1


# --- several meters


def test_the_strings_of_a_roof_are_added_up() -> None:
    found = quarters(body(series("pv", EVER, title="South"), series("pv", EVER, title="West")))

    assert found[START].pv_kwh == pytest.approx(0.2)


def test_a_sum_without_one_of_its_meters_is_not_known() -> None:
    answer = body(
        series("pv", EVER, title="South"),
        series("pv", without(EVER, *EVER[-6:]), title="West"),
        series("home", EVER),
    )

    found = quarters(answer)

    assert [found[start].pv_kwh for start in starts_from(START, 4)] == [0.2, 0.2, None, None]
    assert found[START + 3 * SLOT].house_kwh == 0.1


def test_a_meter_that_came_later_does_not_spoil_what_was_before() -> None:
    found = quarters(
        body(series("pv", EVER, title="South"), series("pv", EVER[-4:], title="Garage"))
    )

    assert found[START + 3 * SLOT].pv_kwh == 0.1
    assert START + 4 * SLOT not in found
    assert found[START + 5 * SLOT].pv_kwh == 0.2


def test_a_meter_that_is_silent_for_a_day_was_removed() -> None:
    removed = [DAY_BEFORE - SLOT, DAY_BEFORE]

    found = quarters(
        body(series("pv", EVER, title="South"), series("pv", removed, title="Balcony"))
    )

    assert START not in found
    assert found[START + SLOT].pv_kwh == 0.1


def test_a_battery_that_does_not_tell_its_soc_leaves_the_common_one_open() -> None:
    one = series("battery", EVER, title="Cellar", soc=80)
    other = series("battery", EVER, title="Attic")

    found = quarters(body(one, other), Cellar=10.0, Attic=5.0)

    assert found[START].battery_soc_pct is None
    assert found[START].battery_charge_kwh == 0.2


def test_batteries_are_weighed_by_their_capacities() -> None:
    answer = body(
        series("battery", EVER, title="Cellar", soc=80),
        series("battery", EVER, title="Attic", soc=20),
    )

    assert quarters(answer, Cellar=10.0, Attic=5.0)[START].battery_soc_pct == pytest.approx(60.0)
    assert quarters(answer, Cellar=10.0)[START].battery_soc_pct == pytest.approx(50.0)


# --- slots that are not as they should be


def test_the_order_of_series_and_slots_does_not_matter() -> None:
    first, second = EVER[:50], EVER[50:]
    answer = body(
        series("home", second[::-1]), series("home", first), series("grid", EVER), "junk", None
    )

    assert past(answer) == past(body(series("grid", EVER), series("home", EVER)))


def test_a_slot_that_comes_twice_alike_counts_once() -> None:
    assert quarters(body(series("home", EVER + EVER)))[START].house_kwh == 0.1


def test_a_slot_that_comes_twice_and_differs_is_not_known() -> None:
    answer = series("home", EVER)
    answer["data"].append(slot(START + SLOT, 0.7))

    found = quarters(body(answer, series("grid", EVER)))

    assert found[START].house_kwh == 0.1
    assert found[START + SLOT].house_kwh is None


def test_slots_of_another_length_or_off_the_grid_do_not_count() -> None:
    shifted = series("home", [start + timedelta(minutes=5) for start in EVER])
    hours = series("home", EVER[::4])
    for one in hours["data"]:
        one["end"] = (datetime.fromisoformat(one["start"]) + timedelta(hours=1)).isoformat()

    assert past(body(shifted, hours)) == RecordedPast()


@pytest.mark.parametrize("payload", [b"null\n", b"[]\n", b'{"result":null}'])
def test_an_empty_past_is_empty(payload: bytes) -> None:
    assert past(payload) == RecordedPast()


@pytest.mark.parametrize("payload", [b"", b"{}", b"[{", b'"x"', b"12"])
def test_what_is_no_list_cannot_be_read(payload: bytes) -> None:
    with pytest.raises(EvccUnreadableError):
        past(payload)


# --- what the provider said


def test_the_recorded_solar_forecast_is_given_beside_the_energies() -> None:
    found = past(body(series("forecast", EVER, energy=0.9)))

    assert found.energies == ()
    assert found.forecast_kwh[START] == 0.9
    assert len(found.forecast_kwh) == 8


def test_a_recorded_forecast_was_said_when_its_slot_began() -> None:
    (issued,) = issued_forecasts({START: 0.9})

    assert (issued.kind, issued.issued_at) == (ForecastKind.PV_PROVIDER, START)
    assert (issued.band.start, issued.band.p50) == (START, (3.6,))
    assert issued.band.p10 == issued.band.p90 == (None,)


# --- asking


def test_a_long_range_is_asked_for_in_pieces_without_gap_or_overlap() -> None:
    end = START + timedelta(days=31)

    requests = list(requests_for(START, end, BERLIN))

    assert requests[0].start == START
    assert requests[-1].end == end
    assert all(before.end == after.start for before, after in pairwise(requests))
    assert all(request.end - request.asked_from <= timedelta(days=9) for request in requests)


def test_times_are_asked_for_in_utc() -> None:
    (request,) = requests_for(START.astimezone(BERLIN), START + timedelta(hours=1), BERLIN)

    assert request.path == ("/api/history/energy?from=2026-08-08T10:00:00Z&to=2026-08-09T11:00:00Z")


def test_no_request_holds_both_of_the_autumns_equal_hours() -> None:
    start, end = AUTUMN - timedelta(days=3), AUTUMN + timedelta(days=3)

    before, after = requests_for(start, end, BERLIN)

    assert before.end == after.start == after.asked_from == AUTUMN


def test_a_range_that_begins_after_the_clock_change_does_not_look_behind_it() -> None:
    (request,) = requests_for(AUTUMN + timedelta(hours=5), AUTUMN + timedelta(hours=9), BERLIN)

    assert request.asked_from == AUTUMN


def test_nothing_is_asked_for_when_nothing_is_wanted() -> None:
    assert list(requests_for(START, START, BERLIN)) == []


def test_with_both_equal_hours_in_one_answer_the_first_is_not_known() -> None:
    # What evcc then gives as the first hour is the sum of both; the second is absent.
    doubled = starts_from(AUTUMN - timedelta(days=1, hours=3), 96 + 12)
    single = starts_from(AUTUMN + timedelta(hours=1), 8)
    answer = body(series("home", doubled + single, zone=BERLIN))
    request = asked(6.0, AUTUMN - timedelta(hours=3))

    starts = [quarter.start for quarter in past(answer, request).energies]

    assert starts == [
        *starts_from(AUTUMN - timedelta(hours=3), 8),
        *starts_from(AUTUMN + timedelta(hours=1, minutes=15), 7),
    ]


def test_in_spring_nothing_is_lost() -> None:
    change = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    starts = starts_from(change - timedelta(days=2), 3 * 96)

    found = past(body(series("home", starts, zone=BERLIN)), asked(24.0, change)).energies

    assert len(found) == 96


# --- sessions

SESSION: dict[str, object] = {
    "id": 7,
    "created": "2026-10-25T02:30:00+02:00",
    "finished": "2026-10-25T02:15:00+01:00",
    "loadpoint": "Carport",
    "identifier": "",
    "vehicle": "Blue hatch",
    "odometer": None,
    "meterStart": 100.0,
    "meterStop": 107.5,
    "chargedEnergy": 7.5,
    "chargeDuration": 2700000000000,
    "socStart": 0,
    "socEnd": 64.5,
    "solarPercentage": 100.00001,
    "price": 0.85,
}


def sessions(*changes: dict[str, object]) -> tuple[ChargingSession, ...]:
    return read_sessions(json.dumps([SESSION | change for change in changes]).encode())


def test_a_session_is_read_with_its_titles_and_instants() -> None:
    assert sessions({}) == (
        ChargingSession(
            number=7,
            started_at=datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            finished_at=datetime(2026, 10, 25, 1, 15, tzinfo=UTC),
            loadpoint="Carport",
            vehicle="Blue hatch",
            energy_kwh=7.5,
            soc_start_pct=None,
            soc_end_pct=64.5,
            solar_pct=100.0,
            cost_eur=0.85,
        ),
    )


def test_a_running_session_has_no_end() -> None:
    (running,) = sessions({"finished": "0001-01-01T00:00:00Z", "vehicle": ""})

    assert running.finished_at is None
    assert running.vehicle is None


def test_sessions_are_the_oldest_first_and_none_twice() -> None:
    later = {"id": 8, "created": "2026-10-26T08:00:00+01:00"}

    assert [session.number for session in sessions(later, {}, later)] == [7, 8]


@pytest.mark.parametrize(
    "change", [{"id": None}, {"id": True}, {"id": 10**400}, {"created": "soon"},
               {"chargedEnergy": -1}, {"chargedEnergy": None}]
)  # fmt: skip
def test_a_session_without_number_start_or_energy_is_left_out(change: dict[str, object]) -> None:
    assert sessions(change) == ()
