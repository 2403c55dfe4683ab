"""One cycle, told in order: what evcc says goes in, one decision comes out, everyone sees it."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
import structlog
from structlog.testing import capture_logs

from config import Config
from domain.config_problem import ConfigProblem
from domain.control import InCharge
from domain.horizon import SLOT
from domain.site import BatteryMode
from domain.state import CycleKind, SystemState
from dynamic_buffer import DynamicBufferCalc
from inbox import Wish
from main import build_parts, run_cycle, turn
from ownership import hand_back
from parts import Installation, Parts
from site_watch import Evcc
from state_store import _snapshot_to_json_dict
from tests.support.sim_service import SteppedClock
from tests.support.small_evcc import SmallEvcc
from wishes import fulfil

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def bell_w(k: int) -> float:
    """The forecast of the hour that begins ``k - 4`` hours after noon: sun from 06 to 18 UTC."""
    return max(0.0, 4000.0 * math.sin(math.pi * ((k + 8) % 24 - 6) / 12.0))


@dataclass(slots=True)
class Cycled:
    """A service on a small evcc, turned by hand."""

    folder: Path
    base_pct: int = 50
    evcc: SmallEvcc = field(default_factory=SmallEvcc)
    clock: SteppedClock = field(default_factory=lambda: SteppedClock(NOON))
    parts: Parts = field(init=False)

    def __post_init__(self) -> None:
        self.evcc.forecast = {
            "grid": [[*self._hour(k), 0.10 if k % 2 else 0.30] for k in range(48)],
            "solar": {"timeseries": [[self._hour(k)[0], bell_w(k)] for k in range(48)]},
        }
        self.start()

    @staticmethod
    def _hour(k: int) -> list[int]:
        start = int(NOON.timestamp()) + 3600 * (k - 4)
        return [start, start + 3600]

    def start(self, *, config_problems: tuple[ConfigProblem, ...] = ()) -> None:
        """Build the service (again), as after a restart and its first cycle, which only looks."""
        self.parts = build_parts(
            Config(battery_min_soc=self.base_pct),
            Installation(
                started_at=self.clock.now(),
                config_problems=config_problems,
                options_path="test.yaml",
                fixed_zone=UTC,
            ),
            clock=self.clock,
            evcc_at=Evcc(url="http://evcc:7070", transport=self.evcc.transport),
            data_dir=self.folder,
        )
        self.parts.controller.begin()

    @property
    def calc(self) -> DynamicBufferCalc:
        assert self.parts.buffer_calc is not None
        return self.parts.buffer_calc

    def cycle(self, now: datetime | None = None) -> None:
        """Read evcc and run one cycle, without the net that catches what it trips over."""
        now = now or self.clock.now()
        run_cycle(self.parts, now, CycleKind.SLOT, self.parts.watch.read(now))

    def shown(self) -> dict[str, Any]:
        """Return what the page is told, through JSON."""
        message = _snapshot_to_json_dict(self.parts.store.snapshot())
        shown = json.loads(json.dumps(message, allow_nan=False))
        assert isinstance(shown, dict)
        return shown

    def state(self) -> SystemState:
        state = self.parts.store.snapshot()["state"]
        assert isinstance(state, SystemState)
        return state


@pytest.fixture
def service(tmp_path: Path) -> Cycled:
    structlog.reset_defaults()
    return Cycled(tmp_path)


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    structlog.reset_defaults()
    with capture_logs() as captured:
        yield captured


def said(lines: list[Any], event: str) -> list[Any]:
    return [line for line in lines if line["event"] == event]


# What goes into the decision


def test_the_decision_is_made_from_forecast_and_prices(service: Cycled) -> None:
    service.cycle()

    (event,) = service.calc.log()
    confidence_pct = 100 * service.parts.pv_forecaster.confidence
    assert event["pv_confidence"] == pytest.approx(confidence_pct, abs=0.1)
    assert confidence_pct > 0
    assert event["price_spread_ct"] == 20.0
    next_4h_kw = sum(service.parts.pv_forecaster.slots_kw[:16])
    assert event["expected_pv_kw"] == pytest.approx(next_4h_kw, abs=0.01)
    assert next_4h_kw > 16.0
    assert service.state().price_spread == pytest.approx(0.2)


def test_only_prices_from_now_on_make_the_spread(service: Cycled) -> None:
    hours = [Cycled._hour(k) for k in range(8)]
    service.evcc.forecast["grid"] = [
        [start, end, 9.0 if end <= NOON.timestamp() else 0.2] for start, end in hours
    ]

    service.cycle()

    assert service.calc.log()[0]["price_spread_ct"] == 0.0


def test_now_is_given_in_utc(service: Cycled) -> None:
    service.cycle(NOON.astimezone(ZoneInfo("Asia/Tokyo")))

    (event,) = service.calc.log()
    assert event["ts"] == "2026-03-02T12:00:00+00:00"
    assert event["hour_of_day"] == 12


def test_the_steps_arguments_go_by_name(service: Cycled, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, Any]] = []

    def step(calc: DynamicBufferCalc, **arguments: object) -> dict[str, object]:
        given.append(arguments)
        return calc.result()

    monkeypatch.setattr(DynamicBufferCalc, "step", step)
    service.cycle()

    (arguments,) = given
    assert set(arguments) == {"pv_confidence", "price_spread", "pv_96", "now"}
    assert arguments["now"] == NOON
    assert arguments["now"].utcoffset() == timedelta(0)
    assert len(arguments["pv_96"]) == 96


def test_without_forecast_and_prices_the_owners_reserve_stands(service: Cycled) -> None:
    service.evcc.forecast = {}

    service.cycle()

    (event,) = service.calc.log()
    assert (event["pv_confidence"], event["price_spread_ct"]) == (0.0, 0.0)
    assert event["expected_pv_kw"] == 0.0
    assert event["new_buffer_pct"] == 50


# What comes out


def test_everyone_sees_the_result_of_the_step(service: Cycled) -> None:
    service.cycle()

    buffer = service.shown()["buffer"]
    assert buffer["mode"] == "observation"
    assert buffer["log_recent"] == service.calc.log()
    summary = service.shown()["plan_summary"]
    assert isinstance(summary, dict)
    assert summary["until"] > summary["made_at"]
    assert service.state().cycle is not None


def test_each_cycle_is_one_event_one_state_and_one_line(service: Cycled, lines: list[Any]) -> None:
    for k in range(3):
        service.clock.move_to(NOON + k * SLOT)
        service.cycle()

    assert len(service.calc.log()) == 3
    assert service.shown()["version"] == 3
    assert service.shown()["cycle"]["count"] == 3
    decisions = said(lines, "decision")
    assert [line["mode"] for line in decisions] == ["observation"] * 3


def test_observing_sends_nothing_to_evcc(service: Cycled) -> None:
    service.cycle()

    assert service.evcc.commands == []


def test_live_sets_evccs_buffer_and_shows_whose_value_it_was(service: Cycled) -> None:
    service.base_pct = 30
    service.start()
    service.calc.activate_live()

    service.cycle()

    assert service.evcc.buffer_soc == 30
    assert service.shown()["buffer"]["current_buffer_pct"] == 30
    assert service.shown()["control"]["owner_values"] == [
        {
            "setting": "bufferSoc",
            "device": "",
            "title": "",
            "owner": 50.0,
            "ours": 30.0,
            "since": NOON.isoformat(),
        }
    ]


def test_a_limit_of_the_owner_is_respected_and_named(service: Cycled) -> None:
    service.evcc.priority_soc = 40.0
    service.base_pct = 30
    service.start()
    service.calc.activate_live()

    service.cycle()

    (event,) = service.calc.log()
    assert service.evcc.buffer_soc == 40
    assert service.evcc.priority_soc == 40
    assert event["new_buffer_pct"] == 40
    assert event["applied"] is True
    assert " · begrenzt durch prioritySoc 40%" in str(event["reason"])


# Cars from the home battery


def test_while_the_battery_feeds_a_car_the_step_is_skipped_yet_the_buffer_is_shown(
    service: Cycled,
) -> None:
    service.calc.activate_live()
    service.cycle()
    events, commands = service.calc.log(), list(service.evcc.commands)
    saved = (service.folder / "smartload_buffer_model.json").read_bytes()
    service.parts.controller._bat_to_ev_active = True
    service.evcc.forecast = {}
    service.clock.move_to(NOON + SLOT)

    service.cycle()

    assert service.calc.log() == events
    assert service.evcc.commands == commands
    assert (service.folder / "smartload_buffer_model.json").read_bytes() == saved
    assert service.shown()["version"] == 2
    assert service.shown()["buffer"]["log_recent"] == events
    assert service.shown()["buffer"]["mode"] == "live"


def test_afterwards_the_buffer_decides_again(service: Cycled) -> None:
    service.parts.controller._bat_to_ev_active = True
    service.cycle()
    service.parts.controller._bat_to_ev_active = False

    service.cycle()

    assert len(service.calc.log()) == 1


# What goes wrong


def test_a_step_that_raises_is_a_warning_and_the_cycle_goes_on(
    service: Cycled, lines: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(*_: object, **__: object) -> dict[str, object]:
        raise ZeroDivisionError("broken")

    monkeypatch.setattr(DynamicBufferCalc, "step", step)

    service.cycle()

    (warning,) = said(lines, "buffer_step_failed")
    assert warning["log_level"] == "warning"
    assert warning["error"] == "broken"
    assert service.shown()["version"] == 1
    assert service.shown()["buffer"] is None
    assert service.shown()["site"]["title"] == "Small"
    assert said(lines, "decision")


def test_without_the_calculator_the_service_runs_and_says_so(
    tmp_path: Path, lines: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no calculator")

    monkeypatch.setattr(DynamicBufferCalc, "__init__", broken)
    service = Cycled(tmp_path)

    service.cycle()

    assert service.parts.buffer_calc is None
    (warning,) = said(lines, "buffer_missing")
    assert (warning["log_level"], warning["error"]) == ("warning", "no calculator")
    assert service.shown()["buffer"] is None
    assert "buffer_missing" in [problem["code"] for problem in service.shown()["problems"]]


def test_a_calculator_that_starts_is_an_information(tmp_path: Path, lines: list[Any]) -> None:
    Cycled(tmp_path)

    (line,) = said(lines, "buffer_ready")
    assert line["log_level"] == "info"


def test_an_evcc_that_was_never_there_still_makes_a_cycle(service: Cycled) -> None:
    service.evcc.is_starting = True

    service.cycle()

    (event,) = service.calc.log()
    assert event["pv_confidence"] == 0.0
    assert service.state().site is None
    assert service.shown()["buffer"]["log_recent"] == [event]


def test_an_evcc_that_went_away_is_left_alone_and_its_last_reading_is_stale(
    service: Cycled,
) -> None:
    service.base_pct = 30
    service.start()
    service.calc.activate_live()
    service.cycle()
    commands = list(service.evcc.commands)
    service.evcc.is_starting = True
    service.evcc.buffer_soc = 77.0

    service.cycle(NOON + SLOT)

    assert service.evcc.commands == commands
    assert service.state().site_is_stale
    assert service.state().control.in_charge is InCharge.DEGRADED


def test_a_data_folder_that_is_missing_stops_nothing_and_writes_nothing_to_evcc(
    tmp_path: Path, lines: list[Any]
) -> None:
    service = Cycled(tmp_path / "missing", base_pct=30)
    service.calc.activate_live()

    service.cycle()

    (event,) = service.calc.log()
    assert event["applied"] is False
    assert "nicht gesichert" in str(event["reason"])
    assert service.evcc.buffer_soc == 50
    assert "store_not_writable" in [problem["code"] for problem in service.shown()["problems"]]


def test_a_cycle_that_fails_leaves_the_next_one_to_come(
    service: Cycled, lines: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(type(service.parts.store), "update", None)
        turn(service.parts, NOON, CycleKind.SLOT)
    assert len(said(lines, "cycle_failed")) == 1

    turn(service.parts, NOON + SLOT, CycleKind.SLOT)

    assert service.shown()["version"] == 1
    assert len(service.calc.log()) == 2


def test_a_forecast_that_fails_does_not_stop_the_buffer(
    service: Cycled, lines: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    turn(service.parts, NOON, CycleKind.SLOT)
    assert service.parts.pv_forecaster.confidence > 0.0
    with monkeypatch.context() as broken:
        broken.setattr(type(service.parts.memory.forecasting), "update", None)
        turn(service.parts, NOON + SLOT, CycleKind.SLOT)
        turn(service.parts, NOON + 2 * SLOT, CycleKind.SLOT)

    assert len(said(lines, "forecast_failed")) == 1
    assert said(lines, "cycle_failed") == []
    assert [event["pv_confidence"] for event in service.calc.log()][1:] == [0, 0]
    assert "forecast_failed" in [problem["code"] for problem in service.shown()["problems"]]
    turn(service.parts, NOON + 3 * SLOT, CycleKind.SLOT)
    assert service.shown()["problems"] == []
    assert service.parts.pv_forecaster.confidence > 0.0


def test_looking_back_that_fails_is_told_once_and_stops_nothing(
    service: Cycled, lines: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(type(service.parts.memory), "look_back", None)
        for k in range(3):
            turn(service.parts, NOON + k * SLOT, CycleKind.SLOT)

    assert len(said(lines, "look_back_failed")) == 1
    assert said(lines, "cycle_failed") == []
    assert len(service.calc.log()) == 3


# The owner


def test_a_slider_that_was_moved_is_told_to_the_calculator_and_respected(
    service: Cycled,
) -> None:
    service.base_pct = 30
    service.start()
    service.calc.activate_live()
    service.cycle()
    service.evcc.buffer_soc = 70.0
    service.clock.move_to(NOON + SLOT)

    service.cycle()

    event = service.calc.log()[-1]
    assert event["old_buffer_pct"] == 70
    assert event["applied"] is False
    assert "in evcc geändert: 30% → 70%" in str(event["reason"])
    assert service.evcc.buffer_soc == 70
    assert service.state().control.in_charge is InCharge.OWNER


def test_observing_again_gives_the_owners_value_back(service: Cycled) -> None:
    service.base_pct = 30
    service.start()
    service.calc.activate_live()
    service.cycle()
    service.calc.extend_observation(30)

    service.cycle()

    assert service.evcc.buffer_soc == 50
    assert service.shown()["control"]["owner_values"] == []
    assert service.shown()["buffer"]["current_buffer_pct"] == 50


def test_a_release_gives_back_and_keeps_off_until_control_is_taken(service: Cycled) -> None:
    service.base_pct = 30
    service.start()
    service.calc.activate_live()
    service.cycle()

    fulfil(service.parts, Wish.RELEASE)
    service.cycle()
    assert service.evcc.buffer_soc == 50
    assert service.state().control.in_charge is InCharge.RELEASED

    fulfil(service.parts, Wish.TAKE_CONTROL)
    service.cycle()
    assert service.evcc.buffer_soc == 30
    assert service.state().control.in_charge is InCharge.LIVE


def test_taking_control_again_is_no_problem(service: Cycled, lines: list[Any]) -> None:
    service.calc.activate_live()
    service.base_pct = 30
    service.start()
    service.cycle()
    fulfil(service.parts, Wish.RELEASE)
    service.cycle()

    fulfil(service.parts, Wish.TAKE_CONTROL)
    service.cycle()

    assert service.state().problems == ()
    assert said(lines, "problem_began") == []


def test_a_release_while_evcc_is_away_gives_back_when_it_is_there_again(service: Cycled) -> None:
    service.base_pct = 30
    service.start()
    service.calc.activate_live()
    service.cycle()
    service.evcc.is_starting = True
    fulfil(service.parts, Wish.RELEASE)
    assert service.parts.controller.owned

    service.evcc.is_starting = False
    service.cycle()

    assert service.evcc.buffer_soc == 50
    assert service.parts.controller.owned == ()


def test_a_wrong_option_gives_back_what_an_earlier_run_changed(service: Cycled) -> None:
    service.base_pct = 30
    service.start()
    service.calc.activate_live()
    service.cycle()
    wrong = ConfigProblem(option="port", given="abc", allowed="1 to 65535", nearest=None)

    service.start(config_problems=(wrong,))
    service.cycle()

    assert service.evcc.buffer_soc == 50
    assert service.parts.controller.owned == ()


def test_a_stop_gives_back_and_a_restart_goes_on(service: Cycled) -> None:
    service.base_pct = 30
    service.start()
    service.calc.activate_live()
    service.cycle()

    hand_back(service.parts)
    assert service.evcc.buffer_soc == 50
    service.start()
    service.cycle()

    assert service.evcc.buffer_soc == 30
    assert service.shown()["control"]["owner_values"][0]["owner"] == 50


# Acting on the plan


def test_a_step_of_acting_that_fails_is_told_and_lets_an_imposed_mode_lapse(
    service: Cycled, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.parts.steering.keeper.impose(BatteryMode.CHARGE)

    with monkeypatch.context() as broken:
        broken.setattr(type(service.parts.steering), "help_car", None)
        turn(service.parts, NOON, CycleKind.SLOT)

    assert service.parts.steering.keeper.mode is None
    assert "steer_failed" in [problem["code"] for problem in service.shown()["problems"]]
    turn(service.parts, NOON + SLOT, CycleKind.SLOT)
    assert "steer_failed" not in [problem["code"] for problem in service.shown()["problems"]]


def test_a_cycle_that_fails_lets_an_imposed_mode_lapse(
    service: Cycled, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.parts.steering.keeper.impose(BatteryMode.CHARGE)
    monkeypatch.setattr(type(service.parts.store), "update", None)

    turn(service.parts, NOON, CycleKind.SLOT)

    assert service.parts.steering.keeper.mode is None


def test_the_first_cycle_adopts_what_is_there_and_writes_nothing(tmp_path: Path) -> None:
    service = Cycled(tmp_path, base_pct=30)
    service.calc.activate_live()
    parts = build_parts(
        Config(battery_min_soc=30),
        service.parts.installation,
        clock=service.clock,
        evcc_at=Evcc(url="http://evcc:7070", transport=service.evcc.transport),
        data_dir=tmp_path,
    )

    turn(parts, NOON, CycleKind.START)

    assert service.evcc.commands == []
    turn(parts, NOON + SLOT, CycleKind.SLOT)
    assert service.evcc.buffer_soc == 30


def test_a_409_of_evccs_automatic_mode_gives_it_the_say_until_somebody_takes_over(
    service: Cycled,
) -> None:
    service.base_pct = 30
    service.start()
    service.calc.activate_live()
    refusal = httpx2.Response(409, json={"error": "not available in automatic mode"})
    service.evcc.fault = lambda request: refusal if request.method == "POST" else None

    service.cycle()
    service.evcc.fault = lambda _: None
    service.cycle()

    assert service.evcc.buffer_soc == 50
    assert service.shown()["control"]["in_charge"] == "evcc_automatic"
    fulfil(service.parts, Wish.TAKE_CONTROL)
    service.cycle()
    assert service.evcc.buffer_soc == 30
