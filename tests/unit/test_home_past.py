"""The home's past: what reaches disk and memory, what replaces what, and clocks that leap."""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from domain.forecast import ForecastKind
from domain.history import EnergySource, QuarterEnergies
from domain.horizon import SLOT, SLOT_H
from domain.tariff import Rate
from home_past import HomePast
from storage.history_store import HistoryStore
from tests.support.remembered_home import DAY, HOUR, KEEP, TODAY, quarters, said

LOAD, PV, PROVIDER = ForecastKind.LOAD, ForecastKind.PV, ForecastKind.PV_PROVIDER


@contextmanager
def opened(folder: Path, now: datetime = TODAY) -> Iterator[tuple[HomePast, HistoryStore]]:
    store = HistoryStore(folder / "history.db", now=now)
    yield HomePast(store, now, keep=KEEP), store
    store.close()


def quarter(at: datetime, source: EnergySource, **flows: float | bool | None) -> QuarterEnergies:
    return replace(QuarterEnergies(start=at, source=source), **flows)  # type: ignore[arg-type]  # names and types of the fields


def known(past: HomePast, kind: ForecastKind, start: datetime, n_slots: int) -> list[float]:
    values: list[float] = past.measured_kw(kind, start, start + n_slots * SLOT).values.tolist()
    return values


# What replaces what


def test_what_was_measured_is_on_disk_and_in_memory_as_power(tmp_path: Path) -> None:
    with opened(tmp_path) as (past, store):
        past.take([quarter(TODAY - SLOT, EnergySource.LIVE, house_kwh=0.2, pv_kwh=0.5)])
        store.flush()

        assert known(past, LOAD, TODAY - SLOT, 1) == [0.8]
        assert known(past, PV, TODAY - SLOT, 1) == [2.0]
        assert store.read_energies(TODAY - SLOT, TODAY).house_kwh.tolist() == [0.2]


@pytest.mark.parametrize("later", [EnergySource.LIVE, EnergySource.EVCC])
def test_evccs_own_quarter_hour_counts_whichever_came_first(
    tmp_path: Path, later: EnergySource
) -> None:
    both = [
        quarter(TODAY - SLOT, EnergySource.LIVE, house_kwh=0.2),
        quarter(TODAY - SLOT, EnergySource.EVCC, house_kwh=0.3),
    ]
    ordered = both if later is EnergySource.EVCC else both[::-1]

    with opened(tmp_path) as (past, store):
        for one in ordered:
            past.take([one])
        store.flush()

        assert known(past, LOAD, TODAY - SLOT, 1) == pytest.approx([1.2])
        assert store.read_energies(TODAY - SLOT, TODAY).house_kwh.tolist() == [0.3]


@pytest.mark.parametrize("nothing", [None, math.nan, math.inf])
def test_what_is_not_known_replaces_nothing_and_keeps_nothing_out(
    tmp_path: Path, nothing: float | None
) -> None:
    with opened(tmp_path) as (past, store):
        past.take([quarter(TODAY - SLOT, EnergySource.LIVE, house_kwh=0.2)])
        past.take([quarter(TODAY - SLOT, EnergySource.EVCC, house_kwh=nothing, pv_kwh=nothing)])
        past.take([quarter(TODAY - SLOT, EnergySource.LIVE, pv_kwh=0.1)])
        store.flush()

        assert known(past, LOAD, TODAY - SLOT, 1) == [0.8]
        assert known(past, PV, TODAY - SLOT, 1) == [0.4]
        assert store.read_energies(TODAY - SLOT, TODAY).pv_kwh.tolist() == [0.1]


def test_a_gap_is_a_gap_until_somebody_fills_it(tmp_path: Path) -> None:
    begin = TODAY - HOUR
    with opened(tmp_path) as (past, _):
        seen = quarters(begin, TODAY, source=EnergySource.LIVE)
        past.take([seen[0], seen[3]])

        assert np.isnan(known(past, LOAD, begin, 4)).tolist() == [False, True, True, False]

        past.take(quarters(begin, TODAY))

        assert np.isfinite(known(past, LOAD, begin, 4)).all()


def test_a_curtailed_quarter_hour_teaches_nothing_about_the_sun(tmp_path: Path) -> None:
    with opened(tmp_path) as (past, _):
        past.take([quarter(TODAY - SLOT, EnergySource.LIVE, pv_kwh=0.5, is_curtailed=True)])
        past.take([quarter(TODAY - SLOT, EnergySource.EVCC, pv_kwh=0.6)])

        excluded = past.pv_past(TODAY).excluded

    assert excluded is not None
    assert excluded.tolist()[-2:] == [False, True]


def test_a_quarter_hour_far_ahead_neither_stays_nor_pushes_out_the_past(tmp_path: Path) -> None:
    with opened(tmp_path) as (past, store):
        past.take(quarters(TODAY - DAY, TODAY))
        far = quarters(TODAY + 400 * DAY, TODAY + 400 * DAY + HOUR)

        past.take(far)
        past.deliver(far)
        past.collect()
        store.flush()

        assert past.house_days == pytest.approx(1.0)
        assert store.read_energies(TODAY - DAY, TODAY).house_kwh[0] > 0.0


# Prices


def rates(start: datetime, *prices: float, each: timedelta = HOUR) -> tuple[Rate, ...]:
    return tuple(
        Rate(start=start + turn * each, end=start + (turn + 1) * each, price_eur_per_kwh=price)
        for turn, price in enumerate(prices)
    )


def test_published_prices_are_known_by_the_quarter_hour(tmp_path: Path) -> None:
    with opened(tmp_path) as (past, _):
        past.take_prices(rates(TODAY - HOUR, 0.3, 0.2), (), TODAY)

        series = past.prices(ForecastKind.IMPORT_PRICE, TODAY + 2 * HOUR)

    assert series.values[-12:-8].tolist() == [0.3] * 4
    assert series.values[-8:-4].tolist() == [0.2] * 4
    assert np.isnan(series.values[-4:]).all()


def test_the_newest_word_about_a_price_counts(tmp_path: Path) -> None:
    with opened(tmp_path) as (past, _):
        past.take_prices(rates(TODAY, 0.3, 0.2), (), TODAY)
        past.take_prices(rates(TODAY, 0.4), (), TODAY)

        series = past.prices(ForecastKind.IMPORT_PRICE, TODAY + 2 * HOUR)

    assert series.values[-8:].tolist() == [0.4] * 4 + [0.2] * 4


def test_a_rate_that_does_not_begin_on_a_quarter_hour_is_known_where_it_is_whole(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as (past, _):
        past.take_prices(rates(TODAY + timedelta(minutes=7), 0.3), (), TODAY)

        values = past.prices(ForecastKind.IMPORT_PRICE, TODAY + 2 * HOUR).values[-8:]

    assert np.isfinite(values).tolist() == [False, True, True, True, False, False, False, False]


def test_a_tariff_that_holds_for_years_ends_with_what_is_looked_at(tmp_path: Path) -> None:
    with opened(tmp_path) as (past, _):
        past.take_prices(rates(TODAY - DAY, 0.3, each=900 * DAY), (), TODAY)

        series = past.prices(ForecastKind.IMPORT_PRICE, TODAY + 20 * DAY)

    assert np.isfinite(series.values).sum() == 9 * 96


def test_prices_of_another_time_push_nothing_out(tmp_path: Path) -> None:
    with opened(tmp_path) as (past, _):
        past.take(quarters(TODAY - DAY, TODAY))

        past.take_prices(rates(TODAY + 900 * DAY, 0.3), (), TODAY)

        assert past.house_days == pytest.approx(1.0)


# What was said


def test_what_was_said_is_in_the_store_with_its_time_and_in_memory_by_lead(tmp_path: Path) -> None:
    at = TODAY + timedelta(minutes=3)
    forecast = replace(said(LOAD, TODAY, 1.0), issued_at=at)
    with opened(tmp_path) as (past, store):
        past.take_forecast(forecast)
        store.flush()

        (kept,) = store.read_issued(LOAD, TODAY, TODAY + SLOT)
        _, hour_before, _ = past.said(LOAD, HOUR, TODAY, TODAY + 2 * HOUR)

    assert (kept.issued_at, kept.model, len(kept.band)) == (at, "test", len(forecast.band))
    assert np.isnan(hour_before.values).tolist() == [True] * 5 + [False] * 3


def test_what_would_have_been_said_fills_gaps_and_replaces_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as (past, store):
        past.take_forecast(said(LOAD, TODAY, 1.0, n_slots=4))
        past.fill_said(said(LOAD, TODAY, 9.0, n_slots=8))
        store.flush()

        low, middle, _ = past.said(LOAD, timedelta(0), TODAY, TODAY + 2 * HOUR)

        assert middle.values.tolist() == [1.0] * 4 + [9.0] * 4
        assert low.values.tolist() == pytest.approx([0.9] * 4 + [8.9] * 4)
        assert len(store.read_issued(LOAD, TODAY - DAY, TODAY + DAY)) == 1


# Restarts


def test_a_restart_knows_what_was_known(tmp_path: Path) -> None:
    with opened(tmp_path) as (past, _):
        past.take(quarters(TODAY - 3 * DAY, TODAY, pv=lambda _: 2.0))
        past.take_forecast(said(LOAD, TODAY - 2 * DAY, 1.0))
        before = past.measured_kw(LOAD, TODAY - KEEP, TODAY).values
        said_before = past.said(LOAD, DAY, TODAY - DAY, TODAY + DAY)

    with opened(tmp_path) as (past, _):
        np.testing.assert_allclose(past.measured_kw(LOAD, TODAY - KEEP, TODAY).values, before)
        assert known(past, PV, TODAY - SLOT, 1) == [2.0]
        for part, part_before in zip(
            past.said(LOAD, DAY, TODAY - DAY, TODAY + DAY), said_before, strict=True
        ):
            np.testing.assert_allclose(part.values, part_before.values)


def test_a_history_that_cannot_be_read_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "history.db").write_bytes(b"no database " * 1000)

    with opened(tmp_path) as (past, store):
        assert past.house_days == 0.0
        assert store.load_problem is not None

        past.take(quarters(TODAY - DAY, TODAY))

        assert past.house_days == pytest.approx(1.0)


def test_without_a_folder_everything_is_kept_in_memory(tmp_path: Path) -> None:
    with opened(tmp_path / "missing") as (past, store):
        past.take(quarters(TODAY - DAY, TODAY))
        past.take_forecast(said(LOAD, TODAY, 1.0))

        assert past.house_days == pytest.approx(1.0)
        assert store.save_problem is not None


# Clocks that leap


@pytest.mark.parametrize("years", [-56, -1, 4])
def test_a_leap_and_the_way_back_lose_nothing(tmp_path: Path, years: int) -> None:
    elsewhere = TODAY + years * 365 * DAY
    with opened(tmp_path) as (past, store):
        past.take(quarters(TODAY - 3 * DAY, TODAY))
        past.take_forecast(said(LOAD, TODAY - 2 * DAY, 1.0))

        assert past.follow_clock(elsewhere)
        assert past.house_days == pytest.approx(0.0)
        past.take(quarters(elsewhere - HOUR, elsewhere))
        assert past.follow_clock(TODAY + SLOT)

        assert past.measured_kw(LOAD, TODAY - 3 * DAY, TODAY).values.min() > 0.0
        assert past.said(LOAD, DAY, TODAY - DAY, TODAY)[1].values.tolist() == [1.0] * 96
        assert past.stored_until(EnergySource.EVCC) is None
        assert store.problem is None


def test_prices_are_taken_again_after_a_leap(tmp_path: Path) -> None:
    tariff = rates(TODAY, 0.3)
    with opened(tmp_path) as (past, _):
        past.take_prices(tariff, (), TODAY)
        past.follow_clock(TODAY + 400 * DAY)
        past.follow_clock(TODAY)

        past.take_prices(tariff, (), TODAY)

        assert past.prices(ForecastKind.IMPORT_PRICE, TODAY + HOUR).values[-1] == 0.3


def test_a_clock_that_is_put_right_by_minutes_leaps_not(tmp_path: Path) -> None:
    with opened(tmp_path) as (past, _):
        assert not past.follow_clock(TODAY + HOUR)
        assert not past.follow_clock(TODAY - HOUR)


def test_what_is_known_up_to_now_is_not_what_a_wrong_clock_left(tmp_path: Path) -> None:
    with opened(tmp_path) as (past, _):
        past.take(quarters(TODAY - DAY, TODAY - HOUR))
        past.take(quarters(TODAY + 2 * DAY, TODAY + 3 * DAY))

        assert past.known_until(TODAY) == TODAY - HOUR
        assert past.known_until(TODAY - 2 * DAY) is None


# Threads


def together(n_threads: int, work: Callable[[int], None]) -> None:
    barrier = threading.Barrier(n_threads)

    def run(number: int) -> None:
        barrier.wait()
        work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_nothing_delivered_by_other_threads_is_lost_while_the_cycle_collects(
    tmp_path: Path,
) -> None:
    n_days = 12
    with opened(tmp_path) as (past, store):

        def work(number: int) -> None:
            if number == 0:
                for _ in range(50):
                    past.collect()
                return
            begin = TODAY - number * n_days // 3 * DAY
            for turn in range(n_days // 3):
                day = begin + turn * DAY
                past.deliver(quarters(day, day + DAY))
                past.deliver_forecasts([said(PROVIDER, day, 1.0, n_slots=96)])

        together(4, work)
        past.collect()
        store.flush()

        assert past.house_days == pytest.approx(n_days)
        assert past.house_days == pytest.approx(
            np.isfinite(store.read_energies(TODAY - KEEP, TODAY).house_kwh).sum() * SLOT_H / 24.0
        )
        provider = past.said(PROVIDER, timedelta(0), TODAY - n_days * DAY, TODAY)[1]
        assert np.isfinite(provider.values).all()
        assert not past.collect()
