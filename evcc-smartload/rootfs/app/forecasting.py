"""What is expected of the next days, told once a cycle.

Forecasts are functions of the past. Whoever is in use for each kind was the best on recent days.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np

from courses import Courses
from domain.forecast import (
    BandSeries,
    ChoiceReason,
    ForecastKind,
    IssuedForecast,
    ModelChoice,
)
from domain.horizon import FORECAST_SLOTS, SLOT, SLOTS_PER_DAY, slot_start
from domain.outlook import Away, Comparison, DayEnergy, Expectation, Outlook
from domain.site import SiteSnapshot
from forecaster.accuracy import DAY_BEFORE
from forecaster.away import emptied, find_away, lived_in
from forecaster.competition import (
    OUR_MODEL,
    SIMPLE_MODELS,
    Competitors,
    Issue,
    load_competitors,
    price_competitors,
    simple_competitors,
)
from forecaster.load import learn_levels
from forecaster.pv import PVForecaster
from forecaster.series import Bands, FloatArray, SlotSeries, to_tuple
from forecaster.windows import energies, named_windows
from home_past import HomePast
from place import Place
from track_record import TrackRecord

ONE_DAY = timedelta(days=1)
COMPARED = timedelta(days=2)
# A quarter of a day more of the past changes hardly anything, and takes most of a cycle's time.
LEVELS_FOR = timedelta(hours=6)
_PRICE_KINDS = (ForecastKind.IMPORT_PRICE, ForecastKind.EXPORT_PRICE)
_PROVIDER_MODEL = "provider"
_PRICE_DIGITS = 5


class Forecasting:
    """Belongs to the cycle's thread."""

    def __init__(self, past: HomePast, record: TrackRecord, courses: Courses, place: Place) -> None:
        """Forecast from ``past`` and what ``record`` and ``courses`` taught."""
        self._past = past
        self._record = record
        self._courses = courses
        self._place = place
        self._outlook: Outlook | None = None
        self._levels: FloatArray | None = None
        self._levels_at: datetime | None = None
        self._holiday_until: datetime | None = None
        self._holiday_told_at: datetime | None = None

    @property
    def holiday_until(self) -> datetime | None:
        """How long the house is empty, as told with the last update; None: nobody said that."""
        return self._holiday_until

    @property
    def outlook(self) -> Outlook | None:
        """What is expected; None before the first update."""
        return self._outlook

    def is_due(self, now: datetime, every: timedelta) -> bool:
        """Return whether the last outlook is as old as ``every``."""
        return self._outlook is None or not timedelta(0) <= now - self._outlook.issued_at < every

    def update(
        self,
        now: datetime,
        pv: PVForecaster,
        site: SiteSnapshot | None,
        *,
        holiday_until: datetime | None = None,
    ) -> Outlook:
        """Say what is expected from now on, and keep that it was said.

        Args:
            now: When this is, aware UTC.
            pv: The PV forecaster, updated for ``now``.
            site: A reading of this moment; None when there is none.
            holiday_until: Until when the owner has called the house empty; None: they have not.
        """
        issue = self._issue(now)
        today = self._place.day_of(now)
        self._note_holiday(now, holiday_until)
        load, load_bands, away = self._expect_load(issue, site, today)
        sun, sun_bands = self._expect_pv(issue, pv, today)
        prices = self._expect_prices(issue, today)
        expectations = [load, *([] if sun is None else [sun]), *prices]
        for expected in expectations:
            self._keep(expected, now)
        self._keep_provider(pv.provider, now)
        self._courses.follow(now, load_bands, sun_bands)
        self._record.note_confidence(today + ONE_DAY, pv.confidence)
        self._record.save(today)
        start = slot_start(now)
        self._outlook = Outlook(
            issued_at=now,
            start=start,
            expectations=tuple(expectations),
            provider_kw=() if pv.provider is None else to_tuple(pv.provider.values),
            confidence=pv.confidence_parts,
            days=self._days(now, load_bands, sun_bands),
            windows=named_windows(
                load_bands, sun_bands, self._courses.ranks, now, self._courses.calibration
            ),
            comparisons=self._comparisons(start),
            holidays=self._holidays_ahead(today),
            away=away,
            history_days=self._past.house_days,
        )
        return self._outlook

    def _issue(self, now: datetime) -> Issue:
        return Issue(
            at=now, n_slots=FORECAST_SLOTS, zone=self._place.zone, holidays=self._place.holidays
        )

    def _note_holiday(self, now: datetime, until: datetime | None) -> None:
        if until is None:
            self._holiday_told_at = None
        elif self._holiday_until is None:
            self._holiday_told_at = now
        self._holiday_until = until

    def _expect_load(
        self, issue: Issue, site: SiteSnapshot | None, today: date
    ) -> tuple[Expectation, Bands, Away | None]:
        """Return what the house will use, and whether and why it is taken for empty."""
        house = self._past.house_kw(slot_start(issue.at))
        away = find_away(house, issue.at, zone=issue.zone)
        until, told_at = self._holiday_until, self._holiday_told_at
        is_told = until is not None and until > issue.at
        competitors = load_competitors(
            lived_in(house, away.since) if is_told and away is not None else house,
            issue,
            live_kw=None if site is None else site.home_kw,
            away=None if is_told else away,
            levels=self._load_levels(issue),
        )
        choice, bands = self._choose(ForecastKind.LOAD, competitors, today)
        if until is not None and told_at is not None and is_told:
            bands, away = emptied(bands, house, found=away, told_at=told_at, until=until)
        return _expectation(ForecastKind.LOAD, choice, bands), bands, away

    def _load_levels(self, issue: Issue) -> FloatArray:
        """Return what the last weeks teach about the house's band, learned anew now and then."""
        known = self._levels
        age = None if self._levels_at is None else issue.at - self._levels_at
        if known is None or age is None or not timedelta(0) <= age < LEVELS_FOR:
            known = learn_levels(
                self._past.house_kw(slot_start(issue.at)),
                issue.at,
                zone=issue.zone,
                holidays=issue.holidays,
            )
            self._levels, self._levels_at = known, issue.at
        return known

    def note_new_past(self) -> None:
        """Learn from the past again: more of it is known now."""
        self._levels_at = None

    def _expect_pv(
        self, issue: Issue, pv: PVForecaster, today: date
    ) -> tuple[Expectation | None, Bands | None]:
        if pv.forecast is None or not np.isfinite(pv.forecast.bands.values).any():
            return None, None
        ours = pv.forecast
        measured = self._past.pv_kw(slot_start(issue.at))
        competitors = {
            OUR_MODEL[ForecastKind.PV]: lambda: ours.bands,
            **simple_competitors(measured, issue, floor=0.0),
        }
        choice, bands = self._choose(ForecastKind.PV, competitors, today)
        # Slots of which nothing is known at all are those that were always dark.
        bands = Bands(start=bands.start, values=np.nan_to_num(bands.values))
        return _expectation(ForecastKind.PV, choice, bands), bands

    def _expect_prices(self, issue: Issue, today: date) -> list[Expectation]:
        expected = []
        start = slot_start(issue.at)
        end = start + FORECAST_SLOTS * SLOT
        for kind in _PRICE_KINDS:
            published = self._past.prices(kind, end)
            ahead = published.between(start, end).values
            known = np.isfinite(ahead)
            if not np.isfinite(published.values).any():
                continue
            competitors = price_competitors(published, issue)
            choice, bands = self._choose(kind, competitors, today)
            facts = Bands(start=start, values=np.where(known, ahead, bands.values))
            if not np.isfinite(facts.values).any():
                # The last price was published so long ago that nothing follows from it.
                continue
            n_known = len(known) if known.all() else int(np.argmin(known))
            expected.append(_expectation(kind, choice, facts, n_known=n_known))
        return expected

    def _choose(
        self, kind: ForecastKind, competitors: Competitors, today: date
    ) -> tuple[ModelChoice, Bands]:
        """Return who is in use for a kind, and what it says."""
        choice = self._record.choose(kind, (OUR_MODEL[kind], *SIMPLE_MODELS), today)
        bands = competitors[choice.model]()
        if bands is None and choice.model != OUR_MODEL[kind]:
            # The best one of the last weeks has nothing left to go by.
            choice = replace(choice, model=OUR_MODEL[kind], reason=ChoiceReason.KEPT)
            bands = competitors[choice.model]()
        if bands is None:
            raise ValueError(f"nobody has anything to say about {kind}")
        return choice, bands

    def _keep(self, expected: Expectation, now: datetime) -> None:
        self._past.take_forecast(
            IssuedForecast(
                kind=expected.kind,
                issued_at=now,
                band=expected.band,
                model=expected.choice.model,
            )
        )

    def _keep_provider(self, provider: SlotSeries | None, now: datetime) -> None:
        if provider is None or not np.isfinite(provider.values).any():
            return
        nothing = (None,) * len(provider.values)
        band = BandSeries(
            start=provider.start, p10=nothing, p50=to_tuple(provider.values), p90=nothing
        )
        self._past.take_forecast(
            IssuedForecast(
                kind=ForecastKind.PV_PROVIDER, issued_at=now, band=band, model=_PROVIDER_MODEL
            )
        )

    def _comparisons(self, start: datetime) -> tuple[Comparison, ...]:
        begin = start - COMPARED
        found = []
        for kind in (ForecastKind.PV, ForecastKind.LOAD):
            parts = self._past.said(kind, DAY_BEFORE, begin, start)
            measured = self._past.measured_kw(kind, begin, start)
            if any(np.isfinite(part.values).any() for part in (*parts, measured)):
                low, middle, high = (to_tuple(part.values) for part in parts)
                said = BandSeries(start=begin, p10=low, p50=middle, p90=high)
                found.append(Comparison(kind=kind, said=said, measured=to_tuple(measured.values)))
        return tuple(found)

    def _days(self, now: datetime, load: Bands, pv: Bands | None) -> tuple[DayEnergy, ...]:
        """Return the energies of the rest of today and of the whole days ahead."""
        found: list[DayEnergy] = []
        day, begin = self._place.day_of(now), load.start
        while True:
            end = self._place.midnight(day + ONE_DAY)
            if end > load.end:
                return tuple(found)
            of_day = energies(load, pv, self._courses.ranks, begin, end)
            for kind, energy in zip((ForecastKind.LOAD, ForecastKind.PV), of_day, strict=True):
                if energy is not None:
                    is_whole = begin == self._place.midnight(day)
                    found.append(DayEnergy(kind=kind, day=day, is_whole=is_whole, energy=energy))
            day, begin = day + ONE_DAY, end

    def _holidays_ahead(self, today: date) -> tuple[date, ...]:
        ahead = (today + back * ONE_DAY for back in range(FORECAST_SLOTS // SLOTS_PER_DAY + 1))
        return tuple(day for day in ahead if self._place.holidays.is_holiday(day))


def _expectation(
    kind: ForecastKind, choice: ModelChoice, bands: Bands, *, n_known: int = 0
) -> Expectation:
    band = bands.to_band_series(_PRICE_DIGITS if kind in _PRICE_KINDS else 3)
    return Expectation(kind=kind, band=replace(band, n_known=n_known), choice=choice)
