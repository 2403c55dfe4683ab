"""Whole paths of load and PV: how what happened lay within what was said, hour after hour.

A band says how a single quarter hour may turn out, not whether a bad one is followed by bad
ones. That is learned from the past: the *rank* of an outcome is the level of the quantile it
hit (its probability integral transform), and the ranks of one issue, slot after slot, are a path.
The bands of today read at the paths of past issues of about the same time of day are scenarios:
their course over time, and how load and PV go together, are the home's own.

Few paths are joined by assumed ones, whose ranks hang together as those of measured homes do.

Source: Schefzik, R., Thorarinsdottir, T., Gneiting, T. (2013), Uncertainty quantification in
complex simulation models using ensemble copula coupling, Statistical Science 28(4); Clark, M. et
al. (2004), The Schaake shuffle, J. Hydrometeorology 5(1).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np

from domain.forecast import BandSeries
from domain.horizon import SLOT_H, SLOTS_PER_DAY
from forecaster.local_slots import IntArray
from forecaster.series import Bands, FloatArray, SlotSeries, kept_array, n_slots_between

# Further out than this nothing was ever learned about a tail.
EXTREME_RANK = 0.001
# A band narrower than this [kW] says nothing about where in it an outcome lies (PV at night).
NARROWEST_KW = 1e-6
KEEP = timedelta(days=60)
SAME_TIME = timedelta(minutes=90)
MOST_PATHS = 160
HALF_LIFE_DAYS = 30.0
# A path counts for a window when so much of the load in it was measured.
LEAST_KNOWN_FRAC = 0.8
# The assumed paths weigh as much as so many of the home's own.
ASSUMED_PATHS = 20.0
N_ASSUMED = 200
# The correlation of the ranks' normal scores falls to 1/e within these hours, towards what a day
# has in common with itself. PV as measured PV errors hang together (0.83, 0.69, 0.50, 0.22 at 0.5,
# 1, 2 and 4 h); the house is set. What windows turn out to be corrects both (forecaster.windows).
LOAD_MEMORY_H, LOAD_DAY_FRAC = 1.5, 0.15
PV_MEMORY_H, PV_DAY_FRAC = 2.8, 0.1
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class RankPath:
    """Ranks (0..1, NaN not known) of load and PV under one issue, from its first slot on."""

    start: datetime
    load: FloatArray
    pv: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class RankArchive:
    """The paths of the last weeks, the oldest first; a value, made anew when one is added."""

    paths: tuple[RankPath, ...] = ()
    starts_s: IntArray = field(init=False, repr=False, compare=False)
    """When each path begins [s since 1970], to find those of a time of day among thousands."""

    def __post_init__(self) -> None:
        starts_s = [int(path.start.timestamp()) for path in self.paths]
        object.__setattr__(self, "starts_s", np.array(starts_s, dtype=np.int64))

    def with_paths(self, paths: Iterable[RankPath]) -> "RankArchive":
        """Return the archive with paths, in place of those with the same start; old ones go."""
        by_start = {path.start: path for path in (*self.paths, *paths)}
        if not by_start:
            return self
        oldest = max(by_start) - KEEP
        return RankArchive(
            paths=tuple(by_start[start] for start in sorted(by_start) if start >= oldest)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenarios:
    """Possible courses of a window, shape (n_paths, n_slots) [kW], with weights of sum 1."""

    load_kw: FloatArray
    pv_kw: FloatArray
    weights: FloatArray


def ranks_of(values: FloatArray, levels: Sequence[float], outcome: FloatArray) -> FloatArray:
    """Return the levels of the quantiles that outcomes hit.

    Between two quantiles the level is interpolated, beyond the outer ones the tail of a Laplace
    distribution goes through the outer quantile and the median. Where several quantiles are one
    value, its outcome gets the middle of their levels.

    Args:
        values: What was said, shape (n_levels, n_slots), rising with the level.
        levels: As many as ``values`` has rows, rising.
        outcome: Shape (n_slots,); NaN is not known.

    Returns:
        Shape (n_slots,), 0..1; NaN where the outcome or what was said is not known, and where
        the quantiles are all one value.
    """
    low, high = values[0], values[-1]
    grid = np.asarray(levels)
    n_below = (values < outcome).sum(axis=0)
    n_not_above = (values <= outcome).sum(axis=0)
    above = np.clip(n_below, 1, len(grid) - 1)
    columns = np.arange(values.shape[1])
    lower, upper = values[above - 1, columns], values[above, columns]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = np.clip((outcome - lower) / (upper - lower), 0.0, 1.0)
        between = grid[above - 1] + share * (grid[above] - grid[above - 1])
        fall_low, fall_high = _falls(values, levels)
        below = grid[0] * np.exp(-np.maximum(low - outcome, 0.0) / fall_low)
        beyond = 1.0 - (1.0 - grid[-1]) * np.exp(-np.maximum(outcome - high, 0.0) / fall_high)
    ranks = np.where(outcome < low, below, np.where(outcome > high, beyond, between))
    tied = n_not_above > n_below
    # Nothing lies below zero, so that a lowest quantile of zero stands for all levels under it.
    bottom = np.where(
        (n_below == 0) & (outcome <= 0.0), 0.0, grid[np.minimum(n_below, len(grid) - 1)]
    )
    middle = (bottom + grid[np.maximum(n_not_above - 1, 0)]) / 2.0
    ranks = np.clip(np.where(tied, middle, ranks), EXTREME_RANK, 1.0 - EXTREME_RANK)
    says = np.isfinite(outcome) & np.isfinite(low) & (high - low > NARROWEST_KW)
    return np.where(says, ranks, np.nan)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankPlaces:
    """Where ranks lie among the levels of a band; all of shape (n_paths, n_slots) or parts of it.

    Args:
        between: Index of the level below.
        share: How far it is to the next one, 0..1.
        low: Paths and slots that lie below the lowest level.
        low_score: Logarithm of how far they do, in the order of ``low``.
        high: Paths and slots that lie above the highest level.
        high_score: Logarithm of how far they do, in the order of ``high``.
    """

    between: IntArray
    share: FloatArray
    low: tuple[IntArray, IntArray]
    low_score: FloatArray
    high: tuple[IntArray, IntArray]
    high_score: FloatArray


def places_of(ranks: FloatArray, levels: Sequence[float]) -> RankPlaces:
    """Return where ranks, shape (n_paths, n_slots), 0..1, lie among ``levels``, which rise."""
    grid = np.asarray(levels)
    # Between which two levels: counting is much faster than a search for each.
    below = np.zeros(ranks.shape, dtype=np.int8)
    for level in levels[1:-1]:
        below += ranks > level
    between = below.astype(np.intp)
    bounded = np.clip(ranks, EXTREME_RANK, 1.0 - EXTREME_RANK)
    # A tenth of all ranks: a logarithm costs more than all the rest.
    low, high = np.nonzero(bounded < grid[0]), np.nonzero(bounded > grid[-1])
    return RankPlaces(
        between=between,
        share=np.clip((ranks - grid.take(between)) / np.diff(grid).take(between), 0.0, 1.0),
        low=(low[0], low[1]),
        low_score=np.log(grid[0] / bounded[low]),
        high=(high[0], high[1]),
        high_score=np.log((1.0 - grid[-1]) / (1.0 - bounded[high])),
    )


def read_at_ranks(
    values: FloatArray, levels: Sequence[float], ranks: FloatArray, *, floor: float = 0.0
) -> FloatArray:
    """Return what bands say at ranks: the reverse of ``ranks_of``.

    Args:
        values: Shape (n_levels, n_slots).
        levels: As many as ``values`` has rows, rising.
        ranks: Shape (n_paths, n_slots), 0..1.
        floor: Nothing lies below it.

    Returns:
        Shape (n_paths, n_slots).
    """
    return read_at_places(values, levels, places_of(ranks, levels), floor=floor)


def read_at_places(
    values: FloatArray, levels: Sequence[float], places: RankPlaces, *, floor: float = 0.0
) -> FloatArray:
    """Return what bands say where ranks lie: ``read_at_ranks`` for ranks that come again."""
    n_slots = values.shape[1]
    at = places.between * n_slots + np.arange(n_slots)
    said = np.ravel(values)
    read = said.take(at) * (1.0 - places.share) + said.take(at + n_slots) * places.share
    fall_low, fall_high = _falls(values, levels)
    read[places.low] -= fall_low[places.low[1]] * places.low_score
    read[places.high] += fall_high[places.high[1]] * places.high_score
    return np.asarray(np.maximum(read, floor))


def _falls(values: FloatArray, levels: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    """Return over which distance the lower and the upper tail fall to 1/e, shape (n_slots,)."""
    position = float(np.interp(0.5, levels, range(len(levels))))
    below = int(position)
    above = min(below + 1, len(levels) - 1)
    middle = values[below] + (position - below) * (values[above] - values[below])
    low = (middle - values[0]) / math.log(0.5 / levels[0])
    high = (values[-1] - middle) / math.log(0.5 / (1.0 - levels[-1]))
    return np.maximum(low, NARROWEST_KW), np.maximum(high, NARROWEST_KW)


def rank_path(
    load: Bands, pv: Bands | None, load_kw: SlotSeries, pv_kw: SlotSeries | None
) -> RankPath:
    """Return the path of one issue: what was said, and what came as far as it is known."""
    return RankPath(
        start=load.start,
        load=_ranks_of_bands(load, load_kw),
        pv=np.full(load.n_slots, np.nan)
        if pv is None or pv_kw is None
        else _ranks_of_bands(pv, pv_kw),
    )


def _ranks_of_bands(said: Bands, came: SlotSeries) -> FloatArray:
    outcome = came.between(said.start, said.end).values
    return ranks_of(said.values, said.levels, outcome)


def bands_of(said: BandSeries) -> Bands:
    """Return a stored forecast as bands with the three levels it has."""
    rows = [kept_array(part) for part in (said.p10, said.p50, said.p90)]
    return Bands(start=said.start, values=np.stack(rows), levels=(0.1, 0.5, 0.9))


def make_scenarios(
    load: Bands, pv: Bands | None, archive: RankArchive, start: datetime, end: datetime
) -> Scenarios:
    """Return possible courses of the window from ``start`` to ``end``.

    Args:
        load: What is said of the house; must cover the window.
        pv: The same of PV, from the same slot on; None is a home without PV.
        archive: Past paths; those of issues at about the same time of day are taken.
        start: The window's first slot; the bands begin with it or before.
        end: Outside.

    Raises:
        ValueError: The window is empty or reaches beyond the bands, or PV begins elsewhere.
    """
    first, last = n_slots_between(load.start, start), n_slots_between(load.start, end)
    if not 0 <= first < last <= load.n_slots:
        raise ValueError(f"the window {start} to {end} is not within what is forecast")
    if pv is not None and (pv.start != load.start or pv.n_slots < last):
        raise ValueError("load and PV must be forecast from one slot on, over the whole window")
    window = slice(first, last)
    own_load, own_pv, weights = _own_ranks(archive, load.start, window)
    assumed_load, assumed_pv = _assumed_ranks(load.n_slots)
    assumed = np.full(N_ASSUMED, ASSUMED_PATHS / N_ASSUMED)
    all_weights = np.concatenate([weights, assumed])
    load_kw = read_at_ranks(
        load.values[:, window], load.levels, np.concatenate([own_load, assumed_load[:, window]])
    )
    pv_kw = (
        np.zeros_like(load_kw)
        if pv is None
        else read_at_ranks(
            pv.values[:, window], pv.levels, np.concatenate([own_pv, assumed_pv[:, window]])
        )
    )
    return Scenarios(load_kw=load_kw, pv_kw=pv_kw, weights=all_weights / all_weights.sum())


def _own_ranks(
    archive: RankArchive, issue: datetime, window: slice
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the newest paths said at about that time of day, of load and PV, and their weights.

    Both of shape (n_paths, n_slots) without gaps, the newest first.
    """
    age_s = int(issue.timestamp()) - archive.starts_s
    apart_s = np.minimum(age_s % _DAY_S, -age_s % _DAY_S)
    alike = np.flatnonzero((age_s > 0) & (apart_s <= SAME_TIME.total_seconds()))[::-1]
    n_slots = window.stop - window.start
    load = _cut([archive.paths[at].load for at in alike.tolist()], window)
    is_known = np.isfinite(load).sum(axis=1) >= LEAST_KNOWN_FRAC * n_slots
    chosen = np.flatnonzero(is_known)[:MOST_PATHS]
    load, alike = load[chosen], alike[chosen]
    pv = _cut([archive.paths[at].pv for at in alike.tolist()], window)
    weights = 0.5 ** (age_s[alike] / _DAY_S / HALF_LIFE_DAYS)
    # Issues of one day share their outcomes: several of them are hardly more than one.
    _, day, n_of_day = np.unique(
        archive.starts_s[alike] // _DAY_S, return_inverse=True, return_counts=True
    )
    return _filled(load), _filled(pv), weights / n_of_day[day]


def _cut(courses: Sequence[FloatArray], window: slice) -> FloatArray:
    """Return a window of each course, shape (n_courses, n_slots); none may be shorter."""
    if not courses:
        return np.empty((0, window.stop - window.start))
    return np.stack([course[window] for course in courses])


def _filled(ranks: FloatArray) -> FloatArray:
    """Return paths without gaps: what lies between is interpolated; 0.5 if nothing is known."""
    is_known = np.isfinite(ranks)
    if is_known.all():
        return ranks
    n_slots = ranks.shape[1]
    columns = np.arange(n_slots)
    before = np.maximum.accumulate(np.where(is_known, columns, -1), axis=1)
    after = np.where(is_known, columns, n_slots)[:, ::-1]
    after = np.minimum.accumulate(after, axis=1)[:, ::-1]
    # Beyond the outermost ones that are known these hold.
    left = np.minimum(np.where(before < 0, after, before), n_slots - 1)
    right = np.maximum(np.where(after == n_slots, before, after), 0)
    low, high = (np.take_along_axis(ranks, at, axis=1) for at in (left, right))
    slope = (high - low) / np.maximum(right - left, 1)
    return np.where(is_known.any(axis=1, keepdims=True), slope * (columns - left) + low, 0.5)


@lru_cache(maxsize=4)
def _assumed_ranks(n_slots: int) -> tuple[FloatArray, FloatArray]:
    """Return the assumed paths of load and of PV, each of shape (N_ASSUMED, n_slots).

    Always the same ones, in pairs that mirror each other, so that nothing is left to chance.
    """
    drawn = np.random.default_rng(N_ASSUMED).standard_normal((2, N_ASSUMED // 2, n_slots + 4))
    load = _persistent(drawn[0], LOAD_MEMORY_H, LOAD_DAY_FRAC)
    pv = _persistent(drawn[1], PV_MEMORY_H, PV_DAY_FRAC)
    # Load and PV mirror apart from each other: of the four combinations every one occurs.
    half = N_ASSUMED // 4
    turned = np.concatenate([pv[:half], -pv[half:], -pv[:half], pv[half:]])
    return _normal_cdf(np.concatenate([load, -load])), _normal_cdf(turned)


def _persistent(noise: FloatArray, memory_h: float, day_frac: float) -> FloatArray:
    """Return normal scores that hang together over hours and, in part, over their day."""
    n_slots = noise.shape[1] - 4
    keep = math.exp(-SLOT_H / memory_h)
    course = np.empty((len(noise), n_slots))
    course[:, 0] = noise[:, 0]
    for slot in range(1, n_slots):
        course[:, slot] = keep * course[:, slot - 1] + math.sqrt(1 - keep**2) * noise[:, slot]
    day = noise[:, n_slots + np.minimum(np.arange(n_slots) // SLOTS_PER_DAY, 3)]
    return np.asarray(math.sqrt(1.0 - day_frac) * course + math.sqrt(day_frac) * day)


def _normal_cdf(scores: FloatArray) -> FloatArray:
    """Return the normal distribution's levels of scores, within 2e-5.

    Source: Abramowitz, M., Stegun, I. (1964), Handbook of Mathematical Functions, 26.2.16.
    """
    near = 1.0 / (1.0 + 0.33267 * np.abs(scores))
    poly = near * (0.4361836 + near * (-0.1201676 + near * 0.9372980))
    tail = poly * np.exp(-(scores**2) / 2.0) / math.sqrt(2.0 * math.pi)
    return np.asarray(np.where(scores > 0, 1.0 - tail, tail))
