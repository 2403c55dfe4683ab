"""Finds measured homes in a folder of CSV files and brings them onto quarter hours.

A file with a ``start_utc`` column and a regular step of 15, 30 or 60 minutes is a home, or several:

    load_base_kw or load_kw    house load without controllable loads
    h<name>_load_kw            one home of several in a file, with h<name>_pv_kw beside it
    pv_kw                      measured PV
    pv_forecast_kw             what the PV provider said
    price_eur_per_kwh          a price series

Powers are means over the step; an empty cell was not measured. Nothing else is read.
"""

import csv
import gzip
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from domain.horizon import SLOT
from forecaster.series import FloatArray, SlotSeries, n_slots_between

STEPS = tuple(timedelta(minutes=minutes) for minutes in (15, 30, 60))
_LOADS = ("load_base_kw", "load_kw", "load_total_kw")
_NUMBERED = re.compile(r"(h[a-z0-9]+)_load_kw")
# A zone with the usual clock changes for each standard offset [h] from UTC.
_ZONES = {
    -10: "Pacific/Honolulu",
    -9: "America/Anchorage",
    -8: "America/Los_Angeles",
    -7: "America/Denver",
    -6: "America/Chicago",
    -5: "America/New_York",
    -4: "America/Halifax",
    0: "Europe/London",
    1: "Europe/Berlin",
    2: "Europe/Helsinki",
    10: "Australia/Sydney",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredHome:
    """One home on quarter hours; ``step`` is that of the file. None: it has no such column."""

    name: str
    step: timedelta
    zone: ZoneInfo
    load: SlotSeries | None
    pv: SlotSeries | None
    pv_forecast: SlotSeries | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSeries:
    """Prices [EUR/kWh] on quarter hours."""

    name: str
    step: timedelta
    prices: SlotSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One file: columns on quarter hours from ``start`` on, NaN where nothing was measured."""

    path: Path
    start: datetime
    step: timedelta
    columns: Mapping[str, FloatArray]

    def series(self, column: str) -> SlotSeries | None:
        """Return a column, None when the file has no such one or nothing in it."""
        values = self.columns.get(column)
        if values is None or not np.isfinite(values).any():
            return None
        return SlotSeries(start=self.start, values=values)


def find_homes(folder: Path, zone: ZoneInfo | None = None) -> list[MeasuredHome]:
    """Return every home below ``folder``, in the order of the files' names.

    ``zone`` is theirs; without it each home's is guessed from the time of the sun's noon.
    """
    return [home for table in read_tables(folder) for home in _homes_of(table, zone)]


def find_prices(folder: Path) -> list[PriceSeries]:
    """Return every price series below ``folder``."""
    found = []
    for table in read_tables(folder):
        prices = table.series("price_eur_per_kwh")
        if prices is not None:
            found.append(PriceSeries(name=_stem(table.path), step=table.step, prices=prices))
    return found


def read_tables(folder: Path) -> Iterator[Table]:
    """Yield every regular time series below ``folder``; other files are passed over."""
    for path in sorted([*folder.rglob("*.csv"), *folder.rglob("*.csv.gz")]):
        table = read_table(path)
        if table is not None:
            yield table


def read_table(path: Path) -> Table | None:
    """Return one file on quarter hours; None when it is no regular time series."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    reader = csv.reader(text.splitlines())
    header = next(reader, [])
    rows = list(reader)
    if "start_utc" not in header or len(rows) < 2:
        return None
    time_column = header.index("start_utc")
    starts = [datetime.fromisoformat(row[time_column]) for row in rows]
    step = min(after - before for before, after in itertools.pairwise(starts))
    if step not in STEPS:
        return None
    per_step = step // SLOT
    positions = np.array([n_slots_between(starts[0], start) for start in starts])
    n_slots = int(positions[-1]) + per_step
    columns: dict[str, FloatArray] = {}
    for index, name in enumerate(header):
        if index == time_column:
            continue
        values = np.full(n_slots, np.nan)
        numbers = np.array([_number(row[index]) for row in rows])
        for offset in range(per_step):
            values[positions + offset] = numbers
        columns[name] = values
    return Table(path=path, start=starts[0], step=step, columns=columns)


def _number(text: str) -> float:
    try:
        return float(text) if text else float("nan")
    except ValueError:
        return float("nan")


def _homes_of(table: Table, zone: ZoneInfo | None) -> Iterator[MeasuredHome]:
    names = {
        match[1]: (f"{match[1]}_load_kw", f"{match[1]}_pv_kw", f"{match[1]}_pv_forecast_kw")
        for match in map(_NUMBERED.fullmatch, table.columns)
        if match is not None
    }
    if not names:
        load = next((name for name in _LOADS if name in table.columns), "")
        names = {"": (load, "pv_kw", "pv_forecast_kw")}
    place = zone or _guess_zone([table.series(pv) for _, pv, _ in names.values()])
    for name, (load, pv, forecast) in names.items():
        series = {key: table.series(column) for key, column in
                  (("load", load), ("pv", pv), ("pv_forecast", forecast))}  # fmt: skip
        if series["load"] is None and series["pv"] is None:
            continue
        yield MeasuredHome(
            name="_".join(filter(None, (_stem(table.path), name))),
            step=table.step,
            zone=place,
            **series,
        )


def _stem(path: Path) -> str:
    return path.name.partition(".")[0]


def _guess_zone(roofs: Sequence[SlotSeries | None]) -> ZoneInfo:
    """Return the zone whose standard time has the sun's noon at twelve; UTC without PV."""
    noon = 0j
    for pv in filter(None, roofs):
        first_h = pv.start.hour + pv.start.minute / 60.0
        hours = first_h + (np.arange(len(pv.values)) + 0.5) * (SLOT / timedelta(hours=1))
        noon += complex((np.nan_to_num(pv.values) * np.exp(2j * np.pi * hours / 24.0)).sum())
    if noon == 0j:
        return ZoneInfo("UTC")
    noon_utc_h = float(np.angle(noon)) * 24.0 / (2.0 * np.pi) % 24.0
    nearest = min(_ZONES, key=lambda offset: abs(offset - (12.0 - noon_utc_h)))
    return ZoneInfo(_ZONES[nearest])
