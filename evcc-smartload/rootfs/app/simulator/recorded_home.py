"""A measured past behind an evcc: the house as it was, with its owner's settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from clock import Clock
from simulator.evcc_loadpoint import LoadpointConfig
from simulator.evcc_site import EvccSite, SiteConfig
from simulator.home import SimulatedHome
from simulator.local_time import EPOCH
from simulator.plant import CarSpec, Market, SolarProvider
from simulator.recorded_house import MeasuredCar, RecordedHouse
from simulator.site_view import MainCircuit

INTERVAL_S = 300.0
BUSY_INTERVAL_S = 30.0
"""evcc's own interval: where something is under way, it goes on as fast as it really does."""
_NEVER = datetime.max.replace(tzinfo=UTC)
BATTERY_MODE_LASTS = timedelta(minutes=16)
"""Whoever decides once a quarter hour says the mode that often; evcc itself forgets it in 60 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarWishes:
    """What an owner set for a car in evcc for good; 0 means none.

    ``repeating_plans`` are as evcc takes them: weekdays (0 is Sunday), time, tz, soc, active.
    """

    min_soc_pct: int = 0
    limit_soc_pct: int = 0
    repeating_plans: Sequence[Mapping[str, object]] = ()

    def to_row(self) -> dict[str, object]:
        """Return it as evcc's database has it."""
        return {
            "min_soc_pct": self.min_soc_pct,
            "limit_soc_pct": self.limit_soc_pct,
            "repeating_plans": [dict(plan) for plan in self.repeating_plans],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvcc:
    """How evcc is set up in a recorded home.

    Args:
        zone: In which evcc thinks.
        site: The owner's settings by their names in ``SiteSettings`` (``buffer_soc_pct``).
        wishes: For each car by name; none for one that is missing.
        mode: Of all loadpoints: off, pv or now.
        feed_in_is_fixed: Feeding in brings the same at all times.
        interval_s: How often evcc has a cycle.
        battery_mode_lasts: How long a battery mode from outside holds that is not sent again.
        circuit: Load management; None without.
        battery_max_soc_pct: Where grid charging ends; 0: it does not.
    """

    zone: tzinfo
    site: Mapping[str, object] = field(default_factory=dict)
    wishes: Mapping[str, CarWishes] = field(default_factory=dict)
    mode: str = "pv"
    feed_in_is_fixed: bool = True
    interval_s: float = INTERVAL_S
    battery_mode_lasts: timedelta = BATTERY_MODE_LASTS
    circuit: MainCircuit | None = None
    battery_max_soc_pct: float = 0.0

    def options(self, cars: Sequence[CarSpec]) -> SiteConfig:
        """Return what the installer of a home with these cars configured."""
        loadpoints = tuple(
            LoadpointConfig(name=f"lp-{number}", title=f"Ladepunkt {number}")
            for number in range(1, len(cars) + 1)
        )
        return SiteConfig(
            title="Mein Haus",
            currency="EUR",
            zone=self.zone,
            interval_s=self.interval_s,
            busy_interval_s=min(BUSY_INTERVAL_S, self.interval_s),
            battery_mode_lasts=self.battery_mode_lasts,
            keeps_history=False,
            loadpoints=loadpoints,
            circuit=self.circuit,
            battery_max_soc_pct=self.battery_max_soc_pct,
            feed_in_is_fixed=self.feed_in_is_fixed,
            initial_site=dict(self.site),
            initial_loadpoints=tuple({"mode": self.mode} for _ in loadpoints),
            initial_vehicles={name: wishes.to_row() for name, wishes in self.wishes.items()},
        )


class PlanningOwner:
    """Lays a plan in evcc for each stay of a car that has to leave with something.

    It is there when the car comes: it is laid when the stay before is over. With a stay for which
    nothing is wanted, the last plan is removed. Cars without any such stay are left alone.
    """

    def __init__(self, cars: Sequence[MeasuredCar]) -> None:
        self._ahead = {
            car.spec.name: list(reversed(car.stays))
            for car in cars
            if any(stay.wanted_soc_pct is not None for stay in car.stays)
        }
        self._laid_until = dict.fromkeys(self._ahead, EPOCH)

    def use_page(self, now: datetime, site: EvccSite) -> None:
        for name, laid_until in self._laid_until.items():
            if now >= laid_until:
                self._lay_next(name, now, site)

    def _lay_next(self, name: str, now: datetime, site: EvccSite) -> None:
        ahead, settings = self._ahead[name], site.vehicles[name].settings
        while ahead and ahead[-1].leaves <= now:
            ahead.pop()
        self._laid_until[name] = ahead[-1].leaves if ahead else _NEVER
        wanted_pct = ahead[-1].wanted_soc_pct if ahead else None
        settings.plan_soc_pct = 0 if wanted_pct is None else round(wanted_pct)
        settings.plan_time = ahead[-1].leaves if settings.plan_soc_pct else None
        site.settings.note_change()


def recorded_home(
    house: RecordedHouse,
    market: Market,
    solar: SolarProvider | None,
    *,
    clock: Clock,
    evcc: RecordedEvcc,
) -> SimulatedHome:
    """Return a measured past behind an evcc; each car of ``house`` has its own loadpoint.

    Args:
        house: As it was.
        market: Its prices.
        solar: What a provider said; None: there is none.
        clock: Says how far the past has been lived through.
        evcc: How evcc is set up.
    """
    return SimulatedHome(
        plant=house,
        market=market,
        solar=solar,
        clock=clock,
        options=evcc.options(house.cars),
        owner=PlanningOwner(house.measured_cars),
    )
