"""What can go wrong in the simulated evcc, switchable from any thread while it runs."""

import dataclasses
import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultState:
    """The faults that are on at one moment."""

    offline: bool = False
    """Nothing listens on evcc's port."""
    slow_s: float = 0.0
    """Every answer takes this many real seconds."""
    half_answers: bool = False
    """The connection breaks in the middle of every body."""
    wrong_types: bool = False
    """The state holds words where numbers belong, and lists where objects do."""
    empty_200: bool = False
    """Every answer is 200 with an empty body."""
    stale: bool = False
    """The grid meter cannot be read: nothing is regulated, its values stand still."""
    battery_power_zero: bool = False
    """The batteries' power cannot be read and counts as 0."""
    soc_missing: bool = False
    """The first battery's SoC cannot be read."""
    prices_late: bool = False
    """Tomorrow's prices have not been published."""
    no_solar: bool = False
    """The solar forecast service fails."""
    no_prices: bool = False
    """The price source yields no rates."""
    automatic_mode: bool = False
    """evcc's own optimizer is in charge."""
    curtailed: bool = False
    """The grid operator's box limits the production."""
    starting: bool = False
    """evcc does not get past the start of its devices."""


_KINDS = {entry.name: entry.type for entry in dataclasses.fields(FaultState)}


class Faults:
    """The switchboard; ``active`` may be read from any thread without waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active = FaultState()

    @property
    def active(self) -> FaultState:
        """The faults that are on now."""
        return self._active

    def set(self, **changes: bool | float) -> FaultState:
        """Switch single faults on or off.

        Raises:
            ValueError: A name is unknown or a value has the wrong type.
        """
        checked: dict[str, bool | float] = {}
        for name, value in changes.items():
            if name not in _KINDS:
                raise ValueError(f"unknown fault {name!r}; known are {', '.join(sorted(_KINDS))}")
            checked[name] = _checked(name, value)
        with self._lock:
            # The names and types were checked against the dataclass above.
            self._active = dataclasses.replace(self._active, **checked)  # type: ignore[arg-type]
            return self._active

    def clear(self) -> None:
        """Switch every fault off."""
        with self._lock:
            self._active = FaultState()


def _checked(name: str, value: bool | float) -> bool | float:  # noqa: FBT001  # the value itself
    is_duration = name.endswith("_s")
    if is_duration and not isinstance(value, bool) and value >= 0:
        return float(value)
    if not is_duration and isinstance(value, bool):
        return value
    wanted = "seconds, at least 0" if is_duration else "true or false"
    raise ValueError(f"fault {name!r} takes {wanted}, not {value!r}")
