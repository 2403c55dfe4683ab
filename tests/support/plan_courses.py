"""What is left of a problem once the first slots of a plan have been carried out."""

from dataclasses import replace

import numpy as np

from planner.dispatch import Dispatch, battery_soc, car_soc
from planner.model import Memory
from planner.plan_memory import car_later
from planner.plan_problem import FloatArray, PlanProblem, series


def after(problem: PlanProblem, dispatch: Dispatch, passed: int = 1) -> PlanProblem:
    """Return the problem ``passed`` slots later, its horizon's end where it was."""

    def rest(values: FloatArray) -> FloatArray:
        return series(values[passed:])

    def limit(values: FloatArray | None) -> FloatArray | None:
        return None if values is None else rest(values)

    return replace(
        problem,
        import_price_eur_per_kwh=rest(problem.import_price_eur_per_kwh),
        export_price_eur_per_kwh=rest(problem.export_price_eur_per_kwh),
        pv_kwh=rest(problem.pv_kwh),
        load_kwh=rest(problem.load_kwh),
        import_max_kwh=limit(problem.import_max_kwh),
        export_max_kwh=limit(problem.export_max_kwh),
        batteries=tuple(
            replace(
                battery,
                soc_kwh=float(battery_soc(battery, dispatch, index)[passed - 1]),
                reserve=None
                if battery.reserve is None
                else replace(battery.reserve, soc_kwh=rest(battery.reserve.soc_kwh)),
            )
            for index, battery in enumerate(problem.batteries)
        ),
        cars=tuple(
            car_later(
                car,
                soc_kwh=float(car_soc(car, dispatch, index)[passed - 1]),
                passed=passed,
                n_slots=problem.n_slots - passed,
            )
            for index, car in enumerate(problem.cars)
        ),
    ).checked()


def remembered(dispatch: Dispatch, passed: int = 1, *, eur_per_kwh: float = 0.002) -> Memory:
    """Return what ``dispatch`` wanted from slot ``passed`` on."""

    def rest(flows: tuple[FloatArray, ...]) -> tuple[FloatArray, ...]:
        return tuple(kwh[passed:] for kwh in flows)

    return Memory(
        charge_kwh=rest(dispatch.charge_kwh),
        discharge_kwh=rest(dispatch.discharge_kwh),
        car_kwh=rest(dispatch.car_kwh),
        net_kwh=np.zeros(dispatch.n_slots - passed),
        reach=dispatch.n_slots - passed,
        eur_per_kwh=eur_per_kwh,
    )


def moved_kwh(memory: Memory, dispatch: Dispatch) -> float:
    """Return how much energy is planned otherwise than remembered [kWh].

    Counted from the flows on its own, as what the model counts is checked against it.
    """
    pairs = (
        *zip(memory.charge_kwh, dispatch.charge_kwh, strict=True),
        *zip(memory.discharge_kwh, dispatch.discharge_kwh, strict=True),
        *zip(memory.car_kwh, dispatch.car_kwh, strict=True),
    )
    reach = memory.reach
    return float(sum(abs(now[:reach] - before[:reach]).sum() for before, now in pairs))
