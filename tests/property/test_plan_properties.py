"""What must hold of every plan, whatever the home."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from planner.dispatch import Dispatch, cost_of
from planner.evcc_rules import EvccRules, evcc_rules_dispatch
from planner.exact import plan_exactly
from planner.fast import plan_fast
from planner.model import Memory
from planner.outcome import NoPlanError, Outcome
from planner.plan_problem import Flow, Pin, PlanProblem, PowerRange, series
from planner.rule_plan import rule_dispatch
from planner.shifted import shifted_dispatch
from planner.verify import verify
from tests.support.plan_problems import battery, car, doing_nothing, pieces, problem, problems

# What the search for the optimum leaves open, on either side of a comparison.
NEAR_EUR = 2e-3
SMALL = {"max_slots": 8, "max_batteries": 1, "max_cars": 1}
FEW = settings(max_examples=40)


def standing_still() -> float:
    return 0.0


def best(of: PlanProblem) -> Outcome:
    return plan_exactly(of, seconds=standing_still, time_limit_s=10.0)


def quick(of: PlanProblem) -> Outcome:
    return plan_fast(of, seconds=standing_still, time_limit_s=10.0)


def broken(of: PlanProblem, dispatch: Dispatch) -> list[object]:
    return [one for one in verify(of, dispatch) if not one.is_soft]


def proved(of: PlanProblem) -> Outcome:
    outcome = best(of)
    assume(outcome.is_proved)
    return outcome


@FEW
@given(problems(max_slots=10))
def test_every_path_obeys_physics_and_the_owners_rules(of: PlanProblem) -> None:
    for outcome in (best(of), quick(of)):
        assert not broken(of, outcome.dispatch)
        assert outcome.cost.total_eur == pytest.approx(cost_of(of, outcome.dispatch).total_eur)


@FEW
@given(problems(max_slots=10))
def test_the_rules_obey_them_too(of: PlanProblem) -> None:
    assert not broken(of, rule_dispatch(of))


@FEW
@given(problems(**SMALL, with_rules=False))
def test_no_baseline_is_cheaper(of: PlanProblem) -> None:
    planned = proved(of).cost.total_eur

    baselines = (
        doing_nothing(of),
        rule_dispatch(of),
        evcc_rules_dispatch(of, EvccRules.default(of)),
    )
    for dispatch in baselines:
        assert planned <= cost_of(of, dispatch).total_eur + NEAR_EUR


@FEW
@given(problems(**SMALL))
def test_the_fast_path_is_never_cheaper_than_the_optimum(of: PlanProblem) -> None:
    optimum, fast = proved(of), quick(of)

    assert fast.cost.total_eur >= optimum.cost.total_eur - NEAR_EUR
    if fast.gap_eur is not None:
        assert fast.cost.total_eur - fast.gap_eur <= optimum.cost.total_eur + NEAR_EUR


@FEW
@given(problems(**SMALL, with_limits=False), st.integers(1, 10))
def test_more_sun_never_costs_more(of: PlanProblem, tenths: int) -> None:
    # Where feeding in costs money and nothing can be turned down, it may.
    assume(of.can_curtail or (of.export_price_eur_per_kwh >= 0.0).all())
    sunnier = replace(of, pv_kwh=series(of.pv_kwh + tenths / 10.0))

    assert proved(sunnier).cost.total_eur <= proved(of).cost.total_eur + NEAR_EUR


@FEW
@given(problems(**SMALL, with_limits=False), st.integers(1, 20))
def test_cheaper_prices_never_cost_more(of: PlanProblem, cents: int) -> None:
    cheaper = replace(
        of, import_price_eur_per_kwh=series(of.import_price_eur_per_kwh - cents / 100.0)
    )

    assert proved(cheaper).cost.total_eur <= proved(of).cost.total_eur + NEAR_EUR


@FEW
@given(problems(**SMALL, with_taper=False, with_limits=False), st.integers(1, 50))
def test_a_bigger_battery_never_costs_more(of: PlanProblem, tenths: int) -> None:
    bigger = replace(
        of,
        batteries=tuple(
            replace(
                one,
                capacity_kwh=one.capacity_kwh + tenths / 10.0,
                soc_max_kwh=one.soc_max_kwh + tenths / 10.0,
            )
            for one in of.batteries
        ),
    )

    assert proved(bigger).cost.total_eur <= proved(of).cost.total_eur + NEAR_EUR


@FEW
@given(
    problems(
        max_slots=6,
        max_batteries=1,
        max_cars=0,
        with_negative_prices=False,
        with_taper=False,
        with_reserve=False,
    )
)
def test_splitting_slots_changes_nothing(of: PlanProblem) -> None:
    # Where feeding in pays more than buying costs, or a rule speaks of one slot, more slots allow
    # more: only what is settled by energy alone stays the same.
    assume((of.export_price_eur_per_kwh <= of.import_price_eur_per_kwh).all())
    assume(all(one.may_grid_charge and one.may_export for one in of.batteries))

    def split(values: np.ndarray, share: float = 1.0) -> np.ndarray:
        return series(np.repeat(values, 4) * share)

    parts = replace(
        of,
        slot_h=of.slot_h / 4.0,
        import_price_eur_per_kwh=split(of.import_price_eur_per_kwh),
        export_price_eur_per_kwh=split(of.export_price_eur_per_kwh),
        pv_kwh=split(of.pv_kwh, 0.25),
        load_kwh=split(of.load_kwh, 0.25),
        import_max_kwh=None if of.import_max_kwh is None else split(of.import_max_kwh, 0.25),
        export_max_kwh=None if of.export_max_kwh is None else split(of.export_max_kwh, 0.25),
    )

    assert proved(parts).cost.total_eur == pytest.approx(proved(of).cost.total_eur, abs=NEAR_EUR)


@FEW
@given(problems(**SMALL, with_fixed=False), st.data())
def test_a_forced_decision_is_never_cheaper(of: PlanProblem, data: st.DataObject) -> None:
    flows = [Flow.CHARGE, Flow.DISCHARGE] * len(of.batteries) + [Flow.CAR] * len(of.cars)
    assume(flows)
    flow = data.draw(st.sampled_from(flows))
    low_kwh = data.draw(st.sampled_from((0.0, 0.5, 2.0)))
    pin = Pin(flow=flow, index=0, slot=0, low_kwh=low_kwh, high_kwh=low_kwh)

    free = proved(of)
    try:
        forced = best(replace(of, pins=(pin,)))
    except NoPlanError:
        return

    assert forced.cost.total_eur >= free.cost.total_eur - NEAR_EUR


@FEW
@given(problems(max_slots=8))
def test_the_same_home_gets_the_same_plan(of: PlanProblem) -> None:
    first, second = best(of), best(of)

    for before, now in zip(
        (*first.dispatch.charge_kwh, *first.dispatch.discharge_kwh, *first.dispatch.car_kwh),
        (*second.dispatch.charge_kwh, *second.dispatch.discharge_kwh, *second.dispatch.car_kwh),
        strict=True,
    ):
        assert before.tolist() == now.tolist()


@pytest.mark.parametrize("n_slots", [92, 96, 100])
def test_days_with_a_changed_clock_are_planned_like_others(n_slots: int) -> None:
    hours = np.arange(n_slots) / 4.0
    of = problem(
        n_slots,
        slot_h=0.25,
        buy=(0.3 + 0.1 * np.sin(hours / 3.0)).tolist(),
        pv=np.maximum(np.sin((hours - 6.0) * np.pi / 12.0), 0.0).tolist(),
        load=0.15,
        batteries=(battery(terminal=pieces((10.0, 0.2)), charge_efficiency_frac=0.95),),
        cars=(car(ranges=(PowerRange(low_kw=4.14, high_kw=11.04),), deadline_slot=n_slots - 8),),
    )

    outcome = best(of)

    assert outcome.is_proved
    assert not broken(of, outcome.dispatch)


@FEW
@given(problems(max_slots=10), problems(max_slots=10))
def test_a_plan_moved_on_to_another_day_stays_within_what_the_home_allows(
    of: PlanProblem, other: PlanProblem
) -> None:
    n = of.n_slots
    rng = np.random.default_rng(other.n_slots)
    memory = Memory(
        charge_kwh=tuple(rng.uniform(0.0, 2.0, n) * (rng.random(n) < 0.5) for _ in of.batteries),
        discharge_kwh=tuple(rng.uniform(0.0, 2.0, n) for _ in of.batteries),
        car_kwh=tuple(rng.uniform(0.0, 3.0, n) for _ in of.cars),
        net_kwh=np.zeros(n),
        reach=max(1, n - 2),
        eur_per_kwh=0.002,
    )

    assert not broken(of, shifted_dispatch(of, memory))
