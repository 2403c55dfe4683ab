"""What one loadpoint of the simulated evcc sees of its site, and the circuit it is part of."""

from dataclasses import dataclass, field

from domain.tariff import Rate
from simulator.charging_plan import cheapest_first
from simulator.pv_regulation import VOLTAGE_V


@dataclass(frozen=True, slots=True, kw_only=True)
class MainCircuit:
    """The circuit that everything in the home is part of; a limit of 0 is none."""

    title: str = "Hausanschluss"
    max_current_a: float = 0.0
    """For each phase."""
    max_power_w: float = 0.0


@dataclass(slots=True, kw_only=True)
class SiteView:
    """The site as one loadpoint sees it in one cycle; powers in W, positive is a deficit."""

    power_w: float = 0.0
    boost_adjustment_w: float = 0.0
    battery_discharge_w: float = 0.0
    battery_is_held: bool = False
    """The batteries do not discharge, so that a boost can do nothing."""
    soc_pct: float = 0.0
    is_buffered: bool = False
    is_start: bool = False
    planner_price: float | None = None
    feed_in_price: float | None = None
    planner_rates: list[Rate]
    green_share: float = 0.0
    """Share of the home's own energy in what the loadpoints take, 0..1."""
    import_price: float = 0.0
    export_price: float = 0.0
    circuit: MainCircuit | None = None
    circuit_w: float = 0.0
    circuit_a: float = 0.0
    """What the circuit's fullest phase carries."""

    _by_price: tuple[list[Rate], list[Rate]] = field(default_factory=lambda: ([], []))

    @property
    def cheapest_rates(self) -> list[Rate]:
        """``planner_rates``, the cheapest first."""
        if self._by_price[0] is not self.planner_rates:
            self._by_price = self.planner_rates, cheapest_first(self.planner_rates)
        return self._by_price[1]

    def allowed_a(self, wanted_a: float, *, drawn_a: float, charge_w: float, phases: int) -> float:
        """Return how much of a current the circuit has room for.

        Args:
            wanted_a: The current to be offered [A].
            drawn_a: What the car draws now on its fullest phase [A].
            charge_w: What the car draws now [W].
            phases: On how many phases.
        """
        circuit = self.circuit
        if circuit is None:
            return wanted_a
        allowed_a = wanted_a
        if circuit.max_current_a:
            allowed_a = min(allowed_a, drawn_a + circuit.max_current_a - self.circuit_a)
        if circuit.max_power_w:
            most_w = charge_w + circuit.max_power_w - self.circuit_w
            allowed_a = min(allowed_a, most_w / (VOLTAGE_V * phases))
        return max(0.0, allowed_a)
