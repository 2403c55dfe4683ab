"""The risk-based buffer: what the house needs from the battery until something refills it.

    need   = night (the middle of what it may be) + error (up to the asked confidence) + outage
    target = lowest SoC + need / (discharge efficiency * capacity), as a share, within 10..100 %

Refilled is the battery by the next surplus of the sun, or earlier by hours so cheap that buying for
it costs less than what the energy saves: price / round trip + wear < mean price of what the house
needs outside of such hours. How needs are found: ``forecaster/refill.py``.

Source: docs/dynamic-buffer.md.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from domain.horizon import SLOT
from dynamic_buffer import HARD_FLOOR_PCT
from forecaster.refill import NeedCalibration, Needs, NeedSaid, NetCourses, Refilling, needs_of
from forecaster.series import BoolArray, FloatArray

FULL_PCT = 100
STEP_PCT = 5
# Raised is at once, with room for what the next hours will show; lowered is what has become far too
# much: only a car is kept from it. On measured homes that is 4 to 5 changes a day at a battery of
# 10 kWh, and 9 points more than needed; with 5 and 15 it is 8 to 11 changes and 5 points.
HEADROOM_PCT = 10.0
SLACK_PCT = 30.0
# A cheap hour is one: less brings hardly anything into a battery.
SHORTEST_CHEAP_SLOTS = 4
ONE_DAY = timedelta(days=1)


class WindowEnd(StrEnum):
    """What refills the battery."""

    SURPLUS = "surplus"
    CHEAP = "cheap"
    HORIZON = "horizon"
    """Nothing, as far as is looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskBattery:
    """All home batteries together; powers [kW] and energies [kWh] as meters see them.

    ``may_grid_charge`` says whether somebody would buy energy for them. ``soc_min_pct`` is below
    what nothing comes out.
    """

    capacity_kwh: float
    soc_min_pct: float
    charge_max_kw: float
    discharge_max_kw: float
    one_way_frac: float
    wear_eur_per_kwh: float
    may_grid_charge: bool

    @property
    def refilling(self) -> Refilling:
        """What it takes and gives."""
        return Refilling(
            charge_max_kw=self.charge_max_kw,
            discharge_max_kw=self.discharge_max_kw,
            round_trip_frac=self.one_way_frac**2,
        )

    @property
    def usable_kwh(self) -> float:
        """What the house gets out of a full one."""
        return self.capacity_kwh * (1.0 - self.soc_min_pct / 100.0) * self.one_way_frac

    def soc_pct(self, kwh: float) -> float:
        """Return the state of charge from which the house gets so much [kWh]."""
        return self.soc_min_pct + 100.0 * kwh / (self.one_way_frac * self.capacity_kwh)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskPrices:
    """Prices from the courses' first slot on, shape (n_slots,) [EUR/kWh]; NaN is not known."""

    buy: FloatArray
    sell: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskWish:
    """What the owner asks for: a confidence of 0.5..0.99, and a reserve for outages [kWh]."""

    confidence_frac: float
    outage_reserve_kwh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskParts:
    """What the need is made of [kWh at the house's side]; the parts add up to it."""

    night_kwh: float
    error_kwh: float
    outage_kwh: float

    @property
    def need_kwh(self) -> float:
        """All of it."""
        return self.night_kwh + self.error_kwh + self.outage_kwh


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskBuffer:
    """Where the buffer should stand and why.

    ``raw_pct`` is the target before rounding and calm. From ``start`` to ``end`` the need arises;
    ``ends_by`` is what refills then. ``price_eur_per_day`` is what holding so much costs on
    average; None: prices are not known. ``said`` is what the need is judged by later.
    """

    target_pct: int
    raw_pct: float
    need_kwh: float
    parts: RiskParts
    start: datetime
    end: datetime
    ends_by: WindowEnd
    confidence_frac: float
    price_eur_per_day: float | None
    said: NeedSaid


def decide_risk_buffer(  # noqa: PLR0913  # what may come, what it costs, and who asks for what
    courses: NetCourses,
    prices: RiskPrices | None,
    battery: RiskBattery,
    wish: RiskWish,
    *,
    calibration: NeedCalibration | None = None,
    last_pct: float | None = None,
) -> RiskBuffer:
    """Return where the buffer should stand from the courses' first slot on.

    Args:
        courses: What may come until the next surplus begins.
        prices: As far as they are published or expected; None: nothing is known.
        battery: Must have a capacity.
        wish: The owner's options.
        calibration: What past needs taught.
        last_pct: The last target: a buffer that stands well is left alone.
    """
    expected_kw = courses.expected_kw()
    cheap = _cheap_slots(expected_kw, prices, battery)
    needs = needs_of(courses, battery.refilling, cheap)
    has_surplus = bool(expected_kw[0] < 0.0)
    middle_kwh = needs.quantile(0.5)
    asked_kwh = (calibration or NeedCalibration()).need_kwh(
        needs, wish.confidence_frac, has_surplus=has_surplus
    )
    parts = RiskParts(
        night_kwh=middle_kwh,
        error_kwh=asked_kwh - middle_kwh,
        outage_kwh=wish.outage_reserve_kwh,
    )
    raw_pct = min(float(FULL_PCT), max(float(HARD_FLOOR_PCT), battery.soc_pct(parts.need_kwh)))
    end, ends_by = _window_end(courses, needs, cheap)
    return RiskBuffer(
        target_pct=settled_target(raw_pct, last_pct),
        raw_pct=raw_pct,
        need_kwh=parts.need_kwh,
        parts=parts,
        start=courses.start,
        end=end,
        ends_by=ends_by,
        confidence_frac=wish.confidence_frac,
        price_eur_per_day=_price_per_day(
            needs, min(parts.need_kwh, battery.usable_kwh), prices, battery,
            cheap=cheap if ends_by is WindowEnd.CHEAP else None,
            length=courses.end - courses.start,
        ),
        said=NeedSaid(
            start=courses.start,
            end=courses.end,
            level=wish.confidence_frac,
            need_kwh=asked_kwh,
            has_surplus=has_surplus,
            cheap=() if cheap is None else tuple(np.flatnonzero(cheap).tolist()),
        ),
    )  # fmt: skip


def settled_target(raw_pct: float, last_pct: float | None) -> int:
    """Return the target [%], a multiple of 5 in 10..100, that is never below ``raw_pct``.

    The last one holds as long as it is enough and not far too much.
    """
    if last_pct is not None and raw_pct <= last_pct <= raw_pct + SLACK_PCT:
        is_own = float(last_pct).is_integer() and int(last_pct) % STEP_PCT == 0
        if is_own and HARD_FLOOR_PCT <= last_pct <= FULL_PCT:
            return int(last_pct)
    wanted_pct = raw_pct
    if last_pct is not None and raw_pct > HARD_FLOOR_PCT:
        wanted_pct += HEADROOM_PCT
    # A need of 40.0000001 % is one of 40 %.
    rounded = STEP_PCT * math.ceil(round(wanted_pct, 6) / STEP_PCT)
    return min(FULL_PCT, max(HARD_FLOOR_PCT, rounded))


def _cheap_slots(
    expected_kw: FloatArray, prices: RiskPrices | None, battery: RiskBattery
) -> BoolArray | None:
    """Return in which slots buying for the battery pays; None: in none of them.

    What it pays for is the need outside of these slots; so the dearest need is tried first, and
    what it takes to be cheap falls until it agrees with what is left.
    """
    if prices is None or not battery.may_grid_charge:
        return None
    need_kw = np.where(np.isfinite(prices.buy), np.maximum(expected_kw, 0.0), 0.0)
    if not need_kw.any():
        return None
    costs = np.nan_to_num(prices.buy, nan=np.inf) / battery.one_way_frac**2
    costs = costs + battery.wear_eur_per_kwh
    saved = float(prices.buy[need_kw > 0.0].max())
    while True:
        cheap = costs < saved
        served_kw = np.where(cheap, 0.0, need_kw)
        if not cheap.any() or not served_kw.any():
            return None
        now_saved = float(np.nansum(prices.buy * served_kw) / served_kw.sum())
        if now_saved >= saved - 1e-9:
            return _long_enough(cheap)
        saved = now_saved


def _long_enough(flags: BoolArray) -> BoolArray | None:
    """Return the runs that last an hour; None when there is none."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    kept = np.zeros_like(flags)
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if end - begin >= SHORTEST_CHEAP_SLOTS:
            kept[begin:end] = True
    return kept if kept.any() else None


def _window_end(
    courses: NetCourses, needs: Needs, cheap: BoolArray | None
) -> tuple[datetime, WindowEnd]:
    """Return until when the need arises, and what refills then."""
    n_slots = courses.net_kw.shape[1]
    last = needs.n_slots_until_refill()
    if last is None:
        last = 0 if cheap is not None and cheap[0] else n_slots
    end = courses.start + last * SLOT
    if cheap is not None and last < n_slots and cheap[last : last + SHORTEST_CHEAP_SLOTS].any():
        return end, WindowEnd.CHEAP
    is_open = last == n_slots and courses.is_open
    return end, WindowEnd.HORIZON if is_open else WindowEnd.SURPLUS


def _price_per_day(  # noqa: PLR0913  # all that it is made of
    needs: Needs,
    held_kwh: float,
    prices: RiskPrices | None,
    battery: RiskBattery,
    *,
    cheap: BoolArray | None,
    length: timedelta,
) -> float | None:
    """Return what holding ``held_kwh`` costs on average [EUR/day].

    What is held and then not needed could have saved the mean import price less wear; in its
    place the refill finds no room, which would have cost the export price, or the cheap one. One
    refill a day at the most is counted.
    """
    if prices is None or not np.isfinite(prices.buy).any():
        return None
    if cheap is not None:
        refill = float(np.nanmean(prices.buy[cheap]))
    else:
        refill = float(np.nanmean(prices.sell)) if np.isfinite(prices.sell).any() else 0.0
    gain = float(np.nanmean(prices.buy)) - battery.wear_eur_per_kwh
    margin = max(0.0, gain - refill / battery.one_way_frac**2)
    return needs.unused_kwh(held_kwh) * margin * min(1.0, ONE_DAY / length)
