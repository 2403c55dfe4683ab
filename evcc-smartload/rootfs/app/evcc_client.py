"""evcc over HTTP: a typed snapshot in, commands out.

The edge to evcc consists of this module and those named ``evcc_*``; nobody else imports those,
except that ``main`` asks ``evcc_discovery`` for an address. A setting is judged against the others
as the last reading showed them, so nothing is changed before a reading has succeeded.
"""

from collections.abc import Callable

import httpx2

from domain.control import (
    BATTERY_MODE,
    BUFFER,
    AppliedSetting,
    EvccSetting,
    Lever,
    SettingValue,
)
from domain.levers import UNKNOWN, is_same_value, value_in
from domain.ports import WriteGuard
from domain.site import BatteryMode, ChargeMode, Loadpoint
from errors import (
    EvccAutomaticModeError,
    EvccRejectedError,
    EvccUnreadableError,
    WriteRefusedError,
)
from evcc_bounds import (
    battery_mode,
    charge_mode,
    checked_number,
    is_same,
    nearest_accepted,
    number,
    path_number,
)
from evcc_session import EvccSession
from evcc_wire import read_battery_mode

_PATH_BY_SETTING = {
    EvccSetting.BUFFER_SOC: "/api/buffersoc",
    EvccSetting.PRIORITY_SOC: "/api/prioritysoc",
    EvccSetting.BUFFER_START_SOC: "/api/bufferstartsoc",
}
# Prices per kWh or grams of CO2 per kWh; anything beyond is a slip.
_LOWEST_LIMIT, _HIGHEST_LIMIT = -1000.0, 5000.0
_BOOST_MODES = frozenset({ChargeMode.PV, ChargeMode.MIN_PV})


class EvccClient(EvccSession):
    """Reads evcc and commands it; requests of several threads go one after the other.

    Whatever changes a setting asks the guard first and returns what evcc holds then. All of it
    raises:

    - ``WriteRefusedError``: the value is out of range, evcc has nothing to set it on, or the guard
      says no. Nothing was sent.
    - ``EvccUnavailableError``: evcc did not answer, or there is no valid reading; then nothing is
      changed until ``read_site`` succeeds again.
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

    def write(self, lever: Lever, value: SettingValue) -> SettingValue:
        """Put a setting to ``value`` where evcc has another one; return what evcc holds then.

        The SoC settings, 0 (evcc's "off") to 100, go to the nearest value that evcc accepts. None
        removes a price limit and releases the battery mode. A battery mode is sent in any case,
        as evcc drops it after 60 s, and released even without a reading.
        """
        with self._lock:
            match lever.setting:
                case EvccSetting.BATTERY_MODE:
                    return self._write_battery_mode(value)
                case EvccSetting.CHARGE_MODE:
                    return self._write_charge_mode(lever, charge_mode(value))
                case EvccSetting.SMART_COST_LIMIT:
                    return self._write_smart_cost_limit(lever, value)
                case EvccSetting.BATTERY_BOOST:
                    return self._write_boost(lever, value)
                case EvccSetting.BATTERY_BOOST_LIMIT:
                    return self._write_boost_limit(lever, number(value, lever.setting.value))
            wanted_pct = number(value, lever.setting.value)
            return self._set_soc(lever, wanted_pct, lowest_pct=0.0).accepted_pct

    def _change(
        self, lever: Lever, old: SettingValue, new: SettingValue, send: Callable[[], SettingValue]
    ) -> SettingValue:
        """Ask the guard, send, remember what evcc accepted, and tell the guard."""
        if self._guard is not None:
            self._guard.before_write(lever, old, new)
        accepted = send()
        self._remember(lever, accepted)
        if self._guard is not None:
            self._guard.after_write(lever, accepted)
        return accepted

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
        return self._set_soc(BUFFER, target_pct, lowest_pct=1.0)

    def _set_soc(self, lever: Lever, wanted_pct: float, *, lowest_pct: float) -> AppliedSetting:
        checked_number(wanted_pct, low=lowest_pct, high=100.0, name=lever.setting.value)
        with self._lock:
            site = self._known_site()
            try:
                return self._send_soc(lever, wanted_pct)
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
                return self._send_soc(lever, wanted_pct)

    def _send_soc(self, lever: Lever, wanted_pct: float) -> AppliedSetting:
        settings = self._known_settings()
        target = nearest_accepted(lever.setting, wanted_pct, settings)
        old_pct = value_in(self._known_site(), lever)
        if not isinstance(old_pct, float):
            raise EvccUnreadableError(f"evcc did not say its present {lever.setting.value}")
        accepted_pct: float = old_pct
        is_change = not is_same(old_pct, target.value_pct)
        if is_change:
            path = f"{_PATH_BY_SETTING[lever.setting]}/{path_number(target.value_pct)}"

            def send() -> float:
                nonlocal accepted_pct
                accepted_pct = self._number_answered(self._command("POST", path))
                return accepted_pct

            self._change(lever, old_pct, target.value_pct, send)
        return AppliedSetting(
            setting=lever.setting,
            wanted_pct=wanted_pct,
            accepted_pct=accepted_pct,
            limited_by=target.limited_by,
            limit_pct=target.limit_pct,
            sent=is_change,
        )

    # The battery mode

    def keep_battery_mode(self, mode: BatteryMode) -> None:
        """Send a mode again that is in force, so that evcc does not drop it; asks no guard.

        evcc drops it 60 s after it was last sent: every 20 to 30 s is right. A failed reading in
        between does not matter, but a mode that somebody else imposes is not overridden.
        """
        with self._lock:
            battery = None if self._site is None else self._site.battery
            imposed = None if battery is None else battery.external_mode
            if imposed not in {None, BatteryMode.UNKNOWN, mode}:
                raise WriteRefusedError(
                    f"Batteriemodus: evcc hat inzwischen {imposed} statt {mode}"
                )
            self._send_battery_mode(mode)

    def _write_battery_mode(self, value: SettingValue) -> SettingValue:
        """Impose a mode on all batteries that evcc can control; it acts at evcc's next cycle."""
        if value is None:
            return self._change(
                BATTERY_MODE,
                self._imposed_mode(),
                None,
                lambda: self._send_delete("/api/batterymode"),
            )
        mode = battery_mode(value)
        self._known_battery()
        return self._change(
            BATTERY_MODE, self._imposed_mode(), mode.value, lambda: self._send_battery_mode(mode)
        )

    def _imposed_mode(self) -> SettingValue:
        """Return the mode that is imposed from outside, as far as is known."""
        mode = None if self._site is None else value_in(self._site, BATTERY_MODE)
        return None if mode is UNKNOWN else mode

    def _send_battery_mode(self, mode: BatteryMode) -> SettingValue:
        accepted = read_battery_mode(self._command("POST", f"/api/batterymode/{mode.value}"))
        if accepted is BatteryMode.UNKNOWN:
            # evcc's only sign that no battery listens is a 200 with 0.
            raise EvccRejectedError(
                "evcc has no battery that it can control", status=httpx2.codes.OK
            )
        return accepted.value

    def _send_delete(self, path: str) -> None:
        self._command("DELETE", path)

    # Loadpoints

    def _write_charge_mode(self, lever: Lever, mode: ChargeMode) -> SettingValue:
        """Set the mode in the schema that this evcc speaks. It acts at once, and ends a boost."""
        loadpoint = self._known_loadpoint(lever)
        old = self._known_value(lever)
        if loadpoint.mode is mode:
            return old

        def send() -> str:
            if loadpoint.uses_smart_schema:
                self._send_smart_mode(loadpoint, mode)
            else:
                self._send_word(f"{_base(loadpoint)}/mode/{mode.value}", mode.value)
            if loadpoint.battery_boost:
                self._remember(Lever(setting=EvccSetting.BATTERY_BOOST, device=lever.device), False)
            return mode.value

        return self._change(lever, old, mode.value, send)

    def _send_smart_mode(self, loadpoint: Loadpoint, mode: ChargeMode) -> None:
        base = _base(loadpoint)
        if mode in {ChargeMode.OFF, ChargeMode.NOW}:
            self._send_word(f"{base}/mode/{mode.value}", mode.value)
            return
        # First the minimum power, then the mode: the other way round a charging car might be
        # switched off in between.
        always = "on" if mode is ChargeMode.MIN_PV else "off"
        self._send_word(f"{base}/alwayscharge/{always}", always)
        if loadpoint.mode not in _BOOST_MODES:
            self._send_word(f"{base}/mode/smart", "smart")

    def _send_word(self, path: str, word: str) -> None:
        if self._command("POST", path) != word:
            raise self._not_understood()

    def _write_smart_cost_limit(self, lever: Lever, limit: SettingValue) -> SettingValue:
        """Charge at full power at or below ``limit`` [EUR/kWh, or g/kWh]; None: at no price."""
        loadpoint = self._known_loadpoint(lever)
        old = loadpoint.smart_cost_limit
        path = f"{_base(loadpoint)}/smartcostlimit"
        if limit is None:
            if old is None:
                return None
            return self._change(lever, old, None, lambda: self._send_delete(path))
        name = lever.setting.value
        wanted = checked_number(
            number(limit, name), low=_LOWEST_LIMIT, high=_HIGHEST_LIMIT, name=name
        )
        if old is not None and is_same_value(old, wanted):
            return old
        return self._change(
            lever, old, wanted, lambda: self._send_number(f"{path}/{path_number(wanted)}")
        )

    def _send_number(self, path: str) -> float:
        return self._number_answered(self._command("POST", path))

    def _write_boost(self, lever: Lever, value: SettingValue) -> SettingValue:
        if not isinstance(value, bool):
            raise WriteRefusedError(f"{lever.setting}: {value} ist weder an noch aus")
        loadpoint = self._known_loadpoint(lever)
        old = self._known_value(lever)
        if old is value:
            return old
        if value and not loadpoint.connected:
            raise WriteRefusedError(f"An {loadpoint.title} ist kein Auto angeschlossen")
        if value and loadpoint.mode not in _BOOST_MODES:
            raise WriteRefusedError(
                f"{loadpoint.title} lädt nicht im PV-Modus, nur dort gibt es den Boost"
            )

        def send() -> bool:
            word = "true" if value else "false"
            accepted = self._command("POST", f"{_base(loadpoint)}/batteryboost/{word}")
            if not isinstance(accepted, bool):
                raise self._not_understood()
            return accepted

        return self._change(lever, old, value, send)

    def _write_boost_limit(self, lever: Lever, limit_pct: float) -> SettingValue:
        """Let a boost end at ``limit_pct`` of the home battery, whole percent; 100 is no limit."""
        checked_number(limit_pct, low=0.0, high=100.0, name=lever.setting.value)
        loadpoint = self._known_loadpoint(lever)
        old = self._known_value(lever)
        whole_pct = float(round(limit_pct))
        if isinstance(old, float) and is_same(old, whole_pct):
            return old
        path = f"{_base(loadpoint)}/batteryboostlimit/{path_number(whole_pct)}"
        return self._change(lever, old, whole_pct, lambda: self._send_number(path))


def _base(loadpoint: Loadpoint) -> str:
    return f"/api/loadpoints/{loadpoint.number}"
