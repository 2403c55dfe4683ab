"""Each fault while SmartLoad runs: it says so once, degrades, writes nothing wrong, recovers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from domain.control import InCharge
from domain.problem import ProblemCode
from domain.state import SystemState
from inbox import Wish
from main import run_loop
from parts import PLAN_FAILED
from tests.support.sim_service import UNPLANNED, SimService, build_service

START = datetime(2026, 5, 4, 9, 50, tzinfo=UTC)
CLEAR: dict[str, bool | float] = {
    "offline": False,
    "slow_s": 0.0,
    "half_answers": False,
    "wrong_types": False,
    "empty_200": False,
    "stale": False,
    "battery_power_zero": False,
    "soc_missing": False,
    "no_solar": False,
    "no_prices": False,
    "automatic_mode": False,
    "starting": False,
}
FAULTS: tuple[dict[str, bool | float], ...] = tuple(
    {name: 60.0 if name == "slow_s" else True} for name in CLEAR
)


@dataclass(slots=True)
class Watched:
    """A live service and every log line."""

    service: SimService
    lines: list[Any]

    def run_for(self, duration: timedelta) -> None:
        run_loop(self.service.parts, until=self.service.clock.now() + duration)

    def state(self) -> SystemState:
        state = self.service.parts.store.snapshot()["state"]
        assert isinstance(state, SystemState)
        return state

    def events(self) -> list[dict[str, object]]:
        assert self.service.parts.buffer_calc is not None
        return self.service.parts.buffer_calc.log()

    def evcc_buffer_pct(self) -> object:
        return self.service.home.flat_state().get("bufferSoc")  # absent while evcc starts

    def said(self, event: str, code: ProblemCode) -> int:
        return sum(line["event"] == event and line.get("code") == code.value for line in self.lines)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Watched]:
    structlog.reset_defaults()
    with capture_logs() as lines:
        service = build_service(tmp_path, start=START, battery_min_soc=50, forecast_every=UNPLANNED)
        watched = Watched(service=service, lines=lines)
        assert service.parts.buffer_calc is not None
        service.parts.buffer_calc.activate_live()
        watched.run_for(timedelta(hours=1))
        assert watched.state().control.in_charge is InCharge.LIVE
        assert watched.state().problems == ()
        yield watched


UNREADABLE = (
    ({"offline": True}, ProblemCode.EVCC_UNREACHABLE),
    ({"slow_s": 60.0}, ProblemCode.EVCC_UNREACHABLE),
    ({"starting": True}, ProblemCode.EVCC_UNREACHABLE),
    ({"half_answers": True}, ProblemCode.EVCC_UNREACHABLE),
    ({"empty_200": True}, ProblemCode.EVCC_UNREADABLE),
)


@pytest.mark.parametrize(("fault", "code"), UNREADABLE, ids=str)
def test_an_evcc_that_cannot_be_read_is_left_alone_until_it_is_back(
    live: Watched, fault: dict[str, bool | float], code: ProblemCode
) -> None:
    site_before = live.state().site
    pct_before = live.evcc_buffer_pct()

    live.service.home.faults.set(**fault)
    live.run_for(timedelta(hours=1))

    during = live.state()
    assert next(problem.code for problem in during.problems) is code
    assert during.site_is_stale
    assert during.site is not None
    assert site_before is not None
    assert during.site.read_at == site_before.read_at
    assert during.control.in_charge is InCharge.DEGRADED
    assert live.said("problem_began", code) == 1

    live.service.home.faults.set(**CLEAR)
    assert live.evcc_buffer_pct() in {pct_before, None}, "written to an evcc not understood"
    live.run_for(timedelta(hours=1))

    after = live.state()
    assert not after.site_is_stale
    assert after.problems == ()
    assert live.said("problem_ended", code) == 1
    assert live.said("problem_began", code) == 1
    assert after.control.in_charge is InCharge.LIVE


def test_without_a_solar_forecast_confidence_is_0_and_the_buffer_the_owners_reserve(
    live: Watched,
) -> None:
    live.service.home.faults.set(no_solar=True)
    live.run_for(timedelta(minutes=45))

    assert live.service.parts.pv_forecaster.confidence == 0.0
    assert [problem.code for problem in live.state().problems] == [ProblemCode.NO_SOLAR_FORECAST]
    assert live.events()[-1]["new_buffer_pct"] == 50
    assert live.evcc_buffer_pct() == 50

    live.service.home.faults.set(**CLEAR)
    live.run_for(timedelta(hours=10))

    assert live.service.parts.pv_forecaster.confidence > 0.4
    assert live.state().problems == ()


def test_without_prices_the_spread_is_0(live: Watched) -> None:
    live.service.home.faults.set(no_prices=True)
    live.run_for(timedelta(minutes=45))

    assert live.state().price_spread == 0.0
    assert live.events()[-1]["price_spread_ct"] == 0.0
    assert [problem.code for problem in live.state().problems] == [ProblemCode.NO_PRICES]

    live.service.home.faults.set(**CLEAR)
    live.run_for(timedelta(hours=1))

    assert live.state().price_spread > 0.0
    assert live.state().problems == ()


def test_late_prices_leave_the_rest_of_today(live: Watched) -> None:
    live.service.home.faults.set(prices_late=True)
    live.run_for(timedelta(hours=6))

    assert live.state().price_spread > 0.0
    assert live.state().problems == ()


def test_evccs_own_automatic_mode_makes_us_an_adviser(live: Watched) -> None:
    pct_before = live.evcc_buffer_pct()

    live.service.home.faults.set(automatic_mode=True)
    live.run_for(timedelta(hours=20))

    assert live.state().control.in_charge is InCharge.EVCC_AUTOMATIC
    assert live.evcc_buffer_pct() == pct_before
    assert live.said("problem_began", ProblemCode.EVCC_AUTOMATIC_MODE) == 1

    live.service.home.faults.set(**CLEAR)
    live.run_for(timedelta(hours=1))

    assert live.state().control.in_charge is InCharge.EVCC_AUTOMATIC
    assert live.said("problem_began", ProblemCode.EVCC_AUTOMATIC_ENDED) == 1

    live.service.parts.inbox.put(Wish.TAKE_CONTROL)
    live.run_for(timedelta(hours=1))

    assert live.state().control.in_charge is InCharge.LIVE


@pytest.mark.parametrize("fault", [{"wrong_types": True}, {"soc_missing": True}], ids=str)
def test_wrong_values_cost_only_themselves(live: Watched, fault: dict[str, bool | float]) -> None:
    live.service.home.faults.set(**fault)
    live.run_for(timedelta(hours=1))

    assert live.state().problems != ()
    assert not [line for line in live.lines if line["event"] == "cycle_failed"]

    live.service.home.faults.set(**CLEAR)
    live.run_for(timedelta(hours=1))

    assert live.state().problems == ()


def test_meters_that_do_not_add_up_are_seen(live: Watched) -> None:
    live.service.home.faults.set(stale=True)
    live.run_for(timedelta(hours=8))

    assert live.said("problem_began", ProblemCode.EVCC_STALE_METERS) >= 1

    live.service.home.faults.set(**CLEAR)
    live.run_for(timedelta(minutes=30))

    assert live.state().problems == ()


def test_a_battery_meter_that_reads_0_harms_nothing(live: Watched) -> None:
    """evcc works the house's power out from the same zero, so nothing can show it."""
    live.service.home.faults.set(battery_power_zero=True)
    live.run_for(timedelta(hours=8))

    assert live.state().control.in_charge is InCharge.LIVE
    assert not [line for line in live.lines if line["event"] == "cycle_failed"]


def test_a_moved_slider_is_the_owners_until_midnight(live: Watched) -> None:
    live.service.home.move_slider("bufferSoc", 65.0)
    live.run_for(timedelta(hours=4))

    assert live.evcc_buffer_pct() == 65
    assert live.state().control.in_charge is InCharge.OWNER
    assert live.events()[-1]["old_buffer_pct"] == 65
    until = live.state().control.until
    assert until == datetime(2026, 5, 4, 22, 0, tzinfo=UTC), "midnight in Berlin"

    live.run_for(timedelta(hours=20))

    assert live.state().control.in_charge is InCharge.LIVE
    assert live.evcc_buffer_pct() != 65


def test_settings_that_evcc_lost_are_set_again(live: Watched) -> None:
    pct_before = live.evcc_buffer_pct()

    live.service.home.restart(lose_settings=True)
    live.run_for(timedelta(hours=2))

    assert live.evcc_buffer_pct() == pct_before
    assert live.state().control.in_charge is InCharge.LIVE


def test_an_owners_priority_soc_in_the_way_is_respected_and_named(live: Watched) -> None:
    live.service.home.move_slider("bufferSoc", 0.0)
    live.service.home.move_slider("prioritySoc", 60.0)
    live.service.parts.controller.resume()
    live.run_for(timedelta(hours=13))

    assert live.evcc_buffer_pct() == 60
    assert live.service.home.flat_state()["prioritySoc"] == 60
    assert "begrenzt durch prioritySoc 60%" in str(live.events()[-1]["reason"])


def test_a_wish_that_cannot_be_fulfilled_does_not_end_the_loop(
    live: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(live.service.parts.controller, "resume", fail)
    live.service.parts.inbox.put(Wish.TAKE_CONTROL)
    n_before = len(live.events())

    live.run_for(timedelta(hours=1))

    assert len([line for line in live.lines if line["event"] == "cycle_failed"]) == 1
    assert len(live.events()) >= n_before + 4
    assert live.state().problems == ()


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_whatever_evcc_says_there_is_a_plan_or_the_reason_why_not(
    tmp_path: Path, fault: dict[str, bool | float]
) -> None:
    service = build_service(tmp_path, start=START, poll=timedelta(minutes=15))
    run_loop(service.parts, until=START + timedelta(minutes=1))
    service.home.faults.set(**fault)

    run_loop(service.parts, until=START + timedelta(minutes=20))

    assert PLAN_FAILED not in service.parts.failures
    result = service.parts.planning.result
    assert result.plan is not None or result.skipped
