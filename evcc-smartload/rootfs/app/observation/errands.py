"""What is worked out beside the service, and who does it: another process, or a test itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from observation.own_home import OwnHome

BACKTEST_FILES: Mapping[str, str] = {
    "json": "backtest.json",
    "csv": "backtest.csv",
    "html.de": "backtest.de.html",
    "html.en": "backtest.en.html",
}
"""The files of a finished back-test by their kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observe:
    """Work out the report on the past.

    ``settings_since`` is when a setting was last found changed; None: never. ``former`` are the
    days of earlier reports, as they were kept.
    """

    home: OwnHome
    history: Path
    now: datetime
    observed_since: date
    live_since: datetime | None
    settings_since: datetime | None = None
    former: tuple[Mapping[str, object], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Relive:
    """Live through the local days ``first`` to ``last`` once per policy; files go to ``folder``."""

    home: OwnHome
    history: Path
    first: date
    last: date
    folder: Path


Errand = Observe | Relive


class Listener(Protocol):
    """Is told of an errand, by any thread; after ``done`` or ``failed`` nothing more comes."""

    def progress(self, frac: float) -> None:
        """So much of it is done, 0..1."""
        ...

    def done(self, answer: Mapping[str, object]) -> None:
        """It is done, and this came of it."""
        ...

    def failed(self, detail: str) -> None:
        """It cannot be done; ``detail`` is English."""
        ...


class Running(Protocol):
    """An errand that was begun."""

    def stop(self) -> None:
        """Give it up at once; it may still tell of itself."""
        ...


class Runner(Protocol):
    """Does errands."""

    def start(self, errand: Errand, listener: Listener) -> Running:
        """Begin an errand and return; ``OSError`` when that is not possible."""
        ...
