from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from proof.day_slots import PricedSlots
from proof.replacement import replacement_value

BERLIN = ZoneInfo("Europe/Berlin")


def two_days(*, cheap: tuple[float, float], export: float = 0.08) -> PricedSlots:
    """Two days in winter: a cheap quarter of each, and 0.40 EUR/kWh for the rest."""
    prices = np.full(192, 0.40)
    prices[:24], prices[96:120] = cheap
    return PricedSlots(
        start=datetime(2024, 1, 9, 23, tzinfo=UTC),
        zone=BERLIN,
        import_price_eur_per_kwh=prices,
        export_price_eur_per_kwh=np.full(192, export),
        is_measured=np.ones(192, dtype=np.bool_),
    )


def value_of(priced: PricedSlots, *, surplus_kwh: np.ndarray | None = None) -> float:
    return replacement_value(
        priced,
        surplus_kwh=np.zeros(192) if surplus_kwh is None else surplus_kwh,
        usable_kwh=9.0,
        charge_efficiency_frac=0.9,
    )


def test_a_kwh_is_worth_the_cheap_hours_with_their_losses() -> None:
    assert value_of(two_days(cheap=(0.10, 0.20))) == pytest.approx(0.15 / 0.9)


def test_on_a_day_whose_sun_fills_the_battery_it_is_worth_what_was_not_sold() -> None:
    surplus_kwh = np.zeros(192)
    surplus_kwh[40:50] = 1.0

    assert value_of(two_days(cheap=(0.10, 0.20)), surplus_kwh=surplus_kwh) == pytest.approx(
        (0.08 + 0.20) / 2.0 / 0.9
    )


def test_sun_that_does_not_fill_it_leaves_the_rest_to_be_bought() -> None:
    surplus_kwh = np.zeros(192)
    surplus_kwh[40:50] = 0.99

    value = value_of(two_days(cheap=(0.10, 0.20)), surplus_kwh=surplus_kwh)

    assert value == pytest.approx(0.15 / 0.9)


def test_nobody_fills_it_with_sun_that_sells_for_more_than_buying_costs() -> None:
    value = value_of(two_days(cheap=(0.10, 0.10), export=0.12), surplus_kwh=np.ones(192))

    assert value == pytest.approx(0.10 / 0.9)


def test_a_day_that_was_not_measured_says_nothing_about_prices() -> None:
    priced = two_days(cheap=(0.10, 0.20))
    priced.is_measured[:96] = False

    assert value_of(priced) == pytest.approx(0.20 / 0.9)


def test_without_any_measured_day_all_days_are_asked() -> None:
    priced = two_days(cheap=(0.10, 0.20))
    priced.is_measured[:] = False

    assert value_of(priced) == pytest.approx(0.15 / 0.9)
