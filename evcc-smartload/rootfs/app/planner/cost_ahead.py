"""What a home with one battery costs from each step of time on, in each of several courses.

Worked out backwards on a grid of stored energy (dynamic programming), for all courses at once.
Within a course everything is known.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from domain.horizon import SLOTS_PER_DAY, SLOTS_PER_HOUR, slot_of_hour
from forecaster.local_slots import IntArray
from planner.acts import Act, usable_kwh
from planner.plan_problem import BatteryModel, FloatArray, PlanProblem

# Cells of stored energy; finer ones decide the same.
_CELLS = 12
# Steps are hours where prices hold for hours; what is more than a day away is in two of them.
_FAR_STEP_SLOTS, FAR_SLOTS = 2 * SLOTS_PER_HOUR, SLOTS_PER_DAY


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CostAhead:
    """What acts cost on average over the courses, from then on to the end [EUR].

    Args:
        acts: What can be done in a later step, in the order of the rows of ``near_eur``.
        ends: Where each near step ends [slots].
        near_eur: One array a near step, shape (n_acts, n_cells + 1), by what is stored.
        cell_kwh: Between two columns.
        now_eur: What each act that is possible costs in the first slot.
    """

    acts: tuple[Act, ...]
    ends: tuple[int, ...]
    near_eur: tuple[FloatArray, ...]
    cell_kwh: float
    now_eur: dict[Act, float]

    def eur(self, step: int, stored_kwh: float) -> dict[Act, float]:
        """Return what each act costs in a near step that begins with so much stored.

        The first step, 0, begins with what is stored now.
        """
        if step == 0:
            return self.now_eur
        table = self.near_eur[step - 1]
        low = min(int(stored_kwh / self.cell_kwh), table.shape[1] - 2)
        share = stored_kwh / self.cell_kwh - low
        costs = table[:, low] * (1.0 - share) + table[:, low + 1] * share
        return dict(zip(self.acts, costs.tolist(), strict=True))


def cost_ahead(
    problem: PlanProblem,
    net_kwh: FloatArray,
    *,
    start: datetime,
    stored_kwh: float,
    near_slots: int,
) -> CostAhead:
    """Return what acts cost now and in the steps that begin within ``near_slots``.

    Args:
        problem: Its prices, its one battery that can store something, and what energy is worth at
            its end.
        net_kwh: What house and cars leave to the battery in each course, negative what the sun
            leaves of them; shape (n_courses, n_slots), not longer than the problem.
        start: Of the first slot: later steps begin with an hour.
        stored_kwh: What may be used of what is stored now.
        near_slots: How far ahead single acts are asked for.
    """
    battery, n_slots = problem.batteries[0], net_kwh.shape[1]
    begins = _begins(start, problem.import_price_eur_per_kwh[:n_slots])
    steps = _Steps.of(problem, net_kwh, begins)
    grid = np.linspace(0.0, usable_kwh(battery), _CELLS + 1)
    n_near = int(np.searchsorted(begins, near_slots))
    # Leaving sun seldom pays: of later steps it is only asked where feeding in costs something, or
    # where not all of it can be fed in later.
    acts = [Act.SERVE, Act.KEEP]
    if steps.sells.min() < 0.0 or steps.most_sold is not None:
        acts.append(Act.LEAVE_SUN)
    if battery.may_grid_charge:
        acts.append(Act.BUY)
    later, near = _backwards(steps.part(slice(1, None)), battery, grid, acts, n_near - 1)
    now = [act for act in Act if act is not Act.BUY or battery.may_grid_charge]
    after, eur = steps.part(slice(0, 1)).followed(battery, np.array([stored_kwh]), now)
    at, share = _places(after[0], grid)
    total = eur[0] + later.take(at) * (1.0 - share) + later.take(at + 1) * share
    return CostAhead(
        acts=tuple(acts),
        ends=tuple(np.append(begins, n_slots)[1 : n_near + 1].tolist()),
        near_eur=tuple(near),
        cell_kwh=float(grid[1]),
        now_eur=dict(zip(now, total.mean(axis=(1, 2)).tolist(), strict=True)),
    )


def _begins(start: datetime, prices: FloatArray) -> IntArray:
    """Return the first slots of the steps: this slot, the rest of its hour, hours, two hours.

    Where ``prices`` change within hours each slot of the first day is a step.
    """
    n_slots = len(prices)
    hour = SLOTS_PER_HOUR - slot_of_hour(start)
    far = hour + FAR_SLOTS - SLOTS_PER_HOUR
    changes = np.flatnonzero(np.diff(prices[:far])) + 1
    is_hourly = bool(np.all((changes - hour) % SLOTS_PER_HOUR == 0))
    near = range(hour, far, SLOTS_PER_HOUR) if is_hourly else range(far)
    steps = [0, 1, *near, *range(far, n_slots, _FAR_STEP_SLOTS)]
    begins: IntArray = np.unique(np.array(steps, dtype=np.int64))
    return begins


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Steps:
    """Steps of time; ``lacks`` and ``spare`` have shape (n_steps, n_courses), the rest (n_steps,).

    ``lacks`` is what the house needs beyond the sun, ``spare`` what the sun has beyond it [kWh].
    Of that ``most_sold`` can be fed in at most; None: all of it.
    """

    lacks: FloatArray
    spare: FloatArray
    buys: FloatArray
    sells: FloatArray
    hours: FloatArray
    most_sold: FloatArray | None

    @classmethod
    def of(cls, problem: PlanProblem, net_kwh: FloatArray, begins: IntArray) -> "_Steps":
        """Return slots joined into the steps that begin there."""
        n_slots = net_kwh.shape[1]
        n_of = np.diff(np.append(begins, n_slots))
        sells = problem.export_price_eur_per_kwh[:n_slots]
        if problem.can_curtail:
            sells = np.maximum(sells, 0.0)
        limit = problem.export_max_kwh
        return cls(
            lacks=np.add.reduceat(np.maximum(net_kwh, 0.0), begins, axis=1).T,
            spare=np.add.reduceat(np.maximum(-net_kwh, 0.0), begins, axis=1).T,
            buys=np.add.reduceat(problem.import_price_eur_per_kwh[:n_slots], begins) / n_of,
            sells=np.add.reduceat(sells, begins) / n_of,
            hours=n_of * problem.slot_h,
            most_sold=None if limit is None else np.add.reduceat(limit[:n_slots], begins),
        )

    def part(self, steps: slice) -> "_Steps":
        """Return some of them."""
        return _Steps(
            lacks=self.lacks[steps],
            spare=self.spare[steps],
            buys=self.buys[steps],
            sells=self.sells[steps],
            hours=self.hours[steps],
            most_sold=None if self.most_sold is None else self.most_sold[steps],
        )

    def followed(
        self, battery: BatteryModel, stored_kwh: FloatArray, acts: list[Act]
    ) -> tuple[FloatArray, FloatArray]:
        """Return what is stored after each of ``acts`` [kWh] and what it costs [EUR].

        Both have shape (n_steps, n_acts, n_courses, n_stored).
        """
        into, out = battery.charge_efficiency_frac, battery.discharge_efficiency_frac
        usable = usable_kwh(battery)
        lacks, spare = self.lacks[:, :, None], self.spare[:, :, None]
        buys, sells = self.buys[:, None, None], self.sells[:, None, None]
        hours = self.hours[:, None, None]
        most_in = np.minimum(battery.charge_max_kw * hours, (usable - stored_kwh) / into)
        most_out = np.minimum(battery.discharge_max_kw * hours, stored_kwh * out)
        gives, takes = np.minimum(lacks, most_out), np.minimum(spare, most_in)
        served = gives * (battery.wear_eur_per_kwh - buys)
        sold = spare
        if self.most_sold is None:
            filled = takes * sells
        else:
            sold = np.minimum(spare, self.most_sold[:, None, None])
            filled = (sold - np.minimum(spare - takes, sold)) * sells
        idle = lacks * buys - sold * sells
        ways = {
            Act.SERVE: lambda: (takes * into - gives / out, served + filled),
            Act.KEEP: lambda: (takes * into, filled),
            Act.LEAVE_SUN: lambda: (-gives / out, served),
            Act.BUY: lambda: (most_in * into + 0.0 * takes, filled + (most_in - takes) * buys),
        }
        found = [ways[act]() for act in acts]
        after = np.stack([change for change, _ in found], axis=1) + stored_kwh
        eur = np.stack([paid for _, paid in found], axis=1)
        return np.clip(after, 0.0, usable), eur + idle[:, None]


def _backwards(
    steps: _Steps, battery: BatteryModel, grid: FloatArray, acts: list[Act], n_near: int
) -> tuple[FloatArray, list[FloatArray]]:
    """Return what each course costs from the first step on, and what acts cost in the near ones.

    The first is flat, by course and what is stored; the others are averages over the courses, of
    shape (n_acts, n_stored), for the first ``n_near`` steps.
    """
    after, eur = steps.followed(battery, grid, acts)
    low, share = _places(after, grid)
    n_steps, n_acts, n_courses = low.shape[:3]
    cost: FloatArray = np.tile(-_worth(battery, grid), n_courses)
    # A step is so little work that each call counts: courses side by side, arrays used again.
    flat = n_steps, n_acts, len(cost)
    rises, ways, rest = np.zeros_like(cost), np.empty(flat[1:]), np.empty(flat[1:])
    near: list[FloatArray] = []
    places, shares, paid = low.reshape(flat), share.reshape(flat), eur.reshape(flat)
    for step in range(n_steps - 1, -1, -1):
        np.subtract(cost[1:], cost[:-1], out=rises[:-1])
        rises.take(places[step], out=ways, mode="clip")
        ways *= shares[step]
        ways += cost.take(places[step], out=rest, mode="clip")
        ways += paid[step]
        np.minimum.reduce(ways, out=cost)
        if step < n_near:
            near.append(ways.reshape(n_acts, n_courses, -1).mean(axis=1))
    return cost, near[::-1]


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
