"""What evcc wrote to an InfluxDB, as energies of quarter hours.

evcc writes a point with the field ``value`` for each number it publishes, in a measurement of that
number's name: powers in W, prices per kWh. What is read:

=============  ==================================================================================
homePower      the house without loadpoints and battery; evcc cuts it off at 0
pvPower        sum of all inverters; each one's own points carry a tag ``id``
gridPower      positive is import
batteryPower   sum of all batteries (own points with ``id``), positive is discharge
batterySoc     likewise, in %; evcc wrote 0 when a reading failed
chargePower    by the tag ``loadpoint``, its title; ``vehicle`` comes and goes within one loadpoint
tariffGrid     written only when it changes, and after a start of evcc; tariffFeedIn likewise
=============  ==================================================================================

Source: evcc's ``server/influxdb.go``, ``core/site.go`` and ``core/loadpoint.go``.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from domain.history import EnergySource, QuarterEnergies
from sources.influx_query import InfluxAccess, InfluxConnection, Table
from sources.minutes import FloatArray, MinuteSpan, at_quarter_starts, quarter_kwh

TIMEOUT_S = 60.0
"""Longest wait for one day of a home; a Raspberry Pi with a slow card needs a few seconds."""

_QUARTER_S = 900
_LONGEST_QUESTION = timedelta(days=1)
_OLDEST_PRICE_S = 90 * 86_400
# A price that stood for a day is a fixed one. One that changes by the hour may have changed
# unseen while nothing was recorded.
_FIXED_PRICE_S = 86_400


class InfluxPast:
    """Reads evcc's InfluxDB; a ``PastSource``. Not thread-safe: one thread imports."""

    def __init__(self, access: InfluxAccess, *, timeout_s: float = TIMEOUT_S) -> None:
        self._connection = InfluxConnection(access, timeout_s=timeout_s)

    @property
    def source(self) -> EnergySource:
        return EnergySource.INFLUX

    def close(self) -> None:
        self._connection.close()

    def read_energies(self, start: datetime, end: datetime) -> Sequence[QuarterEnergies]:
        """Return the recorded quarter hours that lie within ``start`` to ``end``, rising.

        A day is asked for at a time. A quarter hour of which nothing was recorded is left out.

        Raises:
            PastSourceError: The database did not answer usefully; the text says what to do.
        """
        first_s = math.ceil(start.timestamp() / _QUARTER_S) * _QUARTER_S
        end_s = math.floor(end.timestamp() / _QUARTER_S) * _QUARTER_S
        day_s = int(_LONGEST_QUESTION.total_seconds())
        quarters: list[QuarterEnergies] = []
        for start_s in range(first_s, end_s, day_s):
            n_quarters = (min(start_s + day_s, end_s) - start_s) // _QUARTER_S
            span = MinuteSpan(start_s=start_s, n_quarters=n_quarters)
            quarters += _to_quarters(span, self._connection.ask(_questions(span)))
        return quarters


def _questions(span: MinuteSpan) -> list[str]:
    """Return the statements whose answers ``_to_quarters`` reads, in this order."""
    within = f"time >= {span.first_minute_s}s AND time < {span.end_s}s"
    minutely = f"{within} AND \"id\" = ''"

    def select(what: str, measurement: str, where: str, *, group_by: str = "") -> str:
        groups = f" GROUP BY {group_by} fill(none)" if group_by else ""
        return f'SELECT {what} FROM "{measurement}" WHERE {where}{groups}'  # noqa: S608 only our own names and numbers

    mean, total, count, last = (f'{call}("value")' for call in ("mean", "sum", "count", "last"))
    is_positive = f'{minutely} AND "value" > 0'
    before = f"time >= {span.start_s - _OLDEST_PRICE_S}s AND time < {span.start_s}s"
    prices = f"time >= {span.start_s}s AND time < {span.end_s}s"
    minute = "time(1m)"
    return [
        select(mean, "homePower", minutely, group_by=minute),
        select(mean, "pvPower", minutely, group_by=minute),
        select(mean, "chargePower", within, group_by=f'{minute}, "loadpoint"'),
        # The mean of a signed power has import and export cancelled against each other. The sum
        # of the positive points over the number of all points has not.
        select(f"{total}, {count}", "gridPower", minutely, group_by=minute),
        select(total, "gridPower", is_positive, group_by=minute),
        select(f"{total}, {count}", "batteryPower", minutely, group_by=minute),
        select(total, "batteryPower", is_positive, group_by=minute),
        select(last, "batterySoc", is_positive, group_by=minute),
        select(last, "tariffGrid", before),
        select(last, "tariffGrid", prices, group_by="time(15m)"),
        select(last, "tariffFeedIn", before),
        select(last, "tariffFeedIn", prices, group_by="time(15m)"),
    ]


def _to_quarters(span: MinuteSpan, answers: Sequence[Sequence[Table]]) -> list[QuarterEnergies]:
    home, pv, charge, grid, grid_up, battery, battery_up, soc, *prices = answers
    imported, exported = _both_ways_kwh(span, grid, grid_up)
    discharged, charged = _both_ways_kwh(span, battery, battery_up)
    loadpoints = {
        table.tags.get("loadpoint", ""): _flow_kwh(span, _values(table)) for table in charge
    }
    columns = _Columns(
        pv_kwh=_flow_kwh(span, _values(*pv)),
        house_kwh=_house_kwh(span, home, loadpoints),
        grid_import_kwh=imported,
        grid_export_kwh=exported,
        battery_charge_kwh=charged,
        battery_discharge_kwh=discharged,
        battery_soc_pct=at_quarter_starts(span.series(_values(*soc))),
        loadpoints_kwh=loadpoints,
    )
    is_recorded = columns.is_recorded()
    columns.import_eur_per_kwh = _prices(span, prices[0], prices[1], is_recorded)
    columns.export_eur_per_kwh = _prices(span, prices[2], prices[3], is_recorded)
    return [columns.at(span, index) for index in range(span.n_quarters) if is_recorded[index]]


def _values(*tables: Table) -> dict[int, float]:
    rows = itertools.chain.from_iterable(table.rows for table in tables)
    return {time_s: values[0] for time_s, values in rows if values and values[0] is not None}


def _flow_kwh(span: MinuteSpan, values_w: Mapping[int, float]) -> FloatArray:
    """Return a flow that has one direction; what a meter shows below 0 is its standby."""
    return quarter_kwh(np.maximum(span.series(values_w), 0.0))


def _house_kwh(
    span: MinuteSpan, home: Iterable[Table], loadpoints_kwh: Mapping[str, FloatArray]
) -> FloatArray:
    kwh = quarter_kwh(span.series(_values(*home)))
    # evcc writes 0 when its meters contradict each other; no house uses nothing for so long.
    kwh[~(kwh > 0.0)] = np.nan
    for loadpoint_kwh in loadpoints_kwh.values():
        # evcc counts a loadpoint whose meter fails as 0, so its car would be in the house.
        kwh[np.isnan(loadpoint_kwh)] = np.nan
    return kwh


def _both_ways_kwh(
    span: MinuteSpan, sums: Iterable[Table], positive_sums: Iterable[Table]
) -> tuple[FloatArray, FloatArray]:
    """Return what flowed in the positive and in the negative direction [kWh]."""
    positive = _values(*positive_sums)
    up: dict[int, float] = {}
    down: dict[int, float] = {}
    for time_s, values in itertools.chain.from_iterable(table.rows for table in sums):
        match values:
            case (float(total), float(count)) if count > 0:
                up[time_s] = positive.get(time_s, 0.0) / count
                down[time_s] = max(0.0, positive.get(time_s, 0.0) - total) / count
    return quarter_kwh(span.series(up)), quarter_kwh(span.series(down))


def _prices(
    span: MinuteSpan,
    before: Iterable[Table],
    changes: Iterable[Table],
    is_recorded: npt.NDArray[np.bool_],
) -> FloatArray:
    """Return the price of each recorded quarter hour; NaN where it is not known.

    A price holds until the next one. After a gap in the record only a fixed price still does.
    """
    changed = _values(*changes)
    since_s, price = max(_values(*before).items(), default=(span.start_s, math.nan))
    prices = np.full(span.n_quarters, np.nan)
    for index in range(span.n_quarters):
        time_s = span.start_s + index * _QUARTER_S
        if time_s in changed:
            since_s, price = time_s, changed[time_s]
        if is_recorded[index]:
            prices[index] = price
        elif time_s not in changed and time_s - since_s < _FIXED_PRICE_S:
            price = math.nan
    return prices


@dataclass(slots=True, kw_only=True)
class _Columns:
    """The series of one span, a value for each quarter hour; NaN is not known."""

    pv_kwh: FloatArray
    house_kwh: FloatArray
    grid_import_kwh: FloatArray
    grid_export_kwh: FloatArray
    battery_charge_kwh: FloatArray
    battery_discharge_kwh: FloatArray
    battery_soc_pct: FloatArray
    loadpoints_kwh: dict[str, FloatArray]
    import_eur_per_kwh: FloatArray | None = None
    export_eur_per_kwh: FloatArray | None = None

    def is_recorded(self) -> npt.NDArray[np.bool_]:
        """Return where at least one energy is known."""
        energies = (self.pv_kwh, self.house_kwh, self.grid_import_kwh, self.battery_charge_kwh)
        is_known = ~np.isnan(np.stack([*energies, *self.loadpoints_kwh.values()]))
        return np.asarray(is_known.any(axis=0), dtype=np.bool_)

    def at(self, span: MinuteSpan, index: int) -> QuarterEnergies:
        loadpoints = {title: _known(kwh, index) for title, kwh in self.loadpoints_kwh.items()}
        return QuarterEnergies(
            start=datetime.fromtimestamp(span.start_s + index * _QUARTER_S, UTC),
            source=EnergySource.INFLUX,
            pv_kwh=_known(self.pv_kwh, index),
            house_kwh=_known(self.house_kwh, index),
            grid_import_kwh=_known(self.grid_import_kwh, index),
            grid_export_kwh=_known(self.grid_export_kwh, index),
            battery_charge_kwh=_known(self.battery_charge_kwh, index),
            battery_discharge_kwh=_known(self.battery_discharge_kwh, index),
            battery_soc_pct=_known(self.battery_soc_pct, index),
            import_eur_per_kwh=_known(self.import_eur_per_kwh, index),
            export_eur_per_kwh=_known(self.export_eur_per_kwh, index),
            loadpoints_kwh={title: kwh for title, kwh in loadpoints.items() if kwh is not None},
        )


def _known(series: FloatArray | None, index: int) -> float | None:
    if series is None or math.isnan(series[index]):
        return None
    return float(series[index])
