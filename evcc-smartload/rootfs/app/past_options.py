"""From the owner's options to the pasts that are imported and the holidays that are kept."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

import structlog
from pydantic import SecretStr

from config import Config
from domain.history import ChargingSession
from domain.ports import HolidayCalendar, PastSource
from evcc_client import EvccClient
from holiday_calendar import find_calendar
from sources.configured import PastOptions, configured_pasts

_ONE_DAY = timedelta(days=1)

log = structlog.get_logger("smartload.options")


def pasts_of(
    cfg: Config,
    environ: Mapping[str, str],
    read_sessions: Callable[[], Sequence[ChargingSession]],
) -> tuple[PastSource, ...]:
    """Return the recorders that the options name, beside evcc's own; nothing is connected yet."""
    options = PastOptions(
        influx_url=cfg.influx_url,
        influx_database=cfg.influx_database,
        influx_user=cfg.influx_user,
        influx_password=_plain(cfg.influx_password),
        home_assistant_url=cfg.home_assistant_url,
        home_assistant_token=_plain(cfg.home_assistant_token),
        home_assistant_history=cfg.home_assistant_history,
        supervisor_token=environ.get("SUPERVISOR_TOKEN"),
    )
    return configured_pasts(options, read_sessions)


def sessions_of(evcc: EvccClient, now: datetime, n_days: int) -> list[ChargingSession]:
    """Return evcc's charging sessions of the last ``n_days``, by month.

    Raises:
        SourceError: evcc did not answer usefully.
    """
    days = (now - back * _ONE_DAY for back in range(n_days + 1))
    months = itertools.groupby(days, key=lambda day: (day.year, day.month))
    return [session for month, _ in months for session in evcc.read_sessions(*month)]


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def holidays_of(option: str, zone: tzinfo) -> HolidayCalendar:
    """Return the calendar that the option names, or that of the zone's country."""
    found = find_calendar(option, getattr(zone, "key", None))
    if found.problem is not None:
        log.info("holidays", region=found.region, why=found.problem)
    return found.calendar
