"""What a back-test may be told: the battery, the owner's settings, and how it is lived through."""

from dataclasses import dataclass, field

from config import Config
from domain.steering import Stage
from simulator.battery import BatterySpec

# evcc's settings of a home that has a battery and charges its cars from the sun.
OWNERS_SITE: dict[str, object] = {
    "priority_soc_pct": 10.0,
    "buffer_soc_pct": 50.0,
    "buffer_start_soc_pct": 80.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryChoice:
    """The battery that every policy has, but for the one without; powers at the AC side.

    A capacity of 0 is a home without one. There is no standby: it is the same for all, and would
    only blur what is compared.
    """

    capacity_kwh: float = 10.0
    charge_kw: float = 5.0
    discharge_kw: float = 5.0
    round_trip_frac: float = 0.91
    floor_soc_pct: float = 5.0
    initial_soc_pct: float = 50.0

    @property
    def one_way_frac(self) -> float:
        """What is left of a kWh on its way in, or out."""
        return float(self.round_trip_frac**0.5)

    def spec(self) -> BatterySpec | None:
        """Return it as the simulated plant knows it; None: there is none."""
        if not self.capacity_kwh > 0.0:
            return None
        return BatterySpec(
            capacity_kwh=self.capacity_kwh,
            max_charge_kw=self.charge_kw,
            max_discharge_kw=self.discharge_kw,
            charge_efficiency_frac=self.one_way_frac,
            discharge_efficiency_frac=self.one_way_frac,
            standby_kw=0.0,
            floor_soc_pct=self.floor_soc_pct,
            initial_soc_pct=self.initial_soc_pct,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestSettings:
    """Everything that is chosen; ``cfg`` are the owner's options.

    ``interval_s`` is how often the simulated evcc regulates. ``reissue_slots`` is how often the
    statistical forecast is made anew. ``knows_all`` lets SmartLoad plan with perfect forecasts:
    what is then still missing to perfect foresight is lost by the way it acts. ``seed`` is that of
    the confidence bands.
    """

    battery: BatteryChoice = field(default_factory=BatteryChoice)
    cfg: Config = field(default_factory=Config)
    owners_site: dict[str, object] = field(default_factory=lambda: dict(OWNERS_SITE))
    stages: frozenset[Stage] = frozenset(Stage)
    interval_s: float = 300.0
    reissue_slots: int = 4
    knows_all: bool = False
    seed: int = 1

    def options(self) -> Config:
        """Return the owner's options with what is known of the battery."""
        return self.cfg.model_copy(
            update={
                "battery_charge_kw": self.battery.charge_kw,
                "battery_discharge_kw": self.battery.discharge_kw,
                "battery_efficiency_pct": 100.0 * self.battery.round_trip_frac,
            }
        )
