"""A past is lived again by the service's own cycle, and every policy is counted alike."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from backtest.live import live
from backtest.period import Period
from backtest.run import carry_out, put_together, tasks_of
from backtest.settings import BacktestSettings, BatteryChoice
from config import Config
from domain.horizon import SLOT_H
from domain.proof import Backtest, Policy, PolicySums
from tests.support.measured_period import measured_period

CAREFUL = BacktestSettings(cfg=Config(battery_min_soc=20))
OBSERVES = replace(CAREFUL, stages=frozenset())


@cache
def lived(policy: Policy, *, has_car: bool = False) -> Backtest:
    """One policy beside evcc's own rules, once for all tests."""
    return run(measured_period(has_car=has_car), [Policy.EVCC, policy], CAREFUL)


def run(period: Period, policies: list[Policy], settings: BacktestSettings) -> Backtest:
    tasks = tasks_of([period], policies, settings)
    return put_together([period], settings, tasks, [carry_out(task) for task in tasks])


def sums(backtest: Backtest, policy: Policy) -> PolicySums:
    return next(one for one in backtest.sums if one.policy is policy)


def test_smartload_buys_in_cheap_hours_and_saves_money() -> None:
    ours = sums(lived(Policy.SMARTLOAD), Policy.SMARTLOAD)

    assert ours.saving_eur.middle > 0.2
    assert ours.writes_per_day > 0.0
    assert ours.replans == 2 * 96


def test_who_only_observes_saves_exactly_nothing() -> None:
    backtest = run(measured_period(n_days=1.0), [Policy.EVCC, Policy.SMARTLOAD], OBSERVES)

    ours = sums(backtest, Policy.SMARTLOAD)

    assert (ours.saving_eur.low, ours.saving_eur.middle, ours.saving_eur.high) == (0.0, 0.0, 0.0)
    assert ours.writes_per_day == 0.0


@pytest.mark.parametrize("policy", [Policy.NO_BATTERY, Policy.SMARTLOAD])
def test_nobody_beats_perfect_foresight(policy: Policy) -> None:
    bound = sums(lived(Policy.FORESIGHT), Policy.FORESIGHT)

    other = sums(lived(policy), policy)

    assert bound.cost_eur <= other.cost_eur + 1e-9


def test_a_second_run_gives_the_same_cents() -> None:
    first = lived(Policy.SMARTLOAD)

    again = run(measured_period(), [Policy.EVCC, Policy.SMARTLOAD], CAREFUL)

    assert [result.days for result in again.results] == [result.days for result in first.results]


def test_what_the_house_used_is_what_was_measured() -> None:
    period = measured_period(n_days=1.0)

    book = live(Policy.EVCC, period, CAREFUL).book

    assert book.load_kwh == pytest.approx(period.load_kw * SLOT_H, abs=1e-9)
    assert book.pv_kwh == pytest.approx(period.pv_kw * SLOT_H, abs=1e-9)


def test_energy_is_neither_made_nor_lost_beyond_the_batterys_losses() -> None:
    book = live(Policy.SMARTLOAD, measured_period(n_days=1.0), CAREFUL).book

    into_battery = book.import_kwh + book.pv_kwh + book.discharge_kwh
    into_battery -= book.export_kwh + book.load_kwh + book.cars_kwh
    one_way = CAREFUL.battery.one_way_frac
    stored = np.diff(book.stored_kwh)

    assert stored == pytest.approx(into_battery * one_way - book.discharge_kwh / one_way, abs=1e-6)


@pytest.mark.parametrize("policy", [Policy.FORMULA, Policy.RISK, Policy.SMARTLOAD])
def test_the_car_leaves_with_what_its_owner_wants(policy: Policy) -> None:
    ours = sums(lived(policy, has_car=True), policy)

    assert (ours.ready, ours.departures) == (1, 1)


def test_what_lies_before_the_living_is_past_only() -> None:
    period = replace(measured_period(n_days=3.0), live_from=2 * 96)

    backtest = run(period, [Policy.EVCC], CAREFUL)

    assert len(backtest.results[0].days) == 1
    assert backtest.period.start > period.start


def test_a_home_without_a_battery_has_no_use_for_one() -> None:
    settings = replace(CAREFUL, battery=BatteryChoice(capacity_kwh=0.0))

    backtest = run(
        measured_period(n_days=1.0), [Policy.NO_BATTERY, Policy.EVCC, Policy.FORESIGHT], settings
    )

    assert [one.saving_eur.middle for one in backtest.sums] == pytest.approx([0.0] * 3, abs=1e-9)
