"""Whether the main fuse leaves room for charging the home battery from the grid.

evcc's load management does not see that charging, so it is watched here: it ends as soon as a
phase comes near its limit, and begins again when there has been room for it for some minutes.
A single-phase inverter puts all of it on one phase; that shows when it charges.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from control.reasons import because
from domain.site import SiteSnapshot
from domain.steering import CommandCode, CommandReason

PHASE_VOLTAGE_V = 230.0
ASSUMED_CHARGE_KW = 5.0
CALM = timedelta(minutes=5)
# A fuse carries its rating for hours; the rest is for what begins between two readings.
_SHARE = 0.9
_PHASES = 3
# Where only the total is measured, the phases are not loaded alike.
_UNEVEN = 1.3


@dataclass(frozen=True, slots=True, kw_only=True)
class FuseLimits:
    """What the home may draw; None: there is no such limit.

    Args:
        phase_a: What a phase carries [A]: the lower of the owner's and of evcc's circuit.
        import_kw: What the home may draw in all.
    """

    phase_a: float | None = None
    import_kw: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FuseWatch:
    """Whether the battery may be charged from the grid.

    ``is_relief`` says that charging was ended and has to wait until there was room for ``CALM``;
    ``calm_since`` is since when there is. ``reason`` is why not, as long as it may not.
    """

    may_charge: bool = True
    is_relief: bool = False
    calm_since: datetime | None = None
    reason: CommandReason | None = None


def watch_fuse(  # noqa: PLR0913 what was, what is measured, what may be, what would be added
    before: FuseWatch,
    *,
    site: SiteSnapshot,
    limits: FuseLimits,
    charge_kw: float | None,
    is_charging: bool,
    now: datetime,
) -> FuseWatch:
    """Return whether there is room, from the newest reading.

    Args:
        before: What the last watch returned.
        site: Currents of the phases; where there are none, a third of the total and some more.
        limits: What the home may draw.
        charge_kw: The battery's charging power; None: 5 kW.
        is_charging: Whether it is charged from the grid by our doing, so that what is measured
            contains it.
        now: When this is.
    """
    if is_charging:
        near = _too_near(site, limits, 0.0)
        if near is None and not before.is_relief:
            return FuseWatch()
        return FuseWatch(may_charge=False, is_relief=True, reason=near or before.reason)
    # A battery that begins to charge also stops serving the house.
    served_kw = 0.0 if site.battery is None else site.battery.discharge_kw
    charge_kw = ASSUMED_CHARGE_KW if charge_kw is None else charge_kw
    near = _too_near(site, limits, charge_kw + served_kw)
    if near is not None:
        return FuseWatch(may_charge=False, is_relief=before.is_relief, reason=near)
    if not before.is_relief:
        return FuseWatch()
    since = now if before.calm_since is None else min(before.calm_since, now)
    return FuseWatch() if now - since >= CALM else replace(before, calm_since=since)


def _too_near(site: SiteSnapshot, limits: FuseLimits, extra_kw: float) -> CommandReason | None:
    """Return why ``extra_kw`` more are too much; None: they are not.

    A limit that cannot be watched, because nothing is measured, is too near.
    """
    net_kw = None
    if site.grid_import_kw is not None:
        net_kw = site.grid_import_kw - (site.grid_export_kw or 0.0)
    if limits.phase_a is not None:
        phases = site.phase_import_a
        if not phases and net_kw is None:
            return because(CommandCode.FUSE_RELIEF, limit_a=limits.phase_a)
        assumed_a = 0.0 if net_kw is None else _UNEVEN * _current_a(net_kw, _PHASES)
        highest_a = max(phases, default=assumed_a)
        highest_a += _current_a(extra_kw, len(phases) or _PHASES)
        if highest_a > _SHARE * limits.phase_a:
            return because(
                CommandCode.FUSE_RELIEF,
                phase=phases.index(max(phases)) + 1 if phases else None,
                current_a=highest_a,
                limit_a=limits.phase_a,
            )
    if limits.import_kw is not None and not (
        net_kw is not None and net_kw + extra_kw <= limits.import_kw
    ):
        import_kw = None if net_kw is None else net_kw + extra_kw
        return because(CommandCode.FUSE_RELIEF, import_kw=import_kw, limit_kw=limits.import_kw)
    return None


def _current_a(power_kw: float, n_phases: int) -> float:
    return power_kw * 1000.0 / n_phases / PHASE_VOLTAGE_V
