"""Routes that set what concerns the whole site."""

from collections.abc import Callable

from domain.site import BatteryMode
from simulator.battery_control import MODE_NUMBERS
from simulator.evcc_messages import ApiError
from simulator.evcc_routing import Call, Route, route
from simulator.wire_format import plain_number


def _priority_soc(call: Call) -> object:
    return plain_number(
        call.site.settings.site.set_priority_soc(call.number(), has_battery=call.site.has_battery)
    )


def _buffer_soc(call: Call) -> object:
    return plain_number(
        call.site.settings.site.set_buffer_soc(call.number(), has_battery=call.site.has_battery)
    )


def _buffer_start_soc(call: Call) -> object:
    return plain_number(
        call.site.settings.site.set_buffer_start_soc(
            call.number(), has_battery=call.site.has_battery
        )
    )


def _discharge_control(call: Call) -> object:
    return call.site.settings.site.set_discharge_control(
        call.boolean(), is_controllable=call.site.has_controllable_battery
    )


def _grid_discharge(call: Call) -> object:
    return call.site.settings.site.set_grid_discharge(
        call.boolean(), is_controllable=call.site.has_controllable_battery
    )


def _grid_charge_limit(call: Call) -> object:
    limit = None if call.request.method == "DELETE" else call.number()
    call.site.settings.site.set_grid_charge_limit(
        limit, is_controllable=call.site.has_controllable_battery
    )
    return None if limit is None else plain_number(limit)


def _battery_mode(call: Call) -> object:
    word = call.values["value"]
    if word not in {mode.value for mode in BatteryMode}:
        raise ApiError(400, f"{word} does not belong to BatteryMode values")
    if not call.site.has_controllable_battery:
        # evcc does not say so: the answer is the mode in force, which is unknown.
        return 0
    mode = BatteryMode(word)
    call.site.battery.post(mode, call.now)
    return MODE_NUMBERS[mode]


def _release_battery_mode(call: Call) -> object:
    call.site.battery.release()
    return 0


def _residual_power(call: Call) -> object:
    call.site.settings.site.residual_power_w = call.number()
    return plain_number(call.number())


def _grid_export_limit(call: Call) -> object:
    call.site.settings.site.grid_export_limit_w = call.number()
    return plain_number(call.number())


def _solar_adjusted(call: Call) -> object:
    call.site.settings.site.solar_adjusted = call.boolean()
    return call.boolean()


def _smart_limit_of_all(name: str) -> Callable[[Call], object]:
    def answer(call: Call) -> object:
        limit = None if call.request.method == "DELETE" else call.number()
        for settings in call.site.settings.loadpoints:
            setattr(settings, name, limit)
        return None if limit is None else plain_number(limit)

    return answer


def _optimize(call: Call) -> object:
    # Without sponsorship evcc's optimizer cannot run; the status does not tell.
    return None if call.faults.automatic_mode else {"Err": {}}


def _charging_strategy(call: Call) -> object:
    return call.site.settings.site.set_charging_strategy(call.values["value"])


SITE_ROUTES: tuple[Route, ...] = (
    route("POST", "/api/prioritysoc/{value:ufloat}", _priority_soc, is_automatic=True),
    route("POST", "/api/buffersoc/{value:ufloat}", _buffer_soc, is_automatic=True),
    route("POST", "/api/bufferstartsoc/{value:ufloat}", _buffer_start_soc, is_automatic=True),
    route(
        "POST", "/api/batterydischargecontrol/{value:bool}", _discharge_control, is_automatic=True
    ),
    route("POST", "/api/batterygriddischarge/{value:bool}", _grid_discharge),
    route(
        "POST", "/api/batterygridchargelimit/{value:float}", _grid_charge_limit, is_automatic=True
    ),
    route("DELETE", "/api/batterygridchargelimit", _grid_charge_limit, is_automatic=True),
    route("POST", "/api/batterymode/{value:word}", _battery_mode, is_automatic=True),
    route("DELETE", "/api/batterymode", _release_battery_mode, is_automatic=True),
    route("POST", "/api/residualpower/{value:float}", _residual_power),
    route("POST", "/api/gridexportlimit/{value:ufloat}", _grid_export_limit),
    route("POST", "/api/solaradjusted/{value:bool}", _solar_adjusted),
    route("POST", "/api/smartcostlimit/{value:float}", _smart_limit_of_all("smart_cost_limit")),
    route("DELETE", "/api/smartcostlimit", _smart_limit_of_all("smart_cost_limit")),
    route(
        "POST",
        "/api/smartfeedinprioritylimit/{value:float}",
        _smart_limit_of_all("smart_feed_in_limit"),
    ),
    route("DELETE", "/api/smartfeedinprioritylimit", _smart_limit_of_all("smart_feed_in_limit")),
    route("POST", "/api/optimize", _optimize),
    route("POST", "/api/optimizerchargingstrategy/{value:word_}", _charging_strategy),
)
