"""A linear problem while it is written down, column by column and row by row."""

import numpy as np
import numpy.typing as npt

from forecaster.series import FloatArray
from planner.solver import Bounds, Matrix, matrix_of

_Places = npt.NDArray[np.int64]


class Sheet:
    """Columns, rows and what connects them; INFINITY is no bound."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._n_cols = self._n_rows = 0
        self._lower: list[FloatArray] = []
        self._upper: list[FloatArray] = []
        self._row_lower: list[FloatArray] = []
        self._row_upper: list[FloatArray] = []
        self._costs: list[tuple[_Places, FloatArray]] = []
        self._entries: list[tuple[_Places, _Places, FloatArray]] = []

    def columns(self, lower: FloatArray, upper: FloatArray) -> _Places:
        """Return new columns with these bounds."""
        self._lower.append(lower)
        self._upper.append(upper)
        first, self._n_cols = self._n_cols, self._n_cols + len(lower)
        return np.arange(first, self._n_cols)

    def rows(self, lower: FloatArray, upper: FloatArray) -> _Places:
        """Return new rows with these bounds."""
        self._row_lower.append(lower)
        self._row_upper.append(upper)
        first, self._n_rows = self._n_rows, self._n_rows + len(lower)
        return np.arange(first, self._n_rows)

    def cost(self, columns: _Places, eur: FloatArray | float) -> None:
        """Let each of ``columns`` cost so much more a unit."""
        self._costs.append((columns, np.broadcast_to(np.float64(eur), columns.shape)))

    def put(self, rows: _Places, columns: _Places, value: float) -> None:
        """Put ``value`` into each of ``rows`` and its column; one row or column serves for all."""
        at, of = np.broadcast_arrays(rows, columns)
        self._entries.append((at, of, np.full(at.shape, value)))

    def linear(self) -> tuple[Matrix, Bounds]:
        """Return it all."""
        cost = np.zeros(self._n_cols)
        for columns, eur in self._costs:
            np.add.at(cost, columns, eur)
        row, col, value = (np.concatenate(parts) for parts in zip(*self._entries, strict=True))
        matrix = matrix_of(row.astype(np.int32), col.astype(np.int32), value, n_cols=self._n_cols)
        bounds = Bounds(
            cost=cost,
            col_lower=np.concatenate(self._lower),
            col_upper=np.concatenate(self._upper),
            row_lower=np.concatenate(self._row_lower),
            row_upper=np.concatenate(self._row_upper),
        )
        return matrix, bounds
