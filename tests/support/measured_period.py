"""A small made-up past that is quickly lived through."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from backtest.period import Period, RecordedCar, Stay
from domain.horizon import SLOT, SLOTS_PER_DAY

BERLIN = ZoneInfo("Europe/Berlin")


def measured_period(
    *, n_days: float = 2.0, first: datetime | None = None, has_car: bool = False
) -> Period:
    """A winter home with a dear evening: cheap nights, a little sun, all of it measured."""
    start = (first or datetime(2025, 1, 13, tzinfo=BERLIN)).astimezone(UTC)
    n_slots = round(n_days * SLOTS_PER_DAY)
    rng = np.random.default_rng(5)
    hours = (np.arange(n_slots) / 4.0) % 24.0
    evening = (hours >= 17.0) & (hours < 21.0)
    night = hours < 5.0
    return Period(
        name="home",
        prices="prices",
        start=start,
        zone=BERLIN,
        load_kw=0.3 + 0.9 * evening + rng.uniform(0.0, 0.2, n_slots),
        pv_kw=np.maximum(0.0, 1.5 * np.sin((hours - 8.0) / 8.0 * np.pi)) * (hours < 16.0),
        import_price_eur_per_kwh=0.28 + 0.16 * evening - 0.10 * night,
        export_price_eur_per_kwh=np.full(n_slots, 0.08),
        pv_said_kw=None,
        is_measured=np.ones(n_slots, dtype=np.bool_),
        cars=(_car(start, n_slots),) if has_car else (),
        inputs={"made-up": "0"},
    )


def _car(start: datetime, n_slots: int) -> RecordedCar:
    home = start + timedelta(hours=17)
    return RecordedCar(
        name="auto",
        title="Auto",
        capacity_kwh=40.0,
        phases=3,
        max_current_a=16.0,
        initial_soc_pct=60.0,
        stays=(
            Stay(
                arrives=home,
                leaves=min(home + timedelta(hours=14), start + n_slots * SLOT),
                used_kwh=6.0,
                wanted_soc_pct=70.0,
            ),
        ),
    )
