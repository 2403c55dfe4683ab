"""What the battery should do now, weighed over several courses of what may come.

A plan is made for one course. What it holds back for a dear evening, or buys for it, is worth
little when the sun comes after all, and is sold then for what feed-in pays. So before a plan is
made, each thing that evcc's levers can do in the running slot is followed over several courses:
what it costs now, and what the best use of the energy that is then stored costs in each of them.

What a course costs is worked out backwards on a grid of stored energy (dynamic programming), hour
by hour, for all courses at once. Within a course everything is known, which makes keeping energy a
little too good; so departing from what the battery does by itself has to earn a margin.

Source: Chong, E., Givan, R., Chang, H. S. (2000), A framework for simulation-based network control
via hindsight optimization, IEEE CDC.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

import numpy as np

from domain.horizon import SLOT_H
from forecaster.local_slots import IntArray
from planner.bounds import idle_kwh
from planner.hedge_cars import with_cars
from planner.model import Memory
from planner.plan_problem import BatteryModel, FloatArray, Flow, Pin, PlanProblem
from planner.task import PlanTask

# What departing from self-use has to bring in a slot, on average over the courses.
MARGIN_EUR = 0.0002
_LEAST_KWH = 1e-6
# For so long a plan does not buy what is not worth its price now.
_SOON_SLOTS = 32
# Cells of stored energy; finer ones decide the same.
_CELLS = 12
# Hours, and what is far away in two of them.
_STEP_SLOTS, _FAR_STEP_SLOTS, _FAR_SLOTS = 4, 8, 96


class Act(IntEnum):
    """What evcc's levers can make of a battery."""

    SERVE = 0
    """Store the sun and serve the house, as it does by itself."""
    KEEP = 1
    LEAVE_SUN = 2
    BUY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What the acts that are possible cost on average over all courses [EUR]."""

    eur: tuple[float, ...]

    @property
    def best(self) -> Act:
        """The cheapest act; another one than serving only where it earns the margin."""
        cheapest = min(range(len(self.eur)), key=lambda act: self.eur[act])
        is_worth_it = self.eur[cheapest] < self.eur[Act.SERVE] - MARGIN_EUR
        return Act(cheapest) if is_worth_it else Act.SERVE

    @property
    def gain_eur(self) -> float:
        """What the best act saves against serving; never negative."""
        return self.eur[Act.SERVE] - self.eur[self.best]


def hedged(
    task: PlanTask, net_kwh: FloatArray | None, last: Memory | None
) -> tuple[PlanTask, float]:
    """Return the task with the running slot decided, and what that saves against serving [EUR].

    As it is, with a saving of 0, where nothing can be weighed: without courses, where the owner
    wants the battery full, with batteries that share, and with cars that are not told enough of
    (``planner.hedge_cars``).

    Args:
        task: What is to be planned.
        net_kwh: Load less PV in each course, shape (n_courses, n_slots); None: not known.
        last: What the last plan wants in these slots; None: there is none.
    """
    problem = task.problem
    if net_kwh is None or not _is_alone(problem) or problem.slot_h != SLOT_H:
        return task, 0.0
    left_kwh = with_cars(task, net_kwh, last)
    if left_kwh is None:
        return task, 0.0
    weighed = weigh(problem, left_kwh, start=task.start)
    if weighed is None:
        return task, 0.0
    pins = (*pins_of(weighed.best, problem), *_not_bought_later(weighed.best, problem))
    return replace(task, problem=replace(problem, pins=pins)), weighed.gain_eur


def _is_alone(problem: PlanProblem) -> bool:
    """Tell whether one battery is all there is to decide on, besides cars."""
    if len(problem.batteries) != 1 or problem.pins:
        return False
    battery = problem.batteries[0]
    wants_full = battery.reserve is not None and battery.reserve.full is not None
    return not (battery.taper or battery.may_export or wants_full)


def weigh(problem: PlanProblem, net_kwh: FloatArray, *, start: datetime) -> Weighed | None:
    """Return what each act costs in the first slot of a home with one battery.

    Args:
        problem: Its prices, its battery, and what energy is worth at its end.
        net_kwh: What house and cars leave to the battery in each course, negative what the sun
            leaves of them; shape (n_courses, n_slots).
        start: Of the first slot: later steps begin with an hour.

    Returns:
        None where the battery can store nothing, or hardly anything is ahead.
    """
    battery = problem.batteries[0]
    usable_kwh = battery.soc_max_kwh - battery.soc_min_kwh
    n_slots = min(net_kwh.shape[1], problem.n_slots)
    if usable_kwh <= _LEAST_KWH or n_slots <= _FAR_SLOTS:
        return None
    steps = _Steps.of(problem, net_kwh[:, :n_slots], _begins(start, n_slots))
    grid = np.linspace(0.0, usable_kwh, _CELLS + 1)
    later = _cost_to_go(steps.part(slice(1, None)), battery, grid)
    stored_kwh = min(max(battery.soc_kwh - battery.soc_min_kwh, 0.0), usable_kwh)
    after, eur = steps.part(slice(0, 1)).followed(battery, np.array([stored_kwh]), usable_kwh)
    at, share = _places(after[0], grid)
    total = eur[0] + later.take(at) * (1.0 - share) + later.take(at + 1) * share
    return Weighed(eur=tuple(total.mean(axis=(1, 2)).tolist()))


def _begins(start: datetime, n_slots: int) -> IntArray:
    """Return the first slots of the steps: this slot, the rest of its hour, hours, two hours."""
    hour = _STEP_SLOTS - int(start.minute // (60 * SLOT_H)) % _STEP_SLOTS
    far = hour + _FAR_SLOTS - _STEP_SLOTS
    steps = range(hour, far, _STEP_SLOTS), range(far, n_slots, _FAR_STEP_SLOTS)
    begins: IntArray = np.unique(np.array([0, 1, *steps[0], *steps[1]], dtype=np.int64))
    return begins


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Steps:
    """Steps of time; ``lacks`` and ``spare`` have shape (n_steps, n_courses), the rest (n_steps,).

    ``lacks`` is what the house needs beyond the sun, ``spare`` what the sun has beyond it [kWh].
    """

    lacks: FloatArray
    spare: FloatArray
    buys: FloatArray
    sells: FloatArray
    hours: FloatArray

    @classmethod
    def of(cls, problem: PlanProblem, net_kwh: FloatArray, begins: IntArray) -> "_Steps":
        """Return slots joined into the steps that begin there."""
        n_slots = net_kwh.shape[1]
        n_of = np.diff(np.append(begins, n_slots))
        sells = problem.export_price_eur_per_kwh[:n_slots]
        if problem.can_curtail:
            sells = np.maximum(sells, 0.0)
        return cls(
            lacks=np.add.reduceat(np.maximum(net_kwh, 0.0), begins, axis=1).T,
            spare=np.add.reduceat(np.maximum(-net_kwh, 0.0), begins, axis=1).T,
            buys=np.add.reduceat(problem.import_price_eur_per_kwh[:n_slots], begins) / n_of,
            sells=np.add.reduceat(sells, begins) / n_of,
            hours=n_of * problem.slot_h,
        )

    def part(self, steps: slice) -> "_Steps":
        """Return some of them."""
        return _Steps(
            lacks=self.lacks[steps],
            spare=self.spare[steps],
            buys=self.buys[steps],
            sells=self.sells[steps],
            hours=self.hours[steps],
        )

    def followed(
        self, battery: BatteryModel, stored_kwh: FloatArray, usable_kwh: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return what is stored after each act [kWh] and what it costs [EUR].

        Both have shape (n_steps, n_acts, n_courses, n_stored).
        """
        into, out = battery.charge_efficiency_frac, battery.discharge_efficiency_frac
        lacks, spare = self.lacks[:, :, None], self.spare[:, :, None]
        buys, sells = self.buys[:, None, None], self.sells[:, None, None]
        hours = self.hours[:, None, None]
        most_in = np.minimum(battery.charge_max_kw * hours, (usable_kwh - stored_kwh) / into)
        most_out = np.minimum(battery.discharge_max_kw * hours, stored_kwh * out)
        gives, takes = np.minimum(lacks, most_out), np.minimum(spare, most_in)
        served, filled = gives * (battery.wear_eur_per_kwh - buys), takes * sells
        acts = [(takes * into - gives / out, served + filled), (takes * into, filled)]
        # Leaving sun seldom pays: of later steps it is only asked where feeding in costs something.
        if len(self.hours) == 1 or self.sells.min() < 0.0:
            acts.append((-gives / out, served))
        if battery.may_grid_charge:
            acts.append((most_in * into + 0.0 * takes, filled + (most_in - takes) * buys))
        after = np.stack([change for change, _ in acts], axis=1) + stored_kwh
        eur = np.stack([paid for _, paid in acts], axis=1)
        idle = lacks * buys - spare * sells
        return np.clip(after, 0.0, usable_kwh), eur + idle[:, None]


def _cost_to_go(steps: _Steps, battery: BatteryModel, grid: FloatArray) -> FloatArray:
    """Return what each course costs from the first step on, by what is stored; flat, by course."""
    after, eur = steps.followed(battery, grid, float(grid[-1]))
    low, share = _places(after, grid)
    cost: FloatArray = np.tile(-_worth(battery, grid), steps.lacks.shape[1])
    # A step is so little work that each call counts: courses side by side, arrays used again.
    flat = len(low), low.shape[1], len(cost)
    rises, ways, rest = np.zeros_like(cost), np.empty(flat[1:]), np.empty(flat[1:])
    backwards = (array.reshape(flat)[::-1] for array in (low, share, eur))
    for low_then, share_then, eur_then in zip(*backwards, strict=True):
        np.subtract(cost[1:], cost[:-1], out=rises[:-1])
        rises.take(low_then, out=ways, mode="clip")
        ways *= share_then
        ways += cost.take(low_then, out=rest, mode="clip")
        ways += eur_then
        np.minimum.reduce(ways, out=cost)
    return cost


def _places(stored_kwh: FloatArray, grid: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return which entry of a flat cost lies below, and how far above it something is stored.

    Args:
        stored_kwh: Shape (..., n_courses, n_stored).
        grid: Where costs are known.
    """
    position = stored_kwh / (grid[1] - grid[0])
    low = np.minimum(position.astype(np.int64), len(grid) - 2)
    course = np.arange(stored_kwh.shape[-2])[:, None] * len(grid)
    return low + course, position - low


def _worth(battery: BatteryModel, grid: FloatArray) -> FloatArray:
    """Return what stored energy is worth at the end [EUR]."""
    widths = np.cumsum([0.0, *(piece.width_kwh for piece in battery.terminal)])
    worth = np.cumsum([0.0, *(one.width_kwh * one.eur_per_kwh for one in battery.terminal)])
    return np.asarray(np.interp(grid, widths, worth))


def pins_of(act: Act, problem: PlanProblem) -> tuple[Pin, ...]:
    """Return what an act means for the first slot of the course that is planned."""
    battery = problem.batteries[0]
    net_kwh = float(idle_kwh(problem)[0])
    room_kwh = (battery.soc_max_kwh - battery.soc_kwh) / battery.charge_efficiency_frac
    stored_kwh = (battery.soc_kwh - battery.soc_min_kwh) * battery.discharge_efficiency_frac
    most_in_kwh = max(min(room_kwh, battery.charge_max_kw * problem.slot_h), 0.0)
    most_out_kwh = min(stored_kwh, battery.discharge_max_kw * problem.slot_h)
    gives_kwh = max(min(net_kwh, most_out_kwh, float(problem.served_kwh[0])), 0.0)
    takes_kwh = max(min(-net_kwh, most_in_kwh), 0.0)
    charge_kwh, discharge_kwh = {
        Act.SERVE: (takes_kwh, gives_kwh),
        Act.KEEP: (takes_kwh, 0.0),
        Act.LEAVE_SUN: (0.0, gives_kwh),
        Act.BUY: (min(most_in_kwh, _fuse_leaves_kwh(problem, net_kwh)), 0.0),
    }[act]
    return tuple(
        Pin(flow=flow, index=0, slot=0, low_kwh=max(kwh - _LEAST_KWH, 0.0), high_kwh=kwh)
        for flow, kwh in ((Flow.CHARGE, charge_kwh), (Flow.DISCHARGE, discharge_kwh))
    )


def _not_bought_later(act: Act, problem: PlanProblem) -> tuple[Pin, ...]:
    """Return what keeps a plan from buying soon what is not bought now.

    What is not worth its price now is not worth the same or more a little later, as far as anybody
    knows: a plan that puts it off from slot to slot says something else in each of them.
    """
    if act is Act.BUY or not problem.batteries[0].may_grid_charge:
        return ()
    prices = problem.import_price_eur_per_kwh[: _SOON_SLOTS + 1]
    cheaper = np.flatnonzero(prices < prices[0])
    end = int(cheaper[0]) if cheaper.size else len(prices)
    surplus = np.maximum(-idle_kwh(problem)[:end], 0.0)
    return tuple(
        Pin(flow=Flow.CHARGE, index=0, slot=slot, low_kwh=0.0, high_kwh=float(surplus[slot]))
        for slot in range(1, end)
    )


def _fuse_leaves_kwh(problem: PlanProblem, net_kwh: float) -> float:
    limit = problem.import_max_kwh
    return np.inf if limit is None else max(float(limit[0]) - net_kwh, 0.0)
