"""What decisions need from the outside, as protocols; edges and tests implement them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from domain.control import AppliedSetting, CommandRecord, Lever, SettingValue
from domain.history import EnergySource, QuarterEnergies
from domain.site import SiteSnapshot


class BufferSetter(Protocol):
    """Sets evcc's ``bufferSoc``."""

    def set_buffer_soc(self, target_pct: float) -> AppliedSetting | bool | None:
        """Set the buffer [%]; raise or return False when it was not applied."""
        ...


class SettingWriter(Protocol):
    """Puts a setting of evcc to a value."""

    def write(self, lever: Lever, value: SettingValue) -> SettingValue:
        """Send ``value`` where evcc has another one, and return what evcc holds then.

        A battery mode is always sent; None releases it. Raises when evcc refuses, cannot be
        reached, or the guard says no.
        """
        ...


class WriteGuard(Protocol):
    """Asked before, and told after, every change that is sent to evcc."""

    def before_write(self, lever: Lever, old: SettingValue, new: SettingValue) -> None:
        """Raise ``WriteRefusedError`` to stop the write; else remember the owner's value."""
        ...

    def after_write(self, lever: Lever, accepted: SettingValue) -> None:
        """Note what evcc accepted."""
        ...


class BufferControl(Protocol):
    """What the page may ask of the dynamic buffer."""

    def activate_live(self) -> None:
        """Go live now."""
        ...

    def extend_observation(self, extra_days: int = 14) -> None:
        """Observe for ``extra_days`` from now."""
        ...

    def check_extension(self, extra_days: int) -> None:
        """Raise ``ExtensionTooShortError`` when the running period lasts longer."""
        ...

    def log(self) -> list[dict[str, object]]:
        """Return all stored events, oldest first."""
        ...


class SiteReader(Protocol):
    """Reads the home from evcc."""

    def read_site(self, now: datetime) -> SiteSnapshot:
        """Return one reading; raise ``EvccUnavailableError`` when there is none."""
        ...


class PastSource(Protocol):
    """Something that recorded the home before SmartLoad did."""

    @property
    def source(self) -> EnergySource:
        """Which one it is."""
        ...

    def read_energies(self, start: datetime, end: datetime) -> Sequence[QuarterEnergies]:
        """Return the quarter hours it has from ``start`` to ``end``, rising; gaps stay gaps.

        Raises:
            SourceError: It did not answer usefully; the text says what to do.
        """
        ...


class CommandStore(Protocol):
    """Keeps every command and what came of it."""

    def write_command(self, record: CommandRecord) -> None:
        """Keep a command; told again, it replaces what was told before."""
        ...

    def read_commands(self, start: datetime, end: datetime) -> Sequence[CommandRecord]:
        """Return the commands from ``start`` to ``end``, rising."""
        ...


class HolidayCalendar(Protocol):
    """Knows the days on which nobody goes to work."""

    def is_holiday(self, day: date) -> bool:
        """Return whether ``day`` is a public holiday where the home is."""
        ...
