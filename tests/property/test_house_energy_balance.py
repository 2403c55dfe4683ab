from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.site import BatteryMode
from simulator.battery import BatterySpec
from simulator.default_house import CITY_CAR, FAMILY_CAR
from simulator.house import House, HouseConfig
from simulator.plant import ChargerCommand, PlantReading

FUSE_A = 18.0

commands = st.builds(
    ChargerCommand,
    enabled=st.booleans(),
    current_a=st.floats(0.0, 32.0),
    phases=st.sampled_from([1, 3]),
)
steps = st.lists(
    st.tuples(
        st.integers(1, 2_400).map(lambda seconds: timedelta(seconds=seconds)),
        st.sampled_from(list(BatteryMode)),
        st.tuples(commands, commands),
    ),
    min_size=1,
    max_size=10,
)
batteries = st.lists(
    st.builds(
        BatterySpec,
        capacity_kwh=st.floats(1.0, 30.0),
        max_charge_kw=st.floats(0.5, 10.0),
        max_discharge_kw=st.floats(0.5, 10.0),
        initial_soc_pct=st.floats(0.0, 100.0),
        controllable=st.booleans(),
    ),
    max_size=2,
).map(tuple)
starts = st.datetimes(datetime(2026, 6, 1), datetime(2026, 6, 4)).map(  # noqa: DTZ001 - made aware next
    lambda naive: naive.replace(tzinfo=UTC)
)


def assert_meter_balances(reading: PlantReading) -> None:
    sources = reading.pv_kw + reading.grid_import_kw
    sources += sum(battery.discharge_kw for battery in reading.batteries)
    sinks = reading.load_kw + reading.grid_export_kw
    sinks += sum(battery.charge_kw for battery in reading.batteries)
    sinks += sum(charger.charge_kw for charger in reading.chargers)
    assert sources == pytest.approx(sinks, abs=1e-9)
    flows = (reading.pv_kw, reading.load_kw, reading.grid_import_kw, reading.grid_export_kw)
    assert min(flows) >= 0.0


def assert_batteries_obey(
    specs: tuple[BatterySpec, ...],
    before: PlantReading,
    after: PlantReading,
    mode: BatteryMode,
    hours: float,
) -> None:
    for spec, old, new in zip(specs, before.batteries, after.batteries, strict=True):
        stored_kwh = (new.soc_pct - old.soc_pct) / 100.0 * spec.capacity_kwh
        assert stored_kwh == pytest.approx(
            hours
            * (
                new.charge_kw * spec.charge_efficiency_frac
                - new.discharge_kw / spec.discharge_efficiency_frac
                - spec.standby_kw
            ),
            abs=1e-6,
        )
        assert -1e-9 <= new.soc_pct <= 100.0 + 1e-9
        upkeep_kw = spec.standby_kw / spec.charge_efficiency_frac
        assert 0.0 <= new.charge_kw <= max(upkeep_kw, spec.max_charge_kw) + 1e-9
        assert 0.0 <= new.discharge_kw <= spec.max_discharge_kw + 1e-9
        if spec.controllable and mode in (BatteryMode.HOLD, BatteryMode.CHARGE):
            assert new.discharge_kw == 0.0
        if spec.controllable and mode is BatteryMode.HOLD_CHARGE:
            assert new.charge_kw <= upkeep_kw + 1e-9
        charged_kwh = new.charged_total_kwh - old.charged_total_kwh
        assert charged_kwh == pytest.approx(new.charge_kw * hours, abs=1e-9)


def assert_counters_count(before: PlantReading, after: PlantReading, hours: float) -> None:
    imported_kwh = after.grid_import_total_kwh - before.grid_import_total_kwh
    assert imported_kwh == pytest.approx(after.grid_import_kw * hours, abs=1e-9)
    made_kwh = after.pv_total_kwh - before.pv_total_kwh
    assert made_kwh == pytest.approx(after.pv_kw * hours, abs=1e-9)
    for old, new in zip(before.chargers, after.chargers, strict=True):
        assert new.total_kwh - old.total_kwh == pytest.approx(new.charge_kw * hours, abs=1e-9)
        if new.car_soc_pct is not None:
            assert 0.0 <= new.car_soc_pct <= 100.0 + 1e-9


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 3), start=starts, specs=batteries, plan=steps)
def test_energy_in_is_energy_out_whatever_the_house_is_told(
    seed: int,
    start: datetime,
    specs: tuple[BatterySpec, ...],
    plan: list[tuple[timedelta, BatteryMode, tuple[ChargerCommand, ChargerCommand]]],
) -> None:
    config = HouseConfig(batteries=specs, cars=(FAMILY_CAR, CITY_CAR), n_chargers=2, fuse_a=FUSE_A)
    house = House(config, seed=seed, start=start)

    for dt, mode, chargers in plan:
        before = house.reading
        after = house.step(dt, mode, chargers)

        hours = dt.total_seconds() / 3600.0
        assert after.at == before.at + dt
        assert_meter_balances(after)
        assert_batteries_obey(specs, before, after, mode, hours)
        assert_counters_count(before, after, hours)
        # The household alone stays below this fuse.
        assert after.grid_import_kw <= 3 * 0.23 * FUSE_A + 1e-9
