"""What must hold for every window, whatever is forecast."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.horizon import SLOT
from forecaster.scenarios import RankArchive, RankPath, ranks_of, read_at_ranks
from forecaster.series import LEVELS, Bands, FloatArray
from forecaster.windows import night, until_surplus, window_energy, window_scenarios

START = datetime(2026, 3, 1, 18, tzinfo=UTC)
N_SLOTS = 24

powers = st.integers(0, 200).map(lambda tenths: tenths / 10)


@st.composite
def bands(draw: st.DrawFn) -> Bands:
    columns = [
        sorted(draw(st.lists(powers, min_size=len(LEVELS), max_size=len(LEVELS)))) for _ in range(2)
    ]
    return Bands(start=START, values=np.repeat(np.array(columns).T, N_SLOTS // 2, axis=1))


@st.composite
def archives(draw: st.DrawFn) -> RankArchive:
    levels = draw(st.lists(st.floats(0.0, 1.0) | st.just(float("nan")), max_size=4))
    return RankArchive(
        paths=tuple(
            RankPath(
                start=START - timedelta(days=len(levels) - k),
                load=np.full(N_SLOTS, level),
                pv=np.full(N_SLOTS, 1.0 - level),
            )
            for k, level in enumerate(levels)
        )
    )


@st.composite
def windows(draw: st.DrawFn) -> tuple[datetime, datetime]:
    first = draw(st.integers(0, N_SLOTS - 1))
    last = draw(st.integers(first + 1, N_SLOTS))
    return START + first * SLOT, START + last * SLOT


@settings(max_examples=25)
@given(load=bands(), pv=bands(), ranks=archives(), window=windows())
def test_quantiles_are_ordered_and_a_need_is_never_negative(
    load: Bands, pv: Bands, ranks: RankArchive, window: tuple[datetime, datetime]
) -> None:
    said = window_energy(load, pv, ranks, *window)

    assert said is not None
    assert 0.0 <= said.p10_kwh <= said.p50_kwh <= said.p90_kwh


@settings(max_examples=25)
@given(load=bands(), pv=bands(), ranks=archives(), window=windows())
def test_what_is_needed_is_at_least_what_is_missing_in_sum(
    load: Bands, pv: Bands, ranks: RankArchive, window: tuple[datetime, datetime]
) -> None:
    sums = window_scenarios(load, pv, ranks, *window)

    assert sums is not None
    assert (sums.need_kwh >= sums.net_kwh - 1e-9).all()


@settings(max_examples=25)
@given(load=bands(), pv=bands(), ranks=archives(), window=windows())
def test_without_pv_more_is_needed(
    load: Bands, pv: Bands, ranks: RankArchive, window: tuple[datetime, datetime]
) -> None:
    with_pv = window_energy(load, pv, ranks, *window)
    without = window_energy(load, None, ranks, *window)

    assert with_pv is not None
    assert without is not None
    assert with_pv.p90_kwh <= without.p90_kwh + 1e-9


@settings(max_examples=25)
@given(load=bands(), ranks=archives(), window=windows())
def test_a_longer_window_needs_more(
    load: Bands, ranks: RankArchive, window: tuple[datetime, datetime]
) -> None:
    start, end = window
    # The same paths count in both: those without a gap.
    whole = RankArchive(paths=tuple(p for p in ranks.paths if np.isfinite(p.load).all()))

    shorter = window_energy(load, None, whole, start, end)
    longer = window_energy(load, None, whole, load.start, load.end)

    assert shorter is not None
    assert longer is not None
    assert longer.p50_kwh >= shorter.p50_kwh - 1e-9


@settings(max_examples=25)
@given(said=bands(), outcome=st.lists(powers, min_size=2, max_size=2))
def test_ranks_are_levels_and_rise_with_the_outcome(said: Bands, outcome: list[float]) -> None:
    came = np.repeat(outcome, N_SLOTS // 2)

    lower, higher = (ranks_of(said.values, LEVELS, kw) for kw in (came, came + 0.5))

    known = np.isfinite(lower)
    assert (known == np.isfinite(higher)).all()
    assert ((lower[known] > 0.0) & (higher[known] < 1.0)).all()
    assert (lower[known] <= higher[known]).all()


@settings(max_examples=25)
@given(said=bands(), levels=st.lists(st.floats(0.05, 0.95), min_size=2, max_size=5))
def test_a_higher_rank_reads_a_higher_value_within_the_band(
    said: Bands, levels: list[float]
) -> None:
    ranks: FloatArray = np.repeat(np.sort(levels)[:, None], N_SLOTS, axis=1)

    read = read_at_ranks(said.values, LEVELS, ranks)

    assert (np.diff(read, axis=0) >= -1e-9).all()
    assert (read >= said.values[0] - 1e-9).all()
    assert (read <= said.values[-1] + 1e-9).all()


@settings(max_examples=25)
@given(load=bands(), pv=bands(), position=st.integers(0, N_SLOTS - 1))
def test_found_windows_lie_within_the_forecast(load: Bands, pv: Bands, position: int) -> None:
    now = START + position * SLOT

    for window in (until_surplus(load, pv, now), night(load, pv, now)):
        if window is not None:
            assert now <= window[0] < window[1] <= load.end
