"""A plan in every cycle of the service, on a simulated home; all stages observe."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.horizon import slot_start
from domain.plan import PlanStatus, Rung, SkipCause
from domain.site import BatteryMode
from domain.state import SystemState
from forecaster.energy_columns import EnergyColumns
from main import run_loop
from planner.horizon_planner import PlanResult
from planning import LEARNED_FROM
from state_store import _snapshot_to_json_dict
from storage.history_store import HistoryStore
from tests.support.sim_service import AT_ONCE, UNHURRIED, SimService, build_service

# A sunny noon, local time 13:00: prices are known until the next midnight.
NOON = datetime(2026, 4, 24, 11, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


@pytest.fixture
def service(tmp_path: Path) -> SimService:
    return build_service(tmp_path, start=NOON, poll=QUARTER, plan_limits=UNHURRIED)


def live_on(service: SimService, duration: timedelta = timedelta(minutes=1)) -> SystemState:
    run_loop(service.parts, until=service.clock.now() + duration)
    state = service.parts.store.snapshot()["state"]
    assert isinstance(state, SystemState)
    return state


def result(service: SimService) -> PlanResult:
    return service.parts.planning.result


@pytest.fixture
def learned_at(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """When the long past was read, of which the batteries' powers are learned."""
    read_energies = HistoryStore.read_energies
    found: list[datetime] = []

    def noted(store: HistoryStore, start: datetime, end: datetime) -> EnergyColumns:
        if end - start == LEARNED_FROM:
            found.append(end)
        return read_energies(store, start, end)

    monkeypatch.setattr(HistoryStore, "read_energies", noted)
    return found


def causes(service: SimService) -> set[SkipCause]:
    return {one.cause for one in result(service).skipped}


def test_the_first_cycle_has_a_plan_that_saves_or_leaves_evcc_alone(service: SimService) -> None:
    state = live_on(service)

    plan = state.plan
    assert plan is not None
    assert plan.start == slot_start(state.now)
    assert plan.n_slots == 192
    assert plan.status is PlanStatus.PROVEN
    assert plan.cost.total_eur <= plan.baseline.total_eur
    assert plan.rung in {Rung.EXACT, Rung.HANDS_OFF}


def test_it_begins_with_what_is_there(service: SimService) -> None:
    state = live_on(service)

    assert state.plan is not None
    assert state.site is not None
    assert state.site.battery is not None
    assert state.site.battery.soc_pct is not None
    course = state.plan.batteries[0]
    assert 100.0 * course.start_kwh / course.capacity_kwh == pytest.approx(
        state.site.battery.soc_pct, abs=0.01
    )


def test_prices_that_are_not_published_are_marked(service: SimService) -> None:
    state = live_on(service)

    assert state.plan is not None
    assert 0 < state.plan.n_known_prices < state.plan.n_slots


def test_the_message_carries_it_in_short(service: SimService) -> None:
    live_on(service)

    message = _snapshot_to_json_dict(service.parts.store.snapshot())
    summary = message["plan_summary"]
    assert isinstance(summary, dict)
    assert summary["rung"] in {"exact", "hands_off"}
    assert len(json.dumps(summary, allow_nan=False)) < 3000


def test_it_is_remembered(service: SimService) -> None:
    live_on(service, timedelta(hours=1))

    service.parts.memory.history.flush(5.0)
    kept = service.parts.memory.history.read_decisions(NOON, NOON + timedelta(hours=2))
    plans = [one for one in kept if one.kind == "plan"]
    assert len(plans) >= 4


def test_nothing_is_carried_out(service: SimService) -> None:
    before = service.home.flat_state()

    state = live_on(service, timedelta(minutes=30))

    after = service.home.flat_state()
    assert after["bufferSoc"] == before["bufferSoc"]
    assert state.site is not None
    assert state.site.battery is not None
    assert state.site.battery.external_mode in {None, BatteryMode.UNKNOWN}
    assert not service.parts.controller.owned


def test_without_evcc_there_is_no_plan_and_it_comes_back_by_itself(service: SimService) -> None:
    live_on(service)
    service.home.faults.set(offline=True)

    away = live_on(service, timedelta(minutes=30))

    assert away.plan is None
    assert {one.cause for one in away.plan_skipped} == {SkipCause.NO_READING}
    service.home.faults.clear()
    assert live_on(service, timedelta(minutes=30)).plan is not None


def test_a_planner_that_breaks_stops_neither_buffer_nor_page(
    service: SimService, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("planning.build_task", lambda *_, **__: 1 / 0)
        state = live_on(service)

    assert state.plan is None
    assert causes(service) == {SkipCause.SOLVER_FAILED}
    assert service.parts.buffer_calc is not None
    assert len(service.parts.buffer_calc.log()) >= 1
    assert "plan_failed" in {one.code.value for one in state.problems}
    assert live_on(service, timedelta(minutes=30)).plan is not None


def test_a_plan_that_failed_to_be_kept_is_not_brought_back_by_its_explanation(
    service: SimService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("planning.plan_facts", lambda *_: 1 / 0)

    state = live_on(service)

    assert state.plan is None
    assert causes(service) == {SkipCause.SOLVER_FAILED}


def test_while_a_past_is_lived_through_nothing_is_planned(tmp_path: Path) -> None:
    service = build_service(tmp_path, start=NOON, poll=QUARTER, forecast_every=timedelta(hours=6))

    state = live_on(service, timedelta(hours=1))

    assert state.plan is None
    assert not service.parts.failures


def test_plans_are_calm_while_nothing_happens(service: SimService) -> None:
    live_on(service)
    moved = []
    for _ in range(4):
        state = live_on(service, QUARTER)
        assert state.plan is not None
        if state.plan.change is not None:
            planned_kwh = sum(sum(one.charge_kwh) for one in state.plan.batteries)
            planned_kwh += sum(sum(one.charge_kwh) for one in state.plan.cars)
            moved.append(state.plan.change.moved_kwh / max(planned_kwh, 1.0))

    assert not moved or sorted(moved)[len(moved) // 2] < 0.5


def test_what_batteries_can_is_learned_once_a_day_also_when_evcc_comes_and_goes(
    tmp_path: Path, learned_at: list[datetime]
) -> None:
    service = build_service(tmp_path, start=NOON, poll=QUARTER, plan_limits=AT_ONCE)
    for _ in range(2):
        live_on(service)
        service.home.faults.set(offline=True)
        live_on(service, QUARTER)
        service.home.faults.clear()

    service.clock.move_to(NOON + timedelta(days=1))
    live_on(service)

    assert learned_at == [NOON, NOON + timedelta(days=1)]


def test_nothing_is_learned_of_batteries_before_evcc_tells_of_them(
    tmp_path: Path, learned_at: list[datetime]
) -> None:
    service = build_service(tmp_path, start=NOON, poll=QUARTER, plan_limits=AT_ONCE)
    service.home.faults.set(offline=True)

    live_on(service)

    assert not learned_at
