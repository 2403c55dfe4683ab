"""Public holidays where the home is, by country or region, without the network.

A region is written like ``DE-BY``: the country's ISO 3166 code, and its part's code if there is
one. ``auto`` takes the country in which the home's time zone lies. Whatever cannot be found is
said as a text and leaves a calendar without holidays; it never raises.
"""

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from types import ModuleType

from domain.ports import HolidayCalendar

AUTO = "auto"
NONE = "none"


@dataclass(frozen=True, slots=True)
class NoHolidays:
    """A calendar in which every day is like its weekday."""

    def is_holiday(self, day: date) -> bool:  # noqa: ARG002  # the port's signature
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionalHolidays:
    """The public holidays of a country (ISO code) and, when given, one of its parts."""

    country: str
    subdivision: str | None = None
    _by_year: dict[int, frozenset[date]] = field(default_factory=dict, repr=False, compare=False)

    def is_holiday(self, day: date) -> bool:
        if day.year not in self._by_year:
            found = _library().country_holidays(
                self.country, subdiv=self.subdivision, years=day.year
            )
            self._by_year[day.year] = frozenset(found)
        return day in self._by_year[day.year]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCalendar:
    """A calendar, its region (empty: none), and in English why it is not the wanted one."""

    calendar: HolidayCalendar
    region: str = ""
    problem: str | None = None


def find_calendar(region: str, zone_name: str | None) -> FoundCalendar:
    """Return the calendar of a region.

    Args:
        region: ``DE``, ``DE-BY``, ``auto`` or ``none``, in any case.
        zone_name: The home's IANA zone for ``auto``; None is not known.
    """
    wanted = region.strip()
    if wanted.lower() in {NONE, ""}:
        return FoundCalendar(calendar=NoHolidays())
    if wanted.lower() != AUTO:
        return _of_region(wanted.upper())
    country = None if zone_name is None else country_of_zone(zone_name)
    if country is None:
        return FoundCalendar(
            calendar=NoHolidays(),
            problem=f"The time zone {zone_name or '(unknown)'} does not say in which country the "
            "home is; name the region for public holidays, for example DE-BY.",
        )
    return _of_region(country)


def country_of_zone(zone_name: str) -> str | None:
    """Return the ISO code of the country a zone is named after; None when it tells none.

    A zone shared by several countries gives the first in the list, the one with most people.
    """
    return _countries().get(zone_name)


@cache
def _countries() -> dict[str, str]:
    try:
        text = resources.files("tzdata").joinpath("zoneinfo", "zone1970.tab").read_text("utf-8")
        older = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    except (ModuleNotFoundError, FileNotFoundError):
        return {}
    # zone.tab names a zone for every country (Europe/Amsterdam), zone1970.tab only those whose
    # clocks differed since 1970; where both have one, they say the same first country.
    return {**_read_table(older), **_read_table(text)}


def _read_table(text: str) -> dict[str, str]:
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return {row[2]: row[0].partition(",")[0] for row in rows if len(row) > 2}  # noqa: PLR2004  # code, place, name


def _of_region(region: str) -> FoundCalendar:
    country, _, part = region.partition("-")
    supported = _library().list_supported_countries()
    if country not in supported:
        return FoundCalendar(
            calendar=NoHolidays(), problem=f"No public holidays are known for {region}."
        )
    parts = {code.upper(): code for code in supported[country]}
    if part and part not in parts:
        known = ", ".join(f"{country}-{code}" for code in supported[country]) or "none"
        return FoundCalendar(
            calendar=RegionalHolidays(country=country),
            region=country,
            problem=f"{region} is no known region; those of all {country} are used. "
            f"Known: {known}.",
        )
    return FoundCalendar(
        calendar=RegionalHolidays(country=country, subdivision=parts.get(part)),
        region=f"{country}-{parts[part]}" if part else country,
    )


@cache
def _library() -> ModuleType:
    """Import the library when the first day is asked for: it costs memory and start-up time."""
    import holidays  # noqa: PLC0415  # lazily, as said above

    return holidays
