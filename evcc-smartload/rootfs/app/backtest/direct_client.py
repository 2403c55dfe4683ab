"""A client of a simulated evcc in the same process: it reads without HTTP and JSON.

It means the same as ``EvccClient`` over ``SimulatorTransport``, and whatever it does not do itself
it leaves to that: all writing with its bounds and refusals, every fault, the first minutes of evcc.
"""

from datetime import datetime

from backtest.direct_reading import NO_FAULTS, DirectReader
from backtest.direct_values import UnusualStateError
from domain.control import SettingValue
from domain.ports import WriteGuard
from domain.site import BatteryMode, SiteSnapshot
from evcc_client import EvccClient
from simulator.battery_control import External
from simulator.home import SimulatedHome
from simulator.transport import SimulatorTransport

_ADDRESS = "http://evcc.simulated:7070"


class DirectClient(EvccClient):
    """Reads and commands one simulated home; raises as ``EvccClient``."""

    def __init__(self, home: SimulatedHome, *, guard: WriteGuard | None = None) -> None:
        super().__init__(_ADDRESS, guard=guard, transport=SimulatorTransport(home))
        self._home = home
        self._reader = DirectReader(home)
        self._n_asked = 0

    @property
    def n_asked(self) -> int:
        """How many readings had to ask evcc after all, which takes 30 times as long."""
        return self._n_asked

    def _read_whole(self, now: datetime) -> SiteSnapshot:
        try:
            return self._reader.read(now)
        except UnusualStateError:
            self._n_asked += 1
            return super()._read_whole(now)

    def _send_battery_mode(self, mode: BatteryMode) -> SettingValue:
        """Send a mode; one that is in force is only to last longer, and cannot be refused."""
        home, control = self._home, self._home.site.battery
        is_in_force = control.external is External.SET and control.external_mode is mode
        if not is_in_force or home.faults.active != NO_FAULTS:
            return super()._send_battery_mode(mode)
        home.move_slider("batteryMode", mode.value)
        return mode.value
