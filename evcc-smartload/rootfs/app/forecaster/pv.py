"""The PV forecast: evcc's solar forecast, slowly corrected, and how far it can be trusted.

    corrected_kw = provider_kw * bias          bias from sums of energy, so dawn cannot explode it
    raw          = coverage * freshness * accuracy
    confidence   = raw, smoothed over hours, then followed with 0.04 of play

``accuracy`` is 1 minus the mean error of 4-hour energies, relative to the energy, over the last
days; the forecast judged is the one that was first known for a slot, up to 24 h ahead. The play
makes a noise of +-0.02 around any steady value invisible, so that the buffer does not chatter.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from domain.horizon import SLOT, SLOT_H, SLOTS_PER_DAY, slot_start
from domain.site import SolarSlot
from domain.state import PvReport
from persistence import StateFile, parse_instant, parse_known_instant, parse_number

MODEL_VERSION = 1

# evcc hands out one value for at most an hour (older versions); a longer silence is a gap.
LONGEST_SLOT = timedelta(hours=1)
# Below this share of the peak the sun is too low to learn from.
DAYLIGHT_SHARE = 0.05
DARK_KW = 0.05
# About three days of daylight for the bias, two for the error.
BIAS_HALF_LIFE_SLOTS = 120
ERROR_HALF_LIFE_BLOCKS = 6
# About ten days of daylight: longer than bad weather, shorter than a season.
PEAK_HALF_LIFE_SLOTS = 400
BIAS_RANGE = (0.5, 1.5)
# Without history: no bias, and the error one roof's day-ahead forecast usually has.
PRIOR_PEAK_HOURS = 4.0
PRIOR_ERROR_FRAC = 0.30
ERROR_BLOCK_SLOTS = 16
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


def coverage(powers: Sequence[float | None]) -> float:
    """Return the share of slots with a forecast, 0..1; 0 for an empty sequence."""
    if not powers:
        return 0.0
    return sum(power is not None for power in powers) / len(powers)


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
class _Learned:
    """Decaying sums [kWh] of what was forecast and what came."""

    bias_measured_kwh: float = 0.0
    bias_forecast_kwh: float = 0.0
    error_kwh: float = 0.0
    error_base_kwh: float = 0.0
    peak_kw: float = 0.0
    block_slots: int = 0
    block_measured_kwh: float = 0.0
    block_forecast_kwh: float = 0.0

    @property
    def prior_kwh(self) -> float:
        return PRIOR_PEAK_HOURS * self.peak_kw

    @property
    def bias_frac(self) -> float:
        """Return the factor on the provider's forecast, within 0.5..1.5."""
        base_kwh = self.bias_forecast_kwh + self.prior_kwh
        if base_kwh <= 0.0:
            return 1.0
        ratio = (self.bias_measured_kwh + self.prior_kwh) / base_kwh
        return min(max(ratio, BIAS_RANGE[0]), BIAS_RANGE[1])

    @property
    def accuracy_frac(self) -> float:
        """Return 1 minus the relative error of 4-hour energies, within 0..1."""
        base_kwh = self.error_base_kwh + self.prior_kwh
        if base_kwh <= 0.0:
            return 1.0 - PRIOR_ERROR_FRAC
        relative = (self.error_kwh + PRIOR_ERROR_FRAC * self.prior_kwh) / base_kwh
        return min(1.0, max(0.0, 1.0 - relative))

    def learn(self, forecast_kw: float, measured_kw: float) -> None:
        """Take in one finished quarter hour; dark ones teach nothing."""
        self.peak_kw = max(self.peak_kw, forecast_kw)
        if forecast_kw < max(DARK_KW, DAYLIGHT_SHARE * self.peak_kw):
            return
        # One absurd value of the provider must not count as the roof's peak for good.
        self.peak_kw = max(self.peak_kw * 0.5 ** (1.0 / PEAK_HALF_LIFE_SLOTS), forecast_kw)
        forecast_kwh, measured_kwh = forecast_kw * SLOT_H, measured_kw * SLOT_H
        corrected_kwh = forecast_kwh * self.bias_frac
        fade = 0.5 ** (1.0 / BIAS_HALF_LIFE_SLOTS)
        self.bias_measured_kwh = self.bias_measured_kwh * fade + measured_kwh
        self.bias_forecast_kwh = self.bias_forecast_kwh * fade + forecast_kwh
        self.block_slots += 1
        self.block_measured_kwh += measured_kwh
        self.block_forecast_kwh += corrected_kwh
        if self.block_slots >= ERROR_BLOCK_SLOTS:
            self._close_block()

    def _close_block(self) -> None:
        fade = 0.5 ** (1.0 / ERROR_HALF_LIFE_BLOCKS)
        missed_kwh = abs(self.block_measured_kwh - self.block_forecast_kwh)
        # The mean of both keeps a day without sun from dividing by nearly nothing.
        base_kwh = (self.block_measured_kwh + self.block_forecast_kwh) / 2.0
        self.error_kwh = self.error_kwh * fade + missed_kwh
        self.error_base_kwh = self.error_base_kwh * fade + base_kwh
        self.block_slots = 0
        self.block_measured_kwh = self.block_forecast_kwh = 0.0


@dataclass(slots=True)
class _Model:
    """Everything that is remembered across restarts."""

    learned: _Learned = field(default_factory=_Learned)
    first_known_kw: dict[datetime, float] = field(default_factory=dict)
    solar: tuple[SolarSlot, ...] = ()
    changed_at: datetime | None = None
    calm: CalmConfidence | None = None


class PVForecaster:
    """Keeps the corrected PV forecast, learns from what came, and knows its confidence.

    Belongs to the cycle's thread.
    """

    def __init__(self, now: datetime, path: Path | None = None) -> None:
        """Continue from ``path`` when it holds a model; without a path nothing is remembered."""
        self._file = None if path is None else StateFile(lambda: path, version=MODEL_VERSION)
        loaded = None if self._file is None else self._file.load(_parse_model, now)
        self._model = loaded or _Model()
        # The forecast changes every few hours, the file every quarter of one.
        self._solar_json = _solar_to_json(self._model.solar)
        self._raw_frac = self._coverage_frac = self._freshness_frac = 0.0
        self._powers: list[float | None] = []
        self._start: datetime | None = None
        self._sampled_slot: datetime | None = None
        self._samples_kw: list[float] = []

    @property
    def confidence(self) -> float:
        """How far the forecast can be trusted, 0..1; calm enough to act on."""
        return 0.0 if self._model.calm is None else self._model.calm.confidence_frac

    @property
    def state_file(self) -> StateFile | None:
        """Where the model is kept, with what was wrong with it; None when it is not kept."""
        return self._file

    @property
    def slots_kw(self) -> tuple[float, ...]:
        """Expected power [kW] of the 96 quarter hours from the last update on; unknown is 0.

        Empty when there is no forecast at all.
        """
        if all(power is None for power in self._powers):
            return ()
        return tuple(power or 0.0 for power in self._powers)

    def observe(self, at: datetime, pv_kw: float | None) -> None:
        """Take in one measured power [kW]; None or a negative one is left out.

        The mean of a slot's samples is learned from when the first sample of a later slot comes.
        """
        slot = slot_start(at)
        if slot != self._sampled_slot:
            self._finish_slot()
            self._sampled_slot = slot
        if pv_kw is not None and math.isfinite(pv_kw) and pv_kw >= 0.0:
            self._samples_kw.append(pv_kw)

    def _finish_slot(self) -> None:
        samples_kw, self._samples_kw = self._samples_kw, []
        if self._sampled_slot is None or not samples_kw:
            return
        forecast_kw = self._model.first_known_kw.pop(self._sampled_slot, None)
        if forecast_kw is not None:
            self._model.learned.learn(forecast_kw, math.fsum(samples_kw) / len(samples_kw))

    def update(self, now: datetime, solar: Sequence[SolarSlot]) -> None:
        """Take over what evcc forecasts now (kW, sorted by start), and judge it.

        No forecast means confidence 0 at once: evcc itself bridges outages of its source for
        hours before it stops handing one out. Confidence then comes back as smoothly as ever.
        """
        model = self._model
        start = slot_start(now)
        upcoming = tuple(slot for slot in solar if slot.start >= start)
        if model.changed_at is None or upcoming != tuple(
            slot for slot in model.solar if slot.start >= start
        ):
            model.changed_at = now
        if model.solar != tuple(solar):
            model.solar = tuple(solar)
            self._solar_json = _solar_to_json(model.solar)
        self._start = start
        raw_powers = slots_from(solar, start, SLOTS_PER_DAY)
        self._remember_first_known(start, raw_powers)
        bias = model.learned.bias_frac
        self._powers = [None if power is None else power * bias for power in raw_powers]
        self._coverage_frac = coverage(raw_powers)
        self._freshness_frac = freshness(now - model.changed_at)
        self._raw_frac = self._coverage_frac * self._freshness_frac * model.learned.accuracy_frac
        model.calm = follow_calmly(model.calm, self._raw_frac, now)
        self._save()

    def _remember_first_known(self, start: datetime, powers: Sequence[float | None]) -> None:
        known, learned = self._model.first_known_kw, self._model.learned
        for index, power_kw in enumerate(powers):
            if power_kw is not None:
                known.setdefault(start + index * SLOT, power_kw)
                # Known before the first dawn, whose few watts would otherwise count as a peak.
                learned.peak_kw = max(learned.peak_kw, power_kw)
        oldest = start - 2 * SLOT
        for slot in [slot for slot in known if slot < oldest]:
            del known[slot]

    def report(self) -> PvReport:
        """Return the forecast and its judgement for the page."""
        return PvReport(
            confidence_frac=self.confidence,
            raw_frac=self._raw_frac,
            coverage_frac=self._coverage_frac,
            freshness_frac=self._freshness_frac,
            accuracy_frac=self._model.learned.accuracy_frac,
            bias_frac=self._model.learned.bias_frac,
            slots_start=self._start,
            slots_kw=self.slots_kw,
        )

    def _save(self) -> None:
        if self._file is None:
            return
        model = self._model
        head = json.dumps(
            {
                "version": MODEL_VERSION,
                "learned": asdict(model.learned),
                "first_known_kw": {
                    slot.isoformat(): power_kw for slot, power_kw in model.first_known_kw.items()
                },
                "changed_at": model.changed_at and model.changed_at.isoformat(),
                "smoothed_frac": model.calm and model.calm.smoothed_frac,
                "confidence_frac": model.calm and model.calm.confidence_frac,
                "updated_at": model.calm and model.calm.updated_at.isoformat(),
            },
            allow_nan=False,
        )
        self._file.save(f'{head[:-1]}, "solar": {self._solar_json}}}')


def _solar_to_json(solar: Sequence[SolarSlot]) -> str:
    return json.dumps([[slot.start.isoformat(), slot.power_kw] for slot in solar], allow_nan=False)


def _parse_model(raw: dict[str, object]) -> _Model:
    """Check a model file; raises ValueError, TypeError or KeyError when it is not as written."""
    learned, known = raw["learned"], raw["first_known_kw"]
    if not isinstance(learned, dict) or not isinstance(known, dict):
        raise TypeError("learned and first_known_kw are objects")
    return _Model(
        learned=_Learned(**{name: _parse_sum(value) for name, value in learned.items()}),  # type: ignore[arg-type]  # block_slots was written as a whole number
        first_known_kw={
            parse_known_instant(text): parse_number(power_kw) for text, power_kw in known.items()
        },
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


def _parse_sum(value: object) -> float:
    total = parse_number(value)
    if total < 0.0:
        raise ValueError(f"{total!r} is no sum of energies")
    return total


def _parse_share(value: object) -> float:
    share = parse_number(value)
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"{share!r} is no share")
    return share
