"""What a setting holds in a reading of evcc, and a reading with another value in it."""

from dataclasses import replace
from enum import Enum

from domain.control import EvccSetting, Lever, SettingValue
from domain.site import BatteryMode, ChargeMode, Loadpoint, SiteSnapshot, SocSettings


class Unknown(Enum):
    """evcc does not say: no such device, or a version without this setting."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN

# evcc shows the SoC settings with three decimals, and does not round prices.
_SAME_PCT, _SAME_PRICE = 0.00051, 0.0000005
_LOWEST_SHARE = 10.0


def value_in(site: SiteSnapshot, lever: Lever) -> SettingValue | Unknown:
    """Return what ``lever`` holds; UNKNOWN where the reading does not say.

    A battery mode that nobody imposes is None, as is a price limit that is not set.
    """
    if lever.device:
        loadpoint = loadpoint_of(site, lever.device)
        return UNKNOWN if loadpoint is None else _loadpoint_value(loadpoint, lever.setting)
    if lever.setting is EvccSetting.BATTERY_MODE:
        if site.battery is None:
            return UNKNOWN
        mode = site.battery.external_mode
        return None if mode in {None, BatteryMode.UNKNOWN} else mode.value
    settings = site.settings or SocSettings()
    pct = {
        EvccSetting.BUFFER_SOC: settings.buffer_soc_pct,
        EvccSetting.PRIORITY_SOC: settings.priority_soc_pct,
        EvccSetting.BUFFER_START_SOC: settings.buffer_start_soc_pct,
    }.get(lever.setting)
    return UNKNOWN if pct is None else pct


def _loadpoint_value(loadpoint: Loadpoint, setting: EvccSetting) -> SettingValue | Unknown:
    match setting:
        case EvccSetting.CHARGE_MODE:
            mode = loadpoint.mode
            return UNKNOWN if mode is ChargeMode.UNKNOWN else mode.value
        case EvccSetting.SMART_COST_LIMIT:
            return loadpoint.smart_cost_limit
        case EvccSetting.BATTERY_BOOST:
            boost = loadpoint.battery_boost
            return UNKNOWN if boost is None else boost
        case EvccSetting.BATTERY_BOOST_LIMIT:
            limit_pct = loadpoint.battery_boost_limit_pct
            return UNKNOWN if limit_pct is None else limit_pct
        case _:
            return UNKNOWN


def with_value(site: SiteSnapshot, lever: Lever, value: SettingValue) -> SiteSnapshot:
    """Return the reading with ``value`` in place; unchanged where the device is not there."""
    if lever.device:
        return replace(
            site,
            loadpoints=tuple(
                _with_loadpoint_value(loadpoint, lever.setting, value)
                if loadpoint.name == lever.device
                else loadpoint
                for loadpoint in site.loadpoints
            ),
        )
    if lever.setting is EvccSetting.BATTERY_MODE:
        if site.battery is None:
            return site
        mode = None if value is None else BatteryMode(str(value))
        return replace(site, battery=replace(site.battery, external_mode=mode))
    if site.settings is None or not isinstance(value, float | int):
        return site
    field = {
        EvccSetting.BUFFER_SOC: "buffer_soc_pct",
        EvccSetting.PRIORITY_SOC: "priority_soc_pct",
        EvccSetting.BUFFER_START_SOC: "buffer_start_soc_pct",
    }[lever.setting]
    return replace(site, settings=replace(site.settings, **{field: float(value)}))


def _with_loadpoint_value(
    loadpoint: Loadpoint, setting: EvccSetting, value: SettingValue
) -> Loadpoint:
    match setting:
        case EvccSetting.CHARGE_MODE:
            return replace(loadpoint, mode=ChargeMode(str(value)))
        case EvccSetting.SMART_COST_LIMIT:
            return replace(loadpoint, smart_cost_limit=None if value is None else _number(value))
        case EvccSetting.BATTERY_BOOST:
            return replace(loadpoint, battery_boost=bool(value))
        case EvccSetting.BATTERY_BOOST_LIMIT:
            return replace(loadpoint, battery_boost_limit_pct=_number(value))
        case _:
            return loadpoint


def loadpoint_of(site: SiteSnapshot, device: str) -> Loadpoint | None:
    """Return the loadpoint of that name; None when evcc has none now."""
    return next((one for one in site.loadpoints if one.name == device), None)


def is_same_value(one: SettingValue, other: SettingValue) -> bool:
    """Tell whether two values of a setting are the same; numbers up to evcc's rounding.

    What is below 10 is a price, of which evcc keeps every digit; nobody sets a share so low.
    """
    numbers = [value for value in (one, other) if isinstance(value, float | int)]
    if len(numbers) == 2 and not any(isinstance(value, bool) for value in numbers):  # noqa: PLR2004
        is_price = max(abs(number) for number in numbers) < _LOWEST_SHARE
        return abs(numbers[0] - numbers[1]) <= (_SAME_PRICE if is_price else _SAME_PCT)
    return one == other


def _number(value: SettingValue) -> float:
    if isinstance(value, bool) or not isinstance(value, float | int):
        raise TypeError(f"{value!r} is no number")
    return float(value)
