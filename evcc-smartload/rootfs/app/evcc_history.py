"""evcc's stored quarter hours and charging sessions, in SmartLoad's words.

Part of the evcc edge (``evcc_client`` and the modules named ``evcc_*``). Pure. Not all that evcc
stores is one quarter hour's energy, and nothing in its answer marks what is not:

- The first slot after a gap holds too little (evcc 0.305) or, since 0.312, all that a meter
  counted during the gap. So a slot counts only when the one before it is there too.
- A meter that could not be read has no slot, and the sum of the others is too small. So a sum
  counts only with every series of its group that reported within the last day.
- In the hour that comes twice in autumn evcc adds up the slots that its clock names alike. So no
  request may hold both of them: see ``requests_for``.
- A counter that was reset or misread shows as an impossible energy.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter

from domain.forecast import BandSeries, ForecastKind, IssuedForecast
from domain.history import ChargingSession, EnergySource, QuarterEnergies
from domain.horizon import SLOT, SLOT_H, slot_start
from errors import EvccUnreadableError
from evcc_values import Fields, Notes, to_instant, to_number, to_text
from evcc_wire import read_json

# Asked for before each range, so that it can be judged from its first slot on.
_LOOKBACK = timedelta(days=1)
# Twenty meters have 2 MB in nine days, and evcc has 10 to 30 s to write them.
_LONGEST_RANGE = timedelta(days=8)
_HOUR = timedelta(hours=1)
_MOST_KWH = 50.0  # 200 kW for a quarter hour: more than any home's connection carries
_MOST_SOC_PCT = 100.0
_MOST_SESSION_KWH = 1_000.0
_MOST_SESSIONS = 2**31
_GROUPS = ("pv", "home", "grid", "battery", "loadpoint", "forecast")
_OFFSET_CHARS = 6
# All series of an answer name the same quarter hours, and so does the next answer.
_KNOWN_SLOTS = 2048
_FORECAST_MODEL = "evcc_recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPast:
    """What evcc stored: the home's quarter hours, and what its solar forecast said of them.

    ``energies`` rise. ``forecast_kwh`` is by slot start: the provider's forecast as it stood when
    the slot came, that is with next to no lead.
    """

    energies: tuple[QuarterEnergies, ...] = ()
    forecast_kwh: Mapping[datetime, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyRequest:
    """One request for stored energies; the answer is asked for from ``asked_from`` on."""

    asked_from: datetime
    start: datetime
    end: datetime

    @property
    def path(self) -> str:
        """Path and query."""
        return f"/api/history/energy?from={_z_time(self.asked_from)}&to={_z_time(self.end)}"


def requests_for(start: datetime, end: datetime, zone: tzinfo | None) -> Iterator[EnergyRequest]:
    """Cut a range into requests that evcc answers truly and in time.

    Args:
        start: Where the range begins, aware UTC.
        end: Where it ends (outside).
        zone: The zone evcc runs in; without it the autumn's double hour stays a gap.
    """
    asked_from = start - _LOOKBACK
    turns = [] if zone is None else _clocks_set_back(asked_from, end, zone)
    while start < end:
        past_turns = [turn for turn in turns if turn <= start]
        asked_from = max([start - _LOOKBACK, *past_turns[-1:]])
        stop = min([start + _LONGEST_RANGE, end, *(turn for turn in turns if turn > start)])
        yield EnergyRequest(asked_from=asked_from, start=start, end=stop)
        start = stop


def _clocks_set_back(start: datetime, end: datetime, zone: tzinfo) -> list[datetime]:
    """Return the instants at which the clocks of ``zone`` are set back; they are full hours."""
    turns = []
    hour = start.replace(minute=0, second=0, microsecond=0)
    before = hour.astimezone(zone).utcoffset()
    while (hour := hour + _HOUR) < end:
        after = hour.astimezone(zone).utcoffset()
        if before is not None and after is not None and after < before:
            turns.append(hour)
        before = after
    return turns


def _z_time(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class _Slot:
    energy_kwh: float
    return_kwh: float | None
    soc_pct: float | None


class _Series:
    """The slots of one meter."""

    def __init__(self, group: str, title: str) -> None:
        self.group = group
        self.title = title
        self._slots: dict[datetime, _Slot] = {}
        self._contradicted: set[datetime] = set()
        self._starts: list[datetime] = []

    def add(self, start: datetime, slot: _Slot) -> None:
        known = self._slots.get(start)
        if known is None:
            self._slots[start] = slot
        elif known != slot:
            self._contradicted.add(start)

    def close(self) -> None:
        """Take no more slots; what was said twice and differently is not known."""
        for start in self._contradicted:
            del self._slots[start]
        self._starts = sorted(self._slots)

    def forget(self, first: datetime, last: datetime) -> None:
        self._contradicted |= {start for start in self._slots if first < start <= last}

    def at(self, start: datetime) -> _Slot | None:
        """Return the slot at ``start`` when it is the energy of one quarter hour."""
        return self._slots.get(start) if start - SLOT in self._slots else None

    def soc_pct(self, start: datetime) -> float | None:
        slot = self._slots.get(start)
        return None if slot is None else slot.soc_pct

    def is_expected(self, start: datetime) -> bool:
        """Return whether it reported within the day up to ``start``."""
        position = bisect_right(self._starts, start)
        return position > 0 and start - self._starts[position - 1] <= _LOOKBACK


def read_past(
    payload: bytes, request: EnergyRequest, capacities_kwh: Mapping[str, float]
) -> RecordedPast:
    """Return what an answer of ``GET /api/history/energy`` tells of the range asked for.

    Args:
        payload: The body: series of quarter hours, not grouped; null when there are none.
        request: What was asked for.
        capacities_kwh: Of the batteries by title; their SoC is weighed by them when all are known.

    Raises:
        EvccUnreadableError: The body is no list of series.
    """
    answer = read_json(payload)
    if answer is None:
        return RecordedPast()
    if not isinstance(answer, list):
        raise EvccUnreadableError("evcc's stored energies are not a list")
    series = _read_series(answer)
    energies, forecast_kwh = [], {}
    start = (
        request.start
        if slot_start(request.start) == request.start
        else (slot_start(request.start) + SLOT)
    )
    while start < request.end:
        quarter = _quarter(series, start, capacities_kwh)
        if quarter is not None:
            energies.append(quarter)
        said_kwh = _sum(series["forecast"], start)
        if said_kwh is not None:
            forecast_kwh[start] = said_kwh
        start += SLOT
    return RecordedPast(energies=tuple(energies), forecast_kwh=forecast_kwh)


def _quarter(
    series: Mapping[str, Sequence[_Series]],
    start: datetime,
    capacities_kwh: Mapping[str, float],
) -> QuarterEnergies | None:
    """Return the quarter hour from ``start`` on; None when no energy of it is known."""
    slots = ((one.title, one.at(start)) for one in series["loadpoint"])
    loadpoints_kwh = {title: slot.energy_kwh for title, slot in slots if slot is not None}
    quarter = QuarterEnergies(
        start=start,
        source=EnergySource.EVCC,
        pv_kwh=_sum(series["pv"], start),
        house_kwh=_sum(series["home"], start),
        grid_import_kwh=_sum(series["grid"], start),
        grid_export_kwh=_sum(series["grid"], start, returned=True),
        battery_charge_kwh=_sum(series["battery"], start),
        battery_discharge_kwh=_sum(series["battery"], start, returned=True),
        battery_soc_pct=_soc_pct(series["battery"], start, capacities_kwh),
        loadpoints_kwh=loadpoints_kwh,
    )
    flows = (quarter.pv_kwh, quarter.house_kwh, quarter.grid_import_kwh, quarter.battery_charge_kwh)
    is_known = bool(loadpoints_kwh) or any(flow is not None for flow in flows)
    return quarter if is_known else None


def _sum(group: Sequence[_Series], start: datetime, *, returned: bool = False) -> float | None:
    """Return the energy of a group [kWh]; None when one of its series is missing or untrue."""
    parts_kwh: list[float] = []
    for series in group:
        slot = series.at(start)
        if slot is None:
            if series.is_expected(start):
                return None
            continue
        kwh = slot.return_kwh if returned else slot.energy_kwh
        if kwh is None:
            return None
        parts_kwh.append(kwh)
    return sum(parts_kwh) if parts_kwh else None


def _soc_pct(
    batteries: Sequence[_Series], start: datetime, capacities_kwh: Mapping[str, float]
) -> float | None:
    """Return the SoC of all batteries together [%]; None unless each one reports."""
    present = [battery for battery in batteries if battery.is_expected(start)]
    socs = [battery.soc_pct(start) for battery in present]
    known = [soc for soc in socs if soc is not None]
    if not known or len(known) < len(socs):
        return None
    weights = [capacities_kwh.get(battery.title, 0.0) for battery in present]
    if not all(weights):
        weights = [1.0] * len(present)
    return sum(soc * kwh for soc, kwh in zip(known, weights, strict=True)) / sum(weights)


def _read_series(answer: Sequence[object]) -> dict[str, list[_Series]]:
    """Return the series by group; one that comes in several parts is put together."""
    found: dict[tuple[str, str], _Series] = {}
    for raw in answer:
        if not isinstance(raw, dict) or raw.get("group") not in _GROUPS:
            continue
        group, title, slots = raw["group"], raw.get("title"), raw.get("data")
        title = to_text(title) if isinstance(title, str) else ""
        series = found.setdefault((group, title), _Series(group, title))
        if isinstance(slots, list):
            _add_slots(series, slots, has_soc=raw.get("isTemp") is not True)
    by_group: dict[str, list[_Series]] = {group: [] for group in _GROUPS}
    for series in found.values():
        series.close()
        by_group[series.group].append(series)
    return by_group


def _add_slots(series: _Series, slots: Sequence[object], *, has_soc: bool) -> None:
    offsets: dict[str, datetime] = {}
    for raw in slots:
        if not isinstance(raw, dict):
            continue
        start_raw, end_raw, energy_kwh = raw.get("start"), raw.get("end"), _kwh(raw.get("energy"))
        if energy_kwh is None or not isinstance(start_raw, str) or not isinstance(end_raw, str):
            continue
        start = _quarter_start(start_raw, end_raw)
        if start is None:
            continue
        soc_pct = to_number(raw.get("socTemp")) if has_soc else None
        is_soc = soc_pct is not None and 0.0 <= soc_pct <= _MOST_SOC_PCT
        slot = _Slot(energy_kwh, _kwh(raw.get("returnEnergy")), soc_pct if is_soc else None)
        series.add(start, slot)
        offset = start_raw[-_OFFSET_CHARS:]
        offsets[offset] = max(start, offsets.get(offset, start))
    _forget_double_hour(series, offsets)


@lru_cache(maxsize=_KNOWN_SLOTS)
def _quarter_start(start_raw: str, end_raw: str) -> datetime | None:
    """Return the start of a slot; None when it is no quarter hour of the clock."""
    start, end = to_instant(start_raw), to_instant(end_raw)
    if start is None or end is None or end - start != SLOT or slot_start(start) != start:
        return None
    return start


def _forget_double_hour(series: _Series, last_by_offset: Mapping[str, datetime]) -> None:
    """Forget the last hour before the clocks were set back, which may hold the next one too."""
    offsets = sorted(last_by_offset.items(), key=itemgetter(1))
    for (text, last), (next_text, _) in pairwise(offsets):
        before, after = _offset(text), _offset(next_text)
        if before is not None and after is not None and after < before:
            series.forget(last - (before - after), last)


def _offset(text: str) -> timedelta | None:
    if text.endswith("Z"):
        return timedelta(0)
    try:
        return datetime.fromisoformat(f"2000-01-01T00:00:00{text}").utcoffset()
    except ValueError:
        return None


def _kwh(value: object) -> float | None:
    number = to_number(value)
    return number if number is not None and 0.0 <= number <= _MOST_KWH else None


def issued_forecasts(forecast_kwh: Mapping[datetime, float]) -> tuple[IssuedForecast, ...]:
    """Return the recorded solar forecast as forecasts, each said as its only slot began.

    One for a whole day would claim leads of up to 24 h, with the errors of none.
    """
    return tuple(
        IssuedForecast(
            kind=ForecastKind.PV_PROVIDER,
            issued_at=start,
            band=BandSeries(start=start, p10=(None,), p50=(round(kwh / SLOT_H, 3),), p90=(None,)),
            model=_FORECAST_MODEL,
        )
        for start, kwh in sorted(forecast_kwh.items())
    )


def read_sessions(payload: bytes) -> tuple[ChargingSession, ...]:
    """Return the charging sessions of an answer of ``GET /api/sessions``, oldest first.

    A session without number, start or energy is left out.

    Raises:
        EvccUnreadableError: The body is no list.
    """
    answer = read_json(payload)
    if answer is None:
        return ()
    if not isinstance(answer, list):
        raise EvccUnreadableError("evcc's charging sessions are not a list")
    found: dict[int, ChargingSession] = {}
    for raw in answer:
        session = _read_session(raw) if isinstance(raw, dict) else None
        if session is not None:
            found.setdefault(session.number, session)
    return tuple(sorted(found.values(), key=lambda session: session.started_at))


def _read_session(raw: Mapping[str, object]) -> ChargingSession | None:
    fields = Fields(raw, Notes(), "session.")
    number = raw.get("id")
    started_at, finished_at = fields.instant("created"), fields.instant("finished")
    energy_kwh = fields.number("chargedEnergy", low=0.0, high=_MOST_SESSION_KWH)
    if type(number) is not int or not 0 <= number < _MOST_SESSIONS:
        return None
    if started_at is None or energy_kwh is None:
        return None
    return ChargingSession(
        number=number,
        started_at=started_at,
        finished_at=None if finished_at is None else max(started_at, finished_at),
        loadpoint=fields.word("loadpoint") or "",
        vehicle=fields.word("vehicle"),
        energy_kwh=energy_kwh,
        # 0 is evcc's "not known" for the SoC of a car.
        soc_start_pct=fields.number("socStart", low=0.0, high=_MOST_SOC_PCT) or None,
        soc_end_pct=fields.number("socEnd", low=0.0, high=_MOST_SOC_PCT) or None,
        solar_pct=_share_pct(fields.number("solarPercentage")),
        cost_eur=fields.number("price"),
    )


def _share_pct(value_pct: float | None) -> float | None:
    """Return a share that rounding may have put a little outside of 0 to 100 %."""
    if value_pct is None or not -1.0 <= value_pct <= _MOST_SOC_PCT + 1.0:
        return None
    return min(_MOST_SOC_PCT, max(0.0, value_pct))
