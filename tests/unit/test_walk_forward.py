"""A past lived again knows at each moment what was known then, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from backtest.knowledge_foresight import ForesightKnowledge
from backtest.period import Period
from backtest.walk_forward import WalkForward
from domain.forecast import BandSeries, ForecastKind
from domain.horizon import FORECAST_SLOTS, SLOT, SLOTS_PER_DAY
from domain.outlook import Outlook
from forecaster.load import TYPICAL_KW
from forecaster.windows import window_scenarios

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
LOAD, PV, IMPORT = ForecastKind.LOAD, ForecastKind.PV, ForecastKind.IMPORT_PRICE


def period(
    *,
    n_days: int = 12,
    live_day: int = 6,
    first: datetime = datetime(2025, 6, 2, tzinfo=BERLIN),
    has_provider: bool = True,
) -> Period:
    """A home whose days are alike but for some noise; ``live_day`` is the first lived through."""
    start = first.astimezone(UTC)
    n_slots = n_days * SLOTS_PER_DAY
    rng = np.random.default_rng(7)
    hours = (start.hour + np.arange(n_slots) / 4.0) % 24.0
    load_kw = 0.3 + 0.4 * (hours > 16) + rng.gamma(1.0, 0.15, n_slots)
    clear_kw = np.maximum(0.0, 5.0 * np.sin((hours - 4.0) / 16.0 * np.pi))
    pv_kw = clear_kw * np.repeat(rng.uniform(0.3, 1.0, n_days), SLOTS_PER_DAY)
    price = 0.25 + 0.05 * np.sin(hours / 24.0 * 4.0 * np.pi) + rng.normal(0.0, 0.01, n_slots)
    return Period(
        name="home",
        prices="prices",
        start=start,
        zone=BERLIN,
        load_kw=load_kw,
        pv_kw=pv_kw,
        import_price_eur_per_kwh=price,
        export_price_eur_per_kwh=np.full(n_slots, 0.08),
        pv_said_kw=0.9 * clear_kw if has_provider else None,
        is_measured=np.ones(n_slots, dtype=np.bool_),
        live_from=live_day * SLOTS_PER_DAY,
    )


def walk(past: Period, n_slots: int, *, reissue_slots: int = 4) -> list[Outlook]:
    """Return what was expected at each of the first quarter hours that are lived through."""
    knowledge = WalkForward(past, reissue_slots=reissue_slots, rehearsed=DAY)
    outlooks = []
    for slot in range(past.live_from, past.live_from + n_slots):
        knowledge.update(past.start + slot * SLOT)
        outlooks.append(knowledge.outlook)
    return outlooks


@cache
def walked_day() -> tuple[Outlook, ...]:
    return tuple(walk(period(), SLOTS_PER_DAY))


def band(outlook: Outlook, kind: ForecastKind) -> BandSeries:
    return next(one.band for one in outlook.expectations if one.kind is kind)


def spoilt_load(past: Period, first: int) -> Period:
    return replace(past, load_kw=np.where(np.arange(past.n_slots) >= first, 9.0, past.load_kw))


def spoilt_pv(past: Period, first: int) -> Period:
    return replace(past, pv_kw=np.where(np.arange(past.n_slots) >= first, 0.1, past.pv_kw))


def spoilt_prices(past: Period, first: int) -> Period:
    # The rest of the day is published when a quarter hour of the morning runs.
    is_later = np.arange(past.n_slots) >= -(-first // SLOTS_PER_DAY) * SLOTS_PER_DAY
    return replace(
        past, import_price_eur_per_kwh=np.where(is_later, 2.0, past.import_price_eur_per_kwh)
    )


def spoilt_provider(past: Period, first: int) -> Period:
    # Today and tomorrow were said at midnight.
    is_later = np.arange(past.n_slots) >= (first // SLOTS_PER_DAY + 2) * SLOTS_PER_DAY
    assert past.pv_said_kw is not None
    return replace(past, pv_said_kw=np.where(is_later, 3.0, past.pv_said_kw))


# What is known


@pytest.mark.parametrize("spoil", [spoilt_load, spoilt_pv, spoilt_prices, spoilt_provider])
def test_nothing_that_comes_later_is_known(spoil: Callable[[Period, int], Period]) -> None:
    past, n_slots = period(), 14

    outlooks = walk(spoil(past, past.live_from + n_slots - 1), n_slots)

    assert tuple(outlooks) == walked_day()[:n_slots]


def test_what_was_measured_since_is_learned_from() -> None:
    past, n_slots = period(), 13

    outlooks = walk(spoilt_load(past, past.live_from + 8), n_slots)

    assert tuple(outlooks[:9]) == walked_day()[:9]
    assert band(outlooks[12], LOAD) != band(walked_day()[12], LOAD)


def test_the_sun_is_followed_between_two_issues() -> None:
    past, n_slots = period(), 11 * 4 + 2

    outlooks = walk(spoilt_pv(past, past.live_from + n_slots - 2), n_slots)

    before, after = band(walked_day()[n_slots - 1], PV), band(outlooks[-1], PV)
    assert after.p50[0] < 0.95 * before.p50[0]  # type: ignore[operator]  # all of it is known


def test_what_was_filled_in_is_not_learned_from() -> None:
    past = period()
    is_filled = np.arange(past.n_slots) % 11 == 0
    patched = replace(past, is_measured=~is_filled)

    outlooks = walk(replace(patched, load_kw=np.where(is_filled, 9.0, past.load_kw)), 5)

    assert outlooks == walk(patched, 5)


def test_tomorrows_prices_are_published_at_one_local_time() -> None:
    at_noon, at_one = walked_day()[13 * 4 - 1], walked_day()[13 * 4]

    n_known = [band(outlook, IMPORT).n_known for outlook in (at_noon, at_one)]

    assert n_known == [11 * 4 + 1, 11 * 4 + SLOTS_PER_DAY]


def test_published_prices_are_facts() -> None:
    past, outlook = period(), walked_day()[20]

    told = band(outlook, IMPORT)

    first = past.live_from + 20
    came = past.import_price_eur_per_kwh[first : first + told.n_known]
    assert told.p10[: told.n_known] == told.p90[: told.n_known] == pytest.approx(came, abs=1e-5)


def test_prices_beyond_the_published_ones_are_expected_with_a_band() -> None:
    told = band(walked_day()[20], IMPORT)

    assert told.p10[-1] < told.p50[-1] < told.p90[-1]  # type: ignore[operator]  # all of it is known


def test_the_provider_says_today_and_tomorrow() -> None:
    provider_kw = walked_day()[40].provider_kw

    n_said = sum(value is not None for value in provider_kw)

    assert n_said == 2 * SLOTS_PER_DAY - 40


# What is handed out


def test_every_series_begins_with_the_running_quarter_hour() -> None:
    past = period()

    for turn, outlook in enumerate(walked_day()):
        start = past.start + (past.live_from + turn) * SLOT
        assert outlook.start == start
        assert {one.band.start for one in outlook.expectations} == {start}
        assert {len(one.band) for one in outlook.expectations} == {FORECAST_SLOTS}


def test_bands_and_series_tell_the_same() -> None:
    past = period()
    knowledge = WalkForward(past, rehearsed=DAY)
    for slot in range(3):
        knowledge.update(past.start + (past.live_from + slot) * SLOT)

    said = knowledge.load_bands.to_band_series()

    assert said == band(knowledge.outlook, LOAD)


def test_windows_can_be_made_from_what_is_handed_out() -> None:
    past = period()
    knowledge = WalkForward(past)
    now = past.start + past.live_from * SLOT
    knowledge.update(now)

    sums = window_scenarios(
        knowledge.load_bands, knowledge.pv_bands, knowledge.ranks, now, now + 2 * DAY
    )

    assert len(knowledge.ranks.paths) > 8
    assert sums is not None
    assert sums.net_quantile(0.1) < sums.net_quantile(0.9)


def test_the_confidence_is_calm() -> None:
    confidences = [outlook.confidence.confidence_frac for outlook in walked_day()]

    assert min(confidences) > 0.0
    assert np.abs(np.diff(confidences)).max() < 0.05


def test_the_same_past_is_told_the_same() -> None:
    assert tuple(walk(period(), 9)) == walked_day()[:9]


def test_an_update_of_the_same_quarter_hour_changes_nothing() -> None:
    past = period()
    knowledge = WalkForward(past, rehearsed=DAY)
    now = past.start + past.live_from * SLOT
    knowledge.update(now)
    before = knowledge.outlook

    knowledge.update(now + timedelta(minutes=5))

    assert knowledge.outlook is before


# Homes and days that are not usual


def test_the_first_day_has_a_typical_household() -> None:
    outlooks = walk(period(live_day=0), 2)

    said = band(outlooks[0], LOAD)
    assert said.p10[0] < TYPICAL_KW < said.p90[0]  # type: ignore[operator]  # all of it is known
    assert outlooks[0].history_days == 0.0


def test_a_home_without_a_provider_has_its_own_past_and_no_confidence() -> None:
    past = period(has_provider=False)
    knowledge = WalkForward(past, rehearsed=DAY)

    knowledge.update(past.start + past.live_from * SLOT)

    assert max(knowledge.slots_kw) > 1.0
    assert knowledge.confidence == 0.0
    assert knowledge.outlook.provider_kw == ()


def test_a_home_without_pv_has_no_sun_to_expect() -> None:
    past = period(has_provider=False)
    knowledge = WalkForward(replace(past, pv_kw=np.zeros(past.n_slots)), rehearsed=DAY)

    knowledge.update(past.start + past.live_from * SLOT)

    assert knowledge.slots_kw == ()
    assert knowledge.pv_bands is None
    assert PV not in {one.kind for one in knowledge.outlook.expectations}


@pytest.mark.parametrize(
    ("first", "n_left"),
    [(datetime(2025, 3, 27, tzinfo=BERLIN), 92), (datetime(2025, 10, 23, tzinfo=BERLIN), 100)],
)
def test_a_day_of_the_clock_change_is_published_as_a_whole(first: datetime, n_left: int) -> None:
    past = period(first=first, n_days=7, live_day=3)
    knowledge = WalkForward(past, rehearsed=DAY)

    knowledge.update(past.start + past.live_from * SLOT)

    assert band(knowledge.outlook, IMPORT).n_known == n_left
    assert len(band(knowledge.outlook, IMPORT)) == FORECAST_SLOTS


def test_the_last_quarter_hour_of_a_period_has_a_forecast() -> None:
    past = period(n_days=7)
    knowledge = WalkForward(past, rehearsed=DAY)

    knowledge.update(past.end - SLOT)

    assert band(knowledge.outlook, IMPORT).n_known == 1
    assert len(band(knowledge.outlook, LOAD)) == FORECAST_SLOTS


# Foresight


def test_foresight_knows_what_comes() -> None:
    past = period()
    knowledge = ForesightKnowledge(past)

    knowledge.update(past.start + 100 * SLOT)

    for kind, came in ((LOAD, past.load_kw), (PV, past.pv_kw)):
        said = band(knowledge.outlook, kind)
        assert said.p10 == said.p50 == said.p90
        assert said.p50 == pytest.approx(came[100 : 100 + FORECAST_SLOTS], abs=1e-3)


def test_foresight_knows_all_prices() -> None:
    past = period()
    knowledge = ForesightKnowledge(past)

    knowledge.update(past.start)

    assert band(knowledge.outlook, IMPORT).n_known == FORECAST_SLOTS
    assert knowledge.confidence == 1.0


def test_beyond_the_period_foresight_tells_its_last_day_again() -> None:
    past = period()
    knowledge = ForesightKnowledge(past)

    knowledge.update(past.end - SLOT)

    said = knowledge.load_bands
    assert said.n_slots == FORECAST_SLOTS
    assert said.values[0, 1] == past.load_kw[-SLOTS_PER_DAY]
