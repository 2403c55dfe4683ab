import subprocess
import sys
from datetime import date

import pytest

from holiday_calendar import country_of_zone, find_calendar
from tests.support.app_imports import APP_ROOT

EPIPHANY = date(2026, 1, 6)
CHRISTMAS = date(2026, 12, 25)


def test_a_region_has_holidays_of_its_own() -> None:
    bavaria, berlin = (find_calendar(region, None) for region in ("DE-BY", "DE-BE"))

    assert bavaria.calendar.is_holiday(EPIPHANY)
    assert not berlin.calendar.is_holiday(EPIPHANY)
    assert berlin.calendar.is_holiday(CHRISTMAS)


def test_case_and_blanks_do_not_matter() -> None:
    found = find_calendar(" de-by ", None)

    assert found.region == "DE-BY"
    assert found.problem is None


@pytest.mark.parametrize(
    ("zone", "country"),
    [
        ("Europe/Berlin", "DE"),
        ("Europe/Vienna", "AT"),
        ("Europe/Zurich", "CH"),
        ("Europe/Amsterdam", "NL"),
        ("Europe/Copenhagen", "DK"),
        ("America/Los_Angeles", "US"),
    ],
)
def test_the_zone_says_the_country(zone: str, country: str) -> None:
    assert country_of_zone(zone) == country
    assert find_calendar("auto", zone).region == country


@pytest.mark.parametrize("zone", [None, "UTC", "Etc/GMT+1", "Nowhere/Else"])
def test_a_zone_without_a_country_is_said_and_has_no_holidays(zone: str | None) -> None:
    found = find_calendar("auto", zone)

    assert found.problem is not None
    assert "DE-BY" in found.problem
    assert not found.calendar.is_holiday(CHRISTMAS)


@pytest.mark.parametrize("region", ["XX", "Bayern", "-", "DE_BY", "äö-ü", "D" * 500])
def test_an_unknown_country_is_said_and_has_no_holidays(region: str) -> None:
    found = find_calendar(region, "Europe/Berlin")

    assert found.problem is not None
    assert not found.calendar.is_holiday(CHRISTMAS)


def test_an_unknown_part_leaves_the_holidays_of_the_country() -> None:
    found = find_calendar("DE-XX", None)

    assert found.problem is not None
    assert "DE-BY" in found.problem
    assert found.region == "DE"
    assert found.calendar.is_holiday(CHRISTMAS)


def test_none_means_none() -> None:
    found = find_calendar("none", "Europe/Berlin")

    assert found.problem is None
    assert not found.calendar.is_holiday(CHRISTMAS)


def test_the_library_is_loaded_only_when_it_is_needed() -> None:
    program = "import sys, holiday_calendar; sys.exit('holidays' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], cwd=APP_ROOT, check=False)

    assert done.returncode == 0
