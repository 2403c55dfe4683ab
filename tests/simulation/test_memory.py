"""The service remembers its home: from the first minute, over faults, restarts and wrong clocks."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import structlog
from structlog.testing import capture_logs

from clock import Clock
from demo import StandingClock
from domain.control import BUFFER
from domain.forecast import ForecastKind
from domain.history import ImportState
from domain.horizon import FORECAST_SLOTS, SLOT, slot_start
from domain.outlook import AccuracyReport, Expectation, Outlook
from domain.problem import ProblemCode
from domain.state import CycleKind
from domain.steering import WriteOutcome
from forecaster.series import FloatArray
from history_import import HistoryImport
from main import run_loop, turn
from planner.plan_facts import PLAN_KIND
from retrospect import Retrospect
from simulator.default_home import default_options
from simulator.default_house import DEFAULT_HOME, default_market, default_solar_provider
from simulator.home import SimulatedHome
from simulator.house import House
from storage.history_store import HistoryStore
from tests.support.sim_service import (
    SimService,
    SteppedClock,
    build_service,
)
from web.forecast_json import accuracy_to_json, forecast_to_json

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 5, 6, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
LOAD, PV = ForecastKind.LOAD, ForecastKind.PV
EVERY_3_H = timedelta(hours=3)


def start_service(
    folder: Path,
    start: datetime = START,
    *,
    before: SimService | None = None,
    past: timedelta | None = None,
    forecast_every: timedelta = EVERY_3_H,
) -> SimService:
    """Build a service, on the home and the clock of the one ``before``."""
    service = build_service(
        folder,
        start=start,
        clock=None if before is None else before.clock,
        home=None if before is None else before.home,
        poll=SLOT,
        interval_s=300.0,
        forecast_every=forecast_every,
    )
    if past is not None:
        service.home.remember_past(past)
    return service


def import_now(service: SimService) -> None:
    """Import evcc's past to its end, as the demo does."""
    memory = service.parts.memory
    clock: Clock = StandingClock(service.clock)
    HistoryImport(
        (service.parts.evcc,),
        memory._destination(service.clock.now()),
        clock=clock,
        keep=timedelta(days=service.parts.cfg.history_days),
    ).run()


def live(service: SimService, duration: timedelta) -> None:
    """Let the service live; whatever it trips over fails the test."""
    run_loop(service.parts, until=service.clock.now() + duration)
    assert service.parts.cycle_failure is None


def turn_now(service: SimService, kind: CycleKind | None = CycleKind.SLOT) -> None:
    turn(service.parts, service.clock.now(), kind)
    assert service.parts.cycle_failure is None


def outlook_of(service: SimService) -> Outlook:
    outlook = service.parts.memory.forecasting.outlook
    assert outlook is not None
    return outlook


def by_kind(outlook: Outlook) -> Mapping[ForecastKind, Expectation]:
    return {one.kind: one for one in outlook.expectations}


def shown(service: SimService) -> dict[str, Any]:
    memory = service.parts.memory
    text = json.dumps(
        forecast_to_json(memory.forecasting.outlook, memory.retrospect.report), allow_nan=False
    )
    json.dumps(accuracy_to_json(memory.retrospect.report), allow_nan=False)
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def house_kwh(store: HistoryStore, start: datetime, end: datetime) -> FloatArray:
    store.flush()
    return store.read_energies(start, end).house_kwh


def codes(service: SimService) -> list[ProblemCode]:
    return [problem.code for problem in service.parts.board.problems]


# From the first cycle


def test_from_the_very_first_cycle_everything_is_expected(tmp_path: Path) -> None:
    service = start_service(tmp_path)

    turn_now(service, CycleKind.START)

    expected = shown(service)["expectations"]
    assert [one["kind"] for one in expected] == ["load", "pv", "import_price", "export_price"]
    for one in expected:
        band = one["band"]
        assert {len(band[part]) for part in ("p10", "p50", "p90")} == {FORECAST_SLOTS}
        assert None not in band["p10"] + band["p50"] + band["p90"]
    load = expected[0]["band"]
    assert np.mean(np.subtract(load["p90"], load["p10"])) > 0.4
    assert shown(service)["confidence"]["confidence_frac"] > 0.0
    service.parts.memory.close(1.0)


def test_a_home_without_evcc_is_expected_too(tmp_path: Path) -> None:
    service = start_service(tmp_path)
    service.home.faults.set(offline=True)

    turn_now(service, CycleKind.START)

    assert [one["kind"] for one in shown(service)["expectations"]] == ["load"]
    service.parts.memory.close(1.0)


# What is measured


def test_quarter_hours_reach_disk_and_forecasts_and_evccs_own_replace_ours(tmp_path: Path) -> None:
    service = start_service(tmp_path, forecast_every=timedelta(0))
    service.home.remember_past(DAY)
    memory = service.parts.memory

    live(service, HOUR)

    evccs = service.parts.evcc.read_past(START, START + HOUR).energies
    kept = house_kwh(memory.history, START, START + 3 * SLOT)
    assert kept == pytest.approx([one.house_kwh for one in evccs[:3]], abs=1e-4)
    in_memory = memory._past.measured_kw(LOAD, START, START + 3 * SLOT).values
    assert in_memory / 4 == pytest.approx(kept, abs=1e-4)
    assert outlook_of(service).history_days > 0.0
    memory.close(1.0)


def test_an_outage_is_a_gap_and_evccs_history_closes_it(tmp_path: Path) -> None:
    service = start_service(tmp_path)
    live(service, HOUR)
    gap_start = service.clock.now() + HOUR
    memory = service.parts.memory

    live(service, HOUR)
    service.home.faults.set(half_answers=True)
    live(service, 8 * HOUR)
    gap_end = service.clock.now()
    # What cannot be read is not known, rather than nothing.
    missing = house_kwh(memory.history, gap_start, gap_end)
    assert np.isnan(missing[1:]).all()
    service.home.faults.clear()
    live(service, EVERY_3_H + HOUR)

    closed = house_kwh(memory.history, gap_start, gap_end)
    assert np.isfinite(closed).all()
    assert (closed > 0.0).all()
    assert np.isfinite(memory._past.measured_kw(LOAD, gap_start, gap_end).values).all()
    memory.close(1.0)


def test_a_day_that_was_closed_afterwards_is_judged(tmp_path: Path) -> None:
    service = start_service(tmp_path, past=3 * DAY)
    import_now(service)
    live(service, HOUR)
    yesterday = service.clock.now().astimezone(BERLIN).date()

    service.home.faults.set(offline=True)
    live(service, 20 * HOUR)
    record = service.parts.memory._record
    assert np.isnan(record._losses(LOAD, "persistence", yesterday + DAY)[-1])
    service.home.faults.clear()
    live(service, 14 * HOUR)

    assert np.isfinite(record._losses(LOAD, "persistence", yesterday + DAY)[-1])
    service.parts.memory.close(1.0)


# The imported past


def test_an_imported_past_makes_the_forecast_narrower_and_closer(tmp_path: Path) -> None:
    service = start_service(tmp_path, past=60 * DAY)
    turn_now(service, CycleKind.START)
    without = by_kind(outlook_of(service))[LOAD].band

    import_now(service)
    service.clock.move_to(START + EVERY_3_H)
    turn_now(service)

    outlook = outlook_of(service)
    with_past = by_kind(outlook)[LOAD].band
    assert outlook.history_days > 59.0
    widths = [np.mean(np.array(one.p90) - np.array(one.p10)) for one in (without, with_past)]
    assert widths[1] < 0.8 * widths[0]
    # The past repeats itself day by day, but for its weather: what came is what comes.
    usual = service.parts.memory._past.measured_kw(LOAD, START - 56 * DAY, START).values
    profile = usual.reshape(-1, 96).mean(axis=0)
    middles = [np.array(one.p50[:180]) for one in (without, with_past)]
    offsets = [0, EVERY_3_H // SLOT]
    errors = [
        np.abs(middle - np.resize(np.roll(profile, -offset), 180)).mean()
        for middle, offset in zip(middles, offsets, strict=True)
    ]
    assert errors[1] < 0.5 * errors[0]
    service.parts.memory.close(1.0)


def test_nothing_is_judged_while_half_of_the_past_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = start_service(tmp_path, past=9 * DAY)
    importing = service.parts.memory.importing
    running = tuple(replace(one, state=ImportState.RUNNING) for one in importing.progress)
    with monkeypatch.context() as patched:
        patched.setattr(HistoryImport, "progress", running)
        live(service, 3 * HOUR)

        had_report = service.parts.memory.retrospect.report is not None
    live(service, 16 * HOUR)

    assert not had_report
    assert service.parts.memory.retrospect.report is not None
    service.parts.memory.close(1.0)


# What is said, decided and sent


def test_each_cycles_word_and_decision_is_on_record(tmp_path: Path) -> None:
    service = start_service(tmp_path, forecast_every=timedelta(0))
    live(service, HOUR)
    store = service.parts.memory.history
    store.flush()

    n_cycles = service.parts.n_cycles
    end = service.clock.now() + SLOT
    for kind in ForecastKind:
        issued = store.read_issued(kind, START, end)
        assert [slot_start(one.issued_at) for one in issued] == [one.band.start for one in issued]
        assert len(issued) == n_cycles
    turns = [START + turn * SLOT for turn in range(n_cycles)]
    decisions = store.read_decisions(START, end)
    assert {one.kind for one in decisions} == {"buffer", PLAN_KIND}
    of_buffer = [one for one in decisions if one.kind == "buffer"]
    assert [one.at for one in of_buffer] == turns
    assert all("new_buffer_pct" in one.facts and "reason" in one.facts for one in of_buffer)
    assert [one.at for one in decisions if one.kind == PLAN_KIND] == turns
    service.parts.memory.close(1.0)


def test_what_was_sent_to_evcc_is_on_record(tmp_path: Path) -> None:
    service = start_service(tmp_path)
    assert service.parts.buffer_calc is not None
    service.parts.buffer_calc.activate_live()

    live(service, 2 * HOUR)

    store = service.parts.memory.history
    store.flush()
    commands = store.read_commands(START, service.clock.now() + SLOT)
    assert commands
    assert {one.lever for one in commands} == {BUFFER}
    assert {one.outcome for one in commands} <= {WriteOutcome.SENT, WriteOutcome.CONFIRMED}
    assert commands[-1].accepted == service.home.site.settings.site.buffer_soc_pct
    service.parts.memory.close(1.0)


# Restarts


def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    service = start_service(tmp_path, past=2 * DAY)
    import_now(service)
    live(service, 26 * HOUR)
    now, memory = service.clock.now(), service.parts.memory
    # evcc's own word about the last hours is still to come.
    end = slot_start(now) - EVERY_3_H
    memory.history.flush()
    begin = end - 3 * DAY
    before = house_kwh(memory.history, begin, end)
    said = [part.values for part in memory._past.said(LOAD, DAY, now - HOUR, now)]
    n_issued = len(memory.history.read_issued(LOAD, begin, now))
    kept = json.loads((tmp_path / "smartload_track_record.json").read_text())
    memory.close(5.0)

    again = start_service(tmp_path, before=service)
    memory = again.parts.memory

    np.testing.assert_array_equal(house_kwh(memory.history, begin, end), before)
    in_memory = memory._past.measured_kw(LOAD, begin, end).values
    np.testing.assert_allclose(in_memory / 4, before)
    for part, part_before in zip(memory._past.said(LOAD, DAY, now - HOUR, now), said, strict=True):
        np.testing.assert_allclose(part.values, part_before, atol=0.0051)
    import_now(again)
    turn_now(again, CycleKind.START)
    np.testing.assert_array_equal(house_kwh(memory.history, begin, end), before)
    assert len(memory.history.read_issued(LOAD, begin, now)) == n_issued
    kept_now = json.loads((tmp_path / "smartload_track_record.json").read_text())
    assert (
        kept_now["losses"]["load"].items()
        >= {
            day: losses for day, losses in kept["losses"]["load"].items() if any(losses.values())
        }.items()
    )
    memory.close(1.0)


def test_without_a_farewell_only_the_last_moments_are_lost(tmp_path: Path) -> None:
    (tmp_path / "alive").mkdir()
    service = start_service(tmp_path / "alive")
    live(service, 3 * HOUR)
    # What is on the disk at this moment is what a kill leaves.
    service.parts.memory.history.flush()
    shutil.copytree(tmp_path / "alive", tmp_path / "killed")
    now = service.clock.now()
    service.parts.memory.close(1.0)

    again = start_service(tmp_path / "killed", before=service)
    live(again, HOUR)

    kept = house_kwh(again.parts.memory.history, START + SLOT, now)
    assert np.isfinite(kept).all()
    assert codes(again) == codes(service)
    again.parts.memory.close(1.0)


# Clocks


def test_a_clock_that_is_set_by_the_network_finds_its_history(tmp_path: Path) -> None:
    service = start_service(tmp_path)
    live(service, 3 * HOUR)
    real_now = service.clock.now()
    service.parts.memory.close(5.0)
    clock = SteppedClock(datetime(1970, 1, 1, 0, 2, tzinfo=UTC))
    # evcc runs elsewhere and knows the time.
    again = build_service(tmp_path, start=real_now, clock=clock, home=service.home, poll=SLOT)

    turn_now(again, CycleKind.START)
    assert outlook_of(again).history_days == 0.0
    clock.move_to(real_now)
    turn_now(again)

    memory = again.parts.memory
    assert outlook_of(again).history_days > 0.1
    assert outlook_of(again).start == slot_start(real_now)
    assert np.isfinite(memory._past.measured_kw(LOAD, START + SLOT, real_now).values).all()
    assert ProblemCode.CLOCK_NOT_SET not in codes(again)
    memory.close(1.0)


def test_a_clock_far_ahead_and_back_loses_nothing(tmp_path: Path) -> None:
    service = start_service(tmp_path, past=3 * DAY, forecast_every=timedelta(0))
    import_now(service)
    live(service, 2 * HOUR)
    memory, now = service.parts.memory, service.clock.now()
    before = house_kwh(memory.history, START - 3 * DAY + SLOT, slot_start(now) - SLOT)
    ahead = SteppedClock(now + 900 * DAY)
    parts = service.parts

    for _ in range(3):
        # Our clock alone is wrong; evcc answers as ever.
        turn(parts, ahead.now(), CycleKind.SLOT)
        ahead.move_to(ahead.now() + SLOT)
    assert parts.cycle_failure is None
    live(service, 2 * HOUR)

    after = house_kwh(memory.history, START - 3 * DAY + SLOT, slot_start(now) - SLOT)
    np.testing.assert_array_equal(after, before)
    assert np.isfinite(after).all()
    assert outlook_of(service).history_days > 3.0
    later = slot_start(service.clock.now())
    evccs = service.parts.evcc.read_past(now, later - SLOT).energies
    kept = house_kwh(memory.history, evccs[0].start, later - SLOT)
    assert kept == pytest.approx([one.house_kwh for one in evccs], abs=1e-4)
    memory.close(1.0)


@pytest.mark.parametrize(
    ("begin", "day", "n_slots"),
    [
        (datetime(2026, 3, 28, 20, tzinfo=UTC), date(2026, 3, 29), 92),
        (datetime(2026, 10, 24, 20, tzinfo=UTC), date(2026, 10, 25), 100),
    ],
)
def test_living_through_a_change_of_the_clock(
    tmp_path: Path, begin: datetime, day: date, n_slots: int
) -> None:
    service = start_service(tmp_path, begin, past=2 * DAY)
    turn_now(service, CycleKind.START)
    import_now(service)

    live(service, 29 * HOUR)

    memory = service.parts.memory
    midnight = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
    of_day = house_kwh(memory.history, midnight, midnight + n_slots * SLOT)
    assert np.isfinite(of_day).sum() >= n_slots - 4  # the hour that comes twice may stay a gap
    assert np.isfinite(memory._record._losses(LOAD, "similar_days", day + DAY)[-1])
    report = memory.retrospect.report
    assert report is not None
    load = next(one for one in report.accuracies if one.kind is LOAD)
    assert day in {one.day for one in load.by_day}
    shown(service)
    memory.close(1.0)


# Disks


def test_a_folder_that_is_missing_hinders_nothing_and_is_told_once(tmp_path: Path) -> None:
    structlog.reset_defaults()
    service = start_service(tmp_path / "missing", past=3 * DAY)
    import_now(service)

    with capture_logs() as lines:
        live(service, 4 * HOUR)

    began = [line["code"] for line in lines if line["event"] == "problem_began"]
    assert began.count(ProblemCode.STORE_NOT_WRITABLE.value) == 1
    assert outlook_of(service).history_days > 0.1
    assert by_kind(outlook_of(service))[LOAD].band.p50[0] is not None
    assert service.parts.memory.status(service.clock.now()).problem is not None
    service.parts.memory.close(0.1)


def test_what_waited_for_the_disk_arrives_when_there_is_one(tmp_path: Path) -> None:
    folder = tmp_path / "late"
    service = start_service(folder)
    live(service, 2 * HOUR)
    assert ProblemCode.STORE_NOT_WRITABLE in codes(service)

    folder.mkdir()
    live(service, EVERY_3_H)

    assert ProblemCode.STORE_NOT_WRITABLE not in codes(service)
    kept = house_kwh(service.parts.memory.history, START + SLOT, START + 2 * HOUR)
    assert np.isfinite(kept).all()
    service.parts.memory.close(1.0)


def test_a_history_that_cannot_be_read_is_told_and_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "smartload_history.db").write_bytes(b"not a database" * 500)
    structlog.reset_defaults()

    with capture_logs() as lines:
        service = start_service(tmp_path)
        live(service, 2 * HOUR)

    began = [line["code"] for line in lines if line["event"] == "problem_began"]
    assert began.count(ProblemCode.STORE_WAS_UNREADABLE.value) == 1
    assert np.isfinite(
        house_kwh(service.parts.memory.history, START + SLOT, START + 2 * HOUR)
    ).all()
    assert len(list(tmp_path.glob("smartload_history.db.unreadable-*"))) == 1
    service.parts.memory.close(1.0)


# Homes


def test_a_home_without_a_battery_is_remembered_as_well(tmp_path: Path) -> None:
    clock = SteppedClock(START)
    plant = House(replace(DEFAULT_HOME, batteries=()), seed=1, start=START)
    home = SimulatedHome(
        plant=plant,
        market=default_market(1),
        solar=default_solar_provider(plant),
        clock=clock,
        options=replace(default_options(plant), interval_s=300.0),
    )
    service = build_service(
        tmp_path, start=START, clock=clock, home=home, poll=SLOT, forecast_every=EVERY_3_H
    )

    live(service, 6 * HOUR)

    expected = [one["kind"] for one in shown(service)["expectations"]]
    assert expected == ["load", "pv", "import_price", "export_price"]
    memory = service.parts.memory
    assert np.isfinite(house_kwh(memory.history, START + SLOT, START + 5 * HOUR)).all()
    memory.close(1.0)


# The cycle comes first


def test_no_turn_looks_back_more_than_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = start_service(tmp_path, past=8 * DAY)
    import_now(service)
    n_pieces = 0
    rehearse, look = Retrospect._rehearse, Retrospect._look_at_accuracy

    def rehearse_counted(retrospect: Retrospect, day: date) -> None:
        nonlocal n_pieces
        n_pieces += 1
        rehearse(retrospect, day)

    def look_counted(retrospect: Retrospect, now: datetime, today: date) -> AccuracyReport:
        nonlocal n_pieces
        n_pieces += 1
        return look(retrospect, now, today)

    monkeypatch.setattr(Retrospect, "_rehearse", rehearse_counted)
    monkeypatch.setattr(Retrospect, "_look_at_accuracy", look_counted)
    for turns in range(70):
        before = n_pieces
        turn_now(service, CycleKind.START if turns == 0 else None)
        assert n_pieces - before <= 1

    assert n_pieces > 8
    service.parts.memory.close(1.0)
