"""The PV forecast: what it learns of a roof, and what it stays honest about."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from domain.horizon import SLOTS_PER_DAY
from forecaster.pv_forecast import PvForecast, forecast_pv
from forecaster.pv_past import PvPast
from forecaster.series import FloatArray, SlotSeries

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HOURS = np.arange(SLOTS_PER_DAY) / 4.0
CLEAR_KW = np.maximum(0.0, 6.0 * np.sin(np.pi * (HOURS - 5.0) / 14.0)) * (
    (HOURS >= 5.0) & (HOURS <= 19.0)
)
AFTERNOON = (HOURS >= 14.0) & (HOURS < 18.0)
MORNING = (HOURS >= 7.0) & (HOURS < 12.0)


@dataclass(frozen=True)
class Weather:
    """What came and what was said; a day more was said than came."""

    measured: FloatArray
    said: FloatArray

    def forecast(  # noqa: PLR0913  # what a test may want to vary
        self,
        n_days: int,
        *,
        said_factor: FloatArray | float = 1.0,
        provider: FloatArray | None = None,
        excluded: FloatArray | None = None,
        hour: int = 0,
        live_kw: float | None = None,
        export_limit_kw: float | None = None,
        n_slots: int = 192,
    ) -> PvForecast:
        issued_at = START + n_days * DAY + timedelta(hours=hour)
        n_seen = n_days * SLOTS_PER_DAY + 4 * hour
        said = (self.said * said_factor).ravel()
        coming = said[n_seen : n_seen + 144] if provider is None else provider
        return forecast_pv(
            PvPast(
                measured=SlotSeries(start=START, values=self.measured.ravel()[:n_seen]),
                said={DAY: SlotSeries(start=START, values=said)},
                excluded=None if excluded is None else excluded.ravel()[:n_seen] > 0.0,
            ),
            SlotSeries(start=issued_at, values=coming),
            issued_at=issued_at,
            n_slots=n_slots,
            zone=BERLIN,
            live_kw=live_kw,
            export_limit_kw=export_limit_kw,
        )


def weather(n_days: int = 60, seed: int = 1) -> Weather:
    """Days from overcast to clear, with a provider that is right on average."""
    rng = np.random.default_rng(seed)
    level = rng.uniform(0.25, 1.0, n_days)[:, np.newaxis]
    said = level * CLEAR_KW
    missed = rng.normal(0.0, 0.12, (n_days, 1)) + rng.normal(0.0, 0.05, (n_days, SLOTS_PER_DAY))
    return Weather(measured=np.clip(level + missed, 0.05, 1.0) * CLEAR_KW, said=said)


def error_kw(forecast: PvForecast, came: FloatArray) -> float:
    return float(np.abs(forecast.bands.at(0.5)[:SLOTS_PER_DAY] - came).mean())


def mean_change(said_factor: FloatArray | float, days: range) -> float:
    """Return our mean error over the provider's, minus 1."""
    world = weather()
    ours = raw = 0.0
    for day in days:
        forecast = world.forecast(day, said_factor=said_factor)
        ours += error_kw(forecast, world.measured[day])
        raw += float(np.abs((world.said * said_factor)[day] - world.measured[day]).mean())
    return ours / raw - 1.0


def test_an_unbiased_roof_does_not_get_worse() -> None:
    assert mean_change(1.0, range(15, 58, 3)) < 0.02


@pytest.mark.parametrize("factor", [1.4, 0.6])
def test_a_biased_roof_gets_a_fifth_better_at_least(factor: float) -> None:
    assert mean_change(factor, range(15, 58, 5)) < -0.2


def test_a_shade_in_the_afternoon_is_learned_within_two_weeks_and_only_there() -> None:
    world = weather()
    shaded = Weather(measured=world.measured * np.where(AFTERNOON, 0.4, 1.0), said=world.said)

    ratio = np.array(shaded.forecast(14).report.ratio)

    assert ratio[AFTERNOON].mean() < 0.55
    assert ratio[MORNING].mean() > 0.8


def test_one_cloudy_morning_changes_little() -> None:
    world = weather()
    measured = world.measured.copy()
    measured[29, MORNING] = 0.02 * CLEAR_KW[MORNING]
    cloudy = Weather(measured=measured, said=world.said)

    before, after = (np.array(w.forecast(30).report.ratio) for w in (world, cloudy))

    assert np.abs(after - before).max() < 0.1


def test_curtailed_slots_teach_nothing() -> None:
    world = weather()
    held_back = np.zeros_like(world.measured)
    held_back[5:30, AFTERNOON] = 1.0
    curtailed = Weather(measured=np.where(held_back > 0.0, 0.3, world.measured), said=world.said)

    ignored = np.array(curtailed.forecast(30, excluded=held_back).report.ratio)
    taken = np.array(curtailed.forecast(30).report.ratio)

    assert ignored[AFTERNOON].mean() > 0.85
    assert taken[AFTERNOON].mean() < 0.5


def test_a_plateau_at_the_export_limit_teaches_nothing() -> None:
    world = weather()
    limited = Weather(measured=np.minimum(world.measured, 2.5), said=world.said)

    free = limited.forecast(30, export_limit_kw=2.5)
    believed = limited.forecast(30)

    noon = slice(44, 56)
    assert free.report.is_curtailed.any()
    assert np.mean(free.report.ratio[noon]) > np.mean(believed.report.ratio[noon])


def test_the_ratio_stays_bounded_when_the_provider_misses_the_dawn() -> None:
    world = weather()
    late = np.where(HOURS < 7.0, 0.0, 1.0)

    forecast = world.forecast(30, said_factor=late)

    assert max(forecast.report.ratio) <= 3.0
    assert (forecast.bands.at(0.95)[:SLOTS_PER_DAY] <= 1.3 * CLEAR_KW.max()).all()


def test_a_brighter_morning_than_said_lifts_the_next_hours_and_not_the_next_day() -> None:
    world = weather()
    bright = world.measured.copy()
    day = 40
    world.said[day] = 0.4 * CLEAR_KW
    bright[day, :40] = 0.85 * CLEAR_KW[:40]
    dull = bright.copy()
    dull[day, :40] = 0.4 * CLEAR_KW[:40]

    lifted, plain = (
        Weather(measured=measured, said=world.said).forecast(day, hour=10)
        for measured in (bright, dull)
    )

    gain = lifted.bands.at(0.5) - plain.bands.at(0.5)
    assert gain[:4].mean() > 0.5
    assert gain[:4].mean() > gain[16:20].mean()
    assert abs(gain[96:]).max() < 0.25


def test_live_power_is_used_in_the_running_hour() -> None:
    world = weather()
    world.said[40] = 0.4 * CLEAR_KW

    bright = world.forecast(40, hour=11, live_kw=5.0)
    dull = world.forecast(40, hour=11, live_kw=1.0)

    assert bright.bands.at(0.5)[0] > dull.bands.at(0.5)[0]


def test_beyond_the_providers_horizon_the_roof_goes_on_from_its_own_past() -> None:
    world = weather()

    forecast = world.forecast(40, n_slots=288)

    continued = np.array(forecast.report.is_continued)
    assert not continued[:144].any()
    assert continued[144:].all()
    second_night_to_third_day = forecast.bands.at(0.5)[192:]
    assert second_night_to_third_day.sum() > 0.3 * CLEAR_KW.sum()
    width = forecast.bands.at(0.9) - forecast.bands.at(0.1)
    assert width[192:].mean() > 0.8 * width[:96].mean()


def test_without_a_provider_the_roof_is_forecast_from_its_own_past() -> None:
    world = weather()
    issued_at = START + 30 * DAY

    forecast = forecast_pv(
        PvPast(measured=SlotSeries(start=START, values=world.measured[:30].ravel())),
        None,
        issued_at=issued_at,
        n_slots=192,
        zone=BERLIN,
    )

    assert np.isfinite(forecast.bands.values).all()
    assert forecast.report.model == "own_past"
    assert 0.3 * CLEAR_KW.sum() < forecast.bands.at(0.5)[:96].sum() < CLEAR_KW.sum()


def test_from_the_first_minute_the_bands_are_wide_and_hold_the_providers_curve() -> None:
    forecast = forecast_pv(
        PvPast(measured=SlotSeries(start=START, values=np.full(0, np.nan))),
        SlotSeries(start=START, values=np.tile(0.6 * CLEAR_KW, 2)),
        issued_at=START,
        n_slots=192,
        zone=BERLIN,
    )

    noon = 48
    low, middle, high = (forecast.bands.at(level)[noon] for level in (0.1, 0.5, 0.9))
    said = 0.6 * CLEAR_KW[noon]
    assert low < 0.5 * said < middle == pytest.approx(said, rel=0.1)
    assert high > 1.4 * said
    assert (forecast.bands.values[:, :16] == 0.0).all()


def test_where_nothing_is_known_nothing_is_said() -> None:
    forecast = forecast_pv(
        PvPast(measured=SlotSeries(start=START, values=np.full(0, np.nan))),
        None,
        issued_at=START,
        n_slots=192,
        zone=BERLIN,
    )

    assert np.isnan(forecast.bands.values).all()


def test_what_comes_after_the_issue_is_not_looked_at() -> None:
    world = weather()
    issued_at = START + 30 * DAY
    future = world.measured.copy()
    future[30:] = 99.0

    bands = [
        forecast_pv(
            PvPast(
                measured=SlotSeries(start=START, values=measured.ravel()),
                said={DAY: SlotSeries(start=START, values=world.said.ravel())},
            ),
            SlotSeries(start=issued_at, values=world.said[30:32].ravel()),
            issued_at=issued_at,
            n_slots=192,
            zone=BERLIN,
        ).bands.values
        for measured in (world.measured, future)
    ]

    assert np.array_equal(bands[0], bands[1])


def test_the_band_holds_about_four_fifths_of_the_outcomes() -> None:
    world = weather()
    day = CLEAR_KW > 0.2
    inside = []
    for n_days in range(20, 58, 2):
        bands, came = world.forecast(n_days).bands, world.measured[n_days][day]
        inside.append((came >= bands.at(0.1)[:96][day]) & (came <= bands.at(0.9)[:96][day]))

    assert 0.72 < np.mean(inside) < 0.88


@pytest.mark.parametrize(
    "day", [datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 10, 25, tzinfo=BERLIN)]
)
def test_days_with_23_and_25_hours_move_nothing(day: datetime) -> None:
    """The sun keeps UTC: the forecast is the same as a week before, whatever clocks do."""
    midnight = day.astimezone(UTC)
    sun = CLEAR_KW
    first_column = midnight.hour * 4
    coming = np.roll(np.tile(sun, 2), -first_column)
    past = np.roll(np.tile(sun, 20), -first_column)

    forecast = forecast_pv(
        PvPast(
            measured=SlotSeries(start=midnight - 20 * DAY, values=past),
            said={DAY: SlotSeries(start=midnight - 20 * DAY, values=past)},
        ),
        SlotSeries(start=midnight, values=coming),
        issued_at=midnight,
        n_slots=192,
        zone=BERLIN,
    )

    middle = forecast.bands.at(0.5)
    assert np.abs(middle - coming).max() < 0.12 * sun.max()
