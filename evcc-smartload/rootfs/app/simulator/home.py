"""The simulated home as one thing: a house, its evcc, and the time that passes for both."""

import dataclasses
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol, cast

from clock import Clock
from domain.horizon import slot_start
from simulator.cycle_timing import next_cycle
from simulator.evcc_api import EvccApi
from simulator.evcc_messages import (
    ApiRequest,
    ApiResponse,
    EvccOfflineError,
    not_found,
)
from simulator.evcc_site import EvccSite, SiteConfig
from simulator.evcc_state import build_state
from simulator.evcc_state_versions import flatten, in_version
from simulator.evcc_tariffs import EvccTariffs
from simulator.faults import Faults, FaultState
from simulator.plant import Market, Plant, SolarProvider
from simulator.recorded_past import recorded_past
from simulator.wire_format import plain_number

# Simulated time from the start of the process to the first route, and from there to the others.
_DEVICES_START = timedelta(seconds=10)
_ROUTES_START = timedelta(seconds=2)


class Owner(Protocol):
    """Somebody who sets what they want in evcc's own page."""

    def use_page(self, now: datetime, site: EvccSite) -> None:
        """Set what is to be set by now; asked before each cycle, so it must be quick."""
        ...


class SimulatedHome:
    """A house behind an evcc; thread-safe.

    Time passes when somebody asks: every request first brings house and evcc up to the clock.
    Between two cycles evcc decides from its last reading, and what it then commands holds from
    that reading on, up to one interval early.
    """

    def __init__(  # noqa: PLR0913  # what a home is put together from, each by its name
        self,
        *,
        plant: Plant,
        market: Market,
        solar: SolarProvider | None,
        clock: Clock,
        options: SiteConfig,
        owner: Owner | None = None,
    ) -> None:
        self.faults = Faults()
        self.config = options
        self.plant = plant
        self._clock = clock
        self._lock = threading.RLock()
        self._market, self._solar, self._owner = market, solar, owner
        self._interval = timedelta(seconds=options.interval_s)
        busy_s = options.busy_interval_s
        self._busy_interval = None if busy_s is None else timedelta(seconds=busy_s)
        self._site = self._new_site()
        self._load_initial_settings()
        self._api = EvccApi(self._site)
        self._next_regular = self._next_cycle = plant.reading.at + self._interval
        self._booted_at = plant.reading.at - _DEVICES_START - _ROUTES_START
        self._was_starting = False
        if owner is not None:
            owner.use_page(plant.reading.at, self._site)
        self._site.cycle(plant.reading.at, plant.reading, 0.0, self.faults.active)
        self._plan_next_cycle()

    # --- time

    @property
    def site(self) -> EvccSite:
        """The running evcc; look at it only while nobody else uses the home."""
        return self._site

    @property
    def at(self) -> datetime:
        """Instant up to which the house has been stepped."""
        return self.plant.reading.at

    def tick(self) -> None:
        """Bring house and evcc up to the clock."""
        self.advance_to(self._clock.now())

    def advance_to(self, now: datetime) -> None:
        """Step house and evcc, interval by interval, up to ``now``."""
        with self._lock:
            self._watch_start(now)
            while self._next_cycle <= now:
                self._step(self._next_cycle)
                self._plan_next_cycle()
            self._site.battery.watch(now)

    def settle(self, now: datetime) -> None:
        """Let evcc carry out at once what it was told, instead of with its next cycle.

        With a coarse interval a command would come that much too late. It holds from the last
        reading on, which is at ``now`` where a cycle just was.
        """
        with self._lock:
            self.advance_to(now)
            if self._site.has_regulated:
                self._site.settle(now, self.faults.active)
                self._plan_next_cycle(now)

    def _plan_next_cycle(self, now: datetime | None = None) -> None:
        """Find out when evcc has its next cycle, which is not before ``now``."""
        at = self.plant.reading.at
        while self._next_regular <= at:
            self._next_regular += self._interval
        self._next_cycle = self._next_regular
        if self._busy_interval is not None:
            soon = next_cycle(self._site, at, self._next_regular, self._busy_interval)
            self._next_cycle = soon if now is None else max(soon, min(now, self._next_regular))

    def _step(self, instant: datetime) -> None:
        site = self._site
        dt = instant - self.plant.reading.at
        reading = self.plant.step(dt, site.inverter_mode, site.commands)
        if instant >= self._booted_at + _DEVICES_START + _ROUTES_START:
            if self._owner is not None:
                self._owner.use_page(instant, site)
            site.cycle(instant, reading, dt.total_seconds(), self.faults.active)
        else:
            site.reading = reading

    # --- requests

    def handle(self, request: ApiRequest) -> ApiResponse:
        """Answer a request at the clock's time, faults included.

        Raises:
            EvccOfflineError: Nothing listens.
        """
        faults = self.faults.active
        if faults.offline:
            raise EvccOfflineError
        with self._lock:
            now = self._clock.now()
            self.advance_to(now)
            response = self._answer(request, now, faults)
        if faults.empty_200:
            return ApiResponse(status=200, headers=response.headers)
        if faults.half_answers:
            half = response.body[: len(response.body) // 2]
            length = {"content-length": str(len(response.body))}
            return dataclasses.replace(
                response, headers=response.headers | length, body=half, is_cut=True
            )
        return response

    def _answer(self, request: ApiRequest, now: datetime, faults: FaultState) -> ApiResponse:
        running = now - self._booted_at
        if running < _DEVICES_START:
            return not_found()
        is_ready = running >= _DEVICES_START + _ROUTES_START
        return self._api.handle(request, now, faults, is_ready=is_ready)

    def flat_state(self) -> dict[str, object]:
        """Return the state as the WebSocket shows it; hardly anything while evcc starts."""
        with self._lock:
            now = self._clock.now()
            self.advance_to(now)
            running, version = now - self._booted_at, self.config.version
            if running < _DEVICES_START:
                return {"startupCompleted": False, "version": version.number}
            is_ready = running >= _DEVICES_START + _ROUTES_START
            state = build_state(self._site, now, self.faults.active, is_ready=is_ready)
            return flatten(in_version(state, version))

    # --- what happens to it

    def remember_past(self, span: timedelta, *, seed: int = 1) -> None:
        """Let evcc have recorded a made-up past of ``span`` before what it has stored itself."""
        with self._lock:
            history = self._site.history
            end = history.oldest or slot_start(self.at)
            history.remember(
                recorded_past(history.series, end - span, end, zone=self.config.zone, seed=seed)
            )

    def restart(self, *, lose_settings: bool = False, crash: bool = False) -> None:
        """Stop evcc and start it again; the house goes on meanwhile.

        Args:
            lose_settings: evcc comes back with its own defaults, as with a new database.
            crash: Nothing is saved any more, and batteries stay in their mode.
        """
        with self._lock:
            now = self._clock.now()
            self.advance_to(now)
            self._restart(now, lose_settings=lose_settings, crash=crash)

    def plug_in(self, car_name: str) -> None:
        """Let a car come home now, if it is away, and plug it in; evcc's next cycle sees it.

        Raises:
            ValueError: There is no such car, or no free charger.
        """
        with self._lock:
            self.advance_to(self._clock.now())
            self.plant.plug_in(car_name)

    def unplug(self, car_name: str) -> None:
        """Pull a car's cable; evcc's next cycle sees it.

        Raises:
            ValueError: There is no such car, or it is not plugged in.
        """
        with self._lock:
            self.advance_to(self._clock.now())
            self.plant.unplug(car_name)

    def move_slider(self, setting: str, value: float | str | bool | None) -> None:  # noqa: FBT001  # the value itself
        """Let somebody change a setting in evcc's own page, whatever faults are on.

        Args:
            setting: A site setting by evcc's name (``bufferSoc``) or a loadpoint's
                (``loadpoints/1/mode``).
            value: A number, word or truth value; None removes a limit and releases the battery
                mode.

        Raises:
            ValueError: evcc refuses.
        """
        path = f"/api/{setting.lower()}"
        if value is None:
            request = ApiRequest(method="DELETE", path=path)
        else:
            word = str(value if isinstance(value, str | bool) else plain_number(value)).lower()
            request = ApiRequest(method="POST", path=f"{path}/{word}")
        with self._lock:
            now = self._clock.now()
            self.advance_to(now)
            response = self._api.handle(request, now, FaultState())
        if response.status != 200:  # noqa: PLR2004  # HTTP's own number
            raise ValueError(f"{request.path}: {response.status} {response.body.decode().strip()}")

    def _watch_start(self, now: datetime) -> None:
        is_starting = self.faults.active.starting
        if is_starting and not self._was_starting:
            self._restart(now, lose_settings=False, crash=False)
        if is_starting:
            self._booted_at = now
        self._was_starting = is_starting

    def _restart(self, now: datetime, *, lose_settings: bool, crash: bool) -> None:
        old = self._site
        if crash:
            old.battery.crash()
        else:
            old.settings.flush()
            old.battery.shut_down()
        saved = {} if lose_settings else old.settings.saved
        self._site = self._new_site()
        self._site.take_over(old)
        self._site.settings.load(saved, has_battery=self._site.has_battery)
        self._api = EvccApi(self._site)
        self._booted_at = now

    # --- keeping it

    def to_state(self) -> dict[str, object]:
        """Return everything needed to go on later, JSON-serialisable."""
        with self._lock:
            site = self._site
            site.settings.flush()
            return {
                "plant": self.plant.to_state(),
                "settings": site.settings.saved,
                "history": site.history.to_state(),
                "sessions": list(site.sessions),
                "charged": site.charged.to_state(),
            }

    def restore_state(self, state: Mapping[str, object]) -> None:
        """Continue from what ``to_state`` returned, as after a clean restart of evcc."""
        with self._lock:
            self.plant.restore_state(cast("dict[str, object]", state["plant"]))
            site = self._site = self._new_site()
            site.settings.load(
                cast("dict[str, object]", state["settings"]), has_battery=site.has_battery
            )
            site.history.restore_state(
                cast("Iterable[tuple[str, list[tuple[float, float, float]]]]", state["history"])
            )
            site.sessions.extend(cast("list[dict[str, object]]", state["sessions"]))
            site.charged.restore_state(cast("dict[str, float]", state["charged"]))
            self._api = EvccApi(site)
            at = self.plant.reading.at
            self._next_regular = self._next_cycle = at + self._interval
            self._booted_at = at - _DEVICES_START - _ROUTES_START
            site.cycle(at, self.plant.reading, 0.0, self.faults.active)
            self._plan_next_cycle()

    def _new_site(self) -> EvccSite:
        tariffs = EvccTariffs(
            market=self._market,
            solar=self._solar,
            zone=self.config.zone,
            smart_cost_type=self.config.smart_cost_type,
            feed_in_is_fixed=self.config.feed_in_is_fixed,
        )
        return EvccSite(self.config, self.plant.cars, tariffs, self.plant.reading)

    def _load_initial_settings(self) -> None:
        self._site.settings.load(
            {
                "site": self.config.initial_site,
                "loadpoints": list(self.config.initial_loadpoints),
                "vehicles": self.config.initial_vehicles,
            },
            has_battery=self._site.has_battery,
        )
        self._site.settings.note_change()
        self._site.settings.flush()
