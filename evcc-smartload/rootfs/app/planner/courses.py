"""A few courses that load and sun may take, for weighing a decision in every cycle.

Each is a path of ranks within the bands that hang together over hours, as those of measured homes
do (``forecaster/scenarios.py``, which makes hundreds of them, and learns). They come in pairs that
mirror each other, so that none of them leans to one side, and are always the same ones.
"""

import math
from datetime import datetime
from functools import lru_cache

import numpy as np

from domain.forecast import BandSeries, ForecastKind
from domain.horizon import SLOT, SLOT_H, SLOTS_PER_DAY
from domain.outlook import Outlook
from forecaster.scenarios import (
    LOAD_DAY_FRAC,
    LOAD_MEMORY_H,
    PV_DAY_FRAC,
    PV_MEMORY_H,
    RankPlaces,
    bands_of,
    places_of,
    read_at_places,
)
from forecaster.series import FloatArray

# More of them bring hardly anything, and what they cost is paid in every cycle.
N_COURSES = 8
_SEED = 7
_SCORES = np.linspace(-3.0, 3.0, 121)
_RANKS = np.array([0.5 * (1.0 + math.erf(score / math.sqrt(2.0))) for score in _SCORES])


def net_courses(start: datetime, n_slots: int, outlook: Outlook) -> FloatArray | None:
    """Return what the house may use less what the sun may give, shape (N_COURSES, n) [kWh].

    Args:
        start: Of the first slot, aware UTC.
        n_slots: So many are asked for; fewer come where the forecast of the house ends before.
        outlook: What is said of both; where nothing is said of the sun it is dark.

    Returns:
        None without a forecast of the house from ``start`` on.
    """
    bands = {expected.kind: expected.band for expected in outlook.expectations}
    load, sun = bands.get(ForecastKind.LOAD), bands.get(ForecastKind.PV)
    if load is None:
        return None
    net_kw = _read(start, n_slots, ForecastKind.LOAD, load)
    if sun is not None:
        sun_kw = np.nan_to_num(_read(start, n_slots, ForecastKind.PV, sun))[:, : net_kw.shape[1]]
        net_kw[:, : sun_kw.shape[1]] -= sun_kw
    unknown = np.flatnonzero(~np.isfinite(net_kw).all(axis=0))
    n_known = int(unknown[0]) if unknown.size else net_kw.shape[1]
    return net_kw[:, :n_known] * SLOT_H if n_known else None


def _read(start: datetime, n_slots: int, kind: ForecastKind, band: BandSeries) -> FloatArray:
    """Return what a band says in each course [kW], from ``start`` on, if it is said by then."""
    offset = (start - band.start) // SLOT
    if offset < 0:
        return np.empty((N_COURSES, 0))
    said = bands_of(band)
    values = said.values[:, offset : offset + n_slots]
    places = _places(kind, n_slots, values.shape[1], said.levels)
    return read_at_places(values, said.levels, places)


@lru_cache(maxsize=8)
def _places(kind: ForecastKind, n_slots: int, n_said: int, levels: tuple[float, ...]) -> RankPlaces:
    """Return where the courses lie among ``levels`` in the first ``n_said`` slots."""
    return places_of(_ranks(n_slots)[kind][:, :n_said], levels)


@lru_cache(maxsize=4)
def _ranks(n_slots: int) -> dict[ForecastKind, FloatArray]:
    """Return the ranks of load and of sun, each of shape (N_COURSES, n_slots)."""
    drawn = np.random.default_rng(_SEED).standard_normal((2, N_COURSES // 2, n_slots))
    load = _hanging_together(drawn[0], LOAD_MEMORY_H, LOAD_DAY_FRAC)
    sun = _hanging_together(drawn[1], PV_MEMORY_H, PV_DAY_FRAC)
    return {
        ForecastKind.LOAD: np.interp(np.concatenate([load, -load]), _SCORES, _RANKS),
        ForecastKind.PV: np.interp(np.concatenate([sun, -sun]), _SCORES, _RANKS),
    }


def _hanging_together(noise: FloatArray, memory_h: float, day_frac: float) -> FloatArray:
    """Return normal scores that hang together over hours and, in part, over their day.

    What a day has in common is spread evenly over the courses: a few drawn ones would not be.
    """
    n_courses, n_slots = noise.shape
    keep = math.exp(-SLOT_H / memory_h)
    course = np.empty_like(noise)
    course[:, 0] = noise[:, 0]
    for slot in range(1, n_slots):
        course[:, slot] = keep * course[:, slot - 1] + math.sqrt(1.0 - keep**2) * noise[:, slot]
    spread = np.interp((np.arange(n_courses) + 0.5) / n_courses, _RANKS, _SCORES)
    n_days = -(-n_slots // SLOTS_PER_DAY)
    days = np.stack([np.roll(spread, turn) for turn in range(n_days)], axis=1)
    day = days[:, np.arange(n_slots) // SLOTS_PER_DAY]
    return np.asarray(math.sqrt(1.0 - day_frac) * course + math.sqrt(day_frac) * day)
