"""A quarter hour as whole numbers, and whose word counts when two measured it; pure."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from domain.history import EnergySource, QuarterEnergies
from storage.stored_values import slot_number, to_steps, to_text

STEPS_PER_KWH = 10_000
"""Tenths of a watt-hour: the rounding (0.2 W) is far below what a meter can tell."""
STEPS_PER_PCT = 100
STEPS_PER_EUR = 100_000
LARGEST_DRAWN_DWH = 2**31 - 1
"""Four bytes a loadpoint: 214 kWh in a quarter hour, 859 kW."""

# Every column of a quarter hour in the order of the table, with its steps per unit.
COLUMNS: tuple[tuple[str, str, int], ...] = (
    ("pv_kwh", "pv_dwh", STEPS_PER_KWH),
    ("house_kwh", "house_dwh", STEPS_PER_KWH),
    ("grid_import_kwh", "grid_import_dwh", STEPS_PER_KWH),
    ("grid_export_kwh", "grid_export_dwh", STEPS_PER_KWH),
    ("battery_charge_kwh", "battery_charge_dwh", STEPS_PER_KWH),
    ("battery_discharge_kwh", "battery_discharge_dwh", STEPS_PER_KWH),
    ("battery_soc_pct", "battery_soc_cpct", STEPS_PER_PCT),
    ("import_eur_per_kwh", "import_price", STEPS_PER_EUR),
    ("export_eur_per_kwh", "export_price", STEPS_PER_EUR),
    ("is_curtailed", "is_curtailed", 1),
)
_FROZEN = frozenset({"import_price", "export_price"})

# What stands in the file for a source; never renumber. 0 is nobody, 7 the last that fits.
_CODES = {
    EnergySource.EVCC: 1,
    EnergySource.INFLUX: 2,
    EnergySource.HOME_ASSISTANT: 3,
    EnergySource.LIVE: 4,
}
_BITS = 3
_MASK = (1 << _BITS) - 1
_TRUST = {code: -position for position, code in enumerate(_CODES[who] for who in EnergySource)}
_NOBODY = min(_TRUST.values()) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What one loadpoint drew in a quarter hour, and who says so."""

    energy_dwh: int
    source: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyRow:
    """One quarter hour in whole steps; ``sources`` has a code of three bits a column.

    ``loadpoints`` is by title or, as stored, by number.
    """

    slot: int
    sources: int
    values: tuple[int | None, ...]
    loadpoints: Mapping[Hashable, Drawn]


def to_row(quarter: QuarterEnergies) -> EnergyRow:
    """Return the quarter hour in whole steps; what is NaN or infinite was not measured.

    Raises:
        ValueError: It does not begin on a quarter hour.
    """
    values = tuple(to_steps(getattr(quarter, name), steps) for name, _, steps in COLUMNS)
    code = _CODES[quarter.source]
    return EnergyRow(
        slot=slot_number(quarter.start),
        sources=_pack([0 if value is None else code for value in values]),
        values=values,
        loadpoints={
            to_text(title): Drawn(energy_dwh=_fitting(energy_dwh), source=code)
            for title, kwh in quarter.loadpoints_kwh.items()
            if (energy_dwh := to_steps(kwh, STEPS_PER_KWH)) is not None
        },
    )


def _fitting(energy_dwh: int) -> int:
    return max(-LARGEST_DRAWN_DWH, min(LARGEST_DRAWN_DWH, energy_dwh))


def merge(stored: EnergyRow, new: EnergyRow) -> EnergyRow:
    """Return what is known of a quarter hour after ``new`` came to what is ``stored``.

    Column by column: not measured never replaces a value; a source replaces what a less trusted
    one and what itself said before; a price stays as it was first known.
    """
    values: list[int | None] = []
    codes: list[int] = []
    for (_, column, _), old, old_code, value, code in zip(
        COLUMNS,
        stored.values,
        _unpack(stored.sources),
        new.values,
        _unpack(new.sources),
        strict=True,
    ):
        is_kept = value is None or (
            old is not None and (column in _FROZEN or not _counts_more(code, old_code))
        )
        values.append(old if is_kept else value)
        codes.append(old_code if is_kept else code)
    drawn = dict(stored.loadpoints)
    for loadpoint, new_drawn in new.loadpoints.items():
        known = drawn.get(loadpoint)
        if known is None or _counts_more(new_drawn.source, known.source):
            drawn[loadpoint] = new_drawn
    return EnergyRow(slot=stored.slot, sources=_pack(codes), values=tuple(values), loadpoints=drawn)


def _counts_more(code: int, than: int) -> bool:
    """Return whether what source ``code`` says replaces what ``than`` said; its own does."""
    return _TRUST.get(code, _NOBODY) >= _TRUST.get(than, _NOBODY)


def _pack(codes: list[int]) -> int:
    packed = 0
    for position, code in enumerate(codes):
        packed |= code << (_BITS * position)
    return packed


def _unpack(packed: int) -> list[int]:
    return [packed >> (_BITS * position) & _MASK for position in range(len(COLUMNS))]
