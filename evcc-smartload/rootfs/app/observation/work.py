"""What is worked out beside the service: the report on the past, or a back-test of a part of it.

Only this module knows how a past is lived through. The service hands it to another process, so that
neither the cycle nor the page waits, and what it needs of memory is given back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from backtest.live import live
from backtest.period import Period
from backtest.run import Task, carry_out, priced_slots, put_together, tasks_of, weight_of
from domain.control import CommandRecord
from domain.horizon import SLOT
from domain.observation import Change, NightSums, Obstacle
from domain.proof import Backtest, Policy, PolicyResult
from domain.site import Loadpoint
from domain.steering import WriteOutcome
from observation.errands import BACKTEST_FILES, Errand, Observe, Relive
from observation.own_past import OwnPast, own_past
from observation.recorded import RecordedFile, RecordedPast
from persistence import replace_file
from proof.accounting import SlotBook, book_days
from proof.nights import nights_of, sum_nights
from proof.observation import LEAST_FOR_REPORT, MOST_DAYS, Replayed, merged, report_of, window_of
from web.proof_json import backtest_to_json, days_from_json, days_to_json, report_to_json

MOST_CHANGES = 100
KEPT_DAYS = 800
"""Days that stay as they were reckoned: months of two years."""
_BUFFERS = frozenset({Policy.FORMULA, Policy.RISK})
_DONE = frozenset({
    WriteOutcome.SENT,
    WriteOutcome.CONFIRMED,
    WriteOutcome.NOT_CONFIRMED,
    WriteOutcome.SIMULATED,
})  # fmt: skip

Told = Callable[[float], None]
"""Is told how much of everything is done, 0..1."""


def work_out(errand: Errand, told: Told) -> dict[str, object]:
    """Do an errand; return what came of it, as JSON."""
    recorded = RecordedFile(errand.history)
    if isinstance(errand, Observe):
        return observe(errand, recorded, told)
    return relive(errand, recorded, told)


def observe(errand: Observe, recorded: RecordedPast, told: Told) -> dict[str, object]:
    """Return the report with the days to keep, or what is in its way and how many days are missing.

    An obstacle that goes away by waiting says so: ``days_missing`` is None for the others.
    """
    home = errand.home
    today = errand.now.astimezone(home.zone).date()
    since, until = window_of(
        today, observed_since=errand.observed_since, recorded_since=today - MOST_DAYS
    )
    past = own_past(home, recorded, since=since, until=until)
    if isinstance(past, Obstacle):
        return _in_the_way(past, is_first_day=errand.observed_since == today)
    if past.n_measured_days < LEAST_FOR_REPORT:
        missing = LEAST_FOR_REPORT - past.n_measured_days
        return {"obstacle": Obstacle.TOO_FEW_DAYS.value, "days_missing": missing}
    policies = [policy for policy in past.policies if policy is not Policy.NO_BATTERY]
    lived = _live_all(past, policies, told)
    former = days_from_json(list(errand.former))
    report = report_of(
        [one.result for one in lived],
        Replayed(
            currency=home.currency,
            paid_eur=past.paid_eur,
            nights={one.result.policy: one.nights for one in lived if one.nights is not None},
            chosen=home.cfg.buffer_strategy,
            live_since=errand.live_since,
            settings_since=errand.settings_since,
            former=former,
            changes=_changes(recorded, past.period, errand.now, home.loadpoints),
            notes=past.notes,
        ),
    )
    kept = merged(former, report.days)[-KEPT_DAYS:]
    return {"report": report_to_json(report), "days": days_to_json(kept)}


def _in_the_way(obstacle: Obstacle, *, is_first_day: bool) -> dict[str, object]:
    # Prices are recorded since SmartLoad runs only: on its first day nothing can be said of them.
    if is_first_day and obstacle is Obstacle.NO_PRICES:
        obstacle = Obstacle.TOO_FEW_DAYS
    is_waiting_enough = obstacle in {Obstacle.TOO_FEW_DAYS, Obstacle.NO_LOAD}
    return {
        "obstacle": obstacle.value,
        "days_missing": LEAST_FOR_REPORT if is_waiting_enough else None,
    }


def relive(errand: Relive, recorded: RecordedPast, told: Told) -> dict[str, object]:
    """Return the result of a back-test, and write its files; or what is in its way."""
    past = own_past(errand.home, recorded, since=errand.first, until=errand.last)
    if isinstance(past, Obstacle):
        return {"obstacle": past.value}
    tasks = tasks_of([past.period], past.policies, past.settings)
    progress = _Progress(tasks, told)
    results = [carry_out(task, progress.of(index)) for index, task in enumerate(tasks)]
    backtest = put_together([past.period], past.settings, tasks, results)
    _write_files(backtest, errand.folder)
    return {"result": backtest_to_json(backtest)}


def _write_files(backtest: Backtest, folder: Path) -> None:
    # Only a back-test needs them, and the report is worked out each day.
    from backtest.report_json import to_json  # noqa: PLC0415  # see above
    from backtest.report_lines import to_csv  # noqa: PLC0415  # see above
    from backtest.report_page import to_html  # noqa: PLC0415  # see above

    texts = {
        "json": to_json(backtest),
        "csv": to_csv(backtest),
        "html.de": to_html(backtest, language="de"),
        "html.en": to_html(backtest, language="en"),
    }
    folder.mkdir(exist_ok=True)
    for kind, name in BACKTEST_FILES.items():
        replace_file(folder / name, texts[kind])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lived:
    """What a policy came to; ``nights`` are known of those that set a buffer."""

    result: PolicyResult
    nights: NightSums | None = None


def _live_all(past: OwnPast, policies: Sequence[Policy], told: Told) -> list[_Lived]:
    tasks = tasks_of([past.period], policies, past.settings)
    progress = _Progress(tasks, told)
    return [
        _live_with_nights(task, progress.of(index))
        if task.policy in _BUFFERS
        else _Lived(result=carry_out(task, progress.of(index)))
        for index, task in enumerate(tasks)
    ]


def _live_with_nights(task: Task, progress: Told) -> _Lived:
    lived = live(task.policy, task.period, task.settings, progress)
    days = book_days(
        lived.book,
        priced_slots(task.period),
        replacement_eur_per_kwh=task.replacement_eur_per_kwh,
    )
    result = PolicyResult(policy=task.policy, days=days, replans=lived.n_plans)
    return _Lived(result=result, nights=_nights(task.period, lived.book))


def _nights(period: Period, book: SlotBook) -> NightSums:
    here = slice(period.live_from, None)
    pv_kw, load_kw = period.pv_kw[here], period.load_kw[here]
    nights = nights_of(priced_slots(period), pv_kw=pv_kw, load_kw=load_kw)
    return sum_nights(nights, book, pv_kw=pv_kw, load_kw=load_kw)


def _changes(
    recorded: RecordedPast, period: Period, now: datetime, loadpoints: Sequence[Loadpoint]
) -> tuple[Change, ...]:
    """Return what SmartLoad did or would have done in the period and since, newest first."""
    titles = {one.name: one.title or one.name for one in loadpoints}
    start = period.start + period.live_from * SLOT
    records = [one for one in recorded.read_commands(start, now) if one.outcome in _DONE]
    records.sort(key=lambda record: record.at, reverse=True)
    return tuple(_change(record, titles) for record in records[:MOST_CHANGES])


def _change(record: CommandRecord, titles: Mapping[str, str]) -> Change:
    device = record.lever.device
    return Change(
        at=record.at,
        lever=record.lever,
        title=titles.get(device, device),
        before=record.before,
        wanted=record.wanted,
        reason=record.reason,
    )


class _Progress:
    """How much of all tasks is done, by what each of them weighs."""

    def __init__(self, tasks: Sequence[Task], told: Told) -> None:
        self._weights = [weight_of(task) for task in tasks]
        self._told = told

    def of(self, index: int) -> Told:
        """Return what a task tells how far it is; those before it are over."""
        before, whole = sum(self._weights[:index]), sum(self._weights)
        return lambda frac: self._told((before + frac * self._weights[index]) / whole)
