"""A week on the simulated home, SmartLoad in charge beside evcc alone, in the same weather.

    python bench/control_week.py [--days 7] [--start 2026-04-13] [--seed 1] [--stages battery cars]

Both begin with the same home after ten days of its past and live through the same days: sun, use,
prices and trips are functions of the seed. A line is printed for each, then what it all comes to.
Energy left in battery and cars is credited with the week's mean price.
"""

import argparse
import logging
import statistics
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(__file__).parents[1]
APP = ROOT / "evcc-smartload/rootfs/app"
sys.path[:0] = [str(APP), str(ROOT)]

import structlog  # noqa: E402  # the path comes first

from config import Config  # noqa: E402
from domain.steering import Stage, StageMode  # noqa: E402
from domain.tariff import rate_at  # noqa: E402
from main import build_parts, run_loop  # noqa: E402
from ownership import hand_back  # noqa: E402
from parts import Installation, Parts  # noqa: E402
from planner.horizon_planner import TimeLimits  # noqa: E402
from simulator.default_home import default_options  # noqa: E402
from simulator.default_house import (  # noqa: E402
    default_house,
    default_market,
    default_solar_provider,
)
from simulator.home import SimulatedHome  # noqa: E402
from simulator.market import DayAheadMarket  # noqa: E402
from simulator.transport import SimulatorTransport  # noqa: E402
from site_watch import Evcc  # noqa: E402
from tests.support.sim_service import SteppedClock  # noqa: E402

BERLIN = ZoneInfo("Europe/Berlin")
POLL = timedelta(seconds=30)
# Learns the house and the provider before anything is compared.
PAST = timedelta(days=10)
LIMITS = TimeLimits(plan_s=2.0, explain_s=0.0)
# What the owner wants of each car, in evcc's own words: ready on workdays.
READY_HOUR, READY_SOC_PCT = 7, 70
WORKDAYS = [1, 2, 3, 4, 5]
SATURDAY = 5


SAMPLE = timedelta(minutes=5)
OF_PERCENT = 100.0


@dataclass(slots=True)
class Tally:
    """What a home came to; ``left`` names each departure on time, with the car's SoC [%]."""

    cost_eur: float = 0.0
    bought_kwh: float = 0.0
    sold_kwh: float = 0.0
    battery_kwh: float = 0.0
    most_kw: float = 0.0
    left: dict[str, float] = field(default_factory=dict)
    prices: list[float] = field(default_factory=list)
    stored_kwh: float = 0.0

    def total_eur(self) -> float:
        """Cost, with what is left in battery and cars at the mean price."""
        return self.cost_eur - self.stored_kwh * statistics.mean(self.prices)


class Meter:
    """Reads the house every five minutes, wherever somebody moves the clock to."""

    def __init__(self, home: SimulatedHome, market: DayAheadMarket, start: datetime) -> None:
        self.tally = Tally()
        self._home, self._market, self._next = home, market, start
        home.advance_to(start)
        self._last = home.plant.reading
        self._began_kwh = stored_kwh(home)

    def until(self, instant: datetime) -> None:
        """Look at everything up to ``instant``."""
        while self._next + SAMPLE <= instant:
            self._next += SAMPLE
            self._home.advance_to(self._next)
            self._count()

    def close(self) -> Tally:
        """Return what it all came to."""
        self.tally.stored_kwh = stored_kwh(self._home) - self._began_kwh
        return self.tally

    def _count(self) -> None:
        reading, last, tally = self._home.plant.reading, self._last, self.tally
        bought = reading.grid_import_total_kwh - last.grid_import_total_kwh
        sold = reading.grid_export_total_kwh - last.grid_export_total_kwh
        buy, sell = self._prices(last.at)
        tally.cost_eur += bought * buy - sold * sell
        tally.prices.append(buy)
        tally.bought_kwh += bought
        tally.sold_kwh += sold
        tally.most_kw = max(tally.most_kw, bought / (SAMPLE / timedelta(hours=1)))
        for battery, before in zip(reading.batteries, last.batteries, strict=True):
            tally.battery_kwh += battery.discharged_total_kwh - before.discharged_total_kwh
        for charger, had in zip(reading.chargers, last.chargers, strict=True):
            has_left = had.connected and (not charger.connected or charger.car_name != had.car_name)
            local = last.at.astimezone(BERLIN)
            is_due = local.weekday() < SATURDAY and READY_HOUR <= local.hour < READY_HOUR + 3
            if has_left and is_due and had.car_name and had.car_soc_pct is not None:
                tally.left[f"{had.car_name} {local:%a %d.%m. %H:%M}"] = had.car_soc_pct
        self._last = reading

    def _prices(self, at: datetime) -> tuple[float, float]:
        buy = rate_at(tuple(self._market.import_rates(at)), at)
        sell = rate_at(tuple(self._market.export_rates(at)), at)
        assert buy is not None
        assert sell is not None
        return buy.price_eur_per_kwh, sell.price_eur_per_kwh


def stored_kwh(home: SimulatedHome) -> float:
    """Return what battery and cars hold, cars as far as they are plugged in."""
    reading = home.plant.reading
    sizes = {car.name: car.capacity_kwh for car in home.plant.cars}
    in_battery = sum(one.capacity_kwh * one.soc_pct / OF_PERCENT for one in reading.batteries)
    in_cars = sum(
        sizes[one.car_name] * one.car_soc_pct / OF_PERCENT
        for one in reading.chargers
        if one.car_name is not None and one.car_soc_pct is not None
    )
    return in_battery + in_cars


def build_home(seed: int, start: datetime, clock: SteppedClock) -> SimulatedHome:
    """Return the demo's home, with an owner who wants both cars ready on workdays."""
    plant = default_house(seed, start)
    options = default_options(plant)
    wish = {
        "weekdays": WORKDAYS,
        "time": f"{READY_HOUR:02}:00",
        "tz": "Europe/Berlin",
        "soc": READY_SOC_PCT,
        "active": True,
    }
    vehicles = {
        name: row | {"repeating_plans": [wish]} for name, row in options.initial_vehicles.items()
    }
    return SimulatedHome(
        plant=plant,
        market=default_market(seed),
        solar=default_solar_provider(plant),
        clock=clock,
        options=replace(options, initial_vehicles=vehicles),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What is compared."""

    seed: int
    start: datetime
    days: int
    battery_to_car: bool
    stages: frozenset[Stage]

    @property
    def end(self) -> datetime:
        """When it is over."""
        return self.start + timedelta(days=self.days)


def live_alone(week: Week) -> Tally:
    """Let evcc do what it does by itself."""
    clock = SteppedClock(week.start - PAST)
    home = build_home(week.seed, week.start - PAST, clock)
    clock.move_to(week.start)
    meter = Meter(home, default_market(week.seed), week.start)
    clock.move_to(week.end)
    meter.until(week.end)
    return meter.close()


def live_in_charge(week: Week, folder: Path) -> tuple[Tally, Parts]:
    """Let SmartLoad learn for ten days, then release all stages."""
    begin = week.start - PAST
    clock = SteppedClock(begin)
    home = build_home(week.seed, begin, clock)
    parts = build_parts(
        Config(battery_to_car=week.battery_to_car),
        Installation(started_at=begin, config_problems=(), options_path="bench", fixed_zone=None),
        clock=clock,
        evcc_at=Evcc(url="http://evcc.test:7070", transport=SimulatorTransport(home)),
        data_dir=folder,
        plan_limits=LIMITS,
    )
    parts.poll = lambda: timedelta(minutes=5)
    parts.forecast_every = lambda: timedelta(hours=2)
    parts.plan_every = lambda: None
    run_loop(parts, until=week.start)
    meter = Meter(home, default_market(week.seed), week.start)
    clock.before_moving = meter.until
    parts.poll = lambda: POLL
    parts.forecast_every = lambda: timedelta(0)
    parts.plan_every = lambda: timedelta(0)
    assert parts.buffer_calc is not None
    if Stage.BUFFER in week.stages:
        parts.buffer_calc.activate_live()
    else:
        parts.buffer_calc.extend_observation(90)
    for stage in week.stages - {Stage.BUFFER}:
        parts.controller.set_stage(stage, StageMode.LIVE)
    run_loop(parts, until=week.end)
    meter.until(week.end)
    return meter.close(), parts


def say(what: str, alone: str, ours: str) -> None:
    print(f"{what:<44} {alone:>14} {ours:>14}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--start", type=date.fromisoformat, default=date(2026, 4, 13))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--battery-to-car", action="store_true")
    parser.add_argument(
        "--stages", nargs="+", type=Stage, default=list(Stage), help="which stages act"
    )
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    midnight = datetime.combine(arguments.start, datetime.min.time(), BERLIN).astimezone(UTC)
    week = Week(
        seed=arguments.seed,
        start=midnight,
        days=arguments.days,
        battery_to_car=arguments.battery_to_car,
        stages=frozenset(arguments.stages),
    )
    alone = live_alone(week)
    with tempfile.TemporaryDirectory() as folder:
        ours, parts = live_in_charge(week, Path(folder))
        owed = sorted(one.lever.setting.value for one in parts.controller.owned)
        hand_back(parts)
        parts.memory.history.flush(10.0)
        commands = parts.memory.history.read_commands(week.start, week.end)
        parts.memory.close(10.0)
    say(f"{arguments.days} days from {arguments.start}", "evcc alone", "SmartLoad")
    say("paid [EUR]", f"{alone.cost_eur:.2f}", f"{ours.cost_eur:.2f}")
    say("left in battery and cars [kWh]", f"{alone.stored_kwh:+.1f}", f"{ours.stored_kwh:+.1f}")
    say("cost with that credited [EUR]", f"{alone.total_eur():.2f}", f"{ours.total_eur():.2f}")
    say("bought [kWh]", f"{alone.bought_kwh:.0f}", f"{ours.bought_kwh:.0f}")
    say("sold [kWh]", f"{alone.sold_kwh:.0f}", f"{ours.sold_kwh:.0f}")
    say("battery throughput [kWh]", f"{alone.battery_kwh:.0f}", f"{ours.battery_kwh:.0f}")
    say("highest purchase over 5 minutes [kW]", f"{alone.most_kw:.1f}", f"{ours.most_kw:.1f}")
    least = READY_SOC_PCT - 1.0
    say(
        "cars ready, of departures on time",
        f"{sum(soc >= least for soc in alone.left.values())}/{len(alone.left)}",
        f"{sum(soc >= least for soc in ours.left.values())}/{len(ours.left)}",
    )
    for departure, soc_pct in ours.left.items():
        if soc_pct < least:
            other = alone.left.get(departure)
            say(f"  not ready: {departure}", "-" if other is None else f"{other:.0f} %",
                f"{soc_pct:.0f} %")  # fmt: skip
    sent = [one for one in commands if one.outcome.value in {"sent", "confirmed", "not_confirmed"}]
    per_day = Counter(one.at.astimezone(BERLIN).date() for one in sent)
    counts = [per_day[(week.start + timedelta(days=day, hours=12)).astimezone(BERLIN).date()]
              for day in range(week.days)]  # fmt: skip
    print(f"writes a day: median {statistics.median(counts):g}, most {max(counts)}")
    for (setting, device), count in sorted(
        Counter((one.lever.setting.value, one.lever.device) for one in sent).items()
    ):
        print(f"  {setting:<24} {device:<8} {count}")
    for (code, outcome), count in sorted(
        Counter((one.reason.code.value, one.outcome.value) for one in commands).items()
    ):
        print(f"  {code:<24} {outcome:<16} {count}")
    print(f"held at the end: {', '.join(owed) or 'nothing'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
