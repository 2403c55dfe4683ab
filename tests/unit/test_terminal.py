"""What stored energy is worth at the end of a plan, by examples and by what must always hold."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.plan_problem import ValuePiece
from planner.terminal import LaterCourse, Store, terminal_value

SLOT_H = 0.25
N_SLOTS = 96
# Twelve kWh in cells of half a kWh, without losses, so that examples can be worked out by hand.
LOSSLESS = Store(
    usable_kwh=12.0,
    charge_max_kw=20.0,
    discharge_max_kw=20.0,
    charge_efficiency_frac=1.0,
    discharge_efficiency_frac=1.0,
    wear_eur_per_kwh=0.0,
    may_grid_charge=False,
    may_export=False,
)
REAL = replace(
    LOSSLESS,
    charge_efficiency_frac=0.95,
    discharge_efficiency_frac=0.9,
    wear_eur_per_kwh=0.02,
    charge_max_kw=4.0,
    discharge_max_kw=4.0,
)


def hours(**by_hour: float) -> np.ndarray:
    """A day of quarter hours: ``h18=4`` is 4 in each of the quarters from 18 to 19."""
    day = np.zeros(N_SLOTS)
    for name, value in by_hour.items():
        hour = int(name.removeprefix("h"))
        day[4 * hour : 4 * hour + 4] = value
    return day


def course(
    *,
    load_kwh: np.ndarray,
    pv_kwh: np.ndarray | None = None,
    buys: float | np.ndarray = 0.30,
    sells: float = 0.08,
    weight: float = 1.0,
) -> LaterCourse:
    return LaterCourse(
        weight=weight,
        load_kwh=load_kwh,
        pv_kwh=np.zeros(N_SLOTS) if pv_kwh is None else pv_kwh,
        import_price_eur_per_kwh=np.broadcast_to(np.asarray(buys, dtype=float), N_SLOTS),
        export_price_eur_per_kwh=np.full(N_SLOTS, sells),
    )


def value_at(pieces: tuple[ValuePiece, ...], kwh: float) -> float:
    """What the kWh at that height is worth."""
    for piece in pieces:
        if kwh < piece.width_kwh:
            return piece.eur_per_kwh
        kwh -= piece.width_kwh
    return pieces[-1].eur_per_kwh


def worth(pieces: tuple[ValuePiece, ...], kwh: float) -> float:
    total = 0.0
    for piece in pieces:
        part = min(kwh, piece.width_kwh)
        total += part * piece.eur_per_kwh
        kwh -= part
    return total


def width(pieces: tuple[ValuePiece, ...]) -> float:
    return sum(piece.width_kwh for piece in pieces)


def parts(pieces: tuple[ValuePiece, ...]) -> list[float]:
    """Width and value of each piece in turn."""
    return [number for piece in pieces for number in (piece.width_kwh, piece.eur_per_kwh)]


# Examples


def test_energy_is_worth_the_night_it_saves_then_the_sun_it_frees_then_nothing() -> None:
    night_then_sun = course(load_kwh=hours(h2=1.0), pv_kwh=hours(h9=4.0, h10=4.0))

    pieces = terminal_value([night_then_sun], LOSSLESS, slot_h=SLOT_H)

    assert parts(pieces) == pytest.approx([4.0, 0.30, 4.0, 0.08, 4.0, 0.0])


def test_losses_and_wear_are_taken_off() -> None:
    night_then_sun = course(load_kwh=hours(h2=0.9), pv_kwh=hours(h9=9.0))

    pieces = terminal_value([night_then_sun], REAL, slot_h=SLOT_H)

    assert value_at(pieces, 1.0) == pytest.approx((0.30 - 0.02) * 0.9)
    # Four kWh are the first night's. An hour of sun refills 3.8 kWh for the second one.
    assert value_at(pieces, 5.0) == pytest.approx(0.08 / 0.95)
    assert value_at(pieces, 11.0) == pytest.approx(0.0)


def test_the_dearest_hours_count_first_when_nothing_refills() -> None:
    buys = np.full(N_SLOTS, 0.20)
    buys[4 * 18 : 4 * 20] = 0.40
    evening = course(load_kwh=hours(h6=0.5, h18=0.5, h19=0.5), buys=buys)

    pieces = terminal_value([evening], LOSSLESS, slot_h=SLOT_H)

    # The day is looked at twice: eight kWh of evenings, four of mornings.
    assert parts(pieces) == pytest.approx([8.0, 0.40, 4.0, 0.20])


def test_nothing_is_worth_more_than_what_can_be_bought_before_it_is_needed() -> None:
    buys = np.full(N_SLOTS, 0.40)
    buys[4 * 3 : 4 * 4] = 0.10
    cheap_night = course(load_kwh=hours(h18=2.0), buys=buys)

    bought = terminal_value([cheap_night], replace(REAL, may_grid_charge=True), slot_h=SLOT_H)
    without = terminal_value([cheap_night], REAL, slot_h=SLOT_H)

    assert value_at(without, 5.0) == pytest.approx((0.40 - 0.02) * 0.9)
    assert value_at(bought, 5.0) == pytest.approx(0.10 / 0.95)
    # In that hour 3.8 kWh can be stored; what the evening needs beyond is worth its own price.
    assert value_at(bought, 0.5) == pytest.approx((0.40 - 0.02) * 0.9)


def test_what_may_be_sold_is_worth_at_least_that() -> None:
    sunny = course(load_kwh=hours(h2=0.5), pv_kwh=hours(h9=5.0), sells=0.25)

    kept = terminal_value([sunny], REAL, slot_h=SLOT_H)
    sold = terminal_value([sunny], replace(REAL, may_export=True), slot_h=SLOT_H)

    assert value_at(kept, 11.5) == pytest.approx(0.0)
    assert value_at(sold, 11.5) == pytest.approx((0.25 - 0.02) * 0.9)


def test_a_sun_that_may_not_come_leaves_a_value_between() -> None:
    load = hours(h2=1.0, h20=1.0)
    sun = hours(h12=3.0)
    sunny = course(load_kwh=load, pv_kwh=sun, weight=1.0)
    dark = course(load_kwh=load, weight=3.0)

    mixed = terminal_value([sunny, dark], LOSSLESS, slot_h=SLOT_H)

    # After the night, energy saves the evening when it is dark, and is fed in when it is sunny.
    assert value_at(mixed, 7.0) == pytest.approx(0.25 * 0.08 + 0.75 * 0.30)


def test_a_house_that_needs_nothing_hoards_nothing() -> None:
    pieces = terminal_value([course(load_kwh=np.zeros(N_SLOTS))], LOSSLESS, slot_h=SLOT_H)

    assert pieces == (ValuePiece(width_kwh=12.0, eur_per_kwh=0.0),)


def test_a_battery_without_room_has_no_value() -> None:
    empty = replace(LOSSLESS, usable_kwh=0.0)

    assert terminal_value([course(load_kwh=hours(h2=1.0))], empty, slot_h=SLOT_H) == ()


def test_a_time_after_the_end_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one course"):
        terminal_value([], LOSSLESS, slot_h=SLOT_H)


# What must always hold

# Twelve values for a day, two hours each.
DAYS = st.lists(st.floats(0.0, 2.0), min_size=12, max_size=12)
PRICES = st.lists(st.floats(-0.1, 0.6), min_size=12, max_size=12)
OFTEN = settings(max_examples=60)
STORES = st.builds(
    Store,
    usable_kwh=st.floats(0.5, 30.0),
    charge_max_kw=st.floats(0.5, 10.0),
    discharge_max_kw=st.floats(0.5, 10.0),
    charge_efficiency_frac=st.floats(0.8, 1.0),
    discharge_efficiency_frac=st.floats(0.8, 1.0),
    wear_eur_per_kwh=st.floats(0.0, 0.1),
    may_grid_charge=st.booleans(),
    may_export=st.booleans(),
)


def day(load: list[float], pv: list[float], buys: list[float], sells: float) -> LaterCourse:
    return course(
        load_kwh=np.repeat(load, 8),
        pv_kwh=np.repeat(pv, 8),
        buys=np.repeat(buys, 8),
        sells=sells,
    )


@OFTEN
@given(DAYS, DAYS, PRICES, st.floats(-0.1, 0.2), STORES)
def test_the_pieces_fall_fill_the_battery_and_stay_within_bounds(
    load: list[float], pv: list[float], buys: list[float], sells: float, store: Store
) -> None:
    pieces = terminal_value([day(load, pv, buys, sells)], store, slot_h=SLOT_H)

    values = [piece.eur_per_kwh for piece in pieces]
    assert 1 <= len(pieces) <= 6
    assert width(pieces) == pytest.approx(store.usable_kwh)
    assert all(piece.width_kwh > 0.0 for piece in pieces)
    assert all(after <= before + 1e-12 for before, after in pairwise(values))
    highest = max(0.0, *buys, sells) / store.charge_efficiency_frac
    assert values[0] <= highest + 1e-9
    assert values[-1] >= min(0.0, *buys, sells) / store.charge_efficiency_frac - 0.1 - 1e-9


@OFTEN
@given(DAYS, DAYS, DAYS, PRICES, STORES)
def test_more_sun_later_never_makes_stored_energy_worth_more(
    load: list[float], pv: list[float], more: list[float], buys: list[float], store: Store
) -> None:
    sells = min(buys)  # where selling pays more than buying costs, sun is another business

    before = terminal_value([day(load, pv, buys, sells)], store, slot_h=SLOT_H)
    brighter = [here + extra for here, extra in zip(pv, more, strict=True)]
    after = terminal_value([day(load, brighter, buys, sells)], store, slot_h=SLOT_H)

    assert worth(after, store.usable_kwh) <= worth(before, store.usable_kwh) + 1e-6


@OFTEN
@given(DAYS, DAYS, PRICES, DAYS, STORES)
def test_dearer_prices_later_never_make_stored_energy_worth_less(
    load: list[float], pv: list[float], buys: list[float], rise: list[float], store: Store
) -> None:
    before = terminal_value([day(load, pv, buys, 0.05)], store, slot_h=SLOT_H)
    dearer = [here + extra for here, extra in zip(buys, rise, strict=True)]
    after = terminal_value([day(load, pv, dearer, 0.05)], store, slot_h=SLOT_H)

    assert worth(after, store.usable_kwh) >= worth(before, store.usable_kwh) - 1e-6


@OFTEN
@given(DAYS, DAYS, PRICES, STORES)
def test_being_allowed_to_buy_never_makes_stored_energy_worth_more(
    load: list[float], pv: list[float], buys: list[float], store: Store
) -> None:
    forbidden = replace(store, may_grid_charge=False)
    allowed = replace(store, may_grid_charge=True)

    values = [
        terminal_value([day(load, pv, buys, 0.0)], one, slot_h=SLOT_H)
        for one in (forbidden, allowed)
    ]

    assert worth(values[1], store.usable_kwh) <= worth(values[0], store.usable_kwh) + 1e-6
