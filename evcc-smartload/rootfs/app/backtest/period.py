"""A past that can be lived again: what was measured, published and said, on quarter hours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from domain.horizon import SLOT
from domain.proof import PeriodNote
from forecaster.series import BoolArray, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A car at home, plugged in from ``arrives`` to ``leaves`` (aware UTC, any second).

    ``used_kwh`` is what it used since it left the last time (cell side), so that it comes home with
    that much less. ``wanted_soc_pct`` is what its owner wants by ``leaves``; None: nothing.
    """

    arrives: datetime
    leaves: datetime
    used_kwh: float
    wanted_soc_pct: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCar:
    """A car and when it was at home; ``stays`` are rising and do not overlap."""

    name: str
    title: str
    capacity_kwh: float
    phases: int
    max_current_a: float
    initial_soc_pct: float
    stays: tuple[Stay, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Period:
    """Quarter hours from ``start`` on; all arrays have shape (n_slots,).

    Args:
        name: Of the home.
        prices: Name of the prices.
        start: Local midnight of the home, aware UTC.
        zone: The home's.
        load_kw: House without cars and battery, complete: gaps are filled so that a home can live
            through them.
        pv_kw: The same of the PV.
        import_price_eur_per_kwh: What the owner pays, complete.
        export_price_eur_per_kwh: What feeding in brings, complete.
        pv_said_kw: What a provider said of each slot, at most about a day before; NaN: nothing.
            None: there is no provider.
        is_measured: Where load, PV and price were really measured.
        live_from: Index of the first slot that is lived through; what lies before is known as past
            only.
        cars: That come and go.
        notes: What was done to the data, and what is assumed.
        inputs: SHA-256 of what it was read from, by name.
    """

    name: str
    prices: str
    start: datetime
    zone: tzinfo
    load_kw: FloatArray
    pv_kw: FloatArray
    import_price_eur_per_kwh: FloatArray
    export_price_eur_per_kwh: FloatArray
    pv_said_kw: FloatArray | None
    is_measured: BoolArray
    live_from: int = 0
    cars: tuple[RecordedCar, ...] = ()
    notes: tuple[PeriodNote, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def n_slots(self) -> int:
        """How long it is [slots]."""
        return len(self.load_kw)

    @property
    def end(self) -> datetime:
        """When its last slot is over."""
        return self.start + self.n_slots * SLOT
