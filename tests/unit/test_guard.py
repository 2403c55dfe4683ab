"""The guard: who is in use, against whom, and why; and that it does not flip-flop."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.forecast import ChoiceReason
from domain.horizon import SLOT, SLOTS_PER_DAY
from forecaster.guard import FEWEST_DAYS, MARGIN_FRAC, RECENT_DAYS, daily_losses, judge
from forecaster.series import LEVELS, Bands, FloatArray, SlotSeries

OURS, WEEK, MEAN = "ours", "same_slot_last_week", "mean_profile_30d"
NAN = float("nan")
BERLIN = ZoneInfo("Europe/Berlin")


def losses(**of_days: list[float]) -> dict[str, FloatArray]:
    return {model: np.array(values) for model, values in of_days.items()}


def steady(ours: float, week: float, n_days: int = RECENT_DAYS) -> dict[str, FloatArray]:
    return {OURS: np.full(n_days, ours), WEEK: np.full(n_days, week)}


def test_without_history_the_default_is_used() -> None:
    choice = judge({OURS: np.array([]), WEEK: np.array([])}, None, OURS)

    assert choice.model == OURS
    assert choice.reason is ChoiceReason.TOO_LITTLE_HISTORY
    assert all(candidate.loss_kw is None for candidate in choice.candidates)


def test_a_few_days_decide_nothing() -> None:
    choice = judge(steady(1.0, 0.1, FEWEST_DAYS - 1), None, OURS)

    assert choice.model == OURS
    assert choice.reason is ChoiceReason.TOO_LITTLE_HISTORY


def test_the_default_stays_while_it_is_the_best() -> None:
    choice = judge(steady(0.9, 1.0), OURS, OURS)

    assert (choice.model, choice.reason) == (OURS, ChoiceReason.BEST)


def test_a_forecast_that_is_worse_steps_aside_for_the_winner() -> None:
    of_days = {**steady(1.0, 0.8), MEAN: np.full(RECENT_DAYS, 0.7)}

    choice = judge(of_days, OURS, OURS)

    assert (choice.model, choice.reason) == (MEAN, ChoiceReason.BEST)
    assert [one.model for one in choice.candidates] == [MEAN, WEEK, OURS]
    assert [one.loss_kw for one in choice.candidates] == pytest.approx([0.7, 0.8, 1.0])
    assert {one.n_days for one in choice.candidates} == {RECENT_DAYS}


def test_a_little_better_is_not_enough() -> None:
    choice = judge(steady(1.0, 1.0 - 0.9 * MARGIN_FRAC), OURS, OURS)

    assert (choice.model, choice.reason) == (OURS, ChoiceReason.KEPT)


def test_the_way_back_needs_as_much() -> None:
    choice = judge(steady(1.0 - 0.9 * MARGIN_FRAC, 1.0), WEEK, OURS)

    assert (choice.model, choice.reason) == (WEEK, ChoiceReason.KEPT)


def test_one_freak_day_decides_nothing() -> None:
    of_days = steady(0.95, 1.0)
    of_days[OURS][-1] = 50.0

    choice = judge(of_days, OURS, OURS)

    assert (choice.model, choice.reason) == (OURS, ChoiceReason.KEPT)


def test_days_before_the_last_two_weeks_are_forgotten() -> None:
    of_days = {OURS: np.repeat([9.0, 0.5], [40, RECENT_DAYS]), WEEK: np.full(54, 1.0)}

    assert judge(of_days, WEEK, OURS).model == OURS


def test_the_newest_days_count_most() -> None:
    older_worse = {OURS: np.repeat([1.2, 0.9], 7), WEEK: np.full(14, 1.05)}

    candidates = judge(older_worse, OURS, OURS).candidates

    assert candidates[0].model == OURS


def test_a_model_in_use_that_is_gone_gives_way_to_the_default() -> None:
    assert judge(steady(1.0, 1.0), "long gone", OURS).model == OURS


def test_a_competitor_without_verdicts_is_shown_and_not_compared() -> None:
    of_days = {**steady(1.0, 1.1), MEAN: np.full(RECENT_DAYS, NAN)}
    of_days[MEAN][-2:] = 0.1

    choice = judge(of_days, OURS, OURS)

    assert choice.model == OURS
    last = choice.candidates[-1]
    assert (last.model, last.loss_kw, last.n_days) == (MEAN, None, 2)


def test_models_are_compared_on_the_days_all_of_them_were_judged() -> None:
    of_days = steady(1.0, 1.0)
    # A stormy day on which only ours said something must not count against it.
    of_days[OURS][-1], of_days[WEEK][-1] = 30.0, NAN

    candidates = judge(of_days, OURS, OURS).candidates

    assert {one.loss_kw for one in candidates} == {1.0}
    assert {one.n_days for one in candidates} == {RECENT_DAYS - 1}


def test_shorter_histories_end_on_the_same_day() -> None:
    of_days = {OURS: np.full(30, 1.0), WEEK: np.full(FEWEST_DAYS, 0.5)}

    assert judge(of_days, OURS, OURS).model == WEEK


def test_a_default_that_does_not_compete_is_refused() -> None:
    with pytest.raises(ValueError, match="none of"):
        judge(steady(1.0, 1.0), None, "other")


some_losses = st.lists(st.sampled_from([0.5, 0.8, 1.0, 1.3, 4.0]), min_size=40, max_size=40)
with_gaps = st.lists(st.sampled_from([0.5, 1.0, 1.3, 4.0, NAN]), min_size=14, max_size=14)


def choices_over(of_days: dict[str, FloatArray]) -> list[str]:
    in_use, chosen = OURS, []
    for n_days in range(RECENT_DAYS, len(of_days[OURS]) + 1):
        in_use = judge({m: days[:n_days] for m, days in of_days.items()}, in_use, OURS).model
        chosen.append(in_use)
    return chosen


@settings(max_examples=30)
@given(ours=some_losses, week=some_losses)
def test_nobody_comes_back_within_five_days(ours: list[float], week: list[float]) -> None:
    chosen = choices_over(losses(**{OURS: ours, WEEK: week}))

    changes = [k for k in range(1, len(chosen)) if chosen[k] != chosen[k - 1]]
    assert all(later - earlier > 5 for earlier, later in pairwise(changes))


@settings(max_examples=30)
@given(ours=some_losses, data=st.data())
def test_differences_within_the_margin_never_switch(ours: list[float], data: st.DataObject) -> None:
    ratios = data.draw(st.lists(st.floats(0.96, 1.04), min_size=len(ours), max_size=len(ours)))
    base = np.array(ours)

    chosen = choices_over({OURS: base, WEEK: base * ratios})

    assert set(chosen) == {OURS}


@settings(max_examples=30)
@given(ours=with_gaps, week=with_gaps, mean=with_gaps, first=st.sampled_from([OURS, WEEK, MEAN]))
def test_the_same_losses_judged_again_change_nothing(
    ours: list[float], week: list[float], mean: list[float], first: str
) -> None:
    of_days = losses(**{OURS: ours, WEEK: week, MEAN: mean})

    choice = judge(of_days, first, OURS)

    assert judge(of_days, choice.model, OURS).model == choice.model


def said(start: datetime, n_slots: int, width_kw: float = 0.0) -> Bands:
    offsets = np.linspace(-width_kw, width_kw, len(LEVELS))[:, None]
    return Bands(start=start, values=np.repeat(1.0 + offsets, n_slots, axis=1))


def test_each_local_day_has_its_own_loss() -> None:
    start = datetime(2026, 3, 1, 23, tzinfo=UTC)
    came = SlotSeries(start=start, values=np.repeat([1.0, 1.4], SLOTS_PER_DAY))

    found = daily_losses(
        said(start, 2 * SLOTS_PER_DAY), came, [date(2026, 3, 2), date(2026, 3, 3)], zone=BERLIN
    )

    # Half of an error of 0.4 kW, the levels being symmetric.
    assert found == pytest.approx([0.0, 0.2])


def test_half_a_day_that_was_not_measured_is_no_verdict() -> None:
    start = datetime(2026, 3, 1, 23, tzinfo=UTC)
    came = SlotSeries(start=start, values=np.full(SLOTS_PER_DAY, 1.0))
    came.values[:49] = NAN

    found = daily_losses(said(start, SLOTS_PER_DAY), came, [date(2026, 3, 2)], zone=BERLIN)

    assert np.isnan(found).all()


@pytest.mark.parametrize(
    ("day", "n_slots"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100)], ids=str
)
def test_days_with_23_and_25_hours_are_judged_as_a_whole(day: date, n_slots: int) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
    came = SlotSeries(start=start, values=np.full(n_slots + 1, 1.0))
    came.values[n_slots - 1], came.values[n_slots] = 1.0 + n_slots / 50, 99.0

    found = daily_losses(
        said(start, n_slots + 1), came, [day, day + timedelta(days=1)], zone=BERLIN
    )

    assert found[0] == pytest.approx(0.5 / 50)
    assert np.isnan(found[1])
    assert start + n_slots * SLOT == datetime(
        day.year, day.month, day.day + 1 if day.month == 3 else 26, tzinfo=BERLIN
    ).astimezone(UTC)
