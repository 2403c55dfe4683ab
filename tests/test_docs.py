"""The documents say what the code does."""

import re
from enum import StrEnum
from pathlib import Path

import pytest

from config import Config
from domain.control import EvccSetting
from domain.problem import ProblemCode
from domain.steering import CommandCode, ControlLevel, GateCode, MissingCode, OverrideKind
from dynamic_buffer import compute_target

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


def first_column(heading: str) -> list[str]:
    """The codes in the first column of the tables below a heading of docs/control.md."""
    text = (ROOT / "docs/control.md").read_text()
    section = text[text.index(f"\n## {heading}\n") :][1:].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ")]
    return [code for cell in rows for code in re.findall(r"`(\w+)`", cell)]


def test_the_gates_stand_in_the_order_in_which_they_are_asked() -> None:
    assert first_column("When the battery helps the car") == [code.value for code in GateCode]


def test_every_level_of_control_and_all_that_may_be_missing_is_explained() -> None:
    ladder = first_column("The ladder of control")

    levels = [level.value for level in ControlLevel]
    assert ladder[: len(levels)] == levels
    assert sorted(ladder[len(levels) :]) == sorted(code.value for code in MissingCode)


@pytest.mark.parametrize("words", [EvccSetting, CommandCode, OverrideKind])
def test_every_setting_reason_and_override_is_explained(words: type[StrEnum]) -> None:
    text = (ROOT / "docs/control.md").read_text()

    assert [word.value for word in words if f"`{word.value}`" not in text] == []
