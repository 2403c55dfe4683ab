import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from domain.history import EnergySource
from domain.horizon import SLOT
from tests.support.history_builder import DAY, START, open_store, quarter

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_quarter_hour_that_was_not_measured_is_not_zero(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.write_energies([quarter(0, house_kwh=0.1), quarter(2, house_kwh=0.0)])
        store.flush()

        past = store.read_energies(START, START + 3 * SLOT)

    np.testing.assert_array_equal(past.house_kwh, [0.1, np.nan, 0.0])
    assert np.isnan(past.pv_kwh).all()


def test_everything_that_was_measured_comes_back(tmp_path: Path) -> None:
    measured = replace(
        quarter(1, house_kwh=0.1234, pv_kwh=2.5, import_eur_per_kwh=-0.01234),
        grid_import_kwh=0.3,
        grid_export_kwh=1.7001,
        battery_charge_kwh=0.4,
        battery_discharge_kwh=0.0,
        battery_soc_pct=55.55,
        export_eur_per_kwh=0.0811,
        is_curtailed=True,
        loadpoints_kwh={"Garage": 2.75, "Carport Süd": 0.0},
    )

    with open_store(tmp_path / "history.db") as store:
        store.write_energies([measured])
        store.flush()
        past = store.read_energies(START + SLOT, START + 2 * SLOT)

    assert past.house_kwh == pytest.approx([0.1234])
    assert past.pv_kwh == pytest.approx([2.5])
    assert past.grid_import_kwh == pytest.approx([0.3])
    assert past.grid_export_kwh == pytest.approx([1.7001])
    assert past.battery_charge_kwh == pytest.approx([0.4])
    assert past.battery_discharge_kwh == pytest.approx([0.0])
    assert past.battery_soc_pct == pytest.approx([55.55])
    assert past.import_eur_per_kwh == pytest.approx([-0.01234])
    assert past.export_eur_per_kwh == pytest.approx([0.0811])
    assert past.is_curtailed == pytest.approx([1.0])
    assert {title: values[0] for title, values in past.loadpoints_kwh.items()} == {
        "Garage": pytest.approx(2.75),
        "Carport Süd": pytest.approx(0.0),
    }


def test_a_more_trusted_source_replaces_a_less_trusted_one_column_by_column(
    tmp_path: Path,
) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.write_energies([quarter(source=EnergySource.LIVE, house_kwh=0.2, pv_kwh=1.0)])
        store.write_energies([quarter(source=EnergySource.EVCC, house_kwh=0.3)])
        store.write_energies([quarter(source=EnergySource.INFLUX, house_kwh=0.4, pv_kwh=1.1)])
        store.flush()

        past = store.read_energies(START, START + SLOT)

    assert past.house_kwh == pytest.approx([0.3])
    assert past.pv_kwh == pytest.approx([1.1])


def test_a_loadpoint_is_merged_like_a_column(tmp_path: Path) -> None:
    live = replace(quarter(source=EnergySource.LIVE), loadpoints_kwh={"A": 1.0, "B": 1.0})
    evcc = replace(quarter(source=EnergySource.EVCC), loadpoints_kwh={"A": 2.0})

    with open_store(tmp_path / "history.db") as store:
        store.write_energies([live])
        store.write_energies([evcc])
        store.write_energies([live])
        store.flush()
        past = store.read_energies(START, START + SLOT)

    assert {title: values[0] for title, values in past.loadpoints_kwh.items()} == {
        "A": 2.0,
        "B": 1.0,
    }


def test_a_source_corrects_itself(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.write_energies([quarter(house_kwh=0.2)])
        store.write_energies([quarter(house_kwh=0.3)])
        store.flush()

        assert store.read_energies(START, START + SLOT).house_kwh == pytest.approx([0.3])


def test_a_price_stays_as_it_was_known_then(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.write_energies([quarter(source=EnergySource.LIVE, import_eur_per_kwh=0.31)])
        store.write_energies([quarter(source=EnergySource.EVCC, import_eur_per_kwh=0.29)])
        store.flush()

        past = store.read_energies(START, START + SLOT)

    assert past.import_eur_per_kwh == pytest.approx([0.31])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_was_not_measured(tmp_path: Path, value: float) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.write_energies([quarter(house_kwh=value)])
        store.flush()

        assert np.isnan(store.read_energies(START, START + SLOT).house_kwh).all()
        assert store.problem is None


def test_a_start_between_quarter_hours_is_refused(tmp_path: Path) -> None:
    crooked = replace(quarter(house_kwh=0.1), start=START + timedelta(minutes=7))

    with open_store(tmp_path / "history.db") as store:
        with pytest.raises(ValueError, match="no quarter hour"):
            store.write_energies([quarter(house_kwh=0.2), crooked])
        store.flush()

        assert store.summary().first is None


@pytest.mark.parametrize(("day", "n_slots"), [(29, 92), (28, 96)], ids=["23 hours", "24 hours"])
def test_a_local_day_in_spring_has_its_own_length(tmp_path: Path, day: int, n_slots: int) -> None:
    start = datetime(2026, 3, day, tzinfo=BERLIN).astimezone(UTC)
    end = datetime(2026, 3, day + 1, tzinfo=BERLIN).astimezone(UTC)
    first = (start - START) // SLOT
    with open_store(tmp_path / "history.db") as store:
        store.write_energies([quarter(first + n, house_kwh=n / 100) for n in range(n_slots)])
        store.flush()

        past = store.read_energies(start, end)

    assert past.n_slots == n_slots
    assert past.house_kwh == pytest.approx(np.arange(n_slots) / 100)


def test_a_day_of_25_hours_keeps_both_hours_of_one_name(tmp_path: Path) -> None:
    start = datetime(2026, 10, 25, tzinfo=BERLIN).astimezone(UTC)
    end = datetime(2026, 10, 26, tzinfo=BERLIN).astimezone(UTC)
    first = (start - START) // SLOT
    with open_store(tmp_path / "history.db") as store:
        store.write_energies([quarter(first + n, house_kwh=n / 100) for n in range(100)])
        store.flush()

        past = store.read_energies(start, end)

    assert past.house_kwh == pytest.approx(np.arange(100) / 100)


def test_the_summary_tells_how_much_there_is(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.write_energies([quarter(0, pv_kwh=0.1), quarter(1), quarter(96 * 3, pv_kwh=0.1)])
        store.flush()

        summary = store.summary()

    assert (summary.first, summary.last, summary.n_days) == (START, START + 3 * DAY, 2)
    assert summary.n_bytes > 0


def test_a_history_outlives_the_service(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.write_energies([quarter(house_kwh=0.25)])

    with open_store(tmp_path / "history.db") as store:
        assert store.read_energies(START, START + SLOT).house_kwh == pytest.approx([0.25])
        assert store.problem is None
