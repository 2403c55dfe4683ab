"""What a roof can give at each time of day: the clear envelope, and the most that is plausible."""

from dataclasses import dataclass

import numpy as np

from domain.horizon import SLOTS_PER_DAY
from forecaster.pv_past import PastDays
from forecaster.series import BoolArray, FloatArray

# A clear morning within this many days; longer, and autumn would believe in summer.
ENVELOPE_DAYS = 30
# Slots to each side that count too: the sun moves by a quarter of an hour within two weeks.
NEIGHBOURS = 1
# One absurd reading a month is not what the roof can do.
ENVELOPE_QUANTILE = 0.98
# The roof may do a little more than it has shown: cold panels, sun beside clouds.
CAP_MARGIN_FRAC = 0.12
# Without history the provider's brightest day is taken, and a clear one may be this much brighter.
UNSEEN_FRAC = 1.0
UNSEEN_OWN_FRAC = 0.5
KNOWN_AFTER_DAYS = 7.0
# Below this share of the peak the sun is too low to judge a forecast by.
DAYLIGHT_FRAC = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Roof:
    """Power [kW] by column of the day: of a clear day, and the most that is plausible.

    ``seen_frac`` is how well the roof is known, 0..1; ``is_known`` says at which columns anything
    was ever measured or said.
    """

    clear_kw: FloatArray
    cap_kw: FloatArray
    seen_frac: float
    is_known: BoolArray

    @property
    def peak_kw(self) -> float:
        """The highest clear power."""
        return float(self.clear_kw.max(initial=0.0))

    @property
    def is_daylight(self) -> BoolArray:
        """Whether the sun is high enough to judge a forecast by, shape (96,)."""
        return np.asarray(self.clear_kw > DAYLIGHT_FRAC * self.peak_kw)


def survey_roof(days: PastDays, provider_kw: FloatArray) -> Roof:
    """Return what the roof can give.

    Args:
        days: What it gave and what was said.
        provider_kw: What the provider says now, NaN unknown; any length.
    """
    seen_frac = min(1.0, days.evidence_days / KNOWN_AFTER_DAYS)
    measured_kw = _envelope(days.measured_kw[-ENVELOPE_DAYS:])
    coming = _whole_days(provider_kw)
    said_kw = _envelope(np.vstack([days.main_said_kw()[-ENVELOPE_DAYS:], coming]))
    promised_kw = said_kw * (1.0 + UNSEEN_FRAC)
    unseen = 1.0 - seen_frac
    clear_kw = np.maximum(measured_kw * (1.0 + UNSEEN_OWN_FRAC * unseen), unseen * promised_kw)
    widest = _around(clear_kw, 2)
    cap_kw = widest * (1.0 + CAP_MARGIN_FRAC)
    everything = np.vstack([days.measured_kw, days.main_said_kw(), coming])
    return Roof(
        clear_kw=_smooth(clear_kw),
        cap_kw=cap_kw,
        seen_frac=seen_frac,
        is_known=np.asarray(np.isfinite(everything).any(axis=0)),
    )


def _whole_days(values: FloatArray) -> FloatArray:
    n_days = max(1, -(-len(values) // SLOTS_PER_DAY))
    padded = np.full(n_days * SLOTS_PER_DAY, np.nan)
    padded[: len(values)] = values
    return padded.reshape(-1, SLOTS_PER_DAY)


def _envelope(days_kw: FloatArray) -> FloatArray:
    """Return a high quantile over days and neighbouring slots; 0 where nothing is known."""
    shifts = range(-NEIGHBOURS, NEIGHBOURS + 1)
    pool = np.concatenate([np.roll(days_kw, shift, axis=1) for shift in shifts])
    known = np.isfinite(pool)
    ordered = np.sort(np.where(known, pool, -1.0), axis=0)
    n_known = known.sum(axis=0)
    above = np.floor(n_known * (1.0 - ENVELOPE_QUANTILE)).astype(int)
    if not len(ordered):
        return np.zeros(SLOTS_PER_DAY)
    highest = ordered[len(ordered) - 1 - above, np.arange(SLOTS_PER_DAY)]
    return np.asarray(np.maximum(highest, 0.0))


def _around(values: FloatArray, n_slots: int) -> FloatArray:
    return np.asarray(
        np.max([np.roll(values, shift) for shift in range(-n_slots, n_slots + 1)], axis=0)
    )


def _smooth(values: FloatArray) -> FloatArray:
    weights = {-2: 0.1, -1: 0.2, 0: 0.4, 1: 0.2, 2: 0.1}
    return np.asarray(sum(share * np.roll(values, shift) for shift, share in weights.items()))
