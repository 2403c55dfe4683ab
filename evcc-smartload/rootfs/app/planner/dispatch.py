"""What flows in each slot, and what that costs."""

from dataclasses import dataclass

import numpy as np

from domain.plan import PlanCost
from planner.plan_problem import (
    BatteryModel,
    CarModel,
    FloatArray,
    PlanProblem,
    Reserve,
    ValuePiece,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dispatch:
    """Energy flows per slot [kWh], none of them negative; all arrays have shape (n_slots,).

    ``charge_kwh`` and ``discharge_kwh`` have one array per battery of the problem, ``car_kwh``
    one per car; AC side.
    """

    grid_import_kwh: FloatArray
    grid_export_kwh: FloatArray
    curtail_kwh: FloatArray
    charge_kwh: tuple[FloatArray, ...]
    discharge_kwh: tuple[FloatArray, ...]
    car_kwh: tuple[FloatArray, ...]

    @property
    def n_slots(self) -> int:
        """How many slots there are."""
        return len(self.grid_import_kwh)


def overload_price(problem: PlanProblem) -> float:
    """Return what a kWh beyond fuse or export limit costs [EUR/kWh]: above any wish and price.

    It is no price of the world. It makes every problem solvable, and what cannot be avoided seen.
    """
    worth = [piece.eur_per_kwh for car in problem.cars for piece in car.wish]
    worth += [piece.eur_per_kwh for battery in problem.batteries for piece in battery.terminal]
    for prices in (problem.import_price_eur_per_kwh, problem.export_price_eur_per_kwh):
        worth.append(float(np.abs(prices).max(initial=0.0)))
    return 10.0 + 10.0 * max(*worth, 0.0)


def battery_soc(battery: BatteryModel, dispatch: Dispatch, index: int) -> FloatArray:
    """Return what battery ``index`` holds at the end of each slot [kWh]."""
    gained = dispatch.charge_kwh[index] * battery.charge_efficiency_frac
    taken = dispatch.discharge_kwh[index] / battery.discharge_efficiency_frac
    soc: FloatArray = battery.soc_kwh + np.cumsum(gained - taken)
    return soc


def car_soc(car: CarModel, dispatch: Dispatch, index: int) -> FloatArray:
    """Return what car ``index`` holds at the end of each slot [kWh]."""
    soc: FloatArray = car.soc_kwh + np.cumsum(dispatch.car_kwh[index] * car.charge_efficiency_frac)
    return soc


def value_of(pieces: tuple[ValuePiece, ...], kwh: float, *, is_open: bool) -> float:
    """Return what ``kwh`` are worth [EUR] from the first piece on.

    Args:
        pieces: Falling values.
        kwh: May be negative: then the first piece's value holds below it.
        is_open: Whether the last piece's value holds for all that lies beyond it; else nothing.
    """
    if not pieces:
        return 0.0
    if kwh < 0.0:
        return kwh * pieces[0].eur_per_kwh
    worth, left = 0.0, kwh
    for piece in pieces:
        part = min(left, piece.width_kwh)
        worth += part * piece.eur_per_kwh
        left -= part
    return worth + (left * pieces[-1].eur_per_kwh if is_open else 0.0)


def lacking_eur(reserve: Reserve, soc_kwh: FloatArray, slot_h: float) -> FloatArray:
    """Return what is missing of a reserve in each slot, as money [EUR], shape (n_slots,)."""
    lacking = np.maximum(reserve.wanted_kwh - soc_kwh, 0.0)
    cost: FloatArray = reserve.prices_eur_per_kwh_h * slot_h * lacking
    return cost


def cost_of(problem: PlanProblem, dispatch: Dispatch) -> PlanCost:
    """Return what ``dispatch`` costs, worked out from its flows alone."""
    wear = stored = reserve = missing = 0.0
    for index, battery in enumerate(problem.batteries):
        wear += battery.wear_eur_per_kwh * float(dispatch.discharge_kwh[index].sum())
        soc = battery_soc(battery, dispatch, index)
        stored += value_of(
            battery.terminal, battery.soc_kwh - battery.soc_min_kwh, is_open=True
        ) - value_of(battery.terminal, float(soc[-1]) - battery.soc_min_kwh, is_open=True)
        if battery.reserve is not None:
            reserve += float(lacking_eur(battery.reserve, soc, problem.slot_h).sum())
    for index, car in enumerate(problem.cars):
        charged = float(dispatch.car_kwh[index].sum()) * car.charge_efficiency_frac
        missing += value_of(car.wish, car.room_kwh, is_open=False) - value_of(
            car.wish, charged, is_open=False
        )
    return PlanCost(
        import_eur=float(problem.import_price_eur_per_kwh @ dispatch.grid_import_kwh),
        export_eur=-float(problem.export_price_eur_per_kwh @ dispatch.grid_export_kwh),
        wear_eur=wear,
        stored_eur=stored,
        missing_eur=missing,
        reserve_eur=reserve,
        overload_eur=overload_price(problem) * _overload_kwh(problem, dispatch),
    )


def _overload_kwh(problem: PlanProblem, dispatch: Dispatch) -> float:
    over = 0.0
    if problem.import_max_kwh is not None:
        over += float(np.maximum(dispatch.grid_import_kwh - problem.import_max_kwh, 0.0).sum())
    if problem.export_max_kwh is not None:
        over += float(np.maximum(dispatch.grid_export_kwh - problem.export_max_kwh, 0.0).sum())
    return over
