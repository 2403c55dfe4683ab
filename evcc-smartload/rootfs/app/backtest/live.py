"""Lives through a period once, with one policy in charge, and counts what it comes to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from backtest.clockwork import MovedClock
from backtest.home import departures_of, home_of
from backtest.in_charge import InCharge
from backtest.meter import Meter
from backtest.period import Period
from backtest.settings import BacktestSettings
from domain.horizon import SLOT
from domain.proof import Policy
from proof.accounting import SlotBook

_DAY_SLOTS = 96

Progress = Callable[[float], None]
"""Is told how much of a policy's period is over, 0..1; about once a simulated day."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lived:
    """What a policy came to, quarter hour by quarter hour."""

    book: SlotBook
    n_plans: int


def live(
    policy: Policy,
    period: Period,
    settings: BacktestSettings,
    progress: Progress = lambda _: None,
) -> Lived:
    """Live through a period with ``policy``, which is not perfect foresight.

    Args:
        policy: Who decides.
        period: What is lived again.
        settings: The home and the owner's options.
        progress: Is told how far it is.
    """
    start = period.start + period.live_from * SLOT
    clock = MovedClock(start)
    home, house = home_of(policy, period, settings, clock)
    in_charge = None
    if policy not in {Policy.NO_BATTERY, Policy.EVCC}:
        in_charge = InCharge(policy, home=home, clock=clock, period=period, settings=settings)
    n_slots = period.n_slots - period.live_from
    meter = Meter(n_slots, home.plant.reading)
    interval = timedelta(seconds=settings.interval_s)
    now = start
    for slot in range(n_slots):
        end = now + SLOT
        if in_charge is not None:
            in_charge.begin_slot(now)
        while now < end:
            now = min(now + interval, end)
            clock.move_to(now)
            home.advance_to(now)
            if in_charge is not None and now < end:
                in_charge.look(now)
        n_writes, is_switched = (0, False) if in_charge is None else in_charge.end_slot()
        meter.close_slot(
            house.reading,
            away_total_kwh=house.away_total_kwh,
            buffer_soc_pct=None if in_charge is None else in_charge.buffer_soc_pct,
            n_writes=n_writes,
            is_switched=is_switched,
        )
        if slot % _DAY_SLOTS == 0:
            progress(slot / n_slots)
    progress(1.0)
    return Lived(
        book=meter.book(departures_of(house)),
        n_plans=0 if in_charge is None else in_charge.n_plans,
    )
