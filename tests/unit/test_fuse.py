"""The main fuse: buying for the battery ends in time, and begins again when there is room.

The limit is 35 A a phase, of which 90 %, 31.5 A, may be used. 6.9 kW on three phases are 10 A each.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from control.fuse import CALM, FuseLimits, FuseWatch, watch_fuse
from domain.site import SiteSnapshot
from domain.steering import CommandCode
from tests.support.told_plan import NOON, told_site

FUSE = FuseLimits(phase_a=35.0)
CHARGE_KW = 6.9
MINUTE = timedelta(minutes=1)
ROOM = FuseWatch()
RELIEVED = FuseWatch(may_charge=False, is_relief=True)


def watch(  # noqa: PLR0913  # each test tells what it is about
    site: SiteSnapshot,
    *,
    before: FuseWatch = ROOM,
    limits: FuseLimits = FUSE,
    charge_kw: float | None = CHARGE_KW,
    is_charging: bool = True,
    minutes: float = 0.0,
) -> FuseWatch:
    return watch_fuse(
        before,
        site=site,
        limits=limits,
        charge_kw=charge_kw,
        is_charging=is_charging,
        now=NOON + minutes * MINUTE,
    )


def drawing(*phases_a: float) -> SiteSnapshot:
    return told_site(phase_import_a=phases_a)


def test_charging_goes_on_while_every_phase_has_room() -> None:
    seen = watch(drawing(31.0, 20.0, 20.0))

    assert seen == ROOM


def test_a_phase_too_near_its_limit_ends_it() -> None:
    seen = watch(drawing(20.0, 32.0, 20.0))

    assert not seen.may_charge
    assert seen.is_relief
    assert seen.reason is not None
    assert seen.reason.code is CommandCode.FUSE_RELIEF
    assert seen.reason.facts == {"phase": 2, "current_a": 32.0, "limit_a": 35.0}


def test_a_phase_that_feeds_in_makes_no_room_on_another() -> None:
    assert not watch(drawing(-30.0, 32.0, -30.0)).may_charge


def test_drawing_more_than_the_home_may_ends_it_whatever_the_phases_carry() -> None:
    site = replace(drawing(1.0, 1.0, 1.0), grid_import_kw=10.5)

    seen = watch(site, limits=FuseLimits(phase_a=35.0, import_kw=10.0))

    assert not seen.may_charge
    assert seen.reason is not None
    assert seen.reason.facts == {"import_kw": 10.5, "limit_kw": 10.0}


def test_after_a_relief_it_waits_until_there_was_room_for_five_minutes() -> None:
    quiet = drawing(20.0, 20.0, 20.0)

    seen = [RELIEVED]
    for minutes in (0.0, 4.5, 5.0):
        seen.append(watch(quiet, before=seen[-1], is_charging=False, minutes=minutes))

    assert [one.may_charge for one in seen] == [False, False, False, True]


def test_what_charging_would_add_has_to_fit_while_it_waits() -> None:
    busy = drawing(22.0, 5.0, 5.0)  # with 10 A more 32 A

    seen = watch(busy, before=RELIEVED, is_charging=False, minutes=60.0)

    assert (seen.may_charge, seen.calm_since) == (False, None)


def test_five_minutes_begin_anew_after_a_peak() -> None:
    seen = watch(drawing(5.0, 5.0, 5.0), before=RELIEVED, is_charging=False)
    seen = watch(drawing(25.0, 5.0, 5.0), before=seen, is_charging=False, minutes=4.0)
    seen = watch(drawing(5.0, 5.0, 5.0), before=seen, is_charging=False, minutes=6.0)

    assert not watch(
        drawing(5.0, 5.0, 5.0), before=seen, is_charging=False, minutes=10.0
    ).may_charge


def test_a_clock_that_is_set_back_does_not_make_the_wait_longer() -> None:
    late = FuseWatch(may_charge=False, is_relief=True, calm_since=NOON + timedelta(days=1))

    seen = watch(drawing(5.0, 5.0, 5.0), before=late, is_charging=False)

    assert seen.calm_since == NOON


def test_it_does_not_begin_where_what_it_adds_would_not_fit() -> None:
    seen = watch(drawing(22.0, 5.0, 5.0), is_charging=False)

    assert not seen.may_charge
    assert seen.reason is not None
    assert seen.reason.facts == {"phase": 1, "current_a": 32.0, "limit_a": 35.0}


def test_once_it_would_fit_it_begins_at_once() -> None:
    refused = watch(drawing(22.0, 5.0, 5.0), is_charging=False)

    assert watch(drawing(21.0, 5.0, 5.0), before=refused, is_charging=False).may_charge


def test_an_unknown_charging_power_counts_as_five_kilowatts() -> None:
    # 5 kW are 7.25 A a phase: 24 A leave room for it, 25 A do not.
    seen = [
        watch(drawing(amps, 0.0, 0.0), charge_kw=None, is_charging=False).may_charge
        for amps in (24.0, 25.0)
    ]

    assert seen == [True, False]


def test_what_it_adds_counts_towards_what_the_home_may_draw() -> None:
    site = told_site(grid_import_kw=4.0)

    seen = watch(site, limits=FuseLimits(import_kw=10.0), is_charging=False)

    assert not seen.may_charge


def test_what_is_fed_in_now_leaves_room() -> None:
    site = told_site(grid_import_kw=0.0, grid_export_kw=3.0)

    seen = watch(site, limits=FuseLimits(import_kw=4.0), is_charging=False)

    assert seen.may_charge


@pytest.mark.parametrize(("import_kw", "may_charge"), [(16.5, True), (17.0, False)])
def test_unmeasured_phases_are_taken_for_uneven(import_kw: float, *, may_charge: bool) -> None:
    # A third of 17 kW is 24.6 A, and 30 % more are 32.0 A.
    assert watch(told_site(grid_import_kw=import_kw)).may_charge is may_charge


def test_a_limit_that_cannot_be_watched_is_not_come_near() -> None:
    site = told_site(grid_import_kw=None, grid_export_kw=None)

    assert not watch(site, is_charging=False).may_charge


def test_without_a_limit_there_is_nothing_to_watch() -> None:
    site = replace(drawing(90.0, 90.0, 90.0), grid_import_kw=None)

    assert watch(site, limits=FuseLimits()).may_charge


def test_a_home_with_one_phase_gets_all_of_it_there() -> None:
    # 6.9 kW are 30 A on one phase.
    assert not watch(drawing(5.0), is_charging=False).may_charge


def test_calm_is_five_minutes() -> None:
    assert timedelta(minutes=5) == CALM
