"""When readings make a quarter hour, when they do not, and what to ask evcc for."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.history import EnergySource, QuarterEnergies
from domain.site import BatterySnapshot, ChargeMode, Loadpoint, SiteSnapshot
from domain.tariff import Rate
from slot_meter import SlotMeter, longest_hold, range_to_fetch

START = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # the autumn's double hour begins in Berlin
SLOT = timedelta(minutes=15)
HALF_MINUTE = timedelta(seconds=30)


def site(at: datetime, **changes: object) -> SiteSnapshot:
    """A home whose powers add up: 3 kW sun and 1 kW grid go to 0.5 house, 2 car, 1.5 battery."""
    rates = [
        Rate(start=START, end=START + timedelta(minutes=30), price_eur_per_kwh=0.3),
        Rate(
            start=START + timedelta(minutes=30), end=START + timedelta(days=1),
            price_eur_per_kwh=0.2,
        ),
    ]  # fmt: skip
    plain = SiteSnapshot(
        read_at=at,
        evcc_version="0.314.0",
        title="",
        currency="EUR",
        time_zone=None,
        pv_kw=3.0,
        home_kw=0.5,
        grid_import_kw=1.0,
        grid_export_kw=0.0,
        battery=BatterySnapshot(soc_pct=60.0, capacity_kwh=10.0, charge_kw=1.5, discharge_kw=0.0),
        settings=None,
        loadpoints=(charging(2.0),),
        import_rates=tuple(rates),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # names of the snapshot


def charging(charge_kw: float, title: str = "Carport") -> Loadpoint:
    return Loadpoint(
        number=1, name="lp", title=title, mode=ChargeMode.PV, connected=True,
        charging=charge_kw > 0, charge_kw=charge_kw,
    )  # fmt: skip


def house(at: datetime, home_kw: float, **changes: object) -> SiteSnapshot:
    return site(
        at, pv_kw=0.0, home_kw=home_kw, grid_import_kw=home_kw, battery=None, loadpoints=(),
        **changes,
    )  # fmt: skip


def measured(
    readings: Sequence[SiteSnapshot],
    *,
    poll: timedelta = HALF_MINUTE,
    meter: SlotMeter | None = None,
) -> list[QuarterEnergies]:
    meter = meter or SlotMeter()
    return [
        quarter
        for reading in readings
        for quarter in meter.observe(reading.read_at, reading, poll=poll)
    ]


def each(poll: timedelta, start: datetime, end: datetime) -> list[datetime]:
    return [start + number * poll for number in range((end - start) // poll + 1)]


def test_a_quarter_hour_of_readings_becomes_energies() -> None:
    (quarter,) = measured([site(at) for at in each(HALF_MINUTE, START, START + SLOT)])

    flows = (quarter.pv_kwh, quarter.house_kwh, quarter.grid_import_kwh, quarter.battery_charge_kwh)
    assert flows == pytest.approx((0.75, 0.125, 0.25, 0.375))
    assert quarter.loadpoints_kwh == pytest.approx({"Carport": 0.5})
    assert (quarter.grid_export_kwh, quarter.battery_discharge_kwh) == (0.0, 0.0)
    assert (quarter.start, quarter.source) == (START, EnergySource.LIVE)
    assert (quarter.battery_soc_pct, quarter.is_curtailed) == (60.0, False)
    assert (quarter.import_eur_per_kwh, quarter.export_eur_per_kwh) == (0.3, None)


def test_each_reading_counts_for_the_time_up_to_the_next() -> None:
    # 1 kW for the first ten minutes, read often; 4 kW for the last five, read seldom.
    often = [house(at, 1.0) for at in each(HALF_MINUTE, START, START + timedelta(minutes=9.5))]
    seldom = [
        house(at, 4.0)
        for at in each(timedelta(minutes=1), START + timedelta(minutes=10), START + SLOT)
    ]

    (quarter,) = measured([*often, *seldom])

    assert quarter.house_kwh == pytest.approx((1.0 * 10 + 4.0 * 5) / 60)


def test_a_reading_is_cut_at_the_border_of_its_quarter_hour() -> None:
    start = START - timedelta(seconds=20)
    readings = [house(at, 1.0) for at in each(HALF_MINUTE, start, START + 2 * SLOT)]
    last = house(START + 2 * SLOT + timedelta(seconds=10), 1.0)

    quarters = measured([*readings, last])

    assert [quarter.house_kwh for quarter in quarters] == [pytest.approx(0.25)] * 2
    assert [quarter.start for quarter in quarters] == [START, START + SLOT]


def test_a_quarter_hour_seen_in_part_is_not_measured() -> None:
    begun_late = each(HALF_MINUTE, START + timedelta(minutes=4), START + SLOT)

    assert measured([house(at, 1.0) for at in begun_late]) == []


def test_a_lost_reading_or_two_are_bridged() -> None:
    readings = [house(at, 1.0) for at in each(HALF_MINUTE, START, START + SLOT)]
    del readings[10:12]

    (quarter,) = measured(readings)

    assert quarter.house_kwh == pytest.approx(0.25)


def test_an_outage_is_not_bridged_whether_it_is_told_or_not() -> None:
    meter, quiet = SlotMeter(), SlotMeter()
    for at in each(HALF_MINUTE, START, START + SLOT):
        is_out = START + timedelta(minutes=5) <= at < START + timedelta(minutes=12)
        told = meter.observe(at, None if is_out else house(at, 1.0), poll=HALF_MINUTE)
        untold = () if is_out else quiet.observe(at, house(at, 1.0), poll=HALF_MINUTE)

        assert told == untold == ()


def test_after_an_outage_of_days_measuring_goes_on() -> None:
    meter = SlotMeter()
    meter.observe(START, house(START, 1.0), poll=HALF_MINUTE)
    later = START + timedelta(days=40)

    quarters = measured(
        [house(at, 2.0) for at in each(HALF_MINUTE, later, later + SLOT)], meter=meter
    )

    assert [quarter.start for quarter in quarters] == [later]
    assert quarters[0].house_kwh == pytest.approx(0.5)


def test_a_flow_that_evcc_does_not_tell_is_not_known() -> None:
    readings = [
        site(at, pv_kw=None, grid_import_kw=None) for at in each(HALF_MINUTE, START, START + SLOT)
    ]

    (quarter,) = measured(readings)

    assert quarter.pv_kwh is None
    assert quarter.grid_import_kwh is None
    assert quarter.house_kwh == pytest.approx(0.125)
    assert quarter.is_curtailed is None


def test_a_flow_known_for_half_of_the_quarter_hour_is_not_known() -> None:
    half = START + SLOT / 2
    readings = [
        house(at, 1.0, export_rates=()) if at < half else site(at, pv_kw=None, grid_import_kw=None)
        for at in each(HALF_MINUTE, START, START + SLOT)
    ]

    (quarter,) = measured(readings)

    assert quarter.pv_kwh is None
    assert quarter.battery_charge_kwh is None
    assert quarter.loadpoints_kwh == {}
    assert quarter.house_kwh == pytest.approx(0.1875)


def test_a_lone_reading_counts_when_evcc_is_looked_at_every_quarter_hour() -> None:
    quarters = measured([house(at, 1.0) for at in each(SLOT, START, START + 3 * SLOT)], poll=SLOT)

    assert [quarter.house_kwh for quarter in quarters] == [pytest.approx(0.25)] * 3


def test_a_lone_reading_does_not_stand_for_the_next_quarter_hour_too() -> None:
    quarters = measured(
        [house(at, 1.0) for at in each(2 * SLOT, START, START + 4 * SLOT)], poll=SLOT
    )

    assert [quarter.start for quarter in quarters] == [START, START + 2 * SLOT]


def test_a_lone_reading_is_too_little_when_evcc_is_looked_at_more_often() -> None:
    quarters = measured([house(at, 1.0) for at in each(SLOT, START, START + 3 * SLOT)])

    assert quarters == []


@pytest.mark.parametrize("poll_s", [30, 60, 360, 900, 3600, 86400])
def test_a_reading_holds_for_its_poll_but_never_for_two_quarter_hours(poll_s: int) -> None:
    hold = longest_hold(timedelta(seconds=poll_s))

    assert min(timedelta(seconds=poll_s), SLOT) < hold < 1.5 * SLOT


def test_a_clock_that_is_set_back_begins_anew() -> None:
    meter = SlotMeter()
    before = [house(at, 1.0) for at in each(HALF_MINUTE, START, START + timedelta(minutes=14))]
    after = [house(at, 3.0) for at in each(HALF_MINUTE, START + timedelta(minutes=2), START + SLOT)]

    (quarter,) = measured([*before, *after], meter=meter)

    assert quarter.house_kwh == pytest.approx(0.75)


def test_a_clock_that_jumps_forward_leaves_a_gap() -> None:
    before = [house(at, 1.0) for at in each(HALF_MINUTE, START, START + timedelta(minutes=4))]
    after = [house(at, 1.0) for at in each(HALF_MINUTE, START + timedelta(minutes=9), START + SLOT)]

    assert measured([*before, *after]) == []


def test_a_clock_that_cannot_be_right_measures_nothing() -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)

    assert measured([house(at, 1.0) for at in each(HALF_MINUTE, epoch, epoch + 2 * SLOT)]) == []


def test_an_old_reading_counts_as_none() -> None:
    meter, old = SlotMeter(), house(START, 1.0)

    quarters = [
        quarter
        for at in each(HALF_MINUTE, START, START + 2 * SLOT)
        for quarter in meter.observe(at, old, poll=HALF_MINUTE)
    ]

    assert quarters == []


def test_powers_that_cannot_be_true_together_are_not_counted() -> None:
    # evcc shows 0 for a battery whose meter fails.
    no_battery_power = BatterySnapshot(soc_pct=60, capacity_kwh=10, charge_kw=0, discharge_kw=0)
    readings = [site(at, battery=no_battery_power) for at in each(HALF_MINUTE, START, START + SLOT)]

    assert measured(readings) == []


def test_prices_and_soc_are_those_at_the_start_of_the_quarter_hour() -> None:
    def at_soc(at: datetime) -> SiteSnapshot:
        soc_pct = 50.0 + (at - START).total_seconds() / 60.0
        battery = BatterySnapshot(
            soc_pct=soc_pct, capacity_kwh=10.0, charge_kw=1.5, discharge_kw=0.0
        )
        return site(at, battery=battery)

    quarters = measured(
        [at_soc(at) for at in each(timedelta(seconds=50), START, START + 3 * SLOT + HALF_MINUTE)]
    )

    assert [quarter.battery_soc_pct for quarter in quarters] == [
        50.0, pytest.approx(65.0), pytest.approx(80.0)
    ]  # fmt: skip
    assert [quarter.import_eur_per_kwh for quarter in quarters] == [0.3, 0.3, 0.2]


def test_two_loadpoints_of_one_title_are_added_up() -> None:
    cars = (charging(1.0), charging(1.0))

    (quarter,) = measured(
        [site(at, loadpoints=cars) for at in each(HALF_MINUTE, START, START + SLOT)]
    )

    assert quarter.loadpoints_kwh == {"Carport": pytest.approx(0.5)}


@pytest.mark.parametrize(("minutes", "is_curtailed"), [(1, False), (2, True), (15, True)])
def test_a_quarter_hour_held_back_for_a_while_counts_as_held_back(
    *, minutes: int, is_curtailed: bool
) -> None:
    until = START + timedelta(minutes=minutes)

    (quarter,) = measured(
        [
            site(at, production_is_limited=at < until)
            for at in each(HALF_MINUTE, START, START + SLOT)
        ]
    )

    assert quarter.is_curtailed is is_curtailed


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 400), st.floats(0, 10)), min_size=2, max_size=60))
def test_a_measured_energy_lies_between_what_was_read(looks: list[tuple[int, float]]) -> None:
    at, readings = START, []
    for seconds, power_kw in looks:
        readings.append(house(at, power_kw))
        at += timedelta(seconds=seconds)

    quarters = measured(readings, poll=timedelta(seconds=100))

    lowest, highest = min(kw for _, kw in looks), max(kw for _, kw in looks)
    for quarter in quarters:
        assert quarter.house_kwh is not None
        assert lowest / 4 - 1e-9 <= quarter.house_kwh <= highest / 4 + 1e-9
    starts = [quarter.start for quarter in quarters]
    assert starts == sorted(set(starts))


# --- what to ask evcc for


def test_the_newest_stored_quarter_hour_is_asked_for_when_evcc_has_had_time_to_store_it() -> None:
    soon, later = START + SLOT + timedelta(seconds=5), START + SLOT + timedelta(minutes=1)

    assert range_to_fetch(soon, stored_until=START) is None
    assert range_to_fetch(later, stored_until=START) == (START, START + SLOT)


def test_after_an_outage_all_of_it_is_asked_for_up_to_a_week() -> None:
    now = START + timedelta(minutes=5)

    assert range_to_fetch(now, stored_until=START - timedelta(days=2)) == (
        START - timedelta(days=2), START,
    )  # fmt: skip
    assert range_to_fetch(now, stored_until=START - timedelta(days=90)) == (
        START - timedelta(days=7), START,
    )  # fmt: skip


def test_without_anything_stored_the_last_hours_are_asked_for() -> None:
    found = range_to_fetch(START + timedelta(minutes=5), stored_until=None)

    assert found == (START - timedelta(hours=6), START)


def test_a_clock_that_was_set_back_asks_for_nothing() -> None:
    assert range_to_fetch(START, stored_until=START + timedelta(days=1)) is None
