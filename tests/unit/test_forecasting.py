"""What is expected: from the first minute, truthfully, and kept with the time it was said."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from domain.forecast import ChoiceReason, ForecastKind
from domain.horizon import FORECAST_SLOTS, SLOT, slot_start
from domain.outlook import Expectation, Outlook
from domain.site import SolarSlot
from domain.tariff import Rate
from errors import EvccUnavailableError
from evcc_client import EvccClient
from forecaster.competition import LOAD_MODEL, OUR_MODEL, SIMPLE_MODELS
from forecaster.pv import PVForecaster
from memory import Memory, MemoryOptions
from site_watch import Reading
from storage.history_store import HistoryStore
from tests.support.remembered_home import (
    BERLIN,
    DAY,
    HOUR,
    KEEP,
    TODAY,
    NoHolidays,
    RememberedHome,
    house_kw,
    quarters,
    solar,
    sun_kw,
)
from tests.support.simulated_evcc import MovableClock
from track_record import DAYS_KEPT
from web.forecast_json import accuracy_to_json, forecast_to_json

LOAD, PV = ForecastKind.LOAD, ForecastKind.PV
IMPORT, EXPORT = ForecastKind.IMPORT_PRICE, ForecastKind.EXPORT_PRICE
LAST_WEEK = "same_slot_last_week"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[RememberedHome]:
    built = RememberedHome(tmp_path)
    yield built
    built.store.close()


def hourly(start: datetime, n_hours: int) -> tuple[Rate, ...]:
    return tuple(
        Rate(
            start=start + turn * HOUR,
            end=start + (turn + 1) * HOUR,
            price_eur_per_kwh=0.25 + 0.05 * math.sin(turn / 4),
        )
        for turn in range(n_hours)
    )


def remembering(folder: Path) -> Memory:
    options = MemoryOptions(
        data_dir=folder, keep=KEEP, zone=BERLIN, holidays=lambda _zone: NoHolidays()
    )
    store = HistoryStore(folder / "history.db", now=TODAY)
    return Memory(options, store, EvccClient("http://evcc.invalid"), MovableClock(TODAY))


def expect(
    home: RememberedHome,
    now: datetime = TODAY,
    sun: Sequence[SolarSlot] = (),
    holiday_until: datetime | None = None,
) -> Outlook:
    home.past.follow_clock(now)
    home.pv.update(now, sun, past=home.past.pv_past(slot_start(now)), zone=BERLIN)
    outlook = home.forecasting.update(now, home.pv, None, holiday_until=holiday_until)
    check(outlook)
    return outlook


def check(outlook: Outlook) -> None:
    """Hold an outlook against what everybody may rely on."""
    json.dumps(forecast_to_json(outlook, None), allow_nan=False)
    assert LOAD in {one.kind for one in outlook.expectations}
    for one in outlook.expectations:
        band = one.band
        assert (band.start, len(band)) == (outlook.start, FORECAST_SLOTS)
        for low, middle, high in zip(band.p10, band.p50, band.p90, strict=True):
            assert low is not None
            assert middle is not None
            assert high is not None
            assert low <= middle <= high


def by_kind(outlook: Outlook) -> Mapping[ForecastKind, Expectation]:
    return {one.kind: one for one in outlook.expectations}


def load_width_kw(outlook: Outlook) -> float:
    band = by_kind(outlook)[LOAD].band
    return float(np.mean(np.subtract(band.p90, band.p10)))  # type: ignore[arg-type]  # all known, see check


def load_error_kw(outlook: Outlook) -> float:
    middle = by_kind(outlook)[LOAD].band.p50
    truth = [house_kw(outlook.start + slot * SLOT) for slot in range(FORECAST_SLOTS)]
    return float(np.mean(np.abs(np.subtract(middle, truth))))  # type: ignore[arg-type]  # all known, see check


# From the first minute


def test_without_any_history_everything_is_expected_widely(home: RememberedHome) -> None:
    home.past.take_prices(hourly(TODAY, 20), hourly(TODAY, 20), TODAY)

    outlook = expect(home, sun=solar(TODAY))

    assert set(by_kind(outlook)) == {LOAD, PV, IMPORT, EXPORT}
    assert load_width_kw(outlook) > 0.5
    assert by_kind(outlook)[IMPORT].band.n_known == 80
    assert {one.choice.reason for one in outlook.expectations} == {ChoiceReason.TOO_LITTLE_HISTORY}
    assert outlook.history_days == 0.0
    assert len(outlook.provider_kw) == FORECAST_SLOTS


def test_two_months_make_it_narrower_and_closer(home: RememberedHome) -> None:
    without = expect(home)
    home.past.take(quarters(TODAY - 60 * DAY, TODAY))
    home.forecasting.note_new_past()

    with_history = expect(home, TODAY + timedelta(seconds=1))

    assert load_width_kw(with_history) < 0.6 * load_width_kw(without)
    assert load_error_kw(with_history) < 0.6 * load_error_kw(without)
    assert with_history.history_days == pytest.approx(60.0)


def test_a_home_with_nothing_but_a_meter(home: RememberedHome) -> None:
    home.past.take(quarters(TODAY - 9 * DAY, TODAY))

    outlook = expect(home)

    assert set(by_kind(outlook)) == {LOAD}
    assert outlook.confidence.confidence_frac == 0.0
    assert {one.kind for one in outlook.comparisons} == {LOAD}


def test_a_roof_without_a_provider_is_expected_from_its_own_past(home: RememberedHome) -> None:
    home.past.take(quarters(TODAY - 20 * DAY, TODAY, pv=sun_kw))

    outlook = expect(home)

    noon = by_kind(outlook)[PV].band.p50[44]
    assert noon == pytest.approx(sun_kw(TODAY + 44 * SLOT), rel=0.2)
    assert set(outlook.provider_kw) == {None}


def test_a_fixed_tariff_goes_on_as_it_is(home: RememberedHome) -> None:
    fixed = tuple(
        Rate(start=at, end=at + DAY, price_eur_per_kwh=0.31)
        for at in (TODAY - 5 * DAY + turn * DAY for turn in range(6))
    )
    home.past.take_prices(fixed, (), TODAY)

    band = by_kind(expect(home))[IMPORT].band

    assert band.n_known == 96
    assert set(band.p10) | set(band.p50) | set(band.p90) == {0.31}


def test_prices_that_ended_long_ago_are_no_expectation(home: RememberedHome) -> None:
    home.past.take_prices(hourly(TODAY, 24), (), TODAY)
    for turn in range(1, 42):
        home.past.follow_clock(TODAY + turn * 2 * DAY)

    outlook = expect(home, TODAY + 82 * DAY)

    assert IMPORT not in by_kind(outlook)


def test_readings_between_two_quarter_hours_begin_with_the_running_one(
    home: RememberedHome,
) -> None:
    outlook = expect(home, TODAY + timedelta(minutes=7, seconds=3), solar(TODAY))

    assert outlook.start == TODAY


def test_a_clock_that_is_not_set_hinders_nobody(home: RememberedHome) -> None:
    outlook = expect(home, datetime(1970, 1, 1, 0, 3, tzinfo=UTC))

    assert outlook.start == datetime(1970, 1, 1, tzinfo=UTC)


# Kept


def test_every_forecast_can_be_read_back_with_the_time_it_was_said(home: RememberedHome) -> None:
    home.past.take_prices(hourly(TODAY, 20), hourly(TODAY, 20), TODAY)
    moments = [TODAY + timedelta(minutes=minute) for minute in (0, 4, 15)]

    outlooks = [expect(home, now, solar(TODAY)) for now in moments]
    home.store.flush()

    for kind in ForecastKind:
        kept = home.store.read_issued(kind, TODAY, TODAY + HOUR)
        assert [one.issued_at for one in kept] == moments
    for outlook, one in zip(
        outlooks, home.store.read_issued(LOAD, TODAY, TODAY + HOUR), strict=True
    ):
        shown = by_kind(outlook)[LOAD]
        assert one.model == shown.choice.model
        np.testing.assert_allclose(one.band.p90, shown.band.p90, atol=0.0051)  # type: ignore[arg-type]  # all known
    (first, *_) = home.store.read_issued(IMPORT, TODAY, TODAY + HOUR)
    assert first.band.n_known == 80


def test_what_was_said_a_day_before_is_shown_beside_what_came(home: RememberedHome) -> None:
    home.past.take(quarters(TODAY - 10 * DAY, TODAY))
    expect(home)
    home.past.take(quarters(TODAY, TODAY + 2 * DAY))

    (comparison,) = expect(home, TODAY + 2 * DAY).comparisons

    assert comparison.kind is LOAD
    assert comparison.said.start == TODAY
    assert [value is None for value in comparison.said.p50] == [True] * 96 + [False] * 96
    assert comparison.measured[:3] == tuple(round(house_kw(TODAY), 3) for _ in range(3))


def test_a_gap_in_what_came_stays_one(home: RememberedHome) -> None:
    home.past.take(quarters(TODAY - DAY, TODAY - 2 * HOUR))
    home.past.take(quarters(TODAY - HOUR, TODAY))

    (comparison,) = expect(home).comparisons

    assert comparison.measured[-8:-4] == (None,) * 4
    assert None not in comparison.measured[-4:]


# The guard


def test_whoever_was_better_lately_is_in_use_and_it_is_said(home: RememberedHome) -> None:
    home.past.take(quarters(TODAY - 20 * DAY, TODAY))
    today = TODAY.astimezone(BERLIN).date()
    for back in range(1, 15):
        losses = dict.fromkeys((LOAD_MODEL, *SIMPLE_MODELS), 0.2) | {LAST_WEEK: 0.01}
        home.record.note_losses(LOAD, today - back * DAY, losses)

    outlook = expect(home)

    load = by_kind(outlook)[LOAD]
    assert (load.choice.model, load.choice.reason) == (LAST_WEEK, ChoiceReason.BEST)
    assert load.choice.candidates[0].model == LAST_WEEK
    assert load.choice.candidates[0].n_days == 14
    assert load_error_kw(outlook) < 0.001


def test_a_house_that_repeats_itself_each_week_is_left_to_last_week(home: RememberedHome) -> None:
    drawn = np.random.default_rng(3).gamma(2.0, 0.3, 7 * 96)

    def week(at: datetime) -> float:
        return float(drawn[(at - TODAY) // SLOT % len(drawn)])

    home.past.take(quarters(TODAY - 24 * DAY, TODAY, house=week))
    for _ in range(DAYS_KEPT + 9):
        home.retrospect.look_back(TODAY)

    assert by_kind(expect(home))[LOAD].choice.model == LAST_WEEK


def test_a_winner_with_nothing_to_go_by_is_not_said_to_be_in_use(home: RememberedHome) -> None:
    today = TODAY.astimezone(BERLIN).date()
    for back in range(1, 15):
        losses = dict.fromkeys((LOAD_MODEL, *SIMPLE_MODELS), 0.2) | {LAST_WEEK: 0.01}
        home.record.note_losses(LOAD, today - back * DAY, losses)

    choice = by_kind(expect(home))[LOAD].choice

    assert choice.model == OUR_MODEL[LOAD]


# Days with 23 and 25 hours


@pytest.mark.parametrize(
    "change", [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)]
)
def test_the_morning_after_a_change_of_the_clock_begins_by_the_clock(
    tmp_path: Path, change: datetime
) -> None:
    now = change - 6 * HOUR
    home = RememberedHome(tmp_path, now)
    home.past.take(quarters(now - 40 * DAY, now, pv=sun_kw))

    outlook = expect(home, now, solar(now))

    assert load_error_kw(outlook) < 0.2
    whole = [one for one in outlook.days if one.is_whole and one.kind is LOAD]
    lengths = [(one.energy.end - one.energy.start) / HOUR for one in whole]
    assert (23.0 if change.month == 3 else 25.0) in lengths
    home.store.close()


def test_living_through_both_changes_leaves_nothing_out(tmp_path: Path) -> None:
    for change in (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)):
        begin = change - 30 * HOUR
        folder = tmp_path / str(change.month)
        folder.mkdir()
        home = RememberedHome(folder, begin)
        home.past.take(quarters(begin - 3 * DAY, begin, pv=sun_kw))
        for turn in range(10):
            now = begin + turn * 6 * HOUR
            home.past.take(quarters(now - 6 * HOUR, now, pv=sun_kw))
            expect(home, now, solar(now - DAY, 4 * 96))
            home.retrospect.look_back(now)
        home.look_back_to_the_end(now)

        assert home.retrospect.report is not None
        shown = json.dumps(accuracy_to_json(home.retrospect.report), allow_nan=False)
        assert change.date().isoformat() in shown
        home.store.close()


def test_a_forecast_is_due_after_its_time_and_after_a_clock_was_set_back(
    home: RememberedHome,
) -> None:
    assert home.forecasting.is_due(TODAY, HOUR)
    expect(home)

    assert not home.forecasting.is_due(TODAY + HOUR / 2, HOUR)
    assert home.forecasting.is_due(TODAY + HOUR, HOUR)
    assert home.forecasting.is_due(TODAY - HOUR, HOUR)


# Nobody at home, said by the owner


def load_kw(outlook: Outlook) -> list[float | None]:
    return list(by_kind(outlook)[LOAD].band.p50)


def test_a_holiday_empties_the_house_at_once_and_only_until_its_end(home: RememberedHome) -> None:
    home.past.take(quarters(TODAY - 30 * DAY, TODAY))
    usual = load_kw(expect(home))

    outlook = expect(home, TODAY + timedelta(seconds=1), holiday_until=TODAY + DAY)

    empty = load_kw(outlook)
    assert empty[:96] == [pytest.approx(0.3, abs=0.02)] * 96
    assert empty[96:] == pytest.approx(usual[96:])
    assert outlook.away is not None
    assert outlook.away.until == TODAY + DAY
    assert outlook.away.share_frac < 0.7


def test_a_holiday_holds_whichever_forecast_is_in_use(home: RememberedHome) -> None:
    home.past.take(quarters(TODAY - 30 * DAY, TODAY))
    for back in range(1, 15):
        losses = dict.fromkeys((LOAD_MODEL, *SIMPLE_MODELS), 0.2) | {LAST_WEEK: 0.01}
        home.record.note_losses(LOAD, TODAY.astimezone(BERLIN).date() - back * DAY, losses)

    outlook = expect(home, holiday_until=TODAY + DAY)

    assert by_kind(outlook)[LOAD].choice.model == LAST_WEEK
    assert load_kw(outlook)[0] == pytest.approx(0.3, abs=0.02)
    assert load_kw(outlook)[90] == pytest.approx(0.3, abs=0.02)


def test_the_return_from_a_long_holiday_is_to_a_house_as_it_was_before(
    home: RememberedHome,
) -> None:
    left = TODAY - 12 * DAY
    home.past.take(quarters(TODAY - 60 * DAY, left))
    home.past.take(quarters(left, TODAY, house=lambda _: 0.2))

    outlook = expect(home, holiday_until=TODAY + DAY)

    back = [house_kw(TODAY + slot * SLOT) for slot in range(96, 192)]
    assert load_kw(outlook)[:96] == [pytest.approx(0.2)] * 96
    assert np.mean(load_kw(outlook)[96:192]) == pytest.approx(np.mean(back), rel=0.15)  # type: ignore[arg-type]  # all known, see check


def test_a_holiday_is_shown_since_it_was_said(home: RememberedHome) -> None:
    expect(home, TODAY, holiday_until=TODAY + 3 * DAY)

    later = expect(home, TODAY + 5 * HOUR, holiday_until=TODAY + 2 * DAY)

    assert later.away is not None
    assert later.away.since == TODAY


def test_a_holiday_that_is_over_changes_nothing(home: RememberedHome) -> None:
    home.past.take(quarters(TODAY - 30 * DAY, TODAY))
    usual = load_kw(expect(home))

    outlook = expect(home, TODAY + timedelta(seconds=1), holiday_until=TODAY)

    assert load_kw(outlook) == usual
    assert outlook.away is None


def test_a_holiday_that_is_said_or_taken_back_is_not_waited_for(tmp_path: Path) -> None:
    memory = remembering(tmp_path)
    nobody = Reading(site=None, error=EvccUnavailableError("off"), changed=False)
    pv = PVForecaster(TODAY)

    issued = []
    for minute, until in enumerate((None, TODAY + DAY, TODAY + DAY, None)):
        now = TODAY + timedelta(minutes=minute)
        memory.forecast(now, pv, nobody, every=HOUR, holiday_until=until)
        outlook = memory.forecasting.outlook
        assert outlook is not None
        issued.append((outlook.issued_at - TODAY).seconds // 60)
    memory.close(1.0)

    assert issued == [0, 1, 1, 3]
