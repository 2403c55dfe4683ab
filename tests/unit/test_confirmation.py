"""What readings tell of a command, and when one may be sent again."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.confirmation import Watched, look_again, may_repeat, superseded
from domain.control import (
    BATTERY_MODE,
    BUFFER,
    CommandRecord,
    EvccSetting,
    Lever,
    SettingValue,
)
from domain.levers import with_value
from domain.site import (
    BatteryMode,
    BatterySnapshot,
    ChargeMode,
    Loadpoint,
    SiteSnapshot,
    SocSettings,
)
from domain.steering import CommandCode, CommandReason, Stage, WriteOutcome
from tests.support.history_builder import START

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
CAR_MODE = Lever(setting=EvccSetting.CHARGE_MODE, device="db:4")
CAR_LIMIT = Lever(setting=EvccSetting.SMART_COST_LIMIT, device="db:4")
CAR_BOOST = Lever(setting=EvccSetting.BATTERY_BOOST, device="db:4")
SITE = SiteSnapshot(
    read_at=START,
    evcc_version="0.314.0",
    title="",
    currency="EUR",
    time_zone=None,
    pv_kw=0.0,
    home_kw=0.5,
    grid_import_kw=0.5,
    grid_export_kw=0.0,
    battery=BatterySnapshot(soc_pct=60.0, capacity_kwh=10.0, charge_kw=0.0, discharge_kw=0.0),
    settings=SocSettings(priority_soc_pct=20.0, buffer_soc_pct=50.0, buffer_start_soc_pct=90.0),
    loadpoints=(
        Loadpoint(
            number=1,
            name="db:4",
            title="Carport",
            mode=ChargeMode.PV,
            connected=True,
            charging=False,
            charge_kw=0.0,
        ),
    ),
)


def sent(
    lever: Lever, wanted: SettingValue, outcome: WriteOutcome = WriteOutcome.SENT
) -> CommandRecord:
    is_settled = outcome is not WriteOutcome.SENT
    return CommandRecord(
        at=START,
        lever=lever,
        stage=Stage.CARS,
        before=None,
        wanted=wanted,
        accepted=None if outcome is WriteOutcome.FAILED else wanted,
        outcome=outcome,
        reason=CommandReason(code=CommandCode.CAR_NOW),
        settled_at=START if is_settled else None,
    )


def watched(lever: Lever, wanted: SettingValue) -> Watched:
    return Watched(record=sent(lever, wanted), since=START)


def after(passed: timedelta, site: SiteSnapshot = SITE) -> SiteSnapshot:
    return replace(site, read_at=START + passed)


def look(command: Watched, readings: Iterable[SiteSnapshot]) -> CommandRecord:
    for site in readings:
        command = look_again(command, site, site.read_at)
    return command.record


@pytest.mark.parametrize(
    ("lever", "value"),
    [(BUFFER, 42.0), (CAR_MODE, "now"), (CAR_LIMIT, 0.21), (CAR_LIMIT, None)],
)
def test_the_first_reading_that_shows_it_confirms_it(lever: Lever, value: SettingValue) -> None:
    site = after(5 * SECOND, with_value(SITE, lever, value))

    record = look(watched(lever, value), [site])

    assert (record.outcome, record.settled_at) == (WriteOutcome.CONFIRMED, site.read_at)


def test_a_value_that_evcc_rounds_is_shown() -> None:
    site = after(5 * SECOND, with_value(SITE, BUFFER, 33.333))

    assert look(watched(BUFFER, 33.33333), [site]).outcome is WriteOutcome.CONFIRMED


def test_a_price_limit_is_shown_with_every_digit() -> None:
    site = after(90 * SECOND, with_value(SITE, CAR_LIMIT, 0.2135))

    assert look(watched(CAR_LIMIT, 0.2136), [site]).outcome is WriteOutcome.SENT


def test_what_evcc_accepted_is_looked_for_and_not_what_was_wanted() -> None:
    command = Watched(record=replace(sent(BUFFER, 15.0), accepted=20.0), since=START)
    site = after(5 * SECOND, with_value(SITE, BUFFER, 20.0))

    assert look(command, [site]).outcome is WriteOutcome.CONFIRMED


def test_a_reading_that_is_not_younger_than_the_command_tells_nothing() -> None:
    site = after(timedelta(0), with_value(SITE, CAR_MODE, "now"))

    assert look(watched(CAR_MODE, "now"), [site]).outcome is WriteOutcome.SENT


@pytest.mark.parametrize(
    ("imposed", "in_force", "wanted", "expected"),
    [
        ("hold", BatteryMode.NORMAL, "hold", WriteOutcome.SENT),
        ("hold", BatteryMode.HOLD, "hold", WriteOutcome.CONFIRMED),
        (None, BatteryMode.HOLD, "hold", WriteOutcome.CONFIRMED),
        (None, BatteryMode.HOLD, None, WriteOutcome.CONFIRMED),
        ("unknown", BatteryMode.HOLD, None, WriteOutcome.CONFIRMED),
        ("hold", BatteryMode.NORMAL, None, WriteOutcome.SENT),
    ],
)
def test_a_mode_is_shown_by_what_is_in_force_and_a_release_by_what_is_imposed(
    imposed: str | None, in_force: BatteryMode, wanted: str | None, expected: WriteOutcome
) -> None:
    assert SITE.battery is not None
    battery = replace(SITE.battery, mode=in_force)
    site = with_value(replace(SITE, battery=battery), BATTERY_MODE, imposed)

    record = look(watched(BATTERY_MODE, wanted), [after(5 * SECOND, site)])

    assert record.outcome is expected


@pytest.mark.parametrize(("interval_s", "wait_s"), [(0.0, 60), (30.0, 60), (45.0, 90)])
def test_it_is_given_up_after_two_readings_that_had_the_time_to_show_it(
    interval_s: float, wait_s: int
) -> None:
    site = replace(SITE, interval_s=interval_s)
    told = [after(seconds * SECOND, site) for seconds in (10, wait_s - 1, wait_s, wait_s + 10)]

    early = look(watched(CAR_MODE, "now"), told[:3])
    late = look(watched(CAR_MODE, "now"), told)

    assert early.outcome is WriteOutcome.SENT
    assert (late.outcome, late.settled_at) == (WriteOutcome.NOT_CONFIRMED, told[3].read_at)


def test_a_reading_that_is_looked_at_twice_is_one() -> None:
    site = after(2 * MINUTE)

    assert look(watched(CAR_MODE, "now"), [site, site]).outcome is WriteOutcome.SENT


def test_a_reading_from_before_the_clock_was_set_back_does_not_count_any_more() -> None:
    told = [after(passed) for passed in (MINUTE, -MINUTE, timedelta(0))]

    assert look(watched(CAR_MODE, "now"), told).outcome is WriteOutcome.SENT


@pytest.mark.parametrize(
    ("lever", "site"),
    [
        (CAR_MODE, replace(SITE, loadpoints=())),
        (CAR_BOOST, SITE),
        (BUFFER, replace(SITE, settings=None)),
        (BATTERY_MODE, replace(SITE, battery=None)),
    ],
)
def test_readings_that_do_not_say_tell_nothing(lever: Lever, site: SiteSnapshot) -> None:
    told = [after(number * MINUTE, site) for number in range(1, 6)]

    assert look(watched(lever, "hold"), told).outcome is WriteOutcome.SENT


def test_what_failed_is_confirmed_when_it_is_shown_soon_and_not_later() -> None:
    failed = Watched(record=sent(CAR_MODE, "now", WriteOutcome.FAILED), since=START)
    shown = with_value(SITE, CAR_MODE, "now")

    soon = look(failed, [after(MINUTE, shown)])
    later = look(failed, [after(MINUTE), after(MINUTE + SECOND, shown)])

    assert (soon.outcome, soon.accepted) == (WriteOutcome.CONFIRMED, "now")
    assert later == failed.record


def test_what_was_superseded_is_not_looked_for_any_more() -> None:
    record = superseded(sent(CAR_MODE, "now"), START + SECOND)
    command = Watched(record=record, since=START)

    assert look(command, [after(MINUTE, with_value(SITE, CAR_MODE, "now"))]) == record


def test_what_was_confirmed_stays_confirmed() -> None:
    shown = with_value(SITE, CAR_MODE, "now")

    record = look(
        watched(CAR_MODE, "now"), [after(SECOND, shown), after(5 * MINUTE), after(6 * MINUTE)]
    )

    assert (record.outcome, record.settled_at) == (WriteOutcome.CONFIRMED, START + SECOND)


@given(
    st.lists(st.tuples(st.sampled_from([-90, -30, 0, 1, 30, 45, 3600]), st.booleans()), max_size=12)
)
def test_whatever_the_clock_does_nothing_is_settled_without_readings_for_it(
    steps: list[tuple[int, bool]],
) -> None:
    command, now, earliest = watched(CAR_MODE, "now"), START, START
    showed: list[bool] = []
    for step_s, shows_it in steps:
        was, now = command.record.outcome, now + step_s * SECOND
        site = with_value(SITE, CAR_MODE, "now") if shows_it else SITE
        command = look_again(command, replace(site, read_at=now), now)
        earliest = min(earliest, now)
        showed.append(shows_it)

        if command.record.outcome is was:
            continue
        if command.record.outcome is WriteOutcome.CONFIRMED:
            assert shows_it
        else:
            assert showed.count(False) >= 2
            assert now - earliest >= MINUTE


@pytest.mark.parametrize(
    ("outcome", "pause"),
    [(WriteOutcome.NOT_CONFIRMED, 15 * MINUTE), (WriteOutcome.FAILED, MINUTE)],
)
def test_what_was_in_vain_waits_before_it_is_sent_again(
    outcome: WriteOutcome, pause: timedelta
) -> None:
    last = sent(CAR_LIMIT, 0.21, outcome)

    early = [may_repeat(last, 0.21, START + passed) for passed in (timedelta(0), pause - SECOND)]

    assert early == [False, False]
    assert may_repeat(last, 0.21, START + pause)


def test_what_no_reading_can_have_shown_yet_is_not_sent_anew() -> None:
    last = sent(CAR_MODE, "now")

    assert not may_repeat(last, "now", START + 60 * SECOND)
    assert may_repeat(last, "now", START + 150 * SECOND)


@pytest.mark.parametrize(
    ("last", "value", "now"),
    [
        (None, "now", START),
        (sent(CAR_MODE, "now"), "pv", START),
        (sent(CAR_MODE, "now", WriteOutcome.CONFIRMED), "now", START),
        (sent(CAR_MODE, "now", WriteOutcome.NOT_CONFIRMED), "pv", START),
        (sent(CAR_MODE, "now", WriteOutcome.NOT_CONFIRMED), "now", START - SECOND),
        (sent(BUFFER, 42.0, WriteOutcome.NOT_CONFIRMED), 42.0, START),
        (sent(BUFFER, 42.0, WriteOutcome.FAILED), 42.0, START),
    ],
    ids=["first", "other_waits", "confirmed", "other_value", "clock_set_back", "buffer", "failed"],
)
def test_everything_else_may_be_sent_at_once(
    last: CommandRecord | None, value: SettingValue, now: datetime
) -> None:
    assert may_repeat(last, value, now)
