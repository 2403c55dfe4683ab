"""The figures of the history: its size per year by kind, a cycle's commit, and the long reads.

    python bench/bench_history.py [--days N]

A house with noise in everything: 96 cycles a day, each with a band of 192 quarter hours for load
and PV, the provider's curve and both prices, one decision with 12 facts, a command now and then.
``calm``: near slots follow what is measured, the rest changes when its reason does (nightly, every
three hours). ``restless``: every slot of load and PV is said anew in every cycle, the worst case.
Sizes are measured over N days (default 30) and scaled to a year; 400 days of energies are written
in full.
"""

import argparse
import gc
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
APP = ROOT / "evcc-smartload/rootfs/app"
sys.path[:0] = [str(APP), str(ROOT)]

import numpy as np  # noqa: E402  # the path comes first

from domain.forecast import BandSeries, ForecastKind, IssuedForecast  # noqa: E402
from domain.history import EnergySource, QuarterEnergies  # noqa: E402
from domain.horizon import SLOT  # noqa: E402
from forecaster.series import FloatArray  # noqa: E402
from storage.history_store import HistoryStore  # noqa: E402
from tests.support.history_builder import command  # noqa: E402

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
PER_DAY = 96
HORIZON = 192
MB = 1e6


class NoisyHouse:
    """Series that are as hard to compress as a real home's: independent noise in every slot."""

    def __init__(self, n_days: int, *, is_restless: bool) -> None:
        self._noise = np.random.default_rng(1)
        self._is_restless = is_restless
        n_slots = (n_days + 4) * PER_DAY
        hour = np.arange(n_slots) % PER_DAY / 4.0
        self._hour = hour
        evening = 0.5 + 0.6 * np.exp(-((hour - 19.0) ** 2) / 6.0)
        self.load = evening * self._noise.lognormal(0.0, 0.5, n_slots)
        sun = np.maximum(0.0, np.sin((hour - 6.0) / 12.0 * np.pi)) ** 1.3
        clouds = np.repeat(self._noise.beta(2.0, 1.5, n_slots // 4 + 1), 4)[:n_slots]
        self.pv = 8.0 * sun * clouds
        self._sun = 8.0 * sun
        self.price = 0.28 + 0.08 * np.sin(hour / 12 * np.pi) + self._noise.normal(0, 0.03, n_slots)
        self._low, self._middle, self._high = self._usual_load()
        self._provider = self._say_weather()
        self._beyond = self.price.copy()

    def _jitter(self, n: int, share: float) -> FloatArray:
        return np.asarray(1.0 + share * self._noise.standard_normal(n))

    def _usual_load(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        usual = np.tile(0.5 + 0.6 * np.exp(-((self._hour[:PER_DAY] - 19.0) ** 2) / 6.0), 7)
        bands = (usual * share * self._jitter(len(usual), 0.12) for share in (0.6, 1.0, 1.7))
        low, middle, high = (np.resize(band, len(self._hour)) for band in bands)
        return low, middle, high

    def _say_weather(self) -> FloatArray:
        hourly = np.repeat(self._noise.beta(2.0, 1.5, len(self._sun) // 4 + 1), 4)
        return np.asarray(np.round(self._sun * hourly[: len(self._sun)], 3))

    def forecasts(self, slot: int) -> Iterator[IssuedForecast]:
        """What is said in the cycle at ``slot``."""
        if slot % PER_DAY == 0:
            self._low, self._middle, self._high = self._usual_load()
            self._beyond = np.asarray(self.price * self._jitter(len(self.price), 0.1))
        if slot % 12 == 0:
            self._provider = self._say_weather()
        said = slice(slot, slot + HORIZON)
        ahead = np.exp(-np.arange(HORIZON) / 12.0)
        now = self.load[slot] / self._middle[slot]
        follow = 1.0 + (now - 1.0) * ahead
        today = 1.0 + 0.3 * (self.pv[slot] - self._provider[slot]) / 8.0 * ahead
        shake = 0.08 if self._is_restless else 0.0
        load = [band[said] * follow for band in (self._low, self._middle, self._high)]
        pv = [self._provider[said] * today * share for share in (0.6, 0.95, 1.2)]
        yield self._band(ForecastKind.LOAD, slot, [x * self._jitter(HORIZON, shake) for x in load])
        yield self._band(ForecastKind.PV, slot, [x * self._jitter(HORIZON, shake) for x in pv])
        yield self._band(ForecastKind.PV_PROVIDER, slot, [self._provider[said]] * 3)
        known = 96 + 44 - slot % PER_DAY
        price = np.concatenate([self.price[said][:known], self._beyond[said][known:]])
        spread = np.where(np.arange(HORIZON) < known, 0.0, 0.05)
        yield self._band(
            ForecastKind.IMPORT_PRICE, slot, [price - spread, price, price + spread], known
        )
        yield self._band(ForecastKind.EXPORT_PRICE, slot, [np.full(HORIZON, 0.08)] * 3, HORIZON)

    @staticmethod
    def _band(
        kind: ForecastKind, slot: int, rows: list[FloatArray], n_known: int = 0
    ) -> IssuedForecast:
        low, middle, high = (tuple(np.round(row, 3).tolist()) for row in rows)
        return IssuedForecast(
            kind=kind,
            issued_at=START + slot * SLOT + timedelta(seconds=1, microseconds=4711),
            band=BandSeries(
                start=START + slot * SLOT, p10=low, p50=middle, p90=high, n_known=n_known
            ),
            model="conformal",
        )

    def quarter(self, slot: int) -> QuarterEnergies:
        """What was measured in ``slot``."""
        load_kwh, pv_kwh = self.load[slot] / 4.0, self.pv[slot] / 4.0
        return QuarterEnergies(
            start=START + slot * SLOT,
            source=EnergySource.LIVE,
            pv_kwh=pv_kwh,
            house_kwh=load_kwh,
            grid_import_kwh=max(0.0, load_kwh - pv_kwh),
            grid_export_kwh=max(0.0, pv_kwh - load_kwh),
            battery_charge_kwh=0.3 * pv_kwh,
            battery_discharge_kwh=0.2 * load_kwh,
            battery_soc_pct=float(slot % 997) / 10.0,
            import_eur_per_kwh=round(float(self.price[slot]), 5),
            export_eur_per_kwh=0.08,
            is_curtailed=False,
            loadpoints_kwh={"Garage": 2.7512 if slot % 9 == 0 else 0.0, "Hof": 0.0},
        )

    def facts(self, slot: int) -> dict[str, str | float | bool | None]:
        """What a cycle decided by."""
        return {
            "target_pct": round(float(self.load[slot]) * 30.0, 1),
            "previous_pct": round(float(self.load[slot - 1]) * 30.0, 1),
            "confidence_frac": round(float(self._noise.random()), 4),
            "spread_eur_per_kwh": round(float(self.price[slot]), 4),
            "pv_tomorrow_kwh": round(float(self._noise.random()) * 40.0, 2),
            "soc_pct": round(float(self._noise.random()) * 100.0, 1),
            "reserve_pct": 40,
            "shortfall_kwh": round(float(self._noise.random()) * 5.0, 3),
            "reason": "forecast_shortfall" if slot % 3 else "night_is_covered",
            "mode": "simulation",
            "applied": False,
            "limited_by": None,
        }


def write_cycles(store: HistoryStore, house: NoisyHouse, n_days: int) -> list[float]:
    """Write ``n_days`` of cycles; return how long each took until it was on the disk [s]."""
    took_s = []
    for slot in range(n_days * PER_DAY):
        at = START + slot * SLOT
        quarter, forecasts, facts = house.quarter(slot), list(house.forecasts(slot)), None
        facts = house.facts(slot)
        begun = time.perf_counter()
        store.write_energies([quarter])
        for forecast in forecasts:
            store.write_forecast(forecast)
        store.write_decision(at, "buffer", facts)
        if slot % 12 == 0:
            store.write_command(command(at))
        assert store.flush(), store.problem
        took_s.append(time.perf_counter() - begun)
    return took_s


def bytes_by_kind(path: Path) -> dict[str, int]:
    """Return the bytes of what is stored, by kind (without the free space of pages)."""
    with closing(sqlite3.connect(path)) as connection:
        found = {
            f"forecast {kind}": connection.execute(
                "SELECT sum(length(coalesce(curve, '')) + 27 + 8 * (base IS NOT NULL))"
                " FROM forecast WHERE id & 7 = ?",
                (code,),
            ).fetchone()[0]
            for code, kind in enumerate(ForecastKind)
        }
        (pages, page_bytes) = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "page_size")
        )
        decisions = "SELECT sum(length(facts) + 34) FROM decision"
        found["decisions"] = connection.execute(decisions).fetchone()[0]
        energies = "SELECT sum(length(coalesce(loadpoints, '')) + 41) FROM energy"
        found["energies"] = connection.execute(energies).fetchone()[0]
        found["whole file"] = pages * page_bytes
    return found


def quickest(call: Callable[[], Any], n_times: int = 5) -> str:
    """Return the shortest time of several, and that of this thread's CPU alone [ms].

    What else the machine does makes the first longer; the second is what the call itself costs.
    """
    took_s, cpu_s = [], []
    for _ in range(n_times):
        gc.collect()
        begun, cpu_begun = time.perf_counter(), time.thread_time()
        call()
        took_s.append(time.perf_counter() - begun)
        cpu_s.append(time.thread_time() - cpu_begun)
    return f"{min(took_s) * 1e3:.0f} ms, CPU {min(cpu_s) * 1e3:.0f} ms"


def say(what: str, value: str, target: str = "") -> None:
    print(f"{what:<52} {value:>20}   {target}", flush=True)


def measure_sizes(folder: Path, n_days: int, *, is_restless: bool) -> None:
    name = "restless" if is_restless else "calm"
    path = folder / f"{name}.db"
    store = HistoryStore(path, now=START)
    took_s = write_cycles(store, NoisyHouse(n_days, is_restless=is_restless), n_days)
    store.sweep(START + n_days * DAY)
    store.flush()
    for kind, n_bytes in bytes_by_kind(path).items():
        target = "at most 40 MB" if kind == "whole file" else ""
        say(f"{name}: {kind}, a year", f"{n_bytes * 365 / n_days / MB:.2f} MB", target)
    typical_ms = statistics.median(took_s) * 1e3
    slowest_ms = sorted(took_s)[len(took_s) * 99 // 100] * 1e3
    say(f"{name}: a cycle's writes until committed, median", f"{typical_ms:.1f} ms")
    say(f"{name}: the same, 99 % of them within", f"{slowest_ms:.1f} ms")
    end = START + n_days * DAY
    days = min(60, n_days - 2)
    for kind in (ForecastKind.LOAD, ForecastKind.PV_PROVIDER):
        read = partial(store.read_said_before_array, kind, end - days * DAY, end, DAY)
        target = "below 150 ms for 60 days"
        say(f"{name}: {kind} said a day before, {days} days", quickest(read), target)
    store.close()


def measure_energies(folder: Path) -> None:
    path = folder / "energies.db"
    store = HistoryStore(path, now=START)
    house = NoisyHouse(401, is_restless=False)
    begun = time.perf_counter()
    for day in range(400):
        store.write_energies([house.quarter(day * PER_DAY + slot) for slot in range(PER_DAY)])
    assert store.flush(), store.problem
    say("400 days of energies: imported in", f"{time.perf_counter() - begun:.1f} s")
    store.sweep(START + 400 * DAY)
    store.flush()
    say("400 days of energies: file", f"{store.summary().n_bytes / MB:.2f} MB")
    read = partial(store.read_energies, START, START + 400 * DAY)
    say("400 days of energies: read", quickest(read), "below 150 ms")
    say("400 days of energies: backup", quickest(partial(store.backup, folder / "copy.db"), 2))
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30, help="how many days are written")
    n_days = max(10, parser.parse_args().days)
    with tempfile.TemporaryDirectory() as folder:
        measure_energies(Path(folder))
        measure_sizes(Path(folder), n_days, is_restless=False)
        measure_sizes(Path(folder), n_days, is_restless=True)


if __name__ == "__main__":
    main()
