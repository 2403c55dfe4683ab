"""``smartload backtest`` as somebody uses it who has a folder of measurements."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backtest.command import main

START = datetime(2025, 1, 12, 23, tzinfo=UTC)
HOURS = 50


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two days of a home and of prices, hour by hour."""
    stamps = [
        (START + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ") for hour in range(HOURS)
    ]
    home = [f"{at},{0.4 + 0.8 * (hour % 24 > 17):.2f},{0.9 * (9 < hour % 24 < 15):.2f}"
            for hour, at in enumerate(stamps)]  # fmt: skip
    prices = [f"{at},{0.05 + 0.15 * (hour % 24 > 16):.3f}" for hour, at in enumerate(stamps)]
    (tmp_path / "house.csv").write_text("\n".join(["start_utc,load_kw,pv_kw", *home]), "utf-8")
    (tmp_path / "market.csv").write_text(
        "\n".join(["start_utc,price_eur_per_kwh", *prices]), "utf-8"
    )
    return tmp_path


def lines_of(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def asked(folder: Path, *more: str) -> list[str]:
    return [
        "--data",
        str(folder),
        "--policies",
        "no_battery,evcc,foresight",
        "--jobs",
        "1",
        "--quiet",
        *more,
    ]


def test_each_policy_has_a_line_that_a_machine_can_read(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(asked(folder, "--home", "house", "--prices", "market"), {})

    lines = lines_of(capsys.readouterr().out)
    assert code == 0
    assert [line["policy"] for line in lines] == ["no_battery", "evcc", "foresight"]
    assert lines[1]["saving_eur"] == 0.0
    assert lines[2]["captured_frac"] == 1.0


def test_evccs_own_rules_are_lived_in_any_case(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--data", str(folder), "--policies", "no_battery", "--jobs", "1", "--quiet"], {})

    assert [line["policy"] for line in lines_of(capsys.readouterr().out)] == ["evcc", "no_battery"]


def test_reports_are_written_and_a_second_run_does_not_differ(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "reports"
    main(asked(folder, "--out", str(out)), {})

    code = main(asked(folder, "--compare", str(out / "report.json")), {})

    assert {one.name for one in out.iterdir()} == {"report.json", "report.csv", "report.html"}
    assert code == 0
    assert "differs" not in capsys.readouterr().err


def test_another_battery_differs_from_an_earlier_report(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "reports"
    main(asked(folder, "--out", str(out)), {})

    code = main(asked(folder, "--battery-kwh", "5", "--compare", str(out / "report.json")), {})

    assert code == 1
    assert "differs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--home", "castle"], "house"),
        (["--prices", "casino"], "market"),
        (["--from", "2030-01-01"], "Choose days within"),
        (["--policies", "luck"], "foresight"),
        (["--stages", "roof"], "battery"),
        (["--battery-kwh", "0"], "--battery-kwh"),
        (["--battery-kwh", "nan"], "--battery-kwh"),
        (["--round-trip-pct", "120"], "100"),
        (["--feed-in-ct", "much"], "--feed-in-ct"),
        (["--options", "nowhere.yaml"], "nowhere.yaml"),
        (["--compare", "nowhere.json"], "nowhere.json"),
    ],
)
def test_what_cannot_be_done_says_what_can(
    folder: Path, capsys: pytest.CaptureFixture[str], more: list[str], told: str
) -> None:
    code = main([*asked(folder), *more], {})

    assert code == 2
    assert told in capsys.readouterr().err


def test_options_that_are_wrong_are_refused_with_what_is_allowed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = folder / "options.yaml"
    options.write_text("plan_hours: 500", "utf-8")

    code = main(asked(folder, "--options", str(options)), {})

    captured = capsys.readouterr()
    assert (code, captured.out) == (2, "")
    assert "plan_hours cannot be 500. Allowed: 24 to 72" in captured.err


def test_the_owners_options_count(folder: Path) -> None:
    options = folder / "options.yaml"
    options.write_text("grid_charging: false", "utf-8")

    main(asked(folder, "--options", str(options), "--out", str(folder / "told")), {})

    (report,) = (folder / "told").rglob("*.json")
    settings = json.loads(report.read_text("utf-8"))["period"]["settings"]
    assert settings["options"]["grid_charging"] is False


def test_a_file_that_is_no_report_is_refused_before_anything_is_lived(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(asked(folder, "--compare", str(folder / "house.csv")), {})

    captured = capsys.readouterr()
    assert (code, captured.out) == (2, "")
    assert "house.csv is no report.json" in captured.err


def test_a_folder_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--data", "/nowhere"], {})

    assert code == 2
    assert "/nowhere" in capsys.readouterr().err
