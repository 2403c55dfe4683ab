"""The specified core loads where nothing is installed, and holds the names others rely on."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import state_store
from state_store import StateStore
from tests.support.app_imports import app_modules, own_subjects

APP = Path(__file__).parents[2] / "evcc-smartload" / "rootfs" / "app"
BUFFER_NAMES = (
    "BufferEvent, DynamicBufferCalc, HARD_FLOOR_PCT, PRACTICAL_MIN_PCT, "
    "CONFIDENCE_REDUCTION_THRESHOLD, OBSERVATION_PERIOD_SECONDS, MAX_LOG_ENTRIES, "
    "BUFFER_MODEL_PATH, BUFFER_MODEL_VERSION"
)


def run_bare(code: str) -> str:
    """Run ``code`` in an interpreter that knows only itself and the app's folder."""
    start = f"import sys; sys.path.insert(0, {str(APP)!r})\n"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-W", "error", "-c", start + code],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_bare_interpreter_of_these_tests_has_no_packages() -> None:
    found = run_bare("import importlib.util as u; print(u.find_spec('pydantic'))")

    assert found == "None\n"


def test_the_buffers_names_load_on_a_bare_python() -> None:
    run_bare(f"from dynamic_buffer import {BUFFER_NAMES}")


def test_the_stores_names_load_on_a_bare_python() -> None:
    run_bare("from state_store import StateStore, _snapshot_to_json_dict; StateStore().update()")


def test_the_buffer_works_on_a_bare_python(tmp_path: Path) -> None:
    out = run_bare(
        "import json, types\n"
        "from dynamic_buffer import DynamicBufferCalc\n"
        "cfg = types.SimpleNamespace(battery_min_soc=30)\n"
        "evcc = types.SimpleNamespace(set_buffer_soc=print)\n"
        f"calc = DynamicBufferCalc(cfg, evcc, path={str(tmp_path / 'm.json')!r})\n"
        "calc.activate_live()\n"
        "json.dumps(calc.step(1.0, 0.0, []), allow_nan=False)\n"
    )

    assert out == "20\n"


def test_the_buffer_and_what_it_imports_need_the_standard_library_only() -> None:
    modules = {module.name: module for module in app_modules()}
    pending, seen = ["dynamic_buffer"], set()
    while pending:
        name = pending.pop()
        seen.add(name)
        for imported in modules[name].imports:
            top = imported.partition(".")[0]
            assert top in sys.stdlib_module_names | own_subjects(), f"{name} imports {imported}"
            known = [own for own in (imported, imported.rpartition(".")[0]) if own in modules]
            pending += [own for own in known[:1] if own not in seen]

    assert {"dynamic_buffer", "clock", "persistence", "domain.control"} <= seen


def test_the_buffers_module_is_of_the_specified_size() -> None:
    assert len((APP / "dynamic_buffer.py").read_text(encoding="utf-8").splitlines()) >= 250


def test_update_takes_the_buffer_result_last_and_may_do_without() -> None:
    parameters = list(inspect.signature(StateStore.update).parameters.values())

    assert parameters[-1].name == "buffer_result"
    assert parameters[-1].default is None


def test_the_json_form_has_the_buffer_after_the_plan_summary() -> None:
    source = inspect.getsource(state_store._snapshot_to_json_dict)

    assert source.index('"plan_summary"') < source.index('"buffer": snap.get("buffer_result")')


def test_update_assigns_the_buffer_result_under_the_lock() -> None:
    source = inspect.getsource(StateStore.update)
    function = ast.parse("class S:\n" + source).body[0].body[0]  # type: ignore[attr-defined]  # as written above
    locked = next(node for node in function.body if isinstance(node, ast.With))

    assert "self._buffer_result = buffer_result" in ast.unparse(locked)


def test_main_steps_the_buffer_and_publishes_its_result() -> None:
    source = (APP / "main.py").read_text(encoding="utf-8")

    assert "buffer_calc.step(" in source
    assert "buffer_result=buffer_result" in source
    assert "from dynamic_buffer import DynamicBufferCalc" in source
