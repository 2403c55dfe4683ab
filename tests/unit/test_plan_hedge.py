"""What the battery does now is weighed over what may come, and the plan is made from there."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from domain.plan import PlanStatus, Rung, SkipCause
from planner.acts import Act, Slots, act_told, pins_of, stored_now_kwh
from planner.cost_ahead import CostAhead, cost_ahead
from planner.dispatch import cost_of
from planner.evcc_rules import EvccRules, evcc_rules_dispatch
from planner.hedge import MARGIN_EUR, STAY_EUR, Hedged, chosen_of, hedged
from planner.horizon_planner import HorizonPlanner
from planner.model import Memory
from planner.outcome import Outcome
from planner.plan_problem import FloatArray, Flow, FullWish, PlanProblem, Reserve, series
from planner.task import BatteryFacts, PlanTask
from tests.support.plan_problems import battery, car, pieces, problem

START = datetime(2026, 4, 24, 22, 0, tzinfo=UTC)
N = 160
# A night at 20 ct, six hours of sun from the 40th slot on, an evening at 40 ct.
BUYS = [0.20] * 80 + [0.40] * 40 + [0.20] * 40
NOON = slice(40, 64)


def home(*, pv: Any = 0.0, **of_battery: Any) -> PlanProblem:
    stored = {"soc_kwh": 5.0, "terminal": pieces((10.0, 0.08)), "may_export": False}
    return problem(
        N,
        slot_h=0.25,
        buy=BUYS,
        pv=pv,
        load=0.125,
        batteries=[battery(**(stored | of_battery))],
    )


def courses(*noons_kwh: float) -> FloatArray:
    """A course for each amount of sun per slot at noon, beside a steady load."""
    net_kwh = np.full((len(noons_kwh), N), 0.125)
    for course, kwh in zip(net_kwh, noons_kwh, strict=True):
        course[NOON] -= kwh
    return net_kwh


DARK, BRIGHT = courses(0.0), courses(0.8)
MOSTLY_BRIGHT = courses(0.0, *[0.8] * 7)


def task_of(of: PlanProblem) -> PlanTask:
    return PlanTask(
        start=START,
        problem=of,
        n_known_prices=N,
        evcc_rules=EvccRules.default(of),
        batteries=tuple(BatteryFacts(name=one.name, title="") for one in of.batteries),
    )


def costs_of(of: PlanProblem, net_kwh: FloatArray, *, near_slots: int = 1) -> CostAhead:
    stored_kwh = stored_now_kwh(of.batteries[0])
    return cost_ahead(of, net_kwh, start=START, stored_kwh=stored_kwh, near_slots=near_slots)


def best_now(of: PlanProblem, net_kwh: FloatArray) -> Act:
    return chosen_of(costs_of(of, net_kwh).now_eur, None).act


# -- weighing ------------------------------------------------------------------------------------


def test_energy_is_kept_for_a_dear_evening_when_no_sun_comes_before_it() -> None:
    assert best_now(home(may_grid_charge=False), DARK) is Act.KEEP


def test_the_house_is_served_when_the_sun_fills_the_battery_before_the_evening() -> None:
    assert best_now(home(may_grid_charge=False), BRIGHT) is Act.SERVE


def test_sun_that_comes_most_probably_counts_for_most() -> None:
    assert best_now(home(may_grid_charge=False), MOSTLY_BRIGHT) is Act.SERVE


def test_a_cheap_night_is_bought_in_when_no_sun_comes() -> None:
    dear = replace(home(soc_kwh=0.0), import_price_eur_per_kwh=series([0.1] * 8 + [0.4] * (N - 8)))

    assert best_now(dear, DARK) is Act.BUY
    assert (
        best_now(replace(dear, batteries=home(may_grid_charge=False).batteries), DARK) is Act.KEEP
    )


def test_sun_is_left_to_the_grid_where_feed_in_pays_more_than_energy_is_worth() -> None:
    sunny = courses(0.8)
    sunny[:, :24] = -0.5
    paid = replace(
        home(soc_kwh=2.0),
        export_price_eur_per_kwh=series([0.50] + [0.0] * (N - 1)),
    )

    assert best_now(paid, sunny) is Act.LEAVE_SUN


def test_it_costs_what_living_through_a_certain_course_costs() -> None:
    empty = home(soc_kwh=0.0, may_grid_charge=False, charge_max_kw=0.0)

    costs = costs_of(empty, DARK)

    assert costs.now_eur[Act.SERVE] == pytest.approx(0.125 * sum(BUYS))


def test_little_is_no_reason_to_depart_from_what_the_battery_does_by_itself() -> None:
    hardly, clearly = 1.0 - 0.9 * MARGIN_EUR, 1.0 - 1.1 * MARGIN_EUR

    assert chosen_of({Act.SERVE: 1.0, Act.KEEP: hardly}, None).act is Act.SERVE
    assert chosen_of({Act.SERVE: 1.0, Act.KEEP: clearly}, None).act is Act.KEEP


def test_a_plan_does_not_buy_soon_at_the_same_price_what_is_not_bought_now() -> None:
    # The last plan would buy all night at one price, and the sun makes that needless, or not.
    planner = HorizonPlanner(seconds=lambda: 0.0)

    plan = planner.plan(START, task_of(home(soc_kwh=0.0)), net_courses_kwh=MOSTLY_BRIGHT).plan

    assert plan is not None
    assert not any(plan.batteries[0].charge_kwh[:32])


def test_it_may_buy_later_where_it_is_cheaper() -> None:
    cheap = series([0.20] * 8 + [0.10] * 16 + [0.40] * (N - 24))
    of = replace(home(soc_kwh=0.0), import_price_eur_per_kwh=cheap)
    planner = HorizonPlanner(seconds=lambda: 0.0)

    plan = planner.plan(START, task_of(of), net_courses_kwh=DARK).plan

    assert plan is not None
    assert not any(plan.batteries[0].charge_kwh[:8])
    assert sum(plan.batteries[0].charge_kwh[8:24]) > 8.0


# -- the hours after ------------------------------------------------------------------------------


def told(charge: float = 0.0, discharge: float = 0.0, net: float = 0.125) -> Memory:
    """A last plan with these flows in every slot."""
    return Memory(
        charge_kwh=(np.full(N, charge),),
        discharge_kwh=(np.full(N, discharge),),
        car_kwh=(),
        net_kwh=np.full(N, net),
        reach=4,
        eur_per_kwh=0.002,
    )


@pytest.mark.parametrize(
    ("last", "act"),
    [
        pytest.param(told(charge=1.0), Act.BUY, id="it bought"),
        pytest.param(told(discharge=0.1), Act.SERVE, id="it served"),
        pytest.param(told(), Act.KEEP, id="it left the house to the grid"),
        pytest.param(told(net=0.0), None, id="there was nothing to do"),
        pytest.param(told(charge=0.5, net=-0.5), None, id="it stored the sun"),
        pytest.param(None, None, id="there was none"),
    ],
)
def test_what_the_last_plan_told_is_known_by_its_flows(
    last: Memory | None, act: Act | None
) -> None:
    assert act_told(last, 3) is act
    assert act_told(last, 4) is None


def test_what_the_last_plan_told_is_done_unless_something_else_is_clearly_better() -> None:
    little, much = 1.0 - 0.9 * STAY_EUR, 1.0 - 1.1 * STAY_EUR

    assert chosen_of({Act.SERVE: 1.0, Act.KEEP: little}, Act.SERVE).act is Act.SERVE
    assert chosen_of({Act.SERVE: 1.0, Act.KEEP: much}, Act.SERVE).act is Act.KEEP
    assert chosen_of({Act.SERVE: little, Act.KEEP: 1.0}, Act.KEEP).act is Act.KEEP
    assert chosen_of({Act.SERVE: much, Act.KEEP: 1.0}, Act.KEEP).act is Act.SERVE
    assert chosen_of({Act.SERVE: 1.0, Act.KEEP: little}, Act.BUY).act is Act.KEEP


def test_keeping_to_what_was_told_costs_no_more_when_it_adds_up() -> None:
    eur = {Act.SERVE: 1.0, Act.KEEP: 1.0 - 0.4 * STAY_EUR}

    first = chosen_of(eur, Act.SERVE)
    second = chosen_of(eur, Act.SERVE, first.owed_eur)
    third = chosen_of(eur, Act.SERVE, second.owed_eur)

    assert [one.act for one in (first, second, third)] == [Act.SERVE, Act.SERVE, Act.KEEP]
    assert third.owed_eur == 0.0
    assert chosen_of(eur, Act.KEEP, second.owed_eur).owed_eur == 0.0


def test_a_plan_says_of_the_next_hours_what_will_be_done_in_them() -> None:
    # On the course that is expected no sun comes, so a plan made for it alone keeps everything.
    of = home(may_grid_charge=False)
    ours, theirs = (HorizonPlanner(seconds=lambda: 0.0) for _ in range(2))

    alone = theirs.plan(START, task_of(of)).plan
    weighed = ours.plan(START, task_of(of), net_courses_kwh=MOSTLY_BRIGHT).plan

    assert alone is not None
    assert weighed is not None
    assert not any(alone.batteries[0].discharge_kwh[:32])
    assert weighed.batteries[0].discharge_kwh[:32] == pytest.approx([0.125] * 32, abs=1e-5)


def test_later_hours_are_weighed_with_what_is_stored_by_then() -> None:
    # Half of the night is dear, and there is enough for it and not for the evening.
    dear = series([0.20] * 8 + [0.45] * 8 + BUYS[16:])
    of = replace(home(may_grid_charge=False, soc_kwh=1.5), import_price_eur_per_kwh=dear)

    task, gain_eur, _ = hedged(task_of(of), DARK, None)

    gives = [pin.high_kwh for pin in task.problem.pins if pin.flow is Flow.DISCHARGE]
    assert gives[:8] == [0.0] * 8
    assert gives[8:16] == pytest.approx([0.125] * 8)
    assert gives[16:32] == [0.0] * 16
    assert gain_eur > 0.0


def test_prices_of_quarter_hours_are_weighed_by_the_quarter_hour() -> None:
    # Each hour of the night has one dear quarter, and there is not enough for the evening.
    dear = series([0.20, 0.20, 0.20, 0.45] * 20 + BUYS[80:])
    of = replace(home(may_grid_charge=False, soc_kwh=2.0), import_price_eur_per_kwh=dear)

    task = hedged(task_of(of), DARK, None).task

    gives = [pin.high_kwh for pin in task.problem.pins if pin.flow is Flow.DISCHARGE]
    assert gives == pytest.approx([0.0, 0.0, 0.0, 0.125] * 8)


def test_sun_is_left_in_the_morning_where_not_all_of_noon_can_be_fed_in() -> None:
    sunny = np.full((1, N), 0.125)
    sunny[:, :16] = -0.6
    sunny[:, 16:32] = -1.1
    nearly_full = home(may_grid_charge=False, soc_kwh=4.0)
    limited = replace(
        nearly_full,
        export_price_eur_per_kwh=series([0.08] * N),
        export_max_kwh=series([0.6] * N),
        can_curtail=True,
    )

    assert best_now(replace(limited, export_max_kwh=None), sunny) is Act.SERVE
    assert best_now(limited, sunny) is Act.LEAVE_SUN


def test_a_battery_helps_where_the_fuse_does_not_let_in_what_is_needed() -> None:
    of = home(may_grid_charge=False)
    needy = replace(
        of,
        load_kwh=series([0.125] * 4 + [0.9] * 4 + [0.125] * (N - 8)),
        import_max_kwh=series([0.5] * N),
    )

    decided = hedged(task_of(needy), DARK, None).task
    plan = (
        HorizonPlanner(seconds=lambda: 0.0).plan(START, task_of(needy), net_courses_kwh=DARK).plan
    )

    assert plan is not None
    assert not {4, 5, 6, 7} & {pin.slot for pin in decided.problem.pins}
    assert plan.batteries[0].discharge_kwh[4:8] == pytest.approx([0.4] * 4, abs=1e-4)


# -- where nothing is weighed --------------------------------------------------------------------


def wanted_full() -> PlanProblem:
    full = FullWish(soc_kwh=10.0, eur_per_kwh_h=series([0.1] * N))
    reserve = Reserve(soc_kwh=series([1.0] * N), eur_per_kwh_h=0.0002, full=full)
    return home(reserve=reserve)


@pytest.mark.parametrize(
    "of",
    [
        pytest.param(wanted_full(), id="the owner wants it full"),
        pytest.param(replace(home(), cars=(car(),)), id="of a car no plan is known yet"),
        pytest.param(
            replace(home(), batteries=(battery(), battery(name="two"))), id="batteries share"
        ),
        pytest.param(home(soc_max_kwh=0.0, soc_kwh=0.0), id="nothing can be stored"),
    ],
)
def test_the_plan_decides_where_nothing_can_be_weighed(of: PlanProblem) -> None:
    task = task_of(of)

    assert hedged(task, DARK, None) == Hedged(task)


def test_the_plan_decides_where_nothing_is_known_of_what_may_come() -> None:
    task = task_of(home())

    assert hedged(task, None, None) == Hedged(task)
    assert hedged(task, DARK[:, :40], None) == Hedged(task)


# -- what is decided stands in the plan ----------------------------------------------------------


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("soc_kwh", [0.0, 5.0, 10.0])
@pytest.mark.parametrize("pv_kwh", [0.0, 1.5])
def test_what_is_decided_can_always_be_planned(act: Act, soc_kwh: float, pv_kwh: float) -> None:
    of = replace(home(soc_kwh=soc_kwh, pv=pv_kwh), import_max_kwh=series([0.3] * N))
    moved = Slots(of).moved(act, 0, stored_now_kwh(of.batteries[0]))
    decided = replace(of, pins=pins_of(moved, 0))

    result = HorizonPlanner(seconds=lambda: 0.0, shows=False).plan(START, task_of(decided))

    assert not [one for one in result.skipped if one.cause.value == "solver_failed"]


def flows_now(result_of: PlanProblem, net_kwh: FloatArray | None) -> tuple[float, float]:
    planner = HorizonPlanner(seconds=lambda: 0.0)
    plan = planner.plan(START, task_of(result_of), net_courses_kwh=net_kwh).plan
    assert plan is not None
    return plan.batteries[0].charge_kwh[0], plan.batteries[0].discharge_kwh[0]


def test_a_plan_that_would_keep_energy_serves_when_that_is_better_on_average() -> None:
    of = home(may_grid_charge=False)

    assert flows_now(of, None) == (0.0, 0.0)
    assert flows_now(of, MOSTLY_BRIGHT) == pytest.approx((0.0, 0.125), abs=1e-5)


def test_what_is_saved_on_average_is_a_reason_against_evccs_own_rules() -> None:
    noon = np.zeros(N)
    noon[NOON] = 0.8
    of = home(may_grid_charge=False, pv=noon)
    planner = HorizonPlanner(seconds=lambda: 0.0)

    result = planner.plan(START, task_of(of), net_courses_kwh=DARK)

    assert result.plan is not None
    assert result.plan.rung is not Rung.HANDS_OFF
    assert result.plan.batteries[0].discharge_kwh[0] == 0.0


def test_what_was_weighed_proves_nothing_of_the_expected_course_alone() -> None:
    flat = replace(home(may_grid_charge=False), import_price_eur_per_kwh=series([0.2] * N))
    ours, theirs = (HorizonPlanner(seconds=lambda: 0.0) for _ in range(2))

    alone = theirs.plan(START, task_of(flat)).plan
    weighed = ours.plan(START, task_of(flat), net_courses_kwh=DARK).plan

    assert alone is not None
    assert weighed is not None
    assert alone.rung is weighed.rung is Rung.HANDS_OFF
    assert alone.status is PlanStatus.PROVEN
    assert weighed.status is PlanStatus.UNPROVEN
    # Ties of the model move it by 0.0001 ct.
    assert weighed.marginal_eur_per_kwh[0] == pytest.approx(0.2, abs=1e-5)


def test_a_poor_plan_that_ran_out_of_time_ends_the_search_for_no_better_one() -> None:
    def as_evcc_does(of: PlanProblem, **_: object) -> Outcome:
        dispatch = evcc_rules_dispatch(of, EvccRules.default(of))
        return Outcome(
            dispatch=dispatch, cost=cost_of(of, dispatch), gap_eur=None, marginal_eur_per_kwh=None
        )

    planner = HorizonPlanner(seconds=lambda: 0.0, exact=as_evcc_does)

    result = planner.plan(
        START, task_of(home(may_grid_charge=False)), net_courses_kwh=MOSTLY_BRIGHT
    )

    assert result.plan is not None
    assert result.plan.rung is Rung.FAST
    assert [one.cause for one in result.skipped] == [SkipCause.NOT_BETTER]


def test_the_opposite_of_what_was_decided_is_still_looked_at() -> None:
    planner = HorizonPlanner(seconds=lambda: 0.0)
    planner.plan(START, task_of(home(may_grid_charge=False)), net_courses_kwh=DARK)
    planner.plan(
        START + timedelta(minutes=15),
        replace(task_of(home(may_grid_charge=False)), start=START + timedelta(minutes=15)),
        net_courses_kwh=DARK,
    )

    explained = planner.explain()

    assert explained is not None
    assert explained.plan is not None
    assert explained.plan.what_if
    assert explained.plan.change is not None
