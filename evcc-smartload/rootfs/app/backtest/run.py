"""Runs policies over periods and puts together what they came to."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from backtest.foresight import foresight
from backtest.foresight_book import book_of
from backtest.live import Progress, live
from backtest.period import Period
from backtest.settings import BacktestSettings
from domain.horizon import SLOT, SLOT_H
from domain.proof import Backtest, PeriodNote, Policy, PolicyResult, ReplayedPeriod
from proof.accounting import SlotBook, book_days, excluded_frac, sum_up
from proof.day_slots import PricedSlots
from proof.replacement import replacement_value
from version import VERSION


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """One policy over one period: what one process does at a time."""

    policy: Policy
    period: Period
    settings: BacktestSettings
    replacement_eur_per_kwh: float


def carry_out(task: Task, progress: Progress = lambda _: None) -> PolicyResult:
    """Live through a period with one policy; the same in this process, another or elsewhere."""
    began_s = time.process_time()
    n_plans = 0
    if task.policy is Policy.FORESIGHT:
        battery = task.settings.battery.spec()
        found = foresight(
            task.period,
            battery,
            may_grid_charge=task.settings.cfg.grid_charging,
            replacement_eur_per_kwh=task.replacement_eur_per_kwh,
        )
        book: SlotBook = book_of(found, task.period)
        progress(1.0)
    else:
        lived = live(task.policy, task.period, task.settings, progress)
        book, n_plans = lived.book, lived.n_plans
    days = book_days(
        book, priced_slots(task.period), replacement_eur_per_kwh=task.replacement_eur_per_kwh
    )
    return PolicyResult(
        policy=task.policy, days=days, replans=n_plans, took_s=time.process_time() - began_s
    )


def tasks_of(
    periods: Sequence[Period], policies: Sequence[Policy], settings: BacktestSettings
) -> tuple[Task, ...]:
    """Return what is to be done, for each policy period by period."""
    worth = replacement_of(periods, settings)
    return tuple(
        Task(policy=policy, period=period, settings=settings, replacement_eur_per_kwh=worth)
        for policy in policies
        for period in periods
    )


def put_together(
    periods: Sequence[Period],
    settings: BacktestSettings,
    tasks: Sequence[Task],
    results: Sequence[PolicyResult],
) -> Backtest:
    """Return the whole back-test; ``results`` are in the order of ``tasks``."""
    by_policy: dict[Policy, list[PolicyResult]] = {}
    for result in results:
        by_policy.setdefault(result.policy, []).append(result)
    joined = tuple(
        PolicyResult(
            policy=policy,
            days=tuple(day for part in parts for day in part.days),
            replans=sum(part.replans for part in parts),
            took_s=sum(part.took_s for part in parts),
        )
        for policy, parts in by_policy.items()
    )
    first, last = periods[0], periods[-1]
    inputs: dict[str, str] = {}
    for period in periods:
        inputs |= period.inputs
    return Backtest(
        period=ReplayedPeriod(
            home=first.name,
            prices=first.prices,
            start=first.start + first.live_from * SLOT,
            end=last.end,
            n_days=len({day.day for day in joined[0].days}),
            excluded_frac=excluded_frac(joined),
            seed=settings.seed,
            version=VERSION,
            replacement_eur_per_kwh=tasks[0].replacement_eur_per_kwh,
            notes=_each_once(note for period in periods for note in period.notes),
            settings=told(settings),
            inputs=inputs,
        ),
        results=joined,
        sums=sum_up(joined, seed=settings.seed),
    )


def _each_once(notes: Iterable[PeriodNote]) -> tuple[PeriodNote, ...]:
    kept: list[PeriodNote] = []
    for note in notes:
        if note not in kept:
            kept.append(note)
    return tuple(kept)


def weight_of(task: Task) -> float:
    """Return about how long a task takes beside others."""
    n_slots = task.period.n_slots - task.period.live_from
    return n_slots * (10.0 if task.policy is Policy.SMARTLOAD else 1.0)


def priced_slots(period: Period) -> PricedSlots:
    """Return the prices of the slots that are lived through."""
    live = slice(period.live_from, None)
    return PricedSlots(
        start=period.start + period.live_from * SLOT,
        zone=period.zone,
        import_price_eur_per_kwh=period.import_price_eur_per_kwh[live],
        export_price_eur_per_kwh=period.export_price_eur_per_kwh[live],
        is_measured=period.is_measured[live],
    )


def replacement_of(periods: Sequence[Period], settings: BacktestSettings) -> float:
    """Return what a stored kWh is worth over all periods [EUR/kWh], by their length."""
    battery = settings.battery
    worths, lengths = [], []
    for period in periods:
        live = slice(period.live_from, None)
        surplus_kwh = np.maximum(period.pv_kw[live] - period.load_kw[live], 0.0) * SLOT_H
        worths.append(
            replacement_value(
                priced_slots(period),
                surplus_kwh=surplus_kwh,
                usable_kwh=battery.capacity_kwh * (1.0 - battery.floor_soc_pct / 100.0),
                charge_efficiency_frac=battery.one_way_frac,
            )
        )
        lengths.append(period.n_slots - period.live_from)
    return float(np.average(worths, weights=lengths))


def told(settings: BacktestSettings) -> Mapping[str, object]:
    """Return all choices by name, without anything secret."""
    owner = settings.cfg.model_dump(mode="json", exclude_defaults=True)
    secret = {"password", "influx_password", "home_assistant_token"}
    return {
        "battery": asdict(settings.battery),
        "options": {name: value for name, value in owner.items() if name not in secret},
        "evcc": dict(settings.owners_site),
        "stages": sorted(stage.value for stage in settings.stages),
        "interval_s": settings.interval_s,
        "reissue_slots": settings.reissue_slots,
        "knows_all": settings.knows_all,
    }
