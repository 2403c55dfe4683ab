"""What policies came to: quarter hours become days, days become sums, and nothing is lost."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
import numpy.typing as npt

from domain.horizon import SLOT, SLOT_H
from domain.proof import Band, DayBook, Policy, PolicyResult, PolicySums
from forecaster.series import BoolArray, FloatArray
from proof.bootstrap import band_of_sum
from proof.day_slots import DaySlots, PricedSlots

AWAY_EUR_PER_KWH = 0.60
"""What a kWh costs that a car has to charge elsewhere: about the price at public fast chargers, so
that no policy saves money by letting cars leave empty."""

_NOTHING_EUR = 0.005
"""A possible saving below half a cent is none, and has no share that could be captured."""

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A car whose owner asked for something has left; ``is_ready`` when that was in it."""

    at: datetime
    is_ready: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlotBook:
    """What one policy did in the same quarter hours, shape (n_slots,) where not said otherwise.

    Energies are kWh at the AC side. ``stored_kwh`` has shape (n_slots + 1,): what battery and cars
    at home hold, in cells, where each quarter hour begins and the last one ends, less all that came
    in with cars and plus all that left with them until then; only its differences matter.
    ``away_kwh`` is what cars had to charge elsewhere, in cells, where it is booked. A car must come
    home with what it left with, plus that, less what it used: then that is all it takes for two
    policies whose cars end alike to be credited alike.
    """

    import_kwh: FloatArray
    export_kwh: FloatArray
    pv_kwh: FloatArray
    load_kwh: FloatArray
    cars_kwh: FloatArray
    discharge_kwh: FloatArray
    away_kwh: FloatArray
    stored_kwh: FloatArray
    is_below_buffer: BoolArray
    writes: IntArray
    decisions: IntArray
    switches: IntArray
    departures: tuple[Departure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Money:
    """A day's money: what makes its cost."""

    is_counted: bool
    cash_eur: float
    stored_kwh: float
    replacement_eur_per_kwh: float


def book_days(
    book: SlotBook, priced: PricedSlots, *, replacement_eur_per_kwh: float
) -> tuple[DayBook, ...]:
    """Return the local days of one policy, in order; they have 92, 96 or 100 quarter hours.

    A day's cash is what was bought less what was sold, at each quarter hour's price, plus what cars
    charged elsewhere. Its cost credits what is stored more at its end, wherever that was charged.
    A departure belongs to the day of its quarter hour.

    Raises:
        ValueError: The arrays are not equally long.
    """
    n_slots = len(priced.is_measured)
    lengths = {len(book.import_kwh), len(book.export_kwh), len(book.stored_kwh) - 1}
    if lengths != {n_slots}:
        raise ValueError(f"{n_slots} quarter hours have prices, but {sorted(lengths)} were booked")
    cash_eur = (
        book.import_kwh * priced.import_price_eur_per_kwh
        - book.export_kwh * priced.export_price_eur_per_kwh
        + book.away_kwh * AWAY_EUR_PER_KWH
    )
    stored_kwh = np.diff(book.stored_kwh) + book.away_kwh
    return tuple(
        _book_day(
            day,
            book,
            _Money(
                is_counted=priced.is_enough(day),
                cash_eur=_total(cash_eur[day.slots]),
                stored_kwh=_total(stored_kwh[day.slots]),
                replacement_eur_per_kwh=replacement_eur_per_kwh,
            ),
            [left for left in book.departures if day.has((left.at - priced.start) // SLOT)],
        )
        for day in priced.days()
    )


def _book_day(
    day: DaySlots, book: SlotBook, money: _Money, departures: Sequence[Departure]
) -> DayBook:
    slots = day.slots
    return DayBook(
        day=day.day,
        is_counted=money.is_counted,
        cash_eur=money.cash_eur,
        stored_kwh=money.stored_kwh,
        cost_eur=money.cash_eur - money.stored_kwh * money.replacement_eur_per_kwh,
        bought_kwh=_total(book.import_kwh[slots]),
        sold_kwh=_total(book.export_kwh[slots]),
        pv_kwh=_total(book.pv_kwh[slots]),
        house_kwh=_total(book.load_kwh[slots]),
        cars_kwh=_total(book.cars_kwh[slots]),
        battery_kwh=_total(book.discharge_kwh[slots]),
        away_kwh=_total(book.away_kwh[slots]),
        peak_kw=float(book.import_kwh[slots].max()) / SLOT_H,
        departures=len(departures),
        ready=sum(departure.is_ready for departure in departures),
        writes=int(book.writes[slots].sum()),
        decisions=int(book.decisions[slots].sum()),
        switches=int(book.switches[slots].sum()),
        below_buffer_h=int(book.is_below_buffer[slots].sum()) * SLOT_H,
    )


def counted_days(results: Sequence[PolicyResult]) -> tuple[date, ...]:
    """Return the days that count in every policy, rising: no sum has any other."""
    counted = [{day.day for day in result.days if day.is_counted} for result in results]
    return tuple(sorted(set.intersection(*counted))) if counted else ()


def excluded_frac(results: Sequence[PolicyResult]) -> float:
    """Return the share of days that are in no sum; 0 when there is no day."""
    lived = {day.day for result in results for day in result.days}
    return 1.0 - len(counted_days(results)) / len(lived) if lived else 0.0


def sum_up(
    results: Sequence[PolicyResult], *, seed: int = 0, baseline: Policy = Policy.EVCC
) -> tuple[PolicySums, ...]:
    """Return what each policy came to over the days that count in all of them, in their order.

    A saving is the sum of the differences of the days, so a policy that does what ``baseline`` does
    saves exactly 0.0, with a band of exactly 0.0 to 0.0.

    Raises:
        ValueError: ``baseline`` is not among ``results``.
    """
    days = counted_days(results)
    books = {result.policy: _books(result, days) for result in results}
    if baseline not in books:
        raise ValueError(f"savings are against {baseline}, which was not replayed")
    savings = {policy: _saved(books[baseline], books[policy]) for policy in books}
    possible_eur = math.fsum(savings.get(Policy.FORESIGHT, ()))
    of_battery = _of_battery({policy: math.fsum(saved) for policy, saved in savings.items()})
    return tuple(
        replace(
            _sums(result, books[result.policy], savings[result.policy], possible_eur, seed),
            of_battery_frac=of_battery.get(result.policy),
        )
        for result in results
    )


def _of_battery(saved_eur: Mapping[Policy, float]) -> dict[Policy, float]:
    """Return the share of what a battery can save at all, by policy; empty where it is not known.

    Args:
        saved_eur: What each saved against the same one.
    """
    least, most = saved_eur.get(Policy.NO_BATTERY), saved_eur.get(Policy.FORESIGHT)
    if least is None or most is None or most - least < _NOTHING_EUR:
        return {}
    return {policy: (saved - least) / (most - least) for policy, saved in saved_eur.items()}


def level_band(result: PolicyResult, days: Sequence[date], *, seed: int) -> Band:
    """Return what ``result`` cost over ``days`` [EUR], with the band of other such days."""
    return band_of_sum(np.array([book.cost_eur for book in _books(result, days)]), seed=seed)


def saving_by_month(
    ours: PolicyResult, base: PolicyResult, days: Sequence[date], *, seed: int
) -> dict[date, Band]:
    """Return what ``ours`` saved against ``base`` [EUR] by the first day of each month, rising."""
    saved = np.array(_saved(_books(base, days), _books(ours, days)))
    months = [day.replace(day=1) for day in days]
    return {
        month: band_of_sum(
            saved[[index for index, of in enumerate(months) if of == month]], seed=seed
        )
        for month in sorted(set(months))
    }


def _sums(
    result: PolicyResult,
    books: Sequence[DayBook],
    saved_eur: Sequence[float],
    possible_eur: float,
    seed: int,
) -> PolicySums:
    def total(amount: Callable[[DayBook], float]) -> float:
        return math.fsum(amount(book) for book in books)

    def per_day(count: Callable[[DayBook], int]) -> float:
        return sum(count(book) for book in books) / len(books) if books else 0.0

    saving = band_of_sum(np.array(saved_eur), seed=seed)
    bought_kwh, sold_kwh = total(lambda book: book.bought_kwh), total(lambda book: book.sold_kwh)
    away_kwh = total(lambda book: book.away_kwh)
    used_kwh = total(lambda book: book.house_kwh + book.cars_kwh + book.away_kwh)
    return PolicySums(
        policy=result.policy,
        n_days=len(books),
        cost_eur=total(lambda book: book.cost_eur),
        cash_eur=total(lambda book: book.cash_eur),
        saving_eur=saving,
        captured_frac=saving.middle / possible_eur if possible_eur >= _NOTHING_EUR else None,
        bought_kwh=bought_kwh,
        sold_kwh=sold_kwh,
        battery_kwh=total(lambda book: book.battery_kwh),
        self_sufficiency_frac=_not_of(bought_kwh + away_kwh, used_kwh),
        self_consumption_frac=_not_of(sold_kwh, total(lambda book: book.pv_kwh)),
        peak_kw=max((book.peak_kw for book in books), default=0.0),
        departures=sum(book.departures for book in books),
        ready=sum(book.ready for book in books),
        away_kwh=away_kwh,
        writes_per_day=per_day(lambda book: book.writes),
        decisions_per_day=per_day(lambda book: book.decisions),
        switches_per_day=per_day(lambda book: book.switches),
        replans=result.replans,
        took_s=result.took_s,
        worst_month_saving_eur=_worst_month(books, saved_eur),
    )


def _books(result: PolicyResult, days: Sequence[date]) -> list[DayBook]:
    by_day = {book.day: book for book in result.days}
    return [by_day[day] for day in days]


def _saved(base: Sequence[DayBook], ours: Sequence[DayBook]) -> list[float]:
    return [a.cost_eur - b.cost_eur for a, b in zip(base, ours, strict=True)]


def _worst_month(books: Sequence[DayBook], saved_eur: Sequence[float]) -> float | None:
    months: dict[date, list[float]] = {}
    for book, saved in zip(books, saved_eur, strict=True):
        months.setdefault(book.day.replace(day=1), []).append(saved)
    return min((math.fsum(saved) for saved in months.values()), default=None)


def _not_of(part_kwh: float, whole_kwh: float) -> float | None:
    """Return the share of ``whole_kwh`` that is not ``part_kwh``; 0 when the part is larger."""
    return max(0.0, 1.0 - part_kwh / whole_kwh) if whole_kwh > 0.0 else None


def _total(values: FloatArray) -> float:
    """Return the exactly rounded sum: it does not depend on the order or the machine."""
    return math.fsum(values.tolist())
