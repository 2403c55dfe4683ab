"""The home's own history as a period that can be lived again, and what was paid in it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np

from backtest.period import Period
from backtest.settings import BacktestSettings, BatteryChoice
from domain.forecast import ForecastKind
from domain.horizon import SLOT
from domain.observation import Note, NoteCode, Obstacle
from domain.proof import PeriodNote, PeriodNoteCode, Policy
from domain.site import SocSettings
from observation.own_cars import cars_of, charges_of
from observation.own_home import OwnHome
from observation.own_series import OwnSeries
from observation.recorded import RecordedPast
from planner.plant import KnownBy
from proof.day_slots import DaySlots, days_of, is_enough, midnight_of

LEARNED_FROM = timedelta(days=56)
"""Eight weeks before the first day are known as past: load is learned from so many weekdays."""
SAID_LEAD = timedelta(hours=6)
"""What a provider said so long before counts: a plan looks at the next day, not the next minute."""
_LONGEST_SESSION = timedelta(days=7)
_FLOOR_PCT = 5.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OwnPast:
    """A past that can be lived again; ``paid_eur`` is by local day, None where not measured."""

    period: Period
    settings: BacktestSettings
    policies: tuple[Policy, ...]
    paid_eur: dict[date, float | None]
    notes: tuple[Note, ...]
    n_measured_days: int


def own_past(
    home: OwnHome, recorded: RecordedPast, *, since: date, until: date
) -> OwnPast | Obstacle:
    """Return the local days ``since`` to ``until`` (both inside) of a home, or why that is nothing.

    Prices are those that were recorded, never today's. What is missing is filled, and counts as not
    measured. It begins with the first day that was measured, and is lived through from the first on
    which prices were recorded, too.
    """
    if home.has_battery and not home.capacity_kwh:
        return Obstacle.NO_CAPACITY
    live_start = midnight_of(since, home.zone)
    end = midnight_of(until + timedelta(days=1), home.zone)
    read_from = midnight_of(since - LEARNED_FROM, home.zone)
    series = OwnSeries(home, recorded.read_energies(read_from, end))
    if not np.isfinite(series.load_kw).any():
        return Obstacle.NO_LOAD
    if not np.isfinite(series.buys).any():
        return Obstacle.NO_PRICES
    learned_from = series.first_day(series.is_known)
    counted_from = series.first_day(series.is_measured)
    if learned_from is None or counted_from is None:
        return Obstacle.TOO_FEW_DAYS
    begin = midnight_of(learned_from, home.zone)
    live_start = max(live_start, midnight_of(counted_from, home.zone))
    sessions = recorded.read_sessions(live_start - _LONGEST_SESSION, end)
    charges = charges_of(sessions, series.past, home.loadpoints, until=end)
    cars = cars_of(charges, start=live_start, loadpoints=home.loadpoints, vehicles=home.vehicles)
    if not home.has_battery and not cars:
        return Obstacle.NOTHING_TO_CONTROL
    said = recorded.read_said_before_array(ForecastKind.PV_PROVIDER, begin, end, SAID_LEAD)[1]
    cut = slice((begin - read_from) // SLOT, None)
    period = series.period(cut, begin=begin, live_start=live_start, said_kw=said, cars=cars)
    live = days_of(live_start, period.n_slots - period.live_from, home.zone)
    notes = tuple(_notes(home, series, period, live))
    return OwnPast(
        period=replace(period, notes=tuple(_of_period(note) for note in notes)),
        settings=_settings(home, series, live_start),
        policies=_policies(home),
        paid_eur=series.paid_eur(live, live_start),
        notes=notes,
        n_measured_days=_n_measured(period, live),
    )


def _policies(home: OwnHome) -> tuple[Policy, ...]:
    """Return what makes sense for the home: without a battery there is no buffer."""
    if not home.has_battery:
        return (Policy.EVCC, Policy.SMARTLOAD, Policy.FORESIGHT)
    return (
        Policy.NO_BATTERY,
        Policy.EVCC,
        Policy.FORMULA,
        Policy.RISK,
        Policy.SMARTLOAD,
        Policy.FORESIGHT,
    )


def _settings(home: OwnHome, series: OwnSeries, live_start: datetime) -> BacktestSettings:
    """Return the home's battery, the owner's options and evcc's settings as the owner has them.

    A battery of 0 kWh is none.
    """
    soc_pct = series.past.battery_soc_pct[(live_start - series.past.start) // SLOT :]
    known = soc_pct[np.isfinite(soc_pct)]
    initial_pct = float(known[0]) if len(known) else 50.0
    return BacktestSettings(
        battery=BatteryChoice(
            capacity_kwh=home.capacity_kwh or 0.0,
            charge_kw=home.plant.charge_max_kw,
            discharge_kw=home.plant.discharge_max_kw,
            round_trip_frac=home.plant.round_trip_frac,
            floor_soc_pct=_FLOOR_PCT,
            initial_soc_pct=min(max(initial_pct, _FLOOR_PCT), 100.0),
        ),
        cfg=home.cfg,
        owners_site=_owners_site(home.settings),
    )


def _owners_site(settings: SocSettings) -> dict[str, object]:
    return {
        "priority_soc_pct": settings.priority_soc_pct or 0.0,
        "buffer_soc_pct": settings.buffer_soc_pct or 0.0,
        "buffer_start_soc_pct": settings.buffer_start_soc_pct or 0.0,
    }


def _notes(
    home: OwnHome, series: OwnSeries, period: Period, live: tuple[DaySlots, ...]
) -> Iterator[Note]:
    offset = (period.start - series.past.start) // SLOT + period.live_from
    priced = np.isfinite(series.buys[offset:])
    n_assumed = sum(not priced[day.slots].all() for day in live)
    if n_assumed:
        yield Note(code=NoteCode.PRICES_ASSUMED, facts={"days": n_assumed})
    if series.has_pv:
        said_kw = period.pv_said_kw
        said = np.zeros(period.n_slots) if said_kw is None else np.isfinite(said_kw)
        n_remade = sum(not said[period.live_from :][day.slots].any() for day in live)
        if n_remade:
            yield Note(code=NoteCode.FORECASTS_REMADE, facts={"days": n_remade})
    known_by = (
        home.plant.charge_known_by,
        home.plant.discharge_known_by,
        home.plant.efficiency_known_by,
    )
    if home.has_battery and KnownBy.ASSUMED in known_by:
        yield Note(code=NoteCode.BATTERY_ASSUMED)
    if period.cars:
        yield Note(code=NoteCode.CARS_UNKNOWN)


def _of_period(note: Note) -> PeriodNote:
    """Return a note of the report as a back-test of the same past has it."""
    return PeriodNote(code=PeriodNoteCode(note.code.value), facts=note.facts)


def _n_measured(period: Period, live: tuple[DaySlots, ...]) -> int:
    return sum(is_enough(period.is_measured[period.live_from :], day) for day in live)
