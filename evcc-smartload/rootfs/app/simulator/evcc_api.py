"""evcc's HTTP interface as a function from request to answer."""

import re
from datetime import datetime

from simulator.evcc_loadpoint_routes import (
    ALWAYS_CHARGE_ROUTE,
    LOADPOINT_ROUTES,
    VEHICLE_ROUTES,
)
from simulator.evcc_messages import (
    ApiError,
    ApiRequest,
    ApiResponse,
    error_answer,
    json_answer,
    moved,
    not_found,
    text_answer,
)
from simulator.evcc_reading_routes import ENERGY_HISTORY_ROUTE, READING_ROUTES
from simulator.evcc_routing import Call, Route
from simulator.evcc_settings import SettingRefusedError
from simulator.evcc_site import EvccSite
from simulator.evcc_site_routes import SITE_ROUTES
from simulator.faults import FaultState

AUTOMATIC_MODE_MESSAGE = "not available in automatic mode"
_PROTECTED = re.compile(r"/api/(config|system|db)(/.*)?|/api/auth/apikey")
_REPEATED_SLASHES = re.compile(r"//+")


class EvccApi:
    """The routes of one running evcc."""

    def __init__(self, site: EvccSite) -> None:
        self._site = site
        version = site.config.version
        self._routes: tuple[Route, ...] = (
            READING_ROUTES
            + SITE_ROUTES
            + LOADPOINT_ROUTES
            + VEHICLE_ROUTES
            + ((ALWAYS_CHARGE_ROUTE,) if version.has_smart_mode else ())
            + ((ENERGY_HISTORY_ROUTE,) if version.has_energy_history else ())
        )

    def handle(
        self, request: ApiRequest, now: datetime, faults: FaultState, *, is_ready: bool = True
    ) -> ApiResponse:
        """Answer as evcc does; routes of the site exist only when it ``is_ready``."""
        path = request.path
        cleaned = _REPEATED_SLASHES.sub("/", path)
        if len(cleaned) > 1:
            cleaned = cleaned.removesuffix("/")
        if cleaned != path:
            return moved(request, cleaned)
        if self._site.config.version.has_health_route and path == "/api/health":
            return text_answer(200, "OK")
        if _PROTECTED.fullmatch(path):
            return text_answer(401, "Unauthorized\n")
        return self._dispatch(request, now, faults, is_ready=is_ready)

    def _dispatch(
        self, request: ApiRequest, now: datetime, faults: FaultState, *, is_ready: bool
    ) -> ApiResponse:
        other_methods = set()
        for candidate in self._routes:
            if candidate.is_site and not is_ready:
                continue
            found = candidate.pattern.fullmatch(request.path)
            if found is None or not self._has_loadpoint(found):
                continue
            if candidate.method != request.method:
                other_methods.add(candidate.method)
                continue
            call = Call(
                site=self._site,
                request=request,
                now=now,
                faults=faults,
                values=found.groupdict(),
                is_ready=is_ready,
            )
            return self._answer(candidate, call)
        if not other_methods:
            return not_found()
        # Only routes that change something answer OPTIONS.
        allows_options = request.method == "OPTIONS" and other_methods != {"GET"}
        return ApiResponse(status=200 if allows_options else 405, headers={})

    def _has_loadpoint(self, found: re.Match[str]) -> bool:
        number = found.groupdict().get("n")
        return number is None or int(number) <= len(self._site.loadpoints)

    def _answer(self, route: Route, call: Call) -> ApiResponse:
        if route.is_automatic and call.faults.automatic_mode:
            return error_answer(409, AUTOMATIC_MODE_MESSAGE)
        try:
            value = route.answer(call)
        except ApiError as error:
            return error_answer(error.status, str(error))
        except SettingRefusedError as error:
            return error_answer(400, str(error))
        if call.request.method == "PUT":
            return ApiResponse(status=200, headers={})
        if call.request.method != "GET":
            self._site.settings.note_change()
        return json_answer(value, has_envelope=self._site.config.version.has_envelope)
