"""Loadpoints and vehicles of the simulated evcc as its client would read them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from backtest.direct_series import stretches_as_read
from backtest.direct_values import (
    EARLIEST,
    LATEST,
    MOST_A,
    MOST_CAPACITY_KWH,
    MOST_SESSION_KWH,
    MOST_W,
    optional_limit,
    pct,
    require,
    within,
)
from domain.site import ChargeMode, Loadpoint, Vehicle
from evcc_values import to_text
from simulator import evcc_loadpoint
from simulator.evcc_version import EvccVersion

_PHASES = frozenset({1, 2, 3})
_AUTO_PHASES = 0
_CHARGE_MODES = {mode.value: mode for mode in ChargeMode}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadpointIdentity:
    """What never changes about a loadpoint, as the client reads it."""

    number: int
    name: str
    title: str
    switches_phases: bool


def identities(
    configs: Iterable[evcc_loadpoint.LoadpointConfig],
) -> tuple[LoadpointIdentity, ...]:
    """Return what the configuration says of each loadpoint."""
    named = [
        (number, to_text(config.name) or f"lp-{number}", config)
        for number, config in enumerate(configs, start=1)
    ]
    return tuple(
        LoadpointIdentity(
            number=number,
            name=name,
            title=to_text(config.title) or name,
            switches_phases=config.switches_phases,
        )
        for number, name, config in named
    )


def loadpoint_as_read(
    loadpoint: evcc_loadpoint.Loadpoint,
    identity: LoadpointIdentity,
    version: EvccVersion,
    now: datetime,
) -> Loadpoint:
    """Return what the client reads of one loadpoint.

    Raises:
        UnusualStateError: It had no turn yet, or holds what the client would not believe.
    """
    require(loadpoint.was_regulated)
    owner, session, goal = loadpoint.settings, loadpoint.session, loadpoint.goal(now)
    spec = None if loadpoint.vehicle is None else loadpoint.vehicle.spec
    charged_kwh = 0.0 if session is None else session.charged_kwh
    plan_time = owner.plan_time if goal is None else goal.time
    return Loadpoint(
        number=identity.number,
        name=identity.name,
        title=identity.title,
        mode=_mode(owner.mode, owner.always_charge, version),
        connected=loadpoint.connected,
        charging=loadpoint.charging,
        charge_kw=within(round(loadpoint.charge_w, 3), MOST_W) / 1000.0,
        min_current_a=within(round(owner.min_current_a, 3), MOST_A),
        max_current_a=within(round(owner.max_current_a, 3), MOST_A),
        phases_active=_known_phases(loadpoint.active_phases),
        phases_configured=_configured_phases(owner.phases_configured),
        switches_phases=identity.switches_phases,
        vehicle_name=None if spec is None else to_text(spec.name) or None,
        vehicle_title=None if spec is None else to_text(spec.title) or None,
        vehicle_soc_pct=pct(round(loadpoint.vehicle_soc_pct or 0.0, 1)) or None,
        limit_soc_pct=pct(loadpoint.effective_limit_soc_pct),
        session_limit_soc_pct=pct(owner.limit_soc_pct),
        session_kwh=within(round(charged_kwh * 1000.0, 3), MOST_SESSION_KWH * 1000.0) / 1000.0,
        limit_kwh=within(round(owner.limit_energy_kwh, 3), MOST_SESSION_KWH) or None,
        plan_soc_pct=None if goal is None else pct(int(goal.soc_pct)) or None,
        plan_kwh=within(round(owner.plan_energy_kwh, 3), MOST_SESSION_KWH) or None,
        plan_time=None if plan_time is None else _instant(plan_time),
        smart_cost_limit=optional_limit(owner.smart_cost_limit),
        uses_smart_schema=version.has_smart_mode,
        battery_boost=loadpoint.boost,
        battery_boost_limit_pct=pct(owner.boost_limit_pct),
        planned=stretches_as_read((slot.start, slot.end) for slot in loadpoint.plan),
    )


def vehicle_as_read(name: str, vehicle: evcc_loadpoint.Vehicle) -> Vehicle:
    """Return what the client reads of one vehicle.

    Raises:
        UnusualStateError: It holds what the client would not believe.
    """
    spec, owner = vehicle.spec, vehicle.settings
    shown_name = to_text(name)
    return Vehicle(
        name=shown_name,
        title=to_text(spec.title) or shown_name,
        capacity_kwh=within(spec.capacity_kwh, MOST_CAPACITY_KWH) or None,
        phases=_known_phases(spec.phases),
        min_soc_pct=pct(owner.min_soc_pct),
        limit_soc_pct=pct(owner.limit_soc_pct) or None,
    )


def _mode(mode: str, always_charge: str, version: EvccVersion) -> ChargeMode:
    """Return the mode in the one vocabulary that the client has for both schemas."""
    word = version.mode_word(mode, always_charge)
    if word == "smart":
        return ChargeMode.PV if always_charge == "off" else ChargeMode.MIN_PV
    return _CHARGE_MODES.get(word, ChargeMode.UNKNOWN)


def _known_phases(phases: int) -> int | None:
    return phases if phases in _PHASES else None


def _configured_phases(phases: int) -> int | None:
    return phases if phases == _AUTO_PHASES else _known_phases(phases)


def _instant(instant: datetime) -> datetime:
    require(EARLIEST <= instant < LATEST)
    return instant.astimezone(UTC)
