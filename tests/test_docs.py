"""The documents say what the code does."""

import re
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from config import Config
from domain.control import EvccSetting
from domain.problem import ProblemCode
from domain.steering import CommandCode, ControlLevel, GateCode, MissingCode, OverrideKind
from dynamic_buffer import compute_target
from planner.assumption import Assumption
from tests.support.app_imports import APP_ROOT, app_modules
from tests.test_layers import ROWS

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("option", sorted(Config.model_fields))
def test_the_readme_names_every_option_and_its_default(option: str) -> None:
    line = next(
        (line for line in (ROOT / "README.md").read_text().splitlines() if f"`{option}`" in line),
        "",
    )

    assert line, f"README.md does not say what {option} is"
    default = Config.model_fields[option].default
    if default not in (None, ""):
        written = f"{default:g}" if isinstance(default, float) else str(default)
        assert (written.lower() if isinstance(default, bool) else written) in line


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_pictures_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", document.read_text())

    missing = [
        link
        for link in links
        if not link.startswith(("http://", "https://")) and not (document.parent / link).exists()
    ]
    assert missing == []


def test_the_table_of_the_formula_is_what_the_formula_gives() -> None:
    text = (ROOT / "docs/dynamic-buffer.md").read_text()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| ") and "---" not in line
    ]
    confidences = [float(cell) for cell in rows[0][1:]]

    assert len(rows) == 4
    for base, *targets in rows[1:]:
        base_pct = int(base.split()[0])
        assert [int(target) for target in targets] == [
            compute_target(
                base_pct=base_pct, confidence=confidence, spread_eur_per_kwh=0.05, hour=12
            )
            for confidence in confidences
        ]


def test_every_problem_has_its_words_on_the_page() -> None:
    for language in ("de", "en"):
        words = (ROOT / f"evcc-smartload/page/src/i18n/{language}.ts").read_text()
        missing = [code.value for code in ProblemCode if code.value not in words]
        assert missing == []


def below(heading: str, document: str) -> str:
    """What stands below a heading, up to the next one of its level."""
    text = (ROOT / "docs" / document).read_text()
    level = heading.partition(" ")[0]
    return text[text.index(f"\n{heading}\n") :][1:].split(f"\n{level} ")[0]


def first_column(heading: str, document: str) -> list[str]:
    """The codes in the first column of the tables below a heading."""
    section = below(heading, document)
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ")]
    return [code for cell in rows for code in re.findall(r"`([\w-]+)`", cell)]


def test_the_gates_stand_in_the_order_in_which_they_are_asked() -> None:
    gates = first_column("## When the battery helps the car", "control.md")

    assert gates == [code.value for code in GateCode]


def test_every_level_of_control_and_all_that_may_be_missing_is_explained() -> None:
    ladder = first_column("## The ladder of control", "control.md")

    levels = [level.value for level in ControlLevel]
    assert ladder[: len(levels)] == levels
    assert sorted(ladder[len(levels) :]) == sorted(code.value for code in MissingCode)


@pytest.mark.parametrize("words", [EvccSetting, CommandCode, OverrideKind])
def test_every_setting_reason_and_override_is_explained(words: type[StrEnum]) -> None:
    text = (ROOT / "docs/control.md").read_text()

    assert [word.value for word in words if f"`{word.value}`" not in text] == []


def test_every_assumption_of_a_plan_is_explained() -> None:
    explained = first_column("### What is assumed", "planner.md")

    assert sorted(explained) == sorted(assumption.value for assumption in Assumption)


def test_every_setting_that_is_commanded_says_how_it_lapses() -> None:
    said = first_column("## What we command, and how it lapses", "architecture.md")

    # The owner's bounds of the buffer are read, and never written.
    commanded = set(EvccSetting) - {EvccSetting.PRIORITY_SOC, EvccSetting.BUFFER_START_SOC}
    assert commanded <= set(said)


def test_every_thread_is_named_with_its_end() -> None:
    said = first_column("## How data flows", "architecture.md")
    service = [path for path in APP_ROOT.rglob("*.py") if "simulator" not in path.parts]
    started = [
        name
        for path in service
        for name in re.findall(r'Thread\([^)]*name="([\w-]+)"', path.read_text())
    ]

    assert sorted(said) == sorted(started)


@pytest.mark.parametrize("row", sorted(ROWS))
def test_every_module_stands_in_its_row(row: int) -> None:
    text = below("## Where things live", "architecture.md")
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {row} ")]
    named = [name.rstrip("/") for name in re.findall(r"`([^`]+)`", line.split("|")[2])]

    lacking = {
        subject for subject in ROWS[row] if not any(fnmatchcase(subject, name) for name in named)
    }
    assert lacking == set()


@pytest.mark.parametrize("package", ["control", "forecaster", "planner"])
def test_every_module_of_a_package_is_explained(package: str) -> None:
    text = below("## Where things live", "architecture.md")
    table = text[text.index(f"| in `{package}/` |") :].split("\n\n")[0]
    named = re.findall(r"`([^`]+)`", table)

    modules = [module.name.removeprefix(f"{package}.") for module in app_modules()
               if module.name.startswith(f"{package}.")]  # fmt: skip
    assert [name for name in modules if not any(fnmatchcase(name, one) for one in named)] == []
