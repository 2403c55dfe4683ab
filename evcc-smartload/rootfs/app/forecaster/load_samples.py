"""Earlier days as samples of the coming ones: which, brought to today's level, with what weight.

For a slot to come, the same local time on each of the newest ``SAMPLE_DAYS`` measured days, within
an hour, is a sample of what it may be.

    value  = measured * (level now / level then) ** LEVEL_EXPONENT
    weight = recency * trust of the day * nearness in the day * likeness of the day
             * likeness of the last hours, the less the further ahead the slot lies

``level`` is a robust mean of the days before, so that heating and season are followed. A freak day
(guests, a broken meter) differs from the days around it and is hardly trusted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

import numpy as np

from domain.horizon import SLOT_H, SLOTS_PER_DAY
from domain.ports import HolidayCalendar
from forecaster.local_slots import IntArray, local_slots
from forecaster.series import FloatArray, SlotSeries

SAMPLE_DAYS = 56
# What is looked at when the newest months were measured; a longer history only after a gap.
RECENT_DAYS = 84
LONGEST_DAYS = 400
FEWEST_DAYS = 14

# Half or twice of any of these costs at most 1.5 % of the loss on the measured homes, and none is
# at its best for all of them: docs/forecasting.md.
RECENCY_DAYS = 10.0
LEVEL_DAYS = 3.0
LEVEL_WINDOW_DAYS = 30
LEVEL_EXPONENT = 0.5
NEIGHBOURS = 4
SAME_WEEKDAY = 1.5
OTHER_KIND_OF_DAY = 0.4
# The last hours: over how many slots, how alike in the logarithm, for how many hours ahead.
SITUATIONS = ((4, 0.6, 3.0), (24, 0.5, 12.0))

# Days whose mean lies within a factor of two of those around them are never doubted.
USUAL_LOG_RATIO = float(np.log(2.0))
TRUST_WINDOW_DAYS = 8
SUNDAY = 6
FRIDAY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Measured load and where each slot stands; ``positions`` and ``weekdays`` reach beyond it.

    ``values`` [kW] end at index ``n_past``; ``positions`` count local slots, ``weekdays`` are
    0..6 with holidays as Sundays. ``recent_kw`` [j] are the means of the last slots before j.
    """

    values: FloatArray
    positions: IntArray
    weekdays: IntArray
    recent_kw: tuple[FloatArray, ...]

    @property
    def n_past(self) -> int:
        """The index of the first slot to come."""
        return len(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """What slots to come may be [kW] and how likely; both (n_samples, n_slots). NaN has weight 0.

    ``n_days`` is how many measured days they come from.
    """

    values_kw: FloatArray
    weights: FloatArray
    n_days: int


def past_of(
    history: SlotSeries, start: datetime, n_slots: int, zone: tzinfo, holidays: HolidayCalendar
) -> Past:
    """Return what was measured before ``start``, whole days back from it, and the slots to come."""
    values = _newest(history, start)
    at = local_slots(start - len(values) * timedelta(hours=SLOT_H), len(values) + n_slots, zone)
    return Past(
        values=values,
        positions=at.days * SLOTS_PER_DAY + at.slots,
        weekdays=_weekdays(at.days, holidays.is_holiday),
        recent_kw=_means_before(values, [n_recent for n_recent, _, _ in SITUATIONS]),
    )


def _newest(history: SlotSeries, start: datetime) -> FloatArray:
    recent = history.between(start - timedelta(days=RECENT_DAYS), start).values
    if history.start >= start - timedelta(days=RECENT_DAYS):
        return recent
    n_known = np.isfinite(recent.reshape(-1, SLOTS_PER_DAY)).any(axis=1).sum()
    if n_known >= FEWEST_DAYS:
        return recent
    return history.between(start - timedelta(days=LONGEST_DAYS), start).values


def _weekdays(days: IntArray, is_holiday: Callable[[date], bool]) -> IntArray:
    """Return the kind of each of ``days``, which rise."""
    if not len(days):
        return days
    first, last = int(days[0]), int(days[-1])
    kinds = [
        SUNDAY if is_holiday(day) else day.weekday()
        for day in map(date.fromordinal, range(first, last + 1))
    ]
    return np.array(kinds, dtype=np.int64)[days - first]


def _means_before(values: FloatArray, spans: Sequence[int]) -> tuple[FloatArray, ...]:
    """Return for each span the mean of the known ones of so many values before each index, 0..n."""
    known = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    found = []
    for n_recent in spans:
        begin = np.maximum(np.arange(len(values) + 1) - n_recent, 0)
        n_known = counts - counts[begin]
        means = (sums - sums[begin]) / np.maximum(n_known, 1)
        found.append(np.where(n_known > 0, means, np.nan))
    return tuple(found)


def samples_for(
    past: Past, origin: int, slots: IntArray, live_kw: float | None = None
) -> Samples | None:
    """Return samples for ``slots`` (indices from ``origin`` on) as known at ``origin``.

    None when nothing was measured before. ``live_kw`` is the load at this moment.
    """
    means, counts = _day_means(past, origin)
    ages = np.flatnonzero(counts)[:SAMPLE_DAYS] + 1
    if not len(ages):
        return None
    trust = _trust(means)
    factors, day_weights = (
        _levels(means, trust),
        trust * np.exp(-np.arange(len(means)) / RECENCY_DAYS),
    )

    # One row a slot, so that what is sorted later lies together in memory.
    before = slots[:, np.newaxis] - ages * SLOTS_PER_DAY
    before = before + _clock_shift(past, before, slots, ages)
    # A slot on the second day to come has its sample of age 2 in yesterday.
    measured_ages = np.clip((origin - 1 - before) // SLOTS_PER_DAY, 0, len(means) - 1)
    values = _with_neighbours(past.values[:origin], before)
    values *= factors[measured_ages][:, :, np.newaxis]

    middle = np.clip(before, 0, origin - 1)
    weekdays = past.weekdays
    alike = _LIKENESS[weekdays[middle], weekdays[slots][:, np.newaxis]] * day_weights[measured_ages]
    weights = _situation_weights(past, origin, slots, ages, live_kw)
    weights *= alike[:, :, np.newaxis] * _NEARNESS
    weights[np.isnan(values)] = 0.0
    return Samples(
        values_kw=values.reshape(len(slots), -1).T,
        weights=weights.reshape(len(slots), -1).T,
        n_days=len(ages),
    )


def _with_neighbours(values: FloatArray, at: IntArray) -> FloatArray:
    """Return the values at indices and beside each, NaN beyond either end, with one axis more."""
    # Far beyond either end lies a row without anything known.
    beyond = np.full(len(_SHIFTS), np.nan)
    rows = np.lib.stride_tricks.sliding_window_view(
        np.concatenate([beyond, values, beyond]), len(_SHIFTS)
    )
    return np.asarray(rows[np.clip(at + NEIGHBOURS + 1, 0, len(rows) - 1)])


def trust_by_age(past: Past) -> FloatArray:
    """Return how far each 24 hours before the first slot to come is believed, newest first."""
    return _trust(_day_means(past, past.n_past)[0])


def _day_means(past: Past, origin: int) -> tuple[FloatArray, IntArray]:
    """Return mean [kW] and number of known slots of the 24 hours before ``origin``, by age."""
    days = past.values[origin % SLOTS_PER_DAY : origin].reshape(-1, SLOTS_PER_DAY)[::-1]
    known = np.isfinite(days)
    counts = known.sum(axis=1)
    sums = np.where(known, days, 0.0).sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan), counts


def _clock_shift(past: Past, before: IntArray, slots: IntArray, ages: IntArray) -> IntArray:
    """Return by how much a source moves so that the clock on the wall shows the same time."""
    wanted = past.positions[slots][:, np.newaxis] - ages * SLOTS_PER_DAY
    return np.asarray(wanted - past.positions[np.maximum(before, 0)]) * (before >= 0)


def _trust(means: FloatArray) -> FloatArray:
    """Return how far each day (by age) is believed, 0..1, by how it differs from those around."""
    logs = np.log(np.maximum(means, 1e-3))
    width = TRUST_WINDOW_DAYS
    padded = np.concatenate([np.full(width, np.nan), logs, np.full(width, np.nan)])
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * width + 1)
    centre = _column_medians(around)
    spread = _column_medians(np.abs(around - centre[:, np.newaxis]))
    doubt = np.abs(logs - centre) / np.maximum(USUAL_LOG_RATIO, 4.0 * spread)
    return np.where(np.isfinite(doubt), np.minimum(1.0, np.maximum(doubt, 1e-6) ** -4.0), 0.0)


def _column_medians(rows: FloatArray) -> FloatArray:
    """Return the median of what is known in each row; NaN without anything."""
    ranked = np.sort(rows, axis=1)
    n_known = np.isfinite(ranked).sum(axis=1)
    at = np.arange(len(rows))
    low, high = np.maximum((n_known - 1) // 2, 0), n_known // 2
    high = np.minimum(high, rows.shape[1] - 1)
    return np.where(n_known > 0, (ranked[at, low] + ranked[at, high]) / 2.0, np.nan)


def _levels(means: FloatArray, trust: FloatArray) -> FloatArray:
    """Return, by the age of a day, the factor that brings its values to today's level."""
    decay = np.exp(-np.arange(LEVEL_WINDOW_DAYS) / LEVEL_DAYS)
    weights = np.concatenate([trust, np.zeros(LEVEL_WINDOW_DAYS)])
    filled = np.concatenate([np.nan_to_num(means), np.zeros(LEVEL_WINDOW_DAYS)])
    overall = float((filled * weights).sum() / max(weights.sum(), 1e-9))

    def smooth(values: FloatArray) -> FloatArray:
        windows = np.lib.stride_tricks.sliding_window_view(values, LEVEL_WINDOW_DAYS)
        return np.asarray(windows @ decay)

    # One day's worth of the mean of all keeps the level calm when little was measured.
    levels = (smooth(filled * weights) + overall) / (smooth(weights) + 1.0)
    levels = np.maximum(levels, 1e-3)
    # Index 0 is today; what was measured at age a (from 0) stood on the level of the days before.
    return np.asarray((levels[0] / levels[1 : len(means) + 1]) ** LEVEL_EXPONENT)


def _situation_weights(
    past: Past, origin: int, slots: IntArray, ages: IntArray, live_kw: float | None
) -> FloatArray:
    """Return how alike the hours before each sample were, shape (slots, ages, shifts)."""
    lead_h = (slots - origin + 0.5) * SLOT_H
    then = (origin - ages * SLOTS_PER_DAY)[:, np.newaxis] + _SHIFTS
    usable = (then >= 0) & (then <= origin)
    unlike, fades = [], []
    floor_kw = max(0.1 * float(np.nanmean(past.values[:origin])), 1e-3)
    for (n_recent, scale, hours), means in zip(SITUATIONS, past.recent_kw, strict=True):
        now_kw = float(means[origin])
        if live_kw is not None:
            rest_kw = now_kw if np.isfinite(now_kw) else live_kw
            now_kw = (live_kw + (n_recent - 1) * rest_kw) / n_recent
        if not np.isfinite(now_kw):
            continue
        then_kw = means[np.clip(then, 0, origin)]
        distance = np.log((now_kw + floor_kw) / (then_kw + floor_kw)) / scale
        # An unknown situation is neither like nor unlike.
        distance = np.where(usable & np.isfinite(distance), distance, 1.0)
        unlike.append(-0.5 * distance.ravel() ** 2)
        fades.append(np.exp(-lead_h / hours))
    if not unlike:
        return np.ones((len(slots), *then.shape))
    # Seven digits of a weight are enough, and take a quarter of the time. Added up rather than as
    # a product of matrices, for which several cores are woken that have little to do.
    exponents = np.zeros((len(slots), then.size))
    for fade, one in zip(fades, unlike, strict=True):
        exponents += fade[:, np.newaxis] * one
    return np.exp(exponents.astype(np.float32)).astype(np.float64).reshape(len(slots), *then.shape)


def _likeness() -> FloatArray:
    days = np.arange(SUNDAY + 1)
    same_kind = (days[:, np.newaxis] > FRIDAY) == (days > FRIDAY)
    likeness = np.where(same_kind, 1.0, OTHER_KIND_OF_DAY)
    np.fill_diagonal(likeness, SAME_WEEKDAY)
    return likeness


_LIKENESS = _likeness()
_SHIFTS = np.arange(-NEIGHBOURS, NEIGHBOURS + 1)
_NEARNESS = 1.0 - np.abs(_SHIFTS) / (NEIGHBOURS + 1.0)
_NEARNESS /= _NEARNESS.sum()
