"""Forecast curves as small blobs.

A curve is three rows (p10, p50, p90) of 16-bit steps. What is stored is either the curve itself,
as differences from slot to slot, or its difference to a *reference*: an earlier curve of the same
kind, continued beyond its end by the day before. Both are exact in arithmetic modulo 2**16. Small
numbers of either sign become small unsigned ones (zigzag), low and high bytes are parted, and
deflate does the rest.

==============  ============  ==========================
kind            rounding      range
==============  ============  ==========================
powers          10 W          -327.67 to 327.67 kW
prices          0.001 EUR     -32.767 to 32.767 EUR/kWh
==============  ============  ==========================

A curve that leaves the range is stored ten times coarser, or a hundred, up to a million; beyond
that it is held at the limit. -32768 is "not known".
"""

import math
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from domain.forecast import BandSeries, ForecastKind
from domain.horizon import SLOTS_PER_DAY
from forecaster.series import FloatArray

StepArray = npt.NDArray[np.int16]
ByteArray = npt.NDArray[np.uint8]
IndexArray = npt.NDArray[np.int64]

N_ROWS = 3
UNKNOWN = -32768
_LARGEST = 32767
_COARSEST = 6
_BEYOND_ALL = 1e12
_STEPS_PER_KW = 100
_STEPS_PER_EUR = 1000
_STEPS_PER_UNIT = {
    ForecastKind.LOAD: _STEPS_PER_KW,
    ForecastKind.PV: _STEPS_PER_KW,
    ForecastKind.PV_PROVIDER: _STEPS_PER_KW,
    ForecastKind.IMPORT_PRICE: _STEPS_PER_EUR,
    ForecastKind.EXPORT_PRICE: _STEPS_PER_EUR,
}


def to_steps(kind: ForecastKind, band: BandSeries) -> tuple[int, StepArray]:
    """Return the scale (0 to 6, a power of ten) and the steps, shape (3, n_slots)."""
    values = np.array([band.p10, band.p50, band.p90], dtype=np.float64)
    known = np.isfinite(values)
    held = np.clip(np.where(known, values, 0.0), -_BEYOND_ALL, _BEYOND_ALL)
    fine = held * _STEPS_PER_UNIT[kind]
    largest = float(np.abs(fine).max(initial=0.0))
    scale = 0
    if largest > _LARGEST:
        scale = min(_COARSEST, math.ceil(math.log10(largest / _LARGEST)))
    steps = np.clip(np.round(fine / 10.0**scale), -_LARGEST, _LARGEST).astype(np.int16)
    steps[~known] = UNKNOWN
    return scale, steps


def to_values(kind: ForecastKind, scale: npt.ArrayLike, steps: StepArray) -> FloatArray:
    """Return steps in the kind's unit; NaN is not known. ``scale`` must broadcast to ``steps``."""
    # Dividing by a whole number gives the decimal that was meant, 0.37 rather than 0.37000000004.
    steps_per_unit = _STEPS_PER_UNIT[kind] / 10.0 ** np.asarray(scale, dtype=np.float64)
    values = steps / steps_per_unit
    return np.where(steps == UNKNOWN, np.nan, values)


def pack(kept: StepArray) -> bytes:
    """Return differences (3, n_slots) as a blob."""
    unsigned = ((kept << 1) ^ (kept >> 15)).view(np.uint16)
    planes = np.stack([unsigned & 0xFF, unsigned >> 8]).astype(np.uint8).tobytes()
    # Raw deflate saves six bytes a blob; Z_FILTERED saves 2 to 3 % on measured homes.
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_FILTERED)
    return deflate.compress(planes) + deflate.flush()


def inflate(blob: bytes, n_slots: int) -> bytes | None:
    """Return the planes of a blob; None when it is damaged."""
    try:
        planes = zlib.decompress(blob, -15)
    except zlib.error:
        return None
    return planes if len(planes) == 2 * N_ROWS * n_slots else None


def split(planes: Sequence[bytes], n_slots: int) -> ByteArray:
    """Return the planes of many blobs of one length, shape (n_blobs, 2, 3, n_slots)."""
    joined = np.frombuffer(b"".join(planes), dtype=np.uint8)
    return joined.reshape(len(planes), 2, N_ROWS, n_slots)


def join(low: ByteArray, high: ByteArray) -> StepArray:
    """Return the differences whose low and high bytes these are, in their shape."""
    unsigned = low.astype(np.uint16) | (high.astype(np.uint16) << 8)
    return (unsigned >> 1).view(np.int16) ^ -(unsigned & 1).view(np.int16)


def from_slot_to_slot(steps: StepArray) -> StepArray:
    """Return the differences along the last axis; the first slot's is to zero."""
    return np.diff(steps, axis=-1, prepend=np.zeros((*steps.shape[:-1], 1), np.int16))


def summed_up(differences: StepArray) -> StepArray:
    """Undo ``from_slot_to_slot``."""
    return np.cumsum(differences, axis=-1, dtype=np.int16)


def reference_slots(slots: IndexArray, n_reference: IndexArray) -> IndexArray:
    """Return which slot of a reference stands for each slot, beyond its end a day or more before.

    Args:
        slots: Counted from the reference's start, >= 0.
        n_reference: The reference's length, > 0; shapes must broadcast.
    """
    days_back = np.maximum(0, (slots - n_reference) // SLOTS_PER_DAY + 1)
    folded = slots - days_back * SLOTS_PER_DAY
    return np.where(folded < 0, n_reference - 1, folded)
