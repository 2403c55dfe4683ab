"""How planning grows with the horizon and the number of cars, on homes that are made up."""

import statistics
import time
from collections.abc import Callable

import numpy as np

from bench.planner_least import one_slot_later
from planner.exact import plan_exactly
from planner.fast import plan_fast
from planner.plan_problem import BatteryModel, CarModel, PlanProblem, PowerRange, ValuePiece, series
from planner.rolling import RollingPlanner

N_SLOTS = (96, 192, 288, 672)
N_CARS = (0, 1, 2, 3, 4)
_PER_DAY = 96
_SLOT_H = 0.25


def made_up_home(n_slots: int, n_cars: int, *, seed: int = 1) -> PlanProblem:
    """Return a home with PV, a battery and cars that come and go at different times."""
    rng = np.random.default_rng(seed)
    slot = np.arange(n_slots)
    hour = (slot % _PER_DAY) * _SLOT_H
    cents = 28.0 + 6.0 * np.cos((hour - 19.0) / 24.0 * 4.0 * np.pi)
    cents += np.repeat(rng.normal(0.0, 2.0, n_slots // 4), 4)
    sun = np.maximum(np.sin((hour - 6.0) / 12.0 * np.pi), 0.0) ** 1.3
    clouds = np.repeat(rng.beta(2.0, 1.5, n_slots // 4), 4)
    evening = 0.3 + 0.9 * np.exp(-((hour - 19.0) ** 2) / 6.0)
    return PlanProblem(
        slot_h=_SLOT_H,
        import_price_eur_per_kwh=series(np.round(cents / 100.0, 4)),
        export_price_eur_per_kwh=series(np.full(n_slots, 0.08)),
        pv_kwh=series(np.round(8.0 * _SLOT_H * sun * clouds, 3)),
        load_kwh=series(np.round(_SLOT_H * evening * rng.gamma(6.0, 1.0 / 6.0, n_slots), 3)),
        can_curtail=True,
        batteries=(
            BatteryModel(
                name="battery",
                capacity_kwh=10.0,
                soc_kwh=4.0,
                soc_min_kwh=0.5,
                soc_max_kwh=10.0,
                charge_max_kw=5.0,
                discharge_max_kw=5.0,
                charge_efficiency_frac=0.95,
                discharge_efficiency_frac=0.95,
                terminal=(ValuePiece(width_kwh=10.0, eur_per_kwh=0.22),),
            ),
        ),
        cars=tuple(_made_up_car(index, n_slots) for index in range(n_cars)),
    ).checked()


def _made_up_car(index: int, n_slots: int) -> CarModel:
    arrival = (7 * index) % 40
    return CarModel(
        name=f"car {index + 1}",
        capacity_kwh=58.0,
        soc_kwh=20.0 + 3.0 * index,
        target_kwh=46.0,
        arrival_slot=arrival,
        deadline_slot=min(arrival + 60 + 9 * index, n_slots),
        ranges=(PowerRange(low_kw=(1.38, 4.14)[index % 2], high_kw=11.04),),
        charge_efficiency_frac=0.9,
        wish=(
            ValuePiece(width_kwh=26.0 - 3.0 * index, eur_per_kwh=2.0),
            ValuePiece(width_kwh=12.0, eur_per_kwh=0.05),
        ),
    )


def median_ms(run: Callable[[], object], repeats: int) -> float:
    """Return the median processor time of ``run`` [ms]."""
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        run()
        times.append(time.process_time() - begin)
    return 1e3 * statistics.median(times)


def rolling_ms(problem: PlanProblem, repeats: int) -> float:
    """Return the median processor time of planning again one slot later [ms]."""
    times = []
    for _ in range(repeats):
        planner = RollingPlanner()
        now = planner.plan(problem, moved=0, seconds=time.monotonic, time_limit_s=10.0)
        later = one_slot_later(problem, now.dispatch)
        begin = time.process_time()
        planner.plan(later, moved=1, seconds=time.monotonic, time_limit_s=10.0)
        times.append(time.process_time() - begin)
    return 1e3 * statistics.median(times)


def print_growth(*, repeats: int = 3, most_slots: int = max(N_SLOTS)) -> None:
    """Print a table in Markdown: milliseconds and the exact path's gap."""
    print("\n| slots | cars | exact ms | exact gap ct | fast ms | fast gap ct | a slot later ms |")
    print("|---|---|---|---|---|---|---|")
    for n_slots in (n for n in N_SLOTS if n <= most_slots):
        for n_cars in N_CARS:
            problem = made_up_home(n_slots, n_cars)

            def exactly(problem: PlanProblem = problem) -> float | None:
                plan = plan_exactly(problem, seconds=time.monotonic, time_limit_s=1.0)
                return plan.gap_eur

            def quickly(problem: PlanProblem = problem) -> float | None:
                return plan_fast(problem, seconds=time.monotonic, time_limit_s=10.0).gap_eur

            gaps = [100.0 * (gap or 0.0) for gap in (exactly(), quickly())]
            print(
                f"| {n_slots} | {n_cars} | {median_ms(exactly, repeats):.0f} | {gaps[0]:.2f} "
                f"| {median_ms(quickly, repeats):.1f} | {gaps[1]:.2f} "
                f"| {rolling_ms(problem, repeats):.1f} |",
                flush=True,
            )
