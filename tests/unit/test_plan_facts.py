"""What is remembered of a plan: small, and read back as it was written."""

import json
import math
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.horizon import SLOT
from domain.plan import Reason, ReasonCode
from planner.plan_facts import NOW_PREFIX, PLAN_KIND, plan_facts
from tests.support.history_builder import open_store
from tests.support.shown_plan import BATTERY, NOON, shown_plan

MOST_BYTES_A_PLAN = 200


def test_it_is_known_how_a_plan_was_made_and_what_it_promised() -> None:
    plan = shown_plan()

    facts = plan_facts(plan, NOON)

    assert (facts["rung"], facts["status"]) == ("fast", "unproven")
    assert (facts["made_at"], facts["solve_ms"]) == ("2026-06-21T12:00:00+00:00", 38.4)
    assert facts["saving_eur"] == 0.842
    assert facts["baseline_eur"] == pytest.approx(plan.baseline.total_eur, abs=1e-4)


def test_it_is_known_what_was_done_with_each_device_at_once() -> None:
    facts = plan_facts(shown_plan(n_cars=2), NOON)

    done = {name: code for name, code in facts.items() if name.startswith(NOW_PREFIX)}
    assert done == {
        "now home": "battery_charges_sun",
        "now lp-1": "car_waits",
        "now lp-2": "car_waits",
    }


def test_the_first_of_several_reasons_of_a_device_is_what_is_done() -> None:
    first = Reason(code=ReasonCode.BATTERY_SELLS, device=BATTERY)
    second = Reason(code=ReasonCode.BATTERY_IS_FULL, device=BATTERY)
    turned_down = Reason(code=ReasonCode.PV_IS_TURNED_DOWN)
    plan = replace(shown_plan(n_slots=1), reasons=((first, second, turned_down),))

    facts = plan_facts(plan, NOON)

    assert (facts["now home"], facts["now "]) == ("battery_sells", "pv_is_turned_down")


@pytest.mark.parametrize("slots", [-1, 4, 400])
def test_outside_of_its_slots_nothing_is_done(slots: int) -> None:
    facts = plan_facts(shown_plan(n_slots=4), NOON + slots * SLOT)

    assert not [name for name in facts if name.startswith(NOW_PREFIX)]


def test_what_is_no_number_is_not_known() -> None:
    plan = replace(shown_plan(), solve_ms=math.nan, gap_eur=None)

    facts = plan_facts(plan, NOON)

    assert (facts["solve_ms"], facts["gap_eur"]) == (None, None)


def test_the_history_gives_back_what_it_was_told(tmp_path: Path) -> None:
    plans = [shown_plan(NOON + number * SLOT, n_cars=2) for number in range(4)]
    with open_store(tmp_path / "history.db") as store:
        for plan in plans:
            store.write_decision(plan.made_at, PLAN_KIND, plan_facts(plan, plan.made_at))
        store.flush()

        found = store.read_decisions(NOON, NOON + timedelta(hours=1))

    assert [(one.at, one.kind) for one in found] == [(plan.made_at, "plan") for plan in plans]
    assert [one.facts for one in found] == [plan_facts(plan, plan.made_at) for plan in plans]


@pytest.mark.parametrize("n_cars", [0, 1, 2])
def test_what_is_remembered_of_a_plan_is_small(n_cars: int) -> None:
    facts = plan_facts(shown_plan(n_cars=n_cars), NOON)

    # The names are kept once for all plans.
    values = json.dumps(list(facts.values()), separators=(",", ":"))
    assert len(values.encode()) <= MOST_BYTES_A_PLAN
