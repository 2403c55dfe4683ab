"""What energy is worth that is left in the battery when the plan ends.

Without such a value a plan empties the battery at its end; with a constant one it either fills it
there or not at all. So the time after the end is looked at with the same physics as the plan, and
the value of the first, second, ... kWh follows from what each would be used for.

For a step after the end, with the import price ``p``, the export price ``x``, the efficiencies
``a`` (charging) and ``b`` (discharging) and the wear ``w``, one more kWh in the cells can

    replace bought energy          (p - w) * b    as much as the house lacks
    be fed in, where allowed       (x - w) * b    up to the discharging power
    replace charging from surplus  x / a          as much as there is surplus
    replace bought charging        p / a          up to the charging power, where allowed
    be kept for the next step      its value there

Storing is a matter of taking the best of these. So the curve before a step is the curve after it
with the step's uses put in by value (``_step_back``), without the best of it, as wide as all that
could be charged (an empty battery would get that in any case), and without the worst of it, as
wide as all that could be taken out. For a known future this is the exact marginal value of the
plan's own linear program, worked out backwards. It gives by itself what one would ask for: nothing
is worth more than the cheapest energy that can be bought before it is needed, and what exceeds all
need until the next surplus is worth what that surplus would bring if it were fed in.

The future is not known, so several courses are worked out and their curves averaged: where the
sun may or may not refill the battery, the value lies in between.
"""

import itertools
from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from planner.plan_problem import FloatArray, ValuePiece

# Hours instead of quarter hours: a quarter of the work, and values that differ by under 0.1 ct.
_STEP_SLOTS = 4
# The time after the end is gone through twice, as if it came again: what is worth something only
# on the day after counts, and nothing later than that, of which nobody knows anything.
_TURNS = 2
_CELLS = 24
_MOST_PIECES = 6
_LEAST_KWH = 1e-6
_SAME = 1e-10  # cells that differ by less than a thousandth of a cent are one piece

_Curve = list[tuple[float, float]]
"""Value [EUR/kWh] and width [kWh], by rising value, so that the best is taken off at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A battery as far as its value is concerned.

    Args:
        usable_kwh: Between the lowest and the highest state of charge.
        wear_eur_per_kwh: Cost of one kWh taken out.
        may_grid_charge: Whether more may be charged than the PV has left.
        may_export: Whether energy from it may be fed in.
    """

    usable_kwh: float
    charge_max_kw: float
    discharge_max_kw: float
    charge_efficiency_frac: float
    discharge_efficiency_frac: float
    wear_eur_per_kwh: float
    may_grid_charge: bool
    may_export: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LaterCourse:
    """One way in which the time after the end may go; all arrays have shape (n_slots,).

    Args:
        weight: How likely it is beside the others; only the proportion counts.
        load_kwh: House per slot [kWh].
        pv_kwh: PV per slot [kWh].
        import_price_eur_per_kwh: May be negative.
        export_price_eur_per_kwh: What a kWh brings that is not stored; 0 where PV that nobody
            takes is turned down.
    """

    weight: float
    load_kwh: FloatArray
    pv_kwh: FloatArray
    import_price_eur_per_kwh: FloatArray
    export_price_eur_per_kwh: FloatArray


def terminal_value(
    courses: Sequence[LaterCourse], store: Store, *, slot_h: float
) -> tuple[ValuePiece, ...]:
    """Return what stored energy is worth at the end of the horizon.

    Args:
        courses: What may come after it, at least one, each a day or more.
        store: The battery.
        slot_h: Length of a slot [h].

    Returns:
        At most six pieces with falling values, together as wide as the battery's usable energy;
        none for a battery without any.

    Raises:
        ValueError: There is no course, or none has any weight.
    """
    total = sum(course.weight for course in courses)
    if not total > 0.0:
        raise ValueError("the time after the horizon needs at least one course")
    if store.usable_kwh <= _LEAST_KWH:
        return ()
    edges = np.linspace(0.0, store.usable_kwh, _CELLS + 1)
    worth = np.zeros(_CELLS + 1)
    for course, steps in zip(courses, _steps(courses, store, slot_h), strict=True):
        worth += course.weight / total * _worth_at(_value_before(steps, store), edges)
    return _pieces(np.diff(worth) / np.diff(edges), store.usable_kwh / _CELLS)


def _value_before(steps: list[tuple[_Curve, _Curve]], store: Store) -> _Curve:
    """Return the curve at the beginning of a course."""
    curve: _Curve = [(0.0, store.usable_kwh)]
    for replaced, used in steps[::-1] * _TURNS:
        _step_back(curve, replaced, used)
    return curve


def _steps(
    courses: Sequence[LaterCourse], store: Store, slot_h: float
) -> list[list[tuple[_Curve, _Curve]]]:
    """Return for each course and step the charging that a kWh can replace, and its other uses."""
    into, out = store.charge_efficiency_frac, store.discharge_efficiency_frac
    net_kwh = np.stack([course.load_kwh - course.pv_kwh for course in courses])
    begins = np.arange(0, net_kwh.shape[1], _STEP_SLOTS)
    n_slots = np.diff(begins, append=net_kwh.shape[1])

    def added(slots: Iterable[FloatArray]) -> FloatArray:
        return np.asarray(np.add.reduceat(np.stack(list(slots)), begins, axis=1))

    most_in_kwh = store.charge_max_kw * n_slots * slot_h
    most_out_kwh = store.discharge_max_kw * n_slots * slot_h
    sunny_kwh = np.minimum(added(np.maximum(-net_kwh, 0.0)), most_in_kwh)
    served_kwh = np.minimum(added(np.maximum(net_kwh, 0.0)), most_out_kwh)
    buys = added(course.import_price_eur_per_kwh for course in courses) / n_slots
    sells = added(course.export_price_eur_per_kwh for course in courses) / n_slots
    replaced = [_offers(sells / into, sunny_kwh * into)]
    used = [_offers((buys - store.wear_eur_per_kwh) * out, served_kwh / out)]
    if store.may_grid_charge:
        replaced.append(_offers(buys / into, (most_in_kwh - sunny_kwh) * into))
    if store.may_export:
        used.append(
            _offers((sells - store.wear_eur_per_kwh) * out, (most_out_kwh - served_kwh) / out)
        )
    by_course = zip(zip(*replaced, strict=True), zip(*used, strict=True), strict=True)
    return [
        list(zip(_offered(of_replaced), _offered(of_used), strict=True))
        for of_replaced, of_used in by_course
    ]


def _offered(kinds: Iterable[_Curve]) -> list[_Curve]:
    """Return what is really offered in each step, of all kinds."""
    return [[offer for offer in of_step if offer[1] > 0.0] for of_step in zip(*kinds, strict=True)]


def _offers(values: FloatArray, widths_kwh: FloatArray) -> list[_Curve]:
    """Return value and width of each step, course by course."""
    return [
        list(zip(*of_course, strict=True))
        for of_course in zip(values.tolist(), widths_kwh.tolist(), strict=True)
    ]


def _step_back(curve: _Curve, replaced: _Curve, used: _Curve) -> None:
    """Turn the curve after a step into the one before it; its width stays what it is."""
    skip_kwh = beyond_kwh = 0.0
    for use in replaced:
        insort(curve, use)
        skip_kwh += use[1]
    for use in used:
        insort(curve, use)
        beyond_kwh += use[1]
    while curve and skip_kwh > 0.0:
        value, width = curve.pop()
        if width > skip_kwh:
            curve.append((value, width - skip_kwh))
        skip_kwh -= width
    n_beyond = 0
    while n_beyond < len(curve) and curve[n_beyond][1] <= beyond_kwh:
        beyond_kwh -= curve[n_beyond][1]
        n_beyond += 1
    del curve[:n_beyond]
    if curve and beyond_kwh > 0.0:
        value, width = curve[0]
        curve[0] = (value, width - beyond_kwh)


def _worth_at(curve: _Curve, edges: FloatArray) -> FloatArray:
    """Return what the energy up to each of ``edges`` is worth [EUR]."""
    values, widths = (np.array(column[::-1]) for column in zip(*curve, strict=True))
    at = np.concatenate(([0.0], np.cumsum(widths)))
    at[-1] = edges[-1]  # what rounding left over
    return np.interp(edges, at, np.concatenate(([0.0], np.cumsum(values * widths))))


def _pieces(values: FloatArray, width_kwh: float) -> tuple[ValuePiece, ...]:
    """Return cells of one width as few pieces, those joined first that differ the least."""
    pieces = [(value, 1) for value in np.minimum.accumulate(values).tolist()]
    while len(pieces) > 1:
        losses = [
            (high - low) ** 2 * n_high * n_low / (n_high + n_low)
            for (high, n_high), (low, n_low) in itertools.pairwise(pieces)
        ]
        least = min(losses)
        if len(pieces) <= _MOST_PIECES and least > _SAME:
            break
        at = losses.index(least)
        (high, n_high), (low, n_low) = pieces[at], pieces[at + 1]
        n_cells = n_high + n_low
        pieces[at : at + 2] = [((high * n_high + low * n_low) / n_cells, n_cells)]
    return tuple(
        ValuePiece(width_kwh=n_cells * width_kwh, eur_per_kwh=value) for value, n_cells in pieces
    )
