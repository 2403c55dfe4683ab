"""When an evcc that has few cycles must not wait for its next one."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from simulator.cars import CHARGE_EFFICIENCY_FRAC
from simulator.evcc_loadpoint import Loadpoint
from simulator.evcc_site import EvccSite

# Rounding must not make it a moment before a car has what it is charged for.
_SURELY_S = 1.0


def next_cycle(site: EvccSite, at: datetime, regular: datetime, busy: timedelta) -> datetime:
    """Return when the cycle after that at ``at`` comes: at ``regular``, or before.

    While something is under way it comes after ``busy``. It also comes where a plan begins or
    ends, and when a car has about what it is charged for, but ``busy`` after the last at least.
    """
    soonest = at + busy
    if site.is_busy:
        return min(regular, soonest)
    changes = (change for one in site.loadpoints for change in _changes(one, at))
    return min(regular, max(soonest, min(changes, default=regular)))


def _changes(loadpoint: Loadpoint, now: datetime) -> Iterator[datetime]:
    """Yield when what the loadpoint does comes to an end, or something begins."""
    for slot in loadpoint.plan:
        if slot.end > now:
            yield slot.end if slot.start <= now else slot.start
            break
    vehicle, soc_pct = loadpoint.vehicle, loadpoint.vehicle_soc_pct
    if vehicle is None or soc_pct is None or not loadpoint.charging:
        return
    kwh_per_pct = vehicle.spec.capacity_kwh / 100.0
    pct_per_s = loadpoint.charge_w / 1000.0 * CHARGE_EFFICIENCY_FRAC / kwh_per_pct / 3600.0
    for wanted_pct in _ends_pct(loadpoint, now):
        if wanted_pct > soc_pct:
            yield now + timedelta(seconds=(wanted_pct - soc_pct) / pct_per_s + _SURELY_S)


def _ends_pct(loadpoint: Loadpoint, now: datetime) -> Iterator[float]:
    """Yield the SoCs at which the loadpoint does something else."""
    yield loadpoint.effective_limit_soc_pct
    yield loadpoint.effective_min_soc_pct
    if loadpoint.plan_active:
        goal = loadpoint.goal(now)
        if goal is not None:
            yield goal.soc_pct
