"""The dynamic buffer: how much of the home battery is held back for the house.

The pure part (``compute_target``, ``round_to_step``, ``observation_end``, ``mode_at``) decides;
``DynamicBufferCalc`` is the shell around it that remembers, writes to evcc through its port and
persists. Only the standard library is used, so that the module loads on a bare Python.

    base          = the owner's battery_min_soc
    conf_factor   = (confidence - threshold) / (1 - threshold)
    total_factor  = min(1, conf_factor + spread_bonus + time_bonus)
    target        = base - int((base - 20) * total_factor), to the nearest 5 %, within 20..base

For the first 14 days nothing is written to evcc: the same decision is made and logged, marked as
a simulation. Source: docs/dynamic-buffer.md.
"""

import json
import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from pathlib import Path
from typing import Protocol

from clock import EARLIEST_PLAUSIBLE_NOW, SystemClock
from domain.control import AppliedSetting
from domain.ports import BufferSetter
from domain.zone import known_zone
from errors import (
    ClockNotSetError,
    EvccAutomaticModeError,
    EvccRejectedError,
    EvccUnavailableError,
    ExtensionTooShortError,
)
from persistence import StateFile, parse_instant, parse_number

HARD_FLOOR_PCT = 10
PRACTICAL_MIN_PCT = 20
CONFIDENCE_REDUCTION_THRESHOLD = 0.65
OBSERVATION_PERIOD_SECONDS = 14 * 86400
MAX_LOG_ENTRIES = 700
BUFFER_MODEL_PATH = "/data/smartload_buffer_model.json"
BUFFER_MODEL_VERSION = 1

LARGE_SPREAD_EUR_PER_KWH = 0.10
SPREAD_BONUS = 0.1
MORNING_HOURS = range(5, 11)
MORNING_BONUS = 0.1
BUFFER_STEP_PCT = 5
RECENT_EVENTS = 100
SLOTS_IN_4_H = 16

MODE_OBSERVATION = "observation"
MODE_LIVE = "live"


class BufferConfig(Protocol):
    """What the calculator reads of the configuration."""

    @property
    def battery_min_soc(self) -> int:
        """The owner's reserve [%], 20..90: the buffer when nothing speaks for less."""
        ...


@dataclass(slots=True)
class BufferEvent:
    """One decision about the buffer, with everything it was made from.

    ``pv_confidence`` is a share 0..1, ``price_spread_ct`` ct/kWh, ``expected_pv_kw`` the sum of
    the next 16 quarter-hour powers (times 0.25 h it is kWh). ``applied`` says whether the
    decision was in force; in observation it never is.
    """

    ts: datetime
    mode: str
    pv_confidence: float
    price_spread_ct: float
    hour_of_day: int
    expected_pv_kw: float
    old_buffer_pct: float
    new_buffer_pct: float
    reason: str
    applied: bool

    def to_dict(self) -> dict[str, object]:
        """Return the event for JSON: ``ts`` as ISO 8601, ``pv_confidence`` as 0..100 %."""
        return {
            "ts": self.ts.isoformat(),
            "mode": self.mode,
            "pv_confidence": round(self.pv_confidence * 100.0, 1),
            "price_spread_ct": round(self.price_spread_ct, 2),
            "hour_of_day": self.hour_of_day,
            "expected_pv_kw": round(self.expected_pv_kw, 3),
            "old_buffer_pct": self.old_buffer_pct,
            "new_buffer_pct": self.new_buffer_pct,
            "reason": self.reason,
            "applied": self.applied,
        }


def round_to_step(pct: int) -> int:
    """Return the multiple of 5 % nearest to a whole percentage (a tie cannot occur)."""
    return BUFFER_STEP_PCT * ((pct + BUFFER_STEP_PCT // 2) // BUFFER_STEP_PCT)


def compute_target(
    *, base_pct: int, confidence: float, spread_eur_per_kwh: float, hour: int
) -> int:
    """Return where the buffer should stand [%].

    Args:
        base_pct: The owner's reserve; under 20 it is returned as it is, but never under 10.
        confidence: Trust in the solar forecast, 0..1.
        spread_eur_per_kwh: P80 - P20 of the import prices known from now on.
        hour: Local hour of the day, 0..23.

    Returns:
        A value in 10..base; in 20..base when it was reduced. Never rises with confidence.
    """
    max_reduction = base_pct - PRACTICAL_MIN_PCT
    if confidence <= CONFIDENCE_REDUCTION_THRESHOLD or max_reduction <= 0:
        return max(base_pct, HARD_FLOOR_PCT)
    conf_factor = (confidence - CONFIDENCE_REDUCTION_THRESHOLD) / (
        1.0 - CONFIDENCE_REDUCTION_THRESHOLD
    )
    spread_bonus = SPREAD_BONUS if spread_eur_per_kwh > LARGE_SPREAD_EUR_PER_KWH else 0.0
    time_bonus = MORNING_BONUS if hour in MORNING_HOURS else 0.0
    total_factor = min(1.0, conf_factor + spread_bonus + time_bonus)
    reduction = int(max_reduction * total_factor)
    target = max(base_pct - reduction, PRACTICAL_MIN_PCT, HARD_FLOOR_PCT)
    return min(round_to_step(target), base_pct)


def observation_end(
    *,
    live_override: bool | None,
    deployment_ts: datetime | None,
    extended_until: datetime | None,
) -> datetime | None:
    """Return when the observation ends; None when the owner went live or nothing has begun."""
    if live_override is True:
        return None
    if live_override is False and extended_until is not None:
        return extended_until
    if deployment_ts is None:
        return None
    return deployment_ts + timedelta(seconds=OBSERVATION_PERIOD_SECONDS)


def mode_at(now: datetime, *, live_override: bool | None, end: datetime | None) -> str:
    """Return the mode at ``now``; a clock that cannot be right never ends an observation."""
    if live_override is True:
        return MODE_LIVE
    if end is None or now < EARLIEST_PLAUSIBLE_NOW or now < end:
        return MODE_OBSERVATION
    return MODE_LIVE


def finite_or_zero(value: object) -> float:
    """Return ``value`` as a float; 0.0 for anything that is not a finite number."""
    if isinstance(value, str | bytes | bytearray):
        return 0.0
    try:
        number = float(value)  # type: ignore[arg-type]  # whatever it is, float() decides
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return number if math.isfinite(number) else 0.0


class DynamicBufferCalc:
    """Decides the buffer every 15 minutes, observes first, then applies it to evcc.

    Thread-safe: the cycle steps it while the page reads, activates or extends. ``_lock`` guards
    the state and is never held during I/O.
    """

    def __init__(
        self,
        cfg: BufferConfig,
        evcc_client: BufferSetter,
        path: str | os.PathLike[str] | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """Load what was persisted.

        Args:
            cfg: Gives ``battery_min_soc`` [%] and, optionally, ``time_zone`` (IANA name).
            evcc_client: Sets evcc's ``bufferSoc``.
            path: State file; default ``BUFFER_MODEL_PATH``, read at each call.
            clock: Returns the current aware instant; default the system's clock in UTC.
        """
        self._cfg = cfg
        self._evcc = evcc_client
        self._clock = clock or SystemClock().now
        self._zone = _zone_of(getattr(cfg, "time_zone", None))
        self._lock = threading.Lock()
        self._state_file = StateFile(
            lambda: Path(BUFFER_MODEL_PATH if path is None else path),  # at call time, as specified
            version=BUFFER_MODEL_VERSION,
        )
        self._deployment_ts: datetime | None = None
        self._live_override: bool | None = None
        self._observation_extended_until: datetime | None = None
        self._current_buffer_pct: float = cfg.battery_min_soc
        self._log: deque[dict[str, object]] = deque(maxlen=MAX_LOG_ENTRIES)
        # Each event as JSON, once: seven days of them are written after every cycle.
        self._log_json: deque[str] = deque(maxlen=MAX_LOG_ENTRIES)
        self._changed_outside: str | None = None
        self._load()

    # -- the cycle ---------------------------------------------------------------------------

    def step(
        self,
        pv_confidence: float,
        price_spread: float,
        pv_96: Iterable[float],
        now: datetime | None = None,
    ) -> dict[str, object]:
        """Decide the buffer for this quarter hour, apply it when live, log it, persist it.

        Args:
            pv_confidence: Trust in the solar forecast, 0..1; clamped, not finite counts as 0.
            price_spread: P80 - P20 of the known import prices [EUR/kWh]; not finite counts as 0.
            pv_96: Expected PV power of the next quarter hours [kW]; may be empty.
            now: Aware instant (naive counts as UTC); default the clock's.

        Returns:
            ``current_buffer_pct``, ``mode``, ``days_remaining``, ``log_recent`` (last 100,
            oldest first) and ``observation_live_at``; always valid JSON.
        """
        now = self._aware(now)
        confidence = min(1.0, max(0.0, finite_or_zero(pv_confidence)))
        spread = finite_or_zero(price_spread)
        spread_ct = finite_or_zero(spread * 100.0)
        target = self._compute_target(confidence, spread, pv_96, now)
        expected_pv_kw = self._sum_next_4h_pv(pv_96)
        with self._lock:
            mode = self._determine_mode(now)
            old_pct = self._current_buffer_pct

        new_pct: float = target
        applied = mode == MODE_LIVE
        note = ""
        if mode == MODE_LIVE and target != old_pct:
            new_pct, applied, note = self._apply(target, old_pct)

        event = BufferEvent(
            ts=now,
            mode=mode,
            pv_confidence=confidence,
            price_spread_ct=spread_ct,
            hour_of_day=self._local_hour(now),
            expected_pv_kw=expected_pv_kw,
            old_buffer_pct=old_pct,
            new_buffer_pct=new_pct,
            reason=self._build_reason(confidence, spread, target, mode) + note,
            applied=applied,
        )
        with self._lock:
            if applied and new_pct != old_pct:
                self._current_buffer_pct = new_pct
            if self._changed_outside is not None:
                event.reason += self._changed_outside
                self._changed_outside = None
            self._append(event.to_dict())
        self._save()
        return self.result(now)

    def preview(
        self,
        pv_confidence: float,
        price_spread: float,
        pv_96: Iterable[float],
        now: datetime | None = None,
    ) -> int:
        """Return the target [%] that ``step`` would have; nothing is decided, kept or logged."""
        confidence = min(1.0, max(0.0, finite_or_zero(pv_confidence)))
        return self._compute_target(
            confidence, finite_or_zero(price_spread), pv_96, self._aware(now)
        )

    def _apply(self, target: int, old_pct: float) -> tuple[float, bool, str]:
        """Write ``target``; return the value now in force, whether it is, and a note."""
        try:
            outcome = self._evcc.set_buffer_soc(target)
        except Exception as exc:  # noqa: BLE001  # specified: a write that raises is not applied
            return old_pct, False, f" · nicht übernommen: {_why_in_german(exc)}"
        if outcome is False:
            return old_pct, False, " · nicht übernommen: evcc hat abgelehnt"
        if not isinstance(outcome, AppliedSetting) or not math.isfinite(outcome.accepted_pct):
            return target, True, ""
        note = ""
        if outcome.limited_by is not None:
            note = f" · begrenzt durch {outcome.limited_by} {finite_or_zero(outcome.limit_pct):g}%"
        return _whole(outcome.accepted_pct), True, note

    def report_evcc_value(self, value_pct: float) -> None:
        """Take over the buffer that evcc holds [%] because somebody else changed it.

        After a restart of evcc, a restored backup or a moved slider the value in evcc is the
        truth; the next event says where it came from. Not finite values are ignored.
        """
        if not math.isfinite(value_pct):
            return
        value_pct = _whole(value_pct)
        with self._lock:
            if value_pct == self._current_buffer_pct:
                return
            # What evcc holds before the first decision was not changed by anyone; it just stands.
            self._changed_outside = (
                f" · in evcc geändert: {self._current_buffer_pct:g}% → {value_pct:g}%"
                if self._log
                else f" · in evcc steht: {value_pct:g}%"
            )
            self._current_buffer_pct = value_pct

    def use_time_zone(self, zone: tzinfo) -> None:
        """Use the home's zone that evcc told, unless the configuration names one."""
        if _zone_of(getattr(self._cfg, "time_zone", None)) is None:
            self._zone = zone

    # -- what the page asks ------------------------------------------------------------------

    def result(self, now: datetime | None = None) -> dict[str, object]:
        """Return the last state; nothing is computed, logged or written."""
        now = self._aware(now)
        with self._lock:
            end = self._live_activation_ts()
            mode = mode_at(now, live_override=self._live_override, end=end)
            observing = mode == MODE_OBSERVATION
            return {
                "current_buffer_pct": self._current_buffer_pct,
                "mode": mode,
                "days_remaining": self._days_remaining(now) if observing else None,
                "log_recent": list(self._log)[-RECENT_EVENTS:],
                "observation_live_at": end.isoformat() if observing and end else None,
            }

    def period(self, now: datetime) -> tuple[str, datetime | None]:
        """Return the mode at ``now`` and, while observing, when that ends."""
        with self._lock:
            end = self._live_activation_ts()
            mode = mode_at(self._aware(now), live_override=self._live_override, end=end)
        return mode, end if mode == MODE_OBSERVATION else None

    def log(self) -> list[dict[str, object]]:
        """Return all stored events (at most 700, seven days), oldest first."""
        with self._lock:
            return list(self._log)

    def activate_live(self) -> None:
        """Apply the buffer to evcc from the next cycle on, whatever the calendar says."""
        with self._lock:
            self._live_override = True
        self._save()

    def extend_observation(self, extra_days: int = 14) -> None:
        """Observe for ``extra_days`` days from now, then go live.

        Raises:
            ClockNotSetError: The computer's clock cannot be right, so "from now" means nothing.
        """
        now = self._aware(None)
        if now < EARLIEST_PLAUSIBLE_NOW:
            raise ClockNotSetError(f"the clock says {now:%Y-%m-%d}; wait until it is set")
        with self._lock:
            self._live_override = False
            self._observation_extended_until = now + timedelta(days=extra_days)
        self._save()

    def check_extension(self, extra_days: int) -> None:
        """Check that an extension lasts longer than what is running.

        Raises:
            ExtensionTooShortError: The running observation ends later; the text says when.
        """
        now = self._aware(None)
        with self._lock:
            end = self._live_activation_ts()
        if end is not None and now + timedelta(days=extra_days) < end:
            raise ExtensionTooShortError(ends_at=end, extra_days=extra_days)

    @property
    def not_applied(self) -> str | None:
        """The reason of the last decision when it was live and did not reach evcc."""
        with self._lock:
            last = self._log[-1] if self._log else None
        if last is None or last.get("mode") != MODE_LIVE or last.get("applied"):
            return None
        return str(last.get("reason"))

    @property
    def state_file(self) -> StateFile:
        """Where the state is kept, with what was wrong with it."""
        return self._state_file

    # -- decisions ---------------------------------------------------------------------------

    def _compute_target(
        self, confidence: float, spread: float, pv_96: Iterable[float], now: datetime
    ) -> int:
        del pv_96  # logged with the decision; the formula does not use it
        return compute_target(
            base_pct=self._cfg.battery_min_soc,
            confidence=min(1.0, max(0.0, finite_or_zero(confidence))),
            spread_eur_per_kwh=finite_or_zero(spread),
            hour=self._local_hour(now),
        )

    def _determine_mode(self, now: datetime) -> str:
        """Return the mode; the first plausible call in auto starts the observation."""
        now = self._aware(now)
        is_auto = self._live_override is None or (
            self._live_override is False and self._observation_extended_until is None
        )
        if (
            is_auto
            and now >= EARLIEST_PLAUSIBLE_NOW
            and (self._deployment_ts is None or self._deployment_ts > now)
        ):
            self._deployment_ts = now
        return mode_at(now, live_override=self._live_override, end=self._live_activation_ts())

    def _live_activation_ts(self) -> datetime | None:
        """Return when the running observation ends."""
        return observation_end(
            live_override=self._live_override,
            deployment_ts=self._deployment_ts,
            extended_until=self._observation_extended_until,
        )

    def _days_remaining(self, now: datetime) -> int:
        """Return the whole days left of whichever period is running, rounded up."""
        end = self._live_activation_ts()
        if end is None:
            return 0 if self._live_override is True else OBSERVATION_PERIOD_SECONDS // 86400
        return max(0, math.ceil((end - self._aware(now)) / timedelta(days=1)))

    def _sum_next_4h_pv(self, pv_96: Iterable[float] | None) -> float:
        """Return the sum of the first 16 powers [kW]; times 0.25 h it is kWh."""
        powers = pv_96 if isinstance(pv_96, Iterable) else ()
        return finite_or_zero(sum(map(finite_or_zero, islice(powers, SLOTS_IN_4_H))))

    def _build_reason(self, confidence: float, spread: float, target: float, mode: str) -> str:
        reason = (
            f"Konfidenz {confidence * 100:.0f}% · Spread {finite_or_zero(spread * 100):.0f}ct"
            f" · Puffer {target:g}%"
        )
        return reason if mode == MODE_LIVE else reason + " · [Simulation]"

    def _local_hour(self, now: datetime) -> int:
        return (now if self._zone is None else now.astimezone(self._zone)).hour

    def _aware(self, now: datetime | None) -> datetime:
        if now is None:
            now = self._clock()
        return now if now.tzinfo is not None else now.replace(tzinfo=UTC)

    # -- persistence -------------------------------------------------------------------------

    def _load(self) -> None:
        """Read the state file; what cannot be trusted is kept aside and observation restarts."""
        state = self._state_file.load(_parse_state, self._clock())
        if state is None:
            return
        self._deployment_ts = state.deployment_ts
        self._live_override = state.live_override
        self._observation_extended_until = state.extended_until
        if state.current_buffer_pct is not None:
            self._current_buffer_pct = state.current_buffer_pct
        for entry in state.log:
            self._append(entry)

    def _append(self, entry: dict[str, object]) -> None:
        self._log.append(entry)
        self._log_json.append(_to_json(entry))

    def _save(self) -> None:
        """Persist the state: serialise under the lock, write after it is released."""
        with self._lock:
            number = self._state_file.take_number()
            text = self._serialise()
        self._save_unlocked(number, text)

    def _save_unlocked(self, number: int, text: str) -> None:
        """Write one serialised state; one writer at a time, and never an older state last."""
        self._state_file.write(number, text)

    def _serialise(self) -> str:
        head = _to_json(
            {
                "version": BUFFER_MODEL_VERSION,
                "deployment_ts": _iso(self._deployment_ts),
                "live_override": self._live_override,
                "observation_extended_until": _iso(self._observation_extended_until),
                "current_buffer_pct": self._current_buffer_pct,
            }
        )
        return f'{head[:-1]}, "log": [{", ".join(self._log_json)}]}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class _PersistedState:
    deployment_ts: datetime | None
    live_override: bool | None
    extended_until: datetime | None
    current_buffer_pct: float | None
    log: list[dict[str, object]]


def _parse_state(raw: dict[str, object]) -> _PersistedState:
    """Check a state file; raises ValueError, TypeError or KeyError when it is not as written."""
    override = raw.get("live_override")
    if not (override is None or isinstance(override, bool)):
        raise TypeError("live_override is neither true, false nor null")
    current = raw.get("current_buffer_pct")
    log = raw.get("log", [])
    if not isinstance(log, list) or not all(isinstance(entry, dict) for entry in log):
        raise TypeError("log is not a list of objects")
    return _PersistedState(
        deployment_ts=parse_instant(raw.get("deployment_ts")),
        live_override=override,
        extended_until=parse_instant(raw.get("observation_extended_until")),
        current_buffer_pct=None if current is None else parse_number(current),
        log=log,
    )


def _why_in_german(exc: Exception) -> str:
    match exc:
        case EvccAutomaticModeError():
            return "die Automatik von evcc steuert selbst"
        case EvccRejectedError():
            return f"evcc lehnt ab ({_printable(exc)})"
        case EvccUnavailableError():
            return "evcc antwortet nicht"
        case _:
            return _printable(exc) or type(exc).__name__


def _printable(exc: Exception) -> str:
    """Return the text without what cannot be written as UTF-8 (half a surrogate pair)."""
    return str(exc).encode(errors="replace").decode()


def _to_json(value: dict[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _whole(value: float) -> float:
    """Return an int when nothing is lost, so that 25.0 is shown and compared as 25."""
    return int(value) if float(value).is_integer() else float(value)


def _zone_of(name: object) -> tzinfo | None:
    if isinstance(name, tzinfo):
        return name
    # The configuration checks the name; without tz data the hour of ``now`` as given is used.
    return known_zone(name) if isinstance(name, str) and name else None
