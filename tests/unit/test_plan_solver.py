import numpy as np
import pytest

from planner.solver import (
    BASIC,
    INFINITY,
    Bounds,
    LinearModel,
    MixedLimits,
    SolveStatus,
    matrix_of,
    solve_mixed,
)


def bounds(
    cost: list[float], upper: list[float], row_lower: list[float], row_upper: list[float]
) -> Bounds:
    return Bounds(
        cost=np.array(cost),
        col_lower=np.zeros(len(cost)),
        col_upper=np.array(upper),
        row_lower=np.array(row_lower),
        row_upper=np.array(row_upper),
    )


# One row over two columns: x + y.
SUM = matrix_of(
    np.array([0, 0], dtype=np.int32),
    np.array([0, 1], dtype=np.int32),
    np.array([1.0, 1.0]),
    n_cols=2,
)


def test_entries_in_any_order_become_columns() -> None:
    matrix = matrix_of(
        np.array([1, 0, 2], dtype=np.int32),
        np.array([2, 0, 2], dtype=np.int32),
        np.array([5.0, 3.0, 7.0]),
        n_cols=3,
    )

    assert matrix.n_cols == 3
    assert matrix.start.tolist() == [0, 1, 1, 3]
    assert matrix.row.tolist() == [0, 1, 2]
    assert matrix.value.tolist() == [3.0, 5.0, 7.0]


def test_an_optimum_comes_with_its_marginal_values() -> None:
    model = LinearModel(SUM, bounds([2.0, 3.0], [4.0, INFINITY], [6.0], [INFINITY]))

    solution = model.solve(time_limit_s=1.0)

    assert solution.status is SolveStatus.OPTIMAL
    assert solution.objective == pytest.approx(14.0)
    assert solution.bound == pytest.approx(14.0)
    assert solution.col_value is not None
    assert solution.col_value.tolist() == pytest.approx([4.0, 2.0])
    assert solution.row_dual is not None
    assert solution.row_dual.tolist() == pytest.approx([3.0])
    assert solution.col_dual is not None
    assert solution.col_dual.tolist() == pytest.approx([-1.0, 0.0])


def test_what_cannot_be_is_infeasible() -> None:
    model = LinearModel(SUM, bounds([1.0, 1.0], [1.0, 1.0], [3.0], [INFINITY]))

    solution = model.solve(time_limit_s=1.0)

    assert solution.status is SolveStatus.INFEASIBLE
    assert solution.col_value is None


def test_a_cost_without_end_is_no_plan() -> None:
    model = LinearModel(SUM, bounds([-1.0, 0.0], [INFINITY, 1.0], [-INFINITY], [INFINITY]))

    solution = model.solve(time_limit_s=1.0)

    assert solution.status in {SolveStatus.INFEASIBLE, SolveStatus.FAILED}
    assert solution.col_value is None


def test_without_time_nothing_is_known() -> None:
    n = 400
    rng = np.random.default_rng(1)
    matrix = matrix_of(
        np.repeat(np.arange(n, dtype=np.int32), n),
        np.tile(np.arange(n, dtype=np.int32), n),
        rng.uniform(1.0, 2.0, n * n),
        n_cols=n,
    )
    model = LinearModel(
        matrix,
        bounds(rng.uniform(1.0, 2.0, n).tolist(), [INFINITY] * n, [1.0] * n, [INFINITY] * n),
    )

    solution = model.solve(time_limit_s=0.0)

    assert solution.status is SolveStatus.TIME_IS_UP
    assert solution.bound is None


def test_a_kept_model_solves_what_has_changed() -> None:
    model = LinearModel(SUM, bounds([2.0, 3.0], [4.0, INFINITY], [6.0], [INFINITY]))
    model.solve(time_limit_s=1.0)

    model.change(bounds([5.0, 3.0], [4.0, 3.0], [5.0], [INFINITY]))
    solution = model.solve(time_limit_s=1.0)

    assert solution.objective == pytest.approx(19.0)


def test_a_kept_model_takes_another_matrix() -> None:
    model = LinearModel(SUM, bounds([2.0, 3.0], [4.0, INFINITY], [6.0], [INFINITY]))
    model.solve(time_limit_s=1.0)
    doubled = matrix_of(
        np.array([0, 0], dtype=np.int32),
        np.array([0, 1], dtype=np.int32),
        np.array([2.0, 2.0]),
        n_cols=2,
    )

    model.replace(doubled, bounds([2.0, 3.0], [4.0, INFINITY], [6.0], [INFINITY]))

    assert model.solve(time_limit_s=1.0).objective == pytest.approx(6.0)


def test_a_solve_begins_where_it_is_told() -> None:
    limits = bounds([2.0, 3.0], [4.0, INFINITY], [6.0], [INFINITY])
    model = LinearModel(SUM, limits)
    expected = model.solve(time_limit_s=1.0)
    basis = model.basis()

    again = LinearModel(SUM, limits)
    again.start_from(basis)

    assert (basis.cols == BASIC).sum() + (basis.rows == BASIC).sum() == 1
    assert again.solve(time_limit_s=1.0).objective == pytest.approx(expected.objective)


@pytest.mark.parametrize("guess", [None, np.array([1.0, 2.0])])
def test_whole_numbers_are_whole(guess: np.ndarray | None) -> None:
    limits = bounds([2.0, 3.0], [1.4, INFINITY], [2.5], [INFINITY])

    solution = solve_mixed(
        SUM,
        limits,
        np.array([0, 1], dtype=np.int32),
        MixedLimits(abs_gap=1e-6, time_limit_s=5.0),
        guess=guess,
    )

    assert solution.status is SolveStatus.OPTIMAL
    assert solution.objective == pytest.approx(8.0)
    assert solution.bound == pytest.approx(8.0)
    assert solution.row_dual is None
    assert solution.col_value is not None
    assert solution.col_value.tolist() == pytest.approx([1.0, 2.0])


def test_whole_numbers_that_cannot_be_are_no_plan() -> None:
    limits = bounds([1.0, 1.0], [0.5, 0.5], [1.0], [INFINITY])

    solution = solve_mixed(
        SUM, limits, np.array([0, 1], dtype=np.int32), MixedLimits(abs_gap=1e-6, time_limit_s=5.0)
    )

    assert solution.status in {SolveStatus.INFEASIBLE, SolveStatus.FAILED}
    assert solution.col_value is None
