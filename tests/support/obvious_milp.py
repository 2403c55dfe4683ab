"""The optimum of a problem, the slow and obvious way: every choice of every slot a whole number.

Written from the meaning of a problem and of `planner.verify.Rule`, slot by slot, in HiGHS's own
modelling language. It shares the types with the product's model and nothing else. Besides costs
there is nothing in it: no ties to break, no memory, no bounds that make it faster.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import highspy
import numpy as np
from highspy.highs import highs_linear_expression, highs_var

from planner.dispatch import Dispatch, overload_price
from planner.plan_problem import (
    BatteryModel,
    CarModel,
    FloatArray,
    Pin,
    PlanProblem,
    Reserve,
    ValuePiece,
)
from planner.plan_problem import Flow as PinnedFlow

Flow = highs_var | highs_linear_expression

GAP_EUR = 1e-6
"""How far from the best the optimum may be."""


def fixed(number: float) -> highs_linear_expression:
    """Return a number as an expression."""
    return highs_linear_expression(float(number))


class TooHardError(Exception):
    """The optimum was not proved: the time was up, or a pin asks for what cannot be."""


@dataclass(slots=True, kw_only=True)
class _Battery:
    """One battery's variables, one entry per slot; ``charges`` and ``gives`` are 0 or 1."""

    charge: list[highs_var] = field(default_factory=list)
    discharge: list[highs_var] = field(default_factory=list)
    charges: list[highs_var] = field(default_factory=list)
    gives: list[highs_var] = field(default_factory=list)
    soc: list[highs_var] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _Car:
    """One car's flow and whether it charges (0 or 1), one entry per slot."""

    kwh: list[highs_linear_expression] = field(default_factory=list)
    is_on: list[highs_linear_expression] = field(default_factory=list)


class _Home:
    """A problem as it is written down for the solver."""

    def __init__(self, problem: PlanProblem) -> None:
        self.problem = problem
        self.slots = range(problem.n_slots)
        self.highs = highspy.Highs()  # type: ignore[no-untyped-call]  # HiGHS types no constructor
        self.highs.silent()
        self.costs: list[Flow] = []
        self.bought: list[highs_var] = []
        self.sold: list[highs_var] = []
        self.curtailed: list[highs_var] = []
        self.buys: list[highs_var] = []
        self.sells: list[highs_var] = []
        self.batteries = [self._battery(battery) for battery in problem.batteries]
        self.cars = [self._car(car) for car in problem.cars]
        self._write_grid()
        for battery, model in zip(self.batteries, problem.batteries, strict=True):
            self._write_rules(battery, model)
        if problem.cars and problem.batteries:
            for slot in self.slots:
                self._write_feeding(slot)
        for pin in problem.pins:
            self._write_pin(pin)

    def amount(self, most: float = highspy.kHighsInf) -> highs_var:
        flow: highs_var = self.highs.addVariable(0.0, most)
        return flow

    def whole(self) -> highs_var:
        choice: highs_var = self.highs.addBinary()
        return choice

    def one_at_most(self) -> tuple[highs_var, highs_var]:
        """Return two choices of which at most one is taken; both may be left."""
        one, other = self.whole(), self.whole()
        self.highs.addConstr(one + other <= 1)
        return one, other

    def worth(self, pieces: tuple[ValuePiece, ...], kwh: Flow, *, is_open: bool) -> None:
        """Count what ``kwh`` is worth: the pieces fill from the dearest on, by themselves."""
        parts = [self.amount(piece.width_kwh) for piece in pieces]
        values = [piece.eur_per_kwh for piece in pieces]
        total = self.highs.qsum(parts)
        if is_open:
            below, beyond = self.amount(), self.amount()
            self.costs += [values[0] * below, -values[-1] * beyond]
            total = total + beyond - below
        self.highs.addConstr(total == kwh)
        self.costs += [-value * part for value, part in zip(values, parts, strict=True)]

    # -- batteries -------------------------------------------------------------------------------

    def _battery(self, battery: BatteryModel) -> _Battery:
        made, slot_h = _Battery(), self.problem.slot_h
        before: Flow = fixed(battery.soc_kwh)
        for slot in self.slots:
            charge = self.amount(battery.charge_max_kw * slot_h)
            discharge = self.amount(battery.discharge_max_kw * slot_h)
            charges, gives = self.one_at_most()
            self.highs.addConstr(charge <= battery.charge_max_kw * slot_h * charges)
            self.highs.addConstr(discharge <= battery.discharge_max_kw * slot_h * gives)
            soc = self.highs.addVariable(
                min(battery.soc_min_kwh, battery.soc_kwh),
                max(battery.soc_max_kwh, battery.soc_kwh),
            )
            gained = charge * battery.charge_efficiency_frac
            taken = discharge * (1.0 / battery.discharge_efficiency_frac)
            self.highs.addConstr(soc - gained + taken == before)
            self._write_taper(battery, charge, before)
            if battery.reserve is not None:
                lacking = self.amount()
                wanted_kwh, eur_per_kwh_h = _wanted(battery.reserve, slot)
                self.highs.addConstr(soc + lacking >= wanted_kwh)
                self.costs.append(eur_per_kwh_h * slot_h * lacking)
            self.costs.append(battery.wear_eur_per_kwh * discharge)
            made.charge.append(charge)
            made.discharge.append(discharge)
            made.charges.append(charges)
            made.gives.append(gives)
            made.soc.append(soc)
            before = soc
        if battery.terminal:
            start = battery.soc_kwh - battery.soc_min_kwh
            self.worth(battery.terminal, made.soc[-1] - battery.soc_min_kwh, is_open=True)
            self.costs.append(fixed(_worth_eur(battery.terminal, start, is_open=True)))
        return made

    def _write_taper(self, battery: BatteryModel, charge: highs_var, before: Flow) -> None:
        points, slot_h = battery.taper, self.problem.slot_h
        if not points:
            return
        highest = max(battery.soc_max_kwh, battery.soc_kwh)
        # Beyond the last point its power holds; where the battery may be there, that is a choice.
        beyond: Flow = self.whole() if highest > points[-1].soc_kwh else fixed(0.0)
        self.highs.addConstr(charge <= points[0].charge_max_kw * slot_h)
        self.highs.addConstr(
            charge
            <= points[-1].charge_max_kw * slot_h + battery.charge_max_kw * slot_h * (1 - beyond)
        )
        self.highs.addConstr(before >= points[-1].soc_kwh * beyond)
        for low, high in itertools.pairwise(points):
            slope = (high.charge_max_kw - low.charge_max_kw) / (high.soc_kwh - low.soc_kwh)
            line_kw = low.charge_max_kw + slope * (before - low.soc_kwh)
            far = battery.charge_max_kw - slope * highest
            self.highs.addConstr(charge <= slot_h * line_kw + slot_h * far * beyond)

    def _write_rules(self, battery: _Battery, model: BatteryModel) -> None:
        for slot in self.slots:
            if not model.may_grid_charge:
                self.highs.addConstr(battery.charges[slot] + self.buys[slot] <= 1)
            if not model.may_export:
                self.highs.addConstr(battery.gives[slot] + self.sells[slot] <= 1)

    # -- cars ------------------------------------------------------------------------------------

    def _car(self, car: CarModel) -> _Car:
        if car.fixed_kwh is not None:
            charged = float(sum(car.fixed_kwh)) * car.charge_efficiency_frac
            room = sum(piece.width_kwh for piece in car.wish)
            got = _worth_eur(car.wish, charged, is_open=False)
            self.costs.append(fixed(_worth_eur(car.wish, room, is_open=False) - got))
            return _Car(
                kwh=[fixed(kwh) for kwh in car.fixed_kwh],
                is_on=[fixed(kwh > 0.0) for kwh in car.fixed_kwh],
            )
        made, slot_h = _Car(), self.problem.slot_h
        for slot in self.slots:
            if not car.arrival_slot <= slot < car.deadline_slot:
                made.kwh.append(fixed(0.0))
                made.is_on.append(fixed(0.0))
                continue
            parts, chosen = [], []
            for span in car.ranges:
                part, is_chosen = self.amount(), self.whole()
                self.highs.addConstr(part >= span.low_kw * slot_h * is_chosen)
                self.highs.addConstr(part <= span.high_kw * slot_h * is_chosen)
                parts.append(part)
                chosen.append(is_chosen)
            self.highs.addConstr(self.highs.qsum(chosen) <= 1)
            made.kwh.append(self.highs.qsum(parts))
            if car.least_kwh is not None:
                self.highs.addConstr(self.highs.qsum(parts) >= float(car.least_kwh[slot]))
            made.is_on.append(self.highs.qsum(chosen))
        self.worth(car.wish, car.charge_efficiency_frac * self.highs.qsum(made.kwh), is_open=False)
        self.costs += [fixed(piece.width_kwh * piece.eur_per_kwh) for piece in car.wish]
        return made

    def _write_pin(self, pin: Pin) -> None:
        flow: Flow
        if pin.flow is PinnedFlow.CAR:
            flow = self.cars[pin.index].kwh[pin.slot]
        else:
            battery = self.batteries[pin.index]
            charges = pin.flow is PinnedFlow.CHARGE
            flow = (battery.charge if charges else battery.discharge)[pin.slot]
        self.highs.addConstr(flow >= pin.low_kwh)
        self.highs.addConstr(flow <= pin.high_kwh)

    # -- meter and roof --------------------------------------------------------------------------

    def _write_grid(self) -> None:
        problem, over_eur = self.problem, overload_price(self.problem)
        for slot in self.slots:
            pv, load = float(problem.pv_kwh[slot]), float(problem.load_kwh[slot])
            bought, sold = self.amount(), self.amount()
            curtailed = self.amount(pv if problem.can_curtail else 0.0)
            buys, sells = self.one_at_most()
            taken: list[Flow] = [one.charge[slot] for one in self.batteries]
            taken += [car.kwh[slot] for car in self.cars]
            given = self.highs.qsum([one.discharge[slot] for one in self.batteries])
            self.highs.addConstr(
                self.highs.qsum(taken) - given + curtailed + sold - bought == pv - load
            )
            self.highs.addConstr(bought <= self._most_taken_kwh(slot) * buys)
            self.highs.addConstr(sold <= self._most_given_kwh(slot) * sells)
            self.costs.append(float(problem.import_price_eur_per_kwh[slot]) * bought)
            self.costs.append(-float(problem.export_price_eur_per_kwh[slot]) * sold)
            idle = load - pv
            for car in problem.cars:
                for forced in (car.fixed_kwh, car.least_kwh):
                    idle += 0.0 if forced is None else float(forced[slot])
            for flow, limit, needed in (
                (bought, problem.import_max_kwh, idle),
                (sold, problem.export_max_kwh, -idle),
            ):
                if limit is not None:
                    # More than idle devices exceed it by would be on purpose.
                    over = self.amount(max(0.0, needed - float(limit[slot])))
                    self.highs.addConstr(over >= flow - float(limit[slot]))
                    self.costs.append(over_eur * over)
            self.bought.append(bought)
            self.sold.append(sold)
            self.curtailed.append(curtailed)
            self.buys.append(buys)
            self.sells.append(sells)

    def _most_taken_kwh(self, slot: int) -> float:
        problem = self.problem
        most = float(problem.load_kwh[slot])
        most += sum(one.charge_max_kw for one in problem.batteries) * problem.slot_h
        return most + sum(_most_car_kwh(car, slot, problem.slot_h) for car in problem.cars)

    def _most_given_kwh(self, slot: int) -> float:
        problem = self.problem
        most = sum(one.discharge_max_kw for one in problem.batteries) * problem.slot_h
        return float(problem.pv_kwh[slot]) + most

    # -- cars from the battery -------------------------------------------------------------------

    def _write_feeding(self, slot: int) -> None:
        problem = self.problem
        pairs = list(zip(self.batteries, problem.batteries, strict=True))
        most = self._most_given_kwh(slot)
        is_fed = self.whole()
        for car in self.cars:
            self.highs.addConstr(is_fed >= car.is_on[slot])
        net = float(problem.load_kwh[slot] - problem.pv_kwh[slot])
        # need = max(0, net + curtailed): only its upper side matters, so it is one of the two.
        need, is_short = self.amount(), self.whole()
        self.highs.addConstr(need <= net + self.curtailed[slot] + max(0.0, -net) * (1 - is_short))
        self.highs.addConstr(need <= (max(0.0, net) + most) * is_short)
        # What evcc gives cars of batteries anyway may be given besides.
        fed = [car.fed_kwh[slot] for car in problem.cars if car.fed_kwh is not None]
        need = need + float(sum(fed))
        never = [one.discharge[slot] for one, model in pairs if not model.may_feed_cars]
        if never:
            self.highs.addConstr(self.highs.qsum(never) <= need + most * (1 - is_fed))
        feeds = self.whole()
        given = self.highs.qsum([one.discharge[slot] for one in self.batteries])
        self.highs.addConstr(given <= need + most * (1 - is_fed) + most * feeds)
        for one, model in pairs:
            if model.may_feed_cars and model.cars_above_kwh > 0.0:
                self.highs.addConstr(
                    one.soc[slot] >= model.cars_above_kwh * (one.gives[slot] + feeds - 1)
                )


def _most_car_kwh(car: CarModel, slot: int, slot_h: float) -> float:
    if car.fixed_kwh is not None:
        return float(car.fixed_kwh[slot])
    return max((span.high_kw for span in car.ranges), default=0.0) * slot_h


def _wanted(reserve: Reserve, slot: int) -> tuple[float, float]:
    """Return what a battery should hold in a slot, and what a missing kWh costs by the hour."""
    full = reserve.full
    if full is not None and full.eur_per_kwh_h[slot] > 0.0:
        return full.soc_kwh, float(full.eur_per_kwh_h[slot])
    return float(reserve.soc_kwh[slot]), reserve.eur_per_kwh_h


def _worth_eur(pieces: tuple[ValuePiece, ...], kwh: float, *, is_open: bool) -> float:
    if not pieces:
        return 0.0
    worth, begin = min(kwh, 0.0) * pieces[0].eur_per_kwh, 0.0
    for piece in pieces:
        worth += max(0.0, min(kwh, begin + piece.width_kwh) - begin) * piece.eur_per_kwh
        begin += piece.width_kwh
    return worth + (max(0.0, kwh - begin) * pieces[-1].eur_per_kwh if is_open else 0.0)


def obvious_optimum(problem: PlanProblem, *, time_limit_s: float = 60.0) -> tuple[float, Dispatch]:
    """Return the least that ``problem`` can cost [EUR], and flows that cost it.

    Raises:
        TooHardError: It was not proved in time, or there is none.
    """
    home = _Home(problem)
    highs = home.highs
    for option, value in (
        ("time_limit", time_limit_s),
        ("threads", 1),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", GAP_EUR),
        ("mip_feasibility_tolerance", 1e-9),
        ("primal_feasibility_tolerance", 1e-9),
    ):
        highs.setOptionValue(option, value)
    highs.minimize(highs.qsum(home.costs))
    status = highs.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        raise TooHardError(highs.modelStatusToString(status))
    return highs.getInfo().objective_function_value, _dispatch(home)


def _dispatch(home: _Home) -> Dispatch:
    solution = np.asarray(home.highs.getSolution().col_value)

    def values(flows: Sequence[Flow]) -> FloatArray:
        found = [
            solution[flow.index] if isinstance(flow, highs_var) else flow.evaluate(solution)
            for flow in flows
        ]
        return np.maximum(np.array(found, dtype=np.float64), 0.0)

    return Dispatch(
        grid_import_kwh=values(home.bought),
        grid_export_kwh=values(home.sold),
        curtail_kwh=values(home.curtailed),
        charge_kwh=tuple(values(one.charge) for one in home.batteries),
        discharge_kwh=tuple(values(one.discharge) for one in home.batteries),
        car_kwh=tuple(values(car.kwh) for car in home.cars),
    )
