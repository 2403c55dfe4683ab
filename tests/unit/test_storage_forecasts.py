import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from domain.forecast import BandSeries, ForecastKind
from domain.horizon import SLOT
from tests.support.history_builder import DAY, START, open_store, said

LOAD = ForecastKind.LOAD
HOUR = timedelta(hours=1)


def test_a_forecast_comes_back_as_it_was_said(tmp_path: Path) -> None:
    forecast = replace(
        said([], kind=ForecastKind.IMPORT_PRICE, model="published"),
        issued_at=START + timedelta(seconds=3, microseconds=141_592),
        band=BandSeries(
            start=START,
            p10=(0.281, -0.05, None),
            p50=(0.281, 0.0, None),
            p90=(0.281, 0.1, 0.4),
            n_known=1,
        ),
    )

    with open_store(tmp_path / "history.db") as store:
        store.write_forecast(forecast)
        store.flush()

        assert store.read_issued(ForecastKind.IMPORT_PRICE, START, START + SLOT) == (forecast,)


def test_kinds_do_not_mix(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        for number, kind in enumerate(ForecastKind):
            store.write_forecast(said([number / 10], kind=kind))
        store.flush()

        found = [store.read_issued(kind, START, START + SLOT)[0].band.p50 for kind in ForecastKind]

    assert found == [(0.0,), (0.1,), (0.2,), (0.3,), (0.4,)]


def test_powers_are_rounded_to_ten_watts_and_prices_to_a_tenth_of_a_cent(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.write_forecast(said([1.2345]))
        store.write_forecast(said([0.12345], kind=ForecastKind.EXPORT_PRICE))
        store.flush()

        (load,) = store.read_issued(LOAD, START, START + SLOT)
        (price,) = store.read_issued(ForecastKind.EXPORT_PRICE, START, START + SLOT)

    assert load.band.p50 == (1.23,)
    assert price.band.p50 == (0.123,)


def test_a_currency_of_small_units_is_kept_more_coarsely(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.write_forecast(said([61.237, 0.004, None], kind=ForecastKind.IMPORT_PRICE))
        store.flush()

        (price,) = store.read_issued(ForecastKind.IMPORT_PRICE, START, START + SLOT)

    assert price.band.p50 == (61.24, 0.0, None)


def test_what_was_said_first_for_an_instant_stays(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.write_forecast(said([1.0]))
        store.write_forecast(said([2.0]))
        store.flush()

        (kept,) = store.read_issued(LOAD, START, START + SLOT)

    assert kept.band.p50 == (1.0,)


def curves_of(path: Path) -> list[int | None]:
    with closing(sqlite3.connect(path)) as connection:
        return [size for (size,) in connection.execute("SELECT length(curve) FROM forecast")]


def test_an_unchanged_curve_is_stored_once_and_every_issue_time_is_answered(
    tmp_path: Path,
) -> None:
    curve = [round(0.01 * (n * 37 % 101), 2) for n in range(192)]
    forecasts = [said(curve[n:], issued=n) for n in range(40)]

    with open_store(tmp_path / "history.db") as store:
        for forecast in forecasts:
            store.write_forecast(forecast)
        store.flush()
        found = store.read_issued(LOAD, START, START + DAY)

    assert found == tuple(forecasts)
    assert sum(size is not None for size in curves_of(tmp_path / "history.db")) == 1


def test_a_curve_that_changes_little_is_small(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    first = [round(value, 2) for value in chance.random(192).tolist()]
    second = [first[1] + 0.5, *first[2:], 0.77]

    with open_store(tmp_path / "history.db") as store:
        store.write_forecast(said(first))
        store.write_forecast(said(second, issued=1))
        store.flush()
        found = store.read_issued(LOAD, START, START + DAY)

    sizes = curves_of(tmp_path / "history.db")
    assert sizes[0] is not None
    assert sizes[1] is not None
    assert sizes[1] < sizes[0] / 4
    assert found[1].band.p50 == pytest.approx(second)


def test_what_was_said_before_is_the_newest_that_was_early_enough(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        for issued in range(4):
            store.write_forecast(said([float(issued)] * 8, issued=issued))
        store.flush()

        an_hour_before = store.read_said_before(LOAD, START, START + 8 * SLOT, HOUR)
        at_once = store.read_said_before(LOAD, START, START + 8 * SLOT, timedelta(0))

    assert an_hour_before.p50 == (None, None, None, None, 0.0, 1.0, 2.0, 3.0)
    assert at_once.p50 == (0.0, 1.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0)


def test_a_forecast_said_a_moment_too_late_is_not_peeked_at(tmp_path: Path) -> None:
    late = replace(said([9.0] * 8), issued_at=START + timedelta(microseconds=1))

    with open_store(tmp_path / "history.db") as store:
        store.write_forecast(late)
        store.flush()

        found = store.read_said_before(LOAD, START, START + 6 * SLOT, HOUR)

    assert found.p50 == (None, None, None, None, None, 9.0)


def test_where_the_newest_does_not_reach_an_older_one_answers(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.write_forecast(said([1.0] * 8, issued=0))
        store.write_forecast(said([2.0] * 3, issued=1))
        store.flush()

        found = store.read_said_before(LOAD, START, START + 8 * SLOT, timedelta(0))

    assert found.p50 == (1.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0)


def test_a_newer_not_known_is_an_answer(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.write_forecast(said([1.0] * 4, issued=0))
        store.write_forecast(said([None, 2.0, None], issued=1))
        store.flush()

        found = store.read_said_before(LOAD, START, START + 4 * SLOT, timedelta(0))

    assert found.p50 == (1.0, None, 2.0, None)


def test_what_was_said_before_over_many_days_equals_looking_it_up(tmp_path: Path) -> None:
    chance = np.random.default_rng(2)
    usual = chance.random(40 * 96)
    issued = sorted(chance.choice(30 * 96, 200, replace=False).tolist())
    forecasts = [
        said([round(usual[n + k] + 0.01 * (n % 5), 2) for k in range(100)], issued=n)
        for n in issued
    ]
    with open_store(tmp_path / "history.db") as store:
        for forecast in forecasts:
            store.write_forecast(forecast)
        store.flush()

        found = store.read_said_before_array(LOAD, START, START + 30 * DAY, 6 * HOUR)

    expected = np.full(30 * 96, np.nan)
    for n, forecast in zip(issued, forecasts, strict=True):
        for slot in range(n + 24, min(n + 100, 30 * 96)):
            expected[slot] = forecast.band.p50[slot - n]
    np.testing.assert_allclose(found[1], expected)
    np.testing.assert_array_equal(found[0], found[2])


def test_a_damaged_curve_counts_as_never_said(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with open_store(path) as store:
        store.write_forecast(said([1.0] * 8, issued=0))
        store.write_forecast(said([9.0, 0.0] * 4, issued=1))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE forecast SET curve = x'ff' WHERE start_slot % 4 = 1")
        connection.commit()

    with open_store(path) as store:
        found = store.read_said_before(LOAD, START, START + 4 * SLOT, timedelta(0))
        issued = store.read_issued(LOAD, START, START + DAY)

    assert found.p50 == (1.0,) * 4
    assert len(issued) == 1


def test_an_empty_forecast_is_kept(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.write_forecast(said([1.0, 2.0]))
        store.write_forecast(said([], issued=1))
        store.flush()

        assert store.read_issued(LOAD, START + SLOT, START + DAY) == (said([], issued=1),)
