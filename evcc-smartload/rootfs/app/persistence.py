"""One state file that is either the old one or the new one, whatever happens in between.

Used by the parts that remember across restarts (buffer, control, PV forecast). Standard library
only. A file that cannot be trusted is kept aside, never overwritten.
"""

import itertools
import json
import logging
import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_log = logging.getLogger("smartload.persistence")


class StateFile:
    """A JSON file with one writer at a time; problems are logged once and kept for the page."""

    def __init__(
        self, path: Callable[[], Path], *, version: int, former: frozenset[int] = frozenset()
    ) -> None:
        """Remember where the file is; ``path`` is asked at each call.

        A file that says neither ``version`` nor one of the ``former`` ones, which the parser then
        knows too, was not written by this SmartLoad.
        """
        self._path = path
        self._version = version
        self._readable = former | {version}
        self._numbers = itertools.count(1)
        self._write_lock = threading.Lock()
        self._written_number = 0
        # What is wrong, in English; None when all is well.
        self.load_problem: str | None = None
        self.save_problem: str | None = None

    def load(self, parse: Callable[[dict[str, object]], T], now: datetime) -> T | None:
        """Return what ``parse`` makes of the file; None when it is missing or was set aside.

        ``parse`` raises ValueError, TypeError or KeyError when anything is not as written.
        """
        path = self._path()
        try:
            raw = _read_object(path.read_text(encoding="utf-8"))
            self._check_version(raw)
            return parse(raw)
        except (FileNotFoundError, NotADirectoryError):
            # No file yet, or no folder to have one in; the first write reports the latter.
            return None
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as exc:
            self._set_aside(path, exc, now)
            return None

    def _set_aside(self, path: Path, why: Exception, now: datetime) -> None:
        aside = path.with_name(f"{path.name}.unreadable-{now:%Y%m%dT%H%M%S}")
        try:
            path.replace(aside)
            where = f"kept as {aside.name}"
        except OSError as exc:
            where = f"could not be kept aside ({exc.strerror})"
        self.load_problem = f"{path.name} was unreadable ({why}); {where}; starting afresh"
        _log.error(self.load_problem)

    def _check_version(self, raw: dict[str, object]) -> None:
        if raw["version"] not in self._readable:
            raise ValueError(f"version {raw['version']!r} is not {self._version}")

    def take_number(self) -> int:
        """Return the number of the next state; taken together with it, it keeps the order."""
        return next(self._numbers)

    def save(self, text: str) -> None:
        """Replace the file by the newest state, where one thread alone writes."""
        self.write(self.take_number(), text)

    def write(self, number: int, text: str) -> None:
        """Replace the file by ``text`` unless a state with a higher ``number`` stands there.

        A folder that is missing or read-only is reported once, and once when it works again.
        """
        with self._write_lock:
            if number <= self._written_number:
                return
            path = self._path()
            try:
                replace_file(path, text)
            except OSError as exc:
                problem = f"{path} cannot be written ({exc.strerror or exc})"
                if self.save_problem is None:
                    _log.error("%s; work goes on, but a restart would forget it", problem)
                self.save_problem = problem
                return
            self._written_number = number
            if self.save_problem is not None:
                _log.info("%s can be written again", path)
                self.save_problem = None


class UnkeptFile(StateFile):
    """Keeps nothing: what is lived again leaves no trace."""

    def __init__(self) -> None:
        super().__init__(Path, version=0)

    def load(self, parse: Callable[[dict[str, object]], T], now: datetime) -> T | None:
        """Return None: there is nothing."""
        del parse, now
        return None

    def write(self, number: int, text: str) -> None:
        """Forget it."""
        del number, text


def replace_file(path: Path, text: str) -> None:
    """Write beside, flush to the disk, rename: a reader sees the old file or the new one.

    Raises:
        OSError: The folder is missing, read-only or full; the old file is untouched.
    """
    tmp = path.with_name(path.name + ".tmp")
    with tmp.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    tmp.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def parse_instant(value: object) -> datetime | None:
    """Read an ISO 8601 instant; None stays None, a naive one counts as UTC.

    Raises:
        TypeError: Not a string.
        ValueError: Not a time.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a time")
    instant = datetime.fromisoformat(value)
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


def parse_known_instant(value: object) -> datetime:
    """Read an instant that must be there.

    Raises:
        TypeError: Not a string, or missing.
        ValueError: Not a time.
    """
    instant = parse_instant(value)
    if instant is None:
        raise TypeError("a time is missing")
    return instant


def parse_number(value: object) -> float:
    """Read a JSON number as it is.

    Raises:
        TypeError: Anything else, true and false included.
        ValueError: Too large for a float.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    if not abs(value) <= sys.float_info.max:
        raise ValueError("a number is too large")
    return value


def _read_object(text: str) -> dict[str, object]:
    raw = json.loads(text, parse_constant=_refuse_constant)
    if not isinstance(raw, dict):
        raise TypeError("not an object")
    # 1e999 and half a surrogate pair can be read, but neither written nor shown again.
    json.dumps(raw, ensure_ascii=False, allow_nan=False).encode()
    return raw


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")
