"""What holds for every PV forecast, whatever was measured and said."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.horizon import SLOTS_PER_DAY
from forecaster.pv_confidence import judge_confidence
from forecaster.pv_forecast import forecast_pv
from forecaster.pv_past import PvPast
from forecaster.series import FloatArray, SlotSeries

START = datetime(2026, 3, 20, tzinfo=UTC)
HOURS = np.arange(SLOTS_PER_DAY) / 4.0
CLEAR_KW = np.where((HOURS > 5.0) & (HOURS < 19.0), 6.0 * np.sin(np.pi * (HOURS - 5.0) / 14.0), 0.0)


def days_of(seed: int, n_slots: int, holes: float, scale: float) -> FloatArray:
    rng = np.random.default_rng(seed)
    values = np.resize(CLEAR_KW, n_slots) * rng.uniform(0.0, scale, n_slots)
    return np.where(rng.uniform(size=n_slots) < holes, np.nan, values)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_measured=st.integers(0, 1_500),
    n_provider=st.integers(0, 240),
    holes=st.sampled_from([0.0, 0.1, 0.9]),
    scale=st.sampled_from([0.0, 0.5, 1.2, 30.0]),
    leads_h=st.sets(st.sampled_from([0, 6, 24, 48])),
    minute=st.integers(0, 59),
    live_kw=st.one_of(st.none(), st.floats(0.0, 20.0)),
)
def test_bands_are_ordered_never_negative_and_plausible(  # noqa: PLR0913, PLR0917  # one argument a draw
    seed: int,
    n_measured: int,
    n_provider: int,
    holes: float,
    scale: float,
    leads_h: set[int],
    minute: int,
    live_kw: float | None,
) -> None:
    measured = SlotSeries(start=START, values=days_of(seed, n_measured, holes, 1.0))
    said = SlotSeries(start=START, values=days_of(seed + 1, n_measured, holes, scale))
    issued_at = measured.end + timedelta(minutes=minute)
    provider = SlotSeries(start=measured.end, values=days_of(seed + 2, n_provider, holes, scale))

    forecast = forecast_pv(
        PvPast(measured=measured, said={timedelta(hours=lead): said for lead in leads_h}),
        provider,
        issued_at=issued_at,
        n_slots=200,
        zone=ZoneInfo("Europe/Berlin"),
        live_kw=live_kw,
    )

    values = forecast.bands.values
    known = np.isfinite(values)
    assert values.shape[1] == 200
    assert (known.all(axis=0) | ~known.any(axis=0)).all()
    assert (values[known] >= 0.0).all()
    assert (np.diff(values[:, known.all(axis=0)], axis=0) >= 0.0).all()
    if n_measured > 10 * SLOTS_PER_DAY and holes < 0.5:
        assert np.nanmax(values) <= 1.2 * np.nanmax(measured.values)
    assert 0.0 <= judge_confidence(forecast, freshness_frac=1.0).raw_frac <= 1.0
