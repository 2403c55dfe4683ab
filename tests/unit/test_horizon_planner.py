"""The ladder of a cycle: which rung is used, why the better ones were not, what is told of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from domain.plan import Plan, PlanStatus, Rung, SkipCause, Skipped
from domain.site import ChargeMode
from planner.dispatch import Dispatch, cost_of
from planner.evcc_rules import CarRule, EvccRules, evcc_rules_dispatch
from planner.exact import plan_exactly
from planner.fast import plan_fast
from planner.horizon_planner import HorizonPlanner, PlanResult, TimeLimits
from planner.model import Memory
from planner.outcome import NoPlanError, Outcome
from planner.plan_problem import PlanProblem, PowerRange, Reserve, series
from planner.task import BatteryFacts, CarFacts, PlanTask
from tests.support.plan_problems import battery, car, pieces, problem

NOON = datetime(2026, 4, 24, 11, 0, tzinfo=UTC)
SLOT = timedelta(minutes=15)
# Cheap, then dear: whoever buys now and serves the house later saves money.
PRICES = [0.10] * 8 + [0.40] * 8


def standing_still() -> float:
    return 0.0


def home(**changes: Any) -> PlanProblem:
    given: dict[str, Any] = {
        "n_slots": 16,
        "slot_h": 0.25,
        "buy": PRICES,
        "sell": 0.05,
        "load": 0.2,
        "batteries": (battery(soc_kwh=1.0, terminal=pieces((10.0, 0.1))),),
    }
    return problem(**(given | changes))


def task_of(of: PlanProblem, start: datetime = NOON, rules: EvccRules | None = None) -> PlanTask:
    return PlanTask(
        start=start,
        problem=of,
        n_known_prices=of.n_slots,
        evcc_rules=rules or EvccRules.default(of),
        batteries=tuple(BatteryFacts(name=one.name, title="Battery") for one in of.batteries),
        cars=tuple(
            CarFacts(
                name=one.name,
                title="Car",
                number=index + 1,
                capacity_kwh=one.capacity_kwh,
                by=start + one.deadline_slot * SLOT,
            )
            for index, one in enumerate(of.cars)
        ),
    )


def failing(text: str = "broken", *, is_time_up: bool = False) -> Callable[..., Outcome]:
    def path(*_: object, **__: object) -> Outcome:
        raise NoPlanError(text, is_time_up=is_time_up)

    return path


def lying(spoil: Callable[[Dispatch], Dispatch]) -> Callable[..., Outcome]:
    """A solver that calls a wrong plan optimal."""

    def path(
        of: PlanProblem,
        *,
        seconds: Callable[[], float],
        time_limit_s: float,
        memory: Memory | None = None,
    ) -> Outcome:
        outcome = plan_exactly(of, seconds=seconds, time_limit_s=time_limit_s, memory=memory)
        return replace(outcome, dispatch=spoil(outcome.dispatch))

    return path


def planned(result: PlanResult) -> Plan:
    assert result.plan is not None
    return result.plan


def explained(planner: HorizonPlanner, at: datetime, task: PlanTask) -> Plan:
    planner.plan(at, task)
    result = planner.explain()
    assert result is not None
    return planned(result)


def causes(result: PlanResult) -> list[tuple[Rung, SkipCause]]:
    return [(one.rung, one.cause) for one in result.skipped]


def an_hour_later(of: PlanProblem, plan: Plan) -> PlanProblem:
    """The same forecast four slots on, with the battery where the plan wanted it.

    Nothing is needed in the slots that are new, so they are no reason for another plan.
    """
    n = of.n_slots

    def moved(values: np.ndarray) -> np.ndarray:
        return series([*values[4:], *values[n - 4 :]])

    return replace(
        of,
        import_price_eur_per_kwh=moved(of.import_price_eur_per_kwh),
        export_price_eur_per_kwh=moved(of.export_price_eur_per_kwh),
        pv_kwh=moved(of.pv_kwh),
        load_kwh=series([*of.load_kwh[4:], *[0.0] * 4]),
        batteries=tuple(
            replace(one, soc_kwh=course.soc_kwh[3])
            for one, course in zip(of.batteries, plan.batteries, strict=True)
        ),
    )


# -- which rung ----------------------------------------------------------------------------------


def test_the_best_plan_is_used_and_proved() -> None:
    planner = HorizonPlanner(seconds=standing_still)

    result = planner.plan(NOON, task_of(home()))

    plan = planned(result)
    assert plan.rung is Rung.EXACT
    assert plan.status is PlanStatus.PROVEN
    assert plan.cost.total_eur < plan.baseline.total_eur
    assert not result.skipped


def test_when_the_exact_path_fails_the_fast_one_is_used() -> None:
    planner = HorizonPlanner(seconds=standing_still, exact=failing(is_time_up=True))

    result = planner.plan(NOON, task_of(home()))

    assert planned(result).rung is Rung.FAST
    assert causes(result) == [(Rung.EXACT, SkipCause.TIME_IS_UP)]


def test_without_a_solver_the_last_plan_is_moved_on() -> None:
    planner = HorizonPlanner(seconds=standing_still)
    first = planned(planner.plan(NOON, task_of(home())))
    planner.exact = planner.fast = failing()
    later = NOON + 4 * SLOT

    result = planner.plan(later, task_of(an_hour_later(home(), first), later))

    plan = planned(result)
    assert plan.rung is Rung.SHIFTED
    assert plan.batteries[0].charge_kwh[:4] == pytest.approx(first.batteries[0].charge_kwh[4:8])
    assert plan.status is PlanStatus.UNPROVEN
    assert causes(result) == [
        (Rung.EXACT, SkipCause.SOLVER_FAILED),
        (Rung.FAST, SkipCause.SOLVER_FAILED),
    ]


def test_without_a_solver_and_a_last_plan_rules_decide() -> None:
    planner = HorizonPlanner(seconds=standing_still, exact=failing(), fast=failing())

    result = planner.plan(NOON, task_of(home()))

    assert planned(result).rung is Rung.RULES
    assert causes(result)[-1] == (Rung.SHIFTED, SkipCause.NO_LAST_PLAN)


def test_an_old_plan_is_not_moved_on() -> None:
    planner = HorizonPlanner(seconds=standing_still)
    planner.plan(NOON, task_of(home(n_slots=48, buy=PRICES * 3)))
    planner.exact = planner.fast = failing()
    later = NOON + timedelta(hours=7)

    result = planner.plan(later, task_of(home(n_slots=48, buy=PRICES * 3), later))

    assert (Rung.SHIFTED, SkipCause.NO_LAST_PLAN) in causes(result)


def test_a_plan_that_breaks_physics_is_not_used() -> None:
    def spoil(dispatch: Dispatch) -> Dispatch:
        return replace(dispatch, charge_kwh=tuple(10.0 * kwh for kwh in dispatch.charge_kwh))

    planner = HorizonPlanner(seconds=standing_still, exact=lying(spoil))

    result = planner.plan(NOON, task_of(home()))

    assert planned(result).rung is Rung.FAST
    assert causes(result) == [(Rung.EXACT, SkipCause.NOT_VERIFIED)]


def test_where_evcc_does_as_well_hands_are_off() -> None:
    # A flat tariff without sun: there is nothing to gain by moving energy.
    of = home(buy=0.3, sell=0.0)

    result = HorizonPlanner(seconds=standing_still).plan(NOON, task_of(of))

    plan = planned(result)
    assert plan.rung is Rung.HANDS_OFF
    assert plan.status is PlanStatus.PROVEN
    assert plan.cost == plan.baseline
    assert causes(result) == [(Rung.EXACT, SkipCause.NOT_BETTER)]


def test_a_plan_is_never_dearer_than_evccs_own_rules() -> None:
    for soc_kwh in (0.5, 3.0, 9.0):
        of = home(batteries=(battery(soc_kwh=soc_kwh, terminal=pieces((10.0, 0.2))),))
        task = task_of(of)

        plan = planned(HorizonPlanner(seconds=standing_still).plan(NOON, task))

        rules = cost_of(of, evcc_rules_dispatch(of, task.evcc_rules)).total_eur
        assert plan.baseline.total_eur == pytest.approx(rules)
        assert plan.cost.total_eur <= rules + 1e-9


def test_without_a_task_there_is_no_plan_and_a_reason() -> None:
    missing = Skipped(rung=Rung.EXACT, cause=SkipCause.NO_PRICES)

    result = HorizonPlanner(seconds=standing_still).plan(NOON, missing)

    assert result == PlanResult(plan=None, skipped=(missing,))


def test_rubbish_is_named_and_ends_nothing() -> None:
    planner = HorizonPlanner(seconds=standing_still)

    result = planner.plan(NOON, task_of(home(batteries=(battery(soc_kwh=float("nan")),))))

    assert result.plan is None
    assert causes(result) == [(Rung.EXACT, SkipCause.BAD_INPUT)]
    assert "soc_kwh" in result.skipped[0].detail
    assert planned(planner.plan(NOON, task_of(home()))).rung is Rung.EXACT


# -- calm ----------------------------------------------------------------------------------------


def test_with_unchanged_forecasts_the_next_plan_is_the_same_plan_moved_on() -> None:
    planner = HorizonPlanner(seconds=standing_still)
    first = explained(planner, NOON, task_of(home()))
    later = NOON + 4 * SLOT

    second = explained(planner, later, task_of(an_hour_later(home(), first), later))

    common = slice(0, 12)
    for before, now in zip(first.batteries, second.batteries, strict=True):
        assert now.charge_kwh[common] == pytest.approx(before.charge_kwh[4:16], abs=1e-4)
        assert now.discharge_kwh[common] == pytest.approx(before.discharge_kwh[4:16], abs=1e-4)
    assert second.change is not None
    assert second.change.moved_kwh == pytest.approx(0.0, abs=1e-3)


def test_a_plan_changes_only_when_the_change_pays() -> None:
    planner = HorizonPlanner(seconds=standing_still)
    first = explained(planner, NOON, task_of(home()))
    # A hair cheaper in slots in which nothing was planned so far.
    hardly = [price - 0.0005 if slot >= 4 else price for slot, price in enumerate(PRICES)]
    clearly = [price - 0.05 if 4 <= slot < 8 else price for slot, price in enumerate(PRICES)]

    kept = explained(planner, NOON, task_of(home(buy=hardly)))
    moved = explained(planner, NOON, task_of(home(buy=clearly)))

    assert kept.batteries[0].charge_kwh == pytest.approx(first.batteries[0].charge_kwh, abs=1e-4)
    assert kept.change is not None
    assert kept.change.kept_gain_eur > 0.0
    assert moved.batteries[0].charge_kwh != pytest.approx(first.batteries[0].charge_kwh, abs=0.1)


# -- explained -----------------------------------------------------------------------------------


def test_a_plan_is_there_before_it_is_explained() -> None:
    planner = HorizonPlanner(seconds=standing_still)

    first = planned(planner.plan(NOON, task_of(home())))
    result = planner.explain()

    assert not first.is_explained
    assert not first.what_if
    assert result is not None
    assert planned(result) == replace(
        first,
        is_explained=True,
        what_if=planned(result).what_if,
        rules=planned(result).rules,
    )
    assert planner.explain() is None


def test_without_time_for_explanations_a_plan_stands_for_itself() -> None:
    planner = HorizonPlanner(seconds=standing_still, limits=TimeLimits(explain_s=0.0))

    plan = planned(planner.plan(NOON, task_of(home())))

    assert plan.is_explained
    assert planner.explain() is None


def test_who_is_asked_to_stop_explains_no_further() -> None:
    asked = []

    def counting(
        of: PlanProblem,
        *,
        seconds: Callable[[], float],
        time_limit_s: float,
        memory: Memory | None = None,
    ) -> Outcome:
        asked.append(of)
        return plan_fast(of, seconds=seconds, time_limit_s=time_limit_s, memory=memory)

    planner = HorizonPlanner(seconds=standing_still, fast=counting)
    planner.plan(NOON, task_of(home()))

    result = planner.explain(lambda: True)

    assert not asked
    assert result is not None
    assert planned(result).what_if == ()


def test_the_opposite_decision_never_costs_less() -> None:
    plan = explained(HorizonPlanner(seconds=standing_still), NOON, task_of(home()))

    assert [one.device for one in plan.what_if] == ["battery"]
    assert plan.what_if[0].extra_eur >= 0.0
    assert plan.what_if[0].holds_until is not None
    assert plan.what_if[0].holds_until > NOON


def test_waiting_at_the_last_moment_costs_what_is_then_missing() -> None:
    # Four slots at 4 kW are what the car needs, and four slots is all there is.
    only = car(
        soc_kwh=0.0,
        capacity_kwh=10.0,
        target_kwh=4.0,
        arrival_slot=0,
        deadline_slot=4,
        ranges=(PowerRange(low_kw=4.0, high_kw=4.0),),
        charge_efficiency_frac=1.0,
        wish=pieces((4.0, 3.0)),
    )
    of = home(batteries=(), cars=(only,), buy=0.3)
    rules = EvccRules(cars=(CarRule(mode=ChargeMode.PV),))

    plan = explained(HorizonPlanner(seconds=standing_still), NOON, task_of(of, rules=rules))

    assert plan.what_if[0].extra_eur == pytest.approx(3.0 - 0.3, abs=1e-3)


def test_an_unreachable_wish_is_named_with_what_is_missing() -> None:
    late = car(
        soc_kwh=0.0,
        capacity_kwh=50.0,
        target_kwh=40.0,
        arrival_slot=0,
        deadline_slot=4,
        ranges=(PowerRange(low_kw=1.4, high_kw=11.0),),
        charge_efficiency_frac=1.0,
        wish=pieces((40.0, 3.0)),
    )
    of = home(cars=(late,))
    rules = EvccRules(cars=(CarRule(mode=ChargeMode.PV),))

    plan = explained(HorizonPlanner(seconds=standing_still), NOON, task_of(of, rules=rules))

    assert len(plan.unmet) == 1
    assert plan.unmet[0].missing_kwh == pytest.approx(29.0, abs=0.01)
    assert plan.unmet[0].by == NOON + 4 * SLOT


def test_what_the_buffer_costs_is_told_per_day() -> None:
    of = home()
    reserved = replace(
        of.batteries[0],
        soc_kwh=5.0,
        reserve=Reserve(soc_kwh=series([5.0] * of.n_slots), eur_per_kwh_h=0.002),
        cars_above_kwh=5.0,
    )

    plan = explained(
        HorizonPlanner(seconds=standing_still), NOON, task_of(replace(of, batteries=(reserved,)))
    )

    reserve = plan.reserve
    assert reserve is not None
    assert reserve.eur >= 0.0
    assert reserve.eur_per_day == pytest.approx(6.0 * reserve.eur)  # four hours are planned


def test_the_parts_of_a_change_add_up() -> None:
    planner = HorizonPlanner(seconds=standing_still)
    first = explained(planner, NOON, task_of(home()))
    changed = replace(
        an_hour_later(home(), first),
        pv_kwh=series([0.1] * 16),
        load_kwh=series([0.3] * 16),
    )
    later = NOON + 4 * SLOT

    second = explained(planner, later, task_of(changed, later))

    change = second.change
    assert change is not None
    assert sum(part.eur for part in change.parts) == pytest.approx(change.total_eur)
    by_cause = {part.cause.value: part.eur for part in change.parts}
    assert by_cause["pv"] < 0.0 < by_cause["load"]


def test_when_time_is_up_alternatives_are_solved_by_the_fast_path_alone() -> None:
    ticks = iter(range(0, 10_000, 10))  # each look at the clock ten seconds later
    asked = []

    def counting(
        of: PlanProblem,
        *,
        seconds: Callable[[], float],
        time_limit_s: float,
        memory: Memory | None = None,
    ) -> Outcome:
        del seconds
        asked.append(of)
        return plan_exactly(of, seconds=standing_still, time_limit_s=time_limit_s, memory=memory)

    def unproved(
        of: PlanProblem,
        *,
        seconds: Callable[[], float],
        time_limit_s: float,
        memory: Memory | None = None,
    ) -> Outcome:
        return replace(
            counting(of, seconds=seconds, time_limit_s=time_limit_s, memory=memory), gap_eur=None
        )

    planner = HorizonPlanner(seconds=lambda: float(next(ticks)), exact=counting, fast=unproved)
    late = explained(planner, NOON, task_of(home()))
    n_late = len(asked)
    asked.clear()
    in_time = explained(
        HorizonPlanner(seconds=standing_still, exact=counting, fast=unproved),
        NOON,
        task_of(home()),
    )

    assert n_late < len(asked)
    assert late.what_if == in_time.what_if


def test_energy_adds_up_in_what_is_shown() -> None:
    of = home(pv=[0.5] * 4 + [0.0] * 12)
    plan = explained(HorizonPlanner(seconds=standing_still), NOON, task_of(of))

    for slot in range(plan.n_slots):
        given = plan.pv_kwh[slot] + plan.grid_import_kwh[slot]
        given += sum(one.discharge_kwh[slot] for one in plan.batteries)
        taken = plan.load_kwh[slot] + plan.grid_export_kwh[slot] + plan.curtail_kwh[slot]
        taken += sum(one.charge_kwh[slot] for one in plan.batteries)
        assert given == pytest.approx(taken, abs=1e-6)
    assert len(plan.reasons) == plan.n_slots
