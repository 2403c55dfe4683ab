"""What of the buffer survives restarts, bad files, bad folders and several threads."""

import json
import logging
import os
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

import dynamic_buffer
import persistence
from dynamic_buffer import DynamicBufferCalc
from tests.support.buffer_fakes import DAY, T0, Bench, FakeEvcc, events, last_event

SLOT = timedelta(minutes=15)
# Long enough for any machine; a test that is right never waits for it.
PATIENCE_S = 60.0

GOOD_STATE: dict[str, object] = {
    "version": 1,
    "deployment_ts": "2026-03-01T12:00:00+00:00",
    "live_override": None,
    "observation_extended_until": None,
    "current_buffer_pct": 25,
    "log": [{"ts": "2026-03-01T12:00:00+00:00", "reason": "früher"}],
}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def join(*threads: threading.Thread) -> None:
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def saved(bench: Bench) -> dict[str, object]:
    state = json.loads(bench.path.read_text(encoding="utf-8"))
    assert isinstance(state, dict)
    return state


# What is written


def test_every_cycle_is_saved_with_the_specified_keys(bench: Bench) -> None:
    calc = bench.start()

    for k in range(3):
        result = calc.step(0.9, 0.0, [], T0 + k * SLOT)

        state = saved(bench)
        assert state.keys() == GOOD_STATE.keys()
        assert state["version"] == 1
        assert state["deployment_ts"] == T0.isoformat()
        assert state["live_override"] is None
        assert state["observation_extended_until"] is None
        assert state["current_buffer_pct"] == 30
        assert state["log"] == events(result)


def test_the_owners_choices_are_saved_at_once(bench: Bench) -> None:
    calc = bench.start()

    calc.activate_live()
    assert saved(bench)["live_override"] is True
    calc.extend_observation(20)
    assert saved(bench)["live_override"] is False
    assert saved(bench)["observation_extended_until"] == (T0 + 20 * DAY).isoformat()


def test_everything_comes_back_after_a_restart(bench: Bench) -> None:
    bench.options.battery_min_soc = 50
    before = bench.start_live()
    before.step(1.0, 0.2, [1.0] * 96, T0)
    before.step(0.9, 0.2, [1.0] * 96, T0 + SLOT)

    after = bench.start()

    assert after._current_buffer_pct == before._current_buffer_pct == 25
    assert after.log() == before.log()
    assert after.result(T0 + SLOT) == before.result(T0 + SLOT)
    assert all(type(entry) is dict for entry in after._log)


def test_after_a_restart_the_result_shows_the_last_hundred_at_once(bench: Bench) -> None:
    calc = bench.start()
    for k in range(120):
        calc.step(0.5, 0.0, [], T0 + k * SLOT)

    shown = events(bench.start().result(T0 + 120 * SLOT))
    shown_after_step = events(bench.start().step(0.5, 0.0, [], T0 + 120 * SLOT))

    assert [event["ts"] for event in shown] == [(T0 + k * SLOT).isoformat() for k in range(20, 120)]
    assert [event["ts"] for event in shown_after_step] == [
        (T0 + k * SLOT).isoformat() for k in range(21, 121)
    ]


def test_a_longer_log_on_disk_is_cut_to_its_newest_seven_hundred(bench: Bench) -> None:
    log = [{"ts": f"entry {k}"} for k in range(900)]
    bench.path.write_text(json.dumps({**GOOD_STATE, "log": log}), encoding="utf-8")

    calc = bench.start()
    calc.step(0.5, 0.0, [], T0)

    assert calc.log()[0] == {"ts": "entry 201"}
    written = saved(bench)["log"]
    assert isinstance(written, list)
    assert len(written) == 700


def test_the_path_is_read_when_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text(json.dumps(GOOD_STATE), encoding="utf-8")
    bench = Bench(tmp_path)
    monkeypatch.setattr(dynamic_buffer, "BUFFER_MODEL_PATH", str(first))
    calc = DynamicBufferCalc(bench.options, bench.evcc, clock=bench.clock.now)
    assert calc._current_buffer_pct == 25

    monkeypatch.setattr(dynamic_buffer, "BUFFER_MODEL_PATH", str(second))
    calc.step(0.5, 0.0, [], T0)

    assert second.exists()
    assert json.loads(first.read_text(encoding="utf-8")) == GOOD_STATE


# Files that cannot be trusted


BAD_FILES = {
    "empty": b"",
    "truncated": json.dumps(GOOD_STATE).encode()[:-20],
    "no text": b"\xff\xfe\x00\x80",
    "no json": b"buffer: 30",
    "a list": b"[]",
    "nothing": b"null",
    "nested without end": b"[" * 100_000,
    "without a version": b"{}",
    "newer version": json.dumps({**GOOD_STATE, "version": 2}).encode(),
    "version as text": json.dumps({**GOOD_STATE, "version": "1"}).encode(),
    "override as text": json.dumps({**GOOD_STATE, "live_override": "true"}).encode(),
    "override as number": json.dumps({**GOOD_STATE, "live_override": 1}).encode(),
    "deployment as number": json.dumps({**GOOD_STATE, "deployment_ts": 1.0}).encode(),
    "deployment as word": json.dumps({**GOOD_STATE, "deployment_ts": "today"}).encode(),
    "deadline as word": json.dumps({**GOOD_STATE, "observation_extended_until": "soon"}).encode(),
    "buffer as text": json.dumps({**GOOD_STATE, "current_buffer_pct": "25"}).encode(),
    "buffer as truth": json.dumps({**GOOD_STATE, "current_buffer_pct": True}).encode(),
    "buffer is NaN": json.dumps({**GOOD_STATE, "current_buffer_pct": float("nan")}).encode(),
    "buffer overflows": json.dumps(GOOD_STATE).replace("25", "1e999").encode(),
    "buffer has 400 digits": json.dumps(GOOD_STATE).replace("25", "9" * 400).encode(),
    "log is an object": json.dumps({**GOOD_STATE, "log": {}}).encode(),
    "log of words": json.dumps({**GOOD_STATE, "log": ["x"]}).encode(),
    "infinity in the log": json.dumps({**GOOD_STATE, "log": [{"x": 0}]})
    .replace('"x": 0', '"x": 1e999')
    .encode(),
    "half a character in the log": json.dumps({**GOOD_STATE, "log": [{"r": "\ud800"}]}).encode(),
}


@pytest.mark.parametrize("content", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_file_that_cannot_be_trusted_is_kept_aside_reported_and_observation_starts_over(
    bench: Bench, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    bench.path.write_bytes(content)

    calc = bench.start()
    result = calc.step(1.0, 0.0, [], T0 + 400 * DAY)

    aside = [path for path in bench.folder.iterdir() if path != bench.path]
    assert [path.read_bytes() for path in aside] == [content]
    assert result["mode"] == "observation"
    assert result["days_remaining"] == 14
    assert result["current_buffer_pct"] == 30
    assert len(events(result)) == 1
    assert bench.evcc.told == []
    assert calc.state_file.load_problem is not None
    assert aside[0].name in calc.state_file.load_problem
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert saved(bench)["version"] == 1


def test_a_missing_file_is_a_first_start_and_no_problem(bench: Bench) -> None:
    assert bench.start().state_file.load_problem is None


def test_a_good_file_is_no_problem(bench: Bench) -> None:
    bench.path.write_text(json.dumps(GOOD_STATE), encoding="utf-8")

    calc = bench.start()

    assert calc.state_file.load_problem is None
    assert calc._deployment_ts == T0 - DAY
    assert list(bench.folder.iterdir()) == [bench.path]


def test_naive_instants_in_the_file_count_as_utc(bench: Bench) -> None:
    state = {**GOOD_STATE, "deployment_ts": "2026-03-01T12:00:00"}
    bench.path.write_text(json.dumps(state), encoding="utf-8")

    assert bench.start()._deployment_ts == T0 - DAY


# Folders that cannot be written


def missing_folder(folder: Path) -> None:
    folder.rmdir()


def file_in_place_of_the_folder(folder: Path) -> None:
    folder.rmdir()
    folder.write_text("no folder", encoding="utf-8")


@pytest.mark.parametrize("spoil", [missing_folder, file_in_place_of_the_folder])
def test_a_folder_that_cannot_be_written_is_reported_once_and_stops_nothing(
    tmp_path: Path, spoil: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(tmp_path / "data")
    bench.folder.mkdir()
    spoil(bench.folder)

    calc = bench.start_live()
    for k in range(3):
        result = calc.step(1.0, 0.0, [], T0 + k * SLOT)

    assert result["current_buffer_pct"] == 20
    assert len(events(result)) == 3
    assert len(caplog.records) == 1
    assert calc.state_file.save_problem is not None
    assert str(bench.path) in calc.state_file.save_problem


def test_once_the_folder_works_again_everything_is_saved(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    bench = Bench(tmp_path / "data")
    calc = bench.start()
    calc.step(0.5, 0.0, [], T0)
    bench.folder.mkdir()

    calc.step(0.5, 0.0, [], T0 + SLOT)
    calc.step(0.5, 0.0, [], T0 + 2 * SLOT)

    assert calc.state_file.save_problem is None
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.INFO]
    assert len(bench.start().log()) == 3


def test_a_failed_write_leaves_the_old_file_whole(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    calc = bench.start()
    calc.step(0.5, 0.0, [], T0)
    before = bench.path.read_bytes()

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    calc.step(0.5, 0.0, [], T0 + SLOT)

    assert bench.path.read_bytes() == before
    assert calc.state_file.save_problem is not None
    assert "No space left on device" in calc.state_file.save_problem


def test_the_text_is_on_disk_under_another_name_before_it_takes_the_files_place(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def seen_fsync(descriptor: int) -> None:
        steps.append("flush")
        fsync(descriptor)

    def seen_replace(self: Path, target: Path) -> Path:
        json.loads(self.read_text(encoding="utf-8"))
        steps.append(f"{self.name} -> {target.name}")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", seen_fsync)
    monkeypatch.setattr(Path, "replace", seen_replace)

    bench.start().step(0.5, 0.0, [], T0)

    assert steps[:2] == ["flush", "model.json.tmp -> model.json"]
    assert [path.name for path in bench.folder.iterdir()] == ["model.json"]


# Several threads


def test_nothing_is_written_while_the_lock_is_held(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    calc = bench.start_live()
    lock_was_free: list[bool] = []

    def take_the_lock_from_another_thread() -> None:
        def take() -> None:
            free = calc._lock.acquire(timeout=PATIENCE_S)
            lock_was_free.append(free)
            if free:
                calc._lock.release()

        join(in_thread(take))

    def replace_file(path: Path, text: str) -> None:
        take_the_lock_from_another_thread()

    def set_buffer_soc(evcc: FakeEvcc, target_pct: float) -> None:
        take_the_lock_from_another_thread()

    monkeypatch.setattr(persistence, "replace_file", replace_file)
    monkeypatch.setattr(FakeEvcc, "set_buffer_soc", set_buffer_soc)

    calc.step(1.0, 0.0, [], T0)
    calc.activate_live()
    calc.extend_observation()

    assert lock_was_free == [True] * 4


def test_the_page_reads_while_a_slow_disk_saves(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    calc = bench.start()
    saving, may_finish = threading.Event(), threading.Event()

    def slow_disk(path: Path, text: str) -> None:
        saving.set()
        assert may_finish.wait(PATIENCE_S)

    monkeypatch.setattr(persistence, "replace_file", slow_disk)
    stepping = in_thread(lambda: calc.step(0.5, 0.0, [], T0))
    assert saving.wait(PATIENCE_S)

    shown: list[dict[str, object]] = []
    reading = in_thread(lambda: shown.append(calc.result(T0)))
    join(reading)
    may_finish.set()
    join(stepping)

    assert len(events(shown[0])) == 1


def test_two_savers_take_turns_and_the_newer_state_stays(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    calc = bench.start()
    real_replace = persistence.replace_file
    inside: list[str] = []
    overlaps: list[str] = []
    first_is_writing, first_may_finish = threading.Event(), threading.Event()

    def watched_replace(path: Path, text: str) -> None:
        if inside:
            overlaps.append(text)
        inside.append(text)
        if not first_is_writing.is_set():
            first_is_writing.set()
            assert first_may_finish.wait(PATIENCE_S)
        real_replace(path, text)
        inside.remove(text)

    monkeypatch.setattr(persistence, "replace_file", watched_replace)
    stepping = in_thread(lambda: calc.step(0.5, 0.0, [], T0))
    assert first_is_writing.wait(PATIENCE_S)
    activating = in_thread(calc.activate_live)
    # Give the second one every chance to get in between, were it let in.
    activating.join(0.05)
    first_may_finish.set()
    join(stepping, activating)

    assert overlaps == []
    assert saved(bench)["live_override"] is True


def test_a_delayed_older_state_never_overwrites_a_newer_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    calc = bench.start()
    write = calc._save_unlocked
    delayed, newer_is_saved = threading.Event(), threading.Event()

    def late_for_the_first(number: int, text: str) -> None:
        if threading.current_thread() is stepping:
            delayed.set()
            assert newer_is_saved.wait(PATIENCE_S)
        write(number, text)

    monkeypatch.setattr(calc, "_save_unlocked", late_for_the_first)
    stepping = threading.Thread(target=lambda: calc.step(0.5, 0.0, [], T0), daemon=True)
    stepping.start()
    assert delayed.wait(PATIENCE_S)
    calc.activate_live()
    newer_is_saved.set()
    join(stepping)

    assert saved(bench)["live_override"] is True


def test_many_threads_leave_a_whole_and_newest_file(bench: Bench) -> None:
    calc = bench.start()
    together = threading.Barrier(6)

    def step_often(first: int) -> None:
        together.wait(PATIENCE_S)
        for k in range(15):
            calc.step(0.5, 0.0, [], T0 + (first + k) * SLOT)

    def choose_often() -> None:
        together.wait(PATIENCE_S)
        for days in range(1, 16):
            calc.activate_live()
            calc.extend_observation(days)

    def read_often() -> None:
        together.wait(PATIENCE_S)
        for _ in range(60):
            json.dumps(calc.result(T0), allow_nan=False)
            calc.log()

    join(
        *[in_thread(lambda n=n: step_often(n * 100)) for n in range(3)],  # type: ignore[misc]  # each its own n
        in_thread(choose_often),
        *[in_thread(read_often) for _ in range(2)],
    )

    state = saved(bench)
    assert state["log"] == calc.log()
    assert len(calc.log()) == 45
    assert state["live_override"] is False
    assert state["observation_extended_until"] == (T0 + 15 * DAY).isoformat()


def test_a_choice_made_while_a_cycle_runs_is_not_lost(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    calc = bench.start()
    decide = calc._compute_target
    deciding, may_go_on = threading.Event(), threading.Event()

    def slow_decision(*arguments: object) -> int:
        deciding.set()
        assert may_go_on.wait(PATIENCE_S)
        return decide(*arguments)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(calc, "_compute_target", slow_decision)
    results: list[dict[str, object]] = []
    stepping = in_thread(lambda: results.append(calc.step(1.0, 0.0, [], T0)))
    assert deciding.wait(PATIENCE_S)
    calc.activate_live()
    may_go_on.set()
    join(stepping)

    assert saved(bench)["live_override"] is True
    assert last_event(results[0])["mode"] == "live"
