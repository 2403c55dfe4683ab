"""How much must be stored now so that nothing has to be bought before something refills it.

    need = max(0, max over t of sum up to t of (deficit - round trip efficiency x refill))

per course of what is to come (``forecaster/scenarios.py``), at the house's side [kWh]. Looked at is
the time until the next surplus begins; during a surplus, until the one after the coming night, and
what the rest of the sun puts into the battery before that night counts. So do cheap hours.

What is said at a level is held against what came: the distance from the middle is stretched after
a miss and shrunk a little after a hit, for each level asked, apart for beginnings with and without
surplus, because their errors have nothing in common.

Source: Gibbs, I., Candès, E. (2021), Adaptive conformal inference under distribution shift,
NeurIPS 34.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from domain.horizon import SLOT, SLOT_H, slot_start
from forecaster.scenarios import RankArchive, make_scenarios
from forecaster.series import Bands, BoolArray, FloatArray, n_slots_between
from forecaster.windows import night, until_surplus

# Without a surplus in sight a battery is used up long before a day is over.
LONGEST = timedelta(days=1)
# One miss more than expected stretches by 5 %.
STEP = 0.05
STRETCH_LIMITS = (0.3, 4.0)
# Where less than this was said there is nothing to judge: no need can be below zero.
LEAST_JUDGED_KWH = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Refilling:
    """What a battery takes and gives; powers [kW] at the house's side.

    ``round_trip_frac`` is what of a kWh taken in comes out again.
    """

    charge_max_kw: float
    discharge_max_kw: float
    round_trip_frac: float

    def drawn_kwh(self, net_kw: FloatArray, cheap: BoolArray | None = None) -> FloatArray:
        """Return per slot what is taken from the battery, negative where it is refilled [kWh].

        Args:
            net_kw: Load minus PV, the slots along the last axis.
            cheap: Slots in which the grid serves the house and refills the battery.
        """
        refilled_kw = -self.round_trip_frac * self.charge_max_kw
        drawn_kw = np.minimum(net_kw, self.discharge_max_kw)
        drawn_kw = np.where(
            drawn_kw < 0.0, np.maximum(self.round_trip_frac * drawn_kw, refilled_kw), drawn_kw
        )
        if cheap is not None:
            drawn_kw[..., cheap] = refilled_kw
        return np.asarray(drawn_kw * SLOT_H)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetCourses:
    """Possible courses of load minus PV [kW], shape (n_paths, n_slots), with weights of sum 1.

    ``is_open`` says that they do not end with a surplus.
    """

    start: datetime
    net_kw: FloatArray
    weights: FloatArray
    is_open: bool = False

    @property
    def end(self) -> datetime:
        """The end of the last slot (outside)."""
        return self.start + int(self.net_kw.shape[1]) * SLOT

    def since(self, now: datetime) -> "NetCourses":
        """Return the courses from the slot of ``now`` on.

        Raises:
            ValueError: That slot is not within them.
        """
        first = n_slots_between(self.start, slot_start(now))
        if not 0 <= first < self.net_kw.shape[1]:
            raise ValueError(f"{now} is not within what is forecast")
        return replace(self, start=slot_start(now), net_kw=self.net_kw[:, first:])

    def expected_kw(self) -> FloatArray:
        """Return the mean of all courses, shape (n_slots,)."""
        return np.asarray(self.weights @ self.net_kw)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Needs:
    """The need of every course [kWh] and how many slots it takes to arise, shape (n_paths,)."""

    kwh: FloatArray
    n_slots: FloatArray
    weights: FloatArray

    def quantile(self, level: float) -> float:
        """Return the need that is not exceeded with the probability ``level`` [kWh]."""
        return _quantile(self.kwh, self.weights, level)

    def unused_kwh(self, held_kwh: float) -> float:
        """Return what is left on average of so much [kWh]."""
        return float(self.weights @ np.maximum(held_kwh - self.kwh, 0.0))

    def n_slots_until_refill(self) -> int | None:
        """Return in how many slots the need has arisen, by the middle one; None without any."""
        is_needed = self.kwh > LEAST_JUDGED_KWH
        if not is_needed.any():
            return None
        weights = self.weights[is_needed] / self.weights[is_needed].sum()
        return round(_quantile(self.n_slots[is_needed], weights, 0.5))


def net_courses(load: Bands, pv: Bands | None, ranks: RankArchive, now: datetime) -> NetCourses:
    """Return what may happen until the next surplus begins, at most for a day.

    During a surplus it is the one that follows the coming night.

    Args:
        load: What is said of the house, from the slot of ``now`` or before.
        pv: The same of PV, over the same slots; None is a home without PV.
        ranks: How past outcomes lay within what was said; may be empty.
        now: Aware UTC.

    Raises:
        ValueError: ``now`` is not within the bands, or the two do not cover the same slots.
    """
    start = slot_start(now)
    found = None if pv is None else until_surplus(load, pv, now) or night(load, pv, now)
    surplus = load.end if found is None else found[1]
    end = min(surplus, start + LONGEST)
    courses = make_scenarios(load, pv, ranks, start, end)
    return NetCourses(
        start=start,
        net_kw=courses.load_kw - courses.pv_kw,
        weights=courses.weights,
        is_open=end < surplus or surplus == load.end,
    )


def needs_of(courses: NetCourses, refilling: Refilling, cheap: BoolArray | None = None) -> Needs:
    """Return what must be stored at the beginning of each course."""
    drawn_kwh = np.cumsum(refilling.drawn_kwh(courses.net_kw, cheap), axis=1)
    last = drawn_kwh.argmax(axis=1)
    most_kwh = np.take_along_axis(drawn_kwh, last[:, None], axis=1)[:, 0]
    return Needs(kwh=np.maximum(most_kwh, 0.0), n_slots=last + 1.0, weights=courses.weights)


def need_that_came(
    load_kw: FloatArray, pv_kw: FloatArray, refilling: Refilling, cheap: BoolArray | None = None
) -> float:
    """Return what would have had to be stored; NaN when a slot was not measured [kWh]."""
    drawn_kwh = np.cumsum(refilling.drawn_kwh(load_kw - pv_kw, cheap))
    return float(np.maximum(drawn_kwh, 0.0).max()) if len(drawn_kwh) else math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedSaid:
    """What was said to be needed from ``start`` to ``end`` at a level [kWh], to be judged.

    ``cheap`` are the positions of the slots in which the grid refills.
    """

    start: datetime
    end: datetime
    level: float
    need_kwh: float
    has_surplus: bool
    cheap: tuple[int, ...] = ()

    def cheap_slots(self) -> BoolArray:
        """Return for each slot whether the grid refills in it."""
        slots = np.zeros((self.end - self.start) // SLOT, dtype=np.bool_)
        slots[list(self.cheap)] = True
        return slots


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedCalibration:
    """How far from the middle the asked level is, with (True) and without surplus at the start."""

    stretches: Mapping[bool, float] = field(default_factory=dict)

    def need_kwh(self, needs: Needs, level: float, *, has_surplus: bool) -> float:
        """Return the need at ``level``, never below the middle one [kWh]."""
        middle = needs.quantile(0.5)
        return middle + (needs.quantile(level) - middle) * self.stretches.get(has_surplus, 1.0)

    def learned(self, said: NeedSaid, came_kwh: float) -> "NeedCalibration":
        """Return what is known after what came; NaN, and next to nothing said, teach nothing."""
        if not math.isfinite(came_kwh) or said.need_kwh < LEAST_JUDGED_KWH:
            return self
        is_miss = came_kwh > said.need_kwh
        changed = self.stretches.get(said.has_surplus, 1.0) * math.exp(
            STEP * (is_miss - (1.0 - said.level))
        )
        changed = min(STRETCH_LIMITS[1], max(STRETCH_LIMITS[0], changed))
        return NeedCalibration(stretches={**self.stretches, said.has_surplus: changed})


def _quantile(values: FloatArray, weights: FloatArray, level: float) -> float:
    """Return a weighted quantile: each value stands in the middle of its weight."""
    order = np.argsort(values, kind="stable")
    middle = np.cumsum(weights[order]) - weights[order] / 2.0
    return float(np.interp(level, middle, values[order]))
