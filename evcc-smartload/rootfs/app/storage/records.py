"""What is read back of decisions, and how much the history holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

Fact = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDecision:
    """Something SmartLoad decided, with the facts it decided by."""

    at: datetime
    kind: str
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistorySummary:
    """How much there is. ``first`` and ``last`` are starts of measured quarter hours (UTC).

    ``n_days`` counts the UTC days in which any quarter hour was measured. ``n_bytes`` is the file
    with its log.
    """

    first: datetime | None
    last: datetime | None
    n_days: int
    n_bytes: int
