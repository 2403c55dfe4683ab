"""What SmartLoad knows of one evcc between a reading and the commands that follow it.

Part of the evcc edge (``evcc_client`` and the modules named ``evcc_*``).
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Literal

import httpx2

from domain.control import Lever, SettingValue
from domain.history import ChargingSession, EnergySource, QuarterEnergies
from domain.levers import UNKNOWN, loadpoint_of, value_in, with_value
from domain.site import BatterySnapshot, Loadpoint, SiteSnapshot, SocSettings
from errors import (
    EvccRejectedError,
    EvccUnavailableError,
    EvccUnreadableError,
    WriteRefusedError,
)
from evcc_history import RecordedPast, read_past, read_sessions, requests_for
from evcc_http import EvccHttp
from evcc_values import to_number
from evcc_wire import check_started, read_rates, read_solar, read_state


class EvccSession:
    """One evcc and its last reading. Requests of several threads go one after the other.

    Those for the past do not: they take long, change nothing here and may run beside others.
    After a failed reading, and after a command whose outcome is not known, there is no reading
    until ``read_site`` succeeds again.
    """

    def __init__(
        self, base_url: str, *, transport: httpx2.BaseTransport | None, timeout_s: float
    ) -> None:
        self._transport = transport
        self._timeout_s = timeout_s
        self._http = EvccHttp(base_url, transport=transport, timeout_s=timeout_s)
        self._lock = threading.RLock()
        self._site: SiteSnapshot | None = None
        self._zone: tzinfo | None = None
        self._capacities_kwh: Mapping[str, float] = {}

    @property
    def base_url(self) -> str:
        """The address of evcc, without a password it may carry."""
        return self._http.shown_url

    def move_to(self, base_url: str) -> None:
        """Talk to the evcc at another address from now on; nothing is known of it yet."""
        with self._lock:
            self._http.close()
            self._http = EvccHttp(base_url, transport=self._transport, timeout_s=self._timeout_s)
            self._site = None

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def read_site(self, now: datetime) -> SiteSnapshot:
        """Read the whole state, and from the tariff paths what old versions leave out of it.

        Args:
            now: When this is, aware UTC; becomes ``read_at``.

        Raises:
            EvccUnavailableError: evcc is away, too slow or starting; the text says which.
            EvccUnreadableError: What came cannot be understood.
        """
        with self._lock:
            site = self._read_whole(now)
            self._site = site
            self._zone = site.time_zone
            self._capacities_kwh = _capacities_kwh(site)
            return site

    def _read_whole(self, now: datetime) -> SiteSnapshot:
        return self._with_tariffs(self._reread(now))

    def _reread(self, read_at: datetime) -> SiteSnapshot:
        self._site = None
        try:
            payload = self._http.get("/api/state")
        except EvccRejectedError as err:
            reason = "it is still starting, or it is not evcc"
            if err.status != httpx2.codes.NOT_FOUND:
                reason = str(err)
            raise EvccUnavailableError(
                f"{self.base_url} does not show the state of an evcc: {reason}"
            ) from err
        self._site = read_state(payload, read_at)
        return self._site

    def _with_tariffs(self, site: SiteSnapshot) -> SiteSnapshot:
        """Fill in what the state's forecast lacks: before 0.208 it had no fixed tariffs."""
        notes = site.implausible
        try:
            if not site.import_rates:
                rates, more = read_rates(self._tariff("grid"), "grid")
                limit_rates = site.limit_rates or rates
                site = replace(site, import_rates=rates, limit_rates=limit_rates)
                notes += more
            if not site.export_rates:
                rates, more = read_rates(self._tariff("feedin"), "feedin")
                site, notes = replace(site, export_rates=rates), notes + more
            if not site.solar:
                solar, more = read_solar(self._tariff("solar"))
                site, notes = replace(site, solar=solar), notes + more
        except EvccUnavailableError as err:
            notes += (f"a tariff could not be read: {err}",)
        return replace(site, implausible=notes)

    def _tariff(self, usage: str) -> bytes:
        try:
            return self._http.get(f"/api/tariff/{usage}")
        except EvccRejectedError:
            return b"null"  # not configured, outdated, or a version without this path

    # The past. Without the lock, as a long answer must not hold up the cycle.

    @property
    def source(self) -> EnergySource:
        """Which past it is."""
        return EnergySource.EVCC

    def read_energies(self, start: datetime, end: datetime) -> Sequence[QuarterEnergies]:
        """Return the quarter hours that evcc stored from ``start`` to ``end``; as ``read_past``."""
        return self.read_past(start, end).energies

    def read_past(self, start: datetime, end: datetime) -> RecordedPast:
        """Return what evcc stored from ``start`` to ``end``, and its solar forecast of then.

        May be called by any thread; a week takes evcc about a second on a small computer.

        Raises:
            EvccUnavailableError: evcc is away, too slow or starting; the text says which.
            EvccUnreadableError: What came cannot be understood.
            EvccRejectedError: evcc stores nothing: status 404 before 0.305, 400 without database.
        """
        parts = [
            read_past(self._get_past(request.path), request, self._capacities_kwh)
            for request in requests_for(start, end, self._zone)
        ]
        forecast_kwh: dict[datetime, float] = {}
        for part in parts:
            forecast_kwh |= part.forecast_kwh
        energies = tuple(quarter for part in parts for quarter in part.energies)
        return RecordedPast(energies=energies, forecast_kwh=forecast_kwh)

    def read_sessions(self, year: int, month: int) -> Sequence[ChargingSession]:
        """Return the charging sessions that began in a month of evcc's calendar, oldest first.

        Raises as ``read_past``.
        """
        return read_sessions(self._get_past(f"/api/sessions?year={year}&month={month}"))

    def _get_past(self, path: str) -> bytes:
        http = self._http
        try:
            return http.get(path)
        except EvccRejectedError as err:
            if err.status == httpx2.codes.NOT_FOUND:
                self._raise_if_starting(http)
            raise
        except RuntimeError as err:
            # The client was closed meanwhile: evcc is elsewhere now, or this is the end.
            raise EvccUnavailableError(f"the connection to {http.shown_url} was closed") from err

    def _raise_if_starting(self, http: EvccHttp) -> None:
        """Raise ``EvccUnavailableError`` unless evcc is up: a starting one knows no path."""
        try:
            check_started(http.get("/api/state"))
        except EvccRejectedError as err:
            raise EvccUnavailableError(f"evcc at {http.shown_url} is starting") from err

    def _command(self, method: Literal["POST", "DELETE"], path: str) -> object:
        """Send a command and return evcc's answer; the caller holds the lock."""
        try:
            return self._http.send(method, path)
        except EvccUnavailableError:
            # Whether evcc carried it out is not known: only a new reading tells.
            self._site = None
            raise
        except EvccRejectedError as err:
            if err.status == httpx2.codes.NOT_FOUND and self._site is not None:
                # A starting evcc knows no path either. Then the reading fails and says so;
                # otherwise it is this path that evcc does not have.
                self._reread(self._site.read_at)
            raise

    def _number_answered(self, answer: object) -> float:
        number = to_number(answer)
        if number is None:
            raise self._not_understood()
        return number

    def _not_understood(self) -> EvccUnreadableError:
        self._site = None
        return EvccUnreadableError("evcc's answer to a command cannot be understood")

    def _known_site(self) -> SiteSnapshot:
        if self._site is None:
            raise EvccUnavailableError(f"evcc at {self.base_url} has not been read successfully")
        return self._site

    def _known_battery(self) -> BatterySnapshot:
        battery = self._known_site().battery
        if battery is None:
            raise WriteRefusedError("evcc kennt keine Hausbatterie")
        return battery

    def _known_settings(self) -> SocSettings:
        self._known_battery()
        return self._known_site().settings or SocSettings()

    def _known_loadpoint(self, lever: Lever) -> Loadpoint:
        """Return the loadpoint by its name: positions change when evcc restarts."""
        loadpoint = loadpoint_of(self._known_site(), lever.device)
        if loadpoint is None:
            raise WriteRefusedError(f"evcc hat keinen Ladepunkt {lever.device}")
        return loadpoint

    def _known_value(self, lever: Lever) -> SettingValue:
        """Return what a setting holds; what is not known could not be handed back."""
        value = value_in(self._known_site(), lever)
        if value is UNKNOWN:
            raise WriteRefusedError(f"evcc sagt nicht, was {lever.setting} jetzt ist")
        return value

    def _remember(self, lever: Lever, value: SettingValue) -> None:
        if self._site is not None:
            self._site = with_value(self._site, lever, value)


def _capacities_kwh(site: SiteSnapshot) -> Mapping[str, float]:
    """Return the batteries' capacities by the titles under which evcc stores their energies."""
    devices = () if site.battery is None else site.battery.devices
    return {
        device.title or device.name: device.capacity_kwh
        for device in devices
        if device.capacity_kwh is not None
    }
