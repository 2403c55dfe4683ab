"""evcc's regulation of one loadpoint by surplus: current, phases, and their timers.

Powers are in W as evcc counts them: the site's power is positive for a deficit.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

VOLTAGE_V = 230.0
# evcc does not trust the offered current when the car draws less; it allows this much more.
_HEADROOM_A = 2.0
MOST_PHASES = 3


class TimerKind(StrEnum):
    """What a running timer will do; the words are evcc's ``pvAction`` and ``phaseAction``."""

    INACTIVE = "inactive"
    ENABLE = "enable"
    DISABLE = "disable"
    SCALE_TO_1 = "scale1p"
    SCALE_TO_3 = "scale3p"


class DelayTimer:
    """A condition must hold for a delay before something happens."""

    __slots__ = ("delay_s", "kind", "since")

    def __init__(self) -> None:
        self.kind = TimerKind.INACTIVE
        self.since: datetime | None = None
        self.delay_s = 0.0

    def has_elapsed(self, kind: TimerKind, now: datetime, delay_s: float) -> bool:
        """Start the timer for ``kind`` or look at it; it stops when it has elapsed."""
        if self.kind is not kind or self.since is None:
            self.kind, self.since = kind, now
        self.delay_s = delay_s
        if (now - self.since).total_seconds() < delay_s:
            return False
        self.reset()
        return True

    def reset(self) -> None:
        """Stop the timer: the condition no longer holds."""
        self.kind = TimerKind.INACTIVE
        self.since = None

    def remaining_s(self, now: datetime) -> int:
        """Return the seconds until something happens; 0 when nothing will."""
        if self.since is None:
            return 0
        left = timedelta(seconds=self.delay_s) - (now - self.since)
        return max(0, round(left.total_seconds()))


@dataclass(slots=True, kw_only=True)
class SurplusView:
    """What the regulation of one loadpoint looks at."""

    power_w: float
    """Site power with everything reserved for others; positive is a deficit."""
    is_buffered: bool
    """The battery may keep a charging car at its minimum."""
    is_start: bool
    """The battery may start a car."""
    is_always: bool
    """Min+PV, or smart with always charge."""
    is_draining: bool
    """Battery boost is emptying the battery into the car."""
    enable_threshold_w: float
    disable_threshold_w: float
    enable_delay_s: float
    disable_delay_s: float
    min_current_a: float
    max_current_a: float


@dataclass(slots=True, kw_only=True)
class CarView:
    """What the car at the loadpoint does at the moment."""

    active_phases: int
    """Phases that charger and car both use."""
    drawn_a: float
    """Largest current the car draws, for ``active_phases``."""
    offered_a: float
    """Current offered until now; 0 means off."""
    read_under_a: float
    """Current that was offered while it drew that."""
    is_charging: bool


class SurplusRegulator:
    """The part of a loadpoint that remembers: its timers and the phases in use."""

    __slots__ = ("phase_timer", "phases", "pv_timer", "skips_delay")

    def __init__(self) -> None:
        self.pv_timer = DelayTimer()
        self.phase_timer = DelayTimer()
        self.phases = MOST_PHASES
        """Phases the charger offers: 1 or 3."""
        self.skips_delay = False
        """A car was just plugged in, or a boost began: the next decision does not wait."""

    def reset_timers(self) -> None:
        """Forget what was about to happen."""
        self.pv_timer.reset()
        self.phase_timer.reset()

    def scale_phases(
        self, now: datetime, view: SurplusView, charge_w: float, car_phases: int
    ) -> None:
        """Switch between 1 and 3 phases when the surplus asks for it long enough."""
        available_w = charge_w - view.power_w
        is_charging = charge_w > 0
        least_w = VOLTAGE_V * view.min_current_a * car_phases
        if self.phases > 1 and available_w < least_w and (view.power_w > 0 or not is_charging):
            wanted, kind, delay_s = 1, TimerKind.SCALE_TO_1, view.disable_delay_s
        elif self.phases == 1 and car_phases > 1 and available_w >= least_w:
            wanted, kind, delay_s = MOST_PHASES, TimerKind.SCALE_TO_3, view.enable_delay_s
        else:
            self.phase_timer.reset()
            return
        if not is_charging or self.skips_delay:
            # Nothing is interrupted, so there is nothing to wait for.
            delay_s = 0.0
        if self.phase_timer.has_elapsed(kind, now, delay_s):
            self.phases = wanted

    def current_a(self, now: datetime, view: SurplusView, car: CarView) -> float:
        """Return the current to offer [A]; 0 switches the charger off."""
        base_a = min(car.drawn_a + _HEADROOM_A, car.read_under_a) if car.is_charging else 0.0
        target_a = max(0.0, base_a - view.power_w / (VOLTAGE_V * car.active_phases))
        min_a = view.min_current_a
        is_short = target_a < min_a
        may_hold = view.is_start or view.is_draining or (view.is_buffered and car.is_charging)
        if is_short and (view.is_always or may_hold):
            self.pv_timer.reset()
            return min_a
        if not view.is_always and car.offered_a > 0 and is_short:
            return 0.0 if self._is_disable_due(now, view) else min_a
        if not view.is_always and car.offered_a <= 0:
            return min_a if self._is_enable_due(now, view, target_a) else 0.0
        self.pv_timer.reset()
        return min(target_a, view.max_current_a)

    def _is_disable_due(self, now: datetime, view: SurplusView) -> bool:
        if view.power_w < view.disable_threshold_w:
            self.pv_timer.reset()
            return False
        delay_s = 0.0 if self.skips_delay else view.disable_delay_s
        return self.pv_timer.has_elapsed(TimerKind.DISABLE, now, delay_s)

    def _is_enable_due(self, now: datetime, view: SurplusView, target_a: float) -> bool:
        if view.enable_threshold_w == 0:
            is_enough = target_a >= view.min_current_a
        else:
            is_enough = view.power_w <= view.enable_threshold_w
        if not is_enough:
            self.pv_timer.reset()
            return False
        delay_s = 0.0 if self.skips_delay else view.enable_delay_s
        return self.pv_timer.has_elapsed(TimerKind.ENABLE, now, delay_s)
