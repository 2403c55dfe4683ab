"""The demo's past is lived through once, with a progress that ends, and the next start goes on."""

import json
import logging
from datetime import timedelta
from pathlib import Path

import pytest

import demo as demo_module
from config import Config
from demo import DEMO_START, Demo
from main import build_parts, run_loop
from parts import Installation, Parts
from site_watch import Evcc

PAST = timedelta(hours=3)
RECORDED = timedelta(days=2)


@pytest.fixture(autouse=True)
def short_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_module, "PAST", PAST)
    monkeypatch.setattr(demo_module, "RECORDED", RECORDED)
    monkeypatch.setattr(demo_module, "EVCC_PORT", 0)
    monkeypatch.setattr(demo_module, "SAVE_EVERY_REAL_S", 0.0)


def parts_on(demo: Demo, folder: Path) -> Parts:
    parts = build_parts(
        Config(),
        Installation(
            started_at=demo.clock.now(),
            config_problems=(),
            options_path="",
            fixed_zone=None,
            demo=demo.status,
        ),
        clock=demo.clock,
        evcc_at=Evcc(url=demo.evcc_url, transport=demo.transport),
        data_dir=folder,
    )
    parts.poll = demo.poll
    parts.after_cycle = demo.after_cycle
    return parts


def test_the_past_is_lived_through_with_progress_and_then_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    demo = Demo(tmp_path, seed=1, speed=3600.0)
    assert demo.status().progress_frac == 0.0
    assert logging.getLogger("smartload").level == logging.WARNING

    parts = parts_on(demo, tmp_path)
    run_loop(parts, until=DEMO_START + PAST + timedelta(minutes=16))
    parts.evcc.close()

    assert demo.status().progress_frac is None
    assert logging.getLogger("smartload").level == logging.NOTSET
    assert "100%" in capsys.readouterr().err
    log = json.loads((tmp_path / "smartload_buffer_model.json").read_text())["log"]
    demo.close()
    assert len(log) >= 13

    again = Demo(tmp_path, seed=1, speed=3600.0)
    assert again.clock.now() >= DEMO_START + PAST
    assert again.status().progress_frac is None
    parts = parts_on(again, tmp_path)
    assert parts.buffer_calc is not None
    assert len(parts.buffer_calc.log()) == len(log)
    parts.evcc.close()
    again.close()


def test_another_seed_or_a_fresh_start_begins_anew(tmp_path: Path) -> None:
    first = Demo(tmp_path, seed=1, speed=360.0)
    first.save(DEMO_START + timedelta(days=3))
    (tmp_path / "smartload_buffer_model.json").write_text("{}")
    first.close()

    for seed, fresh in ((2, False), (1, True)):
        demo = Demo(tmp_path, seed=seed, speed=360.0, fresh=fresh)
        assert demo.clock.now() == DEMO_START
        assert not (tmp_path / "smartload_buffer_model.json").exists()
        demo.close()


@pytest.mark.parametrize(
    "text",
    [
        '{"version": 1, "seed"',
        '{"version": 1, "seed": 1, "now": "2026-05-01T00:00:00+00:00", "home": {}}',
    ],
)
def test_a_damaged_home_begins_anew_and_is_kept_aside(tmp_path: Path, text: str) -> None:
    (tmp_path / "home.json").write_text(text)

    demo = Demo(tmp_path, seed=1, speed=360.0)
    demo.close()

    assert demo.clock.now() == DEMO_START
    assert len(list(tmp_path.glob("home.json.unreadable-*"))) == 1


def test_a_folder_that_cannot_be_written_stops_no_demo(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    demo = Demo(tmp_path / "file" / "demo", seed=1, speed=360.0)
    demo.save(DEMO_START)
    demo.close()

    assert demo.clock.now() == DEMO_START
