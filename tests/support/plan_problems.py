"""Problems for a planner: built by hand, drawn by hypothesis, and realistic days from a seed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from hypothesis import strategies as st

from planner.dispatch import Dispatch
from planner.plan_problem import (
    BatteryModel,
    CarModel,
    FloatArray,
    FullWish,
    PlanProblem,
    PowerRange,
    Reserve,
    TaperPoint,
    ValuePiece,
    series,
)

ONE_PHASE = PowerRange(low_kw=1.38, high_kw=3.68)
THREE_PHASES = PowerRange(low_kw=4.14, high_kw=11.04)

PerSlot = float | Sequence[float]
Drawn = TypeVar("Drawn")


def per_slot(values: PerSlot, n_slots: int) -> FloatArray:
    """Return one number per slot, the same in all when there is only one."""
    return series(np.broadcast_to(np.asarray(values, dtype=np.float64), (n_slots,)))


def pieces(*pairs: tuple[float, float]) -> tuple[ValuePiece, ...]:
    """Return pieces from (width in kWh, EUR/kWh)."""
    return tuple(ValuePiece(width_kwh=width, eur_per_kwh=eur) for width, eur in pairs)


def battery(**changes: Any) -> BatteryModel:
    """Return a small battery without losses, wear or value at the end, changed as told."""
    plain = BatteryModel(
        name="battery",
        capacity_kwh=10.0,
        soc_kwh=5.0,
        soc_min_kwh=0.0,
        soc_max_kwh=10.0,
        charge_max_kw=4.0,
        discharge_max_kw=4.0,
        charge_efficiency_frac=1.0,
        discharge_efficiency_frac=1.0,
    )
    return replace(plain, **changes)


def car(**changes: Any) -> CarModel:
    """Return a car that is there all the time and wants 10 kWh at 1 EUR/kWh, changed as told."""
    plain = CarModel(
        name="car",
        capacity_kwh=50.0,
        soc_kwh=20.0,
        target_kwh=30.0,
        arrival_slot=0,
        deadline_slot=10_000,
        ranges=(THREE_PHASES,),
        charge_efficiency_frac=1.0,
        wish=pieces((10.0, 1.0)),
    )
    return replace(plain, **changes)


def problem(  # noqa: PLR0913  # a home has that many series, and most are left out
    n_slots: int,
    *,
    slot_h: float = 1.0,
    buy: PerSlot = 0.3,
    sell: PerSlot = 0.08,
    pv: PerSlot = 0.0,
    load: PerSlot = 0.0,
    import_max: PerSlot | None = None,
    export_max: PerSlot | None = None,
    can_curtail: bool = False,
    batteries: Sequence[BatteryModel] = (),
    cars: Sequence[CarModel] = (),
) -> PlanProblem:
    """Return a home from numbers per slot [EUR/kWh, kWh]; a single one holds in all slots."""
    return PlanProblem(
        slot_h=slot_h,
        import_price_eur_per_kwh=per_slot(buy, n_slots),
        export_price_eur_per_kwh=per_slot(sell, n_slots),
        pv_kwh=per_slot(pv, n_slots),
        load_kwh=per_slot(load, n_slots),
        import_max_kwh=None if import_max is None else per_slot(import_max, n_slots),
        export_max_kwh=None if export_max is None else per_slot(export_max, n_slots),
        can_curtail=can_curtail,
        batteries=tuple(batteries),
        cars=tuple(cars),
    )


def settled(
    of: PlanProblem,
    *,
    charge: Sequence[PerSlot] = (),
    discharge: Sequence[PerSlot] = (),
    cars: Sequence[PerSlot] = (),
    curtail: PerSlot = 0.0,
) -> Dispatch:
    """Return a dispatch with these flows [kWh], 0 where none is told; the grid covers the rest."""
    n_slots = of.n_slots

    def flows(told: Sequence[PerSlot], n_devices: int) -> tuple[FloatArray, ...]:
        every = [*told, *(0.0 for _ in range(n_devices - len(told)))]
        return tuple(per_slot(values, n_slots) for values in every)

    charged = flows(charge, len(of.batteries))
    discharged = flows(discharge, len(of.batteries))
    fed = flows(cars, len(of.cars))
    curtailed = per_slot(curtail, n_slots)
    net = of.load_kwh - of.pv_kwh + curtailed + sum(charged) + sum(fed) - sum(discharged)
    return Dispatch(
        grid_import_kwh=np.maximum(net, 0.0),
        grid_export_kwh=np.maximum(-net, 0.0),
        curtail_kwh=curtailed,
        charge_kwh=charged,
        discharge_kwh=discharged,
        car_kwh=fed,
    )


def doing_nothing(of: PlanProblem) -> Dispatch:
    """Return the dispatch in which batteries rest and cars charge what they surely do."""
    return settled(of, cars=[one.surely_kwh(of.n_slots).tolist() for one in of.cars])


def least_kwh(of: CarModel, n_slots: int, *, slot_h: float, n_first: int, kw: float) -> FloatArray:
    """Return ``kw`` in the first ``n_first`` slots of the car's window, while there is room."""
    found, room_kwh = np.zeros(n_slots), of.room_kwh / of.charge_efficiency_frac
    for slot in range(of.arrival_slot, min(of.arrival_slot + n_first, of.deadline_slot, n_slots)):
        if kw * slot_h > room_kwh:
            break
        found[slot] = kw * slot_h
        room_kwh -= kw * slot_h
    return series(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variety:
    """What problems that hypothesis draws may contain, besides plain homes."""

    max_slots: int = 24
    max_batteries: int = 2
    max_cars: int = 2
    with_negative_prices: bool = True
    with_limits: bool = True
    with_rules: bool = True
    with_reserve: bool = True
    with_taper: bool = True
    with_fixed: bool = True
    with_least: bool = True


def _hundredths(low: float, high: float) -> st.SearchStrategy[float]:
    return st.integers(round(low * 100), round(high * 100)).map(lambda n: n / 100)


def _tenths(low: float, high: float) -> st.SearchStrategy[float]:
    return st.integers(round(low * 10), round(high * 10)).map(lambda n: n / 10)


def _slots(values: st.SearchStrategy[float], n_slots: int) -> st.SearchStrategy[list[float]]:
    return st.lists(values, min_size=n_slots, max_size=n_slots)


def _sometimes(
    values: st.SearchStrategy[Drawn], *, when: bool = True
) -> st.SearchStrategy[Drawn | None]:
    return st.one_of(st.none(), values) if when else st.none()


def _falling_pieces(widths: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[ValuePiece, ...]]:
    pairs = st.lists(st.tuples(widths, _hundredths(0.0, 0.6)), min_size=1, max_size=3)
    return pairs.map(lambda drawn: pieces(*sorted(drawn, key=lambda pair: -pair[1])))


@st.composite
def _tapers(draw: st.DrawFn, *, capacity_kwh: float, full_kw: float) -> tuple[TaperPoint, ...]:
    """Full power up to a point, then falling to the capacity, in one or two lines."""
    begin_kwh = round(capacity_kwh * draw(st.sampled_from((0.5, 0.8, 0.9))), 3)
    last_kw = round(full_kw * draw(st.sampled_from((0.0, 0.2, 0.5))), 3)
    points = [(begin_kwh, full_kw), (capacity_kwh, last_kw)]
    if draw(st.booleans()):
        middle_kw = round(last_kw + (full_kw - last_kw) * 0.7, 3)
        points.insert(1, (round((begin_kwh + capacity_kwh) / 2, 3), middle_kw))
    return tuple(TaperPoint(soc_kwh=soc, charge_max_kw=kw) for soc, kw in points)


def _full_wishes(*, capacity_kwh: float, n_slots: int) -> st.SearchStrategy[FullWish]:
    """Full in some slots, at a price of its own in each."""
    prices = _slots(st.sampled_from((0.0, 0.0, 0.05, 1.0)), n_slots)
    return prices.map(lambda drawn: FullWish(soc_kwh=capacity_kwh, eur_per_kwh_h=series(drawn)))


@st.composite
def _batteries(draw: st.DrawFn, *, name: str, n_slots: int, variety: Variety) -> BatteryModel:
    capacity = draw(st.sampled_from((2.0, 5.0, 10.0)))
    lowest, highest = draw(st.sampled_from(((0.0, 1.0), (0.1, 1.0), (0.2, 0.8))))
    charge_kw = draw(st.sampled_from((0.0, 1.0, 2.5, 5.0)))
    may = st.just(value=True) if not variety.with_rules else st.booleans()
    above = st.just(0.0) if not variety.with_rules else st.sampled_from((0.0, 0.3, 0.7))
    reserve = draw(_sometimes(_slots(_tenths(0.0, capacity), n_slots), when=variety.with_reserve))
    is_tapered = variety.with_taper and draw(st.booleans())
    return BatteryModel(
        name=name,
        capacity_kwh=capacity,
        soc_kwh=draw(_tenths(0.0, capacity)),
        soc_min_kwh=round(capacity * lowest, 2),
        soc_max_kwh=round(capacity * highest, 2),
        charge_max_kw=charge_kw,
        discharge_max_kw=draw(st.sampled_from((0.0, 1.0, 2.5, 5.0))),
        charge_efficiency_frac=draw(st.sampled_from((0.9, 0.95, 1.0))),
        discharge_efficiency_frac=draw(st.sampled_from((0.9, 0.95, 1.0))),
        wear_eur_per_kwh=draw(st.sampled_from((0.0, 0.01, 0.05))),
        terminal=draw(st.one_of(st.just(()), _falling_pieces(_tenths(0.0, capacity)))),
        taper=draw(_tapers(capacity_kwh=capacity, full_kw=charge_kw)) if is_tapered else (),
        may_grid_charge=draw(may),
        may_export=draw(may),
        may_feed_cars=draw(may),
        cars_above_kwh=round(capacity * draw(above), 2),
        reserve=None
        if reserve is None
        else Reserve(
            soc_kwh=series(reserve),
            eur_per_kwh_h=draw(_hundredths(0.0, 0.2)),
            full=draw(_sometimes(_full_wishes(capacity_kwh=capacity, n_slots=n_slots))),
        ),
    )


@st.composite
def _cars(draw: st.DrawFn, *, name: str, n_slots: int, slot_h: float, variety: Variety) -> CarModel:
    arrival = draw(st.integers(0, n_slots - 1))
    one_range = draw(st.sampled_from(((0.0, 3.68), (1.38, 3.68), (4.14, 11.04), (11.0, 11.0))))
    spans = (PowerRange(low_kw=one_range[0], high_kw=one_range[1]),)
    soc = draw(_tenths(0.0, 40.0))
    wish = draw(_falling_pieces(_tenths(0.0, 11.0 * slot_h * 4.0)))
    powers = st.sampled_from((0.0, 1.5, 11.0))
    fixed = draw(_sometimes(_slots(powers, n_slots), when=variety.with_fixed))
    car = CarModel(
        name=name,
        capacity_kwh=250.0,
        soc_kwh=soc,
        target_kwh=round(soc + sum(piece.width_kwh for piece in wish), 1),
        arrival_slot=arrival,
        deadline_slot=draw(st.integers(arrival, n_slots + 2)),
        ranges=draw(st.sampled_from((spans, (ONE_PHASE, THREE_PHASES)))),
        charge_efficiency_frac=draw(st.sampled_from((0.9, 1.0))),
        wish=wish,
        fixed_kwh=None if fixed is None else series(fixed) * slot_h,
    )
    n_first = draw(st.integers(0, n_slots)) if variety.with_least and fixed is None else 0
    if not n_first:
        return car
    kw = draw(st.sampled_from([end for span in car.ranges for end in (span.low_kw, span.high_kw)]))
    return replace(car, least_kwh=least_kwh(car, n_slots, slot_h=slot_h, n_first=n_first, kw=kw))


@st.composite
def _prices(draw: st.DrawFn, *, n_slots: int, variety: Variety) -> tuple[list[float], list[float]]:
    """Draw what a kWh costs and what it brings: flat, free or tied to each other."""
    lowest = -0.2 if variety.with_negative_prices else 0.0
    flat = _hundredths(lowest, 0.5).map(lambda price: [price] * n_slots)
    buy = draw(st.one_of(flat, _slots(_hundredths(lowest, 0.5), n_slots)))
    sell = draw(
        st.one_of(
            st.just([0.08] * n_slots),
            st.just([round(price - 0.1, 2) for price in buy]),
            _slots(_hundredths(lowest, 0.5), n_slots),
        )
    )
    return buy, sell


@st.composite
def problems(draw: st.DrawFn, /, **variety: Any) -> PlanProblem:
    """Draw any home within a `Variety`: signs of prices, odd limits and starts, several devices."""
    allowed = Variety(**variety)
    n_slots = draw(st.integers(min(4, allowed.max_slots), allowed.max_slots))
    slot_h = draw(st.sampled_from((1.0, 0.25)))
    buy, sell = draw(_prices(n_slots=n_slots, variety=allowed))
    limit = st.sampled_from((0.0, 1.0, 3.0, 12.0)).map(lambda kw: kw * slot_h)
    n_batteries = draw(st.integers(0, allowed.max_batteries))
    n_cars = draw(st.integers(0, allowed.max_cars))
    return problem(
        n_slots,
        slot_h=slot_h,
        buy=buy,
        sell=sell,
        pv=draw(_slots(_tenths(0.0, 6.0 * slot_h), n_slots)),
        load=draw(_slots(_tenths(0.0, 3.0 * slot_h), n_slots)),
        import_max=draw(_sometimes(limit, when=allowed.with_limits)),
        export_max=draw(_sometimes(limit, when=allowed.with_limits)),
        can_curtail=draw(st.booleans()),
        batteries=[
            draw(_batteries(name=f"battery {i + 1}", n_slots=n_slots, variety=allowed))
            for i in range(n_batteries)
        ],
        cars=[
            draw(_cars(name=f"car {i + 1}", n_slots=n_slots, slot_h=slot_h, variety=allowed))
            for i in range(n_cars)
        ],
    ).checked()


def random_problem(
    rng: np.random.Generator,
    *,
    n_slots: int = 96,
    slot_h: float = 0.25,
    max_batteries: int = 1,
    max_cars: int = 2,
) -> PlanProblem:
    """Return a realistic stretch of days from midnight on, the same for the same ``rng``.

    Args:
        rng: Where chance comes from.
        n_slots: How many slots.
        slot_h: Their length [h].
        max_batteries: At most so many batteries; there is nearly always one.
        max_cars: At most so many cars.
    """
    hour = np.arange(n_slots, dtype=np.float64) * slot_h
    buy, sell = _random_prices(rng, hour)
    return problem(
        n_slots,
        slot_h=slot_h,
        buy=buy.tolist(),
        sell=sell.tolist(),
        pv=_random_pv_kwh(rng, hour, slot_h).tolist(),
        load=_random_load_kwh(rng, hour, slot_h).tolist(),
        import_max=rng.choice((7.0, 14.0)) * slot_h if rng.random() < 0.3 else None,
        export_max=rng.choice((2.0, 5.0)) * slot_h if rng.random() < 0.3 else None,
        can_curtail=rng.random() < 0.5,
        batteries=[
            _random_battery(rng, f"battery {i + 1}", n_slots)
            for i in range(max_batteries)
            if rng.random() < 0.9
        ],
        cars=[
            _random_car(rng, f"car {i + 1}", n_slots, slot_h)
            for i in range(rng.integers(0, max_cars + 1))
        ],
    ).checked()


def _random_prices(rng: np.random.Generator, hour: FloatArray) -> tuple[FloatArray, FloatArray]:
    day = hour % 24.0
    market = 0.08 + 0.05 * np.cos((day - 19.0) / 24.0 * 4.0 * np.pi)
    market -= rng.choice((0.0, 0.06, 0.16)) * np.exp(-0.5 * ((day - 13.0) / 2.5) ** 2)
    steps = rng.normal(0.0, 0.015, len(hour) // 4 + 1)
    market += np.repeat(steps, 4)[: len(hour)]
    kind = rng.choice(("spot", "spot", "spot", "flat", "two rates"))
    if kind == "flat":
        buy = np.full_like(hour, 0.32)
    elif kind == "two rates":
        buy = np.where((day < 6.0) | (day >= 22.0), 0.22, 0.34)
    else:
        buy = market * 1.19 + rng.choice((0.04, 0.17))
    feed_in = rng.choice(("fixed", "fixed", "spot", "good"))
    sell = {"fixed": np.full_like(hour, 0.08), "spot": market, "good": np.full_like(hour, 0.25)}
    return np.round(buy, 4), np.round(sell[feed_in], 4)


def _random_pv_kwh(rng: np.random.Generator, hour: FloatArray, slot_h: float) -> FloatArray:
    half_day_h = rng.uniform(3.5, 8.0)
    height = np.cos(np.clip((hour % 24.0 - 13.0) / half_day_h, -1.0, 1.0) * np.pi / 2.0)
    clouds = rng.beta(2.0, rng.choice((0.5, 2.0)), len(hour))
    pv: FloatArray = np.round(rng.uniform(0.0, 10.0) * slot_h * height**1.3 * clouds, 3)
    return pv


def _random_load_kwh(rng: np.random.Generator, hour: FloatArray, slot_h: float) -> FloatArray:
    day = hour % 24.0
    course = 0.25 + 0.5 * np.exp(-0.5 * ((day - 7.5) / 1.2) ** 2)
    course += rng.uniform(0.5, 2.0) * np.exp(-0.5 * ((day - 19.0) / 1.8) ** 2)
    peaks = rng.choice((0.0, 2.0), len(hour), p=(0.95, 0.05))
    load: FloatArray = np.round((course * rng.gamma(6.0, 1 / 6.0, len(hour)) + peaks) * slot_h, 3)
    return load


def _random_battery(rng: np.random.Generator, name: str, n_slots: int) -> BatteryModel:
    capacity = float(rng.choice((5.0, 7.7, 10.2, 15.4)))
    power = round(capacity * float(rng.choice((0.4, 0.5, 0.8))), 2)
    near_full = TaperPoint(soc_kwh=round(0.85 * capacity, 3), charge_max_kw=power)
    full = TaperPoint(soc_kwh=capacity, charge_max_kw=round(0.2 * power, 3))
    reserve = Reserve(soc_kwh=per_slot(0.3 * capacity, n_slots), eur_per_kwh_h=0.01)
    value = float(rng.uniform(0.1, 0.3))
    return BatteryModel(
        name=name,
        capacity_kwh=capacity,
        soc_kwh=round(capacity * float(rng.uniform(0.0, 1.0)), 2),
        soc_min_kwh=round(capacity * float(rng.choice((0.05, 0.1))), 3),
        soc_max_kwh=round(capacity * float(rng.choice((0.9, 1.0))), 3),
        charge_max_kw=power,
        discharge_max_kw=power,
        charge_efficiency_frac=0.95,
        discharge_efficiency_frac=0.95,
        wear_eur_per_kwh=float(rng.choice((0.0, 0.01, 0.05))),
        terminal=pieces(*((round(capacity / 3, 3), round(value * f, 4)) for f in (1.0, 0.9, 0.6))),
        taper=(near_full, full) if rng.random() < 0.5 else (),
        may_grid_charge=rng.random() < 0.6,
        may_export=rng.random() < 0.4,
        may_feed_cars=rng.random() < 0.7,
        cars_above_kwh=round(capacity * float(rng.choice((0.0, 0.5))), 2),
        reserve=reserve if rng.random() < 0.5 else None,
    )


def _random_car(rng: np.random.Generator, name: str, n_slots: int, slot_h: float) -> CarModel:
    capacity = float(rng.choice((40.0, 58.0, 77.0)))
    soc = round(capacity * float(rng.uniform(0.1, 0.7)), 1)
    target = round(capacity * float(rng.choice((0.6, 0.8))), 1)
    must, room = max(target - soc, 0.0), capacity - max(target, soc)
    arrival = int(rng.integers(0, max(n_slots // 2, 1)))
    stay = round(float(rng.uniform(3.0, 14.0)) / slot_h)
    spans = ((ONE_PHASE,), (THREE_PHASES,), (ONE_PHASE, THREE_PHASES))
    is_now = rng.random() < 0.05
    fixed = np.zeros(n_slots)
    fixed[arrival : arrival + round(2.0 / slot_h)] = 11.0 * slot_h
    return CarModel(
        name=name,
        capacity_kwh=capacity,
        soc_kwh=soc,
        target_kwh=target,
        arrival_slot=arrival,
        deadline_slot=min(arrival + stay, n_slots),
        ranges=spans[rng.integers(0, 3)],
        charge_efficiency_frac=0.9,
        wish=pieces((round(must, 2), 1.0), (round(room, 2), round(float(rng.uniform(0, 0.2)), 3))),
        fixed_kwh=series(fixed) if is_now else None,
    )
