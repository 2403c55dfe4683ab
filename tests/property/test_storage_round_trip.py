"""What is written comes back, whatever it is and in whatever order it came."""

import itertools
import math
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.control import CommandRecord, EvccSetting, Lever
from domain.forecast import BandSeries, ForecastKind, IssuedForecast
from domain.history import EnergySource, QuarterEnergies
from domain.horizon import SLOT
from domain.steering import CommandCode, CommandReason, Stage, WriteOutcome
from storage import command_table, energy_rows, energy_table, forecast_table
from storage.migrations import migrate
from storage.retention import first_kept_day
from storage.stored_values import slot_number
from tests.support.history_builder import START

ENERGIES = (
    "pv_kwh",
    "house_kwh",
    "grid_import_kwh",
    "grid_export_kwh",
    "battery_charge_kwh",
    "battery_discharge_kwh",
)
PRICES = ("import_eur_per_kwh", "export_eur_per_kwh")

any_float = st.none() | st.floats(width=64) | st.floats(0.0, 20.0)
flags = st.none() | st.booleans()
titles = st.text(max_size=8)


@st.composite
def quarters(draw: st.DrawFn, n_slots: int = 1) -> QuarterEnergies:
    return QuarterEnergies(
        start=START + draw(st.integers(0, n_slots - 1)) * SLOT,
        source=draw(st.sampled_from(EnergySource)),
        **{name: draw(any_float) for name in (*ENERGIES, *PRICES, "battery_soc_pct")},
        is_curtailed=draw(flags),
        loadpoints_kwh=draw(st.dictionaries(titles, st.floats(width=64), max_size=3)),
    )


def new_history() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    return connection


def kept(value: float | None, steps_per_unit: int, largest: float = 2.0**53) -> float:
    """What must be read back: whole steps, held at the limits, NaN for what is no number."""
    if value is None or not math.isfinite(value):
        return math.nan
    return round(max(-largest, min(largest, value * steps_per_unit))) / steps_per_unit


@given(quarters())
def test_a_quarter_hour_comes_back_in_its_steps(quarter: QuarterEnergies) -> None:
    with closing(new_history()) as connection:
        energy_table.write_rows(connection, [energy_rows.to_row(quarter)])
        past = energy_table.read_columns(connection, slot_number(quarter.start), 1)

    for name in ENERGIES:
        found = getattr(past, name)[0]
        assert found == pytest.approx(kept(getattr(quarter, name), 10_000), nan_ok=True)
    for name in PRICES:
        found = getattr(past, name)[0]
        assert found == pytest.approx(kept(getattr(quarter, name), 100_000), nan_ok=True)
    assert past.battery_soc_pct[0] == pytest.approx(kept(quarter.battery_soc_pct, 100), nan_ok=True)
    assert past.is_curtailed[0] == pytest.approx(kept(quarter.is_curtailed, 1), nan_ok=True)
    expected = {
        title: kept(kwh, 10_000, 2.0**31 - 1)
        for title, kwh in quarter.loadpoints_kwh.items()
        if math.isfinite(kwh)
    }
    found_kwh = {title: float(values[0]) for title, values in past.loadpoints_kwh.items()}
    assert found_kwh == pytest.approx(expected)


@settings(max_examples=50)
@given(st.lists(quarters(n_slots=3), max_size=8))
def test_writing_the_same_again_changes_nothing(past: Sequence[QuarterEnergies]) -> None:
    rows = [energy_rows.to_row(quarter) for quarter in past]
    with closing(new_history()) as connection:
        energy_table.write_rows(connection, rows)
        once = connection.execute("SELECT * FROM energy").fetchall()
        # The last word of each source, in the order it came, must settle into the same.
        energy_table.write_rows(connection, rows)

        assert connection.execute("SELECT * FROM energy").fetchall() == once


def without_prices(row: energy_rows.EnergyRow) -> tuple[object, ...]:
    return row.values[:7], row.values[9], sorted(row.loadpoints.items(), key=str)


@settings(max_examples=50)
@given(
    st.permutations(list(EnergySource)).flatmap(
        lambda sources: st.tuples(st.just(sources), st.lists(quarters(), min_size=4, max_size=4))
    )
)
def test_sources_may_come_in_any_order(
    drawn: tuple[list[EnergySource], list[QuarterEnergies]],
) -> None:
    sources, measured = drawn
    rows = [
        energy_rows.to_row(
            QuarterEnergies(
                start=START,
                source=source,
                **{name: getattr(quarter, name) for name in ENERGIES},
                battery_soc_pct=quarter.battery_soc_pct,
                is_curtailed=quarter.is_curtailed,
                loadpoints_kwh=quarter.loadpoints_kwh,
            )
        )
        for source, quarter in zip(sources, measured, strict=True)
    ]

    outcomes = [
        without_prices(reduce(energy_rows.merge, order)) for order in itertools.permutations(rows)
    ]

    assert all(outcome == outcomes[0] for outcome in outcomes)


@given(quarters(), quarters())
def test_what_was_known_never_becomes_unknown(
    first: QuarterEnergies, second: QuarterEnergies
) -> None:
    rows = [energy_rows.to_row(quarter) for quarter in (first, second)]

    merged = energy_rows.merge(*rows)

    for values in zip(merged.values, rows[0].values, rows[1].values, strict=True):
        after, *before = values
        assert (after is None) == (before == [None, None])
    assert set(merged.loadpoints) == {*rows[0].loadpoints, *rows[1].loadpoints}


@st.composite
def forecasts(draw: st.DrawFn) -> list[IssuedForecast]:
    """Curves of which the next often repeats most of the one before."""
    kind = draw(st.sampled_from(ForecastKind))
    usual = draw(st.lists(any_float, min_size=1, max_size=40))
    said = []
    issued_us = 0
    for _ in range(draw(st.integers(1, 6))):
        issued_us += draw(st.integers(1, 7_200_000_000))
        begin = issued_us // 900_000_000
        n_slots = draw(st.integers(0, 130))
        rows = [
            [usual[(begin + position) % len(usual)] for position in range(n_slots)]
            for _ in range(3)
        ]
        for row, position, value in draw(
            st.lists(st.tuples(st.integers(0, 2), st.integers(0, 129), any_float), max_size=4)
        ):
            if position < n_slots:
                rows[row][position] = value
        low, middle, high = (tuple(row) for row in rows)
        said.append(
            IssuedForecast(
                kind=kind,
                issued_at=START + timedelta(microseconds=issued_us),
                band=BandSeries(
                    start=START + begin * SLOT, p10=low, p50=middle, p90=high, n_known=n_slots // 2
                ),
                model=draw(titles),
            )
        )
    return said


def within_rounding(found: float | None, said: float | None, step: float, limit: float) -> bool:
    if said is None or not math.isfinite(said):
        return found is None
    if found is None:
        return False
    return abs(found - max(-limit, min(limit, said))) <= step / 2 * (1 + 1e-9)


@settings(max_examples=50)
@given(forecasts())
def test_every_forecast_comes_back_within_its_rounding(said: list[IssuedForecast]) -> None:
    with closing(new_history()) as connection:
        for forecast in said:
            forecast_table.write_row(connection, forecast_table.to_row(forecast))
        found = forecast_table.read_issued(
            connection, said[0].kind, START, datetime(2030, 1, 1, tzinfo=UTC)
        )

    is_price = said[0].kind in {ForecastKind.IMPORT_PRICE, ForecastKind.EXPORT_PRICE}
    assert len(found) == len(said)
    for before, after in zip(said, found, strict=True):
        assert (after.issued_at, after.model) == (before.issued_at, before.model)
        assert (after.band.start, after.band.n_known) == (before.band.start, before.band.n_known)
        pairs = [
            (one, other)
            for row in ("p10", "p50", "p90")
            for one, other in zip(getattr(before.band, row), getattr(after.band, row), strict=True)
        ]
        finest = 0.001 if is_price else 0.01
        largest = max((abs(v) for v, _ in pairs if v is not None and math.isfinite(v)), default=0.0)
        fitting = (finest * 10**n for n in range(7) if largest <= finest * 10**n * 32_767)
        step = next(fitting, finest * 10**6)
        limit = step * 32_767
        assert all(within_rounding(other, one, step, limit) for one, other in pairs)


values = st.none() | st.booleans() | st.floats(width=64) | st.integers(-(2**63), 2**63) | titles
commands = st.builds(
    CommandRecord,
    at=st.integers(0, 2).map(lambda number: START + timedelta(microseconds=number)),
    lever=st.builds(Lever, setting=st.sampled_from(EvccSetting), device=titles),
    stage=st.sampled_from(Stage),
    before=values,
    wanted=values,
    accepted=values,
    outcome=st.sampled_from(WriteOutcome),
    reason=st.builds(
        CommandReason,
        code=st.sampled_from(CommandCode),
        facts=st.dictionaries(titles, st.floats(width=64) | st.integers() | titles, max_size=3),
    ),
    detail=titles,
    settled_at=st.none() | st.just(START + SLOT),
)


def known(value: object) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def as_kept(record: CommandRecord) -> CommandRecord:
    """What must be read back: what is no number is not known, all else as it was."""
    told = (record.before, record.wanted, record.accepted)
    before, wanted, accepted = (value if known(value) else None for value in told)
    facts = {name: fact for name, fact in record.reason.facts.items() if known(fact)}
    reason = replace(record.reason, facts=facts)
    return replace(record, before=before, wanted=wanted, accepted=accepted, reason=reason)


@given(st.lists(commands, max_size=6))
def test_the_last_that_is_told_of_each_command_comes_back(told: list[CommandRecord]) -> None:
    with closing(new_history()) as connection:
        for record in told:
            command_table.write_row(connection, command_table.to_row(record))
        found = command_table.read_commands(connection, START, START + SLOT)

    last = {(record.at, record.lever): as_kept(record) for record in told}
    assert {(record.at, record.lever): record for record in found} == last
    assert len(found) == len(last)
    assert [type(record.wanted) for record in found] == [
        type(last[record.at, record.lever].wanted) for record in found
    ]
    assert [record.at for record in found] == sorted(record.at for record in found)


@given(
    st.sets(st.integers(0, 60)), st.sets(st.integers(-5, 100_000), max_size=3), st.integers(1, 40)
)
def test_a_sweep_keeps_the_newest_days_whatever_the_clock_says(
    days: set[int], todays: set[int], keep_days: int
) -> None:
    held = set(days)

    for today in sorted(todays):
        first = first_kept_day(held, today, keep_days)
        held = {day for day in held if day >= first}

    newest = sorted(days)[-keep_days:]
    assert held >= set(newest)
