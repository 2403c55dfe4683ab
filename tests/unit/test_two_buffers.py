"""The two buffers in the cycle: one acts, the other one only says what it would do."""

import json
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from config import Config
from domain.horizon import SLOT
from domain.state import CycleKind
from dynamic_buffer import DynamicBufferCalc
from main import build_parts, run_cycle
from parts import Installation, Parts
from risk_buffer_calc import FormulaInShadow, RiskBufferCalc
from site_watch import Evcc
from state_store import _snapshot_to_json_dict
from tests.support.sim_service import SteppedClock
from tests.support.small_evcc import SmallEvcc

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SPECIFIED = {"current_buffer_pct", "mode", "days_remaining", "log_recent", "observation_live_at"}


class WithoutCapacity(SmallEvcc):
    """An evcc whose battery does not tell how much it holds."""

    def state(self) -> dict[str, object]:
        return {**super().state(), "battery": {"power": -500, "soc": 60, "devices": []}}


@dataclass(slots=True)
class Home:
    """A service on a small evcc, whose buffer the owner has put live."""

    folder: Path
    strategy: str = "risk"
    evcc: SmallEvcc = field(default_factory=SmallEvcc)
    clock: SteppedClock = field(default_factory=lambda: SteppedClock(NOON))
    parts: Parts = field(init=False)

    def __post_init__(self) -> None:
        start = int(NOON.timestamp()) - 4 * 3600
        hours = [[start + 3600 * k, start + 3600 * (k + 1)] for k in range(60)]
        suns = [max(0.0, 4000.0 * math.sin(math.pi * ((k + 8) % 24 - 6) / 12.0)) for k in range(60)]
        self.evcc.buffer_start_soc = 0.0
        self.evcc.forecast = {
            "grid": [[*hour, 0.30] for hour in hours],
            "solar": {
                "timeseries": [[hour[0], sun] for hour, sun in zip(hours, suns, strict=True)]
            },
        }
        self.start()

    def start(self) -> None:
        """Build the service (again), and let it look once."""
        self.parts = build_parts(
            Config(buffer_strategy=self.strategy),  # type: ignore[arg-type]  # one of the two words
            Installation(
                started_at=self.clock.now(),
                config_problems=(),
                options_path="test.yaml",
                fixed_zone=UTC,
            ),
            clock=self.clock,
            evcc_at=Evcc(url="http://evcc:7070", transport=self.evcc.transport),
            data_dir=self.folder,
        )
        self.formula.activate_live()
        self.parts.controller.begin()

    @property
    def formula(self) -> DynamicBufferCalc:
        assert self.parts.buffer_calc is not None
        return self.parts.buffer_calc

    @property
    def risk(self) -> RiskBufferCalc:
        assert self.parts.risk is not None
        return self.parts.risk.calc

    def cycle(self, after: timedelta = timedelta(0)) -> dict[str, Any]:
        """Run one cycle and return what the page is told, through JSON."""
        self.clock.move_to(self.clock.now() + after)
        now = self.clock.now()
        run_cycle(self.parts, now, CycleKind.SLOT, self.parts.watch.read(now))
        message = _snapshot_to_json_dict(self.parts.store.snapshot())
        shown: dict[str, Any] = json.loads(json.dumps(message, allow_nan=False))
        return shown


@pytest.fixture(autouse=True)
def _plain_log() -> None:
    structlog.reset_defaults()


def test_with_the_formula_evcc_gets_the_formula_s_value(tmp_path: Path) -> None:
    home = Home(tmp_path, strategy="formula")

    home.cycle()

    assert home.evcc.buffer_soc == home.formula.log()[-1]["new_buffer_pct"]
    assert not isinstance(home.formula, FormulaInShadow)
    assert home.risk.log()[-1]["applied"] is False


def test_with_risk_evcc_gets_that_value_and_the_formula_only_says_its_own(tmp_path: Path) -> None:
    home = Home(tmp_path)

    shown = home.cycle()

    assert home.risk.last_target_pct is not None
    assert home.evcc.buffer_soc == home.risk.last_target_pct
    assert home.risk.log()[-1]["applied"] is True
    assert home.formula.log()[-1]["applied"] is False
    assert shown["buffer"]["current_buffer_pct"] == home.risk.last_target_pct


@pytest.mark.parametrize(("strategy", "shadow"), [("formula", "risk"), ("risk", "formula")])
def test_the_state_shows_the_chosen_one_in_its_specified_form_and_the_other_beside_it(
    tmp_path: Path, strategy: str, shadow: str
) -> None:
    shown = Home(tmp_path, strategy=strategy).cycle()

    assert set(shown["buffer"]) == SPECIFIED
    assert shown["buffer"]["mode"] == "live"
    assert set(shown["buffer_shadow"]) == SPECIFIED | {"strategy", "parts"}
    assert shown["buffer_shadow"]["strategy"] == shadow
    assert shown["buffer_shadow"]["mode"] == "observation"
    assert shown["buffer_shadow"]["parts"]["need_kwh"] >= 0.0


@pytest.mark.parametrize("strategy", ["formula", "risk"])
def test_plan_and_cars_go_by_the_chosen_buffer(tmp_path: Path, strategy: str) -> None:
    home = Home(tmp_path, strategy=strategy)

    home.cycle()

    chosen = home.risk if strategy == "risk" else home.formula
    target = chosen.log()[-1]["new_buffer_pct"]
    assert home.parts.steering.buffer_soc_pct == target
    assert home.parts.buffer_decided == (target, True)


def test_the_owner_s_hand_is_told_to_the_chosen_one(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.cycle()
    home.evcc.buffer_soc = 77

    shown = home.cycle(SLOT)

    assert home.evcc.buffer_soc == 77
    assert shown["buffer"]["current_buffer_pct"] == 77


def test_both_logs_outlive_a_restart(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.cycle()

    home.start()

    assert len(home.risk.log()) == len(home.formula.log()) == 1


def test_where_the_capacity_is_not_known_the_owner_s_reserve_holds(tmp_path: Path) -> None:
    home = Home(tmp_path, evcc=WithoutCapacity())

    shown = home.cycle()

    assert home.risk.log()[-1]["new_buffer_pct"] == 30
    assert shown["buffer_shadow"]["parts"] is None


def test_a_risk_buffer_that_fails_ends_no_cycle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path, strategy="formula")

    def fail(*_: object, **__: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr("buffers.decide_risk_buffer", fail)
    home.cycle()

    assert home.formula.log()[-1]["applied"] is True
