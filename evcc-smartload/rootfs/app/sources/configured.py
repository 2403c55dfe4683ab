"""Which pasts the owner's options name, ready to be read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from domain.history import ChargingSession
from domain.ports import PastSource
from sources.charging_hours import ChargingHoursWhenNeeded
from sources.home_assistant import HomeAssistantPast
from sources.home_assistant_socket import SUPERVISOR_URL, HomeAssistantAccess, websocket_url
from sources.influx import InfluxPast
from sources.influx_query import InfluxAccess


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOptions:
    """The options of the same names; ``supervisor_token`` is the app's variable SUPERVISOR_TOKEN.

    An empty address is not used.
    """

    influx_url: str = ""
    influx_database: str = "evcc"
    influx_user: str | None = None
    influx_password: str | None = field(default=None, repr=False)
    home_assistant_url: str = ""
    home_assistant_token: str | None = field(default=None, repr=False)
    home_assistant_history: bool = False
    supervisor_token: str | None = field(default=None, repr=False)


def configured_pasts(
    options: PastOptions, read_sessions: Callable[[], Iterable[ChargingSession]]
) -> tuple[PastSource, ...]:
    """Return the configured pasts, the more trusted first; nothing is connected yet.

    Args:
        options: What the owner set.
        read_sessions: Returns all of evcc's charging sessions, or raises a ``SourceError``; asked
            when Home Assistant is first read, to take the cars out of the house.
    """
    pasts: list[PastSource] = []
    if options.influx_url:
        access = InfluxAccess(
            url=options.influx_url,
            database=options.influx_database,
            user=options.influx_user,
            password=options.influx_password,
        )
        pasts.append(InfluxPast(access))
    home_assistant = _home_assistant(options)
    if home_assistant is not None:
        cars = ChargingHoursWhenNeeded(read_sessions)
        pasts.append(HomeAssistantPast(home_assistant, loadpoints_kwh=cars))
    return tuple(pasts)


def _home_assistant(options: PastOptions) -> HomeAssistantAccess | None:
    if options.home_assistant_url:
        return HomeAssistantAccess(
            websocket_url=websocket_url(options.home_assistant_url),
            token=options.home_assistant_token or "",  # refused, and then the owner is told why
        )
    if options.home_assistant_history and options.supervisor_token:
        return HomeAssistantAccess(
            websocket_url=SUPERVISOR_URL,
            token=options.supervisor_token,
            what_to_check="restart the app",
        )
    return None
