"""What was known of the house at each moment of a past that is lived again."""

from datetime import date, datetime, timedelta

from domain.horizon import SLOT
from domain.outlook import Away
from forecaster.away import find_away
from forecaster.load import forecast_load, learn_levels
from forecaster.series import Bands, FloatArray, SlotSeries, n_slots_between
from place import Place

# What the last hours have shown fades within some hours. Of what comes later a third of a day
# more of the past changes hardly anything, and it takes four fifths of the time.
NEAR_SLOTS = 32
WHOLE_EVERY = timedelta(hours=8)


class LoadKnowledge:
    """Forecasts the house as the service does, the next hours more often than the days."""

    def __init__(self, load_kw: SlotSeries, place: Place) -> None:
        """Forecast from ``load_kw``; of it only what came before an issue is looked at."""
        self._load = load_kw
        self._place = place
        self._levels: FloatArray | None = None
        self._levels_of: date | None = None
        self._whole: Bands | None = None
        self.away: Away | None = None
        """Since when nobody seems to be at home, as of the last issue."""

    def issue(self, start: datetime, n_slots: int) -> Bands:
        """Return what is expected of ``n_slots`` from ``start`` on; starts only rise."""
        known = known_before(self._load, start)
        whole = self._whole
        is_due = whole is None or not start < whole.start + WHOLE_EVERY
        if is_due or self.away is not None:
            self.away = find_away(known, start, zone=self._place.zone)
        if is_due or whole is None:
            whole = self._forecast(known, start, n_slots + WHOLE_EVERY // SLOT)
            self._whole = whole
        passed = n_slots_between(whole.start, start)
        values = whole.values[:, passed : passed + n_slots].copy()
        if passed:
            near = self._forecast(known, start, min(NEAR_SLOTS, n_slots))
            values[:, : near.n_slots] = near.values
        return Bands(start=start, values=values)

    def _forecast(self, known: SlotSeries, start: datetime, n_slots: int) -> Bands:
        return forecast_load(
            known,
            start,
            n_slots,
            zone=self._place.zone,
            holidays=self._place.holidays,
            away=self.away,
            levels=self._levels_at(known, start),
        )

    def _levels_at(self, known: SlotSeries, start: datetime) -> FloatArray:
        """Return what the last weeks teach about the band, learned anew each day."""
        today = self._place.day_of(start)
        if self._levels is None or self._levels_of != today:
            self._levels = learn_levels(
                known, start, zone=self._place.zone, holidays=self._place.holidays
            )
            self._levels_of = today
        return self._levels


def known_before(series: SlotSeries, start: datetime, back: timedelta | None = None) -> SlotSeries:
    """Return what a series tells of the time before ``start``; at most so long ``back``."""
    last = max(0, n_slots_between(series.start, start))
    first = 0 if back is None else max(0, last - back // SLOT)
    return SlotSeries(start=series.start + first * SLOT, values=series.values[first:last])
