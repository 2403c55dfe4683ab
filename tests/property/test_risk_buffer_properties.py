"""What must hold of the risk-based buffer whatever comes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_buffer import settled_target
from tests.support.risky_home import courses, decide

HOURS = st.integers(0, 23)
LOADS = st.sampled_from([0.1, 0.3, 0.6, 1.5])


@settings(max_examples=25, deadline=None)
@given(hour=HOURS, load_kw=LOADS, levels=st.tuples(st.integers(50, 99), st.integers(50, 99)))
def test_more_confidence_never_asks_for_less(
    hour: int, load_kw: float, levels: tuple[int, int]
) -> None:
    low, high = sorted(levels)
    ahead = courses(hour=hour, load_kw=load_kw)

    less, more = (decide(ahead, confidence=level / 100) for level in (low, high))

    assert less.need_kwh <= more.need_kwh
    assert less.target_pct <= more.target_pct


@settings(max_examples=25, deadline=None)
@given(hour=st.integers(0, 11), load_kw=LOADS, level=st.integers(60, 99))
def test_more_uncertainty_never_asks_for_less(hour: int, load_kw: float, level: int) -> None:
    sure, unsure = (
        decide(courses(hour=hour, load_kw=load_kw, spread=spread), confidence=level / 100)
        for spread in (0.4, 1.0)
    )

    assert sure.need_kwh <= unsure.need_kwh + 1e-6


@settings(max_examples=25, deadline=None)
@given(hour=HOURS, load_kw=LOADS, level=st.integers(50, 99), outage=st.floats(0, 100))
def test_parts_add_up_and_the_target_is_in_its_bounds(
    hour: int, load_kw: float, level: int, outage: float
) -> None:
    decided = decide(courses(hour=hour, load_kw=load_kw), confidence=level / 100, outage_kwh=outage)

    parts = decided.parts
    assert min(parts.night_kwh, parts.error_kwh, parts.outage_kwh) >= -1e-9
    assert decided.need_kwh == pytest.approx(
        parts.night_kwh + parts.error_kwh + parts.outage_kwh, abs=1e-9
    )
    assert 10 <= decided.target_pct <= 100
    assert decided.target_pct >= min(100.0, decided.raw_pct) - 1e-6
    assert decided.start <= decided.end


@given(
    raw=st.tuples(st.floats(10, 100), st.floats(10, 100)),
    last=st.one_of(st.none(), st.floats(0, 100)),
)
def test_calm_keeps_the_order_and_never_holds_too_little(
    raw: tuple[float, float], last: float | None
) -> None:
    low, high = sorted(raw)

    targets = [settled_target(one, last) for one in (low, high)]

    assert targets[0] <= targets[1]
    assert all(target >= one - 1e-6 for target, one in zip(targets, (low, high), strict=True))
