"""What the service remembers of past windows, hour after hour."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.horizon import SLOT, SLOTS_PER_DAY
from forecaster.series import Bands, SlotSeries
from forecaster.window_memory import WindowMemory
from forecaster.windows import WindowCalibration

START = datetime(2026, 3, 27, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPREAD = np.array([0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3])


def bands(start: datetime, middle_kw: float = 1.0) -> Bands:
    values = np.repeat(middle_kw * SPREAD[:, None], 2 * SLOTS_PER_DAY, axis=1)
    return Bands(start=start, values=values)


def measured(load_kw: float, days: int = 10) -> SlotSeries:
    return SlotSeries(start=START, values=np.full(days * SLOTS_PER_DAY, load_kw))


def live(memory: WindowMemory, days: int, load_kw: float) -> None:
    for half_hour in range(days * 48):
        now = START + half_hour * HOUR / 2
        memory.note(bands(now), None)
        memory.learn(now, measured(load_kw), None)


def test_an_hour_gives_one_path() -> None:
    memory = WindowMemory()

    live(memory, days=1, load_kw=1.1)

    starts = [path.start for path in memory.ranks.paths]
    assert starts == [START + k * HOUR for k in range(23)]


def test_paths_know_nothing_of_what_is_still_to_come() -> None:
    memory = WindowMemory()

    live(memory, days=1, load_kw=1.1)

    newest = memory.ranks.paths[-1]
    n_past = HOUR // SLOT
    assert np.isfinite(newest.load[:n_past]).all()
    assert np.isnan(newest.load[n_past:]).all()


def test_needs_above_every_band_stretch_it() -> None:
    memory = WindowMemory()

    live(memory, days=2, load_kw=2.5)

    for hours in (6, 12, 24):
        assert memory.calibration.stretch(hours * HOUR).above > 1.0


def test_what_was_not_measured_teaches_nothing() -> None:
    memory = WindowMemory()

    live(memory, days=2, load_kw=float("nan"))

    assert memory.calibration == WindowCalibration()


def test_what_a_store_kept_becomes_paths() -> None:
    memory = WindowMemory()

    memory.fill([(bands(START + k * HOUR), bands(START + k * HOUR, 0.5)) for k in range(5)])
    memory.learn(START + timedelta(days=4), measured(1.0), measured(0.5))

    assert len(memory.ranks.paths) == 5
    assert memory.ranks.paths[0].load == pytest.approx(np.full(2 * SLOTS_PER_DAY, 0.5))
    assert memory.ranks.paths[0].pv == pytest.approx(np.full(2 * SLOTS_PER_DAY, 0.5))


def test_a_kept_calibration_is_taken_up_again() -> None:
    before = WindowMemory()
    live(before, days=2, load_kw=2.5)

    again = WindowMemory(before.calibration)

    assert again.calibration.stretch(6 * HOUR).above > 1.0
