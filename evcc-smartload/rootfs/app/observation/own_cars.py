"""When the home's cars were there and what they needed, concluded from what they charged."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from backtest.period import RecordedCar, Stay
from domain.history import ChargingSession
from domain.horizon import SLOT
from domain.site import Loadpoint, Vehicle
from forecaster.energy_columns import EnergyColumns
from forecaster.series import FloatArray
from proof.gaps import Run, runs_of

CHARGE_EFFICIENCY_FRAC = 0.9
MOST_USED_FRAC = 0.7
"""A car comes home with at least the rest; more was charged than that only between two errands."""
USUAL_LEFT_PCT = 80.0
"""What a car leaves with where evcc never knew its state of charge."""
_LEFT_FROM_PCT, _LEFT_TO_PCT = 50.0, 100.0
_CAPACITY_KWH, _CAPACITY_PER_SESSION = 50.0, 1.6
_CURRENT_A = 16.0
LEAST_KWH = 0.2
"""Less was a plug that was tried, not a charge."""
PAUSE_SLOTS = 16
"""Charging that pauses for at most so long [slots] is one stay: clouds pass, evcc waits."""
MOST_CARS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a car charged while it was plugged in; ``left_pct`` is what it had then, if known."""

    car: str
    loadpoint: str
    begins: datetime
    ends: datetime
    energy_kwh: float
    left_pct: float | None = None


def charges_of(
    sessions: Iterable[ChargingSession],
    past: EnergyColumns,
    loadpoints: Sequence[Loadpoint],
    *,
    until: datetime,
) -> list[Charge]:
    """Return what cars charged: evcc's sessions, and where it kept none what loadpoints metered.

    Args:
        sessions: As evcc keeps them; one that runs lasts ``until`` then.
        past: The same time by quarter hours.
        loadpoints: As evcc lists them now; heaters are no cars.
        until: Where the past ends.
    """
    heaters = {one.title for one in loadpoints if one.is_heater}
    found = [_of_session(one, until) for one in sessions if one.loadpoint not in heaters]
    told = {charge.loadpoint for charge in found}
    for title, energy_kwh in past.loadpoints_kwh.items():
        if title not in told | heaters:
            found += _of_meter(title, energy_kwh, past.start)
    return [one for one in found if one.energy_kwh >= LEAST_KWH and one.ends > one.begins]


def cars_of(
    charges: Iterable[Charge],
    *,
    start: datetime,
    loadpoints: Sequence[Loadpoint],
    vehicles: Sequence[Vehicle],
) -> tuple[RecordedCar, ...]:
    """Return the cars that charged after ``start``, those that charged most first, few at most.

    A car used before a stay what it charged in it, and leaves as it always leaves: so it needs the
    energy that was measured, whoever decides when.
    """
    by_car: dict[str, list[Charge]] = defaultdict(list)
    for charge in charges:
        if charge.ends > start:
            by_car[charge.car].append(charge)
    cars = sorted(by_car.values(), key=lambda car: -sum(charge.energy_kwh for charge in car))
    points = {one.title: one for one in loadpoints}
    known = {one.title: one for one in vehicles}
    return tuple(
        _car(f"car-{number}", car, start, points.get(car[0].loadpoint), known.get(car[0].car))
        for number, car in enumerate(cars[:MOST_CARS], start=1)
    )


def _of_session(session: ChargingSession, until: datetime) -> Charge:
    return Charge(
        car=session.vehicle or session.loadpoint,
        loadpoint=session.loadpoint,
        begins=session.started_at.replace(microsecond=0),
        ends=(session.finished_at or until).replace(microsecond=0),
        energy_kwh=session.energy_kwh,
        left_pct=session.soc_end_pct,
    )


def _of_meter(title: str, energy_kwh: FloatArray, start: datetime) -> Iterator[Charge]:
    runs = runs_of(np.nan_to_num(energy_kwh) > 0.0)
    for run in _bridged(runs):
        yield Charge(
            car=title,
            loadpoint=title,
            begins=start + run.first * SLOT,
            ends=start + run.last * SLOT,
            energy_kwh=float(np.nansum(energy_kwh[run.first : run.last])),
        )


def _bridged(runs: Iterable[Run]) -> list[Run]:
    bridged: list[Run] = []
    for run in runs:
        if bridged and run.first - bridged[-1].last <= PAUSE_SLOTS:
            bridged[-1] = Run(first=bridged[-1].first, last=run.last)
        else:
            bridged.append(run)
    return bridged


def _car(
    name: str,
    charges: Sequence[Charge],
    start: datetime,
    loadpoint: Loadpoint | None,
    vehicle: Vehicle | None,
) -> RecordedCar:
    told_kwh = None if vehicle is None else vehicle.capacity_kwh
    largest_kwh = max(charge.energy_kwh for charge in charges)
    capacity_kwh = told_kwh or max(_CAPACITY_KWH, _CAPACITY_PER_SESSION * largest_kwh)
    told_pct = [charge.left_pct for charge in charges if charge.left_pct]
    left_pct = sum(told_pct) / len(told_pct) if told_pct else USUAL_LEFT_PCT
    left_pct = round(min(max(left_pct, _LEFT_FROM_PCT), _LEFT_TO_PCT))
    return RecordedCar(
        name=name,
        title=charges[0].car,
        capacity_kwh=round(capacity_kwh, 1),
        phases=_phases(loadpoint, vehicle),
        max_current_a=_CURRENT_A if loadpoint is None else loadpoint.max_current_a or _CURRENT_A,
        initial_soc_pct=left_pct,
        stays=tuple(_stays(charges, start, capacity_kwh, left_pct)),
    )


def _phases(loadpoint: Loadpoint | None, vehicle: Vehicle | None) -> int:
    told = (
        None if vehicle is None else vehicle.phases,
        None if loadpoint is None else loadpoint.phases_configured or None,
    )
    known = [phases for phases in told if phases]
    return 1 if known and min(known) == 1 else 3


def _stays(
    charges: Sequence[Charge], start: datetime, capacity_kwh: float, left_pct: float
) -> Iterator[Stay]:
    most_kwh = MOST_USED_FRAC * capacity_kwh * left_pct / 100.0
    for charge in _merged(charges):
        used_kwh = min(CHARGE_EFFICIENCY_FRAC * charge.energy_kwh, most_kwh)
        yield Stay(
            arrives=max(charge.begins, start),
            leaves=charge.ends,
            # What it used before the past begins is not lived through.
            used_kwh=round(used_kwh, 3) if charge.begins >= start else 0.0,
            wanted_soc_pct=left_pct,
        )


def _merged(charges: Iterable[Charge]) -> list[Charge]:
    """Return charges in order, with those that overlap or nearly touch as one."""
    merged: list[Charge] = []
    for charge in sorted(charges, key=lambda charge: (charge.begins, charge.ends)):
        last = merged[-1] if merged else None
        if last is not None and charge.begins <= last.ends + timedelta(minutes=1):
            merged[-1] = Charge(
                car=last.car,
                loadpoint=last.loadpoint,
                begins=last.begins,
                ends=max(last.ends, charge.ends),
                energy_kwh=last.energy_kwh + charge.energy_kwh,
            )
        else:
            merged.append(charge)
    return merged
