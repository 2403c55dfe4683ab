"""The shell around the risk-based buffer: remembers, logs, learns, and writes when it is chosen.

Log, write and persistence are those of the specified calculator (``dynamic_buffer``), so that both
are told alike; so is the mode, which is that one's to say: there is one observation period. Where
this one is not chosen it decides and logs the same, always as a simulation.
"""

import json
import math
import os
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from domain.ports import BufferSetter
from dynamic_buffer import (
    HARD_FLOOR_PCT,
    MODE_LIVE,
    MODE_OBSERVATION,
    BufferConfig,
    DynamicBufferCalc,
)
from forecaster.refill import NeedCalibration, NeedSaid, Refilling, need_that_came
from forecaster.series import SlotSeries
from persistence import parse_known_instant, parse_number
from risk_buffer import RiskBuffer, WindowEnd

RISK_BUFFER_PATH = "/data/smartload_risk_buffer.json"
# Needs said an hour apart turn out alike; more of them would teach the same thing several times.
JUDGED_APART = timedelta(hours=6)
ONE_DAY = timedelta(days=1)
_ENDS_IN_GERMAN = {
    WindowEnd.SURPLUS: "Sonne",
    WindowEnd.CHEAP: "günstiger Strom",
    WindowEnd.HORIZON: "nichts in Sicht",
}

Period = Callable[[datetime], tuple[str, datetime | None]]
Measured = Callable[[datetime, datetime], tuple[SlotSeries, SlotSeries]]


class FormulaInShadow(DynamicBufferCalc):
    """The specified calculator where it is not the chosen one: decides and logs, never writes.

    Its period goes on and is everybody's.
    """

    def _determine_mode(self, now: datetime) -> str:
        super()._determine_mode(now)
        return MODE_OBSERVATION


class WritesNothing:
    """Stands in for evcc where a calculator is not the chosen one."""

    def set_buffer_soc(self, target_pct: float) -> bool | None:
        """Let it be."""
        del target_pct
        return None


class RiskBufferCalc(DynamicBufferCalc):
    """Takes a decision every 15 minutes, logs it, and applies it when chosen and live.

    Thread-safe as the specified calculator: the cycle steps it while the page reads.
    """

    def __init__(  # noqa: PLR0913  # the specified four, whether it is chosen, and whose period
        self,
        cfg: BufferConfig,
        evcc_client: BufferSetter,
        path: str | os.PathLike[str] | None = None,
        clock: Callable[[], datetime] | None = None,
        *,
        is_chosen: bool,
        period: Period,
    ) -> None:
        """Load what was persisted.

        Args:
            cfg: Gives ``battery_min_soc`` [%], the buffer where nothing can be decided.
            evcc_client: Sets evcc's ``bufferSoc``; never asked unless chosen and live.
            path: State file; default ``RISK_BUFFER_PATH``.
            clock: Returns the current aware instant; default the system's clock in UTC.
            is_chosen: Whether this one sets the buffer.
            period: The specified calculator's mode and, while observing, when that ends.
        """
        self.is_chosen = is_chosen
        self._period = period
        self._risk: RiskBuffer | None = None
        self._last_target_pct: int | None = None
        self._calibration = NeedCalibration()
        self._waiting: tuple[tuple[NeedSaid, Refilling], ...] = ()
        super().__init__(
            cfg,
            evcc_client if is_chosen else WritesNothing(),
            path=RISK_BUFFER_PATH if path is None else path,
            clock=clock,
        )

    # -- the cycle ---------------------------------------------------------------------------

    @property
    def last_target_pct(self) -> int | None:
        """The last target that was worked out [%]; None before the first."""
        return self._last_target_pct

    @property
    def reserve_pct(self) -> int:
        """Where the buffer stands when nothing can be decided [%]."""
        return max(self._cfg.battery_min_soc, HARD_FLOOR_PCT)

    @property
    def calibration(self) -> NeedCalibration:
        """What past needs taught."""
        return self._calibration

    def step(  # noqa: PLR0913  # the specified four, and the decision
        self,
        pv_confidence: float,
        price_spread: float,
        pv_96: Iterable[float],
        now: datetime | None = None,
        *,
        risk: RiskBuffer | None = None,
        refilling: Refilling | None = None,
    ) -> dict[str, object]:
        """Take ``risk`` for this quarter hour, apply it when chosen and live, log, persist.

        Args:
            pv_confidence: As for the specified step; logged, not decided by.
            price_spread: Likewise.
            pv_96: Likewise.
            now: Likewise.
            risk: The decision; None: nothing could be decided, the owner's reserve holds.
            refilling: What it was worked out with, to judge it later.

        Returns:
            What the specified step returns, with ``strategy`` and ``parts``.
        """
        with self._lock:
            self._risk = risk
            if risk is not None:
                self._last_target_pct = risk.target_pct
                self._wait_for(risk.said, refilling)
        return super().step(pv_confidence, price_spread, pv_96, now)

    def learn(self, now: datetime, measured: Measured) -> None:
        """Hold the needs that are over against what came; ``measured`` gives load and PV [kW]."""
        over = [one for one in self._waiting if one[0].end <= now]
        if not over:
            return
        calibration = self._calibration
        for said, refilling in sorted(over, key=lambda one: one[0].end):
            load, pv = measured(said.start, said.end)
            came_kwh = need_that_came(load.values, pv.values, refilling, said.cheap_slots())
            calibration = calibration.learned(said, came_kwh)
        with self._lock:
            self._calibration = calibration
            self._waiting = tuple(one for one in self._waiting if one[0].end > now)

    def result(self, now: datetime | None = None) -> dict[str, object]:
        """Return the last state; nothing is computed, logged or written."""
        now = self._aware(now)
        mode, ends_at = self.period(now)
        told = super().result(now)
        is_observing = mode == MODE_OBSERVATION and self.is_chosen
        days = None if ends_at is None else max(0, math.ceil((ends_at - now) / ONE_DAY))
        told["mode"] = mode
        told["days_remaining"] = days if is_observing else None
        told["observation_live_at"] = ends_at.isoformat() if is_observing and ends_at else None
        with self._lock:
            risk = self._risk
        return told | {"strategy": "risk", "parts": None if risk is None else _to_parts(risk)}

    def period(self, now: datetime) -> tuple[str, datetime | None]:
        """Return the specified calculator's mode and its end; not chosen, one only observes."""
        mode, ends_at = self._period(self._aware(now))
        return (mode, ends_at) if self.is_chosen else (MODE_OBSERVATION, ends_at)

    # -- decisions ---------------------------------------------------------------------------

    def _determine_mode(self, now: datetime) -> str:
        return self.period(now)[0]

    def _compute_target(
        self, confidence: float, spread: float, pv_96: Iterable[float], now: datetime
    ) -> int:
        del confidence, spread, pv_96, now  # logged with the decision
        return self.reserve_pct if self._risk is None else self._risk.target_pct

    def _build_reason(self, confidence: float, spread: float, target: float, mode: str) -> str:
        del confidence, spread
        risk = self._risk
        if risk is None:
            why = "keine Vorhersage"
        else:
            end = risk.end if self._zone is None else risk.end.astimezone(self._zone)
            need = f"{risk.need_kwh:.1f}".replace(".", ",")
            why = (
                f"Sicherheit {100 * risk.confidence_frac:.0f}% · Bedarf {need} kWh"
                f" bis {end:%H:%M} ({_ENDS_IN_GERMAN[risk.ends_by]})"
            )
        reason = f"{why} · Puffer {target:g}%"
        return reason if mode == MODE_LIVE else reason + " · [Simulation]"

    def _wait_for(self, said: NeedSaid, refilling: Refilling | None) -> None:
        last = max((one.start for one, _ in self._waiting), default=None)
        # A clock that was set back must not keep anything from being judged.
        is_due = last is None or not timedelta(0) <= said.start - last < JUDGED_APART
        if refilling is not None and is_due:
            self._waiting = (*self._waiting, (said, refilling))

    # -- persistence -------------------------------------------------------------------------

    def _load(self) -> None:
        super()._load()
        kept = self._state_file.load(_parse_kept, self._clock())
        if kept is not None:
            self._last_target_pct, self._calibration, self._waiting = kept

    def _serialise(self) -> str:
        kept = {
            "last_target_pct": self._last_target_pct,
            "stretches": {str(key): value for key, value in self._calibration.stretches.items()},
            "waiting": [_to_waiting(said, refilling) for said, refilling in self._waiting],
        }
        return f'{{"risk": {json.dumps(kept, allow_nan=False)}, {super()._serialise()[1:]}'


_Kept = tuple[int | None, NeedCalibration, tuple[tuple[NeedSaid, Refilling], ...]]


def _to_parts(risk: RiskBuffer) -> dict[str, object]:
    """Return what a decision is made of, for JSON."""
    price = risk.price_eur_per_day
    return {
        "night_kwh": round(risk.parts.night_kwh, 3),
        "error_kwh": round(risk.parts.error_kwh, 3),
        "outage_kwh": round(risk.parts.outage_kwh, 3),
        "need_kwh": round(risk.need_kwh, 3),
        "target_pct": risk.target_pct,
        "window_start": risk.start.isoformat(),
        "window_end": risk.end.isoformat(),
        "ends_by": risk.ends_by.value,
        "confidence_pct": round(100.0 * risk.confidence_frac),
        "price_eur_per_day": None if price is None else round(price, 4),
    }


def _to_waiting(said: NeedSaid, refilling: Refilling) -> dict[str, object]:
    return {
        "start": said.start.isoformat(),
        "end": said.end.isoformat(),
        "level": said.level,
        "need_kwh": said.need_kwh,
        "has_surplus": said.has_surplus,
        "cheap": list(said.cheap),
        "charge_max_kw": refilling.charge_max_kw,
        "discharge_max_kw": refilling.discharge_max_kw,
        "round_trip_frac": refilling.round_trip_frac,
    }


def _parse_kept(raw: dict[str, object]) -> _Kept:
    """Check what was kept; raises ValueError, TypeError or KeyError when it is not as written."""
    kept = raw["risk"]
    if not isinstance(kept, dict):
        raise TypeError("risk is not an object")
    stretches, waiting = kept["stretches"], kept["waiting"]
    if not isinstance(stretches, dict) or not isinstance(waiting, list):
        raise TypeError("stretches or waiting are not as written")
    last = kept["last_target_pct"]
    return (
        None if last is None else int(parse_number(last)),
        NeedCalibration(
            stretches={key == str(True): parse_number(value) for key, value in stretches.items()}
        ),
        tuple(_parse_waiting(entry) for entry in waiting),
    )


def _parse_waiting(entry: dict[str, object]) -> tuple[NeedSaid, Refilling]:
    cheap = entry["cheap"]
    if not isinstance(cheap, list):
        raise TypeError("cheap is not a list")
    said = NeedSaid(
        start=parse_known_instant(entry["start"]),
        end=parse_known_instant(entry["end"]),
        level=parse_number(entry["level"]),
        need_kwh=parse_number(entry["need_kwh"]),
        has_surplus=bool(entry["has_surplus"]),
        cheap=tuple(int(parse_number(slot)) for slot in cheap),
    )
    refilling = Refilling(
        charge_max_kw=parse_number(entry["charge_max_kw"]),
        discharge_max_kw=parse_number(entry["discharge_max_kw"]),
        round_trip_frac=parse_number(entry["round_trip_frac"]),
    )
    return said, refilling
