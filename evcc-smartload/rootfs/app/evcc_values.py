"""Single values out of evcc's JSON: numbers, words, instants, the time zone.

Part of the evcc edge (``evcc_client`` and the modules named ``evcc_*``). Pure; nothing here raises
on a wrong value: it becomes None, and what cannot be true is noted.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from domain.zone import known_zone

_LONGEST_TEXT = 200
_MOST_NOTES = 20
_MOST_POWER_W = 1_000_000.0  # far above any home; what is larger is a broken meter
_MOST_CAPACITY_KWH = 10_000.0
_MOST_CURRENT_A = 1_000.0
_MOST_PHASES = 3
_EARLIEST_UNIX_S = 946_684_800  # 2000; evcc prints year 1 where it has no time
_LATEST_UNIX_S = 4_102_444_800  # 2100
_EARLIEST = datetime.fromtimestamp(_EARLIEST_UNIX_S, UTC)
_LATEST = datetime.fromtimestamp(_LATEST_UNIX_S, UTC)

# evcc names its zone by abbreviation and offset and may have done so before the last clock change,
# so both halves of the year lead to the zone that has them.
_ZONE_BY_WORD = {
    "CET +01:00": "Europe/Berlin",
    "CEST +02:00": "Europe/Berlin",
    "GMT +00:00": "Europe/London",
    "BST +01:00": "Europe/London",
    "EET +02:00": "Europe/Helsinki",
    "EEST +03:00": "Europe/Helsinki",
    "WET +00:00": "Europe/Lisbon",
    "WEST +01:00": "Europe/Lisbon",
}
_OFFSET = re.compile(r"\S+ ([+-])(\d\d):(\d\d)", re.ASCII)


class Notes:
    """Collects what was left out, one short English sentence each, none twice."""

    def __init__(self) -> None:
        self._sentences: dict[str, None] = {}

    def add(self, sentence: str) -> None:
        if len(self._sentences) < _MOST_NOTES:
            self._sentences[sentence] = None

    def as_tuple(self) -> tuple[str, ...]:
        return tuple(self._sentences)


class Fields:
    """One JSON object of evcc, read key by key; ``where`` names it in notes."""

    def __init__(self, raw: Mapping[str, object], notes: Notes, where: str = "") -> None:
        self._raw = raw
        self._notes = notes
        self._where = where

    def raw(self, *keys: str) -> object:
        """Return the first of ``keys`` that is present and not null."""
        for key in keys:
            value = self._raw.get(key)
            if value is not None:
                return value
        return None

    def has(self, key: str) -> bool:
        return key in self._raw

    def number(self, *keys: str, low: float = -math.inf, high: float = math.inf) -> float | None:
        """Return a finite number within ``low..high``, of the first key that has a value."""
        value = self.raw(*keys)
        if value is None:
            return None
        number = to_number(value)
        if number is None:
            self._note(keys[0], "is not a number")
        elif not low <= number <= high:
            self._note(keys[0], f"cannot be {number:g}")
            return None
        return number

    def power_w(self, *keys: str) -> float | None:
        """Return a power with evcc's sign."""
        return self.number(*keys, low=-_MOST_POWER_W, high=_MOST_POWER_W)

    def limit_w(self, key: str) -> float | None:
        """Return a limit of a power; evcc's 0 means that there is none."""
        return self.number(key, low=0.0, high=_MOST_POWER_W) or None

    def soc_pct(self, *keys: str) -> float | None:
        """Return a share of 0 to 100."""
        return self.number(*keys, low=0.0, high=100.0)

    def current_a(self, *keys: str) -> float | None:
        """Return a current that cannot be negative."""
        return self.number(*keys, low=0.0, high=_MOST_CURRENT_A)

    def capacity_kwh(self, key: str) -> float | None:
        """Return a capacity; evcc's 0 means that none was configured."""
        return self.number(key, low=0.0, high=_MOST_CAPACITY_KWH) or None

    def phase_powers_w(self, key: str) -> tuple[float, ...]:
        """Return the powers of one to three phases; empty when one of them is not known."""
        return self._phase_numbers(key, most=_MOST_POWER_W)

    def phase_currents_a(self, key: str) -> tuple[float, ...]:
        """Return the currents of one to three phases; as ``phase_powers_w``."""
        return self._phase_numbers(key, most=_MOST_CURRENT_A)

    def _phase_numbers(self, key: str, *, most: float) -> tuple[float, ...]:
        value = self.raw(key)
        if value is None:
            return ()
        entries = value if isinstance(value, list) else []
        known = [number for number in map(to_number, entries) if number is not None]
        if not 1 <= len(entries) == len(known) <= _MOST_PHASES:
            self._note(key, "is not one number for each phase")
            return ()
        if max(map(abs, known)) > most:
            self._note(key, f"cannot be {max(known, key=abs):g}")
            return ()
        return tuple(known)

    def word(self, *keys: str) -> str | None:
        """Return a non-empty text."""
        value = self.raw(*keys)
        if value is None:
            return None
        if not isinstance(value, str):
            self._note(keys[0], "is not a text")
            return None
        return to_text(value) or None

    def truth(self, key: str) -> bool | None:
        """Return a truth value."""
        value = self.raw(key)
        if value is None or isinstance(value, bool):
            return value
        self._note(key, "is neither true nor false")
        return None

    def instant(self, *keys: str) -> datetime | None:
        """Return an instant in UTC; evcc's zero time is none."""
        value = self.raw(*keys)
        return None if value is None else to_instant(value)

    def object(self, key: str) -> "Fields | None":
        """Return the object below ``key``."""
        value = self.raw(key)
        if isinstance(value, dict):
            return Fields(value, self._notes, f"{self._where}{key}.")
        if value is not None:
            self._note(key, "is not an object")
        return None

    def objects(self, key: str) -> list["Fields | None"]:
        """Return the objects of the list below ``key``, by position; None for what is no object."""
        value = self.raw(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self._note(key, "is not a list")
            return []
        found: list[Fields | None] = []
        for position, entry in enumerate(value, start=1):
            where = f"{self._where}{key}[{position}]"
            if isinstance(entry, dict):
                found.append(Fields(entry, self._notes, f"{where}."))
            else:
                self._notes.add(f"{where} is not an object")
                found.append(None)
        return found

    def named_objects(self, key: str) -> dict[str, "Fields"]:
        """Return the objects of the object below ``key``, by their names."""
        value = self.raw(key)
        if not isinstance(value, dict):
            return {}
        return {
            to_text(name): Fields(entry, self._notes, f"{self._where}{key}.{to_text(name)}.")
            for name, entry in value.items()
            if isinstance(entry, dict)
        }

    def _note(self, key: str, complaint: str) -> None:
        self._notes.add(f"{self._where}{key} {complaint}")


def to_number(value: object) -> float | None:
    """Return ``value`` as a finite number, or None."""
    if type(value) is float:  # nearly all of the thousands in a forecast
        return value if math.isfinite(value) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def positive_kw(power_w: float | None) -> float | None:
    """Return the part of a signed power that flows in the positive direction [kW]."""
    return None if power_w is None else max(0.0, power_w) / 1000.0


def reversed_w(power_w: float | None) -> float | None:
    """Return a power with the other sign."""
    return None if power_w is None else -power_w


def to_text(value: str) -> str:
    """Return ``value`` fit for a page or a file: valid Unicode, not endless."""
    return value[:_LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8").strip()


def to_instant(value: object) -> datetime | None:
    """Return unix seconds or an RFC 3339 time with offset in UTC; None outside 2000..2100."""
    if isinstance(value, str):
        return _instant_of_text(value)
    seconds = value if type(value) is int else to_number(value)
    if seconds is None or not _EARLIEST_UNIX_S <= seconds < _LATEST_UNIX_S:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _instant_of_text(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            return None
        instant = instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return instant if _EARLIEST <= instant < _LATEST else None


def to_time_zone(word: str) -> tzinfo | None:
    """Return the zone of evcc's ``"CEST +02:00"``.

    A well-known European pair gives the zone with its clock changes, anything else the bare offset;
    None when there is no offset to read.
    """
    if word in {"UTC", "UTC +00:00"}:
        return UTC
    if word in _ZONE_BY_WORD:
        zone = known_zone(_ZONE_BY_WORD[word])
        if zone is not None:  # else a system without zone data: the offset is better than nothing
            return zone
    match = _OFFSET.fullmatch(word)
    if match is None:
        return None
    sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    if offset >= timedelta(hours=24):
        return None
    return timezone(-offset if sign == "-" else offset)
