"""Measures quarter hours from readings of evcc, as long as evcc's own stored ones are not there."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from clock import EARLIEST_PLAUSIBLE_NOW
from diagnosis import is_balanced
from domain.history import EnergySource, QuarterEnergies
from domain.horizon import SLOT, SLOT_H, slot_start
from domain.site import SiteSnapshot
from domain.tariff import rate_at

# A quarter hour of which less was seen is not measured.
_LEAST_SEEN_FRAC = 0.8
# Held back for a minute and a half, and the sun of the quarter hour cannot be told any more.
_CURTAILED_FRAC = 0.1
# A reading stands for the time up to the next; a lost one or two are bridged, an outage is not.
_BRIDGED_POLLS = 3
_LONGEST_BRIDGE = timedelta(minutes=5)
_LATE_POLL = 1.2
# A SoC read this far from the slot's start is not the one at its start.
_SOC_SLACK = timedelta(minutes=3)
# evcc stores a quarter hour in its next cycle, by default within 30 s.
_STORED_AFTER = timedelta(seconds=45)
_LONGEST_FETCH = timedelta(days=7)
_FIRST_FETCH = timedelta(hours=6)


def longest_hold(poll: timedelta) -> timedelta:
    """Return how long a reading may stand for what follows it, when evcc is read each ``poll``."""
    bridged = min(_BRIDGED_POLLS * poll, _LONGEST_BRIDGE)
    # There is a reading in each quarter hour, however seldom evcc is looked at in between.
    return max(_LATE_POLL * min(poll, SLOT), bridged)


def range_to_fetch(
    now: datetime, *, stored_until: datetime | None
) -> tuple[datetime, datetime] | None:
    """Return which of evcc's stored quarter hours to ask for next; None when none can be new.

    Args:
        now: When this is, aware UTC.
        stored_until: Where the newest quarter hour ends that the history has from evcc; None when
            it has none. After an outage the range reaches back to it, at most a week; what is
            older is for the import.
    """
    end = slot_start(now - _STORED_AFTER)
    start = end - _FIRST_FETCH if stored_until is None else stored_until
    start = max(start, end - _LONGEST_FETCH)
    return (start, end) if start < end else None


class SlotMeter:
    """Closes quarter hours from readings; belongs to one thread.

    What it has seen of the running quarter hour is lost on a restart; evcc's own history fills
    such a gap.
    """

    def __init__(self) -> None:
        """Begin without a reading."""
        self._reading: SiteSnapshot | None = None
        self._holds_until: datetime | None = None
        self._at: datetime | None = None
        self._slot: _Slot | None = None

    def observe(
        self, now: datetime, site: SiteSnapshot | None, *, poll: timedelta
    ) -> tuple[QuarterEnergies, ...]:
        """Take in a look at evcc; return the quarter hours that are complete with it, rising.

        Args:
            now: When this is, aware UTC. A clock that was set back, or cannot be right, begins
                anew: what was seen before and after belongs to no common quarter hour.
            site: What was read at ``now``; None when evcc did not answer. A reading of another
                time, or with powers that cannot be true together, counts as none.
            poll: How often evcc is being looked at.
        """
        if now < EARLIEST_PLAUSIBLE_NOW or (self._at is not None and now < self._at):
            self._reading = self._holds_until = self._at = self._slot = None
        if now < EARLIEST_PLAUSIBLE_NOW:
            return ()
        closed = tuple(self._pass_time(now))
        self._at = now
        if site is not None and site.read_at == now and is_balanced(site):
            self._reading, self._holds_until = site, now + longest_hold(poll)
            if self._slot is None:
                self._slot = _Slot(start=slot_start(now))
            self._slot.note(site)
        return closed

    def _pass_time(self, now: datetime) -> Iterator[QuarterEnergies]:
        """Let the last reading stand for the time since it, slot by slot."""
        since, reading, holds_until = self._at, self._reading, self._holds_until
        if since is None or reading is None or holds_until is None:
            return
        until = min(now, holds_until)
        while self._slot is not None:
            end = self._slot.end
            self._slot.add(reading, min(end, until) - since)
            if now < end:
                return
            quarter = self._slot.close()
            if quarter is not None:
                yield quarter
            since = end
            # A slot of which nothing was seen is not opened: an outage may last for months.
            self._slot = _Slot(start=end) if end < until else None
            if self._slot is not None:
                self._slot.note(reading)


@dataclass(slots=True)
class _Mean:
    """A power's sum over the time in which it was known."""

    energy_kwh: float = 0.0
    known_s: float = 0.0

    def add(self, power_kw: float, seconds: float) -> None:
        self.energy_kwh += power_kw * seconds / 3600.0
        self.known_s += seconds

    def slot_kwh(self) -> float | None:
        """Return the energy of the whole slot; None when it was known for too little of it."""
        if self.known_s < _LEAST_SEEN_FRAC * SLOT.total_seconds():
            return None
        return self.energy_kwh * SLOT.total_seconds() / self.known_s


@dataclass(slots=True)
class _Slot:
    """A quarter hour that is being measured."""

    start: datetime
    _flows: Mapping[str, _Mean] = field(default_factory=lambda: defaultdict(_Mean))
    _loadpoints: Mapping[str, _Mean] = field(default_factory=lambda: defaultdict(_Mean))
    _curtailed: _Mean = field(default_factory=_Mean)
    _soc: tuple[timedelta, float | None] = (_SOC_SLACK, None)
    _import_eur_per_kwh: float | None = None
    _export_eur_per_kwh: float | None = None

    @property
    def end(self) -> datetime:
        return self.start + SLOT

    def note(self, reading: SiteSnapshot) -> None:
        """Keep what a reading says of the slot apart from powers."""
        soc_pct = None if reading.battery is None else reading.battery.soc_pct
        distance = abs(reading.read_at - self.start)
        if soc_pct is not None and distance < self._soc[0]:
            self._soc = (distance, soc_pct)
        bought, sold = (
            rate_at(rates, self.start) for rates in (reading.import_rates, reading.export_rates)
        )
        if bought is not None:
            self._import_eur_per_kwh = bought.price_eur_per_kwh
        if sold is not None:
            self._export_eur_per_kwh = sold.price_eur_per_kwh

    def add(self, reading: SiteSnapshot, span: timedelta) -> None:
        """Let a reading stand for ``span``; nothing happens when that is none."""
        seconds = span.total_seconds()
        if seconds <= 0.0:
            return
        for name, power_kw in _flows_kw(reading).items():
            if power_kw is not None:
                self._flows[name].add(power_kw, seconds)
        powers_kw: dict[str, float] = defaultdict(float)
        for loadpoint in reading.loadpoints:
            powers_kw[loadpoint.title] += loadpoint.charge_kw
        for title, power_kw in powers_kw.items():
            self._loadpoints[title].add(power_kw, seconds)
        if reading.is_curtailed is not None:
            self._curtailed.add(float(reading.is_curtailed), seconds)

    def close(self) -> QuarterEnergies | None:
        """Return what was measured; None when too little of the slot was seen."""
        flows_kwh = {name: mean.slot_kwh() for name, mean in self._flows.items()}
        if all(kwh is None for kwh in flows_kwh.values()):
            return None
        loadpoints_kwh = {title: mean.slot_kwh() for title, mean in self._loadpoints.items()}
        held_back_h = self._curtailed.slot_kwh()
        return QuarterEnergies(
            start=self.start,
            source=EnergySource.LIVE,
            pv_kwh=flows_kwh.get("pv"),
            house_kwh=flows_kwh.get("house"),
            grid_import_kwh=flows_kwh.get("grid_import"),
            grid_export_kwh=flows_kwh.get("grid_export"),
            battery_charge_kwh=flows_kwh.get("battery_charge"),
            battery_discharge_kwh=flows_kwh.get("battery_discharge"),
            battery_soc_pct=self._soc[1],
            import_eur_per_kwh=self._import_eur_per_kwh,
            export_eur_per_kwh=self._export_eur_per_kwh,
            is_curtailed=None if held_back_h is None else held_back_h >= _CURTAILED_FRAC * SLOT_H,
            loadpoints_kwh={title: kwh for title, kwh in loadpoints_kwh.items() if kwh is not None},
        )


def _flows_kw(reading: SiteSnapshot) -> dict[str, float | None]:
    battery = reading.battery
    return {
        "pv": reading.pv_kw,
        "house": reading.home_kw,
        "grid_import": reading.grid_import_kw,
        "grid_export": reading.grid_export_kw,
        "battery_charge": None if battery is None else battery.charge_kw,
        "battery_discharge": None if battery is None else battery.discharge_kw,
    }
