"""Whose value stands in evcc: kept before the first write, given back, never fought over."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx2
import pytest

from control.hands import end_of_local_day
from controller import Controller
from domain.control import BUFFER, EvccSetting, InCharge, Lever
from domain.site import SocSettings
from domain.steering import Stage
from errors import WriteRefusedError
from tests.support.owned_evcc import BERLIN, START, KilledError, OwnedEvcc

HOUR = timedelta(hours=1)
PRIORITY = Lever(setting=EvccSetting.PRIORITY_SOC)
MIDNIGHT = datetime(2026, 3, 2, 23, tzinfo=UTC)


@pytest.fixture
def house(tmp_path: Path) -> OwnedEvcc:
    return OwnedEvcc(tmp_path)


def timeout() -> BaseException:
    return httpx2.ReadTimeout("too slow")


def kill() -> BaseException:
    return KilledError()


def in_charge(house: OwnedEvcc) -> InCharge:
    return house.controller.status(
        is_live=house.is_live,
        observation_ends_at=None,
        is_degraded=False,
        evcc_is_automatic=False,
    ).in_charge


# The owner's value is kept


def test_the_owners_value_is_on_disk_before_the_first_write_leaves(house: OwnedEvcc) -> None:
    on_disk: list[list[dict[str, object]]] = []

    def look(request: httpx2.Request) -> httpx2.Response | None:
        if request.method == "POST":
            on_disk.append(json.loads(house.path.read_text(encoding="utf-8"))["owned"])
        return None

    house.evcc.fault = look
    house.write(30)

    assert [(owned["setting"], owned["owner"]) for owned in on_disk[0]] == [("bufferSoc", 50)]


def test_what_is_owed_is_the_owners_value_however_often_ours_changes(house: OwnedEvcc) -> None:
    for pct in (30, 20, 40):
        house.write(pct)

    (owned,) = house.controller.owned
    assert (owned.owner, owned.ours) == (50, 40)
    assert owned.since == START


def test_what_is_owed_survives_a_restart(house: OwnedEvcc) -> None:
    house.write(30)
    before = house.controller.owned

    house.restart()

    assert house.controller.owned == before
    assert house.read() is None
    assert house.controller.owned == before


def test_nothing_is_owed_before_anything_was_written(house: OwnedEvcc) -> None:
    house.read()

    assert house.controller.owned == ()


def test_once_ours_is_the_owners_own_value_nothing_is_owed(house: OwnedEvcc) -> None:
    house.write(30)

    house.write(50)

    assert house.controller.owned == ()


def test_without_a_writable_disk_the_first_write_is_refused(tmp_path: Path) -> None:
    house = OwnedEvcc(tmp_path / "missing")
    house.read()

    with pytest.raises(WriteRefusedError, match="konnte nicht gesichert werden"):
        house.client.set_buffer_soc(30)

    assert house.evcc.buffer_soc == 50
    assert house.controller.owned == ()
    assert not house.controller.can_save
    assert house.controller.state_file.save_problem is not None


def test_once_the_disk_is_writable_the_write_goes_out(tmp_path: Path) -> None:
    house = OwnedEvcc(tmp_path / "missing")
    assert not house.write(30)
    house.folder.mkdir()

    assert house.write(30)
    assert house.evcc.buffer_soc == 30
    assert house.controller.state_file.save_problem is None


def test_what_a_full_disk_did_not_take_is_put_there_with_a_later_reading(house: OwnedEvcc) -> None:
    house.read()
    blocked = house.path.with_name(house.path.name + ".tmp")
    blocked.mkdir()
    house.controller.release()
    assert not house.path.exists()

    blocked.rmdir()
    house.read()

    assert house.controller.can_save
    assert json.loads(house.path.read_text(encoding="utf-8"))["released"] is True


def test_a_state_file_that_cannot_be_trusted_is_kept_aside_and_reported(tmp_path: Path) -> None:
    (tmp_path / "control.json").write_text('{"version": 1, "owned": 3}', encoding="utf-8")

    house = OwnedEvcc(tmp_path)

    assert house.controller.owned == ()
    assert house.controller.state_file.load_problem is not None
    assert len(list(tmp_path.iterdir())) == 1


# ... whenever the process dies and whatever answers get lost


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("n_writes_before", [0, 1, 2])
@pytest.mark.parametrize("ends", [kill, timeout])
def test_a_write_that_ends_without_an_answer_loses_nothing(
    house: OwnedEvcc, *, arrives: bool, n_writes_before: int, ends: Callable[[], BaseException]
) -> None:
    for pct in (30, 40)[:n_writes_before]:
        assert house.write(pct)
    house.lose_writes(ends, arrives=arrives)
    if ends is kill:
        with pytest.raises(KilledError):
            house.write(20)
        house.restart()
    else:
        assert not house.write(20)
    house.heal()

    house.read()

    assert in_charge(house) is InCharge.LIVE
    assert house.owed_pct() == (None if n_writes_before == 0 and not arrives else 50)
    assert house.write(25)
    assert house.owed_pct() == 50
    assert house.hand_back() == ()
    assert house.evcc.buffer_soc == 50


@pytest.mark.parametrize("arrives", [True, False])
def test_a_stop_right_after_an_unanswered_write_still_gives_back(
    house: OwnedEvcc, *, arrives: bool
) -> None:
    house.lose_writes(timeout, arrives=arrives)
    house.write(20)
    house.heal()
    house.client.read_site(house.now)

    assert house.hand_back() == ()

    assert house.evcc.buffer_soc == 50


def test_a_refused_write_is_tried_again_and_nobodys_hand(house: OwnedEvcc) -> None:
    house.evcc.fault = lambda request: httpx2.Response(500) if request.method == "POST" else None
    assert not house.write(30)
    house.heal()

    assert house.write(30)
    assert in_charge(house) is InCharge.LIVE


def test_an_unanswered_write_that_arrived_is_told_to_the_calculator(house: OwnedEvcc) -> None:
    house.lose_writes(timeout, arrives=True)
    house.write(20)
    house.heal()

    assert house.read() == 20
    assert house.read() is None


# Giving back


def test_handing_back_restores_the_owners_value(house: OwnedEvcc) -> None:
    house.write(30)

    assert house.hand_back() == ()

    assert house.evcc.buffer_soc == 50
    assert house.controller.owned == ()
    house.restart()
    assert house.controller.owned == ()


def test_handing_back_nothing_sends_nothing(house: OwnedEvcc) -> None:
    house.read()

    assert house.hand_back() == ()

    assert house.evcc.commands == []


def test_evccs_off_is_given_back_as_off(house: OwnedEvcc) -> None:
    house.evcc.buffer_soc = 0.0
    house.write(30)
    assert house.evcc.buffer_soc == 30

    house.hand_back()

    assert house.evcc.buffer_soc == 0


def test_what_cannot_be_given_back_stays_owed_over_a_restart(house: OwnedEvcc) -> None:
    house.write(30)
    house.evcc.fault = lambda _: httpx2.Response(503)

    assert [owned.owner for owned in house.hand_back()] == [50]
    house.restart()
    house.heal()
    house.read()

    assert house.owed_pct() == 50
    assert house.hand_back() == ()
    assert house.evcc.buffer_soc == 50


def test_after_a_restart_an_evcc_that_was_never_read_keeps_being_owed(house: OwnedEvcc) -> None:
    house.write(30)
    house.restart()

    assert len(house.hand_back()) == 1

    assert house.owed_pct() == 50


def test_a_value_the_owner_moved_meanwhile_is_not_overwritten_by_handing_back(
    house: OwnedEvcc,
) -> None:
    house.write(30)
    house.evcc.buffer_soc = 70
    house.read()

    house.hand_back()

    assert house.evcc.buffer_soc == 70


def test_released_means_no_writes_until_resumed(house: OwnedEvcc) -> None:
    house.write(30)

    house.controller.release()
    house.hand_back()

    assert house.evcc.buffer_soc == 50
    assert not house.write(30)
    assert in_charge(house) is InCharge.RELEASED
    house.controller.resume()
    assert house.write(30)
    assert in_charge(house) is InCharge.LIVE


def test_a_release_survives_a_restart(house: OwnedEvcc) -> None:
    house.controller.release()

    house.restart()

    assert not house.write(30)
    assert in_charge(house) is InCharge.RELEASED


def test_a_configuration_that_is_wrong_writes_nothing_but_still_gives_back(
    house: OwnedEvcc,
) -> None:
    house.write(30)
    house.may_write = False
    house.restart()

    assert not house.write(20)
    assert house.evcc.buffer_soc == 30
    assert in_charge(house) is InCharge.DEGRADED
    assert house.hand_back() == ()
    assert house.evcc.buffer_soc == 50


# The owner's hand


def test_a_value_moved_while_live_is_held_until_local_midnight(house: OwnedEvcc) -> None:
    house.write(30)
    house.evcc.buffer_soc = 70

    assert house.read() == 70
    assert in_charge(house) is InCharge.OWNER
    house.now = MIDNIGHT - timedelta(seconds=1)
    assert not house.write(30)
    house.now = MIDNIGHT

    assert house.write(30)
    assert house.owed_pct() == 70


def test_the_refusal_names_the_value_and_how_long_it_holds(house: OwnedEvcc) -> None:
    house.write(30)
    house.evcc.buffer_soc = 70
    house.read()

    with pytest.raises(WriteRefusedError, match=r"auf 70% gestellt, gilt bis 03\.03\. 00:00"):
        house.client.set_buffer_soc(30)


def test_a_hand_is_noticed_also_before_we_ever_wrote(house: OwnedEvcc) -> None:
    house.read()
    house.evcc.buffer_soc = 70

    assert house.read() == 70

    assert in_charge(house) is InCharge.OWNER
    assert house.controller.owned == ()


def test_a_hold_survives_a_restart(house: OwnedEvcc) -> None:
    house.write(30)
    house.evcc.buffer_soc = 70
    house.read()

    house.restart()

    assert not house.write(30)
    assert in_charge(house) is InCharge.OWNER


def test_activation_ends_a_hold(house: OwnedEvcc) -> None:
    house.write(30)
    house.evcc.buffer_soc = 70
    house.read()

    house.controller.resume()

    assert house.write(30)
    assert house.owed_pct() == 70


def test_a_value_moved_back_to_the_owners_is_their_hand_and_owes_nothing(
    house: OwnedEvcc,
) -> None:
    house.write(30)
    house.evcc.buffer_soc = 50

    assert house.read() == 50

    assert house.controller.owned == ()
    assert in_charge(house) is InCharge.OWNER


def test_a_clock_that_is_set_back_does_not_stretch_a_hold(house: OwnedEvcc) -> None:
    house.now += timedelta(days=1000)
    house.write(30)
    house.evcc.buffer_soc = 70
    house.read()

    house.now = START
    house.read()
    assert in_charge(house) is InCharge.OWNER
    house.pass_time(MIDNIGHT - START)

    assert house.write(30)
    assert house.evcc.buffer_soc == 30


def test_moving_it_again_moves_the_hold(house: OwnedEvcc) -> None:
    house.write(30)
    for pct in (70, 60):
        house.evcc.buffer_soc = pct
        house.now += HOUR
        house.read()

    with pytest.raises(WriteRefusedError, match="auf 60% gestellt"):
        house.client.set_buffer_soc(30)


def test_a_value_moved_while_we_were_down_is_a_hand_as_well(house: OwnedEvcc) -> None:
    house.write(30)
    house.evcc.buffer_soc = 70
    house.restart()

    assert house.read() == 70

    assert in_charge(house) is InCharge.OWNER
    assert house.controller.owned == ()


def test_a_value_moved_while_observing_is_reported_and_nothing_held(house: OwnedEvcc) -> None:
    house.is_live = False
    house.read()
    house.evcc.buffer_soc = 70

    assert house.read() == 70
    house.is_live = True

    assert house.write(30)
    assert house.owed_pct() == 70


def test_the_first_reading_is_told_to_the_calculator_and_is_nobodys_hand(house: OwnedEvcc) -> None:
    assert house.read() == 50
    assert house.read() is None
    assert in_charge(house) is InCharge.LIVE


@pytest.mark.parametrize("settings", [None, SocSettings()])
def test_a_reading_without_the_setting_says_nothing(
    house: OwnedEvcc, settings: SocSettings | None
) -> None:
    house.write(30)

    site = replace(house.client.read_site(house.now), settings=settings)
    told = house.controller.note_reading(site, live=frozenset(Stage), now=house.now)

    assert told is None
    assert house.owed_pct() == 50
    assert in_charge(house) is InCharge.LIVE


# evcc comes back without what we wrote


@pytest.mark.parametrize("lost_to", [50.0, 40.0, 100.0])
def test_an_evcc_that_lost_our_value_is_no_hand_and_gets_it_again(
    house: OwnedEvcc, lost_to: float
) -> None:
    house.write(40)
    house.write(30)
    house.go_away()
    house.evcc.buffer_soc = lost_to

    assert house.read() == lost_to

    assert in_charge(house) is InCharge.LIVE
    assert house.write(30)
    assert house.owed_pct() == 50
    house.hand_back()
    assert house.evcc.buffer_soc == 50


def test_only_the_first_reading_after_an_outage_is_excused(house: OwnedEvcc) -> None:
    house.write(30)
    house.go_away()
    house.read()
    house.evcc.buffer_soc = 70

    house.read()

    assert in_charge(house) is InCharge.OWNER


# Midnight, and who is shown to decide


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        ("2026-03-02T12:00+00:00", "2026-03-02T23:00+00:00"),
        ("2026-03-02T23:00+00:00", "2026-03-03T23:00+00:00"),
        ("2026-03-28T23:30+00:00", "2026-03-29T22:00+00:00"),
        ("2026-10-24T22:30+00:00", "2026-10-25T23:00+00:00"),
    ],
)
def test_the_day_ends_at_the_homes_midnight(now: str, midnight: str) -> None:
    assert end_of_local_day(datetime.fromisoformat(now), BERLIN) == datetime.fromisoformat(midnight)


def test_the_zone_evcc_tells_moves_midnight(house: OwnedEvcc) -> None:
    house.controller.use_time_zone(ZoneInfo("Asia/Tokyo"))
    house.write(30)
    house.evcc.buffer_soc = 70
    house.read()
    house.now = datetime(2026, 3, 2, 15, tzinfo=UTC)

    assert house.write(30)


@pytest.mark.parametrize(
    ("circumstances", "expected"),
    [
        ({}, InCharge.LIVE),
        ({"is_live": False}, InCharge.OBSERVING),
        ({"is_degraded": True}, InCharge.DEGRADED),
        ({"evcc_is_automatic": True}, InCharge.EVCC_AUTOMATIC),
    ],
)
def test_who_is_in_charge(
    house: OwnedEvcc, circumstances: dict[str, bool], expected: InCharge
) -> None:
    usual = {"is_live": True, "is_degraded": False, "evcc_is_automatic": False}
    until = START + HOUR

    status = house.controller.status(
        observation_ends_at=until,
        **{**usual, **circumstances},
    )

    assert status.in_charge is expected
    assert status.until == (until if expected is InCharge.OBSERVING else None)


def test_the_status_shows_what_the_owner_gets_back_and_how_long_they_hold(
    house: OwnedEvcc,
) -> None:
    house.write(30)
    owned = house.controller.owned
    kept = house.controller.status(
        is_live=True, observation_ends_at=None, is_degraded=False, evcc_is_automatic=False
    )
    house.evcc.buffer_soc = 70
    house.read()
    held = house.controller.status(
        is_live=True, observation_ends_at=None, is_degraded=False, evcc_is_automatic=False
    )

    assert kept.owned == owned
    assert held.in_charge is InCharge.OWNER
    assert held.until == MIDNIGHT


def test_cars_are_not_charged_from_the_battery_yet(tmp_path: Path) -> None:
    controller = Controller(tmp_path / "control.json", lambda: START, BERLIN)

    assert controller._bat_to_ev_active is False
    assert not controller.bat_to_ev_active


def test_each_setting_has_its_own_owner(house: OwnedEvcc) -> None:
    house.read()
    house.client.write(PRIORITY, 10)
    house.client.set_buffer_soc(30)

    assert {owned.lever: owned.owner for owned in house.controller.owned} == {
        PRIORITY: 20,
        BUFFER: 50,
    }
    assert house.hand_back() == ()
    assert (house.evcc.priority_soc, house.evcc.buffer_soc) == (20, 50)
