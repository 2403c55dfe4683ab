"""Prices beyond the published ones: an expectation with a band.

    price(day, slot) = level + shape
    level = mean + LEVEL_MEMORY^k * (level of the last published day - mean)
    shape = profile(kind of day) + SHAPE_MEMORY^k * (shape of the last published day - its profile)

``k`` is how many days the day lies beyond the last published one. Means and profiles are those of
the last weeks, the newest days counting most, each kind of day (workday, Saturday, Sunday or
holiday) leaning on all days where it was seen seldom. Prices far outside of what is usual at
that time of day are drawn in before anything is learned from them, so that a scarcity evening
does not come back in every forecast. The band are quantiles of the errors that this very rule
made ``k`` days ahead at that time of day over the last weeks; it is wide while there are few.

Tariffs that repeat exactly are continued exactly (``forecaster/tariff_steps.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

import numpy as np

from domain.horizon import SLOT, SLOTS_PER_DAY, slot_start
from domain.ports import HolidayCalendar
from forecaster.calibration import known_quantiles
from forecaster.local_slots import IntArray, local_slots
from forecaster.series import LEVELS, Bands, BoolArray, FloatArray, SlotSeries
from forecaster.tariff_steps import StepTariff, recognise_steps

HISTORY_DAYS = 70
ERROR_DAYS = 42
# Chosen on two winters and a year of the German day-ahead market (docs/forecasting.md); twice or
# half of each costs less than 3 % of the error.
LEVEL_HALF_LIFE_DAYS = 20.0
SHAPE_HALF_LIFE_DAYS = 14.0
LEVEL_MEMORY_FRAC = 0.6
SHAPE_MEMORY_FRAC = 0.3
# A kind of day speaks for itself when it was seen about this many times.
KIND_DAYS = 2.0
# Prices further from the usual than so many robust standard deviations are drawn in.
USUAL_DEVIATIONS = 3.0
# Beyond this many days errors grow no more.
LONGEST_LEAD_DAYS = 5
# Errors of neighbouring slots count too.
NEIGHBOURS = 4
# So many days of own errors weigh as much as the assumed ones.
ASSUMED_DAYS = 5.0
# Without any day's errors: a standard deviation of the day's own spread, of the level, and at
# least so much [EUR/kWh].
ASSUMED_SPREAD_FRAC, ASSUMED_LEVEL_FRAC, ASSUMED_LEAST = 1.25, 0.1, 0.01
ASSUMED_SHAPE = np.array([-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645])
"""The quantiles ``LEVELS`` of a normal distribution."""

WORKDAY, SATURDAY, REST_DAY = 0, 1, 2
KINDS = (WORKDAY, SATURDAY, REST_DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceForecast:
    """Prices [EUR/kWh] from the running slot on; the first ``n_known`` are published.

    A published slot has a band without width. Everything is NaN when no price was ever known.
    """

    bands: Bands
    n_known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Days:
    """Prices by local day and slot, shape (n_days, 96), with the kind of every day."""

    prices: FloatArray
    kinds: IntArray
    anchor: int
    """The row of the last day that is published as a whole, or as far as any is."""


def forecast_prices(
    published: SlotSeries,
    issued_at: datetime,
    n_slots: int,
    *,
    zone: tzinfo,
    holidays: HolidayCalendar,
) -> PriceForecast:
    """Return the prices of ``n_slots`` slots from the one that contains ``issued_at``.

    Args:
        published: What was known at ``issued_at``: past prices and those published ahead
            [EUR/kWh], with the owner's surcharges and taxes; NaN is not known.
        issued_at: Aware UTC.
        n_slots: Length of the forecast.
        zone: The market's and the home's, for the local day.
        holidays: The region's.
    """
    start = slot_start(issued_at)
    ahead = published.between(start, start + n_slots * SLOT).values
    known = np.isfinite(ahead)
    n_known = int(np.argmin(known)) if not known.all() else n_slots
    begin = start - timedelta(days=HISTORY_DAYS)
    window = published.between(begin, start + n_slots * SLOT)
    if known.all() or not np.isfinite(window.values).any():
        values = np.tile(ahead, (len(LEVELS), 1))
    else:
        place = local_slots(begin, len(window.values), zone)
        rows = place.days - place.days[0]
        days = _by_day(window.values, rows, place.slots, int(place.days[0]), holidays)
        here = slice(len(rows) - n_slots, None)
        today = int(rows[here][0])
        said = _say_days(days, today)
        values = np.where(known, ahead, said[:, rows[here] - today, place.slots[here]])
    return PriceForecast(bands=Bands(start=start, values=values), n_known=n_known)


def _by_day(
    values: FloatArray, rows: IntArray, slots: IntArray, first_day: int, holidays: HolidayCalendar
) -> _Days:
    shape = (int(rows[-1]) + 1, SLOTS_PER_DAY)
    finite = np.isfinite(values)
    # The hour that an autumn day has twice is one with the mean of both.
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (rows[finite], slots[finite]), values[finite])
    np.add.at(counts, (rows[finite], slots[finite]), 1.0)
    prices = np.where(counts > 0, sums / np.maximum(counts, 1.0), np.nan)
    kinds = [_kind(date.fromordinal(first_day + row), holidays) for row in range(shape[0])]
    n_known = np.isfinite(prices).sum(axis=1)
    whole = np.flatnonzero(n_known >= SLOTS_PER_DAY - 8)
    anchor = whole[-1] if whole.size else np.argmax(n_known)
    return _Days(prices=prices, kinds=np.array(kinds, dtype=np.int64), anchor=int(anchor))


def _kind(day: date, holidays: HolidayCalendar) -> int:
    if day.isoweekday() == 7 or holidays.is_holiday(day):  # noqa: PLR2004  # Sunday
        return REST_DAY
    return SATURDAY if day.isoweekday() == 6 else WORKDAY  # noqa: PLR2004  # Saturday


def _say_days(days: _Days, begin: int) -> FloatArray:
    """Return what is expected of every day from the row ``begin`` on, (n_levels, n_days, 96)."""
    known = days.prices[: days.anchor + 1]
    first = int(np.argmax(np.isfinite(known).any(axis=1)))
    known, kinds = known[first:], days.kinds[first:]
    ahead = days.kinds[begin:].tolist()
    steps = recognise_steps(known, kinds[: len(known)].tolist())
    if steps is not None:
        return np.stack([_step_day(steps, kind) for kind in ahead], axis=1)
    last = len(known) - 1
    issues = np.arange(max(0, last - ERROR_DAYS), last + 1)
    model = _Model.learn(_draw_in(known), kinds, issues)
    newest, deviation = np.array([len(issues) - 1]), _assumed_deviation(model.prices)
    spreads: dict[int, FloatArray] = {}
    said = []
    for row, kind in enumerate(ahead, begin):
        # A slot that was left out on a published day is as one of the next day.
        lead = max(1, row - days.anchor)
        of_lead = min(lead, LONGEST_LEAD_DAYS)
        if of_lead not in spreads:
            spreads[of_lead] = _spread(model, known, of_lead, deviation)
        said.append(model.say(newest, np.array([kind]), lead) + spreads[of_lead])
    return np.stack(said, axis=1)


def _step_day(steps: StepTariff, kind: int) -> FloatArray:
    low, middle, high = steps.day(kind)
    half = len(LEVELS) // 2
    return np.stack([*[low] * half, middle, *[high] * half])


def _draw_in(prices: FloatArray) -> FloatArray:
    """Return the prices with what is far from usual at that time of day drawn in to its edge."""
    usual = np.nanmedian(prices)
    by_slot = np.where(np.isfinite(prices).any(axis=0), _median(prices), usual)
    off = np.abs(prices - by_slot)
    wide = USUAL_DEVIATIONS * 1.4826 * np.maximum(_median(off), np.nanmedian(off))
    edge = np.where(np.isfinite(wide), wide, np.inf)
    return np.asarray(np.clip(prices, by_slot - edge, by_slot + edge))


def _median(values: FloatArray) -> FloatArray:
    return np.asarray(known_quantiles(values, (0.5,))[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """What each of some issues had learned; row i of every array belongs to ``issues[i]``."""

    prices: FloatArray
    kinds: IntArray
    issues: IntArray
    levels: FloatArray
    """By kind, shape (n_kinds, n_issues)."""
    profiles: FloatArray
    """By kind, shape (n_kinds, n_issues, 96)."""
    level_off: FloatArray
    """How far the level of the last day was from that of its kind, shape (n_issues,)."""
    shape_off: FloatArray
    """The same of its shape, shape (n_issues, 96)."""

    @classmethod
    def learn(cls, prices: FloatArray, kinds: IntArray, issues: IntArray) -> "_Model":
        """Learn, for every issue, from the rows up to it."""
        finite = np.isfinite(prices)
        n_known = finite.sum(axis=1, keepdims=True)
        level = np.where(finite, prices, 0.0).sum(axis=1, keepdims=True) / np.maximum(n_known, 1)
        shape = np.where(finite, prices - level, 0.0)
        age = issues[:, np.newaxis] - np.arange(len(prices))
        counts = (age >= 0) & finite.any(axis=1)
        of_kind = [(kinds[: len(prices)] == kind).astype(np.float64) for kind in KINDS]
        for_level = np.where(counts, 0.5 ** (age / LEVEL_HALF_LIFE_DAYS), 0.0)
        for_shape = np.where(counts, 0.5 ** (age / SHAPE_HALF_LIFE_DAYS), 0.0)
        levels = _means_by_kind(level, n_known > 0, for_level, of_kind)[:, :, 0]
        profiles = _means_by_kind(shape, finite, for_shape, of_kind)
        at, kind_at = np.arange(len(issues)), kinds[issues]
        shape_off = np.where(finite[issues], shape[issues] - profiles[kind_at, at], 0.0)
        return cls(
            prices=prices,
            kinds=kinds,
            issues=issues,
            levels=levels,
            profiles=profiles,
            level_off=level[issues, 0] - levels[kind_at, at],
            shape_off=shape_off,
        )

    def say(self, at: IntArray, kinds: IntArray, lead: int) -> FloatArray:
        """Return what issues expect of days of these kinds, ``lead`` days on.

        Args:
            at: Which of the issues, shape (n,).
            kinds: Of the day each of them speaks of, same shape.
            lead: From the issue's last day to that day.

        Returns:
            Shape (n, 96).
        """
        level = self.levels[kinds, at] + LEVEL_MEMORY_FRAC**lead * self.level_off[at]
        shape = self.profiles[kinds, at] + SHAPE_MEMORY_FRAC**lead * self.shape_off[at]
        return np.asarray(level[:, np.newaxis] + shape)


def _means_by_kind(
    values: FloatArray, known: BoolArray, weights: FloatArray, of_kind: Sequence[FloatArray]
) -> FloatArray:
    """Return weighted means, those of each kind leaning on that of all days.

    Args:
        values: Shape (n_days, n_columns), 0 where not known.
        known: Same shape.
        weights: Of each day for each issue, shape (n_issues, n_days).
        of_kind: For each kind 1 on its days, else 0.

    Returns:
        Shape (n_kinds, n_issues, n_columns).
    """
    overall = weights @ values / np.maximum(weights @ known, 1e-9)
    means = []
    for own in of_kind:
        seen = (weights * own) @ known
        means.append(((weights * own) @ values + KIND_DAYS * overall) / (seen + KIND_DAYS))
    return np.stack(means)


def _spread(model: _Model, outcome: FloatArray, lead: int, assumed_deviation: float) -> FloatArray:
    """Return the quantiles of the errors ``lead`` days ahead, shape (n_levels, 96)."""
    at = np.flatnonzero((model.issues > 0) & (model.issues + lead < len(outcome)))
    days = model.issues[at] + lead
    errors = outcome[days] - model.say(at, model.kinds[days], lead)
    # Each column with those beside it, those of midnight with those of the other end of the day.
    beside = np.arange(SLOTS_PER_DAY) + np.arange(-NEIGHBOURS, NEIGHBOURS + 1)[:, np.newaxis]
    pooled = errors[:, beside % SLOTS_PER_DAY].reshape(-1, SLOTS_PER_DAY)
    own = known_quantiles(pooled)
    # Four days ahead the assumed band is 1.4 times that of one day, as the errors made are.
    assumed = ASSUMED_SHAPE[:, np.newaxis] * assumed_deviation * lead**0.25
    n_days = len(at)
    share = n_days / (n_days + ASSUMED_DAYS)
    return np.asarray(np.where(np.isfinite(own), share * own + (1.0 - share) * assumed, assumed))


def _assumed_deviation(prices: FloatArray) -> float:
    return max(
        ASSUMED_SPREAD_FRAC * float(np.nanstd(prices)),
        ASSUMED_LEVEL_FRAC * abs(float(np.nanmean(prices))),
        ASSUMED_LEAST,
    )
