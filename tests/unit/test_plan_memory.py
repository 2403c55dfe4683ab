"""What is left of a car's wish and stay when some slots of a plan have passed."""

import pytest

from planner.plan_memory import car_later
from planner.plan_problem import series
from tests.support.plan_problems import car, pieces


def test_what_was_charged_comes_off_the_first_pieces_of_a_wish() -> None:
    before = car(soc_kwh=20.0, wish=pieces((4.0, 1.0), (6.0, 0.3), (5.0, 0.1)))

    later = car_later(before, soc_kwh=27.0, passed=2, n_slots=8)

    assert later.soc_kwh == 27.0
    assert [piece.width_kwh for piece in later.wish] == pytest.approx([0.0, 3.0, 5.0])
    assert [piece.eur_per_kwh for piece in later.wish] == [1.0, 0.3, 0.1]


@pytest.mark.parametrize(
    ("arrival", "deadline", "later_arrival", "later_deadline"),
    [(5, 9, 2, 6), (2, 9, 0, 6), (0, 2, 0, 0)],
)
def test_its_arrival_and_deadline_come_nearer_until_they_have_passed(
    arrival: int, deadline: int, later_arrival: int, later_deadline: int
) -> None:
    before = car(arrival_slot=arrival, deadline_slot=deadline)

    later = car_later(before, soc_kwh=before.soc_kwh, passed=3, n_slots=8)

    assert (later.arrival_slot, later.deadline_slot) == (later_arrival, later_deadline)


@pytest.mark.parametrize(
    ("passed", "n_slots", "left"),
    [(0, 3, [1.0, 2.0, 3.0]), (1, 3, [2.0, 3.0, 0.0]), (1, 2, [2.0, 3.0]), (3, 2, [0.0, 0.0])],
)
def test_what_the_owner_decided_goes_on_and_ends_where_it_ended(
    passed: int, n_slots: int, left: list[float]
) -> None:
    before = car(fixed_kwh=series([1.0, 2.0, 3.0]))

    later = car_later(before, soc_kwh=before.soc_kwh, passed=passed, n_slots=n_slots)

    assert later.fixed_kwh is not None
    assert later.fixed_kwh.tolist() == left
