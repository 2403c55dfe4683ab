"""A home with an evening, a night and a sunny day ahead, for the risk-based buffer."""

from datetime import UTC, datetime, timedelta

import numpy as np

from domain.horizon import SLOTS_PER_DAY
from forecaster.refill import NetCourses, net_courses
from forecaster.scenarios import RankArchive
from forecaster.series import Bands, FloatArray
from risk_buffer import RiskBattery, RiskBuffer, RiskPrices, RiskWish, decide_risk_buffer

EVENING = datetime(2026, 6, 1, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
N_SLOTS = 2 * SLOTS_PER_DAY
SPREAD = np.array([0.6, 0.7, 0.85, 1.0, 1.2, 1.6, 2.0])

BATTERY = RiskBattery(
    capacity_kwh=10.0,
    soc_min_pct=5.0,
    charge_max_kw=5.0,
    discharge_max_kw=5.0,
    one_way_frac=0.95,
    wear_eur_per_kwh=0.02,
    may_grid_charge=True,
)


def bands(middle_kw: FloatArray, spread: float = 1.0) -> Bands:
    """Bands around a middle; ``spread`` widens (above 1) or narrows them."""
    return Bands(start=EVENING, values=middle_kw * SPREAD[:, None] ** spread)


def hours(*of_hours: tuple[float, float, float]) -> FloatArray:
    """Two days from the evening on, at 0 but for (from hour, to hour, value)."""
    values = np.zeros(N_SLOTS)
    for begin, end, value in of_hours:
        values[int(begin * 4) : int(end * 4)] = value
    return values


def courses(
    *, hour: float = 0.0, load_kw: float = 0.3, spread: float = 1.0, sun_kw: float = 3.0
) -> NetCourses:
    """What may come ``hour`` hours after the evening; the sun shines from hour 12 to 22."""
    load = bands(np.full(N_SLOTS, load_kw), spread)
    sun = bands(hours((12, 22, sun_kw), (36, 46, sun_kw)), spread)
    return net_courses(load, sun, RankArchive(), EVENING + hour * HOUR)


def prices(of: NetCourses, *of_hours: tuple[float, float, float], usual: float = 0.3) -> RiskPrices:
    """The usual price but for (from hour, to hour, EUR/kWh) of the courses; 8 ct for feeding in."""
    n_slots = of.net_kw.shape[1]
    buy = np.full(n_slots, usual)
    for begin, end, eur_per_kwh in of_hours:
        buy[int(begin * 4) : int(end * 4)] = eur_per_kwh
    return RiskPrices(buy=buy, sell=np.full(n_slots, 0.08))


def decide(  # noqa: PLR0913  # everything a test may want to be different
    of: NetCourses | None = None,
    *,
    confidence: float = 0.9,
    outage_kwh: float = 0.0,
    at: RiskPrices | None = None,
    battery: RiskBattery = BATTERY,
    last_pct: float | None = None,
) -> RiskBuffer:
    """Decide for the evening, or for what is given."""
    ahead = courses() if of is None else of
    return decide_risk_buffer(
        ahead,
        prices(ahead) if at is None else at,
        battery,
        RiskWish(confidence_frac=confidence, outage_reserve_kwh=outage_kwh),
        last_pct=last_pct,
    )
