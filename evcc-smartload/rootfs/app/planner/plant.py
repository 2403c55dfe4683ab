"""What the home battery can: powers and efficiency, from options, from its past, or assumed.

evcc tells capacity and state of charge, not how fast a battery charges nor what it loses. Both show
in what it did. Everything is of all batteries together, at the side where evcc's meter sits.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from planner.plan_problem import FloatArray

# One to two hours for a full charge is what home batteries are built for; inverters for them have
# between 2 and 10 kW. A guess that is too low only makes plans use more hours than needed.
ASSUMED_HOURS = 2.0
ASSUMED_LEAST_KW, ASSUMED_MOST_KW = 2.0, 10.0
# 95 % each way: between the best measured home systems (97 %) and the older ones (92 %).
ASSUMED_ROUND_TRIP_FRAC = 0.95**2

# Below, a battery is at rest and its meter shows what its electronics use.
_ACTIVE_SHARE = 0.01
# No home battery charges in less than half an hour; what says so is a broken meter.
_FASTEST_HOURS = 0.5
_TOP_QUANTILE = 0.995
# A limit shows as many slots at one and the same power, give or take what a meter errs: in
# simulated homes 5 to 30 % of all slots in use, against 1 % at the top of what merely came by.
# What the roof has left at noon is alike on some days, so charging has to show it more often.
_SAME_POWER_FRAC = 0.05
_CHARGE_AT_TOP_FRAC, _DISCHARGE_AT_TOP_FRAC = 0.03, 0.015
_LEAST_SLOTS_AT_TOP = 12
_LEAST_ACTIVE_SLOTS = 200

_LEAST_CYCLES = 10.0
# A state of charge is told in whole percent. Over a stretch that moved the battery twice over,
# that is an error of half a percent, and errors of many stretches even out.
_LEAST_STRETCH_CYCLES = 2.0
_LEAST_ROUND_TRIP_FRAC, _MOST_ROUND_TRIP_FRAC = 0.7, 0.99


class KnownBy(StrEnum):
    """How something about the plant is known."""

    CONFIGURED = "configured"
    LEARNED = "learned"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """All home batteries together; powers [kW] and efficiency (0..1), each with how it is known."""

    charge_max_kw: float
    discharge_max_kw: float
    round_trip_frac: float
    charge_known_by: KnownBy = KnownBy.ASSUMED
    discharge_known_by: KnownBy = KnownBy.ASSUMED
    efficiency_known_by: KnownBy = KnownBy.ASSUMED

    @property
    def one_way_frac(self) -> float:
        """Efficiency of charging, and of discharging: nothing tells the two apart."""
        return math.sqrt(self.round_trip_frac)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlantPast:
    """What the batteries did, per quarter hour; all arrays have one shape (n_slots,).

    NaN is not known. ``soc_pct`` is at the beginning of each slot.
    """

    charge_kwh: FloatArray
    discharge_kwh: FloatArray
    soc_pct: FloatArray


def assumed_plant(capacity_kwh: float | None) -> Plant:
    """Return what a battery of ``capacity_kwh`` usually can; None: as small as there are."""
    power_kw = 0.0 if capacity_kwh is None else capacity_kwh / ASSUMED_HOURS
    power_kw = min(max(power_kw, ASSUMED_LEAST_KW), ASSUMED_MOST_KW)
    return Plant(
        charge_max_kw=power_kw,
        discharge_max_kw=power_kw,
        round_trip_frac=ASSUMED_ROUND_TRIP_FRAC,
    )


def learn_plant(past: PlantPast, *, capacity_kwh: float | None, slot_h: float) -> Plant:
    """Return what the past shows, and the usual where it shows nothing.

    Args:
        past: Some weeks or months of quarter hours.
        capacity_kwh: Of all batteries; None: nothing can be learned without it.
        slot_h: Length of a slot [h].
    """
    plant = assumed_plant(capacity_kwh)
    if capacity_kwh is None or not capacity_kwh > 0.0:
        return plant
    charge_kw, charge_by = _power(
        past.charge_kwh / slot_h, capacity_kwh, plant.charge_max_kw, _CHARGE_AT_TOP_FRAC
    )
    discharge_kw, discharge_by = _power(
        past.discharge_kwh / slot_h, capacity_kwh, plant.discharge_max_kw, _DISCHARGE_AT_TOP_FRAC
    )
    round_trip_frac = _round_trip(past, capacity_kwh)
    if round_trip_frac is not None:
        plant = replace(plant, round_trip_frac=round_trip_frac, efficiency_known_by=KnownBy.LEARNED)
    return replace(
        plant,
        charge_max_kw=charge_kw,
        charge_known_by=charge_by,
        discharge_max_kw=discharge_kw,
        discharge_known_by=discharge_by,
    )


def with_options(
    plant: Plant,
    *,
    charge_kw: float | None,
    discharge_kw: float | None,
    round_trip_frac: float | None,
) -> Plant:
    """Return the plant with what the owner says; None: the owner says nothing."""
    if charge_kw is not None:
        plant = replace(plant, charge_max_kw=charge_kw, charge_known_by=KnownBy.CONFIGURED)
    if discharge_kw is not None:
        plant = replace(plant, discharge_max_kw=discharge_kw, discharge_known_by=KnownBy.CONFIGURED)
    if round_trip_frac is not None:
        plant = replace(
            plant, round_trip_frac=round_trip_frac, efficiency_known_by=KnownBy.CONFIGURED
        )
    return plant


def _power(
    power_kw: FloatArray, capacity_kwh: float, assumed_kw: float, at_top_frac: float
) -> tuple[float, KnownBy]:
    """Return the highest power in one direction [kW].

    Where the battery was often held at one power, that is its limit, also if it is less than
    assumed. Otherwise the highest is only what it could do at least.
    """
    is_active = (power_kw > _ACTIVE_SHARE * capacity_kwh) & (
        power_kw <= capacity_kwh / _FASTEST_HOURS
    )
    active_kw = power_kw[is_active]
    if len(active_kw) < _LEAST_ACTIVE_SLOTS:
        return assumed_kw, KnownBy.ASSUMED
    top_kw = float(np.quantile(active_kw, _TOP_QUANTILE))
    at_top_kw = active_kw[active_kw >= (1.0 - _SAME_POWER_FRAC) * top_kw]
    if len(at_top_kw) >= max(_LEAST_SLOTS_AT_TOP, at_top_frac * len(active_kw)):
        return float(np.median(at_top_kw)), KnownBy.LEARNED
    if top_kw > assumed_kw:
        return top_kw, KnownBy.LEARNED
    return assumed_kw, KnownBy.ASSUMED


def _round_trip(past: PlantPast, capacity_kwh: float) -> float | None:
    """Return the round-trip efficiency from energy balances, None when it cannot be told.

    Over a stretch in which C was charged, D discharged and S gained by the cells, and with the
    same efficiency e in both directions, e C - D / e = S. The sums over all stretches give
    e = (S + sqrt(S^2 + 4 C D)) / (2 C); what the battery uses at rest is counted as a loss, too.
    """
    charged_kwh = discharged_kwh = gained_kwh = 0.0
    for first, last in _stretches(past):
        charge_kwh = float(past.charge_kwh[first:last].sum())
        discharge_kwh = float(past.discharge_kwh[first:last].sum())
        if charge_kwh + discharge_kwh < 2.0 * _LEAST_STRETCH_CYCLES * capacity_kwh:
            continue
        charged_kwh += charge_kwh
        discharged_kwh += discharge_kwh
        gain_pct = float(past.soc_pct[last] - past.soc_pct[first])
        gained_kwh += gain_pct / 100.0 * capacity_kwh
    if min(charged_kwh, discharged_kwh) < _LEAST_CYCLES * capacity_kwh:
        return None
    root = math.sqrt(gained_kwh**2 + 4.0 * charged_kwh * discharged_kwh)
    round_trip_frac = ((gained_kwh + root) / (2.0 * charged_kwh)) ** 2
    plausible = _LEAST_ROUND_TRIP_FRAC <= round_trip_frac <= _MOST_ROUND_TRIP_FRAC
    return round_trip_frac if plausible else None


def _stretches(past: PlantPast) -> list[tuple[int, int]]:
    """Return stretches of known energies between two known states of charge, ``last`` outside."""
    known = np.isfinite(past.charge_kwh) & np.isfinite(past.discharge_kwh)
    edges = np.flatnonzero(np.diff(known.astype(np.int8), prepend=0, append=0))
    told = np.flatnonzero(np.isfinite(past.soc_pct))
    found = []
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        inside = told[np.searchsorted(told, begin) : np.searchsorted(told, end, side="right")]
        if len(inside) > 1:
            found.append((int(inside[0]), int(inside[-1])))
    return found
