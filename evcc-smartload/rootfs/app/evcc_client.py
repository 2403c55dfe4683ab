"""evcc over HTTP: a typed snapshot in, commands out.

The edge to evcc consists of this module and those named ``evcc_*``; nobody else imports those,
except that ``main`` asks ``evcc_discovery`` for an address. A setting is judged against the others
as the last reading showed them, so nothing is written before a reading has succeeded.
"""

import re
from dataclasses import replace

import httpx2

from domain.control import AppliedSetting, EvccSetting
from domain.ports import WriteGuard
from domain.site import BatteryMode, ChargeMode, Loadpoint, SocSettings
from errors import (
    EvccAutomaticModeError,
    EvccRejectedError,
    EvccUnreadableError,
    WriteRefusedError,
)
from evcc_bounds import checked_number, is_same, nearest_accepted, path_number
from evcc_session import EvccSession
from evcc_wire import read_battery_mode

_PATH_BY_SETTING = {
    EvccSetting.BUFFER_SOC: "/api/buffersoc",
    EvccSetting.PRIORITY_SOC: "/api/prioritysoc",
    EvccSetting.BUFFER_START_SOC: "/api/bufferstartsoc",
}
# Prices per kWh or grams of CO2 per kWh; anything beyond is a slip.
_LOWEST_LIMIT, _HIGHEST_LIMIT = -1000.0, 5000.0
_NAME_IN_PATH = re.compile(r"[a-zA-Z0-9_.:-]+", re.ASCII)


class EvccClient(EvccSession):
    """Reads evcc and commands it; requests of several threads go one after the other.

    A setter sends real changes only and returns what evcc accepted. All of them raise:

    - ``WriteRefusedError``: the value is out of range, evcc has nothing to set it on, or the guard
      says no. Nothing was sent.
    - ``EvccUnavailableError``: evcc did not answer, or there is no valid reading; then nothing is
      sent until ``read_site`` succeeds again.
    - ``EvccRejectedError``: evcc refused; ``EvccAutomaticModeError`` when because its own
      automatic mode is in charge.
    """

    def __init__(
        self,
        base_url: str,
        *,
        guard: WriteGuard | None = None,
        transport: httpx2.BaseTransport | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        super().__init__(base_url, transport=transport, timeout_s=timeout_s)
        self._guard = guard

    # The three SoC settings

    def set_buffer_soc(self, target_pct: float) -> AppliedSetting:
        """Set ``bufferSoc`` to ``target_pct``, 1..100, or to the nearest value evcc accepts.

        The owner's ``prioritySoc`` and ``bufferStartSoc`` are bounds that are never moved.

        Raises:
            WriteRefusedError: The target is out of range, there is no battery, the owner's
                settings leave no value, or the guard says no. Nothing was sent.
            EvccUnavailableError: No valid reading, or evcc did not answer.
            EvccRejectedError: evcc refused, also after a second look at its settings.
            EvccAutomaticModeError: evcc's own automatic mode is in charge.
        """
        return self._set_soc(EvccSetting.BUFFER_SOC, target_pct, lowest_pct=1.0)

    def set_priority_soc(self, target_pct: float) -> AppliedSetting:
        """Set ``prioritySoc``, 0..100; clamps and raises as ``set_buffer_soc``."""
        return self._set_soc(EvccSetting.PRIORITY_SOC, target_pct, lowest_pct=0.0)

    def set_buffer_start_soc(self, target_pct: float) -> AppliedSetting:
        """Set ``bufferStartSoc``, 0..100; clamps and raises as ``set_buffer_soc``."""
        return self._set_soc(EvccSetting.BUFFER_START_SOC, target_pct, lowest_pct=0.0)

    def write_setting(self, setting: EvccSetting, value_pct: float) -> AppliedSetting:
        """Put a setting to ``value_pct``, 0 (evcc's "off") to 100; as ``set_buffer_soc`` else."""
        return self._set_soc(setting, value_pct, lowest_pct=0.0)

    def _set_soc(
        self, setting: EvccSetting, wanted_pct: float, *, lowest_pct: float
    ) -> AppliedSetting:
        checked_number(wanted_pct, low=lowest_pct, high=100.0, name=setting.value)
        with self._lock:
            site = self._known_site()
            try:
                return self._send_soc(setting, wanted_pct)
            except EvccAutomaticModeError:
                raise
            except EvccRejectedError as err:
                if err.status != httpx2.codes.BAD_REQUEST:
                    raise
                # Somebody may have moved a bound since. Only the settings are of interest here,
                # so the reading keeps its old time.
                fresh = self._reread(site.read_at).settings
                if fresh is None or fresh == site.settings:
                    raise
                return self._send_soc(setting, wanted_pct)

    def _send_soc(self, setting: EvccSetting, wanted_pct: float) -> AppliedSetting:
        settings = self._known_settings()
        target = nearest_accepted(setting, wanted_pct, settings)
        old_pct = _setting_pct(settings, setting)
        if old_pct is None:
            raise EvccUnreadableError(f"evcc did not say its present {setting.value}")
        accepted_pct = old_pct
        is_change = not is_same(old_pct, target.value_pct)
        if is_change:
            if self._guard is not None:
                self._guard.before_write(setting, old_pct, target.value_pct)
            path = f"{_PATH_BY_SETTING[setting]}/{path_number(target.value_pct)}"
            accepted_pct = self._number_answered(self._command("POST", path))
            self._remember_settings(_with_setting(settings, setting, accepted_pct))
            if self._guard is not None:
                self._guard.after_write(setting, accepted_pct)
        return AppliedSetting(
            setting=setting,
            wanted_pct=wanted_pct,
            accepted_pct=accepted_pct,
            limited_by=target.limited_by,
            limit_pct=target.limit_pct,
            sent=is_change,
        )

    # The battery

    def set_battery_mode(self, mode: BatteryMode) -> BatteryMode:
        """Impose ``mode`` on all batteries that evcc can control.

        Always sent: evcc drops it after 60 s, so it is posted again every 20 to 30 s, and lapses
        by itself when we stop. It acts at evcc's next cycle.

        Raises:
            WriteRefusedError: UNKNOWN is no mode to impose; release it instead.
            EvccRejectedError: evcc has no battery that it can control.
        """
        if mode is BatteryMode.UNKNOWN:
            raise WriteRefusedError("Batteriemodus: unknown kann nicht vorgegeben werden")
        with self._lock:
            battery = self._known_battery()
            answer = self._command("POST", f"/api/batterymode/{mode.value}")
            accepted = read_battery_mode(answer)
            if accepted is BatteryMode.UNKNOWN:
                # evcc's only sign that no battery listens is a 200 with 0.
                raise EvccRejectedError(
                    "evcc has no battery that it can control", status=httpx2.codes.OK
                )
            self._remember_battery(replace(battery, external_mode=accepted))
            return accepted

    def release_battery_mode(self) -> None:
        """Give the battery mode back to evcc. Always sent, even without a reading."""
        with self._lock:
            self._command("DELETE", "/api/batterymode")
            if self._site is not None and self._site.battery is not None:
                battery = replace(self._site.battery, external_mode=BatteryMode.UNKNOWN)
                self._remember_battery(battery)

    def set_discharge_control(self, *, enabled: bool) -> bool:
        """Let evcc hold the battery while a car charges fast, or not."""
        with self._lock:
            battery = self._known_battery()
            if battery.discharge_control is enabled:
                return enabled
            path = f"/api/batterydischargecontrol/{'true' if enabled else 'false'}"
            accepted = self._command("POST", path)
            if not isinstance(accepted, bool):
                raise self._not_understood()
            self._remember_battery(replace(battery, discharge_control=accepted))
            return accepted

    def set_grid_charge_limit(self, limit: float) -> float:
        """Charge the battery from the grid at or below ``limit`` [EUR/kWh, or g/kWh]."""
        checked_number(limit, low=_LOWEST_LIMIT, high=_HIGHEST_LIMIT, name="batteryGridChargeLimit")
        with self._lock:
            battery = self._known_battery()
            if is_same(battery.grid_charge_limit, limit):
                return limit
            path = f"/api/batterygridchargelimit/{path_number(limit)}"
            accepted = self._number_answered(self._command("POST", path))
            self._remember_battery(replace(battery, grid_charge_limit=accepted))
            return accepted

    def clear_grid_charge_limit(self) -> None:
        """Charge the battery from the grid at no price."""
        with self._lock:
            battery = self._known_battery()
            if battery.grid_charge_limit is None:
                return
            self._command("DELETE", "/api/batterygridchargelimit")
            self._remember_battery(replace(battery, grid_charge_limit=None))

    # Loadpoints and vehicles

    def set_charge_mode(self, number: int, mode: ChargeMode) -> ChargeMode:
        """Set the mode of loadpoint ``number``, in the schema that this evcc speaks.

        It acts at once, and ends a battery boost.
        """
        if mode is ChargeMode.UNKNOWN:
            raise WriteRefusedError("Lademodus: unknown kann nicht vorgegeben werden")
        with self._lock:
            loadpoint = self._known_loadpoint(number)
            if loadpoint.mode is mode:
                return mode
            if loadpoint.uses_smart_schema:
                self._send_smart_mode(loadpoint, mode)
            else:
                self._send_word(f"/api/loadpoints/{number}/mode/{mode.value}", mode.value)
            self._remember_loadpoint(replace(loadpoint, mode=mode))
            return mode

    def _send_smart_mode(self, loadpoint: Loadpoint, mode: ChargeMode) -> None:
        base = f"/api/loadpoints/{loadpoint.number}"
        if mode in {ChargeMode.OFF, ChargeMode.NOW}:
            self._send_word(f"{base}/mode/{mode.value}", mode.value)
            return
        # First the minimum power, then the mode: the other way round a charging car might be
        # switched off in between.
        always = "on" if mode is ChargeMode.MIN_PV else "off"
        self._send_word(f"{base}/alwayscharge/{always}", always)
        if loadpoint.mode not in {ChargeMode.PV, ChargeMode.MIN_PV}:
            self._send_word(f"{base}/mode/smart", "smart")

    def _send_word(self, path: str, word: str) -> None:
        if self._command("POST", path) != word:
            raise self._not_understood()

    def set_loadpoint_limit_soc(self, number: int, limit_pct: int) -> int:
        """Limit this session of loadpoint ``number`` to ``limit_pct``, 0 (no limit) to 100.

        evcc forgets it when the car leaves.
        """
        checked_number(limit_pct, low=0.0, high=100.0, name="limitSoc")
        with self._lock:
            loadpoint = self._known_loadpoint(number)
            if is_same(loadpoint.session_limit_soc_pct, limit_pct):
                return limit_pct
            path = f"/api/loadpoints/{number}/limitsoc/{limit_pct}"
            accepted = self._number_answered(self._command("POST", path))
            self._remember_loadpoint(replace(loadpoint, session_limit_soc_pct=accepted))
            return round(accepted)

    def set_smart_cost_limit(self, number: int, limit: float) -> float:
        """Charge at full power at loadpoint ``number`` at or below ``limit`` [EUR/kWh, g/kWh]."""
        checked_number(limit, low=_LOWEST_LIMIT, high=_HIGHEST_LIMIT, name="smartCostLimit")
        with self._lock:
            loadpoint = self._known_loadpoint(number)
            if is_same(loadpoint.smart_cost_limit, limit):
                return limit
            path = f"/api/loadpoints/{number}/smartcostlimit/{path_number(limit)}"
            accepted = self._number_answered(self._command("POST", path))
            self._remember_loadpoint(replace(loadpoint, smart_cost_limit=accepted))
            return accepted

    def clear_smart_cost_limit(self, number: int) -> None:
        """Let no price make loadpoint ``number`` charge at full power."""
        with self._lock:
            loadpoint = self._known_loadpoint(number)
            if loadpoint.smart_cost_limit is None:
                return
            self._command("DELETE", f"/api/loadpoints/{number}/smartcostlimit")
            self._remember_loadpoint(replace(loadpoint, smart_cost_limit=None))

    def set_vehicle_min_soc(self, name: str, min_soc_pct: int) -> int:
        """Charge vehicle ``name`` at full power below ``min_soc_pct``, 0 (never) to 100."""
        checked_number(min_soc_pct, low=0.0, high=100.0, name="minSoc")
        with self._lock:
            vehicle = self._known_vehicle(name)
            if is_same(vehicle.min_soc_pct, min_soc_pct):
                return min_soc_pct
            if _NAME_IN_PATH.fullmatch(name) is None:
                raise WriteRefusedError(f"evcc nimmt den Namen {name} in keinem Pfad an")
            path = f"/api/vehicles/{name}/minsoc/{min_soc_pct}"
            answer = self._command("POST", path)
            accepted = self._number_answered(
                answer.get("soc") if isinstance(answer, dict) else None
            )
            self._remember_vehicle(replace(vehicle, min_soc_pct=accepted))
            return round(accepted)


def _setting_pct(settings: SocSettings, setting: EvccSetting) -> float | None:
    match setting:
        case EvccSetting.BUFFER_SOC:
            return settings.buffer_soc_pct
        case EvccSetting.PRIORITY_SOC:
            return settings.priority_soc_pct
        case EvccSetting.BUFFER_START_SOC:
            return settings.buffer_start_soc_pct


def _with_setting(settings: SocSettings, setting: EvccSetting, value_pct: float) -> SocSettings:
    match setting:
        case EvccSetting.BUFFER_SOC:
            return replace(settings, buffer_soc_pct=value_pct)
        case EvccSetting.PRIORITY_SOC:
            return replace(settings, priority_soc_pct=value_pct)
        case EvccSetting.BUFFER_START_SOC:
            return replace(settings, buffer_start_soc_pct=value_pct)
