"""What the dynamic buffer is tested with: options, a clock moved by hand, an evcc that listens."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.control import AppliedSetting
from dynamic_buffer import DynamicBufferCalc

T0 = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(slots=True)
class Options:
    """The part of the configuration that the calculator reads."""

    battery_min_soc: int = 30
    time_zone: object = None


@dataclass(slots=True)
class HandClock:
    """A clock that stands where it was put."""

    at: datetime = T0

    def now(self) -> datetime:
        return self.at


@dataclass(slots=True)
class FakeEvcc:
    """Writes down what it was told; ``answer`` is returned, or raised when it is an exception."""

    answer: AppliedSetting | bool | BaseException | None = None
    told: list[float] = field(default_factory=list)

    def set_buffer_soc(self, target_pct: float) -> AppliedSetting | bool | None:
        self.told.append(target_pct)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@dataclass(slots=True)
class Bench:
    """A calculator on a folder of its own; ``restart`` builds another one on the same file."""

    folder: Path
    options: Options = field(default_factory=Options)
    evcc: FakeEvcc = field(default_factory=FakeEvcc)
    clock: HandClock = field(default_factory=HandClock)

    @property
    def path(self) -> Path:
        return self.folder / "model.json"

    def start(self) -> DynamicBufferCalc:
        return DynamicBufferCalc(self.options, self.evcc, path=self.path, clock=self.clock.now)

    def start_live(self) -> DynamicBufferCalc:
        calc = self.start()
        calc.activate_live()
        return calc


def events(result: dict[str, object]) -> list[dict[str, object]]:
    """Return ``log_recent`` of a result."""
    recent = result["log_recent"]
    assert isinstance(recent, list)
    return recent


def last_event(result: dict[str, object]) -> dict[str, object]:
    """Return the newest event of a result."""
    return events(result)[-1]
