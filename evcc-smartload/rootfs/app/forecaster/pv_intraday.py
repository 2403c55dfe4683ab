"""What the day has shown so far, carried into the next hours as far as that has helped before.

    surprise_t = sum of (measured - expected) over sum of clear power, the last two hours, fading
    nudge      = carry_k * surprise * clear power of the slot, k slots ahead

``carry`` is the regression of what was missed on the surprise before it, drawn towards 0.
"""

import numpy as np

from domain.horizon import SLOTS_PER_DAY
from forecaster.pv_past import PastDays
from forecaster.pv_roof import Roof
from forecaster.series import FloatArray

# Slots ahead for which the carry is learned; between them it is interpolated, beyond them it is 0.
STEPS_AHEAD = (1, 2, 4, 8, 16, 32)
REACH_SLOTS = 2 * STEPS_AHEAD[-1]
MEMORY_SLOTS = 8
FADE = 0.75
# Days of unhelpful surprises that are believed before anything was seen.
PRIOR_DAYS = 2.0
RECENT_DAYS = 45
SURPRISE_RANGE = (-1.0, 1.0)


def surprises(measured_kw: FloatArray, expected_kw: FloatArray, clear_kw: FloatArray) -> FloatArray:
    """Return for every slot what the hours up to its end have shown, -1..1 of the clear power.

    All of one length, in time's order; slots with NaN are left out, and no sun gives 0.
    """
    missed = measured_kw - expected_kw
    known = np.isfinite(missed)
    kernel = FADE ** np.arange(MEMORY_SLOTS)
    missed = np.convolve(np.where(known, missed, 0.0), kernel)[: len(missed)]
    clear = np.convolve(np.where(known, clear_kw, 0.0), kernel)[: len(missed)]
    # Half an hour of bright sun must have been seen before it says something.
    believed = 0.5 * clear_kw.max(initial=0.0)
    share = missed / np.maximum(clear + believed, 1e-9)
    return np.asarray(np.clip(share, *SURPRISE_RANGE))


def learn_carries(days: PastDays, expected_kw: FloatArray, roof: Roof) -> FloatArray:
    """Return the carry for each of ``STEPS_AHEAD``, 0..1.

    ``expected_kw`` are the past days as they would have been expected, shape (n_days, 96).
    """
    measured_kw = days.learnt_kw[-RECENT_DAYS:].ravel()
    expected_kw = expected_kw[-RECENT_DAYS:].ravel()
    clear_kw = np.tile(roof.clear_kw, len(measured_kw) // SLOTS_PER_DAY)
    seen = surprises(measured_kw, expected_kw, clear_kw)
    missed = measured_kw - expected_kw
    known = np.isfinite(missed)
    # Squares of what was missed are in kW, so bright slots count more: as in the energy.
    pull = PRIOR_DAYS * 0.01 * float((roof.clear_kw**2).sum())
    carries = []
    for ahead in STEPS_AHEAD:
        later = known[ahead:]
        nudge = (seen[:-ahead] * clear_kw[ahead:])[later]
        gain = float((nudge * missed[ahead:][later]).sum())
        carries.append(gain / max(float((nudge**2).sum()) + pull, 1e-9))
    return np.asarray(np.clip(np.array(carries), 0.0, 1.0))


def carry_at(carries: FloatArray, steps: FloatArray) -> FloatArray:
    """Return the carry so many slots ahead, 0 beyond the last of ``STEPS_AHEAD``."""
    known_steps = [*STEPS_AHEAD, REACH_SLOTS]
    return np.asarray(np.interp(steps, known_steps, [*carries, 0.0]))
