"""The home's past: on the disk for good, and the last months in memory to forecast from.

What is measured goes to the store and into memory with the same rule: a more trusted source
replaces a less trusted one, and what is not known replaces nothing.
"""

import math
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import numpy as np

from domain.forecast import ForecastKind, IssuedForecast
from domain.history import EnergySource, QuarterEnergies
from domain.horizon import SLOT, SLOT_H, slot_start
from domain.tariff import Rate
from forecaster.archive import SaidArchive, SlotArchive
from forecaster.energy_columns import EnergyColumns
from forecaster.pv_past import PvPast
from forecaster.series import SlotSeries, n_slots_between, to_array
from storage.history_store import HistoryStore

HOUR = timedelta(hours=1)
# Leads at which forecasts are looked back at: the moment, the next hours, the next two days.
LEADS = (timedelta(0), HOUR, 6 * HOUR, 24 * HOUR, 48 * HOUR)
SHOWN_LEAD = 24 * HOUR
# What was said is compared over four weeks and learned from over two months.
SAID_KEPT = timedelta(days=62)
# Forecasts are looked at for at most this long ahead of now; a wrong clock may say anything.
LONGEST_AHEAD = timedelta(days=8)
# A clock that leaps further than this has changed its mind about the date.
LONGEST_LEAP = timedelta(days=3)
# A leap is rare; the cycle waits for the disk no longer than this.
_FLUSH_S = 1.0
BANDED = (ForecastKind.LOAD, ForecastKind.PV)

_TRUST = {source: float(rank) for rank, source in enumerate(EnergySource)}
_COLUMNS = ("house", "pv", "house_trust", "pv_trust", "curtailed", "import", "export")


class HomePast:
    """Belongs to the cycle's thread, but for what its methods say."""

    def __init__(self, store: HistoryStore, now: datetime, *, keep: timedelta) -> None:
        """Read the last months from the store.

        Args:
            store: Where everything is kept.
            now: When this is, aware UTC.
            keep: How far back the forecasters look.
        """
        self._store = store
        self._keep = keep
        self._lock = threading.Lock()
        self._delivered: deque[QuarterEnergies] = deque()
        self._delivered_forecasts: deque[IssuedForecast] = deque()
        self._stored_until: dict[EnergySource, datetime] = {}
        self._seen_at = now
        self._rates: dict[str, Sequence[Rate]] = {}
        self._load(now)

    def _load(self, now: datetime) -> None:
        self._stored_until.clear()
        self._rates.clear()
        self._slots = SlotArchive(_COLUMNS, keep=self._keep, end=now)
        self._said = {
            kind: SaidArchive(LEADS, keep=SAID_KEPT, end=now)
            for kind in (*BANDED, ForecastKind.PV_PROVIDER)
        }
        end = slot_start(now) + SLOT
        self._take_columns(self._store.read_energies(end - self._keep, end))
        self._unread = deque(
            (kind, lead) for kind in BANDED for lead in LEADS if lead != SHOWN_LEAD
        )
        self._read_until = end
        # The PV forecast learns from the provider's, and the owner sees what was said a day before;
        # the rest is only looked back at.
        for lead in LEADS:
            self._read_said(ForecastKind.PV_PROVIDER, lead)
        for kind in BANDED:
            self._read_said(kind, SHOWN_LEAD)

    def _read_said(self, kind: ForecastKind, lead: timedelta) -> None:
        start, until = self._read_until - SAID_KEPT, self._read_until + max(lead, SLOT)
        band = self._store.read_said_before_array(kind, start, until, lead)
        self._said[kind].fill(lead, start, band)

    def read_more(self) -> bool:
        """Read another piece of what was said before this start; False when all of it is read."""
        if not self._unread:
            return False
        self._read_said(*self._unread.popleft())
        return True

    def follow_clock(self, now: datetime) -> bool:
        """Begin anew from the store when the clock leapt; return whether it did."""
        leapt = not -LONGEST_LEAP <= now - self._seen_at <= LONGEST_LEAP
        self._seen_at = now
        if leapt:
            # What was measured a moment ago may still be on its way to the disk.
            self._store.flush(_FLUSH_S)
            self._load(now)
        return leapt

    # What comes in

    def take(self, quarters: Sequence[QuarterEnergies]) -> None:
        """Keep quarter hours; those of a wrong clock, far ahead of now, are left out."""
        usable = self._plausible(quarters)
        if usable:
            self._store.write_energies(usable)
            self._remember(usable)

    def _plausible(self, quarters: Iterable[QuarterEnergies]) -> list[QuarterEnergies]:
        # The grid in memory moves on with its newest slot: one far ahead would push out all others.
        latest = self._seen_at + LONGEST_AHEAD
        return [quarter for quarter in quarters if quarter.start < latest]

    def deliver(self, quarters: Sequence[QuarterEnergies]) -> None:
        """Keep quarter hours on disk now and in memory with ``collect``; for any thread."""
        self._store.write_energies(quarters)
        with self._lock:
            self._delivered.extend(quarters)

    def deliver_forecasts(self, forecasts: Sequence[IssuedForecast]) -> None:
        """Keep what a provider said in the past, as ``deliver``."""
        for forecast in forecasts:
            self._store.write_forecast(forecast)
        with self._lock:
            self._delivered_forecasts.extend(forecasts)

    def collect(self) -> bool:
        """Take over what was delivered meanwhile; return whether there was anything."""
        with self._lock:
            quarters, self._delivered = self._delivered, deque()
            forecasts, self._delivered_forecasts = self._delivered_forecasts, deque()
        self._remember(self._plausible(quarters))
        for forecast in forecasts:
            self._note(forecast)
        return bool(quarters or forecasts)

    def take_prices(
        self, import_rates: Sequence[Rate], export_rates: Sequence[Rate], now: datetime
    ) -> None:
        """Remember published prices, past and coming, in memory; the newest word counts."""
        for column, rates in (("import", import_rates), ("export", export_rates)):
            if rates == self._rates.get(column):
                continue
            self._rates[column] = rates
            prices = _slots_of(rates, slot_start(now) + LONGEST_AHEAD)
            if prices is not None:
                self._slots.put(column, prices.start, prices.values)

    def take_forecast(self, forecast: IssuedForecast) -> None:
        """Keep what was said just now."""
        self._store.write_forecast(forecast)
        self._note(forecast)

    def _note(self, forecast: IssuedForecast, *, only_gaps: bool = False) -> None:
        said = self._said.get(forecast.kind)
        if said is None:
            return
        band = forecast.band
        parts = {
            name: to_array(values)
            for name, values in (("p10", band.p10), ("p50", band.p50), ("p90", band.p90))
        }
        said.note(forecast.issued_at, band.start, parts, only_gaps=only_gaps)

    def fill_said(self, forecast: IssuedForecast) -> None:
        """Remember what would have been said then, where nothing was; in memory only."""
        self._note(forecast, only_gaps=True)

    def _take_columns(self, columns: EnergyColumns) -> None:
        slots, start = self._slots, columns.start
        for name, energy_kwh in (("house", columns.house_kwh), ("pv", columns.pv_kwh)):
            slots.put(name, start, energy_kwh / SLOT_H)
            # The store has merged already; what it holds is as good as evcc's own.
            slots.put(f"{name}_trust", start, np.where(np.isfinite(energy_kwh), 0.0, np.nan))
        slots.put("curtailed", start, columns.is_curtailed)
        slots.put("import", start, columns.import_eur_per_kwh)
        slots.put("export", start, columns.export_eur_per_kwh)

    def _remember(self, quarters: Iterable[QuarterEnergies]) -> None:
        for quarter in quarters:
            start, trust = quarter.start, _TRUST[quarter.source]
            until = self._stored_until.get(quarter.source)
            if until is None or until < start + SLOT:
                self._stored_until[quarter.source] = start + SLOT
            for name, energy_kwh in (("house", quarter.house_kwh), ("pv", quarter.pv_kwh)):
                if energy_kwh is None or not math.isfinite(energy_kwh):
                    continue
                known = self._slots.series(f"{name}_trust", start, start + SLOT).values[0]
                if not known < trust:
                    self._slots.put(name, start, np.array([energy_kwh / SLOT_H]))
                    self._slots.put(f"{name}_trust", start, np.array([trust]))
            if quarter.is_curtailed is not None:
                self._slots.put("curtailed", start, np.array([float(quarter.is_curtailed)]))

    # What is known

    def stored_until(self, source: EnergySource) -> datetime | None:
        """Return where the newest quarter hour that came from ``source`` ends; since the start."""
        return self._stored_until.get(source)

    def known_until(self, now: datetime) -> datetime | None:
        """Return where the newest known quarter hour up to ``now`` ends; None: none is known."""
        until = slot_start(now)
        is_known = np.isfinite(self._until("house", until).values)
        is_known |= np.isfinite(self._until("pv", until).values)
        known = np.flatnonzero(is_known)
        return self._slots.start + (int(known[-1]) + 1) * SLOT if known.size else None

    @property
    def house_days(self) -> float:
        """How many days' worth of house load are known."""
        return self._slots.n_known("house") * SLOT_H / 24.0

    def house_kw(self, until: datetime) -> SlotSeries:
        """Return the house load [kW] before ``until``."""
        return self._until("house", until)

    def pv_kw(self, until: datetime) -> SlotSeries:
        """Return the measured PV [kW] before ``until``."""
        return self._until("pv", until)

    def measured_kw(self, kind: ForecastKind, start: datetime, end: datetime) -> SlotSeries:
        """Return what was measured of a kind [kW] from ``start`` to ``end``."""
        return self._slots.series("house" if kind is ForecastKind.LOAD else "pv", start, end)

    def prices(self, kind: ForecastKind, until: datetime) -> SlotSeries:
        """Return published prices [EUR/kWh] up to ``until``, which may lie ahead."""
        return self._until("import" if kind is ForecastKind.IMPORT_PRICE else "export", until)

    def said(
        self, kind: ForecastKind, lead: timedelta, start: datetime, end: datetime
    ) -> tuple[SlotSeries, SlotSeries, SlotSeries]:
        """Return p10, p50 and p90 as they were said ``lead`` before each slot."""
        archive = self._said[kind]
        low, middle, high = (archive.said(lead, start, end, part) for part in archive.PARTS)
        return low, middle, high

    def has_provider_near(self, at: datetime) -> bool:
        """Return whether a provider's word is known of any time within two months of ``at``."""
        archive = self._said[ForecastKind.PV_PROVIDER]
        near = archive.said(timedelta(0), at - SAID_KEPT, at + SAID_KEPT)
        return bool(np.isfinite(near.values).any())

    def pv_past(self, until: datetime) -> PvPast:
        """Return what the PV forecast learns from, up to ``until``."""
        start = until - SAID_KEPT
        curtailed = self._slots.series("curtailed", start, until).values
        provider = self._said[ForecastKind.PV_PROVIDER]
        return PvPast(
            measured=self._slots.series("pv", start, until),
            said={lead: provider.said(lead, start, until) for lead in LEADS},
            excluded=curtailed == 1.0,
        )

    def _until(self, column: str, until: datetime) -> SlotSeries:
        return self._slots.series(column, self._slots.start, until)


def _slots_of(rates: Sequence[Rate], until: datetime) -> SlotSeries | None:
    """Return the prices [EUR/kWh] of the quarter hours that lie within a rate, before ``until``.

    None when there is none.
    """
    if not rates:
        return None
    begin = slot_start(rates[0].start)
    n_slots = n_slots_between(begin, until)
    if n_slots <= 0:
        return None
    begin_s = begin.timestamp()
    bounds_s = np.array([(rate.start.timestamp(), rate.end.timestamp()) for rate in rates])
    prices = np.array([rate.price_eur_per_kwh for rate in rates])
    places = (bounds_s - begin_s) / SLOT.total_seconds()
    first = np.maximum(np.ceil(places[:, 0]), 0).astype(np.int64)
    last = np.minimum(np.floor(places[:, 1]), n_slots).astype(np.int64)
    lengths = np.maximum(last - first, 0)
    # Slot after slot of each rate: where its slots begin in this row, and how far into it one is.
    into = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    values = np.full(n_slots, np.nan)
    values[np.repeat(first, lengths) + into] = np.repeat(prices, lengths)
    return SlotSeries(start=begin, values=values)
