"""What ``PlanProblem.checked`` lets pass, and what it says of the rest."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from planner.plan_problem import (
    Flow,
    Pin,
    PlanProblem,
    PowerRange,
    ProblemError,
    Reserve,
    TaperPoint,
    ValuePiece,
    series,
)
from tests.support.plan_problems import battery, car, pieces, problem, problems, random_problem

N_SLOTS = 4
SERIES = (
    "import_price_eur_per_kwh",
    "export_price_eur_per_kwh",
    "pv_kwh",
    "load_kwh",
    "import_max_kwh",
    "export_max_kwh",
)
ANY_NUMBER = st.floats() | st.integers(-3, 30).map(float)
ANY_SERIES = st.lists(ANY_NUMBER, max_size=N_SLOTS + 1).map(series)


def home(**changes: Any) -> PlanProblem:
    """A home with everything, changed as told."""
    plain = problem(N_SLOTS, import_max=5.0, export_max=5.0, batteries=[battery()], cars=[car()])
    return replace(plain, **changes)


def taper(*points: tuple[float, float]) -> tuple[TaperPoint, ...]:
    return tuple(TaperPoint(soc_kwh=soc, charge_max_kw=kw) for soc, kw in points)


def ranges(*spans: tuple[float, float]) -> tuple[PowerRange, ...]:
    return tuple(PowerRange(low_kw=low, high_kw=high) for low, high in spans)


def test_a_problem_that_a_home_can_have_is_returned_itself() -> None:
    whole = home()

    assert whole.checked() is whole


def test_a_home_without_devices_and_limits_can_be_planned() -> None:
    assert problem(1).checked().n_slots == 1


def test_prices_may_be_negative() -> None:
    home(
        import_price_eur_per_kwh=series([-0.1] * N_SLOTS),
        export_price_eur_per_kwh=series([-0.2] * N_SLOTS),
    ).checked()


@pytest.mark.parametrize("name", SERIES)
def test_a_series_of_another_length_is_named(name: str) -> None:
    with pytest.raises(ProblemError, match=r"\(3,\) entries for 4|\(4,\) entries for 3"):
        home(**{name: series([1.0] * 3)}).checked()


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_series_that_is_not_finite_is_named(name: str, number: float) -> None:
    with pytest.raises(ProblemError, match=f"^{name} contains numbers that are not finite$"):
        home(**{name: series([1.0, number, 1.0, 1.0])}).checked()


@pytest.mark.parametrize("name", [name for name in SERIES if "eur" not in name])
def test_negative_energy_is_named(name: str) -> None:
    with pytest.raises(ProblemError, match=f"^{name} must not be negative$"):
        home(**{name: series([1.0, 1.0, 1.0, -0.001])}).checked()


@pytest.mark.parametrize("slot_h", [0.0, -0.25, 24.5, math.nan, math.inf])
def test_a_slot_has_a_length(slot_h: float) -> None:
    with pytest.raises(ProblemError, match=r"^slot_h must be above 0 and at most 24, not"):
        home(slot_h=slot_h).checked()


def test_there_must_be_a_slot() -> None:
    with pytest.raises(ProblemError, match=r"^there is no slot to plan$"):
        problem(0).checked()


def test_numbers_without_slots_are_no_series() -> None:
    with pytest.raises(ProblemError, match="load_kwh has"):
        home(load_kwh=series(1.0)).checked()
    with pytest.raises(ProblemError, match="load_kwh has"):
        home(load_kwh=series([[1.0, 1.0], [1.0, 1.0]])).checked()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        *[
            ({name: number}, f"{name} must be a finite number of at least 0, not {number}")
            for name in (
                "capacity_kwh",
                "soc_kwh",
                "soc_min_kwh",
                "soc_max_kwh",
                "charge_max_kw",
                "discharge_max_kw",
                "wear_eur_per_kwh",
                "cars_above_kwh",
            )
            for number in (-1.0, math.nan, math.inf)
        ],
        *[
            ({name: number}, f"{name} must be above 0 and at most 1, not {number}")
            for name in ("charge_efficiency_frac", "discharge_efficiency_frac")
            for number in (0.0, 1.01, math.nan)
        ],
        ({"soc_min_kwh": 8.0, "soc_max_kwh": 7.0}, "soc_min_kwh 8.0 is above soc_max_kwh"),
        ({"soc_max_kwh": 11.0}, "soc_max_kwh 11.0 is above capacity_kwh"),
        ({"terminal": pieces((1.0, 0.1), (1.0, 0.2))}, "the values of terminal must fall"),
        ({"terminal": pieces((-1.0, 0.1))}, "terminal has a piece whose width"),
        ({"terminal": pieces((1.0, math.nan))}, "terminal has a piece whose width"),
        ({"terminal": pieces((math.inf, 0.1))}, "terminal has a piece whose width"),
        ({"taper": taper((8.0, 4.0), (8.0, 2.0))}, "the points of the taper must rise"),
        ({"taper": taper((5.0, 1.0), (10.0, 4.0))}, "the taper must fall ever more steeply"),
        (
            {"taper": taper((2.0, 4.0), (5.0, 1.0), (10.0, 0.5))},
            "the taper must fall ever more steeply",
        ),
        ({"taper": taper((5.0, -1.0))}, "the points of the taper must be finite"),
        ({"taper": taper((5.0, math.inf))}, "the points of the taper must be finite"),
        ({"taper": taper((math.nan, 1.0))}, "the points of the taper must be finite"),
        ({"taper": taper((5.0, 4.0), (9.0, 1.0))}, "the taper ends at 9.0 kWh, below soc_max_kwh"),
    ],
)
def test_what_is_wrong_with_a_battery_is_named(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ProblemError) as caught:
        home(batteries=(battery(**changes),)).checked()

    assert f"battery battery: {text}" in str(caught.value)


@pytest.mark.parametrize(
    "legal",
    [
        {"soc_kwh": 0.5, "soc_min_kwh": 2.0},
        {"soc_kwh": 10.4},
        {"capacity_kwh": 0.0, "soc_kwh": 0.0, "soc_max_kwh": 0.0},
        {"charge_max_kw": 0.0, "discharge_max_kw": 0.0},
        {"taper": taper((8.0, 4.0), (9.0, 3.0), (10.0, 0.0))},
        {"taper": taper((3.0, 2.0))},
        {"terminal": pieces((2.0, 0.2), (0.0, 0.2), (2.0, -0.1))},
    ],
)
def test_odd_batteries_are_legal(legal: dict[str, Any]) -> None:
    home(batteries=(battery(**legal),)).checked()


@pytest.mark.parametrize(
    ("soc_kwh", "eur", "text"),
    [
        ([1.0] * 3, 0.1, "reserve has (3,) entries for 4 slots"),
        ([1.0, 1.0, math.nan, 1.0], 0.1, "reserve contains numbers that are not finite"),
        ([1.0, 1.0, -1.0, 1.0], 0.1, "reserve must not be negative"),
        ([1.0] * 4, -0.1, "the price of the reserve must be finite and at least 0, not -0.1"),
        ([1.0] * 4, math.nan, "the price of the reserve must be finite and at least 0, not nan"),
        ([1.0] * 4, math.inf, "the price of the reserve must be finite and at least 0, not inf"),
    ],
)
def test_what_is_wrong_with_a_reserve_is_named(soc_kwh: list[float], eur: float, text: str) -> None:
    reserve = Reserve(soc_kwh=series(soc_kwh), eur_per_kwh_h=eur)

    with pytest.raises(ProblemError) as caught:
        home(batteries=(battery(reserve=reserve),)).checked()

    assert str(caught.value) == f"battery battery: {text}"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        *[
            ({name: number}, f"{name} must be a finite number of at least 0, not {number}")
            for name in ("capacity_kwh", "soc_kwh", "target_kwh")
            for number in (-1.0, math.nan, math.inf)
        ],
        ({"charge_efficiency_frac": 0.0}, "charge_efficiency_frac must be above 0 and at most 1"),
        ({"charge_efficiency_frac": math.nan}, "charge_efficiency_frac must be above 0"),
        ({"arrival_slot": -1}, "arrival_slot must be at least 0, not -1"),
        ({"ranges": ranges((4.0, 3.0))}, "the power ranges must be rising and apart"),
        ({"ranges": ranges((-1.0, 3.0))}, "the power ranges must be rising and apart"),
        ({"ranges": ranges((1.0, math.inf))}, "the power ranges must be rising and apart"),
        ({"ranges": ranges((math.nan, 3.0))}, "the power ranges must be rising and apart"),
        ({"ranges": ranges((4.0, 11.0), (1.0, 3.0))}, "the power ranges must be rising and apart"),
        ({"wish": pieces((1.0, 0.1), (1.0, 0.2))}, "the values of wish must fall"),
        ({"wish": pieces((math.nan, 0.1))}, "wish has a piece whose width"),
        ({"wish": pieces((math.inf, 0.1))}, "wish has a piece whose width"),
        ({"fixed_kwh": series([1.0])}, "fixed_kwh has (1,) entries for 4 slots"),
        ({"fixed_kwh": series([1.0, 1.0, 1.0, -1.0])}, "fixed_kwh must not be negative"),
    ],
)
def test_what_is_wrong_with_a_car_is_named(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ProblemError) as caught:
        home(cars=(car(**changes),)).checked()

    assert f"car car: {text}" in str(caught.value)


@pytest.mark.parametrize(
    "legal",
    [
        {"ranges": ()},
        {"ranges": ranges((0.0, 3.0), (3.0, 11.0))},
        {"ranges": ranges((11.0, 11.0))},
        {"wish": ()},
        {"arrival_slot": 3, "deadline_slot": 2},
        {"arrival_slot": 9, "deadline_slot": 99},
        {"soc_kwh": 30.0, "target_kwh": 20.0},
    ],
)
def test_odd_cars_are_legal(legal: dict[str, Any]) -> None:
    home(cars=(car(**legal),)).checked()


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ProblemError) as caught:
        home(slot_h=0.0, batteries=(battery(soc_kwh=-1.0),), cars=(car(arrival_slot=-2),)).checked()

    assert [text.partition(" must")[0] for text in str(caught.value).split("; ")] == [
        "slot_h",
        "battery battery: soc_kwh",
        "car car: arrival_slot",
    ]


def test_a_name_that_is_given_twice_is_named() -> None:
    of = problem(4, batteries=(battery(name="garage"),), cars=(car(name="garage"),))

    with pytest.raises(ProblemError, match="'garage' is given twice"):
        of.checked()


@pytest.mark.parametrize(
    "pin",
    [
        Pin(flow=Flow.CHARGE, index=1, slot=0, low_kwh=0.0, high_kwh=1.0),
        Pin(flow=Flow.CAR, index=0, slot=0, low_kwh=0.0, high_kwh=1.0),
        Pin(flow=Flow.CHARGE, index=0, slot=4, low_kwh=0.0, high_kwh=1.0),
        Pin(flow=Flow.DISCHARGE, index=0, slot=0, low_kwh=2.0, high_kwh=1.0),
        Pin(flow=Flow.DISCHARGE, index=0, slot=0, low_kwh=math.nan, high_kwh=1.0),
    ],
)
def test_only_a_flow_that_exists_can_be_pinned(pin: Pin) -> None:
    of = replace(problem(4, batteries=(battery(),)), pins=(pin,))

    with pytest.raises(ProblemError, match="pinned"):
        of.checked()


def test_nobody_changes_a_series() -> None:
    values = [1.0, 2.0]
    kept = series(values)

    with pytest.raises(ValueError, match="read-only"):
        kept[0] = 9.0
    assert kept.tolist() == values


PIECES = st.lists(
    st.builds(ValuePiece, width_kwh=ANY_NUMBER, eur_per_kwh=ANY_NUMBER), max_size=3
).map(tuple)
ANY_BATTERY = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("capacity_kwh", "soc_kwh", "soc_min_kwh", "soc_max_kwh"), ANY_NUMBER),
        **dict.fromkeys(("charge_efficiency_frac", "discharge_max_kw"), ANY_NUMBER),
        "terminal": PIECES,
        "taper": st.lists(
            st.builds(TaperPoint, soc_kwh=ANY_NUMBER, charge_max_kw=ANY_NUMBER), max_size=3
        ).map(tuple),
        "reserve": st.builds(Reserve, soc_kwh=ANY_SERIES, eur_per_kwh_h=ANY_NUMBER),
    },
).map(lambda changes: battery(**changes))
ANY_CAR = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("capacity_kwh", "soc_kwh", "target_kwh"), ANY_NUMBER),
        "charge_efficiency_frac": ANY_NUMBER,
        "arrival_slot": st.integers(-2, 9),
        "deadline_slot": st.integers(-2, 9),
        "ranges": st.lists(
            st.builds(PowerRange, low_kw=ANY_NUMBER, high_kw=ANY_NUMBER), max_size=3
        ).map(tuple),
        "wish": PIECES,
        "fixed_kwh": ANY_SERIES,
    },
).map(lambda changes: car(**changes))


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "slot_h": ANY_NUMBER,
            **dict.fromkeys(SERIES, ANY_SERIES),
            "batteries": st.lists(ANY_BATTERY, max_size=2).map(tuple),
            "cars": st.lists(ANY_CAR, max_size=2).map(tuple),
        },
    )
)
def test_rubbish_is_refused_with_words_and_never_crashes(changes: dict[str, Any]) -> None:
    rubbish = home(**changes)

    try:
        accepted = rubbish.checked()
    except ProblemError as error:
        event(str(error).partition(" ")[0])
        return

    assert np.isfinite(accepted.load_kwh).all()
    assert all(np.isfinite(one.room_kwh) for one in accepted.cars)


@settings(max_examples=25, deadline=None)
@given(problems(max_slots=8))
def test_what_hypothesis_draws_is_a_home(drawn: PlanProblem) -> None:
    assert drawn.checked().n_slots <= 8


def test_a_realistic_day_is_the_same_for_the_same_seed() -> None:
    first, second = (random_problem(np.random.default_rng(5)) for _ in range(2))

    assert repr(first) == repr(second)
    assert first.pv_kwh.max() > 0.0
