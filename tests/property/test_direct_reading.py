"""Whatever a simulated home does and is told, reading it directly tells what its evcc answers."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from backtest.direct_client import DirectClient
from domain.site import SiteSnapshot
from evcc_client import EvccClient
from simulator.battery import BatterySpec
from simulator.default_home import default_options
from simulator.default_house import (
    CITY_CAR,
    FAMILY_CAR,
    default_market,
    default_solar_provider,
)
from simulator.evcc_messages import ApiRequest
from simulator.evcc_version import (
    BATTERY_ARRAY_VERSION,
    CURRENT_VERSION,
    ENVELOPE_VERSION,
    FORECAST_OBJECTS_VERSION,
    SMART_MODE_VERSION,
)
from simulator.home import SimulatedHome
from simulator.house import House, HouseConfig
from simulator.site_view import MainCircuit
from simulator.transport import SimulatorTransport
from tests.support.simulated_evcc import MovableClock

N_WALKS, N_STEPS = 16, 12
INTERVAL_MIN = 5
MINUTES = (0, 1, 5, 15, 15, 17, 30, 60, 240)

# An ordinary day, the changes of the clock, and the longest and the shortest days.
STARTS = [
    datetime(2026, month, day, hour, tzinfo=UTC)
    for month, day, hour in ((6, 20, 9), (3, 28, 19), (8, 9, 11), (10, 24, 20), (12, 20, 23))
]
VERSIONS = (
    CURRENT_VERSION,
    SMART_MODE_VERSION,
    FORECAST_OBJECTS_VERSION,
    BATTERY_ARRAY_VERSION,
    ENVELOPE_VERSION,
)
CARS = (FAMILY_CAR, CITY_CAR)
BATTERIES = (
    (BatterySpec(),),
    (BatterySpec(), BatterySpec(name="keller", title="Keller", capacity_kwh=7.3)),
    (),
)
CIRCUITS = (
    None,
    MainCircuit(max_current_a=25.0),
    MainCircuit(max_power_w=9_500.0, max_current_a=35.0),
    MainCircuit(),
)
KINDS = ("priceforecast", "priceforecast", "pricestatic", "pricedynamic", None)
ZONES = tuple(ZoneInfo(key) for key in ("Europe/Berlin", "Europe/Berlin", "UTC", "Asia/Kolkata"))

COMMANDS = (
    "POST loadpoints/{lp}/mode/{mode}",
    "POST loadpoints/{lp}/alwayscharge/{always}",
    "POST loadpoints/{lp}/limitsoc/{share}",
    "POST loadpoints/{lp}/limitenergy/{kwh}",
    "POST loadpoints/{lp}/mincurrent/{amps}",
    "POST loadpoints/{lp}/maxcurrent/{amps}",
    "POST loadpoints/{lp}/phases/{phases}",
    "POST loadpoints/{lp}/smartcostlimit/{price}",
    "POST loadpoints/{lp}/batteryboost/{truth}",
    "POST loadpoints/{lp}/batteryboostlimit/{share}",
    "POST loadpoints/{lp}/plan/energy/{kwh}/{soon}",
    "DELETE loadpoints/{lp}/plan/energy",
    "POST loadpoints/{lp}/vehicle/{car}",
    "DELETE loadpoints/{lp}/vehicle",
    "POST vehicles/{car}/plan/soc/{share}/{soon}",
    "POST vehicles/{car}/plan/soc/{share}/{soon}",
    "DELETE vehicles/{car}/plan/soc",
    "POST vehicles/{car}/plan/repeating",
    "POST vehicles/{car}/minsoc/{share}",
    "POST vehicles/{car}/limitsoc/{share}",
    "POST prioritysoc/{fine_share}",
    "POST buffersoc/{fine_share}",
    "POST bufferstartsoc/{fine_share}",
    "POST bufferstartsoc/0",
    "POST batterymode/{battery}",
    "POST batterymode/{battery}",
    "DELETE batterymode",
    "POST batterydischargecontrol/{truth}",
    "POST batterygridchargelimit/{price}",
    "DELETE batterygridchargelimit",
    "DELETE smartcostlimit",
    "POST gridexportlimit/{watts}",
)


class Walk:
    """A simulated home, and somebody who tells its evcc what to do."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        start = STARTS[seed % len(STARTS)]
        cars = CARS[: 1 + seed % 2] if seed % 7 else ()
        plant = House(
            HouseConfig(batteries=BATTERIES[seed % 3], cars=cars, n_chargers=len(cars)),
            seed=seed,
            start=start,
        )
        self.car_names = [car.spec.name for car in cars] or ["none"]
        self.clock = MovableClock(start)
        self.home = SimulatedHome(
            plant=plant,
            market=default_market(seed),
            solar=default_solar_provider(plant),
            clock=self.clock,
            options=replace(
                default_options(plant, VERSIONS[seed // 3 % len(VERSIONS)]),
                interval_s=60.0 * INTERVAL_MIN,
                circuit=CIRCUITS[seed // 2 % len(CIRCUITS)],
                smart_cost_type=KINDS[seed // 4 % len(KINDS)],
                feed_in_is_fixed=bool(seed & 1),
                zone=ZONES[seed // 2 % len(ZONES)],
            ),
        )
        # Until each loadpoint had its first turn.
        self.pass_time(INTERVAL_MIN * len(cars))

    def pass_time(self, minutes: int) -> None:
        self.clock.move(timedelta(minutes=minutes))
        self.home.tick()

    def tell(self) -> None:
        """Send a command, which evcc may refuse, and at times move a cable."""
        method, template = self.random.choice(COMMANDS).split()
        path = f"/api/{template.format(**self.values())}"
        body = self.repetition() if path.endswith("repeating") else b""
        self.home.handle(ApiRequest(method=method, path=path, body=body))
        move = self.random.choice([None, self.home.plug_in, self.home.plug_in, self.home.unplug])
        if move is not None:
            with suppress(ValueError):
                move(self.random.choice(self.car_names))

    def values(self) -> dict[str, object]:
        random = self.random
        soon = self.clock.now() + timedelta(hours=random.randint(1, 40), minutes=7)
        return {
            "lp": random.randint(1, 2),
            "car": random.choice(self.car_names),
            "mode": random.choice(["off", "pv", "pv", "minpv", "now", "smart"]),
            "always": random.choice(["off", "on", "once"]),
            "battery": random.choice(["normal", "hold", "charge", "holdcharge", "unknown"]),
            "truth": random.choice(["true", "true", "false"]),
            "phases": random.choice([0, 1, 3]),
            "share": random.randint(0, 100),
            "fine_share": f"{random.uniform(0.0, 100.0):.4f}",
            "kwh": f"{random.uniform(0.0, 40.0):.4f}",
            "amps": f"{random.uniform(4.0, 32.0):.4f}",
            "price": f"{random.uniform(-0.1, 0.6):.7f}",
            "watts": f"{random.uniform(0.0, 9000.0):.4f}",
            "soon": f"{soon:%Y-%m-%dT%H:%M:%SZ}",
        }

    def repetition(self) -> bytes:
        random = self.random
        plan = {
            "weekdays": [0, 1, 2, 3, 4, 5, 6],
            "time": f"{random.randint(0, 23):02d}:30",
            "tz": "Europe/Berlin",
            "soc": random.randint(0, 100),
            "active": True,
        }
        return json.dumps([plan]).encode()


def shown(site: SiteSnapshot) -> str:
    """Return every figure as it is written, so that 1 is not 1.0; without the long series."""
    return repr(replace(site, import_rates=(), export_rates=(), limit_rates=(), solar=()))


@pytest.mark.parametrize("seed", range(N_WALKS))
def test_a_direct_reading_is_what_the_client_reads_over_the_wire(seed: int) -> None:
    walk = Walk(seed)
    over_wire = EvccClient("http://evcc", transport=SimulatorTransport(walk.home))
    direct = DirectClient(walk.home)

    for _ in range(N_STEPS):
        for _ in range(4):
            walk.tell()
        walk.pass_time(walk.random.choice(MINUTES))
        now = walk.clock.now()

        read, expected = direct.read_site(now), over_wire.read_site(now)

        assert read == expected
        assert shown(read) == shown(expected)
    assert direct.n_asked == 0
