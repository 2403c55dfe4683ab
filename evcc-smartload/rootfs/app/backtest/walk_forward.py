"""The forecasts as they were known then: what the service would have said at each quarter hour.

Whoever walks forward knows what was measured before the running quarter hour, the prices that were
published and what a provider had said, and nothing else. What was filled in because it had not been
measured is not learned from. The forecasters are the service's own; what they learn slowly is
learned anew some times a day, and a quarter hour between two issues is told from the last one.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from backtest.knowledge_load import LoadKnowledge
from backtest.knowledge_paths import EVERY, PathKnowledge
from backtest.knowledge_prices import PriceKnowledge, Publication
from backtest.knowledge_sun import NO_CONFIDENCE, SunKnowledge
from backtest.period import Period
from domain.forecast import BandSeries, ChoiceReason, ForecastKind, ModelChoice
from domain.horizon import FORECAST_SLOTS, SLOT, SLOTS_PER_DAY, slot_start
from domain.outlook import Expectation, Outlook
from domain.ports import HolidayCalendar
from forecaster.competition import OUR_MODEL
from forecaster.scenarios import RankArchive
from forecaster.series import Bands, FloatArray, SlotSeries, n_slots_between, to_tuple
from holiday_calendar import NoHolidays
from place import Place

# Issues of the past before the first quarter hour, from which paths are known at the beginning.
REHEARSED = timedelta(days=14)
LEARNED = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issue:
    """What was said of the house from ``start`` on, in both forms; longer than is handed out."""

    start: datetime
    day: date
    load: Bands
    load_band: BandSeries
    provider_kw: tuple[float | None, ...]


class WalkForward:
    """Knows at each quarter hour of a period what the service would have known; of one thread."""

    def __init__(
        self,
        period: Period,
        *,
        reissue_slots: int = 4,
        holidays: HolidayCalendar | None = None,
        rehearsed: timedelta = REHEARSED,
    ) -> None:
        """Learn from what lies before ``period.live_from``.

        Args:
            period: The past that is lived again.
            reissue_slots: So many quarter hours one issue of load and PV is handed out.
            holidays: Of the home; None: every day is like its weekday.
            rehearsed: So far back issues of before the first quarter hour are made up for, so
                that it is known from the beginning how outcomes lie within what is said.
        """
        if reissue_slots < 1:
            raise ValueError("forecasts must be issued now and then")
        self._period = period
        self._reissue_slots = reissue_slots
        self._place = Place(zone=period.zone, holidays=holidays or NoHolidays())
        load = _series(period, np.where(period.is_measured, period.load_kw, np.nan))
        # Whether a home has PV at all is known without looking ahead.
        has_pv = bool((period.pv_kw > 0.0).any())
        pv = _series(period, np.where(period.is_measured, period.pv_kw, np.nan))
        said = None if period.pv_said_kw is None else _series(period, period.pv_said_kw)
        self._load = LoadKnowledge(load, self._place)
        self._sun = SunKnowledge(pv, said, self._place) if has_pv else None
        self._publication = Publication(period.end, self._place)
        self._prices = {
            ForecastKind.IMPORT_PRICE: PriceKnowledge(
                _series(period, period.import_price_eur_per_kwh), self._place
            ),
            ForecastKind.EXPORT_PRICE: PriceKnowledge(
                _series(period, period.export_price_eur_per_kwh), self._place
            ),
        }
        self._paths = PathKnowledge(load, pv if has_pv else None)
        self._n_measured = np.concatenate([[0], np.cumsum(np.isfinite(load.values))])
        self._issue: _Issue | None = None
        self._pv: Bands | None = None
        self._outlook: Outlook | None = None
        self._rehearse(rehearsed)

    @property
    def outlook(self) -> Outlook:
        """What is expected, as of the last update.

        Raises:
            ValueError: There was none.
        """
        if self._outlook is None:
            raise ValueError("nothing is expected before the first update")
        return self._outlook

    @property
    def confidence(self) -> float:
        """How far the PV forecast can be trusted, 0..1; calm enough to act on."""
        return 0.0 if self._sun is None else self._sun.confidence.confidence_frac

    @property
    def slots_kw(self) -> tuple[float, ...]:
        """Expected PV [kW] of the 96 quarter hours from the last update on; empty without one."""
        pv = self.pv_bands
        return () if pv is None else tuple(pv.at(0.5)[:SLOTS_PER_DAY].tolist())

    @property
    def load_bands(self) -> Bands:
        """What the house may use [kW], from the last update on."""
        return _from(self._last.load, self.outlook.start)

    @property
    def pv_bands(self) -> Bands | None:
        """What the PV may give [kW], from the last update on; None: nothing is known of it."""
        return None if self._pv is None else _from(self._pv, self._pv.start)

    @property
    def ranks(self) -> RankArchive:
        """How past outcomes lay within what was said."""
        return self._paths.ranks

    def published_until(self, now: datetime) -> datetime:
        """Return how far prices are published at ``now``."""
        return self._publication.at(now)[1]

    def update(self, now: datetime) -> None:
        """Say what was expected at ``now`` (aware UTC); it only rises."""
        start = slot_start(now)
        if self._outlook is not None and self._outlook.start == start:
            return
        today, published_until = self._publication.at(start)
        last = self._issue
        if (
            last is None
            or not timedelta(0) <= start - last.start < self._reissue_slots * SLOT
            # The provider has said another day.
            or last.day != today
        ):
            last = self._issue = self._say(start)
        elif self._sun is not None:
            self._pv = self._sun.follow(start)
        self._outlook = self._tell(now, last, published_until)

    @property
    def _last(self) -> _Issue:
        if self._issue is None:
            raise ValueError("nothing is expected before the first update")
        return self._issue

    def _rehearse(self, rehearsed: timedelta) -> None:
        live_from = self._period.start + self._period.live_from * SLOT
        at = max(live_from - rehearsed, self._period.start + LEARNED)
        while at < live_from:
            self._say(at)
            at += EVERY

    def _say(self, start: datetime) -> _Issue:
        n_slots = FORECAST_SLOTS + self._reissue_slots - 1
        load = self._load.issue(start, n_slots)
        pv = None if self._sun is None else self._sun.issue(start, n_slots)
        self._pv = pv
        self._paths.note(load, pv)
        return _Issue(
            start=start,
            day=self._place.day_of(start),
            load=load,
            load_band=load.to_band_series(),
            provider_kw=() if self._sun is None else to_tuple(self._sun.provider_kw),
        )

    def _tell(self, now: datetime, said: _Issue, published_until: datetime) -> Outlook:
        start = slot_start(now)
        passed = n_slots_between(said.start, start)
        found = [(ForecastKind.LOAD, _later(said.load_band, passed))]
        pv = self.pv_bands
        if pv is not None:
            found.append((ForecastKind.PV, pv.to_band_series()))
        for kind, prices in self._prices.items():
            band = prices.issue(start, said.day, published_until)
            if band is not None:
                found.append((kind, band))
        n_past = max(0, n_slots_between(self._period.start, start))
        n_measured = self._n_measured[min(n_past, len(self._n_measured) - 1)]
        return Outlook(
            issued_at=now,
            start=start,
            expectations=tuple(
                Expectation(kind=kind, band=band, choice=_CHOICES[kind]) for kind, band in found
            ),
            provider_kw=said.provider_kw[passed : passed + FORECAST_SLOTS],
            confidence=NO_CONFIDENCE if self._sun is None else self._sun.confidence,
            away=self._load.away,
            history_days=float(n_measured) / SLOTS_PER_DAY,
        )


# Who is in use is not judged anew each day, as the service does it: looking back at all competitors
# takes longer than everything else, and on measured homes ours is hardly ever replaced.
_CHOICES = {
    kind: ModelChoice(model=model, reason=ChoiceReason.TOO_LITTLE_HISTORY)
    for kind, model in OUR_MODEL.items()
}


def _series(period: Period, values: FloatArray) -> SlotSeries:
    return SlotSeries(start=period.start, values=values)


def _from(bands: Bands, start: datetime) -> Bands:
    passed = n_slots_between(bands.start, start)
    return Bands(start=start, values=bands.values[:, passed : passed + FORECAST_SLOTS])


def _later(band: BandSeries, passed: int) -> BandSeries:
    here = slice(passed, passed + FORECAST_SLOTS)
    return BandSeries(
        start=band.start + passed * SLOT, p10=band.p10[here], p50=band.p50[here], p90=band.p90[here]
    )
