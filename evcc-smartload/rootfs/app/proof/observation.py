"""The report on the owner's own past: sums, bands, months, and what is to be recommended. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.observation import (
    Advice,
    AdviceCode,
    BufferFigures,
    Change,
    MonthSaving,
    NightSums,
    Note,
    NoteCode,
    ObservationReport,
    ObservedDay,
)
from domain.proof import Band, DayBook, Policy, PolicyResult, PolicySums
from proof.accounting import counted_days, excluded_frac, sum_up

FEWEST_DAYS, MOST_DAYS = timedelta(days=14), timedelta(days=62)
"""A report is at least of the last two weeks, at most of the last two months."""
LEAST_FOR_REPORT = 4
"""Fewer counted days have no band, and a report without one would be believed too much."""
LEAST_TO_JUDGE = 7
"""A whole week: working days and the weekend differ more than most policies do."""
ENOUGH_TO_JUDGE = 28
"""After four weeks a saving that may still be nothing is none that an owner would notice."""
# A model is never exact; so much apart, an owner would ask why.
_APART_EUR, _APART_FRAC = 0.5, 0.1
_STRATEGIES = {Policy.FORMULA: "formula", Policy.RISK: "risk"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a report is made of beside what the policies came to.

    Args:
        currency: Of all amounts.
        paid_eur: By local day; None, or missing: not measured.
        nights: By policy, for those that set a buffer.
        chosen: The strategy that sets the buffer.
        live_since: Since when any stage acts; None: SmartLoad observes.
        settings_since: When a setting was last found changed; None: never.
        former: Days of earlier reports, as they were reckoned then.
        changes: What SmartLoad did or would have done, newest first.
        notes: What is to be told beside what follows from the figures.
        seed: Of the bands.
    """

    currency: str
    paid_eur: Mapping[date, float | None]
    nights: Mapping[Policy, NightSums]
    chosen: str
    live_since: datetime | None = None
    settings_since: datetime | None = None
    former: Sequence[ObservedDay] = ()
    changes: tuple[Change, ...] = ()
    notes: tuple[Note, ...] = ()
    seed: int = 1


def window_of(today: date, *, observed_since: date, recorded_since: date) -> tuple[date, date]:
    """Return the first and the last local day of a report made on ``today``.

    It begins with the observation, or two weeks ago if that was later, at most two months ago, and
    not before anything was recorded. The last day is yesterday.
    """
    since = min(observed_since, today - FEWEST_DAYS)
    since = max(since, today - MOST_DAYS, recorded_since)
    return since, today - timedelta(days=1)


def report_of(results: Sequence[PolicyResult], past: Replayed) -> ObservationReport:
    """Return the report; ``results`` have evcc's own rules and SmartLoad at least.

    Raises:
        ValueError: One of the two is missing, or there is no day.
    """
    sums = {one.policy: one for one in sum_up(results, seed=past.seed)}
    if Policy.SMARTLOAD not in sums:
        raise ValueError("SmartLoad was not replayed")
    counted = frozenset(counted_days(results))
    days = _days(results, past, counted)
    evcc_eur = _total(day.evcc_eur for day in days if day.is_counted)
    paid = [day.paid_eur for day in days if day.is_counted]
    paid_eur = None if None in paid or not paid else _total(paid)
    ours, best = sums[Policy.SMARTLOAD], sums.get(Policy.FORESIGHT)
    return ObservationReport(
        since=days[0].day,
        until=days[-1].day,
        n_days=len(days),
        n_counted=len(counted),
        excluded_frac=excluded_frac(results),
        currency=past.currency,
        paid_eur=paid_eur,
        evcc_eur=evcc_eur,
        ours_eur=_less(evcc_eur, ours.saving_eur),
        saving_eur=ours.saving_eur,
        possible_eur=None if best is None else evcc_eur - best.saving_eur.middle,
        captured_frac=ours.captured_frac,
        months=months_of(merged(past.former, days)),
        days=days,
        changes=past.changes,
        buffers=tuple(
            _buffer(sums[policy], sums[Policy.EVCC], past)
            for policy in _STRATEGIES
            if policy in sums and policy in past.nights
        ),
        advice=recommend(ours.saving_eur, len(counted), is_live=past.live_since is not None),
        notes=(*past.notes, *_notes(days, paid_eur, past)),
    )


def recommend(saving: Band, n_counted: int, *, is_live: bool) -> Advice:
    """Return what an owner is to do, by what acting would have saved over ``n_counted`` days."""
    missing = LEAST_TO_JUDGE - n_counted
    if missing > 0 or saving.low is None or saving.high is None:
        return Advice(code=AdviceCode.WAIT, facts={"days": max(1, missing)})
    if is_live:
        return Advice(code=AdviceCode.LOOK if saving.high < 0.0 else AdviceCode.KEEP)
    if saving.low > 0.0:
        return Advice(code=AdviceCode.ACTIVATE)
    if saving.high < 0.0 or n_counted >= ENOUGH_TO_JUDGE:
        return Advice(code=AdviceCode.NOT_WORTH)
    return Advice(code=AdviceCode.WAIT, facts={"days": ENOUGH_TO_JUDGE - n_counted})


def merged(former: Iterable[ObservedDay], days: Sequence[ObservedDay]) -> tuple[ObservedDay, ...]:
    """Return ``days`` after those of ``former`` that lie before them: these stay as they were."""
    return (*(day for day in former if day.day < days[0].day), *days)


def months_of(days: Sequence[ObservedDay]) -> tuple[MonthSaving, ...]:
    """Return what the calendar months saved, rising; months without a counted day are left out."""
    months: dict[date, list[float]] = {}
    for day in days:
        if day.is_counted and day.evcc_eur is not None and day.ours_eur is not None:
            saved = day.evcc_eur - day.ours_eur
            months.setdefault(day.day.replace(day=1), []).append(saved)
    return tuple(
        MonthSaving(month=month, saving_eur=math.fsum(saved), n_days=len(saved))
        for month, saved in sorted(months.items())
    )


def _days(
    results: Sequence[PolicyResult], past: Replayed, counted: frozenset[date]
) -> tuple[ObservedDay, ...]:
    books = {result.policy: {book.day: book for book in result.days} for result in results}
    evcc = books[Policy.EVCC]
    return tuple(
        ObservedDay(
            day=day,
            is_counted=day in counted,
            paid_eur=past.paid_eur.get(day),
            evcc_eur=book.cash_eur,
            ours_eur=_level(book, books[Policy.SMARTLOAD].get(day)),
            possible_eur=_level(book, books.get(Policy.FORESIGHT, {}).get(day)),
        )
        for day, book in sorted(evcc.items())
    )


def _level(evcc: DayBook, other: DayBook | None) -> float | None:
    """Return what ``other`` would have paid on the day, had it stored as much as evcc's rules.

    A cost credits what is stored, cars included: as an amount of money nobody would know it.
    """
    return None if other is None else evcc.cash_eur - (evcc.cost_eur - other.cost_eur)


def _less(level_eur: float, saving: Band) -> Band:
    return Band(
        low=None if saving.high is None else level_eur - saving.high,
        middle=level_eur - saving.middle,
        high=None if saving.low is None else level_eur - saving.low,
    )


def _buffer(sums: PolicySums, evcc: PolicySums, past: Replayed) -> BufferFigures:
    strategy = _STRATEGIES[sums.policy]
    return BufferFigures(
        strategy=strategy,
        is_chosen=strategy == past.chosen,
        cost_eur_per_day=(sums.cost_eur - evcc.cost_eur) / sums.n_days if sums.n_days else None,
        nights=past.nights[sums.policy],
        departures=sums.departures,
        ready=sums.ready,
    )


def _notes(days: Sequence[ObservedDay], paid_eur: float | None, past: Replayed) -> Iterable[Note]:
    n_counted = sum(day.is_counted for day in days)
    if n_counted < FEWEST_DAYS.days:
        yield Note(code=NoteCode.FEW_DAYS, facts={"days": n_counted})
    if paid_eur is None:
        yield Note(code=NoteCode.PAID_UNKNOWN)
    elif past.live_since is None and _deviates([day for day in days if day.is_counted]):
        yield Note(code=NoteCode.MODEL_DEVIATES)
    for code, since in (
        (NoteCode.PARTLY_LIVE, past.live_since),
        (NoteCode.SETTINGS_CHANGED, past.settings_since),
    ):
        if since is not None and since.date() >= days[0].day:
            yield Note(code=code, facts={"since": since.isoformat()})


def _deviates(days: Sequence[ObservedDay]) -> bool:
    """Tell whether evcc's rules in the model cost clearly something else than was really paid."""
    paid = [day.paid_eur for day in days if day.paid_eur is not None]
    apart_eur = abs(math.fsum(paid) - _total(day.evcc_eur for day in days))
    turned_over_eur = math.fsum(abs(eur) for eur in paid)
    return apart_eur > max(_APART_EUR, _APART_FRAC * turned_over_eur)


def _total(amounts: Iterable[float | None]) -> float:
    return math.fsum(amount for amount in amounts if amount is not None)
