"""How right forecasts were, in one small file that survives restarts and wrong clocks."""

import json
import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from domain.forecast import ChoiceReason, ForecastKind
from forecaster.competition import LOAD_MODEL, SIMPLE_MODELS
from forecaster.window_memory import WindowVerdict
from forecaster.windows import Stretch, WindowCalibration
from track_record import DAYS_KEPT, MOST_DAYS, TrackRecord

NOW = datetime(2026, 5, 7, 10, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
MODELS = (LOAD_MODEL, *SIMPLE_MODELS)
LAST_WEEK = "same_slot_last_week"


def path_in(folder: Path) -> Path:
    return folder / "track_record.json"


def record_in(folder: Path) -> TrackRecord:
    return TrackRecord(path_in(folder), NOW)


def note_days(record: TrackRecord, n_days: int, *, best: str, today: date = TODAY) -> None:
    for back in range(1, n_days + 1):
        losses = {model: 0.02 if model == best else 0.1 for model in MODELS}
        record.note_losses(ForecastKind.LOAD, today - back * DAY, losses)


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    record = record_in(tmp_path)
    note_days(record, 14, best=LAST_WEEK)
    record.choose(ForecastKind.LOAD, MODELS, TODAY)
    record.note_confidence(TODAY, 0.7)
    calibration = WindowCalibration(stretches={1: Stretch(below=1.2, above=0.9)})
    record.note_windows(calibration, [WindowVerdict(end=NOW - DAY, is_inside=True)])

    record.save(TODAY)
    again = record_in(tmp_path)

    assert again.choose(ForecastKind.LOAD, MODELS, TODAY).model == LAST_WEEK
    assert again.is_judged(ForecastKind.LOAD, TODAY - DAY)
    assert again.confidence_by_day == {TODAY: 0.7}
    assert again.calibration == calibration
    assert again.window_coverage(NOW) == (1.0, 1)


def test_who_is_best_takes_over_and_it_is_said_against_whom() -> None:
    record = TrackRecord(None, NOW)
    note_days(record, 14, best=LAST_WEEK)

    choice = record.choose(ForecastKind.LOAD, MODELS, TODAY)

    assert (choice.model, choice.reason) == (LAST_WEEK, ChoiceReason.BEST)
    assert {candidate.model for candidate in choice.candidates} == set(MODELS)


def test_without_days_the_default_is_used() -> None:
    choice = TrackRecord(None, NOW).choose(ForecastKind.PV, MODELS, TODAY)

    assert (choice.model, choice.reason) == (LOAD_MODEL, ChoiceReason.TOO_LITTLE_HISTORY)


def test_a_loss_that_is_no_number_is_no_verdict(tmp_path: Path) -> None:
    record = record_in(tmp_path)
    record.note_losses(ForecastKind.PV, TODAY, {"a": math.nan, "b": math.inf})
    record.save(TODAY)

    kept = json.loads(path_in(tmp_path).read_text())

    assert kept["losses"]["pv"][TODAY.isoformat()] == {"a": None, "b": None}


def test_days_without_a_verdict_are_open_again_and_the_others_are_not() -> None:
    record = TrackRecord(None, NOW)
    record.note_losses(ForecastKind.LOAD, TODAY, {"a": math.nan})
    record.note_losses(ForecastKind.LOAD, TODAY - DAY, {"a": 0.1, "b": math.nan})

    record.forget_verdicts_without_losses()

    assert not record.is_judged(ForecastKind.LOAD, TODAY)
    assert record.is_judged(ForecastKind.LOAD, TODAY - DAY)


def test_skill_is_against_the_best_simple_one_on_the_same_days() -> None:
    record = TrackRecord(None, NOW)
    note_days(record, 10, best=LOAD_MODEL)
    record.note_losses(ForecastKind.LOAD, TODAY - 11 * DAY, {LOAD_MODEL: 9.0})

    reference, skill = record.skill(ForecastKind.LOAD, LOAD_MODEL, SIMPLE_MODELS, TODAY)

    assert reference in SIMPLE_MODELS
    assert skill == pytest.approx(0.8)


def test_a_tariff_that_everybody_knows_gives_no_skill() -> None:
    record = TrackRecord(None, NOW)
    record.note_losses(ForecastKind.IMPORT_PRICE, TODAY - DAY, dict.fromkeys(MODELS, 0.0))

    _, skill = record.skill(ForecastKind.IMPORT_PRICE, LOAD_MODEL, SIMPLE_MODELS, TODAY)

    assert skill is None


def test_it_does_not_grow_over_the_years(tmp_path: Path) -> None:
    record = record_in(tmp_path)
    sizes = []
    for number in range(3 * MOST_DAYS):
        today = TODAY + number * DAY
        record.note_losses(ForecastKind.LOAD, today, dict.fromkeys(MODELS, 0.1))
        record.note_confidence(today + DAY, 0.5)
        ends = [NOW + number * DAY + turn * timedelta(hours=2) for turn in range(12)]
        record.note_windows(
            WindowCalibration(), [WindowVerdict(end=end, is_inside=True) for end in ends]
        )
        record.save(today)
        sizes.append(path_in(tmp_path).stat().st_size)

    assert sizes[-1] <= 1.01 * sizes[MOST_DAYS]


@pytest.mark.parametrize("years", [4, -1])
def test_a_wrong_clock_costs_nothing_of_what_was_known(tmp_path: Path, years: int) -> None:
    record = record_in(tmp_path)
    note_days(record, DAYS_KEPT, best=LAST_WEEK)
    record.note_confidence(TODAY, 0.7)
    record.note_windows(WindowCalibration(), [WindowVerdict(end=NOW - DAY, is_inside=True)])
    elsewhere = TODAY + years * 365 * DAY

    note_days(record, DAYS_KEPT, best=LOAD_MODEL, today=elsewhere)
    record.note_confidence(elsewhere, 0.1)
    far_window = WindowVerdict(end=NOW + years * 365 * DAY, is_inside=False)
    record.note_windows(WindowCalibration(), [far_window])
    record.save(elsewhere)
    again = record_in(tmp_path)
    again.save(TODAY)

    assert again.choose(ForecastKind.LOAD, MODELS, TODAY).model == LAST_WEEK
    assert again.confidence_by_day[TODAY] == 0.7
    assert again.window_coverage(NOW) == (1.0, 1)


def test_windows_of_long_ago_do_not_count() -> None:
    record = TrackRecord(None, NOW)
    verdicts = [
        WindowVerdict(end=NOW - 40 * DAY, is_inside=False),
        WindowVerdict(end=NOW - DAY, is_inside=True),
    ]

    record.note_windows(WindowCalibration(), verdicts)

    assert record.window_coverage(NOW) == (1.0, 1)
    assert record.window_coverage(NOW + 60 * DAY) == (None, 0)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": 1, "losses": {"load": 3}}', '{"version": 1, "nonsense": 1}']
)
def test_a_file_that_cannot_be_read_is_kept_aside_and_told(tmp_path: Path, text: str) -> None:
    path_in(tmp_path).write_text(text)

    record = record_in(tmp_path)

    assert record.state_file is not None
    assert record.state_file.load_problem is not None
    assert not record.is_judged(ForecastKind.LOAD, TODAY)
    assert len(list(tmp_path.glob("*.unreadable-*"))) == 1


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    record = record_in(tmp_path / "missing")

    record.save(TODAY)

    assert record.state_file is not None
    assert record.state_file.save_problem is not None
