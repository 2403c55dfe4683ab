"""The locks, the declared dependencies and their reasons are one list."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.support.app_imports import AppModule, app_modules, third_party

REPOSITORY = Path(__file__).parents[1]
APP = REPOSITORY / "evcc-smartload"
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
RUNTIME: list[str] = PROJECT["project"]["dependencies"]
# What somebody installs beside it who wants more; asked for by name where it is missing.
OPTIONAL: list[str] = PROJECT["project"]["optional-dependencies"]["cluster"]
DEVELOPMENT: list[str] = PROJECT["dependency-groups"]["dev"]
JUDGES: list[str] = PROJECT["dependency-groups"]["judges"]
PAGE = json.loads((APP / "page" / "package.json").read_text("utf-8"))
REASONS = (REPOSITORY / "docs" / "dependencies.md").read_text("utf-8")
LOCKS = [
    APP / "requirements.txt",
    REPOSITORY / "requirements-dev.txt",
    REPOSITORY / "requirements-judges.txt",
]

# Imported under another name than installed.
INSTALLED_AS = {
    "yaml": "pyyaml",
    "starlette": "fastapi",  # FastAPI is Starlette's classes with more in them, by its own manual
}


def pinned(lock: Path) -> dict[str, str]:
    """The version of every package a lock names."""
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", lock.read_text("utf-8"), flags=re.MULTILINE))


def blocks(lock: Path) -> list[str]:
    """The lines of every package in a lock."""
    return re.findall(
        r"^[\w.-]+==.*?(?=^[\w.-]+==|\Z)", lock.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
    )


def asked_for(lock: Path, source: str) -> set[str]:
    """The packages that a lock holds because ``source`` names them."""
    return {
        block.partition("==")[0]
        for block in blocks(lock)
        if re.search(rf"# .*smartload \({re.escape(source)}\)", block)
    }


def documented(heading: str) -> set[str]:
    """The first column of the table below a heading of docs/dependencies.md."""
    section = re.search(
        rf"^## {heading}\n(.*?)(?=^## |\Z)", REASONS, flags=re.MULTILINE | re.DOTALL
    )
    assert section, heading
    return set(re.findall(r"^\| `([^`]+)` \|", section[1], flags=re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_package_has_hashes(lock: Path) -> None:
    assert blocks(lock)
    for block in blocks(lock):
        assert "--hash=sha256:" in block, block.splitlines()[0]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_lock_names_an_index(lock: Path) -> None:
    text = lock.read_text("utf-8")

    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_the_locks_hold_what_the_project_asks_for() -> None:
    runtime, development, judges = LOCKS

    assert asked_for(runtime, "pyproject.toml") == set(RUNTIME)
    assert asked_for(development, "pyproject.toml") == set(RUNTIME)
    assert asked_for(development, "pyproject.toml:dev") == set(DEVELOPMENT)
    assert asked_for(judges, "pyproject.toml") == set(RUNTIME)
    assert asked_for(judges, "pyproject.toml:judges") == set(JUDGES)


def test_tests_run_with_the_versions_that_are_shipped() -> None:
    shipped, tested, judged = (pinned(lock) for lock in LOCKS)

    assert shipped.items() <= tested.items()
    assert shipped.items() <= judged.items()


@pytest.mark.parametrize("module", app_modules(), ids=lambda module: module.name)
def test_a_module_imports_only_declared_packages(module: AppModule) -> None:
    needed = {INSTALLED_AS.get(name, name) for name in third_party(module)}

    allowed = set(RUNTIME) | (set(OPTIONAL) if module.name == "backtest.sweep" else set())
    assert needed <= allowed, f"{module.name} would break when another package drops it"


@pytest.mark.parametrize(
    ("heading", "declared"),
    [
        ("Service", RUNTIME),
        ("A cluster of your own", OPTIONAL),
        ("Tests and checks", DEVELOPMENT),
        ("Judges", JUDGES),
        ("Page", list(PAGE["dependencies"])),
        ("Page: tools", list(PAGE["devDependencies"])),
    ],
)
def test_every_dependency_has_its_reason_written_down(heading: str, declared: list[str]) -> None:
    assert documented(heading) == set(declared)


def test_the_page_lock_names_no_registry() -> None:
    lock = (APP / "page" / "package-lock.json").read_text("utf-8")

    assert '"resolved": "http' not in lock
