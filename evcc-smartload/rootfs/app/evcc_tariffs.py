"""evcc's rates and solar forecast, of every version, as prices and powers in order of time.

Part of the evcc edge (``evcc_client`` and the modules named ``evcc_*``). Pure. A slot that cannot
be read or that overlaps an earlier one is left out and counted in one note per series.
"""

from datetime import timedelta
from functools import lru_cache
from operator import attrgetter

from domain.site import SolarSlot
from domain.tariff import Rate
from evcc_values import Notes, to_instant, to_number

# A fixed tariff may come in whole days. A longer slot is a mistake, and it would push out, as
# overlapping, every correct one behind it.
_LONGEST_RATE = timedelta(days=7)
_MOST_SOLAR_W = 1_000_000.0
# evcc sends all its slots with every state, and hardly any of them is new: a reading costs little
# when the slots of the one before are recognised. Two weeks of quarter hours, twice.
_KNOWN_SLOTS = 4096
_RATE_PARTS = 3
_SOLAR_PARTS = 2


def parse_rates(raw: object, notes: Notes, label: str) -> tuple[Rate, ...]:
    """Read prices from a forecast member or an answer of ``/api/tariff/...``.

    Args:
        raw: ``[[start, end, value], ...]`` in unix seconds, ``[{"start", "end", "value" or
            "price"}, ...]`` in RFC 3339, either inside ``{"rates": ...}``, or null.
        notes: Told how many slots were left out.
        label: What the series is called in notes.

    Returns:
        Rates sorted by start, without overlaps, in slots as long as the source's; they may begin
        in the past.
    """
    slots = _entries(raw, notes, label)
    kept: list[Rate] = []
    for rate in sorted(_read_rates(slots), key=attrgetter("start")):
        if not kept or rate.start >= kept[-1].end:
            kept.append(rate)
    _note_left_out(len(slots) - len(kept), len(slots), notes, label)
    return tuple(kept)


def _read_rates(slots: list[object]) -> list[Rate]:
    rates: list[Rate] = []
    for slot in slots:
        try:
            if isinstance(slot, list) and len(slot) == _RATE_PARTS:
                rate = _read_rate(*slot)
            else:
                rate = _read_rate(*_rate_parts(slot))
        except TypeError:
            continue  # a list or an object where a time or a number belongs cannot be looked up
        if rate is not None:
            rates.append(rate)
    return rates


@lru_cache(maxsize=_KNOWN_SLOTS, typed=True)
def _read_rate(start_raw: str | float, end_raw: str | float, value_raw: str | float) -> Rate | None:
    start, end, price = to_instant(start_raw), to_instant(end_raw), to_number(value_raw)
    if start is None or end is None or price is None:
        return None
    if not start < end <= start + _LONGEST_RATE:
        return None
    return Rate(start=start, end=end, price_eur_per_kwh=price)


def _rate_parts(slot: object) -> tuple[object, object, object]:
    if isinstance(slot, dict):
        return slot.get("start"), slot.get("end"), slot.get("value", slot.get("price"))
    return None, None, None


def parse_solar(raw: object, notes: Notes, label: str) -> tuple[SolarSlot, ...]:
    """Read the solar forecast from ``forecast.solar`` or ``/api/tariff/solar``.

    Args:
        raw: ``{"timeseries": [[start, W], ...]}`` in unix seconds or with ``{"ts", "val"}``
            objects, a plain list of rates with watts as value (also inside ``{"rates": ...}``),
            or null.
        notes: Told how many slots were left out.
        label: What the series is called in notes.

    Returns:
        Slots sorted by start, one per start, raw as the provider gave them [kW].
    """
    if isinstance(raw, dict) and "rates" not in raw:
        raw = raw.get("timeseries")
    slots = _entries(raw, notes, label)
    read: list[SolarSlot] = []
    for slot in slots:
        try:
            if isinstance(slot, list) and len(slot) == _SOLAR_PARTS:
                solar_slot = _read_solar_slot(*slot)
            else:
                solar_slot = _read_solar_slot(*_solar_parts(slot))
        except TypeError:
            continue  # as above
        if solar_slot is not None:
            read.append(solar_slot)
    kept: list[SolarSlot] = []
    for solar in sorted(read, key=attrgetter("start")):
        if not kept or solar.start > kept[-1].start:
            kept.append(solar)
    _note_left_out(len(slots) - len(kept), len(slots), notes, label)
    return tuple(kept)


@lru_cache(maxsize=_KNOWN_SLOTS, typed=True)
def _read_solar_slot(start_raw: object, power_raw: object) -> SolarSlot | None:
    start, power_w = to_instant(start_raw), to_number(power_raw)
    if start is None or power_w is None or not 0.0 <= power_w <= _MOST_SOLAR_W:
        return None
    return SolarSlot(start=start, power_kw=power_w / 1000.0)


def _solar_parts(slot: object) -> tuple[object, object]:
    if isinstance(slot, dict):
        if "ts" in slot:
            return slot["ts"], slot.get("val")
        start, _, value = _rate_parts(slot)
        return start, value
    return None, None


def _entries(raw: object, notes: Notes, label: str) -> list[object]:
    if isinstance(raw, dict):
        raw = raw.get("rates")
    if raw is None:
        return []
    if not isinstance(raw, list):
        notes.add(f"{label} is not a list")
        return []
    return raw


def _note_left_out(left_out: int, total: int, notes: Notes, label: str) -> None:
    if left_out:
        notes.add(f"{label}: {left_out} of {total} slots left out")
