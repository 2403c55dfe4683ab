"""Reads evcc, remembers the last good reading, and notices what is worth a cycle of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import httpx2

from domain.ports import SiteReader
from domain.site import SiteSnapshot
from domain.state import EvccStatus
from domain.tariff import with_past
from errors import SourceError
from evcc_client import EvccClient
from evcc_discovery import find_evcc

# A local day has up to 25 hours.
LONGEST_DAY = timedelta(hours=25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is known of the home; ``site`` is the last good reading, old when ``error`` is set."""

    site: SiteSnapshot | None
    error: SourceError | None
    changed: bool
    """A car was plugged in or left, evcc came back, or its automatic mode was switched."""

    @property
    def is_fresh(self) -> bool:
        """Whether ``site`` is a reading of this moment."""
        return self.error is None


class SiteWatch:
    """Keeps the connection's story; belongs to the cycle's thread."""

    def __init__(
        self,
        evcc: SiteReader,
        now: datetime,
        *,
        url: Callable[[], str],
        search: Callable[[], bool] | None = None,
    ) -> None:
        """Nothing is read yet.

        Args:
            evcc: The client.
            now: Since when evcc counts as not reached.
            url: Returns the address in use.
            search: Looks for evcc elsewhere and returns whether it is somewhere; called when it
                does not answer. Without one the address is the owner's and always known.
        """
        self._evcc = evcc
        self._url = url
        self._search = search
        self._is_address_known = search is None
        self._site: SiteSnapshot | None = None
        self._reachable = False
        self._since = now

    @property
    def site(self) -> SiteSnapshot | None:
        """The last good reading."""
        return self._site

    def read(self, now: datetime) -> Reading:
        """Read evcc once; never raises for what evcc does."""
        try:
            site = self._evcc.read_site(now)
        except SourceError as exc:
            self._note(now, reachable=False)
            if self._search is not None and self._search():
                self._is_address_known = True
            return Reading(site=self._site, error=exc, changed=False)
        came_back = self._site is not None and not self._reachable
        changed = came_back or (self._site is not None and _differs(self._site, site))
        first = self._site is None
        self._is_address_known = True
        self._note(now, reachable=True)
        site = self._with_past_prices(site, now)
        self._site = site
        return Reading(site=site, error=None, changed=changed or first)

    def _with_past_prices(self, site: SiteSnapshot, now: datetime) -> SiteSnapshot:
        if self._site is None:
            return site
        since = now - LONGEST_DAY
        return replace(
            site,
            import_rates=with_past(
                self._site.import_rates, site.import_rates, since=since, now=now
            ),
            export_rates=with_past(
                self._site.export_rates, site.export_rates, since=since, now=now
            ),
        )

    def _note(self, now: datetime, *, reachable: bool) -> None:
        if reachable != self._reachable:
            self._reachable = reachable
            self._since = now

    @property
    def status(self) -> EvccStatus:
        """The connection as it is shown."""
        return EvccStatus(
            url=self._url() if self._is_address_known else None,
            reachable=self._reachable,
            since=self._since,
            version=None if self._site is None else self._site.evcc_version,
        )


def _differs(before: SiteSnapshot, after: SiteSnapshot) -> bool:
    """Return whether something changed that a plan cannot wait a quarter hour for."""
    return (
        before.automatic_mode != after.automatic_mode
        or {(lp.name, lp.connected) for lp in before.loadpoints}
        != {(lp.name, lp.connected) for lp in after.loadpoints}
        or (before.battery is None) != (after.battery is None)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evcc:
    """Where evcc is: an address, or where to look for one."""

    url: str = ""
    candidates: Sequence[str] = ()
    transport: httpx2.BaseTransport | None = None


def watch_for(evcc: EvccClient, evcc_at: Evcc, now: datetime) -> SiteWatch:
    """Build what reads evcc; without an address it looks where evcc usually is."""
    if evcc_at.url:
        return SiteWatch(evcc, now, url=lambda: evcc.base_url)

    def search() -> bool:
        url = find_evcc(evcc_at.candidates, transport=evcc_at.transport)
        if url is not None:
            evcc.move_to(url)
        return url is not None

    return SiteWatch(evcc, now, url=lambda: evcc.base_url, search=search)
