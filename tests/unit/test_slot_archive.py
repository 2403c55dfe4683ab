"""The past in memory: a grid that moves on, and what was said before about each slot."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.horizon import SLOT
from forecaster.archive import SaidArchive, SlotArchive

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def archive(keep: timedelta = 10 * DAY) -> SlotArchive:
    return SlotArchive(["load", "pv"], keep=keep, end=NOON)


def test_what_was_put_is_there_and_the_rest_is_not_known() -> None:
    slots = archive()

    slots.put("load", NOON, np.array([1.0, 2.0]))

    series = slots.series("load", NOON - SLOT, NOON + 3 * SLOT)
    np.testing.assert_array_equal(series.values, [np.nan, 1.0, 2.0, np.nan])
    assert slots.first_known("load") == NOON
    assert slots.n_known("load") == 2
    assert slots.first_known("pv") is None


def test_what_is_not_known_erases_nothing() -> None:
    slots = archive()
    slots.put("load", NOON, np.array([1.0, 2.0]))

    slots.put("load", NOON, np.array([np.nan, 3.0]))

    np.testing.assert_array_equal(slots.series("load", NOON, NOON + 2 * SLOT).values, [1.0, 3.0])


def test_the_grid_moves_on_and_keeps_what_it_promised() -> None:
    slots = archive(keep=10 * DAY)

    for index in range(100 * 96):
        slots.put("load", NOON + index * SLOT, np.array([float(index)]))

    end = NOON + 100 * DAY
    kept = slots.series("load", end - 10 * DAY, end).values
    np.testing.assert_array_equal(kept, np.arange(90 * 96, 100 * 96))


def test_slots_too_old_fall_out() -> None:
    slots = archive()

    slots.put("load", NOON - 1000 * DAY, np.ones(4))

    assert slots.n_known("load") == 0


def test_a_leap_far_ahead_leaves_nothing_behind() -> None:
    slots = archive()
    slots.put("load", NOON, np.array([1.0]))

    slots.put("load", NOON + 5000 * DAY, np.array([2.0]))

    assert slots.n_known("load") == 1
    assert slots.first_known("load") == NOON + 5000 * DAY


def test_forgotten_slots_are_not_known() -> None:
    slots = archive()
    slots.put("load", NOON, np.arange(4.0))

    slots.forget("load", NOON + SLOT, 2)

    np.testing.assert_array_equal(
        slots.series("load", NOON, NOON + 4 * SLOT).values, [0.0, np.nan, np.nan, 3.0]
    )


@pytest.mark.parametrize(
    ("lead", "expected"),
    [(timedelta(0), [2.0, 2.0, 2.0]), (timedelta(hours=1), [1.0, 1.0, 2.0])],
)
def test_the_newest_that_was_said_early_enough_counts(
    lead: timedelta, expected: list[float]
) -> None:
    said = SaidArchive([timedelta(0), timedelta(hours=1)], keep=10 * DAY, end=NOON)
    slots_from = NOON + timedelta(minutes=30)

    said.note(NOON - 2 * timedelta(hours=1), slots_from, {"p50": np.full(3, 1.0)})
    said.note(NOON, slots_from, {"p50": np.full(3, 2.0)})

    series = said.said(lead, slots_from, slots_from + 3 * SLOT)
    np.testing.assert_array_equal(series.values, expected)


def test_a_forecast_between_two_quarter_hours_is_not_said_a_moment_too_late() -> None:
    said = SaidArchive([timedelta(hours=1)], keep=10 * DAY, end=NOON)

    said.note(NOON + timedelta(minutes=1), NOON, {"p50": np.ones(8)})

    known = np.isfinite(said.said(timedelta(hours=1), NOON, NOON + 8 * SLOT).values)
    np.testing.assert_array_equal(known, [False] * 5 + [True] * 3)


def test_bands_of_a_store_are_taken_over() -> None:
    lead = timedelta(hours=24)
    said = SaidArchive([lead], keep=10 * DAY, end=NOON)

    said.fill(lead, NOON, np.array([[1.0, np.nan], [2.0, 2.5], [3.0, np.nan]]))

    np.testing.assert_array_equal(said.said(lead, NOON, NOON + 2 * SLOT, "p10").values, [1, np.nan])
    np.testing.assert_array_equal(said.said(lead, NOON, NOON + 2 * SLOT).values, [2.0, 2.5])


def test_what_was_really_said_is_not_replaced_by_what_would_have_been() -> None:
    lead = timedelta(0)
    said = SaidArchive([lead], keep=10 * DAY, end=NOON)
    said.note(NOON, NOON, {"p50": np.array([1.0, np.nan])})

    said.note(NOON, NOON, {"p50": np.array([9.0, 9.0])}, only_gaps=True)

    np.testing.assert_array_equal(said.said(lead, NOON, NOON + 2 * SLOT).values, [1.0, 9.0])
