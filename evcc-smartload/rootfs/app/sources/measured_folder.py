"""Measured homes and prices in a folder of CSV files, and how one is chosen by name.

A file with a ``start_utc`` column (see ``sources.measured_table``) is a home, several, or prices:

    load_base_kw or load_kw    house load without controllable loads; or load_total_kw, with them
    pv_kw                      measured PV
    pv_forecast_kw             what the PV provider said
    h<name>_load_kw            one home of several in a file, with h<name>_pv_kw beside it
    price_eur_per_kwh          a wholesale price

A home or price is called as its file without ending, and with ``_h<name>`` where there are several.
Powers are means over the step. Nothing else is read here; sessions of cars are in
``sources.measured_sessions``.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from errors import MeasuredDataError
from forecaster.series import SlotSeries
from sources.measured_sun import guess_zone, noon_utc_h
from sources.measured_table import (
    ENDINGS,
    START,
    MeasuredFile,
    Table,
    read_header,
    read_table,
    stem_of,
)

ALL = "all"
PRICE = "price_eur_per_kwh"
_LOADS = ("load_base_kw", "load_kw", "load_total_kw")
_NUMBERED = re.compile(r"(h[a-z0-9]+)_load_kw")

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredHome:
    """One home on quarter hours.

    ``load_column`` tells what its load is. ``step`` is that of the file, ``zone`` is guessed where
    nobody told, ``noon_utc_h`` is the hour around which the PV of the file lies. ``file`` and
    ``sha256`` say what it was read from. None: it has no such column.
    """

    name: str
    file: str
    sha256: str
    step: timedelta
    zone: ZoneInfo
    noon_utc_h: float | None
    load_column: str
    load: SlotSeries | None
    pv: SlotSeries | None
    pv_forecast: SlotSeries | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSeries:
    """Wholesale prices [EUR/kWh] on quarter hours; ``file`` and ``sha256`` as for a home."""

    name: str
    file: str
    sha256: str
    step: timedelta
    prices: SlotSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """The CSV files below a folder; ``unreadable`` are those without a header, with the reason."""

    path: Path
    files: tuple[MeasuredFile, ...]
    unreadable: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offer(Generic[Found]):
    """Something that can be chosen, and read when it is; ``short`` is its name in its file."""

    stem: str
    short: str
    file: str
    read: Callable[[], Found]

    @property
    def name(self) -> str:
        return "_".join(filter(None, (self.stem, self.short)))

    def answers_to(self, asked: str) -> bool:
        """Tell whether ``asked`` may mean this one: the start of its name, or its short name."""
        if self.name.startswith(asked) or (self.short and asked == self.short):
            return True
        beginning, _, short = asked.rpartition("_")
        return bool(beginning) and short == self.short and self.stem.startswith(beginning)


def open_folder(path: Path) -> Folder:
    """List the CSV files below ``path``, in the order of their paths; only headers are read.

    Raises:
        MeasuredDataError: There is no such folder, or no CSV file in it.
    """
    if not path.exists():
        raise MeasuredDataError(f"{path} does not exist; say which folder holds the measured data.")
    if not path.is_dir():
        raise MeasuredDataError(f"{path} is a file; name the folder that holds it.")
    found = sorted(file for ending in ENDINGS for file in path.rglob(f"*{ending}"))
    files: list[MeasuredFile] = []
    unreadable: list[tuple[str, str]] = []
    for file in found:
        name = file.relative_to(path).as_posix()
        try:
            files.append(MeasuredFile(path=file, name=name, columns=read_header(file)))
        except MeasuredDataError as err:
            unreadable.append((name, str(err)))
    if not found:
        raise MeasuredDataError(f"{path} holds no .csv or .csv.gz file; name another folder.")
    return Folder(path=path, files=tuple(files), unreadable=tuple(unreadable))


def tables_with(folder: Folder, columns: Iterable[str]) -> Iterator[Table]:
    """Yield every series that has all of ``columns``.

    Raises:
        MeasuredDataError: One of them cannot be believed.
    """
    wanted = {START, *columns}
    for file in folder.files:
        if wanted <= set(file.columns):
            yield read_table(file)


def find_homes(folder: Folder, zone: ZoneInfo | None = None) -> list[MeasuredHome]:
    """Read every home of ``folder``, in the order of the files' names.

    ``zone`` is theirs; without it each file's is guessed from the time of the sun's noon.

    Raises:
        MeasuredDataError: One of them cannot be believed.
    """
    return [offer.read() for offer in _homes_on_offer(folder, zone)]


def find_prices(folder: Folder) -> list[PriceSeries]:
    """Read every price series of ``folder``.

    Raises:
        MeasuredDataError: One of them cannot be believed.
    """
    return [offer.read() for offer in _prices_on_offer(folder)]


def choose_homes(
    folder: Folder, asked: str | None, zone: ZoneInfo | None = None
) -> tuple[MeasuredHome, ...]:
    """Read the homes an owner asked for.

    Args:
        folder: Where they are.
        asked: A name, the beginning of one, ``h01`` or ``<beginning>_h01`` for a home of several in
            a file; several separated by commas, or "all". None: the only one there is.
        zone: As in ``find_homes``.

    Raises:
        MeasuredDataError: There is no such home, or more than one of that name, or it cannot be
            believed.
    """
    return tuple(_choose(folder, "home", "load", list(_homes_on_offer(folder, zone)), asked))


def choose_prices(folder: Folder, asked: str | None) -> tuple[PriceSeries, ...]:
    """Read the prices an owner asked for; as ``choose_homes``."""
    return tuple(_choose(folder, "price", PRICE, list(_prices_on_offer(folder)), asked))


def _homes_on_offer(folder: Folder, zone: ZoneInfo | None) -> Iterator[_Offer[MeasuredHome]]:
    for file in folder.files:
        if START not in file.columns:
            continue
        names = [match[1] for match in map(_NUMBERED.fullmatch, file.columns) if match]
        if not names and ("pv_kw" in file.columns or set(_LOADS) & set(file.columns)):
            names = [""]
        for name in names:
            read = partial(_read_home, file, name, zone)
            yield _Offer(stem=file.stem, short=name, file=file.name, read=read)


def _prices_on_offer(folder: Folder) -> Iterator[_Offer[PriceSeries]]:
    for file in folder.files:
        if START in file.columns and PRICE in file.columns:
            read = partial(_read_prices, file)
            yield _Offer(stem=file.stem, short="", file=file.name, read=read)


def _read_home(file: MeasuredFile, name: str, zone: ZoneInfo | None) -> MeasuredHome:
    table = read_table(file)
    before = f"{name}_" if name else ""
    loads = (f"{name}_load_kw",) if name else _LOADS
    load_column = next((column for column in loads if column in file.columns), "")
    # Homes of one file are neighbours: they must not be moved by different hours.
    roofs = (table.series(column) for column in file.columns if column.endswith("pv_kw"))
    noon_h = noon_utc_h(roofs)
    return MeasuredHome(
        name="_".join(filter(None, (file.stem, name))),
        file=file.name,
        sha256=table.rows.sha256,
        step=table.step,
        zone=zone or guess_zone(noon_h),
        noon_utc_h=noon_h,
        load_column=load_column,
        load=table.series(load_column),
        pv=table.series(f"{before}pv_kw"),
        pv_forecast=table.series(f"{before}pv_forecast_kw"),
    )


def _read_prices(file: MeasuredFile) -> PriceSeries:
    table = read_table(file)
    prices = table.series(PRICE)
    if prices is None:
        raise MeasuredDataError(f"{file.name} has no price at all: fill {PRICE}.")
    return PriceSeries(
        name=file.stem, file=file.name, sha256=table.rows.sha256, step=table.step, prices=prices
    )


def _choose(
    folder: Folder, what: str, column: str, offers: Sequence[_Offer[Found]], asked: str | None
) -> Iterator[Found]:
    if asked is None:
        if len(offers) != 1:
            raise MeasuredDataError(
                f"Say which {what}: there are {len(offers)}. {_list_of(offers, what)}"
            )
        yield offers[0].read()
        return
    names = [name for name in (part.strip() for part in asked.split(",")) if name]
    if names == [ALL]:
        if folder.unreadable:
            raise MeasuredDataError(f"{folder.unreadable[0][0]} {folder.unreadable[0][1]}.")
        names = [offer.name for offer in offers]
    if not names:
        raise MeasuredDataError(
            f"No {what} was named, or {folder.path} has no series with a {column} column. "
            + _list_of(offers, what)
        )
    chosen = [_chosen(folder, what, offers, name) for name in names]
    for offer in dict.fromkeys(chosen):
        yield offer.read()


def _chosen(
    folder: Folder, what: str, offers: Sequence[_Offer[Found]], asked: str
) -> _Offer[Found]:
    found = [offer for offer in offers if offer.name == asked]
    found = found or [offer for offer in offers if offer.answers_to(asked)]
    if len(found) == 1:
        return found[0]
    if found:
        meant = ", ".join(f"{offer.name} ({offer.file})" for offer in found)
        raise MeasuredDataError(f'"{asked}" may mean {meant}. Write more of the name, or rename.')
    for name, trouble in folder.unreadable:
        if stem_of(Path(name)).startswith(asked):
            raise MeasuredDataError(f"{name} {trouble}.")
    raise MeasuredDataError(f'There is no {what} "{asked}". {_list_of(offers, what)}')


def _list_of(offers: Sequence[_Offer[Found]], what: str) -> str:
    if not offers:
        return f"The folder has no {what}."
    return f"There is: {', '.join(offer.name for offer in offers)}."
