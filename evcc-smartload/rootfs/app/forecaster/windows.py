"""Energy over a whole window as a quantile of its own, and which windows matter.

    need = sum over the window of max(0, load - pv)     what battery or grid must give
    net  = sum over the window of load - pv

Quantiles do not add up over slots, so the sums are made of scenarios (``forecaster/scenarios.py``)
and the quantile is taken of the sums. What is said is then held against what came in past windows
of like length: the distance from the middle to each side is stretched after every miss and
shrunk a little after every hit, so that in the long run one window in ten lies above the p90 and
one in ten below the p10, whatever the home does.

Source: Gibbs, I., Candès, E. (2021), Adaptive conformal inference under distribution shift,
NeurIPS 34; Angelopoulos, A. et al. (2023), Conformal PID control for time series prediction.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from domain.forecast import WindowEnergy
from domain.horizon import SLOT, SLOT_H, slot_start
from domain.outlook import NamedWindow, WindowPurpose
from forecaster.scenarios import RankArchive, make_scenarios
from forecaster.series import Bands, BoolArray, FloatArray, n_slots_between

# A surplus counts when the PV covers the house for this long: a gap in the clouds does not end a
# night, and a kettle does not end a sunny day.
SHORTEST_SURPLUS_SLOTS = 4
# Windows up to so many hours are like each other; the last kind is everything longer.
LENGTHS_H = (3.0, 9.0, 18.0)
# A miss stretches by 4.6 %, a hit shrinks by 0.5 %: about 20 misses more than expected double it.
STEP = 0.05
STRETCH_LIMITS = (0.5, 3.0)
# A side narrower than this [kWh] cannot be judged: nothing can fall below a p10 of zero.
NARROWEST_KWH = 0.02
OUTSIDE_FRAC = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """How much wider than the scenarios say a window is, below and above its middle."""

    below: float = 1.0
    above: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowCalibration:
    """What past windows taught, by their kind of length (0..3)."""

    stretches: Mapping[int, Stretch] = field(default_factory=dict)

    def stretch(self, length: timedelta) -> Stretch:
        """Return how to stretch a window of this length."""
        return self.stretches.get(_kind(length), Stretch())

    def learned(self, said: WindowEnergy, need_kwh: float) -> "WindowCalibration":
        """Return what is known after a window whose need turned out as ``need_kwh``.

        ``said`` must be what was said with a calibration of before; NaN teaches nothing.
        """
        if not math.isfinite(need_kwh):
            return self
        length = said.end - said.start
        stretch = self.stretch(length)
        if said.p50_kwh - said.p10_kwh > NARROWEST_KWH:
            stretch = replace(
                stretch, below=_after(stretch.below, is_outside=need_kwh < said.p10_kwh)
            )
        if said.p90_kwh - said.p50_kwh > NARROWEST_KWH:
            stretch = replace(
                stretch, above=_after(stretch.above, is_outside=need_kwh > said.p90_kwh)
            )
        return WindowCalibration(stretches={**self.stretches, _kind(length): stretch})


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowScenarios:
    """The sums of every scenario of a window [kWh], shape (n_paths,), with weights of sum 1."""

    start: datetime
    end: datetime
    need_kwh: FloatArray
    net_kwh: FloatArray
    weights: FloatArray

    def need_quantile(self, level: float, stretch: Stretch | None = None) -> float:
        """Return the need that is not exceeded with the probability ``level`` [kWh]."""
        middle, at = _quantiles(self.need_kwh, self.weights, (0.5, level))
        return max(0.0, _stretched(middle, at, stretch or Stretch()))

    def net_quantile(self, level: float) -> float:
        """Return the same of load minus PV; negative is a surplus [kWh]."""
        return float(_quantiles(self.net_kwh, self.weights, (level,))[0])


def window_scenarios(
    load: Bands, pv: Bands | None, ranks: RankArchive, start: datetime, end: datetime
) -> WindowScenarios | None:
    """Return the sums of a window; None when something in it is not known.

    Arguments and errors as for ``forecaster.scenarios.make_scenarios``.
    """
    courses = make_scenarios(load, pv, ranks, start, end)
    net_kw = courses.load_kw - courses.pv_kw
    if not np.isfinite(net_kw).all():
        return None
    return WindowScenarios(
        start=start,
        end=end,
        need_kwh=np.maximum(net_kw, 0.0).sum(axis=1) * SLOT_H,
        net_kwh=net_kw.sum(axis=1) * SLOT_H,
        weights=courses.weights,
    )


def window_energy(  # noqa: PLR0913  # what is said, what was, the window, and what it taught
    load: Bands,
    pv: Bands | None,
    ranks: RankArchive,
    start: datetime,
    end: datetime,
    *,
    calibration: WindowCalibration | None = None,
) -> WindowEnergy | None:
    """Return what the house needs from battery or grid over a window, as quantiles of the sum.

    Args:
        load: What is said of the house; must cover the window.
        pv: The same of PV, from the same slot on; None is a home without PV.
        ranks: How past outcomes lay within what was said; may be empty.
        start: The window's first slot.
        end: Outside.
        calibration: What past windows taught; without it the scenarios speak for themselves.

    Returns:
        None when something in the window is not known.

    Raises:
        ValueError: The window is empty or reaches beyond the bands, or PV begins elsewhere.
    """
    sums = window_scenarios(load, pv, ranks, start, end)
    if sums is None:
        return None
    stretch = (calibration or WindowCalibration()).stretch(end - start)
    return WindowEnergy(
        start=start,
        end=end,
        p10_kwh=sums.need_quantile(0.1, stretch),
        p50_kwh=sums.need_quantile(0.5, stretch),
        p90_kwh=sums.need_quantile(0.9, stretch),
    )


def energies(
    load: Bands, pv: Bands | None, ranks: RankArchive, start: datetime, end: datetime
) -> tuple[WindowEnergy | None, WindowEnergy | None]:
    """Return what the house takes and what the PV gives over a window; None is not known.

    Arguments and errors as for ``window_energy``.
    """
    courses = make_scenarios(load, pv, ranks, start, end)
    found: list[WindowEnergy | None] = []
    for power_kw, is_there in ((courses.load_kw, True), (courses.pv_kw, pv is not None)):
        sums = power_kw.sum(axis=1) * SLOT_H
        if not is_there or not np.isfinite(sums).all():
            found.append(None)
            continue
        low, middle, high = _quantiles(sums, courses.weights, (0.1, 0.5, 0.9))
        found.append(WindowEnergy(start=start, end=end, p10_kwh=low, p50_kwh=middle, p90_kwh=high))
    return found[0], found[1]


def need_kwh(load_kw: FloatArray, pv_kw: FloatArray) -> float:
    """Return what was needed over a window that is past; NaN when a slot was not measured."""
    return float(np.maximum(load_kw - pv_kw, 0.0).sum() * SLOT_H)


def until_surplus(load: Bands, pv: Bands, now: datetime) -> tuple[datetime, datetime] | None:
    """Return the window from the slot of ``now`` until the PV covers the house again.

    None while it does already. Without a surplus in sight the window ends with the forecast.
    """
    start = slot_start(now)
    surplus = _surplus(load, pv, start)
    if surplus[0]:
        return None
    ahead = np.flatnonzero(surplus)
    end = int(ahead[0]) if ahead.size else len(surplus)
    return start, start + end * SLOT


def night(load: Bands, pv: Bands, now: datetime) -> tuple[datetime, datetime] | None:
    """Return the window from the coming end of the surplus to the next surplus.

    None when no surplus ends within the forecast. Without another one the window ends with it.
    """
    start = slot_start(now)
    surplus = _surplus(load, pv, start)
    ends = 1 + np.flatnonzero(surplus[:-1] & ~surplus[1:])
    if not ends.size:
        return None
    begin = int(ends[0])
    again = np.flatnonzero(surplus[begin:])
    end = begin + int(again[0]) if again.size else len(surplus)
    return start + begin * SLOT, start + end * SLOT


def named_windows(
    load: Bands,
    pv: Bands | None,
    ranks: RankArchive,
    now: datetime,
    calibration: WindowCalibration | None = None,
) -> tuple[NamedWindow, ...]:
    """Return the windows that matter to the owner, with their energies."""
    if pv is None:
        return ()
    named = []
    for purpose, find in (
        (WindowPurpose.UNTIL_SURPLUS, until_surplus),
        (WindowPurpose.NIGHT, night),
    ):
        window = find(load, pv, now)
        if window is None:
            continue
        energy = window_energy(load, pv, ranks, *window, calibration=calibration)
        if energy is not None:
            named.append(NamedWindow(purpose=purpose, energy=energy))
    return tuple(named)


def _surplus(load: Bands, pv: Bands, start: datetime) -> BoolArray:
    """Return in which slots from ``start`` on the PV covers the house, short changes left out.

    Raises:
        ValueError: The two are not forecast over the same slots, or ``start`` is none of them.
    """
    first = n_slots_between(load.start, start)
    if not 0 <= first < load.n_slots:
        raise ValueError(f"{start} is not within what is forecast")
    if pv.start != load.start or pv.n_slots != load.n_slots:
        raise ValueError("load and PV must be forecast over the same slots")
    covers = (pv.at(0.5) >= load.at(0.5)) & (pv.at(0.5) > 0.0)
    return _without_short_runs(_without_short_runs(covers[first:], of=True), of=False)


def _without_short_runs(flags: BoolArray, *, of: bool) -> BoolArray:
    """Turn runs of ``of`` that are shorter than a surplus must be.

    The last one may be longer than is seen and stays; a deficit now stays, however short, while
    the rest of a surplus that ends within the hour is none.
    """
    borders = np.flatnonzero(np.diff(flags)) + 1
    runs = np.split(np.arange(len(flags)), borders)
    turned = flags.copy()
    for run in runs[0 if of else 1 : -1]:
        if flags[run[0]] == of and len(run) < SHORTEST_SURPLUS_SLOTS:
            turned[run] = not of
    return turned


def _kind(length: timedelta) -> int:
    return int(np.searchsorted(LENGTHS_H, length / timedelta(hours=1)))


def _after(stretch: float, *, is_outside: bool) -> float:
    changed = stretch * math.exp(STEP * (is_outside - OUTSIDE_FRAC))
    return min(STRETCH_LIMITS[1], max(STRETCH_LIMITS[0], changed))


def _stretched(middle: float, at: float, stretch: Stretch) -> float:
    return middle + (at - middle) * (stretch.above if at > middle else stretch.below)


def _quantiles(
    sums: FloatArray, weights: FloatArray, levels: tuple[float, ...]
) -> tuple[float, ...]:
    """Return weighted quantiles: each sum stands in the middle of its weight."""
    order = np.argsort(sums, kind="stable")
    middle = np.cumsum(weights[order]) - weights[order] / 2.0
    return tuple(np.interp(levels, middle, sums[order]).tolist())
