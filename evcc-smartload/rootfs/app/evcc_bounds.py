"""Which values evcc may be given, and how numbers are written into its paths.

Part of the evcc edge (``evcc_client`` and the modules named ``evcc_*``). Pure. evcc checks a
setting against the others as they are and moves none of them::

    bufferSoc == 0       or  prioritySoc <= bufferSoc
    bufferStartSoc == 0  or  bufferSoc   <= bufferStartSoc
"""

import math
from dataclasses import dataclass

from domain.control import EvccSetting, SettingValue
from domain.site import BatteryMode, ChargeMode, SocSettings
from errors import WriteRefusedError

_PATH_DECIMALS = 6
# evcc's state has three decimals, so closer values are the same one.
_SAME = 0.0005


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedSoc:
    """The value nearest to the wanted one that evcc accepts, and what kept it from being that."""

    value_pct: float
    limited_by: EvccSetting | None = None
    limit_pct: float | None = None


def nearest_accepted(setting: EvccSetting, wanted_pct: float, settings: SocSettings) -> AcceptedSoc:
    """Move ``wanted_pct`` [%] to the nearest value evcc accepts.

    Raises:
        WriteRefusedError: No value but 0 is accepted.
    """
    priority_pct = settings.priority_soc_pct or 0.0
    buffer_pct = settings.buffer_soc_pct or 0.0
    start_pct = settings.buffer_start_soc_pct or 0.0
    match setting:
        case EvccSetting.BUFFER_SOC if wanted_pct > 0:
            if 0 < start_pct < priority_pct:
                raise WriteRefusedError(
                    f"evcc nimmt keinen Puffer an: prioritySoc {priority_pct:g}% liegt über "
                    f"bufferStartSoc {start_pct:g}%"
                )
            if wanted_pct < priority_pct:
                return _limited(EvccSetting.PRIORITY_SOC, priority_pct)
            if 0 < start_pct < wanted_pct:
                return _limited(EvccSetting.BUFFER_START_SOC, start_pct)
        case EvccSetting.PRIORITY_SOC if 0 < buffer_pct < wanted_pct:
            return _limited(EvccSetting.BUFFER_SOC, buffer_pct)
        case EvccSetting.BUFFER_START_SOC if 0 < wanted_pct < buffer_pct:
            return _limited(EvccSetting.BUFFER_SOC, buffer_pct)
        case _:
            pass
    return AcceptedSoc(value_pct=wanted_pct)


def _limited(setting: EvccSetting, value_pct: float) -> AcceptedSoc:
    return AcceptedSoc(value_pct=value_pct, limited_by=setting, limit_pct=value_pct)


def number(value: SettingValue, name: str) -> float:
    """Return a setting's value as a number; raise ``WriteRefusedError`` when it is none."""
    if isinstance(value, bool) or not isinstance(value, float | int):
        raise WriteRefusedError(f"{name}: {value} ist keine Zahl")
    return float(value)


def battery_mode(value: SettingValue) -> BatteryMode:
    """Return a battery mode that can be imposed; raise ``WriteRefusedError`` for another word."""
    mode = next((mode for mode in BatteryMode if mode.value == value), BatteryMode.UNKNOWN)
    if mode is BatteryMode.UNKNOWN:
        raise WriteRefusedError(f"Batteriemodus: {value} kann nicht vorgegeben werden")
    return mode


def charge_mode(value: SettingValue) -> ChargeMode:
    """Return a mode that a loadpoint can have; raise ``WriteRefusedError`` for another word."""
    mode = next((mode for mode in ChargeMode if mode.value == value), ChargeMode.UNKNOWN)
    if mode is ChargeMode.UNKNOWN:
        raise WriteRefusedError(f"Lademodus: {value} kann nicht vorgegeben werden")
    return mode


def checked_number(value: float, *, low: float, high: float, name: str) -> float:
    """Return ``value`` when evcc may be given it.

    evcc checks almost no range itself and keeps what it was given for good.

    Raises:
        WriteRefusedError: It is not finite or lies outside ``low..high``.
    """
    if not math.isfinite(value) or not low <= value <= high:
        raise WriteRefusedError(
            f"{name}: {value:g} wird nicht gesendet, erlaubt ist {low:g} bis {high:g}"
        )
    return value + 0.0  # no negative zero


def is_same(present: float | None, wanted: float) -> bool:
    """Tell whether evcc has ``wanted`` already."""
    return present is not None and abs(present - wanted) < _SAME


def path_number(value: float) -> str:
    """Write a number as evcc's paths take it: plain decimals, neither exponent nor trailing zero.

    ``12.5`` -> ``"12.5"``, ``85.0`` -> ``"85"``, ``0.00001`` -> ``"0.00001"``.
    """
    text = f"{value:.{_PATH_DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
