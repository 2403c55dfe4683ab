"""What planning tells of the home to whoever carries its plans out."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config import Config
from plan_inputs import NOTHING_ASKED
from planner.horizon_planner import HorizonPlanner
from planner.plant import KnownBy
from planning import Planning
from site_watch import Reading
from storage.history_store import HistoryStore
from tests.support.planned_home import NOW, OUTLOOK, SITE
from tests.support.sim_service import AT_ONCE, SteppedClock

READING = Reading(site=SITE, error=None, changed=False)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[HistoryStore]:
    store = HistoryStore(tmp_path / "history.db", now=NOW)
    yield store
    store.close()


@pytest.fixture
def planning_with(history: HistoryStore) -> Callable[[Config], Planning]:
    return lambda cfg: Planning(
        cfg, history, HorizonPlanner(seconds=SteppedClock(NOW).monotonic_s, limits=AT_ONCE)
    )


def plan(planning: Planning) -> None:
    planning.update(NOW, READING, OUTLOOK, buffer_soc_pct=None, asked=NOTHING_ASKED)


def test_what_the_owner_says_of_the_battery_holds_before_the_first_plan(
    planning_with: Callable[[Config], Planning],
) -> None:
    plant = planning_with(Config(battery_charge_kw=3.3)).plant

    assert (plant.charge_max_kw, plant.charge_known_by) == (3.3, KnownBy.CONFIGURED)


def test_what_the_owner_says_of_the_battery_goes_before_what_would_be_assumed(
    planning_with: Callable[[Config], Planning],
) -> None:
    planning = planning_with(Config(battery_discharge_kw=2.5, battery_efficiency_pct=80.0))

    plan(planning)

    plant = planning.plant
    assert (plant.discharge_max_kw, plant.discharge_known_by) == (2.5, KnownBy.CONFIGURED)
    assert (plant.round_trip_frac, plant.efficiency_known_by) == (0.8, KnownBy.CONFIGURED)


def test_where_the_owner_says_nothing_of_the_battery_its_size_tells(
    planning_with: Callable[[Config], Planning],
) -> None:
    planning = planning_with(Config(battery_discharge_kw=2.5))

    plan(planning)

    assert (planning.plant.charge_max_kw, planning.plant.charge_known_by) == (5.0, KnownBy.ASSUMED)
