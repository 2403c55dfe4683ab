"""The two buffers in a cycle: which one acts, what the risk-based one decides by, what is shown.

The specified calculator takes its step as ever; the risk-based one takes its own beside it. The
owner's option says which of the two writes, and by whose value battery and cars are planned.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np
import structlog

from config import Config
from domain.forecast import BandSeries, ForecastKind
from domain.horizon import SLOT, slot_start
from domain.outlook import Outlook
from domain.ports import BufferSetter
from domain.site import SiteSnapshot
from domain.steering import Stage
from dynamic_buffer import MODE_OBSERVATION, DynamicBufferCalc
from forecaster.refill import NetCourses, Refilling, net_courses
from forecaster.scenarios import RankArchive, bands_of
from forecaster.series import Bands, FloatArray, SlotSeries, series_of
from planner.battery_models import ASSUMED_SOC_MIN_PCT
from planner.plant import Plant
from risk_buffer import RiskBattery, RiskBuffer, RiskPrices, RiskWish, decide_risk_buffer
from risk_buffer_calc import FormulaInShadow, RiskBufferCalc, WritesNothing

FORMULA, RISK = "formula", "risk"

log = structlog.get_logger("smartload")


class NeedKnowledge(Protocol):
    """What is known of past and future: ``Memory``, or a past that is lived again."""

    @property
    def outlook(self) -> Outlook | None:
        """What is expected; None before the first forecast."""
        ...

    @property
    def ranks(self) -> RankArchive:
        """How past outcomes lay within what was said."""
        ...

    def measured_kw(self, kind: ForecastKind, start: datetime, end: datetime) -> SlotSeries:
        """Return load or PV as measured from ``start`` to ``end`` [kW]; NaN is not known."""
        ...


class RiskInCycle:
    """The risk-based buffer with what it decides by; belongs to the cycle's thread."""

    def __init__(
        self,
        calc: RiskBufferCalc,
        formula: DynamicBufferCalc,
        cfg: Config,
        knowledge: NeedKnowledge,
    ) -> None:
        """Decide by the owner's options and by what ``knowledge`` knows."""
        self.calc = calc
        self._formula = formula
        self._cfg = cfg
        self._knowledge = knowledge
        self._decided: tuple[datetime, RiskBuffer | None] | None = None
        self._refilling: Refilling | None = None

    def preview(
        self, now: datetime, site: SiteSnapshot | None, plant: Plant, live: frozenset[Stage]
    ) -> int:
        """Return where this buffer is about to be decided to stand [%]; decided is once a cycle.

        Args:
            now: When this is, aware UTC.
            site: A reading; None: there is none, and nothing can be decided.
            plant: What the batteries can.
            live: The stages that act: a battery that observes buys nothing.
        """
        self.calc.learn(now, self._measured)
        decided = self._decide(now, site, plant, live)
        self._decided = (now, decided)
        return self.calc.reserve_pct if decided is None else decided.target_pct

    def step(
        self, now: datetime, *, pv_confidence: float, price_spread: float, pv_96: tuple[float, ...]
    ) -> None:
        """Log what was decided, and carry it out where this buffer is the chosen one."""
        at, decided = self._decided or (None, None)
        self.calc.step(
            pv_confidence,
            price_spread,
            pv_96,
            now.astimezone(UTC),
            risk=decided if at == now else None,
            refilling=self._refilling,
        )

    def shadow_result(self, now: datetime) -> dict[str, object]:
        """Return what the one that is not chosen says: always a simulation.

        It has the form of a step, with its ``strategy``, and with the ``parts`` of the risk-based
        one, whichever acts.
        """
        of_risk = self.calc.result(now)
        if not self.calc.is_chosen:
            return of_risk
        in_shadow: dict[str, object] = {
            "mode": MODE_OBSERVATION,
            "days_remaining": None,
            "observation_live_at": None,
            "strategy": FORMULA,
            "parts": of_risk["parts"],
        }
        return self._formula.result(now) | in_shadow

    def result(self, now: datetime) -> dict[str, object]:
        """Return what the risk-based one says in the form of a specified step."""
        told = self.calc.result(now)
        return {key: value for key, value in told.items() if key not in {"strategy", "parts"}}

    def _decide(
        self, now: datetime, site: SiteSnapshot | None, plant: Plant, live: frozenset[Stage]
    ) -> RiskBuffer | None:
        battery = _battery_of(site, plant, self._cfg, live)
        outlook = self._knowledge.outlook
        if battery is None or outlook is None:
            return None
        courses = _courses_of(outlook, self._knowledge.ranks, now)
        if courses is None:
            return None
        self._refilling = battery.refilling
        return decide_risk_buffer(
            courses,
            _prices_of(outlook, courses),
            battery,
            RiskWish(
                confidence_frac=self._cfg.buffer_confidence_pct / 100.0,
                outage_reserve_kwh=self._cfg.outage_reserve_kwh,
            ),
            calibration=self.calc.calibration,
            last_pct=self.calc.last_target_pct,
        )

    def _measured(self, start: datetime, end: datetime) -> tuple[SlotSeries, SlotSeries]:
        load = self._knowledge.measured_kw(ForecastKind.LOAD, start, end)
        pv = self._knowledge.measured_kw(ForecastKind.PV, start, end)
        if not np.isfinite(pv.values).any():
            # Where a home has PV, a day on which none of it was measured is one without load, too.
            pv = SlotSeries(start=start, values=np.zeros_like(load.values))
        return load, pv


# -- building ------------------------------------------------------------------------------------


def formula_in_shadow(cfg: Config, path: Path, clock: Callable[[], datetime]) -> DynamicBufferCalc:
    """Build the specified calculator where it is not the chosen one: it decides and logs only."""
    return FormulaInShadow(cfg, WritesNothing(), path=path, clock=clock)


def build_risk(  # noqa: PLR0913  # what a calculator is built from, and what it decides by
    cfg: Config,
    evcc: BufferSetter,
    path: Path,
    clock: Callable[[], datetime],
    *,
    formula: DynamicBufferCalc,
    knowledge: NeedKnowledge,
) -> RiskInCycle:
    """Build the risk-based buffer; it shares the period of ``formula``."""
    calc = RiskBufferCalc(
        cfg,
        evcc,
        path=path,
        clock=clock,
        is_chosen=cfg.buffer_strategy == RISK,
        period=formula.period,
    )
    return RiskInCycle(calc, formula, cfg, knowledge)


# -- what is decided by --------------------------------------------------------------------------


def _battery_of(
    site: SiteSnapshot | None, plant: Plant, cfg: Config, live: frozenset[Stage]
) -> RiskBattery | None:
    battery = None if site is None else site.battery
    if battery is None or battery.capacity_kwh is None or not battery.capacity_kwh > 0.0:
        return None
    return RiskBattery(
        capacity_kwh=battery.capacity_kwh,
        soc_min_pct=ASSUMED_SOC_MIN_PCT,
        charge_max_kw=plant.charge_max_kw,
        discharge_max_kw=plant.discharge_max_kw,
        one_way_frac=plant.one_way_frac,
        wear_eur_per_kwh=cfg.battery_wear_ct_per_kwh / 100.0,
        may_grid_charge=cfg.grid_charging and battery.is_controllable and Stage.BATTERY in live,
    )


def _courses_of(outlook: Outlook, ranks: RankArchive, now: datetime) -> NetCourses | None:
    """Return what may come; None when it is not known, or no longer."""
    bands = {expected.kind: expected.band for expected in outlook.expectations}
    load = bands.get(ForecastKind.LOAD)
    if load is None or not load.start <= slot_start(now) < load.start + len(load) * SLOT:
        return None
    sun = bands.get(ForecastKind.PV)
    pv = None if sun is None else _without_gaps(bands_of(sun))
    courses = net_courses(bands_of(load), pv, ranks, now)
    return courses if np.isfinite(courses.net_kw).all() else None


def _without_gaps(pv: Bands) -> Bands:
    # Slots of which nothing is known at all are those that were always dark.
    return Bands(start=pv.start, values=np.nan_to_num(pv.values), levels=pv.levels)


def _prices_of(outlook: Outlook, courses: NetCourses) -> RiskPrices | None:
    bands = {expected.kind: expected.band for expected in outlook.expectations}
    buy = bands.get(ForecastKind.IMPORT_PRICE)
    if buy is None:
        return None
    return RiskPrices(
        buy=_middle(buy, courses), sell=_middle(bands.get(ForecastKind.EXPORT_PRICE), courses)
    )


def _middle(band: BandSeries | None, courses: NetCourses) -> FloatArray:
    if band is None:
        return np.full(courses.net_kw.shape[1], np.nan)
    return series_of(band.start, band.p50).between(courses.start, courses.end).values
