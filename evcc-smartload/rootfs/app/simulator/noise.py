"""Seeded randomness without state: every draw is a pure function of a stream and a place in it.

A process of the simulated home asks for "the draw of stream S at index i". Nothing advances, so
the past can be recomputed, a day can be looked at before it comes, and how time is cut into steps
changes nothing.
"""

import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_STANDARD_NORMAL = NormalDist()


@lru_cache(maxsize=1024)
def stream(seed: int, name: str) -> int:
    """Return the 64-bit key of the stream ``name`` of ``seed``; different names, other draws."""
    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def uniform(key: int, index: int) -> float:
    """Return the draw of stream ``key`` at ``index``, 0 < draw < 1.

    Source:
        Steele, G. et al. (2014), Fast splittable pseudorandom number generators, OOPSLA (the
        finaliser of SplitMix64).
    """
    bits = (key + index * _GOLDEN) & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    bits ^= bits >> 31
    return ((bits >> 12) + 0.5) / (1 << 52)


# Interpolated noise asks for the same two lattice points many times in a row.
@lru_cache(maxsize=16384)
def normal(key: int, index: int) -> float:
    """Return a standard normal draw of stream ``key`` at ``index``."""
    return _STANDARD_NORMAL.inv_cdf(uniform(key, index))


def smooth_normal(key: int, position: float) -> float:
    """Return a standard normal value that changes smoothly along ``position``.

    Neighbours one apart are independent, the variance is 1 everywhere (plain interpolation
    would be flatter between the lattice points than on them).
    """
    index = math.floor(position)
    way = position - index
    weight = way * way * (3.0 - 2.0 * way)
    rest = 1.0 - weight
    mixed = rest * normal(key, index) + weight * normal(key, index + 1)
    return mixed / math.sqrt(rest * rest + weight * weight)


def normal_share(value: float) -> float:
    """Return the share of standard normal draws below ``value``, 0 to 1."""
    return 0.5 * (1.0 + math.erf(value * math.sqrt(0.5)))


class SmoothNoise:
    """A standard normal process in time, the sum of smooth noises of several periods."""

    def __init__(self, seed: int, name: str, octaves: Sequence[tuple[float, float]]) -> None:
        """Name the process and its octaves, each (period [s], weight)."""
        norm = math.sqrt(sum(weight * weight for _, weight in octaves))
        self._octaves = tuple(
            (
                key := stream(seed, f"{name}/{number}"),
                1.0 / period_s,
                # Without an offset the lattices of all octaves would meet at the epoch.
                uniform(key, -1),
                weight / norm,
            )
            for number, (period_s, weight) in enumerate(octaves)
        )

    def at(self, epoch_s: float) -> float:
        """Return the value at ``epoch_s`` [s since 1970, UTC]."""
        # As smooth_normal for each octave, written out: a home asks for millions of these.
        total = 0.0
        for key, per_s, offset, octave_weight in self._octaves:
            position = epoch_s * per_s + offset
            index = math.floor(position)
            way = position - index
            weight = way * way * (3.0 - 2.0 * way)
            rest = 1.0 - weight
            mixed = rest * normal(key, index) + weight * normal(key, index + 1)
            total += octave_weight * (mixed / math.sqrt(rest * rest + weight * weight))
        return total


class Dice:
    """The draws of one day: each named, so that adding one does not change the others."""

    def __init__(self, seed: int, name: str, day: int) -> None:
        self._seed = seed
        self._name = name
        self._day = day

    def share(self, what: str) -> float:
        """Return a draw between 0 and 1."""
        return uniform(stream(self._seed, f"{self._name}/{what}"), self._day)

    def between(self, what: str, low: float, high: float) -> float:
        """Return a draw between ``low`` and ``high``, all equally likely."""
        return low + (high - low) * self.share(what)

    def around(self, what: str, mean: float, deviation: float) -> float:
        """Return a normal draw, cut off at two standard deviations."""
        value = normal(stream(self._seed, f"{self._name}/{what}"), self._day)
        return mean + deviation * max(-2.0, min(2.0, value))

    def happens(self, what: str, chance_frac: float) -> bool:
        """Return whether something with this chance happens."""
        return self.share(what) < chance_frac
