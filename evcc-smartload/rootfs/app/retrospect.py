"""How right the forecasts were, looked back at piece by piece when there is time.

Every day all competitors forecast the last one again with what was known at its midnight, and are
scored; what would have been said stands in where nothing was said yet.
"""

from collections import deque
from collections.abc import Mapping
from datetime import date, datetime, timedelta

import numpy as np

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
from forecaster.series import Bands
from home_past import HomePast
from place import Place
from storage.history_store import HistoryStore
from track_record import DAYS_KEPT, TrackRecord

ONE_DAY = timedelta(days=1)
REPORT_EVERY = timedelta(hours=1)
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
        self._unread_days = deque(range(1, DAYS_KEPT + 1))

    @property
    def report(self) -> AccuracyReport | None:
        """How right it was; None before it was looked at for the first time."""
        return self._report

    def note_new_past(self) -> None:
        """Look again at days that could not be judged: more of them is known now."""
        self._record.forget_verdicts_without_losses()

    def look_back(self, now: datetime) -> bool:
        """Do one piece of looking back; return whether there was one to do."""
        today = self._place.day_of(now)
        for back in range(1, DAYS_KEPT + 1):
            day = today - back * ONE_DAY
            if not all(self._record.is_judged(kind, day) for kind in OUR_MODEL):
                self._rehearse(day)
                return True
        if self._unread_days:
            midnight = self._place.midnight(today - self._unread_days.popleft() * ONE_DAY)
            self._courses.read_day(self._store, midnight)
            return True
        if self._reported_at is None or not timedelta(0) <= now - self._reported_at < REPORT_EVERY:
            self._report = self._look_at_accuracy(now, today)
            self._reported_at = now
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
        said_by_kind: dict[ForecastKind, Bands] = {}
        for kind, competitors in self._competitors_at(issue).items():
            outcome = (
                self._past.prices(kind, midnight + 2 * ONE_DAY)
                if kind in _PRICE_KINDS
                else self._past.measured_kw(kind, midnight, midnight + 2 * ONE_DAY)
            )
            came = outcome.between(midnight, self._place.midnight(day + ONE_DAY))
            losses = dict.fromkeys(competitors, np.nan)
            if np.isfinite(came.values).sum() >= SLOTS_PER_DAY // 2:
                for model, forecast in competitors.items():
                    bands = forecast()
                    if bands is None:
                        continue
                    losses[model] = float(
                        daily_losses(bands, outcome, [day], zone=self._place.zone)[0]
                    )
                    if model == OUR_MODEL[kind]:
                        said_by_kind[kind] = bands
            self._record.note_losses(kind, day, losses)
        self._remember_rehearsal(midnight, said_by_kind)

    def _competitors_at(self, issue: Issue) -> Mapping[ForecastKind, Competitors]:
        midnight, end = issue.at, issue.at + FORECAST_SLOTS * SLOT
        past = self._past.pv_past(midnight)
        said = self._past.said(ForecastKind.PV_PROVIDER, DAY_BEFORE, midnight, end)[1]
        provider = said if np.isfinite(said.values).any() else None
        pv = pv_competitors(past, provider, issue)
        if provider is None and any(np.isfinite(one.values).any() for one in past.said.values()):
            # What the provider said a day before is not known of imported days; without it ours
            # would be judged for what it is not.
            pv = dict.fromkeys(pv, lambda: None)
        return {
            ForecastKind.LOAD: load_competitors(self._past.house_kw(midnight), issue),
            ForecastKind.PV: pv,
            **{
                kind: price_competitors(self._past.prices(kind, midnight), issue)
                for kind in _PRICE_KINDS
            },
        }

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
            self._courses.add(load, said_by_kind.get(ForecastKind.PV))

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
        coverage, n_windows = self._record.window_coverage
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
