"""What a provider cannot mean: silent zeros, night power, more than the roof gives, a stuck value.

A slot that fails is unknown, not zero: it is continued from the roof's own past, and named. What is
merely wrong (too much by half, shifted, shaded) is left in: that is what the correction is for.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np

from domain.horizon import SLOT, SLOTS_PER_DAY
from forecaster.pv_past import PastDays
from forecaster.pv_roof import Roof
from forecaster.series import BoolArray, FloatArray, SlotSeries

# Below this share of the clear power a value counts as zero; a dark day still gives 2 %.
ZERO_FRAC = 0.005
# Zero is doubted only where a clear day gives at least this share of the roof's peak, ...
HIGH_SUN_FRAC = 0.25
# ... and where the last days gave at least this share of it: a roof under snow gives nothing.
SEEN_FRAC = 0.02
SEEN_DAYS = 2
# A wrong scale up to this factor can be learned; beyond it the value is no forecast.
IMPOSSIBLE_FACTOR = 2.5
SHORTEST_NIGHT_SLOTS = 16
NIGHT_FRAC = 0.05
# One value for longer than this is stuck, unless it is as high as the roof (its inverter's limit).
STUCK_SLOTS = 24
PLATEAU_FRAC = 0.85
# The roof must have been seen this well before it is believed more than the provider.
WELL_SEEN_FRAC = 0.4
# A plateau at the export limit: an hour within 3 % of it.
LIMIT_SLOTS = 4
LIMIT_FRAC = 0.03


class Implausible(StrEnum):
    """Why a provider's value is not believed."""

    SILENT_ZERO = "silent_zero"
    NIGHT_POWER = "night_power"
    IMPOSSIBLE_POWER = "impossible_power"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImplausibleSpan:
    """Consecutive slots of the provider's curve that are not believed, for one reason."""

    start: datetime
    end: datetime
    reason: Implausible


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """The provider's curve with what is not believed taken out (NaN), and what that was."""

    power_kw: FloatArray
    spans: tuple[ImplausibleSpan, ...]


def screen_provider(provider: SlotSeries, days: PastDays, roof: Roof) -> Screened:
    """Take out what the provider cannot mean.

    Args:
        provider: Its curve from the issue on [kW], NaN unknown.
        days: What the roof gave lately.
        roof: What it can give.
    """
    power_kw = np.where(provider.values < 0.0, np.nan, provider.values)
    columns = np.arange(len(power_kw)) % SLOTS_PER_DAY
    clear_kw, peak_kw = roof.clear_kw[columns], roof.peak_kw
    well_seen = roof.seen_frac >= WELL_SEEN_FRAC
    zero = _silent_zeros(power_kw, clear_kw, days, roof)
    dark = (roof.cap_kw[columns] <= 0.0) & well_seen
    failed = {
        Implausible.STUCK: _stuck(power_kw, clear_kw),
        Implausible.SILENT_ZERO: zero,
        Implausible.NIGHT_POWER: dark & (power_kw > NIGHT_FRAC * peak_kw),
        Implausible.IMPOSSIBLE_POWER: (power_kw > IMPOSSIBLE_FACTOR * peak_kw) & well_seen,
    }
    spans = [
        ImplausibleSpan(
            start=provider.start + first * SLOT, end=provider.start + last * SLOT, reason=reason
        )
        for reason, slots in failed.items()
        for first, last in _runs(slots)
    ]
    doubted = np.logical_or.reduce(list(failed.values()))
    return Screened(
        power_kw=np.where(doubted, np.nan, power_kw),
        spans=tuple(sorted(spans, key=lambda span: span.start)),
    )


def screen_said(said_kw: FloatArray, days: PastDays, roof: Roof) -> FloatArray:
    """Return what was said with NaN where it was a silent zero or impossible, (n_days, 96)."""
    high = roof.clear_kw > HIGH_SUN_FRAC * roof.peak_kw
    zero = (said_kw <= ZERO_FRAC * roof.clear_kw) & high
    zero &= days.measured_kw > 4.0 * SEEN_FRAC * roof.clear_kw
    impossible = said_kw > IMPOSSIBLE_FACTOR * roof.peak_kw
    if roof.seen_frac < WELL_SEEN_FRAC:
        impossible[:] = False
    return np.where(zero | impossible | (said_kw < 0.0), np.nan, said_kw)


def curtailed_slots(measured: SlotSeries, export_limit_kw: float | None) -> BoolArray:
    """Return where PV stood at the export limit for an hour or more, so that it says too little.

    Without a limit, or with one of 0 (the PV then follows the house), nothing can be told from PV.
    """
    values = measured.values
    at_limit = np.zeros(len(values), dtype=np.bool_)
    if export_limit_kw is None or export_limit_kw <= 0.0:
        return at_limit
    near = np.abs(values - export_limit_kw) <= LIMIT_FRAC * export_limit_kw
    for first, last in _runs(near):
        if last - first >= LIMIT_SLOTS:
            at_limit[first:last] = True
    return at_limit


def _silent_zeros(
    power_kw: FloatArray, clear_kw: FloatArray, days: PastDays, roof: Roof
) -> BoolArray:
    zero = (power_kw <= ZERO_FRAC * clear_kw) & (clear_kw > HIGH_SUN_FRAC * roof.peak_kw)
    if roof.seen_frac < WELL_SEEN_FRAC:
        zero |= _holes(power_kw)
    if not zero.any():
        return zero
    lately = days.measured_kw[-SEEN_DAYS:]
    known = np.isfinite(lately)
    if known.any():
        given_kw = np.where(known, lately, 0.0).sum()
        possible_kw = (known * roof.clear_kw).sum()
        if given_kw < SEEN_FRAC * possible_kw:
            return np.zeros_like(zero)
    return zero


def _holes(power_kw: FloatArray) -> BoolArray:
    """Return zeros of at most a few hours between two bright slots: no night is that short.

    All that can be told of a roof whose past is not known.
    """
    holes = np.zeros(len(power_kw), dtype=np.bool_)
    bright_kw = HIGH_SUN_FRAC * np.nanmax(power_kw, initial=0.0)
    for first, last in _runs(power_kw == 0.0):
        inside = first > 0 and last < len(power_kw) and last - first <= SHORTEST_NIGHT_SLOTS
        if inside and power_kw[first - 1] > bright_kw and power_kw[last] > bright_kw:
            holes[first:last] = True
    return holes


def _stuck(power_kw: FloatArray, clear_kw: FloatArray) -> BoolArray:
    stuck = np.zeros(len(power_kw), dtype=np.bool_)
    same = np.concatenate([[False], np.diff(power_kw) == 0.0]) & (power_kw > 0.0)
    for first, last in _runs(same):
        if last - first < STUCK_SLOTS:
            continue
        begin = max(0, first - 1)
        plateau = power_kw[begin] >= PLATEAU_FRAC * clear_kw.max(initial=0.0)
        dark = (clear_kw[begin:last] < NIGHT_FRAC * clear_kw.max(initial=0.0)).any()
        if last - begin > STUCK_SLOTS and (dark or not plateau):
            stuck[begin:last] = True
    return stuck


def _runs(flags: BoolArray) -> list[tuple[int, int]]:
    """Return first and last (outside) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]
