"""The home's batteries as the planner sees them, with what energy in them is worth at the end."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from domain.horizon import SLOT_H, SLOTS_PER_DAY, SLOTS_PER_HOUR
from domain.site import BatterySnapshot
from forecaster.series import FloatArray
from planner.expected import Expected
from planner.owner_wishes import full_prices
from planner.plan_problem import BatteryModel, FullWish, Reserve, ValuePiece, series
from planner.plant import Plant
from planner.terminal import LaterCourse, Store, terminal_value

# evcc does not tell the limit that the inverter keeps; most keep between 5 and 10 %.
ASSUMED_SOC_MIN_PCT = 5.0
# What a missing kWh of the buffer costs an hour. A night below it costs 0.2 to 0.3 ct a kWh: enough
# to prefer energy above the buffer where that costs next to nothing, too little to keep it from an
# hour that is dearer. evcc's buffer is about cars; ten times as much lost a tenth of the possible
# saving in back-tests (docs/evidence.md).
RESERVE_EUR_PER_KWH_H = 0.0002
# Quantiles of quarter hours do not add up to those of a day, so the outer courses of the sun are
# further out than one day in ten, and weigh less than they would by the book (0.3, 0.4, 0.3).
_SUN_WEIGHTS = (0.25, 0.5, 0.25)
# evcc has no way to feed a battery's energy into the grid.
_MAY_EXPORT = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryRules:
    """What the owner allows and asks for, and what somebody else imposes.

    Args:
        buffer_soc_pct: 0 is evcc's "off": no reserve, and no car gets anything from a battery.
            None: there is no buffer.
        full_window: At the end of which slots the owner wants the batteries full; None: of none.
        may_charge: False while somebody keeps them from charging.
        may_discharge: False while somebody keeps them from giving.
    """

    wear_eur_per_kwh: float
    may_grid_charge: bool
    may_feed_cars: bool
    buffer_soc_pct: float | None
    full_window: range | None = None
    may_charge: bool = True
    may_discharge: bool = True


def battery_models(
    battery: BatterySnapshot | None, plant: Plant, expected: Expected, rules: BatteryRules
) -> tuple[tuple[BatteryModel, str], ...]:
    """Return each battery with its title, or all as one where single ones do not tell enough.

    Each gets its share of the plant by its capacity. Empty when not even that is known.
    """
    parts = [] if battery is None else _parts(battery)
    total_kwh = sum(capacity_kwh for _, _, capacity_kwh, _ in parts)
    if not total_kwh > 0.0:
        return ()
    pieces = _terminal(plant, expected, rules, total_kwh)
    full_eur = _full_prices(plant, expected, rules)
    found = []
    for name, title, capacity_kwh, soc_pct in parts:
        share = capacity_kwh / total_kwh
        buffer_kwh = capacity_kwh * (rules.buffer_soc_pct or 0.0) / 100.0
        model = BatteryModel(
            name=name,
            capacity_kwh=capacity_kwh,
            soc_kwh=capacity_kwh * soc_pct / 100.0,
            soc_min_kwh=capacity_kwh * ASSUMED_SOC_MIN_PCT / 100.0,
            soc_max_kwh=capacity_kwh,
            charge_max_kw=plant.charge_max_kw * share if rules.may_charge else 0.0,
            discharge_max_kw=plant.discharge_max_kw * share if rules.may_discharge else 0.0,
            charge_efficiency_frac=plant.one_way_frac,
            discharge_efficiency_frac=plant.one_way_frac,
            wear_eur_per_kwh=rules.wear_eur_per_kwh,
            terminal=_share_of(pieces, share),
            may_grid_charge=rules.may_grid_charge,
            may_export=_MAY_EXPORT,
            may_feed_cars=rules.may_feed_cars and rules.buffer_soc_pct != 0.0,
            cars_above_kwh=buffer_kwh,
            reserve=_reserve(buffer_kwh, capacity_kwh, full_eur, expected.n_slots),
        )
        found.append((model, title))
    return tuple(found)


def _share_of(pieces: Sequence[ValuePiece], share: float) -> tuple[ValuePiece, ...]:
    return tuple(
        ValuePiece(width_kwh=piece.width_kwh * share, eur_per_kwh=piece.eur_per_kwh)
        for piece in pieces
    )


def _full_prices(plant: Plant, expected: Expected, rules: BatteryRules) -> FloatArray | None:
    if rules.full_window is None:
        return None
    return full_prices(
        rules.full_window,
        expected.import_price[: expected.n_slots],
        one_way_frac=plant.one_way_frac,
        wear_eur_per_kwh=rules.wear_eur_per_kwh,
    )


def _reserve(
    buffer_kwh: float, capacity_kwh: float, full_eur: FloatArray | None, n_slots: int
) -> Reserve | None:
    if not buffer_kwh > 0.0 and full_eur is None:
        return None
    return Reserve(
        soc_kwh=series(np.full(n_slots, buffer_kwh)),
        eur_per_kwh_h=RESERVE_EUR_PER_KWH_H,
        full=None if full_eur is None else FullWish(soc_kwh=capacity_kwh, eur_per_kwh_h=full_eur),
    )


def _parts(battery: BatterySnapshot) -> list[tuple[str, str, float, float]]:
    """Return name, title, capacity [kWh] and SoC [%] of each battery, or of all as one."""
    known = [
        (device.name, device.title or device.name, device.capacity_kwh, device.soc_pct)
        for device in battery.devices
        if device.capacity_kwh is not None and device.soc_pct is not None
    ]
    if known and len(known) == len(battery.devices):
        return known
    if battery.capacity_kwh is None or battery.soc_pct is None:
        return []
    return [("battery", "", battery.capacity_kwh, battery.soc_pct)]


def _terminal(
    plant: Plant, expected: Expected, rules: BatteryRules, capacity_kwh: float
) -> tuple[ValuePiece, ...]:
    """Return what energy is worth at the end, for all batteries as one.

    The day after the end is what is forecast of it, and for the rest the day before that. It begins
    with an hour, so that the value stays the same for as long, as mostly all that it depends on.
    """
    end = max(expected.n_slots - expected.n_past_of_hour, SLOTS_PER_DAY)
    store = Store(
        usable_kwh=capacity_kwh * (1.0 - ASSUMED_SOC_MIN_PCT / 100.0),
        charge_max_kw=plant.charge_max_kw,
        discharge_max_kw=plant.discharge_max_kw,
        charge_efficiency_frac=plant.one_way_frac,
        discharge_efficiency_frac=plant.one_way_frac,
        wear_eur_per_kwh=rules.wear_eur_per_kwh,
        may_grid_charge=rules.may_grid_charge,
        may_export=_MAY_EXPORT,
    )
    series = (
        expected.load_kwh,
        expected.import_price,
        expected.worth_of_surplus,
        *expected.sun_kwh,
    )
    return _value_of_day(store, *(_day_after(values, end).tobytes() for values in series))


@lru_cache(maxsize=2)
def _value_of_day(
    store: Store, load: bytes, buys: bytes, sells: bytes, *suns: bytes
) -> tuple[ValuePiece, ...]:
    """Return what energy is worth before a day, of which the bytes are series of numbers."""
    courses = [
        LaterCourse(
            weight=weight,
            load_kwh=np.frombuffer(load),
            pv_kwh=np.frombuffer(sun),
            import_price_eur_per_kwh=np.frombuffer(buys),
            export_price_eur_per_kwh=np.frombuffer(sells),
        )
        for weight, sun in zip(_SUN_WEIGHTS, suns, strict=True)
    ]
    return terminal_value(courses, store, slot_h=SLOT_H)


def _day_after(values: FloatArray, end: int) -> FloatArray:
    """Return the day from slot ``end`` on, with the day before where no whole hour is known."""
    n_known = min(len(values) - end, SLOTS_PER_DAY)
    known = values[end : end + n_known - n_known % SLOTS_PER_HOUR]
    before = values[max(0, end - SLOTS_PER_DAY) : end]
    return np.concatenate((known, before[len(known) :]))
