"""Rows that every plan obeys and the linear model alone does not know.

Where losing energy pays, or feed-in pays more than buying costs, the linear model would charge and
discharge, or buy and sell, at once. These rows are the tightest linear ones that a single slot
allows; they leave little for whole numbers to decide, and cost nothing where prices are ordinary.
"""

import itertools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from planner.bounds import car_limit, given_limit, net_kwh
from planner.layout import BoolArray, Layout, burning_slots, swapping_slots
from planner.plan_problem import FloatArray, PlanProblem
from planner.solver import IntArray

# Rows whose shares differ less are the same row.
_SAME_FRAC = 1e-9
_WEIGHTS = np.array([1.0, np.sqrt(2.0), np.sqrt(3.0), np.sqrt(5.0)])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cut:
    """One row in each of ``slots``: the sum of the ``terms`` is at most ``upper``.

    Args:
        name: What it says, the same from one plan to the next.
        slots: Shape (n_rows,).
        terms: First columns of blocks, and their coefficients, shape (n_rows,) each.
        upper: Shape (n_rows,).
    """

    name: str
    slots: IntArray
    terms: tuple[tuple[tuple[int, ...], FloatArray], ...]
    upper: FloatArray


def cuts_of(problem: PlanProblem, layout: Layout) -> tuple[Cut, ...]:
    """Return the rows that tighten the model of ``problem``; none where prices are ordinary."""
    found = [*_directions(problem, layout), *_meter(problem, layout)]
    return tuple(cut for cut in found if len(cut.slots))


def _directions(problem: PlanProblem, layout: Layout) -> list[Cut]:
    """Share a slot's time: charge / its most + discharge / its most <= 1."""
    slots = np.flatnonzero(burning_slots(problem)).astype(np.int32)
    ones = np.ones(len(slots))
    return [
        Cut(
            name=f"direction of {index}",
            slots=slots,
            terms=(
                ((cols.charge, cols.more_charge), ones / battery.charge_max_kw / problem.slot_h),
                (
                    (cols.discharge, cols.more_discharge),
                    ones / battery.discharge_max_kw / problem.slot_h,
                ),
            ),
            upper=ones,
        )
        for index, (battery, cols) in enumerate(
            zip(problem.batteries, layout.batteries, strict=True)
        )
        if battery.charge_max_kw > 0.0 and battery.discharge_max_kw > 0.0
    ]


def _meter(problem: PlanProblem, layout: Layout) -> list[Cut]:
    """What is bought is ``max(0, net + charge + cars + curtailed - discharge)``, at most.

    That is convex, and supermodular in what raises it, so adding the flows one after the other in
    any order gives the concave envelope's rows: nothing up to the flow with which buying begins,
    its share of that one, and all of those after it.
    """
    slots = _at(swapping_slots(problem))
    if not len(slots):
        return []
    flows = _raising(problem, layout, slots)
    begin = net_kwh(problem)[slots] - given_limit(problem)
    emitted: list[FloatArray] = []
    # Two rows are the same where all shares are: one number tells it.
    weights = _WEIGHTS[: len(flows)]
    found = []
    for order in itertools.permutations(range(len(flows))):
        if order.index(0) > order.index(1):
            continue  # a battery stops to discharge before it charges
        shares = _shares(begin, flows, order)
        mark = weights @ shares
        is_new = np.ones(len(slots), dtype=np.bool_)
        for earlier in emitted:
            is_new &= np.abs(mark - earlier) > _SAME_FRAC
        emitted.append(mark)
        found.append(_meter_cut(layout, slots, flows, begin, shares, is_new, order))
    return found


class _Raising(NamedTuple):
    """Flows that raise what is bought: by ``most`` together, or lower it from there."""

    blocks: tuple[int, ...]
    most: FloatArray
    is_lowering: bool


def _raising(problem: PlanProblem, layout: Layout, slots: IntArray) -> list[_Raising]:
    gives, takes = [], []
    for battery, cols in zip(problem.batteries, layout.batteries, strict=True):
        takes += [cols.charge, cols.more_charge]
        gives += [cols.discharge, cols.more_discharge] if battery.may_export else []
    given = np.full(len(slots), given_limit(problem))
    charged_kw = sum(battery.charge_max_kw for battery in problem.batteries)
    charged = np.full(len(slots), charged_kw * problem.slot_h)
    flows = [_Raising(tuple(gives), given, True), _Raising(tuple(takes), charged, False)]
    # A car whose power is decided is in the net already.
    cars = [index for index, car in enumerate(problem.cars) if car.fixed_kwh is None]
    if cars:
        blocks = [layout.cars[i] for i in cars]
        flows.append(
            _Raising(
                tuple(first for cols in blocks for first in (cols.power, cols.more_power)),
                np.sum([car_limit(problem.cars[i], problem)[slots] for i in cars], axis=0),
                False,
            )
        )
    if layout.curtail >= 0:
        flows.append(_Raising((layout.curtail,), problem.pv_kwh[slots], False))
    return flows


def _shares(begin: FloatArray, flows: list[_Raising], order: tuple[int, ...]) -> FloatArray:
    """Return how much of each flow counts as bought, shape (n_flows, n_slots)."""
    shares = np.zeros((len(flows), len(begin)))
    level = begin.copy()
    for index in order:
        most = flows[index].most
        raised = np.maximum(level + most, 0.0) - np.maximum(level, 0.0)
        shares[index] = np.divide(raised, most, out=np.zeros_like(most), where=most > 0.0)
        level += most
    return shares


def _meter_cut(  # noqa: PLR0913, PLR0917  # one row is all of these
    layout: Layout,
    slots: IntArray,
    flows: list[_Raising],
    begin: FloatArray,
    shares: FloatArray,
    where: BoolArray,
    order: tuple[int, ...],
) -> Cut:
    ones = np.ones(int(where.sum()))
    terms: list[tuple[tuple[int, ...], FloatArray]] = [
        ((layout.grid_import, layout.over_import), ones)
    ]
    upper = np.maximum(begin, 0.0)
    for flow, share in zip(flows, shares, strict=True):
        terms.append((flow.blocks, (share if flow.is_lowering else -share)[where]))
        if flow.is_lowering:
            upper = upper + share * flow.most
    return Cut(name=f"meter {order}", slots=slots[where], terms=tuple(terms), upper=upper[where])


def _at(where: BoolArray) -> IntArray:
    return np.flatnonzero(where).astype(np.int32)
