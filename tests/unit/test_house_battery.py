import pytest

from domain.site import BatteryMode
from simulator.battery import Battery, BatterySpec, settle_batteries

HOUR = 1.0
CELL = 30 / 3600


def battery(soc_pct: float = 50.0, **changes: float | bool) -> Battery:
    return Battery(BatterySpec(initial_soc_pct=soc_pct, **changes))  # type: ignore[arg-type]  # test shorthand


def settle(
    batteries: list[Battery], mode: BatteryMode, surplus_kw: float
) -> tuple[list[float], list[float]]:
    return settle_batteries(batteries, mode, surplus_kw, CELL)


@pytest.mark.parametrize("mode", [BatteryMode.NORMAL, BatteryMode.UNKNOWN])
def test_a_normal_battery_follows_the_meter(mode: BatteryMode) -> None:
    assert settle([battery()], mode, 2.0) == ([2.0], [0.0])
    assert settle([battery()], mode, -2.0) == ([0.0], [2.0])
    assert settle([battery()], mode, 9.0) == ([5.0], [0.0])
    assert settle([battery()], mode, -9.0) == ([0.0], [5.0])


def test_a_held_battery_charges_from_surplus_but_gives_nothing() -> None:
    assert settle([battery()], BatteryMode.HOLD, 2.0) == ([2.0], [0.0])
    assert settle([battery()], BatteryMode.HOLD, -2.0) == ([0.0], [0.0])


def test_a_battery_told_to_charge_takes_full_power_whatever_the_sun_does() -> None:
    assert settle([battery()], BatteryMode.CHARGE, -2.0) == ([5.0], [0.0])
    assert settle([battery()], BatteryMode.CHARGE, 2.0) == ([5.0], [0.0])


def test_a_battery_kept_from_charging_still_gives() -> None:
    assert settle([battery()], BatteryMode.HOLD_CHARGE, 2.0) == ([0.0], [0.0])
    assert settle([battery()], BatteryMode.HOLD_CHARGE, -2.0) == ([0.0], [2.0])


def test_a_battery_that_cannot_be_controlled_ignores_the_mode() -> None:
    own = battery(controllable=False)

    assert settle([own], BatteryMode.HOLD, -2.0) == ([0.0], [2.0])


def test_two_batteries_share_in_proportion_to_their_power() -> None:
    pair = [battery(), battery(max_charge_kw=2.5, max_discharge_kw=2.5)]

    charge_kw, _ = settle(pair, BatteryMode.NORMAL, 3.0)
    _, discharge_kw = settle(pair, BatteryMode.NORMAL, -6.0)

    assert charge_kw == pytest.approx([2.0, 1.0])
    assert discharge_kw == pytest.approx([4.0, 2.0])


def test_charging_tapers_near_full_and_ends_there() -> None:
    assert battery(89.0).most_charge_kw(CELL) == 5.0
    assert 1.0 < battery(97.0).most_charge_kw(CELL) < 3.5
    full = battery(100.0, standby_kw=0.0)
    assert full.most_charge_kw(CELL) == 0.0


def test_a_round_trip_loses_about_a_tenth() -> None:
    store = battery(20.0, standby_kw=0.0)
    before_kwh = store.stored_kwh

    store.advance(4.0, 0.0, HOUR)
    store.advance(0.0, (store.stored_kwh - before_kwh) * 0.955, HOUR)

    assert store.stored_kwh == pytest.approx(before_kwh)
    assert store.discharged_total_kwh / store.charged_total_kwh == pytest.approx(0.912, abs=0.001)


def test_standby_drains_an_idle_battery() -> None:
    idle = battery(50.0)

    idle.advance(0.0, 0.0, 24.0)

    assert idle.stored_kwh == pytest.approx(5.0 - 24 * 0.012)


@pytest.mark.parametrize("mode", list(BatteryMode))
def test_an_empty_battery_keeps_itself_alive_in_every_mode(mode: BatteryMode) -> None:
    empty = battery(5.0)

    charge_kw, discharge_kw = settle([empty], mode, -1.0)
    empty.advance(charge_kw[0], discharge_kw[0], CELL)

    assert discharge_kw == [0.0]
    assert empty.soc_pct >= 5.0 - 1e-9


def test_a_battery_without_capacity_is_refused() -> None:
    with pytest.raises(ValueError, match="capacity"):
        BatterySpec(capacity_kwh=0.0)
    with pytest.raises(ValueError, match="initial SoC"):
        BatterySpec(initial_soc_pct=101.0)
