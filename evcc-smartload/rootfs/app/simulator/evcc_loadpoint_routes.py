"""Routes under ``/api/loadpoints/{n}`` (n counts from 1) and ``/api/vehicles/{name}``."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulator.charging_plan import PlanGoal, cheapest_first, lay_plan
from simulator.evcc_loadpoint_state import plan_wire
from simulator.evcc_messages import ApiError
from simulator.evcc_routing import Call, Route, route
from simulator.evcc_settings import LoadpointSettings, VehicleSettings
from simulator.wire_format import NS_PER_S, ZERO_TIME, plain_number, rfc3339

_LP = "/api/loadpoints/{n:loadpoint}"
_VEHICLE = "/api/vehicles/{name:name}"
_LAST_WEEKDAY = 6


def _mode(call: Call) -> object:
    word, version = call.values["value"], call.site.config.version
    parsed = version.parse_mode(word)
    if parsed is None:
        raise ApiError(400, f"invalid value: {word}")
    call.loadpoint.set_mode(*parsed)
    call.apply_at_once()
    settings = call.loadpoint.settings
    return version.mode_word(settings.mode, settings.always_charge)


def _always_charge(call: Call) -> object:
    word = call.values["value"]
    if word not in ("off", "on", "once"):
        raise ApiError(400, f"invalid value: {word}")
    call.loadpoint.settings.always_charge = word
    call.apply_at_once()
    return word


def _integer_setting(name: str, *, acts_at_once: bool = False) -> Callable[[Call], object]:
    def answer(call: Call) -> object:
        value = call.integer()
        setattr(call.loadpoint.settings, name, value)
        if acts_at_once:
            call.apply_at_once()
        return value

    return answer


def _number_setting(name: str, *, acts_at_once: bool = False) -> Callable[[Call], object]:
    def answer(call: Call) -> object:
        value = call.number()
        setattr(call.loadpoint.settings, name, value)
        if acts_at_once:
            call.apply_at_once()
        return plain_number(value)

    return answer


def _limit_setting(name: str) -> Callable[[Call], object]:
    def answer(call: Call) -> object:
        limit = None if call.request.method == "DELETE" else call.number()
        setattr(call.loadpoint.settings, name, limit)
        return None if limit is None else plain_number(limit)

    return answer


def _delay_setting(name: str) -> Callable[[Call], object]:
    def answer(call: Call) -> object:
        seconds = call.integer()
        setattr(call.loadpoint.settings, name, seconds)
        # Taken in seconds, answered in nanoseconds.
        return seconds * NS_PER_S

    return answer


def _min_current(call: Call) -> object:
    return plain_number(call.loadpoint.settings.set_min_current(call.number()))


def _max_current(call: Call) -> object:
    return plain_number(call.loadpoint.settings.set_max_current(call.number()))


def _phases(call: Call) -> object:
    phases = call.loadpoint.set_phases(call.integer())
    call.apply_at_once()
    return phases


def _battery_boost(call: Call) -> object:
    wanted = call.loadpoint.set_boost(call.boolean())
    call.apply_at_once()
    return wanted


# --- plans


def _plan(call: Call) -> object:
    loadpoint = call.loadpoint
    goal = loadpoint.goal(call.now)
    need = loadpoint.need(goal) if goal is not None else timedelta(0)
    return {
        "planId": goal.number if goal is not None else 0,
        "planTime": rfc3339(goal.time, UTC) if goal is not None else ZERO_TIME,
        "duration": int(need.total_seconds()),
        "plan": plan_wire(loadpoint.plan, call.site.config.zone),
        "power": plain_number(loadpoint.plan_power_w),
    }


def _plan_preview(call: Call) -> object:
    loadpoint, value, at = call.loadpoint, call.number(), call.instant()
    is_soc = call.values["kind"] == "soc"
    knows_soc = loadpoint.vehicle_soc_pct is not None
    if is_soc and not knows_soc:
        raise ApiError(400, "soc planning only available for vehicles with known soc and capacity")
    if not is_soc and knows_soc:
        raise ApiError(
            400, "energy planning not available for vehicles with known soc and capacity"
        )
    goal = PlanGoal(number=0, time=at, soc_pct=value, energy_kwh=value)
    need = loadpoint.need(goal)
    plan = lay_plan(cheapest_first(call.site.tariffs.grid), call.now, goal, need)
    return {
        "planTime": rfc3339(at, UTC),
        "duration": int(need.total_seconds()),
        "plan": plan_wire(plan, call.site.config.zone),
        "power": plain_number(loadpoint.plan_power_w),
    }


def _energy_plan(call: Call) -> object:
    settings, energy_kwh, at = call.loadpoint.settings, call.number(), call.instant()
    settings.plan_energy_kwh, settings.plan_time = energy_kwh, at
    call.apply_at_once()
    return {"energy": plain_number(energy_kwh), "time": rfc3339(at, UTC)}


def _delete_energy_plan(call: Call) -> object:
    call.loadpoint.settings.plan_energy_kwh, call.loadpoint.settings.plan_time = 0.0, None
    call.apply_at_once()
    return {}


def _store_strategy(call: Call, settings: LoadpointSettings | VehicleSettings) -> object:
    strategy = _json_body(call)
    if not isinstance(strategy, dict):
        raise ApiError(400, "json: cannot unmarshal into Go value of type api.PlanStrategy")
    continuous, precondition = strategy.get("continuous", False), strategy.get("precondition", 0)
    if not isinstance(continuous, bool) or not isinstance(precondition, int):
        raise ApiError(400, "json: cannot unmarshal into Go struct field of type api.PlanStrategy")
    settings.plan_continuous, settings.plan_precondition_s = continuous, precondition
    return {"continuous": continuous, "precondition": precondition}


def _loadpoint_strategy(call: Call) -> object:
    answer = _store_strategy(call, call.loadpoint.settings)
    call.apply_at_once()
    return answer


# --- vehicles


def _take_vehicle(call: Call) -> object:
    vehicle = call.vehicle
    for loadpoint in call.site.loadpoints:
        if loadpoint.vehicle is vehicle:
            loadpoint.take_vehicle(None)
    call.loadpoint.take_vehicle(vehicle)
    return {"vehicle": vehicle.spec.title}


def _take_guest(call: Call) -> object:
    call.loadpoint.take_vehicle(None)
    return {}


def _detect_vehicle(call: Call) -> object:
    loadpoint = call.loadpoint
    loadpoint.take_vehicle(call.site.vehicles.get(loadpoint.plugged_car or ""))
    return {}


def _vehicle_min_soc(call: Call) -> object:
    call.vehicle.settings.min_soc_pct = call.integer()
    return {"soc": call.integer()}


def _vehicle_limit_soc(call: Call) -> object:
    call.vehicle.settings.limit_soc_pct = call.integer()
    return {"soc": call.integer()}


def _vehicle_mode(call: Call) -> object:
    word = "" if call.request.method == "DELETE" else call.values["value"]
    if word and call.site.config.version.parse_mode(word) is None:
        raise ApiError(400, f"invalid value: {word}")
    call.vehicle.settings.mode = word
    return {"mode": word}


def _soc_plan(call: Call) -> object:
    settings, soc_pct = call.vehicle.settings, call.integer()
    at = call.instant()
    settings.plan_soc_pct, settings.plan_time = soc_pct, at if soc_pct else None
    return {"soc": soc_pct, "time": rfc3339(at, UTC)}


def _delete_soc_plan(call: Call) -> object:
    call.vehicle.settings.plan_soc_pct, call.vehicle.settings.plan_time = 0, None
    return {}


def _repeating_plans(call: Call) -> object:
    settings, plans = call.vehicle.settings, _json_body(call)
    if not isinstance(plans, list) or not all(isinstance(plan, dict) for plan in plans):
        raise ApiError(400, "json: cannot unmarshal into Go value of type []api.RepeatingPlan")
    settings.repeating_plans = [_checked_repetition(plan) for plan in plans]
    return plans


def _checked_repetition(plan: dict[str, object]) -> dict[str, object]:
    weekdays, tz, at = plan.get("weekdays"), str(plan.get("tz", "")), str(plan.get("time", ""))
    for weekday in weekdays if isinstance(weekdays, list) else []:
        if not 0 <= weekday <= _LAST_WEEKDAY:
            raise ApiError(400, f"weekday out of range: {weekday}")
    try:
        ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError):
        raise ApiError(400, f"invalid timezone: {tz}") from None
    try:
        # Only the form is checked; the plan keeps the text.
        datetime.strptime(f"{at} +0000", "%H:%M %z")
    except ValueError:
        raise ApiError(400, f"invalid time: {at}") from None
    return {"weekdays": weekdays or [], "time": at, "tz": tz} | {
        "soc": plan.get("soc", 0),
        "active": plan.get("active", False),
    }


def _vehicle_strategy(call: Call) -> object:
    return _store_strategy(call, call.vehicle.settings)


def _json_body(call: Call) -> object:
    try:
        return json.loads(call.request.body)
    except ValueError as error:
        raise ApiError(400, str(error)) from None


LOADPOINT_ROUTES: tuple[Route, ...] = (
    route("POST", f"{_LP}/mode/{{value:word}}", _mode, is_automatic=True),
    route(
        "POST",
        f"{_LP}/limitsoc/{{value:int}}",
        _integer_setting("limit_soc_pct", acts_at_once=True),
    ),
    route(
        "POST",
        f"{_LP}/limitenergy/{{value:ufloat}}",
        _number_setting("limit_energy_kwh", acts_at_once=True),
    ),
    route("POST", f"{_LP}/mintemp/{{value:int}}", _integer_setting("min_soc_pct")),
    route("POST", f"{_LP}/mincurrent/{{value:ufloat}}", _min_current),
    route("POST", f"{_LP}/maxcurrent/{{value:ufloat}}", _max_current),
    route("POST", f"{_LP}/phases/{{value:int}}", _phases),
    route("POST", f"{_LP}/priority/{{value:int}}", _integer_setting("priority")),
    route("POST", f"{_LP}/enable/threshold/{{value:float}}", _number_setting("enable_threshold_w")),
    route(
        "POST", f"{_LP}/disable/threshold/{{value:float}}", _number_setting("disable_threshold_w")
    ),
    route("POST", f"{_LP}/enable/delay/{{value:int}}", _delay_setting("enable_delay_s")),
    route("POST", f"{_LP}/disable/delay/{{value:int}}", _delay_setting("disable_delay_s")),
    route(
        "POST",
        f"{_LP}/smartcostlimit/{{value:float}}",
        _limit_setting("smart_cost_limit"),
        is_automatic=True,
    ),
    route("DELETE", f"{_LP}/smartcostlimit", _limit_setting("smart_cost_limit"), is_automatic=True),
    route(
        "POST",
        f"{_LP}/smartfeedinprioritylimit/{{value:float}}",
        _limit_setting("smart_feed_in_limit"),
        is_automatic=True,
    ),
    route(
        "DELETE",
        f"{_LP}/smartfeedinprioritylimit",
        _limit_setting("smart_feed_in_limit"),
        is_automatic=True,
    ),
    route("POST", f"{_LP}/batteryboost/{{value:bool}}", _battery_boost),
    route("POST", f"{_LP}/batteryboostlimit/{{value:int}}", _integer_setting("boost_limit_pct")),
    route("GET", f"{_LP}/plan", _plan),
    route(
        "GET",
        f"{_LP}/plan/static/preview/(?P<kind>soc|energy)/{{value:ufloat}}/{{time:time}}",
        _plan_preview,
    ),
    route("POST", f"{_LP}/plan/energy/{{value:ufloat}}/{{time:time}}", _energy_plan),
    route("DELETE", f"{_LP}/plan/energy", _delete_energy_plan),
    route("POST", f"{_LP}/plan/strategy", _loadpoint_strategy),
    route("POST", f"{_LP}/vehicle/{{name:name}}", _take_vehicle),
    route("DELETE", f"{_LP}/vehicle", _take_guest),
    route("PATCH", f"{_LP}/vehicle", _detect_vehicle),
)
ALWAYS_CHARGE_ROUTE = route(
    "POST", f"{_LP}/alwayscharge/{{value:word}}", _always_charge, is_automatic=True
)
VEHICLE_ROUTES: tuple[Route, ...] = (
    route("POST", f"{_VEHICLE}/minsoc/{{value:int}}", _vehicle_min_soc),
    route("POST", f"{_VEHICLE}/limitsoc/{{value:int}}", _vehicle_limit_soc),
    route("POST", f"{_VEHICLE}/mode/{{value:word}}", _vehicle_mode),
    route("DELETE", f"{_VEHICLE}/mode", _vehicle_mode),
    route("POST", f"{_VEHICLE}/plan/soc/{{value:int}}/{{time:time}}", _soc_plan),
    route("DELETE", f"{_VEHICLE}/plan/soc", _delete_soc_plan),
    route("POST", f"{_VEHICLE}/plan/repeating", _repeating_plans),
    route("POST", f"{_VEHICLE}/plan/strategy", _vehicle_strategy),
)
