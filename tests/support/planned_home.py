"""A home as the service knows it before it plans: a reading, an outlook, options, a plant."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from config import Config
from domain.forecast import BandSeries, ChoiceReason, ForecastKind, ModelChoice
from domain.horizon import SLOT
from domain.outlook import ConfidenceParts, Expectation, Outlook
from domain.site import (
    BatteryDevice,
    BatterySnapshot,
    ChargeMode,
    Loadpoint,
    SiteSnapshot,
    SocSettings,
    Vehicle,
)
from domain.tariff import Rate
from plan_inputs import NOTHING_ASKED, OwnerAsks, build_task
from planner.plan_problem import CarModel
from planner.plant import KnownBy, Plant
from planner.task import PlanTask

NOW = datetime(2026, 3, 9, 16, 7, 30, tzinfo=UTC)
START = datetime(2026, 3, 9, 16, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
N_FORECAST = 204
PLANT = Plant(
    charge_max_kw=6.0,
    discharge_max_kw=4.5,
    round_trip_frac=0.81,
    charge_known_by=KnownBy.LEARNED,
    discharge_known_by=KnownBy.LEARNED,
    efficiency_known_by=KnownBy.LEARNED,
)
NO_TRUST = ConfidenceParts(
    confidence_frac=0.0, raw_frac=0.0, coverage_frac=0.0, freshness_frac=0.0, accuracy_frac=0.0
)


def expectation(
    kind: ForecastKind, values: list[float | None], *, start: datetime = START, n_known: int = 0
) -> Expectation:
    """Return a forecast without a band."""
    middle = tuple(values)
    return Expectation(
        kind=kind,
        band=BandSeries(start=start, p10=middle, p50=middle, p90=middle, n_known=n_known),
        choice=ModelChoice(model="test", reason=ChoiceReason.BEST),
    )


def outlook_of(*expectations: Expectation, start: datetime = START) -> Outlook:
    """Return what is expected, with nothing besides."""
    return Outlook(
        issued_at=start,
        start=start,
        expectations=expectations,
        provider_kw=(),
        confidence=NO_TRUST,
    )


def sunny() -> list[float | None]:
    """PV of 4 kW from 9 to 15 o'clock UTC."""
    hours = [(START + index * SLOT).hour for index in range(N_FORECAST)]
    return [4.0 if 9 <= hour < 15 else 0.0 for hour in hours]


LOAD = expectation(ForecastKind.LOAD, [0.8] * N_FORECAST)
PV = expectation(ForecastKind.PV, sunny())
BUYS = expectation(ForecastKind.IMPORT_PRICE, [0.30] * N_FORECAST)
SELLS = expectation(ForecastKind.EXPORT_PRICE, [0.08] * N_FORECAST)
OUTLOOK = outlook_of(LOAD, PV, BUYS, SELLS)


def rates(*prices: float, start: datetime = START - HOUR) -> tuple[Rate, ...]:
    """Hourly prices that begin in the past."""
    return tuple(
        Rate(
            start=start + number * HOUR,
            end=start + (number + 1) * HOUR,
            price_eur_per_kwh=price,
        )
        for number, price in enumerate(prices)
    )


BATTERY = BatterySnapshot(
    soc_pct=50.0,
    capacity_kwh=10.0,
    charge_kw=0.0,
    discharge_kw=0.0,
    devices=(
        BatteryDevice(
            name="bat1", title="Keller", soc_pct=50.0, capacity_kwh=10.0, controllable=True
        ),
    ),
)
SITE = SiteSnapshot(
    read_at=NOW,
    evcc_version="0.314.0",
    title="Zuhause",
    currency="EUR",
    time_zone=UTC,
    pv_kw=0.0,
    home_kw=0.8,
    grid_import_kw=0.8,
    grid_export_kw=0.0,
    battery=BATTERY,
    settings=SocSettings(priority_soc_pct=20.0, buffer_soc_pct=40.0, buffer_start_soc_pct=90.0),
    import_rates=rates(0.30, 0.20, 0.25, 0.40, 0.35),
    export_rates=rates(*[0.08] * 72),
)
CAR = Loadpoint(
    number=2,
    name="lp-2",
    title="Garage",
    mode=ChargeMode.PV,
    connected=True,
    charging=False,
    charge_kw=0.0,
    min_current_a=6.0,
    max_current_a=16.0,
    phases_active=3,
    phases_configured=3,
    switches_phases=False,
    vehicle_name="ev",
    vehicle_title="Blau",
    vehicle_soc_pct=40.0,
    limit_soc_pct=80.0,
)
VEHICLE = Vehicle(name="ev", title="Blau", capacity_kwh=50.0)


def with_car(site: SiteSnapshot = SITE, /, **changes: Any) -> SiteSnapshot:
    """Return a home whose garage has a car, changed as told."""
    return replace(site, loadpoints=(replace(CAR, **changes),), vehicles=(VEHICLE,))


def built(  # noqa: PLR0913  # what a service knows comes from six places
    site: SiteSnapshot | None = SITE,
    outlook: Outlook | None = OUTLOOK,
    *,
    cfg: Config | None = None,
    plant: Plant = PLANT,
    buffer_soc_pct: float | None = 40.0,
    asked: OwnerAsks = NOTHING_ASKED,
) -> PlanTask:
    """Return the task of a home; nothing else than a task is a failure."""
    inputs = build_task(
        NOW,
        site=site,
        outlook=outlook,
        cfg=cfg or Config(),
        plant=plant,
        buffer_soc_pct=buffer_soc_pct,
        asked=asked,
    )
    assert isinstance(inputs, PlanTask), inputs
    inputs.problem.checked()
    return inputs


def the_car(inputs: PlanTask) -> CarModel:
    """Return the only car."""
    (car,) = inputs.problem.cars
    return car
