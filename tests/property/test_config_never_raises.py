import json
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from hypothesis import given
from hypothesis import strategies as st

from config import VARIABLE_PREFIX, Config, LoadedConfig, load_config

OPTIONS = st.sampled_from(sorted(Config.model_fields))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=100)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
)


def load(*, json_bytes: bytes | None = None, yaml_bytes: bytes | None = None) -> LoadedConfig:
    with TemporaryDirectory() as folder:
        options_path, yaml_path = Path(folder) / "options.json", Path(folder) / "smartload.yaml"
        if json_bytes is not None:
            options_path.write_bytes(json_bytes)
        if yaml_bytes is not None:
            yaml_path.write_bytes(yaml_bytes)
        return load_config(
            options_path=options_path,
            yaml_path=yaml_path if yaml_bytes is not None else None,
            environ={},
        )


def assert_usable(loaded: LoadedConfig) -> None:
    assert 20 <= loaded.config.battery_min_soc <= 90
    assert 16 <= loaded.config.main_fuse_a <= 250
    assert loaded.config.owner_hold in {"auto", "midnight", "resume"}
    assert 1 <= loaded.config.demo_speed <= 3600
    for problem in loaded.problems:
        for text in (problem.option, problem.given, problem.allowed):
            assert text.encode("utf-8").decode().isprintable()


@given(st.dictionaries(OPTIONS | st.text(), VALUES))
def test_any_options_file_is_survived(options: dict[str, object]) -> None:
    assert_usable(load(json_bytes=json.dumps(options).encode()))


@given(st.dictionaries(OPTIONS | SCALARS, VALUES, max_size=5))
def test_any_yaml_mapping_is_survived(options: dict[object, object]) -> None:
    assert_usable(load(yaml_bytes=yaml.safe_dump(options).encode("utf-8", "replace")))


@given(
    st.binary(max_size=200)
    | st.text(alphabet="{}[]:-!&*#|>'\"\n \tab1", max_size=60).map(str.encode)
)
def test_any_bytes_are_survived(content: bytes) -> None:
    assert_usable(load(json_bytes=content))
    assert_usable(load(yaml_bytes=content))


@given(st.dictionaries(OPTIONS.map(str.upper) | st.text(), st.text()))
def test_any_variables_are_survived(variables: dict[str, str]) -> None:
    environ = {VARIABLE_PREFIX + name: text for name, text in variables.items()}

    assert_usable(load_config(options_path=Path("none"), yaml_path=None, environ=environ))


@given(st.integers(20, 90), st.integers(1, 65535), st.sampled_from(["auto", "de", "en"]))
def test_what_is_right_is_taken_as_written(min_soc_pct: int, port: int, language: str) -> None:
    written = {"battery_min_soc": min_soc_pct, "port": port, "language": language}

    loaded = load(yaml_bytes=yaml.safe_dump(written).encode())

    assert loaded.problems == ()
    assert loaded.config.model_dump(include=set(written)) == written
