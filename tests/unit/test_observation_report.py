"""The report on the owner's own past: sums, bands, months, and what is recommended."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.observation import AdviceCode, NightSums, NoteCode, ObservationReport, ObservedDay
from domain.proof import Band, DayBook, Policy, PolicyResult
from proof.observation import Replayed, months_of, recommend, report_of, window_of

FIRST = date(2026, 10, 20)
DAY = timedelta(days=1)


def books(
    cash_eur: list[float],
    *,
    stored_kwh: float = 0.0,
    is_counted: Mapping[int, bool] | None = None,
    departures: int = 0,
    ready: int = 0,
) -> tuple[DayBook, ...]:
    """Days that cost so much, with stored energy worth 20 ct/kWh."""
    return tuple(
        DayBook(
            day=FIRST + index * DAY,
            is_counted=(is_counted or {}).get(index, True),
            cash_eur=cash,
            stored_kwh=stored_kwh,
            cost_eur=cash - 0.2 * stored_kwh,
            departures=departures,
            ready=ready,
        )
        for index, cash in enumerate(cash_eur)
    )


def result(policy: Policy, days: tuple[DayBook, ...]) -> PolicyResult:
    return PolicyResult(policy=policy, days=days)


def replayed(**changes: object) -> Replayed:
    known: dict[str, object] = {"currency": "EUR", "paid_eur": {}, "nights": {}, "chosen": "risk"}
    return Replayed(**(known | changes))  # type: ignore[arg-type]  # as its fields are


def report(
    evcc: list[float], ours: list[float], *, past: Replayed | None = None
) -> ObservationReport:
    results = [result(Policy.EVCC, books(evcc)), result(Policy.SMARTLOAD, books(ours))]
    return report_of(results, past or replayed())


# -- amounts ---------------------------------------------------------------------------------------


def test_what_it_saves_is_the_difference_of_the_two_levels() -> None:
    told = report([3.0, 2.0, 4.0, 3.0, 3.0], [2.5, 2.0, 3.0, 2.5, 2.0])

    assert told.evcc_eur == pytest.approx(15.0)
    assert told.saving_eur.middle == pytest.approx(3.0)
    assert told.ours_eur.middle == pytest.approx(12.0)


def test_the_band_of_the_level_is_that_of_the_saving_turned_round() -> None:
    told = report([3.0, 2.0, 4.0, 3.0, 3.0], [2.5, 2.0, 3.0, 2.5, 2.0])

    assert told.saving_eur.low is not None
    assert told.ours_eur.high == pytest.approx(15.0 - told.saving_eur.low)


def test_the_levels_are_money_although_costs_credit_what_cars_have_stored() -> None:
    evcc = result(Policy.EVCC, books([3.0] * 5, stored_kwh=10.0))
    ours = result(Policy.SMARTLOAD, books([2.5] * 5, stored_kwh=9.0))

    told = report_of([evcc, ours], replayed())

    assert told.days[0].evcc_eur == pytest.approx(3.0)
    # Half a euro less was paid, and a kWh less is stored.
    assert told.days[0].ours_eur == pytest.approx(3.0 - 0.5 + 0.2)


def test_days_that_do_not_count_are_told_and_in_no_sum() -> None:
    evcc = result(Policy.EVCC, books([3.0, 100.0, 3.0, 3.0, 3.0], is_counted={1: False}))
    ours = result(Policy.SMARTLOAD, books([2.0, 0.0, 2.0, 2.0, 2.0], is_counted={1: False}))

    told = report_of([evcc, ours], replayed())

    assert (told.n_days, told.n_counted) == (5, 4)
    assert told.excluded_frac == pytest.approx(0.2)
    assert told.evcc_eur == pytest.approx(12.0)


def test_the_days_that_count_add_up_to_the_sums() -> None:
    told = report([3.0, 2.0, 4.0, 3.0, 3.0], [2.5, 2.0, 3.0, 2.5, 2.0])

    saved = [day.evcc_eur - day.ours_eur for day in told.days if day.evcc_eur and day.ours_eur]
    assert sum(saved) == pytest.approx(told.saving_eur.middle)


def test_what_was_paid_is_unknown_when_it_was_not_measured_on_a_day_that_counts() -> None:
    paid: dict[date, float | None] = {FIRST + index * DAY: 2.0 for index in range(5)}
    paid[FIRST + 2 * DAY] = None

    told = report([3.0] * 5, [2.0] * 5, past=replayed(paid_eur=paid))

    assert told.paid_eur is None
    assert NoteCode.PAID_UNKNOWN in {note.code for note in told.notes}


def test_what_was_paid_is_summed_where_it_was_measured() -> None:
    paid = {FIRST + index * DAY: 2.0 for index in range(5)}

    told = report([3.0] * 5, [2.0] * 5, past=replayed(paid_eur=paid))

    assert told.paid_eur == pytest.approx(10.0)


def test_foresight_gives_the_best_and_the_share_of_it() -> None:
    results = [
        result(Policy.EVCC, books([3.0] * 5)),
        result(Policy.SMARTLOAD, books([2.0] * 5)),
        result(Policy.FORESIGHT, books([1.0] * 5)),
    ]

    told = report_of(results, replayed())

    assert told.possible_eur == pytest.approx(5.0)
    assert told.captured_frac == pytest.approx(0.5)


# -- buffers ---------------------------------------------------------------------------------------


def test_a_buffer_is_told_by_its_cost_against_evccs_own_rules_and_by_its_nights() -> None:
    nights = NightSums(nights=4, bridged=3, kept_kwh=7.5)
    results = [
        result(Policy.EVCC, books([3.0] * 5)),
        result(Policy.RISK, books([3.1] * 5, departures=2, ready=1)),
        result(Policy.SMARTLOAD, books([2.0] * 5)),
    ]

    (buffer,) = report_of(results, replayed(nights={Policy.RISK: nights})).buffers

    assert buffer.strategy == "risk"
    assert buffer.is_chosen
    assert buffer.cost_eur_per_day == pytest.approx(0.1)
    assert (buffer.nights, buffer.departures, buffer.ready) == (nights, 10, 5)


# -- months ----------------------------------------------------------------------------------------


def test_months_sum_what_was_reckoned_then_and_now() -> None:
    former = [observed(FIRST - 30 * DAY, 1.0), observed(FIRST, 50.0)]

    told = report([3.0] * 5, [2.0] * 5, past=replayed(former=former))

    # The first of the former days stays as it was, the second is reckoned anew.
    assert [(month.month, round(month.saving_eur, 6), month.n_days) for month in told.months] == [
        (date(2026, 9, 1), 1.0, 1),
        (date(2026, 10, 1), 5.0, 5),
    ]


def test_a_month_without_a_counted_day_is_left_out() -> None:
    assert months_of([observed(FIRST, 1.0, is_counted=False)]) == ()


def observed(day: date, saving_eur: float, *, is_counted: bool = True) -> ObservedDay:
    return ObservedDay(
        day=day,
        is_counted=is_counted,
        paid_eur=None,
        evcc_eur=3.0,
        ours_eur=3.0 - saving_eur,
        possible_eur=None,
    )


# -- what is recommended ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("band", "n_counted", "is_live", "code"),
    [
        ((1.0, 3.0, 5.0), 6, False, AdviceCode.WAIT),
        ((1.0, 3.0, 5.0), 7, False, AdviceCode.ACTIVATE),
        ((-1.0, 3.0, 5.0), 27, False, AdviceCode.WAIT),
        ((-1.0, 3.0, 5.0), 28, False, AdviceCode.NOT_WORTH),
        ((0.0, 0.0, 0.0), 28, False, AdviceCode.NOT_WORTH),
        ((-5.0, -3.0, -1.0), 10, False, AdviceCode.NOT_WORTH),
        ((1.0, 3.0, 5.0), 10, True, AdviceCode.KEEP),
        ((-1.0, 3.0, 5.0), 10, True, AdviceCode.KEEP),
        ((-5.0, -3.0, -1.0), 10, True, AdviceCode.LOOK),
        ((-5.0, -3.0, -1.0), 6, True, AdviceCode.WAIT),
    ],
)
def test_what_is_recommended_follows_from_band_days_and_who_acts(
    *, band: tuple[float, float, float], n_counted: int, is_live: bool, code: AdviceCode
) -> None:
    low, middle, high = band

    advice = recommend(Band(low=low, middle=middle, high=high), n_counted, is_live=is_live)

    assert advice.code is code


def test_waiting_says_how_many_days_are_missing() -> None:
    band = Band(low=-1.0, middle=1.0, high=3.0)

    assert recommend(band, 3, is_live=False).facts == {"days": 4}
    assert recommend(band, 20, is_live=False).facts == {"days": 8}


def test_without_a_band_nothing_is_judged() -> None:
    assert recommend(Band(low=None, middle=3.0, high=None), 9, is_live=False).facts == {"days": 1}


@pytest.mark.parametrize(
    ("paid", "is_told"), [(3.0, False), (3.2, False), (3.6, True), (2.0, True), (None, False)]
)
def test_a_model_that_is_off_while_nothing_was_done_is_told(
    paid: float | None, *, is_told: bool
) -> None:
    paid_eur = {book.day: paid for book in books([3.0] * 5)}

    told = report([3.0] * 5, [2.0] * 5, past=replayed(paid_eur=paid_eur))

    assert (NoteCode.MODEL_DEVIATES in {note.code for note in told.notes}) is is_told


def test_who_has_acted_paid_something_else_than_evccs_rules() -> None:
    paid_eur = {book.day: 2.0 for book in books([3.0] * 5)}
    since = datetime(2026, 9, 1, tzinfo=UTC)

    told = report([3.0] * 5, [2.0] * 5, past=replayed(paid_eur=paid_eur, live_since=since))

    assert NoteCode.MODEL_DEVIATES not in {note.code for note in told.notes}


def test_having_acted_for_a_part_of_the_time_is_told() -> None:
    since = datetime(2026, 10, 22, 9, tzinfo=UTC)

    told = report([3.0] * 5, [2.0] * 5, past=replayed(live_since=since))

    assert (NoteCode.PARTLY_LIVE, {"since": since.isoformat()}) in [
        (note.code, dict(note.facts)) for note in told.notes
    ]


def test_having_acted_all_the_time_needs_no_note() -> None:
    since = datetime(2026, 9, 1, tzinfo=UTC)

    told = report([3.0] * 5, [2.0] * 5, past=replayed(live_since=since))

    assert NoteCode.PARTLY_LIVE not in {note.code for note in told.notes}


def test_a_setting_that_changed_within_the_time_is_told() -> None:
    since = datetime(2026, 10, 22, 9, tzinfo=UTC)

    told = report([3.0] * 5, [2.0] * 5, past=replayed(settings_since=since))

    assert (NoteCode.SETTINGS_CHANGED, {"since": since.isoformat()}) in [
        (note.code, dict(note.facts)) for note in told.notes
    ]


def test_a_setting_that_changed_before_needs_no_note() -> None:
    since = datetime(2026, 10, 19, 9, tzinfo=UTC)

    told = report([3.0] * 5, [2.0] * 5, past=replayed(settings_since=since))

    assert NoteCode.SETTINGS_CHANGED not in {note.code for note in told.notes}


# -- the window ------------------------------------------------------------------------------------

TODAY = date(2026, 11, 22)
LONG_AGO = date(2020, 1, 1)


@pytest.mark.parametrize(
    ("observed_since", "recorded_since", "since"),
    [
        (TODAY - 2 * DAY, LONG_AGO, TODAY - 14 * DAY),
        (TODAY - 30 * DAY, LONG_AGO, TODAY - 30 * DAY),
        (TODAY - 300 * DAY, LONG_AGO, TODAY - 62 * DAY),
        (TODAY - 30 * DAY, TODAY - 5 * DAY, TODAY - 5 * DAY),
    ],
)
def test_a_report_is_of_two_weeks_to_two_months(
    observed_since: date, recorded_since: date, since: date
) -> None:
    window = window_of(TODAY, observed_since=observed_since, recorded_since=recorded_since)

    assert window == (since, TODAY - DAY)
