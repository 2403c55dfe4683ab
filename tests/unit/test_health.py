"""When the service calls itself ill."""

import pytest

from health import LONGEST_SILENCE_S, LONGEST_WITHOUT_CYCLE_S, Heartbeat

START_S = 500.0


@pytest.fixture
def heartbeat() -> Heartbeat:
    return Heartbeat(START_S)


def test_a_new_heartbeat_is_well_for_a_while(heartbeat: Heartbeat) -> None:
    assert heartbeat.complaint(START_S) is None
    assert heartbeat.complaint(START_S + LONGEST_SILENCE_S) is None
    assert heartbeat.complaint(START_S + LONGEST_SILENCE_S + 0.1) == "the loop stands still"


def test_turning_without_a_finished_cycle_is_an_illness(heartbeat: Heartbeat) -> None:
    late_s = START_S + LONGEST_WITHOUT_CYCLE_S + 1
    heartbeat.turned(late_s)

    assert heartbeat.complaint(late_s) == "no cycle came to its end"


def test_one_missed_quarter_hour_is_not_an_illness(heartbeat: Heartbeat) -> None:
    heartbeat.turned(START_S + 1800.0)

    assert heartbeat.complaint(START_S + 1800.0) is None


def test_a_finished_cycle_makes_well_again(heartbeat: Heartbeat) -> None:
    heartbeat.cycled(START_S + 9000.0, can_save=True)

    assert heartbeat.complaint(START_S + 9000.0) is None


def test_what_cannot_be_saved_is_an_illness_until_it_can(heartbeat: Heartbeat) -> None:
    heartbeat.cycled(START_S, can_save=False)
    heartbeat.turned(START_S + 1)
    assert heartbeat.complaint(START_S + 1) == "the store cannot be written"

    heartbeat.cycled(START_S + 2, can_save=True)
    assert heartbeat.complaint(START_S + 2) is None


def test_a_standstill_is_named_before_anything_else(heartbeat: Heartbeat) -> None:
    heartbeat.cycled(START_S, can_save=False)

    assert heartbeat.complaint(START_S + 1e6) == "the loop stands still"
