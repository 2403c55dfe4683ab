"""evcc's ``GET /api/state`` of every version as a ``SiteSnapshot``.

Part of the evcc edge (``evcc_client`` and the modules named ``evcc_*``). Pure. evcc promises no
stability for its state, so a value of the wrong type costs only itself: it becomes None and is
noted. Units and signs are converted here and nowhere else: evcc counts grid import and battery
discharge as positive watts.
"""

import json
import math
from datetime import datetime

from domain.site import (
    BatteryDevice,
    BatteryMode,
    BatterySnapshot,
    ChargeMode,
    Loadpoint,
    SiteSnapshot,
    SocSettings,
    SolarSlot,
    Vehicle,
)
from domain.tariff import Rate
from errors import EvccUnavailableError, EvccUnreadableError
from evcc_tariffs import parse_rates, parse_solar
from evcc_values import (
    Fields,
    Notes,
    positive_kw,
    reversed_w,
    to_number,
    to_text,
    to_time_zone,
)

_MOST_SESSION_WH = 1_000_000.0
_SOC_TOLERANCE_PCT = 1.0
_PHASES = (1, 2, 3)
_AUTO_PHASES = 0
_PHASE_VOLTAGE_V = 230.0  # evcc's own default
_MAIN_FUSE_PHASES = 3
_DEFAULT_INTERVAL_S = 30.0  # evcc's own
_LONGEST_INTERVAL_S = 86_400.0
_MOVING_TARIFFS = frozenset({"priceforecast", "pricedynamic"})
_BATTERY_MODES = frozenset(mode.value for mode in BatteryMode)
_CHARGE_MODES = frozenset(mode.value for mode in ChargeMode)

# Any of these in the top level says that it is evcc that answered.
_EVCC_KEYS = frozenset({"loadpoints", "siteTitle", "startupCompleted", "apiReady", "fatal"})

# evcc answers battery modes as integers where its state has the word.
_MODE_BY_NUMBER = (
    BatteryMode.UNKNOWN,
    BatteryMode.NORMAL,
    BatteryMode.HOLD,
    BatteryMode.CHARGE,
    BatteryMode.HOLD_CHARGE,
)


def read_json(payload: bytes) -> object:
    """Return the JSON value of an answer, out of the ``result`` envelope of old versions.

    Raises:
        EvccUnreadableError: The body is empty, cut off or no JSON.
    """
    if not payload.strip():
        # evcc swallows its own encoding errors and then answers 200 with nothing.
        raise EvccUnreadableError("evcc answered with an empty body")
    try:
        value: object = json.loads(payload)
    except (ValueError, RecursionError) as err:
        raise EvccUnreadableError("evcc's answer is not complete JSON") from err
    if isinstance(value, dict) and value.keys() == {"result"}:
        return value["result"]
    return value


def is_evcc_state(payload: bytes) -> bool:
    """Tell whether ``payload`` is a state of evcc, also of one that is starting or has failed."""
    try:
        state = read_json(payload)
    except EvccUnreadableError:
        return False
    return isinstance(state, dict) and not _EVCC_KEYS.isdisjoint(state)


def read_state(payload: bytes, read_at: datetime) -> SiteSnapshot:
    """Return what evcc says about the home.

    Args:
        payload: Body of ``GET /api/state``.
        read_at: When it was read, aware UTC.

    Raises:
        EvccUnreadableError: The body is no state of evcc.
        EvccUnavailableError: evcc is still starting, or could not start.
    """
    notes = Notes()
    site = _started_site(payload, notes)
    grid = _grid(site, notes)
    circuit = _main_circuit(site)
    grid_w = None if grid is None else grid.power_w("power")
    battery = _battery(site, notes)
    forecast = site.object("forecast") or Fields({}, notes)
    import_rates = parse_rates(forecast.raw("grid"), notes, "forecast.grid")
    zone = site.word("timezone")
    return SiteSnapshot(
        read_at=read_at,
        evcc_version=site.word("version") or "",
        title=site.word("siteTitle") or "",
        currency=site.word("currency") or "EUR",  # evcc's own default
        time_zone=None if zone is None else to_time_zone(zone),
        pv_kw=_pv_kw(site),
        home_kw=positive_kw(site.power_w("homePower")),
        grid_import_kw=positive_kw(grid_w),
        grid_export_kw=positive_kw(reversed_w(grid_w)),
        battery=battery,
        settings=None if battery is None else _settings(site, notes),
        loadpoints=_loadpoints(site, notes),
        vehicles=_vehicles(site),
        import_rates=import_rates,
        export_rates=parse_rates(forecast.raw("feedin"), notes, "forecast.feedin"),
        solar=parse_solar(forecast.raw("solar"), notes, "forecast.solar"),
        automatic_mode=site.truth("optimizerAutomatic") is True,
        export_limit_kw=_export_limit_kw(site),
        import_limit_kw=_import_limit_kw(circuit),
        limits_are_in_grams=site.word("smartCostType") == "co2",
        has_price_limits=_has_price_limits(site),
        limit_rates=_limit_rates(forecast, notes) or import_rates,
        interval_s=_interval_s(site),
        phase_import_a=_phase_import_a(grid),
        phase_limit_a=None if circuit is None else circuit.current_a("maxCurrent") or None,
        production_is_limited=_production_is_limited(site),
        implausible=notes.as_tuple(),
    )


def read_rates(payload: bytes, usage: str) -> tuple[tuple[Rate, ...], tuple[str, ...]]:
    """Return the rates of ``GET /api/tariff/{usage}`` and what was left out of them.

    Raises:
        EvccUnreadableError: The body is no JSON.
    """
    notes = Notes()
    return parse_rates(read_json(payload), notes, f"tariff {usage}"), notes.as_tuple()


def read_solar(payload: bytes) -> tuple[tuple[SolarSlot, ...], tuple[str, ...]]:
    """Return the forecast of ``GET /api/tariff/solar`` and what was left out of it.

    Raises:
        EvccUnreadableError: The body is no JSON.
    """
    notes = Notes()
    return parse_solar(read_json(payload), notes, "tariff solar"), notes.as_tuple()


def read_battery_mode(value: object) -> BatteryMode:
    """Return the mode of evcc's word or number; UNKNOWN for one we do not know."""
    number = to_number(value)
    if number is not None:
        listed = number in range(len(_MODE_BY_NUMBER))
        return _MODE_BY_NUMBER[int(number)] if listed else BatteryMode.UNKNOWN
    if isinstance(value, str) and value in _BATTERY_MODES:
        return BatteryMode(value)
    return BatteryMode.UNKNOWN


def check_started(payload: bytes) -> None:
    """Raise as ``read_state`` unless ``payload`` is the state of an evcc that is up."""
    _started_site(payload, Notes())


def _started_site(payload: bytes, notes: Notes) -> Fields:
    state = read_json(payload)
    if not isinstance(state, dict) or _EVCC_KEYS.isdisjoint(state):
        raise EvccUnreadableError("what answers under evcc's address does not speak like evcc")
    site = Fields(state, notes)
    fatal = site.raw("fatal")
    if fatal:
        raise EvccUnavailableError(f"evcc could not start: {_fatal_text(fatal)}")
    # Both keys are younger than the state itself; absent means an older version that is up.
    if site.raw("apiReady") is False or site.raw("startupCompleted") is False:
        raise EvccUnavailableError("evcc is starting")
    return site


def _fatal_text(fatal: object) -> str:
    first = fatal[0] if isinstance(fatal, list) else fatal
    if isinstance(first, dict):
        parts = (first.get("class"), first.get("device"), first.get("error"))
        return to_text(" ".join(part for part in parts if isinstance(part, str) and part))
    return to_text(first) if isinstance(first, str) else "no reason given"


def _grid(site: Fields, notes: Notes) -> Fields | None:
    """Return the grid meter; its values were keys of their own before evcc 0.133."""
    if site.raw("grid") is not None:
        return site.object("grid")
    keys = {"power": "gridPower", "powers": "gridPowers", "currents": "gridCurrents"}
    return Fields({key: site.raw(old) for key, old in keys.items()}, notes, "grid.")


def _phase_import_a(grid: Fields | None) -> tuple[float, ...]:
    """Return each phase's current, export negative [A]; empty when the meter does not say.

    Many meters measure currents without their direction: then the powers have it.
    """
    if grid is None:
        return ()
    currents_a, powers_w = grid.phase_currents_a("currents"), grid.phase_powers_w("powers")
    if not currents_a:
        return tuple(power_w / _PHASE_VOLTAGE_V for power_w in powers_w)
    if min(currents_a) < 0.0 or len(powers_w) != len(currents_a):
        return currents_a
    return tuple(map(math.copysign, currents_a, powers_w))


def _pv_kw(site: Fields) -> float | None:
    # An inverter in standby draws a few watts, which is no negative sunshine.
    if site.has("pvPower"):
        return positive_kw(site.power_w("pvPower"))
    powers_w = [None if meter is None else meter.power_w("power") for meter in site.objects("pv")]
    known_w = [power_w for power_w in powers_w if power_w is not None]
    complete = bool(powers_w) and len(known_w) == len(powers_w)
    return positive_kw(sum(known_w)) if complete else None


def _export_limit_kw(site: Fields) -> float | None:
    """Return the limit that the owner told evcc since 0.314; 0 is evcc's "none"."""
    return positive_kw(site.limit_w("gridExportLimit"))


def _main_circuit(site: Fields) -> Fields | None:
    """Return the circuit that all others are part of; None without load management."""
    roots = [
        circuit for circuit in site.named_objects("circuits").values() if not circuit.raw("parent")
    ]
    return roots[0] if len(roots) == 1 else None


def _import_limit_kw(circuit: Fields | None) -> float | None:
    """Return the limit of evcc's main circuit, by power or by current per phase, if it has one."""
    if circuit is None:
        return None
    limits_w = [
        circuit.limit_w("maxPower"),
        _times(circuit.current_a("maxCurrent"), _PHASE_VOLTAGE_V * _MAIN_FUSE_PHASES),
    ]
    return positive_kw(min((limit_w for limit_w in limits_w if limit_w), default=None))


def _has_price_limits(site: Fields) -> bool:
    """Return whether evcc compares limits with a tariff; old versions say only which it is."""
    available = site.truth("smartCostAvailable")
    return site.word("smartCostType") in _MOVING_TARIFFS if available is None else available


def _limit_rates(forecast: Fields, notes: Notes) -> tuple[Rate, ...]:
    """Return the rates that limits are compared with; none where they are those of the grid."""
    planner = forecast.raw("planner")
    if planner is None or planner == forecast.raw("grid"):
        return ()
    return parse_rates(planner, notes, "forecast.planner")


def _interval_s(site: Fields) -> float:
    """Return how often evcc regulates; below one second evcc says 0."""
    interval_s = site.number("interval", low=0.0, high=_LONGEST_INTERVAL_S)
    return _DEFAULT_INTERVAL_S if interval_s is None else max(1.0, interval_s)


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _production_is_limited(site: Fields) -> bool | None:
    """Return whether a grid operator's box limits the production; None without such a box."""
    hems = site.object("hems")
    status = None if hems is None else hems.object("status")
    return None if status is None else status.truth("curtailed")


def _battery(site: Fields, notes: Notes) -> BatterySnapshot | None:
    """Read the batteries: an object since evcc 0.301, a list beside keys of its own before."""
    raw = site.raw("battery")
    if isinstance(raw, list):
        total_w, soc_pct = site.power_w("batteryPower"), site.soc_pct("batterySoc")
        listed = site.objects("battery")
    else:
        total = site.object("battery")
        if total is None:
            return None
        total_w, soc_pct = total.power_w("power"), total.soc_pct("soc")
        listed = total.objects("devices")
    if not listed and not total_w and not soc_pct:
        return None  # evcc may show an all-zero object where there is no battery
    devices = tuple(_device(entry, number) for number, entry in enumerate(listed, start=1))
    external = site.raw("batteryModeExternal")
    charge_kw, discharge_kw = _battery_flows_kw(total_w, devices, notes)
    return BatterySnapshot(
        soc_pct=_common_soc_pct(soc_pct, devices, notes),
        capacity_kwh=_common_capacity_kwh(devices),
        charge_kw=charge_kw,
        discharge_kw=discharge_kw,
        mode=read_battery_mode(site.raw("batteryMode")),
        external_mode=None if external is None else read_battery_mode(external),
        devices=devices,
        discharge_control=site.truth("batteryDischargeControl"),
        grid_charge_limit=site.number("batteryGridChargeLimit"),
        suggestion=next(filter(None, map(_suggestion, listed)), None),
    )


def _device(fields: Fields | None, number: int) -> BatteryDevice:
    if fields is None:
        return BatteryDevice(name=f"battery {number}")
    power_w = fields.power_w("power")
    return BatteryDevice(
        name=fields.word("name") or f"battery {number}",
        title=fields.word("title"),
        soc_pct=fields.soc_pct("soc"),
        capacity_kwh=fields.capacity_kwh("capacity"),
        charge_kw=positive_kw(reversed_w(power_w)) or 0.0,
        discharge_kw=positive_kw(power_w) or 0.0,
        controllable=fields.truth("controllable") is True,
    )


def _suggestion(device: Fields | None) -> str | None:
    """Return what evcc's optimizer suggests for a battery."""
    suggestion = None if device is None else device.object("suggestion")
    return None if suggestion is None else suggestion.word("action")


def _battery_flows_kw(
    total_w: float | None, devices: tuple[BatteryDevice, ...], notes: Notes
) -> tuple[float, float]:
    """Return what flows into and out of all batteries together [kW], one of them 0."""
    if total_w is None:
        notes.add("the battery's power is missing; the sum of its devices is used")
        net_kw = sum(device.discharge_kw - device.charge_kw for device in devices)
    else:
        net_kw = total_w / 1000.0
    return max(0.0, -net_kw), max(0.0, net_kw)


def _common_soc_pct(
    evcc_pct: float | None, devices: tuple[BatteryDevice, ...], notes: Notes
) -> float | None:
    """Return evcc's mean, or ours where evcc's cannot be; None unless every device has a SoC.

    When one of several cannot be read, evcc counts it as 0 %, so its mean is wrong then.
    """
    if not devices:
        return evcc_pct
    socs_pct = [device.soc_pct for device in devices if device.soc_pct is not None]
    if len(socs_pct) < len(devices):
        notes.add("the battery's SoC is unknown: not every battery reports one")
        return None
    if evcc_pct is not None and (
        min(socs_pct) - _SOC_TOLERANCE_PCT <= evcc_pct <= max(socs_pct) + _SOC_TOLERANCE_PCT
    ):
        return evcc_pct
    weights = [device.capacity_kwh for device in devices if device.capacity_kwh is not None]
    if len(weights) < len(devices):
        weights = [1.0] * len(devices)
    weighted = sum(soc * weight for soc, weight in zip(socs_pct, weights, strict=True))
    return weighted / sum(weights)


def _common_capacity_kwh(devices: tuple[BatteryDevice, ...]) -> float | None:
    """Return the sum of all devices; evcc's own number counts batteries when one is unknown."""
    known = [device.capacity_kwh for device in devices if device.capacity_kwh is not None]
    return sum(known) if devices and len(known) == len(devices) else None


def _settings(site: Fields, notes: Notes) -> SocSettings:
    return SocSettings(
        priority_soc_pct=_setting_pct(site, "prioritySoc", notes),
        buffer_soc_pct=_setting_pct(site, "bufferSoc", notes),
        buffer_start_soc_pct=_setting_pct(site, "bufferStartSoc", notes),
    )


def _setting_pct(site: Fields, key: str, notes: Notes) -> float | None:
    value_pct = site.number(key, low=0.0)
    if value_pct is not None and value_pct > 100.0:  # noqa: PLR2004 - a percentage
        # evcc checks no upper bound; as no battery is ever above 100 %, both mean the same.
        notes.add(f"{key} is {value_pct:g} in evcc and counts as 100")
        return 100.0
    return value_pct


def _loadpoints(site: Fields, notes: Notes) -> tuple[Loadpoint, ...]:
    """Read the loadpoints; evcc's number of one is its position, so a broken one keeps its own."""
    return tuple(
        _loadpoint(fields, number, notes)
        for number, fields in enumerate(site.objects("loadpoints"), start=1)
        if fields is not None
    )


def _loadpoint(fields: Fields, number: int, notes: Notes) -> Loadpoint:
    name = fields.word("name") or f"lp-{number}"
    mode, uses_smart_schema = _charge_mode(fields)
    session_wh = fields.number("sessionEnergy", "chargedEnergy", low=0.0, high=_MOST_SESSION_WH)
    # A heater shows its temperature where a car has its SoC.
    is_heater = fields.truth("chargerFeatureHeating") is True
    is_built_in = fields.truth("chargerFeatureIntegratedDevice") is True
    return Loadpoint(
        number=number,
        name=name,
        title=fields.word("title") or name,
        mode=mode,
        connected=fields.truth("connected") is True,
        charging=fields.truth("charging") is True,
        charge_kw=positive_kw(fields.power_w("chargePower")) or 0.0,
        min_current_a=fields.current_a("effectiveMinCurrent", "minCurrent"),
        max_current_a=fields.current_a("effectiveMaxCurrent", "maxCurrent"),
        phases_active=_phases(fields, "phasesActive", _PHASES),
        phases_configured=_phases(fields, "phasesConfigured", (_AUTO_PHASES, *_PHASES)),
        switches_phases=fields.truth("chargerPhases1p3p"),
        is_heater=is_heater or is_built_in,
        vehicle_name=fields.word("vehicleName"),
        vehicle_title=fields.word("vehicleTitle"),
        # 0 is evcc's "not known", for the SoC of a car as for that of its plan.
        vehicle_soc_pct=None if is_heater else fields.soc_pct("vehicleSoc") or None,
        limit_soc_pct=fields.soc_pct("effectiveLimitSoc") or fields.soc_pct("limitSoc") or None,
        session_limit_soc_pct=fields.soc_pct("limitSoc"),
        session_kwh=None if session_wh is None else session_wh / 1000.0,
        limit_kwh=_session_limit_kwh(fields, "limitEnergy"),
        plan_soc_pct=fields.soc_pct("effectivePlanSoc") or None,
        plan_kwh=_session_limit_kwh(fields, "planEnergy"),
        plan_time=fields.instant("effectivePlanTime", "planTime"),
        smart_cost_limit=fields.number("smartCostLimit"),
        uses_smart_schema=uses_smart_schema,
        battery_boost=fields.truth("batteryBoost"),
        battery_boost_limit_pct=fields.soc_pct("batteryBoostLimit"),
        planned=tuple(
            (rate.start, rate.end)
            for rate in parse_rates(fields.raw("plan"), notes, f"loadpoints[{number}].plan")
        ),
    )


def _charge_mode(fields: Fields) -> tuple[ChargeMode, bool]:
    """Return the mode and whether the loadpoint speaks the newer schema (off, smart, now)."""
    word = fields.word("mode")
    if word == "smart":
        always = fields.word("alwaysCharge") in {"on", "once"}
        return (ChargeMode.MIN_PV if always else ChargeMode.PV), True
    mode = ChargeMode(word) if word in _CHARGE_MODES else ChargeMode.UNKNOWN
    return mode, fields.has("alwaysCharge")


def _phases(fields: Fields, key: str, known: tuple[int, ...]) -> int | None:
    phases = fields.number(key)
    return int(phases) if phases is not None and phases in known else None


def _session_limit_kwh(fields: Fields, key: str) -> float | None:
    """Return an energy of a session, which evcc has in kWh here; 0 is none."""
    return fields.number(key, low=0.0, high=_MOST_SESSION_WH / 1000.0) or None


def _vehicles(site: Fields) -> tuple[Vehicle, ...]:
    return tuple(
        Vehicle(
            name=name,
            title=fields.word("title") or name,
            capacity_kwh=fields.capacity_kwh("capacity"),
            phases=_phases(fields, "phases", _PHASES),
            min_soc_pct=fields.soc_pct("minSoc"),
            limit_soc_pct=fields.soc_pct("limitSoc") or None,
        )
        for name, fields in site.named_objects("vehicles").items()
    )
