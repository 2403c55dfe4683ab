"""What a period would have cost whoever had known all of it: the bound that no policy can beat.

One linear problem over all quarter hours that are lived through. What it leaves out of the plant
(the taper near full, a charger's least current, what evcc cannot be told) only makes others dearer.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from backtest.foresight_cars import CarStay, stays_of
from backtest.linear_sheet import Sheet
from backtest.period import Period
from domain.horizon import SLOT_H
from forecaster.series import BoolArray, FloatArray
from planner.solver import INFINITY, solve_once
from proof.accounting import AWAY_EUR_PER_KWH
from simulator.battery import BatterySpec

CAR_EFFICIENCY_FRAC = 0.9
"""What a car's battery gets of a kWh at the charger; as the simulated cars have it."""
_TIME_LIMIT_S = 900.0

_Places = npt.NDArray[np.int64]


class NoForesightError(RuntimeError):
    """The bound could not be worked out; the text says how the solver ended."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Foresight:
    """The cheapest way through a period; kWh at the AC side, shape (n_slots,) of what is lived.

    Args:
        import_kwh: Bought.
        export_kwh: Sold.
        charge_kwh: Into the battery.
        discharge_kwh: Out of it.
        soc_kwh: What it holds where each quarter hour begins and the last one ends, cells, shape
            (n_slots + 1,).
        car_kwh: Per car, shape (n_cars, n_slots).
        away_kwh: What cars charge elsewhere, cells, in the quarter hour in which they come home.
        left_kwh: What is in a car (by index) when a stay of it (by index) ends, cells.
        bound_eur: What no policy can be below: what is bought and charged elsewhere, less what is
            sold and the worth of what is stored more, in battery and cars.
        cost_eur: The same of these flows. It is above the bound only where feeding in pays more
            than buying costs: there the meter's two directions are no linear matter.
    """

    import_kwh: FloatArray
    export_kwh: FloatArray
    charge_kwh: FloatArray
    discharge_kwh: FloatArray
    soc_kwh: FloatArray
    car_kwh: FloatArray
    away_kwh: FloatArray
    left_kwh: dict[tuple[int, int], float]
    bound_eur: float
    cost_eur: float


def foresight(
    period: Period,
    battery: BatterySpec | None,
    *,
    may_grid_charge: bool,
    replacement_eur_per_kwh: float,
    must_be_ready: bool = True,
) -> Foresight:
    """Return the cheapest way through ``period`` from ``live_from`` on.

    Args:
        period: What is lived again.
        battery: The home's battery, its standby left out; None: there is none.
        may_grid_charge: Whether it may be charged beyond the sun's surplus.
        replacement_eur_per_kwh: What a kWh is worth that is stored more at the end, in cells.
        must_be_ready: Whether cars leave with what their owner wants, as far as that can be reached
            whatever was before. Without it the bound holds for policies that leave them short, too.

    Raises:
        NoForesightError: The solver found no optimum.
    """
    home = _Home(period)
    problem = _Problem(home, replacement_eur_per_kwh)
    if battery is not None:
        problem.add_battery(battery, may_grid_charge=may_grid_charge)
    for stay in stays_of(period, must_be_ready=must_be_ready):
        problem.add_stay(stay)
    return problem.solved(n_cars=len(period.cars))


class _Home:
    """What is given in each quarter hour that is lived through, shape (n_slots,)."""

    def __init__(self, period: Period) -> None:
        live = slice(period.live_from, period.n_slots)
        self.buys: FloatArray = period.import_price_eur_per_kwh[live]
        self.pays: FloatArray = period.export_price_eur_per_kwh[live]
        self.net: FloatArray = (period.load_kw - period.pv_kw)[live] * SLOT_H
        """What the house needs beyond the PV; surplus is negative."""
        self.n = len(self.net)
        self.car_most = np.zeros(self.n)
        for stay in stays_of(period, must_be_ready=False):
            self.car_most[stay.slots] += stay.most_kwh
        self.has_car: BoolArray = self.car_most > 0.0

    def eur(self, net_kwh: FloatArray) -> FloatArray:
        """Return what the meter costs while so much is needed."""
        cost: FloatArray = np.where(net_kwh > 0.0, self.buys, self.pays) * net_kwh
        return cost


class _Battery(NamedTuple):
    """Columns of a battery, one for each quarter hour; ``soc`` is at its end."""

    start_kwh: float
    soc: _Places
    sun: _Places
    grid: _Places
    give: _Places


class _AtHome(NamedTuple):
    """Columns of a stay."""

    stay: CarStay
    power: _Places
    left: _Places
    away: _Places


class _Problem:
    """The linear problem while it is written down.

    Where no car is, the battery's charge has two parts, of the sun's surplus and from the grid, and
    what it gives is what the house needs at most: then the meter needs no row.
    """

    def __init__(self, home: _Home, worth_eur_per_kwh: float) -> None:
        self._home = home
        self._worth = worth_eur_per_kwh
        self._sheet = Sheet()
        self._battery: _Battery | None = None
        self._stays: list[_AtHome] = []
        self._constant_eur = 0.0
        self._most_in = np.zeros(home.n)

    def add_battery(self, spec: BatterySpec, *, may_grid_charge: bool) -> None:
        """Let there be a battery that gives to house and cars, and never to the grid."""
        home, sheet, n = self._home, self._sheet, self._home.n
        most_in, most_out = spec.max_charge_kw * SLOT_H, spec.max_discharge_kw * SLOT_H
        start_kwh = spec.capacity_kwh * spec.initial_soc_pct / 100.0
        floor_kwh = min(spec.capacity_kwh * spec.floor_soc_pct / 100.0, start_kwh)
        sun = np.clip(-home.net, 0.0, most_in)
        beyond = most_in - sun if may_grid_charge else np.zeros(n)
        gives = np.where(home.has_car, most_out, np.clip(home.net, 0.0, most_out))
        zeros = np.zeros(n)
        battery = self._battery = _Battery(
            start_kwh=start_kwh,
            soc=sheet.columns(np.full(n, floor_kwh), np.full(n, spec.capacity_kwh)),
            sun=sheet.columns(zeros, sun),
            grid=sheet.columns(zeros, beyond),
            give=sheet.columns(zeros, gives),
        )
        self._most_in = sun + beyond
        sheet.cost(battery.soc[-1:], -self._worth)
        self._constant_eur += self._worth * start_kwh
        begins = zeros.copy()
        begins[0] = start_kwh
        stored = sheet.rows(begins, begins)
        sheet.put(stored, battery.soc, 1.0)
        sheet.put(stored[1:], battery.soc[:-1], -1.0)
        sheet.put(stored, battery.sun, -spec.charge_efficiency_frac)
        sheet.put(stored, battery.grid, -spec.charge_efficiency_frac)
        sheet.put(stored, battery.give, 1.0 / spec.discharge_efficiency_frac)
        self._share_time(battery, most_in, most_out)

    def _share_time(self, battery: _Battery, most_in: float, most_out: float) -> None:
        """Let no slot charge and discharge in full, where losing energy would pay."""
        home, sheet = self._home, self._sheet
        if most_in <= 0.0 or most_out <= 0.0:
            return
        loses = np.minimum(home.buys, home.pays) < 0.0
        where = np.flatnonzero(loses & ((home.net > 0.0) | home.has_car))
        rows = sheet.rows(np.full(len(where), -INFINITY), np.ones(len(where)))
        sheet.put(rows, battery.sun[where], 1.0 / most_in)
        sheet.put(rows, battery.grid[where], 1.0 / most_in)
        sheet.put(rows, battery.give[where], 1.0 / most_out)

    def add_stay(self, stay: CarStay) -> None:
        """Let a car be there; the stays of a car come one after the other."""
        sheet, last = self._sheet, self._stays[-1] if self._stays else None
        least, full = np.array([stay.least_kwh]), np.array([stay.capacity_kwh])
        power = sheet.columns(np.zeros(len(stay.most_kwh)), stay.most_kwh)
        came, left = sheet.columns(least, full), sheet.columns(least, full)
        away = sheet.columns(np.zeros(1), np.full(1, INFINITY))
        sheet.cost(power, -self._worth * CAR_EFFICIENCY_FRAC)
        sheet.cost(away, AWAY_EUR_PER_KWH - self._worth)
        charged = sheet.rows(np.zeros(1), np.zeros(1))
        sheet.put(charged, left, 1.0)
        sheet.put(charged, came, -1.0)
        sheet.put(charged, power, -CAR_EFFICIENCY_FRAC)
        brought = np.array([(stay.start_kwh or 0.0) - stay.used_kwh])
        on_the_road = sheet.rows(brought, brought)
        sheet.put(on_the_road, came, 1.0)
        sheet.put(on_the_road, away, -1.0)
        if stay.start_kwh is None and last is not None:
            sheet.put(on_the_road, last.left, -1.0)
        if stay.wanted_kwh > 0.0:
            self._want(stay, came, left)
        self._stays.append(_AtHome(stay, power, left, away))

    def _want(self, stay: CarStay, came: _Places, left: _Places) -> None:
        """Let a car leave with what is wanted, or with all it can have by then.

        The lesser of the two is no convex matter; the straight line below it is, from a car that
        comes as empty as it may to a full one.
        """
        in_kwh = CAR_EFFICIENCY_FRAC * float(stay.most_kwh.sum())
        least, full, wanted = (
            stay.least_kwh,
            stay.capacity_kwh,
            min(stay.wanted_kwh, stay.capacity_kwh),
        )
        reached = min(wanted, least + in_kwh)
        slope = (wanted - reached) / (full - least)
        row = self._sheet.rows(np.array([reached - slope * least]), np.full(1, INFINITY))
        self._sheet.put(row, left, 1.0)
        if slope > 0.0:
            self._sheet.put(row, came, -slope)

    # -- the meter -----------------------------------------------------------------------------

    def solved(self, *, n_cars: int) -> Foresight:
        """Return the cheapest way.

        Raises:
            NoForesightError: The solver found none.
        """
        self._price_flows()
        self._write_meter()
        if self._battery is None and not self._stays:
            return self._found(np.zeros(0), self._constant_eur, n_cars)
        matrix, bounds = self._sheet.linear()
        solution = solve_once(matrix, bounds, time_limit_s=_TIME_LIMIT_S)
        if solution.col_value is None:
            raise NoForesightError(f"the solver ended as {solution.status.value}")
        return self._found(solution.col_value, solution.objective + self._constant_eur, n_cars)

    def _price_flows(self) -> None:
        """Say what a kWh more costs by each flow, as far as the meter's direction is known.

        Where feeding in pays more than buying costs, the meter's cost is concave; the straight line
        below it, from the least that may be needed to the most, is what can be said linearly.
        """
        home, sheet, net = self._home, self._sheet, self._home.net
        swaps = home.pays > home.buys
        low = np.minimum(net, 0.0)
        high = net + self._most_in + home.car_most
        width = np.maximum(high - low, 1e-9)
        line = (home.eur(high) - home.eur(low)) / width
        # From the surplus: what is not sold; beyond it: what is bought.
        sold = np.where(swaps, line, home.pays)
        bought = np.where(swaps, line, np.where(home.has_car, home.pays, home.buys))
        saved = np.where(swaps | home.has_car, bought, home.buys)
        self._constant_eur += float(
            np.where(
                swaps,
                home.eur(low) + line * (net - low),
                np.where(home.has_car, home.pays * net, home.eur(net)),
            ).sum()
        )
        if self._battery is not None:
            sheet.cost(self._battery.sun, sold)
            sheet.cost(self._battery.grid, bought)
            sheet.cost(self._battery.give, -saved)
        for at_home in self._stays:
            sheet.cost(at_home.power, bought[at_home.stay.slots])

    def _write_meter(self) -> None:
        """Where a car is, count what is bought, and let the battery sell nothing."""
        home, sheet = self._home, self._sheet
        where = np.flatnonzero(home.has_car)
        place = np.full(home.n, -1)
        place[where] = np.arange(len(where))
        extra = np.where(home.pays > home.buys, 0.0, home.buys - home.pays)[where]
        bought = sheet.columns(np.zeros(len(where)), np.full(len(where), INFINITY))
        sheet.cost(bought, extra)
        meter = sheet.rows(home.net[where], np.full(len(where), INFINITY))
        sheet.put(meter, bought, 1.0)
        serves = sheet.rows(np.full(len(where), -INFINITY), np.maximum(home.net, 0.0)[where])
        if self._battery is not None:
            sheet.put(meter, self._battery.sun[where], -1.0)
            sheet.put(meter, self._battery.grid[where], -1.0)
            sheet.put(meter, self._battery.give[where], 1.0)
            sheet.put(serves, self._battery.give[where], 1.0)
        for at_home in self._stays:
            at = place[at_home.stay.slots]
            sheet.put(meter[at], at_home.power, -1.0)
            sheet.put(serves[at], at_home.power, -1.0)

    def _found(self, values: FloatArray, bound_eur: float, n_cars: int) -> Foresight:
        home, battery = self._home, self._battery
        charge = discharge = np.zeros(home.n)
        soc = np.zeros(home.n + 1)
        if battery is not None:
            charge = values[battery.sun] + values[battery.grid]
            discharge = values[battery.give]
            soc = np.concatenate(([battery.start_kwh], values[battery.soc]))
        cars, away = np.zeros((n_cars, home.n)), np.zeros(home.n)
        for stay, power, _, away_column in self._stays:
            cars[stay.car, stay.slots] += values[power]
            away[stay.slots.start] += float(values[away_column][0])
        net = home.net + charge - discharge + cars.sum(axis=0)
        stored = float(soc[-1] - soc[0]) + CAR_EFFICIENCY_FRAC * float(cars.sum()) + away.sum()
        cost_eur = float(home.eur(net).sum() + AWAY_EUR_PER_KWH * away.sum())
        return Foresight(
            import_kwh=np.maximum(net, 0.0),
            export_kwh=np.maximum(-net, 0.0),
            charge_kwh=charge,
            discharge_kwh=discharge,
            soc_kwh=soc,
            car_kwh=cars,
            away_kwh=away,
            left_kwh={
                (one.stay.car, one.stay.stay): float(values[one.left][0])
                for one in self._stays
                if one.stay.is_over
            },
            bound_eur=bound_eur,
            cost_eur=cost_eur - self._worth * stored,
        )
