"""How the house came through the nights: which ones there are, and what was needed in them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from forecaster.series import FloatArray
from proof.accounting import SlotBook
from proof.day_slots import PricedSlots
from proof.nights import Night, nights_of, sum_nights

START = datetime(2026, 5, 3, 22, tzinfo=UTC)  # local midnight in Berlin
N = 3 * 96
LOAD_KW = np.full(N, 0.4)


def sun_kw() -> FloatArray:
    """Three days with sun from 8 to 18 local time."""
    day = np.zeros(96)
    day[32:72] = 4.0
    return np.tile(day, 3)


def priced(price: FloatArray | None = None, is_measured: FloatArray | None = None) -> PricedSlots:
    return PricedSlots(
        start=START,
        zone=ZoneInfo("Europe/Berlin"),
        import_price_eur_per_kwh=np.full(N, 0.3) if price is None else price,
        export_price_eur_per_kwh=np.full(N, 0.08),
        is_measured=np.ones(N, dtype=np.bool_) if is_measured is None else is_measured.astype(bool),
    )


def book(
    *,
    import_kwh: FloatArray | None = None,
    cars_kwh: FloatArray | None = None,
    discharge_kwh: FloatArray | None = None,
) -> SlotBook:
    zeros, whole = np.zeros(N), np.zeros(N, dtype=np.int64)
    return SlotBook(
        import_kwh=zeros if import_kwh is None else import_kwh,
        export_kwh=zeros,
        pv_kwh=zeros,
        load_kwh=zeros,
        cars_kwh=zeros if cars_kwh is None else cars_kwh,
        discharge_kwh=zeros if discharge_kwh is None else discharge_kwh,
        away_kwh=zeros,
        stored_kwh=np.zeros(N + 1),
        is_below_buffer=np.zeros(N, dtype=np.bool_),
        writes=whole,
        decisions=whole,
        switches=whole,
    )


def test_a_night_lasts_from_the_end_of_the_surplus_to_the_next_one() -> None:
    nights = nights_of(priced(), pv_kw=sun_kw(), load_kw=LOAD_KW)

    # The evening of the last day has no morning.
    assert nights == [Night(first=72, end=96 + 32), Night(first=96 + 72, end=2 * 96 + 32)]


def test_a_night_ends_where_energy_is_cheap() -> None:
    price = np.full(N, 0.3)
    price[96 + 8 : 96 + 24] = 0.1

    nights = nights_of(priced(price), pv_kw=sun_kw(), load_kw=LOAD_KW)

    assert nights[0] == Night(first=72, end=96 + 8)


def test_a_night_after_a_day_without_surplus_is_none_that_a_buffer_could_bridge() -> None:
    sun = sun_kw()
    sun[:96] = 0.0

    assert len(nights_of(priced(), pv_kw=sun, load_kw=LOAD_KW)) == 1


def test_a_night_of_a_day_that_does_not_count_is_left_out() -> None:
    is_measured = np.ones(N)
    is_measured[96 : 2 * 96] = 0.0

    assert nights_of(priced(is_measured=is_measured), pv_kw=sun_kw(), load_kw=LOAD_KW) == []


def test_a_night_is_bridged_when_the_house_needed_nothing_from_the_grid() -> None:
    import_kwh = np.zeros(N)
    import_kwh[96 + 10] = 0.5
    import_kwh[96 + 40] = 5.0  # by day
    nights = nights_of(priced(), pv_kw=sun_kw(), load_kw=LOAD_KW)

    sums = sum_nights(nights, book(import_kwh=import_kwh), pv_kw=sun_kw(), load_kw=LOAD_KW)

    assert (sums.nights, sums.bridged) == (2, 1)


def test_what_a_car_buys_at_night_is_not_the_houses() -> None:
    bought_kwh = np.zeros(N)
    bought_kwh[96 + 10] = 2.0
    nights = nights_of(priced(), pv_kw=sun_kw(), load_kw=LOAD_KW)

    sums = sum_nights(
        nights,
        book(import_kwh=bought_kwh, cars_kwh=bought_kwh),
        pv_kw=sun_kw(),
        load_kw=LOAD_KW,
    )

    assert sums.bridged == 2


def test_what_the_battery_gave_is_counted_as_far_as_the_house_needed_it() -> None:
    discharge_kwh = np.zeros(N)
    discharge_kwh[80] = 0.06
    discharge_kwh[81] = 2.0  # into a car, but for the house's 0.1 kWh
    nights = nights_of(priced(), pv_kw=sun_kw(), load_kw=LOAD_KW)

    sums = sum_nights(nights, book(discharge_kwh=discharge_kwh), pv_kw=sun_kw(), load_kw=LOAD_KW)

    assert sums.kept_kwh == pytest.approx(0.16)
