"""How often evcc may be changed in a local day, whatever the clock does."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from control.budget import (
    MOST_PER_DAY,
    MOST_PER_LEVER,
    Change,
    count_today,
    is_change,
    is_exempt,
    refusal,
    with_clock,
)
from domain.control import BATTERY_MODE, BUFFER, EvccSetting, Lever
from domain.steering import CommandCode, WriteOutcome
from tests.support.history_builder import command

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 29, 10, tzinfo=UTC)  # the day on which Berlin's clocks go forward
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CAR_LIMIT = Lever(setting=EvccSetting.SMART_COST_LIMIT, device="db:4")


def changes(n_changes: int, lever: Lever = BUFFER, at: datetime = NOON) -> list[Change]:
    return [Change(at=at, lever=lever)] * n_changes


def n_today(made: Sequence[Change], now: datetime) -> int:
    return count_today(made, now, BERLIN).n_today


def why(made: Sequence[Change], lever: Lever = BUFFER) -> str | None:
    return refusal(count_today(made, NOON, BERLIN), lever, "bufferSoc")


def test_the_count_tells_each_lever_the_most_changed_first() -> None:
    made = [*changes(1), *changes(3, CAR_LIMIT), *changes(2, BATTERY_MODE)]

    count = count_today(made, NOON, BERLIN)

    assert (count.n_today, count.most_per_day) == (6, MOST_PER_DAY)
    assert count.by_lever == (
        ("smartCostLimit", "db:4", 3, MOST_PER_LEVER),
        ("batteryMode", "", 2, MOST_PER_LEVER),
        ("bufferSoc", "", 1, MOST_PER_LEVER),
    )


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), 0),
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), 1),
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), 1),
    ],
)
def test_a_day_of_23_hours_begins_and_ends_at_midnight(at: datetime, expected: int) -> None:
    assert n_today(changes(1, at=at), datetime(2026, 3, 29, 21, 59, tzinfo=UTC)) == expected


def test_the_last_change_of_a_lever_is_allowed_and_the_next_one_not() -> None:
    assert why(changes(MOST_PER_LEVER - 1)) is None
    assert why(changes(MOST_PER_LEVER)) == "heute schon 24 Änderungen an bufferSoc; morgen wieder"


def test_another_lever_has_changes_of_its_own() -> None:
    assert why(changes(MOST_PER_LEVER, CAR_LIMIT)) is None


def test_many_levers_end_at_what_all_may_have() -> None:
    made = [
        change
        for number in range(4)
        for change in changes(20, Lever(setting=EvccSetting.CHARGE_MODE, device=f"{number}"))
    ]

    assert why(made[1:]) is None
    assert why(made) == "heute schon 80 Änderungen in evcc; morgen wieder"


@pytest.mark.parametrize("code", CommandCode)
def test_what_is_safe_given_back_or_asked_for_goes_out_whatever_was_before(
    code: CommandCode,
) -> None:
    always = {"handed_back", "safe_normal", "fuse_relief", "owner_asked"}

    assert is_exempt(BATTERY_MODE, "hold", code) == (code.value in always)


def test_a_battery_mode_is_always_released_and_a_limit_is_not() -> None:
    assert is_exempt(BATTERY_MODE, None, CommandCode.BATTERY_KEEPS)
    assert not is_exempt(CAR_LIMIT, None, CommandCode.CAR_CHEAP)


@pytest.mark.parametrize("outcome", WriteOutcome)
def test_only_what_evcc_took_counts(outcome: WriteOutcome) -> None:
    taken = {"sent", "confirmed", "not_confirmed"}

    assert is_change(command(outcome=outcome)) == (outcome.value in taken)


@pytest.mark.parametrize("back", [HOUR, DAY, 400 * DAY])
def test_a_clock_that_is_set_back_takes_nothing_off(back: timedelta) -> None:
    assert n_today(changes(5), NOON - back) == 5


def test_a_clock_that_was_wrong_for_a_while_takes_nothing_off() -> None:
    meanwhile = with_clock(changes(5), NOON - 2 * DAY)

    assert n_today(meanwhile, NOON + HOUR) == 5


def test_what_lies_in_the_future_counts_on_the_day_it_is_noticed_and_no_longer() -> None:
    noticed = with_clock(changes(5, at=NOON + 400 * DAY), NOON)

    counts = [n_today(with_clock(noticed, NOON + n * DAY), NOON + n * DAY) for n in (0, 1, 2)]

    assert counts == [5, 0, 0]


def test_a_change_a_moment_ahead_of_the_turn_counts() -> None:
    assert n_today(changes(1), NOON - timedelta(milliseconds=5)) == 1
