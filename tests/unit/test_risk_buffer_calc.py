"""The shell of the risk-based buffer: log, shadow, writes, learning, restart."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from domain.horizon import SLOT
from dynamic_buffer import MAX_LOG_ENTRIES, MODE_LIVE, MODE_OBSERVATION
from forecaster.series import SlotSeries
from persistence import UnkeptFile
from risk_buffer import RiskBuffer
from risk_buffer_calc import FormulaInShadow, Measured, RiskBufferCalc
from tests.support.buffer_fakes import FakeEvcc, HandClock, Options, events, last_event
from tests.support.risky_home import BATTERY, EVENING, HOUR, decide

LIVE = (MODE_LIVE, None)
OBSERVING = (MODE_OBSERVATION, EVENING + timedelta(days=3))
SPECIFIED_KEYS = {
    "ts", "mode", "pv_confidence", "price_spread_ct", "hour_of_day", "expected_pv_kw",
    "old_buffer_pct", "new_buffer_pct", "reason", "applied",
}  # fmt: skip


@dataclass(slots=True)
class Shell:
    """A calculator on a folder of its own, chosen and live unless said otherwise."""

    folder: Path
    is_chosen: bool = True
    period: tuple[str, datetime | None] = LIVE
    evcc: FakeEvcc = field(default_factory=FakeEvcc)

    def start(self) -> RiskBufferCalc:
        return RiskBufferCalc(
            Options(),
            self.evcc,
            path=self.folder / "risk.json",
            clock=HandClock(EVENING).now,
            is_chosen=self.is_chosen,
            period=lambda _: self.period,
        )


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def decision() -> RiskBuffer:
    return decide()


def step(
    calc: RiskBufferCalc, risk: RiskBuffer | None, now: datetime = EVENING
) -> dict[str, object]:
    return calc.step(0.8, 0.1, [1.0] * 96, now, risk=risk, refilling=BATTERY.refilling)


def measured_kw(load_kw: float) -> Measured:
    def between(start: datetime, end: datetime) -> tuple[SlotSeries, SlotSeries]:
        n_slots = (end - start) // SLOT
        load, pv = np.full(n_slots, load_kw), np.zeros(n_slots)
        return SlotSeries(start=start, values=load), SlotSeries(start=start, values=pv)

    return between


def test_chosen_and_live_the_target_is_written_once(shell: Shell, decision: RiskBuffer) -> None:
    calc = shell.start()

    for turn in range(3):
        step(calc, decision, EVENING + turn * SLOT)

    assert shell.evcc.told == [decision.target_pct]


@pytest.mark.parametrize(
    ("is_chosen", "period"), [(False, LIVE), (False, OBSERVING), (True, OBSERVING)]
)
def test_in_the_shadow_or_observing_nothing_is_written(
    shell: Shell, decision: RiskBuffer, *, is_chosen: bool, period: tuple[str, datetime | None]
) -> None:
    shell.is_chosen, shell.period = is_chosen, period

    result = step(shell.start(), decision)

    assert shell.evcc.told == []
    assert last_event(result)["applied"] is False
    assert str(last_event(result)["reason"]).endswith("[Simulation]")


def test_an_event_has_the_ten_specified_keys(shell: Shell, decision: RiskBuffer) -> None:
    result = step(shell.start(), decision)

    assert set(last_event(result)) == SPECIFIED_KEYS


def test_a_step_returns_the_specified_form_with_strategy_and_parts(
    shell: Shell, decision: RiskBuffer
) -> None:
    shell.period = OBSERVING

    result = step(shell.start(), decision)

    assert result["current_buffer_pct"] == 30
    assert result["mode"] == MODE_OBSERVATION
    assert result["days_remaining"] == 3
    assert result["observation_live_at"] == (EVENING + timedelta(days=3)).isoformat()
    assert result["strategy"] == "risk"
    parts = result["parts"]
    assert isinstance(parts, dict)
    assert parts["need_kwh"] == pytest.approx(
        parts["night_kwh"] + parts["error_kwh"] + parts["outage_kwh"], abs=0.002
    )
    json.dumps(result, allow_nan=False)


def test_the_reason_says_confidence_need_window_and_buffer(
    shell: Shell, decision: RiskBuffer
) -> None:
    reason = str(last_event(step(shell.start(), decision))["reason"])

    assert reason.startswith("Sicherheit 90% · Bedarf ")
    assert "(Sonne)" in reason
    assert f"Puffer {decision.target_pct}%" in reason


def test_without_a_forecast_the_owner_s_reserve_holds(shell: Shell) -> None:
    shell.evcc = FakeEvcc()
    calc = shell.start()
    calc.report_evcc_value(70.0)

    result = step(calc, None)

    assert shell.evcc.told == [30]
    assert result["parts"] is None


def test_a_refused_write_is_tried_again(shell: Shell, decision: RiskBuffer) -> None:
    shell.evcc = FakeEvcc(answer=False)
    calc = shell.start()

    results = [step(calc, decision, EVENING + turn * SLOT) for turn in range(2)]

    assert shell.evcc.told == [decision.target_pct] * 2
    assert results[-1]["current_buffer_pct"] == 30


def test_the_log_keeps_seven_days(shell: Shell, decision: RiskBuffer) -> None:
    calc = shell.start()
    calc._state_file = UnkeptFile()

    for turn in range(MAX_LOG_ENTRIES + 5):
        step(calc, decision, EVENING + turn * SLOT)

    assert len(calc.log()) == MAX_LOG_ENTRIES


def test_a_restart_keeps_log_target_and_what_was_learned(
    shell: Shell, decision: RiskBuffer
) -> None:
    before = shell.start()
    step(before, decision)
    before.learn(EVENING + 24 * HOUR, measured_kw(5.0))
    step(before, decision, EVENING + 24 * HOUR)

    after = shell.start()

    assert after.last_target_pct == decision.target_pct
    assert after.calibration == before.calibration
    assert after.calibration.stretches[False] > 1.0
    assert len(events(after.result(EVENING))) == 2


def test_a_need_said_before_a_restart_is_judged_after_it(
    shell: Shell, decision: RiskBuffer
) -> None:
    step(shell.start(), decision)

    after = shell.start()
    after.learn(EVENING + 24 * HOUR, measured_kw(5.0))

    assert after.calibration.stretches[False] > 1.0


def test_needs_are_judged_six_hours_apart(shell: Shell) -> None:
    calc = shell.start()
    for turn in range(12):
        step(calc, decide(), EVENING + turn * SLOT)

    calc.learn(EVENING + 24 * HOUR, measured_kw(5.0))

    assert calc.calibration.stretches[False] < 1.06


@pytest.mark.parametrize("kept", ['{"version": 1}', '{"version": 1, "risk": 7, "log": []}', "{"])
def test_an_unreadable_file_is_kept_aside(shell: Shell, kept: str) -> None:
    (shell.folder / "risk.json").write_text(kept, encoding="utf-8")

    calc = shell.start()

    assert calc.last_target_pct is None
    assert calc.state_file.load_problem is not None
    assert list(shell.folder.glob("risk.json.unreadable-*"))


def test_the_formula_in_the_shadow_never_writes_and_its_period_goes_on(tmp_path: Path) -> None:
    evcc = FakeEvcc()
    calc = FormulaInShadow(
        Options(), evcc, path=tmp_path / "formula.json", clock=HandClock(EVENING).now
    )
    calc.activate_live()

    result = calc.step(1.0, 0.0, [], EVENING)

    assert evcc.told == []
    assert last_event(result)["new_buffer_pct"] == 20
    assert last_event(result)["applied"] is False
    assert calc.period(EVENING)[0] == MODE_LIVE
