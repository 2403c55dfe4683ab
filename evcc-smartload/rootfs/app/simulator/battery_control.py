"""Which battery mode the simulated evcc commands: an outside wish, grid charging, or a hold."""

from datetime import datetime, timedelta
from enum import StrEnum

from domain.site import BatteryMode
from simulator.plant import PlantReading

WATCHDOG = timedelta(seconds=60)
MODE_NUMBERS = {
    BatteryMode.UNKNOWN: 0,
    BatteryMode.NORMAL: 1,
    BatteryMode.HOLD: 2,
    BatteryMode.CHARGE: 3,
    BatteryMode.HOLD_CHARGE: 4,
}
_FULL_PCT = 100.0


class External(StrEnum):
    """What became of a mode that somebody outside asked for."""

    NEVER = "never"
    SET = "set"
    RELEASED = "released"
    """Given up, and the batteries have not been told yet."""
    CLEANED_UP = "cleaned_up"


class BatteryControl:
    """The mode in force, and the watchdog over a mode set from outside.

    ``mode`` is what evcc shows; ``inverter_mode`` is what the batteries were last told, which
    outlives evcc.
    """

    def __init__(self, *, max_soc_pct: float = 0.0, lasts: timedelta = WATCHDOG) -> None:
        self.mode = BatteryMode.UNKNOWN
        self.inverter_mode = BatteryMode.UNKNOWN
        self.external_mode = BatteryMode.UNKNOWN
        self.external = External.NEVER
        self.grid_charge_active = False
        self.max_soc_pct = max_soc_pct
        self._lasts = lasts
        self._posted_at: datetime | None = None

    def post(self, mode: BatteryMode, now: datetime) -> None:
        """Take an outside wish; it is carried out by the next cycle."""
        if mode is BatteryMode.UNKNOWN:
            self.release()
            return
        self.external_mode, self.external, self._posted_at = mode, External.SET, now

    def release(self) -> None:
        """Give up an outside wish; the next cycle says ``normal`` once."""
        if self.external is External.SET:
            self.external = External.RELEASED
        elif self.external is External.NEVER:
            self.external = External.CLEANED_UP
        self.external_mode, self._posted_at = BatteryMode.UNKNOWN, None

    def watch(self, now: datetime) -> None:
        """Release an outside wish that was not repeated for too long."""
        if self._posted_at is not None and now - self._posted_at > self._lasts:
            self.release()

    def cycle(
        self, reading: PlantReading, *, grid_charge_active: bool, discharge_is_held: bool
    ) -> None:
        """Decide and command the mode; the first rule that applies wins."""
        self.grid_charge_active = grid_charge_active
        if not reading.batteries:
            return
        wanted = self._wanted_mode(discharge_is_held=discharge_is_held)
        if wanted is not None and any(battery.controllable for battery in reading.batteries):
            self.mode = self.inverter_mode = wanted
        if self.mode is BatteryMode.CHARGE and 0 < self.max_soc_pct < _FULL_PCT:
            is_full = any(battery.soc_pct >= self.max_soc_pct for battery in reading.batteries)
            self.inverter_mode = BatteryMode.HOLD if is_full else BatteryMode.CHARGE

    def _wanted_mode(self, *, discharge_is_held: bool) -> BatteryMode | None:
        """Return the mode to command; None leaves the batteries as they are."""
        if self.external is External.RELEASED:
            self.external = External.CLEANED_UP
            return BatteryMode.NORMAL
        if self.external is External.SET:
            return self.external_mode
        if self.grid_charge_active:
            return BatteryMode.CHARGE
        if discharge_is_held:
            return BatteryMode.HOLD
        if self.mode not in (BatteryMode.UNKNOWN, BatteryMode.NORMAL):
            return BatteryMode.NORMAL
        return None

    def shut_down(self) -> None:
        """Leave the batteries in normal operation, as a clean stop does."""
        if self.mode not in (BatteryMode.UNKNOWN, BatteryMode.NORMAL):
            self.inverter_mode = BatteryMode.NORMAL
        self._forget()

    def crash(self) -> None:
        """Forget everything; the batteries stay in the mode they were last told."""
        self._forget()

    def _forget(self) -> None:
        self.mode = self.external_mode = BatteryMode.UNKNOWN
        self.external, self._posted_at = External.NEVER, None
        self.grid_charge_active = False
