"""The quarter-hour energies evcc stores, and how it adds them up."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from domain.horizon import SLOT
from simulator.plant import PlantReading
from simulator.wire_format import plain_number, rfc3339

_KEPT_SLOTS = 40 * 96
AGGREGATES = ("15m", "hour", "day", "month")


class Energy(NamedTuple):
    """Energies of one series in one slot [kWh]; SoC [%] at its start when it has one."""

    energy_kwh: float
    return_kwh: float = 0.0
    soc_pct: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Whose energies: evcc's group, name and title."""

    group: str
    name: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuery:
    """Which energies are asked for; ``filters`` by group, name or title."""

    start: datetime
    end: datetime
    aggregate: str
    is_grouped: bool
    filters: dict[str, str]


class EnergyHistory:
    """Energies per complete quarter-hour, from the differences of the meters' counters."""

    def __init__(self, series: Sequence[Series], *, kept_slots: int = _KEPT_SLOTS) -> None:
        self.series = tuple(series)
        self._slots: deque[tuple[datetime, tuple[Energy, ...]]] = deque(maxlen=kept_slots)
        self._opened: tuple[datetime, PlantReading] | None = None

    def close_slot(self, end: datetime, reading: PlantReading, forecast_kwh: float) -> None:
        """Store the slot that ended when it was complete, and begin the next."""
        if self._opened is not None and end - self._opened[0] == SLOT:
            start, before = self._opened
            self._slots.append((start, _energies(before, reading, forecast_kwh)))
        self._opened = (end, reading)

    def remember(self, slots: Iterable[tuple[datetime, tuple[Energy, ...]]]) -> None:
        """Put a past in front of what is stored, however long: rising slots, all series each."""
        past = [*slots, *self._slots]
        self._slots = deque(past, maxlen=max(len(past), self._slots.maxlen or 0))

    @property
    def oldest(self) -> datetime | None:
        """Start of the first stored slot."""
        return self._slots[0][0] if self._slots else None

    @property
    def updated(self) -> datetime | None:
        """Start of the last stored slot."""
        return self._slots[-1][0] if self._slots else None

    def total_kwh(self, series_index: int, since: datetime) -> float:
        """Return the energy of one series in the slots from ``since`` on."""
        total = 0.0
        for start, energies in reversed(self._slots):
            if start < since:
                break
            total += energies[series_index].energy_kwh
        return total

    def answer(self, query: HistoryQuery, zone: tzinfo) -> list[dict[str, object]] | None:
        """Return the series of ``GET /api/history/energy``; None when there are none."""
        slots = [slot for slot in self._slots if query.start <= slot[0] < query.end]
        chosen = [
            index
            for index, series in enumerate(self.series)
            if all(getattr(series, key) == wanted for key, wanted in query.filters.items())
        ]
        if not slots or not chosen:
            return None
        buckets = _buckets(slots, query.aggregate, zone)
        if not query.is_grouped:
            return [
                {"title": self.series[index].title, "group": self.series[index].group}
                | {"data": [bucket.values([index], with_soc=True) for bucket in buckets]}
                for index in chosen
            ]
        groups: dict[str, list[int]] = {}
        for index in chosen:
            groups.setdefault(self.series[index].group, []).append(index)
        return [
            {"group": group} | {"data": [bucket.values(indices) for bucket in buckets]}
            for group, indices in groups.items()
        ]

    def to_state(self) -> list[list[object]]:
        """Return the stored slots, JSON-serialisable."""
        return [
            [start.isoformat(), [[round(value.energy_kwh, 6), round(value.return_kwh, 6),
                                  value.soc_pct] for value in energies]]
            for start, energies in self._slots
        ]  # fmt: skip

    def restore_state(self, state: Iterable[tuple[str, list[tuple[float, float, float]]]]) -> None:
        """Continue from what ``to_state`` returned."""
        self._slots.clear()
        for start, energies in state:
            values = tuple(Energy(energy, returned, soc) for energy, returned, soc in energies)
            self._slots.append((datetime.fromisoformat(start).astimezone(UTC), values))


def house_series(reading: PlantReading, loadpoints: Sequence[tuple[str, str]]) -> list[Series]:
    """Return the series of a house, in the order in which energies are stored."""
    return [
        Series(group="grid", name="grid", title="grid"),
        Series(group="pv", name="pv1", title="pv1"),
        Series(group="home", name="home", title="home"),
        Series(group="forecast", name="forecast", title="forecast"),
        *(
            Series(group="battery", name=battery.name, title=battery.title)
            for battery in reading.batteries
        ),
        *(Series(group="loadpoint", name=name, title=title) for name, title in loadpoints),
    ]


def _energies(before: PlantReading, after: PlantReading, forecast_kwh: float) -> tuple[Energy, ...]:
    """Return the energies between two readings, in the order of ``house_series``."""
    pv_kwh = after.pv_total_kwh - before.pv_total_kwh
    import_kwh = after.grid_import_total_kwh - before.grid_import_total_kwh
    export_kwh = after.grid_export_total_kwh - before.grid_export_total_kwh
    batteries = [
        Energy(
            new.charged_total_kwh - old.charged_total_kwh,
            new.discharged_total_kwh - old.discharged_total_kwh,
            round(old.soc_pct, 1),
        )
        for old, new in zip(before.batteries, after.batteries, strict=True)
    ]
    chargers = [
        Energy(new.total_kwh - old.total_kwh, 0.0, old.car_soc_pct)
        for old, new in zip(before.chargers, after.chargers, strict=True)
    ]
    home_kwh = pv_kwh + import_kwh - export_kwh
    home_kwh += sum(battery.return_kwh - battery.energy_kwh for battery in batteries)
    home_kwh -= sum(charger.energy_kwh for charger in chargers)
    return (
        Energy(import_kwh, export_kwh),
        Energy(pv_kwh),
        Energy(max(0.0, home_kwh)),
        Energy(forecast_kwh),
        *batteries,
        *chargers,
    )


@dataclass(frozen=True, slots=True)
class _Bucket:
    """Slots that are added up, and what evcc calls their start and end."""

    start: str
    end: str
    energies: Sequence[tuple[Energy, ...]]

    def values(self, indices: Sequence[int], *, with_soc: bool = False) -> dict[str, object]:
        """Return the sum of the series at ``indices``; the SoC is that of the first slot."""
        total_kwh = returned_kwh = 0.0
        for slot in self.energies:
            for index in indices:
                total_kwh += slot[index].energy_kwh
                returned_kwh += slot[index].return_kwh
        values: dict[str, object] = {
            "start": self.start,
            "end": self.end,
            "energy": plain_number(round(max(0.0, total_kwh), 3)),
            "returnEnergy": plain_number(round(max(0.0, returned_kwh), 3)),
        }
        soc_pct = self.energies[0][indices[0]].soc_pct
        if with_soc and soc_pct is not None:
            values["socTemp"] = plain_number(soc_pct)
        return values


def _buckets(
    slots: Sequence[tuple[datetime, tuple[Energy, ...]]], aggregate: str, zone: tzinfo
) -> list[_Bucket]:
    """Return buckets; each starts at its first slot that has values, not at the calendar's."""
    members: dict[object, list[tuple[datetime, tuple[Energy, ...]]]] = {}
    for slot in slots:
        members.setdefault(_bucket_key(slot[0], aggregate, zone), []).append(slot)
    return [
        _Bucket(
            rfc3339(bucket[0][0], zone),
            rfc3339(bucket[0 if aggregate == "15m" else -1][0] + SLOT, zone),
            [energies for _, energies in bucket],
        )
        for bucket in members.values()
    ]


def _bucket_key(start: datetime, aggregate: str, zone: tzinfo) -> object:
    local = start.astimezone(zone)
    # By what the clock shows, as evcc does: in autumn two equal hours fall into one.
    parts = (local.year, local.month, local.day, local.hour, local.minute)
    return parts[: {"month": 2, "day": 3, "hour": 4, "15m": 5}[aggregate]]
