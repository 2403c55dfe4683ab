"""Tiny folders of measured data, written anew for each test."""

import gzip
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

HOUR = timedelta(hours=1)

Cell = float | str | None
Column = Callable[[datetime], Cell]


def write_csv(path: Path, header: str, lines: Sequence[str]) -> Path:
    """Write a file; gzipped when its name ends so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join([header, *lines]) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def write_series(
    path: Path, start: datetime, end: datetime, step: timedelta = HOUR, **columns: Column
) -> Path:
    """Write a series from ``start`` to ``end``; each column is a function of the time."""
    lines = []
    at = start
    while at < end:
        cells = (column(at) for column in columns.values())
        written = ("" if cell is None else str(cell) for cell in cells)
        lines.append(",".join([f"{at:%Y-%m-%dT%H:%M:%SZ}", *written]))
        at += step
    return write_csv(path, ",".join(["start_utc", *columns]), lines)


def sun_at(noon_utc_h: float) -> Column:
    """Return PV [kW] that is highest at ``noon_utc_h``."""
    return lambda at: max(0.0, 4.0 - abs((at.hour + 0.5 - noon_utc_h + 12.0) % 24.0 - 12.0))


def write_sessions(
    path: Path,
    sessions: Sequence[tuple[str, str, float]],
    *,
    user: str = "P1",
    power_kw: Cell = 3.6,
    battery_kwh: Cell = 40.0,
) -> Path:
    """Write the sessions of one user at ASK: begin, end, energy [kWh]."""
    end = ",".join("" if cell is None else str(cell) for cell in (power_kw, battery_kwh))
    lines = [
        f"ASK,{user},{begins},{ends},{energy_kwh},{end}" for begins, ends, energy_kwh in sessions
    ]
    header = "location,user_id,plug_in_utc,plug_out_utc,energy_kwh"
    return write_csv(path, f"{header},est_charging_power_kw,est_battery_kwh", lines)
