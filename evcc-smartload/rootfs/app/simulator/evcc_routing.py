"""Routes of the simulated evcc: path templates, their regexes, and how values are read."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from simulator.evcc_loadpoint import Loadpoint, Vehicle
from simulator.evcc_messages import ApiError, ApiRequest
from simulator.evcc_site import EvccSite
from simulator.faults import FaultState

_KINDS = {
    "ufloat": "[0-9.]+",
    "float": "-?[0-9.]+",
    "int": "[0-9]+",
    "bool": "[01truefalse]+",
    "word": "[a-z]+",
    "word_": "[a-z_]+",
    "usage": "[a-z0-9]+",
    "name": "[a-zA-Z0-9_.:-]+",
    "time": "[0-9TZ:.+-]+",
    "loadpoint": "[1-9][0-9]*",
}
_PLACEHOLDER = re.compile(r"\{(\w+):(\w+)\}")
_LARGEST_INT = 2**63 - 1
_TIME_LAYOUT = "2006-01-02T15:04:05Z07:00"
_BOOLS = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}


@dataclass(slots=True, kw_only=True)
class Call:
    """A request that a route has matched, with the values of its path."""

    site: EvccSite
    request: ApiRequest
    now: datetime
    faults: FaultState
    values: dict[str, str]
    is_ready: bool

    def number(self, name: str = "value") -> float:
        """Return a decimal number of the path."""
        text = self.values[name]
        try:
            return float(text)
        except ValueError:
            raise ApiError(400, f'strconv.ParseFloat: parsing "{text}": invalid syntax') from None

    def integer(self, name: str = "value") -> int:
        """Return a whole number of the path."""
        text = self.values[name]
        if int(text) > _LARGEST_INT:
            raise ApiError(400, f'strconv.Atoi: parsing "{text}": value out of range')
        return int(text)

    def boolean(self, name: str = "value") -> bool:
        """Return a truth value of the path."""
        text = self.values[name]
        if text not in _BOOLS:
            raise ApiError(400, f'strconv.ParseBool: parsing "{text}": invalid syntax')
        return _BOOLS[text]

    def instant(self, name: str = "time") -> datetime:
        """Return an instant of the path that must lie in the future."""
        text = self.values[name]
        instant = parse_instant(text)
        if instant is None:
            message = f'parsing time "{text}" as "{_TIME_LAYOUT}": cannot parse "{text}"'
            raise ApiError(400, message)
        if instant <= self.now:
            raise ApiError(400, "timestamp is in the past")
        return instant

    @property
    def loadpoint_index(self) -> int:
        """The loadpoint's position, from 0."""
        return int(self.values["n"]) - 1

    @property
    def loadpoint(self) -> Loadpoint:
        """The loadpoint the path names."""
        return self.site.loadpoints[self.loadpoint_index]

    @property
    def vehicle(self) -> Vehicle:
        """The vehicle the path names."""
        name = self.values["name"]
        vehicle = self.site.vehicles.get(name)
        if vehicle is None:
            raise ApiError(400, f"not found: {name}")
        return vehicle

    def query(self) -> dict[str, str]:
        """Return the query's parameters; the first of several wins."""
        pairs = parse_qsl(self.request.query, keep_blank_values=True)
        return dict(reversed(pairs))

    def apply_at_once(self) -> None:
        """Give the loadpoint an extra turn."""
        self.site.regulate(self.loadpoint_index, self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A method and path, and what answers it.

    Routes with ``is_automatic`` are refused while evcc's own optimizer is in charge.
    """

    method: str
    pattern: re.Pattern[str]
    answer: Callable[[Call], object]
    is_automatic: bool = False
    is_site: bool = True
    """Exists only once evcc has built its site."""


def route(
    method: str,
    template: str,
    answer: Callable[[Call], object],
    *,
    is_automatic: bool = False,
    is_site: bool = True,
) -> Route:
    """Return a route; placeholders are ``{name:kind}`` with evcc's regexes for the kinds."""
    pattern = _PLACEHOLDER.sub(lambda found: f"(?P<{found[1]}>{_KINDS[found[2]]})", template)
    return Route(
        method=method,
        pattern=re.compile(pattern),
        answer=answer,
        is_automatic=is_automatic,
        is_site=is_site,
    )


def parse_instant(text: str) -> datetime | None:
    """Return an RFC 3339 instant with zone in UTC; None when it is none."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if instant.tzinfo is None else instant.astimezone(UTC)
