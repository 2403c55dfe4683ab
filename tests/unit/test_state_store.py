"""The shared state: complete, rising, bounded, and never held up by a reader."""

import inspect
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from control_json import command_to_json, titles_of
from domain.config_problem import ConfigProblem
from domain.control import (
    BUFFER,
    CommandRecord,
    ControlStatus,
    EvccSetting,
    HoldEnd,
    InCharge,
    Lever,
    OwnerHold,
    Ownership,
)
from domain.problem import Problem, ProblemCode, Severity
from domain.site import BatterySnapshot, ChargeMode, Loadpoint, SiteSnapshot, SocSettings
from domain.state import (
    CycleKind,
    CycleReport,
    DemoStatus,
    EvccStatus,
    SystemState,
)
from domain.steering import (
    CommandCode,
    CommandReason,
    DoneNow,
    Fact,
    Override,
    OverrideKind,
    Stage,
    StageMode,
    StageReport,
    WriteCount,
    WriteOutcome,
)
from domain.tariff import Rate
from state_store import MAILBOX_SIZE, Mailbox, StateStore, _snapshot_to_json_dict
from tests.support.shown_state import bare_state

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PATIENCE_S = 60.0
CAR_MODE = Lever(setting=EvccSetting.CHARGE_MODE, device="db:1")

BARE_STATE = bare_state(NOW)
EMPTY_STATE = replace(
    BARE_STATE,
    service=replace(
        BARE_STATE.service,
        version="1",
        time_zone="Europe/Berlin",
        utc_offset_min=60,
        options_path="options.json",
    ),
    pv=replace(BARE_STATE.pv, accuracy_frac=0.7),
    control=ControlStatus(in_charge=InCharge.OBSERVING, until=None, owned=()),
)

FULL_STATE = replace(
    EMPTY_STATE,
    service=replace(
        EMPTY_STATE.service,
        config_problems=(ConfigProblem(option="port", given="x", allowed="1 to 65535"),),
        demo=DemoStatus(speed=360.0, progress_frac=0.5),
    ),
    evcc=EvccStatus(url="http://evcc:7070", reachable=True, since=NOW, version="0.314.0"),
    site=SiteSnapshot(
        read_at=NOW,
        evcc_version="0.314.0",
        title="Zuhause",
        currency="EUR",
        time_zone=UTC,
        pv_kw=3.25,
        home_kw=0.5,
        grid_import_kw=0.0,
        grid_export_kw=None,
        battery=BatterySnapshot(soc_pct=60.0, capacity_kwh=10.0, charge_kw=1.0, discharge_kw=0.0),
        settings=SocSettings(priority_soc_pct=20.0, buffer_soc_pct=30.0, buffer_start_soc_pct=0.0),
        loadpoints=(
            Loadpoint(
                number=1,
                name="db:1",
                title="Carport",
                mode=ChargeMode.PV,
                connected=True,
                charging=False,
                charge_kw=0.0,
            ),
        ),
        import_rates=(
            Rate(start=NOW - HOUR, end=NOW, price_eur_per_kwh=0.10),
            Rate(start=NOW, end=NOW + HOUR, price_eur_per_kwh=0.30),
        ),
    ),
    site_is_stale=False,
    price_spread=0.1234567,
    pv=replace(EMPTY_STATE.pv, slots_start=NOW, slots_kw=(2.0,) * 96),
    control=ControlStatus(
        in_charge=InCharge.LIVE,
        until=NOW,
        owned=(
            Ownership(lever=BUFFER, owner=50.0, ours=30.0, since=NOW - HOUR),
            Ownership(lever=CAR_MODE, owner="pv", ours="now", since=NOW - HOUR),
        ),
    ),
    cycle=CycleReport(
        count=3, kind=CycleKind.SLOT, at=NOW, next_at=NOW + HOUR / 4, duration_ms=12.345
    ),
    problems=(
        Problem(
            code=ProblemCode.NO_PRICES,
            severity=Severity.INFO,
            since=NOW,
            detail="evcc has no prices",
            facts={"source": "evcc"},
        ),
    ),
)


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def join(*threads: threading.Thread) -> None:
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def no_wake() -> None:
    pass


def versions_in(mailbox: Mailbox) -> list[int]:
    """Take everything out and return the versions in that order."""
    versions = [state["version"] for state in iter(mailbox.take, None)]
    assert all(isinstance(version, int) for version in versions)
    return versions  # type: ignore[return-value]  # checked above


# The contract by name


def test_a_new_store_has_no_buffer_result() -> None:
    store = StateStore()

    assert store._buffer_result is None
    assert store.snapshot()["buffer_result"] is None


def test_update_keeps_the_buffer_result() -> None:
    store = StateStore()

    store.update(state=EMPTY_STATE, plan_summary=None, buffer_result={"mode": "live"})

    assert store._buffer_result == {"mode": "live"}
    assert store._snapshot_unlocked()["buffer_result"] == {"mode": "live"}
    assert _snapshot_to_json_dict(store.snapshot())["buffer"] == {"mode": "live"}


def test_update_without_a_buffer_result_works() -> None:
    store = StateStore()
    store.update(state=EMPTY_STATE, buffer_result={"mode": "live"})

    store.update(state=EMPTY_STATE)

    assert _snapshot_to_json_dict(store.snapshot())["buffer"] is None


def test_update_works_with_positions_and_with_nothing() -> None:
    store = StateStore()

    store.update(EMPTY_STATE, {"cost": 1}, {"mode": "observation"})
    assert store.snapshot()["plan_summary"] == {"cost": 1}
    store.update()

    assert store.snapshot()["version"] == 2


def test_the_unlocked_snapshot_copies_the_buffer_result() -> None:
    source = inspect.getsource(StateStore._snapshot_unlocked)

    assert '"buffer_result": copy.copy(self._buffer_result)' in source


def test_a_readers_change_does_not_reach_the_store_or_other_readers() -> None:
    store = StateStore()
    mailbox = store.subscribe(no_wake)
    store.update(EMPTY_STATE, {"cost": 1}, {"mode": "live"})

    for name in ("buffer_result", "plan_summary"):
        mine = store.snapshot()[name]
        assert isinstance(mine, dict)
        mine.clear()

    assert store.snapshot()["buffer_result"] == {"mode": "live"}
    assert store.snapshot()["plan_summary"] == {"cost": 1}
    mailbox.take()
    taken = mailbox.take()
    assert taken is not None
    assert taken["buffer_result"] == {"mode": "live"}


# The JSON form


@pytest.mark.parametrize("state", [None, EMPTY_STATE, FULL_STATE])
def test_every_state_is_valid_json(state: SystemState | None) -> None:
    store = StateStore()
    store.update(state=state, buffer_result={"mode": "observation"})

    text = json.dumps(_snapshot_to_json_dict(store.snapshot()), allow_nan=False)

    assert json.loads(text)["buffer"] == {"mode": "observation"}


def test_the_buffer_comes_last_after_the_plan_summary() -> None:
    keys = list(_snapshot_to_json_dict(StateStore().snapshot()))

    assert keys[-2:] == ["plan_summary", "buffer"]


def test_prices_are_those_that_hold_now() -> None:
    store = StateStore()
    store.update(FULL_STATE)

    prices = _snapshot_to_json_dict(store.snapshot())["prices"]

    assert isinstance(prices, dict)
    assert prices["import_now_eur_per_kwh"] == 0.30
    assert prices["export_now_eur_per_kwh"] is None
    assert prices["spread_eur_per_kwh"] == 0.12346


def test_a_price_of_zero_is_a_price() -> None:
    assert FULL_STATE.site is not None
    free = Rate(start=NOW, end=NOW + HOUR, price_eur_per_kwh=0.0)
    store = StateStore()
    store.update(replace(FULL_STATE, site=replace(FULL_STATE.site, import_rates=(free,))))

    prices = _snapshot_to_json_dict(store.snapshot())["prices"]

    assert isinstance(prices, dict)
    assert prices["import_now_eur_per_kwh"] == 0.0


def test_the_next_four_hours_are_energy_to_people() -> None:
    store = StateStore()
    store.update(FULL_STATE)

    pv = _snapshot_to_json_dict(store.snapshot())["pv"]

    assert isinstance(pv, dict)
    assert pv["next_4h_kwh"] == pytest.approx(8.0)


# Control


def shown_control(control: ControlStatus, state: SystemState = FULL_STATE) -> dict[str, Any]:
    store = StateStore()
    store.update(replace(state, control=control))
    shown = _snapshot_to_json_dict(store.snapshot())["control"]
    assert isinstance(shown, dict)
    return shown


def status(**parts: Any) -> ControlStatus:
    return replace(ControlStatus(in_charge=InCharge.LIVE, until=None, owned=()), **parts)


def with_vehicle(state: SystemState, title: str) -> SystemState:
    assert state.site is not None
    (loadpoint,) = state.site.loadpoints
    there = replace(loadpoint, vehicle_title=title)
    return replace(state, site=replace(state.site, loadpoints=(there,)))


def test_a_control_that_says_little_has_every_key() -> None:
    assert shown_control(status()) == {
        "in_charge": "live",
        "until": None,
        "owner_values": [],
        "holds": [],
        "stages": [],
        "rung": None,
        "overrides": [],
        "bat_to_car": None,
        "writes": None,
        "opinions": None,
    }


def test_the_owners_values_are_told_with_their_device_and_its_title() -> None:
    site, car = shown_control(FULL_STATE.control)["owner_values"]

    assert (site["setting"], site["device"], site["title"]) == ("bufferSoc", "", "")
    assert (site["owner"], site["ours"]) == (50.0, 30.0)
    assert (car["setting"], car["device"], car["title"]) == ("mode", "db:1", "Carport")
    assert (car["owner"], car["ours"]) == ("pv", "now")


def test_a_loadpoint_that_is_gone_goes_by_its_name() -> None:
    state = replace(FULL_STATE, site=None)

    titles = [one["title"] for one in shown_control(FULL_STATE.control, state)["owner_values"]]

    assert titles == ["", "db:1"]


def test_a_setting_has_the_title_of_its_loadpoint_and_a_wish_that_of_the_car() -> None:
    hold = OwnerHold(lever=CAR_MODE, owner="off", since=NOW, ends=HoldEnd.CAR_LEAVES)
    wish = Override(
        kind=OverrideKind.CHARGE_NOW, since=NOW, until=NOW + HOUR, device=CAR_MODE.device
    )

    shown = shown_control(
        status(holds=(hold,), overrides=(wish,)), with_vehicle(FULL_STATE, "Škoda")
    )

    assert [one["title"] for one in shown["holds"]] == ["Carport"]
    assert [one["title"] for one in shown["overrides"]] == ["Škoda"]


def test_a_hold_without_an_end_says_when_it_ends() -> None:
    hold = OwnerHold(lever=CAR_MODE, owner="off", since=NOW, ends=HoldEnd.CAR_LEAVES)

    (shown,) = shown_control(status(holds=(hold,)))["holds"]

    assert (shown["value"], shown["until"], shown["ends"]) == ("off", None, "car_leaves")


@pytest.mark.parametrize("value", [None, 0.0, 0.1834, "hold", False, True])
def test_a_value_of_a_setting_is_told_as_it_is(value: float | str | bool | None) -> None:  # noqa: FBT001
    done = DoneNow(setting="x", device="", title="", value=value, reason=None, is_applied=False)
    stage = StageReport(stage=Stage.CARS, mode=StageMode.LIVE, since=None, done=(done,))

    (shown,) = shown_control(status(stages=(stage,)))["stages"]

    told = shown["done"][0]["value"]
    assert (type(told), told) == (type(value), value)


@pytest.mark.parametrize(
    ("fact", "told"), [(0.123456789, 0.12346), (3, 3), ("lp-1", "lp-1"), (21.0, 21.0)]
)
def test_facts_are_told_with_five_decimals(fact: Fact, told: Fact) -> None:
    reason = CommandReason(code=CommandCode.CAR_CHEAP, facts={"fact": fact})
    done = DoneNow(setting="x", device="", title="", value=1.0, reason=reason, is_applied=True)
    stage = StageReport(stage=Stage.CARS, mode=StageMode.LIVE, since=NOW, done=(done,))

    (shown,) = shown_control(status(stages=(stage,)))["stages"]

    assert shown["done"][0]["reason"] == {"code": "car_cheap", "facts": {"fact": told}}


def test_the_count_of_writes_has_titles() -> None:
    count = WriteCount(n_today=3, most_per_day=80, by_lever=(("mode", "db:1", 3, 24),))

    shown = shown_control(status(writes=count))["writes"]

    assert shown["by_lever"] == [
        {"setting": "mode", "device": "db:1", "title": "Carport", "n": 3, "most": 24}
    ]


def test_a_command_is_told_with_what_came_of_it() -> None:
    record = CommandRecord(
        at=NOW,
        lever=CAR_MODE,
        stage=Stage.CARS,
        before="pv",
        wanted="now",
        accepted=None,
        outcome=WriteOutcome.FAILED,
        reason=CommandReason(code=CommandCode.OWNER_ASKED),
        detail="timed out",
        settled_at=NOW + HOUR,
    )

    assert command_to_json(record, titles_of(FULL_STATE.site)) == {
        "at": "2026-03-02T12:00:00+00:00",
        "setting": "mode",
        "device": "db:1",
        "title": "Carport",
        "stage": "cars",
        "before": "pv",
        "wanted": "now",
        "accepted": None,
        "outcome": "failed",
        "reason": {"code": "owner_asked", "facts": {}},
        "detail": "timed out",
        "settled_at": "2026-03-02T13:00:00+00:00",
    }


# Versions and mailboxes


def test_the_version_rises_with_every_update() -> None:
    store = StateStore()
    versions = [store.snapshot()["version"]]

    for _ in range(3):
        store.update(EMPTY_STATE)
        versions.append(store.snapshot()["version"])

    assert versions == [0, 1, 2, 3]


def test_a_new_mailbox_holds_the_latest_state_already() -> None:
    store = StateStore()
    store.update(EMPTY_STATE)
    woken: list[bool] = []

    mailbox = store.subscribe(lambda: woken.append(True))

    assert woken == [True]
    first = mailbox.take()
    assert first is not None
    assert first["version"] == 1
    assert mailbox.take() is None


def test_every_update_wakes_every_reader() -> None:
    store = StateStore()
    woken = {"a": 0, "b": 0}

    def wake(name: str) -> None:
        woken[name] += 1

    store.subscribe(lambda: wake("a"))
    store.subscribe(lambda: wake("b"))
    store.update(EMPTY_STATE)

    assert woken == {"a": 2, "b": 2}


def test_a_reader_that_never_reads_has_a_bounded_mailbox_with_the_newest() -> None:
    store = StateStore()
    mailbox = store.subscribe(no_wake)

    for _ in range(1000):
        store.update(EMPTY_STATE)

    assert len(mailbox._states) == MAILBOX_SIZE
    versions = versions_in(mailbox)
    assert versions == list(range(1001 - MAILBOX_SIZE, 1001))


def test_after_unsubscribing_nothing_more_arrives() -> None:
    store = StateStore()
    mailbox = store.subscribe(no_wake)
    mailbox.take()

    store.unsubscribe(mailbox)
    store.unsubscribe(mailbox)
    store.update(EMPTY_STATE)

    assert mailbox.take() is None


# Threads


def test_nobody_is_called_while_the_store_is_locked() -> None:
    store = StateStore()
    snapshots: list[dict[str, object]] = []

    def look_from_another_thread() -> None:
        join(in_thread(lambda: snapshots.append(store.snapshot())))

    store.subscribe(look_from_another_thread)
    store.update(EMPTY_STATE)

    assert [snapshot["version"] for snapshot in snapshots] == [0, 1]


def test_a_subscriber_may_subscribe_and_leave_from_its_wake() -> None:
    store = StateStore()
    store.subscribe(lambda: store.unsubscribe(store.subscribe(no_wake)))

    store.update(EMPTY_STATE)

    assert store.snapshot()["version"] == 1


def test_state_and_buffer_of_a_snapshot_are_of_one_update() -> None:
    store = StateStore()
    together = threading.Barrier(4)
    torn: list[dict[str, object]] = []

    def write() -> None:
        together.wait(PATIENCE_S)
        for k in range(300):
            at = NOW + k * timedelta(seconds=1)
            store.update(replace(EMPTY_STATE, now=at), {"at": at}, {"at": at})

    def read() -> None:
        together.wait(PATIENCE_S)
        for _ in range(300):
            snapshot = store.snapshot()
            state, buffer_result = snapshot["state"], snapshot["buffer_result"]
            if state is None:
                continue
            assert isinstance(state, SystemState)
            assert isinstance(buffer_result, dict)
            if state.now != buffer_result["at"] or snapshot["plan_summary"] != buffer_result:
                torn.append(snapshot)

    join(in_thread(write), *[in_thread(read) for _ in range(3)])

    assert torn == []


def test_every_mailbox_is_in_order_whoever_updates_and_whenever_one_subscribes() -> None:
    store = StateStore()
    together = threading.Barrier(5)
    mailboxes: list[Mailbox] = []
    seen: list[list[int]] = []

    def write() -> None:
        together.wait(PATIENCE_S)
        for _ in range(200):
            store.update(EMPTY_STATE)

    def subscribe_and_read() -> None:
        together.wait(PATIENCE_S)
        for _ in range(100):
            mailbox = store.subscribe(no_wake)
            mailboxes.append(mailbox)
            seen.append(versions_in(mailbox))

    join(*[in_thread(write) for _ in range(3)], *[in_thread(subscribe_and_read) for _ in range(2)])

    assert store.snapshot()["version"] == 600
    assert all(versions == sorted(versions) for versions in seen)
    for left in map(versions_in, mailboxes):
        assert left == sorted(left)
        assert not left or left[-1] == 600


class BusyLock:
    """A lock after whose first release ``meanwhile`` runs before its holder goes on."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self._lock = threading.Lock()
        self._meanwhile: Callable[[], object] | None = meanwhile

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        if self._meanwhile is not None:
            meanwhile, self._meanwhile = self._meanwhile, None
            join(in_thread(meanwhile))


def test_a_state_published_while_somebody_subscribes_is_not_followed_by_an_older_one() -> None:
    store = StateStore()
    store._lock = BusyLock(lambda: store.update(EMPTY_STATE))  # type: ignore[assignment]  # stands in

    mailbox = store.subscribe(no_wake)

    assert versions_in(mailbox) == [0, 1]


def test_of_two_updates_at_once_the_newer_state_is_the_last_one() -> None:
    store = StateStore()
    mailbox = store.subscribe(no_wake)
    store._lock = BusyLock(lambda: store.update(EMPTY_STATE))  # type: ignore[assignment]  # stands in

    store.update(EMPTY_STATE)

    assert versions_in(mailbox) == [0, 1, 2]
