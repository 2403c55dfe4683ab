import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from config import STAND_ALONE_OPTIONS, Config, LoadedConfig, allowed_text, load_config
from domain.config_problem import ConfigProblem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def load_app(
    folder: Path, options: object, environ: Mapping[str, str] | None = None
) -> LoadedConfig:
    path = folder / "options.json"
    path.write_text(json.dumps(options), encoding="utf-8")
    return load_config(options_path=path, yaml_path=None, environ=environ or {})


def load_yaml(
    folder: Path, text: str | bytes, environ: Mapping[str, str] | None = None
) -> LoadedConfig:
    path = folder / "smartload.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_config(options_path=folder / "none.json", yaml_path=path, environ=environ or {})


def load_environ(folder: Path, environ: Mapping[str, str]) -> LoadedConfig:
    return load_config(options_path=folder / "none.json", yaml_path=None, environ=environ)


def test_nothing_configured_gives_the_defaults(folder: Path) -> None:
    loaded = load_environ(folder, {"PATH": "/bin", "HOME": "/root"})

    assert loaded.problems == ()
    assert loaded.config == Config()
    assert not loaded.is_app
    assert loaded.config.battery_min_soc == 30
    assert loaded.config.bind_address == "127.0.0.1"
    assert loaded.config.port == 8099


def test_an_options_file_means_app_and_is_served_beyond_loopback(folder: Path) -> None:
    loaded = load_app(folder, {"battery_min_soc": 35, "evcc_url": "", "language": "de"})

    assert loaded.is_app
    assert loaded.problems == ()
    assert (loaded.config.battery_min_soc, loaded.config.language) == (35, "de")
    assert (loaded.config.bind_address, loaded.config.data_dir) == ("0.0.0.0", "/data")  # noqa: S104 ingress comes from another container


def test_an_app_does_not_read_a_yaml_file(folder: Path) -> None:
    options = folder / "options.json"
    options.write_text("{}", encoding="utf-8")

    loaded = load_config(options_path=options, yaml_path=folder / "absent.yaml", environ={})

    assert loaded.problems == ()


def test_variables_win_over_the_file(folder: Path) -> None:
    loaded = load_yaml(
        folder,
        "battery_min_soc: 25\nport: 8100\n",
        {"SMARTLOAD_BATTERY_MIN_SOC": "45", "SMARTLOAD_DEMO_SPEED": "60"},
    )

    assert loaded.problems == ()
    assert loaded.config.battery_min_soc == 45
    assert loaded.config.port == 8100
    assert loaded.config.demo_speed == 60.0


def test_a_wrong_variable_leaves_the_files_value(folder: Path) -> None:
    loaded = load_yaml(folder, "battery_min_soc: 25\n", {"SMARTLOAD_BATTERY_MIN_SOC": "lots"})

    assert loaded.config.battery_min_soc == 25
    assert [problem.option for problem in loaded.problems] == ["SMARTLOAD_BATTERY_MIN_SOC"]


@pytest.mark.parametrize("given", ["10", "91", "30.5", "30 %", "much", "nan", "1e400", "9" * 5000])
def test_a_value_out_of_range_is_named_and_the_default_is_used(folder: Path, given: str) -> None:
    loaded = load_environ(folder, {"SMARTLOAD_BATTERY_MIN_SOC": given})

    (problem,) = loaded.problems
    assert loaded.config.battery_min_soc == 30
    assert problem.option == "SMARTLOAD_BATTERY_MIN_SOC"
    assert problem.given[:4] == given[:4]
    assert problem.allowed == "20 to 90 %"


def test_one_mistake_does_not_cost_the_other_options(folder: Path) -> None:
    loaded = load_app(
        folder, {"battery_min_soc": 5, "language": "en", "evcc_url": "http://evcc:7070/"}
    )

    assert loaded.problems == (
        ConfigProblem(option="battery_min_soc", given="5", allowed="20 to 90 %"),
    )
    assert loaded.config.language == "en"
    assert loaded.config.evcc_url == "http://evcc:7070"


@pytest.mark.parametrize(
    ("option", "value"),
    [("battery_min_soc", True), ("port", True), ("demo_speed", True), ("password", 12345678)],
)
def test_a_value_of_another_type_is_not_bent_into_shape(
    folder: Path, option: str, value: object
) -> None:
    loaded = load_app(folder, {option: value})

    assert [problem.option for problem in loaded.problems] == [option]


def test_an_unknown_option_is_refused_with_the_nearest_name(folder: Path) -> None:
    loaded = load_yaml(folder, "batery_min_soc: 40\n")

    (problem,) = loaded.problems
    assert problem.option == "batery_min_soc"
    assert problem.nearest == "battery_min_soc"
    assert "battery_min_soc" in problem.allowed
    assert loaded.config.battery_min_soc == 30


def test_an_unknown_variable_is_refused_with_the_nearest_name(folder: Path) -> None:
    loaded = load_environ(folder, {"SMARTLOAD_EVC_URL": "http://evcc:7070"})

    (problem,) = loaded.problems
    assert problem.option == "SMARTLOAD_EVC_URL"
    assert problem.nearest == "SMARTLOAD_EVCC_URL"


def test_a_name_like_none_has_no_nearest(folder: Path) -> None:
    (problem,) = load_yaml(folder, "xyzzy: 1\n").problems

    assert problem.nearest is None


@pytest.mark.parametrize(
    ("option", "given", "nearest", "allowed"),
    [
        ("log_level", "warn", "warning", "debug, info, warning or error"),
        ("language", "deu", "de", "auto, de or en"),
        ("owner_hold", "midnigth", "midnight", "auto, midnight or resume"),
        ("time_zone", "europe/berln", "Europe/Berlin", "name of a time zone such as Europe/Berlin"),
    ],
)
def test_a_wrong_word_is_reported_with_the_nearest_one(
    folder: Path, option: str, given: str, nearest: str, allowed: str
) -> None:
    (problem,) = load_app(folder, {option: given}).problems

    assert problem == ConfigProblem(option=option, given=given, allowed=allowed, nearest=nearest)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("auto", "auto"),
        ("None", "none"),
        ("DE", "DE"),
        (" de-by ", "DE-BY"),
        ("AT-9", "AT-9"),
        ("de-Bayern", "DE-BY"),
        ("CH-ZH", "CH-ZH"),
    ],
)
def test_holidays_of_a_country_or_region_are_taken(folder: Path, given: str, used: str) -> None:
    loaded = load_app(folder, {"holidays": given})

    assert loaded.problems == ()
    assert loaded.config.holidays == used


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ("DE-BAY", "DE-BY"),
        ("DE-Bayer", "DE-BY"),
        ("DE-", "DE"),
        ("AT-99", "AT-9"),
        ("Germany", "DE"),
        ("autos", "auto"),
        ("XX", None),
    ],
)
def test_an_unknown_region_is_reported_with_the_nearest_one(
    folder: Path, given: str, nearest: str | None
) -> None:
    (problem,) = load_app(folder, {"holidays": given}).problems

    assert problem.nearest == nearest
    assert "DE-BY" in problem.allowed


def test_no_holidays_are_loaded_where_none_are_named(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from config import load_config; "
        f"load_config(options_path=Path({str(folder / 'none.json')!r}), yaml_path=None, "
        "environ={'SMARTLOAD_HOLIDAYS': 'auto'}); print('holidays' in sys.modules)"
    )

    run = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2] / "evcc-smartload/rootfs/app",
        env={"PYTHONPATH": ".", "PATH": ""},
    )

    assert run.stdout == "False\n"


def test_a_flag_is_true_or_false(folder: Path) -> None:
    on = load_environ(folder, {"SMARTLOAD_HOME_ASSISTANT_HISTORY": "true"})
    wrong = load_app(folder, {"home_assistant_history": "perhaps"})

    assert on.config.home_assistant_history
    assert [problem.allowed for problem in wrong.problems] == ["true or false"]
    assert not wrong.config.home_assistant_history


def test_words_are_taken_in_any_case(folder: Path) -> None:
    loaded = load_app(folder, {"log_level": "INFO", "language": "De"})

    assert loaded.problems == ()
    assert (loaded.config.log_level, loaded.config.language) == ("info", "de")


def test_options_left_empty_count_as_not_given(folder: Path) -> None:
    loaded = load_yaml(
        folder,
        "battery_min_soc:\npassword: ''\ntime_zone: ~\n",
        {"SMARTLOAD_PORT": "", "SMARTLOAD_EVCC_URL": " "},
    )

    assert loaded.problems == ()
    assert loaded.config == Config()


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("http://evcc:7070", "http://evcc:7070"),
        (" https://evcc.example/ ", "https://evcc.example"),
        ("http://[fd00::1]:7070/", "http://[fd00::1]:7070"),
        ("http://home/evcc/", "http://home/evcc"),
        ("HTTP://evcc:7070", "http://evcc:7070"),
    ],
)
def test_an_address_of_evcc_loses_its_trailing_slash(folder: Path, given: str, used: str) -> None:
    loaded = load_app(folder, {"evcc_url": given})

    assert loaded.problems == ()
    assert loaded.config.evcc_url == used


@pytest.mark.parametrize(
    "given",
    [
        "evcc:7070",
        "192.168.1.5",
        "ftp://evcc",
        "http://",
        "http://evcc:99999",
        "http://evcc:0",
        "http://evcc?x=1",
        "http://evcc/#/config",
        "http://ev cc",
        "http://[::1",
    ],
)
def test_what_is_no_address_of_evcc_is_refused(folder: Path, given: str) -> None:
    loaded = load_app(folder, {"evcc_url": given})

    assert [problem.given for problem in loaded.problems] == [given]
    assert loaded.config.evcc_url == ""


@pytest.mark.parametrize("option", ["influx_password", "home_assistant_token"])
def test_other_secrets_are_shown_nowhere_either(folder: Path, option: str) -> None:
    good = load_app(folder, {option: "correct horse"})
    wrong = load_app(folder, {option: ["s3cret"]})
    too_long = load_app(folder, {option: "s3cret" * 500})

    assert getattr(good.config, option).get_secret_value() == "correct horse"
    assert "correct horse" not in repr(good) + str(good.config)
    for loaded in (wrong, too_long):
        assert [problem.option for problem in loaded.problems] == [option]
        assert "s3cret" not in repr(loaded)


@pytest.mark.parametrize("option", ["influx_url", "home_assistant_url"])
def test_a_password_in_another_address_is_refused_and_not_shown(folder: Path, option: str) -> None:
    loaded = load_app(folder, {option: "http://me:s3cret@home:8086"})

    assert [problem.option for problem in loaded.problems] == [option]
    assert "s3cret" not in repr(loaded)


def test_a_password_is_shown_nowhere(folder: Path) -> None:
    good = load_app(folder, {"password": "correct horse"})
    short = load_app(folder, {"password": "s3cret"})
    mistyped = load_app(folder, {"pasword": "s3cret"}, {"SMARTLOAD_PASSWRD": "s3cret"})
    in_address = load_app(folder, {"evcc_url": "http://me:s3cret@evcc:7070"})
    in_broken_file = load_yaml(folder, "password: 's3cret\n")

    assert good.config.password is not None
    assert good.config.password.get_secret_value() == "correct horse"
    assert "correct horse" not in repr(good) + str(good.config)
    for loaded in (short, mistyped, in_address, in_broken_file):
        assert loaded.problems
        assert "s3cret" not in repr(loaded)
    assert short.problems[0].allowed == "8 to 128 characters"


@pytest.mark.parametrize(
    "content",
    [
        b"battery_min_soc: [1, 2\n",
        b"\x80\x02\xff\x00binary",
        b"- just\n- a list\n",
        b"only words",
        b"17",
        b"battery_min_soc: !!python/object:os.system {}\n",
        b"battery_min_soc: !!timestamp never\n",
        b"battery_min_soc: !!bool maybe\n",
        b"battery_min_soc: !!int ''\n",
        b"[" * 20_000,
        b"# " + b"long" * 300_000,
    ],
)
def test_a_yaml_file_that_is_none_is_one_problem(folder: Path, content: bytes) -> None:
    loaded = load_yaml(folder, content)

    (problem,) = loaded.problems
    assert problem.option.endswith("smartload.yaml")
    assert loaded.config == Config()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null1", b"\xff\xfe", b"[" * 100_000])
def test_an_options_file_that_is_none_is_one_problem_and_still_an_app(
    folder: Path, content: bytes
) -> None:
    path = folder / "options.json"
    path.write_bytes(content)

    loaded = load_config(options_path=path, yaml_path=None, environ={})

    (problem,) = loaded.problems
    assert problem.option.endswith("options.json")
    assert loaded.is_app
    assert loaded.config.data_dir == "/data"


def test_a_broken_file_is_reported_with_its_line(folder: Path) -> None:
    (problem,) = load_yaml(folder, "port: 8099\nlanguage: 'de\n").problems

    assert problem.given == "not YAML, line 3, column 1"


def test_a_file_that_is_not_there_is_a_problem(folder: Path) -> None:
    loaded = load_config(
        options_path=folder / "none.json", yaml_path=folder / "none.yaml", environ={}
    )

    assert [problem.given for problem in loaded.problems] == [
        "cannot be read: No such file or directory"
    ]


def test_a_folder_in_place_of_the_file_is_a_problem(folder: Path) -> None:
    loaded = load_config(options_path=folder, yaml_path=None, environ={})

    assert len(loaded.problems) == 1


def test_an_empty_yaml_file_asks_for_nothing(folder: Path) -> None:
    assert load_yaml(folder, "# nothing yet\n").problems == ()


def test_what_was_given_is_short_and_printable(folder: Path) -> None:
    loaded = load_app(
        folder, {"language": "a\x1b[31m\ud800" * 100, "port": {"deep": []}, "demo_seed": [1]}
    )

    shown = [problem.given for problem in loaded.problems]
    assert all(len(text) <= 80 and text.isprintable() for text in shown)
    assert shown[1:] == ["(a mapping)", "(a list)"]


@pytest.mark.parametrize(
    ("option", "value"),
    [("bind_address", "all"), ("bind_address", "256.1.1.1"), ("data_dir", "a\0b")],
)
def test_stand_alone_options_are_checked_too(folder: Path, option: str, value: str) -> None:
    loaded = load_app(folder, {option: value})

    assert [problem.option for problem in loaded.problems] == [option]


def test_a_config_cannot_change_or_grow() -> None:
    with pytest.raises(ValidationError):
        Config().port = 1
    with pytest.raises(ValidationError):
        Config.model_validate({"colour": "blue"})


@pytest.mark.parametrize("option", Config.model_fields)
def test_every_option_says_what_it_is_and_what_is_allowed(option: str) -> None:
    assert allowed_text(option)
    assert Config.model_fields[option].description


def test_every_stand_alone_option_exists() -> None:
    assert set(Config.model_fields) > STAND_ALONE_OPTIONS


def test_what_a_plan_may_do_has_careful_defaults(folder: Path) -> None:
    config = load_environ(folder, {}).config

    assert (config.battery_charge_kw, config.battery_discharge_kw) == (None, None)
    assert (config.battery_efficiency_pct, config.grid_import_limit_kw) == (None, None)
    assert config.battery_wear_ct_per_kwh == 2.0
    assert config.grid_charging
    assert not config.battery_to_car
    assert config.plan_hours == 48


def test_the_buffer_follows_the_formula_unless_the_owner_chooses(folder: Path) -> None:
    config = load_environ(folder, {}).config

    assert config.buffer_strategy == "formula"
    assert config.buffer_confidence_pct == 90
    assert config.outage_reserve_kwh == 0.0


def test_what_acting_goes_by_has_careful_defaults(folder: Path) -> None:
    config = load_environ(folder, {}).config

    assert config.main_fuse_a == 35
    assert config.owner_hold == "auto"


def test_the_fuse_and_the_owners_hold_are_taken_as_written(folder: Path) -> None:
    loaded = load_app(folder, {"main_fuse_a": 63, "owner_hold": "Resume"})

    assert loaded.problems == ()
    assert (loaded.config.main_fuse_a, loaded.config.owner_hold) == (63, "resume")


@pytest.mark.parametrize("given", [15, 251, True, 35.5, "3x35"])
def test_a_fuse_that_no_home_has_leaves_the_default(folder: Path, given: object) -> None:
    loaded = load_app(folder, {"main_fuse_a": given})

    assert loaded.config.main_fuse_a == 35
    assert [problem.allowed for problem in loaded.problems] == ["16 to 250 A"]


@pytest.mark.parametrize(
    ("option", "given", "allowed"),
    [
        ("battery_charge_kw", "0.4", "0.5 to 100 kW"),
        ("battery_efficiency_pct", "0.9", "60 to 100 %"),
        ("battery_wear_ct_per_kwh", "inf", "0 to 50 ct"),
        ("grid_import_limit_kw", "nan", "1 to 200 kW"),
        ("plan_hours", "96", "24 to 72 h"),
        ("grid_charging", "maybe", "true or false"),
        ("buffer_strategy", "hope", "formula or risk"),
        ("buffer_confidence_pct", "100", "50 to 99 %"),
        ("outage_reserve_kwh", "-1", "0 to 100 kWh"),
    ],
)
def test_an_option_of_the_plan_out_of_range_is_refused(
    folder: Path, option: str, given: str, allowed: str
) -> None:
    loaded = load_environ(folder, {f"SMARTLOAD_{option.upper()}": given})

    (problem,) = loaded.problems
    assert problem.allowed == allowed
    assert getattr(loaded.config, option) == Config.model_fields[option].default
