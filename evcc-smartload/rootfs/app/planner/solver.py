"""HiGHS, and nothing else that knows it: arrays in, a status and arrays out."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

import highspy
import numpy as np
import numpy.typing as npt

from planner.plan_problem import FloatArray

IntArray = npt.NDArray[np.int32]

INFINITY = highspy.kHighsInf
# Ties are broken by costs of some 1e-7 EUR/kWh a slot; HiGHS' own tolerance would not see them.
_DUAL_TOLERANCE = 1e-9
_PRIMAL_TOLERANCE = 1e-9
_MIP_TOLERANCE = 1e-7


class _Way(NamedTuple):
    """How a run goes, in HiGHS' numbers."""

    strategy: int
    weights: int = -1
    perturbation: float = 1.0


_DUAL, _PRIMAL = 1, 4
_DEVEX = 1
_ANY_WAY = _Way(_DUAL)
_FROM_A_POINT = _Way(_PRIMAL)
# From where a problem much like it ended it is not far: what prepares for a long way takes longer.
_GO_ON = _Way(_DUAL, _DEVEX, 0.0)


class SolveStatus(StrEnum):
    """What a run of the solver came to; everything unknown counts as failed."""

    OPTIMAL = "optimal"
    TIME_IS_UP = "time_is_up"
    """There may be a point, and a bound."""
    INFEASIBLE = "infeasible"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bounds:
    """What may change in a kept model: costs and bounds; INFINITY is none."""

    cost: FloatArray
    col_lower: FloatArray
    col_upper: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matrix:
    """Coefficients by columns: ``row`` and ``value`` of column j are at start[j] .. start[j+1]."""

    start: IntArray
    row: IntArray
    value: FloatArray

    @property
    def n_cols(self) -> int:
        """How many columns there are."""
        return len(self.start) - 1


def matrix_of(row: IntArray, col: IntArray, value: FloatArray, *, n_cols: int) -> Matrix:
    """Return entries in any order as a matrix by columns; no place may be named twice."""
    order = np.argsort(col, kind="stable")
    counts = np.bincount(col, minlength=n_cols)
    start = np.zeros(n_cols + 1, dtype=np.int32)
    np.cumsum(counts, out=start[1:])
    return Matrix(start=start, row=row[order].astype(np.int32), value=value[order])


class _Duals(Protocol):
    """Where HiGHS keeps the marginal values of a linear solution."""

    row_dual: list[float]
    col_dual: list[float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """A point and what is known about it.

    ``col_value`` is None when there is no point. ``bound`` is what no point can be below, None
    when not known.
    """

    status: SolveStatus
    objective: float
    bound: float | None
    col_value: FloatArray | None
    duals: _Duals | None = None

    @property
    def row_dual(self) -> FloatArray | None:
        """What one more of each row would cost; None for a problem with integers."""
        return None if self.duals is None else np.array(self.duals.row_dual)

    @property
    def col_dual(self) -> FloatArray | None:
        """Reduced costs; None for a problem with integers."""
        return None if self.duals is None else np.array(self.duals.col_dual)


StatusArray = npt.NDArray[np.int8]

AT_LOWER = np.int8(0)
BASIC = np.int8(1)
AT_UPPER = np.int8(2)
# By their value in HiGHS.
_STATUSES = np.array(
    [
        highspy.HighsBasisStatus.kLower,
        highspy.HighsBasisStatus.kBasic,
        highspy.HighsBasisStatus.kUpper,
    ],
    dtype=np.object_,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Basis:
    """Where a simplex run ends or begins: AT_LOWER, BASIC or AT_UPPER, per column and row.

    It need not fit exactly: the solver mends what is singular.
    """

    cols: StatusArray
    rows: StatusArray


def _quiet() -> highspy.Highs:
    highs = highspy.Highs()  # type: ignore[no-untyped-call]  # HiGHS types no constructor
    for name, value in (
        ("output_flag", False),
        ("threads", 1),
        ("parallel", "off"),
        ("random_seed", 1),
        ("dual_feasibility_tolerance", _DUAL_TOLERANCE),
        ("primal_feasibility_tolerance", _PRIMAL_TOLERANCE),
    ):
        highs.setOptionValue(name, value)
    return highs


class LinearModel:
    """A linear problem that is kept between solves; belongs to one thread."""

    def __init__(self, matrix: Matrix, bounds: Bounds) -> None:
        """Hand the problem over."""
        self._matrix = matrix
        self._bounds = bounds
        self._highs = _quiet()
        # The problems are small and solved again and again from where the last one ended.
        self._highs.setOptionValue("presolve", "off")
        self._highs.setOptionValue("solver", "simplex")
        _pass_model(self._highs, matrix, bounds, integer=None)
        self._way = _ANY_WAY
        self._point: FloatArray | None = None

    @property
    def matrix(self) -> Matrix:
        """The coefficients, which do not change."""
        return self._matrix

    @property
    def bounds(self) -> Bounds:
        """What is solved next."""
        return self._bounds

    def replace(self, matrix: Matrix, bounds: Bounds) -> None:
        """Take another problem; the same matrix again costs next to nothing."""
        if matrix is self._matrix:
            self.change(bounds)
            return
        self._matrix, self._bounds = matrix, bounds
        _pass_model(self._highs, matrix, bounds, integer=None)

    def change(self, bounds: Bounds) -> None:
        """Replace costs and bounds, as far as they differ."""
        old, self._bounds = self._bounds, bounds
        changed = np.flatnonzero(old.cost != bounds.cost).astype(np.int32)
        if len(changed):
            self._highs.changeColsCost(len(changed), changed, bounds.cost[changed])
        changed = np.flatnonzero(
            (old.col_lower != bounds.col_lower) | (old.col_upper != bounds.col_upper)
        ).astype(np.int32)
        if len(changed):
            self._highs.changeColsBounds(
                len(changed), changed, bounds.col_lower[changed], bounds.col_upper[changed]
            )
        changed = np.flatnonzero(
            (old.row_lower != bounds.row_lower) | (old.row_upper != bounds.row_upper)
        ).astype(np.int32)
        if len(changed):
            # It exists, only the stubs do not know it.
            self._highs.changeRowsBounds(  # type: ignore[attr-defined]
                len(changed), changed, bounds.row_lower[changed], bounds.row_upper[changed]
            )

    def basis(self) -> Basis:
        """Return where the last run ended; no row may have two different finite bounds.

        HiGHS tells a status as an object each, which takes longer than to work them out.
        """
        bounds = self._bounds
        point = np.zeros(self._matrix.n_cols) if self._point is None else self._point
        above = np.abs(bounds.col_upper - point) < np.abs(point - bounds.col_lower)
        cols = np.where(above, AT_UPPER, AT_LOWER)
        rows = np.where(bounds.row_lower == -INFINITY, AT_UPPER, AT_LOWER)
        # A column's number, or -1 less that of a row.
        basic = self._highs.getBasicVariables()[1]  # type: ignore[attr-defined]  # not in the stubs
        cols[basic[basic >= 0]] = BASIC
        rows[-1 - basic[basic < 0]] = BASIC
        return Basis(cols=cols, rows=rows)

    def start_from(self, basis: Basis) -> None:
        """Let the next run begin there, with the primal simplex.

        It is the quicker one from a point that keeps all bounds, or nearly all of them.
        """
        self._begin(basis)
        self._way = _FROM_A_POINT

    def go_on_from(self, basis: Basis) -> None:
        """Let the next run begin where one of a problem much like it ended."""
        self._begin(basis)
        self._way = _GO_ON

    def _take(self, way: _Way) -> None:
        self._highs.setOptionValue("simplex_strategy", way.strategy)
        self._highs.setOptionValue("simplex_dual_edge_weight_strategy", way.weights)
        self._highs.setOptionValue("dual_simplex_cost_perturbation_multiplier", way.perturbation)

    def _begin(self, basis: Basis) -> None:
        given = highspy.HighsBasis()
        given.col_status = _STATUSES[basis.cols].tolist()
        given.row_status = _STATUSES[basis.rows].tolist()
        given.valid = True
        given.alien = True
        self._highs.setBasis(given)

    def solve(self, *, time_limit_s: float) -> Solution:
        """Solve from where the last run ended."""
        highs = self._highs
        # HiGHS' clock runs on from one run to the next.
        highs.setOptionValue("time_limit", highs.getRunTime() + max(time_limit_s, 0.0))
        self._take(self._way)
        self._way = _ANY_WAY
        highs.run()
        status = _status_of(highs)
        if status is SolveStatus.FAILED:
            # From a point that is highly degenerate HiGHS may end without knowing; from nothing it
            # does not.
            highs.clearSolver()
            self._take(_ANY_WAY)
            highs.run()
            status = _status_of(highs)
        if status is not SolveStatus.OPTIMAL:
            return _without_point(status)
        solution = highs.getSolution()
        objective = float(highs.getInfo().objective_function_value)
        self._point = np.array(solution.col_value)
        return Solution(
            status=status,
            objective=objective,
            bound=objective,
            col_value=self._point,
            duals=solution,
        )


def solve_once(matrix: Matrix, bounds: Bounds, *, time_limit_s: float) -> Solution:
    """Solve a linear problem of any size from nothing, to its very optimum.

    For a problem that is solved once presolve is worth its time: a year of quarter hours with a
    battery takes two to three seconds, where the interior point takes four.
    """
    highs = _quiet()
    highs.setOptionValue("solver", "simplex")
    highs.setOptionValue("time_limit", time_limit_s)
    _pass_model(highs, matrix, bounds, integer=None)
    highs.run()
    status = _status_of(highs)
    if status is not SolveStatus.OPTIMAL:
        return _without_point(status)
    solution = highs.getSolution()
    objective = float(highs.getInfo().objective_function_value)
    return Solution(
        status=status,
        objective=objective,
        bound=objective,
        col_value=np.array(solution.col_value),
        duals=solution,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedLimits:
    """When a search may end: at a proved distance [EUR], or at a time."""

    abs_gap: float
    time_limit_s: float


def solve_mixed(
    matrix: Matrix,
    bounds: Bounds,
    integer: IntArray,
    limits: MixedLimits,
    *,
    guess: FloatArray | None = None,
) -> Solution:
    """Solve a problem some of whose columns are whole numbers.

    Args:
        matrix: Coefficients.
        bounds: Costs and bounds.
        integer: The columns that must be whole.
        limits: When to end.
        guess: A point to begin with, shape (n_cols,), if one is known.
    """
    highs = _quiet()
    highs.setOptionValue("mip_abs_gap", limits.abs_gap)
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.setOptionValue("mip_feasibility_tolerance", _MIP_TOLERANCE)
    highs.setOptionValue("time_limit", max(limits.time_limit_s, 0.0))
    _pass_model(highs, matrix, bounds, integer=integer)
    if guess is not None:
        begin = highspy.HighsSolution()
        begin.col_value = guess.tolist()
        highs.setSolution(begin)
    highs.run()
    status = _status_of(highs)
    info = highs.getInfo()
    has_point = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    if not has_point or status in {SolveStatus.INFEASIBLE, SolveStatus.FAILED}:
        # An optimum without a point is none, whatever it is called.
        return _without_point(SolveStatus.FAILED if status is SolveStatus.OPTIMAL else status)
    bound = float(info.mip_dual_bound)
    return Solution(
        status=status,
        objective=float(info.objective_function_value),
        bound=bound if np.isfinite(bound) else None,
        col_value=np.array(highs.getSolution().col_value),
    )


def _without_point(status: SolveStatus) -> Solution:
    return Solution(status=status, objective=INFINITY, bound=None, col_value=None)


def _status_of(highs: highspy.Highs) -> SolveStatus:
    found = highs.getModelStatus()
    return {
        highspy.HighsModelStatus.kOptimal: SolveStatus.OPTIMAL,
        highspy.HighsModelStatus.kTimeLimit: SolveStatus.TIME_IS_UP,
        highspy.HighsModelStatus.kInfeasible: SolveStatus.INFEASIBLE,
        highspy.HighsModelStatus.kUnboundedOrInfeasible: SolveStatus.INFEASIBLE,
    }.get(found, SolveStatus.FAILED)


def _pass_model(
    highs: highspy.Highs, matrix: Matrix, bounds: Bounds, *, integer: IntArray | None
) -> None:
    lp = highspy.HighsLp()
    lp.num_col_ = matrix.n_cols
    lp.num_row_ = len(bounds.row_lower)
    lp.col_cost_ = bounds.cost
    lp.col_lower_ = bounds.col_lower
    lp.col_upper_ = bounds.col_upper
    lp.row_lower_ = bounds.row_lower
    lp.row_upper_ = bounds.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = matrix.start
    lp.a_matrix_.index_ = matrix.row
    lp.a_matrix_.value_ = matrix.value
    if integer is not None:
        kinds = [highspy.HighsVarType.kContinuous] * matrix.n_cols
        for col in integer.tolist():
            kinds[col] = highspy.HighsVarType.kInteger
        lp.integrality_ = kinds
    highs.passModel(lp)
