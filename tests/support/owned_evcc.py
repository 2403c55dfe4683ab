"""A controller that guards a real client before a small evcc, and everything that befalls them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx2

from controller import Controller
from domain.control import BUFFER, Ownership
from domain.steering import Stage
from errors import SmartLoadError
from evcc_client import EvccClient
from tests.support.small_evcc import SmallEvcc

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 3, 2, 12, tzinfo=UTC)


class KilledError(BaseException):
    """The process ends here, as by kill -9."""


@dataclass(slots=True)
class OwnedEvcc:
    """An owner's evcc (buffer 50 %) with SmartLoad on it; ``kill`` and ``restart`` in between."""

    folder: Path
    may_write: bool = True
    is_live: bool = True
    evcc: SmallEvcc = field(default_factory=SmallEvcc)
    now: datetime = START
    controller: Controller = field(init=False)
    client: EvccClient = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    @property
    def path(self) -> Path:
        return self.folder / "control.json"

    def restart(self) -> None:
        """Start SmartLoad (again); nothing but the disk is remembered."""
        self.controller = Controller(self.path, lambda: self.now, BERLIN, may_write=self.may_write)
        self.controller.begin()
        self.client = EvccClient(
            "http://evcc:7070", guard=self.controller, transport=self.evcc.transport
        )

    def read(self) -> float | None:
        """Read evcc as the cycle does; return the value that somebody else put there."""
        site = self.client.read_site(self.now)
        live = frozenset(Stage) if self.is_live else frozenset[Stage]()
        return self.controller.note_reading(site, live=live, now=self.now)

    def pass_time(self, passed: timedelta) -> None:
        """Let time go by and read evcc then."""
        self.now += passed
        self.read()

    def write(self, pct: float) -> bool:
        """Read and write as a cycle does; return whether evcc confirmed."""
        self.read()
        try:
            self.client.set_buffer_soc(pct)
        except SmartLoadError:
            return False
        return True

    def hand_back(self) -> tuple[Ownership, ...]:
        """Give the owner's values back; return what is still owed."""
        return self.controller.hand_back(self.client)

    def owed_pct(self) -> float | None:
        """Return the owner's buffer that SmartLoad keeps, None when it owes nothing."""
        owned = [one.owner for one in self.controller.owned if one.lever == BUFFER]
        return float(owned[0] or 0.0) if owned else None

    def lose_writes(self, error: Callable[[], BaseException], *, arrives: bool) -> None:
        """Let the next writes fail with ``error``, after they took effect or before."""

        def fault(request: httpx2.Request) -> httpx2.Response | None:
            if request.method != "POST":
                return None
            if arrives:
                self.evcc.buffer_soc = float(request.url.path.rpartition("/")[2])
            raise error()

        self.evcc.fault = fault

    def heal(self) -> None:
        """Let evcc answer again."""
        self.evcc.fault = lambda _: None

    def go_away(self) -> None:
        """Let a reading fail, as the cycle notices it."""
        self.controller.evcc_went_away()
