"""The simulated home of a back-test: what was measured, behind an evcc as its owner set it."""

from datetime import datetime

from backtest.clockwork import MovedClock
from backtest.foresight_cars import READY_WITHIN_PCT
from backtest.period import Period, RecordedCar
from backtest.settings import BacktestSettings
from domain.proof import Policy
from proof.accounting import Departure
from simulator.home import SimulatedHome
from simulator.plant import CarSpec
from simulator.recorded_home import RecordedEvcc, recorded_home
from simulator.recorded_house import HomeStay, MeasuredCar, RecordedHouse
from simulator.recorded_market import RecordedMarket

# No fuse is known of a measured home; one that never blows keeps policies comparable.
_FUSE_A = 100.0


def home_of(
    policy: Policy, period: Period, settings: BacktestSettings, clock: MovedClock
) -> tuple[SimulatedHome, RecordedHouse]:
    """Return the home as it stands where the living begins, and its house."""
    start = clock.now()
    live = slice(period.live_from, period.n_slots)
    battery = None if policy is Policy.NO_BATTERY else settings.battery.spec()
    house = RecordedHouse(
        start=start,
        load_kw=period.load_kw[live].tolist(),
        pv_kw=period.pv_kw[live].tolist(),
        batteries=() if battery is None else (battery,),
        cars=[_car(car, start) for car in period.cars],
        fuse_a=_FUSE_A,
    )
    market = RecordedMarket(
        start=period.start,
        import_eur_per_kwh=period.import_price_eur_per_kwh.tolist(),
        export_eur_per_kwh=period.export_price_eur_per_kwh.tolist(),
        zone=period.zone,
    )
    home = recorded_home(
        house,
        market,
        None,
        clock=clock,
        evcc=RecordedEvcc(
            zone=period.zone,
            site={} if battery is None else settings.owners_site,
            feed_in_is_fixed=len(set(period.export_price_eur_per_kwh.tolist())) == 1,
            interval_s=settings.interval_s,
        ),
    )
    return home, house


def departures_of(house: RecordedHouse) -> list[Departure]:
    """Return which cars left with what their owner asked for; who asked for nothing is left out."""
    return [
        Departure(at=left.at, is_ready=left.soc_pct >= left.wanted_soc_pct - READY_WITHIN_PCT)
        for left in house.departures
        if left.wanted_soc_pct is not None
    ]


def _car(car: RecordedCar, start: datetime) -> MeasuredCar:
    """Return the car with the stays that are not over when the living begins."""
    return MeasuredCar(
        spec=CarSpec(
            name=car.name,
            title=car.title,
            capacity_kwh=car.capacity_kwh,
            phases=car.phases,
            max_current_a=car.max_current_a,
        ),
        stays=[
            HomeStay(
                arrives=stay.arrives,
                leaves=stay.leaves,
                used_kwh=stay.used_kwh,
                wanted_soc_pct=stay.wanted_soc_pct,
            )
            for stay in car.stays
            if stay.leaves > start
        ],
        initial_soc_pct=car.initial_soc_pct,
    )
