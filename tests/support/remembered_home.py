"""What remembers a home, put together without evcc: its past, forecasts and verdicts."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from courses import Courses
from domain.forecast import BandSeries, ForecastKind, IssuedForecast
from domain.history import EnergySource, QuarterEnergies
from domain.horizon import FORECAST_SLOTS, SLOT, SLOT_H
from domain.site import SolarSlot
from forecaster.pv import PVForecaster
from forecasting import Forecasting
from home_past import HomePast
from place import Place
from retrospect import Retrospect
from storage.history_store import HistoryStore
from track_record import TrackRecord

BERLIN = ZoneInfo("Europe/Berlin")
# A Thursday; local midnight.
TODAY = datetime(2026, 5, 6, 22, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
KEEP = 90 * DAY

Curve = Callable[[datetime], float | None]


class NoHolidays:
    """A region without holidays."""

    def is_holiday(self, _day: date) -> bool:
        return False


class RememberedHome:
    """A home's memory on a folder; build it again for a restart."""

    def __init__(self, folder: Path, now: datetime = TODAY) -> None:
        self.store = HistoryStore(folder / "history.db", now=now)
        self.past = HomePast(self.store, now, keep=KEEP)
        self.record = TrackRecord(folder / "track_record.json", now)
        self.place = Place(zone=BERLIN, holidays=NoHolidays())
        self.courses = Courses(self.past, self.record)
        self.forecasting = Forecasting(self.past, self.record, self.courses, self.place)
        self.retrospect = Retrospect(self.past, self.store, self.record, self.courses, self.place)
        self.pv = PVForecaster(now)

    def look_back_to_the_end(self, now: datetime = TODAY) -> int:
        """Look back until nothing is left; return how many pieces there were."""
        while self.past.read_more():
            pass
        n_pieces = 0
        while self.retrospect.look_back(now):
            n_pieces += 1
            assert n_pieces < 200, "it never ends"
        return n_pieces


def house_kw(at: datetime) -> float:
    """Return a house that wakes, cooks and sleeps, and lives differently at the weekend."""
    local = at.astimezone(BERLIN)
    busy = 1.4 if local.hour in {7, 12, 18, 19, 20} else 0.0
    return 0.3 + busy * (1.5 if local.weekday() > 4 else 1.0)


def sun_kw(at: datetime) -> float:
    """Return a sun from 4 to 18 UTC."""
    from_noon_h = abs(at.hour + at.minute / 60.0 - 11.0)
    return max(0.0, 6.0 * (1.0 - (from_noon_h / 7.0) ** 2))


def quarters(
    start: datetime,
    end: datetime,
    *,
    house: Curve | None = house_kw,
    pv: Curve | None = None,
    source: EnergySource = EnergySource.EVCC,
) -> list[QuarterEnergies]:
    """Return the quarter hours from ``start`` to ``end``."""

    def kwh(curve: Curve | None, at: datetime) -> float | None:
        kw = None if curve is None else curve(at)
        return None if kw is None else kw * SLOT_H

    return [
        QuarterEnergies(start=at, source=source, house_kwh=kwh(house, at), pv_kwh=kwh(pv, at))
        for at in (start + index * SLOT for index in range((end - start) // SLOT))
    ]


def said(
    kind: ForecastKind, at: datetime, value: float, *, n_slots: int = FORECAST_SLOTS
) -> IssuedForecast:
    """Return a flat forecast said at ``at``, the start of a quarter hour."""
    return IssuedForecast(
        kind=kind,
        issued_at=at,
        band=BandSeries(
            start=at,
            p10=(value - 0.1,) * n_slots,
            p50=(value,) * n_slots,
            p90=(value + 0.1,) * n_slots,
        ),
        model="test",
    )


def solar(start: datetime, n_slots: int = 3 * 96) -> tuple[SolarSlot, ...]:
    """Return what a provider says: the truth, a tenth too much."""
    slots = (start + index * SLOT for index in range(n_slots))
    return tuple(SolarSlot(start=at, power_kw=1.1 * sun_kw(at)) for at in slots)
