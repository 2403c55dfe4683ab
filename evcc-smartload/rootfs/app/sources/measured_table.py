"""One CSV file of measurements, read strictly: what cannot be believed is refused, with its line.

A file is UTF-8, comma separated, with a header, plain (``.csv``) or gzipped (``.csv.gz``). A series
has a ``start_utc`` column: the start of each interval, rising, on a regular grid of 15, 30 or 60
minutes; rows may be missing, and an empty cell was not measured. Power columns end in ``_kw``.
"""

import csv
import gzip
import hashlib
import itertools
import math
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from domain.horizon import SLOT
from errors import MeasuredDataError
from forecaster.series import FloatArray, SlotSeries
from sources.minutes import MOST_KW

STEPS = tuple(timedelta(minutes=minutes) for minutes in (15, 30, 60))
START = "start_utc"
ENDINGS = (".csv.gz", ".csv")
MOST_EUR_PER_KWH = 10.0
"""Twice what the European day-ahead market may come to; above, a price is in another unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredFile:
    """A file and its columns; ``name`` is its path below the folder, in POSIX form."""

    path: Path
    name: str
    columns: tuple[str, ...]

    @property
    def stem(self) -> str:
        """The file's name without folder and ending."""
        return stem_of(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Everything in a file; ``lines`` are the rows' numbers in it, as an editor counts."""

    file: MeasuredFile
    sha256: str
    lines: tuple[int, ...]
    cells: Mapping[str, tuple[str, ...]]

    def numbers(self, column: str) -> FloatArray:
        """Return a column, NaN where a cell is empty.

        Raises:
            MeasuredDataError: A cell holds no number, or one that cannot be true of a column of
                that name.
        """
        values = np.empty(len(self.lines))
        for row, cell in enumerate(self.cells[column]):
            try:
                values[row] = float(cell) if cell else math.nan
            except ValueError:
                raise self.error(row, f'{column} is "{cell[:40]}", which is no number') from None
        self._refuse_impossible(column, values)
        return values

    def instants(self, column: str) -> list[datetime]:
        """Return a column of stamps as aware UTC.

        Raises:
            MeasuredDataError: One cannot be read, or does not say that it is UTC.
        """
        return [self._instant(row, column, cell) for row, cell in enumerate(self.cells[column])]

    def error(self, row: int, what: str) -> MeasuredDataError:
        """Return an error that names the line."""
        return MeasuredDataError(
            f"{self.file.name}, line {self.lines[row]}: {what}. Correct the line or empty the cell."
        )

    def _instant(self, row: int, column: str, cell: str) -> datetime:
        try:
            instant = datetime.fromisoformat(cell)
        except ValueError:
            raise self.error(
                row, f'{column} is "{cell[:40]}", not a time like 2024-03-01T00:00:00Z'
            ) from None
        if instant.tzinfo is None:
            raise self.error(row, f'{column} "{cell}" has no zone; write UTC with a Z at the end')
        return instant.astimezone(UTC)

    def _refuse_impossible(self, column: str, values: FloatArray) -> None:
        wrong = np.isinf(values)
        why = "which is no number"
        if column.endswith("_kw"):
            wrong |= (values < 0.0) | (values > MOST_KW)
            why = f"but powers lie between 0 and {MOST_KW:g} kW (is it in W, or is the sign wrong?)"
        elif column.endswith("_eur_per_kwh"):
            wrong |= np.abs(values) > MOST_EUR_PER_KWH
            why = f"but a price stays below {MOST_EUR_PER_KWH:g} EUR/kWh (is it EUR/MWh?)"
        if wrong.any():
            row = int(np.argmax(wrong))
            raise self.error(row, f"{column} is {self.cells[column][row]}, {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A series on quarter hours from ``start`` (aware UTC) on; ``step`` is that of the file."""

    rows: Rows
    start: datetime
    step: timedelta
    positions: tuple[int, ...]

    def series(self, column: str) -> SlotSeries | None:
        """Return a column, NaN where nothing was measured; None when it has nothing at all.

        Raises:
            MeasuredDataError: See ``Rows.numbers``.
        """
        if column not in self.rows.cells:
            return None
        numbers = self.rows.numbers(column)
        if not np.isfinite(numbers).any():
            return None
        per_step = self.step // SLOT
        positions = np.array(self.positions)
        values = np.full(self.positions[-1] + per_step, np.nan)
        for offset in range(per_step):
            values[positions + offset] = numbers
        return SlotSeries(start=self.start, values=values)


def stem_of(path: Path) -> str:
    """Return a file's name without its ending."""
    ending = next(ending for ending in ENDINGS if path.name.endswith(ending))
    return path.name.removesuffix(ending)


def read_header(path: Path) -> tuple[str, ...]:
    """Return the names of a file's columns.

    Raises:
        MeasuredDataError: It is empty, damaged, or has a column twice. The text names no file.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            line = file.readline().decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as err:
        raise MeasuredDataError(_what_is_wrong(err)) from err
    columns = tuple(name.strip() for name in next(csv.reader([line]), []))
    if not any(columns):
        raise MeasuredDataError("is empty: fill it or remove it")
    repeated = [name for name, times in Counter(columns).items() if times > 1]
    if repeated:
        raise MeasuredDataError(f"has the column {repeated[0]} twice: rename or remove one")
    return columns


def read_rows(file: MeasuredFile) -> Rows:
    """Read a whole file.

    Raises:
        MeasuredDataError: It is damaged, has no rows, or a row with too few or too many cells.
    """
    try:
        raw = file.path.read_bytes()
        text = (gzip.decompress(raw) if file.path.suffix == ".gz" else raw).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as err:
        raise MeasuredDataError(f"{file.name} {_what_is_wrong(err)}") from err
    reader = csv.reader(text.splitlines())
    next(reader, None)
    lines: list[int] = []
    rows: list[list[str]] = []
    for row in reader:
        if not row:
            continue
        if len(row) != len(file.columns):
            raise MeasuredDataError(
                f"{file.name}, line {reader.line_num}: {len(row)} cells instead of "
                f"{len(file.columns)}. Is the file cut off? Correct or remove the line."
            )
        lines.append(reader.line_num)
        rows.append(row)
    if not rows:
        raise MeasuredDataError(f"{file.name} has a header but no rows: fill it or remove it.")
    columns = zip(file.columns, zip(*rows, strict=True), strict=True)
    return Rows(
        file=file,
        sha256=hashlib.sha256(raw).hexdigest(),
        lines=tuple(lines),
        cells={name: tuple(cell.strip() for cell in cells) for name, cells in columns},
    )


def read_table(file: MeasuredFile) -> Table:
    """Read a series.

    Raises:
        MeasuredDataError: See ``read_rows``; or its stamps are no regular grid.
    """
    rows = read_rows(file)
    starts = rows.instants(START)
    step = _step_of(rows, starts)
    positions = tuple((start - starts[0]) // SLOT for start in starts)
    return Table(rows=rows, start=starts[0], step=step, positions=positions)


def _step_of(rows: Rows, starts: Sequence[datetime]) -> timedelta:
    """Return the regular step of ``starts``; see ``read_table`` for what it raises."""
    jumps = [after - before for before, after in itertools.pairwise(starts)]
    if not jumps:
        raise MeasuredDataError(
            f"{rows.file.name} has one row only: a series needs two, so add rows or remove it."
        )
    for row, jump in enumerate(jumps, start=1):
        if jump <= timedelta(0):
            stamp = rows.cells[START][row]
            what = "twice in a row" if not jump else "after a later one; sort the file by time"
            raise rows.error(row, f"{START} {stamp} comes {what}")
    step = Counter(jumps).most_common(1)[0][0]
    if step not in STEPS:
        raise MeasuredDataError(
            f"{rows.file.name} has a step of {step / timedelta(minutes=1):g} minutes; "
            "resample it to 15, 30 or 60 minutes."
        )
    midnight = starts[0].replace(hour=0, minute=0, second=0, microsecond=0)
    for row, start in enumerate(starts):
        if (start - starts[0]) % step or (start - midnight) % SLOT:
            raise rows.error(
                row,
                f"{START} {rows.cells[START][row]} does not lie on the file's grid of "
                f"{step // timedelta(minutes=1)} minutes; resample the file",
            )
    return step


def _what_is_wrong(err: Exception) -> str:
    if isinstance(err, UnicodeDecodeError):
        return "is not UTF-8 text: save it as UTF-8"
    if isinstance(err, (gzip.BadGzipFile, EOFError, zlib.error)):
        return f"is a damaged gzip file ({err}): copy it again or remove it"
    return f"cannot be read ({err}): check that it may be read"
