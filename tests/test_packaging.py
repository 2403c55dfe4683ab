"""The app (add-on) as the Supervisor and its linter will read it."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import yaml
from PIL import Image

from config import DEFAULT_PORT, STAND_ALONE_OPTIONS, Config, allowed_text
from version import VERSION

REPOSITORY = Path(__file__).parents[1]
APP = REPOSITORY / "evcc-smartload"
SERVICES = APP / "rootfs" / "etc" / "s6-overlay" / "s6-rc.d"
SCHEMAS = REPOSITORY / "tools" / "schemas"
LANGUAGES = ("de", "en")
BOUNDED = ("int", "float", "password")

CONFIG: dict[str, Any] = yaml.safe_load((APP / "config.yaml").read_text("utf-8"))
TRANSLATIONS: dict[str, dict[str, Any]] = {
    language: yaml.safe_load((APP / "translations" / f"{language}.yaml").read_text("utf-8"))
    for language in LANGUAGES
}
DOCKERFILE = (APP / "Dockerfile").read_text("utf-8")
DOCS = (APP / "DOCS.md").read_text("utf-8")
APP_OPTIONS = [option for option in Config.model_fields if option not in STAND_ALONE_OPTIONS]

# What the Supervisor assumes; its linter refuses a key that only repeats this.
SUPERVISOR_DEFAULTS = {
    "startup": "application",
    "boot": "auto",
    "stage": "stable",
    "init": True,
    "timeout": 10,
    "tmpfs": False,
    "ingress": False,
    "ingress_port": 8099,
    "ingress_entry": "/",
    "ingress_stream": False,
    "panel_icon": "mdi:puzzle",
    "panel_admin": True,
    "homeassistant_api": False,
    "hassio_api": False,
    "hassio_role": "default",
    "auth_api": False,
    "host_network": False,
    "apparmor": True,
    "backup": "hot",
}


def tracked_files() -> list[Path]:
    """The files of the repository as an owner's machine would get them."""
    if shutil.which("git") and (REPOSITORY / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=REPOSITORY, check=True, capture_output=True, text=True
        ).stdout
        return [REPOSITORY / name for name in listed.split("\0") if name]
    skipped = {"node_modules", "build", "data", "static"}
    found = []
    for folder, folders, names in os.walk(REPOSITORY):
        folders[:] = [name for name in folders if name not in skipped and not name.startswith(".")]
        found += [Path(folder, name) for name in names]
    return found


def words_of(schema_type: str) -> tuple[str, ...]:
    """The words of a ``list(a|b)``."""
    return tuple(schema_type.removesuffix("?").removeprefix("list(").removesuffix(")").split("|"))


def bounds_of(schema_type: str) -> tuple[str, str]:
    """The bounds of an ``int(a,b)``, ``float(a,b)`` or ``password(a,b)``, as written."""
    found = re.fullmatch(r"\w+\((-?[\d.]+),(-?[\d.]+)\)\??", schema_type)
    assert found, schema_type
    return found[1], found[2]


def written(default: object) -> str:
    """A default as owners read it."""
    if isinstance(default, bool):
        return "On" if default else "Off"
    return f"{default:g}" if isinstance(default, float) else str(default)


def docs_section(option: str) -> str:
    """What DOCS.md says about an option."""
    found = re.search(rf"^### `{option}`\n(.*?)(?=^#)", DOCS, flags=re.MULTILINE | re.DOTALL)
    assert found, option
    return found[1]


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("app-config.schema.json", ["config.yaml"]),
        ("translation.schema.json", ["translations/de.yaml", "translations/en.yaml"]),
    ],
)
def test_the_files_the_supervisor_reads_have_known_keys_only(schema: str, files: list[str]) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--schemafile", SCHEMAS / schema, *files],
        cwd=APP,
        check=False,
        capture_output=True,
        text=True,
    )

    assert checked.returncode == 0, checked.stdout


def test_no_key_repeats_the_supervisors_default() -> None:
    repeated = {key for key, default in SUPERVISOR_DEFAULTS.items() if CONFIG.get(key) == default}

    assert not repeated


def test_every_default_is_valid_under_its_type_and_optional_ones_have_none() -> None:
    for option, schema_type in CONFIG["schema"].items():
        default = CONFIG["options"].get(option)
        assert (default is None) == schema_type.endswith("?"), option
        if schema_type.startswith(("int", "float")) and default is not None:
            low, high = bounds_of(schema_type)
            assert float(low) <= default <= float(high)
        elif schema_type.startswith("list"):
            assert default in words_of(schema_type)
        elif schema_type.startswith("match"):
            pattern = schema_type.removeprefix("match(").removesuffix(")")
            assert re.match(pattern, default)
    assert CONFIG["options"].keys() <= CONFIG["schema"].keys()


def test_the_form_has_the_options_of_the_code_with_the_same_meaning() -> None:
    assert set(CONFIG["schema"]) == set(APP_OPTIONS)
    for option, schema_type in CONFIG["schema"].items():
        field = Config.model_fields[option]
        assert CONFIG["options"].get(option) == field.default, option
        if get_origin(field.annotation) is Literal:
            assert words_of(schema_type) == get_args(field.annotation)
        elif schema_type.startswith(BOUNDED):
            low, high = bounds_of(schema_type)
            assert allowed_text(option).startswith(f"{low} to {high} "), option


@pytest.mark.parametrize(
    ("address", "accepted"),
    [
        ("", True),
        ("http://192.168.178.20:7070", True),
        (" https://evcc.example/ ", True),
        ("192.168.178.20:7070", False),
        ("evcc", False),
        ("http://a b", False),
    ],
)
def test_the_form_refuses_an_address_that_the_service_would_refuse(
    address: str, *, accepted: bool
) -> None:
    pattern = CONFIG["schema"]["evcc_url"].removeprefix("match(").removesuffix(")")

    assert bool(re.match(pattern, address)) is accepted


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_option_and_port_is_translated(language: str) -> None:
    translation = TRANSLATIONS[language]

    assert list(translation["configuration"]) == list(CONFIG["schema"])
    assert translation["network"].keys() == CONFIG["ports"].keys()


def test_the_translations_differ_and_agree_on_the_figures() -> None:
    german, english = (TRANSLATIONS[language]["configuration"] for language in LANGUAGES)
    for option in CONFIG["schema"]:
        assert german[option]["description"] != english[option]["description"]
        figures = [re.findall(r"\d+", text[option]["description"]) for text in (german, english)]
        assert figures[0] == figures[1], option


def test_the_english_port_text_is_the_fallback_text() -> None:
    assert TRANSLATIONS["en"]["network"] == CONFIG["ports_description"]


def test_every_option_is_documented_with_its_range_and_default() -> None:
    assert re.findall(r"^### `(\w+)`", DOCS, flags=re.MULTILINE) == list(CONFIG["schema"])
    for option, schema_type in CONFIG["schema"].items():
        section = docs_section(option)
        if schema_type.startswith(BOUNDED):
            assert allowed_text(option) in section
        if schema_type.startswith("list"):
            assert all(f"`{word}`" in section for word in words_of(schema_type))
        default = CONFIG["options"].get(option)
        if default:
            word = written(default)
            assert re.search(
                rf"default {word}\b|`{word}` \(default\b|{word} by default\b", section
            ), option


@pytest.mark.parametrize(
    "promise",
    [
        "First start",
        "What SmartLoad changes in evcc",
        "How to undo it",
        "Uninstalling",
        "Reporting",
    ],
)
def test_the_documentation_answers_what_owners_ask(promise: str) -> None:
    assert re.search(rf"^## {promise}", DOCS, flags=re.MULTILINE)


def test_one_version_everywhere() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    changelog = (APP / "CHANGELOG.md").read_text("utf-8")
    newest = re.search(r"^## (\S+)", changelog, flags=re.MULTILINE)

    assert newest
    assert {
        VERSION,
        CONFIG["version"],
        project["version"],
        newest[1],
        *re.findall(r"^ARG BUILD_VERSION=(\S+)", DOCKERFILE, flags=re.MULTILINE),
    } == {VERSION}


@pytest.mark.parametrize(
    ("name", "width", "height"), [("icon.png", 128, 128), ("logo.png", 250, 100)]
)
def test_the_pictures_have_the_size_the_store_wants(name: str, width: int, height: int) -> None:
    with Image.open(APP / name) as picture:
        assert picture.format == "PNG"
        assert picture.size == (width, height)


def test_no_other_file_looks_like_an_app() -> None:
    # The Supervisor takes every such file for an app, except below rootfs and hidden folders.
    found = [
        path.relative_to(REPOSITORY)
        for path in tracked_files()
        if path.name in {"config.yaml", "config.yml", "config.json"}
    ]

    assert found == [Path("evcc-smartload/config.yaml")]


def test_home_assistant_will_rate_its_security_8() -> None:
    takes = {
        key
        for key in (
            "host_network",
            "hassio_role",
            "full_access",
            "docker_api",
            "host_pid",
            "privileged",
        )
        if key in CONFIG
    }
    rating = 5 + 2 * CONFIG["ingress"] + (APP / "apparmor.txt").exists() - len(takes)

    assert rating == 8


def test_nothing_is_open_to_the_home_network_by_default() -> None:
    assert CONFIG["ports"] == {f"{DEFAULT_PORT}/tcp": None}
    assert "ingress_port" not in CONFIG  # 8099 is what the Supervisor assumes


def test_the_repository_names_itself_once() -> None:
    described = yaml.safe_load((REPOSITORY / "repository.yaml").read_text("utf-8"))

    assert described.keys() <= {"name", "url", "maintainer"}
    assert described["url"] == CONFIG["url"]


def test_the_apparmor_profile_can_be_renamed_and_is_enforced() -> None:
    profile = (APP / "apparmor.txt").read_text("utf-8")

    # The Supervisor puts the app's full slug into the one line that begins with "profile ".
    assert len(re.findall(r"^profile ", profile, flags=re.MULTILINE)) == 1
    assert f"profile {CONFIG['slug']} " in profile
    assert "complain" not in profile
    assert "/data/** rwk," in profile


@pytest.mark.skipif(shutil.which("apparmor_parser") is None, reason="apparmor_parser is missing")
def test_the_apparmor_profile_is_understood() -> None:
    parsed = subprocess.run(
        ["apparmor_parser", "-Q", "-K", "-S", APP / "apparmor.txt"],
        check=False,
        capture_output=True,
    )

    assert parsed.returncode == 0, parsed.stderr


def test_the_service_is_laid_out_for_s6() -> None:
    service = SERVICES / "smartload"

    assert (service / "type").read_text("utf-8") == "longrun\n"
    assert (service / "dependencies.d" / "base").read_bytes() == b""
    assert (SERVICES / "user" / "contents.d" / "smartload").read_bytes() == b""
    stop_ms = int((service / "timeout-down").read_text("utf-8"))
    assert 2_000 < stop_ms < 1000 * CONFIG["timeout"]


@pytest.mark.parametrize("name", ["run", "finish"])
def test_the_service_scripts_can_be_executed(name: str) -> None:
    script = SERVICES / "smartload" / name

    assert os.access(script, os.X_OK)
    assert b"\r" not in script.read_bytes()
    assert script.read_bytes().startswith(b"#!/")


def test_the_service_sees_its_environment_and_the_stop_signal() -> None:
    first, *_, last = (SERVICES / "smartload" / "run").read_text("utf-8").splitlines()

    assert first == "#!/command/with-contenv bash"  # else neither SUPERVISOR_TOKEN nor TZ
    assert last == "exec /opt/smartload/bin/python /app/main.py"


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [(("0", "0"), "0"), (("1", "0"), "1"), (("256", "9"), "137"), (("256", "15"), "143")],
)
def test_the_end_of_the_service_ends_the_container_with_its_exit_code(
    tmp_path: Path, arguments: tuple[str, str], exit_code: str
) -> None:
    (tmp_path / "s6-linux-init-container-results").mkdir()
    halt = tmp_path / "s6" / "basedir" / "bin" / "halt"
    halt.parent.mkdir(parents=True)
    halt.write_text(f"#!/bin/sh\ntouch {tmp_path}/halted\n", "utf-8")
    halt.chmod(0o755)
    script = (SERVICES / "smartload" / "finish").read_text("utf-8").replace("/run/", f"{tmp_path}/")

    subprocess.run(["bash", "-c", script, "finish", *arguments], check=True)

    assert (tmp_path / "s6-linux-init-container-results" / "exitcode").read_text() == exit_code
    assert (tmp_path / "halted").exists()


def test_the_image_stands_on_pinned_bases() -> None:
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, flags=re.MULTILINE)

    outside = {stage for stage in stages if "/" in stage or ":" in stage}
    assert "ghcr.io/home-assistant/base-debian:trixie" in outside
    assert all(":" in stage and not stage.endswith(":latest") for stage in outside)


def test_the_image_installs_what_the_lock_says_and_nothing_later() -> None:
    instructions = re.sub(r"\\\n\s*", "", DOCKERFILE)

    assert re.search(
        r"pip install .*--require-hashes .*--only-binary :all: .*requirements.txt", instructions
    )
    assert "npm ci" in instructions
    assert instructions.index("pip install") < instructions.index("COPY rootfs /")
    assert "compileall -q /app" in instructions
    started = (SERVICES / "smartload" / "run").read_text("utf-8")
    assert not re.search(r"pip|npm|curl|wget|apt", started)


@pytest.mark.parametrize(
    "setting",
    ["--interval=60s", "--timeout=10s", "--start-period=120s", "--retries=3", "8099/healthz"],
)
def test_the_image_is_watched(setting: str) -> None:
    assert setting in DOCKERFILE[DOCKERFILE.index("HEALTHCHECK") :]


def test_the_image_says_what_it_is() -> None:
    labels = dict(re.findall(r'(io\.hass\.\w+)="([^"]*)"', DOCKERFILE))

    assert labels == {
        "io.hass.type": "app",
        "io.hass.version": "${BUILD_VERSION}",
        "io.hass.arch": "|".join(CONFIG["arch"]),
        "io.hass.name": CONFIG["name"],
        "io.hass.description": CONFIG["description"],
    }
    assert "build.yaml" not in {path.name for path in APP.iterdir()}
    assert "BUILD_FROM" not in DOCKERFILE
