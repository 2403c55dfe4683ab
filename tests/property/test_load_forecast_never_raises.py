"""What holds for the load forecast whatever was measured."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from forecaster.away import find_away
from forecaster.load import forecast_load
from forecaster.series import SlotSeries
from holiday_calendar import NoHolidays

ZONES = [
    ZoneInfo(name)
    for name in ("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Los_Angeles", "Pacific/Chatham")
]
STARTS = st.integers(0, 35_000).map(
    lambda slot: datetime(2026, 1, 1, tzinfo=UTC) + slot * timedelta(minutes=15)
)


@st.composite
def histories(draw: st.DrawFn) -> SlotSeries:
    """Any load, with gaps, stuck meters and freak values."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_slots = draw(st.sampled_from([0, 1, 5, 95, 97, 300, 1500]))
    values = rng.gamma(1.0, draw(st.sampled_from([0.0, 0.001, 0.5, 5.0])), n_slots)
    if draw(st.booleans()):
        values = np.round(values, 0)
    if draw(st.booleans()):
        values[rng.random(n_slots) < draw(st.floats(0.0, 1.0))] = np.nan
    if n_slots and draw(st.booleans()):
        values[rng.integers(n_slots)] = 1e4
    return SlotSeries(start=draw(STARTS), values=values)


@settings(max_examples=30, deadline=None)
@given(
    history=histories(),
    later_slots=st.integers(-100, 400),
    seconds=st.integers(0, 899),
    n_slots=st.sampled_from([1, 30, 100]),
    zone=st.sampled_from(ZONES),
    live_kw=st.none() | st.floats(0.0, 50.0),
)
def test_it_always_gives_a_rising_known_band(  # noqa: PLR0913, PLR0917  # all of them vary
    history: SlotSeries,
    later_slots: int,
    seconds: int,
    n_slots: int,
    zone: ZoneInfo,
    live_kw: float | None,
) -> None:
    issued_at = history.end + later_slots * timedelta(minutes=15) + timedelta(seconds=seconds)

    bands = forecast_load(
        history,
        issued_at,
        n_slots,
        zone=zone,
        holidays=NoHolidays(),
        live_kw=live_kw,
        away=find_away(history, issued_at, zone=zone),
    )

    assert bands.start <= issued_at < bands.start + timedelta(minutes=15)
    assert bands.values.shape == (7, n_slots)
    assert np.isfinite(bands.values).all()
    assert (bands.values >= 0.0).all()
    assert (np.diff(bands.values, axis=0) >= -1e-9).all()
