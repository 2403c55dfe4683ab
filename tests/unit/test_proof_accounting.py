import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.horizon import SLOT
from domain.proof import Band, DayBook, Policy, PolicyResult
from proof.accounting import (
    AWAY_EUR_PER_KWH,
    Departure,
    SlotBook,
    book_days,
    counted_days,
    excluded_frac,
    level_band,
    saving_by_month,
    sum_up,
)
from proof.day_slots import PricedSlots

BERLIN = ZoneInfo("Europe/Berlin")


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)


def priced(first: date, n_slots: int, *, measured: np.ndarray | None = None) -> PricedSlots:
    rng = np.random.default_rng(7)
    return PricedSlots(
        start=midnight(first),
        zone=BERLIN,
        import_price_eur_per_kwh=rng.uniform(0.1, 0.4, n_slots),
        export_price_eur_per_kwh=np.full(n_slots, 0.08),
        is_measured=np.ones(n_slots, dtype=np.bool_) if measured is None else measured,
    )


def slot_book(n_slots: int, *, seed: int = 1) -> SlotBook:
    rng = np.random.default_rng(seed)

    def some(most: float) -> np.ndarray:
        return rng.uniform(0.0, most, n_slots)

    return SlotBook(
        import_kwh=some(1.0),
        export_kwh=some(0.5),
        pv_kwh=some(1.0),
        load_kwh=some(0.4),
        cars_kwh=some(0.3),
        discharge_kwh=some(0.2),
        away_kwh=np.zeros(n_slots),
        stored_kwh=rng.uniform(0.0, 10.0, n_slots + 1),
        is_below_buffer=rng.uniform(size=n_slots) < 0.1,
        writes=rng.integers(0, 2, n_slots),
        decisions=rng.integers(0, 2, n_slots),
        switches=rng.integers(0, 2, n_slots),
    )


def days_from(costs: dict[date, float], *, counted: bool = True) -> tuple[DayBook, ...]:
    return tuple(
        DayBook(day=day, is_counted=counted, cash_eur=cost, stored_kwh=0.0, cost_eur=cost)
        for day, cost in costs.items()
    )


def some_results(n_days: int = 40) -> list[PolicyResult]:
    rng = random.Random(3)
    days = [date(2024, 1, 10) + timedelta(days=index) for index in range(n_days)]
    return [
        PolicyResult(
            policy=policy,
            days=tuple(
                replace(book, is_counted=index % 7 != 0)
                for index, book in enumerate(
                    days_from({day: rng.uniform(-1.0, 4.0) for day in days})
                )
            ),
        )
        for policy in Policy
    ]


@pytest.mark.parametrize(
    ("first", "n_slots"),
    [(date(2024, 3, 31), 92), (date(2024, 6, 1), 96), (date(2024, 10, 27), 100)],
)
def test_a_local_day_has_all_its_quarter_hours(first: date, n_slots: int) -> None:
    past = priced(first, n_slots + 96)
    book = replace(slot_book(n_slots + 96), import_kwh=np.ones(n_slots + 96))

    days = book_days(book, past, replacement_eur_per_kwh=0.2)

    assert [(day.day, day.bought_kwh) for day in days] == [
        (first, n_slots),
        (first + timedelta(days=1), 96.0),
    ]


def test_days_add_up_to_all_their_quarter_hours() -> None:
    n_slots = 9 * 96 - 4
    past, book = priced(date(2024, 3, 27), n_slots), slot_book(n_slots)

    days = book_days(book, past, replacement_eur_per_kwh=0.21)

    paid = np.sum(book.import_kwh * past.import_price_eur_per_kwh)
    earned = np.sum(book.export_kwh * past.export_price_eur_per_kwh)
    credit = (book.stored_kwh[-1] - book.stored_kwh[0]) * 0.21
    assert sum(day.cost_eur for day in days) == pytest.approx(paid - earned - credit, abs=1e-9)


def test_the_order_of_quarter_hours_changes_no_cent() -> None:
    past, book = priced(date(2024, 6, 1), 96), slot_book(96)
    order = np.random.default_rng(1).permutation(96)

    (straight,) = book_days(book, past, replacement_eur_per_kwh=0.2)
    (shuffled,) = book_days(
        replace(book, import_kwh=book.import_kwh[order], export_kwh=book.export_kwh[order]),
        replace(past, import_price_eur_per_kwh=past.import_price_eur_per_kwh[order]),
        replacement_eur_per_kwh=0.2,
    )

    assert shuffled.cost_eur == straight.cost_eur


def test_what_is_stored_is_credited_at_its_replacement_value() -> None:
    book = replace(slot_book(96), stored_kwh=np.linspace(2.0, 7.0, 97))

    (day,) = book_days(book, priced(date(2024, 6, 1), 96), replacement_eur_per_kwh=0.25)

    assert day.stored_kwh == pytest.approx(5.0)
    assert day.cost_eur == pytest.approx(day.cash_eur - 1.25)


def test_charging_elsewhere_is_paid_and_is_in_the_car() -> None:
    book = replace(slot_book(96), stored_kwh=np.zeros(97))
    away_kwh = np.zeros(96)
    away_kwh[30] = 10.0
    past = priced(date(2024, 6, 1), 96)

    (at_home,) = book_days(book, past, replacement_eur_per_kwh=0.2)
    (away,) = book_days(replace(book, away_kwh=away_kwh), past, replacement_eur_per_kwh=0.2)

    assert away.cash_eur - at_home.cash_eur == pytest.approx(10.0 * AWAY_EUR_PER_KWH)
    assert away.cost_eur - at_home.cost_eur == pytest.approx(10.0 * (AWAY_EUR_PER_KWH - 0.2))


@pytest.mark.parametrize(("n_missing", "is_counted"), [(0, True), (9, True), (10, False)])
def test_a_day_counts_when_nine_tenths_of_it_were_measured(
    n_missing: int, *, is_counted: bool
) -> None:
    measured = np.arange(96) >= n_missing

    (day,) = book_days(
        slot_book(96),
        priced(date(2024, 6, 1), 96, measured=measured),
        replacement_eur_per_kwh=0.2,
    )

    assert day.is_counted is is_counted


def test_half_a_day_does_not_count() -> None:
    (day,) = book_days(slot_book(48), priced(date(2024, 6, 1), 48), replacement_eur_per_kwh=0.2)

    assert not day.is_counted


def test_a_departure_belongs_to_its_day() -> None:
    past = priced(date(2024, 6, 1), 192)
    second_midnight = past.start + 96 * SLOT
    book = replace(
        slot_book(192),
        departures=(
            Departure(at=second_midnight - timedelta(seconds=1), is_ready=False),
            Departure(at=second_midnight, is_ready=True),
        ),
    )

    first, second = book_days(book, past, replacement_eur_per_kwh=0.2)

    assert (first.departures, first.ready) == (1, 0)
    assert (second.departures, second.ready) == (1, 1)


def test_arrays_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="96 quarter hours"):
        book_days(slot_book(95), priced(date(2024, 6, 1), 96), replacement_eur_per_kwh=0.2)


def test_identical_behaviour_saves_exactly_nothing() -> None:
    days = days_from({date(2024, 1, day): 0.1 * day for day in range(1, 31)})
    results = [PolicyResult(policy=policy, days=days) for policy in Policy]

    for sums in sum_up(results):
        assert sums.saving_eur == Band(low=0.0, middle=0.0, high=0.0)
        assert sums.worst_month_saving_eur == 0.0
        assert sums.captured_frac is None


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(range(len(Policy))))
def test_the_order_of_policies_changes_nothing(order: list[int]) -> None:
    results = some_results()

    straight = {sums.policy: sums for sums in sum_up(results, seed=5)}
    shuffled = sum_up([results[index] for index in order], seed=5)

    assert [sums.policy for sums in shuffled] == [results[index].policy for index in order]
    assert {sums.policy: sums for sums in shuffled} == straight


def test_the_order_of_days_changes_no_cent() -> None:
    results = some_results()
    backwards = [replace(result, days=result.days[::-1]) for result in results]

    assert sum_up(backwards) == sum_up(results)


def test_counted_days_add_up_to_the_sum() -> None:
    results = some_results()

    sums = sum_up(results)

    for result, of in zip(results, sums, strict=True):
        counted = [book.cost_eur for book in result.days if book.is_counted]
        assert of.cost_eur == pytest.approx(sum(counted), abs=1e-9)
        assert of.n_days == len(counted)


def test_a_day_that_one_policy_excludes_is_in_no_sum() -> None:
    days = {date(2024, 1, day): 1.0 for day in range(1, 11)}
    missing = date(2024, 1, 4)
    base = PolicyResult(policy=Policy.EVCC, days=days_from(days))
    ours = PolicyResult(
        policy=Policy.SMARTLOAD,
        days=tuple(
            replace(book, is_counted=book.day != missing, cost_eur=0.5) for book in base.days
        ),
    )

    base_sums, our_sums = sum_up([base, ours])

    assert missing not in counted_days([base, ours])
    assert (base_sums.n_days, base_sums.cost_eur) == (9, 9.0)
    assert our_sums.saving_eur.middle == 4.5
    assert excluded_frac([base, ours]) == pytest.approx(0.1)


def test_the_captured_share_is_of_what_foresight_saves() -> None:
    days = [date(2024, 1, day) for day in range(1, 11)]
    costs = {Policy.EVCC: 3.0, Policy.SMARTLOAD: 1.2, Policy.FORESIGHT: 1.0}
    results = [
        PolicyResult(policy=policy, days=days_from(dict.fromkeys(days, cost)))
        for policy, cost in costs.items()
    ]

    captured = {sums.policy: sums.captured_frac for sums in sum_up(results)}

    assert captured == pytest.approx(
        {Policy.EVCC: 0.0, Policy.SMARTLOAD: 0.9, Policy.FORESIGHT: 1.0}
    )


def test_the_share_of_a_battery_is_of_what_it_can_save_at_all() -> None:
    days = [date(2024, 1, day) for day in range(1, 11)]
    costs = {
        Policy.NO_BATTERY: 6.0,
        Policy.EVCC: 3.0,
        Policy.SMARTLOAD: 1.5,
        Policy.FORESIGHT: 1.0,
    }
    results = [
        PolicyResult(policy=policy, days=days_from(dict.fromkeys(days, cost)))
        for policy, cost in costs.items()
    ]

    shares = {sums.policy: sums.of_battery_frac for sums in sum_up(results)}
    without = [sums.of_battery_frac for sums in sum_up(results[1:])]

    assert shares == pytest.approx(
        {Policy.NO_BATTERY: 0.0, Policy.EVCC: 0.6, Policy.SMARTLOAD: 0.9, Policy.FORESIGHT: 1.0}
    )
    assert without == [None, None, None]


def test_what_is_bought_elsewhere_is_not_self_sufficiency() -> None:
    book = DayBook(
        day=date(2024, 1, 1),
        is_counted=True,
        cash_eur=0.0,
        stored_kwh=0.0,
        cost_eur=0.0,
        bought_kwh=2.0,
        sold_kwh=1.0,
        pv_kwh=4.0,
        house_kwh=5.0,
        cars_kwh=3.0,
        away_kwh=2.0,
    )

    (sums,) = sum_up([PolicyResult(policy=Policy.EVCC, days=(book,))])

    assert sums.self_sufficiency_frac == pytest.approx(0.6)
    assert sums.self_consumption_frac == pytest.approx(0.75)


def test_savings_need_what_they_are_against() -> None:
    with pytest.raises(ValueError, match="not replayed"):
        sum_up([PolicyResult(policy=Policy.SMARTLOAD, days=())])


def test_without_a_counted_day_nothing_is_claimed() -> None:
    (sums,) = sum_up([PolicyResult(policy=Policy.EVCC, days=())])

    assert sums.n_days == 0
    assert sums.saving_eur == Band(low=None, middle=0.0, high=None)
    assert sums.self_sufficiency_frac is None
    assert sums.worst_month_saving_eur is None


def test_months_add_up_to_the_saving() -> None:
    results = some_results(80)
    by_policy = {result.policy: result for result in results}
    days = counted_days(results)

    months = saving_by_month(by_policy[Policy.RISK], by_policy[Policy.EVCC], days, seed=1)

    (sums,) = (of for of in sum_up(results) if of.policy is Policy.RISK)
    assert list(months) == [date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)]
    assert sum(month.middle for month in months.values()) == pytest.approx(sums.saving_eur.middle)
    assert sums.worst_month_saving_eur == min(month.middle for month in months.values())


def test_a_level_has_a_band_around_its_sum() -> None:
    (result, *_) = results = some_results()
    days = counted_days(results)

    band = level_band(result, days, seed=1)

    assert band.low is not None
    assert band.high is not None
    assert band.low < band.middle < band.high
