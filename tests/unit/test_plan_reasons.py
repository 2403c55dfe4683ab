import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.plan import PlannedAction, Reason, ReasonCode
from planner.actions import actions_of, next_actions
from planner.dispatch import Dispatch
from planner.plan_problem import PlanProblem, Reserve, series
from planner.reasons import explain
from planner.slot_physics import BatteryState, Charger, window_of
from tests.support.plan_problems import (
    battery,
    car,
    doing_nothing,
    pieces,
    problem,
    problems,
    random_problem,
    settled,
)

START = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def told(
    of: PlanProblem,
    dispatch: Dispatch,
    *,
    marginal: list[float] | None = None,
    n_known: int = 10_000,
    by: Mapping[str, datetime | None] | None = None,
) -> tuple[tuple[Reason, ...], ...]:
    return explain(
        of,
        dispatch,
        start=START,
        slot=timedelta(hours=of.slot_h),
        marginal_eur_per_kwh=None if marginal is None else series(marginal),
        n_known_prices=n_known,
        by={} if by is None else by,
    )


def at(hour: float) -> str:
    return (START + hour * HOUR).isoformat()


def codes(reasons: tuple[tuple[Reason, ...], ...]) -> list[ReasonCode]:
    """The codes of the only device."""
    return [row[0].code for row in reasons]


def acting(of: PlanProblem, rng: np.random.Generator) -> Dispatch:
    """Batteries and cars that do something in most slots, within what they can."""
    states = [BatteryState(one, of.slot_h) for one in of.batteries]
    cars = [[0.0] * of.n_slots for _ in of.cars]
    for slot in range(of.n_slots):
        for index, one in enumerate(of.cars):
            if one.fixed_kwh is not None:
                cars[index][slot] = float(one.fixed_kwh[slot])
            elif slot in window_of(one, of.n_slots) and rng.random() < 0.5:
                room = one.room_kwh / one.charge_efficiency_frac - sum(cars[index])
                charger = Charger(one, of.slot_h)
                cars[index][slot] = charger.at_most(min(charger.high_kwh, max(room, 0.0)))
        for state in states:
            wish = rng.choice((-1.0, 0.0, 0.0, 1.0)) * rng.random() * 2.0 * of.slot_h
            state.move(
                min(max(wish, 0.0), state.most_charge_kwh()),
                min(max(-wish, 0.0), state.most_discharge_kwh()),
            )
    return settled(
        of,
        charge=[state.charged for state in states],
        discharge=[state.discharged for state in states],
        cars=cars,
        curtail=(of.pv_kwh * rng.choice((0.0, 0.3))).tolist(),
    )


# -- the battery ---------------------------------------------------------------------------------


def test_a_charge_names_what_it_is_for_and_what_it_saves() -> None:
    home = problem(
        4,
        buy=[0.2, 0.25, 0.3, 0.4],
        load=[0.0, 0.0, 1.0, 1.0],
        batteries=[
            battery(
                soc_kwh=0.0,
                charge_efficiency_frac=0.9,
                discharge_efficiency_frac=0.9,
                wear_eur_per_kwh=0.01,
            )
        ],
    )
    plan = settled(home, charge=[[2.0 / 0.81, 0, 0, 0]], discharge=[[0, 0, 1.0, 1.0]])

    first = told(home, plan)[0][0]

    assert first == Reason(
        code=ReasonCode.BATTERY_CHARGES_GRID,
        device="battery",
        facts={
            "price": 0.2,
            "rank": 1,
            "of": 4,
            "until": at(4),
            "for_from": at(2),
            "for_until": at(4),
            "for_price": 0.35,
            "for_use": "house",
            "saves_per_kwh": 0.0754,
        },
    )


def test_a_nights_charge_is_for_the_morning_and_not_for_an_evening_the_sun_provides() -> None:
    home = problem(
        5,
        buy=[0.2, 0.3, 0.25, 0.4, 0.4],
        pv=[0, 0, 3.0, 0, 0],
        load=[0, 2.0, 0, 1.5, 1.5],
        batteries=[battery(soc_kwh=1.0)],
    )
    plan = settled(home, charge=[[2.0, 0, 3.0, 0, 0]], discharge=[[0, 2.0, 0, 1.5, 1.5]])

    night, _, noon, *_ = (row[0] for row in told(home, plan))

    assert (night.facts["for_from"], night.facts["for_until"]) == (at(1), at(2))
    assert (noon.facts["for_from"], noon.facts["for_until"]) == (at(3), at(5))


def test_a_cloud_at_noon_is_not_what_energy_is_for() -> None:
    home = problem(
        4,
        pv=[4.0, 0.0, 0.1, 0.0],
        load=[0, 0.1, 0, 4.0],
        batteries=[battery(soc_kwh=0.0, charge_max_kw=9.0, discharge_max_kw=9.0)],
    )
    plan = settled(home, charge=[[4.0, 0, 0.1, 0]], discharge=[[0, 0.1, 0, 4.0]])

    first = told(home, plan)[0][0]

    assert first.facts["for_from"] == at(3)


def test_energy_that_stays_is_for_the_time_after_the_plan() -> None:
    home = problem(
        2, buy=0.2, batteries=[battery(soc_kwh=0.0, terminal=pieces((3.0, 0.3), (9.0, 0.1)))]
    )
    plan = settled(home, charge=[[2.0, 0.0]])

    facts = told(home, plan)[0][0].facts

    assert facts["kept_value"] == 0.3
    assert facts["saves_per_kwh"] == pytest.approx(0.1)
    assert "for_from" not in facts


@pytest.mark.parametrize(
    ("pv_kwh", "code"),
    [(1.9, ReasonCode.BATTERY_CHARGES_GRID), (2.1, ReasonCode.BATTERY_CHARGES_SUN)],
)
def test_the_larger_share_says_where_a_charge_comes_from(pv_kwh: float, code: ReasonCode) -> None:
    home = problem(1, pv=pv_kwh + 1.0, load=1.0, batteries=[battery()])

    assert codes(told(home, settled(home, charge=[4.0]))) == [code]


def test_a_battery_that_may_not_buy_takes_the_sun_while_a_car_buys() -> None:
    home = problem(
        1, pv=1.0, batteries=[battery(may_grid_charge=False)], cars=[car(deadline_slot=1)]
    )

    of_battery, of_car = told(home, settled(home, charge=[1.0], cars=[11.0]))[0]

    assert of_battery.code is ReasonCode.BATTERY_CHARGES_SUN
    assert of_car.code is ReasonCode.CAR_CHARGES_CHEAP


def test_sun_that_may_not_be_fed_in_is_stored_at_no_loss() -> None:
    home = problem(
        2, sell=0.1, pv=[3.0, 0], load=[0, 2.0], export_max=1.0, batteries=[battery(soc_kwh=0.0)]
    )

    first = told(home, settled(home, charge=[[2.0, 0]], discharge=[[0, 2.0]]))[0][0]

    assert first.facts["feed_in_is_limited"] == 1
    assert first.facts["saves_per_kwh"] == pytest.approx(0.3)


def test_a_discharge_tells_whom_it_serves() -> None:
    home = problem(
        3,
        sell=[0.1, 0.1, 0.5],
        load=[2.0, 0.2, 0.0],
        batteries=[battery(soc_kwh=9.0)],
        cars=[car(deadline_slot=3)],
    )
    plan = settled(home, discharge=[[2.0, 3.0, 3.0]], cars=[[0.0, 5.0, 0.0]])

    reasons = told(home, plan, marginal=[0.25, 0.26, 0.27])

    assert codes(reasons) == [
        ReasonCode.BATTERY_SERVES_HOUSE,
        ReasonCode.BATTERY_SERVES_CAR,
        ReasonCode.BATTERY_SELLS,
    ]
    assert reasons[1][0].facts == {"car": "car", "price": 0.3, "value": 0.26}
    assert reasons[2][0].facts == {"export_price": 0.5, "value": 0.27}


def test_a_rank_counts_only_the_slots_between_two_times_the_battery_is_empty() -> None:
    home = problem(5, buy=[0.3, 0.1, 0.2, 0.3, 0.05], load=1.0, batteries=[battery(soc_kwh=1.0)])
    plan = settled(home, charge=[[0, 0, 1.0, 0, 0]], discharge=[[1.0, 0, 0, 1.0, 0]])

    facts = told(home, plan)[2][0].facts

    assert (facts["rank"], facts["of"], facts["until"]) == (2, 3, at(4))


def test_kept_energy_names_the_dearer_slots_it_is_kept_for() -> None:
    home = problem(4, buy=[0.25, 0.2, 0.4, 0.3], load=1.0, batteries=[battery(soc_kwh=3.0)])
    plan = settled(home, discharge=[[0, 1.0, 1.0, 1.0]])

    first = told(home, plan)[0][0]

    assert first.code is ReasonCode.BATTERY_KEEPS
    assert (first.facts["for_from"], first.facts["for_until"]) == (at(2), at(4))
    assert first.facts["for_price"] == 0.35
    assert first.facts["saves_per_kwh"] == 0.1


def test_what_was_taken_out_before_is_not_what_energy_is_kept_for() -> None:
    home = problem(5, buy=[0.2, 0.5, 0.2, 0.4, 0.2], load=1.0, batteries=[battery(soc_kwh=2.0)])
    plan = settled(home, discharge=[[0, 1.0, 0, 1.0, 0]])

    reasons = told(home, plan)

    assert reasons[0][0].facts["for_price"] == 0.45
    assert reasons[2][0].facts["for_price"] == 0.4


def test_energy_at_or_below_the_buffer_names_the_buffer() -> None:
    reserve = Reserve(soc_kwh=series([4.0, 4.0]), eur_per_kwh_h=0.1)
    home = problem(2, load=1.0, batteries=[battery(soc_kwh=4.0, reserve=reserve)])

    first = told(home, doing_nothing(home))[0][0]

    assert first.code is ReasonCode.BATTERY_KEEPS
    assert first.facts["wish"] == "reserve"
    assert first.facts["reserve_kwh"] == 4.0


def test_a_battery_that_does_nothing_is_empty_full_or_rests() -> None:
    home = problem(
        4, pv=[0, 3.0, 3.0, 1.0], load=1.0, batteries=[battery(soc_kwh=0.0, soc_max_kwh=2.0)]
    )
    plan = settled(home, charge=[[0, 0, 2.0, 0]])

    reasons = told(home, plan)

    assert codes(reasons) == [
        ReasonCode.BATTERY_IS_EMPTY,
        ReasonCode.BATTERY_RESTS,
        ReasonCode.BATTERY_CHARGES_SUN,
        ReasonCode.BATTERY_IS_FULL,
    ]
    assert reasons[1][0].facts == {"next_at": at(2)}


def test_a_battery_that_may_not_feed_cars_does_not_keep_anything_from_them() -> None:
    home = problem(1, batteries=[battery(may_feed_cars=False)], cars=[car(deadline_slot=1)])

    assert codes(told(home, settled(home, cars=[5.0]))) == [ReasonCode.BATTERY_RESTS]


# -- cars and the sun ----------------------------------------------------------------------------


def test_a_car_charges_where_it_is_cheap_and_waits_for_it() -> None:
    home = problem(
        6, buy=[0.1, 0.4, 0.3, 0.2, 0.4, 0.1], cars=[car(arrival_slot=1, deadline_slot=5)]
    )
    deadline = START + 5 * HOUR
    plan = settled(home, cars=[[0, 0, 0, 10.0, 0, 0]])

    reasons = told(home, plan, by={"car": deadline})

    assert [len(row) for row in reasons] == [0, 1, 1, 1, 1, 0]
    assert reasons[1][0] == Reason(
        code=ReasonCode.CAR_WAITS,
        device="car",
        facts={"car": "car", "price": 0.4, "next_at": at(3), "next_price": 0.2},
    )
    assert reasons[3][0] == Reason(
        code=ReasonCode.CAR_CHARGES_CHEAP,
        device="car",
        facts={
            "car": "car",
            "price": 0.2,
            "rank": 1,
            "of": 4,
            "until": at(5),
            "by": deadline.isoformat(),
        },
    )
    assert reasons[4][0].code is ReasonCode.CAR_IS_DONE
    assert reasons[4][0].facts["reached_kwh"] == reasons[4][0].facts["target_kwh"] == 30.0


def test_a_car_that_needs_all_of_its_time_has_no_choice() -> None:
    home = problem(4, buy=[0.4, 0.1, 0.3, 0.2], cars=[car(deadline_slot=3)])
    plan = settled(home, cars=[[11.04, 11.04, 11.04, 0]])

    reasons = told(home, plan, by={"car": START + 3 * HOUR})

    assert codes(reasons[:3]) == [ReasonCode.CAR_CHARGES_FOR_DEADLINE] * 3


def test_a_car_without_a_deadline_is_never_in_a_hurry() -> None:
    home = problem(2, cars=[car(deadline_slot=2)])

    reasons = told(home, settled(home, cars=[11.04]), by={"car": None})

    assert codes(reasons) == [ReasonCode.CAR_CHARGES_CHEAP] * 2


def test_a_car_charges_from_the_sun_or_waits_for_it() -> None:
    home = problem(2, pv=[0, 6.0], cars=[car(deadline_slot=2)])

    waits, charges = (row[0] for row in told(home, settled(home, cars=[[0, 6.0]])))

    assert waits.facts["next_source"] == "sun"
    assert "next_price" not in waits.facts
    assert charges.code is ReasonCode.CAR_CHARGES_SUN


def test_a_car_that_charges_mostly_from_the_battery_says_so() -> None:
    home = problem(1, batteries=[battery(discharge_max_kw=9.0)], cars=[car(deadline_slot=1)])

    reasons = told(home, settled(home, discharge=[4.0], cars=[5.0]))

    assert reasons[0][1].facts["source"] == "battery"


def test_a_car_that_evcc_keeps_above_the_buffer_says_so() -> None:
    kept = car(deadline_slot=1, least_kwh=series([5.0]), fed_kwh=series([4.0]))
    home = problem(1, pv=1.0, batteries=[battery(discharge_max_kw=9.0)], cars=[kept])

    reasons = told(home, settled(home, discharge=[4.0], cars=[5.0]))

    assert reasons[0][1].code is ReasonCode.CAR_CHARGES_ABOVE_BUFFER


def test_a_car_charges_when_its_owner_says_so() -> None:
    fixed = car(deadline_slot=1, fixed_kwh=series([7.0]))
    home = problem(1, pv=9.0, cars=[fixed])

    assert codes(told(home, doing_nothing(home))) == [ReasonCode.CAR_CHARGES_BY_OWNER]


def test_sun_that_is_turned_down_names_the_price_and_the_limit() -> None:
    home = problem(2, sell=[-0.1, 0.1], pv=3.0, export_max=[9.0, 2.0], can_curtail=True)

    reasons = told(home, settled(home, curtail=[3.0, 1.0]))

    assert [row[0].facts for row in reasons] == [
        {"export_price": -0.1, "kwh": 3.0},
        {"export_price": 0.1, "kwh": 1.0, "limit_kw": 2.0},
    ]


def test_prices_that_are_not_published_are_marked_wherever_they_are_used() -> None:
    home = problem(
        4,
        buy=[0.1, 0.2, 0.3, 0.4],
        load=[0, 0, 0, 1.0],
        batteries=[battery(soc_kwh=0.0)],
        cars=[car(deadline_slot=4)],
    )
    plan = settled(
        home, charge=[[1.0] + [0] * 3], discharge=[[0, 0, 0, 1.0]], cars=[[0, 0, 5.0, 0]]
    )

    reasons = told(home, plan, n_known=2)

    of_battery, of_car = reasons[0]
    assert of_battery.facts["rank_is_forecast"] == of_battery.facts["for_is_forecast"] == 1
    assert "is_forecast" not in of_battery.facts
    assert of_car.facts["next_is_forecast"] == 1
    assert reasons[3][0].facts["is_forecast"] == 1


# -- any home ------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(of=problems(), seed=st.integers(0, 1000), n_known=st.integers(0, 30))
def test_every_slot_has_one_reason_per_battery_and_per_car_that_is_there(
    of: PlanProblem, seed: int, n_known: int
) -> None:
    rng = np.random.default_rng(seed)
    dispatch = acting(of, rng)
    marginal = rng.normal(0.2, 0.1, of.n_slots).tolist()

    reasons = told(of, dispatch, marginal=marginal, n_known=n_known)

    assert len(reasons) == of.n_slots
    for slot, row in enumerate(reasons):
        there = [one.name for one in of.cars if slot in window_of(one, of.n_slots)]
        is_curtailed = dispatch.curtail_kwh[slot] > 1e-4
        expected = [*(one.name for one in of.batteries), *there, *([""] if is_curtailed else [])]
        assert [reason.device for reason in row] == expected


@settings(max_examples=40, deadline=None)
@given(of=problems(), seed=st.integers(0, 1000))
def test_facts_are_plain_and_name_only_instants_of_the_plan(of: PlanProblem, seed: int) -> None:
    dispatch = acting(of, np.random.default_rng(seed))

    reasons = told(of, dispatch, n_known=2)

    instants = {at(of.slot_h * slot) for slot in range(of.n_slots + 1)}
    for slot, row in enumerate(reasons):
        for reason in row:
            facts = reason.facts
            assert json.loads(json.dumps(facts, allow_nan=False)) == facts
            for name in ("for_from", "for_until", "until", "next_at"):
                assert facts.get(name, at(0)) in instants
            for name in ("for_from", "next_at"):
                assert str(facts.get(name, at(1000))) > at(of.slot_h * slot)
            assert 1 <= int(facts.get("rank", 1)) <= int(facts.get("of", 1))


@settings(max_examples=10, deadline=None)
@given(of=problems(), seed=st.integers(0, 1000))
def test_the_same_plan_is_explained_the_same_way(of: PlanProblem, seed: int) -> None:
    dispatch = acting(of, np.random.default_rng(seed))

    assert told(of, dispatch) == told(of, dispatch)


# -- actions -------------------------------------------------------------------------------------


def listed(of: PlanProblem, dispatch: Dispatch) -> tuple[PlannedAction, ...]:
    slot = timedelta(hours=of.slot_h)
    return actions_of(told(of, dispatch), of, dispatch, start=START, slot=slot)


def test_slots_in_which_a_device_does_the_same_are_one_action() -> None:
    home = problem(
        5,
        buy=[0.2, 0.1, 0.3, 0.4, 0.5],
        load=[0, 0, 0, 1.0, 2.0],
        batteries=[battery(soc_kwh=0.0)],
    )
    plan = settled(home, charge=[[1.0, 2.0, 0, 0, 0]], discharge=[[0, 0, 0, 1.0, 2.0]])

    charges, serves = listed(home, plan)

    assert (charges.start, charges.end, charges.kwh) == (START, START + 2 * HOUR, 3.0)
    facts = charges.reason.facts
    assert (facts["price_from"], facts["price_to"], facts["rank"]) == (0.1, 0.2, 2)
    assert facts["saves_per_kwh"] == pytest.approx(1.4 / 3 - 0.4 / 3, abs=1e-5)
    assert (serves.start, serves.end, serves.kwh) == (START + 3 * HOUR, START + 5 * HOUR, 3.0)


def test_what_is_not_the_same_in_all_slots_of_an_action_is_left_out() -> None:
    home = problem(2, load=1.0, batteries=[battery(soc_kwh=9.0)])
    plan = settled(home, discharge=[1.0])
    reasons = told(home, plan, marginal=[0.2, 0.3])

    action = actions_of(reasons, home, plan, start=START, slot=HOUR)[0]

    assert "value" not in action.reason.facts
    assert action.reason.facts["price"] == 0.3


def test_resting_waiting_and_being_done_are_no_actions() -> None:
    home = problem(3, cars=[car(deadline_slot=3)], batteries=[battery()])

    actions = listed(home, settled(home, cars=[[0, 10.0, 0]]))

    assert [(one.reason.code, one.kwh) for one in actions] == [
        (ReasonCode.BATTERY_KEEPS, 0.0),
        (ReasonCode.CAR_CHARGES_CHEAP, 10.0),
    ]


def test_a_pause_makes_two_actions() -> None:
    home = problem(3, load=1.0, batteries=[battery(soc_kwh=2.0)])

    actions = listed(home, settled(home, discharge=[[1.0, 0, 1.0]]))

    assert [(one.start - START) / HOUR for one in actions] == [0.0, 1.0, 2.0]


@settings(max_examples=40, deadline=None)
@given(of=problems(with_fixed=False), seed=st.integers(0, 1000))
def test_actions_move_what_the_plan_moves(of: PlanProblem, seed: int) -> None:
    dispatch = acting(of, np.random.default_rng(seed))

    actions = listed(of, dispatch)

    assert list(actions) == sorted(actions, key=lambda one: (one.start, one.reason.device))
    for index, one in enumerate(of.batteries):
        moved = sum(action.kwh for action in actions if action.reason.device == one.name)
        flows = dispatch.charge_kwh[index].sum() + dispatch.discharge_kwh[index].sum()
        assert moved == pytest.approx(flows, abs=0.002 * of.n_slots)
    for index, parked in enumerate(of.cars):
        moved = sum(action.kwh for action in actions if action.reason.device == parked.name)
        assert moved == pytest.approx(dispatch.car_kwh[index].sum(), abs=0.002 * of.n_slots)


def test_the_next_actions_are_the_first_that_have_not_begun() -> None:
    rng = np.random.default_rng(3)
    home = random_problem(rng)
    actions = listed(home, acting(home, rng))
    now = actions[2].start

    coming = next_actions(actions, now, count=2)

    assert len(coming) == 2
    assert all(action.start > now for action in coming)
    assert coming == tuple(one for one in actions if one.start > now)[:2]
