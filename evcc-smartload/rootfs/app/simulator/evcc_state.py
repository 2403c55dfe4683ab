"""``GET /api/state`` of the simulated evcc, in the shape of its newest number-triple schema.

``evcc_state_versions`` turns it into what other versions answer.
"""

from datetime import UTC, datetime

from simulator.battery_control import External
from simulator.evcc_loadpoint import Vehicle
from simulator.evcc_loadpoint_state import loadpoint_state
from simulator.evcc_settings import CHARGING_STRATEGIES
from simulator.evcc_site import EvccSite
from simulator.evcc_tariffs import MOVING_KINDS
from simulator.faults import FaultState
from simulator.plant import BatteryReading
from simulator.site_view import MainCircuit
from simulator.wire_format import optional_number, plain_number, rfc3339, rounded

_INTEGRATIONS: dict[str, object] = {
    "aux": [],
    "ext": [],
    "network": {"externalUrl": "", "host": "", "port": 7070, "internalUrl": ""},
    "mqtt": {"broker": "", "topic": "evcc"},
    "influx": {},
    "modbusproxy": None,
    "messaging": {},
    "messagingEvents": None,
    "tariffs": {"yamlSource": "file"},
    "shm": {},
    "eebus": {},
    "ocpp": {},
    "ocppforwarder": {},
    "remote": {},
    "sponsor": {"status": {"name": "", "expiresAt": "0001-01-01T00:00:00Z"}},
    "deviceColors": [],
}


def build_state(
    site: EvccSite, now: datetime, faults: FaultState, *, is_ready: bool
) -> dict[str, object]:
    """Return the whole state; keys that evcc has not published yet are absent."""
    state = _meta(site, now, faults, is_ready=is_ready)
    state |= _INTEGRATIONS
    state["hems"] = _hems(faults)
    state |= _settings(site)
    state |= _power_flow(site, faults)
    if site.config.circuit is not None:
        state["circuits"] = {"main": _circuit(site, site.config.circuit)}
    state |= _tariffs(site, now)
    state["vehicles"] = {name: _vehicle(vehicle) for name, vehicle in site.vehicles.items()}
    state["statistics"] = _statistics(site)
    if site.history.updated is not None:
        state["historyUpdated"] = rfc3339(site.history.updated, site.config.zone)
    state["loadpoints"] = [
        loadpoint_state(site, index, now) for index in range(len(site.loadpoints))
    ]
    if not site.has_regulated:
        for key in ("homePower", "batteryGridChargeActive", "statistics", "pvPower", "pvEnergy"):
            state.pop(key, None)
        state |= {"grid": None, "battery": None, "pv": []}
    return state


def _meta(
    site: EvccSite, now: datetime, faults: FaultState, *, is_ready: bool
) -> dict[str, object]:
    config = site.config
    local = now.astimezone(config.zone)
    offset = local.strftime("%z")
    meta: dict[str, object] = {
        "startupCompleted": True,
        "apiReady": is_ready,
        "setupRequired": False,
        "version": config.version.number,
        "system": "linux/amd64",
        "timezone": f"{local.tzname()} {offset[:3]}:{offset[3:]}",
        "config": "/etc/evcc.yaml",
        "database": "/root/.evcc/evcc.db",
        "interval": int(config.interval_s),
        "siteTitle": config.title,
        "currency": config.currency,
        "experimental": faults.automatic_mode,
        "optimizer": faults.automatic_mode,
        "mcp": False,
        "telemetry": False,
    }
    if faults.automatic_mode:
        meta["optimizerAutomatic"] = True
    return meta


def _hems(faults: FaultState) -> dict[str, object]:
    if not faults.curtailed:
        return {"config": {"configured": False}}
    status = {"dimmed": False, "curtailed": True, "maxConsumptionPower": 0, "maxProductionPower": 0}
    return {"config": {"configured": True}, "status": status}


def _settings(site: EvccSite) -> dict[str, object]:
    owner, control = site.settings.site, site.battery
    settings: dict[str, object] = {
        "prioritySoc": rounded(owner.priority_soc_pct),
        "bufferSoc": rounded(owner.buffer_soc_pct),
        "bufferStartSoc": rounded(owner.buffer_start_soc_pct),
        "batteryMode": control.mode.value,
        "batteryDischargeControl": owner.battery_discharge_control,
        "batteryGridDischarge": owner.battery_grid_discharge,
        "batteryGridChargeActive": control.grid_charge_active,
        "residualPower": rounded(owner.residual_power_w),
        "gridExportLimit": rounded(owner.grid_export_limit_w),
        "solarAdjusted": owner.solar_adjusted,
        "optimizerChargingStrategy": owner.charging_strategy,
        "optimizerChargingStrategies": list(CHARGING_STRATEGIES),
    }
    if control.external is not External.NEVER:
        settings["batteryModeExternal"] = control.external_mode.value
    if owner.grid_charge_limit_was_set:
        settings["batteryGridChargeLimit"] = optional_number(owner.battery_grid_charge_limit)
    return settings


def _power_flow(site: EvccSite, faults: FaultState) -> dict[str, object]:
    meters, reading, grid = site.meters, site.reading, site.grid_reading
    own_w = max(0.0, meters.pv_w + max(0.0, meters.battery_w))
    charge_w = sum(loadpoint.charge_w for loadpoint in site.loadpoints)
    phases_kw = grid.grid_phases_kw
    return {
        "gridConfigured": True,
        "grid": {
            "name": "grid",
            "power": plain_number(round(meters.grid_w, 1)),
            "energy": round(grid.grid_import_total_kwh, 3),
            "returnEnergy": round(grid.grid_export_total_kwh, 3),
            "powers": [plain_number(round(phase_kw * 1000.0, 1)) for phase_kw in phases_kw],
            "currents": [plain_number(round(current_a, 2)) for current_a in site.grid_currents_a],
        },
        "pv": [
            {
                "name": "pv1",
                "power": plain_number(round(meters.pv_w, 1)),
                "energy": round(reading.pv_total_kwh, 3),
            }
        ],
        "pvPower": rounded(meters.pv_w),
        "pvEnergy": rounded(reading.pv_total_kwh),
        "homePower": rounded(meters.home_w),
        "battery": _battery(site, faults) if site.has_battery else None,
        "greenShareHome": rounded(min(1.0, own_w / meters.home_w) if meters.home_w else 1.0),
        "greenShareLoadpoints": rounded(
            min(1.0, max(0.0, own_w - meters.home_w) / charge_w) if charge_w else 1.0
        ),
    }


def _circuit(site: EvccSite, circuit: MainCircuit) -> dict[str, object]:
    state: dict[str, object] = {
        "title": circuit.title,
        "power": plain_number(round(site.meters.grid_w, 1)),
        "current": plain_number(round(max(site.grid_currents_a), 2)),
    }
    if circuit.max_power_w:
        state["maxPower"] = plain_number(circuit.max_power_w)
    if circuit.max_current_a:
        state["maxCurrent"] = plain_number(circuit.max_current_a)
    return state


def _battery(site: EvccSite, faults: FaultState) -> dict[str, object]:
    batteries, meters = site.reading.batteries, site.meters
    battery: dict[str, object] = {
        "power": plain_number(round(meters.battery_w, 1)),
        "soc": plain_number(round(meters.soc_pct, 2)),
        "capacity": plain_number(round(meters.capacity_kwh, 3)),
    }
    discharged_kwh = sum(battery.discharged_total_kwh for battery in batteries)
    if discharged_kwh:
        battery["energy"] = round(discharged_kwh, 3)
    battery["devices"] = [
        _battery_device(device, faults, is_unreadable=faults.soc_missing and index == 0)
        for index, device in enumerate(batteries)
    ]
    return battery


def _battery_device(
    reading: BatteryReading, faults: FaultState, *, is_unreadable: bool
) -> dict[str, object]:
    power_w = (reading.discharge_kw - reading.charge_kw) * 1000.0
    device: dict[str, object] = {
        "name": reading.name,
        "title": reading.title,
        "power": 0 if faults.battery_power_zero else plain_number(round(power_w, 1)),
        "controllable": reading.controllable,
    }
    if reading.discharged_total_kwh:
        device["energy"] = round(reading.discharged_total_kwh, 3)
    if reading.charged_total_kwh:
        device["returnEnergy"] = round(reading.charged_total_kwh, 3)
    if not is_unreadable:
        device["capacity"] = plain_number(reading.capacity_kwh)
        device["soc"] = plain_number(round(reading.soc_pct, 2))
    return device


def _tariffs(site: EvccSite, now: datetime) -> dict[str, object]:
    tariffs, config = site.tariffs, site.config
    values: dict[str, object] = {
        "smartCostAvailable": tariffs.smart_cost_type in MOVING_KINDS,
        "smartCostType": tariffs.smart_cost_type,
        "smartFeedInPriorityAvailable": not tariffs.feed_in_is_fixed,
    }
    for key, value in (
        ("tariffGrid", tariffs.grid_price),
        ("tariffFeedIn", tariffs.feed_in_price),
        ("tariffSolar", tariffs.solar_w),
        ("tariffPriceHome", tariffs.grid_price),
        ("tariffPriceLoadpoints", tariffs.grid_price),
    ):
        if value is not None:
            values[key] = plain_number(value)
    forecast = dict(
        tariffs.forecast(
            as_objects=config.version.has_forecast_objects, price_key=config.version.price_key
        )
    )
    solar = forecast.get("solar")
    if isinstance(solar, dict):
        produced_kwh = site.history.total_kwh(1, tariffs.local_midnight(now, 0))
        forecast["solar"] = solar | {"scale": rounded(tariffs.scale(produced_kwh, now))}
    values["forecast"] = forecast
    return values


def _statistics(site: EvccSite) -> dict[str, object]:
    totals = site.charged
    charged_kwh = totals.energy_kwh
    solar_pct = 100.0 * totals.solar_kwh / charged_kwh if charged_kwh else 0.0
    period = {
        "solarPercentage": rounded(solar_pct),
        "chargedKWh": rounded(charged_kwh),
        "avgPrice": rounded(totals.cost / charged_kwh if charged_kwh else 0.0),
        "avgCo2": 0,
    }
    return dict.fromkeys(("30d", "365d", "thisYear", "total"), period)


def _vehicle(vehicle: Vehicle) -> dict[str, object]:
    owner = vehicle.settings
    value: dict[str, object] = {
        "title": vehicle.spec.title,
        "icon": "car",
        "capacity": plain_number(vehicle.spec.capacity_kwh),
        "phases": vehicle.spec.phases,
        "minSoc": owner.min_soc_pct,
        "limitSoc": owner.limit_soc_pct,
        "features": [],
        "repeatingPlans": owner.repeating_plans,
        "planStrategy": {
            "continuous": owner.plan_continuous,
            "precondition": owner.plan_precondition_s,
        },
    }
    if owner.mode:
        value["mode"] = owner.mode
    if owner.plan_time is not None:
        value["plan"] = {"soc": owner.plan_soc_pct, "time": rfc3339(owner.plan_time, UTC)}
    return value
