"""What Home Assistant's energy dashboard recorded, as energies of quarter hours.

Its long-term statistics have one value an hour, kept for ever, which is spread evenly over the four
quarters. Where the five-minute values of the last days are still there and agree with the hour,
they give its shape. The house is what is left: import - export + solar + discharge - charge - cars.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from domain.history import EnergySource, QuarterEnergies
from errors import PastSourceError, PastSourceRefusedError, PastSourceUnavailableError
from sources.energy_dashboard import DashboardMeters, read_meters
from sources.home_assistant_socket import (
    CommandError,
    HomeAssistantAccess,
    HomeAssistantSocket,
)
from sources.hour_balance import Flow, HomeFlows, shaped
from sources.meter_hours import FloatArray, believed_kwh, recorded

TIMEOUT_S = 60.0
"""Longest wait for a month of a home."""

LoadpointsKwh = Callable[[datetime, datetime], Mapping[str, float] | None]
"""Energy by loadpoint's title [kWh] within an hour; None is not known."""

_HOUR_S, _FIVE_MINUTES_S = 3600, 300
_HOUR, _QUARTER = timedelta(hours=1), timedelta(minutes=15)
_LONGEST_QUESTION_HOURS = 31 * 24
# Around what is asked for, so that a meter's silence at its edges is seen: a night, at least.
_MARGIN_HOURS = 24

_NO_DASHBOARD = (
    "Home Assistant's energy dashboard has no meters: set it up "
    "under Settings, Dashboards, Energy, and wait until it shows values"
)


class _WireRow(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    start: float  # ms
    change: float | None = None


_Rows = TypeAdapter(dict[str, list[_WireRow]])


class HomeAssistantPast:
    """Reads the energy dashboard's statistics; a ``PastSource``.

    Args:
        access: Where Home Assistant is.
        loadpoints_kwh: Says what cars charged in an hour, such as ``ChargingHours``. Home
            Assistant does not know which of its meters is evcc's loadpoint; where this does not
            know either, the house's energy is None.
        timeout_s: Longest wait for an answer [s].
    """

    def __init__(
        self,
        access: HomeAssistantAccess,
        *,
        loadpoints_kwh: LoadpointsKwh | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._access = access
        self._loadpoints_kwh = loadpoints_kwh
        self._timeout_s = timeout_s

    @property
    def source(self) -> EnergySource:
        return EnergySource.HOME_ASSISTANT

    def read_energies(self, start: datetime, end: datetime) -> Sequence[QuarterEnergies]:
        """Return the quarter hours that lie within ``start`` to ``end``, rising.

        A month is asked for at a time, over one connection.

        Raises:
            PastSourceError: Home Assistant did not answer usefully; the text says what to do.
        """
        first_hour = math.floor(start.timestamp() / _HOUR_S)
        end_hour = math.ceil(end.timestamp() / _HOUR_S)
        quarters: list[QuarterEnergies] = []
        if first_hour >= end_hour:
            return quarters
        with HomeAssistantSocket(self._access, timeout_s=self._timeout_s) as socket:
            meters = _ask_for_meters(socket)
            for hour in range(first_hour, end_hour, _LONGEST_QUESTION_HOURS):
                n_hours = min(_LONGEST_QUESTION_HOURS, end_hour - hour)
                span = _HourSpan(first_hour=hour, n_hours=n_hours)
                quarters += self._quarters(span, _ask_for_flows(socket, meters, span))
        return [one for one in quarters if start <= one.start and one.start + _QUARTER <= end]

    def _quarters(self, span: "_HourSpan", flows: HomeFlows) -> list[QuarterEnergies]:
        quarters: list[QuarterEnergies] = []
        for index in range(span.n_hours):
            start = span.hour_start(index)
            cars_kwh = self._loadpoints_kwh and self._loadpoints_kwh(start, start + _HOUR)
            quarters += flows.quarters(_MARGIN_HOURS + index, start, cars_kwh)
        return quarters


@dataclass(frozen=True, slots=True, kw_only=True)
class _HourSpan:
    """Hours since 1970, without the margins around them."""

    first_hour: int
    n_hours: int

    @property
    def first_asked_s(self) -> int:
        return (self.first_hour - _MARGIN_HOURS) * _HOUR_S

    @property
    def n_asked(self) -> int:
        return self.n_hours + 2 * _MARGIN_HOURS

    def hour_start(self, index: int) -> datetime:
        return datetime.fromtimestamp((self.first_hour + index) * _HOUR_S, UTC)


def _ask_for_meters(socket: HomeAssistantSocket) -> DashboardMeters:
    try:
        meters = read_meters(socket.ask("energy/get_prefs"))
    except CommandError as err:
        raise _not_told(err) from err
    except ValidationError as err:
        raise PastSourceRefusedError(
            "Home Assistant describes its energy dashboard in a form that is not known here"
        ) from err
    if not meters.all():
        raise PastSourceRefusedError(_NO_DASHBOARD)
    return meters


def _not_told(err: CommandError) -> PastSourceError:
    match err.code:
        case "not_found":
            return PastSourceRefusedError(_NO_DASHBOARD)
        case "unauthorized":
            return PastSourceRefusedError(
                "the token may not read Home Assistant's statistics: make one as an administrator"
            )
        case "unknown_command":
            return PastSourceUnavailableError(
                "Home Assistant has not started its energy dashboard or its recorder (yet)"
            )
    return PastSourceUnavailableError(f"Home Assistant failed: {str(err)[:200] or err.code}")


def _ask_for_flows(
    socket: HomeAssistantSocket, meters: DashboardMeters, span: _HourSpan
) -> HomeFlows:
    hourly = _changes(socket, meters, span, "hour", _HOUR_S)
    # They are kept for ten days by default; before that the answer is empty.
    fine = _changes(socket, meters, span, "5minute", _FIVE_MINUTES_S)
    by_meter = {id_: believed_kwh(hourly.get(id_, {}), span.n_asked) for id_ in meters.all()}
    is_recorded = recorded(hourly.values(), span.n_asked)

    def flow(ids: tuple[str, ...]) -> Flow | None:
        if not ids:
            return None
        hours_kwh: FloatArray = np.sum([by_meter[id_] for id_ in ids], axis=0)
        hours_kwh[~is_recorded] = np.nan
        pieces_kwh: FloatArray = np.sum([_pieces(fine.get(id_, {}), span) for id_ in ids], axis=0)
        return Flow(hours_kwh=hours_kwh, quarters_kwh=shaped(hours_kwh, pieces_kwh))

    return HomeFlows(
        grid_import=flow(meters.grid_import),
        grid_export=flow(meters.grid_export),
        solar=flow(meters.solar),
        battery_discharge=flow(meters.battery_discharge),
        battery_charge=flow(meters.battery_charge),
    )


def _changes(
    socket: HomeAssistantSocket,
    meters: DashboardMeters,
    span: _HourSpan,
    period: str,
    period_s: int,
) -> dict[str, dict[int, float | None]]:
    """Return the change [kWh] of each meter by the number of the period since the first asked."""
    end_s = span.first_asked_s + span.n_asked * _HOUR_S
    try:
        answer = socket.ask(
            "recorder/statistics_during_period",
            start_time=datetime.fromtimestamp(span.first_asked_s, UTC).isoformat(),
            end_time=datetime.fromtimestamp(end_s, UTC).isoformat(),
            statistic_ids=list(meters.all()),
            period=period,
            types=["change"],
            units={"energy": "kWh"},
        )
        rows_by_meter = _Rows.validate_python(answer)
    except CommandError as err:
        raise _not_told(err) from err
    except ValidationError as err:
        raise PastSourceRefusedError(
            "Home Assistant gives its statistics in a form that is not known here"
        ) from err
    return {
        id_: {
            math.floor((row.start / 1000 - span.first_asked_s) / period_s): row.change
            for row in rows
        }
        for id_, rows in rows_by_meter.items()
    }


def _pieces(changes_kwh: Mapping[int, float | None], span: _HourSpan) -> FloatArray:
    """Return five-minute changes in a row [kWh]; NaN where one is missing or falls."""
    pieces_kwh = np.full(span.n_asked * _HOUR_S // _FIVE_MINUTES_S, np.nan)
    for number, change_kwh in changes_kwh.items():
        if 0 <= number < pieces_kwh.size and change_kwh is not None and change_kwh >= 0.0:
            pieces_kwh[number] = change_kwh
    return pieces_kwh
