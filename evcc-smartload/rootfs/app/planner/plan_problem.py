"""What a plan is made for: series, batteries, cars and limits, as numbers without a clock.

Symbols and equations stand in docs/planner.md. All series of a problem have one length, one entry
per slot; energies are per slot and measured at the AC side, states of charge at the cell side.
"""

import itertools
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_RISING_TOLERANCE = 1e-9
_LONGEST_SLOT_H = 24.0


class ProblemError(ValueError):
    """A problem that no home can have; the text names the field and what is wrong with it."""


def series(values: npt.ArrayLike) -> FloatArray:
    """Return ``values`` as an array of floats that nobody can change."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuePiece:
    """The next ``width_kwh`` of stored energy are worth this much each."""

    width_kwh: float
    eur_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TaperPoint:
    """From ``soc_kwh`` on the battery takes at most ``charge_max_kw`` (AC side)."""

    soc_kwh: float
    charge_max_kw: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FullWish:
    """That the owner wants a battery full for a while, which goes before the buffer.

    Args:
        soc_kwh: What it then holds.
        eur_per_kwh_h: Price of one missing kWh for one hour in each slot, shape (n_slots,); 0
            where it is not asked for.
    """

    soc_kwh: float
    eur_per_kwh_h: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reserve:
    """What a battery should hold as a priced wish: what is missing costs by the hour.

    Args:
        soc_kwh: The buffer: where the battery should stay at the end of each slot, shape
            (n_slots,).
        eur_per_kwh_h: Price of one kWh that is missing of the buffer for one hour.
        full: Where it should be full instead.
    """

    soc_kwh: FloatArray
    eur_per_kwh_h: float
    full: FullWish | None = None

    @property
    def is_full_wanted(self) -> BoolArray:
        """Where the owner wants it full, shape (n_slots,)."""
        if self.full is None:
            return np.zeros(self.soc_kwh.shape, dtype=np.bool_)
        wanted: BoolArray = self.full.eur_per_kwh_h > 0.0
        return wanted

    @property
    def wanted_kwh(self) -> FloatArray:
        """What it should hold at the end of each slot, shape (n_slots,)."""
        if self.full is None:
            return self.soc_kwh
        return np.where(self.is_full_wanted, self.full.soc_kwh, self.soc_kwh)

    @property
    def prices_eur_per_kwh_h(self) -> FloatArray:
        """Price of one missing kWh for one hour in each slot, shape (n_slots,)."""
        prices = np.full(self.soc_kwh.shape, self.eur_per_kwh_h)
        if self.full is None:
            return prices
        return np.where(self.is_full_wanted, self.full.eur_per_kwh_h, prices)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryModel:
    """A home battery.

    Charging ``c`` and discharging ``d`` [kWh, AC] change the state of charge by
    ``c * charge_efficiency_frac - d / discharge_efficiency_frac``. A start outside the limits is
    legal: the battery is not driven further out, and comes back as soon as it pays.

    Args:
        soc_kwh: What is stored at the beginning of the first slot.
        wear_eur_per_kwh: Cost of one kWh taken out.
        terminal: What energy is worth that is left at the end, from ``soc_min_kwh`` upwards,
            falling. The last piece holds for all that lies above, the first for what lies below.
        taper: Concave limit of the charging power by the state of charge at a slot's beginning:
            straight lines between the points, flat outside them.
        may_grid_charge: Whether more may be charged than the PV has left.
        may_export: Whether energy from it may be fed in.
        may_feed_cars: Whether cars may be charged from it at all.
        cars_above_kwh: Only above this state of charge (at a slot's end) a car is charged from it.
        reserve: The buffer, a priced wish.
    """

    name: str
    capacity_kwh: float
    soc_kwh: float
    soc_min_kwh: float
    soc_max_kwh: float
    charge_max_kw: float
    discharge_max_kw: float
    charge_efficiency_frac: float
    discharge_efficiency_frac: float
    wear_eur_per_kwh: float = 0.0
    terminal: tuple[ValuePiece, ...] = ()
    taper: tuple[TaperPoint, ...] = ()
    may_grid_charge: bool = True
    may_export: bool = True
    may_feed_cars: bool = True
    cars_above_kwh: float = 0.0
    reserve: Reserve | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerRange:
    """Powers that a charger can hold, both ends included; zero is always possible besides."""

    low_kw: float
    high_kw: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CarModel:
    """A car at its charger from ``arrival_slot`` (inside) to ``deadline_slot`` (outside).

    Args:
        soc_kwh: What is stored on arrival.
        wish: What the next kWh is worth to the owner, from ``soc_kwh`` upwards, falling; together
            the pieces are the most that may be charged. A kWh that is missing to the end of the
            pieces costs its value.
        target_kwh: Where the owner wants it by the deadline, for naming what is missing.
        ranges: Powers at the AC side, rising and apart: one range, or one per number of phases.
        fixed_kwh: When the owner has decided (mode "now"): what is charged in each slot, shape
            (n_slots,); nothing is left to plan.
        least_kwh: What is charged in each slot whatever a plan wants (AC), shape (n_slots,); more
            is free. Within the window, the ranges and the room; never together with ``fixed_kwh``.
        fed_kwh: How much of ``least_kwh`` evcc gives it out of batteries, also out of those that
            are kept from cars, shape (n_slots,).
    """

    name: str
    capacity_kwh: float
    soc_kwh: float
    target_kwh: float
    arrival_slot: int
    deadline_slot: int
    ranges: tuple[PowerRange, ...]
    charge_efficiency_frac: float
    wish: tuple[ValuePiece, ...]
    fixed_kwh: FloatArray | None = None
    least_kwh: FloatArray | None = None
    fed_kwh: FloatArray | None = None

    @property
    def room_kwh(self) -> float:
        """What may be charged at most (cell side)."""
        return sum(piece.width_kwh for piece in self.wish)

    @property
    def max_kw(self) -> float:
        """The highest power."""
        return max((span.high_kw for span in self.ranges), default=0.0)

    def surely_kwh(self, n_slots: int) -> FloatArray:
        """Return what is charged in each slot whatever is planned, shape (n_slots,)."""
        decided = self.least_kwh if self.fixed_kwh is None else self.fixed_kwh
        return np.zeros(n_slots) if decided is None else decided


class Flow(StrEnum):
    """A flow that a device can be pinned to."""

    CHARGE = "charge"
    DISCHARGE = "discharge"
    CAR = "car"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """What a flow must be in one slot: between ``low_kwh`` and ``high_kwh`` (AC).

    For asking what another decision would cost; ``index`` is of the battery or the car.
    """

    flow: Flow
    index: int
    slot: int
    low_kwh: float
    high_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanProblem:
    """A home over the slots to come.

    Args:
        slot_h: Length of a slot [h].
        import_price_eur_per_kwh: Shape (n_slots,), may be negative.
        export_price_eur_per_kwh: Paid for feed-in, shape (n_slots,), may be negative.
        pv_kwh: PV per slot, shape (n_slots,), at least 0.
        load_kwh: House without battery and cars, shape (n_slots,), at least 0.
        import_max_kwh: Most that may be bought per slot (fuse), shape (n_slots,); None: no limit.
        export_max_kwh: Most that may be fed in per slot; None: no limit.
        can_curtail: Whether PV can be turned down.
        pins: Decisions that are forced.
    """

    slot_h: float
    import_price_eur_per_kwh: FloatArray
    export_price_eur_per_kwh: FloatArray
    pv_kwh: FloatArray
    load_kwh: FloatArray
    import_max_kwh: FloatArray | None = None
    export_max_kwh: FloatArray | None = None
    can_curtail: bool = False
    batteries: tuple[BatteryModel, ...] = ()
    cars: tuple[CarModel, ...] = ()
    pins: tuple[Pin, ...] = ()

    @property
    def n_slots(self) -> int:
        """How many slots there are."""
        return self.load_kwh.size

    @property
    def served_kwh(self) -> FloatArray:
        """What batteries may serve that are kept from cars, shape (n_slots,).

        What the sun leaves of the house's use, and what evcc lets cars have of them anyway.
        """
        return np.maximum(self.load_kwh - self.pv_kwh, 0.0) + self.fed_kwh

    @property
    def fed_kwh(self) -> FloatArray:
        """What evcc gives all cars together out of batteries anyway, shape (n_slots,)."""
        fed: FloatArray = np.zeros(self.n_slots)
        for car in self.cars:
            fed = fed if car.fed_kwh is None else fed + car.fed_kwh
        return fed

    def checked(self) -> Self:
        """Return the problem itself when a home can have it.

        Raises:
            ProblemError: It cannot; every reason is in the text.
        """
        found = [
            *self._wrong_series(),
            *self._wrong_batteries(),
            *self._wrong_cars(),
            *self._wrong_names(),
            *self._wrong_pins(),
        ]
        if found:
            raise ProblemError("; ".join(found))
        return self

    def _wrong_series(self) -> list[str]:
        found = []
        if not (np.isfinite(self.slot_h) and 0.0 < self.slot_h <= _LONGEST_SLOT_H):
            found.append(f"slot_h must be above 0 and at most 24, not {self.slot_h}")
        if self.n_slots == 0:
            found.append("there is no slot to plan")
        every = {
            "import_price_eur_per_kwh": self.import_price_eur_per_kwh,
            "export_price_eur_per_kwh": self.export_price_eur_per_kwh,
            "pv_kwh": self.pv_kwh,
            "load_kwh": self.load_kwh,
            "import_max_kwh": self.import_max_kwh,
            "export_max_kwh": self.export_max_kwh,
        }
        for name, values in every.items():
            if values is None:
                continue
            is_energy = not name.endswith("_eur_per_kwh")
            found += _wrong_values(name, values, self.n_slots, is_energy=is_energy)
        return found

    def _wrong_names(self) -> list[str]:
        """Plans are told, and compared with the last one, by the devices' names."""
        names = [*(one.name for one in self.batteries), *(one.name for one in self.cars)]
        twice = sorted({name for name in names if names.count(name) > 1})
        return [f"{len(names)} devices, but the name {name!r} is given twice" for name in twice]

    def _wrong_pins(self) -> list[str]:
        found = []
        for pin in self.pins:
            n_devices = len(self.cars if pin.flow is Flow.CAR else self.batteries)
            if not (0 <= pin.index < n_devices and 0 <= pin.slot < self.n_slots):
                found.append(f"nothing can be pinned to {pin.flow.value} {pin.index}, {pin.slot}")
            elif not 0.0 <= pin.low_kwh <= pin.high_kwh:
                found.append(f"a flow cannot be pinned to {pin.low_kwh} .. {pin.high_kwh} kWh")
        return found

    def _wrong_batteries(self) -> list[str]:
        found = []
        for battery in self.batteries:
            found += [f"battery {battery.name}: {text}" for text in _wrong_battery(battery)]
            reserve = battery.reserve
            if reserve is not None:
                found += _wrong_values(
                    f"battery {battery.name}: reserve",
                    reserve.soc_kwh,
                    self.n_slots,
                    is_energy=True,
                )
                if not 0.0 <= reserve.eur_per_kwh_h < np.inf:
                    found.append(
                        f"battery {battery.name}: the price of the reserve must be finite and "
                        f"at least 0, not {reserve.eur_per_kwh_h}"
                    )
                found += self._wrong_full(f"battery {battery.name}: full", reserve.full)
        return found

    def _wrong_full(self, name: str, full: FullWish | None) -> list[str]:
        if full is None:
            return []
        found = _wrong_values(name, full.eur_per_kwh_h, self.n_slots, is_energy=True)
        if not 0.0 <= full.soc_kwh < np.inf:
            found.append(f"{name} must be finite and at least 0, not {full.soc_kwh}")
        return found

    def _wrong_cars(self) -> list[str]:
        found = []
        for car in self.cars:
            found += [f"car {car.name}: {text}" for text in _wrong_car(car)]
            if car.fixed_kwh is not None:
                found += _wrong_values(
                    f"car {car.name}: fixed_kwh", car.fixed_kwh, self.n_slots, is_energy=True
                )
            if car.least_kwh is not None:
                wrong = _wrong_values(
                    f"car {car.name}: least_kwh", car.least_kwh, self.n_slots, is_energy=True
                )
                found += wrong or _wrong_least(car, car.least_kwh, self.slot_h)
            if car.fed_kwh is not None:
                found += _wrong_values(
                    f"car {car.name}: fed_kwh", car.fed_kwh, self.n_slots, is_energy=True
                ) or _wrong_fed(car, car.fed_kwh)
        return found


def _wrong_values(name: str, values: FloatArray, n_slots: int, *, is_energy: bool) -> list[str]:
    if values.shape != (n_slots,):
        return [f"{name} has {values.shape} entries for {n_slots} slots"]
    if not np.isfinite(values).all():
        return [f"{name} contains numbers that are not finite"]
    if is_energy and (values < 0.0).any():
        return [f"{name} must not be negative"]
    return []


def _wrong_battery(battery: BatteryModel) -> list[str]:
    found = []
    numbers = {
        "capacity_kwh": battery.capacity_kwh,
        "soc_kwh": battery.soc_kwh,
        "soc_min_kwh": battery.soc_min_kwh,
        "soc_max_kwh": battery.soc_max_kwh,
        "charge_max_kw": battery.charge_max_kw,
        "discharge_max_kw": battery.discharge_max_kw,
        "wear_eur_per_kwh": battery.wear_eur_per_kwh,
        "cars_above_kwh": battery.cars_above_kwh,
    }
    found += [
        f"{name} must be a finite number of at least 0, not {number}"
        for name, number in numbers.items()
        if not (np.isfinite(number) and number >= 0.0)
    ]
    if battery.soc_min_kwh > battery.soc_max_kwh:
        found.append(f"soc_min_kwh {battery.soc_min_kwh} is above soc_max_kwh")
    if battery.soc_max_kwh > battery.capacity_kwh:
        found.append(f"soc_max_kwh {battery.soc_max_kwh} is above capacity_kwh")
    for name, frac in (
        ("charge_efficiency_frac", battery.charge_efficiency_frac),
        ("discharge_efficiency_frac", battery.discharge_efficiency_frac),
    ):
        if not 0.0 < frac <= 1.0:
            found.append(f"{name} must be above 0 and at most 1, not {frac}")
    found += _wrong_pieces("terminal", battery.terminal)
    found += _wrong_taper(battery.taper, battery.soc_max_kwh)
    return found


def _wrong_taper(taper: tuple[TaperPoint, ...], soc_max_kwh: float) -> list[str]:
    """A concave limit that falls: more power near full would make the model a wrong one."""
    numbers = [number for point in taper for number in (point.soc_kwh, point.charge_max_kw)]
    if not np.isfinite(numbers).all() or any(point.charge_max_kw < 0.0 for point in taper):
        return ["the points of the taper must be finite, their powers at least 0"]
    slopes = [0.0]
    for before, after in itertools.pairwise(taper):
        if after.soc_kwh <= before.soc_kwh:
            return ["the points of the taper must rise in soc_kwh"]
        rise_kw = after.charge_max_kw - before.charge_max_kw
        slopes.append(rise_kw / (after.soc_kwh - before.soc_kwh))
    if any(after > before + _RISING_TOLERANCE for before, after in itertools.pairwise(slopes)):
        return ["the taper must fall ever more steeply (concave)"]
    # Flat again after a fall would not be concave.
    if slopes[-1] < 0.0 and taper[-1].soc_kwh < soc_max_kwh:
        return [f"the taper ends at {taper[-1].soc_kwh} kWh, below soc_max_kwh"]
    return []


def _wrong_car(car: CarModel) -> list[str]:
    found = []
    for name, number in (
        ("capacity_kwh", car.capacity_kwh),
        ("soc_kwh", car.soc_kwh),
        ("target_kwh", car.target_kwh),
    ):
        if not (np.isfinite(number) and number >= 0.0):
            found.append(f"{name} must be a finite number of at least 0, not {number}")
    if not 0.0 < car.charge_efficiency_frac <= 1.0:
        found.append(
            f"charge_efficiency_frac must be above 0 and at most 1, not "
            f"{car.charge_efficiency_frac}"
        )
    if car.arrival_slot < 0:
        found.append(f"arrival_slot must be at least 0, not {car.arrival_slot}")
    previous_kw = 0.0
    for span in car.ranges:
        if not (previous_kw <= span.low_kw <= span.high_kw and np.isfinite(span.high_kw)):
            found.append("the power ranges must be rising and apart, each low_kw <= high_kw")
            break
        previous_kw = span.high_kw
    found += _wrong_pieces("wish", car.wish)
    return found


def _wrong_least(car: CarModel, least_kwh: FloatArray, slot_h: float) -> list[str]:
    """Nobody could plan what the car cannot do."""
    if car.fixed_kwh is not None:
        return [f"car {car.name}: with fixed_kwh there must be no least_kwh"]
    slots = np.arange(len(least_kwh))
    is_there = (slots >= car.arrival_slot) & (slots < car.deadline_slot)
    is_possible = least_kwh <= 0.0
    for span in car.ranges:
        low_kwh, high_kwh = span.low_kw * slot_h, span.high_kw * slot_h
        is_possible |= (
            is_there
            & (least_kwh >= low_kwh - _RISING_TOLERANCE)
            & (least_kwh <= high_kwh + _RISING_TOLERANCE)
        )
    too_much_kwh = float(least_kwh.sum()) * car.charge_efficiency_frac - car.room_kwh
    if is_possible.all() and too_much_kwh <= _RISING_TOLERANCE:
        return []
    return [f"car {car.name}: least_kwh is outside its window, its ranges or its room"]


def _wrong_fed(car: CarModel, fed_kwh: FloatArray) -> list[str]:
    least_kwh = np.zeros(len(fed_kwh)) if car.least_kwh is None else car.least_kwh
    if (fed_kwh <= least_kwh + _RISING_TOLERANCE).all():
        return []
    return [f"car {car.name}: fed_kwh is more than least_kwh"]


def _wrong_pieces(name: str, pieces: tuple[ValuePiece, ...]) -> list[str]:
    if any(
        not (0.0 <= piece.width_kwh < np.inf and np.isfinite(piece.eur_per_kwh)) for piece in pieces
    ):
        return [f"{name} has a piece whose width or value is not finite, or a negative width"]
    values = [piece.eur_per_kwh for piece in pieces]
    if any(after > before + _RISING_TOLERANCE for before, after in itertools.pairwise(values)):
        return [f"the values of {name} must fall"]
    return []
