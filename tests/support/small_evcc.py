"""An evcc that keeps its settings and refuses as the real one does; no physics, no time."""

import json
import re
from collections.abc import Callable

import httpx2

JSON_HEADERS = {"content-type": "application/json"}


class SmallEvcc:
    """Answers an ``httpx2.MockTransport``; tests change its public parts between requests."""

    def __init__(self) -> None:
        self.has_battery = True
        self.has_controllable_battery = True
        self.has_envelope = False
        self.is_starting = False
        self.is_smart = False
        self.priority_soc, self.buffer_soc, self.buffer_start_soc = 20.0, 50.0, 90.0
        self.battery_mode_external: str | None = None
        self.mode, self.always_charge = "pv", "off"
        self.smart_cost_limit: float | None = None
        self.is_connected = True
        self.has_boost = True
        self.battery_boost = False
        self.battery_boost_limit = 100
        self.loadpoint_names = ["db:4"]
        """In evcc's order; all of them show and take the same settings."""
        self.forecast: dict[str, object] = {}
        self.tariffs: dict[str, object] = {}
        self.requests: list[str] = []
        self.fault: Callable[[httpx2.Request], httpx2.Response | None] = lambda _: None

    @property
    def transport(self) -> httpx2.MockTransport:
        return httpx2.MockTransport(self._answer)

    @property
    def commands(self) -> list[str]:
        """The requests that were to change something."""
        return [request for request in self.requests if not request.startswith("GET")]

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        self.requests.append(f"{request.method} {path}")
        faulty = self.fault(request)
        if faulty is not None:
            return faulty
        if self.is_starting:
            return not_found()
        if request.method == "GET":
            return self._read(path)
        return self._change(request.method, path)

    def _ok(self, value: object) -> httpx2.Response:
        body = {"result": value} if self.has_envelope else value
        return httpx2.Response(200, text=json.dumps(body) + "\n", headers=JSON_HEADERS)

    def _read(self, path: str) -> httpx2.Response:
        if path == "/api/state":
            return self._ok(self.state())
        usage = path.removeprefix("/api/tariff/")
        if usage in self.tariffs:
            return self._ok({"rates": self.tariffs[usage]})
        return refused("tariff not available", status=404)

    def state(self) -> dict[str, object]:
        battery = {
            "power": -500,
            "soc": 60,
            "capacity": 10,
            "devices": [
                {
                    "name": "bat",
                    "power": -500,
                    "soc": 60,
                    "capacity": 10,
                    "controllable": self.has_controllable_battery,
                }
            ],
        }
        state: dict[str, object] = {
            "startupCompleted": True,
            "apiReady": True,
            "version": "0.314.0",
            "siteTitle": "Small",
            "battery": battery if self.has_battery else None,
            "prioritySoc": self.priority_soc,
            "bufferSoc": self.buffer_soc,
            "bufferStartSoc": self.buffer_start_soc,
            "batteryMode": "unknown",
            "forecast": self.forecast,
            "loadpoints": [self._loadpoint(name) for name in self.loadpoint_names],
            "vehicles": {"ev": {"title": "Car", "capacity": 58, "minSoc": 20}},
        }
        if self.battery_mode_external is not None:
            state["batteryModeExternal"] = self.battery_mode_external
        return state

    def _loadpoint(self, name: str) -> dict[str, object]:
        loadpoint: dict[str, object] = {
            "name": name,
            "title": "Carport",
            "mode": self.mode,
            "connected": self.is_connected,
            "charging": False,
            "limitSoc": 0,
            "smartCostLimit": self.smart_cost_limit,
        }
        if self.has_boost:
            loadpoint["batteryBoost"] = self.battery_boost
            loadpoint["batteryBoostLimit"] = self.battery_boost_limit
        if self.is_smart:
            loadpoint["alwaysCharge"] = self.always_charge
        return loadpoint

    def _change(self, method: str, path: str) -> httpx2.Response:
        soc = re.fullmatch(r"/api/(prioritysoc|buffersoc|bufferstartsoc)/([0-9.]+)", path)
        if method == "POST" and soc is not None:
            return self._set_soc(soc[1], float(soc[2]))
        if "/api/battery" in path:
            return self._change_battery(method, path)
        return self._change_loadpoint(method, path)

    def _set_soc(self, name: str, value: float) -> httpx2.Response:
        if not self.has_battery:
            return refused("battery not configured")
        if name == "prioritysoc":
            if self.buffer_soc != 0 and value > self.buffer_soc:
                return refused("priority soc must be smaller or equal than buffer soc")
            self.priority_soc = value
        elif name == "buffersoc":
            if value != 0 and value < self.priority_soc:
                return refused("buffer soc must not be smaller than priority soc")
            if self.buffer_start_soc != 0 and value > self.buffer_start_soc:
                return refused("buffer soc must be smaller or equal than buffer start soc")
            self.buffer_soc = value
        else:
            if value != 0 and value < self.buffer_soc:
                return refused("buffer start soc must be larger than buffer soc")
            self.buffer_start_soc = value
        return self._ok(value)

    def _change_battery(self, method: str, path: str) -> httpx2.Response:
        what, _, value = path.removeprefix("/api/").partition("/")
        if what == "batterymode":
            modes = ["unknown", "normal", "hold", "charge", "holdcharge"]
            if method == "POST" and value not in modes:
                return refused(f"{value} does not belong to BatteryMode values")
            if method == "DELETE" or not self.has_controllable_battery:
                self.battery_mode_external = "unknown"
                return self._ok(0)
            self.battery_mode_external = value
            return self._ok(modes.index(value))
        return not_found()

    def _change_loadpoint(self, method: str, path: str) -> httpx2.Response:
        _, _, loadpoints, number, *command = path.split("/")
        is_known = loadpoints == "loadpoints" and 1 <= int(number) <= len(self.loadpoint_names)
        match command if is_known else []:
            case ["mode", mode]:
                self.mode, self.battery_boost = mode, False
                return self._ok(mode)
            case ["alwayscharge", word] if self.is_smart:
                self.always_charge = word
                return self._ok(word)
            case ["smartcostlimit", *value]:
                self.smart_cost_limit = float(value[0]) if method == "POST" else None
                return self._ok(self.smart_cost_limit)
            case ["batteryboostlimit", value]:
                self.battery_boost_limit = int(value)
                return self._ok(self.battery_boost_limit)
            case ["batteryboost", value]:
                return self._set_boost(on=value == "true")
        return not_found()

    def _set_boost(self, *, on: bool) -> httpx2.Response:
        if on and self.mode not in {"pv", "minpv", "smart"}:
            return refused("battery boost is only available in PV modes")
        self.battery_boost = on
        return self._ok(on)


def refused(text: str, *, status: int = 400) -> httpx2.Response:
    return httpx2.Response(status, json={"error": text})


def not_found() -> httpx2.Response:
    return httpx2.Response(404, text="404 page not found\n")
