"""The PV forecast in force, and how far it can be trusted: a shell around pure functions.

What the next days bring comes from ``pv_forecast``, the raw confidence from ``pv_confidence``; both
are functions of the past. Kept here is only what makes the confidence calm enough to act on: it is
smoothed over hours, then followed with 0.04 of play, which makes a noise of +-0.02 around any
steady value invisible, so that the buffer does not chatter; and since when the provider's curve
has not changed.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import numpy as np

from domain.horizon import FORECAST_SLOTS, SLOT, SLOTS_PER_DAY, slot_start
from domain.outlook import ConfidenceParts
from domain.site import SolarSlot
from domain.state import PvReport
from forecaster.pv_confidence import PvConfidence, judge_confidence
from forecaster.pv_forecast import PvForecast, forecast_pv
from forecaster.pv_past import PvPast
from forecaster.series import SlotSeries, series_of
from persistence import StateFile, parse_instant, parse_known_instant, parse_number

MODEL_VERSION = 1

# evcc hands out one value for at most an hour (older versions); a longer silence is a gap.
LONGEST_SLOT = timedelta(hours=1)
DARK_KW = 0.05
# Sources refresh every 1 to 3 h; a forecast that has not moved for longer is getting old.
FRESH_FOR = timedelta(hours=6)
WORTHLESS_AFTER = timedelta(hours=30)
SMOOTHING = timedelta(hours=2)
PLAY_FRAC = 0.04


def slots_from(solar: Sequence[SolarSlot], start: datetime, n_slots: int) -> list[float | None]:
    """Return the forecast power [kW] per quarter hour from ``start``; None where there is none.

    ``solar`` is sorted. A value holds until the next one starts, at most an hour. A silence
    between two dark values is the night that some providers leave out: it is zero, not unknown.
    """
    powers: list[float | None] = []
    position = -1
    for index in range(n_slots):
        at = start + index * SLOT
        while position + 1 < len(solar) and solar[position + 1].start <= at:
            position += 1
        if position < 0:
            powers.append(None)
            continue
        slot = solar[position]
        following = solar[position + 1] if position + 1 < len(solar) else None
        end = slot.start + (SLOT if following is None else LONGEST_SLOT)
        if at < end:
            powers.append(max(0.0, slot.power_kw))
        elif following and slot.power_kw <= DARK_KW and following.power_kw <= DARK_KW:
            powers.append(0.0)
        else:
            powers.append(None)
    return powers


def freshness(age: timedelta) -> float:
    """Return 1 for a forecast that changed lately, falling to 0 at 30 h."""
    left = (WORTHLESS_AFTER - age) / (WORTHLESS_AFTER - FRESH_FOR)
    return min(1.0, max(0.0, left))


def with_play(previous: float, wanted: float, play: float = PLAY_FRAC) -> float:
    """Follow ``wanted`` only as far as it leaves ``previous`` +- ``play``."""
    return min(max(previous, wanted - play), wanted + play)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalmConfidence:
    """A confidence that is calm enough to act on, 0..1, and the smoothed one it follows."""

    confidence_frac: float
    smoothed_frac: float
    updated_at: datetime


def follow_calmly(before: CalmConfidence | None, raw_frac: float, now: datetime) -> CalmConfidence:
    """Follow the raw confidence, 0..1: at once to 0 and at first, else slowly and with play."""
    if before is None or raw_frac <= 0.0:
        first = max(0.0, raw_frac)
        return CalmConfidence(confidence_frac=first, smoothed_frac=first, updated_at=now)
    passed = max(timedelta(0), now - before.updated_at)
    share = 1.0 - math.exp(-(passed / SMOOTHING))
    smoothed = before.smoothed_frac + share * (raw_frac - before.smoothed_frac)
    return CalmConfidence(
        confidence_frac=with_play(before.confidence_frac, smoothed),
        smoothed_frac=smoothed,
        updated_at=now,
    )


@dataclass(slots=True)
class _Model:
    """Everything that is remembered across restarts."""

    solar: tuple[SolarSlot, ...] = ()
    changed_at: datetime | None = None
    calm: CalmConfidence | None = None


class PVForecaster:
    """Keeps the PV forecast in force and its confidence.

    Belongs to the cycle's thread.
    """

    def __init__(self, now: datetime, path: Path | None = None) -> None:
        """Continue from ``path`` when it holds a model; without a path nothing is remembered."""
        self._file = None if path is None else StateFile(lambda: path, version=MODEL_VERSION)
        loaded = None if self._file is None else self._file.load(_parse_model, now)
        self._model = loaded or _Model()
        # The forecast changes every few hours, the file every quarter of one.
        self._solar_json = _solar_to_json(self._model.solar)
        self._provider: SlotSeries | None = None
        self._forecast: PvForecast | None = None
        self._judged: PvConfidence | None = None

    @property
    def confidence(self) -> float:
        """How far the forecast can be trusted, 0..1; calm enough to act on."""
        return 0.0 if self._model.calm is None else self._model.calm.confidence_frac

    @property
    def confidence_parts(self) -> ConfidenceParts:
        """The confidence and what it is made of."""
        judged = self._judged
        return ConfidenceParts(
            confidence_frac=self.confidence,
            raw_frac=0.0 if judged is None else judged.raw_frac,
            coverage_frac=0.0 if judged is None else judged.coverage_frac,
            freshness_frac=0.0 if judged is None else judged.freshness_frac,
            accuracy_frac=0.0 if judged is None else judged.accuracy_frac,
        )

    @property
    def state_file(self) -> StateFile | None:
        """Where the model is kept, with what was wrong with it; None when it is not kept."""
        return self._file

    @property
    def forecast(self) -> PvForecast | None:
        """The forecast of the last update with its quantiles; None before the first."""
        return self._forecast

    @property
    def provider(self) -> SlotSeries | None:
        """What the provider said at the last update [kW], as long as the forecast."""
        return self._provider

    @property
    def slots_kw(self) -> tuple[float, ...]:
        """Expected power [kW] of the 96 quarter hours from the last update on; unknown is 0.

        Empty when there is no forecast at all.
        """
        if self._forecast is None:
            return ()
        expected_kw = self._forecast.bands.at(0.5)[:SLOTS_PER_DAY]
        if not np.isfinite(expected_kw).any():
            return ()
        return tuple(np.nan_to_num(expected_kw).tolist())

    def update(  # noqa: PLR0913  # what a forecast is made of, all but two by name
        self,
        now: datetime,
        solar: Sequence[SolarSlot],
        *,
        past: PvPast | None = None,
        zone: tzinfo = UTC,
        live_kw: float | None = None,
        export_limit_kw: float | None = None,
    ) -> None:
        """Forecast anew from what evcc hands out now (kW, sorted by start), and judge it.

        No provider means confidence 0 at once: evcc itself bridges outages of its source for
        hours before it stops handing one out. Confidence then comes back as smoothly as ever.

        Args:
            now: When this is, aware UTC.
            solar: The provider's curve; empty when there is none.
            past: What was measured and said; None is nothing.
            zone: The home's.
            live_kw: PV measured right now; None when it was not.
            export_limit_kw: What may be fed in at most; None: no limit is known.
        """
        model, start = self._model, slot_start(now)
        self._note_changes(now, start, solar)
        self._provider = series_of(start, slots_from(solar, start, FORECAST_SLOTS))
        has_provider = bool(np.isfinite(self._provider.values).any())
        self._forecast = forecast_pv(
            past or PvPast(measured=SlotSeries(start=start, values=np.empty(0))),
            self._provider if has_provider else None,
            issued_at=now,
            n_slots=FORECAST_SLOTS,
            zone=zone,
            export_limit_kw=export_limit_kw,
            live_kw=live_kw,
        )
        age = now - (model.changed_at or now)
        self._judged = judge_confidence(self._forecast, freshness_frac=freshness(age))
        raw_frac = self._judged.raw_frac if has_provider else 0.0
        model.calm = follow_calmly(model.calm, raw_frac, now)
        self._save()

    def distrust(self, now: datetime) -> None:
        """Trust nothing, as something went wrong; trust comes back as smoothly as ever."""
        self._model.calm = follow_calmly(self._model.calm, 0.0, now)
        self._judged = None
        self._save()

    def _note_changes(self, now: datetime, start: datetime, solar: Sequence[SolarSlot]) -> None:
        model = self._model
        upcoming = tuple(slot for slot in solar if slot.start >= start)
        if model.changed_at is None or upcoming != tuple(
            slot for slot in model.solar if slot.start >= start
        ):
            model.changed_at = now
        if model.solar != tuple(solar):
            model.solar = tuple(solar)
            self._solar_json = _solar_to_json(model.solar)

    def report(self) -> PvReport:
        """Return the forecast and its judgement for the page."""
        parts, forecast = self.confidence_parts, self._forecast
        return PvReport(
            confidence_frac=parts.confidence_frac,
            raw_frac=parts.raw_frac,
            coverage_frac=parts.coverage_frac,
            freshness_frac=parts.freshness_frac,
            accuracy_frac=parts.accuracy_frac,
            bias_frac=1.0 if forecast is None else _used_ratio(forecast),
            slots_start=None if forecast is None else forecast.bands.start,
            slots_kw=self.slots_kw,
        )

    def _save(self) -> None:
        if self._file is None:
            return
        model = self._model
        head = json.dumps(
            {
                "version": MODEL_VERSION,
                "changed_at": model.changed_at and model.changed_at.isoformat(),
                "smoothed_frac": model.calm and model.calm.smoothed_frac,
                "confidence_frac": model.calm and model.calm.confidence_frac,
                "updated_at": model.calm and model.calm.updated_at.isoformat(),
            },
            allow_nan=False,
        )
        self._file.save(f'{head[:-1]}, "solar": {self._solar_json}}}')


def _used_ratio(forecast: PvForecast) -> float:
    """Return the factor on the provider's curve over the whole roof, as far as it is used."""
    report = forecast.report
    return 1.0 + report.strength_frac * (report.roof_ratio - 1.0)


def _solar_to_json(solar: Sequence[SolarSlot]) -> str:
    return json.dumps([[slot.start.isoformat(), slot.power_kw] for slot in solar], allow_nan=False)


def _parse_model(raw: dict[str, object]) -> _Model:
    """Check a model file; raises ValueError, TypeError or KeyError when it is not as written."""
    return _Model(
        solar=_parse_solar(raw.get("solar", [])),
        changed_at=parse_instant(raw["changed_at"]),
        calm=None
        if raw["updated_at"] is None
        else CalmConfidence(
            confidence_frac=_parse_share(raw["confidence_frac"]),
            smoothed_frac=_parse_share(raw["smoothed_frac"]),
            updated_at=parse_known_instant(raw["updated_at"]),
        ),
    )


def _parse_solar(raw: object) -> tuple[SolarSlot, ...]:
    if not isinstance(raw, list) or not all(
        isinstance(entry, list) and len(entry) == 2  # noqa: PLR2004  # a pair
        for entry in raw
    ):
        raise TypeError("solar is not a list of pairs")
    return tuple(
        SolarSlot(start=parse_known_instant(start), power_kw=parse_number(power_kw))
        for start, power_kw in raw
    )


def _parse_share(value: object) -> float:
    share = parse_number(value)
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"{share!r} is no share")
    return share
