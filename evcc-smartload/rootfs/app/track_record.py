"""What is remembered of how right the forecasts were, in one small file."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from domain.forecast import ForecastKind, ModelChoice
from forecaster.guard import judge
from forecaster.scoring import mean_known
from forecaster.series import FloatArray
from forecaster.window_memory import WindowVerdict
from forecaster.windows import STRETCH_LIMITS, Stretch, WindowCalibration
from persistence import StateFile

FILE_VERSION = 1
# How far back the owner is told how right it was, and the competitors are compared.
DAYS_KEPT = 28
# Bounds the file. A clock that is wrong for a while adds days of its own and costs no others, so
# what is too old is told by its number and not by today's date.
MOST_DAYS = 2 * DAYS_KEPT
# Three windows every six hours.
MOST_WINDOWS = 12 * MOST_DAYS

_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0.0, le=1.0)]
_Stretch = Annotated[float, Field(ge=STRETCH_LIMITS[0], le=STRETCH_LIMITS[1])]


class _Judged(BaseModel):
    """A window that is over, and whether its need lay within its 80 % band."""

    end: AwareDatetime
    is_inside: bool


class _Kept(BaseModel):
    """Everything in the file. A loss of None could not be judged: too little was measured."""

    model_config = ConfigDict(extra="forbid")

    version: int = FILE_VERSION
    losses: dict[ForecastKind, dict[date, dict[str, _Finite | None]]] = {}
    in_use: dict[ForecastKind, str] = {}
    confidence_by_day: dict[date, _Share] = {}
    stretches: dict[Annotated[int, Field(ge=0)], tuple[_Stretch, _Stretch]] = {}
    judged_windows: list[_Judged] = []


class TrackRecord:
    """Losses by day and model, confidences, and what past windows taught; of one thread."""

    def __init__(self, path: Path | None, now: datetime) -> None:
        """Continue from ``path`` when it can be read; None keeps nothing."""
        self._file = None if path is None else StateFile(lambda: path, version=FILE_VERSION)
        kept = None if self._file is None else self._file.load(_Kept.model_validate, now)
        self._kept = kept or _Kept()

    @property
    def state_file(self) -> StateFile | None:
        """Where it is kept; None when it is not."""
        return self._file

    def save(self, today: date) -> None:
        """Write it down, without what is furthest from ``today`` when there is too much."""
        kept = self._kept
        for by_day in kept.losses.values():
            for day in _furthest(by_day, today):
                del by_day[day]
        for day in _furthest(kept.confidence_by_day, today):
            del kept.confidence_by_day[day]
        kept.judged_windows = kept.judged_windows[-MOST_WINDOWS:]
        if self._file is not None:
            self._file.save(kept.model_dump_json())

    # The competition

    def is_judged(self, kind: ForecastKind, day: date) -> bool:
        """Return whether a day was looked back at already, with a verdict or without."""
        return day in self._kept.losses.get(kind, {})

    def note_losses(self, kind: ForecastKind, day: date, losses: Mapping[str, float]) -> None:
        """Remember each model's mean pinball loss of a day; NaN is no verdict."""
        self._kept.losses.setdefault(kind, {})[day] = {
            model: float(loss) if np.isfinite(loss) else None for model, loss in losses.items()
        }

    def forget_verdicts_without_losses(self, since: date = date.min) -> None:
        """Look anew at days from ``since`` on that could not be judged: more is known of them."""
        for by_day in self._kept.losses.values():
            for day in [day for day in by_day if all(x is None for x in by_day[day].values())]:
                if day >= since:
                    del by_day[day]

    def choose(self, kind: ForecastKind, models: Sequence[str], today: date) -> ModelChoice:
        """Return which of ``models`` to use for a kind; the first one is the default."""
        losses = {model: self._losses(kind, model, today) for model in models}
        choice = judge(losses, self._kept.in_use.get(kind), models[0])
        self._kept.in_use[kind] = choice.model
        return choice

    def skill(
        self, kind: ForecastKind, ours: str, simple: Sequence[str], today: date
    ) -> tuple[str, float | None]:
        """Return the best simple model of four weeks, and 1 minus our loss over its loss."""
        by_model = {model: self._losses(kind, model, today) for model in (ours, *simple)}
        known = np.all([np.isfinite(losses) for losses in by_model.values()], axis=0)
        means = {model: mean_known(losses[known]) for model, losses in by_model.items()}
        best = min(simple, key=lambda model: means[model] if known.any() else 0.0)
        if not known.any() or not means[best] > 0.0:
            return best, None
        return best, 1.0 - means[ours] / means[best]

    def _losses(self, kind: ForecastKind, model: str, today: date) -> FloatArray:
        by_day = self._kept.losses.get(kind, {})
        days = (today - timedelta(days=back) for back in range(DAYS_KEPT, 0, -1))
        found = (by_day.get(day, {}).get(model) for day in days)
        return np.array([np.nan if loss is None else loss for loss in found], dtype=np.float64)

    # Confidence

    def note_confidence(self, day: date, confidence_frac: float) -> None:
        """Remember how far a coming day is trusted; the last word before it begins counts."""
        self._kept.confidence_by_day[day] = min(1.0, max(0.0, confidence_frac))

    @property
    def confidence_by_day(self) -> Mapping[date, float]:
        """How far each day was trusted before it began, 0..1."""
        return self._kept.confidence_by_day

    # Windows

    @property
    def calibration(self) -> WindowCalibration:
        """What past windows taught."""
        return WindowCalibration(
            stretches={
                kind: Stretch(below=below, above=above)
                for kind, (below, above) in self._kept.stretches.items()
            }
        )

    def note_windows(
        self, calibration: WindowCalibration, verdicts: Iterable[WindowVerdict]
    ) -> None:
        """Remember what windows that are over taught, and whether they lay in their bands."""
        self._kept.stretches = {
            kind: (stretch.below, stretch.above) for kind, stretch in calibration.stretches.items()
        }
        self._kept.judged_windows += [
            _Judged(end=verdict.end, is_inside=verdict.is_inside) for verdict in verdicts
        ]

    def window_coverage(self, now: datetime) -> tuple[float | None, int]:
        """Return the share of the last weeks' windows whose need lay in its band, and how many."""
        since = now - timedelta(days=DAYS_KEPT)
        judged = [one for one in self._kept.judged_windows if since <= one.end <= now]
        if not judged:
            return None, 0
        return sum(one.is_inside for one in judged) / len(judged), len(judged)


def _furthest(days: Iterable[date], today: date) -> list[date]:
    """Return the days that are too many, those furthest from ``today``."""
    return sorted(days, key=lambda day: abs(day - today))[MOST_DAYS:]
