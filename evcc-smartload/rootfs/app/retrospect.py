"""How right the forecasts were, looked back at piece by piece when there is time.

Every day all competitors forecast the last one again with what was known at its midnight, and are
scored; what would have been said stands in where nothing was said.
"""

from collections import deque
from collections.abc import Mapping
from datetime import date, datetime, timedelta

import numpy as np

from clock import EARLIEST_PLAUSIBLE_NOW
from courses import Courses
from domain.forecast import ForecastKind, IssuedForecast
from domain.horizon import FORECAST_SLOTS, SLOT, SLOTS_PER_DAY, slot_start
from domain.outlook import AccuracyReport
from forecaster.accuracy import DAY_BEFORE, LEADS, Said, judge_accuracy, meaning_of_confidence
from forecaster.competition import (
    OUR_MODEL,
    SIMPLE_MODELS,
    Competitors,
    Issue,
    load_competitors,
    price_competitors,
    pv_competitors,
)
from forecaster.guard import daily_losses
from forecaster.series import Bands, SlotSeries
from home_past import HomePast
from place import Place
from storage.history_store import HistoryStore
from track_record import DAYS_KEPT, TrackRecord

ONE_DAY = timedelta(days=1)
REPORT_EVERY = timedelta(hours=6)
# A day of which the provider's curve is known less is not judged.
_WHOLE_DAY_FRAC = 0.9
_PRICE_KINDS = (ForecastKind.IMPORT_PRICE, ForecastKind.EXPORT_PRICE)


class Retrospect:
    """Belongs to the cycle's thread."""

    def __init__(
        self,
        past: HomePast,
        store: HistoryStore,
        record: TrackRecord,
        courses: Courses,
        place: Place,
    ) -> None:
        """Look back at ``past``, write verdicts into ``record`` and courses into ``courses``."""
        self._past = past
        self._store = store
        self._record = record
        self._courses = courses
        self._place = place
        self._report: AccuracyReport | None = None
        self._reported_at: datetime | None = None
        self.begin_anew()

    def begin_anew(self) -> None:
        """Look at everything again: at the start, and when the clock leapt."""
        self._reported_at = None
        self._unread_days = deque(range(1, DAYS_KEPT + 1))
        # What would have been said is kept in memory only, so that each start works it out again.
        self._rehearsed: set[date] = set()
        self._filled: set[date] = set()
        self._record.forget_verdicts_without_losses()

    @property
    def report(self) -> AccuracyReport | None:
        """How right it was; None before it was looked at for the first time."""
        return self._report

    def note_new_past(self, since: date | None = None) -> None:
        """Look again at days that could not be judged: more is known of those from ``since`` on."""
        first = since or date.min
        self._rehearsed = {day for day in self._rehearsed if day < first}
        self._record.forget_verdicts_without_losses(since=first)

    def look_back(self, now: datetime) -> bool:
        """Do one piece of looking back; return whether there was one to do."""
        if now < EARLIEST_PLAUSIBLE_NOW:
            return False
        today = self._place.day_of(now)
        if self._unread_days:
            # First what was really said: nothing that is worked out takes its place.
            midnight = self._place.midnight(today - self._unread_days.popleft() * ONE_DAY)
            self._courses.read_day(self._store, midnight)
            return True
        # One day more than is told of: what would have been said then is about the first of them.
        for back in range(1, DAYS_KEPT + 2):
            day = today - back * ONE_DAY
            if self._is_to_rehearse(day):
                self._rehearsed = {one for one in self._rehearsed if one < today} | {day}
                self._filled = {one for one in self._filled if one < today} | {day}
                self._rehearse(day)
                return True
        if self._reported_at is None or not timedelta(0) <= now - self._reported_at < REPORT_EVERY:
            self._report = self._look_at_accuracy(now, today)
            self._reported_at = now
            return True
        return False

    def _is_to_rehearse(self, day: date) -> bool:
        if day not in self._rehearsed and self._unjudged(day):
            return True
        # Once filled is enough: more of the past changes what would have been said only a little.
        return day not in self._filled and self._has_silence(day)

    def _unjudged(self, day: date) -> list[ForecastKind]:
        return [kind for kind in OUR_MODEL if not self._record.is_judged(kind, day)]

    def _has_silence(self, day: date) -> bool:
        """Return whether nothing was said for some of a day, or on it for some of the next."""
        begin = self._place.midnight(day)
        for lead in (timedelta(0), DAY_BEFORE):
            _, said, _ = self._past.said(
                ForecastKind.LOAD, lead, begin + lead, begin + lead + ONE_DAY
            )
            if np.isnan(said.values).any():
                return True
        return False

    def _rehearse(self, day: date) -> None:
        """Let everybody forecast a past day with what was known at its midnight."""
        midnight = self._place.midnight(day)
        issue = Issue(
            at=midnight,
            n_slots=FORECAST_SLOTS,
            zone=self._place.zone,
            holidays=self._place.holidays,
        )
        unjudged = self._unjudged(day)
        # Whatever goes wrong with one kind is not tried again at every turn.
        for kind in unjudged:
            self._record.note_losses(kind, day, {})
        said_by_kind: dict[ForecastKind, Bands] = {}
        for kind, competitors in self._competitors_at(issue).items():
            outcome = self._outcome(kind, midnight)
            came = outcome.between(midnight, self._place.midnight(day + ONE_DAY))
            if np.isfinite(came.values).sum() < SLOTS_PER_DAY // 2:
                continue
            ours = competitors[OUR_MODEL[kind]]()
            if ours is not None:
                said_by_kind[kind] = ours
            if kind in unjudged:
                losses = dict.fromkeys(competitors, np.nan)
                for model, forecast in competitors.items():
                    bands = ours if model == OUR_MODEL[kind] else forecast()
                    if bands is not None:
                        (loss,) = daily_losses(bands, outcome, [day], zone=self._place.zone)
                        losses[model] = float(loss)
                self._record.note_losses(kind, day, losses)
        self._remember_rehearsal(midnight, said_by_kind)

    def _outcome(self, kind: ForecastKind, midnight: datetime) -> SlotSeries:
        end = midnight + 2 * ONE_DAY
        if kind in _PRICE_KINDS:
            return self._past.prices(kind, end)
        return self._past.measured_kw(kind, midnight, end)

    def _competitors_at(self, issue: Issue) -> Mapping[ForecastKind, Competitors]:
        midnight = issue.at
        past = self._past.pv_past(midnight)
        provider = self._provider_at(midnight)
        pv = pv_competitors(past, provider, issue)
        if provider is None and self._past.has_provider_near(midnight):
            # What the provider said is not known of days before the start; without it ours would
            # be judged for what it is not.
            pv = dict.fromkeys(pv, lambda: None)
        return {
            ForecastKind.LOAD: load_competitors(self._past.house_kw(midnight), issue),
            ForecastKind.PV: pv,
            **{
                kind: price_competitors(self._past.prices(kind, midnight), issue)
                for kind in _PRICE_KINDS
            },
        }

    def _provider_at(self, midnight: datetime) -> SlotSeries | None:
        """Return the provider's curve as far as it was known then; None: not of the day ahead."""
        end = midnight + FORECAST_SLOTS * SLOT
        values = np.full(FORECAST_SLOTS, np.nan)
        begin = 0
        for lead in LEADS:
            # What was said so long before each of these slots was said by midnight.
            said = self._past.said(ForecastKind.PV_PROVIDER, lead, midnight, end)[1].values
            last = lead // SLOT + 1
            values[begin:last] = said[begin:last]
            begin = last
        if np.isfinite(values[:SLOTS_PER_DAY]).mean() < _WHOLE_DAY_FRAC:
            return None
        return SlotSeries(start=midnight, values=values)

    def _remember_rehearsal(
        self, midnight: datetime, said_by_kind: Mapping[ForecastKind, Bands]
    ) -> None:
        """Take what would have been said for said, where nothing was."""
        for kind, bands in said_by_kind.items():
            if kind in _PRICE_KINDS or not np.isfinite(bands.values).all():
                continue
            self._past.fill_said(
                IssuedForecast(
                    kind=kind,
                    issued_at=midnight,
                    band=bands.to_band_series(),
                    model=OUR_MODEL[kind],
                )
            )
        load = said_by_kind.get(ForecastKind.LOAD)
        if load is not None and np.isfinite(load.values).all():
            self._courses.fill(load, said_by_kind.get(ForecastKind.PV))

    def _look_at_accuracy(self, now: datetime, today: date) -> AccuracyReport:
        since, until = self._place.midnight(today - DAYS_KEPT * ONE_DAY), slot_start(now)
        accuracies = []
        for kind in (ForecastKind.PV, ForecastKind.LOAD):
            measured = self._past.measured_kw(kind, since, until)
            if not np.isfinite(measured.values).any():
                continue
            reference, skill = self._record.skill(kind, OUR_MODEL[kind], SIMPLE_MODELS, today)
            accuracies.append(
                judge_accuracy(
                    kind=kind,
                    outcome=measured,
                    said_by_lead=self._said_by_lead(kind, since, until),
                    reference=reference,
                    skill_frac=skill,
                    zone=self._place.zone,
                    confidence_by_day=self._record.confidence_by_day,
                )
            )
        days = next((one.by_day for one in accuracies if one.kind is ForecastKind.PV), ())
        correlation, bands = meaning_of_confidence(days)
        coverage, n_windows = self._record.window_coverage(now)
        return AccuracyReport(
            since=since,
            until=until,
            accuracies=tuple(accuracies),
            window_coverage_frac=coverage,
            n_windows=n_windows,
            confidence_rank_correlation=correlation,
            confidence_bands=bands,
        )

    def _said_by_lead(
        self, kind: ForecastKind, since: datetime, until: datetime
    ) -> dict[timedelta, Said]:
        found = {}
        for lead in LEADS:
            low, middle, high = (part.values for part in self._past.said(kind, lead, since, until))
            found[lead] = Said(low=low, middle=middle, high=high)
        return found
