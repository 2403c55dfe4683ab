"""Whose hand moved a setting: the owner's, evcc's own, another controller's, or nobody's."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller import Controller
from domain.control import BATTERY_MODE, BUFFER, EvccSetting, HoldEnd, Lever, SettingValue
from domain.levers import UNKNOWN, value_in, with_value
from domain.site import (
    BatteryDevice,
    BatteryMode,
    BatterySnapshot,
    ChargeMode,
    Loadpoint,
    SiteSnapshot,
    SocSettings,
)
from domain.steering import Override, OverrideKind, Stage, StageMode
from errors import WriteRefusedError
from tests.support.owned_evcc import BERLIN, START

ALL = frozenset(Stage)
LIMIT = Lever(setting=EvccSetting.SMART_COST_LIMIT, device="lp-1")
MODE = Lever(setting=EvccSetting.CHARGE_MODE, device="lp-1")
BOOST = Lever(setting=EvccSetting.BATTERY_BOOST, device="lp-1")
BOOST_LIMIT = Lever(setting=EvccSetting.BATTERY_BOOST_LIMIT, device="lp-1")
POLL = timedelta(seconds=30)
MIDNIGHT = datetime(2026, 3, 2, 23, tzinfo=UTC)

SITE = SiteSnapshot(
    read_at=START,
    evcc_version="0.314.0",
    title="",
    currency="EUR",
    time_zone=None,
    pv_kw=0.0,
    home_kw=0.5,
    grid_import_kw=0.5,
    grid_export_kw=0.0,
    battery=BatterySnapshot(
        soc_pct=60.0,
        capacity_kwh=10.0,
        charge_kw=0.0,
        discharge_kw=0.0,
        devices=(BatteryDevice(name="battery", controllable=True),),
    ),
    settings=SocSettings(priority_soc_pct=20.0, buffer_soc_pct=50.0, buffer_start_soc_pct=0.0),
    loadpoints=(
        Loadpoint(
            number=1,
            name="lp-1",
            title="Carport",
            mode=ChargeMode.PV,
            connected=True,
            charging=False,
            charge_kw=0.0,
            battery_boost=False,
            battery_boost_limit_pct=100.0,
            vehicle_name="blue",
        ),
    ),
)


class Evcc:
    """What evcc holds, and a controller that reads and writes it."""

    def __init__(self, folder: Path, *, hold_ends: HoldEnd | None = None) -> None:
        self.path = folder / "control.json"
        self.site = SITE
        self.now = START
        self.hold_ends = hold_ends
        self.is_away = False
        self.sent: list[tuple[Lever, SettingValue]] = []
        self.controller = self._new()
        self.read()

    def _new(self) -> Controller:
        controller = Controller(self.path, lambda: self.now, BERLIN, hold_ends=self.hold_ends)
        controller.begin()
        return controller

    def restart(self) -> None:
        self.controller = self._new()

    def read(self, live: frozenset[Stage] = ALL) -> None:
        self.now += POLL
        self.site = replace(self.site, read_at=self.now)
        self.controller.note_reading(self.site, live=live, now=self.now)

    def write(self, lever: Lever, value: SettingValue) -> SettingValue:
        """Write as the client does: the guard first, then evcc."""
        present = value_in(self.site, lever)
        assert present is not UNKNOWN
        self.controller.before_write(lever, present, value)
        self.sent.append((lever, value))
        self.site = with_value(self.site, lever, value)
        self.controller.after_write(lever, value)
        return value

    def move(self, lever: Lever, value: SettingValue) -> None:
        """Let somebody else change a setting."""
        self.site = with_value(self.site, lever, value)

    def change_loadpoint(self, **changes: object) -> None:
        (loadpoint,) = self.site.loadpoints
        self.site = replace(self.site, loadpoints=(replace(loadpoint, **changes),))  # type: ignore[arg-type]


@pytest.fixture
def evcc(tmp_path: Path) -> Evcc:
    return Evcc(tmp_path)


def test_a_limit_that_we_set_is_ours_and_the_owners_is_remembered(evcc: Evcc) -> None:
    evcc.write(LIMIT, 0.21)
    evcc.read()

    (owned,) = evcc.controller.owned
    assert (owned.lever, owned.owner, owned.ours) == (LIMIT, None, 0.21)
    assert evcc.controller.holds == ()


def test_a_limit_that_the_owner_moves_is_theirs_until_the_car_leaves(evcc: Evcc) -> None:
    evcc.write(LIMIT, 0.21)
    evcc.move(LIMIT, 0.15)
    evcc.read()

    (hold,) = evcc.controller.holds
    assert (hold.owner, hold.ends, hold.until) == (0.15, HoldEnd.CAR_LEAVES, None)
    with pytest.raises(WriteRefusedError, match="bis das Auto abfährt"):
        evcc.write(LIMIT, 0.3)

    evcc.change_loadpoint(connected=False)
    evcc.read()

    assert evcc.controller.holds == ()


def test_without_a_car_a_hand_on_a_charging_point_lasts_until_midnight(evcc: Evcc) -> None:
    evcc.change_loadpoint(connected=False)
    evcc.read()
    evcc.move(LIMIT, 0.15)
    evcc.read()

    (hold,) = evcc.controller.holds
    assert (hold.ends, hold.until) == (HoldEnd.MIDNIGHT, MIDNIGHT)


@pytest.mark.parametrize(("wish", "until"), [(HoldEnd.MIDNIGHT, MIDNIGHT), (HoldEnd.RESUME, None)])
def test_the_owner_chooses_how_long_their_hand_lasts(
    tmp_path: Path, wish: HoldEnd, until: datetime | None
) -> None:
    evcc = Evcc(tmp_path, hold_ends=wish)
    evcc.move(LIMIT, 0.15)
    evcc.read()
    evcc.change_loadpoint(connected=False)
    evcc.read()

    (hold,) = evcc.controller.holds
    assert (hold.ends, hold.until) == (wish, until)

    evcc.controller.resume()

    assert evcc.controller.holds == ()


def test_a_mode_that_returns_when_the_car_leaves_is_nobodys_hand(evcc: Evcc) -> None:
    evcc.write(MODE, "now")
    evcc.change_loadpoint(connected=False, vehicle_name=None, mode=ChargeMode.PV)

    evcc.read()

    assert evcc.controller.holds == ()
    assert evcc.controller.owned == ()


def test_a_vehicles_own_mode_is_nobodys_hand(evcc: Evcc) -> None:
    evcc.change_loadpoint(vehicle_name="red", mode=ChargeMode.MIN_PV)

    evcc.read()

    assert evcc.controller.holds == ()


def test_a_mode_that_stays_when_the_car_leaves_is_still_owed(evcc: Evcc) -> None:
    evcc.write(MODE, "now")
    evcc.change_loadpoint(connected=False, vehicle_name=None)

    evcc.read()

    assert [owned.owner for owned in evcc.controller.owned] == ["pv"]


def test_a_mode_that_the_owner_chooses_is_a_hand(evcc: Evcc) -> None:
    evcc.write(MODE, "now")
    evcc.move(MODE, "off")

    evcc.read()

    assert [hold.owner for hold in evcc.controller.holds] == ["off"]
    assert evcc.controller.owned == ()


def test_where_a_stage_observes_a_change_is_adopted_and_held_by_nobody(evcc: Evcc) -> None:
    evcc.move(LIMIT, 0.15)

    evcc.read(live=frozenset({Stage.BUFFER}))

    assert evcc.controller.holds == ()


# The battery mode


def test_a_mode_that_lapses_is_nobodys_hand(evcc: Evcc) -> None:
    evcc.write(BATTERY_MODE, "hold")
    evcc.move(BATTERY_MODE, None)

    evcc.read()

    assert evcc.controller.holds == ()
    assert evcc.controller.owned_value(BATTERY_MODE) == "hold"


def test_a_mode_that_somebody_else_imposes_is_theirs_until_it_is_gone(evcc: Evcc) -> None:
    evcc.write(BATTERY_MODE, "hold")
    evcc.move(BATTERY_MODE, "charge")
    evcc.read()

    (hold,) = evcc.controller.holds
    assert (hold.owner, hold.ends) == ("charge", HoldEnd.WHEN_GONE)
    assert evcc.controller.owned == ()
    evcc.controller.resume()
    with pytest.raises(WriteRefusedError, match="jemand anderes"):
        evcc.write(BATTERY_MODE, "hold")

    evcc.move(BATTERY_MODE, None)
    evcc.read()

    assert evcc.controller.holds == ()
    evcc.write(BATTERY_MODE, "hold")


def test_of_two_smartloads_the_one_that_sees_the_others_mode_steps_back(tmp_path: Path) -> None:
    first, second = Evcc(tmp_path), Evcc(tmp_path / "second")
    first.write(BATTERY_MODE, "hold")
    second.site = first.site
    second.read()
    first.read()

    assert first.controller.holds == ()
    assert [hold.owner for hold in second.controller.holds] == ["hold"]


def test_a_mode_that_a_restarted_evcc_has_forgotten_may_have_stuck(evcc: Evcc) -> None:
    evcc.write(BATTERY_MODE, "hold")
    evcc.controller.evcc_went_away()
    evcc.move(BATTERY_MODE, None)
    evcc.read()
    assert evcc.controller.mode_may_have_stuck

    evcc.controller.hand_back(evcc)

    assert evcc.sent[-2:] == [(BATTERY_MODE, "normal"), (BATTERY_MODE, None)]
    assert evcc.controller.owned == ()


def test_a_mode_that_was_in_force_when_we_died_may_have_stuck(evcc: Evcc) -> None:
    evcc.write(BATTERY_MODE, "charge")
    evcc.restart()
    evcc.move(BATTERY_MODE, None)

    evcc.read()

    assert evcc.controller.mode_may_have_stuck


def test_a_mode_that_is_gone_between_two_readings_may_have_stuck(evcc: Evcc) -> None:
    evcc.write(BATTERY_MODE, "hold")
    evcc.read()
    evcc.move(BATTERY_MODE, None)
    evcc.read()

    assert evcc.controller.hand_back(evcc) == ()

    assert evcc.sent[-2:] == [(BATTERY_MODE, "normal"), (BATTERY_MODE, None)]
    assert evcc.controller.owned == ()


def test_a_mode_that_is_seen_again_has_not_stuck(evcc: Evcc) -> None:
    evcc.write(BATTERY_MODE, "hold")
    evcc.move(BATTERY_MODE, None)
    evcc.read()
    evcc.move(BATTERY_MODE, "hold")

    evcc.read()

    assert not evcc.controller.mode_may_have_stuck


# Giving back in the right order


def test_what_was_changed_last_is_given_back_first(evcc: Evcc) -> None:
    evcc.write(BOOST_LIMIT, 50.0)
    evcc.write(BOOST, value=True)

    evcc.controller.hand_back(evcc)

    assert evcc.sent[-2:] == [(BOOST, False), (BOOST_LIMIT, 100.0)]


def test_a_charging_point_that_is_gone_for_now_is_still_owed(evcc: Evcc) -> None:
    evcc.write(LIMIT, 0.21)
    evcc.site = replace(evcc.site, loadpoints=())

    evcc.read()

    assert [owned.lever for owned in evcc.controller.owned] == [LIMIT]


# The first cycle, stages, overrides, evcc's automatic mode


def test_before_the_first_cycle_is_over_nothing_is_written(tmp_path: Path) -> None:
    controller = Controller(tmp_path / "control.json", lambda: START, BERLIN)

    with pytest.raises(WriteRefusedError, match="gerade gestartet"):
        controller.before_write(BUFFER, 50.0, 30.0)


def test_a_stage_observes_until_it_is_released_and_survives_a_restart(evcc: Evcc) -> None:
    assert evcc.controller.live_since(Stage.BATTERY) is None

    evcc.controller.set_stage(Stage.BATTERY, StageMode.LIVE)
    since = evcc.now
    evcc.now += POLL
    evcc.controller.set_stage(Stage.BATTERY, StageMode.LIVE)
    evcc.restart()

    assert evcc.controller.live_since(Stage.BATTERY) == since
    assert evcc.controller.live_since(Stage.CARS) is None
    evcc.controller.set_stage(Stage.BATTERY, StageMode.OBSERVING)
    assert evcc.controller.live_since(Stage.BATTERY) is None


def charge_now(evcc: Evcc, minutes: int = 90) -> Override:
    return Override(
        kind=OverrideKind.CHARGE_NOW,
        since=evcc.now,
        until=evcc.now + timedelta(minutes=minutes),
        device="lp-1",
    )


def test_an_override_survives_a_restart_and_ends_by_itself(evcc: Evcc) -> None:
    asked = charge_now(evcc)
    evcc.controller.start_override(asked)
    evcc.restart()
    assert evcc.controller.overrides(evcc.now) == (asked,)

    evcc.now = asked.until

    assert evcc.controller.overrides(evcc.now) == ()


def test_an_override_ends_when_the_car_leaves(evcc: Evcc) -> None:
    evcc.controller.start_override(charge_now(evcc))
    evcc.change_loadpoint(connected=False)

    evcc.read()

    assert evcc.controller.overrides(evcc.now) == ()


def test_another_override_of_the_kind_takes_the_place_of_the_first(evcc: Evcc) -> None:
    evcc.controller.start_override(charge_now(evcc))
    longer = charge_now(evcc, 240)

    evcc.controller.start_override(longer)

    assert evcc.controller.overrides(evcc.now) == (longer,)
    evcc.controller.end_override(OverrideKind.CHARGE_NOW, "lp-1")
    assert evcc.controller.overrides(evcc.now) == ()


def test_a_clock_that_was_set_back_does_not_make_an_override_longer(evcc: Evcc) -> None:
    evcc.now += timedelta(days=1000)
    evcc.controller.start_override(charge_now(evcc))

    evcc.now = START
    evcc.read()

    (override,) = evcc.controller.overrides(evcc.now)
    assert override.until - evcc.now == timedelta(minutes=90)


def test_charge_now_ends_the_owners_hold_on_the_mode(evcc: Evcc) -> None:
    evcc.move(MODE, "off")
    evcc.read()
    assert evcc.controller.hold_on(MODE) is not None

    evcc.controller.start_override(charge_now(evcc))

    assert evcc.controller.hold_on(MODE) is None


def test_evccs_automatic_mode_has_the_say_until_somebody_takes_over(evcc: Evcc) -> None:
    evcc.site = replace(evcc.site, automatic_mode=True)
    evcc.read()
    evcc.controller.resume(evcc_is_automatic=True)
    assert not evcc.controller.has_say
    with pytest.raises(WriteRefusedError, match="evcc steuert selbst"):
        evcc.write(LIMIT, 0.21)

    evcc.site = replace(evcc.site, automatic_mode=False)
    evcc.read()
    evcc.restart()
    assert not evcc.controller.has_say

    evcc.controller.resume()
    assert evcc.controller.has_say


def test_the_owners_view_has_their_values_in_place_of_ours(evcc: Evcc) -> None:
    evcc.write(LIMIT, 0.21)
    evcc.write(MODE, "now")
    evcc.write(BUFFER, 30.0)
    evcc.write(BATTERY_MODE, "hold")

    owners = evcc.controller.as_owner_has_it(evcc.site)

    (loadpoint,) = owners.loadpoints
    assert (loadpoint.smart_cost_limit, loadpoint.mode) == (None, ChargeMode.PV)
    assert owners.settings == SITE.settings
    assert owners.battery is not None
    assert owners.battery.external_mode in {None, BatteryMode.UNKNOWN}


# What an earlier version left behind


def test_a_file_of_the_former_version_still_knows_what_is_owed(tmp_path: Path) -> None:
    path = tmp_path / "control.json"
    owned = {"setting": "bufferSoc", "owner_pct": 50, "ours_pct": 30, "since": START.isoformat()}
    hold = {
        "setting": "bufferSoc",
        "owner_pct": 70,
        "since": START.isoformat(),
        "until": MIDNIGHT.isoformat(),
    }
    pending = {"setting": "bufferSoc", "old_pct": 50, "new_pct": 30}
    path.write_text(
        json.dumps(
            {
                "version": 1,
                "released": True,
                "owned": [owned],
                "pending": [pending],
                "holds": [hold],
            }
        ),
        encoding="utf-8",
    )

    controller = Controller(path, lambda: START, BERLIN)

    assert controller.state_file.load_problem is None
    assert [(one.lever, one.owner, one.ours) for one in controller.owned] == [(BUFFER, 50, 30)]
    assert [(one.lever, one.until) for one in controller.holds] == [(BUFFER, MIDNIGHT)]
    assert controller.released


def test_everything_that_is_held_survives_a_restart(evcc: Evcc) -> None:
    evcc.write(LIMIT, 0.21)
    evcc.write(BOOST, value=True)
    evcc.move(BOOST_LIMIT, 80.0)
    evcc.read()
    before = (evcc.controller.owned, evcc.controller.holds)

    evcc.restart()

    assert (evcc.controller.owned, evcc.controller.holds) == before
