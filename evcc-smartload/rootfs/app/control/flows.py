"""What a plan lets flow in a quarter hour, and what the battery would do without orders.

All batteries count as one, because evcc's modes act on all of them. Of the cars only those count
that are there now: a plan may be hours old.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.horizon import SLOT, SLOT_H
from domain.plan import CarCourse, Plan, Rung
from domain.site import ChargeMode, Loadpoint, SiteSnapshot
from planner.battery_models import ASSUMED_SOC_MIN_PCT
from planner.plant import Plant

# Less than this is rounding, or a charger's standby.
LEAST_KWH = 0.01
# A battery that is told to charge takes all it can, so a plan has to mean it: 0.2 kW.
_BUYS_KWH = 0.05
# evcc can only let a battery serve (or store) or not, so a plan that lets it do less than half of
# what it would do is better kept by not, unless all of it is next to nothing.
_SHARE = 0.5
_LEAVES_KWH, _KEEPS_KWH = 0.05, 0.025


def slot_in_force(plan: Plan | None, now: datetime) -> int | None:
    """Return the slot of the plan that contains ``now``.

    None: there is no plan, it is evcc's own rules, or it does not reach.
    """
    if plan is None or plan.rung is Rung.HANDS_OFF:
        return None
    slot = (now - plan.start) // SLOT
    return slot if 0 <= slot < plan.n_slots else None


def start_of(plan: Plan, slot: int) -> datetime:
    """Return when ``slot`` begins."""
    return plan.start + slot * SLOT


def takes_energy(loadpoint: Loadpoint) -> bool:
    """Tell whether something at this loadpoint can charge as it was planned."""
    return loadpoint.connected and loadpoint.mode is not ChargeMode.OFF


def cars_there(plan: Plan, site: SiteSnapshot) -> tuple[CarCourse, ...]:
    """Return the cars of the plan that are still there and may charge."""
    there = {one.name for one in site.loadpoints if takes_energy(one)}
    return tuple(car for car in plan.cars if car.name in there)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotFlows:
    """Energies of one slot [kWh]; of ``charge_kwh`` and ``discharge_kwh`` one is 0.

    ``cars`` are planned energies by the loadpoint's name.
    """

    pv_kwh: float
    load_kwh: float
    charge_kwh: float
    discharge_kwh: float
    cars: Mapping[str, float]

    @property
    def cars_kwh(self) -> float:
        """What all cars charge."""
        return sum(self.cars.values())

    @property
    def house_lacks_kwh(self) -> float:
        """What the sun leaves of the house's use."""
        return max(0.0, self.load_kwh - self.pv_kwh)

    @property
    def surplus_kwh(self) -> float:
        """What house and cars leave of the sun; negative: what they lack."""
        return self.pv_kwh - self.load_kwh - self.cars_kwh

    @property
    def for_cars_kwh(self) -> float:
        """What the home has for cars without buying: sun that is not stored, and the battery."""
        return max(0.0, self.pv_kwh - self.load_kwh - self.charge_kwh + self.discharge_kwh)

    @property
    def feeds_cars_kwh(self) -> float:
        """What the battery gives beyond what the house lacks."""
        return max(0.0, self.discharge_kwh - self.house_lacks_kwh)

    def bought_for(self, car: str) -> float:
        """Return what is bought for a car; all that charge have the same share of what is there.

        Cars in evcc's PV mode get nothing of the sun while another one charges at full power.
        """
        all_kwh, kwh = self.cars_kwh, self.cars.get(car, 0.0)
        if all_kwh <= 0.0:
            return 0.0
        return kwh * max(0.0, all_kwh - self.for_cars_kwh) / all_kwh


def flows_of(plan: Plan, slot: int, cars: tuple[CarCourse, ...]) -> SlotFlows:
    """Return the flows of ``slot`` with these of the plan's cars."""
    net_kwh = sum(one.charge_kwh[slot] - one.discharge_kwh[slot] for one in plan.batteries)
    return SlotFlows(
        pv_kwh=plan.pv_kwh[slot],
        load_kwh=plan.load_kwh[slot],
        charge_kwh=max(0.0, net_kwh),
        discharge_kwh=max(0.0, -net_kwh),
        cars={car.name: car.charge_kwh[slot] for car in cars},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfConsumption:
    """What the battery would do by itself in a slot that is otherwise as planned [kWh].

    ``for_house_kwh`` is what it would give if no car were there.
    """

    charge_kwh: float
    discharge_kwh: float
    for_house_kwh: float


def self_consumption(plan: Plan, slot: int, flows: SlotFlows, plant: Plant) -> SelfConsumption:
    """Return what the batteries would do, starting from where the plan has them by then."""
    total_kwh = sum(one.capacity_kwh for one in plan.batteries)
    takes_kwh = gives_kwh = 0.0
    for one in plan.batteries:
        share = one.capacity_kwh / total_kwh if total_kwh > 0.0 else 0.0
        soc_kwh = one.soc_kwh[slot - 1] if slot > 0 else one.start_kwh
        room_kwh = max(0.0, one.capacity_kwh - soc_kwh) / plant.one_way_frac
        lowest_kwh = one.capacity_kwh * ASSUMED_SOC_MIN_PCT / 100.0
        spare_kwh = max(0.0, soc_kwh - lowest_kwh) * plant.one_way_frac
        takes_kwh += min(room_kwh, plant.charge_max_kw * share * SLOT_H)
        gives_kwh += min(spare_kwh, plant.discharge_max_kw * share * SLOT_H)
    return SelfConsumption(
        charge_kwh=min(takes_kwh, max(0.0, flows.surplus_kwh)),
        discharge_kwh=min(gives_kwh, max(0.0, -flows.surplus_kwh)),
        for_house_kwh=min(gives_kwh, flows.house_lacks_kwh),
    )


class Intent(StrEnum):
    """What a plan wants of the battery, beside what it would do by itself."""

    BUYS = "buys"
    LEAVES_SUN = "leaves_sun"
    KEEPS = "keeps"
    """It gives less than the house lacks."""
    KEEPS_FROM_CAR = "keeps_from_car"
    """It serves the house as it would, and not a car."""
    FOLLOWS = "follows"
    """It does what it would do by itself, or near enough."""


def intent_of(flows: SlotFlows, alone: SelfConsumption) -> Intent:
    """Return what the plan wants in a slot."""
    if flows.charge_kwh > max(0.0, flows.surplus_kwh) + _BUYS_KWH:
        return Intent.BUYS
    if _does_less(flows.charge_kwh, alone.charge_kwh, _LEAVES_KWH):
        return Intent.LEAVES_SUN
    if not _does_less(flows.discharge_kwh, alone.discharge_kwh, _KEEPS_KWH):
        return Intent.FOLLOWS
    if _does_less(flows.discharge_kwh, alone.for_house_kwh, _KEEPS_KWH):
        return Intent.KEEPS
    return Intent.KEEPS_FROM_CAR


def _does_less(planned_kwh: float, alone_kwh: float, least_kwh: float) -> bool:
    return planned_kwh < _SHARE * alone_kwh and alone_kwh - planned_kwh >= least_kwh


def soc_pct_after(plan: Plan, slot: int) -> float | None:
    """Return the SoC that is planned for the end of ``slot``, by capacity; None: no capacity."""
    total_kwh = sum(one.capacity_kwh for one in plan.batteries)
    if not total_kwh > 0.0:
        return None
    return 100.0 * sum(one.soc_kwh[slot] for one in plan.batteries) / total_kwh
