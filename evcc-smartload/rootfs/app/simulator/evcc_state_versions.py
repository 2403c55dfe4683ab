"""What other versions of evcc make of the state."""

from simulator.evcc_version import EvccVersion

_FORECAST_MEMBERS = ("grid", "feedin", "planner", "co2", "solar", "temperature")


def in_version(state: dict[str, object], version: EvccVersion) -> dict[str, object]:
    """Return ``state`` in the shape of ``version``; the forecast has it already."""
    if not version.announces_api_ready:
        state.pop("apiReady", None)
    if not version.announces_startup:
        state.pop("startupCompleted", None)
    if not version.announces_smart_cost:
        state.pop("smartCostAvailable", None)
    if not version.has_energy_history:
        state.pop("historyUpdated", None)
    if version.has_battery_array:
        _flatten_battery(state)
    if version.current_key != "offeredCurrent":
        loadpoints = state["loadpoints"]
        for loadpoint in loadpoints if isinstance(loadpoints, list) else []:
            if "offeredCurrent" in loadpoint:
                loadpoint[version.current_key] = loadpoint.pop("offeredCurrent")
    return state


def _flatten_battery(state: dict[str, object]) -> None:
    """Turn the battery object into a list of devices with the sums beside it."""
    battery = state.get("battery")
    if not isinstance(battery, dict):
        state["battery"] = []
        return
    state["battery"] = battery["devices"]
    state["batteryPower"] = battery["power"]
    state["batterySoc"] = battery["soc"]
    state["batteryCapacity"] = battery["capacity"]
    state["batteryEnergy"] = battery.get("energy", 0)


def with_wrong_types(state: dict[str, object]) -> dict[str, object]:
    """Return ``state`` as a broken proxy or a future version might: other types in known keys."""
    return state | {
        "homePower": "640 W",
        "pvPower": [7200],
        "battery": "62.4",
        "bufferSoc": {"value": 50},
        "forecast": [],
        "loadpoints": {"0": None},
        "grid": True,
    }


def flatten(state: dict[str, object]) -> dict[str, object]:
    """Return ``state`` with loadpoint values as ``loadpoints.<index>.<key>``, index from 0."""
    flat: dict[str, object] = {}
    for key, value in state.items():
        if key == "loadpoints" and isinstance(value, list):
            for index, loadpoint in enumerate(value):
                flat |= {f"loadpoints.{index}.{name}": entry for name, entry in loadpoint.items()}
        elif key == "forecast" and isinstance(value, dict):
            flat |= {f"forecast.{name}": value.get(name) for name in _FORECAST_MEMBERS}
        else:
            flat[key] = value
    return flat
