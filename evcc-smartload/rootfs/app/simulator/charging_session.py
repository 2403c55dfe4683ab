"""A car's visit to a loadpoint, and how evcc lists it."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from simulator.wire_format import NS_PER_S, rfc3339

_SHORTEST_KWH = 0.05


@dataclass(slots=True, kw_only=True)
class ChargingSession:
    """A car's visit, from plugging in to leaving."""

    created: datetime
    vehicle_title: str
    meter_start_kwh: float
    soc_start_pct: float | None
    charged_kwh: float = 0.0
    solar_kwh: float = 0.0
    cost: float = 0.0
    charge_s: float = 0.0
    left_at: datetime | None = None

    @property
    def is_worth_storing(self) -> bool:
        """Whether enough was charged for evcc to list it."""
        return self.charged_kwh >= _SHORTEST_KWH

    def to_row(
        self, *, number: int, title: str, soc_end_pct: float | None, zone: tzinfo
    ) -> dict[str, object]:
        """Return the visit as evcc lists it, without its end; ``title`` is the loadpoint's."""
        charged_kwh = self.charged_kwh
        return {
            "id": number,
            "created": rfc3339(self.created, zone),
            "loadpoint": title,
            "identifier": "",
            "vehicle": self.vehicle_title,
            "odometer": None,
            "meterStart": round(self.meter_start_kwh, 3),
            "meterStop": round(self.meter_start_kwh + charged_kwh, 3),
            "chargedEnergy": round(charged_kwh, 3),
            "chargeDuration": int(self.charge_s) * NS_PER_S,
            "socStart": self.soc_start_pct,
            "socEnd": soc_end_pct,
            "addedRange": None,
            "solarPercentage": 100.0 * self.solar_kwh / charged_kwh if charged_kwh else None,
            "price": self.cost,
            "pricePerKWh": self.cost / charged_kwh if charged_kwh else None,
            "co2PerKWh": None,
            "referencePricePerKWh": None,
            "referenceCo2PerKWh": None,
        }
