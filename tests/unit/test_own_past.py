"""The recorded history of a home as a period that can be lived again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from config import Config
from domain.forecast import ForecastKind
from domain.history import ChargingSession, QuarterEnergies
from domain.horizon import SLOT, SLOT_H
from domain.observation import NoteCode, Obstacle
from domain.proof import Policy
from domain.site import SocSettings, Vehicle
from observation.own_home import OwnHome, own_home_of
from observation.own_past import OwnPast, own_past
from observation.recorded import RecordedFile
from planner.plant import KnownBy
from storage.history_store import HistoryStore
from tests.support.own_history import GARAGE, HEAT_PUMP, HOME, PLANT, metered, recorded_in
from tests.support.remembered_home import DAY, HOUR, TODAY, house_kw, said
from tests.support.shown_state import full_state

FIRST, LAST = date(2026, 5, 3), date(2026, 5, 6)
LIVE = TODAY - 4 * DAY
BEGIN = TODAY - 10 * DAY

Change = Callable[[QuarterEnergies], QuarterEnergies]


def store_with(folder: Path, change: Change = lambda quarter: quarter) -> HistoryStore:
    return recorded_in(folder, [change(quarter) for quarter in metered(BEGIN, TODAY)])


def found(home: OwnHome, store: HistoryStore) -> OwnPast:
    past = own_past(home, store, since=FIRST, until=LAST)
    assert isinstance(past, OwnPast)
    return past


# -- the period ------------------------------------------------------------------------------------


def test_the_window_is_lived_through_and_what_lies_before_is_known(tmp_path: Path) -> None:
    period = found(HOME, store_with(tmp_path)).period

    assert period.start == BEGIN
    assert period.start + period.live_from * SLOT == LIVE
    assert period.end == TODAY


def test_load_sun_and_prices_are_as_they_were_recorded(tmp_path: Path) -> None:
    period = found(HOME, store_with(tmp_path)).period

    noon = period.live_from + 48
    assert period.load_kw[noon] == pytest.approx(house_kw(LIVE + 12 * HOUR), abs=0.01)
    assert period.import_price_eur_per_kwh[noon] == pytest.approx(0.35)
    assert period.export_price_eur_per_kwh[noon] == pytest.approx(0.08)
    assert period.is_measured.all()


def test_a_heater_at_a_loadpoint_is_a_part_of_the_load(tmp_path: Path) -> None:
    home = replace(HOME, loadpoints=(GARAGE, HEAT_PUMP))
    store = store_with(
        tmp_path, lambda quarter: replace(quarter, loadpoints_kwh={HEAT_PUMP.title: 0.5})
    )

    past = found(home, store)

    first = past.period.live_from
    assert past.period.load_kw[first] == pytest.approx(house_kw(LIVE) + 0.5 / SLOT_H, abs=0.01)
    assert past.period.cars == ()


def test_a_hole_is_filled_and_does_not_count_as_measured(tmp_path: Path) -> None:
    def without_an_evening(quarter: QuarterEnergies) -> QuarterEnergies:
        is_gone = LIVE + 18 * HOUR <= quarter.start < LIVE + 22 * HOUR
        return replace(quarter, house_kwh=None) if is_gone else quarter

    past = found(HOME, store_with(tmp_path, without_an_evening))

    hole = slice(past.period.live_from + 72, past.period.live_from + 88)
    assert np.isfinite(past.period.load_kw).all()
    assert not past.period.is_measured[hole].any()
    assert past.n_measured_days == 3


def test_the_past_begins_with_the_first_day_that_was_measured(tmp_path: Path) -> None:
    store = recorded_in(tmp_path, metered(TODAY - 2 * DAY + 12 * HOUR, TODAY))

    past = found(HOME, store)

    assert past.period.start == TODAY - DAY
    assert past.period.live_from == 0


def test_days_before_prices_were_recorded_are_learned_from_only(tmp_path: Path) -> None:
    priced_from = LIVE + DAY

    def without_old_prices(quarter: QuarterEnergies) -> QuarterEnergies:
        is_old = quarter.start < priced_from
        return replace(quarter, import_eur_per_kwh=None) if is_old else quarter

    period = found(HOME, store_with(tmp_path, without_old_prices)).period

    assert period.start == BEGIN
    assert period.start + period.live_from * SLOT == priced_from
    assert period.is_measured.all()


def test_days_have_as_many_quarter_hours_as_the_clock_gives_them(tmp_path: Path) -> None:
    summer_time_ends = datetime.fromisoformat("2026-10-25T00:00:00+02:00")
    store = recorded_in(
        tmp_path, metered(summer_time_ends - 2 * DAY, summer_time_ends + DAY + HOUR)
    )

    past = own_past(HOME, store, since=date(2026, 10, 24), until=date(2026, 10, 25))

    assert isinstance(past, OwnPast)
    assert past.period.n_slots - past.period.live_from == 96 + 100
    assert past.n_measured_days == 2


def test_what_the_provider_said_hours_before_is_what_was_known(tmp_path: Path) -> None:
    store = store_with(tmp_path)
    store.write_forecast(said(ForecastKind.PV_PROVIDER, LIVE, 2.5, n_slots=96))
    store.flush()

    said_kw = found(HOME, store).period.pv_said_kw

    assert said_kw is not None
    live_from = (LIVE - BEGIN) // SLOT
    assert np.isnan(said_kw[live_from + 8])
    assert said_kw[live_from + 40] == pytest.approx(2.5)


def test_the_same_history_is_the_same_period(tmp_path: Path) -> None:
    store = store_with(tmp_path)

    assert found(HOME, store).period.inputs == found(HOME, store).period.inputs


def test_another_process_reads_the_same(tmp_path: Path) -> None:
    store = store_with(tmp_path)

    there = own_past(HOME, RecordedFile(tmp_path / "history.db"), since=FIRST, until=LAST)

    assert isinstance(there, OwnPast)
    assert there.period.inputs == found(HOME, store).period.inputs


# -- what it is lived again with -------------------------------------------------------------------


def test_the_battery_is_the_homes_and_begins_as_it_was(tmp_path: Path) -> None:
    store = store_with(
        tmp_path,
        lambda quarter: replace(quarter, battery_soc_pct=37.0 if quarter.start == LIVE else 80.0),
    )

    battery = found(HOME, store).settings.battery

    assert (battery.capacity_kwh, battery.charge_kw, battery.discharge_kw) == (10.0, 5.0, 5.0)
    assert battery.round_trip_frac == pytest.approx(0.9)
    assert battery.initial_soc_pct == pytest.approx(37.0)


def test_evcc_is_set_as_its_owner_has_it(tmp_path: Path) -> None:
    home = replace(HOME, settings=SocSettings(buffer_soc_pct=60.0))

    assert found(home, store_with(tmp_path)).settings.owners_site == {
        "priority_soc_pct": 0.0,
        "buffer_soc_pct": 60.0,
        "buffer_start_soc_pct": 0.0,
    }


def test_no_secret_goes_along() -> None:
    site = full_state().site
    assert site is not None
    cfg = Config.model_validate({"password": "sunny-afternoon"})

    home = own_home_of(site, cfg=cfg, plant=PLANT, zone=HOME.zone)

    assert home.cfg.password is None


# -- what was paid ---------------------------------------------------------------------------------


def test_what_was_paid_is_by_the_meters_and_the_prices_of_then(tmp_path: Path) -> None:
    energies = metered(BEGIN, TODAY)
    of_day = [quarter for quarter in energies if LIVE <= quarter.start < LIVE + DAY]
    expected = sum(
        (one.grid_import_kwh or 0.0) * (one.import_eur_per_kwh or 0.0)
        - (one.grid_export_kwh or 0.0) * 0.08
        for one in of_day
    )

    paid_eur = found(HOME, recorded_in(tmp_path, energies)).paid_eur

    assert paid_eur[FIRST] == pytest.approx(expected, abs=0.01)
    assert set(paid_eur) == {FIRST + index * DAY for index in range(4)}


def test_what_was_paid_is_unknown_where_the_grid_was_not_metered(tmp_path: Path) -> None:
    def without_a_day(quarter: QuarterEnergies) -> QuarterEnergies:
        is_gone = LIVE <= quarter.start < LIVE + 12 * HOUR
        return replace(quarter, grid_import_kwh=None) if is_gone else quarter

    paid_eur = found(HOME, store_with(tmp_path, without_a_day)).paid_eur

    assert paid_eur[FIRST] is None
    assert paid_eur[FIRST + DAY] is not None


# -- cars ------------------------------------------------------------------------------------------


def session(begins: datetime, hours: float, energy_kwh: float, **more: object) -> ChargingSession:
    known: dict[str, object] = {
        "number": 1,
        "started_at": begins,
        "finished_at": begins + hours * HOUR,
        "loadpoint": "Garage",
        "vehicle": "e-Up",
        "energy_kwh": energy_kwh,
    }
    return ChargingSession(**(known | more))  # type: ignore[arg-type]  # as its fields are


def test_a_charging_session_is_a_stay_that_needs_what_was_charged(tmp_path: Path) -> None:
    store = store_with(tmp_path)
    begins = LIVE + 20 * HOUR
    store.write_sessions([session(begins, 8, 10.0, soc_end_pct=90.0)])
    store.flush()

    (car,) = found(HOME, store).period.cars

    (stay,) = car.stays
    assert (car.title, stay.arrives, stay.leaves) == ("e-Up", begins, begins + 8 * HOUR)
    assert stay.used_kwh == pytest.approx(9.0)
    assert (car.initial_soc_pct, stay.wanted_soc_pct) == (90.0, 90.0)


def test_a_car_that_evcc_knows_is_as_large_as_it_says(tmp_path: Path) -> None:
    store = store_with(tmp_path)
    store.write_sessions([session(LIVE + HOUR, 4, 6.0)])
    store.flush()
    vehicle = Vehicle(name="e-up", title="e-Up", capacity_kwh=32.3, phases=1)

    (car,) = found(replace(HOME, vehicles=(vehicle,)), store).period.cars

    assert (car.capacity_kwh, car.phases) == (32.3, 1)


def test_sessions_that_overlap_are_one_stay(tmp_path: Path) -> None:
    store = store_with(tmp_path)
    store.write_sessions(
        [
            session(LIVE + HOUR, 4, 6.0),
            session(LIVE + 3 * HOUR, 4, 5.0, number=2),
        ]
    )
    store.flush()

    (car,) = found(HOME, store).period.cars

    (stay,) = car.stays
    assert stay.leaves == LIVE + 7 * HOUR
    assert stay.used_kwh == pytest.approx(9.9)


def test_a_session_that_began_before_is_cut_and_used_nothing_since(tmp_path: Path) -> None:
    store = store_with(tmp_path)
    store.write_sessions([session(LIVE - 2 * HOUR, 6, 10.0)])
    store.flush()

    (car,) = found(HOME, store).period.cars

    (stay,) = car.stays
    assert (stay.arrives, stay.used_kwh) == (LIVE, 0.0)


def test_a_session_that_runs_lasts_to_the_end(tmp_path: Path) -> None:
    store = store_with(tmp_path)
    store.write_sessions([session(TODAY - 3 * HOUR, 0, 4.0, finished_at=None)])
    store.flush()

    (car,) = found(HOME, store).period.cars

    assert car.stays[-1].leaves == TODAY


def test_without_sessions_what_a_loadpoint_metered_is_a_stay(tmp_path: Path) -> None:
    def charging(quarter: QuarterEnergies) -> QuarterEnergies:
        at = (quarter.start - LIVE) // HOUR
        return replace(quarter, loadpoints_kwh={"Garage": 1.0 if at in {10, 13} else 0.0})

    (car,) = found(HOME, store_with(tmp_path, charging)).period.cars

    (stay,) = car.stays
    assert (stay.arrives, stay.leaves) == (LIVE + 10 * HOUR, LIVE + 14 * HOUR)
    assert stay.used_kwh == pytest.approx(0.9 * 8.0)


# -- what is possible ------------------------------------------------------------------------------


def test_a_home_with_a_battery_gets_every_policy(tmp_path: Path) -> None:
    assert set(found(HOME, store_with(tmp_path)).policies) == set(Policy)


def test_without_a_battery_there_is_no_buffer_to_compare(tmp_path: Path) -> None:
    home = replace(HOME, has_battery=False, capacity_kwh=None)
    store = store_with(tmp_path)
    store.write_sessions([session(LIVE + HOUR, 4, 6.0)])
    store.flush()

    past = found(home, store)

    assert past.policies == (Policy.EVCC, Policy.SMARTLOAD, Policy.FORESIGHT)
    assert past.settings.battery.capacity_kwh == 0.0


def test_without_battery_and_car_there_is_nothing_to_control(tmp_path: Path) -> None:
    home = replace(HOME, has_battery=False, capacity_kwh=None)

    past = own_past(home, store_with(tmp_path), since=FIRST, until=LAST)

    assert past is Obstacle.NOTHING_TO_CONTROL


def test_a_battery_of_unknown_capacity_cannot_be_lived_with(tmp_path: Path) -> None:
    past = own_past(replace(HOME, capacity_kwh=None), store_with(tmp_path), since=FIRST, until=LAST)

    assert past is Obstacle.NO_CAPACITY


def test_without_prices_nothing_can_be_said(tmp_path: Path) -> None:
    store = store_with(tmp_path, lambda quarter: replace(quarter, import_eur_per_kwh=None))

    assert own_past(HOME, store, since=FIRST, until=LAST) is Obstacle.NO_PRICES


def test_without_a_consumption_nothing_can_be_said(tmp_path: Path) -> None:
    store = HistoryStore(tmp_path / "history.db", now=TODAY)

    assert own_past(HOME, store, since=FIRST, until=LAST) is Obstacle.NO_LOAD


def test_a_home_without_pv_has_none(tmp_path: Path) -> None:
    store = store_with(
        tmp_path, lambda quarter: replace(quarter, pv_kwh=None, grid_export_kwh=None)
    )

    past = found(HOME, store)

    assert not past.period.pv_kw.any()
    assert past.period.is_measured.all()
    assert past.period.pv_said_kw is None
    assert past.paid_eur[FIRST] is not None


# -- notes -----------------------------------------------------------------------------------------


def notes_of(past: OwnPast) -> dict[NoteCode, dict[str, object]]:
    return {note.code: dict(note.facts) for note in past.notes}


def test_a_home_of_which_all_is_known_needs_no_word_but_of_its_forecasts(tmp_path: Path) -> None:
    past = found(HOME, store_with(tmp_path))

    assert notes_of(past) == {NoteCode.FORECASTS_REMADE: {"days": 4}}


def test_prices_that_were_not_recorded_are_told(tmp_path: Path) -> None:
    def without_a_price(quarter: QuarterEnergies) -> QuarterEnergies:
        is_gone = LIVE <= quarter.start < LIVE + timedelta(hours=30)
        return replace(quarter, import_eur_per_kwh=None) if is_gone else quarter

    past = found(HOME, store_with(tmp_path, without_a_price))

    assert notes_of(past)[NoteCode.PRICES_ASSUMED] == {"days": 2}
    assert past.n_measured_days == 2


def test_what_is_assumed_of_the_battery_and_concluded_of_cars_is_told(tmp_path: Path) -> None:
    store = store_with(tmp_path)
    store.write_sessions([session(LIVE + HOUR, 4, 6.0)])
    store.flush()
    home = replace(HOME, plant=replace(PLANT, efficiency_known_by=KnownBy.ASSUMED))

    codes = set(notes_of(found(home, store)))

    assert {NoteCode.BATTERY_ASSUMED, NoteCode.CARS_UNKNOWN} <= codes


def test_a_back_test_of_the_same_past_tells_the_same(tmp_path: Path) -> None:
    store = store_with(tmp_path)
    store.write_sessions([session(LIVE + HOUR, 4, 6.0)])
    store.flush()

    past = found(HOME, store)

    told = {note.code.value: dict(note.facts) for note in past.period.notes}
    assert told == {code.value: facts for code, facts in notes_of(past).items()}
    assert "cars_unknown" in told
