"""The oracle itself: what one can work out by hand, and that it obeys and counts as it should."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from planner.dispatch import cost_of
from planner.plan_problem import Flow, Pin, PlanProblem, PowerRange, Reserve, TaperPoint, series
from planner.verify import verify
from tests.support.obvious_milp import TooHardError, obvious_optimum
from tests.support.plan_problems import (
    ONE_PHASE,
    THREE_PHASES,
    battery,
    car,
    doing_nothing,
    pieces,
    problem,
    problems,
    random_problem,
)

ANY_POWER = (PowerRange(low_kw=0.0, high_kw=11.0),)
NOW = car(fixed_kwh=series([4.0]))

# By hand: one slot is an hour, buying costs 0.30 and selling brings 0.08 where nothing else stands.
BY_HAND: dict[str, tuple[PlanProblem, float]] = {
    "an empty house costs nothing": (problem(1), 0.0),
    "a house buys what it needs": (problem(2, buy=[0.3, 0.2], load=[1.0, 2.0]), 0.7),
    "surplus is sold": (problem(1, pv=3.0, load=1.0), -0.16),
    "surplus that costs money is turned down": (
        problem(1, sell=-0.1, pv=2.0, load=1.0, can_curtail=True),
        0.0,
    ),
    "surplus that cannot be turned down is paid for": (
        problem(1, sell=-0.1, pv=2.0, load=1.0),
        0.1,
    ),
    "whoever is paid for using uses no sun": (
        problem(1, buy=-0.2, sell=-0.2, pv=2.0, load=1.0, can_curtail=True),
        -0.2,
    ),
    "a full battery cannot burn energy at negative prices": (
        problem(1, buy=-0.1, sell=-0.2, load=1.0, batteries=[battery(soc_kwh=10.0)]),
        -0.1,
    ),
    "the meter does not buy and sell at once": (problem(1, buy=0.2, sell=0.3), 0.0),
    "a battery buys now to sell later": (
        problem(2, buy=0.2, sell=[0.0, 0.3], batteries=[battery(soc_kwh=0.0)]),
        4.0 * 0.2 - 4.0 * 0.3,
    ),
    "losses and wear are paid": (
        problem(
            2,
            buy=[0.1, 0.3],
            load=[0.0, 3.0],
            batteries=[
                battery(
                    soc_kwh=0.0,
                    charge_efficiency_frac=0.9,
                    discharge_efficiency_frac=0.9,
                    wear_eur_per_kwh=0.01,
                )
            ],
        ),
        3.0 / 0.81 * 0.1 + 0.03,
    ),
    "what is worth more at the end is kept": (
        problem(1, load=4.0, batteries=[battery(terminal=pieces((3.0, 0.4), (1.0, 0.1)))]),
        2.0 * 0.3 + 2.0 * 0.1,
    ),
    "below the lower limit the first piece's value holds": (
        problem(
            1,
            batteries=[battery(soc_kwh=1.0, soc_min_kwh=2.0, terminal=pieces((5.0, 0.4)))],
        ),
        4.0 * 0.3 - 4.0 * 0.4,
    ),
    "a reserve is filled when it costs less than missing it": (
        problem(
            2,
            buy=0.03,
            sell=0.0,
            batteries=[
                battery(soc_kwh=2.0, reserve=Reserve(soc_kwh=series([5, 5]), eur_per_kwh_h=0.1))
            ],
        ),
        3.0 * 0.03,
    ),
    "a reserve that is too dear is missed": (
        problem(
            1,
            batteries=[
                battery(soc_kwh=2.0, reserve=Reserve(soc_kwh=series([5]), eur_per_kwh_h=0.1))
            ],
        ),
        3.0 * 0.1,
    ),
    "below the lower limit nothing is taken": (
        problem(1, load=1.0, batteries=[battery(soc_kwh=0.5, soc_min_kwh=2.0)]),
        0.3,
    ),
    "above the upper limit nothing is added": (
        problem(1, buy=-0.1, sell=-0.2, batteries=[battery(soc_kwh=9.0, soc_max_kwh=8.0)]),
        0.0,
    ),
    "a taper slows charging down": (
        problem(
            2,
            slot_h=0.25,
            buy=-0.1,
            sell=-0.2,
            batteries=[
                battery(
                    soc_kwh=8.0,
                    taper=(
                        TaperPoint(soc_kwh=6.0, charge_max_kw=4.0),
                        TaperPoint(soc_kwh=10.0, charge_max_kw=0.0),
                    ),
                )
            ],
        ),
        -0.1 * (0.5 + 0.375),
    ),
    "beyond the last point of a taper its power holds": (
        problem(
            2,
            buy=[0.5, -0.5],
            load=[1.0, 0.0],
            batteries=[
                battery(
                    soc_kwh=9.0,
                    soc_max_kwh=8.0,
                    discharge_max_kw=0.5,
                    taper=(
                        TaperPoint(soc_kwh=6.0, charge_max_kw=4.0),
                        TaperPoint(soc_kwh=8.0, charge_max_kw=0.4),
                    ),
                )
            ],
        ),
        0.5 * 0.5 - 0.4 * 0.5,
    ),
    "grid energy is stored where that is allowed": (
        problem(2, buy=[0.1, 0.5], load=[1, 4], pv=[3, 0], batteries=[battery(soc_kwh=0.0)]),
        2.0 * 0.1,
    ),
    "only surplus is stored where it is not": (
        problem(
            2,
            buy=[0.1, 0.5],
            load=[1, 4],
            pv=[3, 0],
            batteries=[battery(soc_kwh=0.0, may_grid_charge=False)],
        ),
        2.0 * 0.5,
    ),
    "stored energy is sold where that is allowed": (
        problem(1, sell=0.5, batteries=[battery()]),
        -4.0 * 0.5,
    ),
    "and kept where it is not": (
        problem(1, sell=0.5, load=1.0, batteries=[battery(may_export=False)]),
        0.0,
    ),
    "a car charges in the cheaper slot": (
        problem(2, buy=[0.3, 0.1], cars=[car(wish=pieces((5.0, 1.0)))]),
        0.5,
    ),
    "a car that cannot charge so slowly goes without": (
        problem(1, cars=[car(wish=pieces((3.0, 1.0)))]),
        3.0,
    ),
    "or charges with fewer phases": (
        problem(1, cars=[car(wish=pieces((3.0, 1.0)), ranges=(ONE_PHASE, THREE_PHASES))]),
        0.9,
    ),
    "between two ranges there is nothing": (
        problem(1, cars=[car(wish=pieces((4.0, 1.0)), ranges=(ONE_PHASE, THREE_PHASES))]),
        3.68 * 0.3 + 0.32,
    ),
    "what a car cannot reach is missing": (
        problem(2, cars=[car(wish=pieces((20.0, 1.0)), deadline_slot=1)]),
        11.04 * 0.3 + 8.96,
    ),
    "a car that comes after the horizon is missing it all": (
        problem(2, cars=[car(arrival_slot=2)]),
        10.0,
    ),
    "what is worth less than it costs is not charged": (
        problem(1, cars=[car(wish=pieces((2.0, 1.0), (10.0, 0.2)), ranges=ANY_POWER)]),
        2.0 * 0.3 + 10.0 * 0.2,
    ),
    "a car loses some of what it charges": (
        problem(
            1,
            cars=[car(wish=pieces((4.5, 1.0)), ranges=ANY_POWER, charge_efficiency_frac=0.9)],
        ),
        5.0 * 0.3,
    ),
    "a battery serves a car where it may": (
        problem(1, load=1.0, batteries=[battery()], cars=[NOW]),
        1.0 * 0.3 + 6.0,
    ),
    "and only the house where it may not": (
        problem(1, load=1.0, batteries=[battery(may_feed_cars=False)], cars=[NOW]),
        4.0 * 0.3 + 6.0,
    ),
    "and the car only down to its limit": (
        problem(1, load=1.0, batteries=[battery(cars_above_kwh=3.0)], cars=[NOW]),
        3.0 * 0.3 + 6.0,
    ),
    "the house is served below that limit too": (
        problem(1, load=1.0, batteries=[battery(cars_above_kwh=4.5)], cars=[NOW]),
        4.0 * 0.3 + 6.0,
    ),
    "a battery keeps the house below its fuse": (
        problem(1, load=5.0, import_max=3.0, batteries=[battery(terminal=pieces((10.0, 0.9)))]),
        3.0 * 0.3 + 2.0 * 0.9,
    ),
    "a fuse is overloaded when nothing else helps": (
        problem(1, load=5.0, import_max=3.0),
        5.0 * 0.3 + 2.0 * (10.0 + 10.0 * 0.3),
    ),
    "what may not be fed in is turned down": (
        problem(1, pv=5.0, export_max=2.0, can_curtail=True),
        -2.0 * 0.08,
    ),
    "or fed in all the same when it cannot be": (
        problem(1, pv=5.0, export_max=2.0),
        -5.0 * 0.08 + 3.0 * (10.0 + 10.0 * 0.3),
    ),
    "two batteries are used, the one that wears less first": (
        problem(
            1,
            load=5.0,
            batteries=[battery(wear_eur_per_kwh=0.1), battery(name="other", wear_eur_per_kwh=0.05)],
        ),
        4.0 * 0.05 + 1.0 * 0.1,
    ),
    "a battery that must not export fills one that must not buy": (
        problem(
            1,
            batteries=[
                battery(soc_kwh=0.0, may_grid_charge=False, terminal=pieces((10.0, 0.5))),
                battery(name="other", may_export=False, terminal=pieces((10.0, 0.2))),
            ],
        ),
        4.0 * 0.2 - 4.0 * 0.5,
    ),
    "a low battery that must not buy rests while another feeds the car": (
        problem(
            1,
            load=1.0,
            batteries=[
                battery(soc_kwh=1.0, may_grid_charge=False, cars_above_kwh=3.0),
                battery(name="other"),
            ],
            cars=[NOW],
        ),
        1.0 * 0.3 + 6.0,
    ),
}


@pytest.mark.parametrize(("of", "eur"), BY_HAND.values(), ids=BY_HAND.keys())
def test_the_oracle_finds_what_is_worked_out_by_hand(of: PlanProblem, eur: float) -> None:
    cost_eur, dispatch = obvious_optimum(of.checked())

    assert cost_eur == pytest.approx(eur, abs=1e-6)
    assert cost_of(of, dispatch).total_eur == pytest.approx(eur, abs=1e-6)
    assert [violation for violation in verify(of, dispatch) if not violation.is_soft] == []


@settings(max_examples=30, deadline=None, derandomize=True)
@given(problems(max_slots=6))
def test_the_oracle_obeys_counts_right_and_beats_doing_nothing(of: PlanProblem) -> None:
    cost_eur, dispatch = obvious_optimum(of)

    assert [violation for violation in verify(of, dispatch) if not violation.is_soft] == []
    assert cost_of(of, dispatch).total_eur == pytest.approx(cost_eur, abs=1e-5)
    assert cost_eur <= cost_of(of, doing_nothing(of)).total_eur + 1e-5


@pytest.mark.parametrize("seed", range(6))
def test_realistic_days_are_solved_and_counted_right(seed: int) -> None:
    of = random_problem(np.random.default_rng(seed), n_slots=12, slot_h=2.0, max_batteries=2)

    cost_eur, dispatch = obvious_optimum(of)

    assert [violation for violation in verify(of, dispatch) if not violation.is_soft] == []
    assert cost_of(of, dispatch).total_eur == pytest.approx(cost_eur, abs=1e-5)


def test_an_optimum_that_is_not_proved_in_time_is_none() -> None:
    with pytest.raises(TooHardError, match="Time limit"):
        obvious_optimum(random_problem(np.random.default_rng(1)), time_limit_s=0.0)


def test_a_pinned_flow_is_what_it_must_be() -> None:
    pin = Pin(flow=Flow.CHARGE, index=0, slot=0, low_kwh=2.0, high_kwh=3.0)
    of = replace(problem(1, batteries=[battery()]), pins=(pin,))

    cost_eur, dispatch = obvious_optimum(of)

    assert dispatch.charge_kwh[0].tolist() == pytest.approx([2.0])
    assert cost_eur == pytest.approx(2.0 * 0.3)


def test_a_car_can_be_pinned_too() -> None:
    pin = Pin(flow=Flow.CAR, index=0, slot=1, low_kwh=0.0, high_kwh=0.0)
    of = replace(problem(2, buy=[0.3, 0.1], cars=[car(wish=pieces((5.0, 1.0)))]), pins=(pin,))

    assert obvious_optimum(of)[0] == pytest.approx(5.0 * 0.3)
