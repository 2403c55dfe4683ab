"""What the owner asks for, and what is not in our hand, is in the plan."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from config import Config
from domain.forecast import ForecastKind
from domain.horizon import SLOT
from domain.plan import OwnerRule, Plan, ReasonCode, Rung
from domain.site import BatteryMode, ChargeMode, SiteSnapshot
from domain.steering import Override, OverrideKind
from plan_inputs import OwnerAsks
from planner.dispatch import Dispatch, battery_soc
from planner.evcc_rules import CarRule, EvccRules, evcc_rules_dispatch
from planner.exact import plan_exactly
from planner.fast import plan_fast
from planner.horizon_planner import HorizonPlanner
from planner.model import Memory
from planner.outcome import NoPlanError, Outcome
from planner.owner_wishes import full_prices
from planner.plan_memory import car_later
from planner.plan_problem import FloatArray, PlanProblem, ProblemError, series
from planner.task import PlanTask
from planner.verify import Rule, verify
from planner.wording import Wording
from tests.support.plan_problems import car, problem, settled
from tests.support.planned_home import (
    BATTERY,
    CAR,
    HOUR,
    LOAD,
    N_FORECAST,
    NOW,
    PV,
    SELLS,
    SITE,
    START,
    VEHICLE,
    built,
    expectation,
    outlook_of,
    the_car,
    with_car,
)

BERLIN = ZoneInfo("Europe/Berlin")
FULL_KWH = 11.04 * 0.25
LEAST_KWH = 4.14 * 0.25
BATTERY_FULL_KWH = 10.0


def asks(kind: OverrideKind, until: datetime, device: str = "", **others: Any) -> OwnerAsks:
    override = Override(kind=kind, since=NOW, until=until, device=device)
    return OwnerAsks(overrides=(override,), **others)


def now_until(until: datetime, device: str = "lp-2") -> OwnerAsks:
    return asks(OverrideKind.CHARGE_NOW, until, device)


def least_of(task: PlanTask) -> list[float]:
    found: list[float] = the_car(task).surely_kwh(task.problem.n_slots).tolist()
    return found


DARK = outlook_of(LOAD, SELLS)


def standing() -> float:
    return 0.0


def planned(task: PlanTask) -> Dispatch:
    return plan_fast(task.problem, seconds=standing, time_limit_s=10.0).dispatch


def failing(
    _problem: PlanProblem, /, *, seconds: object, time_limit_s: float, memory: Memory | None = None
) -> Outcome:
    raise NoPlanError("no solver")


def quick_planner() -> HorizonPlanner:
    return HorizonPlanner(seconds=standing, exact=plan_fast)


def plan_of(task: PlanTask, planner: HorizonPlanner | None = None) -> Plan:
    result = (planner or quick_planner()).plan(NOW, task)
    assert result.plan is not None, result.skipped
    return result.plan


# A car that is charged now


def test_a_car_charges_at_full_power_in_every_whole_slot_until_the_end() -> None:
    task = built(with_car(), asked=now_until(START + timedelta(minutes=50)))

    assert least_of(task)[:4] == [pytest.approx(FULL_KWH)] * 3 + [0.0]
    assert planned(task).car_kwh[0][:3] == pytest.approx([FULL_KWH] * 3)


def test_the_running_slot_counts_however_soon_the_wish_ends() -> None:
    task = built(with_car(), asked=now_until(NOW + timedelta(minutes=1)))

    assert least_of(task)[:2] == [pytest.approx(FULL_KWH), 0.0]


def test_a_wish_that_is_over_is_none() -> None:
    assert the_car(built(with_car(), DARK, asked=now_until(START))).least_kwh is None


def test_a_wish_for_another_car_is_none() -> None:
    task = built(with_car(), DARK, asked=now_until(START + HOUR, "lp-1"))

    assert the_car(task).least_kwh is None


def test_a_car_is_charged_to_its_limit_and_no_further() -> None:
    site = with_car(vehicle_soc_pct=72.0)  # 4 kWh below its limit, 4.44 kWh at the socket

    task = built(site, asked=now_until(START + 5 * HOUR))

    assert least_of(task)[:4] == pytest.approx([FULL_KWH, 4.0 / 0.9 - FULL_KWH, 0.0, 0.0])


def test_a_rest_that_is_below_the_least_power_is_made_big_enough() -> None:
    site = with_car(vehicle_soc_pct=74.0)  # 3.33 kWh at the socket: 0.57 after a slot

    least = least_of(built(site, asked=now_until(START + 5 * HOUR)))

    assert sum(least) == pytest.approx(3.0 / 0.9)
    assert min(kwh for kwh in least if kwh > 0.0) == pytest.approx(LEAST_KWH)


def test_what_the_owner_wants_by_a_time_is_as_it_was() -> None:
    site = with_car(plan_soc_pct=70.0, plan_time=START + 12 * HOUR)

    usual, asked = the_car(built(site)), the_car(built(site, asked=now_until(START + HOUR)))

    assert asked.wish == usual.wish
    assert (asked.target_kwh, asked.deadline_slot) == (usual.target_kwh, usual.deadline_slot)


def test_the_fuse_throttles_a_car_that_is_charged_now() -> None:
    cfg = Config(grid_import_limit_kw=8.0)

    task = built(with_car(), cfg=cfg, asked=now_until(START + HOUR))

    assert least_of(task)[:4] == [pytest.approx((8.0 - 0.8) * 0.25)] * 4


def test_two_cars_share_what_the_fuse_leaves() -> None:
    other = replace(CAR, number=1, name="lp-1", vehicle_name="other")
    site = with_car()
    vehicles = (VEHICLE, replace(VEHICLE, name="other"))
    site = replace(site, loadpoints=(*site.loadpoints, other), vehicles=vehicles)
    until = START + HOUR
    both = replace(
        now_until(until),
        overrides=(*now_until(until).overrides, *now_until(until, "lp-1").overrides),
    )

    task = built(site, cfg=Config(grid_import_limit_kw=17.0), asked=both)

    first, second = (one.surely_kwh(192)[0] for one in task.problem.cars)
    assert first == pytest.approx(FULL_KWH)
    assert second == pytest.approx((17.0 - 0.8) * 0.25 - FULL_KWH)


@pytest.mark.parametrize("mode", [ChargeMode.OFF, ChargeMode.UNKNOWN])
def test_a_car_that_is_off_is_charged_and_rests_again_after_it(mode: ChargeMode) -> None:
    site = with_car(mode=mode, plan_soc_pct=80.0, plan_time=START + 12 * HOUR)

    task = built(site, asked=now_until(START + HOUR))

    kwh = planned(task).car_kwh[0]
    assert kwh[:4] == pytest.approx([FULL_KWH] * 4)
    assert not kwh[4:].any()
    assert task.cars[0].by is None
    assert the_car(task).target_kwh == the_car(task).soc_kwh


def test_a_car_in_mode_now_stays_what_it_was() -> None:
    site = with_car(mode=ChargeMode.NOW)

    task = built(site, asked=now_until(START + HOUR))

    assert the_car(task).least_kwh is None
    assert the_car(task).fixed_kwh == pytest.approx(the_car(built(site)).fixed_kwh)


def test_without_smartload_evcc_would_charge_it_now_as_well() -> None:
    task = built(with_car(), asked=now_until(START + HOUR))

    would = evcc_rules_dispatch(task.problem, task.evcc_rules)

    assert would.car_kwh[0][:4] == pytest.approx([FULL_KWH] * 4)
    assert would.car_kwh[0][4] == 0.0


def test_every_rung_charges_it() -> None:
    task = built(with_car(), asked=now_until(START + HOUR))
    planner = quick_planner()
    first = plan_of(task, planner)
    planner.exact = planner.fast = failing
    later = built(with_car(vehicle_soc_pct=41.0), asked=now_until(START + HOUR))
    shifted = plan_of(later, planner)
    rules = plan_of(task, HorizonPlanner(seconds=standing, exact=failing, fast=failing))

    assert [one.rung for one in (first, shifted, rules)] == [Rung.EXACT, Rung.SHIFTED, Rung.RULES]
    for one in (first, shifted, rules):
        assert one.cars[0].charge_kwh[:4] == pytest.approx([FULL_KWH] * 4)


def test_it_is_told_that_the_owner_wants_it_and_not_what_waiting_would_bring() -> None:
    planner = quick_planner()
    task = built(with_car(), cfg=Config(plan_hours=24), asked=now_until(START + HOUR))
    plan = plan_of(task, planner)
    result = planner.explain()

    assert result is not None
    assert result.plan is not None
    codes = [reason.code for reason in plan.reasons[0] if reason.device == "lp-2"]
    assert codes == [ReasonCode.CAR_CHARGES_BY_OWNER]
    assert [one for one in result.plan.what_if if one.device == "lp-2"] == []


# What must be charged, in a problem


def forced(*kwh: float, **changes: Any) -> PlanProblem:
    return problem(len(kwh), cars=[car(least_kwh=series(kwh), **changes)])


def test_a_plan_that_charges_less_than_it_must_is_found_out() -> None:
    home = forced(5.0, 0.0)

    assert [one.rule for one in verify(home, settled(home, cars=[[4.5, 4.5]]))] == [Rule.CAR_LEAST]


def test_what_must_be_charged_may_exceed_the_fuse_and_nothing_else_may() -> None:
    home = replace(forced(5.0, 5.0), import_max_kwh=series([3.0, 3.0]))

    exact = plan_exactly(home, seconds=standing, time_limit_s=10.0).dispatch

    assert exact.car_kwh[0] == pytest.approx([5.0, 5.0])
    assert [one.is_soft for one in verify(home, exact)] == [True, True]


@pytest.mark.parametrize(
    "wrong",
    [
        {"least_kwh": series([3.0, 0.0])},  # below its least power
        {"least_kwh": series([12.0, 0.0])},  # above its most
        {"least_kwh": series([5.0, 5.1])},  # beyond its room
        {"least_kwh": series([0.0, 5.0]), "deadline_slot": 1},
        {"least_kwh": series([5.0, 0.0]), "fixed_kwh": series([5.0, 0.0])},
        {"least_kwh": series([5.0])},
        {"least_kwh": series([-1.0, 0.0])},
    ],
)
def test_what_a_car_cannot_do_cannot_be_certain(wrong: dict[str, Any]) -> None:
    with pytest.raises(ProblemError, match="least_kwh"):
        problem(2, cars=[car(**wrong)]).checked()


def test_what_must_be_charged_moves_on_with_the_slots() -> None:
    before = car(least_kwh=series([5.0, 4.2, 0.0]))

    later = car_later(before, soc_kwh=25.0, passed=1, n_slots=3)

    assert later.least_kwh == pytest.approx([4.2, 0.0, 0.0])


def test_evcc_is_in_mode_now_for_so_many_slots() -> None:
    home = problem(4, load=1.0, cars=[car(wish=())])
    rules = EvccRules(cars=(CarRule(mode=ChargeMode.OFF, now_slots=2),))
    home = replace(home, cars=(car(),))

    flows = evcc_rules_dispatch(home, rules)

    assert flows.car_kwh[0] == pytest.approx([10.0, 0.0, 0.0, 0.0])


# A car that evcc keeps at its least power


def min_pv(**changes: Any) -> SiteSnapshot:
    return with_car(mode=ChargeMode.MIN_PV, **changes)


def test_a_car_in_min_pv_charges_with_its_least_power_at_once() -> None:
    task = built(min_pv())

    n_slots = int(20.0 / 0.9 // LEAST_KWH)
    assert least_of(task)[:n_slots] == [pytest.approx(LEAST_KWH)] * n_slots
    assert sum(least_of(task)) == pytest.approx(n_slots * LEAST_KWH)


def test_sun_makes_a_car_in_min_pv_full_sooner() -> None:
    sun = expectation(ForecastKind.PV, [8.0] * N_FORECAST)
    bright = outlook_of(LOAD, sun, SELLS)

    dark, sunny = least_of(built(min_pv())), least_of(built(min_pv(), bright))

    assert np.count_nonzero(sunny) < np.count_nonzero(dark)
    assert set(np.round(sunny, 6)) == {0.0, round(LEAST_KWH, 6)}


def test_above_its_least_power_a_car_in_min_pv_is_free() -> None:
    sun = expectation(ForecastKind.PV, [*[8.0] * 8, *[0.0] * (N_FORECAST - 8)])

    kwh = planned(built(min_pv(), outlook_of(LOAD, sun, SELLS))).car_kwh[0]

    assert kwh[:8].sum() > 1.5 * 8 * LEAST_KWH
    assert kwh.sum() == pytest.approx(20.0 / 0.9)


def test_a_car_in_min_pv_that_lacks_less_than_its_least_power_gives_is_free() -> None:
    assert the_car(built(min_pv(vehicle_soc_pct=78.2))).least_kwh is None


# A battery that is to be full


def at(hour: int, day: int = 9) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=BERLIN).astimezone(UTC)


def prices(cheap: float = 0.25, dear: float = 0.40) -> list[float | None]:
    """Dear from 17 to 21 o'clock and from 7 to 8, local time."""
    hours = [(START + slot * SLOT).astimezone(BERLIN).hour for slot in range(N_FORECAST)]
    return [dear if 17 <= hour < 21 or hour == 7 else cheap for hour in hours]


def full_until(until: datetime, **given: Any) -> PlanTask:
    """Return a home at 17:00 whose battery is half full, with prices as above."""
    buys = expectation(ForecastKind.IMPORT_PRICE, given.pop("buys", prices()))
    site = replace(SITE, import_rates=(), export_rates=(), time_zone=BERLIN)
    return built(
        given.pop("site", site),
        outlook_of(LOAD, given.pop("sun", PV), buys, SELLS),
        asked=asks(OverrideKind.KEEP_FULL, until),
        **given,
    )


def full_slots(task: PlanTask) -> list[int]:
    reserve = task.problem.batteries[0].reserve
    assert reserve is not None
    found: list[int] = np.flatnonzero(reserve.is_full_wanted).tolist()
    return found


def soc_of(task: PlanTask) -> FloatArray:
    return battery_soc(task.problem.batteries[0], planned(task), 0)


def slot_at(instant: datetime) -> int:
    return (instant - START) // SLOT


@pytest.mark.parametrize(
    ("until", "first", "last"),
    [
        (at(8, 11), at(18, 10), at(8, 11)),  # from the evening before
        (at(20, 10), at(14, 10), at(20, 10)),  # six hours at least
        (at(23, 10), at(17, 10), at(23, 10)),
        (at(8, 10), at(18), at(8, 10)),
        (at(21), START + SLOT, at(21)),  # from now on
    ],
)
def test_it_should_be_full_from_the_evening_before_or_some_hours_before(
    until: datetime, first: datetime, last: datetime
) -> None:
    wanted = full_slots(full_until(until))

    # What a slot holds is told for its end.
    assert wanted == list(range(slot_at(first) - 1, slot_at(last)))


def test_outside_that_time_the_buffer_has_its_own_price() -> None:
    task = full_until(at(8, 11))

    reserve = task.problem.batteries[0].reserve
    assert reserve is not None
    wanted = full_slots(task)
    others = sorted(set(range(192)) - set(wanted))
    assert set(reserve.prices_eur_per_kwh_h[others]) == {0.0002}
    assert set(reserve.wanted_kwh[others]) == {4.0}
    assert set(reserve.wanted_kwh[wanted]) == {BATTERY_FULL_KWH}


def test_without_a_buffer_it_should_be_full_all_the_same() -> None:
    task = full_until(at(8, 11), buffer_soc_pct=None)

    assert soc_of(task)[slot_at(at(8, 11)) - 1] == pytest.approx(BATTERY_FULL_KWH)


def test_it_is_full_in_time_and_gives_nothing_however_dear_the_house_buys() -> None:
    task = full_until(at(8, 11))

    soc, given = soc_of(task), planned(task).discharge_kwh[0]

    first, end = slot_at(at(18, 10)), slot_at(at(8, 11))
    assert soc[first - 1 : end] == pytest.approx([BATTERY_FULL_KWH] * (end - first + 1), abs=1e-4)
    assert given[first:end].sum() == pytest.approx(0.0, abs=1e-4)
    assert given[end : end + 8].sum() > 0.0


def test_what_is_missing_is_bought_when_the_dear_hours_are_over() -> None:
    task = full_until(at(8, 10))

    plan = planned(task)

    dear = np.array([price == 0.40 for price in prices()[:192]])
    soc = battery_soc(task.problem.batteries[0], plan, 0)
    assert plan.charge_kwh[0][:64][dear[:64]].sum() == pytest.approx(0.0, abs=1e-4)
    assert soc[slot_at(at(21)) + 4] == pytest.approx(BATTERY_FULL_KWH, abs=1e-3)


def test_at_an_ordinary_price_it_is_bought_at_once_though_it_gets_cheaper() -> None:
    falling = [0.30] * 50 + [0.29] * 10 + [0.26] * (N_FORECAST - 80) + [0.40] * 20
    task = full_until(at(8, 10), buys=falling)

    assert soc_of(task)[8] == pytest.approx(BATTERY_FULL_KWH, abs=1e-3)


def test_where_all_hours_that_are_left_are_dear_it_is_bought_then() -> None:
    task = full_until(at(21))

    assert soc_of(task)[slot_at(at(21)) - 1] == pytest.approx(BATTERY_FULL_KWH, abs=1e-3)


def test_without_grid_charging_only_the_sun_fills_it() -> None:
    task = full_until(at(8, 11), cfg=Config(grid_charging=False))

    plan = planned(task)

    assert np.minimum(plan.charge_kwh[0], plan.grid_import_kwh).sum() == pytest.approx(0.0)
    assert soc_of(task)[slot_at(at(18, 10))] == pytest.approx(BATTERY_FULL_KWH, abs=1e-3)


def test_without_grid_charging_and_sun_it_keeps_what_it_has() -> None:
    dark = expectation(ForecastKind.PV, [0.0] * N_FORECAST)
    task = full_until(at(8, 10), cfg=Config(grid_charging=False), sun=dark)

    assert soc_of(task)[slot_at(at(18)) : slot_at(at(8, 10))] == pytest.approx(
        [5.0] * (slot_at(at(8, 10)) - slot_at(at(18))), abs=1e-3
    )


@pytest.mark.parametrize("seed", range(20))
def test_neither_giving_nor_waiting_pays_at_any_two_slots(seed: int) -> None:
    random = np.random.default_rng(seed)
    price, frac, wear = random.uniform(-0.05, 0.6, 60), 0.9, 0.02
    window = range(int(random.integers(0, 20)), int(random.integers(30, 60)))

    eur = full_prices(window, series(price), one_way_frac=frac, wear_eur_per_kwh=wear)

    lacking = np.concatenate((np.cumsum(eur[::-1])[::-1] * 0.25, [0.0]))
    is_dear = price > np.quantile(price, 0.75)
    for slot in window:
        for later in range(slot + 1, window.stop):
            costs = lacking[slot] - lacking[later]
            again = price[later] / frac
            assert costs >= (price[slot] - wear) * frac - again - 1e-9
            assert is_dear[slot] or costs >= price[slot] / frac - again - 1e-9
    assert not eur[: window.start].any()
    assert not eur[window.stop :].any()


def test_a_wish_beyond_the_horizon_changes_nothing_yet() -> None:
    assert full_slots(full_until(at(8, 16))) == []


def sentences(plan: Plan, slots: Sequence[int], lang: Any = "en") -> set[str]:
    words = Wording(lang=lang, names={}, zone=BERLIN, now=NOW)
    return {
        words.detail(reason)
        for slot in slots
        for reason in plan.reasons[slot]
        if reason.device == "bat1" and reason.code is not ReasonCode.BATTERY_IS_FULL
    }


def test_it_is_told_that_the_owner_wants_it_full_and_nothing_of_a_buffer() -> None:
    plan = plan_of(full_until(at(8, 10)))

    told = sentences(plan, range(slot_at(at(18)), slot_at(at(8, 10))))

    assert any("because you want it full" in text for text in told)
    assert not any("buffer" in text or "after the plan" in text for text in told)


def test_what_the_buffer_costs_is_the_buffers_alone() -> None:
    planner = quick_planner()
    plan_of(full_until(at(8, 11), buffer_soc_pct=10.0), planner)
    result = planner.explain()

    assert result is not None
    assert result.plan is not None
    reserve = result.plan.reserve
    assert reserve is not None
    assert set(reserve.soc_kwh) == {1.0}
    assert reserve.eur_per_kwh_h == 0.0002
    (cost,) = (one.eur for one in result.plan.rules if one.rule is OwnerRule.BUFFER)
    assert cost < 0.3


def test_without_a_buffer_none_is_told_of() -> None:
    planner = quick_planner()
    plan_of(full_until(at(8, 11), buffer_soc_pct=None), planner)
    result = planner.explain()

    assert result is not None
    assert result.plan is not None
    assert result.plan.reserve is None
    assert not any(one.rule is OwnerRule.BUFFER for one in result.plan.rules)


def test_what_changes_from_one_plan_to_the_next_is_told() -> None:
    until = at(8, 10)
    wishes = asks(OverrideKind.KEEP_FULL, until).overrides + now_until(START + HOUR).overrides
    planner = quick_planner()
    for passed in range(2):
        site = with_car(vehicle_soc_pct=40.0 + 5.0 * passed)
        task = built(site, cfg=Config(plan_hours=24), asked=OwnerAsks(overrides=wishes))
        plan_of(replace(task, start=task.start + passed * SLOT), planner)
    result = planner.explain()

    assert result is not None
    assert result.plan is not None
    change = result.plan.change
    assert change is not None
    assert sum(part.eur for part in change.parts) == pytest.approx(change.total_eur)


# Nobody at home


def holiday(until: datetime) -> OwnerAsks:
    return asks(OverrideKind.HOLIDAY, until)


def test_on_holiday_a_car_of_which_nothing_was_asked_waits_for_its_owner() -> None:
    car = the_car(built(with_car(), asked=holiday(START + 20 * HOUR)))

    assert (car.arrival_slot, len(car.wish)) == (80, 1)


def test_a_holiday_beyond_the_horizon_leaves_such_a_car_out() -> None:
    assert built(with_car(), asked=holiday(START + 72 * HOUR)).problem.cars == ()


def test_on_holiday_a_plan_of_the_owner_is_met_and_no_more() -> None:
    site = with_car(plan_soc_pct=70.0, plan_time=START + 12 * HOUR)

    car = the_car(built(site, asked=holiday(START + 72 * HOUR)))

    assert car.room_kwh == pytest.approx(15.0)
    assert car.target_kwh == pytest.approx(35.0)


def test_on_holiday_a_vehicles_least_charge_stays() -> None:
    site = replace(with_car(), vehicles=(replace(VEHICLE, min_soc_pct=52.0),))

    assert the_car(built(site, asked=holiday(START + 72 * HOUR))).room_kwh == pytest.approx(6.0)


@pytest.mark.parametrize("mode", [ChargeMode.MIN_PV, ChargeMode.NOW])
def test_what_evcc_charges_anyway_it_charges_on_holiday_too(mode: ChargeMode) -> None:
    car = the_car(built(with_car(mode=mode), asked=holiday(START + 72 * HOUR)))

    assert car.surely_kwh(192)[0] > 0.0


def test_a_holiday_that_is_over_is_none() -> None:
    assert the_car(built(with_car(), asked=holiday(START))).arrival_slot == 0


# What is not in our hand


def test_a_battery_that_somebody_holds_is_planned_without_giving() -> None:
    task = built(asked=OwnerAsks(held_mode=BatteryMode.HOLD))

    (battery,) = task.problem.batteries
    assert (battery.charge_max_kw, battery.discharge_max_kw) == (6.0, 0.0)
    assert "battery_held" in task.assumed


def test_a_battery_that_somebody_keeps_from_charging_is_planned_without_charging() -> None:
    task = built(asked=OwnerAsks(held_mode=BatteryMode.HOLD_CHARGE))

    (battery,) = task.problem.batteries
    assert (battery.charge_max_kw, battery.discharge_max_kw) == (0.0, 4.5)
    assert "battery_held" in task.assumed


def test_a_battery_that_somebody_charges_is_left_out() -> None:
    task = built(with_car(), asked=OwnerAsks(held_mode=BatteryMode.CHARGE))

    assert task.problem.batteries == ()
    assert task.assumed == ("battery_taken",)


@pytest.mark.parametrize("mode", [None, BatteryMode.NORMAL, BatteryMode.UNKNOWN])
def test_a_battery_that_nobody_holds_is_as_it_is(mode: BatteryMode | None) -> None:
    task = built(asked=OwnerAsks(held_mode=mode))

    (battery,) = task.problem.batteries
    assert (battery.charge_max_kw, battery.discharge_max_kw) == (6.0, 4.5)
    assert "battery_held" not in task.assumed


def test_a_battery_out_of_our_hand_is_not_charged_from_the_grid() -> None:
    (ours,) = built().problem.batteries
    (not_ours,) = built(asked=OwnerAsks(battery_in_hand=False)).problem.batteries

    assert (ours.may_grid_charge, not_ours.may_grid_charge) == (True, False)


def test_where_evcc_holds_the_battery_for_cars_they_get_nothing_from_it() -> None:
    cfg = Config(battery_to_car=True)
    held = replace(SITE, battery=replace(BATTERY, discharge_control=True))

    (free,) = built(cfg=cfg).problem.batteries
    (kept,) = built(held, cfg=cfg).problem.batteries

    assert (free.may_feed_cars, kept.may_feed_cars) == (True, False)


@pytest.mark.parametrize("name", ["battery_held", "battery_taken"])
@pytest.mark.parametrize("lang", ["de", "en"])
def test_what_is_assumed_of_it_is_told(name: str, lang: Any) -> None:
    words = Wording(lang=lang, names={}, zone=UTC, now=NOW)

    assert name.replace("_", " ") not in words.assumed(name)
