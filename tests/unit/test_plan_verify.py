"""Each rule of ``planner.verify``: what breaks it is named, what keeps it is left in peace."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.dispatch import Dispatch
from planner.plan_problem import FloatArray, PlanProblem, TaperPoint, series
from planner.verify import SLOT_TOLERANCE_KWH, SOC_TOLERANCE_KWH, Rule, Violation, verify
from tests.support.plan_problems import (
    ONE_PHASE,
    THREE_PHASES,
    PerSlot,
    battery,
    car,
    doing_nothing,
    pieces,
    problem,
    problems,
    settled,
)

MORE = 1e-3


def broken(of: PlanProblem, dispatch: Dispatch) -> list[tuple[Rule, int | None, str]]:
    """What is broken, where and by whom."""
    return [(one.rule, one.slot, one.device) for one in verify(of.checked(), dispatch)]


def moved(flow: FloatArray, slot: int, kwh: float) -> FloatArray:
    changed = flow.copy()
    changed[slot] += kwh
    return changed


# -- form ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["charge_kwh", "discharge_kwh", "car_kwh"])
def test_a_flow_for_each_device_is_asked_for(name: str) -> None:
    of = problem(2, batteries=[battery()], cars=[car()])
    changes: dict[str, Any] = {name: ()}

    assert broken(of, replace(doing_nothing(of), **changes)) == [(Rule.FORM, None, "")]


def test_a_flow_for_each_slot_is_asked_for() -> None:
    of = problem(2, cars=[car()])

    short = replace(doing_nothing(of), curtail_kwh=np.zeros(1), car_kwh=(np.zeros((2, 2)),))

    assert broken(of, short) == [(Rule.FORM, None, ""), (Rule.FORM, None, "car")]


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_named_and_nothing_else(number: float) -> None:
    of = problem(3, batteries=[battery()])
    idle = doing_nothing(of)

    spoilt = replace(
        idle,
        charge_kwh=(series([0.0, number, 0.0]),),
        grid_import_kwh=series([0.0, 0.0, number]),
    )

    assert broken(of, spoilt) == [
        (Rule.NOT_FINITE, 2, ""),
        (Rule.NOT_FINITE, 1, "battery"),
    ]


# -- house and meter -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["grid_import_kwh", "grid_export_kwh", "curtail_kwh", "charge_kwh", "discharge_kwh"]
)
def test_energy_from_nowhere_is_seen(name: str) -> None:
    of = problem(2, pv=2.0, load=2.0, can_curtail=True, batteries=[battery()])
    idle = doing_nothing(of)
    flow = getattr(idle, name)
    more: Any = (moved(flow[0], 1, 0.5),) if isinstance(flow, tuple) else moved(flow, 1, 0.5)

    found = verify(of, replace(idle, **{name: more}))

    assert [(one.rule, one.slot, one.excess_kwh) for one in found] == [(Rule.BALANCE, 1, 0.5)]


def test_negative_flows_are_named_each() -> None:
    of = problem(2, load=1.0, batteries=[battery()], cars=[car(ranges=())])
    idle = doing_nothing(of)

    turned = replace(
        idle,
        grid_export_kwh=series([-0.2, 0.0]),
        charge_kwh=(series([0.0, -0.3]),),
        car_kwh=(series([0.0, -0.1]),),
    )

    found = [one for one in verify(of, turned) if one.rule is Rule.NEGATIVE]
    assert [(one.device, one.slot, one.excess_kwh) for one in found] == [
        ("", 0, 0.2),
        ("battery", 1, 0.3),
        ("car", 1, 0.1),
    ]


def test_pv_is_turned_down_where_that_is_possible() -> None:
    of = problem(2, pv=[2.0, 0.0], load=0.5, can_curtail=True)

    assert broken(of, settled(of, curtail=[2.0, 0.0])) == []
    assert broken(of, settled(of, curtail=[2.0 + MORE, MORE])) == [
        (Rule.CURTAILMENT, 0, ""),
        (Rule.CURTAILMENT, 1, ""),
    ]


def test_pv_is_not_turned_down_where_it_cannot_be() -> None:
    of = problem(1, pv=2.0)

    assert broken(of, settled(of, curtail=MORE)) == [(Rule.CURTAILMENT, 0, "")]


def test_the_meter_goes_one_way_in_a_slot() -> None:
    of = problem(2, load=1.0)

    both = replace(
        doing_nothing(of), grid_import_kwh=series([1, 1.5]), grid_export_kwh=series([0, 0.5])
    )

    assert broken(of, both) == [(Rule.GRID_BOTH_WAYS, 1, "")]


def test_beyond_fuse_and_export_limit_is_soft() -> None:
    of = problem(2, pv=[0.0, 5.0], load=[4.0, 0.0], import_max=3.0, export_max=2.0)

    assert verify(of, doing_nothing(of)) == (
        Violation(rule=Rule.IMPORT_LIMIT, slot=0, excess_kwh=1.0, is_soft=True),
        Violation(rule=Rule.EXPORT_LIMIT, slot=1, excess_kwh=3.0, is_soft=True),
    )


def test_everything_else_is_hard() -> None:
    of = problem(1, batteries=[battery(soc_kwh=0.0)])

    assert [one.is_soft for one in verify(of, settled(of, discharge=[9.0]))] == [False, False]


# -- batteries -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "charge", "discharge", "expected"),
    [
        pytest.param({}, [4.0, 0.0], [0.0, 4.0], [], id="full power"),
        pytest.param({}, [4.0 + MORE, 0.0], 0.0, [(Rule.CHARGE_POWER, 0)], id="charges too fast"),
        pytest.param(
            {}, 0.0, [0.0, 4.0 + MORE], [(Rule.DISCHARGE_POWER, 1)], id="discharges too fast"
        ),
        pytest.param({}, [1.0, 0], [MORE, 0], [(Rule.BATTERY_BOTH_WAYS, 0)], id="both ways"),
        pytest.param({}, 2.5, 0.0, [], id="up to the top"),
        pytest.param({}, [2.5, 2.5 + MORE], 0.0, [(Rule.SOC_HIGH, 1)], id="over the top"),
        pytest.param({}, 0.0, 2.5, [], id="down to the bottom"),
        pytest.param({}, 0.0, [2.5, 2.5 + MORE], [(Rule.SOC_LOW, 1)], id="below the bottom"),
        pytest.param(
            {"charge_efficiency_frac": 0.5}, [4.0, 4.0], 0.0, [], id="what is lost is not stored"
        ),
        pytest.param(
            {"discharge_efficiency_frac": 0.5},
            0.0,
            [2.0, 0.5 + MORE],
            [(Rule.SOC_LOW, 1)],
            id="what is lost must be taken out too",
        ),
        pytest.param(
            {"soc_kwh": 1.0, "soc_min_kwh": 2.0}, 0.0, 0.0, [], id="starts too low and stays"
        ),
        pytest.param(
            {"soc_kwh": 1.0, "soc_min_kwh": 2.0},
            0.0,
            [0.0, MORE],
            [(Rule.SOC_LOW, 1)],
            id="starts too low and goes on",
        ),
        pytest.param(
            {"soc_kwh": 9.0, "soc_max_kwh": 8.0}, 0.0, [0.5, 0.0], [], id="comes back slowly"
        ),
        pytest.param(
            {"soc_kwh": 9.0, "soc_max_kwh": 8.0},
            [MORE, 0.0],
            0.0,
            [(Rule.SOC_HIGH, 0), (Rule.SOC_HIGH, 1)],
            id="starts too high and goes on",
        ),
    ],
)
def test_a_battery_does_what_it_can(
    changes: dict[str, Any], charge: PerSlot, discharge: PerSlot, expected: list[tuple[Rule, int]]
) -> None:
    of = problem(2, load=9.0, batteries=[battery(**changes)])

    found = broken(of, settled(of, charge=[charge], discharge=[discharge]))

    assert found == [(rule, slot, "battery") for rule, slot in expected]


FALLING = (
    TaperPoint(soc_kwh=5.0, charge_max_kw=3.0),
    TaperPoint(soc_kwh=10.0, charge_max_kw=1.0),
)


@pytest.mark.parametrize(
    ("soc_kwh", "most_kw"), [(1.0, 3.0), (5.0, 3.0), (7.5, 2.0), (9.0, 1.4), (10.0, 1.0), (11.0, 1)]
)
def test_a_taper_limits_by_what_is_stored_before(soc_kwh: float, most_kw: float) -> None:
    of = problem(2, slot_h=0.25, batteries=[battery(soc_kwh=soc_kwh - 0.25, taper=FALLING)])

    def is_too_fast(kwh: float) -> bool:
        found = broken(of, settled(of, charge=[[0.25, kwh]]))
        return (Rule.TAPER, 1, "battery") in found

    assert not is_too_fast(most_kw * 0.25)
    assert is_too_fast(most_kw * 0.25 + MORE)


def test_power_is_counted_by_the_length_of_a_slot() -> None:
    of = problem(1, slot_h=0.25, batteries=[battery()], cars=[car()])

    assert broken(of, settled(of, charge=[1.0], cars=[11.04 / 4])) == []
    assert broken(of, settled(of, charge=[1.1], cars=[11.04 / 4 + 0.1])) == [
        (Rule.CHARGE_POWER, 0, "battery"),
        (Rule.CAR_POWER, 0, "car"),
    ]


def test_a_battery_that_must_not_charge_from_the_grid_takes_surplus_only() -> None:
    of = problem(3, pv=[3, 3, 0], load=1.0, batteries=[battery(may_grid_charge=False, soc_kwh=1)])

    assert broken(of, settled(of, charge=[[2.0, 1.0, 0.0]])) == []
    assert broken(of, settled(of, charge=[[2.0 + MORE, 0.0, MORE]])) == [
        (Rule.GRID_CHARGE, 0, "battery"),
        (Rule.GRID_CHARGE, 2, "battery"),
    ]


def test_what_a_car_takes_is_no_surplus() -> None:
    of = problem(
        1, pv=6.0, batteries=[battery(may_grid_charge=False)], cars=[car(fixed_kwh=series([5.0]))]
    )

    assert broken(of, settled(of, charge=[1.0], cars=[5.0])) == []
    assert broken(of, settled(of, charge=[1.1], cars=[5.0])) == [(Rule.GRID_CHARGE, 0, "battery")]


def test_a_battery_that_must_not_export_rests_while_the_house_does() -> None:
    of = problem(3, pv=[0, 0, 3], load=1.0, batteries=[battery(may_export=False)])

    assert broken(of, settled(of, discharge=[[1.0, 0.5, 0.0]])) == []
    assert broken(of, settled(of, discharge=[[1.0, 1.5, 0.1]])) == [
        (Rule.BATTERY_EXPORT, 1, "battery"),
        (Rule.BATTERY_EXPORT, 2, "battery"),
    ]


def test_batteries_are_told_apart() -> None:
    of = problem(1, batteries=[battery(), battery(name="other", soc_kwh=1.0)])

    assert broken(of, settled(of, charge=[1.0], discharge=[0.0, 1.0])) == []
    assert broken(of, settled(of, charge=[1.0], discharge=[0.0, 1.1])) == [
        (Rule.SOC_LOW, 0, "other")
    ]


# -- cars from batteries -------------------------------------------------------------------------

NOW = car(fixed_kwh=series([4.0, 0.0]))


@pytest.mark.parametrize(
    ("pv", "load", "discharge", "is_kept"),
    [
        (0.0, 1.0, [1.0, 1.0], True),
        (0.0, 1.0, [1.0 + MORE, 0.0], False),
        (0.0, 1.0, [1.0, 2.0], True),
        (2.0, 1.0, [0.0, 0.0], True),
        (2.0, 1.0, [MORE, 0.0], False),
        (0.4, 1.0, [0.6, 0.0], True),
        (0.4, 1.0, [0.7, 0.0], False),
    ],
)
def test_a_battery_that_must_not_feed_cars_serves_the_house_only(
    pv: float, load: float, discharge: Sequence[float], *, is_kept: bool
) -> None:
    of = problem(2, pv=pv, load=load, batteries=[battery(may_feed_cars=False)], cars=[NOW])

    found = broken(of, settled(of, discharge=[discharge], cars=[[4.0, 0.0]]))

    assert found == ([] if is_kept else [(Rule.CAR_FROM_BATTERY, 0, "")])


def test_pv_that_is_turned_down_leaves_the_house_in_need() -> None:
    of = problem(
        2, pv=2.0, load=1.0, can_curtail=True, batteries=[battery(may_feed_cars=False)], cars=[NOW]
    )

    assert broken(of, settled(of, curtail=2.0, discharge=[1.0], cars=[[4.0, 0.0]])) == []


def test_two_batteries_that_must_not_feed_cars_serve_the_house_together() -> None:
    kept = battery(may_feed_cars=False)
    of = problem(2, load=1.0, batteries=[kept, replace(kept, name="other")], cars=[NOW])

    assert broken(of, settled(of, discharge=[0.5, 0.5], cars=[[4.0, 0.0]])) == []
    assert broken(of, settled(of, discharge=[0.5, 0.6], cars=[[4.0, 0.0]])) == [
        (Rule.CAR_FROM_BATTERY, 0, "")
    ]


def test_another_battery_may_feed_the_car_meanwhile() -> None:
    of = problem(
        2,
        load=1.0,
        batteries=[battery(may_feed_cars=False), battery(name="other")],
        cars=[NOW],
    )

    assert broken(of, settled(of, discharge=[[1, 0], [3, 0]], cars=[[4.0, 0.0]])) == []


def test_a_car_is_fed_above_the_limit_and_the_house_below_it_too() -> None:
    of = problem(2, load=1.0, batteries=[battery(cars_above_kwh=4.0)], cars=[NOW])

    def found(discharge: list[float]) -> list[tuple[Rule, int | None, str]]:
        return broken(of, settled(of, discharge=[discharge], cars=[[4.0, 0.0]]))

    assert found([1.0, 4.0]) == []
    assert found([1.0 + MORE, 0.0]) == [(Rule.CAR_BELOW_BUFFER, 0, "battery")]


def test_only_batteries_that_discharge_must_be_above_the_limit() -> None:
    low = battery(name="low", soc_kwh=2.0, cars_above_kwh=4.0)
    of = problem(2, load=1.0, batteries=[low, battery()], cars=[NOW])

    assert broken(of, settled(of, discharge=[0.0, [3.0, 0.0]], cars=[[4.0, 0.0]])) == []
    assert broken(of, settled(of, discharge=[[0.5, 0], [3.0, 0.0]], cars=[[4.0, 0.0]])) == [
        (Rule.CAR_BELOW_BUFFER, 0, "low")
    ]


# -- cars ----------------------------------------------------------------------------------------


def test_a_car_charges_while_it_is_there() -> None:
    of = problem(4, cars=[car(arrival_slot=1, deadline_slot=3)])

    assert broken(of, settled(of, cars=[[0, 5, 5, 0]])) == []
    assert broken(of, settled(of, cars=[[5, 0, 0, 5]])) == [
        (Rule.CAR_AWAY, 0, "car"),
        (Rule.CAR_AWAY, 3, "car"),
    ]


@pytest.mark.parametrize("kwh", [0.0, 1.38, 2.0, 3.68, 4.14, 8.0, 9.9])
def test_a_charger_holds_what_is_within_a_range(kwh: float) -> None:
    of = problem(1, cars=[car(ranges=(ONE_PHASE, THREE_PHASES))])

    assert broken(of, settled(of, cars=[kwh])) == []


@pytest.mark.parametrize(("kwh", "excess"), [(0.5, 0.5), (1.0, 0.38), (3.9, 0.22), (11.14, 0.1)])
def test_between_and_beyond_the_ranges_a_charger_holds_nothing(kwh: float, excess: float) -> None:
    of = problem(1, cars=[car(ranges=(ONE_PHASE, THREE_PHASES), wish=pieces((20.0, 1.0)))])

    (found,) = verify(of, settled(of, cars=[kwh]))

    assert (found.rule, found.slot, found.device) == (Rule.CAR_POWER, 0, "car")
    assert found.excess_kwh == pytest.approx(excess)


def test_a_charger_without_ranges_gives_nothing() -> None:
    of = problem(1, cars=[car(ranges=())])

    assert broken(of, settled(of, cars=[MORE])) == [(Rule.CAR_POWER, 0, "car")]


def test_a_car_takes_no_more_than_there_is_room() -> None:
    of = problem(2, cars=[car(wish=pieces((5.0, 1.0), (4.0, 0.1)), charge_efficiency_frac=0.9)])

    assert broken(of, settled(of, cars=[5.0])) == []
    assert broken(of, settled(of, cars=[[5.0, 5.0 + MORE]])) == [(Rule.CAR_ROOM, None, "car")]


def test_what_the_owner_has_decided_is_charged_whatever_it_breaks() -> None:
    told = series([1.0, 0.0, 20.0])
    of = problem(3, cars=[car(fixed_kwh=told, arrival_slot=1, deadline_slot=2)])

    assert broken(of, settled(of, cars=[[1.0, 0.0, 20.0]])) == []
    assert broken(of, settled(of, cars=[[1.0, MORE, 20.0 - MORE]])) == [
        (Rule.CAR_FIXED, 1, "car"),
        (Rule.CAR_FIXED, 2, "car"),
    ]


# -- always --------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(problems(max_slots=8))
def test_doing_nothing_breaks_nothing_hard(of: PlanProblem) -> None:
    assert [one for one in verify(of, doing_nothing(of)) if not one.is_soft] == []


@settings(max_examples=30, deadline=None)
@given(problems(max_slots=8), st.floats(-0.9, 0.9), st.data())
def test_what_a_solver_leaves_over_is_forgiven(
    of: PlanProblem, share: float, data: st.DataObject
) -> None:
    idle = doing_nothing(of)
    slot = data.draw(st.integers(0, of.n_slots - 1))

    nearly = replace(
        idle, grid_import_kwh=moved(idle.grid_import_kwh, slot, share * SLOT_TOLERANCE_KWH)
    )

    assert [one for one in verify(of, nearly) if not one.is_soft] == []


def test_small_errors_of_many_slots_may_add_up_to_a_little() -> None:
    n_slots = 192
    of = problem(n_slots, slot_h=0.25, load=1.0, batteries=[battery(soc_kwh=0.0)])
    each = SOC_TOLERANCE_KWH / n_slots

    assert broken(of, settled(of, discharge=[0.999 * each])) == []
    assert broken(of, settled(of, discharge=[1.004 * each])) == [
        (Rule.SOC_LOW, n_slots - 1, "battery")
    ]


@settings(max_examples=40, deadline=None)
@given(problems(max_slots=6), st.data())
def test_rubbish_never_crashes_it_and_is_never_let_pass(
    of: PlanProblem, data: st.DataObject
) -> None:
    idle = doing_nothing(of)
    name = data.draw(st.sampled_from(("grid_import_kwh", "grid_export_kwh", "curtail_kwh")))
    slot = data.draw(st.integers(0, of.n_slots - 1))
    by_kwh = data.draw(
        st.sampled_from((np.nan, np.inf, -np.inf))
        | st.floats(-1e6, 1e6).filter(lambda kwh: abs(kwh) > 2 * SLOT_TOLERANCE_KWH)
    )

    change: Any = {name: moved(getattr(idle, name), slot, by_kwh)}

    assert [one for one in verify(of, replace(idle, **change)) if not one.is_soft]
