"""How right the prices beyond the published ones are.

A day's prices are published at about 13:00 local time of the day before. So a forecast is issued
every day at that time, when tomorrow is known, and scored on the three days after it.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import numpy as np

from bench.walk_forward import peak_memory_mb, table
from domain.horizon import SLOT, SLOTS_PER_DAY
from forecaster import scoring
from forecaster.baselines import Baseline, baseline_bands
from forecaster.prices import forecast_prices
from forecaster.series import Bands, FloatArray, SlotSeries
from sources.measured_folder import PriceSeries, find_prices, open_folder

MARKET = ZoneInfo("Europe/Berlin")
PUBLISHED_HOUR = 13
DAYS_BEYOND = (1, 2, 3)
LEARNED = timedelta(days=10)
N_SLOTS = 5 * SLOTS_PER_DAY
LEVELS = (0.1, 0.5, 0.9)
HISTORIES_DAYS = (1, 2, 3, 7, 28)
OURS = "SmartLoad"

Forecaster = Callable[[SlotSeries, datetime], Bands | None]


class GermanHolidays:
    """The days on which the whole market rests."""

    def __init__(self) -> None:
        self._days = holidays.country_holidays("DE")

    def is_holiday(self, day: date) -> bool:
        return day in self._days


def sections(folder: Path, *, every: int, zone: ZoneInfo = MARKET) -> Iterator[str]:
    found = find_prices(open_folder(folder))
    if not found:
        yield "No prices: nothing was measured."
    for series in found:
        yield from price_blocks(series, every, zone)


def price_blocks(series: PriceSeries, every: int, zone: ZoneInfo) -> Iterator[str]:
    ours = partial(say_ours, zone)
    competitors: dict[str, Forecaster] = {OURS: ours}
    competitors |= {baseline.value: partial(say_simply, baseline, zone) for baseline in Baseline}
    issues = list(issues_of(series, every, zone))
    if not issues:
        yield f"### {series.name}\n\nShorter than {LEARNED.days + 5} days: left out."
        return
    yield (
        f"### {series.name}\n\n{len(issues)} issues at {PUBLISHED_HOUR}:00 {zone}; in ct/kWh, by "
        "days beyond the published ones."
    )
    header = ("forecast", *(f"{what} {day}" for what in ("MAE", "pinball", "in band %")
                            for day in DAYS_BEYOND))  # fmt: skip
    yield table(header, [(name, *score(series, say, issues)) for name, say in competitors.items()])
    yield "With a short history (wide bands are meant, as long as they hold):"
    header = ("days of history", *header[1:])
    yield table(
        header,
        [
            (str(n_days), *score(series, partial(say_from, n_days, ours), issues))
            for n_days in HISTORIES_DAYS
        ],
    )
    at, end = issues[-1]
    published = series.prices.between(series.prices.start, end)
    began = time.process_time()
    for _ in range(10):
        ours(published, at)
    took_ms = 100 * (time.process_time() - began)
    memory_mb = peak_memory_mb(lambda: ours(published, at))
    yield f"One update: {took_ms:.1f} ms of one core, {memory_mb:.1f} MB."


def issues_of(
    series: PriceSeries, every: int, zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime]]:
    """Yield when a forecast is issued, and the end of what is published by then."""
    day = (series.prices.start + LEARNED).astimezone(zone).date()
    last = (series.prices.end - timedelta(days=5)).astimezone(zone).date()
    while day < last:
        at = datetime(day.year, day.month, day.day, PUBLISHED_HOUR, tzinfo=zone)
        beyond = day + timedelta(days=2)
        end = datetime(beyond.year, beyond.month, beyond.day, tzinfo=zone)
        yield at.astimezone(UTC), end.astimezone(UTC)
        day += timedelta(days=every)


def say_ours(zone: ZoneInfo, published: SlotSeries, at: datetime) -> Bands:
    return forecast_prices(published, at, N_SLOTS, zone=zone, holidays=HOLIDAYS).bands


def say_simply(
    baseline: Baseline, zone: ZoneInfo, published: SlotSeries, at: datetime
) -> Bands | None:
    del at  # the simple ones know everything that is published and begin after it
    return baseline_bands(baseline, published, published.end, N_SLOTS, zone=zone, floor=None)


def say_from(n_days: int, say: Forecaster, published: SlotSeries, at: datetime) -> Bands | None:
    return say(published.between(published.end - timedelta(days=n_days), published.end), at)


def score(
    series: PriceSeries, say: Forecaster, issues: list[tuple[datetime, datetime]]
) -> Iterator[str]:
    """Yield the cells of a row: each measure by days beyond the published ones."""
    said: list[FloatArray] = []
    came: list[FloatArray] = []
    n_slots = len(DAYS_BEYOND) * SLOTS_PER_DAY
    for at, end in issues:
        bands = say(series.prices.between(series.prices.start, end), at)
        assert bands is not None
        first = (end - bands.start) // SLOT
        said.append(np.stack([bands.at(level)[first : first + n_slots] for level in LEVELS]))
        came.append(series.prices.between(end, end + n_slots * SLOT).values)
    values = np.stack(said).reshape(len(issues), len(LEVELS), len(DAYS_BEYOND), SLOTS_PER_DAY)
    outcomes = np.stack(came).reshape(len(issues), len(DAYS_BEYOND), SLOTS_PER_DAY)
    by_day = [
        (values[:, :, day].swapaxes(0, 1).reshape(len(LEVELS), -1), outcomes[:, day].ravel())
        for day in range(len(DAYS_BEYOND))
    ]
    for said_, outcome in by_day:
        yield f"{100 * scoring.mean_absolute_error(said_[1], outcome):.2f}"
    for said_, outcome in by_day:
        yield f"{100 * scoring.mean_pinball(said_, outcome, LEVELS):.3f}"
    for said_, outcome in by_day:
        yield f"{100 * scoring.coverage_frac(said_[0], said_[2], outcome):.1f}"


HOLIDAYS = GermanHolidays()
