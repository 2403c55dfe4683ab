"""The loadpoint part of ``GET /api/state``."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from domain.horizon import slot_start
from simulator.charging_plan import PlanSlot
from simulator.evcc_loadpoint import Loadpoint
from simulator.evcc_site import EvccSite
from simulator.pv_regulation import VOLTAGE_V
from simulator.wire_format import optional_number, plain_number, rfc3339, rounded

# What evcc's duration says when it was started without a car.
_NEVER_CONNECTED_S = 9223372036
_KM_PER_KWH = 6.5
# Grid, PV, home and forecast come before the batteries in the stored energies.
_SERIES_BEFORE_BATTERIES = 4
_FEATURES: dict[str, object] = dict.fromkeys(
    (
        f"chargerFeature{name}"
        for name in (
            "CoarseCurrent", "IntegratedDevice", "SwitchDevice", "Heating", "Continuous",
            "Average", "Cacheable", "Offline", "Retryable", "Streaming", "WelcomeCharge",
            "ClimaterDisabled", "AutodetectDisabled", "WakeUpDisabled",
        )
    ),
    False,
)  # fmt: skip


def loadpoint_state(site: EvccSite, index: int, now: datetime) -> dict[str, object]:
    """Return one loadpoint's keys; before its first turn only what is configured."""
    loadpoint = site.loadpoints[index]
    state = _settings(site, loadpoint)
    if not loadpoint.was_regulated:
        return state
    state |= _charging(loadpoint, now)
    state |= _session(loadpoint)
    state |= _vehicle(loadpoint)
    state |= _plan(site, loadpoint, now)
    state |= _smart(site, loadpoint, now)
    state |= _energies(site, index, now)
    return state


def _settings(site: EvccSite, loadpoint: Loadpoint) -> dict[str, object]:
    owner, config, version = loadpoint.settings, loadpoint.config, site.config.version
    state: dict[str, object] = {
        "name": config.name,
        "title": config.title,
        "mode": version.mode_word(owner.mode, owner.always_charge),
        "minCurrent": rounded(owner.min_current_a),
        "maxCurrent": rounded(owner.max_current_a),
        "phasesConfigured": owner.phases_configured,
        "chargerPhases1p3p": config.switches_phases,
        "chargerSinglePhase": config.max_phases == 1,
        "enableThreshold": rounded(owner.enable_threshold_w),
        "disableThreshold": rounded(owner.disable_threshold_w),
        "enableDelay": owner.enable_delay_s,
        "disableDelay": owner.disable_delay_s,
        "priority": owner.priority,
        "limitSoc": owner.limit_soc_pct,
        "limitEnergy": rounded(owner.limit_energy_kwh),
        "minSoc": owner.min_soc_pct,
        "smartCostLimit": optional_number(owner.smart_cost_limit),
        "smartFeedInPriorityLimit": optional_number(owner.smart_feed_in_limit),
        "batteryBoost": loadpoint.boost,
        "batteryBoostLimit": owner.boost_limit_pct,
        "suggestion": None,
        "chargerIcon": None,
        "chargerStatusReason": "unknown",
        "ui": {"minTemp": 0, "maxTemp": 0},
    }
    if version.has_smart_mode:
        state["alwaysCharge"] = owner.always_charge
    return state | _FEATURES


def _charging(loadpoint: Loadpoint, now: datetime) -> dict[str, object]:
    owner, regulator = loadpoint.settings, loadpoint.regulator
    offered = rounded(loadpoint.offered_a)
    return {
        "enabled": loadpoint.command.enabled,
        "connected": loadpoint.connected,
        "charging": loadpoint.charging,
        "chargePower": rounded(loadpoint.charge_w),
        "chargeCurrents": [plain_number(round(current, 3)) for current in loadpoint.currents_a],
        "chargeVoltages": [plain_number(VOLTAGE_V)] * 3,
        "offeredCurrent": offered,
        "effectiveMinCurrent": rounded(owner.min_current_a),
        "effectiveMaxCurrent": rounded(owner.max_current_a),
        "phasesActive": loadpoint.active_phases,
        "phaseAction": regulator.phase_timer.kind.value,
        "phaseRemaining": regulator.phase_timer.remaining_s(now),
        "pvAction": regulator.pv_timer.kind.value,
        "pvRemaining": regulator.pv_timer.remaining_s(now),
        "effectivePriority": owner.priority,
        "chargeTotalImport": rounded(loadpoint.total_kwh),
    }


def _session(loadpoint: Loadpoint) -> dict[str, object]:
    session = loadpoint.session
    if session is None:
        energy_wh = solar_pct = cost = charge_s = 0.0
        connected_s = _NEVER_CONNECTED_S
    else:
        energy_wh = session.charged_kwh * 1000.0
        has_charged = session.charged_kwh > 0
        solar_pct = 100.0 * session.solar_kwh / session.charged_kwh if has_charged else 0.0
        cost, charge_s = session.cost, session.charge_s
        left_at = session.left_at
        # evcc sets it to 0 when a car comes and does not count it up while the car stays.
        connected_s = 0 if left_at is None else int((left_at - session.created).total_seconds())
    state: dict[str, object] = {
        "sessionEnergy": rounded(energy_wh),
        "chargedEnergy": rounded(energy_wh),
        "sessionSolarPercentage": rounded(solar_pct),
        "sessionPrice": plain_number(cost),
        "sessionPricePerKWh": cost * 1000.0 / energy_wh if energy_wh else None,
        "sessionCo2PerKWh": None,
        "chargeDuration": int(charge_s),
        "connectedDuration": connected_s,
    }
    return state | _remaining(loadpoint)


def _remaining(loadpoint: Loadpoint) -> dict[str, object]:
    soc_pct, vehicle = loadpoint.vehicle_soc_pct, loadpoint.vehicle
    energy_wh = 0.0
    if vehicle is not None and soc_pct is not None and loadpoint.charging:
        share = max(0.0, loadpoint.effective_limit_soc_pct - soc_pct) / 100.0
        energy_wh = share * vehicle.spec.capacity_kwh * 1000.0
    loadpoint.had_remaining = loadpoint.had_remaining or energy_wh > 0
    if not loadpoint.had_remaining:
        return {}
    seconds = int(energy_wh / loadpoint.charge_w * 3600) if loadpoint.charge_w else 0
    return {"chargeRemainingDuration": seconds, "chargeRemainingEnergy": rounded(energy_wh)}


def _vehicle(loadpoint: Loadpoint) -> dict[str, object]:
    vehicle, soc_pct = loadpoint.vehicle, loadpoint.vehicle_soc_pct
    range_km = 0
    if vehicle is not None and soc_pct is not None:
        range_km = int(soc_pct / 100.0 * vehicle.spec.capacity_kwh * _KM_PER_KWH)
    return {
        "vehicleName": vehicle.spec.name if vehicle is not None else "",
        "vehicleTitle": vehicle.spec.title if vehicle is not None else "",
        "vehicleSoc": rounded(round(soc_pct or 0.0, 1)),
        "vehicleRange": range_km,
        "vehicleLimitSoc": 0,
        "vehicleOdometer": 0,
        "vehicleClimaterActive": None,
        "vehicleDetectionActive": False,
        "vehicleWelcomeActive": False,
        "minSocNotReached": loadpoint.min_soc_not_reached,
        "effectiveLimitSoc": loadpoint.effective_limit_soc_pct,
        "effectiveMinSoc": loadpoint.effective_min_soc_pct,
    }


def _plan(site: EvccSite, loadpoint: Loadpoint, now: datetime) -> dict[str, object]:
    zone, owner, goal = site.config.zone, loadpoint.settings, loadpoint.goal(now)
    plan = loadpoint.plan
    strategy = {"continuous": owner.plan_continuous, "precondition": owner.plan_precondition_s}
    overrun = timedelta(0)
    if goal is not None:
        overrun = max(overrun, loadpoint.need(goal) - max(overrun, goal.time - now))
        effective = {
            "continuous": goal.continuous,
            "precondition": int(goal.precondition.total_seconds()),
        }
    else:
        effective = strategy
    return {
        "plan": plan_wire(plan, zone),
        "planActive": loadpoint.plan_active,
        "planTime": rfc3339(owner.plan_time, UTC) if owner.plan_time else None,
        "planEnergy": rounded(owner.plan_energy_kwh),
        "planProjectedStart": rfc3339(plan[0].start, zone) if plan else None,
        "planProjectedEnd": rfc3339(plan[-1].end, zone) if plan else None,
        "planOverrun": int(overrun.total_seconds()),
        "planStrategy": strategy,
        "effectivePlanId": goal.number if goal is not None else 0,
        "effectivePlanSoc": int(goal.soc_pct) if goal is not None else 0,
        "effectivePlanTime": rfc3339(goal.time, UTC) if goal is not None else None,
        "effectivePlanStrategy": effective,
    }


def plan_wire(plan: Sequence[PlanSlot], zone: tzinfo) -> list[dict[str, object]] | None:
    """Return a plan as a list of rates; None when there is none."""
    return [
        {
            "start": rfc3339(slot.start, zone),
            "end": rfc3339(slot.end, zone),
            "value": plain_number(slot.price),
        }
        for slot in plan
    ] or None


def _smart(site: EvccSite, loadpoint: Loadpoint, now: datetime) -> dict[str, object]:
    owner, tariffs, zone = loadpoint.settings, site.tariffs, site.config.zone
    next_cheap = next_dear = None
    if owner.smart_cost_limit is not None and not loadpoint.smart_cost_active:
        next_cheap = next(
            (
                rfc3339(rate.start, zone)
                for rate in tariffs.grid
                if rate.start > now and rate.price_eur_per_kwh <= owner.smart_cost_limit
            ),
            None,
        )
    if owner.smart_feed_in_limit is not None and not loadpoint.smart_feed_in_active:
        next_dear = next(
            (
                rfc3339(rate.start, zone)
                for rate in tariffs.feed_in
                if rate.start > now and rate.price_eur_per_kwh >= owner.smart_feed_in_limit
            ),
            None,
        )
    return {
        "smartCostActive": loadpoint.smart_cost_active,
        "smartCostNextStart": next_cheap,
        "smartFeedInPriorityActive": loadpoint.smart_feed_in_active,
        "smartFeedInPriorityNextStart": next_dear,
    }


def _energies(site: EvccSite, index: int, now: datetime) -> dict[str, object]:
    series = _SERIES_BEFORE_BATTERIES + len(site.reading.batteries) + index
    slot = slot_start(now)
    spans = {
        "todayEnergy": site.tariffs.local_midnight(now, 0),
        "last24hEnergy": slot - timedelta(days=1),
        "last7dEnergy": slot - timedelta(days=7),
    }
    return {
        key: plain_number(round(site.history.total_kwh(series, since) * 1000.0))
        for key, since in spans.items()
    }
