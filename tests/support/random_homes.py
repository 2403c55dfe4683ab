"""Homes of every kind from a seed, and a plain check of what physics allows in them."""

from dataclasses import dataclass

import numpy as np

from domain.site import ChargeMode
from planner.dispatch import Dispatch
from planner.evcc_rules import CarRule, EvccRules
from planner.plan_problem import (
    BatteryModel,
    CarModel,
    PlanProblem,
    PowerRange,
    Reserve,
    TaperPoint,
    ValuePiece,
    series,
)

RANGES = (
    (PowerRange(low_kw=1.38, high_kw=3.68), PowerRange(low_kw=4.14, high_kw=11.04)),
    (PowerRange(low_kw=4.14, high_kw=11.04),),
    (PowerRange(low_kw=3.0, high_kw=3.0),),
    (PowerRange(low_kw=0.0, high_kw=7.0),),
    (),
)
MODES = tuple(ChargeMode)
TOLERANCE_KWH = 1e-6


@dataclass(slots=True)
class _Draw:
    random: np.random.Generator

    def number(self, low: float, high: float) -> float:
        return float(self.random.uniform(low, high))

    def chance(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def whole(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high))


def random_home(seed: int) -> tuple[PlanProblem, EvccRules]:
    """Return a home, also a strange one, and what its owner set in evcc."""
    draw = _Draw(np.random.default_rng(seed))
    n_slots = draw.whole(1, 40)
    slot_h = (0.25, 0.5, 1.0)[draw.whole(0, 3)]
    cars = tuple(_car(draw, index, n_slots, slot_h) for index in range(draw.whole(0, 4)))
    problem = PlanProblem(
        slot_h=slot_h,
        import_price_eur_per_kwh=series(draw.random.uniform(-0.1, 0.5, n_slots)),
        export_price_eur_per_kwh=series(draw.random.uniform(-0.1, 0.3, n_slots)),
        pv_kwh=series(np.maximum(0.0, draw.random.normal(1.0, 3.0, n_slots)) * slot_h),
        load_kwh=series(draw.random.uniform(0.0, 3.0, n_slots) * slot_h),
        import_max_kwh=(
            series(np.full(n_slots, draw.number(3.0, 15.0) * slot_h)) if draw.chance(0.5) else None
        ),
        export_max_kwh=(
            series(draw.random.uniform(0.0, 6.0, n_slots) * slot_h) if draw.chance(0.5) else None
        ),
        can_curtail=draw.chance(0.6),
        batteries=tuple(_battery(draw, index, n_slots) for index in range(draw.whole(0, 4))),
        cars=cars,
    )
    return problem.checked(), _rules(draw, len(cars))


def _battery(draw: _Draw, index: int, n_slots: int) -> BatteryModel:
    capacity_kwh = draw.number(2.0, 20.0)
    taper = (
        TaperPoint(soc_kwh=0.6 * capacity_kwh, charge_max_kw=4.0),
        TaperPoint(soc_kwh=0.8 * capacity_kwh, charge_max_kw=3.0),
        TaperPoint(soc_kwh=capacity_kwh, charge_max_kw=0.3),
    )
    terminal = (
        ValuePiece(width_kwh=0.3 * capacity_kwh, eur_per_kwh=0.3),
        ValuePiece(width_kwh=0.3 * capacity_kwh, eur_per_kwh=draw.number(0.0, 0.25)),
    )
    reserve = Reserve(
        soc_kwh=series(draw.random.uniform(0.0, capacity_kwh, n_slots)),
        eur_per_kwh_h=draw.number(0.0, 0.2),
    )
    return BatteryModel(
        name=f"battery {index}",
        capacity_kwh=capacity_kwh,
        soc_kwh=draw.number(0.0, capacity_kwh),
        soc_min_kwh=draw.number(0.0, 0.3) * capacity_kwh,
        soc_max_kwh=draw.number(0.6, 1.0) * capacity_kwh,
        charge_max_kw=draw.number(0.0, 6.0),
        discharge_max_kw=draw.number(0.0, 6.0),
        charge_efficiency_frac=draw.number(0.8, 1.0),
        discharge_efficiency_frac=draw.number(0.8, 1.0),
        wear_eur_per_kwh=draw.number(0.0, 0.05),
        terminal=terminal if draw.chance(0.7) else (),
        taper=taper if draw.chance(0.5) else (),
        may_grid_charge=draw.chance(0.5),
        may_export=draw.chance(0.5),
        may_feed_cars=draw.chance(0.6),
        cars_above_kwh=draw.number(0.0, capacity_kwh) if draw.chance(0.5) else 0.0,
        reserve=reserve if draw.chance(0.5) else None,
    )


def _car(draw: _Draw, index: int, n_slots: int, slot_h: float) -> CarModel:
    arrival_slot, soc_kwh = draw.whole(0, n_slots), draw.number(0.0, 40.0)
    fixed = series(draw.random.choice([0.0, 0.0, 1.0, 2.5], n_slots) * slot_h)
    wish = (
        ValuePiece(width_kwh=draw.number(0.0, 15.0), eur_per_kwh=draw.number(0.3, 2.0)),
        ValuePiece(width_kwh=draw.number(0.0, 15.0), eur_per_kwh=draw.number(-0.1, 0.3)),
    )
    return CarModel(
        name=f"car {index}",
        capacity_kwh=80.0,
        soc_kwh=soc_kwh,
        target_kwh=soc_kwh + draw.number(0.0, 25.0),
        arrival_slot=arrival_slot,
        deadline_slot=arrival_slot + draw.whole(0, n_slots + 3),
        ranges=RANGES[draw.whole(0, len(RANGES))],
        charge_efficiency_frac=draw.number(0.85, 1.0),
        wish=wish if draw.chance(0.95) else (),
        fixed_kwh=fixed if draw.chance(0.2) else None,
    )


def _rules(draw: _Draw, n_cars: int) -> EvccRules:
    cars = tuple(
        CarRule(
            mode=MODES[draw.whole(0, len(MODES))],
            has_plan=draw.chance(0.6),
            smart_cost_limit_eur_per_kwh=draw.number(-0.1, 0.3) if draw.chance(0.4) else None,
        )
        for _ in range(n_cars)
    )
    return EvccRules(
        cars=cars,
        priority_soc_pct=30.0 if draw.chance(0.5) else 0.0,
        buffer_soc_pct=60.0 if draw.chance(0.5) else 0.0,
        buffer_start_soc_pct=80.0 if draw.chance(0.5) else 0.0,
        discharge_control=draw.chance(0.5),
        grid_charge_limit_eur_per_kwh=draw.number(-0.1, 0.3) if draw.chance(0.5) else None,
    )


def broken_physics(problem: PlanProblem, flows: Dispatch) -> list[str]:
    """Return what physics does not allow, slot by slot in plain numbers."""
    found = []
    for slot in range(problem.n_slots):
        found += _wrong_house(problem, flows, slot)
    for index, battery in enumerate(problem.batteries):
        found += _wrong_battery(problem, battery, flows, index)
    for index, car in enumerate(problem.cars):
        found += _wrong_car(problem, car, flows.car_kwh[index].tolist())
    return found


def _wrong_house(problem: PlanProblem, flows: Dispatch, slot: int) -> list[str]:
    devices = [*flows.charge_kwh, *flows.discharge_kwh, *flows.car_kwh]
    buys, sells = flows.grid_import_kwh[slot], flows.grid_export_kwh[slot]
    curtailed = flows.curtail_kwh[slot]
    comes = problem.pv_kwh[slot] - curtailed + buys
    comes += sum(given[slot] for given in flows.discharge_kwh)
    goes = problem.load_kwh[slot] + sells
    goes += sum(taken[slot] for taken in (*flows.charge_kwh, *flows.car_kwh))
    wrong = {
        "balance": abs(comes - goes) > TOLERANCE_KWH,
        "negative": min([buys, sells, curtailed, *(flow[slot] for flow in devices)]) < 0.0,
        "both ways": min(buys, sells) > TOLERANCE_KWH,
        "curtails": curtailed > (problem.pv_kwh[slot] if problem.can_curtail else 0.0),
    }
    return [f"{name} in {slot}" for name, is_wrong in wrong.items() if is_wrong]


def _wrong_battery(
    problem: PlanProblem, battery: BatteryModel, flows: Dispatch, index: int
) -> list[str]:
    found = []
    soc_kwh, h = battery.soc_kwh, problem.slot_h
    pairs = zip(flows.charge_kwh[index].tolist(), flows.discharge_kwh[index].tolist(), strict=True)
    for slot, (charge, discharge) in enumerate(pairs):
        most_kw = battery.charge_max_kw
        if battery.taper:
            tapered = np.interp(
                soc_kwh,
                [point.soc_kwh for point in battery.taper],
                [point.charge_max_kw for point in battery.taper],
            )
            most_kw = min(most_kw, float(tapered))
        after_kwh = soc_kwh + charge * battery.charge_efficiency_frac
        after_kwh -= discharge / battery.discharge_efficiency_frac
        wrong = {
            "charges too fast": charge > most_kw * h + TOLERANCE_KWH,
            "gives too fast": discharge > battery.discharge_max_kw * h + TOLERANCE_KWH,
            "both ways": min(charge, discharge) > 0.0,
            "too low": after_kwh < min(battery.soc_min_kwh, soc_kwh) - TOLERANCE_KWH,
            "too high": after_kwh > max(battery.soc_max_kwh, soc_kwh) + TOLERANCE_KWH,
        }
        found += [f"{battery.name} {name} in {slot}" for name, is_so in wrong.items() if is_so]
        soc_kwh = after_kwh
    return found


def _wrong_car(problem: PlanProblem, car: CarModel, charged: list[float]) -> list[str]:
    if car.fixed_kwh is not None:
        return [] if charged == car.fixed_kwh.tolist() else [f"{car.name} is not as fixed"]
    found = []
    for slot, kwh in enumerate(charged):
        if kwh == 0.0:
            continue
        if not car.arrival_slot <= slot < car.deadline_slot:
            found.append(f"{car.name} is away in {slot}")
        kw = kwh / problem.slot_h
        if not any(r.low_kw - 1e-6 <= kw <= r.high_kw + 1e-6 for r in car.ranges):
            found.append(f"{car.name} cannot charge with {kw} kW in {slot}")
    if sum(charged) * car.charge_efficiency_frac > car.room_kwh + TOLERANCE_KWH:
        found.append(f"{car.name} gets more than it has room for")
    return found
