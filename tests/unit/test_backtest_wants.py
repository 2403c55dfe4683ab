"""When a plan wants something else than the one before: that is counted as a change of mind."""

from typing import Any

import pytest

from backtest.wants import wants_of
from control.flows import Intent
from domain.plan import Rung
from tests.support.told_plan import CAR, PLANT, told_plan


@pytest.mark.parametrize(
    ("flows", "battery"),
    [
        pytest.param({"load": 0.2, "discharge": 0.2}, Intent.FOLLOWS, id="it serves the house"),
        pytest.param({"load": 0.2}, Intent.KEEPS, id="it leaves the house to the grid"),
        pytest.param({"load": 0.2, "charge": 0.5}, Intent.BUYS, id="it buys"),
        pytest.param(
            {"pv": 1.0, "load": 0.2, "charge": 0.8}, Intent.FOLLOWS, id="it stores the sun"
        ),
        pytest.param({"pv": 1.0, "load": 0.2}, Intent.LEAVES_SUN, id="it leaves the sun"),
    ],
)
def test_what_a_plan_wants_of_the_battery(flows: dict[str, Any], battery: Intent) -> None:
    assert wants_of(told_plan(**flows), 0, PLANT) == (battery,)


def test_serving_and_leaving_the_house_to_the_grid_are_not_the_same() -> None:
    serves, keeps = told_plan(load=0.2, discharge=0.2), told_plan(load=0.2)

    assert wants_of(serves, 0, PLANT) != wants_of(keeps, 0, PLANT)


def test_a_car_charges_or_waits() -> None:
    plan = told_plan(load=0.2, discharge=0.2, cars={CAR: (0.0, 2.75, 2.75, 0.0)})

    assert [wants_of(plan, slot, PLANT)[1] for slot in range(4)] == [
        "waits",
        "charges",
        "charges",
        "waits",
    ]


def test_evccs_own_rules_want_nothing_of_the_battery() -> None:
    hands_off = told_plan(load=0.2, charge=0.5, rung=Rung.HANDS_OFF)

    assert wants_of(hands_off, 0, PLANT) == (Intent.FOLLOWS,)


def test_nothing_is_wanted_without_a_plan_or_beyond_it() -> None:
    assert wants_of(None, 0, PLANT) == ()
    assert wants_of(told_plan(4), 4, PLANT) == ()
    assert wants_of(told_plan(4), -1, PLANT) == ()
