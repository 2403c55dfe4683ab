"""The versions of evcc that the simulated one can pose as, and what sets them apart."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EvccVersion:
    """What a version of evcc answers differently from the others."""

    number: str
    has_envelope: bool = False
    """Answers are ``{"result": ...}`` (before 0.207.0)."""
    price_key: str = "value"
    """The value of a rate (``price`` before 0.203.0)."""
    current_key: str = "offeredCurrent"
    """The current offered to the car (``chargeCurrent`` before 0.203.0)."""
    has_battery_array: bool = False
    """``battery`` is a list beside ``batteryPower`` and so on (before 0.301.0)."""
    has_forecast_objects: bool = False
    """Slots in the state are objects instead of number triples (before 0.314.0)."""
    starts_above_only: bool = False
    """``bufferStartSoc`` must be exceeded, not only reached (before 0.302.0)."""
    has_energy_history: bool = True
    """``/api/history/energy`` exists (since 0.305.0)."""
    announces_api_ready: bool = True
    """The state has ``apiReady`` (since 0.307.2)."""
    announces_startup: bool = True
    """The state has ``startupCompleted`` (since 0.210.0)."""
    announces_smart_cost: bool = True
    """The state has ``smartCostAvailable`` beside ``smartCostType``."""
    has_health_route: bool = False
    """``/api/health`` exists (before 0.300.6)."""
    has_smart_mode: bool = False
    """Modes are off, smart and now, with ``alwaysCharge`` beside them."""

    def mode_word(self, mode: str, always_charge: str) -> str:
        """Return this version's word for off, pv or now with an ``alwaysCharge``."""
        if mode != "pv":
            return mode
        if self.has_smart_mode:
            return "smart"
        return "pv" if always_charge == "off" else "minpv"

    def parse_mode(self, word: str) -> tuple[str, str | None] | None:
        """Return mode and ``alwaysCharge`` (None: as it was); None for an unknown word."""
        if word == "smart" and self.has_smart_mode:
            return "pv", None
        return _MODES.get(word)


# Both schemas take the older words.
_MODES: dict[str, tuple[str, str | None]] = {
    "off": ("off", None),
    "now": ("now", None),
    "pv": ("pv", "off"),
    "minpv": ("pv", "on"),
}


ENVELOPE_VERSION = EvccVersion(
    number="0.202.0",
    has_envelope=True,
    price_key="price",
    current_key="chargeCurrent",
    has_battery_array=True,
    has_forecast_objects=True,
    starts_above_only=True,
    has_energy_history=False,
    announces_api_ready=False,
    announces_startup=False,
    announces_smart_cost=False,
    has_health_route=True,
)
BATTERY_ARRAY_VERSION = EvccVersion(
    number="0.300.0",
    has_battery_array=True,
    has_forecast_objects=True,
    starts_above_only=True,
    has_energy_history=False,
    announces_api_ready=False,
    has_health_route=True,
)
FORECAST_OBJECTS_VERSION = EvccVersion(number="0.313.2", has_forecast_objects=True)
CURRENT_VERSION = EvccVersion(number="0.314.0")
SMART_MODE_VERSION = EvccVersion(number="0.320.0", has_smart_mode=True)
