"""Everything that remembers the home: what is measured, imported and said, and what follows.

Quarter hours come from our own readings, then from evcc's stored ones, which are more exact and
close gaps; older ones come in the background. Forecasts are made from all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path

import structlog

from clock import EARLIEST_PLAUSIBLE_NOW, Clock
from courses import Courses
from domain.forecast import ForecastKind
from domain.history import ChargingSession, EnergySource, ImportState
from domain.horizon import slot_start
from domain.outlook import Outlook
from domain.ports import HolidayCalendar, PastSource
from domain.state import HistoryStatus
from errors import EvccRejectedError, SourceError
from evcc_client import EvccClient
from evcc_history import issued_forecasts
from forecaster.pv import PVForecaster
from forecaster.scenarios import RankArchive
from forecaster.series import SlotSeries
from forecasting import Forecasting
from history_import import Destination, HistoryImport
from home_past import HomePast
from persistence import StateFile
from place import Place
from retrospect import Retrospect
from site_watch import Reading
from slot_meter import SlotMeter, range_to_fetch
from storage.history_store import HistoryStore
from track_record import TrackRecord

TRACK_RECORD_NAME = "smartload_track_record.json"
# How long the summary of what is kept may be shown unchanged.
STATUS_FOR = timedelta(hours=1)
# At a start evcc is asked for so much; what is older is for the import.
ASK_BACK = timedelta(hours=6)
# An evcc that keeps no quarter hours may learn to with an update.
ASK_AGAIN_AFTER = timedelta(hours=6)

log = structlog.get_logger("smartload.memory")


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryOptions:
    """What the owner chose, and where things are."""

    data_dir: Path
    keep: timedelta
    zone: tzinfo
    holidays: Callable[[tzinfo], HolidayCalendar]
    """Returns the calendar of a home in that zone."""
    pasts: Sequence[PastSource] = ()
    """Imported beside evcc's own past, in this order."""


class Memory:
    """Belongs to the cycle's thread; only the import has one of its own."""

    def __init__(
        self,
        options: MemoryOptions,
        history: HistoryStore,
        evcc: EvccClient,
        clock: Clock,
        *,
        import_clock: Clock | None = None,
    ) -> None:
        """Read what is kept; nothing is read from evcc yet.

        Args:
            options: The owner's.
            history: Where everything is kept.
            evcc: Asked for its stored quarter hours.
            clock: Tells the time.
            import_clock: For an import that is run to its end at once, on a clock that does not
                wait; it leaves the charging sessions out, which never end.
        """
        now = clock.now()
        self._options = options
        self._evcc = evcc
        self.history = history
        self._past = HomePast(self.history, now, keep=options.keep)
        self._meter = SlotMeter()
        self._place = Place(zone=options.zone, holidays=options.holidays(options.zone))
        self._record = TrackRecord(options.data_dir / TRACK_RECORD_NAME, now)
        self._courses = Courses(self._past, self._record)
        self.forecasting = Forecasting(self._past, self._record, self._courses, self._place)
        self.retrospect = Retrospect(self._past, history, self._record, self._courses, self._place)
        self.importing = HistoryImport(
            (evcc, *options.pasts),
            self._destination(now),
            clock=import_clock or clock,
            keep=options.keep,
            sessions=evcc if import_clock is None else None,
        )
        self._ask_evcc_from: datetime | None = None
        self._fetched_until: datetime | None = None
        self._swept_on: date | None = None
        self._status: HistoryStatus | None = None
        self._status_at: datetime | None = None

    def _destination(self, now: datetime) -> Destination:
        def put_sessions(sessions: Sequence[ChargingSession]) -> None:
            self.history.write_sessions(sessions)

        # Asked for before anything new is stored.
        last = self.history.summary().last
        if last is not None and last > now >= EARLIEST_PLAUSIBLE_NOW:
            # A clock was once ahead of the time; what was missed begins where the true past ends.
            last = self._past.known_until(now)

        def stored_until(_: EnergySource) -> datetime | None:
            return last

        return Destination(
            put_energies=self._past.deliver,
            put_forecasts=self._past.deliver_forecasts,
            put_sessions=put_sessions,
            read_imports=self.history.read_imports,
            write_import=self.history.write_import,
            stored_until=stored_until,
            settle=self.history.flush,
        )

    @property
    def state_files(self) -> tuple[StateFile | HistoryStore, ...]:
        """What must survive a restart, and may say that it cannot."""
        record = self._record.state_file
        return (self.history, *(() if record is None else (record,)))

    @property
    def outlook(self) -> Outlook | None:
        """What is expected; None before the first forecast."""
        return self.forecasting.outlook

    @property
    def ranks(self) -> RankArchive:
        """How past outcomes lay within what was said."""
        return self._courses.ranks

    def measured_kw(self, kind: ForecastKind, start: datetime, end: datetime) -> SlotSeries:
        """Return load or PV as measured from ``start`` to ``end`` [kW]; NaN is not known."""
        return self._past.measured_kw(kind, start, end)

    def use_time_zone(self, zone: tzinfo) -> None:
        """Take ``zone`` for the home's from now on."""
        if zone != self._place.zone:
            self._place.zone = zone
            self._place.holidays = self._options.holidays(zone)

    # What happened

    def observe(self, now: datetime, reading: Reading, poll: timedelta) -> None:
        """Take in one look at evcc, and everything that came in meanwhile."""
        if self._past.follow_clock(now):
            self._begin_anew()
        if self._fetched_until is None and now >= EARLIEST_PLAUSIBLE_NOW:
            # From here on evcc's word is owed, however long it is away at first.
            self._fetched_until = slot_start(now - ASK_BACK)
        site = reading.site if reading.is_fresh else None
        self._past.take(self._meter.observe(now, site, poll=poll))
        if self._past.collect():
            self._note_new_past()
        if site is not None and now >= EARLIEST_PLAUSIBLE_NOW:
            self._past.take_prices(site.import_rates, site.export_rates, now)

    def _note_new_past(self) -> None:
        self.forecasting.note_new_past()
        self.retrospect.note_new_past()

    def _begin_anew(self) -> None:
        """Go on from what is kept: what was remembered belongs to another time."""
        self._fetched_until = self._ask_evcc_from = None
        self._courses.begin_anew()
        self.retrospect.begin_anew()
        self.forecasting.note_new_past()

    def fetch(self, now: datetime, reading: Reading, *, every: timedelta) -> None:
        """Ask evcc for the quarter hours it stored since, when a forecast is due."""
        if not reading.is_fresh or not self.forecasting.is_due(now, every):
            return
        if now < EARLIEST_PLAUSIBLE_NOW or (self._ask_evcc_from and now < self._ask_evcc_from):
            return
        asked = range_to_fetch(now, stored_until=self._fetched_until)
        if asked is None:
            return
        try:
            recorded = self._evcc.read_past(*asked)
        except EvccRejectedError as exc:
            self._ask_evcc_from = now + ASK_AGAIN_AFTER
            log.info("evcc_keeps_no_history", why=str(exc))
            return
        except SourceError as exc:
            # The connection's own problem is told elsewhere; the range is asked for again.
            log.debug("evcc_history_not_read", why=str(exc))
            return
        self._past.take(recorded.energies)
        for forecast in issued_forecasts(recorded.forecast_kwh):
            self._past.fill_said(forecast)
        if not recorded.energies:
            return
        self._fetched_until = self._past.stored_until(EnergySource.EVCC) or self._fetched_until
        first_day = self._place.day_of(recorded.energies[0].start)
        if first_day < self._place.day_of(now):
            self.retrospect.note_new_past(since=first_day)

    def note_decision(self, now: datetime, buffer_result: Mapping[str, object] | None) -> None:
        """Keep the cycle's decision about the buffer."""
        events = None if buffer_result is None else buffer_result["log_recent"]
        if isinstance(events, list) and events and isinstance(events[-1], dict):
            facts = {key: value for key, value in events[-1].items() if key != "ts"}
            self.history.write_decision(now, "buffer", facts)

    # What follows

    def forecast(
        self,
        now: datetime,
        pv: PVForecaster,
        reading: Reading,
        *,
        every: timedelta,
        holiday_until: datetime | None = None,
    ) -> None:
        """Say what is expected, unless it was said less than ``every`` ago.

        Until ``holiday_until`` the owner has called the house empty; when they say that or take it
        back everything is said anew.
        """
        is_same = holiday_until == self.forecasting.holiday_until
        if is_same and not self.forecasting.is_due(now, every):
            return
        site = reading.site
        fresh = site if reading.is_fresh else None
        pv.update(
            now,
            () if site is None else site.solar,
            past=self._past.pv_past(slot_start(now)),
            zone=self._place.zone,
            live_kw=None if fresh is None else fresh.pv_kw,
            export_limit_kw=None if site is None else site.export_limit_kw,
        )
        self.forecasting.update(now, pv, fresh, holiday_until=holiday_until)

    def look_back(self, now: datetime) -> None:
        """See how right forecasts were, one piece at a time."""
        if self._past.read_more():
            return
        # With half of the past everybody would be judged for what they could not know.
        if all(one.state is not ImportState.RUNNING for one in self.importing.progress):
            self.retrospect.look_back(now)

    def tidy(self, now: datetime) -> None:
        """Delete what is too old, once a day."""
        today = self._place.day_of(now)
        if today != self._swept_on and now >= EARLIEST_PLAUSIBLE_NOW:
            self._swept_on = today
            self.history.sweep(now)

    def status(self, now: datetime) -> HistoryStatus:
        """Return what is kept and how far the imports are."""
        status = self._status
        is_current = self._status_at is not None and (
            timedelta(0) <= now - self._status_at < STATUS_FOR
        )
        if status is None or not is_current:
            summary = self.history.summary()
            self._status_at = now
            status = HistoryStatus(
                first=summary.first,
                last=summary.last,
                n_days=self._past.house_days,
                size_bytes=summary.n_bytes,
                imports=(),
                problem=None,
            )
            self._status = status
        return replace(status, imports=self.importing.progress, problem=self.history.problem)

    def close(self, timeout_s: float) -> None:
        """End the import and bring what waits to the disk; ``timeout_s`` is for either."""
        self.importing.ask_to_stop()
        self.importing.join(timeout_s)
        self.history.close(timeout_s)
