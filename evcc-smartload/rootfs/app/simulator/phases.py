"""How power spreads over the three phases of a home.

Sun and batteries hang on three-phase inverters and even the phases out by a third each. What the
household uses does not: which socket is on which phase is a matter of the house.
"""

from typing import TypeAlias

from simulator.noise import Dice

PHASES = 3
PhaseValues: TypeAlias = tuple[float, float, float]

# The phase with most has up to three times what the one with least has.
_LEAST_WEIGHT, _MOST_WEIGHT = 1.0, 3.0


def load_shares(seed: int) -> PhaseValues:
    """Return which share of its load the house of ``seed`` has on each phase; together 1."""
    dice = Dice(seed, "phases", 0)
    weights = [
        dice.between(f"L{phase}", _LEAST_WEIGHT, _MOST_WEIGHT) for phase in range(1, PHASES + 1)
    ]
    first, second, third = (weight / sum(weights) for weight in weights)
    return first, second, third


def even(power_kw: float) -> PhaseValues:
    """Return a power that is the same on all phases."""
    share_kw = power_kw / PHASES
    return share_kw, share_kw, share_kw


def on_first(power_kw: float, phases: int) -> PhaseValues:
    """Return a power on the first ``phases`` phases, as a car takes it."""
    share_kw = power_kw / phases
    return (
        share_kw,
        share_kw if phases > 1 else 0.0,
        share_kw if phases >= PHASES else 0.0,
    )
