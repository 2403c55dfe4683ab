"""A simulated evcc over a fake house, with a clock that tests move."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulator.evcc_loadpoint import LoadpointConfig
from simulator.evcc_messages import ApiRequest, ApiResponse
from simulator.evcc_site import SiteConfig
from simulator.evcc_version import CURRENT_VERSION, EvccVersion
from simulator.home import SimulatedHome
from tests.support.fake_plant import FakeCharger, FakeMarket, FakePlant, FakeSolar

START = datetime(2026, 6, 10, 10, 0, tzinfo=UTC)


class MovableClock:
    """Stands still until a test moves it."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def monotonic_s(self) -> float:
        return (self._now - START).total_seconds()

    def wait_until(self, instant: datetime, wake: threading.Event) -> bool:
        self._now = max(self._now, instant)
        return wake.is_set()

    def move(self, by: timedelta) -> None:
        self._now += by


class Evcc:
    """The home under test and short words for what tests do with it."""

    def __init__(
        self,
        plant: FakePlant | None = None,
        *,
        version: EvccVersion = CURRENT_VERSION,
        market: FakeMarket | None = None,
        solar: FakeSolar | None = None,
        has_solar: bool = True,
        **options: Any,
    ) -> None:
        self.plant = plant or FakePlant(at=START)
        self.clock = MovableClock(self.plant.at)
        names = ("Carport", "Garage")[: self.plant.n_chargers]
        config = SiteConfig(
            title="Test",
            currency="EUR",
            zone=ZoneInfo("Europe/Berlin"),
            version=version,
            loadpoints=tuple(
                LoadpointConfig(name=f"lp-{number}", title=title)
                for number, title in enumerate(names, start=1)
            ),
        )
        self.home = SimulatedHome(
            plant=self.plant,
            market=market or FakeMarket(until=self.plant.at + timedelta(days=2)),
            solar=(solar or FakeSolar()) if has_solar else None,
            clock=self.clock,
            options=replace(config, **options),
        )

    def send(self, method: str, path: str, query: str = "", body: bytes = b"") -> ApiResponse:
        return self.home.handle(ApiRequest(method=method, path=path, query=query, body=body))

    def get(self, path: str, query: str = "") -> Any:
        return json.loads(self.send("GET", path, query).body)

    def post(self, path: str, body: bytes = b"") -> Any:
        response = self.send("POST", f"/api/{path}", body=body)
        assert response.status == 200, response
        return json.loads(response.body)

    def refusal(self, path: str, body: bytes = b"") -> tuple[int, str]:
        response = self.send("POST", f"/api/{path}", body=body)
        return response.status, json.loads(response.body)["error"]

    @property
    def state(self) -> Any:
        return self.get("/api/state")

    @property
    def loadpoint(self) -> Any:
        return self.state["loadpoints"][0]

    def run(self, **span: float) -> None:
        """Let time pass."""
        self.clock.move(timedelta(**span))
        self.home.tick()

    @property
    def car_kw(self) -> float:
        return self.plant.chargers[0].power_kw

    def car_kwh_during(self, **span: float) -> float:
        """Return what the first car is charged with during a span."""
        before = self.plant.chargers[0].total_kwh
        self.run(**span)
        return self.plant.chargers[0].total_kwh - before


def pv_car(*, soc_pct: float = 50.0, pv_kw: float = 0.0, **site: float) -> Evcc:
    """Return an evcc with one car in pv mode and a battery whose SoC stands still."""
    plant = FakePlant(at=START, pv_kw=pv_kw)
    plant.batteries[0].soc_pct = soc_pct
    plant.batteries[0].frozen = True
    plant.plug("ev_blue")
    return Evcc(plant, initial_site=dict(site), initial_loadpoints=({"mode": "pv"},))


def two_chargers() -> FakePlant:
    """Return a house with two charging points."""
    return FakePlant(at=START, chargers=[FakeCharger(), FakeCharger()])
