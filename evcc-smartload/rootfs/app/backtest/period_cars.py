"""The cars of a period: a measured user's sessions moved onto it, or a commuter made up by rule."""

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from backtest.period import RecordedCar, Stay
from backtest.period_moving import Move, match_days, midnights_between
from domain.proof import PeriodNote, PeriodNoteCode
from sources.measured_sessions import CarUser, Session

CHARGE_EFFICIENCY_FRAC = 0.9
MOST_USED_FRAC = 0.7
"""A car comes home with at least the rest; more was charged than that only between two errands."""
WANTED_SOC_PCT = 80.0
INITIAL_SOC_PCT = 60.0
LONG_ENOUGH = timedelta(hours=3)
"""A shorter stay is a stop: nobody asks for a level of charge by its end."""
_CAPACITY_KWH = 50.0
_CAPACITY_PER_SESSION = 1.6
_ONE_PHASE_BELOW_KW = 4.5
_CURRENT_A = 16.0
_DAY, _WEEK = timedelta(days=1), timedelta(weeks=1)

COMMUTER_CAPACITY_KWH = 58.0
COMMUTER_KWH = (9.0, 8.4, 9.8, 8.6, 9.2)
"""What it uses from Monday to Friday, 9 kWh in the mean."""
_COMMUTER_LEAVES, _COMMUTER_BACK = time(7, 15), time(17, 30)
_SATURDAY = 5
_ERRANDS_LEAVE, _ERRANDS_BACK, _ERRANDS_KWH = time(10, 0), time(13, 0), 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CarInPeriod:
    """A car, and what has to be known of where its stays are from."""

    car: RecordedCar
    notes: tuple[PeriodNote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Absence:
    """The commuter is on the road or elsewhere."""

    leaves: datetime
    back: datetime
    used_kwh: float


def measured_car(user: CarUser, start: datetime, end: datetime, zone: tzinfo) -> CarInPeriod:
    """Return the car of a measured user, in its season and on its weekdays.

    Args:
        user: Whose sessions they are.
        start: Where the period begins; a stay that has begun before is cut there.
        end: Where it ends; a stay that goes on is not cut.
        zone: Whose days are matched.
    """
    midnights = midnights_between(start, end, zone)
    first, last = user.sessions[0].begins, max(session.ends for session in user.sessions)
    moves = match_days(midnights, first - _DAY, last + _DAY)
    sessions = _merged(_moved(user.sessions, midnights, moves))
    largest_kwh = max(session.energy_kwh for session in user.sessions)
    capacity_kwh = max(user.battery_kwh or _CAPACITY_KWH, _CAPACITY_PER_SESSION * largest_kwh)
    car = RecordedCar(
        name="car",
        title=user.name,
        capacity_kwh=round(capacity_kwh, 1),
        phases=1 if user.power_kw is not None and user.power_kw < _ONE_PHASE_BELOW_KW else 3,
        max_current_a=_CURRENT_A,
        initial_soc_pct=INITIAL_SOC_PCT,
        stays=tuple(_stay_of(session, start, capacity_kwh) for session in sessions),
    )
    n_days = len(midnights) - 1
    n_limited = sum(_used_kwh(session) > MOST_USED_FRAC * capacity_kwh for session in sessions)
    n_without = n_days - sum(move.last - move.first for move in moves)
    weeks = {move.weeks for move in moves}
    return CarInPeriod(car=car, notes=tuple(_notes_on(car, weeks, n_limited, n_without)))


def commuter(start: datetime, end: datetime, zone: tzinfo) -> CarInPeriod:
    """Return a car that goes to work Monday to Friday and on an errand on Saturday.

    It is made by rule, without chance: plugged in from 17:30 to 7:15, at weekends but for Saturday
    10:00 to 13:00. Arguments are those of ``measured_car``.
    """
    car = RecordedCar(
        name="car",
        title="Commuter",
        capacity_kwh=COMMUTER_CAPACITY_KWH,
        phases=3,
        max_current_a=_CURRENT_A,
        initial_soc_pct=INITIAL_SOC_PCT,
        stays=tuple(_commuter_stays(start, end, zone)),
    )
    note = PeriodNote(
        code=PeriodNoteCode.CAR_MADE_UP,
        facts={
            "back": f"{_COMMUTER_BACK:%H:%M}",
            "leaves": f"{_COMMUTER_LEAVES:%H:%M}",
            "used_kwh": sum(COMMUTER_KWH) / len(COMMUTER_KWH),
            "capacity_kwh": COMMUTER_CAPACITY_KWH,
        },
    )
    return CarInPeriod(car=car, notes=(note,))


def _moved(
    sessions: Sequence[Session], midnights: Sequence[datetime], moves: Sequence[Move]
) -> Iterator[Session]:
    """Yield the sessions of the days that stand for the period's, at the period's time."""
    for move in moves:
        begin, finish = midnights[move.first] - move.later, midnights[move.last] - move.later
        for session in sessions:
            is_running = move is moves[0] and session.begins < begin < session.ends
            if is_running or begin <= session.begins < finish:
                yield replace(
                    session,
                    begins=session.begins + move.later,
                    ends=session.ends + move.later,
                )


def _notes_on(
    car: RecordedCar, weeks: Collection[int], n_limited: int, n_without: int
) -> Iterator[PeriodNote]:
    yield PeriodNote(
        code=PeriodNoteCode.CAR_MEASURED,
        facts={
            "title": car.title,
            "stays": len(car.stays),
            "weeks_least": min(weeks, default=0),
            "weeks_most": max(weeks, default=0),
            "used_frac": CHARGE_EFFICIENCY_FRAC,
            "capacity_kwh": car.capacity_kwh,
            "wanted_soc_pct": WANTED_SOC_PCT,
            "wanted_from_h": LONG_ENOUGH / timedelta(hours=1),
        },
    )
    if n_limited:
        yield PeriodNote(
            code=PeriodNoteCode.CAR_USE_LIMITED,
            facts={"stays": n_limited, "most_used_frac": MOST_USED_FRAC},
        )
    if n_without:
        yield PeriodNote(code=PeriodNoteCode.CAR_AWAY, facts={"days": n_without})


def _merged(sessions: Iterable[Session]) -> list[Session]:
    """Return sessions in order, with those that overlap or touch as one."""
    merged: list[Session] = []
    for session in sorted(sessions, key=lambda session: (session.begins, session.ends)):
        if merged and session.begins <= merged[-1].ends:
            merged[-1] = Session(
                begins=merged[-1].begins,
                ends=max(merged[-1].ends, session.ends),
                energy_kwh=merged[-1].energy_kwh + session.energy_kwh,
            )
        else:
            merged.append(session)
    return merged


def _used_kwh(session: Session) -> float:
    return CHARGE_EFFICIENCY_FRAC * session.energy_kwh


def _stay_of(session: Session, start: datetime, capacity_kwh: float) -> Stay:
    # What it used before the period began is in how full it is then.
    used_kwh = _used_kwh(session) if session.begins >= start else 0.0
    arrives = max(session.begins, start)
    return Stay(
        arrives=arrives,
        leaves=session.ends,
        used_kwh=round(min(used_kwh, MOST_USED_FRAC * capacity_kwh), 3),
        wanted_soc_pct=WANTED_SOC_PCT if session.ends - arrives >= LONG_ENOUGH else None,
    )


def _commuter_stays(start: datetime, end: datetime, zone: tzinfo) -> Iterator[Stay]:
    """Yield what lies between the absences of the local days."""
    midnights = midnights_between(start - _WEEK, end + _WEEK, zone)
    days = [midnight.astimezone(zone).date() for midnight in midnights]
    absences = [absence for day in days for absence in _absence_on(day, zone)]
    for before, after in itertools.pairwise(absences):
        if after.leaves <= start or before.back >= end:
            continue
        yield Stay(
            arrives=max(before.back, start),
            leaves=after.leaves,
            used_kwh=before.used_kwh if before.back >= start else 0.0,
            wanted_soc_pct=WANTED_SOC_PCT,
        )


def _absence_on(day: date, zone: tzinfo) -> Iterator[_Absence]:
    """Yield when the commuter is away on a local day; on Sundays never."""
    if day.weekday() < _SATURDAY:
        leaves, back, used_kwh = _COMMUTER_LEAVES, _COMMUTER_BACK, COMMUTER_KWH[day.weekday()]
    elif day.weekday() == _SATURDAY:
        leaves, back, used_kwh = _ERRANDS_LEAVE, _ERRANDS_BACK, _ERRANDS_KWH
    else:
        return
    yield _Absence(
        leaves=datetime.combine(day, leaves, tzinfo=zone).astimezone(UTC),
        back=datetime.combine(day, back, tzinfo=zone).astimezone(UTC),
        used_kwh=used_kwh,
    )
