"""What a provider cannot mean, and what it can."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.horizon import SLOT, SLOTS_PER_DAY
from forecaster.pv_past import PvPast, past_days
from forecaster.pv_plausibility import Implausible, Screened, curtailed_slots, screen_provider
from forecaster.pv_roof import survey_roof
from forecaster.series import FloatArray, SlotSeries

START = datetime(2026, 6, 1, tzinfo=UTC)
HOURS = np.arange(SLOTS_PER_DAY) / 4.0
CLEAR_KW = np.where((HOURS > 5.0) & (HOURS < 19.0), 6.0 * np.sin(np.pi * (HOURS - 5.0) / 14.0), 0.0)
NOON = slice(44, 52)


def screen(provider_kw: FloatArray, *, n_days: int = 14, measured: float = 0.8) -> Screened:
    past = PvPast(
        measured=SlotSeries(
            start=START - timedelta(days=n_days), values=np.tile(measured * CLEAR_KW, n_days)
        )
    )
    if n_days:
        past.measured.values[:SLOTS_PER_DAY] = CLEAR_KW
    days = past_days(past, START, np.zeros(len(past.measured.values), dtype=np.bool_))
    roof = survey_roof(days, provider_kw)
    return screen_provider(SlotSeries(start=START, values=provider_kw), days, roof)


def with_noon(value_kw: float) -> FloatArray:
    changed = 0.7 * CLEAR_KW
    changed[NOON] = value_kw
    return changed


def test_a_sane_curve_passes_unchanged() -> None:
    curve = 0.7 * CLEAR_KW

    screened = screen(curve)

    assert screened.spans == ()
    assert np.array_equal(screened.power_kw, curve)


@pytest.mark.parametrize("n_days", [0, 14])
def test_zero_at_noon_is_unknown_and_named(n_days: int) -> None:
    screened = screen(with_noon(0.0), n_days=n_days)

    assert np.isnan(screened.power_kw[NOON]).all()
    (span,) = screened.spans
    assert span.reason is Implausible.SILENT_ZERO
    assert (span.start, span.end) == (START + 44 * SLOT, START + 52 * SLOT)


def test_a_whole_day_of_zeros_is_unknown() -> None:
    screened = screen(np.zeros(SLOTS_PER_DAY))

    assert np.isnan(screened.power_kw[30:66]).all()


def test_a_whole_day_of_zeros_is_believed_of_a_roof_that_gives_nothing() -> None:
    """Snow: the roof gave a clear day two weeks ago and nothing since."""
    screened = screen(np.zeros(SLOTS_PER_DAY), measured=0.0)

    assert screened.spans == ()


def test_a_dark_day_is_believed() -> None:
    assert screen(0.03 * CLEAR_KW).spans == ()


def test_impossible_power_is_unknown_and_a_wrong_scale_is_not() -> None:
    assert screen(1.5 * CLEAR_KW).spans == ()

    (span,) = screen(with_noon(40.0)).spans

    assert span.reason is Implausible.IMPOSSIBLE_POWER


def test_power_at_night_is_unknown() -> None:
    curve = 0.7 * CLEAR_KW
    curve[2:8] = 1.0

    (span,) = screen(curve).spans

    assert span.reason is Implausible.NIGHT_POWER


def test_a_stuck_value_is_unknown_and_an_inverters_limit_is_not() -> None:
    stuck = screen(np.full(SLOTS_PER_DAY, 2.0))
    limited = screen(np.minimum(1.4 * CLEAR_KW, 5.5))

    assert np.isnan(stuck.power_kw).all()
    assert Implausible.STUCK in {span.reason for span in stuck.spans}
    assert limited.spans == ()


def test_a_plateau_at_the_export_limit_is_curtailed() -> None:
    measured = SlotSeries(start=START, values=np.minimum(CLEAR_KW, 3.0))

    at_limit = curtailed_slots(measured, 3.0)

    assert at_limit[NOON].all()
    assert not at_limit[:24].any()
    assert not curtailed_slots(measured, None).any()
    assert not curtailed_slots(measured, 0.0).any()
    assert not curtailed_slots(SlotSeries(start=START, values=CLEAR_KW), 3.0).any()
