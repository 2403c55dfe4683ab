"""A battery's powers and efficiency are found again in what it did."""

from dataclasses import dataclass

import numpy as np
import pytest

from planner.plan_problem import FloatArray
from planner.plant import (
    ASSUMED_ROUND_TRIP_FRAC,
    KnownBy,
    PlantPast,
    assumed_plant,
    learn_plant,
    with_options,
)

SLOT_H = 0.25
CAPACITY_KWH = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueBattery:
    charge_kw: float = 4.2
    discharge_kw: float = 3.1
    round_trip: float = 0.87
    roof_kw: float = 9.0
    evening_kw: float = 4.0


def lived(battery: TrueBattery, *, n_days: int = 60, noise: float = 0.01) -> PlantPast:
    """What a battery does between a roof and a house, as meters with noise tell it."""
    rng = np.random.default_rng(7)
    n_slots = 96 * n_days
    hour = np.arange(n_slots) % 96 / 4.0
    bell = np.clip(np.sin((hour - 6.0) / 12.0 * np.pi), 0.0, None)
    weather = np.repeat(rng.uniform(0.1, 1.0, n_days), 96) * rng.uniform(0.5, 1.0, n_slots)
    is_evening = (hour >= 18.0) & (hour < 21.0)
    load_kw = rng.gamma(2.0, 0.2, n_slots) + is_evening * rng.gamma(
        2.0, battery.evening_kw / 2.0, n_slots
    )
    net_kw = battery.roof_kw * bell * weather - load_kw
    one_way = battery.round_trip**0.5
    charge, discharge, soc = np.zeros(n_slots), np.zeros(n_slots), np.zeros(n_slots)
    level = 0.5 * CAPACITY_KWH
    for slot in range(n_slots):
        soc[slot] = level
        room_kwh = (CAPACITY_KWH - level) / one_way
        charge[slot] = min(max(net_kw[slot], 0.0), battery.charge_kw) * SLOT_H
        charge[slot] = min(charge[slot], room_kwh)
        discharge[slot] = min(max(-net_kw[slot], 0.0), battery.discharge_kw) * SLOT_H
        discharge[slot] = min(discharge[slot], level * one_way)
        level += charge[slot] * one_way - discharge[slot] / one_way
    return PlantPast(
        charge_kwh=charge * rng.normal(1.0, noise, n_slots),
        discharge_kwh=discharge * rng.normal(1.0, noise, n_slots),
        soc_pct=np.round(100.0 * soc / CAPACITY_KWH),
    )


def with_gaps(past: PlantPast) -> PlantPast:
    """A day without meters every ten days, and a state of charge that is told now and then."""
    slots = np.arange(len(past.soc_pct))
    is_lost = slots // 96 % 10 == 9
    lose: list[FloatArray] = [
        np.where(is_lost, np.nan, column) for column in (past.charge_kwh, past.discharge_kwh)
    ]
    soc = np.where(slots % 3 == 0, past.soc_pct, np.nan)
    return PlantPast(charge_kwh=lose[0], discharge_kwh=lose[1], soc_pct=soc)


@pytest.mark.parametrize("round_trip", [0.78, 0.87, 0.95])
@pytest.mark.parametrize("has_gaps", [False, True])
def test_what_a_battery_can_is_found_in_its_noisy_past(
    round_trip: float, *, has_gaps: bool
) -> None:
    past = lived(TrueBattery(round_trip=round_trip))

    plant = learn_plant(
        with_gaps(past) if has_gaps else past, capacity_kwh=CAPACITY_KWH, slot_h=SLOT_H
    )

    assert plant.charge_max_kw == pytest.approx(4.2, rel=0.03)
    assert plant.discharge_max_kw == pytest.approx(3.1, rel=0.03)
    assert plant.round_trip_frac == pytest.approx(round_trip, abs=0.01)
    assert plant.one_way_frac**2 == pytest.approx(plant.round_trip_frac)
    assert {plant.charge_known_by, plant.discharge_known_by, plant.efficiency_known_by} == {
        KnownBy.LEARNED
    }


def test_a_limit_that_was_never_reached_is_not_learned_from_a_small_house() -> None:
    past = lived(TrueBattery(charge_kw=8.0, discharge_kw=8.0, roof_kw=4.0, evening_kw=0.5))

    plant = learn_plant(past, capacity_kwh=CAPACITY_KWH, slot_h=SLOT_H)

    assert (plant.charge_max_kw, plant.charge_known_by) == (5.0, KnownBy.ASSUMED)
    assert (plant.discharge_max_kw, plant.discharge_known_by) == (5.0, KnownBy.ASSUMED)


def test_more_than_assumed_is_believed_when_it_was_seen() -> None:
    past = lived(TrueBattery(charge_kw=8.0, roof_kw=12.0))

    plant = learn_plant(past, capacity_kwh=CAPACITY_KWH, slot_h=SLOT_H)

    assert plant.charge_known_by is KnownBy.LEARNED
    assert 6.5 < plant.charge_max_kw < 8.3


def test_single_impossible_readings_do_not_count() -> None:
    past = lived(TrueBattery())
    charge = past.charge_kwh.copy()
    charge[::500] = 40.0

    plant = learn_plant(
        PlantPast(charge_kwh=charge, discharge_kwh=past.discharge_kwh, soc_pct=past.soc_pct),
        capacity_kwh=CAPACITY_KWH,
        slot_h=SLOT_H,
    )

    assert plant.charge_max_kw == pytest.approx(4.2, rel=0.03)
    # The balance would say that hardly anything ever came out again.
    assert plant.efficiency_known_by is KnownBy.ASSUMED


@pytest.mark.parametrize("round_trip", [0.5, 1.2])
def test_an_efficiency_that_cannot_be_is_not_used(round_trip: float) -> None:
    past = lived(TrueBattery(round_trip=round_trip))

    plant = learn_plant(past, capacity_kwh=CAPACITY_KWH, slot_h=SLOT_H)

    assert plant.round_trip_frac == ASSUMED_ROUND_TRIP_FRAC
    assert plant.efficiency_known_by is KnownBy.ASSUMED


def test_a_few_cycles_say_nothing_about_efficiency() -> None:
    plant = learn_plant(lived(TrueBattery(), n_days=6), capacity_kwh=CAPACITY_KWH, slot_h=SLOT_H)

    assert plant.efficiency_known_by is KnownBy.ASSUMED


@pytest.mark.parametrize("n_slots", [0, 1, 500])
def test_a_past_in_which_nothing_is_known_leaves_the_usual(n_slots: int) -> None:
    unknown = np.full(n_slots, np.nan)
    past = PlantPast(charge_kwh=unknown, discharge_kwh=unknown, soc_pct=unknown)

    assert learn_plant(past, capacity_kwh=10.0, slot_h=SLOT_H) == assumed_plant(10.0)
    assert learn_plant(past, capacity_kwh=None, slot_h=SLOT_H) == assumed_plant(None)


@pytest.mark.parametrize(
    ("capacity_kwh", "power_kw"), [(None, 2.0), (2.5, 2.0), (10.0, 5.0), (40.0, 10.0)]
)
def test_without_a_past_the_usual_is_assumed(capacity_kwh: float | None, power_kw: float) -> None:
    plant = assumed_plant(capacity_kwh)

    assert (plant.charge_max_kw, plant.discharge_max_kw) == (power_kw, power_kw)
    assert plant.one_way_frac == pytest.approx(0.95)


def test_the_owners_word_counts_more_than_what_was_learned() -> None:
    learned = learn_plant(lived(TrueBattery()), capacity_kwh=CAPACITY_KWH, slot_h=SLOT_H)

    plant = with_options(learned, charge_kw=3.0, discharge_kw=None, round_trip_frac=0.9)

    assert (plant.charge_max_kw, plant.charge_known_by) == (3.0, KnownBy.CONFIGURED)
    assert plant.discharge_known_by is KnownBy.LEARNED
    assert (plant.round_trip_frac, plant.efficiency_known_by) == (0.9, KnownBy.CONFIGURED)
