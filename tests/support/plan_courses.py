"""What is left of a problem once the first slots of a plan have been carried out."""

from dataclasses import replace

from planner.dispatch import Dispatch, battery_soc
from planner.model import Memory
from planner.plan_problem import CarModel, FloatArray, PlanProblem, ValuePiece, series


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
            _car_after(car, dispatch.car_kwh[index], passed)
            for index, car in enumerate(problem.cars)
        ),
    ).checked()


def _car_after(car: CarModel, kwh: FloatArray, passed: int) -> CarModel:
    charged_kwh = float(kwh[:passed].sum()) * car.charge_efficiency_frac
    left, wish = charged_kwh, []
    for piece in car.wish:
        part = min(left, piece.width_kwh)
        left -= part
        wish.append(ValuePiece(width_kwh=piece.width_kwh - part, eur_per_kwh=piece.eur_per_kwh))
    return replace(
        car,
        soc_kwh=car.soc_kwh + charged_kwh,
        arrival_slot=max(car.arrival_slot - passed, 0),
        deadline_slot=max(car.deadline_slot - passed, 0),
        wish=tuple(wish),
        fixed_kwh=None if car.fixed_kwh is None else series(car.fixed_kwh[passed:]),
    )


def remembered(dispatch: Dispatch, passed: int = 1, *, eur_per_kwh: float = 0.002) -> Memory:
    """Return what ``dispatch`` wanted from slot ``passed`` on."""

    def rest(flows: tuple[FloatArray, ...]) -> tuple[FloatArray, ...]:
        return tuple(kwh[passed:] for kwh in flows)

    return Memory(
        charge_kwh=rest(dispatch.charge_kwh),
        discharge_kwh=rest(dispatch.discharge_kwh),
        car_kwh=rest(dispatch.car_kwh),
        reach=dispatch.n_slots - passed,
        eur_per_kwh=eur_per_kwh,
    )


def moved_kwh(memory: Memory, dispatch: Dispatch) -> float:
    """Return how much energy is planned otherwise than remembered [kWh]."""
    pairs = (
        *zip(memory.charge_kwh, dispatch.charge_kwh, strict=True),
        *zip(memory.discharge_kwh, dispatch.discharge_kwh, strict=True),
        *zip(memory.car_kwh, dispatch.car_kwh, strict=True),
    )
    reach = memory.reach
    return float(sum(abs(now[:reach] - before[:reach]).sum() for before, now in pairs))
