"""Where the simplex begins: with a home that does nothing, or where the last plan ended."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from planner.layout import (
    BALANCE_ROW,
    Layout,
    may_only_serve,
    must_store_surplus,
    rows_of,
    taper_lines,
)
from planner.model import PlanModel
from planner.plan_problem import PlanProblem
from planner.solver import AT_LOWER, BASIC, Basis, IntArray


def idle_basis(problem: PlanProblem, model: PlanModel) -> Basis:
    """Return the basis of doing nothing: the meter covers the house, batteries stay as they are.

    It halves the time of the first solve: most of what the simplex would do is to find this.
    """
    layout = model.layout
    cols = np.full(layout.n_cols, AT_LOWER, dtype=np.int8)
    rows = np.full(model.n_rows, BASIC, dtype=np.int8)
    rows[: layout.n_slots] = AT_LOWER
    buys = problem.load_kwh >= problem.pv_kwh
    cols[layout.block(layout.grid_import)[buys]] = BASIC
    cols[layout.block(layout.grid_export)[~buys]] = BASIC
    for first in rows_of(problem, layout).stored:
        rows[first : first + layout.n_slots] = AT_LOWER
    for battery in layout.batteries:
        cols[layout.block(battery.soc)] = BASIC
    return Basis(cols=cols, rows=rows)


# -- where the last plan ended -------------------------------------------------------------------


class Moves(NamedTuple):
    """Which column and row of the last model each one of the next is; -1: it is a new one."""

    cols: IntArray
    rows: IntArray


def moves_of(
    last: tuple[PlanProblem, Layout], now: tuple[PlanProblem, Layout], passed: int
) -> Moves:
    """Return what of the last model goes on in the next one; tightening rows do not count.

    Devices are told by their names, so it does not matter which cars have come and gone.

    Args:
        last: What was solved.
        now: What is to be solved.
        passed: How many slots have passed since.
    """
    return Moves(
        cols=_moves(_col_blocks(*last), _col_blocks(*now), now[1].n_cols, passed),
        rows=_moves(_row_blocks(*last), _row_blocks(*now), now[1].n_rows, passed),
    )


def moved_basis(
    last: tuple[PlanModel, Basis], now: tuple[PlanModel, Basis], moves: Moves, passed: int
) -> Basis:
    """Return where the last plan ended, ``passed`` slots later; what is new begins idle.

    Args:
        last: A model, and where its solve ended.
        now: The model that is solved now, and where nothing is done in it.
        moves: What of the one is what of the other.
        passed: How many slots have passed.
    """
    (model, idle), (last_model, ended) = now, last
    n_rows, rows = model.layout.n_rows, idle.rows.copy()
    rows[:n_rows] = np.where(moves.rows >= 0, ended.rows[moves.rows], idle.rows[:n_rows])
    if model.cuts:
        before = dict(
            zip(_cut_rows(last_model), ended.rows[last_model.layout.n_rows :], strict=True)
        )
        names = ((name, slot + passed) for name, slot in _cut_rows(model))
        rows[n_rows:] = [before.get(name, BASIC) for name in names]
    return Basis(cols=np.where(moves.cols >= 0, ended.cols[moves.cols], idle.cols), rows=rows)


def _cut_rows(model: PlanModel) -> Iterator[tuple[str, int]]:
    for cut in model.cuts:
        for slot in cut.slots.tolist():
            yield cut.name, slot


class _Block(NamedTuple):
    """Columns or rows that stand together; ``is_series``: there is one for each slot."""

    key: tuple[str, ...]
    first: int
    n: int
    is_series: bool = True


def _moves(last: Iterator[_Block], now: Iterator[_Block], count: int, passed: int) -> IntArray:
    before = {block.key: block for block in last}
    found = np.full(count, -1, dtype=np.int32)
    for block in now:
        source = before.get(block.key)
        if source is None:
            continue
        skipped = min(passed, source.n) if block.is_series else 0
        kept = min(source.n - skipped, block.n)
        begin = source.first + skipped
        found[block.first : block.first + kept] = np.arange(begin, begin + kept)
    return found


def _col_blocks(problem: PlanProblem, layout: Layout) -> Iterator[_Block]:
    n = layout.n_slots
    for name in ("grid_import", "grid_export", "curtail", "over_import", "over_export"):
        first: int = getattr(layout, name)
        if first >= 0:
            yield _Block((name,), first, n)
    for battery, cols in zip(problem.batteries, layout.batteries, strict=True):
        for name, first in (
            ("charge", cols.charge),
            ("discharge", cols.discharge),
            ("soc", cols.soc),
            ("lacking", cols.lacking),
            ("more_charge", cols.more_charge),
            ("more_discharge", cols.more_discharge),
        ):
            if first >= 0:
                yield _Block((battery.name, name), first, n)
        if cols.terminal >= 0:
            yield _Block((battery.name, "end"), cols.terminal, len(battery.terminal), False)
    for car, powers in zip(problem.cars, layout.cars, strict=True):
        yield _Block((car.name, "power"), powers.power, n)
        if powers.more_power >= 0:
            yield _Block((car.name, "more_power"), powers.more_power, n)
        yield _Block((car.name, "wish"), powers.wish, len(car.wish), False)


def _row_blocks(problem: PlanProblem, layout: Layout) -> Iterator[_Block]:
    n, row = layout.n_slots, layout.n_slots
    yield _Block(("balance",), BALANCE_ROW, n)
    for battery in problem.batteries:
        names = ["stored"]
        names += [] if battery.reserve is None else ["reserve"]
        # One row stands among them, for the value at the end.
        names += ["end"] if len(battery.terminal) > 1 else []
        names += [f"taper {index}" for index in range(len(taper_lines(battery)))]
        names += ["surplus"] if must_store_surplus(battery, problem) else []
        names += ["serve"] if may_only_serve(battery, problem) else []
        for name in names:
            is_series = name != "end"
            count = n if is_series else 1
            yield _Block((battery.name, name), row, count, is_series)
            row += count
    for car in problem.cars:
        yield _Block((car.name, "wish"), row, 1, False)
        row += 1
